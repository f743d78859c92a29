// SPDX-License-Identifier: Apache-2.0
//! Shards that an account only serves: thousands, of which nothing changes for long. Each block a page of them is looked at
//! again, and what the account has no longer anything to do in at once.

use quern_primitives::{Account, ShardId};
use quern_protocol::{view::ShardView, Shard};
use quern_sdk::chain::{Chain, ChainError};
use std::collections::{BTreeMap, BTreeSet};

/// What is known of them.
#[derive(Debug, Default)]
pub struct Served {
    shards: BTreeMap<ShardId, Shard>,
    /// Shards in which the account had something to do at the last block.
    owed: BTreeSet<ShardId>,
    /// Those of `shards` that the pass under way has found, and the shard that it goes on after.
    found: BTreeSet<ShardId>,
    after: Option<ShardId>,
    /// Whether a pass has come to its end.
    is_whole: bool,
}

impl Served {
    /// Looks at the chain at a block, given where the account has something to do. At the first block it looks at everything.
    pub async fn refresh(
        &mut self,
        chain: &Chain,
        at: [u8; 32],
        me: &Account,
        views: &[ShardView],
    ) -> Result<(), ChainError> {
        for id in self.left(views) {
            if let Some(view) = chain.shard_view_at(at, id).await? {
                self.ended(me, view.shard);
            }
        }
        self.owed = views.iter().map(|view| view.shard.id).collect();
        loop {
            let (page, next) = chain.served_page(at, me, self.after).await?;
            self.page(page, next);
            if self.is_whole {
                break;
            }
        }
        self.shards.retain(|id, _| !self.owed.contains(id));
        Ok(())
    }

    /// All that is known.
    pub fn shards(&self) -> Vec<Shard> {
        self.shards.values().cloned().collect()
    }

    /// Shards in which the account had something to do and has no more.
    fn left(&self, views: &[ShardView]) -> Vec<ShardId> {
        let now: BTreeSet<ShardId> = views.iter().map(|view| view.shard.id).collect();
        self.owed.difference(&now).copied().collect()
    }

    /// Takes in a shard in which the account has nothing to do any more.
    fn ended(&mut self, me: &Account, shard: Shard) {
        if shard.parties().contains(me) && !shard.is_duty_of(me) {
            // The pass may have gone past its place.
            self.found.insert(shard.id);
            self.shards.insert(shard.id, shard);
        }
    }

    /// Takes in a page. At the end of a pass what it has not found is dropped.
    fn page(&mut self, page: Vec<Shard>, next: Option<ShardId>) {
        for shard in page {
            self.found.insert(shard.id);
            self.shards.insert(shard.id, shard);
        }
        self.after = next;
        if next.is_none() {
            let found = std::mem::take(&mut self.found);
            self.shards.retain(|id, _| found.contains(id));
            self.is_whole = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{running, settled, ME, OTHER};

    fn shard(index: u32) -> Shard {
        let mut shard = settled(ME, true).shard;
        shard.id.index = index;
        shard
    }

    fn known(served: &Served) -> Vec<u32> {
        served.shards().iter().map(|shard| shard.id.index).collect()
    }

    #[test]
    fn pass_should_drop_what_it_does_not_find() {
        let mut served = Served::default();
        served.page(vec![shard(3), shard(1)], Some(shard(1).id));
        assert!(!served.is_whole);
        served.page(vec![shard(2)], None);
        assert_eq!((known(&served), served.is_whole), (vec![1, 2, 3], true));
        served.page(vec![shard(3)], Some(shard(3).id));
        assert_eq!(known(&served), [1, 2, 3], "the pass is not over");
        served.page(vec![shard(2)], None);
        assert_eq!(known(&served), [2, 3]);
    }

    #[test]
    fn shard_should_be_known_at_once_when_nothing_is_owed_in_it_any_more() {
        let mut served = Served::default();
        served.page(vec![shard(1)], None);
        served.page(vec![shard(1)], Some(shard(1).id));
        served.ended(&ME, shard(2));
        served.ended(&OTHER, shard(3));
        served.ended(&ME, running(ME).shard);
        assert_eq!(known(&served), [1, 2]);
        served.page(vec![], None);
        assert_eq!(known(&served), [1, 2], "the pass had gone past its place");
        served.page(vec![shard(1)], None);
        assert_eq!(known(&served), [1]);
    }

    #[test]
    fn shard_should_have_left_when_it_is_no_longer_in_the_view() {
        let owed = BTreeSet::from([running(ME).shard.id]);
        let served = Served { owed, ..Served::default() };
        assert_eq!(served.left(&[running(ME)]), vec![]);
        assert_eq!(served.left(&[]), vec![running(ME).shard.id]);
    }
}

// SPDX-License-Identifier: Apache-2.0
//! Who is drawn to read what an account serves: the workers and auditors of later stages of its jobs. The chain names them in their own
//! shards alone, so a page of those is looked at each block.

use crate::{core::Round, site::lock};
use quern_primitives::{Account, JobId, ShardId};
use quern_protocol::{
    shard::{Phase, Shard},
    view::ShardView,
};
use quern_sdk::{
    chain::{Chain, ChainError},
    net::PeerId,
};
use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    sync::Mutex,
};

/// Most shards of a page whose parties are asked for: bounds what a block costs. The others come in the next pass.
const LOOKED_AT: usize = 8;

/// What is known of them.
#[derive(Debug, Default)]
pub struct Readers {
    /// Pages that the pass under way still looks at: job, stage, first shard.
    pages: VecDeque<(JobId, u16, u32)>,
    known: HashMap<ShardId, (Round, HashSet<PeerId>)>,
}

impl Readers {
    /// Looks at the next page. `views` and `served` are the shards of the account. Who is known can be read meanwhile.
    pub async fn look(
        readers: &Mutex<Self>,
        chain: &Chain,
        views: &[ShardView],
        served: &[Shard],
    ) -> Result<(), ChainError> {
        let Some(at) = lock(readers).next(views, served) else { return Ok(()) };
        let page = chain.shards(at.0, at.1, at.2).await?;
        let unknown = lock(readers).page(at, &page);
        for id in unknown {
            if let Some(view) = chain.shard_view(id).await? {
                lock(readers).found(&view);
            }
        }
        Ok(())
    }

    /// The page that is looked at next; of a new pass, when one is over.
    fn next(&mut self, views: &[ShardView], served: &[Shard]) -> Option<(JobId, u16, u32)> {
        if self.pages.is_empty() {
            self.begin(views.iter().map(|view| &view.shard).chain(served));
        }
        self.pages.pop_front()
    }

    /// All that have a part in what the account has to do, and all readers that are known.
    pub fn peers(&self, views: &[ShardView], me: &Account) -> HashSet<PeerId> {
        let own = views.iter().flat_map(|view| parties(view, Some(me)));
        own.chain(self.known.values().flat_map(|(_, peers)| peers.iter().copied())).collect()
    }

    /// Begins a pass: of each job the stages after the first that the account has a part in.
    fn begin<'a>(&mut self, own: impl Iterator<Item = &'a Shard>) {
        let mut first = BTreeMap::new();
        for ShardId { job, stage, .. } in own.map(|shard| shard.id) {
            let least = first.entry(job).or_insert(stage);
            *least = stage.min(*least);
        }
        self.known.retain(|id, _| first.contains_key(&id.job));
        self.pages = first.into_iter().map(|(job, stage)| (job, stage.saturating_add(1), 0)).collect();
    }

    /// Takes in a page, and says of which of its shards the parties are not known.
    fn page(&mut self, (job, stage, from): (JobId, u16, u32), page: &[Shard]) -> Vec<ShardId> {
        match page.last() {
            Some(last) => self.pages.push_front((job, stage, last.id.index.saturating_add(1))),
            // A stage without a first shard is none: the job has no more.
            None if from > 0 => self.pages.push_front((job, stage.saturating_add(1), 0)),
            None => {}
        }
        self.known.retain(|id, (round, _)| {
            page.iter().all(|shard| shard.id != *id || (reads(shard) && Round::of(shard) == *round))
        });
        let unknown = page.iter().filter(|shard| reads(shard) && !self.known.contains_key(&shard.id));
        unknown.map(|shard| shard.id).take(LOOKED_AT).collect()
    }

    fn found(&mut self, view: &ShardView) {
        self.known.insert(view.shard.id, (Round::of(&view.shard), parties(view, None).collect()));
    }
}

/// Whether its parties fetch inputs, or may have to again.
fn reads(shard: &Shard) -> bool {
    !matches!(
        shard.phase,
        Phase::Queued
            | Phase::Accepted { .. }
            | Phase::Settled { .. }
            | Phase::Overturned { .. }
            | Phase::Accused { .. }
    )
}

fn parties<'a>(view: &'a ShardView, me: Option<&'a Account>) -> impl Iterator<Item = PeerId> + 'a {
    let others = view.endpoints.iter().filter(move |(account, _)| Some(account) != me);
    others.map(|(_, endpoint)| endpoint.id).chain(view.requester.iter().map(|endpoint| endpoint.id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assigned, audited, settled, ME, OTHER};
    use quern_primitives::job::Endpoint;

    fn in_stage(mut view: ShardView, stage: u16, index: u32) -> ShardView {
        view.shard.id = ShardId { stage, index, ..view.shard.id };
        view.endpoints = vec![(OTHER, Endpoint { id: [index as u8; 32], addresses: Default::default() })];
        view
    }

    #[test]
    fn pass_should_look_at_every_later_stage_until_there_is_none() {
        let mut readers = Readers::default();
        let own = [in_stage(settled(ME, true), 2, 0).shard, in_stage(settled(ME, true), 1, 0).shard];
        readers.begin(own.iter());
        let mut looked = Vec::new();
        while let Some((job, stage, from)) = readers.pages.pop_front() {
            looked.push((stage, from));
            // Stages 2 and 3 have two shards each.
            let shards = (from..2).filter(|_| stage < 4).map(|index| in_stage(assigned(OTHER), stage, index).shard);
            readers.page((job, stage, from), &shards.collect::<Vec<_>>());
        }
        assert_eq!(looked, [(2, 0), (2, 2), (3, 0), (3, 2), (4, 0)]);
    }

    #[test]
    fn parties_of_a_shard_should_be_expected_until_it_needs_no_inputs_any_more() {
        let mut readers = Readers::default();
        let shard = in_stage(assigned(OTHER), 1, 5);
        let id = shard.shard.id;
        assert_eq!(readers.page((1, 1, 0), std::slice::from_ref(&shard.shard)), [id]);
        readers.found(&shard);
        assert_eq!(readers.page((1, 1, 0), std::slice::from_ref(&shard.shard)), [], "it is known");
        assert_eq!(readers.peers(&[], &ME), HashSet::from([[5; 32]]));
        let audited = in_stage(audited(OTHER, ME, None), 1, 5).shard;
        assert_eq!(readers.page((1, 1, 0), &[audited]), [id], "others are drawn");
        readers.found(&shard);
        assert_eq!(readers.page((1, 1, 0), &[in_stage(settled(OTHER, true), 1, 5).shard]), []);
        assert_eq!(readers.peers(&[], &ME), HashSet::new());
    }

    #[test]
    fn parties_of_own_shards_should_be_expected_and_not_the_account_itself() {
        let mut view = in_stage(audited(ME, OTHER, None), 0, 7);
        view.endpoints.push((ME, Endpoint { id: [9; 32], addresses: Default::default() }));
        view.requester = vec![Endpoint { id: [8; 32], addresses: Default::default() }];
        assert_eq!(Readers::default().peers(&[view], &ME), HashSet::from([[7; 32], [8; 32]]));
    }

    #[test]
    fn block_should_cost_a_bounded_number_of_looks() {
        let page: Vec<Shard> = (0..64).map(|index| in_stage(assigned(OTHER), 1, index).shard).collect();
        assert_eq!(Readers::default().page((1, 1, 0), &page).len(), LOOKED_AT);
    }
}

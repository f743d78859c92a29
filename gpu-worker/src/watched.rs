// SPDX-License-Identifier: Apache-2.0
//! Accepted shards that can be challenged, and overturned ones whose auditors can be accused: what a watcher looks at beside the disputes that are its own.

use quern_primitives::{Height, JobId, ShardId};
use quern_protocol::{
    view::{JobView, ShardView},
    Shard,
};
use quern_sdk::chain::{Chain, ChainError};
use std::collections::BTreeMap;

/// Blocks between two looks at the jobs.
const LOOK_BLOCKS: Height = 4;
/// Jobs of a page.
const PAGE: u32 = 64;

/// What is known of them.
#[derive(Debug, Default)]
pub struct Watched {
    /// Only these jobs; all if there are none.
    jobs: Vec<JobId>,
    shards: BTreeMap<ShardId, ShardView>,
    next_look: Height,
}

impl Watched {
    /// The shards of these jobs; of all jobs if there are none.
    pub fn of(jobs: Vec<JobId>) -> Self {
        Self { jobs, ..Self::default() }
    }

    /// The shards at a block, as they were a moment ago.
    pub async fn look(&mut self, chain: &Chain, height: Height) -> Result<Vec<ShardView>, ChainError> {
        if height >= self.next_look {
            self.shards = self.found(chain, height).await?;
            self.next_look = height.saturating_add(LOOK_BLOCKS);
        }
        Ok(self.shards.values().cloned().collect())
    }

    async fn found(&self, chain: &Chain, height: Height) -> Result<BTreeMap<ShardId, ShardView>, ChainError> {
        let mut found = BTreeMap::new();
        let is_watched = |job: &&JobView| job.maturing > 0 || job.status.is_under_way();
        for job in self.jobs(chain).await?.iter().filter(is_watched) {
            for (stage, progress) in (0u16..).zip(&job.stages) {
                let mut from = 0;
                while from < progress.shards {
                    let page = chain.shards(job.id, stage, from).await?;
                    let Some(last) = page.last() else { break };
                    from = last.id.index.saturating_add(1);
                    for shard in page.iter().filter(|shard| is_watched_at(shard, height)) {
                        if let Some(view) = chain.shard_view(shard.id).await? {
                            found.insert(shard.id, view);
                        }
                    }
                }
            }
        }
        // Of a job that has ended since.
        for id in self.shards.keys().filter(|id| !found.contains_key(*id)).copied().collect::<Vec<_>>() {
            let view = chain.shard_view(id).await?;
            found.extend(view.filter(|view| is_watched_at(&view.shard, height)).map(|view| (id, view)));
        }
        Ok(found)
    }

    async fn jobs(&self, chain: &Chain) -> Result<Vec<JobView>, ChainError> {
        let mut all = Vec::new();
        for job in &self.jobs {
            all.extend(chain.job(*job).await?);
        }
        let mut next = Some(0).filter(|_| self.jobs.is_empty());
        while let Some(from) = next {
            let (page, more) = chain.jobs(from, PAGE).await?;
            all.extend(page);
            next = more;
        }
        Ok(all)
    }
}

/// What keeps a job that is to be watched from being so, if anything does.
pub fn obstacle(id: JobId, found: Option<&JobView>) -> Option<String> {
    match found {
        None => Some(format!(
            "the chain knows no job {id}: it was not submitted yet, or is over and forgotten; quern job list shows those that there are"
        )),
        Some(job) if !job.status.is_open() && job.maturing == 0 => {
            Some(format!("job {id} is over and its windows are closed: nothing of it can be challenged any more"))
        }
        Some(_) => None,
    }
}

/// Whether a shard can be challenged, or its auditors can be accused.
///
/// The latter until they have all answered: a dispute may outlast the time for accusations, and reopens it when it ends.
fn is_watched_at(shard: &Shard, height: Height) -> bool {
    shard.window().is_some_and(|window| height <= window.closes) || shard.accused().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{accepted, running, settled, OTHER};
    use quern_protocol::view::JobStatus;

    fn job(status: JobStatus, maturing: u32) -> JobView {
        JobView {
            id: 7,
            requester: OTHER,
            status,
            stages: Vec::new(),
            escrow_left: 0,
            spent: 0,
            bid: 1,
            submitted_at: 1,
            root: None,
            maturing,
            tainted: Vec::new(),
            parent: None,
            failure: None,
            pauses: 0,
            unfunded: 0,
        }
    }

    #[test]
    fn watcher_should_say_so_when_there_is_nothing_of_a_job_to_be_watched() {
        let told = |found: Option<JobView>| obstacle(7, found.as_ref());
        assert!(told(None).is_some_and(|told| told.contains("no job 7")));
        assert!(told(Some(job(JobStatus::Failed, 0))).is_some_and(|told| told.contains("job 7 is over")));
        assert_eq!(told(Some(job(JobStatus::Failed, 1))), None, "a window is open");
        assert_eq!(told(Some(job(JobStatus::Waiting, 0))), None, "it is still to come");
        assert_eq!(told(Some(job(JobStatus::Running, 0))), None);
    }

    #[test]
    fn shard_should_be_watched_while_its_window_is_open() {
        assert!(is_watched_at(&accepted(OTHER).shard, 120));
        assert!(!is_watched_at(&accepted(OTHER).shard, 121));
        assert!(!is_watched_at(&running(OTHER).shard, 10));
        assert!(!is_watched_at(&settled(OTHER, true).shard, 10));
    }
}

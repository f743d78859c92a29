// SPDX-License-Identifier: Apache-2.0
//! Accepted shards that can be challenged, and overturned ones whose auditors can be accused: what a watcher looks at beside the disputes that are its own.

use quern_primitives::{Height, JobId, ShardId};
use quern_protocol::{
    shard::Accused,
    view::{JobView, ShardView},
    Shard,
};
use quern_sdk::chain::{Chain, ChainError};
use std::{collections::BTreeMap, sync::Arc};
use tokio::sync::oneshot::{self, error::TryRecvError};

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
    /// The look that is under way. It takes a request for each shard, and nothing waits for it: a move of a dispute is due meanwhile.
    under_way: Option<oneshot::Receiver<Found>>,
}

type Found = Result<BTreeMap<ShardId, ShardView>, ChainError>;

impl Watched {
    /// The shards of these jobs; of all jobs if there are none.
    pub fn of(jobs: Vec<JobId>) -> Self {
        Self { jobs, ..Self::default() }
    }

    /// The shards as they were a moment ago. Where the last look is too old it begins another one.
    pub fn look(&mut self, chain: &Arc<Chain>, height: Height) -> Vec<ShardView> {
        let (chain, jobs) = (chain.clone(), self.jobs.clone());
        self.look_by(height, |known| {
            let (sender, receiver) = oneshot::channel();
            tokio::spawn(async move { sender.send(Look { chain, jobs, known }.found(height).await) });
            receiver
        })
    }

    /// The same, given what begins a look at these shards, which were watched until now, and others.
    fn look_by(
        &mut self,
        height: Height,
        begin: impl FnOnce(Vec<ShardId>) -> oneshot::Receiver<Found>,
    ) -> Vec<ShardView> {
        match self.under_way.as_mut().map(oneshot::Receiver::try_recv) {
            Some(Err(TryRecvError::Empty)) => return self.known(height),
            Some(Ok(Ok(found))) => self.shards = found,
            Some(Ok(Err(error))) => tracing::warn!(%error, "the watched shards could not be looked at"),
            // It was given up with its connection.
            Some(Err(TryRecvError::Closed)) | None => {}
        }
        self.under_way = None;
        if height >= self.next_look {
            self.next_look = height.saturating_add(LOOK_BLOCKS);
            self.under_way = Some(begin(self.shards.keys().copied().collect()));
        }
        self.known(height)
    }

    fn known(&self, height: Height) -> Vec<ShardView> {
        self.shards.values().filter(|view| is_watched_at(&view.shard, height)).cloned().collect()
    }
}

/// A look at everything that is to be watched.
struct Look {
    chain: Arc<Chain>,
    jobs: Vec<JobId>,
    /// What was watched until now.
    known: Vec<ShardId>,
}

impl Look {
    async fn found(&self, height: Height) -> Found {
        let (chain, mut found) = (&*self.chain, BTreeMap::new());
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
        for id in self.known.iter().filter(|id| !found.contains_key(*id)).copied().collect::<Vec<_>>() {
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

/// Whether a shard can be challenged, or will be when its worker has answered what it was asked for, or its auditors can be accused.
///
/// The latter until they have all answered: a dispute may outlast the time for accusations, and reopens it when it ends.
fn is_watched_at(shard: &Shard, height: Height) -> bool {
    shard.window().is_some_and(|window| height <= window.closes || !window.demands.is_empty())
        || shard.accused().is_some_and(Accused::was_accepted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{accepted, running, settled, OTHER};
    use quern_protocol::shard::{LeafDemand, Phase};
    use quern_protocol::view::JobStatus;

    #[test]
    fn shard_should_be_watched_as_long_as_its_worker_owes_an_id() {
        let mut shard = accepted(OTHER).shard;
        let Phase::Accepted { window, .. } = &mut shard.phase else { unreachable!() };
        window.demands = vec![LeafDemand { position: 1, by: 140 }].try_into().unwrap();
        assert!(is_watched_at(&shard, 135));
    }

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

    #[test]
    fn daemon_should_go_on_with_what_it_knows_while_a_look_is_under_way() {
        let mut watched = Watched::default();
        let found = |view: ShardView| Ok(BTreeMap::from([(view.shard.id, view)]));
        let (first, receiver) = oneshot::channel();
        assert_eq!(watched.look_by(10, |_| receiver), vec![]);
        assert_eq!(watched.look_by(20, |_| panic!("one is under way")), vec![]);
        first.send(found(accepted(OTHER))).unwrap();
        let (second, receiver) = oneshot::channel();
        let begun = |known: Vec<ShardId>| {
            assert_eq!(known, [accepted(OTHER).shard.id]);
            receiver
        };
        assert_eq!(watched.look_by(21, begun), vec![accepted(OTHER)]);
        // One that fails changes nothing, and the next begins in its time.
        second.send(Err(ChainError::Closed)).unwrap();
        assert_eq!(watched.look_by(22, |_| panic!("the last one was a moment ago")), vec![accepted(OTHER)]);
        let (_, receiver) = oneshot::channel();
        assert_eq!(watched.look_by(25, |_| receiver), vec![accepted(OTHER)]);
        let (_, receiver) = oneshot::channel();
        assert_eq!(watched.look_by(29, |_| receiver), vec![accepted(OTHER)], "the last one was given up");
        let (_, receiver) = oneshot::channel();
        assert_eq!(watched.look_by(121, |_| receiver), vec![], "its window is closed");
    }
}

// SPDX-License-Identifier: Apache-2.0
//! Room for work: how much of each kind is carried out at once, and how much memory it takes.

use crate::core::Action;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Work of one kind carried out at the same time. What is owed to the chain soon never waits behind it, and no kind waits behind
/// another one: whoever serves outputs or inputs slowly holds up nothing but those.
const CONCURRENT: usize = 8;
/// Runs whose inputs and checkpoints are fetched at the same time: more, because most of them may wait for peers that send slowly. The
/// memory for it bounds them too.
const CONCURRENT_PREFETCHES: usize = 64;
/// Accepted shards whose outputs are fetched at the same time, and those whose own outputs are published: nothing depends on them soon.
const CONCURRENT_HOLDS: usize = 2;
/// One part in so many of the free memory is for blobs that are fetched, the rest for programs that run.
const FETCHING_SHARE: u32 = 5;

/// What an action takes of the memory, in MiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Takes {
    /// While a program runs.
    pub running_mib: u64,
    /// Before that, while what it runs on arrives.
    pub prefetching_mib: u64,
    /// While inputs are fetched for a later run.
    pub fetching_mib: u64,
    /// What has to fit into the memory one day: a worker that accepts what it can never run is late.
    pub fits_mib: u64,
}

/// A program needs more memory than was free.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the program takes {needed_mib} MiB of memory and {free_mib} MiB were free at the daemon's start; free some, or take a larger machine, and start the daemon again")]
pub struct TooLarge {
    /// What it needs.
    pub needed_mib: u64,
    /// What was free.
    pub free_mib: u32,
}

/// Room for work, by its kind and by its memory.
#[derive(Clone)]
pub struct Room {
    fetches: Arc<Semaphore>,
    runs: Arc<Semaphore>,
    prefetches: Arc<Semaphore>,
    audits: Arc<Semaphore>,
    holds: Arc<Semaphore>,
    publications: Arc<Semaphore>,
    /// None where the system does not say how much there is.
    memory: Option<Memory>,
}

#[derive(Clone)]
struct Memory {
    free_mib: u32,
    running: Share,
    fetching: Share,
}

/// A share of the memory; a permit is a MiB.
#[derive(Clone)]
struct Share {
    mib: u32,
    free: Arc<Semaphore>,
}

/// Room that is taken until this is dropped.
#[derive(Debug, Default)]
pub struct Taken {
    _place: Option<OwnedSemaphorePermit>,
    _running: Option<OwnedSemaphorePermit>,
    _fetching: Option<OwnedSemaphorePermit>,
}

impl Room {
    /// Room on a machine with so much free memory; 0 where the system does not say.
    pub fn new(free_mib: u32) -> Self {
        let room = |permits| Arc::new(Semaphore::new(permits));
        let share = |mib: u32| Share { mib, free: room(mib as usize) };
        let fetching = free_mib / FETCHING_SHARE;
        let memory =
            Memory { free_mib, running: share(free_mib.saturating_sub(fetching)), fetching: share(fetching.max(1)) };
        Self {
            fetches: room(CONCURRENT),
            runs: room(CONCURRENT),
            prefetches: room(CONCURRENT_PREFETCHES),
            audits: room(CONCURRENT),
            holds: room(CONCURRENT_HOLDS),
            publications: room(CONCURRENT_HOLDS),
            memory: (free_mib > 0).then_some(memory),
        }
    }

    /// Waits until there is room for what an action fetches before it has its place: a peer that sends slowly holds up no run. Fails as
    /// [`take`](Self::take) does.
    pub async fn take_to_prefetch(&self, action: &Action, takes: Takes) -> Result<Taken, TooLarge> {
        if !action.is_prefetched() {
            return Ok(Taken::default());
        }
        self.check(takes)?;
        let place = self.prefetches.clone().acquire_owned().await.ok();
        let fetching = match &self.memory {
            Some(memory) => memory.fetching.take(takes.prefetching_mib).await,
            None => None,
        };
        Ok(Taken { _place: place, _running: None, _fetching: fetching })
    }

    fn check(&self, takes: Takes) -> Result<(), TooLarge> {
        match &self.memory {
            Some(Memory { free_mib, .. }) if takes.fits_mib > u64::from(*free_mib) => {
                Err(TooLarge { needed_mib: takes.fits_mib, free_mib: *free_mib })
            }
            _ => Ok(()),
        }
    }

    /// Waits until there is room for an action, which takes so much memory. What is owed soon waits for nothing. Fails where there will
    /// never be enough memory.
    pub async fn take(&self, action: &Action, takes: Takes) -> Result<Taken, TooLarge> {
        self.check(takes)?;
        let place = match self.of(action) {
            Some(kind) => kind.clone().acquire_owned().await.ok(),
            None => None,
        };
        let Some(Memory { running, fetching, .. }) = &self.memory else {
            return Ok(Taken { _place: place, _running: None, _fetching: None });
        };
        Ok(Taken {
            _place: place,
            _running: running.take(takes.running_mib).await,
            _fetching: fetching.take(takes.fetching_mib).await,
        })
    }

    fn of(&self, action: &Action) -> Option<&Arc<Semaphore>> {
        match action {
            Action::FetchInputs(_) => Some(&self.fetches),
            Action::Execute(_) | Action::Plan(..) => Some(&self.runs),
            Action::Audit(_) | Action::Rerun(_) | Action::Compare(..) | Action::Recompute(..) => Some(&self.audits),
            Action::Hold(_) => Some(&self.holds),
            Action::Publish(_) => Some(&self.publications),
            _ => None,
        }
    }
}

impl Share {
    /// What takes more than the share takes all of it: it runs alone.
    async fn take(&self, mib: u64) -> Option<OwnedSemaphorePermit> {
        let mib = u32::try_from(mib).unwrap_or(u32::MAX).min(self.mib);
        if mib == 0 {
            return None;
        }
        self.free.clone().acquire_many_owned(mib).await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assigned, audited, running, ME, OTHER};
    use futures::FutureExt;

    const FREE_MIB: u32 = 1_000;

    fn run(running_mib: u64) -> Takes {
        Takes { running_mib, fits_mib: running_mib, ..Takes::default() }
    }

    fn audit() -> Action {
        Action::Audit(audited(OTHER, ME, None))
    }

    #[tokio::test]
    async fn audits_should_wait_when_their_memory_is_taken() {
        let room = Room::new(FREE_MIB);
        let audit = audit();
        let first = room.take(&audit, run(500)).await.unwrap();
        let mut second = std::pin::pin!(room.take(&audit, run(400)));
        assert!(second.as_mut().now_or_never().is_none(), "900 of 800 MiB");
        drop(first);
        second.await.unwrap();
    }

    #[tokio::test]
    async fn work_should_never_be_taken_up_when_it_does_not_fit() {
        let room = Room::new(FREE_MIB);
        let refused = room.take(&audit(), run(1_001)).await;
        assert_eq!(refused.unwrap_err(), TooLarge { needed_mib: 1_001, free_mib: FREE_MIB });
        room.take(&audit(), run(1_000)).await.expect("it runs alone");
    }

    #[tokio::test]
    async fn inputs_should_be_fetched_while_a_run_takes_all_memory_but_one_large_blob_after_the_other() {
        let room = Room::new(FREE_MIB);
        let _run = room.take(&Action::Execute(running(ME)), run(1_000)).await.unwrap();
        let fetch = Action::FetchInputs(assigned(ME));
        let takes = Takes { fetching_mib: 150, fits_mib: 900, ..Takes::default() };
        let first = room.take(&fetch, takes).now_or_never().expect("fetches have memory of their own").unwrap();
        assert!(room.take(&fetch, takes).now_or_never().is_none());
        drop(first);
        assert!(room.take(&fetch, takes).now_or_never().is_some());
    }

    #[tokio::test]
    async fn audit_should_run_while_others_wait_for_peers_that_send_slowly() {
        let (room, audit) = (Room::new(FREE_MIB), audit());
        let takes = Takes { prefetching_mib: 20, ..run(400) };
        let mut slow = Vec::new();
        for _ in 0..CONCURRENT {
            slow.push(room.take_to_prefetch(&audit, takes).now_or_never().expect("memory for ten").unwrap());
        }
        let fetched = room.take_to_prefetch(&audit, takes).now_or_never().expect("one more").unwrap();
        drop(fetched);
        let _run = room.take(&audit, takes).now_or_never().expect("all memory for runs is free").unwrap();
        slow.push(room.take_to_prefetch(&audit, takes).await.unwrap());
        slow.push(room.take_to_prefetch(&audit, takes).await.unwrap());
        assert!(room.take_to_prefetch(&audit, takes).now_or_never().is_none(), "220 of 200 MiB");
        let execute = Action::Execute(running(ME));
        let fetches_nothing = room.take_to_prefetch(&execute, takes).now_or_never();
        assert!(fetches_nothing.is_some(), "its inputs are here already");
    }

    #[tokio::test]
    async fn nothing_should_be_fetched_for_work_that_does_not_fit() {
        let room = Room::new(FREE_MIB);
        assert!(room.take_to_prefetch(&audit(), run(1_001)).await.is_err());
    }

    #[tokio::test]
    async fn moves_should_wait_for_nothing_when_all_memory_is_taken() {
        let room = Room::new(FREE_MIB);
        let _run = room.take(&Action::Execute(running(ME)), run(1_000)).await.unwrap();
        let dispute = Action::Prosecute(audited(OTHER, ME, None), 1);
        assert!(room.take(&dispute, Takes::default()).now_or_never().is_some());
    }

    #[tokio::test]
    async fn outputs_should_be_published_two_shards_at_a_time() {
        let room = Room::new(FREE_MIB);
        let publish = Action::Publish(crate::core::Attempt::of(&running(ME).shard));
        let _taken = [room.take(&publish, Takes::default()).await, room.take(&publish, Takes::default()).await];
        assert!(room.take(&publish, Takes::default()).now_or_never().is_none());
    }

    #[tokio::test]
    async fn memory_should_be_no_limit_when_the_system_does_not_say_how_much_there_is() {
        let room = Room::new(0);
        let _run = room.take(&audit(), run(1 << 40)).await.unwrap();
        room.take(&audit(), run(1 << 40)).await.unwrap();
    }
}

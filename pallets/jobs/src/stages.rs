// SPDX-License-Identifier: Apache-2.0
//! From submission to the end: jobs start, stages open and complete, jobs close and are pruned.

use crate::{types::bit, *};

/// Shards that were dropped and count as one when their job is pruned: to find that one is gone takes a read, to remove one two reads
/// and some writes.
const GONE_AS_ONE: u32 = 8;

/// What one job may still do in a block.
#[derive(Clone, Copy)]
struct Room {
    /// Nothing was looked at before.
    first: bool,
    /// Shards to look at.
    looks: u32,
    /// Places for live shards.
    places: u32,
}

/// What one job did.
#[derive(Default)]
struct Turn {
    /// Shards that wait for a worker now.
    created: u32,
    looked_at: u32,
    /// Shards of a stage that was completed beyond its room.
    read_again: u32,
    /// There is more to do.
    more: bool,
}

impl<T: Config> Pallet<T> {
    /// Starts up to `limit` jobs whose randomness is known. Returns their number.
    pub(crate) fn start_jobs(seed: Option<(Height, [u8; 32])>, limit: u32) -> u32 {
        let Some((period, randomness)) = seed else { return 0 };
        if Waiting::<T>::decode_len().unwrap_or(0) == 0 {
            return 0;
        }
        let mut started = Vec::new();
        Waiting::<T>::mutate(|waiting| {
            waiting.retain(|(job, from)| {
                let starts = *from <= period && (started.len() as u32) < limit;
                if starts {
                    started.push(*job);
                }
                !starts
            });
        });
        for job in &started {
            Jobs::<T>::mutate_extant(job, |record| {
                record.status = JobStatus::Running;
                record.randomness = Some(randomness);
            });
            Self::mark_opening(*job);
            Self::deposit_event(Event::JobStarted { job: *job, randomness });
        }
        started.len() as u32
    }

    /// Notes that a job has shards to create.
    pub(crate) fn mark_opening(job: JobId) {
        Opening::<T>::mutate(|opening| {
            if !opening.contains(&job) {
                // Holds every open job.
                let _ = opening.try_push(job);
            }
        });
    }

    /// Looks at up to `limit` shards of open stages, job by job in turn, and creates those that are not taken over. Returns how many were
    /// looked at, and how many shards a stage has that was completed by what it takes over, where these are more than fit into `limit`: then
    /// that is all that was done.
    pub(crate) fn open_stages(now: Height, limit: u32) -> (u32, u32) {
        if Opening::<T>::decode_len().unwrap_or(0) == 0 {
            return (0, 0);
        }
        let mut live = Live::<T>::get();
        // Shards that wait for their window to close have deadlines too.
        let most = T::MaxUnsettled::get().saturating_sub(Maturing::<T>::get()).min(T::MaxLive::get());
        if live >= most {
            return (0, 0);
        }
        let mut opening = Opening::<T>::get().into_inner();
        let mut queue = Queue::<T>::get();
        let (mut looked_at, mut read_again) = (0u32, 0u32);
        // Each turn looks at a shard or takes a job out of the list.
        for _ in 0..limit.saturating_add(T::MaxOpenJobs::get()) {
            let room = Room {
                first: looked_at == 0,
                looks: limit.saturating_sub(looked_at),
                places: most.saturating_sub(live),
            };
            let goes_on = room.looks > 0 && room.places > 0 && read_again == 0;
            let Some(job) = opening.first().copied().filter(|_| goes_on) else { break };
            opening.remove(0);
            let turn = match Parked::<T>::contains_key(job) {
                true => Self::queue_parked(job, now, room, &mut queue),
                false => Self::open_next(job, now, room, &mut queue),
            };
            looked_at = looked_at.saturating_add(turn.looked_at);
            live = live.saturating_add(turn.created);
            read_again = turn.read_again;
            match (turn.more, turn.looked_at) {
                // It waits for a block in which nothing else was looked at.
                (true, 0) => {
                    opening.insert(0, job);
                    break;
                }
                (true, _) => opening.push(job),
                (false, _) => {}
            }
        }
        Opening::<T>::put(BoundedVec::truncate_from(opening));
        Queue::<T>::put(queue);
        Live::<T>::put(live);
        (looked_at, read_again)
    }

    /// Queues parked shards of a job that was resumed.
    fn queue_parked(job_id: JobId, now: Height, room: Room, queue: &mut BoundedVec<Queued, T::MaxLive>) -> Turn {
        let Some(job) = Jobs::<T>::get(job_id).filter(|job| job.status == JobStatus::Running) else {
            return Turn::default();
        };
        let from = Self::period_after(now);
        let shards = Self::unpark(job_id, room.looks.min(room.places));
        let created = shards.len() as u32;
        // There are places for them. The time in which nothing was handed out is no lack of workers.
        for shard in shards {
            let _ = queue.try_push(Queued { shard, from, since: now });
        }
        let more = Parked::<T>::contains_key(job_id) || job.openable().is_some();
        Turn { created, looked_at: created, read_again: 0, more }
    }

    /// Looks at shards of the first open stage of a job, and creates those that it does not take over.
    fn open_next(job_id: JobId, now: Height, room: Room, queue: &mut BoundedVec<Queued, T::MaxLive>) -> Turn {
        let Some(mut job) = Jobs::<T>::get(job_id).filter(|job| job.status == JobStatus::Running) else {
            return Turn::default();
        };
        let Some(index) = job.openable() else { return Turn::default() };
        let Some(mut stage) = Stages::<T>::get(job_id, index) else { return Turn::default() };
        let Some(program) = Programs::<T>::get(stage.stage.program) else { return Turn::default() };
        let shards = stage.stage.shards();
        // The first stages were fixed at submission; what a later one reads was fixed before this block.
        let reads_nothing = job.reads.get(usize::from(index)) == Some(&0);
        let first_of_period = Self::first_height(T::Randomness::period_of(now)) == now;
        let from = match (reads_nothing, first_of_period) {
            (true, _) => job.draws_from,
            (false, true) => T::Randomness::period_of(now),
            (false, false) => Self::period_after(now),
        };
        let former = Self::former(&stage, index);
        // To complete a stage all of its shards are read once more, and all stages to complete the job.
        let stages = job.reads.len() as u32;
        let completes_job = job.complete.count_ones().saturating_add(1) == stages;
        let to_complete = shards.saturating_add(if completes_job { stages } else { 0 });
        let first = stage.created;
        let (mut end, mut created, mut read_again) = (first, 0u32, 0u32);
        for number in first..first.saturating_add(room.looks).min(shards) {
            let looked_at = number.saturating_sub(first).saturating_add(1);
            let may_complete = stage.inherits.is_some() && stage.accepted.saturating_add(1) == shards;
            let fits = looked_at.saturating_add(to_complete) <= room.looks;
            if may_complete && !fits && !(room.first && looked_at == 1) {
                break;
            }
            let taken_over = former.as_ref().and_then(|(from, record)| Self::standing(*from, record, index, number));
            if taken_over.is_none() && created >= room.places {
                break;
            }
            end = number.saturating_add(1);
            if former.is_some() {
                // Holds every shard of a stage.
                let _ = stage.origins.try_push(taken_over.as_ref().map_or(job_id, |shard| shard.id.job));
            }
            if taken_over.is_some() {
                stage.accepted = stage.accepted.saturating_add(1);
                stage.standing = stage.standing.saturating_add(1);
                continue;
            }
            created = created.saturating_add(1);
            let extra_blocks = job.extra_blocks;
            let shard = Shard { extra_blocks, ..stage.shard(job_id, index, number, &program.summary) };
            // There are places for them: the queue holds every live shard.
            let _ = queue.try_push(Queued { shard: shard.id, from, since: now });
            Shards::<T>::insert(shard.id, shard);
        }
        stage.created = end;
        job.live = job.live.saturating_add(created);
        let mut looked_at = end.saturating_sub(first);
        if end == shards {
            job.opened |= bit(index);
            Self::deposit_event(Event::StageOpened { job: job_id, stage: index, shards });
            if stage.accepted == shards {
                match looked_at.saturating_add(to_complete) <= room.looks {
                    true => looked_at = looked_at.saturating_add(to_complete),
                    false => read_again = shards,
                }
                Self::complete_stage(job_id, &mut job, index, &mut stage);
            }
        }
        let more = job.openable().is_some();
        Stages::<T>::insert(job_id, index, stage);
        if job.is_complete() {
            // What it takes over was looked at last.
            Self::complete_job(job_id, &mut job);
        }
        if let Err(error) = Self::keep(job_id, job) {
            frame_support::defensive!("jobs: a complete job's escrow cannot be released", error);
        }
        Turn { created, looked_at, read_again, more }
    }

    /// Completes a stage whose shards are all accepted: its root is that of the list of their roots.
    pub(crate) fn complete_stage(job_id: JobId, job: &mut Job, index: u16, stage: &mut StageRecord) {
        let shards = (0..stage.created)
            .filter_map(|number| Self::shard_of(job_id, stage, index, number)?.result().map(|made| made.root));
        let roots: Vec<BlobId> = shards.collect();
        let root = BlobId::of_list(&roots);
        stage.root = Some(root);
        job.complete |= bit(index);
        Self::deposit_event(Event::StageCompleted { job: job_id, stage: index, root });
        if job.status == JobStatus::Running && job.openable().is_some() {
            Self::mark_opening(job_id);
        }
    }

    /// Completes a job whose stages are all complete: its root is that of the list of their roots, and stays for ever.
    pub(crate) fn complete_job(job_id: JobId, job: &mut Job) {
        if matches!(job.status, JobStatus::Paused { .. }) {
            Self::leave_paused(job_id);
        }
        let roots: Vec<BlobId> =
            (0u16..).zip(&job.reads).filter_map(|(index, _)| Stages::<T>::get(job_id, index)?.root).collect();
        let root = BlobId::of_list(&roots);
        JobRoots::<T>::insert(job_id, root);
        job.status = JobStatus::Completed { root };
        Self::deposit_event(Event::JobCompleted { job: job_id, root });
    }

    /// Ends an open job before its time: what waits for a worker is dropped by the next blocks, what is under way is paid.
    pub(crate) fn wind_down(job_id: JobId, mut job: Job, status: JobStatus) -> DispatchResult {
        if job.status == JobStatus::Waiting {
            Waiting::<T>::mutate(|waiting| waiting.retain(|(waits, _)| *waits != job_id));
        }
        if matches!(job.status, JobStatus::Paused { .. }) {
            Self::leave_paused(job_id);
        }
        Opening::<T>::mutate(|opening| opening.retain(|opens| *opens != job_id));
        job.status = status;
        if job.live > 0 {
            // Holds every job with live shards; a job is ended once.
            if Sweeping::<T>::try_append(job_id).is_err() {
                frame_support::defensive!("jobs: what waits of a job that has ended cannot be dropped");
            }
        }
        Self::keep(job_id, job)
    }

    /// Writes a job; closes it if it is over.
    pub(crate) fn keep(job_id: JobId, mut job: Job) -> DispatchResult {
        if job.is_over() {
            let refund = core::mem::take(&mut job.escrow);
            T::Currency::release(&HoldReason::Escrow.into(), &job.requester, refund, Precision::Exact)?;
            Self::leave_place(&mut job)?;
            let (first, next) = RetiredEnds::<T>::get();
            let prune_at = Self::now().saturating_add(T::RetentionBlocks::get());
            job.prune_at = Some(prune_at);
            Retired::<T>::insert(next, (prune_at, job_id));
            RetiredEnds::<T>::put((first, next.saturating_add(1)));
            Self::deposit_event(Event::JobClosed { job: job_id, spent: job.spent, refund });
        }
        Jobs::<T>::insert(job_id, job);
        Ok(())
    }

    /// Drops up to `limit` queued and parked shards of failed and cancelled jobs. Returns their number.
    pub(crate) fn sweep(limit: u32) -> u32 {
        if Sweeping::<T>::decode_len().unwrap_or(0) == 0 {
            return 0;
        }
        let mut sweeping = Sweeping::<T>::get();
        let (mut dropped, mut later) = (Vec::new(), Vec::new());
        Queue::<T>::mutate(|queue| {
            queue.retain(|Queued { shard, .. }| {
                let ended = sweeping.contains(&shard.job);
                let drops = ended && (dropped.len() as u32) < limit;
                if drops {
                    dropped.push(*shard);
                } else if ended {
                    later.push(shard.job);
                }
                !drops
            });
        });
        for job in &sweeping {
            // A job of which nothing waits is over, or will be by what is under way: it takes no place here.
            if !Parked::<T>::contains_key(job) {
                continue;
            }
            let left = limit.saturating_sub(dropped.len() as u32);
            if left == 0 {
                later.push(*job);
                continue;
            }
            let parked = Self::unpark(*job, left);
            // `drop_shard` takes them away from there again.
            Live::<T>::mutate(|live| *live = live.saturating_add(parked.len() as u32));
            dropped.extend(parked);
            if Parked::<T>::contains_key(job) {
                later.push(*job);
            }
        }
        sweeping.retain(|job| later.contains(job));
        Sweeping::<T>::put(sweeping);
        for shard in &dropped {
            if let Err(error) = Self::drop_shard(shard) {
                frame_support::defensive!("jobs: a dropped shard's escrow cannot be released", error);
            }
        }
        dropped.len() as u32
    }

    /// Removes up to `limit` shards, stages and jobs whose retention has ended, job after job. Returns how much it removed, by the count of
    /// [`Self::prune_job`].
    pub(crate) fn prune(now: Height, limit: u32) -> u32 {
        let (first, next) = RetiredEnds::<T>::get();
        let (mut removed, mut at, mut next) = (0u32, first, next);
        while removed < limit && at < next {
            let Some((_, job)) = Retired::<T>::get(at).filter(|(height, _)| *height <= now) else { break };
            if let Some(prune_at) = Self::put_off(job, now) {
                Retired::<T>::insert(next, (prune_at, job));
                next = next.saturating_add(1);
                removed = removed.saturating_add(1);
            } else {
                let (of_job, is_gone) = Self::prune_job(job, limit.saturating_sub(removed));
                removed = removed.saturating_add(of_job);
                if !is_gone {
                    break;
                }
            }
            Retired::<T>::remove(at);
            at = at.saturating_add(1);
        }
        if at != first {
            RetiredEnds::<T>::put((at, next));
        }
        removed
    }

    /// Keeps a job that has forks for as long again: they read it. Returns when it is to be pruned then.
    fn put_off(job_id: JobId, now: Height) -> Option<Height> {
        let prune_at = now.saturating_add(T::RetentionBlocks::get());
        Jobs::<T>::mutate_extant(job_id, |job| {
            let is_kept = job.forks > 0;
            if is_kept {
                job.prune_at = Some(prune_at);
            }
            is_kept
        })
        .then_some(prune_at)
    }

    /// Removes up to `limit` shards of a job, then its stages and the job itself, which count as one each; so do up to [`GONE_AS_ONE`]
    /// shards that are gone. Returns how much it removed, and whether the job is gone.
    fn prune_job(job_id: JobId, limit: u32) -> (u32, bool) {
        let Some(job) = Jobs::<T>::get(job_id) else { return (1, true) };
        let (mut removed, mut gone) = (0u32, 0u32);
        for (index, _) in (0u16..).zip(&job.reads) {
            let Some(mut stage) = Stages::<T>::get(job_id, index) else { continue };
            while stage.created > 0 && removed < limit {
                stage.created = stage.created.saturating_sub(1);
                // What it took over is not its own.
                if stage.origin(job_id, stage.created) != job_id {
                    continue;
                }
                let is_removed =
                    Self::remove_shard(&ShardId { job: job_id, stage: index, index: stage.created }).is_some();
                if is_removed || gone.is_multiple_of(GONE_AS_ONE) {
                    removed = removed.saturating_add(1);
                }
                gone = gone.saturating_add((!is_removed).into());
            }
            if removed >= limit {
                Stages::<T>::insert(job_id, index, stage);
                return (removed, false);
            }
            Stages::<T>::remove(job_id, index);
            Self::leave_program(&stage.stage.program);
            removed = removed.saturating_add(1);
        }
        Jobs::<T>::remove(job_id);
        if let Some(parent) = job.parent {
            Jobs::<T>::mutate_extant(parent, |job| job.forks = job.forks.saturating_sub(1));
        }
        Self::deposit_event(Event::JobPruned { job: job_id });
        (removed.saturating_add(1), true)
    }
}

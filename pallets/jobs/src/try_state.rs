// SPDX-License-Identifier: Apache-2.0
//! What must always hold.

use crate::{settle::parties, types::bit, *};
use alloc::collections::{BTreeMap, BTreeSet};
use quern_protocol::shard::Phase;
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
    /// Checks what must always hold: see the last section of the crate's documentation.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        Self::params().check()?;
        Self::check_money()?;
        Self::check_shards()?;
        Self::check_jobs()
    }

    /// Every held amount has exactly one reason, and nothing is held whose reason is gone.
    fn check_money() -> Result<(), TryRuntimeError> {
        // What everybody should have on hold for escrow, places and programs: whom nothing is held for too.
        let mut owed: BTreeMap<AccountId32, [Balance; 3]> =
            frame_system::Account::<T>::iter_keys().map(|who| (who, [0; 3])).collect();
        for (_, job) in Jobs::<T>::iter() {
            ensure!(!job.is_over() || job.place_deposit == 0, "jobs: a deposit for a place that was left");
            let [escrow, places, _] = owed.entry(job.requester).or_default();
            *escrow = escrow.saturating_add(job.escrow);
            *places = places.saturating_add(job.place_deposit);
        }
        for (id, program) in Programs::<T>::iter() {
            ensure!(Codes::<T>::contains_key(id), "jobs: a program without bytes");
            let [_, _, deposits] = owed.entry(program.publisher).or_default();
            *deposits = deposits.saturating_add(program.deposit);
        }
        for (who, [escrow, places, deposits]) in owed {
            let held = |reason: HoldReason| T::Currency::balance_on_hold(&reason.into(), &who);
            ensure!(held(HoldReason::Escrow) == escrow, "jobs: held escrow differs from what open jobs can spend");
            ensure!(held(HoldReason::PlaceDeposit) == places, "jobs: held deposits differ from those of open jobs");
            ensure!(held(HoldReason::ProgramDeposit) == deposits, "jobs: held deposits differ from the programs'");
        }
        Ok(())
    }

    /// Queue, agenda, duties and locks follow the shards.
    fn check_shards() -> Result<(), TryRuntimeError> {
        let queue: Vec<ShardId> = Queue::<T>::get().iter().map(|queued| queued.shard).collect();
        let queued: BTreeSet<ShardId> = queue.iter().copied().collect();
        let sweeping = Sweeping::<T>::get();
        for ShardId { job, .. } in &queue {
            let is_open = Jobs::<T>::get(job).is_some_and(|job| job.status.is_open());
            ensure!(is_open || sweeping.contains(job), "jobs: queued shards of a job that has ended are forgotten");
        }
        let mut parked = BTreeSet::new();
        for (job, shards) in Parked::<T>::iter() {
            ensure!(!shards.is_empty(), "jobs: an empty list of parked shards is kept");
            let status = Jobs::<T>::get(job).ok_or("jobs: parked shards without a job")?.status;
            let is_expected = match status {
                JobStatus::Paused { .. } => true,
                JobStatus::Running => Opening::<T>::get().contains(&job),
                _ => Sweeping::<T>::get().contains(&job),
            };
            ensure!(is_expected, "jobs: parked shards are forgotten");
            for shard in shards {
                ensure!(shard.job == job && parked.insert(shard), "jobs: a shard is parked wrongly");
            }
        }
        ensure!(queue.len() == queued.len() && queued.is_disjoint(&parked), "jobs: a shard waits twice");
        let (mut live, mut maturing, mut waiting, mut duties, mut served) = (0u32, 0u32, 0usize, 0usize, 0usize);
        let mut locks: BTreeMap<Account, Balance> = BTreeMap::new();
        for (id, shard) in Shards::<T>::iter() {
            ensure!(id == shard.id, "jobs: a shard under another id");
            if Self::was_dropped(&shard) {
                continue;
            }
            if shard.result().is_none() {
                live = live.saturating_add(1);
            }
            let answers = shard.accused().is_some() && shard.result().is_some();
            if shard.window().is_some() || answers {
                maturing = maturing.saturating_add(1);
            }
            if shard.phase == Phase::Queued {
                waiting = waiting.saturating_add(1);
                let waits = queued.contains(&id) || parked.contains(&id);
                ensure!(waits, "jobs: a shard without a worker is not in the queue");
            }
            for account in parties(&shard) {
                if shard.is_duty_of(&account) {
                    duties = duties.saturating_add(1);
                    ensure!(Duties::<T>::contains_key(account, id), "jobs: a duty is missing");
                } else {
                    served = served.saturating_add(1);
                    ensure!(Served::<T>::contains_key(account, id), "jobs: a served shard is missing");
                }
            }
            for (account, amount) in shard.locks() {
                let sum = locks.entry(account).or_default();
                *sum = sum.saturating_add(amount);
            }
            let due = Due::<T>::get(id);
            ensure!(shard.expires().is_none() || due.is_some(), "jobs: a deadline is not in the agenda");
            if let Some(at) = due {
                ensure!(at > Self::now(), "jobs: a deadline was passed over");
                ensure!(Agenda::<T>::get(at).contains(&id), "jobs: the agenda lacks a shard");
            }
        }
        let listed = queue.len().saturating_add(parked.len());
        ensure!(waiting == listed, "jobs: the queue holds a shard that does not wait");
        let live = live.saturating_sub(parked.len() as u32);
        ensure!(duties == Duties::<T>::iter_keys().count(), "jobs: a duty without a shard");
        ensure!(served == Served::<T>::iter_keys().count(), "jobs: a served shard that is not there");
        ensure!(live == Live::<T>::get() && live <= T::MaxLive::get(), "jobs: live shards are miscounted");
        ensure!(maturing == Maturing::<T>::get(), "jobs: shards that wait for their window are miscounted");
        let agenda = Agenda::<T>::iter_values().fold(0usize, |sum, due| sum.saturating_add(due.len()));
        ensure!(agenda == Due::<T>::iter_keys().count(), "jobs: agenda and deadlines differ");
        for (account, amount) in locks {
            let locked = T::Collateral::bonded(&account).saturating_sub(T::Collateral::free(&account));
            ensure!(locked >= amount, "jobs: less is locked than the shards say");
        }
        Ok(())
    }

    /// Counts and escrow of every job follow its shards.
    fn check_jobs() -> Result<(), TryRuntimeError> {
        let mut open = 0u32;
        let mut open_of: BTreeMap<AccountId32, u32> = BTreeMap::new();
        let pruning = Retired::<T>::get(RetiredEnds::<T>::get().0).map(|(_, job)| job);
        let paused = Paused::<T>::get();
        let waiting: BTreeSet<JobId> = Waiting::<T>::get().iter().map(|(job, _)| *job).collect();
        for (id, job) in Jobs::<T>::iter().filter(|(id, _)| Some(*id) != pruning) {
            if !job.is_over() {
                open = open.saturating_add(1);
                let theirs = open_of.entry(job.requester.clone()).or_default();
                *theirs = theirs.saturating_add(1);
            }
            ensure!(waiting.contains(&id) == (job.status == JobStatus::Waiting), "jobs: a job waits that should not");
            let pause = match job.status {
                JobStatus::Paused { until, .. } => Some((id, until)),
                _ => None,
            };
            let listed = paused.iter().find(|(of, _)| *of == id).copied();
            ensure!(listed == pause, "jobs: a job is paused that is not listed, or listed and not paused");
            ensure!(job.pauses <= Self::params().max_pauses, "jobs: a job was paused too often");
            ensure!(job.failure.is_some() == (job.status == JobStatus::Failed), "jobs: a failure without a reason");
            ensure!(
                job.unfunded == 0 || job.status != JobStatus::Running,
                "jobs: a job runs that cannot pay its shards"
            );
            ensure!(!job.status.is_under_way() || !job.is_complete(), "jobs: a job that is complete goes on");
            ensure!(job.openable().is_none() || Self::will_open(id, &job), "jobs: an open stage is forgotten");
            let (mut live, mut maturing, mut owed) = (0u32, 0u32, 0 as Balance);
            for (index, _) in (0u16..).zip(&job.reads) {
                let stage = Stages::<T>::get(id, index).ok_or("jobs: a stage is missing")?;
                let costs = Programs::<T>::get(stage.stage.program).ok_or("jobs: a program is missing")?.summary;
                let former = Self::former(&stage, index);
                let (mut accepted, mut standing) = (0u32, 0u32);
                for number in 0..stage.stage.shards() {
                    let shard = Shards::<T>::get(ShardId { job: id, stage: index, index: number });
                    ensure!(shard.is_none() || number < stage.created, "jobs: a shard that was not created");
                    if stage.origin(id, number) != id {
                        let is_paid = Self::standing(id, &stage, index, number).is_some();
                        ensure!(is_paid && shard.is_none(), "jobs: a shard is taken over that does not stand");
                        accepted = accepted.saturating_add(1);
                        standing = standing.saturating_add(1);
                        continue;
                    }
                    let stands = |(from, of): &(JobId, StageRecord)| Self::standing(*from, of, index, number).is_some();
                    if number >= stage.created && former.as_ref().is_some_and(stands) {
                        continue;
                    }
                    if let Some(shard) = shard.as_ref().filter(|shard| shard.result().is_some()) {
                        accepted = accepted.saturating_add(1);
                        standing =
                            standing.saturating_add(matches!(shard.phase, Phase::Settled { paid: true, .. }).into());
                        if shard.is_final() {
                            continue;
                        }
                        maturing = maturing.saturating_add(1);
                        if shard.accused().is_some() {
                            continue;
                        }
                    } else {
                        let is_live = shard.is_some_and(|shard| !Self::was_dropped(&shard));
                        live = live.saturating_add(is_live.into());
                    }
                    let planned = stage.shard(id, index, number, &costs);
                    owed = owed.saturating_add(stage.cost(&planned, job.bid).total());
                }
                ensure!(standing == stage.standing, "jobs: what a fork can take over is miscounted");
                ensure!(accepted == stage.accepted, "jobs: accepted shards are miscounted");
                let complete = job.complete & bit(index) != 0;
                ensure!(complete == (accepted == stage.stage.shards()), "jobs: a complete stage is not noted");
                ensure!(complete == stage.root.is_some(), "jobs: a stage root without a complete stage");
            }
            ensure!(live == job.live && maturing == job.maturing, "jobs: a job's unsettled shards are miscounted");
            let forks = Jobs::<T>::iter_values().filter(|fork| fork.parent == Some(id)).count();
            ensure!(forks as u32 == job.forks, "jobs: a job's forks are miscounted");
            let expected = if job.is_over() { 0 } else { owed.saturating_sub(job.unfunded) };
            ensure!(job.escrow == expected, "jobs: escrow differs from what the job can spend");
            let root = JobRoots::<T>::get(id);
            ensure!(
                root.map(|root| JobStatus::Completed { root }).is_none_or(|status| status == job.status),
                "jobs: root"
            );
        }
        ensure!(open == OpenJobs::<T>::get() && open <= T::MaxOpenJobs::get(), "jobs: open jobs are miscounted");
        let counted: BTreeMap<AccountId32, u32> = OpenJobsOf::<T>::iter().collect();
        ensure!(open_of == counted, "jobs: the open jobs of an account are miscounted");
        let mut uses: BTreeMap<BlobId, u32> = BTreeMap::new();
        for (_, _, record) in Stages::<T>::iter() {
            let of_program = uses.entry(record.stage.program).or_default();
            *of_program = of_program.saturating_add(1);
        }
        let counted: BTreeMap<BlobId, u32> = ProgramUses::<T>::iter().collect();
        ensure!(uses == counted, "jobs: the uses of a program are miscounted");
        Ok(())
    }

    /// Whether a shard was dropped, and is kept because its worker was paid without an audit.
    fn was_dropped(shard: &Shard) -> bool {
        let ShardId { job, .. } = shard.id;
        !shard.compensated.is_empty()
            && shard.phase == Phase::Queued
            && Jobs::<T>::get(job).is_some_and(|job| !job.status.is_open())
            && !Queue::<T>::get().iter().any(|queued| queued.shard == shard.id)
            && !Parked::<T>::get(job).contains(&shard.id)
    }

    fn will_open(id: JobId, job: &Job) -> bool {
        job.status != JobStatus::Running || Opening::<T>::get().contains(&id)
    }
}

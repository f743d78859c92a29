// SPDX-License-Identifier: Apache-2.0
//! The draw of workers: the payee never chooses the input.

use crate::{
    terms::memory_mib,
    types::{audit_plan, Cost, POOL_FACTOR, POOL_MINIMUM},
    *,
};
use alloc::collections::BTreeSet;
use quern_primitives::{draw, traits::ReadyWorker};
use quern_protocol::{collateral, shard::Deal};

/// What a draw is made for, in its seed.
const PURPOSE: &[u8] = b"assign";

/// A ready worker during one block's draws.
struct Candidate {
    worker: ReadyWorker,
    free: Balance,
}

/// How an entry of the queue fared.
enum Fate {
    /// A worker was drawn, or the shard is gone.
    Done,
    /// Nobody takes it now.
    Waits,
}

impl<T: Config> Pallet<T> {
    /// Draws workers for up to `limit` shards of the queue. Returns the number of shards and of workers that it looked at.
    ///
    /// Only seeds of periods that began after a shard was queued and after a worker was ready are used, so neither could
    /// know the draw; nor does a bond count that came since. A shard is drawn for at most once a period; those that nobody takes go to the end of the queue.
    pub(crate) fn assign(now: Height, seed: Option<(Height, [u8; 32])>, limit: u32) -> (u32, u32) {
        let Some((period, seed)) = seed else { return (0, 0) };
        if Queue::<T>::decode_len().unwrap_or(0) == 0 {
            return (0, 0);
        }
        let queue = Queue::<T>::get();
        let paused: BTreeSet<JobId> = Paused::<T>::get().iter().map(|(job, _)| *job).collect();
        let waits = |queued: &Queued| queued.from > period || paused.contains(&queued.shard.job);
        let demand = queue.iter().filter(|queued| !waits(queued)).count() as u32;
        if demand == 0 {
            return (0, 0);
        }
        let mut pool = Self::pool(Self::first_height(period));
        let mut looked = 0u32;
        let (mut left, mut tried) = (Vec::new(), Vec::new());
        for queued in queue {
            if waits(&queued) || looked >= limit {
                left.push(queued);
                continue;
            }
            let left_demand = demand.saturating_sub(looked);
            looked = looked.saturating_add(1);
            match Self::draw_worker(&queued, now, period, &seed, left_demand, &mut pool) {
                Fate::Done => {}
                Fate::Waits => tried.push(Queued { from: period.saturating_add(1), ..queued }),
            }
        }
        left.append(&mut tried);
        Queue::<T>::put(BoundedVec::truncate_from(left));
        (looked, pool.len() as u32)
    }

    /// Workers that were ready before a height, the cheapest first.
    fn pool(before: Height) -> Vec<Candidate> {
        let mut pool: Vec<Candidate> = T::Registry::ready_workers()
            .into_iter()
            .filter(|worker| worker.slots > 0 && worker.ready_at < before)
            .map(|worker| {
                // An apprentice locks whatever it has. It cannot gain by having less: its wages are in its bond.
                let free = match worker.apprentice {
                    true => T::Collateral::free(&worker.account),
                    false => T::Collateral::free_before(&worker.account, before),
                };
                Candidate { free, worker }
            })
            .collect();
        pool.sort_unstable_by_key(|candidate| (candidate.worker.ask, candidate.worker.account));
        pool
    }

    fn draw_worker(
        queued: &Queued,
        now: Height,
        period: Height,
        seed: &[u8; 32],
        demand: u32,
        pool: &mut [Candidate],
    ) -> Fate {
        let id = queued.shard;
        let Some(job) = Jobs::<T>::get(id.job) else { return Fate::Done };
        if job.status != JobStatus::Running {
            // It is dropped by `sweep`.
            return Fate::Waits;
        }
        if Self::try_draw(&id, &job, period, seed, demand, pool).is_some() {
            return Fate::Done;
        }
        if now.saturating_sub(queued.since) < T::PatienceBlocks::get() {
            return Fate::Waits;
        }
        // The next block's `sweep` drops it: to end a job here costs no more than to assign a shard.
        if let Err(error) = Self::fail(&id, job, JobFailure::NoWorker) {
            frame_support::defensive!("jobs: a failed job cannot be written", error);
        }
        Fate::Waits
    }

    /// Draws a worker among the cheapest that can take the shard; `None` when there is none.
    fn try_draw(
        id: &ShardId,
        job: &Job,
        period: Height,
        seed: &[u8; 32],
        demand: u32,
        pool: &mut [Candidate],
    ) -> Option<()> {
        let shard = Shards::<T>::get(id)?;
        let record = Stages::<T>::get(id.job, id.stage)?;
        let params = Self::params();
        let value = collateral::price(shard.work_macs(), job.bid);
        let auditors = audit_plan(&params, job.audit, record.stage.tasks, shard.leaves()).auditors;
        let collateral = collateral::collateral(value, &params, auditors);
        // Nobody without a stake holds what others stand on, nor takes a shard that somebody has given up before.
        let is_read = job.readers(id.stage).next().is_some();
        let suits_apprentices = shard.attempt == 0 && !is_read;
        // An apprentice pays its further auditors, who are paid at the bid, out of its own price.
        let at_bid = record.cost(&shard, job.bid);
        let pays = |ask| {
            Cost { price: collateral::price(shard.work_macs(), ask), ..at_bid }.for_apprentice(auditors).is_some()
        };
        let apprentices = if suits_apprentices { T::Registry::apprentice_places() } else { 0 };
        let stage = record.stage;
        let memory_mib = memory_mib(&Programs::<T>::get(stage.program)?.summary);

        let mut candidates = Vec::new();
        // Apprentices come on top: they must not crowd out those who have a stake.
        let (mut slots, mut workers) = (0u32, 0usize);
        for (index, Candidate { worker, free }) in pool.iter().enumerate() {
            let covered = slots >= demand.saturating_mul(POOL_FACTOR) && workers >= POOL_MINIMUM;
            if worker.ask > job.bid || covered {
                break;
            }
            let is_worth_it = !worker.apprentice || (apprentices > 0 && pays(worker.ask));
            let takes = worker.takes(shard.tasks, stage.tasks) && is_worth_it;
            let stakes = worker.stake(collateral, *free).is_some();
            let fits =
                u64::from(worker.profile.memory_mib) >= memory_mib && job.requirements.are_met_by(&worker.profile);
            if worker.slots > 0 && fits && takes && stakes {
                candidates.push((index, (worker.account, u128::from(worker.weight.max(1)))));
                if !worker.apprentice {
                    slots = slots.saturating_add(worker.slots);
                    workers = workers.saturating_add(1);
                }
            }
        }
        let runners: Vec<(Account, u128)> = candidates.iter().map(|(_, runner)| *runner).collect();
        // Who withdraws when the seed is known moves no other candidate.
        let drawn = draw::race(&draw::seed(PURPOSE, seed, id), &runners).first().copied()?;
        let candidate = pool.get_mut(candidates.get(drawn)?.0)?;
        let worker = candidate.worker.account;
        let price = collateral::price(shard.work_macs(), candidate.worker.ask);
        let collateral = candidate.worker.stake(collateral, candidate.free)?;
        if collateral > 0 {
            T::Collateral::lock(&worker, collateral).ok()?;
        }
        if Self::apply(id, ShardEvent::Assign(Deal { worker, price, collateral })).is_err() {
            T::Collateral::release(&worker, collateral);
            return None;
        }
        T::Registry::take_slot(&worker);
        candidate.worker.slots = candidate.worker.slots.saturating_sub(1);
        candidate.free = candidate.free.saturating_sub(collateral);
        let candidates = candidates.len() as u32;
        let worker = worker.into();
        Self::deposit_event(Event::ShardAssigned { shard: *id, worker, price, collateral, period, candidates });
        Some(())
    }
}

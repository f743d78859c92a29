// SPDX-License-Identifier: Apache-2.0
//! Inputs that nobody can fetch: the job waits for its requester, and honest work is paid.

use crate::{
    types::{audit_plan, Cost},
    *,
};
use quern_primitives::{
    job::{Endpoint, MAX_ENDPOINTS},
    traits::Settlement,
};
use quern_protocol::{shard::Deal, view::JobFailure};

impl<T: Config> Pallet<T> {
    /// Drawn validators have confirmed that inputs of a shard cannot be fetched: nothing of its job is handed out until the
    /// requester says that it serves them again. The job fails when it was paused too often.
    pub(crate) fn inputs_missing(shard: &ShardId) -> DispatchResult {
        let mut job = Jobs::<T>::get(shard.job).ok_or(Error::<T>::NoSuchJob)?;
        if job.status != JobStatus::Running {
            // It is paused already, or over.
            return Ok(());
        }
        let params = Self::params();
        let until = Self::now().saturating_add(params.pause_blocks);
        // The list has room for every open job.
        if job.pauses >= params.max_pauses || Paused::<T>::try_append((shard.job, until)).is_err() {
            return Self::fail(shard, job, JobFailure::InputsUnavailable);
        }
        job.status = JobStatus::Paused { shard: *shard, until };
        job.pauses = job.pauses.saturating_add(1);
        Self::deposit_event(Event::JobPaused { job: shard.job, shard: *shard, until, pauses: job.pauses });
        Jobs::<T>::insert(shard.job, job);
        Self::park_queued(shard.job);
        Ok(())
    }

    /// Takes the shards of a paused job out of the queue: they leave their places to others.
    fn park_queued(job: JobId) {
        let mut parked = Parked::<T>::get(job);
        Queue::<T>::mutate(|queue| {
            // What finds no room stays where it is; nobody is drawn for it either.
            queue.retain(|queued| queued.shard.job != job || !Self::park(&mut parked, queued.shard));
        });
        if !parked.is_empty() {
            Parked::<T>::insert(job, parked);
        }
    }

    /// Parks a shard; false where there is no room.
    pub(crate) fn park(parked: &mut BoundedVec<ShardId, T::MaxLive>, shard: ShardId) -> bool {
        let has_room = parked.try_push(shard).is_ok();
        if has_room {
            Live::<T>::mutate(|live| *live = live.saturating_sub(1));
        }
        has_room
    }

    /// Takes up to `limit` parked shards of a job, the first ones; the caller counts them as live.
    pub(crate) fn unpark(job: JobId, limit: u32) -> Vec<ShardId> {
        let mut parked = Parked::<T>::get(job).into_inner();
        let taken: Vec<ShardId> = parked.drain(..parked.len().min(limit as usize)).collect();
        if parked.is_empty() {
            Parked::<T>::remove(job);
        } else {
            Parked::<T>::insert(job, BoundedVec::truncate_from(parked));
        }
        taken
    }

    /// Takes a paused job up again. What was paid for results that nobody could audit is held anew: their shards run again.
    pub(crate) fn do_resume(
        who: AccountId32,
        id: JobId,
        endpoints: Option<BoundedVec<Endpoint, ConstU32<MAX_ENDPOINTS>>>,
    ) -> DispatchResult {
        let mut job = Jobs::<T>::get(id).ok_or(Error::<T>::NoSuchJob)?;
        ensure!(job.requester == who, Error::<T>::NotRequester);
        ensure!(matches!(job.status, JobStatus::Paused { .. }), Error::<T>::NotPaused);
        if let Some(endpoints) = endpoints {
            ensure!(!endpoints.is_empty(), Error::<T>::NoEndpoints);
            job.endpoints = endpoints;
        }
        let held = core::mem::take(&mut job.unfunded);
        if held > 0 {
            T::Currency::hold(&HoldReason::Escrow.into(), &who, held)?;
        }
        job.escrow = job.escrow.saturating_add(held);
        job.status = JobStatus::Running;
        Self::leave_paused(id);
        let now = Self::now();
        let from = Self::period_after(now);
        // The time in which nothing was handed out is no lack of workers.
        Queue::<T>::mutate(|queue| {
            for queued in queue.iter_mut().filter(|queued| queued.shard.job == id) {
                (queued.from, queued.since) = (from, now);
            }
        });
        if job.openable().is_some() || Parked::<T>::contains_key(id) {
            Self::mark_opening(id);
        }
        Jobs::<T>::insert(id, job);
        Self::deposit_event(Event::JobResumed { job: id, held });
        Ok(())
    }

    /// Ends up to `limit` jobs whose requester has not resumed them in time. Returns their number.
    pub(crate) fn end_pauses(now: Height, limit: u32) -> u32 {
        if Paused::<T>::decode_len().unwrap_or(0) == 0 {
            return 0;
        }
        let paused = Paused::<T>::get();
        let over: Vec<JobId> = paused.iter().filter(|(_, until)| *until < now).map(|(job, _)| *job).collect();
        let mut ended = 0u32;
        for id in over.into_iter().take(limit as usize) {
            ended = ended.saturating_add(1);
            let Some(job) = Jobs::<T>::get(id) else { continue };
            let JobStatus::Paused { shard, .. } = job.status else { continue };
            if let Err(error) = Self::fail(&shard, job, JobFailure::InputsUnavailable) {
                frame_support::defensive!("jobs: a failed job's escrow cannot be released", error);
            }
        }
        ended
    }

    pub(crate) fn leave_paused(id: JobId) {
        Paused::<T>::mutate(|paused| paused.retain(|(paused, _)| *paused != id));
    }

    /// Pays a worker for a result that nobody can audit, and those of its auditors that had sealed an answer, out of the escrow
    /// alone: the result is not accepted, nobody contributes anything by it, and the protocol fee is burned, so that who pays itself loses.
    /// What is paid is held anew before the shard runs again.
    pub(crate) fn compensate(shard: &Shard, deal: &Deal, sealed: &[Account], needed: u8) -> DispatchResult {
        let ShardId { job: job_id, stage: index, .. } = shard.id;
        let mut job = Jobs::<T>::get(job_id).ok_or(Error::<T>::NoSuchJob)?;
        let stage = Stages::<T>::get(job_id, index).ok_or(Error::<T>::NoSuchJob)?;
        let by_apprentice = T::Registry::is_apprentice(&deal.worker);
        let at_price = stage.cost_at_price(shard.id.index, deal.price);
        let cost = Cost { audit_fee: stage.cost(shard, job.bid).audit_fee, ..at_price };
        let planned = audit_plan(&Self::params(), job.audit, stage.stage.tasks, shard.leaves()).auditors;
        let cost = if by_apprentice { cost.for_apprentice(planned) } else { None }.unwrap_or(cost);
        // Rounded down: what no seal was made for is the requester's.
        let each_auditor = cost.audit_fee.checked_div(Balance::from(needed)).unwrap_or(0);
        let audit_fee = each_auditor.saturating_mul(sealed.len() as u128);
        let paid = cost.price.saturating_add(audit_fee).saturating_add(cost.protocol_fee);
        let pot = AccountId32::from(T::Rewards::pot());
        if paid > 0 {
            let (exact, free, force) = (Precision::Exact, Restriction::Free, Fortitude::Force);
            T::Currency::transfer_on_hold(&HoldReason::Escrow.into(), &job.requester, &pot, paid, exact, free, force)?;
        }
        job.escrow = job.escrow.saturating_sub(paid);
        job.spent = job.spent.saturating_add(paid);
        job.unfunded = job.unfunded.saturating_add(paid);
        Jobs::<T>::insert(job_id, job);
        let settlement = Settlement {
            shard: shard.id,
            worker: deal.worker,
            price: cost.price,
            audit_fee,
            protocol_fee: cost.protocol_fee,
            macs: 0,
        };
        T::Rewards::compensate(&settlement, sealed);
        Self::deposit_event(Event::ShardCompensated {
            shard: shard.id,
            worker: deal.worker.into(),
            price: cost.price,
            audit_fee,
            burned: cost.protocol_fee,
        });
        Ok(())
    }
}

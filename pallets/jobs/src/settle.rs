// SPDX-License-Identifier: Apache-2.0
//! A shard's events and what follows from them. `Shard::step` decides everything; this carries it out.

use crate::{
    types::{apprentice_auditors, audit_plan, bit, Cost},
    *,
};
use alloc::collections::BTreeSet;
use frame_support::storage::with_storage_layer;
use quern_primitives::{
    job::Input,
    plant::{ConvictedResult, PlantedResult},
    traits::{Offence, OffenceKind, Results, Settlement, ShardEnd},
};
use quern_program::Checked;
use quern_protocol::{
    inputs::{AcceptedShard, StageContext, StageOutputs},
    shard::{Deal, Effect, Phase},
    traits::AuditPlan,
};

/// Why an event is not applied.
enum Failure {
    /// The shard refuses it.
    Refused(ShardError),
    /// Money did not move. Escrow is held in full, so this says that an invariant is broken.
    Broken(DispatchError),
}

impl From<DispatchError> for Failure {
    fn from(error: DispatchError) -> Self {
        Self::Broken(error)
    }
}

impl From<ShardError> for Failure {
    fn from(error: ShardError) -> Self {
        Self::Refused(error)
    }
}

/// Accounts that have a part in a shard, each once.
pub(crate) fn parties(shard: &Shard) -> BTreeSet<Account> {
    shard.parties().into_iter().collect()
}

impl<T: Config> quern_protocol::traits::Shards for Pallet<T> {
    fn shard(id: &ShardId) -> Option<Shard> {
        Shards::<T>::get(id)
    }

    fn apply(id: &ShardId, event: ShardEvent) -> Result<(), ShardError> {
        with_storage_layer(|| Self::try_apply(id, event)).map_err(|failure| match failure {
            Failure::Refused(error) => error,
            Failure::Broken(error) => {
                frame_support::defensive!("jobs: the effects of a shard's event fail", error);
                ShardError::WrongPhase
            }
        })
    }

    fn all() -> Vec<Shard> {
        Shards::<T>::iter_values().collect()
    }

    fn context(id: &ShardId) -> Option<StageContext> {
        let job = Jobs::<T>::get(id.job)?;
        let stage = Stages::<T>::get(id.job, id.stage)?.stage;
        let mut outputs: Vec<StageOutputs> = Vec::new();
        for input in &stage.inputs {
            let Input::Output { stage: read, .. } = *input else { continue };
            if !outputs.iter().any(|known| known.stage == read) {
                outputs.push(Self::outputs(id.job, read)?);
            }
        }
        let genesis = frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::from(0u32));
        Some(StageContext {
            genesis: <[u8; 32]>::try_from(genesis.as_ref()).ok()?,
            job: id.job,
            index: id.stage,
            stage,
            randomness: job.randomness?,
            outputs,
        })
    }

    fn program(id: &ShardId) -> Option<Checked> {
        Self::checked(&Stages::<T>::get(id.job, id.stage)?.stage.program)
    }

    fn audit_plan(id: &ShardId) -> Option<AuditPlan> {
        let job = Jobs::<T>::get(id.job)?;
        let stage = Stages::<T>::get(id.job, id.stage)?;
        let shard = Shards::<T>::get(id)?;
        let plan = audit_plan(&Self::params(), job.audit, stage.stage.tasks, shard.leaves());
        let by_apprentice = shard.deal().is_some_and(|deal| T::Registry::is_apprentice(&deal.worker));
        let auditors = if by_apprentice { apprentice_auditors(plan.auditors) } else { plan.auditors };
        // What a cheat saves is at most what the shard is worth, so no less is at stake for each who helps it.
        let liability = stage.cost(&shard, job.bid).price;
        Some(AuditPlan { auditors, bond: plan.bond.max(liability), liability, ..plan })
    }

    fn is_stage_complete(id: &ShardId) -> bool {
        Stages::<T>::get(id.job, id.stage).is_none_or(|stage| stage.root.is_some())
    }
}

impl<T: Config> Results for Pallet<T> {
    fn is_void(planted: &PlantedResult) -> bool {
        let id = planted.shard;
        match Shards::<T>::get(id) {
            Some(shard) => shard.never_pays(planted),
            // What was paid is kept until its job is pruned; a shard that is gone before that was dropped.
            None => {
                let is_kept = |job: Job| job.prune_at.is_none_or(|at| at > Self::now());
                // What a fork takes over was never created: nobody can commit to it under the fork's number.
                let was_passed = |stage: StageRecord| id.index < stage.created;
                Jobs::<T>::get(id.job).is_some_and(is_kept)
                    && Stages::<T>::get(id.job, id.stage).is_some_and(was_passed)
            }
        }
    }
}

impl<T: Config> Pallet<T> {
    /// A published program, ready to be run.
    pub(crate) fn checked(program: &BlobId) -> Option<Checked> {
        Program::decode_checked(&Codes::<T>::get(program)?).ok()
    }

    /// The outputs of a complete stage.
    fn outputs(job: JobId, index: u16) -> Option<StageOutputs> {
        let record = Stages::<T>::get(job, index)?;
        let shards = (0..record.created).map(|number| {
            let shard = Self::shard_of(job, &record, index, number)?;
            Some(AcceptedShard {
                id: shard.id,
                worker: shard.deal()?.worker,
                root: shard.result()?.root,
                first_task: shard.first_task,
                tasks: shard.tasks,
                segments_per_task: shard.segments_per_task(),
            })
        });
        Some(StageOutputs {
            stage: index,
            output_bytes: Programs::<T>::get(record.stage.program)?.summary.output_bytes,
            tasks: record.stage.tasks,
            shards: shards.collect::<Option<_>>()?,
        })
    }

    /// A shard of a stage: the job's own, or the one that it takes over.
    pub(crate) fn shard_of(job: JobId, record: &StageRecord, stage: u16, index: u32) -> Option<Shard> {
        Shards::<T>::get(ShardId { job: record.origin(job, index), stage, index })
    }

    /// The job whose shards a stage takes over, and its record of that stage.
    pub(crate) fn former(record: &StageRecord, stage: u16) -> Option<(JobId, StageRecord)> {
        let from = record.inherits?;
        Some((from, Stages::<T>::get(from, stage)?))
    }

    /// The paid shard that a fork of a job takes over, of the job or of what that has taken over itself.
    pub(crate) fn standing(job: JobId, record: &StageRecord, stage: u16, index: u32) -> Option<Shard> {
        Self::shard_of(job, record, stage, index)
            .filter(|shard| matches!(shard.phase, Phase::Settled { paid: true, .. }))
    }

    fn try_apply(id: &ShardId, event: ShardEvent) -> Result<(), Failure> {
        let before = Shards::<T>::get(id).ok_or(ShardError::WrongPhase)?;
        let now = Self::moment();
        let period = T::Randomness::period_of(now.height);
        let (after, effects) = before.step_at(event, now, period, &Self::params())?;
        Self::put_shard(&before, &after);
        for effect in effects {
            Self::carry_out(&before, &after, effect)?;
        }
        if let Phase::Committed { period, .. } | Phase::Doubted { period, .. } = after.phase {
            if before.phase != after.phase && Shards::<T>::get(id).is_some_and(|kept| kept.phase == after.phase) {
                T::Audits::committed(id, period);
            }
        }
        Ok(())
    }

    fn carry_out(before: &Shard, after: &Shard, effect: Effect) -> DispatchResult {
        let shard = before.id;
        match effect {
            Effect::ReleaseWorker(deal) => T::Collateral::release(&deal.worker, deal.collateral),
            Effect::ReleaseAuditor(auditor, bond) => T::Collateral::release(&auditor, bond),
            Effect::Late(worker) => {
                let is_started = !matches!(before.phase, Phase::Assigned { .. });
                T::Registry::shard_ended(&worker, if is_started { ShardEnd::Late } else { ShardEnd::Unstarted });
                Self::deposit_event(Event::ShardLate { shard, worker: worker.into() });
            }
            Effect::Declined(worker) => {
                T::Registry::shard_ended(&worker, ShardEnd::Declined(shard));
                Self::deposit_event(Event::ShardDeclined { shard, worker: worker.into() });
            }
            Effect::DeclineRefuted(worker) => {
                T::Registry::shard_ended(&worker, ShardEnd::DeclineRefuted(shard));
                Self::deposit_event(Event::DeclineRefuted { shard, worker: worker.into() });
            }
            Effect::DeclineConfirmed(worker) => T::Registry::shard_ended(&worker, ShardEnd::DeclineConfirmed(shard)),
            Effect::Unaudited(worker) => T::Registry::shard_ended(&worker, ShardEnd::Unaudited),
            Effect::Offence { kind, offender, locked, reporter } => {
                // Nothing was paid for a shard that is not accepted, so there is nothing to restitute.
                let evidence = T::Audits::evidence();
                let offence = Offence { kind, offender, shard, locked, reporter, restitution: None, evidence };
                match Self::convicted_result(before, &offence) {
                    Some(result) => T::Offences::report_result(offence, result),
                    None => T::Offences::report(offence),
                };
                let is_worker = before.deal().is_some_and(|deal| deal.worker == offender);
                if is_worker && matches!(kind, OffenceKind::WrongResult | OffenceKind::Withheld) {
                    let end = if before.is_accepted() { ShardEnd::Overturned } else { ShardEnd::Convicted };
                    T::Registry::shard_ended(&offender, end);
                }
            }
            Effect::ReleaseChallenger(challenger, bond) => T::Collateral::release(&challenger, bond),
            Effect::Accept { deal, auditors } => Self::accept(after, &deal, &auditors)?,
            Effect::Settle { deal, auditors, paid } => Self::settle(after, &deal, &auditors, paid)?,
            Effect::Overturn(deal) => Self::overturn(after, &deal)?,
            Effect::Closed => {
                let mut job = Jobs::<T>::get(shard.job).ok_or(Error::<T>::NoSuchJob)?;
                Self::leave_maturing(&mut job);
                Self::keep(shard.job, job)?;
            }
            Effect::Requeue => Self::requeue(after)?,
            Effect::CloseDisputes => T::Audits::close(&shard),
            Effect::Doubt => Self::doubt(after)?,
            Effect::InputsFound(auditor) => {
                Self::deposit_event(Event::InputsFound { shard, auditor: auditor.into() });
            }
            Effect::InputsMissing => Self::inputs_missing(&shard)?,
            Effect::ClaimRefuted(auditor) => T::Audits::refuted(&auditor),
            Effect::Compensate { deal, auditors, needed } => Self::compensate(after, &deal, &auditors, needed)?,
        }
        Ok(())
    }

    /// The commitment that a worker is convicted of, where it may have been planted. An apprentice's is not: what it locks is too little
    /// for a deposit that is a multiple of it to mean anything.
    fn convicted_result(shard: &Shard, offence: &Offence) -> Option<ConvictedResult> {
        let deal = shard.deal().filter(|deal| deal.worker == offence.offender)?;
        // One that has graduated since had as little at stake.
        let is_covered = deal.collateral >= deal.price;
        if offence.kind != OffenceKind::WrongResult || T::Registry::is_apprentice(&deal.worker) || !is_covered {
            return None;
        }
        let (commitment, job) = (shard.commitment()?, Jobs::<T>::get(shard.id.job)?);
        let stage = Stages::<T>::get(shard.id.job, shard.id.stage)?;
        let cost = stage.cost(shard, job.bid);
        let fees = if shard.is_accepted() { cost.audit_fee.saturating_add(cost.protocol_fee) } else { 0 };
        Some(ConvictedResult {
            requester: job.requester.clone().into(),
            attempt: shard.attempt,
            root: commitment.root,
            committed_at: commitment.at,
            breaks_job: shard.is_accepted() && Self::breaks_job(&job, &shard.id),
            fees,
        })
    }

    /// Whether a stage has begun that reads the stage of a shard.
    fn is_read(job: &Job, shard: &ShardId) -> bool {
        let begun = |reader| Stages::<T>::get(shard.job, reader).is_some_and(|stage| stage.created > 0);
        job.readers(shard.stage).any(begun)
    }

    /// Whether a job is spoiled without an accepted shard of it: something has begun to read it, the job is complete, or there is no
    /// place for the shard to be issued again.
    fn breaks_job(job: &Job, shard: &ShardId) -> bool {
        let is_spoiled = match job.status {
            JobStatus::Completed { .. } => true,
            status if status.is_under_way() => Live::<T>::get() >= T::MaxLive::get(),
            _ => false,
        };
        is_spoiled || Self::is_read(job, shard)
    }

    /// Has drawn validators asked for the inputs of a shard; of a job that has ended nobody needs them any more.
    fn doubt(shard: &Shard) -> DispatchResult {
        let worker = shard.deal().map(|deal| deal.worker.into());
        let is_needed = Jobs::<T>::get(shard.id.job).is_some_and(|job| job.status.is_under_way());
        if worker.is_none() && !is_needed {
            return Self::drop_shard(&shard.id);
        }
        Self::deposit_event(Event::InputsDoubted { shard: shard.id, worker });
        Ok(())
    }

    /// What a shard costs at its worker's price. Its auditors are paid at the bid: their work is the same when it asks less. Only
    /// an apprentice's has more auditors than planned, whatever it is by now.
    fn cost(job: &Job, stage: &StageRecord, shard: &Shard, deal: &Deal, auditors: &[Account]) -> Cost {
        let audit_fee = stage.cost(shard, job.bid).audit_fee;
        let cost = Cost { audit_fee, ..stage.cost_at_price(shard.id.index, deal.price) };
        let planned = audit_plan(&Self::params(), job.audit, stage.stage.tasks, shard.leaves()).auditors;
        let by_apprentice = auditors.len() as u32 > planned;
        if by_apprentice { cost.for_apprentice(planned) } else { None }.unwrap_or(cost)
    }

    /// Notes an accepted shard: later stages may read it. It is paid when its window has closed.
    fn accept(shard: &Shard, deal: &Deal, auditors: &[Account]) -> DispatchResult {
        let ShardId { job: job_id, stage: index, .. } = shard.id;
        let mut job = Jobs::<T>::get(job_id).ok_or(Error::<T>::NoSuchJob)?;
        let mut stage = Stages::<T>::get(job_id, index).ok_or(Error::<T>::NoSuchJob)?;
        let cost = Self::cost(&job, &stage, shard, deal, auditors);
        T::Registry::shard_ended(&deal.worker, ShardEnd::Accepted);
        Self::deposit_event(Event::ShardAccepted {
            shard: shard.id,
            worker: deal.worker.into(),
            price: cost.price,
            audit_fee: cost.audit_fee,
            protocol_fee: cost.protocol_fee,
            macs: shard.work_macs(),
            refund: stage.cost(shard, job.bid).total().saturating_sub(cost.total()),
        });
        Self::leave_live(&mut job);
        job.maturing = job.maturing.saturating_add(1);
        Maturing::<T>::mutate(|maturing| *maturing = maturing.saturating_add(1));
        stage.accepted = stage.accepted.saturating_add(1);
        if stage.accepted == stage.stage.shards() {
            Self::complete_stage(job_id, &mut job, index, &mut stage);
        }
        Stages::<T>::insert(job_id, index, stage);
        // Also while it is paused: what was committed before that is audited further, and nobody needs the inputs any more.
        if job.status.is_under_way() && job.is_complete() {
            Self::complete_job(job_id, &mut job);
        }
        Self::keep(job_id, job)
    }

    /// Pays a shard whose window has closed out of the escrow: its price, the auditors and the protocol; or nobody, when
    /// nobody says that its outputs are delivered. What was held for it beyond that is free again.
    fn settle(shard: &Shard, deal: &Deal, auditors: &[Account], paid: bool) -> DispatchResult {
        let ShardId { job: job_id, stage: index, .. } = shard.id;
        let mut job = Jobs::<T>::get(job_id).ok_or(Error::<T>::NoSuchJob)?;
        let mut stage = Stages::<T>::get(job_id, index).ok_or(Error::<T>::NoSuchJob)?;
        let reserved = stage.cost(shard, job.bid).total();
        let cost = if paid { Self::cost(&job, &stage, shard, deal, auditors) } else { Cost::default() };
        let reason = HoldReason::Escrow.into();
        let pot = AccountId32::from(T::Rewards::pot());
        if cost.total() > 0 {
            let (exact, free, force) = (Precision::Exact, Restriction::Free, Fortitude::Force);
            T::Currency::transfer_on_hold(&reason, &job.requester, &pot, cost.total(), exact, free, force)?;
        }
        let refund = reserved.saturating_sub(cost.total());
        T::Currency::release(&reason, &job.requester, refund, Precision::Exact)?;
        job.escrow = job.escrow.saturating_sub(reserved);
        job.spent = job.spent.saturating_add(cost.total());
        if paid {
            stage.standing = stage.standing.saturating_add(1);
            // An apprentice is paid into its bond; what is too little for that is credited like anybody's.
            let into_bond = T::Registry::is_apprentice(&deal.worker)
                && T::Collateral::earn(&T::Rewards::pot(), &deal.worker, cost.price).is_ok();
            let settlement = Settlement {
                shard: shard.id,
                worker: deal.worker,
                price: if into_bond { 0 } else { cost.price },
                audit_fee: cost.audit_fee,
                protocol_fee: cost.protocol_fee,
                macs: shard.work_macs(),
            };
            T::Rewards::settle(&settlement, auditors);
            if into_bond {
                T::Registry::bond_grew(&deal.worker);
            }
        } else {
            T::Registry::shard_ended(&deal.worker, ShardEnd::Undelivered);
        }
        T::Registry::window_closed(&deal.worker);
        let (shard, worker) = (shard.id, deal.worker.into());
        Self::deposit_event(Event::ShardSettled { shard, worker, paid: cost.total(), refund });
        Self::leave_maturing(&mut job);
        Stages::<T>::insert(job_id, index, stage);
        Self::keep(job_id, job)
    }

    /// Takes back a result that was convicted after its acceptance. Where nothing was computed from it, it is issued again (after
    /// its auditors have answered for it, if they may be accused);
    /// else what stands on it is tainted, the job ends, and the requester may fork it.
    fn overturn(shard: &Shard, deal: &Deal) -> DispatchResult {
        let ShardId { job: job_id, stage: index, .. } = shard.id;
        let mut job = Jobs::<T>::get(job_id).ok_or(Error::<T>::NoSuchJob)?;
        let mut stage = Stages::<T>::get(job_id, index).ok_or(Error::<T>::NoSuchJob)?;
        T::Registry::window_closed(&deal.worker);
        // As long as its auditors may be accused the shard is kept.
        if shard.accused().is_none() {
            Self::leave_maturing(&mut job);
        }
        let reissued = job.status.is_under_way() && !Self::breaks_job(&job, &shard.id);
        Self::deposit_event(Event::ShardOverturned { shard: shard.id, worker: deal.worker.into(), reissued });
        if reissued {
            if shard.accused().is_some() {
                Self::leave_maturing(&mut job);
            }
            stage.accepted = stage.accepted.saturating_sub(1);
            if stage.root.take().is_some() {
                job.complete &= !bit(index);
            }
            job.live = job.live.saturating_add(1);
            Live::<T>::mutate(|live| *live = live.saturating_add(1));
            Stages::<T>::insert(job_id, index, stage);
            Jobs::<T>::insert(job_id, job);
            return Self::apply(&shard.id, ShardEvent::Reissue).map_err(|error| Error::<T>::from(error).into());
        }
        job.taint(index);
        let reserved = stage.cost(shard, job.bid).total();
        T::Currency::release(&HoldReason::Escrow.into(), &job.requester, reserved, Precision::Exact)?;
        job.escrow = job.escrow.saturating_sub(reserved);
        match job.status {
            JobStatus::Completed { .. } => {
                Tainted::<T>::insert(job_id, job.overturned | job.tainted);
                Self::keep(job_id, job)
            }
            status if status.is_under_way() => Self::fail(&shard.id, job, JobFailure::Overturned),
            _ => Self::keep(job_id, job),
        }
    }

    fn leave_maturing(job: &mut Job) {
        job.maturing = job.maturing.saturating_sub(1);
        Maturing::<T>::mutate(|maturing| *maturing = maturing.saturating_sub(1));
    }

    /// Puts a shard back into the queue; drops it when its job has ended, or ends its job when it came back too often.
    fn requeue(shard: &Shard) -> DispatchResult {
        let id = shard.id;
        let job = Jobs::<T>::get(id.job).ok_or(Error::<T>::NoSuchJob)?;
        let now = Self::now();
        if matches!(job.status, JobStatus::Paused { .. })
            && Parked::<T>::mutate(id.job, |parked| Self::park(parked, id))
        {
            Self::deposit_event(Event::ShardRequeued { shard: id, attempt: shard.attempt });
            return Ok(());
        }
        if job.status.is_under_way() {
            let queued = Queued { shard: id, from: Self::period_after(now), since: now };
            // The queue has room for every live shard.
            // Workers that declined before a pause had a reason.
            let attempts = T::MaxAttempts::get().saturating_mul(u16::from(job.pauses).saturating_add(1));
            if shard.attempt <= attempts && Queue::<T>::try_append(queued).is_ok() {
                Self::deposit_event(Event::ShardRequeued { shard: id, attempt: shard.attempt });
                return Ok(());
            }
            Self::fail(&id, job, JobFailure::NoWorker)?;
        }
        Self::drop_shard(&id)
    }

    /// Ends a job because of a shard of it.
    pub(crate) fn fail(shard: &ShardId, mut job: Job, reason: JobFailure) -> DispatchResult {
        job.failure = Some(reason);
        Self::deposit_event(Event::JobFailed { job: shard.job, shard: *shard, reason });
        Self::wind_down(shard.job, job, JobStatus::Failed)
    }

    /// Removes a shard of an ended job that has no worker. One of which a worker was paid without an audit is kept as its job is, in no
    /// queue: what was paid counts, and no further attempt will ([`Shard::never_pays`]).
    pub(crate) fn drop_shard(id: &ShardId) -> DispatchResult {
        if let Some(shard) = Self::remove_shard(id).filter(|shard| !shard.compensated.is_empty()) {
            let attempt = shard.attempt.saturating_add(1);
            Shards::<T>::insert(id, Shard { phase: Phase::Queued, attempt, ..shard });
        }
        Self::deposit_event(Event::ShardDropped { shard: *id });
        let mut job = Jobs::<T>::get(id.job).ok_or(Error::<T>::NoSuchJob)?;
        Self::leave_live(&mut job);
        Self::keep(id.job, job)
    }

    fn leave_live(job: &mut Job) {
        job.live = job.live.saturating_sub(1);
        Live::<T>::mutate(|live| *live = live.saturating_sub(1));
    }

    /// Writes a shard, and keeps the index of duties and the agenda in step.
    pub(crate) fn put_shard(before: &Shard, after: &Shard) {
        let (old, new) = (parties(before), parties(after));
        for account in old.union(&new) {
            let was = old.contains(account).then(|| before.is_duty_of(account));
            let is = new.contains(account).then(|| after.is_duty_of(account));
            if was == is {
                continue;
            }
            match was {
                Some(true) => Duties::<T>::remove(account, after.id),
                Some(false) => Served::<T>::remove(account, after.id),
                None => {}
            }
            match is {
                Some(true) => Duties::<T>::insert(account, after.id, ()),
                Some(false) => Served::<T>::insert(account, after.id, ()),
                None => {}
            }
        }
        Shards::<T>::insert(after.id, after);
        Self::schedule(&after.id, after.expires());
    }

    /// Removes a shard and everything that points to it. Returns it.
    pub(crate) fn remove_shard(id: &ShardId) -> Option<Shard> {
        let shard = Shards::<T>::get(id)?;
        Shards::<T>::remove(id);
        for account in parties(&shard) {
            if shard.is_duty_of(&account) {
                Duties::<T>::remove(account, id);
            } else {
                Served::<T>::remove(account, id);
            }
        }
        Self::schedule(id, None);
        Some(shard)
    }

    /// Sees to it that a shard is looked at when its deadline passes. A shard stands in the agenda at most once, and may stand
    /// there too early: it is then moved on when its turn comes.
    fn schedule(id: &ShardId, expires: Option<Height>) {
        let at = Due::<T>::get(id);
        if at.zip(expires).is_some_and(|(at, expires)| at <= expires) {
            return;
        }
        if let Some(at) = at {
            Due::<T>::remove(id);
            Agenda::<T>::mutate_exists(at, |due| {
                if let Some(shards) = due {
                    shards.retain(|other| other != id);
                }
                *due = due.take().filter(|shards| !shards.is_empty());
            });
        }
        let Some(expires) = expires else { return };
        let mut at = expires.max(Self::now().saturating_add(1));
        // Every unsettled shard stands there once, so a height with room is at most `MaxUnsettled / MAX_DUE` away.
        for _ in 0..=T::MaxUnsettled::get() {
            if Agenda::<T>::try_append(at, *id).is_ok() {
                Due::<T>::insert(id, at);
                return;
            }
            at = at.saturating_add(1);
        }
    }

    /// Looks at the shards whose deadline may have passed. Returns their number.
    pub(crate) fn expire(now: Height) -> u32 {
        let shards = Agenda::<T>::take(now);
        for id in &shards {
            Due::<T>::remove(id);
            if Self::apply(id, ShardEvent::Expire).is_err() {
                // The deadline was moved on since, or lags.
                let expires = Shards::<T>::get(id).and_then(|shard| shard.expires());
                Self::schedule(id, expires.map(|expires| Self::moment().look_again(expires)));
            }
        }
        shards.len() as u32
    }
}

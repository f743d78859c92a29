// SPDX-License-Identifier: Apache-2.0
//! A job that goes on from what still stands of another one.

use crate::{
    types::{bit, MAX_FORK_DEPTH},
    *,
};

impl<T: Config> Pallet<T> {
    /// Forks a job that an overturned result has tainted. Shards that were paid and stand on nothing overturned are taken
    /// over, all others are run again; what these can cost is held, and a deposit for the place, and `shard_fee` is burned for each of them.
    pub(crate) fn do_fork(requester: AccountId32, from: JobId) -> DispatchResult {
        let mut parent = Jobs::<T>::get(from).ok_or(Error::<T>::NoSuchJob)?;
        ensure!(parent.requester == requester, Error::<T>::NotRequester);
        ensure!(parent.overturned != 0, Error::<T>::NotTainted);
        let now = Self::now();
        // While shards are under way or wait for their window, what can be taken over is not known.
        let prune_at = parent.prune_at.ok_or(Error::<T>::NotOver)?;
        ensure!(now < prune_at, Error::<T>::NoSuchJob);
        ensure!(parent.depth < MAX_FORK_DEPTH, Error::<T>::TooManyForks);
        let (job, draws_from) = (NextJob::<T>::get(), Self::period_after(now));
        let mut stages = Vec::new();
        let (mut escrow, mut shards): (Balance, u32) = (0, 0);
        // Stages of which something is run again, with other seeds: what was computed from the former results does not follow from these.
        let mut anew = 0u64;
        for (index, reads) in (0u16..).zip(&parent.reads) {
            let former = Stages::<T>::get(from, index).ok_or(Error::<T>::NoSuchJob)?;
            // What the job was to take over and had not looked at stands in the job before it. It goes with what the stage reads: where a
            // stage is taken over, that is taken over whole, so that either job has the same of it.
            let older = Self::former(&former, index).filter(|(_, older)| older.standing > former.standing);
            let (source, former) = older.unwrap_or((from, former));
            let stands = parent.tainted & bit(index) == 0 && reads & anew == 0 && former.standing > 0;
            let inherits = Some(source).filter(|_| stands);
            let taken_over = if stands { former.standing } else { 0 };
            if taken_over < former.stage.shards() {
                anew |= bit(index);
            }
            let last = former.stage.shards().saturating_sub(1);
            let has_last = inherits.is_some_and(|source| Self::standing(source, &former, index, last).is_some());
            let (created, accepted, standing, origins) = (0, 0, 0, BoundedVec::new());
            let record = StageRecord { created, accepted, standing, inherits, origins, root: None, ..former };
            escrow = escrow.saturating_add(Self::fork_cost(&record, index, taken_over, has_last, parent.bid)?);
            shards = shards.saturating_add(record.stage.shards().saturating_sub(taken_over));
            stages.push(record);
        }
        let others = Self::take_place(&requester)?;
        Waiting::<T>::try_append((job, draws_from)).map_err(|_| Error::<T>::TooManyOpenJobs)?;
        T::Currency::hold(&HoldReason::Escrow.into(), &requester, escrow)?;
        let place_deposit = Self::hold_place_deposit(&requester, others)?;
        let burned = Self::burn_shard_fee(&requester, shards)?;
        NextJob::<T>::put(job.saturating_add(1));
        for (index, record) in (0u16..).zip(stages) {
            Self::use_program(&record.stage.program);
            Stages::<T>::insert(job, index, record);
        }
        let record = Job {
            status: JobStatus::Waiting,
            submitted_at: now,
            draws_from,
            randomness: None,
            opened: 0,
            complete: 0,
            live: 0,
            maturing: 0,
            overturned: 0,
            tainted: 0,
            parent: Some(from),
            depth: parent.depth.saturating_add(1),
            forks: 0,
            prune_at: None,
            escrow,
            spent: 0,
            failure: None,
            pauses: 0,
            unfunded: 0,
            place_deposit,
            ..parent.clone()
        };
        Jobs::<T>::insert(job, record);
        parent.forks = parent.forks.saturating_add(1);
        Jobs::<T>::insert(from, parent);
        let by = requester.clone();
        Self::deposit_event(Event::JobForked { job, from, requester, escrow });
        Self::deposit_event(Event::PlaceDepositHeld { job, by: by.clone(), deposit: place_deposit });
        Self::deposit_event(Event::ShardFeeBurned { job, by, shards, burned });
        Ok(())
    }

    /// What the shards of a stage can cost that are not taken over. All shards but the last are of one size.
    fn fork_cost(
        record: &StageRecord,
        index: u16,
        taken_over: u32,
        has_last: bool,
        bid: Balance,
    ) -> Result<Balance, DispatchError> {
        let summary = Programs::<T>::get(record.stage.program).ok_or(Error::<T>::NoSuchJob)?.summary;
        let last = record.stage.shards().saturating_sub(1);
        let cost = |number: u32| record.cost(&record.shard(0, index, number, &summary), bid).total();
        let full = last.saturating_sub(taken_over.saturating_sub(has_last.into()));
        let of_last = if has_last { 0 } else { cost(last) };
        Ok(cost(0).saturating_mul(full.into()).saturating_add(of_last))
    }
}

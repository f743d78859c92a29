// SPDX-License-Identifier: Apache-2.0
//! What a job's stages move, which workers fit a job, and how many places an account takes.

use crate::{types::PublishedProgram, *};
use quern_primitives::{
    job::{Input, OutputMap, Stage},
    traits::Offer,
};
use quern_protocol::{shard::Traffic, view::Quote};

/// Open jobs that double the deposit for the place of the next one.
const JOBS_PER_DOUBLING: u32 = 16;

/// Bytes of a blob id.
const ID_BYTES: u64 = 32;
/// Bytes of a MiB.
const MIB: u64 = 1 << 20;

/// An earlier stage, as a later one fetches its outputs.
#[derive(Clone, Copy)]
pub(crate) struct Made {
    /// Bytes of an output.
    pub output_bytes: u64,
    /// Segments of a task: whoever fetches an output fetches the ids of its shard.
    pub segments: u32,
}

impl Made {
    fn ids(&self, tasks: u32) -> u64 {
        ID_BYTES.saturating_mul(self.segments.into()).saturating_mul(tasks.into())
    }
}

/// What the tasks of a stage move. A blob that tasks cut is fetched whole; `earlier` are the stages before this one.
pub(crate) fn traffic(stage: &Stage, program: &PublishedProgram, stages: &[Stage], earlier: &[Made]) -> Traffic {
    let (mut shared_bytes, mut task_bytes) = (0u64, 0u64);
    for (input, ty) in stage.inputs.iter().zip(&program.inputs) {
        let made = |read: u16| earlier.get(usize::from(read)).copied().zip(stages.get(usize::from(read)));
        let (shared, task) = match input {
            Input::Blob(blob) | Input::Slice { blob, .. } => (blob.len, 0),
            Input::List(list) => (list.len, ty.bytes()),
            Input::Index | Input::Seed => (0, 0),
            Input::Output { stage: read, map } => match (made(*read), map) {
                (Some((made, _)), OutputMap::Same) => (0, made.output_bytes.saturating_add(made.ids(1))),
                (Some((made, read)), OutputMap::Fixed(_)) => {
                    (made.output_bytes.saturating_add(made.ids(read.shard_size.min(read.tasks))), 0)
                }
                (Some((made, read)), OutputMap::All) => (ty.bytes().saturating_add(made.ids(read.tasks)), 0),
                (None, _) => (0, 0),
            },
        };
        shared_bytes = shared_bytes.saturating_add(shared);
        task_bytes = task_bytes.saturating_add(task);
    }
    let summary = &program.summary;
    Traffic { shared_bytes, task_bytes, state_bytes: summary.state_bytes, output_bytes: summary.output_bytes }
}

/// Memory of a program, in MiB.
pub(crate) fn memory_mib(summary: &quern_program::Summary) -> u64 {
    summary.memory_bytes.div_ceil(MIB)
}

impl<T: Config> Pallet<T> {
    /// How many workers, busy ones included, could run every shard of a job: by what they state, what they ask and what they
    /// have bonded.
    pub(crate) fn fitting_workers(spec: &JobSpec, quote: &Quote) -> u32 {
        let programs = spec.stages.iter().filter_map(|stage| Programs::<T>::get(stage.program));
        let needed = programs.map(|program| memory_mib(&program.summary)).max().unwrap_or(0);
        let fits = |Offer { account, ask, profile }: &Offer| {
            *ask <= spec.bid
                && spec.requirements.are_met_by(profile)
                && u64::from(profile.memory_mib) >= needed
                && T::Collateral::bonded(account) >= quote.collateral
        };
        T::Registry::offers().iter().filter(|offer| fits(offer)).count() as u32
    }

    /// Registered validators whose whole bond is at least an audit's. What is locked comes free, but nobody locks more than it has.
    pub(crate) fn bonded_validators(audit_bond: Balance) -> u32 {
        T::Registry::validators().iter().filter(|who| T::Collateral::bonded(who) >= audit_bond).count() as u32
    }

    /// What is held for the place of a job while so many others are open: `shard_fee`, doubled for each [`JOBS_PER_DOUBLING`] of them. Who
    /// would take all places, so that nobody else finds one, locks thousands of times as much for the last of them; and whoever finds
    /// them taken loses nothing by it.
    pub(crate) fn place_deposit(others: u32) -> Balance {
        let times = 1u128.checked_shl(others / JOBS_PER_DOUBLING).unwrap_or(u128::MAX);
        Self::params().shard_fee.saturating_mul(times)
    }

    /// Holds the deposit for the place of a job beside its escrow; returns the amount.
    pub(crate) fn hold_place_deposit(requester: &AccountId32, others: u32) -> Result<Balance, Error<T>> {
        let deposit = Self::place_deposit(others);
        T::Currency::hold(&HoldReason::PlaceDeposit.into(), requester, deposit)
            .map_err(|_| Error::<T>::CannotHoldPlaceDeposit)?;
        Ok(deposit)
    }

    /// Takes a place among the open jobs for an account; returns how many others there are.
    pub(crate) fn take_place(requester: &AccountId32) -> Result<u32, Error<T>> {
        let (open, theirs) = (OpenJobs::<T>::get(), OpenJobsOf::<T>::get(requester));
        ensure!(open < T::MaxOpenJobs::get(), Error::<T>::TooManyOpenJobs);
        ensure!(theirs < T::MaxOpenJobsOfAccount::get(), Error::<T>::TooManyJobsOfAccount);
        OpenJobs::<T>::put(open.saturating_add(1));
        OpenJobsOf::<T>::insert(requester, theirs.saturating_add(1));
        Ok(open)
    }

    /// Gives the place of a job back; its deposit is free again.
    pub(crate) fn leave_place(job: &mut Job) -> DispatchResult {
        let (requester, deposit) = (&job.requester, core::mem::take(&mut job.place_deposit));
        T::Currency::release(&HoldReason::PlaceDeposit.into(), requester, deposit, Precision::Exact)?;
        OpenJobs::<T>::mutate(|open| *open = open.saturating_sub(1));
        OpenJobsOf::<T>::mutate_exists(requester, |theirs| {
            *theirs = theirs.and_then(|theirs| theirs.checked_sub(1)).filter(|left| *left > 0);
        });
        Ok(())
    }
}

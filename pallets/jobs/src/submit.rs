// SPDX-License-Identifier: Apache-2.0
//! What makes a job valid, and what it can cost.

use crate::{
    terms::{traffic, Made},
    types::{audit_plan, audited_ppm, bit, At, Cost, Fees, JobFault, PPM},
    *,
};
use alloc::collections::BTreeMap;
use frame_support::traits::fungible::Mutate;
use quern_primitives::job::{
    AuditLevel, Input, OutputMap, Stage, KEPT_BLOB_BYTES, MAX_CHECKPOINT_BYTES, MAX_LEAVES, MAX_READ_SHARDS,
    MAX_STAGES, MAX_TASKS,
};
use quern_program::{proof::MAX_INPUT_BLOB_BYTES, Summary, TensorType, MAX_CONVICTION_BYTES};
use quern_protocol::{
    collateral,
    shard::{segment_work, Traffic, MAX_SAMPLES},
    view::Quote,
};

/// Bytes of a blob id.
const ID_BYTES: u64 = 32;
/// Bytes of a task's index.
const INDEX_BYTES: u64 = 4;
/// Bytes of a task's seed.
const SEED_BYTES: u64 = 32;

/// A valid job: its stages with their fees, what they read, and what it can cost.
pub(crate) struct Plan {
    /// Fees of each stage.
    pub fees: Vec<Fees>,
    /// Bytes that each stage moves.
    pub traffic: Vec<Traffic>,
    /// Stages that each stage reads, as bits.
    pub reads: Vec<u64>,
    /// What it can cost.
    pub quote: Quote,
}

/// Programs whose conviction bytes were computed, by the lengths of the pieces of their inputs.
type Widths = BTreeMap<(BlobId, Vec<Option<u64>>), u64>;

impl<T: Config> Pallet<T> {
    /// Checks a job, holds its escrow and keeps it.
    pub(crate) fn do_submit(requester: AccountId32, spec: JobSpec) -> DispatchResult {
        let plan = Self::plan(&spec).map_err(Error::<T>::InvalidJob)?;
        let Quote { escrow, price, audit_fee, protocol_fee, work_macs: macs, shards, .. } = plan.quote;
        let now = Self::now();
        let draws_from = Self::period_after(now);
        let job = NextJob::<T>::get();
        let others = Self::take_place(&requester)?;
        Waiting::<T>::try_append((job, draws_from)).map_err(|_| Error::<T>::TooManyOpenJobs)?;
        T::Currency::hold(&HoldReason::Escrow.into(), &requester, escrow)?;
        let place_deposit = Self::hold_place_deposit(&requester, others)?;
        let burned = Self::burn_shard_fee(&requester, shards)?;
        NextJob::<T>::put(job.saturating_add(1));
        for ((index, stage), (fees, traffic)) in (0u16..).zip(spec.stages).zip(plan.fees.into_iter().zip(plan.traffic))
        {
            Self::use_program(&stage.program);
            let (created, accepted, standing, inherits, root) = (0, 0, 0, None, None);
            let origins = BoundedVec::new();
            let record = StageRecord { stage, fees, created, accepted, standing, inherits, origins, root, traffic };
            Stages::<T>::insert(job, index, record);
        }
        let record = Job {
            requester: requester.clone(),
            status: JobStatus::Waiting,
            bid: spec.bid,
            audit: spec.audit,
            requirements: spec.requirements,
            endpoints: spec.endpoints,
            submitted_at: now,
            draws_from,
            randomness: None,
            reads: BoundedVec::truncate_from(plan.reads),
            opened: 0,
            complete: 0,
            live: 0,
            maturing: 0,
            overturned: 0,
            tainted: 0,
            parent: None,
            depth: 0,
            forks: 0,
            prune_at: None,
            escrow,
            spent: 0,
            failure: None,
            pauses: 0,
            unfunded: 0,
            extra_blocks: spec.extra_blocks,
            place_deposit,
        };
        Jobs::<T>::insert(job, record);
        let by = requester.clone();
        Self::deposit_event(Event::JobSubmitted { job, requester, escrow, price, audit_fee, protocol_fee, macs });
        Self::deposit_event(Event::PlaceDepositHeld { job, by: by.clone(), deposit: place_deposit });
        Self::deposit_event(Event::ShardFeeBurned { job, by, shards, burned });
        Ok(())
    }

    /// `shard_fee` for each shard that is to run.
    fn shard_fee(shards: u32) -> Balance {
        Self::params().shard_fee.saturating_mul(shards.into())
    }

    /// Burns `shard_fee` of a job, beside what is held; returns the amount.
    pub(crate) fn burn_shard_fee(requester: &AccountId32, shards: u32) -> Result<Balance, Error<T>> {
        let fee = Self::shard_fee(shards);
        let (preserve, exact, polite) = (Preservation::Preserve, Precision::Exact, Fortitude::Polite);
        T::Currency::burn_from(requester, fee, preserve, exact, polite).map_err(|_| Error::<T>::CannotPayShardFee)
    }

    /// What is kept of a program, if it is valid.
    pub(crate) fn check_program(publisher: AccountId32, bytes: &Code) -> Result<PublishedProgram, Error<T>> {
        let checked = Program::decode_checked(bytes).map_err(|error| Error::<T>::InvalidProgram(error.into()))?;
        let inputs = checked.program().inputs.clone();
        let inputs = inputs.try_into().map_err(|_| Error::<T>::InvalidProgram(ProgramFault::TooManyInputs))?;
        let deposit = T::DepositPerByte::get().saturating_mul(bytes.len() as u128);
        Ok(PublishedProgram { publisher, deposit, summary: checked.summary(), inputs })
    }

    /// What a job would cost if these programs were published too, and the deposit for those that are not.
    ///
    /// It publishes them, for nothing: only for a state that is thrown away, as that of a runtime API.
    pub fn dry_quote(spec: &JobSpec, programs: Vec<Vec<u8>>) -> Result<(Quote, Balance), DispatchError> {
        let mut deposit: Balance = 0;
        for bytes in programs.into_iter().take(MAX_STAGES as usize) {
            let fault = Error::<T>::InvalidProgram(ProgramFault::TooLong);
            let bytes = Code::try_from(bytes).map_err(|_| fault)?;
            let program = BlobId::of(&bytes);
            if !Programs::<T>::contains_key(program) {
                let published = Self::check_program(AccountId32::new([0; 32]), &bytes)?;
                deposit = deposit.saturating_add(published.deposit);
                Programs::<T>::insert(program, published);
                Codes::<T>::insert(program, bytes);
            }
        }
        Ok((Self::quote(spec)?, deposit))
    }

    /// What a job would cost, or why it would be refused.
    pub fn quote(spec: &JobSpec) -> Result<Quote, DispatchError> {
        let mut quote = Self::plan(spec).map_err(Error::<T>::InvalidJob)?.quote;
        quote.workers = Self::fitting_workers(spec, &quote);
        quote.shard_fee = Self::shard_fee(quote.shards);
        quote.place_deposit = Self::place_deposit(OpenJobs::<T>::get());
        quote.validators = Self::bonded_validators(quote.audit_bond);
        Ok(quote)
    }

    /// Checks a job.
    pub(crate) fn plan(spec: &JobSpec) -> Result<Plan, JobFault> {
        ensure!(!spec.stages.is_empty(), JobFault::NoStages);
        ensure!(spec.bid > 0, JobFault::NoBid);
        let params = Self::params();
        ensure!(spec.bid >= params.min_bid, JobFault::BidTooLow);
        ensure!(spec.extra_blocks <= params.max_extra_blocks, JobFault::TooManyExtraBlocks);
        let inputs = || spec.stages.iter().flat_map(|stage| &stage.inputs);
        let is_blob = |input: &Input| matches!(input, Input::Blob(_) | Input::Slice { .. } | Input::List(_));
        ensure!(!inputs().any(is_blob) || !spec.endpoints.is_empty(), JobFault::NoEndpoints);
        let mut plan = Plan { fees: Vec::new(), traffic: Vec::new(), reads: Vec::new(), quote: Quote::default() };
        let mut output_bytes = Vec::new();
        let mut earlier = Vec::new();
        let mut widths = Widths::new();
        for (index, stage) in (0u16..).zip(&spec.stages) {
            let at = At { stage: index as u8, input: 0 };
            let program = Programs::<T>::get(stage.program).ok_or(JobFault::UnknownProgram(at))?;
            check_shards(stage, spec.audit, &program.summary, at)?;
            ensure!(stage.inputs.len() == program.inputs.len(), JobFault::InputCount(at));
            let mut reads = 0u64;
            for ((number, input), ty) in (0u8..).zip(&stage.inputs).zip(&program.inputs) {
                let at = At { input: number, ..at };
                check_input(input, ty, stage, index, &spec.stages, &output_bytes, at)?;
                if let Input::Output { stage, .. } = input {
                    reads |= bit(*stage);
                }
            }
            let read = (0u16..).zip(&spec.stages).filter(|(earlier, _)| reads & bit(*earlier) != 0);
            let shards = read.fold(0u32, |sum, (_, earlier)| sum.saturating_add(earlier.shards()));
            ensure!(shards <= MAX_READ_SHARDS, JobFault::TooManyReadShards(at));
            Self::check_width(stage, &output_bytes, &mut widths, at)?;
            plan.reads.push(reads);
            plan.traffic.push(traffic(stage, &program, &spec.stages, &earlier));
            let Summary { output_bytes: bytes, segments, .. } = program.summary;
            output_bytes.push(bytes);
            earlier.push(Made { output_bytes: bytes, segments });
            let fees = Self::add_stage(&mut plan.quote, stage, &program, spec, &params)?;
            plan.fees.push(fees);
        }
        Ok(plan)
    }

    /// Adds what a stage can cost to the quote, and fixes its fees.
    fn add_stage(
        quote: &mut Quote,
        stage: &Stage,
        program: &PublishedProgram,
        spec: &JobSpec,
        params: &Params,
    ) -> Result<Fees, JobFault> {
        let work = segment_work(&program.summary);
        let shards = stage.shards();
        let last = shards.saturating_sub(1);
        let mut fees = Fees { protocol_ppm: T::Rewards::protocol_fee_ppm(), ..Fees::default() };
        // All shards but the last are of one size.
        for (index, count) in [(0, last), (last, 1)] {
            let (_, tasks) = stage.tasks_of(index);
            let work_macs = work.task().saturating_mul(u128::from(tasks));
            let work_macs = u64::try_from(work_macs).map_err(|_| JobFault::CostOverflow)?;
            ensure!(u128::from(work_macs).checked_mul(spec.bid).is_some(), JobFault::CostOverflow);
            let leaves = tasks.saturating_mul(work.segments_per_task());
            let audit = audit_plan(params, spec.audit, stage.tasks, leaves);
            let audited = audited_ppm(&audit, leaves);
            let audit_ppm = T::Rewards::audit_fee_ppm(audited).saturating_mul(audit.auditors);
            if index == last {
                fees.last_audit_ppm = audit_ppm;
            }
            if count > 0 && index == 0 {
                fees.audit_ppm = audit_ppm;
            }
            let price = collateral::price(work_macs, spec.bid);
            ensure!(price.checked_mul(u128::from(audit_ppm.max(fees.protocol_ppm))).is_some(), JobFault::CostOverflow);
            let cost = Cost::at_price(price, audit_ppm, fees.protocol_ppm);
            let add = |sum: Balance, one: Balance| {
                one.checked_mul(u128::from(count)).and_then(|all| sum.checked_add(all)).ok_or(JobFault::CostOverflow)
            };
            quote.price = add(quote.price, cost.price)?;
            quote.audit_fee = add(quote.audit_fee, cost.audit_fee)?;
            quote.protocol_fee = add(quote.protocol_fee, cost.protocol_fee)?;
            quote.escrow = add(quote.escrow, cost.total())?;
            let all_work = work_macs.checked_mul(u64::from(count)).ok_or(JobFault::CostOverflow)?;
            quote.work_macs = quote.work_macs.checked_add(all_work).ok_or(JobFault::CostOverflow)?;
            // Work is no less than that, so it does not overflow before.
            let macs = program.summary.task_macs().saturating_mul(tasks.into()).saturating_mul(count.into());
            quote.macs = quote.macs.saturating_add(macs);
            let again = u128::from(all_work)
                .saturating_mul(u128::from(audited))
                .saturating_mul(u128::from(audit.auditors))
                .div_ceil(u128::from(PPM));
            quote.audit_macs = quote.audit_macs.saturating_add(u64::try_from(again).unwrap_or(u64::MAX));
            if count > 0 {
                quote.audit_bond = quote.audit_bond.max(audit.bond).max(price);
                quote.auditors = quote.auditors.max(audit.auditors);
                quote.collateral = quote.collateral.max(collateral::collateral(cost.price, params, audit.auditors));
            }
        }
        quote.shards = quote.shards.saturating_add(shards);
        Ok(fees)
    }

    /// Checks that an element's proofs stay small where inputs are made of many outputs: a run may lie in several of them.
    fn check_width(stage: &Stage, output_bytes: &[u64], widths: &mut Widths, at: At) -> Result<(), JobFault> {
        let piece = |input: &Input| match input {
            Input::Output { stage, map: OutputMap::All } => output_bytes.get(usize::from(*stage)).copied(),
            _ => None,
        };
        let pieces: Vec<Option<u64>> = stage.inputs.iter().map(piece).collect();
        if pieces.iter().all(Option::is_none) {
            return Ok(());
        }
        let key = (stage.program, pieces.clone());
        let width = match widths.get(&key) {
            Some(width) => *width,
            None => {
                let program = Self::checked(&stage.program).ok_or(JobFault::UnknownProgram(at))?;
                program.conviction_bytes_with(|input| pieces.get(usize::from(input)).copied().flatten())
            }
        };
        widths.insert(key, width);
        ensure!(width <= MAX_CONVICTION_BYTES, JobFault::TooWide(at));
        Ok(())
    }
}

/// Checks the tasks and shards of a stage whose program is summed up in `summary`.
fn check_shards(stage: &Stage, audit: AuditLevel, summary: &Summary, at: At) -> Result<(), JobFault> {
    ensure!(stage.tasks > 0, JobFault::NoTasks(at));
    ensure!(stage.tasks <= MAX_TASKS, JobFault::TooManyTasks(at));
    ensure!(stage.shard_size > 0, JobFault::NoShardSize(at));
    ensure!(stage.shards() <= MAX_SHARDS, JobFault::TooManyShards(at));
    let leaves = stage.shard_size.min(stage.tasks).saturating_mul(summary.segments);
    ensure!(leaves <= MAX_LEAVES, JobFault::TooManyLeaves(at));
    let tasks = u64::from(stage.shard_size.min(stage.tasks));
    let blobs = tasks.saturating_mul(summary.kept_blobs.into()).saturating_mul(KEPT_BLOB_BYTES);
    let checkpoints = u64::from(leaves).saturating_mul(summary.state_bytes).saturating_add(blobs);
    ensure!(checkpoints <= MAX_CHECKPOINT_BYTES, JobFault::TooManyCheckpointBytes(at));
    ensure!(audit == AuditLevel::Sampled || leaves <= MAX_SAMPLES, JobFault::TooManyLeavesToAudit(at));
    Ok(())
}

/// Checks that one input gives exactly the bytes that the program's tensor has.
fn check_input(
    input: &Input,
    ty: &TensorType,
    reader: &Stage,
    index: u16,
    stages: &[Stage],
    output_bytes: &[u64],
    at: At,
) -> Result<(), JobFault> {
    let bytes = ty.bytes();
    let last_task = u64::from(reader.tasks.saturating_sub(1));
    let given = match input {
        Input::Blob(blob) => blob.len,
        Input::Slice { blob, stride } => {
            ensure!(blob.len <= MAX_INPUT_BLOB_BYTES, JobFault::BlobTooLong(at));
            ensure!(last_task.saturating_mul(*stride) < blob.len, JobFault::SliceBeyondBlob(at));
            *stride
        }
        Input::List(list) => {
            ensure!(list.len <= MAX_INPUT_BLOB_BYTES, JobFault::BlobTooLong(at));
            let whole = list.len.checked_rem(ID_BYTES) == Some(0);
            ensure!(whole && last_task.saturating_mul(ID_BYTES) < list.len, JobFault::ListTooShort(at));
            bytes
        }
        Input::Output { stage, map } => {
            ensure!(*stage < index, JobFault::NotEarlier(at));
            let read = stages.get(usize::from(*stage)).ok_or(JobFault::NotEarlier(at))?;
            let output = output_bytes.get(usize::from(*stage)).copied().ok_or(JobFault::NotEarlier(at))?;
            match map {
                OutputMap::Same => {
                    ensure!(read.tasks == reader.tasks, JobFault::TasksDiffer(at));
                    output
                }
                OutputMap::Fixed(task) => {
                    ensure!(*task < read.tasks, JobFault::NoSuchTask(at));
                    output
                }
                OutputMap::All => {
                    let whole = output.checked_rem(ty.dtype.bytes()) == Some(0);
                    ensure!(whole, JobFault::ElementAcrossOutputs(at));
                    output.saturating_mul(u64::from(read.tasks))
                }
            }
        }
        Input::Index => INDEX_BYTES,
        Input::Seed => SEED_BYTES,
    };
    ensure!(given == bytes, JobFault::InputSize(at));
    Ok(())
}

// SPDX-License-Identifier: Apache-2.0
//! What the pallet keeps, and why a program or a job is refused.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{pallet_prelude::TypeInfo, traits::ConstU32, BoundedVec, PalletError};
use quern_primitives::{
    draw::SegmentCosts,
    job::{AuditLevel, Endpoint, Requirements, Stage, MAX_ENDPOINTS, MAX_SHARDS, MAX_STAGES, MAX_STAGE_INPUTS},
    traits::APPRENTICE_AUDITORS,
    Balance, BlobId, Height, JobId, ShardId,
};
use quern_program::{OperatorError, ProgramError, Summary, TensorType, MAX_PROGRAM_BYTES};
use quern_protocol::{
    collateral,
    shard::{segment_work, Traffic},
    traits::AuditPlan,
    view::{JobFailure, JobStatus},
    Shard,
};
use sp_runtime::AccountId32;

/// Most shards in one `commit_shards`.
pub const MAX_COMMITS: u32 = 16;
/// Most jobs that a fork descends from: all of them are kept as long as it is.
pub const MAX_FORK_DEPTH: u8 = 3;
/// Most deadlines of one height; more of them move to the next. Each can read every stage of its job, and 36 writes follow: 32 of
/// them fit beside the other hooks.
pub const MAX_DUE: u32 = 32;
/// Candidates cover this many times the slots that are asked for: wide enough that a draw cannot be steered by leaving it.
pub const POOL_FACTOR: u32 = 4;
/// Fewest candidates, where they exist.
pub const POOL_MINIMUM: usize = 8;
/// Parts per million.
pub const PPM: u32 = 1_000_000;

/// The bytes of a program.
pub type Code = BoundedVec<u8, ConstU32<{ MAX_PROGRAM_BYTES as u32 }>>;

/// A published program.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct PublishedProgram {
    /// Who published it.
    pub publisher: AccountId32,
    /// What is held for its bytes.
    pub deposit: Balance,
    /// What it costs.
    pub summary: Summary,
    /// Types of its inputs.
    pub inputs: BoundedVec<TensorType, ConstU32<MAX_STAGE_INPUTS>>,
}

/// Cost of the segments of a task, as a shard keeps them.
pub fn segment_costs(summary: &Summary) -> SegmentCosts {
    SegmentCosts {
        init: summary.macs_init,
        body: summary.macs_body,
        steps: summary.steps,
        finish: summary.macs_finish,
        has_loop: summary.steps > 0,
    }
}

/// A job, without its stages.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Job {
    /// Who pays.
    pub requester: AccountId32,
    /// Where it is in its life.
    pub status: JobStatus,
    /// Highest price per GMAC.
    pub bid: Balance,
    /// How much is audited.
    pub audit: AuditLevel,
    /// What a worker's device must be.
    pub requirements: Requirements,
    /// Where its blobs are served.
    pub endpoints: BoundedVec<Endpoint, ConstU32<MAX_ENDPOINTS>>,
    /// Height of its submission.
    pub submitted_at: Height,
    /// The first draw period that began after its submission.
    pub draws_from: Height,
    /// Randomness drawn after its submission.
    pub randomness: Option<[u8; 32]>,
    /// For each stage the set of stages that it reads, as bits.
    pub reads: BoundedVec<u64, ConstU32<MAX_STAGES>>,
    /// Stages whose shards all exist, as bits.
    pub opened: u64,
    /// Stages whose shards are all accepted, as bits.
    pub complete: u64,
    /// Shards that exist and are not accepted.
    pub live: u32,
    /// Shards that are accepted and not settled.
    pub maturing: u32,
    /// Stages with an overturned shard, as bits.
    pub overturned: u64,
    /// Stages that stand on one of those, as bits.
    pub tainted: u64,
    /// The job that it is a fork of.
    pub parent: Option<JobId>,
    /// How many jobs it descends from.
    pub depth: u8,
    /// Forks of it that exist: its shards are kept as long as they.
    pub forks: u32,
    /// Height from which it is pruned, once it is over.
    pub prune_at: Option<Height>,
    /// What is still held.
    pub escrow: Balance,
    /// What was paid.
    pub spent: Balance,
    /// Why it failed.
    pub failure: Option<JobFailure>,
    /// How often it was paused because inputs could not be fetched.
    pub pauses: u8,
    /// What was paid for results that nobody could audit: that much less is held than its shards can cost, until it is
    /// resumed.
    pub unfunded: Balance,
    /// Blocks by which the start, the execution and the audits of its shards have longer.
    pub extra_blocks: Height,
    /// What is held for its place among the open jobs: nothing once it is over.
    pub place_deposit: Balance,
}

impl Job {
    /// The first stage whose inputs are all there and whose shards do not all exist yet.
    pub fn openable(&self) -> Option<u16> {
        let mut stages = (0u16..).zip(&self.reads);
        let open = |(index, reads): &(u16, &u64)| self.opened & bit(*index) == 0 && **reads & !self.complete == 0;
        stages.find(open).map(|(index, _)| index)
    }

    /// The stages that read a stage.
    pub fn readers(&self, stage: u16) -> impl Iterator<Item = u16> + '_ {
        let reads = (0u16..).zip(&self.reads);
        reads.filter(move |(_, reads)| **reads & bit(stage) != 0).map(|(reader, _)| reader)
    }

    /// Whether every stage is complete.
    pub fn is_complete(&self) -> bool {
        (0u16..).zip(&self.reads).all(|(index, _)| self.complete & bit(index) != 0)
    }

    /// Whether nothing can happen to it any more.
    pub fn is_over(&self) -> bool {
        !self.status.is_open() && self.live == 0 && self.maturing == 0
    }

    /// Notes that a shard of a stage was overturned, and which stages stand on it. Stages read earlier ones alone.
    pub fn taint(&mut self, stage: u16) {
        self.overturned |= bit(stage);
        for (index, reads) in (0u16..).zip(&self.reads) {
            if reads & (self.overturned | self.tainted) != 0 {
                self.tainted |= bit(index);
            }
        }
    }
}

/// The bit of a stage. There are at most 64.
pub fn bit(stage: u16) -> u64 {
    1u64.checked_shl(u32::from(stage)).unwrap_or(0)
}

/// A stage of a job and how far it is.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct StageRecord {
    /// The stage.
    pub stage: Stage,
    /// Shares of the price, fixed at submission.
    pub fees: Fees,
    /// Shards that were created or taken over.
    pub created: u32,
    /// Shards that were accepted or taken over.
    pub accepted: u32,
    /// Shards that were paid or taken over: what a fork can take over.
    pub standing: u32,
    /// The job whose paid shards of this stage are taken over.
    pub inherits: Option<JobId>,
    /// Where it takes over shards, the job of each one that was created or taken over: this one, or one that it descends from.
    pub origins: BoundedVec<JobId, ConstU32<MAX_SHARDS>>,
    /// BLAKE3 of the list of shard roots, once all are accepted.
    pub root: Option<BlobId>,
    /// Bytes that its tasks move, fixed at submission.
    pub traffic: Traffic,
}

/// Shares of a shard's price that are paid on top of it, in parts per million, as they were at submission.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Fees {
    /// The protocol fee.
    pub protocol_ppm: u32,
    /// All auditors of a shard of full size together.
    pub audit_ppm: u32,
    /// All auditors of the last shard together: it may be smaller, so that more of it is audited.
    pub last_audit_ppm: u32,
}

/// What a shard costs its requester.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// The work.
    pub price: Balance,
    /// The auditors.
    pub audit_fee: Balance,
    /// The protocol.
    pub protocol_fee: Balance,
}

impl Cost {
    /// The cost of a shard at a price. Fees round up: the requester chose the size.
    pub fn at_price(price: Balance, audit_ppm: u32, protocol_ppm: u32) -> Self {
        let share = |ppm: u32| price.saturating_mul(u128::from(ppm)).div_ceil(u128::from(PPM));
        Self { price, audit_fee: share(audit_ppm), protocol_fee: share(protocol_ppm) }
    }

    /// What the same shard costs when an apprentice runs it: the same in all, but what is paid to the auditors is for
    /// [`APPRENTICE_AUDITORS`] instead of `auditors`, and the difference comes out of its price. None when that would take more
    /// than half of the price: the shard is not worth an apprentice's while.
    pub fn for_apprentice(self, auditors: u32) -> Option<Self> {
        let audit_fee = apprentice_audit_fee(self.audit_fee, auditors);
        let further = audit_fee.saturating_sub(self.audit_fee);
        let price = self.price.saturating_sub(further);
        (further <= self.price / 2).then_some(Self { price, audit_fee, ..self })
    }

    /// All of it.
    pub fn total(&self) -> Balance {
        self.price.saturating_add(self.audit_fee).saturating_add(self.protocol_fee)
    }
}

impl StageRecord {
    /// The job of a shard of this stage of `job`.
    pub fn origin(&self, job: JobId, index: u32) -> JobId {
        self.origins.get(index as usize).copied().unwrap_or(job)
    }

    /// The cost of a shard at a price per GMAC.
    pub fn cost(&self, shard: &Shard, per_gmac: Balance) -> Cost {
        self.cost_at_price(shard.id.index, collateral::price(shard.work_macs(), per_gmac))
    }

    /// The cost of the shard with this index at a price.
    pub fn cost_at_price(&self, index: u32, price: Balance) -> Cost {
        let is_last = index.saturating_add(1) >= self.stage.shards();
        let audit_ppm = if is_last { self.fees.last_audit_ppm } else { self.fees.audit_ppm };
        Cost::at_price(price, audit_ppm, self.fees.protocol_ppm)
    }

    /// The shard with this index, as it is created.
    pub fn shard(&self, job: JobId, stage: u16, index: u32, program: &Summary) -> Shard {
        let (first_task, tasks) = self.stage.tasks_of(index);
        let (traffic, work) = (self.traffic, segment_work(program));
        let shard = Shard::new(ShardId { job, stage, index }, first_task, tasks, segment_costs(program));
        Shard { traffic, work, ..shard }
    }
}

/// How a shard of `leaves` leaves is audited, in a stage of `tasks` tasks.
pub fn audit_plan(params: &quern_protocol::Params, audit: AuditLevel, tasks: u32, leaves: u32) -> AuditPlan {
    let (samples, auditors) = match (tasks, audit) {
        (0 | 1, _) => (quern_protocol::shard::MAX_SAMPLES, params.single_task_auditors),
        (_, AuditLevel::Full) => (quern_protocol::shard::MAX_SAMPLES, params.auditors),
        (_, AuditLevel::Sampled) => (u32::from(params.samples), params.auditors),
    };
    AuditPlan { samples: samples.min(leaves), auditors: u32::from(auditors), bond: params.audit_bond, liability: 0 }
}

/// Validators that audit an apprentice's shard, given how many would audit it otherwise.
pub fn apprentice_auditors(auditors: u32) -> u32 {
    auditors.max(APPRENTICE_AUDITORS)
}

/// The fee of all auditors of an apprentice's shard, given that of `auditors`; rounded up, against the apprentice.
fn apprentice_audit_fee(audit_fee: Balance, auditors: u32) -> Balance {
    let all = audit_fee.saturating_mul(apprentice_auditors(auditors).into());
    all.div_ceil(Balance::from(auditors.max(1)))
}

/// Share of a shard that each of its auditors runs again, in parts per million, rounded up.
pub fn audited_ppm(plan: &AuditPlan, leaves: u32) -> u32 {
    let ppm = u64::from(plan.samples).saturating_mul(u64::from(PPM)).div_ceil(u64::from(leaves.max(1)));
    ppm.min(u64::from(PPM)) as u32
}

/// A shard that waits for a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Queued {
    /// The shard.
    pub shard: ShardId,
    /// The first draw period whose seed may choose its worker.
    pub from: Height,
    /// Since when it waits.
    pub since: Height,
}

/// Why a program is refused. Operators are named by their index in their block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo, PalletError)]
pub enum ProgramFault {
    /// The bytes are longer than 64 KiB.
    #[codec(index = 0)]
    TooLong,
    /// The bytes are not the encoding of a program.
    #[codec(index = 1)]
    Encoding,
    /// Too many operators, or too many in one block.
    #[codec(index = 2)]
    TooManyOperators,
    /// Too many inputs.
    #[codec(index = 3)]
    TooManyInputs,
    /// Too many constants.
    #[codec(index = 4)]
    TooManyConstants,
    /// Too many state tensors.
    #[codec(index = 5)]
    TooManyStates,
    /// Too many loop steps.
    #[codec(index = 6)]
    TooManySteps,
    /// An input is empty or too large.
    #[codec(index = 7)]
    InputSize(u16),
    /// A constant is empty or too large.
    #[codec(index = 8)]
    ConstantSize(u16),
    /// A constant's bytes do not match its type.
    #[codec(index = 9)]
    ConstantLength(u16),
    /// Parts of a loop without steps, or steps without a state or a body.
    #[codec(index = 10)]
    Loop,
    /// `state` and `next` do not fit each other.
    #[codec(index = 11)]
    State,
    /// The output is not an output of finish.
    #[codec(index = 12)]
    Output,
    /// An operator reads a value that does not exist in its place.
    #[codec(index = 13)]
    OperatorValue(u16),
    /// An operator does not accept its arguments.
    #[codec(index = 14)]
    OperatorType(u16),
    /// An operator's output is empty or too large.
    #[codec(index = 15)]
    OperatorSize(u16),
    /// The proofs for one element of an operator take too many bytes.
    #[codec(index = 16)]
    OperatorTooWide(u16),
    /// The tensors of a segment take too much memory.
    #[codec(index = 17)]
    TooMuchMemory,
    /// The cost does not fit.
    #[codec(index = 18)]
    CostOverflow,
}

impl From<ProgramError> for ProgramFault {
    fn from(error: ProgramError) -> Self {
        match error {
            ProgramError::TooLong => Self::TooLong,
            ProgramError::Encoding => Self::Encoding,
            ProgramError::TooManyOperators => Self::TooManyOperators,
            ProgramError::TooManyInputs => Self::TooManyInputs,
            ProgramError::TooManyConstants => Self::TooManyConstants,
            ProgramError::TooManyStates => Self::TooManyStates,
            ProgramError::TooManySteps => Self::TooManySteps,
            ProgramError::InputSize(index) => Self::InputSize(index),
            ProgramError::ConstantSize(index) => Self::ConstantSize(index),
            ProgramError::ConstantLength(index) => Self::ConstantLength(index),
            ProgramError::LoopWithoutSteps | ProgramError::LoopWithoutBody => Self::Loop,
            ProgramError::StateCount
            | ProgramError::StateNotOutput(_)
            | ProgramError::NextNotOutput(_)
            | ProgramError::StateType(_) => Self::State,
            ProgramError::OutputNotOutput => Self::Output,
            ProgramError::Operator { op, error, .. } => match error {
                OperatorError::UnknownValue(_) | OperatorError::ValueNotInBlock(_) => Self::OperatorValue(op),
                OperatorError::Type(_) => Self::OperatorType(op),
                OperatorError::EmptyDimension | OperatorError::TooLarge => Self::OperatorSize(op),
                OperatorError::TooWide(_) => Self::OperatorTooWide(op),
            },
            ProgramError::TooMuchMemory => Self::TooMuchMemory,
            ProgramError::CostOverflow => Self::CostOverflow,
        }
    }
}

/// The stage, and in it the input, that a job is refused for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo, PalletError)]
pub struct At {
    /// Index of the stage.
    pub stage: u8,
    /// Index of the input, 0 where it is the stage as a whole.
    pub input: u8,
}

/// Why a job is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo, PalletError)]
pub enum JobFault {
    /// There are no stages.
    #[codec(index = 0)]
    NoStages,
    /// The bid is zero.
    #[codec(index = 1)]
    NoBid,
    /// An input is a blob, but nobody is named who serves it.
    #[codec(index = 2)]
    NoEndpoints,
    /// The program is not published.
    #[codec(index = 3)]
    UnknownProgram(At),
    /// A stage has no tasks.
    #[codec(index = 4)]
    NoTasks(At),
    /// A stage has more than `MAX_TASKS` tasks.
    #[codec(index = 5)]
    TooManyTasks(At),
    /// The shard size is zero.
    #[codec(index = 6)]
    NoShardSize(At),
    /// A stage has more than `MAX_SHARDS` shards.
    #[codec(index = 7)]
    TooManyShards(At),
    /// A shard has more than `MAX_LEAVES` leaves.
    #[codec(index = 8)]
    TooManyLeaves(At),
    /// A full audit is asked for, but a shard has more leaves than can be drawn.
    #[codec(index = 9)]
    TooManyLeavesToAudit(At),
    /// The stage names another number of inputs than the program has.
    #[codec(index = 10)]
    InputCount(At),
    /// The input's bytes are not as many as the program's tensor has.
    #[codec(index = 11)]
    InputSize(At),
    /// The blob is longer than an input's blob may be.
    #[codec(index = 12)]
    BlobTooLong(At),
    /// The slice of the last task starts beyond the blob.
    #[codec(index = 13)]
    SliceBeyondBlob(At),
    /// The list is not a list of ids, or has fewer than one for each task.
    #[codec(index = 14)]
    ListTooShort(At),
    /// The input reads this stage or a later one.
    #[codec(index = 15)]
    NotEarlier(At),
    /// The input reads the output with the same index of a stage with another number of tasks.
    #[codec(index = 16)]
    TasksDiffer(At),
    /// The input reads the output of a task that does not exist.
    #[codec(index = 17)]
    NoSuchTask(At),
    /// An element of the input would lie in two outputs.
    #[codec(index = 18)]
    ElementAcrossOutputs(At),
    /// Inputs made of many outputs: the proofs for one element take too many bytes.
    #[codec(index = 19)]
    TooWide(At),
    /// The cost does not fit.
    #[codec(index = 20)]
    CostOverflow,
    /// The stages that it reads have more than `MAX_READ_SHARDS` shards together.
    #[codec(index = 21)]
    TooManyReadShards(At),
    /// The checkpoints of a shard take more than `MAX_CHECKPOINT_BYTES`, where each blob counts for `KEPT_BLOB_BYTES` more than it has: a
    /// worker must keep them all.
    #[codec(index = 22)]
    TooManyCheckpointBytes(At),
    /// The bid is below the chain's `min_bid`.
    #[codec(index = 23)]
    BidTooLow,
    /// Deadlines are to be lengthened by more than the chain's `max_extra_blocks`.
    #[codec(index = 24)]
    TooManyExtraBlocks,
}

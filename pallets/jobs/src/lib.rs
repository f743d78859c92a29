// SPDX-License-Identifier: Apache-2.0
#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![deny(missing_docs, rustdoc::broken_intra_doc_links)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)
)]

extern crate alloc;

mod assign;
#[cfg(feature = "runtime-benchmarks")]
pub mod benchmarking;
mod fork;
mod pause;
mod programs;
mod settle;
mod stages;
mod submit;
mod terms;
#[cfg(test)]
mod tests;
mod try_state;
pub mod types;
mod views;
pub mod weights;

pub use pallet::*;
pub use types::{JobFault, ProgramFault};
pub use weights::WeightInfo;

use alloc::vec::Vec;
use frame_support::{
    pallet_prelude::*,
    traits::{
        fungible,
        fungible::{InspectHold, MutateHold},
        tokens::{Fortitude, Precision, Preservation, Restriction},
    },
};
use frame_system::pallet_prelude::*;
use quern_primitives::{
    job::{Endpoint, JobSpec, MAX_ENDPOINTS, MAX_SHARDS},
    traits::{Collateral, Deadlines, Offences, Randomness, Registry, Rewards},
    Account, Balance, BlobId, Height, JobId, ShardId,
};
use quern_program::Program;
use quern_protocol::{
    shard::Event as ShardEvent,
    traits::{Audits, Shards as _},
    view::{JobFailure, JobStatus},
    Moment, Params, Shard, ShardError,
};
use sp_runtime::{traits::UniqueSaturatedInto, AccountId32};
use types::{Code, Job, PublishedProgram, Queued, StageRecord, MAX_COMMITS, MAX_DUE};

/// The pallet.
// What the macros generate for storage and errors expects what it has checked.
#[allow(clippy::expect_used)]
#[frame_support::pallet]
pub mod pallet {
    use super::*;

    /// What the runtime supplies.
    #[pallet::config]
    pub trait Config: frame_system::Config<AccountId = AccountId32> {
        /// The runtime's reason for a hold.
        type RuntimeHoldReason: From<HoldReason>;
        /// The native token.
        type Currency: fungible::Mutate<AccountId32>
            + fungible::Inspect<AccountId32, Balance = Balance>
            + fungible::MutateHold<AccountId32, Reason = Self::RuntimeHoldReason>;
        /// Seeds of draw periods.
        type Randomness: Randomness;
        /// How far deadlines lag.
        type Deadlines: Deadlines;
        /// Bonds of workers and validators.
        type Collateral: Collateral;
        /// Workers that are ready.
        type Registry: Registry;
        /// Where offences are reported.
        type Offences: Offences;
        /// Where accepted work is credited.
        type Rewards: Rewards;
        /// The keeper of draws and disputes.
        type Audits: Audits;
        /// Most shards that exist and are not accepted, of all jobs, but for those of paused jobs that wait: bounds the queue (26 bytes each, rewritten by every
        /// block that changes it) and what a block can have to expire.
        #[pallet::constant]
        type MaxLive: Get<u32>;
        /// Most shards that exist and are not settled, accepted ones included: bounds the deadlines in the agenda.
        #[pallet::constant]
        type MaxUnsettled: Get<u32>;
        /// Most jobs that are not over.
        #[pallet::constant]
        type MaxOpenJobs: Get<u32>;
        /// Most jobs of one account that are not over: a share of the places, so that nobody takes them all.
        #[pallet::constant]
        type MaxOpenJobsOfAccount: Get<u32>;
        /// Most shards that one block creates, most that it looks at in the queue, and most that it removes.
        #[pallet::constant]
        type ShardsPerBlock: Get<u32>;
        /// Times that a shard is put back into the queue before its job fails.
        #[pallet::constant]
        type MaxAttempts: Get<u16>;
        /// Blocks that a shard waits for a worker before its job fails: a bid below every ask must not fill the queue.
        #[pallet::constant]
        type PatienceBlocks: Get<Height>;
        /// Blocks from a job's end until all of it but the root is removed: requesters fetch and verify meanwhile.
        #[pallet::constant]
        type RetentionBlocks: Get<Height>;
        /// Held for each byte of a published program.
        #[pallet::constant]
        type DepositPerByte: Get<Balance>;
        /// Weights.
        type WeightInfo: WeightInfo;
        /// Puts workers and bonds into place for benchmarks.
        #[cfg(feature = "runtime-benchmarks")]
        type BenchmarkHelper: benchmarking::BenchmarkHelper;
    }

    #[pallet::pallet]
    pub struct Pallet<T>(_);

    /// Why this pallet holds funds.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// What open jobs can still spend.
        #[codec(index = 0)]
        Escrow,
        /// The bytes of published programs.
        #[codec(index = 1)]
        ProgramDeposit,
        /// The places of open jobs.
        #[codec(index = 2)]
        PlaceDeposit,
    }

    /// The numbers of the protocol.
    #[pallet::storage]
    pub type ProtocolParams<T: Config> = StorageValue<_, Params, ValueQuery>;

    /// Published programs.
    #[pallet::storage]
    pub type Programs<T: Config> = StorageMap<_, Identity, BlobId, PublishedProgram, OptionQuery>;

    /// The bytes of published programs.
    #[pallet::storage]
    pub type Codes<T: Config> = StorageMap<_, Identity, BlobId, Code, OptionQuery>;

    /// The next job's id.
    #[pallet::storage]
    pub type NextJob<T: Config> = StorageValue<_, JobId, ValueQuery>;

    /// Jobs, until they are pruned.
    #[pallet::storage]
    pub type Jobs<T: Config> = StorageMap<_, Twox64Concat, JobId, Job, OptionQuery>;

    /// Stages of jobs, until they are pruned.
    #[pallet::storage]
    pub type Stages<T: Config> = StorageDoubleMap<_, Twox64Concat, JobId, Twox64Concat, u16, StageRecord, OptionQuery>;

    /// Shards, live and accepted, until they are pruned.
    #[pallet::storage]
    pub type Shards<T: Config> = StorageMap<_, Twox64Concat, ShardId, Shard, OptionQuery>;

    /// Shards by the accounts that have something to do in them ([`Shard::is_duty_of`]).
    #[pallet::storage]
    pub type Duties<T: Config> = StorageDoubleMap<_, Blake2_128Concat, Account, Twox64Concat, ShardId, (), OptionQuery>;

    /// Shards by the accounts that only serve what they have of them, until they are pruned.
    #[pallet::storage]
    pub type Served<T: Config> = StorageDoubleMap<_, Blake2_128Concat, Account, Twox64Concat, ShardId, (), OptionQuery>;

    /// Job roots of completed jobs, for ever.
    #[pallet::storage]
    pub type JobRoots<T: Config> = StorageMap<_, Twox64Concat, JobId, BlobId, OptionQuery>;

    /// Stages of completed jobs whose results were overturned or stand on such a result, as bits: for ever, as their roots.
    #[pallet::storage]
    pub type Tainted<T: Config> = StorageMap<_, Twox64Concat, JobId, u64, OptionQuery>;

    /// Jobs that are not over.
    #[pallet::storage]
    pub type OpenJobs<T: Config> = StorageValue<_, u32, ValueQuery>;

    /// Jobs of an account that are not over.
    #[pallet::storage]
    pub type OpenJobsOf<T: Config> = StorageMap<_, Blake2_128Concat, AccountId32, u32, ValueQuery>;

    /// Stages of jobs that are not pruned, by the published program that they run.
    #[pallet::storage]
    pub type ProgramUses<T: Config> = StorageMap<_, Identity, BlobId, u32, ValueQuery>;

    /// Shards that exist and are not accepted, but for those that are parked.
    #[pallet::storage]
    pub type Live<T: Config> = StorageValue<_, u32, ValueQuery>;

    /// Shards that are accepted and not settled.
    #[pallet::storage]
    pub type Maturing<T: Config> = StorageValue<_, u32, ValueQuery>;

    /// Jobs that wait for randomness, with the first draw period that may give it.
    #[pallet::storage]
    pub type Waiting<T: Config> = StorageValue<_, BoundedVec<(JobId, Height), T::MaxOpenJobs>, ValueQuery>;

    /// Jobs with shards to create.
    #[pallet::storage]
    pub type Opening<T: Config> = StorageValue<_, BoundedVec<JobId, T::MaxOpenJobs>, ValueQuery>;

    /// Failed and cancelled jobs whose queued shards are to be dropped.
    #[pallet::storage]
    pub type Sweeping<T: Config> = StorageValue<_, BoundedVec<JobId, T::MaxOpenJobs>, ValueQuery>;

    /// Jobs that wait for their requester to serve their inputs again, with the last height for that.
    #[pallet::storage]
    pub type Paused<T: Config> = StorageValue<_, BoundedVec<(JobId, Height), T::MaxOpenJobs>, ValueQuery>;

    /// Shards that wait outside the queue, by job: those of a paused job, and of a resumed one until there are places for them. They
    /// count for nobody's places.
    #[pallet::storage]
    pub type Parked<T: Config> = StorageMap<_, Twox64Concat, JobId, BoundedVec<ShardId, T::MaxLive>, ValueQuery>;

    /// Shards that wait for a worker.
    #[pallet::storage]
    pub type Queue<T: Config> = StorageValue<_, BoundedVec<Queued, T::MaxLive>, ValueQuery>;

    /// Shards to look at, by height.
    #[pallet::storage]
    pub type Agenda<T: Config> =
        StorageMap<_, Twox64Concat, Height, BoundedVec<ShardId, ConstU32<MAX_DUE>>, ValueQuery>;

    /// Where in the agenda a shard stands.
    #[pallet::storage]
    pub type Due<T: Config> = StorageMap<_, Twox64Concat, ShardId, Height, OptionQuery>;

    /// Jobs that are over, in order, with the height from which they are pruned.
    #[pallet::storage]
    pub type Retired<T: Config> = StorageMap<_, Twox64Concat, u64, (Height, JobId), OptionQuery>;

    /// First number in [`Retired`] that is not pruned, and the next free one.
    #[pallet::storage]
    pub type RetiredEnds<T: Config> = StorageValue<_, (u64, u64), ValueQuery>;

    /// What genesis decides.
    #[pallet::genesis_config]
    pub struct GenesisConfig<T: Config> {
        /// The numbers of the protocol.
        pub params: Params,
        /// Nothing.
        #[serde(skip)]
        pub _config: core::marker::PhantomData<T>,
    }

    impl<T: Config> Default for GenesisConfig<T> {
        fn default() -> Self {
            Self { params: Params::default(), _config: core::marker::PhantomData }
        }
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            let sound = self.params.check();
            assert!(sound.is_ok(), "jobs: unsound genesis parameters: {sound:?}");
            ProtocolParams::<T>::put(self.params);
        }
    }

    /// What happened.
    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A program was published.
        #[codec(index = 0)]
        ProgramPublished {
            /// Its name.
            program: BlobId,
            /// Who published it.
            publisher: T::AccountId,
            /// What is held for its bytes.
            deposit: Balance,
        },
        /// A job was submitted and all it can cost is held.
        #[codec(index = 1)]
        JobSubmitted {
            /// The job.
            job: JobId,
            /// Who pays.
            requester: T::AccountId,
            /// What is held: the sum of the following three.
            escrow: Balance,
            /// The work at the bid.
            price: Balance,
            /// The auditors.
            audit_fee: Balance,
            /// The protocol.
            protocol_fee: Balance,
            /// Its work in MACs, for which the price is.
            macs: u64,
        },
        /// A job has its randomness: its first stages open.
        #[codec(index = 2)]
        JobStarted {
            /// The job.
            job: JobId,
            /// What the task seeds are made from.
            randomness: [u8; 32],
        },
        /// All shards of a stage wait for workers.
        #[codec(index = 3)]
        StageOpened {
            /// The job.
            job: JobId,
            /// The stage.
            stage: u16,
            /// Number of its shards.
            shards: u32,
        },
        /// A worker was drawn for a shard.
        #[codec(index = 4)]
        ShardAssigned {
            /// The shard.
            shard: ShardId,
            /// The worker.
            worker: T::AccountId,
            /// What it earns.
            price: Balance,
            /// What of its bond is locked.
            collateral: Balance,
            /// The draw period whose seed drew it.
            period: Height,
            /// Number of candidates.
            candidates: u32,
        },
        /// The worker has the inputs.
        #[codec(index = 5)]
        ShardStarted {
            /// The shard.
            shard: ShardId,
            /// The worker.
            worker: T::AccountId,
        },
        /// The worker committed to a result.
        #[codec(index = 6)]
        ShardCommitted {
            /// The shard.
            shard: ShardId,
            /// The worker.
            worker: T::AccountId,
            /// BLAKE3 of the list of blinded leaves.
            root: BlobId,
        },
        /// The worker started or committed too late.
        #[codec(index = 7)]
        ShardLate {
            /// The shard.
            shard: ShardId,
            /// The worker.
            worker: T::AccountId,
        },
        /// A shard waits for a worker again.
        #[codec(index = 8)]
        ShardRequeued {
            /// The shard.
            shard: ShardId,
            /// How often it was put back.
            attempt: u16,
        },
        /// A shard of a failed or cancelled job was dropped.
        #[codec(index = 9)]
        ShardDropped {
            /// The shard.
            shard: ShardId,
        },
        /// All drawn validators agree: later stages may read the shard. This is what it is paid when its window has closed.
        #[codec(index = 10)]
        ShardAccepted {
            /// The shard.
            shard: ShardId,
            /// The worker.
            worker: T::AccountId,
            /// What the worker earns.
            price: Balance,
            /// What the auditors share.
            audit_fee: Balance,
            /// The protocol fee.
            protocol_fee: Balance,
            /// Its work in MACs, for which the price is.
            macs: u64,
            /// What is held beyond that.
            refund: Balance,
        },
        /// All shards of a stage are accepted.
        #[codec(index = 11)]
        StageCompleted {
            /// The job.
            job: JobId,
            /// The stage.
            stage: u16,
            /// BLAKE3 of the list of shard roots.
            root: BlobId,
        },
        /// All stages of a job are complete.
        #[codec(index = 12)]
        JobCompleted {
            /// The job.
            job: JobId,
            /// BLAKE3 of the list of stage roots.
            root: BlobId,
        },
        /// A job failed, for want of a worker or of inputs for a shard of it, or because of a result that was overturned.
        #[codec(index = 13)]
        JobFailed {
            /// The job.
            job: JobId,
            /// The shard.
            shard: ShardId,
            /// Why.
            reason: JobFailure,
        },
        /// A job was given up by its requester.
        #[codec(index = 14)]
        JobCancelled {
            /// The job.
            job: JobId,
        },
        /// A job is over: nothing is held for it any more, nor for its place.
        #[codec(index = 15)]
        JobClosed {
            /// The job.
            job: JobId,
            /// What was paid.
            spent: Balance,
            /// What was still held and is free again.
            refund: Balance,
        },
        /// All of a job but its root was removed.
        #[codec(index = 16)]
        JobPruned {
            /// The job.
            job: JobId,
        },
        /// The window of an accepted shard has closed.
        #[codec(index = 17)]
        ShardSettled {
            /// The shard.
            shard: ShardId,
            /// The worker.
            worker: T::AccountId,
            /// What was paid for it in all: nothing when nobody says that its outputs are delivered.
            paid: Balance,
            /// What was held beyond that and is free again.
            refund: Balance,
        },
        /// An accepted shard was convicted in its window: it is not paid.
        #[codec(index = 18)]
        ShardOverturned {
            /// The shard.
            shard: ShardId,
            /// The worker.
            worker: T::AccountId,
            /// Whether it is issued again; if not, the results that stand on it are tainted.
            reissued: bool,
        },
        /// Somebody says that the outputs of a shard are delivered.
        #[codec(index = 19)]
        ShardDelivered {
            /// The shard.
            shard: ShardId,
            /// Its requester, or one of its auditors.
            by: T::AccountId,
        },
        /// A job goes on from what still stands of another one.
        #[codec(index = 20)]
        JobForked {
            /// The new job.
            job: JobId,
            /// The job that it takes shards over from.
            from: JobId,
            /// Who pays.
            requester: T::AccountId,
            /// What is held for what is run again.
            escrow: Balance,
        },
        /// Several said that the inputs of a shard cannot be fetched: drawn validators are asked.
        #[codec(index = 21)]
        InputsDoubted {
            /// The shard.
            shard: ShardId,
            /// Its worker, if it has delivered a result that waits for that.
            worker: Option<T::AccountId>,
        },
        /// A drawn validator has the inputs of a shard: it goes on.
        #[codec(index = 22)]
        InputsFound {
            /// The shard.
            shard: ShardId,
            /// Who has them and serves them.
            auditor: T::AccountId,
        },
        /// All drawn validators say that the inputs of a shard cannot be fetched: nothing of the job is handed out until it is
        /// resumed.
        #[codec(index = 23)]
        JobPaused {
            /// The job.
            job: JobId,
            /// The shard.
            shard: ShardId,
            /// Last height at which the requester can resume it. Then the job fails.
            until: Height,
            /// How often it was paused.
            pauses: u8,
        },
        /// The requester serves the inputs of a paused job again.
        #[codec(index = 24)]
        JobResumed {
            /// The job.
            job: JobId,
            /// What is held anew, for shards whose first result was paid and could not be audited.
            held: Balance,
        },
        /// A result that nobody can audit, because the job's inputs are missing, was paid out of the escrow. It is not accepted.
        #[codec(index = 25)]
        ShardCompensated {
            /// The shard.
            shard: ShardId,
            /// The worker.
            worker: T::AccountId,
            /// What the worker is credited.
            price: Balance,
            /// What those who had sealed an answer share.
            audit_fee: Balance,
            /// The protocol fee, which is burned.
            burned: Balance,
        },
        /// A program was given up by its publisher.
        #[codec(index = 26)]
        ProgramRetired {
            /// Its name.
            program: BlobId,
            /// Who had published it.
            publisher: T::AccountId,
            /// What was held for its bytes and is free again.
            deposit: Balance,
        },
        /// The worker could not fetch the inputs, as it says: it rests, and the shard goes to another one.
        #[codec(index = 27)]
        ShardDeclined {
            /// The shard.
            shard: ShardId,
            /// The worker.
            worker: T::AccountId,
        },
        /// A worker had declined a shard of which another one's result is accepted now: that costs it reputation.
        #[codec(index = 28)]
        DeclineRefuted {
            /// The shard.
            shard: ShardId,
            /// Who had declined it.
            worker: T::AccountId,
        },
        /// The fee for the shards of a job was burned; of a fork for those that it runs again.
        #[codec(index = 29)]
        ShardFeeBurned {
            /// The job.
            job: JobId,
            /// Its requester.
            by: T::AccountId,
            /// Number of these shards.
            shards: u32,
            /// What was burned.
            burned: Balance,
        },
        /// The deposit for the place of a job is held: it is free again when the job is closed.
        #[codec(index = 30)]
        PlaceDepositHeld {
            /// The job.
            job: JobId,
            /// Its requester.
            by: T::AccountId,
            /// What is held.
            deposit: Balance,
        },
    }

    /// Why a call failed.
    #[pallet::error]
    pub enum Error<T> {
        /// The program is not valid.
        #[codec(index = 0)]
        InvalidProgram(ProgramFault),
        /// The program is published already.
        #[codec(index = 1)]
        AlreadyPublished,
        /// The job is not valid.
        #[codec(index = 2)]
        InvalidJob(JobFault),
        /// Too many jobs are open.
        #[codec(index = 3)]
        TooManyOpenJobs,
        /// There is no such job.
        #[codec(index = 4)]
        NoSuchJob,
        /// The job is another account's.
        #[codec(index = 5)]
        NotRequester,
        /// The job is no longer open.
        #[codec(index = 6)]
        NotOpen,
        /// There is no such shard.
        #[codec(index = 7)]
        NoSuchShard,
        /// There is nothing to commit.
        #[codec(index = 8)]
        NoCommits,
        /// Too many shards wait for a draw: try again in the next period.
        #[codec(index = 9)]
        AuditsFull,
        /// The shard is not in the phase for this.
        #[codec(index = 10)]
        WrongPhase,
        /// This account does not owe this.
        #[codec(index = 11)]
        NotYours,
        /// The deadline has passed.
        #[codec(index = 12)]
        TooLate,
        /// The shard refuses this for another reason.
        #[codec(index = 13)]
        Refused,
        /// There is nothing to acknowledge.
        #[codec(index = 14)]
        NoShards,
        /// No result of the job was overturned.
        #[codec(index = 15)]
        NotTainted,
        /// Shards of the job are under way or wait for their window to close.
        #[codec(index = 16)]
        NotOver,
        /// The job descends from too many others: submit it anew.
        #[codec(index = 17)]
        TooManyForks,
        /// The job is not paused: nothing is to be resumed.
        #[codec(index = 18)]
        NotPaused,
        /// Nobody is named who serves the blobs: name at least one endpoint, or none to keep those that the job has.
        #[codec(index = 19)]
        NoEndpoints,
        /// Too many jobs of this account are open.
        #[codec(index = 20)]
        TooManyJobsOfAccount,
        /// There is no such program.
        #[codec(index = 21)]
        NoSuchProgram,
        /// The program is another account's.
        #[codec(index = 22)]
        NotPublisher,
        /// A job that is not pruned runs the program.
        #[codec(index = 23)]
        ProgramInUse,
        /// Beside what is held the account cannot pay `shard_fee` for each shard, which is burned: put more tasks into a shard
        /// (`shard_size`), or fund the account.
        #[codec(index = 24)]
        CannotPayShardFee,
        /// Beside the escrow the account cannot lock the deposit for the job's place, which comes back when the job is closed: fund the
        /// account, or try again when fewer jobs are open.
        #[codec(index = 25)]
        CannotHoldPlaceDeposit,
    }

    impl<T> From<ShardError> for Error<T> {
        fn from(error: ShardError) -> Self {
            match error {
                ShardError::WrongPhase => Self::WrongPhase,
                ShardError::NotYours => Self::NotYours,
                ShardError::TooLate => Self::TooLate,
                _ => Self::Refused,
            }
        }
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn on_initialize(now: BlockNumberFor<T>) -> Weight {
            let now: Height = now.unique_saturated_into();
            let limit = T::ShardsPerBlock::get();
            let seed = Self::latest_seed(now);
            let mut weight = T::WeightInfo::on_idle_block();
            // What does not happen costs no more than to find that out, which is in the weight of an idle block.
            let mut accrue = |count: u32, of: &dyn Fn(u32) -> Weight| {
                if count > 0 {
                    weight.saturating_accrue(of(count));
                }
            };
            accrue(Self::expire(now), &T::WeightInfo::expire_shards);
            accrue(Self::end_pauses(now, limit), &T::WeightInfo::end_pauses);
            let swept = Self::sweep(limit);
            accrue(swept, &T::WeightInfo::sweep_shards);
            accrue(Self::start_jobs(seed, limit), &T::WeightInfo::start_jobs);
            let (looked_at, read_again) = Self::open_stages(now, limit);
            accrue(looked_at, &T::WeightInfo::open_shards);
            accrue(read_again, &T::WeightInfo::complete_taken_over);
            let (shards, workers) = Self::assign(now, seed, limit);
            accrue(shards, &|shards| T::WeightInfo::assign_shards(shards, workers));
            accrue(Self::prune(now, limit.saturating_sub(swept).max(1)), &T::WeightInfo::remove_shards);
            weight
        }

        fn integrity_test() {
            assert!(T::MaxUnsettled::get() >= T::MaxLive::get(), "jobs: every live shard is unsettled");
            assert!(T::MaxLive::get() > 0 && T::MaxOpenJobs::get() > 0 && T::ShardsPerBlock::get() > 0);
            assert!(T::MaxOpenJobsOfAccount::get() > 0, "jobs: nobody has a place");
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_now: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Publishes a program: `bytes` is its SCALE encoding, at most 64 KiB. Its name is their BLAKE3 hash.
        ///
        /// Holds `DepositPerByte` for each byte. Event: `ProgramPublished`. Errors: `InvalidProgram` with the reason,
        /// `AlreadyPublished`, or the token's where the account has too little.
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::publish_program(bytes.len() as u32))]
        pub fn publish_program(origin: OriginFor<T>, bytes: Code) -> DispatchResult {
            let publisher = ensure_signed(origin)?;
            let program = BlobId::of(&bytes);
            ensure!(!Programs::<T>::contains_key(program), Error::<T>::AlreadyPublished);
            let published = Self::check_program(publisher.clone(), &bytes)?;
            let deposit = published.deposit;
            T::Currency::hold(&HoldReason::ProgramDeposit.into(), &publisher, deposit)?;
            Programs::<T>::insert(program, published);
            Codes::<T>::insert(program, bytes);
            Self::deposit_event(Event::ProgramPublished { program, publisher, deposit });
            Ok(())
        }

        /// Submits a job. Everything about it is checked now, so that no worker ever meets a job that cannot run.
        ///
        /// Holds the work at the bid, the audit fee and the protocol fee of every shard, and a deposit for the job's place until it is
        /// closed; burns `shard_fee` for each shard. Events: `JobSubmitted`, `PlaceDepositHeld`, `ShardFeeBurned`. Errors:
        /// `InvalidJob` with the reason, `TooManyOpenJobs`, `TooManyJobsOfAccount`, `CannotHoldPlaceDeposit`, `CannotPayShardFee`,
        /// or the token's where the account has too little.
        #[pallet::call_index(1)]
        #[pallet::weight({
            let gatherings = spec.gatherings();
            T::WeightInfo::submit_job((spec.stages.len() as u32).saturating_sub(gatherings), gatherings)
        })]
        pub fn submit_job(origin: OriginFor<T>, spec: JobSpec) -> DispatchResult {
            let requester = ensure_signed(origin)?;
            Self::do_submit(requester, spec)
        }

        /// Gives up a job. Shards without a worker are dropped; those under way are paid when they are accepted, and then the
        /// rest of the escrow is released.
        ///
        /// Only the requester can. Events: `JobCancelled`, later `ShardDropped` and `JobClosed`. Errors: `NoSuchJob`,
        /// `NotRequester`, `NotOpen`.
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::cancel_job())]
        pub fn cancel_job(origin: OriginFor<T>, job: JobId) -> DispatchResult {
            let who = ensure_signed(origin)?;
            let record = Jobs::<T>::get(job).ok_or(Error::<T>::NoSuchJob)?;
            ensure!(record.requester == who, Error::<T>::NotRequester);
            ensure!(record.status.is_open(), Error::<T>::NotOpen);
            Self::deposit_event(Event::JobCancelled { job });
            Self::wind_down(job, record, JobStatus::Cancelled)
        }

        /// Says that the worker has the inputs: the deadline for the result runs from here.
        ///
        /// Only the assigned worker can, until its deadline. Event: `ShardStarted`. Errors: `NoSuchShard`, `WrongPhase`,
        /// `NotYours`, `TooLate`.
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::start_shard())]
        pub fn start_shard(origin: OriginFor<T>, shard: ShardId) -> DispatchResult {
            let worker = ensure_signed(origin)?;
            Self::step(&shard, ShardEvent::Start(worker.clone().into()))?;
            Self::deposit_event(Event::ShardStarted { shard, worker });
            Ok(())
        }

        /// Gives an assigned shard back because its inputs cannot be fetched: the worker rests for some blocks. It costs reputation
        /// only where another worker's result is accepted, which shows that the inputs were there; never stake. When several
        /// workers have done so drawn validators are asked.
        ///
        /// Only the assigned worker can, until its deadline. Events: `ShardDeclined`, then `ShardRequeued` or `InputsDoubted`. Errors: `NoSuchShard`,
        /// `WrongPhase`, `NotYours`, `TooLate`.
        #[pallet::call_index(4)]
        #[pallet::weight(T::WeightInfo::decline_shard())]
        pub fn decline_shard(origin: OriginFor<T>, shard: ShardId) -> DispatchResult {
            let worker = ensure_signed(origin)?;
            Self::step(&shard, ShardEvent::Decline(worker.into()))
        }

        /// Commits to the results of up to 16 shards: for each the BLAKE3 hash of its list of blinded leaves, and the hash of
        /// its shard secret. All of them or none.
        ///
        /// Only the assigned worker can, until its deadline. Event: `ShardCommitted` for each. Errors: `NoCommits`,
        /// `AuditsFull`, `NoSuchShard`, `WrongPhase`, `NotYours`, `TooLate`.
        #[pallet::call_index(5)]
        #[pallet::weight(T::WeightInfo::commit_shards(commits.len() as u32))]
        pub fn commit_shards(
            origin: OriginFor<T>,
            commits: BoundedVec<(ShardId, BlobId, [u8; 32]), ConstU32<MAX_COMMITS>>,
        ) -> DispatchResult {
            let worker = ensure_signed(origin)?;
            ensure!(!commits.is_empty(), Error::<T>::NoCommits);
            for (shard, root, secret_hash) in commits {
                ensure!(T::Audits::has_room(), Error::<T>::AuditsFull);
                Self::step(&shard, ShardEvent::Commit { by: worker.clone().into(), root, secret_hash })?;
                Self::deposit_event(Event::ShardCommitted { shard, worker: worker.clone(), root });
            }
            Ok(())
        }

        /// Says that the outputs of up to 16 accepted shards are delivered: their window pays them when it closes. Shards for
        /// which somebody said so, or that are settled, overturned or about to be, are passed over.
        ///
        /// The requester can, and each of the auditors, who hold and serve the outputs from then on. Free if it changes
        /// something. Event: `ShardDelivered` for each. Errors: `NoShards`, `NoSuchShard`, `NotYours`, `WrongPhase`, `TooLate`.
        #[pallet::call_index(6)]
        #[pallet::weight(T::WeightInfo::acknowledge_shards(shards.len() as u32))]
        pub fn acknowledge_shards(
            origin: OriginFor<T>,
            shards: BoundedVec<ShardId, ConstU32<MAX_COMMITS>>,
        ) -> DispatchResultWithPostInfo {
            let by = ensure_signed(origin)?;
            ensure!(!shards.is_empty(), Error::<T>::NoShards);
            let mut pays = Pays::Yes;
            for id in shards {
                let shard = Shards::<T>::get(id).ok_or(Error::<T>::NoSuchShard)?;
                let is_requester = Jobs::<T>::get(id.job).is_some_and(|job| job.requester == by);
                ensure!(is_requester || shard.may_confirm_delivery(&by.clone().into()), Error::<T>::NotYours);
                let is_decided = shard.is_final() || shard.accused().is_some();
                if is_decided || shard.window().is_some_and(|window| window.delivered) {
                    continue;
                }
                Self::step(&id, ShardEvent::Deliver)?;
                Self::deposit_event(Event::ShardDelivered { shard: id, by: by.clone() });
                pays = Pays::No;
            }
            Ok(pays.into())
        }

        /// Forks a job in which a result was overturned after others had read it. Shards that were paid and stand on nothing
        /// overturned are taken over; all others run again, with new randomness, under a new number.
        ///
        /// Only the requester can, once nothing of the job is under way and until it is pruned; the job is kept as long as
        /// its forks. Holds the cost of what is run again, at the job's bid, and a deposit for its place, and burns `shard_fee` for
        /// each shard of that. Events: `JobForked`, `PlaceDepositHeld`, `ShardFeeBurned`. Errors: `NoSuchJob`, `NotRequester`,
        /// `NotTainted`, `NotOver`, `TooManyForks`, `TooManyOpenJobs`, `TooManyJobsOfAccount`, `CannotHoldPlaceDeposit`,
        /// `CannotPayShardFee`, or the token's where the account has too little.
        #[pallet::call_index(7)]
        #[pallet::weight(T::WeightInfo::fork_job())]
        pub fn fork_job(origin: OriginFor<T>, job: JobId) -> DispatchResult {
            let requester = ensure_signed(origin)?;
            Self::do_fork(requester, job)
        }

        /// Takes up a job again that is paused because its inputs could not be fetched: its requester serves them again, from
        /// now on at `endpoints` where they are given.
        ///
        /// Only the requester can, until the pause ends. Holds what was paid meanwhile for results that nobody could audit
        /// (`unfunded` of the job's view): their shards run again. Event: `JobResumed`. Errors: `NoSuchJob`, `NotRequester`,
        /// `NotPaused`, `NoEndpoints`, or the token's where the account has too little.
        #[pallet::call_index(8)]
        #[pallet::weight(T::WeightInfo::resume_job())]
        pub fn resume_job(
            origin: OriginFor<T>,
            job: JobId,
            endpoints: Option<BoundedVec<Endpoint, ConstU32<MAX_ENDPOINTS>>>,
        ) -> DispatchResult {
            let requester = ensure_signed(origin)?;
            Self::do_resume(requester, job, endpoints)
        }

        /// Gives up a program: its bytes are removed and its deposit is released. Its name stays what it is; anybody may publish
        /// it again.
        ///
        /// Only who published it can, and only while no job runs it, those included that are over and not pruned yet. Event:
        /// `ProgramRetired`. Errors: `NoSuchProgram`, `NotPublisher`, `ProgramInUse`.
        #[pallet::call_index(9)]
        #[pallet::weight(T::WeightInfo::retire_program())]
        pub fn retire_program(origin: OriginFor<T>, program: BlobId) -> DispatchResult {
            let publisher = ensure_signed(origin)?;
            Self::do_retire(publisher, program)
        }
    }
}

impl<T: Config> Pallet<T> {
    /// The numbers of the protocol.
    pub fn params() -> Params {
        ProtocolParams::<T>::get()
    }

    /// The height of the current block.
    pub(crate) fn now() -> Height {
        frame_system::Pallet::<T>::block_number().unique_saturated_into()
    }

    /// The current block, as deadlines see it.
    pub fn moment() -> Moment {
        Moment { height: Self::now(), lag_blocks: T::Deadlines::lag_blocks() }
    }

    /// Steps a shard for a call.
    fn step(id: &ShardId, event: ShardEvent) -> DispatchResult {
        ensure!(Shards::<T>::contains_key(id), Error::<T>::NoSuchShard);
        Self::apply(id, event).map_err(|error| Error::<T>::from(error).into())
    }

    /// The last finished draw period, if it has a seed.
    fn latest_seed(now: Height) -> Option<(Height, [u8; 32])> {
        let period = T::Randomness::period_of(now).checked_sub(1)?;
        T::Randomness::seed(period).map(|seed| (period, seed))
    }

    /// The first draw period that begins after `height`.
    fn period_after(height: Height) -> Height {
        T::Randomness::period_of(height).saturating_add(1)
    }

    /// The first height of a draw period.
    fn first_height(period: Height) -> Height {
        period.saturating_mul(T::Randomness::period_blocks())
    }
}

/// The numbers of the protocol, for other pallets' configuration.
pub struct ParamsOf<T>(core::marker::PhantomData<T>);
impl<T: Config> Get<Params> for ParamsOf<T> {
    fn get() -> Params {
        Pallet::<T>::params()
    }
}

// SPDX-License-Identifier: Apache-2.0
#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![deny(missing_docs, rustdoc::broken_intra_doc_links)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)
)]

extern crate alloc;

mod audits;
#[cfg(feature = "runtime-benchmarks")]
pub mod benchmarking;
mod disputes;
mod draws;
mod errors;
#[cfg(any(test, feature = "runtime-benchmarks"))]
mod fixture;
mod probes;
#[cfg(test)]
mod tests;
mod types;
pub mod weights;

pub use pallet::*;
pub use types::{Postponed, Stats};
pub use weights::WeightInfo;

use alloc::vec::Vec;
use frame_support::{
    dispatch::{DispatchResultWithPostInfo, PostDispatchInfo},
    pallet_prelude::*,
    traits::{
        fungible::{Inspect, Mutate},
        tokens::{Fortitude, Precision, Preservation},
    },
};
use frame_system::pallet_prelude::*;
use quern_primitives::{
    commitment::LeafProof,
    slice::{Cv, SliceProof, CHUNK_LEN},
    traits::{Collateral, Deadlines, Randomness, Registry},
    Account, Balance, BlobId, DisputeId, Height, ShardId,
};
use quern_program::{check::MAX_ARGUMENTS, MAX_CONVICTION_BYTES};
use quern_protocol::{
    dispute::{Outcome, Outline, Play, Trace, MAX_IDS, MAX_SUBTREES},
    referee::ReadProofs,
    shard::{Event as ShardEvent, MAX_AUDITORS, MAX_SAMPLES},
    traits::Shards,
    Dispute, Moment, Params, Shard,
};
use sp_runtime::{traits::UniqueSaturatedInto, AccountId32};

/// Most bytes of the slice proof of one id of a list: a chunk and 20 parents, for a list of 1 GiB. The leaves of the
/// largest shard take 1,728 bytes.
pub const MAX_LINK_BYTES: usize = 2_304;

/// Most validators that rest at a time after a claim that was refuted, the last ones. More of them rest shorter.
pub const MAX_RESTING: u32 = 64;

/// The pallet.
// The macros of FRAME write `expect` for what cannot fail.
#[allow(clippy::expect_used)]
#[frame_support::pallet]
pub mod pallet {
    use super::*;

    /// What the runtime supplies.
    #[pallet::config]
    pub trait Config: frame_system::Config<AccountId = AccountId32> {
        /// The keeper of shards.
        type Shards: Shards;
        /// Bonds: audit bonds are locked here; shards release or slash them.
        type Collateral: Collateral;
        /// Who is a validator.
        type Registry: Registry;
        /// Seeds of draw periods.
        type Randomness: Randomness;
        /// Money that demands are paid with.
        type Currency: Mutate<AccountId32> + Inspect<AccountId32, Balance = Balance>;
        /// How far deadlines lag.
        type Deadlines: Deadlines;
        /// The numbers of the protocol.
        type Params: Get<Params>;
        /// Shards waiting for a draw above which no further commitment is taken.
        #[pallet::constant]
        type MaxPendingDraws: Get<u32>;
        /// Most draws a block.
        #[pallet::constant]
        type DrawsPerBlock: Get<u32>;
        /// Most disputes at a time: eight times the shards that can be disputed at once, so that nobody is locked out.
        #[pallet::constant]
        type MaxDisputes: Get<u32>;
        /// Most dispute deadlines looked at in a block; more wait for the next one.
        #[pallet::constant]
        type ExpiriesPerBlock: Get<u32>;
        /// Weights.
        type WeightInfo: WeightInfo;
        /// Puts shards into place for benchmarks.
        #[cfg(feature = "runtime-benchmarks")]
        type BenchmarkHelper: benchmarking::BenchmarkHelper;
    }

    #[pallet::pallet]
    pub struct Pallet<T>(_);

    /// Shards that wait for a draw, under the period whose seed draws.
    #[pallet::storage]
    pub type PendingDraws<T: Config> =
        StorageDoubleMap<_, Twox64Concat, Height, Blake2_128Concat, ShardId, (), OptionQuery>;

    /// Number of entries of [`PendingDraws`].
    #[pallet::storage]
    pub type PendingDrawCount<T: Config> = StorageValue<_, u32, ValueQuery>;

    /// No draw waits for a period before this one.
    #[pallet::storage]
    pub type DrawCursor<T: Config> = StorageValue<_, Height, ValueQuery>;

    /// The next dispute's number.
    #[pallet::storage]
    pub type NextDispute<T: Config> = StorageValue<_, DisputeId, ValueQuery>;

    /// Disputes under way.
    #[pallet::storage]
    pub type Disputes<T: Config> = CountedStorageMap<_, Twox64Concat, DisputeId, Dispute, OptionQuery>;

    /// Disputes by shard.
    #[pallet::storage]
    pub type DisputesOf<T: Config> =
        StorageMap<_, Blake2_128Concat, ShardId, BoundedVec<DisputeId, ConstU32<MAX_AUDITORS>>, ValueQuery>;

    /// Results that a worker had to show on chain, until its shard is accepted, re-issued or drawn again: a validator that
    /// differs needs their proofs to open a dispute. Each proof is at most [`MAX_LINK_BYTES`] long.
    #[pallet::storage]
    #[pallet::unbounded]
    pub type Answers<T: Config> =
        StorageMap<_, Blake2_128Concat, ShardId, BoundedVec<LeafProof, ConstU32<MAX_SAMPLES>>, ValueQuery>;

    /// Disputes whose deadline is looked at, by height. Every dispute stands here once, never later than its deadline ends.
    #[pallet::storage]
    pub type Agenda<T: Config> =
        StorageMap<_, Twox64Concat, Height, BoundedVec<DisputeId, T::ExpiriesPerBlock>, ValueQuery>;

    /// Hash of the evidence that decides the dispute which ends right now; empty between calls.
    #[pallet::storage]
    #[pallet::whitelist_storage]
    pub type Evidence<T: Config> = StorageValue<_, [u8; 32], ValueQuery>;

    /// Validators whose claim of missing inputs was refuted, and until when others are drawn for audits before them.
    #[pallet::storage]
    pub type Resting<T: Config> = StorageValue<_, BoundedVec<(Account, Height), ConstU32<MAX_RESTING>>, ValueQuery>;

    /// What has happened so far.
    #[pallet::storage]
    pub type Totals<T: Config> = StorageValue<_, Stats, ValueQuery>;

    /// What happened.
    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// Segments and validators were drawn for a shard, or validators for vacant seats of an audit whose segments stay.
        #[codec(index = 0)]
        Drawn {
            /// The shard.
            shard: ShardId,
            /// The period whose seed drew.
            period: Height,
            /// Drawn segments as leaf positions.
            sample: BoundedVec<u32, ConstU32<MAX_SAMPLES>>,
            /// Validators that this draw seated.
            auditors: BoundedVec<AccountId32, ConstU32<MAX_AUDITORS>>,
            /// What each of them locked.
            bond: Balance,
        },
        /// A draw waits for another period.
        #[codec(index = 1)]
        DrawPostponed {
            /// The shard.
            shard: ShardId,
            /// The period whose seed will draw.
            period: Height,
            /// Why.
            reason: Postponed,
        },
        /// A worker posted the digest of the checkpoints before the drawn segments.
        #[codec(index = 2)]
        CheckpointsOpened {
            /// The shard.
            shard: ShardId,
            /// The worker.
            worker: AccountId32,
            /// The digest.
            digest: [u8; 32],
        },
        /// A drawn validator asked for the ids on chain.
        #[codec(index = 3)]
        OpeningDemanded {
            /// The shard.
            shard: ShardId,
            /// The validator.
            auditor: AccountId32,
        },
        /// The worker showed the ids on chain.
        #[codec(index = 4)]
        OpeningAnswered {
            /// The shard.
            shard: ShardId,
            /// The ids, in the order in which they were demanded.
            ids: BoundedVec<BlobId, ConstU32<MAX_SAMPLES>>,
        },
        /// A drawn validator sealed its answer.
        #[codec(index = 5)]
        AuditCommitted {
            /// The shard.
            shard: ShardId,
            /// The validator.
            auditor: AccountId32,
            /// The seal.
            seal: [u8; 32],
        },
        /// A worker posted the digest of its results.
        #[codec(index = 6)]
        ResultsRevealed {
            /// The shard.
            shard: ShardId,
            /// The worker.
            worker: AccountId32,
            /// The digest.
            digest: [u8; 32],
        },
        /// A drawn validator revealed its answer.
        #[codec(index = 7)]
        AuditRevealed {
            /// The shard.
            shard: ShardId,
            /// The validator.
            auditor: AccountId32,
            /// The digest of what it computed.
            results: [u8; 32],
            /// Whether that is what the worker shows.
            matches: bool,
            /// Whether the validator holds and serves every output of the shard.
            holds_outputs: bool,
        },
        /// A validator disputes a segment.
        #[codec(index = 8)]
        DisputeOpened {
            /// The dispute.
            dispute: DisputeId,
            /// The shard.
            shard: ShardId,
            /// Leaf position of the segment's end.
            position: u32,
            /// The worker, or the auditor that is accused.
            worker: AccountId32,
            /// The challenger.
            challenger: AccountId32,
        },
        /// A party moved; the other one is next.
        #[codec(index = 9)]
        DisputeMoved {
            /// The dispute.
            dispute: DisputeId,
            /// Who moved.
            by: AccountId32,
            /// Who owes the next move.
            owed_by: AccountId32,
            /// Last height for that.
            deadline: Height,
        },
        /// A dispute ended.
        #[codec(index = 10)]
        DisputeClosed {
            /// The dispute.
            dispute: DisputeId,
            /// The shard.
            shard: ShardId,
            /// Leaf position of the segment's end.
            position: u32,
            /// The worker.
            worker: AccountId32,
            /// The challenger.
            challenger: AccountId32,
            /// How.
            outcome: Outcome,
        },
        /// A dispute ended undecided: the shard was decided without it.
        #[codec(index = 11)]
        DisputeMoot {
            /// The dispute.
            dispute: DisputeId,
            /// The shard.
            shard: ShardId,
        },
        /// A drawn validator is not served the bytes that it needs: it runs the tasks from their inputs, or, when it has not
        /// got these either, leaves its seat.
        #[codec(index = 12)]
        BytesUnavailable {
            /// The shard.
            shard: ShardId,
            /// The validator.
            auditor: AccountId32,
            /// How often validators have said so of this commitment.
            claims: u8,
        },
        /// Somebody asked for an id of an accepted shard on chain.
        #[codec(index = 13)]
        LeafDemanded {
            /// The shard.
            shard: ShardId,
            /// The leaf's position.
            position: u32,
            /// Who asked.
            by: AccountId32,
            /// What it has burned for that.
            price: Balance,
        },
        /// An id of an accepted shard was shown on chain.
        #[codec(index = 14)]
        LeafShown {
            /// The shard.
            shard: ShardId,
            /// The leaf's position.
            position: u32,
            /// The id.
            id: BlobId,
        },
        /// No draw found enough validators for too long: the worker is released and the shard starts again.
        #[codec(index = 15)]
        DrawGivenUp {
            /// The shard.
            shard: ShardId,
            /// Why the last draw could not be made.
            reason: Postponed,
        },
        /// A dispute whose deadline has passed could not be ended, which must never be: it stays, what is at stake with it,
        /// and its end is tried again.
        #[codec(index = 16)]
        DisputeStuck {
            /// The dispute.
            dispute: DisputeId,
            /// The shard.
            shard: ShardId,
        },
        /// Validators were drawn who say whether they can fetch the inputs of a shard.
        #[codec(index = 30)]
        ProbeDrawn {
            /// The shard.
            shard: ShardId,
            /// The period whose seed drew.
            period: Height,
            /// Validators that this draw seated.
            auditors: BoundedVec<AccountId32, ConstU32<MAX_AUDITORS>>,
            /// What each of them locked: for silence, never for what it says.
            bond: Balance,
        },
        /// A drawn validator says whether it can fetch the inputs of a shard.
        #[codec(index = 31)]
        InputsReported {
            /// The shard.
            shard: ShardId,
            /// The validator.
            auditor: AccountId32,
            /// Whether it has fetched all inputs of the shard's tasks, and serves them.
            available: bool,
        },
        /// A validator said that inputs are missing, and others had them: others are drawn for audits before it for a while.
        #[codec(index = 32)]
        ClaimRefuted {
            /// The validator.
            auditor: AccountId32,
            /// Until which height.
            until: Height,
        },
    }

    /// Why a call failed. Nothing has changed.
    #[pallet::error]
    #[derive(PartialEq, Eq)]
    pub enum Error<T> {
        /// There is no such shard.
        #[codec(index = 0)]
        UnknownShard,
        /// There is no such dispute.
        #[codec(index = 1)]
        UnknownDispute,
        /// As many disputes as possible are under way.
        #[codec(index = 2)]
        TooManyDisputes,
        /// The proofs are longer than any honest ones.
        #[codec(index = 3)]
        ProofsTooLong,
        /// Another number of ids was demanded.
        #[codec(index = 4)]
        WrongIdCount,
        /// The shard is not in the phase for this.
        #[codec(index = 10)]
        WrongPhase,
        /// The account does not owe this.
        #[codec(index = 11)]
        NotYours,
        /// The deadline has passed.
        #[codec(index = 12)]
        TooLate,
        /// This was already done.
        #[codec(index = 13)]
        Duplicate,
        /// The reveal does not match the seal.
        #[codec(index = 14)]
        SealMismatch,
        /// The segment was not drawn.
        #[codec(index = 15)]
        NotSampled,
        /// The draw is not possible yet, or exceeds a bound.
        #[codec(index = 16)]
        BadDraw,
        /// The ids do not give the digest that was posted.
        #[codec(index = 17)]
        DigestMismatch,
        /// The shard has no deadline that has passed.
        #[codec(index = 18)]
        NothingDue,
        /// As many challenges or demands of this shard as possible are under way.
        #[codec(index = 19)]
        Full,
        /// The shard asks for another bond now: try again.
        #[codec(index = 20)]
        WrongBond,
        /// The account has too little bonded and free for a challenge of this shard: bond more.
        #[codec(index = 21)]
        NoBond,
        /// There is no such position in the shard.
        #[codec(index = 22)]
        NoSuchLeaf,
        /// An id of the shard costs more now than `max_price`: look at its price (`demand_price` of the shard's view) and ask
        /// again.
        #[codec(index = 23)]
        DemandPrice,
        /// The account cannot pay what an id of the shard costs now: have more that is free, and the existential deposit left.
        #[codec(index = 24)]
        CannotPay,
        /// Another move is owed in the dispute.
        #[codec(index = 30)]
        WrongMove,
        /// Another account owes the move.
        #[codec(index = 31)]
        NotYourMove,
        /// The deadline of the move has passed.
        #[codec(index = 32)]
        MoveTooLate,
        /// The deadline of the move has not passed.
        #[codec(index = 33)]
        MoveNotDue,
        /// The shard has no commitment or no such segment.
        #[codec(index = 34)]
        NoSuchSegment,
        /// The checkpoint at the start is missing, or given where the segment starts from the inputs.
        #[codec(index = 35)]
        WrongStart,
        /// The leaf is not of this id, secret, worker, shard and position.
        #[codec(index = 36)]
        LeafMismatch,
        /// The trace has another number of entries than the segment has operators.
        #[codec(index = 37)]
        TraceLength,
        /// The state tensors do not give the checkpoint that the segment starts from.
        #[codec(index = 38)]
        StateMismatch,
        /// The segment's result does not follow from the trace.
        #[codec(index = 39)]
        ResultMismatch,
        /// There is no such operator, node or element.
        #[codec(index = 40)]
        NoSuchElement,
        /// The element's bytes are not in what is shown.
        #[codec(index = 41)]
        NotShown,
        /// The output has the length that the program gives it.
        #[codec(index = 42)]
        RightLength,
        /// What is proven is not what the worker has named.
        #[codec(index = 43)]
        IdMismatch,
        /// A trace of this length is posted in the other form: whole (`post_trace`) or as an outline (`post_outline`).
        #[codec(index = 48)]
        TraceForm,
        /// The operator reads from another number of earlier parts of the trace.
        #[codec(index = 49)]
        PartCount,
        /// A read is of an argument or element that does not exist.
        #[codec(index = 50)]
        NoSuchRead,
        /// The element reads a byte that no proof shows.
        #[codec(index = 51)]
        NotProven,
        /// A read lies outside its argument, or spans two of its parts.
        #[codec(index = 52)]
        ReadOutOfRange,
        /// Another kind of link is needed for this part of an input.
        #[codec(index = 53)]
        LinkKind,
        /// The entry of the list shows another id.
        #[codec(index = 54)]
        LinkId,
        /// A proof ends before the last node it must hold.
        #[codec(index = 60)]
        ProofTruncated,
        /// Bytes follow the last node of a proof.
        #[codec(index = 61)]
        ProofTrailing,
        /// A node of a proof does not hash to the value above it.
        #[codec(index = 62)]
        ProofMismatch,
        /// A proof is of a position past the end.
        #[codec(index = 63)]
        ProofPastEnd,
        /// The tree of a blob of this length has no such node.
        #[codec(index = 64)]
        NoSuchNode,
        /// The node is a single chunk: its bytes are owed, not its subtrees.
        #[codec(index = 65)]
        SingleChunk,
        /// The node has more or fewer subtrees.
        #[codec(index = 66)]
        SubtreeCount,
        /// The chunk is longer or shorter than the output's length says.
        #[codec(index = 67)]
        ChunkLength,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn on_initialize(now: BlockNumberFor<T>) -> Weight {
            let now: Height = now.unique_saturated_into();
            let (draws, validators) = Self::draw_due(now);
            let expired = Self::expire_due(now);
            let draw = T::WeightInfo::draw(validators).saturating_mul(draws.into());
            T::WeightInfo::idle()
                .saturating_add(draw)
                .saturating_add(T::WeightInfo::expire().saturating_mul(expired.into()))
        }

        fn integrity_test() {
            assert!(T::DrawsPerBlock::get() > 0, "draws must make progress");
            assert!(T::ExpiriesPerBlock::get() > 0, "deadlines must pass");
            assert!(T::MaxDisputes::get() >= MAX_AUDITORS, "every validator of a shard must be able to dispute");
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_now: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// The worker posts the digest of the checkpoint ids before the drawn runs, in draw order
        /// ([`quern_primitives::commitment::opened_digest`]). Event: `CheckpointsOpened`. Errors: `UnknownShard`,
        /// `WrongPhase`, `NotYours`, `TooLate`.
        #[pallet::call_index(0)]
        #[pallet::weight((T::WeightInfo::open_checkpoints(), DispatchClass::Operational))]
        pub fn open_checkpoints(origin: OriginFor<T>, shard: ShardId, digest: [u8; 32]) -> DispatchResultWithPostInfo {
            let worker = ensure_signed(origin)?;
            Self::apply(&shard, ShardEvent::Open { by: worker.clone().into(), digest })?;
            Self::deposit_event(Event::CheckpointsOpened { shard, worker, digest });
            Ok(Pays::No.into())
        }

        /// A drawn validator that was not shown ids asks for them on chain: the opened checkpoints while it audits, the
        /// results while it compares. The worker must answer or loses. Event: `OpeningDemanded`. Errors: `UnknownShard`,
        /// `WrongPhase`, `NotYours`, `TooLate`, `Duplicate`.
        #[pallet::call_index(1)]
        #[pallet::weight((T::WeightInfo::demand_opening(), DispatchClass::Operational))]
        pub fn demand_opening(origin: OriginFor<T>, shard: ShardId) -> DispatchResultWithPostInfo {
            let auditor = ensure_signed(origin)?;
            Self::apply(&shard, ShardEvent::Demand(auditor.clone().into()))?;
            Self::deposit_event(Event::OpeningDemanded { shard, auditor });
            Ok(Pays::No.into())
        }

        /// The demanded ids are shown: one leaf proof for each position of [`Shard::demanded`], in order. The worker owes
        /// them; anybody may send them, because the proofs say that they are right. Event: `OpeningAnswered`. Errors:
        /// `UnknownShard`, `ProofsTooLong`, `WrongPhase`, `WrongIdCount`, `LeafMismatch`, `DigestMismatch`, `TooLate`,
        /// `Duplicate`, those of a slice proof.
        #[pallet::call_index(2)]
        #[pallet::weight((T::WeightInfo::answer_opening(leaves.len() as u32), DispatchClass::Operational))]
        pub fn answer_opening(
            origin: OriginFor<T>,
            shard: ShardId,
            leaves: BoundedVec<LeafProof, ConstU32<MAX_SAMPLES>>,
        ) -> DispatchResultWithPostInfo {
            ensure_signed(origin)?;
            let ids = Self::demanded_ids(&shard, &leaves)?;
            Self::apply(&shard, ShardEvent::Answer(ids.to_vec()))?;
            if Self::shard(&shard)?.audit().is_some_and(|audit| audit.results.is_some()) {
                Answers::<T>::insert(shard, leaves);
            }
            Self::deposit_event(Event::OpeningAnswered { shard, ids });
            Ok(Pays::No.into())
        }

        /// A drawn validator seals its answer ([`quern_primitives::commitment::audit_seal`]). Event: `AuditCommitted`.
        /// Errors: `UnknownShard`, `WrongPhase`, `NotYours`, `TooLate`, `Duplicate`.
        #[pallet::call_index(3)]
        #[pallet::weight((T::WeightInfo::commit_audit(), DispatchClass::Operational))]
        pub fn commit_audit(origin: OriginFor<T>, shard: ShardId, seal: [u8; 32]) -> DispatchResultWithPostInfo {
            let auditor = ensure_signed(origin)?;
            Self::apply(&shard, ShardEvent::Seal { by: auditor.clone().into(), seal })?;
            Self::deposit_event(Event::AuditCommitted { shard, auditor, seal });
            Ok(Pays::No.into())
        }

        /// The worker posts the digest of the result ids of the drawn segments
        /// ([`quern_primitives::commitment::results_digest`]). Event: `ResultsRevealed`. Errors: `UnknownShard`,
        /// `WrongPhase`, `NotYours`, `TooLate`.
        #[pallet::call_index(4)]
        #[pallet::weight((T::WeightInfo::reveal_results(), DispatchClass::Operational))]
        pub fn reveal_results(origin: OriginFor<T>, shard: ShardId, digest: [u8; 32]) -> DispatchResultWithPostInfo {
            let worker = ensure_signed(origin)?;
            Self::apply(&shard, ShardEvent::Results { by: worker.clone().into(), digest })?;
            Self::deposit_event(Event::ResultsRevealed { shard, worker, digest });
            Ok(Pays::No.into())
        }

        /// A drawn validator reveals the digest of what it computed, and whether it holds and serves all outputs. Event:
        /// `AuditRevealed`. Errors: `UnknownShard`, `WrongPhase`, `NotYours`, `TooLate`, `Duplicate`, `SealMismatch`.
        #[pallet::call_index(5)]
        #[pallet::weight((T::WeightInfo::reveal_audit(), DispatchClass::Operational))]
        pub fn reveal_audit(
            origin: OriginFor<T>,
            shard: ShardId,
            salt: [u8; 32],
            results: [u8; 32],
            holds_outputs: bool,
        ) -> DispatchResultWithPostInfo {
            let auditor = ensure_signed(origin)?;
            let shown = Self::shard(&shard)?.audit().and_then(|audit| audit.results);
            let matches = shown == Some(results);
            let reveal = ShardEvent::Reveal { by: auditor.clone().into(), salt, results, holds_outputs };
            Self::apply(&shard, reveal)?;
            Self::deposit_event(Event::AuditRevealed { shard, auditor, results, matches, holds_outputs });
            Ok(PostDispatchInfo { actual_weight: Self::note_settled(&shard), pays_fee: Pays::No })
        }

        /// Disputes a segment, given by the leaf position of its end. A drawn validator whose results differ disputes a drawn
        /// segment; its audit bond is at stake. While the window of an accepted shard is open anybody but its worker disputes
        /// any segment; [`Shard::challenge_bond`] of its bond is locked. Both ids of the segment are opened. Without `start`
        /// the segment starts from the inputs, or the challenger has run the task from its inputs and the first segment that
        /// differs is searched for. Event: `DisputeOpened`. Errors: `UnknownShard`, `ProofsTooLong`, `NoSuchSegment`,
        /// `WrongStart`, `LeafMismatch`, those of a slice proof, `WrongPhase`, `NotSampled`, `NotYours`, `TooLate`,
        /// `Duplicate`, `TooManyDisputes`, `NoBond`, `Full`.
        #[pallet::call_index(6)]
        #[pallet::weight((T::WeightInfo::open_dispute(), DispatchClass::Operational))]
        pub fn open_dispute(
            origin: OriginFor<T>,
            shard: ShardId,
            position: u32,
            start: Option<LeafProof>,
            end: LeafProof,
        ) -> DispatchResultWithPostInfo {
            let challenger = ensure_signed(origin)?;
            Self::do_open_dispute(&shard, challenger.into(), position, start, end)?;
            Ok(Pays::No.into())
        }

        /// The worker posts the ids of the state tensors and of all operators' outputs of the segment. Event:
        /// `DisputeMoved`. Errors: `UnknownDispute`, `WrongMove`, `NotYourMove`, `MoveTooLate`, `TraceForm`, `TraceLength`,
        /// `StateMismatch`, `ResultMismatch`.
        #[pallet::call_index(7)]
        #[pallet::weight((T::WeightInfo::post_trace(), DispatchClass::Operational))]
        pub fn post_trace(origin: OriginFor<T>, dispute: DisputeId, trace: Trace) -> DispatchResultWithPostInfo {
            let by = ensure_signed(origin)?.into();
            Self::play(dispute, by, Play::Trace { by, trace })
        }

        /// The challenger names the first operator whose output differs from its own. Event: `DisputeMoved`. Errors:
        /// `UnknownDispute`, `WrongMove`, `NotYourMove`, `MoveTooLate`, `NoSuchElement`.
        #[pallet::call_index(8)]
        #[pallet::weight((T::WeightInfo::name_operator(), DispatchClass::Operational))]
        pub fn name_operator(origin: OriginFor<T>, dispute: DisputeId, op: u16) -> DispatchResultWithPostInfo {
            let by = ensure_signed(origin)?.into();
            Self::play(dispute, by, Play::Name { by, op })
        }

        /// The challenger asks for one of the shown nodes of the operator's output on chain, or for the first part of an outlined
        /// trace that it has something against. Event: `DisputeMoved`. Errors: `UnknownDispute`, `WrongMove`, `NotYourMove`,
        /// `MoveTooLate`, `NoSuchElement`.
        #[pallet::call_index(9)]
        #[pallet::weight((T::WeightInfo::demand_output(), DispatchClass::Operational))]
        pub fn demand_output(origin: OriginFor<T>, dispute: DisputeId, index: u32) -> DispatchResultWithPostInfo {
            let by = ensure_signed(origin)?.into();
            Self::play(dispute, by, Play::Demand { by, index })
        }

        /// The subtrees of the node that is asked for are shown ([`quern_primitives::slice::open_subtrees`]). The worker owes
        /// them; anybody may send them. Event: `DisputeMoved`. Errors: `UnknownDispute`, `WrongMove`, `MoveTooLate`,
        /// `SubtreeCount`, `ProofMismatch`, `NoSuchNode`.
        #[pallet::call_index(10)]
        #[pallet::weight((T::WeightInfo::open_subtrees(), DispatchClass::Operational))]
        pub fn open_subtrees(
            origin: OriginFor<T>,
            dispute: DisputeId,
            values: BoundedVec<Cv, ConstU32<MAX_SUBTREES>>,
        ) -> DispatchResultWithPostInfo {
            let by = ensure_signed(origin)?.into();
            Self::play(dispute, by, Play::Subtrees { values: values.into_inner() })
        }

        /// The chunk that is asked for is shown, of the operator's output or of the list of the trace's ids. The worker owes it;
        /// anybody may send it. Event: `DisputeMoved`. Errors: `UnknownDispute`, `WrongMove`, `MoveTooLate`, `ChunkLength`,
        /// `ProofMismatch`, `NoSuchNode`, and `ResultMismatch` if ids of the trace are not those of the results that the outline has.
        #[pallet::call_index(11)]
        #[pallet::weight((T::WeightInfo::open_chunk(), DispatchClass::Operational))]
        pub fn open_chunk(
            origin: OriginFor<T>,
            dispute: DisputeId,
            bytes: BoundedVec<u8, ConstU32<{ CHUNK_LEN as u32 }>>,
        ) -> DispatchResultWithPostInfo {
            let by = ensure_signed(origin)?.into();
            Self::play(dispute, by, Play::Chunk { bytes: bytes.into_inner() })
        }

        /// The challenger has the runtime recompute one element of the named operator's output. `output` proves the worker's
        /// element (none when its chunk is on chain), `reads` what the element reads. Another element than the worker's
        /// convicts it; the same refutes the challenger. Event: `DisputeClosed`. Errors: `UnknownDispute`,
        /// `ProofsTooLong`, `WrongMove`, `NotYourMove`, `MoveTooLate`, `NoSuchElement`, `NotShown`, `NoSuchRead`,
        /// `NotProven`, `ReadOutOfRange`, `LinkKind`, `LinkId`, `LeafMismatch`, those of a slice proof.
        #[pallet::call_index(12)]
        #[pallet::weight((T::WeightInfo::convict(), DispatchClass::Operational))]
        pub fn convict(
            origin: OriginFor<T>,
            dispute: DisputeId,
            element: u64,
            output: Option<SliceProof>,
            reads: ReadProofs,
        ) -> DispatchResultWithPostInfo {
            let by = ensure_signed(origin)?.into();
            Self::check_conviction(output.as_ref(), &reads)?;
            Self::play(dispute, by, Play::Convict { by, element, output, reads: reads.into_inner() })
        }

        /// The challenger shows that the named operator's output has another length than the program gives it, by its final
        /// chunk. Event: `DisputeClosed`. Errors: `UnknownDispute`, `ProofsTooLong`, `WrongMove`, `NotYourMove`,
        /// `MoveTooLate`, `RightLength`, those of a slice proof.
        #[pallet::call_index(13)]
        #[pallet::weight((T::WeightInfo::convict_length(), DispatchClass::Operational))]
        pub fn convict_length(
            origin: OriginFor<T>,
            dispute: DisputeId,
            len: u64,
            proof: SliceProof,
        ) -> DispatchResultWithPostInfo {
            let by = ensure_signed(origin)?.into();
            ensure!(proof.0.len() as u64 <= MAX_CONVICTION_BYTES, Error::<T>::ProofsTooLong);
            Self::play(dispute, by, Play::ConvictLength { by, len, proof })
        }

        /// A drawn validator says that it is not served the checkpoints that it needs. That proves nothing and costs nobody
        /// anything: it keeps its seat, needs nothing more from the worker and gets the time to run the drawn tasks from their
        /// inputs. When these are missing too (`inputs_missing`) its bond is free, and another one is drawn for its seat. Event: `BytesUnavailable`. Errors: `UnknownShard`, `WrongPhase`, `NotYours`, `TooLate`, `Duplicate`.
        #[pallet::call_index(14)]
        #[pallet::weight((T::WeightInfo::claim_unavailable(), DispatchClass::Operational))]
        pub fn claim_unavailable(
            origin: OriginFor<T>,
            shard: ShardId,
            inputs_missing: bool,
        ) -> DispatchResultWithPostInfo {
            let auditor = ensure_signed(origin)?;
            Self::apply(&shard, ShardEvent::Unavailable { by: auditor.clone().into(), inputs_missing })?;
            let claims = T::Shards::shard(&shard).map_or(0, |shard| shard.claims);
            Self::deposit_event(Event::BytesUnavailable { shard, auditor, claims });
            Ok(Pays::No.into())
        }

        /// Asks for an id of an accepted shard on chain, while its window is open: for whoever wants to run it again and is
        /// not told what is behind its root. The worker must answer or loses. Costs the fees of both calls and
        /// [`Shard::demand_price`], at most `max_price`, which is burned: whoever takes the places from others pays twice as
        /// much each time, and the price falls by half for each half of `reveal_blocks` in which nobody asks, until
        /// `window_blocks` have passed since acceptance. Event: `LeafDemanded`. Errors: `UnknownShard`, `WrongPhase`,
        /// `TooLate`, `NoSuchLeaf`, `Duplicate`, `Full`, `DemandPrice`, `CannotPay`.
        #[pallet::call_index(15)]
        #[pallet::weight(T::WeightInfo::demand_leaf().saturating_add(T::WeightInfo::answer_leaf()))]
        pub fn demand_leaf(origin: OriginFor<T>, shard: ShardId, position: u32, max_price: Balance) -> DispatchResult {
            let by = ensure_signed(origin)?;
            let price =
                Self::shard(&shard)?.demand_price(Self::now(), &T::Params::get()).ok_or(Error::<T>::WrongPhase)?;
            ensure!(price <= max_price, Error::<T>::DemandPrice);
            Self::apply(&shard, ShardEvent::DemandLeaf(position))?;
            T::Currency::burn_from(&by, price, Preservation::Preserve, Precision::Exact, Fortitude::Polite)
                .map_err(|_| Error::<T>::CannotPay)?;
            Self::deposit_event(Event::LeafDemanded { shard, position, by, price });
            Ok(())
        }

        /// The id that is asked for is shown. The worker owes it; anybody may send it. Event: `LeafShown`. Errors:
        /// `UnknownShard`, `ProofsTooLong`, `WrongPhase`, `LeafMismatch`, `NotYours` if nobody asked, `TooLate`, those of a
        /// slice proof.
        #[pallet::call_index(16)]
        #[pallet::weight((T::WeightInfo::answer_leaf(), DispatchClass::Operational))]
        pub fn answer_leaf(
            origin: OriginFor<T>,
            shard: ShardId,
            position: u32,
            leaf: LeafProof,
        ) -> DispatchResultWithPostInfo {
            ensure_signed(origin)?;
            let id = Self::proven_leaf(&shard, position, &leaf)?;
            Self::apply(&shard, ShardEvent::AnswerLeaf(position))?;
            Self::deposit_event(Event::LeafShown { shard, position, id });
            Ok(Pays::No.into())
        }

        /// The worker names what it has at the probes of the search ([`quern_protocol::dispute::Search::probes`]). Event:
        /// `DisputeMoved`. Errors: `UnknownDispute`, `WrongMove`, `NotYourMove`, `MoveTooLate`, `WrongIdCount`.
        #[pallet::call_index(17)]
        #[pallet::weight((T::WeightInfo::name_ids(), DispatchClass::Operational))]
        pub fn name_ids(
            origin: OriginFor<T>,
            dispute: DisputeId,
            ids: BoundedVec<BlobId, ConstU32<MAX_IDS>>,
        ) -> DispatchResultWithPostInfo {
            let by = ensure_signed(origin)?.into();
            Self::play(dispute, by, Play::Ids { by, ids: ids.into_inner() })
        }

        /// The challenger picks the first of the named ids that differs from its own, or their number if none does. Event:
        /// `DisputeMoved`. Errors: `UnknownDispute`, `WrongMove`, `NotYourMove`, `MoveTooLate`, `NoSuchElement`.
        #[pallet::call_index(18)]
        #[pallet::weight((T::WeightInfo::pick_id(), DispatchClass::Operational))]
        pub fn pick_id(origin: OriginFor<T>, dispute: DisputeId, index: u32) -> DispatchResultWithPostInfo {
            let by = ensure_signed(origin)?.into();
            Self::play(dispute, by, Play::Pick { by, index })
        }

        /// The ends of the segment that was found are proven against the worker's root. The worker owes them; anybody may
        /// send them. Event: `DisputeMoved`. Errors: `UnknownDispute`, `ProofsTooLong`, `WrongMove`, `MoveTooLate`,
        /// `WrongStart`, `LeafMismatch`, `IdMismatch`, those of a slice proof.
        #[pallet::call_index(19)]
        #[pallet::weight((T::WeightInfo::prove_ends(), DispatchClass::Operational))]
        pub fn prove_ends(
            origin: OriginFor<T>,
            dispute: DisputeId,
            start: Option<LeafProof>,
            end: LeafProof,
        ) -> DispatchResultWithPostInfo {
            let by = ensure_signed(origin)?.into();
            Self::check_ends(start.as_ref(), &end)?;
            Self::play(dispute, by, Play::Prove { start, end })
        }

        /// A validator that was drawn for that says whether it has fetched all inputs of the shard's tasks. Whatever it says takes
        /// nobody's stake; silence is fined. One that has them serves them from then on, and the shard goes on; when all of them
        /// have not, the job is paused. Free. Event: `InputsReported`. Errors: `UnknownShard`, `WrongPhase`, `NotYours`,
        /// `TooLate`, `Duplicate`.
        #[pallet::call_index(30)]
        #[pallet::weight((T::WeightInfo::report_inputs(), DispatchClass::Operational))]
        pub fn report_inputs(origin: OriginFor<T>, shard: ShardId, available: bool) -> DispatchResultWithPostInfo {
            let auditor = ensure_signed(origin)?;
            Self::apply(&shard, ShardEvent::Inputs { by: auditor.clone().into(), available })?;
            Self::deposit_event(Event::InputsReported { shard, auditor, available });
            Ok(Pays::No.into())
        }

        /// Accuses an auditor that confirmed a result which was overturned while its window was open, or convicted before its
        /// acceptance: any account but the auditor, about any drawn segment, given by the leaf position of its end. Both ids of the segment are opened; [`Shard::accusation_bond`] of the
        /// accuser's bond is locked. The auditor owes a trace of its own, and the moves are those of any dispute with the auditor in
        /// the worker's place. Event: `DisputeOpened`, where `worker` is the auditor.
        /// Errors: `UnknownShard`, `WrongPhase`, `ProofsTooLong`, `NoSuchSegment` (also if the account does not answer for the
        /// shard), `WrongStart`, `LeafMismatch`, those of a slice proof, `NotSampled`, `NotYours`, `TooLate`, `TooManyDisputes`,
        /// `NoBond`, `Full` while somebody else accuses it.
        #[pallet::call_index(31)]
        #[pallet::weight((T::WeightInfo::accuse_auditor(), DispatchClass::Operational))]
        pub fn accuse_auditor(
            origin: OriginFor<T>,
            shard: ShardId,
            auditor: AccountId32,
            position: u32,
            start: Option<LeafProof>,
            end: LeafProof,
        ) -> DispatchResult {
            let by = ensure_signed(origin)?.into();
            Ok(Self::do_accuse(&shard, by, auditor.into(), position, start, end)?)
        }

        /// The worker posts the outline of the trace of a segment that has too many operators for `post_trace`: the ids of the state
        /// tensors and of the results, and the chaining values of the chunks of the list of its operators' output ids. Event:
        /// `DisputeMoved`. Errors: `UnknownDispute`, `WrongMove`, `NotYourMove`, `MoveTooLate`, `TraceForm`, `TraceLength`,
        /// `StateMismatch`, `ResultMismatch`.
        #[pallet::call_index(34)]
        #[pallet::weight((T::WeightInfo::post_outline(), DispatchClass::Operational))]
        pub fn post_outline(origin: OriginFor<T>, dispute: DisputeId, outline: Outline) -> DispatchResultWithPostInfo {
            let by = ensure_signed(origin)?.into();
            Self::play(dispute, by, Play::Outline { by, outline })
        }

        /// The challenger names the first operator of an opened part whose output differs from its own, with the chunks of the other
        /// parts that it reads from, in order: it has nothing against them. Event: `DisputeMoved`. Errors: `UnknownDispute`,
        /// `WrongMove`, `NotYourMove`, `MoveTooLate`, `NoSuchElement`, `PartCount`, `ChunkLength`, `ProofMismatch`.
        #[pallet::call_index(35)]
        #[pallet::weight((T::WeightInfo::name_in_part(), DispatchClass::Operational))]
        pub fn name_in_part(
            origin: OriginFor<T>,
            dispute: DisputeId,
            op: u16,
            earlier: BoundedVec<BoundedVec<u8, ConstU32<{ CHUNK_LEN as u32 }>>, ConstU32<{ MAX_ARGUMENTS as u32 }>>,
        ) -> DispatchResultWithPostInfo {
            let by = ensure_signed(origin)?.into();
            let earlier = earlier.into_iter().map(BoundedVec::into_inner).collect();
            Self::play(dispute, by, Play::NameInPart { by, op, earlier })
        }
    }

    #[pallet::view_functions]
    impl<T: Config> Pallet<T> {
        /// Disputes about a shard.
        pub fn disputes_of(shard: ShardId) -> Vec<(DisputeId, Dispute)> {
            let ids = DisputesOf::<T>::get(shard).into_iter();
            ids.filter_map(|id| Some((id, Disputes::<T>::get(id)?))).collect()
        }

        /// Up to `limit` (at most 64) disputes, in the order of storage, after the dispute `after`, or from the first.
        pub fn disputes(after: Option<DisputeId>, limit: u32) -> Vec<(DisputeId, Dispute)> {
            let limit = limit.min(64) as usize;
            match after {
                Some(after) => Disputes::<T>::iter_from(Disputes::<T>::hashed_key_for(after)).take(limit).collect(),
                None => Disputes::<T>::iter().take(limit).collect(),
            }
        }

        /// What has happened so far.
        pub fn stats() -> Stats {
            Totals::<T>::get()
        }
    }
}

impl<T: Config> Pallet<T> {
    /// The height of the current block.
    fn now() -> Height {
        frame_system::Pallet::<T>::block_number().unique_saturated_into()
    }

    /// The current block, as deadlines see it.
    fn moment() -> Moment {
        Moment { height: Self::now(), lag_blocks: T::Deadlines::lag_blocks() }
    }

    fn shard(id: &ShardId) -> Result<Shard, Error<T>> {
        T::Shards::shard(id).ok_or(Error::UnknownShard)
    }

    /// Has the keeper of shards carry out an event.
    fn apply(id: &ShardId, event: ShardEvent) -> Result<(), Error<T>> {
        Self::shard(id)?;
        T::Shards::apply(id, event).map_err(Error::from)
    }
}

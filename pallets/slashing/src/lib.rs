// SPDX-License-Identifier: Apache-2.0
#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![deny(missing_docs, rustdoc::broken_intra_doc_links)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)
)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
pub mod benchmarking;
pub mod plants;
mod process;
pub mod shares;
#[cfg(test)]
mod tests;
mod try_state;
pub mod weights;

pub use pallet::*;
pub use plants::PlantTerms;
pub use shares::{Process, Shares, Split, MAX_REPORTER_PPM, ONE_PPM};
pub use weights::WeightInfo;

use alloc::vec::Vec;
use frame_support::{
    pallet_prelude::*,
    traits::{
        fungible,
        fungible::MutateHold,
        tokens::{Fortitude, Precision},
    },
};
use frame_system::pallet_prelude::*;
use quern_primitives::{
    offence::{DeferredSlash, OffenceId, SlashStage},
    plant::{Plant, PlantedResult},
    traits::{Collateral, OffenceKind, Registry, Results, Stakes},
    Balance, Height, ShardId,
};
use sp_runtime::{traits::UniqueSaturatedInto, AccountId32};

/// What the slash of a whole stake counts of a block's steps: it writes what backs the stake and the order of candidates too.
pub const STEPS_OF_A_STAKE: u32 = 8;
/// Most slashes in a page of a view.
pub const MAX_PAGE: u32 = 64;

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
        /// The native token, for bonds of appeals.
        type Currency: fungible::Inspect<AccountId32, Balance = Balance>
            + fungible::MutateHold<AccountId32, Reason = Self::RuntimeHoldReason>;
        /// Bonds, and what backs them.
        type Collateral: Collateral + Stakes;
        /// Decides appeals, cancels slashes, switches dry run and names the guardian.
        type GovernanceOrigin: EnsureOrigin<Self::RuntimeOrigin>;
        /// Most slashes carried out in a block, at least two; more wait for the next one. One of a whole stake counts as
        /// [`STEPS_OF_A_STAKE`].
        #[pallet::constant]
        type SlashesPerBlock: Get<u32>;
        /// Takes convictions for planted errors back.
        type Registry: Registry;
        /// Knows what became of results.
        type Results: Results;
        /// Most plants and decoys under way.
        #[pallet::constant]
        type MaxPlants: Get<u32>;
        /// Most of them of one account, so that none takes all places cheaply.
        #[pallet::constant]
        type MaxPlantsOfAccount: Get<u32>;
        /// Weights.
        type WeightInfo: WeightInfo;
        /// Bonds accounts for benchmarks.
        #[cfg(feature = "runtime-benchmarks")]
        type BenchmarkHelper: benchmarking::BenchmarkHelper;
    }

    #[pallet::pallet]
    pub struct Pallet<T>(_);

    /// Why this pallet holds funds.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// An appeal, until it is decided.
        #[codec(index = 0)]
        Appeal,
        /// A planted error or a decoy, until it is opened.
        #[codec(index = 1)]
        Plant,
    }

    /// What genesis decided about shares.
    #[pallet::storage]
    pub type Settings<T: Config> = StorageValue<_, Shares, ValueQuery>;

    /// What genesis decided about the process.
    #[pallet::storage]
    pub type Times<T: Config> = StorageValue<_, Process, ValueQuery>;

    /// Whether offences are only told and nothing is taken.
    #[pallet::storage]
    pub type DryRun<T: Config> = StorageValue<_, bool, ValueQuery>;

    /// Who may put slashes off.
    #[pallet::storage]
    pub type Guardian<T: Config> = StorageValue<_, AccountId32, OptionQuery>;

    /// The next offence's number.
    #[pallet::storage]
    pub type NextOffence<T: Config> = StorageValue<_, OffenceId, ValueQuery>;

    /// Slashes that are not carried out yet.
    #[pallet::storage]
    pub type Deferred<T: Config> = CountedStorageMap<_, Twox64Concat, OffenceId, DeferredSlash, OptionQuery>;

    /// The same by the height at which they are due.
    #[pallet::storage]
    pub type Agenda<T: Config> = StorageDoubleMap<_, Twox64Concat, Height, Twox64Concat, OffenceId, (), OptionQuery>;

    /// No slash is due at a height before this one.
    #[pallet::storage]
    pub type AgendaCursor<T: Config> = StorageValue<_, Height, ValueQuery>;

    /// What genesis decided about planted errors.
    #[pallet::storage]
    pub type Terms<T: Config> = StorageValue<_, PlantTerms, ValueQuery>;

    /// Plants and decoys under way, by their hash.
    #[pallet::storage]
    pub type Plants<T: Config> = CountedStorageMap<_, Blake2_128Concat, [u8; 32], Plant, OptionQuery>;

    /// How many of them an account has.
    #[pallet::storage]
    pub type PlantsOf<T: Config> = StorageMap<_, Blake2_128Concat, AccountId32, u32, ValueQuery>;

    /// What genesis decides: shares in parts per million.
    #[pallet::genesis_config]
    pub struct GenesisConfig<T: Config> {
        /// Of `locked`, for a wrong result.
        pub wrong_result_ppm: u32,
        /// Of `locked`, for confirming a wrong result.
        pub wrong_audit_ppm: u32,
        /// Of `locked`, for a silence.
        pub withheld_ppm: u32,
        /// Of `locked`, for being late.
        pub late_ppm: u32,
        /// Of `locked`, for a lost dispute or an audit that was never revealed.
        pub false_alarm_ppm: u32,
        /// Of `locked`, for not auditing when drawn.
        pub audit_no_show_ppm: u32,
        /// Most of a slash that the reporter gets, at most [`MAX_REPORTER_PPM`].
        pub reporter_cap_ppm: u32,
        /// Blocks from a report to the slash, at least one.
        pub defer_blocks: Height,
        /// Blocks by which the guardian can put a slash off, at least one.
        pub delay_blocks: Height,
        /// Blocks from an appeal until it lapses, at least one.
        pub appeal_blocks: Height,
        /// What an appeal holds.
        pub appeal_bond: Balance,
        /// Who may put slashes off, if anybody.
        pub guardian: Option<AccountId32>,
        /// Whether the chain starts in dry run.
        pub dry_run: bool,
        /// Least deposit of a plant.
        pub plant_minimum_deposit: Balance,
        /// How many times what is locked for the shard it must be, at least two.
        pub plant_deposit_factor: u32,
        /// Of `locked`, what an opened plant pays the requester beside any restitution.
        pub plant_fee_ppm: u32,
        /// Blocks after which a plant that was not opened is lost, at least one.
        pub plant_blocks: Height,
        /// Nothing.
        #[serde(skip)]
        pub _config: core::marker::PhantomData<T>,
    }

    impl<T: Config> Default for GenesisConfig<T> {
        fn default() -> Self {
            let (shares, process, terms) = (Shares::default(), Process::default(), PlantTerms::default());
            Self {
                wrong_result_ppm: shares.wrong_result_ppm,
                wrong_audit_ppm: shares.wrong_audit_ppm,
                withheld_ppm: shares.withheld_ppm,
                late_ppm: shares.late_ppm,
                false_alarm_ppm: shares.false_alarm_ppm,
                audit_no_show_ppm: shares.audit_no_show_ppm,
                reporter_cap_ppm: shares.reporter_cap_ppm,
                defer_blocks: process.defer_blocks,
                delay_blocks: process.delay_blocks,
                appeal_blocks: process.appeal_blocks,
                appeal_bond: process.appeal_bond,
                guardian: None,
                dry_run: false,
                plant_minimum_deposit: terms.minimum_deposit,
                plant_deposit_factor: terms.deposit_factor,
                plant_fee_ppm: terms.fee_ppm,
                plant_blocks: terms.plant_blocks,
                _config: core::marker::PhantomData,
            }
        }
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            let shares = Shares {
                wrong_result_ppm: self.wrong_result_ppm,
                wrong_audit_ppm: self.wrong_audit_ppm,
                withheld_ppm: self.withheld_ppm,
                late_ppm: self.late_ppm,
                false_alarm_ppm: self.false_alarm_ppm,
                audit_no_show_ppm: self.audit_no_show_ppm,
                reporter_cap_ppm: self.reporter_cap_ppm,
            };
            assert!(shares.is_sound(), "slashing: unsound genesis parameters {shares:?}");
            Settings::<T>::put(shares);
            let process = Process {
                defer_blocks: self.defer_blocks,
                delay_blocks: self.delay_blocks,
                appeal_blocks: self.appeal_blocks,
                appeal_bond: self.appeal_bond,
            };
            assert!(process.is_sound(), "slashing: unsound genesis parameters {process:?}");
            Times::<T>::put(process);
            let terms = PlantTerms {
                minimum_deposit: self.plant_minimum_deposit,
                deposit_factor: self.plant_deposit_factor,
                fee_ppm: self.plant_fee_ppm,
                plant_blocks: self.plant_blocks,
            };
            assert!(terms.is_sound(), "slashing: unsound genesis parameters {terms:?}");
            Terms::<T>::put(terms);
            Guardian::<T>::set(self.guardian.clone());
            DryRun::<T>::put(self.dry_run);
        }
    }

    /// What happened.
    // Events are encoded at once and never kept as values: their size in memory does not matter.
    #[allow(clippy::large_enum_variant)]
    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A slash was carried out, or an offence ended that costs nothing: `due = locked x share`,
        /// `amount = restitution + reporter_reward + burned`.
        #[codec(index = 0)]
        Slashed {
            /// The offence.
            offence: OffenceId,
            /// What was done.
            kind: OffenceKind,
            /// Who did it.
            offender: T::AccountId,
            /// On which shard.
            shard: ShardId,
            /// What was locked for the obligation.
            locked: Balance,
            /// The share of it that this kind costs, in parts per million.
            share_ppm: u32,
            /// What the formula gives.
            due: Balance,
            /// What was taken: nothing in a dry run.
            amount: Balance,
            /// What of it the requester received.
            restitution: Balance,
            /// Who showed it.
            reporter: Option<T::AccountId>,
            /// What of it the reporter received.
            reporter_reward: Balance,
            /// What of it was burned.
            burned: Balance,
            /// Hash of the evidence, or zero for a silence.
            evidence: [u8; 32],
            /// Whether this was a dry run.
            dry_run: bool,
        },
        /// Dry run was switched on or off.
        #[codec(index = 1)]
        DryRunSet {
            /// Whether it is on.
            dry_run: bool,
        },
        /// An offence was reported. What is locked for the obligation stays locked until it is over.
        #[codec(index = 2)]
        Reported {
            /// The offence.
            offence: OffenceId,
            /// What was done.
            kind: OffenceKind,
            /// Who did it.
            offender: T::AccountId,
            /// On which shard.
            shard: ShardId,
            /// What is locked for the obligation.
            locked: Balance,
            /// What will be taken of it unless somebody intervenes.
            due: Balance,
            /// Who showed it.
            reporter: Option<T::AccountId>,
            /// Hash of the evidence, or zero for a silence.
            evidence: [u8; 32],
            /// Index of the extrinsic with the evidence in this block.
            extrinsic: Option<u32>,
            /// Height at which the slash is carried out.
            due_at: Height,
        },
        /// The offender appealed. Governance decides, or the slash is carried out at `due_at` and the bond comes back.
        #[codec(index = 3)]
        Appealed {
            /// The offence.
            offence: OffenceId,
            /// Who appealed.
            offender: T::AccountId,
            /// What it holds for that.
            bond: Balance,
            /// BLAKE3 of its statement.
            statement: [u8; 32],
            /// Height at which the appeal lapses.
            due_at: Height,
        },
        /// The guardian put a slash off.
        #[codec(index = 4)]
        Delayed {
            /// The offence.
            offence: OffenceId,
            /// Height at which it is carried out now.
            due_at: Height,
        },
        /// Governance cancelled a slash: the lock is released, and the bond of an appeal given back.
        #[codec(index = 5)]
        Cancelled {
            /// The offence.
            offence: OffenceId,
            /// Who keeps its bond.
            offender: T::AccountId,
            /// What was released.
            released: Balance,
            /// What came back of an appeal.
            appeal_bond: Balance,
        },
        /// Governance rejected an appeal: the bond is burned, and the slash carried out.
        #[codec(index = 6)]
        AppealRejected {
            /// The offence.
            offence: OffenceId,
            /// Who appealed.
            offender: T::AccountId,
            /// What was burned.
            bond: Balance,
        },
        /// Nobody decided an appeal: the bond came back, and the slash is carried out.
        #[codec(index = 7)]
        AppealLapsed {
            /// The offence.
            offence: OffenceId,
            /// Who appealed.
            offender: T::AccountId,
            /// What came back.
            bond: Balance,
        },
        /// Another guardian was named, or none.
        #[codec(index = 8)]
        GuardianSet {
            /// The guardian.
            guardian: Option<T::AccountId>,
        },
        /// An offence against consensus was reported.
        #[codec(index = 9)]
        ConsensusReported {
            /// The offence.
            offence: OffenceId,
            /// What was done.
            kind: OffenceKind,
            /// Who did it.
            offender: T::AccountId,
            /// In which session.
            session: u32,
            /// How many did the same in the same slot, round or session.
            offenders: u32,
            /// How many validators the session had.
            validators: u32,
            /// What of the severity is not part of this slash, in parts per million: an earlier one of the session was over when it
            /// grew.
            before_ppm: u32,
            /// The share of the stake, and of what backs it, in parts per million.
            share_ppm: u32,
            /// What that is now of the bond and what of it is unbonding.
            due: Balance,
            /// Who showed it.
            reporter: Option<T::AccountId>,
            /// Hash of the transaction with the evidence, or zero where the chain saw it by itself.
            evidence: [u8; 32],
            /// Index of that transaction in this block.
            extrinsic: Option<u32>,
            /// Height at which the slash is carried out.
            due_at: Height,
        },
        /// An offence against consensus became graver: more validators did the same.
        #[codec(index = 10)]
        Raised {
            /// The offence.
            offence: OffenceId,
            /// How many did it now.
            offenders: u32,
            /// The share of the stake now, in parts per million.
            share_ppm: u32,
            /// What that is now of the bond and what of it is unbonding.
            due: Balance,
        },
        /// A slash for an offence against consensus was carried out, or one ended that costs nothing:
        /// `amount + owed = at_stake x share`, `amount + backing = reporter_reward + burned`.
        #[codec(index = 11)]
        StakeSlashed {
            /// The offence.
            offence: OffenceId,
            /// What was done.
            kind: OffenceKind,
            /// Who did it.
            offender: T::AccountId,
            /// In which session.
            session: u32,
            /// The bond and what of it was unbonding, without what it owed.
            at_stake: Balance,
            /// The share of it, and of what backs it, in parts per million.
            share_ppm: u32,
            /// What was taken of the bond and what of it was unbonding: nothing in a dry run.
            amount: Balance,
            /// What of the locked bond will be taken when it is released.
            owed: Balance,
            /// What was taken of what backs it.
            backing: Balance,
            /// Who showed it.
            reporter: Option<T::AccountId>,
            /// What of `amount` the reporter received.
            reporter_reward: Balance,
            /// What was burned.
            burned: Balance,
            /// Hash of the transaction with the evidence, or zero.
            evidence: [u8; 32],
            /// Whether this was a dry run.
            dry_run: bool,
        },
        /// A plant was posted, or a decoy: nobody can tell.
        #[codec(index = 12)]
        Planted {
            /// Its hash.
            hash: [u8; 32],
            /// Who posted it.
            owner: T::AccountId,
            /// What is held for it.
            deposit: Balance,
            /// Height from which anybody can have the deposit burned.
            expires_at: Height,
        },
        /// A convicted result had been planted. The slash is over and nothing was taken of the collateral:
        /// `deposit = reporter_reward + compensation + burned + deposit_released`.
        #[codec(index = 13)]
        PlantOpened {
            /// The offence.
            offence: OffenceId,
            /// Hash of the plant.
            hash: [u8; 32],
            /// Who posted the plant, and paid.
            owner: T::AccountId,
            /// Who committed to the result.
            worker: T::AccountId,
            /// On which shard.
            shard: ShardId,
            /// Who found the error.
            reporter: Option<T::AccountId>,
            /// What it received.
            reporter_reward: Balance,
            /// Who waits for the result.
            requester: T::AccountId,
            /// What it received.
            compensation: Balance,
            /// What was burned because it could not arrive.
            burned: Balance,
            /// What came back of the deposit.
            deposit_released: Balance,
            /// What was locked of the worker's bond, and is free.
            collateral_released: Balance,
            /// What came back of an appeal.
            appeal_bond: Balance,
        },
        /// A decoy was opened: its deposit came back.
        #[codec(index = 14)]
        DecoyOpened {
            /// Its hash.
            hash: [u8; 32],
            /// Who posted it.
            owner: T::AccountId,
            /// What came back.
            deposit: Balance,
        },
        /// A plant came to nothing, because its result is never paid: its deposit came back.
        #[codec(index = 15)]
        PlantWithdrawn {
            /// Its hash.
            hash: [u8; 32],
            /// Who posted it.
            owner: T::AccountId,
            /// What came back.
            deposit: Balance,
        },
        /// A plant or a decoy was not opened in time.
        #[codec(index = 16)]
        PlantExpired {
            /// Its hash.
            hash: [u8; 32],
            /// Who posted it.
            owner: T::AccountId,
            /// What was burned: nothing in a dry run.
            burned: Balance,
        },
    }

    /// Why a call failed.
    #[pallet::error]
    pub enum Error<T> {
        /// There is no such slash, or it is over.
        #[codec(index = 0)]
        NoSuchSlash,
        /// Only the offender appeals.
        #[codec(index = 1)]
        NotOffender,
        /// The slash is under appeal already.
        #[codec(index = 2)]
        AlreadyAppealed,
        /// The slash is not under appeal.
        #[codec(index = 3)]
        NotAppealed,
        /// The slash was put off already, or is under appeal.
        #[codec(index = 4)]
        NotDelayable,
        /// Only the guardian puts a slash off.
        #[codec(index = 5)]
        NotGuardian,
        /// The deposit is below the minimum, or below what a plant for this shard takes.
        #[codec(index = 6)]
        DepositTooLow,
        /// A plant with this hash is under way: take another salt.
        #[codec(index = 7)]
        AlreadyPlanted,
        /// As many plants as there may be are under way, of this account or of all: open or withdraw some first.
        #[codec(index = 8)]
        TooManyPlants,
        /// No plant has the hash that the arguments make: check the salt, or it is over.
        #[codec(index = 9)]
        NoSuchPlant,
        /// Only the conviction of a worker's result, not an apprentice's, can have been planted.
        #[codec(index = 10)]
        NotPlantable,
        /// The plant was not posted in a block before that of the commitment.
        #[codec(index = 11)]
        PlantedTooLate,
        /// The planted result may still be paid, or the chain cannot tell any more.
        #[codec(index = 12)]
        StillCounts,
        /// The plant can still be opened.
        #[codec(index = 13)]
        NotExpired,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn on_initialize(now: BlockNumberFor<T>) -> Weight {
            let carried_out = Self::carry_out_due(now.unique_saturated_into());
            T::WeightInfo::idle()
                .saturating_add(T::WeightInfo::carry_out().saturating_mul(carried_out.work.into()))
                .saturating_add(T::WeightInfo::carry_out_stake().saturating_mul(carried_out.stakes.into()))
        }

        fn integrity_test() {
            let sound =
                Shares::default().is_sound() && Process::default().is_sound() && PlantTerms::default().is_sound();
            assert!(sound, "slashing: unsound defaults");
            // One step for the height that every block adds, one to get on.
            assert!(T::SlashesPerBlock::get() >= 2, "slashing: slashes must make progress");
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_now: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Switches dry run on or off: while it is on, offences are told and locks released, and nothing is taken.
        ///
        /// Governance only. Event: `DryRunSet`. Error: `BadOrigin`.
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::set_dry_run())]
        pub fn set_dry_run(origin: OriginFor<T>, dry_run: bool) -> DispatchResult {
            T::GovernanceOrigin::ensure_origin(origin)?;
            DryRun::<T>::put(dry_run);
            Self::deposit_event(Event::DryRunSet { dry_run });
            Ok(())
        }

        /// The offender appeals against a slash that is not carried out yet, once: governance has at least `appeal_blocks` to
        /// decide. `statement` is the BLAKE3 of what the offender has to say.
        ///
        /// Holds `appeal_bond`, which is burned when the appeal is rejected and comes back otherwise. Event: `Appealed`.
        /// Errors: `NoSuchSlash`, `NotOffender`, `AlreadyAppealed`, or the token's where the account has too little.
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::appeal())]
        pub fn appeal(origin: OriginFor<T>, offence: OffenceId, statement: [u8; 32]) -> DispatchResult {
            let offender = ensure_signed(origin)?;
            let slash = Self::slash(offence)?;
            ensure!(offender == AccountId32::from(*slash.offence.offender()), Error::<T>::NotOffender);
            ensure!(!matches!(slash.stage, SlashStage::Appealed { .. }), Error::<T>::AlreadyAppealed);
            let Process { appeal_blocks, appeal_bond: bond, .. } = Times::<T>::get();
            T::Currency::hold(&HoldReason::Appeal.into(), &offender, bond)?;
            let due_at = slash.due_at.max(Self::now().saturating_add(appeal_blocks));
            Self::put_off(offence, slash, SlashStage::Appealed { bond, statement }, due_at);
            Self::deposit_event(Event::Appealed { offence, offender, bond, statement, due_at });
            Ok(())
        }

        /// Cancels a slash that is not carried out yet, appealed or not: the whole lock is released, the bond of an appeal given
        /// back.
        ///
        /// Governance only. Event: `Cancelled`. Errors: `BadOrigin`, `NoSuchSlash`.
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::cancel())]
        pub fn cancel(origin: OriginFor<T>, offence: OffenceId) -> DispatchResult {
            T::GovernanceOrigin::ensure_origin(origin)?;
            let slash = Self::slash(offence)?;
            let offender = AccountId32::from(*slash.offence.offender());
            let appeal_bond = Self::return_bond(&offender, &slash.stage)?;
            Self::remove(offence, &slash);
            let released = slash.offence.locked();
            if released > 0 {
                T::Collateral::release(slash.offence.offender(), released);
            }
            Self::deposit_event(Event::Cancelled { offence, offender, released, appeal_bond });
            Ok(())
        }

        /// Rejects an appeal: its bond is burned and the slash carried out at once.
        ///
        /// Governance only. Events: `AppealRejected`, `Slashed` or `StakeSlashed`. Errors: `BadOrigin`, `NoSuchSlash`, `NotAppealed`.
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::reject_appeal().max(T::WeightInfo::carry_out_stake()))]
        pub fn reject_appeal(origin: OriginFor<T>, offence: OffenceId) -> DispatchResult {
            T::GovernanceOrigin::ensure_origin(origin)?;
            let slash = Self::slash(offence)?;
            let SlashStage::Appealed { bond, .. } = slash.stage else { return Err(Error::<T>::NotAppealed.into()) };
            let offender = AccountId32::from(*slash.offence.offender());
            let reason = HoldReason::Appeal.into();
            T::Currency::burn_held(&reason, &offender, bond, Precision::Exact, Fortitude::Force)?;
            Self::deposit_event(Event::AppealRejected { offence, offender, bond });
            Self::remove(offence, &slash);
            Self::carry_out(offence, slash);
            Ok(())
        }

        /// The guardian puts a slash off by `delay_blocks`, once and not under appeal. That is all it can do.
        ///
        /// Event: `Delayed`. Errors: `NotGuardian`, `NoSuchSlash`, `NotDelayable`.
        #[pallet::call_index(4)]
        #[pallet::weight(T::WeightInfo::delay())]
        pub fn delay(origin: OriginFor<T>, offence: OffenceId) -> DispatchResult {
            let who = ensure_signed(origin)?;
            ensure!(Guardian::<T>::get().as_ref() == Some(&who), Error::<T>::NotGuardian);
            let slash = Self::slash(offence)?;
            ensure!(slash.stage == SlashStage::Deferred, Error::<T>::NotDelayable);
            let due_at = slash.due_at.saturating_add(Times::<T>::get().delay_blocks);
            Self::put_off(offence, slash, SlashStage::Delayed, due_at);
            Self::deposit_event(Event::Delayed { offence, due_at });
            Ok(())
        }

        /// Names the guardian, or none.
        ///
        /// Governance only. Event: `GuardianSet`. Error: `BadOrigin`.
        #[pallet::call_index(5)]
        #[pallet::weight(T::WeightInfo::set_guardian())]
        pub fn set_guardian(origin: OriginFor<T>, guardian: Option<AccountId32>) -> DispatchResult {
            T::GovernanceOrigin::ensure_origin(origin)?;
            Guardian::<T>::set(guardian.clone());
            Self::deposit_event(Event::GuardianSet { guardian });
            Ok(())
        }

        /// Posts the hash of a planted error ([`PlantedResult::hash`]) or of a decoy ([`decoy_hash`](quern_primitives::plant::decoy_hash)),
        /// from any account: in a block before that of the commitment that it is about.
        ///
        /// Holds `deposit`, at least [`PlantTerms::minimum_deposit`], until it is opened. To cover a plant it must reach
        /// [`PlantTerms::deposit_factor`] times what is locked for the shard. Event: `Planted`. Errors: `DepositTooLow`,
        /// `AlreadyPlanted`, `TooManyPlants`, or the token's where the account has too little.
        #[pallet::call_index(10)]
        #[pallet::weight(T::WeightInfo::plant())]
        pub fn plant(origin: OriginFor<T>, hash: [u8; 32], #[pallet::compact] deposit: Balance) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::do_plant(owner, hash, deposit)
        }

        /// Shows that a result of which a worker was convicted had been planted, before the slash is carried out. Only who posted the
        /// plant can. The finder, and the requester for its restitution and a fee, are paid out of the deposit; the rest of it comes
        /// back, the worker's lock and the bond of its appeal are released, and its conviction is taken back in the registry.
        ///
        /// Event: `PlantOpened`. Errors: `NoSuchSlash`, `NotPlantable`, `NoSuchPlant`, `PlantedTooLate`, `DepositTooLow`.
        #[pallet::call_index(11)]
        #[pallet::weight(T::WeightInfo::open_plant())]
        pub fn open_plant(origin: OriginFor<T>, offence: OffenceId, salt: [u8; 32]) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::do_open_plant(owner, offence, &salt)
        }

        /// Shows that a hash is a decoy's, at any time, by who posted it: its deposit comes back.
        ///
        /// Event: `DecoyOpened`. Error: `NoSuchPlant`.
        #[pallet::call_index(12)]
        #[pallet::weight(T::WeightInfo::open_decoy())]
        pub fn open_decoy(origin: OriginFor<T>, salt: [u8; 32]) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::do_open_decoy(owner, &salt)
        }

        /// Shows that a hash is that of a plant which came to nothing, by who posted it: the worker was too late, the shard was dropped
        /// or issued again, its result was overturned, or the worker has committed to another root. The deposit comes back. A result that
        /// was accepted and stands counts, paid or not, and so does one that was paid without an audit.
        ///
        /// Possible until the job is pruned. Event: `PlantWithdrawn`. Errors: `NoSuchPlant`, `StillCounts`.
        #[pallet::call_index(13)]
        #[pallet::weight(T::WeightInfo::withdraw_plant())]
        pub fn withdraw_plant(origin: OriginFor<T>, salt: [u8; 32], planted: PlantedResult) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::do_withdraw_plant(owner, &salt, &planted)
        }

        /// Burns the deposit of a plant or decoy that nobody has opened in time. Anybody can.
        ///
        /// Event: `PlantExpired`. Errors: `NoSuchPlant`, `NotExpired`.
        #[pallet::call_index(14)]
        #[pallet::weight(T::WeightInfo::expire_plant())]
        pub fn expire_plant(origin: OriginFor<T>, hash: [u8; 32]) -> DispatchResult {
            ensure_signed(origin)?;
            Self::do_expire_plant(hash)
        }
    }

    #[pallet::view_functions]
    impl<T: Config> Pallet<T> {
        /// A slash that is not carried out yet.
        pub fn deferred(offence: OffenceId) -> Option<DeferredSlash> {
            Deferred::<T>::get(offence)
        }

        /// A plant or decoy that is under way, by its hash.
        pub fn plant_of(hash: [u8; 32]) -> Option<Plant> {
            Plants::<T>::get(hash)
        }

        /// Up to `limit` (at most [`MAX_PAGE`]) plants and decoys that are under way, in the order of storage, after the one with hash
        /// `after`, or from the first.
        pub fn all_plants(after: Option<[u8; 32]>, limit: u32) -> Vec<([u8; 32], Plant)> {
            let limit = limit.min(MAX_PAGE) as usize;
            match after {
                Some(after) => Plants::<T>::iter_from(Plants::<T>::hashed_key_for(after)).take(limit).collect(),
                None => Plants::<T>::iter().take(limit).collect(),
            }
        }

        /// Up to `limit` (at most [`MAX_PAGE`]) slashes that are not carried out yet, in the order of storage, after the one of
        /// offence `after`, or from the first.
        pub fn all_deferred(after: Option<OffenceId>, limit: u32) -> Vec<(OffenceId, DeferredSlash)> {
            let limit = limit.min(MAX_PAGE) as usize;
            match after {
                Some(after) => Deferred::<T>::iter_from(Deferred::<T>::hashed_key_for(after)).take(limit).collect(),
                None => Deferred::<T>::iter().take(limit).collect(),
            }
        }
    }
}

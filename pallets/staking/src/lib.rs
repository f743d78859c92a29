// SPDX-License-Identifier: Apache-2.0
#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![deny(missing_docs, rustdoc::broken_intra_doc_links)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)
)]

extern crate alloc;

mod backing;
#[cfg(feature = "runtime-benchmarks")]
pub mod benchmarking;
mod collateral;
mod elections;
mod offences;
#[cfg(test)]
mod tests;
mod try_state;
mod types;
pub mod weights;

#[cfg(feature = "runtime-benchmarks")]
pub use benchmarking::BenchmarkHelper;
pub use offences::{EvidenceSessions, IdleOffence, Offender, VoteOffence, FORGOTTEN_PER_BLOCK};
pub use pallet::*;
pub use quern_primitives::offence::MIN_EXPECTED_BLOCKS;
pub use types::*;
pub use weights::WeightInfo;

use alloc::vec::Vec;
use frame_support::{
    pallet_prelude::*,
    storage::with_storage_layer,
    traits::{
        fungible,
        fungible::{Inspect, Mutate, MutateHold},
        tokens::Precision,
        Contains,
    },
    PalletId,
};
use frame_system::pallet_prelude::*;
use quern_primitives::{
    traits::{ConsensusOffences, OffenceKind, Unclaimed},
    Balance, Height, QRN,
};
use sp_runtime::{
    traits::{AccountIdConversion, UniqueSaturatedInto},
    AccountId32, Perbill,
};

/// Keeps validators from authoring before the next election comes.
pub trait Disabling {
    /// Disables `who` for an offence that costs this share of its stake, if it authors now and no more are disabled than may be.
    fn disable(who: &AccountId32, share: Perbill);
}

/// Nobody is kept from authoring.
impl Disabling for () {
    fn disable(_: &AccountId32, _: Perbill) {}
}

/// Names the account that holds what nominators back candidates with.
const POT: PalletId = PalletId(*b"qn/nomin");

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
        /// The era: there is an election in each.
        type Era: Get<u32>;
        /// Blocks for which it is told apart what a bond was before it grew: as long as a draw may look back.
        type DrawMemory: Get<Height>;
        /// Author of the current block, read in `on_finalize`.
        type Author: Get<Option<AccountId32>>;
        /// Accounts that have registered session keys: only they can be elected.
        type SessionKeys: Contains<AccountId32>;
        /// What authors have not claimed of eras that are over.
        type Unclaimed: Unclaimed;
        /// Slashes for offences against consensus, with due process.
        type Offences: ConsensusOffences;
        /// Keeps equivocators from authoring.
        type Disabling: Disabling;
        /// Weights.
        type WeightInfo: WeightInfo;
        /// Session keys for benchmarks.
        #[cfg(feature = "runtime-benchmarks")]
        type BenchmarkHelper: BenchmarkHelper;
    }

    #[pallet::pallet]
    pub struct Pallet<T>(_);

    /// Why this pallet holds funds.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// A bond, or what of it is unbonding.
        #[codec(index = 0)]
        Bond,
        /// What nominators back candidates with, on the pot's account.
        #[codec(index = 1)]
        Nomination,
    }

    /// The least bond.
    #[pallet::storage]
    pub type MinimumBond<T: Config> = StorageValue<_, Balance, ValueQuery>;

    /// Blocks from unbonding to withdrawal.
    #[pallet::storage]
    pub type UnbondingBlocks<T: Config> = StorageValue<_, Height, ValueQuery>;

    /// Bonds by account.
    #[pallet::storage]
    pub type Ledgers<T: Config> = StorageMap<_, Blake2_128Concat, AccountId32, Ledger, OptionQuery>;

    /// What genesis decided about elections.
    #[pallet::storage]
    pub type Elections<T: Config> = StorageValue<_, ElectionParameters, ValueQuery>;

    /// Candidates, listed or chilled.
    #[pallet::storage]
    pub type Candidates<T: Config> = StorageMap<_, Blake2_128Concat, AccountId32, Candidate, OptionQuery>;

    /// Listed candidates with their scores: highest score first, equal ones by account.
    #[pallet::storage]
    pub type Order<T: Config> =
        StorageValue<_, BoundedVec<(Balance, AccountId32), ConstU32<MAX_CANDIDATES>>, ValueQuery>;

    /// What an account backs a candidate with: nominator, candidate.
    #[pallet::storage]
    pub type Nominations<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, AccountId32, Blake2_128Concat, AccountId32, Nomination, OptionQuery>;

    /// What is left to be exchanged of young pools that became a part of their candidates', by their generation.
    #[pallet::storage]
    pub type Merges<T: Config> = StorageMap<_, Twox64Concat, u64, Merge, OptionQuery>;

    /// The generation of the next pool.
    #[pallet::storage]
    pub type NextGeneration<T: Config> = StorageValue<_, u64, ValueQuery>;

    /// The era of the last election.
    #[pallet::storage]
    pub type ElectedEra<T: Config> = StorageValue<_, u32, OptionQuery>;

    /// Whether an election is due before the era ends, because a candidate was chilled for what it did.
    #[pallet::storage]
    pub type ElectionDue<T: Config> = StorageValue<_, bool, ValueQuery>;

    /// Blocks of the current session by author.
    #[pallet::storage]
    pub type Authored<T: Config> = StorageMap<_, Blake2_128Concat, AccountId32, u32, ValueQuery>;

    /// All blocks of the current session.
    #[pallet::storage]
    pub type SessionBlocks<T: Config> = StorageValue<_, u32, ValueQuery>;

    /// The gravest offence by session, offender and kind; kept while its session can be shown.
    #[pallet::storage]
    pub type Reported<T: Config> =
        StorageDoubleMap<_, Twox64Concat, u32, Blake2_128Concat, (AccountId32, OffenceKind), Noted, OptionQuery>;

    /// Reports of offences against consensus, by the hash of their kind and moment; kept while their session can be shown.
    #[pallet::storage]
    pub type Reports<T: Config> = StorageMap<_, Identity, [u8; 32], ReportsOfMoment, OptionQuery>;

    /// The same by session, to be forgotten.
    #[pallet::storage]
    pub type ReportsBySession<T: Config> = StorageDoubleMap<_, Twox64Concat, u32, Identity, [u8; 32], (), OptionQuery>;

    /// The first session of which an offence can still be shown.
    #[pallet::storage]
    pub type ShownFrom<T: Config> = StorageValue<_, u32, ValueQuery>;

    /// The reports of all sessions before this one are forgotten.
    #[pallet::storage]
    pub type ForgottenTo<T: Config> = StorageValue<_, u32, ValueQuery>;

    /// What genesis decides.
    #[pallet::genesis_config]
    pub struct GenesisConfig<T: Config> {
        /// The least bond.
        pub minimum_bond: Balance,
        /// Blocks from unbonding to withdrawal: at least the challenge window and the longest dispute.
        pub unbonding_blocks: Height,
        /// Bonds from the start, out of the accounts' genesis balances.
        pub bonds: Vec<(AccountId32, Balance)>,
        /// Candidates from the start, with their commissions in parts per million. They must be bonded.
        pub candidates: Vec<(AccountId32, u32)>,
        /// Fewest validators of a set.
        pub min_validators: u32,
        /// Most validators of a set.
        pub max_validators: u32,
        /// Most that a candidate is backed with, in multiples of its own bond.
        pub max_backing_ratio: u32,
        /// Least value of a nomination.
        pub minimum_nomination: Balance,
        /// Sessions for which an equivocation can be shown.
        pub evidence_sessions: u32,
        /// Share of a slash that the reporter gets, in parts per million.
        pub reporter_ppm: u32,
        /// Nothing.
        #[serde(skip)]
        pub _config: core::marker::PhantomData<T>,
    }

    impl<T: Config> Default for GenesisConfig<T> {
        fn default() -> Self {
            let minimum_bond = QRN.saturating_mul(100);
            let elections = ElectionParameters::default();
            Self {
                minimum_bond,
                unbonding_blocks: 21_600,
                bonds: Vec::new(),
                candidates: Vec::new(),
                min_validators: elections.min_validators,
                max_validators: elections.max_validators,
                max_backing_ratio: elections.max_backing_ratio,
                minimum_nomination: elections.minimum_nomination,
                evidence_sessions: elections.evidence_sessions,
                reporter_ppm: elections.reporter_ppm,
                _config: core::marker::PhantomData,
            }
        }
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            MinimumBond::<T>::put(self.minimum_bond);
            UnbondingBlocks::<T>::put(self.unbonding_blocks);
            let elections = ElectionParameters {
                min_validators: self.min_validators,
                max_validators: self.max_validators,
                max_backing_ratio: self.max_backing_ratio,
                minimum_nomination: self.minimum_nomination,
                evidence_sessions: self.evidence_sessions,
                reporter_ppm: self.reporter_ppm,
            };
            if let Some(reason) = elections.unsound() {
                panic!("staking: unsound genesis parameters: {reason}");
            }
            Elections::<T>::put(elections);
            // The pot always exists, so that it takes parts below the existential deposit.
            let opened = T::Currency::mint_into(&Pallet::<T>::pot(), T::Currency::minimum_balance());
            assert!(opened.is_ok(), "staking: the pot cannot be opened: {opened:?}");
            for (who, amount) in &self.bonds {
                let bonded = Pallet::<T>::do_bond(who, *amount);
                assert!(bonded.is_ok(), "staking: genesis bond of {who:?} impossible: {bonded:?}");
            }
            for (who, commission_ppm) in &self.candidates {
                let listed = Pallet::<T>::do_validate(who, *commission_ppm);
                assert!(listed.is_ok(), "staking: genesis candidate {who:?} impossible: {listed:?}");
            }
        }
    }

    /// What happened.
    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// An account bonded.
        #[codec(index = 0)]
        Bonded {
            /// The account.
            who: T::AccountId,
            /// What was added.
            amount: Balance,
            /// The whole bond now.
            bonded: Balance,
        },
        /// An amount started to unbond.
        #[codec(index = 1)]
        Unbonding {
            /// The account.
            who: T::AccountId,
            /// The amount.
            amount: Balance,
            /// First height at which it can be withdrawn.
            release_at: Height,
            /// The bond that is left.
            bonded: Balance,
        },
        /// Unbonded funds were released from hold.
        #[codec(index = 2)]
        Withdrawn {
            /// The account.
            who: T::AccountId,
            /// The amount.
            amount: Balance,
        },
        /// A part of a bond was promised for an obligation.
        #[codec(index = 3)]
        Locked {
            /// The account.
            who: T::AccountId,
            /// The amount.
            amount: Balance,
            /// All that is locked now.
            locked: Balance,
        },
        /// An obligation ended and its lock with it.
        #[codec(index = 4)]
        Released {
            /// The account.
            who: T::AccountId,
            /// The amount.
            amount: Balance,
            /// All that is locked now.
            locked: Balance,
        },
        /// Locked bond was taken.
        #[codec(index = 5)]
        Slashed {
            /// The account.
            who: T::AccountId,
            /// What was taken: `paid + burned`.
            amount: Balance,
            /// What beneficiaries received.
            paid: Balance,
            /// What was burned.
            burned: Balance,
            /// The bond that is left.
            bonded: Balance,
        },
        /// An account offers to author blocks, or changed its commission.
        #[codec(index = 6)]
        CandidateListed {
            /// The account.
            who: T::AccountId,
            /// What it keeps of the rewards before they are shared, in parts per million; where it is higher than before, later.
            commission_ppm: u32,
            /// Its score: its bond and what backs it.
            score: Balance,
        },
        /// A candidate left the order.
        #[codec(index = 7)]
        Chilled {
            /// The candidate.
            who: T::AccountId,
            /// Why.
            reason: ChillReason,
        },
        /// An account backed a candidate.
        #[codec(index = 8)]
        Nominated {
            /// The account.
            who: T::AccountId,
            /// The candidate.
            candidate: T::AccountId,
            /// What was added.
            amount: Balance,
            /// The shares that it bought.
            shares: Balance,
        },
        /// A nomination, or a part of it, started to unbond.
        #[codec(index = 9)]
        NominationUnbonding {
            /// The account.
            who: T::AccountId,
            /// The candidate.
            candidate: T::AccountId,
            /// What the shares are worth now.
            amount: Balance,
            /// The shares.
            shares: Balance,
            /// First height at which they can be withdrawn.
            release_at: Height,
        },
        /// Shares that had unbonded were paid out.
        #[codec(index = 10)]
        NominationWithdrawn {
            /// The account.
            who: T::AccountId,
            /// The candidate.
            candidate: T::AccountId,
            /// What they were worth.
            amount: Balance,
        },
        /// A set of validators was elected: it authors from the next session on.
        #[codec(index = 11)]
        Elected {
            /// The era.
            era: u32,
            /// How many.
            validators: u32,
            /// The lowest score among them.
            lowest_score: Balance,
        },
        /// There are too few candidates with session keys: the set stays as it is.
        #[codec(index = 12)]
        ElectionFailed {
            /// The era.
            era: u32,
            /// Candidates with session keys.
            candidates: u32,
            /// The fewest that a set needs.
            minimum: u32,
        },
        /// A stake was slashed for a consensus offence.
        #[codec(index = 15)]
        StakeSlashed {
            /// Who did it.
            who: T::AccountId,
            /// The share of its stake, in parts per million.
            share_ppm: u32,
            /// What was taken of its bond and of what of it is unbonding.
            own: Balance,
            /// What of its locked bond will be taken when it is released.
            owed: Balance,
            /// What was taken of what backs it.
            backing: Balance,
            /// Who showed it.
            reporter: Option<T::AccountId>,
            /// What of `own` the reporter got; all else was burned.
            reward: Balance,
        },
        /// What an account owed for a consensus offence was taken of the bond that was released, and burned.
        #[codec(index = 16)]
        OwedTaken {
            /// The account.
            who: T::AccountId,
            /// The amount.
            amount: Balance,
            /// What it still owes.
            owed: Balance,
        },
        /// What backs a candidate lost the same share as the candidate's bond, and was burned.
        #[codec(index = 17)]
        BackingSlashed {
            /// The candidate.
            candidate: T::AccountId,
            /// The share.
            fraction: Perbill,
            /// The amount.
            amount: Balance,
        },
        /// A reward was shared between a candidate and those who back it: `own + backing` is all of it, and
        /// `backing = (all - all x commission_ppm) x backed / (bonded + backed)`.
        #[codec(index = 18)]
        RewardShared {
            /// The candidate.
            candidate: T::AccountId,
            /// What it got, its commission included.
            own: Balance,
            /// What was added to the shares of those who back it.
            backing: Balance,
            /// Its commission of the era that is paid; zero for an account that is no candidate.
            commission_ppm: u32,
            /// Its bond, less what it owes.
            bonded: Balance,
            /// What others backed it with, what unbonds included.
            backed: Balance,
        },
        /// A candidate that others back announced a higher commission.
        #[codec(index = 19)]
        CommissionRaised {
            /// The candidate.
            who: T::AccountId,
            /// The commission, in parts per million.
            commission_ppm: u32,
            /// The first era whose rewards it is kept of.
            from_era: u32,
        },
    }

    /// Why a call failed.
    #[pallet::error]
    pub enum Error<T> {
        /// The amount is zero.
        #[codec(index = 0)]
        ZeroAmount,
        /// The account has no bond.
        #[codec(index = 1)]
        NotBonded,
        /// The bond would be smaller than the minimum, and not zero.
        #[codec(index = 2)]
        BelowMinimum,
        /// The bond that is not locked is smaller than the amount.
        #[codec(index = 3)]
        InsufficientFree,
        /// Too many amounts are unbonding: withdraw those that have matured.
        #[codec(index = 4)]
        TooManyUnbonding,
        /// Nothing has matured.
        #[codec(index = 5)]
        NothingToWithdraw,
        /// The account has registered no session keys: do that first, with `session.set_keys`.
        #[codec(index = 6)]
        NoSessionKeys,
        /// A share of more than one million parts.
        #[codec(index = 7)]
        CommissionTooHigh,
        /// The order of candidates is full, and all in it have a better score.
        #[codec(index = 8)]
        OrderFull,
        /// The account is no candidate, or a chilled one.
        #[codec(index = 9)]
        NotACandidate,
        /// Whoever is a candidate bonds; it does not back itself.
        #[codec(index = 10)]
        OwnCandidate,
        /// The candidate would be backed with more than its bond allows.
        #[codec(index = 11)]
        BackingFull,
        /// The account does not back this candidate, or what it backed it with was slashed away.
        #[codec(index = 12)]
        NoNomination,
        /// The nomination would be worth less than the minimum, and not nothing.
        #[codec(index = 13)]
        NominationTooSmall,
        /// Others came to back the candidate in an earlier era, and it has not claimed what it earned since: claim it first
        /// (`rewards.claim_emission_for`).
        #[codec(index = 14)]
        RewardsUnclaimed,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn integrity_test() {
            let defaults = ElectionParameters::default();
            assert!(defaults.unsound().is_none(), "staking: unsound defaults: {:?}", defaults.unsound());
        }

        fn on_initialize(_now: BlockNumberFor<T>) -> Weight {
            let forgotten = Self::forget_reports();
            T::WeightInfo::on_block().saturating_add(T::WeightInfo::forget_report().saturating_mul(forgotten.into()))
        }

        fn on_finalize(_now: BlockNumberFor<T>) {
            // Read here and not sooner: in the first block of a session the author's index counts in that session's set.
            if let Some(author) = T::Author::get() {
                Self::note_author(&author);
            }
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_now: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Bonds `amount` more (smallest unit of QRN).
        ///
        /// The whole bond must reach the minimum. Puts the amount on hold. Event: `Bonded`. Errors: `ZeroAmount`,
        /// `BelowMinimum`, or the token's where the account has too little.
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::bond())]
        pub fn bond(origin: OriginFor<T>, #[pallet::compact] amount: Balance) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_bond(&who, amount)
        }

        /// Starts to unbond `amount` (smallest unit of QRN) of the bond that is not locked.
        ///
        /// What is left must be zero or reach the minimum. The amount stays on hold until it is withdrawn. Event:
        /// `Unbonding`. Errors: `ZeroAmount`, `NotBonded`, `InsufficientFree`, `BelowMinimum`, `TooManyUnbonding`.
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::unbond())]
        pub fn unbond(origin: OriginFor<T>, #[pallet::compact] amount: Balance) -> DispatchResult {
            let who = ensure_signed(origin)?;
            ensure!(amount > 0, Error::<T>::ZeroAmount);
            let mut ledger = Ledgers::<T>::get(&who).filter(|ledger| ledger.bonded > 0).ok_or(Error::<T>::NotBonded)?;
            ensure!(amount <= ledger.free(), Error::<T>::InsufficientFree);
            let bonded = ledger.bonded.saturating_sub(amount);
            ensure!(bonded == 0 || bonded >= MinimumBond::<T>::get(), Error::<T>::BelowMinimum);
            let release_at = Self::now().saturating_add(UnbondingBlocks::<T>::get());
            ensure!(types::push(&mut ledger.unbonding, amount, release_at), Error::<T>::TooManyUnbonding);
            ledger.bonded = bonded;
            Ledgers::<T>::insert(&who, ledger);
            Self::sync(&who);
            Self::deposit_event(Event::Unbonding { who, amount, release_at, bonded });
            Ok(())
        }

        /// Releases everything whose unbonding has ended.
        ///
        /// Event: `Withdrawn`. Errors: `NotBonded`, `NothingToWithdraw`.
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::withdraw_unbonded())]
        pub fn withdraw_unbonded(origin: OriginFor<T>) -> DispatchResult {
            let who = ensure_signed(origin)?;
            let mut ledger = Ledgers::<T>::get(&who).ok_or(Error::<T>::NotBonded)?;
            let amount = types::take_matured(&mut ledger.unbonding, Self::now());
            ensure!(amount > 0, Error::<T>::NothingToWithdraw);
            T::Currency::release(&HoldReason::Bond.into(), &who, amount, Precision::Exact)?;
            Self::store(&who, ledger);
            Self::deposit_event(Event::Withdrawn { who, amount });
            Ok(())
        }

        /// Offers to author and finalise blocks, for `commission_ppm` of the rewards before they are shared with those who
        /// back the caller; or changes the commission.
        ///
        /// Where others back the caller, a higher commission is kept of eras that begin [`COMMISSION_NOTICE_ERAS`] after this one
        /// at the soonest, and of no earlier one whenever it is claimed; a lower one counts at once, for eras not yet claimed too.
        ///
        /// The caller's bond must reach the minimum and its session keys must be registered. Event: `CandidateListed`,
        /// `CommissionRaised` where it counts later, and `Chilled` of another where the order was full. Errors: `CommissionTooHigh`, `NoSessionKeys`, `BelowMinimum`,
        /// `OrderFull`.
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::validate())]
        pub fn validate(origin: OriginFor<T>, commission_ppm: u32) -> DispatchResult {
            let who = ensure_signed(origin)?;
            ensure!(T::SessionKeys::contains(&who), Error::<T>::NoSessionKeys);
            Self::do_validate(&who, commission_ppm)
        }

        /// Leaves the order of candidates: the caller is not elected again. It stays in the set until the next election.
        ///
        /// Event: `Chilled`. Error: `NotACandidate`.
        #[pallet::call_index(4)]
        #[pallet::weight(T::WeightInfo::chill())]
        pub fn chill(origin: OriginFor<T>) -> DispatchResult {
            let who = ensure_signed(origin)?;
            let candidate = Self::listed(&who)?;
            Self::do_chill(&who, candidate, ChillReason::Asked);
            Ok(())
        }

        /// Backs a candidate with `amount` (smallest unit of QRN), on top of what the caller backs it with.
        ///
        /// Moves the amount to the pot, on hold, for shares of a pool. It elects the candidate and answers for its consensus and audit
        /// offences at once, and earns of the blocks of later eras than this one. Event: `Nominated`. Errors: `ZeroAmount`,
        /// `OwnCandidate`, `NotACandidate`, `BackingFull`, `RewardsUnclaimed`, `NominationTooSmall`, or the token's where the account has too little.
        #[pallet::call_index(5)]
        #[pallet::weight(T::WeightInfo::nominate())]
        pub fn nominate(
            origin: OriginFor<T>,
            candidate: AccountId32,
            #[pallet::compact] amount: Balance,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            with_storage_layer(|| Self::do_nominate(who, candidate, amount))
        }

        /// Starts to unbond `amount` (smallest unit of QRN) of what the caller backs a candidate with, what came last first; all
        /// of it where it is worth no more.
        ///
        /// What is left must be nothing or reach the minimum. It stays in the pool, and slashable, until it is withdrawn.
        /// Event: `NominationUnbonding`. Errors: `ZeroAmount`, `NoNomination`, `NominationTooSmall`, `TooManyUnbonding`.
        #[pallet::call_index(6)]
        #[pallet::weight(T::WeightInfo::unbond_nomination())]
        pub fn unbond_nomination(
            origin: OriginFor<T>,
            candidate: AccountId32,
            #[pallet::compact] amount: Balance,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            with_storage_layer(|| Self::do_unbond_nomination(who, candidate, amount))
        }

        /// Pays out every share of a candidate's pool whose unbonding has ended; removes a nomination that was slashed away.
        ///
        /// Event: `NominationWithdrawn`. Errors: `NoNomination`, `NothingToWithdraw`.
        #[pallet::call_index(7)]
        #[pallet::weight(T::WeightInfo::withdraw_nomination())]
        pub fn withdraw_nomination(origin: OriginFor<T>, candidate: AccountId32) -> DispatchResult {
            let who = ensure_signed(origin)?;
            with_storage_layer(|| Self::do_withdraw_nomination(who, candidate))
        }
    }
}

impl<T: Config> Pallet<T> {
    /// The height of the current block.
    fn now() -> Height {
        frame_system::Pallet::<T>::block_number().unique_saturated_into()
    }

    /// Bonds `amount` more.
    fn do_bond(who: &AccountId32, amount: Balance) -> DispatchResult {
        ensure!(amount > 0, Error::<T>::ZeroAmount);
        let mut ledger = Ledgers::<T>::get(who).unwrap_or_default();
        let bonded = ledger.bonded.saturating_add(amount);
        ensure!(bonded >= MinimumBond::<T>::get(), Error::<T>::BelowMinimum);
        T::Currency::hold(&HoldReason::Bond.into(), who, amount)?;
        ledger.grow(amount, Self::now(), T::DrawMemory::get());
        Ledgers::<T>::insert(who, ledger);
        Self::sync(who);
        Self::deposit_event(Event::Bonded { who: who.clone(), amount, bonded });
        Ok(())
    }

    /// Writes a ledger, or removes it when nothing is left in it.
    fn store(who: &AccountId32, ledger: Ledger) {
        if ledger.held() == 0 {
            Ledgers::<T>::remove(who);
        } else {
            Ledgers::<T>::insert(who, ledger);
        }
    }

    /// The account that holds what nominators back candidates with.
    pub fn pot() -> AccountId32 {
        POT.into_account_truncating()
    }
}

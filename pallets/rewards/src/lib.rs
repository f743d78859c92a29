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
mod benchmarking;
pub mod eras;
pub mod split;
#[cfg(test)]
mod tests;
mod try_state;
pub mod weights;

#[cfg(feature = "runtime-benchmarks")]
pub use benchmarking::BenchmarkHelper;
pub use eras::{Claim, Contribution, Era};
pub use pallet::*;
pub use split::{Parameters, Points, Split, MAX_HISTORY_ERAS};
pub use weights::WeightInfo;

use alloc::vec::Vec;
use frame_support::{
    pallet_prelude::*,
    traits::{
        fungible,
        fungible::{Inspect, Mutate},
        tokens::{Fortitude, Precision, Preservation},
    },
    PalletId,
};
use frame_system::pallet_prelude::*;
use quern_primitives::{
    traits::{Backing, Rewards, Settlement, Unclaimed},
    Account, Balance, Height, ShardId,
};
use sp_runtime::{
    traits::{AccountIdConversion, UniqueSaturatedInto},
    AccountId32,
};

/// Most eras that one `claim_emission` pays: four items of storage each.
pub const MAX_ERAS_PER_CLAIM: u32 = 16;
/// Contributions to expired eras that a block removes. The registry bounds who can contribute, so that the oldest era is gone
/// long before the next one expires.
pub const PRUNED_PER_BLOCK: u32 = 16;

/// The pallet.
// What the macros generate for storage and errors expects what it has checked.
#[allow(clippy::expect_used)]
#[frame_support::pallet]
pub mod pallet {
    use super::*;

    /// What the runtime supplies.
    #[pallet::config]
    pub trait Config: frame_system::Config<AccountId = AccountId32> {
        /// The native token.
        type Currency: fungible::Mutate<AccountId32> + fungible::Inspect<AccountId32, Balance = Balance>;
        /// Names the pot.
        #[pallet::constant]
        type PalletId: Get<PalletId>;
        /// Where the treasury's share of the fee goes.
        type Treasury: Get<AccountId32>;
        /// Author of the current block, read in `on_initialize`: `pallet_authorship::Pallet::author`.
        type Author: Get<Option<Account>>;
        /// Shares what an author earned with those who back it.
        type Backing: Backing;
        /// Weights.
        type WeightInfo: WeightInfo;
        /// An author whom others back, for benchmarks.
        #[cfg(feature = "runtime-benchmarks")]
        type BenchmarkHelper: BenchmarkHelper;
    }

    #[pallet::pallet]
    pub struct Pallet<T>(_);

    /// What genesis decided.
    #[pallet::storage]
    pub type Settings<T: Config> = StorageValue<_, Parameters, ValueQuery>;

    /// Total issuance at genesis.
    #[pallet::storage]
    pub type GenesisIssuance<T: Config> = StorageValue<_, Balance, ValueQuery>;

    /// What each account can claim.
    #[pallet::storage]
    pub type Credits<T: Config> = StorageMap<_, Blake2_128Concat, AccountId32, Balance, ValueQuery>;

    /// Sum of all credits.
    #[pallet::storage]
    pub type TotalCredits<T: Config> = StorageValue<_, Balance, ValueQuery>;

    /// All that settlements have burned.
    #[pallet::storage]
    pub type TotalBurned<T: Config> = StorageValue<_, Balance, ValueQuery>;

    /// Useful work that was accepted, in MACs.
    #[pallet::storage]
    pub type TotalMacs<T: Config> = StorageValue<_, u128, ValueQuery>;

    /// All that claims have minted.
    #[pallet::storage]
    pub type TotalEmitted<T: Config> = StorageValue<_, Balance, ValueQuery>;

    /// All points that were ever given.
    #[pallet::storage]
    pub type TotalPoints<T: Config> = StorageValue<_, Balance, ValueQuery>;

    /// Emission of finished eras that can still be claimed: not minted yet, and within the cap already.
    #[pallet::storage]
    pub type Promised<T: Config> = StorageValue<_, Balance, ValueQuery>;

    /// The era under way.
    #[pallet::storage]
    pub type CurrentEra<T: Config> = StorageValue<_, u32, ValueQuery>;

    /// The era under way, and finished eras that can still be claimed.
    #[pallet::storage]
    pub type Eras<T: Config> = StorageMap<_, Twox64Concat, u32, Era, ValueQuery>;

    /// What accounts did in an era and have not claimed yet.
    #[pallet::storage]
    pub type Contributions<T: Config> =
        StorageDoubleMap<_, Twox64Concat, u32, Blake2_128Concat, AccountId32, Contribution, OptionQuery>;

    /// Eras of which an account has blocks in [`Contributions`], the one under way included.
    #[pallet::storage]
    pub type AuthoredEras<T: Config> = StorageMap<_, Blake2_128Concat, AccountId32, u32, ValueQuery>;

    /// Every era before this one has expired, and nothing of it is left in storage.
    #[pallet::storage]
    pub type PrunedEras<T: Config> = StorageValue<_, u32, ValueQuery>;

    /// What genesis decides: the table in the crate's documentation.
    #[pallet::genesis_config]
    pub struct GenesisConfig<T: Config> {
        /// Protocol fee, of the price.
        pub protocol_fee_ppm: u32,
        /// What each auditor gets for its presence, of the price.
        pub audit_base_ppm: u32,
        /// What each auditor gets for the work that it re-runs, of that work's price.
        pub audit_rate_ppm: u32,
        /// Share of the protocol fee that is burned.
        pub burned_ppm: u32,
        /// Share of the protocol fee that goes to the treasury.
        pub treasury_ppm: u32,
        /// Share of the protocol fee that goes to the auditors.
        pub auditors_ppm: u32,
        /// Most emission of a shard, of what it burned; below one million.
        pub kappa_ppm: u32,
        /// Most total issuance.
        pub cap: Balance,
        /// Budget of an era before the first halving.
        pub initial_emission: Balance,
        /// Blocks of an era.
        pub era_blocks: Height,
        /// Eras between halvings.
        pub halving_eras: u32,
        /// Finished eras whose emission can still be claimed: 1 ..= [`MAX_HISTORY_ERAS`].
        pub history_eras: u32,
        /// Nothing.
        #[serde(skip)]
        pub _config: core::marker::PhantomData<T>,
    }

    impl<T: Config> Default for GenesisConfig<T> {
        fn default() -> Self {
            let parameters = Parameters::default();
            Self {
                protocol_fee_ppm: parameters.protocol_fee_ppm,
                audit_base_ppm: parameters.audit_base_ppm,
                audit_rate_ppm: parameters.audit_rate_ppm,
                burned_ppm: parameters.burned_ppm,
                treasury_ppm: parameters.treasury_ppm,
                auditors_ppm: parameters.auditors_ppm,
                kappa_ppm: parameters.kappa_ppm,
                cap: parameters.cap,
                initial_emission: parameters.initial_emission,
                era_blocks: parameters.era_blocks,
                halving_eras: parameters.halving_eras,
                history_eras: parameters.history_eras,
                _config: core::marker::PhantomData,
            }
        }
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            let parameters = Parameters {
                protocol_fee_ppm: self.protocol_fee_ppm,
                audit_base_ppm: self.audit_base_ppm,
                audit_rate_ppm: self.audit_rate_ppm,
                burned_ppm: self.burned_ppm,
                treasury_ppm: self.treasury_ppm,
                auditors_ppm: self.auditors_ppm,
                kappa_ppm: self.kappa_ppm,
                cap: self.cap,
                initial_emission: self.initial_emission,
                era_blocks: self.era_blocks,
                halving_eras: self.halving_eras,
                history_eras: self.history_eras,
            };
            assert!(parameters.is_sound(), "rewards: unsound genesis parameters {parameters:?}");
            Settings::<T>::put(parameters);
            let (pot, minimum) = (Pallet::<T>::pot_account(), T::Currency::minimum_balance());
            if T::Currency::balance(&pot) < minimum {
                let funded = T::Currency::mint_into(&pot, minimum);
                assert!(funded.is_ok(), "rewards: the pot cannot be created: {funded:?}");
            }
            let issuance = T::Currency::total_issuance();
            assert!(issuance <= self.cap, "rewards: genesis issues {issuance}, more than the cap");
            GenesisIssuance::<T>::put(issuance);
        }
    }

    /// What happened.
    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// An accepted shard was settled: `audit_fee + protocol_fee = treasury + auditors x each_auditor + burned`.
        #[codec(index = 0)]
        Settled {
            /// The shard.
            shard: ShardId,
            /// Who ran it.
            worker: T::AccountId,
            /// Its work in multiply-accumulates.
            macs: u64,
            /// What the worker earned.
            price: Balance,
            /// What was paid for audits.
            audit_fee: Balance,
            /// The protocol fee.
            protocol_fee: Balance,
            /// Number of auditors.
            auditors: u32,
            /// What each of them earned in fees.
            each_auditor: Balance,
            /// What the treasury received.
            treasury: Balance,
            /// What was burned.
            burned: Balance,
            /// Points for everybody, at most kappa of `burned`: as much can be minted for the shard, and no more.
            points: Balance,
            /// The era that they count in.
            era: u32,
        },
        /// An account was credited for its part in a shard.
        #[codec(index = 1)]
        Credited {
            /// The account.
            who: T::AccountId,
            /// The shard.
            shard: ShardId,
            /// What the requester paid for it.
            earned: Balance,
            /// Its contribution points: the emission that it gets for them, once the era is finished, is at most as much.
            points: Balance,
        },
        /// An account claimed its credit.
        #[codec(index = 2)]
        Claimed {
            /// The account.
            who: T::AccountId,
            /// The amount.
            amount: Balance,
        },
        /// The pot held too little to settle a shard; nothing was changed.
        #[codec(index = 3)]
        Unfunded {
            /// The shard.
            shard: ShardId,
            /// What was missing.
            missing: Balance,
        },
        /// An era ended: `work = min(points, limit)`, `authoring = limit - work`, where `limit` is `budget` or, where that is
        /// less, what the cap leaves.
        #[codec(index = 4)]
        EraFinished {
            /// The era.
            era: u32,
            /// What the schedule allows.
            budget: Balance,
            /// Points of everybody.
            points: Balance,
            /// Blocks of everybody.
            blocks: u32,
            /// Emission for the points.
            work: Balance,
            /// Emission for the blocks.
            authoring: Balance,
        },
        /// An account claimed its emission of an era, and it was minted: `for_work = work x points / points of the era`,
        /// `for_authoring = authoring x blocks / blocks of the era`. What is for blocks was shared with those who back the account.
        #[codec(index = 5)]
        EmissionClaimed {
            /// The account.
            who: T::AccountId,
            /// The era.
            era: u32,
            /// Its points.
            points: Balance,
            /// Its blocks.
            blocks: u32,
            /// What it got for its points.
            for_work: Balance,
            /// What it got for its blocks.
            for_authoring: Balance,
        },
        /// An era became too old to be claimed.
        #[codec(index = 6)]
        EraExpired {
            /// The era.
            era: u32,
            /// Emission that nobody claimed: it is never minted.
            unclaimed: Balance,
        },
    }

    /// Why a call failed.
    #[pallet::error]
    pub enum Error<T> {
        /// The account has no credit, or no emission in these eras.
        #[codec(index = 0)]
        NothingToClaim,
        /// The era has not ended: claim it once the next one has begun.
        #[codec(index = 1)]
        EraNotFinished,
        /// The era ended too long ago: what was not claimed of it is never minted.
        #[codec(index = 2)]
        EraExpired,
        /// What the blocks earned cannot be paid out: fund the account, so that it exists, and claim again.
        #[codec(index = 3)]
        NotPayable,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn on_initialize(now: BlockNumberFor<T>) -> Weight {
            let parameters = Settings::<T>::get();
            Self::turn_era(&parameters, now.unique_saturated_into());
            if let Some(author) = T::Author::get() {
                Self::contribute(author, 0, 1);
            }
            T::WeightInfo::on_block(Self::prune(&parameters))
        }

        fn integrity_test() {
            assert!(Parameters::default().is_sound(), "rewards: unsound defaults");
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_now: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Moves the caller's whole credit from the pot to its account.
        ///
        /// Event: `Claimed`. Errors: `NothingToClaim`, or the token's where the credit is below the existential deposit and
        /// the account does not exist.
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::claim())]
        pub fn claim(origin: OriginFor<T>) -> DispatchResult {
            let who = ensure_signed(origin)?;
            let amount = Credits::<T>::get(&who);
            ensure!(amount > 0, Error::<T>::NothingToClaim);
            T::Currency::transfer(&Self::pot_account(), &who, amount, Preservation::Preserve)?;
            Credits::<T>::remove(&who);
            TotalCredits::<T>::mutate(|total| *total = total.saturating_sub(amount));
            Self::deposit_event(Event::Claimed { who, amount });
            Ok(())
        }

        /// Mints the caller's emission of up to [`MAX_ERAS_PER_CLAIM`] finished eras: what is for work to the caller, what is for
        /// blocks shared with those who back it now, at the commission that it had in the era. Eras in which it did nothing, or which it has claimed already, are passed
        /// over.
        ///
        /// Event: `EmissionClaimed` for each era. Errors: `EraNotFinished`, `EraExpired`, `NothingToClaim`; where the account
        /// does not exist and a part is below the existential deposit, `NotPayable` for that of the blocks, the token's for that
        /// of the work.
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::claim_emission(eras.len() as u32))]
        pub fn claim_emission(
            origin: OriginFor<T>,
            eras: BoundedVec<u32, ConstU32<MAX_ERAS_PER_CLAIM>>,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_claim_emission(&who, &eras)
        }

        /// The same for another account: `claim_emission` of `who`, which gets what it would get of its own call. So whoever backs
        /// an author need not wait for it.
        ///
        /// Event and errors: those of `claim_emission`.
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::claim_emission_for(eras.len() as u32))]
        pub fn claim_emission_for(
            origin: OriginFor<T>,
            who: AccountId32,
            eras: BoundedVec<u32, ConstU32<MAX_ERAS_PER_CLAIM>>,
        ) -> DispatchResult {
            ensure_signed(origin)?;
            Self::do_claim_emission(&who, &eras)
        }
    }

    #[pallet::view_functions]
    impl<T: Config> Pallet<T> {
        /// Finished eras of which an account can claim emission, oldest first, and how much.
        pub fn claimable(who: AccountId32) -> Vec<(u32, Claim)> {
            let current = CurrentEra::<T>::get();
            let eras = Settings::<T>::get().oldest_era(current)..current;
            eras.filter_map(|era| {
                let claim = Eras::<T>::get(era).claim(&Contributions::<T>::get(era, &who)?);
                (claim.total() > 0).then_some((era, claim))
            })
            .collect()
        }

        /// What an account has done in the era under way, and that era so far.
        pub fn current(who: AccountId32) -> (u32, Contribution, Era) {
            let era = CurrentEra::<T>::get();
            (era, Contributions::<T>::get(era, who).unwrap_or_default(), Eras::<T>::get(era))
        }
    }
}

impl<T: Config> Pallet<T> {
    /// The account that holds what is credited and not yet claimed.
    pub fn pot_account() -> AccountId32 {
        T::PalletId::get().into_account_truncating()
    }

    /// What `who` can claim.
    pub fn credit_of(who: &AccountId32) -> Balance {
        Credits::<T>::get(who)
    }

    /// What the pot lacks to settle `amount` more, beside the credits that it holds already.
    fn missing(amount: Balance) -> Balance {
        let needed = TotalCredits::<T>::get().saturating_add(amount);
        needed.saturating_sub(T::Currency::balance(&Self::pot_account()))
    }

    /// Adds to an account's credit and to its contribution.
    fn credit(who: Account, shard: ShardId, earned: Balance, points: Balance) {
        if earned == 0 && points == 0 {
            return;
        }
        Self::contribute(who, points, 0);
        let who = AccountId32::from(who);
        if earned > 0 {
            Credits::<T>::mutate(&who, |credit| *credit = credit.saturating_add(earned));
            TotalCredits::<T>::mutate(|total| *total = total.saturating_add(earned));
        }
        Self::deposit_event(Event::Credited { who, shard, earned, points });
    }

    /// Notes what an account has done in the era under way.
    fn contribute(who: Account, points: Balance, blocks: u32) {
        if points == 0 && blocks == 0 {
            return;
        }
        let era = CurrentEra::<T>::get();
        let who = AccountId32::from(who);
        Contributions::<T>::mutate(era, &who, |contribution| {
            let contribution = contribution.get_or_insert_default();
            if blocks > 0 && contribution.blocks == 0 {
                AuthoredEras::<T>::mutate(&who, |eras| *eras = eras.saturating_add(1));
            }
            contribution.points = contribution.points.saturating_add(points);
            contribution.blocks = contribution.blocks.saturating_add(blocks);
        });
        Eras::<T>::mutate(era, |sum| {
            sum.points = sum.points.saturating_add(points);
            sum.blocks = sum.blocks.saturating_add(blocks);
        });
        if points > 0 {
            TotalPoints::<T>::mutate(|all| *all = all.saturating_add(points));
        }
    }

    /// Ends the era under way when `now` lies in a later one: at most one era a block, and heights have no gaps.
    fn turn_era(parameters: &Parameters, now: Height) {
        let era = CurrentEra::<T>::get();
        if era >= parameters.era_of(now) {
            return;
        }
        let budget = parameters.era_budget(era);
        let issued = T::Currency::total_issuance().saturating_add(Promised::<T>::get());
        let finished = Eras::<T>::get(era).finish(budget.min(parameters.cap.saturating_sub(issued)));
        let Era { points, blocks, work, authoring, .. } = finished;
        Eras::<T>::insert(era, finished);
        Promised::<T>::mutate(|promised| *promised = promised.saturating_add(finished.emission()));
        Self::deposit_event(Event::EraFinished { era, budget, points, blocks, work, authoring });

        let next = era.saturating_add(1);
        CurrentEra::<T>::put(next);
        let oldest = parameters.oldest_era(next);
        if oldest > parameters.oldest_era(era) {
            let expired = oldest.saturating_sub(1);
            let unclaimed = Eras::<T>::take(expired).unclaimed();
            Promised::<T>::mutate(|promised| *promised = promised.saturating_sub(unclaimed));
            Self::deposit_event(Event::EraExpired { era: expired, unclaimed });
        }
    }

    /// Removes contributions to expired eras, a few a block. Returns their number.
    fn prune(parameters: &Parameters) -> u32 {
        let era = PrunedEras::<T>::get();
        if era >= parameters.oldest_era(CurrentEra::<T>::get()) {
            return 0;
        }
        let mut removed = 0u32;
        for (who, contribution) in Contributions::<T>::drain_prefix(era).take(PRUNED_PER_BLOCK as usize) {
            Self::forget_blocks(&who, &contribution);
            removed = removed.saturating_add(1);
        }
        if removed < PRUNED_PER_BLOCK {
            PrunedEras::<T>::put(era.saturating_add(1));
        }
        removed
    }

    /// Notes that an account's contribution to an era is there no more.
    fn forget_blocks(who: &AccountId32, contribution: &Contribution) {
        if contribution.blocks > 0 {
            AuthoredEras::<T>::mutate_exists(who, |eras| {
                *eras = eras.and_then(|eras| eras.checked_sub(1)).filter(|left| *left > 0);
            });
        }
    }

    /// Pays what `who` can claim of finished eras.
    fn do_claim_emission(who: &AccountId32, eras: &[u32]) -> DispatchResult {
        let (parameters, current) = (Settings::<T>::get(), CurrentEra::<T>::get());
        let (mut claim, mut was_there) = (Claim::default(), false);
        for era in eras.iter().copied() {
            ensure!(era < current, Error::<T>::EraNotFinished);
            ensure!(era >= parameters.oldest_era(current), Error::<T>::EraExpired);
            was_there |= Contributions::<T>::contains_key(era, who);
            let Claim { work, authoring } = Self::claim_era(who, era);
            claim.work = claim.work.saturating_add(work);
            claim.authoring = claim.authoring.saturating_add(authoring);
            Self::pay_author(who, authoring, era)?;
        }
        // What is worth nothing is claimed all the same: who backs an author may wait for that.
        ensure!(was_there, Error::<T>::NothingToClaim);
        let total = claim.total();
        if claim.work > 0 {
            T::Currency::mint_into(who, claim.work)?;
        }
        Promised::<T>::mutate(|promised| *promised = promised.saturating_sub(total));
        TotalEmitted::<T>::mutate(|all| *all = all.saturating_add(total));
        Ok(())
    }

    /// Mints what an author's blocks earned in an era and shares it with those who back it. It passes through the pot, which exists
    /// always, so that no part of it has to keep an account alive on its way.
    fn pay_author(who: &AccountId32, amount: Balance, era: u32) -> DispatchResult {
        if amount == 0 {
            return Ok(());
        }
        let pot = Self::pot_account();
        T::Currency::mint_into(&pot, amount)?;
        let paid = T::Backing::reward(&who.clone().into(), &pot.into(), amount, era);
        paid.map(|_| ()).ok_or_else(|| Error::<T>::NotPayable.into())
    }

    /// Takes what `who` did in a finished era, and tells what it is worth. The caller mints that.
    fn claim_era(who: &AccountId32, era: u32) -> Claim {
        let Some(contribution) = Contributions::<T>::take(era, who) else { return Claim::default() };
        Self::forget_blocks(who, &contribution);
        let Contribution { points, blocks } = contribution;
        let claim = Eras::<T>::mutate(era, |record| {
            let claim = record.claim(&contribution);
            record.minted = record.minted.saturating_add(claim.total());
            claim
        });
        let (who, for_work, for_authoring) = (who.clone(), claim.work, claim.authoring);
        Self::deposit_event(Event::EmissionClaimed { who, era, points, blocks, for_work, for_authoring });
        claim
    }

    /// Pays the treasury; returns what it could not receive.
    fn pay_treasury(amount: Balance) -> Balance {
        if amount == 0 {
            return 0;
        }
        let paid = T::Currency::transfer(&Self::pot_account(), &T::Treasury::get(), amount, Preservation::Preserve);
        amount.saturating_sub(paid.unwrap_or(0))
    }

    /// Burns from the pot; returns what was burned.
    fn burn(amount: Balance) -> Balance {
        let burned = T::Currency::burn_from(
            &Self::pot_account(),
            amount,
            Preservation::Preserve,
            Precision::BestEffort,
            Fortitude::Polite,
        )
        .unwrap_or(0);
        TotalBurned::<T>::mutate(|total| *total = total.saturating_add(burned));
        burned
    }
}

impl<T: Config> Unclaimed for Pallet<T> {
    fn has_unclaimed(who: &Account) -> bool {
        let who = AccountId32::from(*who);
        let now = Contributions::<T>::get(CurrentEra::<T>::get(), &who).is_some_and(|now| now.blocks > 0);
        AuthoredEras::<T>::get(who) > u32::from(now)
    }
}

impl<T: Config> Rewards for Pallet<T> {
    fn pot() -> Account {
        Self::pot_account().into()
    }

    fn settle(settlement: &Settlement, auditors: &[Account]) {
        let Settlement { shard, worker, price, audit_fee, protocol_fee, macs } = *settlement;
        let missing = Self::missing(price.saturating_add(audit_fee).saturating_add(protocol_fee));
        if missing > 0 {
            Self::deposit_event(Event::Unfunded { shard, missing });
            return;
        }
        let parameters = Settings::<T>::get();
        let count = auditors.len() as u32;
        let Split { treasury, each_auditor, burned } = parameters.split(settlement, count);
        let not_received = Self::pay_treasury(treasury);
        let burned = Self::burn(burned.saturating_add(not_received));
        let points = parameters.points(burned, count);

        TotalMacs::<T>::mutate(|total| *total = total.saturating_add(u128::from(macs)));
        Self::credit(worker, shard, price, points.worker);
        for auditor in auditors {
            Self::credit(*auditor, shard, each_auditor, points.each_auditor);
        }
        Self::deposit_event(Event::Settled {
            shard,
            worker: worker.into(),
            macs,
            price,
            audit_fee,
            protocol_fee,
            auditors: count,
            each_auditor,
            treasury: treasury.saturating_sub(not_received),
            burned,
            points: points.total(count),
            era: CurrentEra::<T>::get(),
        });
    }

    fn compensate(settlement: &Settlement, auditors: &[Account]) {
        let Settlement { shard, worker, price, audit_fee, protocol_fee, .. } = *settlement;
        let missing = Self::missing(price.saturating_add(audit_fee).saturating_add(protocol_fee));
        if missing > 0 {
            return Self::deposit_event(Event::Unfunded { shard, missing });
        }
        Self::burn(protocol_fee);
        Self::credit(worker, shard, price, 0);
        let each_auditor = audit_fee.checked_div(auditors.len() as u128).unwrap_or(0);
        for auditor in auditors {
            Self::credit(*auditor, shard, each_auditor, 0);
        }
    }

    fn protocol_fee_ppm() -> u32 {
        Settings::<T>::get().protocol_fee_ppm
    }

    fn audit_fee_ppm(audited_ppm: u32) -> u32 {
        Settings::<T>::get().audit_fee_ppm(audited_ppm)
    }
}

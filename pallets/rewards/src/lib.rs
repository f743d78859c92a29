// SPDX-License-Identifier: Apache-2.0
#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![deny(missing_docs, rustdoc::broken_intra_doc_links)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)
)]

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
pub mod split;
#[cfg(test)]
mod tests;
pub mod weights;

pub use pallet::*;
pub use split::{Emission, Parameters, Split};
pub use weights::WeightInfo;

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
    traits::{Rewards, Settlement},
    Account, Balance, Height, ShardId,
};
use sp_runtime::{
    traits::{AccountIdConversion, UniqueSaturatedInto},
    AccountId32,
};

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
        /// Weights.
        type WeightInfo: WeightInfo;
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

    /// All that settlements have minted.
    #[pallet::storage]
    pub type TotalEmitted<T: Config> = StorageValue<_, Balance, ValueQuery>;

    /// The last era with emission, and what was minted in it.
    #[pallet::storage]
    pub type EraEmitted<T: Config> = StorageValue<_, (u32, Balance), ValueQuery>;

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
            /// What was minted, at most kappa of `burned`.
            emitted: Balance,
            /// The era whose budget it was minted from.
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
            /// What was minted for it.
            emission: Balance,
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
    }

    /// Why a call failed.
    #[pallet::error]
    pub enum Error<T> {
        /// The account has no credit.
        #[codec(index = 0)]
        NothingToClaim,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
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

    /// The height of the current block.
    fn now() -> Height {
        frame_system::Pallet::<T>::block_number().unique_saturated_into()
    }

    /// What the pot lacks to settle `amount` more, beside the credits that it holds already.
    fn missing(amount: Balance) -> Balance {
        let needed = TotalCredits::<T>::get().saturating_add(amount);
        needed.saturating_sub(T::Currency::balance(&Self::pot_account()))
    }

    /// Adds to an account's credit.
    fn credit(who: Account, shard: ShardId, earned: Balance, emission: Balance) {
        let (who, amount) = (AccountId32::from(who), earned.saturating_add(emission));
        if amount == 0 {
            return;
        }
        Credits::<T>::mutate(&who, |credit| *credit = credit.saturating_add(amount));
        TotalCredits::<T>::mutate(|total| *total = total.saturating_add(amount));
        Self::deposit_event(Event::Credited { who, shard, earned, emission });
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

    /// Mints for a shard that burned `burned`, within the era's budget and the cap; returns what was minted and the era.
    fn emit(parameters: &Parameters, burned: Balance, auditors: u32) -> (Emission, u32) {
        let era = parameters.era_of(Self::now());
        let (last, emitted) = EraEmitted::<T>::get();
        let emitted = if last == era { emitted } else { 0 };
        let budget = parameters.era_budget(era).saturating_sub(emitted);
        let room = parameters.cap.saturating_sub(T::Currency::total_issuance());
        let emission = parameters.emission(burned, auditors, budget.min(room));
        let total = emission.total(auditors);
        if total == 0 || T::Currency::mint_into(&Self::pot_account(), total).is_err() {
            return (Emission::default(), era);
        }
        EraEmitted::<T>::put((era, emitted.saturating_add(total)));
        TotalEmitted::<T>::mutate(|all| *all = all.saturating_add(total));
        (emission, era)
    }

    /// Checks what must always hold: see the last section of the crate's documentation.
    pub fn do_try_state() -> Result<(), sp_runtime::TryRuntimeError> {
        let parameters = Settings::<T>::get();
        ensure!(parameters.is_sound(), "rewards: unsound parameters");
        let mut sum: Balance = 0;
        for (_, credit) in Credits::<T>::iter() {
            ensure!(credit > 0, "rewards: an empty credit is kept");
            sum = sum.saturating_add(credit);
        }
        ensure!(sum == TotalCredits::<T>::get(), "rewards: credits differ from their total");
        ensure!(Self::missing(0) == 0, "rewards: the pot holds less than the credits");
        let (burned, emitted) = (TotalBurned::<T>::get(), TotalEmitted::<T>::get());
        let issuance = T::Currency::total_issuance();
        ensure!(issuance <= parameters.cap, "rewards: more issued than the cap");
        let expected = GenesisIssuance::<T>::get().saturating_add(emitted).saturating_sub(burned);
        ensure!(issuance <= expected, "rewards: more issued than genesis and emission explain");
        ensure!(emitted <= burned, "rewards: more emitted than burned");
        let (era, in_era) = EraEmitted::<T>::get();
        ensure!(in_era <= parameters.era_budget(era), "rewards: an era's budget is exceeded");
        Ok(())
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
        let (emission, era) = Self::emit(&parameters, burned, count);

        TotalMacs::<T>::mutate(|total| *total = total.saturating_add(u128::from(macs)));
        Self::credit(worker, shard, price, emission.worker);
        for auditor in auditors {
            Self::credit(*auditor, shard, each_auditor, emission.each_auditor);
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
            emitted: emission.total(count),
            era,
        });
    }

    fn protocol_fee_ppm() -> u32 {
        Settings::<T>::get().protocol_fee_ppm
    }

    fn audit_fee_ppm(audited_ppm: u32) -> u32 {
        Settings::<T>::get().audit_fee_ppm(audited_ppm)
    }
}

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
#[cfg(test)]
mod tests;
pub mod weights;

pub use pallet::*;
pub use weights::WeightInfo;

use alloc::vec::Vec;
use frame_support::{
    pallet_prelude::*,
    storage::with_storage_layer,
    traits::{
        fungible,
        fungible::{Inspect, InspectHold, Mutate, MutateHold},
        tokens::{Fortitude, Precision, Preservation, Restriction},
    },
};
use frame_system::pallet_prelude::*;
use quern_primitives::{
    traits::{Collateral, CollateralError},
    Account, Balance, Height, QRN,
};
use sp_runtime::{traits::UniqueSaturatedInto, AccountId32};

/// Most amounts that unbond at a time for one account: bounds the ledger (below 400 bytes) and a withdrawal.
pub const MAX_UNBONDING: u32 = 16;

/// An amount that is unbonding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct UnbondingChunk {
    /// The amount.
    pub amount: Balance,
    /// First height at which it can be withdrawn.
    pub release_at: Height,
}

/// The bond of one account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Ledger {
    /// The bond, locked or not.
    pub bonded: Balance,
    /// What of the bond answers for open obligations.
    pub locked: Balance,
    /// What is unbonding, by height.
    pub unbonding: BoundedVec<UnbondingChunk, ConstU32<MAX_UNBONDING>>,
}

impl Ledger {
    /// Bond that is not locked.
    pub fn free(&self) -> Balance {
        self.bonded.saturating_sub(self.locked)
    }

    /// All that is unbonding.
    pub fn unbonding_total(&self) -> Balance {
        self.unbonding.iter().fold(0, |sum: Balance, chunk| sum.saturating_add(chunk.amount))
    }

    /// All that must be on hold.
    pub fn held(&self) -> Balance {
        self.bonded.saturating_add(self.unbonding_total())
    }
}

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
        /// Weights.
        type WeightInfo: WeightInfo;
    }

    #[pallet::pallet]
    pub struct Pallet<T>(_);

    /// Why this pallet holds funds.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// A bond, or what of it is unbonding.
        #[codec(index = 0)]
        Bond,
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

    /// What genesis decides.
    #[pallet::genesis_config]
    pub struct GenesisConfig<T: Config> {
        /// The least bond.
        pub minimum_bond: Balance,
        /// Blocks from unbonding to withdrawal: at least the challenge window and the longest dispute.
        pub unbonding_blocks: Height,
        /// Bonds from the start, out of the accounts' genesis balances.
        pub bonds: Vec<(AccountId32, Balance)>,
        /// Nothing.
        #[serde(skip)]
        pub _config: core::marker::PhantomData<T>,
    }

    impl<T: Config> Default for GenesisConfig<T> {
        fn default() -> Self {
            let minimum_bond = QRN.saturating_mul(100);
            Self { minimum_bond, unbonding_blocks: 14_400, bonds: Vec::new(), _config: core::marker::PhantomData }
        }
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            MinimumBond::<T>::put(self.minimum_bond);
            UnbondingBlocks::<T>::put(self.unbonding_blocks);
            for (who, amount) in &self.bonds {
                let bonded = Pallet::<T>::do_bond(who, *amount);
                assert!(bonded.is_ok(), "staking: genesis bond of {who:?} impossible: {bonded:?}");
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
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
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
            match ledger.unbonding.last_mut().filter(|last| last.release_at == release_at) {
                Some(last) => last.amount = last.amount.saturating_add(amount),
                None => ledger
                    .unbonding
                    .try_push(UnbondingChunk { amount, release_at })
                    .map_err(|_| Error::<T>::TooManyUnbonding)?,
            }
            ledger.bonded = bonded;
            Ledgers::<T>::insert(&who, ledger);
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
            let now = Self::now();
            let before = ledger.unbonding_total();
            ledger.unbonding.retain(|chunk| chunk.release_at > now);
            let amount = before.saturating_sub(ledger.unbonding_total());
            ensure!(amount > 0, Error::<T>::NothingToWithdraw);
            T::Currency::release(&HoldReason::Bond.into(), &who, amount, Precision::Exact)?;
            Self::store(&who, ledger);
            Self::deposit_event(Event::Withdrawn { who, amount });
            Ok(())
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
        ledger.bonded = bonded;
        Ledgers::<T>::insert(who, ledger);
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

    /// Pays `amount` out of the hold of `who`; returns what arrived: all of it or, where `to` cannot receive, nothing.
    fn pay_from_hold(who: &AccountId32, to: &Account, amount: Balance) -> Balance {
        if amount == 0 {
            return 0;
        }
        with_storage_layer::<Balance, DispatchError, _>(|| {
            T::Currency::transfer_on_hold(
                &HoldReason::Bond.into(),
                who,
                &AccountId32::from(*to),
                amount,
                Precision::Exact,
                Restriction::Free,
                Fortitude::Force,
            )
        })
        .unwrap_or(0)
    }

    /// Checks what must always hold: see the last section of the crate's documentation.
    pub fn do_try_state() -> Result<(), sp_runtime::TryRuntimeError> {
        for (who, ledger) in Ledgers::<T>::iter() {
            let held = T::Currency::balance_on_hold(&HoldReason::Bond.into(), &who);
            ensure!(held == ledger.held(), "staking: held differs from bonded and unbonding");
            ensure!(held > 0, "staking: an empty ledger is kept");
            ensure!(ledger.locked <= ledger.bonded, "staking: more locked than bonded");
            ensure!(ledger.unbonding.iter().all(|chunk| chunk.amount > 0), "staking: nothing unbonds");
            ensure!(ledger.unbonding.is_sorted_by_key(|chunk| chunk.release_at), "staking: unbonding out of order");
        }
        Ok(())
    }
}

impl<T: Config> Collateral for Pallet<T> {
    fn free(who: &Account) -> Balance {
        Ledgers::<T>::get(AccountId32::from(*who)).map_or(0, |ledger| ledger.free())
    }

    fn bonded(who: &Account) -> Balance {
        Ledgers::<T>::get(AccountId32::from(*who)).map_or(0, |ledger| ledger.bonded)
    }

    fn lock(who: &Account, amount: Balance) -> Result<(), CollateralError> {
        let who = AccountId32::from(*who);
        let mut ledger =
            Ledgers::<T>::get(&who).filter(|ledger| ledger.bonded > 0).ok_or(CollateralError::NotBonded)?;
        if amount > ledger.free() {
            return Err(CollateralError::Insufficient);
        }
        let locked = ledger.locked.saturating_add(amount);
        ledger.locked = locked;
        Ledgers::<T>::insert(&who, ledger);
        Self::deposit_event(Event::Locked { who, amount, locked });
        Ok(())
    }

    fn release(who: &Account, amount: Balance) {
        let who = AccountId32::from(*who);
        let Some(mut ledger) = Ledgers::<T>::get(&who) else { return };
        let amount = amount.min(ledger.locked);
        if amount == 0 {
            return;
        }
        let locked = ledger.locked.saturating_sub(amount);
        ledger.locked = locked;
        Ledgers::<T>::insert(&who, ledger);
        Self::deposit_event(Event::Released { who, amount, locked });
    }

    fn slash(who: &Account, amount: Balance, to: &[(Account, Balance)]) -> Balance {
        let who = AccountId32::from(*who);
        let Some(mut ledger) = Ledgers::<T>::get(&who) else { return 0 };
        let amount = amount.min(ledger.locked);
        if amount == 0 {
            return 0;
        }
        let mut left = amount;
        for (beneficiary, share) in to {
            let arrived = Self::pay_from_hold(&who, beneficiary, left.min(*share));
            left = left.saturating_sub(arrived);
        }
        let burned =
            T::Currency::burn_held(&HoldReason::Bond.into(), &who, left, Precision::BestEffort, Fortitude::Force);
        debug_assert_eq!(burned, Ok(left), "held covers every ledger");
        let bonded = ledger.bonded.saturating_sub(amount);
        ledger.bonded = bonded;
        ledger.locked = ledger.locked.saturating_sub(amount);
        Self::store(&who, ledger);
        Self::deposit_event(Event::Slashed { who, amount, paid: amount.saturating_sub(left), burned: left, bonded });
        amount
    }

    fn minimum() -> Balance {
        MinimumBond::<T>::get()
    }

    fn earn(from: &Account, who: &Account, amount: Balance) -> Result<(), CollateralError> {
        let (from, who) = (AccountId32::from(*from), AccountId32::from(*who));
        with_storage_layer::<_, DispatchError, _>(|| {
            T::Currency::transfer(&from, &who, amount, Preservation::Preserve)?;
            let reason = HoldReason::Bond.into();
            // The first time the existential deposit stays free: a hold needs an account to be on.
            let keeps =
                T::Currency::minimum_balance().saturating_sub(T::Currency::balance(&who).saturating_sub(amount));
            let earned = amount.saturating_sub(keeps);
            if earned > 0 {
                T::Currency::hold(&reason, &who, earned)?;
                let mut ledger = Ledgers::<T>::get(&who).unwrap_or_default();
                let bonded = ledger.bonded.saturating_add(earned);
                ledger.bonded = bonded;
                Ledgers::<T>::insert(&who, ledger);
                Self::deposit_event(Event::Bonded { who: who.clone(), amount: earned, bonded });
            }
            Ok(())
        })
        .map_err(|_| CollateralError::Insufficient)
    }
}

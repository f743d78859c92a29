// SPDX-License-Identifier: Apache-2.0
//! Locks, releases and slashes: what other pallets do with a bond.

use crate::{Candidates, Config, Event, HoldReason, Ledger, Ledgers, MinimumBond, Nominations, Pallet};
use frame_support::{
    storage::with_storage_layer,
    traits::{
        fungible::{Inspect, Mutate, MutateHold},
        tokens::{Fortitude, Precision, Preservation, Restriction},
        Get,
    },
};
use quern_primitives::{
    traits::{Collateral, CollateralError},
    Account, Balance, Height,
};
use sp_runtime::{AccountId32, DispatchError, Perbill};

impl<T: Config> Pallet<T> {
    /// Pays `amount` out of what `who` has on hold; returns what arrived: all of it or, where `to` cannot receive, nothing.
    pub(crate) fn pay_from_hold(reason: HoldReason, who: &AccountId32, to: &AccountId32, amount: Balance) -> Balance {
        if amount == 0 {
            return 0;
        }
        with_storage_layer::<Balance, DispatchError, _>(|| {
            T::Currency::transfer_on_hold(
                &reason.into(),
                who,
                to,
                amount,
                Precision::Exact,
                Restriction::Free,
                Fortitude::Force,
            )
        })
        .unwrap_or(0)
    }

    /// Burns `amount` of what `who` has on hold.
    pub(crate) fn burn_from_hold(reason: HoldReason, who: &AccountId32, amount: Balance) {
        if amount == 0 {
            return;
        }
        let burned = T::Currency::burn_held(&reason.into(), who, amount, Precision::BestEffort, Fortitude::Force);
        debug_assert_eq!(burned, Ok(amount), "held covers every ledger and every pool");
    }

    /// Takes what a released bond still owed for a consensus offence. The caller stores the ledger.
    fn take_owed(who: &AccountId32, ledger: &mut Ledger, released: Balance) {
        let amount = ledger.owed.min(released);
        if amount == 0 {
            return;
        }
        ledger.owed = ledger.owed.saturating_sub(amount);
        ledger.bonded = ledger.bonded.saturating_sub(amount);
        Self::burn_from_hold(HoldReason::Bond, who, amount);
        Self::deposit_event(Event::OwedTaken { who: who.clone(), amount, owed: ledger.owed });
    }
}

impl<T: Config> Collateral for Pallet<T> {
    fn free(who: &Account) -> Balance {
        Ledgers::<T>::get(AccountId32::from(*who)).map_or(0, |ledger| ledger.free())
    }

    fn bonded(who: &Account) -> Balance {
        Ledgers::<T>::get(AccountId32::from(*who)).map_or(0, |ledger| ledger.bonded)
    }

    fn bonded_before(who: &Account, height: Height) -> Balance {
        let ledger = Ledgers::<T>::get(AccountId32::from(*who));
        ledger.map_or(0, |ledger| ledger.bonded_before(height, Self::now(), T::DrawMemory::get()))
    }

    fn free_before(who: &Account, height: Height) -> Balance {
        let ledger = Ledgers::<T>::get(AccountId32::from(*who));
        ledger.map_or(0, |ledger| {
            ledger.bonded_before(height, Self::now(), T::DrawMemory::get()).saturating_sub(ledger.locked)
        })
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
        let owed = ledger.owed > 0;
        Self::deposit_event(Event::Released { who: who.clone(), amount, locked });
        Self::take_owed(&who, &mut ledger, amount);
        Self::store(&who, ledger);
        if owed {
            Self::sync(&who);
        }
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
            let to = AccountId32::from(*beneficiary);
            let arrived = Self::pay_from_hold(HoldReason::Bond, &who, &to, left.min(*share));
            left = left.saturating_sub(arrived);
        }
        Self::burn_from_hold(HoldReason::Bond, &who, left);
        let bonded = ledger.bonded.saturating_sub(amount);
        ledger.bonded = bonded;
        ledger.locked = ledger.locked.saturating_sub(amount);
        // What is slashed for its own obligation cannot be taken a second time.
        ledger.owed = ledger.owed.min(ledger.locked);
        Self::store(&who, ledger);
        Self::sync(&who);
        Self::deposit_event(Event::Slashed { who, amount, paid: amount.saturating_sub(left), burned: left, bonded });
        amount
    }

    fn slash_pro_rata(who: &Account, amount: Balance, to: &[(Account, Balance)]) -> Balance {
        let whole = Ledgers::<T>::get(AccountId32::from(*who)).map_or(0, |ledger| ledger.held());
        let taken = <Self as Collateral>::slash(who, amount, to);
        if taken > 0 {
            Self::slash_backing(&AccountId32::from(*who), Perbill::from_rational(taken, whole));
        }
        taken
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
                ledger.grow(earned, Self::now(), T::DrawMemory::get());
                let bonded = ledger.bonded;
                Ledgers::<T>::insert(&who, ledger);
                Self::sync(&who);
                Self::deposit_event(Event::Bonded { who: who.clone(), amount: earned, bonded });
            }
            Ok(())
        })
        .map_err(|_| CollateralError::Insufficient)
    }

    fn is_backed(who: &Account) -> bool {
        Candidates::<T>::get(AccountId32::from(*who)).is_some_and(|candidate| candidate.is_backed())
    }

    fn backs(backer: &Account, who: &Account) -> bool {
        Nominations::<T>::contains_key(AccountId32::from(*backer), AccountId32::from(*who))
    }
}

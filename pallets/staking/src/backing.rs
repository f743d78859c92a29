// SPDX-License-Identifier: Apache-2.0
//! What nominators back candidates with.
//!
//! All of it is on hold on one account, the pot. A candidate's [`Pool`] says what part of it is the candidate's, and how many
//! shares there are; a nomination is a number of shares.

use crate::{
    types, Candidate, Candidates, Config, Elections, Error, Event, HoldReason, Ledgers, NextGeneration, Nomination,
    Nominations, Pallet, Pool, UnbondingBlocks, ONE_PPM,
};
use frame_support::{
    ensure,
    storage::with_storage_layer,
    traits::{
        fungible::{Mutate, MutateHold},
        tokens::{Fortitude, Precision, Preservation, Restriction},
    },
};
use quern_primitives::{traits::Backing, Account, Balance};
use sp_runtime::{
    helpers_128bit::multiply_by_rational_with_rounding, AccountId32, DispatchError, DispatchResult, Perbill, Permill,
    Rounding,
};

impl<T: Config> Pallet<T> {
    /// What backs a candidate.
    pub fn pool(candidate: &AccountId32) -> Option<Pool> {
        Candidates::<T>::get(candidate).map(|candidate| candidate.pool)
    }

    /// A number that no pool has had.
    pub(crate) fn next_generation() -> u64 {
        NextGeneration::<T>::mutate(|next| {
            let generation = *next;
            *next = generation.saturating_add(1);
            generation
        })
    }

    /// The nomination of `who`, empty where there is none or where what it bought was slashed away.
    fn nomination(who: &AccountId32, candidate: &AccountId32, pool: &Pool) -> Nomination {
        Nominations::<T>::get(who, candidate)
            .filter(|nomination| nomination.generation == pool.generation)
            .unwrap_or_else(|| Nomination { generation: pool.generation, ..Default::default() })
    }

    pub(crate) fn do_nominate(who: AccountId32, candidate: AccountId32, amount: Balance) -> DispatchResult {
        ensure!(amount > 0, Error::<T>::ZeroAmount);
        ensure!(who != candidate, Error::<T>::OwnCandidate);
        let mut entry = Self::listed(&candidate)?;
        let settings = Elections::<T>::get();
        let own = Ledgers::<T>::get(&candidate).unwrap_or_default().own();
        let most = own.saturating_mul(settings.max_backing_ratio.into());
        ensure!(entry.pool.active().saturating_add(amount) <= most, Error::<T>::BackingFull);
        let mut nomination = Self::nomination(&who, &candidate, &entry.pool);
        let shares = entry.pool.shares_for(amount).filter(|shares| *shares > 0).ok_or(Error::<T>::ZeroAmount)?;
        entry.pool.shares = entry.pool.shares.saturating_add(shares);
        entry.pool.value = entry.pool.value.saturating_add(amount);
        nomination.shares = nomination.shares.saturating_add(shares);
        // What a nomination is worth may round to one unit less than what was paid for it.
        let worth = entry.pool.value_of(nomination.shares).saturating_add(1);
        ensure!(worth >= settings.minimum_nomination, Error::<T>::NominationTooSmall);
        T::Currency::transfer_and_hold(
            &HoldReason::Nomination.into(),
            &who,
            &Self::pot(),
            amount,
            Precision::Exact,
            Preservation::Preserve,
            Fortitude::Polite,
        )?;
        Candidates::<T>::insert(&candidate, entry);
        Nominations::<T>::insert(&who, &candidate, nomination);
        Self::sync(&candidate);
        Self::deposit_event(Event::Nominated { who, candidate, amount, shares });
        Ok(())
    }

    pub(crate) fn do_unbond_nomination(who: AccountId32, candidate: AccountId32, amount: Balance) -> DispatchResult {
        ensure!(amount > 0, Error::<T>::ZeroAmount);
        let mut entry = Candidates::<T>::get(&candidate).ok_or(Error::<T>::NoNomination)?;
        let mut nomination = Self::nomination(&who, &candidate, &entry.pool);
        ensure!(nomination.shares > 0, Error::<T>::NoNomination);
        let worth = entry.pool.value_of(nomination.shares);
        let shares =
            if amount >= worth { nomination.shares } else { entry.pool.shares_worth(amount, nomination.shares) };
        let left = entry.pool.value_of(nomination.shares.saturating_sub(shares));
        ensure!(
            shares == nomination.shares || left >= Elections::<T>::get().minimum_nomination,
            Error::<T>::NominationTooSmall
        );
        let release_at = Self::now().saturating_add(UnbondingBlocks::<T>::get());
        ensure!(types::push(&mut nomination.unbonding, shares, release_at), Error::<T>::TooManyUnbonding);
        nomination.shares = nomination.shares.saturating_sub(shares);
        entry.pool.unbonding = entry.pool.unbonding.saturating_add(shares);
        let amount = entry.pool.value_of(shares);
        Candidates::<T>::insert(&candidate, entry);
        Nominations::<T>::insert(&who, &candidate, nomination);
        Self::sync(&candidate);
        Self::deposit_event(Event::NominationUnbonding { who, candidate, amount, shares, release_at });
        Ok(())
    }

    pub(crate) fn do_withdraw_nomination(who: AccountId32, candidate: AccountId32) -> DispatchResult {
        let mut nomination = Nominations::<T>::get(&who, &candidate).ok_or(Error::<T>::NoNomination)?;
        let pool = Self::pool(&candidate).filter(|pool| pool.generation == nomination.generation);
        let amount = match pool {
            // Slashed away: nothing is left to be paid, and the entry goes.
            None => {
                nomination = Nomination::default();
                0
            }
            Some(mut pool) => {
                let shares = types::take_matured(&mut nomination.unbonding, Self::now());
                ensure!(shares > 0, Error::<T>::NothingToWithdraw);
                let amount = pool.redeem(shares);
                Self::pay_nominator(&who, amount)?;
                Candidates::<T>::mutate_extant(&candidate, |entry| entry.pool = pool);
                amount
            }
        };
        if nomination.total() == 0 {
            Nominations::<T>::remove(&who, &candidate);
        } else {
            Nominations::<T>::insert(&who, &candidate, nomination);
        }
        Self::sync(&candidate);
        Self::deposit_event(Event::NominationWithdrawn { who, candidate, amount });
        Ok(())
    }

    /// Pays out of the pot.
    fn pay_nominator(who: &AccountId32, amount: Balance) -> DispatchResult {
        if amount > 0 {
            T::Currency::transfer_on_hold(
                &HoldReason::Nomination.into(),
                &Self::pot(),
                who,
                amount,
                Precision::Exact,
                Restriction::Free,
                Fortitude::Force,
            )?;
        }
        Ok(())
    }

    /// Takes a share of all that backs a candidate, unbonding shares too, and burns it. Returns what was taken.
    pub(crate) fn take_backing(candidate: &AccountId32, fraction: Perbill) -> Balance {
        let Some(mut entry) = Candidates::<T>::get(candidate).filter(|entry| entry.pool.value > 0) else { return 0 };
        let amount = entry.pool.slash(fraction, Self::next_generation());
        Self::burn_from_hold(HoldReason::Nomination, &Self::pot(), amount);
        Candidates::<T>::insert(candidate, entry);
        Self::sync(candidate);
        amount
    }

    /// As [`take_backing`](Self::take_backing), and tells so.
    pub(crate) fn slash_backing(candidate: &AccountId32, fraction: Perbill) {
        let amount = Self::take_backing(candidate, fraction);
        if amount > 0 {
            Self::deposit_event(Event::BackingSlashed { candidate: candidate.clone(), fraction, amount });
        }
    }

    /// What of a reward goes to those who back a candidate: after the commission, by what they have at stake. Rounded down.
    fn backers_part(candidate: &Candidate, own: Balance, amount: Balance, era: u32) -> Balance {
        // Up: the commission is the candidate's, whose bond is the first to answer.
        let commission = Permill::from_parts(candidate.commission.of_era(era).min(ONE_PPM)).mul_ceil(amount);
        let shared = amount.saturating_sub(commission);
        let whole = own.saturating_add(candidate.pool.value);
        multiply_by_rational_with_rounding(shared, candidate.pool.value, whole, Rounding::Down).unwrap_or(0)
    }
}

impl<T: Config> Backing for Pallet<T> {
    fn reward(who: &Account, from: &Account, amount: Balance, era: u32) -> Option<(Balance, Balance)> {
        let (candidate, from) = (AccountId32::from(*who), AccountId32::from(*from));
        let mut entry = Candidates::<T>::get(&candidate);
        let bonded = Ledgers::<T>::get(&candidate).unwrap_or_default().own();
        let backing = entry.as_ref().map_or(0, |entry| Self::backers_part(entry, bonded, amount, era));
        let (commission_ppm, backed) = entry.map_or((0, 0), |entry| (entry.commission.of_era(era), entry.pool.value));
        let own = amount.saturating_sub(backing);
        with_storage_layer::<(), DispatchError, _>(|| {
            if own > 0 {
                T::Currency::transfer(&from, &candidate, own, Preservation::Expendable)?;
            }
            if backing > 0 {
                T::Currency::transfer_and_hold(
                    &HoldReason::Nomination.into(),
                    &from,
                    &Self::pot(),
                    backing,
                    Precision::Exact,
                    Preservation::Expendable,
                    Fortitude::Polite,
                )?;
            }
            Ok(())
        })
        .ok()?;
        if let Some(entry) = entry.as_mut().filter(|_| backing > 0) {
            entry.pool.value = entry.pool.value.saturating_add(backing);
            Candidates::<T>::insert(&candidate, *entry);
            Self::sync(&candidate);
        }
        Self::deposit_event(Event::RewardShared { candidate, own, backing, commission_ppm, bonded, backed });
        Some((own, backing))
    }
}

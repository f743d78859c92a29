// SPDX-License-Identifier: Apache-2.0
//! What nominators back candidates with.
//!
//! All of it is on hold on one account, the pot. A candidate's [`Pool`] says what part of it is the candidate's, and how many
//! shares there are; a nomination is a number of shares. What came in the era under way is in a pool of its own, a [`Young`] one, until
//! its time has come to earn.

use crate::{
    types, Candidate, Candidates, Config, Elections, Error, Event, HoldReason, Holding, Ledgers, Merge, Merges,
    NextGeneration, Nomination, Nominations, Pallet, Pool, UnbondingBlocks, Young, MAX_UNBONDING, ONE_PPM,
};
use alloc::vec::Vec;
use frame_support::{
    ensure,
    storage::with_storage_layer,
    traits::{
        fungible::{Mutate, MutateHold},
        tokens::{Fortitude, Precision, Preservation, Restriction},
        Get,
    },
};
use quern_primitives::{
    traits::{Backing, Unclaimed},
    Account, Balance, Height,
};
use sp_runtime::{
    helpers_128bit::multiply_by_rational_with_rounding, AccountId32, DispatchError, DispatchResult, Perbill, Permill,
    Rounding,
};

impl<T: Config> Pallet<T> {
    /// What backs a candidate, whatever of it came lately.
    pub fn backing(candidate: &AccountId32) -> Balance {
        Candidates::<T>::get(candidate).map_or(0, |candidate| candidate.backing())
    }

    /// A number that no pool has had.
    pub(crate) fn next_generation() -> u64 {
        NextGeneration::<T>::mutate(|next| {
            let generation = *next;
            *next = generation.saturating_add(1);
            generation
        })
    }

    /// A nomination as of now, with what of a young pool is left to be exchanged by others; empty where there is none, or where
    /// what it bought was slashed away.
    fn as_of_now(nomination: Nomination, entry: &Candidate) -> (Nomination, Option<(u64, Merge)>) {
        let mut nomination = nomination;
        let generation = nomination.young.as_ref().map(|young| young.generation);
        let mut merge = generation.and_then(Merges::<T>::get);
        let exchanged = nomination.exchange(entry, merge.as_mut());
        (nomination, generation.zip(merge).filter(|_| exchanged))
    }

    /// The nomination of `who` as of now. Writes what of a young pool is left to be exchanged; the caller writes the nomination.
    fn take_nomination(who: &AccountId32, candidate: &AccountId32, entry: &Candidate) -> Nomination {
        let (nomination, exchanged) = Self::as_of_now(Nominations::<T>::get(who, candidate).unwrap_or_default(), entry);
        match exchanged {
            Some((generation, merge)) if merge.is_over() => Merges::<T>::remove(generation),
            Some((generation, merge)) => Merges::<T>::insert(generation, merge),
            None => {}
        }
        nomination
    }

    /// What `who` backs a candidate with, as it is worth now: what elects, what unbonds, and the height from which all of that can be
    /// withdrawn (zero where nothing unbonds).
    pub fn backing_of(who: &AccountId32, candidate: &AccountId32) -> (Balance, Balance, Height) {
        let known = Candidates::<T>::get(candidate).zip(Nominations::<T>::get(who, candidate));
        let Some((entry, nomination)) = known else { return (0, 0, 0) };
        let (nomination, _) = Self::as_of_now(nomination, &entry);
        let (active, unbonding) = nomination.worth(&entry);
        let young = nomination.young.iter().flat_map(|young| young.unbonding.iter());
        let last = nomination.old.unbonding.iter().chain(young).map(|chunk| chunk.release_at).max();
        (active, unbonding, last.unwrap_or(0))
    }

    /// Makes a young pool of an earlier era a part of the candidate's, where everything is claimed that it does not share in. The
    /// caller writes the candidate.
    fn merge_young(candidate: &AccountId32, entry: &mut Candidate) {
        let Some(young) = entry.young.filter(|young| young.era < T::Era::get()) else { return };
        if T::Unclaimed::has_unclaimed(&candidate.clone().into()) {
            return;
        }
        let Some(merge) = Merge::of(&young.pool, &entry.pool) else { return };
        let pool = &mut entry.pool;
        pool.shares = pool.shares.saturating_add(merge.shares());
        pool.unbonding = pool.unbonding.saturating_add(merge.for_unbonding);
        pool.value = pool.value.saturating_add(young.pool.value);
        entry.young = None;
        Merges::<T>::insert(young.pool.generation, merge);
    }

    pub(crate) fn do_nominate(who: AccountId32, candidate: AccountId32, amount: Balance) -> DispatchResult {
        ensure!(amount > 0, Error::<T>::ZeroAmount);
        ensure!(who != candidate, Error::<T>::OwnCandidate);
        let mut entry = Self::listed(&candidate)?;
        let settings = Elections::<T>::get();
        let own = Ledgers::<T>::get(&candidate).unwrap_or_default().own();
        let most = own.saturating_mul(settings.max_backing_ratio.into());
        ensure!(entry.active().saturating_add(amount) <= most, Error::<T>::BackingFull);
        Self::merge_young(&candidate, &mut entry);
        let era = T::Era::get();
        ensure!(entry.young.is_none_or(|young| young.era == era), Error::<T>::RewardsUnclaimed);
        let mut nomination = Self::take_nomination(&who, &candidate, &entry);
        let mut young = match entry.young {
            Some(young) => young,
            None => Young { era, pool: Pool { generation: Self::next_generation(), ..Default::default() } },
        };
        let pool = &mut young.pool;
        let shares = pool.shares_for(amount).filter(|shares| *shares > 0).ok_or(Error::<T>::ZeroAmount)?;
        pool.shares = pool.shares.saturating_add(shares);
        pool.value = pool.value.saturating_add(amount);
        let bought = nomination.young.get_or_insert_default();
        bought.generation = pool.generation;
        bought.shares = bought.shares.saturating_add(shares);
        entry.young = Some(young);
        // What a nomination is worth may round to one unit less in each pool than what was paid for it.
        let rounding = if nomination.old.shares > 0 { 2 } else { 1 };
        let worth = nomination.worth(&entry).0.saturating_add(rounding);
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
        Self::merge_young(&candidate, &mut entry);
        let mut nomination = Self::take_nomination(&who, &candidate, &entry);
        let has_young = nomination.young.as_ref().is_some_and(|young| young.shares > 0);
        ensure!(nomination.old.shares > 0 || has_young, Error::<T>::NoNomination);
        let release_at = Self::now().saturating_add(UnbondingBlocks::<T>::get());
        // What came last goes first: it does not earn yet.
        let (mut left, mut unbonding, mut all_shares) = (amount, 0 as Balance, 0 as Balance);
        let mut parts = Vec::new();
        if let Some((holding, young)) = nomination.young.as_mut().zip(entry.young.as_mut()) {
            parts.push((holding, &mut young.pool));
        }
        parts.push((&mut nomination.old, &mut entry.pool));
        for (holding, pool) in parts {
            let worth = pool.value_of(holding.shares);
            let shares = if left >= worth { holding.shares } else { pool.shares_worth(left, holding.shares) };
            if shares == 0 || left == 0 {
                continue;
            }
            ensure!(types::push(&mut holding.unbonding, shares, release_at), Error::<T>::TooManyUnbonding);
            holding.shares = holding.shares.saturating_sub(shares);
            pool.unbonding = pool.unbonding.saturating_add(shares);
            unbonding = unbonding.saturating_add(pool.value_of(shares));
            all_shares = all_shares.saturating_add(shares);
            left = left.saturating_sub(worth);
        }
        ensure!(nomination.chunks() <= MAX_UNBONDING as usize, Error::<T>::TooManyUnbonding);
        let shares_left =
            nomination.young.as_ref().map_or(0, |young| young.shares).saturating_add(nomination.old.shares);
        ensure!(
            shares_left == 0 || nomination.worth(&entry).0 >= Elections::<T>::get().minimum_nomination,
            Error::<T>::NominationTooSmall
        );
        Candidates::<T>::insert(&candidate, entry);
        Nominations::<T>::insert(&who, &candidate, nomination);
        Self::sync(&candidate);
        let (amount, shares) = (unbonding, all_shares);
        Self::deposit_event(Event::NominationUnbonding { who, candidate, amount, shares, release_at });
        Ok(())
    }

    pub(crate) fn do_withdraw_nomination(who: AccountId32, candidate: AccountId32) -> DispatchResult {
        ensure!(Nominations::<T>::contains_key(&who, &candidate), Error::<T>::NoNomination);
        let mut entry = Candidates::<T>::get(&candidate);
        if let Some(entry) = entry.as_mut() {
            Self::merge_young(&candidate, entry);
        }
        // Whoever backs a candidate keeps its entry; without one all was slashed away, and no pool is like any that was.
        let pool = Pool { generation: u64::MAX, ..Default::default() };
        let gone = Candidate { commission: Default::default(), listed: None, pool, young: None };
        let mut nomination = Self::take_nomination(&who, &candidate, entry.as_ref().unwrap_or(&gone));
        let (now, mut shares, mut amount) = (Self::now(), 0 as Balance, 0 as Balance);
        if let Some(entry) = entry.as_mut() {
            let mut redeem = |holding: &mut Holding, pool: &mut Pool| {
                let matured = types::take_matured(&mut holding.unbonding, now);
                shares = shares.saturating_add(matured);
                amount = amount.saturating_add(pool.redeem(matured));
            };
            redeem(&mut nomination.old, &mut entry.pool);
            if let Some((holding, young)) = nomination.young.as_mut().zip(entry.young.as_mut()) {
                redeem(holding, &mut young.pool);
            }
        }
        nomination.young = nomination.young.filter(|young| young.total() > 0);
        // Slashed away: nothing is left to be paid, and the entry goes.
        let is_gone = nomination.is_empty();
        ensure!(shares > 0 || is_gone, Error::<T>::NothingToWithdraw);
        Self::pay_nominator(&who, amount)?;
        if let Some(mut entry) = entry {
            entry.young = entry.young.filter(|young| young.pool.shares > 0);
            Candidates::<T>::insert(&candidate, entry);
        }
        if nomination.is_empty() {
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
        let Some(mut entry) = Candidates::<T>::get(candidate).filter(|entry| entry.backing() > 0) else { return 0 };
        let mut amount: Balance = 0;
        if entry.pool.value > 0 {
            amount = entry.pool.slash(fraction, Self::next_generation());
        }
        if let Some(young) = entry.young.as_mut() {
            amount = amount.saturating_add(young.pool.slash(fraction, Self::next_generation()));
        }
        entry.young = entry.young.filter(|young| young.pool.shares > 0);
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

    /// What of a reward goes to those who backed a candidate with `earning` before the era: after the commission, by what they have
    /// at stake. Rounded down.
    fn backers_part(commission_ppm: u32, own: Balance, earning: Balance, amount: Balance) -> Balance {
        // Up: the commission is the candidate's, whose bond is the first to answer.
        let commission = Permill::from_parts(commission_ppm.min(ONE_PPM)).mul_ceil(amount);
        let shared = amount.saturating_sub(commission);
        let whole = own.saturating_add(earning);
        multiply_by_rational_with_rounding(shared, earning, whole, Rounding::Down).unwrap_or(0)
    }
}

impl<T: Config> Backing for Pallet<T> {
    fn reward(who: &Account, from: &Account, amount: Balance, era: u32) -> Option<(Balance, Balance)> {
        let (candidate, from) = (AccountId32::from(*who), AccountId32::from(*from));
        let mut entry = Candidates::<T>::get(&candidate);
        let bonded = Ledgers::<T>::get(&candidate).unwrap_or_default().own();
        let commission_ppm = entry.map_or(0, |entry| entry.commission.of_era(era));
        let (backed, young) = entry.map_or((0, 0), |entry| entry.earning(era));
        let backing = Self::backers_part(commission_ppm, bonded, backed, amount);
        // Rounded down: what is older gets the rest.
        let to_young = multiply_by_rational_with_rounding(backing, young, backed, Rounding::Down).unwrap_or(0);
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
            entry.pool.value = entry.pool.value.saturating_add(backing.saturating_sub(to_young));
            if let Some(young) = entry.young.as_mut() {
                young.pool.value = young.pool.value.saturating_add(to_young);
            }
            Candidates::<T>::insert(&candidate, *entry);
            Self::sync(&candidate);
        }
        Self::deposit_event(Event::RewardShared { candidate, own, backing, commission_ppm, bonded, backed });
        Some((own, backing))
    }
}

// SPDX-License-Identifier: Apache-2.0
//! What must always hold: the last section of the crate's documentation.

use crate::{
    Candidates, Config, Elections, ForgottenTo, HoldReason, Ledgers, Merges, MinimumBond, Nominations, Order, Pallet,
    Reported, Reports, ReportsBySession, ShownFrom, MAX_UNBONDING, ONE_PPM,
};
use alloc::collections::BTreeMap;
use frame_support::{
    ensure,
    traits::{fungible::InspectHold, Get},
};
use quern_primitives::Balance;
use sp_runtime::{AccountId32, TryRuntimeError};

impl<T: Config> Pallet<T> {
    /// Checks what must always hold: see the last section of the crate's documentation.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        ensure!(Elections::<T>::get().unsound().is_none(), "staking: unsound parameters");
        Self::check_holds()?;
        Self::check_ledgers()?;
        Self::check_order()?;
        Self::check_pools()?;
        Self::check_reports()
    }

    fn check_reports() -> Result<(), TryRuntimeError> {
        ensure!(ForgottenTo::<T>::get() <= ShownFrom::<T>::get(), "staking: reports are forgotten too soon");
        for (id, reports) in Reports::<T>::iter() {
            ensure!(!reports.offenders.is_empty(), "staking: a report of nobody");
            ensure!(
                ReportsBySession::<T>::contains_key(reports.last_session, id),
                "staking: a report is kept for ever"
            );
        }
        for (session, id, ()) in ReportsBySession::<T>::iter() {
            ensure!(session >= ForgottenTo::<T>::get(), "staking: a report was passed over");
            ensure!(Reports::<T>::contains_key(id), "staking: a report is gone");
        }
        let shares = Reported::<T>::iter_values().all(|noted| noted.share_ppm <= ONE_PPM);
        ensure!(shares, "staking: an offence costs more than all");
        Ok(())
    }

    /// Nothing is held whose reason is gone.
    fn check_holds() -> Result<(), TryRuntimeError> {
        let pot = Self::pot();
        for who in frame_system::Account::<T>::iter_keys() {
            let held = |reason: HoldReason| T::Currency::balance_on_hold(&reason.into(), &who);
            let has_bond = held(HoldReason::Bond) > 0;
            ensure!(!has_bond || Ledgers::<T>::contains_key(&who), "staking: a bond is held that no ledger has");
            ensure!(who == pot || held(HoldReason::Nomination) == 0, "staking: backing is held beside the pot");
        }
        Ok(())
    }

    fn check_ledgers() -> Result<(), TryRuntimeError> {
        for (who, ledger) in Ledgers::<T>::iter() {
            let held = T::Currency::balance_on_hold(&HoldReason::Bond.into(), &who);
            ensure!(held == ledger.held(), "staking: held differs from bonded and unbonding");
            ensure!(held > 0, "staking: an empty ledger is kept");
            ensure!(ledger.locked <= ledger.bonded, "staking: more locked than bonded");
            ensure!(ledger.grown_at <= Self::now(), "staking: a bond that grows in the future");
            ensure!(ledger.owed <= ledger.locked, "staking: more owed than locked");
            ensure!(ledger.unbonding.iter().all(|chunk| chunk.amount > 0), "staking: nothing unbonds");
            ensure!(ledger.unbonding.is_sorted_by_key(|chunk| chunk.release_at), "staking: unbonding out of order");
        }
        Ok(())
    }

    fn check_order() -> Result<(), TryRuntimeError> {
        let order = Order::<T>::get();
        let key = |(score, who): &(Balance, AccountId32)| (core::cmp::Reverse(*score), who.clone());
        ensure!(order.is_sorted_by_key(key), "staking: candidates out of order");
        let listed = Candidates::<T>::iter_values().filter(|candidate| candidate.listed.is_some()).count();
        ensure!(listed == order.len(), "staking: candidates and their order differ");
        for (score, who) in order {
            let candidate = Candidates::<T>::get(&who).ok_or("staking: listed without an entry")?;
            let ledger = Ledgers::<T>::get(&who).unwrap_or_default();
            ensure!(candidate.listed == Some(score), "staking: listed under another score");
            ensure!(score == Self::score(&ledger, candidate.active()), "staking: a score is out of date");
            ensure!(ledger.own() >= MinimumBond::<T>::get(), "staking: a candidate below the minimum");
        }
        Ok(())
    }

    fn check_pools() -> Result<(), TryRuntimeError> {
        // By generation: shares and unbonding shares of all who have some of that pool, or are to get some.
        let mut sums = BTreeMap::<u64, (Balance, Balance)>::new();
        let mut add = |generation: u64, shares: Balance, unbonding: Balance| {
            let sum = sums.entry(generation).or_default();
            *sum = (sum.0.saturating_add(shares), sum.1.saturating_add(unbonding));
        };
        for (_, _, nomination) in Nominations::<T>::iter() {
            ensure!(!nomination.is_empty(), "staking: an empty nomination is kept");
            ensure!(nomination.chunks() <= MAX_UNBONDING as usize, "staking: too many shares unbond apart");
            for holding in nomination.young.iter().chain([&nomination.old]) {
                ensure!(holding.unbonding.iter().all(|chunk| chunk.amount > 0), "staking: no share unbonds");
                ensure!(holding.unbonding.is_sorted_by_key(|chunk| chunk.release_at), "staking: shares out of order");
                add(holding.generation, holding.total(), crate::types::total(&holding.unbonding));
            }
        }
        for (_, merge) in Merges::<T>::iter() {
            ensure!(!merge.is_over(), "staking: a pool that nobody has shares of is kept");
            add(merge.into, merge.shares(), merge.for_unbonding);
        }
        for (generation, merge) in Merges::<T>::iter() {
            let left = (merge.active.saturating_add(merge.unbonding), merge.unbonding);
            ensure!(sums.get(&generation) == Some(&left), "staking: shares to be exchanged are miscounted");
        }
        let mut value: Balance = 0;
        for candidate in Candidates::<T>::iter_values() {
            let young = candidate.young.map(|young| young.pool);
            ensure!(young.is_none_or(|young| young.shares > 0), "staking: a young pool without shares");
            ensure!(
                candidate.young.is_none_or(|young| young.era <= T::Era::get()),
                "staking: a pool of an era to come"
            );
            for pool in young.iter().chain([&candidate.pool]) {
                value = value.saturating_add(pool.value);
                ensure!(
                    (pool.shares == 0) == (pool.value == 0),
                    "staking: shares without value, or value without shares"
                );
                let sums = sums.remove(&pool.generation).unwrap_or_default();
                ensure!(sums == (pool.shares, pool.unbonding), "staking: shares differ from the nominations'");
            }
            ensure!(candidate.listed.is_some() || candidate.is_backed(), "staking: an idle candidate is kept");
        }
        let held = T::Currency::balance_on_hold(&HoldReason::Nomination.into(), &Self::pot());
        ensure!(held == value, "staking: the pot differs from the pools");
        Ok(())
    }
}

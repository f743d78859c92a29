// SPDX-License-Identifier: Apache-2.0
//! What must always hold: the last section of the crate's documentation.

use crate::{
    Candidates, Config, Elections, ForgottenTo, HoldReason, Ledgers, MinimumBond, Nominations, Order, Pallet, Reported,
    Reports, ReportsBySession, ShownFrom, ONE_PPM,
};
use alloc::collections::BTreeMap;
use frame_support::{ensure, traits::fungible::InspectHold};
use quern_primitives::Balance;
use sp_runtime::{AccountId32, TryRuntimeError};

impl<T: Config> Pallet<T> {
    /// Checks what must always hold: see the last section of the crate's documentation.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        ensure!(Elections::<T>::get().unsound().is_none(), "staking: unsound parameters");
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
            ensure!(score == Self::score(&ledger, &candidate.pool), "staking: a score is out of date");
            ensure!(ledger.own() >= MinimumBond::<T>::get(), "staking: a candidate below the minimum");
        }
        Ok(())
    }

    fn check_pools() -> Result<(), TryRuntimeError> {
        let mut sums = BTreeMap::<AccountId32, (Balance, Balance)>::new();
        for (_, candidate, nomination) in Nominations::<T>::iter() {
            ensure!(nomination.total() > 0, "staking: an empty nomination is kept");
            ensure!(nomination.unbonding.iter().all(|chunk| chunk.amount > 0), "staking: no share unbonds");
            let live = Self::pool(&candidate).is_some_and(|pool| pool.generation == nomination.generation);
            if live {
                let (shares, unbonding) = sums.entry(candidate).or_default();
                *shares = shares.saturating_add(nomination.total());
                *unbonding = unbonding.saturating_add(crate::types::total(&nomination.unbonding));
            }
        }
        let mut value: Balance = 0;
        for (who, candidate) in Candidates::<T>::iter() {
            let pool = candidate.pool;
            value = value.saturating_add(pool.value);
            ensure!((pool.shares == 0) == (pool.value == 0), "staking: shares without value, or value without shares");
            let sums = sums.remove(&who).unwrap_or_default();
            ensure!(sums == (pool.shares, pool.unbonding), "staking: shares differ from the nominations'");
            ensure!(candidate.listed.is_some() || pool.shares > 0, "staking: an idle candidate is kept");
        }
        ensure!(sums.is_empty(), "staking: shares of a pool that is gone");
        let held = T::Currency::balance_on_hold(&HoldReason::Nomination.into(), &Self::pot());
        ensure!(held == value, "staking: the pot differs from the pools");
        Ok(())
    }
}

// SPDX-License-Identifier: Apache-2.0
//! What must always hold: the last section of the crate's documentation.

use crate::{Agenda, AgendaCursor, Config, Deferred, HoldReason, NextOffence, Pallet, Settings, Times};
use alloc::collections::BTreeMap;
use frame_support::{ensure, traits::fungible::InspectHold};
use quern_primitives::{offence::SlashStage, traits::Collateral, Account, Balance};
use sp_runtime::{AccountId32, TryRuntimeError};

impl<T: Config> Pallet<T> {
    /// What is locked for slashes that are not carried out yet, by account: beside open shards, this is what the keeper of bonds
    /// has locked. Reads all of them: for checks, not for blocks.
    pub fn locks() -> BTreeMap<Account, Balance> {
        let mut locks = BTreeMap::<Account, Balance>::new();
        for slash in Deferred::<T>::iter_values() {
            let sum = locks.entry(slash.offence.offender).or_default();
            *sum = sum.saturating_add(slash.offence.locked);
        }
        locks
    }

    /// Checks what must always hold: see the last section of the crate's documentation.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        ensure!(Settings::<T>::get().is_sound(), "slashing: unsound shares");
        ensure!(Times::<T>::get().is_sound(), "slashing: unsound times");
        let (cursor, next) = (AgendaCursor::<T>::get(), NextOffence::<T>::get());
        let mut appeals = BTreeMap::<Account, Balance>::new();
        for (id, slash) in Deferred::<T>::iter() {
            ensure!(id < next, "slashing: an offence has a number that was not given");
            ensure!(slash.due > 0 && slash.due <= slash.offence.locked, "slashing: more is due than was locked");
            ensure!(slash.due_at >= cursor, "slashing: a slash was passed over");
            ensure!(Agenda::<T>::contains_key(slash.due_at, id), "slashing: a slash is not on the agenda");
            if let SlashStage::Appealed { bond, .. } = slash.stage {
                let sum = appeals.entry(slash.offence.offender).or_default();
                *sum = sum.saturating_add(bond);
            }
        }
        let entries = Agenda::<T>::iter_keys().count();
        ensure!(entries == Deferred::<T>::count() as usize, "slashing: the agenda names a slash that is over");
        for (offender, locked) in Self::locks() {
            let all = T::Collateral::bonded(&offender).saturating_sub(T::Collateral::free(&offender));
            ensure!(locked <= all, "slashing: less is locked than is at stake");
            let held = T::Currency::balance_on_hold(&HoldReason::Appeal.into(), &AccountId32::from(offender));
            let bonds = appeals.remove(&offender).unwrap_or_default();
            ensure!(held == bonds, "slashing: the bonds of appeals differ from what is held");
        }
        Ok(())
    }
}

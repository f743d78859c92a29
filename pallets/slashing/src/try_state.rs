// SPDX-License-Identifier: Apache-2.0
//! What must always hold: the last section of the crate's documentation.

use crate::{
    Agenda, AgendaCursor, Config, Deferred, HoldReason, NextOffence, Pallet, Plants, PlantsOf, Settings, Terms, Times,
    ONE_PPM,
};
use alloc::collections::BTreeMap;
use frame_support::{ensure, traits::fungible::InspectHold};
use quern_primitives::{
    offence::{AnyOffence, SlashStage},
    traits::Collateral,
    Account, Balance,
};
use sp_runtime::{AccountId32, TryRuntimeError};

impl<T: Config> Pallet<T> {
    /// What is locked for slashes that are not carried out yet, by account: beside open shards, this is what the keeper of bonds
    /// has locked. Reads all of them: for checks, not for blocks.
    pub fn locks() -> BTreeMap<Account, Balance> {
        let mut locks = BTreeMap::<Account, Balance>::new();
        for slash in Deferred::<T>::iter_values() {
            let locked = slash.offence.locked();
            if locked > 0 {
                let sum = locks.entry(*slash.offence.offender()).or_default();
                *sum = sum.saturating_add(locked);
            }
        }
        locks
    }

    /// Checks what must always hold: see the last section of the crate's documentation.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        ensure!(Settings::<T>::get().is_sound(), "slashing: unsound shares");
        ensure!(Times::<T>::get().is_sound(), "slashing: unsound times");
        let (cursor, next) = (AgendaCursor::<T>::get(), NextOffence::<T>::get());
        let mut appeals: BTreeMap<AccountId32, Balance> = Self::accounts();
        for (id, slash) in Deferred::<T>::iter() {
            ensure!(id < next, "slashing: an offence has a number that was not given");
            match &slash.offence {
                AnyOffence::Work(offence) => {
                    ensure!(slash.due > 0 && slash.due <= offence.locked, "slashing: more is due than was locked");
                }
                AnyOffence::Consensus(_) => {
                    ensure!(slash.share_ppm > 0 && slash.share_ppm <= ONE_PPM, "slashing: no share of a stake");
                }
            }
            ensure!(slash.due_at >= cursor, "slashing: a slash was passed over");
            ensure!(Agenda::<T>::contains_key(slash.due_at, id), "slashing: a slash is not on the agenda");
            if let SlashStage::Appealed { bond, .. } = slash.stage {
                let sum = appeals.entry(AccountId32::from(*slash.offence.offender())).or_default();
                *sum = sum.saturating_add(bond);
            }
        }
        let entries = Agenda::<T>::iter_keys().count();
        ensure!(entries == Deferred::<T>::count() as usize, "slashing: the agenda names a slash that is over");
        for (offender, locked) in Self::locks() {
            let all = T::Collateral::bonded(&offender).saturating_sub(T::Collateral::free(&offender));
            ensure!(locked <= all, "slashing: less is locked than is at stake");
        }
        for (offender, bonds) in appeals {
            let held = T::Currency::balance_on_hold(&HoldReason::Appeal.into(), &offender);
            ensure!(held == bonds, "slashing: the bonds of appeals differ from what is held");
        }
        Self::try_plants()
    }

    /// Everybody, so that a hold is seen whose reason is gone.
    fn accounts<V: Default>() -> BTreeMap<AccountId32, V> {
        frame_system::Account::<T>::iter_keys().map(|who| (who, V::default())).collect()
    }

    fn try_plants() -> Result<(), TryRuntimeError> {
        ensure!(Terms::<T>::get().is_sound(), "slashing: unsound terms of plants");
        let mut owners: BTreeMap<AccountId32, (u32, Balance)> = Self::accounts();
        for plant in Plants::<T>::iter_values() {
            ensure!(plant.posted_at < plant.expires_at, "slashing: a plant that could never be opened");
            let (number, deposits) = owners.entry(AccountId32::from(plant.owner)).or_default();
            *number = number.saturating_add(1);
            *deposits = deposits.saturating_add(plant.deposit);
        }
        let counted = PlantsOf::<T>::iter().count();
        let planting = owners.values().filter(|(number, _)| *number > 0).count();
        ensure!(counted == planting, "slashing: an account is counted that has no plant");
        for (owner, (number, deposits)) in owners {
            ensure!(PlantsOf::<T>::get(&owner) == number, "slashing: the plants of an account are counted wrongly");
            let held = T::Currency::balance_on_hold(&HoldReason::Plant.into(), &owner);
            ensure!(held == deposits, "slashing: the deposits of plants differ from what is held");
        }
        Ok(())
    }
}

// SPDX-License-Identifier: Apache-2.0
//! Planted errors: a worker that said beforehand that its result is wrong pays for the finding, and is not punished.

use crate::{
    Config, DryRun, Error, Event, HoldReason, OffenceId, Pallet, Plants, PlantsOf, Settings, Split, Terms, ONE_PPM,
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
    ensure,
    storage::with_storage_layer,
    traits::{
        fungible::MutateHold,
        tokens::{Fortitude, Precision, Restriction},
        Get,
    },
};
use quern_primitives::{
    offence::AnyOffence,
    plant::{decoy_hash, ConvictedResult, Plant, PlantedResult},
    traits::{Collateral, Offence, Registry, Results},
    Account, Balance, Height, QRN,
};
use scale_info::TypeInfo;
use sp_runtime::{AccountId32, DispatchError, DispatchResult, Permill};

/// What genesis decides about planted errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct PlantTerms {
    /// Least deposit of a plant, whatever it covers: each takes up a place.
    pub minimum_deposit: Balance,
    /// How many times what is locked for the shard the deposit must be. A wrong result that nobody finds costs the deposit, one that
    /// is found little: so planting does not make sabotage cheaper.
    pub deposit_factor: u32,
    /// What an opened plant pays the requester beside any restitution, in parts per million of what is locked for the shard.
    pub fee_ppm: u32,
    /// Blocks after which a plant that was not opened is lost.
    pub plant_blocks: Height,
}

impl Default for PlantTerms {
    fn default() -> Self {
        let minimum_deposit = QRN.saturating_mul(10);
        Self { minimum_deposit, deposit_factor: 4, fee_ppm: 50_000, plant_blocks: 43_200 }
    }
}

impl PlantTerms {
    /// Whether a deposit that is large enough pays all that an opened plant may cost: at most what is locked for what a slash gives
    /// to others, and as much as a fee.
    pub fn is_sound(&self) -> bool {
        self.minimum_deposit > 0 && self.deposit_factor >= 2 && self.fee_ppm <= ONE_PPM && self.plant_blocks > 0
    }

    /// The least deposit of a plant for a shard for which `locked` is locked.
    pub fn deposit(&self, locked: Balance) -> Balance {
        locked.saturating_mul(self.deposit_factor.into()).max(self.minimum_deposit)
    }

    /// What the requester gets of the deposit beside restitution. Where its job is spoiled, all
    /// that the slash would have burned: that must not become cheap. Rounded up, against the planter.
    pub fn fee(&self, offence: &Offence, due: Balance, split: &Split, result: &ConvictedResult) -> Balance {
        let fee = Permill::from_parts(self.fee_ppm).mul_ceil(offence.locked);
        let given = |part: Option<(Account, Balance)>| part.map_or(0, |(_, part)| part);
        let burned = due.saturating_sub(given(split.restitution)).saturating_sub(given(split.reward));
        if result.breaks_job {
            fee.max(burned)
        } else {
            fee
        }
    }
}

impl<T: Config> Pallet<T> {
    /// Holds the deposit and writes the plant.
    pub(crate) fn do_plant(owner: AccountId32, hash: [u8; 32], deposit: Balance) -> DispatchResult {
        let terms = Terms::<T>::get();
        ensure!(deposit >= terms.minimum_deposit, Error::<T>::DepositTooLow);
        ensure!(!Plants::<T>::contains_key(hash), Error::<T>::AlreadyPlanted);
        let of_owner = PlantsOf::<T>::get(&owner);
        let is_full = Plants::<T>::count() >= T::MaxPlants::get() || of_owner >= T::MaxPlantsOfAccount::get();
        ensure!(!is_full, Error::<T>::TooManyPlants);
        T::Currency::hold(&HoldReason::Plant.into(), &owner, deposit)?;
        let posted_at = Self::now();
        let expires_at = posted_at.saturating_add(terms.plant_blocks);
        PlantsOf::<T>::insert(&owner, of_owner.saturating_add(1));
        Plants::<T>::insert(hash, Plant { owner: owner.clone().into(), deposit, posted_at, expires_at });
        Self::deposit_event(Event::Planted { hash, owner, deposit, expires_at });
        Ok(())
    }

    /// Ends a slash by the plant that covers it.
    pub(crate) fn do_open_plant(owner: AccountId32, id: OffenceId, salt: &[u8; 32]) -> DispatchResult {
        let slash = Self::slash(id)?;
        let (AnyOffence::Work(offence), Some(result)) = (&slash.offence, &slash.result) else {
            return Err(Error::<T>::NotPlantable.into());
        };
        let ConvictedResult { requester, attempt, root, committed_at, .. } = *result;
        let planted = PlantedResult { shard: offence.shard, attempt, worker: offence.offender, root };
        let hash = planted.hash(&owner.clone().into(), salt);
        let plant = Self::plant_of_owner(&hash, &owner)?;
        ensure!(plant.posted_at < committed_at, Error::<T>::PlantedTooLate);
        let terms = Terms::<T>::get();
        ensure!(plant.deposit >= terms.deposit(offence.locked), Error::<T>::DepositTooLow);

        let split = Settings::<T>::get().split(offence, slash.due);
        let fee = terms.fee(offence, slash.due, &split, result);
        let offender = AccountId32::from(offence.offender);
        let appeal_bond = Self::return_bond(&offender, &slash.stage)?;
        Self::remove(id, &slash);
        T::Collateral::release(&offence.offender, offence.locked);
        T::Registry::pardon(&offence.offender, slash.reported_at);
        let reward = split.reward.map_or(Ok((0, 0)), |(reporter, part)| Self::pay(&owner, reporter, part))?;
        let to_requester = split.restitution.map_or(0, |(_, part)| part).saturating_add(fee);
        let compensation = Self::pay(&owner, requester, to_requester)?;
        // Auditors worked for an accepted result that is now not paid: whoever is all of its parties must not have had that for nothing.
        let given = reward.0.saturating_add(reward.1).saturating_add(compensation.0).saturating_add(compensation.1);
        let fees = result.fees.min(plant.deposit.saturating_sub(given));
        Self::burn(&owner, fees)?;
        let burned = reward.1.saturating_add(compensation.1).saturating_add(fees);
        let cost = reward.0.saturating_add(compensation.0).saturating_add(burned);
        let released = plant.deposit.saturating_sub(cost);
        Self::end_plant(&hash, &owner, released)?;
        Self::deposit_event(Event::PlantOpened {
            offence: id,
            hash,
            owner,
            worker: offender,
            shard: offence.shard,
            reporter: offence.reporter.map(Into::into),
            reporter_reward: reward.0,
            requester: requester.into(),
            compensation: compensation.0,
            burned,
            deposit_released: released,
            collateral_released: offence.locked,
            appeal_bond,
        });
        Ok(())
    }

    /// Gives the deposit of a decoy back.
    pub(crate) fn do_open_decoy(owner: AccountId32, salt: &[u8; 32]) -> DispatchResult {
        let hash = decoy_hash(&owner.clone().into(), salt);
        let Plant { deposit, .. } = Self::plant_of_owner(&hash, &owner)?;
        Self::end_plant(&hash, &owner, deposit)?;
        Self::deposit_event(Event::DecoyOpened { hash, owner, deposit });
        Ok(())
    }

    /// Gives the deposit of a plant back whose result neither counts nor is paid any more.
    pub(crate) fn do_withdraw_plant(owner: AccountId32, salt: &[u8; 32], planted: &PlantedResult) -> DispatchResult {
        let hash = planted.hash(&owner.clone().into(), salt);
        let Plant { deposit, .. } = Self::plant_of_owner(&hash, &owner)?;
        ensure!(T::Results::is_void(planted), Error::<T>::StillCounts);
        Self::end_plant(&hash, &owner, deposit)?;
        Self::deposit_event(Event::PlantWithdrawn { hash, owner, deposit });
        Ok(())
    }

    /// Burns the deposit of a plant that was not opened in time; in dry run it comes back.
    pub(crate) fn do_expire_plant(hash: [u8; 32]) -> DispatchResult {
        let Plant { owner, deposit, expires_at, .. } = Plants::<T>::get(hash).ok_or(Error::<T>::NoSuchPlant)?;
        ensure!(Self::now() >= expires_at, Error::<T>::NotExpired);
        let owner = AccountId32::from(owner);
        let burned = if DryRun::<T>::get() { 0 } else { deposit };
        Self::burn(&owner, burned)?;
        Self::end_plant(&hash, &owner, deposit.saturating_sub(burned))?;
        Self::deposit_event(Event::PlantExpired { hash, owner, burned });
        Ok(())
    }

    /// A plant of this account. The hash is about its owner, but anybody could have copied it first.
    fn plant_of_owner(hash: &[u8; 32], owner: &AccountId32) -> Result<Plant, DispatchError> {
        let plant = Plants::<T>::get(hash).filter(|plant| plant.owner == *AsRef::<[u8; 32]>::as_ref(owner));
        Ok(plant.ok_or(Error::<T>::NoSuchPlant)?)
    }

    /// Forgets a plant and releases what is left of its deposit.
    fn end_plant(hash: &[u8; 32], owner: &AccountId32, released: Balance) -> DispatchResult {
        Plants::<T>::remove(hash);
        PlantsOf::<T>::mutate_exists(owner, |plants| {
            *plants = plants.map(|plants| plants.saturating_sub(1)).filter(|plants| *plants > 0);
        });
        T::Currency::release(&HoldReason::Plant.into(), owner, released, Precision::Exact)?;
        Ok(())
    }

    /// Pays out of a deposit: what arrived, and what was burned because it could not arrive. What is the owner's own stays with it.
    fn pay(owner: &AccountId32, to: Account, amount: Balance) -> Result<(Balance, Balance), DispatchError> {
        let to = AccountId32::from(to);
        if amount == 0 || to == *owner {
            return Ok((0, 0));
        }
        let arrived = with_storage_layer::<_, DispatchError, _>(|| {
            let (exact, free, force) = (Precision::Exact, Restriction::Free, Fortitude::Force);
            T::Currency::transfer_on_hold(&HoldReason::Plant.into(), owner, &to, amount, exact, free, force)
        });
        if arrived.is_ok() {
            return Ok((amount, 0));
        }
        Self::burn(owner, amount)?;
        Ok((0, amount))
    }

    fn burn(owner: &AccountId32, amount: Balance) -> DispatchResult {
        if amount > 0 {
            T::Currency::burn_held(&HoldReason::Plant.into(), owner, amount, Precision::Exact, Fortitude::Force)?;
        }
        Ok(())
    }
}

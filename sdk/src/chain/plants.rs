// SPDX-License-Identifier: Apache-2.0
//! Planted errors and decoys as the chain has them.

use super::{rpc, runtime, Chain, ChainError};
use codec::{Decode, Encode};
use quern_primitives::{
    offence::{AnyOffence, DeferredSlash, OffenceId},
    plant::{Plant, PlantedResult},
    Account, Balance, Height,
};
use subxt::utils::AccountId32;

/// Slashes of a page.
const PAGE: u32 = 64;

/// What genesis decided about planted errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct PlantTerms {
    /// Least deposit of a plant, whatever it covers.
    pub minimum_deposit: Balance,
    /// How many times what is locked for the shard the deposit must be.
    pub deposit_factor: u32,
    /// What an opened plant pays the requester beside any restitution, in parts per million of what is locked for the shard.
    pub fee_ppm: u32,
    /// Blocks after which a plant that was not opened is lost.
    pub plant_blocks: Height,
}

impl PlantTerms {
    /// The least deposit of a plant for a shard for which `locked` is locked.
    pub fn deposit(&self, locked: Balance) -> Balance {
        locked.saturating_mul(self.deposit_factor.into()).max(self.minimum_deposit)
    }
}

/// The commitment that a waiting slash is about, where it may have been planted.
pub fn planted_result(slash: &DeferredSlash) -> Option<PlantedResult> {
    let (AnyOffence::Work(offence), Some(result)) = (&slash.offence, &slash.result) else { return None };
    Some(PlantedResult { shard: offence.shard, attempt: result.attempt, worker: offence.offender, root: result.root })
}

impl Chain {
    /// What genesis decided about planted errors.
    pub async fn plant_terms(&self) -> Result<PlantTerms, ChainError> {
        let at = self.state_at(None).await?;
        let found = at.storage().fetch(runtime::storage().slashing().terms(), ()).await;
        let found = found.map_err(|error| rpc("slashing.terms", error))?;
        PlantTerms::decode(&mut found.bytes()).map_err(|_| ChainError::Malformed("slashing.terms".into()))
    }

    /// A plant or decoy under way in the state after a block, or after the best one.
    pub async fn plant(&self, at: Option<[u8; 32]>, hash: [u8; 32]) -> Result<Option<Plant>, ChainError> {
        let at = self.state_at(at).await?;
        let storage = at.storage();
        let found = storage.try_fetch(runtime::storage().slashing().plants(), (hash,)).await;
        let Some(found) = found.map_err(|error| rpc("slashing.plants", error))? else { return Ok(None) };
        let plant = Plant::decode(&mut found.bytes());
        Ok(Some(plant.map_err(|_| ChainError::Malformed("slashing.plants".into()))?))
    }

    /// All plants and decoys under way, of everybody, with their hashes.
    pub async fn plants(&self) -> Result<Vec<([u8; 32], Plant)>, ChainError> {
        let malformed = || ChainError::Malformed("slashing.plants".into());
        let at = self.state_at(None).await?;
        let storage = at.storage();
        let entries = storage.iter(runtime::storage().slashing().plants(), ()).await;
        let mut entries = entries.map_err(|error| rpc("slashing.plants", error))?;
        let mut plants = Vec::new();
        while let Some(entry) = entries.next().await {
            let entry = entry.map_err(|error| rpc("slashing.plants", error))?;
            // A key ends with the hash itself.
            let hash = entry.key_bytes().last_chunk::<32>().copied().ok_or_else(malformed)?;
            plants.push((hash, Plant::decode(&mut entry.value().bytes()).map_err(|_| malformed())?));
        }
        Ok(plants)
    }

    /// How many more plants and decoys an account can post now.
    pub async fn plants_left(&self, account: &Account) -> Result<u32, ChainError> {
        let at = self.state_at(None).await?;
        let constant = |name: &'static str| move |_| ChainError::Malformed(name.into());
        let constants = at.constants();
        let most = constants.entry(runtime::constants().slashing().max_plants());
        let most_of_account = constants.entry(runtime::constants().slashing().max_plants_of_account());
        let most: u32 = most.map_err(constant("Slashing.MaxPlants"))?;
        let most_of_account: u32 = most_of_account.map_err(constant("Slashing.MaxPlantsOfAccount"))?;
        let storage = at.storage();
        let all = storage.try_fetch(runtime::storage().slashing().counter_for_plants(), ()).await;
        let own = storage.try_fetch(runtime::storage().slashing().plants_of(), (AccountId32(*account),)).await;
        let malformed = || ChainError::Malformed("slashing.plants_of".into());
        let count = |bytes: Option<Vec<u8>>| match bytes {
            Some(bytes) => u32::decode(&mut &bytes[..]).map_err(|_| malformed()),
            None => Ok(0),
        };
        let all = all.map_err(|error| rpc("slashing.plants", error))?.map(|found| found.bytes().to_vec());
        let own = own.map_err(|error| rpc("slashing.plants_of", error))?.map(|found| found.bytes().to_vec());
        Ok(most.saturating_sub(count(all)?).min(most_of_account.saturating_sub(count(own)?)))
    }

    /// All slashes that are not carried out yet, in the state after a block.
    pub async fn all_deferred_slashes(&self, at: [u8; 32]) -> Result<Vec<(OffenceId, DeferredSlash)>, ChainError> {
        let mut slashes: Vec<(OffenceId, DeferredSlash)> = Vec::new();
        loop {
            let after = slashes.last().map(|(id, _)| *id);
            let page: Vec<_> = self.call("deferred_slashes", Some(at), (after, PAGE)).await?;
            let is_last = page.len() < PAGE as usize;
            slashes.extend(page);
            if is_last {
                return Ok(slashes);
            }
        }
    }
}

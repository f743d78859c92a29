// SPDX-License-Identifier: Apache-2.0
//! The planting account of a worker: what it needs, and what a block says of it.

use crate::{
    core::planter::{self, challenge_bond, Choice, Facts, Kind, Planter, FEES},
    db::{Db, DbError},
    origin::OriginError,
    site::Site,
};
use quern_primitives::{traits::Role, Account, Balance};
use quern_protocol::Params;
use quern_sdk::chain::{
    address,
    amount::qrn,
    plants::{planted_result, PlantTerms},
    Chain, ChainError, Head, Keypair, Sender,
};
use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

/// Why an account cannot plant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlantingFault {
    /// It is the worker's.
    #[error("--plant-from names the worker's own account or key: everybody would see what it plants")]
    Own,
    /// It owns too little.
    #[error("the planting account {account} has {} free, and a plant or decoy holds {} or more", qrn(*free), qrn(*deposit))]
    Poor {
        /// The account.
        account: String,
        /// What is free of it.
        free: Balance,
        /// The least deposit.
        deposit: Balance,
    },
    /// It could not convict the worker where nobody else does.
    #[error("the planting account {account} has {} of its bond free, and to challenge an error that no auditor finds it locks {} or more", qrn(*free), qrn(*bond))]
    NoBond {
        /// The account.
        account: String,
        /// What of its bond is not locked.
        free: Balance,
        /// The least bond of a challenge.
        bond: Balance,
    },
}

impl PlantingFault {
    /// What to do.
    pub fn fix(&self) -> &'static str {
        match self {
            Self::Own => "make another account, fund it by a way that does not lead to the worker, and name its key with --plant-from",
            Self::Poor { .. } => "transfer some to it, not from the worker's account; a plant holds several times what is locked for a shard",
            Self::NoBond { .. } => "with its key: quern stake bond 200",
        }
    }
}

/// The key of a planting account: the secret itself, or in a file. A file's path would be a derivation of the public development phrase,
/// so only what looks like a secret is one.
pub fn keys(named: &str) -> anyhow::Result<Keypair> {
    let digits = named.strip_prefix("0x").unwrap_or(named);
    let is_hex = hex::decode(digits).is_ok_and(|bytes| bytes.len() == 32);
    if named.starts_with("//") || named.contains(' ') || is_hex {
        let secret = if is_hex { format!("0x{digits}") } else { named.into() };
        return Keypair::from_suri(&secret).map_err(|error| anyhow::anyhow!("--plant-from is {error}"));
    }
    Keypair::from_file(Path::new(named)).map_err(|error| anyhow::anyhow!("--plant-from: {error}"))
}

/// Whether something that was planted may have to be opened.
pub fn lies(db: &Db) -> Result<bool, DbError> {
    Ok(db.plans()?.iter().any(|(_, plan)| plan.lies()))
}

/// What an account needs before it plants.
pub fn judge(
    account: &Account,
    worker: &[Account],
    (free, free_bond): (Balance, Balance),
    terms: &PlantTerms,
    params: &Params,
) -> Result<(), PlantingFault> {
    if worker.contains(account) {
        return Err(PlantingFault::Own);
    }
    let (account, bond) = (address(account), challenge_bond(params, 0));
    if free < terms.minimum_deposit.saturating_add(FEES) {
        return Err(PlantingFault::Poor { account, free, deposit: terms.minimum_deposit });
    }
    if free_bond < bond {
        return Err(PlantingFault::NoBond { account, free: free_bond, bond });
    }
    Ok(())
}

/// A planting account.
pub struct Planting {
    /// Sends for it.
    pub sender: Sender,
    percent: u8,
    terms: PlantTerms,
    params: Params,
}

impl Planting {
    /// The planting account of a worker, if it has what it needs. One that has plants under way is never refused for what it owns: they
    /// have to be opened.
    pub async fn new(
        chain: &Chain,
        keys: Keypair,
        percent: Option<u8>,
        worker: &Account,
        signer: &Account,
        db: &Db,
    ) -> anyhow::Result<Self> {
        let (account, terms, params) = (keys.account(), chain.plant_terms().await?, chain.params().await?);
        let money = chain.account(&account).await?;
        let owns = (money.free, money.bonded.saturating_sub(money.locked));
        let judged = judge(&account, &[*worker, *signer], owns, &terms, &params);
        let sees_through = percent.is_none() || !db.plans()?.is_empty();
        match judged {
            Err(fault @ (PlantingFault::Poor { .. } | PlantingFault::NoBond { .. })) if sees_through => {
                tracing::warn!("{fault}: {}", fault.fix())
            }
            judged => judged.map_err(|fault| anyhow::anyhow!("{fault}: {}", fault.fix()))?,
        }
        let percent = percent.unwrap_or(0);
        tracing::info!(account = address(&account), percent, "planting errors");
        Ok(Self { sender: chain.sender(keys), percent, terms, params })
    }

    /// The core that plants.
    pub fn core(&self, site: &Site) -> Result<Planter, DbError> {
        let choice = Choice { percent: self.percent, seed: site.db.fresh_secret() };
        let (account, plans) = (self.sender.account(), site.db.plans()?);
        Ok(Planter::new(site.me, account, choice, self.terms, self.params, plans))
    }

    /// What a block says.
    pub async fn look(&self, chain: &Chain, head: Head, me: &Account, db: &Db) -> Result<Facts, OriginError> {
        let account = self.sender.account();
        let plans = db.plans()?;
        let (finalized, final_hash) = chain.finalized().await?;
        let money = chain.account(&account).await?;
        let role = chain.participant(me).await?.map(|found| found.role);
        let mut facts = Facts {
            finalized,
            spendable: money.free.saturating_sub(chain.existential_deposit().await?),
            free_bond: money.bonded.saturating_sub(money.locked),
            places: chain.plants_left(&account).await?,
            is_apprentice: role == Some(Role::Apprentice),
            ..Facts::default()
        };
        if plans.is_empty() {
            return Ok(facts);
        }
        facts.posted = posted(chain, final_hash, (&account, me), &plans).await?;
        let best = posted(chain, head.hash, (&account, me), &plans).await?;
        facts.standing = best.into_keys().filter(|hash| !facts.posted.contains_key(hash)).collect();
        facts.views = chain.duties(head.hash, &account).await?;
        facts.slashes = slashes(chain, head.hash, me).await?;
        let waiting = slashes(chain, final_hash, me).await?;
        let waiting: HashSet<_> = waiting.into_iter().map(|(_, result)| (result.shard, result.attempt)).collect();
        for (attempt, plan) in plans.iter().filter(|(_, plan)| plan.kind == Kind::Error) {
            let is_posted = facts.posted.contains_key(&plan.hash(&account, *me, *attempt));
            if !is_posted || waiting.contains(&(attempt.shard, attempt.attempt)) {
                continue;
            }
            let view = chain.shard_view_at(final_hash, attempt.shard).await?;
            // The best state: a withdrawal fails as soon as the job is pruned there.
            let is_job_kept = view.is_some() || chain.job(attempt.shard.job).await?.is_some();
            if planter::is_void(view.as_ref().map(|view| &view.shard), is_job_kept, &plan.result(*me, *attempt)) {
                facts.over.insert(*attempt);
            } else if !is_job_kept {
                facts.lost.insert(*attempt);
            }
        }
        Ok(facts)
    }
}

/// What of the plans stands in the state after a block.
async fn posted(
    chain: &Chain,
    at: [u8; 32],
    (account, me): (&Account, &Account),
    plans: &[(crate::core::Attempt, planter::Plan)],
) -> Result<HashMap<[u8; 32], quern_primitives::plant::Plant>, ChainError> {
    let mut posted = HashMap::new();
    for (attempt, plan) in plans {
        let hash = plan.hash(account, *me, *attempt);
        let plant = chain.plant(Some(at), hash).await?;
        // Somebody may have copied the hash, with less of a deposit.
        let covers = |plant: &quern_primitives::plant::Plant| plant.owner == *account && plant.deposit >= plan.deposit;
        posted.extend(plant.filter(covers).map(|plant| (hash, plant)));
    }
    Ok(posted)
}

/// Slashes that wait in the state after a block for results of a worker.
async fn slashes(
    chain: &Chain,
    at: [u8; 32],
    me: &Account,
) -> Result<Vec<(quern_primitives::offence::OffenceId, quern_primitives::plant::PlantedResult)>, ChainError> {
    let all = chain.all_deferred_slashes(at).await?;
    let own = all.into_iter().filter_map(|(id, slash)| Some((id, planted_result(&slash)?)));
    Ok(own.filter(|(_, result)| result.worker == *me).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{ME, OTHER};
    use quern_primitives::QRN;

    const TERMS: PlantTerms =
        PlantTerms { minimum_deposit: 10 * QRN, deposit_factor: 4, fee_ppm: 50_000, plant_blocks: 43_200 };

    fn judged(account: &Account, free: Balance, bond: Balance) -> Result<(), PlantingFault> {
        judge(account, &[ME], (free, bond), &TERMS, &Params::default())
    }

    #[test]
    fn account_should_plant_when_it_has_a_deposit_and_a_bond_for_a_challenge() {
        assert_eq!(judged(&OTHER, 11 * QRN, 20 * QRN), Ok(()));
        assert_eq!(judged(&ME, 11 * QRN, 20 * QRN), Err(PlantingFault::Own));
    }

    #[test]
    fn account_should_be_refused_with_the_remedy_when_it_lacks_something() {
        let told =
            |free, bond| judged(&OTHER, free, bond).map_err(|fault| format!("{fault}: {}", fault.fix())).unwrap_err();
        let poor = told(10 * QRN, 20 * QRN);
        assert!(poor.contains("has 10 QRN free") && poor.contains("transfer some to it"), "{poor}");
        let unbonded = told(11 * QRN, QRN / 2);
        assert!(
            unbonded.contains("0.5 QRN of its bond free") && unbonded.ends_with("quern stake bond 200"),
            "{unbonded}"
        );
    }

    #[test]
    fn key_should_be_that_of_a_file_or_a_secret() {
        assert!(keys("//Planter").is_ok());
        assert!(keys(&"ab".repeat(32)).is_ok());
        // It would be a derivation of the development phrase, that anybody could sign with.
        let error = keys("/no/such/file").err().unwrap().to_string();
        assert!(error.contains("--plant-from: the key file /no/such/file does not exist"), "{error}");
    }
}

// SPDX-License-Identifier: Apache-2.0
//! `quern plant`: planted errors and decoys by hand.

use crate::{
    args::{DecoyArgs, Global, PlantCommand, PlantExpireArgs, PlantOpenArgs, PlantWithdrawArgs, SaltArgs},
    client,
    offence::no_offence,
    output::{self, Output},
};
use anyhow::{bail, ensure, Context};
use quern_primitives::{
    offence::OffenceId,
    plant::{decoy_hash, Plant, PlantedResult},
    BlobId, Height,
};
use quern_sdk::chain::{
    calls,
    json::Big,
    plants::planted_result,
    runtime::{slashing, Event},
    Chain, Keypair, Payload,
};
use serde::Serialize;
use std::process::ExitCode;

/// Runs a command about plants.
pub async fn run(global: &Global, command: PlantCommand) -> anyhow::Result<ExitCode> {
    match command {
        PlantCommand::List(args) => list(global, args.account).await?,
        PlantCommand::Decoy(args) => decoy(global, args).await?,
        PlantCommand::Open(args) => open(global, args).await?,
        PlantCommand::OpenDecoy(SaltArgs { salt }) => {
            let keys = client::keys(global)?;
            let hash = decoy_hash(&keys.account(), &salt);
            end(global, keys, hash, calls::open_decoy(salt)).await?;
        }
        PlantCommand::Withdraw(args) => withdraw(global, args).await?,
        PlantCommand::Expire(args) => expire(global, args).await?,
    }
    Ok(ExitCode::SUCCESS)
}

#[derive(Debug, Serialize)]
struct Listed {
    hash: String,
    owner: String,
    deposit: Big,
    posted_at: Height,
    expires_at: Height,
    /// Whether anybody can have the deposit burned by now.
    expired: bool,
}

impl Listed {
    fn new(hash: &[u8; 32], plant: &Plant, height: Height) -> Self {
        let Plant { owner, deposit, posted_at, expires_at } = plant;
        let (hash, owner, deposit) = (output::full(hash), output::address(owner), Big(*deposit));
        let (posted_at, expires_at) = (*posted_at, *expires_at);
        Self { hash, owner, deposit, posted_at, expires_at, expired: height >= expires_at }
    }
}

async fn list(global: &Global, account: Option<String>) -> anyhow::Result<()> {
    let account = account.as_deref().map(client::account).transpose()?;
    let chain = client::connect(global).await?;
    let (height, _) = chain.best().await?;
    let mut plants = chain.plants().await?;
    plants.retain(|(_, plant)| account.is_none_or(|account| plant.owner == account));
    plants.sort_by_key(|(hash, plant)| (plant.posted_at, *hash));
    let listed: Vec<_> = plants.iter().map(|(hash, plant)| Listed::new(hash, plant, height)).collect();
    let mut table = output::table(&["hash", "owner", "deposit", "posted at", "expires at"]);
    for entry in &listed {
        let expires_at = format!("{}{}", entry.expires_at, if entry.expired { " (over)" } else { "" });
        let (hash, owner) = (entry.hash.clone(), entry.owner.clone());
        table.add_row([hash, owner, output::qrn(entry.deposit.0), entry.posted_at.to_string(), expires_at]);
    }
    let text = if listed.is_empty() { "no plant or decoy is under way".into() } else { table.to_string() };
    Output { json: global.json }.result(&listed, text)
}

async fn decoy(global: &Global, args: DecoyArgs) -> anyhow::Result<()> {
    #[derive(Serialize)]
    struct Report {
        hash: String,
        salt: String,
        deposit: Big,
        expires_at: Height,
    }
    let output = Output { json: global.json };
    let keys = client::keys(global)?;
    let chain = client::connect(global).await?;
    let least = chain.plant_terms().await?.minimum_deposit;
    let deposit = args.deposit.unwrap_or(least);
    ensure!(deposit >= least, "a decoy holds {} or more: raise --deposit", output::qrn(least));
    let salt = args.salt.unwrap_or_else(client::fresh_seed);
    let hash = decoy_hash(&keys.account(), &salt);
    // Before it is posted: whoever loses the salt loses the deposit.
    output.say(format_args!("salt {}: keep it, it alone gives the deposit back", output::full(&salt)));
    client::Signer::new(global, &chain, keys).send_and_wait(&calls::plant(hash, deposit)).await?;
    let plant = chain.plant(None, hash).await?.context("the decoy was opened already")?;
    let (expires_at, salt) = (plant.expires_at, output::full(&salt));
    let report = Report { hash: output::full(&hash), salt, deposit: Big(deposit), expires_at };
    let text = format!(
        "posted {}: {} are held until `quern plant open-decoy {}`, and burned if that is not done before block {expires_at}",
        report.hash,
        output::qrn(deposit),
        report.salt
    );
    output.result(&report, text)
}

/// A plant that must be under way for what is to be done with it.
async fn under_way(chain: &Chain, hash: [u8; 32]) -> anyhow::Result<Plant> {
    chain.plant(None, hash).await?.with_context(|| {
        format!(
            "{} is not under way: check what it was made of (account, salt, shard, attempt, worker, root); `quern plant list` shows those that are",
            output::full(&hash)
        )
    })
}

/// What became of a plant or decoy.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Ended {
    hash: String,
    owner: String,
    /// What came back of the deposit.
    released: Big,
    /// What went to who found the error.
    reporter_reward: Big,
    /// What went to who waits for the result.
    compensation: Big,
    burned: Big,
    /// The offence whose slash it ended.
    offence: Option<OffenceId>,
}

impl Ended {
    /// What an event tells of it.
    fn of(event: &Event) -> Option<Self> {
        let ended = |hash: &[u8; 32], owner: &[u8; 32]| Self {
            hash: output::full(hash),
            owner: output::address(owner),
            released: Big(0),
            reporter_reward: Big(0),
            compensation: Big(0),
            burned: Big(0),
            offence: None,
        };
        let Event::Slashing(event) = event else { return None };
        Some(match event {
            slashing::Event::DecoyOpened { hash, owner, deposit }
            | slashing::Event::PlantWithdrawn { hash, owner, deposit } => {
                Self { released: Big(*deposit), ..ended(hash, &owner.0) }
            }
            slashing::Event::PlantExpired { hash, owner, burned } => {
                Self { burned: Big(*burned), ..ended(hash, &owner.0) }
            }
            slashing::Event::PlantOpened {
                hash,
                owner,
                offence,
                reporter_reward,
                compensation,
                burned,
                deposit_released,
                ..
            } => Self {
                released: Big(*deposit_released),
                reporter_reward: Big(*reporter_reward),
                compensation: Big(*compensation),
                burned: Big(*burned),
                offence: Some(*offence),
                ..ended(hash, &owner.0)
            },
            _ => return None,
        })
    }

    fn text(&self) -> String {
        let parts = [
            ("to who found it", self.reporter_reward),
            ("to the requester", self.compensation),
            ("burned", self.burned),
        ];
        let told = parts.iter().filter(|(_, amount)| amount.0 > 0);
        let told: String = told.map(|(what, amount)| format!(", {} {what}", output::qrn(amount.0))).collect();
        format!("{} is over: {} came back to {}{told}", self.hash, output::qrn(self.released.0), self.owner)
    }
}

/// Ends a plant or decoy, and tells what became of its deposit.
async fn end(global: &Global, keys: Keypair, hash: [u8; 32], call: impl Payload + Sync) -> anyhow::Result<()> {
    let chain = client::connect(global).await?;
    under_way(&chain, hash).await?;
    let included = client::Signer::new(global, &chain, keys).send_and_wait(&call).await?;
    let ended = included.events.iter().find_map(Ended::of).context("the chain did not tell what became of it")?;
    let text = ended.text();
    Output { json: global.json }.result(&ended, text)
}

async fn open(global: &Global, PlantOpenArgs { offence, salt }: PlantOpenArgs) -> anyhow::Result<()> {
    let chain = client::connect(global).await?;
    let Some(slash) = chain.deferred_slash(offence).await? else {
        let (_, best) = chain.best().await?;
        bail!(no_slash(offence, chain.offences_at(best).await?));
    };
    let Some(result) = planted_result(&slash) else {
        bail!("offence {offence} cannot have been planted: only the conviction of a worker's result can, not an apprentice's");
    };
    let keys = client::keys(global)?;
    let hash = result.hash(&keys.account(), &salt);
    end(global, keys, hash, calls::open_plant(offence, salt)).await
}

/// Why no slash waits for an offence, where `reported` were reported.
fn no_slash(offence: OffenceId, reported: OffenceId) -> String {
    if offence >= reported {
        return no_offence(offence, reported);
    }
    format!("no slash waits for offence {offence}: it is over, or was carried out; `quern offence list` shows those that wait")
}

async fn withdraw(global: &Global, args: PlantWithdrawArgs) -> anyhow::Result<()> {
    let PlantWithdrawArgs { salt, shard, attempt, worker, root } = args;
    let worker = client::account(&worker).context("--worker")?;
    let result = PlantedResult { shard, attempt, worker, root: BlobId(root) };
    let keys = client::keys(global)?;
    let hash = result.hash(&keys.account(), &salt);
    end(global, keys, hash, calls::withdraw_plant(salt, result)).await
}

async fn expire(global: &Global, PlantExpireArgs { hash }: PlantExpireArgs) -> anyhow::Result<()> {
    let chain = client::connect(global).await?;
    let (plant, (height, _)) = (under_way(&chain, hash).await?, chain.best().await?);
    let left = plant.expires_at.saturating_sub(height);
    ensure!(left == 0, "it can be opened for another {left} blocks, until block {}: wait", plant.expires_at);
    end(global, client::keys(global)?, hash, calls::expire_plant(hash)).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use quern_sdk::chain::runtime::AccountId32;

    #[test]
    fn end_should_be_told_with_what_became_of_the_deposit() {
        let (hash, owner) = ([7; 32], AccountId32([1; 32]));
        let opened = Event::Slashing(slashing::Event::DecoyOpened { hash, owner, deposit: 10 });
        let ended = Ended::of(&opened).expect("it is about a decoy");
        assert_eq!((ended.released, ended.burned, ended.offence), (Big(10), Big(0), None));
        assert!(!ended.text().contains("burned"), "{}", ended.text());
        let expired = Event::Slashing(slashing::Event::PlantExpired { hash, owner, burned: 10 });
        let text = Ended::of(&expired).expect("it is about a plant").text();
        assert!(text.contains("burned") && !text.contains("requester"), "{text}");
        assert_eq!(Ended::of(&Event::Slashing(slashing::Event::DryRunSet { dry_run: true })), None);
    }

    #[test]
    fn offence_should_be_told_as_unknown_when_it_was_never_reported() {
        assert!(no_slash(4, 4).starts_with("there is no offence 4: the last one that was reported is 3;"));
        assert!(no_slash(3, 4).contains("it is over"));
    }

    #[test]
    fn plant_should_be_told_as_over_when_anybody_can_have_it_burned() {
        let plant = Plant { owner: [1; 32], deposit: 5, posted_at: 3, expires_at: 9 };
        let is_over = |height| Listed::new(&[2; 32], &plant, height).expired;
        assert!(!is_over(8) && is_over(9));
    }
}

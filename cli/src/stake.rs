// SPDX-License-Identifier: Apache-2.0
//! `quern stake`.

use crate::{
    args::{Global, StakeCommand},
    client,
    output::{self, Output},
};
use anyhow::Context;
use quern_primitives::{Account, Balance, Height};
use quern_protocol::view::{AccountView, CandidateView, NominationView, MAX_PAGE};
use quern_sdk::chain::{calls, parse_account, Chain, Sender};
use serde::Serialize;
use std::process::ExitCode;

/// Most eras that one `rewards.claim_emission` pays.
const ERAS_PER_CLAIM: usize = 16;

#[derive(Serialize)]
struct Report {
    account: String,
    #[serde(flatten)]
    view: AccountView,
    candidate: Option<Candidate>,
    nominations: Vec<Nomination>,
    /// Emission of finished eras that can be claimed.
    emission: Balance,
}

#[derive(Serialize)]
struct Candidate {
    account: String,
    commission_ppm: u32,
    bonded: Balance,
    backing: Balance,
    score: Balance,
    authors: bool,
    has_keys: bool,
}

impl From<&CandidateView> for Candidate {
    fn from(view: &CandidateView) -> Self {
        Self {
            account: output::address(&view.account),
            commission_ppm: view.commission_ppm,
            bonded: view.bonded,
            backing: view.backing,
            score: view.score,
            authors: view.authors,
            has_keys: view.has_keys,
        }
    }
}

impl Candidate {
    fn commission(&self) -> String {
        format!("{} %", f64::from(self.commission_ppm) / 10_000.0)
    }

    /// What it does, or why it does not.
    fn status(&self) -> &'static str {
        match (self.authors, self.score > 0, self.has_keys) {
            (true, true, _) => "authors",
            (true, false, _) => "authors, and is chilled",
            (false, false, _) => "chilled",
            (false, true, false) => "has no session keys",
            (false, true, true) => "waits",
        }
    }
}

#[derive(Serialize)]
struct Nomination {
    candidate: String,
    amount: Balance,
    unbonding: Balance,
    release_at: Height,
}

impl From<&NominationView> for Nomination {
    fn from(view: &NominationView) -> Self {
        Self {
            candidate: output::address(&view.candidate),
            amount: view.amount,
            unbonding: view.unbonding,
            release_at: view.release_at,
        }
    }
}

fn account(text: &str) -> anyhow::Result<Account> {
    parse_account(text).with_context(|| format!("{text:?} is no account"))
}

/// Runs a command about an account's bond and earnings.
pub async fn run(global: &Global, command: StakeCommand) -> anyhow::Result<ExitCode> {
    match &command {
        StakeCommand::Show { account: Some(who) } => {
            let who = account(who)?;
            return show(global, &client::connect(global).await?, who).await;
        }
        StakeCommand::Candidates { limit } => return candidates(global, *limit).await,
        _ => {}
    }
    let keys = client::keys(global)?;
    let caller = keys.account();
    let chain = client::connect(global).await?;
    let sender = chain.sender(keys);
    match command {
        StakeCommand::Bond { qrn } => sender.send_and_wait(&calls::bond(qrn)).await.map(drop)?,
        StakeCommand::Unbond { qrn, from: None } => sender.send_and_wait(&calls::unbond(qrn)).await.map(drop)?,
        StakeCommand::Unbond { qrn, from: Some(from) } => {
            sender.send_and_wait(&calls::unbond_nomination(account(&from)?, qrn)).await.map(drop)?
        }
        StakeCommand::Withdraw { from: None } => sender.send_and_wait(&calls::withdraw_unbonded()).await.map(drop)?,
        StakeCommand::Withdraw { from: Some(from) } => {
            sender.send_and_wait(&calls::withdraw_nomination(account(&from)?)).await.map(drop)?
        }
        StakeCommand::Keys => {
            let (keys, proof) = chain.rotate_session_keys(&caller).await.context(
                "the node made no session keys: it does so for callers on its own machine, with --rpc-methods unsafe \
                 where its RPC port is open to others",
            )?;
            sender.send_and_wait(&calls::set_session_keys(keys, proof)).await.map(drop)?
        }
        StakeCommand::Validate { commission } => sender.send_and_wait(&calls::validate(commission)).await.map(drop)?,
        StakeCommand::Chill => sender.send_and_wait(&calls::chill()).await.map(drop)?,
        StakeCommand::Nominate { candidate, qrn } => {
            sender.send_and_wait(&calls::nominate(account(&candidate)?, qrn)).await.map(drop)?
        }
        StakeCommand::Claim => claim(&chain, &sender).await?,
        StakeCommand::Retire => sender.send_and_wait(&calls::retire()).await.map(drop)?,
        StakeCommand::Show { .. } | StakeCommand::Candidates { .. } => {}
    }
    show(global, &chain, caller).await
}

/// Pays out credits, and the emission of every finished era that can be claimed.
async fn claim(chain: &Chain, sender: &Sender) -> anyhow::Result<()> {
    let account = sender.account();
    let credits = chain.account(&account).await?.credits;
    let eras: Vec<u32> = chain.claimable(&account).await?.into_iter().map(|(era, ..)| era).collect();
    // Without either, the chain says that there is nothing.
    if credits > 0 || eras.is_empty() {
        sender.send_and_wait(&calls::claim()).await?;
    }
    for page in eras.chunks(ERAS_PER_CLAIM) {
        sender.send_and_wait(&calls::claim_emission(page.to_vec())).await?;
    }
    Ok(())
}

async fn show(global: &Global, chain: &Chain, account: Account) -> anyhow::Result<ExitCode> {
    let view = chain.account(&account).await?;
    let candidate = chain.candidate(&account).await?.as_ref().map(Candidate::from);
    let nominations: Vec<_> = chain.nominations(&account).await?.iter().map(Nomination::from).collect();
    let claimable = chain.claimable(&account).await?;
    let emission = claimable.iter().fold(0, |sum: Balance, (_, work, authoring)| sum + work + authoring);
    let mut table = output::plain_table();
    for (name, amount) in [
        ("free", view.free),
        ("bonded", view.bonded),
        ("locked, of the bond", view.locked),
        ("unbonding", view.unbonding),
        ("earned, to be claimed", view.credits),
        ("emission, to be claimed", emission),
    ] {
        table.add_row([name.to_owned(), output::qrn(amount)]);
    }
    if let Some(candidate) = &candidate {
        table.add_row(["as block author".to_owned(), candidate.status().to_owned()]);
        table.add_row(["commission".to_owned(), candidate.commission()]);
        table.add_row(["backed by others with".to_owned(), output::qrn(candidate.backing)]);
    }
    for nomination in &nominations {
        table.add_row([format!("backs {}", nomination.candidate), output::qrn(nomination.amount)]);
        if nomination.unbonding > 0 {
            let until = format!("{}, until height {}", output::qrn(nomination.unbonding), nomination.release_at);
            table.add_row(["  unbonding".to_owned(), until]);
        }
    }
    let address = output::address(&account);
    let text = format!("{address}\n{table}");
    Output { json: global.json }.result(&Report { account: address, view, candidate, nominations, emission }, text)?;
    Ok(ExitCode::SUCCESS)
}

async fn candidates(global: &Global, limit: u32) -> anyhow::Result<ExitCode> {
    let chain = client::connect(global).await?;
    let mut list: Vec<Candidate> = Vec::new();
    while list.len() < limit as usize {
        let from = list.len() as u32;
        let page = chain.candidates(from, (limit - from).min(MAX_PAGE)).await?;
        if page.is_empty() {
            break;
        }
        list.extend(page.iter().map(Candidate::from));
    }
    let mut table = output::table(&["candidate", "status", "commission", "own bond", "backing"]);
    for candidate in &list {
        table.add_row([
            candidate.account.clone(),
            candidate.status().to_owned(),
            candidate.commission(),
            output::qrn(candidate.bonded),
            output::qrn(candidate.backing),
        ]);
    }
    Output { json: global.json }.result(&list, table.to_string())?;
    Ok(ExitCode::SUCCESS)
}

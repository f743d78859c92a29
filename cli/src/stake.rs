// SPDX-License-Identifier: Apache-2.0
//! `quern stake`.

use crate::{
    args::{Global, StakeCommand},
    client,
    output::{self, Output},
};
use anyhow::Context;
use quern_primitives::{Account, Balance};
use quern_protocol::view::AccountView;
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
    /// Emission of finished eras that can be claimed.
    emission: Balance,
}

/// Runs a command about an account's bond and earnings.
pub async fn run(global: &Global, command: StakeCommand) -> anyhow::Result<ExitCode> {
    if let StakeCommand::Show { account: Some(account) } = &command {
        let account = parse_account(account).with_context(|| format!("{account:?} is no account"))?;
        return show(global, &client::connect(global).await?, account).await;
    }
    let keys = client::keys(global)?;
    let account = keys.account();
    let chain = client::connect(global).await?;
    let sender = chain.sender(keys);
    match command {
        StakeCommand::Bond { qrn } => sender.send_and_wait(&calls::bond(qrn)).await.map(drop)?,
        StakeCommand::Unbond { qrn } => sender.send_and_wait(&calls::unbond(qrn)).await.map(drop)?,
        StakeCommand::Withdraw => sender.send_and_wait(&calls::withdraw_unbonded()).await.map(drop)?,
        StakeCommand::Claim => claim(&chain, &sender).await?,
        StakeCommand::Retire => sender.send_and_wait(&calls::retire()).await.map(drop)?,
        StakeCommand::Show { .. } => {}
    }
    show(global, &chain, account).await
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
    let address = output::address(&account);
    let text = format!("{address}\n{table}");
    Output { json: global.json }.result(&Report { account: address, view, emission }, text)?;
    Ok(ExitCode::SUCCESS)
}

// SPDX-License-Identifier: Apache-2.0
//! `quern stake`.

use crate::{
    args::{Global, StakeCommand},
    client,
    output::{self, Output},
};
use anyhow::Context;
use quern_primitives::Account;
use quern_protocol::view::AccountView;
use quern_sdk::chain::{calls, parse_account, Chain};
use serde::Serialize;
use std::process::ExitCode;

#[derive(Serialize)]
struct Report {
    account: String,
    #[serde(flatten)]
    view: AccountView,
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
        StakeCommand::Claim => sender.send_and_wait(&calls::claim()).await.map(drop)?,
        StakeCommand::Retire => sender.send_and_wait(&calls::retire()).await.map(drop)?,
        StakeCommand::Show { .. } => {}
    }
    show(global, &chain, account).await
}

async fn show(global: &Global, chain: &Chain, account: Account) -> anyhow::Result<ExitCode> {
    let view = chain.account(&account).await?;
    let mut table = output::plain_table();
    for (name, amount) in [
        ("free", view.free),
        ("bonded", view.bonded),
        ("locked, of the bond", view.locked),
        ("unbonding", view.unbonding),
        ("earned, to be claimed", view.credits),
    ] {
        table.add_row([name.to_owned(), output::qrn(amount)]);
    }
    let address = output::address(&account);
    let text = format!("{address}\n{table}");
    Output { json: global.json }.result(&Report { account: address, view }, text)?;
    Ok(ExitCode::SUCCESS)
}

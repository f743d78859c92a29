// SPDX-License-Identifier: Apache-2.0
//! `quern worker`.

use crate::{
    args::{Global, WorkerCommand},
    client,
    output::{self, Cells, Output},
};
use anyhow::{ensure, Context};
use quern_primitives::{traits::Role, Balance};
use quern_protocol::view::{ParticipantView, MAX_PAGE};
use quern_sdk::chain::{calls, json};
use serde::Serialize;
use std::process::ExitCode;

/// Runs a command about workers.
pub async fn run(global: &Global, command: WorkerCommand) -> anyhow::Result<ExitCode> {
    match command {
        WorkerCommand::List { limit } => list(global, limit).await,
        WorkerCommand::Register => register(global).await,
        WorkerCommand::Evict { account } => evict(global, &account).await,
    }
}

async fn list(global: &Global, limit: u32) -> anyhow::Result<ExitCode> {
    let chain = client::connect(global).await?;
    let mut list: Vec<ParticipantView> = Vec::new();
    while list.len() < limit as usize {
        let from = list.len() as u32;
        let page = chain.workers(from, (limit - from).min(MAX_PAGE)).await?;
        if page.is_empty() {
            break;
        }
        list.extend(page);
    }
    // Barred accounts are on no list of those who may be drawn.
    let mut after = None;
    while list.len() < limit as usize {
        let page = chain.barred(after, (limit - list.len() as u32).min(MAX_PAGE)).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.account);
        list.extend(page);
    }
    let text = if list.is_empty() { "nobody is registered".into() } else { text(&list, Cells::of_stdout()) };
    let list: Vec<json::Participant> = list.iter().map(json::Participant::from).collect();
    Output { json: global.json }.result(&list, text)?;
    Ok(ExitCode::SUCCESS)
}

/// Registers the barred account anew, as the registry has it.
async fn register(global: &Global) -> anyhow::Result<ExitCode> {
    #[derive(Serialize)]
    struct Report {
        account: String,
        role: &'static str,
        reputation: u32,
    }
    let keys = client::keys(global)?;
    let account = keys.account();
    let chain = client::connect(global).await?;
    let known = chain.participant(&account).await?;
    let view = may_register(known, chain.minimum_bond().await?)?;
    let (role, endpoint, profile) = (view.role, view.endpoint.clone(), view.profile.clone());
    client::Signer::new(global, &chain, keys)
        .send_and_wait(&calls::register(role, endpoint, profile, view.ask))
        .await?;
    let view = chain.participant(&account).await?.context("the account is not registered any more")?;
    let role = json::role(role);
    let report = Report { account: output::address(&account), role, reputation: view.reputation };
    let text = format!(
        "registered anew as a {role}, with a reputation of {}. Start its daemon: it brings the endpoint, the device and the ask up to date",
        view.reputation
    );
    Output { json: global.json }.result(&report, text)?;
    Ok(ExitCode::SUCCESS)
}

/// Has an account make room whose bond has fallen below the minimum.
async fn evict(global: &Global, account: &str) -> anyhow::Result<ExitCode> {
    #[derive(Serialize)]
    struct Report {
        account: String,
    }
    let who = client::account(account)?;
    let keys = client::keys(global)?;
    let chain = client::connect(global).await?;
    client::Signer::new(global, &chain, keys).send_and_wait(&calls::evict(who)).await?;
    let account = output::address(&who);
    let text = format!("{account} has made room");
    Output { json: global.json }.result(&Report { account }, text)?;
    Ok(ExitCode::SUCCESS)
}

/// The entry of a barred account that may register anew; else what to do.
fn may_register(known: Option<ParticipantView>, minimum: Balance) -> anyhow::Result<ParticipantView> {
    let view = known.context("the account is not registered: `quern-worker run` or `validate` registers it")?;
    ensure!(view.barred, "the account is registered and not barred: there is nothing to do");
    ensure!(
        view.role != Role::Apprentice,
        "an apprentice enrols again, with `quern-worker run --apprentice`, when its shard has ended"
    );
    let shards = if view.open == 1 { "shard of it is" } else { "shards of it are" };
    ensure!(view.open == 0, "{} {shards} still open: try again when they have ended", view.open);
    let free = view.bonded.saturating_sub(view.locked);
    ensure!(
        free >= minimum,
        "{} of the bond are free, and {} are needed: bond {} more with `quern stake bond`, or wait until a slash is decided",
        output::qrn(free),
        output::qrn(minimum),
        output::qrn(minimum.saturating_sub(free))
    );
    Ok(view)
}

/// The list for people: amounts in QRN; narrow at most 80 columns.
fn text(list: &[ParticipantView], cells: Cells) -> String {
    // What a device states has room where nothing is cut.
    let whole = matches!(cells, Cells::Whole);
    let stated: &[&str] = if whole { &["memory MiB", "GMAC/s", "region"] } else { &[] };
    let rest = ["ask/GMAC", "open", "reputation", "bonded", "locked"];
    let mut table = output::list(&[&["account", "role", "device"], stated, &rest].concat());
    for view in list {
        let worker = view.role != Role::Validator;
        let mut row = vec![
            cells.address(&view.account),
            if view.barred { "BARRED".into() } else { json::role(view.role).to_owned() },
            cells.text(&String::from_utf8_lossy(&view.profile.device), 12),
        ];
        if whole {
            row.push(view.profile.memory_mib.to_string());
            row.push(view.profile.gmacs_per_second.to_string());
            row.push(view.profile.region.map_or("-".into(), |region| region.to_string()));
        }
        row.extend([
            if worker { cells.amount(view.ask) } else { "-".into() },
            if worker { format!("{}/{}", view.open, view.slots) } else { view.open.to_string() },
            view.reputation.to_string(),
            cells.amount(view.bonded),
            cells.amount(view.locked),
        ]);
        table.add_row(row);
    }
    format!("{}\n{}", table.trim_fmt(), cells.note("all columns and whole addresses"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use quern_primitives::{job::Profile, QRN};

    fn validator() -> ParticipantView {
        ParticipantView {
            account: [0xff; 32],
            role: Role::Validator,
            endpoint: Default::default(),
            profile: Profile {
                gmacs_per_second: 77_777,
                region: "DE".parse().ok(),
                ..Profile::new(u32::MAX, "NVIDIA GeForce RTX 4090 Laptop GPU (Vulkan)", true)
            },
            ask: 0,
            slots: 64,
            open: 64,
            reputation: 1_000,
            barred: false,
            bonded: 123_456 * QRN + 7,
            locked: 12_345 * QRN + QRN / 3,
        }
    }

    /// A barred worker without open shards, of whose bond 100 QRN are free.
    fn barred() -> ParticipantView {
        let (bonded, locked) = (150 * QRN, 50 * QRN);
        ParticipantView { role: Role::Worker, barred: true, open: 0, bonded, locked, ..validator() }
    }

    #[test]
    fn barred_account_may_register_anew_when_its_shards_have_ended_and_its_bond_suffices() {
        assert_eq!(may_register(Some(barred()), 100 * QRN).unwrap(), barred());
    }

    #[test]
    fn account_may_not_register_anew_and_is_told_what_to_do() {
        let refusals = [
            (None, "`quern-worker run`"),
            (Some(ParticipantView { barred: false, ..barred() }), "nothing to do"),
            (Some(ParticipantView { role: Role::Apprentice, ..barred() }), "--apprentice"),
            (Some(ParticipantView { open: 2, ..barred() }), "2 shards of it are still open"),
            (Some(ParticipantView { locked: 60 * QRN, ..barred() }), "bond 10 QRN more"),
        ];
        for (view, expected) in refusals {
            let reason = may_register(view, 100 * QRN).unwrap_err().to_string();
            assert!(reason.contains(expected), "{reason}");
        }
    }

    #[test]
    fn list_should_fit_80_columns_on_a_terminal_and_be_whole_elsewhere() {
        let view = validator();
        let worker = ParticipantView { role: Role::Worker, ask: 999 * QRN + QRN / 3, ..view.clone() };
        let list = [view, worker];
        let narrow = text(&list, Cells::Narrow);
        assert!(narrow.lines().all(|line| line.chars().count() <= 80), "{narrow}");
        let whole = text(&list, Cells::Whole);
        assert!(
            whole.contains(&output::address(&[0xff; 32])) && whole.contains("RTX 4090 Laptop GPU (Vulkan)"),
            "{whole}"
        );
        assert!(whole.contains("77777") && whole.contains("DE"), "{whole}");
    }
}

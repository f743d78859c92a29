// SPDX-License-Identifier: Apache-2.0
//! `quern worker`.

use crate::{
    args::{Global, WorkerCommand},
    client,
    output::{self, Output},
};
use quern_primitives::{traits::Role, Balance};
use quern_protocol::view::{ParticipantView, MAX_PAGE};
use quern_sdk::net::address::to_socket;
use serde::Serialize;
use std::process::ExitCode;

#[derive(Serialize)]
struct Participant {
    account: String,
    role: &'static str,
    device: String,
    accelerator: bool,
    memory_mib: u32,
    endpoint: String,
    addresses: Vec<String>,
    ask: Balance,
    slots: u32,
    open: u32,
    reputation: u32,
    barred: bool,
    bonded: Balance,
    locked: Balance,
}

impl From<&ParticipantView> for Participant {
    fn from(view: &ParticipantView) -> Self {
        Self {
            account: output::address(&view.account),
            role: match view.role {
                Role::Worker => "worker",
                Role::Validator => "validator",
            },
            device: String::from_utf8_lossy(&view.profile.device).into_owned(),
            accelerator: view.profile.accelerator,
            memory_mib: view.profile.memory_mib,
            endpoint: output::full(&view.endpoint.id),
            addresses: view.endpoint.addresses.iter().map(|address| to_socket(*address).to_string()).collect(),
            ask: view.ask,
            slots: view.slots,
            open: view.open,
            reputation: view.reputation,
            barred: view.barred,
            bonded: view.bonded,
            locked: view.locked,
        }
    }
}

/// Runs a command about workers.
pub async fn run(global: &Global, command: WorkerCommand) -> anyhow::Result<ExitCode> {
    let WorkerCommand::List { limit } = command;
    let chain = client::connect(global).await?;
    let mut list: Vec<Participant> = Vec::new();
    while list.len() < limit as usize {
        let from = list.len() as u32;
        let page = chain.workers(from, (limit - from).min(MAX_PAGE)).await?;
        if page.is_empty() {
            break;
        }
        list.extend(page.iter().map(Participant::from));
    }
    let mut table =
        output::table(&["account", "role", "device", "ask / GMAC", "open", "reputation", "bonded", "locked", ""]);
    for entry in &list {
        let worker = entry.role == "worker";
        table.add_row([
            entry.account.clone(),
            entry.role.to_owned(),
            entry.device.clone(),
            if worker { output::qrn(entry.ask) } else { "-".into() },
            if worker { format!("{}/{}", entry.open, entry.slots) } else { entry.open.to_string() },
            entry.reputation.to_string(),
            output::qrn(entry.bonded),
            output::qrn(entry.locked),
            if entry.barred { "BARRED".into() } else { String::new() },
        ]);
    }
    let text = if list.is_empty() { "nobody is registered".into() } else { table.to_string() };
    Output { json: global.json }.result(&list, text)?;
    Ok(ExitCode::SUCCESS)
}

// SPDX-License-Identifier: Apache-2.0
//! `quern worker`.

use crate::{
    args::{Global, WorkerCommand},
    client,
    output::{self, Cells, Output},
};
use quern_primitives::traits::Role;
use quern_protocol::view::{ParticipantView, MAX_PAGE};
use quern_sdk::chain::json;
use std::process::ExitCode;

/// Runs a command about workers.
pub async fn run(global: &Global, command: WorkerCommand) -> anyhow::Result<ExitCode> {
    let WorkerCommand::List { limit } = command;
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
    let text = if list.is_empty() { "nobody is registered".into() } else { text(&list, Cells::of_stdout()) };
    let list: Vec<json::Participant> = list.iter().map(json::Participant::from).collect();
    Output { json: global.json }.result(&list, text)?;
    Ok(ExitCode::SUCCESS)
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

    #[test]
    fn list_should_fit_80_columns_on_a_terminal_and_be_whole_elsewhere() {
        let view = ParticipantView {
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
        };
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

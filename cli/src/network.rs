// SPDX-License-Identifier: Apache-2.0
//! `quern network`.

use crate::{
    args::Global,
    client,
    output::{self, Output},
};
use quern_sdk::chain::json;
use std::process::ExitCode;

/// Shows the network in numbers.
pub async fn run(global: &Global) -> anyhow::Result<ExitCode> {
    let chain = client::connect(global).await?;
    let view = chain.network().await?;
    let mut table = output::plain_table();
    let rows = [
        ("height", output::grouped(view.height.into())),
        ("slot", format!("{} ms, draws every {} blocks", view.slot_ms, view.draw_period_blocks)),
        ("active workers", view.workers.to_string()),
        ("active validators", view.validators.to_string()),
        ("accepted shards", output::grouped(view.shards_settled.into())),
        ("useful work", output::macs(view.useful_macs)),
        ("draws for audits", output::grouped(view.draws.into())),
        ("disputes", format!("{} ({} convicted, {} refuted)", view.disputes, view.convicted, view.refuted)),
        ("burned, of fees for accepted shards", output::qrn(view.burned)),
        ("emitted", output::qrn(view.emitted)),
        ("issuance", output::qrn(view.issuance)),
    ];
    for (name, value) in rows {
        table.add_row([name.to_owned(), value]);
    }
    // All chains of the preset `dev` have the same genesis; their first blocks differ.
    let first = match view.height {
        0 => "not there yet".into(),
        _ => output::full(&chain.block_hash(1).await?),
    };
    let text = format!("genesis {}\nblock 1 {first}\n{table}", output::full(&chain.genesis()));
    let output = Output { json: global.json };
    if let Ok(Some(stale)) = chain.staleness().await {
        output.say(format_args!("warning: {stale}"));
    }
    output.result(&json::Network::from(&view), text)?;
    Ok(ExitCode::SUCCESS)
}

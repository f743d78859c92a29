// SPDX-License-Identifier: Apache-2.0
//! `quern network`.

use crate::{
    args::Global,
    client,
    output::{self, Output},
};
use std::process::ExitCode;

/// Shows the network in numbers.
pub async fn run(global: &Global) -> anyhow::Result<ExitCode> {
    let chain = client::connect(global).await?;
    let view = chain.network().await?;
    let mut table = output::plain_table();
    let rows = [
        ("genesis", output::full(&chain.genesis())),
        ("height", output::grouped(view.height.into())),
        ("slot", format!("{} ms, draws every {} blocks", view.slot_ms, view.draw_period_blocks)),
        ("active workers", view.workers.to_string()),
        ("active validators", view.validators.to_string()),
        ("accepted shards", output::grouped(view.shards_settled.into())),
        ("useful work", output::macs(view.useful_macs)),
        ("audits", output::grouped(view.audits.into())),
        ("disputes", format!("{} ({} convicted, {} refuted)", view.disputes, view.convicted, view.refuted)),
        ("burned", output::qrn(view.burned)),
        ("emitted", output::qrn(view.emitted)),
        ("issuance", output::qrn(view.issuance)),
    ];
    for (name, value) in rows {
        table.add_row([name.to_owned(), value]);
    }
    Output { json: global.json }.result(&view, table)?;
    Ok(ExitCode::SUCCESS)
}

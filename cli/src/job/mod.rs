// SPDX-License-Identifier: Apache-2.0
//! `quern job`.

mod acknowledge;
mod auditors;
mod fetch;
mod list;
pub mod receipt;
pub mod results;
mod resume;
pub mod spec;
mod submit;
mod terms;
#[cfg(test)]
mod testing;
mod unfit;
pub(crate) mod verify;
pub mod watch;

pub use fetch::fetch_when_served;
pub use submit::{is_in_doubt, offer, publish_programs, serve_blobs, submit_spec, Offered, Published, Unfit};
pub use terms::TermsArgs;

use crate::{
    args::{Global, JobArgs, JobCommand},
    client,
    output::{self, Output},
};
use anyhow::Context;
use quern_sdk::chain::{calls, json::Big, runtime};
use serde::Serialize;
use std::process::ExitCode;

/// Runs a command about jobs.
pub async fn run(global: &Global, command: JobCommand) -> anyhow::Result<ExitCode> {
    match command {
        JobCommand::Submit(args) => submit::run(global, args).await,
        JobCommand::List(args) => list::run(global, args).await,
        JobCommand::Watch(args) => watch::run(global, args).await,
        JobCommand::Fetch(args) => fetch::run(global, args).await,
        JobCommand::Verify(args) => verify::run(global, args).await,
        JobCommand::Cancel(args) => cancel(global, args).await,
        JobCommand::Acknowledge(args) => acknowledge::run(global, args).await,
        JobCommand::Resume(args) => resume::run(global, args).await,
        JobCommand::Fork(args) => fork(global, args).await,
    }
}

#[derive(Serialize)]
struct Cancelled {
    job: u64,
    cancelled: bool,
}

async fn cancel(global: &Global, args: JobArgs) -> anyhow::Result<ExitCode> {
    let keys = client::keys(global)?;
    let chain = client::connect(global).await?;
    client::Signer::new(global, &chain, keys).send_and_wait(&calls::cancel_job(args.id)).await?;
    let text =
        format!("job {} is cancelled; shards under way are still paid, the rest of the escrow comes back", args.id);
    Output { json: global.json }.result(&Cancelled { job: args.id, cancelled: true }, text)?;
    Ok(ExitCode::SUCCESS)
}

#[derive(Serialize)]
struct Forked {
    job: u64,
    from: u64,
    escrow: Big,
}

async fn fork(global: &Global, args: JobArgs) -> anyhow::Result<ExitCode> {
    let keys = client::keys(global)?;
    let chain = client::connect(global).await?;
    let included = client::Signer::new(global, &chain, keys).send_and_wait(&calls::fork_job(args.id)).await?;
    let forked = included.events.iter().find_map(|event| match event {
        runtime::Event::Jobs(runtime::jobs::Event::JobForked { job, from, escrow, .. }) => {
            Some(Forked { job: *job, from: *from, escrow: Big(*escrow) })
        }
        _ => None,
    });
    let forked = forked.context("the block has the call and no event of a fork")?;
    let text = format!(
        "job {} runs again what stands on an overturned result of job {}, and holds {}",
        forked.job,
        forked.from,
        output::qrn(forked.escrow.0)
    );
    Output { json: global.json }.result(&forked, text)?;
    Ok(ExitCode::SUCCESS)
}

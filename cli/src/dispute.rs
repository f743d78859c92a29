// SPDX-License-Identifier: Apache-2.0
//! `quern dispute`.

use crate::{
    args::{DisputeCommand, Global},
    client,
    output::{self, Output},
};
use anyhow::{ensure, Context};
use quern_primitives::ShardId;
use quern_sdk::chain::{calls, json::Big};
use serde::Serialize;
use std::process::ExitCode;

#[derive(Serialize)]
struct Demanded {
    job: u64,
    stage: u16,
    shard: u32,
    position: u32,
    price: Big,
}

/// Runs a command about disputes.
pub async fn run(global: &Global, command: DisputeCommand) -> anyhow::Result<ExitCode> {
    let DisputeCommand::DemandLeaf(args) = command;
    let keys = client::keys(global)?;
    let chain = client::connect(global).await?;
    let id = args.shard;
    let view = chain.shard_view(id).await?.with_context(|| {
        format!("there is no shard {id} on chain: see `quern job watch {}` for the job's stages and shards", id.job)
    })?;
    let price = view.demand_price;
    let price = price.with_context(|| {
        format!("the challenge window of shard {id} is not open: its ids can be asked for while it is")
    })?;
    let most = args.max_price.unwrap_or(price);
    ensure!(
        price <= most,
        "an id of shard {id} costs {} now, more than {}: raise --max-price",
        output::qrn(price),
        output::qrn(most)
    );
    client::Signer::new(global, &chain, keys).send_and_wait(&calls::demand_leaf(id, args.position, most)).await?;
    let ShardId { job, stage, index: shard } = id;
    let report = Demanded { job, stage, shard, position: args.position, price: Big(price) };
    let text =
        format!(
            "the worker of shard {id} owes id {} on chain now; it cost {}. Its answer is the event verification.LeafShown in one of the next blocks; silence loses its collateral",
            args.position,
            output::qrn(price)
        );
    Output { json: global.json }.result(&report, text)?;
    Ok(ExitCode::SUCCESS)
}

// SPDX-License-Identifier: Apache-2.0
//! Work that lasts longer than an era.

use anyhow::{ensure, Context, Result};
use quern_zombienet::{eventually, quern, quern_within, Network, EPOCH_SLOTS, PATIENCE};
use serde_json::{json, Value};
use std::time::Duration;

/// Blocks of an era: the job takes several.
const ERA_BLOCKS: u32 = 2 * EPOCH_SLOTS;
/// Blocks of a draw period: long enough for the three authors that a draw mixes.
const DRAW_PERIOD_BLOCKS: u32 = 4;
/// Most that the two extrinsics of a claim cost, in 10^-12 QRN: several times what they do.
const MOST_FEES: u128 = 10_000_000_000;
/// How long the job may take.
const JOB: Duration = Duration::from_secs(480);

const WORKERS: [&str; 3] = ["//Worker//1", "//Worker//2", "//Worker//3"];
const VALIDATORS: [&str; 3] = ["//Validator//1", "//Validator//2", "//Validator//3"];

#[tokio::test(flavor = "multi_thread")]
async fn main_job_should_complete_and_be_paid_when_eras_change_under_it() -> Result<()> {
    let changes =
        json!({ "rewards": { "eraBlocks": ERA_BLOCKS }, "clock": { "drawPeriodBlocks": DRAW_PERIOD_BLOCKS } });
    let mut network = Network::start("era", &changes).await?;
    // Not all of them ask the same node.
    for (suri, node) in WORKERS.iter().zip(["alice", "bob", "charlie"]) {
        network.add_daemon("run", suri, node)?;
    }
    for (suri, node) in VALIDATORS.iter().zip(["bob", "charlie", "dave"]) {
        network.add_daemon("validate", suri, node)?;
    }
    let alice = network.node("alice")?;
    eventually("all daemons are registered and ready", PATIENCE, async || {
        let listed = quern(alice.rpc(), "//Requester", &["worker", "list"]).await?;
        let listed = listed.as_array().context("the registry is no list")?;
        let ready = listed.iter().filter(|one| one["role"] == "validator" || one["slots"].as_u64() > Some(0)).count();
        ensure!(ready == WORKERS.len() + VALIDATORS.len(), "{ready} are");
        Ok(())
    })
    .await?;

    let submit = ["job", "submit", "--task", "digits-train", "--rounds", "1", "--yes"];
    let begun_at = alice.best().await?.number;
    let done = quern_within(JOB, alice.rpc(), "//Requester", &submit).await?;
    let ended_at = alice.best().await?.number;
    ensure!(done["status"] == "completed", "the job is not complete: {done:#}");
    ensure!(
        begun_at / ERA_BLOCKS < ended_at / ERA_BLOCKS,
        "it took the blocks {begun_at} to {ended_at}, within an era"
    );

    eventually("all of its shards are paid", PATIENCE, async || {
        let listed = quern(alice.rpc(), "//Requester", &["job", "list"]).await?;
        ensure!(listed[0]["maturing"] == 0, "some are not: {listed:#}");
        Ok(())
    })
    .await?;
    let ended_at = alice.best().await?.number;

    // The era in which it was paid has ended: what it earned in emission can be claimed, by each who worked.
    network.wait_for_agreement(&network.authorities()?, (ended_at / ERA_BLOCKS + 1) * ERA_BLOCKS + 1).await?;
    let mut paid = 0;
    for suri in WORKERS {
        let before = shown(&network, suri).await?;
        if amount(&before, "emission")? == 0 {
            continue;
        }
        let after = quern(alice.rpc(), suri, &["stake", "claim"]).await?;
        let due = amount(&before, "emission")? + amount(&before, "credits")?;
        let left = (amount(&after, "emission")?, amount(&after, "credits")?);
        ensure!(left == (0, 0), "{suri} has claimed and there is still something: {after:#}");
        let (whole, now) = (amount(&before, "free")? + due, amount(&after, "free")?);
        ensure!((whole - MOST_FEES..=whole).contains(&now), "{suri} has {now} after claiming {due}: {before:#}");
        paid += due;
    }
    // A shard of the local stage pays many times the fees; that of the merge does not.
    ensure!(paid > MOST_FEES, "the workers with emission were paid {paid}");
    let numbers = quern(alice.rpc(), "//Requester", &["network"]).await?;
    ensure!(numbers["convicted"] == 0 && numbers["disputes"] == 0, "somebody honest was accused: {numbers:#}");
    network.finish().await
}

async fn shown(network: &Network, suri: &str) -> Result<Value> {
    quern(network.node("alice")?.rpc(), suri, &["stake", "show"]).await
}

fn amount(shown: &Value, key: &str) -> Result<u128> {
    let digits = shown[key].as_str().with_context(|| format!("there is no {key}: {shown:#}"))?;
    digits.parse().with_context(|| format!("{key} is no number: {digits}"))
}

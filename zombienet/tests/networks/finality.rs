// SPDX-License-Identifier: Apache-2.0
//! GRANDPA needs more than two thirds: three of four.

use anyhow::{ensure, Result};
use quern_zombienet::{eventually, Network, EPOCH_SLOTS, PATIENCE};
use serde_json::json;

/// Blocks that are watched: longer than an epoch.
const WATCHED_BLOCKS: u32 = EPOCH_SLOTS + 5;
/// Blocks by which finality may lag behind while all votes arrive.
const LAG_BLOCKS: u32 = 10;

#[tokio::test(flavor = "multi_thread")]
async fn finality_should_go_on_when_one_of_four_authorities_is_stopped() -> Result<()> {
    let network = Network::start("finality", &json!({})).await?;
    let [alice, bob, charlie, dave] = network.authorities()?;

    dave.stop().await?;
    let stopped_at = alice.best().await?.number;
    // Across an epoch, so that a set that still has the stopped one takes over.
    network.wait_for_agreement(&[alice, bob, charlie], stopped_at + WATCHED_BLOCKS).await?;
    eventually("finality keeps up", PATIENCE, async || {
        let (best, last) = (alice.best().await?.number, alice.finalized().await?.number);
        ensure!(best.saturating_sub(last) <= LAG_BLOCKS, "{last} of {best} blocks are final");
        Ok(())
    })
    .await?;

    // Back again, it takes over what it has missed.
    dave.resume().await?;
    let back_at = alice.best().await?.number;
    network.wait_for_agreement(&[dave, alice, bob, charlie], back_at).await?;
    network.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn finality_should_stop_and_come_back_when_two_of_four_authorities_are_stopped() -> Result<()> {
    let network = Network::start("no-finality", &json!({})).await?;
    let [alice, bob, charlie, dave] = network.authorities()?;

    charlie.stop().await?;
    dave.stop().await?;
    // A vote that was on its way may still finalise what there is by now, and no more.
    let stopped_at = alice.wait_for_best(alice.best().await?.number + 2).await?.number;
    let best = alice.wait_for_best(stopped_at + WATCHED_BLOCKS).await?.number;
    let last = alice.finalized().await?.number;
    ensure!(
        last <= stopped_at,
        "{last} of {best} blocks are final, though half of the votes are missing since {stopped_at}"
    );

    charlie.resume().await?;
    network.wait_for_agreement(&[alice, bob, charlie], best).await?;
    dave.resume().await?;
    network.wait_for_agreement(&[dave, alice, bob, charlie], best).await?;
    network.finish().await
}

// SPDX-License-Identifier: Apache-2.0
//! A network that falls into two halves.

use anyhow::{ensure, Result};
use quern_zombienet::{eventually, Network, Node, PATIENCE};
use serde_json::json;

/// Blocks that each half makes on its own.
const APART_BLOCKS: u32 = 15;
#[tokio::test(flavor = "multi_thread")]
async fn halves_should_agree_again_when_a_split_heals() -> Result<()> {
    let network = Network::start_reserved("split", &json!({})).await?;
    let nodes = network.authorities()?;
    let [alice, bob, charlie, dave] = nodes;
    for node in &nodes {
        wait_for_peers(node, 3).await?;
    }
    network.wait_for_agreement(&nodes, 5).await?;

    let across = [(alice, charlie), (alice, dave), (bob, charlie), (bob, dave)];
    for (one, other) in &across {
        one.remove_reserved_peer(*other).await?;
        other.remove_reserved_peer(*one).await?;
    }
    for node in &nodes {
        wait_for_peers(node, 1).await?;
    }
    let split_at = alice.best().await?.number.max(charlie.best().await?.number);
    // Each half has authors, and half of the votes.
    let height = split_at + APART_BLOCKS;
    alice.wait_for_best(height).await?;
    charlie.wait_for_best(height).await?;
    for node in &nodes {
        let last = node.finalized().await?.number;
        ensure!(last <= split_at, "{} has a final block at {last}, after the split at {split_at}", node.name());
    }
    let halves = (alice.hash(height).await?, charlie.hash(height).await?);
    ensure!(halves.0 != halves.1, "both halves have the block {} at height {height}", halves.0);

    for (one, other) in &across {
        one.add_reserved_peer(*other).await?;
        other.add_reserved_peer(*one).await?;
    }
    for node in &nodes {
        wait_for_peers(node, 3).await?;
    }
    network.wait_for_agreement(&nodes, height + 1).await?;
    network.finish().await
}

async fn wait_for_peers(node: &Node<'_>, count: u64) -> Result<()> {
    eventually(&format!("{} has peers: {count}", node.name()), PATIENCE, async || {
        let now = node.peers().await?;
        ensure!(now == count, "it has {now}");
        Ok(())
    })
    .await
}

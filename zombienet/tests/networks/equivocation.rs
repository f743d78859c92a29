// SPDX-License-Identifier: Apache-2.0
//! Two nodes with one authority's session keys.

use anyhow::{ensure, Result};
use quern_zombienet::{eventually, Extra, Network, Node, EPOCH_SLOTS, PATIENCE};
use serde_json::json;

/// Blocks from the report to the slash.
const DEFER_BLOCKS: u32 = 5;
/// One of four equivocates: it loses the share (3 * 1/4)^2 of its bond, in parts of sixteen.
const LOST_SIXTEENTHS: u128 = 9;

#[tokio::test(flavor = "multi_thread")]
async fn authority_should_be_slashed_and_voted_out_when_it_equivocates() -> Result<()> {
    let changes = json!({ "slashing": { "deferBlocks": DEFER_BLOCKS } });
    let mut network = Network::start("equivocation", &changes).await?;
    let bond = super::bond(&network.node("alice")?, "//Dave").await?;
    ensure!(bond > 0, "Dave has no bond");

    // The second node has the keys of the first one and a node key of its own: each authors in all of Dave's slots.
    network.add("twin", Extra { validator: false, arguments: &["--dave"] }).await?;
    let [alice, bob, charlie, dave] = network.authorities()?;
    let left = eventually("Dave is slashed", PATIENCE, async || {
        let left = super::bond(&alice, "//Dave").await?;
        ensure!(left < bond, "he has all of his bond");
        Ok(left)
    })
    .await?;
    ensure!(left <= bond - bond * LOST_SIXTEENTHS / 16, "he has {left} of {bond} left");
    // His slots: two blocks in one, seen and reported by who does not equivocate.
    let mut seen = String::new();
    for node in [alice, bob, charlie] {
        seen += &node.log().await?;
    }
    ensure!(seen.contains("is equivocating"), "no node has seen two blocks in one slot");
    for suri in ["//Alice", "//Bob", "//Charlie"] {
        let honest = super::bond(&alice, suri).await?;
        ensure!(honest == bond, "{suri} has {honest} of {bond} left");
    }

    // The others elect a set without him, and go on when neither of his nodes runs.
    eventually("Dave authors no more", PATIENCE, async || {
        ensure!(!super::authors(&alice, "//Dave").await?, "he is in the set");
        Ok(())
    })
    .await?;
    stop_for_good(&[dave, network.node("twin")?]).await?;
    let height = alice.best().await?.number + EPOCH_SLOTS;
    network.wait_for_agreement(&[alice, bob, charlie], height).await?;
    network.finish().await
}

async fn stop_for_good(nodes: &[Node<'_>]) -> Result<()> {
    for node in nodes {
        node.stop().await?;
    }
    Ok(())
}

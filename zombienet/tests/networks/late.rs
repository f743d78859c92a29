// SPDX-License-Identifier: Apache-2.0
//! Nodes that come later.

use anyhow::{ensure, Result};
use quern_zombienet::{Extra, Network, EPOCH_SLOTS};
use serde_json::json;

/// What the chain has done before they come: more than two epochs.
const HISTORY_BLOCKS: u32 = 2 * EPOCH_SLOTS + 5;
/// What they have to follow afterwards.
const FOLLOWED_BLOCKS: u32 = 10;

#[tokio::test(flavor = "multi_thread")]
async fn late_node_should_synchronise_and_follow_when_the_chain_is_epochs_old() -> Result<()> {
    let mut network = Network::start("late", &json!({})).await?;
    network.node("alice")?.wait_for_finalized(HISTORY_BLOCKS).await?;

    network.add("late", Extra::default()).await?;
    let (alice, late) = (network.node("alice")?, network.node("late")?);
    let joined_at = alice.best().await?.number;
    ensure!(joined_at >= HISTORY_BLOCKS, "it joined at height {joined_at}");
    // What was final long before it came.
    late.wait_for_finalized(HISTORY_BLOCKS).await?;
    for height in [1, EPOCH_SLOTS, HISTORY_BLOCKS] {
        let (own, theirs) = (late.hash(height).await?, alice.hash(height).await?);
        ensure!(own == theirs, "at height {height} it has {own}, the others {theirs}");
    }
    let head = network.wait_for_agreement(&[late, alice], joined_at + FOLLOWED_BLOCKS).await?;
    late.check_invariants(&head).await?;
    network.finish().await
}

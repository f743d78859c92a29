// SPDX-License-Identifier: Apache-2.0
//! A set of validators that changes.

use anyhow::{ensure, Result};
use quern_zombienet::{eventually, quern, Extra, Network, EPOCH_SLOTS, PATIENCE};
use serde_json::json;

/// Blocks of an era, as long as an epoch: each session is preceded by an election.
const ERA_BLOCKS: u32 = EPOCH_SLOTS;

#[tokio::test(flavor = "multi_thread")]
async fn set_should_go_on_with_the_new_validator_when_an_old_one_is_chilled() -> Result<()> {
    let mut network = Network::start("election", &json!({ "rewards": { "eraBlocks": ERA_BLOCKS } })).await?;
    network.add("eve", Extra { validator: true, arguments: &[] }).await?;
    let [alice, bob, charlie, dave] = network.authorities()?;
    let eve = network.node("eve")?;
    eve.wait_for_finalized(alice.finalized().await?.number).await?;
    ensure!(!super::authors(&alice, "//Eve").await?, "Eve authors without having been elected");

    for arguments in [&["stake", "bond", "1000"][..], &["stake", "keys"], &["stake", "validate", "--commission", "5"]] {
        quern(eve.rpc(), "//Eve", arguments).await?;
    }
    quern(dave.rpc(), "//Dave", &["stake", "chill"]).await?;
    eventually("Eve authors and Dave does not", PATIENCE, async || {
        let (new, old) = (super::authors(&alice, "//Eve").await?, super::authors(&alice, "//Dave").await?);
        ensure!(new && !old, "Eve authors: {new}, Dave authors: {old}");
        Ok(())
    })
    .await?;
    let elected_at = alice.best().await?.number;
    network.wait_for_agreement(&[alice, bob, charlie, dave, eve], elected_at + 1).await?;

    // Without Dave and Charlie three of the new set are left. If Eve did not vote, or Dave were still counted, too few were.
    dave.stop().await?;
    charlie.stop().await?;
    let stopped_at = alice.best().await?.number;
    network.wait_for_agreement(&[alice, bob, eve], stopped_at + EPOCH_SLOTS).await?;
    ensure!(eve.log().await?.contains("Pre-sealed block"), "Eve has authored nothing");
    let bond = super::bond(&alice, "//Dave").await?;
    ensure!(bond == super::bond(&alice, "//Alice").await?, "leaving has cost Dave something: {bond} are left");
    dave.resume().await?;
    charlie.resume().await?;
    network.finish().await
}

// SPDX-License-Identifier: Apache-2.0
//! Networks of four authorities and what befalls them. One binary, because each would link the SDK again.

mod election;
mod equivocation;
mod era;
mod finality;
mod late;
mod split;

use anyhow::{Context, Result};
use quern_zombienet::{quern, Node};

/// The bond of a development account, in 10^-12 QRN, as a node tells it.
async fn bond(node: &Node<'_>, suri: &str) -> Result<u128> {
    let shown = quern(node.rpc(), suri, &["stake", "show"]).await?;
    let digits = shown["bonded"].as_str().with_context(|| format!("{suri} has no bond: {shown}"))?;
    digits.parse().with_context(|| format!("the bond of {suri} is no number: {digits}"))
}

/// Whether a development account is in the set of block authors.
async fn authors(node: &Node<'_>, suri: &str) -> Result<bool> {
    let shown = quern(node.rpc(), suri, &["stake", "show"]).await?;
    Ok(shown["candidate"]["authors"] == true)
}

// SPDX-License-Identifier: Apache-2.0
//! A node of a running network, asked by RPC.

use crate::{eventually, PATIENCE};
use anyhow::{bail, ensure, Context, Result};
use serde_json::{json, Value};
use std::time::Duration;
use tokio::time::timeout;
use zombienet_sdk::{
    subxt::ext::subxt_rpcs::{client::RpcParams, RpcClient},
    NetworkNode,
};

/// How long a node may take for one answer: one that is stopped takes connections and never answers.
const ANSWER: Duration = Duration::from_secs(10);

/// A block by its number and its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its height.
    pub number: u32,
    /// Its hash, in hexadecimal with `0x`.
    pub hash: String,
}

/// A node.
#[derive(Clone, Copy)]
pub struct Node<'a>(pub(crate) &'a NetworkNode);

impl Node<'_> {
    /// Its name.
    pub fn name(&self) -> &str {
        self.0.name()
    }

    /// Where its JSON-RPC answers.
    pub fn rpc(&self) -> &str {
        self.0.ws_uri()
    }

    /// The address at which other nodes reach it, its peer id included.
    pub fn address(&self) -> &str {
        self.0.multiaddr()
    }

    /// Its peer id, the last part of its address.
    fn peer_id(&self) -> Result<&str> {
        let address = self.address();
        Ok(address.rsplit_once("/p2p/").with_context(|| format!("{address} has no peer id"))?.1)
    }

    /// Stops its process where it is (SIGSTOP): connections stay open, and nothing comes any more.
    pub async fn stop(&self) -> Result<()> {
        self.0.pause().await.with_context(|| format!("{} cannot be stopped", self.name()))
    }

    /// Lets it go on after [`Node::stop`].
    pub async fn resume(&self) -> Result<()> {
        self.0.resume().await.with_context(|| format!("{} cannot be resumed", self.name()))
    }

    /// Whether it runs and is not stopped.
    pub(crate) fn is_running(&self) -> bool {
        self.0.is_running()
    }

    /// What it has written to its log.
    pub async fn log(&self) -> Result<String> {
        self.0.logs().await
    }

    /// Calls a JSON-RPC method.
    pub async fn call(&self, method: &str, arguments: &[Value]) -> Result<Value> {
        let called = timeout(ANSWER, async {
            let client = RpcClient::from_insecure_url(self.rpc()).await?;
            let mut params = RpcParams::new();
            for argument in arguments {
                params.push(argument)?;
            }
            anyhow::Ok(client.request::<Value>(method, params).await?)
        });
        let answer = called.await.unwrap_or_else(|_| bail!("no answer within {} s", ANSWER.as_secs()));
        answer.with_context(|| format!("{method} of {}", self.name()))
    }

    async fn text(&self, method: &str, arguments: &[Value]) -> Result<String> {
        let answer = self.call(method, arguments).await?;
        let text = answer.as_str().with_context(|| format!("{method} of {} answers {answer}", self.name()))?;
        Ok(text.to_owned())
    }

    /// The hash of its block at a height of its best chain.
    pub async fn hash(&self, height: u32) -> Result<String> {
        self.text("chain_getBlockHash", &[json!(height)]).await
    }

    /// Its best block.
    pub async fn best(&self) -> Result<Head> {
        let hash = self.text("chain_getBlockHash", &[]).await?;
        self.head(hash).await
    }

    /// Its last final block.
    pub async fn finalized(&self) -> Result<Head> {
        let hash = self.text("chain_getFinalizedHead", &[]).await?;
        self.head(hash).await
    }

    async fn head(&self, hash: String) -> Result<Head> {
        let header = self.call("chain_getHeader", &[json!(hash)]).await?;
        let digits = header["number"].as_str().and_then(|number| number.strip_prefix("0x"));
        let number = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        Ok(Head {
            number: number.with_context(|| format!("{} has a header without number: {header}", self.name()))?,
            hash,
        })
    }

    /// Its best block, as soon as that is at least as high.
    pub async fn wait_for_best(&self, height: u32) -> Result<Head> {
        eventually(&format!("{} has a block at height {height}", self.name()), PATIENCE, async || {
            let head = self.best().await?;
            ensure!(head.number >= height, "its best block is at {}", head.number);
            Ok(head)
        })
        .await
    }

    /// Its last final block, as soon as that is at least as high.
    pub async fn wait_for_finalized(&self, height: u32) -> Result<Head> {
        eventually(&format!("{} has a final block at height {height}", self.name()), PATIENCE, async || {
            let head = self.finalized().await?;
            let best = self.best().await?;
            ensure!(
                head.number >= height,
                "its last final block is at {}, its best one at {}",
                head.number,
                best.number
            );
            Ok(head)
        })
        .await
    }

    /// How many peers it synchronises with.
    pub async fn peers(&self) -> Result<u64> {
        let health = self.call("system_health", &[]).await?;
        health["peers"].as_u64().with_context(|| format!("{} does not count its peers: {health}", self.name()))
    }

    /// Reserves a connection to another node: with `--reserved-only` a node has no others.
    pub async fn add_reserved_peer(&self, peer: Node<'_>) -> Result<()> {
        self.call("system_addReservedPeer", &[json!(peer.address())]).await.map(drop)
    }

    /// Takes back [`Node::add_reserved_peer`].
    pub async fn remove_reserved_peer(&self, peer: Node<'_>) -> Result<()> {
        self.call("system_removeReservedPeer", &[json!(peer.peer_id()?)]).await.map(drop)
    }

    /// Fails with the chain's reason unless what must always be true is true in a block.
    pub async fn check_invariants(&self, block: &Head) -> Result<()> {
        let call = [json!("QuernApi_check_invariants"), json!("0x"), json!(block.hash)];
        let answer = self.text("state_call", &call).await?;
        // An encoded `Result<(), String>`.
        ensure!(answer == "0x00", "an invariant is broken at height {}: {answer}", block.number);
        Ok(())
    }
}

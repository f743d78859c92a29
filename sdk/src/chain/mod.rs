// SPDX-License-Identifier: Apache-2.0
//! The chain, as a client sees it: reads through the runtime API, blocks as they come, extrinsics in order.
//!
//! ```no_run
//! use quern_sdk::chain::{calls, Chain, Keypair};
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let chain = Chain::connect("ws://127.0.0.1:9944").await?;
//! println!("{} workers", chain.network().await?.workers);
//!
//! let sender = chain.sender(Keypair::from_suri("//Alice")?);
//! sender.send_and_wait(&calls::bond(1_000_000_000_000_000)).await?;
//! # Ok(())
//! # }
//! ```

pub mod amount;
pub mod calls;
pub mod consensus;
pub mod enrol;
pub mod errors;
mod fees;
pub mod health;
pub mod keys;
mod leaves;
mod lost;
pub mod plants;
pub mod proxy;
pub mod queue;
pub mod runtime;
mod sender;

pub use keys::{parse_account, BadSecret, KeyError, KeyFileError, Keypair};
pub use quern_primitives::job::Profile;
pub use quern_protocol::json::{self, address};
pub use sender::{Included, Sender};
pub use subxt::transactions::Payload;

use crate::causes;
use codec::{Decode, Encode};
use futures::{stream, FutureExt, Stream, StreamExt};
use quern_primitives::{
    job::JobSpec,
    offence::{DeferredSlash, OffenceId},
    Account, Balance, BlobId, Height, JobId, ShardId,
};
use quern_protocol::{
    shard::Shard,
    view::{AccountView, CandidateView, JobView, NetworkView, NominationView, ParticipantView, Quote, ShardView},
};
use serde::{de::DeserializeOwned, Deserialize};
use serde_json::Value;
use subxt::{
    rpcs::{client::RpcParams, RpcClient},
    utils::H256,
    OnlineClient, SubstrateConfig,
};

/// Why the chain did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// The node cannot be reached.
    #[error("no node answers at {url}: {reason}. Start one (quern-node --dev) or name another with --rpc")]
    Unreachable {
        /// Where.
        url: String,
        /// Why.
        reason: String,
    },
    /// That is no address of a node.
    #[error("{url:?} is no address of a node: --rpc takes ws:// or wss://: try {instead}")]
    Address {
        /// What was given.
        url: String,
        /// What may have been meant.
        instead: String,
    },
    /// The node runs another chain or another version of the runtime.
    #[error("the node at {url} is not a Quern node of this version: {reason}")]
    OtherChain {
        /// Where.
        url: String,
        /// What differs.
        reason: String,
    },
    /// The connection was lost.
    #[error("the connection to the node was lost")]
    Closed,
    /// A request failed.
    #[error("the node failed to answer {method}: {reason}")]
    Rpc {
        /// The method.
        method: String,
        /// Why.
        reason: String,
    },
    /// An answer could not be decoded.
    #[error("the node's answer to {0} cannot be read; it is of another version")]
    Malformed(String),
    /// The runtime refused.
    #[error("refused: {0}")]
    Refused(String),
    /// An extrinsic was handed in, and what becomes of it is not known.
    #[error("it was handed in, and a block may have taken it or take it yet ({0}): look whether it has happened before it is sent again (`quern job list`, `quern stake show`)")]
    Unsettled(String),
    /// An extrinsic was handed in, and its node runs another chain by now.
    #[error(
        "the node at {url} runs another chain now: its block {height} is 0x{}, and 0x{} on the chain to which this was handed in. A \
         block there may have taken it: name a node of that chain with --rpc, and look whether it has happened before it is sent again \
         (`quern job list`, `quern stake show`). A development chain that began anew has forgotten it: send it again",
        hex::encode(.has),
        hex::encode(.had)
    )]
    Elsewhere {
        /// Where.
        url: String,
        /// The height of a block that differs.
        height: Height,
        /// Its hash where the extrinsic was handed in.
        had: [u8; 32],
        /// Its hash here.
        has: [u8; 32],
    },
}

impl ChainError {
    fn extrinsic(error: subxt::error::ExtrinsicError) -> Self {
        Self::Refused(errors::in_words(&causes::told(&error)))
    }

    /// Whether trying the same again would end the same.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::Elsewhere { .. })
    }

    /// Whether a block may have taken all the same what was handed in.
    pub fn is_in_doubt(&self) -> bool {
        matches!(self, Self::Unsettled(_) | Self::Elsewhere { .. })
    }

    fn block(error: subxt::error::OnlineClientAtBlockError) -> Self {
        Self::Rpc { method: "a block".into(), reason: causes::told(&error) }
    }
}

/// A best block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its height.
    pub height: Height,
    /// Its hash.
    pub hash: [u8; 32],
    /// Height of the last finalised block.
    pub finalized: Height,
}

/// Plain JSON-RPC.
#[derive(Clone)]
pub(crate) struct Rpc(RpcClient);

impl Rpc {
    pub(crate) async fn request<T: DeserializeOwned>(&self, method: &str, params: &[Value]) -> Result<T, ChainError> {
        self.0.request(method, built(params)?).await.map_err(|error| rpc(method, error))
    }

    /// Hands an extrinsic to the node's pool. A failure comes with the node's code, where it has one.
    async fn pool(&self, extrinsic: String) -> Result<(), (Option<i32>, String)> {
        let params = built(&[extrinsic.into()]).map_err(|error| (None, error.to_string()))?;
        match self.0.request::<String>("author_submitExtrinsic", params).await {
            Ok(_) => Ok(()),
            Err(subxt::rpcs::Error::User(error)) => {
                let data = error.data.as_ref().map(|data| data.get().trim_matches('"').to_owned());
                Err((Some(error.code), data.map_or(error.message.clone(), |data| format!("{}: {data}", error.message))))
            }
            Err(error) => Err((None, causes::told(&error))),
        }
    }
}

fn built(params: &[Value]) -> Result<RpcParams, ChainError> {
    let mut built = RpcParams::new();
    for param in params {
        built.push(param).map_err(|error| rpc("parameters", error))?;
    }
    Ok(built)
}

fn rpc(method: &str, error: impl std::fmt::Display) -> ChainError {
    ChainError::Rpc { method: method.into(), reason: causes::once(&error.to_string()) }
}

/// A node follows its clients by WebSocket alone. Whoever writes it down otherwise is told how it may have been meant.
pub fn check_address(url: &str) -> Result<(), ChainError> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let instead = match scheme.to_ascii_lowercase().as_str() {
        "ws" | "wss" => return Ok(()),
        "https" => "wss",
        _ => "ws",
    };
    let port = if scheme.is_empty() && !rest.contains([':', '/']) { ":9944" } else { "" };
    Err(ChainError::Address { url: url.into(), instead: format!("{instead}://{rest}{port}") })
}

#[derive(Deserialize)]
struct Header {
    number: String,
}

impl Header {
    fn height(&self) -> Height {
        Height::from_str_radix(self.number.trim_start_matches("0x"), 16).unwrap_or(0)
    }
}

/// A connection to a node.
#[derive(Clone)]
pub struct Chain {
    url: String,
    api: OnlineClient<SubstrateConfig>,
    rpc: Rpc,
}

impl Chain {
    /// Connects to a node and checks that it runs a Quern chain of this version.
    pub async fn connect(url: &str) -> Result<Self, ChainError> {
        let chain = Self::open(url).await?;
        let other = |reason: String| ChainError::OtherChain { url: url.into(), reason };
        chain.network().await.map_err(|error| other(causes::told(&error)))?;
        Ok(chain)
    }

    /// Connects to a node, whatever chain it runs.
    async fn open(url: &str) -> Result<Self, ChainError> {
        check_address(url)?;
        let unreachable = |reason: String| ChainError::Unreachable { url: url.into(), reason };
        let client = RpcClient::from_insecure_url(url).await.map_err(|error| unreachable(causes::told(&error)))?;
        let api =
            OnlineClient::from_rpc_client(client.clone()).await.map_err(|error| unreachable(causes::told(&error)))?;
        Ok(Self { url: url.into(), api, rpc: Rpc(client) })
    }

    /// Where the node is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The genesis block's hash.
    pub fn genesis(&self) -> [u8; 32] {
        self.api.genesis_hash().0
    }

    /// The underlying subxt client.
    pub fn api(&self) -> &OnlineClient<SubstrateConfig> {
        &self.api
    }

    /// Sends extrinsics of an account.
    pub fn sender(&self, keys: Keypair) -> Sender {
        Sender::new(self.clone(), keys)
    }

    /// Best blocks as they come, the present one first. Whoever reads them slowly misses what was in between, never the newest.
    pub async fn heads(&self) -> Result<impl Stream<Item = Result<Head, ChainError>> + Unpin + Send, ChainError> {
        let subscribe = |subscribe: &'static str, unsubscribe: &'static str| async move {
            let stream = self.rpc.0.subscribe::<Header>(subscribe, RpcParams::new(), unsubscribe).await;
            stream.map_err(|error| rpc(subscribe, error))
        };
        let best = subscribe("chain_subscribeNewHeads", "chain_unsubscribeNewHeads").await?;
        let finalized = subscribe("chain_subscribeFinalizedHeads", "chain_unsubscribeFinalizedHeads").await?;
        let merged = stream::select(best.map(|head| (true, head)), finalized.map(|head| (false, head)));
        let state = (self.clone(), merged, 0 as Height);
        let heads = stream::unfold(state, |(chain, mut merged, mut finalized)| async move {
            for (is_best, head) in waiting(&mut merged).await? {
                match head {
                    Ok(head) if !is_best => finalized = finalized.max(head.height()),
                    Ok(_) => {}
                    Err(error) => return Some((Err(rpc("heads", error)), (chain, merged, finalized))),
                }
            }
            // The announced block may be gone by now, and its height too, where the chain was reorganised.
            let best = chain.best().await;
            let head = best.map(|(height, hash)| Head { height, hash, finalized });
            Some((head, (chain, merged, finalized)))
        });
        Ok(Box::pin(heads))
    }

    /// The hash of the best chain's block at a height.
    pub async fn block_hash(&self, height: Height) -> Result<[u8; 32], ChainError> {
        let hash: Option<H256> = self.rpc.request("chain_getBlockHash", &[height.into()]).await?;
        hash.map(|hash| hash.0).ok_or_else(|| rpc("chain_getBlockHash", "no such block"))
    }

    /// The best block.
    pub async fn best(&self) -> Result<(Height, [u8; 32]), ChainError> {
        let hash: H256 = self.rpc.request("chain_getBlockHash", &[]).await?;
        Ok((self.height(hash.0).await?, hash.0))
    }

    /// The height of a block.
    pub(crate) async fn height(&self, block: [u8; 32]) -> Result<Height, ChainError> {
        let header: Header = self.rpc.request("chain_getHeader", &[format!("{:?}", H256(block)).into()]).await?;
        Ok(header.height())
    }

    /// The hash of the last finalised block.
    pub async fn finalized_hash(&self) -> Result<[u8; 32], ChainError> {
        self.rpc.request::<H256>("chain_getFinalizedHead", &[]).await.map(|hash| hash.0)
    }

    /// The nonce of an account at a block, or at the best one.
    pub async fn nonce(&self, account: &Account, at: Option<[u8; 32]>) -> Result<u64, ChainError> {
        self.state_call::<u32>("AccountNonceApi_account_nonce", at, account).await.map(u64::from)
    }

    /// What happened in a block.
    pub async fn events(&self, block: [u8; 32]) -> Result<Vec<runtime::Event>, ChainError> {
        let at = self.api.at_block(H256(block)).await.map_err(ChainError::block)?;
        let events = at.events().fetch().await.map_err(|error| rpc("events", error))?;
        Ok(events.iter().filter_map(|event| event.ok()?.decode_as::<runtime::Event>().ok()).collect())
    }

    /// The calls of a block's extrinsics, in order. What cannot be decoded fails: a call passed over could be the one looked for.
    pub async fn calls(&self, block: [u8; 32]) -> Result<Vec<runtime::Call>, ChainError> {
        let at = self.api.at_block(H256(block)).await.map_err(ChainError::block)?;
        let extrinsics = at.extrinsics().fetch().await.map_err(ChainError::extrinsic)?;
        let calls = extrinsics.iter().map(|extrinsic| {
            let extrinsic = extrinsic.map_err(|error| rpc("extrinsics", error))?;
            extrinsic.decode_call_data_as::<runtime::Call>().map_err(|error| rpc("extrinsics", error))
        });
        calls.collect()
    }

    /// A job; none when it never was or is pruned.
    pub async fn job(&self, id: JobId) -> Result<Option<JobView>, ChainError> {
        self.call("job", None, id).await
    }

    /// Up to `limit` (at most 64) jobs with ids from `from` on, and the id to go on from, if there may be more.
    pub async fn jobs(&self, from: JobId, limit: u32) -> Result<(Vec<JobView>, Option<JobId>), ChainError> {
        self.call("jobs", None, (from, limit)).await
    }

    /// What a job would cost.
    pub async fn quote(&self, spec: &JobSpec) -> Result<Quote, ChainError> {
        self.call::<Result<Quote, String>>("quote", None, spec).await?.map_err(ChainError::Refused)
    }

    /// What a job would cost if these programs (encoded) were published too, and the deposit for those that are not. Nothing is
    /// published.
    pub async fn dry_quote(&self, spec: &JobSpec, programs: &[Vec<u8>]) -> Result<(Quote, Balance), ChainError> {
        let answer = self.call::<Result<(Quote, Balance), String>>("dry_quote", None, (spec, programs)).await?;
        answer.map_err(errors::of_quote)
    }

    /// Up to 64 shards of a stage, from index `from` on.
    pub async fn shards(&self, job: JobId, stage: u16, from: u32) -> Result<Vec<Shard>, ChainError> {
        self.call("shards", None, (job, stage, from)).await
    }

    /// A shard with everything that its parties need.
    pub async fn shard_view(&self, id: ShardId) -> Result<Option<ShardView>, ChainError> {
        self.call("shard", None, id).await
    }

    /// A shard with everything that its parties need, in the state after a block.
    pub async fn shard_view_at(&self, at: [u8; 32], id: ShardId) -> Result<Option<ShardView>, ChainError> {
        self.call("shard", Some(at), id).await
    }

    /// A slash that is not carried out yet.
    pub async fn deferred_slash(&self, offence: OffenceId) -> Result<Option<DeferredSlash>, ChainError> {
        self.call("deferred_slash", None, offence).await
    }

    /// Up to `limit` (at most 64) slashes that are not carried out yet, in no order that means anything, after the one of offence
    /// `after`, or from the first.
    pub async fn deferred_slashes(
        &self,
        after: Option<OffenceId>,
        limit: u32,
    ) -> Result<Vec<(OffenceId, DeferredSlash)>, ChainError> {
        self.call("deferred_slashes", None, (after, limit)).await
    }

    /// How many offences were reported up to a block: the next one's number.
    pub async fn offences_at(&self, at: [u8; 32]) -> Result<OffenceId, ChainError> {
        self.call("offences", Some(at), ()).await
    }

    /// The era under way, and the blocks of an era.
    pub async fn era(&self) -> Result<(u32, Height), ChainError> {
        self.call("era", None, ()).await
    }

    /// Finished eras of which an account can claim emission, oldest first: for its work, and for the blocks that it authored.
    pub async fn claimable(&self, account: &Account) -> Result<Vec<(u32, Balance, Balance)>, ChainError> {
        self.call("claimable", None, account).await
    }

    /// All shards in which an account has something to do, at a block: page by page.
    pub async fn duties(&self, at: [u8; 32], account: &Account) -> Result<Vec<ShardView>, ChainError> {
        let (mut all, mut after) = (Vec::new(), None::<ShardId>);
        loop {
            let (page, next): (Vec<ShardView>, _) = self.call("duties", Some(at), (account, after)).await?;
            all.extend(page);
            after = next;
            if after.is_none() {
                return Ok(all);
            }
        }
    }

    /// Up to 256 shards that an account only serves, at a block, after the shard `after` or from the first. And the shard to go
    /// on after, if there may be more.
    pub async fn served_page(
        &self,
        at: [u8; 32],
        account: &Account,
        after: Option<ShardId>,
    ) -> Result<(Vec<Shard>, Option<ShardId>), ChainError> {
        self.call("served", Some(at), (account, after)).await
    }

    /// All shards that an account only serves, at a block: page by page.
    pub async fn served(&self, at: [u8; 32], account: &Account) -> Result<Vec<Shard>, ChainError> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let (page, next) = self.served_page(at, account, after).await?;
            all.extend(page);
            after = next;
            if after.is_none() {
                return Ok(all);
            }
        }
    }

    /// The bytes of a published program.
    pub async fn program(&self, id: BlobId) -> Result<Option<Vec<u8>>, ChainError> {
        self.call("program", None, id).await
    }

    /// The hash of a finalised chain's last block, and its height.
    pub async fn finalized(&self) -> Result<(Height, [u8; 32]), ChainError> {
        let hash: H256 = self.rpc.request("chain_getFinalizedHead", &[]).await?;
        let header: Header = self.rpc.request("chain_getHeader", &[format!("{hash:?}").into()]).await?;
        Ok((header.height(), hash.0))
    }

    /// The 32 bytes that stay of a completed job.
    pub async fn job_root(&self, id: JobId) -> Result<Option<BlobId>, ChainError> {
        self.call("job_root", None, id).await
    }

    /// Stages of a job whose results were overturned, or stand on such results: for a completed job for ever.
    pub async fn tainted_stages(&self, id: JobId) -> Result<Vec<u16>, ChainError> {
        self.call("tainted_stages", None, id).await
    }

    /// The network in numbers.
    pub async fn network(&self) -> Result<NetworkView, ChainError> {
        self.call("network", None, ()).await
    }

    /// Up to `limit` (at most 64) registered workers, then validators, then apprentices, after skipping `from`.
    pub async fn workers(&self, from: u32, limit: u32) -> Result<Vec<ParticipantView>, ChainError> {
        self.call("workers", None, (from, limit)).await
    }

    /// Up to `limit` (at most 64) registered accounts that are barred, after the account `after` or from the first.
    pub async fn barred(&self, after: Option<Account>, limit: u32) -> Result<Vec<ParticipantView>, ChainError> {
        self.call("barred", None, (after, limit)).await
    }

    /// A registered worker or validator.
    pub async fn participant(&self, account: &Account) -> Result<Option<ParticipantView>, ChainError> {
        self.call("participant", None, account).await
    }

    /// What an account has.
    pub async fn account(&self, account: &Account) -> Result<AccountView, ChainError> {
        self.call("account", None, account).await
    }

    /// Up to `limit` (at most 64) candidates for authoring blocks, the best first, after skipping `from`.
    pub async fn candidates(&self, from: u32, limit: u32) -> Result<Vec<CandidateView>, ChainError> {
        self.call("candidates", None, (from, limit)).await
    }

    /// A candidate, chilled or not.
    pub async fn candidate(&self, account: &Account) -> Result<Option<CandidateView>, ChainError> {
        self.call("candidate", None, account).await
    }

    /// Up to 64 candidates that an account backs.
    pub async fn nominations(&self, account: &Account) -> Result<Vec<NominationView>, ChainError> {
        self.call("nominations", None, account).await
    }

    /// Has the node make new session keys, which it keeps, for an account: the 64 bytes of keys and the proof that the node has
    /// them. Nodes do that for callers on their own machine only.
    pub async fn rotate_session_keys(&self, owner: &Account) -> Result<([u8; 64], Vec<u8>), ChainError> {
        #[derive(Deserialize)]
        struct Generated {
            keys: String,
            proof: Option<String>,
        }
        let method = "author_rotateKeysWithOwner";
        let malformed = || ChainError::Malformed(method.into());
        let bytes = |hex: &str| hex::decode(hex.trim_start_matches("0x")).map_err(|_| malformed());
        let owner = Value::from(format!("0x{}", hex::encode(owner)));
        let generated: Generated = self.rpc.request(method, &[owner]).await?;
        let keys = bytes(&generated.keys)?.try_into().map_err(|_| malformed())?;
        Ok((keys, bytes(&generated.proof.ok_or_else(malformed)?)?))
    }

    /// Checks what must always be true; the first thing that is not.
    pub async fn check_invariants(&self) -> Result<Result<(), String>, ChainError> {
        self.call("check_invariants", None, ()).await
    }

    async fn call<T: Decode>(&self, method: &str, at: Option<[u8; 32]>, args: impl Encode) -> Result<T, ChainError> {
        self.state_call(&format!("QuernApi_{method}"), at, args).await
    }

    async fn state_call<T: Decode>(
        &self,
        name: &str,
        at: Option<[u8; 32]>,
        args: impl Encode,
    ) -> Result<T, ChainError> {
        let mut params = vec![Value::from(name), format!("0x{}", hex::encode(args.encode())).into()];
        params.extend(at.map(|at| Value::from(format!("0x{}", hex::encode(at)))));
        let answer: String = self.rpc.request("state_call", &params).await?;
        let malformed = || ChainError::Malformed(name.to_owned());
        let bytes = hex::decode(answer.trim_start_matches("0x")).map_err(|_| malformed())?;
        T::decode(&mut &bytes[..]).map_err(|_| malformed())
    }
}

/// Everything that has come from a stream by now, at least one; none when it has ended.
async fn waiting<T>(stream: &mut (impl Stream<Item = T> + Unpin)) -> Option<Vec<T>> {
    let mut all = vec![stream.next().await?];
    while let Some(Some(next)) = stream.next().now_or_never() {
        all.push(next);
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn blocks_should_be_taken_together_when_they_come_faster_than_they_are_read() {
        let (sender, mut heads) = futures::channel::mpsc::unbounded();
        for height in 1..=3 {
            sender.unbounded_send(height).unwrap();
        }
        assert_eq!(waiting(&mut heads).await, Some(vec![1, 2, 3]));
        sender.unbounded_send(4).unwrap();
        assert_eq!(waiting(&mut heads).await, Some(vec![4]));
        let next = waiting(&mut heads);
        let (next, ()) = futures::join!(next, async {
            sender.unbounded_send(5).unwrap();
        });
        assert_eq!(next, Some(vec![5]), "it waits for one");
        drop(sender);
        assert_eq!(waiting(&mut heads).await, None);
    }

    #[test]
    fn address_should_be_refused_with_what_was_meant_when_it_is_no_websocket() {
        assert!(["ws://127.0.0.1:9944", "wss://node.example", "WS://x"].iter().all(|url| check_address(url).is_ok()));
        let meant = [
            ("http://127.0.0.1:9944", "try ws://127.0.0.1:9944"),
            ("https://node.example/rpc", "try wss://node.example/rpc"),
            ("127.0.0.1:9944", "try ws://127.0.0.1:9944"),
            ("localhost", "try ws://localhost:9944"),
        ];
        for (url, expected) in meant {
            let error = check_address(url).unwrap_err().to_string();
            assert!(error.contains("--rpc takes ws:// or wss://") && error.ends_with(expected), "{error}");
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
//! What a node says of itself, and what has to be so before an account is given work.

use super::{rpc, runtime, Chain, ChainError, Head};
use codec::Decode;
use futures::{Stream, StreamExt};
use quern_primitives::{job::Requirements, traits::APPRENTICE_MAX_TASKS, Account, Balance, Height, ShardId};
use quern_program::Program;
use quern_protocol::{
    collateral::{collateral, price},
    Params,
};
use serde::Deserialize;
use std::{
    future::Future,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use subxt::{utils::H256, Metadata};

/// Slots in which a new block is waited for.
const SLOTS_WATCHED: u64 = 8;
/// The shortest wait for a new block.
const LEAST_WATCH: Duration = Duration::from_secs(8);

/// How long a new block is waited for, where slots have this length, before the node is taken for one that gets none.
pub fn watch(slot_ms: u64) -> Duration {
    Duration::from_millis(slot_ms.saturating_mul(SLOTS_WATCHED)).max(LEAST_WATCH)
}

/// What a node says of its last block.
#[derive(Clone, Copy, Debug)]
struct Standing {
    height: Height,
    is_syncing: bool,
    slot_ms: u64,
    /// How old the block is, by the clock here.
    age: Duration,
}

impl Standing {
    /// Why what the node says is old, where it is. `newer` waits for a higher block for a while.
    async fn staleness(
        self,
        url: &str,
        newer: impl Future<Output = Result<Option<Head>, ChainError>>,
    ) -> Result<Option<String>, ChainError> {
        // The clocks of two machines differ: only a block that does not come shows that none does.
        let is_late = !self.is_syncing && self.age > watch(self.slot_ms);
        let has_stopped = is_late && newer.await?.is_none();
        Ok(stale(url, self.height, self.is_syncing, has_stopped.then_some(self.age)))
    }
}

/// The first of these heads above a height; none where none comes in the time of a [`watch`].
async fn newer(
    mut heads: impl Stream<Item = Result<Head, ChainError>> + Unpin,
    height: Height,
    slot_ms: u64,
) -> Option<Head> {
    let newer = tokio::time::timeout(watch(slot_ms), async {
        while let Some(head) = heads.next().await {
            if let Some(head) = head.ok().filter(|head| head.height > height) {
                return Some(head);
            }
        }
        None
    });
    newer.await.ok().flatten()
}

fn stale(url: &str, height: Height, is_syncing: bool, stopped: Option<Duration>) -> Option<String> {
    let (what, remedy) = match stopped {
        _ if is_syncing => ("is still fetching blocks".to_owned(), "wait until it has all of them"),
        Some(_) if height == 0 => {
            return Some(format!(
                "the node at {url} has no block yet: look at its log and its peers, or name another with --rpc"
            ))
        }
        Some(age) => (format!("has got no block for {} s", age.as_secs()), "look at its log and its peers"),
        None => return None,
    };
    Some(format!(
        "the node at {url} {what} and is at block {height}: what it says is old; {remedy}, or name another with --rpc"
    ))
}

/// How a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeHealth {
    /// Nodes that it is connected to.
    pub peers: u32,
    /// Whether it is fetching blocks that others have.
    pub is_syncing: bool,
    /// Whether it looks for others: a development chain does not.
    pub should_have_peers: bool,
}

/// Which runtime a chain runs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RuntimeVersion {
    /// Its name.
    pub spec_name: String,
    /// Rises with every change of behaviour.
    pub spec_version: u32,
    /// Rises with every change of how a transaction is encoded.
    pub transaction_version: u32,
}

/// What the workers' registry knows of an account beyond its
/// [`ParticipantView`](quern_protocol::view::ParticipantView).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// Height of its last declaration of slots.
    pub ready_at: Height,
    /// Whether it leaves when its open shards have ended.
    pub retiring: bool,
    /// First height at which it is drawn again, after it has not started a shard.
    pub rests_until: Height,
}

/// What a queued shard wants of the worker that takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The shard.
    pub shard: ShardId,
    /// Highest price per GMAC.
    pub bid: Balance,
    /// Memory that a worker must have registered, in MiB.
    pub memory_mib: u64,
    /// Free bond that a worker must have.
    pub collateral: Balance,
    /// What it is worth at the bid: the free bond that a validator must have to audit it, where that is more than an audit bond.
    pub value: Balance,
    /// Whether it is of a size that apprentices take.
    pub for_apprentices: bool,
    /// What its job requires of the worker's device.
    pub requirements: Requirements,
}

/// The runtime that this SDK was built for: that of the committed metadata.
pub fn built_for() -> Option<RuntimeVersion> {
    let metadata = Metadata::decode_from(include_bytes!("../../metadata.scale")).ok()?;
    let mut version = metadata.pallet_by_name("System")?.constant_by_name("Version")?.value();
    // `sp_version::RuntimeVersion`: names, authoring, spec and implementation version, APIs, transaction version.
    let (spec_name, _, _, spec_version, _, _, transaction_version) =
        <(String, String, u32, u32, u32, Vec<([u8; 8], u32)>, u32)>::decode(&mut version).ok()?;
    Some(RuntimeVersion { spec_name, spec_version, transaction_version })
}

impl Chain {
    /// How the node is.
    pub async fn health(&self) -> Result<NodeHealth, ChainError> {
        self.rpc.request("system_health", &[]).await
    }

    /// The next best block above a height; none where none comes in the time of a [`watch`].
    pub async fn newer_head(&self, height: Height, slot_ms: u64) -> Result<Option<Head>, ChainError> {
        Ok(newer(self.heads().await?, height, slot_ms).await)
    }

    /// Why what the node says is old, where it is; a block that is late is waited for.
    pub async fn staleness(&self) -> Result<Option<String>, ChainError> {
        let (height, hash) = self.best().await?;
        let is_syncing = self.health().await?.is_syncing;
        let slot_ms = self.network().await?.slot_ms;
        let age = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let age = age.saturating_sub(self.block_time(hash).await?);
        let standing = Standing { height, is_syncing, slot_ms, age };
        standing.staleness(self.url(), self.newer_head(height, slot_ms)).await
    }

    /// The runtime of the best block.
    pub async fn runtime_version(&self) -> Result<RuntimeVersion, ChainError> {
        self.rpc.request("state_getRuntimeVersion", &[]).await
    }

    /// The author's time of a block, since 1970.
    pub async fn block_time(&self, block: [u8; 32]) -> Result<Duration, ChainError> {
        self.stored(Some(block), runtime::storage().timestamp().now()).await.map(Duration::from_millis)
    }

    /// The least bond of a worker or validator.
    pub async fn minimum_bond(&self) -> Result<Balance, ChainError> {
        self.stored(None, runtime::storage().collateral().minimum_bond()).await
    }

    /// The least that backs a candidate.
    pub async fn minimum_nomination(&self) -> Result<Balance, ChainError> {
        Ok(self.stored(None, runtime::storage().collateral().elections()).await?.minimum_nomination)
    }

    /// What of an account's bond is unbonding: amounts, and the heights from which they can be withdrawn.
    pub async fn unbonding(&self, account: &Account) -> Result<Vec<(Balance, Height)>, ChainError> {
        let at = self.state_at(None).await?;
        let storage = at.storage();
        let account = subxt::utils::AccountId32(*account);
        let found = storage.try_fetch(runtime::storage().collateral().ledgers(), (account,)).await;
        let Some(found) = found.map_err(|error| rpc("collateral.ledgers", error))? else { return Ok(Vec::new()) };
        let ledger = found.decode().map_err(|_| ChainError::Malformed("collateral.ledgers".into()))?;
        Ok(ledger.unbonding.0.into_iter().map(|chunk| (chunk.amount, chunk.release_at)).collect())
    }

    /// What the registry knows of a registered account.
    pub async fn readiness(&self, account: &Account) -> Result<Option<Readiness>, ChainError> {
        let at = self.state_at(None).await?;
        let storage = at.storage();
        let account = subxt::utils::AccountId32(*account);
        let found = storage.try_fetch(runtime::storage().workers().entries(), (account,)).await;
        let Some(found) = found.map_err(|error| rpc("workers.entries", error))? else { return Ok(None) };
        let entry = found.decode().map_err(|_| ChainError::Malformed("workers.entries".into()))?;
        Ok(Some(Readiness { ready_at: entry.ready_at, retiring: entry.retiring, rests_until: entry.rests_until }))
    }

    /// The numbers of the protocol.
    pub async fn params(&self) -> Result<Params, ChainError> {
        let at = self.state_at(None).await?;
        let found = at.storage().fetch(runtime::storage().jobs().protocol_params(), ()).await;
        let found = found.map_err(|error| rpc("jobs.protocol_params", error))?;
        Params::decode(&mut found.bytes()).map_err(|_| ChainError::Malformed("jobs.protocol_params".into()))
    }

    /// Shards that wait for a worker.
    pub async fn queue(&self) -> Result<Vec<ShardId>, ChainError> {
        let queue = self.stored(None, runtime::storage().jobs().queue()).await?;
        Ok(queue.0.into_iter().map(|queued| *queued.shard).collect())
    }

    /// What a shard that waits for a worker wants of it; none when it waits no more.
    pub async fn wanted(&self, shard: ShardId, params: &Params) -> Result<Option<Wanted>, ChainError> {
        let at = self.state_at(None).await?;
        let storage = at.storage();
        let found = storage.try_fetch(runtime::storage().jobs().jobs(), (shard.job,)).await;
        let Some(found) = found.map_err(|error| rpc("jobs.jobs", error))? else { return Ok(None) };
        let job = found.decode().map_err(|_| ChainError::Malformed("jobs.jobs".into()))?;
        let Some(view) = self.shard_view(shard).await? else { return Ok(None) };
        let Some(program) = self.program(view.context.stage.program).await? else { return Ok(None) };
        let program = Program::decode_checked(&program).map_err(|_| ChainError::Malformed("a program".into()))?;
        let auditors = if view.context.stage.tasks == 1 { params.single_task_auditors } else { params.auditors };
        let value = price(view.shard.work_macs(), job.bid);
        let collateral = collateral(value, params, auditors.into());
        let needed = program.summary().memory_bytes.div_ceil(1 << 20);
        let for_apprentices = view.shard.tasks <= APPRENTICE_MAX_TASKS && view.context.stage.tasks > 1;
        let requirements = job.requirements.0;
        let memory_mib = needed.max(requirements.memory_mib.into());
        Ok(Some(Wanted { shard, bid: job.bid, memory_mib, collateral, value, for_apprentices, requirements }))
    }

    pub(super) async fn stored<A>(&self, block: Option<[u8; 32]>, address: A) -> Result<A::Value, ChainError>
    where
        A: subxt::storage::Address<KeyParts = ()>,
    {
        let at = self.state_at(block).await?;
        let found = at.storage().fetch(address, ()).await.map_err(|error| rpc("storage", error))?;
        found.decode().map_err(|_| ChainError::Malformed("storage".into()))
    }

    pub(super) async fn state_at(
        &self,
        block: Option<[u8; 32]>,
    ) -> Result<
        subxt::client::ClientAtBlock<
            subxt::SubstrateConfig,
            subxt::client::OnlineClientAtBlockImpl<subxt::SubstrateConfig>,
        >,
        ChainError,
    > {
        let block = match block {
            Some(block) => block,
            None => self.best().await?.1,
        };
        self.api.at_block(H256(block)).await.map_err(ChainError::block)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_should_be_stale_when_it_syncs_or_gets_no_blocks() {
        assert_eq!(stale("ws://a", 7, false, None), None);
        let syncs = stale("ws://a", 7, true, None).unwrap();
        assert!(syncs.contains("ws://a is still fetching blocks") && syncs.contains("at block 7"), "{syncs}");
        let stopped = stale("ws://a", 7, false, Some(Duration::from_secs(90))).unwrap();
        assert!(stopped.contains("no block for 90 s") && stopped.contains("with --rpc"), "{stopped}");
        // The first block has no time: it would count from 1970.
        let new = stale("ws://a", 0, false, Some(Duration::from_secs(1_700_000_000))).unwrap();
        assert!(new.contains("no block yet") && !new.contains("1700000000"), "{new}");
    }

    #[tokio::test(start_paused = true)]
    async fn node_should_be_said_to_be_stale_when_it_syncs_or_a_block_that_is_late_does_not_come() {
        const SLOT_MS: u64 = 6_000;
        let head = |height| Head { height, hash: [0; 32], finalized: 0 };
        let late = Standing { height: 7, is_syncing: false, slot_ms: SLOT_MS, age: Duration::from_secs(90) };
        // What is said after how long, where these heads come with so long before each, and then none.
        let said = |standing: Standing, heads: &[(u64, Height)]| {
            let comes = futures::stream::iter(heads.to_vec()).then(move |(after, height)| async move {
                tokio::time::sleep(Duration::from_secs(after)).await;
                Ok(head(height))
            });
            let heads = Box::pin(comes.chain(futures::stream::pending()));
            async move {
                let began = tokio::time::Instant::now();
                let newer = async { Ok(newer(heads, standing.height, SLOT_MS).await) };
                let said = standing.staleness("ws://a", newer).await.unwrap();
                (said, began.elapsed().as_secs())
            }
        };
        let stopped = "the node at ws://a has got no block for 90 s and is at block 7: what it says is old; look at its log and its \
                       peers, or name another with --rpc";
        // Subscriptions begin with the block that is there.
        assert_eq!(said(late, &[(0, 7)]).await, (Some(stopped.into()), 48), "eight slots are waited for");
        assert_eq!(said(late, &[(0, 7), (49, 8)]).await.0, Some(stopped.into()));
        assert_eq!(said(late, &[(0, 7), (47, 8)]).await, (None, 47), "it is late, or one of the clocks is wrong");
        assert_eq!(said(Standing { age: Duration::from_secs(48), ..late }, &[]).await, (None, 0), "it is new enough");
        let syncing = "the node at ws://a is still fetching blocks and is at block 7: what it says is old; wait until it has all of \
                       them, or name another with --rpc";
        for age in [Duration::ZERO, late.age] {
            let standing = Standing { is_syncing: true, age, ..late };
            assert_eq!(said(standing, &[]).await, (Some(syncing.into()), 0), "nothing is waited for");
        }
    }

    #[test]
    fn committed_metadata_should_name_the_runtime_that_it_is_of() {
        let version = built_for().expect("the metadata has the version");
        assert_eq!(version.spec_name, "quern");
        assert!(version.spec_version > 0 && version.transaction_version > 0, "{version:?}");
    }
}

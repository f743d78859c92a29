// SPDX-License-Identifier: Apache-2.0
//! Extrinsics in the order of their nonces.

use super::{runtime, ChainError, Keypair, Rpc};
use std::sync::Arc;
use subxt::{
    client::OnlineClientAtBlockImpl,
    config::DefaultExtrinsicParamsBuilder,
    error::{DispatchError, TransactionEventsError},
    transactions::{Payload, SubmittableTransaction},
    OnlineClient, SubstrateConfig,
};
use tokio::sync::Mutex;

/// Blocks for which an extrinsic is valid: one that is not in a block by then never will be.
const MORTAL_BLOCKS: u64 = 64;

type Signed = SubmittableTransaction<SubstrateConfig, OnlineClientAtBlockImpl<SubstrateConfig>>;

/// An extrinsic in a finalised block.
#[derive(Clone, Debug)]
pub struct Included {
    /// Hash of the block.
    pub block: [u8; 32],
    /// What the extrinsic caused.
    pub events: Vec<runtime::Event>,
}

/// Sends the extrinsics of one account.
#[derive(Clone)]
pub struct Sender {
    api: OnlineClient<SubstrateConfig>,
    rpc: Rpc,
    keys: Keypair,
    turn: Arc<Mutex<()>>,
}

impl Sender {
    pub(super) fn new(api: OnlineClient<SubstrateConfig>, rpc: Rpc, keys: Keypair) -> Self {
        Self { api, rpc, keys, turn: Arc::default() }
    }

    /// The account that pays.
    pub fn account(&self) -> quern_primitives::Account {
        self.keys.account()
    }

    /// Hands an extrinsic to the node's pool. It may still fail in its block; a daemon sees that by what the chain says next.
    pub async fn send(&self, call: &(impl Payload + Sync)) -> Result<(), ChainError> {
        let _turn = self.turn.lock().await;
        let signed = self.sign(call).await?;
        let bytes = format!("0x{}", hex::encode(signed.encoded()));
        self.rpc.request::<String>("author_submitExtrinsic", &[bytes.into()]).await.map(drop)
    }

    /// Sends an extrinsic and waits until it is finalised and has succeeded.
    pub async fn send_and_wait(&self, call: &(impl Payload + Sync)) -> Result<Included, ChainError> {
        let progress = {
            let _turn = self.turn.lock().await;
            self.sign(call).await?.submit_and_watch().await.map_err(ChainError::extrinsic)?
        };
        let included = progress.wait_for_finalized().await.map_err(|error| ChainError::Refused(error.to_string()))?;
        let events = included.wait_for_success().await.map_err(refusal)?;
        let events = events.iter().filter_map(|event| event.ok()?.decode_as::<runtime::Event>().ok()).collect();
        Ok(Included { block: included.block_hash().0, events })
    }

    /// Signs with the next nonce as the node's pool has it. It is asked every time: a nonce remembered here would leave a
    /// gap for ever once the pool drops an extrinsic.
    async fn sign(&self, call: &(impl Payload + Sync)) -> Result<Signed, ChainError> {
        let next = self.rpc.request("system_accountNextIndex", &[self.keys.address().into()]).await?;
        let at = self.api.at_current_block().await.map_err(ChainError::block)?;
        let (number, hash) = (at.block_number(), at.block_hash());
        let params =
            DefaultExtrinsicParamsBuilder::new().nonce(next).mortal_from_unchecked(MORTAL_BLOCKS, number, hash).build();
        let mut signable = at.transactions().create_signable_offline(call, params).map_err(ChainError::extrinsic)?;
        signable.sign(&self.keys.signer).map_err(ChainError::extrinsic)
    }
}

/// Why the runtime refused. The error of a pallet is named in full: what it carries says what is wrong.
fn refusal(error: TransactionEventsError) -> ChainError {
    let TransactionEventsError::ExtrinsicFailed(DispatchError::Module(module)) = &error else {
        return ChainError::Refused(error.to_string());
    };
    let named = module.as_root_error::<runtime::Error>().map(|named| format!("{named:?}"));
    let text = match named.as_deref().map(|named| named.split_once('(')) {
        Ok(Some((pallet, error))) => format!("{pallet}::{}", error.strip_suffix(')').unwrap_or(error)),
        _ => module.details_string(),
    };
    ChainError::Refused(text)
}

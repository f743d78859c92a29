// SPDX-License-Identifier: Apache-2.0
//! What the chain keeps of its sessions: that with which evidence of offences against consensus is checked.

use super::{rpc, runtime, Chain, ChainError};
use codec::Decode;
use quern_primitives::Account;
use subxt::utils::{AccountId32, H256};

/// One of a session's validators, as the session ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionAuthor {
    /// The validator.
    pub account: Account,
    /// Blocks that it authored.
    pub blocks: u32,
    /// Whether the chain keeps it from authoring.
    pub disabled: bool,
}

/// The session of a block, and who authored what in it so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionAuthors {
    /// The session.
    pub session: u32,
    /// All its blocks so far.
    pub blocks: u32,
    /// Its validators.
    pub validators: Vec<SessionAuthor>,
}

impl Chain {
    /// The bytes of a block's extrinsics, in order, without their lengths.
    pub async fn extrinsics(&self, block: [u8; 32]) -> Result<Vec<Vec<u8>>, ChainError> {
        let at = self.api.at_block(H256(block)).await.map_err(ChainError::block)?;
        let extrinsics = at.extrinsics().fetch().await.map_err(ChainError::extrinsic)?;
        let bodies = extrinsics.iter().map(|extrinsic| {
            let extrinsic = extrinsic.map_err(|error| rpc("extrinsics", error))?;
            // A node gives them with their length in front.
            Vec::<u8>::decode(&mut extrinsic.bytes()).map_err(|_| ChainError::Malformed("an extrinsic".into()))
        });
        bodies.collect()
    }

    /// The root of the trie of a session's validators and their keys, and how many they are, in the state after a block; none where
    /// the session is too old.
    pub async fn session_root(&self, at: [u8; 32], session: u32) -> Result<Option<([u8; 32], u32)>, ChainError> {
        let at = self.state_at(Some(at)).await?;
        let storage = at.storage();
        let found = storage.try_fetch(runtime::storage().historical().historical_sessions(), (session,)).await;
        let Some(found) = found.map_err(|error| rpc("historical.historical_sessions", error))? else { return Ok(None) };
        let (root, count) = <([u8; 32], u32)>::decode(&mut found.bytes())
            .map_err(|_| ChainError::Malformed("historical.historical_sessions".into()))?;
        Ok(Some((root, count)))
    }

    /// Who authored what in the session of a block, in the state after it.
    pub async fn session_authors(&self, at: [u8; 32]) -> Result<SessionAuthors, ChainError> {
        let session = self.stored(Some(at), runtime::storage().session().current_index()).await?;
        let blocks = self.stored(Some(at), runtime::storage().collateral().session_blocks()).await?;
        let accounts = self.stored(Some(at), runtime::storage().session().validators()).await?;
        let disabled = self.stored(Some(at), runtime::storage().session().disabled_validators()).await?;
        let state = self.state_at(Some(at)).await?;
        let storage = state.storage();
        let mut validators = Vec::with_capacity(accounts.len());
        for (index, account) in (0u32..).zip(accounts) {
            let address = runtime::storage().collateral().authored();
            let authored = storage.try_fetch(address, (AccountId32(account.0),)).await;
            let blocks = match authored.map_err(|error| rpc("collateral.authored", error))? {
                Some(found) => found.decode().map_err(|_| ChainError::Malformed("collateral.authored".into()))?,
                None => 0,
            };
            let disabled = disabled.iter().any(|(of, _)| *of == index);
            validators.push(SessionAuthor { account: account.0, blocks, disabled });
        }
        Ok(SessionAuthors { session, blocks, validators })
    }
}

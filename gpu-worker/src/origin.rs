// SPDX-License-Identifier: Apache-2.0
//! Which chain a node follows. Promises name shards by number, and every chain counts from 0: on another chain an old promise is
//! a wrong answer, which costs the bond. The genesis block does not tell chains apart, because all development chains have the
//! same; block 1 does.

use crate::db::{Binding, Db, DbError};
use futures::{Stream, StreamExt};
use quern_sdk::chain::{Chain, ChainError};

/// The first blocks of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The genesis block's hash.
    pub genesis: [u8; 32],
    /// The hash of block 1; none while that is not final, or the node has not fetched it.
    pub first_block: Option<[u8; 32]>,
}

impl Origin {
    /// Of the chain that a node follows.
    pub async fn of(chain: &Chain) -> Result<Self, ChainError> {
        let is_final = chain.finalized().await?.0 >= 1;
        // A node that began with a recent state fetches the oldest blocks last. A lost connection shows at the next request.
        let first_block = if is_final { chain.block_hash(1).await.ok() } else { None };
        Ok(Self { genesis: chain.genesis(), first_block })
    }

    /// Whether another is of the same chain; none while one of them does not say.
    pub fn is_same(&self, other: &Self) -> Option<bool> {
        if self.genesis != other.genesis {
            return Some(false);
        }
        Some(self.first_block? == other.first_block?)
    }
}

/// Why a daemon cannot go on with a node.
#[derive(Debug, thiserror::Error)]
pub enum OriginError {
    /// The node fails: another try may do.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The node follows another chain, or the database fails: no other try helps.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Binds the database to the node's chain, if that has a block 1; says whether it is bound.
pub async fn bind(chain: &Chain, db: &Db) -> Result<bool, OriginError> {
    Ok(db.bind(&Origin::of(chain).await?)? != Binding::Unbound)
}

/// Makes sure that a node follows the database's chain. A database that is bound to a block 1 waits until the node's is final.
pub async fn confirm(chain: &Chain, db: &Db) -> Result<(), OriginError> {
    let heads = chain.heads().await?;
    let origins = heads.then(|head| async move {
        head?;
        Origin::of(chain).await
    });
    settle(db, Box::pin(origins)).await
}

async fn settle(
    db: &Db,
    mut origins: impl Stream<Item = Result<Origin, ChainError>> + Unpin,
) -> Result<(), OriginError> {
    let mut is_told = false;
    while let Some(origin) = origins.next().await {
        if db.bind(&origin?)? != Binding::Unconfirmed {
            return Ok(());
        }
        if !is_told {
            tracing::info!(
                "waiting for the node's block 1 to be final, which says whether the data folder is of its chain"
            );
            is_told = true;
        }
    }
    Err(ChainError::Closed.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::stream;

    fn origin(first_block: Option<u8>) -> Origin {
        Origin { genesis: [2; 32], first_block: first_block.map(|byte| [byte; 32]) }
    }

    /// How a database that was bound to this block 1, if to any, takes a node that tells these in turn.
    async fn settled(bound: Option<u8>, told: &[Option<u8>]) -> (Result<(), OriginError>, bool) {
        let folder = tempfile::tempdir().expect("a folder");
        let db = Db::open(&folder.path().join("db"), &[1; 32], &[2; 32]).expect("a database");
        db.bind(&origin(bound)).expect("it is new");
        let told: Vec<_> = told.iter().map(|first_block| Ok(origin(*first_block))).collect();
        let result = settle(&db, stream::iter(told)).await;
        (result, db.is_bound().expect("it can be read"))
    }

    #[tokio::test]
    async fn daemon_should_start_at_once_when_its_folder_is_new() {
        assert!(matches!(settled(None, &[None]).await, (Ok(()), false)));
        assert!(matches!(settled(None, &[Some(5)]).await, (Ok(()), true)));
    }

    #[tokio::test]
    async fn daemon_should_go_on_when_the_node_follows_the_same_chain() {
        assert!(matches!(settled(Some(5), &[Some(5)]).await, (Ok(()), true)));
        assert!(matches!(settled(Some(5), &[None, None, Some(5)]).await, (Ok(()), true)));
    }

    #[tokio::test]
    async fn daemon_should_refuse_when_block_1_of_the_node_is_another_one() {
        for told in [&[Some(6)][..], &[None, Some(6), Some(5)]] {
            let (result, _) = settled(Some(5), told).await;
            assert!(matches!(result, Err(OriginError::Db(DbError::OtherFirstBlock { .. }))), "{result:?}");
        }
    }

    #[tokio::test]
    async fn daemon_should_try_again_when_the_node_goes_away_before_block_1_is_final() {
        let (result, _) = settled(Some(5), &[None]).await;
        assert!(matches!(result, Err(OriginError::Chain(ChainError::Closed))), "{result:?}");
    }
}

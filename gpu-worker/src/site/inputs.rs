// SPDX-License-Identifier: Apache-2.0
//! The inputs of a task, as [`Inputs`](quern_sdk::net::Inputs) fetches them. What this account made itself is asked of
//! nobody.

use super::{Site, SiteError};
use bytes::Bytes;
use quern_primitives::job::Blob;
use quern_program::{Checked, Tensor};
use quern_protocol::{
    inputs::{AcceptedShard, Link, Part},
    view::ShardView,
};
use quern_sdk::net::messages::Commitment;
use std::sync::Arc;

impl Site {
    /// The input tensors of a task.
    pub async fn inputs(&self, view: &ShardView, program: &Checked, task: u32) -> Result<Vec<Tensor>, SiteError> {
        self.recall(view)?;
        Ok(self.inputs.tensors(view, program, task).await?)
    }

    /// The whole blob that a part lies in, and what links its id to the chain.
    pub(super) async fn part_blob(&self, view: &ShardView, part: &Part) -> Result<(Link, Bytes), SiteError> {
        self.recall(view)?;
        Ok(self.inputs.blob(view, part).await?)
    }

    /// A blob from the account that made it, or else from any other party of the shard.
    pub(super) async fn fetch_from_all(
        &self,
        view: &ShardView,
        first: &[u8; 32],
        blob: Blob,
    ) -> Result<Bytes, SiteError> {
        Ok(self.inputs.of_parties(view, first, blob).await?)
    }

    /// What is behind the root of an accepted shard.
    pub(super) async fn commitment(
        &self,
        view: &ShardView,
        shard: &AcceptedShard,
    ) -> Result<Arc<Commitment>, SiteError> {
        Ok(self.inputs.commitment(view, shard).await?)
    }

    /// Tells the own commitments among those that a shard reads.
    fn recall(&self, view: &ShardView) -> Result<(), SiteError> {
        let read = view.context.outputs.iter().flat_map(|outputs| &outputs.shards);
        let unknown = |shard: &&AcceptedShard| shard.worker == self.me && !self.inputs.knows(&shard.root);
        let roots: Vec<_> = read.filter(unknown).map(|shard| shard.root).collect();
        if roots.is_empty() {
            return Ok(());
        }
        for (_, own) in self.db.promises()?.into_iter().filter(|(_, own)| roots.contains(&own.root)) {
            self.inputs.know(own.root, Arc::new(Commitment { secret: own.secret, ids: own.ids }));
        }
        Ok(())
    }
}

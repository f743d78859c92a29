// SPDX-License-Identifier: Apache-2.0
//! The inputs of a task: fetched from whoever serves them, each byte verified against the id that the chain pins.

use super::{lock, Site, SiteError};
use quern_primitives::{
    commitment::{leaf_list, secret_hash, LeafProof},
    job::{Blob, Endpoint},
    BlobId,
};
use quern_program::{Checked, Tensor};
use quern_protocol::{
    inputs::{AcceptedShard, Link, Origin, Part},
    view::ShardView,
};
use quern_sdk::net::{
    messages::{Commitment, Committed},
    NetError, Request, Response,
};
use std::sync::Arc;

impl Site {
    /// The input tensors of a task.
    pub async fn inputs(&self, view: &ShardView, program: &Checked, task: u32) -> Result<Vec<Tensor>, SiteError> {
        let mut tensors = Vec::new();
        for (slot, ty) in (0u16..).zip(&program.program().inputs) {
            let mut bytes = Vec::new();
            for part in view.context.parts(slot, task, ty.bytes()) {
                // Parts follow each other; what none covers is missing and reads as zero.
                bytes.resize(part.start as usize, 0);
                bytes.extend_from_slice(&self.part(view, &part).await?);
            }
            tensors.push(Tensor::new(*ty, bytes));
        }
        Ok(tensors)
    }

    /// The bytes of a part.
    async fn part(&self, view: &ShardView, part: &Part) -> Result<Vec<u8>, SiteError> {
        if let Origin::Inline(bytes) = &part.origin {
            return Ok(bytes[..bytes.len().min(part.len as usize)].to_vec());
        }
        let offset = match part.origin {
            Origin::Blob { offset, .. } => offset as usize,
            _ => 0,
        };
        let (_, bytes) = self.part_blob(view, part).await?;
        let bytes = bytes.get(offset..).unwrap_or_default();
        Ok(bytes[..bytes.len().min(part.len as usize)].to_vec())
    }

    /// The whole blob that a part lies in, and what links its id to the chain.
    pub(super) async fn part_blob(&self, view: &ShardView, part: &Part) -> Result<(Link, Vec<u8>), SiteError> {
        match &part.origin {
            Origin::Inline(bytes) => Ok((Link::Known, bytes.clone())),
            Origin::Blob { blob, .. } => {
                Ok((Link::Known, self.peer.fetch(blob.id, blob.len, &view.requester).await?.to_vec()))
            }
            Origin::Listed { list, entry, len } => {
                let ids = self.peer.fetch(list.id, list.len, &view.requester).await?;
                let start = *entry as usize * 32;
                let id = ids.get(start..start + 32).and_then(|id| id.try_into().ok()).map(BlobId);
                let id = id.ok_or(SiteError::Inconsistent("the list has no entry for this task"))?;
                let proof = quern_primitives::slice::prove_list_entry(&ids, u64::from(*entry));
                let bytes = self.peer.fetch(id, *len, &view.requester).await?.to_vec();
                Ok((Link::Listed { id, proof }, bytes))
            }
            Origin::Output { shard, task, len } => {
                let commitment = self.commitment(view, shard).await?;
                let position = shard.output_position(*task).ok_or(SiteError::Inconsistent("no such output"))?;
                let id = *commitment.ids.get(position as usize).ok_or(SiteError::Inconsistent("no such output"))?;
                let list = leaf_list(&commitment.secret, &shard.worker, &shard.id, &commitment.ids);
                let leaf = LeafProof::new(&list, &commitment.secret, position, id);
                Ok((Link::Leaf(leaf), self.fetch_from_all(view, &shard.worker, Blob { id, len: *len }).await?))
            }
        }
    }

    /// A blob from the account that made it, or else from any other party of the shard.
    pub(super) async fn fetch_from_all(
        &self,
        view: &ShardView,
        first: &[u8; 32],
        blob: Blob,
    ) -> Result<Vec<u8>, SiteError> {
        Ok(self.peer.fetch(blob.id, blob.len, &self.holders(view, first)).await?.to_vec())
    }

    /// What is behind the root of an accepted shard.
    pub(super) async fn commitment(
        &self,
        view: &ShardView,
        shard: &AcceptedShard,
    ) -> Result<Arc<Commitment>, SiteError> {
        if let Some(commitment) = lock(&self.commitments).get(&shard.root) {
            return Ok(commitment.clone());
        }
        if shard.worker == self.me {
            let own = self.db.promises()?.into_iter().map(|(_, promise)| promise).find(|own| own.root == shard.root);
            let own = own.ok_or(SiteError::Inconsistent("an own promise is gone"))?;
            return Ok(Arc::new(Commitment { secret: own.secret, ids: own.ids }));
        }
        let committed = Committed { shard: shard.id, worker: shard.worker, root: shard.root, leaves: shard.leaves() };
        let mut failure = SiteError::Inconsistent("nobody who holds the outputs has an endpoint");
        for endpoint in self.holders(view, &shard.worker) {
            match self.ask_commitment(&endpoint, &committed).await {
                Ok(shown) => {
                    let shown = Arc::new(shown);
                    lock(&self.commitments).insert(shard.root, shown.clone());
                    return Ok(shown);
                }
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    async fn ask_commitment(&self, endpoint: &Endpoint, committed: &Committed) -> Result<Commitment, SiteError> {
        let Response::Secret(shown) = self.peer.ask(endpoint, &Request::Secret { shard: committed.shard }).await?
        else {
            return Err(NetError::Malformed.into());
        };
        // The root alone fixes secret and ids.
        committed.verify_secret(&shown, &secret_hash(&shown.secret))?;
        Ok(shown)
    }

    /// Endpoints of the other parties: `first` before those that only may hold what it made.
    fn holders(&self, view: &ShardView, first: &[u8; 32]) -> Vec<Endpoint> {
        let others = view.endpoints.iter().filter(|(account, _)| *account != self.me).cloned();
        let (mut from, others): (Vec<_>, Vec<_>) = others.partition(|(account, _)| account == first);
        from.extend(others);
        from.into_iter().map(|(_, endpoint)| endpoint).collect()
    }
}

// SPDX-License-Identifier: Apache-2.0
//! What parties ask each other off chain, and what they answer.
//!
//! The asker knows from the chain what was drawn, so an answer names no positions: it has exactly one entry for each thing
//! drawn, in draw order. Nothing here is believed: every `verify` ends at a root or digest that stands on chain.

use super::PeerId;
use codec::{Decode, DecodeAll, Encode};
use quern_primitives::commitment::{leaf_list, opened_digest, results_digest, secret_hash, LeafProof};
use quern_primitives::job::Blob;
use quern_primitives::{Account, BlobId, DisputeId, ShardId};

/// What a peer asks of a worker. The asker is known by its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Request {
    /// The checkpoints before the drawn runs (a drawn validator, after `open_checkpoints`).
    #[codec(index = 0)]
    Opening {
        /// The shard.
        shard: ShardId,
    },
    /// The ids at the drawn segments (a drawn validator, after it committed its audit and the worker revealed).
    #[codec(index = 1)]
    Results {
        /// The shard.
        shard: ShardId,
    },
    /// The secret and the ids behind the root (anybody, after the reveals).
    #[codec(index = 2)]
    Secret {
        /// The shard.
        shard: ShardId,
    },
    /// One tensor of a posted trace (a challenger).
    #[codec(index = 3)]
    TraceTensor {
        /// The dispute.
        dispute: DisputeId,
        /// The operator's position in the trace.
        op: u16,
    },
}

/// The answer to the request of the same name.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Response {
    /// One checkpoint for each drawn run that does not begin with its task. Its tensors are served to the asker as blobs.
    #[codec(index = 0)]
    Opening(Vec<Checkpoint>),
    /// One leaf for each drawn segment.
    #[codec(index = 1)]
    Results(Vec<LeafProof>),
    /// What is behind the root.
    #[codec(index = 2)]
    Secret(Commitment),
    /// The tensor, served to the asker as a blob.
    #[codec(index = 3)]
    TraceTensor(Blob),
}

/// A checkpoint that was committed to.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Checkpoint {
    /// Its place under the root.
    pub leaf: LeafProof,
    /// The ids of its tensors, in order; their lengths follow from the program.
    pub tensors: Vec<BlobId>,
}

/// What is behind a shard's root.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Commitment {
    /// The shard secret.
    pub secret: [u8; 32],
    /// The id at every position: checkpoints and outputs.
    pub ids: Vec<BlobId>,
}

/// A committed shard as the chain knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The shard.
    pub shard: ShardId,
    /// Its worker.
    pub worker: Account,
    /// The posted root.
    pub root: BlobId,
    /// How many leaves it has.
    pub leaves: u32,
}

/// Why an answer is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unproven {
    /// It has another number of entries than was drawn.
    #[error("not as many entries as were drawn")]
    Count,
    /// A leaf is not under the posted root.
    #[error("entry {0} is not under the posted root")]
    Leaf(u32),
    /// The tensors of a checkpoint do not make its id.
    #[error("the tensors of entry {0} do not make the checkpoint's id")]
    Tensors(u32),
    /// The ids do not hash to the posted digest.
    #[error("the ids are not those of the posted digest")]
    Digest,
    /// The secret is not the one committed to.
    #[error("the secret is not the one committed to")]
    Secret,
    /// The secret and the ids do not make the posted root.
    #[error("the ids do not make the posted root")]
    Root,
}

impl Committed {
    /// Checks opened checkpoints against the root and the posted digest. `positions` are the leaves before the drawn runs, in
    /// draw order, without the runs that begin with their task.
    pub fn verify_opening(
        &self,
        checkpoints: &[Checkpoint],
        positions: &[u32],
        digest: &[u8; 32],
    ) -> Result<(), Unproven> {
        let ids = self.verify_leaves(checkpoints.iter().map(|checkpoint| &checkpoint.leaf), positions)?;
        for (entry, checkpoint) in (0u32..).zip(checkpoints) {
            if BlobId::of_list(&checkpoint.tensors) != checkpoint.leaf.id {
                return Err(Unproven::Tensors(entry));
            }
        }
        (opened_digest(&self.shard, &ids) == *digest).then_some(()).ok_or(Unproven::Digest)
    }

    /// Checks revealed results against the root and the posted digest, and returns their ids. `positions` are the drawn
    /// segments, in draw order.
    pub fn verify_results(
        &self,
        leaves: &[LeafProof],
        positions: &[u32],
        digest: &[u8; 32],
    ) -> Result<Vec<BlobId>, Unproven> {
        let ids = self.verify_leaves(leaves.iter(), positions)?;
        (results_digest(&self.shard, &ids) == *digest).then_some(ids).ok_or(Unproven::Digest)
    }

    /// Checks that the secret is the one behind `committed` (posted with the root) and that with the ids it makes the root.
    pub fn verify_secret(&self, shown: &Commitment, committed: &[u8; 32]) -> Result<(), Unproven> {
        if secret_hash(&shown.secret) != *committed {
            return Err(Unproven::Secret);
        }
        if shown.ids.len() != self.leaves as usize {
            return Err(Unproven::Count);
        }
        let list = leaf_list(&shown.secret, &self.worker, &self.shard, &shown.ids);
        (BlobId::of(&list) == self.root).then_some(()).ok_or(Unproven::Root)
    }

    fn verify_leaves<'a>(
        &self,
        leaves: impl ExactSizeIterator<Item = &'a LeafProof>,
        positions: &[u32],
    ) -> Result<Vec<BlobId>, Unproven> {
        if leaves.len() != positions.len() {
            return Err(Unproven::Count);
        }
        (0u32..)
            .zip(leaves.zip(positions))
            .map(|(entry, (leaf, position))| {
                leaf.verify(&self.root, self.leaves, &self.worker, &self.shard, *position)
                    .map_err(|_| Unproven::Leaf(entry))
            })
            .collect()
    }
}

/// Answers typed requests; any such type is a [`Handler`](super::Handler) by [`Answering`].
pub trait Answer: Send + Sync + 'static {
    /// Answers a request of the peer `from`, or refuses it with a short reason. The same request may arrive twice.
    fn answer(
        &self,
        from: PeerId,
        request: Request,
    ) -> impl std::future::Future<Output = Result<Response, String>> + Send;
}

/// Turns an [`Answer`] into a [`Handler`](super::Handler).
#[derive(Clone, Debug)]
pub struct Answering<A>(pub A);

impl<A: Answer> super::Handler for Answering<A> {
    fn handle(&self, from: PeerId, request: Vec<u8>) -> futures::future::BoxFuture<'_, Result<Vec<u8>, String>> {
        Box::pin(async move {
            let request = Request::decode_all(&mut request.as_slice()).map_err(|_| "malformed request")?;
            Ok(self.0.answer(from, request).await?.encode())
        })
    }
}

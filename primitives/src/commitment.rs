// SPDX-License-Identifier: Apache-2.0
//! What workers and auditors commit to before anybody may see it: blinded leaves, digests and sealed audits.

use crate::{
    slice::{prove_list_entry, verify_list_entry, SliceError, SliceProof},
    tagged, tags, Account, BlobId, JobId, ShardId,
};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode};
use core::fmt;
use scale_info::TypeInfo;

/// The blinded leaf of the checkpoint or output `id` at `position` of a shard. It shows nothing without the leaf's
/// secret, and is worthless to any other worker.
pub fn leaf(secret: &[u8; 32], worker: &Account, shard: &ShardId, position: u32, id: &BlobId) -> [u8; 32] {
    tagged(tags::LEAF, &(secret, worker, shard, position, id))
}

/// The secret of the leaf at `position`. Showing one shows nothing of the others.
pub fn leaf_secret(shard_secret: &[u8; 32], position: u32) -> [u8; 32] {
    tagged(tags::SECRET, &(shard_secret, position))
}

/// What a worker posts of its shard secret beside the root.
pub fn secret_hash(shard_secret: &[u8; 32]) -> [u8; 32] {
    tagged(tags::SHARD_SECRET, &(shard_secret,))
}

/// The list blob behind a shard root: one leaf for each of `ids`, in order. The root is its [`BlobId::of`].
pub fn leaf_list<'a>(
    shard_secret: &[u8; 32],
    worker: &Account,
    shard: &ShardId,
    ids: impl IntoIterator<Item = &'a BlobId>,
) -> Vec<u8> {
    let mut list = Vec::new();
    for (position, id) in (0u32..).zip(ids) {
        list.extend_from_slice(&leaf(&leaf_secret(shard_secret, position), worker, shard, position, id));
    }
    list
}

/// The digest of the ids before each drawn run, in draw order.
pub fn opened_digest(shard: &ShardId, ids: &[BlobId]) -> [u8; 32] {
    tagged(tags::OPENED, &(shard, ids))
}

/// The digest of the ids of the drawn segments, in draw order.
pub fn results_digest(shard: &ShardId, ids: &[BlobId]) -> [u8; 32] {
    tagged(tags::RESULTS, &(shard, ids))
}

/// An auditor's sealed answer: what it was shown and what it computed.
pub fn audit_seal(
    salt: &[u8; 32],
    auditor: &Account,
    shard: &ShardId,
    opened: &[u8; 32],
    results: &[u8; 32],
) -> [u8; 32] {
    tagged(tags::AUDIT, &(salt, auditor, shard, opened, results))
}

/// The seed of a task: the same for every worker, chosen by nobody. `randomness` is drawn after the job's submission.
pub fn task_seed(genesis: &[u8; 32], job: JobId, stage: u16, task: u32, randomness: &[u8; 32]) -> [u8; 32] {
    tagged(tags::TASK_SEED, &(genesis, job, stage, task, randomness))
}

/// Shows the id at one position of a committed shard.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct LeafProof {
    /// The checkpoint or output.
    pub id: BlobId,
    /// The leaf's secret.
    pub secret: [u8; 32],
    /// The slice proof of the leaf in the list behind the shard root.
    pub proof: SliceProof,
}

impl LeafProof {
    /// Proves the `id` at `position` of the committed list `list` (see [`leaf_list`]).
    pub fn new(list: &[u8], shard_secret: &[u8; 32], position: u32, id: BlobId) -> Self {
        let proof = prove_list_entry(list, u64::from(position));
        Self { id, secret: leaf_secret(shard_secret, position), proof }
    }

    /// Checks the proof against the root of a shard of `leaves` leaves, and returns the id.
    pub fn verify(
        &self,
        root: &BlobId,
        leaves: u32,
        worker: &Account,
        shard: &ShardId,
        position: u32,
    ) -> Result<BlobId, LeafError> {
        let entry =
            verify_list_entry(root, u64::from(leaves), u64::from(position), &self.proof).map_err(LeafError::Proof)?;
        if entry.0 == leaf(&self.secret, worker, shard, position, &self.id) {
            Ok(self.id)
        } else {
            Err(LeafError::Leaf)
        }
    }
}

/// Why a [`LeafProof`] is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeafError {
    /// The slice proof does not show the leaf.
    Proof(SliceError),
    /// The leaf is not of this id, secret, worker, shard and position.
    Leaf,
}

impl fmt::Display for LeafError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Proof(error) => write!(f, "the leaf is not proven: {error}"),
            Self::Leaf => f.write_str("the leaf is not of this id, secret, worker, shard and position"),
        }
    }
}

impl core::error::Error for LeafError {}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    const SECRET: [u8; 32] = [1; 32];
    const WORKER: Account = [2; 32];
    const SHARD: ShardId = ShardId { job: 3, stage: 4, index: 5 };

    fn committed(leaves: u32) -> (Vec<BlobId>, Vec<u8>, BlobId) {
        let ids: Vec<BlobId> = (0..leaves).map(|position| BlobId::of(&position.to_le_bytes())).collect();
        let list = leaf_list(&SECRET, &WORKER, &SHARD, &ids);
        let root = BlobId::of(&list);
        (ids, list, root)
    }

    #[test]
    fn leaf_proof_should_verify_when_honest() {
        for leaves in [1, 2, 31, 32, 33, 64, 65, 1_000] {
            let (ids, list, root) = committed(leaves);
            for position in [0, leaves / 2, leaves - 1] {
                let id = ids[position as usize];
                let proof = LeafProof::new(&list, &SECRET, position, id);
                assert_eq!(proof.verify(&root, leaves, &WORKER, &SHARD, position), Ok(id));
            }
        }
    }

    #[test]
    fn leaf_proof_should_be_refused_when_anything_differs() {
        let (ids, list, root) = committed(100);
        let proof = LeafProof::new(&list, &SECRET, 7, ids[7]);
        let check = |proof: &LeafProof| proof.verify(&root, 100, &WORKER, &SHARD, 7);
        assert_eq!(check(&LeafProof { id: ids[8], ..proof.clone() }), Err(LeafError::Leaf));
        assert_eq!(check(&LeafProof { secret: leaf_secret(&SECRET, 8), ..proof.clone() }), Err(LeafError::Leaf));
        assert_eq!(proof.verify(&root, 100, &[9; 32], &SHARD, 7), Err(LeafError::Leaf));
        assert_eq!(proof.verify(&root, 100, &WORKER, &ShardId { index: 6, ..SHARD }, 7), Err(LeafError::Leaf));
        assert_eq!(proof.verify(&root, 100, &WORKER, &SHARD, 8), Err(LeafError::Leaf));
        assert_eq!(proof.verify(&root, 100, &WORKER, &SHARD, 100), Err(LeafError::Proof(SliceError::OutOfRange)));
        assert_eq!(proof.verify(&ids[0], 100, &WORKER, &SHARD, 7), Err(LeafError::Proof(SliceError::Mismatch)));
    }

    #[test]
    fn digests_should_differ_when_only_the_purpose_differs() {
        let ids = [BlobId::of(b"a"), BlobId::of(b"b")];
        assert_ne!(opened_digest(&SHARD, &ids), results_digest(&SHARD, &ids));
        assert_ne!(opened_digest(&SHARD, &ids), opened_digest(&SHARD, &[ids[1], ids[0]]));
    }

    #[test]
    fn leaf_error_should_say_what_is_wrong_when_printed() {
        assert!(format!("{}", LeafError::Proof(SliceError::Trailing)).contains("bytes follow"));
    }
}

// SPDX-License-Identifier: Apache-2.0
//! Tagged hashing. Every hash that is not the name of a blob starts with the tag of its purpose, so that no two purposes
//! can share a preimage.

use alloc::vec::Vec;
use codec::Encode;

/// The domain tags.
pub mod tags {
    /// A blinded leaf of a commitment: (secret, worker, shard, position, id).
    pub const LEAF: &[u8] = b"quern/leaf/v1";
    /// The secret of one leaf: (shard secret, position).
    pub const SECRET: &[u8] = b"quern/secret/v1";
    /// The hash by which a worker commits to its shard secret: (shard secret,).
    pub const SHARD_SECRET: &[u8] = b"quern/shard-secret/v1";
    /// The digest of opened checkpoint ids, in draw order: (shard, ids).
    pub const OPENED: &[u8] = b"quern/opened/v1";
    /// The digest of sampled result ids, in draw order: (shard, ids).
    pub const RESULTS: &[u8] = b"quern/results/v1";
    /// A sealed audit: (salt, auditor, shard, opened digest, results digest).
    pub const AUDIT: &[u8] = b"quern/audit/v1";
    /// The seed of a task: (genesis hash, job, stage, task, randomness drawn after submission).
    pub const TASK_SEED: &[u8] = b"quern/task-seed/v1";
    /// The ChaCha8 key of a random operator: (task seed, loop step, operator index).
    pub const RANDOM: &[u8] = b"quern/random/v1";
    /// The seed of a draw: (purpose, period seed, subject).
    pub const DRAW: &[u8] = b"quern/draw/v1";
    /// The seed of a draw period: (previous mix, VRF output of one block).
    pub const PERIOD: &[u8] = b"quern/period/v1";
    /// The evidence of an offence: (dispute's number, dispute, stage context, index of the call, the call's arguments).
    pub const EVIDENCE: &[u8] = b"quern/evidence/v1";
    /// The evidence of an equivocation: the bytes of the transaction that reports it.
    pub const REPORT: &[u8] = b"quern/report/v1";
    /// The message of an enrolment: (block hash, enrolment).
    pub const ENROL: &[u8] = b"quern/enrol/v1";
    /// A planted error: (salt, planted result).
    pub const PLANT: &[u8] = b"quern/plant/v1";
    /// A decoy, which looks like a planted error: (salt,).
    pub const DECOY: &[u8] = b"quern/decoy/v1";
}

/// `BLAKE3(u8 length of tag || tag || SCALE(body))`.
pub fn tagged(tag: &[u8], body: &impl Encode) -> [u8; 32] {
    let mut preimage = Vec::with_capacity(tag.len().saturating_add(256));
    preimage.push(tag.len() as u8);
    preimage.extend_from_slice(tag);
    body.encode_to(&mut preimage);
    *blake3::hash(&preimage).as_bytes()
}

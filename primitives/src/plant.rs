// SPDX-License-Identifier: Apache-2.0
//! Planted errors: wrong results whose worker has said beforehand that they are wrong, in a hash. Nobody can tell such a hash from
//! that of a decoy, which is about nothing, before one of them is opened.

use crate::{tagged, tags, Account, Balance, BlobId, Height, ShardId};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// The result that a plant says is wrong: that of one commitment, and of no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct PlantedResult {
    /// The shard.
    pub shard: ShardId,
    /// How often the shard had been put back into the queue when it was committed.
    pub attempt: u16,
    /// Who commits.
    pub worker: Account,
    /// The shard root that it commits to.
    pub root: BlobId,
}

impl PlantedResult {
    /// What the account `owner` posts of the plant; a copy of it covers nothing for anybody else. `salt` is 32 random bytes.
    pub fn hash(&self, owner: &Account, salt: &[u8; 32]) -> [u8; 32] {
        tagged(tags::PLANT, &(salt, owner, self))
    }
}

/// What the account `owner` posts of a decoy: a hash that looks like a plant's and is about nothing.
pub fn decoy_hash(owner: &Account, salt: &[u8; 32]) -> [u8; 32] {
    tagged(tags::DECOY, &(salt, owner))
}

/// A posted plant or decoy. Which of the two it is shows when it is opened.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Plant {
    /// Who posted it.
    pub owner: Account,
    /// What it holds for it.
    pub deposit: Balance,
    /// Height at which it was posted. It covers only commitments of later heights.
    pub posted_at: Height,
    /// Height from which anybody can have the deposit burned.
    pub expires_at: Height,
}

/// The commitment that a worker was convicted of, as far as a plant is compared with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct ConvictedResult {
    /// Who waits for the result.
    pub requester: Account,
    /// How often the shard had been put back into the queue when it was committed.
    pub attempt: u16,
    /// The shard root.
    pub root: BlobId,
    /// Height of the commitment.
    pub committed_at: Height,
    /// Whether it had been accepted and its job is spoiled without it: a later stage had been begun that reads it, the job was complete, or
    /// there is no place for the shard to be issued again.
    pub breaks_job: bool,
    /// What would have been paid beside its price, to auditors and the protocol, if it had been accepted by then.
    pub fees: Balance,
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: Account = [0x33; 32];

    fn planted() -> PlantedResult {
        let shard = ShardId { job: 7, stage: 1, index: 3 };
        PlantedResult { shard, attempt: 2, worker: [0x22; 32], root: BlobId([0x77; 32]) }
    }

    #[test]
    fn hash_should_change_with_everything_that_is_planted() {
        let salt = [0x44; 32];
        let hash = planted().hash(&OWNER, &salt);
        let others = [
            PlantedResult { shard: ShardId { index: 4, ..planted().shard }, ..planted() },
            PlantedResult { attempt: 3, ..planted() },
            PlantedResult { worker: [0x23; 32], ..planted() },
            PlantedResult { root: BlobId([0x78; 32]), ..planted() },
        ];
        assert!(others.iter().all(|other| other.hash(&OWNER, &salt) != hash));
        assert_ne!(planted().hash(&OWNER, &[0x45; 32]), hash);
        assert_ne!(planted().hash(&[0x34; 32], &salt), hash);
    }

    #[test]
    fn decoy_should_differ_from_every_plant_of_its_salt() {
        assert_ne!(decoy_hash(&OWNER, &[0x44; 32]), planted().hash(&OWNER, &[0x44; 32]));
        assert_ne!(decoy_hash(&OWNER, &[0x44; 32]), decoy_hash(&OWNER, &[0x45; 32]));
        assert_ne!(decoy_hash(&OWNER, &[0x44; 32]), decoy_hash(&[0x34; 32], &[0x44; 32]));
    }
}

// SPDX-License-Identifier: Apache-2.0
//! Names of things: blobs, jobs, shards, disputes.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::fmt;
use scale_info::TypeInfo;

/// An account: the 32 bytes of its public key.
pub type Account = [u8; 32];
/// An amount of QRN in its smallest unit (10^-12 QRN).
pub type Balance = u128;
/// A block's height.
pub type BlockNumber = u32;
/// A block's height, where it is an argument of the protocol.
pub type Height = BlockNumber;
/// Consecutive number of a job.
pub type JobId = u64;
/// Consecutive number of a dispute.
pub type DisputeId = u64;

/// One QRN in its smallest unit.
pub const QRN: Balance = 1_000_000_000_000;

/// The BLAKE3 hash of a blob's bytes: its name.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct BlobId(pub [u8; 32]);

impl BlobId {
    /// The id of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// The id of the list blob that holds `ids` one after the other.
    pub fn of_list<'a>(ids: impl IntoIterator<Item = &'a BlobId>) -> Self {
        let mut hasher = blake3::Hasher::new();
        for id in ids {
            hasher.update(&id.0);
        }
        Self(*hasher.finalize().as_bytes())
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A shard: `index`-th contiguous range of the tasks of a stage of a job.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct ShardId {
    /// The job.
    pub job: JobId,
    /// Index of the stage in the job.
    pub stage: u16,
    /// Index of the shard in the stage.
    pub index: u32,
}

impl fmt::Display for ShardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.job, self.stage, self.index)
    }
}

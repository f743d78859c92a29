// SPDX-License-Identifier: Apache-2.0
//! What a requester pays for, and how long it can be.

pub use crate::device::{Accelerator, Profile, Region, Requirements, MAX_DEVICE_NAME, MAX_REGIONS};
use crate::{Balance, BlobId, Height};
use alloc::{collections::BTreeSet, vec::Vec};
use bounded_collections::{BoundedVec, ConstU32};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// Most stages of a job. Bounds the stage list kept in state (about 1.2 KiB a stage at the limit of inputs).
pub const MAX_STAGES: u32 = 64;
/// Most inputs of a stage.
pub const MAX_STAGE_INPUTS: u32 = 16;
/// Most tasks of a stage: the largest list blob a shard or stage root covers stays below 2 MiB of leaves a shard.
pub const MAX_TASKS: u32 = 65_536;
/// Most shards of a stage: bounds the work of opening a stage.
pub const MAX_SHARDS: u32 = 256;
/// Most shards of all earlier stages that one stage reads: bounds what a move in a dispute reads from the state.
pub const MAX_READ_SHARDS: u32 = 256;
/// Most bytes of all checkpoints of a shard: a worker keeps them until the shard is settled.
pub const MAX_CHECKPOINT_BYTES: u64 = 4 << 30;
/// What a blob that a worker keeps counts for among those bytes beside its own: a file takes room and time however small it is, and a
/// disk has a bounded number of them. A shard leaves at most 2^18.
pub const KEPT_BLOB_BYTES: u64 = 16 << 10;
/// Most leaves (tasks times segments) of a shard.
pub const MAX_LEAVES: u32 = 65_536;
/// Most socket addresses of an endpoint.
pub const MAX_ADDRESSES: u32 = 4;
/// Most endpoints of a job.
pub const MAX_ENDPOINTS: u32 = 4;

/// A blob and the number of its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Blob {
    /// Its name.
    pub id: BlobId,
    /// Its length in bytes.
    pub len: u64,
}

/// Which outputs of an earlier stage a task reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum OutputMap {
    /// The output of the task with the same index.
    #[codec(index = 0)]
    Same,
    /// The output of one task.
    #[codec(index = 1)]
    Fixed(u32),
    /// All outputs, in order of their tasks, one after the other.
    #[codec(index = 2)]
    All,
}

/// Where the bytes of one input of a program come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum Input {
    /// The whole blob.
    #[codec(index = 0)]
    Blob(Blob),
    /// Task `i` reads bytes `i * stride .. (i + 1) * stride` of the blob.
    #[codec(index = 1)]
    Slice {
        /// The blob that is cut.
        blob: Blob,
        /// Bytes a task.
        stride: u64,
    },
    /// Task `i` reads the blob whose id is the `i`-th of this list blob.
    #[codec(index = 2)]
    List(Blob),
    /// Outputs of an earlier stage.
    #[codec(index = 3)]
    Output {
        /// Index of the earlier stage.
        stage: u16,
        /// Which of its outputs.
        map: OutputMap,
    },
    /// The task's index as one `i32`.
    #[codec(index = 4)]
    Index,
    /// The task's seed as 32 bytes (`i8`).
    #[codec(index = 5)]
    Seed,
}

/// One program applied to `tasks` indices.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Stage {
    /// The published program.
    pub program: BlobId,
    /// Number of tasks, at least one.
    pub tasks: u32,
    /// Tasks a shard (the last may have fewer).
    pub shard_size: u32,
    /// One source for each input of the program.
    pub inputs: BoundedVec<Input, ConstU32<MAX_STAGE_INPUTS>>,
}

impl Stage {
    /// Number of shards.
    pub fn shards(&self) -> u32 {
        self.tasks.div_ceil(self.shard_size.max(1))
    }

    /// First task and number of tasks of a shard.
    pub fn tasks_of(&self, shard: u32) -> (u32, u32) {
        let first = shard.saturating_mul(self.shard_size).min(self.tasks);
        (first, self.tasks.saturating_sub(first).min(self.shard_size))
    }
}

/// How much of the work is audited.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum AuditLevel {
    /// A random sample of segments.
    #[default]
    #[codec(index = 0)]
    Sampled,
    /// Every segment.
    #[codec(index = 1)]
    Full,
}

/// Where blobs are served: an iroh endpoint id and its socket addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Endpoint {
    /// The endpoint's public key.
    pub id: [u8; 32],
    /// Where it can be reached directly.
    pub addresses: BoundedVec<SocketAddress, ConstU32<MAX_ADDRESSES>>,
}

/// A socket address; IPv4 addresses are mapped into IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct SocketAddress {
    /// IPv6 address, or an IPv4 address mapped into it (`::ffff:a.b.c.d`).
    pub ip: [u8; 16],
    /// UDP port.
    pub port: u16,
}

/// What a requester submits.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct JobSpec {
    /// The stages, each reading only earlier ones.
    pub stages: BoundedVec<Stage, ConstU32<MAX_STAGES>>,
    /// Highest price per GMAC.
    pub bid: Balance,
    /// How much is audited.
    pub audit: AuditLevel,
    /// What a worker's device must be.
    pub requirements: Requirements,
    /// Where the input blobs are served, and where the requester fetches from.
    pub endpoints: BoundedVec<Endpoint, ConstU32<MAX_ENDPOINTS>>,
    /// Blocks by which each start, execution and audit has longer than the chain computes. A requester can only lengthen
    /// deadlines, and only so far as the chain's `max_extra_blocks`.
    pub extra_blocks: Height,
}

impl JobSpec {
    /// How often the chain has to look into a program again before it takes the job: once for each program together with
    /// whose outputs it gathers, because their lengths decide how long the proofs of an element can get.
    pub fn gatherings(&self) -> u32 {
        let gathered = |input: &Input| match input {
            Input::Output { stage, map: OutputMap::All } => {
                self.stages.get(usize::from(*stage)).map(|stage| (stage.program, stage.tasks))
            }
            _ => None,
        };
        let looks: BTreeSet<_> = self
            .stages
            .iter()
            .map(|stage| (stage.program, stage.inputs.iter().map(gathered).collect::<Vec<_>>()))
            .filter(|(_, inputs)| inputs.iter().any(Option::is_some))
            .collect();
        looks.len() as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two first stages of one program with 3 and 4 tasks, and stages behind them that gather the outputs of one of these.
    fn spec(gathering: &[(u8, u16)]) -> JobSpec {
        let stage = |program, tasks, inputs: &[Input]| Stage {
            program: BlobId([program; 32]),
            tasks,
            shard_size: 1,
            inputs: BoundedVec::truncate_from(inputs.to_vec()),
        };
        let gather = |(program, stage_read): &(u8, u16)| {
            stage(*program, 1, &[Input::Index, Input::Output { stage: *stage_read, map: OutputMap::All }])
        };
        let first = [stage(0, 3, &[Input::Index]), stage(0, 4, &[Input::Index])];
        JobSpec {
            stages: first.into_iter().chain(gathering.iter().map(gather)).collect::<Vec<_>>().try_into().unwrap(),
            bid: 1,
            audit: AuditLevel::Sampled,
            requirements: Requirements::default(),
            endpoints: BoundedVec::default(),
            extra_blocks: 0,
        }
    }

    #[test]
    fn gatherings_should_count_a_program_once_for_what_it_gathers() {
        assert_eq!(spec(&[]).gatherings(), 0);
        assert_eq!(spec(&[(1, 0), (1, 0)]).gatherings(), 1);
        assert_eq!(spec(&[(1, 0), (1, 1)]).gatherings(), 2, "other lengths");
        assert_eq!(spec(&[(1, 0), (2, 0)]).gatherings(), 2, "another program");
        assert_eq!(spec(&[(1, 9)]).gatherings(), 0, "a stage that is not there is refused without a look");
    }
}

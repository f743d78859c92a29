// SPDX-License-Identifier: Apache-2.0
//! Where the bytes of a task's inputs come from: the same answer for the worker that fetches them, the validator that
//! fetches them again and the referee that wants them proven.

use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use quern_primitives::{
    commitment::{task_seed, LeafError, LeafProof},
    job::{Blob, Input, OutputMap, Stage},
    slice::{self, SliceError, SliceProof},
    Account, BlobId, JobId, ShardId,
};
use quern_program::Context;
use scale_info::TypeInfo;

/// An accepted shard, as later stages read it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct AcceptedShard {
    /// The shard.
    pub id: ShardId,
    /// Who ran it: its leaves are bound to this account.
    pub worker: Account,
    /// Its root.
    pub root: BlobId,
    /// Its first task.
    pub first_task: u32,
    /// Number of its tasks.
    pub tasks: u32,
    /// Leaves of each task.
    pub segments_per_task: u32,
}

impl AcceptedShard {
    /// Leaves of the shard.
    pub fn leaves(&self) -> u32 {
        self.tasks.saturating_mul(self.segments_per_task)
    }

    /// Leaf position of the output of a task.
    pub fn output_position(&self, task: u32) -> Option<u32> {
        let local = task.checked_sub(self.first_task).filter(|local| *local < self.tasks)?;
        local.saturating_add(1).saturating_mul(self.segments_per_task).checked_sub(1)
    }
}

/// The outputs of an earlier stage.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct StageOutputs {
    /// Index of the stage.
    pub stage: u16,
    /// Bytes of one task's output.
    pub output_bytes: u64,
    /// Number of tasks.
    pub tasks: u32,
    /// All its shards, in order.
    pub shards: Vec<AcceptedShard>,
}

/// A stage with everything that decides what its tasks read.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct StageContext {
    /// The genesis block's hash.
    pub genesis: [u8; 32],
    /// The job.
    pub job: JobId,
    /// Index of the stage.
    pub index: u16,
    /// The stage.
    pub stage: Stage,
    /// Randomness of the job, drawn after its submission.
    pub randomness: [u8; 32],
    /// The earlier stages that it reads.
    pub outputs: Vec<StageOutputs>,
}

/// What names a contiguous part of an input, and so what can prove it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The chain knows the bytes.
    Inline(Vec<u8>),
    /// Bytes of a blob from `offset` on.
    Blob {
        /// The blob.
        blob: Blob,
        /// Where the part starts in it.
        offset: u64,
    },
    /// A blob of `len` bytes whose id is an entry of a list blob.
    Listed {
        /// The list.
        list: Blob,
        /// The entry.
        entry: u32,
        /// Length of the listed blob in bytes.
        len: u64,
    },
    /// The output of a task of an accepted shard.
    Output {
        /// The shard.
        shard: AcceptedShard,
        /// The task.
        task: u32,
        /// Length of the output in bytes.
        len: u64,
    },
}

/// A contiguous part of an input's bytes. Bytes that no part covers are missing and read as zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Where it starts in the input's tensor.
    pub start: u64,
    /// Its length in bytes.
    pub len: u64,
    /// Where it comes from.
    pub origin: Origin,
}

impl Part {
    /// The byte after its last one.
    pub fn end(&self) -> u64 {
        self.start.saturating_add(self.len)
    }
}

impl StageContext {
    /// The seed of a task.
    pub fn seed(&self, task: u32) -> [u8; 32] {
        task_seed(&self.genesis, self.job, self.index, task, &self.randomness)
    }

    /// What the program is told about a task.
    pub fn context(&self, task: u32) -> Context {
        Context { index: task, seed: self.seed(task), step: 0 }
    }

    /// The part of input `slot` (a tensor of `bytes` bytes) of a task that holds byte `at`; `None` where it is missing.
    pub fn part(&self, slot: u16, task: u32, bytes: u64, at: u64) -> Option<Part> {
        let part = match *self.stage.inputs.get(usize::from(slot))? {
            Input::Blob(blob) => Part { start: 0, len: blob.len, origin: Origin::Blob { blob, offset: 0 } },
            Input::Slice { blob, stride } => {
                let offset = u64::from(task).checked_mul(stride)?;
                let len = blob.len.checked_sub(offset)?.min(stride);
                Part { start: 0, len, origin: Origin::Blob { blob, offset } }
            }
            Input::List(list) => {
                Part { start: 0, len: bytes, origin: Origin::Listed { list, entry: task, len: bytes } }
            }
            Input::Output { stage, map } => {
                let outputs = self.outputs.iter().find(|outputs| outputs.stage == stage)?;
                let len = outputs.output_bytes;
                let of = match map {
                    OutputMap::Same => task,
                    OutputMap::Fixed(task) => task,
                    OutputMap::All => u32::try_from(at.checked_div(len)?).ok()?,
                };
                let start = if map == OutputMap::All { u64::from(of).checked_mul(len)? } else { 0 };
                let shard = outputs.shards.iter().find(|shard| shard.output_position(of).is_some())?.clone();
                Part { start, len, origin: Origin::Output { shard, task: of, len } }
            }
            Input::Index => Part { start: 0, len: 4, origin: Origin::Inline(task.to_le_bytes().to_vec()) },
            Input::Seed => Part { start: 0, len: 32, origin: Origin::Inline(self.seed(task).to_vec()) },
        };
        let len = part.len.min(bytes.saturating_sub(part.start));
        (part.start <= at && at < part.start.saturating_add(len)).then_some(Part { len, ..part })
    }

    /// All parts of input `slot` (a tensor of `bytes` bytes) of a task, in order.
    pub fn parts(&self, slot: u16, task: u32, bytes: u64) -> Vec<Part> {
        let mut parts = Vec::new();
        let mut at = 0;
        while let Some(part) = self.part(slot, task, bytes, at) {
            at = part.end();
            parts.push(part);
        }
        parts
    }
}

/// How the id of the blob behind a part follows from what the chain knows.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub enum Link {
    /// The chain knows it.
    #[codec(index = 0)]
    Known,
    /// By a slice proof of its entry in the list blob.
    #[codec(index = 1)]
    Listed {
        /// The id.
        id: BlobId,
        /// Proof of the entry.
        proof: SliceProof,
    },
    /// By a leaf of an accepted shard.
    #[codec(index = 2)]
    Leaf(LeafProof),
}

/// Why a link is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkError {
    /// Another kind of link is needed here.
    WrongKind,
    /// The slice proof fails.
    Slice(SliceError),
    /// The leaf proof fails.
    Leaf(LeafError),
    /// The entry shows another id.
    WrongId,
}

/// A blob with the position of a part in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Located {
    /// The blob.
    pub blob: Blob,
    /// Where the part starts in it.
    pub offset: u64,
}

impl Origin {
    /// The blob that the part lies in, once `link` has shown its id. `Inline` parts lie in none.
    pub fn locate(&self, link: &Link) -> Result<Located, LinkError> {
        match (self, link) {
            (Self::Blob { blob, offset }, Link::Known) => Ok(Located { blob: *blob, offset: *offset }),
            (Self::Listed { list, entry, len }, Link::Listed { id, proof }) => {
                let entries = list.len.checked_div(32).unwrap_or(0);
                let shown = slice::verify_list_entry(&list.id, entries, u64::from(*entry), proof);
                if shown.map_err(LinkError::Slice)? != *id {
                    return Err(LinkError::WrongId);
                }
                Ok(Located { blob: Blob { id: *id, len: *len }, offset: 0 })
            }
            (Self::Output { shard, task, len }, Link::Leaf(leaf)) => {
                let position = shard.output_position(*task).ok_or(LinkError::WrongKind)?;
                let id = leaf.verify(&shard.root, shard.leaves(), &shard.worker, &shard.id, position);
                Ok(Located { blob: Blob { id: id.map_err(LinkError::Leaf)?, len: *len }, offset: 0 })
            }
            _ => Err(LinkError::WrongKind),
        }
    }
}

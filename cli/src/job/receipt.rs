// SPDX-License-Identifier: Apache-2.0
//! Receipts: that an output belongs to a completed job, checkable for ever against the job's root on chain.

use anyhow::Context;
use codec::{Decode, DecodeAll, Encode};
use quern_primitives::{
    commitment::{LeafError, LeafProof},
    slice::{prove_list_entry, verify_list_entry, SliceError, SliceProof},
    Account, BlobId, JobId, ShardId,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

/// The name of a receipt's file.
pub const RECEIPT: &str = "receipt.json";
/// What a receipt file says it is.
pub const FORMAT: &str = "quern-receipt/1";

/// The way from a job's root to one output: job root -> stage root -> shard root -> leaf -> id.
///
/// The counts are the lengths of the lists behind the roots. They need no trust: under another length a proof still shows
/// only bytes that really stand at that place of the list, and the leaf is bound to its worker, shard and position.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct OutputPath {
    /// The shard.
    pub shard: ShardId,
    /// Who ran it.
    pub worker: Account,
    /// Stages of the job.
    pub stages: u32,
    /// Shards of the stage.
    pub shards: u32,
    /// Leaves of the shard.
    pub leaves: u32,
    /// Position of the output's leaf.
    pub position: u32,
    /// The stage's root.
    pub stage_root: BlobId,
    /// The shard's root.
    pub shard_root: BlobId,
    /// That the stage's root is in the list behind the job's root.
    pub in_job: SliceProof,
    /// That the shard's root is in the list behind the stage's root.
    pub in_stage: SliceProof,
    /// That the output's id is in the list behind the shard's root.
    pub in_shard: LeafProof,
}

/// Why a receipt proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unproven {
    /// The stage's root is not under the job's root.
    Stage(Option<SliceError>),
    /// The shard's root is not under the stage's root.
    Shard(Option<SliceError>),
    /// The output is not under the shard's root.
    Leaf(LeafError),
}

impl std::fmt::Display for Unproven {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let why = |f: &mut std::fmt::Formatter<'_>, error: &Option<SliceError>| match error {
            Some(error) => write!(f, ": {error}"),
            None => f.write_str(": another root stands there"),
        };
        match self {
            Self::Stage(error) => f.write_str("the stage is not under the job's root").and_then(|()| why(f, error)),
            Self::Shard(error) => f.write_str("the shard is not under the stage's root").and_then(|()| why(f, error)),
            Self::Leaf(error) => write!(f, "the output is not under the shard's root: {error}"),
        }
    }
}

impl std::error::Error for Unproven {}

/// What a path is made from: the lists behind the roots.
#[derive(Clone, Debug)]
pub struct Lists<'a> {
    /// Roots of the job's stages.
    pub stage_roots: &'a [BlobId],
    /// Roots of the stage's shards.
    pub shard_roots: &'a [BlobId],
    /// The shard's blinded leaves.
    pub leaves: &'a [u8],
}

impl OutputPath {
    /// The path to the output with this id at `position` of a shard.
    pub fn new(
        shard: ShardId,
        worker: Account,
        lists: &Lists<'_>,
        secret: &[u8; 32],
        position: u32,
        id: BlobId,
    ) -> anyhow::Result<Self> {
        let stage_root = *lists.stage_roots.get(usize::from(shard.stage)).context("the job has no such stage")?;
        let shard_root = *lists.shard_roots.get(shard.index as usize).context("the stage has no such shard")?;
        Ok(Self {
            shard,
            worker,
            stages: lists.stage_roots.len() as u32,
            shards: lists.shard_roots.len() as u32,
            leaves: (lists.leaves.len() / 32) as u32,
            position,
            stage_root,
            shard_root,
            in_job: prove_list_entry(&concat(lists.stage_roots), u64::from(shard.stage)),
            in_stage: prove_list_entry(&concat(lists.shard_roots), u64::from(shard.index)),
            in_shard: LeafProof::new(lists.leaves, secret, position, id),
        })
    }

    /// Checks the whole way down from the job's root, and returns the output's id.
    pub fn verify(&self, job_root: &BlobId) -> Result<BlobId, Unproven> {
        let stage = verify_list_entry(job_root, self.stages.into(), self.shard.stage.into(), &self.in_job);
        if stage.map_err(|error| Unproven::Stage(Some(error)))? != self.stage_root {
            return Err(Unproven::Stage(None));
        }
        let shard = verify_list_entry(&self.stage_root, self.shards.into(), self.shard.index.into(), &self.in_stage);
        if shard.map_err(|error| Unproven::Shard(Some(error)))? != self.shard_root {
            return Err(Unproven::Shard(None));
        }
        self.in_shard
            .verify(&self.shard_root, self.leaves, &self.worker, &self.shard, self.position)
            .map_err(Unproven::Leaf)
    }
}

fn concat(roots: &[BlobId]) -> Vec<u8> {
    roots.iter().flat_map(|root| root.0).collect()
}

/// An output in a receipt file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptOutput {
    /// The stage.
    pub stage: u16,
    /// The task.
    pub task: u32,
    /// Its id in hexadecimal.
    pub id: String,
    /// Its length in bytes.
    pub len: u64,
    /// Its file, relative to the receipt's folder.
    pub file: PathBuf,
    /// The SCALE encoding of its [`OutputPath`], in hexadecimal.
    pub proof: String,
}

impl ReceiptOutput {
    /// An output with its path.
    pub fn new(stage: u16, task: u32, len: u64, file: PathBuf, path: &OutputPath) -> Self {
        let id = crate::output::full(&path.in_shard.id.0);
        Self { stage, task, id, len, file, proof: format!("0x{}", hex::encode(path.encode())) }
    }

    /// Its path from the job's root.
    pub fn path(&self) -> anyhow::Result<OutputPath> {
        let bytes = hex::decode(self.proof.strip_prefix("0x").unwrap_or(&self.proof))
            .context("the proof is not hexadecimal")?;
        OutputPath::decode_all(&mut bytes.as_slice()).context("the proof cannot be read")
    }
}

/// A receipt file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// [`FORMAT`].
    pub format: String,
    /// The chain's genesis hash, in hexadecimal.
    pub genesis: String,
    /// The job.
    pub job: JobId,
    /// The job's root, in hexadecimal: the same stands on chain.
    pub root: String,
    /// What was fetched.
    pub outputs: Vec<ReceiptOutput>,
}

impl Receipt {
    /// Reads a receipt file.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
        Self::parse(&text).with_context(|| format!("{} is not a receipt", path.display()))
    }

    /// Reads a receipt's text.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let receipt: Self = serde_json::from_str(text)?;
        anyhow::ensure!(receipt.format == FORMAT, "its format is {:?}, not {FORMAT:?}", receipt.format);
        Ok(receipt)
    }

    /// The other jobs for which its outputs were computed: a fork takes results over under the number that they were
    /// computed for.
    pub fn taken_over(&self) -> anyhow::Result<BTreeSet<JobId>> {
        let mut jobs = BTreeSet::new();
        for output in &self.outputs {
            jobs.insert(output.path()?.shard.job);
        }
        jobs.remove(&self.job);
        Ok(jobs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quern_primitives::commitment::leaf_list;

    const WORKER: Account = [7; 32];
    const SECRET: [u8; 32] = [9; 32];

    /// A job of three stages; the path to leaf 5 of shard 2 of stage 1, and the job's root.
    fn path() -> (OutputPath, BlobId) {
        let shard = ShardId { job: 4, stage: 1, index: 2 };
        let ids: Vec<BlobId> = (0..12u8).map(|byte| BlobId::of(&[byte])).collect();
        let leaves = leaf_list(&SECRET, &WORKER, &shard, &ids);
        let shard_roots = [BlobId([1; 32]), BlobId([2; 32]), BlobId::of(&leaves), BlobId([4; 32])];
        let stage_roots = [BlobId([5; 32]), BlobId::of_list(&shard_roots), BlobId([6; 32])];
        let lists = Lists { stage_roots: &stage_roots, shard_roots: &shard_roots, leaves: &leaves };
        let path = OutputPath::new(shard, WORKER, &lists, &SECRET, 5, ids[5]).unwrap();
        (path, BlobId::of_list(&stage_roots))
    }

    fn receipt() -> Receipt {
        let (path, root) = path();
        let output = ReceiptOutput::new(1, 5, 1, "stage-1/task-5.bin".into(), &path);
        let genesis = hex::encode([3; 32]);
        Receipt { format: FORMAT.into(), genesis, job: 4, root: hex::encode(root.0), outputs: vec![output] }
    }

    #[test]
    fn path_should_show_the_output_when_nothing_is_changed() {
        let (path, root) = path();
        assert_eq!(path.verify(&root), Ok(BlobId::of(&[5])));
    }

    #[test]
    fn path_should_be_refused_when_the_job_has_another_root() {
        assert!(matches!(path().0.verify(&BlobId([0; 32])), Err(Unproven::Stage(Some(_)))));
    }

    #[test]
    fn path_should_be_refused_when_any_part_is_changed() {
        let (path, root) = path();
        let changes: [fn(&mut OutputPath); 12] = [
            |path| path.shard.job += 1,
            |path| path.shard.stage = 0,
            |path| path.shard.index = 0,
            |path| path.worker[0] ^= 1,
            |path| path.stages = 1,
            |path| path.shards = 2,
            |path| path.leaves = 5,
            |path| path.position = 4,
            |path| path.stage_root.0[0] ^= 1,
            |path| path.shard_root.0[0] ^= 1,
            |path| path.in_shard.id.0[0] ^= 1,
            |path| path.in_shard.secret[0] ^= 1,
        ];
        for (index, change) in changes.iter().enumerate() {
            let mut path = path.clone();
            change(&mut path);
            assert!(path.verify(&root).is_err(), "change {index}");
        }
    }

    #[test]
    fn path_should_be_refused_when_any_bit_of_a_proof_is_flipped() {
        let (path, root) = path();
        let proofs: [fn(&mut OutputPath) -> &mut Vec<u8>; 3] =
            [|path| &mut path.in_job.0, |path| &mut path.in_stage.0, |path| &mut path.in_shard.proof.0];
        for proof in proofs {
            for byte in 0..proof(&mut path.clone()).len() {
                let mut path = path.clone();
                proof(&mut path)[byte] ^= 1;
                assert!(path.verify(&root).is_err(), "byte {byte}");
            }
        }
    }

    #[test]
    fn receipt_should_be_the_same_when_written_and_read() {
        let receipt = receipt();
        let text = serde_json::to_string_pretty(&receipt).unwrap();
        assert_eq!(Receipt::parse(&text).unwrap(), receipt);
        assert_eq!(receipt.outputs[0].path().unwrap(), path().0);
    }

    #[test]
    fn receipt_should_be_refused_when_it_is_of_another_format() {
        let text = serde_json::to_string(&receipt()).unwrap().replace(FORMAT, "quern-receipt/2");
        assert!(Receipt::parse(&text).is_err());
    }

    #[test]
    fn receipt_should_name_the_jobs_that_a_fork_took_results_over_from() {
        assert_eq!(receipt().taken_over().unwrap(), BTreeSet::new());
        let of_fork = Receipt { job: 9, ..receipt() };
        assert_eq!(of_fork.taken_over().unwrap(), BTreeSet::from([4]));
    }

    #[test]
    fn proof_should_be_refused_when_bytes_are_missing_or_left() {
        let good = receipt().outputs.remove(0);
        for proof in [good.proof[4..].to_owned(), format!("{}00", good.proof), "zz".into()] {
            assert!(ReceiptOutput { proof, ..good.clone() }.path().is_err());
        }
    }
}

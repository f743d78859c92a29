// SPDX-License-Identifier: Apache-2.0
//! Weights of the calls and hooks, counted by hand until they are measured.
//!
//! Computation: BLAKE3 in wasm takes about 2 us a KiB, decoding and checking a program of 64 KiB about 1 ms, a leaf proof
//! 10 us, one element at most 100 us (11,008 products or a softmax of 1,024 columns). The largest conviction hashes 32 KiB
//! of proofs and 64 links: below 1 ms. Storage: `DbWeight` for every item read and written in the worst case. The proof
//! size is that of a dispute (17 KiB), a program (64 KiB), a shard (2 KiB) and a stage context with its job (128 KiB).

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weight functions of the pallet.
pub trait WeightInfo {
    /// A block in which nothing is due.
    fn idle() -> Weight;
    /// One draw among `v` validators.
    fn draw(v: u32) -> Weight;
    /// One deadline of a dispute.
    fn expire() -> Weight;
    /// `open_checkpoints`
    fn open_checkpoints() -> Weight;
    /// `demand_opening`
    fn demand_opening() -> Weight;
    /// `answer_opening` with `n` ids
    fn answer_opening(n: u32) -> Weight;
    /// `commit_audit`
    fn commit_audit() -> Weight;
    /// `reveal_results`
    fn reveal_results() -> Weight;
    /// `reveal_audit`, when it completes a stage
    fn reveal_audit() -> Weight;
    /// `reveal_audit`, when it accepts a shard
    fn settle() -> Weight;
    /// `open_dispute`
    fn open_dispute() -> Weight;
    /// `post_trace`
    fn post_trace() -> Weight;
    /// `name_operator`
    fn name_operator() -> Weight;
    /// `demand_output`
    fn demand_output() -> Weight;
    /// `open_subtrees`
    fn open_subtrees() -> Weight;
    /// `open_chunk`
    fn open_chunk() -> Weight;
    /// `convict`, with the largest proofs
    fn convict() -> Weight;
    /// `convict_length`
    fn convict_length() -> Weight;
    /// `claim_unavailable`
    fn claim_unavailable() -> Weight;
    /// `demand_leaf`
    fn demand_leaf() -> Weight;
    /// `answer_leaf`
    fn answer_leaf() -> Weight;
    /// `name_ids`
    fn name_ids() -> Weight;
    /// `pick_id`
    fn pick_id() -> Weight;
    /// `prove_ends`
    fn prove_ends() -> Weight;
}

const US: u64 = 1_000_000;
/// Bytes of a shard with its job's entry.
const SHARD_PROOF: u64 = 8 << 10;
/// Bytes of a dispute with its program and stage.
const DISPUTE_PROOF: u64 = 220 << 10;

/// Weights counted by hand, with the runtime's database weights.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> SubstrateWeight<T> {
    fn weight(us: u64, proof: u64, reads: u64, writes: u64) -> Weight {
        Weight::from_parts(us.saturating_mul(US), proof).saturating_add(T::DbWeight::get().reads_writes(reads, writes))
    }

    /// Reads: shard, parameters. Writes: shard and its deadline at two heights.
    fn on_shard(us: u64) -> Weight {
        Self::weight(us, SHARD_PROOF, 6, 4)
    }

    /// Reads: dispute, shard, job, program, the read stages and their shards. Writes: dispute.
    fn on_dispute(us: u64) -> Weight {
        let read = u64::from(quern_primitives::job::MAX_READ_SHARDS).saturating_add(28);
        Self::weight(us.saturating_add(1_200), DISPUTE_PROOF, read, 2)
    }

    /// As `on_dispute`, and the end: eight bonds and the worker's are released or slashed, the shard goes back to the queue. An
    /// accepted one is overturned: every other stage of the job may read it, and nine parties only serve it from then on.
    fn ends_dispute(us: u64) -> Weight {
        let stages = u64::from(quern_primitives::job::MAX_STAGES);
        Self::on_dispute(us).saturating_add(Self::weight(500, SHARD_PROOF, stages.saturating_add(40), 58))
    }
}

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    fn idle() -> Weight {
        Self::weight(10, 1 << 10, 4, 2)
    }
    fn draw(v: u32) -> Weight {
        // Eight bonds are locked, which is more than what giving a shard up writes; every validator's bond is read, and whether it backs the worker.
        let validators = Self::weight(2, 1_024, 3, 0).saturating_mul(v.into());
        Self::weight(100, SHARD_PROOF, 17, 24).saturating_add(validators)
    }
    fn expire() -> Weight {
        Self::ends_dispute(20)
    }
    fn open_checkpoints() -> Weight {
        Self::on_shard(20)
    }
    fn demand_opening() -> Weight {
        Self::on_shard(20)
    }
    fn answer_opening(n: u32) -> Weight {
        Self::on_shard(30).saturating_add(Weight::from_parts(US.saturating_mul(15), 0).saturating_mul(n.into()))
    }
    fn commit_audit() -> Weight {
        Self::on_shard(20)
    }
    fn reveal_results() -> Weight {
        Self::on_shard(20)
    }
    fn reveal_audit() -> Weight {
        // The last reveal settles: bonds are released, the worker and eight auditors are credited; the last shard of a
        // stage completes it and reads its shards, the last stage of a job reads the job's stages.
        let roots = u64::from(quern_primitives::job::MAX_SHARDS + quern_primitives::job::MAX_STAGES);
        Self::on_shard(30).saturating_add(Self::weight(1_000, SHARD_PROOF, roots.saturating_add(40), 40))
    }
    fn settle() -> Weight {
        Self::on_shard(30).saturating_add(Self::weight(500, SHARD_PROOF, 40, 40))
    }
    fn open_dispute() -> Weight {
        // The worker has something to do again, and the challenger too.
        Self::on_dispute(50).saturating_add(Self::weight(10, SHARD_PROOF, 6, 11))
    }
    fn post_trace() -> Weight {
        Self::on_dispute(100)
    }
    fn name_operator() -> Weight {
        Self::on_dispute(20)
    }
    fn demand_output() -> Weight {
        Self::on_dispute(20)
    }
    fn open_subtrees() -> Weight {
        Self::on_dispute(50)
    }
    fn open_chunk() -> Weight {
        Self::on_dispute(30)
    }
    // The evidence is hashed once: the proofs, the trace, and what decides the stage's inputs.
    fn convict() -> Weight {
        Self::ends_dispute(1_600)
    }
    fn convict_length() -> Weight {
        Self::ends_dispute(300)
    }
    fn claim_unavailable() -> Weight {
        // Eight bonds are released, and the shard is queued for another draw or another worker.
        Self::on_shard(30).saturating_add(Self::weight(200, SHARD_PROOF, 30, 30))
    }
    fn demand_leaf() -> Weight {
        // The worker has something to do again.
        Self::on_shard(20).saturating_add(Self::weight(0, 0, 0, 2))
    }
    fn answer_leaf() -> Weight {
        Self::on_shard(40).saturating_add(Self::weight(0, 0, 0, 2))
    }
    fn name_ids() -> Weight {
        Self::on_dispute(30)
    }
    fn pick_id() -> Weight {
        Self::on_dispute(20)
    }
    fn prove_ends() -> Weight {
        Self::on_dispute(50)
    }
}

/// No weight, for tests.
impl WeightInfo for () {
    fn idle() -> Weight {
        Weight::zero()
    }
    fn draw(_: u32) -> Weight {
        Weight::zero()
    }
    fn expire() -> Weight {
        Weight::zero()
    }
    fn open_checkpoints() -> Weight {
        Weight::zero()
    }
    fn demand_opening() -> Weight {
        Weight::zero()
    }
    fn answer_opening(_: u32) -> Weight {
        Weight::zero()
    }
    fn commit_audit() -> Weight {
        Weight::zero()
    }
    fn reveal_results() -> Weight {
        Weight::zero()
    }
    fn reveal_audit() -> Weight {
        Weight::zero()
    }
    fn settle() -> Weight {
        Weight::zero()
    }
    fn open_dispute() -> Weight {
        Weight::zero()
    }
    fn post_trace() -> Weight {
        Weight::zero()
    }
    fn name_operator() -> Weight {
        Weight::zero()
    }
    fn demand_output() -> Weight {
        Weight::zero()
    }
    fn open_subtrees() -> Weight {
        Weight::zero()
    }
    fn open_chunk() -> Weight {
        Weight::zero()
    }
    fn convict() -> Weight {
        Weight::zero()
    }
    fn convict_length() -> Weight {
        Weight::zero()
    }
    fn claim_unavailable() -> Weight {
        Weight::zero()
    }
    fn demand_leaf() -> Weight {
        Weight::zero()
    }
    fn answer_leaf() -> Weight {
        Weight::zero()
    }
    fn name_ids() -> Weight {
        Weight::zero()
    }
    fn pick_id() -> Weight {
        Weight::zero()
    }
    fn prove_ends() -> Weight {
        Weight::zero()
    }
}

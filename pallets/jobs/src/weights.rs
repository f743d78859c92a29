// SPDX-License-Identifier: Apache-2.0
//! Weights of the calls and hooks, counted by hand until they are measured: computation (a change of a hold walks the
//! account, its holds and its references in about 40 us; checking a program takes about 10 ns a byte) plus `DbWeight` for
//! every storage item read and written in the worst case. The proof size is the sum of the items' greatest encoded lengths.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weight functions of the pallet.
pub trait WeightInfo {
    /// `publish_program` with `b` bytes
    fn publish_program(b: u32) -> Weight;
    /// `submit_job` with `s` stages, and `g` more that gather outputs
    fn submit_job(s: u32, g: u32) -> Weight;
    /// `cancel_job`
    fn cancel_job() -> Weight;
    /// `start_shard`
    fn start_shard() -> Weight;
    /// `decline_shard`
    fn decline_shard() -> Weight;
    /// `commit_shards` with `n` shards
    fn commit_shards(n: u32) -> Weight;
    /// `acknowledge_shards` with `n` shards
    fn acknowledge_shards(n: u32) -> Weight;
    /// `fork_job`, with as many stages as a job may have
    fn fork_job() -> Weight;
    /// The hook, when there is nothing to do
    fn on_idle_block() -> Weight;
    /// `n` deadlines that pass
    fn expire_shards(n: u32) -> Weight;
    /// `n` jobs that start
    fn start_jobs(n: u32) -> Weight;
    /// `n` shards that are created
    fn open_shards(n: u32) -> Weight;
    /// `n` shards of the queue that are looked at, with `w` workers ready
    fn assign_shards(n: u32, w: u32) -> Weight;
    /// `n` shards that are removed
    fn remove_shards(n: u32) -> Weight;
}

/// Weights counted by hand, with the runtime's database weights.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    /// Reads: program, account, holds. Writes: program, bytes, account, holds.
    fn publish_program(b: u32) -> Weight {
        Weight::from_parts(60_000_000, 8_000)
            .saturating_add(Weight::from_parts(10_000, 0).saturating_mul(b.into()))
            .saturating_add(T::DbWeight::get().reads_writes(3, 4))
    }
    /// Reads: counters, parameters, account, holds; a stage: program and, where it gathers outputs, its bytes to be checked
    /// again. Writes: counters, job, waiting jobs, account, holds; a stage: its record.
    fn submit_job(s: u32, g: u32) -> Weight {
        Weight::from_parts(60_000_000, 16_000)
            .saturating_add(Weight::from_parts(10_000_000, 1_000).saturating_mul(s.into()))
            .saturating_add(Weight::from_parts(6_000_000_000, 68_000).saturating_mul(g.into()))
            .saturating_add(T::DbWeight::get().reads_writes(7, 6))
            .saturating_add(T::DbWeight::get().reads_writes(1, 1).saturating_mul(s.into()))
            .saturating_add(T::DbWeight::get().reads_writes(2, 1).saturating_mul(g.into()))
    }
    /// Reads and writes: job, waiting jobs, jobs to sweep, counters, account, holds, retired jobs.
    fn cancel_job() -> Weight {
        Weight::from_parts(60_000_000, 16_000).saturating_add(T::DbWeight::get().reads_writes(8, 8))
    }
    /// Reads: shard, parameters, deadline, two slots of the agenda. Writes: shard, deadline, two slots of the agenda.
    fn start_shard() -> Weight {
        Weight::from_parts(30_000_000, 8_000).saturating_add(T::DbWeight::get().reads_writes(6, 4))
    }
    /// As `start_shard`, and: job, queue, the worker's bond and registration, the index of its duties.
    fn decline_shard() -> Weight {
        Weight::from_parts(60_000_000, 32_000).saturating_add(T::DbWeight::get().reads_writes(10, 9))
    }
    /// As `start_shard`, and the queue of draws, for each shard.
    fn commit_shards(n: u32) -> Weight {
        Weight::from_parts(20_000_000, 0)
            .saturating_add(Weight::from_parts(30_000_000, 8_000).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads_writes(8, 6).saturating_mul(n.into()))
    }
    /// For each shard, as a deadline that passes: it settles where its window has closed. And nine parties have nothing to do
    /// in it any more.
    fn acknowledge_shards(n: u32) -> Weight {
        Self::expire_shards(n).saturating_add(T::DbWeight::get().writes(18).saturating_mul(n.into()))
    }
    /// Reads: job, counters, account, holds; a stage: its record, its program, its last shard in up to four jobs. Writes:
    /// two jobs, counters, waiting jobs, account, holds; a stage: its record.
    fn fork_job() -> Weight {
        let stage = Weight::from_parts(10_000_000, 16_000).saturating_add(T::DbWeight::get().reads_writes(10, 1));
        Weight::from_parts(60_000_000, 16_000)
            .saturating_add(T::DbWeight::get().reads_writes(8, 8))
            .saturating_add(stage.saturating_mul(quern_primitives::job::MAX_STAGES.into()))
    }
    /// Reads: agenda, jobs to sweep, waiting jobs, jobs to open, queue, ends of the retired jobs, one of them, a seed.
    fn on_idle_block() -> Weight {
        Weight::from_parts(20_000_000, 32_000).saturating_add(T::DbWeight::get().reads_writes(10, 1))
    }
    /// As `decline_shard`, with eight seats; or the payment of a worker, into an apprentice's bond where it is one, and eight auditors from
    /// the escrow; or the end of a result that up to 64 stages may read: eight challengers get their bonds back, and nine parties only
    /// serve it then.
    fn expire_shards(n: u32) -> Weight {
        Weight::from_parts(160_000_000, 64_000)
            .saturating_add(T::DbWeight::get().reads_writes(100, 54))
            .saturating_mul(n.into())
    }
    /// Reads: job. Writes: job.
    fn start_jobs(n: u32) -> Weight {
        Weight::from_parts(10_000_000, 2_000)
            .saturating_add(T::DbWeight::get().reads_writes(1, 1))
            .saturating_mul(n.into())
    }
    /// Reads: job, stage, program, what is taken over of up to three other jobs and their stages. Writes: job, stage, shard.
    fn open_shards(n: u32) -> Weight {
        Weight::from_parts(15_000_000, 12_000)
            .saturating_add(T::DbWeight::get().reads_writes(9, 3))
            .saturating_mul(n.into())
    }
    /// Reads: job, stage, program, shard, open shards, number of validators. Writes: shard, deadline, agenda, the worker's bond
    /// and slot, its duties, open shards.
    fn assign_shards(n: u32, w: u32) -> Weight {
        let shard = Weight::from_parts(40_000_000, 8_000)
            .saturating_add(Weight::from_parts(200_000, 0).saturating_mul(w.into()))
            .saturating_add(T::DbWeight::get().reads_writes(10, 7));
        let worker = Weight::from_parts(5_000_000, 500).saturating_add(T::DbWeight::get().reads(2));
        shard.saturating_mul(n.into()).saturating_add(worker.saturating_mul(w.into()))
    }
    /// Reads: shard, deadline. Writes: shard, deadline, agenda, duties, stage, job.
    fn remove_shards(n: u32) -> Weight {
        Weight::from_parts(20_000_000, 4_000)
            .saturating_add(T::DbWeight::get().reads_writes(4, 6))
            .saturating_mul(n.into())
    }
}

/// No weight, for tests.
impl WeightInfo for () {
    fn publish_program(_: u32) -> Weight {
        Weight::zero()
    }
    fn submit_job(_: u32, _: u32) -> Weight {
        Weight::zero()
    }
    fn cancel_job() -> Weight {
        Weight::zero()
    }
    fn start_shard() -> Weight {
        Weight::zero()
    }
    fn decline_shard() -> Weight {
        Weight::zero()
    }
    fn commit_shards(_: u32) -> Weight {
        Weight::zero()
    }
    fn acknowledge_shards(_: u32) -> Weight {
        Weight::zero()
    }
    fn fork_job() -> Weight {
        Weight::zero()
    }
    fn on_idle_block() -> Weight {
        Weight::zero()
    }
    fn expire_shards(_: u32) -> Weight {
        Weight::zero()
    }
    fn start_jobs(_: u32) -> Weight {
        Weight::zero()
    }
    fn open_shards(_: u32) -> Weight {
        Weight::zero()
    }
    fn assign_shards(_: u32, _: u32) -> Weight {
        Weight::zero()
    }
    fn remove_shards(_: u32) -> Weight {
        Weight::zero()
    }
}

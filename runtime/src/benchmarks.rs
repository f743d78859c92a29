// SPDX-License-Identifier: Apache-2.0

//! The pallets that can be benchmarked in this runtime.

frame_benchmarking::define_benchmarks!(
    [frame_system, SystemBench::<Runtime>]
    [pallet_balances, Balances]
    [pallet_sudo, Sudo]
    [pallet_timestamp, Timestamp]
    [pallet_utility, Utility]
    [quern_pallet_duties, Duties]
);

/// Makes shards that an account owes a commitment for.
pub struct Duties;

impl quern_pallet_duties::BenchmarkHelper<crate::RuntimeCall> for Duties {
    fn owed(who: &crate::AccountId, moves: u32) -> crate::RuntimeCall {
        use quern_primitives::{draw::SegmentCosts, BlobId, ShardId};
        use quern_protocol::{
            shard::{Deal, Phase},
            Shard,
        };
        let by = crate::System::block_number().saturating_add(1);
        let commit = |index| {
            let id = ShardId { job: 0, stage: 0, index };
            let deal = Deal { worker: who.clone().into(), price: 0, collateral: 0 };
            let costs = SegmentCosts { finish: 1, ..Default::default() };
            let shard = Shard { phase: Phase::Running { deal, by }, ..Shard::new(id, 0, 1, costs) };
            quern_pallet_jobs::Shards::<crate::Runtime>::insert(id, shard);
            (id, BlobId([1; 32]), [2; 32])
        };
        let commits = (0..moves).map(commit).collect::<alloc::vec::Vec<_>>();
        quern_pallet_jobs::Call::commit_shards { commits: commits.try_into().unwrap_or_default() }.into()
    }
}

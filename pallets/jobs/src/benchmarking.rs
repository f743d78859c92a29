// SPDX-License-Identifier: Apache-2.0
//! Benchmarks of the calls.

use super::*;
use alloc::vec;
use frame_benchmarking::v2::*;
use frame_support::traits::fungible::Mutate;
use frame_system::RawOrigin;
use quern_primitives::{
    job::{AuditLevel, Blob, Endpoint, Input, Stage, MAX_STAGES},
    QRN,
};
use quern_program::{builder::ProgramBuilder, DType};
use quern_protocol::shard::Deal;

/// An account with funds for anything here.
fn rich<T: Config>() -> AccountId32 {
    let who: AccountId32 = whitelisted_caller();
    T::Currency::set_balance(&who, QRN.saturating_mul(1_000_000_000));
    T::Currency::set_balance(&AccountId32::from(T::Rewards::pot()), QRN);
    who
}

/// A program of `b` constant bytes at most, whose whole encoding is checked.
fn program(b: u32) -> Result<Code, BenchmarkError> {
    let build = |len: u32| {
        let mut builder = ProgramBuilder::new();
        let x = builder.input(DType::I8, &[len]);
        let y = builder.constant(DType::I8, &[len], &vec![1; len as usize]);
        let sum = builder.add(x, y);
        builder.build(sum).map(|checked| checked.program().encode())
    };
    let bytes = build(b.saturating_sub(128).max(1)).map_err(|_| BenchmarkError::Stop("no program"))?;
    bytes.try_into().map_err(|_| BenchmarkError::Stop("program too long"))
}

/// A published program of `len` input bytes.
fn published<T: Config>(who: &AccountId32, b: u32) -> Result<BlobId, BenchmarkError> {
    let bytes = program(b)?;
    let id = BlobId::of(&bytes);
    Pallet::<T>::publish_program(RawOrigin::Signed(who.clone()).into(), bytes)?;
    Ok(id)
}

/// A job of `stages` stages with `shards` shards each.
fn spec<T: Config>(program: BlobId, stages: u32, shards: u32) -> JobSpec {
    let len = Programs::<T>::get(program).and_then(|known| known.inputs.first().map(|ty| ty.bytes())).unwrap_or(0);
    let inputs = BoundedVec::truncate_from(vec![Input::Blob(Blob { id: BlobId::of(b"x"), len })]);
    let stage = Stage { program, tasks: shards.saturating_mul(8), shard_size: 8, inputs };
    JobSpec {
        stages: BoundedVec::truncate_from(vec![stage; stages as usize]),
        bid: QRN,
        audit: AuditLevel::Sampled,
        memory_mib: 0,
        endpoints: BoundedVec::truncate_from(vec![Endpoint::default()]),
    }
}

/// A running job of one stage, all of whose shards are assigned to the caller.
fn assigned<T: Config>(shards: u32) -> Result<(AccountId32, Vec<ShardId>), BenchmarkError> {
    let who = rich::<T>();
    let program = published::<T>(&who, 256)?;
    let job = NextJob::<T>::get();
    Pallet::<T>::submit_job(RawOrigin::Signed(who.clone()).into(), spec::<T>(program, 1, shards))?;
    let draws_from = Pallet::<T>::period_after(Pallet::<T>::now());
    Pallet::<T>::start_jobs(Some((draws_from, [1; 32])), 1);
    Pallet::<T>::open_stages(Pallet::<T>::now(), shards);
    Queue::<T>::kill();
    let worker: Account = who.clone().into();
    let mut ids = Vec::new();
    for index in 0..shards {
        let id = ShardId { job, stage: 0, index };
        Pallet::<T>::apply(&id, ShardEvent::Assign(Deal { worker, price: 1, collateral: 0 }))
            .map_err(|_| BenchmarkError::Stop("cannot assign"))?;
        ids.push(id);
    }
    Ok((who, ids))
}

#[benchmarks]
mod benches {
    use super::*;

    #[benchmark]
    fn publish_program(b: Linear<256, { 64 << 10 }>) -> Result<(), BenchmarkError> {
        let who = rich::<T>();
        let bytes = program(b)?;
        let id = BlobId::of(&bytes);

        #[extrinsic_call]
        _(RawOrigin::Signed(who), bytes);

        assert!(Programs::<T>::contains_key(id));
        Ok(())
    }

    #[benchmark]
    fn submit_job(s: Linear<1, MAX_STAGES>) -> Result<(), BenchmarkError> {
        let who = rich::<T>();
        let program = published::<T>(&who, 256)?;
        let job = NextJob::<T>::get();

        #[extrinsic_call]
        _(RawOrigin::Signed(who), spec::<T>(program, s, 4));

        assert!(Jobs::<T>::contains_key(job));
        Ok(())
    }

    #[benchmark]
    fn cancel_job() -> Result<(), BenchmarkError> {
        let (who, ids) = assigned::<T>(1)?;
        let job = ids.first().map_or(0, |id| id.job);

        #[extrinsic_call]
        _(RawOrigin::Signed(who), job);

        assert_eq!(Jobs::<T>::get(job).map(|job| job.status), Some(JobStatus::Cancelled));
        Ok(())
    }

    #[benchmark]
    fn start_shard() -> Result<(), BenchmarkError> {
        let (who, ids) = assigned::<T>(1)?;
        let id = ids.first().copied().ok_or(BenchmarkError::Stop("no shard"))?;

        #[extrinsic_call]
        _(RawOrigin::Signed(who), id);

        assert!(Shards::<T>::get(id).is_some_and(|shard| shard.expires().is_some()));
        Ok(())
    }

    #[benchmark]
    fn decline_shard() -> Result<(), BenchmarkError> {
        let (who, ids) = assigned::<T>(1)?;
        let id = ids.first().copied().ok_or(BenchmarkError::Stop("no shard"))?;

        #[extrinsic_call]
        _(RawOrigin::Signed(who), id);

        assert_eq!(Queue::<T>::get().len(), 1);
        Ok(())
    }

    #[benchmark]
    fn commit_shards(n: Linear<1, MAX_COMMITS>) -> Result<(), BenchmarkError> {
        let (who, ids) = assigned::<T>(n)?;
        for id in &ids {
            Pallet::<T>::start_shard(RawOrigin::Signed(who.clone()).into(), *id)?;
        }
        let commits: Vec<_> = ids.iter().map(|id| (*id, BlobId::default(), [0; 32])).collect();

        #[extrinsic_call]
        _(RawOrigin::Signed(who), BoundedVec::truncate_from(commits));

        assert!(ids.iter().all(|id| Shards::<T>::get(id).is_some_and(|shard| shard.commitment().is_some())));
        Ok(())
    }

    impl_benchmark_test_suite!(Pallet, crate::tests::mock::new_test_ext(), crate::tests::mock::Test);
}

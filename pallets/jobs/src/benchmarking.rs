// SPDX-License-Identifier: Apache-2.0
//! Benchmarks of the calls.

use super::*;
use alloc::vec;
use frame_benchmarking::v2::*;
use frame_support::traits::fungible::Mutate;
use frame_system::RawOrigin;
use quern_primitives::commitment::audit_seal;
use quern_primitives::{
    job::{AuditLevel, Blob, Endpoint, Input, Stage, MAX_STAGES},
    QRN,
};
use quern_program::{builder::ProgramBuilder, DType};
use quern_protocol::shard::{Deal, Seat, MAX_AUDITORS};

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

impl<T: Config> Pallet<T> {
    /// Takes an assigned shard to an acceptance whose window has closed, by the shard's own rules.
    fn put_accepted(id: &ShardId, mut job: Job) -> Result<(), BenchmarkError> {
        let mut shard = Shards::<T>::get(id).ok_or(BenchmarkError::Stop("no shard"))?;
        let before = shard.clone();
        let by = shard.deal().map(|deal| deal.worker).unwrap_or_default();
        let params = Pallet::<T>::params();
        let seats: Vec<Seat> =
            (0..MAX_AUDITORS as u8).map(|seat| Seat::new([200u8.saturating_add(seat); 32], 0)).collect();
        let mut events = vec![
            ShardEvent::Start(by),
            ShardEvent::Commit { by, root: BlobId::default(), secret_hash: [0; 32] },
            ShardEvent::Draw { sample: vec![0], seats: seats.clone() },
            ShardEvent::Open { by, digest: [0; 32] },
        ];
        let seal = |by: &Account| audit_seal(&[0; 32], by, id, &[0; 32], &[0; 32]);
        events.extend(seats.iter().map(|Seat { auditor: by, .. }| ShardEvent::Seal { by: *by, seal: seal(by) }));
        events.push(ShardEvent::Results { by, digest: [0; 32] });
        events.extend(seats.iter().map(|Seat { auditor: by, .. }| ShardEvent::Reveal {
            by: *by,
            salt: [0; 32],
            results: [0; 32],
            holds_outputs: false,
        }));
        for event in events {
            let period = if matches!(event, ShardEvent::Draw { .. }) { 9 } else { 0 };
            shard = shard.step(event, 1, period, &params).map_err(|_| BenchmarkError::Stop("a step is refused"))?.0;
        }
        let closed = params.window_blocks.saturating_add(2);
        frame_system::Pallet::<T>::set_block_number(closed.into());
        Self::put_shard(&before, &shard);
        job.live = job.live.saturating_sub(1);
        job.maturing = job.maturing.saturating_add(1);
        Jobs::<T>::insert(id.job, job);
        Stages::<T>::mutate_extant(id.job, id.stage, |stage| stage.accepted = stage.accepted.saturating_add(1));
        Live::<T>::mutate(|live| *live = live.saturating_sub(1));
        Maturing::<T>::mutate(|maturing| *maturing = maturing.saturating_add(1));
        Ok(())
    }
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

    #[benchmark]
    fn acknowledge_shards(n: Linear<1, MAX_COMMITS>) -> Result<(), BenchmarkError> {
        let (who, ids) = assigned::<T>(n)?;
        for id in &ids {
            let job = Jobs::<T>::get(id.job).ok_or(BenchmarkError::Stop("no job"))?;
            Pallet::<T>::put_accepted(id, job)?;
        }

        #[extrinsic_call]
        _(RawOrigin::Signed(who), BoundedVec::truncate_from(ids.clone()));

        assert!(ids.iter().all(|id| Shards::<T>::get(id).is_some_and(|shard| shard.is_final())));
        Ok(())
    }

    /// A job of as many stages as there may be, one of whose results was overturned.
    #[benchmark]
    fn fork_job() -> Result<(), BenchmarkError> {
        let who = rich::<T>();
        let program = published::<T>(&who, 256)?;
        let from = NextJob::<T>::get();
        Pallet::<T>::submit_job(RawOrigin::Signed(who.clone()).into(), spec::<T>(program, MAX_STAGES, 4))?;
        Pallet::<T>::cancel_job(RawOrigin::Signed(who.clone()).into(), from)?;
        Jobs::<T>::mutate_extant(from, |job| job.overturned = 1);

        #[extrinsic_call]
        _(RawOrigin::Signed(who), from);

        assert_eq!(Jobs::<T>::get(NextJob::<T>::get().saturating_sub(1)).and_then(|job| job.parent), Some(from));
        Ok(())
    }

    impl_benchmark_test_suite!(Pallet, crate::tests::mock::new_test_ext(), crate::tests::mock::Test);
}

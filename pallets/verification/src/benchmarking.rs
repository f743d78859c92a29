// SPDX-License-Identifier: Apache-2.0
//! Benchmarks of the calls and hooks, each in its worst case: eight validators, and the widest product that may be published.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use super::*;
use crate::fixture::{Party, World};
use frame_benchmarking::v2::*;
use frame_system::RawOrigin;
use quern_primitives::{
    commitment::{audit_seal, opened_digest, results_digest, secret_hash},
    slice::{self, Node},
    Account,
};
use quern_program::Checked;
use quern_protocol::{
    evidence::Conviction,
    inputs::StageContext,
    shard::{Deal, Phase, Seat},
};

/// Puts things into place in the pallets around this one.
pub trait BenchmarkHelper {
    /// Keeps a shard with its context and program, and locks the bonds that [`Shard::locks`] names.
    fn put_shard(shard: &Shard, context: &StageContext, program: &Checked);
    /// Registers so many validators with bonds from which an audit bond can be locked.
    fn put_validators(count: u32);
    /// Makes the seed of a period known.
    fn put_seed(period: Height);
}

const WORKER: Account = [1; 32];

/// How far a shard has come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Until {
    Committed,
    Opening,
    Auditing,
    Revealing,
    Comparing,
    Disputed,
    Accepted,
}

struct Bench {
    world: World,
    worker: Party,
    honest: Party,
    shard: Shard,
}

fn auditor(index: u32) -> Account {
    [10 + index as u8; 32]
}

fn signed<T: Config>(who: Account) -> RawOrigin<AccountId32> {
    RawOrigin::Signed(who.into())
}

impl Bench {
    /// A shard of which the first `samples` segments are drawn for eight validators, brought to a phase by its own rules.
    fn new<T: Config>(world: World, samples: u32, until: Until) -> Self {
        frame_system::Pallet::<T>::set_block_number(100u32.into());
        let mut lie = |_, _, op: u16, bytes: &mut Vec<u8>| bytes[0] ^= u8::from(op == 0 && until != Until::Accepted);
        let worker = world.party(WORKER, &mut lie);
        let honest = world.honest(WORKER);
        let sample: Vec<u32> = (0..samples).collect();
        let mut shard = world.new_shard();
        let results = results_digest(&shard.id, &honest.ids(&sample));
        let bond = T::Params::get().audit_bond;
        let mut step = |event: ShardEvent| {
            let period = if matches!(event, ShardEvent::Draw { .. }) { 2 } else { 0 };
            shard = shard.step(event, 100, period, &T::Params::get()).expect("the event is due").0;
            shard.clone()
        };
        step(ShardEvent::Assign(Deal { worker: WORKER, price: 1, collateral: bond }));
        step(ShardEvent::Start(WORKER));
        let drawn = step(ShardEvent::Commit { by: WORKER, root: worker.root(), secret_hash: secret_hash(&[7; 32]) });
        let seal = |shard: &Shard, who: Account| {
            let opened = shard.audit().and_then(|audit| audit.opened).unwrap_or_default();
            audit_seal(&[3; 32], &who, &shard.id, &opened, &results)
        };
        let mut now = drawn;
        if until >= Until::Opening {
            let seats = (0..MAX_AUDITORS).map(|index| Seat::new(auditor(index), bond)).collect();
            now = step(ShardEvent::Draw { sample: sample.clone(), seats });
        }
        if until >= Until::Auditing {
            let digest = opened_digest(&now.id, &worker.ids(&now.opened_positions()));
            now = step(ShardEvent::Open { by: WORKER, digest });
        }
        if until >= Until::Revealing {
            for by in (0..MAX_AUDITORS).map(auditor) {
                now = step(ShardEvent::Seal { by, seal: seal(&now, by) });
            }
        }
        if until >= Until::Comparing {
            let digest = results_digest(&now.id, &worker.ids(&sample));
            now = step(ShardEvent::Results { by: WORKER, digest });
        }
        if until >= Until::Disputed {
            for by in (0..MAX_AUDITORS).map(auditor) {
                now = step(ShardEvent::Reveal { by, salt: [3; 32], results, holds_outputs: true });
            }
        }
        T::BenchmarkHelper::put_shard(&now, &world.context, &world.program);
        Self { world, worker, honest, shard: now }
    }

    fn looped<T: Config>(until: Until) -> Self {
        let world = World::looped();
        let leaves = world.leaves();
        Self::new::<T>(world, leaves, until)
    }

    fn id(&self) -> ShardId {
        self.shard.id
    }

    /// The first validator disputes the first segment.
    fn disputed<T: Config>(world: World) -> Result<Self, BenchmarkError> {
        let bench = Self::new::<T>(world, 1, Until::Disputed);
        let origin = signed::<T>(auditor(0)).into();
        Pallet::<T>::open_dispute(origin, bench.id(), 0, None, bench.worker.leaf(0)).map_err(|error| error.error)?;
        Ok(bench)
    }

    fn traced<T: Config>(world: World) -> Result<Self, BenchmarkError> {
        let bench = Self::disputed::<T>(world)?;
        let trace = bench.world.trace(&bench.worker, 0);
        Pallet::<T>::post_trace(signed::<T>(WORKER).into(), 0, trace).map_err(|error| error.error)?;
        Ok(bench)
    }

    fn named<T: Config>(world: World) -> Result<Self, BenchmarkError> {
        let bench = Self::traced::<T>(world)?;
        Pallet::<T>::name_operator(signed::<T>(auditor(0)).into(), 0, 0).map_err(|error| error.error)?;
        Ok(bench)
    }

    fn demanded<T: Config>(world: World) -> Result<Self, BenchmarkError> {
        let bench = Self::named::<T>(world)?;
        Pallet::<T>::demand_output(signed::<T>(auditor(0)).into(), 0, 0).map_err(|error| error.error)?;
        Ok(bench)
    }

    /// The first validator has the first difference searched for.
    fn searched<T: Config>() -> Result<Self, BenchmarkError> {
        let bench = Self::looped::<T>(Until::Disputed);
        let (last, origin) = (bench.world.segments().saturating_sub(1), signed::<T>(auditor(0)).into());
        let end = bench.worker.leaf(last);
        Pallet::<T>::open_dispute(origin, bench.id(), last, None, end).map_err(|error| error.error)?;
        Ok(bench)
    }

    /// What the worker has before the last segment of the first task.
    fn probes(&self) -> BoundedVec<BlobId, ConstU32<MAX_IDS>> {
        let before: Vec<u32> = (0..self.world.segments().saturating_sub(1)).collect();
        BoundedVec::truncate_from(self.worker.ids(&before))
    }

    fn claimed(&self) -> &[u8] {
        &self.world.segment_of(&self.worker, 0).1[0]
    }
}

#[benchmarks]
mod benches {
    use super::*;

    #[benchmark]
    fn idle() {
        #[block]
        {
            Pallet::<T>::on_initialize(100u32.into());
        }
    }

    #[benchmark]
    fn draw(v: Linear<8, 64>) {
        let bench = Bench::looped::<T>(Until::Committed);
        T::BenchmarkHelper::put_validators(v);
        T::BenchmarkHelper::put_seed(1);
        Pallet::<T>::enqueue(&bench.id(), 1);
        DrawCursor::<T>::put(1);

        #[block]
        {
            Pallet::<T>::draw_due(100);
        }

        assert_eq!(PendingDrawCount::<T>::get(), 0);
    }

    /// The worker is silent: every bond is released or slashed.
    #[benchmark]
    fn expire() -> Result<(), BenchmarkError> {
        Bench::disputed::<T>(World::looped())?;
        let due = 100 + T::Params::get().move_blocks + 1;
        frame_system::Pallet::<T>::set_block_number(due.into());

        #[block]
        {
            Pallet::<T>::expire_due(due);
        }

        assert_eq!(Disputes::<T>::count(), 0);
        Ok(())
    }

    #[benchmark]
    fn open_checkpoints() {
        let bench = Bench::looped::<T>(Until::Opening);

        #[extrinsic_call]
        _(signed::<T>(WORKER), bench.id(), [5; 32]);
    }

    #[benchmark]
    fn demand_opening() {
        let bench = Bench::looped::<T>(Until::Auditing);

        #[extrinsic_call]
        _(signed::<T>(auditor(0)), bench.id());
    }

    #[benchmark]
    fn answer_opening(n: Linear<1, 8>) -> Result<(), BenchmarkError> {
        let bench = Bench::new::<T>(World::looped(), n, Until::Comparing);
        Pallet::<T>::demand_opening(signed::<T>(auditor(0)).into(), bench.id()).map_err(|error| error.error)?;
        let leaves: Vec<LeafProof> = (0..n).map(|position| bench.worker.leaf(position)).collect();

        #[extrinsic_call]
        _(signed::<T>(WORKER), bench.id(), BoundedVec::truncate_from(leaves));

        Ok(())
    }

    #[benchmark]
    fn commit_audit() {
        let bench = Bench::looped::<T>(Until::Auditing);

        #[extrinsic_call]
        _(signed::<T>(auditor(7)), bench.id(), [5; 32]);
    }

    #[benchmark]
    fn reveal_results() {
        let bench = Bench::looped::<T>(Until::Revealing);

        #[extrinsic_call]
        _(signed::<T>(WORKER), bench.id(), [5; 32]);
    }

    #[benchmark]
    fn reveal_audit() {
        let bench = Bench::looped::<T>(Until::Comparing);
        let results = results_digest(&bench.id(), &bench.honest.ids(&bench.shard.demanded()));

        #[extrinsic_call]
        _(signed::<T>(auditor(7)), bench.id(), [3; 32], results, true);
    }

    #[benchmark]
    fn open_dispute() {
        let bench = Bench::looped::<T>(Until::Disputed);
        let (start, end) = (bench.worker.leaf(0), bench.worker.leaf(1));

        #[extrinsic_call]
        _(signed::<T>(auditor(0)), bench.id(), 1, Some(start), end);

        assert_eq!(Disputes::<T>::count(), 1);
    }

    #[benchmark]
    fn post_trace() -> Result<(), BenchmarkError> {
        let bench = Bench::disputed::<T>(World::looped())?;
        let trace = bench.world.trace(&bench.worker, 0);

        #[extrinsic_call]
        _(signed::<T>(WORKER), 0, trace);

        Ok(())
    }

    #[benchmark]
    fn name_operator() -> Result<(), BenchmarkError> {
        Bench::traced::<T>(World::looped())?;

        #[extrinsic_call]
        _(signed::<T>(auditor(0)), 0, 0);

        Ok(())
    }

    #[benchmark]
    fn demand_output() -> Result<(), BenchmarkError> {
        Bench::named::<T>(World::looped())?;

        #[extrinsic_call]
        _(signed::<T>(auditor(0)), 0, 0);

        Ok(())
    }

    #[benchmark]
    fn open_subtrees() -> Result<(), BenchmarkError> {
        let bench = Bench::demanded::<T>(World::looped())?;
        let output = bench.claimed();
        let values = slice::open_subtrees(output, Node::root(output.len() as u64));
        let values = values.map_err(|_| BenchmarkError::Stop("the output has one chunk"))?;

        #[extrinsic_call]
        _(signed::<T>(WORKER), 0, BoundedVec::truncate_from(values));

        Ok(())
    }

    #[benchmark]
    fn open_chunk() -> Result<(), BenchmarkError> {
        let bench = Bench::demanded::<T>(World::widest())?;
        let chunk = BoundedVec::truncate_from(bench.claimed().to_vec());

        #[extrinsic_call]
        _(signed::<T>(WORKER), 0, chunk);

        Ok(())
    }

    /// Two rows of 11,008 bytes of two blobs.
    #[benchmark]
    fn convict() -> Result<(), BenchmarkError> {
        let bench = Bench::named::<T>(World::widest())?;
        let found = bench.world.with_evidence(&bench.honest, 0, |evidence| {
            evidence.convict(0, bench.claimed(), |_, part| bench.world.blob(part))
        });
        let Ok(Conviction::Element { element, output, reads }) = found else {
            return Err(BenchmarkError::Stop("no element differs"));
        };

        #[extrinsic_call]
        _(signed::<T>(auditor(0)), 0, element, output, BoundedVec::truncate_from(reads));

        assert_eq!(Totals::<T>::get().convicted, 1);
        Ok(())
    }

    #[benchmark]
    fn convict_length() -> Result<(), BenchmarkError> {
        let mut lie = |_, _, op: u16, bytes: &mut Vec<u8>| {
            if op == 0 {
                bytes.push(0);
            }
        };
        let mut bench = Bench::new::<T>(World::looped(), 1, Until::Disputed);
        // The same audit of a worker whose output is longer.
        let worker = bench.world.party(WORKER, &mut lie);
        if let Phase::Disputed { commitment, .. } = &mut bench.shard.phase {
            commitment.root = worker.root();
        }
        T::BenchmarkHelper::put_shard(&bench.shard, &bench.world.context, &bench.world.program);
        let origin = || signed::<T>(auditor(0)).into();
        Pallet::<T>::open_dispute(origin(), bench.id(), 0, None, worker.leaf(0)).map_err(|error| error.error)?;
        let trace = bench.world.trace(&worker, 0);
        Pallet::<T>::post_trace(signed::<T>(WORKER).into(), 0, trace).map_err(|error| error.error)?;
        Pallet::<T>::name_operator(origin(), 0, 0).map_err(|error| error.error)?;
        let output = &bench.world.segment_of(&worker, 0).1[0];
        let (len, proof) = (output.len() as u64, slice::prove_length(output));

        #[extrinsic_call]
        _(signed::<T>(auditor(0)), 0, len, proof);

        Ok(())
    }

    #[benchmark]
    fn claim_unavailable() {
        let bench = Bench::looped::<T>(Until::Auditing);

        #[extrinsic_call]
        _(signed::<T>(auditor(0)), bench.id());

        assert_eq!(T::Shards::shard(&bench.id()).map(|shard| shard.claims), Some(1));
    }

    #[benchmark]
    fn demand_leaf() {
        let bench = Bench::looped::<T>(Until::Accepted);

        #[extrinsic_call]
        _(signed::<T>(auditor(0)), bench.id(), 1);

        let shard = T::Shards::shard(&bench.id());
        assert!(shard.is_some_and(|shard| shard.window().is_some_and(|window| !window.demands.is_empty())));
    }

    #[benchmark]
    fn answer_leaf() -> Result<(), BenchmarkError> {
        let bench = Bench::looped::<T>(Until::Accepted);
        Pallet::<T>::demand_leaf(signed::<T>(auditor(0)).into(), bench.id(), 1)?;
        let leaf = bench.worker.leaf(1);

        #[extrinsic_call]
        _(signed::<T>(WORKER), bench.id(), 1, leaf);

        Ok(())
    }

    #[benchmark]
    fn name_ids() -> Result<(), BenchmarkError> {
        let bench = Bench::searched::<T>()?;
        let ids = bench.probes();

        #[extrinsic_call]
        _(signed::<T>(WORKER), 0, ids);

        Ok(())
    }

    #[benchmark]
    fn pick_id() -> Result<(), BenchmarkError> {
        let bench = Bench::searched::<T>()?;
        let named = Pallet::<T>::name_ids(signed::<T>(WORKER).into(), 0, bench.probes());
        named.map_err(|error| error.error)?;

        #[extrinsic_call]
        _(signed::<T>(auditor(0)), 0, 2);

        Ok(())
    }

    #[benchmark]
    fn prove_ends() -> Result<(), BenchmarkError> {
        let bench = Bench::searched::<T>()?;
        let named = Pallet::<T>::name_ids(signed::<T>(WORKER).into(), 0, bench.probes());
        named.map_err(|error| error.error)?;
        Pallet::<T>::pick_id(signed::<T>(auditor(0)).into(), 0, 2).map_err(|error| error.error)?;
        let (start, end) = (Some(bench.worker.leaf(1)), bench.worker.leaf(2));

        #[extrinsic_call]
        _(signed::<T>(WORKER), 0, start, end);

        Ok(())
    }

    impl_benchmark_test_suite!(Pallet, crate::tests::mock::new_test_ext(), crate::tests::mock::Test);
}

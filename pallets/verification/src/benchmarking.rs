// SPDX-License-Identifier: Apache-2.0
//! Benchmarks of the calls and hooks, each in its worst case: the largest audit of a shard whose program, stage and job are as
//! large as they get.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
// A lie may make an output longer.
#![allow(clippy::ptr_arg)]

use super::*;
use crate::fixture::{Party, World};
use frame_benchmarking::v2::*;
use frame_system::RawOrigin;
use quern_primitives::{
    commitment::{audit_seal, opened_digest, results_digest, secret_hash},
    slice::{self, Node},
    traits::OffenceKind,
    Account, Balance, QRN,
};
use quern_program::{Checked, Value};
use quern_protocol::{
    dispute::{open_part, PART_IDS},
    evidence::Conviction,
    inputs::StageContext,
    referee::MAX_READS,
    shard::{
        Deal, Phase, ProbeSeat, Seat, MAX_AUDIT_ROUNDS, MAX_CHALLENGES, MAX_LEAF_DEMANDS, MAX_PROBES, MAX_UNJUDGED,
    },
};

/// Puts things into place in the pallets around this one.
pub trait BenchmarkHelper {
    /// Keeps a shard with its context and program, and locks the bonds that [`Shard::locks`] names. What the context reads is taken over
    /// from as far back as can be.
    fn put_shard(shard: &Shard, context: &StageContext, program: &Checked);
    /// Registers so many validators with bonds from which an audit bond can be locked.
    fn put_validators(count: u32);
    /// Makes the seed of a period known.
    fn put_seed(period: Height);
    /// Has the stage of a shard wait for another shard too.
    fn put_unfinished_stage(shard: &ShardId);
    /// Has all stages of an accepted shard's job read its stage, but for those that it reads itself where these are `kept`; the last
    /// of them has begun.
    fn put_readers(_shard: &ShardId, _kept: bool) {}
    /// Says that the job of a shard was paused as often as may be.
    fn put_pauses(_shard: &ShardId) {}
    /// Has the job of a shard be paused, beside as many as can be.
    fn put_paused(_shard: &ShardId) {}
}

const WORKER: Account = [1; 32];
/// The segment in dispute: the first step of the loop, which starts from a checkpoint.
const POSITION: u32 = 1;
/// Operators of that segment: the wrong product, and the one with the large output.
const WRONG: u16 = 0;
const LARGE: u16 = 1;
/// What the worker earns.
const PRICE: Balance = QRN;
/// Height of the benchmarks.
const NOW: Height = 100;

/// How far a shard has come. What is last leaves one validator's move open.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Until {
    Committed,
    Opening,
    Auditing,
    LastSeal,
    Revealing,
    Comparing,
    LastReveal,
    /// Accepted, where the worker is honest.
    Disputed,
    /// Overturned after its acceptance.
    Accused,
}

/// Changes what the worker computes: (task, segment, operator, output).
type Lie = fn(u32, u32, u16, &mut Vec<u8>);

fn honest(_: u32, _: u32, _: u16, _: &mut Vec<u8>) {}

fn wrong(_: u32, segment: u32, op: u16, output: &mut Vec<u8>) {
    if (segment, op) == (POSITION, WRONG) {
        output[0] ^= 1;
    }
}

fn too_long(_: u32, segment: u32, op: u16, output: &mut Vec<u8>) {
    if (segment, op) == (POSITION, LARGE) {
        output[0] ^= 1;
        output.push(0);
    }
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

fn signed(who: Account) -> RawOrigin<AccountId32> {
    RawOrigin::Signed(who.into())
}

fn seal(shard: &Shard, who: Account, results: &[u8; 32]) -> [u8; 32] {
    let opened = shard.audit().and_then(|audit| audit.opened).unwrap_or_default();
    audit_seal(&[3; 32], &who, &shard.id, &opened, results)
}

impl Bench {
    /// A shard of which the first `samples` segments are drawn for eight validators, brought to a phase by its own rules. It
    /// was given to a worker for the last time: if it comes back its job fails.
    fn new<T: Config>(samples: u32, until: Until, lie: Lie) -> Self {
        let world = World::heaviest();
        let shard = world.new_shard();
        Self::of::<T>(world, shard, samples, until, lie)
    }

    /// The same of a shard that has been audited before.
    fn of<T: Config>(world: World, shard: Shard, samples: u32, until: Until, lie: Lie) -> Self {
        Self::seen::<T>(world, shard, samples, until, lie, honest)
    }

    /// The same where the validators compute what `seen` says. Some of what they lock is free when they have confirmed a result, and
    /// other workers have declined the shard.
    fn seen<T: Config>(world: World, shard: Shard, samples: u32, until: Until, lie: Lie, seen: Lie) -> Self {
        frame_system::Pallet::<T>::set_block_number(NOW.into());
        let worker = world.party(WORKER, &mut { lie });
        let honest = world.honest(WORKER);
        let sample: Vec<u32> = (0..samples).collect();
        let unjudged = BoundedVec::truncate_from((0..MAX_UNJUDGED).map(|index| [220 + index as u8; 32]).collect());
        let mut shard = Shard { attempt: u16::MAX, unjudged, ..shard };
        let results = results_digest(&shard.id, &world.party(WORKER, &mut { seen }).ids(&sample));
        let bond = T::Params::get().audit_bond;
        let mut step = |event: ShardEvent| {
            let period = if matches!(event, ShardEvent::Draw { .. }) { 2 } else { 0 };
            shard = shard.step(event, NOW, period, &T::Params::get()).expect("the event is due").0;
            shard.clone()
        };
        step(ShardEvent::Assign(Deal { worker: WORKER, price: PRICE, collateral: bond }));
        step(ShardEvent::Start(WORKER));
        let mut now = step(ShardEvent::Commit { by: WORKER, root: worker.root(), secret_hash: secret_hash(&[7; 32]) });
        if until >= Until::Opening {
            let seat = |index| Seat { liability: bond / 2, ..Seat::new(auditor(index), bond) };
            let seats = (0..MAX_AUDITORS).map(seat).collect();
            now = step(ShardEvent::Draw { sample: sample.clone(), seats });
        }
        if until >= Until::Auditing && matches!(now.phase, Phase::Opening { .. }) {
            let digest = opened_digest(&now.id, &worker.ids(&now.opened_positions()));
            now = step(ShardEvent::Open { by: WORKER, digest });
        }
        let moves = |last: Until| (0..MAX_AUDITORS - u32::from(until == last)).map(auditor);
        if until >= Until::LastSeal {
            for by in moves(Until::LastSeal) {
                now = step(ShardEvent::Seal { by, seal: seal(&now, by, &results) });
            }
        }
        if until >= Until::Comparing {
            let digest = results_digest(&now.id, &worker.ids(&sample));
            now = step(ShardEvent::Results { by: WORKER, digest });
        }
        if until >= Until::LastReveal {
            for by in moves(Until::LastReveal) {
                now = step(ShardEvent::Reveal { by, salt: [3; 32], results, holds_outputs: true });
            }
        }
        if until >= Until::Accused {
            let (challenger, position, bond) = ([200; 32], POSITION, T::Params::get().challenge_bond);
            step(ShardEvent::Challenge { by: challenger, position, bond });
            let worker_lost = Some(OffenceKind::WrongResult);
            now = step(ShardEvent::Resolved { challenger, worker_lost });
        }
        if let (Until::LastReveal, Phase::Comparing { audit, .. }) = (until, &mut now.phase) {
            // As many as can be have said that they cannot fetch the inputs.
            let others = (1..u32::from(MAX_AUDIT_ROUNDS)).map(|index| auditor(MAX_AUDITORS + index));
            audit.without_inputs = BoundedVec::truncate_from(others.collect());
        }
        if let Phase::Accepted { window, .. } = &mut now.phase {
            // Earlier challenges have kept it open: what is owed on chain is due before.
            let later = T::Params::get().reveal_blocks.saturating_mul(4);
            (window.closes, window.deliver_by) = (window.closes + later, window.deliver_by + later);
        }
        T::BenchmarkHelper::put_shard(&now, &world.context, &world.program);
        Self { world, worker, honest, shard: now }
    }

    /// A shard with the largest audit.
    fn audited<T: Config>(until: Until, lie: Lie) -> Self {
        Self::new::<T>(MAX_SAMPLES, until, lie)
    }

    fn id(&self) -> ShardId {
        self.shard.id
    }

    fn last() -> Account {
        auditor(MAX_AUDITORS - 1)
    }

    /// An accepted shard that has been asked for ids on chain at the first `demands` positions.
    fn accepted<T: Config>(demands: u32) -> Result<Self, BenchmarkError> {
        let bench = Self::audited::<T>(Until::Disputed, honest);
        T::Currency::set_balance(&auditor(0).into(), 1_000_000 * QRN);
        for position in 0..demands {
            Pallet::<T>::demand_leaf(signed(auditor(0)).into(), bench.id(), position, Balance::MAX)?;
        }
        Ok(bench)
    }

    /// Every validator disputes the same segment: the first one's dispute has number 0.
    fn disputed<T: Config>(lie: Lie) -> Result<Self, BenchmarkError> {
        let bench = Self::audited::<T>(Until::Disputed, lie);
        for by in (0..MAX_AUDITORS).map(auditor) {
            bench.dispute::<T>(by)?;
        }
        Ok(bench)
    }

    /// Eight others dispute the same segment of a result that all validators have confirmed, and that all other stages of its job
    /// read, but for those that it reads where these are `kept`. The first one's dispute has number 0.
    fn challenged<T: Config>(lie: Lie, kept: bool) -> Result<(Self, Account), BenchmarkError> {
        let world = World::heaviest();
        let shard = world.new_shard();
        let bench = Self::seen::<T>(world, shard, MAX_SAMPLES, Until::Disputed, lie, lie);
        T::BenchmarkHelper::put_readers(&bench.id(), kept);
        T::BenchmarkHelper::put_validators(MAX_CHALLENGES);
        let challengers = T::Registry::validators();
        for by in &challengers {
            bench.dispute::<T>(*by)?;
        }
        Ok((bench, challengers[0]))
    }

    /// The same where the first one has named the operator that differs.
    fn challenged_at<T: Config>(lie: Lie, op: u16) -> Result<(Self, Account), BenchmarkError> {
        let (bench, challenger) = Self::challenged::<T>(lie, true)?;
        let trace = bench.world.trace(&bench.worker, POSITION);
        Pallet::<T>::post_trace(signed(WORKER).into(), 0, trace).map_err(|error| error.error)?;
        Pallet::<T>::name_operator(signed(challenger).into(), 0, op).map_err(|error| error.error)?;
        Ok((bench, challenger))
    }

    fn dispute<T: Config>(&self, by: Account) -> Result<(), BenchmarkError> {
        let (start, end) = (self.worker.leaf(POSITION - 1), self.worker.leaf(POSITION));
        let opened = Pallet::<T>::open_dispute(signed(by).into(), self.id(), POSITION, Some(start), end);
        opened.map(drop).map_err(|error| error.error.into())
    }

    /// Every validator disputes the same segment, of as many operators as there can be.
    fn long<T: Config>() -> Result<Self, BenchmarkError> {
        let world = World::longest();
        let shard = world.new_shard();
        let bench = Self::of::<T>(world, shard, MAX_SAMPLES, Until::Disputed, wrong);
        for by in (0..MAX_AUDITORS).map(auditor) {
            bench.dispute::<T>(by)?;
        }
        Ok(bench)
    }

    fn outline(&self) -> Result<Outline, BenchmarkError> {
        self.world.outline(&self.worker, POSITION).ok_or(BenchmarkError::Stop("the trace is not long"))
    }

    /// A part of the list of ids of the disputed segment.
    fn part(&self, part: u16) -> BoundedVec<u8, ConstU32<{ CHUNK_LEN as u32 }>> {
        let outputs = self.world.segment_of(&self.worker, POSITION).1;
        let ids: Vec<BlobId> = outputs.iter().map(|bytes| BlobId::of(bytes)).collect();
        BoundedVec::truncate_from(open_part(&ids, part).unwrap_or_default())
    }

    fn traced<T: Config>(lie: Lie) -> Result<Self, BenchmarkError> {
        let bench = Self::disputed::<T>(lie)?;
        let trace = bench.world.trace(&bench.worker, POSITION);
        Pallet::<T>::post_trace(signed(WORKER).into(), 0, trace).map_err(|error| error.error)?;
        Ok(bench)
    }

    fn named<T: Config>(lie: Lie, op: u16) -> Result<Self, BenchmarkError> {
        let bench = Self::traced::<T>(lie)?;
        Pallet::<T>::name_operator(signed(auditor(0)).into(), 0, op).map_err(|error| error.error)?;
        Ok(bench)
    }

    /// The first node of the large output is asked for.
    fn demanded<T: Config>() -> Result<Self, BenchmarkError> {
        let bench = Self::named::<T>(wrong, LARGE)?;
        Pallet::<T>::demand_output(signed(auditor(0)).into(), 0, 0).map_err(|error| error.error)?;
        Ok(bench)
    }

    /// The subtrees of the large output.
    fn subtrees(&self) -> Result<BoundedVec<Cv, ConstU32<MAX_SUBTREES>>, BenchmarkError> {
        let output = self.claimed(LARGE);
        let values = slice::open_subtrees(output, Node::root(output.len() as u64));
        let values = values.map_err(|_| BenchmarkError::Stop("the output has one chunk"))?;
        Ok(BoundedVec::truncate_from(values))
    }

    fn claimed(&self, op: u16) -> &[u8] {
        &self.world.segment_of(&self.worker, POSITION).1[usize::from(op)]
    }

    /// Every validator has the first difference searched for: the first one's dispute has number 0.
    fn searched<T: Config>() -> Result<Self, BenchmarkError> {
        let bench = Self::audited::<T>(Until::Disputed, wrong);
        let last = bench.world.segments() - 1;
        for by in (0..MAX_AUDITORS).map(auditor) {
            let end = bench.worker.leaf(last);
            let opened = Pallet::<T>::open_dispute(signed(by).into(), bench.id(), last, None, end);
            opened.map_err(|error| error.error)?;
        }
        Ok(bench)
    }

    /// The worker has named its ids.
    fn asked<T: Config>() -> Result<Self, BenchmarkError> {
        let bench = Self::searched::<T>()?;
        let named = Pallet::<T>::name_ids(signed(WORKER).into(), 0, bench.probes());
        named.map_err(|error| error.error)?;
        Ok(bench)
    }

    /// What the worker has before the last segment of the first task.
    fn probes(&self) -> BoundedVec<BlobId, ConstU32<MAX_IDS>> {
        let before: Vec<u32> = (0..self.world.segments() - 1).collect();
        BoundedVec::truncate_from(self.worker.ids(&before))
    }
}

#[benchmarks]
mod benches {
    use super::*;

    /// Nothing is due, but there are draws to come, and two periods without one are passed over.
    #[benchmark]
    fn idle() {
        let bench = Bench::audited::<T>(Until::Committed, honest);
        Pallet::<T>::enqueue(&bench.id(), 1_000);

        #[block]
        {
            Pallet::<T>::on_initialize(NOW.into());
        }

        assert_eq!(PendingDrawCount::<T>::get(), 1);
    }

    #[benchmark]
    fn draw(v: Linear<8, 128>) {
        let bench = Bench::audited::<T>(Until::Committed, honest);
        T::BenchmarkHelper::put_validators(v);
        T::BenchmarkHelper::put_seed(1);
        Pallet::<T>::enqueue(&bench.id(), 1);
        DrawCursor::<T>::put(1);

        #[block]
        {
            Pallet::<T>::draw_due(NOW);
        }

        assert_eq!(Totals::<T>::get().drawn, 1);
    }

    /// The worker of an accepted shard is silent: its collateral is slashed, eight bonds are released, seven disputes are moot, the job
    /// fails.
    #[benchmark]
    fn expire() -> Result<(), BenchmarkError> {
        Bench::challenged::<T>(wrong, false)?;
        let due = Disputes::<T>::get(0).map(|dispute| dispute.by + 1).ok_or(BenchmarkError::Stop("no dispute"))?;
        frame_system::Pallet::<T>::set_block_number(due.into());
        Agenda::<T>::insert(due, BoundedVec::truncate_from(alloc::vec![0]));

        #[block]
        {
            Pallet::<T>::expire_due(due);
        }

        assert_eq!(Disputes::<T>::count(), 0);
        Ok(())
    }

    #[benchmark]
    fn open_checkpoints() {
        let bench = Bench::audited::<T>(Until::Opening, honest);

        #[extrinsic_call]
        _(signed(WORKER), bench.id(), [5; 32]);
    }

    #[benchmark]
    fn demand_opening() {
        let bench = Bench::audited::<T>(Until::Auditing, honest);

        #[extrinsic_call]
        _(signed(auditor(0)), bench.id());
    }

    #[benchmark]
    fn answer_opening(n: Linear<1, MAX_SAMPLES>) -> Result<(), BenchmarkError> {
        let bench = Bench::new::<T>(n, Until::Comparing, honest);
        Pallet::<T>::demand_opening(signed(auditor(0)).into(), bench.id()).map_err(|error| error.error)?;
        let leaves: Vec<LeafProof> = (0..n).map(|position| bench.worker.leaf(position)).collect();

        #[extrinsic_call]
        _(signed(WORKER), bench.id(), BoundedVec::truncate_from(leaves));

        Ok(())
    }

    /// The last seal: the worker is next, and has less time.
    #[benchmark]
    fn commit_audit() {
        let bench = Bench::audited::<T>(Until::LastSeal, honest);

        #[extrinsic_call]
        _(signed(Bench::last()), bench.id(), [5; 32]);
    }

    #[benchmark]
    fn reveal_results() {
        let bench = Bench::audited::<T>(Until::Revealing, honest);

        #[extrinsic_call]
        _(signed(WORKER), bench.id(), [5; 32]);
    }

    /// The last reveal accepts the last shard of the last stage: its job, which was paused, is complete.
    #[benchmark]
    fn reveal_audit() {
        let bench = Bench::audited::<T>(Until::LastReveal, honest);
        T::BenchmarkHelper::put_paused(&bench.id());
        let results = results_digest(&bench.id(), &bench.honest.ids(&bench.shard.demanded()));

        #[extrinsic_call]
        _(signed(Bench::last()), bench.id(), [3; 32], results, true);

        assert_eq!(Totals::<T>::get().settled, 1);
    }

    /// The last reveal accepts a shard, but others of its stage are under way.
    #[benchmark]
    fn settle() -> Result<(), BenchmarkError> {
        let bench = Bench::audited::<T>(Until::LastReveal, honest);
        T::BenchmarkHelper::put_unfinished_stage(&bench.id());
        let results = results_digest(&bench.id(), &bench.honest.ids(&bench.shard.demanded()));
        let origin = signed(Bench::last()).into();

        #[block]
        {
            Pallet::<T>::reveal_audit(origin, bench.id(), [3; 32], results, true).map_err(|error| error.error)?;
        }

        assert_eq!(Totals::<T>::get().settled, 1);
        Ok(())
    }

    /// Of an accepted shard, by somebody who locks a bond for it.
    #[benchmark]
    fn open_dispute() -> Result<(), BenchmarkError> {
        let bench = Bench::accepted::<T>(MAX_LEAF_DEMANDS)?;
        T::BenchmarkHelper::put_validators(1);
        let challenger = T::Registry::validators()[0];
        let (start, end) = (bench.worker.leaf(POSITION - 1), bench.worker.leaf(POSITION));

        #[extrinsic_call]
        _(signed(challenger), bench.id(), POSITION, Some(start), end);

        assert_eq!(Disputes::<T>::count(), 1);
        Ok(())
    }

    /// One of eight validators that confirmed the result.
    #[benchmark]
    fn accuse_auditor() -> Result<(), BenchmarkError> {
        let bench = Bench::audited::<T>(Until::Accused, honest);
        T::BenchmarkHelper::put_validators(1);
        let accuser = T::Registry::validators()[0];
        let (start, end) = (bench.worker.leaf(POSITION - 1), bench.worker.leaf(POSITION));

        #[extrinsic_call]
        _(signed(accuser), bench.id(), Bench::last().into(), POSITION, Some(start), end);

        assert_eq!(Disputes::<T>::count(), 1);
        Ok(())
    }

    #[benchmark]
    fn post_trace() -> Result<(), BenchmarkError> {
        let bench = Bench::disputed::<T>(wrong)?;
        let trace = bench.world.trace(&bench.worker, POSITION);

        #[extrinsic_call]
        _(signed(WORKER), 0, trace);

        Ok(())
    }

    #[benchmark]
    fn post_outline() -> Result<(), BenchmarkError> {
        let bench = Bench::long::<T>()?;
        let outline = bench.outline()?;

        #[extrinsic_call]
        _(signed(WORKER), 0, outline);

        Ok(())
    }

    /// The operator that reads from eight other parts.
    #[benchmark]
    fn name_in_part() -> Result<(), BenchmarkError> {
        let bench = Bench::long::<T>()?;
        Pallet::<T>::post_outline(signed(WORKER).into(), 0, bench.outline()?).map_err(|error| error.error)?;
        let body = &bench.world.program.program().body;
        let (op, width) = ((body.len() - 1) as u16, PART_IDS as u16);
        let part = op / width;
        Pallet::<T>::demand_output(signed(auditor(0)).into(), 0, part.into()).map_err(|error| error.error)?;
        Pallet::<T>::open_chunk(signed(WORKER).into(), 0, bench.part(part)).map_err(|error| error.error)?;
        let read = body[usize::from(op)].args.iter().filter_map(|value| match value {
            Value::Op(op) => Some(bench.part(*op / width)),
            _ => None,
        });
        let earlier: Vec<_> = read.collect();
        assert_eq!(earlier.len(), MAX_ARGUMENTS);

        #[extrinsic_call]
        _(signed(auditor(0)), 0, op, BoundedVec::truncate_from(earlier));

        Ok(())
    }

    #[benchmark]
    fn name_operator() -> Result<(), BenchmarkError> {
        Bench::traced::<T>(wrong)?;

        #[extrinsic_call]
        _(signed(auditor(0)), 0, WRONG);

        Ok(())
    }

    #[benchmark]
    fn demand_output() -> Result<(), BenchmarkError> {
        Bench::named::<T>(wrong, LARGE)?;

        #[extrinsic_call]
        _(signed(auditor(0)), 0, 0);

        Ok(())
    }

    #[benchmark]
    fn open_subtrees() -> Result<(), BenchmarkError> {
        let bench = Bench::demanded::<T>()?;
        let values = bench.subtrees()?;

        #[extrinsic_call]
        _(signed(WORKER), 0, values);

        Ok(())
    }

    #[benchmark]
    fn open_chunk() -> Result<(), BenchmarkError> {
        let bench = Bench::demanded::<T>()?;
        Pallet::<T>::open_subtrees(signed(WORKER).into(), 0, bench.subtrees()?).map_err(|error| error.error)?;
        Pallet::<T>::demand_output(signed(auditor(0)).into(), 0, 0).map_err(|error| error.error)?;
        let chunk = BoundedVec::truncate_from(bench.claimed(LARGE)[..CHUNK_LEN as usize].to_vec());

        #[extrinsic_call]
        _(signed(WORKER), 0, chunk);

        Ok(())
    }

    /// The widest product, with as many proofs and links as fit, of an accepted shard.
    #[benchmark]
    fn convict() -> Result<(), BenchmarkError> {
        let (bench, challenger) = Bench::challenged_at::<T>(wrong, WRONG)?;
        let found = bench.world.with_evidence(&bench.honest, POSITION, |evidence| {
            evidence.convict(WRONG, bench.claimed(WRONG), |_, part| bench.world.blob(part))
        });
        let Ok(Conviction::Element { element, output, reads }) = found else {
            return Err(BenchmarkError::Stop("no element differs"));
        };
        assert_eq!(reads.len() as u32, MAX_READS);

        #[extrinsic_call]
        _(signed(challenger), 0, element, output, BoundedVec::truncate_from(reads));

        assert_eq!((Totals::<T>::get().convicted, Disputes::<T>::count()), (1, 0));
        Ok(())
    }

    #[benchmark]
    fn convict_length() -> Result<(), BenchmarkError> {
        let (bench, challenger) = Bench::challenged_at::<T>(too_long, LARGE)?;
        let output = bench.claimed(LARGE);
        let (len, proof) = (output.len() as u64, slice::prove_length(output));

        #[extrinsic_call]
        _(signed(challenger), 0, len, proof);

        assert_eq!((Totals::<T>::get().convicted, Disputes::<T>::count()), (1, 0));
        Ok(())
    }

    /// For the last time, by a validator that runs the tasks from their inputs and has not got these either. Eight bonds and
    /// the worker's are free, the job fails.
    #[benchmark]
    fn claim_unavailable() {
        let world = World::heaviest();
        let shard = Shard { rounds: MAX_AUDIT_ROUNDS - 1, probes: MAX_PROBES, ..world.new_shard() };
        let bench = Bench::of::<T>(world, shard, MAX_SAMPLES, Until::Auditing, honest);
        T::Shards::apply(&bench.id(), ShardEvent::Unavailable { by: auditor(0), inputs_missing: false })
            .expect("it has not sealed");

        #[extrinsic_call]
        _(signed(auditor(0)), bench.id(), true);

        assert!(T::Shards::shard(&bench.id()).is_none_or(|shard| shard.audit().is_none()));
    }

    /// The last word of eight, about a result of which seven auditors have sealed their answers and one has left for want of inputs:
    /// all bonds are free, the work is paid, and the job, which was paused as often as may be, fails.
    #[benchmark]
    fn report_inputs() {
        let world = World::heaviest();
        let shard = Shard { rounds: MAX_AUDIT_ROUNDS - 1, ..world.new_shard() };
        let bench = Bench::of::<T>(world, shard, MAX_SAMPLES, Until::LastSeal, honest);
        let left = bench.shard.audit().and_then(|audit| audit.seats.iter().find(|seat| seat.seal.is_none()).cloned());
        let left = left.expect("one has not sealed").auditor;
        for inputs_missing in [false, true] {
            T::Shards::apply(&bench.id(), ShardEvent::Unavailable { by: left, inputs_missing })
                .expect("it has not sealed");
        }
        let doubted = T::Shards::shard(&bench.id()).expect("it is kept");
        let Phase::Doubted { work, mut probe, .. } = doubted.phase.clone() else { panic!("it is not doubted") };
        let others = (0..MAX_AUDITORS).map(|index| ProbeSeat {
            missing: index > 0,
            ..ProbeSeat::new(auditor(MAX_AUDITORS + index), T::Params::get().audit_bond)
        });
        probe.seats = BoundedVec::truncate_from(others.collect());
        let shard = Shard { phase: Phase::Probing { work, probe, by: NOW }, ..doubted };
        T::BenchmarkHelper::put_shard(&shard, &bench.world.context, &bench.world.program);
        T::BenchmarkHelper::put_pauses(&bench.id());

        #[extrinsic_call]
        _(signed(auditor(MAX_AUDITORS)), bench.id(), false);

        assert!(T::Shards::shard(&bench.id()).is_none_or(|shard| shard.probe().is_none()));
    }

    /// The shard is delivered: its worker has something to do with it again, until an earlier height.
    #[benchmark]
    fn demand_leaf() -> Result<(), BenchmarkError> {
        let bench = Bench::accepted::<T>(0)?;

        #[extrinsic_call]
        _(signed(auditor(0)), bench.id(), MAX_LEAF_DEMANDS, Balance::MAX);

        let shard = T::Shards::shard(&bench.id());
        assert!(shard.is_some_and(|shard| shard.window().is_some_and(|window| window.demands.len() == 1)));
        Ok(())
    }

    /// The shard is delivered: its worker has nothing left to do with it.
    #[benchmark]
    fn answer_leaf() -> Result<(), BenchmarkError> {
        let bench = Bench::accepted::<T>(2)?;
        Pallet::<T>::answer_leaf(signed(WORKER).into(), bench.id(), 0, bench.worker.leaf(0))
            .map_err(|error| error.error)?;
        let leaf = bench.worker.leaf(1);

        #[extrinsic_call]
        _(signed(WORKER), bench.id(), 1, leaf);

        let shard = T::Shards::shard(&bench.id());
        assert!(shard.is_some_and(|shard| shard.window().is_some_and(|window| window.demands.is_empty())));
        Ok(())
    }

    #[benchmark]
    fn name_ids() -> Result<(), BenchmarkError> {
        let bench = Bench::searched::<T>()?;
        let ids = bench.probes();

        #[extrinsic_call]
        _(signed(WORKER), 0, ids);

        Ok(())
    }

    #[benchmark]
    fn pick_id() -> Result<(), BenchmarkError> {
        Bench::asked::<T>()?;

        #[extrinsic_call]
        _(signed(auditor(0)), 0, POSITION);

        Ok(())
    }

    #[benchmark]
    fn prove_ends() -> Result<(), BenchmarkError> {
        let bench = Bench::asked::<T>()?;
        Pallet::<T>::pick_id(signed(auditor(0)).into(), 0, POSITION).map_err(|error| error.error)?;
        let (start, end) = (Some(bench.worker.leaf(POSITION - 1)), bench.worker.leaf(POSITION));

        #[extrinsic_call]
        _(signed(WORKER), 0, start, end);

        Ok(())
    }

    impl_benchmark_test_suite!(Pallet, crate::tests::mock::new_test_ext(), crate::tests::mock::Test);
}

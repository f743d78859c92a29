// SPDX-License-Identifier: Apache-2.0
//! The moves of the daemons in a dispute about a segment of more operators than a trace that is posted whole has, as the executors
//! compute it and the protocol judges it.

use quern_executor::{cpu::CpuExecutor, Executor};
use quern_primitives::{
    commitment::{leaf_list, LeafProof},
    draw::SegmentCosts,
    job::{Blob, Input, Stage},
    Account, BlobId, ShardId,
};
use quern_program::{check::MAX_OPERATORS, reference, Checked, DType, ProgramBuilder, Segment, SegmentKind, Tensor};
use quern_protocol::{
    dispute::{Dispute, Move, Next, Outcome, Play},
    evidence::Evidence,
    inputs::{Link, Origin, Part, StageContext},
    shard::{Commitment, Deal, Phase},
    Params, Shard,
};
use quern_worker::{
    core::{defend_trace, name_difference, Defence, Prosecution},
    misbehave::Misbehaving,
};
use std::{borrow::Cow, sync::Arc};

const WORKER: Account = [1; 32];
const CHALLENGER: Account = [2; 32];
const SHARD: ShardId = ShardId { job: 1, stage: 0, index: 0 };
const SEGMENT: Segment = Segment::Body(0);

struct World {
    program: Checked,
    context: StageContext,
    data: Vec<u8>,
    state: Vec<Tensor>,
}

impl World {
    /// As many operators as there can be, nearly all of them in the body: each reads the one before it and one of long before.
    fn new() -> Self {
        let mut b = ProgramBuilder::new();
        let data = b.input(DType::I32, &[4]);
        let first = b.add(data, data);
        let [state] = b.begin_body(&[first])[..] else { unreachable!() };
        let mut values = vec![state];
        while b.operators() < MAX_OPERATORS - 2 {
            let last = values.len() - 1;
            values.push(b.sub(values[last], values[last / 3]));
        }
        let [state] = b.begin_finish(&[values[values.len() - 1]], 1)[..] else { unreachable!() };
        let output = b.add(state, state);
        let program = b.build(output).expect("the program is valid");
        let data: Vec<u8> = (1..=16).collect();
        let blob = Blob { id: BlobId::of(&data), len: 16 };
        let inputs = vec![Input::Blob(blob)].try_into().unwrap();
        let stage = Stage { program: program.id(), tasks: 1, shard_size: 1, inputs };
        let context =
            StageContext { genesis: [1; 32], job: 1, index: 0, stage, randomness: [2; 32], outputs: Vec::new() };
        let mut world = Self { program, context, data, state: Vec::new() };
        let executor = CpuExecutor::new().with_threads(1).unwrap();
        world.state = world.run(&executor, Segment::Init).0;
        world
    }

    fn inputs(&self) -> Vec<Tensor> {
        vec![Tensor::new(self.program.program().inputs[0], self.data.clone())]
    }

    fn run(&self, executor: &dyn Executor, segment: Segment) -> (Vec<Tensor>, BlobId) {
        let context = self.context.context(0);
        let results = executor.run_segment(&self.program, segment, &context, &self.inputs(), &self.state).unwrap();
        let id = reference::result_id(segment.kind(), &reference::trace_ids(&results));
        (results, id)
    }

    fn trace(&self, executor: &dyn Executor) -> Vec<Tensor> {
        let context = self.context.context(0).at(SEGMENT);
        executor.trace(&self.program, SEGMENT.kind(), &context, &self.inputs(), &self.state).unwrap()
    }

    fn dispute(&self, end: BlobId) -> Dispute {
        let leaves = [BlobId::of_list(reference::trace_ids(&self.state).iter()), end, BlobId([9; 32])];
        let list = leaf_list(&[7; 32], &WORKER, &SHARD, &leaves);
        let leaf = |position: u32| LeafProof::new(&list, &[7; 32], position, leaves[position as usize]);
        let costs = SegmentCosts { init: 1, body: 1, steps: 1, finish: 1, has_loop: true };
        let deal = Deal { worker: WORKER, price: 1, collateral: 3 };
        let commitment = Commitment { root: BlobId::of(&list), secret_hash: [0; 32], at: 1 };
        let phase = Phase::Committed { deal, commitment, period: 1, held: None };
        let shard = Shard { phase, ..Shard::new(SHARD, 0, 1, costs) };
        Dispute::open(&shard, SEGMENT, CHALLENGER, 1, Some(&leaf(0)), &leaf(1), 10, &Params::default()).unwrap()
    }

    fn convict(&self, op: u16, own: &[Tensor], theirs: &[Tensor]) -> Play {
        let outputs: Vec<&[u8]> = own.iter().map(|tensor| tensor.bytes.as_ref()).collect();
        let state: Vec<&[u8]> = self.state.iter().map(|tensor| tensor.bytes.as_ref()).collect();
        let (program, stage) = (&self.program, &self.context);
        let evidence = Evidence { program, stage, task: 0, segment: SEGMENT, state: &state, outputs: &outputs };
        let blob = |_: u16, part: &Part| {
            matches!(part.origin, Origin::Blob { .. }).then(|| (Link::Known, Cow::Borrowed(self.data.as_slice())))
        };
        evidence.convict(op, &theirs[usize::from(op)].bytes, blob).unwrap().play(CHALLENGER)
    }
}

#[test]
fn liar_should_be_convicted_in_five_moves_when_its_segment_has_as_many_operators_as_there_can_be() {
    let world = World::new();
    let honest: Arc<dyn Executor> = Arc::new(CpuExecutor::new().with_threads(1).unwrap());
    let liar = Misbehaving::new(honest.clone());
    let (_, end) = world.run(&liar, SEGMENT);
    let (own, theirs) = (world.trace(honest.as_ref()), world.trace(&liar));
    assert_eq!(world.program.types(SegmentKind::Body).len(), MAX_OPERATORS - 2);
    assert_ne!(world.run(honest.as_ref(), SEGMENT).1, end);

    let (mut dispute, mut moves) = (world.dispute(end), Vec::new());
    let state = reference::trace_ids(&world.state);
    let outcome = loop {
        let play = if *dispute.owed_by() == WORKER {
            match defend_trace(&world.program, &dispute, &state, &theirs).expect("the worker can answer") {
                Defence::Outline(outline) => Play::Outline { by: WORKER, outline },
                Defence::Chunk(bytes) => Play::Chunk { bytes },
                other => panic!("{other:?}"),
            }
        } else if let Move::Convict { op, .. } = dispute.turn {
            world.convict(op, &own, &theirs)
        } else {
            match name_difference(&world.program, &dispute, &own).expect("something differs") {
                Prosecution::Demand(index) => Play::Demand { by: CHALLENGER, index },
                Prosecution::NameInPart { op, earlier } => Play::NameInPart { by: CHALLENGER, op, earlier },
                other => panic!("{other:?}"),
            }
        };
        moves.push(play.clone());
        match dispute.step(play, dispute.by, &Params::default(), &world.program, &world.context).unwrap() {
            Next::Open(next) => dispute = next,
            Next::Closed(outcome) => break outcome,
        }
    };
    assert!(matches!(outcome, Outcome::WrongElement { .. }), "{outcome:?}");
    assert_eq!(moves.len(), 5, "{moves:?}");
}

#[test]
fn nothing_should_be_named_when_a_long_trace_is_right() {
    let world = World::new();
    let executor = CpuExecutor::new().with_threads(1).unwrap();
    let own = world.trace(&executor);
    let state = reference::trace_ids(&world.state);
    let dispute = world.dispute(world.run(&executor, SEGMENT).1);
    let Some(Defence::Outline(outline)) = defend_trace(&world.program, &dispute, &state, &own) else {
        panic!("an outline")
    };
    let play = Play::Outline { by: WORKER, outline };
    let Next::Open(next) = dispute.step(play, dispute.by, &Params::default(), &world.program, &world.context).unwrap()
    else {
        panic!("it goes on")
    };
    assert_eq!(name_difference(&world.program, &next, &own), None);
}

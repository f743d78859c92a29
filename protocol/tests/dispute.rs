// SPDX-License-Identifier: Apache-2.0
//! Disputes about a small real program: whatever a challenger plays, an honest worker does not lose; whatever a worker lies
//! about, the honest challenger's strategy convicts it.

use proptest::prelude::*;
use quern_primitives::{
    commitment::{leaf_list, LeafProof},
    draw::SegmentCosts,
    job::{Blob, Input, Stage},
    slice::{self, open_subtrees, Node, SliceError, SliceProof},
    Account, BlobId, Height, ShardId,
};
use quern_program::{decode_element, encode_element, reference, Checked, DType, ProgramBuilder, TensorType, Value};
use quern_protocol::{
    dispute::{Dispute, DisputeError, Move, Next, Outcome, Play, Trace},
    evidence::{differing_node, differing_operator, Evidence},
    inputs::{Link, Origin, Part, StageContext},
    referee::ReadProof,
    shard::{Commitment, Deal, Phase},
    Params, Shard,
};
use std::{borrow::Cow, collections::HashSet, convert::Infallible, sync::LazyLock};

const WORKER: Account = [1; 32];
const CHALLENGER: Account = [2; 32];
const STRANGER: Account = [3; 32];
const SHARD: ShardId = ShardId { job: 5, stage: 0, index: 0 };
const SECRET: [u8; 32] = [7; 32];
const TASKS: u32 = 2;
const TASK: u32 = 1;
const SEGMENTS: u32 = 4;
/// A dispute is opened at this height.
const OPENED: Height = 10;

/// A tensor as it is stored, canonical or not.
type Raw = Vec<u8>;
/// Changes the output of an operator: (segment, operator, bytes).
type Lie<'a> = &'a dyn Fn(u32, u16, &mut Raw);

struct World {
    program: Checked,
    stage: StageContext,
    data: Raw,
    weights: Raw,
}

/// A task as somebody ran it.
#[derive(Clone)]
struct Run {
    /// The state tensors before each segment.
    states: Vec<Vec<Raw>>,
    /// The outputs of the operators of each segment.
    outputs: Vec<Vec<Raw>>,
    /// The leaf of each segment.
    ids: Vec<BlobId>,
}

static WORLD: LazyLock<World> = LazyLock::new(World::new);
static HONEST: LazyLock<Run> = LazyLock::new(|| WORLD.run(&|_, _, _| ()));

fn params() -> Params {
    Params { move_blocks: 5, ..Params::default() }
}

fn noise(seed: u32, len: usize) -> Raw {
    let mut state = seed.wrapping_mul(2_654_435_761);
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        // Never -128: inputs may hold it, but then the same bytes are read in two ways.
        ((state >> 24) as u8).max(1)
    };
    (0..len).map(next).collect()
}

impl World {
    /// A program with a loop whose state is an `i32` and an `i8` tensor. One tensor of its finish has more chunks than one
    /// move opens, and its output is of `i8` values that often saturate.
    fn new() -> Self {
        let mut b = ProgramBuilder::new();
        let data = b.input(DType::I8, &[16, 64]);
        let weights = b.input(DType::I8, &[16, 64]);
        let seed = b.input(DType::I8, &[32]);
        let product = b.matmul_nt(data, weights);
        let [state, carried] = b.begin_body(&[product, weights])[..] else { unreachable!() };
        let three = b.scalar(3);
        let rounded = b.shift_stochastic(state, three);
        let again = b.matmul_nt(data, carried);
        let sum = b.add(rounded, again);
        let step = b.step();
        let next = b.add(sum, step);
        let minus_one = b.scalar(-1);
        let negative = b.mul(carried, minus_one);
        let flipped = b.cast(negative, DType::I8);
        let [state, _] = b.begin_finish(&[next, flipped], 2)[..] else { unreachable!() };
        let rows: Vec<i32> = (0..1100).map(|row| row % 16).collect();
        let rows = b.constant(DType::I32, &[1100], &rows);
        let wide = b.gather(state, rows);
        let sums = b.row_sum(wide);
        let one = b.slice(seed, 0, 0, 1);
        let salted = b.add(sums, one);
        let output = b.cast(salted, DType::I8);
        let program = b.build(output).expect("the program is valid");
        assert_eq!(program.program().segments(), SEGMENTS);

        let data = noise(1, 1024 * TASKS as usize);
        let weights = noise(2, 1024);
        let blob = |bytes: &[u8]| Blob { id: BlobId::of(bytes), len: bytes.len() as u64 };
        let inputs = vec![Input::Slice { blob: blob(&data), stride: 1024 }, Input::Blob(blob(&weights)), Input::Seed];
        let stage =
            Stage { program: program.id(), tasks: TASKS, shard_size: TASKS, inputs: inputs.try_into().unwrap() };
        let stage =
            StageContext { genesis: [1; 32], job: 5, index: 0, stage, randomness: [2; 32], outputs: Vec::new() };
        Self { program, stage, data, weights }
    }

    fn blob(&self, part: &Part) -> Option<(Link, Cow<'_, [u8]>)> {
        let Origin::Blob { blob, .. } = &part.origin else { return None };
        let found = [&self.data, &self.weights].into_iter().find(|bytes| BlobId::of(bytes) == blob.id)?;
        Some((Link::Known, Cow::Borrowed(found)))
    }

    fn input(&self, slot: u16) -> Raw {
        match slot {
            0 => self.data[TASK as usize * 1024..][..1024].to_vec(),
            1 => self.weights.clone(),
            _ => self.stage.seed(TASK).to_vec(),
        }
    }

    fn types(&self, segment: u32) -> &[TensorType] {
        self.program.types(self.program.program().segment(segment).unwrap().kind())
    }

    /// The outputs of the operators of a segment, as they are defined but for the lie; later ones follow from it.
    fn segment(&self, index: u32, state: &[Raw], lie: Lie<'_>) -> Vec<Raw> {
        let program = self.program.program();
        let segment = program.segment(index).unwrap();
        let inputs = [0, 1, 2].map(|slot| self.input(slot));
        let context = self.stage.context(TASK).at(segment);
        let mut outputs: Vec<Raw> = Vec::new();
        for (op, operator) in (0u16..).zip(program.block(segment.kind())) {
            let call = self.program.call(segment.kind(), op, &context).unwrap();
            let mut read = |arg: usize, element: u64| -> Result<i32, Infallible> {
                let bytes: &[u8] = match operator.args[arg] {
                    Value::Input(slot) => &inputs[usize::from(slot)],
                    Value::Const(at) => &program.constants[usize::from(at)].bytes,
                    Value::State(at) => &state[usize::from(at)],
                    Value::Op(at) => &outputs[usize::from(at)],
                    Value::Step => &segment.step().to_le_bytes(),
                };
                Ok(decode_element(call.args[arg].dtype, bytes, element))
            };
            let mut bytes = Vec::new();
            for element in 0..call.output.elements() {
                let Ok(value) = call.element(element, &mut read);
                encode_element(call.output.dtype, value, &mut bytes);
            }
            lie(index, op, &mut bytes);
            outputs.push(bytes);
        }
        outputs
    }

    fn run(&self, lie: Lie<'_>) -> Run {
        let mut run = Run { states: Vec::new(), outputs: Vec::new(), ids: Vec::new() };
        let mut state: Vec<Raw> = Vec::new();
        for index in 0..SEGMENTS {
            let outputs = self.segment(index, &state, lie);
            let kind = self.program.program().segment(index).unwrap().kind();
            let results = self.program.program().results(kind).into_iter().map(|value| match value {
                Value::Op(at) => outputs[usize::from(at)].clone(),
                Value::State(at) => state[usize::from(at)].clone(),
                _ => unreachable!(),
            });
            let results: Vec<Raw> = results.collect();
            run.ids.push(reference::result_id(kind, &ids(&results)));
            run.states.push(std::mem::replace(&mut state, results));
            run.outputs.push(outputs);
        }
        run
    }

    fn evidence<R>(&self, segment: u32, state: &[Raw], outputs: &[Raw], with: impl FnOnce(Evidence<'_>) -> R) -> R {
        let state: Vec<&[u8]> = state.iter().map(Vec::as_slice).collect();
        let outputs: Vec<&[u8]> = outputs.iter().map(Vec::as_slice).collect();
        with(Evidence {
            program: &self.program,
            stage: &self.stage,
            task: TASK,
            segment: self.program.program().segment(segment).unwrap(),
            state: &state,
            outputs: &outputs,
        })
    }

    fn step(&self, dispute: &Dispute, play: Play, height: Height) -> Result<Next, DisputeError> {
        dispute.step(play, height, &params(), &self.program, &self.stage)
    }
}

fn ids(tensors: &[Raw]) -> Vec<BlobId> {
    tensors.iter().map(|bytes| BlobId::of(bytes)).collect()
}

impl Run {
    fn trace(&self, segment: u32) -> Trace {
        let (state, outputs) = (&self.states[segment as usize], &self.outputs[segment as usize]);
        Trace { state: ids(state).try_into().unwrap(), outputs: ids(outputs).try_into().unwrap() }
    }

    /// The list behind the root; the first task's leaves are of no interest here.
    fn leaves(&self) -> (Vec<BlobId>, Vec<u8>) {
        let all = [vec![BlobId([9; 32]); SEGMENTS as usize], self.ids.clone()].concat();
        let list = leaf_list(&SECRET, &WORKER, &SHARD, &all);
        (all, list)
    }

    fn leaf(&self, position: u32) -> LeafProof {
        let (ids, list) = self.leaves();
        LeafProof::new(&list, &SECRET, position, ids[position as usize])
    }

    fn shard(&self) -> Shard {
        let costs = SegmentCosts { init: 1, body: 1, steps: 2, finish: 1, has_loop: true };
        let deal = Deal { worker: WORKER, price: 1, collateral: 3 };
        let commitment = Commitment { root: BlobId::of(&self.leaves().1), secret_hash: [0; 32], at: 1 };
        Shard {
            phase: Phase::Committed { deal, commitment, period: 1, held: None },
            ..Shard::new(SHARD, 0, TASKS, costs)
        }
    }

    fn dispute(&self, segment: u32) -> Dispute {
        let position = TASK * SEGMENTS + segment;
        let start = (segment > 0).then(|| self.leaf(position - 1));
        let of = WORLD.program.program().segment(segment).unwrap();
        let end = self.leaf(position);
        Dispute::open(&self.shard(), of, CHALLENGER, position, start.as_ref(), &end, OPENED, &params()).unwrap()
    }

    /// What this worker answers; nothing that it could answer may be right.
    fn answers(&self, segment: u32, dispute: &Dispute) -> Vec<Play> {
        match &dispute.turn {
            Move::Trace => vec![Play::Trace { by: WORKER, trace: self.trace(segment) }],
            Move::Output { op, node } => {
                let tensor = &self.outputs[segment as usize][usize::from(*op)];
                let expected = WORLD.types(segment)[usize::from(*op)].bytes();
                let mut fitted = tensor.clone();
                fitted.resize(expected as usize, 0);
                let node = Node { first_chunk: node.first_chunk, chunks: node.chunks };
                [tensor, &fitted]
                    .into_iter()
                    .filter_map(|tensor| {
                        if node.chunks > 1 {
                            return Some(Play::Subtrees { values: open_subtrees(tensor, node).ok()? });
                        }
                        let range = node.bytes(tensor.len() as u64);
                        let bytes = tensor.get(range.start as usize..range.end as usize)?.to_vec();
                        Some(Play::Chunk { bytes })
                    })
                    .collect()
            }
            _ => panic!("the challenger owes this move"),
        }
    }
}

/// The honest challenger's move. `serves` is whether the worker shows it the disputed tensor off chain.
fn prosecute(worker: &Run, segment: u32, dispute: &Dispute, serves: bool) -> Play {
    let state = &worker.states[segment as usize];
    let own = WORLD.segment(segment, state, &|_, _, _| ());
    match &dispute.turn {
        Move::Name => {
            let trace = dispute.trace.as_ref().unwrap();
            Play::Name {
                by: CHALLENGER,
                op: differing_operator(&trace.whole().unwrap().outputs, &ids(&own)).expect("a lie"),
            }
        }
        Move::Convict { op, shown, chunk } => WORLD.evidence(segment, state, &own, |evidence| {
            let blob = |_: u16, part: &Part| WORLD.blob(part);
            let theirs = &worker.outputs[segment as usize][usize::from(*op)];
            let conviction = match chunk {
                Some((index, bytes)) => evidence.convict_chunk(*op, *index, bytes, blob),
                None if serves => evidence.convict(*op, theirs, blob),
                None => {
                    let index = differing_node(&own[usize::from(*op)], shown).expect("a lie");
                    return Play::Demand { by: CHALLENGER, index };
                }
            };
            conviction.unwrap().play(CHALLENGER)
        }),
        _ => panic!("the worker owes this move"),
    }
}

/// Plays a dispute between this worker and the honest challenger to its end.
fn play_out(worker: &Run, segment: u32, serves: bool) -> Outcome {
    let (mut dispute, mut height) = (worker.dispute(segment), OPENED);
    for _ in 0..20 {
        height += 1;
        let next = if *dispute.owed_by() == WORKER {
            let answers = worker.answers(segment, &dispute);
            let accepted = answers.into_iter().find_map(|play| WORLD.step(&dispute, play, height).ok());
            accepted.unwrap_or_else(|| WORLD.step(&dispute, Play::Expire, dispute.by + 1).unwrap())
        } else {
            let play = prosecute(worker, segment, &dispute, serves);
            WORLD.step(&dispute, play, height).expect("the honest challenger's moves are accepted")
        };
        match next {
            Next::Open(next) => dispute = next,
            Next::Closed(outcome) => return outcome,
        }
    }
    panic!("a dispute has a constant number of moves");
}

/// Elements of a tensor that are worth a look.
fn elements(ty: TensorType) -> Vec<u64> {
    let last = ty.elements() - 1;
    let mut elements = vec![0, 1.min(last), last / 2, last];
    elements.dedup();
    elements
}

/// What a challenger may show as the reads of an element: the right ones and many that are not.
fn forged_reads(reads: &[ReadProof], others: &[ReadProof]) -> Vec<Vec<ReadProof>> {
    let mut all = vec![reads.to_vec(), Vec::new(), others.to_vec(), [others, reads].concat(), [reads, reads].concat()];
    for index in 0..reads.len() {
        let mut change = |with: &dyn Fn(&mut ReadProof)| {
            let mut changed = reads.to_vec();
            with(&mut changed[index]);
            all.push(changed);
        };
        change(&|read| read.arg ^= 1);
        change(&|read| read.arg = 200);
        change(&|read| read.start = read.start.wrapping_add(4));
        change(&|read| read.start = u64::MAX);
        change(&|read| read.len = read.len.wrapping_sub(1));
        change(&|read| read.len = u32::MAX);
        change(&|read| read.link = Link::Listed { id: BlobId([1; 32]), proof: SliceProof(Vec::new()) });
        change(&|read| read.link = Link::Leaf(HONEST.leaf(0)));
        change(&|read| read.proof.0.clear());
        change(&|read| read.proof.0.push(0));
        change(&|read| read.proof.0[0] ^= 1);
        change(&|read| *read.proof.0.last_mut().unwrap() ^= 1);
        if let Some(other) = others.get(index) {
            change(&|read| read.proof = other.proof.clone());
            change(&|read| read.proof = SliceProof([&read.proof.0[..], &other.proof.0[..]].concat()));
        }
        let mut missing = reads.to_vec();
        missing.remove(index);
        all.push(missing);
    }
    all
}

/// Everything that a challenger of an honest worker may try in this state.
fn attacks(segment: u32, dispute: &Dispute) -> Vec<Play> {
    let by = CHALLENGER;
    let (state, outputs) = (&HONEST.states[segment as usize], &HONEST.outputs[segment as usize]);
    let count = outputs.len() as u16;
    let mut plays: Vec<Play> = (0..=count).map(|op| Play::Name { by, op }).collect();
    let Move::Convict { op, shown, .. } = &dispute.turn else { return plays };
    let shown = shown.len() as u32;
    plays.extend([0, shown / 2, shown.saturating_sub(1), shown].map(|index| Play::Demand { by, index }));
    let (tensor, ty) = (&outputs[usize::from(*op)], WORLD.types(segment)[usize::from(*op)]);
    for len in [0, 1, ty.bytes() - 1, ty.bytes(), ty.bytes() + 1, ty.bytes() + 1024, 2 * ty.bytes(), u64::MAX] {
        let mut other = tensor.clone();
        other.resize(len.min(1 << 20) as usize, 0);
        let proofs = [slice::prove_length(tensor), slice::prove_length(&other), SliceProof(Vec::new())];
        plays.extend(proofs.map(|proof| Play::ConvictLength { by, len, proof }));
    }
    let reads = |element: u64| {
        WORLD.evidence(segment, state, outputs, |evidence| {
            evidence.reads(*op, element, |_, part| WORLD.blob(part)).unwrap()
        })
    };
    let last = ty.elements() - 1;
    for element in elements(ty) {
        let other = last - element;
        let range = |element: u64| element * ty.dtype.bytes()..(element + 1) * ty.dtype.bytes();
        let proof = slice::prove(tensor, range(element));
        let mut lied = tensor.clone();
        lied[range(element).start as usize] ^= 1;
        let mut flipped = proof.clone();
        *flipped.0.last_mut().unwrap() ^= 1;
        let shown = [
            None,
            Some(proof),
            Some(flipped),
            Some(slice::prove(&lied, range(element))),
            Some(slice::prove(tensor, range(other))),
            Some(slice::prove(&outputs[0], range(element))),
        ];
        for reads in forged_reads(&reads(element), &reads(other)) {
            for output in shown.clone() {
                plays.push(Play::Convict { by, element, output, reads: reads.clone() });
            }
        }
    }
    for element in [last + 1, u64::MAX] {
        plays.push(Play::Convict { by, element, output: None, reads: Vec::new() });
        plays.push(Play::Convict { by, element, output: Some(slice::prove(tensor, 0..1)), reads: reads(0) });
    }
    plays
}

#[test]
fn honest_worker_should_never_lose_when_the_challenger_plays_anything() {
    let mut refuted = 0;
    for segment in 0..SEGMENTS {
        let mut open = vec![HONEST.dispute(segment)];
        let mut seen = HashSet::new();
        while let Some(dispute) = open.pop() {
            // What matters is whose turn it is and what is shown, not when.
            if !seen.insert(format!("{:?}", dispute.turn)) {
                continue;
            }
            let height = dispute.by;
            if *dispute.owed_by() == WORKER {
                let [answer, ..] = &HONEST.answers(segment, &dispute)[..] else { panic!("an answer") };
                let next = WORLD.step(&dispute, answer.clone(), height).expect("an honest answer is accepted");
                let Next::Open(next) = next else { panic!("a worker's move ends nothing") };
                open.push(next);
                continue;
            }
            for play in attacks(segment, &dispute).into_iter().chain([Play::Expire]) {
                let height = if play == Play::Expire { height + 1 } else { height };
                match WORLD.step(&dispute, play.clone(), height) {
                    Ok(Next::Open(next)) => open.push(next),
                    Ok(Next::Closed(outcome)) => {
                        assert!(!outcome.worker_lost(), "{outcome:?} by {play:?} in {:?}", dispute.turn);
                        refuted += u32::from(matches!(outcome, Outcome::Refuted { .. }));
                    }
                    Err(_) => {}
                }
            }
        }
        assert!(seen.len() > 4, "only {} states were reached", seen.len());
    }
    assert!(refuted > 100, "only {refuted} convictions were tried in earnest");
}

#[test]
fn lying_worker_should_lose_when_one_element_of_any_operator_differs() {
    for segment in 0..SEGMENTS {
        for (op, ty) in (0u16..).zip(WORLD.types(segment)) {
            for element in elements(*ty) {
                for serves in [true, false] {
                    let liar = WORLD.run(&|at, of, bytes| {
                        if (at, of) == (segment, op) {
                            bytes[(element * ty.dtype.bytes()) as usize] ^= 4;
                        }
                    });
                    if liar.ids[segment as usize] == HONEST.ids[segment as usize] {
                        // A lie that changes no result is no lie.
                        continue;
                    }
                    let outcome = play_out(&liar, segment, serves);
                    let convicted = matches!(outcome, Outcome::WrongElement { op: named, element: of, .. } if named == op && of == element);
                    assert!(convicted, "{outcome:?} for segment {segment} operator {op} element {element}");
                }
            }
        }
    }
}

#[test]
fn lying_worker_should_lose_when_a_tensor_has_another_length() {
    for segment in 0..SEGMENTS {
        let kind = WORLD.program.program().segment(segment).unwrap().kind();
        for result in WORLD.program.program().results(kind) {
            let Value::Op(op) = result else { continue };
            let expected = WORLD.types(segment)[usize::from(op)].bytes();
            for len in [0, 1, expected - 1, expected + 1, expected + 1024, 3 * expected] {
                let liar = WORLD.run(&|at, of, bytes| {
                    if (at, of) == (segment, op) {
                        bytes.resize(len as usize, 0);
                    }
                });
                assert_eq!(play_out(&liar, segment, true), Outcome::WrongLength { op, len, expected });
                assert_eq!(play_out(&liar, segment, false), Outcome::WorkerSilent);
            }
        }
    }
}

#[test]
fn lying_worker_should_lose_when_it_stores_minus_128() {
    let segment = SEGMENTS - 1;
    let output = HONEST.outputs[segment as usize].last().unwrap();
    let op = (HONEST.outputs[segment as usize].len() - 1) as u16;
    // Where -127 is right, -128 reads the same; everywhere else it does not.
    let same = output.iter().position(|byte| *byte == 0x81).expect("values saturate");
    let other = output.iter().position(|byte| *byte != 0x81).unwrap();
    for element in [same, other] {
        let liar = WORLD.run(&|at, of, bytes| {
            if (at, of) == (segment, op) {
                bytes[element] = 0x80;
            }
        });
        for serves in [true, false] {
            let outcome = play_out(&liar, segment, serves);
            assert!(matches!(outcome, Outcome::WrongElement { claimed: 0x80, .. }), "{outcome:?}");
        }
    }
}

#[test]
fn lying_worker_should_lose_when_the_agreed_start_is_itself_not_canonical() {
    // Nobody drew the segment before; the disputed one starts from what it left.
    let body = 1;
    let cast = (WORLD.types(body).len() - 1) as u16;
    let liar = WORLD.run(&|segment, op, bytes| match (segment, op) {
        (1, of) if of == cast => bytes.iter_mut().for_each(|byte| *byte = 0x80),
        (2, 1) => bytes[8] ^= 1,
        _ => {}
    });
    for serves in [true, false] {
        let outcome = play_out(&liar, 2, serves);
        assert!(matches!(outcome, Outcome::WrongElement { op: 1, element: 2, .. }), "{outcome:?}");
    }
}

#[test]
fn lying_worker_should_lose_when_its_result_does_not_follow_from_any_trace() {
    let mut liar = HONEST.clone();
    liar.ids[2] = BlobId::of(b"anything");
    for segment in [2, 3] {
        assert_eq!(play_out(&liar, segment, true), Outcome::WorkerSilent);
    }
}

#[test]
fn silence_should_lose_when_it_is_of_whoever_owes_the_move() {
    for (dispute, owes) in turns() {
        assert_eq!(*dispute.owed_by(), owes);
        let silent = if owes == WORKER { Outcome::WorkerSilent } else { Outcome::ChallengerSilent };
        assert_eq!(WORLD.step(&dispute, Play::Expire, dispute.by), Err(DisputeError::NothingDue));
        assert_eq!(WORLD.step(&dispute, Play::Expire, dispute.by + 1), Ok(Next::Closed(silent)));
    }
}

/// A dispute with an honest worker in each of its turns, and who owes the move. The node asked for last is a chunk.
fn turns() -> Vec<(Dispute, Account)> {
    let segment = SEGMENTS - 1;
    let open = |dispute: &Dispute, play: Play| match WORLD.step(dispute, play, dispute.by) {
        Ok(Next::Open(next)) => next,
        other => panic!("{other:?}"),
    };
    let answer = |dispute: &Dispute| open(dispute, HONEST.answers(segment, dispute)[0].clone());
    let ask = |dispute: &Dispute| open(dispute, Play::Demand { by: CHALLENGER, index: 0 });
    let trace = HONEST.dispute(segment);
    let name = answer(&trace);
    let root = open(&name, Play::Name { by: CHALLENGER, op: 0 });
    let output = ask(&root);
    let shown = answer(&output);
    let deeper = ask(&shown);
    let chunks = answer(&deeper);
    let chunk = ask(&chunks);
    assert!(matches!(chunk.turn, Move::Output { node, .. } if node.chunks == 1));
    let last = answer(&chunk);
    [trace, name, root, output, shown, deeper, chunks, chunk, last]
        .map(|dispute| {
            let owes = *dispute.owed_by();
            (dispute, owes)
        })
        .to_vec()
}

#[test]
fn move_should_be_refused_with_its_reason_when_it_is_not_owed_or_too_late() {
    let segment = SEGMENTS - 1;
    for (dispute, owes) in turns() {
        for by in [WORKER, CHALLENGER, STRANGER] {
            let plays = [
                Play::Trace { by, trace: HONEST.trace(segment) },
                Play::Name { by, op: 0 },
                Play::Demand { by, index: 0 },
                Play::Subtrees { values: Vec::new() },
                Play::Chunk { bytes: Vec::new() },
                Play::Convict { by, element: 0, output: None, reads: Vec::new() },
                Play::ConvictLength { by, len: 0, proof: SliceProof(Vec::new()) },
            ];
            for play in plays {
                let is_owed = match (&dispute.turn, &play) {
                    (Move::Trace, Play::Trace { .. })
                    | (Move::Name, Play::Name { .. })
                    | (Move::Output { .. }, Play::Subtrees { .. } | Play::Chunk { .. })
                    | (Move::Convict { .. }, Play::Convict { .. } | Play::ConvictLength { .. }) => true,
                    (Move::Convict { chunk, .. }, Play::Demand { .. }) => chunk.is_none(),
                    _ => false,
                };
                let before = dispute.clone();
                let found = WORLD.step(&dispute, play.clone(), dispute.by + 1);
                // Hashes say whose subtrees and chunks they are.
                let authentic = matches!(play, Play::Subtrees { .. } | Play::Chunk { .. });
                let expected = match (is_owed, authentic || by == owes) {
                    (false, _) => DisputeError::WrongMove,
                    (true, false) => DisputeError::NotYours,
                    (true, true) => DisputeError::TooLate,
                };
                assert_eq!(found, Err(expected), "{play:?} in {:?}", dispute.turn);
                if expected != DisputeError::TooLate {
                    assert_eq!(WORLD.step(&dispute, play, dispute.by), Err(expected));
                }
                assert_eq!(dispute, before);
            }
        }
    }
}

#[test]
fn trace_should_be_refused_when_it_is_of_another_segment_or_incomplete() {
    let dispute = HONEST.dispute(2);
    let refused = |change: &dyn Fn(&mut Trace)| {
        let mut trace = HONEST.trace(2);
        change(&mut trace);
        WORLD.step(&dispute, Play::Trace { by: WORKER, trace }, dispute.by).unwrap_err()
    };
    assert_eq!(refused(&|trace| trace.outputs.truncate(1)), DisputeError::TraceLength);
    assert_eq!(refused(&|trace| trace.state[0] = BlobId([1; 32])), DisputeError::StateMismatch);
    assert_eq!(refused(&|trace| trace.state.truncate(1)), DisputeError::StateMismatch);
    assert_eq!(refused(&|trace| *trace = HONEST.trace(1)), DisputeError::StateMismatch);
    let last = HONEST.outputs[2].len() - 1;
    assert_eq!(refused(&|trace| trace.outputs[last] = BlobId([1; 32])), DisputeError::ResultMismatch);
}

#[test]
fn dispute_should_not_open_when_a_leaf_is_not_what_was_committed() {
    let shard = HONEST.shard();
    let position = TASK * SEGMENTS + 1;
    let segment = WORLD.program.program().segment(1).unwrap();
    let open = |start: Option<&LeafProof>, end: &LeafProof| {
        Dispute::open(&shard, segment, CHALLENGER, position, start, end, OPENED, &params()).map(drop)
    };
    let (start, end) = (HONEST.leaf(position - 1), HONEST.leaf(position));
    assert_eq!(open(Some(&start), &end), Ok(()));
    assert_eq!(open(None, &end), Ok(()), "the first difference is searched for");
    assert!(matches!(open(Some(&end), &end), Err(DisputeError::BadLeaf(_))));
    assert!(matches!(open(Some(&start), &start), Err(DisputeError::BadLeaf(_))));
    let forged = LeafProof { id: BlobId([1; 32]), ..end };
    assert!(matches!(open(Some(&start), &forged), Err(DisputeError::BadLeaf(_))));
}

#[test]
fn chunk_should_be_refused_when_a_byte_of_it_differs() {
    let (dispute, _) = turns()
        .into_iter()
        .find(|(dispute, _)| matches!(dispute.turn, Move::Output { node, .. } if node.chunks == 1))
        .unwrap();
    let [Play::Chunk { bytes, .. }, ..] = &HONEST.answers(SEGMENTS - 1, &dispute)[..] else { panic!("a chunk") };
    for at in [0, bytes.len() / 2, bytes.len() - 1] {
        let mut bytes = bytes.clone();
        bytes[at] ^= 1;
        let refused = WORLD.step(&dispute, Play::Chunk { bytes }, dispute.by);
        assert_eq!(refused, Err(DisputeError::BadOutput(SliceError::Mismatch)));
    }
    let refused = WORLD.step(&dispute, Play::Chunk { bytes: bytes[1..].to_vec() }, dispute.by);
    assert_eq!(refused, Err(DisputeError::BadOutput(SliceError::WrongChunkLength)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn lying_worker_should_lose_when_any_bytes_of_a_result_differ(
        segment in 0..SEGMENTS, pick in any::<u16>(), at in any::<u32>(), mask in 1u8.., serves in any::<bool>(),
    ) {
        let op = pick % WORLD.types(segment).len() as u16;
        let liar = WORLD.run(&|of, operator, bytes| {
            if (of, operator) == (segment, op) {
                let at = at as usize % bytes.len();
                bytes[at] ^= mask;
            }
        });
        prop_assume!(liar.ids[segment as usize] != HONEST.ids[segment as usize]);
        let outcome = play_out(&liar, segment, serves);
        prop_assert!(matches!(outcome, Outcome::WrongElement { op: named, .. } if named == op), "{outcome:?}");
    }

    #[test]
    fn honest_worker_should_never_lose_when_a_conviction_is_forged(
        segment in 0..SEGMENTS,
        pick in any::<u16>(),
        element in any::<u64>(),
        changes in prop::collection::vec((any::<u8>(), any::<u32>(), 1u8..), 1..4),
    ) {
        let op = pick % WORLD.types(segment).len() as u16;
        let ty = WORLD.types(segment)[usize::from(op)];
        let element = element % ty.elements();
        let (state, outputs) = (&HONEST.states[segment as usize], &HONEST.outputs[segment as usize]);
        let mut reads = WORLD.evidence(segment, state, outputs, |evidence| {
            evidence.reads(op, element, |_, part| WORLD.blob(part)).unwrap()
        });
        let width = ty.dtype.bytes();
        let mut output = slice::prove(&outputs[usize::from(op)], element * width..(element + 1) * width);
        for (which, at, mask) in changes {
            let count = reads.len() + 1;
            let proof = match reads.get_mut(usize::from(which) % count) {
                Some(read) => &mut read.proof,
                None => &mut output,
            };
            let at = at as usize % proof.0.len();
            proof.0[at] ^= mask;
        }
        let dispute = HONEST.dispute(segment);
        let Next::Open(dispute) = WORLD.step(&dispute, HONEST.answers(segment, &dispute)[0].clone(), OPENED).unwrap() else { panic!() };
        let Next::Open(dispute) = WORLD.step(&dispute, Play::Name { by: CHALLENGER, op }, OPENED).unwrap() else { panic!() };
        let play = Play::Convict { by: CHALLENGER, element, output: Some(output), reads };
        if let Ok(next) = WORLD.step(&dispute, play, OPENED) {
            // Two changes may undo each other.
            prop_assert!(matches!(next, Next::Closed(Outcome::Refuted { .. })), "{next:?}");
        }
    }
}

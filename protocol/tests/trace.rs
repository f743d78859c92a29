// SPDX-License-Identifier: Apache-2.0
//! Disputes about segments of more operators than a trace that is posted whole has: the worker posts an outline, and a part of it
//! is opened. Programs and lies are random.

use proptest::prelude::*;
use quern_primitives::{
    commitment::{leaf_list, LeafProof},
    draw::SegmentCosts,
    job::{Blob, Input, Stage},
    slice::{open_subtrees, Node, SliceError},
    Account, BlobId, Height, ShardId,
};
use quern_program::{
    decode_element, encode_element, reference, Checked, DType, ProgramBuilder, SegmentKind, Value, Var,
};
use quern_protocol::{
    dispute::{
        differing_in_part, open_part, Dispute, DisputeError, Move, Next, Outcome, Outline, Play, Posted, Trace,
        MAX_TRACE, PART_IDS,
    },
    evidence::{differing_node, Evidence},
    inputs::{Link, Origin, Part, StageContext},
    shard::{Commitment, Deal, Phase},
    Params, Shard,
};
use std::{borrow::Cow, convert::Infallible, sync::LazyLock};

const WORKER: Account = [1; 32];
const CHALLENGER: Account = [2; 32];
const SHARD: ShardId = ShardId { job: 5, stage: 0, index: 0 };
const SECRET: [u8; 32] = [7; 32];
const BODY: u32 = 1;
const SEGMENTS: u32 = 3;
const OPENED: Height = 10;
const MOST: usize = quern_program::check::MAX_OPERATORS - 2;

type Raw = Vec<u8>;

struct World {
    program: Checked,
    stage: StageContext,
    data: Raw,
    state: Vec<Raw>,
    honest: Vec<Raw>,
}

/// What a party says about the body: its outputs, and its results.
#[derive(Clone)]
struct Claim {
    outputs: Vec<Raw>,
    results: Vec<BlobId>,
}

struct Rng(u64);

impl Rng {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}

fn ids(tensors: &[Raw]) -> Vec<BlobId> {
    tensors.iter().map(|bytes| BlobId::of(bytes)).collect()
}

/// A program whose body has so many operators, each of which reads the one before it and others anywhere before.
fn program(operators: usize, rng: &mut Rng) -> Checked {
    let mut b = ProgramBuilder::new();
    let data = b.input(DType::I32, &[3]);
    let first = b.add(data, data);
    let state = b.begin_body(&[first, first]);
    let mut values: Vec<Var> = vec![state[0], state[1], data];
    while b.operators() < operators {
        let last = values[values.len() - 1];
        let mut any = || values[rng.below(values.len())];
        let next = match any().value() {
            // Eight arguments from as many places; what they give is read too.
            Value::Op(at) if at % 16 == 3 && b.operators() + 2 <= operators => {
                let all = [last, any(), any(), any(), any(), any(), any(), any()];
                let all = b.concat(0, &all);
                b.slice(all, 0, 1, 3)
            }
            Value::Op(at) if at % 2 == 0 => b.sub(any(), last),
            _ => b.add(last, any()),
        };
        values.push(next);
    }
    let (last, other) = (values[values.len() - 1], values[3 + rng.below(values.len() - 3)]);
    let next = if rng.below(2) == 0 { [last, state[1]] } else { [other, last] };
    let state = b.begin_finish(&next, 1);
    let output = b.add(state[0], state[1]);
    let program = b.build(output).expect("the program is valid");
    assert_eq!((program.program().segments(), program.program().body.len()), (SEGMENTS, operators));
    program
}

impl World {
    fn new(operators: usize, seed: u64) -> Self {
        let program = program(operators, &mut Rng(seed | 1));
        let data: Raw = (1..=12).map(|byte| (seed as u8).wrapping_mul(byte) | 1).collect();
        let blob = Blob { id: BlobId::of(&data), len: 12 };
        let inputs = vec![Input::Blob(blob)].try_into().unwrap();
        let stage = Stage { program: program.id(), tasks: 1, shard_size: 1, inputs };
        let stage =
            StageContext { genesis: [1; 32], job: 5, index: 0, stage, randomness: [2; 32], outputs: Vec::new() };
        let mut world = Self { program, stage, data, state: Vec::new(), honest: Vec::new() };
        let init = world.run(0, None);
        world.state = vec![init[0].clone(), init[0].clone()];
        world.honest = world.run(BODY, None);
        world
    }

    /// The outputs of a segment's operators. That of `lie` is another; later ones follow from it.
    fn run(&self, index: u32, lie: Option<u16>) -> Vec<Raw> {
        let program = self.program.program();
        let segment = program.segment(index).unwrap();
        let context = self.stage.context(0).at(segment);
        let mut outputs: Vec<Raw> = Vec::new();
        for (op, operator) in (0u16..).zip(program.block(segment.kind())) {
            let call = self.program.call(segment.kind(), op, &context).unwrap();
            let mut read = |arg: usize, element: u64| -> Result<i32, Infallible> {
                let bytes: &[u8] = match operator.args[arg] {
                    Value::Input(_) => &self.data,
                    Value::State(at) => &self.state[usize::from(at)],
                    Value::Op(at) => &outputs[usize::from(at)],
                    Value::Const(_) | Value::Step => unreachable!("the body reads none"),
                };
                Ok(decode_element(call.args[arg].dtype, bytes, element))
            };
            let mut bytes = Vec::new();
            for element in 0..call.output.elements() {
                let Ok(value) = call.element(element, &mut read);
                encode_element(call.output.dtype, value, &mut bytes);
            }
            if lie == Some(op) {
                bytes[0] ^= 1;
            }
            outputs.push(bytes);
        }
        outputs
    }

    fn claim(&self, outputs: Vec<Raw>) -> Claim {
        let results = self.program.program().results(SegmentKind::Body).into_iter().map(|value| match value {
            Value::Op(at) => BlobId::of(&outputs[usize::from(at)]),
            Value::State(at) => BlobId::of(&self.state[usize::from(at)]),
            _ => unreachable!("a result is an output or a state"),
        });
        Claim { results: results.collect(), outputs }
    }

    fn outline(&self, claim: &Claim) -> Outline {
        let (state, outputs) = (ids(&self.state), ids(&claim.outputs));
        let outline = Outline::of(&self.program, SegmentKind::Body, &state, &outputs).expect("a long trace");
        Outline { results: claim.results.clone().try_into().unwrap(), ..outline }
    }

    /// A dispute about the body with a worker that has this end.
    fn dispute(&self, end: BlobId) -> Dispute {
        let leaves = [BlobId::of_list(ids(&self.state).iter()), end, BlobId([9; 32])];
        let list = leaf_list(&SECRET, &WORKER, &SHARD, &leaves);
        let leaf = |position: u32| LeafProof::new(&list, &SECRET, position, leaves[position as usize]);
        let costs = SegmentCosts { init: 1, body: 1, steps: 1, finish: 1, has_loop: true };
        let deal = Deal { worker: WORKER, price: 1, collateral: 3 };
        let commitment = Commitment { root: BlobId::of(&list), secret_hash: [0; 32], at: 1 };
        let phase = Phase::Committed { deal, commitment, period: 1, held: None };
        let shard = Shard { phase, ..Shard::new(SHARD, 0, 1, costs) };
        let segment = self.program.program().segment(BODY).unwrap();
        let (start, end) = (leaf(BODY - 1), leaf(BODY));
        Dispute::open(&shard, segment, CHALLENGER, BODY, Some(&start), &end, OPENED, &Params::default()).unwrap()
    }

    fn step(&self, dispute: &Dispute, play: Play, height: Height) -> Result<Next, DisputeError> {
        dispute.step(play, height, &Params::default(), &self.program, &self.stage)
    }

    fn evidence<R>(&self, outputs: &[Raw], with: impl FnOnce(Evidence<'_>) -> R) -> R {
        let state: Vec<&[u8]> = self.state.iter().map(Vec::as_slice).collect();
        let outputs: Vec<&[u8]> = outputs.iter().map(Vec::as_slice).collect();
        let segment = self.program.program().segment(BODY).unwrap();
        with(Evidence {
            program: &self.program,
            stage: &self.stage,
            task: 0,
            segment,
            state: &state,
            outputs: &outputs,
        })
    }

    fn blob(&self, part: &Part) -> Option<(Link, Cow<'_, [u8]>)> {
        matches!(part.origin, Origin::Blob { .. }).then_some((Link::Known, Cow::Borrowed(self.data.as_slice())))
    }

    fn end(&self, results: &[BlobId]) -> BlobId {
        reference::result_id(SegmentKind::Body, results)
    }

    /// The worker's answer by what it claims, `outline` being what it has posted or posts.
    fn answer(&self, claim: &Claim, outline: &Outline, dispute: &Dispute) -> Play {
        match &dispute.turn {
            Move::Trace => Play::Outline { by: WORKER, outline: outline.clone() },
            Move::Part { part } => Play::Chunk { bytes: open_part(&ids(&claim.outputs), *part).unwrap() },
            Move::Output { op, node } => {
                let tensor = &claim.outputs[usize::from(*op)];
                match node.chunks {
                    1 => Play::Chunk { bytes: tensor.clone() },
                    chunks => {
                        let node = Node { first_chunk: node.first_chunk, chunks };
                        Play::Subtrees { values: open_subtrees(tensor, node).unwrap() }
                    }
                }
            }
            _ => panic!("the challenger owes this move"),
        }
    }

    /// The honest challenger's move.
    fn prosecute(&self, claim: &Claim, dispute: &Dispute, serves: bool) -> Play {
        let (by, own) = (CHALLENGER, ids(&self.honest));
        match (&dispute.turn, &dispute.trace) {
            (Move::NamePart, Some(Posted::Outline(outline))) => {
                let part = outline.differing_part(&self.program, SegmentKind::Body, &own);
                Play::Demand { by, index: part.expect("a lie") }
            }
            (Move::NameInPart { part, ids }, _) => {
                let (op, earlier) =
                    differing_in_part(&self.program, SegmentKind::Body, *part, ids, &own).expect("a lie");
                Play::NameInPart { by, op, earlier }
            }
            (Move::Convict { op, shown, chunk }, _) => self.evidence(&self.honest, |evidence| {
                let blob = |_: u16, part: &Part| self.blob(part);
                let conviction = match chunk {
                    Some((index, bytes)) => evidence.convict_chunk(*op, *index, bytes, blob),
                    None if serves => evidence.convict(*op, &claim.outputs[usize::from(*op)], blob),
                    None => {
                        let index = differing_node(&self.honest[usize::from(*op)], shown).expect("a lie");
                        return Play::Demand { by, index };
                    }
                };
                conviction.unwrap().play(by)
            }),
            _ => panic!("the worker owes this move"),
        }
    }

    /// Plays a dispute between this worker and the honest challenger to its end.
    fn play_out(&self, claim: &Claim, outline: &Outline, serves: bool) -> Outcome {
        let mut dispute = self.dispute(self.end(&claim.results));
        for _ in 0..12 {
            let height = dispute.by;
            let next = if *dispute.owed_by() == WORKER {
                let answer = self.step(&dispute, self.answer(claim, outline, &dispute), height);
                answer.unwrap_or_else(|_| self.step(&dispute, Play::Expire, height + 1).unwrap())
            } else {
                let play = self.prosecute(claim, &dispute, serves);
                self.step(&dispute, play, height).expect("the honest challenger's moves are accepted")
            };
            match next {
                Next::Open(next) => dispute = next,
                Next::Closed(outcome) => return outcome,
            }
        }
        panic!("a dispute has a constant number of moves");
    }

    /// Takes the honest challenger and this worker to the move that `until` accepts.
    fn reach(&self, claim: &Claim, until: impl Fn(&Move) -> bool) -> Dispute {
        let outline = self.outline(claim);
        let mut dispute = self.dispute(self.end(&claim.results));
        while !until(&dispute.turn) {
            let play = match *dispute.owed_by() {
                WORKER => self.answer(claim, &outline, &dispute),
                _ => self.prosecute(claim, &dispute, true),
            };
            let Next::Open(next) = self.step(&dispute, play, dispute.by).unwrap() else { panic!("it goes on") };
            dispute = next;
        }
        dispute
    }

    /// The error of a move.
    fn refused(&self, dispute: &Dispute, play: Play) -> DisputeError {
        self.step(dispute, play, dispute.by).unwrap_err()
    }
}

fn long() -> impl Strategy<Value = usize> {
    prop_oneof![Just(MAX_TRACE as usize + 1), Just(MOST), MAX_TRACE as usize + 1..MOST]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn liar_should_be_convicted_of_its_first_lie_when_an_operator_anywhere_is_wrong(
        operators in long(), seed: u64, at: prop::sample::Index, serves: bool,
    ) {
        let world = World::new(operators, seed);
        let lie = at.index(operators) as u16;
        let claim = world.claim(world.run(BODY, Some(lie)));
        prop_assume!(claim.results != world.claim(world.honest.clone()).results);
        let outcome = world.play_out(&claim, &world.outline(&claim), serves);
        prop_assert!(matches!(outcome, Outcome::WrongElement { op, .. } if op == lie), "{outcome:?}");
    }

    /// Its trace need not be one of a run: any tensors and any results, as long as the end follows from the posted results.
    #[test]
    fn liar_should_lose_when_its_outline_is_of_anything(
        operators in long(), seed: u64, lies in prop::collection::vec(any::<prop::sample::Index>(), 1..6),
        wrong_result: bool, wrong_part in prop::option::of(any::<prop::sample::Index>()), serves: bool,
    ) {
        let world = World::new(operators, seed);
        let honest = world.claim(world.honest.clone());
        let mut outputs = world.honest.clone();
        let mut claim = honest.clone();
        if wrong_result {
            // The trace is right but where it says otherwise, the end is not what follows from it.
            let results = world.program.program().results(SegmentKind::Body);
            let at = results.iter().position(|value| matches!(value, Value::Op(_))).unwrap();
            claim.results[at] = BlobId([8; 32]);
        } else {
            for lie in lies {
                lie.get_mut(&mut outputs)[1] ^= 4;
            }
            claim = world.claim(outputs);
        }
        let mut outline = world.outline(&claim);
        if let Some(part) = wrong_part {
            part.get_mut(&mut outline.parts.as_mut()[..])[0] ^= 1;
        }
        prop_assume!(claim.results != honest.results);
        prop_assert!(world.play_out(&claim, &outline, serves).worker_lost());
    }

    #[test]
    fn honest_worker_should_never_lose_when_the_challenger_plays_anything(operators in long(), seed: u64) {
        let world = World::new(operators, seed);
        let (mut rng, own) = (Rng(seed | 2), ids(&world.honest));
        let claim = world.claim(world.honest.clone());
        let outline = world.outline(&claim);
        let mut dispute = world.dispute(world.end(&claim.results));
        for _ in 0..60 {
            let height = dispute.by;
            let next = if *dispute.owed_by() == WORKER {
                let answer = world.answer(&claim, &outline, &dispute);
                world.step(&dispute, answer, height).expect("an honest answer is accepted")
            } else {
                let Ok(next) = world.step(&dispute, world.attack(&dispute, &own, &mut rng), height) else { continue };
                next
            };
            match next {
                Next::Open(next) => dispute = next,
                Next::Closed(outcome) => {
                    prop_assert!(!outcome.worker_lost(), "{outcome:?}");
                    return Ok(());
                }
            }
        }
        // It is the challenger's silence then.
        prop_assert_eq!(*dispute.owed_by(), CHALLENGER);
    }
}

proptest! {
    #[test]
    fn part_and_name_should_be_refused_when_their_bytes_are_anything_else(
        bytes in prop::collection::vec(any::<u8>(), 0..1_100), count in 0usize..10, op: u16, index: u32,
    ) {
        static OPENED: LazyLock<(World, Dispute, Dispute)> = LazyLock::new(|| {
            let world = World::new(1_200, 7);
            let claim = world.claim(world.run(BODY, Some(1_100)));
            let asked = world.reach(&claim, |turn| matches!(turn, Move::Part { .. }));
            let opened = world.reach(&claim, |turn| matches!(turn, Move::NameInPart { .. }));
            (world, asked, opened)
        });
        let (world, asked, opened) = &*OPENED;
        let chunk = Play::Chunk { bytes: bytes.clone() };
        prop_assert!(world.step(asked, chunk, asked.by).is_err());
        let earlier = vec![bytes; count.max(1)];
        let name = Play::NameInPart { by: CHALLENGER, op, earlier };
        prop_assert!(world.step(opened, name, opened.by).is_err());
        let named = world.step(opened, Play::Demand { by: CHALLENGER, index }, opened.by);
        prop_assert_eq!(named, Err(DisputeError::WrongMove));
    }
}

impl World {
    /// A move that a challenger of the honest worker may try.
    fn attack(&self, dispute: &Dispute, own: &[BlobId], rng: &mut Rng) -> Play {
        let by = CHALLENGER;
        match &dispute.turn {
            Move::NamePart => Play::Demand { by, index: rng.below(own.len() / PART_IDS as usize + 2) as u32 },
            Move::NameInPart { part, .. } => {
                let op = *part as usize * PART_IDS as usize + rng.below(PART_IDS as usize + 1);
                let mut lied = own.to_vec();
                let flips = rng.below(3) * 16;
                for _ in 0..flips {
                    let at = rng.below(lied.len());
                    lied[at] = BlobId([rng.below(256) as u8; 32]);
                }
                // As if this operator differed: with the parts that it reads from, or others.
                let mut shown = own.iter().skip(*part as usize * PART_IDS as usize).take(PART_IDS as usize);
                let mut shown: Vec<BlobId> = shown.by_ref().copied().collect();
                if let Some(id) = shown.get_mut(op % PART_IDS as usize) {
                    *id = BlobId([3; 32]);
                }
                let found = differing_in_part(&self.program, SegmentKind::Body, *part, &shown, &lied);
                let (named, mut earlier) = found.unwrap_or((op as u16, Vec::new()));
                match rng.below(5) {
                    0 => drop(earlier.pop()),
                    1 => earlier.reverse(),
                    2 => earlier.extend(open_part(own, *part)),
                    _ => {}
                }
                Play::NameInPart { by, op: if rng.below(4) == 0 { op as u16 } else { named }, earlier }
            }
            Move::Convict { op, shown, chunk } => {
                if chunk.is_none() && rng.below(3) == 0 {
                    return Play::Demand { by, index: rng.below(shown.len() + 1) as u32 };
                }
                let tensor = &self.honest[usize::from(*op)];
                let mut lied = tensor.clone();
                lied[rng.below(2) * 4] ^= 1;
                let element = rng.below(3) as u64;
                let claimed = if rng.below(2) == 0 { tensor } else { &lied };
                let output = quern_primitives::slice::prove(claimed, element * 4..element * 4 + 4);
                let mut reads = self.evidence(&self.honest, |evidence| {
                    evidence.reads(*op, element, |_, part| self.blob(part)).unwrap()
                });
                if rng.below(2) == 0 {
                    // The bytes of another tensor than the one that is read.
                    let other = &self.honest[rng.below(self.honest.len())];
                    for read in &mut reads {
                        read.proof =
                            quern_primitives::slice::prove(other, read.start..read.start + u64::from(read.len));
                    }
                }
                Play::Convict { by, element, output: (chunk.is_none()).then_some(output), reads }
            }
            _ => panic!("the worker owes this move"),
        }
    }
}

#[test]
fn trace_should_be_refused_when_it_is_posted_in_the_other_form() {
    let world = World::new(MAX_TRACE as usize + 1, 5);
    let claim = world.claim(world.run(BODY, Some(40)));
    let dispute = world.dispute(world.end(&claim.results));
    let outputs = ids(&claim.outputs)[1..].to_vec().try_into().unwrap();
    let trace = Trace { state: ids(&world.state).try_into().unwrap(), outputs };
    assert_eq!(world.refused(&dispute, Play::Trace { by: WORKER, trace }), DisputeError::TraceForm);

    let short = World::new(MAX_TRACE as usize, 5);
    let claim = short.claim(short.run(BODY, Some(40)));
    let dispute = short.dispute(short.end(&claim.results));
    let outline = world.outline(&world.claim(world.honest.clone()));
    assert_eq!(short.refused(&dispute, Play::Outline { by: WORKER, outline }), DisputeError::TraceForm);
    assert_eq!(Outline::of(&short.program, SegmentKind::Body, &ids(&short.state), &ids(&claim.outputs)), None);
    let trace =
        Trace { state: ids(&short.state).try_into().unwrap(), outputs: ids(&claim.outputs).try_into().unwrap() };
    let Next::Open(next) = short.step(&dispute, Play::Trace { by: WORKER, trace }, OPENED).unwrap() else { panic!() };
    assert_eq!(next.turn, Move::Name);
}

#[test]
fn outline_should_be_refused_when_it_does_not_fit_the_segment() {
    let world = World::new(2_000, 9);
    let claim = world.claim(world.run(BODY, Some(40)));
    let dispute = world.dispute(world.end(&claim.results));
    let refused = |change: &dyn Fn(&mut Outline)| {
        let mut outline = world.outline(&claim);
        change(&mut outline);
        world.refused(&dispute, Play::Outline { by: WORKER, outline })
    };
    assert_eq!(refused(&|outline| _ = outline.parts.pop()), DisputeError::TraceLength);
    assert_eq!(refused(&|outline| outline.parts.try_push([1; 32]).unwrap()), DisputeError::TraceLength);
    assert_eq!(refused(&|outline| outline.state[0] = BlobId([4; 32])), DisputeError::StateMismatch);
    assert_eq!(refused(&|outline| _ = outline.state.pop()), DisputeError::StateMismatch);
    assert_eq!(refused(&|outline| _ = outline.results.pop()), DisputeError::ResultMismatch);
    assert_eq!(refused(&|outline| outline.results[0].0[0] ^= 1), DisputeError::ResultMismatch);
    let outline = world.outline(&claim);
    let by = CHALLENGER;
    assert_eq!(world.refused(&dispute, Play::Outline { by, outline: outline.clone() }), DisputeError::NotYours);
    let late = world.step(&dispute, Play::Outline { by: WORKER, outline }, dispute.by + 1);
    assert_eq!(late, Err(DisputeError::TooLate));
}

#[test]
fn outline_should_be_refused_when_a_carried_state_has_another_id() {
    // Of this seed the second result is the second state tensor.
    let seed = (0..).find(|seed| {
        let results = World::new(1_100, *seed).program.program().results(SegmentKind::Body);
        results[1] == Value::State(1)
    });
    let world = World::new(1_100, seed.unwrap());
    let mut claim = world.claim(world.run(BODY, Some(40)));
    claim.results[1] = BlobId([6; 32]);
    let dispute = world.dispute(world.end(&claim.results));
    let outline = world.outline(&claim);
    assert_eq!(world.refused(&dispute, Play::Outline { by: WORKER, outline }), DisputeError::ResultMismatch);
}

#[test]
fn part_should_be_refused_when_it_is_not_the_one_that_was_asked_for() {
    let world = World::new(2_000, 9);
    let claim = world.claim(world.run(BODY, Some(1_000)));
    let named = world.reach(&claim, |turn| *turn == Move::NamePart);
    let parts = 2_000u32.div_ceil(PART_IDS);
    let demand = |index| Play::Demand { by: CHALLENGER, index };
    assert_eq!(world.refused(&named, demand(parts)), DisputeError::NoSuchElement);
    assert_eq!(world.refused(&named, demand(u32::MAX)), DisputeError::NoSuchElement);
    assert_eq!(world.refused(&named, Play::Name { by: CHALLENGER, op: 1_000 }), DisputeError::WrongMove);

    let asked = world.reach(&claim, |turn| matches!(turn, Move::Part { .. }));
    let own = ids(&claim.outputs);
    let chunk = |part| Play::Chunk { bytes: open_part(&own, part).unwrap() };
    assert_eq!(world.refused(&asked, chunk(3)), DisputeError::BadOutput(SliceError::Mismatch));
    let last = chunk(parts as u16 - 1);
    assert_eq!(world.refused(&asked, last), DisputeError::BadOutput(SliceError::WrongChunkLength));
    assert_eq!(world.refused(&asked, Play::Subtrees { values: Vec::new() }), DisputeError::WrongMove);
    assert_eq!(world.step(&asked, Play::Expire, asked.by + 1), Ok(Next::Closed(Outcome::WorkerSilent)));
}

#[test]
fn part_should_be_refused_when_it_contradicts_the_results() {
    let world = World::new(1_500, 3);
    let mut claim = world.claim(world.honest.clone());
    let results = world.program.program().results(SegmentKind::Body);
    let (at, op) = (0..)
        .zip(&results)
        .find_map(|(at, value)| match value {
            Value::Op(op) => Some((at, *op)),
            _ => None,
        })
        .unwrap();
    claim.results[at as usize] = BlobId([6; 32]);
    let asked = world.reach(&claim, |turn| matches!(turn, Move::Part { .. }));
    assert_eq!(asked.turn, Move::Part { part: op / PART_IDS as u16 });
    let answer = world.answer(&claim, &world.outline(&claim), &asked);
    assert_eq!(world.refused(&asked, answer), DisputeError::ResultMismatch);
}

#[test]
fn operator_should_be_refused_when_it_is_in_another_part_or_what_it_reads_is_not_shown() {
    let world = World::new(3_000, 11);
    let claim = world.claim(world.run(BODY, Some(2_500)));
    let dispute = world.reach(&claim, |turn| matches!(turn, Move::NameInPart { .. }));
    let Play::NameInPart { op, earlier, .. } = world.prosecute(&claim, &dispute, true) else { panic!("a name") };
    assert!(!earlier.is_empty(), "the operator reads from another part");
    let by = CHALLENGER;
    let refused = |op, earlier| world.refused(&dispute, Play::NameInPart { by, op, earlier });
    assert_eq!(refused(op - PART_IDS as u16, earlier.clone()), DisputeError::NoSuchElement);
    assert_eq!(refused(u16::MAX, earlier.clone()), DisputeError::NoSuchElement);
    assert_eq!(refused(op, earlier[1..].to_vec()), DisputeError::PartCount);
    assert_eq!(refused(op, [&earlier[..], &earlier[..1]].concat()), DisputeError::PartCount);
    let mut other = earlier.clone();
    other[0][0] ^= 1;
    assert_eq!(refused(op, other), DisputeError::BadOutput(SliceError::Mismatch));
    assert_eq!(world.refused(&dispute, Play::Name { by, op }), DisputeError::WrongMove);
    assert_eq!(world.step(&dispute, Play::Expire, dispute.by + 1), Ok(Next::Closed(Outcome::ChallengerSilent)));
}

#[test]
fn dispute_should_keep_only_what_the_named_operator_reads_when_it_is_named() {
    let world = World::new(3_000, 11);
    let claim = world.claim(world.run(BODY, Some(2_500)));
    let dispute = world.reach(&claim, |turn| matches!(turn, Move::Convict { .. }));
    let Some(Posted::Named(named)) = &dispute.trace else { panic!("it is named") };
    let read = world.program.program().body[2_500].args.iter().filter_map(|value| match value {
        Value::Op(op) => Some(*op),
        _ => None,
    });
    let mut expected: Vec<u16> = read.collect();
    expected.sort_unstable();
    expected.dedup();
    let known: Vec<u16> = named.outputs.iter().map(|(op, _)| *op).collect();
    assert_eq!(known, [vec![2_500], expected].concat());
    assert!(named.outputs.iter().all(|(op, id)| *id == BlobId::of(&claim.outputs[usize::from(*op)])));
}

#[test]
fn dispute_should_be_no_longer_when_its_trace_is_long() {
    use codec::MaxEncodedLen;
    assert!(Outline::max_encoded_len() < Trace::max_encoded_len());
    assert!(Posted::max_encoded_len() <= Trace::max_encoded_len() + 1);
}

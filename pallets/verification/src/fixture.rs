// SPDX-License-Identifier: Apache-2.0
//! A small world for tests and benchmarks: a real program that reads every kind of input, its blobs, honest and lying runs of
//! its tasks, and what the parties commit to and prove from them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

#[cfg(feature = "runtime-benchmarks")]
mod heaviest;

use alloc::{borrow::Cow, collections::BTreeMap, vec, vec::Vec};
use core::convert::Infallible;
use quern_primitives::{
    commitment::{leaf_list, LeafProof},
    draw::SegmentCosts,
    job::{Blob, Input, OutputMap, Stage},
    slice::prove_list_entry,
    Account, BlobId, ShardId,
};
use quern_program::{decode_element, encode_element, Checked, DType, ProgramBuilder, Value};
use quern_protocol::{
    dispute::{Outline, Trace},
    evidence::Evidence,
    inputs::{AcceptedShard, Link, Origin, Part, StageContext, StageOutputs},
    Shard,
};

/// Tasks of the shard.
pub const TASKS: u32 = 2;
/// Steps of the looped program.
#[cfg(test)]
pub const STEPS: u32 = 2;
/// Operators of the long program.
#[cfg(test)]
pub const LONG: u16 = 1_100;
/// The one that the worker lies about.
#[cfg(test)]
pub const LONG_LIE: u16 = 1_050;
/// The shard secret of whoever runs the shard.
const SECRET: [u8; 32] = [7; 32];
/// Who ran the earlier stage.
const EARLIER: Account = [77; 32];

/// A program with all that its tasks read.
pub struct World {
    pub program: Checked,
    pub context: StageContext,
    pub shard: ShardId,
    blobs: BTreeMap<BlobId, Vec<u8>>,
    links: BTreeMap<BlobId, Link>,
    listed: Vec<BlobId>,
    /// By stage and task.
    outputs: BTreeMap<(u16, u32), BlobId>,
}

/// A task as somebody ran it.
#[derive(Clone)]
pub struct Run {
    /// The state tensors before each segment.
    pub states: Vec<Vec<Vec<u8>>>,
    /// The outputs of the operators of each segment.
    pub outputs: Vec<Vec<Vec<u8>>>,
    /// The leaf of each segment.
    pub ids: Vec<BlobId>,
}

/// All tasks of the shard as somebody ran them, and the commitment to them.
#[derive(Clone)]
pub struct Party {
    pub runs: Vec<Run>,
    list: Vec<u8>,
}

/// Changes the output of an operator: (task, segment, operator, bytes).
pub type Tamper<'a> = &'a mut dyn FnMut(u32, u32, u16, &mut Vec<u8>);

/// Numbers that look random.
fn noise(seed: u8, len: usize) -> Vec<u8> {
    let mut state = u32::from(seed).wrapping_mul(2_654_435_761);
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..len).map(next).collect()
}

/// Small `i32` numbers.
#[cfg(test)]
fn numbers(seed: u8, len: usize) -> Vec<u8> {
    noise(seed, len).into_iter().flat_map(|byte| i32::from(byte as i8).to_le_bytes()).collect()
}

fn blob(bytes: &[u8]) -> Blob {
    Blob { id: BlobId::of(bytes), len: bytes.len() as u64 }
}

impl World {
    /// A program with a loop. Its body ends in an operator whose output is the next state; a second state tensor is carried.
    #[cfg(test)]
    pub fn looped() -> Self {
        let mut b = ProgramBuilder::new();
        let data = b.input(DType::I8, &[32, 16]);
        let weights = b.input(DType::I8, &[32, 16]);
        let bias = b.input(DType::I32, &[32]);
        let prior = b.input(DType::I32, &[2, 32]);
        let seed = b.input(DType::I8, &[32]);
        let index = b.input(DType::I32, &[1]);

        let product = b.matmul_nt(data, weights);
        let biased = b.add(product, bias);
        let earlier = b.col_sum(prior);
        let both = b.add(biased, earlier);
        let first = b.add(both, index);
        let [state, carried] = b.begin_body(&[first, weights])[..] else { unreachable!() };

        let three = b.scalar(3);
        let rounded = b.shift_stochastic(state, three);
        let again = b.matmul_nt(data, carried);
        let sum = b.add(rounded, again);
        let step = b.step();
        let next = b.add(sum, step);
        let [state, _] = b.begin_finish(&[next, carried], STEPS)[..] else { unreachable!() };

        let rows = b.row_sum(state);
        let output = b.add(rows, seed);
        let program = b.build(output).expect("the program is valid");

        let data = noise(1, 512 * TASKS as usize);
        let weights = noise(2, 512);
        let biases: Vec<Vec<u8>> = (0..TASKS).map(|task| numbers(3 + task as u8, 32)).collect();
        let listed: Vec<BlobId> = biases.iter().map(|bytes| BlobId::of(bytes)).collect();
        let list: Vec<u8> = listed.iter().flat_map(|id| id.0).collect();
        let earlier: Vec<Vec<u8>> = (0..2).map(|task| numbers(10 + task, 32)).collect();
        let inputs = vec![
            Input::Slice { blob: blob(&data), stride: 512 },
            Input::Blob(blob(&weights)),
            Input::List(blob(&list)),
            Input::Output { stage: 0, map: OutputMap::All },
            Input::Seed,
            Input::Index,
        ];
        let blobs = [vec![data, weights, list], biases].concat();
        Self::new(program, inputs, blobs, listed, &earlier)
    }

    /// One product of two rows as wide as a publication allows, from two blobs: the largest conviction.
    #[cfg(test)]
    pub fn widest() -> Self {
        let (rows, columns) = (4, 11_008);
        let mut b = ProgramBuilder::new();
        let x = b.input(DType::I8, &[rows, columns]);
        let y = b.input(DType::I8, &[rows, columns]);
        let output = b.matmul_nt(x, y);
        let program = b.build(output).expect("the program is valid");
        let len = (rows * columns) as usize;
        let (x, y) = (noise(1, 2 * len), noise(2, len));
        let inputs = vec![Input::Slice { blob: blob(&x), stride: len as u64 }, Input::Blob(blob(&y))];
        Self::new(program, inputs, vec![x, y], vec![], &[])
    }

    /// One segment of more operators than a trace that is posted whole has. The operator [`LONG_LIE`] reads from three other parts
    /// of the trace, and the output follows from it.
    #[cfg(test)]
    pub fn long() -> Self {
        let mut b = ProgramBuilder::new();
        let data = b.input(DType::I32, &[4]);
        let mut values = vec![data];
        for op in 0..LONG {
            let last = values[values.len() - 1];
            values.push(match op {
                LONG_LIE => b.concat(0, &[values[10], last, values[100], values[500]]),
                op if op == LONG_LIE + 1 => b.slice(last, 0, 0, 4),
                _ => b.add(last, data),
            });
        }
        let output = values[values.len() - 1];
        let program = b.build(output).expect("the program is valid");
        let data = noise(1, 16 * TASKS as usize);
        let inputs = vec![Input::Slice { blob: blob(&data), stride: 16 }];
        Self::new(program, inputs, vec![data], vec![], &[])
    }

    fn new(
        program: Checked,
        inputs: Vec<Input>,
        blobs: Vec<Vec<u8>>,
        listed: Vec<BlobId>,
        earlier: &[Vec<u8>],
    ) -> Self {
        let list: Vec<u8> = listed.iter().flat_map(|id| id.0).collect();
        let links = (0u64..).zip(&listed);
        let mut links: BTreeMap<BlobId, Link> =
            links.map(|(entry, id)| (*id, Link::Listed { id: *id, proof: prove_list_entry(&list, entry) })).collect();
        let outputs: Vec<BlobId> = earlier.iter().map(|bytes| BlobId::of(bytes)).collect();
        let before = ShardId { job: 5, stage: 0, index: 0 };
        let leaves = leaf_list(&SECRET, &EARLIER, &before, &outputs);
        for (position, id) in (0u32..).zip(&outputs) {
            links.insert(*id, Link::Leaf(LeafProof::new(&leaves, &SECRET, position, *id)));
        }
        let accepted = AcceptedShard {
            id: before,
            worker: EARLIER,
            root: BlobId::of(&leaves),
            first_task: 0,
            tasks: outputs.len() as u32,
            segments_per_task: 1,
        };
        let stage_outputs = StageOutputs {
            stage: 0,
            output_bytes: earlier.first().map_or(0, |bytes| bytes.len() as u64),
            tasks: outputs.len() as u32,
            shards: vec![accepted],
        };
        let context = StageContext {
            genesis: [1; 32],
            job: 5,
            index: 1,
            stage: Stage {
                program: program.id(),
                tasks: TASKS,
                shard_size: TASKS,
                inputs: inputs.try_into().expect("few inputs"),
            },
            randomness: [2; 32],
            outputs: if earlier.is_empty() { vec![] } else { vec![stage_outputs] },
        };
        let blobs = blobs.into_iter().chain(earlier.iter().cloned()).map(|bytes| (BlobId::of(&bytes), bytes)).collect();
        let outputs = (0..).zip(outputs).map(|(task, id)| ((0, task), id)).collect();
        Self { program, context, shard: ShardId { job: 5, stage: 1, index: 0 }, blobs, links, listed, outputs }
    }

    /// The shard before anything has happened to it.
    pub fn new_shard(&self) -> Shard {
        let summary = self.program.summary();
        let costs = SegmentCosts {
            init: summary.macs_init,
            body: summary.macs_body,
            steps: summary.steps,
            finish: summary.macs_finish,
            has_loop: summary.steps > 0,
        };
        Shard::new(self.shard, 0, TASKS, costs)
    }

    pub fn segments(&self) -> u32 {
        self.program.program().segments()
    }

    #[cfg(test)]
    pub fn leaves(&self) -> u32 {
        self.segments() * TASKS
    }

    /// The blob behind a part of an input, and what links it to the chain.
    pub fn blob(&self, part: &Part) -> Option<(Link, Cow<'_, [u8]>)> {
        let (id, link) = match &part.origin {
            Origin::Inline(_) => return None,
            Origin::Blob { blob, .. } => (blob.id, Link::Known),
            Origin::Listed { entry, .. } => {
                let id = self.listed[*entry as usize];
                (id, self.links[&id].clone())
            }
            Origin::Output { shard, task, .. } => {
                let id = self.outputs[&(shard.id.stage, *task)];
                (id, self.links[&id].clone())
            }
        };
        Some((link, Cow::Borrowed(&self.blobs[&id])))
    }

    /// The bytes of an input of a task.
    pub fn input(&self, slot: u16, task: u32) -> Vec<u8> {
        let bytes = self.program.program().inputs[usize::from(slot)].bytes();
        let mut input = vec![0; bytes as usize];
        for part in self.context.parts(slot, task, bytes) {
            let shown = match &part.origin {
                Origin::Inline(bytes) => bytes.clone(),
                origin => {
                    let (link, blob) = self.blob(&part).unwrap();
                    let located = origin.locate(&link).unwrap();
                    blob[located.offset as usize..(located.offset + part.len) as usize].to_vec()
                }
            };
            input[part.start as usize..part.end() as usize].copy_from_slice(&shown);
        }
        input
    }

    /// Runs a task as the operators are defined, with lies.
    pub fn run(&self, task: u32, tamper: Tamper<'_>) -> Run {
        let program = self.program.program();
        let inputs: Vec<Vec<u8>> = (0..program.inputs.len() as u16).map(|slot| self.input(slot, task)).collect();
        let mut run = Run { states: vec![], outputs: vec![], ids: vec![] };
        let mut state: Vec<Vec<u8>> = vec![];
        for index in 0..self.segments() {
            let segment = program.segment(index).unwrap();
            let kind = segment.kind();
            let context = self.context.context(task).at(segment);
            let mut outputs: Vec<Vec<u8>> = vec![];
            for (op, operator) in (0u16..).zip(program.block(kind)) {
                let call = self.program.call(kind, op, &context).unwrap();
                let mut read = |arg: usize, element: u64| -> Result<i32, Infallible> {
                    let dtype = call.args[arg].dtype;
                    Ok(match operator.args[arg] {
                        Value::Input(slot) => decode_element(dtype, &inputs[usize::from(slot)], element),
                        Value::Const(at) => decode_element(dtype, &program.constants[usize::from(at)].bytes, element),
                        Value::State(at) => decode_element(dtype, &state[usize::from(at)], element),
                        Value::Op(at) => decode_element(dtype, &outputs[usize::from(at)], element),
                        Value::Step => segment.step() as i32,
                    })
                };
                let mut bytes = vec![];
                for element in 0..call.output.elements() {
                    let Ok(value) = call.element(element, &mut read);
                    encode_element(call.output.dtype, value, &mut bytes);
                }
                tamper(task, index, op, &mut bytes);
                outputs.push(bytes);
            }
            let results = program.results(kind).into_iter().map(|value| match value {
                Value::Op(at) => outputs[usize::from(at)].clone(),
                Value::State(at) => state[usize::from(at)].clone(),
                _ => unreachable!("a result is an output or a state"),
            });
            let results: Vec<Vec<u8>> = results.collect();
            let ids: Vec<BlobId> = results.iter().map(|bytes| BlobId::of(bytes)).collect();
            run.ids.push(quern_program::reference::result_id(kind, &ids));
            run.states.push(core::mem::replace(&mut state, results));
            run.outputs.push(outputs);
        }
        run
    }

    /// Somebody who runs the shard, with lies.
    pub fn party(&self, account: Account, tamper: Tamper<'_>) -> Party {
        let runs: Vec<Run> = (0..TASKS).map(|task| self.run(task, tamper)).collect();
        let ids: Vec<BlobId> = runs.iter().flat_map(|run| run.ids.clone()).collect();
        let list = leaf_list(&SECRET, &account, &self.shard, &ids);
        Party { runs, list }
    }

    /// Somebody who runs the shard honestly.
    pub fn honest(&self, account: Account) -> Party {
        self.party(account, &mut |_, _, _, _| ())
    }

    fn locate(&self, position: u32) -> (usize, usize) {
        ((position / self.segments()) as usize, (position % self.segments()) as usize)
    }

    /// What `party` has of the segment that ends at a position: its state tensors and operator outputs.
    pub fn segment_of<'a>(&self, party: &'a Party, position: u32) -> (&'a [Vec<u8>], &'a [Vec<u8>]) {
        let (task, segment) = self.locate(position);
        (&party.runs[task].states[segment], &party.runs[task].outputs[segment])
    }

    /// The trace of the segment that ends at a position.
    pub fn trace(&self, party: &Party, position: u32) -> Trace {
        let (state, outputs) = self.segment_of(party, position);
        let ids = |tensors: &[Vec<u8>]| tensors.iter().map(|bytes| BlobId::of(bytes)).collect::<Vec<_>>();
        Trace { state: ids(state).try_into().unwrap(), outputs: ids(outputs).try_into().unwrap() }
    }

    /// The outline of the trace of the segment that ends at a position; none if it is posted whole.
    pub fn outline(&self, party: &Party, position: u32) -> Option<Outline> {
        let (state, outputs) = self.segment_of(party, position);
        let kind = self.program.program().segment(self.locate(position).1 as u32).unwrap().kind();
        let ids = |tensors: &[Vec<u8>]| tensors.iter().map(|bytes| BlobId::of(bytes)).collect::<Vec<_>>();
        Outline::of(&self.program, kind, &ids(state), &ids(outputs))
    }

    /// Calls `with` with the evidence of `party` about the segment that ends at a position.
    pub fn with_evidence<R>(&self, party: &Party, position: u32, with: impl FnOnce(Evidence<'_>) -> R) -> R {
        let (task, segment) = self.locate(position);
        let (state, outputs) = self.segment_of(party, position);
        let state: Vec<&[u8]> = state.iter().map(Vec::as_slice).collect();
        let outputs: Vec<&[u8]> = outputs.iter().map(Vec::as_slice).collect();
        with(Evidence {
            program: &self.program,
            stage: &self.context,
            task: task as u32,
            segment: self.program.program().segment(segment as u32).unwrap(),
            state: &state,
            outputs: &outputs,
        })
    }
}

impl Party {
    pub fn root(&self) -> BlobId {
        BlobId::of(&self.list)
    }

    pub fn id(&self, position: u32) -> BlobId {
        let segments = self.runs[0].ids.len();
        self.runs[position as usize / segments].ids[position as usize % segments]
    }

    pub fn ids(&self, positions: &[u32]) -> Vec<BlobId> {
        positions.iter().map(|position| self.id(*position)).collect()
    }

    pub fn leaf(&self, position: u32) -> LeafProof {
        LeafProof::new(&self.list, &SECRET, position, self.id(position))
    }
}

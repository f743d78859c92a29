// SPDX-License-Identifier: Apache-2.0
//! The programs, and what an executor answers to them. All are functions of constants: the same on every machine.

use anyhow::{Context as _, Result};
use quern_executor::{edge_cases, EdgeCase, Executor};
use quern_primitives::{tagged, BlobId};
use quern_program::{
    arbitrary::random_program,
    reference::{result_id, segment_result, trace_ids},
    Checked, Context, Tensor,
};
use quern_sdk::models::{
    transformer::INVERSE_TEMPERATURE_ONE, Cnn, Digits, Generation, LmTraining, Mlp, Text, Training, Transformer,
};

/// How many random programs there are.
const RANDOM_PROGRAMS: u64 = 200;

/// A task to be run.
#[derive(Clone, Debug)]
pub struct Case {
    /// What people call it; no two have the same name.
    pub name: String,
    /// The program.
    pub program: Checked,
    /// Index and seed of the task.
    pub context: Context,
    /// Its inputs.
    pub inputs: Vec<Tensor>,
    /// Whether the outputs of all operators count, and not only the ends of segments.
    pub traced: bool,
}

/// Every case: all operators on edge values, models, random programs.
pub fn cases() -> Result<Vec<Case>> {
    let mut cases = operators()?;
    cases.extend(mlp()?);
    cases.extend(cnn()?);
    cases.extend(transformer()?);
    cases.extend((0..RANDOM_PROGRAMS).map(random));
    Ok(cases)
}

fn operators() -> Result<Vec<Case>> {
    let case = |EdgeCase { kernel, program, context, inputs }: EdgeCase| Case {
        name: kernel,
        program,
        context,
        inputs,
        traced: false,
    };
    Ok(edge_cases()?.into_iter().map(case).collect())
}

fn random(seed: u64) -> Case {
    let (program, inputs) = random_program(seed);
    Case { traced: true, ..Case::new(format!("random program {seed}"), program, inputs) }
}

/// A classifier that learns, is merged, and classifies.
fn mlp() -> Result<Vec<Case>> {
    let mlp = Mlp { inputs: 64, hidden: 16, outputs: 10, input_frac_bits: 4 };
    let training =
        Training { tasks: 2, samples: 48, batch: 16, steps: 8, rate_shift: 3, friction_shift: 3, outer_shift: 1 };
    let digits = Digits::embedded()?;
    let checkpoint = mlp.initial_checkpoint([1; 32])?;
    let images = |count: usize| digits.train.images.iter().copied().take(count * 64).collect::<Vec<u8>>();
    let labels = digits.train.labels.iter().copied().take(48).collect();
    // Parameters that two tasks could have come to.
    let results = [2u8, 3].map(|seed| mlp.initial_checkpoint([seed; 32]));
    let results = parameters(results, mlp.parameters())?;
    Ok(vec![
        Case::of("mlp: training", mlp.local_training(&training)?, vec![checkpoint.clone(), images(48), labels])?,
        Case::of("mlp: merge", mlp.merge(&training)?, vec![checkpoint.clone(), results])?,
        Case::of("mlp: inference", mlp.inference(20)?, vec![checkpoint, images(20)])?,
    ])
}

/// A convolutional classifier that does the same.
fn cnn() -> Result<Vec<Case>> {
    let cnn = Cnn { side: 8, channels: vec![4, 8], kernel: 3, pool: 2, classes: 10, input_frac_bits: 4 };
    let training =
        Training { tasks: 2, samples: 24, batch: 8, steps: 3, rate_shift: 3, friction_shift: 3, outer_shift: 1 };
    let digits = Digits::embedded()?;
    let checkpoint = cnn.initial_checkpoint([1; 32])?;
    let images = |count: usize| digits.train.images.iter().copied().take(count * 64).collect::<Vec<u8>>();
    let labels = digits.train.labels.iter().copied().take(24).collect();
    let results = parameters([2u8, 3].map(|seed| cnn.initial_checkpoint([seed; 32])), cnn.parameters())?;
    Ok(vec![
        Case::of("cnn: training", cnn.local_training(&training)?, vec![checkpoint.clone(), images(24), labels])?,
        Case::of("cnn: merge", cnn.merge(&training)?, vec![checkpoint.clone(), results])?,
        Case::of("cnn: inference", cnn.inference(10)?, vec![checkpoint, images(10)])?,
    ])
}

/// A language model that learns, is merged, is evaluated, and writes.
fn transformer() -> Result<Vec<Case>> {
    let model = Transformer { width: 32, layers: 2, heads: 2, hidden: 48, context: 16 };
    let training = LmTraining {
        tasks: 2,
        text_bytes: 1_000,
        batch: 2,
        steps: 3,
        rate_shift: 9,
        gradient_shift: 3,
        momentum_shift: 6,
        decay_shift: 12,
        outer_shift: 1,
    };
    let generation =
        Generation { prompt: 8, bytes: 8, inverse_temperature: 5 * (INVERSE_TEMPERATURE_ONE / 4), top_k: 20 };
    let text = Text::embedded();
    let text = |bytes: usize| Text::to_i16(text.train.get(..bytes).unwrap_or_default());
    let checkpoint = model.initial_checkpoint([1; 32])?;
    let results = [2u8, 3].map(|seed| model.initial_checkpoint([seed; 32]));
    let results = parameters(results, 2 * model.parameters())?;
    Ok(vec![
        Case::of("transformer: training", model.local_training(&training)?, vec![checkpoint.clone(), text(1_000)])?,
        Case::of("transformer: merge", model.merge(&training)?, vec![checkpoint.clone(), results])?,
        Case::of("transformer: evaluation", model.evaluation(2)?, vec![checkpoint.clone(), text(2 * 17)])?,
        Case::of("transformer: generation", model.generation(&generation)?, vec![checkpoint, text(8)])?,
    ])
}

/// The first numbers of checkpoints, one after the other.
fn parameters<E: std::error::Error + Send + Sync + 'static>(
    checkpoints: [Result<Vec<u8>, E>; 2],
    numbers: u32,
) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    for checkpoint in checkpoints {
        all.extend(checkpoint?.get(..numbers as usize * 4).context("a checkpoint is too short")?);
    }
    Ok(all)
}

impl Case {
    fn new(name: impl Into<String>, program: Checked, inputs: Vec<Tensor>) -> Self {
        let name = name.into();
        let context = Context { index: 1, seed: tagged(b"quern/exactness-seed/v1", &name), step: 0 };
        Self { name, program, context, inputs, traced: false }
    }

    fn of(name: &str, program: Checked, inputs: Vec<Vec<u8>>) -> Result<Self> {
        let types = &program.program().inputs;
        let lengths = types.iter().map(|ty| ty.bytes()).eq(inputs.iter().map(|bytes| bytes.len() as u64));
        anyhow::ensure!(lengths, "{name}: the inputs do not fit the program");
        let inputs = types.iter().zip(inputs).map(|(ty, bytes)| Tensor::new(*ty, bytes)).collect();
        Ok(Self::new(name, program, inputs))
    }

    /// What an executor makes of it: the digest of the ids of all checkpoints and of the output, or of all operators' outputs.
    pub fn answer(&self, executor: &dyn Executor) -> Result<BlobId> {
        let Self { program: checked, context, inputs, .. } = self;
        let mut ids = Vec::new();
        if self.traced {
            let program = checked.program();
            let mut state = Vec::new();
            for segment in (0..program.segments()).filter_map(|index| program.segment(index)) {
                let trace = executor.trace(checked, segment.kind(), &context.at(segment), inputs, &state)?;
                state = segment_result(checked, segment.kind(), &trace, &state);
                ids.extend(trace_ids(&trace));
            }
        } else {
            let output = executor.run_task(checked, context, inputs, &mut |segment, state| {
                let kind = checked.program().segment(segment).map(|segment| segment.kind());
                ids.extend(kind.map(|kind| result_id(kind, &trace_ids(state))));
            })?;
            ids.push(output.id());
        }
        Ok(BlobId::of_list(&ids))
    }
}

/// What an executor makes of all cases: a line for each, its digest and its name.
pub fn run(cases: &[Case], executor: &dyn Executor) -> Result<String> {
    let line = |case: &Case| {
        let answer = case.answer(executor).with_context(|| case.name.clone())?;
        Ok(format!("{answer} {}\n", case.name))
    };
    cases.iter().map(line).collect()
}

/// The digest of these lines: BLAKE3.
pub fn digest(lines: &str) -> BlobId {
    BlobId::of(lines.as_bytes())
}

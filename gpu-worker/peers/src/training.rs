// SPDX-License-Identifier: Apache-2.0
//! What hashing costs a training task: the ids of its checkpoints and its output, beside its computation. And how much of a device's
//! time its products take.

use anyhow::{Context as _, Result};
use quern_executor::{
    bench::{median, Measurement},
    cpu::CpuExecutor,
    gpu::{self, Adapter, GpuExecutor},
    Executor,
};
use quern_program::{Checked, Context, Program, Tensor, Value};
use quern_sdk::models::{LmTraining, LmTrainingJob, Text, Transformer};
use rayon::prelude::*;
use std::{
    cmp::Reverse,
    time::{Duration, Instant},
};

/// Rounds, of which the median counts.
const ROUNDS: usize = 7;

/// Seconds of a task, and how many of them its hashes take: several tensors at once, as a worker stores them. A tensor that a segment
/// carries on unchanged keeps its id.
fn run(executor: &CpuExecutor, program: &Checked, inputs: &[Tensor]) -> Result<[f64; 2]> {
    let mut hashing = Duration::ZERO;
    let start = Instant::now();
    let output = executor.run_task(program, &Context::default(), inputs, &mut |index, state| {
        let start = Instant::now();
        let segment = program.program().segment(index);
        let results = segment.map(|segment| program.program().results(segment.kind())).unwrap_or_default();
        let new = results.par_iter().zip(state).filter(|(value, _)| !matches!(value, Value::State(_)));
        std::hint::black_box(new.map(|(_, tensor)| tensor.id()).collect::<Vec<_>>());
        hashing += start.elapsed();
    })?;
    let last = Instant::now();
    std::hint::black_box(output.id());
    hashing += last.elapsed();
    Ok([start.elapsed().as_secs_f64(), hashing.as_secs_f64()])
}

/// How much of a device's time in a training task its products take, and how many kernels it is sent for how many operators.
/// `by_kernel` prints each kernel's own part to stderr.
fn products(
    adapter: &Adapter,
    model: &Transformer,
    program: &Checked,
    inputs: &[Tensor],
    by_kernel: bool,
) -> Result<[Measurement; 2]> {
    let executor = GpuExecutor::timed(adapter)?;
    // The first one compiles the kernels.
    executor.run_task(program, &Context::default(), inputs, &mut |_, _| {})?;
    executor.spent();
    executor.run_task(program, &Context::default(), inputs, &mut |_, _| {})?;
    let spent = executor.spent();
    let [products, kernels] = [spent.products, spent.kernels].map(|time| time.as_secs_f64());
    let Program { init, body, finish, steps, .. } = program.program();
    let operators = (init.len() + body.len() * *steps as usize + finish.len()) as f64;
    if by_kernel {
        let mut parts: Vec<_> = spent.by_kernel.iter().collect();
        parts.sort_unstable_by_key(|(_, (time, _))| Reverse(*time));
        eprintln!("{} parameters, {}", model.parameters(), executor.name());
        for (kernel, (time, count)) in parts {
            eprintln!(
                "{:>8.1} ms {:>6.3} {count:>6} x {kernel}",
                time.as_secs_f64() * 1e3,
                time.as_secs_f64() / kernels
            );
        }
    }
    let name =
        |what: &str| format!("training, {} parameters: {what} of a task, {}", model.parameters(), executor.name());
    Ok([
        Measurement {
            name: name("products"),
            value: products * 1e3,
            unit: "ms",
            peer: "all kernels".into(),
            peer_value: kernels * 1e3,
            ratio: products / kernels,
        },
        Measurement {
            name: name("kernels"),
            value: f64::from(spent.count),
            unit: "kernels",
            peer: "operators".into(),
            peer_value: operators,
            ratio: f64::from(spent.count) / operators,
        },
    ])
}

/// A training task's program and inputs.
fn task(
    job: &LmTrainingJob,
    text: &Text,
    model: &Transformer,
    training: &LmTraining,
) -> Result<(Checked, Vec<Tensor>)> {
    let program = model.local_training(training)?;
    let blobs = [model.initial_checkpoint([1; 32])?, Text::to_i16(job.task_text(text, 0))];
    let inputs = program.program().inputs.iter().zip(blobs).map(|(ty, bytes)| Tensor::new(*ty, bytes)).collect();
    Ok((program, inputs))
}

/// The share of a task's time that hashing takes, and of a device's time that products take, for the small language model and wider ones.
pub fn measure(by_kernel: bool) -> Result<Vec<Measurement>> {
    let executor = CpuExecutor::new();
    let text = Text::embedded();
    let job = LmTrainingJob::small(&text);
    let wider = Transformer { width: 128, layers: 2, heads: 2, hidden: 256, context: 64 };
    let mut measurements = Vec::new();
    for model in [job.model, wider] {
        let (program, inputs) = task(&job, &text, &model, &job.training)?;
        run(&executor, &program, &inputs)?;
        let rounds = (0..ROUNDS).map(|_| run(&executor, &program, &inputs)).collect::<Result<Vec<_>>>()?;
        let [task, hashing] =
            [0, 1].map(|part| median(rounds.iter().filter_map(|round| round.get(part)).copied().collect()));
        let ms = |seconds: f64| seconds * 1e3;
        measurements.push(Measurement {
            name: format!("training, {} parameters: hashes of a task, {}", model.parameters(), executor.name()),
            value: ms(hashing),
            unit: "ms",
            peer: "the whole task".into(),
            peer_value: ms(task),
            ratio: hashing / task,
        });
        for adapter in gpu::adapters().unwrap_or_default() {
            measurements.extend(products(&adapter, &model, &program, &inputs, by_kernel)?);
        }
    }
    // A few steps: more of them have the same share.
    let widest = Transformer { width: 256, layers: 2, heads: 4, hidden: 512, context: 64 };
    let (program, inputs) = task(&job, &text, &widest, &LmTraining { steps: 4, ..job.training })?;
    for adapter in gpu::adapters().unwrap_or_default() {
        measurements.extend(products(&adapter, &widest, &program, &inputs, by_kernel)?);
    }
    // What a GPU is for: a wide model, and many tokens a step, of which parameters' own operators do not grow.
    let wide = Transformer { width: 512, layers: 1, heads: 8, hidden: 2048, context: 64 };
    let (program, inputs) = task(&job, &text, &wide, &LmTraining { batch: 64, steps: 1, ..job.training })?;
    for adapter in gpu::adapters().unwrap_or_default() {
        measurements.extend(products(&adapter, &wide, &program, &inputs, by_kernel)?);
    }
    (!measurements.is_empty()).then_some(measurements).context("nothing was measured")
}

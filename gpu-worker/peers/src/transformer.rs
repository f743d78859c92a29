// SPDX-License-Identifier: Apache-2.0
//! A transformer that reads and writes, beside candle's of the same shape.

use crate::{
    candle::Candle,
    program::{inference, inputs},
};
use anyhow::{Context as _, Result};
use quern_executor::{
    bench::{fastest, Measurement},
    cpu::CpuExecutor,
    gpu::{self, GpuExecutor},
    Executor,
};
use quern_program::{Checked, Context, SegmentKind, Tensor};
use quern_sdk::models::{Text, Transformer};
use std::time::Instant;

/// The network: eight layers of width 512.
const MODEL: Transformer = Transformer { width: 512, layers: 8, heads: 8, hidden: 1408, context: 256 };
/// Bytes that are written in a round; those before them have been read.
const WRITTEN: usize = 32;
/// Rounds, of which the fastest counts.
const ROUNDS: usize = 7;

/// Seconds a byte of a program that takes so many.
fn run(executor: &dyn Executor, program: &Checked, inputs: &[Tensor]) -> Result<f64> {
    let start = Instant::now();
    let kind = SegmentKind::Finish;
    std::hint::black_box(executor.run_block(program, kind, &Context::default(), inputs, &[])?);
    let tokens = inputs.first().map_or(1, |bytes| bytes.ty.elements());
    Ok(start.elapsed().as_secs_f64() / tokens as f64)
}

fn write_by_candle(candle: &mut Candle, text: &[u8]) -> Result<f64> {
    candle.forget();
    let (prompt, rest) = text.split_at(text.len() - WRITTEN);
    candle.forward(prompt, 0)?;
    let start = Instant::now();
    for (byte, position) in rest.chunks(1).zip(prompt.len()..) {
        std::hint::black_box(candle.forward(byte, position)?.to_device(&candle_core::Device::Cpu)?);
    }
    Ok(start.elapsed().as_secs_f64() / WRITTEN as f64)
}

fn read_by_candle(candle: &mut Candle, text: &[u8]) -> Result<f64> {
    candle.forget();
    let start = Instant::now();
    std::hint::black_box(candle.forward(text, 0)?);
    Ok(start.elapsed().as_secs_f64() / text.len() as f64)
}

/// A GPU beside the processor of its machine: bytes a second of the same programs.
fn gpu_beside_cpu(
    gpu: &dyn Executor,
    cpu: &dyn Executor,
    part: &str,
    program: &Checked,
    inputs: &[Tensor],
) -> Result<Measurement> {
    let mut rounds = [Vec::new(), Vec::new()];
    for round in 0..=ROUNDS {
        for (rounds, executor) in rounds.iter_mut().zip([gpu, cpu]) {
            let seconds = (0..WRITTEN).map(|_| run(executor, program, inputs)).sum::<Result<f64>>()? / WRITTEN as f64;
            // The first round warms up.
            if round > 0 {
                rounds.push(seconds);
            }
        }
    }
    let [own, peer] = rounds.map(fastest);
    Ok(Measurement {
        name: format!("transformer, {} layers, width {}: {part}, {}", MODEL.layers, MODEL.width, gpu.name()),
        value: own.recip(),
        unit: "tokens/s",
        peer: cpu.name().into(),
        peer_value: peer.recip(),
        ratio: peer / own,
    })
}

/// Bytes a second, of writing with a cache of keys and values and of reading a whole context.
pub fn measure() -> Result<Vec<Measurement>> {
    let executor = CpuExecutor::new();
    let embedded = Text::embedded();
    let text = embedded.train.get(..MODEL.context as usize).context("the text is too short")?;
    let reading = inference(MODEL, 0, MODEL.context)?;
    let window = inputs(&reading, MODEL, 0, text);
    // A byte after those that fill the rest of the context.
    let writing = inference(MODEL, MODEL.context - 1, 1)?;
    let byte = inputs(&writing, MODEL, MODEL.context - 1, text.get(..1).unwrap_or_default());
    let (mut f32, mut q8) = (Candle::new(MODEL, false)?, Candle::new(MODEL, true)?);
    let mut rounds = [(); 6].map(|()| Vec::new());
    for round in 0..=ROUNDS {
        let seconds = [
            (0..WRITTEN).map(|_| run(&executor, &writing, &byte)).sum::<Result<f64>>()? / WRITTEN as f64,
            write_by_candle(&mut f32, text)?,
            write_by_candle(&mut q8, text)?,
            run(&executor, &reading, &window)?,
            read_by_candle(&mut f32, text)?,
            read_by_candle(&mut q8, text)?,
        ];
        // The first round warms up.
        if round > 0 {
            rounds.iter_mut().zip(seconds).for_each(|(rounds, seconds)| rounds.push(seconds));
        }
    }
    let seconds = rounds.map(fastest);
    let threads = rayon::current_num_threads();
    let row = |part: &str, own: usize, peer: &str, other: usize| Measurement {
        name: format!(
            "transformer, {} layers, width {}: {part}, {}, {threads} threads",
            MODEL.layers,
            MODEL.width,
            executor.name()
        ),
        value: seconds[own].recip(),
        unit: "tokens/s",
        peer: peer.into(),
        peer_value: seconds[other].recip(),
        ratio: seconds[other] / seconds[own],
    };
    let mut measurements = vec![
        row("writing", 0, "candle f32", 1),
        row("writing", 0, "candle q8_0", 2),
        row("reading 256", 3, "candle f32", 4),
        row("reading 256", 3, "candle q8_0", 5),
    ];
    for adapter in gpu::adapters().unwrap_or_default().iter().filter(|adapter| !adapter.software) {
        let gpu = GpuExecutor::on(adapter)?;
        measurements.push(gpu_beside_cpu(&gpu, &executor, "writing", &writing, &byte)?);
        measurements.push(gpu_beside_cpu(&gpu, &executor, "reading 256", &reading, &window)?);
    }
    Ok(measurements)
}

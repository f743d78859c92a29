// SPDX-License-Identifier: Apache-2.0
//! A transformer that reads and writes, beside candle's of the same shape.

use crate::candle::Candle;
use anyhow::{Context as _, Result};
use quern_executor::{
    bench::{median, Measurement},
    cpu::CpuExecutor,
    Executor,
};
use quern_program::{Checked, Context, SegmentKind, Tensor};
use quern_sdk::models::{transformer::INVERSE_TEMPERATURE_ONE, Generation, Text, Transformer};
use std::time::Instant;

/// The network: eight layers of width 512.
const MODEL: Transformer = Transformer { width: 512, layers: 8, heads: 8, hidden: 1408, context: 256 };
/// Bytes that are written in a round; those before them have been read.
const WRITTEN: usize = 32;
/// Rounds, of which the median counts.
const ROUNDS: usize = 7;

fn tensors(program: &Checked, blobs: Vec<Vec<u8>>) -> Vec<Tensor> {
    program.program().inputs.iter().zip(blobs).map(|(ty, bytes)| Tensor::new(*ty, bytes)).collect()
}

/// Seconds a byte of writing, at the end of a context.
fn write(executor: &CpuExecutor, program: &Checked, inputs: &[Tensor]) -> Result<f64> {
    let mut ends = Vec::new();
    let context = Context::default();
    executor.run_task(program, &context, inputs, &mut |_, _| ends.push(Instant::now()))?;
    // The first segment makes the weights i8; what follows is a byte each.
    let (first, last) = ends.first().zip(ends.last()).context("a generation has checkpoints")?;
    Ok((*last - *first).as_secs_f64() / (ends.len() - 1) as f64)
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

/// Bytes a second, of writing with a cache of keys and values and of reading a whole context.
pub fn measure() -> Result<Vec<Measurement>> {
    let executor = CpuExecutor::new();
    let text = Text::embedded().train.get(..MODEL.context as usize + 1).context("the text is too short")?;
    let checkpoint = MODEL.initial_checkpoint([1; 32])?;
    let generation = Generation {
        prompt: 1,
        bytes: WRITTEN as u32,
        inverse_temperature: INVERSE_TEMPERATURE_ONE,
        top_k: 40,
    };
    let writing = MODEL.generation(&generation)?;
    let prompt = Text::to_i16(text.get(..1).unwrap_or_default());
    let prompt = tensors(&writing, vec![checkpoint.clone(), prompt]);
    let reading = MODEL.evaluation(1)?;
    let window = tensors(&reading, vec![checkpoint, Text::to_i16(text)]);
    let read = |executor: &CpuExecutor| -> Result<f64> {
        let start = Instant::now();
        let kind = SegmentKind::Finish;
        std::hint::black_box(executor.run_block(&reading, kind, &Context::default(), &window, &[])?);
        Ok(start.elapsed().as_secs_f64() / f64::from(MODEL.context))
    };
    let text = text.get(..MODEL.context as usize).unwrap_or_default();
    let (mut f32, mut q8) = (Candle::new(MODEL, false)?, Candle::new(MODEL, true)?);
    let mut rounds = [(); 6].map(|()| Vec::new());
    for round in 0..=ROUNDS {
        let seconds = [
            write(&executor, &writing, &prompt)?,
            write_by_candle(&mut f32, text)?,
            write_by_candle(&mut q8, text)?,
            read(&executor)?,
            read_by_candle(&mut f32, text)?,
            read_by_candle(&mut q8, text)?,
        ];
        // The first round warms up.
        if round > 0 {
            rounds.iter_mut().zip(seconds).for_each(|(rounds, seconds)| rounds.push(seconds));
        }
    }
    let seconds = rounds.map(median);
    let threads = rayon::current_num_threads();
    let what = format!("transformer of {} layers, width {}, {threads} threads", MODEL.layers, MODEL.width);
    let row = |part: &str, own: usize, peer: &str, other: usize| Measurement {
        name: format!("{what}: {part}, {}", executor.name()),
        value: seconds[own].recip(),
        unit: "tokens/s",
        peer: peer.into(),
        peer_value: seconds[other].recip(),
        ratio: seconds[other] / seconds[own],
    };
    Ok(vec![
        row("writing", 0, "candle f32", 1),
        row("writing", 0, "candle q8_0", 2),
        row("reading 256", 3, "candle f32", 4),
        row("reading 256", 3, "candle q8_0", 5),
    ])
}

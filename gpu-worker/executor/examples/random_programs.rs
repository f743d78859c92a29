// SPDX-License-Identifier: Apache-2.0
//! Runs random valid programs on the reference, the processor (with all its kinds of instructions) and every GPU, and compares
//! every operator's output, every checkpoint, and elements as the referee computes them.
//!
//! `cargo run -p quern-executor --example random_programs -- --count 100000 [--first SEED] [--cpu-only]`

use quern_executor::{
    cpu::{CpuExecutor, Simd},
    gpu::GpuExecutor,
    random_programs::{compare, Compared},
    Executor,
};
use std::time::{Duration, Instant};

/// How often it says how far it is.
const REPORT_EVERY: Duration = Duration::from_secs(30);

fn run() -> Result<(), String> {
    let (mut count, mut first, mut cpu_only) = (1_000u64, 0u64, false);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = || {
            let text = arguments.next().ok_or(format!("{argument} needs a number"))?;
            text.parse::<u64>().map_err(|error| format!("{argument} {text}: {error}"))
        };
        match argument.as_str() {
            "--count" => count = number()?,
            "--first" => first = number()?,
            "--cpu-only" => cpu_only = true,
            _ => return Err(format!("{argument}: the options are --count N, --first SEED and --cpu-only")),
        }
    }
    let mut executors: Vec<Box<dyn Executor>> = Vec::new();
    for simd in Simd::available() {
        // Programs are small: one thread is faster than many, and the test suite has the many.
        let executor = CpuExecutor::with_simd(simd).with_threads(1).map_err(|error| error.to_string())?;
        executors.push(Box::new(executor));
    }
    if !cpu_only {
        executors.push(Box::new(GpuExecutor::new().map_err(|error| format!("{error}; --cpu-only goes without"))?));
    }
    let executors: Vec<&dyn Executor> = executors.iter().map(|executor| &**executor).collect();
    let names: Vec<&str> = executors.iter().map(|executor| executor.name()).collect();
    println!("reference, {}", names.join(", "));
    let (start, mut reported) = (Instant::now(), Instant::now());
    let mut all = Compared::default();
    for seed in (0..count).map(|index| first.wrapping_add(index)) {
        all += compare(seed, &executors).map_err(|difference| difference.to_string())?;
        if reported.elapsed() >= REPORT_EVERY {
            reported = Instant::now();
            println!("{} programs in {} s", all.programs, start.elapsed().as_secs());
        }
    }
    let Compared { programs, segments, operators, elements } = all;
    let seconds = start.elapsed().as_secs();
    println!("no difference: {programs} programs, {segments} segments, {operators} operators, {elements} elements alone, in {seconds} s");
    Ok(())
}

fn main() {
    if let Err(error) = run() {
        eprintln!("error: {error}");
        std::process::exit(1);
    }
}

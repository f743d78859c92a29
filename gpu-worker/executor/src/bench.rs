// SPDX-License-Identifier: Apache-2.0
//! How fast this machine multiplies: the int8 product against f32 products and a plain loop on the same machine.
//!
//! Rounds of all candidates alternate, and the fastest of each counts: what else the machine does, or others on the same host, only makes
//! a round slower.

use crate::{
    cpu::{matmul_nt, CpuExecutor, Simd},
    gpu::{adapters, GpuExecutor},
    Executor, ExecutorError,
};
use quern_program::{Context, DType, ProgramBuilder, Tensor};
use serde::Serialize;
use std::time::Instant;

/// Rounds, of which the fastest counts.
const ROUNDS: usize = 50;
/// Sizes of the square products.
const SIZES: [usize; 3] = [256, 512, 1024];
/// Larger ones, for GPUs.
const GPU_SIZES: [usize; 2] = [2048, 4096];
/// The largest size on software devices: larger ones take seconds and say nothing new.
const MAX_SOFTWARE_SIZE: usize = 512;
/// Seconds that one timing takes at least.
const MIN_SECONDS: f64 = 0.01;

/// A number, and what it is to be seen against.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measurement {
    /// What was measured, on what.
    pub name: String,
    /// The number.
    pub value: f64,
    /// Its unit.
    pub unit: &'static str,
    /// What it is compared with.
    pub peer: String,
    /// The peer's number.
    pub peer_value: f64,
    /// `value / peer_value`.
    pub ratio: f64,
}

/// All numbers of a machine.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The instructions that the product can use here.
    pub cpu_features: Vec<&'static str>,
    /// The devices that were measured.
    pub devices: Vec<String>,
    /// The numbers.
    pub measurements: Vec<Measurement>,
}

/// Measures the processor, on one thread, and every GPU.
pub fn run() -> Result<Report, ExecutorError> {
    let mut measurements = cpu()?;
    let mut devices = Vec::new();
    for adapter in adapters().unwrap_or_default() {
        let executor = GpuExecutor::on(&adapter)?;
        devices.push(executor.name().to_owned());
        let largest = if adapter.software { MAX_SOFTWARE_SIZE } else { usize::MAX };
        for n in SIZES.into_iter().chain(GPU_SIZES).filter(|n| *n <= largest) {
            measurements.extend(gpu(&executor, n, !adapter.software)?);
        }
    }
    let cpu_features = Simd::available().into_iter().map(Simd::name).collect();
    Ok(Report { cpu_features, devices, measurements })
}

/// Size of the product by which executors are compared.
const RATE_SIZE: usize = 1024;

/// Products of the processor a second.
pub(crate) fn cpu_rate(executor: &CpuExecutor) -> f64 {
    let a = vec![1i8; RATE_SIZE * RATE_SIZE];
    let run = || {
        std::hint::black_box(matmul_nt(executor.simd(), &a, &a, [RATE_SIZE; 3]));
    };
    median((0..3).map(|_| time(&mut &run, 1)).collect()).recip()
}

/// Products of a device a second.
pub(crate) fn gpu_rate(executor: &GpuExecutor) -> Result<f64, ExecutorError> {
    let rounds = (0..4).map(|_| executor.time_product(RATE_SIZE as u32, false, 1)).collect::<Result<Vec<_>, _>>()?;
    Ok(median(rounds).recip())
}

/// Sizes of the products by which an executor's rate is measured: small ones first, so that a slow device takes no long one.
const PROFILE_SIZES: [u32; 4] = [256, 512, 1024, 2048];
/// Seconds of a product from which on a larger one says nothing new.
const LONG_SECONDS: f64 = 0.05;

/// The rate of an executor in GMAC (10^9 multiply-accumulates) a second, rounded down: that of the best of some products as
/// tasks run them, inputs and outputs moved. What a registration states.
pub fn gmacs_per_second(executor: &dyn Executor) -> Result<u32, ExecutorError> {
    let mut best = 0f64;
    for n in PROFILE_SIZES {
        let mut builder = ProgramBuilder::new();
        let [a, b] = [(); 2].map(|()| builder.input(DType::I8, &[n, n]));
        let product = builder.matmul_nt(a, b);
        let program = builder.build(product).map_err(|_| ExecutorError::Program)?;
        let bytes = vec![1u8; n as usize * n as usize];
        let inputs: Vec<Tensor> = program.program().inputs.iter().map(|ty| Tensor::new(*ty, bytes.clone())).collect();
        let context = Context { index: 0, seed: [0; 32], step: 0 };
        let seconds = || {
            let start = Instant::now();
            executor.run_task(&program, &context, &inputs, &mut |_, _| {})?;
            Ok::<_, ExecutorError>(start.elapsed().as_secs_f64())
        };
        // The first one makes what the others find made.
        seconds()?;
        let shortest = seconds()?.min(seconds()?);
        best = best.max(f64::from(n).powi(3) / shortest.max(f64::MIN_POSITIVE));
        if shortest > LONG_SECONDS {
            break;
        }
    }
    Ok((best / 1e9) as u32)
}

fn measurement(what: &str, n: usize, seconds: f64, peer: &str, peer_seconds: f64) -> Measurement {
    let gops = |seconds: f64| 2.0 * (n as f64).powi(3) / seconds / 1e9;
    Measurement {
        name: format!("matmul_nt i8 {n}x{n}x{n}, {what}"),
        value: gops(seconds),
        unit: "GOP/s",
        peer: peer.to_owned(),
        peer_value: gops(peer_seconds),
        ratio: peer_seconds / seconds,
    }
}

/// The product on one thread with all instructions this processor has, against `gemm` and the plain loop.
pub fn cpu() -> Result<Vec<Measurement>, ExecutorError> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let pool = pool.map_err(|error| ExecutorError::Device(error.to_string()))?;
    Ok(pool.install(|| SIZES.into_iter().flat_map(cpu_size).collect()))
}

fn cpu_size(n: usize) -> Vec<Measurement> {
    let ([a, b], [a_f32, b_f32]) = factors(n);
    let simds: Vec<Simd> = Simd::available().into_iter().filter(|simd| *simd != Simd::Scalar).collect();
    let mut candidates: Vec<Box<dyn FnMut() + '_>> = vec![
        Box::new(|| {
            std::hint::black_box(plain(&a, &b, n));
        }),
        Box::new(|| {
            std::hint::black_box(gemm_f32(&a_f32, &b_f32, n));
        }),
    ];
    for simd in &simds {
        candidates.push(Box::new(|| {
            std::hint::black_box(matmul_nt(*simd, &a, &b, [n, n, n]));
        }));
    }
    let seconds = fastest_of(&mut candidates);
    let mut measurements = Vec::new();
    for (simd, own) in simds.iter().zip(&seconds[2..]) {
        let what = format!("{}, 1 thread", simd.name());
        measurements.push(measurement(&what, n, *own, "gemm f32, 1 thread", seconds[1]));
        measurements.push(measurement(&what, n, *own, "plain i8 loop", seconds[0]));
    }
    measurements
}

/// Two matrices `[n, n]` of values that a program's `i8` can have, and the same as floats.
pub fn factors(n: usize) -> ([Vec<i8>; 2], [Vec<f32>; 2]) {
    let bytes = |step: usize| (0..n * n).map(|i| ((i * step + i / 251) % 255) as i8).map(|x| x.max(-127)).collect();
    let integers: [Vec<i8>; 2] = [7, 13].map(bytes);
    let floats = integers.each_ref().map(|x| x.iter().map(|x| f32::from(*x)).collect());
    (integers, floats)
}

/// The fastest round of each candidate, in seconds. Rounds of all candidates alternate.
pub fn fastest_of(candidates: &mut [Box<dyn FnMut() + '_>]) -> Vec<f64> {
    let mut rounds = vec![Vec::new(); candidates.len()];
    // The first round warms up and says how often to repeat.
    let repeats: Vec<u32> =
        candidates.iter_mut().map(|run| (MIN_SECONDS / time(run, 1)).ceil().max(1.0) as u32).collect();
    for _ in 0..ROUNDS {
        for ((run, repeats), rounds) in candidates.iter_mut().zip(&repeats).zip(&mut rounds) {
            rounds.push(time(run, *repeats));
        }
    }
    rounds.into_iter().map(fastest).collect()
}

fn time(run: &mut dyn FnMut(), repeats: u32) -> f64 {
    let start = Instant::now();
    (0..repeats).for_each(|_| run());
    start.elapsed().as_secs_f64() / f64::from(repeats)
}

/// The least of some numbers.
pub fn fastest(seconds: Vec<f64>) -> f64 {
    seconds.into_iter().fold(f64::NAN, f64::min)
}

/// The middle one of some numbers.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Rounds of the kernel that does nothing but multiply.
const DOT_ROUNDS: u32 = 1024;

/// The product on a device, against the same kernel for f32, and against a kernel that does nothing but multiply.
pub fn gpu(executor: &GpuExecutor, n: usize, dots: bool) -> Result<Vec<Measurement>, ExecutorError> {
    let time = |f32| {
        let once = executor.time_product(n as u32, f32, 1)?.min(executor.time_product(n as u32, f32, 1)?);
        Ok::<_, ExecutorError>((MIN_SECONDS / once).ceil().clamp(1.0, 1000.0) as u32)
    };
    let repeats = [time(false)?, time(true)?];
    let mut rounds = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        for ((rounds, repeats), f32) in rounds.iter_mut().zip(repeats).zip([false, true]) {
            rounds.push(executor.time_product(n as u32, f32, repeats)?);
        }
        if dots {
            let (seconds, macs) = executor.time_dots(DOT_ROUNDS)?;
            // As long as a product would take at this rate.
            rounds[2].push(seconds * (n as f64).powi(3) / macs as f64);
        }
    }
    let [own, peer, best] = rounds.map(fastest);
    let name = crate::Executor::name(executor);
    let mut measurements = vec![measurement(name, n, own, "f32 kernel of the same blocks", peer)];
    if dots {
        measurements.push(measurement(name, n, own, "dot4I8Packed alone", best));
    }
    Ok(measurements)
}

/// The product as a plain loop that the compiler may vectorise for any processor of this architecture.
fn plain(a: &[i8], b: &[i8], n: usize) -> Vec<i32> {
    let mut out = Vec::with_capacity(n * n);
    for a in a.chunks_exact(n) {
        for b in b.chunks_exact(n) {
            let products = a.iter().zip(b).map(|(a, b)| i32::from(*a).wrapping_mul(i32::from(*b)));
            out.push(products.fold(0, i32::wrapping_add));
        }
    }
    out
}

/// The product of the `gemm` crate, of f32 on one thread, the second matrix given transposed.
///
/// # Panics
///
/// If a matrix is smaller than `n x n`.
#[allow(unsafe_code)]
pub fn gemm_f32(a: &[f32], b: &[f32], n: usize) -> Vec<f32> {
    assert!(a.len() >= n * n && b.len() >= n * n);
    let mut out = vec![0f32; n * n];
    let stride = n as isize;
    // SAFETY: all three matrices are n x n and hold as many elements; b is read transposed, by its strides.
    unsafe {
        gemm::gemm(
            n,
            n,
            n,
            out.as_mut_ptr(),
            1,
            stride,
            false,
            a.as_ptr(),
            1,
            stride,
            b.as_ptr(),
            stride,
            1,
            0.0,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use quern_program::{Checked, SegmentKind};
    use std::{
        sync::atomic::{AtomicU32, Ordering},
        time::Duration,
    };

    /// A device that takes longer than a product by which a rate is measured, or fails.
    struct Slow {
        fails: bool,
        runs: AtomicU32,
    }

    impl Executor for Slow {
        fn name(&self) -> &str {
            "slow"
        }
        fn run_block(
            &self,
            _: &Checked,
            _: SegmentKind,
            _: &Context,
            inputs: &[Tensor],
            _: &[Tensor],
        ) -> Result<Vec<Tensor>, ExecutorError> {
            self.runs.fetch_add(1, Ordering::Relaxed);
            std::thread::sleep(Duration::from_secs_f64(LONG_SECONDS));
            match self.fails {
                true => Err(ExecutorError::Device("lost".into())),
                false => Ok(inputs.to_vec()),
            }
        }
        fn trace(
            &self,
            checked: &Checked,
            kind: SegmentKind,
            context: &Context,
            inputs: &[Tensor],
            state: &[Tensor],
        ) -> Result<Vec<Tensor>, ExecutorError> {
            self.run_block(checked, kind, context, inputs, state)
        }
    }

    #[test]
    fn rate_should_be_rounded_down_and_no_larger_product_run_when_a_device_is_slow() {
        let slow = Slow { fails: false, runs: AtomicU32::new(0) };
        // 256^3 multiply-accumulates in a twentieth of a second are a third of a GMAC a second.
        assert_eq!(gmacs_per_second(&slow), Ok(0));
        assert_eq!(slow.runs.into_inner(), 3);
    }

    #[test]
    fn rate_should_be_an_error_when_the_device_fails() {
        let failing = Slow { fails: true, runs: AtomicU32::new(0) };
        assert_eq!(gmacs_per_second(&failing), Err(ExecutorError::Device("lost".into())));
    }

    #[test]
    fn peers_should_compute_the_same_when_values_are_small() {
        let n = 48;
        let a: Vec<i8> = (0..n * n).map(|i| (i % 11) as i8 - 5).collect();
        let b: Vec<i8> = (0..n * n).map(|i| (i % 7) as i8 - 3).collect();
        let floats = |x: &[i8]| x.iter().map(|x| f32::from(*x)).collect::<Vec<_>>();
        let expected = plain(&a, &b, n);
        assert_eq!(gemm_f32(&floats(&a), &floats(&b), n).iter().map(|x| *x as i32).collect::<Vec<_>>(), expected);
        assert_eq!(matmul_nt(Simd::best(), &a, &b, [n, n, n]), expected);
    }
}

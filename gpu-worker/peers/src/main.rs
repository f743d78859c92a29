// SPDX-License-Identifier: Apache-2.0
#![doc = include_str!("../README.md")]

mod candle;
mod products;
mod program;
mod training;
mod transformer;

/// As in `quern-worker`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<()> {
    quern_executor::gpu::name_runtime_folder();
    let json = std::env::args().any(|arg| arg == "--json");
    // With --kernels training alone, and each kernel's time on stderr.
    let by_kernel = std::env::args().any(|arg| arg == "--kernels");
    let mut measurements = Vec::new();
    if !by_kernel {
        measurements.extend(products::measure()?);
        measurements.extend(transformer::measure()?);
    }
    measurements.extend(training::measure(by_kernel)?);
    for m in measurements {
        if json {
            println!("{}", serde_json::to_string(&m)?);
        } else {
            println!("{:<84} {:>8.1} {}  {:>6.2} x {} ({:.1})", m.name, m.value, m.unit, m.ratio, m.peer, m.peer_value);
        }
    }
    Ok(())
}

// SPDX-License-Identifier: Apache-2.0
//! The reference against every executor: random programs, edge values, long loops and large shapes.

use proptest::prelude::*;
use quern_executor::{
    cpu::{CpuExecutor, Simd},
    gpu::GpuExecutor,
    self_test, Executor,
};
use quern_program::{arbitrary::random_program, reference, Checked, Context, Tensor};
use std::sync::LazyLock;

/// The device of all tests. They fail where there is none: a test that skips itself proves nothing.
static GPU: LazyLock<GpuExecutor> = LazyLock::new(|| match GpuExecutor::new() {
    Ok(executor) => executor,
    Err(error) => panic!("these tests need a Vulkan device: {error}"),
});

fn cpus() -> Vec<CpuExecutor> {
    Simd::available().into_iter().map(CpuExecutor::with_simd).collect()
}

fn context(seed: u64) -> Context {
    Context { index: seed as u32, seed: [seed as u8; 32], step: 0 }
}

/// Runs a whole task and compares every checkpoint, the output, and the trace of every block.
fn compare(executor: &dyn Executor, checked: &Checked, context: &Context, inputs: &[Tensor]) {
    let name = executor.name();
    let program = checked.program();
    let mut checkpoints = Vec::new();
    let output = executor
        .run_task(checked, context, inputs, &mut |segment, state| {
            assert_eq!(segment as usize, checkpoints.len());
            checkpoints.push(state.to_vec());
        })
        .unwrap();
    let mut state = Vec::new();
    for index in 0..program.segments() {
        let segment = program.segment(index).unwrap();
        let trace = reference::run_block(checked, segment.kind(), &context.at(segment), inputs, &state);
        // Body steps differ in nothing but their state: the trace of the first is enough.
        if index < 2 || index + 1 == program.segments() {
            let found = executor.trace(checked, segment.kind(), &context.at(segment), inputs, &state).unwrap();
            assert_eq!(found.len(), trace.len(), "{name}");
            for (op, (found, expected)) in found.iter().zip(&trace).enumerate() {
                assert!(found == expected, "{name}: {segment:?} {:?}", program.block(segment.kind())[op]);
            }
            let results = executor.run_segment(checked, segment, context, inputs, &state).unwrap();
            assert_eq!(results, reference::segment_result(checked, segment.kind(), &trace, &state), "{name}");
        }
        state = reference::segment_result(checked, segment.kind(), &trace, &state);
        match checkpoints.get(index as usize) {
            Some(checkpoint) => assert!(*checkpoint == state, "{name}: {segment:?}"),
            None => assert!(state == [output.clone()], "{name}: output"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cpu_should_agree_with_the_reference_when_programs_are_random(seed: u64) {
        let (checked, inputs) = random_program(seed);
        for executor in cpus() {
            compare(&executor, &checked, &context(seed), &inputs);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn gpu_should_agree_with_the_reference_when_programs_are_random(seed: u64) {
        let (checked, inputs) = random_program(seed);
        compare(&*GPU, &checked, &context(seed), &inputs);
    }
}

#[test]
fn gpu_should_agree_with_the_reference_when_values_are_at_the_edges() {
    self_test(&*GPU).unwrap();
}

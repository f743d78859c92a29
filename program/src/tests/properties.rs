// SPDX-License-Identifier: Apache-2.0
//! What holds for every program and every bit pattern.

use crate::{
    arbitrary::{random_inputs, random_program},
    proof::{worst_proof_bytes, MAX_INPUT_BLOB_BYTES},
    reference, Call, Context, DType, OpKind, Program, SegmentKind, Tensor, Value, MAX_CONVICTION_BYTES,
};
use codec::Encode;
use core::convert::Infallible;
use proptest::prelude::*;
use quern_primitives::slice::proof_len;
use std::collections::BTreeSet;

const BLOCKS: [SegmentKind; 3] = [SegmentKind::Init, SegmentKind::Body, SegmentKind::Finish];

fn discriminant(kind: &OpKind) -> u8 {
    kind.encode()[0]
}

#[test]
fn random_programs_should_be_valid_and_use_every_operator_when_generated() {
    let mut seen = BTreeSet::new();
    let (mut loops, mut operators) = (0, 0);
    for seed in 0..600 {
        let (checked, _) = random_program(seed);
        let program = checked.program();
        assert_eq!(Program::decode_checked(&program.encode()).as_ref(), Ok(&checked));
        loops += u32::from(program.steps > 0);
        for op in BLOCKS.iter().flat_map(|block| program.block(*block)) {
            seen.insert(discriminant(&op.kind));
            operators += 1;
        }
    }
    assert_eq!(seen, (0..=29).collect());
    assert!((200..400).contains(&loops), "{loops}");
    assert!(operators > 600 * 10, "{operators}");
}

/// Bytes of a proof as part of the largest blob, across its middle.
fn middle(start: u64, len: u64) -> u64 {
    let start = MAX_INPUT_BLOB_BYTES / 2 - 1024 + start;
    proof_len(MAX_INPUT_BLOB_BYTES, start..start + len)
}

/// What a recorder sees of every element: within the static runs and their proofs within the bound.
fn check_reads(call: &Call<'_>, args: &[(Value, &Tensor)], index: u64) {
    let mut read = |arg: usize, element: u64| {
        assert!(element < args[arg].1.ty.elements(), "{:?} reads outside", call.kind);
        Ok::<_, Infallible>(args[arg].1.get(element))
    };
    let Ok(reads) = call.reads(index, &mut read);
    let mut bytes = worst_proof_bytes(call.output.bytes(), 1, 1);
    for (arg, (value, tensor)) in args.iter().enumerate() {
        let size = tensor.ty.dtype.bytes();
        let proofs = reads.iter().filter(|(other, _)| *other == arg).map(|(_, range)| {
            let (start, len) = (range.start * size, (range.end - range.start) * size);
            match value {
                Value::Const(_) | Value::Step => 0,
                Value::Input(_) => middle(start, len),
                Value::State(_) | Value::Op(_) => proof_len(tensor.ty.bytes(), start..start + len),
            }
        });
        let proofs: u64 = proofs.sum();
        let blob = match value {
            Value::Input(_) => MAX_INPUT_BLOB_BYTES,
            _ => tensor.ty.bytes(),
        };
        let runs = call.runs();
        let bound: u64 = runs
            .iter()
            .filter(|run| run.arg == arg)
            .map(|run| run.count * worst_proof_bytes(blob, run.len * size, size))
            .sum();
        assert!(proofs <= bound, "{:?}: {proofs} {reads:?} {runs:?}", call.kind);
        bytes += proofs;
    }
    assert!(bytes <= MAX_CONVICTION_BYTES, "{:?}: {bytes}", call.kind);
}

#[test]
fn elements_should_read_no_more_than_their_static_runs() {
    for seed in 0..150 {
        let (checked, inputs) = random_program(seed);
        let constants: Vec<Tensor> =
            checked.program().constants.iter().map(|c| Tensor::new(c.ty, c.bytes.clone())).collect();
        let step = Tensor::step(0);
        let mut state = Vec::new();
        for block in BLOCKS {
            let context = Context::default();
            let trace = reference::run_block(&checked, block, &context, &inputs, &state);
            for (index, op) in (0u16..).zip(checked.program().block(block)) {
                let call = checked.call(block, index, &context).unwrap();
                let args: Vec<(Value, &Tensor)> = op
                    .args
                    .iter()
                    .map(|value| {
                        let tensor = match *value {
                            Value::Input(i) => &inputs[usize::from(i)],
                            Value::Const(i) => &constants[usize::from(i)],
                            Value::State(i) => &state[usize::from(i)],
                            Value::Op(i) => &trace[usize::from(i)],
                            Value::Step => &step,
                        };
                        (*value, tensor)
                    })
                    .collect();
                let elements = call.output.elements();
                for element in [0, 1, elements / 3, elements / 2, elements - 1] {
                    check_reads(&call, &args, element.min(elements - 1));
                }
            }
            state = reference::segment_result(&checked, block, &trace, &state);
        }
    }
}

#[test]
fn output_should_be_the_same_when_inputs_are_made_canonical() {
    for seed in 0..40 {
        let (checked, inputs) = random_program(seed);
        let raw: Vec<Tensor> = random_inputs(&checked, seed)
            .into_iter()
            .zip(&checked.program().inputs)
            .map(|(bytes, ty)| Tensor { ty: *ty, bytes: bytes.into() })
            .collect();
        let context = Context { index: 3, seed: [1; 32], step: 0 };
        assert_eq!(reference::run(&checked, &context, &raw), reference::run(&checked, &context, &inputs));
    }
}

#[test]
fn tensors_should_never_hold_minus_128_when_an_operator_made_them() {
    for seed in 0..100 {
        let (checked, inputs) = random_program(seed);
        let trace = reference::run_block(&checked, SegmentKind::Init, &Context::default(), &inputs, &[]);
        for tensor in trace.iter().filter(|tensor| tensor.ty.dtype == DType::I8) {
            assert!(!tensor.bytes.contains(&0x80));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn decode_should_never_panic_when_bytes_are_random(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        let _ = Program::decode_checked(&bytes);
    }

    #[test]
    fn decode_should_never_panic_when_a_program_is_damaged(
        seed in 0u64..400, at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>(),
    ) {
        let (checked, _) = random_program(seed);
        let mut bytes = checked.program().encode();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if cut {
            bytes.truncate(at + 1);
        }
        if let Ok(checked) = Program::decode_checked(&bytes) {
            prop_assert_eq!(checked.program().encode(), bytes);
        }
    }

    #[test]
    fn elements_should_be_defined_when_inputs_are_random_or_missing(
        seed in 0u64..400, value in any::<i32>(), index in any::<u64>(), edge in 0usize..6,
    ) {
        let value = [value, 0, -1, i32::MIN, i32::MAX, 31][edge];
        let (checked, _) = random_program(seed);
        for block in BLOCKS {
            for op in 0..checked.program().block(block).len() as u16 {
                let call = checked.call(block, op, &Context::default()).unwrap();
                for index in [index % call.output.elements(), index] {
                    let element = call.element(index, &mut |_, _| Ok::<_, Infallible>(value));
                    prop_assert!(element.is_ok());
                    // What is not read cannot be missing: random words, and the padding of windows.
                    let Ok(reads) = call.reads(index, &mut |_, _| Ok::<_, Infallible>(value));
                    let failed = call.element(index, &mut |_, _| Err::<i32, ()>(()));
                    prop_assert_eq!(failed.is_err(), !reads.is_empty());
                }
            }
        }
    }
}

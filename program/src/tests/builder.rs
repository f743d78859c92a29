// SPDX-License-Identifier: Apache-2.0
//! Programs written with the builder.

use super::tensor;
use crate::{
    builder::{diagonal, BuildError},
    reference, Context, DType, OperatorError, ProgramBuilder, Segment, SegmentKind, Tensor, TypeError, Value,
};
use DType::{I32, I8};

#[test]
fn program_should_run_each_segment_when_it_has_a_loop() {
    // 100 + 0 + 1 + 2 + 3, then doubled.
    let mut b = ProgramBuilder::new();
    let x = b.input(I32, &[1]);
    let state = b.begin_body(&[x]);
    let step = b.step();
    let next = b.add(state[0], step);
    let state = b.begin_finish(&[next], 4);
    let two = b.scalar(2);
    let out = b.mul(state[0], two);
    let checked = b.build(out).unwrap();
    assert_eq!(checked.program().segments(), 6);
    let inputs = [tensor(I32, &[1], &[100])];
    let (output, leaves) = reference::run_with_leaves(&checked, &Context::default(), &inputs);
    assert_eq!(output.values(), [212]);
    assert_eq!(leaves.len(), 6);
    assert_eq!(leaves[5], output.id());
    let checkpoint = Tensor::from_values(output.ty, &[100 + 1 + 2]);
    assert_eq!(leaves[3], quern_primitives::BlobId::of_list(&[checkpoint.id()]));
    // Any segment can be run alone, from the state before it.
    let next = reference::run_segment(&checked, Segment::Body(3), &Context::default(), &inputs, &[checkpoint]);
    assert_eq!(next[0].values(), [106]);
}

#[test]
fn segments_should_be_init_steps_and_finish_in_order() {
    use crate::{segment, segments};
    assert_eq!((segments(0), segment(0, 0), segment(0, 1)), (1, Some(Segment::Finish), None));
    assert_eq!(segments(2), 4);
    let all: Vec<_> = (0..5).map(|index| segment(2, index)).collect();
    let [init, one, two, finish] = [Segment::Init, Segment::Body(0), Segment::Body(1), Segment::Finish].map(Some);
    assert_eq!(all, [init, one, two, finish, None]);
}

#[test]
fn carried_state_should_keep_its_id_when_the_body_does_not_change_it() {
    let mut b = ProgramBuilder::new();
    let weights = b.input(I8, &[2]);
    let zero = b.scalar(0);
    let state = b.begin_body(&[weights, zero]);
    let sum = b.add(state[1], state[1]);
    let state = b.begin_finish(&[state[0], sum], 3);
    let checked = b.build(state[0]).unwrap();
    assert_eq!(checked.program().next[0], Value::State(0));
    let output = reference::run(&checked, &Context::default(), &[tensor(I8, &[2], &[5, -6])]);
    assert_eq!(output.values(), [5, -6]);
}

#[test]
fn result_id_should_follow_from_the_trace_ids() {
    let (checked, inputs) = (0..).map(crate::arbitrary::random_program).find(|(c, _)| c.summary().steps > 0).unwrap();
    let context = Context::default();
    let state = reference::run_segment(&checked, Segment::Init, &context, &inputs, &[]);
    let trace = reference::run_block(&checked, SegmentKind::Body, &context, &inputs, &state);
    let next = reference::segment_result(&checked, SegmentKind::Body, &trace, &state);
    let (trace_ids, state_ids) = (reference::trace_ids(&trace), reference::trace_ids(&state));
    let derived = reference::result_id_of_trace(&checked, SegmentKind::Body, &trace_ids, &state_ids);
    assert_eq!(derived, Some(reference::result_id(SegmentKind::Body, &reference::trace_ids(&next))));
    assert_eq!(reference::result_id_of_trace(&checked, SegmentKind::Finish, &[], &state_ids), None);
}

#[test]
fn max_abs_should_find_the_largest_when_sizes_are_awkward() {
    for len in [1u32, 2, 64, 1000, 1009, 2018, 4096, 10_007] {
        let mut b = ProgramBuilder::new();
        let x = b.input(I32, &[len]);
        let out = b.max_abs(x);
        let checked = b.build(out).unwrap();
        for at in [0, len / 2, len - 1] {
            let mut values = vec![3; len as usize];
            values[at as usize] = -1000;
            let x = tensor(I32, &[len], &values);
            assert_eq!(reference::run(&checked, &Context::default(), &[x]).values(), [1000], "{len} {at}");
        }
    }
}

#[test]
fn quantize_should_use_all_bits_of_a_mantissa() {
    let quantize = |values: &[i32]| {
        let mut b = ProgramBuilder::new();
        let x = b.input(I32, &[values.len() as u32]);
        let (mantissas, exponent) = b.quantize(x);
        let mantissas = b.cast(mantissas, I32);
        let out = b.concat(0, &[mantissas, exponent]);
        let checked = b.build(out).unwrap();
        let x = tensor(I32, &[values.len() as u32], values);
        reference::run(&checked, &Context::default(), &[x]).values()
    };
    assert_eq!(quantize(&[100, -50, 0]), [100, -50, 0, 0]);
    assert_eq!(quantize(&[1000, -500, 3]), [125, -62, 0, 3]);
    assert_eq!(quantize(&[i32::MIN, i32::MAX]), [-127, 127, 24]);
}

#[test]
fn builder_should_report_the_first_mistake() {
    let mut b = ProgramBuilder::new();
    let x = b.input(I8, &[2, 3]);
    let y = b.input(I8, &[2, 4]);
    let z = b.add(x, x);
    let wrong = b.matmul_nt(x, y);
    let out = b.add(wrong, z);
    let error = OperatorError::Type(TypeError::Shape(1));
    assert_eq!(b.build(out).unwrap_err(), BuildError::Operator { number: 1, error });
}

#[test]
fn builder_should_refuse_values_of_another_block() {
    let mut b = ProgramBuilder::new();
    let x = b.input(I8, &[2]);
    let inner = b.add(x, x);
    let state = b.begin_body(&[inner]);
    let next = b.add(state[0], inner);
    let state = b.begin_finish(&[next], 1);
    assert_eq!(b.build(state[0]).unwrap_err(), BuildError::OtherBlock { number: 1 });
}

#[test]
fn builder_should_refuse_wrong_shapes_constants_and_loops() {
    let mut b = ProgramBuilder::new();
    let x = b.input(I8, &[]);
    assert_eq!(b.build(x).unwrap_err(), BuildError::Shape);
    let mut b = ProgramBuilder::new();
    let x = b.constant(I8, &[3], &[1, 2]);
    assert_eq!(b.build(x).unwrap_err(), BuildError::Constant);
    let mut b = ProgramBuilder::new();
    let x = b.scalar(1);
    b.begin_finish(&[x], 1);
    assert_eq!(b.build(x).unwrap_err(), BuildError::Loop);
}

#[test]
fn constants_should_be_stored_once_when_equal() {
    let mut b = ProgramBuilder::new();
    let (one, again, other) = (b.scalar(1), b.scalar(1), b.scalar(2));
    assert_eq!(one, again);
    let sum = b.add(one, other);
    assert_eq!(b.build(sum).unwrap().program().constants.len(), 2);
}

#[test]
fn one_hot_should_be_a_gather_from_a_diagonal() {
    let mut b = ProgramBuilder::new();
    let labels = b.input(I8, &[3]);
    let table = b.constant(I8, &[4, 4], &diagonal(4, 127));
    let out = b.gather(table, labels);
    let checked = b.build(out).unwrap();
    let output = reference::run(&checked, &Context::default(), &[tensor(I8, &[3], &[2, 0, 9])]);
    assert_eq!(output.values(), [0, 0, 127, 0, 127, 0, 0, 0, 0, 0, 0, 127]);
}

// SPDX-License-Identifier: Apache-2.0
//! Reference execution: a loop over the elements of each operator. Slow, and right by definition.

use crate::{encode_element, Checked, Context, Segment, SegmentKind, Tensor, TensorType, Value};
use alloc::vec::Vec;
use core::convert::Infallible;
use quern_primitives::BlobId;

/// The outputs of all operators of a block, in order: the segment's trace. Missing tensors read as zeros.
pub fn run_block(
    checked: &Checked,
    kind: SegmentKind,
    context: &Context,
    inputs: &[Tensor],
    state: &[Tensor],
) -> Vec<Tensor> {
    let step = context.step.to_le_bytes();
    let mut outputs: Vec<Tensor> = Vec::new();
    for (index, op) in (0u16..).zip(checked.program().block(kind)) {
        let Some(call) = checked.call(kind, index, context) else { break };
        let args: Vec<&[u8]> =
            op.args.iter().map(|value| bytes_of(checked, *value, inputs, state, &outputs, &step)).collect();
        let mut bytes = Vec::with_capacity(usize::try_from(call.output.bytes()).unwrap_or(0));
        let mut read = |arg: usize, element: u64| -> Result<i32, Infallible> {
            Ok(match (args.get(arg), call.args.get(arg)) {
                (Some(bytes), Some(ty)) => crate::decode_element(ty.dtype, bytes, element),
                _ => 0,
            })
        };
        for element in 0..call.output.elements() {
            let Ok(value) = call.element(element, &mut read);
            encode_element(call.output.dtype, value, &mut bytes);
        }
        let ty = call.output;
        outputs.push(Tensor { ty, bytes: bytes.into() });
    }
    outputs
}

fn bytes_of<'a>(
    checked: &'a Checked,
    value: Value,
    inputs: &'a [Tensor],
    state: &'a [Tensor],
    outputs: &'a [Tensor],
    step: &'a [u8],
) -> &'a [u8] {
    let tensor = |list: &'a [Tensor], index: u16| list.get(usize::from(index)).map(|tensor| tensor.bytes.as_ref());
    match value {
        Value::Input(index) => tensor(inputs, index),
        Value::State(index) => tensor(state, index),
        Value::Op(index) => tensor(outputs, index),
        Value::Const(index) => {
            checked.program().constants.get(usize::from(index)).map(|constant| constant.bytes.as_slice())
        }
        Value::Step => Some(step),
    }
    .unwrap_or(&[])
}

/// The result of a segment from its trace and the state before it: the next state, or the output alone.
pub fn segment_result(checked: &Checked, kind: SegmentKind, trace: &[Tensor], state: &[Tensor]) -> Vec<Tensor> {
    let results = checked.program().results(kind);
    results
        .into_iter()
        .map(|value| {
            let tensor = match value {
                Value::Op(index) => trace.get(usize::from(index)),
                Value::State(index) => state.get(usize::from(index)),
                Value::Input(_) | Value::Const(_) | Value::Step => None,
            };
            let ty = || checked.value_type(kind, value).unwrap_or(TensorType::i32_vector(1));
            tensor.cloned().unwrap_or_else(|| Tensor::zeros(ty()))
        })
        .collect()
}

/// Runs one segment: the next state, or the output alone.
pub fn run_segment(
    checked: &Checked,
    segment: Segment,
    context: &Context,
    inputs: &[Tensor],
    state: &[Tensor],
) -> Vec<Tensor> {
    let kind = segment.kind();
    let trace = run_block(checked, kind, &context.at(segment), inputs, state);
    segment_result(checked, kind, &trace, state)
}

/// Runs a task: its output and its leaves, the ids of the ends of its segments.
pub fn run_with_leaves(checked: &Checked, context: &Context, inputs: &[Tensor]) -> (Tensor, Vec<BlobId>) {
    let mut state = Vec::new();
    let mut leaves = Vec::new();
    let program = checked.program();
    for segment in (0..program.segments()).filter_map(|index| program.segment(index)) {
        state = run_segment(checked, segment, context, inputs, &state);
        leaves.push(result_id(segment.kind(), &trace_ids(&state)));
    }
    (state.pop().unwrap_or_else(|| Tensor::zeros(checked.output_type())), leaves)
}

/// Runs a task.
pub fn run(checked: &Checked, context: &Context, inputs: &[Tensor]) -> Tensor {
    let mut state = Vec::new();
    let program = checked.program();
    for segment in (0..program.segments()).filter_map(|index| program.segment(index)) {
        state = run_segment(checked, segment, context, inputs, &state);
    }
    state.pop().unwrap_or_else(|| Tensor::zeros(checked.output_type()))
}

/// The ids of tensors, in order.
pub fn trace_ids(tensors: &[Tensor]) -> Vec<BlobId> {
    tensors.iter().map(Tensor::id).collect()
}

/// The id of a segment's end from the ids of its results: the checkpoint's id, or that of the output itself.
pub fn result_id(kind: SegmentKind, results: &[BlobId]) -> BlobId {
    match (kind, results) {
        (SegmentKind::Finish, [output]) => *output,
        _ => BlobId::of_list(results),
    }
}

/// The id of a segment's end from the ids of its trace and of the state before it, as a dispute derives it; none when the
/// ids are too few.
pub fn result_id_of_trace(checked: &Checked, kind: SegmentKind, trace: &[BlobId], state: &[BlobId]) -> Option<BlobId> {
    let results = checked.program().results(kind);
    let ids = results
        .into_iter()
        .map(|value| match value {
            Value::Op(index) => trace.get(usize::from(index)).copied(),
            Value::State(index) => state.get(usize::from(index)).copied(),
            Value::Input(_) | Value::Const(_) | Value::Step => None,
        })
        .collect::<Option<Vec<_>>>()?;
    Some(result_id(kind, &ids))
}

// SPDX-License-Identifier: Apache-2.0
#![doc = include_str!("../README.md")]
#![deny(missing_docs, unsafe_code)]

pub mod bench;
pub mod cpu;
pub mod gpu;
pub mod random_programs;
mod self_test;

pub use self_test::{edge_cases, self_test, EdgeCase, Mismatch};

use quern_program::{Checked, Context, Program, Segment, SegmentKind, Tensor, TensorType, Value};
use std::{ops::ControlFlow, sync::Arc};

/// Why a program could not be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExecutorError {
    /// The number of inputs or state tensors is wrong.
    #[error("the program has {expected} {what}, {found} were given")]
    Count {
        /// Of what.
        what: &'static str,
        /// How many the program has.
        expected: usize,
        /// How many were given.
        found: usize,
    },
    /// An input or state tensor is not of the program's type.
    #[error("{what} {index} is {expected:?} in the program, {found:?} with {bytes} bytes was given")]
    Type {
        /// Of what.
        what: &'static str,
        /// Which.
        index: usize,
        /// The program's type.
        expected: TensorType,
        /// The tensor's type.
        found: TensorType,
        /// The tensor's bytes.
        bytes: usize,
    },
    /// The program has no such segment or value.
    #[error("the program has no such segment or value")]
    Program,
    /// There is no GPU that programs can use.
    #[error("{0}")]
    NoDevice(String),
    /// The device failed.
    #[error("the device failed: {0}")]
    Device(String),
    /// Whoever took the checkpoints wanted no more of them.
    #[error("the task was stopped")]
    Stopped,
}

/// Takes the number and the state of each segment of a task but the last, and says whether the task goes on.
pub type OnCheckpoint<'a> = dyn FnMut(u32, &[Tensor]) -> ControlFlow<()> + 'a;

/// Runs programs. All executors return the same bytes.
pub trait Executor: Send + Sync {
    /// What it runs on, for people.
    fn name(&self) -> &str;

    /// Whether it runs on an accelerator, and not on the processor.
    fn is_accelerated(&self) -> bool {
        false
    }

    /// Kernels of several operators that its device computes wrongly: there these operators run one by one.
    fn refused(&self) -> Vec<String> {
        Vec::new()
    }

    /// The results of a block in a context that knows the loop step: a state, or the output alone.
    fn run_block(
        &self,
        checked: &Checked,
        kind: SegmentKind,
        context: &Context,
        inputs: &[Tensor],
        state: &[Tensor],
    ) -> Result<Vec<Tensor>, ExecutorError>;

    /// The outputs of all operators of a block, in order.
    fn trace(
        &self,
        checked: &Checked,
        kind: SegmentKind,
        context: &Context,
        inputs: &[Tensor],
        state: &[Tensor],
    ) -> Result<Vec<Tensor>, ExecutorError>;

    /// The results of a segment: the next state, or the output alone.
    fn run_segment(
        &self,
        checked: &Checked,
        segment: Segment,
        context: &Context,
        inputs: &[Tensor],
        state: &[Tensor],
    ) -> Result<Vec<Tensor>, ExecutorError> {
        self.run_block(checked, segment.kind(), &context.at(segment), inputs, state)
    }

    /// The output of a task. `on_checkpoint(segment, state)` is called at the end of each segment but the last.
    fn run_task(
        &self,
        checked: &Checked,
        context: &Context,
        inputs: &[Tensor],
        on_checkpoint: &mut dyn FnMut(u32, &[Tensor]),
    ) -> Result<Tensor, ExecutorError> {
        self.run_task_while(checked, context, inputs, &mut |index, state| {
            on_checkpoint(index, state);
            ControlFlow::Continue(())
        })
    }

    /// The same, which ends with [`ExecutorError::Stopped`] where `on_checkpoint` breaks.
    fn run_task_while(
        &self,
        checked: &Checked,
        context: &Context,
        inputs: &[Tensor],
        on_checkpoint: &mut OnCheckpoint<'_>,
    ) -> Result<Tensor, ExecutorError> {
        let mut state = Vec::new();
        let last = checked.program().segments().saturating_sub(1);
        for index in 0..=last {
            let segment = checked.program().segment(index).ok_or(ExecutorError::Program)?;
            state = self.run_segment(checked, segment, context, inputs, &state)?;
            if index < last && on_checkpoint(index, &state).is_break() {
                return Err(ExecutorError::Stopped);
            }
        }
        state.pop().ok_or(ExecutorError::Program)
    }
}

/// The executor for this machine: the fastest of its GPUs whose known-answer runs agree with the reference and of its processor. Never
/// a GPU in software.
pub fn best() -> Arc<dyn Executor> {
    let cpu = cpu::CpuExecutor::new();
    let mut best = (bench::cpu_rate(&cpu), Arc::new(cpu) as Arc<dyn Executor>);
    for adapter in gpu::adapters().unwrap_or_default().iter().filter(|adapter| !adapter.software) {
        match verified(adapter) {
            Ok((rate, executor)) if rate > best.0 => best = (rate, executor),
            Ok((rate, executor)) => tracing::info!(name = executor.name(), rate, than = best.0, "the GPU is slower"),
            Err(error) => tracing::warn!(name = adapter.name, error, "the GPU stays unused"),
        }
    }
    best.1
}

/// A GPU that passed its known-answer run, and how fast it is.
fn verified(adapter: &gpu::Adapter) -> Result<(f64, Arc<dyn Executor>), String> {
    let executor = gpu::GpuExecutor::on(adapter).map_err(|error| error.to_string())?;
    self_test(&executor).map_err(|error| error.to_string())?;
    let rate = bench::gpu_rate(&executor).map_err(|error| error.to_string())?;
    Ok((rate, Arc::new(executor)))
}

/// Whether these are tensors of the program's types.
pub(crate) fn check_values(
    checked: &Checked,
    kind: SegmentKind,
    inputs: &[Tensor],
    state: &[Tensor],
) -> Result<(), ExecutorError> {
    check_tensors("input", &checked.program().inputs, inputs)?;
    check_tensors("state", if kind == SegmentKind::Init { &[] } else { checked.state_types() }, state)
}

fn check_tensors(what: &'static str, types: &[TensorType], tensors: &[Tensor]) -> Result<(), ExecutorError> {
    if types.len() != tensors.len() {
        let what = if what == "input" { "inputs" } else { "state tensors" };
        return Err(ExecutorError::Count { what, expected: types.len(), found: tensors.len() });
    }
    for (index, (ty, tensor)) in types.iter().zip(tensors).enumerate() {
        let bytes = tensor.bytes.len();
        if *ty != tensor.ty || ty.bytes() != bytes as u64 {
            return Err(ExecutorError::Type { what, index, expected: *ty, found: tensor.ty, bytes });
        }
    }
    Ok(())
}

/// For each operator of a block those whose output nobody reads after it. An output in `results` is read for ever, and so is every
/// one when there are no `results`.
pub(crate) fn unused_after(program: &Program, kind: SegmentKind, results: Option<&[Value]>) -> Vec<Vec<usize>> {
    let ops = program.block(kind);
    let mut unused = vec![Vec::new(); ops.len()];
    let Some(results) = results else { return unused };
    let mut last: Vec<usize> = (0..ops.len()).collect();
    let uses = ops.iter().enumerate().flat_map(|(index, op)| op.args.iter().map(move |value| (index, value)));
    for (index, value) in uses.chain(results.iter().map(|value| (usize::MAX, value))) {
        if let Value::Op(op) = value {
            if let Some(last) = last.get_mut(usize::from(*op)) {
                *last = index;
            }
        }
    }
    for (op, last) in last.into_iter().enumerate() {
        if let Some(unused) = unused.get_mut(last) {
            unused.push(op);
        }
    }
    unused
}

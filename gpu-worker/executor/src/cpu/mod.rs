// SPDX-License-Identifier: Apache-2.0
//! The native executor.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod matmul;
#[cfg(target_arch = "aarch64")]
mod neon;
mod ops;
mod simd;
#[cfg(target_arch = "x86_64")]
mod vnni;
mod window;

pub use matmul::matmul_nt;
pub(crate) use ops::stretch;
pub use simd::Simd;

use crate::{check_values, unused_after, Executor, ExecutorError, OnCheckpoint};
use ops::{Elements, Operand};
use quern_program::{Checked, Context, OpKind, Program, Segment, SegmentKind, Tensor, Value};
use std::sync::Arc;

/// Runs programs on the processor: vector instructions where it has them, all cores where it pays.
pub struct CpuExecutor {
    name: String,
    simd: Simd,
    pool: Option<rayon::ThreadPool>,
}

impl Default for CpuExecutor {
    fn default() -> Self {
        Self::new()
    }
}

impl CpuExecutor {
    /// With the best instructions of this processor and a thread for each core.
    pub fn new() -> Self {
        Self::with_simd(Simd::best())
    }

    /// With these instructions, or none in particular when the processor does not have them.
    pub fn with_simd(simd: Simd) -> Self {
        let simd = if simd.is_available() { simd } else { Simd::Scalar };
        Self { name: format!("cpu ({})", simd.name()), simd, pool: None }
    }

    /// With this many threads.
    pub fn with_threads(mut self, threads: usize) -> Result<Self, ExecutorError> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        self.pool = Some(pool.map_err(|error| ExecutorError::Device(error.to_string()))?);
        Ok(self)
    }

    /// The instructions it uses.
    pub fn simd(&self) -> Simd {
        self.simd
    }

    /// Runs a block and returns these values, or all outputs. Outputs that are not asked for are dropped after their last use.
    fn execute(
        &self,
        checked: &Checked,
        kind: SegmentKind,
        context: &Context,
        inputs: &[Tensor],
        state: &[Tensor],
        results: Option<&[Value]>,
    ) -> Result<Vec<Tensor>, ExecutorError> {
        check_values(checked, kind, inputs, state)?;
        let program = checked.program();
        let constants: Vec<Tensor> =
            program.constants.iter().map(|constant| Tensor::new(constant.ty, constant.bytes.clone())).collect();
        let step = Tensor::step(context.step);
        let lists = [inputs, &constants, state, std::slice::from_ref(&step)];
        let [inputs_in, constants_in, state_in, step_in] = lists
            .map(|list| list.iter().map(|tensor| Operand::Now(Arc::new(Elements::of(tensor)))).collect::<Vec<_>>());
        let unused = unused_after(program, kind, results);
        let types = checked.types(kind);
        let in_order = read_in_order(program, kind, results);
        let mut outputs: Vec<Option<Operand<'_>>> = Vec::with_capacity(types.len());
        for (index, op) in program.block(kind).iter().enumerate() {
            let call = checked.call(kind, index as u16, context).ok_or(ExecutorError::Program)?;
            let args: Option<Vec<_>> = op
                .args
                .iter()
                .zip(&call.args)
                .map(|(value, ty)| {
                    let elements = match *value {
                        Value::Input(index) => inputs_in.get(usize::from(index)),
                        Value::Const(index) => constants_in.get(usize::from(index)),
                        Value::State(index) => state_in.get(usize::from(index)),
                        Value::Op(index) => outputs.get(usize::from(index)).and_then(Option::as_ref),
                        Value::Step => step_in.first(),
                    };
                    elements.map(|elements| (*ty, elements.clone()))
                })
                .collect();
            let args = args.ok_or(ExecutorError::Program)?;
            let in_order = in_order.get(index) == Some(&true);
            outputs.push(Some(ops::run(self.simd, call.kind, &args, call.output, &call.key, in_order)));
            for output in unused.get(index).into_iter().flatten() {
                if let Some(output) = outputs.get_mut(*output) {
                    *output = None;
                }
            }
        }
        // What is left is what is asked for.
        let outputs = outputs.into_iter().zip(types);
        let tensors: Vec<Option<Tensor>> =
            outputs.map(|(output, ty)| output.map(|output| output.into_tensor(self.simd, *ty))).collect();
        let tensors: Option<Vec<Tensor>> = match results {
            None => tensors.into_iter().collect(),
            Some(results) => results
                .iter()
                .map(|value| match *value {
                    Value::Op(index) => tensors.get(usize::from(index)).cloned().flatten(),
                    Value::State(index) => state.get(usize::from(index)).cloned(),
                    Value::Input(_) | Value::Const(_) | Value::Step => None,
                })
                .collect(),
        };
        tensors.ok_or(ExecutorError::Program)
    }

    /// The state, or the output alone, after a segment. What the segment carries unchanged is moved on and not copied: weights can
    /// be most of a state.
    fn advance(
        &self,
        checked: &Checked,
        segment: Segment,
        context: &Context,
        inputs: &[Tensor],
        state: Vec<Tensor>,
    ) -> Result<Vec<Tensor>, ExecutorError> {
        let kind = segment.kind();
        let results = checked.program().results(kind);
        let computed: Vec<Value> = results.iter().copied().filter(|value| !matches!(value, Value::State(_))).collect();
        let computed = self.execute(checked, kind, &context.at(segment), inputs, &state, Some(&computed))?;
        let (mut computed, mut state) = (computed.into_iter(), state.into_iter().map(Some).collect::<Vec<_>>());
        let mut next = Vec::with_capacity(results.len());
        for (place, value) in results.iter().enumerate() {
            let tensor = match *value {
                Value::State(index) => {
                    let tensor = state.get_mut(usize::from(index));
                    match results.iter().skip(place + 1).any(|later| later == value) {
                        true => tensor.and_then(|tensor| tensor.clone()),
                        false => tensor.and_then(Option::take),
                    }
                }
                _ => computed.next(),
            };
            next.push(tensor.ok_or(ExecutorError::Program)?);
        }
        Ok(next)
    }

    fn on_pool<T: Send>(&self, f: impl FnOnce() -> T + Send) -> T {
        match &self.pool {
            Some(pool) => pool.install(f),
            // Once into the pool, and not for every operator.
            None => rayon::scope(|_| f()),
        }
    }
}

impl Executor for CpuExecutor {
    fn name(&self) -> &str {
        &self.name
    }

    fn run_block(
        &self,
        checked: &Checked,
        kind: SegmentKind,
        context: &Context,
        inputs: &[Tensor],
        state: &[Tensor],
    ) -> Result<Vec<Tensor>, ExecutorError> {
        let results = checked.program().results(kind);
        self.on_pool(|| self.execute(checked, kind, context, inputs, state, Some(&results)))
    }

    fn trace(
        &self,
        checked: &Checked,
        kind: SegmentKind,
        context: &Context,
        inputs: &[Tensor],
        state: &[Tensor],
    ) -> Result<Vec<Tensor>, ExecutorError> {
        self.on_pool(|| self.execute(checked, kind, context, inputs, state, None))
    }

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
            state = self.on_pool(|| self.advance(checked, segment, context, inputs, state))?;
            if index < last && on_checkpoint(index, &state).is_break() {
                return Err(ExecutorError::Stopped);
            }
        }
        state.pop().ok_or(ExecutorError::Program)
    }
}

/// Of each operator whether its output is read once and in order, so that it can be computed where it is read.
fn read_in_order(program: &Program, kind: SegmentKind, results: Option<&[Value]>) -> Vec<bool> {
    let ops = program.block(kind);
    let mut in_order = vec![false; ops.len()];
    let Some(results) = results else { return in_order };
    let mut readers = vec![Vec::new(); ops.len()];
    let reads = ops.iter().enumerate().flat_map(|(reader, op)| op.args.iter().map(move |value| (*value, Some(reader))));
    for (value, reader) in reads.chain(results.iter().map(|value| (*value, None))) {
        if let Value::Op(op) = value {
            readers.get_mut(usize::from(op)).into_iter().for_each(|readers| readers.push(reader));
        }
    }
    // What reads an operator comes after it.
    for (index, readers) in readers.iter().enumerate().rev() {
        let [Some(reader)] = readers[..] else { continue };
        in_order[index] = match ops[reader].kind {
            OpKind::Reshape { .. } => in_order[reader],
            ref kind => ops::reads_in_order(kind),
        };
    }
    in_order
}

// SPDX-License-Identifier: Apache-2.0
//! Fault injection: an executor that lies. It exists so that a network can be seen to catch one.

use quern_executor::{Executor, ExecutorError};
use quern_program::{Checked, Context, SegmentKind, Tensor, Value};
use std::sync::Arc;

/// Corrupts one element of the result of every segment, and says the same when it is asked for a trace.
pub struct Misbehaving {
    honest: Arc<dyn Executor>,
    name: String,
}

impl Misbehaving {
    /// A liar that computes on `honest`.
    pub fn new(honest: Arc<dyn Executor>) -> Self {
        let name = format!("{} (MISBEHAVING)", honest.name());
        Self { honest, name }
    }
}

fn corrupt(tensor: &mut Tensor) {
    if let Some(byte) = tensor.bytes.first_mut() {
        *byte ^= 1;
    }
}

/// The operator whose output is corrupted: the first result that the block computes.
fn target(checked: &Checked, kind: SegmentKind) -> Option<Value> {
    checked.program().results(kind).into_iter().find(|value| matches!(value, Value::Op(_)))
}

impl Executor for Misbehaving {
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
        let mut results = self.honest.run_block(checked, kind, context, inputs, state)?;
        let target = target(checked, kind);
        for (value, tensor) in checked.program().results(kind).iter().zip(&mut results) {
            if Some(*value) == target {
                corrupt(tensor);
            }
        }
        Ok(results)
    }

    fn trace(
        &self,
        checked: &Checked,
        kind: SegmentKind,
        context: &Context,
        inputs: &[Tensor],
        state: &[Tensor],
    ) -> Result<Vec<Tensor>, ExecutorError> {
        let mut outputs = self.honest.trace(checked, kind, context, inputs, state)?;
        if let Some(Value::Op(op)) = target(checked, kind) {
            if let Some(tensor) = outputs.get_mut(usize::from(op)) {
                corrupt(tensor);
            }
        }
        Ok(outputs)
    }
}

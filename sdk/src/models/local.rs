// SPDX-License-Identifier: Apache-2.0
//! A job on this machine, without a chain: what it will compute, before it is paid for.

use super::BuiltJob;
use quern_primitives::{
    job::{Blob, Input, OutputMap, Stage},
    tagged, BlobId,
};
use quern_program::{Checked, Context, Tensor, TensorType};

/// Why a job could not be run here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LocalError<E> {
    /// A program or blob is not part of the job.
    #[error("{0} is not part of the job")]
    Missing(BlobId),
    /// A stage reads an output that is not there.
    #[error("stage {stage} reads an output that is not there")]
    Output {
        /// The stage.
        stage: usize,
    },
    /// A stage has another number of inputs than its program, or an input has another length.
    #[error("the inputs of stage {stage} do not fit its program")]
    Inputs {
        /// The stage.
        stage: usize,
    },
    /// A task failed.
    #[error("{0}")]
    Task(E),
}

/// Runs a job: the outputs of all tasks of all stages. `run(program, context, inputs)` runs one task. The chain draws the
/// tasks' seeds; here they follow from `seed`.
pub fn run<E>(
    job: &BuiltJob,
    seed: [u8; 32],
    mut run: impl FnMut(&Checked, &Context, &[Tensor]) -> Result<Tensor, E>,
) -> Result<Vec<Vec<Tensor>>, LocalError<E>> {
    let mut outputs: Vec<Vec<Tensor>> = Vec::new();
    for (number, stage) in job.spec.stages.iter().enumerate() {
        let program = job.program(stage.program).ok_or(LocalError::Missing(stage.program))?;
        if program.program().inputs.len() != stage.inputs.len() {
            return Err(LocalError::Inputs { stage: number });
        }
        let mut results = Vec::new();
        for task in 0..stage.tasks {
            let context =
                Context { index: task, seed: tagged(b"quern/local-seed/v1", &(seed, number as u32, task)), step: 0 };
            let inputs = inputs(job, number, stage, program, &context, &outputs)?;
            results.push(run(program, &context, &inputs).map_err(LocalError::Task)?);
        }
        outputs.push(results);
    }
    Ok(outputs)
}

fn inputs<E>(
    job: &BuiltJob,
    number: usize,
    stage: &Stage,
    program: &Checked,
    context: &Context,
    outputs: &[Vec<Tensor>],
) -> Result<Vec<Tensor>, LocalError<E>> {
    let task = context.index as usize;
    let blob = |blob: &Blob| job.blob(blob.id).ok_or(LocalError::Missing(blob.id));
    let tensor = |ty: &TensorType, bytes: Vec<u8>| {
        if bytes.len() as u64 == ty.bytes() {
            Ok(Tensor::new(*ty, bytes))
        } else {
            Err(LocalError::Inputs { stage: number })
        }
    };
    let mut inputs = Vec::new();
    for (input, ty) in stage.inputs.iter().zip(&program.program().inputs) {
        let bytes = match input {
            Input::Blob(source) => blob(source)?.to_vec(),
            Input::Slice { blob: source, stride } => {
                blob(source)?.chunks((*stride).max(1) as usize).nth(task).unwrap_or_default().to_vec()
            }
            Input::List(source) => {
                let id = blob(source)?.as_chunks::<32>().0.get(task).ok_or(LocalError::Inputs { stage: number })?;
                job.blob(BlobId(*id)).ok_or(LocalError::Missing(BlobId(*id)))?.to_vec()
            }
            Input::Output { stage: from, map } => {
                let parts = outputs.get(usize::from(*from)).and_then(|outputs| match map {
                    OutputMap::Same => outputs.get(task..=task),
                    OutputMap::Fixed(task) => outputs.get(*task as usize..=*task as usize),
                    OutputMap::All => Some(outputs.as_slice()),
                });
                let parts = parts.ok_or(LocalError::Output { stage: number })?;
                parts.iter().flat_map(|output| output.bytes.iter().copied()).collect()
            }
            Input::Index => context.index.to_le_bytes().to_vec(),
            Input::Seed => context.seed.to_vec(),
        };
        inputs.push(tensor(ty, bytes)?);
    }
    Ok(inputs)
}

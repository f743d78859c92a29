// SPDX-License-Identifier: Apache-2.0
//! Training and inference as jobs.

use super::{
    mlp::{Mlp, ModelError, Training},
    Samples,
};
use quern_primitives::{
    job::{AuditLevel, Blob, Endpoint, Input, JobSpec, OutputMap, Requirements, Stage},
    Balance, BlobId, Height, QRN,
};
use quern_program::Checked;
use quern_protocol::shard::segment_work;

/// What a job offers and asks, whatever it computes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Highest price per GMAC.
    pub bid: Balance,
    /// How much is audited.
    pub audit: AuditLevel,
    /// What a worker's device must be.
    pub requirements: Requirements,
    /// Where the blobs are served.
    pub endpoints: Vec<Endpoint>,
    /// Blocks by which each start, execution and audit has longer than the chain computes.
    pub extra_blocks: Height,
}

impl Default for Terms {
    fn default() -> Self {
        let requirements = Requirements { memory_mib: 64, ..Requirements::default() };
        Self { bid: QRN, audit: AuditLevel::Sampled, requirements, endpoints: Vec::new(), extra_blocks: 0 }
    }
}

impl Terms {
    /// The same, of a device with at least so much memory.
    pub fn with_memory_mib(mut self, memory_mib: u32) -> Self {
        self.requirements.memory_mib = self.requirements.memory_mib.max(memory_mib);
        self
    }
}

/// A job with everything that it names.
#[derive(Clone, Debug, PartialEq)]
pub struct BuiltJob {
    /// What is submitted.
    pub spec: JobSpec,
    /// The programs to be published, in order of their first use.
    pub programs: Vec<Checked>,
    /// The blobs to be served.
    pub blobs: Vec<Vec<u8>>,
}

impl BuiltJob {
    /// Work of the whole job in MACs, for which the price is.
    pub fn work_macs(&self) -> u64 {
        let work = self.spec.stages.iter().fold(0u128, |sum, stage| {
            let task = self.program(stage.program).map_or(0, |program| segment_work(&program.summary()).task());
            sum.saturating_add(task.saturating_mul(u128::from(stage.tasks)))
        });
        u64::try_from(work).unwrap_or(u64::MAX)
    }

    /// A program of this job.
    pub fn program(&self, id: BlobId) -> Option<&Checked> {
        self.programs.iter().find(|program| program.id() == id)
    }

    /// A blob of this job.
    pub fn blob(&self, id: BlobId) -> Option<&[u8]> {
        self.blobs.iter().map(Vec::as_slice).find(|bytes| BlobId::of(bytes) == id)
    }
}

/// Rounds of local training, each followed by its merge: round `r` is stage `2 r` (all tasks) and stage `2 r + 1` (one task).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrainingJob {
    /// The network.
    pub mlp: Mlp,
    /// How it is trained.
    pub training: Training,
    /// Number of rounds.
    pub rounds: u16,
    /// Tasks of a shard of local training.
    pub shard_size: u32,
}

impl TrainingJob {
    /// The training of the handwritten digits.
    pub const fn digits() -> Self {
        Self { mlp: Mlp::digits(), training: Training::digits(), rounds: 4, shard_size: 2 }
    }

    /// The stage whose only output is the checkpoint after `round` (counted from 0).
    pub const fn merge_stage(round: u16) -> u16 {
        round.saturating_mul(2).saturating_add(1)
    }

    /// The round (counted from 0) that a stage merges; none for local training.
    pub const fn merged_round(stage: u16) -> Option<u16> {
        if stage % 2 == 1 {
            Some(stage / 2)
        } else {
            None
        }
    }

    /// The job from a first checkpoint. Each task trains on its own part of the samples; the last parts are filled up with
    /// the first samples, and samples that do not fit are left out.
    pub fn build(&self, initial: Vec<u8>, samples: &Samples, terms: &Terms) -> Result<BuiltJob, ModelError> {
        samples.check(self.mlp.inputs, self.mlp.outputs)?;
        check_checkpoint(self.mlp.checkpoint_bytes(), &initial)?;
        let programs = [self.mlp.local_training(&self.training)?, self.mlp.merge(&self.training)?];
        training_job(programs, &self.training, self.rounds, self.shard_size, initial, samples, terms)
    }
}

/// The job of a local training and a merge, as [`TrainingJob::build`] says.
pub(super) fn training_job(
    [local, merge]: [Checked; 2],
    training: &Training,
    rounds: u16,
    shard_size: u32,
    initial: Vec<u8>,
    samples: &Samples,
    terms: &Terms,
) -> Result<BuiltJob, ModelError> {
    let Training { tasks, samples: per_task, .. } = *training;
    let pixels = samples.pixels as u64;
    let samples = samples.cycled(tasks as usize * per_task as usize);
    let images = Input::Slice { blob: blob(&samples.images), stride: u64::from(per_task) * pixels };
    let labels = Input::Slice { blob: blob(&samples.labels), stride: u64::from(per_task) };
    let locals = vec![&local; usize::from(rounds)];
    let spec = rounds_of(&locals, &merge, [tasks, shard_size], blob(&initial), &[images, labels], terms)?;
    Ok(BuiltJob { spec, programs: vec![local, merge], blobs: vec![initial, samples.images, samples.labels] })
}

/// The stages of rounds, one for each of `locals`: so many tasks, in shards of such a size, train on their parts from the
/// checkpoint before, and one task merges what they come to.
pub(super) fn rounds_of(
    locals: &[&Checked],
    merge: &Checked,
    [tasks, shard_size]: [u32; 2],
    initial: Blob,
    parts: &[Input],
    terms: &Terms,
) -> Result<JobSpec, ModelError> {
    if locals.is_empty() {
        return Err(ModelError::Rounds);
    }
    let mut stages = Vec::new();
    for (round, local) in (0u16..).zip(locals) {
        let checkpoint = match round.checked_sub(1) {
            None => Input::Blob(initial),
            Some(before) => Input::Output { stage: TrainingJob::merge_stage(before), map: OutputMap::Fixed(0) },
        };
        let results = Input::Output { stage: TrainingJob::merge_stage(round) - 1, map: OutputMap::All };
        stages.push(stage(local, tasks, shard_size, &[&[checkpoint], parts].concat())?);
        stages.push(stage(merge, 1, 1, &[checkpoint, results])?);
    }
    spec(stages, terms).map_err(|_| ModelError::Rounds)
}

/// Classification of images by a checkpoint, in one stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InferenceJob {
    /// The network.
    pub mlp: Mlp,
    /// Images of a task.
    pub images: u32,
    /// Tasks of a shard.
    pub shard_size: u32,
}

impl InferenceJob {
    /// The classification of the handwritten digits: 360 images are 6 tasks in 3 shards.
    pub const fn digits() -> Self {
        Self { mlp: Mlp::digits(), images: 60, shard_size: 2 }
    }

    /// The job. The last task is filled up with the first images: the outputs, one after the other, have a class for each
    /// image and perhaps more.
    pub fn build(&self, checkpoint: Vec<u8>, samples: &Samples, terms: &Terms) -> Result<BuiltJob, ModelError> {
        samples.check(self.mlp.inputs, self.mlp.outputs)?;
        check_checkpoint(self.mlp.checkpoint_bytes(), &checkpoint)?;
        let program = self.mlp.inference(self.images)?;
        inference_job(program, self.images, self.shard_size, checkpoint, samples, terms)
    }
}

/// The job of a classification of so many images a task, as [`InferenceJob::build`] says.
pub(super) fn inference_job(
    program: Checked,
    images_per_task: u32,
    shard_size: u32,
    checkpoint: Vec<u8>,
    samples: &Samples,
    terms: &Terms,
) -> Result<BuiltJob, ModelError> {
    let per_task = images_per_task as usize;
    let tasks = u32::try_from(samples.len().div_ceil(per_task)).map_err(|_| ModelError::TooLong)?;
    let images = samples.cycled(tasks as usize * per_task).images;
    let stride = u64::from(images_per_task) * samples.pixels as u64;
    let inputs = [Input::Blob(blob(&checkpoint)), Input::Slice { blob: blob(&images), stride }];
    let spec = spec(vec![stage(&program, tasks, shard_size, &inputs)?], terms)?;
    Ok(BuiltJob { spec, programs: vec![program], blobs: vec![checkpoint, images] })
}

pub(super) fn check_checkpoint(expected: usize, checkpoint: &[u8]) -> Result<(), ModelError> {
    let found = checkpoint.len();
    if expected == found {
        Ok(())
    } else {
        Err(ModelError::Checkpoint { expected, found })
    }
}

pub(crate) fn blob(bytes: &[u8]) -> Blob {
    Blob { id: BlobId::of(bytes), len: bytes.len() as u64 }
}

pub(crate) fn stage(program: &Checked, tasks: u32, shard_size: u32, inputs: &[Input]) -> Result<Stage, ModelError> {
    let inputs = inputs.to_vec().try_into().map_err(|_| ModelError::TooLong)?;
    Ok(Stage { program: program.id(), tasks, shard_size, inputs })
}

pub(crate) fn spec(stages: Vec<Stage>, terms: &Terms) -> Result<JobSpec, ModelError> {
    Ok(JobSpec {
        stages: stages.try_into().map_err(|_| ModelError::TooLong)?,
        bid: terms.bid,
        audit: terms.audit,
        requirements: terms.requirements.clone(),
        endpoints: terms.endpoints.clone().try_into().map_err(|_| ModelError::TooLong)?,
        extra_blocks: terms.extra_blocks,
    })
}

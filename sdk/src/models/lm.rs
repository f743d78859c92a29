// SPDX-License-Identifier: Apache-2.0
//! Training of a language model and generation of text as jobs, and the same training on `f32` in one process beside it.

use super::{
    job::{blob, check_checkpoint, rounds_of, spec, stage, Terms},
    mlp::ModelError,
    transformer::{shadow::LmShadow, Generation, LmTraining, Transformer, INVERSE_TEMPERATURE_ONE},
    BuiltJob, Text,
};
use quern_primitives::job::Input;
use quern_program::{Checked, Context};

/// Rounds of local training, each followed by its merge, in the stages of a [`TrainingJob`](super::TrainingJob).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LmTrainingJob {
    /// The network.
    pub model: Transformer,
    /// How it is trained in the first round. The rate halves after a half, three quarters and seven eighths of the rounds.
    pub training: LmTraining,
    /// Number of rounds.
    pub rounds: u16,
    /// Tasks of a shard of local training.
    pub shard_size: u32,
}

impl LmTrainingJob {
    /// The training of 26,624 parameters on a text: two tasks a round, each of 16 steps of 8 windows of 64 bytes.
    pub fn small(text: &Text) -> Self {
        let model = Transformer { width: 32, layers: 1, heads: 2, hidden: 64, context: 64 };
        let tasks = 2;
        let training = LmTraining {
            tasks,
            text_bytes: u32::try_from(text.train.len()).unwrap_or(u32::MAX) / tasks,
            batch: 8,
            steps: 16,
            rate_shift: 9,
            gradient_shift: 3,
            momentum_shift: 6,
            decay_shift: 31,
            outer_shift: 31,
        };
        Self { model, training, rounds: 12, shard_size: 1 }
    }

    /// The same of 114,688 parameters, two layers.
    pub fn medium(text: &Text) -> Self {
        let model = Transformer { width: 64, layers: 2, heads: 4, hidden: 128, context: 64 };
        Self { model, rounds: 24, ..Self::small(text) }
    }

    /// How it is trained in a round, counted from 0.
    pub fn in_round(&self, round: u16) -> LmTraining {
        let halvings = [4, 6, 7].iter().filter(|part| u32::from(round) * 8 >= u32::from(self.rounds) * **part).count();
        LmTraining { rate_shift: self.training.rate_shift.saturating_add(halvings as u8), ..self.training }
    }

    /// A task's part of the text.
    pub fn task_text<'a>(&self, text: &'a Text, task: u32) -> &'a [u8] {
        let len = self.training.text_bytes as usize;
        text.train.chunks_exact(len.max(1)).nth(task as usize).unwrap_or_default()
    }

    /// The job from a first checkpoint. Each task trains on its own part of the text; what does not fit is left out.
    pub fn build(&self, initial: Vec<u8>, text: &Text, terms: &Terms) -> Result<BuiltJob, ModelError> {
        check_checkpoint(self.model.checkpoint_bytes(), &initial)?;
        let LmTraining { tasks, text_bytes, .. } = self.training;
        if text.train.len() < tasks as usize * text_bytes as usize {
            let expected = tasks.saturating_mul(text_bytes);
            return Err(ModelError::Text { expected, found: text.train.len() as u32 });
        }
        let local = |round| self.model.local_training(&self.in_round(round));
        let locals = (0..self.rounds).map(local).collect::<Result<Vec<_>, _>>()?;
        let merge = self.model.merge(&self.training)?;
        let text = Text::to_i16(&text.train);
        let part = Input::Slice { blob: blob(&text), stride: u64::from(text_bytes) * 2 };
        let by_round: Vec<&Checked> = locals.iter().collect();
        let spec = rounds_of(&by_round, &merge, [tasks, self.shard_size], blob(&initial), &[part], terms)?;
        // Rounds of one rate share a program.
        let mut programs = locals;
        programs.dedup_by_key(|program| program.id());
        programs.push(merge);
        Ok(BuiltJob { spec, programs, blobs: vec![initial, text] })
    }

    /// The windows of a step of a task, in its part of the text. `local` is the local training of any round: its random words say
    /// where they begin.
    pub fn windows<'a>(&self, local: &Checked, text: &'a Text, context: &Context) -> Vec<&'a [u8]> {
        let (text, context_bytes) = (self.task_text(text, context.index), self.model.context as usize);
        let starts = self.model.windows(&self.training, local, context);
        starts.into_iter().filter_map(|start| text.get(start..=start + context_bytes)).collect()
    }
}

/// Generation of texts after prompts of one length by a checkpoint, in one stage, a task for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GenerationJob {
    /// The network.
    pub model: Transformer,
    /// How.
    pub generation: Generation,
    /// Tasks of a shard.
    pub shard_size: u32,
}

impl GenerationJob {
    /// 160 bytes after prompts of 32, each byte picked from the 20 likeliest, somewhat cooler than learned.
    pub const fn new(model: Transformer) -> Self {
        let generation =
            Generation { prompt: 32, bytes: 160, inverse_temperature: 5 * (INVERSE_TEMPERATURE_ONE / 4), top_k: 20 };
        Self { model, generation, shard_size: 1 }
    }

    /// The job. A task's output are the bytes after its prompt, `i16`: [`Text::from_i16`].
    pub fn build(&self, checkpoint: Vec<u8>, prompts: &[&[u8]], terms: &Terms) -> Result<BuiltJob, ModelError> {
        check_checkpoint(self.model.checkpoint_bytes(), &checkpoint)?;
        if prompts.is_empty() || prompts.iter().any(|prompt| prompt.len() != self.generation.prompt as usize) {
            return Err(ModelError::Generated);
        }
        let program = self.model.generation(&self.generation)?;
        let tasks = u32::try_from(prompts.len()).map_err(|_| ModelError::TooLong)?;
        let prompts = Text::to_i16(&prompts.concat());
        let stride = u64::from(self.generation.prompt) * 2;
        let inputs = [Input::Blob(blob(&checkpoint)), Input::Slice { blob: blob(&prompts), stride }];
        let spec = spec(vec![stage(&program, tasks, self.shard_size, &inputs)?], terms)?;
        Ok(BuiltJob { spec, programs: vec![program], blobs: vec![checkpoint, prompts] })
    }
}

/// The training of a job on `f32` in one process: as many steps, each with the windows of all tasks, in the same order.
#[derive(Clone, Debug)]
pub struct OneProcess {
    job: LmTrainingJob,
    /// Where the windows of a step begin, by the random words of this program.
    local: Checked,
    network: LmShadow<f32>,
    momentum: Vec<f32>,
}

impl OneProcess {
    /// From the first checkpoint of a job.
    pub fn new(job: LmTrainingJob, initial: &[u8]) -> Result<Self, ModelError> {
        let local = job.model.local_training(&job.training)?;
        let network = LmShadow::new(job.model, initial)?;
        let momentum = vec![0f32; job.model.parameters() as usize];
        Ok(Self { job, local, network, momentum })
    }

    /// A round, counted from 0, whose tasks have these seeds.
    pub fn round(&mut self, round: u16, text: &Text, seeds: &[[u8; 32]]) {
        let Self { job, local, network, momentum } = self;
        let training = job.in_round(round);
        for step in 0..training.steps {
            let contexts = (0u32..).zip(seeds).map(|(index, seed)| Context { index, seed: *seed, step });
            let windows: Vec<&[u8]> = contexts.flat_map(|context| job.windows(local, text, &context)).collect();
            let (_, gradient) = network.gradient(&windows);
            training.update_f32(&mut network.parameters, momentum, &gradient);
        }
    }

    /// The mean loss over all bytes but the first of each window, in nats.
    pub fn loss(&self, windows: &[&[u8]]) -> f64 {
        self.network.loss(windows)
    }
}

/// The mean loss in nats of what an evaluation program yields: probabilities with 15 fractional bits. What is below half of the
/// last place counts as that.
pub fn loss_of(probabilities: &[i32]) -> f64 {
    let sum: f64 = probabilities.iter().map(|p| -(f64::from(*p).max(0.5) / 32_768.0).ln()).sum();
    sum / probabilities.len().max(1) as f64
}

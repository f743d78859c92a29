// SPDX-License-Identifier: Apache-2.0
//! Models as exact programs, their data, and the jobs that train and use them.
//!
//! - [`mlp`]: a classifier with one hidden layer as three programs: local training, merge, inference.
//! - [`cnn`]: a convolutional classifier as the same three programs, with jobs and `f64` shadow of its own.
//! - [`transformer`]: a decoder-only language model on bytes: local training, merge, evaluation, generation.
//! - [`llama`]: a trained decoder of the Llama family: generation and scoring of texts in tokens.
//! - [`digits`]: the UCI handwritten digits. [`text`]: Newton's Opticks.
//! - [`job`]: rounds of local training and merges as the stages of a job; inference as another job. [`lm`]: the same of the language
//!   model.
//! - [`shadow`]: the same network on `f64`, for what people read: loss and accuracy of a checkpoint.
//! - [`local`]: a job on this machine, without a chain.
//!
//! ```
//! use quern_sdk::models::{Digits, InferenceJob, Terms, TrainingJob};
//!
//! let digits = Digits::embedded()?;
//! let job_a = TrainingJob::digits();
//! let initial = job_a.mlp.initial_checkpoint([0; 32])?;
//! let built = job_a.build(initial.clone(), &digits.train, &Terms::default())?;
//! assert_eq!(built.spec.stages.len(), 2 * job_a.rounds as usize);
//!
//! // The last merge's output is the trained checkpoint; here the first one stands in for it.
//! let built = InferenceJob::digits().build(initial, &digits.test, &Terms::default())?;
//! assert_eq!(built.spec.stages[0].shards(), 3);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod cnn;
pub mod digits;
pub mod job;
pub mod llama;
pub mod lm;
pub mod local;
pub mod mlp;
mod numbers;
pub mod shadow;
pub mod text;
pub mod transformer;

#[cfg(test)]
mod tests;

pub use cnn::{Cnn, CnnInferenceJob, CnnShadow, CnnTrainingJob};
pub use digits::{Digits, DigitsError, Samples};
pub use job::{BuiltJob, InferenceJob, Terms, TrainingJob};
pub use llama::Llama;
pub use lm::{GenerationJob, LmTrainingJob};
pub use mlp::{Mlp, ModelError, Training};
pub use shadow::{Evaluation, Shadow};
pub use text::Text;
pub use transformer::{Generation, LmTraining, Transformer};

// SPDX-License-Identifier: Apache-2.0
//! What the network learns, and what it then does with it.

use super::report::{Language, Round, Written};
use crate::args::{DevnetArgs, LmSize, Subject};
use anyhow::{ensure, Context as _};
use bytes::Bytes;
use quern_executor::{cpu::CpuExecutor, Executor};
use quern_primitives::{commitment::task_seed, JobId};
use quern_program::{Checked, Context, Tensor};
use quern_sdk::models::{
    lm::{loss_of, OneProcess},
    local,
    transformer::shadow::LmShadow,
    BuiltJob, Digits, GenerationJob, InferenceJob, LmTrainingJob, Shadow, Terms, Text, TrainingJob,
};
use std::{sync::Arc, thread};
use tokio::sync::mpsc;

/// Windows of the validation text on which losses are measured.
const WINDOWS: u32 = 64;
/// Where in the validation text the prompts begin.
const PROMPTS: [usize; 3] = [1_000, 17_000, 40_000];

/// What the network learns.
pub enum Lesson {
    /// Handwritten digits.
    Digits(DigitsLesson),
    /// A text.
    Language(Box<LanguageLesson>),
}

/// A classifier is trained, then classifies the test images.
pub struct DigitsLesson {
    digits: Digits,
    training: TrainingJob,
    initial: Vec<u8>,
}

/// A language model is trained, beside the same on `f32` in this process, then writes.
pub struct LanguageLesson {
    text: Arc<Text>,
    training: LmTrainingJob,
    initial: Vec<u8>,
    evaluation: Checked,
    /// The loss after each round on `f32`, as they come in.
    beside: Option<mpsc::UnboundedReceiver<f64>>,
    /// The last losses: exact, and on `f32`.
    losses: (f64, f64),
}

/// What came out of the use of the model.
#[derive(Default)]
pub struct Outcome {
    /// The share of images that were classified right.
    pub accuracy: Option<f64>,
    /// What was written, and how well it was learned.
    pub language: Option<Language>,
}

impl Lesson {
    /// The lesson that was asked for.
    pub fn new(args: &DevnetArgs) -> anyhow::Result<Self> {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&args.seed.to_le_bytes());
        match args.task {
            Subject::Digits => {
                let mut training = TrainingJob::digits();
                training.rounds = args.rounds.unwrap_or(training.rounds);
                let initial = training.mlp.initial_checkpoint(seed)?;
                Ok(Self::Digits(DigitsLesson { digits: Digits::embedded()?, training, initial }))
            }
            Subject::Lm => {
                let text = Text::embedded();
                let mut training = match args.model.unwrap_or(LmSize::Small) {
                    LmSize::Small => LmTrainingJob::small(&text),
                    LmSize::Medium => LmTrainingJob::medium(&text),
                };
                training.rounds = args.rounds.unwrap_or(training.rounds);
                Ok(Self::Language(Box::new(LanguageLesson {
                    initial: training.model.initial_checkpoint(seed)?,
                    evaluation: training.model.evaluation(WINDOWS)?,
                    text: Arc::new(text),
                    training,
                    beside: None,
                    losses: Default::default(),
                })))
            }
        }
    }

    /// What the use of the model is called.
    pub fn use_name(&self) -> &'static str {
        match self {
            Self::Digits(_) => "classification",
            Self::Language(_) => "generation",
        }
    }

    /// Rounds of training.
    pub fn rounds(&self) -> u16 {
        match self {
            Self::Digits(lesson) => lesson.training.rounds,
            Self::Language(lesson) => lesson.training.rounds,
        }
    }

    /// The first checkpoint.
    pub fn initial(&self) -> &[u8] {
        match self {
            Self::Digits(lesson) => &lesson.initial,
            Self::Language(lesson) => &lesson.initial,
        }
    }

    /// The job that trains.
    pub fn training(&self, terms: &Terms) -> anyhow::Result<BuiltJob> {
        Ok(match self {
            Self::Digits(lesson) => lesson.training.build(lesson.initial.clone(), &lesson.digits.train, terms)?,
            Self::Language(lesson) => lesson.training.build(lesson.initial.clone(), &lesson.text, terms)?,
        })
    }

    /// The job that uses what was learned.
    pub fn application(&self, checkpoint: &[u8], terms: &Terms) -> anyhow::Result<BuiltJob> {
        Ok(match self {
            Self::Digits(lesson) => InferenceJob::digits().build(checkpoint.to_vec(), &lesson.digits.test, terms)?,
            Self::Language(lesson) => lesson.job().build(checkpoint.to_vec(), &lesson.prompts(), terms)?,
        })
    }

    /// Whether training has to be told what the chain drew before it is judged.
    pub fn waits_for_randomness(&self) -> bool {
        matches!(self, Self::Language(lesson) if lesson.beside.is_none())
    }

    /// The chain drew this randomness for the training job: what is trained beside it can begin.
    pub fn begin(&mut self, genesis: [u8; 32], job: JobId, randomness: [u8; 32]) -> anyhow::Result<()> {
        let Self::Language(lesson) = self else { return Ok(()) };
        let (training, text) = (lesson.training, Arc::clone(&lesson.text));
        let mut beside = OneProcess::new(training, &lesson.initial)?;
        let (losses, received) = mpsc::unbounded_channel();
        // A thread of its own, which nobody waits for when the network ends.
        thread::Builder::new().name("f32".into()).spawn(move || {
            let windows = text.held_out(WINDOWS as usize, training.model.context as usize + 1);
            for round in 0..training.rounds {
                let stage = TrainingJob::merge_stage(round) - 1;
                let seeds: Vec<[u8; 32]> = (0..training.training.tasks)
                    .map(|task| task_seed(&genesis, job, stage, task, &randomness))
                    .collect();
                beside.round(round, &text, &seeds);
                if losses.send(beside.loss(&windows)).is_err() {
                    return;
                }
            }
        })?;
        lesson.beside = Some(received);
        Ok(())
    }

    /// The model after a round, for people: the chain computes with integers alone. Round 0 is before training.
    pub async fn judge(&mut self, round: u16, checkpoint: &[u8]) -> anyhow::Result<Round> {
        match self {
            Self::Digits(lesson) => {
                let loss = Shadow::new(lesson.training.mlp, checkpoint)?.evaluate(&lesson.digits.train).loss;
                let accuracy = Some(lesson.accuracy(checkpoint).await?);
                Ok(Round { round, loss, accuracy, loss_f32: None })
            }
            Self::Language(lesson) => {
                let loss = lesson.loss(checkpoint).await?;
                let loss_f32 = match &mut lesson.beside {
                    None => LmShadow::<f32>::new(lesson.training.model, checkpoint)?.loss(&lesson.windows()),
                    Some(beside) => beside.recv().await.context("the training on f32 ended early")?,
                };
                lesson.losses = (loss, loss_f32);
                Ok(Round { round, loss, accuracy: None, loss_f32: Some(loss_f32) })
            }
        }
    }

    /// What the outputs of all tasks of the application say.
    pub fn outcome(&self, outputs: &[Bytes]) -> anyhow::Result<Outcome> {
        match self {
            Self::Digits(lesson) => {
                Ok(Outcome { accuracy: Some(lesson.digits.test.accuracy_of(&outputs.concat())), language: None })
            }
            Self::Language(lesson) => {
                let prompts = lesson.prompts();
                ensure!(prompts.len() == outputs.len(), "{} texts for {} prompts", outputs.len(), prompts.len());
                let written = |(prompt, output): (&&[u8], &Bytes)| Written {
                    prompt: String::from_utf8_lossy(prompt).into_owned(),
                    text: String::from_utf8_lossy(&Text::from_i16(output)).into_owned(),
                };
                let (loss, loss_f32) = lesson.losses;
                let texts = prompts.iter().zip(outputs).map(written).collect();
                let language = Language { loss, loss_f32, ratio: loss / loss_f32, verified: false, texts };
                Ok(Outcome { accuracy: None, language: Some(language) })
            }
        }
    }
}

impl DigitsLesson {
    /// The share of the test images that the programs of the second job classify right: what that job itself will say of the last
    /// checkpoint.
    async fn accuracy(&self, checkpoint: &[u8]) -> anyhow::Result<f64> {
        let job = InferenceJob::digits().build(checkpoint.to_vec(), &self.digits.test, &Terms::default())?;
        let outputs = tokio::task::spawn_blocking(move || {
            let executor = CpuExecutor::new();
            local::run(&job, [0; 32], |program, context, inputs| {
                executor.run_task(program, context, inputs, &mut |_, _| {})
            })
        });
        let classes: Vec<u8> = outputs.await??.into_iter().flatten().flat_map(|output| output.bytes.to_vec()).collect();
        Ok(self.digits.test.accuracy_of(&classes))
    }
}

impl LanguageLesson {
    fn job(&self) -> GenerationJob {
        GenerationJob::new(self.training.model)
    }

    fn prompts(&self) -> Vec<&[u8]> {
        let len = self.job().generation.prompt as usize;
        PROMPTS.iter().filter_map(|start| self.text.validation.get(*start..start + len)).collect()
    }

    fn windows(&self) -> Vec<&[u8]> {
        self.text.held_out(WINDOWS as usize, self.training.model.context as usize + 1)
    }

    /// The loss of the evaluation program, that is of integer arithmetic.
    async fn loss(&self, checkpoint: &[u8]) -> anyhow::Result<f64> {
        let program = self.evaluation.clone();
        let inputs = [checkpoint.to_vec(), Text::to_i16(&self.windows().concat())];
        let output = tokio::task::spawn_blocking(move || {
            let types = &program.program().inputs;
            let inputs: Vec<Tensor> = types.iter().zip(inputs).map(|(ty, bytes)| Tensor::new(*ty, bytes)).collect();
            CpuExecutor::new().run_task(&program, &Context::default(), &inputs, &mut |_, _| {})
        });
        Ok(loss_of(&output.await??.values()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::ExecutorChoice;

    fn args(task: Subject) -> DevnetArgs {
        DevnetArgs {
            task,
            model: None,
            keep: false,
            seed: 0,
            rounds: Some(2),
            timeout_minutes: 1,
            executor: ExecutorChoice::Cpu,
            faults: false,
            logs: None,
        }
    }

    #[tokio::test]
    async fn language_should_be_judged_beside_f32_when_randomness_is_drawn() {
        let mut lesson = Lesson::new(&args(Subject::Lm)).unwrap();
        let initial = lesson.initial().to_vec();
        let before = lesson.judge(0, &initial).await.unwrap();
        let loss_f32 = before.loss_f32.unwrap();
        assert!((before.loss / loss_f32 - 1.0).abs() < 0.01, "{before}");
        assert!(lesson.waits_for_randomness());
        lesson.begin([1; 32], 7, [2; 32]).unwrap();
        assert!(!lesson.waits_for_randomness());
        // The chain's side stands still here, the other one learns.
        let after = lesson.judge(1, &initial).await.unwrap();
        assert_eq!(after.loss, before.loss);
        assert!(after.loss_f32.unwrap() < 0.8 * loss_f32, "{after}");
    }

    #[tokio::test]
    async fn accuracy_of_a_round_should_be_what_the_job_that_classifies_says() {
        let mut lesson = Lesson::new(&args(Subject::Digits)).unwrap();
        let initial = lesson.initial().to_vec();
        let job = lesson.application(&initial, &Terms::default()).unwrap();
        let outputs = local::run(&job, [0; 32], |program, context, inputs| {
            Ok::<_, std::convert::Infallible>(quern_program::reference::run(program, context, inputs))
        });
        let outputs: Vec<Bytes> = outputs.unwrap().concat().into_iter().map(|output| output.bytes).collect();
        let said = lesson.outcome(&outputs).unwrap().accuracy;
        assert_eq!(lesson.judge(0, &initial).await.unwrap().accuracy, said);
    }

    #[test]
    fn outcome_should_have_each_prompt_with_its_text() {
        let lesson = Lesson::new(&args(Subject::Lm)).unwrap();
        let outputs = vec![Bytes::from(Text::to_i16(b" and light")); PROMPTS.len()];
        let language = lesson.outcome(&outputs).unwrap().language.unwrap();
        assert_eq!(language.texts.len(), PROMPTS.len());
        assert!(language.texts.iter().all(|written| written.prompt.len() == 32 && written.text == " and light"));
        assert!(lesson.outcome(&outputs[1..]).is_err());
    }

    #[test]
    fn jobs_should_be_built_for_each_subject() {
        for (task, rounds) in [(Subject::Digits, 2), (Subject::Lm, 2)] {
            let lesson = Lesson::new(&args(task)).unwrap();
            assert_eq!(lesson.rounds(), rounds);
            let training = lesson.training(&Terms::default()).unwrap();
            assert_eq!(training.spec.stages.len(), 4);
            let application = lesson.application(lesson.initial(), &Terms::default()).unwrap();
            assert_eq!(application.spec.stages.len(), 1);
        }
    }
}

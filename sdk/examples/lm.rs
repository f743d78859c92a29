// SPDX-License-Identifier: Apache-2.0
//! Trains a language model on Newton's Opticks by exact programs, in rounds as a job on the chain would run them, beside the
//! same model on `f32`: in the same rounds, and in one process that has the batches of all tasks in each step. All see the same
//! bytes in the same order. Prints the loss on held-out text after each round.
//!
//! `cargo run --release -p quern-sdk --no-default-features --example lm -- --rounds 16 --json`

use quern_executor::{cpu::CpuExecutor, Executor};
use quern_primitives::tagged;
use quern_program::{Checked, Context, Tensor};
use quern_sdk::models::{
    lm::{loss_of, OneProcess},
    transformer::shadow::LmShadow,
    LmTraining, LmTrainingJob, Text, Transformer,
};
use serde_json::{json, Map, Value};
use std::{error::Error, rc::Rc, time::Instant};

type Failure = Box<dyn Error>;
type Network = LmShadow<f32>;

/// Learning rate of Adam, which is there for comparison alone.
const ADAM_RATE: f32 = 3e-3;

/// What can be set, and its default.
const OPTIONS: [(&str, u32); 17] = [
    ("width", 64),
    ("layers", 2),
    ("heads", 4),
    ("hidden", 128),
    ("context", 64),
    ("tasks", 2),
    ("batch", 8),
    ("steps", 16),
    ("rounds", 24),
    ("rate-shift", 9),
    ("gradient-shift", 3),
    ("momentum-shift", 6),
    ("decay-shift", 31),
    ("outer-shift", 31),
    ("windows", 64),
    ("threads", 1),
    ("seed", 1),
];
/// What can run.
const RUNS: [&str; 4] = ["exact", "f32_rounds", "f32_one_process", "adam_one_process"];

/// What every run shares.
struct Setting {
    job: LmTrainingJob,
    seed: u32,
    text: Text,
    /// Local training of one step, to know where windows begin.
    local: Checked,
}

impl Setting {
    fn context(&self, round: u16, task: u32) -> Context {
        Context { index: task, seed: tagged(b"quern/local-seed/v1", &(self.seed, round, task)), step: 0 }
    }

    /// The windows of a step of a task.
    fn windows(&self, round: u16, task: u32, step: u32) -> Vec<&[u8]> {
        let context = Context { step, ..self.context(round, task) };
        self.job.windows(&self.local, &self.text, &context)
    }
}

/// A way to train.
trait Run {
    fn loss(&self, held_out: &[&[u8]]) -> Result<f64, Failure>;
    fn round(&mut self, round: u16) -> Result<(), Failure>;
    /// The parameters on `f32`, where they are not anyway.
    fn on_f32(&self) -> Option<Network> {
        None
    }
    /// The cosine of the gradient of a task's next step and the one on `f64`, by tensor.
    fn cosines(&self, _round: u16) -> Result<Map<String, Value>, Failure> {
        Ok(Map::new())
    }
}

/// Exact programs.
struct Exact {
    setting: Rc<Setting>,
    cpu: CpuExecutor,
    checkpoint: Vec<u8>,
}

fn tensors(program: &Checked, inputs: [Vec<u8>; 2]) -> Vec<Tensor> {
    program.program().inputs.iter().zip(inputs).map(|(ty, bytes)| Tensor::new(*ty, bytes)).collect()
}

impl Run for Exact {
    /// By the evaluation program.
    fn loss(&self, held_out: &[&[u8]]) -> Result<f64, Failure> {
        let program = self.setting.job.model.evaluation(held_out.len() as u32)?;
        let inputs = tensors(&program, [self.checkpoint.clone(), Text::to_i16(&held_out.concat())]);
        let values = self.cpu.run_task(&program, &Context::default(), &inputs, &mut |_, _| {})?.values();
        Ok(loss_of(&values))
    }

    fn round(&mut self, round: u16) -> Result<(), Failure> {
        let setting = &self.setting;
        let training = setting.job.in_round(round);
        let local = setting.job.model.local_training(&training)?;
        let merge = setting.job.model.merge(&training)?;
        let mut results = Vec::new();
        for task in 0..training.tasks {
            let inputs =
                tensors(&local, [self.checkpoint.clone(), Text::to_i16(setting.job.task_text(&setting.text, task))]);
            results.extend(self.cpu.run_task(&local, &setting.context(round, task), &inputs, &mut |_, _| {})?.bytes);
        }
        let inputs = tensors(&merge, [std::mem::take(&mut self.checkpoint), results]);
        self.checkpoint = self.cpu.run_task(&merge, &Context::default(), &inputs, &mut |_, _| {})?.bytes.into();
        Ok(())
    }

    fn on_f32(&self) -> Option<Network> {
        LmShadow::new(self.setting.job.model, &self.checkpoint).ok()
    }

    fn cosines(&self, round: u16) -> Result<Map<String, Value>, Failure> {
        let setting = &self.setting;
        // After a step that keeps nothing of the momentum before, momentum is the gradient.
        let training = LmTraining { steps: 1, momentum_shift: 0, ..setting.job.training };
        let program = setting.job.model.local_training(&training)?;
        let inputs =
            tensors(&program, [self.checkpoint.clone(), Text::to_i16(setting.job.task_text(&setting.text, 0))]);
        let output = self.cpu.run_task(&program, &setting.context(round, 0), &inputs, &mut |_, _| {})?.values();
        let exact: Vec<f64> = output[output.len() / 2..].iter().map(|g| f64::from(*g)).collect();
        let shadow = LmShadow::<f64>::new(setting.job.model, &self.checkpoint)?;
        let (_, real) = shadow.gradient(&setting.windows(round, 0, 0));
        let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
        let cosine = |x: &[f64], y: &[f64]| dot(x, y) / (dot(x, x) * dot(y, y)).sqrt();
        let tensors = setting.job.model.tensors().into_iter();
        Ok(tensors.map(|(name, at)| (name, rounded(cosine(&exact[at.clone()], &real[at])))).collect())
    }
}

/// The same rounds on `f32`.
struct Rounds {
    setting: Rc<Setting>,
    network: Network,
    momentum: Vec<f32>,
    velocity: Vec<f32>,
}

impl Run for Rounds {
    fn loss(&self, held_out: &[&[u8]]) -> Result<f64, Failure> {
        Ok(self.network.loss(held_out))
    }

    fn round(&mut self, round: u16) -> Result<(), Failure> {
        let training = self.setting.job.in_round(round);
        let share = 1.0 / training.tasks as f32;
        let zeros = vec![0f32; self.momentum.len()];
        let (mut mean, mut momentum) = (zeros.clone(), zeros);
        for task in 0..training.tasks {
            let (mut network, mut m) = (self.network.clone(), self.momentum.clone());
            for step in 0..training.steps {
                let (_, gradient) = network.gradient(&self.setting.windows(round, task, step));
                training.update_f32(&mut network.parameters, &mut m, &gradient);
            }
            mean.iter_mut().zip(&network.parameters).for_each(|(mean, w)| *mean += share * w);
            momentum.iter_mut().zip(&m).for_each(|(mean, m)| *mean += share * m);
        }
        let keep = (-f32::from(training.outer_shift)).exp2();
        for ((w, v), mean) in self.network.parameters.iter_mut().zip(&mut self.velocity).zip(&mean) {
            *v = keep * *v + (mean - *w);
            *w = mean + keep * *v;
        }
        self.momentum = momentum;
        Ok(())
    }
}

/// One process on `f32`, with the programs' optimiser.
struct WithLion {
    setting: Rc<Setting>,
    process: OneProcess,
}

impl Run for WithLion {
    fn loss(&self, held_out: &[&[u8]]) -> Result<f64, Failure> {
        Ok(self.process.loss(held_out))
    }

    fn round(&mut self, round: u16) -> Result<(), Failure> {
        let Setting { job, text, .. } = &*self.setting;
        let seeds: Vec<[u8; 32]> = (0..job.training.tasks).map(|task| self.setting.context(round, task).seed).collect();
        self.process.round(round, text, &seeds);
        Ok(())
    }
}

/// The same with Adam.
struct WithAdam {
    setting: Rc<Setting>,
    network: Network,
    momentum: Vec<f32>,
    squares: Vec<f32>,
}

impl WithAdam {
    /// A step with means over 10 and 100 steps, on the gradient of the mean loss.
    fn step(&mut self, rate: f32, steps: i32, scale: f32, gradient: &[f32]) {
        let (first, second) = (1.0 - 0.9f32.powi(steps), 1.0 - 0.99f32.powi(steps));
        let state = self.momentum.iter_mut().zip(&mut self.squares);
        for ((w, (m, v)), g) in self.network.parameters.iter_mut().zip(state).zip(gradient) {
            let g = g * scale;
            *m += 0.1 * (g - *m);
            *v += 0.01 * (g * g - *v);
            *w -= rate * (*m / first) / ((*v / second).sqrt() + 1e-8);
        }
    }
}

impl Run for WithAdam {
    fn loss(&self, held_out: &[&[u8]]) -> Result<f64, Failure> {
        Ok(self.network.loss(held_out))
    }

    fn round(&mut self, round: u16) -> Result<(), Failure> {
        let setting = Rc::clone(&self.setting);
        let training = setting.job.in_round(round);
        let slower = f32::from(training.rate_shift - setting.job.training.rate_shift);
        for step in 0..training.steps {
            let batch: Vec<&[u8]> = (0..training.tasks).flat_map(|task| setting.windows(round, task, step)).collect();
            let (_, gradient) = self.network.gradient(&batch);
            let steps = (u32::from(round) * training.steps + step + 1) as i32;
            let scale = 1.0 / (batch.len() * setting.job.model.context as usize) as f32;
            self.step(ADAM_RATE * (-slower).exp2(), steps, scale, &gradient);
        }
        Ok(())
    }
}

fn main() -> Result<(), Failure> {
    let mut options = OPTIONS;
    let mut runs: Vec<String> = RUNS.map(Into::into).to_vec();
    let (mut json, mut ranges, mut cosines) = (false, false, false);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let name = arg.strip_prefix("--").unwrap_or(&arg);
        match name {
            "json" => json = true,
            "ranges" => ranges = true,
            "cosines" => cosines = true,
            "runs" => runs = args.next().unwrap_or_default().split(',').map(Into::into).collect(),
            _ => {
                let option = options.iter_mut().find(|(known, _)| *known == name);
                let option = option.ok_or_else(|| format!("there is no option {arg}"))?;
                option.1 = args.next().ok_or_else(|| format!("{arg} needs a number"))?.parse()?;
            }
        }
    }
    let get = |name: &str| options.iter().find(|(known, _)| *known == name).map_or(0, |(_, value)| *value);
    let shift = |name: &str| u8::try_from(get(name)).unwrap_or(u8::MAX);
    let model = Transformer {
        width: get("width"),
        layers: get("layers"),
        heads: get("heads"),
        hidden: get("hidden"),
        context: get("context"),
    };
    let text = Text::embedded();
    let training = LmTraining {
        tasks: get("tasks"),
        text_bytes: text.train.len() as u32 / get("tasks").max(1),
        batch: get("batch"),
        steps: get("steps"),
        rate_shift: shift("rate-shift"),
        gradient_shift: shift("gradient-shift"),
        momentum_shift: shift("momentum-shift"),
        decay_shift: shift("decay-shift"),
        outer_shift: shift("outer-shift"),
    };
    let local = model.local_training(&training)?;
    let summary = local.summary();
    let about = json!({
        "options": options.iter().map(|(name, value)| (name.to_string(), json!(value))).collect::<Map<_, _>>(),
        "parameters": model.parameters(),
        "operators_a_step": local.program().body.len(),
        "gmac_a_step": summary.macs_body as f64 / 1e9,
        "bytes_moved_a_step": summary.moved_body,
        "conviction_bytes": summary.conviction_bytes,
    });
    println!("{about}");

    let rounds = u16::try_from(get("rounds"))?;
    let job = LmTrainingJob { model, training, rounds, shard_size: 1 };
    let setting = Rc::new(Setting { job, seed: get("seed"), text, local });
    let checkpoint = model.initial_checkpoint([get("seed") as u8; 32])?;
    let network = Network::new(model, &checkpoint)?;
    let zeros = vec![0f32; model.parameters() as usize];
    let mut running: Vec<(String, Box<dyn Run>, f64)> = Vec::new();
    for name in runs {
        let (setting, network, momentum, second) = (Rc::clone(&setting), network.clone(), zeros.clone(), zeros.clone());
        let run: Box<dyn Run> = match name.as_str() {
            "exact" => {
                let cpu = CpuExecutor::new().with_threads(get("threads") as usize)?;
                Box::new(Exact { setting, cpu, checkpoint: checkpoint.clone() })
            }
            "f32_rounds" => Box::new(Rounds { setting, network, momentum, velocity: second }),
            "f32_one_process" => {
                let process = OneProcess::new(setting.job, &checkpoint)?;
                Box::new(WithLion { setting, process })
            }
            "adam_one_process" => Box::new(WithAdam { setting, network, momentum, squares: second }),
            _ => return Err(format!("{name} is none of {}", RUNS.join(", ")).into()),
        };
        running.push((name, run, 0.0));
    }
    let held_out = setting.text.held_out(get("windows") as usize, model.context as usize + 1);
    for round in 0..=rounds {
        let mut row = Map::new();
        row.insert("round".into(), json!(round));
        let tokens = u32::from(round) * training.tasks * training.steps * training.batch * model.context;
        row.insert("bytes_seen".into(), json!(tokens));
        for (name, run, seconds) in &running {
            row.insert(name.clone(), rounded(run.loss(&held_out)?));
            if let Some(network) = run.on_f32() {
                row.insert(format!("{name}_parameters_on_f32"), rounded(network.loss(&held_out)));
                if ranges {
                    row.insert(
                        "ranges".into(),
                        network.ranges(&held_out).into_iter().map(|(k, v)| (k, rounded(v))).collect(),
                    );
                }
            }
            if cosines && name == "exact" {
                row.insert("cosines".into(), Value::Object(run.cosines(round)?));
            }
            row.insert(format!("{name}_seconds"), json!(seconds.round()));
        }
        let loss = |name: &str| row.get(name).and_then(Value::as_f64);
        if let (Some(exact), Some(real)) = (loss("exact"), loss("f32_one_process")) {
            row.insert("ratio".into(), rounded(exact / real));
        }
        print(&row, json);
        if round < rounds {
            for (_, run, seconds) in &mut running {
                let start = Instant::now();
                run.round(round)?;
                *seconds += start.elapsed().as_secs_f64();
            }
        }
    }
    Ok(())
}

fn rounded(x: f64) -> Value {
    json!((x * 1e4).round() / 1e4)
}

fn print(row: &Map<String, Value>, json: bool) {
    if json {
        println!("{}", Value::Object(row.clone()));
    } else {
        let cells = row.iter().filter(|(name, _)| !name.ends_with("_seconds"));
        println!("{}", cells.map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join("  "));
    }
}

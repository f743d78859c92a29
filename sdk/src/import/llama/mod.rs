// SPDX-License-Identifier: Apache-2.0
//! A decoder of the Llama family from a folder of the Hugging Face form: `config.json`, `tokenizer.json`, and the weights in
//! `model.safetensors`, or in several files with an index.
//!
//! [`LlamaFolder::open`] reads what is small and checks that the rest fits it; [`LlamaFolder::import`] reads one tensor at a time, calibrates on the first
//! windows of a text and measures on the last ones; [`Imported::write`] writes a folder that [`ExactLlama::open`] reads.

mod config;
mod exact;
mod tensors;
mod tokenizer;

#[cfg(test)]
mod tests;

pub use config::Config;
pub use exact::ExactLlama;
pub use tensors::{name_of, read_header, read_index, Tensors, INDEX, WHOLE};
pub use tokenizer::Tokens;

use super::{Comparison, Fidelity, ImportError, Report};
use crate::models::llama::{
    quantise::{quantise, Quantised},
    shadow, text_bytes, Llama, LlamaGeneration, Observed, Scales,
};
use exact::Manifest;
use quern_program::{Checked, Context, Tensor};
use std::path::{Path, PathBuf};

/// Windows that the calibration reads, and the least of them.
const CALIBRATION: [usize; 2] = [32, 4];
/// Windows that the fidelity is measured on, and the least of them.
const MEASURED: [usize; 2] = [16, 4];
/// Tokens of a window, if the model has as many positions.
const WINDOW: u32 = 64;
/// Shortest window: a prediction needs a token before it, and one token is no sample.
const SHORTEST_WINDOW: u32 = 4;
/// Fractional bits of the logits of a scoring program.
const LOGIT_FRAC_BITS: i32 = 12;

/// How a model is imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Most positions of a text; fewer where the model has fewer.
    pub positions: u32,
    /// Most memory that a worker may need.
    pub max_memory_mib: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { positions: 256, max_memory_mib: 8_192 }
    }
}

/// A folder with a model that fits together.
#[derive(Debug)]
pub struct LlamaFolder {
    config: Config,
    tokens: Tokens,
    tensors: Tensors,
}

/// A model as exact programs read it.
#[derive(Debug)]
pub struct Imported {
    manifest: Manifest,
    blobs: Quantised,
    tokenizer: Vec<u8>,
    report: Report,
}

fn read(file: PathBuf, what: &'static str) -> Result<Vec<u8>, ImportError> {
    std::fs::read(&file).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => ImportError::Missing { file, what },
        _ => ImportError::File { file, source },
    })
}

/// The memory in MiB that a worker needs for a program.
fn memory_mib(program: &Checked) -> u64 {
    program.summary().memory_bytes.div_ceil(1 << 20).max(64)
}

impl LlamaFolder {
    /// Reads configuration and tokenizer, maps the weights, and checks that they are of one model.
    pub fn open(folder: &Path) -> Result<Self, ImportError> {
        let file = folder.join("config.json");
        let text = read(file.clone(), "the configuration of the model")?;
        let config = Config::parse(&String::from_utf8_lossy(&text)).map_err(|error| match error {
            ImportError::Json { source, .. } => ImportError::Json { file, source },
            fault => ImportError::Config { file, fault: Box::new(fault) },
        })?;
        let bytes = read(folder.join("tokenizer.json"), "the tokenizer of the model")?;
        let tokens = Tokens::new(bytes, config.model.vocabulary)?;
        let tensors = Tensors::open(folder, config.model)?;
        Ok(Self { config, tokens, tensors })
    }

    /// Most positions of a text that the model was made for.
    pub fn positions(&self) -> u32 {
        self.config.positions
    }

    /// The network.
    pub fn model(&self) -> &Llama {
        &self.config.model
    }

    /// Quantises the model, calibrated on the first windows of a text, and compares it with the one on `f32` on the last ones. `run(program,
    /// context, inputs)` runs a task.
    pub fn import<E: std::fmt::Display>(
        mut self,
        text: &str,
        options: &Options,
        mut run: impl FnMut(&Checked, &Context, &[Tensor]) -> Result<Tensor, E>,
    ) -> Result<Imported, ImportError> {
        let model = self.config.model;
        let positions = options.positions.min(self.config.positions);
        let window = WINDOW.min(positions);
        let packing = model.packing(positions)?;
        // Whatever the scales will be, the limits are the same.
        let scales = Scales::new(&unobserved(&model), &model);
        let longest = LlamaGeneration { prompt: 1, tokens: positions.saturating_sub(1), sampling: None };
        let program = model.generation(&packing, &scales, &longest)?;
        let needed_mib = memory_mib(&program).max(memory_mib(&model.scoring(&packing, &scales, window)?));
        if needed_mib > u64::from(options.max_memory_mib) {
            return Err(ImportError::Memory { needed_mib, most_mib: options.max_memory_mib });
        }
        let windows = self.windows(text, window)?;
        let calibration = (windows.len() * 2 / 3).min(CALIBRATION[0]);
        let (calibrated, measured) = windows.split_at(calibration);
        let measured = &measured[..measured.len().min(MEASURED[0])];
        let all: Vec<&[u32]> = calibrated.iter().chain(measured).map(Vec::as_slice).collect();

        let (observed, logits) = shadow::run(&model, &mut self.tensors, &all, calibration)?;
        let scales = Scales::new(&observed, &model);
        let blobs = quantise(&model, &mut self.tensors, &packing, &scales)?;
        let scoring = model.scoring(&packing, &scales, window)?;
        let mut inputs = inputs_of(&scoring, &blobs);
        let mut comparison = Comparison::new();
        for (tokens, on_f32) in measured.iter().zip(&logits) {
            inputs.truncate(blobs.weights.len() + 1);
            let types = &scoring.program().inputs;
            inputs.extend(types.last().map(|ty| Tensor::new(*ty, text_bytes(tokens))));
            let exact =
                run(&scoring, &Context::default(), &inputs).map_err(|error| ImportError::Run(error.to_string()))?;
            compare(&mut comparison, model.vocabulary as usize, tokens, on_f32, &exact.values());
        }
        let program = model.generation(&packing, &scales, &longest)?;
        let manifest = Manifest::new(model, positions, scales, &blobs);
        let report = Report {
            family: "llama".into(),
            parameters: model.parameters(),
            weights_bytes: blobs.weights.iter().map(|blob| blob.len() as u64).sum(),
            programs: Vec::new(),
            task_macs: program.summary().task_macs().into(),
            memory_mib: u32::try_from(memory_mib(&program)).unwrap_or(u32::MAX),
            calibration_samples: calibration as u64,
            fidelity: comparison.finish(),
            files: Vec::new(),
        };
        Ok(Imported { manifest, blobs, tokenizer: self.tokens.into_bytes(), report })
    }

    /// Windows of a text, evenly spread: those to calibrate with, then those to measure on.
    fn windows(&self, text: &str, window: u32) -> Result<Vec<Vec<u32>>, ImportError> {
        let start = self.tokens.encode("")?;
        let own = (window as usize).saturating_sub(start.len());
        let tokens = self.tokens.encode_plain(text)?;
        let least = CALIBRATION[1] + MEASURED[1];
        let needed = least * window as usize;
        let count = tokens.len().checked_div(own).unwrap_or(0).min(CALIBRATION[0] + MEASURED[0]);
        if count < least || window < SHORTEST_WINDOW {
            return Err(ImportError::TooFewSamples { found: tokens.len(), needed });
        }
        let stride = tokens.len() / count;
        let windows = (0..count).filter_map(|index| tokens.get(index * stride..index * stride + own));
        Ok(windows.map(|window| [&start, window].concat()).collect())
    }
}

/// Before anything was observed.
fn unobserved(model: &Llama) -> Observed {
    let heads = vec![0.0; model.all_heads() as usize];
    let layer = shadow::ObservedLayer { heads, ..Default::default() };
    Observed { residual: 0.0, layers: vec![layer; model.layers as usize] }
}

/// The blobs as inputs of a program, without the text.
fn inputs_of(program: &Checked, blobs: &Quantised) -> Vec<Tensor> {
    let bytes = blobs.weights.iter().chain([&blobs.vectors]);
    program.program().inputs.iter().zip(bytes).map(|(ty, bytes)| Tensor::new(*ty, bytes.clone())).collect()
}

/// The predictions of a window.
fn compare(comparison: &mut Comparison, vocabulary: usize, tokens: &[u32], on_f32: &[f32], exact: &[i32]) {
    let one = f64::from(LOGIT_FRAC_BITS).exp2();
    let rows = on_f32.chunks_exact(vocabulary).zip(exact.chunks_exact(vocabulary)).zip(tokens.iter().skip(1));
    for ((on_f32, exact), next) in rows {
        let on_f32: Vec<f64> = on_f32.iter().map(|logit| f64::from(*logit)).collect();
        let exact: Vec<f64> = exact.iter().map(|logit| f64::from(*logit) / one).collect();
        comparison.add(&on_f32, &exact, Some(*next as usize));
    }
}

impl Imported {
    /// How near it comes to the model on `f32`.
    pub fn fidelity(&self) -> &Fidelity {
        &self.report.fidelity
    }

    /// Writes it to a new folder. What was written is taken away again where something fails.
    pub fn write(self, folder: &Path) -> Result<Report, ImportError> {
        let at = |file: &Path| {
            let file = file.to_owned();
            move |source| ImportError::File { file, source }
        };
        std::fs::create_dir(folder).map_err(at(folder))?;
        let mut report = self.report;
        let written = self.manifest.files(&self.blobs, self.tokenizer).and_then(|files| {
            for (name, bytes) in files {
                let file = folder.join(name);
                std::fs::write(&file, bytes).map_err(at(&file))?;
                report.files.push(file);
            }
            let file = folder.join("report.json");
            report.files.push(file.clone());
            let json = serde_json::to_vec_pretty(&report)
                .map_err(|source| ImportError::Json { file: file.clone(), source })?;
            std::fs::write(&file, json).map_err(at(&file))
        });
        match written {
            Ok(()) => Ok(report),
            Err(error) => {
                // The folder is new; whether it can be taken away changes nothing about the error.
                let _ = std::fs::remove_dir_all(folder);
                Err(error)
            }
        }
    }
}

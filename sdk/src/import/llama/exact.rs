// SPDX-License-Identifier: Apache-2.0
//! An imported model: the folder that an import writes, and jobs of it.

use super::{memory_mib, read, tokenizer::Tokens};
use crate::{
    import::ImportError,
    models::{
        job::{blob, spec, stage},
        llama::{quantise::Quantised, text_bytes, Llama, LlamaGeneration, Sampling, Scales},
        BuiltJob, ModelError, Terms,
    },
};
use quern_primitives::{job::Input, BlobId};
use serde::{Deserialize, Serialize};
use std::path::Path;

const MANIFEST: &str = "model.json";
const TOKENIZER: &str = "tokenizer.json";
/// The form of the blobs: it changes with what a program takes them for.
const FORMAT: u32 = 2;

/// A file of the folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Stored {
    file: String,
    /// The id, in hex.
    id: String,
}

/// `model.json`: the network, what the calibration fixed, and the blobs in the order of a program's inputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    family: String,
    #[serde(default)]
    format: u32,
    model: Llama,
    positions: u32,
    scales: Scales,
    blobs: Vec<Stored>,
}

fn named(name: String, bytes: &[u8]) -> Stored {
    Stored { file: name, id: hex::encode(BlobId::of(bytes).0) }
}

impl Manifest {
    pub fn new(model: Llama, positions: u32, scales: Scales, blobs: &Quantised) -> Self {
        let weights = blobs.weights.iter().enumerate();
        let mut stored: Vec<Stored> =
            weights.map(|(index, bytes)| named(format!("weights-{index}.bin"), bytes)).collect();
        stored.push(named("vectors.bin".into(), &blobs.vectors));
        Self { family: "llama".into(), format: FORMAT, model, positions, scales, blobs: stored }
    }

    /// Names and bytes of all files.
    pub fn files(&self, blobs: &Quantised, tokenizer: Vec<u8>) -> Result<Vec<(String, Vec<u8>)>, ImportError> {
        let json =
            serde_json::to_vec_pretty(self).map_err(|source| ImportError::Json { file: MANIFEST.into(), source })?;
        let bytes = blobs.weights.iter().chain([&blobs.vectors]).cloned();
        let stored = self.blobs.iter().map(|stored| stored.file.clone()).zip(bytes);
        Ok(stored.chain([(TOKENIZER.to_string(), tokenizer), (MANIFEST.to_string(), json)]).collect())
    }
}

/// An imported model.
#[derive(Debug)]
pub struct ExactLlama {
    manifest: Manifest,
    tokens: Tokens,
    blobs: Vec<Vec<u8>>,
}

impl ExactLlama {
    /// Reads a folder that an import wrote, and checks its blobs against their ids.
    pub fn open(folder: &Path) -> Result<Self, ImportError> {
        let file = folder.join(MANIFEST);
        let json = read(file.clone(), "the manifest of an imported model: `quern model import` writes it")?;
        let manifest: Manifest =
            serde_json::from_slice(&json).map_err(|source| ImportError::Json { file: file.clone(), source })?;
        if manifest.format != FORMAT {
            return Err(ImportError::Format { file });
        }
        manifest.model.check()?;
        let tokenizer = read(folder.join(TOKENIZER), "the tokenizer of an imported model")?;
        let tokens = Tokens::new(tokenizer, manifest.model.vocabulary)?;
        let mut blobs = Vec::new();
        for stored in &manifest.blobs {
            let name = Path::new(&stored.file).file_name().filter(|name| *name == stored.file.as_str());
            let path = folder.join(name.ok_or(ImportError::Changed { file: file.clone() })?);
            let bytes = read(path.clone(), "a blob of an imported model")?;
            if hex::encode(BlobId::of(&bytes).0) != stored.id {
                return Err(ImportError::Changed { file: path });
            }
            blobs.push(bytes);
        }
        Ok(Self { manifest, tokens, blobs })
    }

    /// The tokenizer.
    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// Names of the blobs' files, in the order of a program's inputs.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.manifest.blobs.iter().map(|stored| stored.file.as_str())
    }

    /// Most tokens of a text, prompt included.
    pub fn positions(&self) -> u32 {
        self.manifest.positions
    }

    /// How many tokens can follow a prompt.
    pub fn room(&self, prompt: &str) -> Result<u32, ImportError> {
        let count = u32::try_from(self.tokens.encode_prompt(prompt)?.len()).map_err(|_| ModelError::TooLong)?;
        Ok(self.manifest.positions.saturating_sub(count))
    }

    /// A job of one task that writes `tokens` tokens after a prompt: drawn, or the likeliest each time. Its blobs are those of the model,
    /// then the prompt.
    pub fn job(
        &self,
        prompt: &str,
        tokens: u32,
        sampling: Option<Sampling>,
        terms: &Terms,
    ) -> Result<BuiltJob, ImportError> {
        let prompt = self.tokens.encode_prompt(prompt)?;
        let count = u32::try_from(prompt.len()).map_err(|_| ModelError::TooLong)?;
        let Manifest { model, positions, scales, .. } = &self.manifest;
        let packing = model.packing(*positions)?;
        let program = model.generation(&packing, scales, &LlamaGeneration { prompt: count, tokens, sampling })?;
        let mut blobs = self.blobs.clone();
        blobs.push(text_bytes(&prompt));
        let inputs: Vec<Input> = blobs.iter().map(|bytes| Input::Blob(blob(bytes))).collect();
        let fits = blobs.len() == program.program().inputs.len()
            && blobs.iter().zip(&program.program().inputs).all(|(blob, ty)| blob.len() as u64 == ty.bytes());
        if !fits {
            return Err(ImportError::Changed { file: MANIFEST.into() });
        }
        let memory_mib = u32::try_from(memory_mib(&program)).unwrap_or(u32::MAX);
        let terms = terms.clone().with_memory_mib(memory_mib);
        let spec = spec(vec![stage(&program, 1, 1, &inputs)?], &terms)?;
        Ok(BuiltJob { spec, programs: vec![program], blobs })
    }

    /// The text of a task's output: the numbers of 1 to [`positions`](Self::positions) tokens, four bytes each.
    pub fn text(&self, output: &[u8]) -> Result<String, ImportError> {
        let Manifest { positions, model, .. } = &self.manifest;
        let (numbers, rest) = output.as_chunks();
        let tokens: Vec<u32> = numbers.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect();
        let is_output = rest.is_empty()
            && (1..=*positions as usize).contains(&tokens.len())
            && tokens.iter().all(|token| *token < model.vocabulary);
        if !is_output {
            let (bytes, positions, vocabulary) = (output.len(), *positions, model.vocabulary);
            return Err(ImportError::Output { bytes, positions, vocabulary });
        }
        self.tokens.decode(&tokens)
    }
}

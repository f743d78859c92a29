// SPDX-License-Identifier: Apache-2.0
//! Why a model could not be imported.

use crate::models::ModelError;
use std::path::PathBuf;

/// Why a model could not be imported, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file is not there.
    #[error("{} is missing: {what}", file.display())]
    Missing {
        /// The file.
        file: PathBuf,
        /// What it would be.
        what: &'static str,
    },
    /// A file could not be read or written.
    #[error("{}: {source}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file of JSON is not what it should be.
    #[error("{} cannot be understood: {source}", file.display())]
    Json {
        /// The file.
        file: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// The configuration of a model is none that can be imported.
    #[error("{}: {fault}", file.display())]
    Config {
        /// The file.
        file: PathBuf,
        /// Why.
        fault: Box<ImportError>,
    },
    /// The model has something that the exact programs have not.
    #[error("{field} is {found}; what can be imported has {supported}")]
    Unsupported {
        /// The field.
        field: &'static str,
        /// What it says.
        found: String,
        /// What is supported.
        supported: &'static str,
    },
    /// A file of tensors is damaged.
    #[error("{} is damaged: {reason}; fetch it again", file.display())]
    Tensors {
        /// The file.
        file: PathBuf,
        /// Why.
        reason: String,
    },
    /// The index names a file that is not a plain name beside it.
    #[error("the index names {file:?}, which is not a file beside it")]
    ShardName {
        /// The name.
        file: String,
    },
    /// A tensor is not there.
    #[error("the tensor {name} is missing: the files are incomplete, or config.json is of another model")]
    MissingTensor {
        /// Its name.
        name: String,
    },
    /// A tensor is not part of the network.
    #[error("the tensor {name} is not part of a decoder of the Llama family without biases: such a model cannot be imported exactly")]
    UnknownTensor {
        /// Its name.
        name: String,
    },
    /// A tensor has another shape.
    #[error("the tensor {name} has the shape {found:?}, by config.json it has {expected:?}")]
    Shape {
        /// Its name.
        name: String,
        /// Its shape by the configuration.
        expected: Vec<usize>,
        /// Its shape.
        found: Vec<usize>,
    },
    /// A tensor has another type.
    #[error("the tensor {name} is of type {found}; F32, F16 and BF16 can be imported: convert it")]
    DType {
        /// Its name.
        name: String,
        /// Its type.
        found: String,
    },
    /// A weight is not a number, infinite, or absurdly large.
    #[error("the tensor {name} holds {found} at {index}: no weight is infinite or above 2^20; fetch or train the model again")]
    Weight {
        /// Its name.
        name: String,
        /// Which.
        index: usize,
        /// What it is.
        found: f32,
    },
    /// The tokenizer cannot be read or used.
    #[error("tokenizer.json cannot be used: {0}")]
    Tokenizer(String),
    /// The tokenizer is of another model.
    #[error("the tokenizer has {tokens} symbols and the highest number {highest}, the model {vocabulary} symbols: they are not of one model")]
    Vocabulary {
        /// Symbols of the tokenizer.
        tokens: usize,
        /// The highest number of one.
        highest: u32,
        /// Symbols of the model.
        vocabulary: u32,
    },
    /// A prompt has a symbol that the model does not know.
    #[error("the tokenizer has no symbol for {symbol:?}: write the prompt without it")]
    UnknownSymbol {
        /// The symbol.
        symbol: char,
    },
    /// There are too few samples.
    #[error(
        "the samples have {found} tokens; {needed} at least are needed to calibrate and to measure: give a longer text"
    )]
    TooFewSamples {
        /// Tokens.
        found: usize,
        /// The least.
        needed: usize,
    },
    /// A worker would need too much memory.
    #[error(
        "a worker would need {needed_mib} MiB, more than {most_mib}: allow more (--max-memory-mib), or fewer positions \
         (--positions)"
    )]
    Memory {
        /// What it needs.
        needed_mib: u64,
        /// The most.
        most_mib: u32,
    },
    /// No program can have such a model.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The exact program could not be run.
    #[error("the exact program could not be run here: {0}")]
    Run(String),
    /// That is no output of a job of the model.
    #[error(
        "these {bytes} bytes are no output of a job of this model: that has 1 to {positions} numbers below {vocabulary} of four bytes \
         each, and `quern job fetch` writes it to stage-0/task-0.bin"
    )]
    Output {
        /// How many there are.
        bytes: usize,
        /// Most tokens of a text.
        positions: u32,
        /// Symbols of the model.
        vocabulary: u32,
    },
    /// A folder was written by another version.
    #[error("{} was written by another version of quern: import the model again", file.display())]
    Format {
        /// The manifest.
        file: PathBuf,
    },
    /// A folder of an imported model was changed.
    #[error("{} is not what was imported: import the model again", file.display())]
    Changed {
        /// The file.
        file: PathBuf,
    },
}

// SPDX-License-Identifier: Apache-2.0
//! Models from the files of other programs, as exact programs with their weights: quantised, calibrated on samples, and compared
//! with the same model on `f32`.
//!
//! Whatever is imported yields a [`Report`]; nothing is written before the whole of it is known to be sound.

pub mod error;
pub mod fidelity;
pub mod llama;
pub mod onnx;

pub use error::ImportError;
pub use fidelity::{Comparison, Fidelity};

use quern_protocol::json::Big;
use serde::Serialize;
use std::path::PathBuf;

/// What was imported, and how well.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// What it is: `llama`, or the format of the file.
    pub family: String,
    /// Parameters of the model.
    pub parameters: u64,
    /// Bytes of the weights that the programs read.
    pub weights_bytes: u64,
    /// Ids of the programs, in hex.
    pub programs: Vec<String>,
    /// Multiply-accumulates of a task.
    pub task_macs: Big,
    /// Memory that a worker must have.
    pub memory_mib: u32,
    /// Samples (windows of text, images) that the calibration read.
    pub calibration_samples: u64,
    /// How near the exact program comes to the model on `f32`.
    pub fidelity: Fidelity,
    /// The files that were written.
    pub files: Vec<PathBuf>,
}

// SPDX-License-Identifier: Apache-2.0
//! `quern model`.

mod onnx;

use crate::{
    args::{Global, ImportArgs, ModelCommand},
    output::{self, Output},
};
use anyhow::{bail, ensure, Context};
use quern_sdk::import::Report;
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Runs a command about models.
pub fn run(global: &Global, command: ModelCommand) -> anyhow::Result<ExitCode> {
    let output = Output { json: global.json };
    let ModelCommand::Import(args) = command;
    let out = match &args.out {
        Some(out) => out.clone(),
        None => folder_of(&args.model)?,
    };
    ensure!(!out.exists(), "{} exists: name another folder with --out, or remove it", out.display());
    let report = import(&args, &out)?;
    output.result(&report, text(&report))?;
    Ok(ExitCode::SUCCESS)
}

/// The model's name with the ending `.quern`, in the working folder.
fn folder_of(model: &Path) -> anyhow::Result<PathBuf> {
    let path = model.canonicalize().with_context(|| format!("{} cannot be read", model.display()))?;
    let name = path.file_stem().with_context(|| format!("{} has no name: say --out", model.display()))?;
    Ok(Path::new(name).with_extension("quern"))
}

fn import(args: &ImportArgs, out: &Path) -> anyhow::Result<Report> {
    let model = &args.model;
    let is_onnx = model.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("onnx"));
    match (model.is_dir(), is_onnx) {
        (true, _) => bail!("{} is not of a family that can be imported", model.display()),
        (false, true) => onnx::import(args, out),
        _ => bail!("{} is neither a folder with config.json nor an .onnx file", model.display()),
    }
}

fn text(report: &Report) -> String {
    let mut table = output::plain_table();
    let rows = [
        ("family", report.family.clone()),
        ("parameters", report.parameters.to_string()),
        ("weights", output::bytes(report.weights_bytes)),
        ("work of a task", output::macs(report.task_macs.into())),
        ("memory of a worker", format!("{} MiB", report.memory_mib)),
        ("calibrated on", format!("{} samples", report.calibration_samples)),
    ];
    for (name, value) in rows.into_iter().chain(report.fidelity.rows()) {
        table.add_row([name.to_owned(), value]);
    }
    let files: Vec<String> = report.files.iter().map(|file| format!("\n{} is written", file.display())).collect();
    format!("{table}{}", files.concat())
}

// SPDX-License-Identifier: Apache-2.0
//! An ONNX file as a folder: programs, what they read, and the job that classifies images.

use crate::{args::ImportArgs, job::spec, output};
use anyhow::{ensure, Context as _};
use codec::Encode;
use quern_executor::{cpu::CpuExecutor, Executor};
use quern_program::Context;
use quern_sdk::import::{
    onnx::{import as import_network, npy::Array, Imported, Network, OnnxError, Options},
    Report,
};
use serde_json::{json, Value};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Tasks of a shard of the job.
const SHARD_SIZE: u32 = 2;

/// Imports the file into a folder that does not exist yet.
pub fn import(args: &ImportArgs, out: &Path) -> anyhow::Result<Report> {
    let calibration = args.calibration.as_deref();
    let calibration = calibration.context("say with --calibration which images to calibrate with: an .npy file")?;
    let network = Network::open(&args.model).with_context(|| format!("{}", args.model.display()))?;
    let samples = array(calibration)?;
    let executor = CpuExecutor::new();
    let options = Options { images: args.images_per_task, max_memory_mib: args.max_memory_mib };
    let imported = import_network(&network, &samples, &options, |program, inputs| {
        executor.run_task(program, &Context::default(), inputs, &mut |_, _| ())
    })
    .with_context(|| format!("{}", args.model.display()))?;
    let images = match &args.images {
        Some(path) => imported.images_of(&network, &array(path)?).with_context(|| format!("{}", path.display()))?,
        None => imported.images_of(&network, &samples)?,
    };
    let names =
        write(&network, &imported, &images, out).with_context(|| format!("{} cannot be written", out.display()))?;
    Ok(Report {
        family: "onnx".into(),
        parameters: imported.parameters,
        weights_bytes: imported.weights_bytes(),
        programs: [&imported.program, &imported.logits_program].map(|program| output::full(&program.id().0)).to_vec(),
        task_macs: imported.program.summary().task_macs(),
        memory_mib: imported.memory_mib(),
        calibration_samples: imported.calibration_samples as u64,
        fidelity: imported.fidelity,
        files: names.iter().map(|name| out.join(name)).collect(),
    })
}

fn array(path: &Path) -> anyhow::Result<Array> {
    Array::open(path).map_err(OnnxError::Samples).with_context(|| format!("{}", path.display()))
}

/// Writes everything beside the folder first, so that the folder is whole or not there. Gives the names of the files.
fn write(network: &Network, imported: &Imported, images: &[u8], out: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let parent = out.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent)?;
    let folder = tempfile::tempdir_in(parent)?;
    let image = imported.image_bytes();
    let task = imported.images as usize * image;
    let tasks = images.len().div_ceil(task);
    // The last task is filled up with the first images.
    let filled: Vec<u8> = images.iter().copied().cycle().take(tasks * task).collect();
    let mut files = vec![
        (PathBuf::from("classes.quern"), imported.program.program().encode()),
        ("logits.quern".into(), imported.logits_program.program().encode()),
        ("images.bin".into(), filled),
    ];
    let blobs = imported.blobs.iter().enumerate().map(|(index, blob)| match index {
        0 => ("numbers.bin".into(), blob.clone()),
        _ => (format!("weights-{index}.bin").into(), blob.clone()),
    });
    let blobs: Vec<(PathBuf, Vec<u8>)> = blobs.collect();
    let mut inputs = vec![json!({ "slice": { "file": "images.bin", "stride": task } })];
    inputs.extend(blobs.iter().map(|(name, _)| json!({ "blob": name })));
    files.extend(blobs);
    let job = json!({
        "memory_mib": imported.memory_mib().max(64),
        "stages": [{ "program": "classes.quern", "tasks": tasks, "shard_size": SHARD_SIZE, "inputs": inputs }],
    });
    let about = json!({
        "images_per_task": imported.images,
        "images": images.len() / image,
        "input_shape": network.input_shape().dims(),
        "classes": network.classes(),
        "input_exponent": imported.input_exponent,
        "logits_exponent": imported.logits_exponent,
        "fidelity": imported.fidelity,
    });
    let text = |value: Value| serde_json::to_vec_pretty(&value);
    files.extend([("job.json".into(), text(job)?), ("import.json".into(), text(about)?)]);
    for (name, bytes) in &files {
        fs::write(folder.path().join(name), bytes)?;
    }
    let built = spec::read(&folder.path().join("job.json"))?;
    ensure!(
        built.programs.iter().any(|program| program.id() == imported.program.id()),
        "the job is not that of the program"
    );
    fs::rename(folder.keep(), out)?;
    Ok(files.into_iter().map(|(name, _)| name).collect())
}

// SPDX-License-Identifier: Apache-2.0
//! An ONNX file as a folder: programs, what they read, and the job that classifies images.

use super::{repeat, warn_of_alike, Files, JOB};
use crate::{
    args::ImportArgs,
    job::spec,
    output::{self, Output},
};
use anyhow::{ensure, Context as _};
use codec::Encode;
use quern_executor::{cpu::CpuExecutor, Executor};
use quern_program::Context;
use quern_sdk::import::{
    onnx::{images_as_read, import as import_network, npy::Array, Imported, Network, OnnxError, Options},
    Report,
};
use serde::Deserialize;
use serde_json::{json, Value};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Tasks of a shard of the job.
const SHARD_SIZE: u32 = 2;
/// What an import says of itself.
const ABOUT: &str = "import.json";
/// The images of a job.
const IMAGES: &str = "images.bin";

/// What a job of an imported file needs to know of [`ABOUT`].
#[derive(Deserialize)]
struct About {
    images: usize,
    input_shape: Vec<usize>,
    classes: usize,
    input_exponent: i32,
}

/// A job of an imported file, for a folder in the import's.
pub struct Job {
    /// Names and bytes of its own files.
    pub files: Files,
    /// Images that are classified.
    pub images: usize,
    /// Whether a class has two bytes.
    pub is_wide: bool,
}

/// Whether the folder is the import of an ONNX file.
pub fn is_imported(folder: &Path) -> bool {
    folder.join(ABOUT).is_file()
}

/// The job that classifies images of a file, or those of the import.
pub fn job(folder: &Path, images: Option<&Path>) -> anyhow::Result<Job> {
    let read = |name: &str| fs::read(folder.join(name)).with_context(|| format!("{name} of the import cannot be read"));
    let about: About = serde_json::from_slice(&read(ABOUT)?).context("import.json is not what an import writes")?;
    let mut job: Value = serde_json::from_slice(&read(JOB)?).context("job.json is not what an import writes")?;
    let changed =
        || format!("{} is not the job that the import wrote: import the file again", folder.join(JOB).display());
    let stage = job.pointer_mut("/stages/0").with_context(changed)?;
    let outside = |name: &Value| name.as_str().map(|name| Value::from(format!("../{name}")));
    stage["program"] = outside(&stage["program"]).with_context(changed)?;
    let inputs = stage["inputs"].as_array_mut().with_context(changed)?;
    for input in inputs.iter_mut() {
        let file = match input.get("slice").is_some() {
            true => &mut input["slice"]["file"],
            false => &mut input["blob"],
        };
        *file = outside(file).with_context(changed)?;
    }
    let mut files = Vec::new();
    let mut count = about.images;
    if let Some(path) = images {
        let bytes = images_as_read(&about.input_shape, about.input_exponent, &array(path)?);
        let bytes = bytes.with_context(|| format!("{}", path.display()))?;
        let image: usize = about.input_shape.iter().product();
        count = bytes.len() / image.max(1);
        let slice = inputs.first_mut().with_context(changed)?;
        let task = slice["slice"]["stride"].as_u64().and_then(|stride| usize::try_from(stride).ok());
        let task = task.filter(|task| *task > 0).with_context(changed)?;
        let tasks = bytes.len().div_ceil(task);
        // The last task is filled up with the first images.
        files.push((IMAGES, bytes.iter().copied().cycle().take(tasks * task).collect()));
        slice["slice"]["file"] = IMAGES.into();
        stage["tasks"] = tasks.into();
    }
    files.push((JOB, serde_json::to_vec_pretty(&job)?));
    Ok(Job { files, images: count, is_wide: about.classes > 127 })
}

/// Imports the file into a folder that does not exist yet.
pub fn import(args: &ImportArgs, out: &Path, output: &Output) -> anyhow::Result<Report> {
    ensure!(args.positions.is_none(), "{} classifies images: it has no --positions", args.model.display());
    let calibration = args.calibration.as_deref();
    let calibration = calibration.context("say with --calibration which images to calibrate with: an .npy file")?;
    let network = Network::open(&args.model).with_context(|| format!("{}", args.model.display()))?;
    let samples = array(calibration)?;
    warn_of_alike(are_alike(&samples), output);
    let executor = CpuExecutor::new();
    let options = Options { images: args.images_per_task, max_memory_mib: args.max_memory_mib };
    let imported = import_network(&network, &samples, &options, |program, inputs| {
        executor.run_task(program, &Context::default(), inputs, &mut |_, _| ())
    })
    .map_err(|error| {
        // What is wrong with the samples is not wrong with the model.
        let is_of_samples = matches!(
            error,
            OnnxError::TooFewSamples { .. } | OnnxError::SampleShape { .. } | OnnxError::SampleNotFinite { .. }
        );
        let file = if is_of_samples { calibration } else { &args.model };
        anyhow::Error::from(error).context(file.display().to_string())
    })?;
    let images = match &args.images {
        Some(path) => imported.images_of(&network, &array(path)?).with_context(|| format!("{}", path.display()))?,
        None => imported.images_of(&network, &samples)?,
    };
    let names = write(&network, &imported, &images, out).map_err(|error| output::unwritten(out, error))?;
    Ok(Report {
        family: "onnx".into(),
        parameters: imported.parameters,
        weights_bytes: imported.weights_bytes(),
        programs: [&imported.program, &imported.logits_program].map(|program| output::full(&program.id().0)).to_vec(),
        task_macs: imported.program.summary().task_macs().into(),
        memory_mib: imported.memory_mib(),
        calibration_samples: imported.calibration_samples as u64,
        fidelity: imported.fidelity,
        files: names.iter().map(|name| out.join(name)).collect(),
    })
}

/// Whether there are several samples, and all are the same.
fn are_alike(samples: &Array) -> bool {
    let count = samples.shape.first().copied().unwrap_or_default();
    let len = samples.values.len().checked_div(count).unwrap_or_default().max(1);
    count > 1 && repeat(samples.values.iter(), len)
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
        (IMAGES.into(), filled),
    ];
    let blobs = imported.blobs.iter().enumerate().map(|(index, blob)| match index {
        0 => ("numbers.bin".into(), blob.clone()),
        _ => (format!("weights-{index}.bin").into(), blob.clone()),
    });
    let blobs: Vec<(PathBuf, Vec<u8>)> = blobs.collect();
    let mut inputs = vec![json!({ "slice": { "file": IMAGES, "stride": task } })];
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
    files.extend([(JOB.into(), text(job)?), (ABOUT.into(), text(about)?)]);
    for (name, bytes) in &files {
        fs::write(folder.path().join(name), bytes)?;
    }
    let built = spec::read(&folder.path().join(JOB))?;
    ensure!(
        built.programs.iter().any(|program| program.id() == imported.program.id()),
        "the job is not that of the program"
    );
    fs::rename(folder.keep(), out)?;
    Ok(files.into_iter().map(|(name, _)| name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_should_be_found_alike_when_they_are_the_same_one() {
        let alike = |values: &[f32]| are_alike(&Array { shape: vec![values.len() / 2, 2], values: values.to_vec() });
        assert!(alike(&[1.0, 2.0, 1.0, 2.0, 1.0, 2.0]));
        assert!(!alike(&[1.0, 2.0, 1.0, 2.0, 1.0, 3.0]));
        assert!(!alike(&[1.0, 2.0]), "one is too few, which is said");
    }

    #[test]
    fn import_should_name_the_samples_when_they_are_what_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let (images, shape) = (folder.path().join("images.npy"), "(16, 1, 8, 8)");
        let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}\n");
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.bytes());
        bytes.extend(f32::NAN.to_le_bytes().repeat(16 * 64));
        fs::write(&images, bytes).unwrap();
        let args = ImportArgs {
            model: Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/digits/cnn.onnx"),
            calibration: Some(images),
            out: None,
            images: None,
            images_per_task: None,
            max_memory_mib: 8_192,
            positions: None,
        };
        let error = format!("{:#}", import(&args, &folder.path().join("out"), &Output { json: true }).unwrap_err());
        assert!(error.contains("images.npy: ") && !error.contains("cnn.onnx"), "{error}");
    }
}

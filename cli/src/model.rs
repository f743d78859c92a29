// SPDX-License-Identifier: Apache-2.0
//! `quern model`.

mod onnx;
mod submit;

use crate::{
    args::{Global, ImportArgs, ModelCommand, ModelJobArgs, ModelRunArgs, WritingArgs},
    output::{self, Output},
};
use anyhow::{bail, ensure, Context};
use codec::Encode;
use quern_executor::{cpu::CpuExecutor, Executor};
use quern_sdk::{
    chain::json::Big,
    import::{
        llama::{ExactLlama, LlamaFolder, Options},
        Report,
    },
    models::{
        llama::{Sampling, INVERSE_TEMPERATURE_ONE},
        local, BuiltJob, Terms, Text,
    },
};
use serde::Serialize;
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Runs a command about models.
pub async fn run(global: &Global, command: ModelCommand) -> anyhow::Result<ExitCode> {
    let output = Output { json: global.json };
    match command {
        ModelCommand::Import(args) => {
            let report = import(&args, &output)?;
            output.result(&report, text(&report))?;
        }
        ModelCommand::Run(args) => {
            let written = write_here(&args)?;
            output.result(&written, format!("{}{}", written.prompt, written.text))?;
        }
        ModelCommand::Job(args) => {
            let written = write_job(&args)?;
            let text = format!("{} is written: quern job submit {}", written.job.display(), written.job.display());
            output.result(&written, text)?;
        }
        ModelCommand::Submit(args) => return submit::run(global, args).await,
        ModelCommand::Text { model, output: file } => {
            let bytes = std::fs::read(&file).with_context(|| format!("{} cannot be read", file.display()))?;
            let text = language_model(&model)?.text(&bytes)?;
            output.result(&serde_json::json!({ "text": text }), &text)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The model's name with the ending `.quern`, in the working folder.
fn folder_of(model: &Path) -> anyhow::Result<PathBuf> {
    let path = model.canonicalize().with_context(|| format!("{} cannot be read", model.display()))?;
    let name = path.file_stem().with_context(|| format!("{} has no name: say --out", model.display()))?;
    Ok(Path::new(name).with_extension("quern"))
}

fn import(args: &ImportArgs, output: &Output) -> anyhow::Result<Report> {
    let model = &args.model;
    let out = match &args.out {
        Some(out) => out.clone(),
        None => folder_of(model)?,
    };
    ensure!(!out.exists(), "{} exists: name another folder with --out, or remove it", out.display());
    let is_onnx = model.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("onnx"));
    match (model.is_dir(), is_onnx) {
        (true, _) => import_llama(args, &out, output),
        (false, true) => onnx::import(args, &out, output),
        _ => bail!("{} is neither a folder with config.json nor an .onnx file", model.display()),
    }
}

/// An imported language model.
fn language_model(folder: &Path) -> anyhow::Result<ExactLlama> {
    let shown = folder.display();
    ensure!(!onnx::is_imported(folder), "{shown} classifies images, and writes no text: `quern model submit {shown}`");
    Ok(ExactLlama::open(folder)?)
}

/// Whether values are those that came so many before.
fn repeat<T: PartialEq>(values: impl Iterator<Item = T> + Clone, every: usize) -> bool {
    values.clone().zip(values.skip(every)).all(|(one, next)| one == next)
}

/// What to say where samples that are all alike calibrate a model.
fn warn_of_alike(are_alike: bool, output: &Output) {
    if are_alike {
        output.say(
            "warning: the samples of the calibration are all alike: what it measures says little of other ones; give with --calibration \
             what the model is for",
        );
    }
}

/// Positions of a language model where nobody says how many.
const POSITIONS: u32 = 256;

fn import_llama(args: &ImportArgs, out: &Path, output: &Output) -> anyhow::Result<Report> {
    let reads_images = args.images.is_some() || args.images_per_task.is_some();
    ensure!(!reads_images, "{} is a language model: it reads no --images or --images-per-task", args.model.display());
    let sample = match &args.calibration {
        Some(file) => {
            std::fs::read_to_string(file).with_context(|| format!("{} cannot be read as a text", file.display()))?
        }
        None => String::from_utf8_lossy(&Text::embedded().validation).into_owned(),
    };
    warn_of_alike(sample.len() > 1 && repeat(sample.chars(), 1), output);
    let positions = args.positions.unwrap_or(POSITIONS);
    let options = Options { positions, max_memory_mib: args.max_memory_mib };
    let executor = CpuExecutor::new();
    let folder = LlamaFolder::open(&args.model)?;
    if positions > folder.positions() {
        output.say(format_args!(
            "the model has {0} positions: it is imported for texts of {0} tokens",
            folder.positions()
        ));
    }
    let imported = folder.import(&sample, &options, |program, context, inputs| {
        executor.run_task(program, context, inputs, &mut |_, _| {})
    })?;
    imported.write(out).map_err(|error| output::unwritten(out, error.into()))
}

#[derive(Debug, Serialize)]
struct Written {
    prompt: String,
    text: String,
}

/// A job in its folder.
const JOB: &str = "job.json";

/// Tokens that are written when nobody says how many.
const TOKENS: u32 = 64;

/// How many tokens are to be written.
fn tokens_of(model: &ExactLlama, prompt: &str, args: &WritingArgs) -> anyhow::Result<u32> {
    let room = model.room(prompt)?;
    ensure!(
        room > 0,
        "the prompt is too long: the model was imported for texts of {} tokens, prompt included; shorten it, or import the model again \
         with larger --positions, up to what its config.json has",
        model.positions()
    );
    let tokens = args.tokens.unwrap_or(room.min(TOKENS));
    ensure!(
        tokens <= room,
        "--tokens is {tokens}: after this prompt there is room for {room}. The model was imported for texts of {} tokens, prompt \
         included; import it again with larger --positions for more, up to what its config.json has",
        model.positions()
    );
    Ok(tokens)
}

/// How tokens are drawn, if they are.
fn sampling_of(args: &WritingArgs) -> anyhow::Result<Option<Sampling>> {
    let Some(temperature) = args.temperature else { return Ok(None) };
    let one = f64::from(INVERSE_TEMPERATURE_ONE);
    let inverse = (one / temperature).round();
    let is_sound = (1.0..=16.0 * one).contains(&inverse);
    ensure!(
        is_sound,
        "--temperature is {temperature}: it is at least 1/16 and at most 256; leave it out for the likeliest tokens"
    );
    ensure!(args.top_k > 0, "--top-k is 0: there would be nothing to draw from");
    Ok(Some(Sampling { inverse_temperature: inverse as u16, top_k: args.top_k }))
}

fn job_of(model: &ExactLlama, prompt: &str, args: &WritingArgs) -> anyhow::Result<BuiltJob> {
    Ok(model.job(prompt, tokens_of(model, prompt, args)?, sampling_of(args)?, &Terms::default())?)
}

/// Has a model write here. Where nothing is drawn a worker writes the same.
fn write_here(ModelRunArgs { text: args, seed }: &ModelRunArgs) -> anyhow::Result<Written> {
    let model = language_model(&args.model)?;
    let job = job_of(&model, &args.prompt, &args.writing)?;
    let executor = CpuExecutor::new();
    let mut randomness = [0; 32];
    randomness[..8].copy_from_slice(&seed.to_le_bytes());
    let outputs = local::run(&job, randomness, |program, context, inputs| {
        executor.run_task(program, context, inputs, &mut |_, _| {})
    })?;
    let output = outputs.first().and_then(|stage| stage.first()).context("the job has no output")?;
    Ok(Written { prompt: args.prompt.clone(), text: model.text(&output.bytes)? })
}

#[derive(Debug, Serialize)]
struct WrittenJob {
    job: PathBuf,
    program: String,
    work_macs: Big,
}

/// Writes a job beside the blobs of its model.
fn write_job(args: &ModelJobArgs) -> anyhow::Result<WrittenJob> {
    let ModelJobArgs { text, name } = args;
    let model = language_model(&text.model)?;
    let job = job_of(&model, &text.prompt, &text.writing)?;
    let folder = new_folder(&text.model, name, &job_files(&model, &job)?)?;
    let program = job.programs.first().context("the job has no program")?;
    let program = output::full(&program.id().0);
    Ok(WrittenJob { job: folder.join(JOB), program, work_macs: Big(job.work_macs().into()) })
}

/// Names and bytes of files.
type Files = Vec<(&'static str, Vec<u8>)>;

/// A new folder of this name in that of a model, with these files.
fn new_folder(model: &Path, name: &str, files: &Files) -> anyhow::Result<PathBuf> {
    let is_plain = Path::new(name).file_name().is_some_and(|plain| plain == name);
    ensure!(is_plain, "{name:?} is not the name of a folder");
    let folder = model.join(name);
    std::fs::create_dir(&folder)
        .with_context(|| format!("{} cannot be made: choose another --name", folder.display()))?;
    let written = files.iter().try_for_each(|(name, bytes)| std::fs::write(folder.join(name), bytes));
    if let Err(error) = written {
        // The folder is new, and the error tells what went wrong.
        let _ = std::fs::remove_dir_all(&folder);
        return Err(error).with_context(|| format!("{} cannot be written", folder.display()));
    }
    Ok(folder)
}

/// Names and bytes of a job's files; the model's blobs lie in the folder above.
fn job_files(model: &ExactLlama, job: &BuiltJob) -> anyhow::Result<Files> {
    let (program, prompt) = job.programs.first().zip(job.blobs.last()).context("the job has no program")?;
    let blobs = model.files().map(|file| format!("../{file}")).chain(["prompt.bin".to_string()]);
    let inputs: Vec<serde_json::Value> = blobs.map(|file| serde_json::json!({ "blob": file })).collect();
    let stage = serde_json::json!({ "program": "generation.quern", "tasks": 1, "shard_size": 1, "inputs": inputs });
    let json = serde_json::json!({ "memory_mib": job.spec.requirements.memory_mib, "stages": [stage] });
    Ok(vec![
        ("generation.quern", program.program().encode()),
        ("prompt.bin", prompt.clone()),
        (JOB, serde_json::to_vec_pretty(&json)?),
    ])
}

fn text(report: &Report) -> String {
    let mut table = output::plain_table();
    let rows = [
        ("family", report.family.clone()),
        ("parameters", report.parameters.to_string()),
        ("weights", output::bytes(report.weights_bytes)),
        ("work of a task", output::macs(report.task_macs.0)),
        ("memory of a worker", format!("{} MiB", report.memory_mib)),
        ("calibrated on", format!("{} samples", report.calibration_samples)),
    ];
    for (name, value) in rows.into_iter().chain(report.fidelity.rows()) {
        table.add_row([name.to_owned(), value]);
    }
    let files: Vec<String> = report.files.iter().map(|file| format!("\n{} is written", file.display())).collect();
    format!("{table}{}", files.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn import(args: &ImportArgs) -> anyhow::Result<Report> {
        super::import(args, &Output { json: true })
    }
    use crate::args::ModelTextArgs;
    use quern_primitives::job::Input;

    /// The trained model of the repository.
    fn opticks() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/opticks-llama")
    }

    fn args(model: PathBuf, out: &Path) -> ImportArgs {
        ImportArgs {
            model,
            calibration: None,
            out: Some(out.to_owned()),
            images: None,
            images_per_task: None,
            max_memory_mib: 8_192,
            positions: Some(40),
        }
    }

    #[test]
    fn trained_model_should_be_imported_write_and_make_a_job_that_can_be_submitted() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("opticks.quern");
        let report = import(&args(opticks(), &out)).unwrap();
        let fidelity = report.fidelity;
        assert_eq!((report.family.as_str(), report.parameters), ("llama", 36_864 + 5 * 32));
        assert!(fidelity.top1_agreement > 0.93, "{fidelity:?}");
        let perplexities = fidelity.perplexity_exact.unwrap() / fidelity.perplexity_f32.unwrap();
        assert!((perplexities - 1.0).abs() < 0.01, "{fidelity:?}");
        // It has learned: a byte drawn evenly from 93 would have a perplexity of 93.
        assert!(fidelity.perplexity_f32.unwrap() < 15.0, "{fidelity:?}");
        assert!(text(&report).contains("same likeliest"));
        let written = std::fs::read(out.join("report.json")).unwrap();
        let written: serde_json::Value = serde_json::from_slice(&written).unwrap();
        assert_eq!(written["task_macs"], report.task_macs.to_string());

        let asked = ModelTextArgs {
            model: out.clone(),
            prompt: "The Rays of ".into(),
            writing: WritingArgs { tokens: Some(20), temperature: None, top_k: 40 },
        };
        let run = |text: ModelTextArgs, seed| write_here(&ModelRunArgs { text, seed });
        let written = run(asked.clone(), 0).unwrap();
        assert_eq!(written.text.chars().count(), 20, "{}", written.text);
        let with = |writing| ModelTextArgs { writing, ..asked.clone() };
        let all = run(with(WritingArgs { tokens: None, ..asked.writing.clone() }), 0).unwrap();
        let drawn = |temperature, top_k, seed| {
            let writing = WritingArgs { temperature: Some(temperature), top_k, ..asked.writing.clone() };
            run(with(writing), seed).map(|drawn| drawn.text)
        };
        assert_eq!(drawn(1.0, 1, 7).unwrap(), written.text, "of one there is nothing to draw");
        assert_eq!(drawn(1.0, 40, 7).unwrap(), drawn(1.0, 40, 7).unwrap());
        assert_ne!(drawn(1.0, 40, 7).unwrap(), drawn(1.0, 40, 8).unwrap());
        for temperature in [0.0, -1.0, 0.01, 1_000.0, f64::NAN] {
            assert!(drawn(temperature, 40, 7).unwrap_err().to_string().contains("at least 1/16"), "{temperature}");
        }
        assert!(drawn(1.0, 0, 7).unwrap_err().to_string().contains("nothing to draw from"));
        let error = run(with(WritingArgs { tokens: Some(29), ..asked.writing.clone() }), 0).unwrap_err().to_string();
        assert!(error.contains("room for 28") && error.contains("texts of 40 tokens"), "{error}");
        assert_eq!(all.text.chars().count(), 40 - 12, "as many as there are positions for: {}", all.text);

        let long = ModelTextArgs { prompt: "The Rays of ".repeat(4), ..asked.clone() };
        let error = run(long, 0).unwrap_err().to_string();
        assert!(error.contains("the prompt is too long") && error.contains("--positions"), "{error}");

        let model = ExactLlama::open(&out).unwrap();
        for bytes in [&b""[..], b"abc", b"{\"format\": ", &[0; 4 * 41], &[0xff; 4]] {
            let error = model.text(bytes).unwrap_err().to_string();
            assert!(error.contains("no output of a job of this model"), "{error}");
        }

        let job_args = ModelJobArgs { text: asked.clone(), name: "job".into() };
        let job = write_job(&job_args).unwrap();
        let read = crate::job::spec::read(&job.job).unwrap();
        let built = ExactLlama::open(&out).unwrap().job(&asked.prompt, 20, None, &Terms::default()).unwrap();
        assert_eq!(read.spec.stages, built.spec.stages);
        assert_eq!((read.spec.requirements, read.programs), (built.spec.requirements, built.programs));
        assert!(read.spec.stages[0].inputs.iter().all(|input| matches!(input, Input::Blob(_))));
        assert!(write_job(&job_args).is_err(), "a job is not overwritten");
        let elsewhere = ModelJobArgs { name: "../job".into(), ..job_args };
        assert!(write_job(&elsewhere).unwrap_err().to_string().contains("not the name"));
    }

    #[test]
    fn classifier_should_be_refused_with_what_runs_it_when_it_is_to_write() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("import.json"), "{}").unwrap();
        let error = language_model(folder.path()).unwrap_err().to_string();
        assert!(error.contains("classifies images, and writes no text: `quern model submit "), "{error}");
    }

    #[test]
    fn nothing_should_be_written_when_an_import_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        let error = import(&args(folder.path().join("nothing"), &out)).unwrap_err().to_string();
        assert!(error.contains("neither a folder"), "{error}");
        let error = import(&args(folder.path().to_owned(), &out)).unwrap_err().to_string();
        assert!(error.contains("config.json is missing"), "{error}");
        let short = folder.path().join("short.txt");
        std::fs::write(&short, "too short").unwrap();
        let few = ImportArgs { calibration: Some(short), ..args(opticks(), &out) };
        assert!(import(&few).unwrap_err().to_string().contains("give a longer text"));
        let pictures = ImportArgs { images: Some("images.npy".into()), ..args(opticks(), &out) };
        assert!(import(&pictures).unwrap_err().to_string().contains("is a language model: it reads no --images"));
        let network = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/digits/cnn.onnx");
        let error = import(&args(network, &out)).unwrap_err().to_string();
        assert!(error.contains("classifies images: it has no --positions"), "{error}");
        let deep = ImportArgs { max_memory_mib: 1, ..args(opticks(), &out) };
        assert!(import(&deep).unwrap_err().to_string().contains("more than 1"));
        assert!(!out.exists());
        std::fs::create_dir(&out).unwrap();
        assert!(import(&args(opticks(), &out)).unwrap_err().to_string().contains("exists"));
    }
}

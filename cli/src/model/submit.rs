// SPDX-License-Identifier: Apache-2.0
//! `quern model submit`: a job of an imported model, from the quote to what comes of it.

use super::{job_files, job_of, new_folder, onnx, Files, JOB};
use crate::{
    args::{Global, ModelSubmitArgs},
    exit,
    job::{self, receipt::RECEIPT, spec, watch, Offered, Published, Unfit},
    output::{self, Output},
};
use anyhow::{bail, ensure, Context};
use quern_primitives::JobId;
use quern_protocol::view::JobStatus;
use quern_sdk::{chain::json::Big, import::llama::ExactLlama};
use serde::Serialize;
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

/// What an imported model is asked for.
enum Asked {
    /// To go on with a prompt.
    Text { model: Box<ExactLlama>, prompt: String },
    /// To classify so many images.
    Classes { images: usize, is_wide: bool },
}

/// What came of it.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
enum Result {
    Text { prompt: String, text: String },
    Classes { classes: Vec<u16> },
}

#[derive(Serialize)]
struct Done {
    job: JobId,
    #[serde(flatten)]
    result: Result,
    paid: Big,
    /// What is held until the challenge windows of its shards close.
    held: Big,
    /// What is held for the program where this published it, until it is retired.
    deposit: Big,
    /// The program that this published; none where it was on chain before.
    program: Option<String>,
    /// Stages of the job whose results were overturned, or stand on such results.
    tainted: Vec<u16>,
    /// Of the job, the outputs and the receipt.
    folder: PathBuf,
    receipt: PathBuf,
}

impl Done {
    /// For people.
    fn told(&self) -> String {
        format!("{}{}", self.result.told(), watch::tainted(&self.tainted))
    }
}

pub async fn run(global: &Global, args: ModelSubmitArgs) -> anyhow::Result<ExitCode> {
    let output = Output { json: global.json };
    let (asked, files) = prepare(&args)?;
    // The job's files are there before money is held, so that it can be resumed.
    let folder = new_folder(&args.model, &name_of(&args)?, &files)?;
    let offered = match offer(global, &output, &args, &folder).await {
        Ok(Some(offered)) => offered,
        Ok(None) => {
            clear(&folder, None);
            return Ok(ExitCode::SUCCESS);
        }
        Err(error) => {
            let kept = clear(&folder, Some(&error));
            let file = folder.join(JOB);
            return Err(if kept { error.context(format!("the job is kept in {}", file.display())) } else { error });
        }
    };
    let file = folder.join(JOB);
    output.say(format_args!("the job is in {}, for `quern job resume`", file.display()));
    let done = offered.follow(&output).await?;
    if !matches!(done.status, JobStatus::Completed { .. }) {
        let code = watch::finish(&output, &done)?;
        offered.published.iter().for_each(|published| output.say(held_for(published)));
        return Ok(code);
    }
    output.say("complete; fetching what came of it");
    let fetched = job::fetch_when_served(&offered.chain, &done, &[0], &folder).await.map(|receipt| receipt.outputs);
    let mut outputs = fetched.with_context(|| {
        let (id, folder) = (offered.id, folder.display());
        format!(
            "the outputs of job {id} are not served yet: fetch them later with `quern job fetch {id} --out {folder}`"
        )
    })?;
    outputs.sort_by_key(|output| output.task);
    let outputs = outputs.iter().map(|output| std::fs::read(folder.join(&output.file)));
    let result = asked.result(&outputs.collect::<std::io::Result<Vec<_>>>()?)?;
    let receipt = folder.join(RECEIPT);
    let next = format!("quern job verify {} --inputs {}", receipt.display(), file.display());
    // Only a word beside what was paid for: a node that does not say it fails nothing.
    let shards = job::results::all_shards(&offered.chain, offered.id, 0).await.unwrap_or_default();
    let closes = shards.iter().filter_map(|shard| Some(shard.window()?.closes)).max();
    match watch::held(&done, closes) {
        Some(held) => output.say(format_args!("paid {} so far; {held}", output::qrn(done.spent))),
        None => output.say(format_args!("paid {}", output::qrn(done.spent))),
    }
    offered.published.iter().for_each(|published| output.say(held_for(published)));
    output.say(format_args!("run it again here with: {next}"));
    let (paid, held) = (Big(done.spent), Big(done.escrow_left));
    // A model is one program.
    let deposit = Big(offered.published.iter().map(|published| published.deposit).sum());
    let program = offered.published.first().map(|published| output::full(&published.program.0));
    let done = Done { job: offered.id, result, paid, held, deposit, program, tainted: done.tainted, folder, receipt };
    output.result(&done, done.told())?;
    offered.end(&output, args.offer.keep).await?;
    Ok(exit::unless_tainted(&done.tainted))
}

/// What stays held for a program that was published, and how it comes back.
fn held_for(published: &Published) -> String {
    let (deposit, program) = (output::qrn(published.deposit), output::full(&published.program.0));
    // The chain keeps a job, which uses its programs, so long.
    format!(
        "{deposit} stay held for the program {program}; `quern program retire {program}` gives them back 3,600 blocks (an hour, at a \
         block a second) after the job closes"
    )
}

/// Removes the folder of a job that is not on chain: it is new, and nothing that was paid for needs it. Says whether it is kept, because
/// the job may be there.
fn clear(folder: &Path, failure: Option<&anyhow::Error>) -> bool {
    let is_kept = failure.is_some_and(job::is_in_doubt);
    if !is_kept {
        let _ = std::fs::remove_dir_all(folder);
    }
    is_kept
}

/// Offers the job of a folder, where its workers fit the model.
async fn offer(
    global: &Global,
    output: &Output,
    args: &ModelSubmitArgs,
    folder: &Path,
) -> anyhow::Result<Option<Offered>> {
    let job = spec::read(&folder.join(JOB))?;
    let needed = job.spec.requirements.memory_mib;
    if let Some(least) = args.offer.terms.min_memory.filter(|least| *least < needed) {
        bail!("--min-memory is {least}: a worker needs {needed} MiB for this model");
    }
    job::offer(global, output, job, &args.offer, Unfit::Refuse).await
}

/// What the model is asked for, if it can do that, and names and bytes of the job's files. Nothing was written or paid.
fn prepare(args: &ModelSubmitArgs) -> anyhow::Result<(Asked, Files)> {
    if onnx::is_imported(&args.model) {
        ensure!(args.prompt.is_none(), "{} classifies images: it reads no --prompt", args.model.display());
        let onnx::Job { files, images, is_wide } = onnx::job(&args.model, args.images.as_deref())?;
        return Ok((Asked::Classes { images, is_wide }, files));
    }
    let model = ExactLlama::open(&args.model)?;
    ensure!(args.images.is_none(), "{} is a language model: it reads no --images", args.model.display());
    let prompt = args.prompt.clone().context("say with --prompt what the model goes on from")?;
    let files = job_files(&model, &job_of(&model, &prompt, &args.writing)?)?;
    Ok((Asked::Text { model: Box::new(model), prompt }, files))
}

/// The name of the folder, or the first one that is free.
fn name_of(args: &ModelSubmitArgs) -> anyhow::Result<String> {
    let free = |name: &String| !args.model.join(name).exists();
    let first = || (1u32..=u32::MAX).map(|number| format!("run-{number}")).find(free);
    args.name.clone().or_else(first).context("there is no name left for a folder: say --name")
}

impl Asked {
    /// What the outputs of the job's tasks, in their order, say.
    fn result(&self, outputs: &[Vec<u8>]) -> anyhow::Result<Result> {
        Ok(match self {
            Self::Text { model, prompt } => {
                let bytes = outputs.first().context("the job has no output")?;
                Result::Text { prompt: prompt.clone(), text: model.text(bytes)? }
            }
            Self::Classes { images, is_wide } => {
                let bytes = outputs.concat();
                let mut classes: Vec<u16> = match is_wide {
                    true => bytes.as_chunks().0.iter().map(|class| u16::from_le_bytes(*class)).collect(),
                    false => bytes.iter().copied().map(u16::from).collect(),
                };
                ensure!(classes.len() >= *images, "there are {} classes for {images} images", classes.len());
                classes.truncate(*images);
                Result::Classes { classes }
            }
        })
    }
}

impl Result {
    /// For people.
    fn told(&self) -> String {
        match self {
            Self::Text { prompt, text } => format!("{prompt}{text}"),
            Self::Classes { classes } => {
                let line = |line: &[u16]| line.iter().map(u16::to_string).collect::<Vec<_>>().join(" ");
                let lines: Vec<String> = classes.chunks(20).map(line).collect();
                format!("the classes of {} images, in their order:\n{}", classes.len(), lines.join("\n"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Cli, Command, ModelCommand};
    use clap::Parser;
    use quern_sdk::chain::ChainError;

    fn args(line: &str) -> ModelSubmitArgs {
        match Cli::try_parse_from(line.split(' ')).unwrap().command {
            Command::Model(ModelCommand::Submit(args)) => args,
            command => panic!("{command:?}"),
        }
    }

    #[test]
    fn classes_should_be_those_of_the_images_when_the_last_task_was_filled_up() {
        let narrow = Asked::Classes { images: 5, is_wide: false };
        assert_eq!(
            narrow.result(&[vec![1, 2, 3], vec![4, 5, 9]]).unwrap(),
            Result::Classes { classes: vec![1, 2, 3, 4, 5] }
        );
        let wide = Asked::Classes { images: 1, is_wide: true };
        assert_eq!(wide.result(&[vec![0x2c, 1, 0, 0]]).unwrap(), Result::Classes { classes: vec![300] });
        assert!(narrow.result(&[vec![1, 2, 3]]).unwrap_err().to_string().contains("3 classes for 5 images"));
        let told = Result::Classes { classes: (0..21).collect() }.told();
        assert!(told.starts_with("the classes of 21 images") && told.ends_with("18 19\n20"), "{told}");
    }

    #[test]
    fn result_should_be_told_as_tainted_when_it_is() {
        let done = |tainted: &[u16]| Done {
            job: 7,
            result: Result::Text { prompt: "The".into(), text: " end".into() },
            paid: Big(1),
            held: Big(2),
            deposit: Big(3),
            program: Some("0xab".into()),
            tainted: tainted.to_vec(),
            folder: "run-1".into(),
            receipt: "run-1/receipt.json".into(),
        };
        assert_eq!(done(&[]).told(), "The end");
        assert!(done(&[0]).told().starts_with("The end\nTAINTED: results of the stages [0]"));
        assert_eq!(serde_json::to_value(done(&[0])).unwrap()["tainted"], serde_json::json!([0]));
        let text = serde_json::to_string(&done(&[])).unwrap();
        assert!(text.contains(r#""deposit":"3","program":"0xab""#), "{text}");
    }

    #[test]
    fn deposit_of_the_program_should_be_told_with_how_it_comes_back_when_it_was_published() {
        let program = quern_primitives::BlobId([0xab; 32]);
        let told = held_for(&Published { program, deposit: 3 * quern_primitives::QRN });
        let id = output::full(&program.0);
        assert!(told.starts_with(&format!("3 QRN stay held for the program {id};")), "{told}");
        assert!(told.contains(&format!("`quern program retire {id}` gives them back")), "{told}");
    }

    #[test]
    fn folder_should_be_kept_when_the_job_may_be_on_chain() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("run-1");
        let cleared = |failure: Option<ChainError>| {
            std::fs::create_dir_all(&folder).unwrap();
            let failure = failure.map(|failure| anyhow::Error::from(failure).context("the job"));
            (clear(&folder, failure.as_ref()), folder.exists())
        };
        assert_eq!(cleared(Some(ChainError::Unsettled("timed out".into()))), (true, true));
        assert_eq!(cleared(Some(ChainError::Refused("no".into()))), (false, false));
        assert_eq!(cleared(None), (false, false), "only the quote was asked for");
    }

    #[test]
    fn folder_should_have_the_next_free_name_when_none_is_given() {
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().display();
        let unnamed = args(&format!("quern model submit {model} --prompt The"));
        assert_eq!(name_of(&unnamed).unwrap(), "run-1");
        std::fs::create_dir(folder.path().join("run-1")).unwrap();
        assert_eq!(name_of(&unnamed).unwrap(), "run-2");
        let named = args(&format!("quern model submit {model} --prompt The --name answer"));
        assert_eq!(name_of(&named).unwrap(), "answer");
    }

    #[test]
    fn model_should_be_refused_when_it_is_none_or_reads_something_else() {
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().display();
        let refused =
            |rest: &str| prepare(&args(&format!("quern model submit {model}{rest}"))).err().unwrap().to_string();
        assert!(refused(" --prompt The").contains("model.json is missing"));
        std::fs::write(folder.path().join("import.json"), "{}").unwrap();
        assert!(refused(" --prompt The").contains("classifies images: it reads no --prompt"));
        assert!(refused("").contains("import.json is not what an import writes"));
    }
}

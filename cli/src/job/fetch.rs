// SPDX-License-Identifier: Apache-2.0
//! `quern job fetch`: outputs with a receipt.

use super::{
    receipt::{Receipt, ReceiptOutput, FORMAT, RECEIPT},
    results::{Results, Roots},
};
use crate::{
    args::{FetchArgs, Global},
    client, exit,
    output::{self, Output},
};
use anyhow::Context;
use quern_primitives::ShardId;
use quern_protocol::view::JobView;
use quern_sdk::{chain::Chain, net::MemoryStore};
use serde::Serialize;
use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

/// How long outputs are waited for that nobody serves yet.
const SERVED: Duration = Duration::from_secs(180);

/// What was fetched, and which of it is worth nothing.
#[derive(Serialize)]
struct Fetched<'a> {
    #[serde(flatten)]
    receipt: &'a Receipt,
    /// Stages of it whose results were overturned, or stand on such results.
    tainted: &'a [u16],
}

pub async fn run(global: &Global, args: FetchArgs) -> anyhow::Result<ExitCode> {
    let chain = client::connect(global).await?;
    let output = Output { json: global.json };
    let job = client::job(&chain, args.id).await?;
    let last = (job.stages.len() as u16).saturating_sub(1);
    let stages: Vec<u16> = match (args.all, args.stage.is_empty()) {
        (true, _) => (0..=last).collect(),
        (false, true) => vec![last],
        (false, false) => args.stage.clone(),
    };
    let receipt = fetch(&chain, &job, &stages, &args.out).await?;
    let path = args.out.join(RECEIPT);
    let total: u64 = receipt.outputs.iter().map(|output| output.len).sum();
    let tainted = of_these(&chain.tainted_stages(job.id).await?, &stages);
    let mut text = format!(
        "{} outputs ({}) in {}, each proven against the job's root\nnext: quern job verify {}",
        receipt.outputs.len(),
        output::bytes(total),
        args.out.display(),
        path.display()
    );
    if !tainted.is_empty() {
        text.push_str(&format!(
            "\nTAINTED: results of the stages {tainted:?} were overturned or stand on such results: use none of them"
        ));
    }
    output.result(&Fetched { receipt: &receipt, tainted: &tainted }, text)?;
    Ok(exit::unless_tainted(&tainted))
}

/// Fetches what some stages of a completed job put out into a folder, with a receipt.
pub async fn fetch(chain: &Chain, job: &JobView, stages: &[u16], out: &Path) -> anyhow::Result<Receipt> {
    let roots = Roots::read(chain, job).await?;
    let peer = client::peer(client::ANY, &[], MemoryStore::default()).await?;
    let mut results = Results::new(chain, &peer);
    let mut outputs = Vec::new();
    for stage in stages.iter().copied() {
        let progress = job.stages.get(usize::from(stage)).with_context(|| format!("the job has no stage {stage}"))?;
        let folder = PathBuf::from(format!("stage-{stage}"));
        let path = out.join(&folder);
        fs::create_dir_all(&path).with_context(|| format!("the folder {} cannot be made", path.display()))?;
        for index in 0..progress.shards {
            let shard = ShardId { job: job.id, stage, index };
            let accepted = results.shard(shard).await?.view.shard.clone();
            for task in accepted.first_task..accepted.first_task.saturating_add(accepted.tasks) {
                let bytes = results.output(shard, task).await?;
                let proof = results.path(&roots, shard, task).await?;
                // What is written was checked as a stranger would check it.
                proof.verify(&roots.job)?;
                let file = folder.join(format!("task-{task}.bin"));
                write_whole(&out.join(&file), &bytes)?;
                outputs.push(ReceiptOutput::new(stage, task, bytes.len() as u64, file, &proof));
            }
        }
    }
    peer.shutdown().await;
    let receipt = Receipt {
        format: FORMAT.into(),
        genesis: output::full(&chain.genesis()),
        job: job.id,
        root: output::full(&roots.job.0),
        outputs,
    };
    let path = out.join(RECEIPT);
    let text = serde_json::to_string_pretty(&receipt)?;
    write_whole(&path, text.as_bytes())?;
    Ok(receipt)
}

/// Writes a file beside its place first, so that it is whole or not there.
fn write_whole(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let written = fs::write(&part, bytes).and_then(|()| fs::rename(&part, path));
    written.map_err(|error| {
        // What is left of it is of no use to anybody; that it cannot be removed changes nothing.
        let _ = fs::remove_file(&part);
        output::unwritten(path, error.into())
    })
}

/// The same as soon as everything is served: workers serve a result to everybody once its acceptance is final.
pub async fn fetch_when_served(chain: &Chain, job: &JobView, stages: &[u16], out: &Path) -> anyhow::Result<Receipt> {
    client::until(SERVED, || async {
        match fetch(chain, job, stages, out).await {
            Ok(receipt) => Ok(Ok(receipt)),
            Err(error) => Ok(Err(format!("{error:#}"))),
        }
    })
    .await
}

/// The tainted stages among these.
pub(super) fn of_these(tainted: &[u16], stages: &[u16]) -> Vec<u16> {
    tainted.iter().filter(|stage| stages.contains(stage)).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_should_be_whole_or_not_there_when_it_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("task-0.bin");
        write_whole(&path, b"first").unwrap();
        write_whole(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        // A folder cannot be replaced by a file.
        let taken = folder.path().join("taken");
        fs::create_dir(&taken).unwrap();
        let error = write_whole(&taken, b"third").unwrap_err().to_string();
        assert!(error.contains(&taken.display().to_string()), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing else is left");
    }
}

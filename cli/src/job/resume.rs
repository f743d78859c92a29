// SPDX-License-Identifier: Apache-2.0
//! `quern job resume`.

use super::{submit, watch};
use crate::{
    args::{Global, ResumeArgs},
    client,
    output::{self, Output},
};
use anyhow::{ensure, Context};
use quern_primitives::{job::Endpoint, Account};
use quern_protocol::view::{JobStatus, JobView};
use quern_sdk::{
    chain::{
        calls,
        json::{self, Big},
    },
    net::{MemoryStore, Peer},
};
use serde::Serialize;
use std::process::ExitCode;

#[derive(Serialize)]
struct Resumed {
    job: u64,
    held: Big,
}

pub async fn run(global: &Global, args: ResumeArgs) -> anyhow::Result<ExitCode> {
    let output = Output { json: global.json };
    let keys = client::keys(global)?;
    let serves = args.spec.is_some() || args.task.is_some();
    // Whatever is wrong with the file, or with how it is served, is told at once, not when it is needed.
    let served = match serves {
        true => Some(serve(global, &args).await?),
        false => None,
    };
    let mut chain = client::connect(global).await?;
    let mut job = chain.job(args.id).await?.with_context(|| format!("job {} is not on chain", args.id))?;
    check(&job, &keys.account(), serves)?;
    if !is_paused(&job) {
        output.say(format_args!(
            "job {} is {}: it goes on without its inputs until somebody misses them, and is resumed with them then",
            args.id,
            json::status(&job.status)
        ));
        job = tokio::select! {
            job = watch::follow_to_pause(&chain, args.id, &output) => job?,
            _ = tokio::signal::ctrl_c() => anyhow::bail!("job {} goes on without its inputs", args.id),
        };
        if !is_paused(&job) {
            return watch::finish(&output, &job);
        }
        chain = client::connect(global).await?;
    }
    let held = job.unfunded;
    let what = format!("Hold {} anew, for work that was paid and has to be done again?", output::qrn(held));
    if held > 0 && !args.yes && !output.confirm(&what)? {
        anyhow::bail!("job {} is still paused", args.id);
    }
    let resumed = Resumed { job: args.id, held: Big(held) };
    let signer = client::Signer::new(global, &chain, keys);
    let text = format!("job {} is resumed, and {} held anew", args.id, output::qrn(held));
    let Some((peer, endpoints)) = served else {
        signer.send_and_wait(&calls::resume_job(args.id, None)).await?;
        output
            .result(&resumed, format_args!("{text}; it counts on its endpoints, which must serve the inputs again"))?;
        return Ok(ExitCode::SUCCESS);
    };
    signer.send_and_wait(&calls::resume_job(args.id, Some(endpoints))).await?;
    output.say(format_args!("{text}; serving its inputs until it is over"));
    let done = tokio::select! {
        done = watch::follow(&chain, args.id, &output) => done?,
        _ = tokio::signal::ctrl_c() => anyhow::bail!("job {} goes on without its inputs", args.id),
    };
    let code = watch::finish(&output, &done)?;
    peer.shutdown().await;
    Ok(code)
}

/// Serves the job's inputs, and says where: at the endpoints of its file, if that names some.
async fn serve(global: &Global, args: &ResumeArgs) -> anyhow::Result<(Peer, Vec<Endpoint>)> {
    let built = submit::build(args.spec.as_deref(), args.task, args.checkpoint.as_deref(), args.rounds)?;
    let peer = client::peer(args.listen, &args.announce, MemoryStore::default()).await?;
    submit::serve_blobs(&peer, &built).await?;
    if !built.spec.endpoints.is_empty() {
        return Ok((peer, built.spec.endpoints.into_inner()));
    }
    client::check_reach(&global.rpc, &peer.endpoint())?;
    let endpoint = peer.endpoint();
    Ok((peer, vec![endpoint]))
}

fn is_paused(job: &JobView) -> bool {
    matches!(job.status, JobStatus::Paused { .. })
}

/// Why the job cannot be resumed by this account, if it cannot. One that is not paused yet can be where its inputs are here.
fn check(job: &JobView, caller: &Account, serves: bool) -> anyhow::Result<()> {
    let (id, status) = (job.id, json::status(&job.status));
    ensure!(job.status.is_open(), "job {id} is {status}: there is nothing to resume");
    ensure!(
        is_paused(job) || serves,
        "job {id} is {status}, not paused: name the file or --task that it was submitted with, and it is resumed when somebody \
         misses its inputs"
    );
    ensure!(
        job.requester == *caller,
        "only its requester, {}, can resume job {}",
        output::address(&job.requester),
        job.id
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        args::{Cli, Command, JobCommand},
        job::testing,
    };
    use clap::Parser;
    use quern_primitives::ShardId;

    fn job(status: JobStatus) -> JobView {
        JobView { pauses: 1, ..testing::job(status) }
    }

    #[tokio::test]
    async fn user_should_be_told_that_nobody_can_fetch_the_inputs_before_anything_is_waited_for() {
        // Nothing answers there, nor is it asked.
        let line =
            "quern job resume 7 --task digits-train --listen 127.0.0.1:0 --suri //Alice --rpc ws://node.invalid:1";
        let Cli { global, command, .. } = Cli::try_parse_from(line.split(' ')).unwrap();
        let Command::Job(JobCommand::Resume(args)) = command else { panic!("{command:?}") };
        let refused = run(&global, args).await.unwrap_err().to_string();
        assert!(refused.starts_with("workers on other machines cannot fetch the inputs from 127.0.0.1:"), "{refused}");
    }

    #[test]
    fn only_its_requester_should_resume_a_job_and_without_its_inputs_only_when_it_is_paused() {
        let paused = job(JobStatus::Paused { shard: ShardId { job: 7, stage: 0, index: 1 }, until: 50 });
        assert!(check(&paused, &[1; 32], false).is_ok());
        assert!(check(&paused, &[2; 32], false).unwrap_err().to_string().contains("only its requester"));
        let running = check(&job(JobStatus::Running), &[1; 32], false).unwrap_err().to_string();
        assert!(running.contains("job 7 is running, not paused: name the file"), "{running}");
    }

    #[test]
    fn running_job_should_be_resumed_later_when_its_inputs_are_here_and_a_job_that_is_over_never() {
        for status in [JobStatus::Running, JobStatus::Waiting] {
            assert!(check(&job(status), &[1; 32], true).is_ok());
            assert!(check(&job(status), &[2; 32], true).unwrap_err().to_string().contains("only its requester"));
        }
        let over = check(&job(JobStatus::Failed), &[1; 32], true).unwrap_err().to_string();
        assert_eq!(over, "job 7 is failed: there is nothing to resume");
    }
}

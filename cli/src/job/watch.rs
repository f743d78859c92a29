// SPDX-License-Identifier: Apache-2.0
//! `quern job watch`: follow a job block by block.

use super::{auditors, list::shards};
use crate::{
    args::{Global, JobArgs},
    client,
    output::{self, Output},
};
use futures::StreamExt;
use quern_primitives::{Height, JobId};
use quern_protocol::view::{JobFailure, JobStatus, JobView, PhaseCounts};
use quern_sdk::chain::{
    json::{self, status},
    Chain, ChainError,
};
use std::process::ExitCode;

/// Follows a job until it is over.
pub async fn run(global: &Global, args: JobArgs) -> anyhow::Result<ExitCode> {
    let chain = client::connect(global).await?;
    let output = Output { json: global.json };
    let job = follow(&chain, args.id, &output).await?;
    finish(&output, &job)
}

/// Shows the job's progress until it is over. Where the node goes away, it waits and connects again.
pub async fn follow(chain: &Chain, id: JobId, output: &Output) -> anyhow::Result<JobView> {
    follow_until(chain, id, output, |status| !status.is_open()).await
}

/// Shows the job's progress until it is paused or over. Where the node goes away, it waits and connects again.
pub async fn follow_to_pause(chain: &Chain, id: JobId, output: &Output) -> anyhow::Result<JobView> {
    follow_until(chain, id, output, |status| !status.is_open() || matches!(status, JobStatus::Paused { .. })).await
}

async fn follow_until(
    chain: &Chain,
    id: JobId,
    output: &Output,
    is_reached: impl Fn(&JobStatus) -> bool,
) -> anyhow::Result<JobView> {
    let identity = client::Identity::of(chain).await;
    let mut shown = String::new();
    client::over_again(
        chain.clone(),
        async |chain| progress(chain, id, output, &mut shown, &is_reached).await,
        async |error| output.say(format_args!("{error}: waiting until it is back")),
        async || client::connect_again(&identity, chain.url()).await,
    )
    .await
}

/// Shows the job's progress until its status is the one that is waited for, or the connection is lost.
async fn progress(
    chain: &Chain,
    id: JobId,
    output: &Output,
    shown: &mut String,
    is_reached: &impl Fn(&JobStatus) -> bool,
) -> anyhow::Result<JobView> {
    let mut heads = chain.heads().await?;
    loop {
        let head = heads.next().await.ok_or(ChainError::Closed)??;
        let job = client::job(chain, id).await?;
        let mut line = line(&job);
        if let Some(missing) = auditors::missing(chain, &job).await? {
            line.push_str(&format!(" ({missing})"));
        }
        if line != *shown {
            output.say(format_args!("block {}: {line}", head.height));
            *shown = line;
        }
        if is_reached(&job.status) {
            return Ok(job);
        }
    }
}

/// Prints a job that is over.
pub fn finish(output: &Output, job: &JobView) -> anyhow::Result<ExitCode> {
    let root = output::full_or_dash(job.root.as_ref());
    let completed = matches!(job.status, JobStatus::Completed { .. });
    let mut text = format!("job {} {}: paid {}, root {root}", job.id, status(&job.status), output::qrn(job.spent));
    if let Some(held) = held(job, None) {
        text.push_str(&format!("\n{held}"));
    }
    text.push_str(&tainted(&job.tainted));
    if let Some(failure) = job.failure {
        text.push_str(&format!("\n{}", why(&failure)));
    }
    if completed {
        text.push_str(&format!("\nnext: quern job fetch {} --out results", job.id));
    }
    output.result(&json::Job::from(job), text)?;
    Ok(code(job))
}

/// What is still held for a job's shards, and until when: the block, where it is known.
pub fn held(job: &JobView, closes: Option<Height>) -> Option<String> {
    let until =
        closes.map_or("until it closes".into(), |closes| format!("until it closes (at block {closes} or later)"));
    (job.maturing > 0).then(|| {
        format!(
            "{} still in the challenge window; {} held {until}: then what was delivered is paid, and the rest comes back",
            output::count(job.maturing.into(), "shard"),
            output::qrn(job.escrow_left)
        )
    })
}

/// What is told of tainted stages, in a line of its own; nothing where there are none.
pub fn tainted(stages: &[u16]) -> String {
    match stages {
        [] => String::new(),
        _ => format!("\nTAINTED: results of the stages {stages:?} were overturned or stand on such results"),
    }
}

/// How a job that is over ended, for scripts.
fn code(job: &JobView) -> ExitCode {
    match job.status {
        JobStatus::Completed { .. } => crate::exit::unless_tainted(&job.tainted),
        _ => ExitCode::from(crate::exit::ERROR),
    }
}

/// How far a job is, in a line.
pub fn line(job: &JobView) -> String {
    let (accepted, all) = shards(job);
    let done = job.stages.iter().filter(|stage| stage.root.is_some()).count();
    let phases = phases(&job.stages.iter().map(|stage| stage.phases).collect::<Vec<_>>());
    let separator = if phases.is_empty() { "" } else { ": " };
    let line = format!(
        "{}, {done}/{} stages, {accepted}/{all} shards{separator}{phases}",
        status(&job.status),
        job.stages.len()
    );
    match job.status {
        JobStatus::Paused { shard, until } => format!(
            "{line}; nobody can fetch the inputs of shard {shard}: serve them again and `quern job resume {}` until block {until}, or it \
             fails",
            job.id
        ),
        _ => line,
    }
}

/// Why a job failed, in words.
pub fn why(failure: &JobFailure) -> &'static str {
    match failure {
        JobFailure::NoWorker => "a shard found no worker, or came back too often: is the bid high enough?",
        JobFailure::InputsUnavailable => {
            "nobody could fetch its inputs, which validators confirmed, and they were not served again in time, or too often not"
        }
        JobFailure::Overturned => "a result was overturned after others had been computed from it",
    }
}

/// Shards that are under way, by phase.
pub fn phases(stages: &[PhaseCounts]) -> String {
    let count = |of: fn(&PhaseCounts) -> u32| stages.iter().map(of).sum::<u32>();
    let counts = [
        ("queued", count(|phases| phases.queued)),
        ("assigned", count(|phases| phases.assigned)),
        ("running", count(|phases| phases.running)),
        ("committed", count(|phases| phases.committed)),
        ("opening", count(|phases| phases.opening)),
        ("auditing", count(|phases| phases.auditing)),
        ("revealing", count(|phases| phases.revealing)),
        ("comparing", count(|phases| phases.comparing)),
        ("DISPUTED", count(|phases| phases.disputed)),
        ("with inputs in doubt", count(|phases| phases.doubted)),
    ];
    let present = counts.into_iter().filter(|(_, count)| *count > 0);
    present.map(|(name, count)| format!("{count} {name}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::testing;

    fn job(status: JobStatus, tainted: Vec<u16>) -> JobView {
        JobView { tainted, ..testing::job(status) }
    }

    #[test]
    fn scripts_should_learn_of_tainted_results_by_the_exit_code() {
        let told = |status, tainted: &[u16]| format!("{:?}", code(&job(status, tainted.to_vec())));
        let expected = |code: u8| format!("{:?}", ExitCode::from(code));
        let completed = JobStatus::Completed { root: quern_primitives::BlobId([9; 32]) };
        assert_eq!(told(completed, &[]), expected(0));
        assert_eq!(told(completed, &[1]), expected(crate::exit::TAINTED));
        assert_eq!(told(JobStatus::Running, &[1]), expected(crate::exit::ERROR));
    }

    #[test]
    fn held_money_should_be_told_with_when_it_is_paid_while_a_challenge_window_is_open() {
        let completed = JobStatus::Completed { root: quern_primitives::BlobId([9; 32]) };
        let job = JobView { maturing: 1, escrow_left: 3 * quern_primitives::QRN, ..job(completed, Vec::new()) };
        let told = held(&job, Some(90)).unwrap();
        assert!(told.starts_with("1 shard still in the challenge window; 3 QRN held until it closes"), "{told}");
        assert!(told.contains("at block 90 or later") && told.contains("then what was delivered is paid"), "{told}");
        assert_eq!(held(&JobView { maturing: 0, ..job }, None), None);
    }

    #[test]
    fn tainted_stages_should_be_named_when_there_are_some() {
        assert!(tainted(&[1, 5]).contains("TAINTED: results of the stages [1, 5]"));
        assert_eq!(tainted(&[]), "");
    }

    #[test]
    fn phases_should_name_only_what_is_there() {
        let one = PhaseCounts { running: 1, accepted: 4, ..Default::default() };
        let other = PhaseCounts { running: 2, disputed: 1, ..Default::default() };
        assert_eq!(phases(&[one, other]), "3 running, 1 DISPUTED");
        assert_eq!(phases(&[]), "");
    }
}

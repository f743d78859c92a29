// SPDX-License-Identifier: Apache-2.0
//! `quern job list`.

use crate::{
    args::{Global, ListArgs},
    client,
    output::{self, Output},
};
use quern_protocol::view::{JobStatus, JobView, MAX_PAGE};
use std::process::ExitCode;

pub async fn run(global: &Global, args: ListArgs) -> anyhow::Result<ExitCode> {
    let chain = client::connect(global).await?;
    let mut jobs: Vec<JobView> = Vec::new();
    let mut next = Some(args.from);
    while let Some(from) = next.filter(|_| jobs.len() < args.limit as usize) {
        let (page, more) = chain.jobs(from, (args.limit - jobs.len() as u32).min(MAX_PAGE)).await?;
        jobs.extend(page);
        next = more;
    }
    let mut table = output::table(&["job", "requester", "status", "stages", "shards", "spent", "held", "since block"]);
    for job in &jobs {
        let (accepted, shards) = shards(job);
        let done = job.stages.iter().filter(|stage| stage.root.is_some()).count();
        table.add_row([
            job.id.to_string(),
            output::address(&job.requester),
            status(&job.status).into(),
            format!("{done}/{}", job.stages.len()),
            format!("{accepted}/{shards}"),
            output::qrn(job.spent),
            output::qrn(job.escrow_left),
            job.submitted_at.to_string(),
        ]);
    }
    let text = if jobs.is_empty() { "no jobs".into() } else { table.to_string() };
    Output { json: global.json }.result(&jobs, text)?;
    Ok(ExitCode::SUCCESS)
}

/// Accepted shards and all shards of a job.
pub fn shards(job: &JobView) -> (u32, u32) {
    job.stages.iter().fold((0, 0), |(accepted, all), stage| (accepted + stage.accepted, all + stage.shards))
}

/// A status for people.
pub fn status(status: &JobStatus) -> &'static str {
    match status {
        JobStatus::Waiting => "waiting",
        JobStatus::Running => "running",
        JobStatus::Completed { .. } => "completed",
        JobStatus::Failed => "failed",
        JobStatus::Cancelled => "cancelled",
    }
}

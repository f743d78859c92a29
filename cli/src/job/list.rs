// SPDX-License-Identifier: Apache-2.0
//! `quern job list`.

use crate::{
    args::{Global, ListArgs},
    client,
    output::{self, Cells, Output},
};
use quern_protocol::view::{JobView, MAX_PAGE};
use quern_sdk::chain::json;
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
    let text = if jobs.is_empty() { "no jobs".into() } else { text(&jobs, Cells::of_stdout()) };
    let jobs: Vec<json::Job> = jobs.iter().map(json::Job::from).collect();
    Output { json: global.json }.result(&jobs, text)?;
    Ok(ExitCode::SUCCESS)
}

/// The list for people: amounts in QRN; narrow at most 80 columns.
fn text(jobs: &[JobView], cells: Cells) -> String {
    let mut table = output::list(&["job", "requester", "status", "stages", "shards", "spent", "held", "since block"]);
    for job in jobs {
        let (accepted, shards) = shards(job);
        let done = job.stages.iter().filter(|stage| stage.root.is_some()).count();
        table.add_row([
            job.id.to_string(),
            cells.address(&job.requester),
            json::status(&job.status).into(),
            format!("{done}/{}", job.stages.len()),
            format!("{accepted}/{shards}"),
            cells.amount(job.spent),
            cells.amount(job.escrow_left),
            job.submitted_at.to_string(),
        ]);
    }
    format!("{}\n{}", table.trim_fmt(), cells.note("whole addresses"))
}

/// Accepted shards and all shards of a job.
pub fn shards(job: &JobView) -> (u32, u32) {
    job.stages.iter().fold((0, 0), |(accepted, all), stage| (accepted + stage.accepted, all + stage.shards))
}

#[cfg(test)]
mod tests {
    use super::*;
    use quern_primitives::QRN;
    use quern_protocol::view::{JobStatus, StageProgress};

    #[test]
    fn list_should_fit_80_columns_on_a_terminal_and_be_whole_elsewhere() {
        let stage = StageProgress {
            program: Default::default(),
            tasks: 65_536,
            shards: 1_024,
            phases: Default::default(),
            accepted: 1_024,
            root: Some(Default::default()),
        };
        let job = JobView {
            id: 12_345,
            requester: [0xff; 32],
            status: JobStatus::Completed { root: Default::default() },
            maturing: 0,
            tainted: vec![],
            parent: None,
            failure: None,
            pauses: 0,
            unfunded: 0,
            stages: vec![stage; 64],
            escrow_left: 12_345 * QRN + QRN / 3,
            spent: 123_456 * QRN + QRN / 3,
            bid: QRN,
            submitted_at: 1_234_567,
            root: None,
        };
        let jobs = [job];
        let narrow = text(&jobs, Cells::Narrow);
        assert!(narrow.lines().all(|line| line.chars().count() <= 80), "{narrow}");
        let whole = text(&jobs, Cells::Whole);
        assert!(whole.contains(&output::address(&[0xff; 32])) && whole.contains("123,456.333333333333"), "{whole}");
    }
}

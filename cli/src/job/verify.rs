// SPDX-License-Identifier: Apache-2.0
//! `quern job verify`: what a stranger can do. Runs a task again here and compares every id with what the chain accepted.

use super::{
    fetch::of_these,
    receipt::{OutputPath, Receipt, ReceiptOutput, RECEIPT},
    results::{all_shards, Accepted, Results, Roots},
    spec, watch,
};
use crate::{
    args::{parse_id, Global, VerifyArgs},
    client, exit,
    output::{self, Output},
};
use anyhow::{ensure, Context};
use quern_executor::{cpu::CpuExecutor, Executor};
use quern_primitives::{draw::Draw, job::Endpoint, Account, BlobId, JobId};
use quern_program::{Checked, Tensor};
use quern_protocol::{shard::Shard, view::JobView};
use quern_sdk::{
    causes,
    chain::{json::Big, Chain},
    net::{address::to_socket, inputs::InputError, MemoryStore, Peer},
};
use serde::Serialize;
use std::{
    collections::{btree_map::Entry, BTreeMap},
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

/// Of those who are asked for blobs, so many are named: a shard may read what hundreds serve.
const MOST_NAMED: usize = 8;

/// What was compared, and how it came out.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Whether everything that was computed again is what the chain accepted; none where nothing could be.
    matches: Option<bool>,
    /// Stages among those looked at whose results were overturned, or stand on such results.
    tainted: Vec<u16>,
    job: JobId,
    stage: u16,
    task: u32,
    worker: String,
    /// Segments that were computed again; none where only a receipt could be checked.
    segments: u32,
    /// Whether the output alone was compared, by its receipt, because nobody shows the ids before it.
    output_only: bool,
    macs: Big,
    /// The first segment whose result differs.
    differs_at: Option<u32>,
    output: String,
    computed: Option<String>,
    root: Option<String>,
    /// What the run took, without fetching anything.
    seconds: f64,
}

pub async fn run(global: &Global, args: VerifyArgs) -> anyhow::Result<ExitCode> {
    let chain = client::connect(global).await?;
    let output = Output { json: global.json };
    let peer = client::hasty_peer(MemoryStore::default()).await?;
    if let Some(path) = &args.inputs {
        let blobs = local_inputs(path)?;
        output.say(format_args!("{} blobs from {}", blobs.len(), path.display()));
        for blob in blobs {
            peer.store().put(blob.into()).await?;
        }
    }
    let mut draw = Draw::new(client::fresh_seed());
    let code = match args.what.parse::<JobId>() {
        Ok(id) => by_id(&chain, &peer, &output, id, &args, &mut draw).await,
        Err(_) => by_receipt(&chain, &peer, &output, &receipt_of(&args.what), &args, &mut draw).await,
    };
    peer.shutdown().await;
    code
}

/// The file of a receipt: the one that is named, or that in the folder that is named.
fn receipt_of(what: &str) -> PathBuf {
    let path = Path::new(what);
    if path.is_dir() {
        path.join(RECEIPT)
    } else {
        path.to_owned()
    }
}

async fn by_id(
    chain: &Chain,
    peer: &Peer,
    output: &Output,
    id: JobId,
    args: &VerifyArgs,
    draw: &mut Draw,
) -> anyhow::Result<ExitCode> {
    let job = client::job(chain, id).await?;
    let (stage, task) = choose(&job, args, draw)?;
    let what = Compared { stage, task, proven: None, named: &args.what };
    rerun(chain, peer, output, &job, what).await?.tell(output)
}

/// A task of a stage that is complete: the one that was asked for, or any.
fn choose(job: &JobView, args: &VerifyArgs, draw: &mut Draw) -> anyhow::Result<(u16, u32)> {
    let complete: Vec<(u16, u32)> = (0u16..)
        .zip(&job.stages)
        .filter(|(_, stage)| stage.root.is_some())
        .map(|(index, stage)| (index, stage.tasks))
        .collect();
    let candidates: Vec<(u16, u32)> =
        complete.into_iter().filter(|(index, _)| args.stage.is_none_or(|wanted| wanted == *index)).collect();
    let total: u64 = candidates.iter().map(|(_, tasks)| u64::from(*tasks)).sum();
    ensure!(total > 0, "no such stage of job {} is complete yet", job.id);
    let mut at = draw.below(total);
    for (stage, tasks) in candidates {
        if let Some(wanted) = args.task {
            if args.stage.is_some() || wanted < tasks {
                ensure!(wanted < tasks, "stage {stage} has {tasks} tasks");
                return Ok((stage, wanted));
            }
            continue;
        }
        match at.checked_sub(u64::from(tasks)) {
            Some(rest) => at = rest,
            None => return Ok((stage, at as u32)),
        }
    }
    anyhow::bail!("no complete stage has task {}", args.task.unwrap_or_default())
}

/// An output that a receipt proves.
#[derive(Clone, Copy, Debug)]
pub struct Proven {
    /// Its id.
    pub id: BlobId,
    /// Who committed to it.
    pub worker: Account,
}

/// A task that is run again.
#[derive(Clone, Copy, Debug)]
pub struct Compared<'a> {
    /// Its stage.
    pub stage: u16,
    /// Its index there.
    pub task: u32,
    /// Its output, which is compared also where nobody shows what else was committed to.
    pub proven: Option<Proven>,
    /// What names its job to `quern job verify`: the number, or a receipt, which hints must not drop.
    pub named: &'a str,
}

/// What the ids of a task are compared with.
enum Against {
    /// All that its worker committed to.
    All(Box<Accepted>),
    /// Its output, where nobody shows the rest.
    Output(Proven),
}

impl Against {
    fn worker(&self) -> &Account {
        match self {
            Self::All(accepted) => &accepted.worker,
            Self::Output(proven) => &proven.worker,
        }
    }

    fn output(&self, task: u32) -> anyhow::Result<BlobId> {
        match self {
            Self::All(accepted) => accepted.output(task),
            Self::Output(proven) => Ok(proven.id),
        }
    }

    /// The first segment whose id is another one.
    fn first_difference(&self, task: u32, computed: &[BlobId]) -> anyhow::Result<Option<u32>> {
        let count = computed.len() as u32;
        Ok(match self {
            Self::All(accepted) => first_difference(committed(accepted, task, count)?, computed),
            Self::Output(proven) => (computed.last() != Some(&proven.id)).then_some(count.saturating_sub(1)),
        })
    }
}

/// Runs a task of a job again and compares.
pub async fn rerun(
    chain: &Chain,
    peer: &Peer,
    output: &Output,
    job: &JobView,
    compared: Compared<'_>,
) -> anyhow::Result<Outcome> {
    let Compared { stage, task, proven, named } = compared;
    let mut results = Results::new(chain, peer);
    let shard = results.shard_of(job.id, stage, task).await?;
    let view = chain.shard_view(shard).await?.with_context(|| format!("shard {shard} is not on chain any more"))?;
    let tried = providers(&view.requester, &view.endpoints);
    output.say(format_args!("asking {tried}; who does not answer is waited for once"));
    let against = match (results.shard(shard).await, proven) {
        (Ok(accepted), _) => Against::All(Box::new(accepted.clone())),
        (Err(error), Some(proven)) if is_not_shown(&error) => {
            output.say(format_args!(
                "nobody shows what its worker committed to: only the output is compared, by its receipt"
            ));
            Against::Output(proven)
        }
        (Err(error), _) => return Err(who_shows(error, &tried)),
    };
    let program = results.program(view.context.stage.program).await?.clone();
    output.say(format_args!(
        "job {} stage {stage} task {task}: {} by {}, running it again here",
        job.id,
        output::macs(program.summary().task_macs().into()),
        output::address(against.worker())
    ));
    let root = match job.root {
        // A receipt is proven before.
        Some(root) if matches!(against, Against::Output(_)) => Some(output::full(&root.0)),
        Some(root) => {
            let roots = Roots::read(chain, job).await?;
            let path = results.path(&roots, shard, task).await?;
            if let Err(error) = path.verify(&root) {
                let why = format!("the result is not under the job's root: {error}");
                return Ok(Outcome::Differs { why, report: None });
            }
            Some(output::full(&root.0))
        }
        None => None,
    };
    let inputs = results.inputs(&view, &program, task).await;
    let inputs = inputs.map_err(|error| what_to_do(error, job.id, named, &tried))?;
    let context = view.context.context(task);
    let macs = program.summary().task_macs();
    let started = Instant::now();
    let ids = tokio::task::spawn_blocking(move || compute(&program, context, &inputs)).await??;
    let seconds = started.elapsed().as_secs_f64();
    let differs_at = against.first_difference(task, &ids)?;
    let report = Report {
        matches: Some(differs_at.is_none()),
        tainted: of_these(&job.tainted, &[stage]),
        job: job.id,
        stage,
        task,
        worker: output::address(against.worker()),
        segments: ids.len() as u32,
        output_only: matches!(against, Against::Output(_)),
        macs: Big(macs.into()),
        // Of an output alone nobody knows where it began to differ.
        differs_at: differs_at.filter(|_| matches!(against, Against::All(_))),
        output: output::full(&against.output(task)?.0),
        computed: ids.last().map(|id| output::full(&id.0)),
        root,
        seconds,
    };
    Ok(match differs_at {
        None => Outcome::Matches(report),
        Some(segment) => {
            let why = match report.output_only {
                true => format!("shard {shard}, task {task}: the output is another one here"),
                false => {
                    format!(
                        "shard {shard}, task {task}: segment {segment} of {} has another result here",
                        report.segments
                    )
                }
            };
            Outcome::Differs { why, report: Some(report) }
        }
    })
}

/// How a comparison came out.
pub enum Outcome {
    /// Everything is the same.
    Matches(Report),
    /// Something is not.
    Differs {
        /// What.
        why: String,
        /// What was compared, if it came to that.
        report: Option<Report>,
    },
}

impl Outcome {
    /// Whether everything is the same.
    pub fn matches(&self) -> bool {
        matches!(self, Self::Matches(_))
    }

    /// Says which of the stages that the outcome stands for are tainted.
    fn is_of(&mut self, tainted: Vec<u16>) {
        if let Self::Matches(report) | Self::Differs { report: Some(report), .. } = self {
            report.tainted = tainted;
        }
    }

    fn tell(&self, output: &Output) -> anyhow::Result<ExitCode> {
        match self {
            Self::Matches(report) => {
                output.result(report, format_args!("{self}{}", watch::tainted(&report.tainted)))?;
                Ok(exit::unless_tainted(&report.tainted))
            }
            Self::Differs { why, report } => differs(output, why, report.as_ref()),
        }
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Matches(report) => write!(
                f,
                "MATCHES: {} that {} committed to ({} in {:.1} s)",
                match report.segments {
                    _ if report.output_only => "it gives the output".to_owned(),
                    1 => "its one segment gives the id".to_owned(),
                    segments => format!("all {segments} segments give the ids"),
                },
                report.worker,
                output::macs(report.macs.0),
                report.seconds
            ),
            Self::Differs { why, .. } => f.write_str(why),
        }
    }
}

/// The input blobs of a job: those of the file that it was submitted from, or whatever files lie in a folder. They are kept under
/// their own ids, so a file that is none of the job's inputs is not used.
fn local_inputs(path: &Path) -> anyhow::Result<Vec<Vec<u8>>> {
    if path.is_file() {
        return Ok(spec::read(path)?.blobs);
    }
    let unreadable = |path: &Path| format!("{} cannot be read", path.display());
    let mut blobs = Vec::new();
    for entry in fs::read_dir(path).with_context(|| unreadable(path))? {
        let file = entry.with_context(|| unreadable(path))?.path();
        if file.is_file() {
            blobs.push(fs::read(&file).with_context(|| unreadable(&file))?);
        }
    }
    ensure!(!blobs.is_empty(), "there are no files in {}", path.display());
    Ok(blobs)
}

/// Who is asked for what a task reads, and for what its worker committed to.
fn providers(requester: &[Endpoint], parties: &[(Account, Endpoint)]) -> String {
    let at = |endpoint: &Endpoint| {
        let addresses = endpoint.addresses.iter().map(|at| to_socket(*at).to_string());
        addresses.collect::<Vec<_>>().join(" or ")
    };
    let requester = requester.iter().map(|endpoint| format!("its requester at {}", at(endpoint)));
    let parties = parties.iter().map(|(account, endpoint)| format!("{} at {}", output::address(account), at(endpoint)));
    let mut all: Vec<String> = requester.chain(parties).collect();
    let more = all.len().saturating_sub(MOST_NAMED);
    all.truncate(MOST_NAMED);
    match (all.is_empty(), more) {
        (true, _) => "nobody: none of those who could serve it is registered".into(),
        (false, 0) => all.join(", "),
        (false, more) => format!("{} and {more} more", all.join(", ")),
    }
}

/// Whether nobody shows what the worker of a shard committed to.
fn is_not_shown(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(InputError::Commitment { .. }))
}

/// Why it is not known what a worker committed to, who was tried, and what helps where that is known.
fn who_shows(error: anyhow::Error, tried: &str) -> anyhow::Error {
    match is_not_shown(&error) {
        true => error.context(format!(
            "what the task's worker committed to, which a result is compared with, is shown by nobody: the worker and its auditors can \
             (tried {tried}). What to do: try again when one of them runs again, or verify a receipt that was fetched when one did \
             (quern job verify FOLDER), by which the output alone is compared. --inputs does not help here"
        )),
        false => error.context(format!("tried {tried}")),
    }
}

/// Why the inputs of a task are not here, who was tried, and what helps where that is known.
fn what_to_do(error: anyhow::Error, job: JobId, named: &str, tried: &str) -> anyhow::Error {
    match error.downcast_ref() {
        Some(InputError::Requester(_)) => error.context(format!(
            "the requester of job {job} serves its inputs no more, or not all of them (tried {tried}). What to do: name the file that \
             the job was submitted from, or a folder with its input files (quern job verify {named} --inputs FILE_OR_FOLDER), or have \
             the requester serve them (quern job submit --keep goes on after the job)"
        )),
        Some(InputError::Output { .. } | InputError::Commitment { .. }) => error.context(format!(
            "the task reads outputs of an earlier stage, and nobody serves one of them (tried {tried}). What to do: try again when \
             one of them runs again, or choose a task of the first stage (quern job verify {named} --stage 0)"
        )),
        _ => error,
    }
}

/// The ids at the ends of a task's segments: its leaves.
fn compute(program: &Checked, context: quern_program::Context, inputs: &[Tensor]) -> anyhow::Result<Vec<BlobId>> {
    let mut ids = Vec::new();
    let mut keep = |_: u32, state: &[Tensor]| {
        let tensors: Vec<BlobId> = state.iter().map(Tensor::id).collect();
        ids.push(BlobId::of_list(&tensors));
    };
    let output = CpuExecutor::new().run_task(program, &context, inputs, &mut keep)?;
    ids.push(output.id());
    Ok(ids)
}

/// The ids that the worker committed to for the `segments` segments of a task.
fn committed(accepted: &Accepted, task: u32, segments: u32) -> anyhow::Result<&[BlobId]> {
    let shard = &accepted.view.shard;
    let last = shard.output_position(task).with_context(|| format!("shard {} has no task {task}", shard.id))?;
    let end = last as usize + 1;
    let ids = end.checked_sub(segments as usize).and_then(|first| accepted.shown.ids.get(first..end));
    ids.context("the shard has another number of leaves than its program has segments")
}

/// The first segment whose id is not the one that was committed to.
fn first_difference(committed: &[BlobId], computed: &[BlobId]) -> Option<u32> {
    let pairs = (0u32..).zip(committed.iter().zip(computed));
    pairs.into_iter().find(|(_, (committed, computed))| committed != computed).map(|(segment, _)| segment)
}

async fn by_receipt(
    chain: &Chain,
    peer: &Peer,
    output: &Output,
    file: &Path,
    args: &VerifyArgs,
    draw: &mut Draw,
) -> anyhow::Result<ExitCode> {
    let receipt = Receipt::read(file).context("neither the number of a job nor a receipt")?;
    ensure!(
        parse_id(&receipt.genesis).is_some_and(|genesis| genesis.0 == chain.genesis()),
        "the receipt is of another chain than {}; name its node with --rpc",
        chain.url()
    );
    let root = chain.job_root(receipt.job).await?;
    let root = root.with_context(|| {
        // Chains of one genesis cannot be told apart by their receipts.
        format!(
            "the chain at {} knows no completed job {}: another `--dev` chain, or another `QUERN_RPC`?",
            chain.url(),
            receipt.job
        )
    })?;
    if parse_id(&receipt.root) != Some(root) {
        let text = format!("the root of job {} on chain is {root}, the receipt says {}", receipt.job, receipt.root);
        return differs(output, &text, None);
    }
    let stages: Vec<u16> = receipt.outputs.iter().map(|entry| entry.stage).collect();
    let tainted = of_these(&chain.tainted_stages(receipt.job).await?, &stages);
    let folder = file.parent().map_or_else(PathBuf::new, Path::to_owned);
    let origins = Origins::of(chain, receipt.job).await?;
    for entry in &receipt.outputs {
        let bytes = read_output(&folder, entry, receipt.job)?;
        if let Err(error) = check(entry, &bytes, &receipt, &root, &origins) {
            return differs(
                output,
                &format!("stage {} task {}: {}", entry.stage, entry.task, causes::told(error.as_ref())),
                None,
            );
        }
    }
    let job = chain.job(receipt.job).await?;
    if job.is_some() {
        let mut shards = BTreeMap::new();
        for entry in &receipt.outputs {
            let of_stage = match shards.entry(entry.stage) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(free) => free.insert(all_shards(chain, receipt.job, entry.stage).await?),
            };
            if is_of_another(&entry.path()?, of_stage, entry.task) {
                let text = format!("stage {} task {}: the proof is of something else", entry.stage, entry.task);
                return differs(output, &text, None);
            }
        }
    }
    output.say(format_args!("{} outputs are under the root of job {} on chain", receipt.outputs.len(), receipt.job));
    for job in receipt.taken_over()? {
        output.say(format_args!(
            "some of them were computed for job {job}; job {} is a fork that took them over",
            receipt.job
        ));
    }

    let wanted: Vec<&ReceiptOutput> = receipt
        .outputs
        .iter()
        .filter(|entry| args.stage.is_none_or(|stage| stage == entry.stage))
        .filter(|entry| args.task.is_none_or(|task| task == entry.task))
        .collect();
    let entry = wanted.get(draw.below(wanted.len() as u64) as usize).context("the receipt has no such output")?;
    match job {
        Some(job) => {
            let proven = Proven { id: proven_id(entry)?, worker: entry.path()?.worker };
            let what = Compared { stage: entry.stage, task: entry.task, proven: Some(proven), named: &args.what };
            let mut outcome = rerun(chain, peer, output, &job, what).await?;
            outcome.is_of(tainted);
            outcome.tell(output)
        }
        None => {
            let report = of_receipt(receipt.job, entry, &entry.path()?.worker, &root, tainted);
            let text =
                "PROVEN: the outputs are under the job's root. The job is pruned, so no task could be run again.";
            output.result(&report, format_args!("{text}{}", watch::tainted(&report.tainted)))?;
            Ok(exit::unless_tainted(&report.tainted))
        }
    }
}

/// What is to be said of a receipt that is proven, where nothing could be run again.
fn of_receipt(job: JobId, entry: &ReceiptOutput, worker: &Account, root: &BlobId, tainted: Vec<u16>) -> Report {
    Report {
        matches: None,
        tainted,
        job,
        stage: entry.stage,
        task: entry.task,
        worker: output::address(worker),
        segments: 0,
        output_only: false,
        macs: Big(0),
        differs_at: None,
        output: entry.id.clone(),
        computed: None,
        root: Some(output::full(&root.0)),
        seconds: 0.0,
    }
}

/// The jobs for which the results of a job can have been computed: itself, and what it is a fork of.
enum Origins {
    /// The chain says which.
    Known(Vec<JobId>),
    /// The job is pruned: it, or an earlier one.
    Pruned(JobId),
}

impl Origins {
    async fn of(chain: &Chain, job: JobId) -> anyhow::Result<Self> {
        let mut lineage = vec![job];
        let Some(mut view) = chain.job(job).await? else { return Ok(Self::Pruned(job)) };
        while let Some(parent) = view.parent {
            lineage.push(parent);
            // A job is kept as long as its forks.
            let Some(of_parent) = chain.job(parent).await? else { break };
            view = of_parent;
        }
        Ok(Self::Known(lineage))
    }

    fn include(&self, job: JobId) -> bool {
        match self {
            Self::Known(lineage) => lineage.contains(&job),
            Self::Pruned(last) => job <= *last,
        }
    }
}

/// The file of an output. One that is missing differs from nothing.
fn read_output(folder: &Path, entry: &ReceiptOutput, job: JobId) -> anyhow::Result<Vec<u8>> {
    let file = folder.join(&entry.file);
    fs::read(&file).with_context(|| {
        format!("{} cannot be read: fetch it again with `quern job fetch {job} --out FOLDER`", file.display())
    })
}

/// Whether a proof is of something else than the output of a task of a stage with these shards. Which task it is of, only the chain says,
/// as long as it has the shard.
fn is_of_another(path: &OutputPath, shards: &[Shard], task: u32) -> bool {
    let mut places = shards.iter().filter_map(|shard| Some((shard.id, shard.output_position(task)?)));
    places.any(|place| place != (path.shard, path.position))
}

/// The id of an output that was checked.
fn proven_id(entry: &ReceiptOutput) -> anyhow::Result<BlobId> {
    parse_id(&entry.id).with_context(|| format!("{:?} is no id", entry.id))
}

/// Checks one output of a receipt: its file's bytes, and the way from the job's root to its id.
fn check(
    entry: &ReceiptOutput,
    bytes: &[u8],
    receipt: &Receipt,
    root: &BlobId,
    origins: &Origins,
) -> anyhow::Result<()> {
    let path = entry.path()?;
    let of = path.shard.job;
    ensure!(origins.include(of), "the proof is of job {of}, of which job {} is no fork", receipt.job);
    ensure!(path.shard.stage == entry.stage, "the proof is of stage {}", path.shard.stage);
    let id = path.verify(root)?;
    ensure!(parse_id(&entry.id) == Some(id), "the proof shows {id}, the receipt says {}", entry.id);
    ensure!(BlobId::of(bytes) == id, "{} holds other bytes than were proven", entry.file.display());
    Ok(())
}

/// Says loudly that something differs.
fn differs(output: &Output, what: &str, report: Option<&Report>) -> anyhow::Result<ExitCode> {
    // A match has the same fields, and no reason.
    let mut told = report.map_or_else(|| Ok(serde_json::json!({})), serde_json::to_value)?;
    told["matches"] = false.into();
    told["reason"] = what.into();
    let banner = "!".repeat(78);
    eprintln!("{banner}\n!!! DIFFERS: {what}");
    if let Some(Report { job, .. }) = report {
        eprintln!("!!! While its challenge window is open, `quern-worker watch --job {job}` takes it to the referee.");
    }
    eprintln!("{banner}");
    output.result(&told, "DIFFERS")?;
    Ok(ExitCode::from(exit::DIFFERS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{receipt::Lists, testing};
    use quern_primitives::{draw::SegmentCosts, ShardId};
    use quern_protocol::view::{JobStatus, StageProgress};
    use quern_sdk::net::{self, FetchError};

    fn job() -> JobView {
        let stage = |tasks, complete: bool| StageProgress {
            program: BlobId([1; 32]),
            tasks,
            shards: 1,
            phases: Default::default(),
            accepted: 0,
            root: complete.then_some(BlobId([2; 32])),
        };
        let stages = vec![stage(8, true), stage(1, true), stage(8, false)];
        JobView { id: 3, stages, ..testing::job(JobStatus::Running) }
    }

    fn choice(stage: Option<u16>, task: Option<u32>, seed: u8) -> anyhow::Result<(u16, u32)> {
        choose(&job(), &VerifyArgs { what: "3".into(), stage, task, inputs: None }, &mut Draw::new([seed; 32]))
    }

    #[test]
    fn results_should_be_of_the_job_or_of_what_it_is_a_fork_of() {
        let known = Origins::Known(vec![7, 4, 2]);
        assert!([7, 4, 2].into_iter().all(|job| known.include(job)));
        assert!(![1, 3, 5, 8].into_iter().any(|job| known.include(job)));
        assert!(Origins::Pruned(7).include(4) && !Origins::Pruned(7).include(8), "a fork is younger");
    }

    #[test]
    fn receipt_should_not_be_said_to_match_when_nothing_was_run_again() {
        let entry = ReceiptOutput {
            stage: 1,
            task: 2,
            id: "ab".into(),
            len: 3,
            file: "task-2.bin".into(),
            proof: String::new(),
        };
        let report = of_receipt(7, &entry, &[1; 32], &BlobId([2; 32]), vec![1]);
        let told = serde_json::to_value(&report).unwrap();
        assert_eq!((&told["matches"], &told["tainted"]), (&serde_json::Value::Null, &serde_json::json!([1])));
    }

    #[test]
    fn tainted_stages_should_be_those_that_were_looked_at() {
        assert_eq!(of_these(&[1, 2, 5], &[0, 1, 5, 5]), [1, 5]);
    }

    #[test]
    fn choice_should_be_any_task_of_a_complete_stage_when_nothing_is_asked_for() {
        let chosen: std::collections::BTreeSet<(u16, u32)> =
            (0..=255).map(|seed| choice(None, None, seed).unwrap()).collect();
        let all = (0..8).map(|task| (0, task)).chain([(1, 0)]).collect();
        assert_eq!(chosen, all);
    }

    #[test]
    fn choice_should_be_what_is_asked_for() {
        assert_eq!(choice(Some(0), Some(5), 0).unwrap(), (0, 5));
        assert_eq!(choice(Some(1), None, 0).unwrap(), (1, 0));
        assert_eq!(choice(None, Some(7), 0).unwrap(), (0, 7));
    }

    #[test]
    fn choice_should_be_refused_when_there_is_no_such_task() {
        assert!(choice(Some(2), None, 0).is_err());
        assert!(choice(Some(9), None, 0).is_err());
        assert!(choice(Some(1), Some(1), 0).is_err());
        assert!(choice(None, Some(8), 0).is_err());
    }

    #[test]
    fn local_inputs_should_be_the_blobs_of_a_job_file_or_the_files_of_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
        assert!(local_inputs(folder.path()).is_err(), "there is nothing");
        write("a.bin", b"first");
        write("b.bin", b"second");
        let mut blobs = local_inputs(folder.path()).unwrap();
        blobs.sort();
        assert_eq!(blobs, [b"first".to_vec(), b"second".to_vec()]);
        let list = r#"{ "list": ["a.bin", "b.bin"] }"#;
        let program = "ab".repeat(32);
        let stage = format!(r#"{{ "program": "{program}", "tasks": 2, "shard_size": 1, "inputs": [{list}] }}"#);
        write("job.json", format!(r#"{{ "stages": [{stage}] }}"#).as_bytes());
        let mut ids: Vec<BlobId> =
            local_inputs(&folder.path().join("job.json")).unwrap().iter().map(|blob| BlobId::of(blob)).collect();
        ids.sort();
        let files = [BlobId::of(b"first"), BlobId::of(b"second")];
        let mut expected = vec![files[0], files[1], BlobId::of_list(&files)];
        expected.sort();
        assert_eq!(ids, expected, "the list itself is an input too");
        assert!(local_inputs(&folder.path().join("nothing")).is_err());
    }

    #[test]
    fn missing_file_of_a_receipt_should_be_fetched_again_and_differ_from_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = PathBuf::from("task-0.bin");
        let entry =
            ReceiptOutput { stage: 0, task: 0, id: String::new(), len: 3, file: file.clone(), proof: String::new() };
        let error = read_output(folder.path(), &entry, 7).unwrap_err().to_string();
        assert!(error.contains("task-0.bin") && error.contains("quern job fetch 7"), "{error}");
        fs::write(folder.path().join(file), b"abc").unwrap();
        assert_eq!(read_output(folder.path(), &entry, 7).unwrap(), b"abc");
    }

    #[test]
    fn receipt_should_be_the_file_that_is_named_or_that_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let named = |path: &Path| receipt_of(path.to_str().unwrap());
        assert_eq!(named(folder.path()), folder.path().join("receipt.json"));
        assert_eq!(named(&folder.path().join("other.json")), folder.path().join("other.json"));
    }

    #[test]
    fn everybody_who_is_asked_should_be_named_with_an_address_and_of_many_the_first() {
        let at = |port: u16| net::address::endpoint([1; 32], [([203, 0, 113, 5], port).into()]);
        let party = |port: u16| ([port as u8; 32], at(port));
        let named = |requester: &[u16], parties: std::ops::Range<u16>| {
            let requester: Vec<Endpoint> = requester.iter().map(|port| at(*port)).collect();
            providers(&requester, &parties.map(party).collect::<Vec<_>>())
        };
        assert_eq!(
            named(&[7_700], 1..2),
            format!("its requester at 203.0.113.5:7700, {} at 203.0.113.5:1", output::address(&[1; 32]))
        );
        assert!(named(&[7_700], 1..20).ends_with(" and 12 more"), "{}", named(&[7_700], 1..20));
        assert!(named(&[], 0..0).starts_with("nobody"));
    }

    #[test]
    fn missing_inputs_should_come_with_what_helps() {
        let nobody = || FetchError::Nobody { id: BlobId([1; 32]), failures: Vec::new() };
        let tried = "its requester at 203.0.113.5:7700";
        let told = |error: InputError| format!("{:#}", what_to_do(error.into(), 7, "7", tried));
        let text = told(InputError::Requester(nobody()));
        assert!(text.contains("quern job verify 7 --inputs") && text.contains("--keep"), "{text}");
        assert!(text.contains(&format!("(tried {tried})")), "{text}");
        let shard = ShardId { job: 7, stage: 0, index: 0 };
        let text = told(InputError::Output { shard, error: nobody() });
        assert!(text.contains(&format!("(tried {tried})")) && text.contains("--stage 0"), "{text}");
        let other = what_to_do(InputError::NoEntry(3).into(), 7, "7", "nobody");
        assert!(!format!("{other:#}").contains("--inputs"));
    }

    #[test]
    fn hint_should_keep_the_receipt_when_one_was_named() {
        let nobody = || FetchError::Nobody { id: BlobId([1; 32]), failures: Vec::new() };
        let told = |error: InputError| format!("{:#}", what_to_do(error.into(), 7, "results", "nobody"));
        let text = told(InputError::Requester(nobody()));
        assert!(text.contains("(quern job verify results --inputs FILE_OR_FOLDER)"), "{text}");
        let shard = ShardId { job: 7, stage: 0, index: 0 };
        let text = told(InputError::Output { shard, error: nobody() });
        assert!(text.contains("quern job verify results --stage 0"), "{text}");
    }

    #[test]
    fn missing_commitment_should_come_with_who_shows_it_and_what_helps() {
        let shard = ShardId { job: 7, stage: 0, index: 0 };
        let failure = net::inputs::CommitmentError::NoEndpoint;
        let error = anyhow::Error::from(InputError::Commitment { shard, failure }).context("nobody shows it");
        assert!(is_not_shown(&error));
        let told = format!("{:#}", who_shows(error, "5C at 203.0.113.5:7700"));
        assert!(told.contains("(tried 5C at 203.0.113.5:7700)") && told.contains("quern job verify FOLDER"), "{told}");
        let other = who_shows(anyhow::anyhow!("it is not accepted yet"), "nobody");
        assert_eq!(format!("{other:#}"), "tried nobody: it is not accepted yet");
    }

    #[test]
    fn proof_should_be_of_another_output_when_the_chain_has_the_task_elsewhere() {
        let costs = SegmentCosts { init: 0, body: 1, steps: 2, finish: 1, has_loop: true };
        let id = |index| ShardId { job: 7, stage: 0, index };
        let shards = [Shard::new(id(0), 0, 2, costs), Shard::new(id(1), 2, 2, costs)];
        let lists = Lists { stage_roots: &[BlobId([1; 32])], shard_roots: &[BlobId([2; 32]); 2], leaves: &[3; 32 * 6] };
        let path = |index, position| OutputPath::new(id(index), [4; 32], &lists, &[5; 32], position, BlobId([6; 32]));
        for (task, index) in [(0, 0), (1, 0), (2, 1), (3, 1)] {
            let position = shards[index as usize].output_position(task).unwrap();
            let path = path(index, position).unwrap();
            assert!(!is_of_another(&path, &shards, task));
            assert!((0..4).filter(|other| *other != task).all(|other| is_of_another(&path, &shards, other)));
        }
        let path = path(1, 0).unwrap();
        assert!(is_of_another(&path, &shards, 2), "it is of no output");
        assert!(!is_of_another(&path, &shards[..1], 2), "the chain has the shard no more");
    }

    #[test]
    fn output_alone_should_be_compared_when_a_receipt_is_all_there_is() {
        let ids: Vec<BlobId> = (0..5u8).map(|byte| BlobId([byte; 32])).collect();
        let proven = |id| Against::Output(Proven { id, worker: [1; 32] });
        assert_eq!(proven(ids[4]).first_difference(0, &ids).unwrap(), None);
        assert_eq!(proven(ids[3]).first_difference(0, &ids).unwrap(), Some(4));
        assert_eq!((proven(ids[3]).output(0).unwrap(), proven(ids[3]).worker()), (ids[3], &[1; 32]));
    }

    #[test]
    fn difference_should_be_found_when_any_segment_differs() {
        let honest: Vec<BlobId> = (0..5u8).map(|byte| BlobId([byte; 32])).collect();
        assert_eq!(first_difference(&honest, &honest), None);
        for segment in 0..5 {
            let mut lie = honest.clone();
            lie[segment].0[31] ^= 1;
            assert_eq!(first_difference(&lie, &honest), Some(segment as u32));
        }
    }

    #[test]
    fn computed_ids_should_be_the_leaves_of_the_reference_when_a_task_is_run() {
        use quern_program::{reference, DType, ProgramBuilder};
        let mut builder = ProgramBuilder::new();
        let input = builder.input(DType::I32, &[4]);
        let start = builder.add(input, input);
        let state = builder.begin_body(&[start]);
        let next = builder.add(state[0], input);
        let last = builder.begin_finish(&[next], 3);
        let output = builder.sub(last[0], input);
        let program = builder.build(output).unwrap();
        let inputs = [Tensor::from_values(program.program().inputs[0], &[1, 2, 3, 4])];
        let context = quern_program::Context::default();
        let (_, leaves) = reference::run_with_leaves(&program, &context, &inputs);
        assert_eq!(compute(&program, context, &inputs).unwrap(), leaves);
    }
}

// SPDX-License-Identifier: Apache-2.0
//! The requester's part: train by rounds, use the result, look on, and settle.

use super::{
    cast::Cast,
    events,
    faults::Faults,
    lesson::{Lesson, Outcome},
    progress::{Progress, Snapshot},
    report::{Line, Report, Round},
    story::{Happening, Story},
};
use crate::{
    args::DevnetArgs,
    client,
    job::{publish_programs, results::Results, serve_blobs, submit_spec, verify, watch},
    output::Output,
};
use anyhow::{ensure, Context};
use bytes::Bytes;
use futures::{future::try_join_all, StreamExt};
use quern_primitives::{Height, JobId, ShardId};
use quern_protocol::{
    shard::segment_work,
    view::{JobStatus, JobView},
};
use quern_sdk::{
    chain::{calls, json::Big, Chain, Head, Sender},
    models::{BuiltJob, Terms, TrainingJob},
    net::{Config, FolderStore, Peer},
};
use std::{
    collections::HashSet,
    path::Path,
    time::{Duration, Instant},
};

/// How long the daemons may take to bond and register.
const ENROLMENT: Duration = Duration::from_secs(180);
/// How long an accepted result may take until it is served.
const SERVED: Duration = Duration::from_secs(180);
/// Most jobs that are submitted once more, so that every fault finds its moment.
const ENCORES: u32 = 6;
/// Pause before a fetch is tried again.
const AGAIN: Duration = Duration::from_millis(700);

/// The requester at work.
pub struct Play<'a> {
    chain: Chain,
    cast: &'a Cast,
    progress: &'a Progress,
    peer: Peer,
    sender: Sender,
    story: Story,
    /// The last height that the story knows.
    told: Height,
    rounds: Vec<Round>,
    jobs: Vec<JobId>,
    jobs_completed: u32,
    faults: Option<Faults>,
}

impl<'a> Play<'a> {
    /// A requester with its own endpoint and blobs below `folder`.
    pub async fn new(
        chain: Chain,
        cast: &'a Cast,
        progress: &'a Progress,
        faults: Option<Faults>,
        folder: &Path,
    ) -> anyhow::Result<Self> {
        let keys = cast.requester.keys.clone();
        let config = Config::new(keys.derive(b"quern/endpoint"), ([127, 0, 0, 1], 0).into());
        let peer = Peer::bind(config, FolderStore::open(folder.join("requester"))?).await?;
        let sender = chain.sender(keys);
        let story = Story::new(cast.names(), cast.misbehaving());
        let (rounds, jobs) = (Vec::new(), Vec::new());
        Ok(Self { chain, cast, progress, peer, sender, story, told: 0, rounds, jobs, jobs_completed: 0, faults })
    }

    /// The whole play. The requester's endpoint, which still serves the inputs, comes back with the report.
    pub async fn perform(mut self, args: &DevnetArgs, started: Instant) -> anyhow::Result<(Report, Peer)> {
        self.enrolled().await?;
        let mut lesson = Lesson::new(args)?;
        let terms = Terms { endpoints: vec![self.peer.endpoint()], ..Terms::default() };

        let initial = lesson.initial().to_vec();
        self.judge(0, &mut lesson, &initial).await?;
        let id = self.submit("training", &lesson.training(&terms)?).await?;
        let checkpoint = self.train(id, &mut lesson).await?;

        let name = lesson.use_name();
        let job = lesson.application(&checkpoint, &terms)?;
        let id = self.submit(name, &job).await?;
        let mut outcome = lesson.outcome(&self.apply(name, id).await?)?;
        if let Some(language) = &mut outcome.language {
            language.verified = self.verify(id).await?;
        }
        for _ in 0..ENCORES {
            if !self.is_something_left() {
                break;
            }
            // The same again, until every fault has struck.
            let id = self.submit(name, &job).await?;
            let again = lesson.outcome(&self.apply(name, id).await?)?;
            ensure!(again.accuracy == outcome.accuracy, "the network classifies the same images differently");
        }
        self.recovered().await?;

        let report = self.settle().await?;
        let Outcome { accuracy, language } = outcome;
        let report = Report { accuracy, language, seconds: started.elapsed().as_secs_f64(), ..report }.judge();
        Ok((report, self.peer))
    }

    /// Whether a fault has not struck yet, or somebody who does wrong was not caught yet.
    fn is_something_left(&self) -> bool {
        self.faults.as_ref().is_some_and(|faults| {
            !faults.missing().is_empty() || !faults.is_over() || !self.story.unpunished().is_empty()
        })
    }

    /// Waits until what was stopped is back, and the authority has caught up.
    async fn recovered(&mut self) -> anyhow::Result<()> {
        let chain = self.chain.clone();
        let mut heads = chain.heads().await?;
        while self.faults.as_ref().is_some_and(|faults| !faults.is_over()) {
            let head = heads.next().await.context("the connection to the node was lost")??;
            self.inject(head).await?;
        }
        let Some(faults) = &self.faults else { return Ok(()) };
        let (rpc, wanted) = (faults.authority_rpc().to_owned(), self.told);
        self.progress.say("waiting until the authority that was stopped has caught up");
        client::until(SERVED, || async {
            let behind = |reason: String| Ok(Err(reason));
            let stopped = match Chain::connect(&rpc).await {
                Ok(stopped) => stopped,
                Err(error) => return behind(error.to_string()),
            };
            match stopped.heads().await?.next().await {
                Some(Ok(head)) if head.finalized.max(head.height) >= wanted => Ok(Ok(())),
                Some(Ok(head)) => behind(format!("it is at block {}, the others at {wanted}", head.height)),
                _ => behind("it names no block".into()),
            }
        })
        .await
    }

    /// Kills, and starts again, what is due at a head.
    async fn inject(&mut self, head: Head) -> anyhow::Result<()> {
        if let Some(faults) = &mut self.faults {
            faults.on(head, &self.chain, self.progress).await?;
        }
        Ok(())
    }

    /// Waits until every daemon is registered and every worker ready.
    async fn enrolled(&self) -> anyhow::Result<()> {
        self.progress.say("waiting until everybody has bonded and registered");
        let members: Vec<_> = self.cast.daemons().collect();
        client::until(ENROLMENT, || async {
            let mut missing = Vec::new();
            for member in &members {
                let found = self.chain.participant(&member.account()).await?;
                if !found.is_some_and(|found| member.part.audits() || found.slots > 0) {
                    missing.push(member.name.clone());
                }
            }
            Ok(if missing.is_empty() { Ok(()) } else { Err(format!("not registered yet: {}", missing.join(", "))) })
        })
        .await
    }

    /// Publishes and submits a job.
    async fn submit(&mut self, name: &'static str, job: &BuiltJob) -> anyhow::Result<JobId> {
        serve_blobs(&self.peer, job).await?;
        publish_programs(&self.chain, &self.sender, job).await?;
        let quote = self.chain.quote(&job.spec).await?;
        let id = submit_spec(&self.sender, job.spec.clone()).await?;
        let summaries = job.spec.stages.iter().map(|stage| {
            let program = job.program(stage.program).context("a stage names a program that the job does not have")?;
            Ok(segment_work(&program.summary()))
        });
        self.story.add_job(id, summaries.collect::<anyhow::Result<Vec<_>>>()?);
        self.jobs.push(id);
        self.progress.say(format_args!(
            "job {id} ({name}): {} stages, {} shards, {}; {} held",
            job.spec.stages.len(),
            quote.shards,
            crate::output::macs(quote.work_macs.into()),
            crate::output::qrn(quote.escrow)
        ));
        Ok(id)
    }

    /// Follows the training and judges the model after each round. The last checkpoint comes back.
    async fn train(&mut self, id: JobId, lesson: &mut Lesson) -> anyhow::Result<Bytes> {
        let chain = self.chain.clone();
        let mut heads = chain.heads().await?;
        let mut merged: HashSet<u16> = HashSet::new();
        let mut last = None;
        loop {
            let head = heads.next().await.context("the connection to the node was lost")??;
            let job = self.look("training", id, head).await?;
            if lesson.waits_for_randomness() {
                if let Some(view) = self.chain.shard_view(ShardId { job: id, stage: 0, index: 0 }).await? {
                    lesson.begin(self.chain.genesis(), id, view.context.randomness)?;
                }
            }
            for round in 0..lesson.rounds() {
                let stage = TrainingJob::merge_stage(round);
                let complete = job.stages.get(usize::from(stage)).is_some_and(|stage| stage.root.is_some());
                if complete && merged.insert(round) {
                    let checkpoint = self.fetch(ShardId { job: id, stage, index: 0 }, 0).await?;
                    self.judge(round + 1, lesson, &checkpoint).await?;
                    last = Some(checkpoint);
                }
            }
            if is_completed(&job)? {
                self.jobs_completed += 1;
                return last.context("the training is complete but has no checkpoint");
            }
        }
    }

    /// Follows a job that uses the model. The outputs of all tasks come back, in order.
    async fn apply(&mut self, name: &'static str, id: JobId) -> anyhow::Result<Vec<Bytes>> {
        let chain = self.chain.clone();
        let mut heads = chain.heads().await?;
        let job = loop {
            let head = heads.next().await.context("the connection to the node was lost")??;
            let job = self.look(name, id, head).await?;
            if is_completed(&job)? {
                self.jobs_completed += 1;
                break job;
            }
        };
        let mut outputs = Vec::new();
        let stage = job.stages.first().context("the job has no stages")?;
        for index in 0..stage.shards {
            let shard = ShardId { job: id, stage: 0, index };
            let view = self.chain.shard_view(shard).await?.with_context(|| format!("shard {shard} is gone"))?;
            for task in view.shard.first_task..view.shard.first_task.saturating_add(view.shard.tasks) {
                outputs.push(self.fetch(shard, task).await?);
            }
        }
        Ok(outputs)
    }

    /// Runs the first task of a completed job again here, as `quern job verify` does.
    async fn verify(&mut self, id: JobId) -> anyhow::Result<bool> {
        let job = self.chain.job(id).await?.with_context(|| format!("job {id} is gone"))?;
        let named = id.to_string();
        let what = verify::Compared { stage: 0, task: 0, proven: None, named: &named };
        let outcome = verify::rerun(&self.chain, &self.peer, &Output { json: false }, &job, what).await?;
        self.progress.say(&outcome);
        Ok(outcome.matches())
    }

    /// Takes in a head: tells what happened, shows how things are.
    async fn look(&mut self, name: &'static str, id: JobId, head: Head) -> anyhow::Result<JobView> {
        self.tell(head.finalized).await?;
        self.inject(head).await?;
        let job = self.chain.job(id).await?.with_context(|| format!("job {id} is gone"))?;
        let stages: Vec<_> = job.stages.iter().map(|stage| stage.phases).collect();
        self.progress.show(Snapshot {
            best: head.height,
            finalized: head.finalized.max(self.told),
            job: name,
            accepted: job.stages.iter().map(|stage| stage.accepted).sum(),
            shards: job.stages.iter().map(|stage| stage.shards).sum(),
            phases: watch::phases(&stages),
            audits: self.story.audits,
            disputes: self.story.disputes,
            convicted: self.story.convicted,
            requeued: self.story.requeued,
            round: self.rounds.last().map(ToString::to_string).unwrap_or_default(),
        });
        Ok(job)
    }

    /// Tells the story up to a finalised height.
    async fn tell(&mut self, finalized: Height) -> anyhow::Result<()> {
        while self.told < finalized {
            let height = self.told + 1;
            let events = self.chain.events(self.chain.block_hash(height).await?).await?;
            let happenings: Vec<Happening> = events.into_iter().filter_map(events::happening).collect();
            for line in self.story.block(&happenings) {
                self.progress.say(format_args!("block {height}: {line}"));
            }
            self.told = height;
        }
        Ok(())
    }

    /// A task's output, as soon as its worker serves it.
    async fn fetch(&self, shard: ShardId, task: u32) -> anyhow::Result<Bytes> {
        let end = Instant::now() + SERVED;
        loop {
            let mut results = Results::new(&self.chain, &self.peer);
            match results.output(shard, task).await {
                Ok(bytes) => return Ok(bytes),
                Err(error) if Instant::now() > end => {
                    return Err(error.context(format!("the accepted result of shard {shard} is served by nobody")));
                }
                Err(_) => tokio::time::sleep(AGAIN).await,
            }
        }
    }

    /// Judges the model after a round, and says how good it is.
    async fn judge(&mut self, round: u16, lesson: &mut Lesson, checkpoint: &[u8]) -> anyhow::Result<()> {
        let round = lesson.judge(round, checkpoint).await?;
        self.progress.say(round);
        self.rounds.push(round);
        Ok(())
    }

    /// Waits until everything is final and every slash carried out, pays everybody out and takes stock.
    async fn settle(&mut self) -> anyhow::Result<Report> {
        let chain = self.chain.clone();
        let mut heads = chain.heads().await?;
        for job in self.jobs.clone() {
            while chain.job(job).await?.is_some_and(|job| job.maturing > 0) {
                let head = heads.next().await.context("the connection to the node was lost")??;
                self.tell(head.finalized).await?;
            }
        }
        let (best, _) = chain.best().await?;
        // Slashes are carried out some blocks after they were reported.
        while self.told < best || self.story.has_deferred_slashes() {
            let head = heads.next().await.context("the connection to the node was lost")??;
            self.tell(head.finalized).await?;
        }
        self.progress.say("everything is final: paying out");
        let claims = self.cast.daemons().map(|member| async {
            let credits = self.chain.account(&member.account()).await?.credits;
            if credits > 0 {
                let sender = self.chain.sender(member.keys.clone());
                sender.send_and_wait(&calls::claim()).await.with_context(|| format!("{} cannot claim", member.name))?;
            }
            anyhow::Ok(())
        });
        try_join_all(claims).await?;
        let mut accounts = Vec::new();
        for member in self.cast.daemons() {
            let account = member.account();
            let view = self.chain.account(&account).await?;
            ensure!(view.credits == 0, "{} still has credits after its claim", member.name);
            accounts.push(Line {
                name: member.name.clone(),
                account: member.keys.address(),
                deeds: self.story.deeds.get(&account).copied().unwrap_or_default(),
                free: Big(view.free),
                bonded: Big(view.bonded),
            });
        }
        let network = self.chain.network().await?;
        let invariants = self.chain.check_invariants().await?;
        Ok(Report {
            jobs: self.jobs.clone(),
            jobs_completed: self.jobs_completed,
            shards_settled: network.shards_settled,
            shards_redone: self.story.requeued,
            audits: self.story.audits,
            disputes: network.disputes,
            moot: self.story.moot,
            convicted: network.convicted,
            convicted_by_element: self.story.liar_convicted_by_element,
            honest_slashed: self.story.honest_slashed(),
            fees_burned: Big(network.burned),
            useful_macs: Big(network.useful_macs),
            audit_macs: Big(self.story.audit_macs),
            rounds: self.rounds.clone(),
            accounts,
            slashed: self.story.slashes.iter().filter(|slash| slash.amount.0 > 0).cloned().collect(),
            unpunished: self.story.unpunished(),
            kills: self.faults.as_ref().map_or(0, |faults| faults.kills),
            steps_missing: self
                .faults
                .iter()
                .flat_map(|faults| faults.missing().iter().map(ToString::to_string))
                .collect(),
            invariants_broken: invariants.err(),
            rpc: self.chain.url().to_owned(),
            ..Report::default()
        })
    }
}

/// Whether a job is complete; an error if it never will be.
fn is_completed(job: &JobView) -> anyhow::Result<bool> {
    match job.status {
        JobStatus::Completed { .. } => Ok(true),
        JobStatus::Waiting | JobStatus::Running | JobStatus::Paused { .. } => Ok(false),
        JobStatus::Failed => anyhow::bail!("job {} failed ({})", job.id, watch::line(job)),
        JobStatus::Cancelled => anyhow::bail!("job {} was cancelled", job.id),
    }
}

// SPDX-License-Identifier: Apache-2.0
//! Where actions are carried out: blobs are fetched and served, programs run, promises kept.

mod desk;
mod inputs;
mod validator;
mod watcher;
mod worker;

pub use desk::{Counter, Desk};

use crate::{
    core::{Action, Attempt, Event, Round, Stage, Subject},
    db::{Db, DbError},
    disk,
};
use quern_executor::{Executor, ExecutorError};
use quern_primitives::{Account, BlobId, Height};
use quern_program::{Checked, Program, ProgramError};
use quern_protocol::{dispute::Dispute, evidence::EvidenceError, view::ShardView};
use quern_sdk::{
    chain::{Chain, ChainError},
    net::{messages::Unproven, FetchError, InputError, Inputs, NetError, Peer},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

/// Why an action failed. It is tried again.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// A blob could not be fetched.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// An input of a task is not here.
    #[error(transparent)]
    Input(#[from] InputError),
    /// A peer did not answer.
    #[error("a peer {0}")]
    Net(#[from] NetError),
    /// A peer's answer is not proven.
    #[error("a peer's answer is not proven: {0}")]
    Unproven(#[from] Unproven),
    /// The chain did not answer.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The program could not be run.
    #[error(transparent)]
    Executor(#[from] ExecutorError),
    /// The program on chain is not valid: the runtime is of another version.
    #[error("program: {0}")]
    Program(#[from] ProgramError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The own blob store failed.
    #[error("the blob store failed: {0}. {remedy}", remedy = disk::remedy(.0))]
    Store(#[from] std::io::Error),
    /// No evidence could be built.
    #[error("evidence: {0}")]
    Evidence(#[from] EvidenceError),
    /// What the chain says does not fit together.
    #[error("{0}")]
    Inconsistent(&'static str),
}

/// Everything that actions work with.
pub struct Site {
    /// The account.
    pub me: Account,
    /// The own endpoint and blobs.
    pub peer: Peer,
    /// What runs programs.
    pub executor: Arc<dyn Executor>,
    /// What promises depend on.
    pub db: Arc<Db>,
    /// What others may ask for.
    pub desk: Arc<Desk>,
    chain: Mutex<Arc<Chain>>,
    programs: Mutex<HashMap<BlobId, Arc<Checked>>>,
    inputs: Inputs,
}

impl Site {
    /// A site with nothing fetched yet.
    pub fn new(
        me: Account,
        peer: Peer,
        chain: Arc<Chain>,
        executor: Arc<dyn Executor>,
        db: Arc<Db>,
        desk: Arc<Desk>,
    ) -> Self {
        let (chain, programs, inputs) = (Mutex::new(chain), Mutex::default(), Inputs::new(peer.clone(), Some(me)));
        Self { me, peer, executor, db, desk, chain, programs, inputs }
    }

    /// The chain.
    pub fn chain(&self) -> Arc<Chain> {
        lock(&self.chain).clone()
    }

    /// Talks to the chain over another connection from now on.
    pub fn set_chain(&self, chain: Arc<Chain>) {
        *lock(&self.chain) = chain;
    }

    /// Whether something was promised in an attempt: a result, or an answer.
    pub fn has_promised(&self, attempt: Attempt) -> bool {
        self.db.has_promised(attempt).unwrap_or_else(|error| {
            tracing::warn!(%error, "promises cannot be read");
            true
        })
    }

    /// Carries out an action other than a submission.
    pub async fn carry_out(&self, action: Action) -> Result<Option<Event>, SiteError> {
        match action {
            Action::FetchInputs(view) => {
                let program = self.program(view.context.stage.program).await?;
                for task in tasks(&view) {
                    self.inputs(&view, &program, task).await?;
                }
                Ok(Some(Event::Fetched(Attempt::of(&view.shard))))
            }
            Action::Execute(view) => self.execute(&view).await.map(Some),
            Action::ShowOpening(view) => self.show_opening(&view).await.map(Some),
            Action::ShowResults(view) => self.show_results(&view).await.map(Some),
            Action::Publish(attempt) => {
                self.publish(&self.view(attempt).await?).await?;
                Ok(Some(Event::Shown(attempt, Stage::Published)))
            }
            Action::Defend(view, id) => self.defend(&view, id, dispute(&view, id)?).await.map(Some),
            Action::ShowTrace(view, id) => self.show_trace(&view, id, dispute(&view, id)?).await.map(Some),
            Action::Audit(view) => self.audit(&view).await.map(Some),
            Action::Rerun(view) => self.rerun(&view).await.map(Some),
            Action::CheckResults(view) => self.check_results(&view).await.map(Some),
            Action::Prosecute(view, id) => self.prosecute(&view, id, dispute(&view, id)?).await.map(Some),
            Action::Adopt(view) => self.adopt(&view).map(Some),
            Action::Compare(view, task) => self.compare(&view, task).await.map(Some),
            Action::Hold(attempt) => self.hold(&self.view(attempt).await?).await.map(Some),
            Action::Forget(attempt) => {
                self.desk.forget(attempt);
                self.db.forget(attempt)?;
                Ok(None)
            }
            Action::Submit(_) => Err(SiteError::Inconsistent("extrinsics are sent by the shell")),
        }
    }

    /// A shard with everything that its parties need, while it is in this attempt.
    async fn view(&self, attempt: Attempt) -> Result<ShardView, SiteError> {
        let view = self.chain().shard_view(attempt.shard).await?;
        let view = view.filter(|view| Attempt::of(&view.shard) == attempt);
        view.ok_or(SiteError::Inconsistent("the shard is no longer there"))
    }

    /// The valid program of a stage.
    pub async fn program(&self, id: BlobId) -> Result<Arc<Checked>, SiteError> {
        if let Some(program) = lock(&self.programs).get(&id) {
            return Ok(program.clone());
        }
        let bytes = self.chain().program(id).await?.ok_or(SiteError::Inconsistent("the program is not published"))?;
        let program = Arc::new(Program::decode_checked(&bytes)?);
        lock(&self.programs).insert(id, program.clone());
        Ok(program)
    }
}

/// What an action is about, so that the core can be told that it failed.
pub fn subject(action: &Action) -> Subject {
    let shard = |view: &ShardView, step| Subject::Shard(Round::of(&view.shard), step);
    let stage = |view: &ShardView, stage: fn(Height) -> Stage| {
        let Round { attempt, drawn_at } = Round::of(&view.shard);
        stage(drawn_at).subject(attempt)
    };
    match action {
        Action::FetchInputs(view) => shard(view, "fetch"),
        Action::Execute(view) => shard(view, "execute"),
        Action::ShowOpening(view) => stage(view, Stage::Opening),
        Action::ShowResults(view) => stage(view, Stage::Results),
        Action::Publish(attempt) => Stage::Published.subject(*attempt),
        Action::Defend(view, id) => Subject::of_dispute(view, *id, "defend"),
        Action::ShowTrace(view, id) => Subject::of_dispute(view, *id, "show trace"),
        Action::Audit(view) => Subject::Shard(Round::of_sample(&view.shard), "audit"),
        Action::Rerun(view) => Subject::Shard(Round::of_sample(&view.shard), "rerun"),
        Action::CheckResults(view) => shard(view, "check"),
        Action::Prosecute(view, id) => Subject::of_dispute(view, *id, "prosecute"),
        Action::Adopt(view) => shard(view, "keep"),
        Action::Compare(view, task) => Subject::Task(Attempt::of(&view.shard), *task),
        Action::Hold(attempt) => Subject::Shard(Round { attempt: *attempt, drawn_at: 0 }, "hold"),
        Action::Submit(_) | Action::Forget(_) => Subject::None,
    }
}

fn tasks(view: &ShardView) -> impl Iterator<Item = u32> {
    view.shard.first_task..view.shard.first_task.saturating_add(view.shard.tasks)
}

fn dispute(view: &ShardView, id: u64) -> Result<&Dispute, SiteError> {
    let found = view.disputes.iter().find(|(of, _)| *of == id).map(|(_, dispute)| dispute);
    found.ok_or(SiteError::Inconsistent("the dispute is over"))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Runs work that keeps a core busy without holding up the daemon.
async fn compute<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SiteError> + Send + 'static,
) -> Result<T, SiteError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| SiteError::Inconsistent("a computation panicked"))?
}

// SPDX-License-Identifier: Apache-2.0
//! Where actions are carried out: blobs are fetched and served, programs run, promises kept.

mod desk;
mod evidence;
mod execution;
mod inputs;
mod validator;
mod watcher;
mod worker;

pub use desk::{Counter, Desk};

use crate::{
    core::{validator::checking, Action, Attempt, Event, Round, Stage, Subject},
    db::{Db, DbError},
    disk, memory_mib,
    room::{Takes, TooLarge},
};
use quern_executor::{Executor, ExecutorError};
use quern_primitives::{
    job::{Input, Stage as JobStage},
    Account, BlobId, Height, ShardId,
};
use quern_program::{Checked, Program, ProgramError, Summary};
use quern_protocol::{dispute::Dispute, evidence::EvidenceError, shard::Phase, view::ShardView};
use quern_sdk::{
    chain::{Chain, ChainError},
    net::{messages::Unproven, Checkpoint, FetchError, InputError, Inputs, NetError, Peer, Recent},
};
use std::sync::{atomic::AtomicUsize, Arc, Mutex};
use tokio::sync::{Semaphore, SemaphorePermit};

/// Programs that are remembered; each has at most 4,096 operators. One that is forgotten is read from the chain again.
const MAX_PROGRAMS: usize = 64;
/// Moves of disputes that are worked out at once. They wait behind no other work; one takes about as much memory as the audit before it.
const MOVES_AT_ONCE: u32 = 2;

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
    /// A program needs more memory than there is.
    #[error(transparent)]
    Memory(#[from] TooLarge),
    /// It had its turn when it was owed no more.
    #[error("it had to wait until it was owed no more")]
    Over,
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
    /// Shards that are not seen through yet, as of the last block.
    pub open: AtomicUsize,
    chain: Mutex<Arc<Chain>>,
    programs: Mutex<Recent<BlobId, Arc<Checked>>>,
    inputs: Inputs,
    moves: Semaphore,
    /// Traces that are shown again, which nobody owes: one at a time waits among the moves.
    shows: Semaphore,
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
        let (chain, inputs) = (Mutex::new(chain), Inputs::new(peer.clone(), Some(me)));
        let programs = Mutex::new(Recent::new(MAX_PROGRAMS));
        let (moves, shows) = (Semaphore::new(MOVES_AT_ONCE as usize), Semaphore::new(1));
        Self { me, peer, executor, db, desk, open: AtomicUsize::new(0), chain, programs, inputs, moves, shows }
    }

    /// A place for a move of a dispute, which holds all tensors of a segment and the blobs that prove an element. Whoever has one waits
    /// for no peer. A large one takes both places.
    async fn place_for_move(&self, program: &Checked) -> Result<SemaphorePermit<'_>, SiteError> {
        let places = places(program.summary().memory_bytes, memory_mib());
        self.moves.acquire_many(places).await.map_err(|_| SiteError::Inconsistent("the daemon ends"))
    }

    /// The turn of a trace that is shown again.
    async fn turn_to_show(&self) -> Result<SemaphorePermit<'_>, SiteError> {
        self.shows.acquire().await.map_err(|_| SiteError::Inconsistent("the daemon ends"))
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

    /// What an action takes of the memory. Moves of disputes wait for each other alone, not for memory: they are owed soon.
    pub async fn takes(&self, action: &Action) -> Result<Takes, SiteError> {
        let (Action::FetchInputs(view)
        | Action::Execute(view)
        | Action::Plan(view, ..)
        | Action::Audit(view)
        | Action::Rerun(view)
        | Action::Compare(view, _)
        | Action::Recompute(view, _)) = action
        else {
            return Ok(Takes::default());
        };
        let summary = self.program(view.context.stage.program).await?.summary();
        Ok(takes(action, &view.context.stage, &summary))
    }

    /// Fetches what an action runs on before it has its place, so that a peer that sends slowly holds up this one alone: the blobs are
    /// stored then.
    pub async fn prefetch(&self, action: &Action) -> Result<Prefetched, SiteError> {
        match action {
            Action::Audit(view) => self.prefetch_audit(view).await,
            Action::Rerun(view) => {
                let tasks = view.shard.reruns().into_iter().map(|(task, _)| task);
                self.prefetch_inputs(view, tasks).await
            }
            Action::Compare(view, task) => {
                self.commitment(view, &validator::accepted(&view.shard)?).await?;
                self.prefetch_inputs(view, [*task]).await
            }
            Action::Recompute(view, position) => {
                self.prefetch_inputs(view, view.shard.locate(*position).map(|(task, _)| task)).await
            }
            _ => Ok(Prefetched::default()),
        }
    }

    async fn prefetch_inputs(
        &self,
        view: &ShardView,
        tasks: impl IntoIterator<Item = u32>,
    ) -> Result<Prefetched, SiteError> {
        let program = self.program(view.context.stage.program).await?;
        for task in tasks {
            self.inputs(view, &program, task).await?;
        }
        Ok(Prefetched::default())
    }

    /// Carries out an action other than a submission, with what was fetched for it.
    pub async fn carry_out(&self, action: Action, fetched: Prefetched) -> Result<Option<Event>, SiteError> {
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
            Action::Audit(view) => self.audit(&view, fetched.opening).await.map(Some),
            Action::Rerun(view) => self.rerun(&view).await.map(Some),
            Action::CheckResults(view) => self.check_results(&view).await.map(Some),
            Action::Prosecute(view, id) => self.prosecute(&view, id, dispute(&view, id)?).await.map(Some),
            Action::Compare(view, task) => self.compare(&view, task).await.map(Some),
            Action::Recompute(view, position) => self.recompute(&view, position).await.map(Some),
            Action::FindLeaf(view, position, since) => self.find_leaf(&view, position, since).await.map(Some),
            Action::Hold(attempt) => self.hold(&self.view(attempt).await?).await.map(Some),
            Action::Forget(attempt) => {
                self.desk.forget(attempt);
                self.db.forget(attempt)?;
                Ok(None)
            }
            Action::Plan(view, kind, deposit) => self.plan(&view, kind, deposit).await.map(Some),
            Action::Confirm(attempt) => confirm(&self.db, attempt).map(Some),
            Action::Abandon(attempt) => {
                self.db.abandon_plan(attempt)?;
                tracing::warn!(shard = %attempt.shard, "the plant does not stand in time: the shard is run as it should be");
                Ok(Some(Event::Abandoned(attempt)))
            }
            Action::ForgetPlan(attempt) => {
                self.db.forget_plan(attempt)?;
                Ok(None)
            }
            Action::Submit(_) | Action::Post(_) => Err(SiteError::Inconsistent("extrinsics are sent by the shell")),
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
            return Ok(program);
        }
        let bytes = self.chain().program(id).await?.ok_or(SiteError::Inconsistent("the program is not published"))?;
        let program = Arc::new(Program::decode_checked(&bytes)?);
        lock(&self.programs).insert(id, program.clone(), 1);
        Ok(program)
    }
}

/// What was fetched for an action that is in no store.
#[derive(Debug, Default)]
pub struct Prefetched {
    /// The opened checkpoints before the drawn runs, proven.
    opening: Vec<Checkpoint>,
}

/// How many places a move takes: all where two of its kind would not fit into the memory that was free. 0 MiB stand for no limit.
fn places(memory_bytes: u64, free_mib: u32) -> u32 {
    let fit = memory_bytes.saturating_mul(u64::from(MOVES_AT_ONCE)) <= u64::from(free_mib) << 20;
    if fit || free_mib == 0 {
        1
    } else {
        MOVES_AT_ONCE
    }
}

/// What an action with a program takes of the memory, in MiB.
fn takes(action: &Action, stage: &JobStage, summary: &Summary) -> Takes {
    // The whole blob is in memory while a slice is cut out of it.
    let cut = stage.inputs.iter().map(|input| if let Input::Slice { blob, .. } = input { blob.len } else { 0 });
    let fetching = summary.fixed_bytes.saturating_add(cut.max().unwrap_or_default());
    let mib = |bytes: u64| bytes.div_ceil(1 << 20);
    let (runs, fits_mib) = (mib(summary.memory_bytes.max(fetching)), mib(summary.memory_bytes));
    match action {
        // A validator that fetches is asked whether they are there, not whether it can run them.
        Action::FetchInputs(view) if !matches!(view.shard.phase, Phase::Assigned { .. }) => {
            Takes { fetching_mib: mib(fetching), ..Takes::default() }
        }
        Action::FetchInputs(_) => Takes { fetching_mib: mib(fetching), fits_mib, ..Takes::default() },
        _ if action.is_prefetched() => {
            let prefetching_mib = mib(fetching.max(summary.state_bytes));
            Takes { running_mib: runs, prefetching_mib, fits_mib, ..Takes::default() }
        }
        _ => Takes { running_mib: runs, fits_mib, ..Takes::default() },
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
        Action::Execute(view) | Action::Plan(view, ..) => shard(view, "execute"),
        Action::Confirm(attempt) => Subject::Plant(*attempt, "confirm"),
        Action::Abandon(attempt) => Subject::Plant(*attempt, "abandon"),
        Action::ShowOpening(view) => stage(view, Stage::Opening),
        Action::ShowResults(view) => stage(view, Stage::Results),
        Action::Publish(attempt) => Stage::Published.subject(*attempt),
        Action::Defend(view, id) => Subject::of_dispute(view, *id, "defend"),
        Action::ShowTrace(view, id) => Subject::of_dispute(view, *id, "show trace"),
        Action::Audit(view) => Subject::Shard(Round::of_sample(&view.shard), "audit"),
        Action::Rerun(view) => Subject::Shard(Round::of_sample(&view.shard), "rerun"),
        Action::CheckResults(view) => shard(view, checking(view)),
        Action::Prosecute(view, id) => Subject::of_dispute(view, *id, "prosecute"),
        Action::Compare(view, task) => Subject::Task(Attempt::of(&view.shard), *task),
        Action::Recompute(view, _) => shard(view, "recompute"),
        Action::FindLeaf(view, ..) => shard(view, "find leaf"),
        Action::Hold(attempt) => Subject::Shard(Round { attempt: *attempt, drawn_at: 0 }, "hold"),
        Action::Submit(_) | Action::Post(_) | Action::Forget(_) | Action::ForgetPlan(_) => Subject::None,
    }
}

fn tasks(view: &ShardView) -> impl Iterator<Item = u32> {
    view.shard.first_task..view.shard.first_task.saturating_add(view.shard.tasks)
}

fn dispute(view: &ShardView, id: u64) -> Result<&Dispute, SiteError> {
    let found = view.disputes.iter().find(|(of, _)| *of == id).map(|(_, dispute)| dispute);
    found.ok_or(SiteError::Inconsistent("the dispute is over"))
}

/// Keeps it that the plant of an attempt stands. A full disk keeps no finished result from being committed to.
fn confirm(db: &Db, attempt: Attempt) -> Result<Event, SiteError> {
    let lost = "it is not kept that the plant stands: that is looked for again when the daemon starts";
    unless_full(db.confirm_plan(attempt), &attempt.shard, lost)?;
    Ok(Event::Confirmed(attempt))
}

/// What could not be kept for want of room is only told, with what is lost by that: what depends on it is owed, and it is in memory.
fn unless_full(kept: Result<(), DbError>, shard: &ShardId, lost: &'static str) -> Result<(), DbError> {
    match kept {
        Err(error @ DbError::Full(_)) => {
            tracing::warn!(%error, %shard, "{lost}");
            Ok(())
        }
        kept => kept,
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Runs work that keeps a core busy without holding up the daemon.
async fn compute<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SiteError> + Send + 'static,
) -> Result<T, SiteError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| SiteError::Inconsistent("a computation panicked"))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        core::{
            planter::{Kind, Plan, Progress},
            Promise,
        },
        testing::{assigned, audited, running, ID, ME, OTHER},
    };
    use quern_primitives::job::Blob;

    const MIB: u64 = 1 << 20;

    #[test]
    fn moves_should_be_worked_out_two_at_once_where_both_fit_into_the_memory() {
        assert_eq!(places(8 * MIB, 16), 1);
        assert_eq!(places(8 * MIB + 1, 16), MOVES_AT_ONCE);
        assert_eq!(places(u64::MAX, 16), MOVES_AT_ONCE);
        assert_eq!(places(u64::MAX, 0), 1, "the system does not say");
    }

    #[test]
    fn only_a_full_disk_should_leave_unkept_what_is_owed() {
        let kept = |kept| unless_full(kept, &ID, "it is lost");
        assert!(kept(Ok(())).is_ok() && kept(Err(DbError::Full(15))).is_ok());
        assert!(kept(Err(DbError::Io("torn".into()))).is_err());
    }

    #[test]
    fn plant_should_be_confirmed_when_the_disk_is_full_and_not_when_the_database_fails() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&folder.path().join("db"), &ME, &[2; 32]).unwrap();
        let attempt = Attempt::of(&running(ME).shard);
        let promise = Promise { by: 9, secret: [7; 32], ids: vec![], root: BlobId([2; 32]) };
        let (kind, root, progress) = (Kind::Error, promise.root, Progress::Drafted);
        let plan = Plan { kind, root, salt: [3; 32], deposit: 40, by: 9, progress };
        db.keep_plan(attempt, &plan, &promise).unwrap();
        let full = db.with_room(0);
        assert_eq!(confirm(&full, attempt).unwrap(), Event::Confirmed(attempt));
        let other = Attempt { attempt: 9, ..attempt };
        assert!(confirm(&full, other).is_err(), "it was never planned");
    }

    #[test]
    fn work_should_take_the_memory_of_its_program_or_of_the_blob_that_a_slice_is_cut_from() {
        let (fixed_bytes, state_bytes, memory_bytes) = (3 * MIB, 6 * MIB, 8 * MIB - 1);
        let summary = Summary { fixed_bytes, state_bytes, memory_bytes, ..Summary::default() };
        let mut view = assigned(ME);
        let slice = |len| Input::Slice { blob: Blob { id: BlobId([1; 32]), len }, stride: 1 };
        view.context.stage.inputs = vec![slice(2 * MIB)].try_into().unwrap();
        let stage = view.context.stage.clone();
        let audit = Action::Audit(audited(OTHER, ME, None));
        assert_eq!(
            takes(&audit, &stage, &summary),
            Takes { running_mib: 8, prefetching_mib: 6, fetching_mib: 0, fits_mib: 8 }
        );

        view.context.stage.inputs = vec![slice(MIB), slice(7 * MIB)].try_into().unwrap();
        let stage = view.context.stage.clone();
        assert_eq!(
            takes(&audit, &stage, &summary),
            Takes { running_mib: 10, prefetching_mib: 10, fetching_mib: 0, fits_mib: 8 }
        );
        let fetch = Action::FetchInputs(view);
        assert_eq!(takes(&fetch, &stage, &summary), Takes { fetching_mib: 10, fits_mib: 8, ..Takes::default() });
        // Who does not run it says whether the inputs are there, however large the program is.
        let asked = Action::FetchInputs(running(OTHER));
        assert_eq!(takes(&asked, &stage, &summary).fits_mib, 0);
    }
}

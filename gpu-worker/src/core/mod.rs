// SPDX-License-Identifier: Apache-2.0
//! The daemons without clock, socket or disk: what the chain says and what is known here go in, actions come out.
//!
//! Every best block brings a fresh [`ShardView`] of everything that the account has to do with, and the shards that it only
//! serves. A core compares it with what it
//! knows (promises made, seals, work done) and says what to do next. It remembers only what is under way, so a daemon that
//! starts from nothing but its database does the same things as one that never stopped.

mod moves;
pub mod planter;
mod prosecution;
mod since;
mod time;
pub mod validator;
pub mod watcher;
pub mod worker;

use quern_primitives::{
    commitment::LeafProof,
    offence::OffenceId,
    plant::PlantedResult,
    slice::{Cv, SliceProof},
    Account, Balance, BlobId, DisputeId, Height, ShardId,
};
use quern_protocol::{
    dispute::{Dispute, Outline, Trace},
    referee::ReadProof,
    shard::Shard,
    view::ShardView,
};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

pub use moves::{defend_trace, name_difference};
pub use planter::Planter;
pub use validator::Validator;
pub use watcher::Watcher;
pub use worker::Worker;

/// Blocks after which an extrinsic that had no effect is sent again.
pub const RESEND_BLOCKS: Height = 8;
/// Blocks to wait after something failed (a fetch, an execution) before it is tried again.
pub const RETRY_BLOCKS: Height = 4;
/// Failed attempts to be shown something by a peer after which it is demanded on chain.
pub const DEMAND_AFTER: u32 = 4;
/// Blocks before a deadline at which one failed attempt is enough to demand.
pub const DEMAND_MARGIN_BLOCKS: Height = 36;
/// Blocks after which a fetch of ids and proofs that has not ended counts as failed when the time is nearly over: they are few
/// kilobytes, so its peer sends slowly on purpose or not at all. So does a worker's fetch of inputs.
pub const SLOW_BLOCKS: Height = 8;
/// Failed attempts to get what is audited after which a validator says so on chain, once it was demanded there, and after which it
/// says that it has not got the inputs either.
pub const CLAIM_AFTER: u32 = 12;
pub use quern_protocol::params::{CLAIM_MARGIN_BLOCKS, PRESSING_BLOCKS};
/// Failed attempts to fetch the inputs after which a worker declines the shard, so that it waits for nobody, and after which a validator
/// that is asked for them says that they are missing.
pub const DECLINE_AFTER: u32 = 8;
/// Blocks before its deadline at which a worker declines the shard that has failed once to fetch the inputs, or whose fetch has waited or
/// lasted for [`SLOW_BLOCKS`]: a fetch from nobody takes so long that there are few tries until then, and declining costs less than being
/// late. Enough to send it twice.
pub const DECLINE_MARGIN_BLOCKS: Height = 12;
/// Blocks before its deadline at which a worker that has not got the inputs declines the shard: enough to be heard in time. To decline
/// costs less than to be late.
pub const START_MARGIN_BLOCKS: Height = 4;
/// Blocks for which the outputs of an accepted shard are fetched at a stretch, before others have their turn.
pub const HOLD_BLOCKS: Height = 32;

/// One attempt at a shard: what is known and promised belongs to it and never to a later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Attempt {
    /// The shard.
    pub shard: ShardId,
    /// How often it was re-issued before.
    pub attempt: u16,
}

impl Attempt {
    /// The attempt that a shard is in.
    pub fn of(shard: &Shard) -> Self {
        Self { shard: shard.id, attempt: shard.attempt }
    }
}

/// One draw of an attempt: what is under way for it never holds up the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Round {
    /// The attempt.
    pub attempt: Attempt,
    /// Height of the draw; 0 while there is no audit.
    pub drawn_at: Height,
}

impl Round {
    /// The round that a shard is in.
    pub fn of(shard: &Shard) -> Self {
        Self { attempt: Attempt::of(shard), drawn_at: drawn_at(shard) }
    }

    /// The round that the sample of a shard was drawn in: an audit of it goes on while others are drawn for vacant seats.
    pub fn of_sample(shard: &Shard) -> Self {
        Self { attempt: Attempt::of(shard), drawn_at: shard.audit().map_or(0, |audit| audit.sampled_at) }
    }
}

/// Height of the last draw for a shard: of those who are asked for its inputs, or of its auditors.
fn drawn_at(shard: &Shard) -> Height {
    let probe = shard.probe().map(|probe| probe.drawn_at);
    probe.or(shard.audit().map(|audit| audit.drawn_at)).unwrap_or(0)
}

/// A worker's result, kept durably before it is committed to.
#[derive(Clone, Debug, PartialEq, Eq, codec::Encode, codec::Decode)]
pub struct Promise {
    /// The deadline of the execution. A node that has not finalised it yet may know less than was promised.
    pub by: Height,
    /// The secret from which all leaf secrets are derived.
    pub secret: [u8; 32],
    /// Ids of all checkpoints and outputs, in leaf order.
    pub ids: Vec<BlobId>,
    /// BLAKE3 of the list of blinded leaves.
    pub root: BlobId,
}

/// A validator's answer, kept durably before its seal goes out.
#[derive(Clone, Debug, PartialEq, Eq, codec::Encode, codec::Decode)]
pub struct Sealed {
    /// Height of the draw of the sample that it answers.
    pub sampled_at: Height,
    /// The salt.
    pub salt: [u8; 32],
    /// Ids that it computed for the drawn segments, in order.
    pub ids: Vec<BlobId>,
    /// Leaf proofs of the checkpoints before the drawn runs, in order: what a dispute starts from.
    pub starts: Vec<LeafProof>,
    /// Where the tasks were run from their inputs: each with the ids of its segments, as far as it was run. What the first
    /// difference is found with.
    pub tasks: Vec<(u32, Vec<BlobId>)>,
}

/// What a worker showed of its drawn results, proven against its root. Kept durably before the own answer is revealed: a
/// dispute needs it, and a worker that lied may stop serving.
#[derive(Clone, Debug, PartialEq, Eq, codec::Encode, codec::Decode)]
pub struct ShownResults {
    /// Height of the draw that they answer.
    pub drawn_at: Height,
    /// Leaf proofs of the drawn segments, in order.
    pub leaves: Vec<LeafProof>,
}

/// A challenger's next move, worked out from the worker's moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prosecution {
    /// Name this operator.
    Name(u16),
    /// Name this operator of the opened part of a long trace.
    NameInPart {
        /// The operator.
        op: u16,
        /// The other parts that it reads from.
        earlier: Vec<Vec<u8>>,
    },
    /// Have this element recomputed.
    Convict {
        /// The element.
        element: u64,
        /// Proof of the worker's bytes; none when the chunk is on chain.
        output: Option<SliceProof>,
        /// Proofs of what it reads.
        reads: Vec<ReadProof>,
    },
    /// Show the worker's output to have another length.
    ConvictLength {
        /// Its real length.
        len: u64,
        /// Proof of its final chunk.
        proof: SliceProof,
    },
    /// Ask for this one of the shown nodes on chain, or for this part of a long trace.
    Demand(u32),
    /// This one of the named ids is the first that differs, or none does when it is their number.
    Pick(u32),
}

/// The first end of a segment that came out differently than a worker committed to. Its start is the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Leaf position of the end.
    pub position: u32,
    /// The checkpoint before the segment, if it has one.
    pub start: Option<LeafProof>,
    /// The worker's end.
    pub end: LeafProof,
}

/// A worker's next move in a dispute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Defence {
    /// Post the trace.
    Trace(Trace),
    /// Post the outline of a long trace.
    Outline(Outline),
    /// Show subtrees.
    Subtrees(Vec<Cv>),
    /// Show a chunk: of an output, or a part of a long trace.
    Chunk(Vec<u8>),
    /// Name what is at the probes of the search.
    Ids(Vec<BlobId>),
    /// Prove the ends of the segment.
    Prove {
        /// The checkpoint before it, if it has one.
        start: Option<LeafProof>,
        /// Its end.
        end: LeafProof,
    },
}

/// An extrinsic to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// `jobs.start_shard`
    Start(ShardId),
    /// `jobs.decline_shard`
    Decline(ShardId),
    /// `jobs.commit_shards`: (shard, root, hash of the shard secret), at most 16.
    Commit(Vec<(ShardId, BlobId, [u8; 32])>),
    /// `verification.open_checkpoints`
    OpenCheckpoints(ShardId, [u8; 32]),
    /// `verification.demand_opening`
    DemandOpening(ShardId),
    /// `verification.answer_opening`
    AnswerOpening(ShardId, Vec<LeafProof>),
    /// `verification.commit_audit`
    CommitAudit(ShardId, [u8; 32]),
    /// `verification.reveal_results`
    RevealResults(ShardId, [u8; 32]),
    /// `verification.reveal_audit`: shard, salt, results digest, whether all outputs are held.
    RevealAudit(ShardId, [u8; 32], [u8; 32], bool),
    /// `verification.open_dispute`: shard, position, opened start and end.
    OpenDispute(ShardId, u32, Option<LeafProof>, LeafProof),
    /// `verification.accuse_auditor`: shard, auditor, position, opened start and end.
    AccuseAuditor(ShardId, Account, u32, Option<LeafProof>, LeafProof),
    /// `verification.post_trace`, `post_outline`, `open_subtrees`, `open_chunk`, `name_ids`, `prove_ends`
    Defend(DisputeId, Defence),
    /// `verification.name_operator`, `name_in_part`, `demand_output`, `convict`, `convict_length`, `pick_id`
    Prosecute(DisputeId, Prosecution),
    /// `verification.claim_unavailable`: shard, whether the inputs are missing too.
    ClaimUnavailable(ShardId, bool),
    /// `verification.report_inputs`: shard, whether all inputs are here.
    ReportInputs(ShardId, bool),
    /// `verification.answer_leaf`
    AnswerLeaf(ShardId, u32, LeafProof),
    /// `jobs.acknowledge_shards`, at most 16.
    Acknowledge(Vec<ShardId>),
    /// `slashing.plant`: hash, deposit.
    Plant([u8; 32], Balance),
    /// `slashing.open_plant`: offence, salt.
    OpenPlant(OffenceId, [u8; 32]),
    /// `slashing.open_decoy`: salt.
    OpenDecoy([u8; 32]),
    /// `slashing.withdraw_plant`: salt, what was planted.
    WithdrawPlant([u8; 32], PlantedResult),
    /// `slashing.expire_plant`: hash.
    ExpirePlant([u8; 32]),
    /// `verification.demand_leaf`
    DemandLeaf {
        /// The shard.
        shard: ShardId,
        /// The leaf position.
        position: u32,
        /// What it may cost.
        max_price: Balance,
        /// What all demands cost until now, with this one: for the log.
        spent: Balance,
    },
}

impl Call {
    /// What it is, in a word.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Start(_) => "start",
            Self::Decline(_) => "decline",
            Self::Commit(_) => "commit",
            Self::OpenCheckpoints(..) => "open",
            Self::DemandOpening(_) => "demand opening",
            Self::AnswerOpening(..) => "answer",
            Self::CommitAudit(..) => "seal",
            Self::RevealResults(..) => "results",
            Self::RevealAudit(..) => "reveal",
            Self::OpenDispute(..) => "dispute",
            Self::AccuseAuditor(..) => "accuse",
            Self::Defend(_, Defence::Trace(_) | Defence::Outline(_)) => "trace",
            Self::Defend(_, Defence::Subtrees(_)) => "subtrees",
            Self::Defend(_, Defence::Chunk(_)) => "chunk",
            Self::Prosecute(_, Prosecution::Name(_) | Prosecution::NameInPart { .. }) => "name",
            Self::Prosecute(_, Prosecution::Demand(_)) => "demand output",
            Self::Prosecute(_, Prosecution::Pick(_)) => "pick",
            Self::Defend(_, Defence::Ids(_)) => "ids",
            Self::Defend(_, Defence::Prove { .. }) => "prove",
            Self::ClaimUnavailable(_, false) => "claim",
            Self::ClaimUnavailable(_, true) => "claim inputs",
            Self::ReportInputs(..) => "report inputs",
            Self::AnswerLeaf(..) => "answer leaf",
            Self::Acknowledge(_) => "acknowledge",
            Self::Plant(..) => "plant",
            Self::OpenPlant(..) => "open plant",
            Self::OpenDecoy(_) => "open decoy",
            Self::WithdrawPlant(..) => "withdraw plant",
            Self::ExpirePlant(_) => "expire plant",
            Self::DemandLeaf { .. } => "demand id",
            Self::Prosecute(..) => "convict",
        }
    }
}

/// What a daemon does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Fetch all inputs of the shard's tasks.
    FetchInputs(ShardView),
    /// Run the shard, store its checkpoints and outputs, and keep a [`Promise`].
    Execute(ShardView),
    /// Do the same with wrong results, or with right ones and a decoy, and keep the [`planter::Plan`] beside the promise.
    Plan(ShardView, planter::Kind, Balance),
    /// Keep it that the plant or decoy of an attempt stands on chain for good, so that its result may be committed to.
    Confirm(Attempt),
    /// Give up an error that is not planted in time: drop its promise, and keep it that the attempt is run as it should be.
    Abandon(Attempt),
    /// Drop the plan of an attempt.
    ForgetPlan(Attempt),
    /// Send an extrinsic from the planting account.
    Post(Call),
    /// Let the drawn validators fetch the opened checkpoints and ask for openings.
    ShowOpening(ShardView),
    /// Let the drawn validators ask for the drawn results.
    ShowResults(ShardView),
    /// Let everybody fetch the outputs and ask for the shard secret.
    Publish(Attempt),
    /// Work out the worker's next move in a dispute.
    Defend(ShardView, DisputeId),
    /// Let the challenger of a dispute fetch the tensors of the trace.
    ShowTrace(ShardView, DisputeId),
    /// Fetch what was opened, re-run the drawn segments and keep a [`Sealed`] answer.
    Audit(ShardView),
    /// Run the drawn tasks from their inputs and keep a [`Sealed`] answer.
    Rerun(ShardView),
    /// Fetch what the worker shows of the drawn results and check it against its root.
    CheckResults(ShardView),
    /// Work out the challenger's next move in a dispute.
    Prosecute(ShardView, DisputeId),
    /// Fetch the outputs of an accepted shard and serve them.
    Hold(Attempt),
    /// Run this task of an accepted shard again and compare it with what its worker committed to.
    Compare(ShardView, u32),
    /// Run the task of an accepted shard again from its inputs, up to this leaf position, whose id is asked for on chain then.
    Recompute(ShardView, u32),
    /// Find the leaf at this position, which was asked for on chain, in the blocks from this one on.
    FindLeaf(ShardView, u32, Height),
    /// Send an extrinsic.
    Submit(Call),
    /// Drop what was kept for attempts that are over.
    Forget(Attempt),
}

/// What the shell reports back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A new best block and what it says.
    Block {
        /// Its height.
        best: Height,
        /// Height of the last finalised block.
        finalized: Height,
        /// Every shard in which this account has something to do.
        views: Arc<[ShardView]>,
        /// Every shard that it only serves, as it was a moment ago.
        served: Arc<[Shard]>,
    },
    /// What the chain says of the planting account, in the state of the block that is told next.
    Plants(planter::Facts),
    /// The shard was run, and its promise and its plan kept.
    Planned(Attempt, Promise, planter::Plan),
    /// It is kept that the plant of an attempt stands.
    Confirmed(Attempt),
    /// An error was given up, and its promise is gone.
    Abandoned(Attempt),
    /// All inputs are here.
    Fetched(Attempt),
    /// The shard was run and its promise kept.
    Executed(Attempt, Promise),
    /// Something was shown or published as asked.
    Shown(Attempt, Stage),
    /// The audit was run and its answer kept.
    Audited(Attempt, Sealed),
    /// The worker's drawn results are here and proven.
    Checked(Attempt, ShownResults),
    /// The next move of a dispute, as it stood then, as defender.
    Defended(DisputeId, Box<Dispute>, Defence),
    /// The challenger can fetch the tensors of the trace.
    Traced(DisputeId),
    /// The next move of a dispute, as it stood then, as challenger.
    Prosecuted(DisputeId, Box<Dispute>, Prosecution),
    /// The outputs of an accepted shard are here and served.
    Held(Attempt),
    /// A task of an accepted shard was run again: with what differs, if anything does.
    Compared(Attempt, u32, Option<Difference>),
    /// The own id at a leaf position of an accepted shard.
    Recomputed(Attempt, u32, BlobId),
    /// The leaf at a position was shown on chain, proven.
    LeafShown(Attempt, u32, LeafProof),
    /// An action failed; it is tried again later.
    Failed(Subject),
}

/// How far a worker has shown a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Checkpoints, to the drawn validators of the draw at this height.
    Opening(Height),
    /// Drawn results, to the drawn validators of the draw at this height.
    Results(Height),
    /// Everything, to everybody.
    Published,
}

impl Stage {
    /// What showing it is about.
    pub fn subject(self, attempt: Attempt) -> Subject {
        let (drawn_at, step) = match self {
            Self::Opening(drawn_at) => (drawn_at, "show opening"),
            Self::Results(drawn_at) => (drawn_at, "show results"),
            Self::Published => (0, "publish"),
        };
        Subject::Shard(Round { attempt, drawn_at }, step)
    }
}

/// What an action is about, so that it is not started twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A step of a shard.
    Shard(Round, &'static str),
    /// A step of a dispute, and the deadline of the move that it is for.
    Dispute(DisputeId, Height, &'static str),
    /// An id that is asked for on chain.
    Leaf(Attempt, u32),
    /// A task that is run again.
    Task(Attempt, u32),
    /// An auditor of an overturned shard.
    Auditor(Attempt, Account),
    /// A step of a plant.
    Plant(Attempt, &'static str),
    /// Nothing that repeats.
    None,
}

impl Subject {
    /// Its shard, if it has one.
    pub fn shard(&self) -> Option<ShardId> {
        match self {
            Self::Shard(Round { attempt, .. }, _)
            | Self::Leaf(attempt, _)
            | Self::Task(attempt, _)
            | Self::Auditor(attempt, _)
            | Self::Plant(attempt, _) => Some(attempt.shard),
            Self::Dispute(..) | Self::None => None,
        }
    }

    /// Its dispute, if it has one.
    pub fn dispute(&self) -> Option<DisputeId> {
        match self {
            Self::Dispute(id, ..) => Some(*id),
            _ => None,
        }
    }

    /// What is done, in a word.
    pub fn step(&self) -> Option<&'static str> {
        match self {
            Self::Shard(_, step) | Self::Dispute(_, _, step) | Self::Plant(_, step) => Some(step),
            Self::Leaf(..) => Some("answer leaf"),
            Self::Task(..) => Some("compare"),
            Self::Auditor(..) => Some("accuse"),
            Self::None => None,
        }
    }

    /// A step of a dispute of this view; nothing when it is over.
    pub fn of_dispute(view: &ShardView, id: DisputeId, step: &'static str) -> Self {
        let found = view.disputes.iter().find(|(of, _)| *of == id);
        found.map_or(Self::None, |(_, dispute)| Self::Dispute(id, dispute.by, step))
    }
}

/// What is under way, and what has to wait.
#[derive(Debug, Default)]
struct Pending {
    until: HashMap<Subject, Height>,
    /// When that was started which counts as under way until it is reported.
    since: HashMap<Subject, Height>,
    failures: HashMap<Subject, u32>,
}

impl Pending {
    /// Whether to start this now; if so it counts as under way for `blocks`.
    fn start(&mut self, subject: Subject, best: Height, blocks: Height) -> bool {
        if self.until.get(&subject).is_some_and(|until| best < *until) {
            return false;
        }
        self.until.insert(subject, best.saturating_add(blocks));
        if blocks == UNTIL_REPORTED {
            self.since.insert(subject, best);
        }
        true
    }

    fn done(&mut self, subject: Subject) {
        self.until.remove(&subject);
        self.since.remove(&subject);
        self.failures.remove(&subject);
    }

    fn failed(&mut self, subject: Subject, best: Height) {
        self.until.insert(subject, best.saturating_add(RETRY_BLOCKS));
        self.since.remove(&subject);
        *self.failures.entry(subject).or_default() += 1;
    }

    fn failures(&self, subject: Subject) -> u32 {
        self.failures.get(&subject).copied().unwrap_or(0)
    }

    /// Whether a worker gives up to fetch the inputs: after some failures, or one when the time is nearly over, or when the fetch has waited
    /// or lasted for a while then, or whatever it does when there is no more time to be heard.
    fn declines(&self, fetch: Subject, best: Height, by: Height) -> bool {
        let is_late = best.saturating_add(DECLINE_MARGIN_BLOCKS) >= by;
        let enough = if is_late { 1 } else { DECLINE_AFTER };
        let is_last = best.saturating_add(START_MARGIN_BLOCKS) >= by;
        is_last || self.failures(fetch) >= enough || is_late && self.lasts(fetch, best)
    }

    /// Whether to demand on chain what a peer did not show: after some failures, or one when the time is nearly over.
    fn demands(&self, subject: Subject, best: Height, by: Height) -> bool {
        let enough = if best.saturating_add(DEMAND_MARGIN_BLOCKS) >= by { 1 } else { DEMAND_AFTER };
        self.failures(subject) >= enough
    }

    /// Whether a fetch of ids and proofs is under way for so long, and the time so nearly over, that it counts as failed.
    fn is_slow(&self, subject: Subject, best: Height, by: Height) -> bool {
        best.saturating_add(DEMAND_MARGIN_BLOCKS) >= by && self.lasts(subject, best)
    }

    /// Whether something has been under way for [`SLOW_BLOCKS`].
    fn lasts(&self, subject: Subject, best: Height) -> bool {
        self.since.get(&subject).is_some_and(|since| since.saturating_add(SLOW_BLOCKS) <= best)
    }

    /// Sends a call about a shard, unless it was sent a moment ago.
    fn submit(&mut self, round: Round, call: Call, best: Height, out: &mut Vec<Action>) {
        if self.start(Subject::Shard(round, call.name()), best, RESEND_BLOCKS) {
            out.push(Action::Submit(call));
        }
    }

    /// Sends a move of a dispute, unless it was sent a moment ago.
    fn play(&mut self, id: DisputeId, dispute: &Dispute, call: Call, best: Height, out: &mut Vec<Action>) {
        if self.start(Subject::Dispute(id, dispute.by, call.name()), best, RESEND_BLOCKS) {
            out.push(Action::Submit(call));
        }
    }

    /// Drops what is about shards and disputes that are over. Work that is under way reports first.
    fn forget(&mut self, live: &Live) {
        let is_live = |subject: &Subject| match subject {
            Subject::Shard(round, _) => live.attempts.contains(&round.attempt),
            Subject::Dispute(id, ..) => live.disputes.contains(id),
            Subject::Leaf(attempt, _)
            | Subject::Task(attempt, _)
            | Subject::Auditor(attempt, _)
            | Subject::Plant(attempt, _) => live.attempts.contains(attempt),
            Subject::None => false,
        };
        self.until.retain(|subject, until| is_live(subject) || *until == UNTIL_REPORTED);
        self.since.retain(|subject, _| is_live(subject));
        self.failures.retain(|subject, _| is_live(subject));
    }
}

/// What the chain shows to the account now.
#[derive(Debug)]
struct Live {
    attempts: HashSet<Attempt>,
    disputes: HashSet<DisputeId>,
}

impl Live {
    fn of(views: &[ShardView], served: &[Shard]) -> Self {
        let disputes = views.iter().flat_map(|view| view.disputes.iter().map(|(id, _)| *id));
        let shards = views.iter().map(|view| &view.shard).chain(served);
        Self { attempts: shards.map(Attempt::of).collect(), disputes: disputes.collect() }
    }
}

/// Attempts that the chain does not show any more, with the height since when. One block without an attempt proves nothing: a
/// fork may bring it back, and a node that is catching up does not know it yet.
#[derive(Debug, Default)]
struct Missing(HashMap<Attempt, Height>);

impl Missing {
    /// Those of the kept attempts that are over for good. Each comes with the height that its keeper has seen for certain.
    fn over(
        &mut self,
        kept: impl Iterator<Item = (Attempt, Height)>,
        live: &Live,
        best: Height,
        finalized: Height,
    ) -> Vec<Attempt> {
        let missing: Vec<_> = kept.filter(|(attempt, _)| !live.attempts.contains(attempt)).collect();
        self.0.retain(|attempt, _| missing.iter().any(|(of, _)| of == attempt));
        let mut over = Vec::new();
        for (attempt, seen) in missing {
            let since = *self.0.entry(attempt).or_insert(best);
            if finalized >= since.max(seen) {
                self.0.remove(&attempt);
                over.push(attempt);
            }
        }
        over
    }
}

/// Work counts as under way until it is reported done or failed.
const UNTIL_REPORTED: Height = Height::MAX;

/// Whether what is owed by this height goes out whatever it has waited for.
fn is_pressing(best: Height, by: Height) -> bool {
    best.saturating_add(PRESSING_BLOCKS) >= by
}

/// Says that another daemon sends for this account.
fn warn_of_another(shard: &ShardId, what: &str) {
    tracing::warn!(
        %shard,
        "the {what} of this account on chain is not the one that was promised here: another daemon uses the account. Stop one of \
         them: of two only one is heard, and what fails uses up what may be sent for nothing"
    );
}

fn is_mine(shard: &Shard, me: &Account) -> bool {
    shard.deal().is_some_and(|deal| deal.worker == *me)
}

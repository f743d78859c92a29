// SPDX-License-Identifier: Apache-2.0
//! The daemons without clock, socket or disk: what the chain says and what is known here go in, actions come out.
//!
//! Every best block brings a fresh [`ShardView`] of everything that concerns the account. A core compares it with what it
//! knows (promises made, seals, work done) and says what to do next. It remembers only what is under way, so a daemon that
//! starts from nothing but its database does the same things as one that never stopped.

pub mod validator;
pub mod worker;

use quern_primitives::{
    commitment::LeafProof,
    slice::{Cv, SliceProof},
    Account, BlobId, DisputeId, Height, ShardId,
};
use quern_protocol::{dispute::Trace, referee::ReadProof, shard::Shard, view::ShardView};
use std::collections::HashMap;

pub use validator::Validator;
pub use worker::Worker;

/// Blocks after which an extrinsic that had no effect is sent again.
pub const RESEND_BLOCKS: Height = 8;
/// Blocks to wait after something failed (a fetch, an execution) before it is tried again.
pub const RETRY_BLOCKS: Height = 4;
/// Failed attempts to be shown something by a peer after which it is demanded on chain.
pub const DEMAND_AFTER: u32 = 4;
/// Failed attempts to fetch the inputs after which a worker declines the shard, so that it waits for nobody.
pub const DECLINE_AFTER: u32 = 8;

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

/// A worker's result, kept durably before it is committed to.
#[derive(Clone, Debug, PartialEq, Eq, codec::Encode, codec::Decode)]
pub struct Promise {
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
    /// Height of the draw that it answers.
    pub drawn_at: Height,
    /// The salt.
    pub salt: [u8; 32],
    /// Ids that it computed for the drawn segments, in order.
    pub ids: Vec<BlobId>,
    /// Leaf proofs of the checkpoints before the drawn runs, in order: what a dispute starts from.
    pub starts: Vec<LeafProof>,
}

/// What a worker showed of its drawn results, proven against its root.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// Ask for this one of the shown nodes on chain.
    Demand(u32),
}

/// A worker's next move in a dispute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Defence {
    /// Post the trace.
    Trace(Trace),
    /// Show subtrees.
    Subtrees(Vec<Cv>),
    /// Show a chunk.
    Chunk(Vec<u8>),
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
    /// `verification.post_trace`, `open_subtrees`, `open_chunk`
    Defend(DisputeId, Defence),
    /// `verification.name_operator`, `demand_output`, `convict`, `convict_length`
    Prosecute(DisputeId, Prosecution),
}

impl Call {
    fn subject(&self) -> Subject {
        let shard = |shard: &ShardId, step| Subject::Shard(*shard, step);
        match self {
            Self::Start(id) => shard(id, "start"),
            Self::Decline(id) => shard(id, "decline"),
            Self::Commit(list) => list.first().map_or(Subject::None, |(id, ..)| shard(id, "commit")),
            Self::OpenCheckpoints(id, _) => shard(id, "open"),
            Self::DemandOpening(id) => shard(id, "demand"),
            Self::AnswerOpening(id, _) => shard(id, "answer"),
            Self::CommitAudit(id, _) => shard(id, "seal"),
            Self::RevealResults(id, _) => shard(id, "results"),
            Self::RevealAudit(id, ..) => shard(id, "reveal"),
            Self::OpenDispute(id, ..) => shard(id, "dispute"),
            Self::Defend(id, defence) => Subject::Dispute(
                *id,
                match defence {
                    Defence::Trace(_) => "trace",
                    Defence::Subtrees(_) => "subtrees",
                    Defence::Chunk(_) => "chunk",
                },
            ),
            Self::Prosecute(id, move_) => Subject::Dispute(
                *id,
                match move_ {
                    Prosecution::Name(_) => "name",
                    Prosecution::Demand(_) => "demand",
                    _ => "convict",
                },
            ),
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
    /// Let the drawn validators fetch the opened checkpoints and ask for openings.
    ShowOpening(ShardView),
    /// Let the drawn validators ask for the drawn results.
    ShowResults(ShardView),
    /// Let everybody fetch the outputs and ask for the shard secret.
    Publish(ShardView),
    /// Work out the worker's next move in a dispute.
    Defend(ShardView, DisputeId),
    /// Fetch what was opened, re-run the drawn segments and keep a [`Sealed`] answer.
    Audit(ShardView),
    /// Fetch what the worker shows of the drawn results and check it against its root.
    CheckResults(ShardView),
    /// Work out the challenger's next move in a dispute.
    Prosecute(ShardView, DisputeId),
    /// Fetch the outputs of an accepted shard and serve them.
    Hold(ShardView),
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
        /// Everything that concerns this account.
        views: Vec<ShardView>,
    },
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
    /// The next move of a dispute as defender.
    Defended(DisputeId, Height, Defence),
    /// The next move of a dispute as challenger.
    Prosecuted(DisputeId, Height, Prosecution),
    /// The outputs of an accepted shard are here and served.
    Held(Attempt),
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

/// What an action is about, so that it is not started twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A step of a shard.
    Shard(ShardId, &'static str),
    /// A step of a dispute.
    Dispute(DisputeId, &'static str),
    /// Nothing that repeats.
    None,
}

/// What is under way, and what has to wait.
#[derive(Debug, Default)]
struct Pending {
    until: HashMap<Subject, Height>,
    failures: HashMap<Subject, u32>,
}

impl Pending {
    /// Whether to start this now; if so it counts as under way for `blocks`.
    fn start(&mut self, subject: Subject, best: Height, blocks: Height) -> bool {
        if self.until.get(&subject).is_some_and(|until| best < *until) {
            return false;
        }
        self.until.insert(subject, best.saturating_add(blocks));
        true
    }

    fn done(&mut self, subject: Subject) {
        self.until.remove(&subject);
        self.failures.remove(&subject);
    }

    fn failed(&mut self, subject: Subject, best: Height) {
        self.until.insert(subject, best.saturating_add(RETRY_BLOCKS));
        *self.failures.entry(subject).or_default() += 1;
    }

    fn failures(&self, subject: Subject) -> u32 {
        self.failures.get(&subject).copied().unwrap_or(0)
    }

    fn submit(&mut self, call: Call, best: Height, out: &mut Vec<Action>) {
        if self.start(call.subject(), best, RESEND_BLOCKS) {
            out.push(Action::Submit(call));
        }
    }
}

/// Work counts as under way until it is reported done or failed.
const UNTIL_REPORTED: Height = Height::MAX;

fn is_mine(view: &ShardView, me: &Account) -> bool {
    view.shard.deal().is_some_and(|deal| deal.worker == *me)
}

// SPDX-License-Identifier: Apache-2.0
//! How the pallet that keeps shards and the pallet that audits them meet.

use crate::{
    inputs::StageContext,
    shard::{Event, Shard, ShardError},
};
use alloc::vec::Vec;
use quern_primitives::{traits::OffenceKind, Account, ShardId};
use quern_program::Checked;

/// The keeper of shards (the jobs pallet).
pub trait Shards {
    /// A live or accepted shard.
    fn shard(id: &ShardId) -> Option<Shard>;

    /// Steps the shard at the current height, keeps the result, carries out the effects and schedules the next deadline.
    /// On an error nothing has changed.
    fn apply(id: &ShardId, event: Event) -> Result<(), ShardError>;

    /// What decides the inputs of the shard's tasks.
    fn context(id: &ShardId) -> Option<StageContext>;

    /// The shard's program.
    fn program(id: &ShardId) -> Option<Checked>;

    /// Segments to draw and validators to seat for a shard, by the job's audit level: (samples, auditors, whole audit).
    fn audit_plan(id: &ShardId) -> Option<AuditPlan>;

    /// Whether every shard of the shard's stage is accepted, or the stage is gone.
    fn is_stage_complete(id: &ShardId) -> bool;

    /// Every shard that is kept: for checks of what must always hold, never in a block.
    fn all() -> Vec<Shard>;
}

/// How a shard is audited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditPlan {
    /// Number of segments to draw.
    pub samples: u32,
    /// Number of validators to seat.
    pub auditors: u32,
    /// What each of them locks: [`crate::Params::audit_bond`], and no less than the shard is worth at the bid.
    pub bond: quern_primitives::Balance,
    /// What of that stays locked until the result is settled: what the shard is worth at the bid. No more, or tiny shards would
    /// have bonds locked for long that cost who submits them nothing.
    pub liability: quern_primitives::Balance,
}

/// The keeper of draws and disputes (the verification pallet), as the jobs pallet sees it.
pub trait Audits {
    /// A shard was committed: draw for it once the seed of `period` is known.
    fn committed(shard: &ShardId, period: u32);
    /// All disputes about a shard are moot.
    fn close(shard: &ShardId);
    /// Whether drawing for one more shard can be queued now.
    fn has_room() -> bool;
    /// A validator said that inputs are missing, and others had them.
    fn refuted(validator: &Account) {
        let _ = validator;
    }
    /// Hash of the evidence that decides the dispute which ends right now
    /// ([`evidence_hash`](crate::record::evidence_hash)); zero when none does, or when a silence ends it.
    fn evidence() -> [u8; 32] {
        [0; 32]
    }
}

/// The outcome of a dispute as an offence of the worker, if it lost.
pub fn worker_offence(outcome: &crate::dispute::Outcome) -> Option<OffenceKind> {
    use crate::dispute::Outcome;
    match outcome {
        Outcome::WrongElement { .. } | Outcome::WrongLength { .. } => Some(OffenceKind::WrongResult),
        Outcome::WorkerSilent => Some(OffenceKind::Withheld),
        Outcome::Refuted { .. } | Outcome::ChallengerSilent => None,
    }
}

/// Accounts that a validator draw must leave out: the worker itself.
pub fn may_audit(validator: &Account, worker: &Account) -> bool {
    validator != worker
}

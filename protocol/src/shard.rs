// SPDX-License-Identifier: Apache-2.0
//! The life of a shard, from the queue to acceptance.

use crate::Params;
use alloc::{vec, vec::Vec};
use bounded_collections::{BoundedVec, ConstU32};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use quern_primitives::{
    commitment::{audit_seal, opened_digest, results_digest},
    draw::{join_runs, SegmentCosts},
    traits::OffenceKind,
    Account, Balance, BlobId, Height, ShardId,
};
use scale_info::TypeInfo;

/// Most segments drawn from a shard. Bounds an opening on chain: 2 x 16 leaves with a slice proof of at most 2.1 KiB each.
pub const MAX_SAMPLES: u32 = 16;
/// Most validators drawn for a shard.
pub const MAX_AUDITORS: u32 = 8;

/// Most rounds of audits of one commitment. A worker whose audits come to nothing so often, because nobody could be shown
/// what they need or because validators fail, is released without loss and the shard starts again with another one: neither
/// side's silence towards the other can be proven on chain, so neither may hold the other for ever.
pub const MAX_AUDIT_ROUNDS: u8 = 4;

/// Who runs a shard and for what.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Deal {
    /// The worker.
    pub worker: Account,
    /// What it earns for the shard: its ask times the work.
    pub price: Balance,
    /// What of its bond is locked.
    pub collateral: Balance,
}

/// A worker's promise: one result, which it cannot change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Commitment {
    /// BLAKE3 of the list of blinded leaves.
    pub root: BlobId,
    /// Hash of the shard secret.
    pub secret_hash: [u8; 32],
    /// Height at which it was made.
    pub at: Height,
}

/// A drawn validator's answer, once it is revealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum Verdict {
    /// It computed what the worker shows.
    #[codec(index = 0)]
    Matches,
    /// It computed something else and has to open a dispute.
    #[codec(index = 1)]
    Differs,
    /// Its dispute is under way.
    #[codec(index = 2)]
    Disputing,
    /// It lost its dispute.
    #[codec(index = 3)]
    Refuted,
}

/// The seat of a drawn validator.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Seat {
    /// The validator.
    pub auditor: Account,
    /// What of its bond is locked.
    pub bond: Balance,
    /// Its sealed answer.
    pub seal: Option<[u8; 32]>,
    /// Its revealed answer.
    pub verdict: Option<Verdict>,
}

impl Seat {
    /// An empty seat.
    pub fn new(auditor: Account, bond: Balance) -> Self {
        Self { auditor, bond, seal: None, verdict: None }
    }
}

/// Whether an opening was forced on chain.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum Demand {
    /// Nobody asked.
    #[default]
    #[codec(index = 0)]
    None,
    /// The worker must answer until this height.
    #[codec(index = 1)]
    Owed(Height),
    /// The worker answered.
    #[codec(index = 2)]
    Answered,
}

/// An audit under way.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Audit {
    /// Drawn segments as leaf positions in the shard, ascending.
    pub sample: BoundedVec<u32, ConstU32<MAX_SAMPLES>>,
    /// Drawn validators.
    pub seats: BoundedVec<Seat, ConstU32<MAX_AUDITORS>>,
    /// Height of the draw.
    pub drawn_at: Height,
    /// Digest of the checkpoint ids from which the drawn runs start.
    pub opened: Option<[u8; 32]>,
    /// Digest of the result ids of the drawn segments.
    pub results: Option<[u8; 32]>,
    /// Whether the checkpoint ids, and later the result ids, were demanded on chain.
    pub demand: Demand,
}

/// Where a shard is in its life. Each phase names who owes the next move and until when.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum Phase {
    /// Waits for a draw of a worker.
    #[codec(index = 0)]
    Queued,
    /// The worker owes `start`.
    #[codec(index = 1)]
    Assigned {
        /// The deal.
        deal: Deal,
        /// Last height for `start`.
        by: Height,
    },
    /// The worker owes a commitment.
    #[codec(index = 2)]
    Running {
        /// The deal.
        deal: Deal,
        /// Last height for the commitment.
        by: Height,
    },
    /// The chain owes the draw, from the seed of `period`, which began after the commitment.
    #[codec(index = 3)]
    Committed {
        /// The deal.
        deal: Deal,
        /// The commitment.
        commitment: Commitment,
        /// The draw period whose seed draws.
        period: Height,
    },
    /// The worker owes the digest of the checkpoints before the drawn runs.
    #[codec(index = 4)]
    Opening {
        /// The deal.
        deal: Deal,
        /// The commitment.
        commitment: Commitment,
        /// The audit.
        audit: Audit,
        /// Last height for the digest.
        by: Height,
    },
    /// The drawn validators owe their seals.
    #[codec(index = 5)]
    Auditing {
        /// The deal.
        deal: Deal,
        /// The commitment.
        commitment: Commitment,
        /// The audit.
        audit: Audit,
        /// Last height for a seal.
        by: Height,
    },
    /// The worker owes the digest of its results.
    #[codec(index = 6)]
    Revealing {
        /// The deal.
        deal: Deal,
        /// The commitment.
        commitment: Commitment,
        /// The audit.
        audit: Audit,
        /// Last height for the digest.
        by: Height,
    },
    /// The drawn validators owe their reveals.
    #[codec(index = 7)]
    Comparing {
        /// The deal.
        deal: Deal,
        /// The commitment.
        commitment: Commitment,
        /// The audit.
        audit: Audit,
        /// Last height for a reveal.
        by: Height,
    },
    /// Validators that differ owe a dispute, or have one under way.
    #[codec(index = 8)]
    Disputed {
        /// The deal.
        deal: Deal,
        /// The commitment.
        commitment: Commitment,
        /// The audit.
        audit: Audit,
        /// Last height for opening a dispute.
        by: Height,
    },
    /// Accepted: later stages may read it.
    #[codec(index = 9)]
    Accepted {
        /// The deal as it was paid.
        deal: Deal,
        /// The commitment.
        commitment: Commitment,
        /// Who audited it: they hold and serve its outputs too.
        auditors: BoundedVec<Account, ConstU32<MAX_AUDITORS>>,
        /// Height of acceptance.
        at: Height,
    },
}

/// A shard.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Shard {
    /// Its id.
    pub id: ShardId,
    /// First task.
    pub first_task: u32,
    /// Number of tasks.
    pub tasks: u32,
    /// Cost of each segment of a task, in MACs.
    pub costs: SegmentCosts,
    /// How often it was put back into the queue.
    pub attempt: u16,
    /// Rounds of audits of the present commitment that came to nothing.
    pub rounds: u8,
    /// Where it is in its life.
    pub phase: Phase,
}

/// What happens to a shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The chain drew a worker.
    Assign(Deal),
    /// The worker has the inputs.
    Start(Account),
    /// The worker cannot fetch the inputs.
    Decline(Account),
    /// The worker commits to a result.
    Commit {
        /// Who.
        by: Account,
        /// BLAKE3 of the list of blinded leaves.
        root: BlobId,
        /// Hash of the shard secret.
        secret_hash: [u8; 32],
    },
    /// The chain drew segments and validators.
    Draw {
        /// Drawn leaf positions, ascending.
        sample: Vec<u32>,
        /// Drawn validators.
        seats: Vec<Seat>,
    },
    /// The worker posts the digest of the checkpoints before the drawn runs.
    Open {
        /// Who.
        by: Account,
        /// The digest.
        digest: [u8; 32],
    },
    /// A drawn validator was not shown ids and asks for them on chain.
    Demand(Account),
    /// The demanded ids, proven against the root by the caller of `step`, in the order of [`Shard::demanded`].
    Answer(Vec<BlobId>),
    /// A drawn validator seals its answer.
    Seal {
        /// Who.
        by: Account,
        /// The sealed answer.
        seal: [u8; 32],
    },
    /// The worker posts the digest of its results of the drawn segments.
    Results {
        /// Who.
        by: Account,
        /// The digest.
        digest: [u8; 32],
    },
    /// A drawn validator reveals its answer.
    Reveal {
        /// Who.
        by: Account,
        /// The salt of its seal.
        salt: [u8; 32],
        /// The digest of what it computed.
        results: [u8; 32],
    },
    /// A validator that differs opened a dispute on a drawn segment.
    Challenge {
        /// Who.
        by: Account,
        /// The leaf position in dispute.
        position: u32,
    },
    /// A dispute ended.
    Resolved {
        /// Its challenger.
        challenger: Account,
        /// Whether the worker lost, and for what.
        worker_lost: Option<OffenceKind>,
    },
    /// Time passed; does nothing before a deadline.
    Expire,
}

/// What follows from an event outside the shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The worker's collateral is free again.
    ReleaseWorker(Deal),
    /// A validator's audit bond is free again.
    ReleaseAuditor(Account, Balance),
    /// The worker was too late: pay and reputation, never stake.
    Late(Account),
    /// Somebody broke a promise: what is locked for it is at stake.
    Offence {
        /// What was done.
        kind: OffenceKind,
        /// By whom.
        offender: Account,
        /// What is locked for it.
        locked: Balance,
        /// Who showed it.
        reporter: Option<Account>,
    },
    /// All drawn validators agree: pay the worker and the auditors.
    Accept {
        /// The deal.
        deal: Deal,
        /// Who audited.
        auditors: Vec<Account>,
    },
    /// The shard waits for a worker again.
    Requeue,
    /// Every other dispute on this shard is moot.
    CloseDisputes,
}

/// Why an event is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShardError {
    /// The shard is not in the phase for this.
    WrongPhase,
    /// This account does not owe this.
    NotYours,
    /// The deadline has passed.
    TooLate,
    /// This was already done.
    Duplicate,
    /// The reveal does not match the seal.
    SealMismatch,
    /// The segment was not drawn.
    NotSampled,
    /// The draw is not possible yet, or exceeds a bound.
    BadDraw,
    /// The ids do not give the digest that was posted.
    DigestMismatch,
    /// There is nothing to do at this height.
    NothingDue,
}

/// A new state and what follows from it.
pub type Step = Result<(Shard, Vec<Effect>), ShardError>;

impl Shard {
    /// A shard that waits for a worker.
    pub fn new(id: ShardId, first_task: u32, tasks: u32, costs: SegmentCosts) -> Self {
        Self { id, first_task, tasks, costs, attempt: 0, rounds: 0, phase: Phase::Queued }
    }

    /// Leaves of a task.
    pub fn segments_per_task(&self) -> u32 {
        self.costs.segments_per_task()
    }

    /// Leaves of the shard.
    pub fn leaves(&self) -> u32 {
        self.tasks.saturating_mul(self.segments_per_task())
    }

    /// Work of the shard in MACs.
    pub fn macs(&self) -> u64 {
        u64::try_from(self.costs.task().saturating_mul(u128::from(self.tasks))).unwrap_or(u64::MAX)
    }

    /// Task and segment of a leaf position.
    pub fn locate(&self, position: u32) -> Option<(u32, u32)> {
        let segments = self.segments_per_task();
        let local = position.checked_div(segments)?;
        (position < self.leaves())
            .then(|| (self.first_task.saturating_add(local), position.checked_rem(segments).unwrap_or(0)))
    }

    /// Leaf position of the output of a task.
    pub fn output_position(&self, task: u32) -> Option<u32> {
        let local = task.checked_sub(self.first_task).filter(|local| *local < self.tasks)?;
        local.saturating_add(1).saturating_mul(self.segments_per_task()).checked_sub(1)
    }

    /// The deal, unless the shard is queued.
    pub fn deal(&self) -> Option<&Deal> {
        match &self.phase {
            Phase::Queued => None,
            Phase::Assigned { deal, .. }
            | Phase::Running { deal, .. }
            | Phase::Committed { deal, .. }
            | Phase::Opening { deal, .. }
            | Phase::Auditing { deal, .. }
            | Phase::Revealing { deal, .. }
            | Phase::Comparing { deal, .. }
            | Phase::Disputed { deal, .. }
            | Phase::Accepted { deal, .. } => Some(deal),
        }
    }

    /// The commitment, once there is one.
    pub fn commitment(&self) -> Option<&Commitment> {
        match &self.phase {
            Phase::Queued | Phase::Assigned { .. } | Phase::Running { .. } => None,
            Phase::Committed { commitment, .. }
            | Phase::Opening { commitment, .. }
            | Phase::Auditing { commitment, .. }
            | Phase::Revealing { commitment, .. }
            | Phase::Comparing { commitment, .. }
            | Phase::Disputed { commitment, .. }
            | Phase::Accepted { commitment, .. } => Some(commitment),
        }
    }

    /// The audit under way.
    pub fn audit(&self) -> Option<&Audit> {
        match &self.phase {
            Phase::Opening { audit, .. }
            | Phase::Auditing { audit, .. }
            | Phase::Revealing { audit, .. }
            | Phase::Comparing { audit, .. }
            | Phase::Disputed { audit, .. } => Some(audit),
            _ => None,
        }
    }

    /// Everybody who has a part in the shard: the worker, and who audits or has audited it.
    pub fn parties(&self) -> Vec<Account> {
        let worker = self.deal().map(|deal| deal.worker);
        let auditors: Vec<Account> = match &self.phase {
            Phase::Accepted { auditors, .. } => auditors.to_vec(),
            _ => self.audit().into_iter().flat_map(|audit| audit.seats.iter().map(|seat| seat.auditor)).collect(),
        };
        worker.into_iter().chain(auditors).collect()
    }

    /// Whether the shard is accepted.
    pub fn is_accepted(&self) -> bool {
        matches!(self.phase, Phase::Accepted { .. })
    }

    /// Collateral and audit bonds that are locked for this shard, by account: what the staking pallet must hold.
    pub fn locks(&self) -> Vec<(Account, Balance)> {
        if self.is_accepted() {
            return Vec::new();
        }
        let worker = self.deal().map(|deal| (deal.worker, deal.collateral));
        let seats = self.audit().into_iter().flat_map(|audit| audit.seats.iter());
        let seats = seats.filter(|seat| seat.verdict != Some(Verdict::Refuted)).map(|seat| (seat.auditor, seat.bond));
        worker.into_iter().chain(seats).collect()
    }

    /// Runs of adjacent drawn segments: (first position, number of segments).
    pub fn runs(&self) -> Vec<(u32, u32)> {
        self.audit().map(|audit| join_runs(&audit.sample, self.segments_per_task())).unwrap_or_default()
    }

    /// Positions of the checkpoints from which the drawn runs start, in draw order; runs from the task's inputs have none.
    pub fn opened_positions(&self) -> Vec<u32> {
        let starts = self.runs().into_iter().map(|(first, _)| first);
        starts
            .filter(|first| first.checked_rem(self.segments_per_task()).is_some_and(|segment| segment > 0))
            .filter_map(|first| first.checked_sub(1))
            .collect()
    }

    /// Positions whose ids a demand asks for now: the opened checkpoints, or the results.
    pub fn demanded(&self) -> Vec<u32> {
        match &self.phase {
            Phase::Auditing { .. } => self.opened_positions(),
            Phase::Comparing { audit, .. } => audit.sample.to_vec(),
            _ => Vec::new(),
        }
    }

    /// The first height at which [`Event::Expire`] does something, if this phase has a deadline.
    pub fn expires(&self) -> Option<Height> {
        let by = match &self.phase {
            Phase::Assigned { by, .. }
            | Phase::Running { by, .. }
            | Phase::Opening { by, .. }
            | Phase::Revealing { by, .. } => *by,
            Phase::Disputed { audit, by, .. } => {
                audit.seats.iter().any(|seat| seat.verdict == Some(Verdict::Differs)).then_some(*by)?
            }
            Phase::Auditing { audit, by, .. } | Phase::Comparing { audit, by, .. } => match audit.demand {
                Demand::Owed(owed) => owed.min(*by),
                _ => *by,
            },
            Phase::Queued | Phase::Committed { .. } | Phase::Accepted { .. } => return None,
        };
        Some(by.saturating_add(1))
    }

    /// Applies an event at a height. `period` is the draw period that `height` lies in.
    pub fn step(&self, event: Event, height: Height, period: Height, params: &Params) -> Step {
        let next = |phase: Phase| Shard { phase, ..self.clone() };
        match (self.phase.clone(), event) {
            (Phase::Queued, Event::Assign(deal)) => {
                let by = height.saturating_add(params.start_blocks);
                Ok((next(Phase::Assigned { deal, by }), vec![]))
            }
            (Phase::Assigned { deal, by }, Event::Start(who)) => {
                owed(&deal.worker, &who, height, by)?;
                let by = height.saturating_add(params.execute_blocks(self.macs()));
                Ok((next(Phase::Running { deal, by }), vec![]))
            }
            (Phase::Assigned { deal, by }, Event::Decline(who)) => {
                owed(&deal.worker, &who, height, by)?;
                Ok(self.late(deal))
            }
            (Phase::Running { deal, by }, Event::Commit { by: who, root, secret_hash }) => {
                owed(&deal.worker, &who, height, by)?;
                let commitment = Commitment { root, secret_hash, at: height };
                Ok((next(Phase::Committed { deal, commitment, period: period.saturating_add(1) }), vec![]))
            }
            (Phase::Assigned { deal, by } | Phase::Running { deal, by }, Event::Expire) => {
                due(height, by)?;
                Ok(self.late(deal))
            }
            (Phase::Committed { deal, commitment, period: drawn_by }, Event::Draw { sample, seats }) => {
                if period <= drawn_by || sample.is_empty() || seats.is_empty() {
                    return Err(ShardError::BadDraw);
                }
                let audit = Audit {
                    sample: sample.try_into().map_err(|_| ShardError::BadDraw)?,
                    seats: seats.try_into().map_err(|_| ShardError::BadDraw)?,
                    drawn_at: height,
                    opened: None,
                    results: None,
                    demand: Demand::None,
                };
                let by = height.saturating_add(params.open_blocks);
                Ok((next(Phase::Opening { deal, commitment, audit, by }), vec![]))
            }
            (Phase::Opening { deal, commitment, mut audit, by }, Event::Open { by: who, digest }) => {
                owed(&deal.worker, &who, height, by)?;
                audit.opened = Some(digest);
                let by = height.saturating_add(params.audit_blocks(self.macs_of(&audit.sample)));
                Ok((next(Phase::Auditing { deal, commitment, audit, by }), vec![]))
            }
            (Phase::Auditing { deal, commitment, mut audit, by }, Event::Seal { by: who, seal }) => {
                let seat = seat(&mut audit, &who)?;
                in_time(height, by)?;
                if seat.seal.replace(seal).is_some() {
                    return Err(ShardError::Duplicate);
                }
                if audit.seats.iter().any(|seat| seat.seal.is_none()) {
                    return Ok((next(Phase::Auditing { deal, commitment, audit, by }), vec![]));
                }
                audit.demand = Demand::None;
                let by = height.saturating_add(params.reveal_blocks);
                Ok((next(Phase::Revealing { deal, commitment, audit, by }), vec![]))
            }
            (Phase::Revealing { deal, commitment, mut audit, by }, Event::Results { by: who, digest }) => {
                owed(&deal.worker, &who, height, by)?;
                audit.results = Some(digest);
                let by = height.saturating_add(params.reveal_blocks);
                Ok((next(Phase::Comparing { deal, commitment, audit, by }), vec![]))
            }
            (Phase::Comparing { deal, commitment, mut audit, by }, Event::Reveal { by: who, salt, results }) => {
                let opened = audit.opened.unwrap_or_default();
                let shown = audit.results;
                let seat = seat(&mut audit, &who)?;
                in_time(height, by)?;
                if seat.verdict.is_some() {
                    return Err(ShardError::Duplicate);
                }
                if seat.seal != Some(audit_seal(&salt, &who, &self.id, &opened, &results)) {
                    return Err(ShardError::SealMismatch);
                }
                seat.verdict = Some(if shown == Some(results) { Verdict::Matches } else { Verdict::Differs });
                if audit.seats.iter().any(|seat| seat.verdict.is_none()) {
                    return Ok((next(Phase::Comparing { deal, commitment, audit, by }), vec![]));
                }
                Ok(self.compared(deal, commitment, audit, vec![], height, period, params))
            }
            (Phase::Auditing { deal, commitment, mut audit, by }, Event::Demand(who)) => {
                let answered = height.saturating_add(params.reveal_blocks);
                demand(&mut audit, &who, height, by, answered)?;
                let by = by.max(answered.saturating_add(params.reveal_blocks));
                Ok((next(Phase::Auditing { deal, commitment, audit, by }), vec![]))
            }
            (Phase::Comparing { deal, commitment, mut audit, by }, Event::Demand(who)) => {
                let answered = height.saturating_add(params.reveal_blocks);
                demand(&mut audit, &who, height, by, answered)?;
                let by = by.max(answered.saturating_add(params.reveal_blocks));
                Ok((next(Phase::Comparing { deal, commitment, audit, by }), vec![]))
            }
            (Phase::Auditing { deal, commitment, mut audit, by }, Event::Answer(ids)) => {
                answer(&mut audit, height)?;
                if audit.opened != Some(opened_digest(&self.id, &ids)) {
                    return Err(ShardError::DigestMismatch);
                }
                Ok((next(Phase::Auditing { deal, commitment, audit, by }), vec![]))
            }
            (Phase::Comparing { deal, commitment, mut audit, by }, Event::Answer(ids)) => {
                answer(&mut audit, height)?;
                if audit.results != Some(results_digest(&self.id, &ids)) {
                    return Err(ShardError::DigestMismatch);
                }
                Ok((next(Phase::Comparing { deal, commitment, audit, by }), vec![]))
            }
            (Phase::Opening { deal, audit, by, .. } | Phase::Revealing { deal, audit, by, .. }, Event::Expire) => {
                due(height, by)?;
                Ok(self.lost(deal, &audit, OffenceKind::Withheld, None))
            }
            (Phase::Auditing { deal, audit, .. } | Phase::Comparing { deal, audit, .. }, Event::Expire) if matches!(audit.demand, Demand::Owed(owed) if height > owed) => {
                Ok(self.lost(deal, &audit, OffenceKind::Withheld, None))
            }
            (Phase::Auditing { deal, commitment, audit, by }, Event::Expire) => {
                due(height, by)?;
                let effects = audit.seats.iter().map(|seat| match seat.seal {
                    Some(_) => Effect::ReleaseAuditor(seat.auditor, seat.bond),
                    None => fine(OffenceKind::AuditNoShow, seat),
                });
                Ok(self.redraw(deal, commitment, effects.collect(), period))
            }
            (Phase::Comparing { deal, commitment, mut audit, by }, Event::Expire) => {
                due(height, by)?;
                let silent = audit.seats.iter().filter(|seat| seat.verdict.is_none());
                let effects = silent.map(|seat| fine(OffenceKind::FalseAlarm, seat)).collect();
                audit.seats.retain(|seat| seat.verdict.is_some());
                if audit.seats.iter().any(|seat| seat.verdict == Some(Verdict::Differs)) {
                    return Ok(self.compared(deal, commitment, audit, effects, height, period, params));
                }
                let effects = effects.into_iter().chain(release(&audit)).collect();
                Ok(self.redraw(deal, commitment, effects, period))
            }
            (Phase::Disputed { deal, commitment, mut audit, by }, Event::Challenge { by: who, position }) => {
                if !audit.sample.contains(&position) {
                    return Err(ShardError::NotSampled);
                }
                let seat = seat(&mut audit, &who)?;
                match seat.verdict {
                    Some(Verdict::Differs) => in_time(height, by)?,
                    Some(Verdict::Disputing | Verdict::Refuted) => return Err(ShardError::Duplicate),
                    _ => return Err(ShardError::NotYours),
                }
                seat.verdict = Some(Verdict::Disputing);
                Ok((next(Phase::Disputed { deal, commitment, audit, by }), vec![]))
            }
            (Phase::Disputed { deal, audit, .. }, Event::Resolved { challenger, worker_lost: Some(kind) }) => {
                Ok(self.lost(deal, &audit, kind, Some(challenger)))
            }
            (
                Phase::Disputed { deal, commitment, mut audit, by },
                Event::Resolved { challenger, worker_lost: None },
            ) => {
                let seat = seat(&mut audit, &challenger)?;
                if seat.verdict != Some(Verdict::Disputing) {
                    return Err(ShardError::NotYours);
                }
                let effects = vec![fine(OffenceKind::FalseAlarm, seat)];
                seat.verdict = Some(Verdict::Refuted);
                Ok(self.settled_or_disputed(deal, commitment, audit, by, effects, period))
            }
            (Phase::Disputed { deal, commitment, mut audit, by }, Event::Expire) => {
                due(height, by)?;
                let mut effects = vec![];
                for seat in audit.seats.iter_mut().filter(|seat| seat.verdict == Some(Verdict::Differs)) {
                    effects.push(fine(OffenceKind::FalseAlarm, seat));
                    seat.verdict = Some(Verdict::Refuted);
                }
                if effects.is_empty() {
                    return Err(ShardError::NothingDue);
                }
                Ok(self.settled_or_disputed(deal, commitment, audit, by, effects, period))
            }
            (_, Event::Expire) => Err(ShardError::NothingDue),
            _ => Err(ShardError::WrongPhase),
        }
    }

    fn requeued(&self) -> Shard {
        Shard { phase: Phase::Queued, attempt: self.attempt.saturating_add(1), rounds: 0, ..self.clone() }
    }

    /// New validators and new segments, or after [`MAX_AUDIT_ROUNDS`] a new worker.
    fn redraw(
        &self,
        deal: Deal,
        commitment: Commitment,
        mut effects: Vec<Effect>,
        period: Height,
    ) -> (Shard, Vec<Effect>) {
        let rounds = self.rounds.saturating_add(1);
        if rounds >= MAX_AUDIT_ROUNDS {
            effects.extend([Effect::ReleaseWorker(deal), Effect::CloseDisputes, Effect::Requeue]);
            return (self.requeued(), effects);
        }
        let phase = Phase::Committed { deal, commitment, period: period.saturating_add(1) };
        (Shard { phase, rounds, ..self.clone() }, effects)
    }

    /// Cost in MACs of the segments at some leaf positions.
    fn macs_of(&self, positions: &[u32]) -> u64 {
        let segments = self.segments_per_task();
        let segment = |position: &u32| self.costs.segment(position.checked_rem(segments).unwrap_or(0));
        positions.iter().map(segment).fold(0, u64::saturating_add)
    }

    fn late(&self, deal: Deal) -> (Shard, Vec<Effect>) {
        let worker = deal.worker;
        (self.requeued(), vec![Effect::ReleaseWorker(deal), Effect::Late(worker), Effect::Requeue])
    }

    /// The worker loses its collateral. Auditors who confirmed its result keep their bonds: a trace binds the result of a
    /// segment, not the operators before it, so a worker and a challenger of its own could convict a *right* result, and
    /// with it everybody who said so.
    fn lost(&self, deal: Deal, audit: &Audit, kind: OffenceKind, reporter: Option<Account>) -> (Shard, Vec<Effect>) {
        let worker = Effect::Offence { kind, offender: deal.worker, locked: deal.collateral, reporter };
        let effects = core::iter::once(worker).chain(release(audit)).chain([Effect::CloseDisputes, Effect::Requeue]);
        (self.requeued(), effects.collect())
    }

    #[allow(clippy::too_many_arguments)]
    fn compared(
        &self,
        deal: Deal,
        commitment: Commitment,
        audit: Audit,
        mut effects: Vec<Effect>,
        height: Height,
        period: Height,
        params: &Params,
    ) -> (Shard, Vec<Effect>) {
        if audit.seats.iter().all(|seat| seat.verdict == Some(Verdict::Matches)) {
            let auditors: Vec<Account> = audit.seats.iter().map(|seat| seat.auditor).collect();
            effects.extend(release(&audit));
            effects.push(Effect::ReleaseWorker(deal.clone()));
            let phase = Phase::Accepted {
                deal: deal.clone(),
                commitment,
                auditors: BoundedVec::truncate_from(auditors.clone()),
                at: height,
            };
            effects.push(Effect::Accept { deal, auditors });
            return (Shard { phase, ..self.clone() }, effects);
        }
        let by = height.saturating_add(params.move_blocks);
        self.settled_or_disputed(deal, commitment, audit, by, effects, period)
    }

    /// Stays disputed while a challenger may still win; else the worker stands and new validators are drawn, because
    /// fewer than all of the drawn ones confirmed it.
    fn settled_or_disputed(
        &self,
        deal: Deal,
        commitment: Commitment,
        audit: Audit,
        by: Height,
        mut effects: Vec<Effect>,
        period: Height,
    ) -> (Shard, Vec<Effect>) {
        let undecided = |seat: &Seat| matches!(seat.verdict, Some(Verdict::Differs | Verdict::Disputing));
        if audit.seats.iter().any(undecided) {
            return (Shard { phase: Phase::Disputed { deal, commitment, audit, by }, ..self.clone() }, effects);
        }
        effects.extend(release(&audit));
        self.redraw(deal, commitment, effects, period)
    }
}

fn fine(kind: OffenceKind, seat: &Seat) -> Effect {
    Effect::Offence { kind, offender: seat.auditor, locked: seat.bond, reporter: None }
}

fn release(audit: &Audit) -> Vec<Effect> {
    let held = audit.seats.iter().filter(|seat| seat.verdict != Some(Verdict::Refuted));
    held.map(|seat| Effect::ReleaseAuditor(seat.auditor, seat.bond)).collect()
}

fn seat<'a>(audit: &'a mut Audit, who: &Account) -> Result<&'a mut Seat, ShardError> {
    audit.seats.iter_mut().find(|seat| seat.auditor == *who).ok_or(ShardError::NotYours)
}

fn demand(audit: &mut Audit, who: &Account, height: Height, by: Height, answer_by: Height) -> Result<(), ShardError> {
    seat(audit, who)?;
    in_time(height, by)?;
    if audit.demand != Demand::None {
        return Err(ShardError::Duplicate);
    }
    audit.demand = Demand::Owed(answer_by);
    Ok(())
}

fn answer(audit: &mut Audit, height: Height) -> Result<(), ShardError> {
    match audit.demand {
        Demand::Owed(by) => in_time(height, by)?,
        Demand::None => return Err(ShardError::WrongPhase),
        Demand::Answered => return Err(ShardError::Duplicate),
    }
    audit.demand = Demand::Answered;
    Ok(())
}

fn owed(expected: &Account, who: &Account, height: Height, by: Height) -> Result<(), ShardError> {
    if expected != who {
        return Err(ShardError::NotYours);
    }
    in_time(height, by)
}

fn in_time(height: Height, by: Height) -> Result<(), ShardError> {
    if height > by {
        return Err(ShardError::TooLate);
    }
    Ok(())
}

fn due(height: Height, by: Height) -> Result<(), ShardError> {
    if height <= by {
        return Err(ShardError::NothingDue);
    }
    Ok(())
}

// SPDX-License-Identifier: Apache-2.0
//! The life of a shard, from the queue to acceptance.

mod accused;
mod deadlines;
mod probe;
mod step;
mod window;

pub use deadlines::{segment_work, work, Traffic, MACS_PER_MOVED_BYTE};
pub use probe::{Probe, ProbeSeat, Work, MAX_COMPENSATED, MAX_DECLINES, MAX_PROBES, MAX_PROBE_ROUNDS, MAX_UNJUDGED};

use crate::{Moment, Params};
use alloc::vec::Vec;
use bounded_collections::{BoundedVec, ConstU32};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use quern_primitives::{
    draw::{join_runs, SegmentCosts},
    plant::PlantedResult,
    traits::OffenceKind,
    Account, Balance, BlobId, Height, ShardId,
};
use scale_info::TypeInfo;

/// Most segments drawn from a shard. Bounds an opening on chain: 2 x 16 leaves with a slice proof of at most 2.1 KiB each.
pub const MAX_SAMPLES: u32 = 16;
/// Most validators drawn for a shard.
pub const MAX_AUDITORS: u32 = 8;

/// Most rounds of audits of one commitment that validators spoil, by silence, by a lost dispute or because the job's inputs
/// are not to be had. The worker is then released without loss and the shard starts again with another one: nobody may hold
/// it for ever. Until the worker shows its results the sample and all other seats stay, so whoever wants to get rid of an
/// audit needs a friend in a seat each time, and honest validators who sit do not make room. With a third of the stake
/// against it and two seats, eight friends are drawn before two others with probability 19 / 3^9 = 0.1 % (four seats: 0.9 %);
/// all of them cost the spoiler, a claim of missing inputs when it is refuted. `sdk/src/economics` has the formula.
pub const MAX_AUDIT_ROUNDS: u8 = 8;

/// Most validators that are remembered for having left a seat of a commitment, the last ones: others are drawn before they are
/// drawn again. Two a round, more than silence spoils at the usual number of seats.
pub const MAX_LEFT: u32 = 16;

/// Most challenges of an accepted shard at a time.
pub const MAX_CHALLENGES: u32 = 8;
/// Most ids of an accepted shard that its worker owes on chain at a time.
pub const MAX_LEAF_DEMANDS: u32 = 4;
/// The bond of a challenge doubles with each that was refuted, and the price of a demand with each that was made, at most so
/// often: whoever fills the places, so that nobody else finds one, pays more each time.
const MAX_DOUBLINGS: u8 = 32;

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
    /// What of that stays locked from acceptance to settlement: no less than a cheat could gain by its help.
    pub liability: Balance,
    /// Its sealed answer.
    pub seal: Option<[u8; 32]>,
    /// Its revealed answer.
    pub verdict: Option<Verdict>,
    /// Whether it said that it holds and serves every output of the shard.
    pub holds_outputs: bool,
    /// Whether it said that it is not served the checkpoints: it runs the tasks from their inputs.
    pub from_inputs: bool,
    /// Digest of the results that it revealed.
    pub results: Option<[u8; 32]>,
}

impl Seat {
    /// An empty seat.
    pub fn new(auditor: Account, bond: Balance) -> Self {
        Self {
            auditor,
            bond,
            liability: bond,
            seal: None,
            verdict: None,
            holds_outputs: false,
            from_inputs: false,
            results: None,
        }
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
    /// Height of the last draw: of the sample, or of validators for seats that had become vacant.
    pub drawn_at: Height,
    /// Digest of the checkpoint ids from which the drawn runs start.
    pub opened: Option<[u8; 32]>,
    /// Digest of the result ids of the drawn segments.
    pub results: Option<[u8; 32]>,
    /// Whether the checkpoint ids, and later the result ids, were demanded on chain.
    pub demand: Demand,
    /// Height of the draw of the sample. It names the question that a seal answers: whoever is drawn later for a vacant seat
    /// answers the same one.
    pub sampled_at: Height,
    /// How many validators have to confirm the sample.
    pub needed: u8,
    /// The last of those who had a seat and left it, by silence or because they had not got the inputs.
    pub left: BoundedVec<Account, ConstU32<MAX_LEFT>>,
    /// Who said that the inputs are missing, since drawn validators were last asked about them: what was said is refuted when
    /// one of those says that it has them, or when the audit is completed.
    pub without_inputs: BoundedVec<Account, ConstU32<{ MAX_AUDIT_ROUNDS as u32 }>>,
}

impl Audit {
    /// Seats that the next draw fills.
    pub fn vacancies(&self) -> u32 {
        u32::from(self.needed).saturating_sub(self.seats.len() as u32)
    }

    /// Whether an account sits.
    pub fn has_seat(&self, who: &Account) -> bool {
        self.seats.iter().any(|seat| seat.auditor == *who)
    }

    /// Takes an account's seat away.
    fn vacate(&mut self, who: &Account) {
        self.seats.retain(|seat| seat.auditor != *who);
        self.left.retain(|left| left != who);
        if self.left.is_full() {
            self.left.remove(0);
        }
        // There is room: it was made.
        let _ = self.left.try_push(*who);
    }
}

/// A challenge of an accepted shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Stake {
    /// Who challenges.
    pub challenger: Account,
    /// What of its bond is locked.
    pub bond: Balance,
}

/// A validator that confirmed a result: its bond stays locked until the result is settled, or nobody accuses it any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Liable {
    /// The validator.
    pub auditor: Account,
    /// What of its bond is locked.
    pub bond: Balance,
    /// Whether it said that it runs the tasks from their inputs.
    pub from_inputs: bool,
    /// Who accuses it, and what is locked for that.
    pub accuser: Option<Stake>,
}

/// What validators confirmed, and who of them still answers for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Confirmed {
    /// Drawn segments as leaf positions in the shard, ascending.
    pub sample: BoundedVec<u32, ConstU32<MAX_SAMPLES>>,
    /// Who confirmed them all.
    pub liable: BoundedVec<Liable, ConstU32<MAX_AUDITORS>>,
}

/// The auditors of a result that was overturned, or convicted before its acceptance, answer for it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Accused {
    /// What they confirmed.
    pub confirmed: Confirmed,
    /// Last height for an accusation.
    pub by: Height,
    /// Accusations that were refuted.
    pub refuted: u8,
    /// Whether the shard starts again afterwards.
    pub reissue: bool,
    /// Where the result was not accepted: drawn validators that did not confirm it. They have run what was drawn, so they know
    /// whom to accuse of what.
    pub dissenting: BoundedVec<Account, ConstU32<MAX_AUDITORS>>,
}

impl Accused {
    /// Whether the result had been accepted. Where it had not, somebody drawn did not confirm it.
    pub fn was_accepted(&self) -> bool {
        self.dissenting.is_empty()
    }

    /// The bond of the next accusation: as of a challenge, doubled for each that was refuted or is under way.
    fn bond(&self, params: &Params) -> Balance {
        let under_way = self.confirmed.liable.iter().filter(|liable| liable.accuser.is_some());
        let before = under_way.fold(self.refuted, |number, _| number.saturating_add(1));
        doubled(least_bond(params, self.confirmed.locked()), before)
    }
}

impl Confirmed {
    /// What is locked of those who still answer.
    fn locked(&self) -> Balance {
        self.liable.iter().map(|liable| liable.bond).fold(0, Balance::saturating_add)
    }
}

/// What of others stays locked while a dispute goes on, for each part of a bond that answers for that: who draws a dispute out pays more
/// the more it keeps from them.
const HELD_PER_BOND: Balance = 16;

fn least_bond(params: &Params, held: Balance) -> Balance {
    params.challenge_bond.max(held / HELD_PER_BOND)
}

/// An id of an accepted shard that somebody asked for on chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct LeafDemand {
    /// The leaf's position.
    pub position: u32,
    /// The worker must answer until this height.
    pub by: Height,
}

/// What an accepted shard waits for before it is paid.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Window {
    /// Last height for a challenge.
    pub closes: Height,
    /// Last height for somebody to say that the outputs are delivered.
    pub deliver_by: Height,
    /// Whether somebody said so: its requester, or one of its auditors.
    pub delivered: bool,
    /// Challenges under way.
    pub challenges: BoundedVec<Stake, ConstU32<MAX_CHALLENGES>>,
    /// Challenges that were refuted.
    pub refuted: u8,
    /// Ids that the worker owes on chain.
    pub demands: BoundedVec<LeafDemand, ConstU32<MAX_LEAF_DEMANDS>>,
    /// Doublings of the price of an id when the last one was asked for: one for each so far, less those that time took back.
    pub asked: u8,
    /// Height at which the last one was asked for.
    pub asked_at: Height,
    /// What its auditors answer for.
    pub confirmed: Confirmed,
}

impl Window {
    /// The bond of the next challenge, while `held` is locked of others for the shard: doubled for each that was refuted, and for each
    /// under way, else challenges that are made to be refuted could raise it together, before anybody who means it.
    fn bond(&self, params: &Params, held: Balance) -> Balance {
        let before = self.challenges.iter().fold(self.refuted, |number, _| number.saturating_add(1));
        doubled(least_bond(params, held), before)
    }

    /// Doublings of the price of the next demand at a height, for a shard that was accepted at one: one for each that was made, less
    /// one for each [`Params::halving_blocks`] since the last of them. Time counts only as far as the window reaches without any
    /// demand: what keeps it open longer would else cost the least price again and again.
    fn doublings(&self, height: Height, accepted_at: Height, params: &Params) -> u8 {
        let until = height.min(accepted_at.saturating_add(params.window_blocks));
        let halvings = until.saturating_sub(self.asked_at).checked_div(params.halving_blocks()).unwrap_or(0);
        // More doublings than the dearest price has count as that many, else it would take long until it falls.
        self.asked.min(MAX_DOUBLINGS).saturating_sub(u8::try_from(halvings).unwrap_or(u8::MAX))
    }

    /// What the next demand costs at a height, of a shard that was accepted at one.
    fn demand_price(&self, height: Height, accepted_at: Height, params: &Params) -> Balance {
        doubled(params.demand_price, self.doublings(height, accepted_at, params))
    }
}

fn doubled(amount: Balance, times: u8) -> Balance {
    amount.saturating_mul(1u128.wrapping_shl(times.min(MAX_DOUBLINGS).into()))
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
        /// An audit of which seats have become vacant before the worker had to show its results: its sample stays, and so
        /// do the other seats.
        held: Option<Audit>,
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
    /// Accepted: later stages may read it, anybody may challenge it, and it is paid when the window has closed.
    #[codec(index = 9)]
    Accepted {
        /// The deal.
        deal: Deal,
        /// The commitment.
        commitment: Commitment,
        /// Who audited it: they hold and serve its outputs too.
        auditors: BoundedVec<Account, ConstU32<MAX_AUDITORS>>,
        /// Height of acceptance.
        at: Height,
        /// What it waits for.
        window: Window,
    },
    /// The window has closed: nothing about it changes any more.
    #[codec(index = 10)]
    Settled {
        /// The deal.
        deal: Deal,
        /// The commitment.
        commitment: Commitment,
        /// Who audited it.
        auditors: BoundedVec<Account, ConstU32<MAX_AUDITORS>>,
        /// Height of acceptance.
        at: Height,
        /// Whether it was paid: its outputs were delivered.
        paid: bool,
    },
    /// Overturned while the window was open, and nobody answers for it any more: never paid. Results of later stages that were computed from it are judged
    /// relative to it, so its root stays.
    #[codec(index = 11)]
    Overturned {
        /// The deal.
        deal: Deal,
        /// The commitment.
        commitment: Commitment,
        /// Who audited it.
        auditors: BoundedVec<Account, ConstU32<MAX_AUDITORS>>,
        /// Height of acceptance.
        at: Height,
    },
    /// Several said that the inputs cannot be fetched: the chain owes the draw of validators who say whether they can, from the
    /// seed of `period`.
    #[codec(index = 13)]
    Doubted {
        /// What waits for that: a commitment that nobody could audit.
        work: Option<Work>,
        /// Who was drawn so far.
        probe: Probe,
        /// The draw period whose seed draws.
        period: Height,
    },
    /// The drawn validators owe their word on whether they can fetch the inputs.
    #[codec(index = 14)]
    Probing {
        /// What waits for that: a commitment that nobody could audit.
        work: Option<Work>,
        /// Who was drawn.
        probe: Probe,
        /// Last height for their word.
        by: Height,
    },
    /// Overturned while the window was open, or convicted before its acceptance although somebody drawn had confirmed it: the
    /// auditors that confirmed it may be accused, one after the other or together.
    #[codec(index = 15)]
    Accused {
        /// The deal.
        deal: Deal,
        /// The commitment.
        commitment: Commitment,
        /// Who confirmed it.
        auditors: BoundedVec<Account, ConstU32<MAX_AUDITORS>>,
        /// Height of acceptance, or of the conviction of what was not accepted.
        at: Height,
        /// What they answer for.
        accused: Accused,
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
    /// Rounds of audits of the present commitment that validators spoiled.
    pub rounds: u8,
    /// How often drawn validators said of the present commitment that they are not served what they need.
    pub claims: u8,
    /// Height of the first of the last draws for the present commitment that all found too few validators.
    pub unseated_since: Option<Height>,
    /// Different workers that declined because they could not fetch the inputs, since the last one that had them.
    pub declined: BoundedVec<Account, ConstU32<MAX_DECLINES>>,
    /// The last validator that said that it has the inputs: it serves them.
    pub holder: Option<Account>,
    /// How often drawn validators were asked of the present commitment whether the inputs can be fetched, and one could.
    pub probes: u8,
    /// Where it is in its life.
    pub phase: Phase,
    /// Bytes that its tasks move.
    pub traffic: Traffic,
    /// Blocks by which its requester lengthens its start, its execution and its audits.
    pub extra_blocks: Height,
    /// Work of each segment of a task, by which segments are drawn, deadlines set and prices made ([`segment_work`]): its MACs, or
    /// what its bytes are worth where that is more.
    pub work: SegmentCosts,
    /// The last workers that declined, of whom nobody knows yet whether they could have fetched the inputs: somebody else's
    /// accepted result shows that they could, missing inputs that drawn validators confirm that they could not.
    pub unjudged: BoundedVec<Account, ConstU32<MAX_UNJUDGED>>,
    /// Attempts whose workers were paid although nobody could audit their results, each with the root that was paid.
    pub compensated: BoundedVec<(u16, BlobId), ConstU32<MAX_COMPENSATED>>,
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
        /// Drawn leaf positions, ascending; of an audit that is held the same as before.
        sample: Vec<u32>,
        /// Drawn validators; of an audit that is held those for its vacant seats.
        seats: Vec<Seat>,
    },
    /// The chain drew and found too few validators: it draws again, or gives up after [`Params::seat_blocks`].
    Unseated,
    /// The chain drew validators who say whether they can fetch the inputs.
    Probe(Vec<ProbeSeat>),
    /// One of them says so.
    Inputs {
        /// Who.
        by: Account,
        /// Whether it has fetched all inputs of the shard's tasks.
        available: bool,
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
        /// Whether it holds and serves every output of the shard.
        holds_outputs: bool,
    },
    /// A drawn validator is not served the bytes that it needs.
    Unavailable {
        /// Who.
        by: Account,
        /// Whether the inputs are missing too, from which it runs the tasks since it said that the checkpoints are.
        inputs_missing: bool,
    },
    /// Somebody opened a dispute: a drawn validator that differs, on a drawn segment, or anybody on any segment of an
    /// accepted shard.
    Challenge {
        /// Who.
        by: Account,
        /// The leaf position in dispute.
        position: u32,
        /// What was locked for it: nothing more for a drawn validator, [`Shard::challenge_bond`] or more for anybody else.
        bond: Balance,
    },
    /// Somebody accuses an auditor of an overturned shard that it confirmed.
    Accuse {
        /// Who.
        by: Account,
        /// Whom.
        auditor: Account,
        /// Leaf position of a drawn segment's end.
        position: u32,
        /// What was locked for it: [`Shard::accusation_bond`] or more.
        bond: Balance,
    },
    /// A dispute with an accused auditor ended.
    Judged {
        /// The auditor.
        auditor: Account,
        /// Whether it lost.
        lost: bool,
    },
    /// Somebody asks for an id of an accepted shard on chain.
    DemandLeaf(u32),
    /// The id at this position was proven against the root by the caller of `step`.
    AnswerLeaf(u32),
    /// Somebody says that the outputs are delivered; the caller of `step` has seen to it that the requester or an auditor
    /// does.
    Deliver,
    /// The chain issues an overturned shard again, because nothing was computed from it.
    Reissue,
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
    /// The worker could not fetch the inputs, as it says: it rests, and is judged when more is known.
    Declined(Account),
    /// A worker declined what another one could fetch.
    DeclineRefuted(Account),
    /// A worker declined with reason: drawn validators say that the inputs are missing.
    DeclineConfirmed(Account),
    /// The worker's commitment was never judged, and not by its fault: it is no better and no worse than before.
    Unaudited(Account),
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
    /// All drawn validators agree: later stages may read the result.
    Accept {
        /// The deal.
        deal: Deal,
        /// Who audited.
        auditors: Vec<Account>,
    },
    /// A challenger's bond is free again.
    ReleaseChallenger(Account, Balance),
    /// The window has closed: pay the worker and the auditors, or nobody if nobody says that the outputs are delivered.
    Settle {
        /// The deal.
        deal: Deal,
        /// Who audited.
        auditors: Vec<Account>,
        /// Whether to pay.
        paid: bool,
    },
    /// The result is worthless although it was accepted.
    Overturn(Deal),
    /// Nobody answers for an overturned result any more: nothing about it can change.
    Closed,
    /// The shard waits for a worker again.
    Requeue,
    /// Every other dispute on this shard is moot.
    CloseDisputes,
    /// Several said that the inputs cannot be fetched: drawn validators are asked.
    Doubt,
    /// A drawn validator has the inputs.
    InputsFound(Account),
    /// All drawn validators say that the inputs cannot be fetched: nothing of the job is handed out until its requester says
    /// that it serves them again.
    InputsMissing,
    /// A validator said that the inputs are missing, and others had them.
    ClaimRefuted(Account),
    /// The worker delivered what nobody can audit, because the inputs are missing, which drawn validators have confirmed: it is
    /// paid for its work, and so are those who had sealed an answer, out of the escrow alone. The result is not accepted.
    Compensate {
        /// The deal.
        deal: Deal,
        /// Validators that had sealed an answer.
        auditors: Vec<Account>,
        /// How many would have been paid for a whole audit.
        needed: u8,
    },
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
    /// As many challenges or demands as possible are under way.
    Full,
    /// The bond for a challenge is another one.
    WrongBond,
    /// There is no such position in the shard.
    NoSuchLeaf,
}

/// A new state and what follows from it.
pub type Step = Result<(Shard, Vec<Effect>), ShardError>;

impl Shard {
    /// A shard that waits for a worker, whose work is its MACs.
    pub fn new(id: ShardId, first_task: u32, tasks: u32, costs: SegmentCosts) -> Self {
        Self {
            id,
            first_task,
            tasks,
            costs,
            attempt: 0,
            rounds: 0,
            claims: 0,
            unseated_since: None,
            declined: BoundedVec::new(),
            holder: None,
            probes: 0,
            phase: Phase::Queued,
            traffic: Traffic::default(),
            extra_blocks: 0,
            work: costs,
            unjudged: BoundedVec::new(),
            compensated: BoundedVec::new(),
        }
    }

    /// Leaves of a task.
    pub fn segments_per_task(&self) -> u32 {
        self.costs.segments_per_task()
    }

    /// Leaves of the shard.
    pub fn leaves(&self) -> u32 {
        self.tasks.saturating_mul(self.segments_per_task())
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
            Phase::Doubted { work, .. } | Phase::Probing { work, .. } => work.as_ref().map(|work| &work.deal),
            Phase::Assigned { deal, .. }
            | Phase::Running { deal, .. }
            | Phase::Committed { deal, .. }
            | Phase::Opening { deal, .. }
            | Phase::Auditing { deal, .. }
            | Phase::Revealing { deal, .. }
            | Phase::Comparing { deal, .. }
            | Phase::Disputed { deal, .. }
            | Phase::Accepted { deal, .. }
            | Phase::Settled { deal, .. }
            | Phase::Accused { deal, .. }
            | Phase::Overturned { deal, .. } => Some(deal),
        }
    }

    /// The commitment, once there is one.
    pub fn commitment(&self) -> Option<&Commitment> {
        match &self.phase {
            Phase::Queued | Phase::Assigned { .. } | Phase::Running { .. } => None,
            Phase::Doubted { work, .. } | Phase::Probing { work, .. } => work.as_ref().map(|work| &work.commitment),
            Phase::Committed { commitment, .. }
            | Phase::Opening { commitment, .. }
            | Phase::Auditing { commitment, .. }
            | Phase::Revealing { commitment, .. }
            | Phase::Comparing { commitment, .. }
            | Phase::Disputed { commitment, .. }
            | Phase::Accepted { commitment, .. }
            | Phase::Settled { commitment, .. }
            | Phase::Accused { commitment, .. }
            | Phase::Overturned { commitment, .. } => Some(commitment),
        }
    }

    /// The result that later stages read, from acceptance on. It stays when it is overturned: what was computed from it is
    /// judged relative to it.
    pub fn result(&self) -> Option<&Commitment> {
        match &self.phase {
            Phase::Accepted { commitment, .. }
            | Phase::Settled { commitment, .. }
            | Phase::Overturned { commitment, .. } => Some(commitment),
            Phase::Accused { commitment, accused, .. } if !accused.reissue => Some(commitment),
            _ => None,
        }
    }

    /// Who audited the result, from acceptance on.
    pub fn auditors(&self) -> &[Account] {
        match &self.phase {
            Phase::Accepted { auditors, .. }
            | Phase::Settled { auditors, .. }
            | Phase::Accused { auditors, .. }
            | Phase::Overturned { auditors, .. } => auditors,
            _ => &[],
        }
    }

    /// Whether this account's word counts for the delivery of the result: it audited the result, which was accepted.
    pub fn may_confirm_delivery(&self, who: &Account) -> bool {
        let was_accepted = self.accused().is_none_or(Accused::was_accepted);
        was_accepted && self.auditors().contains(who) && self.deal().is_none_or(|deal| deal.worker != *who)
    }

    /// Whether a result neither counts nor is paid any more. Every attempt has one worker and at most one commitment, which counts only in
    /// that attempt. What was accepted stands until it is overturned, paid or not; what was paid without an audit counts for good. Who takes
    /// the deposit of a plant back before its slash is that of a liar.
    pub fn never_pays(&self, result: &PlantedResult) -> bool {
        if self.compensated.contains(&(result.attempt, result.root)) {
            return false;
        }
        if self.attempt != result.attempt {
            return self.attempt > result.attempt;
        }
        matches!(self.phase, Phase::Overturned { .. } | Phase::Accused { .. })
            || self.deal().is_some_and(|deal| deal.worker != result.worker)
            || self.commitment().is_some_and(|commitment| commitment.root != result.root)
    }

    /// What an accepted shard waits for.
    pub fn window(&self) -> Option<&Window> {
        match &self.phase {
            Phase::Accepted { window, .. } => Some(window),
            _ => None,
        }
    }

    /// What its auditors answer for, after it was convicted.
    pub fn accused(&self) -> Option<&Accused> {
        match &self.phase {
            Phase::Accused { accused, .. } => Some(accused),
            _ => None,
        }
    }

    /// The auditors that answer for the result with their bonds.
    pub fn liable(&self) -> &[Liable] {
        match &self.phase {
            Phase::Accepted { window, .. } => &window.confirmed.liable,
            Phase::Accused { accused, .. } => &accused.confirmed.liable,
            _ => &[],
        }
    }

    /// What anybody must lock to accuse an auditor of the shard now; nothing when nobody can be accused.
    pub fn accusation_bond(&self, params: &Params) -> Option<Balance> {
        self.accused().map(|accused| accused.bond(params))
    }

    /// What anybody must lock to challenge the shard now; nothing when it cannot be challenged by anybody.
    pub fn challenge_bond(&self, params: &Params) -> Option<Balance> {
        let collateral = self.deal().map_or(0, |deal| deal.collateral);
        let held = |window: &Window| window.confirmed.locked().saturating_add(collateral);
        self.window().map(|window| window.bond(params, held(window)))
    }

    /// What asking for an id of the shard on chain costs at a height; nothing when nobody can.
    pub fn demand_price(&self, height: Height, params: &Params) -> Option<Balance> {
        match &self.phase {
            Phase::Accepted { window, at, .. } => Some(window.demand_price(height, *at, params)),
            _ => None,
        }
    }

    /// The audit under way, also while it waits for validators for vacant seats.
    pub fn audit(&self) -> Option<&Audit> {
        match &self.phase {
            Phase::Committed { held, .. } => held.as_ref(),
            Phase::Doubted { work, .. } | Phase::Probing { work, .. } => work.as_ref().map(|work| &work.audit),
            Phase::Opening { audit, .. }
            | Phase::Auditing { audit, .. }
            | Phase::Revealing { audit, .. }
            | Phase::Comparing { audit, .. }
            | Phase::Disputed { audit, .. } => Some(audit),
            _ => None,
        }
    }

    /// What drawn validators say about the inputs.
    pub fn probe(&self) -> Option<&Probe> {
        match &self.phase {
            Phase::Doubted { probe, .. } | Phase::Probing { probe, .. } => Some(probe),
            _ => None,
        }
    }

    /// Everybody who has a part in the shard: the worker, who audits or has audited it, who says whether its inputs can be
    /// fetched, and who challenges it.
    pub fn parties(&self) -> Vec<Account> {
        let worker = self.deal().map(|deal| deal.worker);
        let seats = self.audit().into_iter().flat_map(|audit| audit.seats.iter().map(|seat| seat.auditor));
        let challengers = self.window().into_iter().flat_map(|window| window.challenges.iter());
        let challengers = challengers.map(|stake| stake.challenger);
        let accusers = self.liable().iter().filter_map(|liable| liable.accuser).map(|stake| stake.challenger);
        let probed = self.probe().into_iter().flat_map(|probe| probe.seats.iter().map(|seat| seat.auditor));
        let dissenting = self.accused().into_iter().flat_map(|accused| accused.dissenting.iter().copied());
        let parties = worker.into_iter().chain(seats).chain(probed).chain(dissenting);
        parties.chain(self.auditors().iter().copied()).chain(challengers).chain(accusers).collect()
    }

    /// Whether a party has something to do in the shard, or may have at any block: everybody while it is not accepted and its
    /// outputs are not delivered; then whoever challenges it, and its worker while it is challenged or asked for an id; of a
    /// result that is overturned or convicted who accuses, is accused, or can accuse because it did not confirm. Who is left
    /// only serves what it has.
    pub fn is_duty_of(&self, party: &Account) -> bool {
        match &self.phase {
            Phase::Queued | Phase::Settled { .. } | Phase::Overturned { .. } => false,
            Phase::Accepted { deal, window, .. } => {
                let is_busy = !window.demands.is_empty() || !window.challenges.is_empty();
                let challenges = window.challenges.iter().any(|stake| stake.challenger == *party);
                !window.delivered || challenges || (is_busy && deal.worker == *party)
            }
            Phase::Accused { accused, .. } => {
                let is_disputing = accused.confirmed.liable.iter().any(|liable| {
                    liable.accuser.is_some_and(|stake| stake.challenger == *party || liable.auditor == *party)
                });
                is_disputing || accused.dissenting.contains(party)
            }
            _ => true,
        }
    }

    /// Whether the result stands: it is accepted and not overturned.
    pub fn is_accepted(&self) -> bool {
        matches!(self.phase, Phase::Accepted { .. } | Phase::Settled { .. })
    }

    /// Whether nothing about the shard can change any more.
    pub fn is_final(&self) -> bool {
        matches!(self.phase, Phase::Settled { .. } | Phase::Overturned { .. })
    }

    /// Collateral and bonds that are locked for this shard, by account: what the staking pallet must hold.
    pub fn locks(&self) -> Vec<(Account, Balance)> {
        if self.is_final() {
            return Vec::new();
        }
        let worker = self.deal().map(|deal| (deal.worker, deal.collateral));
        let seats = self.audit().into_iter().flat_map(|audit| audit.seats.iter());
        let seats = seats.filter(|seat| seat.verdict != Some(Verdict::Refuted)).map(|seat| (seat.auditor, seat.bond));
        let challenges = self.window().into_iter().flat_map(|window| window.challenges.iter());
        let challenges = challenges.map(|stake| (stake.challenger, stake.bond));
        let probed = self.probe().into_iter().flat_map(|probe| probe.seats.iter());
        let probed = probed.map(|seat| (seat.auditor, seat.bond));
        // What a convicted worker had locked is an offence's by now.
        let worker = worker.filter(|_| self.accused().is_none());
        let accusers = self.liable().iter().filter_map(|liable| liable.accuser);
        let accusers = accusers.map(|stake| (stake.challenger, stake.bond));
        let liable = self.liable().iter().map(|liable| (liable.auditor, liable.bond));
        worker.into_iter().chain(seats).chain(probed).chain(challenges).chain(liable).chain(accusers).collect()
    }

    /// Runs of adjacent drawn segments: (first position, number of segments).
    pub fn runs(&self) -> Vec<(u32, u32)> {
        self.audit().map(|audit| join_runs(&audit.sample, self.segments_per_task())).unwrap_or_default()
    }

    /// Positions of the checkpoints from which the drawn runs start, in draw order; runs from the task's inputs have none.
    pub fn opened_positions(&self) -> Vec<u32> {
        self.audit().map(|audit| self.starts_of(&audit.sample)).unwrap_or_default()
    }

    /// The same of a sample, after the audit too.
    pub fn starts_of(&self, sample: &[u32]) -> Vec<u32> {
        let starts = join_runs(sample, self.segments_per_task()).into_iter().map(|(first, _)| first);
        starts
            .filter(|first| first.checked_rem(self.segments_per_task()).is_some_and(|segment| segment > 0))
            .filter_map(|first| first.checked_sub(1))
            .collect()
    }

    /// The tasks that an audit from the inputs runs, in order, each with the last of its segments that was drawn.
    pub fn reruns(&self) -> Vec<(u32, u32)> {
        let mut runs: Vec<(u32, u32)> = Vec::new();
        for (task, segment) in
            self.audit().into_iter().flat_map(|audit| audit.sample.iter()).filter_map(|p| self.locate(*p))
        {
            match runs.last_mut() {
                Some(last) if last.0 == task => last.1 = segment,
                _ => runs.push((task, segment)),
            }
        }
        runs
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
            | Phase::Revealing { by, .. }
            | Phase::Probing { by, .. } => *by,
            Phase::Disputed { audit, by, .. } => {
                audit.seats.iter().any(|seat| seat.verdict == Some(Verdict::Differs)).then_some(*by)?
            }
            Phase::Auditing { audit, by, .. } | Phase::Comparing { audit, by, .. } => match audit.demand {
                Demand::Owed(owed) => owed.min(*by),
                _ => *by,
            },
            Phase::Accepted { window, .. } => match window.demands.iter().map(|demand| demand.by).min() {
                Some(by) => by,
                None if !window.challenges.is_empty() => return None,
                None if window.delivered => window.closes,
                None => window.deliver_by,
            },
            Phase::Accused { accused, .. } => {
                let is_busy = accused.confirmed.liable.iter().any(|liable| liable.accuser.is_some());
                (!is_busy).then_some(accused.by)?
            }
            Phase::Queued
            | Phase::Committed { .. }
            | Phase::Doubted { .. }
            | Phase::Settled { .. }
            | Phase::Overturned { .. } => return None,
        };
        Some(by.saturating_add(1))
    }
}

// SPDX-License-Identifier: Apache-2.0
//! What the chain tells a daemon: everything that concerns its account, so that a daemon can start from nothing.

use crate::{
    dispute::Dispute,
    inputs::StageContext,
    shard::{Phase, Shard},
};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use quern_primitives::{
    commitment::LeafProof, job::Endpoint, job::Profile, traits::Role, Account, Balance, BlobId, DisputeId, Height,
    JobId, ShardId,
};
use scale_info::TypeInfo;

/// A shard as one of its parties needs it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct ShardView {
    /// The shard.
    pub shard: Shard,
    /// What decides the inputs of its tasks.
    pub context: StageContext,
    /// Where the requester serves the job's blobs.
    pub requester: Vec<Endpoint>,
    /// Endpoints of the worker, the drawn validators, whoever said that it has the inputs, and the workers and auditors of the shards whose outputs are read.
    pub endpoints: Vec<(Account, Endpoint)>,
    /// Disputes about the shard.
    pub disputes: Vec<(DisputeId, Dispute)>,
    /// Results that the worker had to show on chain, proven, in the order of the draw; empty when it had not.
    pub answered: Vec<LeafProof>,
    /// What asking for an id of the shard on chain costs now (`verification.demand_leaf`); nothing when nobody can.
    pub demand_price: Option<Balance>,
}

impl ShardView {
    /// The endpoint of an account, if it is a party here.
    pub fn endpoint(&self, account: &Account) -> Option<&Endpoint> {
        self.endpoints.iter().find(|(of, _)| of == account).map(|(_, endpoint)| endpoint)
    }
}

/// Most jobs or shards in a page.
pub const MAX_PAGE: u32 = 64;
/// A page of duties ends with the view that makes it this long or longer, encoded. A view takes at most half as much: eight
/// disputes with their traces (32 KiB each), 256 shards that are read, and the endpoints of everybody there.
pub const DUTIES_PAGE_BYTES: usize = 1 << 20;
/// Most shards in a page of those that an account only serves: less than 1 KiB each.
pub const MAX_SERVED_PAGE: u32 = 256;

/// Where a job is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum JobStatus {
    /// Waits for randomness that nobody knew at its submission.
    #[codec(index = 0)]
    Waiting,
    /// Its stages run.
    #[codec(index = 1)]
    Running,
    /// Every shard is accepted.
    #[codec(index = 2)]
    Completed {
        /// BLAKE3 of the list of stage roots.
        root: BlobId,
    },
    /// For a reason of [`JobFailure`]. Shards that were under way are still paid.
    #[codec(index = 3)]
    Failed,
    /// The requester gave it up. Shards that were under way are still paid.
    #[codec(index = 4)]
    Cancelled,
    /// Drawn validators have confirmed that inputs cannot be fetched: nothing is handed out until the requester says that it
    /// serves them again (`jobs.resume_job`). What is under way goes on.
    #[codec(index = 5)]
    Paused {
        /// The shard whose inputs are missing.
        shard: ShardId,
        /// Last height for that. Then the job fails.
        until: Height,
    },
}

impl JobStatus {
    /// Whether shards may still be handed out, now or later.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Waiting | Self::Running | Self::Paused { .. })
    }

    /// Whether it has begun and is not over.
    pub fn is_under_way(&self) -> bool {
        matches!(self, Self::Running | Self::Paused { .. })
    }
}

/// Why a job failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum JobFailure {
    /// A shard found no worker, or came back too often.
    #[codec(index = 0)]
    NoWorker,
    /// Inputs cannot be fetched, which drawn validators have confirmed, and the requester did not serve them again in time, or
    /// too often not.
    #[codec(index = 1)]
    InputsUnavailable,
    /// A result was overturned after others had been computed from it.
    #[codec(index = 2)]
    Overturned,
}

/// Number of shards of a stage in each phase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
pub struct PhaseCounts {
    /// Wait for a worker.
    pub queued: u32,
    /// Their worker fetches the inputs.
    pub assigned: u32,
    /// Are computed.
    pub running: u32,
    /// Wait for the draw.
    pub committed: u32,
    /// Wait for the worker's checkpoints.
    pub opening: u32,
    /// Are computed again by drawn validators.
    pub auditing: u32,
    /// Wait for the worker's results.
    pub revealing: u32,
    /// Wait for the validators' reveals.
    pub comparing: u32,
    /// Are disputed.
    pub disputed: u32,
    /// Are accepted.
    pub accepted: u32,
    /// Were convicted after they were accepted.
    pub overturned: u32,
    /// Wait for the word of drawn validators on whether their inputs can be fetched.
    pub doubted: u32,
}

impl PhaseCounts {
    /// Counts one more shard.
    pub fn count(&mut self, phase: &Phase) {
        let of = match phase {
            Phase::Queued => &mut self.queued,
            Phase::Assigned { .. } => &mut self.assigned,
            Phase::Running { .. } => &mut self.running,
            Phase::Committed { .. } => &mut self.committed,
            Phase::Opening { .. } => &mut self.opening,
            Phase::Auditing { .. } => &mut self.auditing,
            Phase::Revealing { .. } => &mut self.revealing,
            Phase::Comparing { .. } => &mut self.comparing,
            Phase::Disputed { .. } => &mut self.disputed,
            // Never accepted: its auditors answer before it starts again.
            Phase::Accused { accused, .. } if !accused.was_accepted() => &mut self.disputed,
            Phase::Accepted { .. } | Phase::Settled { .. } => &mut self.accepted,
            Phase::Overturned { .. } | Phase::Accused { .. } => &mut self.overturned,
            Phase::Doubted { .. } | Phase::Probing { .. } => &mut self.doubted,
        };
        *of = of.saturating_add(1);
    }
}

/// How far a stage is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct StageProgress {
    /// Its program.
    pub program: BlobId,
    /// Number of its tasks.
    pub tasks: u32,
    /// Number of its shards.
    pub shards: u32,
    /// Those that exist so far, by phase.
    pub phases: PhaseCounts,
    /// Those that are accepted.
    pub accepted: u32,
    /// BLAKE3 of the list of shard roots, once all are accepted.
    pub root: Option<BlobId>,
}

/// A job as its requester sees it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct JobView {
    /// Its id.
    pub id: JobId,
    /// Who pays.
    pub requester: Account,
    /// Where it is in its life.
    pub status: JobStatus,
    /// Its stages, in order.
    pub stages: Vec<StageProgress>,
    /// What is still held for it.
    pub escrow_left: Balance,
    /// What was paid: prices, audit fees and protocol fees.
    pub spent: Balance,
    /// Highest price per GMAC.
    pub bid: Balance,
    /// Height of its submission.
    pub submitted_at: Height,
    /// BLAKE3 of the list of stage roots, once it is completed.
    pub root: Option<BlobId>,
    /// Accepted shards that wait for their window to close before they are paid.
    pub maturing: u32,
    /// Stages whose results were overturned, or stand on such a result.
    pub tainted: Vec<u16>,
    /// The job that it is a fork of.
    pub parent: Option<JobId>,
    /// Why it failed, if it did.
    pub failure: Option<JobFailure>,
    /// How often it was paused because inputs could not be fetched.
    pub pauses: u8,
    /// What was paid for results that nobody could audit for want of inputs, and is held anew when the job is resumed.
    pub unfunded: Balance,
}

/// What a job would cost, at the bid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct Quote {
    /// What would be held: the sum of the following three.
    pub escrow: Balance,
    /// The work.
    pub price: Balance,
    /// What the auditors share.
    pub audit_fee: Balance,
    /// The protocol fee.
    pub protocol_fee: Balance,
    /// Multiply-accumulates of useful work.
    pub macs: u64,
    /// Verification work in MACs, as expected.
    pub audit_macs: u64,
    /// Number of shards.
    pub shards: u32,
    /// Most collateral that a worker locks for one shard.
    pub collateral: Balance,
    /// Registered workers, busy ones included, that could run every shard: by what they state, ask and have bonded.
    pub workers: u32,
    /// Work in MACs, for which the price is: `macs`, or of each segment 4 for each byte that its operators move, where that is more.
    pub work_macs: u64,
    /// What is burned at submission beside what is held: `shard_fee` for each shard.
    pub shard_fee: Balance,
    /// Most that each validator locks for one audit: `audit_bond`, or what the dearest shard is worth at the bid.
    pub audit_bond: Balance,
    /// Most validators that audit one shard, run by a worker.
    pub auditors: u32,
    /// Registered validators whose whole bond, locked or not, is at least `audit_bond`: with fewer than `auditors` the dearest shard cannot
    /// be accepted, and whoever runs it is not paid.
    pub validators: u32,
    /// What is held beside the escrow for the job's place until the job is closed, with as many jobs open as there are now.
    pub place_deposit: Balance,
}

/// A registered worker or validator.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct ParticipantView {
    /// The account.
    pub account: Account,
    /// What it does.
    pub role: Role,
    /// Where it serves blobs and answers.
    pub endpoint: Endpoint,
    /// What it runs on.
    pub profile: Profile,
    /// Price per GMAC.
    pub ask: Balance,
    /// Shards that it holds at the same time.
    pub slots: u32,
    /// Shards that it holds now.
    pub open: u32,
    /// Reputation.
    pub reputation: u32,
    /// Whether it was convicted.
    pub barred: bool,
    /// Its bond.
    pub bonded: Balance,
    /// What of the bond is locked.
    pub locked: Balance,
}

/// What an account has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct AccountView {
    /// What it can spend.
    pub free: Balance,
    /// What is held of it, for whatever reason.
    pub held: Balance,
    /// Its bond.
    pub bonded: Balance,
    /// What of the bond is locked.
    pub locked: Balance,
    /// What is unbonding.
    pub unbonding: Balance,
    /// What it has earned and not claimed.
    pub credits: Balance,
}

/// A candidate for authoring blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct CandidateView {
    /// The account.
    pub account: Account,
    /// What it keeps of the rewards before they are shared, in parts per million.
    pub commission_ppm: u32,
    /// Its bond.
    pub bonded: Balance,
    /// What others back it with, without what is unbonding.
    pub backing: Balance,
    /// What elects it: its bond, and its backing as far as the bond bears it. Nothing while it is chilled.
    pub score: Balance,
    /// Whether it authors in this session.
    pub authors: bool,
    /// Whether it has registered session keys: without them it is not elected.
    pub has_keys: bool,
}

/// What an account backs a candidate with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct NominationView {
    /// The candidate.
    pub candidate: Account,
    /// What it is worth now, without what is unbonding.
    pub amount: Balance,
    /// What is unbonding.
    pub unbonding: Balance,
    /// The height from which all that is unbonding can be withdrawn; zero where nothing is.
    pub release_at: Height,
}

/// The network in numbers, since genesis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct NetworkView {
    /// Height.
    pub height: Height,
    /// Length of a slot in milliseconds.
    pub slot_ms: u64,
    /// Blocks of a draw period.
    pub draw_period_blocks: Height,
    /// Active workers.
    pub workers: u32,
    /// Active validators.
    pub validators: u32,
    /// Accepted shards.
    pub shards_settled: u64,
    /// Draws of segments and validators: one for each round of audits.
    pub draws: u64,
    /// Disputes opened.
    pub disputes: u64,
    /// Disputes in which the referee or a length convicted the worker.
    pub convicted: u64,
    /// Disputes in which the referee refuted the challenger.
    pub refuted: u64,
    /// Useful work that was accepted, in MACs.
    pub useful_macs: u128,
    /// Fees burned.
    pub burned: Balance,
    /// Emitted.
    pub emitted: Balance,
    /// Total issuance.
    pub issuance: Balance,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phase_counts_should_add_up_when_phases_are_counted() {
        let mut counts = PhaseCounts::default();
        counts.count(&Phase::Queued);
        counts.count(&Phase::Queued);
        assert_eq!(counts, PhaseCounts { queued: 2, ..Default::default() });
    }
}

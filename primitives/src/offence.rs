// SPDX-License-Identifier: Apache-2.0
//! A reported offence on its way to a slash: what the chain keeps, and tells clients, until it is over.

use crate::{
    plant::ConvictedResult,
    tagged, tags,
    traits::{Offence, OffenceKind},
    Account, Balance, Height,
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// Consecutive number of a reported offence.
pub type OffenceId = u64;

/// Where a slash that is not carried out yet stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum SlashStage {
    /// It waits.
    #[codec(index = 0)]
    Deferred,
    /// The guardian put it off, which it can do once.
    #[codec(index = 1)]
    Delayed,
    /// The offender appealed: governance decides before the height at which the slash is carried out, or the appeal lapses.
    #[codec(index = 2)]
    Appealed {
        /// What the offender holds for the appeal.
        bond: Balance,
        /// BLAKE3 of the offender's statement, which it publishes where it likes.
        statement: [u8; 32],
    },
}

/// An offence against consensus, with what its severity is computed from. The offender's whole stake answers for it, and what
/// backs it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct ConsensusOffence {
    /// What was done.
    pub kind: OffenceKind,
    /// Who did it.
    pub offender: Account,
    /// In which session.
    pub session: u32,
    /// How many did the same in the same slot, round or session.
    pub offenders: u32,
    /// How many validators the session had.
    pub validators: u32,
    /// What of the severity, in parts per million, is not part of this slash: an earlier one of the session was over when it grew.
    pub before_ppm: u32,
    /// Who showed it, if an account did.
    pub reporter: Option<Account>,
    /// [`report_evidence`] of the transaction that showed it, or zero where the chain saw it by itself.
    pub evidence: [u8; 32],
}

/// Blocks that a validator must have been expected to author in a session before none is an offence. The authors of slots are
/// drawn, so an honest one misses all of them with a chance below `e^-32`, 2^-46.
pub const MIN_EXPECTED_BLOCKS: u32 = 32;
/// Most that idleness costs, in parts per million, whoever is idle with how many others.
const MOST_FOR_IDLENESS_PPM: u64 = 70_000;

/// What each of `idle` of `validators` that authored nothing loses, in parts per million of its stake. Nothing while at most a tenth of
/// the set, and one, are idle: a machine may fail. Beyond that `min(3 (k - threshold) / n, 1) * 7 %`, the formula of Substrate's
/// im-online pallet. Rounded up, against the idle.
pub fn idleness_ppm(idle: u32, validators: u32) -> u32 {
    let threshold = validators.checked_div(10).unwrap_or(0).saturating_add(1);
    let beyond = u64::from(idle.saturating_sub(threshold)).saturating_mul(3).min(validators.into());
    let ppm = beyond.saturating_mul(MOST_FOR_IDLENESS_PPM).div_ceil(u64::from(validators.max(1)));
    ppm.min(MOST_FOR_IDLENESS_PPM) as u32
}

/// The evidence hash of a report of an equivocation: of the transaction that made it, as the block has it (without its length).
pub fn report_evidence(extrinsic: &[u8]) -> [u8; 32] {
    tagged(tags::REPORT, &extrinsic)
}

/// What an offence was against.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum AnyOffence {
    /// An obligation on a shard. All of `locked` stays locked until the slash is over.
    #[codec(index = 0)]
    Work(Offence),
    /// Consensus.
    #[codec(index = 1)]
    Consensus(ConsensusOffence),
}

impl AnyOffence {
    /// What was done.
    pub fn kind(&self) -> OffenceKind {
        match self {
            Self::Work(offence) => offence.kind,
            Self::Consensus(offence) => offence.kind,
        }
    }

    /// Who did it.
    pub fn offender(&self) -> &Account {
        match self {
            Self::Work(offence) => &offence.offender,
            Self::Consensus(offence) => &offence.offender,
        }
    }

    /// Who showed it, if an account did.
    pub fn reporter(&self) -> Option<&Account> {
        match self {
            Self::Work(offence) => offence.reporter.as_ref(),
            Self::Consensus(offence) => offence.reporter.as_ref(),
        }
    }

    /// Hash of the evidence, or zero where there is none but the chain's own state.
    pub fn evidence(&self) -> &[u8; 32] {
        match self {
            Self::Work(offence) => &offence.evidence,
            Self::Consensus(offence) => &offence.evidence,
        }
    }

    /// What of the bond is locked for it until its slash is over.
    pub fn locked(&self) -> Balance {
        match self {
            Self::Work(offence) => offence.locked,
            Self::Consensus(_) => 0,
        }
    }
}

/// A slash that is not carried out yet.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct DeferredSlash {
    /// What was done, by whom, and what is at stake.
    pub offence: AnyOffence,
    /// The share that it costs, in parts per million: of what is locked, by its kind when it was reported; of the whole stake for an
    /// offence against consensus.
    pub share_ppm: u32,
    /// What that comes to, rounded up: of what is locked; for an offence against consensus of the bond and what of it is unbonding
    /// when it was reported, and reckoned anew of what is there when the slash is carried out.
    pub due: Balance,
    /// Height at which it was reported.
    pub reported_at: Height,
    /// Index of the extrinsic with the evidence in the block of that height; none where there is no evidence.
    pub extrinsic: Option<u32>,
    /// Where it stands.
    pub stage: SlashStage,
    /// Height at which it is carried out unless somebody intervenes; later when many slashes are due at once.
    pub due_at: Height,
    /// The commitment, where a worker was convicted of a result that may have been planted.
    pub result: Option<ConvictedResult>,
}

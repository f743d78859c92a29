// SPDX-License-Identifier: Apache-2.0
//! How pallets meet. A pallet knows its neighbours only through these traits; the runtime wires them.

use crate::{
    job::{Endpoint, Profile},
    offence::{ConsensusOffence, OffenceId},
    plant::{ConvictedResult, PlantedResult},
    Account, Balance, Height, ShardId,
};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// Randomness by draw period: period `p` covers heights `p * length .. (p + 1) * length`.
pub trait Randomness {
    /// Length of a draw period in blocks, at least one.
    fn period_blocks() -> Height;

    /// The first height of a period.
    fn first_height(period: Height) -> Height {
        period.saturating_mul(Self::period_blocks())
    }

    /// The period that `height` lies in.
    fn period_of(height: Height) -> Height {
        height.checked_div(Self::period_blocks()).unwrap_or(height)
    }

    /// The seed of a finished period, mixed from the VRF outputs of all its blocks; `None` while the period runs, when
    /// it had too few distinct authors, or when it is too old to be kept.
    fn seed(period: Height) -> Option<[u8; 32]>;
}

/// How far deadlines lag behind the blocks.
pub trait Deadlines {
    /// Blocks by which they do in this block. What is due at a height is over only when so many further blocks have passed.
    fn lag_blocks() -> Height;
}

/// No deadline lags.
impl Deadlines for () {
    fn lag_blocks() -> Height {
        0
    }
}

/// Why collateral could not be locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CollateralError {
    /// The account has bonded less than is asked for, after what is locked already.
    Insufficient,
    /// The account has no bond.
    NotBonded,
}

/// Bonds and what of them is promised. Every lock is later released or slashed, exactly once.
pub trait Collateral {
    /// The bond of `who` that is neither locked nor unbonding.
    fn free(who: &Account) -> Balance;
    /// The whole bond of `who`, locked or not, without what is unbonding.
    fn bonded(who: &Account) -> Balance;
    /// What of the bond of `who` counts in a draw from a period that began at `height`: what was bonded before, and is still. None
    /// where that is so long ago that it is forgotten.
    fn bonded_before(who: &Account, height: Height) -> Balance;
    /// Of [`bonded_before`](Self::bonded_before) what is not locked, as if what came later were not there.
    fn free_before(who: &Account, height: Height) -> Balance {
        let locked = Self::bonded(who).saturating_sub(Self::free(who));
        Self::bonded_before(who, height).saturating_sub(locked)
    }
    /// Locks `amount` of the free bond.
    fn lock(who: &Account, amount: Balance) -> Result<(), CollateralError>;
    /// Releases `amount` of what is locked.
    fn release(who: &Account, amount: Balance);
    /// Takes `amount` out of what is locked (less where less is locked): pays `to` in order while it lasts and burns the rest.
    /// Returns what was taken.
    fn slash(who: &Account, amount: Balance, to: &[(Account, Balance)]) -> Balance;
    /// The least bond that a registered worker or validator keeps.
    fn minimum() -> Balance;
    /// Moves `amount` from an account's free balance into the bond of `who`, even where that stays below the minimum; what
    /// keeps the account of `who` alive remains free in it. On an error nothing has moved.
    fn earn(from: &Account, who: &Account, amount: Balance) -> Result<(), CollateralError> {
        let _ = (from, who, amount);
        Err(CollateralError::NotBonded)
    }
    /// As [`slash`](Self::slash), for an offence as auditor: those who back `who` lose the same share of what they back it with,
    /// which is burned. Returns what was taken of the bond.
    fn slash_pro_rata(who: &Account, amount: Balance, to: &[(Account, Balance)]) -> Balance {
        Self::slash(who, amount, to)
    }
    /// Whether anybody backs `who`.
    fn is_backed(_who: &Account) -> bool {
        false
    }
    /// Whether `backer` backs `who` with stake of its own, or did and has not withdrawn it yet.
    fn backs(_backer: &Account, _who: &Account) -> bool {
        false
    }
}

/// Block authors, and those who back them with their stake.
pub trait Backing {
    /// Pays `amount` that `who` has earned by authoring blocks in `era` out of the free funds of `from`: to `who` its commission and what its own
    /// bond earns, to those who back it the rest, pro rata, as more stake. Returns both parts; `None`, and nothing has moved,
    /// where they cannot be paid.
    fn reward(who: &Account, from: &Account, amount: Balance, era: u32) -> Option<(Balance, Balance)>;
}

/// What authors have not claimed.
pub trait Unclaimed {
    /// Whether `who` authored blocks in an era that is over and has not been paid for them: anybody may claim that for it.
    fn has_unclaimed(who: &Account) -> bool;
}

impl Unclaimed for () {
    fn has_unclaimed(_: &Account) -> bool {
        false
    }
}

/// What an account does for the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum Role {
    /// Runs shards.
    #[codec(index = 0)]
    Worker,
    /// Audits shards.
    #[codec(index = 1)]
    Validator,
    /// Runs small shards without a stake, until it has earned one.
    #[codec(index = 2)]
    Apprentice,
}

/// Most tasks of a shard that an apprentice takes.
pub const APPRENTICE_MAX_TASKS: u32 = 64;
/// Validators that audit an apprentice's shard: it has no stake that would make a lie dear, so a lie must be found.
pub const APPRENTICE_AUDITORS: u32 = 4;

/// A worker that offers capacity, as an assignment sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadyWorker {
    /// The worker.
    pub account: Account,
    /// Price per GMAC.
    pub ask: Balance,
    /// Shards that it takes now.
    pub slots: u32,
    /// What it runs on, as it states it.
    pub profile: Profile,
    /// Height at which it declared this readiness: a draw must use randomness younger than that.
    pub ready_at: Height,
    /// Weight in a draw, by reputation, at least one.
    pub weight: u32,
    /// Whether it is an apprentice: it takes small shards of larger stages, and locks what it has instead of the collateral.
    pub apprentice: bool,
}

impl ReadyWorker {
    /// What it locks for a shard, given what its bond has free; none when it cannot take it.
    pub fn stake(&self, collateral: Balance, free: Balance) -> Option<Balance> {
        (self.apprentice || free >= collateral).then(|| collateral.min(free))
    }

    /// Whether its kind takes a shard of `tasks` tasks, in a stage of `stage_tasks`.
    pub fn takes(&self, tasks: u32, stage_tasks: u32) -> bool {
        !self.apprentice || (tasks <= APPRENTICE_MAX_TASKS && stage_tasks > 1)
    }
}

/// A worker that has offered capacity, busy or not, as a quote sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The worker.
    pub account: Account,
    /// Price per GMAC.
    pub ask: Balance,
    /// What it runs on, as it states it.
    pub profile: Profile,
}

/// How a worker's shard ended, for its reputation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShardEnd {
    /// Its result was accepted.
    Accepted,
    /// It committed to no result in time.
    Late,
    /// It was convicted or stayed silent.
    Convicted,
    /// It was convicted after its result was accepted: it no longer holds a slot.
    Overturned,
    /// Nobody says that its accepted outputs are delivered: it no longer holds a slot.
    Undelivered,
    /// Its result was never judged, and not by its fault.
    Unaudited,
    /// It was not started in time.
    Unstarted,
    /// It was declined, because its inputs could not be fetched, as the worker says.
    Declined(ShardId),
    /// It was declined, and another worker could fetch its inputs: it no longer holds a slot.
    DeclineRefuted(ShardId),
    /// It was declined, and drawn validators have confirmed that its inputs are missing: it no longer holds a slot.
    DeclineConfirmed(ShardId),
}

impl ShardEnd {
    /// Whether the worker held a slot for the shard until now: what comes after acceptance, or after it was declined, concerns none.
    pub fn frees_slot(&self) -> bool {
        !matches!(self, Self::Overturned | Self::Undelivered | Self::DeclineRefuted(_) | Self::DeclineConfirmed(_))
    }
}

/// Registered workers, validators and apprentices.
pub trait Registry {
    /// Workers with capacity, bounded by the registry's own limit.
    fn ready_workers() -> Vec<ReadyWorker>;
    /// Workers that have offered capacity, those that are busy included, bounded by the registry's own limit. Apprentices, who
    /// do not take every shard, are left out.
    fn offers() -> Vec<Offer> {
        Vec::new()
    }
    /// Takes one slot of a ready worker.
    fn take_slot(who: &Account);
    /// Notes how a shard of `who` ended. A convicted worker is no longer ready.
    fn shard_ended(who: &Account, end: ShardEnd);
    /// Takes one conviction back that was noted at height `at`: the result had been planted. Whoever has no other is what it was
    /// before, but that it has to declare its capacity anew. Nothing happens where `who` has registered anew or left since, or is an
    /// apprentice.
    fn pardon(who: &Account, at: Height) {
        let _ = (who, at);
    }
    /// Notes that the window of an accepted shard of `who` has closed: it need not defend it any more.
    fn window_closed(who: &Account) {
        let _ = who;
    }
    /// Active validators, bounded by the registry's own limit.
    fn validators() -> Vec<Account>;
    /// Of the active validators those that registered before `height`: who comes when a seed is known is not drawn by it.
    fn validators_before(height: Height) -> Vec<Account>;
    /// Where `who` serves blobs and answers.
    fn endpoint(who: &Account) -> Option<Endpoint>;
    /// Whether `who` is an apprentice. That does not change while a shard of it is open.
    fn is_apprentice(who: &Account) -> bool {
        let _ = who;
        false
    }
    /// Notes that the bond of `who` grew by what it earned: an apprentice may be a worker from now on.
    fn bond_grew(who: &Account) {
        let _ = who;
    }
    /// Further shards that apprentices may take now: their share of all open shards is capped.
    fn apprentice_places() -> u32 {
        0
    }
}

/// Kinds of offences.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum OffenceKind {
    /// A committed result was convicted by the referee.
    #[codec(index = 0)]
    WrongResult,
    /// An auditor confirmed a result that was convicted.
    #[codec(index = 1)]
    WrongAudit,
    /// Silence where an opening, a reveal or a dispute move was owed.
    #[codec(index = 2)]
    Withheld,
    /// A shard was not started or committed in time: no stake is taken.
    #[codec(index = 3)]
    Late,
    /// A dispute that its challenger lost, or a sealed audit that was never revealed.
    #[codec(index = 4)]
    FalseAlarm,
    /// A drawn validator did not audit.
    #[codec(index = 5)]
    AuditNoShow,
    /// Two blocks in one slot, or two votes in one round.
    #[codec(index = 6)]
    Equivocation,
    /// No block in a session in which many were expected.
    #[codec(index = 7)]
    Idleness,
}

/// An offence, with what the slash is computed from.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Offence {
    /// What was done.
    pub kind: OffenceKind,
    /// Who did it.
    pub offender: Account,
    /// On which shard.
    pub shard: ShardId,
    /// What of the offender's bond is locked for this obligation: the most that can be taken.
    pub locked: Balance,
    /// Who showed it, if an account did.
    pub reporter: Option<Account>,
    /// The requester, and the price already paid to the offender for this shard: restitution goes there first.
    pub restitution: Option<(Account, Balance)>,
    /// Hash of the evidence (of the convicting call's arguments and what they refer to), or zero for silence.
    pub evidence: [u8; 32],
}

/// Turns offences into slashes. The whole of `offence.locked` is slashed or released, exactly once: when the slash is carried out
/// or cancelled, which may be much later.
pub trait Offences {
    /// Reports an offence; returns what it costs unless it is cancelled.
    fn report(offence: Offence) -> Balance;
    /// As [`report`](Self::report), of a worker whose result was convicted and may have been planted.
    fn report_result(offence: Offence, _result: ConvictedResult) -> Balance {
        Self::report(offence)
    }
}

/// What becomes of results, as the keeper of planted errors asks.
pub trait Results {
    /// Whether it is certain that this result is never paid and that its worker can no more be convicted of it: the shard was issued
    /// again or dropped, or its worker has committed to another root.
    fn is_void(result: &PlantedResult) -> bool;
}

/// Turns offences against consensus into slashes, by the same process as [`Offences`].
pub trait ConsensusOffences {
    /// Reports an offence that costs `share_ppm` of the offender's stake (parts per million), unless it is cancelled.
    fn report(offence: ConsensusOffence, share_ppm: u32) -> OffenceId;
    /// Makes an offence graver whose slash is not carried out yet: there are `offenders` now, and it costs `by_ppm` more. False, and
    /// nothing has changed, where its slash is over.
    fn raise(offence: OffenceId, offenders: u32, by_ppm: u32) -> bool;
}

/// What a share of a stake came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StakeSlash {
    /// What was taken of the bond and of what of it is unbonding.
    pub own: Balance,
    /// What of the locked bond will be taken when it is released.
    pub owed: Balance,
    /// What was taken of what backs the account, and burned.
    pub backing: Balance,
    /// What of `own` the reporter got; the rest was burned.
    pub reward: Balance,
}

/// Stakes as they answer for offences against consensus: bonds, what of them is unbonding, and what backs them.
pub trait Stakes {
    /// The bond of `who` and what of it is unbonding, without what it owes already.
    fn at_stake(who: &Account) -> Balance;
    /// Takes `share_ppm` (parts per million) of that, and of all that backs `who`.
    fn slash_share(who: &Account, share_ppm: u32, reporter: Option<&Account>) -> StakeSlash;
}

/// The money of an accepted shard.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Settlement {
    /// The shard.
    pub shard: ShardId,
    /// Who ran it.
    pub worker: Account,
    /// What the worker earns: its ask times the work.
    pub price: Balance,
    /// What the auditors share.
    pub audit_fee: Balance,
    /// The protocol fee, to be split and burned.
    pub protocol_fee: Balance,
    /// Its work in MACs, for which the price is.
    pub macs: u64,
}

/// Credits for accepted work. The caller has already moved `price + audit_fee + protocol_fee` to [`Rewards::pot`].
pub trait Rewards {
    /// The account that holds what is credited and not yet claimed.
    fn pot() -> Account;
    /// Credits the worker and the auditors and splits and burns the fee.
    fn settle(settlement: &Settlement, auditors: &[Account]);
    /// Credits the worker of a result that nobody can audit, and in equal parts those auditors who had sealed an answer, without
    /// any contribution to what is emitted, and burns the whole protocol fee. The caller has moved the three to [`Rewards::pot`].
    fn compensate(settlement: &Settlement, auditors: &[Account]);
    /// Share of the price that is the protocol fee, in parts per million.
    fn protocol_fee_ppm() -> u32;
    /// Share of the price that pays each auditor, in parts per million, given the share of the work that it re-runs.
    fn audit_fee_ppm(audited_ppm: u32) -> u32;
}

/// A move that an account owes the protocol, as a transaction that makes it is judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duty {
    /// What the transaction is about, each as bytes that no other move of the account has: while a transaction about one of
    /// them waits, no second one is taken.
    pub subjects: Vec<Vec<u8>>,
    /// Last height at which the move is in time.
    pub by: Height,
}

/// What accounts owe, by the runtime's calls.
pub trait Duties<Call> {
    /// How many moves a call makes: zero for a kind of call that nobody ever owes.
    fn moves(call: &Call) -> u32;
    /// The duty that `who` would fulfil with this call in this block; none when it does not owe it. Cheap: it is asked
    /// before anything is paid.
    fn owed(who: &Account, call: &Call) -> Option<Duty>;
    /// For a call that another account makes by its proxy: that account, and what it does. One level: a proxy's proxy is none. Looks
    /// at the call alone.
    fn proxied(_call: &Call) -> Option<(Account, &Call)> {
        None
    }
    /// Whether `signer` may have the account that [`proxied`](Self::proxied) names make that call now. Cheap: one item of storage.
    fn may_act(_signer: &Account, _call: &Call) -> bool {
        false
    }
}

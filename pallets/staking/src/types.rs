// SPDX-License-Identifier: Apache-2.0
//! What the pallet stores, and the arithmetic of shares.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use quern_primitives::{offence::OffenceId, Balance, Height, QRN};
use scale_info::TypeInfo;
use sp_runtime::{helpers_128bit::multiply_by_rational_with_rounding, AccountId32, Perbill, Rounding};

/// Most amounts that unbond at a time for one account, or for one nomination: bounds the ledger (below 420 bytes) and a
/// withdrawal.
pub const MAX_UNBONDING: u32 = 16;
/// Most candidates in the order. One value of at most 24 KiB holds it, which is read and written when a score changes; the
/// candidate with the lowest score makes room for a better one.
pub const MAX_CANDIDATES: u32 = 512;
/// Eras from the announcement of a higher commission to the first of which it is kept: at least one whole era, so that those
/// who back the candidate can leave before.
pub const COMMISSION_NOTICE_ERAS: u32 = 2;
/// One, in parts per million.
pub const ONE_PPM: u32 = 1_000_000;
/// Most of a slash that its reporter can get: self-accusation must not launder stake.
pub const MAX_REPORTER_PPM: u32 = 200_000;
/// Shares that a pool may have for one unit of value. A pool that a slash leaves with less is wiped out, so that shares
/// never overflow: total issuance is below 2^70, times a million below 2^90.
const MAX_SHARES_PER_UNIT: Balance = 1_000_000;

/// An amount that is unbonding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct UnbondingChunk {
    /// The amount; in a nomination the shares.
    pub amount: Balance,
    /// First height at which it can be withdrawn.
    pub release_at: Height,
}

/// What is unbonding, by height.
pub type Unbonding = BoundedVec<UnbondingChunk, ConstU32<MAX_UNBONDING>>;

/// Sum of what is unbonding.
pub(crate) fn total(unbonding: &[UnbondingChunk]) -> Balance {
    unbonding.iter().fold(0, |sum: Balance, chunk| sum.saturating_add(chunk.amount))
}

/// Adds to what is unbonding, joining what one block adds; false when there are too many.
pub(crate) fn push(unbonding: &mut Unbonding, amount: Balance, release_at: Height) -> bool {
    match unbonding.last_mut().filter(|last| last.release_at == release_at) {
        Some(last) => last.amount = last.amount.saturating_add(amount),
        None => return unbonding.try_push(UnbondingChunk { amount, release_at }).is_ok(),
    }
    true
}

/// Takes out what has matured; returns its sum.
pub(crate) fn take_matured(unbonding: &mut Unbonding, now: Height) -> Balance {
    let before = total(unbonding);
    unbonding.retain(|chunk| chunk.release_at > now);
    before.saturating_sub(total(unbonding))
}

/// The bond of one account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Ledger {
    /// The bond, locked or not.
    pub bonded: Balance,
    /// What of the bond answers for open obligations.
    pub locked: Balance,
    /// What of the locked bond a consensus offence has already cost: it is taken as soon as it is released.
    pub owed: Balance,
    /// What is unbonding, by height.
    pub unbonding: Unbonding,
    /// Height at which the bond last grew.
    pub grown_at: Height,
    /// What of the bond was there before it began to grow: see [`Ledger::grow`].
    pub aged: Balance,
}

impl Ledger {
    /// Adds to the bond at height `now`. Growths of the last `memory_blocks` count as one that began with the first and came with
    /// the last of them, so that two numbers suffice and nobody's bond counts too soon.
    pub(crate) fn grow(&mut self, amount: Balance, now: Height, memory_blocks: Height) {
        let is_pending = self.grown_at.saturating_add(memory_blocks) >= now;
        // Where nothing was ever bonded nothing is old.
        self.aged = if is_pending { self.aged.min(self.bonded) } else { self.bonded };
        self.grown_at = now;
        self.bonded = self.bonded.saturating_add(amount);
    }

    /// What of the bond was there before `height` and is still; none where `height` is longer ago than `memory_blocks`.
    pub fn bonded_before(&self, height: Height, now: Height, memory_blocks: Height) -> Balance {
        if self.grown_at < height {
            return self.bonded;
        }
        if height.saturating_add(memory_blocks) < now {
            return 0;
        }
        self.aged.min(self.bonded)
    }

    /// Bond that is not locked.
    pub fn free(&self) -> Balance {
        self.bonded.saturating_sub(self.locked)
    }

    /// The bond as an election sees it: what is owed is as good as taken.
    pub fn own(&self) -> Balance {
        self.bonded.saturating_sub(self.owed)
    }

    /// All that is unbonding.
    pub fn unbonding_total(&self) -> Balance {
        total(&self.unbonding)
    }

    /// All that must be on hold.
    pub fn held(&self) -> Balance {
        self.bonded.saturating_add(self.unbonding_total())
    }

    /// What answers for offences against consensus: what is owed is as good as taken.
    pub(crate) fn at_stake(&self) -> Balance {
        self.held().saturating_sub(self.owed)
    }

    /// Takes up to `due` out of the free bond and then out of what is unbonding, last come first; what is missing is owed by
    /// what is locked. Returns what was taken.
    pub(crate) fn seize(&mut self, due: Balance) -> Balance {
        let mut left = due;
        let free = left.min(self.free());
        self.bonded = self.bonded.saturating_sub(free);
        left = left.saturating_sub(free);
        for chunk in self.unbonding.iter_mut().rev() {
            let part = left.min(chunk.amount);
            chunk.amount = chunk.amount.saturating_sub(part);
            left = left.saturating_sub(part);
        }
        self.unbonding.retain(|chunk| chunk.amount > 0);
        self.owed = self.owed.saturating_add(left).min(self.locked);
        due.saturating_sub(left)
    }
}

/// What backs one candidate, in shares. A slash or a reward changes the value of every share at once, so neither walks the
/// nominations.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Pool {
    /// What all shares are worth.
    pub value: Balance,
    /// All shares, unbonding ones too.
    pub shares: Balance,
    /// Shares that are unbonding: they answer for the candidate until they are withdrawn, and no longer elect it.
    pub unbonding: Balance,
    /// Which pool of the chain's it is. Shares of an earlier one are worth nothing.
    pub generation: u64,
}

impl Pool {
    /// What `shares` are worth, rounded down: against who takes out.
    pub fn value_of(&self, shares: Balance) -> Balance {
        multiply_by_rational_with_rounding(shares, self.value, self.shares, Rounding::Down).unwrap_or(0)
    }

    /// The shares that `amount` buys, rounded down: against who puts in. `None` where they cannot be counted.
    pub fn shares_for(&self, amount: Balance) -> Option<Balance> {
        if self.shares == 0 || self.value == 0 {
            return Some(amount);
        }
        multiply_by_rational_with_rounding(amount, self.shares, self.value, Rounding::Down)
    }

    /// The least shares that are worth `amount`, at most `most`.
    pub fn shares_worth(&self, amount: Balance, most: Balance) -> Balance {
        multiply_by_rational_with_rounding(amount, self.shares, self.value, Rounding::Up).map_or(most, |s| s.min(most))
    }

    /// What of the value counts in an election: all but what is unbonding.
    pub fn active(&self) -> Balance {
        self.value_of(self.shares.saturating_sub(self.unbonding))
    }

    /// Takes a share of the value, rounded up; returns what was taken. Where almost nothing would be left, all of it is, and
    /// the pool starts again as `next_generation`.
    pub(crate) fn slash(&mut self, fraction: Perbill, next_generation: u64) -> Balance {
        let before = self.value;
        self.value = before.saturating_sub(fraction.mul_ceil(before));
        if self.value.saturating_mul(MAX_SHARES_PER_UNIT) < self.shares {
            *self = Self { generation: next_generation, ..Default::default() };
        }
        before.saturating_sub(self.value)
    }

    /// Removes shares that were unbonding and returns their value. The last one takes what rounding left.
    pub(crate) fn redeem(&mut self, shares: Balance) -> Balance {
        let value = self.value_of(shares);
        self.value = self.value.saturating_sub(value);
        self.shares = self.shares.saturating_sub(shares);
        self.unbonding = self.unbonding.saturating_sub(shares);
        value
    }
}

/// `whole x part / of`, rounded down; all of it where the part is all.
fn portion(whole: Balance, part: Balance, of: Balance) -> Balance {
    multiply_by_rational_with_rounding(whole, part.min(of), of, Rounding::Down).unwrap_or(0)
}

/// What came to back a candidate in one era. It earns from the next era on, and becomes a part of the candidate's pool when
/// everything is claimed of that era and of those before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Young {
    /// The era.
    pub era: u32,
    /// Its value and shares.
    pub pool: Pool,
}

/// Shares of a young pool that became a part of its candidate's pool: what is left of them to be exchanged, when whoever has them
/// does something next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Merge {
    /// The generation of the pool that it became a part of.
    pub into: u64,
    /// Young shares that elect.
    pub active: Balance,
    /// Shares that they are exchanged for.
    pub for_active: Balance,
    /// Young shares that are unbonding.
    pub unbonding: Balance,
    /// Shares that those are exchanged for.
    pub for_unbonding: Balance,
}

impl Merge {
    /// A young pool that becomes a part of another one: shares for its value at the other's price, rounded down. `None` where they
    /// cannot be counted.
    pub(crate) fn of(young: &Pool, into: &Pool) -> Option<Self> {
        let shares = into.shares_for(young.value)?;
        let for_unbonding = portion(shares, young.unbonding, young.shares);
        Some(Self {
            into: into.generation,
            active: young.shares.saturating_sub(young.unbonding),
            for_active: shares.saturating_sub(for_unbonding),
            unbonding: young.unbonding,
            for_unbonding,
        })
    }

    /// All shares that are still to be had.
    pub fn shares(&self) -> Balance {
        self.for_active.saturating_add(self.for_unbonding)
    }

    /// Whether nobody has anything to exchange any more.
    pub(crate) fn is_over(&self) -> bool {
        self.active == 0 && self.unbonding == 0
    }

    /// Exchanges young shares that elect, rounded down; the last ones get the rest.
    pub(crate) fn take_active(&mut self, young: Balance) -> Balance {
        let shares = portion(self.for_active, young, self.active);
        self.active = self.active.saturating_sub(young);
        self.for_active = self.for_active.saturating_sub(shares);
        shares
    }

    /// The same for shares that are unbonding.
    pub(crate) fn take_unbonding(&mut self, young: Balance) -> Balance {
        let shares = portion(self.for_unbonding, young, self.unbonding);
        self.unbonding = self.unbonding.saturating_sub(young);
        self.for_unbonding = self.for_unbonding.saturating_sub(shares);
        shares
    }
}

/// A commission that is higher than the one before, from an era on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Raise {
    /// The first era whose rewards it is kept of.
    pub from_era: u32,
    /// The commission, in parts per million.
    pub commission_ppm: u32,
}

/// What a candidate keeps of the rewards before they are shared, by era: a raise never reaches an era that began before it was
/// announced, whenever its reward is claimed.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Commission {
    /// The commission of eras before all raises, in parts per million.
    pub base_ppm: u32,
    /// Raises, by era. Of two at most the second has not begun.
    pub raises: [Option<Raise>; 2],
}

impl Commission {
    /// The same in every era.
    pub fn new(base_ppm: u32) -> Self {
        Self { base_ppm, raises: [None; 2] }
    }

    /// The commission of an era, in parts per million.
    pub fn of_era(&self, era: u32) -> u32 {
        let mut begun = self.raises.iter().flatten().filter(|raise| raise.from_era <= era);
        begun.next_back().map_or(self.base_ppm, |raise| raise.commission_ppm)
    }

    /// The raise that was announced and has not begun in `era`.
    pub fn announced(&self, era: u32) -> Option<Raise> {
        self.raises.into_iter().flatten().find(|raise| raise.from_era > era)
    }

    /// The commission after its candidate has set it to `ppm` in `era`. Less than now counts at once, for earlier eras that
    /// were not claimed too: that is to the good of those who back it. More counts [`COMMISSION_NOTICE_ERAS`] later. What was
    /// announced and has not begun is forgotten. Where two raises have begun, the eras of the first count with those before
    /// it: against the candidate.
    pub fn set(self, ppm: u32, era: u32) -> Self {
        let begun = self.raises.map(|raise| raise.filter(|raise| raise.from_era <= era));
        if ppm <= self.of_era(era) {
            let lower = |raise: Raise| Raise { commission_ppm: raise.commission_ppm.min(ppm), ..raise };
            return Self { base_ppm: self.base_ppm.min(ppm), raises: begun.map(|raise| raise.map(lower)) };
        }
        let raise = Raise { from_era: era.saturating_add(COMMISSION_NOTICE_ERAS), commission_ppm: ppm };
        let [first, second] = begun;
        Self { raises: [second.or(first), Some(raise)], ..self }
    }
}

/// Who offers to author and finalise blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Candidate {
    /// What it keeps of the rewards before they are shared.
    pub commission: Commission,
    /// The score under which it stands in the order; none while it is chilled.
    pub listed: Option<Balance>,
    /// What others back it with, but for what is young.
    pub pool: Pool,
    /// What came to back it lately.
    pub young: Option<Young>,
}

impl Candidate {
    /// The pool of what came lately, empty where nothing did.
    fn young_pool(&self) -> Pool {
        self.young.map_or_else(Pool::default, |young| young.pool)
    }

    /// All that backs it, unbonding and young.
    pub fn backing(&self) -> Balance {
        self.pool.value.saturating_add(self.young_pool().value)
    }

    /// What of that counts in an election: all but what is unbonding.
    pub fn active(&self) -> Balance {
        self.pool.active().saturating_add(self.young_pool().active())
    }

    /// What shares in the rewards of an era: what backed the candidate before it, and of that what came lately.
    pub(crate) fn earning(&self, era: u32) -> (Balance, Balance) {
        let young = self.young.filter(|young| young.era < era).map_or(0, |young| young.pool.value);
        (self.pool.value.saturating_add(young), young)
    }

    /// Whether anybody backs it.
    pub(crate) fn is_backed(&self) -> bool {
        self.pool.shares > 0 || self.young.is_some()
    }
}

/// What one account has of one pool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Holding {
    /// The pool's generation in which the shares were bought.
    pub generation: u64,
    /// Shares that elect.
    pub shares: Balance,
    /// Shares that are unbonding.
    pub unbonding: Unbonding,
}

impl Holding {
    /// Nothing of a pool.
    fn nothing(generation: u64) -> Self {
        Self { generation, ..Default::default() }
    }

    /// All shares.
    pub fn total(&self) -> Balance {
        self.shares.saturating_add(total(&self.unbonding))
    }
}

/// What one account backs one candidate with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Nomination {
    /// Of the candidate's pool.
    pub old: Holding,
    /// Of a young pool, which may have become a part of that since. Together they have no more than [`MAX_UNBONDING`] amounts that
    /// unbond.
    pub young: Option<Holding>,
}

impl Nomination {
    /// Whether nothing is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.old.total() == 0 && self.young.as_ref().is_none_or(|young| young.total() == 0)
    }

    /// Forgets shares of pools that are gone, and exchanges those of a young pool that became a part of the candidate's: `merge` is
    /// what is left of it to be exchanged. Says whether it did.
    pub(crate) fn exchange(&mut self, candidate: &Candidate, merge: Option<&mut Merge>) -> bool {
        if self.old.generation != candidate.pool.generation {
            self.old = Holding::nothing(candidate.pool.generation);
        }
        let live = candidate.young.map(|young| young.pool.generation);
        let Some(young) = self.young.take_if(|young| Some(young.generation) != live) else { return false };
        let Some(merge) = merge else { return false };
        let is_worth = merge.into == self.old.generation;
        let shares = merge.take_active(young.shares);
        if is_worth {
            self.old.shares = self.old.shares.saturating_add(shares);
        }
        let mut chunks = core::mem::take(&mut self.old.unbonding).into_inner();
        for chunk in young.unbonding {
            let amount = merge.take_unbonding(chunk.amount);
            if is_worth && amount > 0 {
                chunks.push(UnbondingChunk { amount, ..chunk });
            }
        }
        chunks.sort_by_key(|chunk| chunk.release_at);
        // There is room: both together never have more.
        self.old.unbonding = BoundedVec::truncate_from(chunks);
        true
    }

    /// Amounts that unbond.
    pub(crate) fn chunks(&self) -> usize {
        self.old.unbonding.len().saturating_add(self.young.as_ref().map_or(0, |young| young.unbonding.len()))
    }

    /// What of it elects and what unbonds are worth, given the pools as they are now.
    pub fn worth(&self, candidate: &Candidate) -> (Balance, Balance) {
        let of = |pool: &Pool, holding: &Holding| {
            let is_live = pool.generation == holding.generation;
            let value = |shares| if is_live { pool.value_of(shares) } else { 0 };
            (value(holding.shares), value(total(&holding.unbonding)))
        };
        let (active, unbonding) = of(&candidate.pool, &self.old);
        let young = self.young.as_ref().zip(candidate.young).map(|(holding, young)| of(&young.pool, holding));
        let (young_active, young_unbonding) = young.unwrap_or_default();
        (active.saturating_add(young_active), unbonding.saturating_add(young_unbonding))
    }
}

/// Why a candidate left the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum ChillReason {
    /// It asked for it.
    #[codec(index = 0)]
    Asked,
    /// Its bond fell below the minimum.
    #[codec(index = 1)]
    BelowMinimum,
    /// It equivocated or authored nothing.
    #[codec(index = 2)]
    Offence,
    /// The order was full and another has a better score.
    #[codec(index = 3)]
    Displaced,
}

/// The reports of a kind of offence against consensus at one moment: a slot, a set of voters or a session.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct ReportsOfMoment {
    /// The session of the moment; where a set votes in several, that of the first report.
    pub session: u32,
    /// The last session of which the same can still be shown: as long as that may be, it is known.
    pub last_session: u32,
    /// Who was reported.
    pub offenders: BoundedVec<AccountId32, ConstU32<MAX_CANDIDATES>>,
}

/// The gravest offence of a kind that an account committed in a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Noted {
    /// What it costs, as a share of the stake in parts per million.
    pub share_ppm: u32,
    /// The offence as it was reported to the pallet that slashes.
    pub offence: OffenceId,
}

/// What genesis decides about candidates, elections and consensus offences.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct ElectionParameters {
    /// Fewest validators of a set: with fewer candidates the set stays as it is.
    pub min_validators: u32,
    /// Most validators of a set.
    pub max_validators: u32,
    /// Most that a candidate is backed with, in multiples of its own bond: so that a large backing never hangs on a small bond.
    pub max_backing_ratio: u32,
    /// Least value of a nomination.
    pub minimum_nomination: Balance,
    /// Sessions for which an equivocation can be shown.
    pub evidence_sessions: u32,
    /// Share of a slash that the reporter gets, in parts per million.
    pub reporter_ppm: u32,
}

impl Default for ElectionParameters {
    fn default() -> Self {
        Self {
            min_validators: 1,
            max_validators: 128,
            max_backing_ratio: 10,
            minimum_nomination: QRN.saturating_mul(10),
            evidence_sessions: 12,
            reporter_ppm: 100_000,
        }
    }
}

impl ElectionParameters {
    /// What is unsound about the parameters, if anything is.
    pub fn unsound(&self) -> Option<&'static str> {
        let rules = [
            (self.min_validators > 0, "min_validators must be at least one"),
            (self.min_validators <= self.max_validators, "min_validators exceeds max_validators"),
            (self.max_validators <= MAX_CANDIDATES, "max_validators exceeds the places in the order of candidates"),
            (self.evidence_sessions > 0, "evidence_sessions must be at least one"),
            (self.minimum_nomination > 0, "minimum_nomination must be at least one"),
            (self.reporter_ppm <= MAX_REPORTER_PPM, "reporter_ppm exceeds 200,000"),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map(|(_, reason)| reason)
    }
}

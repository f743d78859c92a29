// SPDX-License-Identifier: Apache-2.0
//! Offences against consensus: equivocations, and validators that author nothing.
//!
//! A report chills its offender at once; the slash is carried out when its deferral has ended, unless it was cancelled.

use crate::{
    Candidates, ChillReason, Config, ElectionDue, Elections, Error, Event, HoldReason, Ledgers, NextSlash, Pallet,
    PendingSlash, PendingSlashes, Reported, WeightInfo,
};
use alloc::vec::Vec;
use core::marker::PhantomData;
use frame_support::{ensure, traits::Get, weights::Weight};
use quern_primitives::{Balance, Height};
use sp_runtime::{AccountId32, DispatchResult, Perbill, Permill, Saturating};
use sp_staking::{
    offence::{Kind, Offence, OffenceDetails, OnOffenceHandler},
    SessionIndex,
};

/// Slashes that a block carries out at most.
pub const SLASHES_PER_BLOCK: u32 = 4;
/// Most that idleness costs, whoever is idle with how many others.
const MOST_FOR_IDLENESS: Perbill = Perbill::from_percent(7);

/// How the session pallet names an offender: the account. Bonds and what backs them are looked up when they are slashed.
pub type Offender = (AccountId32, ());

/// Validators that authored nothing in a session in which they were expected to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdleOffence {
    session: SessionIndex,
    validators: u32,
    idle: Vec<AccountId32>,
}

impl IdleOffence {
    /// `idle` of the `validators` of a session authored nothing.
    pub fn new(session: SessionIndex, validators: u32, idle: Vec<AccountId32>) -> Self {
        Self { session, validators, idle }
    }
}

impl Offence<Offender> for IdleOffence {
    const ID: Kind = *b"quern:idle-autho";
    type Slot = SessionIndex;

    fn offenders(&self) -> Vec<Offender> {
        self.idle.iter().cloned().map(|who| (who, ())).collect()
    }

    fn session_index(&self) -> SessionIndex {
        self.session
    }

    fn validator_set_count(&self) -> u32 {
        self.validators
    }

    fn slot(&self) -> SessionIndex {
        self.session
    }

    /// Nothing while at most a tenth of the set, and one, are idle: a machine may fail. Beyond that
    /// `min(3 (k - threshold) / n, 1) * 7 %`, the formula of Substrate's im-online pallet.
    fn slash_fraction(&self, offenders: u32) -> Perbill {
        let threshold = self.validators.checked_div(10).unwrap_or(0).saturating_add(1);
        let beyond = offenders.saturating_sub(threshold).saturating_mul(3);
        Perbill::from_rational(beyond.min(self.validators), self.validators.max(1)).saturating_mul(MOST_FOR_IDLENESS)
    }
}

/// Sessions for which an equivocation can be shown: GRANDPA remembers as many sets.
pub struct EvidenceSessions<T>(PhantomData<T>);
impl<T: Config> Get<u64> for EvidenceSessions<T> {
    fn get() -> u64 {
        Elections::<T>::get().evidence_sessions.into()
    }
}

impl<T: Config> OnOffenceHandler<AccountId32, Offender, Weight> for Pallet<T> {
    fn on_offence(
        offenders: &[OffenceDetails<AccountId32, Offender>],
        fractions: &[Perbill],
        session: SessionIndex,
    ) -> Weight {
        for (details, fraction) in offenders.iter().zip(fractions) {
            Self::note_offence(&details.offender.0, *fraction, session, details.reporters.first().cloned());
        }
        T::WeightInfo::slash_stake().saturating_mul(offenders.len() as u64)
    }
}

impl<T: Config> Pallet<T> {
    /// Chills an offender and queues its slash. Of several offences in a session the gravest counts; when more offenders make
    /// one graver, the rest is queued.
    fn note_offence(who: &AccountId32, fraction: Perbill, session: SessionIndex, reporter: Option<AccountId32>) {
        let known = Reported::<T>::get(session, who);
        let more = Perbill::from_parts(fraction.deconstruct().saturating_sub(known.unwrap_or_default().deconstruct()));
        if known.is_none() {
            match Candidates::<T>::get(who).filter(|candidate| candidate.listed.is_some()) {
                Some(candidate) => Self::do_chill(who, candidate, ChillReason::Offence),
                // It may have left the order itself, and author until the next election.
                None => ElectionDue::<T>::put(true),
            }
        } else if more.is_zero() {
            return;
        }
        Reported::<T>::insert(session, who, known.unwrap_or_default().max(fraction));
        if more.is_zero() {
            return;
        }
        let id = NextSlash::<T>::mutate(|next| {
            let id = *next;
            *next = id.saturating_add(1);
            id
        });
        let due_at = Self::now().saturating_add(Elections::<T>::get().defer_blocks);
        let slash = PendingSlash { id, offender: who.clone(), fraction: more, session, reporter, due_at };
        Self::deposit_event(Event::SlashReported { id, offender: who.clone(), fraction: more, session, due_at });
        if PendingSlashes::<T>::try_append(&slash).is_err() {
            // No place to wait: better early than never.
            Self::slash_stake(&slash);
        }
    }

    /// Carries out the slashes that are due, a few a block; returns how many.
    pub(crate) fn slash_due(now: Height) -> u32 {
        if PendingSlashes::<T>::decode_len().unwrap_or(0) == 0 {
            return 0;
        }
        let mut waiting = PendingSlashes::<T>::get();
        let due = waiting.iter().take(SLASHES_PER_BLOCK as usize).take_while(|slash| slash.due_at <= now).count();
        if due == 0 {
            return 0;
        }
        let slashes: Vec<_> = waiting.drain(..due).collect();
        PendingSlashes::<T>::put(waiting);
        slashes.iter().for_each(Self::slash_stake);
        due as u32
    }

    pub(crate) fn do_cancel_slash(id: u32) -> DispatchResult {
        let mut waiting = PendingSlashes::<T>::get();
        let at = waiting.iter().position(|slash| slash.id == id);
        ensure!(at.is_some(), Error::<T>::NoSuchSlash);
        let cancelled = at.map(|at| waiting.remove(at));
        PendingSlashes::<T>::put(waiting);
        if let Some(slash) = cancelled {
            Self::deposit_event(Event::SlashCancelled { id, offender: slash.offender });
        }
        Ok(())
    }

    /// Takes a share of a stake: of the bond, of what of it is unbonding, and of all that backs it.
    ///
    /// Locked bond answers for the obligations that it was locked for. Where the rest does not suffice, what is missing is owed,
    /// and taken as soon as locked bond is released.
    fn slash_stake(slash: &PendingSlash) {
        let PendingSlash { offender, fraction, reporter, .. } = slash;
        let (mut own, mut owed, mut reward): (Balance, Balance, Balance) = (0, 0, 0);
        if let Some(mut ledger) = Ledgers::<T>::get(offender) {
            let before = ledger.owed;
            // Up, against the offender; what it owes already is as good as taken.
            own = ledger.seize(fraction.mul_ceil(ledger.held().saturating_sub(before)));
            owed = ledger.owed.saturating_sub(before);
            let reporter = reporter.as_ref().filter(|reporter| *reporter != offender);
            if let Some(reporter) = reporter {
                // Down, against the reporter.
                let share = Permill::from_parts(Elections::<T>::get().reporter_ppm).mul_floor(own);
                reward = Self::pay_from_hold(HoldReason::Bond, offender, reporter, share);
            }
            Self::burn_from_hold(HoldReason::Bond, offender, own.saturating_sub(reward));
            Self::store(offender, ledger);
            Self::sync(offender);
        }
        let backing = Self::take_backing(offender, *fraction);
        Self::deposit_event(Event::StakeSlashed {
            who: offender.clone(),
            fraction: *fraction,
            own,
            owed,
            backing,
            reporter: reporter.clone(),
            reward,
        });
    }
}

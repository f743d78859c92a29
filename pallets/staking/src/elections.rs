// SPDX-License-Identifier: Apache-2.0
//! The order of candidates, elections, and who authored what.

use crate::{
    Authored, Candidate, Candidates, ChillReason, Commission, Config, ElectedEra, ElectionDue, Elections, Error, Event,
    IdleOffence, Ledger, Ledgers, MinimumBond, Order, Pallet, Pool, Raise, Reported, SessionBlocks, ShownFrom,
    MAX_CANDIDATES, ONE_PPM,
};
use alloc::vec::Vec;
use core::cmp::Reverse;
use frame_support::{
    ensure,
    traits::{Contains, Get},
};
use quern_primitives::{offence::MIN_EXPECTED_BLOCKS, Balance};
use sp_runtime::{AccountId32, DispatchError, DispatchResult};

/// Where in the order a score of `who` is, or belongs.
fn place(order: &[(Balance, AccountId32)], score: Balance, who: &AccountId32) -> Result<usize, usize> {
    order.binary_search_by(|(other, account)| (Reverse(*other), account).cmp(&(Reverse(score), who)))
}

impl<T: Config> Pallet<T> {
    /// What elects a candidate: its own bond, and what backs it (without what unbonds) as far as the bond allows.
    pub fn score(ledger: &Ledger, backing: Balance) -> Balance {
        let most = ledger.own().saturating_mul(Elections::<T>::get().max_backing_ratio.into());
        ledger.own().saturating_add(backing.min(most))
    }

    /// A candidate that is not chilled.
    pub(crate) fn listed(who: &AccountId32) -> Result<Candidate, DispatchError> {
        let candidate = Candidates::<T>::get(who).filter(|candidate| candidate.listed.is_some());
        Ok(candidate.ok_or(Error::<T>::NotACandidate)?)
    }

    pub(crate) fn do_validate(who: &AccountId32, commission_ppm: u32) -> DispatchResult {
        ensure!(commission_ppm <= ONE_PPM, Error::<T>::CommissionTooHigh);
        let ledger = Ledgers::<T>::get(who).unwrap_or_default();
        ensure!(ledger.own() >= MinimumBond::<T>::get(), Error::<T>::BelowMinimum);
        let known = Candidates::<T>::get(who);
        let (pool, young) = (known.map(|candidate| candidate.pool), known.and_then(|candidate| candidate.young));
        let score = Self::score(&ledger, known.map_or(0, |candidate| candidate.active()));
        let mut displaced = None;
        if known.is_none_or(|candidate| candidate.listed.is_none()) {
            displaced = Order::<T>::try_mutate(|order| -> Result<_, DispatchError> {
                let at = place(order, score, who).unwrap_or_else(|at| at);
                ensure!(at < MAX_CANDIDATES as usize, Error::<T>::OrderFull);
                let displaced = if order.is_full() { order.pop() } else { None };
                order.try_insert(at, (score, who.clone())).map_err(|_| Error::<T>::OrderFull)?;
                Ok(displaced)
            })?;
        }
        let era = T::Era::get();
        let commission = match known.filter(Candidate::is_backed) {
            Some(candidate) => candidate.commission.set(commission_ppm, era),
            // Nobody is there whom it could harm.
            None => Commission::new(commission_ppm),
        };
        let pool = pool.unwrap_or_else(|| Pool { generation: Self::next_generation(), ..Default::default() });
        Candidates::<T>::insert(who, Candidate { commission, listed: Some(score), pool, young });
        if let Some((_, last)) = displaced {
            Self::unlisted(&last, ChillReason::Displaced);
        }
        Self::deposit_event(Event::CandidateListed { who: who.clone(), commission_ppm, score });
        if let Some(Raise { from_era, commission_ppm }) = commission.announced(era) {
            Self::deposit_event(Event::CommissionRaised { who: who.clone(), commission_ppm, from_era });
        }
        Ok(())
    }

    /// Takes a listed candidate out of the order.
    pub(crate) fn do_chill(who: &AccountId32, candidate: Candidate, reason: ChillReason) {
        if let Some(score) = candidate.listed {
            Order::<T>::mutate(|order| {
                if let Ok(at) = place(order, score, who) {
                    order.remove(at);
                }
            });
        }
        Self::unlisted(who, reason);
        // Whoever leaves on its own accord serves its era; for the others a successor is elected at once.
        if matches!(reason, ChillReason::BelowMinimum | ChillReason::Offence) {
            ElectionDue::<T>::put(true);
        }
    }

    /// Notes that a candidate is no longer in the order, and forgets it when nobody backs it.
    fn unlisted(who: &AccountId32, reason: ChillReason) {
        Candidates::<T>::mutate_exists(who, |entry| {
            let forgotten = entry.as_mut().is_none_or(|candidate| {
                candidate.listed = None;
                !candidate.is_backed()
            });
            if forgotten {
                *entry = None;
            }
        });
        Self::deposit_event(Event::Chilled { who: who.clone(), reason });
    }

    /// Brings the order up to date after a change of a bond or of what backs it.
    pub(crate) fn sync(who: &AccountId32) {
        let Some(mut candidate) = Candidates::<T>::get(who) else { return };
        let Some(before) = candidate.listed else {
            if !candidate.is_backed() {
                Candidates::<T>::remove(who);
            }
            return;
        };
        let ledger = Ledgers::<T>::get(who).unwrap_or_default();
        if ledger.own() < MinimumBond::<T>::get() {
            return Self::do_chill(who, candidate, ChillReason::BelowMinimum);
        }
        let score = Self::score(&ledger, candidate.active());
        if score == before {
            return;
        }
        Order::<T>::mutate(|order| {
            if let Ok(at) = place(order, before, who) {
                order.remove(at);
            }
            if let Err(at) = place(order, score, who) {
                // There is room: one was taken out.
                let _ = order.try_insert(at, (score, who.clone()));
            }
        });
        candidate.listed = Some(score);
        Candidates::<T>::insert(who, candidate);
    }

    /// The best candidates that have session keys, at most as many as a set may have; the lowest score among them.
    pub fn best_candidates() -> (Vec<AccountId32>, Balance) {
        let most = Elections::<T>::get().max_validators as usize;
        let mut lowest = 0;
        let able = Order::<T>::get().into_iter().filter(|(_, who)| T::SessionKeys::contains(who)).take(most);
        let elected = able.inspect(|(score, _)| lowest = *score).map(|(_, who)| who).collect();
        (elected, lowest)
    }

    /// Plans a session: in a new era, or after a candidate was chilled for what it did, elects its validators. `None` where the
    /// set stays as it is.
    pub fn plan_session() -> Option<Vec<AccountId32>> {
        let era = T::Era::get();
        if ElectedEra::<T>::get() == Some(era) && !ElectionDue::<T>::get() {
            return None;
        }
        let (elected, lowest_score) = Self::best_candidates();
        let (validators, minimum) = (elected.len() as u32, Elections::<T>::get().min_validators);
        if validators < minimum {
            Self::deposit_event(Event::ElectionFailed { era, candidates: validators, minimum });
            return None;
        }
        ElectedEra::<T>::put(era);
        ElectionDue::<T>::kill();
        Self::deposit_event(Event::Elected { era, validators, lowest_score });
        Some(elected)
    }

    /// Counts a block for its author.
    pub(crate) fn note_author(who: &AccountId32) {
        Authored::<T>::mutate(who, |blocks| *blocks = blocks.saturating_add(1));
        SessionBlocks::<T>::mutate(|blocks| *blocks = blocks.saturating_add(1));
    }

    /// Ends a session of these validators, of whom `disabled` (indices) were kept from authoring: forgets who authored what, and
    /// returns the offence of the others who authored nothing, where that cannot be chance.
    pub fn end_session(session: u32, validators: &[AccountId32], disabled: &[u32]) -> Option<IdleOffence> {
        let count = validators.len() as u32;
        let blocks = SessionBlocks::<T>::take();
        let idle =
            (0u32..).zip(validators).filter(|(index, who)| Authored::<T>::take(who) == 0 && !disabled.contains(index));
        let idle: Vec<_> = idle.map(|(_, who)| who.clone()).collect();
        let expected = blocks.checked_div(count).unwrap_or(0);
        (expected >= MIN_EXPECTED_BLOCKS && !idle.is_empty()).then(|| IdleOffence::new(session, count, idle))
    }

    /// Forgets the offences of a session that can no longer be shown; returns the first session that still can. The reports
    /// themselves are forgotten in the blocks that follow.
    pub fn start_session(session: u32) -> u32 {
        let first = session.saturating_sub(Elections::<T>::get().evidence_sessions);
        if let Some(gone) = first.checked_sub(1) {
            // No more than a set has members, for each of the two kinds.
            let _ = Reported::<T>::clear_prefix(gone, MAX_CANDIDATES.saturating_mul(2), None);
        }
        ShownFrom::<T>::put(first);
        first
    }
}

// SPDX-License-Identifier: Apache-2.0
//! Draws of validators that say whether they can fetch a shard's inputs, and what a claim costs that they refute.

use crate::{Config, Event, Pallet, Postponed, Resting, Totals, MAX_RESTING};
use alloc::vec::Vec;
use frame_support::{storage::with_storage_layer, traits::Get, BoundedVec};
use quern_primitives::{
    draw::seed,
    traits::{Collateral, Randomness},
    Account, Height,
};
use quern_protocol::{
    shard::{Event as ShardEvent, Probe, ProbeSeat},
    traits::{may_audit, Shards},
    Shard,
};
use sp_runtime::{AccountId32, DispatchError};

/// What a draw is made for, in its seed.
const PURPOSE: &[u8] = b"probe";

impl<T: Config> Pallet<T> {
    /// Draws validators for the vacant seats of a probe, locks their bonds and seats them; all or nothing.
    pub(crate) fn draw_probe(shard: &Shard, probe: &Probe, period: Height) -> Result<(), Postponed> {
        let seed_of_period = T::Randomness::seed(period).ok_or(Postponed::NoSeed)?;
        let bond = T::Params::get().audit_bond;
        let needed = probe.vacancies();
        let seed_of_draw = seed(PURPOSE, &seed_of_period, &shard.id);
        let pool = Self::runners(&seed_of_draw, period, bond, |validator| Self::may_probe(validator, shard))?;
        let auditors: Vec<Account> = pool.into_iter().map(|(who, _)| who).take(needed as usize).collect();
        if auditors.len() < needed as usize {
            return Err(Postponed::TooFewValidators { available: auditors.len() as u32, needed });
        }
        let seated = with_storage_layer(|| -> Result<(), DispatchError> {
            for auditor in &auditors {
                T::Collateral::lock(auditor, bond).map_err(|_| DispatchError::Other("the bond cannot be locked"))?;
            }
            let seats = auditors.iter().map(|auditor| ProbeSeat::new(*auditor, bond)).collect();
            T::Shards::apply(&shard.id, ShardEvent::Probe(seats))
                .map_err(|_| DispatchError::Other("the draw was refused"))
        });
        seated.map_err(|_| Postponed::Refused)?;
        Totals::<T>::mutate(|stats| stats.drawn = stats.drawn.saturating_add(1));
        Self::deposit_event(Event::ProbeDrawn {
            shard: shard.id,
            period,
            auditors: BoundedVec::truncate_from(auditors.into_iter().map(AccountId32::from).collect()),
            bond,
        });
        Ok(())
    }

    /// Whether a validator may be asked about the inputs of a shard: it has no part in what waits for the answer, and does not
    /// back whoever is paid by it.
    fn may_probe(validator: &Account, shard: &Shard) -> bool {
        let is_free = |worker: &Account| may_audit(validator, worker) && !T::Collateral::backs(validator, worker);
        !shard.is_biased(validator) && shard.deal().is_none_or(|deal| is_free(&deal.worker))
    }

    /// Has a validator rest whose claim of missing inputs was refuted: others are drawn for audits before it, for a while. It
    /// loses no stake, because that it was served cannot be proven either.
    pub(crate) fn rest(validator: &Account) {
        let now = Self::now();
        let until = now.saturating_add(T::Params::get().claim_rest_blocks);
        Resting::<T>::mutate(|resting| {
            resting.retain(|(who, until)| who != validator && *until > now);
            if resting.len() >= MAX_RESTING as usize {
                resting.remove(0);
            }
            // There is room: it was made.
            let _ = resting.try_push((*validator, until));
        });
        Self::deposit_event(Event::ClaimRefuted { auditor: (*validator).into(), until });
    }

    /// Validators that others are drawn before, for a claim that was refuted.
    pub(crate) fn resting() -> Vec<Account> {
        let now = Self::now();
        Resting::<T>::get().into_iter().filter(|(_, until)| *until > now).map(|(who, _)| who).collect()
    }
}

// SPDX-License-Identifier: Apache-2.0
//! Draws of segments and validators.
//!
//! A draw uses the seed of one whole period that began after the commitment. When it cannot be made then, it waits for the
//! seed of a period that has not begun: whoever waits for a seed that is known could choose who is drawn.
//!
//! Validators are drawn by what they were before the period began, in a race in which nobody moves the others: the last author
//! of a period, who knows its seed first, can have a validator of its own be passed over, and nothing else.

use crate::{Config, DrawCursor, Event, Pallet, PendingDrawCount, PendingDraws, Postponed, Totals};
use alloc::vec::Vec;
use frame_support::{storage::with_storage_layer, traits::Get, BoundedVec};
use quern_primitives::{
    draw::{draw_segments, race, seed, Draw},
    traits::{Collateral, Randomness, Registry},
    Account, Balance, Height, ShardId,
};
use quern_protocol::{
    shard::{Audit, Event as ShardEvent, Phase, Seat, MAX_AUDITORS, MAX_SAMPLES},
    traits::{may_audit, Shards},
    Shard,
};
use sp_runtime::{AccountId32, DispatchError, Perbill};

/// Periods without a waiting draw that are passed over in a block, beside the draws.
const EMPTY_PERIODS_PER_BLOCK: u32 = 2;
/// Of the eligible stake, the least share that those have who do not rest, for them to be drawn before the others. With a third
/// of all stake against a job, at most 37 % of those who are drawn then are against it.
const LEAST_RESTED_PERCENT: u32 = 90;
/// Of the validators' stake, the least share of those who can lock the bond of a draw, for it to be made: else whoever has the bonds of
/// the others locked, by shards that they are drawn for, would be left to be drawn for the next ones. With a third of all stake
/// against a job, at most half of those who are drawn then are against it.
const LEAST_ABLE_PERCENT: u32 = 66;

/// A validator in a draw, and its stake there.
type Runner = (Account, Balance);

impl<T: Config> Pallet<T> {
    /// Queues a draw from the seed of `period`.
    pub(crate) fn enqueue(shard: &ShardId, period: Height) {
        // No earlier period is looked at again.
        let period = period.max(DrawCursor::<T>::get());
        if !PendingDraws::<T>::contains_key(period, shard) {
            PendingDraws::<T>::insert(period, shard, ());
            PendingDrawCount::<T>::mutate(|count| *count = count.saturating_add(1));
        }
    }

    /// Draws what is due, oldest first. Returns how many draws were looked at and how many validators each had to weigh.
    pub(crate) fn draw_due(now: Height) -> (u32, u32) {
        let current = T::Randomness::period_of(now);
        let before = DrawCursor::<T>::get();
        let mut cursor = if PendingDrawCount::<T>::get() == 0 { current } else { before };
        let (mut draws, mut empty) = (0u32, 0u32);
        while cursor < current && draws < T::DrawsPerBlock::get() && empty < EMPTY_PERIODS_PER_BLOCK {
            match PendingDraws::<T>::iter_key_prefix(cursor).next() {
                Some(shard) => {
                    PendingDraws::<T>::remove(cursor, shard);
                    PendingDrawCount::<T>::mutate(|count| *count = count.saturating_sub(1));
                    draws = draws.saturating_add(1);
                    Self::draw_or_postpone(shard, cursor, current);
                }
                None => {
                    cursor = cursor.saturating_add(1);
                    empty = empty.saturating_add(1);
                }
            }
        }
        if cursor != before {
            DrawCursor::<T>::put(cursor);
        }
        let validators = if draws > 0 { T::Registry::validators().len() as u32 } else { 0 };
        (draws, validators)
    }

    fn draw_or_postpone(id: ShardId, period: Height, current: Height) {
        let Some(shard) = T::Shards::shard(&id) else {
            return;
        };
        // A shard that no longer waits, or waits for a later period, has an entry of its own or needs none.
        let (Phase::Committed { period: drawn_by, .. } | Phase::Doubted { period: drawn_by, .. }) = shard.phase else {
            return;
        };
        if current <= drawn_by {
            return;
        }
        let drawn = match shard.probe() {
            Some(probe) => Self::draw_probe(&shard, probe, period),
            None => Self::draw(&shard, period),
        };
        let Err(reason) = drawn else {
            return;
        };
        // A chain without randomness draws for nobody: only the lack of validators is waited for no longer than a while.
        let applied = (reason != Postponed::NoSeed).then(|| T::Shards::apply(&id, ShardEvent::Unseated));
        let waits = |shard: &Shard| matches!(shard.phase, Phase::Committed { .. } | Phase::Doubted { .. });
        if applied == Some(Ok(())) && !T::Shards::shard(&id).as_ref().is_some_and(waits) {
            return Self::deposit_event(Event::DrawGivenUp { shard: id, reason });
        }
        let period = current.saturating_add(1);
        Self::enqueue(&id, period);
        Self::deposit_event(Event::DrawPostponed { shard: id, period, reason });
    }

    /// Draws segments and validators for a shard, or where the sample stays validators for the vacant seats, locks their bonds
    /// and seats them; all or nothing.
    fn draw(shard: &Shard, period: Height) -> Result<(), Postponed> {
        let seed_of_period = T::Randomness::seed(period).ok_or(Postponed::NoSeed)?;
        let worker = shard.deal().map(|deal| deal.worker).ok_or(Postponed::Refused)?;
        let plan = T::Shards::audit_plan(&shard.id).ok_or(Postponed::Refused)?;
        let bond = plan.bond;
        let seed_of_draw = seed(b"audit", &seed_of_period, &shard.id);
        let held = shard.audit();
        let sample = held.map(|audit| audit.sample.to_vec()).unwrap_or_else(|| {
            let samples = plan.samples.clamp(1, MAX_SAMPLES);
            draw_segments(&mut Draw::new(seed_of_draw), shard.tasks, &shard.work, samples)
        });
        let needed = held.map_or(plan.auditors.clamp(1, MAX_AUDITORS), Audit::vacancies);
        let auditors = Self::draw_validators(&seed_of_draw, period, &worker, bond, needed, held)?;
        let seated = with_storage_layer(|| -> Result<(), DispatchError> {
            for auditor in &auditors {
                T::Collateral::lock(auditor, bond).map_err(|_| DispatchError::Other("the bond cannot be locked"))?;
            }
            let liability = plan.liability.min(bond);
            let seats = auditors.iter().map(|auditor| Seat { liability, ..Seat::new(*auditor, bond) }).collect();
            let event = ShardEvent::Draw { sample: sample.clone(), seats };
            T::Shards::apply(&shard.id, event).map_err(|_| DispatchError::Other("the draw was refused"))
        });
        seated.map_err(|_| Postponed::Refused)?;
        Totals::<T>::mutate(|stats| stats.drawn = stats.drawn.saturating_add(1));
        Self::deposit_event(Event::Drawn {
            shard: shard.id,
            period,
            sample: BoundedVec::truncate_from(sample),
            auditors: BoundedVec::truncate_from(auditors.into_iter().map(AccountId32::from).collect()),
            bond,
        });
        Ok(())
    }

    /// `needed` distinct validators, weighted by stake, among those that may audit, do not back the worker, do not sit and can
    /// lock the bond; without those who have left a seat of this audit or rest, unless the others are too few.
    fn draw_validators(
        seed_of_draw: &[u8; 32],
        period: Height,
        worker: &Account,
        bond: Balance,
        needed: u32,
        held: Option<&Audit>,
    ) -> Result<Vec<Account>, Postponed> {
        // Few workers are backed at all: only then each validator is asked.
        let backed = T::Collateral::is_backed(worker);
        let backs = |validator: &Account| backed && T::Collateral::backs(validator, worker);
        let mut pool = Self::runners(seed_of_draw, period, bond, |validator| {
            may_audit(validator, worker) && !held.is_some_and(|audit| audit.has_seat(validator)) && !backs(validator)
        })?;
        // Who has left a seat of this audit is drawn where others are too few.
        if let Some(audit) = held {
            let others: Vec<_> = pool.iter().filter(|(who, _)| !audit.left.contains(who)).copied().collect();
            if others.len() >= needed as usize {
                pool = others;
            }
        }
        // So is who has made a claim lately that was refuted, but only while those make up little of the stake: a worker that
        // serves its friends alone can have honest validators rest, and must not choose its auditors by that.
        let resting = Self::resting();
        if !resting.is_empty() {
            let stake = |of: &[Runner]| of.iter().map(|(_, stake)| *stake).fold(0, Balance::saturating_add);
            let others: Vec<_> = pool.iter().filter(|(who, _)| !resting.contains(who)).copied().collect();
            let least = Perbill::from_percent(LEAST_RESTED_PERCENT).mul_ceil(stake(&pool));
            if others.len() >= needed as usize && stake(&others) >= least {
                pool = others;
            }
        }
        let drawn: Vec<Account> = pool.into_iter().map(|(who, _)| who).take(needed as usize).collect();
        if drawn.len() < needed as usize {
            let available = drawn.len() as u32;
            return Err(Postponed::TooFewValidators { available, needed });
        }
        Ok(drawn)
    }

    /// The validators that can lock the bond and that `may` be drawn, in the order of the draw, with their stakes: what of their bonds was
    /// there before the period began. A bond or a validator that came later does not count, and whoever leaves moves nobody else.
    pub(crate) fn runners(
        seed_of_draw: &[u8; 32],
        period: Height,
        bond: Balance,
        may: impl Fn(&Account) -> bool,
    ) -> Result<Vec<Runner>, Postponed> {
        let began = T::Randomness::first_height(period);
        let mut validators: Vec<Account> = T::Registry::validators_before(began);
        validators.sort_unstable();
        validators.dedup();
        let minimum = T::Collateral::minimum();
        let (mut all, mut able) = (0, 0);
        let mut runners: Vec<Runner> = Vec::new();
        for who in validators {
            let stake = T::Collateral::bonded_before(&who, began);
            if stake < minimum {
                continue;
            }
            all = Balance::saturating_add(all, stake);
            if T::Collateral::free_before(&who, began) < bond {
                continue;
            }
            able = Balance::saturating_add(able, stake);
            if may(&who) {
                runners.push((who, stake));
            }
        }
        if able < Perbill::from_percent(LEAST_ABLE_PERCENT).mul_ceil(all) {
            return Err(Postponed::BondsLocked { able, all });
        }
        Ok(race(seed_of_draw, &runners).into_iter().filter_map(|place| runners.get(place).copied()).collect())
    }
}

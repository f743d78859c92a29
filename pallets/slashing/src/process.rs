// SPDX-License-Identifier: Apache-2.0
//! The way from a report to the end of its slash.

use crate::{
    Agenda, AgendaCursor, Config, Deferred, DryRun, Error, Event, HoldReason, NextOffence, Pallet, Settings, Split,
    Times,
};
use alloc::vec::Vec;
use frame_support::traits::{
    fungible::{Inspect, MutateHold},
    tokens::Precision,
    Get,
};
use quern_primitives::{
    offence::{DeferredSlash, OffenceId, SlashStage},
    traits::{Collateral, Offence, OffenceKind, Offences},
    Account, Balance, Height,
};
use sp_runtime::{traits::UniqueSaturatedInto, AccountId32, DispatchError};

/// What became of a slash.
struct Parts {
    amount: Balance,
    restitution: Balance,
    reward: Balance,
}

impl<T: Config> Pallet<T> {
    /// The height of the current block.
    pub(crate) fn now() -> Height {
        frame_system::Pallet::<T>::block_number().unique_saturated_into()
    }

    pub(crate) fn slash(offence: OffenceId) -> Result<DeferredSlash, Error<T>> {
        Deferred::<T>::get(offence).ok_or(Error::NoSuchSlash)
    }

    /// Moves a slash to a later height.
    pub(crate) fn put_off(offence: OffenceId, slash: DeferredSlash, stage: SlashStage, due_at: Height) {
        Agenda::<T>::remove(slash.due_at, offence);
        Agenda::<T>::insert(due_at, offence, ());
        Deferred::<T>::insert(offence, DeferredSlash { stage, due_at, ..slash });
    }

    pub(crate) fn remove(offence: OffenceId, slash: &DeferredSlash) {
        Agenda::<T>::remove(slash.due_at, offence);
        Deferred::<T>::remove(offence);
    }

    /// Gives the bond of an appeal back; returns it.
    pub(crate) fn return_bond(offender: &AccountId32, stage: &SlashStage) -> Result<Balance, DispatchError> {
        match stage {
            SlashStage::Appealed { bond, .. } => {
                T::Currency::release(&HoldReason::Appeal.into(), offender, *bond, Precision::Exact)
            }
            SlashStage::Deferred | SlashStage::Delayed => Ok(0),
        }
    }

    /// Carries out what is due, in as many steps as a block allows: a slash is a step, and so is a height that has no more of
    /// them. Returns the number of slashes.
    pub(crate) fn carry_out_due(now: Height) -> u32 {
        let (first, mut carried_out) = (AgendaCursor::<T>::get(), 0u32);
        let mut at = first;
        for _ in 0..T::SlashesPerBlock::get() {
            if at > now {
                break;
            }
            let Some(offence) = Agenda::<T>::iter_key_prefix(at).next() else {
                at = at.saturating_add(1);
                continue;
            };
            Agenda::<T>::remove(at, offence);
            let Some(slash) = Deferred::<T>::take(offence) else { continue };
            let offender = AccountId32::from(slash.offence.offender);
            if let Ok(bond) = Self::return_bond(&offender, &slash.stage) {
                if matches!(slash.stage, SlashStage::Appealed { .. }) {
                    Self::deposit_event(Event::AppealLapsed { offence, offender, bond });
                }
            }
            Self::carry_out(offence, slash);
            carried_out = carried_out.saturating_add(1);
        }
        if at != first {
            AgendaCursor::<T>::put(at);
        }
        carried_out
    }

    /// Ends an offence: what it costs is taken and the rest of the lock released.
    pub(crate) fn carry_out(id: OffenceId, slash: DeferredSlash) {
        let dry_run = DryRun::<T>::get();
        let Parts { amount, restitution, reward } =
            if dry_run || slash.due == 0 { Parts { amount: 0, restitution: 0, reward: 0 } } else { Self::take(&slash) };
        let DeferredSlash { offence, share_ppm, due, .. } = slash;
        // Not less where less was taken than is due: then less was locked than the reporter said.
        let released = if dry_run { offence.locked } else { offence.locked.saturating_sub(due) };
        if released > 0 {
            T::Collateral::release(&offence.offender, released);
        }
        Self::deposit_event(Event::Slashed {
            offence: id,
            kind: offence.kind,
            offender: offence.offender.into(),
            shard: offence.shard,
            locked: offence.locked,
            share_ppm,
            due,
            amount,
            restitution,
            reporter: offence.reporter.map(Into::into),
            reporter_reward: reward,
            burned: amount.saturating_sub(restitution).saturating_sub(reward),
            evidence: offence.evidence,
            dry_run,
        });
    }

    /// Takes what is due, and tells what arrived where.
    fn take(slash: &DeferredSlash) -> Parts {
        let Split { restitution, reward } = Settings::<T>::get().split(slash);
        let to: Vec<(Account, Balance)> = restitution.into_iter().chain(reward).collect();
        let balance = |part: Option<(Account, Balance)>| {
            part.map_or(0, |(who, _)| T::Currency::total_balance(&AccountId32::from(who)))
        };
        let before = (balance(restitution), balance(reward));
        let offender = &slash.offence.offender;
        let amount = match slash.offence.kind {
            // Those who back a validator answer for its audits with it; a worker answers alone.
            OffenceKind::WrongAudit | OffenceKind::FalseAlarm | OffenceKind::AuditNoShow => {
                T::Collateral::slash_pro_rata(offender, slash.due, &to)
            }
            OffenceKind::WrongResult | OffenceKind::Withheld | OffenceKind::Late => {
                T::Collateral::slash(offender, slash.due, &to)
            }
        };
        let arrived = |part: Option<(Account, Balance)>, before: Balance| {
            balance(part).saturating_sub(before).min(part.map_or(0, |(_, part)| part))
        };
        let restituted = arrived(restitution, before.0);
        // Who is both gets both parts on one account.
        let one = restitution.zip(reward).is_some_and(|((requester, _), (reporter, _))| requester == reporter);
        let reward = if one {
            balance(reward).saturating_sub(before.1).saturating_sub(restituted)
        } else {
            arrived(reward, before.1)
        };
        Parts { amount, restitution: restituted, reward }
    }
}

impl<T: Config> Offences for Pallet<T> {
    fn report(offence: Offence) -> Balance {
        let (shares, now) = (Settings::<T>::get(), Self::now());
        let due = shares.due(&offence);
        // What costs nothing, or would, is over at once.
        let over = due == 0 || DryRun::<T>::get();
        let due_at = if over { now } else { now.saturating_add(Times::<T>::get().defer_blocks) };
        let has_evidence = offence.evidence != [0; 32];
        let extrinsic = has_evidence.then(frame_system::Pallet::<T>::extrinsic_index).flatten();
        let id = NextOffence::<T>::get();
        NextOffence::<T>::put(id.saturating_add(1));
        Self::deposit_event(Event::Reported {
            offence: id,
            kind: offence.kind,
            offender: offence.offender.into(),
            shard: offence.shard,
            locked: offence.locked,
            due,
            reporter: offence.reporter.map(Into::into),
            evidence: offence.evidence,
            extrinsic,
            due_at,
        });
        let share_ppm = shares.of(offence.kind);
        let stage = SlashStage::Deferred;
        let slash = DeferredSlash { offence, share_ppm, due, reported_at: now, extrinsic, stage, due_at };
        if over {
            Self::carry_out(id, slash);
        } else {
            Agenda::<T>::insert(due_at, id, ());
            Deferred::<T>::insert(id, slash);
        }
        due
    }
}

// SPDX-License-Identifier: Apache-2.0
//! The way from a report to the end of its slash.

use crate::{
    Agenda, AgendaCursor, Config, Deferred, DryRun, Error, Event, HoldReason, NextOffence, Pallet, Settings, Split,
    Times, ONE_PPM, STEPS_OF_A_STAKE,
};
use alloc::vec::Vec;
use frame_support::traits::{
    fungible::{Inspect, MutateHold},
    tokens::Precision,
    Get,
};
use quern_primitives::{
    offence::{AnyOffence, ConsensusOffence, DeferredSlash, OffenceId, SlashStage},
    plant::ConvictedResult,
    traits::{Collateral, ConsensusOffences, Offence, OffenceKind, Offences, StakeSlash, Stakes},
    Account, Balance, Height,
};
use sp_runtime::{traits::UniqueSaturatedInto, AccountId32, DispatchError, Permill};

/// Slashes that a block carried out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct CarriedOut {
    /// For offences on shards.
    pub work: u32,
    /// For offences against consensus.
    pub stakes: u32,
}

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

    /// Carries out what is due, in as many steps as a block allows: a slash is a step, one of a whole stake several, and a height
    /// that has no more of them is one. Returns the numbers of slashes.
    pub(crate) fn carry_out_due(now: Height) -> CarriedOut {
        let (first, mut carried_out) = (AgendaCursor::<T>::get(), CarriedOut::default());
        let (mut at, mut steps) = (first, T::SlashesPerBlock::get());
        while steps > 0 && at <= now {
            steps = steps.saturating_sub(1);
            let Some(offence) = Agenda::<T>::iter_key_prefix(at).next() else {
                at = at.saturating_add(1);
                continue;
            };
            Agenda::<T>::remove(at, offence);
            let Some(slash) = Deferred::<T>::take(offence) else { continue };
            let offender = AccountId32::from(*slash.offence.offender());
            if let Ok(bond) = Self::return_bond(&offender, &slash.stage) {
                if matches!(slash.stage, SlashStage::Appealed { .. }) {
                    Self::deposit_event(Event::AppealLapsed { offence, offender, bond });
                }
            }
            match slash.offence {
                AnyOffence::Work(_) => carried_out.work = carried_out.work.saturating_add(1),
                AnyOffence::Consensus(_) => {
                    carried_out.stakes = carried_out.stakes.saturating_add(1);
                    steps = steps.saturating_sub(STEPS_OF_A_STAKE.saturating_sub(1));
                }
            }
            Self::carry_out(offence, slash);
        }
        if at != first {
            AgendaCursor::<T>::put(at);
        }
        carried_out
    }

    /// Ends an offence: what it costs is taken and the rest of the lock released.
    pub(crate) fn carry_out(id: OffenceId, slash: DeferredSlash) {
        match slash.offence {
            AnyOffence::Work(offence) => Self::carry_out_work(id, offence, slash.share_ppm, slash.due),
            AnyOffence::Consensus(offence) => Self::carry_out_stake(id, offence, slash.share_ppm),
        }
    }

    fn carry_out_work(id: OffenceId, offence: Offence, share_ppm: u32, due: Balance) {
        let dry_run = DryRun::<T>::get();
        let Parts { amount, restitution, reward } = if dry_run || due == 0 {
            Parts { amount: 0, restitution: 0, reward: 0 }
        } else {
            Self::take(&offence, due)
        };
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

    fn carry_out_stake(id: OffenceId, offence: ConsensusOffence, share_ppm: u32) {
        let dry_run = DryRun::<T>::get();
        let ConsensusOffence { kind, offender, session, reporter, evidence, .. } = offence;
        let at_stake = T::Collateral::at_stake(&offender);
        let StakeSlash { own, owed, backing, reward } = if dry_run || share_ppm == 0 {
            StakeSlash::default()
        } else {
            T::Collateral::slash_share(&offender, share_ppm, reporter.as_ref())
        };
        Self::deposit_event(Event::StakeSlashed {
            offence: id,
            kind,
            offender: offender.into(),
            session,
            at_stake,
            share_ppm,
            amount: own,
            owed,
            backing,
            reporter: reporter.map(Into::into),
            reporter_reward: reward,
            burned: own.saturating_sub(reward).saturating_add(backing),
            evidence,
            dry_run,
        });
    }

    /// What a share of the stake of `who` is, up: against the offender.
    fn share_of_stake(who: &Account, share_ppm: u32) -> Balance {
        Permill::from_parts(share_ppm).mul_ceil(T::Collateral::at_stake(who))
    }

    /// Gives an offence its number and puts its slash on the agenda; where it is `over` at once, on that of this block. Returns both.
    fn open(offence: AnyOffence, share_ppm: u32, due: Balance, over: bool) -> (OffenceId, DeferredSlash) {
        let reported_at = Self::now();
        let due_at = if over { reported_at } else { reported_at.saturating_add(Times::<T>::get().defer_blocks) };
        let has_evidence = *offence.evidence() != [0; 32];
        let extrinsic = has_evidence.then(frame_system::Pallet::<T>::extrinsic_index).flatten();
        let id = NextOffence::<T>::get();
        NextOffence::<T>::put(id.saturating_add(1));
        let stage = SlashStage::Deferred;
        (id, DeferredSlash { offence, share_ppm, due, reported_at, extrinsic, stage, due_at, result: None })
    }

    /// Carries a slash out, or puts it on the agenda.
    fn begin(id: OffenceId, slash: DeferredSlash, over: bool) {
        if over {
            Self::carry_out(id, slash);
        } else {
            Agenda::<T>::insert(slash.due_at, id, ());
            Deferred::<T>::insert(id, slash);
        }
    }

    /// Takes what is due, and tells what arrived where.
    fn take(offence: &Offence, due: Balance) -> Parts {
        let Split { restitution, reward } = Settings::<T>::get().split(offence, due);
        let to: Vec<(Account, Balance)> = restitution.into_iter().chain(reward).collect();
        let balance = |part: Option<(Account, Balance)>| {
            part.map_or(0, |(who, _)| T::Currency::total_balance(&AccountId32::from(who)))
        };
        let before = (balance(restitution), balance(reward));
        let offender = &offence.offender;
        let amount = match offence.kind {
            // Those who back a validator answer for its audits with it; a worker answers alone.
            OffenceKind::WrongAudit | OffenceKind::FalseAlarm | OffenceKind::AuditNoShow => {
                T::Collateral::slash_pro_rata(offender, due, &to)
            }
            // No obligation on a shard is broken by the last two.
            OffenceKind::WrongResult
            | OffenceKind::Withheld
            | OffenceKind::Late
            | OffenceKind::Equivocation
            | OffenceKind::Idleness => T::Collateral::slash(offender, due, &to),
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
        Self::report_work(offence, None)
    }

    fn report_result(offence: Offence, result: ConvictedResult) -> Balance {
        Self::report_work(offence, Some(result))
    }
}

impl<T: Config> Pallet<T> {
    fn report_work(offence: Offence, result: Option<ConvictedResult>) -> Balance {
        let shares = Settings::<T>::get();
        let (share_ppm, due) = (shares.of(offence.kind), shares.due(&offence));
        // What costs nothing, or would, is over at once.
        let over = due == 0 || DryRun::<T>::get();
        let (id, slash) = Self::open(AnyOffence::Work(offence.clone()), share_ppm, due, over);
        Self::deposit_event(Event::Reported {
            offence: id,
            kind: offence.kind,
            offender: offence.offender.into(),
            shard: offence.shard,
            locked: offence.locked,
            due,
            reporter: offence.reporter.map(Into::into),
            evidence: offence.evidence,
            extrinsic: slash.extrinsic,
            due_at: slash.due_at,
        });
        Self::begin(id, DeferredSlash { result, ..slash }, over);
        due
    }
}

impl<T: Config> ConsensusOffences for Pallet<T> {
    fn report(offence: ConsensusOffence, share_ppm: u32) -> OffenceId {
        let share_ppm = share_ppm.min(ONE_PPM);
        let due = Self::share_of_stake(&offence.offender, share_ppm);
        // Not where `due` is nothing: what backs the offender answers too.
        let over = share_ppm == 0 || DryRun::<T>::get();
        let (id, slash) = Self::open(AnyOffence::Consensus(offence.clone()), share_ppm, due, over);
        let ConsensusOffence { kind, offender, session, offenders, validators, before_ppm, reporter, evidence } =
            offence;
        Self::deposit_event(Event::ConsensusReported {
            offence: id,
            kind,
            offender: offender.into(),
            session,
            offenders,
            validators,
            before_ppm,
            share_ppm,
            due,
            reporter: reporter.map(Into::into),
            evidence,
            extrinsic: slash.extrinsic,
            due_at: slash.due_at,
        });
        Self::begin(id, slash, over);
        id
    }

    fn raise(id: OffenceId, offenders: u32, by_ppm: u32) -> bool {
        let Some(mut slash) = Deferred::<T>::get(id) else { return false };
        let AnyOffence::Consensus(offence) = &mut slash.offence else { return false };
        offence.offenders = offenders;
        let share_ppm = slash.share_ppm.saturating_add(by_ppm).min(ONE_PPM);
        let due = Self::share_of_stake(&offence.offender, share_ppm);
        Deferred::<T>::insert(id, DeferredSlash { share_ppm, due, ..slash });
        Self::deposit_event(Event::Raised { offence: id, offenders, share_ppm, due });
        true
    }
}

// SPDX-License-Identifier: Apache-2.0
//! After a result was overturned in the window, or convicted before its acceptance: who confirmed it answers for the drawn segments.
//!
//! A trace binds the result of a segment, not the operators before it. So a worker and a challenger of its own can convict a
//! *right* result, and its conviction proves nothing about its auditors. Therefore an auditor is a defendant of its own: anybody may
//! accuse it, it posts its own trace between the same ends, and only an element of that trace convicts it, or its silence. Whoever
//! computed what it confirmed can always answer; whoever accuses it loses its bond then.
//!
//! An auditor is accused by one account at a time. A friend that takes the place from others by accusations that it loses pays
//! twice as much each time, and others have a whole window after each.

use super::{
    step::{due, in_time},
    window::free_auditors,
    *,
};
use alloc::vec;

impl Shard {
    /// Applies an event to a shard whose auditors may be accused.
    pub(super) fn when_accused(&self, event: Event, now: Moment, params: &Params) -> Step {
        let (height, reached) = (now.height, now.reached());
        let Phase::Accused { deal, commitment, auditors, at, accused } = &self.phase else {
            return Err(ShardError::WrongPhase);
        };
        let with = |accused: Accused| {
            let (deal, commitment, auditors) = (deal.clone(), *commitment, auditors.clone());
            Shard { phase: Phase::Accused { deal, commitment, auditors, at: *at, accused }, ..self.clone() }
        };
        let mut accused = accused.clone();
        match event {
            Event::Reissue if !accused.reissue => {
                accused.reissue = true;
                Ok((with(accused), vec![]))
            }
            Event::Accuse { by, auditor, position, bond } => {
                in_time(reached, accused.by)?;
                if !accused.confirmed.sample.contains(&position) {
                    return Err(ShardError::NotSampled);
                }
                let least = self.accusation_bond(params).ok_or(ShardError::WrongPhase)?;
                let liable = accused.confirmed.liable.iter_mut().find(|liable| liable.auditor == auditor);
                let liable = liable.filter(|_| by != auditor).ok_or(ShardError::NotYours)?;
                if liable.accuser.is_some() {
                    return Err(ShardError::Full);
                }
                if bond < least {
                    return Err(ShardError::WrongBond);
                }
                liable.accuser = Some(Stake { challenger: by, bond });
                Ok((with(accused), vec![]))
            }
            Event::Judged { auditor, lost } => {
                let index = accused.confirmed.liable.iter().position(|liable| liable.auditor == auditor);
                let judged = index.and_then(|index| accused.confirmed.liable.get_mut(index));
                let judged = judged.ok_or(ShardError::NotYours)?;
                let stake = judged.accuser.take().ok_or(ShardError::NotYours)?;
                let locked = judged.bond;
                if !lost {
                    accused.refuted = accused.refuted.saturating_add(1);
                    accused.by = accused.by.max(height.saturating_add(params.window_blocks));
                    let (kind, offender) = (OffenceKind::FalseAlarm, stake.challenger);
                    let offence = Effect::Offence { kind, offender, locked: stake.bond, reporter: Some(auditor) };
                    return Ok((with(accused), vec![offence]));
                }
                // Whose bond was enough for one accusation has it back for the next.
                accused.by = accused.by.max(height.saturating_add(params.move_blocks));
                accused.confirmed.liable.retain(|liable| liable.auditor != auditor);
                let (kind, reporter) = (OffenceKind::WrongAudit, Some(stake.challenger));
                let effects = vec![
                    Effect::Offence { kind, offender: auditor, locked, reporter },
                    Effect::ReleaseChallenger(stake.challenger, stake.bond),
                ];
                let nobody = accused.confirmed.liable.is_empty();
                let shard = with(accused);
                Ok(if nobody { shard.closed(effects) } else { (shard, effects) })
            }
            Event::Expire => {
                if accused.confirmed.liable.iter().any(|liable| liable.accuser.is_some()) {
                    return Err(ShardError::NothingDue);
                }
                due(reached, accused.by)?;
                Ok(self.closed(free_auditors(&accused.confirmed).collect()))
            }
            _ => Err(ShardError::WrongPhase),
        }
    }

    /// Nobody answers for the result any more: it stays overturned, or the shard starts again.
    fn closed(&self, mut effects: Vec<Effect>) -> (Shard, Vec<Effect>) {
        let Phase::Accused { deal, commitment, auditors, at, accused } = self.phase.clone() else {
            return (self.clone(), effects);
        };
        if accused.reissue {
            effects.push(Effect::Requeue);
            return (self.requeued(), effects);
        }
        effects.push(Effect::Closed);
        (Shard { phase: Phase::Overturned { deal, commitment, auditors, at }, ..self.clone() }, effects)
    }
}

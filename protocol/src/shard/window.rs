// SPDX-License-Identifier: Apache-2.0
//! From acceptance to payment: the result stands unless somebody has it convicted.
//!
//! Who can lose here: the worker, by a lost dispute or by not showing an id that is asked for on chain, both of which an
//! honest one can always answer from what it keeps; and a challenger, by a dispute that it loses. Nobody loses by an
//! assertion. The auditors' bonds stay locked with the worker's collateral; see [`super::accused`] for what becomes of them.

use super::{
    step::{due, in_time},
    *,
};
use alloc::vec;

impl Shard {
    /// Applies an event to an accepted shard.
    pub(super) fn in_window(&self, event: Event, now: Moment, params: &Params) -> Step {
        let (height, reached) = (now.height, now.reached());
        let Phase::Accepted { deal, commitment, auditors, at, window } = &self.phase else {
            return Err(ShardError::WrongPhase);
        };
        let with = |window: Window| {
            let (deal, commitment, auditors) = (deal.clone(), *commitment, auditors.clone());
            Shard { phase: Phase::Accepted { deal, commitment, auditors, at: *at, window }, ..self.clone() }
        };
        let mut window = window.clone();
        let delivery_blocks = self.delivery_blocks(params);
        match event {
            Event::Challenge { by, position, bond } => {
                in_time(reached, window.closes)?;
                if by == deal.worker {
                    return Err(ShardError::NotYours);
                }
                if position >= self.leaves() {
                    return Err(ShardError::NoSuchLeaf);
                }
                if window.challenges.iter().any(|stake| stake.challenger == by) {
                    return Err(ShardError::Duplicate);
                }
                if self.challenge_bond(params).is_none_or(|least| bond < least) {
                    return Err(ShardError::WrongBond);
                }
                window.challenges.try_push(Stake { challenger: by, bond }).map_err(|_| ShardError::Full)?;
                Ok((with(window), vec![]))
            }
            Event::Resolved { challenger, worker_lost } => {
                let index = window.challenges.iter().position(|stake| stake.challenger == challenger);
                let index = index.ok_or(ShardError::NotYours)?;
                if let Some(kind) = worker_lost {
                    return Ok(self.overturned(kind, Some(challenger), height, params));
                }
                let was_full = window.challenges.is_full();
                let stake = window.challenges.remove(index);
                window.refuted = window.refuted.saturating_add(1);
                // While all places were taken nobody else could challenge.
                let again = if was_full { params.window_blocks } else { 0 };
                window.extend(height.saturating_add(again), delivery_blocks);
                let (kind, locked) = (OffenceKind::FalseAlarm, stake.bond);
                // The bond covers the costs of whom it accused.
                let reporter = Some(deal.worker);
                Ok((with(window), vec![Effect::Offence { kind, offender: challenger, locked, reporter }]))
            }
            Event::DemandLeaf(position) => {
                in_time(reached, window.closes)?;
                if position >= self.leaves() {
                    return Err(ShardError::NoSuchLeaf);
                }
                if window.demands.iter().any(|demand| demand.position == position) {
                    return Err(ShardError::Duplicate);
                }
                let demand = LeafDemand { position, by: height.saturating_add(params.reveal_blocks) };
                window.demands.try_push(demand).map_err(|_| ShardError::Full)?;
                (window.asked, window.asked_at) = (window.doublings(height, *at, params).saturating_add(1), height);
                Ok((with(window), vec![]))
            }
            Event::AnswerLeaf(position) => {
                let index = window.demands.iter().position(|demand| demand.position == position);
                let demand = index.and_then(|index| window.demands.get(index)).ok_or(ShardError::NotYours)?;
                in_time(reached, demand.by)?;
                let was_full = window.demands.is_full();
                window.demands.retain(|demand| demand.position != position);
                // Whoever was shown the id has time for a challenge; while all places were taken nobody else could ask.
                let again = if was_full { params.window_blocks } else { 0 };
                window.extend(height.saturating_add(again.max(params.move_blocks)), delivery_blocks);
                Ok((with(window), vec![]))
            }
            Event::Deliver => {
                if window.delivered {
                    return Err(ShardError::Duplicate);
                }
                in_time(reached, window.deliver_by)?;
                window.delivered = true;
                let settles = reached > window.closes && window.challenges.is_empty() && window.demands.is_empty();
                let accepted = with(window);
                Ok(if settles { accepted.settled(true) } else { (accepted, vec![]) })
            }
            Event::Expire => {
                if window.demands.iter().any(|demand| reached > demand.by) {
                    return Ok(self.overturned(OffenceKind::Withheld, None, height, params));
                }
                if !window.challenges.is_empty() || !window.demands.is_empty() {
                    return Err(ShardError::NothingDue);
                }
                due(reached, if window.delivered { window.closes } else { window.deliver_by })?;
                Ok(self.settled(window.delivered))
            }
            _ => Err(ShardError::WrongPhase),
        }
    }

    /// The worker loses its collateral; challenges are moot. Its auditors' bonds stay locked: they may be accused, however the worker
    /// lost, because one that could save them by its silence, or by a lie elsewhere, would.
    fn overturned(
        &self,
        kind: OffenceKind,
        reporter: Option<Account>,
        height: Height,
        params: &Params,
    ) -> (Shard, Vec<Effect>) {
        let Phase::Accepted { deal, commitment, auditors, at, window } = self.phase.clone() else {
            return (self.clone(), vec![]);
        };
        let worker = Effect::Offence { kind, offender: deal.worker, locked: deal.collateral, reporter };
        let free = window.challenges.iter().map(|stake| Effect::ReleaseChallenger(stake.challenger, stake.bond));
        let effects = core::iter::once(worker).chain(free);
        let effects = effects.chain([Effect::CloseDisputes, Effect::Overturn(deal.clone())]).collect();
        let confirmed = window.confirmed;
        if confirmed.liable.is_empty() {
            return (Shard { phase: Phase::Overturned { deal, commitment, auditors, at }, ..self.clone() }, effects);
        }
        let by = height.saturating_add(params.window_blocks);
        let accused = Accused { confirmed, by, refuted: 0, reissue: false, dissenting: BoundedVec::new() };
        (Shard { phase: Phase::Accused { deal, commitment, auditors, at, accused }, ..self.clone() }, effects)
    }

    fn settled(&self, paid: bool) -> (Shard, Vec<Effect>) {
        let Phase::Accepted { deal, commitment, auditors, at, window } = self.phase.clone() else {
            return (self.clone(), vec![]);
        };
        let settle = Effect::Settle { deal: deal.clone(), auditors: auditors.to_vec(), paid };
        let free = free_auditors(&window.confirmed);
        let effects = core::iter::once(Effect::ReleaseWorker(deal.clone())).chain(free).chain([settle]).collect();
        (Shard { phase: Phase::Settled { deal, commitment, auditors, at, paid }, ..self.clone() }, effects)
    }
}

/// The bonds of those who still answer for a result are free again.
pub(super) fn free_auditors(confirmed: &Confirmed) -> impl Iterator<Item = Effect> + '_ {
    confirmed.liable.iter().map(|liable| Effect::ReleaseAuditor(liable.auditor, liable.bond))
}

impl Window {
    /// Keeps the window open until a height at least.
    fn extend(&mut self, until: Height, delivery_blocks: Height) {
        self.closes = self.closes.max(until);
        self.deliver_by = self.deliver_by.max(self.closes.saturating_add(delivery_blocks));
    }
}

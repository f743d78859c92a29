// SPDX-License-Identifier: Apache-2.0
//! What an event does to a shard.

use super::*;
use alloc::vec;
use quern_primitives::commitment::{audit_seal, opened_digest, results_digest};

impl Shard {
    /// Applies an event at a height, where no deadline lags. `period` is the draw period that `height` lies in.
    pub fn step(&self, event: Event, height: Height, period: Height, params: &Params) -> Step {
        self.step_at(event, height.into(), period, params)
    }

    /// Applies an event. `period` is the draw period that the block lies in.
    pub fn step_at(&self, event: Event, now: Moment, period: Height, params: &Params) -> Step {
        let (height, reached) = (now.height, now.reached());
        let next = |phase: Phase| Shard { phase, ..self.clone() };
        match (self.phase.clone(), event) {
            (Phase::Queued, Event::Assign(deal)) => {
                let by = height.saturating_add(self.start_blocks(params));
                Ok((next(Phase::Assigned { deal, by }), vec![]))
            }
            (Phase::Assigned { deal, by }, Event::Start(who)) => {
                owed(&deal.worker, &who, reached, by)?;
                let by = height.saturating_add(self.execute_blocks(params));
                let declined = BoundedVec::new();
                Ok((Shard { phase: Phase::Running { deal, by }, declined, ..self.clone() }, vec![]))
            }
            (Phase::Assigned { deal, by }, Event::Decline(who)) => {
                owed(&deal.worker, &who, reached, by)?;
                Ok(self.declined(deal, period, params))
            }
            (Phase::Running { deal, by }, Event::Commit { by: who, root, secret_hash }) => {
                owed(&deal.worker, &who, reached, by)?;
                let commitment = Commitment { root, secret_hash, at: height };
                let period = period.saturating_add(1);
                Ok((next(Phase::Committed { deal, commitment, period, held: None }), vec![]))
            }
            (Phase::Assigned { deal, by } | Phase::Running { deal, by }, Event::Expire) => {
                due(reached, by)?;
                Ok(self.late(deal))
            }
            (Phase::Committed { deal, commitment, period: drawn_by, held }, Event::Draw { sample, seats }) => {
                if period <= drawn_by || sample.is_empty() || seats.is_empty() {
                    return Err(ShardError::BadDraw);
                }
                let next = |phase: Phase| Shard { phase, unseated_since: None, ..self.clone() };
                if let Some(audit) = held {
                    let audit = filled(audit, &sample, seats, height)?;
                    let by = height.saturating_add(self.audit_blocks(&audit, params));
                    return Ok((next(Phase::Auditing { deal, commitment, audit, by }), vec![]));
                }
                let audit = Audit {
                    sample: sample.try_into().map_err(|_| ShardError::BadDraw)?,
                    needed: u8::try_from(seats.len()).map_err(|_| ShardError::BadDraw)?,
                    seats: seats.try_into().map_err(|_| ShardError::BadDraw)?,
                    drawn_at: height,
                    opened: None,
                    results: None,
                    demand: Demand::None,
                    sampled_at: height,
                    left: BoundedVec::new(),
                    without_inputs: BoundedVec::new(),
                };
                let by = height.saturating_add(params.open_blocks);
                Ok((next(Phase::Opening { deal, commitment, audit, by }), vec![]))
            }
            (Phase::Committed { deal, commitment, period: drawn_by, held }, Event::Unseated) => {
                if period <= drawn_by {
                    return Err(ShardError::BadDraw);
                }
                let since = self.unseated_since.unwrap_or(height);
                if height >= since.saturating_add(self.seat_blocks(params)) {
                    return Ok(self.unaudited(deal, held.as_ref().map(release).unwrap_or_default()));
                }
                let phase = Phase::Committed { deal, commitment, period: period.saturating_add(1), held };
                Ok((Shard { phase, unseated_since: Some(since), ..self.clone() }, vec![]))
            }
            (Phase::Opening { deal, commitment, mut audit, by }, Event::Open { by: who, digest }) => {
                owed(&deal.worker, &who, reached, by)?;
                audit.opened = Some(digest);
                let by = height.saturating_add(self.audit_blocks(&audit, params));
                Ok((next(Phase::Auditing { deal, commitment, audit, by }), vec![]))
            }
            (Phase::Auditing { deal, commitment, mut audit, by }, Event::Seal { by: who, seal }) => {
                let seat = seat(&mut audit, &who)?;
                in_time(reached, by)?;
                if seat.seal.replace(seal).is_some() {
                    return Err(ShardError::Duplicate);
                }
                if audit.seats.iter().any(|seat| seat.seal.is_none()) {
                    return Ok((next(Phase::Auditing { deal, commitment, audit, by }), vec![]));
                }
                audit.demand = Demand::None;
                let by = height.saturating_add(params.reveal_blocks);
                Ok((next(Phase::Revealing { deal, commitment, audit, by }), vec![]))
            }
            (Phase::Revealing { deal, commitment, mut audit, by }, Event::Results { by: who, digest }) => {
                owed(&deal.worker, &who, reached, by)?;
                audit.results = Some(digest);
                let by = height.saturating_add(params.reveal_blocks);
                Ok((next(Phase::Comparing { deal, commitment, audit, by }), vec![]))
            }
            (
                Phase::Comparing { deal, commitment, mut audit, by },
                Event::Reveal { by: who, salt, results, holds_outputs },
            ) => {
                let opened = audit.opened.unwrap_or_default();
                let shown = audit.results;
                let seat = seat(&mut audit, &who)?;
                in_time(reached, by)?;
                if seat.verdict.is_some() {
                    return Err(ShardError::Duplicate);
                }
                if seat.seal != Some(audit_seal(&salt, &who, &self.id, &opened, &results)) {
                    return Err(ShardError::SealMismatch);
                }
                seat.verdict = Some(if shown == Some(results) { Verdict::Matches } else { Verdict::Differs });
                seat.holds_outputs = holds_outputs;
                seat.results = Some(results);
                if audit.seats.iter().any(|seat| seat.verdict.is_none()) {
                    return Ok((next(Phase::Comparing { deal, commitment, audit, by }), vec![]));
                }
                Ok(self.compared(deal, commitment, audit, vec![], height, period, params))
            }
            (Phase::Auditing { deal, commitment, mut audit, by }, Event::Demand(who)) => {
                let answered = height.saturating_add(params.reveal_blocks);
                demand(&mut audit, &who, reached, by, answered)?;
                let by = by.max(answered.saturating_add(params.reveal_blocks));
                Ok((next(Phase::Auditing { deal, commitment, audit, by }), vec![]))
            }
            (Phase::Comparing { deal, commitment, mut audit, by }, Event::Demand(who)) => {
                let answered = height.saturating_add(params.reveal_blocks);
                demand(&mut audit, &who, reached, by, answered)?;
                let by = by.max(answered.saturating_add(params.reveal_blocks));
                Ok((next(Phase::Comparing { deal, commitment, audit, by }), vec![]))
            }
            // The claim proves nothing: it takes nobody's stake and decides nothing about the result. Nor does it make room for
            // anybody else, or a worker could choose its auditors by whom it serves: who claims needs nothing from the worker
            // any more. Who has not got the inputs either leaves its seat.
            (Phase::Auditing { deal, commitment, mut audit, by }, Event::Unavailable { by: who, inputs_missing }) => {
                let seat = seat(&mut audit, &who)?;
                // A claim that is sent twice says nothing new.
                if seat.seal.is_some() || (seat.from_inputs && !inputs_missing) {
                    return Err(ShardError::Duplicate);
                }
                if inputs_missing && !seat.from_inputs {
                    return Err(ShardError::WrongPhase);
                }
                seat.from_inputs = true;
                let bond = seat.bond;
                // What the worker owes on chain it must answer first: a claim would let it off.
                if matches!(audit.demand, Demand::Owed(_)) {
                    return Err(ShardError::WrongPhase);
                }
                in_time(reached, by)?;
                let claimed = Self { claims: self.claims.saturating_add(1), ..self.clone() };
                if inputs_missing {
                    audit.vacate(&who);
                    // There is room: each takes a round.
                    let _ = audit.without_inputs.try_push(who);
                    let effects = vec![Effect::ReleaseAuditor(who, bond)];
                    return Ok(claimed.refill(deal, commitment, audit, effects, period, params));
                }
                let by = by.max(height.saturating_add(self.audit_blocks(&audit, params)));
                Ok((Self { phase: Phase::Auditing { deal, commitment, audit, by }, ..claimed }, vec![]))
            }
            (Phase::Auditing { deal, commitment, mut audit, by }, Event::Answer(ids)) => {
                answer(&mut audit, reached)?;
                if audit.opened != Some(opened_digest(&self.id, &ids)) {
                    return Err(ShardError::DigestMismatch);
                }
                Ok((next(Phase::Auditing { deal, commitment, audit, by }), vec![]))
            }
            (Phase::Comparing { deal, commitment, mut audit, by }, Event::Answer(ids)) => {
                answer(&mut audit, reached)?;
                if audit.results != Some(results_digest(&self.id, &ids)) {
                    return Err(ShardError::DigestMismatch);
                }
                Ok((next(Phase::Comparing { deal, commitment, audit, by }), vec![]))
            }
            (
                Phase::Opening { deal, commitment, audit, by } | Phase::Revealing { deal, commitment, audit, by },
                Event::Expire,
            ) => {
                due(reached, by)?;
                Ok(self.lost(deal, commitment, audit, OffenceKind::Withheld, None, height, params))
            }
            (
                Phase::Auditing { deal, commitment, audit, .. } | Phase::Comparing { deal, commitment, audit, .. },
                Event::Expire,
            ) if matches!(audit.demand, Demand::Owed(owed) if reached > owed) => {
                Ok(self.lost(deal, commitment, audit, OffenceKind::Withheld, None, height, params))
            }
            (Phase::Auditing { deal, commitment, mut audit, by }, Event::Expire) => {
                due(reached, by)?;
                let silent: Vec<Seat> = audit.seats.iter().filter(|seat| seat.seal.is_none()).cloned().collect();
                silent.iter().for_each(|seat| audit.vacate(&seat.auditor));
                let effects = silent.iter().map(|seat| fine(OffenceKind::AuditNoShow, seat)).collect();
                Ok(self.refill(deal, commitment, audit, effects, period, params))
            }
            (Phase::Comparing { deal, commitment, mut audit, by }, Event::Expire) => {
                due(reached, by)?;
                let silent = audit.seats.iter().filter(|seat| seat.verdict.is_none());
                let effects = silent.map(|seat| fine(OffenceKind::FalseAlarm, seat)).collect();
                audit.seats.retain(|seat| seat.verdict.is_some());
                if audit.seats.iter().any(|seat| seat.verdict == Some(Verdict::Differs)) {
                    return Ok(self.compared(deal, commitment, audit, effects, height, period, params));
                }
                let effects = effects.into_iter().chain(release(&audit)).collect();
                Ok(self.redraw(deal, commitment, effects, period))
            }
            (Phase::Disputed { deal, commitment, mut audit, by }, Event::Challenge { by: who, position, bond }) => {
                if bond != 0 {
                    return Err(ShardError::WrongBond);
                }
                if !audit.sample.contains(&position) {
                    return Err(ShardError::NotSampled);
                }
                let seat = seat(&mut audit, &who)?;
                match seat.verdict {
                    Some(Verdict::Differs) => in_time(reached, by)?,
                    Some(Verdict::Disputing | Verdict::Refuted) => return Err(ShardError::Duplicate),
                    _ => return Err(ShardError::NotYours),
                }
                seat.verdict = Some(Verdict::Disputing);
                Ok((next(Phase::Disputed { deal, commitment, audit, by }), vec![]))
            }
            (
                Phase::Disputed { deal, commitment, audit, .. },
                Event::Resolved { challenger, worker_lost: Some(kind) },
            ) => Ok(self.lost(deal, commitment, audit, kind, Some(challenger), height, params)),
            (
                Phase::Disputed { deal, commitment, mut audit, by },
                Event::Resolved { challenger, worker_lost: None },
            ) => {
                let seat = seat(&mut audit, &challenger)?;
                if seat.verdict != Some(Verdict::Disputing) {
                    return Err(ShardError::NotYours);
                }
                let effects = vec![fine(OffenceKind::FalseAlarm, seat)];
                seat.verdict = Some(Verdict::Refuted);
                Ok(self.settled_or_disputed(deal, commitment, audit, by, effects, period))
            }
            (Phase::Disputed { deal, commitment, mut audit, by }, Event::Expire) => {
                due(reached, by)?;
                let mut effects = vec![];
                for seat in audit.seats.iter_mut().filter(|seat| seat.verdict == Some(Verdict::Differs)) {
                    effects.push(fine(OffenceKind::FalseAlarm, seat));
                    seat.verdict = Some(Verdict::Refuted);
                }
                if effects.is_empty() {
                    return Err(ShardError::NothingDue);
                }
                Ok(self.settled_or_disputed(deal, commitment, audit, by, effects, period))
            }
            (Phase::Accepted { .. }, event) => self.in_window(event, now, params),
            (Phase::Doubted { .. } | Phase::Probing { .. }, event) => self.in_probe(event, now, period, params),
            (Phase::Accused { .. }, event) => self.when_accused(event, now, params),
            (Phase::Overturned { .. }, Event::Reissue) => Ok((self.requeued(), vec![Effect::Requeue])),
            (_, Event::Expire) => Err(ShardError::NothingDue),
            _ => Err(ShardError::WrongPhase),
        }
    }

    pub(super) fn requeued(&self) -> Shard {
        let attempt = self.attempt.saturating_add(1);
        Shard { phase: Phase::Queued, attempt, rounds: 0, claims: 0, probes: 0, unseated_since: None, ..self.clone() }
    }

    /// New validators for the vacant seats of an audit whose results the worker has not shown: the sample stays, else a worker
    /// whose lie it hits could have its friends spoil it, and so do the other seats and seals. After [`MAX_AUDIT_ROUNDS`]
    /// other validators are asked for the inputs where somebody said that they are missing, or else a new worker is drawn.
    fn refill(
        &self,
        deal: Deal,
        commitment: Commitment,
        mut audit: Audit,
        mut effects: Vec<Effect>,
        period: Height,
        params: &Params,
    ) -> (Shard, Vec<Effect>) {
        let rounds = self.rounds.saturating_add(1);
        audit.demand = Demand::None;
        if rounds >= MAX_AUDIT_ROUNDS {
            if !audit.without_inputs.is_empty() && self.probes < MAX_PROBES {
                return self.doubted(Some(Work { deal, commitment, audit }), effects, period, params);
            }
            effects.extend(release(&audit));
            return self.unaudited(deal, effects);
        }
        let phase = Phase::Committed { deal, commitment, period: period.saturating_add(1), held: Some(audit) };
        (Shard { phase, rounds, ..self.clone() }, effects)
    }

    /// New validators and new segments after the worker has shown its results, or after [`MAX_AUDIT_ROUNDS`] a new worker. A
    /// lie in the old segments is not forgotten by that: whoever computed something else has had its dispute.
    fn redraw(&self, deal: Deal, commitment: Commitment, effects: Vec<Effect>, period: Height) -> (Shard, Vec<Effect>) {
        let rounds = self.rounds.saturating_add(1);
        if rounds >= MAX_AUDIT_ROUNDS {
            return self.unaudited(deal, effects);
        }
        let phase = Phase::Committed { deal, commitment, period: period.saturating_add(1), held: None };
        (Shard { phase, rounds, ..self.clone() }, effects)
    }

    /// Nobody can say whether the result is right: it is worth nothing to the worker and costs it nothing, and the shard
    /// starts again.
    pub(super) fn unaudited(&self, deal: Deal, mut effects: Vec<Effect>) -> (Shard, Vec<Effect>) {
        let worker = deal.worker;
        effects.extend([Effect::ReleaseWorker(deal), Effect::Unaudited(worker)]);
        effects.extend([Effect::CloseDisputes, Effect::Requeue]);
        (self.requeued(), effects)
    }

    /// Work of the segments at some leaf positions.
    fn work_of(&self, positions: &[u32]) -> u64 {
        let segments = self.segments_per_task();
        let segment = |position: &u32| self.work.segment(position.checked_rem(segments).unwrap_or(0));
        positions.iter().map(segment).fold(0, u64::saturating_add)
    }

    /// Work of what the slowest of those who still owe a seal has to run.
    pub(super) fn work_to_audit(&self, audit: &Audit) -> u64 {
        match audit.seats.iter().any(|seat| seat.from_inputs && seat.seal.is_none()) {
            true => self.work_up_to(&audit.sample),
            false => self.work_of(&audit.sample),
        }
    }

    /// Work of the tasks of some leaf positions (ascending), each up to the last of them.
    fn work_up_to(&self, positions: &[u32]) -> u64 {
        let segments = self.segments_per_task();
        let mut last: Vec<(u32, u32)> = Vec::new();
        for position in positions {
            let (task, segment) =
                (position.checked_div(segments).unwrap_or(0), position.checked_rem(segments).unwrap_or(0));
            match last.last_mut() {
                Some(run) if run.0 == task => run.1 = segment,
                _ => last.push((task, segment)),
            }
        }
        last.iter().map(|(_, segment)| self.work.up_to(*segment)).fold(0, u64::saturating_add)
    }

    pub(super) fn late(&self, deal: Deal) -> (Shard, Vec<Effect>) {
        let worker = deal.worker;
        (self.requeued(), vec![Effect::ReleaseWorker(deal), Effect::Late(worker), Effect::Requeue])
    }

    /// The worker loses its collateral, and every other dispute is moot. Who confirmed its result may be accused, however the
    /// worker lost ([`super::accused`]), and the shard waits for that; where nobody had confirmed it, it starts again at once.
    #[allow(clippy::too_many_arguments)]
    fn lost(
        &self,
        deal: Deal,
        commitment: Commitment,
        audit: Audit,
        kind: OffenceKind,
        reporter: Option<Account>,
        height: Height,
        params: &Params,
    ) -> (Shard, Vec<Effect>) {
        let mut effects = offence_of_worker(&deal, &audit, kind, reporter);
        let dissents = |seat: &&Seat| !matches!(seat.verdict, Some(Verdict::Matches | Verdict::Refuted));
        let dissenting = audit.seats.iter().filter(dissents).map(|seat| seat.auditor).collect();
        let confirmed = confirmed(audit);
        if confirmed.liable.is_empty() {
            effects.push(Effect::Requeue);
            return (self.requeued(), effects);
        }
        let auditors = BoundedVec::truncate_from(confirmed.liable.iter().map(|liable| liable.auditor).collect());
        let (by, dissenting) = (height.saturating_add(params.window_blocks), BoundedVec::truncate_from(dissenting));
        let accused = Accused { confirmed, by, refuted: 0, reissue: true, dissenting };
        (Shard { phase: Phase::Accused { deal, commitment, auditors, at: height, accused }, ..self.clone() }, effects)
    }

    #[allow(clippy::too_many_arguments)]
    fn compared(
        &self,
        deal: Deal,
        commitment: Commitment,
        audit: Audit,
        mut effects: Vec<Effect>,
        height: Height,
        period: Height,
        params: &Params,
    ) -> (Shard, Vec<Effect>) {
        if audit.seats.iter().all(|seat| seat.verdict == Some(Verdict::Matches)) {
            let auditors: Vec<Account> = audit.seats.iter().map(|seat| seat.auditor).collect();
            effects.extend(audit.without_inputs.iter().copied().map(Effect::ClaimRefuted));
            let delivered = audit.seats.iter().any(|seat| seat.holds_outputs);
            effects.extend(audit.seats.iter().filter_map(free_beyond_liability));
            let confirmed = confirmed(audit);
            return self.accepted(deal, commitment, auditors, confirmed, delivered, effects, height, params);
        }
        let by = height.saturating_add(params.move_blocks);
        self.settled_or_disputed(deal, commitment, audit, by, effects, period)
    }

    #[allow(clippy::too_many_arguments)]
    fn accepted(
        &self,
        deal: Deal,
        commitment: Commitment,
        auditors: Vec<Account>,
        confirmed: Confirmed,
        delivered: bool,
        mut effects: Vec<Effect>,
        height: Height,
        params: &Params,
    ) -> (Shard, Vec<Effect>) {
        let closes = height.saturating_add(params.window_blocks);
        let window = Window {
            closes,
            deliver_by: closes.saturating_add(self.delivery_blocks(params)),
            delivered,
            challenges: BoundedVec::new(),
            refuted: 0,
            demands: BoundedVec::new(),
            asked: 0,
            asked_at: height,
            confirmed,
        };
        let phase = Phase::Accepted {
            deal: deal.clone(),
            commitment,
            auditors: BoundedVec::truncate_from(auditors.clone()),
            at: height,
            window,
        };
        let (judged, refuted) = self.judged(Some(&deal.worker), Effect::DeclineRefuted);
        effects.extend(refuted);
        effects.push(Effect::Accept { deal, auditors });
        (Shard { phase, ..judged }, effects)
    }

    /// Stays disputed while a challenger may still win; else the worker stands and new validators are drawn, because
    /// fewer than all of the drawn ones confirmed it.
    fn settled_or_disputed(
        &self,
        deal: Deal,
        commitment: Commitment,
        audit: Audit,
        by: Height,
        mut effects: Vec<Effect>,
        period: Height,
    ) -> (Shard, Vec<Effect>) {
        let undecided = |seat: &Seat| matches!(seat.verdict, Some(Verdict::Differs | Verdict::Disputing));
        if audit.seats.iter().any(undecided) {
            return (Shard { phase: Phase::Disputed { deal, commitment, audit, by }, ..self.clone() }, effects);
        }
        effects.extend(release(&audit));
        self.redraw(deal, commitment, effects, period)
    }
}

/// What a worker that lost a dispute or fell silent loses. Everybody else is free, but for what answers for a confirmation.
fn offence_of_worker(deal: &Deal, audit: &Audit, kind: OffenceKind, reporter: Option<Account>) -> Vec<Effect> {
    let worker = Effect::Offence { kind, offender: deal.worker, locked: deal.collateral, reporter };
    let free = audit.seats.iter().filter_map(|seat| match seat.verdict {
        Some(Verdict::Refuted) => None,
        Some(Verdict::Matches) => free_beyond_liability(seat),
        _ => Some(Effect::ReleaseAuditor(seat.auditor, seat.bond)),
    });
    core::iter::once(worker).chain(free).chain([Effect::CloseDisputes]).collect()
}

/// What of a seat's bond is free once it has confirmed a result.
fn free_beyond_liability(seat: &Seat) -> Option<Effect> {
    let free = seat.bond.saturating_sub(seat.liability);
    (free > 0).then_some(Effect::ReleaseAuditor(seat.auditor, free))
}

fn fine(kind: OffenceKind, seat: &Seat) -> Effect {
    Effect::Offence { kind, offender: seat.auditor, locked: seat.bond, reporter: None }
}

pub(super) fn release(audit: &Audit) -> Vec<Effect> {
    let held = audit.seats.iter().filter(|seat| seat.verdict != Some(Verdict::Refuted));
    held.map(|seat| Effect::ReleaseAuditor(seat.auditor, seat.bond)).collect()
}

/// What validators of an audit have confirmed: from now on their bonds answer for it.
fn confirmed(audit: Audit) -> Confirmed {
    let confirming = audit.seats.iter().filter(|seat| seat.verdict == Some(Verdict::Matches));
    let liable = confirming.map(|seat| Liable {
        auditor: seat.auditor,
        bond: seat.bond.min(seat.liability),
        from_inputs: seat.from_inputs,
        accuser: None,
    });
    Confirmed { liable: BoundedVec::truncate_from(liable.collect()), sample: audit.sample }
}

/// The audit with validators in its vacant seats, who have the same time as the first ones had. Whoever sat there and has not
/// sealed yet has it too.
fn filled(mut audit: Audit, sample: &[u32], seats: Vec<Seat>, height: Height) -> Result<Audit, ShardError> {
    let is_new = seats.iter().all(|seat| !audit.has_seat(&seat.auditor));
    if *sample != *audit.sample || seats.len() as u32 != audit.vacancies() || !is_new {
        return Err(ShardError::BadDraw);
    }
    // Where too few others are left, somebody who has left is drawn again.
    audit.left.retain(|who| seats.iter().all(|seat| seat.auditor != *who));
    audit.seats.try_extend(seats.into_iter()).map_err(|_| ShardError::BadDraw)?;
    audit.drawn_at = height;
    audit.demand = Demand::None;
    Ok(audit)
}

fn seat<'a>(audit: &'a mut Audit, who: &Account) -> Result<&'a mut Seat, ShardError> {
    audit.seats.iter_mut().find(|seat| seat.auditor == *who).ok_or(ShardError::NotYours)
}

fn demand(audit: &mut Audit, who: &Account, height: Height, by: Height, answer_by: Height) -> Result<(), ShardError> {
    seat(audit, who)?;
    in_time(height, by)?;
    if audit.demand != Demand::None {
        return Err(ShardError::Duplicate);
    }
    audit.demand = Demand::Owed(answer_by);
    Ok(())
}

fn answer(audit: &mut Audit, height: Height) -> Result<(), ShardError> {
    match audit.demand {
        Demand::Owed(by) => in_time(height, by)?,
        Demand::None => return Err(ShardError::WrongPhase),
        Demand::Answered => return Err(ShardError::Duplicate),
    }
    audit.demand = Demand::Answered;
    Ok(())
}

fn owed(expected: &Account, who: &Account, height: Height, by: Height) -> Result<(), ShardError> {
    if expected != who {
        return Err(ShardError::NotYours);
    }
    in_time(height, by)
}

pub(super) fn in_time(height: Height, by: Height) -> Result<(), ShardError> {
    if height > by {
        return Err(ShardError::TooLate);
    }
    Ok(())
}

pub(super) fn due(height: Height, by: Height) -> Result<(), ShardError> {
    if height <= by {
        return Err(ShardError::NothingDue);
    }
    Ok(())
}

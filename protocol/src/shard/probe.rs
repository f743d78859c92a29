// SPDX-License-Identifier: Apache-2.0
//! Inputs that nobody seems to serve: drawn validators say whether they can fetch them.
//!
//! That bytes were not served cannot be proven on chain, so what is said here takes no stake and decides nothing about a result.
//! One that has the inputs is enough for the shard to go on; all of them together pause the job, and only then is a worker paid
//! for a result that nobody could audit.

use super::{
    step::{due, in_time, release},
    *,
};
use alloc::vec;

/// Most workers that are remembered for having declined a shard.
pub const MAX_DECLINES: u32 = 8;
/// Most workers whose declining is still to be judged, the last ones: each is a read and a write when the shard is accepted.
pub const MAX_UNJUDGED: u32 = 4;
/// Most results of a shard that are paid although nobody could audit them: each pauses the job, and the one after the last pause ends it.
/// [`Params::check`] sees to it that there are no more.
pub const MAX_COMPENSATED: u32 = 8;
/// Most times that one of the drawn validators has the inputs of a commitment of which others said that they are missing. Then it
/// is given up unpaid, as one whose audits are spoiled otherwise: nobody may hold it for ever.
pub const MAX_PROBES: u8 = 2;
/// Most rounds of draws that silence spoils. Then nothing is known, and the shard goes on as if nobody had been asked.
pub const MAX_PROBE_ROUNDS: u8 = 3;

/// The seat of a validator that says whether it can fetch the inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct ProbeSeat {
    /// The validator.
    pub auditor: Account,
    /// What of its bond is locked: for its silence, never for its word.
    pub bond: Balance,
    /// Whether it said that it cannot.
    pub missing: bool,
}

impl ProbeSeat {
    /// A seat whose validator has said nothing.
    pub fn new(auditor: Account, bond: Balance) -> Self {
        Self { auditor, bond, missing: false }
    }
}

/// What drawn validators say about the inputs of a shard.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Probe {
    /// Those who sit.
    pub seats: BoundedVec<ProbeSeat, ConstU32<MAX_AUDITORS>>,
    /// How many have to say that the inputs are missing, for that to be so.
    pub needed: u8,
    /// Rounds that silence has spoiled.
    pub rounds: u8,
    /// Height of the last draw.
    pub drawn_at: Height,
    /// Those who had a seat and were silent.
    pub left: BoundedVec<Account, ConstU32<MAX_LEFT>>,
}

impl Probe {
    fn new(params: &Params) -> Self {
        let (seats, left) = (BoundedVec::new(), BoundedVec::new());
        Self { seats, needed: params.probe_seats, rounds: 0, drawn_at: 0, left }
    }

    /// Seats that the next draw fills.
    pub fn vacancies(&self) -> u32 {
        u32::from(self.needed).saturating_sub(self.seats.len() as u32)
    }

    /// Whether an account sits.
    pub fn has_seat(&self, who: &Account) -> bool {
        self.seats.iter().any(|seat| seat.auditor == *who)
    }

    fn release(&self) -> Vec<Effect> {
        self.seats.iter().map(|seat| Effect::ReleaseAuditor(seat.auditor, seat.bond)).collect()
    }
}

/// A commitment that waits for the word of drawn validators. Its audit stays as it is: whoever sits keeps its seat and its seal.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Work {
    /// The deal.
    pub deal: Deal,
    /// The commitment.
    pub commitment: Commitment,
    /// The audit that came to nothing.
    pub audit: Audit,
}

impl Shard {
    /// Whether a validator may not be asked about the inputs: it has a part in the audit that came to nothing, or had, or was
    /// silent before. Who confirms a claim must be somebody else than who made it.
    pub fn is_biased(&self, who: &Account) -> bool {
        let audit = self
            .audit()
            .is_some_and(|audit| audit.has_seat(who) || audit.left.contains(who) || audit.without_inputs.contains(who));
        audit || self.probe().is_some_and(|probe| probe.has_seat(who) || probe.left.contains(who))
    }

    /// A worker could not fetch the inputs, as it says. Whether that is so, nobody knows yet: it costs nothing but a rest until
    /// the shard is accepted from somebody else.
    pub(super) fn declined(&self, deal: Deal, period: Height, params: &Params) -> (Shard, Vec<Effect>) {
        let mut declined = self.declined.clone();
        if !declined.contains(&deal.worker) {
            // Where there is no room there are enough.
            let _ = declined.try_push(deal.worker);
        }
        let is_enough = declined.len() >= usize::from(params.declines_before_probe);
        let mut unjudged = self.unjudged.clone();
        unjudged.retain(|who| *who != deal.worker);
        if unjudged.is_full() {
            unjudged.remove(0);
        }
        // There is room: it was made.
        let _ = unjudged.try_push(deal.worker);
        let declining = Shard { declined, unjudged, ..self.requeued() };
        let worker = deal.worker;
        let mut effects = vec![Effect::ReleaseWorker(deal), Effect::Declined(worker)];
        if is_enough {
            return declining.doubted(None, effects, period, params);
        }
        effects.push(Effect::Requeue);
        (declining, effects)
    }

    /// The shard with nobody left who is blamed for having declined it in vain, and what `effect` makes of those who were, but for `worker`.
    pub(super) fn judged(&self, worker: Option<&Account>, effect: fn(Account) -> Effect) -> (Shard, Vec<Effect>) {
        let others = self.unjudged.iter().filter(|who| Some(*who) != worker);
        let effects = others.copied().map(effect).collect();
        (Shard { unjudged: BoundedVec::new(), ..self.clone() }, effects)
    }

    /// Has validators asked whether they can fetch the inputs.
    pub(super) fn doubted(
        &self,
        work: Option<Work>,
        mut effects: Vec<Effect>,
        period: Height,
        params: &Params,
    ) -> (Shard, Vec<Effect>) {
        effects.push(Effect::Doubt);
        let phase = Phase::Doubted { work, probe: Probe::new(params), period: period.saturating_add(1) };
        (Shard { phase, unseated_since: None, ..self.clone() }, effects)
    }

    /// Applies an event while validators are asked.
    pub(super) fn in_probe(&self, event: Event, now: Moment, period: Height, params: &Params) -> Step {
        let (height, reached) = (now.height, now.reached());
        match (self.phase.clone(), event) {
            (Phase::Doubted { work, mut probe, period: drawn_by }, Event::Probe(seats)) => {
                let is_new = seats.iter().all(|seat| !self.is_biased(&seat.auditor) && !seat.missing);
                if period <= drawn_by || seats.len() as u32 != probe.vacancies() || !is_new {
                    return Err(ShardError::BadDraw);
                }
                probe.seats.try_extend(seats.into_iter()).map_err(|_| ShardError::BadDraw)?;
                probe.drawn_at = height;
                let by = height.saturating_add(self.probe_blocks(params));
                let phase = Phase::Probing { work, probe, by };
                Ok((Shard { phase, unseated_since: None, ..self.clone() }, vec![]))
            }
            (Phase::Doubted { work, probe, period: drawn_by }, Event::Unseated) => {
                if period <= drawn_by {
                    return Err(ShardError::BadDraw);
                }
                let since = self.unseated_since.unwrap_or(height);
                if height >= since.saturating_add(self.seat_blocks(params)) {
                    return Ok(self.undecided(work, &probe, vec![]));
                }
                let phase = Phase::Doubted { work, probe, period: period.saturating_add(1) };
                Ok((Shard { phase, unseated_since: Some(since), ..self.clone() }, vec![]))
            }
            (Phase::Probing { work, mut probe, by }, Event::Inputs { by: who, available }) => {
                let seat = probe.seats.iter_mut().find(|seat| seat.auditor == who).ok_or(ShardError::NotYours)?;
                in_time(reached, by)?;
                if seat.missing {
                    return Err(ShardError::Duplicate);
                }
                if available {
                    return Ok(self.found(work, &probe, who, period));
                }
                seat.missing = true;
                if probe.seats.iter().all(|seat| seat.missing) {
                    return Ok(self.missing(work, &probe, period));
                }
                Ok((Shard { phase: Phase::Probing { work, probe, by }, ..self.clone() }, vec![]))
            }
            (Phase::Probing { work, mut probe, by }, Event::Expire) => {
                due(reached, by)?;
                let mut effects = Vec::new();
                for seat in probe.seats.iter().filter(|seat| !seat.missing) {
                    let (offender, locked) = (seat.auditor, seat.bond);
                    effects.push(Effect::Offence { kind: OffenceKind::AuditNoShow, offender, locked, reporter: None });
                    // Three rounds of eight seats could be silent; those of the last one are drawn last.
                    if probe.left.is_full() {
                        probe.left.remove(0);
                    }
                    let _ = probe.left.try_push(offender);
                }
                probe.seats.retain(|seat| seat.missing);
                probe.rounds = probe.rounds.saturating_add(1);
                if probe.rounds >= MAX_PROBE_ROUNDS {
                    return Ok(self.undecided(work, &probe, effects));
                }
                let phase = Phase::Doubted { work, probe, period: period.saturating_add(1) };
                Ok((Shard { phase, ..self.clone() }, effects))
            }
            (_, Event::Expire) => Err(ShardError::NothingDue),
            _ => Err(ShardError::WrongPhase),
        }
    }

    /// Somebody says that it has the inputs: the shard goes on where it was. One word refutes nobody.
    fn found(&self, work: Option<Work>, probe: &Probe, who: Account, period: Height) -> (Shard, Vec<Effect>) {
        let mut effects = probe.release();
        effects.push(Effect::InputsFound(who));
        let Some(work) = work else {
            effects.push(Effect::Requeue);
            return (Shard { holder: Some(who), ..self.queued_again() }, effects);
        };
        (Shard { holder: Some(who), ..self.audited_further(work, period) }, effects)
    }

    /// Nobody has the inputs: it is the requester's turn. A commitment of which all seats but one had sealed an answer is paid:
    /// so many had the inputs and ran it. Any other one waits for its audit: nothing shows that its worker computed anything, and
    /// an honest one has it audited when the inputs are served again.
    fn missing(&self, work: Option<Work>, probe: &Probe, period: Height) -> (Shard, Vec<Effect>) {
        let mut effects = probe.release();
        let (judged, confirmed) = self.judged(None, Effect::DeclineConfirmed);
        effects.extend(confirmed);
        let Some(work) = work else {
            effects.extend([Effect::InputsMissing, Effect::Requeue]);
            return (judged.queued_again(), effects);
        };
        let sealed = work.audit.seats.iter().filter(|seat| seat.seal.is_some());
        let auditors: Vec<Account> = sealed.map(|seat| seat.auditor).collect();
        let needed = work.audit.needed;
        if auditors.is_empty() || auditors.len().saturating_add(1) < usize::from(needed) {
            effects.push(Effect::InputsMissing);
            return (judged.audited_further(work, period), effects);
        }
        let Work { deal, commitment, audit } = work;
        let worker = deal.worker;
        let mut compensated = self.compensated.clone();
        // There is room.
        let _ = compensated.try_push((self.attempt, commitment.root));
        effects.extend(release(&audit));
        effects.extend([
            Effect::ReleaseWorker(deal.clone()),
            Effect::Compensate { deal, auditors, needed },
            Effect::Unaudited(worker),
            Effect::CloseDisputes,
            Effect::InputsMissing,
            Effect::Requeue,
        ]);
        (Shard { compensated, ..judged.requeued() }, effects)
    }

    /// The commitment with its audit: whoever sits keeps its seat and its seal.
    fn audited_further(&self, work: Work, period: Height) -> Shard {
        let Work { deal, commitment, mut audit } = work;
        audit.without_inputs.clear();
        let phase = Phase::Committed { deal, commitment, period: period.saturating_add(1), held: Some(audit) };
        let probes = self.probes.saturating_add(1);
        Shard { phase, probes, rounds: 0, unseated_since: None, ..self.clone() }
    }

    /// Nobody knows: the shard goes on as if nobody had been asked.
    fn undecided(&self, work: Option<Work>, probe: &Probe, mut effects: Vec<Effect>) -> (Shard, Vec<Effect>) {
        effects.extend(probe.release());
        let Some(Work { deal, audit, .. }) = work else {
            effects.push(Effect::Requeue);
            return (self.queued_again(), effects);
        };
        effects.extend(release(&audit));
        self.unaudited(deal, effects)
    }

    /// The shard in the queue. The worker's declining has counted as an attempt.
    fn queued_again(&self) -> Shard {
        Shard { phase: Phase::Queued, declined: BoundedVec::new(), unseated_since: None, ..self.clone() }
    }
}

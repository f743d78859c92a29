// SPDX-License-Identifier: Apache-2.0
//! The validator: audit, seal, check what the worker shows, reveal, prosecute what differs, and take the place of a worker that
//! it convicted where all validators ran the whole shard.

use super::{prosecution::Prosecutions, *};
use quern_primitives::commitment::{audit_seal, results_digest};
use quern_protocol::shard::{Adoption, Audit, Demand, Phase, Probe, Seat, Verdict};

/// The validator's core.
#[derive(Debug)]
pub struct Validator {
    me: Account,
    best: Height,
    pending: Pending,
    missing: Missing,
    seals: HashMap<Attempt, Sealed>,
    results: HashMap<Attempt, ShownResults>,
    held: HashSet<Attempt>,
    prosecutions: Prosecutions,
    /// Attempts whose inputs it is asked for, and those whose inputs it has.
    asked: HashMap<Attempt, Round>,
    fetched: HashSet<Attempt>,
    /// What it owes for results that it adopted: all that their worker would.
    adopted: Worker,
}

impl Validator {
    /// A validator that has sealed these answers, been shown these results, and adopted these results, before.
    pub fn new(
        me: Account,
        seals: impl IntoIterator<Item = (Attempt, Sealed)>,
        results: impl IntoIterator<Item = (Attempt, ShownResults)>,
        promises: impl IntoIterator<Item = (Attempt, Promise)>,
    ) -> Self {
        Self {
            me,
            best: 0,
            pending: Pending::default(),
            missing: Missing::default(),
            seals: seals.into_iter().collect(),
            results: results.into_iter().collect(),
            held: HashSet::new(),
            prosecutions: Prosecutions::default(),
            asked: HashMap::new(),
            fetched: HashSet::new(),
            adopted: Worker::new(me, promises),
        }
    }

    /// Takes in what happened and says what to do next.
    pub fn on(&mut self, event: Event) -> Vec<Action> {
        if let Event::Block { best, finalized, views, served } = &event {
            let mut actions = self.adopted.block(*best, *finalized, views, served);
            actions.extend(self.block(*best, *finalized, views, served));
            return actions;
        }
        let actions = self.adopted.on(event.clone());
        self.take_in(event);
        actions
    }

    /// Takes in what was done.
    fn take_in(&mut self, event: Event) {
        let step = |attempt, drawn_at, step| Subject::Shard(Round { attempt, drawn_at }, step);
        match event {
            Event::Audited(attempt, sealed) => {
                self.pending.done(step(attempt, sealed.sampled_at, "audit"));
                self.pending.done(step(attempt, sealed.sampled_at, "rerun"));
                // One sample, one answer: the first one may be sealed already.
                if self.seals.get(&attempt).is_none_or(|kept| kept.sampled_at != sealed.sampled_at) {
                    self.seals.insert(attempt, sealed);
                }
            }
            Event::Checked(attempt, shown) => {
                self.pending.done(step(attempt, shown.drawn_at, "check"));
                self.results.insert(attempt, shown);
            }
            Event::Prosecuted(id, dispute, prosecution) => {
                self.pending.done(Subject::Dispute(id, dispute.by, "prosecute"));
                self.prosecutions.take_in(id, dispute, prosecution);
            }
            Event::Held(attempt) => {
                self.pending.done(step(attempt, 0, "hold"));
                self.held.insert(attempt);
            }
            Event::Executed(attempt, _) => self.pending.done(step(attempt, 0, "keep")),
            Event::Fetched(attempt) => {
                if let Some(round) = self.asked.get(&attempt) {
                    self.pending.done(Subject::Shard(*round, "fetch"));
                    self.fetched.insert(attempt);
                }
            }
            Event::Failed(subject) => self.pending.failed(subject, self.best),
            Event::Block { .. } | Event::Shown(..) | Event::Defended(..) | Event::Traced(_) => {}
            Event::Compared(..) | Event::Recomputed(..) | Event::LeafShown(..) => {}
        }
    }

    fn block(&mut self, best: Height, finalized: Height, views: &[ShardView], served: &[Shard]) -> Vec<Action> {
        self.best = best;
        let (mut out, mut delivered) = (Vec::new(), Vec::new());
        for view in views {
            let seat = |audit: &Audit| audit.seats.iter().find(|seat| seat.auditor == self.me).cloned();
            match (&view.shard.phase, view.shard.audit().and_then(seat)) {
                (Phase::Auditing { audit, by, .. }, Some(seat)) if audit.drawn_at <= finalized => {
                    self.audit(view, audit, &seat, *by, &mut out)
                }
                (Phase::Comparing { audit, by, .. }, Some(seat)) => self.compare(view, audit, &seat, *by, &mut out),
                (Phase::Disputed { audit, .. }, Some(seat)) => self.dispute(view, audit, &seat, &mut out),
                (Phase::Probing { probe, by, .. }, _) => self.probe(view, probe, *by, &mut out),
                (Phase::Adopting { adoption, .. }, _) => self.adopt(view, adoption, &mut out),
                _ => self.hold(&view.shard, &mut delivered, &mut out),
            }
        }
        for shard in served {
            self.hold(shard, &mut delivered, &mut out);
        }
        for chunk in delivered.chunks(16) {
            out.push(Action::Submit(Call::Acknowledge(chunk.to_vec())));
        }
        self.forget(&Live::of(views, served), finalized, &mut out);
        out
    }

    /// Who has audited an accepted shard holds and serves its outputs, and says so while nobody has.
    fn hold(&mut self, shard: &Shard, delivered: &mut Vec<ShardId>, out: &mut Vec<Action>) {
        // What it adopted it serves as its worker.
        if !shard.may_confirm_delivery(&self.me) {
            return;
        }
        let (round, best) = (Round::of(shard), self.best);
        if self.held.contains(&round.attempt) {
            let waits = shard.window().is_some_and(|window| !window.delivered);
            if waits && self.pending.start(Subject::Shard(round, "acknowledge"), best, RESEND_BLOCKS) {
                delivered.push(shard.id);
            }
        } else if self.pending.start(Subject::Shard(round, "hold"), best, UNTIL_REPORTED) {
            out.push(Action::Hold(round.attempt));
        }
    }

    fn audit(&mut self, view: &ShardView, audit: &Audit, seat: &Seat, by: Height, out: &mut Vec<Action>) {
        let (id, round, best) = (view.shard.id, Round::of(&view.shard), self.best);
        if seat.seal.is_some() {
            return;
        }
        if let Some(sealed) = self.sealed(view, audit) {
            let opened = audit.opened.unwrap_or_default();
            let seal = audit_seal(&sealed.salt, &self.me, &id, &opened, &results_digest(&id, &sealed.ids));
            return self.pending.submit(round, Call::CommitAudit(id, seal), best, out);
        }
        let subject = Subject::Shard(Round::of_sample(&view.shard), if seat.from_inputs { "rerun" } else { "audit" });
        // Ids can be demanded on chain, bytes cannot: the tasks are run from their inputs then, and who has not got these either
        // makes room for others. In time even when the own device is too slow, because silence is fined and a claim is not.
        let gives_up = self.pending.failures(subject) >= CLAIM_AFTER;
        if gives_up || best.saturating_add(CLAIM_MARGIN_BLOCKS) >= by {
            return self.pending.submit(round, Call::ClaimUnavailable(id, seat.from_inputs), best, out);
        }
        let opened = !seat.from_inputs && !view.shard.opened_positions().is_empty();
        if opened && audit.demand == Demand::None && self.pending.demands(subject, best, by) {
            self.pending.submit(round, Call::DemandOpening(id), best, out);
        }
        if self.pending.start(subject, best, UNTIL_REPORTED) {
            let view = view.clone();
            out.push(if seat.from_inputs { Action::Rerun(view) } else { Action::Audit(view) });
        }
    }

    /// Whoever is asked for the inputs fetches them, and says in time whether it has them: its word costs nothing, its silence does.
    fn probe(&mut self, view: &ShardView, probe: &Probe, by: Height, out: &mut Vec<Action>) {
        let (id, attempt, round, best) = (view.shard.id, Attempt::of(&view.shard), Round::of(&view.shard), self.best);
        if !probe.seats.iter().any(|seat| seat.auditor == self.me && !seat.missing) {
            return;
        }
        self.asked.insert(attempt, round);
        if self.fetched.contains(&attempt) {
            return self.pending.submit(round, Call::ReportInputs(id, true), best, out);
        }
        let fetch = Subject::Shard(round, "fetch");
        if self.pending.failures(fetch) >= DECLINE_AFTER || best.saturating_add(CLAIM_MARGIN_BLOCKS) >= by {
            return self.pending.submit(round, Call::ReportInputs(id, false), best, out);
        }
        if self.pending.start(fetch, best, UNTIL_REPORTED) {
            out.push(Action::FetchInputs(view.clone()));
        }
    }

    /// A match is revealed only after the worker's results are proven to be in its root: a digest alone could have been
    /// computed after the draw.
    fn compare(&mut self, view: &ShardView, audit: &Audit, seat: &Seat, by: Height, out: &mut Vec<Action>) {
        let (id, round, best) = (view.shard.id, Round::of(&view.shard), self.best);
        let Some(sealed) = self.sealed(view, audit).cloned() else { return };
        if seat.verdict.is_some() {
            return;
        }
        if self.shown(view, audit).is_some() {
            let digest = results_digest(&id, &sealed.ids);
            return self.pending.submit(round, Call::RevealAudit(id, sealed.salt, digest, false), best, out);
        }
        let subject = Subject::Shard(round, "check");
        let is_owed = self.pending.demands(subject, best, by) || self.pending.is_slow(subject, best, by);
        if audit.demand == Demand::None && is_owed {
            self.pending.submit(round, Call::DemandOpening(id), best, out);
        }
        if self.pending.start(subject, best, UNTIL_REPORTED) {
            out.push(Action::CheckResults(view.clone()));
        }
    }

    fn dispute(&mut self, view: &ShardView, audit: &Audit, seat: &Seat, out: &mut Vec<Action>) {
        let (round, best) = (Round::of(&view.shard), self.best);
        let Some(sealed) = self.sealed(view, audit).cloned() else { return };
        if seat.verdict == Some(Verdict::Differs) {
            match self.shown(view, audit) {
                Some(shown) => {
                    if let Some(call) = accusation(view, audit, &sealed, &shown) {
                        self.pending.submit(round, call, best, out);
                    }
                }
                None if self.pending.start(Subject::Shard(round, "check"), best, UNTIL_REPORTED) => {
                    out.push(Action::CheckResults(view.clone()))
                }
                None => {}
            }
        }
        self.prosecutions.play(&self.me, view, &mut self.pending, best, out);
    }

    /// Takes the place of the worker that it convicted.
    fn adopt(&mut self, view: &ShardView, adoption: &Adoption, out: &mut Vec<Action>) {
        if adoption.auditor != self.me {
            return;
        }
        let (id, attempt, round, best) = (view.shard.id, Attempt::of(&view.shard), Round::of(&view.shard), self.best);
        if let Some(Promise { ids, secret, .. }) = self.adopted.promise(attempt).cloned() {
            self.pending.submit(round, Call::AdoptResult(id, ids, secret), best, out);
        } else if self.seals.contains_key(&attempt)
            && self.pending.start(Subject::Shard(round, "keep"), best, UNTIL_REPORTED)
        {
            out.push(Action::Adopt(view.clone()));
        }
    }

    fn sealed(&self, view: &ShardView, audit: &Audit) -> Option<&Sealed> {
        self.seals.get(&Attempt::of(&view.shard)).filter(|sealed| sealed.sampled_at == audit.sampled_at)
    }

    /// What the worker has shown of its drawn results, to us or on chain; proven either way.
    fn shown(&self, view: &ShardView, audit: &Audit) -> Option<ShownResults> {
        if !view.answered.is_empty() {
            return Some(ShownResults { drawn_at: audit.drawn_at, leaves: view.answered.clone() });
        }
        let shown = self.results.get(&Attempt::of(&view.shard));
        shown.filter(|shown| shown.drawn_at == audit.drawn_at).cloned()
    }

    fn forget(&mut self, live: &Live, finalized: Height, out: &mut Vec<Action>) {
        let kept = self.seals.iter().map(|(attempt, sealed)| (*attempt, sealed.sampled_at));
        for attempt in self.missing.over(kept, live, self.best, finalized) {
            self.seals.remove(&attempt);
            self.results.remove(&attempt);
            out.push(Action::Forget(attempt));
        }
        self.asked.retain(|attempt, _| live.attempts.contains(attempt));
        self.fetched.retain(|attempt| live.attempts.contains(attempt));
        self.held.retain(|attempt| live.attempts.contains(attempt));
        self.prosecutions.forget(live);
        self.pending.forget(live);
    }
}

/// The dispute on the first drawn segment that differs: its start is agreed, because it is either what was opened or the
/// end of a drawn segment that does not differ. Whoever has run the task from its inputs was shown no start; where it begins
/// to differ is searched for.
fn accusation(view: &ShardView, audit: &Audit, sealed: &Sealed, shown: &ShownResults) -> Option<Call> {
    let index = shown.leaves.iter().zip(&sealed.ids).position(|(leaf, mine)| leaf.id != *mine)?;
    let position = *audit.sample.get(index)?;
    let (_, segment) = view.shard.locate(position)?;
    let start = if segment == 0 || !sealed.tasks.is_empty() {
        None
    } else {
        let before = position.checked_sub(1)?;
        let drawn = audit.sample.iter().position(|drawn| *drawn == before).and_then(|index| shown.leaves.get(index));
        let opened = view.shard.opened_positions();
        let opened = opened.iter().position(|opened| *opened == before).and_then(|index| sealed.starts.get(index));
        Some(drawn.or(opened)?.clone())
    };
    Some(Call::OpenDispute(view.shard.id, position, start, shown.leaves.get(index)?.clone()))
}

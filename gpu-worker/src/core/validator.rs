// SPDX-License-Identifier: Apache-2.0
//! The validator: audit, seal, check what the worker shows, reveal, prosecute what differs, and accuse who confirmed it.

use super::{
    prosecution::{Accusations, Prosecutions, CHALLENGE_MARGIN_BLOCKS},
    since::Since,
    *,
};
use quern_primitives::commitment::{audit_seal, results_digest};
use quern_protocol::shard::{Accused, Audit, Demand, Liable, Phase, Probe, Seat, Verdict};

const CHECK: &str = "check";
const KEEP: &str = "keep shown";

/// What [`Action::CheckResults`] is, of this view.
pub(crate) fn checking(view: &ShardView) -> &'static str {
    if view.answered.is_empty() {
        CHECK
    } else {
        KEEP
    }
}

// What is not final yet is never audited: where the time presses, whoever has no answer claims.
const _: () = assert!(PRESSING_BLOCKS <= CLAIM_MARGIN_BLOCKS);

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
    /// Attempts in which another daemon of the account has sealed its own answer.
    foreign: HashSet<Attempt>,
    /// The results of each audit that waits for reveals, and the seals before them.
    revealed: Since,
    prosecutions: Prosecutions,
    accusations: Accusations,
    /// Whether it signs with the key of the stake: a hot key may not accuse.
    accuses: bool,
    /// Own ends, by leaf position, of segments of convicted shards that were run again from the inputs.
    recomputed: HashMap<(Attempt, u32), BlobId>,
    /// Attempts whose inputs it is asked for, and those whose inputs it has.
    asked: HashMap<Attempt, Round>,
    fetched: HashSet<Attempt>,
    /// Its moves where it is accused: those of any defendant.
    defence: Worker,
}

impl Validator {
    /// A validator that has sealed these answers and been shown these results before.
    pub fn new(
        me: Account,
        seals: impl IntoIterator<Item = (Attempt, Sealed)>,
        results: impl IntoIterator<Item = (Attempt, ShownResults)>,
    ) -> Self {
        Self {
            me,
            best: 0,
            pending: Pending::default(),
            missing: Missing::default(),
            seals: seals.into_iter().collect(),
            results: results.into_iter().collect(),
            held: HashSet::new(),
            foreign: HashSet::new(),
            revealed: Since::default(),
            prosecutions: Prosecutions::default(),
            accusations: Accusations::default(),
            accuses: true,
            recomputed: HashMap::new(),
            asked: HashMap::new(),
            fetched: HashSet::new(),
            defence: Worker::new(me, []),
        }
    }

    /// Accuses nobody: its key may not.
    pub fn without_accusing(self) -> Self {
        Self { accuses: false, ..self }
    }

    /// Takes in what happened and says what to do next.
    pub fn on(&mut self, event: Event) -> Vec<Action> {
        if let Event::Block { best, finalized, views, served } = &event {
            let mut actions = self.defence.block(*best, *finalized, views, served);
            actions.extend(self.block(*best, *finalized, views, served));
            return actions;
        }
        let actions = self.defence.on(event.clone());
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
                self.pending.done(step(attempt, shown.drawn_at, CHECK));
                self.pending.done(step(attempt, shown.drawn_at, KEEP));
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
            Event::Recomputed(attempt, position, id) => {
                self.pending.done(step(attempt, 0, "recompute"));
                self.recomputed.insert((attempt, position), id);
            }
            Event::Failed(subject) => self.pending.failed(subject, self.best),
            Event::Block { .. } | Event::Shown(..) | Event::Defended(..) | Event::Traced(_) => {}
            Event::Compared(..) | Event::LeafShown(..) => {}
            Event::Plants(_) | Event::Planned(..) | Event::Confirmed(_) | Event::Abandoned(_) => {}
        }
    }

    fn block(&mut self, best: Height, finalized: Height, views: &[ShardView], served: &[Shard]) -> Vec<Action> {
        self.best = best;
        let (mut out, mut delivered) = (Vec::new(), Vec::new());
        for view in views {
            let seat = |audit: &Audit| audit.seats.iter().find(|seat| seat.auditor == self.me).cloned();
            match (&view.shard.phase, view.shard.audit().and_then(seat)) {
                (Phase::Auditing { audit, by, .. }, Some(seat))
                    if audit.drawn_at <= finalized || is_pressing(best, *by) =>
                {
                    self.audit(view, audit, &seat, *by, &mut out)
                }
                (Phase::Comparing { audit, by, .. }, Some(seat)) => {
                    let seals: Vec<_> = audit.seats.iter().map(|seat| (seat.auditor, seat.seal)).collect();
                    let said = (audit.drawn_at, audit.results, seals);
                    // A worker that takes its results back could tell others once it knows ours.
                    let is_final = self.revealed.is_final(Attempt::of(&view.shard), said, best, finalized);
                    self.compare(view, audit, &seat, (*by, is_final), &mut out)
                }
                (Phase::Disputed { audit, .. }, Some(seat)) => self.dispute(view, audit, &seat, &mut out),
                (Phase::Probing { probe, by, .. }, _) => self.probe(view, probe, *by, &mut out),
                (Phase::Accused { accused, .. }, _) if accused.dissenting.contains(&self.me) => {
                    self.accuse(view, accused, &mut out)
                }
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
            return self.pending.submit(round, Call::CommitAudit(id, self.seal(id, audit, sealed)), best, out);
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
    fn compare(
        &mut self,
        view: &ShardView,
        audit: &Audit,
        seat: &Seat,
        (by, is_final): (Height, bool),
        out: &mut Vec<Action>,
    ) {
        let (id, round, best) = (view.shard.id, Round::of(&view.shard), self.best);
        let Some(sealed) = self.sealed(view, audit).cloned() else { return };
        if seat.verdict.is_some() || self.is_foreign(view, audit, seat, &sealed) {
            return;
        }
        if self.shown(view, audit).is_some() {
            if !is_final && !is_pressing(best, by) {
                return;
            }
            let digest = results_digest(&id, &sealed.ids);
            return self.pending.submit(round, Call::RevealAudit(id, sealed.salt, digest, false), best, out);
        }
        let subject = Subject::Shard(round, CHECK);
        let is_owed = self.pending.demands(subject, best, by) || self.pending.is_slow(subject, best, by);
        if audit.demand == Demand::None && is_owed {
            self.pending.submit(round, Call::DemandOpening(id), best, out);
        }
        self.check(view, out);
    }

    /// Has the worker's results fetched and checked. What it had to show on chain is only kept, also while a fetch is under way.
    fn check(&mut self, view: &ShardView, out: &mut Vec<Action>) {
        let subject = Subject::Shard(Round::of(&view.shard), checking(view));
        if self.pending.start(subject, self.best, UNTIL_REPORTED) {
            out.push(Action::CheckResults(view.clone()));
        }
    }

    fn dispute(&mut self, view: &ShardView, audit: &Audit, seat: &Seat, out: &mut Vec<Action>) {
        let (round, best) = (Round::of(&view.shard), self.best);
        let Some(sealed) = self.sealed(view, audit).cloned() else { return };
        if self.is_foreign(view, audit, seat, &sealed) {
            return;
        }
        if seat.verdict == Some(Verdict::Differs) {
            match self.shown(view, audit) {
                Some(shown) => {
                    if let Some(found) = difference(&view.shard, &audit.sample, &sealed, &shown) {
                        // Whoever has run the task from its inputs was shown no start; where it begins to differ is searched for.
                        let start = found.start.filter(|_| sealed.tasks.is_empty());
                        let call = Call::OpenDispute(view.shard.id, found.position, start, found.end);
                        self.pending.submit(round, call, best, out);
                    }
                }
                None => self.check(view, out),
            }
        }
        self.prosecutions.play(&self.me, view, &mut self.pending, best, out);
    }

    /// Accuses who confirmed the convicted result, of the first drawn segment that came out differently here.
    fn accuse(&mut self, view: &ShardView, accused: &Accused, out: &mut Vec<Action>) {
        let attempt = Attempt::of(&view.shard);
        let known = self.seals.get(&attempt).zip(self.results.get(&attempt));
        // What is known of an earlier draw is not about what they confirmed.
        let known = known.filter(|(sealed, shown)| shown.drawn_at >= sealed.sampled_at);
        let found = known.and_then(|(sealed, shown)| difference(&view.shard, &accused.confirmed.sample, sealed, shown));
        // Without the start there is nothing to begin a trace from.
        let starts = |found: &Difference| {
            found.start.is_some() || view.shard.locate(found.position).is_some_and(|(_, segment)| segment == 0)
        };
        if let Some(found) = found.filter(starts).filter(|_| self.accuses) {
            let knows_better = self.knows_better(view, accused, &found, out);
            let is_meant = |liable: &Liable| !liable.from_inputs || knows_better;
            self.accusations.play(&self.me, &view.shard, &found, is_meant, &mut self.pending, self.best, out);
        }
        self.prosecutions.play(&self.me, view, &mut self.pending, self.best, out);
    }

    /// Whether an auditor that ran the task from its inputs cannot have come to this end honestly. From a checkpoint that was opened wrong
    /// a right end differs too: only an own run from the inputs tells.
    fn knows_better(&mut self, view: &ShardView, accused: &Accused, found: &Difference, out: &mut Vec<Action>) -> bool {
        let before = found.start.as_ref().and(found.position.checked_sub(1));
        if before.is_none_or(|before| accused.confirmed.sample.contains(&before)) {
            return true;
        }
        let attempt = Attempt::of(&view.shard);
        if let Some(own) = self.recomputed.get(&(attempt, found.position)) {
            return *own != found.end.id;
        }
        let is_late = self.best.saturating_add(CHALLENGE_MARGIN_BLOCKS) > accused.by;
        let (subject, liable) = (Subject::Shard(Round::of(&view.shard), "recompute"), &accused.confirmed.liable);
        if !is_late
            && liable.iter().any(|liable| liable.from_inputs && liable.auditor != self.me)
            && self.pending.start(subject, self.best, UNTIL_REPORTED)
        {
            out.push(Action::Recompute(view.clone(), found.position));
        }
        false
    }

    /// The seal of an answer.
    fn seal(&self, id: ShardId, audit: &Audit, sealed: &Sealed) -> [u8; 32] {
        let opened = audit.opened.unwrap_or_default();
        audit_seal(&sealed.salt, &self.me, &id, &opened, &results_digest(&id, &sealed.ids))
    }

    /// Whether the seal on chain is not that of the own answer, so that whatever is sent about it fails. Warns of it once.
    fn is_foreign(&mut self, view: &ShardView, audit: &Audit, seat: &Seat, sealed: &Sealed) -> bool {
        let id = view.shard.id;
        let is_foreign = seat.seal.is_some_and(|seal| seal != self.seal(id, audit, sealed));
        if is_foreign && self.foreign.insert(Attempt::of(&view.shard)) {
            warn_of_another(&id, "seal");
        }
        is_foreign
    }

    fn sealed(&self, view: &ShardView, audit: &Audit) -> Option<&Sealed> {
        self.seals.get(&Attempt::of(&view.shard)).filter(|sealed| sealed.sampled_at == audit.sampled_at)
    }

    /// What the worker has shown of its drawn results, to us or on chain; proven either way, and kept: the chain drops it with the
    /// dispute, and who confirmed it can be accused afterwards.
    fn shown(&self, view: &ShardView, audit: &Audit) -> Option<ShownResults> {
        let shown = self.results.get(&Attempt::of(&view.shard)).filter(|shown| shown.drawn_at == audit.drawn_at)?;
        // A fork may bring other results than those that were shown.
        let ids: Vec<BlobId> = shown.leaves.iter().map(|leaf| leaf.id).collect();
        (audit.results == Some(results_digest(&view.shard.id, &ids))).then(|| shown.clone())
    }

    fn forget(&mut self, live: &Live, finalized: Height, out: &mut Vec<Action>) {
        let kept = self.seals.iter().map(|(attempt, sealed)| (*attempt, sealed.sampled_at));
        for attempt in self.missing.over(kept, live, self.best, finalized) {
            self.seals.remove(&attempt);
            self.results.remove(&attempt);
            out.push(Action::Forget(attempt));
        }
        self.foreign.retain(|attempt| live.attempts.contains(attempt));
        self.revealed.forget(live);
        self.asked.retain(|attempt, _| live.attempts.contains(attempt));
        self.fetched.retain(|attempt| live.attempts.contains(attempt));
        self.held.retain(|attempt| live.attempts.contains(attempt));
        self.prosecutions.forget(live);
        self.accusations.forget(live);
        self.recomputed.retain(|(attempt, _), _| live.attempts.contains(attempt));
        self.pending.forget(live);
    }
}

/// The first drawn segment that differs. Its start is agreed, because it is either what was opened or the end of a drawn segment
/// that does not differ; none where the segment has none, or whoever has run the task from its inputs was not shown it.
fn difference(shard: &Shard, sample: &[u32], sealed: &Sealed, shown: &ShownResults) -> Option<Difference> {
    let index = shown.leaves.iter().zip(&sealed.ids).position(|(leaf, mine)| leaf.id != *mine)?;
    let position = *sample.get(index)?;
    let (_, segment) = shard.locate(position)?;
    let end = shown.leaves.get(index)?.clone();
    if segment == 0 {
        return Some(Difference { position, start: None, end });
    }
    let before = position.checked_sub(1)?;
    let drawn = sample.iter().position(|drawn| *drawn == before).and_then(|index| shown.leaves.get(index));
    let opened = shard.starts_of(sample);
    let opened = opened.iter().position(|opened| *opened == before).and_then(|index| sealed.starts.get(index));
    let start = drawn.or(opened).cloned();
    (start.is_some() || !sealed.tasks.is_empty()).then_some(Difference { position, start, end })
}

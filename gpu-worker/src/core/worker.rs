// SPDX-License-Identifier: Apache-2.0
//! The worker: fetch, start, execute, commit, open, reveal, defend, publish.

use super::{since::Since, *};
use quern_primitives::commitment::{leaf_list, opened_digest, results_digest, secret_hash};
use quern_protocol::{
    dispute::Move,
    shard::{Demand, LeafDemand, Phase},
};

/// The worker's core.
#[derive(Debug)]
pub struct Worker {
    me: Account,
    best: Height,
    pending: Pending,
    missing: Missing,
    /// What each attempt is computed from.
    origins: Since,
    /// The seals of each audit that waits for results.
    seals: Since,
    fetched: HashSet<Attempt>,
    promises: HashMap<Attempt, Promise>,
    /// Attempts in which another daemon of the account has committed to its own result.
    foreign: HashSet<Attempt>,
    shown: HashSet<(Attempt, Stage)>,
    traced: HashSet<DisputeId>,
    defences: HashMap<DisputeId, (Box<Dispute>, Defence)>,
    planter: Option<Planter>,
}

impl Worker {
    /// A worker that has made these promises before.
    pub fn new(me: Account, promises: impl IntoIterator<Item = (Attempt, Promise)>) -> Self {
        Self {
            me,
            best: 0,
            pending: Pending::default(),
            missing: Missing::default(),
            origins: Since::default(),
            seals: Since::default(),
            fetched: HashSet::new(),
            promises: promises.into_iter().collect(),
            foreign: HashSet::new(),
            shown: HashSet::new(),
            traced: HashSet::new(),
            defences: HashMap::new(),
            planter: None,
        }
    }

    /// Plants errors too.
    pub fn planting(self, planter: Planter) -> Self {
        Self { planter: Some(planter), ..self }
    }

    /// Plants and decoys under way.
    pub fn plans(&self) -> usize {
        self.planter.as_ref().map_or(0, Planter::plans)
    }

    /// What was promised in an attempt.
    pub fn promise(&self, attempt: Attempt) -> Option<&Promise> {
        self.promises.get(&attempt)
    }

    /// Takes in what happened and says what to do next.
    pub fn on(&mut self, event: Event) -> Vec<Action> {
        let before_draw = |attempt| Round { attempt, drawn_at: 0 };
        if let Some(planter) = &mut self.planter {
            planter.take_in(&event);
        }
        match event {
            Event::Block { best, finalized, views, served } => return self.block(best, finalized, &views, &served),
            Event::Fetched(attempt) => {
                self.fetched.insert(attempt);
                self.pending.done(Subject::Shard(before_draw(attempt), "fetch"));
            }
            Event::Executed(attempt, promise) | Event::Planned(attempt, promise, _) => {
                self.promises.insert(attempt, promise);
                self.pending.done(Subject::Shard(before_draw(attempt), "execute"));
            }
            Event::Shown(attempt, stage) => {
                self.shown.insert((attempt, stage));
                self.pending.done(stage.subject(attempt));
            }
            Event::Defended(id, dispute, defence) => {
                self.pending.done(Subject::Dispute(id, dispute.by, "defend"));
                if matches!(defence, Defence::Trace(_) | Defence::Outline(_)) {
                    self.traced.insert(id);
                }
                self.defences.insert(id, (dispute, defence));
            }
            Event::Traced(id) => {
                self.traced.insert(id);
            }
            Event::Failed(subject) => self.pending.failed(subject, self.best),
            Event::Abandoned(attempt) => drop(self.promises.remove(&attempt)),
            Event::Audited(..) | Event::Checked(..) | Event::Prosecuted(..) | Event::Held(_) => {}
            Event::Compared(..) | Event::Recomputed(..) | Event::LeafShown(..) => {}
            Event::Plants(_) | Event::Confirmed(_) => {}
        }
        Vec::new()
    }

    pub(super) fn block(
        &mut self,
        best: Height,
        finalized: Height,
        views: &[ShardView],
        served: &[Shard],
    ) -> Vec<Action> {
        self.best = best;
        let mut out = Vec::new();
        let mut commits = Vec::new();
        let me = self.me;
        for view in views.iter().filter(|view| is_mine(&view.shard, &me)) {
            if self.is_foreign(&view.shard) {
                continue;
            }
            self.shard(view, finalized, &mut commits, &mut out);
        }
        // As a worker, or as an auditor that is accused.
        for view in views {
            if self.is_foreign(&view.shard) {
                continue;
            }
            for (id, dispute) in view.disputes.iter().filter(|(_, dispute)| dispute.worker == me) {
                self.dispute(view, *id, dispute, &mut out);
            }
        }
        // What was computed from a shard is judged by it, so it is served as long as the chain keeps it.
        for shard in served.iter().filter(|shard| is_mine(shard, &me)) {
            if self.is_foreign(shard) {
                continue;
            }
            self.publish(Attempt::of(shard), &mut out);
        }
        for chunk in commits.chunks(16) {
            out.push(Action::Submit(Call::Commit(chunk.to_vec())));
        }
        if let Some(planter) = &mut self.planter {
            out.extend(planter.block(best, views, served, &self.promises));
        }
        self.forget(&Live::of(views, served), finalized, &mut out);
        out
    }

    fn shard(
        &mut self,
        view: &ShardView,
        finalized: Height,
        commits: &mut Vec<(ShardId, BlobId, [u8; 32])>,
        out: &mut Vec<Action>,
    ) {
        let (id, attempt, round, best) = (view.shard.id, Attempt::of(&view.shard), Round::of(&view.shard), self.best);
        match &view.shard.phase {
            Phase::Assigned { by, .. } => {
                self.origins.is_final(attempt, &view.context, best, finalized);
                let fetch = Subject::Shard(round, "fetch");
                if self.fetched.contains(&attempt) {
                    self.pending.submit(round, Call::Start(id), best, out);
                } else if self.pending.declines(fetch, best, *by) {
                    self.pending.submit(round, Call::Decline(id), best, out);
                } else if self.pending.start(fetch, best, UNTIL_REPORTED) {
                    out.push(Action::FetchInputs(view.clone()));
                }
            }
            Phase::Running { by, .. } => {
                // Another fork may give the same attempt other inputs: an attempt gets one promise, so it is made of what is final.
                let is_final = self.origins.is_final(attempt, &view.context, best, finalized);
                match self.promises.get(&attempt) {
                    Some(_) if self.planter.as_ref().is_some_and(|planter| !planter.may_commit(attempt)) => {}
                    Some(promise) if self.pending.start(Subject::Shard(round, "commit"), best, RESEND_BLOCKS) => {
                        let commit = (id, promise.root, secret_hash(&promise.secret));
                        // One that comes too late takes those that are sent with it along.
                        if is_pressing(best, *by) {
                            out.push(Action::Submit(Call::Commit(vec![commit])));
                        } else {
                            commits.push(commit);
                        }
                    }
                    None if is_final && self.pending.start(Subject::Shard(round, "execute"), best, UNTIL_REPORTED) => {
                        let planned = self.planter.as_mut().and_then(|planter| planter.choose(view, best));
                        out.push(match planned {
                            Some((kind, deposit)) => Action::Plan(view.clone(), kind, deposit),
                            None => Action::Execute(view.clone()),
                        })
                    }
                    _ => {}
                }
            }
            Phase::Opening { audit, by, .. } => {
                let (stage, is_final) = (Stage::Opening(audit.drawn_at), audit.drawn_at <= finalized);
                if is_final && self.show(attempt, stage) {
                    out.push(Action::ShowOpening(view.clone()));
                }
                // The digest needs the promise alone. Who cannot be served may ask for the ids on chain; silence costs the collateral.
                if is_final && self.was_tried(attempt, stage) || is_pressing(best, *by) {
                    if let Some(ids) = self.ids(attempt, &view.shard.opened_positions()) {
                        self.pending.submit(round, Call::OpenCheckpoints(id, opened_digest(&id, &ids)), best, out);
                    }
                }
            }
            Phase::Auditing { audit, .. }
            | Phase::Revealing { audit, .. }
            | Phase::Comparing { audit, .. }
            | Phase::Disputed { audit, .. } => {
                let is_asked = matches!(view.shard.phase, Phase::Auditing { .. } | Phase::Comparing { .. });
                if is_asked && matches!(audit.demand, Demand::Owed(_)) {
                    if let Some(leaves) = self.leaves(attempt, &view.shard.demanded()) {
                        self.pending.submit(round, Call::AnswerOpening(id, leaves), best, out);
                    }
                }
                let is_revealing = matches!(view.shard.phase, Phase::Revealing { .. });
                // Who knows the results can seal them without having computed anything, so they are told when no fork can open the
                // seals again.
                let are_sealed = !is_revealing
                    || view
                        .shard
                        .expires()
                        .is_some_and(|expires| self.seals.is_final(attempt, (expires, &audit.seats), best, finalized));
                let (stage, is_final) = (Stage::Results(audit.drawn_at), audit.drawn_at <= finalized);
                // Who was drawn for a vacant seat begins here; but what is secret is shown to those of a final draw alone. What was
                // shown before a restart is shown again.
                if is_final && self.show(attempt, Stage::Opening(audit.drawn_at)) {
                    out.push(Action::ShowOpening(view.clone()));
                }
                let is_due = is_final && are_sealed && !matches!(view.shard.phase, Phase::Auditing { .. });
                if is_due && self.show(attempt, stage) {
                    out.push(Action::ShowResults(view.clone()));
                }
                let presses = view.shard.expires().is_some_and(|expires| is_pressing(best, expires.saturating_sub(1)));
                if is_revealing && (is_due && self.was_tried(attempt, stage) || presses) {
                    if let Some(ids) = self.ids(attempt, &audit.sample) {
                        self.pending.submit(round, Call::RevealResults(id, results_digest(&id, &ids)), best, out);
                    }
                }
            }
            Phase::Accepted { window, .. } => {
                self.publish(attempt, out);
                for LeafDemand { position, .. } in &window.demands {
                    let leaf = self.leaves(attempt, &[*position]).and_then(|mut leaves| leaves.pop());
                    let asked = Subject::Leaf(attempt, *position);
                    if let Some(leaf) = leaf.filter(|_| self.pending.start(asked, best, RESEND_BLOCKS)) {
                        out.push(Action::Submit(Call::AnswerLeaf(id, *position, leaf)));
                    }
                }
            }
            Phase::Settled { .. } | Phase::Overturned { .. } | Phase::Accused { .. } => self.publish(attempt, out),
            Phase::Queued | Phase::Committed { .. } => {}
            Phase::Doubted { .. } | Phase::Probing { .. } => {}
        }
    }

    fn dispute(&mut self, view: &ShardView, id: DisputeId, dispute: &Dispute, out: &mut Vec<Action>) {
        let best = self.best;
        let searches = matches!(dispute.turn, Move::Pick { .. });
        if searches {
            return;
        }
        if matches!(dispute.turn, Move::Name | Move::NamePart | Move::NameInPart { .. } | Move::Convict { .. }) {
            // Shown together with the trace; again after a restart.
            let subject = Subject::Dispute(id, dispute.by, "show trace");
            if !self.traced.contains(&id) && self.pending.start(subject, best, UNTIL_REPORTED) {
                out.push(Action::ShowTrace(view.clone(), id));
            }
            return;
        }
        match self.defences.get(&id) {
            Some((of, defence)) if **of == *dispute => {
                self.pending.play(id, dispute, Call::Defend(id, defence.clone()), best, out)
            }
            _ if self.pending.start(Subject::Dispute(id, dispute.by, "defend"), best, UNTIL_REPORTED) => {
                out.push(Action::Defend(view.clone(), id))
            }
            _ => {}
        }
    }

    /// Whether the result on chain is not the one that was promised here, so that whatever is sent about it fails. Warns of it once.
    fn is_foreign(&mut self, shard: &Shard) -> bool {
        let attempt = Attempt::of(shard);
        let (Some(promise), Some(result)) = (self.promises.get(&attempt), shard.commitment().or(shard.result())) else {
            return false;
        };
        let is_foreign = is_mine(shard, &self.me) && promise.root != result.root;
        if is_foreign && self.foreign.insert(attempt) {
            warn_of_another(&shard.id, "result");
        }
        is_foreign
    }

    fn publish(&mut self, attempt: Attempt, out: &mut Vec<Action>) {
        if self.show(attempt, Stage::Published) {
            out.push(Action::Publish(attempt));
        }
    }

    fn show(&mut self, attempt: Attempt, stage: Stage) -> bool {
        !self.shown.contains(&(attempt, stage))
            && self.promises.contains_key(&attempt)
            && self.pending.start(stage.subject(attempt), self.best, UNTIL_REPORTED)
    }

    /// Whether something was shown, or could not be.
    fn was_tried(&self, attempt: Attempt, stage: Stage) -> bool {
        self.shown.contains(&(attempt, stage)) || self.pending.failures(stage.subject(attempt)) > 0
    }

    fn ids(&self, attempt: Attempt, positions: &[u32]) -> Option<Vec<BlobId>> {
        let promise = self.promises.get(&attempt)?;
        positions.iter().map(|position| promise.ids.get(*position as usize).copied()).collect()
    }

    /// Leaf proofs at some positions of an own commitment.
    fn leaves(&self, attempt: Attempt, positions: &[u32]) -> Option<Vec<LeafProof>> {
        let promise = self.promises.get(&attempt)?;
        promise.leaf_proofs(&self.me, &attempt.shard, positions)
    }

    /// A shard that the chain no longer shows is over: nothing of it can be asked for any more.
    fn forget(&mut self, live: &Live, finalized: Height, out: &mut Vec<Action>) {
        let kept = self.promises.iter().map(|(attempt, promise)| (*attempt, promise.by));
        for attempt in self.missing.over(kept, live, self.best, finalized) {
            self.promises.remove(&attempt);
            self.shown.retain(|(of, _)| *of != attempt);
            out.push(Action::Forget(attempt));
        }
        self.foreign.retain(|attempt| live.attempts.contains(attempt));
        self.origins.forget(live);
        self.seals.forget(live);
        self.fetched.retain(|attempt| live.attempts.contains(attempt));
        self.traced.retain(|id| live.disputes.contains(id));
        self.defences.retain(|id, _| live.disputes.contains(id));
        self.pending.forget(live);
    }
}

impl Promise {
    /// The ids of a task of the shard.
    pub fn ids_of(&self, shard: &Shard, task: u32) -> Option<&[BlobId]> {
        let last = shard.output_position(task)?;
        let first = last.saturating_add(1).checked_sub(shard.segments_per_task())?;
        self.ids.get(first as usize..=last as usize)
    }

    /// Leaf proofs at some positions; none when a position does not exist.
    pub fn leaf_proofs(&self, worker: &Account, shard: &ShardId, positions: &[u32]) -> Option<Vec<LeafProof>> {
        let list = leaf_list(&self.secret, worker, shard, &self.ids);
        let proof = |position: &u32| {
            let id = self.ids.get(*position as usize)?;
            Some(LeafProof::new(&list, &self.secret, *position, *id))
        };
        positions.iter().map(proof).collect()
    }
}

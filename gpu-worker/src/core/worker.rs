// SPDX-License-Identifier: Apache-2.0
//! The worker: fetch, start, execute, commit, open, reveal, defend, publish.

use super::*;
use codec::Encode;
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
    /// What each attempt is computed from, and since which height that is so.
    origins: HashMap<Attempt, (BlobId, Height)>,
    fetched: HashSet<Attempt>,
    promises: HashMap<Attempt, Promise>,
    shown: HashSet<(Attempt, Stage)>,
    traced: HashSet<DisputeId>,
    defences: HashMap<DisputeId, (Box<Dispute>, Defence)>,
}

impl Worker {
    /// A worker that has made these promises before.
    pub fn new(me: Account, promises: impl IntoIterator<Item = (Attempt, Promise)>) -> Self {
        Self {
            me,
            best: 0,
            pending: Pending::default(),
            missing: Missing::default(),
            origins: HashMap::new(),
            fetched: HashSet::new(),
            promises: promises.into_iter().collect(),
            shown: HashSet::new(),
            traced: HashSet::new(),
            defences: HashMap::new(),
        }
    }

    /// What was promised in an attempt.
    pub fn promise(&self, attempt: Attempt) -> Option<&Promise> {
        self.promises.get(&attempt)
    }

    /// Takes in what happened and says what to do next.
    pub fn on(&mut self, event: Event) -> Vec<Action> {
        let before_draw = |attempt| Round { attempt, drawn_at: 0 };
        match event {
            Event::Block { best, finalized, views, served } => return self.block(best, finalized, &views, &served),
            Event::Fetched(attempt) => {
                self.fetched.insert(attempt);
                self.pending.done(Subject::Shard(before_draw(attempt), "fetch"));
            }
            Event::Executed(attempt, promise) => {
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
            Event::Audited(..) | Event::Checked(..) | Event::Prosecuted(..) | Event::Held(_) => {}
            Event::Compared(..) | Event::Recomputed(..) | Event::LeafShown(..) => {}
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
            self.shard(view, finalized, &mut commits, &mut out);
        }
        // As a worker, or as an auditor that is accused.
        for view in views {
            for (id, dispute) in view.disputes.iter().filter(|(_, dispute)| dispute.worker == me) {
                self.dispute(view, *id, dispute, &mut out);
            }
        }
        // What was computed from a shard is judged by it, so it is served as long as the chain keeps it.
        for shard in served.iter().filter(|shard| is_mine(shard, &me)) {
            self.publish(Attempt::of(shard), &mut out);
        }
        for chunk in commits.chunks(16) {
            out.push(Action::Submit(Call::Commit(chunk.to_vec())));
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
                self.is_final(view, finalized);
                let fetch = Subject::Shard(round, "fetch");
                if self.fetched.contains(&attempt) {
                    self.pending.submit(round, Call::Start(id), best, out);
                } else if self.pending.failures(fetch) >= DECLINE_AFTER
                    || best.saturating_add(START_MARGIN_BLOCKS) >= *by
                {
                    self.pending.submit(round, Call::Decline(id), best, out);
                } else if self.pending.start(fetch, best, UNTIL_REPORTED) {
                    out.push(Action::FetchInputs(view.clone()));
                }
            }
            Phase::Running { .. } => {
                // Another fork may give the same attempt other inputs: an attempt gets one promise, so it is made of what is final.
                let is_final = self.is_final(view, finalized);
                match self.promises.get(&attempt) {
                    Some(promise) if self.pending.start(Subject::Shard(round, "commit"), best, RESEND_BLOCKS) => {
                        commits.push((id, promise.root, secret_hash(&promise.secret)));
                    }
                    None if is_final && self.pending.start(Subject::Shard(round, "execute"), best, UNTIL_REPORTED) => {
                        out.push(Action::Execute(view.clone()))
                    }
                    _ => {}
                }
            }
            Phase::Opening { audit, .. } if audit.drawn_at <= finalized => {
                if self.show(attempt, Stage::Opening(audit.drawn_at)) {
                    out.push(Action::ShowOpening(view.clone()));
                }
                if self.shown.contains(&(attempt, Stage::Opening(audit.drawn_at))) {
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
                // Who was drawn for a vacant seat begins here; but what is secret is shown to those of a final draw alone.
                if audit.drawn_at > finalized {
                    return;
                }
                // What was shown before a restart is shown again.
                if self.show(attempt, Stage::Opening(audit.drawn_at)) {
                    out.push(Action::ShowOpening(view.clone()));
                }
                if matches!(view.shard.phase, Phase::Auditing { .. }) {
                    return;
                }
                let stage = Stage::Results(audit.drawn_at);
                if self.show(attempt, stage) {
                    out.push(Action::ShowResults(view.clone()));
                }
                let owes_results = matches!(view.shard.phase, Phase::Revealing { .. });
                if owes_results && self.shown.contains(&(attempt, stage)) {
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
            Phase::Queued | Phase::Committed { .. } | Phase::Opening { .. } | Phase::Adopting { .. } => {}
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

    /// Whether what the shard is computed from has stood for as long as it takes to be final.
    fn is_final(&mut self, view: &ShardView, finalized: Height) -> bool {
        let origin = BlobId::of(&view.context.encode());
        let known = self.origins.entry(Attempt::of(&view.shard)).or_insert((origin, self.best));
        if known.0 != origin {
            *known = (origin, self.best);
        }
        known.1 <= finalized
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
        self.origins.retain(|attempt, _| live.attempts.contains(attempt));
        self.fetched.retain(|attempt| live.attempts.contains(attempt));
        self.traced.retain(|id| live.disputes.contains(id));
        self.defences.retain(|id, _| live.disputes.contains(id));
        self.pending.forget(live);
    }
}

impl Promise {
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

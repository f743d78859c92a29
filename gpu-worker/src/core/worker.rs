// SPDX-License-Identifier: Apache-2.0
//! The worker: fetch, start, execute, commit, open, reveal, defend, publish.

use super::*;
use quern_primitives::commitment::{leaf_list, opened_digest, results_digest, secret_hash};
use quern_protocol::{
    dispute::Move,
    shard::{Demand, Phase},
};
use std::collections::HashSet;

/// The worker's core.
#[derive(Debug)]
pub struct Worker {
    me: Account,
    best: Height,
    pending: Pending,
    fetched: HashSet<Attempt>,
    promises: HashMap<Attempt, Promise>,
    shown: HashSet<(Attempt, Stage)>,
    defences: HashMap<DisputeId, (Height, Defence)>,
}

impl Worker {
    /// A worker that has made these promises before.
    pub fn new(me: Account, promises: impl IntoIterator<Item = (Attempt, Promise)>) -> Self {
        Self {
            me,
            best: 0,
            pending: Pending::default(),
            fetched: HashSet::new(),
            promises: promises.into_iter().collect(),
            shown: HashSet::new(),
            defences: HashMap::new(),
        }
    }

    /// Takes in what happened and says what to do next.
    pub fn on(&mut self, event: Event) -> Vec<Action> {
        match event {
            Event::Block { best, finalized, views } => return self.block(best, finalized, &views),
            Event::Fetched(attempt) => {
                self.fetched.insert(attempt);
                self.pending.done(Subject::Shard(attempt.shard, "fetch"));
            }
            Event::Executed(attempt, promise) => {
                self.promises.insert(attempt, promise);
                self.pending.done(Subject::Shard(attempt.shard, "execute"));
            }
            Event::Shown(attempt, stage) => {
                self.shown.insert((attempt, stage));
                self.pending.done(Subject::Shard(attempt.shard, "show"));
            }
            Event::Defended(dispute, by, defence) => {
                self.defences.insert(dispute, (by, defence));
                self.pending.done(Subject::Dispute(dispute, "defend"));
            }
            Event::Failed(subject) => self.pending.failed(subject, self.best),
            Event::Audited(..) | Event::Checked(..) | Event::Prosecuted(..) | Event::Held(_) => {}
        }
        Vec::new()
    }

    fn block(&mut self, best: Height, finalized: Height, views: &[ShardView]) -> Vec<Action> {
        self.best = best;
        let mut out = Vec::new();
        let mut commits = Vec::new();
        let me = self.me;
        for view in views.iter().filter(|view| is_mine(view, &me)) {
            self.shard(view, finalized, &mut commits, &mut out);
            for (id, dispute) in view.disputes.iter().filter(|(_, dispute)| dispute.owed_by() == &me) {
                if !matches!(dispute.turn, Move::Trace | Move::Output { .. }) {
                    continue;
                }
                match self.defences.get(id) {
                    Some((by, defence)) if *by == dispute.by => {
                        self.pending.submit(Call::Defend(*id, defence.clone()), best, &mut out)
                    }
                    _ if self.pending.start(Subject::Dispute(*id, "defend"), best, UNTIL_REPORTED) => {
                        out.push(Action::Defend(view.clone(), *id))
                    }
                    _ => {}
                }
            }
        }
        for chunk in commits.chunks(16) {
            out.push(Action::Submit(Call::Commit(chunk.to_vec())));
        }
        self.forget(views, &mut out);
        out
    }

    fn shard(
        &mut self,
        view: &ShardView,
        finalized: Height,
        commits: &mut Vec<(ShardId, BlobId, [u8; 32])>,
        out: &mut Vec<Action>,
    ) {
        let (id, attempt, best) = (view.shard.id, Attempt::of(&view.shard), self.best);
        match &view.shard.phase {
            Phase::Assigned { .. } => {
                if self.fetched.contains(&attempt) {
                    self.pending.submit(Call::Start(id), best, out);
                } else if self.pending.failures(Subject::Shard(id, "fetch")) >= DECLINE_AFTER {
                    self.pending.submit(Call::Decline(id), best, out);
                } else if self.pending.start(Subject::Shard(id, "fetch"), best, UNTIL_REPORTED) {
                    out.push(Action::FetchInputs(view.clone()));
                }
            }
            Phase::Running { .. } => match self.promises.get(&attempt) {
                Some(promise) => {
                    if self.pending.start(Subject::Shard(id, "commit"), best, RESEND_BLOCKS) {
                        commits.push((id, promise.root, secret_hash(&promise.secret)));
                    }
                }
                None if self.pending.start(Subject::Shard(id, "execute"), best, UNTIL_REPORTED) => {
                    out.push(Action::Execute(view.clone()))
                }
                None => {}
            },
            Phase::Opening { audit, .. } if audit.drawn_at <= finalized => {
                let stage = Stage::Opening(audit.drawn_at);
                if self.show(attempt, stage) {
                    out.push(Action::ShowOpening(view.clone()));
                }
                if self.shown.contains(&(attempt, stage)) {
                    if let Some(ids) = self.ids(attempt, &view.shard.opened_positions()) {
                        self.pending.submit(Call::OpenCheckpoints(id, opened_digest(&id, &ids)), best, out);
                    }
                }
            }
            Phase::Auditing { audit, .. } | Phase::Comparing { audit, .. }
                if matches!(audit.demand, Demand::Owed(_)) =>
            {
                if let Some(leaves) = self.leaves(attempt, &view.shard.demanded()) {
                    self.pending.submit(Call::AnswerOpening(id, leaves), best, out);
                }
            }
            // After a restart the drawn validators may still need to be shown what was opened.
            Phase::Auditing { audit, .. } => {
                if self.show(attempt, Stage::Opening(audit.drawn_at)) {
                    out.push(Action::ShowOpening(view.clone()));
                }
            }
            Phase::Revealing { audit, .. } => {
                let stage = Stage::Results(audit.drawn_at);
                if self.show(attempt, stage) {
                    out.push(Action::ShowResults(view.clone()));
                }
                if self.shown.contains(&(attempt, stage)) {
                    if let Some(ids) = self.ids(attempt, &audit.sample) {
                        self.pending.submit(Call::RevealResults(id, results_digest(&id, &ids)), best, out);
                    }
                }
            }
            Phase::Comparing { audit, .. } | Phase::Disputed { audit, .. } => {
                if self.show(attempt, Stage::Results(audit.drawn_at)) {
                    out.push(Action::ShowResults(view.clone()));
                }
            }
            Phase::Accepted { .. } => {
                if self.promises.contains_key(&attempt) && self.show(attempt, Stage::Published) {
                    out.push(Action::Publish(view.clone()));
                }
            }
            Phase::Queued | Phase::Committed { .. } | Phase::Opening { .. } => {}
        }
    }

    fn show(&mut self, attempt: Attempt, stage: Stage) -> bool {
        !self.shown.contains(&(attempt, stage))
            && self.promises.contains_key(&attempt)
            && self.pending.start(Subject::Shard(attempt.shard, "show"), self.best, UNTIL_REPORTED)
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
    fn forget(&mut self, views: &[ShardView], out: &mut Vec<Action>) {
        let live: HashSet<Attempt> = views.iter().map(|view| Attempt::of(&view.shard)).collect();
        let over = |attempt: &Attempt| !live.contains(attempt);
        let gone: Vec<Attempt> = self.promises.keys().copied().filter(over).collect();
        for attempt in gone {
            self.promises.remove(&attempt);
            out.push(Action::Forget(attempt));
        }
        self.fetched.retain(|attempt| live.contains(attempt));
        self.shown.retain(|(attempt, _)| live.contains(attempt));
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

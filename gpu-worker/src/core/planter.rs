// SPDX-License-Identifier: Apache-2.0
//! Planting: wrong results of which an account that nothing links to the worker has said so before, in a hash, and decoys that cover
//! them. A plan is kept before anything of it is posted, and a result is committed to only when its plant is final and that is kept
//! too: so a daemon that is killed at any step neither lies without a plant nor forgets one.

use super::{
    prosecution::{Accusations, Prosecutions, CHALLENGE_MARGIN_BLOCKS},
    *,
};
use codec::{Decode, Encode};
use quern_primitives::{
    plant::{decoy_hash, Plant},
    QRN,
};
use quern_protocol::{
    shard::{Phase, Window},
    Params,
};
use quern_sdk::chain::{amount::qrn, plants::PlantTerms, queue::Lifetime};

/// Blocks before the deadline of an execution at which nothing is planned any more: enough for a plant to be sent three times and to
/// become final, and for the shard to be run again where it does not.
pub const PLAN_MARGIN_BLOCKS: Height = 60;
/// Blocks that the commitment itself needs before that deadline, beside the time that the shard took to run.
pub const COMMIT_MARGIN_BLOCKS: Height = 20;
/// Blocks after which an opening that had no effect is sent again: the slash waits a few blocks on a development chain.
const REOPEN_BLOCKS: Height = 2;
/// Blocks after which a withdrawal that had no effect is tried again, twice as many each time: one that the chain refuses costs a fee.
const WITHDRAW_BLOCKS: Height = 32;
/// The most of them: a withdrawal is possible for some thousand blocks after the end of the job, until that is pruned.
const MAX_WITHDRAW_BLOCKS: Height = 256;
/// How often [`Shard::seat_blocks`], which is four rounds of audits of a whole shard, may pass until one is accepted or released: three
/// times for a first round and two for each of five validators in a row that claim at the last block, and once for a draw that finds nobody.
const AUDIT_TIMES: Height = 4;
/// Moves that one party has in the longest dispute.
const PARTY_MOVES: Height = 11;
/// Blocks for what does not follow the work of a shard: draws, probes, its window, the lag of deadlines, and an hour in which a slash waits
/// and a daemon may be away.
const EXPIRY_MARGIN_BLOCKS: Height = 7_200;
/// What is told once of a plant that is never given back.
const LOST: &str = "lost";
/// What the planting account keeps for fees.
pub const FEES: Balance = QRN;

/// What is planned with a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Kind {
    /// A wrong result.
    #[codec(index = 0)]
    Error,
    /// A right one, before which a decoy is posted.
    #[codec(index = 1)]
    Decoy,
}

/// How far a plan is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Progress {
    /// Its hash may have been sent.
    #[codec(index = 0)]
    Drafted,
    /// The hash stands in a final block.
    #[codec(index = 1)]
    Confirmed,
    /// It came too late: the shard is run as it should be.
    #[codec(index = 2)]
    Abandoned,
}

/// What is planned for one attempt at a shard.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Plan {
    /// What it is.
    pub kind: Kind,
    /// The shard root that is planned to be committed to.
    pub root: BlobId,
    /// 32 random bytes that open it.
    pub salt: [u8; 32],
    /// What the planting account holds for it.
    pub deposit: Balance,
    /// The deadline of the execution: nothing is posted from there on.
    pub by: Height,
    /// How far it is.
    pub progress: Progress,
}

impl Plan {
    /// What a plant of it says is wrong.
    pub fn result(&self, worker: Account, attempt: Attempt) -> PlantedResult {
        PlantedResult { shard: attempt.shard, attempt: attempt.attempt, worker, root: self.root }
    }

    /// What the planting account posts.
    pub fn hash(&self, planter: &Account, worker: Account, attempt: Attempt) -> [u8; 32] {
        match self.kind {
            Kind::Error => self.result(worker, attempt).hash(planter, &self.salt),
            Kind::Decoy => decoy_hash(planter, &self.salt),
        }
    }

    /// Whether the attempt's result is wrong on purpose.
    pub fn lies(&self) -> bool {
        self.kind == Kind::Error && self.progress != Progress::Abandoned
    }

    /// The last height at which a block may take what was sent for it, however far finality lagged then.
    fn may_be_taken_until(&self) -> Height {
        let longest = Lifetime::at(self.by, 0).blocks;
        self.by.saturating_add(Height::try_from(longest).unwrap_or(Height::MAX))
    }
}

/// What the chain says of the planting account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Height of the final block that [`posted`](Self::posted) and [`over`](Self::over) are about.
    pub finalized: Height,
    /// What the account can have held.
    pub spendable: Balance,
    /// What of its bond is not locked.
    pub free_bond: Balance,
    /// How many more plants and decoys it can post.
    pub places: u32,
    /// Whether the worker is an apprentice, whose results cannot be planted.
    pub is_apprentice: bool,
    /// What of the planned stands in the last final state, by hash.
    pub posted: HashMap<[u8; 32], Plant>,
    /// Hashes of what stands at the best block and in no final one yet.
    pub standing: HashSet<[u8; 32]>,
    /// Attempts that are never paid by the last final state, and for which no slash waits there.
    pub over: HashSet<Attempt>,
    /// Attempts of jobs that are pruned: the chain cannot tell any more whether they were paid, so what was planted is never given back.
    pub lost: HashSet<Attempt>,
    /// Slashes that wait at the best block, for results of this worker.
    pub slashes: Vec<(OffenceId, PlantedResult)>,
    /// Shards in which the planting account has something to do at the best block.
    pub views: Vec<ShardView>,
}

/// Which shards are planned: nobody can foresee it.
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    /// Of 100 shards, how many get a wrong result. As many of the others get a decoy, as far as there are: whoever sees a hash before a
    /// commitment is then right as often as not if it takes it for a plant.
    pub percent: u8,
    /// What the choice follows from.
    pub seed: [u8; 32],
}

impl Choice {
    /// What is done with an attempt.
    pub fn of(&self, attempt: Attempt) -> Option<Kind> {
        let mut hasher = blake3::Hasher::new_keyed(&self.seed);
        hasher.update(&(attempt.shard, attempt.attempt).encode());
        let [first, second, ..] = *hasher.finalize().as_bytes();
        // Of 65,536 draws: first the errors, then the decoys.
        let draw = u32::from(u16::from_le_bytes([first, second])) * 100;
        let errors = u32::from(self.percent.min(100));
        let decoys = errors.min(100 - errors);
        match draw >> 16 {
            draw if draw < errors => Some(Kind::Error),
            draw if draw < errors + decoys => Some(Kind::Decoy),
            _ => None,
        }
    }
}

/// Whether a result is never paid any more, as the chain decides it for a withdrawal: a shard that is gone was dropped, as long as its job
/// is kept.
pub fn is_void(shard: Option<&Shard>, is_job_kept: bool, result: &PlantedResult) -> bool {
    shard.map_or(is_job_kept, |shard| shard.never_pays(result))
}

/// A plan whose shard is still being run.
#[derive(Clone, Copy, Debug)]
struct Begun {
    at: Height,
    kind: Kind,
    deposit: Balance,
}

/// The planter's core: part of a worker's.
#[derive(Debug)]
pub struct Planter {
    me: Account,
    account: Account,
    choice: Choice,
    terms: PlantTerms,
    params: Params,
    best: Height,
    facts: Option<Facts>,
    plans: HashMap<Attempt, Plan>,
    /// Planned shards that are being run, and then how many blocks that took.
    began: HashMap<Attempt, Begun>,
    took: HashMap<Attempt, Height>,
    /// What must be free of the bond for what comes next of each planted error, as its shard stands.
    bonds: HashMap<Attempt, Balance>,
    pending: Pending,
    prosecutions: Prosecutions,
    accusations: Accusations,
}

impl Planter {
    /// The planter of the worker `me` with these plans, which plants from `account`.
    pub fn new(
        me: Account,
        account: Account,
        choice: Choice,
        terms: PlantTerms,
        params: Params,
        plans: impl IntoIterator<Item = (Attempt, Plan)>,
    ) -> Self {
        Self {
            me,
            account,
            choice,
            terms,
            params,
            best: 0,
            facts: None,
            plans: plans.into_iter().collect(),
            began: HashMap::new(),
            took: HashMap::new(),
            bonds: HashMap::new(),
            pending: Pending::default(),
            prosecutions: Prosecutions::default(),
            accusations: Accusations::default(),
        }
    }

    /// How many plans there are.
    pub(super) fn plans(&self) -> usize {
        self.plans.len()
    }

    /// Takes in what was done.
    pub(super) fn take_in(&mut self, event: &Event) {
        match event {
            Event::Plants(facts) => self.facts = Some(facts.clone()),
            Event::Planned(attempt, _, plan) => {
                if let Some(began) = self.began.remove(attempt) {
                    self.took.insert(*attempt, self.best.saturating_sub(began.at));
                }
                self.plans.insert(*attempt, plan.clone());
            }
            Event::Executed(attempt, _) => drop(self.began.remove(attempt)),
            Event::Confirmed(attempt) => self.progress(*attempt, Progress::Confirmed, "confirm"),
            Event::Abandoned(attempt) => self.progress(*attempt, Progress::Abandoned, "abandon"),
            Event::Prosecuted(id, dispute, next) => {
                self.pending.done(Subject::Dispute(*id, dispute.by, "prosecute"));
                self.prosecutions.take_in(*id, dispute.clone(), next.clone());
            }
            Event::Failed(subject) => {
                if let Subject::Shard(round, "execute") = subject {
                    self.began.remove(&round.attempt);
                }
                self.pending.failed(*subject, self.best)
            }
            _ => {}
        }
    }

    fn progress(&mut self, attempt: Attempt, progress: Progress, step: &'static str) {
        self.pending.done(Subject::Plant(attempt, step));
        if let Some(plan) = self.plans.get_mut(&attempt) {
            plan.progress = progress;
        }
    }

    /// What to do with a shard that is about to be run: nothing where the plant could not stand in time or would not stand long enough, is
    /// not allowed, or could not be held and seen through.
    pub(super) fn choose(&mut self, view: &ShardView, best: Height) -> Option<(Kind, Balance)> {
        let Phase::Running { deal, by } = &view.shard.phase else { return None };
        let (attempt, facts) = (Attempt::of(&view.shard), self.facts.as_ref()?);
        let is_coverable = !facts.is_apprentice && deal.collateral >= deal.price;
        if self.plans.contains_key(&attempt) || !is_coverable || best.saturating_add(PLAN_MARGIN_BLOCKS) >= *by {
            return None;
        }
        if !self.outlasts(&view.shard, *by, best) {
            return None;
        }
        let kind = self.choice.of(attempt)?;
        let deposit = self.terms.deposit(deal.collateral);
        // What is planned and does not stand yet.
        let is_due = |(of, plan): &(&Attempt, &Plan)| {
            plan.progress == Progress::Drafted && !facts.posted.contains_key(&plan.hash(&self.account, self.me, **of))
        };
        let due = self.plans.iter().filter(is_due).map(|(_, plan)| plan.deposit);
        let due = due.chain(self.began.values().map(|begun| begun.deposit));
        let (count, sum) = due.fold((0u32, 0), |(count, sum): (u32, Balance), deposit| {
            (count.saturating_add(1), sum.saturating_add(deposit))
        });
        let held = sum.saturating_add(deposit).saturating_add(FEES);
        let begun = self.began.values().filter(|begun| begun.kind == Kind::Error).count();
        let one = challenge_bond(&self.params, deal.collateral);
        let errors = self.plans.iter().filter(|(_, plan)| plan.lies());
        let errors = errors.map(|(of, _)| self.bonds.get(of).copied().unwrap_or(one));
        let bond = errors.fold(one.saturating_mul(begun.saturating_add(1) as Balance), Balance::saturating_add);
        let is_payable = facts.spendable >= held && facts.places > count && facts.free_bond >= bond;
        is_payable.then(|| {
            self.began.insert(attempt, Begun { at: best, kind, deposit });
            (kind, deposit)
        })
    }

    /// Whether what is posted now stands until a shard that is committed to at its deadline is decided, however slowly validators do what
    /// they have to: else anybody may have it burned before it can be opened. Decoys too, or a hash before a large shard would be one.
    fn outlasts(&self, shard: &Shard, by: Height, best: Height) -> bool {
        let last = shard.segments_per_task().saturating_sub(1);
        let move_blocks = [0, 1, last].map(|segment| shard.move_blocks(segment, &self.params));
        let dispute = move_blocks.into_iter().fold(0, Height::max).saturating_mul(PARTY_MOVES);
        let audits = shard.seat_blocks(&self.params).saturating_mul(AUDIT_TIMES);
        let decided = by.saturating_add(audits).saturating_add(dispute).saturating_add(EXPIRY_MARGIN_BLOCKS);
        decided < best.saturating_add(self.terms.plant_blocks)
    }

    /// Whether an attempt's result may be committed to.
    pub(super) fn may_commit(&self, attempt: Attempt) -> bool {
        self.plans.get(&attempt).is_none_or(|plan| match (plan.kind, plan.progress) {
            (_, Progress::Confirmed | Progress::Abandoned) => true,
            (Kind::Decoy, Progress::Drafted) => self.is_late(attempt, plan),
            (Kind::Error, Progress::Drafted) => false,
        })
    }

    /// Whether a plan has no time left before the deadline of its execution.
    fn is_late(&self, attempt: Attempt, plan: &Plan) -> bool {
        let again = match plan.kind {
            // The shard is run again.
            Kind::Error => self.took.get(&attempt).copied().unwrap_or(0),
            Kind::Decoy => 0,
        };
        self.best.saturating_add(COMMIT_MARGIN_BLOCKS).saturating_add(again) >= plan.by
    }

    /// What is to be done for the plans at a block, given what was promised.
    pub(super) fn block(
        &mut self,
        best: Height,
        views: &[ShardView],
        served: &[Shard],
        promises: &HashMap<Attempt, Promise>,
    ) -> Vec<Action> {
        self.best = best;
        let mut out = Vec::new();
        let Some(facts) = self.facts.clone() else { return out };
        let shards = views.iter().map(|view| &view.shard).chain(served);
        let shards: HashMap<Attempt, &Shard> = shards.map(|shard| (Attempt::of(shard), shard)).collect();
        let lying = self.plans.iter().filter(|(_, plan)| plan.lies());
        let bonds = lying.filter_map(|(of, _)| Some((*of, next_bond(&self.params, shards.get(of)?))));
        self.bonds = bonds.collect();
        let mut plans: Vec<_> = self.plans.iter().map(|(attempt, plan)| (*attempt, plan.clone())).collect();
        plans.sort_by_key(|(attempt, _)| *attempt);
        let mut calls = Vec::new();
        for (attempt, plan) in plans {
            let (shard, promise) = (shards.get(&attempt).copied(), promises.get(&attempt));
            self.plan(attempt, &plan, shard, promise, &facts, &mut calls, &mut out);
        }
        for view in &facts.views {
            self.prosecutions.play(&self.account, view, &mut self.pending, best, &mut calls);
        }
        out.extend(calls.into_iter().map(|action| match action {
            Action::Submit(call) => Action::Post(call),
            other => other,
        }));
        let mut live = Live::of(&facts.views, &[]);
        live.attempts.extend(self.plans.keys().copied());
        self.prosecutions.forget(&live);
        self.accusations.forget(&live);
        self.pending.forget(&live);
        self.took.retain(|attempt, _| live.attempts.contains(attempt));
        out
    }

    #[allow(clippy::too_many_arguments)]
    fn plan(
        &mut self,
        attempt: Attempt,
        plan: &Plan,
        shard: Option<&Shard>,
        promise: Option<&Promise>,
        facts: &Facts,
        calls: &mut Vec<Action>,
        out: &mut Vec<Action>,
    ) {
        let hash = plan.hash(&self.account, self.me, attempt);
        let is_posted = facts.posted.contains_key(&hash);
        // A convicting auditor may have taken the worker's place in the same attempt.
        let shard = shard.filter(|shard| is_mine(shard, &self.me));
        let is_running = shard.is_some_and(|shard| matches!(shard.phase, Phase::Running { .. }));
        let is_wrong = plan.lies()
            && shard.and_then(|shard| shard.commitment()).is_some_and(|commitment| commitment.root == plan.root);
        if plan.progress == Progress::Drafted && is_posted {
            self.start(attempt, "confirm", UNTIL_REPORTED, Action::Confirm(attempt), out);
        } else if plan.progress == Progress::Drafted && is_running {
            match (self.is_late(attempt, plan), plan.kind) {
                // A copy of it would fail, and be paid for.
                (false, _) if facts.standing.contains(&hash) => {}
                (false, _) => self.call(attempt, RESEND_BLOCKS, Call::Plant(hash, plan.deposit), calls),
                (true, Kind::Error) => self.start(attempt, "abandon", UNTIL_REPORTED, Action::Abandon(attempt), out),
                (true, Kind::Decoy) => {}
            }
        }
        match (plan.kind, shard.map(|shard| &shard.phase)) {
            (Kind::Error, Some(Phase::Accepted { at, window, .. })) if is_wrong => {
                self.challenge(shard, promise, *at, window, calls)
            }
            (Kind::Error, Some(Phase::Accused { accused, .. })) if is_wrong => {
                let position = accused.confirmed.sample.first().copied();
                let found = shard.zip(promise).and_then(|(shard, promise)| self.wrong(shard, promise, position?));
                if let (Some(shard), Some(found)) = (shard, found) {
                    self.accusations.play(&self.account, shard, &found, |_| true, &mut self.pending, self.best, calls);
                }
            }
            // Nobody learns from it any more that the shard was an honest one.
            (Kind::Decoy, None)
            | (Kind::Decoy, Some(Phase::Accepted { .. } | Phase::Settled { .. } | Phase::Overturned { .. }))
                if is_posted =>
            {
                self.call(attempt, RESEND_BLOCKS, Call::OpenDecoy(plan.salt), calls)
            }
            _ => {}
        }
        if plan.kind == Kind::Error && is_posted {
            let result = plan.result(self.me, attempt);
            let slash = facts.slashes.iter().find(|(_, convicted)| *convicted == result);
            if let Some((offence, _)) = slash {
                self.call(attempt, REOPEN_BLOCKS, Call::OpenPlant(*offence, plan.salt), calls);
            } else if facts.over.contains(&attempt) {
                self.withdraw(attempt, Call::WithdrawPlant(plan.salt, result), calls);
            } else if facts.lost.contains(&attempt) {
                self.give_up(attempt, hash, facts, calls);
            }
        }
        // No block can take its extrinsic any more, and the chain knows nothing of it. What a wrong result was computed on is needed as
        // long as anything can be asked about it.
        let is_past = facts.finalized > plan.may_be_taken_until();
        let is_needed = plan.lies() && (shard.is_some() || promise.is_some());
        if is_past && !is_posted && !is_needed {
            self.plans.remove(&attempt);
            self.pending.done(Subject::Plant(attempt, LOST));
            out.push(Action::ForgetPlan(attempt));
        }
    }

    /// Takes a plant back: again and again where that fails, more and more rarely up to a point.
    fn withdraw(&mut self, attempt: Attempt, call: Call, calls: &mut Vec<Action>) {
        let subject = Subject::Plant(attempt, call.name());
        let tries = self.pending.failures(subject);
        let blocks = WITHDRAW_BLOCKS.saturating_mul(2u32.saturating_pow(tries)).min(MAX_WITHDRAW_BLOCKS);
        if self.pending.start(subject, self.best, blocks) {
            self.pending.failures.insert(subject, tries.saturating_add(1));
            calls.push(Action::Submit(call));
        }
    }

    /// A plant that is never given back is ended when it has expired, so that it takes no place any more.
    fn give_up(&mut self, attempt: Attempt, hash: [u8; 32], facts: &Facts, calls: &mut Vec<Action>) {
        let Some(Plant { deposit, expires_at, .. }) = facts.posted.get(&hash) else { return };
        if self.pending.start(Subject::Plant(attempt, LOST), self.best, UNTIL_REPORTED) {
            let deposit = qrn(*deposit);
            tracing::warn!(
                shard = %attempt.shard, deposit, expires_at,
                "the job of a planted error is pruned: it cannot be withdrawn any more, and its deposit is lost when it expires"
            );
        }
        if *expires_at <= facts.finalized {
            self.call(attempt, WITHDRAW_BLOCKS, Call::ExpirePlant(hash), calls);
        }
    }

    /// Challenges the own result in its window when it was not convicted in the first quarter of it: nobody looked. Also where others
    /// challenge it, who may be friends of its auditors that lose on purpose.
    fn challenge(
        &mut self,
        shard: Option<&Shard>,
        promise: Option<&Promise>,
        accepted_at: Height,
        window: &Window,
        calls: &mut Vec<Action>,
    ) {
        let Some((shard, promise)) = shard.zip(promise) else { return };
        let quarter = accepted_at.saturating_add(window.closes.saturating_sub(accepted_at) / 4);
        let is_time = quarter <= self.best && self.best.saturating_add(CHALLENGE_MARGIN_BLOCKS) <= window.closes;
        let is_challenged = window.challenges.iter().any(|stake| stake.challenger == self.account);
        if !is_time || is_challenged || window.challenges.is_full() {
            return;
        }
        // Where an auditor has confirmed it, so that it answers for that.
        let position = window.confirmed.sample.first().copied().unwrap_or(0);
        if let Some(Difference { position, start, end }) = self.wrong(shard, promise, position) {
            let call = Call::OpenDispute(shard.id, position, start, end);
            self.call(Attempt::of(shard), RESEND_BLOCKS, call, calls);
        }
    }

    /// A segment of the own wrong result: all of them are wrong.
    fn wrong(&self, shard: &Shard, promise: &Promise, position: u32) -> Option<Difference> {
        let (_, segment) = shard.locate(position)?;
        let before = if segment == 0 { None } else { Some(position.checked_sub(1)?) };
        let positions: Vec<u32> = before.into_iter().chain([position]).collect();
        let mut leaves = promise.leaf_proofs(&self.me, &shard.id, &positions)?;
        let end = leaves.pop()?;
        Some(Difference { position, start: leaves.pop(), end })
    }

    fn call(&mut self, attempt: Attempt, blocks: Height, call: Call, calls: &mut Vec<Action>) {
        if self.pending.start(Subject::Plant(attempt, call.name()), self.best, blocks) {
            calls.push(Action::Submit(call));
        }
    }

    fn start(&mut self, attempt: Attempt, step: &'static str, blocks: Height, action: Action, out: &mut Vec<Action>) {
        if self.pending.start(Subject::Plant(attempt, step), self.best, blocks) {
            out.push(action);
        }
    }
}

/// What a challenge of a shard locks at most, where its auditors have at stake no more than three times what its worker has, and one other
/// challenge is under way or was refuted: each doubles what the next one locks.
pub fn challenge_bond(params: &Params, collateral: Balance) -> Balance {
    params.challenge_bond.max(collateral.saturating_mul(4) / 16).saturating_mul(2)
}

/// The same for a shard as it stands, with the challenges and accusations that there are, and one more.
fn next_bond(params: &Params, shard: &Shard) -> Balance {
    let now = shard.challenge_bond(params).or_else(|| shard.accusation_bond(params)).unwrap_or(0);
    challenge_bond(params, shard.deal().map_or(0, |deal| deal.collateral)).max(now.saturating_mul(2))
}

#[cfg(test)]
mod tests;

// SPDX-License-Identifier: Apache-2.0
//! The watcher: runs accepted results again of its own accord, challenges what differs, and accuses the auditors that confirmed it.
//! Nothing is owed by it, so it keeps nothing: what is lost is run again.

use super::{
    prosecution::{Accusations, Prosecutions, CHALLENGE_MARGIN_BLOCKS},
    *,
};
use quern_protocol::shard::{Accused, Phase, Window};

/// Which tasks are run again: of all, this share, chosen by a seed that nobody else knows.
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    /// Of 100 tasks.
    pub percent: u8,
    /// What the choice follows from.
    pub seed: [u8; 32],
}

impl Choice {
    fn includes(&self, attempt: Attempt, task: u32) -> bool {
        let mut hasher = blake3::Hasher::new_keyed(&self.seed);
        hasher.update(&codec::Encode::encode(&(attempt.shard, attempt.attempt, task)));
        let [first, second, ..] = *hasher.finalize().as_bytes();
        u32::from(u16::from_le_bytes([first, second])) * 100 < u32::from(self.percent) << 16
    }

    /// One of so many, drawn for an attempt.
    fn draw(&self, attempt: Attempt, among: u32) -> Option<u32> {
        let mut hasher = blake3::Hasher::new_keyed(&self.seed);
        hasher.update(b"leaf").update(&codec::Encode::encode(&(attempt.shard, attempt.attempt)));
        let [a, b, c, d, ..] = *hasher.finalize().as_bytes();
        u32::from_le_bytes([a, b, c, d]).checked_rem(among)
    }
}

/// An id that is asked for on chain because its worker shows nobody what is behind its root.
#[derive(Debug)]
struct Demanded {
    position: u32,
    /// The own id there.
    own: Option<BlobId>,
    /// Since when it is asked for, and what that costs; nothing while it is not.
    since: Option<(Height, Balance)>,
    /// How many ids had been asked for before.
    asked: u8,
    /// What came out.
    found: Option<Option<Difference>>,
}

/// The watcher's core.
#[derive(Debug)]
pub struct Watcher {
    me: Account,
    choice: Choice,
    best: Height,
    pending: Pending,
    /// Tasks that were run again, with what differed.
    compared: HashMap<(Attempt, u32), Option<Difference>>,
    /// Attempts that were challenged: a second challenge would only be lost once more.
    challenged: HashSet<Attempt>,
    demanded: HashMap<Attempt, Demanded>,
    /// What demands may cost, and what they have cost.
    budget: Balance,
    spent: Balance,
    prosecutions: Prosecutions,
    accusations: Accusations,
}

impl Watcher {
    /// A watcher that has seen nothing yet.
    pub fn new(me: Account, choice: Choice) -> Self {
        Self {
            me,
            choice,
            best: 0,
            pending: Pending::default(),
            compared: HashMap::new(),
            challenged: HashSet::new(),
            demanded: HashMap::new(),
            budget: 0,
            spent: 0,
            prosecutions: Prosecutions::default(),
            accusations: Accusations::default(),
        }
    }

    /// Asks for ids on chain where a worker shows nobody what is behind its root, one of each such shard, as long as all together
    /// cost no more than this.
    pub fn with_demands(self, budget: Balance) -> Self {
        Self { budget, ..self }
    }

    /// What demands have cost.
    pub fn spent(&self) -> Balance {
        self.spent
    }

    /// Takes in what happened and says what to do next.
    pub fn on(&mut self, event: Event) -> Vec<Action> {
        match event {
            Event::Block { best, views, .. } => return self.block(best, &views),
            Event::Compared(attempt, task, difference) => {
                self.pending.done(Subject::Task(attempt, task));
                self.compared.insert((attempt, task), difference);
            }
            Event::Prosecuted(id, dispute, next) => {
                self.pending.done(Subject::Dispute(id, dispute.by, "prosecute"));
                self.prosecutions.take_in(id, dispute, next);
            }
            Event::Recomputed(attempt, position, id) => {
                self.pending.done(Subject::Shard(Round { attempt, drawn_at: 0 }, "recompute"));
                if let Some(demanded) = self.demanded.get_mut(&attempt).filter(|of| of.position == position) {
                    demanded.own = Some(id);
                }
            }
            Event::LeafShown(attempt, position, leaf) => {
                self.pending.done(Subject::Shard(Round { attempt, drawn_at: 0 }, "find leaf"));
                if let Some(demanded) = self.demanded.get_mut(&attempt).filter(|of| of.position == position) {
                    // Where the task begins to differ is searched for on chain.
                    let differs = demanded.own.is_some_and(|own| own != leaf.id);
                    demanded.found = Some(differs.then_some(Difference { position, start: None, end: leaf }));
                }
            }
            Event::Failed(subject) => self.pending.failed(subject, self.best),
            _ => {}
        }
        Vec::new()
    }

    fn block(&mut self, best: Height, views: &[ShardView]) -> Vec<Action> {
        self.best = best;
        let mut out = Vec::new();
        for view in views {
            self.prosecutions.play(&self.me, view, &mut self.pending, best, &mut out);
            if !is_mine(&view.shard, &self.me) {
                self.watch(view, &mut out);
            }
        }
        let live = Live::of(views, &[]);
        self.compared.retain(|(attempt, _), _| live.attempts.contains(attempt));
        self.challenged.retain(|attempt| live.attempts.contains(attempt));
        self.demanded.retain(|attempt, _| live.attempts.contains(attempt));
        self.prosecutions.forget(&live);
        self.accusations.forget(&live);
        self.pending.forget(&live);
        out
    }

    /// Runs the chosen tasks of an accepted shard again while it can be challenged, and of one whose auditors can be accused.
    fn watch(&mut self, view: &ShardView, out: &mut Vec<Action>) {
        match &view.shard.phase {
            Phase::Accepted { window, .. } => self.challenge(view, window, out),
            // What was never accepted was never published: those who sat with them accuse.
            Phase::Accused { accused, .. } if accused.was_accepted() => self.accuse(view, accused, out),
            _ => {}
        }
    }

    fn challenge(&mut self, view: &ShardView, window: &Window, out: &mut Vec<Action>) {
        let (attempt, best, sample) = (Attempt::of(&view.shard), self.best, &window.confirmed.sample);
        let is_open = best.saturating_add(CHALLENGE_MARGIN_BLOCKS) <= window.closes;
        let challenges = window.challenges.iter().any(|stake| stake.challenger == self.me);
        if challenges {
            self.challenged.insert(attempt);
        }
        let is_made = self.challenged.contains(&attempt);
        if !is_open || (is_made && !challenges) {
            return;
        }
        let (audited, others) = self.chosen(view, sample);
        let found = self.difference(attempt, audited.iter().chain(&others), sample).cloned();
        let found = found.or_else(|| self.demanded.get(&attempt)?.found.clone()?);
        // Who is convicted may show nothing any more: what its auditors can be accused of is found out now.
        self.compare(view, audited.iter().copied(), out);
        match found {
            _ if is_made => {}
            Some(Difference { position, start, end }) => {
                let call = Call::OpenDispute(view.shard.id, position, start, end);
                self.pending.submit(Round::of(&view.shard), call, best, out);
            }
            None => {
                self.compare(view, others.iter().copied(), out);
                self.demand(view, window, audited.into_iter().chain(others), out);
            }
        }
    }

    /// Asks for an id on chain where what is behind the root was asked for in vain: of a segment that nobody can foresee, once its own
    /// id is known. Silence convicts, and a wrong id is challenged.
    fn demand(&mut self, view: &ShardView, window: &Window, chosen: impl Iterator<Item = u32>, out: &mut Vec<Action>) {
        let (attempt, round, best) = (Attempt::of(&view.shard), Round::of(&view.shard), self.best);
        if self.budget == 0 {
            return;
        }
        if !self.demanded.contains_key(&attempt) {
            let is_shown_nothing =
                |task: &u32| self.pending.demands(Subject::Task(attempt, *task), best, window.closes);
            let stuck: Vec<u32> = chosen.filter(is_shown_nothing).collect();
            let segments = view.shard.segments_per_task();
            let drawn = self.choice.draw(attempt, (stuck.len() as u32).saturating_mul(segments));
            let Some((task, segment)) = drawn.and_then(|drawn| Some((drawn.checked_div(segments)?, drawn % segments)))
            else {
                return;
            };
            let Some(task) = stuck.get(task as usize) else { return };
            let first = task.saturating_sub(view.shard.first_task).saturating_mul(segments);
            let position = first.saturating_add(segment);
            let demanded = Demanded { position, own: None, since: None, asked: window.asked, found: None };
            self.demanded.insert(attempt, demanded);
        }
        let Some(demanded) = self.demanded.get_mut(&attempt).filter(|demanded| demanded.found.is_none()) else {
            return;
        };
        let position = demanded.position;
        if demanded.own.is_none() {
            if self.pending.start(Subject::Shard(round, "recompute"), best, UNTIL_REPORTED) {
                out.push(Action::Recompute(view.clone(), position));
            }
            return;
        }
        let is_owed = window.demands.iter().any(|demand| demand.position == position);
        let find = Subject::Shard(round, "find leaf");
        if self.pending.failures(find) >= DEMAND_AFTER {
            // What was answered was asked for by somebody else.
            self.pending.done(find);
            demanded.asked = window.asked;
        }
        let paid = match demanded.since {
            // It was answered, if it was not somebody else's.
            Some((since, _)) if !is_owed && window.asked > demanded.asked => {
                if self.pending.start(find, best, UNTIL_REPORTED) {
                    out.push(Action::FindLeaf(view.clone(), position, since));
                }
                return;
            }
            _ if is_owed => {
                // Somebody else may have asked: the answer is for everybody.
                demanded.since.get_or_insert((best, 0));
                return;
            }
            Some((_, price)) => price,
            None => 0,
        };
        let Some(price) = view.demand_price else { return };
        let spent = self.spent.saturating_sub(paid).saturating_add(price);
        if spent <= self.budget && self.pending.start(Subject::Leaf(attempt, position), best, RESEND_BLOCKS) {
            self.spent = spent;
            demanded.since = Some((demanded.since.map_or(best, |(since, _)| since), price));
            demanded.asked = window.asked;
            let shard = view.shard.id;
            out.push(Action::Submit(Call::DemandLeaf { shard, position, max_price: price, spent }));
        }
    }

    /// Accuses the auditors of an overturned shard of an audited segment that came out differently here.
    fn accuse(&mut self, view: &ShardView, accused: &Accused, out: &mut Vec<Action>) {
        let (attempt, sample) = (Attempt::of(&view.shard), &accused.confirmed.sample);
        let (audited, _) = self.chosen(view, sample);
        let found = self.difference(attempt, audited.iter(), sample).filter(|found| sample.contains(&found.position));
        match found.cloned() {
            Some(found) => {
                self.accusations.play(&self.me, &view.shard, &found, |_| true, &mut self.pending, self.best, out)
            }
            None => self.compare(view, audited.into_iter(), out),
        }
    }

    /// The tasks that are run again: those of which a segment was audited, and the others.
    fn chosen(&self, view: &ShardView, sample: &[u32]) -> (Vec<u32>, Vec<u32>) {
        let attempt = Attempt::of(&view.shard);
        let tasks = view.shard.first_task..view.shard.first_task.saturating_add(view.shard.tasks);
        let is_audited = |task: &u32| sample.iter().any(|at| view.shard.locate(*at).is_some_and(|(of, _)| of == *task));
        tasks.filter(|task| self.choice.includes(attempt, *task)).partition(is_audited)
    }

    /// What differs in these tasks, an audited segment first.
    fn difference<'a>(
        &self,
        attempt: Attempt,
        tasks: impl Iterator<Item = &'a u32>,
        sample: &[u32],
    ) -> Option<&Difference> {
        let found = tasks.filter_map(|task| self.compared.get(&(attempt, *task))?.as_ref());
        found.min_by_key(|found| !sample.contains(&found.position))
    }

    /// Runs tasks that were not run yet.
    fn compare(&mut self, view: &ShardView, tasks: impl Iterator<Item = u32>, out: &mut Vec<Action>) {
        let attempt = Attempt::of(&view.shard);
        for task in tasks {
            let is_compared = self.compared.contains_key(&(attempt, task));
            if !is_compared && self.pending.start(Subject::Task(attempt, task), self.best, UNTIL_REPORTED) {
                out.push(Action::Compare(view.clone(), task));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{accepted, ME, OTHER};
    use quern_primitives::slice::SliceProof;
    use quern_protocol::shard::{Confirmed, LeafDemand, Liable, Stake};

    const ALL: Choice = Choice { percent: 100, seed: [7; 32] };

    fn watcher() -> Watcher {
        Watcher::new(ME, ALL)
    }

    fn block(watcher: &mut Watcher, best: Height, view: &ShardView) -> Vec<Action> {
        let (views, served) = (vec![view.clone()], Vec::new());
        watcher.on(Event::Block { best, finalized: best, views: views.into(), served: served.into() })
    }

    fn difference() -> Difference {
        let end = LeafProof { id: BlobId([4; 32]), secret: [5; 32], proof: SliceProof(Vec::new()) };
        Difference { position: 2, start: Some(end.clone()), end }
    }

    fn differing() -> (Watcher, ShardView) {
        let (mut watcher, view) = (watcher(), accepted(OTHER));
        block(&mut watcher, 100, &view);
        watcher.on(Event::Compared(Attempt::of(&view.shard), 0, Some(difference())));
        (watcher, view)
    }

    fn is_challenge(actions: &[Action]) -> bool {
        matches!(actions, [Action::Submit(Call::OpenDispute(_, 2, Some(_), _))])
    }

    #[test]
    fn task_should_be_run_once_when_its_shard_is_accepted() {
        let (mut watcher, view) = (watcher(), accepted(OTHER));
        assert_eq!(block(&mut watcher, 100, &view), [Action::Compare(view.clone(), 0)]);
        assert_eq!(block(&mut watcher, 101, &view), [], "it is under way");
        watcher.on(Event::Compared(Attempt::of(&view.shard), 0, None));
        assert_eq!(block(&mut watcher, 102, &view), [], "it is the same");
    }

    #[test]
    fn task_should_be_run_again_later_when_something_is_missing() {
        let (mut watcher, view) = (watcher(), accepted(OTHER));
        block(&mut watcher, 100, &view);
        watcher.on(Event::Failed(Subject::Task(Attempt::of(&view.shard), 0)));
        assert_eq!(block(&mut watcher, 101, &view), []);
        assert_eq!(block(&mut watcher, 100 + RETRY_BLOCKS, &view).len(), 1);
    }

    #[test]
    fn dispute_should_be_opened_when_a_task_differs() {
        let (mut watcher, view) = differing();
        assert!(is_challenge(&block(&mut watcher, 101, &view)));
        assert_eq!(block(&mut watcher, 102, &view), [], "it was sent a moment ago");
        assert!(is_challenge(&block(&mut watcher, 101 + RESEND_BLOCKS, &view)), "it was lost");
    }

    #[test]
    fn dispute_should_not_be_opened_again_when_the_own_one_is_under_way_or_lost() {
        let (mut watcher, mut view) = differing();
        block(&mut watcher, 101, &view);
        let Phase::Accepted { window, .. } = &mut view.shard.phase else { unreachable!() };
        window.challenges = vec![Stake { challenger: ME, bond: 5 }].try_into().unwrap();
        assert_eq!(block(&mut watcher, 110, &view), []);
        let Phase::Accepted { window, .. } = &mut view.shard.phase else { unreachable!() };
        window.challenges = Default::default();
        assert_eq!(block(&mut watcher, 111, &view), [], "it was refuted");
    }

    #[test]
    fn nothing_should_be_run_when_the_window_is_about_to_close_or_the_result_is_its_own() {
        assert_eq!(block(&mut watcher(), 117, &accepted(OTHER)), []);
        assert_eq!(block(&mut watcher(), 116, &accepted(OTHER)).len(), 1);
        assert_eq!(block(&mut watcher(), 100, &accepted(ME)), []);
    }

    const AUDITOR: Account = [7; 32];

    /// The same shard, convicted where this auditor confirmed it; it may be accused until block 130.
    fn convicted(view: &ShardView, position: u32, accuser: Option<Account>) -> ShardView {
        let Phase::Accepted { deal, commitment, auditors, at, .. } = view.shard.phase.clone() else { unreachable!() };
        let accuser = accuser.map(|challenger| Stake { challenger, bond: 5 });
        let liable = Liable { auditor: AUDITOR, bond: 5, from_inputs: false, accuser };
        let (sample, liable) = (vec![position].try_into().unwrap(), vec![liable].try_into().unwrap());
        let accused = Accused {
            confirmed: Confirmed { sample, liable },
            by: 130,
            refuted: 0,
            reissue: true,
            dissenting: Default::default(),
        };
        let mut view = view.clone();
        view.shard.phase = Phase::Accused { deal, commitment, auditors, at, accused };
        view
    }

    fn is_accusation(actions: &[Action]) -> bool {
        matches!(actions, [Action::Submit(Call::AccuseAuditor(_, AUDITOR, 2, Some(_), _))])
    }

    #[test]
    fn auditors_should_be_accused_when_a_result_that_they_confirmed_was_overturned() {
        let (mut watcher, view) = differing();
        let convicted = |accuser| convicted(&view, 2, accuser);
        assert!(is_accusation(&block(&mut watcher, 101, &convicted(None))));
        assert_eq!(block(&mut watcher, 102, &convicted(None)), [], "it was sent a moment ago");
        assert!(is_accusation(&block(&mut watcher, 101 + RESEND_BLOCKS, &convicted(None))), "it was lost");
        assert_eq!(block(&mut watcher, 120, &convicted(Some(OTHER))), [], "somebody else accuses it");
        assert!(is_accusation(&block(&mut watcher, 121, &convicted(None))), "and was refuted");
        assert_eq!(block(&mut watcher, 122, &convicted(Some(ME))), []);
        assert_eq!(block(&mut watcher, 126, &convicted(None)), [], "its own accusation was refuted");
    }

    #[test]
    fn nobody_should_be_accused_of_what_was_not_audited_or_too_late() {
        let (mut watcher, view) = differing();
        assert_eq!(block(&mut watcher, 101, &convicted(&view, 1, None)), [], "another segment was audited");
        assert_eq!(block(&mut watcher, 127, &convicted(&view, 2, None)), []);
    }

    #[test]
    fn task_should_be_run_again_when_a_watcher_starts_after_the_conviction() {
        let view = convicted(&accepted(OTHER), 2, None);
        let mut watcher = watcher();
        assert_eq!(block(&mut watcher, 101, &view), [Action::Compare(view.clone(), 0)]);
        watcher.on(Event::Compared(Attempt::of(&view.shard), 0, Some(difference())));
        assert!(is_accusation(&block(&mut watcher, 102, &view)));
    }

    #[test]
    fn audited_tasks_should_be_run_first_and_also_when_another_one_is_challenged() {
        let mut view = accepted(OTHER);
        view.shard.tasks = 2;
        let audited = view.shard.segments_per_task();
        let Phase::Accepted { window, .. } = &mut view.shard.phase else { unreachable!() };
        window.confirmed.sample = vec![audited].try_into().unwrap();
        let mut watcher = watcher();
        let first = [Action::Compare(view.clone(), 1), Action::Compare(view.clone(), 0)];
        assert_eq!(block(&mut watcher, 100, &view), first);
        let attempt = Attempt::of(&view.shard);
        watcher.on(Event::Compared(attempt, 0, Some(difference())));
        watcher.on(Event::Failed(Subject::Task(attempt, 1)));
        assert!(is_challenge(&block(&mut watcher, 101, &view)));
        let Phase::Accepted { window, .. } = &mut view.shard.phase else { unreachable!() };
        window.challenges = vec![Stake { challenger: ME, bond: 5 }].try_into().unwrap();
        assert_eq!(block(&mut watcher, 104, &view), [Action::Compare(view.clone(), 1)]);
    }

    const PRICE: Balance = 10;

    /// A shard of which an id costs [`PRICE`], that so many were asked of, and what is asked for now.
    fn silent(asked: u8, demands: &[u32]) -> ShardView {
        let mut view = accepted(OTHER);
        view.demand_price = Some(PRICE);
        let Phase::Accepted { window, .. } = &mut view.shard.phase else { unreachable!() };
        window.asked = asked;
        let demands: Vec<_> = demands.iter().map(|position| LeafDemand { position: *position, by: 112 }).collect();
        window.demands = demands.try_into().unwrap();
        view
    }

    /// A watcher that was shown nothing behind the root of such a shard, with its actions at block 41.
    fn shown_nothing(budget: Balance) -> (Watcher, Vec<Action>) {
        let (mut watcher, view) = (watcher().with_demands(budget), silent(0, &[]));
        block(&mut watcher, 40, &view);
        for _ in 0..DEMAND_AFTER {
            watcher.on(Event::Failed(Subject::Task(Attempt::of(&view.shard), 0)));
        }
        let actions = block(&mut watcher, 41, &view);
        (watcher, actions)
    }

    fn demand(position: u32, spent: Balance) -> Action {
        let shard = silent(0, &[]).shard.id;
        Action::Submit(Call::DemandLeaf { shard, position, max_price: PRICE, spent })
    }

    /// The same watcher once it knows its own id and has asked, at block 42, and the position that it drew.
    fn asking(budget: Balance) -> (Watcher, u32) {
        let (mut watcher, actions) = shown_nothing(budget);
        let [Action::Recompute(view, position)] = actions.as_slice() else { panic!("{actions:?}") };
        assert!(*position < view.shard.leaves());
        watcher.on(Event::Recomputed(Attempt::of(&view.shard), *position, BlobId([6; 32])));
        assert_eq!(block(&mut watcher, 42, view), [demand(*position, PRICE)]);
        (watcher, *position)
    }

    fn leaf(id: u8) -> LeafProof {
        LeafProof { id: BlobId([id; 32]), secret: [5; 32], proof: SliceProof(Vec::new()) }
    }

    #[test]
    fn id_should_be_asked_for_when_nothing_is_shown_and_challenged_when_it_is_not_the_own() {
        let (mut watcher, position) = asking(PRICE);
        assert_eq!(watcher.spent(), PRICE);
        assert_eq!(block(&mut watcher, 43, &silent(1, &[position])), [], "it is owed");
        let answered = silent(1, &[]);
        assert!(block(&mut watcher, 44, &answered).contains(&Action::FindLeaf(answered.clone(), position, 42)));
        watcher.on(Event::LeafShown(Attempt::of(&answered.shard), position, leaf(9)));
        let challenge = Call::OpenDispute(answered.shard.id, position, None, leaf(9));
        let actions = block(&mut watcher, 45, &answered);
        assert!(actions.contains(&Action::Submit(challenge)), "{actions:?}");
    }

    #[test]
    fn nothing_should_be_challenged_or_asked_again_when_the_shown_id_is_the_own() {
        let (mut watcher, position) = asking(5 * PRICE);
        let answered = silent(1, &[]);
        block(&mut watcher, 43, &answered);
        watcher.on(Event::LeafShown(Attempt::of(&answered.shard), position, leaf(6)));
        let submits = |action: &Action| matches!(action, Action::Submit(_));
        assert!(!(44..80).any(|best| block(&mut watcher, best, &answered).iter().any(submits)));
        assert_eq!(watcher.spent(), PRICE);
    }

    #[test]
    fn nothing_should_be_asked_for_beyond_the_budget() {
        assert_eq!(shown_nothing(0).1, []);
        let (mut watcher, actions) = shown_nothing(PRICE - 1);
        let [Action::Recompute(view, position)] = actions.as_slice() else { panic!("{actions:?}") };
        watcher.on(Event::Recomputed(Attempt::of(&view.shard), *position, BlobId([6; 32])));
        assert_eq!(block(&mut watcher, 42, view), []);
        assert_eq!(watcher.spent(), 0);
    }

    #[test]
    fn demand_should_be_sent_again_and_paid_once_when_it_was_lost() {
        let (mut watcher, position) = asking(PRICE);
        let lost = |watcher: &mut Watcher, best| {
            let mut actions = block(watcher, best, &silent(0, &[]));
            actions.retain(|action| matches!(action, Action::Submit(_)));
            actions
        };
        assert_eq!(lost(&mut watcher, 43), []);
        assert_eq!(lost(&mut watcher, 42 + RESEND_BLOCKS), [demand(position, PRICE)]);
    }

    #[test]
    fn demand_should_be_sent_again_when_what_was_answered_was_somebody_elses() {
        let (mut watcher, position) = asking(PRICE);
        let others = silent(1, &[]);
        assert_eq!(block(&mut watcher, 43, &others).len(), 1, "it looks for the answer");
        let find = Subject::Shard(Round::of(&others.shard), "find leaf");
        (0..DEMAND_AFTER).for_each(|_| drop(watcher.on(Event::Failed(find))));
        let actions = block(&mut watcher, 42 + RESEND_BLOCKS, &others);
        assert!(actions.contains(&demand(position, PRICE)), "{actions:?}");
    }

    #[test]
    fn choice_should_take_about_its_share_of_the_tasks() {
        let attempt = Attempt::of(&accepted(OTHER).shard);
        let chosen = |percent| {
            let choice = Choice { percent, ..ALL };
            (0..10_000).filter(|task| choice.includes(attempt, *task)).count()
        };
        assert_eq!((chosen(0), chosen(100)), (0, 10_000));
        assert!((2_300..2_700).contains(&chosen(25)), "{}", chosen(25));
    }
}

// SPDX-License-Identifier: Apache-2.0
//! The watcher: runs accepted results again of its own accord, and challenges what differs. Nothing is owed by it, so it keeps
//! nothing: what is lost is run again.

use super::{prosecution::Prosecutions, *};
use quern_protocol::shard::Phase;

/// Blocks before a window closes at which no challenge is begun: one that is late would cost a fee for nothing.
pub const CHALLENGE_MARGIN_BLOCKS: Height = 4;

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
    prosecutions: Prosecutions,
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
            prosecutions: Prosecutions::default(),
        }
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
        self.prosecutions.forget(&live);
        self.pending.forget(&live);
        out
    }

    /// Runs the chosen tasks of an accepted shard again while it can be challenged.
    fn watch(&mut self, view: &ShardView, out: &mut Vec<Action>) {
        let Phase::Accepted { window, .. } = &view.shard.phase else { return };
        let (attempt, best) = (Attempt::of(&view.shard), self.best);
        let is_open = best.saturating_add(CHALLENGE_MARGIN_BLOCKS) <= window.closes;
        let challenges = window.challenges.iter().any(|stake| stake.challenger == self.me);
        if challenges {
            self.challenged.insert(attempt);
        }
        if !is_open || self.challenged.contains(&attempt) {
            return;
        }
        let tasks = view.shard.first_task..view.shard.first_task.saturating_add(view.shard.tasks);
        for task in tasks.filter(|task| self.choice.includes(attempt, *task)) {
            match self.compared.get(&(attempt, task)) {
                Some(Some(Difference { position, start, end })) => {
                    let call = Call::OpenDispute(view.shard.id, *position, start.clone(), end.clone());
                    return self.pending.submit(Round::of(&view.shard), call, best, out);
                }
                Some(None) => {}
                None if self.pending.start(Subject::Task(attempt, task), best, UNTIL_REPORTED) => {
                    out.push(Action::Compare(view.clone(), task))
                }
                None => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{accepted, ME, OTHER};
    use quern_primitives::slice::SliceProof;
    use quern_protocol::shard::Stake;

    const ALL: Choice = Choice { percent: 100, seed: [7; 32] };

    fn watcher() -> Watcher {
        Watcher::new(ME, ALL)
    }

    fn block(watcher: &mut Watcher, best: Height, view: &ShardView) -> Vec<Action> {
        let (views, served) = (vec![view.clone()], Vec::new());
        watcher.on(Event::Block { best, finalized: best, views, served })
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

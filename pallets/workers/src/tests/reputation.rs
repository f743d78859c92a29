// SPDX-License-Identifier: Apache-2.0
//! The rule of reputation: it follows work, has bounds, forgets, and gives nothing to who starts anew.

use crate::reputation::*;
use proptest::prelude::*;

/// What happens to an account.
#[derive(Clone, Copy, Debug)]
enum Step {
    Accepted,
    Late,
    Eras(u32),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Accepted),
        1 => Just(Step::Late),
        1 => (0u32..60).prop_map(Step::Eras),
    ]
}

fn after(reputation: u32, steps: &[Step]) -> u32 {
    steps.iter().fold(reputation, |reputation, step| match step {
        Step::Accepted => accepted(reputation),
        Step::Late => late(reputation),
        Step::Eras(eras) => faded(reputation, *eras),
    })
}

proptest! {
    #[test]
    fn reputation_should_stay_in_its_bounds(from in any::<u32>(), steps in prop::collection::vec(step(), 1..200)) {
        prop_assert!((REPUTATION_FLOOR..=REPUTATION_MAX).contains(&after(from, &steps)));
    }

    /// One more accepted shard, anywhere in a history, never makes it worse.
    #[test]
    fn reputation_should_be_monotone_in_accepted_work(
        steps in prop::collection::vec(step(), 0..100),
        place in any::<prop::sample::Index>(),
    ) {
        let mut more = steps.clone();
        more.insert(place.index(steps.len() + 1), Step::Accepted);
        prop_assert!(after(REPUTATION_FLOOR, &more) >= after(REPUTATION_FLOOR, &steps));
    }

    /// One more lateness never makes it better.
    #[test]
    fn reputation_should_not_grow_with_lateness(
        steps in prop::collection::vec(step(), 0..100),
        place in any::<prop::sample::Index>(),
    ) {
        let mut more = steps.clone();
        more.insert(place.index(steps.len() + 1), Step::Late);
        prop_assert!(after(REPUTATION_FLOOR, &more) <= after(REPUTATION_FLOOR, &steps));
    }

    /// Whoever leaves its history behind and goes on under another name is never better off.
    #[test]
    fn starting_anew_should_gain_nothing(
        past in prop::collection::vec(step(), 0..100),
        future in prop::collection::vec(step(), 0..100),
    ) {
        let kept = after(after(REPUTATION_FLOOR, &past), &future);
        prop_assert!(after(REPUTATION_FLOOR, &future) <= kept);
    }

    /// Eras do the same at once as one by one.
    #[test]
    fn fading_should_not_depend_on_when_it_is_looked_at(from in REPUTATION_FLOOR..=REPUTATION_MAX, eras in prop::collection::vec(0u32..20, 0..10)) {
        let one_by_one = eras.iter().fold(from, |reputation, eras| faded(reputation, *eras));
        prop_assert_eq!(one_by_one, faded(from, eras.iter().sum()));
    }
}

#[test]
fn every_history_should_be_forgotten_after_forty_eras() {
    assert_eq!(faded(REPUTATION_MAX, REPUTATION_ERAS), REPUTATION_FLOOR);
    assert!(faded(REPUTATION_MAX, REPUTATION_ERAS - 1) > REPUTATION_FLOOR);
}

#[test]
fn half_of_it_should_be_forgotten_after_six_eras() {
    let excess = |eras| faded(REPUTATION_MAX, eras) - REPUTATION_FLOOR;
    assert!(excess(5) > 450 && excess(6) < 450);
}

// SPDX-License-Identifier: Apache-2.0
//! What happens at the end of an era, and when it is old.

use super::mock::*;
use crate::{
    Contribution, Contributions, CurrentEra, Eras, Event, GenesisConfig, Promised, PrunedEras, Settings,
    PRUNED_PER_BLOCK,
};
use quern_primitives::Balance;

/// Eras of ten blocks, of which the last two can be claimed.
fn genesis() -> GenesisConfig<Test> {
    GenesisConfig { initial_emission: 1_000, era_blocks: 10, halving_eras: 2, history_eras: 2, ..Default::default() }
}

#[test]
fn era_should_end_when_the_next_one_begins() {
    run_with(genesis(), || {
        Author::set(Some(raw(3)));
        settle(&settlement(0, 0, 1_000), &[]);
        run_to(9);
        assert_eq!((CurrentEra::<Test>::get(), Promised::<Test>::get()), (0, 0));
        run_to(10);
        let finished = Event::EraFinished { era: 0, budget: 1_000, points: 360, blocks: 8, work: 360, authoring: 640 };
        System::assert_has_event(finished.into());
        assert_eq!((CurrentEra::<Test>::get(), Promised::<Test>::get()), (1, 1_000));
        // The block that ends an era counts in the next one.
        assert_eq!(Eras::<Test>::get(1).blocks, 1);
    });
}

#[test]
fn emission_should_halve_by_schedule() {
    run_with(genesis(), || {
        Author::set(Some(raw(3)));
        run_to(60);
        let budgets: Vec<Balance> = System::events()
            .into_iter()
            .filter_map(|record| match record.event {
                RuntimeEvent::Rewards(Event::EraFinished { budget, authoring, .. }) => {
                    assert_eq!(budget, authoring);
                    Some(budget)
                }
                _ => None,
            })
            .collect();
        assert_eq!(budgets, vec![1_000, 1_000, 500, 500, 250, 250]);
    });
}

#[test]
fn emission_should_stop_at_the_cap() {
    run_with(genesis(), || {
        let mut parameters = Settings::<Test>::get();
        parameters.cap = Balances::total_issuance() + 1_300;
        Settings::<Test>::put(parameters);
        Author::set(Some(raw(3)));
        run_to(20);
        // The second era gets what the first one's promise leaves, claimed or not; the third one nothing.
        assert_eq!((Eras::<Test>::get(0).authoring, Eras::<Test>::get(1).authoring), (1_000, 300));
        run_to(30);
        assert_eq!(Eras::<Test>::get(2).authoring, 0);
        // What expired unclaimed can be promised again.
        run_to(40);
        assert_eq!((Eras::<Test>::get(2).authoring, Eras::<Test>::get(3).authoring), (0, 500));
    });
}

#[test]
fn era_should_promise_nothing_beyond_its_points_when_no_author_is_known() {
    run_with(genesis(), || {
        settle(&settlement(0, 0, 100), &[]);
        run_to(10);
        assert_eq!((Eras::<Test>::get(0).authoring, Promised::<Test>::get()), (0, 36));
    });
}

#[test]
fn era_should_expire_with_what_nobody_claimed() {
    run_with(genesis(), || {
        Author::set(Some(raw(3)));
        run_to(29);
        let issuance = Balances::total_issuance();
        assert_eq!(Promised::<Test>::get(), 2_000);
        run_to(30);
        System::assert_has_event(Event::EraExpired { era: 0, unclaimed: 1_000 }.into());
        assert_eq!((Promised::<Test>::get(), Balances::total_issuance()), (1_500, issuance));
        assert!(!Eras::<Test>::contains_key(0));
    });
}

#[test]
fn contributions_should_be_pruned_a_few_a_block_when_their_era_has_expired() {
    run_with(genesis(), || {
        for who in 0..2 * PRUNED_PER_BLOCK as u8 + 1 {
            let contribution = Contribution { points: 1, blocks: 0 };
            Contributions::<Test>::insert(0, account(who), contribution);
            Eras::<Test>::mutate(0, |era| era.points += 1);
        }
        crate::TotalBurned::<Test>::put(RICH);
        let left = || Contributions::<Test>::iter_prefix(0).count() as u32;
        run_to(29);
        assert_eq!((left(), PrunedEras::<Test>::get()), (2 * PRUNED_PER_BLOCK + 1, 0));
        run_to(30);
        assert_eq!(left(), PRUNED_PER_BLOCK + 1);
        run_to(31);
        assert_eq!((left(), PrunedEras::<Test>::get()), (1, 0));
        run_to(32);
        assert_eq!((left(), PrunedEras::<Test>::get()), (0, 1));
        // Issuance has to explain what was burned.
        crate::TotalBurned::<Test>::put(0);
    });
}

#[test]
fn current_should_tell_the_era_under_way() {
    run_with(genesis(), || {
        Author::set(Some(raw(WORKER)));
        run_to(12);
        settle(&settlement(0, 0, 100), &[]);
        let (era, contribution, sum) = Rewards::current(account(WORKER));
        assert_eq!((era, contribution), (1, Contribution { points: 36, blocks: 3 }));
        assert_eq!((sum.points, sum.blocks), (36, 3));
    });
}

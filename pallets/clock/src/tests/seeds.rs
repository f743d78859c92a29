// SPDX-License-Identifier: Apache-2.0
//! Seeds of draw periods.

use super::mock::*;
use crate::{Event, SEEDS_KEPT};
use quern_primitives::{tagged, tags, traits::Randomness};

fn mixed(outputs: &[u8]) -> [u8; 32] {
    outputs.iter().fold([0; 32], |mix, byte| tagged(tags::PERIOD, &(mix, [*byte; 32])))
}

#[test]
fn seed_should_be_none_while_the_period_runs() {
    new_test_ext_with(4, 1).execute_with(|| {
        block(Some(1), Some(10));
        block(Some(1), Some(11));
        assert_eq!(Clock::seed(0), None);
    });
}

#[test]
fn seed_should_mix_every_block_of_its_period() {
    new_test_ext_with(4, 1).execute_with(|| {
        // Height 0 is genesis, so the first period has three blocks.
        (10..13).for_each(|vrf| block(Some(1), Some(vrf)));
        assert_eq!(Clock::seed(0), Some(mixed(&[10, 11, 12])));
        System::assert_last_event(Event::SeedReady { period: 0, seed: mixed(&[10, 11, 12]) }.into());
        (13..17).for_each(|vrf| block(Some(1), Some(vrf)));
        assert_eq!(Clock::seed(1), Some(mixed(&[10, 11, 12, 13, 14, 15, 16])));
    });
}

#[test]
fn seed_should_differ_when_one_output_differs() {
    let seed = |middle| {
        new_test_ext_with(4, 1).execute_with(|| {
            [10, middle, 12].into_iter().for_each(|vrf| block(Some(1), Some(vrf)));
            Clock::seed(0)
        })
    };
    assert_ne!(seed(11), seed(99));
}

#[test]
fn period_should_extend_when_it_has_too_few_authors() {
    new_test_ext_with(2, 2).execute_with(|| {
        block(Some(1), Some(10));
        System::assert_last_event(Event::PeriodExtended { period: 0, authors: 1 }.into());
        block(Some(1), Some(11));
        block(Some(2), Some(12));
        assert_eq!(Clock::seed(0), None);
        assert_eq!(Clock::seed(1), Some(mixed(&[10, 11, 12])));
        // The count starts anew for the next seed.
        block(Some(2), Some(13));
        block(Some(2), Some(14));
        assert_eq!(Clock::seed(2), None);
    });
}

#[test]
fn author_should_not_count_when_its_block_has_no_output() {
    new_test_ext_with(2, 1).execute_with(|| {
        block(Some(1), None);
        assert_eq!(Clock::seed(0), None);
    });
}

#[test]
fn output_should_be_mixed_but_not_counted_when_the_author_is_unknown() {
    new_test_ext_with(2, 1).execute_with(|| {
        block(None, Some(10));
        assert_eq!(Clock::seed(0), None);
        block(Some(1), Some(11));
        block(None, Some(12));
        assert_eq!(Clock::seed(1), Some(mixed(&[10, 11, 12])));
    });
}

#[test]
fn seed_should_be_forgotten_when_it_is_older_than_the_ring() {
    new_test_ext_with(1, 1).execute_with(|| {
        (0..SEEDS_KEPT).for_each(|_| block(Some(1), Some(1)));
        assert!(Clock::seed(1).is_some());
        block(Some(1), Some(1));
        assert_eq!(Clock::seed(1), None);
        assert!(Clock::seed(1 + SEEDS_KEPT).is_some());
    });
}

#[test]
fn seed_should_be_forgotten_when_the_period_in_its_place_has_none() {
    new_test_ext_with(1, 1).execute_with(|| {
        (0..SEEDS_KEPT).for_each(|_| block(Some(1), Some(1)));
        block(Some(1), None);
        assert_eq!(Clock::seed(1), None);
        assert_eq!(Clock::seed(1 + SEEDS_KEPT), None);
    });
}

#[test]
fn period_of_should_divide_by_the_length() {
    new_test_ext_with(8, 1).execute_with(|| {
        assert_eq!(Clock::period_blocks(), 8);
        assert_eq!(Clock::period_of(7), 0);
        assert_eq!(Clock::period_of(8), 1);
    });
}

// SPDX-License-Identifier: Apache-2.0
//! Commissions by era.

use super::mock::*;
use crate::{Commission, Event, COMMISSION_NOTICE_ERAS};
use frame_support::assert_ok;
use proptest::prelude::*;
use quern_primitives::{traits::Backing, Balance};

/// What those who back the first candidate get of 1,000 that it earned in an era.
fn backers_part(era: u32) -> Balance {
    Staking::reward(&raw(1), &raw(3), 1_000, era).unwrap().1
}

/// A candidate with as much of its own as others back it with.
fn backed(commission_ppm: u32) {
    candidate(1, 400);
    assert_ok!(Staking::validate(signed(1), commission_ppm));
    assert_ok!(Staking::nominate(signed(2), account(1), 400));
}

#[test]
fn higher_commission_should_count_for_no_era_before_the_notice_ends_whenever_it_is_claimed() {
    run(|| {
        backed(0);
        Era::set(5);
        assert_ok!(Staking::validate(signed(1), 1_000_000));
        let from_era = 5 + COMMISSION_NOTICE_ERAS;
        System::assert_has_event(
            Event::CommissionRaised { who: account(1), commission_ppm: 1_000_000, from_era }.into(),
        );
        Era::set(from_era + 10);
        assert_eq!(backers_part(from_era - 1), 500);
        assert_eq!(backers_part(from_era), 0);
    });
}

#[test]
fn lower_commission_should_count_at_once() {
    run(|| {
        backed(1_000_000);
        Era::set(5);
        assert_ok!(Staking::validate(signed(1), 0));
        assert_eq!(backers_part(4), 500);
    });
}

#[test]
fn commission_should_count_at_once_when_nobody_backs_the_candidate() {
    run(|| {
        candidate(1, 400);
        assert_ok!(Staking::validate(signed(1), 500_000));
        assert_ok!(Staking::nominate(signed(2), account(1), 400));
        assert_eq!(backers_part(1), 250);
    });
}

#[test]
fn higher_commission_should_be_kept_from_earlier_eras_when_the_candidate_was_chilled_meanwhile() {
    run(|| {
        backed(0);
        assert_ok!(Staking::chill(signed(1)));
        assert_ok!(Staking::validate(signed(1), 1_000_000));
        assert_eq!(backers_part(1), 500);
    });
}

proptest! {
    /// Whatever a candidate sets and whenever, of no era it keeps more than it had told when the era's notice began, and once it
    /// has set nothing for as long as the notice, it has what it set last.
    #[test]
    fn commission_of_an_era_should_never_exceed_what_was_told_before_its_notice(
        base in 0u32..=100,
        sets in prop::collection::vec((0u32..4, 0u32..=100), 0..24),
    ) {
        let (mut commission, mut era) = (Commission::new(base), 0);
        // What was ever set, by era.
        let mut told = vec![(0, base)];
        for (later, ppm) in sets {
            era += later;
            commission = commission.set(ppm, era);
            told.push((era, ppm));
            prop_assert!(commission.of_era(era) <= ppm);
            let mut before = 0;
            for past in 0..era + 2 * COMMISSION_NOTICE_ERAS {
                let most = told.iter().enumerate().filter(|(at, (when, _))| {
                    *at == 0 || when + COMMISSION_NOTICE_ERAS <= past
                });
                let most = most.map(|(_, (_, ppm))| *ppm).max().unwrap_or_default();
                prop_assert!(commission.of_era(past) <= most);
                prop_assert!(commission.of_era(past) >= before, "it rises with the eras");
                before = commission.of_era(past);
            }
            prop_assert_eq!(commission.of_era(era + COMMISSION_NOTICE_ERAS), ppm);
        }
    }
}

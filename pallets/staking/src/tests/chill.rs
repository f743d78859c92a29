// SPDX-License-Identifier: Apache-2.0
//! `chill`

use super::mock::*;
use crate::{Candidates, ChillReason, ElectionDue, Error, Event, Order};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::traits::BadOrigin;

#[test]
fn chill_should_take_the_caller_out_of_the_order() {
    run(|| {
        candidate(1, 300);
        candidate(2, 300);
        assert_ok!(Staking::chill(signed(1)));
        System::assert_last_event(Event::Chilled { who: account(1), reason: ChillReason::Asked }.into());
        assert_eq!(Order::<Test>::get().into_inner(), [(300, account(2))]);
        assert!(Candidates::<Test>::get(account(1)).is_none(), "nobody backs it: it is forgotten");
        assert!(!ElectionDue::<Test>::get(), "it serves its era");
    });
}

#[test]
fn chill_should_keep_the_backing_for_a_return() {
    run(|| {
        candidate(1, 300);
        assert_ok!(Staking::nominate(signed(2), account(1), 200));
        assert_ok!(Staking::chill(signed(1)));
        assert_eq!(pool(1).value, 200);
        assert_ok!(Staking::validate(signed(1), 0));
        assert_eq!(Order::<Test>::get()[0].0, 500);
    });
}

#[test]
fn chill_should_follow_when_the_whole_bond_unbonds() {
    run(|| {
        candidate(1, 300);
        assert_ok!(Staking::unbond(signed(1), 300));
        assert!(!is_listed(1));
        assert!(ElectionDue::<Test>::get(), "its place is given to another at once");
    });
}

#[test]
fn chill_should_fail_when_not_signed() {
    run(|| {
        assert_noop!(Staking::chill(RuntimeOrigin::none()), BadOrigin);
    });
}

#[test]
fn chill_should_fail_when_the_caller_is_no_candidate() {
    run(|| {
        assert_noop!(Staking::chill(signed(4)), Error::<Test>::NotACandidate);
        candidate(1, 300);
        assert_ok!(Staking::nominate(signed(2), account(1), 200));
        assert_ok!(Staking::chill(signed(1)));
        assert_noop!(Staking::chill(signed(1)), Error::<Test>::NotACandidate);
    });
}

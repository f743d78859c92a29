// SPDX-License-Identifier: Apache-2.0
//! `nominate`

use super::mock::*;
use crate::{Error, Event, Nominations, Order, Pool};
use frame_support::{assert_noop, assert_ok};
use quern_primitives::traits::Collateral;
use sp_runtime::{traits::BadOrigin, Perbill, TokenError};

#[test]
fn nominate_should_move_the_amount_to_the_pot() {
    run(|| {
        candidate(1, 300);
        assert_ok!(Staking::nominate(signed(2), account(1), 200));
        assert_eq!((pot(), Balances::free_balance(account(2))), (200, RICH - 200));
        assert_eq!(Order::<Test>::get().into_inner(), [(500, account(1))]);
        let event = Event::Nominated { who: account(2), candidate: account(1), amount: 200, shares: 200 };
        System::assert_last_event(event.into());
    });
}

#[test]
fn nominate_should_buy_shares_at_their_price() {
    run(|| {
        candidate(1, 1_000);
        assert_ok!(Staking::nominate(signed(2), account(1), 400));
        Staking::take_backing(&account(1), Perbill::from_percent(50));
        assert_ok!(Staking::nominate(signed(3), account(1), 200));
        // Half the value has gone, so as much buys twice the shares.
        assert_eq!(pool(1), Pool { value: 400, shares: 800, unbonding: 0, generation: pool(1).generation });
        assert_eq!(Nominations::<Test>::get(account(3), account(1)).unwrap().young.unwrap().shares, 400);
    });
}

#[test]
fn nominate_should_tell_who_backs_whom() {
    run(|| {
        candidate(1, 300);
        assert!(!Staking::is_backed(&raw(1)));
        assert_ok!(Staking::nominate(signed(2), account(1), 200));
        assert!(Staking::is_backed(&raw(1)));
        assert!(Staking::backs(&raw(2), &raw(1)));
        assert!(!Staking::backs(&raw(1), &raw(2)));
        assert!(!Staking::backs(&raw(3), &raw(1)));
        // Until it is withdrawn.
        assert_ok!(Staking::unbond_nomination(signed(2), account(1), 200));
        assert!(Staking::backs(&raw(2), &raw(1)));
        System::set_block_number(1 + UNBONDING);
        assert_ok!(Staking::withdraw_nomination(signed(2), account(1)));
        assert!(!Staking::backs(&raw(2), &raw(1)) && !Staking::is_backed(&raw(1)));
    });
}

#[test]
fn nominate_should_fail_when_what_was_earned_before_is_not_claimed() {
    run(|| {
        candidate(1, 300);
        assert_ok!(Staking::nominate(signed(2), account(1), 200));
        Claimable::set(vec![raw(1)]);
        assert_ok!(Staking::nominate(signed(3), account(1), 200));
        Era::set(1);
        assert_noop!(Staking::nominate(signed(3), account(1), 200), Error::<Test>::RewardsUnclaimed);
        // Who leaves need not wait.
        assert_ok!(Staking::unbond_nomination(signed(2), account(1), 200));
        Claimable::set(vec![]);
        assert_ok!(Staking::nominate(signed(3), account(1), 200));
    });
}

#[test]
fn nominate_should_fail_when_not_signed() {
    run(|| {
        assert_noop!(Staking::nominate(RuntimeOrigin::root(), account(1), 200), BadOrigin);
    });
}

#[test]
fn nominate_should_fail_when_amount_is_zero() {
    run(|| {
        candidate(1, 300);
        assert_noop!(Staking::nominate(signed(2), account(1), 0), Error::<Test>::ZeroAmount);
    });
}

#[test]
fn nominate_should_fail_when_backing_oneself() {
    run(|| {
        candidate(1, 300);
        assert_noop!(Staking::nominate(signed(1), account(1), 200), Error::<Test>::OwnCandidate);
    });
}

#[test]
fn nominate_should_fail_when_the_other_is_no_candidate() {
    run(|| {
        assert_noop!(Staking::nominate(signed(2), account(4), 200), Error::<Test>::NotACandidate);
        candidate(1, 300);
        assert_ok!(Staking::nominate(signed(2), account(1), 200));
        assert_ok!(Staking::chill(signed(1)));
        assert_noop!(Staking::nominate(signed(2), account(1), 200), Error::<Test>::NotACandidate);
    });
}

#[test]
fn nominate_should_fail_when_the_bond_bears_no_more() {
    run(|| {
        candidate(1, 300);
        assert_noop!(Staking::nominate(signed(2), account(1), 901), Error::<Test>::BackingFull);
        assert_ok!(Staking::nominate(signed(2), account(1), 900));
        assert_noop!(Staking::nominate(signed(3), account(1), 50), Error::<Test>::BackingFull);
    });
}

#[test]
fn nominate_should_fail_when_below_the_minimum() {
    run(|| {
        candidate(1, 300);
        let small = MINIMUM_NOMINATION - 2;
        assert_noop!(Staking::nominate(signed(2), account(1), small), Error::<Test>::NominationTooSmall);
        assert_ok!(Staking::nominate(signed(2), account(1), MINIMUM_NOMINATION));
        assert_ok!(Staking::nominate(signed(2), account(1), 1));
    });
}

#[test]
fn nominate_should_fail_when_funds_are_short() {
    run(|| {
        candidate(1, 9_000);
        assert_noop!(Staking::nominate(signed(2), account(1), RICH - ED + 1), TokenError::FundsUnavailable);
        assert_noop!(Staking::nominate(signed(9), account(1), 100), TokenError::FundsUnavailable);
        assert_ok!(Staking::nominate(signed(2), account(1), RICH - ED));
    });
}

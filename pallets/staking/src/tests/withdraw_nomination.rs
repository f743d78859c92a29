// SPDX-License-Identifier: Apache-2.0
//! `withdraw_nomination`

use super::mock::*;
use crate::{Candidates, Error, Event, Nominations};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::{traits::BadOrigin, Perbill};

fn unbonding() {
    candidate(1, 300);
    assert_ok!(Staking::nominate(signed(2), account(1), 600));
    assert_ok!(Staking::unbond_nomination(signed(2), account(1), 200));
}

#[test]
fn withdraw_nomination_should_pay_what_has_matured() {
    run(|| {
        unbonding();
        System::set_block_number(3);
        assert_ok!(Staking::unbond_nomination(signed(2), account(1), 100));
        System::set_block_number(1 + UNBONDING);
        assert_ok!(Staking::withdraw_nomination(signed(2), account(1)));
        System::assert_last_event(
            Event::NominationWithdrawn { who: account(2), candidate: account(1), amount: 200 }.into(),
        );
        assert_eq!((pot(), pool(1).unbonding, Balances::free_balance(account(2))), (400, 100, RICH - 400));
    });
}

#[test]
fn withdraw_nomination_should_leave_nothing_when_all_is_paid() {
    run(|| {
        unbonding();
        assert_ok!(Staking::unbond_nomination(signed(2), account(1), 400));
        assert_ok!(Staking::chill(signed(1)));
        System::set_block_number(1 + UNBONDING);
        assert_ok!(Staking::withdraw_nomination(signed(2), account(1)));
        assert!(Candidates::<Test>::get(account(1)).is_none());
        assert!(Nominations::<Test>::get(account(2), account(1)).is_none());
        assert_eq!((pot(), Balances::free_balance(account(2))), (0, RICH));
    });
}

#[test]
fn withdraw_nomination_should_remove_what_was_slashed_away() {
    run(|| {
        unbonding();
        Staking::take_backing(&account(1), Perbill::one());
        assert_ok!(Staking::withdraw_nomination(signed(2), account(1)));
        assert!(Nominations::<Test>::get(account(2), account(1)).is_none());
        assert_eq!((pot(), Balances::free_balance(account(2))), (0, RICH - 600));
    });
}

#[test]
fn withdraw_nomination_should_not_pay_for_shares_of_an_earlier_pool() {
    run(|| {
        unbonding();
        Staking::take_backing(&account(1), Perbill::one());
        assert_ok!(Staking::chill(signed(1)));
        assert_ok!(Staking::validate(signed(1), 0));
        assert_ok!(Staking::nominate(signed(3), account(1), 600));
        assert_ok!(Staking::withdraw_nomination(signed(2), account(1)));
        assert_eq!((pot(), Balances::free_balance(account(2))), (600, RICH - 600));
    });
}

#[test]
fn withdraw_nomination_should_fail_when_not_signed() {
    run(|| {
        assert_noop!(Staking::withdraw_nomination(RuntimeOrigin::none(), account(1)), BadOrigin);
    });
}

#[test]
fn withdraw_nomination_should_fail_when_there_is_none() {
    run(|| {
        assert_noop!(Staking::withdraw_nomination(signed(2), account(1)), Error::<Test>::NoNomination);
    });
}

#[test]
fn withdraw_nomination_should_fail_when_nothing_has_matured() {
    run(|| {
        unbonding();
        System::set_block_number(UNBONDING);
        assert_noop!(Staking::withdraw_nomination(signed(2), account(1)), Error::<Test>::NothingToWithdraw);
    });
}

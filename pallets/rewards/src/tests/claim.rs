// SPDX-License-Identifier: Apache-2.0
//! `claim`

use super::mock::*;
use crate::{Credits, Error, Event, TotalCredits};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::{traits::BadOrigin, TokenError};

#[test]
fn claim_should_move_the_credit() {
    run(|| {
        settle(&settlement(1_000, 0, 0), &[]);
        assert_ok!(Rewards::claim(signed(WORKER)));
        assert_eq!(Balances::free_balance(account(WORKER)), RICH + 1_000);
        assert_eq!((credit(WORKER), TotalCredits::<Test>::get()), (0, 0));
        assert_eq!(Credits::<Test>::iter().count(), 0);
        assert_eq!(Balances::free_balance(Rewards::pot_account()), ED);
        System::assert_last_event(Event::Claimed { who: account(WORKER), amount: 1_000 }.into());
    });
}

#[test]
fn claim_should_create_the_account_when_the_credit_suffices() {
    run(|| {
        settle(&settlement(0, ED, 0), &[9]);
        assert_ok!(Rewards::claim(signed(9)));
        assert_eq!(Balances::free_balance(account(9)), ED);
    });
}

#[test]
fn claim_should_leave_other_credits_alone() {
    run(|| {
        settle(&settlement(1_000, 500, 0), &[3]);
        assert_ok!(Rewards::claim(signed(WORKER)));
        assert_eq!(credit(3), 500);
    });
}

#[test]
fn claim_should_fail_when_not_signed() {
    run(|| {
        assert_noop!(Rewards::claim(RuntimeOrigin::root()), BadOrigin);
    });
}

#[test]
fn claim_should_fail_when_there_is_nothing() {
    run(|| {
        assert_noop!(Rewards::claim(signed(WORKER)), Error::<Test>::NothingToClaim);
        settle(&settlement(1_000, 0, 0), &[]);
        assert_ok!(Rewards::claim(signed(WORKER)));
        assert_noop!(Rewards::claim(signed(WORKER)), Error::<Test>::NothingToClaim);
    });
}

#[test]
fn claim_should_fail_when_the_credit_cannot_create_the_account() {
    run(|| {
        settle(&settlement(0, ED - 1, 0), &[9]);
        assert_noop!(Rewards::claim(signed(9)), TokenError::BelowMinimum);
        assert_eq!(credit(9), ED - 1);
    });
}

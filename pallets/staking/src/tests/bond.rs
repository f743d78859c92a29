// SPDX-License-Identifier: Apache-2.0
//! `bond`

use super::mock::*;
use crate::{Error, Event, Ledgers};
use frame_support::{assert_noop, assert_ok};
use quern_primitives::traits::Collateral;
use sp_runtime::{traits::BadOrigin, TokenError};

#[test]
fn bond_should_hold_the_amount() {
    run(|| {
        assert_ok!(Staking::bond(signed(1), 300));
        assert_eq!(held(1), 300);
        assert_eq!((Staking::bonded(&raw(1)), Staking::free(&raw(1))), (300, 300));
        System::assert_last_event(Event::Bonded { who: account(1), amount: 300, bonded: 300 }.into());
    });
}

#[test]
fn bond_should_add_to_the_bond_when_there_is_one() {
    run(|| {
        assert_ok!(Staking::bond(signed(1), MINIMUM));
        assert_ok!(Staking::bond(signed(1), 1));
        assert_eq!(Staking::bonded(&raw(1)), MINIMUM + 1);
    });
}

#[test]
fn bond_should_exist_from_genesis_when_genesis_names_it() {
    run(|| {
        assert_eq!((held(4), Staking::bonded(&raw(4))), (500, 500));
        assert_eq!(Staking::minimum(), MINIMUM);
    });
}

#[test]
fn bond_should_fail_when_not_signed() {
    run(|| {
        assert_noop!(Staking::bond(RuntimeOrigin::none(), 300), BadOrigin);
        assert_noop!(Staking::bond(RuntimeOrigin::root(), 300), BadOrigin);
    });
}

#[test]
fn bond_should_fail_when_amount_is_zero() {
    run(|| {
        assert_noop!(Staking::bond(signed(4), 0), Error::<Test>::ZeroAmount);
    });
}

#[test]
fn bond_should_fail_when_below_the_minimum() {
    run(|| {
        assert_noop!(Staking::bond(signed(1), MINIMUM - 1), Error::<Test>::BelowMinimum);
    });
}

#[test]
fn bond_should_fail_when_funds_are_short() {
    run(|| {
        // The existential deposit cannot be bonded.
        assert_noop!(Staking::bond(signed(1), RICH - ED + 1), TokenError::FundsUnavailable);
        assert_noop!(Staking::bond(signed(9), MINIMUM), TokenError::FundsUnavailable);
        assert!(Ledgers::<Test>::get(account(9)).is_none());
        assert_ok!(Staking::bond(signed(1), RICH - ED));
    });
}

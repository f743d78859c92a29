// SPDX-License-Identifier: Apache-2.0
//! Bonds that grow by what is earned.

use super::mock::*;
use crate::{Event, Ledgers};
use frame_support::{assert_noop, assert_ok, traits::fungible::Inspect};
use quern_primitives::traits::{Collateral, CollateralError};

#[test]
fn earn_should_bond_all_but_what_keeps_the_account_alive() {
    run(|| {
        assert_ok!(Staking::earn(&raw(1), &raw(9), 60));
        assert_eq!((Staking::bonded(&raw(9)), Balances::balance(&account(9)), held(9)), (50, ED, 50));
        System::assert_last_event(Event::Bonded { who: account(9), amount: 50, bonded: 50 }.into());
        // From then on all of it.
        assert_ok!(Staking::earn(&raw(1), &raw(9), 60));
        assert_eq!((Staking::bonded(&raw(9)), Balances::balance(&account(9))), (110, ED));
        assert_eq!(Balances::balance(&account(1)), RICH - 120);
    });
}

#[test]
fn earn_should_keep_the_account_alive_when_it_earns_just_that() {
    run(|| {
        assert_ok!(Staking::earn(&raw(1), &raw(9), ED));
        assert_eq!((Balances::balance(&account(9)), Ledgers::<Test>::get(account(9))), (ED, None));
    });
}

#[test]
fn earn_should_add_to_a_bond_that_is_there() {
    run(|| {
        assert_ok!(Staking::lock(&raw(4), 200));
        assert_ok!(Staking::earn(&raw(1), &raw(4), 1));
        assert_eq!((Staking::bonded(&raw(4)), Staking::free(&raw(4))), (501, 301));
    });
}

#[test]
fn earn_should_move_nothing_when_it_is_too_little_for_an_account() {
    run(|| {
        assert_noop!(Staking::earn(&raw(1), &raw(9), ED - 1), CollateralError::Insufficient);
        assert_noop!(Staking::earn(&raw(1), &raw(4), RICH), CollateralError::Insufficient);
    });
}

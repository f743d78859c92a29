// SPDX-License-Identifier: Apache-2.0
//! The trait by which other pallets lock and slash.

use super::mock::*;
use crate::{Event, Ledgers};
use frame_support::assert_ok;
use quern_primitives::traits::{Collateral, CollateralError};

#[test]
fn lock_should_reduce_the_free_bond() {
    run(|| {
        assert_ok!(Staking::lock(&raw(4), 120));
        assert_ok!(Staking::lock(&raw(4), 30));
        assert_eq!((Staking::free(&raw(4)), Staking::bonded(&raw(4))), (350, 500));
        System::assert_last_event(Event::Locked { who: account(4), amount: 30, locked: 150 }.into());
    });
}

#[test]
fn lock_should_fail_when_the_free_bond_is_smaller() {
    run(|| {
        assert_ok!(Staking::lock(&raw(4), 500));
        assert_eq!(Staking::lock(&raw(4), 1), Err(CollateralError::Insufficient));
    });
}

#[test]
fn lock_should_fail_when_not_bonded() {
    run(|| {
        assert_eq!(Staking::lock(&raw(1), 1), Err(CollateralError::NotBonded));
        assert_ok!(Staking::unbond(signed(4), 500));
        assert_eq!(Staking::lock(&raw(4), 1), Err(CollateralError::NotBonded));
    });
}

#[test]
fn release_should_return_to_the_free_bond() {
    run(|| {
        assert_ok!(Staking::lock(&raw(4), 200));
        Staking::release(&raw(4), 150);
        assert_eq!(Staking::free(&raw(4)), 450);
        System::assert_last_event(Event::Released { who: account(4), amount: 150, locked: 50 }.into());
    });
}

#[test]
fn release_should_stop_at_what_is_locked() {
    run(|| {
        assert_ok!(Staking::lock(&raw(4), 50));
        Staking::release(&raw(4), 60);
        Staking::release(&raw(9), 60);
        assert_eq!(Staking::free(&raw(4)), 500);
    });
}

#[test]
fn slash_should_pay_in_order_and_burn_the_rest() {
    run(|| {
        assert_ok!(Staking::lock(&raw(4), 300));
        let issuance = Balances::total_issuance();
        assert_eq!(Staking::slash(&raw(4), 200, &[(raw(1), 90), (raw(2), 40)]), 200);
        assert_eq!(Balances::free_balance(account(1)), RICH + 90);
        assert_eq!(Balances::free_balance(account(2)), RICH + 40);
        assert_eq!(Balances::total_issuance(), issuance - 70);
        assert_eq!((Staking::bonded(&raw(4)), Staking::free(&raw(4)), held(4)), (300, 200, 300));
        let event = Event::Slashed { who: account(4), amount: 200, paid: 130, burned: 70, bonded: 300 };
        System::assert_last_event(event.into());
    });
}

#[test]
fn slash_should_pay_only_while_it_lasts() {
    run(|| {
        assert_ok!(Staking::lock(&raw(4), 100));
        assert_eq!(Staking::slash(&raw(4), 100, &[(raw(1), 90), (raw(2), 40)]), 100);
        assert_eq!(Balances::free_balance(account(2)), RICH + 10);
    });
}

#[test]
fn slash_should_stop_at_what_is_locked() {
    run(|| {
        assert_ok!(Staking::lock(&raw(4), 100));
        assert_eq!(Staking::slash(&raw(4), 400, &[]), 100);
        assert_eq!(Staking::slash(&raw(4), 400, &[]), 0);
        assert_eq!(Staking::slash(&raw(9), 400, &[]), 0);
        assert_eq!(Staking::bonded(&raw(4)), 400);
    });
}

#[test]
fn slash_should_leave_unbonding_alone() {
    run(|| {
        assert_ok!(Staking::unbond(signed(4), 100));
        assert_ok!(Staking::lock(&raw(4), 400));
        assert_eq!(Staking::slash(&raw(4), 1_000, &[]), 400);
        assert_eq!(held(4), 100);
    });
}

#[test]
fn slash_should_burn_when_a_beneficiary_cannot_receive() {
    run(|| {
        assert_ok!(Staking::lock(&raw(4), 100));
        let issuance = Balances::total_issuance();
        // Account 9 does not exist, and the payment is below the existential deposit.
        assert_eq!(Staking::slash(&raw(4), 100, &[(raw(9), ED - 1), (raw(2), 50)]), 100);
        assert_eq!(Balances::free_balance(account(9)), 0);
        assert_eq!(Balances::free_balance(account(2)), RICH + 50);
        assert_eq!(Balances::total_issuance(), issuance - 50);
    });
}

#[test]
fn slash_should_remove_the_ledger_when_nothing_is_left() {
    run(|| {
        assert_ok!(Staking::lock(&raw(4), 500));
        assert_eq!(Staking::slash(&raw(4), 500, &[]), 500);
        assert!(Ledgers::<Test>::get(account(4)).is_none());
        assert_eq!(held(4), 0);
    });
}

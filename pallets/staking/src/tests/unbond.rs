// SPDX-License-Identifier: Apache-2.0
//! `unbond`

use super::mock::*;
use crate::{Error, Event, Ledgers, MAX_UNBONDING};
use frame_support::{assert_noop, assert_ok};
use quern_primitives::traits::Collateral;
use sp_runtime::traits::BadOrigin;

#[test]
fn unbond_should_keep_the_amount_on_hold() {
    run(|| {
        assert_ok!(Staking::unbond(signed(4), 200));
        assert_eq!((held(4), Staking::bonded(&raw(4))), (500, 300));
        let event = Event::Unbonding { who: account(4), amount: 200, release_at: 1 + UNBONDING, bonded: 300 };
        System::assert_last_event(event.into());
    });
}

#[test]
fn unbond_should_allow_the_whole_bond() {
    run(|| {
        assert_ok!(Staking::unbond(signed(4), 500));
        assert_eq!((held(4), Staking::bonded(&raw(4))), (500, 0));
    });
}

#[test]
fn unbond_should_join_amounts_when_in_one_block() {
    run(|| {
        assert_ok!(Staking::unbond(signed(4), 10));
        assert_ok!(Staking::unbond(signed(4), 20));
        let ledger = Ledgers::<Test>::get(account(4)).unwrap();
        assert_eq!((ledger.unbonding.len(), ledger.unbonding_total()), (1, 30));
    });
}

#[test]
fn unbond_should_fail_when_not_signed() {
    run(|| {
        assert_noop!(Staking::unbond(RuntimeOrigin::root(), 1), BadOrigin);
    });
}

#[test]
fn unbond_should_fail_when_amount_is_zero() {
    run(|| {
        assert_noop!(Staking::unbond(signed(4), 0), Error::<Test>::ZeroAmount);
    });
}

#[test]
fn unbond_should_fail_when_not_bonded() {
    run(|| {
        assert_noop!(Staking::unbond(signed(1), 1), Error::<Test>::NotBonded);
        assert_ok!(Staking::unbond(signed(4), 500));
        assert_noop!(Staking::unbond(signed(4), 1), Error::<Test>::NotBonded);
    });
}

#[test]
fn unbond_should_fail_when_the_bond_is_locked() {
    run(|| {
        assert_ok!(Staking::lock(&raw(4), 450));
        assert_noop!(Staking::unbond(signed(4), 51), Error::<Test>::InsufficientFree);
        assert_ok!(Staking::unbond(signed(4), 50));
    });
}

#[test]
fn unbond_should_fail_when_less_than_the_minimum_would_be_left() {
    run(|| {
        assert_noop!(Staking::unbond(signed(4), 401), Error::<Test>::BelowMinimum);
        assert_ok!(Staking::unbond(signed(4), 400));
    });
}

#[test]
fn unbond_should_fail_when_too_many_amounts_are_unbonding() {
    run(|| {
        for height in 1..=MAX_UNBONDING {
            System::set_block_number(height);
            assert_ok!(Staking::unbond(signed(4), 1));
        }
        System::set_block_number(MAX_UNBONDING + 1);
        assert_noop!(Staking::unbond(signed(4), 1), Error::<Test>::TooManyUnbonding);
    });
}

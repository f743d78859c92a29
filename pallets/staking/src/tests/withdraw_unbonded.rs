// SPDX-License-Identifier: Apache-2.0
//! `withdraw_unbonded`

use super::mock::*;
use crate::{Error, Event, Ledgers};
use frame_support::{assert_noop, assert_ok};
use quern_primitives::traits::Collateral;
use sp_runtime::traits::BadOrigin;

#[test]
fn withdraw_unbonded_should_release_what_has_matured() {
    run(|| {
        assert_ok!(Staking::unbond(signed(4), 100));
        System::set_block_number(3);
        assert_ok!(Staking::unbond(signed(4), 50));
        System::set_block_number(1 + UNBONDING);
        assert_ok!(Staking::withdraw_unbonded(signed(4)));
        System::assert_last_event(Event::Withdrawn { who: account(4), amount: 100 }.into());
        assert_eq!((held(4), Staking::bonded(&raw(4))), (400, 350));
    });
}

#[test]
fn withdraw_unbonded_should_remove_the_ledger_when_it_is_empty() {
    run(|| {
        assert_ok!(Staking::unbond(signed(4), 500));
        System::set_block_number(1 + UNBONDING);
        assert_ok!(Staking::withdraw_unbonded(signed(4)));
        assert!(Ledgers::<Test>::get(account(4)).is_none());
        assert_eq!((held(4), Balances::free_balance(account(4))), (0, RICH));
    });
}

#[test]
fn withdraw_unbonded_should_fail_when_not_signed() {
    run(|| {
        assert_noop!(Staking::withdraw_unbonded(RuntimeOrigin::none()), BadOrigin);
    });
}

#[test]
fn withdraw_unbonded_should_fail_when_not_bonded() {
    run(|| {
        assert_noop!(Staking::withdraw_unbonded(signed(1)), Error::<Test>::NotBonded);
    });
}

#[test]
fn withdraw_unbonded_should_fail_when_nothing_has_matured() {
    run(|| {
        assert_noop!(Staking::withdraw_unbonded(signed(4)), Error::<Test>::NothingToWithdraw);
        assert_ok!(Staking::unbond(signed(4), 100));
        System::set_block_number(UNBONDING);
        assert_noop!(Staking::withdraw_unbonded(signed(4)), Error::<Test>::NothingToWithdraw);
    });
}

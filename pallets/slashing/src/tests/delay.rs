// SPDX-License-Identifier: Apache-2.0
//! `delay`

use super::mock::*;
use crate::{Deferred, Error, Event, Guardian, SlashStage};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::traits::BadOrigin;

#[test]
fn delay_should_put_the_slash_off() {
    run(|| {
        let id = wrong_result();
        assert_ok!(Slashing::delay(signed(GUARDIAN), id));
        let due_at = 1 + DEFER + DELAY;
        System::assert_last_event(Event::Delayed { offence: id, due_at }.into());
        assert_eq!(Deferred::<Test>::get(id).unwrap().stage, SlashStage::Delayed);
        run_to(due_at - 1);
        assert_eq!(bond(), (BOND, BOND - 1_000));
        run_to(due_at);
        assert_eq!(bond(), (BOND - 1_000, BOND - 1_000));
    });
}

#[test]
fn delay_should_move_no_money() {
    run(|| {
        let id = wrong_result();
        let (issuance, before) = (Balances::total_issuance(), balance(GUARDIAN));
        assert_ok!(Slashing::delay(signed(GUARDIAN), id));
        assert_eq!((Balances::total_issuance(), balance(GUARDIAN)), (issuance, before));
        assert_eq!(bond(), (BOND, BOND - 1_000));
    });
}

#[test]
fn delay_should_fail_when_the_caller_is_not_the_guardian() {
    run(|| {
        let id = wrong_result();
        assert_noop!(Slashing::delay(signed(OFFENDER), id), Error::<Test>::NotGuardian);
        Guardian::<Test>::kill();
        assert_noop!(Slashing::delay(signed(GUARDIAN), id), Error::<Test>::NotGuardian);
        assert_noop!(Slashing::delay(RuntimeOrigin::root(), id), BadOrigin);
    });
}

#[test]
fn delay_should_fail_when_there_is_no_such_slash() {
    run(|| {
        assert_noop!(Slashing::delay(signed(GUARDIAN), 0), Error::<Test>::NoSuchSlash);
    });
}

#[test]
fn delay_should_fail_when_it_was_used_already() {
    run(|| {
        let id = wrong_result();
        assert_ok!(Slashing::delay(signed(GUARDIAN), id));
        assert_noop!(Slashing::delay(signed(GUARDIAN), id), Error::<Test>::NotDelayable);
    });
}

#[test]
fn delay_should_fail_when_the_slash_is_under_appeal() {
    run(|| {
        let id = wrong_result();
        assert_ok!(Slashing::appeal(signed(OFFENDER), id, [0; 32]));
        assert_noop!(Slashing::delay(signed(GUARDIAN), id), Error::<Test>::NotDelayable);
    });
}

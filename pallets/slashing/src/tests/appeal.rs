// SPDX-License-Identifier: Apache-2.0
//! `appeal`

use super::mock::*;
use crate::{Deferred, Error, Event, HoldReason, SlashStage};
use frame_support::{assert_noop, assert_ok, traits::fungible::InspectHold};
use sp_runtime::{traits::BadOrigin, TokenError};

const STATEMENT: [u8; 32] = [7; 32];

fn held() -> u128 {
    Balances::balance_on_hold(&HoldReason::Appeal.into(), &account(OFFENDER))
}

#[test]
fn appeal_should_hold_a_bond_and_put_the_slash_off() {
    run(|| {
        let id = wrong_result();
        run_to(5);
        assert_ok!(Slashing::appeal(signed(OFFENDER), id, STATEMENT));
        assert_eq!(held(), APPEAL_BOND);
        let slash = Deferred::<Test>::get(id).unwrap();
        assert_eq!(slash.stage, SlashStage::Appealed { bond: APPEAL_BOND, statement: STATEMENT });
        assert_eq!(slash.due_at, 5 + APPEAL);
        let (offender, bond) = (account(OFFENDER), APPEAL_BOND);
        let event = Event::Appealed { offence: id, offender, bond, statement: STATEMENT, due_at: 5 + APPEAL };
        System::assert_last_event(event.into());
        run_to(4 + APPEAL);
        assert!(Deferred::<Test>::contains_key(id));
    });
}

#[test]
fn appeal_should_be_possible_after_a_delay() {
    run(|| {
        let id = wrong_result();
        assert_ok!(Slashing::delay(signed(GUARDIAN), id));
        run_to(DEFER + DELAY);
        assert_ok!(Slashing::appeal(signed(OFFENDER), id, STATEMENT));
        assert_eq!(Deferred::<Test>::get(id).unwrap().due_at, DEFER + DELAY + APPEAL);
    });
}

#[test]
fn appeal_should_not_bring_the_slash_forward() {
    new_test_ext_with(crate::GenesisConfig { appeal_blocks: 1, ..genesis() }).execute_with(|| {
        let id = wrong_result();
        assert_ok!(Slashing::appeal(signed(OFFENDER), id, STATEMENT));
        assert_eq!(Deferred::<Test>::get(id).unwrap().due_at, 1 + DEFER);
    });
}

#[test]
fn appeal_should_lapse_when_nobody_decides_it() {
    run(|| {
        let id = wrong_result();
        let before = balance(OFFENDER);
        assert_ok!(Slashing::appeal(signed(OFFENDER), id, STATEMENT));
        run_to(1 + APPEAL);
        assert_eq!((held(), balance(OFFENDER)), (0, before));
        assert_eq!(bond(), (BOND - 1_000, BOND - 1_000));
        let lapsed = Event::AppealLapsed { offence: id, offender: account(OFFENDER), bond: APPEAL_BOND };
        System::assert_has_event(lapsed.into());
    });
}

#[test]
fn appeal_should_fail_when_not_signed() {
    run(|| {
        let id = wrong_result();
        assert_noop!(Slashing::appeal(RuntimeOrigin::root(), id, STATEMENT), BadOrigin);
    });
}

#[test]
fn appeal_should_fail_when_there_is_no_such_slash() {
    run(|| {
        assert_noop!(Slashing::appeal(signed(OFFENDER), 0, STATEMENT), Error::<Test>::NoSuchSlash);
        let id = wrong_result();
        run_to(1 + DEFER);
        assert_noop!(Slashing::appeal(signed(OFFENDER), id, STATEMENT), Error::<Test>::NoSuchSlash);
    });
}

#[test]
fn appeal_should_fail_when_the_caller_is_not_the_offender() {
    run(|| {
        let id = wrong_result();
        assert_noop!(Slashing::appeal(signed(REPORTER), id, STATEMENT), Error::<Test>::NotOffender);
    });
}

#[test]
fn appeal_should_fail_when_there_is_one_already() {
    run(|| {
        let id = wrong_result();
        assert_ok!(Slashing::appeal(signed(OFFENDER), id, STATEMENT));
        assert_noop!(Slashing::appeal(signed(OFFENDER), id, STATEMENT), Error::<Test>::AlreadyAppealed);
    });
}

#[test]
fn appeal_should_fail_when_the_bond_is_not_there() {
    new_test_ext_with(crate::GenesisConfig { appeal_bond: RICH, ..genesis() }).execute_with(|| {
        let id = wrong_result();
        assert_noop!(Slashing::appeal(signed(OFFENDER), id, STATEMENT), TokenError::FundsUnavailable);
    });
}

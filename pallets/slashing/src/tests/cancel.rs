// SPDX-License-Identifier: Apache-2.0
//! `cancel`

use super::mock::*;
use crate::{Agenda, Deferred, Error, Event};
use frame_support::{assert_noop, assert_ok};
use quern_primitives::traits::OffenceKind;
use sp_runtime::traits::BadOrigin;

#[test]
fn cancel_should_release_the_whole_lock() {
    run(|| {
        let id = report(offence(OffenceKind::FalseAlarm, 1_000));
        assert_ok!(Slashing::cancel(RuntimeOrigin::root(), id));
        assert_eq!(bond(), (BOND, BOND));
        assert_eq!((Deferred::<Test>::count(), Agenda::<Test>::iter().count()), (0, 0));
        let offender = account(OFFENDER);
        System::assert_last_event(Event::Cancelled { offence: id, offender, released: 1_000, appeal_bond: 0 }.into());
        run_to(2 * DEFER);
        assert_eq!(bond(), (BOND, BOND));
    });
}

#[test]
fn cancel_should_give_the_bond_of_an_appeal_back() {
    run(|| {
        let before = balance(OFFENDER);
        let id = wrong_result();
        assert_ok!(Slashing::appeal(signed(OFFENDER), id, [0; 32]));
        assert_ok!(Slashing::cancel(RuntimeOrigin::root(), id));
        assert_eq!((balance(OFFENDER), bond()), (before, (BOND, BOND)));
    });
}

#[test]
fn cancel_should_leave_the_deposit_of_a_plant_to_be_withdrawn() {
    run(|| {
        let before = balance(PLANTER);
        plant(DEPOSIT);
        let id = convict_planted();
        assert_ok!(Slashing::cancel(RuntimeOrigin::root(), id));
        assert_noop!(Slashing::open_plant(signed(PLANTER), id, SALT), Error::<Test>::NoSuchSlash);
        Void::set(vec![planted()]);
        assert_ok!(Slashing::withdraw_plant(signed(PLANTER), SALT, planted()));
        assert_eq!((balance(PLANTER), bond()), (before, (BOND, BOND)));
    });
}

#[test]
fn cancel_should_leave_other_slashes_alone() {
    run(|| {
        let (first, second) = (wrong_result(), wrong_result());
        assert_ok!(Slashing::cancel(RuntimeOrigin::root(), first));
        assert!(Deferred::<Test>::contains_key(second));
        assert_eq!(bond(), (BOND, BOND - 1_000));
    });
}

#[test]
fn cancel_should_fail_when_the_origin_is_not_governance() {
    run(|| {
        let id = wrong_result();
        for origin in [signed(OFFENDER), signed(GUARDIAN), RuntimeOrigin::none()] {
            assert_noop!(Slashing::cancel(origin, id), BadOrigin);
        }
    });
}

#[test]
fn cancel_should_fail_when_there_is_no_such_slash() {
    run(|| {
        let id = wrong_result();
        run_to(1 + DEFER);
        assert_noop!(Slashing::cancel(RuntimeOrigin::root(), id), Error::<Test>::NoSuchSlash);
        assert_noop!(Slashing::cancel(RuntimeOrigin::root(), id + 1), Error::<Test>::NoSuchSlash);
    });
}

// SPDX-License-Identifier: Apache-2.0
//! `retire`

use super::mock::*;
use crate::{Entries, Error, Event, Workers};
use frame_support::{assert_noop, assert_ok};
use quern_primitives::traits::{Registry as _, Role, ShardEnd};
use sp_runtime::traits::BadOrigin;

#[test]
fn retire_should_forget_the_account() {
    run(|| {
        register(1, Role::Worker);
        register(2, Role::Validator);
        assert_ok!(Registry::retire(signed(1)));
        assert_ok!(Registry::retire(signed(2)));
        assert_eq!(Entries::<Test>::iter().count(), 0);
        assert!(Registry::validators().is_empty());
        System::assert_last_event(Event::Retired { who: account(2) }.into());
    });
}

#[test]
fn retire_should_wait_when_shards_are_open() {
    run(|| {
        register(1, Role::Worker);
        assert_ok!(Registry::set_ready(signed(1), 3));
        Registry::take_slot(&raw(1));
        Registry::take_slot(&raw(1));
        assert_ok!(Registry::retire(signed(1)));
        System::assert_last_event(Event::RetirementStarted { who: account(1), open: 2 }.into());
        assert!(Workers::<Test>::get().is_empty());
        assert!(Registry::endpoint(&raw(1)).is_some());
        Registry::shard_ended(&raw(1), ShardEnd::Accepted);
        assert!(Registry::endpoint(&raw(1)).is_some());
        Registry::shard_ended(&raw(1), ShardEnd::Accepted);
        assert!(Registry::endpoint(&raw(1)).is_some(), "their windows are open");
        Registry::window_closed(&raw(1));
        assert!(Registry::endpoint(&raw(1)).is_some());
        Registry::window_closed(&raw(1));
        System::assert_last_event(Event::Retired { who: account(1) }.into());
        assert_eq!(Registry::endpoint(&raw(1)), None);
    });
}

#[test]
fn retire_should_wait_when_a_window_is_open() {
    run(|| {
        register(1, Role::Worker);
        assert_ok!(Registry::set_ready(signed(1), 1));
        Registry::take_slot(&raw(1));
        Registry::shard_ended(&raw(1), ShardEnd::Accepted);
        assert_ok!(Registry::retire(signed(1)));
        System::assert_last_event(Event::RetirementStarted { who: account(1), open: 1 }.into());
        assert_noop!(Registry::retire(signed(1)), Error::<Test>::Retiring);
        assert!(Registry::ready_workers().is_empty() && Registry::endpoint(&raw(1)).is_some());
        Registry::shard_ended(&raw(1), ShardEnd::Undelivered);
        Registry::window_closed(&raw(1));
        assert_eq!(Registry::endpoint(&raw(1)), None);
    });
}

#[test]
fn retire_should_forget_the_account_when_barred() {
    run(|| {
        register(1, Role::Worker);
        Registry::shard_ended(&raw(1), ShardEnd::Convicted);
        assert_ok!(Registry::retire(signed(1)));
        assert_eq!(Entries::<Test>::iter().count(), 0);
    });
}

#[test]
fn retire_should_fail_when_not_signed() {
    run(|| {
        assert_noop!(Registry::retire(RuntimeOrigin::none()), BadOrigin);
    });
}

#[test]
fn retire_should_fail_when_not_registered() {
    run(|| {
        assert_noop!(Registry::retire(signed(1)), Error::<Test>::NotRegistered);
    });
}

#[test]
fn retire_should_fail_when_retiring() {
    run(|| {
        register(1, Role::Worker);
        Registry::take_slot(&raw(1));
        assert_ok!(Registry::retire(signed(1)));
        assert_noop!(Registry::retire(signed(1)), Error::<Test>::Retiring);
    });
}

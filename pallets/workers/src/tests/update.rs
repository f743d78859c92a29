// SPDX-License-Identifier: Apache-2.0
//! `update`

use super::mock::*;
use crate::{Error, Event, Profile};
use frame_support::{assert_noop, assert_ok};
use quern_primitives::traits::{Registry as _, Role, ShardEnd};
use sp_runtime::traits::BadOrigin;

#[test]
fn update_should_replace_the_entry_and_keep_the_rest() {
    run(|| {
        register(1, Role::Worker);
        assert_ok!(Registry::set_ready(signed(1), 2));
        assert_ok!(Registry::update(signed(1), endpoint(8), Profile::default(), 9));
        assert_eq!((entry(1).endpoint, entry(1).ask, entry(1).slots), (endpoint(8), 9, 2));
        assert_eq!(entry(1).profile, Profile::default());
        System::assert_last_event(Event::Updated { who: account(1), ask: 9 }.into());
    });
}

#[test]
fn update_should_renew_the_declaration() {
    run(|| {
        register(1, Role::Worker);
        assert_ok!(Registry::set_ready(signed(1), 2));
        System::set_block_number(5);
        assert_ok!(Registry::update(signed(1), endpoint(1), profile(), 9));
        assert_eq!(Registry::ready_workers()[0].ready_at, 5);
    });
}

#[test]
fn update_should_fail_when_not_signed() {
    run(|| {
        assert_noop!(Registry::update(RuntimeOrigin::none(), endpoint(1), profile(), 9), BadOrigin);
    });
}

#[test]
fn update_should_fail_when_not_registered() {
    run(|| {
        assert_noop!(Registry::update(signed(1), endpoint(1), profile(), 9), Error::<Test>::NotRegistered);
    });
}

#[test]
fn update_should_fail_when_barred() {
    run(|| {
        register(1, Role::Worker);
        Registry::shard_ended(&raw(1), ShardEnd::Convicted);
        assert_noop!(Registry::update(signed(1), endpoint(1), profile(), 9), Error::<Test>::Barred);
    });
}

#[test]
fn update_should_fail_when_retiring() {
    run(|| {
        register(1, Role::Worker);
        Registry::take_slot(&raw(1));
        assert_ok!(Registry::retire(signed(1)));
        assert_noop!(Registry::update(signed(1), endpoint(1), profile(), 9), Error::<Test>::Retiring);
    });
}

// SPDX-License-Identifier: Apache-2.0
//! `set_ready`

use super::mock::*;
use crate::{Error, Event, MAX_SLOTS, REPUTATION_FLOOR};
use frame_support::{assert_noop, assert_ok};
use quern_primitives::traits::{ReadyWorker, Registry as _, Role, ShardEnd};
use sp_runtime::traits::BadOrigin;

#[test]
fn set_ready_should_offer_capacity() {
    run(|| {
        register(1, Role::Worker);
        System::set_block_number(4);
        assert_ok!(Registry::set_ready(signed(1), 3));
        System::assert_last_event(Event::Ready { who: account(1), slots: 3 }.into());
        let ready = ReadyWorker {
            account: raw(1),
            ask: ASK,
            slots: 3,
            profile: profile(),
            ready_at: 4,
            apprentice: false,
            weight: REPUTATION_FLOOR,
        };
        assert_eq!(Registry::ready_workers(), vec![ready]);
    });
}

#[test]
fn set_ready_should_pause_when_zero() {
    run(|| {
        register(1, Role::Worker);
        assert_ok!(Registry::set_ready(signed(1), MAX_SLOTS));
        set_bond(1, 0, 0);
        assert_ok!(Registry::set_ready(signed(1), 0));
        set_bond(1, MINIMUM, 0);
        assert!(Registry::ready_workers().is_empty());
    });
}

#[test]
fn set_ready_should_fail_when_not_signed() {
    run(|| {
        assert_noop!(Registry::set_ready(RuntimeOrigin::root(), 1), BadOrigin);
    });
}

#[test]
fn set_ready_should_fail_when_not_registered() {
    run(|| {
        assert_noop!(Registry::set_ready(signed(1), 1), Error::<Test>::NotRegistered);
    });
}

#[test]
fn set_ready_should_fail_when_a_validator() {
    run(|| {
        register(1, Role::Validator);
        assert_noop!(Registry::set_ready(signed(1), 1), Error::<Test>::NotAWorker);
    });
}

#[test]
fn set_ready_should_fail_when_too_many_slots() {
    run(|| {
        register(1, Role::Worker);
        assert_noop!(Registry::set_ready(signed(1), MAX_SLOTS + 1), Error::<Test>::TooManySlots);
    });
}

#[test]
fn set_ready_should_fail_when_the_bond_is_below_the_minimum() {
    run(|| {
        register(1, Role::Worker);
        set_bond(1, MINIMUM - 1, 0);
        assert_noop!(Registry::set_ready(signed(1), 1), Error::<Test>::BondTooLow);
    });
}

#[test]
fn set_ready_should_fail_when_barred() {
    run(|| {
        register(1, Role::Worker);
        Registry::shard_ended(&raw(1), ShardEnd::Convicted);
        assert_noop!(Registry::set_ready(signed(1), 1), Error::<Test>::Barred);
    });
}

#[test]
fn set_ready_should_fail_when_retiring() {
    run(|| {
        register(1, Role::Worker);
        Registry::take_slot(&raw(1));
        assert_ok!(Registry::retire(signed(1)));
        assert_noop!(Registry::set_ready(signed(1), 1), Error::<Test>::Retiring);
    });
}

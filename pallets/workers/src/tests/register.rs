// SPDX-License-Identifier: Apache-2.0
//! `register`

use super::mock::*;
use crate::{Error, Event, Workers, REPUTATION_FLOOR};
use frame_support::{assert_noop, assert_ok};
use quern_primitives::traits::{Registry as _, Role, ShardEnd};
use sp_runtime::traits::BadOrigin;

#[test]
fn register_should_list_a_worker_that_is_not_ready_yet() {
    run(|| {
        register(1, Role::Worker);
        assert_eq!(entry(1).reputation, REPUTATION_FLOOR);
        assert_eq!(entry(1).profile, profile());
        assert_eq!(Workers::<Test>::get().into_inner(), vec![raw(1)]);
        assert!(Registry::ready_workers().is_empty());
        System::assert_last_event(Event::Registered { who: account(1), role: Role::Worker, ask: ASK }.into());
    });
}

#[test]
fn register_should_list_a_validator() {
    run(|| {
        register(1, Role::Validator);
        assert_eq!(Registry::validators(), vec![raw(1)]);
    });
}

#[test]
fn register_should_start_anew_when_barred() {
    run(|| {
        register(1, Role::Worker);
        Registry::take_slot(&raw(1));
        Registry::shard_ended(&raw(1), ShardEnd::Convicted);
        register(1, Role::Validator);
        assert!(!entry(1).barred);
        assert_eq!(entry(1).reputation, REPUTATION_FLOOR);
    });
}

#[test]
fn register_should_fail_when_not_signed() {
    run(|| {
        assert_noop!(Registry::register(RuntimeOrigin::root(), Role::Worker, endpoint(1), profile(), ASK), BadOrigin);
    });
}

#[test]
fn register_should_fail_when_registered_in_any_role() {
    run(|| {
        register(1, Role::Worker);
        for role in [Role::Worker, Role::Validator] {
            assert_noop!(
                Registry::register(signed(1), role, endpoint(1), profile(), ASK),
                Error::<Test>::AlreadyRegistered
            );
        }
    });
}

#[test]
fn register_should_fail_when_retiring() {
    run(|| {
        register(1, Role::Worker);
        Registry::take_slot(&raw(1));
        assert_ok!(Registry::retire(signed(1)));
        assert_noop!(
            Registry::register(signed(1), Role::Worker, endpoint(1), profile(), ASK),
            Error::<Test>::AlreadyRegistered
        );
    });
}

#[test]
fn register_should_fail_when_barred_with_open_shards() {
    run(|| {
        register(1, Role::Worker);
        Registry::take_slot(&raw(1));
        Registry::take_slot(&raw(1));
        Registry::shard_ended(&raw(1), ShardEnd::Convicted);
        assert_noop!(
            Registry::register(signed(1), Role::Worker, endpoint(1), profile(), ASK),
            Error::<Test>::OpenShards
        );
    });
}

#[test]
fn register_should_fail_when_the_free_bond_is_below_the_minimum() {
    run(|| {
        set_bond(1, MINIMUM + 50, 51);
        assert_noop!(
            Registry::register(signed(1), Role::Worker, endpoint(1), profile(), ASK),
            Error::<Test>::BondTooLow
        );
        assert_noop!(
            Registry::register(signed(9), Role::Validator, endpoint(9), profile(), ASK),
            Error::<Test>::BondTooLow
        );
    });
}

#[test]
fn register_should_fail_when_there_is_no_place() {
    run(|| {
        (1..=3).for_each(|who| register(who, Role::Worker));
        assert_noop!(
            Registry::register(signed(4), Role::Worker, endpoint(4), profile(), ASK),
            Error::<Test>::RegistryFull
        );
        (4..=5).for_each(|who| register(who, Role::Validator));
        assert_noop!(
            Registry::register(signed(6), Role::Validator, endpoint(6), profile(), ASK),
            Error::<Test>::RegistryFull
        );
    });
}

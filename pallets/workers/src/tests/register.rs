// SPDX-License-Identifier: Apache-2.0
//! `register`

use super::mock::*;
use crate::{Error, Event, FormerRests, Workers, FORMER_REST_BLOCKS, MAX_FORMER_RESTS, REPUTATION_FLOOR, REST_BLOCKS};
use frame_support::{assert_noop, assert_ok, traits::Hooks};
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

/// Has account 1 leave while it rests for the second time in a row, at height 100.
fn leave_resting() {
    register(1, Role::Worker);
    Registry::shard_ended(&raw(1), ShardEnd::Unstarted);
    System::set_block_number(100);
    Registry::shard_ended(&raw(1), ShardEnd::Declined(shard(0)));
    assert_ok!(Registry::retire(signed(1)));
    assert_eq!(FormerRests::<Test>::get().len(), 1);
}

#[test]
fn register_should_neither_end_a_rest_nor_begin_its_doubling_anew() {
    run(|| {
        leave_resting();
        register(1, Role::Worker);
        assert_ok!(Registry::set_ready(signed(1), 1));
        assert!(Registry::ready_workers().is_empty());
        assert!(FormerRests::<Test>::get().is_empty());
        Registry::do_try_state().unwrap();
        System::set_block_number(100 + 2 * REST_BLOCKS);
        assert_eq!(Registry::ready_workers().len(), 1);
        Registry::shard_ended(&raw(1), ShardEnd::Unstarted);
        assert_eq!(entry(1).rests_until, 100 + 2 * REST_BLOCKS + 4 * REST_BLOCKS);
    });
}

#[test]
fn register_should_keep_the_rest_when_the_account_was_a_validator_meanwhile() {
    run(|| {
        leave_resting();
        register(1, Role::Validator);
        assert_ok!(Registry::retire(signed(1)));
        register(1, Role::Worker);
        assert_eq!((entry(1).rests, entry(1).rests_until), (2, 100 + 2 * REST_BLOCKS));
    });
}

#[test]
fn register_should_keep_the_rest_when_the_account_is_barred() {
    run(|| {
        register(1, Role::Worker);
        Registry::shard_ended(&raw(1), ShardEnd::Unstarted);
        Registry::shard_ended(&raw(1), ShardEnd::Convicted);
        register(1, Role::Worker);
        assert_eq!((entry(1).rests, entry(1).rests_until), (1, 1 + REST_BLOCKS));
    });
}

#[test]
fn register_should_forget_rests_when_the_account_has_been_away_for_long() {
    run(|| {
        leave_resting();
        System::set_block_number(100 + FORMER_REST_BLOCKS + 1);
        register(1, Role::Worker);
        assert_eq!((entry(1).rests, entry(1).rests_until), (0, 0));
        assert!(FormerRests::<Test>::get().is_empty());
    });
}

#[test]
fn former_rests_should_be_forgotten_in_the_end_when_nobody_else_leaves() {
    run(|| {
        leave_resting();
        let kept_until = FormerRests::<Test>::get()[0].kept_until;
        let next = |height: u32| height.next_multiple_of(FORMER_REST_BLOCKS);
        let blocks = |heights: core::ops::RangeInclusive<u32>| {
            for height in heights {
                System::set_block_number(height);
                Registry::on_initialize(height);
            }
        };
        blocks(1..=kept_until);
        assert_eq!(FormerRests::<Test>::get().len(), 1);
        blocks(kept_until + 1..=next(kept_until + 1));
        assert!(!FormerRests::<Test>::exists());
    });
}

#[test]
fn former_rests_should_make_room_when_others_leave() {
    run(|| {
        leave_resting();
        let rest = FormerRests::<Test>::get()[0];
        let mut full: Vec<_> = (0..MAX_FORMER_RESTS).map(|_| rest).collect();
        (0u32..).zip(&mut full).for_each(|(number, rest)| rest.who[4..8].copy_from_slice(&number.to_le_bytes()));
        full[0].who = raw(1);
        FormerRests::<Test>::put(frame_support::BoundedVec::truncate_from(full));
        register(2, Role::Worker);
        Registry::shard_ended(&raw(2), ShardEnd::Unstarted);
        assert_ok!(Registry::retire(signed(2)));
        let left = FormerRests::<Test>::get();
        assert_eq!((left.len() as u32, left.last().unwrap().who), (MAX_FORMER_RESTS, raw(2)));
        assert!(left.iter().all(|rest| rest.who != raw(1)));
        // All of them are forgotten with the next one that leaves after their time.
        register(3, Role::Worker);
        System::set_block_number(200 + FORMER_REST_BLOCKS);
        Registry::shard_ended(&raw(3), ShardEnd::Unstarted);
        assert_ok!(Registry::retire(signed(3)));
        assert_eq!(FormerRests::<Test>::get().len(), 1);
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

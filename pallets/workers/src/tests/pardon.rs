// SPDX-License-Identifier: Apache-2.0
//! `Registry::pardon`: convictions for planted errors are taken back.

use super::mock::*;
use crate::{ConvictionsOf, Event, Workers, REPUTATION_FLOOR};
use frame_support::{assert_noop, assert_ok};
use quern_primitives::traits::{Registry as _, Role, ShardEnd};

/// Account 1 with a reputation above the floor and one open shard.
fn respected() {
    register(1, Role::Worker);
    assert_ok!(Registry::set_ready(signed(1), 2));
    for end in [ShardEnd::Accepted, ShardEnd::Accepted] {
        Registry::take_slot(&raw(1));
        Registry::shard_ended(&raw(1), end);
    }
    Registry::take_slot(&raw(1));
}

fn convict() -> u32 {
    Registry::shard_ended(&raw(1), ShardEnd::Convicted);
    System::block_number()
}

#[test]
fn pardon_should_make_the_worker_what_it_was_but_for_its_capacity() {
    run(|| {
        respected();
        let before = entry(1);
        let at = convict();
        assert!(entry(1).barred && Workers::<Test>::get().is_empty());
        Registry::pardon(&raw(1), at);
        let after = entry(1);
        assert_eq!((after.barred, after.reputation, after.slots), (false, before.reputation, 0));
        assert_eq!(Workers::<Test>::get().to_vec(), vec![raw(1)]);
        assert!(!ConvictionsOf::<Test>::contains_key(account(1)));
        let reputation = REPUTATION_FLOOR + 2;
        System::assert_last_event(Event::Pardoned { who: account(1), reputation }.into());
        assert_ok!(Registry::set_ready(signed(1), 1));
    });
}

#[test]
fn pardon_should_let_reputation_fade_while_the_worker_was_barred() {
    run(|| {
        respected();
        let at = convict();
        Era::set(40);
        Registry::pardon(&raw(1), at);
        assert_eq!(entry(1).reputation, REPUTATION_FLOOR);
    });
}

#[test]
fn pardon_should_list_a_validator_with_the_height_at_which_it_came_back() {
    run(|| {
        register(1, Role::Validator);
        System::set_block_number(7);
        let at = convict();
        System::set_block_number(9);
        Registry::pardon(&raw(1), at);
        register(2, Role::Validator);
        assert_eq!((Registry::validators_before(9), Registry::validators_before(10)), (vec![], vec![raw(1), raw(2)]));
        Registry::do_try_state().unwrap();
    });
}

#[test]
fn pardon_should_not_give_back_what_an_overturned_result_had_added() {
    run(|| {
        respected();
        Registry::shard_ended(&raw(1), ShardEnd::Accepted);
        assert_eq!(entry(1).reputation, REPUTATION_FLOOR + 3);
        Registry::shard_ended(&raw(1), ShardEnd::Overturned);
        Registry::pardon(&raw(1), System::block_number());
        assert_eq!(entry(1).reputation, REPUTATION_FLOOR + 2);
    });
}

#[test]
fn pardon_should_wait_for_every_conviction_when_there_are_several() {
    run(|| {
        respected();
        Registry::take_slot(&raw(1));
        let at = convict();
        convict();
        Registry::pardon(&raw(1), at);
        assert!(entry(1).barred);
        assert_noop!(Registry::set_ready(signed(1), 1), crate::Error::<Test>::Barred);
        Registry::pardon(&raw(1), at);
        assert_eq!((entry(1).barred, entry(1).reputation), (false, REPUTATION_FLOOR + 2));
    });
}

#[test]
fn pardon_should_take_back_nothing_when_the_worker_has_registered_anew() {
    run(|| {
        respected();
        let first = convict();
        System::set_block_number(System::block_number() + 1);
        register(1, Role::Worker);
        Registry::pardon(&raw(1), first);
        assert_eq!(entry(1).reputation, REPUTATION_FLOOR);
        // A conviction since is another one.
        Registry::take_slot(&raw(1));
        convict();
        Registry::pardon(&raw(1), first);
        assert!(entry(1).barred);
    });
}

#[test]
fn pardon_should_leave_the_worker_barred_when_there_is_no_place() {
    run(|| {
        respected();
        let at = convict();
        (2..=4).for_each(|who| register(who, Role::Worker));
        Registry::pardon(&raw(1), at);
        assert!(entry(1).barred);
    });
}

#[test]
fn pardon_should_do_nothing_when_the_account_is_not_barred() {
    run(|| {
        respected();
        let before = entry(1);
        for who in [1, 2] {
            Registry::pardon(&raw(who), 1);
        }
        assert_eq!(entry(1), before);
    });
}

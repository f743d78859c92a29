// SPDX-License-Identifier: Apache-2.0
//! The life of an apprentice after its enrolment.

use super::mock::*;
use crate::{Apprentices, Entries, Error, Event, Workers, FREE_TURN_BLOCKS};
use frame_support::{assert_noop, assert_ok};
use quern_primitives::traits::{Registry as _, Role, ShardEnd};
use sp_runtime::AccountId32;

fn id(seed: u8) -> AccountId32 {
    apprentice(seed).into()
}

/// Four validators, so that apprentices' shards can be audited, and an apprentice.
fn enrolled(seed: u8) {
    MaxValidators::set(4);
    for who in 1..=4 {
        if Entries::<Test>::get(account(who)).is_none() {
            register(who, Role::Validator);
        }
    }
    assert_ok!(enrol(enrolment(seed)));
}

/// Gives an apprentice a bond.
fn earn(seed: u8, amount: u128) {
    Bonds::mutate(|bonds| bonds.insert(apprentice(seed), (amount, 0)));
}

#[test]
fn an_apprentice_should_run_one_shard_at_a_time() {
    run(|| {
        enrolled(1);
        Registry::take_slot(&apprentice(1));
        assert!(Registry::ready_workers().is_empty());
        assert_noop!(Registry::set_ready(RuntimeOrigin::signed(id(1)), 2), Error::<Test>::TooManySlots);
        Registry::shard_ended(&apprentice(1), ShardEnd::Accepted);
        assert_eq!(Registry::ready_workers().len(), 1);
    });
}

#[test]
fn apprentices_should_have_one_shard_when_nobody_else_has_any() {
    run(|| {
        enrolled(1);
        enrolled(2);
        assert_eq!(Registry::apprentice_places(), 1);
        Registry::take_slot(&apprentice(1));
        assert_eq!(Registry::apprentice_places(), 0);
        assert!(Registry::ready_workers().is_empty());
        Registry::shard_ended(&apprentice(1), ShardEnd::Accepted);
        assert_eq!(Registry::apprentice_places(), 1);
    });
}

#[test]
fn apprentices_should_have_a_tenth_of_all_open_shards() {
    run(|| {
        enrolled(1);
        register(5, Role::Worker);
        assert_ok!(Registry::set_ready(signed(5), 64));
        (0..29).for_each(|_| Registry::take_slot(&raw(5)));
        assert_eq!(Registry::apprentice_places(), 2);
        Registry::take_slot(&apprentice(1));
        // 30 are open in all, one of them an apprentice's.
        assert_eq!(Registry::apprentice_places(), 2);
    });
}

#[test]
fn apprentices_should_have_no_place_when_too_few_validators_could_audit_them() {
    run(|| {
        enrolled(1);
        assert_ok!(Registry::retire(signed(4)));
        assert_eq!(Registry::apprentice_places(), 0);
        assert!(Registry::ready_workers().is_empty());
    });
}

#[test]
fn an_apprentice_should_graduate_when_it_has_earned_the_minimum() {
    run(|| {
        enrolled(1);
        Registry::take_slot(&apprentice(1));
        earn(1, MINIMUM - 1);
        Registry::shard_ended(&apprentice(1), ShardEnd::Accepted);
        assert!(Registry::is_apprentice(&apprentice(1)));
        Registry::take_slot(&apprentice(1));
        earn(1, MINIMUM);
        assert!(Registry::is_apprentice(&apprentice(1)), "not while a shard is open");
        Registry::shard_ended(&apprentice(1), ShardEnd::Accepted);
        assert!(!Registry::is_apprentice(&apprentice(1)));
        System::assert_has_event(Event::Graduated { who: id(1) }.into());
        assert_eq!((Apprentices::<Test>::get().len(), Workers::<Test>::get().to_vec()), (0, vec![apprentice(1)]));
        assert_ok!(Registry::set_ready(RuntimeOrigin::signed(id(1)), 3));
        assert_eq!(Registry::ready_workers()[0].slots, 3);
    });
}

#[test]
fn an_apprentice_should_graduate_by_declaring_readiness_when_it_bonded() {
    run(|| {
        enrolled(1);
        earn(1, MINIMUM);
        assert_ok!(Registry::set_ready(RuntimeOrigin::signed(id(1)), 2));
        System::assert_has_event(Event::Graduated { who: id(1) }.into());
        assert_eq!(Entries::<Test>::get(id(1)).unwrap().role, Role::Worker);
    });
}

#[test]
fn an_apprentice_should_stay_one_when_there_is_no_place_for_a_worker() {
    run(|| {
        enrolled(1);
        [5, 6].iter().for_each(|who| register(*who, Role::Worker));
        set_bond(7, MINIMUM, 0);
        register(7, Role::Worker);
        Registry::take_slot(&apprentice(1));
        earn(1, MINIMUM);
        Registry::shard_ended(&apprentice(1), ShardEnd::Accepted);
        assert!(Registry::is_apprentice(&apprentice(1)));
    });
}

#[test]
fn an_apprentice_should_be_forgotten_when_it_is_convicted() {
    run(|| {
        enrolled(1);
        Registry::take_slot(&apprentice(1));
        Registry::shard_ended(&apprentice(1), ShardEnd::Convicted);
        assert!(Entries::<Test>::get(id(1)).is_none() && Apprentices::<Test>::get().is_empty());
        assert_eq!(System::sufficients(&id(1)), 0);
        System::assert_has_event(Event::Barred { who: id(1) }.into());
    });
}

#[test]
fn an_apprentice_should_graduate_when_it_is_paid_the_minimum_and_no_shard_is_open() {
    run(|| {
        enrolled(1);
        Registry::take_slot(&apprentice(1));
        earn(1, MINIMUM);
        Registry::bond_grew(&apprentice(1));
        assert!(Registry::is_apprentice(&apprentice(1)), "not while a shard is open");
        Registry::shard_ended(&apprentice(1), ShardEnd::Late);
        assert!(!Registry::is_apprentice(&apprentice(1)));
        enrolled(2);
        earn(2, MINIMUM - 1);
        Registry::bond_grew(&apprentice(2));
        assert!(Registry::is_apprentice(&apprentice(2)), "not with less");
        earn(2, MINIMUM);
        Registry::bond_grew(&apprentice(2));
        System::assert_last_event(Event::Graduated { who: id(2) }.into());
        assert_eq!(Entries::<Test>::get(id(2)).unwrap().role, Role::Worker);
    });
}

#[test]
fn an_apprentice_should_be_forgotten_when_its_open_shard_ends_after_it_was_overturned() {
    run(|| {
        enrolled(1);
        Registry::take_slot(&apprentice(1));
        Registry::shard_ended(&apprentice(1), ShardEnd::Accepted);
        Registry::take_slot(&apprentice(1));
        Registry::shard_ended(&apprentice(1), ShardEnd::Overturned);
        assert!(Entries::<Test>::get(id(1)).unwrap().barred && Apprentices::<Test>::get().is_empty());
        Registry::do_try_state().unwrap();
        Registry::window_closed(&apprentice(1));
        Registry::shard_ended(&apprentice(1), ShardEnd::Accepted);
        assert!(Entries::<Test>::get(id(1)).is_some(), "it may have to defend that one");
        Registry::window_closed(&apprentice(1));
        assert!(Entries::<Test>::get(id(1)).is_none());
    });
}

#[test]
fn an_apprentice_should_be_forgotten_at_once_when_it_is_overturned_and_no_shard_is_open() {
    run(|| {
        enrolled(1);
        Registry::take_slot(&apprentice(1));
        Registry::shard_ended(&apprentice(1), ShardEnd::Accepted);
        Registry::shard_ended(&apprentice(1), ShardEnd::Overturned);
        Registry::window_closed(&apprentice(1));
        assert!(Entries::<Test>::get(id(1)).is_none());
    });
}

#[test]
fn an_apprentice_should_keep_its_entry_when_it_retires_before_its_window_has_closed() {
    run(|| {
        enrolled(1);
        Registry::take_slot(&apprentice(1));
        Registry::shard_ended(&apprentice(1), ShardEnd::Accepted);
        assert_ok!(Registry::retire(RuntimeOrigin::signed(id(1))));
        assert!(Registry::is_apprentice(&apprentice(1)), "it is paid as one, and exists to defend itself");
        assert_eq!(System::sufficients(&id(1)), 1);
        assert!(Apprentices::<Test>::get().is_empty());
        Registry::do_try_state().unwrap();
        Registry::window_closed(&apprentice(1));
        System::assert_last_event(Event::Retired { who: id(1) }.into());
        assert_eq!(System::sufficients(&id(1)), 0);
    });
}

#[test]
fn an_apprentice_should_have_a_free_turn_now_and_then() {
    run(|| {
        enrolled(1);
        assert!(!Registry::has_free_turn(&id(1)));
        System::set_block_number(1 + FREE_TURN_BLOCKS);
        assert!(Registry::has_free_turn(&id(1)));
        assert!(!Registry::has_free_turn(&account(4)), "validators pay");
        assert_ok!(Registry::set_ready(RuntimeOrigin::signed(id(1)), 1));
        assert!(!Registry::has_free_turn(&id(1)));
    });
}

#[test]
fn a_worker_should_have_a_free_turn_like_the_apprentice_that_it_was() {
    run(|| {
        register(5, Role::Worker);
        assert!(!Registry::has_free_turn(&account(5)));
        System::set_block_number(1 + FREE_TURN_BLOCKS);
        assert!(Registry::has_free_turn(&account(5)));
    });
}

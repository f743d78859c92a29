// SPDX-License-Identifier: Apache-2.0
//! The trait by which other pallets assign, and tell how it ended.

use super::mock::*;
use crate::{Entries, Event, Workers, MAX_REST_BLOCKS, REPUTATION_FLOOR, REPUTATION_MAX, REST_BLOCKS};
use frame_support::assert_ok;
use quern_primitives::traits::{Registry as _, Role, ShardEnd};

fn ready(who: u8, slots: u32) {
    register(who, Role::Worker);
    assert_ok!(Registry::set_ready(signed(who), slots));
}

#[test]
fn take_slot_should_use_up_capacity() {
    run(|| {
        ready(1, 2);
        Registry::take_slot(&raw(1));
        assert_eq!(Registry::ready_workers()[0].slots, 1);
        Registry::take_slot(&raw(1));
        assert!(Registry::ready_workers().is_empty());
    });
}

#[test]
fn shard_ended_should_give_the_slot_back() {
    run(|| {
        ready(1, 1);
        Registry::take_slot(&raw(1));
        Registry::shard_ended(&raw(1), ShardEnd::Accepted);
        assert_eq!(Registry::ready_workers()[0].slots, 1);
    });
}

#[test]
fn shard_ended_should_change_nothing_but_the_slot_when_nobody_judged_the_result() {
    run(|| {
        ready(1, 1);
        Registry::take_slot(&raw(1));
        Registry::shard_ended(&raw(1), ShardEnd::Unaudited);
        assert_eq!((entry(1).reputation, entry(1).open), (REPUTATION_FLOOR, 0));
        assert_eq!(Registry::ready_workers()[0].slots, 1);
    });
}

#[test]
fn shard_ended_should_raise_reputation_when_accepted() {
    run(|| {
        ready(1, 1);
        Registry::take_slot(&raw(1));
        Registry::shard_ended(&raw(1), ShardEnd::Accepted);
        assert_eq!((entry(1).reputation, entry(1).open), (REPUTATION_FLOOR + 1, 0));
        let event = Event::ReputationChanged {
            who: account(1),
            before: REPUTATION_FLOOR,
            after: REPUTATION_FLOOR + 1,
            open: 0,
        };
        System::assert_last_event(event.into());
    });
}

#[test]
fn shard_ended_should_stop_at_the_greatest_reputation() {
    run(|| {
        ready(1, 1);
        (0..REPUTATION_MAX).for_each(|_| Registry::shard_ended(&raw(1), ShardEnd::Accepted));
        assert_eq!(entry(1).reputation, REPUTATION_MAX);
    });
}

#[test]
fn shard_ended_should_end_readiness_when_late() {
    run(|| {
        ready(1, 4);
        (0..9).for_each(|_| Registry::shard_ended(&raw(1), ShardEnd::Accepted));
        Registry::take_slot(&raw(1));
        Registry::shard_ended(&raw(1), ShardEnd::Late);
        assert_eq!(entry(1).reputation, REPUTATION_FLOOR + 4);
        assert!(Registry::ready_workers().is_empty());
        assert_ok!(Registry::set_ready(signed(1), 1));
        (0..3).for_each(|_| Registry::shard_ended(&raw(1), ShardEnd::Late));
        assert_ok!(Registry::set_ready(signed(1), 1));
        assert!(Registry::ready_workers().is_empty(), "it rests");
        System::set_block_number(entry(1).rests_until);
        let floor = REPUTATION_FLOOR;
        assert_eq!((entry(1).reputation, Registry::ready_workers()[0].weight), (floor, floor));
    });
}

#[test]
fn shard_ended_should_bar_when_convicted() {
    run(|| {
        ready(1, 4);
        Registry::take_slot(&raw(1));
        Registry::take_slot(&raw(1));
        Registry::shard_ended(&raw(1), ShardEnd::Convicted);
        System::assert_last_event(Event::Barred { who: account(1) }.into());
        assert!(Registry::ready_workers().is_empty() && Workers::<Test>::get().is_empty());
        assert_eq!((entry(1).barred, entry(1).reputation, entry(1).open), (true, 0, 1));
        // Its place is free, and its other shards count for nothing.
        (2..=4).for_each(|who| register(who, Role::Worker));
        Registry::shard_ended(&raw(1), ShardEnd::Accepted);
        assert_eq!(entry(1).reputation, 0);
    });
}

#[test]
fn shard_ended_should_bar_a_validator_when_convicted() {
    run(|| {
        register(1, Role::Validator);
        Registry::shard_ended(&raw(1), ShardEnd::Convicted);
        assert!(Registry::validators().is_empty() && entry(1).barred);
    });
}

#[test]
fn shard_ended_should_forget_a_retiring_worker_when_convicted() {
    run(|| {
        ready(1, 1);
        Registry::take_slot(&raw(1));
        assert_ok!(Registry::retire(signed(1)));
        Registry::shard_ended(&raw(1), ShardEnd::Convicted);
        assert_eq!(Entries::<Test>::iter().count(), 0);
    });
}

#[test]
fn unknown_accounts_should_change_nothing() {
    run(|| {
        Registry::take_slot(&raw(9));
        Registry::shard_ended(&raw(9), ShardEnd::Accepted);
        assert_eq!(Entries::<Test>::iter().count(), 0);
        assert_eq!(Registry::endpoint(&raw(9)), None);
    });
}

#[test]
fn accounts_should_not_be_listed_when_their_bond_fell_below_the_minimum() {
    run(|| {
        ready(1, 1);
        register(2, Role::Validator);
        set_bond(1, MINIMUM - 1, 0);
        set_bond(2, MINIMUM - 1, 0);
        assert!(Registry::ready_workers().is_empty() && Registry::validators().is_empty());
        // What is locked still counts.
        set_bond(1, MINIMUM, MINIMUM);
        set_bond(2, MINIMUM, MINIMUM);
        assert_eq!((Registry::ready_workers().len(), Registry::validators().len()), (1, 1));
    });
}

#[test]
fn endpoint_should_be_what_was_registered() {
    run(|| {
        register(1, Role::Validator);
        assert_eq!(Registry::endpoint(&raw(1)), Some(endpoint(1)));
    });
}

#[test]
fn ready_workers_should_weigh_less_when_eras_pass_without_work() {
    run(|| {
        ready(1, 1);
        (0..8).for_each(|_| Registry::shard_ended(&raw(1), ShardEnd::Accepted));
        let weight = || Registry::ready_workers()[0].weight;
        assert_eq!(weight(), REPUTATION_FLOOR + 8);
        Era::set(1);
        assert_eq!(weight(), REPUTATION_FLOOR + 7);
        // What is written stays until the next shard ends.
        assert_eq!((entry(1).reputation, entry(1).era), (REPUTATION_FLOOR + 8, 0));
        Registry::shard_ended(&raw(1), ShardEnd::Accepted);
        assert_eq!((entry(1).reputation, entry(1).era), (REPUTATION_FLOOR + 8, 1));
        Era::set(100);
        assert_eq!(weight(), REPUTATION_FLOOR);
    });
}

#[test]
fn registered_accounts_should_exist_while_their_entry_does() {
    run(|| {
        register(1, Role::Worker);
        assert_eq!(System::sufficients(&account(1)), 1);
        Registry::take_slot(&raw(1));
        Registry::shard_ended(&raw(1), ShardEnd::Convicted);
        register(1, Role::Worker);
        assert_eq!(System::sufficients(&account(1)), 1);
        assert_ok!(Registry::retire(signed(1)));
        assert_eq!(System::sufficients(&account(1)), 0);
    });
}

/// Ends an assignment of worker 1 as soon as it is drawn again; returns for how long it was not.
fn rest_after(end: ShardEnd) -> u32 {
    let from = System::block_number();
    Registry::take_slot(&raw(1));
    Registry::shard_ended(&raw(1), end);
    assert_ok!(Registry::set_ready(signed(1), 2));
    assert!(Registry::ready_workers().is_empty());
    while Registry::ready_workers().is_empty() {
        System::set_block_number(System::block_number() + 1);
    }
    System::block_number() - from
}

#[test]
fn rests_should_double_up_to_the_longest_when_assignments_are_not_started_in_a_row() {
    run(|| {
        ready(1, 2);
        assert_eq!(rest_after(ShardEnd::Declined(shard(0))), REST_BLOCKS);
        assert_eq!(rest_after(ShardEnd::Unstarted), 2 * REST_BLOCKS);
        let rests: Vec<u32> = (0..7).map(|_| rest_after(ShardEnd::Declined(shard(0)))).collect();
        assert_eq!(rests[..3], [4 * REST_BLOCKS, 8 * REST_BLOCKS, 16 * REST_BLOCKS]);
        assert_eq!(rests[4..], [MAX_REST_BLOCKS; 3]);
        Registry::take_slot(&raw(1));
        Registry::shard_ended(&raw(1), ShardEnd::Accepted);
        assert_eq!(rest_after(ShardEnd::Declined(shard(0))), REST_BLOCKS, "from the start, after an accepted shard");
    });
}

#[test]
fn validators_before_should_leave_out_who_registered_since() {
    run(|| {
        register(1, Role::Validator);
        System::set_block_number(5);
        register(2, Role::Validator);
        assert_eq!(Registry::validators(), [raw(1), raw(2)]);
        assert_eq!(Registry::validators_before(5), [raw(1)]);
        assert_eq!(Registry::validators_before(6), [raw(1), raw(2)]);
        Registry::do_try_state().unwrap();
    });
}

#[test]
fn rests_should_count_assignments_once_that_were_held_together() {
    run(|| {
        ready(1, 3);
        (0..3).for_each(|_| Registry::take_slot(&raw(1)));
        (0..3).for_each(|of| Registry::shard_ended(&raw(1), ShardEnd::Declined(shard(of))));
        assert_eq!((entry(1).rests, entry(1).rests_until, entry(1).open), (1, 1 + REST_BLOCKS, 0));
    });
}

#[test]
fn excuse_should_take_back_only_the_rest_that_the_decline_began() {
    run(|| {
        ready(1, 3);
        (0..2).for_each(|of| Registry::shard_ended(&raw(1), ShardEnd::Declined(shard(of))));
        Registry::shard_ended(&raw(1), ShardEnd::DeclineConfirmed(shard(1)));
        assert_eq!((entry(1).rests, entry(1).rests_until), (1, 1 + REST_BLOCKS), "that one began none");
        Registry::shard_ended(&raw(1), ShardEnd::DeclineConfirmed(shard(2)));
        assert_eq!((entry(1).rests, entry(1).rests_until), (1, 1 + REST_BLOCKS), "nor was that one declined");
        Registry::shard_ended(&raw(1), ShardEnd::DeclineConfirmed(shard(0)));
        assert_eq!((entry(1).rests, Registry::ready_workers().len()), (0, 1));
        Registry::shard_ended(&raw(1), ShardEnd::DeclineConfirmed(shard(0)));
        assert_eq!(entry(1).rests, 0, "once");
    });
}

#[test]
fn excuse_should_not_end_a_rest_that_an_unstarted_shard_began() {
    run(|| {
        ready(1, 3);
        Registry::shard_ended(&raw(1), ShardEnd::Unstarted);
        Registry::shard_ended(&raw(1), ShardEnd::Declined(shard(0)));
        let before = entry(1);
        Registry::shard_ended(&raw(1), ShardEnd::DeclineConfirmed(shard(0)));
        assert_eq!((entry(1).rests, entry(1).rests_until), (before.rests, before.rests_until));
    });
}

#[test]
fn excuse_should_not_end_a_rest_in_which_another_shard_was_late() {
    for end in [ShardEnd::Late, ShardEnd::Unstarted] {
        run(|| {
            ready(1, 3);
            Registry::shard_ended(&raw(1), ShardEnd::Declined(shard(0)));
            Registry::shard_ended(&raw(1), end);
            Registry::shard_ended(&raw(1), ShardEnd::DeclineConfirmed(shard(0)));
            assert_eq!((entry(1).rests, entry(1).rests_until), (1, 1 + REST_BLOCKS));
        });
    }
}

#[test]
fn excuse_should_make_a_later_rest_as_long_as_it_would_have_been() {
    run(|| {
        ready(1, 3);
        Registry::shard_ended(&raw(1), ShardEnd::Declined(shard(0)));
        System::set_block_number(100);
        Registry::shard_ended(&raw(1), ShardEnd::Declined(shard(1)));
        assert_eq!((entry(1).rests, entry(1).rests_until), (2, 100 + 2 * REST_BLOCKS));
        Registry::shard_ended(&raw(1), ShardEnd::DeclineConfirmed(shard(0)));
        assert_eq!((entry(1).rests, entry(1).rests_until), (1, 100 + REST_BLOCKS));
    });
}

#[test]
fn excuse_should_end_a_rest_under_way_when_a_shard_was_accepted_meanwhile() {
    run(|| {
        ready(1, 3);
        Registry::take_slot(&raw(1));
        Registry::shard_ended(&raw(1), ShardEnd::Declined(shard(0)));
        Registry::shard_ended(&raw(1), ShardEnd::Accepted);
        assert!(Registry::ready_workers().is_empty());
        Registry::shard_ended(&raw(1), ShardEnd::DeclineConfirmed(shard(0)));
        assert_eq!((entry(1).rests, Registry::ready_workers().len()), (0, 1));
    });
}

#[test]
fn excuse_should_take_nothing_back_when_the_decline_was_refuted() {
    run(|| {
        ready(1, 3);
        Registry::shard_ended(&raw(1), ShardEnd::Declined(shard(0)));
        Registry::shard_ended(&raw(1), ShardEnd::DeclineRefuted(shard(0)));
        Registry::shard_ended(&raw(1), ShardEnd::DeclineConfirmed(shard(0)));
        assert_eq!((entry(1).rests, entry(1).rests_until), (1, 1 + REST_BLOCKS));
    });
}

#[test]
fn validators_before_should_leave_out_who_retired_and_came_again() {
    run(|| {
        register(1, Role::Validator);
        register(2, Role::Validator);
        System::set_block_number(5);
        assert_ok!(Registry::retire(signed(1)));
        assert_eq!(Registry::validators_before(5), [raw(2)]);
        register(1, Role::Validator);
        assert_eq!(Registry::validators_before(5), [raw(2)]);
        Registry::do_try_state().unwrap();
    });
}

#[test]
fn declined_shards_should_cost_nothing_but_the_rest_until_they_are_judged() {
    run(|| {
        ready(1, 2);
        (0..9).for_each(|_| Registry::shard_ended(&raw(1), ShardEnd::Accepted));
        Registry::take_slot(&raw(1));
        Registry::shard_ended(&raw(1), ShardEnd::Declined(shard(0)));
        assert_eq!((entry(1).reputation, entry(1).slots, entry(1).open), (REPUTATION_FLOOR + 9, 2, 0));
        Registry::shard_ended(&raw(1), ShardEnd::DeclineConfirmed(shard(0)));
        assert_eq!((entry(1).reputation, entry(1).rests), (REPUTATION_FLOOR + 9, 0));
        assert_eq!(Registry::ready_workers().len(), 1, "the rest is taken back");
        Registry::shard_ended(&raw(1), ShardEnd::DeclineRefuted(shard(0)));
        assert_eq!((entry(1).reputation, entry(1).slots, entry(1).open), (REPUTATION_FLOOR + 4, 2, 0));
    });
}

#[test]
fn validators_before_should_not_change_when_somebody_updates_its_entry() {
    run(|| {
        register(1, Role::Validator);
        System::set_block_number(5);
        assert_ok!(Registry::update(signed(1), endpoint(9), profile(), ASK));
        assert_eq!(Registry::validators_before(5), [raw(1)]);
    });
}

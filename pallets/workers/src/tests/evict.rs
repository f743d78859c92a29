// SPDX-License-Identifier: Apache-2.0
//! `evict`

use super::mock::*;
use crate::{ConvictionsOf, Entries, Error, Event, Validators, Workers, BARRED_BLOCKS};
use frame_support::{assert_noop, assert_ok, dispatch::Pays};
use quern_primitives::traits::{Registry as _, Role, ShardEnd};
use sp_runtime::traits::BadOrigin;

/// All places for workers are taken, by accounts 1 to 3.
fn full() {
    (1..=3).for_each(|who| register(who, Role::Worker));
}

#[test]
fn evict_should_make_room_for_another_when_a_bond_fell_below_the_minimum() {
    run(|| {
        full();
        let registered = || Registry::register(signed(4), Role::Worker, endpoint(4), profile(), ASK);
        assert_noop!(registered(), Error::<Test>::RegistryFull);
        set_bond(2, MINIMUM - 1, 0);
        let done = Registry::evict(signed(9), account(2)).unwrap();
        assert_eq!(done.pays_fee, Pays::No);
        System::assert_has_event(Event::Evicted { who: account(2) }.into());
        System::assert_last_event(Event::Retired { who: account(2) }.into());
        assert!(!Entries::<Test>::contains_key(account(2)));
        assert_ok!(registered());
        assert_eq!(Workers::<Test>::get().into_inner(), vec![raw(1), raw(3), raw(4)]);
    });
}

#[test]
fn evict_should_make_room_among_validators_too() {
    run(|| {
        (1..=2).for_each(|who| register(who, Role::Validator));
        set_bond(1, 0, 0);
        assert_ok!(Registry::evict(signed(9), account(1)));
        assert_eq!(Validators::<Test>::get().into_inner(), vec![raw(2)]);
    });
}

#[test]
fn evict_should_keep_the_entry_until_open_shards_and_windows_have_ended() {
    run(|| {
        full();
        assert_ok!(Registry::set_ready(signed(2), 1));
        Registry::take_slot(&raw(2));
        set_bond(2, MINIMUM - 1, MINIMUM - 1);
        assert_ok!(Registry::evict(signed(9), account(2)));
        System::assert_last_event(Event::RetirementStarted { who: account(2), open: 1 }.into());
        register(4, Role::Worker);
        assert!(Registry::endpoint(&raw(2)).is_some(), "it can still defend its shard");
        Registry::shard_ended(&raw(2), ShardEnd::Accepted);
        Registry::window_closed(&raw(2));
        assert_eq!(Registry::endpoint(&raw(2)), None);
    });
}

#[test]
fn evict_should_fail_when_the_bond_reaches_the_minimum() {
    run(|| {
        full();
        // What is locked still counts.
        set_bond(2, MINIMUM, MINIMUM);
        assert_noop!(Registry::evict(signed(9), account(2)), Error::<Test>::BondSuffices);
    });
}

#[test]
fn evict_should_fail_when_the_bond_reaches_the_minimum_whatever_the_caller_has_bonded() {
    run(|| {
        full();
        set_bond(9, 1_000 * MINIMUM, 0);
        for who in 1..=3 {
            assert_noop!(Registry::evict(signed(9), account(who)), Error::<Test>::BondSuffices);
        }
    });
}

#[test]
fn evict_should_forget_a_barred_account_when_its_conviction_is_old() {
    run(|| {
        register(1, Role::Worker);
        Registry::shard_ended(&raw(1), ShardEnd::Convicted);
        System::set_block_number(System::block_number() + BARRED_BLOCKS);
        assert_noop!(Registry::evict(signed(9), account(1)), Error::<Test>::Barred);
        System::set_block_number(System::block_number() + 1);
        let done = Registry::evict(signed(9), account(1)).unwrap();
        assert_eq!(done.pays_fee, Pays::No);
        System::assert_last_event(Event::Retired { who: account(1) }.into());
        assert!(!Entries::<Test>::contains_key(account(1)) && !ConvictionsOf::<Test>::contains_key(account(1)));
    });
}

#[test]
fn evict_should_fail_when_places_are_left() {
    run(|| {
        register(1, Role::Worker);
        set_bond(1, 0, 0);
        assert_noop!(Registry::evict(signed(9), account(1)), Error::<Test>::PlacesLeft);
    });
}

#[test]
fn evict_should_fail_when_the_account_has_no_place() {
    run(|| {
        full();
        assert_noop!(Registry::evict(RuntimeOrigin::none(), account(1)), BadOrigin);
        assert_noop!(Registry::evict(signed(9), account(9)), Error::<Test>::NotRegistered);
        Registry::shard_ended(&raw(1), ShardEnd::Convicted);
        assert_noop!(Registry::evict(signed(9), account(1)), Error::<Test>::Barred);
        assert_ok!(Registry::set_ready(signed(2), 1));
        Registry::take_slot(&raw(2));
        assert_ok!(Registry::retire(signed(2)));
        assert_noop!(Registry::evict(signed(9), account(2)), Error::<Test>::Retiring);
    });
}

#[test]
fn evict_should_fail_when_the_account_is_an_apprentice() {
    run(|| {
        assert_ok!(enrol(enrolment(1)));
        assert_noop!(Registry::evict(signed(9), apprentice(1).into()), Error::<Test>::NoBondNeeded);
    });
}

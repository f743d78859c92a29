// SPDX-License-Identifier: Apache-2.0
//! `plant`

use super::mock::*;
use crate::{Error, Event, Plants, PlantsOf};
use frame_support::{assert_noop, assert_ok};
use quern_primitives::plant::Plant;
use sp_runtime::{traits::BadOrigin, TokenError};

#[test]
fn plant_should_hold_the_deposit_until_it_is_opened() {
    run(|| {
        let before = balance(PLANTER);
        let hash = [1; 32];
        assert_ok!(Slashing::plant(signed(PLANTER), hash, 700));
        let expires_at = 1 + PLANT_BLOCKS;
        assert_eq!((balance(PLANTER), planted_by(PLANTER)), (before - 700, 700));
        let plant = Plant { owner: raw(PLANTER), deposit: 700, posted_at: 1, expires_at };
        assert_eq!((Plants::<Test>::get(hash), Slashing::plant_of(hash)), (Some(plant.clone()), Some(plant.clone())));
        assert_eq!(Slashing::all_plants(None, 10), vec![(hash, plant)]);
        let owner = account(PLANTER);
        System::assert_last_event(Event::Planted { hash, owner, deposit: 700, expires_at }.into());
    });
}

#[test]
fn plant_should_fail_when_the_deposit_is_below_the_minimum() {
    run(|| {
        assert_noop!(Slashing::plant(signed(PLANTER), [1; 32], 499), Error::<Test>::DepositTooLow);
    });
}

#[test]
fn plant_should_fail_when_the_account_has_too_little() {
    run(|| {
        let rich = balance(PLANTER) + 1;
        assert_noop!(Slashing::plant(signed(PLANTER), [1; 32], rich), TokenError::FundsUnavailable);
    });
}

#[test]
fn plant_should_fail_when_the_hash_is_posted_already() {
    run(|| {
        assert_ok!(Slashing::plant(signed(PLANTER), [1; 32], 500));
        for who in [PLANTER, REPORTER] {
            assert_noop!(Slashing::plant(signed(who), [1; 32], 500), Error::<Test>::AlreadyPlanted);
        }
    });
}

#[test]
fn plant_should_fail_when_the_account_has_as_many_as_it_may() {
    run(|| {
        for hash in 1..=3 {
            assert_ok!(Slashing::plant(signed(PLANTER), [hash; 32], 500));
        }
        assert_eq!(PlantsOf::<Test>::get(account(PLANTER)), 3);
        assert_noop!(Slashing::plant(signed(PLANTER), [4; 32], 500), Error::<Test>::TooManyPlants);
        assert_ok!(Slashing::plant(signed(REPORTER), [4; 32], 500));
    });
}

#[test]
fn plant_should_fail_when_all_places_are_taken() {
    run(|| {
        for hash in 1..=3 {
            assert_ok!(Slashing::plant(signed(PLANTER), [hash; 32], 500));
        }
        assert_ok!(Slashing::plant(signed(REPORTER), [4; 32], 500));
        assert_noop!(Slashing::plant(signed(REQUESTER), [5; 32], 500), Error::<Test>::TooManyPlants);
    });
}

#[test]
fn plant_should_fail_when_the_origin_is_not_signed() {
    run(|| {
        assert_noop!(Slashing::plant(RuntimeOrigin::root(), [1; 32], 500), BadOrigin);
    });
}

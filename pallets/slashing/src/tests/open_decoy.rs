// SPDX-License-Identifier: Apache-2.0
//! `open_decoy`

use super::mock::*;
use crate::{Error, Event, Plants};
use frame_support::{assert_noop, assert_ok};
use quern_primitives::plant::decoy_hash;
use sp_runtime::traits::BadOrigin;

#[test]
fn open_decoy_should_give_the_whole_deposit_back_at_any_time() {
    for height in [1, 1 + PLANT_BLOCKS, 10 * PLANT_BLOCKS] {
        run(|| {
            let before = balance(PLANTER);
            assert_ok!(Slashing::plant(signed(PLANTER), decoy_hash(&raw(PLANTER), &SALT), DEPOSIT));
            run_to(height);
            assert_ok!(Slashing::open_decoy(signed(PLANTER), SALT));
            assert_eq!((balance(PLANTER), Plants::<Test>::count()), (before, 0));
            let (hash, owner) = (decoy_hash(&raw(PLANTER), &SALT), account(PLANTER));
            System::assert_last_event(Event::DecoyOpened { hash, owner, deposit: DEPOSIT }.into());
        });
    }
}

#[test]
fn open_decoy_should_fail_when_the_hash_is_a_plants() {
    run(|| {
        plant(DEPOSIT);
        assert_noop!(Slashing::open_decoy(signed(PLANTER), SALT), Error::<Test>::NoSuchPlant);
    });
}

#[test]
fn open_decoy_should_fail_when_it_was_opened_already() {
    run(|| {
        assert_ok!(Slashing::plant(signed(PLANTER), decoy_hash(&raw(PLANTER), &SALT), DEPOSIT));
        assert_ok!(Slashing::open_decoy(signed(PLANTER), SALT));
        assert_noop!(Slashing::open_decoy(signed(PLANTER), SALT), Error::<Test>::NoSuchPlant);
    });
}

#[test]
fn open_decoy_should_fail_when_the_origin_is_not_signed() {
    run(|| {
        assert_ok!(Slashing::plant(signed(PLANTER), decoy_hash(&raw(PLANTER), &SALT), DEPOSIT));
        assert_noop!(Slashing::open_decoy(RuntimeOrigin::root(), SALT), BadOrigin);
    });
}

#[test]
fn open_decoy_should_fail_when_another_account_posted_it() {
    run(|| {
        assert_ok!(Slashing::plant(signed(REPORTER), decoy_hash(&raw(PLANTER), &SALT), DEPOSIT));
        for who in [REPORTER, PLANTER] {
            assert_noop!(Slashing::open_decoy(signed(who), SALT), Error::<Test>::NoSuchPlant);
        }
    });
}

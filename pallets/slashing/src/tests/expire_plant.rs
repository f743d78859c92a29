// SPDX-License-Identifier: Apache-2.0
//! `expire_plant`

use super::mock::*;
use crate::{Error, Event, Plants};
use frame_support::{assert_noop, assert_ok};
use quern_primitives::plant::decoy_hash;
use sp_runtime::traits::BadOrigin;

#[test]
fn expire_plant_should_burn_the_deposit_when_nobody_has_opened_it() {
    for hash in [planted().hash(&raw(PLANTER), &SALT), decoy_hash(&raw(PLANTER), &SALT)] {
        run(|| {
            let (before, issuance) = (balance(PLANTER), Balances::total_issuance());
            assert_ok!(Slashing::plant(signed(PLANTER), hash, DEPOSIT));
            run_to(1 + PLANT_BLOCKS);
            assert_ok!(Slashing::expire_plant(signed(REPORTER), hash));
            assert_eq!((balance(PLANTER), planted_by(PLANTER)), (before - DEPOSIT, 0));
            assert_eq!((issuance - Balances::total_issuance(), Plants::<Test>::count()), (DEPOSIT, 0));
            System::assert_last_event(Event::PlantExpired { hash, owner: account(PLANTER), burned: DEPOSIT }.into());
        });
    }
}

#[test]
fn expire_plant_should_burn_nothing_when_it_is_a_dry_run() {
    run(|| {
        let before = balance(PLANTER);
        plant(DEPOSIT);
        assert_ok!(Slashing::set_dry_run(RuntimeOrigin::root(), true));
        run_to(1 + PLANT_BLOCKS);
        assert_ok!(Slashing::expire_plant(signed(REPORTER), planted().hash(&raw(PLANTER), &SALT)));
        assert_eq!((balance(PLANTER), planted_by(PLANTER)), (before, 0));
    });
}

#[test]
fn expire_plant_should_fail_when_it_can_still_be_opened() {
    run(|| {
        plant(DEPOSIT);
        run_to(PLANT_BLOCKS);
        let hash = planted().hash(&raw(PLANTER), &SALT);
        assert_noop!(Slashing::expire_plant(signed(REPORTER), hash), Error::<Test>::NotExpired);
    });
}

#[test]
fn expire_plant_should_fail_when_there_is_no_such_plant() {
    run(|| {
        assert_noop!(Slashing::expire_plant(signed(REPORTER), [1; 32]), Error::<Test>::NoSuchPlant);
    });
}

#[test]
fn expire_plant_should_fail_when_the_origin_is_not_signed() {
    run(|| {
        plant(DEPOSIT);
        run_to(1 + PLANT_BLOCKS);
        assert_noop!(Slashing::expire_plant(RuntimeOrigin::root(), planted().hash(&raw(PLANTER), &SALT)), BadOrigin);
    });
}

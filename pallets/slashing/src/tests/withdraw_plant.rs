// SPDX-License-Identifier: Apache-2.0
//! `withdraw_plant`

use super::mock::*;
use crate::{Error, Event, Plants};
use frame_support::{assert_noop, assert_ok};
use quern_primitives::{plant::PlantedResult, BlobId};
use sp_runtime::traits::BadOrigin;

#[test]
fn withdraw_plant_should_give_the_deposit_back_when_its_result_is_never_paid() {
    run(|| {
        let before = balance(PLANTER);
        plant(DEPOSIT);
        Void::set(vec![planted()]);
        assert_ok!(Slashing::withdraw_plant(signed(PLANTER), SALT, planted()));
        assert_eq!((balance(PLANTER), Plants::<Test>::count()), (before, 0));
        let (hash, owner) = (planted().hash(&raw(PLANTER), &SALT), account(PLANTER));
        System::assert_last_event(Event::PlantWithdrawn { hash, owner, deposit: DEPOSIT }.into());
    });
}

#[test]
fn withdraw_plant_should_leave_the_slash_when_the_worker_was_convicted() {
    run(|| {
        plant(DEPOSIT);
        let id = convict_planted();
        Void::set(vec![planted()]);
        assert_ok!(Slashing::withdraw_plant(signed(PLANTER), SALT, planted()));
        assert_noop!(Slashing::open_plant(signed(PLANTER), id, SALT), Error::<Test>::NoSuchPlant);
        run_to(1 + DEFER);
        assert_eq!(bond(), (BOND - 1_000, BOND - 1_000));
    });
}

#[test]
fn withdraw_plant_should_fail_when_its_result_may_be_paid() {
    run(|| {
        plant(DEPOSIT);
        assert_noop!(Slashing::withdraw_plant(signed(PLANTER), SALT, planted()), Error::<Test>::StillCounts);
    });
}

#[test]
fn withdraw_plant_should_fail_when_no_plant_is_about_that_result() {
    run(|| {
        plant(DEPOSIT);
        let other = PlantedResult { root: BlobId([8; 32]), ..planted() };
        Void::set(vec![planted(), other]);
        assert_noop!(Slashing::withdraw_plant(signed(PLANTER), SALT, other), Error::<Test>::NoSuchPlant);
        assert_noop!(Slashing::withdraw_plant(signed(PLANTER), [0; 32], planted()), Error::<Test>::NoSuchPlant);
    });
}

#[test]
fn withdraw_plant_should_fail_when_the_origin_is_not_signed() {
    run(|| {
        plant(DEPOSIT);
        assert_noop!(Slashing::withdraw_plant(RuntimeOrigin::root(), SALT, planted()), BadOrigin);
    });
}

#[test]
fn withdraw_plant_should_fail_when_another_account_has_seen_the_salt() {
    run(|| {
        plant(DEPOSIT);
        let id = convict_planted();
        Void::set(vec![planted()]);
        assert_noop!(Slashing::withdraw_plant(signed(REPORTER), SALT, planted()), Error::<Test>::NoSuchPlant);
        assert_ok!(Slashing::open_plant(signed(PLANTER), id, SALT));
    });
}

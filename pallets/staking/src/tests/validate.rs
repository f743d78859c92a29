// SPDX-License-Identifier: Apache-2.0
//! `validate`

use super::mock::*;
use crate::{Candidates, ChillReason, Error, Event, Order, MAX_CANDIDATES, ONE_PPM};
use frame_support::{assert_noop, assert_ok};
use quern_primitives::Balance;
use sp_runtime::{traits::BadOrigin, AccountId32};

#[test]
fn validate_should_list_the_caller_by_its_score() {
    run(|| {
        candidate(1, 300);
        candidate(2, 900);
        assert_ok!(Staking::validate(signed(4), 50_000));
        System::assert_last_event(
            Event::CandidateListed { who: account(4), commission_ppm: 50_000, score: 500 }.into(),
        );
        let order: Vec<_> = Order::<Test>::get().into_iter().collect();
        assert_eq!(order, [(900, account(2)), (500, account(4)), (300, account(1))]);
    });
}

#[test]
fn validate_should_change_the_commission_when_listed_already() {
    run(|| {
        candidate(1, 300);
        assert_ok!(Staking::validate(signed(1), 70_000));
        assert_eq!(Candidates::<Test>::get(account(1)).unwrap().commission.of_era(0), 70_000);
        assert_eq!(Order::<Test>::get().len(), 1);
    });
}

#[test]
fn validate_should_follow_every_change_of_the_bond() {
    run(|| {
        candidate(1, 300);
        assert_ok!(Staking::bond(signed(1), 50));
        assert_eq!(Order::<Test>::get()[0].0, 350);
        assert_ok!(Staking::unbond(signed(1), 200));
        assert_eq!(Order::<Test>::get()[0].0, 150);
    });
}

#[test]
fn validate_should_displace_the_last_when_the_order_is_full() {
    run(|| {
        for index in 0..MAX_CANDIDATES {
            let mut bytes = [200u8; 32];
            bytes[..4].copy_from_slice(&index.to_le_bytes());
            let who = AccountId32::from(bytes);
            crate::Ledgers::<Test>::insert(
                &who,
                crate::Ledger { bonded: 300 + Balance::from(index), ..Default::default() },
            );
            assert_ok!(Staking::do_validate(&who, 0));
        }
        assert_ok!(Staking::bond(signed(1), 300));
        assert_noop!(Staking::validate(signed(1), 0), Error::<Test>::OrderFull);
        let last = Order::<Test>::get().last().cloned().unwrap().1;
        assert_ok!(Staking::bond(signed(1), 1_000));
        assert_ok!(Staking::validate(signed(1), 0));
        assert_eq!(Order::<Test>::get().len() as u32, MAX_CANDIDATES);
        assert!(Candidates::<Test>::get(&last).is_none());
        System::assert_has_event(Event::Chilled { who: last, reason: ChillReason::Displaced }.into());
        // These bonds were written without their holds.
        crate::Ledgers::<Test>::iter_keys().filter(|who| *who != account(1) && *who != account(4)).for_each(|who| {
            let entry = Candidates::<Test>::get(&who);
            if let Some(entry) = entry {
                Staking::do_chill(&who, entry, ChillReason::Asked);
            }
            crate::Ledgers::<Test>::remove(&who);
        });
    });
}

#[test]
fn validate_should_fail_when_not_signed() {
    run(|| {
        assert_noop!(Staking::validate(RuntimeOrigin::root(), 0), BadOrigin);
    });
}

#[test]
fn validate_should_fail_when_the_commission_is_more_than_all() {
    run(|| {
        assert_noop!(Staking::validate(signed(4), ONE_PPM + 1), Error::<Test>::CommissionTooHigh);
        assert_ok!(Staking::validate(signed(4), ONE_PPM));
    });
}

#[test]
fn validate_should_fail_when_no_session_keys_are_registered() {
    run(|| {
        Keyless::set(vec![account(4)]);
        assert_noop!(Staking::validate(signed(4), 0), Error::<Test>::NoSessionKeys);
    });
}

#[test]
fn validate_should_fail_when_the_bond_is_below_the_minimum() {
    run(|| {
        assert_noop!(Staking::validate(signed(1), 0), Error::<Test>::BelowMinimum);
        assert_ok!(Staking::unbond(signed(4), 500));
        assert_noop!(Staking::validate(signed(4), 0), Error::<Test>::BelowMinimum);
    });
}

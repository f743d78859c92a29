// SPDX-License-Identifier: Apache-2.0
//! `unbond_nomination`

use super::mock::*;
use crate::{Error, Event, Order, MAX_UNBONDING};
use frame_support::{assert_noop, assert_ok};
use quern_primitives::Balance;
use sp_runtime::{traits::BadOrigin, Perbill};

fn backed() {
    candidate(1, 300);
    assert_ok!(Staking::nominate(signed(2), account(1), 600));
}

#[test]
fn unbond_nomination_should_stop_electing_and_stay_slashable() {
    run(|| {
        backed();
        assert_ok!(Staking::unbond_nomination(signed(2), account(1), 200));
        let (who, candidate, release_at) = (account(2), account(1), 1 + UNBONDING);
        let event = Event::NominationUnbonding { who, candidate, amount: 200, shares: 200, release_at };
        System::assert_last_event(event.into());
        assert_eq!(Order::<Test>::get()[0].0, 700);
        assert_eq!(Staking::take_backing(&account(1), Perbill::from_percent(50)), 300);
        System::set_block_number(1 + UNBONDING);
        assert_ok!(Staking::withdraw_nomination(signed(2), account(1)));
        assert_eq!(Balances::free_balance(account(2)), RICH - 600 + 100);
    });
}

#[test]
fn unbond_nomination_should_take_all_when_more_is_asked_for() {
    run(|| {
        backed();
        assert_ok!(Staking::unbond_nomination(signed(2), account(1), u128::MAX));
        assert_eq!((pool(1).active(), pool(1).unbonding, pot()), (0, 600, 600));
    });
}

#[test]
fn unbond_nomination_should_take_first_what_came_last() {
    run(|| {
        backed();
        Era::set(1);
        assert_ok!(Staking::nominate(signed(2), account(1), 200));
        assert_ok!(Staking::unbond_nomination(signed(2), account(1), 250));
        let nomination = crate::Nominations::<Test>::get(account(2), account(1)).unwrap();
        assert_eq!((nomination.old.shares, nomination.young.unwrap().shares), (550, 0));
        assert_eq!(Order::<Test>::get()[0].0, 300 + 550);
        // Together they have as many parts as one may have.
        for height in 2..MAX_UNBONDING {
            System::set_block_number(height);
            assert_ok!(Staking::unbond_nomination(signed(2), account(1), 1));
        }
        System::set_block_number(MAX_UNBONDING);
        assert_noop!(Staking::unbond_nomination(signed(2), account(1), 1), Error::<Test>::TooManyUnbonding);
        Era::set(2);
        System::set_block_number(MAX_UNBONDING + UNBONDING);
        let before = Balances::free_balance(account(2));
        assert_ok!(Staking::withdraw_nomination(signed(2), account(1)));
        assert_eq!(Balances::free_balance(account(2)) - before, 250 + Balance::from(MAX_UNBONDING) - 2);
    });
}

#[test]
fn unbond_nomination_should_join_amounts_when_in_one_block() {
    run(|| {
        backed();
        assert_ok!(Staking::unbond_nomination(signed(2), account(1), 10));
        assert_ok!(Staking::unbond_nomination(signed(2), account(1), 20));
        let nomination = crate::Nominations::<Test>::get(account(2), account(1)).unwrap().young.unwrap();
        assert_eq!((nomination.shares, nomination.unbonding.len(), nomination.total()), (570, 1, 600));
    });
}

#[test]
fn unbond_nomination_should_work_when_the_candidate_is_chilled() {
    run(|| {
        backed();
        assert_ok!(Staking::chill(signed(1)));
        assert_ok!(Staking::unbond_nomination(signed(2), account(1), 600));
    });
}

#[test]
fn unbond_nomination_should_fail_when_not_signed() {
    run(|| {
        assert_noop!(Staking::unbond_nomination(RuntimeOrigin::root(), account(1), 1), BadOrigin);
    });
}

#[test]
fn unbond_nomination_should_fail_when_amount_is_zero() {
    run(|| {
        backed();
        assert_noop!(Staking::unbond_nomination(signed(2), account(1), 0), Error::<Test>::ZeroAmount);
    });
}

#[test]
fn unbond_nomination_should_fail_when_there_is_none() {
    run(|| {
        backed();
        assert_noop!(Staking::unbond_nomination(signed(3), account(1), 1), Error::<Test>::NoNomination);
        assert_noop!(Staking::unbond_nomination(signed(2), account(4), 1), Error::<Test>::NoNomination);
        assert_ok!(Staking::unbond_nomination(signed(2), account(1), 600));
        assert_noop!(Staking::unbond_nomination(signed(2), account(1), 1), Error::<Test>::NoNomination);
    });
}

#[test]
fn unbond_nomination_should_fail_when_it_was_slashed_away() {
    run(|| {
        backed();
        Staking::take_backing(&account(1), Perbill::one());
        assert_noop!(Staking::unbond_nomination(signed(2), account(1), 1), Error::<Test>::NoNomination);
    });
}

#[test]
fn unbond_nomination_should_fail_when_less_than_the_minimum_would_be_left() {
    run(|| {
        backed();
        assert_noop!(Staking::unbond_nomination(signed(2), account(1), 551), Error::<Test>::NominationTooSmall);
        assert_ok!(Staking::unbond_nomination(signed(2), account(1), 550));
    });
}

#[test]
fn unbond_nomination_should_fail_when_too_many_parts_are_unbonding() {
    run(|| {
        backed();
        for height in 1..=MAX_UNBONDING {
            System::set_block_number(height);
            assert_ok!(Staking::unbond_nomination(signed(2), account(1), 1));
        }
        System::set_block_number(MAX_UNBONDING + 1);
        assert_noop!(Staking::unbond_nomination(signed(2), account(1), 1), Error::<Test>::TooManyUnbonding);
    });
}

// SPDX-License-Identifier: Apache-2.0
//! Slashes for consensus offences.

use super::mock::*;
use crate::{ChillReason, ElectionDue, Event, Ledgers};
use frame_support::assert_ok;
use quern_primitives::{offence::AnyOffence, traits::Collateral};
use sp_runtime::Perbill;

#[test]
fn offence_should_chill_at_once_and_slash_after_the_deferral() {
    run(|| {
        candidate(1, 400);
        offend(1, 25, 0, None);
        assert!(!is_listed(1));
        System::assert_has_event(Event::Chilled { who: account(1), reason: ChillReason::Offence }.into());
        assert_eq!(waiting()[0].1.due_at, 1 + DEFER);
        go_to(DEFER);
        assert_eq!(held(1), 400);
        go_to(1 + DEFER);
        assert_eq!(held(1), 300);
    });
}

#[test]
fn offence_should_pay_the_reporter_and_burn_the_rest() {
    run(|| {
        candidate(1, 400);
        let issuance = Balances::total_issuance();
        offend(1, 50, 0, Some(2));
        go_to(1 + DEFER);
        assert_eq!(Balances::free_balance(account(2)), RICH + 20);
        assert_eq!(Balances::total_issuance(), issuance - 180);
    });
}

#[test]
fn offence_should_pay_nobody_when_it_is_a_self_accusation() {
    run(|| {
        candidate(1, 400);
        let issuance = Balances::total_issuance();
        offend(1, 50, 0, Some(1));
        go_to(1 + DEFER);
        assert_eq!(Balances::total_issuance(), issuance - 200);
    });
}

#[test]
fn offence_should_cost_backers_the_same_share() {
    run(|| {
        candidate(1, 400);
        assert_ok!(Staking::nominate(signed(2), account(1), 300));
        assert_ok!(Staking::nominate(signed(3), account(1), 100));
        assert_ok!(Staking::unbond_nomination(signed(3), account(1), 100));
        offend(1, 25, 0, None);
        go_to(1 + DEFER);
        assert_eq!((held(1), pot()), (300, 300));
        assert_ok!(Staking::unbond_nomination(signed(2), account(1), 300));
        go_to(1 + DEFER + UNBONDING);
        assert_ok!(Staking::withdraw_nomination(signed(2), account(1)));
        assert_ok!(Staking::withdraw_nomination(signed(3), account(1)));
        assert_eq!(Balances::free_balance(account(2)), RICH - 75);
        assert_eq!(Balances::free_balance(account(3)), RICH - 25);
    });
}

#[test]
fn offence_should_reach_what_is_unbonding() {
    run(|| {
        candidate(1, 400);
        assert_ok!(Staking::unbond(signed(1), 400));
        offend(1, 50, 0, None);
        go_to(1 + DEFER);
        assert_eq!((held(1), Ledgers::<Test>::get(account(1)).unwrap().unbonding_total()), (200, 200));
    });
}

#[test]
fn offence_should_leave_locked_bond_to_its_obligations_and_take_it_when_released() {
    run(|| {
        candidate(1, 400);
        assert_ok!(Staking::lock(&raw(1), 350));
        offend(1, 50, 0, None);
        go_to(1 + DEFER);
        let ledger = Ledgers::<Test>::get(account(1)).unwrap();
        assert_eq!((ledger.bonded, ledger.locked, ledger.owed, held(1)), (350, 350, 150, 350));
        Staking::release(&raw(1), 100);
        System::assert_last_event(Event::OwedTaken { who: account(1), amount: 100, owed: 50 }.into());
        Staking::release(&raw(1), 250);
        let ledger = Ledgers::<Test>::get(account(1)).unwrap();
        assert_eq!((ledger.bonded, ledger.locked, ledger.owed, held(1)), (200, 0, 0, 200));
    });
}

#[test]
fn offence_should_not_take_again_what_another_slash_took() {
    run(|| {
        candidate(1, 400);
        assert_ok!(Staking::lock(&raw(1), 400));
        offend(1, 50, 0, None);
        go_to(1 + DEFER);
        assert_eq!(Staking::slash(&raw(1), 300, &[]), 300);
        Staking::release(&raw(1), 100);
        assert_eq!(held(1), 0);
        assert!(Ledgers::<Test>::get(account(1)).is_none());
    });
}

#[test]
fn offence_should_count_once_a_session_with_the_gravest_share() {
    run(|| {
        candidate(1, 1_000);
        offend(1, 20, 0, None);
        offend(1, 10, 0, None);
        offend(1, 50, 0, None);
        let shares: Vec<_> = waiting().iter().map(|(_, slash)| (slash.share_ppm, slash.due)).collect();
        assert_eq!(shares, [(500_000, 500)]);
        offend(1, 20, 1, None);
        assert_eq!(waiting().len(), 2);
    });
}

#[test]
fn offence_should_be_reported_anew_for_the_rest_when_it_grows_after_its_slash() {
    run(|| {
        candidate(1, 1_000);
        offend(1, 20, 0, None);
        go_to(1 + DEFER);
        assert_eq!(held(1), 800);
        offend(1, 50, 0, None);
        let (_, slash) = waiting().remove(0);
        let AnyOffence::Consensus(offence) = slash.offence else { panic!("an offence against consensus") };
        assert_eq!((slash.share_ppm, offence.before_ppm), (300_000, 200_000));
        go_to(1 + 2 * DEFER);
        assert_eq!(held(1), 560);
    });
}

#[test]
fn offence_should_only_chill_when_it_costs_nothing() {
    run(|| {
        candidate(1, 400);
        offend(1, 0, 0, None);
        assert!(!is_listed(1) && waiting().is_empty());
        assert!(ElectionDue::<Test>::get());
        // Who was chilled and comes back is not chilled again by another report of the same session.
        assert_ok!(Staking::validate(signed(1), 0));
        offend(1, 0, 0, None);
        assert!(is_listed(1));
    });
}

#[test]
fn offence_should_be_carried_out_a_few_a_block() {
    run(|| {
        (10..15).for_each(|who| candidate(who, 400));
        (10..15).for_each(|who| offend(who, 50, 0, None));
        let slashed = || (10..15).filter(|who| held(*who) == 200).count();
        // Every height without a slash costs a step, so those before it are behind already.
        go_to(1 + DEFER);
        assert_eq!(slashed(), 2);
        go_to(3 + DEFER);
        assert_eq!(slashed(), 5);
    });
}

#[test]
fn offender_should_validate_again_when_its_slash_was_cancelled() {
    run(|| {
        candidate(1, 400);
        offend(1, 50, 0, None);
        assert!(!is_listed(1));
        assert_ok!(Slashing::cancel(RuntimeOrigin::root(), waiting()[0].0));
        assert_ok!(Staking::validate(signed(1), 0));
        go_to(2 + DEFER);
        assert!(is_listed(1));
        assert_eq!(held(1), 400);
    });
}

#[test]
fn offence_should_cost_nothing_when_nothing_is_bonded_any_more() {
    run(|| {
        offend(3, 50, 0, None);
        go_to(1 + DEFER);
        assert_eq!(Balances::free_balance(account(3)), RICH);
    });
}

#[test]
fn audit_slash_should_cost_backers_the_same_share() {
    run(|| {
        candidate(1, 400);
        assert_ok!(Staking::nominate(signed(2), account(1), 300));
        assert_ok!(Staking::lock(&raw(1), 100));
        assert_eq!(Staking::slash_pro_rata(&raw(1), 100, &[(raw(3), 20)]), 100);
        assert_eq!((held(1), pot(), Balances::free_balance(account(3))), (300, 225, RICH + 20));
        let (candidate, fraction) = (account(1), Perbill::from_percent(25));
        System::assert_last_event(Event::BackingSlashed { candidate, fraction, amount: 75 }.into());
    });
}

#[test]
fn work_slash_should_leave_backers_alone() {
    run(|| {
        candidate(1, 400);
        assert_ok!(Staking::nominate(signed(2), account(1), 300));
        assert_ok!(Staking::lock(&raw(1), 100));
        assert_eq!(Staking::slash(&raw(1), 100, &[]), 100);
        assert_eq!((held(1), pot()), (300, 300));
    });
}

#[test]
fn candidate_should_be_chilled_when_a_slash_leaves_less_than_the_minimum() {
    run(|| {
        candidate(1, 150);
        assert_ok!(Staking::lock(&raw(1), 100));
        Staking::slash(&raw(1), 100, &[]);
        assert!(!is_listed(1) && ElectionDue::<Test>::get());
        System::assert_has_event(Event::Chilled { who: account(1), reason: ChillReason::BelowMinimum }.into());
    });
}

// SPDX-License-Identifier: Apache-2.0
use super::mock::*;
use crate::{Error, Event, NextDispute};
use frame_support::{
    assert_noop, assert_ok,
    traits::fungible::{Inspect, Mutate},
};
use quern_primitives::{traits::OffenceKind, Balance};
use quern_protocol::shard::MAX_LEAF_DEMANDS;

fn demand(case: &Case, position: u32) -> sp_runtime::DispatchResult {
    Verification::demand_leaf(signed(STRANGER), case.id(), position, Balance::MAX)
}

fn free() -> Balance {
    Balances::balance(&account(STRANGER))
}

#[test]
fn demand_leaf_should_oblige_the_worker_of_an_accepted_shard() {
    test(|| {
        let case = Case::honest().revealed();
        assert_ok!(demand(&case, 3));
        assert_eq!(
            last_event(),
            Event::LeafDemanded { shard: case.id(), position: 3, by: account(STRANGER), price: PRICE }
        );
        blocks(PARAMS.reveal_blocks);
        assert!(case.shard().is_accepted());
        block();
        assert!(case.shard().accused().is_some());
        assert_eq!(Bonds::of(&raw(WORKER)), (RICH - COLLATERAL, 0));
        assert_eq!(Keeper::offences(), vec![(OffenceKind::Withheld as u8, raw(WORKER), None)]);
    });
}

#[test]
fn demand_leaf_should_fail_when_it_was_done_there_are_too_many_or_there_is_no_such_leaf() {
    test(|| {
        let case = Case::honest().revealed();
        assert_noop!(demand(&case, case.world.leaves()), Error::<Test>::NoSuchLeaf);
        (0..MAX_LEAF_DEMANDS).for_each(|position| demand(&case, position).unwrap());
        assert_noop!(demand(&case, 0), Error::<Test>::Duplicate);
        assert_noop!(demand(&case, MAX_LEAF_DEMANDS), Error::<Test>::Full);
    });
}

#[test]
fn demand_leaf_should_burn_a_price_that_doubles_with_each_demand_of_the_shard() {
    test(|| {
        let case = Case::honest().revealed();
        let issuance = Balances::total_issuance();
        let mut paid = 0;
        for (number, position) in (0..MAX_LEAF_DEMANDS).chain([0]).enumerate() {
            let price = PRICE << number;
            assert_eq!(case.shard().demand_price(System::block_number(), &PARAMS), Some(price));
            if number == MAX_LEAF_DEMANDS as usize {
                // An answer makes room, and lowers nothing.
                assert_ok!(Verification::answer_leaf(signed(WORKER), case.id(), 0, case.worker.leaf(0)));
            }
            assert_ok!(Verification::demand_leaf(signed(STRANGER), case.id(), position, price));
            paid += price;
        }
        assert_eq!((free(), Balances::total_issuance()), (FREE - paid, issuance - paid));
        case.answer_leaves();
    });
}

#[test]
fn demand_leaf_should_cost_half_as_much_for_each_halving_in_which_nobody_asks() {
    test(|| {
        let case = Case::honest().revealed();
        let price = || case.shard().demand_price(System::block_number(), &PARAMS).unwrap();
        (0..3).for_each(|position| demand(&case, position).unwrap());
        assert_eq!(price(), PRICE << 3);
        blocks(PARAMS.halving_blocks() - 1);
        assert_eq!(price(), PRICE << 3);
        block();
        assert_eq!(price(), PRICE << 2);
        // The next one doubles what it costs now, and time counts from it.
        let before = free();
        assert_ok!(Verification::demand_leaf(signed(STRANGER), case.id(), 3, PRICE << 2));
        assert_eq!((before - free(), price()), (PRICE << 2, PRICE << 3));
        case.answer_leaves();
        blocks(PARAMS.halving_blocks());
        assert_eq!(price(), PRICE << 2);
    });
}

#[test]
fn demand_leaf_should_cost_twice_as_much_each_time_when_demands_alone_keep_the_window_open() {
    test(|| {
        let case = Case::honest().revealed();
        blocks(PARAMS.window_blocks);
        for number in 0..6 {
            let before = free();
            demand(&case, 0).unwrap();
            assert_eq!(before - free(), PRICE << number);
            case.answer_leaves();
            // As far apart as the window lets them.
            blocks(PARAMS.move_blocks);
        }
    });
}

#[test]
fn demand_leaf_should_cost_the_worker_and_its_auditors_no_less_than_others() {
    test(|| {
        let case = Case::honest().revealed();
        let auditor = case.shard().auditors()[0];
        Balances::set_balance(&auditor.into(), FREE);
        for (position, who) in [auditor, raw(WORKER)].into_iter().enumerate() {
            let asked = Verification::demand_leaf(
                frame_system::RawOrigin::Signed(who.into()).into(),
                case.id(),
                position as u32,
                Balance::MAX,
            );
            assert_ok!(asked);
            assert_eq!(Balances::balance(&who.into()), FREE - (PRICE << position));
        }
        case.answer_leaves();
    });
}

#[test]
fn demand_leaf_should_fail_when_it_costs_more_than_the_account_will_or_can_pay() {
    test(|| {
        let case = Case::honest().revealed();
        let dear = Verification::demand_leaf(signed(STRANGER), case.id(), 0, PRICE - 1);
        assert_noop!(dear, Error::<Test>::DemandPrice);
        // The account itself stays.
        Balances::set_balance(&account(STRANGER), PRICE);
        assert_noop!(demand(&case, 0), Error::<Test>::CannotPay);
        Balances::set_balance(&account(STRANGER), PRICE + Balances::minimum_balance());
        assert_ok!(demand(&case, 0));
        case.answer_leaves();
    });
}

#[test]
fn place_should_open_again_with_time_to_use_it_when_all_were_taken_until_the_end() {
    test(|| {
        let case = Case::honest().revealed();
        blocks(PARAMS.window_blocks);
        (0..MAX_LEAF_DEMANDS).for_each(|position| demand(&case, position).unwrap());
        assert_noop!(demand(&case, MAX_LEAF_DEMANDS), Error::<Test>::Full);
        blocks(PARAMS.reveal_blocks);
        case.answer_leaves();
        // Somebody else asks, is shown the id at the last moment, and has time for a challenge.
        blocks(PARAMS.window_blocks);
        assert_ok!(demand(&case, MAX_LEAF_DEMANDS));
        blocks(PARAMS.reveal_blocks);
        case.answer_leaves();
        blocks(PARAMS.move_blocks);
        let validator = VALIDATORS[0];
        assert!(case.open(validator, 7) < NextDispute::<Test>::get());
        blocks(PARAMS.move_blocks + 1);
    });
}

#[test]
fn demand_leaf_should_fail_when_the_window_is_not_open() {
    test(|| {
        let case = Case::honest().opened();
        assert_noop!(demand(&case, 0), Error::<Test>::WrongPhase);
    });
    test(|| {
        let case = Case::honest().revealed();
        System::set_block_number(System::block_number() + PARAMS.window_blocks + 1);
        assert_noop!(demand(&case, 0), Error::<Test>::TooLate);
        block();
        assert_noop!(demand(&case, 0), Error::<Test>::WrongPhase);
    });
}

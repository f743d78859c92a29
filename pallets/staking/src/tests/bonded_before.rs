// SPDX-License-Identifier: Apache-2.0
//! What of a bond counts in a draw from a period that has begun.

use super::mock::*;
use crate::Ledgers;
use frame_support::{assert_ok, traits::fungible::Mutate};
use proptest::prelude::*;
use quern_primitives::{traits::Collateral, Balance};

#[test]
fn bonded_before_should_leave_out_what_was_bonded_since() {
    run(|| {
        assert_ok!(Staking::bond(signed(1), 300));
        go_to(DRAW_MEMORY + 5);
        assert_ok!(Staking::bond(signed(1), 200));
        assert_eq!(Staking::bonded_before(&raw(1), DRAW_MEMORY + 5), 300);
        assert_eq!(Staking::bonded_before(&raw(1), DRAW_MEMORY + 6), 500);
    });
}

#[test]
fn bonded_before_should_be_nothing_when_the_first_bond_came_since() {
    run(|| {
        go_to(30);
        assert_ok!(Staking::bond(signed(1), 300));
        assert_eq!((Staking::bonded_before(&raw(1), 30), Staking::bonded_before(&raw(1), 31)), (0, 300));
    });
}

#[test]
fn bonded_before_should_fall_at_once_when_the_bond_does() {
    run(|| {
        assert_ok!(Staking::bond(signed(1), 300));
        go_to(5);
        assert_ok!(Staking::unbond(signed(1), 200));
        assert_eq!(Staking::bonded_before(&raw(1), 5), 100);
    });
}

#[test]
fn bonded_before_should_not_count_what_left_and_came_back() {
    run(|| {
        assert_ok!(Staking::bond(signed(1), 300));
        go_to(DRAW_MEMORY + 5);
        assert_ok!(Staking::unbond(signed(1), 200));
        assert_ok!(Staking::bond(signed(1), 200));
        assert_eq!((Staking::bonded(&raw(1)), Staking::bonded_before(&raw(1), DRAW_MEMORY + 5)), (300, 100));
    });
}

#[test]
fn bonded_before_should_be_nothing_when_it_was_too_long_ago_to_be_known() {
    run(|| {
        assert_ok!(Staking::bond(signed(1), 300));
        go_to(30);
        assert_ok!(Staking::bond(signed(1), 200));
        go_to(30 + DRAW_MEMORY);
        assert_eq!(Staking::bonded_before(&raw(1), 30), 300);
        go_to(31 + DRAW_MEMORY);
        assert_eq!(Staking::bonded_before(&raw(1), 30), 0);
    });
}

#[test]
fn free_before_should_leave_out_what_is_locked_or_came_since() {
    run(|| {
        assert_ok!(Staking::bond(signed(1), 300));
        assert_ok!(Staking::lock(&raw(1), 250));
        go_to(DRAW_MEMORY + 5);
        assert_ok!(Staking::bond(signed(1), 1_000));
        assert_eq!(Staking::free_before(&raw(1), DRAW_MEMORY + 5), 50);
        assert_eq!(Staking::free_before(&raw(1), DRAW_MEMORY + 6), 1_050);
    });
}

#[derive(Clone, Debug)]
enum Op {
    Bond(Balance),
    Unbond(Balance),
    Lock(Balance),
    Release(Balance),
    Slash(Balance),
    Earn(Balance),
    Wait(u32),
}

fn op() -> impl Strategy<Value = Op> {
    let amount = || 1 as Balance..400;
    prop_oneof![
        4 => amount().prop_map(Op::Bond),
        3 => amount().prop_map(Op::Unbond),
        2 => amount().prop_map(Op::Lock),
        1 => amount().prop_map(Op::Release),
        1 => amount().prop_map(Op::Slash),
        1 => amount().prop_map(Op::Earn),
        4 => (1u32..8).prop_map(Op::Wait),
        1 => (1u32..40).prop_map(Op::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// The model keeps the whole history: the least bond at the start of a height and ever since.
    #[test]
    fn bonded_before_should_never_exceed_the_least_bond_since(ops in prop::collection::vec(op(), 1..60)) {
        new_test_ext().execute_with(|| {
            [1, 24].into_iter().for_each(|who| { Balances::set_balance(&account(who), 1_000_000); });
            // Least bonds since the start of each height, and the height of the last growth.
            let mut least: Vec<Balance> = vec![];
            let mut grown_at = 0;
            for op in ops {
                let before = Staking::bonded(&raw(1));
                least.resize(System::block_number() as usize + 1, before);
                let _ = match op {
                    Op::Bond(amount) => Staking::bond(signed(1), amount).is_ok(),
                    Op::Unbond(amount) => Staking::unbond(signed(1), amount).is_ok(),
                    Op::Lock(amount) => Staking::lock(&raw(1), amount).is_ok(),
                    Op::Release(amount) => { Staking::release(&raw(1), amount); true }
                    Op::Slash(amount) => Staking::slash(&raw(1), amount, &[]) > 0,
                    Op::Earn(amount) => Staking::earn(&raw(24), &raw(1), amount).is_ok(),
                    Op::Wait(blocks) => { go_to(System::block_number() + blocks); true }
                };
                let (now, bonded) = (System::block_number(), Staking::bonded(&raw(1)));
                if bonded > before {
                    grown_at = now;
                }
                least.resize(now as usize + 1, bonded);
                least.iter_mut().for_each(|least| *least = bonded.min(*least));
                for (height, least) in least.iter().enumerate().skip(1) {
                    let counted = Staking::bonded_before(&raw(1), height as u32);
                    prop_assert!(counted <= *least, "{counted} at {height} of {least}");
                    if grown_at < height as u32 {
                        prop_assert_eq!(counted, bonded);
                    }
                }
                prop_assert!(Ledgers::<Test>::get(account(1)).is_none_or(|ledger| ledger.grown_at <= now));
                Staking::do_try_state().unwrap();
            }
            Ok(())
        })?;
    }
}

// SPDX-License-Identifier: Apache-2.0
//! Who came when shares in which era's rewards: random calls against a model in which every part of every nomination is a number of its
//! own with the era in which it came.

use super::mock::*;
use crate::{Error, Nominations};
use frame_support::traits::fungible::Mutate;
use proptest::prelude::*;
use quern_primitives::{traits::Backing, Balance};
use sp_runtime::Perbill;
use std::collections::BTreeSet;

/// Large enough that rounding to units does not hide an error.
const UNIT: Balance = 1_000_000_000;
const CANDIDATE: u8 = 10;
const PAYER: u8 = 60;

#[derive(Clone, Debug)]
enum Op {
    Nominate(u8, Balance),
    Unbond(u8, Balance),
    Withdraw(u8),
    Slash(u32),
    Claim(usize, Balance),
    Era,
    Wait(u32),
}

fn op() -> impl Strategy<Value = Op> {
    let amount = || (1 as Balance..400).prop_map(|amount| amount * UNIT);
    let who = || 20u8..24;
    prop_oneof![
        6 => (who(), amount()).prop_map(|(who, amount)| Op::Nominate(who, amount)),
        2 => (who(), amount()).prop_map(|(who, amount)| Op::Unbond(who, amount)),
        1 => who().prop_map(Op::Withdraw),
        1 => (1u32..50).prop_map(Op::Slash),
        6 => (any::<usize>(), amount()).prop_map(|(which, amount)| Op::Claim(which, amount)),
        4 => Just(Op::Era),
        1 => (1u32..UNBONDING).prop_map(Op::Wait),
    ]
}

/// A part of a nomination: whose, since when, what it is worth.
type Part = (u8, u32, f64);

/// Takes out of what came last first, down to nothing.
fn take(parts: &mut [Part], who: u8, mut amount: f64) {
    for part in parts.iter_mut().rev().filter(|part| part.0 == who) {
        let taken = part.2.min(amount);
        part.2 -= taken;
        amount -= taken;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn backing_should_share_in_every_era_after_it_was_made_and_in_no_other(ops in prop::collection::vec(op(), 1..80)) {
        new_test_ext().execute_with(|| {
            (20..24).chain([CANDIDATE, PAYER]).for_each(|who| {
                Balances::set_balance(&account(who), 1_000_000 * UNIT);
            });
            candidate(CANDIDATE, 1_000 * UNIT);
            let mut parts: Vec<Part> = Vec::new();
            // Eras that are over and not claimed, and the era of the young pool.
            let (mut unclaimed, mut young) = (BTreeSet::new(), None);
            for op in ops {
                let now = Era::get();
                let is_open = young.is_some_and(|era| era < now) && unclaimed.is_empty();
                match op.clone() {
                    Op::Nominate(who, amount) => {
                        let done = Staking::nominate(signed(who), account(CANDIDATE), amount);
                        let waits = young.is_some_and(|era| era < now) && !is_open;
                        if waits {
                            assert!(done.is_err_and(|e| [Error::<Test>::RewardsUnclaimed, Error::<Test>::BackingFull].map(Into::into).contains(&e)), "{op:?}");
                        } else if done.is_ok() {
                            parts.push((who, now, amount as f64));
                            young = Some(now);
                        }
                    }
                    Op::Unbond(who, amount) => {
                        // What unbonds earns until it is withdrawn.
                        if Staking::unbond_nomination(signed(who), account(CANDIDATE), amount).is_ok() && is_open {
                            young = None;
                        }
                    }
                    Op::Withdraw(who) => {
                        // Only of one that has no young part it is known which part is paid.
                        let has_young = Nominations::<Test>::get(account(who), account(CANDIDATE)).is_some_and(|n| n.young.is_some());
                        let before = Balances::free_balance(account(who));
                        if !has_young && Staking::withdraw_nomination(signed(who), account(CANDIDATE)).is_ok() {
                            take(&mut parts, who, (Balances::free_balance(account(who)) - before) as f64);
                            young = young.filter(|_| !is_open);
                        }
                    }
                    Op::Slash(percent) => {
                        Staking::take_backing(&account(CANDIDATE), Perbill::from_percent(percent));
                        parts.iter_mut().for_each(|part| part.2 *= 1.0 - f64::from(percent) / 100.0);
                    }
                    Op::Claim(which, amount) => {
                        let Some(era) = unclaimed.iter().copied().nth(which % unclaimed.len().max(1)) else { continue };
                        let (_, backing) = Staking::reward(&raw(CANDIDATE), &raw(PAYER), amount, era).unwrap();
                        unclaimed.remove(&era);
                        let earning: f64 = parts.iter().filter(|part| part.1 < era).map(|part| part.2).sum();
                        assert_eq!(backing > 0, earning >= 1.0, "{op:?}");
                        let factor = 1.0 + backing as f64 / earning.max(1.0);
                        parts.iter_mut().filter(|part| part.1 < era).for_each(|part| part.2 *= factor);
                    }
                    Op::Era => {
                        unclaimed.insert(now);
                        Era::set(now + 1);
                    }
                    Op::Wait(blocks) => System::set_block_number(System::block_number() + blocks),
                }
                Claimable::set(if unclaimed.is_empty() { vec![] } else { vec![raw(CANDIDATE)] });
                for who in 20..24 {
                    let expected: f64 = parts.iter().filter(|part| part.0 == who).map(|part| part.2).sum();
                    let actual = worth(who, CANDIDATE) as f64;
                    assert!((actual - expected).abs() <= 2_000.0 + expected * 1e-6, "{op:?}: {actual} is not {expected}");
                }
                Staking::do_try_state().unwrap();
            }
        });
    }
}

// SPDX-License-Identifier: Apache-2.0
//! Random calls against a model in which every nominator's part is a number of its own: the chain's shares must say the same.

use super::mock::*;
use crate::{Ledgers, Order};
use frame_support::traits::fungible::Mutate;
use proptest::prelude::*;
use quern_primitives::{
    traits::{Backing, Collateral},
    Balance,
};
use std::collections::BTreeMap;

/// Large enough that rounding to units does not hide an error.
const UNIT: Balance = 1_000_000_000;
/// Candidates 10 to 13, nominators 20 to 23.
const CANDIDATES: std::ops::Range<u8> = 10..14;

#[derive(Clone, Debug)]
enum Op {
    Bond(u8, Balance),
    Unbond(u8, Balance),
    Withdraw(u8),
    Validate(u8, u32),
    Chill(u8),
    Nominate(u8, u8, Balance),
    UnbondNomination(u8, u8, Balance),
    WithdrawNomination(u8, u8),
    Lock(u8, Balance),
    Release(u8, Balance),
    Slash(u8, Balance, bool),
    Offend(u8, u32, u32),
    Reward(u8, Balance),
    Wait(u32),
    Era,
}

fn op() -> impl Strategy<Value = Op> {
    let candidate = || CANDIDATES;
    let nominator = || 20u8..24;
    let amount = || (1 as Balance..400).prop_map(|amount| amount * UNIT);
    prop_oneof![
        4 => (candidate(), amount()).prop_map(|(who, amount)| Op::Bond(who, amount)),
        2 => (candidate(), amount()).prop_map(|(who, amount)| Op::Unbond(who, amount)),
        1 => candidate().prop_map(Op::Withdraw),
        4 => (candidate(), 0u32..1_000_000).prop_map(|(who, commission)| Op::Validate(who, commission)),
        1 => candidate().prop_map(Op::Chill),
        6 => (nominator(), candidate(), amount()).prop_map(|(who, of, amount)| Op::Nominate(who, of, amount)),
        3 => (nominator(), candidate(), amount()).prop_map(|(who, of, amount)| Op::UnbondNomination(who, of, amount)),
        2 => (nominator(), candidate()).prop_map(|(who, of)| Op::WithdrawNomination(who, of)),
        2 => (candidate(), amount()).prop_map(|(who, amount)| Op::Lock(who, amount)),
        1 => (candidate(), amount()).prop_map(|(who, amount)| Op::Release(who, amount)),
        1 => (candidate(), amount(), any::<bool>()).prop_map(|(who, amount, audit)| Op::Slash(who, amount, audit)),
        2 => (candidate(), prop_oneof![9 => 0u32..50, 1 => Just(100u32)], 0u32..20)
            .prop_map(|(who, percent, session)| Op::Offend(who, percent, session)),
        1 => (candidate(), amount()).prop_map(|(who, amount)| Op::Reward(who, amount)),
        3 => (1u32..15).prop_map(Op::Wait),
        1 => Just(Op::Era),
    ]
}

/// Refusals are the business of the calls' own tests.
fn ignore<T>(_: T) {}

/// What every nomination is worth, unbonding or not, as its owner sees it.
type Worth = BTreeMap<(u8, u8), f64>;

/// Multiplies what backs a candidate.
fn scale(model: &mut Worth, of: u8, factor: f64) {
    model.iter_mut().filter(|((candidate, _), _)| *candidate == of).for_each(|(_, worth)| *worth *= factor);
}

/// What stands in the order must be what sorting all candidates by their scores gives.
fn check_order() {
    let mut expected: Vec<_> = crate::Candidates::<Test>::iter()
        .filter(|(_, candidate)| candidate.listed.is_some())
        .map(|(who, candidate)| {
            let ledger = Ledgers::<Test>::get(&who).unwrap_or_default();
            let own = ledger.bonded - ledger.owed;
            (own + candidate.active().min(own * Balance::from(RATIO)), who)
        })
        .collect();
    expected.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    assert_eq!(Order::<Test>::get().into_inner(), expected);
    let best: Vec<_> = expected.into_iter().take(4).map(|(_, who)| who).collect();
    assert_eq!(Staking::best_candidates().0, best);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn shares_should_follow_the_model(ops in prop::collection::vec(op(), 1..80)) {
        new_test_ext().execute_with(|| {
            (10..14).chain(20..25).for_each(|who| {
                Balances::set_balance(&account(who), 1_000_000 * UNIT);
            });
            let mut model = Worth::new();
            for op in ops {
                match op.clone() {
                    Op::Bond(who, amount) => ignore(Staking::bond(signed(who), amount)),
                    Op::Unbond(who, amount) => ignore(Staking::unbond(signed(who), amount)),
                    Op::Withdraw(who) => ignore(Staking::withdraw_unbonded(signed(who))),
                    Op::Validate(who, commission) => ignore(Staking::validate(signed(who), commission)),
                    Op::Chill(who) => ignore(Staking::chill(signed(who))),
                    Op::Nominate(who, of, amount) => {
                        if Staking::nominate(signed(who), account(of), amount).is_ok() {
                            *model.entry((of, who)).or_default() += amount as f64;
                        }
                    }
                    Op::UnbondNomination(who, of, amount) => {
                        ignore(Staking::unbond_nomination(signed(who), account(of), amount))
                    }
                    Op::WithdrawNomination(who, of) => {
                        let before = Balances::free_balance(account(who));
                        ignore(Staking::withdraw_nomination(signed(who), account(of)));
                        let paid = Balances::free_balance(account(who)) - before;
                        *model.entry((of, who)).or_default() -= paid as f64;
                    }
                    Op::Lock(who, amount) => ignore(Staking::lock(&raw(who), amount)),
                    Op::Release(who, amount) => Staking::release(&raw(who), amount),
                    Op::Slash(who, amount, false) => ignore(Staking::slash(&raw(who), amount, &[(raw(24), amount / 5)])),
                    Op::Slash(who, amount, true) => {
                        let whole = Ledgers::<Test>::get(account(who)).unwrap_or_default().held();
                        let taken = Staking::slash_pro_rata(&raw(who), amount, &[]);
                        if taken > 0 {
                            scale(&mut model, who, 1.0 - taken as f64 / whole as f64);
                        }
                    }
                    Op::Offend(who, percent, session) => offend(who, percent, session, Some(24)),
                    Op::Reward(who, amount) => {
                        let backing = crate::Candidates::<Test>::get(account(who)).map_or(0, |entry| entry.backing());
                        let value = backing as f64;
                        let (_, backing) = Staking::reward(&raw(who), &raw(24), amount, u32::MAX).unwrap();
                        if backing > 0 {
                            scale(&mut model, who, 1.0 + backing as f64 / value);
                        }
                    }
                    Op::Wait(blocks) => {
                        for _ in 0..blocks {
                            let before = waiting();
                            go_to(System::block_number() + 1);
                            let left = waiting();
                            for (_, slash) in before.iter().filter(|(id, _)| left.iter().all(|(other, _)| other != id)) {
                                let who = CANDIDATES.into_iter().find(|who| raw(*who) == *slash.offence.offender()).unwrap();
                                scale(&mut model, who, 1.0 - f64::from(slash.share_ppm) / 1e6);
                            }
                        }
                    }
                    Op::Era => {
                        Era::mutate(|era| *era += 1);
                        let elected = Staking::plan_session();
                        assert_eq!(elected.is_some(), Order::<Test>::get().len() >= 2, "{op:?}");
                    }
                }
                for ((of, who), expected) in &model {
                    let actual = worth(*who, *of) as f64;
                    // Perbill rounds to a billionth, a share to a unit.
                    assert!((actual - expected).abs() <= 2_000.0 + expected * 1e-6, "{op:?}: {actual} is not {expected}");
                }
                check_order();
                Staking::do_try_state().unwrap();
            }
        });
    }
}

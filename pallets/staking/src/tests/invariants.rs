// SPDX-License-Identifier: Apache-2.0
//! Random calls against a model of plain numbers.

use super::mock::*;
use frame_support::traits::fungible::Inspect;
use proptest::prelude::*;
use quern_primitives::{traits::Collateral, Balance};
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
enum Op {
    Bond(u8, Balance),
    Unbond(u8, Balance),
    Withdraw(u8),
    Lock(u8, Balance),
    Release(u8, Balance),
    Slash(u8, Balance, Vec<(u8, Balance)>),
    Wait(u32),
}

fn op() -> impl Strategy<Value = Op> {
    let who = || 1u8..4;
    let amount = || 0 as Balance..400;
    prop_oneof![
        3 => (who(), amount()).prop_map(|(who, amount)| Op::Bond(who, amount)),
        2 => (who(), amount()).prop_map(|(who, amount)| Op::Unbond(who, amount)),
        1 => who().prop_map(Op::Withdraw),
        3 => (who(), amount()).prop_map(|(who, amount)| Op::Lock(who, amount)),
        2 => (who(), amount()).prop_map(|(who, amount)| Op::Release(who, amount)),
        2 => (who(), amount(), prop::collection::vec((1u8..7, 0 as Balance..200), 0..3))
            .prop_map(|(who, amount, to)| Op::Slash(who, amount, to)),
        2 => (1u32..15).prop_map(Op::Wait),
    ]
}

#[derive(Clone, Default)]
struct Model {
    bonded: Balance,
    locked: Balance,
    unbonding: Vec<(Balance, u32)>,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn bonds_should_follow_the_model(ops in prop::collection::vec(op(), 1..60)) {
        new_test_ext().execute_with(|| {
            let mut model: BTreeMap<u8, Model> = BTreeMap::new();
            let mut issuance = Balances::total_issuance();
            for op in ops {
                let now = System::block_number();
                match op.clone() {
                    Op::Bond(who, amount) => {
                        let m = model.entry(who).or_default();
                        let possible = amount > 0
                            && m.bonded + amount >= MINIMUM
                            && amount + ED <= Balances::free_balance(account(who));
                        assert_eq!(Staking::bond(signed(who), amount).is_ok(), possible, "{op:?}");
                        if possible {
                            m.bonded += amount;
                        }
                    }
                    Op::Unbond(who, amount) => {
                        let m = model.entry(who).or_default();
                        let left = m.bonded.saturating_sub(amount);
                        let joined = m.unbonding.last().is_some_and(|(_, at)| *at == now + UNBONDING);
                        let possible = amount > 0
                            && amount <= m.bonded - m.locked
                            && (left == 0 || left >= MINIMUM)
                            && (joined || m.unbonding.len() < 16);
                        assert_eq!(Staking::unbond(signed(who), amount).is_ok(), possible, "{op:?}");
                        if possible {
                            m.bonded = left;
                            match m.unbonding.last_mut().filter(|_| joined) {
                                Some(last) => last.0 += amount,
                                None => m.unbonding.push((amount, now + UNBONDING)),
                            }
                        }
                    }
                    Op::Withdraw(who) => {
                        let m = model.entry(who).or_default();
                        let matured = m.unbonding.iter().any(|(_, at)| *at <= now);
                        assert_eq!(Staking::withdraw_unbonded(signed(who)).is_ok(), matured, "{op:?}");
                        m.unbonding.retain(|(_, at)| *at > now);
                    }
                    Op::Lock(who, amount) => {
                        let m = model.entry(who).or_default();
                        let possible = m.bonded > 0 && amount <= m.bonded - m.locked;
                        assert_eq!(Staking::lock(&raw(who), amount).is_ok(), possible, "{op:?}");
                        if possible {
                            m.locked += amount;
                        }
                    }
                    Op::Release(who, amount) => {
                        let m = model.entry(who).or_default();
                        Staking::release(&raw(who), amount);
                        m.locked = m.locked.saturating_sub(amount);
                    }
                    Op::Slash(who, amount, to) => {
                        let m = model.entry(who).or_default();
                        let taken = amount.min(m.locked);
                        let mut left = taken;
                        for (to, share) in &to {
                            let share = left.min(*share);
                            let exists = <Balances as Inspect<_>>::total_balance(&account(*to)) > 0;
                            if exists || share >= ED {
                                left -= share;
                            }
                            // What follows may count on an account that only now exists: `left` stays an upper bound.
                            if !exists {
                                break;
                            }
                        }
                        let to: Vec<_> = to.into_iter().map(|(to, share)| (raw(to), share)).collect();
                        assert_eq!(Staking::slash(&raw(who), amount, &to), taken, "{op:?}");
                        m.locked -= taken;
                        m.bonded -= taken;
                        let burned = issuance - Balances::total_issuance();
                        assert!(burned <= left, "{op:?}");
                        issuance -= burned;
                    }
                    Op::Wait(blocks) => System::set_block_number(now + blocks),
                }
                for (who, m) in &model {
                    assert_eq!(Staking::bonded(&raw(*who)), m.bonded, "{op:?}");
                    assert_eq!(Staking::free(&raw(*who)), m.bonded - m.locked, "{op:?}");
                    assert_eq!(held(*who), m.bonded + m.unbonding.iter().map(|u| u.0).sum::<Balance>(), "{op:?}");
                }
                assert_eq!(Balances::total_issuance(), issuance, "{op:?}");
                Staking::do_try_state().unwrap();
            }
        });
    }
}

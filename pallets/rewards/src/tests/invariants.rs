// SPDX-License-Identifier: Apache-2.0
//! Random settlements and claims against a model of plain numbers.

use super::mock::*;
use crate::{GenesisConfig, TotalBurned, TotalEmitted};
use proptest::prelude::*;
use quern_primitives::Balance;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
enum Op {
    Settle { price: Balance, audit_fee: Balance, protocol_fee: Balance, auditors: Vec<u8> },
    Claim(u8),
    Wait(u32),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => (0 as Balance..9_000, 0 as Balance..900, 0 as Balance..900, prop::collection::vec(3u8..7, 0..4))
            .prop_map(|(price, audit_fee, protocol_fee, auditors)| Op::Settle { price, audit_fee, protocol_fee, auditors }),
        2 => (2u8..7).prop_map(Op::Claim),
        1 => (1u32..8).prop_map(Op::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn money_should_follow_the_model(ops in prop::collection::vec(op(), 1..60)) {
        let genesis =
            GenesisConfig { initial_emission: 1_500, era_blocks: 10, halving_eras: 2, ..Default::default() };
        new_test_ext_with(genesis, true).execute_with(|| {
            let start = Balances::total_issuance();
            let mut credits: BTreeMap<u8, Balance> = BTreeMap::new();
            let (mut burned, mut emitted, mut treasury) = (0, 0, RICH);
            let mut eras: BTreeMap<u32, Balance> = BTreeMap::new();
            for op in ops {
                match op.clone() {
                    Op::Settle { price, audit_fee, protocol_fee, auditors } => {
                        let n = auditors.len() as Balance;
                        let to_treasury = protocol_fee * 20 / 100;
                        let each = (audit_fee + protocol_fee * 30 / 100).checked_div(n).unwrap_or(0);
                        let burn = audit_fee + protocol_fee - to_treasury - each * n;
                        let era = System::block_number() / 10;
                        let used = eras.entry(era).or_default();
                        let budget = 1_500u128 >> (era / 2).min(127);
                        let worker = (burn * 90 / 100).min(budget - *used) / 2;
                        let auditor = worker.checked_div(n).unwrap_or(0);
                        settle(&settlement(price, audit_fee, protocol_fee), &auditors);
                        *used += worker + auditor * n;
                        emitted += worker + auditor * n;
                        burned += burn;
                        treasury += to_treasury;
                        *credits.entry(WORKER).or_default() += price + worker;
                        for who in auditors {
                            *credits.entry(who).or_default() += each + auditor;
                        }
                    }
                    Op::Claim(who) => {
                        let owed = credits.get(&who).copied().unwrap_or(0);
                        let before = Balances::free_balance(account(who));
                        let possible = owed > 0 && (before > 0 || owed >= ED);
                        assert_eq!(Rewards::claim(signed(who)).is_ok(), possible, "{op:?}");
                        if possible {
                            credits.remove(&who);
                            assert_eq!(Balances::free_balance(account(who)), before + owed);
                        }
                    }
                    Op::Wait(blocks) => System::set_block_number(System::block_number() + blocks),
                }
                for who in 2..7 {
                    assert_eq!(credit(who), credits.get(&who).copied().unwrap_or(0), "{op:?}");
                }
                assert_eq!((TotalBurned::<Test>::get(), TotalEmitted::<Test>::get()), (burned, emitted), "{op:?}");
                assert_eq!(Balances::total_issuance(), start + emitted - burned, "{op:?}");
                assert_eq!(Balances::free_balance(account(TREASURY)), treasury, "{op:?}");
                let pot = Balances::free_balance(Rewards::pot_account());
                assert_eq!(pot, ED + credits.values().sum::<Balance>(), "{op:?}");
                Rewards::do_try_state().unwrap();
            }
        });
    }
}

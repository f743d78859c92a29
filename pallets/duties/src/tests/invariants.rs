// SPDX-License-Identifier: Apache-2.0
//! Random calls against a model.

use super::mock::*;
use crate::FREE_FAILURES;
use frame_support::{traits::Hooks, weights::Weight};
use proptest::prelude::*;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
enum Op {
    Send { who: u8, owed: bool, fails: bool },
    Wait(u32),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        5 => (1u8..4, any::<bool>(), any::<bool>()).prop_map(|(who, owed, fails)| Op::Send { who, owed, fails }),
        1 => (1u32..3 * FORGIVE).prop_map(Op::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Who pays is who fails too often or owes nothing; and over any stretch the free failures are at most three and one for
    /// each time that one was forgiven.
    #[test]
    fn payment_should_follow_the_model(ops in prop::collection::vec(op(), 1..100)) {
        new_test_ext().execute_with(|| {
            (1..4u8).for_each(|who| owe([who; 32], b"move", u32::MAX));
            // For each account its failures that are not forgiven, and since when.
            let mut model: BTreeMap<u8, (u32, u32)> = BTreeMap::new();
            let mut free_failures: BTreeMap<u8, u32> = BTreeMap::new();
            for op in ops {
                let now = System::block_number();
                match op {
                    Op::Wait(blocks) => {
                        System::set_block_number(now + blocks);
                        Duties::on_idle(now + blocks, Weight::MAX);
                    }
                    Op::Send { who, owed, fails } => {
                        let (count, at) = model.get(&who).copied().unwrap_or_default();
                        let left = count.saturating_sub((now - at) / FORGIVE);
                        let free = owed && left < u32::from(FREE_FAILURES);
                        let call = remark(if owed { b"move" } else { b"else" });
                        let before = balance(who);
                        let sent = send(who, &call, if fails { failed() } else { Ok(()) });
                        prop_assert!(!free || sent.is_ok());
                        prop_assert_eq!(sent.is_ok() && balance(who) == before, free);
                        if free && fails {
                            model.insert(who, (left + 1, now));
                            *free_failures.entry(who).or_default() += 1;
                        }
                    }
                }
                Duties::do_try_state().unwrap();
            }
            let now = System::block_number();
            for (who, failures) in free_failures {
                prop_assert!(failures <= u32::from(FREE_FAILURES) + now / FORGIVE, "{who}");
            }
            Ok(())
        })?;
    }
}

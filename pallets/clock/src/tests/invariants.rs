// SPDX-License-Identifier: Apache-2.0
//! Random blocks against a model that keeps the whole history.

use super::mock::*;
use crate::SEEDS_KEPT;
use proptest::prelude::*;
use quern_primitives::{tagged, tags, traits::Randomness};
use std::collections::{BTreeMap, BTreeSet};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn seeds_should_follow_the_model(
        length in 1u32..5,
        min_authors in 1u32..4,
        blocks in prop::collection::vec((prop::option::weighted(0.9, 0u8..4), prop::option::weighted(0.9, any::<u8>())), 1..150),
    ) {
        new_test_ext_with(length, min_authors).execute_with(|| {
            let mut mix = [0; 32];
            let mut authors = BTreeSet::new();
            let mut seeds = BTreeMap::new();
            // Height 0 is genesis: a period of one block that is only genesis never closes.
            for (height, (author, vrf)) in (1u32..).zip(blocks) {
                block(author, vrf);
                if let Some(vrf) = vrf {
                    mix = tagged(tags::PERIOD, &(mix, [vrf; 32]));
                    authors.extend(author);
                }
                if (height + 1) % length == 0 && authors.len() as u32 >= min_authors {
                    seeds.insert(height / length, mix);
                    authors.clear();
                }
                let ended = (height + 1) / length;
                for period in 0..=ended {
                    let kept = period + SEEDS_KEPT >= ended;
                    assert_eq!(Clock::seed(period), seeds.get(&period).copied().filter(|_| kept), "period {period}");
                }
                Clock::do_try_state().unwrap();
            }
        });
    }
}

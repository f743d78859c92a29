// SPDX-License-Identifier: Apache-2.0
//! The arithmetic of shares, on numbers as large as they get.

use crate::Pool;
use proptest::prelude::*;
use quern_primitives::Balance;
use sp_runtime::Perbill;

/// The cap of the token: a thousand million QRN.
const CAP: Balance = 1_000_000_000 * quern_primitives::QRN;

/// A pool with up to the cap in it, after a history of slashes and rewards.
fn pool() -> impl Strategy<Value = Pool> {
    (1..CAP, prop::collection::vec((0u32..1_000_000_000, 0..CAP / 8), 0..8)).prop_map(|(value, history)| {
        let mut pool = Pool { value, shares: value, unbonding: 0, generation: 0 };
        for (parts, reward) in history {
            pool.slash(Perbill::from_parts(parts), 1);
            if pool.shares > 0 {
                pool.value = (pool.value + reward).min(CAP);
            }
        }
        pool
    })
}

proptest! {
    #[test]
    fn shares_should_never_be_worth_more_than_was_paid_for_them(pool in pool(), amount in 1..CAP) {
        let shares = pool.shares_for(amount).unwrap();
        let after = Pool { value: pool.value + amount, shares: pool.shares + shares, ..pool };
        prop_assert!(after.value_of(shares) <= amount);
        // Nor do those who were there before lose by it.
        prop_assert!(after.value_of(pool.shares) >= pool.value_of(pool.shares));
    }

    #[test]
    fn value_should_be_paid_out_to_the_last_unit_and_no_further(pool in pool(), parts in prop::collection::vec(1u64..1_000, 1..8)) {
        let mut left = pool;
        let mut paid = 0;
        for part in parts {
            let shares = left.shares * Balance::from(part) / 1_000;
            let worth = left.value_of(left.shares - shares);
            paid += left.redeem(shares);
            prop_assert!(left.value_of(left.shares) >= worth, "who stays loses nothing by rounding");
        }
        paid += left.redeem(left.shares);
        prop_assert_eq!((paid, left.value, left.shares), (pool.value, 0, 0));
    }

    #[test]
    fn shares_worth_an_amount_should_be_the_fewest_that_are(pool in pool(), amount in 1..CAP) {
        prop_assume!(pool.shares > 0);
        let shares = pool.shares_worth(amount, pool.shares);
        prop_assert!(pool.value_of(shares) >= amount.min(pool.value));
        prop_assert!(shares == 0 || shares == pool.shares || pool.value_of(shares - 1) < amount);
    }

    #[test]
    fn pool_should_start_again_when_almost_nothing_is_left(pool in pool(), parts in 0u32..=1_000_000_000) {
        let mut slashed = pool;
        let taken = slashed.slash(Perbill::from_parts(parts), 7);
        prop_assert_eq!(taken + slashed.value, pool.value);
        prop_assert!(slashed.shares <= slashed.value.saturating_mul(1_000_000));
        prop_assert_eq!(slashed.shares == 0, slashed.value == 0);
        prop_assert_eq!(slashed.shares != pool.shares, slashed.generation == 7);
    }
}

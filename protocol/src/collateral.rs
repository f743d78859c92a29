// SPDX-License-Identifier: Apache-2.0
//! What a worker locks for a shard.
//!
//! All `k` drawn validators collude with probability `q = gamma^k`, raised to `q / (1 - gamma (1 - q))` because the last
//! author of a draw period may re-roll it once. Falsifying a cost share `f` is found with
//! `P(f) = (1 - q)(1 - (1 - f)^m)`. With reward `R`, cost `C <= R` and unrecoverable share `beta`:
//!
//! - `S1` makes every `f` worse than honest work: `f C < P(f) (R + beta S)`. `f C / P(f)` grows with `f`, so `f = 1` binds:
//!   `S1 = (C / (1 - q) - R) / beta`.
//! - `S2` makes garbage worse than absence: `S2 = R (1 - P(1)) / (beta P(1))`.
//!
//! The collateral is `3 x max(S1, S2, R)`, with `R = C =` the shard's value at the bid. Integer arithmetic in parts per
//! million, rounded up: against the worker, who could otherwise choose shards that round down.

use crate::Params;
use quern_primitives::Balance;

const PPM: u128 = 1_000_000;

/// Probability in parts per million that all `k` drawn validators collude, re-rolls included, rounded up.
pub fn collusion_ppm(colluding_ppm: u32, auditors: u32) -> u32 {
    let gamma = u128::from(colluding_ppm).min(PPM);
    let q = (0..auditors).fold(PPM, |q, _| q.saturating_mul(gamma).div_ceil(PPM));
    let kept = PPM.saturating_sub(gamma.saturating_mul(PPM.saturating_sub(q)) / PPM);
    q.saturating_mul(PPM).div_ceil(kept.max(1)).min(PPM) as u32
}

/// The collateral for a shard worth `value` at the bid, audited by `auditors` validators.
pub fn collateral(value: Balance, params: &Params, auditors: u32) -> Balance {
    let q = u128::from(collusion_ppm(params.colluding_ppm, auditors));
    let found = PPM.saturating_sub(q).max(1);
    let beta = u128::from(params.unrecoverable_ppm).max(1);
    let unfound_share = value.saturating_mul(q).div_ceil(found);
    // With C = R both bounds are R q / (beta (1 - q)).
    let bound = unfound_share.saturating_mul(PPM).div_ceil(beta);
    bound.max(value).saturating_mul(3)
}

/// The price of `macs` at `per_gmac`, rounded up: the requester chose the program.
pub fn price(macs: u64, per_gmac: Balance) -> Balance {
    u128::from(macs).saturating_mul(per_gmac).div_ceil(1_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collusion_should_match_the_closed_form_when_a_third_colludes() {
        let q: f64 = 1.0 / 9.0;
        let expected = q / (1.0 - (1.0 / 3.0) * (1.0 - q));
        let got = f64::from(collusion_ppm(333_333, 2)) / 1e6;
        assert!((got - expected).abs() < 1e-4, "{got} {expected}");
    }

    #[test]
    fn collateral_should_make_every_cheated_share_worse_than_honest_work() {
        let params = Params::default();
        for auditors in 1..=8 {
            let q = f64::from(collusion_ppm(params.colluding_ppm, auditors)) / 1e6;
            let beta = f64::from(params.unrecoverable_ppm) / 1e6;
            let value = 1_000_000_000u128;
            let stake = collateral(value, &params, auditors) as f64;
            let r = value as f64;
            for step in 1..=1000 {
                let f = f64::from(step) / 1000.0;
                let found = (1.0 - q) * (1.0 - (1.0 - f).powi(i32::from(params.samples)));
                assert!(f * r < found * (r + beta * stake), "share {f} with {auditors} auditors pays");
            }
        }
    }

    #[test]
    fn collateral_should_make_garbage_worse_than_absence() {
        let params = Params::default();
        let q = f64::from(collusion_ppm(params.colluding_ppm, 2)) / 1e6;
        let stake = collateral(1_000_000, &params, 2) as f64;
        assert!(q * 1e6 < (1.0 - q) * 0.5 * stake);
    }

    #[test]
    fn collateral_should_not_overflow_when_the_value_is_absurd() {
        assert!(collateral(u128::MAX, &Params::default(), 2) > 0);
    }

    #[test]
    fn price_should_round_up_when_the_work_is_a_fraction() {
        assert_eq!(price(1, 1), 1);
        assert_eq!(price(2_000_000_000, 5), 10);
    }
}

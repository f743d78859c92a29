// SPDX-License-Identifier: Apache-2.0
//! What planting costs, and what it costs auditors that confirm unseen. As `docs/economics.md` has it, term by term, and played.

use super::{simulate::RESOLUTION, Estimate};
use quern_primitives::draw::Draw;

/// A worker that plants, and the auditors of its shards. Amounts are in multiples of a shard's value at the bid (R).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Planting {
    /// Share of the shards in which every segment is wrong on purpose (p).
    pub planted: f64,
    /// Share of the auditors that confirm unseen what the others, or the worker, tell them (l).
    pub lazy: f64,
    /// Auditors of a shard (k).
    pub auditors: u32,
    /// What is locked for a shard (S).
    pub collateral: f64,
    /// What an auditor locks for it, at least 1 (B).
    pub bond: f64,
    /// The share of a slash that its reporter gets (r).
    pub reporter: f64,
    /// What an opened plant pays the requester, as a share of what is locked (c).
    pub fee: f64,
}

/// How often each thing happened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Played {
    /// Shards that were planted and found by an auditor.
    pub found: Estimate,
    /// Shards that were planted and confirmed by all auditors.
    pub missed: Estimate,
    /// Of the audits of lazy auditors, those that cost them their bonds; none where none of them was lazy.
    pub lost: Option<Estimate>,
}

impl Planting {
    /// The probability that all auditors of a shard are lazy: `l^k`.
    fn all_lazy(&self) -> f64 {
        self.lazy.powf(f64::from(self.auditors))
    }

    /// The probability that a shard is planted and found: `p (1 - l^k)`.
    pub fn found(&self) -> f64 {
        self.planted * (1.0 - self.all_lazy())
    }

    /// The probability that a shard is planted and that all auditors confirm it: `p l^k`.
    pub fn missed(&self) -> f64 {
        self.planted * self.all_lazy()
    }

    /// The probability that an audit costs a lazy auditor its bond: `p`. A colleague that looks has the worker convicted and then accuses who
    /// confirmed it; where none does, the planter accuses them.
    pub fn lost(&self) -> f64 {
        self.planted
    }

    /// What planting costs a worker for each of its shards, beside honest work: `found (R + (r + c) S) + missed (R + c S - r k B)`. The
    /// daemon computes a planted shard in full, so its pay is lost and nothing is saved. Less than nothing where it gains.
    pub fn cost(&self, found: f64, missed: f64) -> f64 {
        let locked = self.collateral;
        let finds = 1.0 + self.fee * locked - self.reporter * f64::from(self.auditors) * self.bond;
        found * (1.0 + (self.reporter + self.fee) * locked) + missed * finds
    }

    /// What an audit costs a lazy auditor in the mean: `lost B`. Laziness pays only where it saves more than that.
    pub fn loss(&self, lost: f64) -> f64 {
        lost * self.bond
    }

    /// Plays shards: the same numbers for the same seed.
    pub fn play(&self, seed: [u8; 32], shards: u64) -> Played {
        let mut draw = Draw::new(seed);
        let mut happens = |probability: f64| (draw.below(RESOLUTION) as f64) < probability * RESOLUTION as f64;
        let (mut found, mut missed, mut lost, mut audits) = (0, 0, 0, 0);
        for _ in 0..shards {
            let planted = happens(self.planted);
            let lazy = (0..self.auditors).filter(|_| happens(self.lazy)).count() as u64;
            let confirms = lazy == u64::from(self.auditors);
            found += u64::from(planted && !confirms);
            missed += u64::from(planted && confirms);
            lost += if planted { lazy } else { 0 };
            audits += lazy;
        }
        let of = |hits, trials| Estimate { hits, trials };
        let lost = (audits > 0).then(|| of(lost, audits));
        Played { found: of(found, shards), missed: of(missed, shards), lost }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PLANTING: Planting =
        Planting { planted: 0.05, lazy: 0.5, auditors: 2, collateral: 3.0, bond: 1.0, reporter: 0.2, fee: 0.05 };

    /// Whether so many hits are those of this probability, but for chance: five standard deviations, and some hits more because few that
    /// are expected are not spread as a bell.
    fn agrees(played: Estimate, probability: f64) -> bool {
        let expected = probability * played.trials as f64;
        let deviation = (expected * (1.0 - probability)).sqrt();
        (played.hits as f64 - expected).abs() <= 5.0 * deviation + 8.0
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn formula_should_agree_with_what_is_played(planted in 0.0..=1.0f64, lazy in 0.0..=1.0f64, auditors in 1u32..5, seed: [u8; 32]) {
            let planting = Planting { planted, lazy, auditors, ..PLANTING };
            let played = planting.play(seed, 4_000);
            prop_assert!(agrees(played.found, planting.found()));
            prop_assert!(agrees(played.missed, planting.missed()));
            // Audits of one shard hang together, so their bounds are those of as many shards.
            if let Some(lost) = played.lost {
                let trials = (lost.trials / u64::from(auditors)).max(1);
                let hits = (lost.mean() * trials as f64).round() as u64;
                let of_shards = Estimate { hits, trials };
                prop_assert!(agrees(of_shards, planting.lost()));
            }
        }
    }

    #[test]
    fn planting_should_cost_the_pay_and_the_fees_when_auditors_are_attentive() {
        let attentive = Planting { lazy: 0.0, ..PLANTING };
        let cost = attentive.cost(attentive.found(), attentive.missed());
        assert!((cost - 0.05 * (1.0 + 0.25 * 3.0)).abs() < 1e-12, "{cost}");
        assert_eq!(attentive.lost(), 0.05, "the only one that does not look loses too");
    }

    #[test]
    fn auditor_should_lose_more_when_more_is_planted_however_lazy_its_colleagues_are() {
        let loss = |planted, lazy| {
            let planting = Planting { planted, lazy, ..PLANTING };
            planting.loss(planting.lost())
        };
        assert!(loss(0.1, 0.5) > loss(0.05, 0.5));
        assert_eq!(loss(0.05, 1.0), loss(0.05, 0.0));
        assert!((loss(0.05, 1.0) - 0.05).abs() < 1e-12);
    }
}

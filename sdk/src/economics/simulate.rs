// SPDX-License-Identifier: Apache-2.0
//! The draws, played.

use super::Formula;
use quern_primitives::draw::{draw_segments, Draw, SegmentCosts};

/// Resolution of probabilities in draws: one part in 2^53, what an `f64` below 1 holds.
pub(super) const RESOLUTION: u64 = 1 << 53;
/// Standard deviations of the bounds of an [`Estimate`]: outside of them with a probability of about 6 in 100,000.
const DEVIATIONS: f64 = 4.0;

/// What a colluding author does with its own block at the end of a draw period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rerolls {
    /// It keeps it.
    Never,
    /// It forfeits it once at most, whoever authors the block before.
    Once,
    /// It forfeits it unless all drawn validators collude, as long as the author of the block before colludes too: what the formula
    /// counts.
    ForValidators,
    /// It forfeits it unless all drawn validators collude or none of the drawn segments is falsified.
    ForValidatorsAndSegments,
}

/// A probability from a number of trials.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// How often it happened.
    pub hits: u64,
    /// How often it was tried; at least once.
    pub trials: u64,
}

impl Estimate {
    /// The share of trials in which it happened.
    pub fn mean(&self) -> f64 {
        self.hits as f64 / self.trials as f64
    }

    /// Bounds of the probability: Wilson's score interval with four standard deviations.
    pub fn bounds(&self) -> (f64, f64) {
        let (n, mean, z) = (self.trials as f64, self.mean(), DEVIATIONS);
        let middle = mean + z * z / (2.0 * n);
        let half = z * (mean * (1.0 - mean) / n + z * z / (4.0 * n * n)).sqrt();
        let scale = 1.0 + z * z / n;
        // Exact at the ends, where rounding could leave out the end itself.
        let low = if self.hits == 0 { 0.0 } else { (middle - half) / scale };
        let high = if self.hits == self.trials { 1.0 } else { (middle + half) / scale };
        (low, high)
    }

    /// Whether `probability` lies within the bounds.
    pub fn agrees_with(&self, probability: f64) -> bool {
        let (low, high) = self.bounds();
        (low..=high).contains(&probability)
    }
}

/// Plays draws: the same numbers for the same seed, on every machine.
#[derive(Clone, Debug)]
pub struct Simulator {
    pub(super) draw: Draw,
    pub(super) formula: Formula,
    pub(super) tasks: u32,
    pub(super) costs: SegmentCosts,
}

impl Simulator {
    /// Draws about shards of `tasks` tasks whose segments have these costs.
    pub fn new(seed: [u8; 32], formula: Formula, tasks: u32, costs: SegmentCosts) -> Self {
        Self { draw: Draw::new(seed), formula, tasks, costs }
    }

    /// How often all drawn validators collude in the end.
    pub fn collusion(&mut self, rerolls: Rerolls, trials: u64) -> Estimate {
        // All is falsified, so only the validators matter.
        let found = self.detection(1.0, rerolls, trials);
        Estimate { hits: trials - found.hits, trials }
    }

    /// How often falsifying the share `f` of a shard's cost is found: an honest validator is drawn, and with it a falsified segment.
    /// The cheat falsifies tasks from the first one on, as many segments as come nearest to that share.
    pub fn detection(&mut self, f: f64, rerolls: Rerolls, trials: u64) -> Estimate {
        let falsified = self.falsified(f);
        let hits = (0..trials).filter(|_| self.is_found(falsified, rerolls)).count() as u64;
        Estimate { hits, trials }
    }

    /// The share of cost that [`detection`](Self::detection) falsifies for `f`.
    pub fn falsified_share(&self, f: f64) -> f64 {
        let per_task = self.costs.segments_per_task();
        let cost = |position: u32| self.costs.segment(position % per_task) as f64;
        (0..self.falsified(f)).map(cost).sum::<f64>() / self.cost()
    }

    /// Mean gain of the cheat over honest work in `trials` shards, as a multiple of a shard's value, and its standard error. It locks
    /// `stake` times that value, saves the share `f` of the cost, which is the value, and loses price and stake when it is found.
    pub fn gain(&mut self, f: f64, stake: f64, rerolls: Rerolls, trials: u64) -> (f64, f64) {
        let found = self.detection(f, rerolls, trials).mean();
        let loss = 1.0 + self.formula.unrecoverable * stake;
        let error = loss * (found * (1.0 - found) / trials as f64).sqrt();
        (self.formula.gain(self.falsified_share(f), found, stake), error)
    }

    /// Segments of a shard.
    fn segments(&self) -> u32 {
        self.tasks.saturating_mul(self.costs.segments_per_task())
    }

    fn cost(&self) -> f64 {
        self.costs.task() as f64 * f64::from(self.tasks)
    }

    /// How many segments from the first one on come nearest to a share of the cost.
    pub(super) fn falsified(&self, f: f64) -> u32 {
        let per_task = self.costs.segments_per_task();
        let (wanted, mut sum) = (f * self.cost(), 0.0);
        for position in 0..self.segments() {
            let cost = self.costs.segment(position % per_task) as f64;
            if sum + cost / 2.0 > wanted {
                return position;
            }
            sum += cost;
        }
        self.segments()
    }

    /// One shard, with all the rolls of its draw.
    fn is_found(&mut self, falsified: u32, rerolls: Rerolls) -> bool {
        let mut rolls = 0;
        loop {
            let (all_collude, hit) = self.roll(falsified);
            rolls += 1;
            let is_found = !all_collude && hit;
            let pleases = match rerolls {
                Rerolls::Never => true,
                Rerolls::Once => all_collude || rolls > 1,
                Rerolls::ForValidators => all_collude,
                Rerolls::ForValidatorsAndSegments => !is_found,
            };
            if pleases || !self.colludes() {
                return is_found;
            }
        }
    }

    /// One draw: whether all validators collude, and whether a falsified segment is among the drawn ones.
    fn roll(&mut self, falsified: u32) -> (bool, bool) {
        // Every validator is drawn, also after an honest one: a roll takes the same part of the stream.
        let all_collude = (0..self.formula.auditors).fold(true, |all, _| self.colludes() && all);
        let drawn = draw_segments(&mut self.draw, self.tasks, &self.costs, self.formula.samples);
        (all_collude, drawn.iter().any(|position| *position < falsified))
    }

    /// Whether one that is drawn by stake colludes.
    pub(super) fn colludes(&mut self) -> bool {
        (self.draw.below(RESOLUTION) as f64) < self.formula.colluding * RESOLUTION as f64
    }
}

// SPDX-License-Identifier: Apache-2.0
//! Drawing a token from the likeliest, exactly.
//!
//! The token with the largest sum of logit over temperature and a number of the Gumbel distribution is drawn with the probability that the
//! softmax gives it (E. J. Gumbel, Statistical Theory of Extreme Values, 1954). So nothing is normalised and no row is as long as the
//! vocabulary: one random word a symbol, and the largest sum.

use super::{
    layer::LOGIT,
    program::{in_rows, likeliest},
};
use crate::models::{
    numbers::{add_number, shift_right},
    ModelError,
};
use quern_program::{DType, ProgramBuilder, Var};

/// One, of the inverse temperature.
pub const INVERSE_TEMPERATURE_ONE: u16 = 256;
/// Bits of how far a logit is below the largest: more than 63 below is as good as never.
const DISTANCE_BITS: i32 = 18;
/// Bits of a random word that pick a quantile; where these are all ones the next ones pick among the quantiles of the last.
const QUANTILE_BITS: u32 = 12;
/// More than any distance over temperature, with any noise.
const NEVER: i32 = 1 << 24;
/// The logit of a symbol that does not exist. Those that do are far nearer to zero.
const FARTHEST: i32 = -(1 << 30);

/// How a token is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sampling {
    /// What logits are multiplied by, in parts of [`INVERSE_TEMPERATURE_ONE`]; at most 16 times that.
    pub inverse_temperature: u16,
    /// Only so many of the likeliest tokens are drawn from (more where some are equally likely), at least one.
    pub top_k: u32,
}

impl Sampling {
    pub(super) fn check(&self) -> Result<(), ModelError> {
        let is_warm = (1..=16 * INVERSE_TEMPERATURE_ONE).contains(&self.inverse_temperature);
        (is_warm && self.top_k > 0).then_some(()).ok_or(ModelError::Sampling)
    }

    /// A symbol drawn by its logits `i32 [1, symbols]`, `i32 [1]`.
    pub(super) fn pick(&self, b: &mut ProgramBuilder, logits: Var) -> Var {
        let count = logits.shape().last();
        // What fills the last row is as far from the largest as can be.
        let logits = in_rows(b, logits, |b, part| b.clamp(part, FARTHEST, FARTHEST));
        let [rows, columns] = [0, 1].map(|axis| logits.shape().dim(axis));
        let most = b.row_max(logits);
        let most = b.reshape(most, &[1, rows]);
        let most = b.row_max(most);
        let minus_one = b.scalar(-1);
        let below = b.sub(logits, most);
        let below = b.mul(below, minus_one);
        let below = b.clamp(below, 0, (1 << DISTANCE_BITS) - 1);

        let factor = b.scalar(self.inverse_temperature.into());
        let cold = b.mul(below, factor);
        let cold = shift_right(b, cold, INVERSE_TEMPERATURE_ONE.ilog2() as i32);
        let noise = noise(b, rows, columns);
        let mut scores = b.sub(noise, cold);
        if self.top_k < count {
            let farthest = self.farthest(b, below, count);
            let beyond = b.sub(below, farthest);
            let beyond = b.clamp(beyond, 0, 1);
            let never = b.scalar(NEVER);
            let never = b.mul(beyond, never);
            scores = b.sub(scores, never);
        }
        let scores = b.reshape(scores, &[rows * columns]);
        let scores = b.slice(scores, 0, 0, count);
        likeliest(b, scores)
    }

    /// The least distance within which `top_k` of `count` symbols are, `i32 [1]`: bit by bit.
    fn farthest(&self, b: &mut ProgramBuilder, below: Var, count: u32) -> Var {
        let mut farthest = b.scalar(0);
        // What fills the last row counts as beyond.
        let filling = (below.shape().elements() as u32).saturating_sub(count);
        let most_beyond = count.saturating_sub(self.top_k).saturating_add(filling) as i32;
        for bit in (0..DISTANCE_BITS).rev() {
            let within = add_number(b, farthest, (1 << bit) - 1);
            let beyond = b.sub(below, within);
            let beyond = b.clamp(beyond, 0, 1);
            let beyond = b.row_sum(beyond);
            let beyond = b.reshape(beyond, &[1, beyond.shape().elements() as u32]);
            let beyond = b.row_sum(beyond);
            let is_too_near = add_number(b, beyond, -most_beyond);
            let is_too_near = b.clamp(is_too_near, 0, 1);
            let more = shift_right(b, is_too_near, -bit);
            farthest = b.add(farthest, more);
        }
        farthest
    }
}

/// Numbers of the Gumbel distribution with [`LOGIT`] fractional bits, `i32 [rows, columns]`.
fn noise(b: &mut ProgramBuilder, rows: u32, columns: u32) -> Var {
    let (steps, last) = (1i32 << QUANTILE_BITS, (1i32 << QUANTILE_BITS) - 1);
    let word = b.random(&[rows, columns]);
    let upper = shift_floor(b, word, 32 - QUANTILE_BITS as i32);
    let first = add_number(b, upper, steps / 2);
    let upper = shift_right(b, upper, QUANTILE_BITS as i32 - 32);
    let rest = b.sub(word, upper);
    let second = shift_floor(b, rest, 32 - 2 * QUANTILE_BITS as i32);
    let is_last = add_number(b, first, 1 - last);
    let is_last = b.clamp(is_last, 0, 1);
    let more = add_number(b, second, 1);
    let more = b.mul(is_last, more);
    let index = b.add(first, more);
    let quantiles = quantiles();
    let table = b.constant(DType::I16, &[quantiles.len() as u32, 1], &quantiles);
    let index = b.reshape(index, &[rows * columns]);
    let noise = b.gather(table, index);
    b.reshape(noise, &[rows, columns])
}

/// `x / 2^by` rounded down: of what lies within half a unit of the least number nothing is lost by the clamp.
fn shift_floor(b: &mut ProgramBuilder, x: Var, by: i32) -> Var {
    let half = 1 << (by - 1);
    let x = b.clamp(x, i32::MIN + half, i32::MAX);
    let x = add_number(b, x, -half);
    shift_right(b, x, by)
}

/// The noise of a word by its upper bits, and after these, where they are all ones, by the next ones: the middles of as many equally
/// likely stretches each. They are constants of the program that is published, so no two machines compute them.
fn quantiles() -> Vec<i32> {
    let steps = f64::from(1u32 << QUANTILE_BITS);
    let gumbel = |above: f64| -(-(-above).ln_1p()).ln();
    let one = f64::from(1 << LOGIT);
    let middles = || (0..1u32 << QUANTILE_BITS).map(f64::from).map(|step| step + 0.5);
    // By how much of the distribution lies above, so that the upper end stays sharp.
    let first = middles().map(|step| gumbel(1.0 - step / steps));
    let last = middles().map(|step| gumbel((steps - step) / steps / steps));
    first.chain(last).map(|number| (number * one).round() as i32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use quern_executor::{cpu::CpuExecutor, Executor};
    use quern_program::{reference, Checked, Context, Tensor};

    /// A program that picks one of as many symbols as there are logits.
    fn picking(sampling: Sampling, symbols: u32) -> Checked {
        let mut b = ProgramBuilder::new();
        let logits = b.input(DType::I32, &[1, symbols]);
        let picked = sampling.pick(&mut b, logits);
        b.build(picked).unwrap()
    }

    fn picked(program: &Checked, logits: &[f64], seed: u32) -> usize {
        let numbers: Vec<i32> = logits.iter().map(|logit| (logit * 4096.0).round() as i32).collect();
        let input = Tensor::from_values(program.program().inputs[0], &numbers);
        let mut context = Context::default();
        context.seed[..4].copy_from_slice(&seed.to_le_bytes());
        let output = CpuExecutor::new().run_task(program, &context, &[input], &mut |_, _| {}).unwrap();
        output.get(0) as usize
    }

    /// How often each symbol is picked in so many draws.
    fn counts(sampling: Sampling, logits: &[f64], draws: u32) -> Vec<f64> {
        let program = picking(sampling, logits.len() as u32);
        let mut counts = vec![0.0; logits.len()];
        (0..draws).for_each(|seed| counts[picked(&program, logits, seed)] += 1.0);
        counts
    }

    /// What a softmax over the `top_k` likeliest gives.
    fn probabilities(sampling: Sampling, logits: &[f64]) -> Vec<f64> {
        let mut sorted = logits.to_vec();
        sorted.sort_by(|a, b| b.total_cmp(a));
        let least = sorted[(sampling.top_k as usize).min(logits.len()) - 1];
        let warmth = f64::from(sampling.inverse_temperature) / f64::from(INVERSE_TEMPERATURE_ONE);
        let weight = |logit: f64| if logit < least { 0.0 } else { ((logit - sorted[0]) * warmth).exp() };
        let sum: f64 = logits.iter().map(|logit| weight(*logit)).sum();
        logits.iter().map(|logit| weight(*logit) / sum).collect()
    }

    #[test]
    fn tokens_should_be_drawn_as_a_softmax_has_them_when_all_are_drawn_from_or_the_likeliest_alone() {
        let logits = [1.0, 3.0, -2.0, 2.5, 2.5, 0.0, -60.0];
        const DRAWS: u32 = 4_000;
        for (inverse_temperature, top_k) in [(256, 7), (256, 3), (512, 2), (64, 6), (256, 100)] {
            let sampling = Sampling { inverse_temperature, top_k };
            let expected = probabilities(sampling, &logits);
            for (found, expected) in counts(sampling, &logits, DRAWS).into_iter().zip(expected) {
                let mean = expected * f64::from(DRAWS);
                let deviation = (mean * (1.0 - expected)).sqrt();
                assert!((found - mean).abs() <= 4.0 * deviation + 1e-6, "{sampling:?}: {found}, not {mean}");
            }
        }
    }

    #[test]
    fn likeliest_should_be_drawn_when_it_is_the_only_one() {
        let logits: Vec<f64> = (0..5_000).map(|symbol| f64::from((symbol * 37) % 4_999) / 100.0).collect();
        let largest = logits.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).unwrap().0;
        let program = picking(Sampling { inverse_temperature: 16, top_k: 1 }, logits.len() as u32);
        assert!((0..20).all(|seed| picked(&program, &logits, seed) == largest));
    }

    #[test]
    fn symbols_should_exist_when_they_do_not_fill_their_rows() {
        // Two rows of 1,025 have one place too many.
        let logits = vec![0.0; 2_049];
        let program = picking(Sampling { inverse_temperature: 1, top_k: 2_049 }, 2_049);
        let drawn: std::collections::BTreeSet<usize> = (0..60).map(|seed| picked(&program, &logits, seed)).collect();
        assert!(drawn.len() > 50 && drawn.iter().all(|symbol| *symbol < 2_049), "{drawn:?}");
    }

    #[test]
    fn noise_should_be_of_the_gumbel_distribution_when_many_are_drawn() {
        let mut b = ProgramBuilder::new();
        let drawn = noise(&mut b, 64, 1_024);
        let program = b.build(drawn).unwrap();
        let found = CpuExecutor::new().run_task(&program, &Context::default(), &[], &mut |_, _| {}).unwrap();
        let numbers: Vec<f64> = found.values().into_iter().map(|number| f64::from(number) / 4096.0).collect();
        let count = numbers.len() as f64;
        // The chance of no more than x is exp(-exp(-x)).
        for x in [-1.5, -1.0, 0.0, 1.0, 3.0, 6.0, 9.0f64] {
            let chance = (-(-x).exp()).exp();
            let below = numbers.iter().filter(|number| **number <= x).count() as f64;
            let deviation = (count * chance * (1.0 - chance)).sqrt();
            assert!((below - count * chance).abs() < 4.0 * deviation + 1.0, "{x}: {below} of {count}");
        }
    }

    #[test]
    fn floor_should_be_exact_when_numbers_are_at_the_ends() {
        let mut b = ProgramBuilder::new();
        let x = b.input(DType::I32, &[6]);
        let floor = shift_floor(&mut b, x, 20);
        let program = b.build(floor).unwrap();
        let numbers = [i32::MIN, i32::MIN + 1, -1, 0, (1 << 20) - 1, i32::MAX];
        let input = Tensor::from_values(program.program().inputs[0], &numbers);
        let found = reference::run(&program, &Context::default(), &[input]);
        assert_eq!(found.values(), numbers.map(|number| number >> 20));
    }

    #[test]
    fn sampling_should_be_refused_when_it_draws_from_nothing_or_is_too_cold() {
        for (inverse_temperature, top_k) in [(0, 1), (4_097, 1), (256, 0)] {
            assert_eq!(Sampling { inverse_temperature, top_k }.check(), Err(ModelError::Sampling));
        }
        assert_eq!(Sampling { inverse_temperature: 4_096, top_k: 1 }.check(), Ok(()));
    }
}

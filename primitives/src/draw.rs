// SPDX-License-Identifier: Apache-2.0
//! Seeded draws: what the chain draws, everybody can draw again.
//!
//! The generator is ChaCha8 with a 32-byte key, block counter and stream 0. `docs/protocol.md` holds every step of every
//! algorithm here; the results are part of the protocol.

use crate::{tagged, tags, Account};
use alloc::{collections::BTreeMap, vec::Vec};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};
use scale_info::TypeInfo;

/// Most words that one bounded number takes. A word is rejected with a probability below one half, so the last one is
/// reached with a probability below 2^-63; it is then used as it is.
const MAX_TRIES: u32 = 64;

/// Binary digits after the point of a time in a [`race`].
const TIME_DIGITS: u32 = 32;
/// Most that an entrant of a [`race`] weighs: times stay below 2^39, and the product of both fits.
const MAX_RACE_WEIGHT: u128 = 1 << 88;

/// The seed of the draw `purpose` about `subject`, from the seed of a draw period.
pub fn seed(purpose: &[u8], period_seed: &[u8; 32], subject: &impl Encode) -> [u8; 32] {
    tagged(tags::DRAW, &(purpose, period_seed, subject))
}

/// A stream of random numbers from one seed.
#[derive(Clone, Debug)]
pub struct Draw(ChaCha8Rng);

impl Draw {
    /// The draw of this seed.
    pub fn new(seed: [u8; 32]) -> Self {
        Self(ChaCha8Rng::from_seed(seed))
    }

    /// A number below `n`, each with the same probability. 0, without using the stream, if `n` is 0 or 1.
    pub fn below(&mut self, n: u64) -> u64 {
        if n < 2 {
            return 0;
        }
        // 2^64 mod n: so many of the largest words are rejected.
        let excess = n.wrapping_neg().checked_rem(n).unwrap_or(0);
        let mut word = 0;
        for _ in 0..MAX_TRIES {
            word = self.0.next_u64();
            if word <= u64::MAX.saturating_sub(excess) {
                break;
            }
        }
        word.checked_rem(n).unwrap_or(0)
    }

    /// [`Self::below`] for wide numbers, each from two words, the low one first.
    pub fn below_wide(&mut self, n: u128) -> u128 {
        if n < 2 {
            return 0;
        }
        let excess = n.wrapping_neg().checked_rem(n).unwrap_or(0);
        let mut word = 0;
        for _ in 0..MAX_TRIES {
            let low = u128::from(self.0.next_u64());
            word = low | u128::from(self.0.next_u64()).wrapping_shl(64);
            if word <= u128::MAX.saturating_sub(excess) {
                break;
            }
        }
        word.checked_rem(n).unwrap_or(0)
    }

    /// An index, with a probability proportional to its weight; `None` if no weight is positive. Each of `n` weights
    /// counts as at most `floor((2^128 - 1) / n)`, so that their sum exists.
    pub fn weighted(&mut self, weights: &[u128]) -> Option<usize> {
        let most = u128::MAX.checked_div(weights.len() as u128)?;
        let total = weights.iter().fold(0u128, |sum, weight| sum.saturating_add((*weight).min(most)));
        if total == 0 {
            return None;
        }
        let mut ticket = self.below_wide(total);
        for (index, weight) in weights.iter().enumerate() {
            match ticket.checked_sub((*weight).min(most)) {
                Some(rest) => ticket = rest,
                None => return Some(index),
            }
        }
        None
    }

    /// Up to `count` distinct indices in the order they are drawn, each as by [`Self::weighted`] among those left. Fewer
    /// if fewer weights are positive.
    pub fn weighted_without_replacement(&mut self, weights: &[u128], count: usize) -> Vec<usize> {
        let mut left = weights.to_vec();
        let mut drawn = Vec::with_capacity(count.min(weights.len()));
        while drawn.len() < count {
            let Some(index) = self.weighted(&left) else {
                break;
            };
            if let Some(weight) = left.get_mut(index) {
                *weight = 0;
            }
            drawn.push(index);
        }
        drawn
    }
}

/// -log2 of `(word + 1/2) / 2^64`, rounded up a little, with [`TIME_DIGITS`] binary digits after the point; at least one.
fn race_time(word: u64) -> u128 {
    // Below 2^64 by one half at least: the half is kept as the last digit of a word of 65.
    let wide = u128::from(word).wrapping_shl(1) | 1;
    let place = 127u32.saturating_sub(wide.leading_zeros());
    // A number from 1 to below 2, with 63 digits after the point: its logarithm comes digit by digit, by squaring.
    let mut number = wide.wrapping_shl(63u32.saturating_sub(place.min(63))).wrapping_shr(place.saturating_sub(63));
    let mut log = u128::from(place);
    for _ in 0..TIME_DIGITS {
        // Below 2^64: the square fits.
        number = number.wrapping_mul(number).wrapping_shr(63);
        let digit = number.wrapping_shr(64);
        number = number.wrapping_shr(digit as u32);
        log = log.wrapping_shl(1) | digit;
    }
    // `wide` has one digit more than the word.
    (65u128.wrapping_shl(TIME_DIGITS)).saturating_sub(log).max(1)
}

/// The entrants of a draw in the order in which they are drawn, as indices; those without weight are left out. Each
/// arrives after a time of its own: from `seed` and its account, exponentially distributed, divided by its weight (at most 2^88).
///
/// The order is distributed as that of [`Draw::weighted_without_replacement`] (Efraimidis and Spirakis, *Weighted random
/// sampling with a reservoir*, 2006), but nobody's presence or weight changes the order of the others: whoever knows the seed
/// and withdraws moves itself alone. Equal times stay in the order of the entrants.
pub fn race(seed_of_draw: &[u8; 32], entrants: &[(Account, u128)]) -> Vec<usize> {
    let mut times: Vec<(u128, u128, usize)> = entrants
        .iter()
        .enumerate()
        .filter(|(_, (_, weight))| *weight > 0)
        .map(|(index, (account, weight))| {
            let [a, b, c, d, e, f, g, h, ..] = seed(b"race", seed_of_draw, account);
            (race_time(u64::from_le_bytes([a, b, c, d, e, f, g, h])), (*weight).min(MAX_RACE_WEIGHT), index)
        })
        .collect();
    // time / weight, without the division.
    times.sort_by(|(time, weight, _), (other_time, other_weight, _)| {
        time.saturating_mul(*other_weight).cmp(&other_time.saturating_mul(*weight))
    });
    times.into_iter().map(|(_, _, index)| index).collect()
}

/// The static costs of the segments of one task, in MACs.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct SegmentCosts {
    /// Cost of the first segment of a program with a loop.
    pub init: u64,
    /// Cost of each repetition of the loop.
    pub body: u64,
    /// Repetitions of the loop.
    pub steps: u32,
    /// Cost of the last segment; of the only one if there is no loop.
    pub finish: u64,
    /// Whether the program has a loop. If not, `finish` is all that counts.
    pub has_loop: bool,
}

impl SegmentCosts {
    /// Segments of one task: `steps + 2` with a loop, else one.
    pub fn segments_per_task(&self) -> u32 {
        if self.has_loop {
            self.steps.saturating_add(2)
        } else {
            1
        }
    }

    /// Cost of a whole task.
    pub fn task(&self) -> u128 {
        let finish = u128::from(self.finish);
        if self.has_loop {
            u128::from(self.body)
                .saturating_mul(u128::from(self.steps))
                .saturating_add(u128::from(self.init))
                .saturating_add(finish)
        } else {
            finish
        }
    }

    /// Cost of a task from its inputs to the end of segment `segment`, at most `u64::MAX`.
    pub fn up_to(&self, segment: u32) -> u64 {
        let last = self.segments_per_task().saturating_sub(1);
        if segment >= last {
            return u64::try_from(self.task()).unwrap_or(u64::MAX);
        }
        self.init.saturating_add(self.body.saturating_mul(u64::from(segment)))
    }

    /// Cost of segment `segment` of a task; 0 if there is none.
    pub fn segment(&self, segment: u32) -> u64 {
        let last = self.segments_per_task().saturating_sub(1);
        if segment > last {
            0
        } else if segment == last {
            self.finish
        } else if segment == 0 {
            self.init
        } else {
            self.body
        }
    }
}

/// Segments of one cost that are not drawn yet: the numbers `0..left`, but where `moved` says otherwise.
struct Urn {
    cost: u128,
    left: u64,
    moved: BTreeMap<u64, u64>,
}

impl Urn {
    fn new(cost: u64, left: u64) -> Self {
        Self { cost: u128::from(cost.max(1)), left, moved: BTreeMap::new() }
    }

    fn weight(&self) -> u128 {
        self.cost.saturating_mul(u128::from(self.left))
    }

    /// Takes the number in slot `slot` and puts the one in the last slot there.
    fn take(&mut self, slot: u64) -> u64 {
        let last = self.left.saturating_sub(1);
        let tail = self.moved.remove(&last).unwrap_or(last);
        self.left = last;
        if slot == last {
            tail
        } else {
            self.moved.insert(slot, tail).unwrap_or(slot)
        }
    }
}

/// Draws `count` distinct segments of a shard of `tasks` tasks, one after the other, each with a probability
/// proportional to its cost (at least 1) among those left. Returns their positions (`task * segments_per_task + segment`,
/// tasks counted within the shard) in ascending order; all of them, without using the stream, if there are no more than
/// `count`, and none if positions do not fit `u32`.
///
/// Takes `O(count * log(count))` steps, whatever the number of segments.
pub fn draw_segments(draw: &mut Draw, tasks: u32, costs: &SegmentCosts, count: u32) -> Vec<u32> {
    let per_task = costs.segments_per_task();
    let Some(all) = tasks.checked_mul(per_task) else {
        return Vec::new();
    };
    if count >= all {
        return (0..all).collect();
    }
    let tasks = u64::from(tasks);
    let steps = u64::from(costs.steps);
    let mut urns = if costs.has_loop {
        [Urn::new(costs.init, tasks), Urn::new(costs.body, tasks.saturating_mul(steps)), Urn::new(costs.finish, tasks)]
    } else {
        [Urn::new(0, 0), Urn::new(0, 0), Urn::new(costs.finish, tasks)]
    };
    let mut positions = Vec::with_capacity(usize::try_from(count).unwrap_or(0));
    for _ in 0..count {
        let total = urns.iter().fold(0u128, |sum, urn| sum.saturating_add(urn.weight()));
        let mut ticket = draw.below_wide(total);
        for (kind, urn) in urns.iter_mut().enumerate() {
            if let Some(rest) = ticket.checked_sub(urn.weight()) {
                ticket = rest;
                continue;
            }
            let slot = u64::try_from(ticket.checked_div(urn.cost).unwrap_or(0)).unwrap_or(0);
            let number = urn.take(slot);
            // The body's numbers count the repetitions of all tasks, task by task.
            let (task, segment) = match kind {
                0 => (number, 0),
                1 => (number.checked_div(steps).unwrap_or(0), number.checked_rem(steps).unwrap_or(0).saturating_add(1)),
                _ => (number, u64::from(per_task).saturating_sub(1)),
            };
            let position = task.saturating_mul(u64::from(per_task)).saturating_add(segment);
            positions.extend(u32::try_from(position).ok());
            break;
        }
    }
    positions.sort_unstable();
    positions
}

/// Joins drawn positions (ascending) that follow each other within one task into runs of (first position, length). Only
/// the checkpoint before a run has to be opened.
pub fn join_runs(positions: &[u32], segments_per_task: u32) -> Vec<(u32, u32)> {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for &position in positions {
        let starts_task = position.checked_rem(segments_per_task).unwrap_or(0) == 0;
        match runs.last_mut() {
            Some((start, len)) if !starts_task && start.checked_add(*len) == Some(position) => {
                *len = len.saturating_add(1)
            }
            Some((start, len)) if position < start.saturating_add(*len) => {}
            _ => runs.push((position, 1)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const COSTS: SegmentCosts = SegmentCosts { init: 100, body: 1_000, steps: 4, finish: 400, has_loop: true };

    /// Pearson's statistic of `seen` against probabilities in proportion to `weights`.
    fn chi_square(seen: &[u64], weights: &[u128]) -> f64 {
        let draws = seen.iter().sum::<u64>() as f64;
        let total = weights.iter().sum::<u128>() as f64;
        seen.iter()
            .zip(weights)
            .map(|(&seen, &weight)| {
                let expected = draws * weight as f64 / total;
                (seen as f64 - expected).powi(2) / expected
            })
            .sum()
    }

    #[test]
    fn below_should_be_uniform_when_drawn_often() {
        let mut draw = Draw::new([1; 32]);
        let mut seen = [0u64; 7];
        for _ in 0..70_000 {
            seen[draw.below(7) as usize] += 1;
        }
        // 6 degrees of freedom: 22.5 is exceeded once in a thousand.
        assert!(chi_square(&seen, &[1; 7]) < 22.5, "{seen:?}");
    }

    #[test]
    fn below_should_not_favour_low_numbers_when_n_does_not_divide_the_words() {
        // Without rejection the lower half would be drawn twice as often as the upper one.
        let n = 3 << 62;
        let mut draw = Draw::new([2; 32]);
        let low = (0..20_000).filter(|_| draw.below(n) < n / 2).count();
        assert!((9_700..10_300).contains(&low), "{low}");
    }

    #[test]
    fn below_should_leave_the_stream_alone_when_there_is_no_choice() {
        let mut draw = Draw::new([3; 32]);
        assert_eq!((draw.below(0), draw.below(1), draw.below_wide(0), draw.below_wide(1)), (0, 0, 0, 0));
        assert_eq!(draw.below(u64::MAX), Draw::new([3; 32]).below(u64::MAX));
    }

    #[test]
    fn weighted_should_follow_the_weights_when_drawn_often() {
        let weights = [1u128, 0, 2, 3 << 80, 1 << 80];
        let mut draw = Draw::new([4; 32]);
        let mut seen = [0u64; 5];
        for _ in 0..40_000 {
            seen[draw.weighted(&weights).unwrap()] += 1;
        }
        assert_eq!(&seen[..3], &[0, 0, 0]);
        assert!(chi_square(&seen[3..], &[3, 1]) < 10.8, "{seen:?}");
    }

    #[test]
    fn weighted_should_draw_nothing_when_all_weights_are_zero() {
        assert_eq!(Draw::new([5; 32]).weighted(&[0, 0]), None);
        assert_eq!(Draw::new([5; 32]).weighted(&[]), None);
    }

    #[test]
    fn weighted_should_draw_something_when_the_sum_overflows() {
        let mut draw = Draw::new([6; 32]);
        let seen: alloc::collections::BTreeSet<_> = (0..64).filter_map(|_| draw.weighted(&[u128::MAX; 3])).collect();
        assert_eq!(seen.len(), 3);
    }

    #[test]
    fn weighted_without_replacement_should_favour_the_heavy_first_when_drawn_often() {
        let mut first = [0u64; 3];
        for round in 0..30_000u32 {
            let drawn = Draw::new(seed(b"test", &[0; 32], &round)).weighted_without_replacement(&[1, 2, 3], 2);
            first[drawn[0]] += 1;
        }
        assert!(chi_square(&first, &[1, 2, 3]) < 13.9, "{first:?}");
    }

    fn entrants(weights: &[u128]) -> Vec<(Account, u128)> {
        weights.iter().enumerate().map(|(index, weight)| ([index as u8; 32], *weight)).collect()
    }

    #[test]
    fn race_time_should_be_the_binary_logarithm_when_compared_with_floats() {
        for word in [0, 1, 2, 3, 1_000, 1 << 31, 1 << 62, (1 << 63) - 1, 1 << 63, 3 << 62, u64::MAX - 1, u64::MAX] {
            let exact = 64.0 - (word as f64 + 0.5).log2();
            let time = race_time(word) as f64 / (1u64 << TIME_DIGITS) as f64;
            assert!((time - exact).abs() < 1e-6, "{word}: {time} and {exact}");
        }
    }

    #[test]
    fn race_should_be_won_in_proportion_to_the_weights_when_run_often() {
        let entrants = entrants(&[1 << 70, 0, 2 << 70, 3 << 70]);
        let (mut first, mut second) = ([0u64; 4], [0u64; 4]);
        for round in 0..30_000u32 {
            let order = race(&seed(b"test", &[0; 32], &round), &entrants);
            assert_eq!(order.len(), 3);
            first[order[0]] += 1;
            second[order[1]] += 1;
        }
        assert_eq!(first[1], 0);
        // 2 degrees of freedom: 13.9 is exceeded once in a thousand.
        assert!(chi_square(&[first[0], first[2], first[3]], &[1, 2, 3]) < 13.9, "{first:?}");
        // P(second = a) is the sum over the others b of b / 6 * a / (6 - b), here times 60.
        let expected: [u128; 3] = [15, 24, 21];
        assert!(chi_square(&[second[0], second[2], second[3]], &expected) < 13.9, "{second:?}");
    }

    /// The probability of every pair of distinct segments, from the definition.
    fn pair_weights(costs: &[f64]) -> BTreeMap<(u32, u32), f64> {
        let total: f64 = costs.iter().sum();
        let mut pairs = BTreeMap::new();
        for (a, &x) in costs.iter().enumerate() {
            for (b, &y) in costs.iter().enumerate().filter(|(b, _)| *b != a) {
                *pairs.entry((a.min(b) as u32, a.max(b) as u32)).or_default() += x / total * y / (total - x);
            }
        }
        pairs
    }

    #[test]
    fn draw_segments_should_draw_every_pair_as_defined_when_drawn_often() {
        let costs = SegmentCosts { init: 3, body: 5, steps: 2, finish: 0, has_loop: true };
        let expected = pair_weights(&[3.0, 5.0, 5.0, 1.0, 3.0, 5.0, 5.0, 1.0]);
        let rounds = 60_000u32;
        let mut seen: BTreeMap<(u32, u32), f64> = BTreeMap::new();
        for round in 0..rounds {
            let drawn = draw_segments(&mut Draw::new(seed(b"test", &[1; 32], &round)), 2, &costs, 2);
            *seen.entry((drawn[0], drawn[1])).or_default() += 1.0;
        }
        let chi: f64 = expected
            .iter()
            .map(|(pair, p)| {
                let expected = p * f64::from(rounds);
                (seen.get(pair).copied().unwrap_or(0.0) - expected).powi(2) / expected
            })
            .sum();
        // 27 degrees of freedom: 55.5 is exceeded once in a thousand.
        assert!(chi < 55.5, "{chi}");
    }

    #[test]
    fn draw_segments_should_return_all_when_there_are_no_more() {
        let all: Vec<u32> = (0..18).collect();
        for count in [18, 19, u32::MAX] {
            assert_eq!(draw_segments(&mut Draw::new([7; 32]), 3, &COSTS, count), all);
        }
    }

    #[test]
    fn draw_segments_should_draw_nothing_when_positions_do_not_fit() {
        let costs = SegmentCosts { steps: u32::MAX, ..COSTS };
        assert!(draw_segments(&mut Draw::new([7; 32]), u32::MAX, &costs, 8).is_empty());
    }

    #[test]
    fn draw_segments_should_stay_quick_when_nearly_all_are_drawn() {
        let drawn = draw_segments(&mut Draw::new([8; 32]), 8_192, &SegmentCosts { steps: 6, ..COSTS }, 65_535);
        assert_eq!(drawn.len(), 65_535);
    }

    #[test]
    fn segment_costs_should_add_up_to_the_task_when_there_is_a_loop() {
        let sum: u128 = (0..COSTS.segments_per_task()).map(|segment| u128::from(COSTS.segment(segment))).sum();
        assert_eq!(sum, COSTS.task());
        let plain = SegmentCosts { has_loop: false, ..COSTS };
        assert_eq!((plain.segment(0), plain.segment(1), plain.task()), (400, 0, 400));
    }

    #[test]
    fn join_runs_should_join_neighbours_when_they_are_of_one_task() {
        assert_eq!(join_runs(&[0, 1, 2, 4, 6, 7, 11, 12], 6), [(0, 3), (4, 1), (6, 2), (11, 1), (12, 1)]);
        assert_eq!(join_runs(&[0, 1, 2], 1), [(0, 1), (1, 1), (2, 1)]);
        assert_eq!(join_runs(&[3, 3], 0), [(3, 1)]);
        assert_eq!(join_runs(&[], 4), []);
    }

    proptest! {
        #[test]
        fn draw_segments_should_be_distinct_ascending_and_in_range(
            seed in any::<[u8; 32]>(), tasks in 0u32..50, steps in 0u32..20, count in 0u32..80,
            init in any::<u64>(), body in any::<u64>(), finish in any::<u64>(), has_loop in any::<bool>(),
        ) {
            let costs = SegmentCosts { init, body, steps, finish, has_loop };
            let all = tasks * costs.segments_per_task();
            let drawn = draw_segments(&mut Draw::new(seed), tasks, &costs, count);
            prop_assert_eq!(drawn.len() as u32, count.min(all));
            prop_assert!(drawn.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert!(drawn.iter().all(|position| *position < all));
        }

        #[test]
        fn join_runs_should_cover_exactly_the_positions(
            positions in proptest::collection::btree_set(0u32..200, 0..60), per_task in 1u32..12,
        ) {
            let positions: Vec<u32> = positions.into_iter().collect();
            let runs = join_runs(&positions, per_task);
            let covered: Vec<u32> = runs.iter().flat_map(|&(start, len)| start..start + len).collect();
            prop_assert_eq!(covered, positions);
            prop_assert!(runs.iter().all(|&(start, len)| start / per_task == (start + len - 1) / per_task));
            let apart = |a: &(u32, u32), b: &(u32, u32)| a.0 + a.1 < b.0 || b.0.is_multiple_of(per_task);
            prop_assert!(runs.windows(2).all(|pair| apart(&pair[0], &pair[1])));
        }

        #[test]
        fn race_should_keep_the_order_of_the_others_when_somebody_leaves_or_weighs_less(
            seed in any::<[u8; 32]>(), weights in proptest::collection::vec(0u128..1_000, 1..20),
            who in any::<prop::sample::Index>(), less in 0u128..1_000,
        ) {
            let before = race(&seed, &entrants(&weights));
            let who = who.index(weights.len());
            let mut changed = weights.clone();
            changed[who] = changed[who].min(less);
            let after = race(&seed, &entrants(&changed));
            let others = |order: &[usize]| order.iter().copied().filter(|index| *index != who).collect::<Vec<_>>();
            prop_assert_eq!(others(&before), others(&after));
            // Nobody comes sooner by weighing less.
            let place = |order: &[usize]| order.iter().position(|index| *index == who);
            prop_assert!(place(&after).is_none_or(|place_after| place(&before).is_some_and(|place| place <= place_after)));
            let positive = weights.iter().filter(|weight| **weight > 0).count();
            prop_assert_eq!(before.len(), positive);
        }

        #[test]
        fn weighted_without_replacement_should_be_distinct_and_positive(
            seed in any::<[u8; 32]>(), weights in proptest::collection::vec(0u128..5, 0..20), count in 0usize..25,
        ) {
            let drawn = Draw::new(seed).weighted_without_replacement(&weights, count);
            let positive = weights.iter().filter(|weight| **weight > 0).count();
            let distinct: alloc::collections::BTreeSet<_> = drawn.iter().collect();
            prop_assert_eq!(distinct.len(), drawn.len());
            prop_assert_eq!(drawn.len(), count.min(positive));
            prop_assert!(drawn.iter().all(|index| weights[*index] > 0));
        }
    }
}

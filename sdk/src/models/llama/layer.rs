// SPDX-License-Identifier: Apache-2.0
//! One token through the network. Every operator counts: a program has 4,096, and a layer's are all but the whole of it.

use super::{
    packing::{LayerPlaces, Place},
    quantise::Scales,
    Llama,
};
use crate::models::numbers::{add_number, shift_right};
use quern_program::{check::MAX_ARGUMENTS, DType, ProgramBuilder, Var};

/// Fractional bits of what a softmax reads, and of the logits.
pub(super) const LOGIT: i32 = 12;
/// Fractional bits of what a softmax yields.
pub(super) const PROBABILITY: i32 = 15;
/// Fractional bits of cosines and sines.
pub(super) const ROTATION: i32 = 14;
/// Fractional bits of a normalised row before its gains.
pub(super) const NORM: i32 = 11;
/// Bits of the mantissas that a norm squares.
pub(super) const SQUARED: i32 = 15;
/// Added to the distance of what a position must not see.
const HIDDEN: i32 = 1 << 24;
/// Columns of a row whose largest number is found by one operator.
const ONE_ROW: u32 = 4_096;

/// The tensors of a layer as a block sees them: `qkv, out, gate and up, down`, and the cache of keys and values
/// `i8 [2 kv_heads positions, head_width]`.
pub(super) type LayerVars = [Var; 5];

/// The vectors of a layer: the shifts of the products, gains, shifts of heads and of scores.
struct Vectors {
    shifts: [Var; 4],
    gains: [Var; 2],
    heads: Var,
    scores: Var,
}

/// What all layers of a step share.
pub(super) struct Step<'a> {
    pub model: &'a Llama,
    pub scales: &'a Scales,
    pub positions: u32,
    /// `i16 [head_width]`.
    pub cosine: Var,
    pub sine: Var,
    /// `[positions]`: what is added to the distance of positions that are still to come.
    pub empty: Var,
    /// `[2 kv_heads positions]`: the row of the cache, the new ones after it, that each row becomes.
    pub cache_rows: Var,
    /// `[33, 1]`: by the bits of the largest number, what `norm_eps` adds to a sum of squares.
    pub eps: Var,
    /// `[hidden, 1]`, zeros.
    pub zeros: Var,
    /// The vectors of all layers, `i16 [numbers]`.
    pub vectors: Var,
    /// The same, `i16 [numbers, 1]`.
    pub columns: Var,
}

/// Mantissas `i8` and the exponent that they were shifted right by.
struct Mantissas {
    x: Var,
    exponent: Var,
}

fn largest(b: &mut ProgramBuilder, x: Var) -> Var {
    if x.shape().rank() == 2 && x.shape().dim(0) == 1 && x.shape().last() <= ONE_ROW {
        b.row_max_abs(x)
    } else {
        b.max_abs(x)
    }
}

fn mantissas(b: &mut ProgramBuilder, x: Var) -> Mantissas {
    let most = largest(b, x);
    let bits = b.bit_length(most);
    let exponent = add_number(b, bits, -7);
    let x = b.shift_round(x, exponent);
    Mantissas { x: b.cast(x, DType::I8), exponent }
}

/// `x` times the transpose of the weights, each column shifted right by its shift less the exponent.
fn product(b: &mut ProgramBuilder, x: Mantissas, weights: Var, shifts: Var) -> Var {
    let sums = b.matmul_nt(x.x, weights);
    let shifts = b.sub(shifts, x.exponent);
    b.shift_round(sums, shifts)
}

impl Llama {
    /// Bits that the squares of a norm are shifted right by before they are summed.
    pub(super) fn square_shift(&self) -> i32 {
        self.width.next_power_of_two().ilog2() as i32
    }
}

impl Step<'_> {
    /// The residual stream `i32 [1, width]` divided by its root mean square, times gains.
    fn norm(&self, b: &mut ProgramBuilder, x: Var, gains: Var) -> Mantissas {
        let most = largest(b, x);
        let bits = b.bit_length(most);
        let exponent = add_number(b, bits, -SQUARED);
        let x = b.shift_round(x, exponent);
        let squares = b.mul(x, x);
        let squares = shift_right(b, squares, self.model.square_shift());
        let sum = b.row_sum(squares);
        let eps = b.gather(self.eps, bits);
        let sum = b.add(sum, eps);
        let root = b.sqrt(sum);
        let x = shift_right(b, x, -NORM);
        let x = b.div(x, root);
        let x = b.mul(x, gains);
        mantissas(b, x)
    }

    /// The vectors of a layer. They are cut out in each step: a state has fewer tensors than a deep model vectors.
    fn vectors(&self, b: &mut ProgramBuilder, places: &LayerPlaces) -> Vectors {
        let LayerPlaces { shifts, gains, heads, scores, .. } = places;
        let mut part = |all: Var, place: &Place| b.slice(all, 0, place.start, place.len());
        Vectors {
            shifts: shifts.each_ref().map(|place| part(self.vectors, place)),
            gains: gains.each_ref().map(|place| part(self.vectors, place)),
            heads: part(self.columns, heads),
            scores: part(self.columns, scores),
        }
    }

    /// The residual stream after a layer, and the layer's cache.
    pub fn layer(
        &self,
        b: &mut ProgramBuilder,
        index: usize,
        places: &LayerPlaces,
        vars: LayerVars,
        x: Var,
    ) -> (Var, Var) {
        let [qkv, out, gate_up, down, cache] = vars;
        let Vectors { shifts, gains: [gains, more_gains], heads, scores } = self.vectors(b, places);
        let [of_qkv, of_out, of_gate_up, of_down] = shifts;
        let model = self.model;
        let normed = self.norm(b, x, gains);
        let qkv = product(b, normed, qkv, of_qkv);
        let (attended, cache) = self.attention(b, qkv, heads, scores, cache);
        let attended = mantissas(b, attended);
        let change = product(b, attended, out, of_out);
        let x = b.add(x, change);

        let normed = self.norm(b, x, more_gains);
        let inner = product(b, normed, gate_up, of_gate_up);
        let inner = b.reshape(inner, &[2 * model.hidden, 1]);
        let [gate, up] = [0, model.hidden].map(|start| b.slice(inner, 0, start, model.hidden));
        // The softmax of a number and zero is its logistic function.
        let pairs = b.concat(1, &[gate, self.zeros]);
        let sigmoid = b.softmax(pairs, self.scales.layer(index).gate_frac_bits);
        let sigmoid = b.slice(sigmoid, 1, 0, 1);
        let silu = b.mul(gate, sigmoid);
        let silu = shift_right(b, silu, PROBABILITY);
        let gated = b.mul(silu, up);
        let gated = b.reshape(gated, &[1, model.hidden]);
        let gated = mantissas(b, gated);
        let change = product(b, gated, down, of_down);
        (b.add(x, change), cache)
    }

    /// What the heads read, `i32 [1, query_width]`, and the cache with this position.
    fn attention(&self, b: &mut ProgramBuilder, qkv: Var, heads: Var, scores: Var, cache: Var) -> (Var, Var) {
        let model = self.model;
        let (all, kv, width, positions) = (model.all_heads(), model.kv_heads, model.head_width, self.positions);
        let (queries, turned) = (model.heads, model.heads + kv);
        let qkv = b.reshape(qkv, &[all, width]);
        let qk = b.slice(qkv, 0, 0, turned);
        let v = b.slice(qkv, 0, turned, kv);
        let [first, second] = [0, width / 2].map(|start| b.slice(qk, 1, start, width / 2));
        let other = b.concat(1, &[second, first]);
        let own = b.mul(qk, self.cosine);
        let other = b.mul(other, self.sine);
        let qk = b.add(own, other);
        let qkv = b.concat(0, &[qk, v]);
        let qkv = b.shift_round(qkv, heads);
        let qkv = b.cast(qkv, DType::I8);

        let q = b.slice(qkv, 0, 0, queries);
        let new = b.slice(qkv, 0, queries, 2 * kv);
        let cache = b.concat(0, &[cache, new]);
        let cache = b.gather(cache, self.cache_rows);
        let by_head = b.reshape(cache, &[2 * kv, positions, width]);
        let [k, v] = [0, kv].map(|start| b.slice(by_head, 0, start, kv));
        let v = b.permute(v, &[0, 2, 1]);

        let grouped = [kv, model.group(), positions];
        let q = b.reshape(q, &[kv, model.group(), width]);
        let sums = b.matmul_nt(q, k);
        let sums = b.reshape(sums, &[queries, positions]);
        let logits = b.shift_round(sums, scores);
        let logits = b.sub(logits, self.empty);
        let probabilities = b.softmax(logits, LOGIT as u8);
        let probabilities = b.reshape(probabilities, &grouped);
        // Two planes: the upper bits, and what they leave.
        const LOW: i32 = PROBABILITY - 7;
        let high = shift_right(b, probabilities, LOW);
        let high = b.cast(high, DType::I8);
        let rounded = shift_right(b, high, -LOW);
        let low = b.sub(probabilities, rounded);
        let low = b.cast(low, DType::I8);
        let [high, low] = [high, low].map(|plane| b.matmul_nt(plane, v));
        let high = shift_right(b, high, -LOW);
        let sums = b.add(high, low);
        (b.reshape(sums, &[1, model.query_width()]), cache)
    }

    /// The logits `i32 [1, vocabulary]` with [`LOGIT`] fractional bits. Those of slabs of the head follow each other.
    pub fn logits(&self, b: &mut ProgramBuilder, x: Var, gains: Var, head: &[Var], shifts: Var) -> Var {
        let normed = self.norm(b, x, gains);
        let mut sums: Vec<Var> = head.iter().map(|slab| b.matmul_nt(normed.x, *slab)).collect();
        while sums.len() > 1 {
            sums = sums
                .chunks(MAX_ARGUMENTS)
                .map(|some| match some {
                    [one] => *one,
                    several => b.concat(1, several),
                })
                .collect();
        }
        let shifts = b.sub(shifts, normed.exponent);
        match sums.first() {
            Some(sums) => b.shift_round(*sums, shifts),
            None => shifts,
        }
    }

    /// The row of a token in the slabs of the embedding, `[1, width]`: of each slab the row that is nearest, times whether it is the token's.
    pub fn embedded(b: &mut ProgramBuilder, slabs: &[Var], token: Var) -> Var {
        let mut start = 0;
        let mut rows = Vec::new();
        for slab in slabs {
            let place = add_number(b, token, -start);
            let row = b.gather(*slab, place);
            if let [_] = slabs {
                return row;
            }
            let count = slab.shape().dim(0) as i32;
            let [begun, ended] = [1, 1 - count].map(|by| {
                let passed = add_number(b, place, by);
                b.clamp(passed, 0, 1)
            });
            let is_here = b.sub(begun, ended);
            rows.push(b.mul(row, is_here));
            start += count;
        }
        let rows = rows.into_iter().reduce(|sum, row| b.add(sum, row));
        rows.unwrap_or(token)
    }

    /// `[positions]`: [`HIDDEN`] where a position is after the step's.
    pub fn hidden_positions(b: &mut ProgramBuilder, places: Var, position: Var) -> Var {
        let later = b.sub(places, position);
        let later = b.clamp(later, 0, 1);
        let amount = b.scalar(HIDDEN);
        b.mul(later, amount)
    }
}

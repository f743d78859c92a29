// SPDX-License-Identifier: Apache-2.0
//! The forward pass.

use super::{
    super::{
        mlp::PARAMETER_FRAC_BITS,
        numbers::{shift_right, Rounding},
    },
    arithmetic::{product, Scaled},
    LayerRows, Rows, Transformer, VOCABULARY,
};
use quern_program::{builder::iota, DType, ProgramBuilder, Var};

/// Fractional bits of parameters.
pub(super) const P: i32 = PARAMETER_FRAC_BITS as i32;
/// Fractional bits of the residual stream, which then reaches to +-128.
pub(super) const RESIDUAL: i32 = 8;
/// Fractional bits of a normalised row before it is made `i8`.
pub(super) const NORM: i32 = 10;
/// Fractional bits of queries, keys and values before they are made `i8`, and of gate and up.
pub(super) const INNER: i32 = 10;
/// Fractional bits of what a softmax reads.
pub(super) const LOGIT: i32 = 12;
/// Fractional bits of what a softmax yields.
pub(super) const PROBABILITY: i32 = 15;
/// Fractional bits of cosines and sines.
pub(super) const ROTATION: i32 = 12;
/// Fractional bits of the gate as `i8`.
pub(super) const GATE: i32 = 4;
/// Fractional bits of the SiLU's values.
pub(super) const SILU: i32 = 11;
/// Added to the distance of what a position must not see.
pub(super) const HIDDEN: i32 = 1 << 24;

/// A normalised tensor and what its rows were divided by.
#[derive(Clone, Copy)]
pub(super) struct Norm {
    pub y: Scaled,
    /// `[rows, 1]` with [`RESIDUAL`] fractional bits.
    pub root: Var,
}

/// The weights of a layer as `i8`.
#[derive(Clone, Copy)]
pub(super) struct Weights {
    pub qkv: Scaled,
    pub out: Scaled,
    pub gate_up: Scaled,
    pub down: Scaled,
}

/// What the backward pass needs of a layer.
pub(super) struct Layer {
    pub weights: Weights,
    pub before_attention: Norm,
    pub q: Scaled,
    pub k: Scaled,
    pub v: Scaled,
    /// `i32 [batch heads context, context]` with [`PROBABILITY`] fractional bits.
    pub probabilities: Var,
    pub attention: Scaled,
    pub heads_out: Scaled,
    pub inner: Inner,
}

/// What the backward pass needs of the part after attention.
pub(super) struct Inner {
    pub norm: Norm,
    pub gate: Var,
    pub up: Var,
    pub silu: Var,
    pub hidden: Scaled,
}

/// What the backward pass needs of the network.
pub(super) struct Forward {
    pub layers: Vec<Layer>,
    pub last: Norm,
    pub head: Scaled,
    /// `i32 [rows, 256]`, the rows being those of all windows, one after the other.
    pub logits: Var,
}

/// Cosines and sines of the rotations, `i16 [context * head width]`.
#[derive(Clone, Copy)]
pub(super) struct Rotation {
    cosine: Var,
    sine: Var,
}

/// A network over a number of windows.
pub(super) struct Pass<'a> {
    pub model: &'a Transformer,
    pub batch: u32,
    pub rotation: Rotation,
}

/// The rotation of a position and a place of a head, as cosine and sine. A pair of numbers that are half a head apart turns by
/// `position * 10000^(-place / half)`.
pub(crate) fn rotation(position: u32, place: u32, head_width: u32) -> (f64, f64) {
    let half = head_width / 2;
    let angle = f64::from(position) * 10_000f64.powf(-f64::from(place % half) / f64::from(half));
    (angle.cos(), angle.sin())
}

/// Cosines and sines of so many positions, `[positions, head width]` with [`ROTATION`] fractional bits. The other of a pair comes in
/// with a minus sign in the first half.
pub(super) fn rotations(positions: u32, head: u32) -> [Vec<i32>; 2] {
    let table = |value: &dyn Fn(u32, u32) -> f64| {
        let places = (0..positions).flat_map(|position| (0..head).map(move |place| (position, place)));
        places.map(|(t, i)| (value(t, i) * f64::from(ROTATION).exp2()).round() as i32).collect()
    };
    let cosine = table(&|t, i| rotation(t, i, head).0);
    [cosine, table(&|t, i| if i < head / 2 { -rotation(t, i, head).1 } else { rotation(t, i, head).1 })]
}

/// A function's 256 values for a table, of arguments with [`GATE`] fractional bits.
pub(super) fn gate_table(f: impl Fn(f64) -> f64) -> Vec<i32> {
    let value = |entry: i32| f(f64::from(entry - 128) / f64::from(GATE).exp2()) * f64::from(SILU).exp2();
    (0..256).map(|entry| value(entry).round() as i32).collect()
}

/// `x / (1 + exp(-x))`.
pub(crate) fn silu(x: f64) -> f64 {
    x / (1.0 + (-x).exp())
}

/// A parameter tensor.
pub(super) fn rows_of(b: &mut ProgramBuilder, parameters: Var, rows: Rows) -> Var {
    b.slice(parameters, 0, rows.start, rows.len)
}

/// A parameter tensor as `i8`.
pub(super) fn weights(b: &mut ProgramBuilder, parameters: Var, rows: Rows) -> Scaled {
    let x = rows_of(b, parameters, rows);
    Scaled::fixed(x, P).i8(b, Rounding::Nearest)
}

/// `[n, n]`: the number of the column less that of the row.
pub(super) fn column_less_row(b: &mut ProgramBuilder, n: u32) -> Var {
    let numbers = iota(n);
    let column = b.constant(DType::I32, &[n], &numbers);
    let row = b.constant(DType::I32, &[n, 1], &numbers);
    let zeros = b.one_hot(column, n);
    let zeros = b.clamp(zeros, 0, 0);
    let columns = b.add(zeros, column);
    b.sub(columns, row)
}

/// Each row divided by its root mean square.
pub(super) fn norm(b: &mut ProgramBuilder, x: Var) -> Norm {
    /// Bits that the quotient is rounded by.
    const MORE: i32 = 3;
    let square = b.mul(x, x);
    let square = shift_right(b, square, x.shape().last().ilog2() as i32);
    let mean = b.row_sum(square);
    let root = b.sqrt(mean);
    let root = b.reshape(root, &[x.shape().dim(0), 1]);
    let dividend = shift_right(b, x, -(NORM + MORE));
    let y = b.div(dividend, root);
    let y = shift_right(b, y, MORE);
    Norm { y: Scaled::fixed(y, NORM).i8(b, Rounding::Nearest), root }
}

/// Adds to the residual stream, `i16 [rows, width]`, what gate, up and down make of it.
pub(super) fn feed_forward(b: &mut ProgramBuilder, gate_up: Scaled, down: Scaled, x: Var) -> (Var, Inner) {
    let units = down.x.shape().dim(0);
    let norm = norm(b, x);
    let inner = product(b, norm.y, gate_up).to_fixed(b, INNER, Rounding::Nearest);
    let inner = b.cast(inner, DType::I16);
    let [gate, up] = [0, units].map(|start| b.slice(inner, 1, start, units));
    let gate = shift_right(b, gate, INNER - GATE);
    let gate = b.cast(gate, DType::I8);
    let table = b.constant(DType::I16, &[256], &gate_table(silu));
    let silu = b.table(gate, table);
    let gated = b.mul(up, silu);
    let hidden = Scaled::fixed(gated, INNER + SILU).i8(b, Rounding::Nearest);
    let down = down.transposed(b);
    let change = product(b, hidden, down);
    let x = add_to_stream(b, x, change);
    (x, Inner { norm, gate, up, silu, hidden })
}

/// Adds a change to the residual stream.
pub(super) fn add_to_stream(b: &mut ProgramBuilder, x: Var, change: Scaled) -> Var {
    let change = change.to_fixed(b, RESIDUAL, Rounding::Nearest);
    let x = b.add(change, x);
    b.cast(x, DType::I16)
}

impl<'a> Pass<'a> {
    pub fn new(b: &mut ProgramBuilder, model: &'a Transformer, batch: u32) -> Self {
        let head = model.head_width();
        let [cosine, sine] =
            rotations(model.context, head).map(|values| b.constant(DType::I16, &[model.context * head], &values));
        Self { model, batch, rotation: Rotation { cosine, sine } }
    }

    /// Rows of the residual stream.
    pub fn tokens(&self) -> u32 {
        self.batch * self.model.context
    }

    /// The network on bytes, `i16 [tokens]`.
    pub fn forward(&self, b: &mut ProgramBuilder, parameters: Var, bytes: Var) -> Forward {
        let embedding = rows_of(b, parameters, self.model.embedding());
        let x = b.gather(embedding, bytes);
        let x = shift_right(b, x, P - RESIDUAL);
        let mut x = b.cast(x, DType::I16);
        let hidden = self.hidden_positions(b);
        let mut layers = Vec::new();
        for index in 0..self.model.layers {
            let (next, layer) = self.layer(b, parameters, self.model.layer(index), hidden, x);
            x = next;
            layers.push(layer);
        }
        let last = norm(b, x);
        let head = weights(b, parameters, self.model.head());
        let logits = product(b, last.y, head).to_fixed(b, LOGIT, Rounding::Nearest);
        Forward { layers, last, head, logits }
    }

    /// `[context * context]`: what is added to the distance of a pair of positions of which the second must not be seen.
    fn hidden_positions(&self, b: &mut ProgramBuilder) -> Var {
        let t = self.model.context;
        let later = column_less_row(b, t);
        let later = b.clamp(later, 0, 1);
        let amount = b.scalar(HIDDEN);
        let hidden = b.mul(later, amount);
        b.reshape(hidden, &[t * t])
    }

    fn layer(&self, b: &mut ProgramBuilder, parameters: Var, rows: LayerRows, hidden: Var, x: Var) -> (Var, Layer) {
        let [qkv, out, gate_up, down] =
            [rows.qkv, rows.out, rows.gate_up, rows.down].map(|rows| weights(b, parameters, rows));
        let weights = Weights { qkv, out, gate_up, down };
        let (tokens, heads, t, head) = (self.tokens(), self.model.heads, self.model.context, self.model.head_width());

        let before_attention = norm(b, x);
        let qkv = product(b, before_attention.y, weights.qkv).to_fixed(b, INNER, Rounding::Nearest);
        let qkv = b.reshape(qkv, &[self.batch, t, 3 * heads, head]);
        let qkv = b.permute(qkv, &[0, 2, 1, 3]);
        let qk = b.slice(qkv, 1, 0, 2 * heads);
        let qk = self.rotate(b, qk, false);
        let [q, k] = [0, heads].map(|start| b.slice(qk, 1, start, heads));
        let v = b.slice(qkv, 1, 2 * heads, heads);
        let [q, k, v] = [q, k, v].map(|x| Scaled::fixed(x, INNER).i8(b, Rounding::Nearest));

        let scores = product(b, q, k).halved(self.model.root_of_head_bits()).to_fixed(b, LOGIT, Rounding::Nearest);
        let scores = b.reshape(scores, &[self.batch * heads, t * t]);
        let scores = b.sub(scores, hidden);
        let scores = b.reshape(scores, &[self.batch * heads * t, t]);
        let probabilities = b.softmax(scores, LOGIT as u8);
        let attention = shift_right(b, probabilities, PROBABILITY - 7);
        let attention = b.cast(attention, DType::I8);
        let attention = Scaled::fixed(b.reshape(attention, &[self.batch, heads, t, t]), 7);
        let v_t = v.transposed(b);
        let heads_out = product(b, attention, v_t).i8(b, Rounding::Nearest).map(|x| {
            let x = b.permute(x, &[0, 2, 1, 3]);
            b.reshape(x, &[tokens, self.model.width])
        });
        let change = product(b, heads_out, weights.out);
        let x = add_to_stream(b, x, change);
        let (x, inner) = feed_forward(b, weights.gate_up, weights.down, x);

        let layer = Layer { weights, before_attention, q, k, v, probabilities, attention, heads_out, inner };
        (x, layer)
    }

    /// Turns `[batch, any, context, head width]` by its positions, or back.
    pub fn rotate(&self, b: &mut ProgramBuilder, x: Var, back: bool) -> Var {
        let head = self.model.head_width();
        let [first, second] = [0, head / 2].map(|start| b.slice(x, 3, start, head / 2));
        let other = b.concat(3, &[second, first]);
        let [rows, columns] = [x.shape().dim(0) * x.shape().dim(1), self.model.context * head];
        let [own, other] = [x, other].map(|x| b.reshape(x, &[rows, columns]));
        let own = b.mul(own, self.rotation.cosine);
        let other = b.mul(other, self.rotation.sine);
        let sum = if back { b.sub(own, other) } else { b.add(own, other) };
        let sum = shift_right(b, sum, ROTATION);
        b.reshape(sum, x.shape().dims())
    }

    /// The probability of each next byte, `i32 [tokens]`, with [`PROBABILITY`] fractional bits.
    pub fn right_probabilities(&self, b: &mut ProgramBuilder, logits: Var, next: Var) -> Var {
        let probabilities = b.softmax(logits, LOGIT as u8);
        let right = b.one_hot(next, VOCABULARY);
        let right = b.mul(probabilities, right);
        b.row_sum(right)
    }

    /// Windows `i16 [batch, context + 1]` as the bytes and the ones that follow them, `[tokens]` each.
    pub fn bytes_and_next(&self, b: &mut ProgramBuilder, windows: Var) -> [Var; 2] {
        [0, 1].map(|start| {
            let bytes = b.slice(windows, 1, start, self.model.context);
            b.reshape(bytes, &[self.tokens()])
        })
    }

    /// Windows at random places of a text `i16 [bytes]`. The place is the absolute remainder of a random word.
    pub fn random_windows(&self, b: &mut ProgramBuilder, text: Var, starts: u32) -> Var {
        let window = self.model.context + 1;
        let word = b.random(&[self.batch]);
        let count = b.scalar(starts as i32);
        let quotient = b.div(word, count);
        let whole = b.mul(quotient, count);
        let rest = b.sub(word, whole);
        let minus_one = b.scalar(-1);
        let opposite = b.mul(rest, minus_one);
        let start = b.max(rest, opposite);
        let zeros = b.one_hot(start, window);
        let zeros = b.clamp(zeros, 0, 0);
        let offsets = b.constant(DType::I32, &[window], &iota(window));
        let places = b.add(zeros, offsets);
        let start = b.reshape(start, &[self.batch, 1]);
        let places = b.add(places, start);
        let places = b.reshape(places, &[self.batch * window]);
        let text = b.reshape(text, &[text.shape().last(), 1]);
        let windows = b.gather(text, places);
        b.reshape(windows, &[self.batch, window])
    }
}

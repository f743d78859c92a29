// SPDX-License-Identifier: Apache-2.0
//! The transformer of `quern_sdk::models` as an exact program for inference alone: its weights are `i8` inputs, each with a fixed
//! exponent, and so are the keys and values of the positions before.

use anyhow::Result;
use quern_program::{Checked, DType, ProgramBuilder, Tensor, TensorType, Var};
use quern_sdk::models::{transformer::VOCABULARY, Transformer};

/// Fractional bits: of the residual stream, of what becomes `i8`, of what a softmax reads and yields, of rotations, of weights, of
/// the gate as `i8` and of its SiLU.
const RESIDUAL: i32 = 8;
const INNER: i32 = 10;
const LOGIT: i32 = 12;
const PROBABILITY: i32 = 15;
const ROTATION: i32 = 12;
const WEIGHT: i32 = 10;
const GATE: i32 = 4;
const SILU: i32 = 11;

/// `i8` mantissas that stand for `x * 2^(exponent - frac_bits)`.
#[derive(Clone, Copy)]
struct Mantissas {
    x: Var,
    exponent: Var,
    frac_bits: i32,
}

fn shift(b: &mut ProgramBuilder, x: Var, by: i32) -> Var {
    let by = b.scalar(by);
    b.shift_round(x, by)
}

fn mantissas(b: &mut ProgramBuilder, x: Var, frac_bits: i32) -> Mantissas {
    let largest = b.max_abs(x);
    let bits = b.bit_length(largest);
    let sign = b.scalar(-7);
    let exponent = b.add(bits, sign);
    let x = b.shift_round(x, exponent);
    Mantissas { x: b.cast(x, DType::I8), exponent, frac_bits }
}

/// The product with weights, with `to` fractional bits.
fn product(b: &mut ProgramBuilder, x: Mantissas, weights: Var, to: i32) -> Var {
    let sums = b.matmul_nt(x.x, weights);
    let all = b.scalar(x.frac_bits + WEIGHT - to);
    let by = b.sub(all, x.exponent);
    b.shift_round(sums, by)
}

/// Rows divided by their root mean square.
fn norm(b: &mut ProgramBuilder, x: Var) -> Mantissas {
    let square = b.mul(x, x);
    let square = shift(b, square, x.shape().last().ilog2() as i32);
    let mean = b.row_sum(square);
    let root = b.sqrt(mean);
    let root = b.reshape(root, &[x.shape().dim(0), 1]);
    let dividend = shift(b, x, -INNER);
    let y = b.div(dividend, root);
    mantissas(b, y, INNER)
}

fn add(b: &mut ProgramBuilder, x: Var, change: Var) -> Var {
    let x = b.add(change, x);
    b.cast(x, DType::I16)
}

/// A network over so many tokens after others.
struct Pass {
    model: Transformer,
    tokens: u32,
    past: u32,
    cosine: Var,
    sine: Var,
    /// `i8`: of each layer the rows of queries, keys and values, of attention's output, of gate and up; then the head.
    weights: Var,
    /// `i8`, of each layer: down.
    down: Var,
    /// `i8 [layers heads, past, head]` and `i8 [layers heads, head, past]`, where there is a past.
    past_kv: Option<[Var; 2]>,
    /// `[tokens * all]`, where some of the tokens must not see others.
    unseen: Option<Var>,
}

impl Pass {
    /// `x [heads, tokens, head]` turned by its positions.
    fn rotated(&self, b: &mut ProgramBuilder, x: Var) -> Var {
        let head = self.model.head_width();
        let [first, second] = [0, head / 2].map(|start| b.slice(x, 2, start, head / 2));
        let other = b.concat(2, &[second, first]);
        let [own, other] = [x, other].map(|x| b.reshape(x, &[self.model.heads, self.tokens * head]));
        let own = b.mul(own, self.cosine);
        let other = b.mul(other, self.sine);
        let sum = b.add(own, other);
        let sum = shift(b, sum, ROTATION);
        b.reshape(sum, x.shape().dims())
    }

    fn attention(&self, b: &mut ProgramBuilder, index: u32, qkv: Var) -> Mantissas {
        let (heads, head) = (self.model.heads, self.model.head_width());
        let (tokens, all) = (self.tokens, self.past + self.tokens);
        let qkv = b.reshape(qkv, &[tokens, 3 * heads, head]);
        let qkv = b.permute(qkv, &[1, 0, 2]);
        let [q, k, v] = [0, 1, 2].map(|part| b.slice(qkv, 0, part * heads, heads));
        let [q, k] = [q, k].map(|x| self.rotated(b, x));
        let v = b.permute(v, &[0, 2, 1]);
        let q = mantissas(b, q, INNER);
        // Keys and values are kept with four fractional bits.
        let [k, v] = [k, v].map(|x| shift(b, x, INNER - 4)).map(|x| b.cast(x, DType::I8));
        let (k, v) = match self.past_kv {
            None => (k, v),
            Some(past) => {
                let [keys, values] = past.map(|past| b.slice(past, 0, index * heads, heads));
                (b.concat(1, &[keys, k]), b.concat(2, &[values, v]))
            }
        };
        let scores = b.matmul_nt(q.x, k);
        let bits = b.scalar(q.frac_bits + 4 + head.ilog2() as i32 / 2 - LOGIT);
        let by = b.sub(bits, q.exponent);
        let scores = b.shift_round(scores, by);
        let scores = match self.unseen {
            Some(unseen) => {
                let scores = b.reshape(scores, &[heads, tokens * all]);
                b.sub(scores, unseen)
            }
            None => scores,
        };
        let scores = b.reshape(scores, &[heads * tokens, all]);
        let probabilities = b.softmax(scores, LOGIT as u8);
        let probabilities = shift(b, probabilities, PROBABILITY - 7);
        let probabilities = b.cast(probabilities, DType::I8);
        let probabilities = b.reshape(probabilities, &[heads, tokens, all]);
        let heads_out = b.matmul_nt(probabilities, v);
        let heads_out = b.permute(heads_out, &[1, 0, 2]);
        let heads_out = b.reshape(heads_out, &[tokens, self.model.width]);
        mantissas(b, heads_out, 7 + 4)
    }

    fn layer(&self, b: &mut ProgramBuilder, index: u32, x: Var) -> Var {
        let (width, hidden) = (self.model.width, self.model.hidden);
        let mut start = index * rows_of_layer(self.model);
        let [qkv, out, gate_up] = [3 * width, width, 2 * hidden].map(|rows| {
            let slice = b.slice(self.weights, 0, start, rows);
            start += rows;
            slice
        });
        let down = b.slice(self.down, 0, index * width, width);
        let normed = norm(b, x);
        let qkv = product(b, normed, qkv, INNER);
        let heads_out = self.attention(b, index, qkv);
        let change = product(b, heads_out, out, RESIDUAL);
        let x = add(b, x, change);
        let normed = norm(b, x);
        let inner = product(b, normed, gate_up, INNER);
        let inner = b.cast(inner, DType::I16);
        let [gate, up] = [0, hidden].map(|start| b.slice(inner, 1, start, hidden));
        let gate = shift(b, gate, INNER - GATE);
        let gate = b.cast(gate, DType::I8);
        let silu = |entry: i32| {
            let x = f64::from(entry - 128) / f64::from(GATE).exp2();
            (x / (1.0 + (-x).exp()) * f64::from(SILU).exp2()).round() as i32
        };
        let table = b.constant(DType::I16, &[256], &(0..256).map(silu).collect::<Vec<_>>());
        let gate = b.table(gate, table);
        let gated = b.mul(up, gate);
        let gated = mantissas(b, gated, INNER + SILU);
        let change = product(b, gated, down, RESIDUAL);
        add(b, x, change)
    }
}

/// Rows of weights of a layer, without down.
fn rows_of_layer(model: Transformer) -> u32 {
    4 * model.width + 2 * model.hidden
}

/// The logits of `tokens` bytes after `past` others. The first inputs are the bytes, `i16 [tokens]`, the embedding, cosines and sines.
pub fn inference(model: Transformer, past: u32, tokens: u32) -> Result<Checked> {
    let mut b = ProgramBuilder::new();
    let bytes = b.input(DType::I16, &[tokens]);
    let embedding = b.input(DType::I16, &[VOCABULARY, model.width]);
    let [cosine, sine] = [(); 2].map(|()| b.input(DType::I16, &[tokens * model.head_width()]));
    let (layers, width, head) = (model.layers, model.width, model.head_width());
    let weights = b.input(DType::I8, &[layers * rows_of_layer(model) + VOCABULARY, width]);
    let down = b.input(DType::I8, &[layers * width, model.hidden]);
    let heads = layers * model.heads;
    let past_kv = (past > 0).then(|| [[past, head], [head, past]].map(|[m, n]| b.input(DType::I8, &[heads, m, n])));
    let all = past + tokens;
    let unseen = (tokens > 1).then(|| {
        let columns = b.constant(DType::I32, &[all], &(0..all as i32).collect::<Vec<_>>());
        let rows = b.constant(DType::I32, &[tokens, 1], &(past as i32..all as i32).collect::<Vec<_>>());
        let zeros = b.zeros(DType::I32, &[tokens, all]);
        let later = b.add(zeros, columns);
        let later = b.sub(later, rows);
        let later = b.clamp(later, 0, 1);
        let amount = b.scalar(1 << 24);
        let unseen = b.mul(later, amount);
        b.reshape(unseen, &[tokens * all])
    });
    let pass = Pass { model, tokens, past, cosine, sine, weights, down, past_kv, unseen };
    let mut x = b.gather(embedding, bytes);
    for index in 0..layers {
        x = pass.layer(&mut b, index, x);
    }
    let last = norm(&mut b, x);
    let head = b.slice(weights, 0, layers * rows_of_layer(model), VOCABULARY);
    let logits = product(&mut b, last, head, LOGIT);
    Ok(b.build(logits)?)
}

/// Cosines and sines of the rotations, `[tokens * head width]`. The other of a pair comes in with a minus sign in the first half.
fn rotations(model: Transformer, past: u32, tokens: u32) -> [Vec<i32>; 2] {
    let head = model.head_width();
    let angle = |position: u32, place: u32| {
        let half = head / 2;
        f64::from(position) * 10_000f64.powf(-f64::from(place % half) / f64::from(half))
    };
    let table = |f: &dyn Fn(u32, u32) -> f64| -> Vec<i32> {
        let places = (past..past + tokens).flat_map(|position| (0..head).map(move |place| (position, place)));
        places.map(|(position, place)| (f(position, place) * f64::from(ROTATION).exp2()).round() as i32).collect()
    };
    let cosine = table(&|position, place| angle(position, place).cos());
    let sine = table(&|position, place| angle(position, place).sin() * if place < head / 2 { -1.0 } else { 1.0 });
    [cosine, sine]
}

/// Inputs with these bytes and rotations and, for all else, numbers that are as if drawn: uniform, with the variance of weights that keep theirs.
pub fn inputs(program: &Checked, model: Transformer, past: u32, bytes: &[u8]) -> Vec<Tensor> {
    let mut state = 1u32;
    let mut uniform = |bound: i32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) as i32 % (2 * bound + 1) - bound
    };
    let mut tensor = |ty: &TensorType| {
        let bound = match ty.dtype {
            DType::I8 => 78,
            _ => 111,
        };
        Tensor::from_values(*ty, &(0..ty.elements()).map(|_| uniform(bound)).collect::<Vec<_>>())
    };
    let mut inputs: Vec<_> = program.program().inputs.iter().map(&mut tensor).collect();
    let [cosine, sine] = rotations(model, past, bytes.len() as u32);
    let bytes = bytes.iter().map(|byte| i32::from(*byte)).collect();
    for (place, values) in [(0, bytes), (2, cosine), (3, sine)] {
        if let Some(input) = inputs.get_mut(place) {
            *input = Tensor::from_values(input.ty, &values);
        }
    }
    inputs
}

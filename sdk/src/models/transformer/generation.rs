// SPDX-License-Identifier: Apache-2.0
//! Generation: a loop with a byte a step, so that each byte is a checkpoint and a long text is audited byte by byte.
//!
//! The state has the text so far, for each layer the keys and values of the last `context` positions, and what the weights are as
//! `i8`, which no step changes. Positions turn queries and keys as in training; a position beyond the context takes the place of
//! the one that lies `context` before it, so a text may be longer than the context.

use super::{
    super::{
        mlp::ModelError,
        numbers::{add_number, shift_right, Rounding},
    },
    arithmetic::{product, Scaled},
    forward::{
        add_to_stream, column_less_row, feed_forward, norm, rotations, rows_of, weights, HIDDEN, INNER, LOGIT, P,
        PROBABILITY, RESIDUAL, ROTATION,
    },
    Transformer, MAX_SIZE, VOCABULARY,
};
use quern_program::{builder::iota, Checked, DType, ProgramBuilder, Var};

/// One, of the inverse temperature.
pub const INVERSE_TEMPERATURE_ONE: u16 = 256;
/// Bits of a random number that picks a byte.
const PICK: i32 = 15;

/// How a text is generated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generation {
    /// Bytes of the prompt, at least one.
    pub prompt: u32,
    /// Bytes to be generated after it.
    pub bytes: u32,
    /// What logits are multiplied by, in parts of [`INVERSE_TEMPERATURE_ONE`]; at most 16 times that.
    pub inverse_temperature: u16,
    /// Only so many of the likeliest bytes are picked from (more where some are equally likely): one picks the likeliest.
    pub top_k: u16,
}

impl Generation {
    /// Positions of the text.
    pub fn positions(&self) -> u32 {
        self.prompt.saturating_add(self.bytes)
    }

    fn check(&self) -> Result<(), ModelError> {
        let lengths = [self.prompt, self.bytes];
        let warmest = 1..=16 * INVERSE_TEMPERATURE_ONE;
        if lengths.iter().any(|length| !(1..=MAX_SIZE).contains(length)) {
            Err(ModelError::Generated)
        } else if !warmest.contains(&self.inverse_temperature) || self.top_k == 0 {
            Err(ModelError::Sampling)
        } else {
            Ok(())
        }
    }
}

/// The tensors of the state, in the order in which they stand in it.
struct State {
    /// `i16 [positions]`; zero where nothing is written yet.
    text: Var,
    /// For each layer `i16 [context, width]`.
    keys: Vec<Var>,
    values: Vec<Var>,
    /// `i16 [256, width]`.
    embedding: Var,
    layers: Vec<[Scaled; 4]>,
    head: Scaled,
    /// `i8 [256, 256]`: 1 where the column is not after the row.
    up_to: Var,
}

impl State {
    fn vars(&self) -> Vec<Var> {
        let caches = self.keys.iter().chain(&self.values).copied();
        let weights = self.layers.iter().flatten().chain([&self.head]);
        let weights = weights.flat_map(|weights| [Some(weights.x), weights.exponent]).flatten();
        [self.text].into_iter().chain(caches).chain([self.embedding]).chain(weights).chain([self.up_to]).collect()
    }

    /// The same with the variables of another block.
    fn with(&self, vars: Vec<Var>) -> Option<Self> {
        let mut vars = vars.into_iter();
        let text = vars.next()?;
        let layers = self.layers.len();
        let [keys, values] = [0, 1].map(|_| vars.by_ref().take(layers).collect::<Vec<_>>());
        let embedding = vars.next()?;
        let mut weights = |of: &Scaled| {
            let x = vars.next()?;
            let exponent = if of.exponent.is_some() { Some(vars.next()?) } else { None };
            Some(Scaled { x, exponent, ..*of })
        };
        let mut of_layers = Vec::with_capacity(layers);
        for [qkv, out, gate_up, down] in &self.layers {
            of_layers.push([weights(qkv)?, weights(out)?, weights(gate_up)?, weights(down)?]);
        }
        let head = weights(&self.head)?;
        Some(Self { text, keys, values, embedding, layers: of_layers, head, up_to: vars.next()? })
    }
}

/// What all layers of a step share.
struct Step<'a> {
    model: &'a Transformer,
    /// `i16 [head width]`.
    cosine: Var,
    sine: Var,
    /// `i8 [context, 1]`: 1 at the place of this position.
    place: Var,
    /// `[context]`: what is added to the distance of places that hold nothing yet.
    empty: Var,
}

impl Transformer {
    /// Generation. Inputs: a checkpoint; a prompt, `i16 [prompt]`. Output: the bytes after it, `i16 [bytes]`.
    pub fn generation(&self, generation: &Generation) -> Result<Checked, ModelError> {
        self.check()?;
        generation.check()?;
        let mut b = ProgramBuilder::new();
        let checkpoint = b.input(DType::I32, &[3 * self.rows(), self.width]);
        let prompt = b.input(DType::I16, &[generation.prompt]);

        let first = self.first_state(&mut b, generation, checkpoint, prompt);
        let state = first.with(b.begin_body(&first.vars())).ok_or(ModelError::TooLong)?;
        let next = self.next_state(&mut b, generation, &state);
        let last = next.with(b.begin_finish(&next.vars(), generation.positions() - 1)).ok_or(ModelError::TooLong)?;
        let output = b.slice(last.text, 0, generation.prompt, generation.bytes);
        Ok(b.build(output)?)
    }

    fn first_state(&self, b: &mut ProgramBuilder, generation: &Generation, checkpoint: Var, prompt: Var) -> State {
        let after = b.zeros(DType::I16, &[generation.bytes]);
        let text = b.concat(0, &[prompt, after]);
        let empty = b.zeros(DType::I16, &[self.context, self.width]);
        let embedding = rows_of(b, checkpoint, self.embedding());
        let embedding = shift_right(b, embedding, P - RESIDUAL);
        let embedding = b.cast(embedding, DType::I16);
        let mut layers = Vec::new();
        for index in 0..self.layers {
            let of = self.layer(index);
            layers.push([of.qkv, of.out, of.gate_up, of.down].map(|rows| weights(b, checkpoint, rows)));
        }
        let head = weights(b, checkpoint, self.head());
        let after = column_less_row(b, VOCABULARY);
        let up_to = add_number(b, after, -1);
        let up_to = b.clamp(up_to, -1, 0);
        let minus_one = b.scalar(-1);
        let up_to = b.mul(up_to, minus_one);
        let up_to = b.cast(up_to, DType::I8);
        let caches = vec![empty; self.layers as usize];
        State { text, keys: caches.clone(), values: caches, embedding, layers, head, up_to }
    }

    fn next_state(&self, b: &mut ProgramBuilder, generation: &Generation, state: &State) -> State {
        let positions = generation.positions();
        let position = b.step();
        let text = b.reshape(state.text, &[positions, 1]);
        let byte = b.gather(text, position);
        let byte = b.reshape(byte, &[1]);
        let mut x = b.gather(state.embedding, byte);
        let step = self.step(b, positions, position);
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        for ((weights, key), value) in state.layers.iter().zip(&state.keys).zip(&state.values) {
            let (after, [key, value]) = step.layer(b, *weights, [*key, *value], x);
            x = after;
            keys.push(key);
            values.push(value);
        }
        let last = norm(b, x);
        let logits = product(b, last.y, state.head).to_fixed(b, LOGIT, Rounding::Nearest);
        let picked = pick(b, generation, logits, state.up_to);

        // A byte of the prompt stays.
        let next = add_number(b, position, 1);
        let is_free = add_number(b, next, 1 - generation.prompt as i32);
        let is_free = b.clamp(is_free, 0, 1);
        let picked = b.mul(picked, is_free);
        let at = b.one_hot(next, positions);
        let at = b.reshape(at, &[positions]);
        let written = b.mul(at, picked);
        let text = b.add(written, state.text);
        let text = b.cast(text, DType::I16);
        State {
            text,
            keys,
            values,
            embedding: state.embedding,
            layers: state.layers.clone(),
            head: state.head,
            up_to: state.up_to,
        }
    }

    fn step(&self, b: &mut ProgramBuilder, positions: u32, position: Var) -> Step<'_> {
        let head = self.head_width();
        let [cosine, sine] = rotations(positions, head).map(|values| {
            let table = b.constant(DType::I16, &[positions, head], &values);
            let row = b.gather(table, position);
            b.reshape(row, &[head])
        });

        let context = b.scalar(self.context as i32);
        let laps = b.div(position, context);
        let passed = b.mul(laps, context);
        let place = b.sub(position, passed);
        let place = b.one_hot(place, self.context);
        let place = b.reshape(place, &[self.context, 1]);
        let places = b.constant(DType::I32, &[self.context], &iota(self.context));
        let later = b.sub(places, position);
        let later = b.clamp(later, 0, 1);
        let amount = b.scalar(HIDDEN);
        let empty = b.mul(later, amount);
        Step { model: self, cosine, sine, place, empty }
    }
}

impl Step<'_> {
    /// The residual stream `i16 [1, width]` after a layer, and its keys and values with those of this position.
    fn layer(&self, b: &mut ProgramBuilder, weights: [Scaled; 4], caches: [Var; 2], x: Var) -> (Var, [Var; 2]) {
        let [qkv, out, gate_up, down] = weights;
        let (heads, width, head) = (self.model.heads, self.model.width, self.model.head_width());
        let before_attention = norm(b, x);
        let qkv = product(b, before_attention.y, qkv).to_fixed(b, INNER, Rounding::Nearest);
        let [q, k, v] = [0, 1, 2].map(|part| b.slice(qkv, 1, part * width, width));
        let [q, k] = [q, k].map(|x| self.rotate(b, x));
        let [keys, values] = [(caches[0], k), (caches[1], v)].map(|(cache, row)| self.put(b, cache, row));

        let by_head = |b: &mut ProgramBuilder, x: Var| {
            let x = b.reshape(x, &[x.shape().dim(0), heads, head]);
            let x = b.permute(x, &[1, 0, 2]);
            Scaled::fixed(x, INNER).i8(b, Rounding::Nearest)
        };
        let [q, k, v] = [q, keys, values].map(|x| by_head(b, x));
        let scores = product(b, q, k).halved(self.model.root_of_head_bits()).to_fixed(b, LOGIT, Rounding::Nearest);
        let scores = b.reshape(scores, &[heads, self.model.context]);
        let scores = b.sub(scores, self.empty);
        let attention = b.softmax(scores, LOGIT as u8);
        let attention = shift_right(b, attention, PROBABILITY - 7);
        let attention = b.cast(attention, DType::I8);
        let attention = Scaled::fixed(b.reshape(attention, &[heads, 1, self.model.context]), 7);
        let v_t = v.map(|x| b.permute(x, &[0, 2, 1]));
        let heads_out = product(b, attention, v_t).i8(b, Rounding::Nearest).map(|x| b.reshape(x, &[1, width]));
        let change = product(b, heads_out, out);
        let x = add_to_stream(b, x, change);
        let (x, _) = feed_forward(b, gate_up, down, x);
        (x, [keys, values])
    }

    /// Turns `[1, width]` by the position.
    fn rotate(&self, b: &mut ProgramBuilder, x: Var) -> Var {
        let (heads, head) = (self.model.heads, self.model.head_width());
        let x = b.reshape(x, &[heads, head]);
        let [first, second] = [0, head / 2].map(|start| b.slice(x, 1, start, head / 2));
        let other = b.concat(1, &[second, first]);
        let own = b.mul(x, self.cosine);
        let other = b.mul(other, self.sine);
        let sum = b.add(own, other);
        let sum = shift_right(b, sum, ROTATION);
        b.reshape(sum, &[1, self.model.width])
    }

    /// A cache `i16 [context, width]` with a row at the place of this position.
    fn put(&self, b: &mut ProgramBuilder, cache: Var, row: Var) -> Var {
        let row = b.reshape(row, &[self.model.width]);
        let old = b.sub(cache, row);
        let old = b.mul(old, self.place);
        // What stands there minus what should.
        let minus_one = b.scalar(-1);
        let change = b.mul(old, minus_one);
        let cache = b.add(change, cache);
        b.cast(cache, DType::I16)
    }
}

/// A byte, `i32 [1]`, picked by its probability among the likeliest.
fn pick(b: &mut ProgramBuilder, generation: &Generation, logits: Var, up_to: Var) -> Var {
    let factor = b.scalar(generation.inverse_temperature.into());
    let logits = b.mul(logits, factor);
    let logits = shift_right(b, logits, INVERSE_TEMPERATURE_ONE.ilog2() as i32);
    let probabilities = b.softmax(logits, LOGIT as u8);
    let row = b.reshape(probabilities, &[VOCABULARY]);
    let column = b.reshape(probabilities, &[VOCABULARY, 1]);

    let all = b.clamp(up_to, 0, 0);
    let all = b.add(all, row);
    let likelier = b.sub(all, column);
    let likelier = b.clamp(likelier, 0, 1);
    let rank = b.row_sum(likelier);
    let is_kept = add_number(b, rank, -i32::from(generation.top_k));
    let is_kept = b.clamp(is_kept, -1, 0);
    let kept = b.mul(is_kept, row);
    let minus_one = b.scalar(-1);
    let kept = b.mul(kept, minus_one);

    // The sums of probabilities up to each byte; the first that is above a random number below the last has the byte.
    let sums = b.mul(up_to, kept);
    let sums = b.row_sum(sums);
    let all = b.slice(sums, 0, VOCABULARY - 1, 1);
    let word = b.random(&[1]);
    let word = shift_right(b, word, 32 - PICK);
    let word = add_number(b, word, 1 << (PICK - 1));
    let at = b.mul(word, all);
    let at = shift_right(b, at, PICK);
    let most = add_number(b, all, -1);
    let at = b.min(at, most);
    let above = b.sub(sums, at);
    let above = b.clamp(above, 0, 1);
    let above = b.reshape(above, &[1, VOCABULARY]);
    let above = b.row_sum(above);
    let symbols = b.scalar(VOCABULARY as i32);
    b.sub(symbols, above)
}

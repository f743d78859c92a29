// SPDX-License-Identifier: Apache-2.0
//! A decoder-only transformer on bytes as exact programs: local training, merge, evaluation, generation.
//!
//! **Network.** Of the Llama family: RMS norms, rotary positions, causal attention, SwiGLU, no biases, a head of its own. The
//! norms have no gains: what follows each is linear and takes them in.
//!
//! **Numbers.** Parameters, momentum and velocity are `i32` with [`super::mlp::PARAMETER_FRAC_BITS`]; the residual stream is `i16`;
//! what enters a product is `i8`: mantissas with one exponent for a tensor. Sums are `i32`. Nearest rounding forward, stochastic
//! rounding of gradients and of the momentum.
//!
//! **Checkpoint.** One `i32` matrix of `width` columns: the parameters, their momentum, and the merge's velocity. The rows of
//! each: the embedding (256), for each layer `q, k, v` (3 width), attention's output (width), gate and up (2 hidden), down,
//! transposed (hidden); the head (256). Local training reads a checkpoint and yields parameters and momentum; the merge reads a
//! checkpoint and those of all tasks, and yields the next checkpoint.
//!
//! **Optimiser.** Lion (arXiv 2302.06675): each parameter moves by the learning rate in the direction of the sign of a mean of
//! gradients. Nothing in it has to be divided or scaled, so it is exact, and indifferent to the exponents of gradients.

mod arithmetic;
mod backward;
mod forward;
mod generation;
mod programs;
pub mod shadow;

#[cfg(test)]
mod tests;

pub use generation::{Generation, INVERSE_TEMPERATURE_ONE};

use super::mlp::{ModelError, PARAMETER_FRAC_BITS};
use quern_primitives::draw::Draw;

/// Symbols: the bytes.
pub const VOCABULARY: u32 = 256;
/// Most positions, bytes of a task's text, and windows of a step.
const MAX_SIZE: u32 = 1 << 20;

/// The network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transformer {
    /// Width of the residual stream: a power of two.
    pub width: u32,
    /// Layers.
    pub layers: u32,
    /// Heads of attention; `width / heads` is a power of four.
    pub heads: u32,
    /// Units between gate and down.
    pub hidden: u32,
    /// Positions.
    pub context: u32,
}

/// How it is trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LmTraining {
    /// Tasks of a round: a power of two.
    pub tasks: u32,
    /// Bytes of a task's text.
    pub text_bytes: u32,
    /// Windows of a step, each of `context + 1` bytes at a random place of the text: a power of two.
    pub batch: u32,
    /// Steps of a task.
    pub steps: u32,
    /// The learning rate is `2^-rate_shift`.
    pub rate_shift: u8,
    /// The direction of a step is the sign of `m + 2^-gradient_shift (g - m)`, of momentum m and gradient g.
    pub gradient_shift: u8,
    /// Then the momentum becomes `m + 2^-momentum_shift (g - m)`.
    pub momentum_shift: u8,
    /// Of each parameter a share of `2^-decay_shift` times the learning rate is taken away; with 31 none.
    pub decay_shift: u8,
    /// The (Nesterov) momentum of the merge is `2^-outer_shift`; with 31 there is none.
    pub outer_shift: u8,
}

/// Rows of a parameter tensor in the matrix of parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rows {
    pub start: u32,
    pub len: u32,
}

/// Rows of the tensors of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LayerRows {
    pub qkv: Rows,
    pub out: Rows,
    pub gate_up: Rows,
    pub down: Rows,
}

impl Transformer {
    /// Numbers of a head.
    pub fn head_width(&self) -> u32 {
        self.width.checked_div(self.heads).unwrap_or(0)
    }

    /// Bits of the square root of a head's width.
    pub(crate) fn root_of_head_bits(&self) -> i32 {
        self.head_width().ilog2() as i32 / 2
    }

    pub(crate) fn check(&self) -> Result<(), ModelError> {
        let sizes = [self.width, self.layers, self.heads, self.hidden, self.context];
        let head = self.head_width();
        if sizes.iter().any(|size| !(1..=MAX_SIZE).contains(size)) {
            Err(ModelError::Units)
        } else if !self.width.is_power_of_two() || head * self.heads != self.width {
            Err(ModelError::Width)
        } else if !head.is_power_of_two() || head < 4 || !head.ilog2().is_multiple_of(2) {
            Err(ModelError::HeadWidth)
        } else {
            Ok(())
        }
    }

    pub(crate) fn embedding(&self) -> Rows {
        Rows { start: 0, len: VOCABULARY }
    }

    pub(crate) fn layer(&self, index: u32) -> LayerRows {
        let mut start = VOCABULARY + index * (4 * self.width + 3 * self.hidden);
        let [qkv, out, gate_up, down] = [3 * self.width, self.width, 2 * self.hidden, self.hidden].map(|len| {
            let rows = Rows { start, len };
            start += len;
            rows
        });
        LayerRows { qkv, out, gate_up, down }
    }

    pub(crate) fn head(&self) -> Rows {
        Rows { start: self.layer(self.layers).qkv.start, len: VOCABULARY }
    }

    /// Rows of the matrix of parameters.
    pub fn rows(&self) -> u32 {
        let head = self.head();
        head.start + head.len
    }

    /// Names of the parameter tensors, and where they lie among the parameters.
    pub fn tensors(&self) -> Vec<(String, std::ops::Range<usize>)> {
        let mut tensors = vec![("embedding".to_string(), self.embedding())];
        for index in 0..self.layers {
            let LayerRows { qkv, out, gate_up, down } = self.layer(index);
            let named = [("qkv", qkv), ("out", out), ("gate and up", gate_up), ("down", down)];
            tensors.extend(named.map(|(name, rows)| (format!("{index} {name}"), rows)));
        }
        tensors.push(("head".to_string(), self.head()));
        let place = |row: u32| (row * self.width) as usize;
        tensors.into_iter().map(|(name, rows)| (name, place(rows.start)..place(rows.start + rows.len))).collect()
    }

    /// Number of parameters.
    pub fn parameters(&self) -> u32 {
        self.rows() * self.width
    }

    /// Bytes of a checkpoint.
    pub fn checkpoint_bytes(&self) -> usize {
        3 * self.parameters() as usize * 4
    }

    /// The first checkpoint: parameters uniform, drawn in order by [`Draw`] of this seed, momentum and velocity zero. The
    /// variance is 1/16 in the embedding and `1 / inputs` elsewhere, `1 / (2 layers)` of that where a layer adds to the
    /// residual stream.
    pub fn initial_checkpoint(&self, seed: [u8; 32]) -> Result<Vec<u8>, ModelError> {
        self.check()?;
        let mut draw = Draw::new(seed);
        let mut values = Vec::with_capacity(3 * self.parameters() as usize);
        let mut fill = |rows: Rows, inverse_variance: u32| {
            let bound = ((3u64 << (2 * PARAMETER_FRAC_BITS)) / u64::from(inverse_variance)).isqrt();
            for _ in 0..rows.len * self.width {
                values.push((draw.below(2 * bound + 1) as i64 - bound as i64) as i32);
            }
        };
        fill(self.embedding(), 16);
        for layer in 0..self.layers {
            let LayerRows { qkv, out, gate_up, down } = self.layer(layer);
            fill(qkv, self.width);
            fill(out, self.width * 2 * self.layers);
            fill(gate_up, self.width);
            fill(down, self.hidden * 2 * self.layers);
        }
        fill(self.head(), self.width);
        values.resize(3 * self.parameters() as usize, 0);
        Ok(values.iter().flat_map(|value| value.to_le_bytes()).collect())
    }
}

impl LmTraining {
    pub(crate) fn check(&self, model: &Transformer) -> Result<(), ModelError> {
        let small_power = |x: u32| x.is_power_of_two() && x <= 1 << 14;
        let shifts = [self.rate_shift, self.gradient_shift, self.momentum_shift, self.decay_shift, self.outer_shift];
        if !small_power(self.tasks) {
            Err(ModelError::Tasks)
        } else if !small_power(self.batch) {
            Err(ModelError::Batch)
        } else if !(model.context + 1..=MAX_SIZE).contains(&self.text_bytes) {
            Err(ModelError::Text { expected: model.context + 1, found: self.text_bytes })
        } else if self.steps == 0 {
            Err(ModelError::Steps)
        } else if shifts.iter().any(|shift| *shift > 31) || self.rate_shift > PARAMETER_FRAC_BITS {
            Err(ModelError::Shift)
        } else {
            Ok(())
        }
    }

    /// Places at which a window may begin.
    pub(crate) fn starts(&self, model: &Transformer) -> u32 {
        self.text_bytes - model.context
    }
}

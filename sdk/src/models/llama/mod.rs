// SPDX-License-Identifier: Apache-2.0
//! A trained decoder of the Llama family as exact programs: generation and scoring of texts in tokens.
//!
//! **Network.** RMS norms with gains, rotary positions, causal attention in which several heads of queries share one of keys and
//! values (grouped-query attention), SwiGLU, no biases, a head of its own or the embedding's (tied). It is used, not trained: [`super::transformer`]
//! is what trains.
//!
//! **Numbers.** Weights are `i8` mantissas with one power-of-two exponent a row. What enters a product is `i8` with one exponent a
//! token, found when it is needed; queries, keys and values have exponents that [`Scales`] fixes, so that a cached key never changes. The
//! residual stream is `i32`. Attention's probabilities enter their product as two planes of `i8`, so that many small ones are not lost.
//!
//! **Inputs.** [`Packing`] says where each tensor lies in the blobs of a model: up to 14 blobs of `i8` weights, and one of
//! `i16` vectors (shifts that stand for the exponents, gains, cosines and sines).

mod layer;
mod packing;
mod program;
pub mod quantise;
mod sampling;
pub mod shadow;

#[cfg(test)]
pub(crate) mod tests;

pub use packing::{Packing, Place};
pub use program::{text_bytes, LlamaGeneration};
pub use quantise::{Quantised, Scales};
pub use sampling::{Sampling, INVERSE_TEMPERATURE_ONE};
pub use shadow::{Observed, Part, Source};

use super::ModelError;
use serde::{Deserialize, Serialize};

/// Widest residual stream: a normalised row times its gains fits 31 bits.
const MAX_WIDTH: u32 = 4_096;
/// Widest layer between gate and down, and largest dimension of what a row of attention reads: a row fits a conviction.
const MAX_HIDDEN: u32 = 11_008;
/// Most layers, so that no count overflows; a program ends long before.
const MAX_LAYERS: u32 = 256;
/// Largest vocabulary.
const MAX_VOCABULARY: u32 = 1 << 20;

/// How positions turn queries and keys.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rope {
    /// The base of the angles.
    pub theta: f64,
    /// How the angles are stretched to longer texts.
    pub scaling: RopeScaling,
}

/// A stretching of angles.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RopeScaling {
    /// None.
    None,
    /// All angles divided.
    Linear {
        /// By this.
        factor: f64,
    },
    /// As Llama 3.1 has it: slow angles divided, fast ones kept, a smooth passage between.
    Llama3 {
        /// By what slow angles are divided.
        factor: f64,
        /// Waves longer than the original positions by this are slow.
        low_freq_factor: f64,
        /// Waves shorter than the original positions by this are fast.
        high_freq_factor: f64,
        /// The positions of the model before the stretching.
        original_positions: f64,
    },
}

impl Rope {
    /// The angle by which a position more turns a pair of numbers of a head.
    pub fn frequency(&self, pair: u32, head_width: u32) -> f64 {
        let frequency = self.theta.powf(-2.0 * f64::from(pair) / f64::from(head_width));
        match self.scaling {
            RopeScaling::None => frequency,
            RopeScaling::Linear { factor } => frequency / factor,
            RopeScaling::Llama3 { factor, low_freq_factor, high_freq_factor, original_positions } => {
                let waves = original_positions * frequency / std::f64::consts::TAU;
                let smooth = (waves - low_freq_factor) / (high_freq_factor - low_freq_factor);
                let smooth = smooth.clamp(0.0, 1.0);
                smooth * frequency + (1.0 - smooth) * frequency / factor
            }
        }
    }
}

/// The network.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Llama {
    /// Width of the residual stream.
    pub width: u32,
    /// Layers.
    pub layers: u32,
    /// Heads of queries.
    pub heads: u32,
    /// Heads of keys and values: a divisor of `heads`.
    pub kv_heads: u32,
    /// Numbers of a head: even.
    pub head_width: u32,
    /// Units between gate and down.
    pub hidden: u32,
    /// Symbols.
    pub vocabulary: u32,
    /// Whether the head is the embedding.
    pub tied: bool,
    /// Added to the mean square in a norm.
    pub norm_eps: f64,
    /// Rotary positions.
    pub rope: Rope,
}

impl Llama {
    /// Heads of queries that share one of keys and values.
    pub fn group(&self) -> u32 {
        self.heads.checked_div(self.kv_heads).unwrap_or(0)
    }

    /// Numbers of all heads of queries.
    pub fn query_width(&self) -> u32 {
        self.heads.saturating_mul(self.head_width)
    }

    /// Numbers of all heads of keys.
    pub fn key_width(&self) -> u32 {
        self.kv_heads.saturating_mul(self.head_width)
    }

    /// Heads of queries, keys and values.
    pub(crate) fn all_heads(&self) -> u32 {
        self.heads.saturating_add(2 * self.kv_heads)
    }

    /// Number of parameters; those of a tied head count once.
    pub fn parameters(&self) -> u64 {
        let [d, q, k, f] = [self.width, self.query_width(), self.key_width(), self.hidden].map(u64::from);
        let layer = 2 * d + d * (q + 2 * k) + q * d + 3 * d * f;
        let embedding = u64::from(self.vocabulary) * d;
        u64::from(self.layers) * layer + d + embedding * if self.tied { 1 } else { 2 }
    }

    /// Refuses what no program can have.
    pub fn check(&self) -> Result<(), ModelError> {
        let within = |value: u32, most: u32| (1..=most).contains(&value);
        let is_sound = within(self.width, MAX_WIDTH)
            && within(self.layers, MAX_LAYERS)
            && within(self.heads, MAX_WIDTH)
            && within(self.kv_heads, self.heads)
            && within(self.head_width, MAX_WIDTH)
            && within(self.hidden, MAX_HIDDEN)
            && within(self.query_width(), MAX_HIDDEN)
            && (2..=MAX_VOCABULARY).contains(&self.vocabulary);
        if !is_sound {
            Err(ModelError::Units)
        } else if !self.heads.is_multiple_of(self.kv_heads) || !self.head_width.is_multiple_of(2) {
            Err(ModelError::Heads)
        } else if !(self.norm_eps >= 0.0
            && self.norm_eps < 1.0
            && self.rope.theta >= 1.0
            && self.rope.theta.is_finite())
        {
            Err(ModelError::Constants)
        } else {
            Ok(())
        }
    }
}

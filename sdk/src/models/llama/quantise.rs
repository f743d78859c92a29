// SPDX-License-Identifier: Apache-2.0
//! Weights as `i8`, and what samples say about the numbers between: the blobs that the programs read.

use super::{
    layer::{LOGIT, NORM, PROBABILITY, ROTATION},
    shadow::{Observed, Part, Source},
    Llama, Packing, Place,
};
use serde::{Deserialize, Serialize};

/// Bits of the largest number of the residual stream on the samples: of 31, so that on other texts it may be 32 times as large.
const RESIDUAL_BITS: i32 = 26;
/// Bits of the largest query, key, value, gate and of what is gated: eight times as large ones still fit their products.
const INNER_BITS: i32 = 13;
/// Bits of the largest gain.
const GAIN_BITS: i32 = 13;

/// What samples fix of a layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerScales {
    /// Fractional bits of queries, keys and values before they are turned.
    pub qkv_frac_bits: i32,
    /// Exponents of the `i8` of each head of queries, keys and values; all values have the same.
    pub head_exponents: Vec<i32>,
    /// Fractional bits of the gate, at most 16.
    pub gate_frac_bits: u8,
    /// Fractional bits of what is gated.
    pub up_frac_bits: i32,
}

/// What samples fix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scales {
    /// Fractional bits of the residual stream.
    pub residual_frac_bits: i32,
    /// By layer.
    pub layers: Vec<LayerScales>,
}

impl Scales {
    /// What keeps the largest numbers of the samples within their bits.
    pub fn new(observed: &Observed, model: &Llama) -> Self {
        let keys = (model.heads + model.kv_heads) as usize;
        let layers = observed.layers.iter().map(|layer| {
            let mut heads: Vec<i32> = layer.heads.iter().map(|most| exponent_of(*most)).collect();
            let values = heads.get(keys..).and_then(|values| values.iter().max()).copied().unwrap_or(0);
            heads.iter_mut().skip(keys).for_each(|exponent| *exponent = values);
            LayerScales {
                qkv_frac_bits: (INNER_BITS - bits_above(layer.qkv)).clamp(-8, 20),
                head_exponents: heads,
                gate_frac_bits: (INNER_BITS - bits_above(layer.gate)).clamp(0, 16) as u8,
                up_frac_bits: (INNER_BITS - bits_above(layer.up)).clamp(-8, 20),
            }
        });
        let residual_frac_bits = (RESIDUAL_BITS - bits_above(observed.residual)).clamp(0, 22);
        Self { residual_frac_bits, layers: layers.collect() }
    }

    pub(crate) fn layer(&self, index: usize) -> LayerScales {
        let none = || LayerScales { qkv_frac_bits: 0, head_exponents: vec![], gate_frac_bits: 0, up_frac_bits: 0 };
        self.layers.get(index).cloned().unwrap_or_else(none)
    }
}

/// A model as blobs.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantised {
    /// The blobs of weights, `i8`.
    pub weights: Vec<Vec<u8>>,
    /// The blob of vectors, `i16`.
    pub vectors: Vec<u8>,
}

/// The least `n` with `x <= 2^n`.
fn bits_above(x: f32) -> i32 {
    match x > 0.0 {
        true => f64::from(x).log2().ceil() as i32,
        false => -20,
    }
}

/// The least exponent with which a number of this size is an `i8`.
fn exponent_of(most: f32) -> i32 {
    match most > 0.0 {
        true => (f64::from(most) / 127.49).log2().ceil().clamp(-30.0, 30.0) as i32,
        false => -20,
    }
}

/// A row as `i8` mantissas with an exponent: the one by which the sum of squared errors is the least, of those that hold the largest number
/// and the one below.
fn row_of(row: &[f32], to: &mut Vec<u8>) -> i32 {
    let mantissa = |x: f32, exponent: i32| (f64::from(x) * f64::from(-exponent).exp2()).round().clamp(-127.0, 127.0);
    let error = |exponent: i32| -> f64 {
        let one = f64::from(exponent).exp2();
        row.iter().map(|x| (f64::from(*x) - one * mantissa(*x, exponent)).powi(2)).sum()
    };
    let holding = exponent_of(row.iter().fold(0.0, |most, x| most.max(x.abs())));
    let exponent = if error(holding - 1) < error(holding) { holding - 1 } else { holding };
    to.extend(row.iter().map(|x| mantissa(*x, exponent) as i8 as u8));
    exponent
}

struct Writer<'a> {
    model: &'a Llama,
    weights: Vec<Vec<u8>>,
    vectors: Vec<i16>,
}

impl Writer<'_> {
    /// The rows of a tensor, each times `factor`, and their exponents.
    fn rows(&mut self, blob: usize, numbers: &[f32], columns: u32, factor: f32) -> Vec<i32> {
        let to = &mut self.weights[blob];
        let rows = numbers.chunks_exact(columns as usize);
        rows.map(|row| row_of(&row.iter().map(|x| x * factor).collect::<Vec<f32>>(), to)).collect()
    }

    /// The rows of a tensor that may lie in slabs, and their exponents.
    fn slabs(&mut self, places: &[Place], numbers: &[f32]) -> Vec<i32> {
        let (mut exponents, mut rest) = (Vec::new(), numbers);
        for place in places {
            let (slab, after) = rest.split_at((place.len() as usize).min(rest.len()));
            exponents.extend(self.rows(place.blob, slab, place.columns, 1.0));
            rest = after;
        }
        exponents
    }

    fn vector(&mut self, values: impl IntoIterator<Item = i32>) {
        self.vectors.extend(values.into_iter().map(|value| value.clamp(-32_768, 32_767) as i16));
    }

    /// Gains as `i16`, and their fractional bits less those by which the norm's scale differs.
    fn gains(&self, gains: &[f32]) -> (Vec<i32>, i32) {
        let model = self.model;
        let scale = (f64::from(model.width) * f64::from(-model.square_shift()).exp2()).sqrt();
        let most = gains.iter().fold(0.0f32, |most, gain| most.max(gain.abs()));
        let frac_bits = (GAIN_BITS - bits_above((f64::from(most) * scale) as f32)).clamp(-30, 30);
        let one = f64::from(frac_bits).exp2();
        (gains.iter().map(|gain| (f64::from(*gain) * scale * one).round() as i32).collect(), frac_bits)
    }
}

/// The blobs of a model. Reads each tensor once, one after the other.
pub fn quantise<S: Source>(
    model: &Llama,
    source: &mut S,
    packing: &Packing,
    scales: &Scales,
) -> Result<Quantised, S::Error> {
    let weights = packing.weights_bytes.iter().map(|bytes| Vec::with_capacity(*bytes as usize)).collect();
    let mut writer = Writer { model, weights, vectors: Vec::with_capacity(packing.vectors as usize) };
    let (d, r) = (model.width, scales.residual_frac_bits);
    let embedding = source.tensor(Part::Embedding)?;
    let embedding = writer.slabs(&packing.embedding, &embedding);
    for (index, (places, scales)) in (0u32..).zip(packing.layers.iter().zip(&scales.layers)) {
        let [of_qkv, of_out, of_gate_up, of_down] = places.weights.map(|place| place.blob);
        let (gains, frac_bits) = writer.gains(&source.tensor(Part::AttentionNorm(index))?);
        let (more_gains, more_frac_bits) = writer.gains(&source.tensor(Part::HiddenNorm(index))?);

        // The root of a head's width is taken into the queries.
        let root = (model.head_width as f32).sqrt().recip();
        let mut exponents = Vec::new();
        for (part, factor) in [(Part::Query(index), root), (Part::Key(index), 1.0), (Part::Value(index), 1.0)] {
            exponents.extend(writer.rows(of_qkv, &source.tensor(part)?, d, factor));
        }
        writer.vector(exponents.iter().map(|exponent| NORM + frac_bits - exponent - scales.qkv_frac_bits));
        let exponents = writer.rows(of_out, &source.tensor(Part::Output(index))?, model.query_width(), 1.0);
        let values = scales.head_exponents.last().copied().unwrap_or(0);
        writer.vector(exponents.iter().map(|exponent| PROBABILITY - values - exponent - r));
        let gate = writer.rows(of_gate_up, &source.tensor(Part::Gate(index))?, d, 1.0);
        let up = writer.rows(of_gate_up, &source.tensor(Part::Up(index))?, d, 1.0);
        let gate_bits = i32::from(scales.gate_frac_bits);
        writer.vector(gate.iter().map(|exponent| NORM + more_frac_bits - exponent - gate_bits));
        writer.vector(up.iter().map(|exponent| NORM + more_frac_bits - exponent - scales.up_frac_bits));
        let exponents = writer.rows(of_down, &source.tensor(Part::Down(index))?, model.hidden, 1.0);
        writer.vector(exponents.iter().map(|exponent| gate_bits + scales.up_frac_bits - r - exponent));

        writer.vector(gains);
        writer.vector(more_gains);
        let heads = &scales.head_exponents;
        // Queries and keys are turned, values are not.
        let turned =
            (0..heads.len()).map(|head| if head < (model.heads + model.kv_heads) as usize { ROTATION } else { 0 });
        writer.vector(heads.iter().zip(turned).map(|(exponent, turned)| scales.qkv_frac_bits + turned + exponent));
        let of_query = |query: usize| {
            let key = (model.heads + query as u32 / model.group().max(1)) as usize;
            heads.get(query).copied().unwrap_or(0) + heads.get(key).copied().unwrap_or(0)
        };
        writer.vector((0..model.heads as usize).map(|query| -(of_query(query) + LOGIT)));
    }
    let head = match model.tied {
        true => embedding.clone(),
        false => writer.slabs(&packing.head, &source.tensor(Part::Head)?),
    };
    let (gains, frac_bits) = writer.gains(&source.tensor(Part::LastNorm)?);
    writer.vector(embedding.iter().map(|exponent| -(exponent + r)));
    writer.vector(head.iter().map(|exponent| NORM + frac_bits - exponent - LOGIT));
    writer.vector(gains);
    let [cosines, sines] = rotations(model, packing.rotations[0].rows);
    writer.vector(cosines);
    writer.vector(sines);
    let vectors = writer.vectors.iter().flat_map(|value| value.to_le_bytes()).collect();
    Ok(Quantised { weights: writer.weights, vectors })
}

/// Cosines and sines of so many positions. The other of a pair comes in with a minus sign in the first half.
fn rotations(model: &Llama, positions: u32) -> [Vec<i32>; 2] {
    let half = model.head_width / 2;
    let one = f64::from(ROTATION).exp2();
    let mut tables = [Vec::new(), Vec::new()];
    for (position, place) in (0..positions).flat_map(|t| (0..model.head_width).map(move |place| (t, place))) {
        let angle = f64::from(position) * model.rope.frequency(place % half, model.head_width);
        let sine = if place < half { -angle.sin() } else { angle.sin() };
        tables[0].push((angle.cos() * one).round() as i32);
        tables[1].push((sine * one).round() as i32);
    }
    tables
}

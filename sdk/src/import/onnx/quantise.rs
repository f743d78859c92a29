// SPDX-License-Identifier: Apache-2.0
//! Real numbers to integers. A number of a layer is `x * 2^e`: `x` of eight bits, `e` the layer's, chosen on samples. Each output of a
//! product has weights with an exponent of their own, so its sum is shifted by a number of its own to the exponent of the layer.

use super::{
    network::{Layer, Network, Operation, Window},
    OnnxError, MAX_WEIGHT_BLOBS,
};
use quern_program::{check::MAX_TENSOR_BYTES, ops::Window2d};

/// Largest mantissa.
const LARGEST: f64 = 127.0;
/// Exponents that are tried: the least without overflow, and finer ones, which limit the largest numbers.
const FINER: usize = 3;
/// Bits of the logits above their sign, on samples; the rest are for larger ones.
const LOGIT_BITS: i32 = 20;
/// Largest bias in units of its sum: four times less than what overflows.
const LARGEST_BIAS: f64 = (1u32 << 29) as f64;
/// Most numbers that a sum reads: as many products stay below 2^30.
const MAX_DEPTH: usize = 1 << 16;
/// Fractional bits of the reciprocal of a window's pixels: a mean times it stays below 2^30.
pub(super) const RECIPROCAL_BITS: i32 = 23;

/// Where some numbers are in a blob.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Part {
    /// Which blob of weights; 0 for the numbers.
    pub blob: usize,
    pub start: u32,
    pub len: u32,
}

/// What a layer needs beside what the network says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exact {
    /// Nothing.
    Moves,
    /// A convolution or a product.
    Product {
        /// `[outputs, window row by row, channels of the group]`, or `[outputs, inputs]`.
        weights: Part,
        /// One for each output, in units of its sum.
        bias: Part,
        /// By how many bits each output's sum is shifted right.
        shifts: Part,
        /// The windows of a convolution.
        window: Window2d,
    },
    /// A mean.
    Mean {
        /// One for all windows, or one for each number of an image.
        reciprocals: Part,
        /// By how many bits the product is shifted right.
        shift: i32,
    },
    /// A sum of two layers: by how many bits each of them, then the sum, is shifted right.
    Sum([i32; 3]),
}

/// A network on integers.
#[derive(Clone, Debug)]
pub(super) struct Quantised {
    pub layers: Vec<Exact>,
    /// The exponent of each layer.
    pub exponents: Vec<i32>,
    /// The layer that keeps 32 bits for the logits.
    pub wide: Option<usize>,
    /// Biases, shifts and reciprocals.
    pub numbers: Vec<i32>,
    /// The weights' blobs.
    pub weights: Vec<Vec<i8>>,
}

/// 2 to a power.
pub(super) fn power(exponent: i32) -> f64 {
    f64::from(exponent).exp2()
}

/// The least exponent by which `most` is a number of eight bits.
fn exponent_of(most: f64) -> i32 {
    if most <= 0.0 {
        return -7;
    }
    let exponent = most.log2().floor() as i32 - 6;
    exponent + i32::from(most / power(exponent) >= LARGEST + 0.5)
}

fn mantissa(x: f64, exponent: i32) -> f64 {
    (x / power(exponent)).round().clamp(-LARGEST, LARGEST)
}

/// Eight-bit numbers with this exponent.
pub(super) fn mantissas(values: &[f32], exponent: i32) -> Vec<i8> {
    values.iter().map(|x| mantissa(f64::from(*x), exponent) as i8).collect()
}

/// Whether a layer only moves, limits or chooses numbers, and so keeps their exponent.
fn keeps_exponent(layer: &Layer) -> bool {
    matches!(layer.operation, Operation::MaxPool(_) | Operation::Copy | Operation::Reshape)
}

/// The layer that makes the logits, if only they are made of it.
fn wide(network: &Network) -> Option<usize> {
    let readers =
        |of: usize| network.layers.iter().flat_map(|layer| &layer.inputs).filter(|input| **input == of).count();
    let mut layer = network.output;
    let mut expected = 0;
    while readers(layer) == expected && layer > 0 {
        if !keeps_exponent(&network.layers[layer]) {
            return Some(layer);
        }
        layer = network.layers[layer].inputs[0];
        expected = 1;
    }
    None
}

/// The exponents of all layers: for each the one of a few with the least sum of squared errors on the samples.
fn exponents(network: &Network, samples: &[(usize, &[f32])], wide: Option<usize>) -> Result<Vec<i32>, OnnxError> {
    let mut most = vec![0.0f64; network.layers.len()];
    for (sample, image) in samples {
        for (values, most) in network.finite_activations(*sample, image)?.iter().zip(&mut most) {
            *most = values.iter().fold(*most, |most, x| most.max(f64::from(x.abs())));
        }
    }
    let mut errors = vec![[0.0f64; FINER]; network.layers.len()];
    for (_, image) in samples {
        for ((values, most), errors) in network.activations(image).iter().zip(&most).zip(&mut errors) {
            for (finer, error) in errors.iter_mut().enumerate() {
                let exponent = exponent_of(*most) - finer as i32;
                let difference = |x: &f32| f64::from(*x) - mantissa(f64::from(*x), exponent) * power(exponent);
                *error += values.iter().map(|x| difference(x).powi(2)).sum::<f64>();
            }
        }
    }
    let mut exponents: Vec<i32> = Vec::new();
    for (index, layer) in network.layers.iter().enumerate() {
        let best = (0..FINER).min_by(|a, b| errors[index][*a].total_cmp(&errors[index][*b])).unwrap_or(0);
        exponents.push(if wide == Some(index) {
            exponent_of(most[index]) - (LOGIT_BITS - 7)
        } else if keeps_exponent(layer) {
            exponents[layer.inputs[0]]
        } else {
            exponent_of(most[index]) - best as i32
        });
    }
    Ok(exponents)
}

/// The network on integers, as the samples (each with its number) make it.
pub(super) fn quantise(network: &Network, samples: &[(usize, &[f32])]) -> Result<Quantised, OnnxError> {
    let wide = wide(network);
    let exponents = exponents(network, samples, wide)?;
    let mut made =
        Quantised { layers: Vec::new(), exponents: exponents.clone(), wide, numbers: Vec::new(), weights: Vec::new() };
    for (index, layer) in network.layers.iter().enumerate() {
        let of = |input: usize| exponents[layer.inputs[input]];
        let shape = || network.layers[layer.inputs[0]].shape;
        let to = exponents[index];
        let exact = match &layer.operation {
            Operation::Input | Operation::MaxPool(_) | Operation::Copy | Operation::Reshape => Exact::Moves,
            Operation::Linear { weights, bias } => {
                made.product(layer, weights, bias, Window2d::square(1, 1, 0), [of(0), to])?
            }
            Operation::Convolution { weights, bias, window, groups } => {
                let (weights, window) = by_rows(weights, bias.len(), shape().image()[0] / groups, window);
                made.product(layer, &weights, bias, window, [of(0), to])?
            }
            Operation::AveragePool { window, counts_padding } => {
                let reciprocals = reciprocals(shape().image(), window, *counts_padding);
                Exact::Mean { reciprocals: made.number(&reciprocals), shift: RECIPROCAL_BITS + to - of(0) }
            }
            Operation::Add => {
                // The finer of both exponents, unless the other is so much coarser that shifting it would overflow.
                let base = of(0).min(of(1)).max(of(0).max(of(1)) - 16);
                Exact::Sum([base - of(0), base - of(1), to - base])
            }
        };
        made.layers.push(exact);
    }
    if made.numbers.is_empty() {
        // An input is never empty.
        made.numbers.push(0);
    }
    Ok(made)
}

impl Quantised {
    fn number(&mut self, numbers: &[i32]) -> Part {
        let part = Part { blob: 0, start: self.numbers.len() as u32, len: numbers.len() as u32 };
        self.numbers.extend(numbers);
        part
    }

    /// Weights of a product, which are all in one blob.
    fn weights(&mut self, weights: Vec<i8>) -> Result<Part, OnnxError> {
        let most = MAX_TENSOR_BYTES as usize;
        if weights.len() > most {
            return Err(OnnxError::Weights);
        }
        if self.weights.last().is_none_or(|blob| blob.len() + weights.len() > most) {
            if self.weights.len() == MAX_WEIGHT_BLOBS {
                return Err(OnnxError::Weights);
            }
            self.weights.push(Vec::new());
        }
        let blob = self.weights.len() - 1;
        let part = Part { blob, start: self.weights[blob].len() as u32, len: weights.len() as u32 };
        self.weights[blob].extend(weights);
        Ok(part)
    }

    fn product(
        &mut self,
        layer: &Layer,
        weights: &[f32],
        bias: &[f32],
        window: Window2d,
        [from, to]: [i32; 2],
    ) -> Result<Exact, OnnxError> {
        let depth = weights.len() / bias.len();
        if depth > MAX_DEPTH {
            return Err(OnnxError::Depth { node: layer.name.clone(), depth });
        }
        let mut integers = Vec::with_capacity(weights.len());
        let (mut biases, mut shifts) = (Vec::new(), Vec::new());
        for (row, bias) in weights.chunks(depth).zip(bias) {
            let bias = f64::from(*bias);
            let most = row.iter().fold(0.0f64, |most, x| most.max(f64::from(x.abs())));
            // What a bias needs at least, and all that a row of zeros needs.
            let for_bias = if bias == 0.0 { i32::MIN } else { (bias.abs() / LARGEST_BIAS).log2().ceil() as i32 - from };
            let exponent = if most == 0.0 { for_bias.max(-127) } else { exponent_of(most).max(for_bias) };
            integers.extend(mantissas(row, exponent));
            biases.push((bias / power(from + exponent)).round() as i32);
            shifts.push(to - from - exponent);
        }
        Ok(Exact::Product {
            weights: self.weights(integers)?,
            bias: self.number(&biases),
            shifts: self.number(&shifts),
            window,
        })
    }
}

/// Weights `[outputs, channels, rows, columns]` as `[outputs, rows, columns, channels]`, and their windows. Padding that is not the same
/// on opposite sides becomes the larger of both, and the window as much larger, with zeros where it must not see.
fn by_rows(weights: &[f32], outputs: usize, channels: usize, window: &Window) -> (Vec<f32>, Window2d) {
    let ([rows, columns], [top, left, bottom, right]) = (window.kernel, window.padding);
    let more = |before: usize, after: usize| after.saturating_sub(before);
    let (above, before) = (more(top, bottom), more(left, right));
    let (all_rows, all_columns) = (rows + top.abs_diff(bottom), columns + left.abs_diff(right));
    let mut moved = vec![0.0; outputs * all_rows * all_columns * channels];
    for (at, weight) in weights.iter().enumerate() {
        let (rest, column) = (at / columns, at % columns);
        let (rest, row) = (rest / rows, rest % rows);
        let (output, channel) = (rest / channels, rest % channels);
        moved[((output * all_rows + row + above) * all_columns + column + before) * channels + channel] = *weight;
    }
    let small = |sizes: [usize; 2]| sizes.map(|size| u8::try_from(size).unwrap_or(0));
    let padding = [top.max(bottom), left.max(right)];
    let window =
        Window2d { kernel: small([all_rows, all_columns]), stride: small(window.stride), padding: small(padding) };
    (moved, window)
}

/// One by the pixels of a window: one number where all windows have as many.
fn reciprocals([channels, height, width]: [usize; 3], window: &Window, counts_padding: bool) -> Vec<i32> {
    let by = |pixels: usize| (power(RECIPROCAL_BITS) / pixels.max(1) as f64).round() as i32;
    if counts_padding || window.padding == [0; 4] {
        return vec![by(window.kernel[0] * window.kernel[1])];
    }
    let mut all = Vec::new();
    window.each_place([height, width], |_, pixels| all.extend(std::iter::repeat_n(by(pixels.len()), channels)));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn exponent_should_be_the_least_by_which_a_number_fits(most in 1e-30f64..1e30) {
            let exponent = exponent_of(most);
            prop_assert!((most / power(exponent)).round() <= LARGEST);
            prop_assert!((most / power(exponent - 1)).round() > LARGEST);
        }
    }

    #[test]
    fn window_should_grow_by_zeros_when_padding_is_uneven() {
        let window = Window { kernel: [2, 1], stride: [2, 1], padding: [0, 0, 1, 0] };
        let (weights, window) = by_rows(&[1.0, 2.0], 1, 1, &window);
        assert_eq!(weights, [0.0, 1.0, 2.0]);
        assert_eq!(window, Window2d { kernel: [3, 1], stride: [2, 1], padding: [1, 0] });
    }

    #[test]
    fn reciprocals_should_count_pixels_of_the_image_when_padding_does_not_count() {
        let window = Window { kernel: [2; 2], stride: [2; 2], padding: [1; 4] };
        assert_eq!(reciprocals([1, 2, 2], &window, true), [1 << 21]);
        assert_eq!(reciprocals([2, 2, 2], &window, false), [1 << 23; 8]);
    }
}

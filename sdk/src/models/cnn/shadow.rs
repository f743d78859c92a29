// SPDX-License-Identifier: Apache-2.0
//! The network on `f64`: what people read, and what the integer programs are measured against. No hash depends on it.

use super::Cnn;
use crate::models::{
    mlp::ModelError,
    shadow::{affine, evaluated, real, softmax},
    Evaluation, Samples,
};

/// The parameters of a checkpoint on `f64`.
#[derive(Clone, Debug, PartialEq)]
pub struct CnnShadow {
    cnn: Cnn,
    parameters: Vec<f64>,
}

/// One sample's way through the network.
struct Activations {
    /// What each convolution reads, then the features: `[row, column, channel]`.
    inputs: Vec<Vec<f64>>,
    /// For each convolution and each number after its pool, the place of that number before the pool.
    chosen: Vec<Vec<usize>>,
    probabilities: Vec<f64>,
}

impl CnnShadow {
    /// The parameters of a checkpoint (or of a local result: its velocity is not needed).
    pub fn new(cnn: Cnn, checkpoint: &[u8]) -> Result<Self, ModelError> {
        cnn.check()?;
        let parameters = real(checkpoint, cnn.parameters() as usize, cnn.checkpoint_bytes())?;
        Ok(Self { cnn, parameters })
    }

    /// The parameters, in the layout of a checkpoint.
    pub fn parameters(&self) -> &[f64] {
        &self.parameters
    }

    /// The same network with other parameters.
    pub fn with_parameters(&self, parameters: Vec<f64>) -> Self {
        Self { cnn: self.cnn.clone(), parameters }
    }

    /// Where a parameter tensor begins, and the tensor.
    fn tensor(&self, index: usize) -> (usize, &[f64]) {
        let range = self.cnn.layout()[index];
        let start = range.start as usize;
        (start, &self.parameters[start..start + range.len() as usize])
    }

    /// Calls `f` with each output of a convolution, and, for each pixel of its window, the place in what it reads and in a row
    /// of the weights.
    fn each_product(&self, layer: usize, mut f: impl FnMut(usize, usize, &[(usize, usize)])) {
        let (side, kernel) = (self.cnn.side_of(layer) as usize, usize::from(self.cnn.kernel));
        let (before, channels) = (self.cnn.channels_before(layer) as usize, self.cnn.channels[layer] as usize);
        let mut pairs = Vec::new();
        for place in 0..side * side {
            pairs.clear();
            for pixel in 0..kernel * kernel {
                let row = (place / side + pixel / kernel).wrapping_sub(kernel / 2);
                let column = (place % side + pixel % kernel).wrapping_sub(kernel / 2);
                if row < side && column < side {
                    pairs.extend((0..before).map(|at| ((row * side + column) * before + at, pixel * before + at)));
                }
            }
            (0..channels).for_each(|channel| f(place * channels + channel, channel, &pairs));
        }
    }

    fn forward(&self, image: &[u8]) -> Activations {
        let one = f64::from(self.cnn.input_frac_bits).exp2();
        let mut inputs = vec![image.iter().map(|pixel| f64::from(*pixel as i8) / one).collect::<Vec<f64>>()];
        let mut chosen = Vec::new();
        for layer in 0..self.cnn.channels.len() {
            let ((_, weights), (_, bias)) = (self.tensor(2 * layer), self.tensor(2 * layer + 1));
            let columns = weights.len() / bias.len();
            let input = &inputs[layer];
            let (side, channels) = (self.cnn.side_of(layer) as usize, bias.len());
            let mut sums = vec![0.0; side * side * channels];
            self.each_product(layer, |output, channel, pairs| {
                let row = &weights[channel * columns..];
                sums[output] = bias[channel] + pairs.iter().map(|(x, w)| input[*x] * row[*w]).sum::<f64>();
            });
            let (pool, pooled_side) = (usize::from(self.cnn.pool), self.cnn.side_of(layer + 1) as usize);
            let largest = |output: usize| {
                let (place, channel) = (output / channels, output % channels);
                let pixels = (0..pool * pool).map(|pixel| {
                    let row = place / pooled_side * pool + pixel / pool;
                    let column = place % pooled_side * pool + pixel % pool;
                    (row * side + column) * channels + channel
                });
                pixels.reduce(|best, next| if sums[next] > sums[best] { next } else { best }).unwrap_or(0)
            };
            let places: Vec<usize> = (0..pooled_side * pooled_side * channels).map(largest).collect();
            inputs.push(places.iter().map(|place| sums[*place].max(0.0)).collect());
            chosen.push(places);
        }
        let last = 2 * self.cnn.channels.len();
        let ((_, weights), (_, bias)) = (self.tensor(last), self.tensor(last + 1));
        let features = &inputs[self.cnn.channels.len()];
        let probabilities = softmax(affine(weights, bias, features));
        Activations { inputs, chosen, probabilities }
    }

    /// Loss and accuracy on samples. A sample with a label that the network has no class for is wrong.
    pub fn evaluate(&self, samples: &Samples) -> Evaluation {
        evaluated(samples, self.cnn.pixels() as usize, |image| self.forward(image).probabilities)
    }

    /// The gradient of the mean loss on samples, in the layout of a checkpoint.
    pub fn gradient(&self, samples: &Samples) -> Vec<f64> {
        let layers = self.cnn.channels.len();
        let mut gradient = vec![0.0; self.parameters.len()];
        let scale = 1.0 / samples.len().max(1) as f64;
        for (image, label) in samples.images.chunks(self.cnn.pixels() as usize).zip(&samples.labels) {
            let Activations { inputs, chosen, probabilities } = self.forward(image);
            let ((weights_at, weights), (bias_at, _)) = (self.tensor(2 * layers), self.tensor(2 * layers + 1));
            let features = &inputs[layers];
            let mut by_output = vec![0.0; features.len()];
            for (class, p) in probabilities.iter().enumerate() {
                let error = (p - f64::from(u8::from(class == usize::from(*label)))) * scale;
                gradient[bias_at + class] += error;
                for (at, feature) in features.iter().enumerate() {
                    gradient[weights_at + class * features.len() + at] += error * feature;
                    by_output[at] += error * weights[class * features.len() + at];
                }
            }
            for layer in (0..layers).rev() {
                let ((weights_at, weights), (bias_at, bias)) = (self.tensor(2 * layer), self.tensor(2 * layer + 1));
                let (input, output) = (&inputs[layer], &inputs[layer + 1]);
                let columns = weights.len() / bias.len();
                let mut by_sums = vec![0.0; (self.cnn.side_of(layer).pow(2) as usize) * bias.len()];
                for (at, place) in chosen[layer].iter().enumerate().filter(|(at, _)| output[*at] > 0.0) {
                    by_sums[*place] += by_output[at];
                }
                let mut by_input = vec![0.0; input.len()];
                self.each_product(layer, |at, channel, pairs| {
                    gradient[bias_at + channel] += by_sums[at];
                    for (x, w) in pairs {
                        gradient[weights_at + channel * columns + w] += by_sums[at] * input[*x];
                        by_input[*x] += by_sums[at] * weights[channel * columns + w];
                    }
                });
                by_output = by_input;
            }
        }
        gradient
    }
}

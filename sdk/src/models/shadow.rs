// SPDX-License-Identifier: Apache-2.0
//! The network on `f64`: what people read (loss, accuracy), and what the integer programs are measured against. No hash depends
//! on it.

use super::{
    mlp::{Mlp, ModelError, PARAMETER_FRAC_BITS},
    Samples,
};

/// How well a checkpoint does on samples.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Evaluation {
    /// Mean cross-entropy, in nats.
    pub loss: f64,
    /// Share of the samples that are classified right.
    pub accuracy: f64,
}

/// The parameters of a checkpoint on `f64`.
#[derive(Clone, Debug, PartialEq)]
pub struct Shadow {
    mlp: Mlp,
    parameters: Vec<f64>,
}

/// One sample's way through the network.
struct Activations {
    x: Vec<f64>,
    hidden: Vec<f64>,
    probabilities: Vec<f64>,
}

impl Shadow {
    /// The parameters of a checkpoint (or of a local result: its velocity is not needed).
    pub fn new(mlp: Mlp, checkpoint: &[u8]) -> Result<Self, ModelError> {
        let parameters = real(checkpoint, mlp.parameters() as usize, mlp.checkpoint_bytes())?;
        Ok(Self { mlp, parameters })
    }

    /// The parameters, in the layout of a checkpoint.
    pub fn parameters(&self) -> &[f64] {
        &self.parameters
    }

    /// The same network with other parameters.
    pub fn with_parameters(&self, parameters: Vec<f64>) -> Self {
        Self { mlp: self.mlp, parameters }
    }

    fn tensor(&self, index: usize) -> &[f64] {
        let range = self.mlp.layout()[index];
        &self.parameters[range.start as usize..][..range.len() as usize]
    }

    fn forward(&self, image: &[u8]) -> Activations {
        let one = f64::from(self.mlp.input_frac_bits).exp2();
        let x: Vec<f64> = image.iter().map(|pixel| f64::from(*pixel as i8) / one).collect();
        let hidden: Vec<f64> = affine(self.tensor(0), self.tensor(1), &x).into_iter().map(|z| z.max(0.0)).collect();
        let probabilities = softmax(affine(self.tensor(2), self.tensor(3), &hidden));
        Activations { x, hidden, probabilities }
    }

    /// Loss and accuracy on samples. A sample with a label that the network has no class for is wrong.
    pub fn evaluate(&self, samples: &Samples) -> Evaluation {
        evaluated(samples, self.mlp.inputs as usize, |image| self.forward(image).probabilities)
    }

    /// The gradient of the mean loss on samples, in the layout of a checkpoint.
    pub fn gradient(&self, samples: &Samples) -> Vec<f64> {
        let [w1, b1, w2, b2] = self.mlp.layout();
        let (inputs, hidden_units) = (self.mlp.inputs as usize, self.mlp.hidden as usize);
        let mut gradient = vec![0.0; self.parameters.len()];
        let scale = 1.0 / samples.len().max(1) as f64;
        for (image, label) in samples.images.chunks(inputs).zip(&samples.labels) {
            let Activations { x, hidden, probabilities } = self.forward(image);
            let mut by_hidden = vec![0.0; hidden_units];
            for (class, p) in probabilities.iter().enumerate() {
                let error = (p - f64::from(u8::from(class == usize::from(*label)))) * scale;
                let row = class * hidden_units;
                gradient[b2.start as usize + class] += error;
                for unit in 0..hidden_units {
                    gradient[w2.start as usize + row + unit] += error * hidden[unit];
                    by_hidden[unit] += error * self.tensor(2)[row + unit];
                }
            }
            for unit in (0..hidden_units).filter(|unit| hidden[*unit] > 0.0) {
                gradient[b1.start as usize + unit] += by_hidden[unit];
                for (input, x) in x.iter().enumerate() {
                    gradient[w1.start as usize + unit * inputs + input] += by_hidden[unit] * x;
                }
            }
        }
        gradient
    }
}

/// The first numbers of a checkpoint of `expected` bytes, or of a local result, which has no others.
pub(super) fn real(checkpoint: &[u8], numbers: usize, expected: usize) -> Result<Vec<f64>, ModelError> {
    let found = checkpoint.len();
    if found != expected && found != numbers * 4 {
        return Err(ModelError::Checkpoint { expected, found });
    }
    let one = f64::from(1u32 << PARAMETER_FRAC_BITS);
    let numbers = checkpoint.as_chunks::<4>().0.iter().take(numbers);
    Ok(numbers.map(|bytes| f64::from(i32::from_le_bytes(*bytes)) / one).collect())
}

/// Loss and accuracy of what says the probabilities of an image's classes.
pub(super) fn evaluated(samples: &Samples, pixels: usize, probabilities: impl Fn(&[u8]) -> Vec<f64>) -> Evaluation {
    let mut loss = 0.0;
    let mut right = 0usize;
    for (image, label) in samples.images.chunks(pixels).zip(&samples.labels) {
        let probabilities = probabilities(image);
        let wanted = probabilities.get(usize::from(*label)).copied().unwrap_or(0.0);
        loss -= wanted.max(f64::MIN_POSITIVE).ln();
        right += usize::from(probabilities.iter().all(|p| *p <= wanted));
    }
    let count = samples.len().max(1) as f64;
    Evaluation { loss: loss / count, accuracy: right as f64 / count }
}

/// Probabilities from logits.
pub(super) fn softmax(mut z: Vec<f64>) -> Vec<f64> {
    let most = z.iter().copied().fold(f64::MIN, f64::max);
    z.iter_mut().for_each(|z| *z = (*z - most).exp());
    let sum: f64 = z.iter().sum();
    z.iter_mut().for_each(|p| *p /= sum);
    z
}

pub(super) fn affine(weights: &[f64], bias: &[f64], x: &[f64]) -> Vec<f64> {
    weights
        .chunks(x.len())
        .zip(bias)
        .map(|(row, bias)| bias + row.iter().zip(x).map(|(w, x)| w * x).sum::<f64>())
        .collect()
}

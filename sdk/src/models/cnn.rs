// SPDX-License-Identifier: Apache-2.0
//! A convolutional classifier as exact programs: layers of a convolution, ReLU and maximum pooling, then one product to the
//! classes.
//!
//! **Numbers** are those of [`mlp`](super::mlp): `i32` parameters and momentum with [`PARAMETER_FRAC_BITS`], `i8` mantissas with
//! one exponent for each tensor that enters a product.
//!
//! **Checkpoint.** One `i32` vector: for each convolution its weights `[channels, kernel * kernel * channels before]` (a window row
//! by row, channels innermost) and biases `[channels]`, then the weights `[classes, side * side * channels]` and biases `[classes]`
//! of the classes, then the merge's velocity in the same layout.

mod shadow;
#[cfg(test)]
mod tests;

pub use shadow::CnnShadow;

use super::{
    job::{check_checkpoint, inference_job, training_job, BuiltJob, Terms},
    mlp::{
        inference_of, initial_checkpoint, local_training_of, merge_of, wanted_of, Gradient, ModelError, Range,
        Training, LOGIT_FRAC_BITS, MAX_UNITS, PARAMETER_FRAC_BITS, PROBABILITY_FRAC_BITS,
    },
    numbers::{add_number, mantissas, shift_right, to_frac_bits, Mantissas, Rounding},
    Samples,
};
use quern_program::{Checked, DType, ProgramBuilder, Var, Window2d};

const P: i32 = PARAMETER_FRAC_BITS as i32;

/// The network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cnn {
    /// Rows and columns of an image, which has one channel.
    pub side: u32,
    /// Channels of the convolutions, in order: one to three of them.
    pub channels: Vec<u32>,
    /// Rows and columns of a convolution's window: an odd number. The stride is 1; padding keeps the size.
    pub kernel: u8,
    /// Rows and columns of a pool, which are also its stride.
    pub pool: u8,
    /// Classes.
    pub classes: u32,
    /// Fractional bits of the pixels, which are `i8`.
    pub input_frac_bits: u8,
}

/// A convolution's way through a program.
struct Convolved {
    weights: Mantissas,
    /// What stands in its windows, `i8 [places, kernel * kernel * channels before]`.
    unfolded: Var,
    /// The exponent of what it read, and the fractional bits.
    input_exponent: Var,
    input_frac_bits: i32,
    /// The largest of each pool, before the ReLU, and their indices in the pools.
    pooled: Var,
    indices: Var,
}

/// What the backward pass needs of the forward pass.
struct Forward {
    layers: Vec<Convolved>,
    /// `i8 [images, features]`.
    features: Mantissas,
    features_frac_bits: i32,
    weights: Mantissas,
    logits: Var,
}

impl Cnn {
    /// The network for the handwritten digits.
    pub fn digits() -> Self {
        Self { side: 8, channels: vec![16, 32], kernel: 3, pool: 2, classes: 10, input_frac_bits: 4 }
    }

    fn check(&self) -> Result<(), ModelError> {
        if !(1..=3).contains(&self.channels.len()) {
            return Err(ModelError::Layers);
        }
        if self.kernel.is_multiple_of(2) || u32::from(self.kernel) > self.side || self.side > 1 << 8 {
            return Err(ModelError::Kernel);
        }
        let pooled = u32::from(self.pool).pow(self.channels.len() as u32);
        if self.pool == 0 || !self.side.is_multiple_of(pooled) {
            return Err(ModelError::Pool);
        }
        if self.channels.iter().chain([&self.classes]).any(|units| !(1..=MAX_UNITS >> 8).contains(units)) {
            Err(ModelError::Units)
        } else if self.classes > 127 {
            Err(ModelError::Classes)
        } else if self.input_frac_bits > 31 {
            Err(ModelError::Shift)
        } else {
            Ok(())
        }
    }

    fn window(&self) -> Window2d {
        Window2d::square(self.kernel, 1, self.kernel / 2)
    }

    fn pools(&self) -> Window2d {
        Window2d::square(self.pool, self.pool, 0)
    }

    /// Rows and columns of what the convolution `layer` reads; beyond the last, of the features.
    fn side_of(&self, layer: usize) -> u32 {
        self.side / u32::from(self.pool).pow(layer as u32)
    }

    /// Channels of what the convolution `layer` reads.
    fn channels_before(&self, layer: usize) -> u32 {
        layer.checked_sub(1).map_or(1, |before| self.channels[before])
    }

    /// Numbers that the product to the classes reads.
    fn features(&self) -> u32 {
        let layers = self.channels.len();
        self.side_of(layers).pow(2) * self.channels_before(layers)
    }

    /// Pixels of an image.
    pub fn pixels(&self) -> u32 {
        self.side.saturating_mul(self.side)
    }

    /// Weights and biases of each convolution, then of the classes.
    pub(crate) fn layout(&self) -> Vec<Range> {
        let area = u32::from(self.kernel).pow(2);
        let convolutions =
            self.channels.iter().enumerate().map(|(layer, channels)| (*channels, area * self.channels_before(layer)));
        let mut start = 0;
        let mut layout = Vec::new();
        for (rows, columns) in convolutions.chain([(self.classes, self.features())]) {
            for columns in [Some(columns), None] {
                let range = Range { start, rows, columns };
                start += range.len();
                layout.push(range);
            }
        }
        layout
    }

    /// Number of parameters.
    pub fn parameters(&self) -> u32 {
        self.layout().iter().map(Range::len).fold(0, u32::saturating_add)
    }

    /// Numbers in a checkpoint: the parameters and the velocity.
    pub fn checkpoint_len(&self) -> u32 {
        self.parameters().saturating_mul(2)
    }

    /// Bytes of a checkpoint.
    pub fn checkpoint_bytes(&self) -> usize {
        self.checkpoint_len() as usize * 4
    }

    /// The first checkpoint, drawn as that of [`Mlp`](super::Mlp::initial_checkpoint): weights uniform within
    /// `sqrt(6 / numbers that a sum of their layer reads)`; biases and velocity zero.
    pub fn initial_checkpoint(&self, seed: [u8; 32]) -> Result<Vec<u8>, ModelError> {
        self.check()?;
        Ok(initial_checkpoint(&self.layout(), self.checkpoint_len(), seed))
    }

    /// Local training. Inputs: a checkpoint; the task's images, `i8 [samples, side * side]`; their classes, `i8 [samples, 1]`.
    /// Output: the parameters after all steps, `i32 [parameters]`.
    pub fn local_training(&self, training: &Training) -> Result<Checked, ModelError> {
        self.check()?;
        training.check()?;
        local_training_of(&self.layout(), self.pixels(), training, |b, images, labels, w| {
            self.gradients(b, training, images, labels, w)
        })
    }

    /// The merge of a round, as that of [`Mlp`](super::Mlp::merge).
    pub fn merge(&self, training: &Training) -> Result<Checked, ModelError> {
        self.check()?;
        training.check()?;
        merge_of(self.parameters(), training)
    }

    /// Inference. Inputs: a checkpoint; images, `i8 [images, side * side]`. Output: their classes, `i8 [images]`.
    pub fn inference(&self, images: u32) -> Result<Checked, ModelError> {
        self.check()?;
        inference_of(&self.layout(), self.pixels(), images, |b, parameters, images| {
            self.forward(b, parameters, images).logits
        })
    }

    fn forward(&self, b: &mut ProgramBuilder, parameters: &[Var], images: Var) -> Forward {
        let count = images.shape().dim(0);
        let zero = b.scalar(0);
        let x = b.reshape(images, &[count, self.side, self.side, 1]);
        let mut x = Mantissas { x, exponent: zero };
        // x stands for x * 2^(exponent - frac_bits).
        let mut frac_bits = i32::from(self.input_frac_bits);
        let mut layers = Vec::new();
        for (layer, channels) in self.channels.iter().enumerate() {
            let side = self.side_of(layer);
            let weights = mantissas(b, parameters[2 * layer], Rounding::Nearest);
            let unfolded = b.unfold2d(x.x, self.window(), 0);
            let unfolded = b.reshape(unfolded, &[count * side * side, unfolded.shape().last()]);
            let sum = b.matmul_nt(unfolded, weights.x);
            let exponent = b.add(x.exponent, weights.exponent);
            let shift = add_number(b, exponent, -frac_bits);
            let bias = b.shift_round(parameters[2 * layer + 1], shift);
            let sum = b.add(sum, bias);
            let sum = b.reshape(sum, &[count, side, side, *channels]);
            // The largest of the ReLU is the ReLU of the largest.
            let (pooled, indices) = b.max_pool2d(sum, self.pools());
            let relu = b.clamp(pooled, 0, i32::MAX);
            let next = mantissas(b, relu, Rounding::Nearest);
            let next = Mantissas { x: next.x, exponent: b.add(next.exponent, exponent) };
            let (input_exponent, input_frac_bits) = (x.exponent, frac_bits);
            layers.push(Convolved { weights, unfolded, input_exponent, input_frac_bits, pooled, indices });
            x = next;
            frac_bits += P;
        }
        let features = Mantissas { x: b.reshape(x.x, &[count, self.features()]), exponent: x.exponent };
        let last = 2 * self.channels.len();
        let weights = mantissas(b, parameters[last], Rounding::Nearest);
        let sum = b.matmul_nt(features.x, weights.x);
        let exponent = b.add(features.exponent, weights.exponent);
        let logit_frac = i32::from(LOGIT_FRAC_BITS);
        let sum = to_frac_bits(b, sum, exponent, frac_bits + P, logit_frac, Rounding::Nearest);
        let bias = shift_right(b, parameters[last + 1], P - logit_frac);
        let logits = b.add(sum, bias);
        Forward { layers, features, features_frac_bits: frac_bits, weights, logits }
    }

    /// The gradients of all parameters on one batch, in the order of the layout.
    fn gradients(
        &self,
        b: &mut ProgramBuilder,
        training: &Training,
        images: Var,
        labels: Var,
        parameters: &[Var],
    ) -> Vec<Gradient> {
        let indices = training.batch_indices(b);
        let x = b.gather(images, indices);
        let wanted = wanted_of(b, labels, indices, training.batch, self.classes);
        let forward = self.forward(b, parameters, x);
        let probabilities = b.softmax(forward.logits, LOGIT_FRAC_BITS);

        // What a tensor of errors stands for: x * 2^(exponent - frac_bits).
        let error = b.sub(probabilities, wanted);
        let error = mantissas(b, error, Rounding::Stochastic);
        let mut frac_bits = i32::from(PROBABILITY_FRAC_BITS);
        let error_t = b.transpose(error.x);
        let features_t = b.transpose(forward.features.x);
        let by_weights = Gradient {
            sum: b.matmul_nt(error_t, features_t),
            exponent: b.add(error.exponent, forward.features.exponent),
            frac_bits: frac_bits + forward.features_frac_bits,
        };
        let by_bias = Gradient { sum: b.col_sum(error.x), exponent: error.exponent, frac_bits };
        let mut gradients = vec![by_bias, by_weights];

        let weights_t = b.transpose(forward.weights.x);
        let mut by_output = b.matmul_nt(error.x, weights_t);
        let mut exponent = b.add(error.exponent, forward.weights.exponent);
        for (layer, convolved) in forward.layers.iter().enumerate().rev() {
            frac_bits += P;
            let (channels, side) = (self.channels[layer], self.side_of(layer));
            let pooled_side = self.side_of(layer + 1);
            let by_pooled = b.reshape(by_output, &[training.batch, pooled_side, pooled_side, channels]);
            let active = b.clamp(convolved.pooled, 0, 1);
            let by_pooled = b.mul(by_pooled, active);
            let delta = mantissas(b, by_pooled, Rounding::Stochastic);
            exponent = b.add(exponent, delta.exponent);
            let by_place = b.reshape(delta.x, &[training.batch * pooled_side * pooled_side, channels]);
            let by_bias = Gradient { sum: b.col_sum(by_place), exponent, frac_bits };

            // Pools do not overlap, so each sum is of one number of eight bits at most.
            let by_sums = b.max_pool2d_gradient(delta.x, convolved.indices, self.pools(), [side; 2]);
            let by_sums = b.cast(by_sums, DType::I8);
            let by_sums = b.reshape(by_sums, &[training.batch * side * side, channels]);
            let by_sums_t = b.transpose(by_sums);
            let unfolded_t = b.transpose(convolved.unfolded);
            let by_weights = Gradient {
                sum: b.matmul_nt(by_sums_t, unfolded_t),
                exponent: b.add(exponent, convolved.input_exponent),
                frac_bits: frac_bits + convolved.input_frac_bits,
            };
            gradients.extend([by_bias, by_weights]);
            if layer > 0 {
                let weights_t = b.transpose(convolved.weights.x);
                let by_windows = b.matmul_nt(by_sums, weights_t);
                let depth = by_windows.shape().last();
                let by_windows = b.reshape(by_windows, &[training.batch, side, side, depth]);
                by_output = b.fold2d(by_windows, self.window(), [side; 2]);
                exponent = b.add(exponent, convolved.weights.exponent);
            }
        }
        gradients.reverse();
        gradients
    }
}

/// Rounds of local training, each followed by its merge, in the stages of a [`TrainingJob`](super::TrainingJob).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CnnTrainingJob {
    /// The network.
    pub cnn: Cnn,
    /// How it is trained.
    pub training: Training,
    /// Number of rounds.
    pub rounds: u16,
    /// Tasks of a shard of local training.
    pub shard_size: u32,
}

impl CnnTrainingJob {
    /// The training of the handwritten digits.
    pub fn digits() -> Self {
        let training = Training { rate_shift: 5, ..Training::digits() };
        Self { cnn: Cnn::digits(), training, rounds: 4, shard_size: 2 }
    }

    /// The job from a first checkpoint; the samples are shared out as by [`TrainingJob`](super::TrainingJob::build).
    pub fn build(&self, initial: Vec<u8>, samples: &Samples, terms: &Terms) -> Result<BuiltJob, ModelError> {
        self.cnn.check()?;
        samples.check(self.cnn.pixels(), self.cnn.classes)?;
        check_checkpoint(self.cnn.checkpoint_bytes(), &initial)?;
        let programs = [self.cnn.local_training(&self.training)?, self.cnn.merge(&self.training)?];
        training_job(programs, &self.training, self.rounds, self.shard_size, initial, samples, terms)
    }
}

/// Classification of images by a checkpoint, in one stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CnnInferenceJob {
    /// The network.
    pub cnn: Cnn,
    /// Images of a task.
    pub images: u32,
    /// Tasks of a shard.
    pub shard_size: u32,
}

impl CnnInferenceJob {
    /// The classification of the handwritten digits: 360 images are 6 tasks in 3 shards.
    pub fn digits() -> Self {
        Self { cnn: Cnn::digits(), images: 60, shard_size: 2 }
    }

    /// The job, filled up as by [`InferenceJob`](super::InferenceJob::build).
    pub fn build(&self, checkpoint: Vec<u8>, samples: &Samples, terms: &Terms) -> Result<BuiltJob, ModelError> {
        self.cnn.check()?;
        samples.check(self.cnn.pixels(), self.cnn.classes)?;
        check_checkpoint(self.cnn.checkpoint_bytes(), &checkpoint)?;
        let program = self.cnn.inference(self.images)?;
        inference_job(program, self.images, self.shard_size, checkpoint, samples, terms)
    }
}

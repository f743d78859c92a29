// SPDX-License-Identifier: Apache-2.0
//! A classifier with one hidden layer (ReLU) as exact programs.
//!
//! **Numbers.** Parameters and momentum are `i32` with [`PARAMETER_FRAC_BITS`]. What enters a product is `i8`: mantissas that
//! share one exponent, the least that makes the largest of them fit, found by a max-abs reduction. So a tensor `x` of the
//! program stands for `x * 2^(e - f)`, where `f` is known when the program is written and `e` is computed with it. Nearest
//! rounding forward, stochastic rounding of gradients and updates.
//!
//! **Checkpoint.** One `i32` vector: `w1 [hidden, inputs]`, `b1 [hidden]`, `w2 [outputs, hidden]`, `b2 [outputs]`, then the
//! merge's velocity in the same layout. Local training reads a checkpoint and yields parameters; the merge reads a checkpoint
//! and the parameters of all tasks, and yields the next checkpoint.

use super::numbers::{add_number, mantissas, shift_right, to_frac_bits, Mantissas, Rounding};
use quern_primitives::draw::Draw;
use quern_program::{
    builder::{diagonal, BuildError},
    Checked, DType, ProgramBuilder, Var,
};

/// Fractional bits of parameters, momentum and velocity.
pub const PARAMETER_FRAC_BITS: u8 = 20;
/// Fractional bits of the logits.
pub(crate) const LOGIT_FRAC_BITS: u8 = 12;
/// Fractional bits of a softmax.
pub(crate) const PROBABILITY_FRAC_BITS: u8 = 15;
/// Most samples a task: 2^16 times as many fit an `i32`.
pub const MAX_SAMPLES: u32 = 1 << 14;
/// Most units of a layer: a sum of as many products of `i8` stays below 2^30.
pub const MAX_UNITS: u32 = 1 << 16;

/// Why a model, its data or a job is not possible.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// A layer has no units, or too many.
    #[error("a layer has 1 to {MAX_UNITS} units")]
    Units,
    /// There are more classes than an `i8` can name.
    #[error("a classifier has at most 127 classes")]
    Classes,
    /// A convolutional network has no layers, or too many.
    #[error("a convolutional network has 1 to 3 convolutions")]
    Layers,
    /// The windows of a convolution are even, or larger than the image.
    #[error("the window of a convolution has an odd side, at most the image's, which is at most 256")]
    Kernel,
    /// The pools do not divide the image.
    #[error("the side of an image is a multiple of all its pools, one for each convolution")]
    Pool,
    /// The batch is not a power of two, or is larger than 2^14.
    #[error("a batch has a power of two of samples, at most 2^14")]
    Batch,
    /// A task has no samples, or too many.
    #[error("a task has 1 to {MAX_SAMPLES} samples")]
    SampleCount,
    /// The number of tasks is not a power of two, or is larger than 2^14.
    #[error("a round has a power of two of tasks, at most 2^14")]
    Tasks,
    /// There are no loop steps.
    #[error("local training has at least one step")]
    Steps,
    /// A shift is above 31.
    #[error("a shift is at most 31")]
    Shift,
    /// The width of a transformer is not a power of two, or not a multiple of its heads.
    #[error("a transformer's width is a power of two and a multiple of its heads")]
    Width,
    /// The width of a head is not a power of four.
    #[error("the width of a head (the width by the heads) is a power of four, so that its root is a power of two")]
    HeadWidth,
    /// Heads of queries are not shared evenly, or a head is odd.
    #[error("the heads of queries are a multiple of those of keys, and a head has an even width")]
    Heads,
    /// A constant of the network makes no sense.
    #[error("the number that norms add is at least 0 and below 1, and the base of rotations at least 1")]
    Constants,
    /// A tensor is too large for an input of a program.
    #[error("a tensor of {rows} by {columns} is larger than the {most} bytes of an input; a smaller width fits")]
    TensorTooLarge {
        /// Its rows.
        rows: u32,
        /// Its columns.
        columns: u32,
        /// Most bytes.
        most: u64,
    },
    /// All weights are too large for the inputs of a program.
    #[error("the weights have {bytes} bytes, the inputs of a program hold at most {most}; a smaller model fits")]
    WeightsTooLarge {
        /// What they have.
        bytes: u64,
        /// Most bytes.
        most: u64,
    },
    /// The layers have more operators or tensors of state than a program may have.
    #[error("{layers} layers have more operators or tensors of state than a program may have; about thirty fit")]
    TooDeep {
        /// The layers.
        layers: u32,
    },
    /// A text has more positions than the model's blobs are for.
    #[error(
        "a text has 1 to {most} positions here, this one {found}; import the model for longer ones, or ask for less"
    )]
    Positions {
        /// What it has.
        found: u32,
        /// Most.
        most: u32,
    },
    /// Scales or packing are of another model.
    #[error("the scales have another number of layers than the model: import it again")]
    Scales,
    /// A text is too short, or too long.
    #[error("a task's text has {expected} to 2^20 bytes, this one {found}")]
    Text {
        /// The least: one window.
        expected: u32,
        /// Bytes of this one.
        found: u32,
    },
    /// A text to be generated has no prompt or no length, or is too long.
    #[error("a prompt has 1 to 2^20 bytes, and what is generated after it too")]
    Generated,
    /// A temperature or a number of likeliest symbols is out of bounds.
    #[error("the inverse temperature is above 0 and at most 16, and the number of likeliest symbols at least 1")]
    Sampling,
    /// A job has no rounds, or more than its stages can hold.
    #[error("a training job has 1 to 32 rounds")]
    Rounds,
    /// A job has an input list or an endpoint list that is too long.
    #[error("a list of the job is too long")]
    TooLong,
    /// The samples are none, or not of the model's size.
    #[error("the samples do not fit the model")]
    Samples,
    /// A checkpoint has another length.
    #[error("the checkpoint has {found} bytes, the model's has {expected}")]
    Checkpoint {
        /// Bytes of the model's checkpoints.
        expected: usize,
        /// Bytes of this one.
        found: usize,
    },
    /// The program is not valid.
    #[error("the program is not valid: {0}")]
    Program(#[from] BuildError),
}

/// The network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mlp {
    /// Inputs.
    pub inputs: u32,
    /// Units of the hidden layer.
    pub hidden: u32,
    /// Classes.
    pub outputs: u32,
    /// Fractional bits of the inputs, which are `i8`.
    pub input_frac_bits: u8,
}

/// How it is trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Training {
    /// Tasks of a round: a power of two.
    pub tasks: u32,
    /// Samples of a task.
    pub samples: u32,
    /// Samples of a step, drawn with replacement: a power of two.
    pub batch: u32,
    /// Steps of a task.
    pub steps: u32,
    /// The learning rate is `2^-rate_shift`.
    pub rate_shift: u8,
    /// The momentum of a step is `1 - 2^-friction_shift`. It starts at zero in every round.
    pub friction_shift: u8,
    /// The (Nesterov) momentum of the merge is `2^-outer_shift`; with 31 there is none.
    pub outer_shift: u8,
}

/// Where a parameter tensor lies in a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub start: u32,
    pub rows: u32,
    /// A matrix has columns, a bias has none.
    pub columns: Option<u32>,
}

impl Range {
    pub fn len(&self) -> u32 {
        self.rows * self.columns.unwrap_or(1)
    }
}

/// The parameters as values of a program.
struct Parameters {
    w1: Var,
    b1: Var,
    w2: Var,
    b2: Var,
}

/// What the backward pass needs of the forward pass.
struct Forward {
    w2: Mantissas,
    before_relu: Var,
    hidden: Mantissas,
    logits: Var,
}

/// A gradient as a sum of products: it stands for `sum * 2^(exponent - frac_bits)`.
pub(crate) struct Gradient {
    pub sum: Var,
    pub exponent: Var,
    pub frac_bits: i32,
}

const P: i32 = PARAMETER_FRAC_BITS as i32;

impl Mlp {
    /// The network for the handwritten digits.
    pub const fn digits() -> Self {
        Self { inputs: 64, hidden: 128, outputs: 10, input_frac_bits: 4 }
    }

    fn check(&self) -> Result<(), ModelError> {
        if [self.inputs, self.hidden, self.outputs].iter().any(|units| !(1..=MAX_UNITS).contains(units)) {
            Err(ModelError::Units)
        } else if self.outputs > 127 {
            Err(ModelError::Classes)
        } else if self.input_frac_bits > 31 {
            Err(ModelError::Shift)
        } else {
            Ok(())
        }
    }

    /// Number of parameters.
    pub fn parameters(&self) -> u32 {
        self.layout().iter().map(Range::len).fold(0, u32::saturating_add)
    }

    /// Numbers in a checkpoint: the parameters and the velocity.
    pub fn checkpoint_len(&self) -> u32 {
        checkpoint_len(&self.layout())
    }

    /// Bytes of a checkpoint.
    pub fn checkpoint_bytes(&self) -> usize {
        self.checkpoint_len() as usize * 4
    }

    /// `w1`, `b1`, `w2`, `b2`.
    pub(crate) fn layout(&self) -> [Range; 4] {
        let mut start = 0;
        [(self.hidden, Some(self.inputs)), (self.hidden, None), (self.outputs, Some(self.hidden)), (self.outputs, None)]
            .map(|(rows, columns)| {
                let range = Range { start, rows, columns };
                start += range.len();
                range
            })
    }

    /// The first checkpoint: weights uniform within `sqrt(6 / inputs of their layer)`, drawn in order by [`Draw`] of this
    /// seed; biases and velocity zero.
    pub fn initial_checkpoint(&self, seed: [u8; 32]) -> Result<Vec<u8>, ModelError> {
        self.check()?;
        Ok(initial_checkpoint(&self.layout(), self.checkpoint_len(), seed))
    }

    /// Local training. Inputs: a checkpoint; the task's images, `i8 [samples, inputs]`; their classes, `i8 [samples, 1]`.
    /// Output: the parameters after all steps, `i32 [parameters]`.
    pub fn local_training(&self, training: &Training) -> Result<Checked, ModelError> {
        self.check()?;
        training.check()?;
        local_training_of(&self.layout(), self.inputs, training, |b, images, labels, w| {
            self.gradients(b, training, images, labels, &Parameters::new(w)).into()
        })
    }

    /// The merge of a round. Inputs: the checkpoint that the tasks started from; their outputs, `i32 [tasks, parameters]`.
    /// Output: the next checkpoint. With `d` the mean of the tasks' changes and `k = 2^-outer_shift`, the velocity becomes
    /// `v' = k v + d` and the parameters `w' = w + d + k v'`.
    pub fn merge(&self, training: &Training) -> Result<Checked, ModelError> {
        self.check()?;
        training.check()?;
        merge_of(self.parameters(), training)
    }

    /// Inference. Inputs: a checkpoint; images, `i8 [images, inputs]`. Output: their classes, `i8 [images]`.
    pub fn inference(&self, images: u32) -> Result<Checked, ModelError> {
        self.check()?;
        inference_of(&self.layout(), self.inputs, images, |b, parameters, images| {
            self.forward(b, &Parameters::new(parameters), images).logits
        })
    }

    fn forward(&self, b: &mut ProgramBuilder, parameters: &Parameters, x: Var) -> Forward {
        let x_frac = i32::from(self.input_frac_bits);
        let logit_frac = i32::from(LOGIT_FRAC_BITS);
        let w1 = mantissas(b, parameters.w1, Rounding::Nearest);
        let w2 = mantissas(b, parameters.w2, Rounding::Nearest);

        // Stands for before_relu * 2^(w1.exponent - P - x_frac).
        let sum = b.matmul_nt(x, w1.x);
        let shift = add_number(b, w1.exponent, -x_frac);
        let bias = b.shift_round(parameters.b1, shift);
        let before_relu = b.add(sum, bias);
        let relu = b.clamp(before_relu, 0, i32::MAX);

        // Stands for hidden.x * 2^(hidden.exponent - P - x_frac), the exponent now being that of both.
        let hidden = mantissas(b, relu, Rounding::Nearest);
        let hidden = Mantissas { x: hidden.x, exponent: b.add(hidden.exponent, w1.exponent) };

        let sum = b.matmul_nt(hidden.x, w2.x);
        let exponent = b.add(hidden.exponent, w2.exponent);
        let sum = to_frac_bits(b, sum, exponent, 2 * P + x_frac, logit_frac, Rounding::Nearest);
        let bias = shift_right(b, parameters.b2, P - logit_frac);
        let logits = b.add(sum, bias);
        Forward { w2, before_relu, hidden, logits }
    }

    /// The gradients of `w1`, `b1`, `w2`, `b2` on one batch.
    fn gradients(
        &self,
        b: &mut ProgramBuilder,
        training: &Training,
        images: Var,
        labels: Var,
        parameters: &Parameters,
    ) -> [Gradient; 4] {
        let x_frac = i32::from(self.input_frac_bits);
        let one = i32::from(PROBABILITY_FRAC_BITS);

        let indices = training.batch_indices(b);
        let x = b.gather(images, indices);
        let wanted = wanted_of(b, labels, indices, training.batch, self.outputs);

        let forward = self.forward(b, parameters, x);
        let probabilities = b.softmax(forward.logits, LOGIT_FRAC_BITS);

        // The loss's gradient by the logits: error.x * 2^(error.exponent - one).
        let error = b.sub(probabilities, wanted);
        let error = mantissas(b, error, Rounding::Stochastic);
        let error_t = b.transpose(error.x);
        let hidden_t = b.transpose(forward.hidden.x);
        let by_w2 = b.matmul_nt(error_t, hidden_t);
        let by_w2_exponent = b.add(error.exponent, forward.hidden.exponent);
        let by_b2 = b.col_sum(error.x);

        // By the hidden layer's sums: delta.x * 2^(delta.exponent - one - P), the exponent being that of all three.
        let w2_t = b.transpose(forward.w2.x);
        let by_hidden = b.matmul_nt(error.x, w2_t);
        let active = b.clamp(forward.before_relu, 0, 1);
        let by_sums = b.mul(by_hidden, active);
        let delta = mantissas(b, by_sums, Rounding::Stochastic);
        let exponent = b.add(error.exponent, forward.w2.exponent);
        let delta = Mantissas { x: delta.x, exponent: b.add(delta.exponent, exponent) };
        let delta_t = b.transpose(delta.x);
        let x_t = b.transpose(x);
        let by_w1 = b.matmul_nt(delta_t, x_t);
        let by_b1 = b.col_sum(delta.x);

        [
            Gradient { sum: by_w1, exponent: delta.exponent, frac_bits: one + P + x_frac },
            Gradient { sum: by_b1, exponent: delta.exponent, frac_bits: one + P },
            Gradient { sum: by_w2, exponent: by_w2_exponent, frac_bits: one + P + x_frac },
            Gradient { sum: by_b2, exponent: error.exponent, frac_bits: one },
        ]
    }
}

/// The parameters of a checkpoint, in the order of the layout.
fn unpack(b: &mut ProgramBuilder, layout: &[Range], checkpoint: Var) -> Vec<Var> {
    let unpack = |range: &Range| {
        let x = b.slice(checkpoint, 0, range.start, range.len());
        match range.columns {
            Some(columns) => b.reshape(x, &[range.rows, columns]),
            None => x,
        }
    };
    layout.iter().map(unpack).collect()
}

fn checkpoint_len(layout: &[Range]) -> u32 {
    layout.iter().map(Range::len).fold(0, u32::saturating_add).saturating_mul(2)
}

/// Local training of a classifier with this layout, as [`Mlp::local_training`] says, given the gradients of its parameters on
/// images, `i8 [samples, pixels]`, and labels.
pub(crate) fn local_training_of(
    layout: &[Range],
    pixels: u32,
    training: &Training,
    gradients: impl FnOnce(&mut ProgramBuilder, Var, Var, &[Var]) -> Vec<Gradient>,
) -> Result<Checked, ModelError> {
    let mut b = ProgramBuilder::new();
    let checkpoint = b.input(DType::I32, &[checkpoint_len(layout)]);
    let images = b.input(DType::I8, &[training.samples, pixels]);
    let labels = b.input(DType::I8, &[training.samples, 1]);

    let parameters = unpack(&mut b, layout, checkpoint);
    let momentum: Vec<Var> = parameters.iter().map(|x| b.sub(*x, *x)).collect();
    let state = b.begin_body(&[parameters, momentum].concat());

    let (w, momentum) = state.split_at(layout.len());
    let gradients = gradients(&mut b, images, labels, w);
    let mut next = (Vec::new(), Vec::new());
    for ((w, m), gradient) in w.iter().zip(momentum).zip(gradients) {
        let (w, m) = training.update(&mut b, *w, *m, &gradient);
        next.0.push(w);
        next.1.push(m);
    }
    let state = b.begin_finish(&[next.0, next.1].concat(), training.steps);

    let flat: Vec<Var> = state.iter().zip(layout).map(|(x, range)| b.reshape(*x, &[range.len()])).collect();
    let output = b.concat(0, &flat);
    Ok(b.build(output)?)
}

/// Inference of a classifier with this layout, as [`Mlp::inference`] says, given the logits of its parameters on images.
pub(crate) fn inference_of(
    layout: &[Range],
    pixels: u32,
    images: u32,
    logits: impl FnOnce(&mut ProgramBuilder, &[Var], Var) -> Var,
) -> Result<Checked, ModelError> {
    if !(1..=MAX_SAMPLES).contains(&images) {
        return Err(ModelError::SampleCount);
    }
    let mut b = ProgramBuilder::new();
    let checkpoint = b.input(DType::I32, &[checkpoint_len(layout)]);
    let images = b.input(DType::I8, &[images, pixels]);
    let parameters = unpack(&mut b, layout, checkpoint);
    let logits = logits(&mut b, &parameters, images);
    let class = b.row_argmax(logits);
    let class = b.cast(class, DType::I8);
    Ok(b.build(class)?)
}

impl Training {
    /// The training of the handwritten digits: 8 tasks of 180 images.
    pub const fn digits() -> Self {
        Self { tasks: 8, samples: 180, batch: 32, steps: 40, rate_shift: 3, friction_shift: 4, outer_shift: 1 }
    }

    pub(crate) fn check(&self) -> Result<(), ModelError> {
        let small_power = |x: u32| x.is_power_of_two() && x <= 1 << 14;
        if !small_power(self.tasks) {
            Err(ModelError::Tasks)
        } else if !small_power(self.batch) {
            Err(ModelError::Batch)
        } else if !(1..=MAX_SAMPLES).contains(&self.samples) {
            Err(ModelError::SampleCount)
        } else if self.steps == 0 {
            Err(ModelError::Steps)
        } else if [self.rate_shift, self.friction_shift, self.outer_shift].iter().any(|shift| *shift > 31) {
            Err(ModelError::Shift)
        } else {
            Ok(())
        }
    }

    /// The samples of a step, drawn with replacement: `floor(word * samples / 2^16)` of the upper half of a random word.
    pub(crate) fn batch_indices(&self, b: &mut ProgramBuilder) -> Var {
        let samples = self.samples as i32;
        let word = b.random(&[self.batch]);
        let word = shift_right(b, word, 16);
        let count = b.scalar(samples);
        let index = b.mul(word, count);
        // The word is signed; and half a unit less makes nearest rounding round down.
        let index = add_number(b, index, (samples - 1) << 15);
        shift_right(b, index, 16)
    }

    /// A parameter and its momentum after a step.
    pub(crate) fn update(&self, b: &mut ProgramBuilder, w: Var, m: Var, gradient: &Gradient) -> (Var, Var) {
        // The mean over the batch is a sum with more fractional bits.
        let frac_bits = gradient.frac_bits + self.batch.ilog2() as i32;
        let gradient = to_frac_bits(b, gradient.sum, gradient.exponent, frac_bits, P, Rounding::Stochastic);
        let lost = shift_right(b, m, i32::from(self.friction_shift));
        let kept = b.sub(m, lost);
        let m = b.add(kept, gradient);
        let rate = b.scalar(i32::from(self.rate_shift));
        let change = b.shift_stochastic(m, rate);
        (b.sub(w, change), m)
    }
}

impl Parameters {
    fn new(tensors: &[Var]) -> Self {
        match *tensors {
            [w1, b1, w2, b2] => Self { w1, b1, w2, b2 },
            _ => unreachable!("a network has four parameter tensors"),
        }
    }
}

/// The first checkpoint of a layout, in `len` numbers.
pub(crate) fn initial_checkpoint(layout: &[Range], len: u32, seed: [u8; 32]) -> Vec<u8> {
    let mut draw = Draw::new(seed);
    let mut values = vec![0i32; len as usize];
    for range in layout {
        let Some(columns) = range.columns else { continue };
        let bound = ((6u64 << (2 * PARAMETER_FRAC_BITS)) / u64::from(columns)).isqrt();
        for value in values.iter_mut().skip(range.start as usize).take(range.len() as usize) {
            *value = (draw.below(2 * bound + 1) as i64 - bound as i64) as i32;
        }
    }
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// The merge of a network of this many parameters: see [`Mlp::merge`].
pub(crate) fn merge_of(parameters: u32, training: &Training) -> Result<Checked, ModelError> {
    let mut b = ProgramBuilder::new();
    let checkpoint = b.input(DType::I32, &[parameters.saturating_mul(2)]);
    let results = b.input(DType::I32, &[training.tasks, parameters]);

    let w = b.slice(checkpoint, 0, 0, parameters);
    let v = b.slice(checkpoint, 0, parameters, parameters);
    let changes = b.sub(results, w);
    let sum = b.col_sum(changes);
    let mean = shift_right(&mut b, sum, training.tasks.ilog2() as i32);
    let kept = shift_right(&mut b, v, i32::from(training.outer_shift));
    let v = b.add(kept, mean);
    let ahead = shift_right(&mut b, v, i32::from(training.outer_shift));
    let change = b.add(mean, ahead);
    let w = b.add(w, change);
    let next = b.concat(0, &[w, v]);
    Ok(b.build(next)?)
}

/// The probabilities that are wanted for a batch, `i32 [batch, classes]` with [`PROBABILITY_FRAC_BITS`].
pub(crate) fn wanted_of(b: &mut ProgramBuilder, labels: Var, indices: Var, batch: u32, classes: u32) -> Var {
    let labels = b.gather(labels, indices);
    let labels = b.reshape(labels, &[batch]);
    let rows = diagonal(classes, 1 << PROBABILITY_FRAC_BITS);
    let rows = b.constant(DType::I32, &[classes, classes], &rows);
    b.gather(rows, labels)
}

// SPDX-License-Identifier: Apache-2.0
//! The program of a network on integers. Images are `[images, height, width, channels]` in it, so that a window's row is contiguous; what
//! goes in, and what is flattened, is in ONNX's order.

use super::{
    network::{Layer, Network, Operation, Shape, Window},
    quantise::{Exact, Part, Quantised},
};
use quern_program::{builder::BuildError, ops::Window2d, Checked, DType, ProgramBuilder, Var};

/// Numbers of a sum: the proofs for one element stay short.
const MAX_DEPTH: u32 = 8_192;

/// What a program yields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// The index of the largest logit of each image: `i8 [images]`, or `i16` when there are more than 127 classes.
    Classes,
    /// `i32 [images, classes]`.
    Logits,
}

struct Writer<'a> {
    b: ProgramBuilder,
    network: &'a Network,
    quantised: &'a Quantised,
    numbers: Var,
    weights: Vec<Var>,
    images: u32,
}

fn small(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

/// The program for so many images. Inputs: the images, `i8 [images, numbers of each]`; biases, shifts and reciprocals, `i32`; the blobs of
/// weights, `i8`.
pub(super) fn program(
    network: &Network,
    quantised: &Quantised,
    images: u32,
    output: Output,
) -> Result<Checked, BuildError> {
    let mut b = ProgramBuilder::new();
    let input = b.input(DType::I8, &[images, small(network.input_shape().elements())]);
    let numbers = b.input(DType::I32, &[small(quantised.numbers.len())]);
    let weights = quantised.weights.iter().map(|blob| b.input(DType::I8, &[small(blob.len())])).collect();
    let mut writer = Writer { b, network, quantised, numbers, weights, images };
    let mut values = vec![writer.unflattened(input, network.input_shape())];
    for index in 1..network.layers.len() {
        let value = writer.layer(index, &values);
        values.push(value);
        if let Some(error) = writer.b.error() {
            return Err(error);
        }
    }
    let logits = writer.flattened(values[network.output], network.layers[network.output].shape);
    let result = match output {
        Output::Logits => writer.b.cast(logits, DType::I32),
        Output::Classes => {
            let class = writer.b.row_argmax(logits);
            writer.b.cast(class, if network.classes() <= 127 { DType::I8 } else { DType::I16 })
        }
    };
    writer.b.build(result)
}

impl Writer<'_> {
    fn layer(&mut self, index: usize, values: &[Var]) -> Var {
        let (network, exact) = (self.network, self.quantised.layers[index]);
        let layer = &network.layers[index];
        let input = |number: usize| (values[layer.inputs[number]], network.layers[layer.inputs[number]].shape);
        let (x, shape) = input(0);
        let to = if self.quantised.wide == Some(index) { DType::I32 } else { DType::I8 };
        match (&layer.operation, exact) {
            (Operation::MaxPool(window), _) => {
                let (rows, dims) = self.b.pool_windows2d(x, symmetric(window), i32::MIN);
                let largest = self.b.row_max(rows);
                let largest = self.b.reshape(largest, &dims);
                self.b.cast(largest, x.ty().dtype)
            }
            (Operation::AveragePool { window, .. }, Exact::Mean { reciprocals, shift }) => {
                let (rows, dims) = self.b.pool_windows2d(x, symmetric(window), 0);
                let sum = self.b.row_sum(rows);
                let [images, down, across, channels] = dims;
                let sum = self.b.reshape(sum, &[images, down.saturating_mul(across).saturating_mul(channels)]);
                let reciprocals = self.number(reciprocals);
                let mean = self.b.mul(sum, reciprocals);
                let mean = self.b.reshape(mean, &dims);
                let shift = self.b.scalar(shift);
                self.narrowed(layer, mean, shift, to)
            }
            (Operation::Add, Exact::Sum(shifts)) => {
                let [a, b, shift] = shifts.map(|shift| self.b.scalar(shift));
                let a = self.b.shift_round(x, a);
                let b = self.b.shift_round(input(1).0, b);
                let sum = self.b.add(a, b);
                self.narrowed(layer, sum, shift, to)
            }
            (operation, Exact::Product { weights, bias, shifts, window }) => {
                let bias = self.number(bias);
                let shifts = self.number(shifts);
                let outputs = bias.shape().last();
                let all = self.weights[weights.blob];
                let depth = weights.len.checked_div(outputs).unwrap_or(0);
                let weights = self.b.slice(all, 0, weights.start, weights.len);
                let weights = self.b.reshape(weights, &[outputs, depth]);
                let sum = match operation {
                    Operation::Convolution { groups, .. } => {
                        self.convolution(x, shape, weights, window, small(*groups))
                    }
                    _ => self.product(x, weights),
                };
                let sum = self.b.add(sum, bias);
                let y = self.narrowed(layer, sum, shifts, to);
                match layer.shape {
                    Shape::Vector(len) => self.b.reshape(y, &[self.images, small(len)]),
                    Shape::Image(_) => y,
                }
            }
            (Operation::Reshape, _) => {
                let flat = self.flattened(x, shape);
                self.unflattened(flat, layer.shape)
            }
            _ if layer.relu => {
                let y = self.b.clamp(x, 0, i32::MAX);
                self.b.cast(y, x.ty().dtype)
            }
            _ => x,
        }
    }

    /// Some of the numbers.
    fn number(&mut self, part: Part) -> Var {
        self.b.slice(self.numbers, 0, part.start, part.len)
    }

    /// Sums as a layer's numbers.
    fn narrowed(&mut self, layer: &Layer, sum: Var, shift: Var, to: DType) -> Var {
        let sum = if layer.relu { self.b.clamp(sum, 0, i32::MAX) } else { sum };
        let y = self.b.shift_round(sum, shift);
        match to {
            DType::I32 => y,
            to => self.b.cast(y, to),
        }
    }

    /// `x [M, K]` times the transpose of `weights [N, K]`, in parts of the sums where they are long.
    fn product(&mut self, x: Var, weights: Var) -> Var {
        let depth = weights.shape().last();
        if depth <= MAX_DEPTH {
            return self.b.matmul_nt(x, weights);
        }
        let mut sum: Option<Var> = None;
        for start in (0..depth).step_by(MAX_DEPTH as usize) {
            let len = MAX_DEPTH.min(depth - start);
            let x = self.b.slice(x, 1, start, len);
            let weights = self.b.slice(weights, 1, start, len);
            let part = self.b.matmul_nt(x, weights);
            sum = Some(sum.map_or(part, |sum| self.b.add(sum, part)));
        }
        sum.unwrap_or(x)
    }

    fn convolution(&mut self, x: Var, shape: Shape, weights: Var, window: Window2d, groups: u32) -> Var {
        let [channels, height, width] = shape.image().map(small);
        let x = self.b.reshape(x, &[self.images, height, width, channels]);
        if groups > 1 {
            return self.b.conv2d(x, weights, window, groups);
        }
        let x = if window == Window2d::square(1, 1, 0) { x } else { self.b.unfold2d(x, window, 0) };
        let [images, down, across, depth] = [0, 1, 2, 3].map(|axis| x.shape().dim(axis));
        let rows = images.saturating_mul(down).saturating_mul(across);
        let x = self.b.reshape(x, &[rows, depth]);
        let y = self.product(x, weights);
        self.b.reshape(y, &[images, down, across, weights.shape().dim(0)])
    }

    /// `[images, numbers]` in ONNX's order.
    fn flattened(&mut self, x: Var, shape: Shape) -> Var {
        let [channels, height, width] = shape.image();
        let x = if channels > 1 && height * width > 1 { self.b.permute(x, &[0, 3, 1, 2]) } else { x };
        self.b.reshape(x, &[self.images, small(shape.elements())])
    }

    /// Numbers in ONNX's order in the program's.
    fn unflattened(&mut self, x: Var, shape: Shape) -> Var {
        let Shape::Image(dims) = shape else { return x };
        let [channels, height, width] = dims.map(small);
        if channels == 1 || height * width == 1 {
            return self.b.reshape(x, &[self.images, height, width, channels]);
        }
        let x = self.b.reshape(x, &[self.images, channels, height, width]);
        self.b.permute(x, &[0, 2, 3, 1])
    }
}

/// The windows of a pool, whose padding is the same on opposite sides.
fn symmetric(window: &Window) -> Window2d {
    let small = |size: usize| u8::try_from(size).unwrap_or(0);
    let [top, left, ..] = window.padding;
    Window2d { kernel: window.kernel.map(small), stride: window.stride.map(small), padding: [top, left].map(small) }
}

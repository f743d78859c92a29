// SPDX-License-Identifier: Apache-2.0
//! A network as layers on one image, whatever file it came from, and its meaning on `f32`.

/// Sizes of what a layer yields for one image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Channels, height, width: in this order in memory.
    Image([usize; 3]),
    /// Numbers.
    Vector(usize),
}

impl Shape {
    /// Numbers in all.
    pub fn elements(self) -> usize {
        match self {
            Self::Image([channels, height, width]) => channels * height * width,
            Self::Vector(len) => len,
        }
    }

    /// The dimensions, outermost first.
    pub fn dims(self) -> Vec<usize> {
        match self {
            Self::Image(dims) => dims.to_vec(),
            Self::Vector(len) => vec![len],
        }
    }

    /// Channels, height and width: a vector is channels of one pixel.
    pub fn image(self) -> [usize; 3] {
        match self {
            Self::Image(dims) => dims,
            Self::Vector(len) => [len, 1, 1],
        }
    }
}

/// Windows over an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Rows and columns.
    pub kernel: [usize; 2],
    /// Pixels from one window to the next, down and across.
    pub stride: [usize; 2],
    /// Pixels added above, at the left, below, at the right.
    pub padding: [usize; 4],
}

impl Window {
    /// How many windows an image of so many rows and columns has, down and across; none when it has none, or when sizes are beyond those
    /// of programs.
    pub fn places(&self, [height, width]: [usize; 2]) -> Option<[usize; 2]> {
        let along = |axis: usize, len: usize| {
            let (kernel, stride) = (self.kernel[axis], self.stride[axis]);
            let (before, after) = (self.padding[axis], self.padding[axis + 2]);
            let valid = (1..=255).contains(&kernel) && (1..=255).contains(&stride) && before < kernel && after < kernel;
            let padded = len.checked_add(before)?.checked_add(after)?;
            Some(padded.checked_sub(kernel).filter(|_| valid)? / stride + 1)
        };
        Some([along(0, height)?, along(1, width)?])
    }

    /// Calls `f` with each place and the pixels of the image in its window, each by its place in the window and in a channel.
    pub(super) fn each_place(&self, [height, width]: [usize; 2], mut f: impl FnMut(usize, &[(usize, usize)])) {
        let [down, across] = self.places([height, width]).unwrap_or([0; 2]);
        let mut pixels = Vec::new();
        for place in 0..down * across {
            pixels.clear();
            for ky in 0..self.kernel[0] {
                for kx in 0..self.kernel[1] {
                    let y = (place / across * self.stride[0] + ky).wrapping_sub(self.padding[0]);
                    let x = (place % across * self.stride[1] + kx).wrapping_sub(self.padding[1]);
                    if y < height && x < width {
                        pixels.push((ky * self.kernel[1] + kx, y * width + x));
                    }
                }
            }
            f(place, &pixels);
        }
    }
}

/// What a layer does.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// The image as it is given.
    Input,
    /// A convolution.
    Convolution {
        /// `[outputs, channels / groups, rows, columns]`.
        weights: Vec<f32>,
        /// One for each output.
        bias: Vec<f32>,
        /// The windows.
        window: Window,
        /// Groups of channels, each with its outputs.
        groups: usize,
    },
    /// A product with a matrix.
    Linear {
        /// `[outputs, inputs]`.
        weights: Vec<f32>,
        /// One for each output.
        bias: Vec<f32>,
    },
    /// The largest of each window.
    MaxPool(Window),
    /// The mean of each window.
    AveragePool {
        /// The windows.
        window: Window,
        /// Whether padding counts as pixels of value 0.
        counts_padding: bool,
    },
    /// The sum of two layers.
    Add,
    /// Nothing: of a ReLU alone.
    Copy,
    /// The same numbers, in the same order, in another shape.
    Reshape,
}

/// A layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// The name of the node that it was made of.
    pub name: String,
    /// What it does.
    pub operation: Operation,
    /// Whether negative numbers then become 0.
    pub relu: bool,
    /// The layers that it reads, all of them before it.
    pub inputs: Vec<usize>,
    /// What it yields.
    pub shape: Shape,
}

/// A network: the first layer is the input.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    pub(super) layers: Vec<Layer>,
    /// The layer whose numbers are the logits.
    pub(super) output: usize,
}

impl Network {
    /// The layers, the input first.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// What it reads: one image, or one vector of features.
    pub fn input_shape(&self) -> Shape {
        self.layers[0].shape
    }

    /// How many logits an image has.
    pub fn classes(&self) -> usize {
        self.layers[self.output].shape.elements()
    }

    /// Weights and biases, after normalisation was folded into them.
    pub fn parameters(&self) -> u64 {
        let of = |layer: &Layer| match &layer.operation {
            Operation::Convolution { weights, bias, .. } | Operation::Linear { weights, bias } => {
                weights.len() + bias.len()
            }
            _ => 0,
        };
        self.layers.iter().map(|layer| of(layer) as u64).sum()
    }

    /// The logits of an image on `f32`. The image has as many numbers as the input shape.
    pub fn logits(&self, image: &[f32]) -> Vec<f32> {
        self.activations(image).swap_remove(self.output)
    }

    /// What all layers yield for an image on `f32`, the input first. The image has as many numbers as the input shape.
    pub fn activations(&self, image: &[f32]) -> Vec<Vec<f32>> {
        let mut values: Vec<Vec<f32>> = Vec::with_capacity(self.layers.len());
        for layer in &self.layers {
            let input = |index: usize| values[layer.inputs[index]].as_slice();
            let shape = |index: usize| self.layers[layer.inputs[index]].shape;
            let mut y = match &layer.operation {
                Operation::Input => image.to_vec(),
                Operation::Convolution { weights, bias, window, groups } => {
                    convolution(input(0), shape(0).image(), weights, bias, window, *groups)
                }
                Operation::Linear { weights, bias } => {
                    let x = input(0);
                    weights.chunks(x.len()).zip(bias).map(|(row, bias)| dot(row, x) + bias).collect()
                }
                Operation::MaxPool(window) => pooled(input(0), shape(0).image(), window, |pixels, _| {
                    pixels.fold(f32::NEG_INFINITY, |most, x| if x > most || x.is_nan() { x } else { most })
                }),
                Operation::AveragePool { window, counts_padding } => {
                    let area = window.kernel[0] * window.kernel[1];
                    pooled(input(0), shape(0).image(), window, |pixels, count| {
                        pixels.sum::<f32>() / if *counts_padding { area } else { count } as f32
                    })
                }
                Operation::Add => input(0).iter().zip(input(1)).map(|(a, b)| a + b).collect(),
                Operation::Copy | Operation::Reshape => input(0).to_vec(),
            };
            if layer.relu {
                // What is not a number stays so.
                y.iter_mut().filter(|y| **y < 0.0).for_each(|y| *y = 0.0);
            }
            values.push(y);
        }
        values
    }
}

/// Eight sums at once, which the compiler makes wide.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let ((a8, a1), (b8, b1)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sums = [0.0f32; 8];
    for (a, b) in a8.iter().zip(b8) {
        sums.iter_mut().zip(a.iter().zip(b)).for_each(|(sum, (a, b))| *sum += a * b);
    }
    let rest: f32 = a1.iter().zip(b1).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

fn convolution(
    x: &[f32],
    [channels, height, width]: [usize; 3],
    weights: &[f32],
    bias: &[f32],
    window: &Window,
    groups: usize,
) -> Vec<f32> {
    let [down, across] = window.places([height, width]).unwrap_or([0; 2]);
    let (places, area) = (down * across, window.kernel[0] * window.kernel[1]);
    let (in_group, out_group) = (channels / groups, bias.len() / groups);
    let depth = in_group * area;
    let mut y = vec![0.0; places * bias.len()];
    let mut row = vec![0.0; depth];
    window.each_place([height, width], |place, pixels| {
        for group in 0..groups {
            row.fill(0.0);
            for (channel, row) in row.chunks_mut(area).enumerate() {
                let x = &x[(group * in_group + channel) * height * width..];
                pixels.iter().for_each(|(at, pixel)| row[*at] = x[*pixel]);
            }
            for output in group * out_group..(group + 1) * out_group {
                y[output * places + place] = dot(&weights[output * depth..(output + 1) * depth], &row) + bias[output];
            }
        }
    });
    y
}

fn pooled(
    x: &[f32],
    [channels, height, width]: [usize; 3],
    window: &Window,
    of: impl Fn(&mut dyn Iterator<Item = f32>, usize) -> f32,
) -> Vec<f32> {
    let [down, across] = window.places([height, width]).unwrap_or([0; 2]);
    let places = down * across;
    let mut y = vec![0.0; channels * places];
    window.each_place([height, width], |place, pixels| {
        for (channel, x) in x.chunks(height * width).enumerate() {
            y[channel * places + place] = of(&mut pixels.iter().map(|(_, pixel)| x[*pixel]), pixels.len());
        }
    });
    y
}

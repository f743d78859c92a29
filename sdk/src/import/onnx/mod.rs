// SPDX-License-Identifier: Apache-2.0
//! Convolutional networks and multilayer perceptrons from ONNX files.
//!
//! [`Network::open`] reads a file: protobuf messages ([`proto`]), then layers on one image, with normalisation folded into weights.
//! [`import`] makes it integer: weights and activations of eight bits whose exponents are chosen on samples, sums of 32; and measures the
//! program against the network on `f32` with samples that chose nothing. What comes of it is an [`Imported`]: a program, the blobs that it
//! reads, and the job that classifies images with them. [`export`] goes the other way for models of this crate.
//!
//! ```
//! use quern_program::{reference, Context};
//! use quern_sdk::import::onnx::{export, import, npy, Network, Options};
//! use quern_sdk::models::{Mlp, Shadow};
//!
//! let mlp = Mlp { inputs: 4, hidden: 8, outputs: 3, input_frac_bits: 4 };
//! let shadow = Shadow::new(mlp, &mlp.initial_checkpoint([1; 32])?)?;
//! let file = prost::Message::encode_to_vec(&export::mlp(&mlp, shadow.parameters()));
//!
//! let network = Network::parse(file.into(), None)?;
//! let samples = npy::Array { shape: vec![64, 4], values: (0..256).map(|x| (x % 23) as f32 / 16.0).collect() };
//! let imported = import(&network, &samples, &Options::default(), |program, inputs| {
//!     Ok::<_, String>(reference::run(program, &Context::default(), inputs))
//! })?;
//! assert_eq!(imported.fidelity.predictions, 16);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod attributes;
mod error;
pub mod export;
mod graph;
mod network;
pub mod npy;
mod program;
pub mod proto;
mod quantise;
mod read;

#[cfg(test)]
mod tests;

pub use error::{NodeProblem, OnnxError, TensorProblem};
pub use graph::OPERATORS;
pub use network::{Layer, Network, Operation, Shape, Window};

use super::{Comparison, Fidelity};
use crate::models::{
    job::{blob, spec, stage},
    BuiltJob, ModelError, Terms,
};
use bytes::Bytes;
use npy::Array;
use program::{program, Output};
use quantise::{mantissas, power, quantise};
use quern_primitives::job::Input;
use quern_program::{check::MAX_INPUTS, Checked, Tensor};
use std::{fmt::Display, path::Path};

/// Fewest samples: three quarters choose exponents, a quarter measures.
pub const MIN_SAMPLES: usize = 32;
/// Most classes: an `i16` names them.
pub const MAX_CLASSES: usize = i16::MAX as usize;
/// Most blobs of weights: a program's inputs less the images and the numbers.
pub const MAX_WEIGHT_BLOBS: usize = MAX_INPUTS - 2;
/// Images of a task are at most as many as samples of a [`models`](crate::models) task.
const MAX_IMAGES: u32 = crate::models::mlp::MAX_SAMPLES;
/// Images of a task where none are asked for, if a program of so many is possible; half as many where not, and so on.
const IMAGES: u32 = 64;

impl Network {
    /// The network of a file. External data files are looked for beside it.
    pub fn open(path: &Path) -> Result<Self, OnnxError> {
        Self::parse(read::map(path)?, Some(path.parent().unwrap_or(Path::new("."))))
    }

    /// The network of a file's bytes; `folder` is where its external data files are.
    pub fn parse(bytes: Bytes, folder: Option<&Path>) -> Result<Self, OnnxError> {
        graph::network(&read::decode(bytes)?, folder)
    }
}

impl Network {
    /// What all layers yield for a sample with this number, if all of it is finite.
    fn finite_activations(&self, sample: usize, image: &[f32]) -> Result<Vec<Vec<f32>>, OnnxError> {
        let values = self.activations(image);
        let wrong = self.layers.iter().zip(&values).find(|(_, values)| values.iter().any(|x| !x.is_finite()));
        match wrong {
            Some((layer, _)) => Err(OnnxError::ActivationNotFinite { node: layer.name.clone(), sample }),
            None => Ok(values),
        }
    }
}

/// What can be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Images of a task. Without it 64, or the largest power of two below that for which a program is possible.
    pub images: Option<u32>,
    /// Most memory that a worker may need, in MiB.
    pub max_memory_mib: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { images: None, max_memory_mib: 8_192 }
    }
}

/// An imported network.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The program. Inputs: images, `i8 [images, numbers of one]`, as of [`Imported::image`]; then [`Imported::blobs`]. Output: their
    /// classes, `i8 [images]` (`i16` when there are more than 127).
    pub program: Checked,
    /// The same with the logits as output, `i32 [images, classes]`: each stands for itself times 2 to [`Imported::logits_exponent`].
    pub logits_program: Checked,
    /// What the programs read beside the images: biases, shifts and reciprocals as `i32`, then weights as `i8`.
    pub blobs: Vec<Vec<u8>>,
    /// Images of a task.
    pub images: u32,
    /// A pixel (or feature) `x` of the program stands for `x * 2^input_exponent`.
    pub input_exponent: i32,
    /// The exponent of the logits.
    pub logits_exponent: i32,
    /// Weights and biases.
    pub parameters: u64,
    /// Samples that chose the exponents.
    pub calibration_samples: usize,
    /// How near the program comes to the network on `f32`, on the other samples.
    pub fidelity: Fidelity,
}

/// The network as a program, by samples (`[samples, sizes of the input..]`): of each four, three choose exponents and the last measures.
/// `run(program, inputs)` runs a program, as an executor does.
pub fn import<E: Display>(
    network: &Network,
    samples: &Array,
    options: &Options,
    mut run: impl FnMut(&Checked, &[Tensor]) -> Result<Tensor, E>,
) -> Result<Imported, OnnxError> {
    let images = images_of(network, samples)?;
    if images.len() < MIN_SAMPLES {
        return Err(OnnxError::TooFewSamples { found: images.len() });
    }
    let measures = |sample: &(usize, &[f32])| sample.0 % 4 == 3;
    let (measuring, choosing): (Vec<_>, Vec<_>) = images.into_iter().partition(measures);
    let quantised = quantise(network, &choosing)?;
    let of = |images: u32| -> Result<[Checked; 2], OnnxError> {
        let classes = program(network, &quantised, images, Output::Classes)?;
        let needed_mib = classes.summary().memory_bytes.div_ceil(1 << 20);
        if needed_mib > u64::from(options.max_memory_mib) {
            return Err(OnnxError::Memory { needed_mib, limit_mib: options.max_memory_mib });
        }
        Ok([classes, program(network, &quantised, images, Output::Logits)?])
    };
    let (images, [program, logits_program]) = match options.images {
        Some(images) if (1..=MAX_IMAGES).contains(&images) => (images, of(images)?),
        Some(_) => return Err(OnnxError::Images),
        None => {
            let mut images = IMAGES;
            loop {
                match of(images) {
                    Ok(programs) => break (images, programs),
                    Err(error) if images == 1 => return Err(error),
                    Err(_) => images /= 2,
                }
            }
        }
    };
    let logits_exponent = quantised.exponents[network.output];
    let numbers = quantised.numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    let weights = quantised.weights.iter().map(|blob| blob.iter().map(|weight| *weight as u8).collect());
    let mut imported = Imported {
        program,
        logits_program,
        blobs: std::iter::once(numbers).chain(weights).collect(),
        images,
        input_exponent: quantised.exponents[0],
        logits_exponent,
        parameters: network.parameters(),
        calibration_samples: choosing.len(),
        fidelity: Fidelity::default(),
    };
    imported.fidelity = imported.measured(network, &measuring, &mut run)?;
    Ok(imported)
}

/// The images of an array with their numbers, if they are of the network's size, and finite.
fn images_of<'a>(network: &Network, array: &'a Array) -> Result<Vec<(usize, &'a [f32])>, OnnxError> {
    images_sized(network.input_shape().dims(), array)
}

/// The images of an array as the programs of an imported network read them, by the sizes of an image and the exponent that its import gave.
pub fn images_as_read(sizes: &[usize], input_exponent: i32, images: &Array) -> Result<Vec<u8>, OnnxError> {
    let images = images_sized(sizes.to_vec(), images)?;
    Ok(images.into_iter().flat_map(|(_, image)| image_as_read(image, input_exponent)).collect())
}

fn image_as_read(image: &[f32], input_exponent: i32) -> Vec<u8> {
    mantissas(image, input_exponent).into_iter().map(|x| x as u8).collect()
}

/// The images of an array with their numbers, if each has these sizes and is finite.
fn images_sized(expected: Vec<usize>, array: &Array) -> Result<Vec<(usize, &[f32])>, OnnxError> {
    let elements = expected.iter().product::<usize>();
    let found = array.shape.get(1..).unwrap_or(&[]);
    // Numbers that follow each other may stand for an image, and an image for a vector.
    let fits =
        found == expected || (found.len() <= 1 || expected.len() == 1) && found.iter().product::<usize>() == elements;
    if !fits || array.shape.is_empty() || elements == 0 {
        return Err(OnnxError::SampleShape { expected, found: found.to_vec() });
    }
    let images: Vec<(usize, &[f32])> = array.values.chunks(elements).enumerate().collect();
    match images.iter().find(|(_, image)| image.iter().any(|x| !x.is_finite())) {
        Some((sample, _)) => Err(OnnxError::SampleNotFinite { sample: *sample }),
        None => Ok(images),
    }
}

impl Imported {
    /// An image as the program reads it: eight-bit numbers in ONNX's order.
    pub fn image(&self, image: &[f32]) -> Vec<u8> {
        image_as_read(image, self.input_exponent)
    }

    /// The images of an array, one after the other, as the program reads them.
    pub fn images_of(&self, network: &Network, images: &Array) -> Result<Vec<u8>, OnnxError> {
        Ok(images_of(network, images)?.into_iter().flat_map(|(_, image)| self.image(image)).collect())
    }

    /// The inputs of one of the programs, for so many images that follow each other (as of [`Imported::image`]): the first ones that fit.
    pub fn inputs(&self, images: &[u8]) -> Vec<Tensor> {
        let blobs = std::iter::once(images).chain(self.blobs.iter().map(Vec::as_slice));
        self.program.program().inputs.iter().zip(blobs).map(|(ty, bytes)| Tensor::new(*ty, bytes.to_vec())).collect()
    }

    /// Bytes of an image.
    pub fn image_bytes(&self) -> usize {
        self.program.program().inputs.first().map_or(0, |ty| ty.shape.last() as usize)
    }

    fn measured<E: Display>(
        &self,
        network: &Network,
        samples: &[(usize, &[f32])],
        run: &mut impl FnMut(&Checked, &[Tensor]) -> Result<Tensor, E>,
    ) -> Result<Fidelity, OnnxError> {
        let mut comparison = Comparison::new();
        for samples in samples.chunks(self.images as usize) {
            let images: Vec<u8> = samples.iter().flat_map(|(_, image)| self.image(image)).collect();
            let logits = run(&self.logits_program, &self.inputs(&images));
            let logits = logits.map_err(|error| OnnxError::Run(error.to_string()))?.values();
            for ((sample, image), exact) in samples.iter().zip(logits.chunks(network.classes())) {
                let mut on_f32 = network.finite_activations(*sample, image)?;
                let on_f32 = on_f32.swap_remove(network.output);
                let on_f32: Vec<f64> = on_f32.into_iter().map(f64::from).collect();
                let exact: Vec<f64> = exact.iter().map(|x| f64::from(*x) * power(self.logits_exponent)).collect();
                comparison.add(&on_f32, &exact, None);
            }
        }
        Ok(comparison.finish())
    }

    /// Bytes of what the programs read beside the images.
    pub fn weights_bytes(&self) -> u64 {
        self.blobs.iter().map(|blob| blob.len() as u64).sum()
    }

    /// Memory that a worker must have, in MiB.
    pub fn memory_mib(&self) -> u32 {
        u32::try_from(self.program.summary().memory_bytes.div_ceil(1 << 20)).unwrap_or(u32::MAX)
    }

    /// The job that classifies images (as of [`Imported::image`], one after the other), in shards of so many tasks. The last task is filled
    /// up with the first images: the outputs, one after the other, have a class for each image and perhaps more.
    pub fn job(&self, images: &[u8], shard_size: u32, terms: &Terms) -> Result<BuiltJob, ModelError> {
        let task = self.image_bytes() * self.images as usize;
        if images.is_empty() || !images.len().is_multiple_of(self.image_bytes().max(1)) {
            return Err(ModelError::Samples);
        }
        let tasks = images.len().div_ceil(task);
        let images: Vec<u8> = images.iter().copied().cycle().take(tasks * task).collect();
        let mut inputs = vec![Input::Slice { blob: blob(&images), stride: task as u64 }];
        inputs.extend(self.blobs.iter().map(|bytes| Input::Blob(blob(bytes))));
        let tasks = u32::try_from(tasks).map_err(|_| ModelError::TooLong)?;
        let terms = terms.clone().with_memory_mib(self.memory_mib());
        let spec = spec(vec![stage(&self.program, tasks, shard_size, &inputs)?], &terms)?;
        let blobs = std::iter::once(images).chain(self.blobs.iter().cloned()).collect();
        Ok(BuiltJob { spec, programs: vec![self.program.clone()], blobs })
    }
}

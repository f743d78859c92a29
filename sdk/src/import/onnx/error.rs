// SPDX-License-Identifier: Apache-2.0
//! What can be wrong with a file, its samples, or the program that they would make.

use super::{npy::NpyError, read::MAX_FILE_BYTES, MAX_CLASSES, MAX_WEIGHT_BLOBS, MIN_SAMPLES};
use quern_program::{builder::BuildError, check::MAX_TENSOR_BYTES};
use std::{io, path::PathBuf};

/// Why an ONNX file could not be imported.
#[derive(Debug, thiserror::Error)]
pub enum OnnxError {
    /// A file cannot be read.
    #[error("{} cannot be read: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The file is longer than protobuf can be.
    #[error("the file has {found} bytes, more than {MAX_FILE_BYTES}: keep the weights in an external data file")]
    FileBytes {
        /// Its bytes.
        found: u64,
    },
    /// The bytes are no ONNX.
    #[error("the file is not an ONNX model, or is cut short: {0}")]
    Protobuf(String),
    /// There are too many small things in the file.
    #[error("the file has too many nodes, attributes and integers: store tensors as raw data, not as lists")]
    TooManyParts,
    /// The file has no graph.
    #[error("the file has no graph")]
    NoGraph,
    /// The operators are of another version.
    #[error("the file's operator set is {}, not one of 7 to 21: export it again with opset_version=17", found.map_or("not named".into(), |version| version.to_string()))]
    OperatorSet {
        /// The version, if there is one.
        found: Option<i64>,
    },
    /// The graph has another number of inputs than one.
    #[error("the graph has {found} inputs beside its constants, not one tensor of images or features")]
    Inputs {
        /// How many.
        found: usize,
    },
    /// The graph has another number of outputs than one.
    #[error("the graph has {found} outputs, not one")]
    Outputs {
        /// How many.
        found: usize,
    },
    /// A dimension of the input is not known.
    #[error("dimension {axis} of the input {value} is not a number: export the model with fixed sizes; only the first dimension, the number of images, may be free")]
    DynamicDimension {
        /// The input.
        value: String,
        /// The axis, counted from 0.
        axis: usize,
    },
    /// The input has another number of dimensions than two or four.
    #[error("the input {value} has {rank} dimensions: two (images, features) or four (images, channels, height, width) can be imported")]
    InputRank {
        /// The input.
        value: String,
        /// Its dimensions.
        rank: usize,
    },
    /// The graph's output is not what a network of this kind yields.
    #[error("the output {value} is not one vector of 1 to {MAX_CLASSES} numbers for each image, made by the nodes from the input")]
    Output {
        /// The output.
        value: String,
    },
    /// A node cannot be imported.
    #[error("node {node} ({operator}): {problem}")]
    Node {
        /// Its name, or that of its output.
        node: String,
        /// Its operator.
        operator: String,
        /// Why.
        problem: NodeProblem,
    },
    /// A tensor cannot be used.
    #[error("tensor {tensor}: {problem}")]
    Tensor {
        /// Its name.
        tensor: String,
        /// Why.
        problem: TensorProblem,
    },
    /// The file with the samples cannot be used.
    #[error("the images: {0}")]
    Samples(#[from] NpyError),
    /// There are too few samples.
    #[error("{found} calibration samples are too few: give at least {MIN_SAMPLES}, a quarter of which measure and do not calibrate")]
    TooFewSamples {
        /// How many.
        found: usize,
    },
    /// Samples are of another size than the network's input.
    #[error("the images are {found:?} each, the network's input is {expected:?}")]
    SampleShape {
        /// The network's.
        expected: Vec<usize>,
        /// The samples'.
        found: Vec<usize>,
    },
    /// A sample has a number that is not finite.
    #[error("image {sample} has a number that is NaN or infinite")]
    SampleNotFinite {
        /// The sample, counted from 0.
        sample: usize,
    },
    /// The network yields numbers that are not finite.
    #[error("node {node} yields NaN or infinite numbers on calibration sample {sample}: the model or the samples' scale is wrong")]
    ActivationNotFinite {
        /// The node.
        node: String,
        /// The sample, counted from 0.
        sample: usize,
    },
    /// The weights do not fit a program's inputs.
    #[error("the weights do not fit {MAX_WEIGHT_BLOBS} blobs of {MAX_TENSOR_BYTES} bytes, a layer in one of them: the model is too large")]
    Weights,
    /// A sum of a layer reads so many numbers that it may overflow.
    #[error("node {node} sums {depth} products for a number, more than 65536")]
    Depth {
        /// The node.
        node: String,
        /// How many.
        depth: usize,
    },
    /// A number of images that a task cannot have.
    #[error("a task has 1 to 16384 images")]
    Images,
    /// A worker would need more memory than allowed.
    #[error(
        "a worker would need {needed_mib} MiB, more than the {limit_mib} allowed: give a task fewer images (--images-per-task), or \
         allow more (--max-memory-mib)"
    )]
    Memory {
        /// What it would need.
        needed_mib: u64,
        /// What is allowed.
        limit_mib: u32,
    },
    /// The program could not be published.
    #[error("the program is over a limit of publication: {0}")]
    Program(#[from] BuildError),
    /// The program could not be run to measure it.
    #[error("the program could not be run: {0}")]
    Run(String),
}

/// Why a node cannot be imported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NodeProblem {
    /// The operator is not among those that are known.
    #[error("this operator cannot be imported; those that can: {}", super::graph::OPERATORS.join(", "))]
    Operator,
    /// The operator is of another set.
    #[error("operators of the set {0} cannot be imported")]
    Domain(String),
    /// An attribute has a value that cannot be imported.
    #[error("the attribute {name} must be {expected}")]
    Attribute {
        /// The attribute.
        name: &'static str,
        /// What can be imported.
        expected: &'static str,
    },
    /// An input or output is missing, or there are too many.
    #[error("it has {found} inputs or outputs where {expected} are needed")]
    Count {
        /// What is needed.
        expected: &'static str,
        /// What there is.
        found: usize,
    },
    /// It reads what no node before it makes.
    #[error("it reads {0:?}, which is neither a constant nor made by a node before it")]
    UnknownValue(String),
    /// It reads something computed where a constant is needed.
    #[error("its input {0:?} must be a constant of the file")]
    NotConstant(String),
    /// It reads a constant where something computed is needed.
    #[error("its input {0:?} is a constant, which would be computed once: simplify the model before it is imported")]
    Constant(String),
    /// The shapes do not fit each other.
    #[error("its inputs have shapes that do not fit: {0}")]
    Shape(&'static str),
    /// A window is not possible.
    #[error("windows have 1 to 255 rows and columns, strides of at least 1, and padding smaller than the window, which fits the padded image")]
    Window,
    /// Padding differs from side to side.
    #[error("a pool's padding must be the same on opposite sides")]
    UnevenPadding,
    /// What it makes is too large.
    #[error(
        "its output for one image is larger than {MAX_TENSOR_BYTES} bytes, or takes more than 2^40 multiplications"
    )]
    TooLarge,
    /// Normalisation by a variance that is not positive, or weights that overflow.
    #[error("folding its normalisation into weights gives numbers that are NaN or infinite")]
    NotFinite,
}

/// Why a tensor cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TensorProblem {
    /// Its elements are of another type.
    #[error("elements of type {0} cannot be used here: weights are of f32, f64, f16 or bf16, shapes of i64")]
    Type(i32),
    /// A dimension is negative, or the elements are too many to count.
    #[error("the dimensions {0:?} are not possible")]
    Dimensions(Vec<i64>),
    /// There are more or fewer elements than the dimensions say.
    #[error("the dimensions say {expected} bytes or elements, there are {found}")]
    Length {
        /// What the dimensions say.
        expected: u64,
        /// What there is.
        found: u64,
    },
    /// A number is NaN or infinite.
    #[error("element {0} is NaN or infinite")]
    NotFinite(usize),
    /// The other file is not named in a way that is safe.
    #[error("its external data file {0:?} is not the plain name of a file beside the model")]
    Location(String),
    /// The part of the other file is not there.
    #[error("its external data are not all there: {0}")]
    External(String),
}

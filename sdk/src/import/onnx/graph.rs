// SPDX-License-Identifier: Apache-2.0
//! Messages to a network: names become layers, constants their tensors; normalisation, constant sums and ReLUs go into the layers before
//! them; what changes nothing is left out.

use super::{
    attributes::{attribute, integer, must, number, window},
    network::{Layer, Network, Operation, Shape, Window},
    proto::{GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto},
    read::{dimensions, integers, reals, Array},
    NodeProblem, OnnxError, MAX_CLASSES, MAX_WEIGHT_BLOBS,
};
use quern_program::check::MAX_TENSOR_BYTES;
use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

/// Operators that can be imported.
pub const OPERATORS: [&str; 16] = [
    "Add",
    "AveragePool",
    "BatchNormalization",
    "Constant",
    "Conv",
    "Dropout",
    "Flatten",
    "Gemm",
    "GlobalAveragePool",
    "Identity",
    "LogSoftmax",
    "MatMul",
    "MaxPool",
    "Relu",
    "Reshape",
    "Softmax",
];
/// Versions of the operators that are known.
const OPERATOR_SETS: std::ops::RangeInclusive<i64> = 7..=21;
/// Most multiplications of an image, so that nobody waits for ever.
const MAX_MULTIPLICATIONS: u64 = 1 << 40;
/// Most numbers of constants, counted once for each node that reads them: what a program's inputs hold.
const MAX_DECODED: u64 = MAX_WEIGHT_BLOBS as u64 * MAX_TENSOR_BYTES;

/// A value of the graph that is computed.
#[derive(Clone, Copy)]
struct Computed {
    layer: usize,
    /// Whether no other name stands for the layer, nor did anything read it under one.
    alone: bool,
}

struct Reader<'a> {
    folder: Option<&'a Path>,
    operator_set: i64,
    constants: BTreeMap<&'a str, &'a TensorProto>,
    computed: BTreeMap<&'a str, Computed>,
    /// How often each name is read, by nodes and as the output.
    reads: BTreeMap<&'a str, usize>,
    output: &'a str,
    layers: Vec<Layer>,
    multiplications: u64,
    /// Numbers of constants that were decoded, each time that a node reads one.
    decoded: Cell<u64>,
}

/// The network of a file's messages; `folder` is where its external data files are.
pub(super) fn network(model: &ModelProto, folder: Option<&Path>) -> Result<Network, OnnxError> {
    let graph = model.graph.as_ref().ok_or(OnnxError::NoGraph)?;
    let found = model.opset_import.iter().find(|set| is_onnx(&set.domain)).map(|set| set.version);
    let operator_set = found.filter(|version| OPERATOR_SETS.contains(version));
    let operator_set = operator_set.ok_or(OnnxError::OperatorSet { found })?;
    let constants: BTreeMap<&str, &TensorProto> =
        graph.initializer.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect();
    let inputs: Vec<&ValueInfoProto> =
        graph.input.iter().filter(|input| !constants.contains_key(input.name.as_str())).collect();
    let [input] = inputs.as_slice() else { return Err(OnnxError::Inputs { found: inputs.len() }) };
    let [output] = graph.output.as_slice() else { return Err(OnnxError::Outputs { found: graph.output.len() }) };
    let first = Layer {
        name: input.name.clone(),
        operation: Operation::Input,
        relu: false,
        inputs: Vec::new(),
        shape: input_shape(input)?,
    };
    let mut reader = Reader {
        folder,
        operator_set,
        constants,
        computed: BTreeMap::from([(input.name.as_str(), Computed { layer: 0, alone: true })]),
        reads: reads(graph, &output.name),
        output: &output.name,
        layers: vec![first],
        multiplications: 0,
        decoded: Cell::new(0),
    };
    for node in &graph.node {
        reader.node(node).map_err(|problem| match problem {
            Problem::Node(problem) => {
                let name = if node.name.is_empty() { node.output.first() } else { Some(&node.name) };
                let node_name = name.map_or("without a name", String::as_str).to_owned();
                OnnxError::Node { node: node_name, operator: node.op_type.clone(), problem }
            }
            Problem::Other(error) => error,
        })?;
    }
    let wrong = || OnnxError::Output { value: output.name.clone() };
    let output = reader.computed.get(output.name.as_str()).filter(|value| value.layer > 0).ok_or_else(wrong)?.layer;
    let fits = match reader.layers[output].shape {
        Shape::Vector(len) | Shape::Image([len, 1, 1]) => (1..=MAX_CLASSES).contains(&len),
        Shape::Image(_) => false,
    };
    if !fits {
        return Err(wrong());
    }
    Ok(live(reader.layers, output))
}

/// The network without layers that its output does not depend on, but for the input.
fn live(layers: Vec<Layer>, output: usize) -> Network {
    let mut needed = BTreeSet::from([0, output]);
    for (index, layer) in layers.iter().enumerate().rev() {
        if needed.contains(&index) {
            needed.extend(layer.inputs.iter().copied());
        }
    }
    let number = |index: usize| needed.range(..index).count();
    let output = number(output);
    let layers = layers.into_iter().enumerate().filter(|(index, _)| needed.contains(index)).map(|(_, mut layer)| {
        layer.inputs.iter_mut().for_each(|input| *input = number(*input));
        layer
    });
    Network { layers: layers.collect(), output }
}

fn is_onnx(domain: &str) -> bool {
    matches!(domain, "" | "ai.onnx")
}

fn reads<'a>(graph: &'a GraphProto, output: &'a str) -> BTreeMap<&'a str, usize> {
    let mut reads = BTreeMap::new();
    let names = graph.node.iter().flat_map(|node| &node.input).map(String::as_str);
    names.chain([output]).for_each(|name| *reads.entry(name).or_default() += 1);
    reads
}

fn input_shape(input: &ValueInfoProto) -> Result<Shape, OnnxError> {
    let shape = input.r#type.as_ref().and_then(|ty| ty.tensor_type.as_ref()).and_then(|ty| ty.shape.as_ref());
    let dims = shape.map_or(&[][..], |shape| shape.dim.as_slice());
    let value = || input.name.clone();
    let mut sizes = Vec::new();
    for (axis, dim) in dims.iter().enumerate().skip(1) {
        let size = usize::try_from(dim.dim_value).ok().filter(|size| *size > 0);
        sizes.push(size.ok_or_else(|| OnnxError::DynamicDimension { value: value(), axis })?);
    }
    let shape = match *sizes.as_slice() {
        [features] if dims.len() == 2 => Shape::Vector(features),
        [channels, height, width] => Shape::Image([channels, height, width]),
        _ => return Err(OnnxError::InputRank { value: value(), rank: dims.len() }),
    };
    checked(shape).map_err(|problem| OnnxError::Node { node: value(), operator: "input".into(), problem })
}

/// The shape, if one image of it fits a tensor.
fn checked(shape: Shape) -> Result<Shape, NodeProblem> {
    let product = shape.dims().iter().try_fold(1u64, |product, dim| product.checked_mul(*dim as u64));
    product.filter(|elements| *elements <= MAX_TENSOR_BYTES / 4).map(|_| shape).ok_or(NodeProblem::TooLarge)
}

/// What is wrong: with the node, or with a tensor that it reads.
enum Problem {
    Node(NodeProblem),
    Other(OnnxError),
}

impl From<NodeProblem> for Problem {
    fn from(problem: NodeProblem) -> Self {
        Self::Node(problem)
    }
}

impl From<OnnxError> for Problem {
    fn from(error: OnnxError) -> Self {
        Self::Other(error)
    }
}

impl<'a> Reader<'a> {
    fn node(&mut self, node: &'a NodeProto) -> Result<(), Problem> {
        if !is_onnx(&node.domain) {
            return Err(NodeProblem::Domain(node.domain.clone()).into());
        }
        let output = match node.output.as_slice() {
            [output, rest @ ..]
                if rest.iter().all(|name| name.is_empty() || !self.reads.contains_key(name.as_str())) =>
            {
                output
            }
            outputs => {
                return Err(NodeProblem::Count { expected: "one output that is read", found: outputs.len() }.into())
            }
        };
        let made = match node.op_type.as_str() {
            "Constant" => return self.constant_node(node, output),
            "Identity" if self.constants.contains_key(self.name(node, 0)?) => {
                let tensor = self.constants[self.name(node, 0)?];
                self.constants.insert(output, tensor);
                return Ok(());
            }
            "Identity" | "Dropout" => self.same(node)?,
            "Softmax" | "LogSoftmax" => self.softmax(node, output)?,
            "Conv" => self.convolution(node)?,
            "BatchNormalization" => self.normalisation(node)?,
            "Gemm" => self.gemm(node)?,
            "MatMul" => self.matmul(node)?,
            "Add" => self.add(node)?,
            "Relu" => self.relu(node)?,
            "MaxPool" | "AveragePool" | "GlobalAveragePool" => self.pool(node)?,
            "Flatten" => self.flatten(node)?,
            "Reshape" => self.reshape(node)?,
            _ => return Err(NodeProblem::Operator.into()),
        };
        self.computed.insert(output, made);
        Ok(())
    }

    fn name(&self, node: &'a NodeProto, index: usize) -> Result<&'a str, NodeProblem> {
        let name = node.input.get(index).filter(|name| !name.is_empty());
        name.map(String::as_str).ok_or(NodeProblem::Count { expected: "more", found: node.input.len() })
    }

    /// Something computed that the node reads.
    fn input(&self, node: &'a NodeProto, index: usize) -> Result<Computed, NodeProblem> {
        let name = self.name(node, index)?;
        match self.computed.get(name) {
            Some(value) => Ok(Computed { alone: value.alone && self.reads.get(name) == Some(&1), ..*value }),
            None if self.constants.contains_key(name) => Err(NodeProblem::Constant(name.into())),
            None => Err(NodeProblem::UnknownValue(name.into())),
        }
    }

    fn tensor(&self, node: &'a NodeProto, index: usize) -> Result<&'a TensorProto, NodeProblem> {
        let name = self.name(node, index)?;
        match self.constants.get(name) {
            Some(tensor) => Ok(tensor),
            None if self.computed.contains_key(name) => Err(NodeProblem::NotConstant(name.into())),
            None => Err(NodeProblem::UnknownValue(name.into())),
        }
    }

    fn reals(&self, node: &'a NodeProto, index: usize) -> Result<Array<f32>, Problem> {
        let tensor = self.tensor(node, index)?;
        // A small file may have many nodes read one large constant: what they would take is known before anything is decoded.
        let decoded = self.decoded.get().saturating_add(dimensions(tensor)?.1 as u64);
        if decoded > MAX_DECODED {
            return Err(OnnxError::Weights.into());
        }
        self.decoded.set(decoded);
        Ok(reals(tensor, self.folder)?)
    }

    /// A constant of one number for each of `len`, or zeros where it is left out.
    fn numbers(&self, node: &'a NodeProto, index: usize, len: usize) -> Result<Vec<f32>, Problem> {
        if node.input.get(index).is_none_or(String::is_empty) {
            return Ok(vec![0.0; len]);
        }
        let values = self.reals(node, index)?.values;
        if values.len() == len {
            Ok(values)
        } else {
            Err(NodeProblem::Shape("a constant has not one number for each output").into())
        }
    }

    fn shape(&self, value: Computed) -> Shape {
        self.layers[value.layer].shape
    }

    fn push(
        &mut self,
        node: &NodeProto,
        operation: Operation,
        inputs: &[Computed],
        shape: Shape,
    ) -> Result<Computed, Problem> {
        let shape = checked(shape)?;
        let work = match &operation {
            Operation::Convolution { weights, .. } => {
                let [_, height, width] = shape.image();
                (weights.len() as u64).saturating_mul((height * width) as u64)
            }
            Operation::MaxPool(window) | Operation::AveragePool { window, .. } => {
                (shape.elements() as u64).saturating_mul((window.kernel[0] * window.kernel[1]) as u64)
            }
            Operation::Linear { weights, .. } => weights.len() as u64,
            _ => shape.elements() as u64,
        };
        self.multiplications = self.multiplications.saturating_add(work);
        if self.multiplications > MAX_MULTIPLICATIONS {
            return Err(NodeProblem::TooLarge.into());
        }
        let name = if node.name.is_empty() { node.output.first() } else { Some(&node.name) };
        let inputs = inputs.iter().map(|input| input.layer).collect();
        self.layers.push(Layer { name: name.cloned().unwrap_or_default(), operation, relu: false, inputs, shape });
        Ok(Computed { layer: self.layers.len() - 1, alone: true })
    }

    fn constant_node(&mut self, node: &'a NodeProto, output: &'a str) -> Result<(), Problem> {
        // Other forms are for texts and single numbers, which nothing that is known reads.
        let tensor = attribute(node, "value").and_then(|attribute| attribute.t.as_ref());
        let tensor = tensor.ok_or(NodeProblem::Attribute { name: "value", expected: "a tensor" })?;
        self.constants.insert(output, tensor);
        Ok(())
    }

    fn same(&self, node: &'a NodeProto) -> Result<Computed, Problem> {
        Ok(self.input(node, 0)?)
    }

    fn softmax(&self, node: &'a NodeProto, output: &str) -> Result<Computed, Problem> {
        let value = self.input(node, 0)?;
        let last = [-1, self.shape(value).dims().len() as i64].contains(&integer(node, "axis", -1))
            || (self.operator_set < 13 && integer(node, "axis", 1) == 1);
        must(last, "axis", "the last one")?;
        if output == self.output && matches!(self.shape(value), Shape::Vector(_)) {
            Ok(value)
        } else {
            Err(NodeProblem::Shape("a softmax is imported where it makes the output of classes, and nowhere else")
                .into())
        }
    }

    fn convolution(&mut self, node: &'a NodeProto) -> Result<Computed, Problem> {
        let x = self.input(node, 0)?;
        let Shape::Image([channels, height, width]) = self.shape(x) else {
            return Err(NodeProblem::Shape("a convolution reads images").into());
        };
        let Array { dims, values: weights } = self.reals(node, 1)?;
        let [outputs, in_group, rows, columns] = *dims.as_slice() else {
            return Err(NodeProblem::Shape("the weights of a convolution have four dimensions").into());
        };
        let window = window(node, Some([rows, columns]), [height, width])?;
        must(window.kernel == [rows, columns], "kernel_shape", "the size of the weights")?;
        let groups = usize::try_from(integer(node, "group", 1)).unwrap_or(0);
        let fits = groups > 0 && outputs % groups == 0 && in_group.checked_mul(groups) == Some(channels);
        must(
            fits,
            "group",
            "a number that divides outputs, and by which the weights' channels make those of the image",
        )?;
        let [down, across] = window.places([height, width]).ok_or(NodeProblem::Window)?;
        let bias = self.numbers(node, 2, outputs)?;
        let operation = Operation::Convolution { weights, bias, window, groups };
        self.push(node, operation, &[x], Shape::Image([outputs, down, across]))
    }

    /// Into the layer before, where nothing else reads it; else a convolution of each channel by itself.
    fn normalisation(&mut self, node: &'a NodeProto) -> Result<Computed, Problem> {
        let x = self.input(node, 0)?;
        must(integer(node, "training_mode", 0) == 0, "training_mode", "0: export the model in evaluation mode")?;
        must(integer(node, "spatial", 1) == 1, "spatial", "1")?;
        let shape = self.shape(x);
        let [channels, _, _] = shape.image();
        let part = |index: usize| -> Result<Vec<f32>, Problem> {
            self.name(node, index)?;
            self.numbers(node, index, channels)
        };
        let (gammas, betas, means, variances) = (part(1)?, part(2)?, part(3)?, part(4)?);
        let epsilon = f64::from(number(node, "epsilon", 1e-5));
        let mut factors = Vec::with_capacity(channels);
        for (((gamma, beta), mean), variance) in gammas.iter().zip(&betas).zip(&means).zip(&variances) {
            let factor = f64::from(*gamma) / (f64::from(*variance) + epsilon).sqrt();
            let shift = f64::from(*beta) - f64::from(*mean) * factor;
            if !(factor as f32).is_finite() || !(shift as f32).is_finite() {
                return Err(NodeProblem::NotFinite.into());
            }
            factors.push((factor, shift));
        }
        let layer = &mut self.layers[x.layer];
        match &mut layer.operation {
            Operation::Convolution { weights, bias, .. } | Operation::Linear { weights, bias }
                if x.alone && !layer.relu =>
            {
                let columns = weights.len() / channels;
                for ((row, bias), (factor, shift)) in weights.chunks_mut(columns).zip(bias.iter_mut()).zip(&factors) {
                    row.iter_mut().for_each(|weight| *weight = (f64::from(*weight) * factor) as f32);
                    *bias = (f64::from(*bias) * factor + shift) as f32;
                }
                if weights.iter().chain(bias.iter()).any(|number| !number.is_finite()) {
                    return Err(NodeProblem::NotFinite.into());
                }
                Ok(x)
            }
            _ => {
                let operation = Operation::Convolution {
                    weights: factors.iter().map(|(factor, _)| *factor as f32).collect(),
                    bias: factors.iter().map(|(_, shift)| *shift as f32).collect(),
                    window: Window { kernel: [1; 2], stride: [1; 2], padding: [0; 4] },
                    groups: channels,
                };
                self.push(node, operation, &[x], shape)
            }
        }
    }

    fn vector(&self, value: Computed) -> Result<usize, NodeProblem> {
        match self.shape(value) {
            Shape::Vector(len) => Ok(len),
            Shape::Image(_) => {
                Err(NodeProblem::Shape("a product with a matrix reads vectors: flatten images before it"))
            }
        }
    }

    fn gemm(&mut self, node: &'a NodeProto) -> Result<Computed, Problem> {
        let x = self.input(node, 0)?;
        let inputs = self.vector(x)?;
        must(integer(node, "transA", 0) == 0, "transA", "0")?;
        let transposed = integer(node, "transB", 0) != 0;
        let (alpha, beta) = (number(node, "alpha", 1.0), number(node, "beta", 1.0));
        let mut weights = self.matrix(node, inputs, transposed)?;
        let outputs = weights.len() / inputs;
        let mut bias = match node.input.get(2) {
            Some(name) if !name.is_empty() => spread(self.reals(node, 2)?, Shape::Vector(outputs))?,
            _ => vec![0.0; outputs],
        };
        weights.iter_mut().for_each(|weight| *weight *= alpha);
        bias.iter_mut().for_each(|bias| *bias *= beta);
        if weights.iter().chain(&bias).any(|number| !number.is_finite()) {
            return Err(NodeProblem::NotFinite.into());
        }
        self.push(node, Operation::Linear { weights, bias }, &[x], Shape::Vector(outputs))
    }

    fn matmul(&mut self, node: &'a NodeProto) -> Result<Computed, Problem> {
        let x = self.input(node, 0)?;
        let inputs = self.vector(x)?;
        let weights = self.matrix(node, inputs, false)?;
        let outputs = weights.len() / inputs;
        let bias = vec![0.0; outputs];
        self.push(node, Operation::Linear { weights, bias }, &[x], Shape::Vector(outputs))
    }

    /// A matrix of weights as `[outputs, inputs]`, which the file has so when it is transposed.
    fn matrix(&self, node: &'a NodeProto, inputs: usize, transposed: bool) -> Result<Vec<f32>, Problem> {
        let Array { dims, values } = self.reals(node, 1)?;
        let (found, outputs) = match (dims.as_slice(), transposed) {
            ([outputs, inputs], true) | ([inputs, outputs], false) => (*inputs, *outputs),
            _ => (0, 0),
        };
        if found != inputs {
            return Err(NodeProblem::Shape("the matrix has not as many rows as the vector has numbers").into());
        }
        if transposed {
            return Ok(values);
        }
        Ok((0..outputs).flat_map(|output| values.iter().skip(output).step_by(outputs).copied()).collect())
    }

    /// A sum of two layers; or of a layer and a constant, which becomes the layer's bias.
    fn add(&mut self, node: &'a NodeProto) -> Result<Computed, Problem> {
        let names = [self.name(node, 0)?, self.name(node, 1)?];
        let constant = names.iter().position(|name| self.constants.contains_key(name));
        let Some(constant) = constant else {
            let (a, b) = (self.input(node, 0)?, self.input(node, 1)?);
            let shape = self.shape(a);
            if shape != self.shape(b) {
                return Err(NodeProblem::Shape("both sides of a sum have the same shape").into());
            }
            return self.push(node, Operation::Add, &[a, b], shape);
        };
        let x = self.input(node, 1 - constant)?;
        let added = spread(self.reals(node, constant)?, self.shape(x))?;
        let layer = &mut self.layers[x.layer];
        match &mut layer.operation {
            Operation::Convolution { bias, .. } | Operation::Linear { bias, .. } if x.alone && !layer.relu => {
                bias.iter_mut().zip(&added).for_each(|(bias, added)| *bias += added);
                if bias.iter().any(|number| !number.is_finite()) {
                    return Err(NodeProblem::NotFinite.into());
                }
                Ok(x)
            }
            _ => {
                Err(NodeProblem::Shape("a constant is added to a convolution or product that nothing else reads")
                    .into())
            }
        }
    }

    fn relu(&mut self, node: &'a NodeProto) -> Result<Computed, Problem> {
        let x = self.input(node, 0)?;
        let layer = &mut self.layers[x.layer];
        if x.alone
            && matches!(layer.operation, Operation::Convolution { .. } | Operation::Linear { .. } | Operation::Add)
        {
            layer.relu = true;
            return Ok(x);
        }
        let shape = layer.shape;
        let made = self.push(node, Operation::Copy, &[x], shape)?;
        self.layers[made.layer].relu = true;
        Ok(made)
    }

    fn pool(&mut self, node: &'a NodeProto) -> Result<Computed, Problem> {
        let x = self.input(node, 0)?;
        let Shape::Image([channels, height, width]) = self.shape(x) else {
            return Err(NodeProblem::Shape("a pool reads images").into());
        };
        let window = match node.op_type.as_str() {
            "GlobalAveragePool" => Window { kernel: [height, width], stride: [1; 2], padding: [0; 4] },
            _ => window(node, None, [height, width])?,
        };
        let [down, across] = window.places([height, width]).ok_or(NodeProblem::Window)?;
        let [top, left, bottom, right] = window.padding;
        if (top, left) != (bottom, right) {
            return Err(NodeProblem::UnevenPadding.into());
        }
        let operation = match node.op_type.as_str() {
            "MaxPool" => Operation::MaxPool(window),
            _ => Operation::AveragePool { window, counts_padding: integer(node, "count_include_pad", 0) != 0 },
        };
        self.push(node, operation, &[x], Shape::Image([channels, down, across]))
    }

    fn flatten(&mut self, node: &'a NodeProto) -> Result<Computed, Problem> {
        let x = self.input(node, 0)?;
        let shape = self.shape(x);
        let rank = shape.dims().len() as i64 + 1;
        must([1, 1 - rank].contains(&integer(node, "axis", 1)), "axis", "1: images stay apart")?;
        self.reshaped(node, x, Shape::Vector(shape.elements()))
    }

    fn reshape(&mut self, node: &'a NodeProto) -> Result<Computed, Problem> {
        let x = self.input(node, 0)?;
        let from = self.shape(x).dims();
        must(integer(node, "allowzero", 0) == 0, "allowzero", "0")?;
        let wanted = integers(self.tensor(node, 1)?, self.folder)?.values;
        const IMAGES: NodeProblem = NodeProblem::Shape(
            "a reshape keeps the first dimension, the number of images, and its other sizes are fixed",
        );
        // The first dimension is that of the images: free, kept, or 1 in a file for one image.
        let [first, rest @ ..] = wanted.as_slice() else { return Err(IMAGES.into()) };
        let all = from.iter().product::<usize>();
        let mut sizes: Vec<usize> = Vec::new();
        let mut free = None;
        for (axis, size) in rest.iter().enumerate() {
            let size = match *size {
                -1 if free.is_none() && *first != -1 => {
                    free = Some(axis);
                    1
                }
                0 => *from.get(axis).ok_or(IMAGES)?,
                size => usize::try_from(size).ok().filter(|size| *size > 0).ok_or(IMAGES)?,
            };
            sizes.push(size);
        }
        let known = sizes.iter().try_fold(1usize, |product, size| product.checked_mul(*size)).ok_or(IMAGES)?;
        if let Some(axis) = free {
            sizes[axis] = all / known;
        }
        let whole = sizes.iter().try_fold(1usize, |product, size| product.checked_mul(*size)) == Some(all);
        let shape = match *sizes.as_slice() {
            [len] => Shape::Vector(len),
            [channels, height, width] => Shape::Image([channels, height, width]),
            _ => return Err(IMAGES.into()),
        };
        if !whole || *first < -1 {
            return Err(IMAGES.into());
        }
        self.reshaped(node, x, shape)
    }

    fn reshaped(&mut self, node: &NodeProto, x: Computed, shape: Shape) -> Result<Computed, Problem> {
        if self.shape(x) == shape {
            return Ok(x);
        }
        self.push(node, Operation::Reshape, &[x], shape)
    }
}

/// A constant that is added to a layer, as one number for each channel.
fn spread(constant: Array<f32>, to: Shape) -> Result<Vec<f32>, NodeProblem> {
    let [channels, ..] = to.image();
    // By the last dimensions: ones but for the channels.
    let at = to.dims().len();
    let mut dims = constant.dims;
    while dims.len() > at && dims.first() == Some(&1) {
        dims.remove(0);
    }
    let for_each = match to {
        Shape::Vector(len) => dims == [len],
        Shape::Image(_) => dims == [channels, 1, 1],
    };
    match constant.values.as_slice() {
        [one] => Ok(vec![*one; channels]),
        values if for_each => Ok(values.to_vec()),
        _ => Err(NodeProblem::Shape("a constant that is added has one number, or one for each output or channel")),
    }
}

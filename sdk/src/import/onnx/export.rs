// SPDX-License-Identifier: Apache-2.0
//! Models of this crate as ONNX messages: operator set 13, weights as raw `f32`, the number of images free.

use super::proto::{
    attribute_type, data_type, AttributeProto, DimensionProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto,
    TensorProto, TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto,
};
use crate::models::{Cnn, Mlp};

/// Version of the operators that are written.
const OPERATOR_SET: i64 = 13;
/// Version of the format that is written: that of the operators' time.
const IR_VERSION: i64 = 7;

/// A perceptron with these parameters, in the layout of a checkpoint. Input: `input [N, inputs]`; output: `logits [N, outputs]`.
pub fn mlp(mlp: &Mlp, parameters: &[f64]) -> ModelProto {
    let names = [("hidden.weight", [mlp.hidden, mlp.inputs]), ("output.weight", [mlp.outputs, mlp.hidden])];
    let biases = ["hidden.bias", "output.bias"];
    let mut tensors = Vec::new();
    let layout = mlp.layout();
    for (layer, ((name, dims), bias)) in names.iter().zip(biases).enumerate() {
        let of = |index: usize| &parameters[layout[index].start as usize..][..layout[index].len() as usize];
        tensors.push(tensor(name, &dims.map(u64::from), of(2 * layer).iter().copied()));
        tensors.push(tensor(bias, &[u64::from(dims[0])], of(2 * layer + 1).iter().copied()));
    }
    let nodes = vec![
        node("Gemm", &["input", "hidden.weight", "hidden.bias"], "hidden", vec![integer("transB", 1)]),
        node("Relu", &["hidden"], "active", vec![]),
        node("Gemm", &["active", "output.weight", "output.bias"], "logits", vec![integer("transB", 1)]),
    ];
    model("mlp", nodes, tensors, &[mlp.inputs], mlp.outputs)
}

/// A convolutional network with these parameters, in the layout of a checkpoint. Input: `input [N, 1, side, side]`; output: `logits [N,
/// classes]`.
pub fn cnn(cnn: &Cnn, parameters: &[f64]) -> ModelProto {
    let layout = cnn.layout();
    let of = |index: usize| &parameters[layout[index].start as usize..][..layout[index].len() as usize];
    let (mut nodes, mut tensors) = (Vec::new(), Vec::new());
    let mut value = "input".to_owned();
    let mut before = 1;
    let mut side = cnn.side;
    let kernel = usize::from(cnn.kernel);
    for (layer, channels) in cnn.channels.iter().enumerate() {
        let [weights, bias, sums, active, pooled] =
            ["weight", "bias", "sums", "active", "pooled"].map(|name| format!("conv{layer}.{name}"));
        // [outputs, rows, columns, channels] to [outputs, channels, rows, columns].
        let depth = kernel * kernel * before as usize;
        let area = kernel * kernel;
        let moved = (0..depth * *channels as usize).map(|at| {
            let (output, within) = (at / depth, at % depth);
            of(2 * layer)[output * depth + within % area * before as usize + within / area]
        });
        let dims = [u64::from(*channels), u64::from(before), kernel as u64, kernel as u64];
        tensors.push(tensor(&weights, &dims, moved));
        tensors.push(tensor(&bias, &[u64::from(*channels)], of(2 * layer + 1).iter().copied()));
        let (kernel, padding, pool) = (i64::from(cnn.kernel), i64::from(cnn.kernel / 2), i64::from(cnn.pool));
        let attributes = vec![integers("kernel_shape", &[kernel; 2]), integers("pads", &[padding; 4])];
        nodes.push(node("Conv", &[&value, &weights, &bias], &sums, attributes));
        nodes.push(node("Relu", &[&sums], &active, vec![]));
        let attributes = vec![integers("kernel_shape", &[pool; 2]), integers("strides", &[pool; 2])];
        nodes.push(node("MaxPool", &[&active], &pooled, attributes));
        value = pooled;
        before = *channels;
        side /= u32::from(cnn.pool);
    }
    // Features are [rows, columns, channels]; a flattened image is [channels, rows, columns].
    let last = 2 * cnn.channels.len();
    let (area, channels) = ((side * side) as usize, before as usize);
    let features = area * channels;
    let moved = (0..features * cnn.classes as usize).map(|at| {
        let (class, within) = (at / features, at % features);
        of(last)[class * features + within % area * channels + within / area]
    });
    tensors.push(tensor("classes.weight", &[u64::from(cnn.classes), features as u64], moved));
    tensors.push(tensor("classes.bias", &[u64::from(cnn.classes)], of(last + 1).iter().copied()));
    nodes.push(node("Flatten", &[&value], "features", vec![integer("axis", 1)]));
    nodes.push(node("Gemm", &["features", "classes.weight", "classes.bias"], "logits", vec![integer("transB", 1)]));
    model("cnn", nodes, tensors, &[1, cnn.side, cnn.side], cnn.classes)
}

/// A file of one graph from `input` to `logits`.
pub fn model(
    name: &str,
    node: Vec<NodeProto>,
    initializer: Vec<TensorProto>,
    input: &[u32],
    classes: u32,
) -> ModelProto {
    let value = |name: &str, sizes: &[u32]| {
        let images = DimensionProto { dim_value: 0, dim_param: "N".into() };
        let sizes = sizes.iter().map(|size| DimensionProto { dim_value: (*size).into(), dim_param: String::new() });
        let shape = TensorShapeProto { dim: std::iter::once(images).chain(sizes).collect() };
        let tensor_type = TensorTypeProto { elem_type: data_type::FLOAT, shape: Some(shape) };
        ValueInfoProto { name: name.into(), r#type: Some(TypeProto { tensor_type: Some(tensor_type) }) }
    };
    let graph = GraphProto {
        node,
        name: name.into(),
        initializer,
        input: vec![value("input", input)],
        output: vec![value("logits", &[classes])],
    };
    ModelProto {
        ir_version: IR_VERSION,
        producer_name: "quern".into(),
        graph: Some(graph),
        opset_import: vec![OperatorSetIdProto { domain: String::new(), version: OPERATOR_SET }],
    }
}

/// A node, named by its output.
pub fn node(operator: &str, input: &[&str], output: &str, attribute: Vec<AttributeProto>) -> NodeProto {
    NodeProto {
        input: input.iter().map(|name| (*name).to_owned()).collect(),
        output: vec![output.into()],
        name: output.into(),
        op_type: operator.into(),
        attribute,
        domain: String::new(),
    }
}

/// A tensor of `f32`.
pub fn tensor(name: &str, dims: &[u64], values: impl Iterator<Item = f64>) -> TensorProto {
    TensorProto {
        dims: dims.iter().map(|dim| *dim as i64).collect(),
        data_type: data_type::FLOAT,
        name: name.into(),
        raw_data: values.flat_map(|value| (value as f32).to_le_bytes()).collect::<Vec<u8>>().into(),
        ..TensorProto::default()
    }
}

/// An attribute of one integer.
pub fn integer(name: &str, i: i64) -> AttributeProto {
    AttributeProto { name: name.into(), i, r#type: attribute_type::INT, ..AttributeProto::default() }
}

/// An attribute of integers.
pub fn integers(name: &str, ints: &[i64]) -> AttributeProto {
    AttributeProto { name: name.into(), ints: ints.to_vec(), r#type: attribute_type::INTS, ..AttributeProto::default() }
}

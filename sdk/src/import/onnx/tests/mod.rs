// SPDX-License-Identifier: Apache-2.0
//! Networks of a moment, and what the tests share.

mod digits;
mod programs;
mod properties;
mod reading;
mod refusals;

use super::{
    export::{integer, integers, model, node, tensor},
    npy::Array,
    proto::{attribute_type, AttributeProto, ModelProto, NodeProto, TensorProto},
    *,
};
use prost::Message;
use quern_executor::{cpu::CpuExecutor, Executor};
use quern_primitives::draw::Draw;
use quern_program::Context;

/// Numbers from -1 to 1.
pub(super) fn random(draw: &mut Draw, len: u64) -> impl Iterator<Item = f64> + use<'_> {
    (0..len).map(|_| draw.below(2_000_001) as f64 / 1e6 - 1.0)
}

fn weights(draw: &mut Draw, name: &str, dims: &[u64]) -> TensorProto {
    let fan_in: u64 = dims.iter().skip(1).product();
    let scale = (3.0 / fan_in as f64).sqrt();
    tensor(name, dims, random(draw, dims.iter().product()).map(|x| x * scale))
}

pub(super) fn text(name: &str, value: &'static str) -> AttributeProto {
    let (s, r#type) = (value.as_bytes().into(), attribute_type::STRING);
    AttributeProto { name: name.into(), s, r#type, ..AttributeProto::default() }
}

/// A network with every operator that can be imported: strides, groups, normalisation that is folded and that is not, a residual sum, all
/// pools, uneven padding. Input `[N, 2, 9, 9]`, five classes.
pub(super) fn everything() -> ModelProto {
    let mut draw = Draw::new([7; 32]);
    let mut tensors = vec![
        weights(&mut draw, "w1", &[8, 2, 3, 3]),
        weights(&mut draw, "w2", &[8, 2, 3, 3]),
        weights(&mut draw, "b2", &[8]),
        weights(&mut draw, "w3", &[6, 8, 3, 3]),
        weights(&mut draw, "w4", &[6, 5]),
        weights(&mut draw, "b4", &[5]),
        weights(&mut draw, "w5", &[5, 5]),
        weights(&mut draw, "b5", &[5]),
    ];
    for name in ["n1", "n2", "n3"] {
        tensors.push(tensor(&format!("{name}.gamma"), &[8], random(&mut draw, 8).map(|x| 1.0 + x / 2.0)));
        tensors.push(tensor(&format!("{name}.beta"), &[8], random(&mut draw, 8).map(|x| x / 4.0)));
        tensors.push(tensor(&format!("{name}.mean"), &[8], random(&mut draw, 8).map(|x| x / 4.0)));
        tensors.push(tensor(&format!("{name}.variance"), &[8], random(&mut draw, 8).map(|x| 1.0 + x / 2.0)));
    }
    let normal = |from: &str, name: &str| {
        let parts = ["gamma", "beta", "mean", "variance"].map(|part| format!("{name}.{part}"));
        let [gamma, beta, mean, variance] = &parts;
        node("BatchNormalization", &[from, gamma, beta, mean, variance], name, vec![])
    };
    let window = |kernel: i64, stride: i64, padding: i64| {
        vec![integers("kernel_shape", &[kernel; 2]), integers("strides", &[stride; 2]), integers("pads", &[padding; 4])]
    };
    let constant = NodeProto {
        attribute: vec![AttributeProto {
            name: "value".into(),
            t: Some(TensorProto {
                dims: vec![2],
                data_type: proto::data_type::INT64,
                int64_data: vec![0, -1],
                ..TensorProto::default()
            }),
            r#type: attribute_type::TENSOR,
            ..AttributeProto::default()
        }],
        ..node("Constant", &[], "flat", vec![])
    };
    let nodes = vec![
        node("Identity", &["input"], "same", vec![]),
        node("Conv", &["same", "w1"], "c1", window(3, 2, 1)),
        normal("c1", "n1"),
        node("Relu", &["n1"], "r1", vec![]),
        node("Conv", &["r1", "w2", "b2"], "c2", [window(3, 1, 1), vec![integer("group", 4)]].concat()),
        normal("c2", "n2"),
        node("Add", &["n2", "r1"], "sum", vec![]),
        node("Relu", &["sum"], "r2", vec![]),
        node("AveragePool", &["r2"], "mean", window(3, 2, 1)),
        normal("mean", "n3"),
        node("MaxPool", &["n3"], "most", window(2, 1, 0)),
        node("Relu", &["most"], "r3", vec![]),
        node("Conv", &["r3", "w3"], "c3", vec![integers("strides", &[1; 2]), text("auto_pad", "SAME_UPPER")]),
        node("GlobalAveragePool", &["c3"], "global", vec![]),
        constant,
        node("Reshape", &["global", "flat"], "vector", vec![]),
        node("MatMul", &["vector", "w4"], "product", vec![]),
        node("Add", &["b4", "product"], "biased", vec![]),
        node("Relu", &["biased"], "r4", vec![]),
        node("Dropout", &["r4"], "kept", vec![]),
        node("Gemm", &["kept", "w5", "b5"], "scores", vec![integer("transB", 1)]),
        node("Softmax", &["scores"], "logits", vec![integer("axis", 1)]),
    ];
    model("everything", nodes, tensors, &[2, 9, 9], 5)
}

/// A network of one matrix.
pub(super) fn matrix(inputs: u32, classes: u32, weights: impl Iterator<Item = f64>, bias: f64) -> Network {
    let tensors = vec![tensor("w", &[classes.into(), inputs.into()], weights), tensor("b", &[1], [bias].into_iter())];
    let nodes = vec![node("Gemm", &["input", "w", "b"], "logits", vec![integer("transB", 1)])];
    parsed(&model("matrix", nodes, tensors, &[inputs], classes)).unwrap()
}

/// A file's bytes.
pub(super) fn bytes(model: &ModelProto) -> Bytes {
    model.encode_to_vec().into()
}

pub(super) fn parsed(model: &ModelProto) -> Result<Network, OnnxError> {
    Network::parse(bytes(model), None)
}

/// Samples of a network's size.
pub(super) fn samples(network: &Network, count: usize) -> Array {
    let mut draw = Draw::new([9; 32]);
    let elements = (count * network.input_shape().elements()) as u64;
    let shape = [vec![count], network.input_shape().dims()].concat();
    Array { shape, values: random(&mut draw, elements).map(|x| x as f32).collect() }
}

pub(super) fn run(program: &Checked, inputs: &[Tensor]) -> Result<Tensor, String> {
    let ran = CpuExecutor::new().run_task(program, &Context::default(), inputs, &mut |_, _| ());
    ran.map_err(|error| error.to_string())
}

pub(super) fn imported(network: &Network, samples: &Array, options: &Options) -> Result<Imported, OnnxError> {
    import(network, samples, options, run)
}

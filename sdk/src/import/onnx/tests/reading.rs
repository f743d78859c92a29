// SPDX-License-Identifier: Apache-2.0
//! What a file means as layers.

use super::*;
use crate::import::onnx::proto::data_type;

fn layer<'a>(network: &'a Network, name: &str) -> &'a Layer {
    network.layers().iter().find(|layer| layer.name == name).unwrap()
}

/// Both networks yield the same on some images, as far as rounding goes.
#[track_caller]
fn same(a: &Network, b: &Network) {
    for image in samples(a, 4).values.chunks(a.input_shape().elements()) {
        for (a, b) in a.logits(image).iter().zip(b.logits(image)) {
            assert!((a - b).abs() < 1e-5, "{a} {b}");
        }
    }
}

#[test]
fn network_should_have_a_layer_for_each_node_that_is_not_folded() {
    let network = parsed(&everything()).unwrap();
    let names: Vec<&str> = network.layers().iter().map(|layer| layer.name.as_str()).collect();
    let expected =
        ["input", "c1", "c2", "sum", "mean", "n3", "most", "r3", "c3", "global", "vector", "product", "scores"];
    assert_eq!(names, expected);
    assert_eq!(layer(&network, "c1").shape, Shape::Image([8, 5, 5]));
    assert_eq!(layer(&network, "mean").shape, Shape::Image([8, 3, 3]));
    assert_eq!(layer(&network, "c3").shape, Shape::Image([6, 2, 2]));
    assert_eq!(network.classes(), 5);
    let relus: Vec<&str> =
        network.layers().iter().filter(|layer| layer.relu).map(|layer| layer.name.as_str()).collect();
    assert_eq!(relus, ["c1", "sum", "r3", "product"]);
}

#[test]
fn normalisation_should_mean_the_same_when_it_is_folded_and_when_it_is_not() {
    let folded = everything();
    let mut apart = folded.clone();
    // Two more readers of the convolutions keep the normalisation apart from them.
    let nodes = &mut apart.graph.as_mut().unwrap().node;
    nodes.push(node("Relu", &["c1"], "unused1", vec![]));
    nodes.push(node("Relu", &["c2"], "unused2", vec![]));
    let (folded, apart) = (parsed(&folded).unwrap(), parsed(&apart).unwrap());
    assert_eq!(apart.layers().len(), folded.layers().len() + 2);
    same(&folded, &apart);
}

#[test]
fn layers_should_be_left_out_when_nothing_reads_them() {
    let mut model = everything();
    model.graph.as_mut().unwrap().node.push(node(
        "MaxPool",
        &["r2"],
        "unused",
        vec![integers("kernel_shape", &[2; 2])],
    ));
    assert_eq!(parsed(&model).unwrap(), parsed(&everything()).unwrap());
}

#[test]
fn weights_should_be_the_same_when_they_are_stored_in_other_ways() {
    let mut model = everything();
    let graph = model.graph.as_mut().unwrap();
    for (index, tensor) in graph.initializer.iter_mut().enumerate() {
        let values: Vec<f32> =
            tensor.raw_data.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        tensor.raw_data = Bytes::new();
        match index % 3 {
            0 => tensor.float_data = values,
            1 => {
                tensor.data_type = data_type::DOUBLE;
                tensor.double_data = values.iter().map(|x| f64::from(*x)).collect();
            }
            _ => {
                tensor.data_type = data_type::DOUBLE;
                tensor.raw_data = values.iter().flat_map(|x| f64::from(*x).to_le_bytes()).collect::<Vec<u8>>().into();
            }
        }
    }
    assert_eq!(parsed(&model).unwrap(), parsed(&everything()).unwrap());
}

#[test]
fn weights_should_be_read_when_they_have_sixteen_bits() {
    let read = |tensor: &TensorProto| read::reals(tensor, None).unwrap().values;
    let half = TensorProto { dims: vec![2], data_type: data_type::FLOAT16, ..TensorProto::default() };
    let raw = TensorProto { raw_data: vec![0x00, 0x3c, 0x00, 0xc1].into(), ..half.clone() };
    assert_eq!(read(&raw), [1.0, -2.5]);
    assert_eq!(read(&TensorProto { int32_data: vec![0x3c00, 0xc100], ..half }), [1.0, -2.5]);
    let brain = TensorProto { dims: vec![1], data_type: data_type::BFLOAT16, ..TensorProto::default() };
    assert_eq!(read(&TensorProto { raw_data: vec![0x20, 0xc0].into(), ..brain }), [-2.5]);
}

#[test]
fn constants_should_be_inputs_too_when_the_file_is_old() {
    let mut model = everything();
    let graph = model.graph.as_mut().unwrap();
    graph.input.push(proto::ValueInfoProto { name: "w1".into(), r#type: None });
    assert_eq!(parsed(&model).unwrap(), parsed(&everything()).unwrap());
}

/// One layer from `input [2, 5, 4]`, and a sum over its images so that there are logits.
fn one(operator: &str, attributes: Vec<AttributeProto>, extra: &[&str]) -> Network {
    let mut draw = Draw::new([3; 32]);
    let tensors = vec![weights(&mut draw, "w", &[2, 2, 3, 2])];
    let nodes = vec![
        node(operator, &[&["input"], extra].concat(), "y", attributes),
        node("GlobalAveragePool", &["y"], "logits", vec![]),
    ];
    parsed(&model("one", nodes, tensors, &[2, 5, 4], 2)).unwrap()
}

#[test]
fn padding_should_be_chosen_by_the_file_when_it_is_automatic() {
    let strides = || integers("strides", &[2, 2]);
    let with = |padding: AttributeProto| one("Conv", vec![strides(), padding], &["w"]);
    // Rows: (3 - 1) * 2 + 3 - 5 = 2; columns: (2 - 1) * 2 + 2 - 4 = 0.
    let upper = with(text("auto_pad", "SAME_UPPER"));
    assert_eq!(layer(&upper, "y").shape, Shape::Image([2, 3, 2]));
    same(&upper, &with(integers("pads", &[1, 0, 1, 0])));
    let strides = || integers("strides", &[1, 1]);
    let with = |padding: AttributeProto| one("Conv", vec![strides(), padding], &["w"]);
    same(&with(text("auto_pad", "SAME_UPPER")), &with(integers("pads", &[1, 0, 1, 1])));
    same(&with(text("auto_pad", "SAME_LOWER")), &with(integers("pads", &[1, 1, 1, 0])));
    same(&with(text("auto_pad", "VALID")), &with(integers("pads", &[0; 4])));
}

#[test]
fn means_should_count_padding_only_when_the_file_says_so() {
    let pool = |counts: i64| {
        let attributes = vec![
            integers("kernel_shape", &[2; 2]),
            integers("strides", &[2, 2]),
            integers("pads", &[1; 4]),
            integer("count_include_pad", counts),
        ];
        let network = one("AveragePool", attributes, &[]);
        network.activations(&[1.0; 40]).swap_remove(1)
    };
    assert_eq!(&pool(0)[..9], [1.0; 9]);
    assert_eq!(&pool(1)[..9], [0.25, 0.5, 0.25, 0.5, 1.0, 0.5, 0.5, 1.0, 0.5]);
}

#[test]
fn gemm_should_scale_its_matrix_and_its_bias() {
    let tensors =
        vec![tensor("w", &[2, 3], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0].into_iter()), tensor("b", &[1], [10.0].into_iter())];
    let float = |name: &str, f: f32| AttributeProto {
        name: name.into(),
        f,
        r#type: attribute_type::FLOAT,
        ..AttributeProto::default()
    };
    let nodes = vec![node("Gemm", &["input", "w", "b"], "logits", vec![float("alpha", 2.0), float("beta", 0.5)])];
    let network = parsed(&model("gemm", nodes, tensors, &[2], 3)).unwrap();
    assert_eq!(network.logits(&[1.0, -1.0]), [-1.0; 3]);
}

#[test]
fn vectors_should_become_images_and_back_in_the_files_order() {
    let shape = |name: &str, sizes: &[i64]| TensorProto {
        dims: vec![sizes.len() as i64],
        data_type: data_type::INT64,
        int64_data: sizes.to_vec(),
        name: name.into(),
        ..TensorProto::default()
    };
    let eye = tensor("eye", &[12, 12], (0..144).map(|at| f64::from(u8::from(at % 13 == 0))));
    let tensors = vec![shape("image", &[-1, 3, 2, 2]), shape("vector", &[1, -1]), eye];
    let nodes = vec![
        node("Reshape", &["input", "image"], "image", vec![]),
        node("MaxPool", &["image"], "same", vec![integers("kernel_shape", &[1, 1])]),
        node("Reshape", &["same", "vector"], "flat", vec![]),
        node("MatMul", &["flat", "eye"], "logits", vec![]),
    ];
    let mut file = model("order", nodes, tensors, &[12], 12);
    // A constant and a computed value may not have one name.
    file.graph.as_mut().unwrap().initializer[0].name = "sizes".into();
    file.graph.as_mut().unwrap().node[0].input[1] = "sizes".into();
    let network = parsed(&file).unwrap();
    let image: Vec<f32> = (0..12).map(|x| x as f32).collect();
    assert_eq!(network.logits(&image), image);
    let imported = imported(&network, &samples(&network, 64), &Options::default()).unwrap();
    // An exponent of 2^-7 is off by half of that at most, and by its last step at one.
    assert!(imported.fidelity.worst_logit_error <= 1.0 / 128.0, "{:?}", imported.fidelity);
}

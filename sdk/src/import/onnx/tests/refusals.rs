// SPDX-License-Identifier: Apache-2.0
//! What is wrong with a file or its samples is said by name, before anything is made.

use super::*;
use crate::import::onnx::proto::{DimensionProto, GraphProto, StringStringEntryProto};
use std::fs;

/// The file with every operator, changed.
fn changed(change: impl FnOnce(&mut GraphProto)) -> Result<Network, OnnxError> {
    let mut model = everything();
    change(model.graph.as_mut().unwrap());
    parsed(&model)
}

fn node_of<'a>(graph: &'a mut GraphProto, name: &str) -> &'a mut NodeProto {
    graph.node.iter_mut().find(|node| node.name == name).unwrap()
}

fn tensor_of<'a>(graph: &'a mut GraphProto, name: &str) -> &'a mut TensorProto {
    graph.initializer.iter_mut().find(|tensor| tensor.name == name).unwrap()
}

fn dimension(graph: &mut GraphProto, axis: usize) -> &mut DimensionProto {
    let ty = graph.input[0].r#type.as_mut().unwrap().tensor_type.as_mut().unwrap();
    &mut ty.shape.as_mut().unwrap().dim[axis]
}

/// The problem of a node, which must be of this name.
#[track_caller]
fn problem(result: Result<Network, OnnxError>, name: &str) -> NodeProblem {
    match result {
        Err(OnnxError::Node { node, problem, .. }) if node == name => problem,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn tensor_problem(result: Result<Network, OnnxError>, name: &str) -> TensorProblem {
    match result {
        Err(OnnxError::Tensor { tensor, problem }) if tensor == name => problem,
        other => panic!("{other:?}"),
    }
}

#[test]
fn file_should_be_refused_when_it_is_cut_short() {
    let whole = bytes(&everything());
    for len in (0..whole.len()).step_by(97).chain([whole.len() - 1]) {
        assert!(Network::parse(whole.slice(..len), None).is_err(), "{len}");
    }
}

#[test]
fn file_should_be_refused_when_it_is_not_there_or_no_model() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    assert!(matches!(Network::open(&path), Err(OnnxError::File { .. })));
    assert!(matches!(Network::open(folder.path()), Err(OnnxError::File { .. })));
    fs::write(&path, b"").unwrap();
    assert!(matches!(Network::open(&path), Err(OnnxError::NoGraph)));
    fs::write(&path, b"a text").unwrap();
    assert!(matches!(Network::open(&path), Err(OnnxError::Protobuf(_))));
}

#[test]
fn file_should_be_refused_when_it_has_more_parts_than_memory_should_hold() {
    // A graph of empty nodes: two bytes each.
    let nodes = [0x0a, 0x00].repeat(3 << 20);
    let mut file = vec![0x3a];
    prost::encoding::encode_varint(nodes.len() as u64, &mut file);
    let file = [file, nodes].concat();
    assert!(matches!(Network::parse(file.into(), None), Err(OnnxError::TooManyParts)));
}

#[test]
fn file_should_be_refused_when_its_operator_set_is_not_known() {
    for (version, found) in [(Some(6), Some(6)), (Some(22), Some(22)), (None, None)] {
        let mut model = everything();
        match version {
            Some(version) => model.opset_import[0].version = version,
            None => model.opset_import[0].domain = "other".into(),
        }
        let error = parsed(&model).unwrap_err();
        assert!(matches!(error, OnnxError::OperatorSet { found: named } if named == found), "{error}");
        assert!(error.to_string().contains("opset_version=17"));
    }
}

#[test]
fn graph_should_be_refused_when_inputs_or_outputs_are_not_one() {
    let two = changed(|graph| graph.input.push(ValueInfo::named("mask")));
    assert!(matches!(two, Err(OnnxError::Inputs { found: 2 })));
    assert!(matches!(changed(|graph| graph.input.clear()), Err(OnnxError::Inputs { found: 0 })));
    assert!(matches!(changed(|graph| graph.output.clear()), Err(OnnxError::Outputs { found: 0 })));
    for name in ["nothing", "input", "c1", "w1"] {
        let other = changed(|graph| {
            // The softmax belongs to the output.
            graph.node.pop();
            graph.output[0].name = name.into();
        });
        assert!(matches!(other, Err(OnnxError::Output { .. })), "{name}");
    }
}

struct ValueInfo;

impl ValueInfo {
    fn named(name: &str) -> proto::ValueInfoProto {
        proto::ValueInfoProto { name: name.into(), r#type: None }
    }
}

#[test]
fn graph_should_be_refused_when_sizes_are_dynamic_or_absurd() {
    let dynamic = changed(|graph| *dimension(graph, 2) = DimensionProto { dim_value: 0, dim_param: "height".into() });
    assert!(matches!(dynamic, Err(OnnxError::DynamicDimension { axis: 2, .. })));
    let negative = changed(|graph| dimension(graph, 3).dim_value = -1);
    assert!(matches!(negative, Err(OnnxError::DynamicDimension { axis: 3, .. })));
    let huge = changed(|graph| dimension(graph, 3).dim_value = i64::MAX);
    assert_eq!(problem(huge, "input"), NodeProblem::TooLarge);
    let flat = changed(|graph| {
        graph.input[0].r#type.as_mut().unwrap().tensor_type.as_mut().unwrap().shape.as_mut().unwrap().dim.truncate(3);
    });
    assert!(matches!(flat, Err(OnnxError::InputRank { rank: 3, .. })));
    assert!(matches!(changed(|graph| graph.input[0].r#type = None), Err(OnnxError::InputRank { rank: 0, .. })));
}

#[test]
fn node_should_be_refused_by_name_when_its_operator_is_not_known() {
    let result = changed(|graph| node_of(graph, "r1").op_type = "Sigmoid".into());
    let text = result.as_ref().unwrap_err().to_string();
    assert!(text.contains("r1") && text.contains("Sigmoid") && text.contains("BatchNormalization"), "{text}");
    assert_eq!(problem(result, "r1"), NodeProblem::Operator);
    let other = changed(|graph| node_of(graph, "r1").domain = "com.microsoft".into());
    assert_eq!(problem(other, "r1"), NodeProblem::Domain("com.microsoft".into()));
}

#[test]
fn node_should_be_refused_when_an_attribute_cannot_be_imported() {
    let with = |node: &str, attribute: AttributeProto| {
        let result = changed(|graph| {
            let attributes = &mut node_of(graph, node).attribute;
            attributes.retain(|known| known.name != attribute.name);
            attributes.push(attribute.clone());
        });
        match problem(result, node) {
            NodeProblem::Attribute { name, .. } => assert_eq!(name, attribute.name),
            other => panic!("{other:?}"),
        }
    };
    with("c1", integers("dilations", &[2, 2]));
    with("c1", integers("strides", &[1]));
    with("c1", integers("pads", &[-1, 0, 0, 0]));
    with("c1", integers("kernel_shape", &[5, 5]));
    with("c1", integer("group", 3));
    with("c1", text("auto_pad", "SAME"));
    with("most", integer("ceil_mode", 1));
    with("n1", integer("training_mode", 1));
    with("vector", integer("allowzero", 1));
    with("scores", integer("transA", 1));
    with("logits", integer("axis", 0));
}

#[test]
fn node_should_be_refused_when_its_windows_are_not_possible() {
    let strides =
        |sizes: &'static [i64]| changed(|graph| node_of(graph, "mean").attribute[1] = integers("strides", sizes));
    assert_eq!(problem(strides(&[0, 1]), "mean"), NodeProblem::Window);
    assert_eq!(problem(strides(&[256, 1]), "mean"), NodeProblem::Window);
    let kernel = changed(|graph| node_of(graph, "mean").attribute[0] = integers("kernel_shape", &[9, 9]));
    assert_eq!(problem(kernel, "mean"), NodeProblem::Window);
    let padding = changed(|graph| node_of(graph, "mean").attribute[2] = integers("pads", &[3; 4]));
    assert_eq!(problem(padding, "mean"), NodeProblem::Window);
    let uneven = changed(|graph| node_of(graph, "mean").attribute[2] = integers("pads", &[1, 1, 0, 0]));
    assert_eq!(problem(uneven, "mean"), NodeProblem::UnevenPadding);
}

#[test]
fn node_should_be_refused_when_it_reads_what_it_cannot() {
    let reads = |node: &'static str, index: usize, name: &'static str| {
        problem(changed(|graph| node_of(graph, node).input[index] = name.into()), node)
    };
    assert_eq!(reads("r1", 0, "later"), NodeProblem::UnknownValue("later".into()));
    assert_eq!(reads("r1", 0, "w1"), NodeProblem::Constant("w1".into()));
    assert_eq!(reads("c2", 1, "c1"), NodeProblem::NotConstant("c1".into()));
    assert!(matches!(reads("c2", 0, ""), NodeProblem::Count { .. }));
    assert!(matches!(reads("c2", 1, "w3"), NodeProblem::Attribute { name: "group", .. }));
    assert!(matches!(reads("c2", 1, "w4"), NodeProblem::Shape(_)));
    assert!(matches!(reads("c2", 2, "b4"), NodeProblem::Shape(_)));
    assert!(matches!(reads("sum", 1, "input"), NodeProblem::Shape(_)));
    assert!(matches!(reads("product", 0, "c3"), NodeProblem::Shape(_)));
    assert!(matches!(reads("product", 1, "w5"), NodeProblem::Shape(_)));
    assert!(matches!(reads("biased", 0, "n1.beta"), NodeProblem::Shape(_)));
    let softmax = changed(|graph| {
        node_of(graph, "kept").op_type = "Softmax".into();
    });
    assert!(matches!(problem(softmax, "kept"), NodeProblem::Shape(_)));
    let outputs = changed(|graph| node_of(graph, "r1").output.push("r2".into()));
    assert!(matches!(problem(outputs, "r1"), NodeProblem::Count { .. }));
}

#[test]
fn reshape_should_be_refused_when_it_does_not_keep_the_images_apart() {
    for sizes in
        [&[][..], &[-1, -1], &[0, 5], &[0, -2], &[-2, 6], &[0, 2, 3], &[0, 0, 0, 0, 0], &[0, i64::MAX, i64::MAX]]
    {
        let result = changed(|graph| {
            let shape = node_of(graph, "flat").attribute[0].t.as_mut().unwrap();
            shape.dims = vec![sizes.len() as i64];
            shape.int64_data = sizes.to_vec();
        });
        assert!(matches!(problem(result, "vector"), NodeProblem::Shape(_)), "{sizes:?}");
    }
}

#[test]
fn weights_should_be_refused_when_they_are_not_finite() {
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let result = changed(|graph| {
            let tensor = tensor_of(graph, "w3");
            let mut raw = tensor.raw_data.to_vec();
            raw[8..12].copy_from_slice(&value.to_le_bytes());
            tensor.raw_data = raw.into();
        });
        assert_eq!(tensor_problem(result, "w3"), TensorProblem::NotFinite(2));
    }
    let variance =
        changed(|graph| *tensor_of(graph, "n2.variance") = tensor("n2.variance", &[8], [-1.0; 8].into_iter()));
    assert_eq!(problem(variance, "n2"), NodeProblem::NotFinite);
}

#[test]
fn weights_should_be_refused_when_dimensions_and_elements_differ() {
    let dims =
        |dims: &'static [i64]| tensor_problem(changed(|graph| tensor_of(graph, "w4").dims = dims.to_vec()), "w4");
    assert_eq!(dims(&[6, 6]), TensorProblem::Length { expected: 144, found: 120 });
    assert_eq!(dims(&[6, -5]), TensorProblem::Dimensions(vec![6, -5]));
    assert_eq!(dims(&[i64::MAX, i64::MAX]), TensorProblem::Dimensions(vec![i64::MAX; 2]));
    assert_eq!(dims(&[0]), TensorProblem::Dimensions(vec![0]));
    let absent = changed(|graph| tensor_of(graph, "w4").raw_data = Bytes::new());
    assert_eq!(tensor_problem(absent, "w4"), TensorProblem::Length { expected: 30, found: 0 });
    let ty = changed(|graph| tensor_of(graph, "w4").data_type = proto::data_type::INT64);
    assert_eq!(tensor_problem(ty, "w4"), TensorProblem::Type(7));
}

#[test]
fn weights_should_be_refused_before_they_are_decoded_when_no_program_could_hold_them() {
    let huge = changed(|graph| tensor_of(graph, "w4").dims = vec![1 << 16, 1 << 15]);
    assert!(matches!(huge, Err(OnnxError::Weights)), "{huge:?}");
}

/// The model in a folder, with the weights `w4` in another file as the entries say.
fn external(entries: &[(&str, &str)], prepare: impl FnOnce(&Path, &[u8])) -> Result<Network, OnnxError> {
    let folder = tempfile::tempdir().unwrap();
    let mut model = everything();
    let tensor = tensor_of(model.graph.as_mut().unwrap(), "w4");
    let raw = std::mem::take(&mut tensor.raw_data);
    tensor.data_location = proto::EXTERNAL;
    let entry = |(key, value): &(&str, &str)| StringStringEntryProto { key: (*key).into(), value: (*value).into() };
    tensor.external_data = entries.iter().map(entry).collect();
    prepare(folder.path(), &raw);
    let path = folder.path().join("model.onnx");
    fs::write(&path, bytes(&model)).unwrap();
    Network::open(&path)
}

#[test]
fn external_data_should_be_read_when_they_are_beside_the_model() {
    let network = external(&[("location", "weights"), ("offset", "64"), ("length", "120")], |folder, raw| {
        fs::write(folder.join("weights"), [&[0; 64], raw, &[0; 8]].concat()).unwrap();
    });
    assert_eq!(network.unwrap(), parsed(&everything()).unwrap());
}

#[test]
fn external_data_should_be_refused_when_they_are_elsewhere_or_not_all_there() {
    for location in ["../weights", "/etc/passwd", "a/b", ".", ""] {
        let problem = tensor_problem(external(&[("location", location)], |_, _| ()), "w4");
        assert_eq!(problem, TensorProblem::Location(location.into()));
    }
    let link = external(&[("location", "link")], |folder, _| {
        std::os::unix::fs::symlink("/etc/passwd", folder.join("link")).unwrap();
    });
    assert!(matches!(tensor_problem(link, "w4"), TensorProblem::Location(_)));
    let refused = |entries: &[(&str, &str)]| {
        let write = |folder: &Path, raw: &[u8]| fs::write(folder.join("weights"), &raw[1..]).unwrap();
        tensor_problem(external(entries, write), "w4")
    };
    assert!(matches!(refused(&[]), TensorProblem::External(_)));
    assert!(matches!(refused(&[("location", "weights")]), TensorProblem::External(_)));
    assert!(matches!(refused(&[("location", "weights"), ("offset", "x")]), TensorProblem::External(_)));
    let overflow = [("location", "weights"), ("offset", "18446744073709551615")];
    assert!(matches!(refused(&overflow), TensorProblem::External(_)));
    let short = refused(&[("location", "weights"), ("length", "8")]);
    assert_eq!(short, TensorProblem::Length { expected: 120, found: 8 });
    assert!(matches!(external(&[("location", "weights")], |_, _| ()), Err(OnnxError::File { .. })));
}

#[test]
fn samples_should_be_refused_when_they_are_few_or_do_not_fit() {
    let network = parsed(&everything()).unwrap();
    let refused = |samples: &Array| imported(&network, samples, &Options::default()).unwrap_err();
    assert!(matches!(refused(&samples(&network, 31)), OnnxError::TooFewSamples { found: 31 }));
    let flat = Array { shape: vec![64, 81, 2], ..samples(&network, 64) };
    assert!(matches!(refused(&flat), OnnxError::SampleShape { .. }));
    let other = Array { shape: vec![128, 81], ..samples(&network, 64) };
    assert!(matches!(refused(&other), OnnxError::SampleShape { .. }));
    let mut infinite = samples(&network, 64);
    infinite.values[5 * 162 + 3] = f32::INFINITY;
    assert!(matches!(refused(&infinite), OnnxError::SampleNotFinite { sample: 5 }));
    let mut huge = samples(&network, 64);
    huge.values[7 * 162..8 * 162].fill(f32::MAX);
    assert!(matches!(refused(&huge), OnnxError::ActivationNotFinite { .. }));
}

#[test]
fn import_should_be_refused_when_a_worker_or_the_chain_could_not_take_it() {
    let network = parsed(&everything()).unwrap();
    let samples = samples(&network, 32);
    let refused = |images: Option<u32>, max_memory_mib: u32| {
        imported(&network, &samples, &Options { images, max_memory_mib }).unwrap_err()
    };
    assert!(matches!(refused(None, 0), OnnxError::Memory { needed_mib: 1, limit_mib: 0 }));
    assert!(matches!(refused(Some(0), 8), OnnxError::Images));
    assert!(matches!(refused(Some(u32::MAX), 8), OnnxError::Images));
    // 128 MiB of images.
    let network = matrix(8_192, 2, (0..16_384).map(f64::from), 0.0);
    let options = Options { images: Some(16_384), ..Options::default() };
    let error = imported(&network, &self::samples(&network, 32), &options).unwrap_err();
    assert!(matches!(error, OnnxError::Program(_)), "{error}");
}

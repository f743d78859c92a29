// SPDX-License-Identifier: Apache-2.0
//! Whatever a file holds, it is read or refused: nothing panics.

use super::*;
use proptest::{collection::vec, prelude::*};
use std::sync::LazyLock;

static FILE: LazyLock<Bytes> = LazyLock::new(|| bytes(&everything()));

proptest! {
    #[test]
    fn parsing_should_not_panic_when_bytes_are_arbitrary(bytes in vec(any::<u8>(), 0..400)) {
        let _ = Network::parse(bytes.into(), None);
    }

    #[test]
    fn parsing_should_not_panic_when_a_graph_is_of_arbitrary_bytes(bytes in vec(any::<u8>(), 0..127)) {
        let file = [&[0x42, 0x02, 0x10, 13, 0x3a, bytes.len() as u8], bytes.as_slice()].concat();
        let _ = Network::parse(file.into(), None);
    }

    #[test]
    fn parsing_should_not_panic_when_a_file_is_changed(changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let mut file = FILE.to_vec();
        for (at, to) in changes {
            let at = at.index(file.len());
            file[at] = to;
        }
        let _ = Network::parse(file.into(), None);
    }

    #[test]
    fn parsing_should_not_panic_when_numbers_of_a_file_are_extreme(
        node in any::<prop::sample::Index>(),
        number in prop_oneof![Just(i64::MIN), Just(-1), Just(0), Just(255), Just(1 << 32), Just(i64::MAX)],
        at in 0usize..4,
    ) {
        let mut model = everything();
        let graph = model.graph.as_mut().unwrap();
        let node = node.get_mut(&mut graph.node);
        for attribute in &mut node.attribute {
            attribute.i = number;
            if let Some(size) = attribute.ints.get_mut(at) {
                *size = number;
            }
        }
        let _ = parsed(&model);
        let mut model = everything();
        let graph = model.graph.as_mut().unwrap();
        graph.initializer.iter_mut().for_each(|tensor| {
            if let Some(dim) = tensor.dims.get_mut(at) {
                *dim = number;
            }
        });
        let _ = parsed(&model);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn import_should_make_a_program_or_refuse_when_weights_are_any_numbers(
        scales in vec(prop_oneof![Just(0.0f32), -1e-30f32..1e-30, -2.0f32..2.0, -1e15f32..1e15], 20),
        scale in prop_oneof![Just(0.0f32), Just(1e-30), Just(1.0), Just(1e12)],
    ) {
        let mut model = everything();
        let graph = model.graph.as_mut().unwrap();
        for (tensor, scale) in graph.initializer.iter_mut().zip(scales.iter().cycle()) {
            if !tensor.name.ends_with("variance") {
                let values = tensor.raw_data.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes) * scale);
                tensor.raw_data = values.flat_map(f32::to_le_bytes).collect::<Vec<u8>>().into();
            }
        }
        if let Ok(network) = parsed(&model) {
            let mut samples = samples(&network, 32);
            samples.values.iter_mut().for_each(|x| *x *= scale);
            match imported(&network, &samples, &Options { images: Some(8), ..Options::default() }) {
                Ok(imported) => prop_assert!(imported.fidelity.worst_logit_error.is_finite()),
                Err(error) => prop_assert!(matches!(error, OnnxError::ActivationNotFinite { .. }), "{error}"),
            }
        }
    }
}

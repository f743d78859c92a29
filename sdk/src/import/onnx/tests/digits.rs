// SPDX-License-Identifier: Apache-2.0
//! Networks that were trained on the handwritten digits (`examples/digits_onnx.rs` wrote the files), from file to classes.

use super::*;
use crate::models::{Cnn, CnnShadow, Digits, Mlp, Samples, Shadow};

const MLP: &[u8] = include_bytes!("../../../../../data/digits/mlp.onnx");
const CNN: &[u8] = include_bytes!("../../../../../data/digits/cnn.onnx");

fn images(samples: &Samples) -> Array {
    let values = samples.images.iter().map(|pixel| f32::from(*pixel) / 16.0).collect();
    Array { shape: vec![samples.len(), 64], values }
}

/// The classes that the program of a file gives the test images after an import with 256 of those that train, and those on `f32`.
fn classes(file: &'static [u8]) -> (Vec<u8>, Vec<u8>) {
    let digits = Digits::embedded().unwrap();
    let network = Network::parse(file.into(), None).unwrap();
    let imported = imported(&network, &images(&digits.train.range(0..256)), &Options::default()).unwrap();
    assert_eq!(imported.fidelity.top1_agreement, 1.0);
    let test = images(&digits.test);
    let mut exact = Vec::new();
    for images in test.values.chunks(64 * 64) {
        let images: Vec<u8> = images.chunks(64).flat_map(|image| imported.image(image)).collect();
        exact.extend(run(&imported.program, &imported.inputs(&images)).unwrap().bytes);
    }
    exact.truncate(digits.test.len());
    let on_f32 = test.values.chunks(64).map(|image| {
        let logits = network.logits(image);
        (0..10u8).max_by(|a, b| logits[usize::from(*a)].total_cmp(&logits[usize::from(*b)])).unwrap()
    });
    (exact, on_f32.collect())
}

fn agreement(a: &[u8], b: &[u8]) -> f64 {
    a.iter().zip(b).filter(|(a, b)| a == b).count() as f64 / a.len() as f64
}

#[test]
fn convolutional_network_should_classify_digits_as_it_does_on_f32() {
    let test = Digits::embedded().unwrap().test;
    let (exact, on_f32) = classes(CNN);
    assert_eq!(agreement(&exact, &on_f32), 1.0);
    assert!(test.accuracy_of(&on_f32) >= 0.97, "{}", test.accuracy_of(&on_f32));
    assert!(test.accuracy_of(&exact) >= 0.97, "{}", test.accuracy_of(&exact));
}

#[test]
fn perceptron_should_classify_digits_as_it_does_on_f32() {
    let test = Digits::embedded().unwrap().test;
    let (exact, on_f32) = classes(MLP);
    assert_eq!(agreement(&exact, &on_f32), 1.0);
    assert!(test.accuracy_of(&on_f32) >= 0.95, "{}", test.accuracy_of(&on_f32));
    assert!(test.accuracy_of(&exact) >= 0.95, "{}", test.accuracy_of(&exact));
}

/// The mean cross-entropy of the images' labels.
fn loss(network: &Network, samples: &Samples) -> f64 {
    let mut sum = 0.0;
    for (image, label) in images(samples).values.chunks(64).zip(&samples.labels) {
        let logits = network.logits(image);
        let exponentials: f64 = logits.iter().map(|x| f64::from(*x).exp()).sum();
        sum += exponentials.ln() - f64::from(logits[usize::from(*label)]);
    }
    sum / samples.len() as f64
}

#[test]
fn exported_models_should_mean_what_their_shadows_mean() {
    let samples = Digits::embedded().unwrap().test.range(0..32);
    let mlp = Mlp::digits();
    let shadow = Shadow::new(mlp, &mlp.initial_checkpoint([5; 32]).unwrap()).unwrap();
    let network = parsed(&export::mlp(&mlp, shadow.parameters())).unwrap();
    assert!((loss(&network, &samples) - shadow.evaluate(&samples).loss).abs() < 1e-5);
    for cnn in [Cnn::digits(), Cnn { channels: vec![3, 4, 5], kernel: 5, pool: 1, ..Cnn::digits() }] {
        let shadow = CnnShadow::new(cnn.clone(), &cnn.initial_checkpoint([5; 32]).unwrap()).unwrap();
        let network = parsed(&export::cnn(&cnn, shadow.parameters())).unwrap();
        assert!((loss(&network, &samples) - shadow.evaluate(&samples).loss).abs() < 1e-5);
    }
}

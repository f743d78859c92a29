// SPDX-License-Identifier: Apache-2.0
//! Trains a multilayer perceptron and a convolutional network on the handwritten digits in `f64` and writes them as ONNX files, with
//! images to calibrate an import and images to test it: `mlp.onnx`, `cnn.onnx`, `calibration.npy`, `test.npy`.
//!
//! `cargo run --release -p quern-sdk --example digits_onnx -- DIR`

use prost::Message;
use quern_primitives::draw::Draw;
use quern_sdk::{
    import::onnx::{export, npy::Array, proto::ModelProto},
    models::{Cnn, CnnShadow, Digits, Evaluation, Mlp, Samples, Shadow},
};
use std::{error::Error, fs, path::Path};

/// Passes over the images that train.
const EPOCHS: usize = 12;
/// Images of a step.
const BATCH: usize = 32;
/// Learning rate.
const RATE: f64 = 0.05;
/// What stays of the last step's change.
const MOMENTUM: f64 = 0.9;
/// Images that calibrate.
const CALIBRATION: usize = 256;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("say the folder to write to: digits_onnx DIR")?;
    let folder = Path::new(&folder);
    fs::create_dir_all(folder)?;
    let digits = Digits::embedded()?;

    let mlp = Mlp::digits();
    let first = Shadow::new(mlp, &mlp.initial_checkpoint([0; 32])?)?;
    let trained = trained(first.parameters().to_vec(), &digits.train, |parameters, batch| {
        first.with_parameters(parameters).gradient(batch)
    });
    let on_test = first.with_parameters(trained.clone()).evaluate(&digits.test);
    write(&folder.join("mlp.onnx"), &export::mlp(&mlp, &trained), on_test)?;

    let cnn = Cnn::digits();
    let first = CnnShadow::new(cnn.clone(), &cnn.initial_checkpoint([0; 32])?)?;
    let trained = self::trained(first.parameters().to_vec(), &digits.train, |parameters, batch| {
        first.with_parameters(parameters).gradient(batch)
    });
    let on_test = first.with_parameters(trained.clone()).evaluate(&digits.test);
    write(&folder.join("cnn.onnx"), &export::cnn(&cnn, &trained), on_test)?;

    fs::write(folder.join("calibration.npy"), images(&digits.train.range(0..CALIBRATION)).to_bytes())?;
    fs::write(folder.join("test.npy"), images(&digits.test).to_bytes())?;
    Ok(())
}

/// Stochastic gradient descent with momentum.
fn trained(mut parameters: Vec<f64>, samples: &Samples, gradient: impl Fn(Vec<f64>, &Samples) -> Vec<f64>) -> Vec<f64> {
    let mut velocity = vec![0.0; parameters.len()];
    let mut draw = Draw::new([1; 32]);
    for _ in 0..EPOCHS * samples.len() / BATCH {
        let mut batch = Samples { pixels: samples.pixels, ..Samples::default() };
        for _ in 0..BATCH {
            let index = draw.below(samples.len() as u64) as usize;
            let one = samples.range(index..index + 1);
            batch.images.extend(one.images);
            batch.labels.extend(one.labels);
        }
        let gradient = gradient(parameters.clone(), &batch);
        for ((parameter, velocity), gradient) in parameters.iter_mut().zip(&mut velocity).zip(gradient) {
            *velocity = MOMENTUM * *velocity - RATE * gradient;
            *parameter += *velocity;
        }
    }
    parameters
}

/// Images as the networks read them: pixels from 0 to 1.
fn images(samples: &Samples) -> Array {
    let values = samples.images.iter().map(|pixel| f32::from(*pixel) / 16.0).collect();
    Array { shape: vec![samples.len(), 1, 8, 8], values }
}

fn write(path: &Path, model: &ModelProto, on_test: Evaluation) -> Result<(), Box<dyn Error>> {
    fs::write(path, model.encode_to_vec())?;
    println!("{}: {:.2} % of the test images are classified right", path.display(), 100.0 * on_test.accuracy);
    Ok(())
}

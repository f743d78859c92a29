// SPDX-License-Identifier: Apache-2.0
//! Models that other software trained, as jobs.

use quern_sdk::{
    import::onnx::npy::Array,
    models::{Digits, Samples},
};
use quern_tests::{command, Network, Ran, PATIENCE};
use serde_json::{json, Value};
use std::{fs, path::Path};

/// A file of the repository.
fn data(file: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../data").join(file).to_string_lossy().into_owned()
}

/// Runs `quern model` as the requester, with the time that a job takes.
async fn model(network: &Network, args: &[&str]) -> Ran {
    let args = [&["model"], args].concat();
    command::quern(network.folder(), &network.rpc, quern_tests::network::REQUESTER, &args, 2 * PATIENCE).await
}

/// Runs a task of a job again by its receipt, with the inputs that lie beside it: the job serves none any more.
async fn verified(network: &Network, done: &Value) -> Value {
    let folder = done["folder"].as_str().expect("a folder");
    let receipt = done["receipt"].as_str().expect("a receipt");
    let verify = ["job", "verify", receipt, "--inputs", &format!("{folder}/job.json"), "--json"];
    network.quern(&verify).await.succeeded().json()
}

#[tokio::test]
async fn imported_models_should_say_over_the_chain_what_they_say_here() {
    let network = Network::development().await;
    let import = ["import", &data("opticks-llama"), "--out", "opticks.quern", "--positions", "24", "--json"];
    model(&network, &import).await.succeeded();
    let submit = ["submit", "opticks.quern", "--prompt", "The Rays of ", "--tokens", "6", "--yes", "--json"];
    nothing_should_be_held_when_the_job_cannot_be_done(&network, &submit).await;

    let daemons = network.enrol(1, 3).await;
    let written = model(&network, &submit).await.succeeded().json();
    let here = ["run", "opticks.quern", "--prompt", "The Rays of ", "--tokens", "6", "--json"];
    let here = model(&network, &here).await.succeeded().json();
    assert_eq!((&written["text"], &written["prompt"]), (&here["text"], &here["prompt"]), "{written:#}");
    let again = verified(&network, &written).await;
    assert_eq!((&again["matches"], &again["output_only"]), (&json!(true), &json!(false)), "{again:#}");

    images_should_be_classified(&network).await;
    assert_eq!(network.slashes().await, vec![]);
    network.assert_invariants().await;

    // A receipt and the inputs are enough when nobody shows anything any more.
    drop(daemons);
    let alone = verified(&network, &written).await;
    assert_eq!((&alone["matches"], &alone["output_only"]), (&json!(true), &json!(true)), "{alone:#}");
    let id = written["job"].to_string();
    network.quern(&["job", "verify", &id]).await.refused(1, &["shown by nobody", "quern job verify FOLDER"]);
}

async fn nothing_should_be_held_when_the_job_cannot_be_done(network: &Network, submit: &[&str]) {
    let free = || async { network.quern(&["job", "list", "--json"]).await.succeeded().json() };
    let before = free().await;
    model(network, submit).await.refused(1, &["none is registered", "Nothing was published or held"]);
    let with = |prompt: &'static str| {
        let mut args = submit.to_vec();
        args[3] = prompt;
        args
    };
    model(network, &with("The Rays of Light, in passing out of Glass")).await.refused(1, &["the prompt is too long"]);
    let small = [submit, &["--min-memory", "1"]].concat();
    model(network, &small).await.refused(1, &["--min-memory is 1", "MiB for this model"]);
    assert_eq!(free().await, before);
    assert!(!network.folder().join("opticks.quern/run-1").exists());
}

async fn images_should_be_classified(network: &Network) {
    let digits = Digits::embedded().expect("they are part of the library");
    let write = |name: &str, samples: &Samples| {
        let values = samples.images.iter().map(|pixel| f32::from(*pixel) / 16.0).collect();
        let array = Array { shape: vec![samples.len(), 1, 8, 8], values };
        fs::write(network.folder().join(name), array.to_bytes()).expect("it can be written");
    };
    write("calibration.npy", &digits.train.range(0..256));
    write("test.npy", &digits.test.range(0..70));
    let import = ["import", &data("digits/cnn.onnx"), "--calibration", "calibration.npy", "--out", "cnn", "--json"];
    model(network, &import).await.succeeded();
    let done = model(network, &["submit", "cnn", "--images", "test.npy", "--yes", "--json"]).await.succeeded().json();
    let classes = done["classes"].as_array().expect("a list");
    assert_eq!(classes.len(), 70, "{done:#}");
    let right = classes.iter().zip(&digits.test.labels).filter(|(class, label)| **class == json!(label)).count();
    assert!(right >= 66, "{right} of 70 are right: {done:#}");
    assert_eq!(verified(network, &done).await["matches"], json!(true));
}

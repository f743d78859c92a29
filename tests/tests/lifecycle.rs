// SPDX-License-Identifier: Apache-2.0
//! A job's life among honest workers, and what its requester and strangers can do with it.

use quern_primitives::{BlobId, JobId};
use quern_program::{reference, Context, Tensor};
use quern_protocol::view::{JobStatus, JobView};
use quern_sdk::models::BuiltJob;
use quern_tests::{eventually, jobs, network::BOND, Network, Requester, PATIENCE};
use serde_json::{json, Value};
use std::{fs, path::Path};

const TASKS: u32 = 6;

#[tokio::test]
async fn job_should_complete_and_prove_itself_when_everybody_is_honest() {
    let network = Network::development().await;
    let requester = Requester::of(&network).await;
    let (workers, validators) = network.enrol(2, 3).await;
    let job = jobs::small_job(TASKS, 2);

    let id = requester.submit(job.clone()).await;
    let view = network.completed(id).await;
    assert_eq!(view.stages[0].accepted, 3);
    assert_eq!(view.escrow_left, 0);
    assert!(view.spent > 0);

    let results = network.folder().join("results");
    results_should_be_those_of_the_reference_when_fetched(&network, id, &job, &results).await;
    task_should_match_when_it_is_run_again(&network, id).await;
    receipt_should_match_when_it_is_untouched(&network, &results).await;
    receipt_should_be_refused_loudly_when_it_is_tampered_with(&network, &results).await;
    receipt_should_be_refused_loudly_when_an_output_is_tampered_with(&network, &results).await;
    daemons_should_be_listed_with_their_bonds(&network, workers.len() + validators.len()).await;

    assert_eq!(network.slashes().await, vec![]);
    let numbers = network.quern(&["network", "--json"]).await.succeeded().json();
    assert_eq!((&numbers["shards_settled"], &numbers["disputes"]), (&json!(3), &json!(0)));
    assert!(numbers["draws"].as_u64() >= Some(3), "{numbers:#}");
    network.assert_invariants().await;
}

async fn results_should_be_those_of_the_reference_when_fetched(
    network: &Network,
    id: JobId,
    job: &BuiltJob,
    results: &Path,
) {
    let out = results.to_string_lossy().into_owned();
    // Workers serve a result to everybody once its acceptance is final.
    eventually("the results are served", PATIENCE, || async {
        (network.quern(&["job", "fetch", &id.to_string(), "--out", &out]).await.code == Some(0)).then_some(())
    })
    .await;
    let program = &job.programs[0];
    let size = (jobs::SIDE * jobs::SIDE) as usize;
    for (task, rows) in (0u64..).zip(job.blobs[1].chunks(size)) {
        let types = &program.program().inputs;
        let inputs = [Tensor::new(types[0], job.blobs[0].clone()), Tensor::new(types[1], rows.to_vec())];
        // The small program uses neither seed nor index, so any context gives the same output.
        let (expected, _) = reference::run_with_leaves(program, &Context::default(), &inputs);
        let fetched = fs::read(results.join(format!("stage-0/task-{task}.bin"))).expect("the output was written");
        assert_eq!(BlobId::of(&fetched), expected.id(), "task {task}");
    }
}

async fn task_should_match_when_it_is_run_again(network: &Network, id: JobId) {
    let report = network.quern(&["job", "verify", &id.to_string(), "--task", "5", "--json"]).await.succeeded().json();
    assert_eq!((&report["matches"], &report["task"]), (&json!(true), &json!(5)), "{report:#}");
}

async fn receipt_should_match_when_it_is_untouched(network: &Network, results: &Path) {
    let receipt = results.join("receipt.json").to_string_lossy().into_owned();
    let report = network.quern(&["job", "verify", &receipt, "--json"]).await.succeeded().json();
    assert_eq!(report["matches"], json!(true), "{report:#}");
}

async fn receipt_should_be_refused_loudly_when_it_is_tampered_with(network: &Network, results: &Path) {
    let text = fs::read_to_string(results.join("receipt.json")).expect("the receipt was written");
    let receipt: Value = serde_json::from_str(&text).expect("a receipt is JSON");
    let flipped = |text: &Value| {
        let mut digits = text.as_str().expect("hexadecimal text").to_owned();
        let last = if digits.pop() == Some('0') { '1' } else { '0' };
        digits.push(last);
        Value::from(digits)
    };
    let mut tampered = [receipt.clone(), receipt.clone(), receipt];
    tampered[0]["outputs"][1]["id"] = flipped(&tampered[0]["outputs"][1]["id"]);
    tampered[1]["outputs"][1]["proof"] = flipped(&tampered[1]["outputs"][1]["proof"]);
    tampered[2]["root"] = flipped(&tampered[2]["root"]);
    for (case, tampered) in tampered.iter().enumerate() {
        let path = results.join(format!("tampered-{case}.json"));
        fs::write(&path, tampered.to_string()).expect("it can be written");
        assert_loud(&network.quern(&["job", "verify", &path.to_string_lossy(), "--json"]).await);
    }
}

async fn receipt_should_be_refused_loudly_when_an_output_is_tampered_with(network: &Network, results: &Path) {
    let output = results.join("stage-0/task-3.bin");
    let mut bytes = fs::read(&output).expect("the output was written");
    bytes[0] ^= 1;
    fs::write(&output, bytes).expect("it can be written");
    let receipt = results.join("receipt.json").to_string_lossy().into_owned();
    assert_loud(&network.quern(&["job", "verify", &receipt, "--json"]).await);
}

#[track_caller]
fn assert_loud(ran: &quern_tests::Ran) {
    assert_eq!(ran.code, Some(3), "{ran:#?}");
    assert!(ran.stderr.contains("!!! DIFFERS"), "{ran:#?}");
    assert_eq!(ran.json()["matches"], json!(false), "{ran:#?}");
}

async fn daemons_should_be_listed_with_their_bonds(network: &Network, count: usize) {
    let listed = network.quern(&["worker", "list", "--json"]).await.succeeded().json();
    let listed = listed.as_array().expect("a list").clone();
    assert_eq!(listed.len(), count, "{listed:#?}");
    let bonded: Vec<u128> = listed.iter().filter_map(|daemon| daemon["bonded"].as_str()?.parse().ok()).collect();
    assert_eq!(bonded, vec![BOND; count], "{listed:#?}");
}

/// A job when its escrow is free: a later block than the one that cancels it drops its shards.
async fn over(network: &Network, job: JobId) -> JobView {
    eventually("the escrow of a cancelled job is free", PATIENCE, || async {
        let view = network.chain.job(job).await.expect("the node answers").expect("the job is there");
        (view.escrow_left == 0).then_some(view)
    })
    .await
}

#[tokio::test]
async fn escrow_should_come_back_when_a_job_is_cancelled() {
    let network = Network::development().await;
    let requester = Requester::of(&network).await;
    let account = requester.account();
    // The first job leaves the program published, so that later only escrow is held.
    let first = requester.submit(jobs::small_job(TASKS, 2)).await;
    network.quern(&["job", "cancel", &first.to_string()]).await.succeeded();
    over(&network, first).await;
    let before = network.chain.account(&account).await.expect("the node answers");

    let id = requester.submit(jobs::small_job(TASKS, 2)).await;
    let during = network.chain.account(&account).await.expect("the node answers");
    let view = network.chain.job(id).await.expect("the node answers").expect("the job is there");
    assert!(view.escrow_left > 0);
    // Beside no other job a place costs what a shard does.
    let place = network.chain.params().await.expect("the node answers").shard_fee;
    assert_eq!(during.held, before.held + view.escrow_left + place);

    let id = id.to_string();
    network.quern_as("//Alice", &["job", "cancel", &id]).await.refused(1, &["NotRequester"]);
    let cancelled = network.quern(&["job", "cancel", &id, "--json"]).await.succeeded().json();
    assert_eq!(cancelled["cancelled"], json!(true));
    let view = over(&network, view.id).await;
    assert_eq!((view.status, view.spent), (JobStatus::Cancelled, 0));
    let after = network.chain.account(&account).await.expect("the node answers");
    assert_eq!(after.held, before.held);

    network.quern(&["job", "cancel", &id]).await.refused(1, &["NotOpen"]);
    network.quern(&["job", "cancel", "99"]).await.refused(1, &["NoSuchJob"]);
    network.assert_invariants().await;
}

// SPDX-License-Identifier: Apache-2.0
//! Jobs that must be refused: by their named error, with nothing changed.

use codec::Encode;
use quern_primitives::QRN;
use quern_sdk::chain::calls;
use quern_tests::{jobs, Network, Requester};
use serde_json::{json, Value};
use std::fs;

#[tokio::test]
async fn job_should_be_refused_by_name_when_it_is_wrong() {
    let network = Network::development().await;
    let program = jobs::small_program();
    let (requester, side) = (Requester::of(&network).await, jobs::SIDE as usize);
    let write = |name: &str, bytes: &[u8]| fs::write(network.folder().join(name), bytes).expect("it can be written");
    write("small.quern", &program.program().encode());
    write("garbage.quern", &[0xff; 99]);
    write("matrix.bin", &vec![1; side * side]);
    write("rows.bin", &vec![2; 2 * side * side]);
    write("short.bin", &[3; 5]);
    requester.sender().send_and_wait(&calls::publish_program(program.program().encode())).await.expect("it is valid");
    let account = requester.account();
    let before = network.chain.account(&account).await.expect("the node answers");

    let matrix = json!({ "blob": "matrix.bin" });
    let rows = json!({ "slice": { "file": "rows.bin", "stride": side * side } });
    let good = json!({ "program": "small.quern", "tasks": 2, "shard_size": 1, "inputs": [matrix, rows] });
    let with = |key: &str, value: Value| {
        let mut stage = good.clone();
        stage[key] = value;
        json!({ "stages": [stage] })
    };
    let cases: [(&str, Value, &[&str]); 10] = [
        (
            "malformed program",
            with("program", json!("garbage.quern")),
            &["garbage.quern", "not the encoding of a program"],
        ),
        ("unpublished program", with("program", json!("ab".repeat(32))), &["UnknownProgram"]),
        ("too few inputs", with("inputs", json!([matrix])), &["the program has 2 inputs, the stage names 1"]),
        (
            "too few inputs of a published program",
            {
                let mut job = with("inputs", json!([matrix]));
                job["stages"][0]["program"] = json!(program.id().to_string());
                job
            },
            &["InputCount"],
        ),
        ("blob that does not fit", with("inputs", json!([{ "blob": "short.bin" }, rows])), &["InputSize"]),
        (
            "stride that does not fit",
            {
                let rows = json!({ "slice": { "file": "rows.bin", "stride": side } });
                with("inputs", json!([matrix, rows]))
            },
            &["InputSize"],
        ),
        ("slice beyond its file", with("tasks", json!(3)), &["3 tasks read", "rows.bin"]),
        ("no tasks", with("tasks", json!(0)), &["no tasks"]),
        ("no shard size", with("shard_size", json!(0)), &["shard_size is zero"]),
        ("no stages", json!({ "stages": [] }), &["no stages"]),
    ];
    for (name, job, words) in cases {
        write("job.json", job.to_string().as_bytes());
        println!("{name}");
        network.quern(&["job", "submit", "job.json", "--yes"]).await.refused(1, words);
    }
    let mut dear = json!({ "stages": [good] });
    dear["bid"] = json!("1000000000000000");
    write("job.json", dear.to_string().as_bytes());
    network.quern(&["job", "submit", "job.json", "--yes"]).await.refused(1, &["does not cover"]);
    write("job.json", b"{");
    network.quern(&["job", "submit", "job.json", "--yes"]).await.refused(1, &["job.json is not a job"]);
    network.quern(&["job", "submit"]).await.refused(2, &[]);
    network.quern_as("", &["job", "cancel", "0"]).await.refused(1, &[]);

    assert_eq!(network.chain.account(&account).await.expect("the node answers"), before, "money moved");
    assert_eq!(network.chain.jobs(0, 1).await.expect("the node answers"), (vec![], None));
    network.assert_invariants().await;
}

#[tokio::test]
async fn chain_should_refuse_by_name_when_a_client_does_not_check() {
    let network = Network::development().await;
    let requester = Requester::of(&network).await;
    let sender = requester.sender();
    let refusal = |outcome: Result<_, quern_sdk::chain::ChainError>| match outcome {
        Ok::<quern_sdk::chain::Included, _>(_) => panic!("the chain took it"),
        Err(error) => error.to_string(),
    };
    let program = jobs::small_program().program().encode();

    let garbage = refusal(sender.send_and_wait(&calls::publish_program(vec![0xff; 99])).await);
    assert!(garbage.contains("InvalidProgram"), "{garbage}");
    let mut job = jobs::small_job(2, 1);
    job.spec.endpoints = vec![Default::default()].try_into().expect("one endpoint is allowed");
    let unpublished = refusal(sender.send_and_wait(&calls::submit_job(job.spec.clone())).await);
    assert!(unpublished.contains("InvalidJob(UnknownProgram"), "{unpublished}");
    sender.send_and_wait(&calls::publish_program(program.clone())).await.expect("a valid program is published");
    let twice = refusal(sender.send_and_wait(&calls::publish_program(program)).await);
    assert!(twice.contains("AlreadyPublished"), "{twice}");

    let mut spec = job.spec.clone();
    spec.stages[0].tasks = 0;
    let no_tasks = refusal(sender.send_and_wait(&calls::submit_job(spec)).await);
    assert!(no_tasks.contains("NoTasks"), "{no_tasks}");
    let mut spec = job.spec.clone();
    spec.bid = u128::MAX;
    let overflow = refusal(sender.send_and_wait(&calls::submit_job(spec)).await);
    assert!(overflow.contains("InvalidJob"), "{overflow}");
    let mut spec = job.spec.clone();
    spec.bid = 1_000_000_000_000 * QRN;
    let uncovered = refusal(sender.send_and_wait(&calls::submit_job(spec)).await);
    assert!(uncovered.contains("Funds are unavailable"), "{uncovered}");
    let mut spec = job.spec.clone();
    spec.endpoints = Default::default();
    let unserved = refusal(sender.send_and_wait(&calls::submit_job(spec)).await);
    assert!(unserved.contains("NoEndpoints"), "{unserved}");

    assert_eq!(network.chain.jobs(0, 1).await.expect("the node answers"), (vec![], None));
    network.assert_invariants().await;
}

// SPDX-License-Identifier: Apache-2.0
//! How an operator looks after a daemon: doctor, status, drain, and one daemon for an account.

use quern_primitives::traits::Role;
use quern_sdk::chain::{address, Keypair};
use quern_tests::{eventually, jobs, network, Network, Ran, Requester, PATIENCE};
use serde_json::{json, Value};

const WORKER: &str = "//Worker//1";

/// What the doctor found beside the advice to use a hot key: the daemons here sign with the key of the stake.
fn codes(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap_or_else(|| panic!("no findings: {report:#}"));
    let codes = findings.iter().filter_map(|finding| finding["code"].as_str().map(str::to_owned));
    let (advice, others): (Vec<_>, Vec<_>) = codes.partition(|code| code == "stake_key");
    assert_eq!(advice.len(), 1, "{report:#}");
    others
}

/// All that it found, where it found the folder another one's.
async fn all_codes(network: &Network, suri: &str, data: &str) -> Vec<String> {
    let report = doctor(network, suri, data).await;
    assert_eq!(report.code, Some(1), "{report:#?}");
    let report = report.json();
    let findings = report["findings"].as_array().unwrap_or_else(|| panic!("no findings: {report:#}"));
    findings.iter().filter_map(|finding| finding["code"].as_str().map(str::to_owned)).collect()
}

/// `quern-worker doctor` on the processor, with this data folder.
async fn doctor(network: &Network, suri: &str, data: &str) -> Ran {
    network.quern_worker(suri, &["doctor", "--json", "--executor", "cpu", "--data", data]).await
}

async fn status(network: &Network) -> Value {
    network.quern_worker(WORKER, &["status", "--json"]).await.succeeded().json()
}

#[tokio::test]
async fn operator_should_be_told_what_is_so_and_what_to_do_through_a_workers_life() {
    let network = Network::development().await;
    let data = network.folder().join("worker-1").to_string_lossy().into_owned();

    let report = status(&network).await;
    assert_eq!((&report["registered"], &report["idle"]["reason"]), (&Value::Null, &json!("not_registered")));
    let report = doctor(&network, WORKER, &data).await.succeeded().json();
    assert_eq!((&report["errors"], codes(&report)), (&json!(0), vec![]), "{report:#}");
    let poor = doctor(&network, "//Nobody", &data).await;
    assert_eq!((poor.code, codes(&poor.json())), (Some(1), vec!["poor".to_owned()]), "{poor:#?}");

    let (workers, _) = network.enrol(1, 0).await;
    let report = status(&network).await;
    assert_eq!((&report["ready"], &report["idle"]["reason"]), (&json!(true), &json!("no_demand")), "{report:#}");
    let report = doctor(&network, WORKER, &data).await.succeeded().json();
    assert_eq!(codes(&report), Vec::<String>::new(), "{report:#}");
    let other_role = network
        .quern_worker(WORKER, &["doctor", "--json", "--executor", "cpu", "--role", "validator", "--data", &data])
        .await;
    assert_eq!((other_role.code, codes(&other_role.json())), (Some(1), vec!["other_role".to_owned()]));

    second_daemon_should_be_refused(&network).await;
    daemon_should_drain_and_come_back(&network, &data).await;
    assert!(workers[0].log().contains("may be stopped"), "{}", workers[0].log());
}

async fn second_daemon_should_be_refused(network: &Network) {
    let data = network.folder().join("second");
    let second = network::daemon(Role::Worker, WORKER, &network.rpc, network.folder(), &data);
    let ran = Ran::of(second, PATIENCE).await;
    ran.refused(1, &["another daemon runs for this account and answers at 127.0.0.1:", "quern-worker drain"]);
}

async fn daemon_should_drain_and_come_back(network: &Network, data: &str) {
    let drained = network.quern_worker(WORKER, &["drain", "--data", data]).await.succeeded();
    assert!(drained.stdout.contains("may be stopped"), "{drained:#?}");
    let report = status(network).await;
    assert_eq!((&report["ready"], &report["idle"]["reason"]), (&json!(false), &json!("not_ready")), "{report:#}");
    let report = doctor(network, WORKER, data).await.succeeded().json();
    assert_eq!(codes(&report), ["drains", "no_slots"], "{report:#}");

    network.quern_worker(WORKER, &["drain", "--cancel", "--data", data]).await.succeeded();
    eventually("the worker offers its slots again", PATIENCE, || async {
        (status(network).await["ready"] == json!(true)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn operator_should_be_told_of_a_wrong_node_or_key_beside_a_daemon_that_is_well() {
    let (network, other) = (Network::development().await, Network::development().await);
    let (workers, _) = network.enrol(1, 0).await;
    let folder = workers[0].data();
    let data = folder.to_string_lossy().into_owned();
    eventually("the folder says its block 1", PATIENCE, || async {
        let told = std::fs::read_to_string(folder.join("chain")).ok()?;
        (told.lines().count() == 2).then_some(())
    })
    .await;
    eventually("the other chain's block 1 is final", PATIENCE, || async {
        (other.chain.finalized().await.expect("the node answers").0 >= 1).then_some(())
    })
    .await;

    assert_eq!(all_codes(&other, WORKER, &data).await, ["other_chain"]);
    assert_eq!(all_codes(&network, "//Worker//2", &data).await, ["other_account"]);
    let drain = ["drain", "--data", &data];
    other.quern_worker(WORKER, &drain).await.refused(1, &["another chain with the same genesis", "--rpc"]);
    for how in [None, Some("--no-wait"), Some("--cancel")] {
        let line: Vec<&str> = drain.into_iter().chain(how).collect();
        network.quern_worker("//Worker//2", &line).await.refused(1, &["is the folder of", "--account"]);
    }
    assert!(!folder.join("drain").exists(), "a daemon that is another one's is asked nothing");
    network.quern_worker(WORKER, &["drain", "--no-wait", "--data", &data]).await.succeeded();
    assert!(folder.join("drain").exists());
}

#[tokio::test]
async fn drain_should_wait_for_the_shards_that_are_owed() {
    let network = Network::development().await;
    let requester = Requester::of(&network).await;
    let (workers, _validators) = network.enrol(1, 2).await;
    let shard = quern_primitives::ShardId { job: requester.submit(jobs::small_job(4, 4)).await, stage: 0, index: 0 };
    network.shard(shard, "is assigned", |view| view.shard.deal().map(|_| ())).await;

    let data = workers[0].data().to_string_lossy().into_owned();
    network.quern_worker(WORKER, &["drain", "--data", &data]).await.succeeded();
    let settled = network.shard(shard, "is there", |view| Some(view.shard.is_final())).await;
    assert!(settled, "it may be stopped only when its shard is settled");
    let report = status(&network).await;
    assert_eq!((&report["shards"][0]["phase"], &report["bond_locked"]), (&json!("settled"), &json!("0")), "{report:#}");
    assert_eq!(network.slashes().await, vec![]);
    network.assert_invariants().await;
}

#[tokio::test]
async fn quote_should_name_the_deposit_and_publish_nothing() {
    let network = Network::development().await;
    let (job, program) = (jobs::small_job(4, 2), jobs::small_program());
    jobs::write_small_job(network.folder(), 4, 2);
    // No key is named: a quote signs nothing.
    let alone = network.quern_as("", &["job", "submit", "job.json", "--quote-only", "--json"]).await.succeeded().json();
    assert_eq!(network.chain.program(program.id()).await.expect("the node answers"), None, "it was published");
    let amount = |name: &str| alone[name].as_str().and_then(|text| text.parse::<u128>().ok()).expect(name);
    let deposit = amount("deposit");
    assert!(deposit > 0 && alone["programs"] == json!(1), "{alone:#}");

    let requester = Requester::of(&network).await;
    let before = network.chain.account(&requester.account()).await.expect("the node answers").held;
    requester.submit(job).await;
    let after = network.chain.account(&requester.account()).await.expect("the node answers").held;
    let held = deposit + amount("escrow") + amount("place_deposit");
    assert_eq!(after - before, held, "what was quoted is what is held");
}

#[tokio::test]
async fn command_and_node_should_speak_one_json_dialect() {
    use subxt::rpcs::{rpc_params, RpcClient};
    let network = Network::development().await;
    let requester = Requester::of(&network).await;
    network.enrol(1, 1).await;
    let job = requester.submit(jobs::small_job(4, 2)).await;
    network.quern(&["job", "cancel", &job.to_string()]).await.succeeded();
    let client = RpcClient::from_insecure_url(&network.rpc).await.expect("the node answers");

    let node: Value = client.request("quern_jobs", rpc_params![]).await.expect("the node answers");
    assert_eq!(network.quern(&["job", "list", "--json"]).await.succeeded().json(), node["jobs"]);
    let node: Value = client.request("quern_workers", rpc_params![]).await.expect("the node answers");
    assert_eq!(network.quern(&["worker", "list", "--json"]).await.succeeded().json(), node["workers"]);
    let mut node: Value = client.request("quern_network", rpc_params![]).await.expect("the node answers");
    let mut command = network.quern(&["network", "--json"]).await.succeeded().json();
    // These go on with every block.
    for moving in ["height", "issuance", "emitted"] {
        assert_eq!(node[moving].is_string(), command[moving].is_string(), "{moving}");
        (node[moving], command[moving]) = (Value::Null, Value::Null);
    }
    assert_eq!(command, node);
    let worker = Keypair::from_suri(WORKER).expect("a development path").account();
    let node: Value = client.request("quern_account", rpc_params![address(&worker)]).await.expect("the node answers");
    assert_eq!(status(&network).await["registered"], node["participant"]);
}

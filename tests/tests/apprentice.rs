// SPDX-License-Identifier: Apache-2.0
//! An account that owns nothing becomes a worker.

use quern_primitives::{traits::Role, Balance, QRN};
use quern_protocol::view::ParticipantView;
use quern_sdk::chain::Keypair;
use quern_tests::{eventually, jobs, process, Network, Process, Requester, PATIENCE};
use serde_json::{json, Value};
use std::path::Path;

/// Known to nobody.
const NEWCOMER: &str = "//Newcomer";
/// The newcomer's price for a GMAC: so dear that a small shard pays for the least bond.
const ASK_QRN: u64 = 44_000;
/// Shards of the job: the worker's bond covers the collateral of one of them, so that the apprentice is needed.
const SHARDS: u32 = 3;
/// Tasks of a shard: so many that four auditors do not cost more than half of its price.
const SHARD_SIZE: u32 = 16;

fn start(network: &Network) -> Process {
    let mut command = process::command("quern-worker", network.folder());
    command
        .args(["run", "--apprentice", "--rpc", &network.rpc, "--executor", "cpu", "--ask", &ASK_QRN.to_string()])
        .arg("--data")
        .arg(data(network))
        .env("QUERN_SURI", NEWCOMER);
    Process::start("newcomer", command, network.folder())
}

fn data(network: &Network) -> std::path::PathBuf {
    network.folder().join("newcomer")
}

async fn status(network: &Network) -> Value {
    network.quern_worker(NEWCOMER, &["status", "--json"]).await.succeeded().json()
}

async fn doctor(network: &Network, data: &Path) -> Value {
    let data = data.to_string_lossy();
    let args = ["doctor", "--apprentice", "--json", "--executor", "cpu", "--data", &data];
    network.quern_worker(NEWCOMER, &args).await.succeeded().json()
}

fn amount(report: &Value, name: &str) -> Balance {
    report[name].as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("no {name}: {report:#}"))
}

#[tokio::test]
async fn account_that_owns_nothing_should_earn_its_bond_and_become_a_worker() {
    let network = Network::development().await;
    let me = Keypair::from_suri(NEWCOMER).expect("a development path").account();
    let participant = || async { network.chain.participant(&me).await.expect("the node answers") };
    assert_eq!(amount(&status(&network).await, "free"), 0);
    assert_eq!(doctor(&network, &data(&network)).await["errors"], json!(0));

    let daemon = start(&network);
    let found: ParticipantView = eventually("the newcomer is enrolled", PATIENCE, participant).await;
    assert_eq!((found.role, found.slots, found.bonded), (Role::Apprentice, 1, 0));
    let report = status(&network).await;
    assert_eq!((&report["registered"]["role"], &report["ready"]), (&json!("apprentice"), &json!(true)), "{report:#}");
    assert_eq!((amount(&report, "free"), amount(&report, "bonded")), (0, 0), "{report:#}");
    assert_eq!(report["idle"]["reason"], json!("too_few_auditors"), "{report:#}");

    let requester = Requester::of(&network).await;
    let (workers, _validators) = network.enrol(1, 4).await;
    let mut job = jobs::small_job(SHARDS * SHARD_SIZE, SHARD_SIZE);
    job.spec.bid = Balance::from(ASK_QRN) * QRN;
    let id = requester.submit(job).await;
    let view = network.completed(id).await;
    assert_eq!(view.stages[0].accepted, SHARDS);

    let graduate: ParticipantView = eventually("the newcomer is a worker", PATIENCE, || async {
        participant().await.filter(|found| found.role == Role::Worker)
    })
    .await;
    let least = network.chain.minimum_bond().await.expect("the node answers");
    assert!(graduate.bonded >= least, "{graduate:?}");
    let report = status(&network).await;
    assert_eq!(report["registered"]["role"], json!("worker"), "{report:#}");
    assert_eq!(amount(&report, "bonded"), graduate.bonded, "{report:#}");
    assert!(report["reputation"].as_u64() > Some(100), "{report:#}");
    let accepted = report["shards"].as_array().map_or(0, Vec::len);
    assert!(accepted > 0 && (accepted as u32) < SHARDS, "the worker and the newcomer share the job: {report:#}");
    assert!(network.bond(&workers[0].account()).await > 0);

    assert_eq!(network.slashes().await, vec![], "{}", daemon.tail());
    network.assert_invariants().await;
}

// SPDX-License-Identifier: Apache-2.0
//! A liar's offence: deferred, shown, checked again by a stranger, and explained.

use quern_primitives::ShardId;
use quern_tests::{eventually, jobs, network::BOND, Network, Requester, PATIENCE};
use serde_json::json;

#[tokio::test]
async fn liars_offence_should_stand_when_a_stranger_checks_its_evidence() {
    let network = Network::development().await;
    let requester = Requester::of(&network).await;
    let (mut workers, _validators) = network.enrol(1, 2).await;
    let liar = workers[0].account();
    workers[0].restart_lying();

    network.quern(&["offence", "verify", "0"]).await.refused(1, &["there is no offence 0"]);
    let job = requester.submit(jobs::small_job(2, 2)).await;
    let reported = eventually("an offence is reported", 2 * PATIENCE, || async {
        let listed = network.quern(&["offence", "list", "--json"]).await.succeeded().json();
        listed.as_array().and_then(|list| list.first().cloned())
    })
    .await;
    assert_eq!((&reported["offence"], &reported["kind"]), (&json!(0), &json!("WrongResult")), "{reported:#}");
    assert_eq!(reported["shard"], json!(ShardId { job, stage: 0, index: 0 }.to_string()), "{reported:#}");
    assert_eq!(network.bond(&liar).await, BOND, "nothing is taken before it is due");

    let verified = network.quern(&["offence", "verify", "0", "--json"]).await.succeeded().json();
    assert_eq!((&verified["stands"], &verified["hash_matches"]), (&json!(true), &json!(true)), "{verified:#}");
    assert!(verified["outcome"].as_str().is_some_and(|outcome| outcome.starts_with("WrongElement")), "{verified:#}");

    network.slashes_carried_out().await;
    assert!(network.bond(&liar).await < BOND);
    // What is over is found by the states of the chain.
    let again = network.quern(&["offence", "verify", "0", "--json"]).await.succeeded().json();
    assert_eq!((&again["stands"], &again["evidence"]), (&json!(true), &verified["evidence"]), "{again:#}");

    let explained = eventually("the slash is final", PATIENCE, || async {
        let explained = network.quern_as("//Worker//1", &["explain", "--json"]).await.succeeded().json();
        let lost: Option<u128> = explained["sums"]["lost"].as_str().and_then(|amount| amount.parse().ok());
        (lost > Some(0)).then_some(explained)
    })
    .await;
    let kinds: Vec<_> = explained["entries"].as_array().into_iter().flatten().map(|entry| &entry["kind"]).collect();
    for kind in ["bonded", "transaction_fee", "reported", "slashed"] {
        assert!(kinds.contains(&&json!(kind)), "{kind} is missing: {explained:#}");
    }
    network.assert_invariants().await;
}

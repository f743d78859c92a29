// SPDX-License-Identifier: Apache-2.0
//! A worker that plants an error in every shard it gets, from an account that nothing links to it: auditors find all of them, and it
//! loses nothing but what a plant costs.

use quern_primitives::QRN;
use quern_sdk::chain::{
    runtime::{slashing, Event},
    Keypair,
};
use quern_tests::{eventually, jobs, network::BOND, Network, Requester, PATIENCE};
use serde_json::json;

/// Owns what a test chain gives it, and is no worker.
const PLANTER: &str = "//Eve";
/// More than both workers have slots for together less one's: each of them gets some.
const SHARDS: u32 = 5;

#[tokio::test]
async fn planted_errors_should_be_found_and_opened_when_a_worker_is_killed_meanwhile() {
    let network = Network::development().await;
    let requester = Requester::of(&network).await;
    let (mut workers, validators) = network.enrol(2, 3).await;
    let me = workers[0].account();
    let participant = || async { network.chain.participant(&me).await.expect("the node answers") };
    let before = participant().await.expect("it is registered").reputation;

    let planter = Keypair::from_suri(PLANTER).expect("a development path").account();
    let data = network.folder().join("refused").to_string_lossy().into_owned();
    let arguments = ["run", "--executor", "cpu", "--plant", "100", "--plant-from", PLANTER, "--data", &data];
    let refused = network.quern_worker("//Worker//3", &arguments).await;
    refused.refused(1, &["of its bond free", "quern stake bond"]);
    network.quern_as(PLANTER, &["stake", "bond", "200"]).await.succeeded();
    workers[0].restart_planting(PLANTER);

    let job = requester.submit(jobs::small_job(2 * SHARDS, 2)).await;
    eventually("something is planted", PATIENCE, || async {
        let plants = network.chain.plants().await.expect("the node answers");
        plants.iter().any(|(_, plant)| plant.owner == planter).then_some(())
    })
    .await;
    workers[0].restart_planting(PLANTER);

    network.completed(job).await;
    eventually("all plants are over", PATIENCE, || async {
        network.chain.plants().await.expect("the node answers").is_empty().then_some(())
    })
    .await;
    network.slashes_carried_out().await;
    let (mut opened, mut punished) = (0, Vec::new());
    let (best, _) = network.chain.best().await.expect("the node answers");
    for height in 1..=best {
        let block = network.chain.block_hash(height).await.expect("the block is there");
        for event in network.chain.events(block).await.expect("its events are there") {
            match event {
                Event::Slashing(slashing::Event::PlantOpened { worker, reporter_reward, compensation, .. }) => {
                    assert_eq!(worker.0, me);
                    assert!(reporter_reward > 0 && compensation > 0, "who finds it and who waits for it are paid");
                    opened += 1;
                }
                Event::Slashing(slashing::Event::Slashed { offender, kind, .. }) => punished.push((offender, kind)),
                _ => {}
            }
        }
    }
    assert!(opened > 0, "nothing that was planted was found: {}", workers[0].log());
    assert!(punished.is_empty(), "{punished:?}");
    for daemon in workers.iter().chain(&validators) {
        assert_eq!(network.bond(&daemon.account()).await, BOND, "{}", daemon.name);
    }
    let after = participant().await.expect("it is still registered");
    assert_eq!((after.reputation, after.barred), (before, false), "{}", workers[0].log());
    let money = network.chain.account(&planter).await.expect("the node answers");
    assert_eq!((money.held, money.locked), (200 * QRN, 0), "the deposits are back or spent: {money:?}");
    assert_eq!(network.quern(&["plant", "list", "--json"]).await.succeeded().json(), json!([]));
    network.assert_invariants().await;
}

#[tokio::test]
async fn decoy_should_be_posted_and_opened_by_hand() {
    let network = Network::development().await;
    let posted = network.quern(&["plant", "decoy", "--json"]).await.succeeded().json();
    let text = |name: &str| posted[name].as_str().unwrap_or_else(|| panic!("no {name}: {posted:#}")).to_owned();
    let (salt, hash) = (text("salt"), text("hash"));
    let listed = network.quern(&["plant", "list", "--json"]).await.succeeded().json();
    assert_eq!((&listed[0]["hash"], &listed[0]["expired"]), (&json!(hash), &json!(false)), "{listed:#}");

    let early = network.quern(&["plant", "expire", &hash]).await;
    early.refused(1, &["it can be opened for another", "wait"]);
    let other = format!("0x{}", "11".repeat(32));
    network.quern(&["plant", "open-decoy", &other]).await.refused(1, &["is not under way", "quern plant list"]);
    network.quern(&["plant", "open", "7", &salt]).await.refused(1, &["there is no offence 7"]);

    let ended = network.quern(&["plant", "open-decoy", &salt, "--json"]).await.succeeded().json();
    assert_eq!((&ended["released"], &ended["burned"]), (&posted["deposit"], &json!("0")), "{ended:#}");
    assert_eq!(network.quern(&["plant", "list", "--json"]).await.succeeded().json(), json!([]));
    network.assert_invariants().await;
}

// SPDX-License-Identifier: Apache-2.0
//! What a node serves.

use codec::{Decode, Encode};
use quern_sdk::chain::{calls, runtime, Chain, Keypair};
use quern_tests::{eventually, jobs::small_program, Network, PATIENCE};
use serde_json::{json, Value};
use std::sync::Arc;
use subxt::rpcs::{rpc_params, RpcClient};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Notify,
};

async fn state_call(client: &RpcClient, method: &str, args: &str) -> Vec<u8> {
    let answer: String = client.request("state_call", rpc_params![method, args]).await.expect("the node answers");
    hex::decode(answer.trim_start_matches("0x")).expect("the answer is hexadecimal")
}

#[tokio::test]
async fn node_should_serve_the_current_interfaces() {
    let network = Network::development().await;
    let client = RpcClient::from_insecure_url(&network.rpc).await.expect("the node answers");

    let methods: Value = client.request("rpc_methods", rpc_params![]).await.expect("the node answers");
    let methods = methods["methods"].as_array().expect("a list of methods").clone();
    for method in [
        "chainHead_v1_follow",
        "chainHead_v1_storage",
        "archive_v1_body",
        "archive_v1_call",
        "archive_v1_finalizedHeight",
        "archive_v1_hashByHeight",
        "archive_v1_header",
        "archive_v1_storage",
        "transaction_v1_broadcast",
        "transactionWatch_v1_submitAndWatch",
        "chainSpec_v1_genesisHash",
        "quern_quote",
        "quern_job",
        "quern_jobs",
        "quern_receipt",
        "quern_workers",
        "quern_account",
        "quern_network",
        "quern_subscribeJob",
    ] {
        assert!(methods.contains(&json!(method)), "{method} is not served");
    }

    let versions = state_call(&client, "Metadata_metadata_versions", "0x").await;
    let versions = Vec::<u32>::decode(&mut &versions[..]).expect("a list of versions");
    assert!(versions.contains(&15) && versions.contains(&16), "{versions:?}");

    let served = state_call(&client, "Metadata_metadata_at_version", "0x0f000000").await;
    let served = Option::<Vec<u8>>::decode(&mut &served[..]).expect("metadata").expect("version 15 is served");
    let committed = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../sdk/metadata.scale"));
    assert!(
        served == committed.expect("sdk/metadata.scale can be read"),
        "sdk/metadata.scale is not the metadata of this node; rewrite it with: \
         UPDATE=1 cargo test -p quern-runtime --test metadata"
    );
    network.assert_invariants().await;
}

#[tokio::test]
async fn node_should_give_transactions_in_hexadecimal_when_it_is_asked_for_a_block() {
    let network = Network::development().await;
    let client = RpcClient::from_insecure_url(&network.rpc).await.expect("the node answers");
    let first: String = eventually("there is a block", PATIENCE, || async {
        client.request("chain_getBlockHash", rpc_params![1]).await.expect("the node answers")
    })
    .await;
    let block: Value = client.request("chain_getBlock", rpc_params![first]).await.expect("the node answers");
    let transactions = block["block"]["extrinsics"].as_array().expect("a list of transactions");
    assert!(!transactions.is_empty(), "{block}");
    for transaction in transactions {
        let bytes = transaction.as_str().and_then(|hex| hex::decode(hex.strip_prefix("0x")?).ok());
        assert!(bytes.is_some(), "{transaction}");
    }
}

/// An address that leads to the node at `to`, until its connections are cut; it takes new ones then.
async fn relay(to: &str) -> (String, Arc<Notify>) {
    let to = to.trim_start_matches("ws://").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
    let address = format!("ws://{}", listener.local_addr().expect("it is bound"));
    let cut = Arc::new(Notify::new());
    let cuts = Arc::clone(&cut);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let (to, cut) = (to.clone(), Arc::clone(&cuts));
            tokio::spawn(async move {
                let Ok(mut node) = TcpStream::connect(to).await else { return };
                tokio::select! {
                    _ = cut.notified() => {}
                    _ = tokio::io::copy_bidirectional(&mut client, &mut node) => {}
                }
            });
        }
    });
    (address, cut)
}

#[tokio::test]
async fn extrinsic_should_be_found_on_chain_when_the_connection_breaks_while_it_waits() {
    let network = Network::development().await;
    let client = RpcClient::from_insecure_url(&network.rpc).await.expect("the node answers");
    let (address, cut) = relay(&network.rpc).await;
    let chain = Chain::connect(&address).await.expect("the relay leads to the node");
    // A development chain is told from another one by what is final on it.
    let genesis: String = client.request("chain_getBlockHash", rpc_params![0]).await.expect("the node answers");
    eventually("a block is final", PATIENCE, || async {
        let head: String = client.request("chain_getFinalizedHead", rpc_params![]).await.expect("the node answers");
        (head != genesis).then_some(())
    })
    .await;
    let sender = chain.sender(Keypair::from_suri("//Alice").expect("a key"));

    let program = small_program().program().encode();
    let sent = tokio::spawn(async move { sender.send_and_wait(&calls::publish_program(program)).await });
    eventually("the extrinsic waits in the pool", PATIENCE, || async {
        let waiting: Vec<String> =
            client.request("author_pendingExtrinsics", rpc_params![]).await.expect("the node answers");
        (!waiting.is_empty()).then_some(())
    })
    .await;
    cut.notify_waiters();

    let included = sent.await.expect("it does not panic").expect("it is found");
    let published =
        |event: &runtime::Event| matches!(event, runtime::Event::Jobs(runtime::jobs::Event::ProgramPublished { .. }));
    assert!(included.events.iter().any(published), "{:?}", included.events);
}

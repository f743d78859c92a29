// SPDX-License-Identifier: Apache-2.0
//! What a node serves.

use codec::Decode;
use quern_tests::Network;
use serde_json::{json, Value};
use subxt::rpcs::{rpc_params, RpcClient};

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

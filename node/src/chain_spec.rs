// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The chain specifications that the node knows by name. The runtime's presets hold what is in them.

use quern_runtime::WASM_BINARY;
use sc_service::{ChainType, GenericChainSpec, Properties};

/// A chain specification without extensions.
pub type ChainSpec = GenericChainSpec;

/// One authority on this machine.
pub fn development() -> Result<ChainSpec, String> {
    specification("Quern Development", "dev", ChainType::Development, "development")
}

/// Four authorities: Alice, Bob, Charlie and Dave.
pub fn local() -> Result<ChainSpec, String> {
    specification("Quern Local Testnet", "local", ChainType::Local, "local_testnet")
}

fn specification(name: &str, id: &str, chain_type: ChainType, preset: &str) -> Result<ChainSpec, String> {
    let wasm = WASM_BINARY.ok_or("this node was built without its runtime; build it with SKIP_WASM_BUILD unset")?;
    let mut properties = Properties::new();
    properties.insert("tokenSymbol".into(), "QRN".into());
    properties.insert("tokenDecimals".into(), quern_runtime::DECIMALS.into());
    properties.insert("ss58Format".into(), quern_runtime::SS58_PREFIX.into());
    Ok(ChainSpec::builder(wasm, None)
        .with_name(name)
        .with_id(id)
        .with_protocol_id("quern")
        .with_chain_type(chain_type)
        .with_properties(properties)
        .with_genesis_config_preset_name(preset)
        .build())
}

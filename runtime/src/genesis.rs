// SPDX-License-Identifier: Apache-2.0

//! The genesis presets: `development` (one authority) and `local_testnet` (four). Both know well-known test keys only; a
//! live chain brings its own specification.

use crate::{
    AccountId, BabeConfig, Balance, BalancesConfig, BlockNumber, ClockConfig, RuntimeGenesisConfig, SessionConfig,
    SessionKeys, SlashingConfig, SudoConfig, QRN,
};
use alloc::{format, string::String, vec, vec::Vec};
use frame_support::build_struct_json_patch;
use serde_json::Value;
use sp_consensus_babe::{AllowedSlots, BabeEpochConfiguration};
use sp_core::{sr25519, Pair};
use sp_genesis_builder::{PresetId, DEV_RUNTIME_PRESET, LOCAL_TESTNET_RUNTIME_PRESET};
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};

/// How blocks are authored: a quarter of the slots have primary authors, every slot has a secondary one, and each author
/// reveals a VRF output. (Plain secondary slots would let the randomness go stale.)
pub const EPOCH_CONFIG: BabeEpochConfiguration =
    BabeEpochConfiguration { c: (1, 4), allowed_slots: AllowedSlots::PrimaryAndSecondaryVRFSlots };

/// Slots of an epoch of a test chain: ten minutes.
const EPOCH_SLOTS: u64 = 600;
/// What each test account begins with.
const ENDOWMENT: Balance = 1_000_000 * QRN;
/// Blocks from an offence's report to its slash on a test chain: long enough to see it deferred, short enough to see it carried
/// out.
const DEFER_BLOCKS: BlockNumber = 5;
/// Worker accounts `//Worker//1` and so on that are endowed.
const WORKERS: u32 = 8;
/// Validator-daemon accounts `//Validator//1` and so on that are endowed.
const VALIDATORS: u32 = 4;

/// The names of the presets.
pub fn preset_names() -> Vec<PresetId> {
    vec![PresetId::from(DEV_RUNTIME_PRESET), PresetId::from(LOCAL_TESTNET_RUNTIME_PRESET)]
}

/// The preset of that name, as JSON to be laid over the default configuration.
pub fn preset(name: &PresetId) -> Option<Vec<u8>> {
    let patch = match name.as_str() {
        DEV_RUNTIME_PRESET => test_chain(&[Authority::ALICE], 2, 1),
        LOCAL_TESTNET_RUNTIME_PRESET => {
            test_chain(&[Authority::ALICE, Authority::BOB, Authority::CHARLIE, Authority::DAVE], 8, 3)
        }
        _ => return None,
    };
    serde_json::to_vec(&patch).ok()
}

/// The keys of a test authority.
struct Authority(Sr25519Keyring, Ed25519Keyring);

impl Authority {
    const ALICE: Self = Self(Sr25519Keyring::Alice, Ed25519Keyring::Alice);
    const BOB: Self = Self(Sr25519Keyring::Bob, Ed25519Keyring::Bob);
    const CHARLIE: Self = Self(Sr25519Keyring::Charlie, Ed25519Keyring::Charlie);
    const DAVE: Self = Self(Sr25519Keyring::Dave, Ed25519Keyring::Dave);

    fn session_keys(&self) -> (AccountId, AccountId, SessionKeys) {
        let account = self.0.to_account_id();
        (account.clone(), account, SessionKeys { babe: self.0.public().into(), grandpa: self.1.public().into() })
    }
}

/// A chain for tests with slots of a second, which Alice administers: its authorities, the length of its draw periods, and
/// how many of the authorities a draw must mix.
fn test_chain(authorities: &[Authority], draw_period_blocks: BlockNumber, min_authors: u32) -> Value {
    build_struct_json_patch!(RuntimeGenesisConfig {
        balances: BalancesConfig { balances: endowed().into_iter().map(|account| (account, ENDOWMENT)).collect() },
        clock: ClockConfig { slot_ms: 1_000, epoch_slots: EPOCH_SLOTS, draw_period_blocks, min_authors },
        babe: BabeConfig { epoch_config: EPOCH_CONFIG },
        slashing: SlashingConfig { defer_blocks: DEFER_BLOCKS, guardian: Some(Sr25519Keyring::Bob.to_account_id()) },
        session: SessionConfig { keys: authorities.iter().map(Authority::session_keys).collect() },
        sudo: SudoConfig { key: Some(Sr25519Keyring::Alice.to_account_id()) },
    })
}

/// The accounts that a test chain endows: the usual names and Quern's roles.
fn endowed() -> Vec<AccountId> {
    let named =
        ["Alice", "Bob", "Charlie", "Dave", "Eve", "Ferdie", "Requester"].into_iter().map(|name| format!("//{name}"));
    let workers = (1..=WORKERS).map(|number| format!("//Worker//{number}"));
    let validators = (1..=VALIDATORS).map(|number| format!("//Validator//{number}"));
    named.chain(workers).chain(validators).filter_map(account).collect()
}

/// The account of a secret path below the development phrase.
fn account(path: String) -> Option<AccountId> {
    sr25519::Pair::from_string(&path, None).ok().map(|pair| pair.public().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use frame_support::traits::BuildGenesisConfig;

    fn built(name: &str) -> sp_io::TestExternalities {
        let patch: Value = serde_json::from_slice(&preset(&name.into()).unwrap()).unwrap();
        let mut config = serde_json::to_value(RuntimeGenesisConfig::default()).unwrap();
        merge(&mut config, patch);
        let config: RuntimeGenesisConfig = serde_json::from_value(config).unwrap();
        let mut chain = sp_io::TestExternalities::default();
        chain.execute_with(|| config.build());
        chain
    }

    fn merge(base: &mut Value, patch: Value) {
        match (base, patch) {
            (Value::Object(base), Value::Object(patch)) => {
                patch.into_iter().for_each(|(key, value)| merge(base.entry(key).or_insert(Value::Null), value))
            }
            (base, patch) => *base = patch,
        }
    }

    #[test]
    fn development_should_have_one_authority() {
        built(DEV_RUNTIME_PRESET).execute_with(|| assert_eq!(crate::Session::validators().len(), 1));
    }

    #[test]
    fn local_testnet_should_have_four_authorities() {
        built(LOCAL_TESTNET_RUNTIME_PRESET).execute_with(|| {
            assert_eq!(pallet_babe::Authorities::<crate::Runtime>::get().len(), 4);
            assert_eq!(crate::Grandpa::grandpa_authorities().len(), 4);
        });
    }

    #[test]
    fn every_role_should_be_endowed() {
        let worker = account("//Worker//8".into()).unwrap();
        built(DEV_RUNTIME_PRESET).execute_with(|| assert_eq!(crate::Balances::free_balance(worker), ENDOWMENT));
        assert_eq!(endowed().len(), 19);
    }

    #[test]
    fn unbonding_should_outlast_the_longest_slash() {
        for preset in [DEV_RUNTIME_PRESET, LOCAL_TESTNET_RUNTIME_PRESET] {
            built(preset).execute_with(|| {
                let slash = quern_pallet_slashing::Times::<crate::Runtime>::get().longest_blocks();
                assert!(slash < quern_pallet_staking::UnbondingBlocks::<crate::Runtime>::get());
            });
        }
    }

    #[test]
    fn preset_should_be_none_when_unknown() {
        assert_eq!(preset(&"live".into()), None);
    }
}

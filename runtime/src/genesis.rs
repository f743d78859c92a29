// SPDX-License-Identifier: Apache-2.0

//! The genesis presets: `development` (one authority) and `local_testnet` (four). Both know well-known test keys only; a
//! live chain brings its own specification.

use crate::{
    AccountId, BabeConfig, Balance, BalancesConfig, BlockNumber, Clock, ClockConfig, Collateral, CollateralConfig,
    Jobs, Runtime, RuntimeGenesisConfig, SessionConfig, SessionKeys, SlashingConfig, SudoConfig, QRN,
};
use alloc::{format, string::String, vec, vec::Vec};
use frame_support::{build_struct_json_patch, traits::Get};
use quern_pallet_clock::MAX_LAG_BLOCKS;
use quern_primitives::traits::APPRENTICE_AUDITORS;
use quern_protocol::{
    params::{CLAIM_MARGIN_BLOCKS, MIN_AUDIT_BLOCKS, MIN_REVEAL_BLOCKS, PRESSING_BLOCKS},
    Params,
};
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
/// What each test authority has bonded.
const AUTHORITY_BOND: Balance = 1_000 * QRN;
/// Blocks from an offence's report to its slash on a test chain: long enough to see it deferred, short enough to see it carried
/// out.
const DEFER_BLOCKS: BlockNumber = 5;
/// Worker accounts `//Worker//1` and so on that are endowed.
const WORKERS: u32 = 8;
/// Validator-daemon accounts `//Validator//1` and so on that are endowed.
const VALIDATORS: u32 = 4;

/// Moves of the longest dispute: three rounds of the search for the first segment that differs, a move of each party, and the proof
/// of its ends; the outline of a long trace, a part that is asked for and opened, the operator; three times a demand and subtrees, down the tree of the largest output (64 subtrees a
/// move, so 2^18 chunks); a demand, the chunk, the conviction; and one to spare.
const LONGEST_DISPUTE_MOVES: BlockNumber = 7 + 14;

/// Least deposit of a plant, in times of what is locked for its shard: with it planting is no cheaper way to spoil a job than lying
/// (docs/economics.md).
const MIN_PLANT_DEPOSIT_FACTOR: u32 = 4;

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

    fn account(&self) -> AccountId {
        self.0.to_account_id()
    }

    fn session_keys(&self) -> (AccountId, AccountId, SessionKeys) {
        let account = self.account();
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
        collateral: CollateralConfig {
            bonds: authorities.iter().map(|authority| (authority.account(), AUTHORITY_BOND)).collect(),
            candidates: authorities.iter().map(|authority| (authority.account(), 0)).collect(),
            min_validators: min_authors,
        },
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

/// Blocks from a commitment to the end of the last dispute about it, where none of its stages is repeated. What can be repeated
/// (a round that validators spoil, a window that is kept open by demands and challenges whose price doubles) keeps what is at
/// stake locked, and what is locked does not unbond. Blocks for the work itself and for its bytes come on top; they depend on the shard.
fn longest_obligation(params: &Params, draw_period_blocks: BlockNumber) -> BlockNumber {
    // The rest of the period of the commitment, and the whole one after it.
    let draw = draw_period_blocks.saturating_mul(2);
    // A claim at the end of an audit has it begin anew, once for each seat. Seals and reveals are put off by a demand and its answer;
    // then the results and the reveals themselves.
    // Each of the two may be lengthened by the requester.
    let audit = params.audit_blocks.saturating_add(params.max_extra_blocks);
    let seats = APPRENTICE_AUDITORS.max(params.auditors.into()).max(params.single_task_auditors.into());
    let audits = audit.saturating_mul(seats.saturating_add(1)).saturating_add(params.reveal_blocks.saturating_mul(6));
    // An id that is asked for in the last block takes the last place, and its answer keeps the window open.
    let window = params.window_blocks.saturating_mul(2).saturating_add(params.reveal_blocks);
    let dispute = params.move_blocks.saturating_mul(LONGEST_DISPUTE_MOVES);
    // Who is convicted where its auditors confirmed it has them accused, at the last height for that, and their disputes follow.
    let accusation = params.window_blocks.saturating_add(dispute);
    let parts = [draw, params.open_blocks, audits, window, dispute, accusation, MAX_LAG_BLOCKS];
    parts.into_iter().fold(0, BlockNumber::saturating_add)
}

/// Whether the parameters that several pallets share make sense together; the reason where they do not.
pub fn check_sound() -> Result<(), String> {
    let elections = quern_pallet_staking::Elections::<Runtime>::get();
    let unbonding = quern_pallet_staking::UnbondingBlocks::<Runtime>::get();
    let params = Jobs::params();

    let authors = Clock::min_authors();
    if elections.min_validators < authors {
        return Err(format!(
            "collateral.minValidators is {}, but a draw mixes at least {authors} authors (clock.minAuthors): raise the first \
             or lower the second",
            elections.min_validators
        ));
    }
    let (elected, _) = Collateral::best_candidates();
    if (elected.len() as u32) < elections.min_validators {
        return Err(format!(
            "{} candidates have a bond and session keys, but collateral.minValidators is {}: add to collateral.bonds, \
             collateral.candidates and session.keys",
            elected.len(),
            elections.min_validators
        ));
    }
    for (name, blocks) in [("audit_blocks", params.audit_blocks), ("probe_blocks", params.probe_blocks)] {
        if blocks < MIN_AUDIT_BLOCKS {
            return Err(format!(
                "jobs.params.{name} is {blocks}, but a validator gives up {CLAIM_MARGIN_BLOCKS} blocks before the deadline and needs as \
                 many to fetch and to run: at least {MIN_AUDIT_BLOCKS}"
            ));
        }
    }
    for (name, blocks) in [("open_blocks", params.open_blocks), ("reveal_blocks", params.reveal_blocks)] {
        if blocks < MIN_REVEAL_BLOCKS {
            return Err(format!(
                "jobs.params.{name} is {blocks}, but a daemon sends what it owes within {PRESSING_BLOCKS} blocks of the deadline whether \
                 the draw is final or not: at least {MIN_REVEAL_BLOCKS}, so that it waits for finality first"
            ));
        }
    }
    if quern_pallet_staking::MinimumBond::<Runtime>::get() == 0 {
        return Err(
            "collateral.minimumBond is 0, and places for workers and validators would cost nothing: raise it".into()
        );
    }
    // Drawn validators must find a place for their dispute, whatever anybody else challenges.
    let places: u32 = <Runtime as quern_pallet_verification::Config>::MaxDisputes::get();
    let places = places / 2;
    let seats = APPRENTICE_AUDITORS.max(params.auditors.into()).max(params.single_task_auditors.into());
    let live: u32 = <Runtime as quern_pallet_jobs::Config>::MaxLive::get();
    let drawn = live.saturating_mul(seats);
    if drawn > places {
        return Err(format!(
            "jobs.params.auditors and singleTaskAuditors are up to {seats}, but {places} places are kept for the disputes of drawn \
             validators, who may need {drawn}: lower them"
        ));
    }
    let recoverable = quern_pallet_slashing::Settings::<Runtime>::get().reporter_cap_ppm;
    if params.unrecoverable_ppm.saturating_add(recoverable) > 1_000_000 {
        return Err(format!(
            "jobs.params.unrecoverable_ppm is {}, but a friend that reports gets {recoverable} parts per million of a slash back \
             (slashing.reporterCapPpm): lower one of them",
            params.unrecoverable_ppm
        ));
    }
    let terms = quern_pallet_slashing::Terms::<Runtime>::get();
    if terms.deposit_factor < MIN_PLANT_DEPOSIT_FACTOR {
        return Err(format!(
            "slashing.plantDepositFactor is {}, but with less than {MIN_PLANT_DEPOSIT_FACTOR} planting is a cheap way to spoil others' jobs",
            terms.deposit_factor
        ));
    }
    // Every slash waits for its deferral, a delay and an appeal.
    let slash = quern_pallet_slashing::Times::<Runtime>::get().longest_blocks();
    let draw_period_blocks = quern_pallet_clock::Settings::<Runtime>::get().draw_period_blocks;
    let obligation = longest_obligation(&params, draw_period_blocks).saturating_add(slash);
    if unbonding < obligation {
        return Err(format!(
            "collateral.unbondingBlocks is {unbonding}, but a draw, its audits, the challenge window, the longest dispute, an \
             accusation of an auditor after it, the deferral of its slash and the lag of deadlines take {obligation} blocks"
        ));
    }
    let plant = terms.plant_blocks;
    if plant < obligation {
        return Err(format!(
            "slashing.plantBlocks is {plant}, but what is planted can be shown to be wrong, and slashed, up to {obligation} blocks \
             after its commitment: an honest planter would lose its deposit"
        ));
    }
    // Who begins to unbond when a session begins is in the set of the next one already, to whose end it can equivocate.
    let evidence = u64::from(elections.evidence_sessions)
        .saturating_add(2)
        .saturating_mul(Clock::epoch_slots())
        .saturating_add(slash.into());
    if u64::from(unbonding) < evidence {
        return Err(format!(
            "collateral.unbondingBlocks is {unbonding}, but an equivocation can be shown for collateral.evidenceSessions = {} \
             sessions and is slashed up to {slash} blocks later (slashing.deferBlocks, delayBlocks and appealBlocks): {evidence} \
             blocks",
            elections.evidence_sessions
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Balances, Session};
    use frame_support::genesis_builder_helper::build_state;
    use serde_json::json;

    fn built(name: &str) -> sp_io::TestExternalities {
        let mut chain = sp_io::TestExternalities::default();
        chain.execute_with(|| build(name, Value::Null).unwrap());
        chain
    }

    /// Builds a preset with changes as a node does, or says why it is refused.
    fn build(name: &str, changes: Value) -> Result<(), String> {
        let mut config = serde_json::to_value(RuntimeGenesisConfig::default()).unwrap();
        merge(&mut config, serde_json::from_slice(&preset(&name.into()).unwrap()).unwrap());
        if !changes.is_null() {
            merge(&mut config, changes);
        }
        build_state::<RuntimeGenesisConfig>(serde_json::to_vec(&config).unwrap())?;
        check_sound()
    }

    /// Why the preset `local` with these changes is refused.
    fn refused(changes: Value) -> String {
        sp_io::TestExternalities::default().execute_with(|| build(LOCAL_TESTNET_RUNTIME_PRESET, changes).unwrap_err())
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
    fn authorities_should_be_bonded_and_elected_from_the_start() {
        for (name, count) in [(DEV_RUNTIME_PRESET, 1), (LOCAL_TESTNET_RUNTIME_PRESET, 4)] {
            built(name).execute_with(|| {
                let (elected, lowest) = Collateral::best_candidates();
                assert_eq!((elected.clone(), lowest), (Session::validators(), AUTHORITY_BOND));
                assert_eq!(elected.len(), count);
                assert_eq!(quern_pallet_staking::ElectedEra::<Runtime>::get(), Some(0));
                let held = Balances::reserved_balance(&elected[0]);
                assert_eq!(held, AUTHORITY_BOND);
                crate::quern_api::check_invariants().unwrap();
            });
        }
    }

    #[test]
    fn invariants_should_be_checked_for_anybody_only_where_the_state_is_small() {
        built(DEV_RUNTIME_PRESET).execute_with(|| {
            crate::quern_api::check_small().unwrap();
            for index in 0..crate::quern_api::MAX_WALKED {
                sp_io::storage::set(&index.to_be_bytes(), &[1]);
            }
            assert!(crate::quern_api::check_small().unwrap_err().contains("not checked"));
            crate::quern_api::check_invariants().unwrap();
        });
    }

    #[test]
    fn genesis_should_be_refused_when_a_set_has_too_few_authors_for_a_draw() {
        let reason = refused(json!({ "collateral": { "minValidators": 2 } }));
        assert!(reason.contains("a draw mixes at least 3 authors"), "{reason}");
    }

    #[test]
    fn genesis_should_be_refused_when_there_are_too_few_candidates() {
        let reason = refused(json!({ "collateral": { "minValidators": 5 } }));
        assert!(reason.contains("4 candidates have a bond"), "{reason}");
    }

    #[test]
    fn genesis_should_be_refused_when_authorities_have_no_bond() {
        let reason = refused(json!({ "collateral": { "candidates": [] } }));
        assert!(reason.contains("0 candidates have a bond"), "{reason}");
    }

    #[test]
    fn authority_should_wait_when_genesis_does_not_make_it_a_candidate() {
        let three: Vec<_> = [Authority::ALICE, Authority::BOB, Authority::CHARLIE].map(|who| (who.account(), 0)).into();
        sp_io::TestExternalities::default().execute_with(|| {
            build(LOCAL_TESTNET_RUNTIME_PRESET, json!({ "collateral": { "candidates": three } })).unwrap();
            assert_eq!(Session::validators().len(), 3);
            assert!(!Session::validators().contains(&Authority::DAVE.account()));
        });
    }

    #[test]
    fn genesis_should_be_refused_when_unbonding_is_shorter_than_a_dispute_and_its_deferral() {
        let changes = json!({ "collateral": { "unbondingBlocks": 2_000, "evidenceSessions": 1 } });
        let reason = refused(changes);
        assert!(reason.contains("the longest dispute, an accusation of an auditor after it, the deferral"), "{reason}");
    }

    #[test]
    fn genesis_should_be_refused_when_unbonding_is_a_block_shorter_than_all_that_may_follow_a_commitment() {
        let params = Params::default();
        // Two periods, the opening, an audit that begins anew for each of an apprentice's four seats, six reveals, two windows and an
        // answer, twenty-one moves, the lag; another window and twenty-one moves of an accusation.
        let parts =
            [2 * 8, params.open_blocks, 5 * (params.audit_blocks + params.max_extra_blocks) + 6 * params.reveal_blocks];
        let rest = [
            2 * params.window_blocks + params.reveal_blocks,
            21 * params.move_blocks,
            600,
            params.window_blocks + 21 * params.move_blocks,
        ];
        let slash = built(LOCAL_TESTNET_RUNTIME_PRESET)
            .execute_with(|| quern_pallet_slashing::Times::<crate::Runtime>::get().longest_blocks());
        let needed: BlockNumber = parts.iter().chain(&rest).sum::<BlockNumber>() + slash;
        let changes = |blocks| json!({ "collateral": { "unbondingBlocks": blocks, "evidenceSessions": 1 } });
        let reason = refused(changes(needed - 1));
        assert!(reason.contains(&format!("take {needed} blocks")), "{reason}");
        sp_io::TestExternalities::default()
            .execute_with(|| build(LOCAL_TESTNET_RUNTIME_PRESET, changes(needed)).unwrap());
    }

    #[test]
    fn genesis_should_be_refused_when_drawn_validators_may_find_no_place_for_a_dispute() {
        let params = Params { single_task_auditors: 5, ..Params::default() };
        let reason = refused(json!({ "jobs": { "params": params } }));
        assert!(reason.contains("who may need 5120: lower them"), "{reason}");
    }

    #[test]
    fn genesis_should_be_refused_when_a_friend_gets_back_what_the_collateral_counts_as_lost() {
        let params = Params { unrecoverable_ppm: 800_001, ..Params::default() };
        let reason = refused(json!({ "jobs": { "params": params } }));
        assert!(reason.contains("gets 200000 parts per million of a slash back"), "{reason}");
    }

    #[test]
    fn genesis_should_be_refused_when_planting_is_a_cheap_way_to_spoil_jobs() {
        let reason = refused(json!({ "slashing": { "plantDepositFactor": 3 } }));
        assert!(reason.contains("plantDepositFactor is 3"), "{reason}");
    }

    #[test]
    fn genesis_should_be_refused_when_places_cost_nothing() {
        let reason = refused(json!({ "collateral": { "minimumBond": 0 } }));
        assert!(reason.contains("minimumBond is 0"), "{reason}");
    }

    #[test]
    fn genesis_should_count_an_audit_that_begins_anew_for_every_seat() {
        let params = Params { single_task_auditors: 7, ..Params::default() };
        let longer = longest_obligation(&params, 8) - longest_obligation(&Params::default(), 8);
        assert_eq!(longer, 3 * (params.audit_blocks + params.max_extra_blocks), "an apprentice has four auditors");
    }

    #[test]
    fn genesis_should_be_refused_when_validators_give_up_before_they_can_have_done_anything() {
        for name in ["audit_blocks", "probe_blocks"] {
            let changes = |blocks| json!({ "jobs": { "params": { name: blocks } } });
            let reason = refused(changes(MIN_AUDIT_BLOCKS - 1));
            assert!(reason.contains(&format!("{name} is 63")) && reason.contains("at least 64"), "{reason}");
            sp_io::TestExternalities::default()
                .execute_with(|| build(LOCAL_TESTNET_RUNTIME_PRESET, changes(MIN_AUDIT_BLOCKS)).unwrap());
        }
    }

    #[test]
    fn genesis_should_be_refused_when_everything_that_is_owed_is_pressing_at_once() {
        for name in ["open_blocks", "reveal_blocks"] {
            let changes = |blocks| json!({ "jobs": { "params": { name: blocks } } });
            let reason = refused(changes(MIN_REVEAL_BLOCKS - 1));
            assert!(reason.contains(&format!("{name} is 39")) && reason.contains("at least 40"), "{reason}");
            sp_io::TestExternalities::default()
                .execute_with(|| build(LOCAL_TESTNET_RUNTIME_PRESET, changes(MIN_REVEAL_BLOCKS)).unwrap());
        }
    }

    #[test]
    fn genesis_should_be_refused_when_a_plant_expires_before_its_slash_is_over() {
        let reason = refused(json!({ "slashing": { "plantBlocks": 2_000 } }));
        assert!(reason.contains("slashing.plantBlocks is 2000"), "{reason}");
    }

    #[test]
    fn genesis_should_be_refused_when_unbonding_is_shorter_than_evidence_can_be_shown() {
        let reason = refused(json!({ "collateral": { "evidenceSessions": 100 } }));
        assert!(reason.contains("an equivocation can be shown"), "{reason}");
    }

    #[test]
    fn genesis_should_be_refused_when_unbonding_is_a_block_shorter_than_evidence_and_the_longest_slash() {
        let slash = built(LOCAL_TESTNET_RUNTIME_PRESET)
            .execute_with(|| quern_pallet_slashing::Times::<crate::Runtime>::get().longest_blocks());
        let needed = 14 * EPOCH_SLOTS as BlockNumber + slash;
        let changes = |blocks| json!({ "collateral": { "unbondingBlocks": blocks, "evidenceSessions": 12 } });
        let reason = refused(changes(needed - 1));
        assert!(reason.contains(&format!("{needed} blocks")), "{reason}");
        sp_io::TestExternalities::default()
            .execute_with(|| build(LOCAL_TESTNET_RUNTIME_PRESET, changes(needed)).unwrap());
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

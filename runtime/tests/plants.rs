// SPDX-License-Identifier: Apache-2.0
//! A planter in the whole runtime: its deposit pays who found the error, and its worker is what it was.

mod common;

use common::*;
use frame_support::traits::fungible::InspectHold;
use quern_pallet_slashing::{Call as Slashes, Deferred, HoldReason, PlantTerms, Plants, Terms};
use quern_primitives::{
    job::{Endpoint, Profile},
    plant::{ConvictedResult, PlantedResult},
    traits::{Collateral as _, Offence, OffenceKind, Offences as _, Registry as _, Role, ShardEnd},
    BlobId,
};
use quern_runtime::{
    quern_api::check_invariants, Balance, Balances, Collateral, Runtime, RuntimeCall, RuntimeOrigin, Slashing, System,
    Workers, QRN,
};
use sp_keyring::Sr25519Keyring;

const LOCKED: Balance = 200 * QRN;
const FINDER: Sr25519Keyring = Sr25519Keyring::Charlie;
const REQUESTER: Sr25519Keyring = Sr25519Keyring::Dave;

/// A worker with a bond of which something is locked for a shard, and the result that it is going to commit to.
fn worker() -> PlantedResult {
    for key in [WORKER, FINDER, REQUESTER] {
        let dest = key.to_account_id().into();
        let transfer = pallet_balances::Call::transfer_allow_death { dest, value: 1_000 * QRN };
        included(Sr25519Keyring::Alice, transfer.into()).unwrap();
    }
    let origin = RuntimeOrigin::signed(WORKER.to_account_id());
    Collateral::bond(origin.clone(), 500 * QRN).unwrap();
    Workers::register(origin.clone(), Role::Worker, Endpoint::default(), Profile::new(1, "", false), 1).unwrap();
    Workers::set_ready(origin, 1).unwrap();
    Workers::take_slot(&raw(WORKER));
    Collateral::lock(&raw(WORKER), LOCKED).unwrap();
    PlantedResult { shard: id(0), attempt: 0, worker: raw(WORKER), root: BlobId([1; 32]) }
}

/// The worker is convicted of its result, committed at the present height.
fn convict(planted: PlantedResult) {
    let offence = Offence {
        kind: OffenceKind::WrongResult,
        offender: raw(WORKER),
        shard: planted.shard,
        locked: LOCKED,
        reporter: Some(raw(FINDER)),
        restitution: None,
        evidence: [9; 32],
    };
    let PlantedResult { attempt, root, .. } = planted;
    let committed_at = System::block_number();
    let result = ConvictedResult { requester: raw(REQUESTER), attempt, root, committed_at, breaks_job: false, fees: 0 };
    Slashing::report_result(offence, result);
    Workers::shard_ended(&raw(WORKER), ShardEnd::Convicted);
}

fn plant(planted: PlantedResult) -> Balance {
    let deposit = Terms::<Runtime>::get().deposit(LOCKED);
    included(RICH, Slashes::plant { hash: planted.hash(&raw(RICH), &SALT), deposit }.into()).unwrap();
    deposit
}

fn open() -> RuntimeCall {
    Slashes::open_plant { offence: 0, salt: SALT }.into()
}

#[test]
fn planted_error_should_cost_its_deposit_and_not_the_worker_when_it_is_found() {
    chain().execute_with(|| {
        let planted = worker();
        let (finder, requester, entry) = (
            balance(FINDER),
            balance(REQUESTER),
            quern_pallet_workers::Entries::<Runtime>::get(WORKER.to_account_id()).unwrap(),
        );
        let deposit = plant(planted);
        begin_block();
        convict(planted);
        assert!(Workers::ready_workers().is_empty());
        check_invariants().unwrap();
        included(RICH, open()).unwrap();
        let fee = LOCKED / 20;
        assert_eq!(deposit, 4 * LOCKED);
        assert_eq!((balance(FINDER), balance(REQUESTER)), (finder + LOCKED / 5, requester + fee));
        assert_eq!(Collateral::free(&raw(WORKER)), 500 * QRN);
        let after = quern_pallet_workers::Entries::<Runtime>::get(WORKER.to_account_id()).unwrap();
        assert_eq!((after.barred, after.reputation), (false, entry.reputation));
        assert_eq!((Plants::<Runtime>::count(), Deferred::<Runtime>::count()), (0, 0));
        assert_eq!(Balances::balance_on_hold(&HoldReason::Plant.into(), &RICH.to_account_id()), 0);
        check_invariants().unwrap();
    });
}

#[test]
fn lie_should_be_slashed_when_it_is_planted_in_the_block_of_the_commitment() {
    chain().execute_with(|| {
        let planted = worker();
        plant(planted);
        convict(planted);
        included(RICH, open()).unwrap_err();
        assert!(Deferred::<Runtime>::contains_key(0));
        check_invariants().unwrap();
    });
}

#[test]
fn plant_should_not_be_withdrawn_when_the_chain_knows_nothing_of_its_shard() {
    chain().execute_with(|| {
        let planted = worker();
        plant(planted);
        included(RICH, Slashes::withdraw_plant { salt: SALT, planted }.into()).unwrap_err();
        // It was issued again.
        let again = put(0, quern_protocol::shard::Phase::Queued);
        quern_pallet_jobs::Shards::<Runtime>::mutate_extant(again, |shard| shard.attempt = 1);
        included(RICH, Slashes::withdraw_plant { salt: SALT, planted }.into()).unwrap();
        assert_eq!(Plants::<Runtime>::count(), 0);
    });
}

#[test]
fn plants_of_a_chain_should_have_sound_terms() {
    chain().execute_with(|| assert_eq!(Terms::<Runtime>::get(), PlantTerms::default()));
}

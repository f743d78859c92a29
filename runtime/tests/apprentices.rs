// SPDX-License-Identifier: Apache-2.0
//! An apprentice begins with nothing.

mod common;

use common::*;
use frame_support::traits::{fungible::Mutate, Get};
use quern_pallet_rewards::{Credits, TotalCredits};
use quern_pallet_workers::{Call, Config, Entries, Refusal, FREE_TURN_BLOCKS};
use quern_primitives::{
    enrol::Enrolment,
    job::{Endpoint, Profile},
    traits::{Rewards as _, Role},
};
use quern_protocol::shard::{Deal, Phase};
use quern_runtime::{Balances, Executive, Rewards, Runtime, RuntimeCall, System, UncheckedExtrinsic, MILLI_QRN, QRN};
use sp_core::Pair;
use sp_keyring::Sr25519Keyring;
use sp_runtime::{
    transaction_validity::{InvalidTransaction, TransactionValidityError},
    ApplyExtrinsicResult, MultiSignature,
};

/// Owns nothing and is not known to the chain.
const NEWCOMER: Sr25519Keyring = Sr25519Keyring::One;

/// Sends an enrolment with this much work.
fn enrol(bits: u32) -> ApplyExtrinsicResult {
    let hash = System::block_hash(0).0;
    let profile = Profile::new(1_024, "", false);
    let account = raw(NEWCOMER);
    let enrolment = Enrolment { account, endpoint: Endpoint::default(), profile, ask: 1, block: 0, nonce: 0 };
    let enrolment = enrolment.with_work(&hash, bits);
    let signature = MultiSignature::Sr25519(NEWCOMER.pair().sign(&enrolment.message(&hash)));
    let call = Call::enrol { enrolment, signature };
    Executive::apply_extrinsic(UncheckedExtrinsic::new_transaction(call.into(), extension(0)))
}

fn set_ready(slots: u32) -> RuntimeCall {
    Call::set_ready { slots }.into()
}

#[test]
fn an_account_that_owns_nothing_should_enrol_and_send_what_it_owes() {
    chain().execute_with(|| {
        enrol(<Runtime as Config>::EnrolmentWork::get()).unwrap().unwrap();
        let entry = Entries::<Runtime>::get(NEWCOMER.to_account_id()).unwrap();
        assert_eq!((entry.role, entry.slots, balance(NEWCOMER)), (Role::Apprentice, 1, 0));
        let deal = Deal { worker: raw(NEWCOMER), ..deal() };
        let shard = put(0, Phase::Assigned { deal, by: BY });
        included(NEWCOMER, start(shard)).unwrap();
    });
}

#[test]
fn an_apprentice_should_declare_readiness_for_free_now_and_then() {
    chain().execute_with(|| {
        enrol(<Runtime as Config>::EnrolmentWork::get()).unwrap().unwrap();
        assert!(is_unpaid(&send(NEWCOMER, set_ready(0))));
        System::set_block_number(NOW + FREE_TURN_BLOCKS);
        included(NEWCOMER, set_ready(0)).unwrap();
        assert!(is_unpaid(&send(NEWCOMER, set_ready(1))));
    });
}

#[test]
fn an_enrolment_should_not_be_valid_when_its_work_is_too_little() {
    chain().execute_with(|| {
        let too_little = TransactionValidityError::Invalid(InvalidTransaction::Custom(Refusal::Work as u8));
        assert_eq!(enrol(1), Err(too_little));
        assert!(Entries::<Runtime>::get(NEWCOMER.to_account_id()).is_none());
    });
}

/// Credits the newcomer, out of the pot.
fn credit(amount: u128) {
    Balances::set_balance(&Rewards::pot().into(), 1_000 * QRN);
    Credits::<Runtime>::insert(NEWCOMER.to_account_id(), amount);
    TotalCredits::<Runtime>::put(amount);
}

fn claim() -> RuntimeCall {
    quern_pallet_rewards::Call::claim {}.into()
}

#[test]
fn an_account_that_owns_nothing_should_claim_what_it_has_earned_for_free() {
    chain().execute_with(|| {
        enrol(<Runtime as Config>::EnrolmentWork::get()).unwrap().unwrap();
        credit(QRN / 2);
        included(NEWCOMER, claim()).unwrap();
        assert_eq!(balance(NEWCOMER), QRN / 2);
    });
}

#[test]
fn a_claim_should_not_be_free_when_the_account_can_pay() {
    chain().execute_with(|| {
        enrol(<Runtime as Config>::EnrolmentWork::get()).unwrap().unwrap();
        Balances::set_balance(&NEWCOMER.to_account_id(), QRN);
        credit(QRN / 2);
        included(NEWCOMER, claim()).unwrap();
        assert!(balance(NEWCOMER) < QRN + QRN / 2, "it paid");
    });
}

#[test]
fn a_claim_should_not_be_free_when_there_is_little_or_nothing_to_claim() {
    chain().execute_with(|| {
        enrol(<Runtime as Config>::EnrolmentWork::get()).unwrap().unwrap();
        assert!(is_unpaid(&send(NEWCOMER, claim())));
        credit(10 * MILLI_QRN - 1);
        assert!(is_unpaid(&send(NEWCOMER, claim())));
    });
}

// SPDX-License-Identifier: Apache-2.0
//! Equivocations, from the proof that a node submits to the slash.

use crate::chain::*;
use frame_support::assert_ok;
use quern_pallet_slashing::Deferred;
use quern_pallet_staking::{Ledgers, Reported, Reports};
use quern_primitives::{
    offence::{report_evidence, AnyOffence, DeferredSlash},
    traits::OffenceKind,
};
use quern_runtime::{
    Block, Collateral, Executive, Grandpa, Header, Runtime, RuntimeOrigin, Session, Slashing, System,
    UncheckedExtrinsic, QRN,
};
use sp_consensus_babe::{
    digests::CompatibleDigestItem, runtime_decl_for_babe_api::BabeApi, AuthorityId, EquivocationProof,
};
use sp_consensus_grandpa::runtime_decl_for_grandpa_api::GrandpaApi;
use sp_core::{Pair, H256};
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};
use sp_runtime::{
    traits::Header as _,
    transaction_validity::{InvalidTransaction, TransactionSource},
    Digest, DigestItem,
};

const BOB: Sr25519Keyring = Sr25519Keyring::Bob;

fn bobs_index() -> u32 {
    Session::validators().iter().position(|who| *who == account(BOB)).expect("Bob is a validator") as u32
}

/// A header of Bob's at the slot of a height, signed.
fn signed_header(height: u32, extrinsics: u8) -> Header {
    let digest = Digest { logs: vec![pre_digest(slot(height), bobs_index())] };
    let mut header = Header::new(height, H256::repeat_byte(extrinsics), H256::zero(), H256::zero(), digest);
    let signature = BOB.pair().sign(header.hash().as_bytes());
    header.digest.logs.push(DigestItem::babe_seal(signature.into()));
    header
}

/// Two blocks of Bob's at the slot of the current height.
fn two_blocks() -> EquivocationProof<Header> {
    let height = System::block_number();
    EquivocationProof {
        offender: AuthorityId::from(BOB.public()),
        slot: slot(height),
        first_header: signed_header(height, 1),
        second_header: signed_header(height, 2),
    }
}

/// Has a node report two blocks of Bob's, as it does when it imports the second.
fn report_blocks() {
    let proof = two_blocks();
    let owner = <Runtime as BabeApi<Block>>::generate_key_ownership_proof(proof.slot, proof.offender.clone())
        .expect("Bob's key is known");
    let submitted = <Runtime as BabeApi<Block>>::submit_report_equivocation_unsigned_extrinsic(proof, owner);
    assert_eq!(submitted, Some(()));
}

/// Has a node report two prevotes of Bob's in one round.
fn report_votes() {
    assert_eq!(report_votes_of(7), Some(()));
}

/// The same of a certain round: what the node says.
fn report_votes_of(round: u64) -> Option<()> {
    let (set_id, key) = (Grandpa::current_set_id(), Ed25519Keyring::Bob);
    let vote = |target: u8| {
        let prevote = (H256::repeat_byte(target), 5u32);
        let payload = sp_consensus_grandpa::localized_payload(round, set_id, &(0u8, prevote));
        (prevote, key.pair().sign(&payload))
    };
    // The set, the kind of vote, the round, the voter, and both votes.
    let proof: sp_consensus_grandpa::EquivocationProof<H256, u32> =
        recoded((set_id, 0u8, round, key.public(), vote(1), vote(2)));
    let owner = <Runtime as GrandpaApi<Block>>::generate_key_ownership_proof(set_id, proof.offender().clone())
        .expect("Bob's key is known");
    <Runtime as GrandpaApi<Block>>::submit_report_equivocation_unsigned_extrinsic(proof, owner)
}

/// What one of four loses for an equivocation: (3 / 4)^2 of its stake.
fn loss(stake: u128) -> u128 {
    stake * 9 / 16
}

fn held() -> u128 {
    Ledgers::<Runtime>::get(account(BOB)).map_or(0, |ledger| ledger.held())
}

fn backing() -> u128 {
    Collateral::backing(&account(BOB))
}

/// Ferdie backs Bob, who equivocates some blocks later and is reported; returns the report as it is in the node's pool.
fn reported(chain: &mut Chain, report: fn()) -> UncheckedExtrinsic {
    chain.run(|| {
        blocks_to(5, &[]);
        assert_ok!(Collateral::nominate(signed(Sr25519Keyring::Ferdie), account(BOB), 2_000 * QRN));
        blocks_to(8, &[]);
        report();
    });
    chain.take_pool().pop().expect("a report in the pool")
}

/// The slashes that wait.
fn waiting() -> Vec<DeferredSlash> {
    Deferred::<Runtime>::iter_values().collect()
}

/// The index of an author that is not Bob.
fn another() -> u32 {
    u32::from(bobs_index() == 0)
}

fn check_slash(report: fn()) {
    let mut chain = Chain::new();
    let extrinsic = reported(&mut chain, report);
    chain.run(|| {
        // Its author gets the reporter's part.
        let author = Session::validators()[if bobs_index() == 0 { 1 } else { 0 }].clone();
        let author_index = another();
        let before = quern_runtime::Balances::free_balance(&author);
        let issuance = quern_runtime::Balances::total_issuance();
        block(author_index, vec![extrinsic.clone()]);
        let slash = waiting().remove(0);
        let AnyOffence::Consensus(offence) = &slash.offence else { panic!("an offence against consensus") };
        assert_eq!((offence.kind, offence.session, offence.offenders), (OffenceKind::Equivocation, 0, 1));
        assert_eq!((slash.share_ppm, slash.due, slash.extrinsic), (562_500, loss(BOND), Some(1)));
        let bytes: Vec<u8> = recoded(extrinsic);
        assert_eq!(offence.evidence, report_evidence(&bytes), "the transaction of this block");
        assert!(!Collateral::best_candidates().0.contains(&account(BOB)), "chilled at once");
        assert_eq!(held(), BOND, "and slashed later");

        blocks_to(9 + DEFER, &[BOB]);
        assert_eq!(held(), BOND - loss(BOND));
        assert_eq!(backing(), 2_000 * QRN - loss(2_000 * QRN));
        let reward = loss(BOND) / 10;
        assert_eq!(quern_runtime::Balances::free_balance(&author), before + reward);
        let burned = issuance - quern_runtime::Balances::total_issuance();
        assert_eq!(burned, loss(BOND) + loss(2_000 * QRN) - reward);
        for who in AUTHORITIES.into_iter().filter(|who| *who != BOB) {
            assert_eq!(Ledgers::<Runtime>::get(account(who)).unwrap().held(), BOND, "nobody else pays");
        }

        // The session after the next is without him.
        blocks_to(3 * SESSION, &[BOB]);
        assert!(!Session::validators().contains(&account(BOB)));
        assert_eq!(Session::validators().len(), 3);
    });
}

#[test]
fn two_blocks_in_one_slot_should_cost_stake_and_backing() {
    check_slash(report_blocks);
}

#[test]
fn two_votes_in_one_round_should_cost_stake_and_backing() {
    check_slash(report_votes);
}

#[test]
fn report_should_be_accepted_when_it_concerns_an_earlier_session() {
    let mut chain = Chain::new();
    let extrinsic = reported(&mut chain, report_blocks);
    chain.run(|| {
        blocks_to(SESSION + 5, &[]);
        assert!(Session::current_index() > 0);
        let author = another();
        block(author, vec![extrinsic]);
        assert!(Reported::<Runtime>::contains_key(0, (account(BOB), OffenceKind::Equivocation)));
    });
}

#[test]
fn report_should_be_refused_when_its_session_can_no_longer_be_shown() {
    let mut chain = Chain::new();
    let extrinsic = reported(&mut chain, report_blocks);
    chain.run(|| {
        blocks_to(5 * SESSION, &[]);
        let validity = Executive::validate_transaction(TransactionSource::Local, extrinsic, System::parent_hash());
        assert_eq!(validity, Err(InvalidTransaction::BadProof.into()));
    });
}

#[test]
fn report_should_be_refused_when_it_comes_from_outside_or_is_known() {
    let mut chain = Chain::new();
    let extrinsic = reported(&mut chain, report_blocks);
    chain.run(|| {
        let validate = |source| Executive::validate_transaction(source, extrinsic.clone(), System::parent_hash());
        assert_eq!(validate(TransactionSource::External), Err(InvalidTransaction::Call.into()));
        assert!(validate(TransactionSource::Local).is_ok());
        block(another(), vec![extrinsic.clone()]);
        assert_eq!(validate(TransactionSource::Local), Err(InvalidTransaction::Stale.into()));
        assert_eq!(waiting().len(), 1);
    });
}

#[test]
fn report_of_votes_should_be_refused_when_the_voter_was_reported_for_another_round() {
    let mut chain = Chain::new();
    let extrinsic = reported(&mut chain, report_votes);
    chain.run(|| {
        assert_eq!(report_votes_of(8), Some(()), "a report of another round");
    });
    let second = chain.take_pool().pop().expect("a report in the pool");
    chain.run(|| {
        let validate = |extrinsic: &UncheckedExtrinsic| {
            Executive::validate_transaction(TransactionSource::Local, extrinsic.clone(), System::parent_hash())
        };
        assert!(validate(&second).is_ok());
        block(another(), vec![extrinsic]);
        assert_eq!(validate(&second), Err(InvalidTransaction::Stale.into()));
        assert_eq!((waiting().len(), Reports::<Runtime>::iter().count()), (1, 1));
    });
}

#[test]
fn report_should_fail_when_the_blocks_are_one_and_the_same() {
    let mut chain = Chain::new();
    chain.run(|| {
        blocks_to(8, &[]);
        let mut proof = two_blocks();
        proof.second_header = proof.first_header.clone();
        let owner = <Runtime as BabeApi<Block>>::generate_key_ownership_proof(proof.slot, proof.offender.clone())
            .and_then(|owner| owner.decode())
            .expect("Bob's key is known");
        let alice = signed(Sr25519Keyring::Alice);
        let refused = quern_runtime::Babe::report_equivocation(alice, Box::new(proof), owner);
        assert_eq!(refused.unwrap_err().error, pallet_babe::Error::<Runtime>::InvalidEquivocationProof.into());
        assert!(waiting().is_empty());
    });
}

#[test]
fn report_should_fail_when_the_owner_is_another() {
    let mut chain = Chain::new();
    chain.run(|| {
        blocks_to(8, &[]);
        let proof = two_blocks();
        let alice_key = AuthorityId::from(Sr25519Keyring::Alice.public());
        let owner = <Runtime as BabeApi<Block>>::generate_key_ownership_proof(proof.slot, alice_key)
            .and_then(|owner| owner.decode())
            .expect("Alice's key is known");
        let alice = signed(Sr25519Keyring::Alice);
        let refused = quern_runtime::Babe::report_equivocation(alice, Box::new(proof), owner);
        assert_eq!(refused.unwrap_err().error, pallet_babe::Error::<Runtime>::InvalidKeyOwnershipProof.into());
        assert_eq!(held(), BOND);
    });
}

#[test]
#[should_panic(expected = "is disabled and should not be attempting to author blocks")]
fn block_of_an_equivocator_should_be_refused_until_it_leaves_the_set() {
    let mut chain = Chain::new();
    let extrinsic = reported(&mut chain, report_blocks);
    chain.run(|| {
        block(another(), vec![extrinsic]);
        assert_eq!(Session::disabled_validators(), [bobs_index()]);
        block(bobs_index(), Vec::new());
    });
}

#[test]
fn equivocator_should_be_accused_of_no_idleness_while_the_chain_keeps_it_from_authoring() {
    let mut chain = Chain::new();
    let extrinsic = reported(&mut chain, report_blocks);
    chain.run(|| {
        block(another(), vec![extrinsic]);
        // It is in the next session's set, which was planned before.
        blocks_to(2 * SESSION, &[BOB]);
        assert_eq!(Session::disabled_validators(), [bobs_index()]);
        blocks_to(3 * SESSION, &[BOB]);
        assert!(Session::disabled_validators().is_empty());
        for session in 0..3 {
            assert!(!Reported::<Runtime>::contains_key(session, (account(BOB), OffenceKind::Idleness)));
        }
        assert_eq!(held(), BOND - loss(BOND));
    });
}

#[test]
fn equivocator_should_appeal_and_keep_its_stake_when_governance_agrees() {
    let mut chain = Chain::new();
    let extrinsic = reported(&mut chain, report_blocks);
    chain.run(|| {
        block(another(), vec![extrinsic]);
        assert_ok!(Slashing::delay(signed(Sr25519Keyring::Charlie), 0));
        assert_ok!(Slashing::appeal(signed(BOB), 0, [1; 32]));
        blocks_to(9 + 2 * DEFER, &[BOB]);
        assert_eq!(held(), BOND);
        assert_ok!(Slashing::cancel(RuntimeOrigin::root(), 0));
        assert_ok!(Collateral::validate(signed(BOB), 0));
        blocks_to(3 * SESSION, &[BOB]);
        assert_eq!((held(), backing()), (BOND, 2_000 * QRN));
        assert!(Session::validators().contains(&account(BOB)), "elected again");
        assert!(Session::disabled_validators().is_empty());
    });
}

#[test]
fn reports_should_be_forgotten_when_their_session_can_no_longer_be_shown() {
    let mut chain = Chain::new();
    let extrinsic = reported(&mut chain, report_blocks);
    chain.run(|| {
        block(another(), vec![extrinsic]);
        assert_eq!(Reports::<Runtime>::iter().count(), 1);
        blocks_to(4 * SESSION, &[BOB]);
        assert_eq!(Reports::<Runtime>::iter().count(), 1, "it can be shown");
        blocks_to(5 * SESSION, &[BOB]);
        assert_eq!((Reports::<Runtime>::iter().count(), Reported::<Runtime>::iter().count()), (0, 0));
    });
}

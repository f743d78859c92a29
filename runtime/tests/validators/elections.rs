// SPDX-License-Identifier: Apache-2.0
//! Who authors, over sessions and eras.

use crate::chain::*;
use frame_support::assert_ok;
use quern_pallet_staking::{ChillReason, Event, Ledgers};
use quern_runtime::{AccountId, Collateral, Runtime, RuntimeEvent, Session, SessionKeys, QRN};
use sp_keyring::Sr25519Keyring;

fn set() -> Vec<AccountId> {
    let mut validators = Session::validators();
    validators.sort();
    validators
}

fn accounts(who: &[Sr25519Keyring]) -> Vec<AccountId> {
    let mut accounts: Vec<_> = who.iter().map(|who| account(*who)).collect();
    accounts.sort();
    accounts
}

/// Registers fresh session keys for an account.
fn register_keys(who: Sr25519Keyring) {
    let generated = SessionKeys::generate(&codec::Encode::encode(&account(who)), None);
    let proof = codec::Encode::encode(&generated.proof);
    assert_ok!(Session::set_keys(signed(who), recoded(generated.keys), proof));
}

#[test]
fn set_should_stay_while_nothing_changes() {
    let mut chain = Chain::new();
    chain.run(|| {
        blocks_to(4 * SESSION, &[]);
        assert_eq!(Session::current_index(), 3);
        assert_eq!(set(), accounts(&AUTHORITIES));
        assert_eq!(quern_runtime::Grandpa::current_set_id(), 1, "one election, in the second era");
    });
}

#[test]
fn candidate_should_author_when_it_is_elected_in_the_next_era() {
    let mut chain = Chain::new();
    chain.run(|| {
        let eve = Sr25519Keyring::Eve;
        blocks_to(1, &[]);
        assert_ok!(Collateral::bond(signed(eve), 500 * QRN));
        assert!(Collateral::validate(signed(eve), 50_000).is_err(), "no keys yet");
        register_keys(eve);
        assert_ok!(Collateral::validate(signed(eve), 50_000));
        // Her own bond is the smallest; her backers lift her above Dave, who leaves a part of his.
        assert_ok!(Collateral::nominate(signed(Sr25519Keyring::Ferdie), account(eve), 600 * QRN));
        assert_ok!(Collateral::unbond(signed(Sr25519Keyring::Dave), 300 * QRN));
        blocks_to(ERA - 1, &[]);
        assert_eq!(set(), accounts(&AUTHORITIES));
        blocks_to(2 * ERA, &[]);
        let [alice, bob, charlie, _] = AUTHORITIES;
        assert_eq!(set(), accounts(&[alice, bob, charlie, eve]));
        assert_eq!(pallet_babe::Authorities::<Runtime>::get().len(), 4);
    });
}

#[test]
fn author_should_be_chilled_without_a_slash_when_it_alone_is_idle() {
    let mut chain = Chain::new();
    chain.run(|| {
        let idle = [Sr25519Keyring::Dave];
        let dave = account(Sr25519Keyring::Dave);
        blocks_to(SESSION + 1, &idle);
        assert!(told(|event| matches!(
            event,
            RuntimeEvent::Collateral(Event::Chilled { who, reason: ChillReason::Offence }) if *who == dave
        )));
        // The next session is planned already; the one after is without him.
        blocks_to(2 * SESSION, &idle);
        assert!(Session::validators().contains(&dave));
        blocks_to(3 * SESSION, &idle);
        assert!(!Session::validators().contains(&dave));
        blocks_to(4 * SESSION, &idle);
        assert_eq!(Ledgers::<Runtime>::get(&dave).unwrap().bonded, BOND);
    });
}

#[test]
fn honest_authors_should_keep_their_bonds_when_everybody_authors() {
    let mut chain = Chain::new();
    chain.run(|| {
        blocks_to(4 * SESSION, &[]);
        for who in AUTHORITIES {
            assert_eq!(Ledgers::<Runtime>::get(account(who)).unwrap().held(), BOND);
            assert!(Collateral::best_candidates().0.contains(&account(who)));
        }
    });
}

// SPDX-License-Identifier: Apache-2.0
//! What a client sees of the registry.

mod common;

use common::*;
use quern_primitives::{
    job::{Endpoint, Profile},
    traits::{Registry as _, Role, ShardEnd},
    Account,
};
use quern_runtime::{
    quern_api::{barred, check_invariants, participants},
    AccountId, Collateral, RuntimeOrigin, Workers, QRN,
};

/// A bonded account, registered.
fn registered(number: u8, role: Role) -> Account {
    let account: Account = [number; 32];
    let who = AccountId::from(account);
    let transfer = pallet_balances::Call::transfer_allow_death { dest: who.clone().into(), value: 1_000 * QRN };
    included(RICH, transfer.into()).unwrap();
    let origin = RuntimeOrigin::signed(who);
    Collateral::bond(origin.clone(), 500 * QRN).unwrap();
    Workers::register(origin, role, Endpoint::default(), Profile::new(1, "", false), 1).unwrap();
    account
}

#[test]
fn barred_accounts_should_come_in_pages_of_their_own() {
    chain().execute_with(|| {
        let workers: Vec<Account> = (1..=5).map(|number| registered(number, Role::Worker)).collect();
        let validator = registered(6, Role::Validator);
        assert!(barred(None, 64).is_empty());
        workers[1..].iter().chain([&validator]).for_each(|who| Workers::shard_ended(who, ShardEnd::Convicted));
        assert_eq!(participants(0, 64).iter().map(|view| view.account).collect::<Vec<_>>(), workers[..1]);
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let page = barred(after, 2);
            assert!(page.len() <= 2 && page.iter().all(|view| view.barred && view.reputation == 0));
            let Some(last) = page.last() else { break };
            after = Some(last.account);
            seen.extend(page.into_iter().map(|view| view.account));
        }
        seen.sort_unstable();
        assert_eq!(seen, [&workers[1..], &[validator]].concat());
        // Who registers anew or leaves is barred no more.
        Workers::retire(RuntimeOrigin::signed(validator.into())).unwrap();
        assert_eq!(barred(None, u32::MAX).len(), 4);
        check_invariants().unwrap();
    });
}

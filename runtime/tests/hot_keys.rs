// SPDX-License-Identifier: Apache-2.0
//! A hot key sends what its account owes for free, and nobody gets more out of that.

mod common;

use bounded_collections::BoundedVec;
use common::*;
use frame_support::{assert_ok, dispatch::DispatchClass};
use quern_pallet_verification::Call as Verification;
use quern_primitives::{commitment::LeafProof, slice::SliceProof, BlobId, ShardId};
use quern_protocol::shard::{Demand, Phase, Verdict};
use quern_runtime::{
    config::proxy::ProxyType, Balance, Balances, Proxy, Runtime, RuntimeCall, RuntimeOrigin, System, QRN,
};
use sp_keyring::Sr25519Keyring;
use sp_runtime::transaction_validity::TransactionPriority;

/// The hot key of the worker, or of the validator: it owns what keeps its account alive, and not a fee.
const HOT: Sr25519Keyring = Sr25519Keyring::One;

fn endow(key: Sr25519Keyring, amount: Balance) {
    assert_ok!(Balances::force_set_balance(RuntimeOrigin::root(), key.to_account_id().into(), amount));
}

/// A chain on which an account has named a proxy; neither can pay a fee.
fn with_proxy_of(owner: Sr25519Keyring, proxy_type: ProxyType, delay: u32, test: impl FnOnce()) {
    chain().execute_with(|| {
        let alive = <Runtime as pallet_balances::Config>::ExistentialDeposit::get();
        endow(HOT, alive);
        endow(owner, 10 * QRN);
        let signed = RuntimeOrigin::signed(owner.to_account_id());
        assert_ok!(Proxy::add_proxy(signed, HOT.to_account_id().into(), proxy_type, delay));
        endow(owner, alive);
        test();
    });
}

fn with_hot_key(test: impl FnOnce()) {
    with_proxy_of(WORKER, ProxyType::Daemon, 0, test);
}

/// A call that is made for another account.
fn as_proxy_of(real: Sr25519Keyring, call: RuntimeCall) -> RuntimeCall {
    let real = real.to_account_id().into();
    pallet_proxy::Call::proxy { real, force_proxy_type: None, call: Box::new(call) }.into()
}

fn for_worker(call: RuntimeCall) -> RuntimeCall {
    as_proxy_of(WORKER, call)
}

fn failures(key: Sr25519Keyring) -> u8 {
    quern_runtime::Duties::failures(key.to_account_id())
}

fn runs(shard: ShardId) -> bool {
    matches!(quern_pallet_jobs::Shards::<Runtime>::get(shard).unwrap().phase, Phase::Running { .. })
}

#[test]
fn a_hot_key_should_send_what_its_account_owes_when_neither_can_pay() {
    with_hot_key(|| {
        let (shard, before) = (assigned(0), (balance(HOT), balance(WORKER)));
        let priority = pooled(HOT, for_worker(start(shard))).unwrap().priority;
        assert_eq!(priority, TransactionPriority::MAX);
        included(HOT, for_worker(start(shard))).unwrap();
        assert!(runs(shard));
        assert_eq!((balance(HOT), balance(WORKER)), before);
        assert_eq!((failures(WORKER), failures(HOT)), (0, 0));
        // The nonce is that of who signs.
        assert_eq!(System::account_nonce(HOT.to_account_id()), 1);
        assert_eq!(System::account_nonce(WORKER.to_account_id()), 0);
        // It owes nothing of the kind any more.
        assert!(is_unpaid(&send(HOT, for_worker(start(shard)))));
    });
}

#[test]
fn a_proxy_for_everything_should_send_what_its_account_owes() {
    with_proxy_of(WORKER, ProxyType::Any, 0, || {
        let shard = assigned(0);
        included(HOT, for_worker(start(shard))).unwrap();
        assert!(runs(shard));
    });
}

#[test]
fn what_a_hot_key_sends_should_take_the_share_of_what_is_owed() {
    with_hot_key(|| {
        let normal = System::block_weight().get(DispatchClass::Normal).ref_time();
        included(HOT, for_worker(start(assigned(0)))).unwrap();
        assert_eq!(System::block_weight().get(DispatchClass::Normal).ref_time(), normal);
    });
}

#[test]
fn a_move_should_have_one_place_in_the_pool_when_both_keys_send_it() {
    with_hot_key(|| {
        let shard = assigned(0);
        let (own, by_hot) = (pooled(WORKER, start(shard)).unwrap(), pooled(HOT, for_worker(start(shard))).unwrap());
        assert!(own.provides.iter().any(|tag| by_hot.provides.contains(tag)));
    });
}

#[test]
fn a_hot_keys_failures_should_count_for_its_account_and_cost_from_the_fourth_on() {
    with_hot_key(|| {
        let shard = demanded(0);
        for count in 1..=3 {
            // The proxy's call succeeds, and the call within fails.
            included(HOT, for_worker(wrong_answer(shard))).unwrap();
            assert_eq!((failures(WORKER), failures(HOT)), (count, 0));
        }
        assert!(is_unpaid(&send(HOT, for_worker(wrong_answer(shard)))));
        assert!(is_unpaid(&send(HOT, for_worker(start(assigned(1))))));
        assert!(is_unpaid(&send(WORKER, start(assigned(2)))));
        // Who can pay goes on, and it is who signs that pays.
        endow(HOT, QRN);
        let before = balance(WORKER);
        included(HOT, for_worker(start(assigned(1)))).unwrap();
        assert!(balance(HOT) < QRN);
        assert_eq!(balance(WORKER), before);
    });
}

#[test]
fn a_stranger_should_pay_for_wrapping_what_another_owes() {
    with_hot_key(|| {
        let (shard, before) = (demanded(0), balance(RICH));
        for _ in 0..5 {
            included(RICH, for_worker(wrong_answer(shard))).unwrap_err();
        }
        included(RICH, for_worker(start(assigned(1)))).unwrap_err();
        assert!(balance(RICH) < before);
        assert_eq!((failures(WORKER), failures(RICH)), (0, 0));
        // Nor does a proxy of one account make it one of another.
        assert!(is_unpaid(&send(HOT, as_proxy_of(AUDITOR, start(assigned(1))))));
    });
}

#[test]
fn a_proxy_should_pay_when_it_has_a_delay() {
    with_proxy_of(WORKER, ProxyType::Daemon, 2, || {
        let shard = assigned(0);
        assert!(is_unpaid(&send(HOT, for_worker(start(shard)))));
        // Nor is announcing a way to go without paying: what was not announced is refused, for a fee.
        endow(HOT, QRN);
        let call = Box::new(start(shard));
        let (delegate, real) = (HOT.to_account_id().into(), WORKER.to_account_id().into());
        let announced = pallet_proxy::Call::proxy_announced { delegate, real, force_proxy_type: None, call };
        let before = balance(HOT);
        included(HOT, announced.into()).unwrap_err();
        assert!(balance(HOT) < before);
        assert_eq!(failures(WORKER), 0);
    });
}

#[test]
fn a_hot_key_should_pay_when_more_than_one_call_is_within() {
    with_hot_key(|| {
        let moves = || vec![start(assigned(0)), start(assigned(1))];
        let batch: RuntimeCall = pallet_utility::Call::batch { calls: moves() }.into();
        assert!(is_unpaid(&send(HOT, for_worker(batch))));
        let calls = moves().into_iter().map(for_worker).collect();
        assert!(is_unpaid(&send(HOT, pallet_utility::Call::batch { calls }.into())));
        assert!(is_unpaid(&send(HOT, for_worker(for_worker(start(assigned(0)))))));
        assert_eq!(failures(WORKER), 0);
    });
}

#[test]
fn a_hot_key_should_pay_for_what_its_account_does_not_owe() {
    with_hot_key(|| {
        let ready = quern_pallet_workers::Call::set_ready { slots: 1 };
        assert!(is_unpaid(&send(HOT, for_worker(ready.into()))));
        let late = put(3, Phase::Assigned { deal: deal(), by: NOW - 1 });
        assert!(is_unpaid(&send(HOT, for_worker(start(late)))));
        // What the hot key's own account owes it sends itself.
        assert!(is_unpaid(&send(HOT, start(assigned(0)))));
    });
}

#[test]
fn a_hot_key_should_pay_when_it_is_no_proxy_any_more() {
    with_hot_key(|| {
        assert_ok!(Proxy::remove_proxies(RuntimeOrigin::signed(WORKER.to_account_id())));
        assert!(is_unpaid(&send(HOT, for_worker(start(assigned(0))))));
    });
}

fn dispute(shard: ShardId) -> RuntimeCall {
    let end = LeafProof { id: BlobId([0; 32]), secret: [0; 32], proof: SliceProof::default() };
    Verification::open_dispute { shard, position: 0, start: None, end }.into()
}

#[test]
fn a_hot_key_should_open_the_dispute_that_its_validator_owes_and_no_challenge_or_accusation() {
    with_proxy_of(AUDITOR, ProxyType::Daemon, 0, || {
        endow(HOT, QRN);
        let result = || {
            let events = System::events().into_iter().rev();
            let executed = events.filter_map(|record| match record.event {
                quern_runtime::RuntimeEvent::Proxy(pallet_proxy::Event::ProxyExecuted { result }) => Some(result),
                _ => None,
            });
            executed.take(1).next().expect("the proxy says how it ended")
        };
        let filtered = Err(frame_system::Error::<Runtime>::CallFiltered.into());
        // A challenge of an accepted shard would lock a bond.
        included(HOT, as_proxy_of(AUDITOR, dispute(accepted(0, &[])))).unwrap();
        assert_eq!(result(), filtered);
        included(HOT, as_proxy_of(AUDITOR, dispute(id(99)))).unwrap();
        assert_eq!(result(), filtered);
        // So would an accusation.
        let auditor = RICH.to_account_id();
        let end = LeafProof { id: BlobId([0; 32]), secret: [0; 32], proof: SliceProof::default() };
        let accusation =
            Verification::accuse_auditor { shard: accepted(0, &[]), auditor, position: 0, start: None, end };
        included(HOT, as_proxy_of(AUDITOR, accusation.into())).unwrap();
        assert_eq!(result(), filtered);
        // The owed one is let through, free, and refused for its proof alone.
        let audit = audit(true, Some(Verdict::Differs), Demand::None);
        let disputed = put(1, Phase::Disputed { deal: deal(), commitment: commitment(), audit, by: BY });
        let before = balance(HOT);
        included(HOT, as_proxy_of(AUDITOR, dispute(disputed))).unwrap();
        assert_ne!(result(), filtered);
        assert!(result().is_err());
        assert_eq!((balance(HOT), failures(AUDITOR)), (before, 1));
    });
}

#[test]
fn a_commitment_of_many_shards_should_be_free_for_a_hot_key_when_all_are_owed() {
    with_hot_key(|| {
        let shards: Vec<_> = (0..16).map(|index| put(index, Phase::Running { deal: deal(), by: BY })).collect();
        let commits: Vec<_> = shards.iter().map(|id| (*id, BlobId([1; 32]), [2; 32])).collect();
        let commits = BoundedVec::truncate_from(commits);
        included(HOT, for_worker(quern_pallet_jobs::Call::commit_shards { commits }.into())).unwrap();
        assert_eq!(failures(WORKER), 0);
    });
}

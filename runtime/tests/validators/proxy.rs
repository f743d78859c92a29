// SPDX-License-Identifier: Apache-2.0
//! What a daemon's hot key may do for the account that owns the stake.

use crate::chain::*;
use frame_support::{assert_noop, assert_ok};
use quern_primitives::{
    job::{Endpoint, Profile},
    traits::{Collateral as _, Role},
    ShardId,
};
use quern_runtime::{config::proxy::ProxyType, Balances, Collateral, Proxy, Runtime, RuntimeCall, RuntimeEvent, QRN};
use sp_keyring::Sr25519Keyring;
use sp_runtime::{DispatchError, DispatchResult};

const OWNER: Sr25519Keyring = Sr25519Keyring::Eve;
const HOT: Sr25519Keyring = Sr25519Keyring::Ferdie;
const SHARD: ShardId = ShardId { job: 1, stage: 0, index: 0 };

/// Eve has a bond, and Ferdie's key for her daemon.
fn with_hot_key(code: impl FnOnce()) {
    Chain::new().run(|| {
        blocks_to(1, &[]);
        assert_ok!(Collateral::bond(signed(OWNER), 500 * QRN));
        assert_ok!(Proxy::add_proxy(signed(OWNER), account(HOT).into(), ProxyType::Daemon, 0));
        code();
    });
}

/// What becomes of a call that the hot key makes for Eve.
fn by_hot_key(call: impl Into<RuntimeCall>) -> DispatchResult {
    assert_ok!(Proxy::proxy(signed(HOT), account(OWNER).into(), None, Box::new(call.into())));
    let events = quern_runtime::System::events();
    let outcome = events.into_iter().rev().find_map(|record| match record.event {
        RuntimeEvent::Proxy(pallet_proxy::Event::ProxyExecuted { result }) => Some(result),
        _ => None,
    });
    outcome.expect("the proxy tells what became of the call")
}

fn filtered() -> DispatchResult {
    Err(frame_system::Error::<Runtime>::CallFiltered.into())
}

#[test]
fn hot_key_should_register_and_declare_readiness_for_the_stake() {
    with_hot_key(|| {
        let register = quern_pallet_workers::Call::register {
            role: Role::Worker,
            endpoint: Endpoint::default(),
            profile: Profile::default(),
            ask: 1,
        };
        assert_ok!(by_hot_key(register));
        assert_ok!(by_hot_key(quern_pallet_workers::Call::set_ready { slots: 2 }));
        let entry = quern_pallet_workers::Entries::<Runtime>::get(account(OWNER)).unwrap();
        assert_eq!(entry.slots, 2);
        assert!(quern_pallet_workers::Entries::<Runtime>::get(account(HOT)).is_none());
    });
}

#[test]
fn hot_key_should_not_reach_stake_funds_or_session_keys() {
    with_hot_key(|| {
        let to_hot = pallet_balances::Call::transfer_all { dest: account(HOT).into(), keep_alive: false };
        let calls: Vec<RuntimeCall> = vec![
            quern_pallet_staking::Call::unbond { amount: QRN }.into(),
            quern_pallet_staking::Call::chill {}.into(),
            quern_pallet_staking::Call::nominate { candidate: account(HOT), amount: QRN }.into(),
            to_hot.clone().into(),
            pallet_session::Call::purge_keys {}.into(),
            quern_pallet_jobs::Call::publish_program { bytes: Default::default() }.into(),
            quern_pallet_rewards::Call::claim {}.into(),
            quern_pallet_verification::Call::demand_leaf { shard: SHARD, position: 0, max_price: QRN }.into(),
            // Nor by a detour.
            pallet_utility::Call::batch { calls: vec![to_hot.into()] }.into(),
            pallet_proxy::Call::add_proxy { delegate: account(HOT).into(), proxy_type: ProxyType::Any, delay: 0 }
                .into(),
        ];
        let before = (Balances::free_balance(account(OWNER)), Collateral::bonded(&account(OWNER).into()));
        for call in calls {
            assert_eq!(by_hot_key(call.clone()), filtered(), "{call:?}");
        }
        assert_eq!((Balances::free_balance(account(OWNER)), Collateral::bonded(&account(OWNER).into())), before);
    });
}

#[test]
fn hot_key_should_report_deliveries_and_play_disputes_for_the_stake() {
    with_hot_key(|| {
        let delivered = quern_pallet_jobs::Call::acknowledge_shards { shards: vec![SHARD].try_into().unwrap() };
        // There is no such shard or dispute: the call is refused for that alone.
        assert_eq!(by_hot_key(delivered), Err(quern_pallet_jobs::Error::<Runtime>::NoSuchShard.into()));
        let names = quern_pallet_verification::Call::name_operator { dispute: 7, op: 0 };
        assert_eq!(by_hot_key(names), Err(quern_pallet_verification::Error::<Runtime>::UnknownDispute.into()));
    });
}

#[test]
fn hot_key_should_not_act_when_it_is_no_proxy() {
    with_hot_key(|| {
        let call: RuntimeCall = quern_pallet_workers::Call::set_ready { slots: 1 }.into();
        let stranger = signed(Sr25519Keyring::Alice);
        assert_noop!(
            Proxy::proxy(stranger, account(OWNER).into(), None, Box::new(call.clone())),
            pallet_proxy::Error::<Runtime>::NotProxy
        );
        // Nor as more than it is.
        assert_noop!(
            Proxy::proxy(signed(HOT), account(OWNER).into(), Some(ProxyType::Any), Box::new(call)),
            pallet_proxy::Error::<Runtime>::NotProxy
        );
        assert_ok!(Proxy::remove_proxies(signed(OWNER)));
        let call = Box::new(quern_pallet_workers::Call::set_ready { slots: 1 }.into());
        let gone: DispatchError = pallet_proxy::Error::<Runtime>::NotProxy.into();
        assert_noop!(Proxy::proxy(signed(HOT), account(OWNER).into(), None, call), gone);
    });
}

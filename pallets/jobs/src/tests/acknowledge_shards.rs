// SPDX-License-Identifier: Apache-2.0
use super::mock::*;
use crate::{Error, Event};
use frame_support::{
    assert_noop,
    dispatch::{DispatchResultWithPostInfo, Pays},
};
use quern_primitives::ShardId;
use quern_protocol::shard::Phase;

fn acknowledge(who: u8, shards: &[ShardId]) -> DispatchResultWithPostInfo {
    Jobs::acknowledge_shards(signed(who), shards.to_vec().try_into().unwrap())
}

#[test]
fn acknowledge_shards_should_note_the_delivery_when_the_requester_or_an_auditor_says_so() {
    for who in [1, AUDITORS[1]] {
        run(|| {
            let id = assigned();
            accept(id);
            assert_eq!(acknowledge(who, &[id]).unwrap().pays_fee, Pays::No);
            assert!(shard(id).window().unwrap().delivered);
            assert!(has_event(Event::ShardDelivered { shard: id, by: account(who) }));
        });
    }
}

#[test]
fn acknowledge_shards_should_pay_at_once_when_the_window_has_closed() {
    run(|| {
        let id = assigned();
        accept(id);
        run_for(params().window_blocks + 2);
        assert!(shard(id).window().is_some());
        acknowledge(1, &[id]).unwrap();
        assert!(matches!(shard(id).phase, Phase::Settled { paid: true, .. }));
    });
}

#[test]
fn acknowledge_shards_should_cost_a_fee_when_it_changes_nothing() {
    run(|| {
        let id = assigned();
        accept(id);
        acknowledge(1, &[id]).unwrap();
        assert_eq!(acknowledge(AUDITORS[0], &[id]).unwrap().pays_fee, Pays::Yes);
        run_for(params().window_blocks + 1);
        assert_eq!(acknowledge(1, &[id]).unwrap().pays_fee, Pays::Yes);
    });
}

#[test]
fn acknowledge_shards_should_fail_when_there_are_none() {
    run(|| {
        assert_noop!(acknowledge(1, &[]), Error::<Test>::NoShards);
        assert_noop!(acknowledge(1, &[at(0, 0, 0)]), Error::<Test>::NoSuchShard);
    });
}

#[test]
fn acknowledge_shards_should_fail_when_the_shard_is_not_accepted() {
    run(|| {
        let id = running();
        assert_noop!(acknowledge(1, &[id]), Error::<Test>::WrongPhase);
    });
}

#[test]
fn acknowledge_shards_should_fail_when_it_is_the_workers_or_a_strangers() {
    run(|| {
        let id = assigned();
        accept(id);
        assert_noop!(acknowledge(10, &[id]), Error::<Test>::NotYours);
        assert_noop!(acknowledge(2, &[id]), Error::<Test>::NotYours);
        assert_noop!(acknowledge(AUDITORS[2], &[id]), Error::<Test>::NotYours);
    });
}

// SPDX-License-Identifier: Apache-2.0
//! `start_shard`.

use super::mock::*;
use crate::{Error, Event};
use frame_support::{assert_noop, assert_ok};
use quern_protocol::shard::Phase;

#[test]
fn start_shard_should_run_the_deadline_from_here_when_the_worker_calls() {
    run(|| {
        let id = assigned();
        assert_ok!(Jobs::start_shard(signed(10), id));
        let now = System::block_number();
        let blocks = params().execute_blocks(shard(id).work_macs());
        assert!(matches!(shard(id).phase, Phase::Running { by, .. } if by == now + blocks));
        assert!(has_event(Event::ShardStarted { shard: id, worker: account(10) }));
    });
}

#[test]
fn start_shard_should_fail_when_it_is_not_the_callers() {
    run(|| {
        let id = assigned();
        assert_noop!(Jobs::start_shard(signed(11), id), Error::<Test>::NotYours);
        assert_noop!(Jobs::start_shard(signed(10), at(9, 0, 0)), Error::<Test>::NoSuchShard);
        assert_noop!(Jobs::start_shard(RuntimeOrigin::none(), id), sp_runtime::DispatchError::BadOrigin);
    });
}

#[test]
fn start_shard_should_fail_when_it_was_started() {
    run(|| {
        let id = running();
        assert_noop!(Jobs::start_shard(signed(10), id), Error::<Test>::WrongPhase);
    });
}

#[test]
fn start_shard_should_fail_when_the_deadline_has_passed() {
    run(|| {
        let id = assigned();
        // The block's own hook would requeue it: only an extrinsic that comes before could be late.
        System::set_block_number(System::block_number() + params().start_blocks + 1);
        assert_noop!(Jobs::start_shard(signed(10), id), Error::<Test>::TooLate);
        System::set_block_number(System::block_number() - 1);
    });
}

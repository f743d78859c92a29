// SPDX-License-Identifier: Apache-2.0
//! `decline_shard`.

use super::mock::*;
use crate::{Error, Event};
use frame_support::{assert_noop, assert_ok};
use quern_primitives::traits::{Collateral, ShardEnd};
use quern_protocol::view::JobFailure;

#[test]
fn decline_shard_should_free_the_collateral_and_requeue_when_the_worker_calls() {
    run(|| {
        let id = assigned();
        assert!(World::free(&raw(10)) < World::bonded(&raw(10)));
        assert_ok!(Jobs::decline_shard(signed(10), id));
        assert!(is_queued(id));
        assert_eq!(shard(id).attempt, 1);
        assert_eq!(World::free(&raw(10)), World::bonded(&raw(10)));
        assert_eq!(books(|books| books.ended.clone()), vec![(raw(10), ShardEnd::Late)]);
        assert!(has_event(Event::ShardLate { shard: id, worker: account(10) }));
        assert!(has_event(Event::ShardRequeued { shard: id, attempt: 1 }));
    });
}

#[test]
fn decline_shard_should_fail_when_it_is_not_the_callers() {
    run(|| {
        let id = assigned();
        assert_noop!(Jobs::decline_shard(signed(11), id), Error::<Test>::NotYours);
        assert_noop!(Jobs::decline_shard(signed(10), at(9, 0, 0)), Error::<Test>::NoSuchShard);
        assert_noop!(Jobs::decline_shard(RuntimeOrigin::none(), id), sp_runtime::DispatchError::BadOrigin);
    });
}

#[test]
fn decline_shard_should_fail_when_it_was_started() {
    run(|| {
        let id = running();
        assert_noop!(Jobs::decline_shard(signed(10), id), Error::<Test>::WrongPhase);
    });
}

#[test]
fn decline_shard_should_fail_the_job_when_it_came_back_too_often() {
    run(|| {
        let id = assigned();
        for attempt in 1..=ATTEMPTS {
            assert_ok!(Jobs::decline_shard(signed(10), id));
            assert_eq!(shard(id).attempt, attempt);
            next_period();
            next_period();
        }
        assert_ok!(Jobs::decline_shard(signed(10), id));
        assert!(has_event(Event::JobFailed { job: id.job, shard: id, reason: JobFailure::NoWorker }));
        assert_eq!(held(crate::HoldReason::Escrow, 1), 0);
        run_for(1);
    });
}

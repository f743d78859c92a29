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
        assert_eq!(books(|books| books.ended.clone()), vec![(raw(10), ShardEnd::Declined(id))]);
        assert!(has_event(Event::ShardDeclined { shard: id, worker: account(10) }));
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

/// How the shards of a worker ended.
fn ends_of(who: u8) -> Vec<ShardEnd> {
    books(|books| books.ended.iter().filter(|(worker, _)| *worker == raw(who)).map(|(_, end)| *end).collect())
}

#[test]
fn decline_shard_should_cost_reputation_when_the_result_of_another_worker_is_accepted() {
    run(|| {
        let id = assigned();
        assert_ok!(Jobs::decline_shard(signed(10), id));
        books(|books| books.workers.clear());
        worker(11, 1, 1);
        next_period();
        next_period();
        assert_eq!(worker_of(id), 11);
        commit(id);
        draw(id, 2);
        assert_eq!(ends_of(10), [ShardEnd::Declined(id)], "nobody knows yet");
        audit(id, &[]);
        assert_eq!(ends_of(10), [ShardEnd::Declined(id), ShardEnd::DeclineRefuted(id)]);
        assert!(has_event(Event::DeclineRefuted { shard: id, worker: account(10) }));
    });
}

#[test]
fn decline_shard_should_cost_no_reputation_when_the_inputs_are_missing() {
    run(|| {
        let id = submit(simple(8, 8));
        let id = at(id, 0, 0);
        next_period();
        next_period();
        pause(id);
        assert!(has_event(Event::InputsDoubted { shard: id, worker: None }));
        for who in [10, 11] {
            assert_eq!(ends_of(who), [ShardEnd::Declined(id), ShardEnd::DeclineConfirmed(id)]);
        }
        assert!(shard(id).unjudged.is_empty());
    });
}

#[test]
fn decline_shard_should_count_as_unstarted_when_the_worker_says_nothing() {
    run(|| {
        let id = assigned();
        run_to(shard(id).expires().unwrap());
        assert_eq!(ends_of(10), [ShardEnd::Unstarted]);
        assert!(has_event(Event::ShardLate { shard: id, worker: account(10) }));
    });
}

// SPDX-License-Identifier: Apache-2.0
//! `cancel_job`.

use super::mock::*;
use crate::{Error, Event, HoldReason, Jobs as JobsOf, OpenJobs, Queue, Sweeping};
use frame_support::{assert_noop, assert_ok};
use quern_protocol::{traits::Shards as _, view::JobStatus};

#[test]
fn cancel_job_should_release_everything_at_once_when_nothing_runs() {
    run(|| {
        let job = submit(simple(8, 4));
        let escrow = held(HoldReason::Escrow, 1);
        assert_ok!(Jobs::cancel_job(signed(1), job));
        assert_eq!((held(HoldReason::Escrow, 1), OpenJobs::<Test>::get()), (0, 0));
        assert!(has_event(Event::JobCancelled { job }));
        assert!(has_event(Event::JobClosed { job, spent: 0, refund: escrow }));
        assert_eq!(JobsOf::<Test>::get(job).unwrap().status, JobStatus::Cancelled);
        next_period();
        next_period();
        assert!(Queue::<Test>::get().is_empty());
    });
}

#[test]
fn cancelled_job_should_be_swept_no_more_when_nothing_of_it_waits() {
    run(|| {
        let (small, large) = (submit(simple(4, 4)), submit(simple(8, 4)));
        next_period();
        next_period();
        assert_eq!(Queue::<Test>::decode_len(), Some(3));
        for job in [small, large] {
            assert_ok!(Jobs::cancel_job(signed(1), job));
        }
        // There may be as many jobs in the list as can be open: one that is over takes nobody's place there.
        assert_eq!(Jobs::sweep(1), 1);
        assert_eq!(Sweeping::<Test>::get().into_inner(), [large]);
        assert_eq!(Jobs::sweep(8), 2);
        assert!(Sweeping::<Test>::get().is_empty());
    });
}

#[test]
fn cancel_job_should_drop_what_is_queued_when_shards_wait() {
    run(|| {
        ShardsPerBlock::set(3);
        let job = submit(simple(32, 4));
        run_to(3 * PERIOD);
        assert_eq!(Queue::<Test>::get().len(), 8);
        assert_ok!(Jobs::cancel_job(signed(1), job));
        run_for(2);
        assert_eq!(Queue::<Test>::get().len(), 2);
        assert!(held(HoldReason::Escrow, 1) > 0);
        run_for(1);
        assert!(has_event(Event::ShardDropped { shard: first(job) }));
        assert_eq!((Queue::<Test>::get().len(), held(HoldReason::Escrow, 1)), (0, 0));
    });
}

#[test]
fn cancel_job_should_pay_what_runs_when_it_is_accepted() {
    run(|| {
        worker(10, BID / 2, 1);
        let job = submit(simple(8, 4));
        next_period();
        next_period();
        let (id, other) = (at(job, 0, 0), at(job, 0, 1));
        assert!(is_queued(other));
        assert_ok!(Jobs::cancel_job(signed(1), job));
        run_for(1);
        assert!(Jobs::shard(&other).is_none());
        accept(id);
        settle(id);
        assert_eq!(books(|books| books.settled.len()), 1);
        assert_eq!(held(HoldReason::Escrow, 1), 0);
        let kept = JobsOf::<Test>::get(job).unwrap();
        assert_eq!((kept.status, kept.live), (JobStatus::Cancelled, 0));
        assert!(kept.spent > 0);
        assert!(Jobs::job_root(job).is_none());
    });
}

#[test]
fn cancel_job_should_drop_a_shard_when_its_worker_gives_it_back() {
    run(|| {
        let id = assigned();
        assert_ok!(Jobs::cancel_job(signed(1), id.job));
        assert_ok!(Jobs::decline_shard(signed(10), id));
        assert!(Jobs::shard(&id).is_none());
        assert_eq!(held(HoldReason::Escrow, 1), 0);
    });
}

#[test]
fn cancel_job_should_open_no_more_stages_when_one_completes() {
    run(|| {
        worker(10, BID / 2, 4);
        let job = submit(two_stages(8, 8));
        next_period();
        next_period();
        assert_ok!(Jobs::cancel_job(signed(1), job));
        accept(first(job));
        run_for(2 * PERIOD);
        assert!(Jobs::shard(&at(job, 1, 0)).is_none());
        settle(first(job));
        assert_eq!(held(HoldReason::Escrow, 1), 0);
    });
}

#[test]
fn cancel_job_should_fail_when_it_is_not_the_callers() {
    run(|| {
        let job = submit(simple(8, 4));
        assert_noop!(Jobs::cancel_job(signed(2), job), Error::<Test>::NotRequester);
        assert_noop!(Jobs::cancel_job(signed(1), job + 1), Error::<Test>::NoSuchJob);
        assert_noop!(Jobs::cancel_job(RuntimeOrigin::none(), job), sp_runtime::DispatchError::BadOrigin);
    });
}

#[test]
fn cancel_job_should_fail_when_it_is_over() {
    run(|| {
        let job = submit(simple(8, 4));
        assert_ok!(Jobs::cancel_job(signed(1), job));
        assert_noop!(Jobs::cancel_job(signed(1), job), Error::<Test>::NotOpen);
    });
}

// SPDX-License-Identifier: Apache-2.0
//! `resume_job`.

use super::mock::*;
use crate::{Error, Event, HoldReason, Jobs as JobsOf, Paused};
use frame_support::{assert_noop, assert_ok, traits::fungible::Mutate};
use quern_primitives::{job::Endpoint, ShardId};
use quern_protocol::view::JobStatus;

fn paused() -> ShardId {
    let id = first(submit(simple(8, 4)));
    next_period();
    next_period();
    pause(id);
    id
}

#[test]
fn resume_job_should_hand_out_its_shards_again() {
    run(|| {
        let id = paused();
        assert_ok!(Jobs::resume_job(signed(1), id.job, None));
        assert!(has_event(Event::JobResumed { job: id.job, held: 0 }));
        assert_eq!((JobsOf::<Test>::get(id.job).unwrap().status, Paused::<Test>::get().len()), (JobStatus::Running, 0));
        worker(12, BID / 2, 8);
        next_period();
        next_period();
        assert_eq!(worker_of(id), 12);
    });
}

#[test]
fn resume_job_should_open_the_stages_that_have_become_ready_meanwhile() {
    run(|| {
        worker(12, BID / 2, 1);
        let job = submit(two_stages(4, 4));
        next_period();
        next_period();
        let id = at(job, 0, 0);
        JobsOf::<Test>::mutate_extant(job, |job| job.status = JobStatus::Paused { shard: id, until: 1_000 });
        Paused::<Test>::try_append((job, 1_000)).unwrap();
        accept(id);
        run_for(1);
        assert!(crate::Shards::<Test>::get(at(job, 1, 0)).is_none(), "nothing is handed out");
        assert_ok!(Jobs::resume_job(signed(1), job, None));
        run_for(1);
        assert!(crate::Shards::<Test>::contains_key(at(job, 1, 0)));
    });
}

#[test]
fn resume_job_should_take_other_endpoints_when_they_are_given() {
    run(|| {
        let id = paused();
        let elsewhere = Endpoint { id: [7; 32], ..Default::default() };
        assert_ok!(Jobs::resume_job(signed(1), id.job, Some(vec![elsewhere.clone()].try_into().unwrap())));
        assert_eq!(JobsOf::<Test>::get(id.job).unwrap().endpoints.to_vec(), [elsewhere]);
    });
}

#[test]
fn resume_job_should_hold_anew_what_was_paid_for_results_that_nobody_could_audit() {
    run(|| {
        let id = assigned();
        let escrow = held(HoldReason::Escrow, 1);
        without_inputs(id);
        probe(id);
        say(id, [false, false]);
        let unfunded = JobsOf::<Test>::get(id.job).unwrap().unfunded;
        assert!(unfunded > 0);
        assert_ok!(Jobs::resume_job(signed(1), id.job, None));
        assert_eq!((held(HoldReason::Escrow, 1), JobsOf::<Test>::get(id.job).unwrap().unfunded), (escrow, 0));
        assert!(has_event(Event::JobResumed { job: id.job, held: unfunded }));
    });
}

#[test]
fn resume_job_should_fail_when_the_requester_cannot_pay_that() {
    run(|| {
        let id = assigned();
        without_inputs(id);
        probe(id);
        say(id, [false, false]);
        Balances::set_balance(&account(1), 1);
        frame_support::assert_storage_noop!(assert!(frame_support::storage::with_storage_layer(|| {
            Jobs::resume_job(signed(1), id.job, None)
        })
        .is_err()));
    });
}

#[test]
fn resume_job_should_fail_when_it_is_not_the_callers_or_there_is_nothing_to_resume() {
    run(|| {
        let id = paused();
        assert_noop!(Jobs::resume_job(signed(2), id.job, None), Error::<Test>::NotRequester);
        assert_noop!(Jobs::resume_job(signed(1), 9, None), Error::<Test>::NoSuchJob);
        assert_noop!(Jobs::resume_job(signed(1), id.job, Some(Default::default())), Error::<Test>::NoEndpoints);
        assert_noop!(Jobs::resume_job(RuntimeOrigin::none(), id.job, None), sp_runtime::DispatchError::BadOrigin);
        assert_ok!(Jobs::resume_job(signed(1), id.job, None));
        assert_noop!(Jobs::resume_job(signed(1), id.job, None), Error::<Test>::NotPaused);
    });
}

#[test]
fn resume_job_should_fail_when_the_pause_is_over() {
    run(|| {
        let id = paused();
        run_for(Jobs::params().pause_blocks + 1);
        assert_noop!(Jobs::resume_job(signed(1), id.job, None), Error::<Test>::NotPaused);
    });
}

#[test]
fn paused_job_should_give_back_its_escrow_when_it_is_cancelled() {
    run(|| {
        let id = paused();
        assert_ok!(Jobs::cancel_job(signed(1), id.job));
        assert!(Paused::<Test>::get().is_empty());
        run_for(1);
        assert_eq!(held(HoldReason::Escrow, 1), 0);
    });
}

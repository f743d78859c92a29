// SPDX-License-Identifier: Apache-2.0
//! What a planted error is compared with, and when its result is certain never to be paid.

use super::mock::*;
use crate::{Event, JobFailure, JobStatus, Jobs as JobsOf};
use quern_primitives::{
    plant::{ConvictedResult, PlantedResult},
    traits::{OffenceKind, Results as _},
    BlobId, ShardId,
};
use quern_protocol::{
    shard::{Event as ShardEvent, Phase},
    traits::Shards as _,
};

/// What the worker of a committed shard could have planted.
fn planted(id: ShardId) -> PlantedResult {
    let shard = shard(id);
    let worker = shard.deal().unwrap().worker;
    PlantedResult { shard: id, attempt: shard.attempt, worker, root: shard.commitment().unwrap().root }
}

fn convict(id: ShardId, kind: OffenceKind) {
    let challenger = raw(AUDITORS[1]);
    draw(id, 2);
    audit(id, &AUDITORS[..2]);
    Jobs::apply(&id, ShardEvent::Challenge { by: challenger, position: 0, bond: 0 }).unwrap();
    Jobs::apply(&id, ShardEvent::Resolved { challenger, worker_lost: Some(kind) }).unwrap();
}

#[test]
fn conviction_should_name_the_commitment_that_may_have_been_planted() {
    run(|| {
        let id = assigned();
        commit(id);
        let (attempt, commitment) = (shard(id).attempt, shard(id).commitment().copied().unwrap());
        convict(id, OffenceKind::WrongResult);
        let requester = JobsOf::<Test>::get(id.job).unwrap().requester.into();
        let (root, committed_at) = (commitment.root, commitment.at);
        let result = ConvictedResult { requester, attempt, root, committed_at, breaks_job: false, fees: 0 };
        assert_eq!(books(|books| books.convicted.clone()), vec![result]);
    });
}

#[test]
fn conviction_should_say_whether_a_stage_has_begun_that_reads_the_result() {
    run(|| {
        worker(10, BID / 2, 8);
        let job = submit(two_stages(8, 8));
        next_period();
        next_period();
        let id = first(job);
        accept(id);
        next_period();
        next_period();
        overturn(id);
        assert!(books(|books| books.convicted[0].breaks_job));
    });
}

#[test]
fn conviction_should_say_that_the_job_is_spoiled_when_it_is_complete() {
    run(|| {
        let id = assigned();
        accept(id);
        assert!(matches!(JobsOf::<Test>::get(id.job).unwrap().status, JobStatus::Completed { .. }));
        overturn(id);
        assert!(books(|books| books.convicted[0].breaks_job));
    });
}

#[test]
fn conviction_should_say_that_the_job_is_spoiled_when_there_is_no_place_to_issue_the_shard_again() {
    run(|| {
        worker(10, BID / 2, 8);
        let job = submit(two_stages(8, 4));
        next_period();
        next_period();
        let id = first(job);
        accept(id);
        assert!(JobsOf::<Test>::get(job).unwrap().status.is_under_way());
        let live = crate::Live::<Test>::get();
        crate::Live::<Test>::put(u32::MAX);
        super::mock::convict(id);
        crate::Live::<Test>::put(live);
        assert!(books(|books| books.convicted[0].breaks_job));
        assert!(has_event(Event::JobFailed { job, shard: id, reason: JobFailure::Overturned }));
    });
}

#[test]
fn result_should_be_void_when_it_was_overturned() {
    run(|| {
        let id = assigned();
        accept(id);
        let planted = planted(id);
        overturn(id);
        assert!(Jobs::is_void(&planted));
    });
}

#[test]
fn conviction_should_name_no_commitment_when_the_worker_was_silent() {
    run(|| {
        let id = assigned();
        commit(id);
        convict(id, OffenceKind::Withheld);
        assert!(books(|books| books.offences.len() == 1 && books.convicted.is_empty()));
    });
}

#[test]
fn conviction_should_name_no_commitment_when_the_worker_is_an_apprentice() {
    run(|| {
        let id = assigned();
        books(|books| books.workers.values_mut().for_each(|worker| worker.apprentice = true));
        commit(id);
        draw(id, 4);
        audit(id, &[AUDITORS[1]]);
        let challenger = raw(AUDITORS[1]);
        Jobs::apply(&id, ShardEvent::Challenge { by: challenger, position: 0, bond: 0 }).unwrap();
        let worker_lost = Some(OffenceKind::WrongResult);
        Jobs::apply(&id, ShardEvent::Resolved { challenger, worker_lost }).unwrap();
        assert!(books(|books| books.offences.len() == 1 && books.convicted.is_empty()));
    });
}

#[test]
fn result_should_count_as_long_as_it_may_be_paid() {
    run(|| {
        let id = assigned();
        let worker = shard(id).deal().unwrap().worker;
        let root = BlobId([7; 32]);
        let early = PlantedResult { shard: id, attempt: shard(id).attempt, worker, root };
        assert!(!Jobs::is_void(&early), "it may be committed to");
        commit(id);
        let planted = planted(id);
        assert!(!Jobs::is_void(&planted));
        draw(id, 2);
        audit(id, &[]);
        assert!(!Jobs::is_void(&planted));
        settle(id);
        assert!(!Jobs::is_void(&planted), "it was paid");
    });
}

#[test]
fn result_should_count_when_it_was_accepted_and_nobody_confirms_its_delivery() {
    run(|| {
        let id = assigned();
        commit(id);
        let planted = planted(id);
        draw(id, 2);
        audit(id, &[]);
        run_for(params().window_blocks + params().delivery_blocks + 1);
        assert!(matches!(shard(id).phase, Phase::Settled { paid: false, .. }));
        assert!(!Jobs::is_void(&planted), "it stands, and others may have read it");
    });
}

#[test]
fn result_should_be_void_when_the_worker_has_committed_to_another_root() {
    run(|| {
        let id = assigned();
        commit(id);
        assert!(Jobs::is_void(&PlantedResult { root: BlobId([7; 32]), ..planted(id) }));
    });
}

#[test]
fn result_should_be_void_when_another_worker_has_the_shard() {
    run(|| {
        let id = assigned();
        commit(id);
        assert!(Jobs::is_void(&PlantedResult { worker: raw(99), ..planted(id) }));
    });
}

#[test]
fn result_should_be_void_when_the_shard_is_issued_again() {
    run(|| {
        let id = assigned();
        commit(id);
        let planted = planted(id);
        convict(id, OffenceKind::WrongResult);
        assert!(is_queued(id) && Jobs::is_void(&planted));
        assert!(!Jobs::is_void(&PlantedResult { attempt: planted.attempt + 2, ..planted }), "it is to come");
    });
}

#[test]
fn result_should_be_void_when_the_shard_was_dropped_and_not_when_its_job_is_gone() {
    run(|| {
        let id = assigned();
        commit(id);
        let planted = planted(id);
        Jobs::cancel_job(signed(1), id.job).unwrap();
        convict(id, OffenceKind::WrongResult);
        assert!(!crate::Shards::<Test>::contains_key(id));
        assert!(Jobs::is_void(&planted));
        let never = ShardId { index: 9_999, ..id };
        assert!(!Jobs::is_void(&PlantedResult { shard: never, ..planted }), "it was never created");
        JobsOf::<Test>::remove(id.job);
        assert!(!Jobs::is_void(&planted), "nobody can tell");
    });
}

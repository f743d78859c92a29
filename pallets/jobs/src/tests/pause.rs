// SPDX-License-Identifier: Apache-2.0
//! Inputs that nobody can fetch.

use super::mock::*;
use crate::{Event, HoldReason, Jobs as JobsOf, Live, OpenJobs, Parked, Paused, Queue, Shards};
use frame_support::assert_ok;
use quern_primitives::{
    plant::PlantedResult,
    traits::{Collateral, OffenceKind, Results as _, ShardEnd},
    BlobId, ShardId, QRN,
};
use quern_protocol::{
    shard::{Event as ShardEvent, Phase, MAX_AUDIT_ROUNDS},
    traits::Shards as _,
    view::{JobFailure, JobStatus},
};

fn status(id: ShardId) -> JobStatus {
    JobsOf::<Test>::get(id.job).unwrap().status
}

/// A job whose first shard waits for a worker.
fn queued() -> ShardId {
    let id = first(submit(simple(8, 4)));
    next_period();
    next_period();
    assert!(is_queued(id));
    id
}

#[test]
fn validators_should_be_asked_when_two_workers_have_declined() {
    run(|| {
        let id = queued();
        decline_twice(id);
        assert!(matches!(shard(id).phase, Phase::Doubted { work: None, .. }));
        assert!(!is_queued(id), "nobody is assigned meanwhile");
        assert!(has_event(Event::InputsDoubted { shard: id, worker: None }));
        assert!(books(|books| books.committed.iter().any(|(of, _)| *of == id)), "a draw is owed");
        assert_eq!(status(id), JobStatus::Running);
    });
}

#[test]
fn shard_should_be_queued_again_when_a_validator_has_the_inputs() {
    run(|| {
        let id = queued();
        decline_twice(id);
        probe(id);
        say(id, [false, true]);
        assert!(is_queued(id));
        assert!(has_event(Event::InputsFound { shard: id, auditor: account(AUDITORS[3]) }));
        assert_eq!(status(id), JobStatus::Running);
        assert!(AUDITORS[2..].iter().all(|who| World::free(&raw(*who)) == World::bonded(&raw(*who))));
    });
}

#[test]
fn job_should_hand_out_nothing_when_it_is_paused() {
    run(|| {
        let id = queued();
        pause(id);
        let until = System::block_number() + Jobs::params().pause_blocks;
        assert_eq!(status(id), JobStatus::Paused { shard: id, until });
        assert!(has_event(Event::JobPaused { job: id.job, shard: id, until, pauses: 1 }));
        worker(12, BID / 2, 8);
        next_period();
        next_period();
        assert!(is_queued(id) && is_queued(at(id.job, 0, 1)));
    });
}

#[test]
fn job_should_leave_its_places_to_others_when_it_is_paused() {
    run(|| {
        MaxLive::set(2);
        let id = queued();
        let other = submit(simple(8, 4));
        run_for(1);
        next_period();
        next_period();
        assert!(Shards::<Test>::get(at(other, 0, 0)).is_none(), "all places are taken");
        pause(id);
        assert_eq!((Live::<Test>::get(), Queue::<Test>::get().len(), Parked::<Test>::get(id.job).len()), (0, 0, 2));
        run_for(1);
        assert!(is_queued(at(other, 0, 0)) && is_queued(at(other, 0, 1)), "they have the places now");
        // Who resumes waits for places as everybody does.
        assert_ok!(Jobs::resume_job(signed(1), id.job, None));
        run_for(1);
        assert_eq!((Live::<Test>::get(), Parked::<Test>::get(id.job).len()), (2, 2));
        assert_ok!(Jobs::cancel_job(signed(1), other));
        run_for(2);
        assert_eq!((Live::<Test>::get(), Parked::<Test>::contains_key(id.job)), (2, false));
        assert!(Queue::<Test>::get().iter().all(|queued| queued.shard.job == id.job));
        worker(12, BID / 2, 8);
        next_period();
        next_period();
        assert_eq!((worker_of(id), worker_of(at(id.job, 0, 1))), (12, 12));
    });
}

#[test]
fn parked_shards_should_be_dropped_when_the_pause_ends_with_the_job() {
    run(|| {
        let id = queued();
        pause(id);
        run_for(Jobs::params().pause_blocks + 2);
        assert!(matches!(status(id), JobStatus::Failed));
        assert_eq!((Live::<Test>::get(), Parked::<Test>::iter().count(), OpenJobs::<Test>::get()), (0, 0, 0));
        assert_eq!(held(HoldReason::Escrow, 1), 0);
    });
}

#[test]
fn shard_should_be_parked_when_it_comes_back_during_a_pause() {
    run(|| {
        worker(12, BID / 2, 1);
        let job = submit(simple(8, 4));
        next_period();
        next_period();
        let (runs, waits) = (at(job, 0, 0), at(job, 0, 1));
        let (runs, waits) = if is_queued(waits) { (runs, waits) } else { (waits, runs) };
        JobsOf::<Test>::mutate_extant(job, |job| job.status = JobStatus::Paused { shard: waits, until: 1_000 });
        Paused::<Test>::try_append((job, 1_000)).unwrap();
        assert_eq!(Live::<Test>::get(), 2);
        assert_ok!(Jobs::decline_shard(signed(12), runs));
        assert_eq!((Live::<Test>::get(), Parked::<Test>::get(job).into_inner()), (1, vec![runs]));
    });
}

#[test]
fn work_under_way_should_go_on_and_be_paid_when_its_job_is_paused() {
    run(|| {
        worker(12, BID / 2, 1);
        let job = submit(simple(8, 4));
        next_period();
        next_period();
        let (runs, waits) = (at(job, 0, 0), at(job, 0, 1));
        commit(runs);
        pause(waits);
        draw(runs, 2);
        audit(runs, &[]);
        assert!(shard(runs).is_accepted());
        assert_ok!(Jobs::resume_job(signed(1), job, None));
        settle(runs);
        assert_eq!(books(|books| books.settled.len()), 1);
    });
}

/// A committed shard of which nobody has sealed an answer. Its job is paused for want of its inputs.
fn paused_unsealed() -> ShardId {
    let id = assigned();
    commit(id);
    draw(id, 2);
    Jobs::apply(&id, ShardEvent::Open { by: raw(worker_of(id)), digest: [1; 32] }).unwrap();
    Shards::<Test>::mutate_extant(id, |shard| shard.rounds = MAX_AUDIT_ROUNDS - 1);
    for inputs_missing in [false, true] {
        Jobs::apply(&id, ShardEvent::Unavailable { by: raw(AUDITORS[0]), inputs_missing }).unwrap();
    }
    probe(id);
    say(id, [false, false]);
    id
}

#[test]
fn job_should_be_complete_when_all_of_it_is_accepted_while_it_is_paused() {
    run(|| {
        let id = paused_unsealed();
        assert!(matches!(status(id), JobStatus::Paused { .. }));
        draw(id, 1);
        answer(id, &[]);
        let root = BlobId::of_list(&[BlobId::of_list(&[root_of(id)])]);
        assert_eq!((status(id), Paused::<Test>::get().len()), (JobStatus::Completed { root }, 0));
        assert!(has_event(Event::JobCompleted { job: id.job, root }) && Jobs::job_root(id.job) == Some(root));
        run_for(params().pause_blocks + 2);
        assert_eq!(status(id), JobStatus::Completed { root }, "its pause is over");
        settle(id);
        assert_eq!((OpenJobs::<Test>::get(), held(HoldReason::Escrow, 1)), (0, 0));
    });
}

#[test]
fn job_should_fail_for_want_of_inputs_when_its_pause_ends() {
    run(|| {
        let id = queued();
        pause(id);
        run_for(Jobs::params().pause_blocks);
        assert!(matches!(status(id), JobStatus::Paused { .. }));
        run_for(1);
        assert!(has_event(Event::JobFailed { job: id.job, shard: id, reason: JobFailure::InputsUnavailable }));
        assert_eq!((status(id), held(HoldReason::Escrow, 1)), (JobStatus::Failed, 0));
        assert_eq!(JobsOf::<Test>::get(id.job).unwrap().failure, Some(JobFailure::InputsUnavailable));
        assert_eq!((Paused::<Test>::get().len(), OpenJobs::<Test>::get()), (0, 0));
        assert!(!Shards::<Test>::contains_key(id));
    });
}

#[test]
fn job_should_fail_when_its_inputs_are_missing_once_more_than_it_may_be_paused() {
    run(|| {
        let id = queued();
        for pauses in 1..=Jobs::params().max_pauses {
            pause(id);
            assert_eq!(JobsOf::<Test>::get(id.job).unwrap().pauses, pauses);
            assert_ok!(Jobs::resume_job(signed(1), id.job, None));
            run_for(1);
        }
        pause(id);
        assert_eq!(status(id), JobStatus::Failed);
        assert!(has_event(Event::JobFailed { job: id.job, shard: id, reason: JobFailure::InputsUnavailable }));
        run_for(1);
        assert_eq!(held(HoldReason::Escrow, 1), 0);
    });
}

#[test]
fn shard_should_be_dropped_when_it_is_doubted_after_its_job_has_ended() {
    run(|| {
        let id = queued();
        books(|books| books.bonds.insert(raw(10), (QRN, 1)));
        let deal = |who| quern_protocol::shard::Deal { worker: raw(who), price: 1, collateral: 1 };
        crate::Queue::<Test>::mutate(|queue| queue.retain(|queued| queued.shard != id));
        Jobs::apply(&id, quern_protocol::shard::Event::Assign(deal(10))).unwrap();
        assert_ok!(Jobs::cancel_job(signed(1), id.job));
        Shards::<Test>::mutate_extant(id, |shard| shard.declined = vec![raw(11)].try_into().unwrap());
        assert_ok!(Jobs::decline_shard(signed(10), id));
        assert!(Jobs::shard(&id).is_none());
        run_for(1);
        assert_eq!(held(HoldReason::Escrow, 1), 0);
    });
}

#[test]
fn work_should_be_paid_without_being_accepted_when_validators_confirm_that_nobody_can_audit_it() {
    run(|| {
        let id = assigned();
        let worker = worker_of(id);
        without_inputs(id);
        assert!(has_event(Event::InputsDoubted { shard: id, worker: Some(account(worker)) }));
        let (before, deal) = (JobsOf::<Test>::get(id.job).unwrap(), shard(id).deal().unwrap().clone());
        assert!(World::free(&raw(worker)) < World::bonded(&raw(worker)), "it waits with its collateral");
        probe(id);
        say(id, [false, false]);
        let after = JobsOf::<Test>::get(id.job).unwrap();
        let (paid, auditors) = books(|books| books.compensated.pop()).unwrap();
        assert_eq!((paid.worker, paid.price, paid.macs), (raw(worker), deal.price, 0));
        assert_eq!(auditors, [raw(AUDITORS[1])], "who has sealed is paid");
        let spent = paid.price + paid.audit_fee + paid.protocol_fee;
        assert_eq!((before.escrow - after.escrow, after.spent, after.unfunded), (spent, spent, spent));
        assert!(matches!(after.status, JobStatus::Paused { .. }) && is_queued(id));
        assert!(books(|books| books.settled.is_empty()) && shard(id).result().is_none());
        assert_eq!(books(|books| books.ended.last().copied()), Some((raw(worker), ShardEnd::Unaudited)));
        assert!(books(|books| books.bonds.values().all(|(_, locked)| *locked == 0)));
        let event = Event::ShardCompensated {
            shard: id,
            worker: account(worker),
            price: paid.price,
            audit_fee: paid.audit_fee,
            burned: paid.protocol_fee,
        };
        assert!(has_event(event));
    });
}

/// A result that nobody can audit for want of inputs, and its shard.
fn result_without_inputs() -> (ShardId, PlantedResult) {
    let id = assigned();
    without_inputs(id);
    let (worker, root) = (worker_of(id), shard(id).commitment().unwrap().root);
    (id, PlantedResult { shard: id, attempt: shard(id).attempt, worker: raw(worker), root })
}

#[test]
fn result_should_count_when_it_was_paid_without_an_audit() {
    run(|| {
        let (id, paid) = result_without_inputs();
        probe(id);
        say(id, [false, false]);
        assert!(is_queued(id) && !Jobs::is_void(&paid));
    });
}

#[test]
fn result_should_count_when_its_job_fails_after_it_was_paid_without_an_audit() {
    run(|| {
        let (id, paid) = result_without_inputs();
        probe(id);
        say(id, [false, false]);
        run_for(params().pause_blocks + 2);
        assert!(has_event(Event::ShardDropped { shard: id }) && Queue::<Test>::get().is_empty());
        assert_eq!((status(id), Live::<Test>::get(), OpenJobs::<Test>::get()), (JobStatus::Failed, 0, 0));
        assert!(!Jobs::is_void(&paid), "it was paid");
        assert_eq!(Jobs::job(id.job).unwrap().stages[0].phases.queued, 0, "nobody waits for it");
        assert!(Jobs::is_void(&PlantedResult { attempt: paid.attempt + 1, ..paid }), "only that");
        run_for(RETENTION + 4);
        assert!(
            !Shards::<Test>::contains_key(id) && !JobsOf::<Test>::contains_key(id.job),
            "it is pruned as its job is"
        );
    });
}

#[test]
fn result_should_count_when_it_is_paid_without_an_audit_after_its_job_was_cancelled() {
    run(|| {
        let (id, paid) = result_without_inputs();
        assert_ok!(Jobs::cancel_job(signed(1), id.job));
        probe(id);
        say(id, [false, false]);
        assert!(has_event(Event::ShardDropped { shard: id }) && !Jobs::is_void(&paid));
        assert_eq!((OpenJobs::<Test>::get(), held(HoldReason::Escrow, 1)), (0, 0));
    });
}

#[test]
fn work_should_not_be_paid_and_its_audit_go_on_when_a_validator_has_the_inputs() {
    run(|| {
        let id = assigned();
        without_inputs(id);
        probe(id);
        say(id, [true, true]);
        assert!(matches!(shard(id).phase, Phase::Committed { held: Some(_), .. }));
        assert!(books(|books| books.compensated.is_empty()));
        assert!(books(|books| books.refuted.is_empty()), "one word refutes nobody");
    });
}

#[test]
fn silent_validator_should_be_fined_and_another_one_asked() {
    run(|| {
        let id = queued();
        decline_twice(id);
        probe(id);
        let by = raw(AUDITORS[2]);
        Jobs::apply(&id, quern_protocol::shard::Event::Inputs { by, available: false }).unwrap();
        run_for(Jobs::params().probe_blocks + 1);
        let offence = books(|books| books.offences.pop()).unwrap();
        assert_eq!((offence.kind, offence.offender), (OffenceKind::AuditNoShow, raw(AUDITORS[3])));
        assert!(matches!(shard(id).phase, Phase::Doubted { .. }));
        assert!(shard(id).probe().unwrap().has_seat(&raw(AUDITORS[2])), "who has answered stays");
        assert_eq!(status(id), JobStatus::Running);
    });
}

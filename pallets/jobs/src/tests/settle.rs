// SPDX-License-Identifier: Apache-2.0
//! What follows from a shard's events.

use super::mock::*;
use crate::{types::Cost, Event, HoldReason, JobRoots, Jobs as JobsOf, OpenJobs};
use frame_support::traits::fungible::Inspect;
use quern_primitives::{
    traits::{Collateral, OffenceKind, ShardEnd},
    BlobId,
};
use quern_protocol::{
    collateral,
    shard::{Event as ShardEvent, Phase},
    traits::Shards as _,
    view::JobStatus,
    ShardError,
};

#[test]
fn accept_should_pay_the_ask_and_free_the_rest_when_all_agree() {
    run(|| {
        worker(10, BID / 2, 4);
        let job = submit(simple(8, 4));
        next_period();
        next_period();
        let id = first(job);
        let held_before = held(HoldReason::Escrow, 1);
        accept(id);
        let macs = shard(id).macs();
        let paid = Cost::at_price(collateral::price(macs, BID / 2), 2_000_000, PROTOCOL_PPM);
        assert_eq!(Balances::balance(&POT.into()), ED + paid.total());
        assert_eq!(held(HoldReason::Escrow, 1), held_before / 2);
        let (settlement, auditors) = books(|books| books.settled[0].clone());
        assert_eq!((settlement.price, settlement.audit_fee), (paid.price, paid.audit_fee));
        assert_eq!((settlement.protocol_fee, settlement.macs, settlement.worker), (paid.protocol_fee, macs, raw(10)));
        assert_eq!(auditors, vec![raw(AUDITORS[0]), raw(AUDITORS[1])]);
        assert_eq!(books(|books| books.ended.last().copied()), Some((raw(10), ShardEnd::Accepted)));
        assert!(has_event(Event::ShardAccepted {
            shard: id,
            worker: account(10),
            price: paid.price,
            audit_fee: paid.audit_fee,
            protocol_fee: paid.protocol_fee,
            macs,
            refund: held_before / 2 - paid.total(),
        }));
        assert_eq!(World::free(&raw(AUDITORS[0])), World::bonded(&raw(AUDITORS[0])));
    });
}

#[test]
fn accept_should_complete_the_job_when_it_is_the_last_shard() {
    run(|| {
        worker(10, BID, 4);
        let job = submit(simple(8, 4));
        next_period();
        next_period();
        let ids = [at(job, 0, 0), at(job, 0, 1)];
        accept(ids[1]);
        assert_eq!(OpenJobs::<Test>::get(), 1);
        // The other shard's worker was late meanwhile.
        next_period();
        next_period();
        accept(ids[0]);
        let stage_root = BlobId::of_list(&ids.map(root_of));
        let root = BlobId::of_list(&[stage_root]);
        assert!(has_event(Event::StageCompleted { job, stage: 0, root: stage_root }));
        assert!(has_event(Event::JobCompleted { job, root }));
        assert_eq!(JobRoots::<Test>::get(job), Some(root));
        assert_eq!(JobsOf::<Test>::get(job).unwrap().status, JobStatus::Completed { root });
        assert_eq!((held(HoldReason::Escrow, 1), OpenJobs::<Test>::get()), (0, 0));
    });
}

#[test]
fn accept_should_change_nothing_when_it_was_accepted() {
    run(|| {
        let id = assigned();
        accept(id);
        let before = shard(id);
        assert_eq!(Jobs::apply(&id, ShardEvent::Expire), Err(ShardError::NothingDue));
        assert_eq!(
            Jobs::apply(&id, ShardEvent::Reveal { by: raw(AUDITORS[0]), salt: [0; 32], results: [2; 32] }),
            Err(ShardError::WrongPhase)
        );
        assert_eq!((shard(id), books(|books| books.settled.len())), (before, 1));
    });
}

#[test]
fn apply_should_refuse_when_there_is_no_such_shard() {
    run(|| assert_eq!(Jobs::apply(&at(0, 0, 0), ShardEvent::Expire), Err(ShardError::WrongPhase)));
}

#[test]
fn conviction_should_report_and_requeue_without_pay_when_a_challenger_wins() {
    run(|| {
        let id = assigned();
        let collateral = shard(id).deal().unwrap().collateral;
        commit(id);
        draw(id, 2);
        audit(id, &[AUDITORS[1]]);
        let challenger = raw(AUDITORS[1]);
        Jobs::apply(&id, ShardEvent::Challenge { by: challenger, position: 0 }).unwrap();
        assert_eq!(shard(id).expires(), None);
        let worker_lost = Some(OffenceKind::WrongResult);
        Jobs::apply(&id, ShardEvent::Resolved { challenger, worker_lost }).unwrap();
        assert!(is_queued(id));
        let offences = books(|books| books.offences.clone());
        assert_eq!((offences[0].kind, offences[0].offender), (OffenceKind::WrongResult, raw(10)));
        assert_eq!((offences[0].locked, offences[0].reporter), (collateral, Some(challenger)));
        assert_eq!(offences[0].evidence, EVIDENCE);
        assert_eq!(offences.len(), 1);
        assert_eq!(World::free(&raw(AUDITORS[0])), World::bonded(&raw(AUDITORS[0])));
        assert_eq!(books(|books| books.ended.clone()), vec![(raw(10), ShardEnd::Convicted)]);
        assert_eq!((books(|books| books.settled.len()), Balances::balance(&POT.into())), (0, ED));
        assert_eq!(books(|books| books.closed.clone()), vec![id]);
    });
}

#[test]
fn refuted_challenge_should_draw_again_when_the_worker_wins() {
    run(|| {
        let id = assigned();
        commit(id);
        draw(id, 2);
        audit(id, &[AUDITORS[1]]);
        let challenger = raw(AUDITORS[1]);
        Jobs::apply(&id, ShardEvent::Challenge { by: challenger, position: 0 }).unwrap();
        Jobs::apply(&id, ShardEvent::Resolved { challenger, worker_lost: None }).unwrap();
        assert!(matches!(shard(id).phase, Phase::Committed { .. }));
        assert_eq!(books(|books| books.committed.len()), 2);
        assert_eq!(books(|books| books.offences[0].kind), OffenceKind::FalseAlarm);
        draw(id, 2);
        audit(id, &[]);
        assert!(shard(id).is_accepted());
    });
}

#[test]
fn expiry_of_a_dispute_should_fine_the_silent_when_nobody_challenges() {
    run(|| {
        let id = assigned();
        commit(id);
        draw(id, 2);
        audit(id, &[AUDITORS[1]]);
        run_for(params().move_blocks + 1);
        assert!(matches!(shard(id).phase, Phase::Committed { .. }));
        assert_eq!(books(|books| books.offences[0].kind), OffenceKind::FalseAlarm);
    });
}

#[test]
fn audit_plan_should_cover_every_segment_when_a_stage_has_one_task() {
    run(|| {
        worker(10, BID, 4);
        let job = submit(simple(8, 8));
        let single = submit(simple(1, 1));
        next_period();
        next_period();
        let plan = |job| Jobs::audit_plan(&first(job)).unwrap();
        assert_eq!((plan(job).samples, plan(job).auditors), (4, 2));
        assert_eq!((plan(single).samples, plan(single).auditors), (1, 3));
        assert_eq!(Jobs::program(&first(job)).unwrap().id(), simple(8, 8).stages[0].program);
        assert!(Jobs::audit_plan(&at(9, 0, 0)).is_none());
    });
}

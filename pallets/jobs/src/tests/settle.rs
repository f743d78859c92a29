// SPDX-License-Identifier: Apache-2.0
//! What follows from a shard's events.

use super::mock::*;
use crate::{types::Cost, Event, HoldReason, JobRoots, Jobs as JobsOf, OpenJobs};
use frame_support::{dispatch::Pays, traits::fungible::Inspect};
use quern_primitives::{
    traits::{Collateral, OffenceKind, ShardEnd},
    BlobId, ShardId,
};
use quern_protocol::view::JobFailure;
use quern_protocol::{
    collateral,
    shard::{Event as ShardEvent, Phase},
    traits::Shards as _,
    view::JobStatus,
    ShardError,
};

#[test]
fn accept_should_pay_nobody_before_the_window_has_closed() {
    run(|| {
        let id = assigned();
        let (held_before, collateral) = (held(HoldReason::Escrow, 1), shard(id).deal().unwrap().collateral);
        accept(id);
        assert_eq!((held(HoldReason::Escrow, 1), Balances::balance(&POT.into())), (held_before, ED));
        assert_eq!(World::bonded(&raw(10)) - World::free(&raw(10)), collateral);
        // Its slot is free for the next shard, and later stages may read it.
        assert_eq!(books(|books| books.ended.clone()), vec![(raw(10), ShardEnd::Accepted)]);
        assert!(matches!(JobsOf::<Test>::get(id.job).unwrap().status, JobStatus::Completed { .. }));
        assert_eq!(OpenJobs::<Test>::get(), 1);
    });
}

#[test]
fn settlement_should_pay_the_ask_and_free_the_rest_when_the_window_closes() {
    run(|| {
        worker(10, BID / 2, 4);
        let job = submit(simple(8, 8));
        next_period();
        next_period();
        let id = first(job);
        let held_before = held(HoldReason::Escrow, 1);
        accept(id);
        let macs = shard(id).work_macs();
        settle(id);
        let at = |per_gmac| Cost::at_price(collateral::price(macs, per_gmac), 1_000_000, PROTOCOL_PPM);
        // Audits cost the same whatever the worker asks.
        let paid = Cost { audit_fee: at(BID).audit_fee, ..at(BID / 2) };
        assert_eq!(Balances::balance(&POT.into()), ED + paid.total());
        assert_eq!(held(HoldReason::Escrow, 1), 0);
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
            refund: held_before - paid.total(),
        }));
        let settled = Event::ShardSettled {
            shard: id,
            worker: account(10),
            paid: paid.total(),
            refund: held_before - paid.total(),
        };
        assert!(has_event(settled));
        assert_eq!(World::free(&raw(10)), World::bonded(&raw(10)));
    });
}

#[test]
fn settlement_should_pay_nobody_and_take_no_stake_when_nobody_says_that_the_outputs_are_delivered() {
    run(|| {
        let id = assigned();
        let held_before = held(HoldReason::Escrow, 1);
        accept(id);
        run_for(params().window_blocks + params().delivery_blocks);
        assert!(shard(id).window().is_some());
        run_for(1);
        assert!(matches!(shard(id).phase, Phase::Settled { paid: false, .. }));
        assert!(has_event(Event::ShardSettled { shard: id, worker: account(10), paid: 0, refund: held_before }));
        assert_eq!((held(HoldReason::Escrow, 1), Balances::balance(&POT.into())), (0, ED));
        assert_eq!(World::free(&raw(10)), World::bonded(&raw(10)));
        assert_eq!(books(|books| books.ended.last().copied()), Some((raw(10), ShardEnd::Undelivered)));
        assert!(books(|books| books.offences.is_empty()));
    });
}

#[test]
fn settlement_should_need_no_acknowledgement_when_an_auditor_holds_the_outputs() {
    run(|| {
        let id = assigned();
        commit(id);
        draw(id, 1);
        let by = raw(AUDITORS[0]);
        Jobs::apply(&id, ShardEvent::Open { by: raw(10), digest: [1; 32] }).unwrap();
        let seal = quern_primitives::commitment::audit_seal(&[0; 32], &by, &id, &[1; 32], &[2; 32]);
        Jobs::apply(&id, ShardEvent::Seal { by, seal }).unwrap();
        Jobs::apply(&id, ShardEvent::Results { by: raw(10), digest: [2; 32] }).unwrap();
        Jobs::apply(&id, ShardEvent::Reveal { by, salt: [0; 32], results: [2; 32], holds_outputs: true }).unwrap();
        run_for(params().window_blocks + 1);
        assert!(matches!(shard(id).phase, Phase::Settled { paid: true, .. }));
    });
}

#[test]
fn overturned_shard_should_be_issued_again_when_nothing_reads_it() {
    run(|| {
        worker(10, BID / 2, 4);
        let job = submit(two_stages(8, 4));
        next_period();
        next_period();
        let id = first(job);
        let (held_before, collateral) = (held(HoldReason::Escrow, 1), shard(id).deal().unwrap().collateral);
        accept(id);
        overturn(id);
        assert!(is_queued(id));
        assert!(has_event(Event::ShardOverturned { shard: id, worker: account(10), reissued: true }));
        let offences = books(|books| books.offences.clone());
        assert_eq!((offences[0].kind, offences[0].offender), (OffenceKind::WrongResult, raw(10)));
        assert_eq!((offences[0].locked, offences[0].reporter), (collateral, Some(raw(20))));
        assert_eq!(World::free(&raw(20)), World::bonded(&raw(20)));
        assert_eq!(books(|books| books.ended.last().copied()), Some((raw(10), ShardEnd::Overturned)));
        assert_eq!(held(HoldReason::Escrow, 1), held_before);
        assert_eq!(JobsOf::<Test>::get(job).unwrap().status, JobStatus::Running);
        assert!(Jobs::tainted_stages(job).is_empty());
        // Another worker runs it.
        worker(11, BID / 2, 4);
        next_period();
        next_period();
        assert_eq!(worker_of(id), 11);
        accept(id);
        settle(id);
        assert_eq!(books(|books| books.settled.len()), 1);
    });
}

#[test]
fn overturned_shard_should_be_issued_again_only_when_its_auditors_have_answered_for_it() {
    run(|| {
        worker(10, BID / 2, 4);
        let job = submit(two_stages(8, 4));
        next_period();
        next_period();
        let id = first(job);
        let held_before = held(HoldReason::Escrow, 1);
        accept(id);
        convict(id);
        assert!(has_event(Event::ShardOverturned { shard: id, worker: account(10), reissued: true }));
        let [one, other] = [shard(id).liable()[0], shard(id).liable()[1]];
        assert!(!is_queued(id) && one.bond > 0);
        accuse(id, one.auditor, true);
        let offence = books(|books| books.offences.last().cloned()).unwrap();
        assert_eq!((offence.kind, offence.offender), (OffenceKind::WrongAudit, one.auditor));
        assert_eq!((offence.locked, offence.reporter), (one.bond, Some(raw(20))));
        accuse(id, other.auditor, false);
        let offence = books(|books| books.offences.last().cloned()).unwrap();
        assert_eq!((offence.kind, offence.offender), (OffenceKind::FalseAlarm, raw(20)));
        run_to(shard(id).expires().unwrap());
        assert!(is_queued(id));
        assert_eq!(World::free(&other.auditor), World::bonded(&other.auditor));
        assert_eq!(held(HoldReason::Escrow, 1), held_before);
    });
}

#[test]
fn auditors_should_be_accused_of_a_shard_of_a_completed_job_and_the_job_be_kept_as_long() {
    run(|| {
        let id = assigned();
        accept(id);
        convict(id);
        assert_eq!(Jobs::tainted_stages(id.job), vec![0]);
        let auditors = shard(id).liable().to_vec();
        accuse(id, auditors[0].auditor, true);
        assert_eq!(JobsOf::<Test>::get(id.job).unwrap().maturing, 1);
        run_to(shard(id).expires().unwrap());
        assert_eq!(JobsOf::<Test>::get(id.job).unwrap().maturing, 0);
        assert!(matches!(shard(id).phase, Phase::Overturned { .. }));
        assert_eq!(World::free(&auditors[1].auditor), World::bonded(&auditors[1].auditor));
        run_for(RETENTION + 10);
        assert!(JobsOf::<Test>::get(id.job).is_none());
    });
}

#[test]
fn overturned_shard_should_be_dropped_when_its_job_is_cancelled_while_its_auditors_answer_for_it() {
    run(|| {
        worker(10, BID / 2, 4);
        let job = submit(two_stages(8, 4));
        next_period();
        next_period();
        let id = first(job);
        accept(id);
        convict(id);
        Jobs::cancel_job(signed(1), job).unwrap();
        accuse(id, shard(id).liable()[0].auditor, true);
        run_to(shard(id).expires().unwrap());
        assert!(crate::Shards::<Test>::get(id).is_none());
    });
}

#[test]
fn overturned_shard_should_taint_what_stands_on_it_and_end_the_job_when_it_is_read() {
    run(|| {
        worker(10, BID / 2, 8);
        let job = submit(two_stages(8, 8));
        next_period();
        next_period();
        let (id, merge) = (first(job), at(job, 1, 0));
        accept(id);
        next_period();
        next_period();
        assert_eq!(worker_of(merge), 10);
        worker(11, BID / 2, 8);
        let before = held(HoldReason::Escrow, 1);
        convict(id);
        assert!(has_event(Event::ShardOverturned { shard: id, worker: account(10), reissued: false }));
        assert!(has_event(Event::JobFailed { job, shard: id, reason: JobFailure::Overturned }));
        assert_eq!(JobsOf::<Test>::get(job).unwrap().status, JobStatus::Failed);
        assert_eq!(Jobs::tainted_stages(job), vec![0, 1]);
        assert!(held(HoldReason::Escrow, 1) < before, "what it would have been paid is free again");
        // Work that is under way is judged by what it was given, and paid.
        commit(merge);
        draw(merge, 3);
        audit(merge, &[]);
        settle(merge);
        assert_eq!(books(|books| books.settled.len()), 1);
        assert_eq!((held(HoldReason::Escrow, 1), OpenJobs::<Test>::get()), (0, 0));
    });
}

#[test]
fn overturned_shard_should_mark_the_root_for_ever_when_the_job_is_completed() {
    run(|| {
        let id = assigned();
        accept(id);
        let root = JobRoots::<Test>::get(id.job);
        assert!(root.is_some());
        overturn(id);
        assert_eq!(Jobs::tainted_stages(id.job), vec![0]);
        assert_eq!((held(HoldReason::Escrow, 1), books(|books| books.settled.len())), (0, 0));
        run_for(RETENTION + 10);
        assert!(JobsOf::<Test>::get(id.job).is_none());
        assert_eq!((JobRoots::<Test>::get(id.job), Jobs::tainted_stages(id.job)), (root, vec![0]));
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
        assert_eq!(OpenJobs::<Test>::get(), 1);
        Jobs::acknowledge_shards(signed(1), ids.to_vec().try_into().unwrap()).unwrap();
        run_for(params().window_blocks + 1);
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
            Jobs::apply(
                &id,
                ShardEvent::Reveal { by: raw(AUDITORS[0]), salt: [0; 32], results: [2; 32], holds_outputs: false }
            ),
            Err(ShardError::WrongPhase)
        );
        assert_eq!((shard(id), books(|books| books.settled.len())), (before, 0));
        settle(id);
        assert_eq!(Jobs::apply(&id, ShardEvent::Expire), Err(ShardError::NothingDue));
        assert_eq!(Jobs::apply(&id, ShardEvent::Deliver), Err(ShardError::WrongPhase));
        assert_eq!(books(|books| books.settled.len()), 1);
    });
}

#[test]
fn apply_should_refuse_when_there_is_no_such_shard() {
    run(|| assert_eq!(Jobs::apply(&at(0, 0, 0), ShardEvent::Expire), Err(ShardError::WrongPhase)));
}

#[test]
fn conviction_should_report_and_requeue_without_pay_when_a_challenger_wins_and_nobody_had_confirmed() {
    run(|| {
        let id = assigned();
        let collateral = shard(id).deal().unwrap().collateral;
        commit(id);
        draw(id, 2);
        audit(id, &AUDITORS[..2]);
        let challenger = raw(AUDITORS[1]);
        [AUDITORS[0], AUDITORS[1]].into_iter().for_each(|who| {
            Jobs::apply(&id, ShardEvent::Challenge { by: raw(who), position: 0, bond: 0 }).unwrap();
        });
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

/// An assigned shard of which one auditor has confirmed what the other one had convicted.
fn convicted_early() -> ShardId {
    let id = assigned();
    commit(id);
    draw(id, 2);
    audit(id, &[AUDITORS[1]]);
    let challenger = raw(AUDITORS[1]);
    Jobs::apply(&id, ShardEvent::Challenge { by: challenger, position: 0, bond: 0 }).unwrap();
    let worker_lost = Some(OffenceKind::WrongResult);
    Jobs::apply(&id, ShardEvent::Resolved { challenger, worker_lost }).unwrap();
    id
}

#[test]
fn convicted_shard_should_be_requeued_only_when_who_confirmed_it_has_answered_for_it() {
    for lost in [false, true] {
        run(|| {
            let id = convicted_early();
            let (held_before, attempt) = (held(HoldReason::Escrow, 1), shard(id).attempt);
            let liable = shard(id).liable().to_vec();
            assert_eq!((liable.len(), liable[0].auditor), (1, raw(AUDITORS[0])));
            assert_eq!(World::bonded(&liable[0].auditor) - World::free(&liable[0].auditor), liable[0].bond);
            assert_eq!(World::free(&raw(AUDITORS[1])), World::bonded(&raw(AUDITORS[1])));
            assert_eq!(books(|books| books.ended.clone()), vec![(raw(10), ShardEnd::Convicted)]);
            assert!(!is_queued(id));
            accuse(id, liable[0].auditor, lost);
            if !lost {
                assert!(!is_queued(id), "others have a whole window");
                run_to(shard(id).expires().unwrap());
            }
            assert!(is_queued(id));
            assert_eq!((shard(id).attempt, held(HoldReason::Escrow, 1)), (attempt + 1, held_before));
            let wrong = books(|books| books.offences.iter().any(|offence| offence.kind == OffenceKind::WrongAudit));
            assert_eq!(wrong, lost);
            assert_eq!(World::free(&raw(AUDITORS[0])), World::bonded(&raw(AUDITORS[0])));
        });
    }
}

#[test]
fn acknowledgement_should_pass_over_a_shard_when_its_auditors_answer_for_it() {
    run(|| {
        let id = convicted_early();
        let passed = Jobs::acknowledge_shards(signed(1), vec![id].try_into().unwrap());
        assert_eq!(passed.map(|info| info.pays_fee), Ok(Pays::Yes));
    });
}

#[test]
fn convicted_shard_should_be_dropped_when_its_job_is_cancelled_while_its_auditors_answer_for_it() {
    run(|| {
        let id = convicted_early();
        Jobs::cancel_job(signed(1), id.job).unwrap();
        assert!(shard(id).accused().is_some());
        run_to(shard(id).expires().unwrap());
        assert!(crate::Shards::<Test>::get(id).is_none());
        assert_eq!(held(HoldReason::Escrow, 1), 0);
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
        Jobs::apply(&id, ShardEvent::Challenge { by: challenger, position: 0, bond: 0 }).unwrap();
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

// SPDX-License-Identifier: Apache-2.0
//! What the runtime API shows.

use super::mock::*;
use crate::{Error, HoldReason, JobFault, ProgramFault};
use codec::Encode;
use quern_primitives::job::{Input, JobSpec};
use quern_primitives::ShardId;
use quern_program::DType;
use quern_protocol::{
    shard::{Commitment, LeafDemand, Phase},
    view::{JobStatus, PhaseCounts, ShardView, DUTIES_PAGE_BYTES, MAX_PAGE, MAX_SERVED_PAGE},
    Shard,
};
use std::collections::BTreeSet;

#[test]
fn job_should_show_how_far_it_is() {
    run(|| {
        worker(10, BID, 1);
        let job = submit(two_stages(8, 4));
        let view = Jobs::job(job).unwrap();
        assert_eq!((view.status, view.requester, view.bid), (JobStatus::Waiting, raw(1), BID));
        assert_eq!((view.escrow_left, view.submitted_at), (held(HoldReason::Escrow, 1), 1));
        next_period();
        next_period();
        accept(first(job));
        let view = Jobs::job(job).unwrap();
        assert_eq!((view.stages.len(), view.stages[0].shards, view.stages[0].accepted), (2, 2, 1));
        assert_eq!(view.stages[0].phases.accepted, 1);
        assert_eq!(view.stages[1].phases, PhaseCounts::default());
        assert_eq!((view.spent, view.root, view.maturing), (0, None, 1));
        settle(first(job));
        let view = Jobs::job(job).unwrap();
        assert!(view.spent > 0 && view.maturing == 0 && view.tainted.is_empty() && view.parent.is_none());
        assert_eq!(view.stages[0].phases.accepted, 1);
        assert!(Jobs::job(job + 1).is_none());
    });
}

#[test]
fn jobs_should_come_in_pages() {
    run(|| {
        for _ in 0..3 {
            submit(simple(8, 4));
        }
        let (page, next) = Jobs::jobs(0, 2);
        assert_eq!((page.iter().map(|job| job.id).collect::<Vec<_>>(), next), (vec![0, 1], Some(2)));
        let (page, next) = Jobs::jobs(2, MAX_PAGE + 1);
        assert_eq!((page.len(), next), (1, None));
    });
}

#[test]
fn shards_should_come_in_pages() {
    run(|| {
        let job = submit(simple(32, 4));
        next_period();
        next_period();
        let page: Vec<_> = Jobs::shards(job, 0, 6, 10).into_iter().map(|shard| shard.id).collect();
        assert_eq!(page, vec![at(job, 0, 6), at(job, 0, 7)]);
        assert_eq!(Jobs::shards(job, 0, 0, 3).len(), 3);
    });
}

#[test]
fn quote_should_say_why_a_job_is_refused() {
    run(|| {
        let refused = Jobs::quote(&JobSpec { bid: 0, ..simple(8, 4) });
        assert_eq!(refused, Err(Error::<Test>::InvalidJob(JobFault::NoBid).into()));
    });
}

#[test]
fn dry_quote_should_be_the_quote_after_publishing_and_name_the_deposit() {
    // No deposit is held: the state is one that is thrown away, so the books are not checked.
    new_test_ext().execute_with(|| {
        let program = adder(DType::I32, &[4], 1, 3);
        let input = Input::Slice { blob: blob(8 * 16), stride: 16 };
        let spec = spec(vec![stage(program.id(), 8, 4, &[input])]);
        let bytes = code(&program).into_inner();
        let (dry, deposit) = Jobs::dry_quote(&spec, vec![bytes.clone(), bytes.clone()]).unwrap();
        assert_eq!(deposit, bytes.len() as u128 * DEPOSIT);
        assert_eq!(Ok(dry), Jobs::quote(&spec), "the state of this test is the one that is thrown away");
        assert_eq!(Jobs::dry_quote(&spec, vec![bytes]), Ok((dry, 0)));
        let garbage = Jobs::dry_quote(&spec, vec![vec![0xff; 99]]);
        assert_eq!(garbage, Err(Error::<Test>::InvalidProgram(ProgramFault::Encoding).into()));
    });
}

#[test]
fn duties_should_follow_the_parties_of_a_shard() {
    run(|| {
        let duties = |who: u8| Jobs::duties(&raw(who), None, |_| vec![]).0;
        let served = |who: u8| Jobs::served(&raw(who), None).0;
        let id = assigned();
        let view = duties(10).pop().unwrap();
        assert_eq!((view.shard.id, view.requester.len()), (id, 1));
        assert_eq!(view.endpoint(&raw(10)).map(|at| at.id), Some(raw(10)));
        commit(id);
        assert!(duties(AUDITORS[0]).is_empty());
        draw(id, 2);
        assert_eq!((duties(AUDITORS[0]).len(), duties(AUDITORS[2]).len()), (1, 0));
        assert_eq!(duties(10).pop().unwrap().endpoints.len(), 3);
        audit(id, &[]);
        // Both go on serving the outputs.
        assert_eq!((duties(10).len(), duties(AUDITORS[0]).len()), (1, 1));
        settle(id);
        assert_eq!((duties(10).len(), duties(AUDITORS[0]).len()), (0, 0));
        assert_eq!((served(10).len(), served(AUDITORS[0]).len()), (1, 1));
        run_for(RETENTION);
        assert_eq!((served(10).len(), served(AUDITORS[0]).len()), (0, 0));
    });
}

#[test]
fn duties_should_name_the_workers_whose_outputs_are_read() {
    run(|| {
        worker(10, BID, 1);
        let job = submit(two_stages(8, 8));
        next_period();
        next_period();
        accept(first(job));
        books(|books| books.workers.clear());
        worker(11, BID, 1);
        next_period();
        next_period();
        let view = Jobs::duties(&raw(11), None, |_| vec![]).0.pop().unwrap();
        assert_eq!(view.shard.id, at(job, 1, 0));
        assert!(view.endpoint(&raw(10)).is_some());
    });
}

/// All pages of an account's duties, and of what it serves.
fn pages(who: u8) -> (Vec<Vec<ShardView>>, Vec<Vec<Shard>>) {
    let (mut duties, mut served) = (Vec::new(), Vec::new());
    let mut after = None;
    loop {
        let (page, next) = Jobs::duties(&raw(who), after, |_| vec![]);
        duties.push(page);
        after = next;
        if after.is_none() {
            break;
        }
    }
    loop {
        let (page, next) = Jobs::served(&raw(who), after);
        served.push(page);
        after = next;
        if after.is_none() {
            return (duties, served);
        }
    }
}

#[test]
fn duties_should_come_in_bounded_pages_and_miss_nothing_when_thousands_of_shards_are_served() {
    run(|| {
        let id = assigned();
        let queued = |index| Shard { id: ShardId { index, ..id }, phase: Phase::Queued, ..shard(id) };
        let put =
            |index, phase: &Phase| Jobs::put_shard(&queued(index), &Shard { phase: phase.clone(), ..queued(index) });
        let Phase::Assigned { deal, .. } = shard(id).phase else { panic!("assigned") };
        let commitment = Commitment { root: root_of(id), secret_hash: [0; 32], at: 1 };
        let auditors: frame_support::BoundedVec<_, _> = vec![raw(AUDITORS[0])].try_into().unwrap();
        let settled = Phase::Settled { deal: deal.clone(), commitment, auditors: auditors.clone(), at: 1, paid: true };
        let window = |delivered, demands: Vec<LeafDemand>| quern_protocol::shard::Window {
            closes: 9_000,
            deliver_by: 9_000,
            delivered,
            challenges: Default::default(),
            refuted: 0,
            demands: demands.try_into().unwrap(),
            asked: 0,
            asked_at: 0,
            confirmed: Default::default(),
        };
        let accepted = |delivered, demands| {
            let (deal, auditors) = (deal.clone(), auditors.clone());
            Phase::Accepted { deal, commitment, auditors, at: 1, window: window(delivered, demands) }
        };
        let asked = accepted(true, vec![LeafDemand { position: 0, by: 9_000 }]);
        for index in 1..=5_000u32 {
            put(index, &settled);
        }
        (5_001..=5_300).for_each(|index| put(index, &accepted(true, vec![])));
        (5_301..=5_400).for_each(|index| put(index, &accepted(false, vec![])));
        (5_401..=5_500).for_each(|index| put(index, &asked));
        (5_501..=5_600).for_each(|index| put(index, &shard(id).phase));

        let (duties, served) = pages(10);
        for page in &duties {
            assert!(page.len() <= MAX_PAGE as usize && page.encoded_size() < 2 * DUTIES_PAGE_BYTES);
        }
        assert!(served.iter().all(|page| page.len() <= MAX_SERVED_PAGE as usize && page.encoded_size() < 1 << 18));
        let owed: BTreeSet<u32> = duties.iter().flatten().map(|view| view.shard.id.index).collect();
        assert_eq!(owed, (5_301..=5_600).chain([id.index]).collect());
        assert_eq!(duties.iter().map(Vec::len).sum::<usize>(), owed.len(), "none comes twice");
        let rest: BTreeSet<u32> = served.iter().flatten().map(|shard| shard.id.index).collect();
        assert_eq!(rest, (1..=5_300).collect());
        // An auditor has nothing to do where somebody asks the worker, and something while the outputs are not delivered.
        let (duties, served) = pages(AUDITORS[0]);
        let owed: BTreeSet<u32> = duties.iter().flatten().map(|view| view.shard.id.index).collect();
        assert_eq!(owed, (5_301..=5_400).collect());
        assert_eq!(served.iter().map(Vec::len).sum::<usize>(), 5_400);

        (1..=5_600).for_each(|index| drop(Jobs::remove_shard(&ShardId { index, ..id })));
        let (duties, served) = pages(10);
        assert_eq!((duties.iter().map(Vec::len).sum::<usize>(), served), (1, vec![vec![]]));
    });
}

#[test]
fn duties_page_should_end_when_its_views_are_long() {
    run(|| {
        let id = assigned();
        let queued = |index| Shard { id: ShardId { index, ..id }, phase: Phase::Queued, ..shard(id) };
        (1..=20).for_each(|index| {
            Jobs::put_shard(&queued(index), &Shard { phase: shard(id).phase, ..queued(index) });
        });
        // Each view has eight disputes with long traces.
        let dispute = quern_protocol::Dispute {
            shard: id,
            position: 0,
            task: 0,
            segment: quern_program::Segment::Finish,
            worker: raw(10),
            challenger: raw(20),
            root: root_of(id),
            leaves: 1,
            start: None,
            end: root_of(id),
            trace: Some(quern_protocol::dispute::Posted::Whole(quern_protocol::dispute::Trace {
                state: Default::default(),
                outputs: vec![root_of(id); 1_024].try_into().unwrap(),
            })),
            turn: quern_protocol::dispute::Move::Name,
            by: 9,
            defendant: Default::default(),
        };
        let disputes = |_: &ShardId| (0..8).map(|number| (number, dispute.clone())).collect();
        let (mut after, mut seen) = (None, 0);
        loop {
            let (page, next) = Jobs::duties(&raw(10), after, disputes);
            assert!(page.encoded_size() < DUTIES_PAGE_BYTES * 3 / 2);
            seen += page.len();
            after = next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, 21);
        (1..=20).for_each(|index| drop(Jobs::remove_shard(&ShardId { index, ..id })));
    });
}

// SPDX-License-Identifier: Apache-2.0
//! What the runtime API shows.

use super::mock::*;
use crate::{Error, HoldReason, JobFault, ProgramFault};
use quern_primitives::job::{Input, JobSpec};
use quern_program::DType;
use quern_protocol::view::{JobStatus, PhaseCounts, MAX_PAGE};

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
        let duties = |who: u8| Jobs::duties(&raw(who), |_| vec![]);
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
        assert_eq!((duties(10).len(), duties(AUDITORS[0]).len()), (1, 1));
        run_for(RETENTION);
        assert_eq!((duties(10).len(), duties(AUDITORS[0]).len()), (0, 0));
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
        let view = Jobs::duties(&raw(11), |_| vec![]).pop().unwrap();
        assert_eq!(view.shard.id, at(job, 1, 0));
        assert!(view.endpoint(&raw(10)).is_some());
    });
}

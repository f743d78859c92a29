// SPDX-License-Identifier: Apache-2.0
//! What remains of a job.

use super::mock::*;
use crate::{Due, Duties, Event, Jobs as JobsOf, Retired, Served, Shards, Stages};
use frame_support::assert_ok;

#[test]
fn prune_should_remove_all_but_the_root_when_retention_has_ended() {
    run(|| {
        let id = assigned();
        accept(id);
        settle(id);
        let root = Jobs::job_root(id.job);
        run_for(RETENTION - 1);
        assert!(JobsOf::<Test>::contains_key(id.job));
        run_for(1);
        assert!(has_event(Event::JobPruned { job: id.job }));
        assert_eq!(JobsOf::<Test>::iter().count() + Stages::<Test>::iter().count() + Shards::<Test>::iter().count(), 0);
        assert_eq!(
            Duties::<Test>::iter().count()
                + Served::<Test>::iter().count()
                + Due::<Test>::iter().count()
                + Retired::<Test>::iter().count(),
            0
        );
        assert_eq!(Jobs::job_root(id.job), root);
        assert!(root.is_some());
    });
}

#[test]
fn prune_should_go_on_in_the_next_block_when_there_are_many_shards() {
    run(|| {
        worker(10, BID, 8);
        let job = submit(simple(32, 4));
        next_period();
        next_period();
        (0..8).for_each(|index| commit(at(job, 0, index)));
        for index in 0..8 {
            draw(at(job, 0, index), 2);
            audit(at(job, 0, index), &[]);
        }
        (0..8).for_each(|index| settle(at(job, 0, index)));
        ShardsPerBlock::set(3);
        let closed = JobsOf::<Test>::get(job).unwrap();
        assert!(closed.is_over());
        let due = Retired::<Test>::get(0).unwrap().0;
        run_to(due);
        assert_eq!(Shards::<Test>::iter().count(), 5);
        run_for(2);
        assert_eq!(Shards::<Test>::iter().count(), 0);
        assert!(!JobsOf::<Test>::contains_key(job));
    });
}

#[test]
fn prune_should_count_several_dropped_shards_as_one() {
    run(|| {
        let job = submit(simple(64, 4));
        next_period();
        next_period();
        assert_eq!(Shards::<Test>::iter().count(), 16);
        assert_ok!(Jobs::cancel_job(signed(1), job));
        run_for(1);
        assert_eq!(Shards::<Test>::iter().count(), 0, "nobody had them");
        let due = Retired::<Test>::get(0).unwrap().0;
        System::set_block_number(due);
        let (gone, of_stage, of_job) = (2, 1, 1);
        assert_eq!(Jobs::prune(due, 16), gone + of_stage + of_job);
        assert!(!JobsOf::<Test>::contains_key(job));
    });
}

#[test]
fn prune_should_stop_at_its_limit_when_shards_were_dropped() {
    run(|| {
        let job = submit(simple(64, 4));
        next_period();
        next_period();
        assert_ok!(Jobs::cancel_job(signed(1), job));
        run_for(1);
        let due = Retired::<Test>::get(0).unwrap().0;
        System::set_block_number(due);
        let created = || Stages::<Test>::get(job, 0).unwrap().created;
        assert_eq!((Jobs::prune(due, 1), created()), (1, 15));
        assert_eq!((Jobs::prune(due, 2), created()), (2, 6));
        assert_eq!(Jobs::prune(due, 16), 3, "what is left of the shards, the stage and the job");
    });
}

#[test]
fn prune_should_leave_no_root_when_a_job_was_cancelled() {
    run(|| {
        let job = submit(simple(8, 4));
        assert_ok!(Jobs::cancel_job(signed(1), job));
        run_for(RETENTION);
        assert!(!JobsOf::<Test>::contains_key(job));
        assert_eq!(Jobs::job_root(job), None);
    });
}

#[test]
fn prune_should_keep_up_when_many_small_jobs_end_in_one_block() {
    run(|| {
        ShardsPerBlock::set(32);
        for _ in 0..8 {
            let job = submit(simple(8, 4));
            assert_ok!(Jobs::cancel_job(signed(1), job));
        }
        run_for(RETENTION);
        assert_eq!(JobsOf::<Test>::iter().count(), 0);
        assert_eq!(Retired::<Test>::iter().count(), 0);
    });
}

// SPDX-License-Identifier: Apache-2.0
//! Stages open and complete.

use super::mock::*;
use crate::{Event, Jobs as JobsOf, Live, Opening, Queue};
use quern_primitives::{tagged, BlobId};
use quern_protocol::{traits::Shards as _, view::JobStatus};

#[test]
fn job_should_start_with_the_seed_of_the_first_whole_period() {
    run(|| {
        let job = submit(simple(8, 4));
        run_to(2 * PERIOD);
        let randomness = tagged(b"test", &(1 as quern_primitives::Height,));
        let kept = JobsOf::<Test>::get(job).unwrap();
        assert_eq!((kept.status, kept.randomness), (JobStatus::Running, Some(randomness)));
        assert!(has_event(Event::JobStarted { job, randomness }));
        assert!(has_event(Event::StageOpened { job, stage: 0, shards: 2 }));
    });
}

#[test]
fn stage_should_open_when_what_it_reads_is_complete() {
    run(|| {
        worker(10, BID, 4);
        let job = submit(two_stages(8, 8));
        next_period();
        next_period();
        let merge = at(job, 1, 0);
        assert!(Jobs::shard(&merge).is_none());
        accept(first(job));
        run_for(1);
        assert!(has_event(Event::StageOpened { job, stage: 1, shards: 1 }));
        let context = Jobs::context(&merge).unwrap();
        assert_eq!((context.outputs.len(), context.outputs[0].output_bytes, context.outputs[0].tasks), (1, 16, 8));
        let read = &context.outputs[0].shards[0];
        assert_eq!((read.root, read.worker), (root_of(first(job)), raw(10)));
        next_period();
        next_period();
        accept(merge);
        let roots = [first(job), merge].map(|id| BlobId::of_list(&[root_of(id)]));
        assert_eq!(Jobs::job_root(job), Some(BlobId::of_list(&roots)));
    });
}

#[test]
fn shards_should_be_created_over_several_blocks_when_there_are_many() {
    run(|| {
        ShardsPerBlock::set(3);
        let job = submit(simple(32, 4));
        run_to(2 * PERIOD);
        assert_eq!(Queue::<Test>::get().len(), 3);
        run_for(1);
        assert_eq!(Queue::<Test>::get().len(), 6);
        assert!(!has_event(Event::StageOpened { job, stage: 0, shards: 8 }));
        run_for(1);
        assert_eq!(Queue::<Test>::get().len(), 8);
        assert!(has_event(Event::StageOpened { job, stage: 0, shards: 8 }));
        assert!(Opening::<Test>::get().is_empty());
    });
}

#[test]
fn shards_should_wait_to_be_created_when_too_many_are_live() {
    run(|| {
        MaxLive::set(3);
        worker(10, BID, 4);
        let job = submit(simple(16, 4));
        run_to(2 * PERIOD);
        assert_eq!((Live::<Test>::get(), Opening::<Test>::get().to_vec()), (3, vec![job]));
        accept(first(job));
        run_for(1);
        assert_eq!((Live::<Test>::get(), Opening::<Test>::get().len()), (3, 0));
    });
}

#[test]
fn jobs_should_take_turns_when_both_have_shards_to_create() {
    run(|| {
        ShardsPerBlock::set(2);
        let jobs = [submit(simple(16, 4)), submit(simple(16, 4))];
        run_to(2 * PERIOD + 1);
        for job in jobs {
            assert_eq!(JobsOf::<Test>::get(job).unwrap().live, 2);
        }
    });
}

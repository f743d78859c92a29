// SPDX-License-Identifier: Apache-2.0
//! What a job may ask for: workers of a kind, longer deadlines, a price, places.

use super::mock::*;
use crate::{Error, JobFault, OpenJobsOf};
use frame_support::{assert_noop, assert_ok};
use proptest::prelude::*;
use quern_primitives::{
    job::{Accelerator, Input, JobSpec, OutputMap, Profile, Requirements},
    Height,
};
use quern_program::DType;
use quern_protocol::{
    collateral,
    shard::{Phase, Traffic, MACS_PER_MOVED_BYTE},
    Params,
};

/// [`simple`] with requirements.
fn requiring(change: impl FnOnce(&mut Requirements)) -> JobSpec {
    let mut spec = simple(8, 8);
    change(&mut spec.requirements);
    spec
}

/// Registers a worker with a profile.
fn with_profile(who: u8, profile: Profile) {
    worker(who, 1, 4);
    books(|books| books.workers.get_mut(&raw(who)).unwrap().profile = profile);
}

fn german_gpu() -> Profile {
    let region = "DE".parse().ok();
    Profile { gmacs_per_second: 100, region, ..Profile::new(1_024, "mill", true) }
}

/// The worker of a job's only shard, some periods after its submission.
fn drawn(spec: JobSpec) -> Option<u8> {
    let id = first(submit(spec));
    next_period();
    next_period();
    shard(id).deal().map(|deal| deal.worker[0])
}

#[test]
fn assign_should_pass_over_workers_that_are_slower_elsewhere_or_of_another_kind() {
    let cases: [fn(&mut Requirements); 4] = [
        |needs| needs.gmacs_per_second = 100,
        |needs| needs.accelerator = Accelerator::Gpu,
        |needs| needs.regions = vec!["FR".parse().unwrap(), "DE".parse().unwrap()].try_into().unwrap(),
        |needs| needs.memory_mib = 1_024,
    ];
    for change in cases {
        run(|| {
            with_profile(
                10,
                Profile { gmacs_per_second: 99, region: "AT".parse().ok(), ..Profile::new(1_023, "", false) },
            );
            with_profile(11, Profile::default());
            assert_eq!(drawn(requiring(change)), None);
            with_profile(12, german_gpu());
            next_period();
            assert_eq!(worker_of(first(0)), 12);
        });
    }
}

#[test]
fn assign_should_draw_no_accelerator_when_a_processor_is_required() {
    run(|| {
        with_profile(10, german_gpu());
        assert_eq!(drawn(requiring(|needs| needs.accelerator = Accelerator::Cpu)), None);
    });
}

#[test]
fn quote_should_count_the_workers_that_could_run_every_shard() {
    run(|| {
        let workers = |spec: &JobSpec| Jobs::quote(spec).unwrap().workers;
        assert_eq!(workers(&simple(8, 8)), 0);
        with_profile(10, german_gpu());
        with_profile(11, Profile::new(63, "little memory", false));
        worker(12, BID + 1, 4);
        worker(13, 1, 4);
        books(|books| books.bonds.insert(raw(13), (1, 0)));
        apprentice(14, 1);
        assert_eq!(workers(&simple(8, 8)), 1);
        assert_eq!(workers(&requiring(|needs| needs.gmacs_per_second = 101)), 0);
        books(|books| books.workers.get_mut(&raw(10)).unwrap().slots = 0);
        assert_eq!(workers(&simple(8, 8)), 1, "busy ones count");
    });
}

#[test]
fn submit_job_should_refuse_when_the_bid_is_below_the_least() {
    run(|| {
        crate::ProtocolParams::<Test>::put(Params { min_bid: 100, ..params() });
        assert_eq!(fault(JobSpec { bid: 99, ..simple(8, 8) }), JobFault::BidTooLow);
        assert_eq!(fault(JobSpec { bid: 0, ..simple(8, 8) }), JobFault::NoBid);
        assert_ok!(Jobs::submit_job(signed(1), JobSpec { bid: 100, ..simple(8, 8) }));
    });
}

#[test]
fn submit_job_should_refuse_when_deadlines_are_lengthened_too_much() {
    run(|| {
        let most = params().max_extra_blocks;
        assert_eq!(fault(JobSpec { extra_blocks: most + 1, ..simple(8, 8) }), JobFault::TooManyExtraBlocks);
        assert_ok!(Jobs::submit_job(signed(1), JobSpec { extra_blocks: most, ..simple(8, 8) }));
    });
}

#[test]
fn submit_job_should_refuse_an_account_that_has_its_share_of_the_places_and_take_others() {
    run(|| {
        MaxOpenJobsOfAccount::set(2);
        let jobs = [submit(simple(8, 8)), submit(simple(8, 8))];
        assert_noop!(Jobs::submit_job(signed(1), simple(8, 8)), Error::<Test>::TooManyJobsOfAccount);
        assert_ok!(Jobs::submit_job(signed(2), simple(8, 8)));
        assert_ok!(Jobs::cancel_job(signed(1), jobs[0]));
        assert_eq!(OpenJobsOf::<Test>::get(account(1)), 1);
        assert_ok!(Jobs::submit_job(signed(1), simple(8, 8)));
    });
}

/// The traffic of a job's stages.
fn traffic(spec: &JobSpec) -> Vec<Traffic> {
    Jobs::plan(spec).unwrap().traffic
}

#[test]
fn traffic_should_count_a_blob_that_tasks_cut_once_and_whole() {
    run(|| {
        let cut = traffic(&simple(8, 4));
        assert_eq!(cut, [Traffic { shared_bytes: 8 * 16, task_bytes: 0, state_bytes: 0, output_bytes: 16 }]);
        let mut listed = simple(8, 4);
        listed.stages[0].inputs[0] = Input::List(blob(8 * 32));
        assert_eq!(traffic(&listed)[0], Traffic { shared_bytes: 8 * 32, task_bytes: 16, ..cut[0] });
    });
}

#[test]
fn traffic_should_count_the_outputs_that_are_read_and_the_ids_of_their_shards() {
    run(|| {
        let second = |map| {
            let mut spec = simple(8, 4);
            let program = spec.stages[0].program;
            spec.stages.try_push(stage(program, 8, 4, &[Input::Output { stage: 0, map }])).unwrap();
            let Traffic { shared_bytes, task_bytes, .. } = traffic(&spec)[1];
            (shared_bytes, task_bytes)
        };
        assert_eq!(second(OutputMap::Same), (0, 16 + 32));
        assert_eq!(second(OutputMap::Fixed(3)), (16 + 4 * 32, 0));
        let gathered = traffic(&two_stages(8, 4))[1];
        assert_eq!((gathered.shared_bytes, gathered.task_bytes), (8 * 16 + 8 * 32, 0));
    });
}

/// A job whose only shard fetches 64 MiB and keeps three checkpoints of 64 MiB and an output of as much, on a line of a block
/// for a MiB, which its requester gives some blocks more.
fn heavy(extra_blocks: Height) -> JobSpec {
    crate::ProtocolParams::<Test>::put(Params { transfer_blocks_per_gib: 1_024, ..params() });
    let program = publish(&adder(DType::I32, &[16 << 20], 1, 2));
    JobSpec { extra_blocks, bid: 1, ..spec(vec![stage(program, 1, 1, &[Input::Blob(blob(64 << 20))])]) }
}

#[test]
fn deadlines_should_follow_bytes_and_what_the_requester_adds() {
    run(|| {
        worker(10, 1, 1);
        let id = first(submit(heavy(7)));
        next_period();
        next_period();
        let now = System::block_number();
        let Phase::Assigned { by, .. } = shard(id).phase else { panic!("assigned") };
        assert_eq!(by, now + params().start_blocks + 64 + 7);
        assert_ok!(Jobs::start_shard(signed(10), id));
        let Phase::Running { by, .. } = shard(id).phase else { panic!("running") };
        assert_eq!(by, now + params().execute_blocks(shard(id).work_macs()) + 4 * 64 + 7);
    });
}

#[test]
fn shards_should_be_paid_for_the_work_of_their_program_where_bytes_are_worth_more() {
    run(|| {
        worker(10, BID, 1);
        let program = adder(DType::I32, &[4], 1, 2);
        let summary = program.summary();
        let program = publish(&program);
        let id = first(submit(spec(vec![stage(program, 1, 1, &[Input::Blob(blob(16))])])));
        next_period();
        next_period();
        let shard = shard(id);
        assert_eq!((shard.costs.body, shard.work.body), (summary.macs_body, summary.moved_body * MACS_PER_MOVED_BYTE));
        assert!(shard.work.body > shard.costs.body);
        let work = summary.moved_init + 2 * summary.moved_body + summary.moved_finish;
        assert_eq!(shard.work_macs(), work * MACS_PER_MOVED_BYTE);
        assert_eq!(shard.deal().unwrap().price, collateral::price(shard.work_macs(), BID));
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn deadlines_should_only_get_longer_when_the_requester_adds(extra in 0u32..600) {
        run(|| {
            worker(10, 1, 9);
            let deadlines = |extra_blocks| {
                let job = submit(heavy(extra_blocks));
                next_period();
                next_period();
                let (shard, params) = (shard(first(job)), Jobs::params());
                [shard.start_blocks(&params), shard.execute_blocks(&params), shard.seat_blocks(&params)]
            };
            let (without, with) = (deadlines(0), deadlines(extra));
            assert_eq!(with, [without[0] + extra, without[1] + extra, without[2] + 4 * extra]);
        });
    }
}

// SPDX-License-Identifier: Apache-2.0
//! The draw of workers.

use super::mock::*;
use crate::{Event, HoldReason, Jobs as JobsOf, Queue};
use quern_primitives::{traits::Collateral, QRN};
use quern_protocol::view::JobFailure;
use quern_protocol::{collateral, traits::Shards as _, view::JobStatus};
use std::collections::BTreeSet;

/// A job of 8 shards, at the height of its draw.
fn eight() -> Vec<u8> {
    let job = submit(simple(32, 4));
    next_period();
    next_period();
    (0..8).filter_map(|index| shard(at(job, 0, index)).deal().map(|deal| deal.worker[0])).collect()
}

#[test]
fn assign_should_lock_collateral_from_the_bid_and_pay_the_ask_when_it_draws() {
    run(|| {
        let id = assigned();
        let deal = shard(id).deal().unwrap().clone();
        let macs = shard(id).work_macs();
        assert_eq!(deal.price, collateral::price(macs, BID / 2));
        assert_eq!(deal.collateral, collateral::collateral(collateral::price(macs, BID), &params(), 2));
        assert_eq!(World::bonded(&raw(10)) - World::free(&raw(10)), deal.collateral);
        assert_eq!(books(|books| books.workers[&raw(10)].slots), 3);
        assert!(has_event(Event::ShardAssigned {
            shard: id,
            worker: account(10),
            price: deal.price,
            collateral: deal.collateral,
            period: 1,
            candidates: 1,
        }));
    });
}

#[test]
fn assign_should_wait_for_the_first_whole_period_after_submission() {
    run(|| {
        worker(10, 1, 4);
        let job = submit(simple(8, 8));
        run_to(2 * PERIOD - 1);
        assert!(Jobs::shard(&first(job)).is_none());
        run_to(2 * PERIOD);
        assert_eq!(worker_of(first(job)), 10);
    });
}

#[test]
fn assign_should_wait_when_a_period_has_no_seed() {
    run(|| {
        worker(10, 1, 4);
        books(|books| books.seedless.insert(1));
        let job = submit(simple(8, 8));
        run_to(3 * PERIOD - 1);
        assert_eq!(JobsOf::<Test>::get(job).unwrap().status, JobStatus::Waiting);
        run_to(3 * PERIOD);
        assert_eq!(worker_of(first(job)), 10);
    });
}

#[test]
fn assign_should_use_only_workers_that_were_ready_before_the_period() {
    run(|| {
        worker(10, 1, 8);
        books(|books| books.workers.get_mut(&raw(10)).unwrap().ready_at = PERIOD);
        assert_eq!(eight(), [0u8; 0]);
        next_period();
        assert_eq!(worker_of(first(0)), 10);
    });
}

#[test]
fn assign_should_skip_workers_that_ask_too_much_or_have_too_little() {
    run(|| {
        worker(10, BID + 1, 8);
        worker(11, 1, 8);
        books(|books| books.bonds.insert(raw(11), (1, 0)));
        worker(12, 1, 8);
        books(|books| books.workers.get_mut(&raw(12)).unwrap().profile.memory_mib = 63);
        worker(13, 1, 0);
        assert_eq!(eight(), [0u8; 0]);
        worker(14, BID, 8);
        next_period();
        assert_eq!(worker_of(first(0)), 14);
    });
}

#[test]
fn assign_should_spread_over_the_pool_when_several_are_ready() {
    run(|| {
        for who in 10..14 {
            worker(who, 1, 8);
        }
        let drawn = eight();
        assert_eq!(drawn.len(), 8);
        assert!(drawn.iter().collect::<BTreeSet<_>>().len() > 1, "{drawn:?}");
    });
}

#[test]
fn assign_should_leave_out_the_dear_when_the_cheap_cover_the_demand() {
    run(|| {
        // Eight cheap workers offer 32 slots, four times the eight that are asked for.
        for who in 10..18 {
            worker(who, 1, 4);
        }
        for who in 20..28 {
            worker(who, 2, 4);
        }
        let drawn = eight();
        assert!(drawn.len() == 8 && drawn.iter().all(|who| *who < 18), "{drawn:?}");
    });
}

#[test]
fn assign_should_never_give_more_shards_than_slots_or_collateral() {
    run(|| {
        worker(10, 1, 3);
        worker(11, 1, 8);
        let one = Jobs::quote(&simple(32, 4)).unwrap().collateral;
        books(|books| books.bonds.insert(raw(11), (2 * one, 0)));
        let drawn = eight();
        let count = |who| drawn.iter().filter(|drawn| **drawn == who).count();
        assert_eq!((count(10), count(11)), (3, 2));
    });
}

#[test]
fn assign_should_look_at_every_shard_in_turn_when_the_first_find_nobody() {
    run(|| {
        // Four shards are looked at in a period; six that nobody wants stand before the seventh.
        ShardsPerBlock::set(1);
        let low = submit(quern_primitives::job::JobSpec { bid: 1, ..simple(24, 4) });
        run_to(4 * PERIOD);
        let high = submit(simple(4, 4));
        worker(10, BID, 4);
        run_to(9 * PERIOD);
        assert!((0..6).all(|index| is_queued(at(low, 0, index))));
        let assigned = |event: &Event<Test>| matches!(event, Event::ShardAssigned { shard, .. } if shard.job == high);
        assert!(events().iter().any(assigned));
    });
}

#[test]
fn assign_should_draw_again_from_another_seed_when_a_shard_came_back() {
    run(|| {
        let id = assigned();
        Jobs::decline_shard(signed(10), id).unwrap();
        run_for(PERIOD);
        assert!(is_queued(id), "the period had begun");
        next_period();
        assert_eq!(worker_of(id), 10);
    });
}

#[test]
fn assign_should_fail_the_job_when_nobody_takes_it_for_long() {
    run(|| {
        let job = submit(simple(8, 4));
        run_to(2 * PERIOD + PATIENCE + 2 * PERIOD);
        assert_eq!(JobsOf::<Test>::get(job).unwrap().status, JobStatus::Failed);
        assert!(has_event(Event::JobFailed { job, shard: first(job), reason: JobFailure::NoWorker }));
        assert_eq!((Queue::<Test>::get().len(), held(HoldReason::Escrow, 1)), (0, 0));
    });
}

#[test]
fn assign_should_favour_the_reputable_when_it_draws() {
    run(|| {
        worker(10, 1, 40);
        worker(11, 1, 40);
        books(|books| books.workers.get_mut(&raw(11)).unwrap().weight = 50);
        books(|books| books.bonds.insert(raw(11), (1_000 * QRN, 0)));
        let drawn = eight();
        assert!(drawn.iter().filter(|who| **who == 11).count() >= 6, "{drawn:?}");
    });
}

#[test]
fn assign_should_not_count_a_bond_that_came_after_the_period_began() {
    run(|| {
        worker(10, 1, 8);
        books(|books| books.grown_bonds.insert(raw(10), (PERIOD, 0)));
        assert_eq!(eight(), [0u8; 0]);
        next_period();
        assert_eq!(worker_of(first(0)), 10);
    });
}

#[test]
fn assign_should_draw_the_same_workers_when_one_that_is_not_drawn_withdraws() {
    let drawn = |withdrawn: Option<u8>| {
        let mut drawn = 0;
        run(|| {
            (10..16).for_each(|who| worker(who, 1, 8));
            submit(simple(4, 4));
            next_period();
            if let Some(who) = withdrawn {
                books(|books| books.workers.get_mut(&raw(who)).unwrap().slots = 0);
            }
            next_period();
            drawn = worker_of(first(0));
        });
        drawn
    };
    let undisturbed = drawn(None);
    for who in (10..16).filter(|who| *who != undisturbed) {
        assert_eq!(drawn(Some(who)), undisturbed);
    }
    assert_ne!(drawn(Some(undisturbed)), undisturbed);
}

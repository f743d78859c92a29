// SPDX-License-Identifier: Apache-2.0
//! What apprentices are given, how it is audited, and what they earn.

use super::mock::*;
use crate::{types::Cost, Event};
use frame_support::{assert_ok, traits::fungible::Inspect};
use proptest::prelude::*;
use quern_primitives::traits::{Collateral, ShardEnd, APPRENTICE_AUDITORS};
use quern_protocol::{collateral, shard::Phase, traits::Shards as _};

/// Goes on to the draw of a job's workers.
fn to_the_draw() {
    next_period();
    next_period();
}

/// Whether worker 10, the only one and an apprentice, is drawn for the first shard of a job.
fn is_drawn(spec: quern_primitives::job::JobSpec) -> bool {
    let id = first(submit(spec));
    to_the_draw();
    shard(id).deal().is_some()
}

#[test]
fn an_apprentice_should_be_drawn_without_a_stake() {
    run(|| {
        apprentice(10, BID);
        let id = first(submit(simple(64, 64)));
        to_the_draw();
        assert_eq!((worker_of(id), shard(id).deal().unwrap().collateral), (10, 0));
    });
}

#[test]
fn an_apprentice_should_lock_what_it_has() {
    run(|| {
        apprentice(10, BID);
        books(|books| books.bonds.insert(raw(10), (5, 0)));
        let id = first(submit(simple(64, 64)));
        to_the_draw();
        assert_eq!(shard(id).deal().unwrap().collateral, 5);
        assert_eq!(World::free(&raw(10)), 0);
    });
}

#[test]
fn an_apprentice_should_not_be_drawn_for_more_than_64_tasks() {
    run(|| {
        apprentice(10, BID);
        assert!(!is_drawn(simple(65, 65)));
    });
}

#[test]
fn an_apprentice_should_not_be_drawn_for_a_stage_of_one_task() {
    run(|| {
        apprentice(10, BID);
        assert!(!is_drawn(simple(1, 1)));
    });
}

#[test]
fn an_apprentice_should_not_be_drawn_for_what_another_stage_reads() {
    run(|| {
        apprentice(10, BID);
        assert!(!is_drawn(two_stages(64, 64)));
    });
}

#[test]
fn an_apprentice_should_not_be_drawn_when_a_shard_was_given_up_before() {
    run(|| {
        apprentice(10, BID);
        let id = first(submit(simple(64, 64)));
        to_the_draw();
        assert_eq!(worker_of(id), 10);
        assert_ok!(Jobs::decline_shard(signed(10), id));
        apprentice(11, BID);
        to_the_draw();
        assert_eq!(shard(id).deal(), None);
    });
}

#[test]
fn apprentices_should_not_crowd_out_workers_when_they_are_the_cheapest() {
    run(|| {
        for number in 10..40 {
            apprentice(number, BID / 3);
        }
        worker(40, BID, 1);
        let id = first(submit(simple(64, 64)));
        to_the_draw();
        let assigned = events().into_iter().find_map(|event| match event {
            Event::ShardAssigned { shard, candidates, .. } if shard == id => Some(candidates),
            _ => None,
        });
        assert_eq!(assigned, Some(31), "the worker is a candidate beside them");
    });
}

#[test]
fn an_apprentice_should_not_be_drawn_when_its_ask_pays_its_further_auditors_no_more() {
    run(|| {
        // Two further auditors cost an eighth of the price at the bid, half of a quarter of it.
        apprentice(10, BID / 5);
        let id = first(submit(simple(64, 64)));
        to_the_draw();
        assert_eq!(shard(id).deal(), None);
        apprentice(11, BID / 3);
        to_the_draw();
        assert_eq!(worker_of(id), 11);
    });
}

#[test]
fn an_apprentice_should_not_be_drawn_when_its_further_auditors_cost_more_than_half_of_the_price() {
    run(|| {
        apprentice(10, BID);
        // 4 of 8 tasks by each auditor: two more of them cost as much as the shard.
        assert!(!is_drawn(simple(8, 8)));
    });
}

#[test]
fn an_apprentice_should_not_be_drawn_when_there_is_no_place() {
    run(|| {
        apprentice(10, BID);
        books(|books| books.apprentice_places = 0);
        assert!(!is_drawn(simple(64, 64)));
    });
}

#[test]
fn a_worker_should_be_drawn_where_an_apprentice_cannot() {
    run(|| {
        apprentice(10, 1);
        worker(11, BID, 4);
        let id = first(submit(simple(8, 8)));
        to_the_draw();
        assert_eq!(worker_of(id), 11);
    });
}

#[test]
fn an_apprentices_shard_should_be_audited_by_four() {
    run(|| {
        apprentice(10, BID);
        worker(11, 1, 0);
        let id = first(submit(simple(64, 64)));
        to_the_draw();
        let plan = Jobs::audit_plan(&id).unwrap();
        assert_eq!((plan.auditors, plan.samples), (APPRENTICE_AUDITORS, 4));
    });
}

/// A shard that apprentice 10 ran and four audited, accepted.
fn accepted() -> quern_primitives::ShardId {
    apprentice(10, BID / 2);
    let id = first(submit(simple(64, 64)));
    to_the_draw();
    commit(id);
    draw(id, APPRENTICE_AUDITORS as usize);
    audit(id, &[]);
    id
}

/// What that shard costs a requester when a worker runs it, and when an apprentice does.
fn costs(id: quern_primitives::ShardId) -> (Cost, Cost) {
    // Each auditor runs 4 of 64 tasks again, and the mock pays it just that.
    let at = |per_gmac| Cost::at_price(collateral::price(shard(id).work_macs(), per_gmac), 125_000, PROTOCOL_PPM);
    let whole = Cost { audit_fee: at(BID).audit_fee, ..at(BID / 2) };
    (whole, whole.for_apprentice(2).unwrap())
}

#[test]
fn an_apprentice_should_be_paid_into_its_bond_and_pay_its_further_auditors_when_the_window_has_closed() {
    run(|| {
        let id = accepted();
        let (whole, cost) = costs(id);
        assert_eq!((cost.audit_fee, cost.total()), (2 * whole.audit_fee, whole.total()));
        assert_eq!(cost.price, whole.price - whole.audit_fee);
        assert!(events().iter().any(|event| matches!(event,
            Event::ShardAccepted { shard, price, audit_fee, .. } if *shard == id && (*price, *audit_fee) == (cost.price, cost.audit_fee))));
        assert_eq!(books(|books| books.ended.last().copied()), Some((raw(10), ShardEnd::Accepted)));
        assert_eq!((World::bonded(&raw(10)), books(|books| books.grown.clone())), (0, vec![]));
        settle(id);
        assert_eq!((World::bonded(&raw(10)), books(|books| books.grown.clone())), (cost.price, vec![raw(10)]));
        let (settlement, auditors) = books(|books| books.settled[0].clone());
        assert_eq!((settlement.price, settlement.audit_fee), (0, cost.audit_fee));
        assert_eq!(auditors.len(), 4);
        assert_eq!(Balances::balance(&POT.into()), ED + cost.total() - cost.price);
    });
}

#[test]
fn an_apprentice_should_be_credited_what_it_earned_as_one_when_it_is_a_worker_by_the_payment() {
    run(|| {
        let id = accepted();
        books(|books| books.workers.get_mut(&raw(10)).unwrap().apprentice = false);
        settle(id);
        let (_, cost) = costs(id);
        let (settlement, _) = books(|books| books.settled[0].clone());
        assert_eq!((settlement.price, settlement.audit_fee), (cost.price, cost.audit_fee));
        assert_eq!(Balances::balance(&POT.into()), ED + cost.total());
        assert_eq!((World::bonded(&raw(10)), books(|books| books.grown.clone())), (0, vec![]));
    });
}

#[test]
fn an_apprentice_should_earn_nothing_when_its_outputs_are_delivered_to_nobody() {
    run(|| {
        let id = accepted();
        run_for(params().window_blocks + params().delivery_blocks + 2);
        assert!(matches!(shard(id).phase, Phase::Settled { paid: false, .. }));
        assert_eq!((World::bonded(&raw(10)), Balances::balance(&POT.into())), (0, ED));
        assert_eq!(books(|books| books.ended.last().copied()), Some((raw(10), ShardEnd::Undelivered)));
    });
}

proptest! {
    /// The requester pays the same, the apprentice keeps at least half, each auditor gets no less than otherwise.
    #[test]
    fn an_apprentices_cost_should_be_shared_otherwise_and_not_be_more(
        price in 0u128..u128::MAX >> 40,
        audit_ppm in 0u32..4_000_000,
        protocol_ppm in 0u32..1_000_000,
        auditors in 1u32..=8,
    ) {
        let whole = Cost::at_price(price, audit_ppm, protocol_ppm);
        if let Some(cost) = whole.for_apprentice(auditors) {
            prop_assert_eq!(cost.total(), whole.total());
            prop_assert!(cost.price >= whole.price / 2);
            let theirs = u128::from(auditors.max(APPRENTICE_AUDITORS));
            prop_assert!(cost.audit_fee * u128::from(auditors) >= whole.audit_fee * theirs);
        } else {
            prop_assert!(auditors < APPRENTICE_AUDITORS);
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
//! Deadlines that pass.

use super::mock::*;
use crate::{types::MAX_DUE, Agenda, Due, Event};
use quern_primitives::{
    traits::{Collateral, OffenceKind, ShardEnd},
    ShardId,
};
use quern_protocol::{
    shard::{Event as ShardEvent, Phase},
    traits::Shards as _,
};

#[test]
fn deadline_should_requeue_and_take_no_stake_when_a_worker_does_not_start() {
    run(|| {
        let id = assigned();
        run_for(params().start_blocks);
        assert!(!is_queued(id));
        run_for(1);
        assert!(is_queued(id));
        assert_eq!(World::free(&raw(10)), World::bonded(&raw(10)));
        assert_eq!(books(|books| books.ended.clone()), vec![(raw(10), ShardEnd::Unstarted)]);
        assert!(has_event(Event::ShardLate { shard: id, worker: account(10) }));
    });
}

#[test]
fn deadline_should_move_on_when_the_worker_started_in_time() {
    run(|| {
        let id = running();
        let by = shard(id).expires().unwrap();
        run_to(by - 1);
        assert!(matches!(shard(id).phase, Phase::Running { .. }));
        run_to(by);
        assert!(is_queued(id));
    });
}

#[test]
fn deadline_should_report_the_worker_when_it_does_not_open() {
    run(|| {
        let id = assigned();
        let collateral = shard(id).deal().unwrap().collateral;
        commit(id);
        draw(id, 2);
        run_for(params().open_blocks + 1);
        assert!(is_queued(id));
        let offences = books(|books| books.offences.clone());
        assert_eq!(offences.len(), 1);
        assert_eq!((offences[0].kind, offences[0].offender), (OffenceKind::Withheld, raw(10)));
        assert_eq!((offences[0].locked, &offences[0].restitution), (collateral, &None));
        assert_eq!(books(|books| books.ended.clone()), vec![(raw(10), ShardEnd::Convicted)]);
        assert_eq!(books(|books| books.closed.clone()), vec![id]);
        assert_eq!(World::free(&raw(AUDITORS[0])), World::bonded(&raw(AUDITORS[0])));
    });
}

#[test]
fn shard_should_be_queued_again_and_its_worker_be_no_worse_when_no_draw_finds_validators() {
    run(|| {
        let id = assigned();
        commit(id);
        let begins = System::block_number();
        while matches!(shard(id).phase, Phase::Committed { .. }) {
            assert!(System::block_number() < begins + shard(id).seat_blocks(&params()) + 4 * PERIOD);
            next_period();
            let _ = Jobs::apply(&id, ShardEvent::Unseated);
        }
        assert!(System::block_number() >= begins + shard(id).seat_blocks(&params()));
        assert!(is_queued(id));
        assert_eq!(World::free(&raw(10)), World::bonded(&raw(10)));
        assert_eq!(books(|books| books.ended.clone()), vec![(raw(10), ShardEnd::Unaudited)]);
        assert!(has_event(Event::ShardRequeued { shard: id, attempt: 1 }));
    });
}

#[test]
fn deadline_should_fine_the_absent_and_draw_again_when_nobody_seals() {
    run(|| {
        let id = assigned();
        commit(id);
        draw(id, 2);
        Jobs::apply(&id, ShardEvent::Open { by: raw(10), digest: [0; 32] }).unwrap();
        let again = shard(id).expires().unwrap() - System::block_number();
        run_for(again);
        let kinds: Vec<_> = books(|books| books.offences.iter().map(|offence| offence.kind).collect());
        assert_eq!(kinds, vec![OffenceKind::AuditNoShow; 2]);
        assert!(books(|books| books.ended.is_empty()));
        let next = System::block_number() / PERIOD + 1;
        assert!(matches!(shard(id).phase, Phase::Committed { period, .. } if period == next));
        assert_eq!(books(|books| books.committed.last().copied()), Some((id, next)));
    });
}

#[test]
fn deadline_should_be_put_off_by_as_many_blocks_as_deadlines_lag() {
    run(|| {
        let id = assigned();
        let expires = shard(id).expires().unwrap();
        LagBlocks::set(7);
        run_to(expires + 6);
        // Whoever is late by the height alone is still in time.
        assert!(matches!(shard(id).phase, Phase::Assigned { .. }));
        LagBlocks::set(10);
        run_to(expires + 9);
        assert!(matches!(shard(id).phase, Phase::Assigned { .. }));
        let start = shard(id);
        Jobs::apply(&id, ShardEvent::Start(raw(10))).unwrap();
        Jobs::put_shard(&shard(id), &start);
        run_to(expires + 10);
        assert!(is_queued(id));
        assert_eq!(books(|books| books.ended.clone()), vec![(raw(10), ShardEnd::Unstarted)]);
    });
}

#[test]
fn deadlines_should_spill_over_when_a_height_is_full() {
    run(|| {
        let id = assigned();
        let at = shard(id).expires().unwrap();
        Due::<Test>::remove(id);
        let others: Vec<_> = (0..MAX_DUE).map(|index| ShardId { job: 99, stage: 0, index }).collect();
        Agenda::<Test>::insert(at, frame_support::BoundedVec::try_from(others).unwrap());
        let shard = shard(id);
        Jobs::put_shard(&shard, &shard);
        assert_eq!(Due::<Test>::get(id), Some(at + 1));
        System::set_block_number(at);
        assert_eq!(Jobs::expire(at), MAX_DUE);
        assert!(!is_queued(id));
        System::set_block_number(at + 1);
        assert_eq!(Jobs::expire(at + 1), 1);
        assert!(is_queued(id));
    });
}

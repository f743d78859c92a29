// SPDX-License-Identifier: Apache-2.0
//! `commit_shards`.

use super::mock::*;
use crate::{Error, Event};
use frame_support::{assert_noop, assert_ok, BoundedVec};
use quern_primitives::{BlobId, ShardId};
use quern_protocol::shard::Phase;

type Commits = BoundedVec<(ShardId, BlobId, [u8; 32]), frame_support::traits::ConstU32<16>>;

fn commits(shards: &[ShardId]) -> Commits {
    shards.iter().map(|id| (*id, root_of(*id), [7; 32])).collect::<Vec<_>>().try_into().unwrap()
}

/// A job whose two shards worker 10 has started.
fn two() -> [ShardId; 2] {
    worker(10, BID / 2, 4);
    let job = submit(simple(8, 4));
    next_period();
    next_period();
    let ids = [at(job, 0, 0), at(job, 0, 1)];
    for id in ids {
        assert_ok!(Jobs::start_shard(signed(10), id));
    }
    ids
}

#[test]
fn commit_shards_should_ask_for_a_draw_when_the_worker_calls() {
    run(|| {
        let ids = two();
        assert_ok!(Jobs::commit_shards(signed(10), commits(&ids)));
        let period = System::block_number() / PERIOD + 1;
        for id in ids {
            let made = *shard(id).commitment().unwrap();
            assert_eq!((made.root, made.secret_hash, made.at), (root_of(id), [7; 32], System::block_number()));
            assert!(matches!(shard(id).phase, Phase::Committed { period: drawn, .. } if drawn == period));
            assert!(has_event(Event::ShardCommitted { shard: id, worker: account(10), root: root_of(id) }));
        }
        assert_eq!(books(|books| books.committed.clone()), ids.map(|id| (id, period)).to_vec());
    });
}

#[test]
fn commit_shards_should_fail_when_there_is_nothing_to_commit() {
    run(|| {
        running();
        assert_noop!(Jobs::commit_shards(signed(10), commits(&[])), Error::<Test>::NoCommits);
    });
}

#[test]
fn commit_shards_should_fail_when_there_is_no_room_for_a_draw() {
    run(|| {
        let id = running();
        books(|books| books.no_room = true);
        assert_noop!(Jobs::commit_shards(signed(10), commits(&[id])), Error::<Test>::AuditsFull);
    });
}

#[test]
fn commit_shards_should_commit_none_when_one_is_refused() {
    run(|| {
        let ids = two();
        let other = at(ids[0].job, 0, 2);
        let refused = |list: &[ShardId], error: Error<Test>| {
            assert_noop!(
                frame_support::storage::with_storage_layer(|| Jobs::commit_shards(signed(10), commits(list))),
                error
            );
        };
        refused(&[ids[0], other], Error::<Test>::NoSuchShard);
        refused(&[ids[0], ids[0]], Error::<Test>::WrongPhase);
    });
}

#[test]
fn commit_shards_should_fail_when_it_is_not_the_callers() {
    run(|| {
        let id = running();
        assert_noop!(Jobs::commit_shards(signed(11), commits(&[id])), Error::<Test>::NotYours);
        assert_noop!(Jobs::commit_shards(RuntimeOrigin::none(), commits(&[id])), sp_runtime::DispatchError::BadOrigin);
    });
}

#[test]
fn commit_shards_should_fail_when_it_is_not_started() {
    run(|| {
        let id = assigned();
        assert_noop!(Jobs::commit_shards(signed(10), commits(&[id])), Error::<Test>::WrongPhase);
    });
}

#[test]
fn commit_shards_should_fail_when_the_deadline_has_passed() {
    run(|| {
        let id = running();
        let now = System::block_number();
        System::set_block_number(shard(id).expires().unwrap());
        assert_noop!(Jobs::commit_shards(signed(10), commits(&[id])), Error::<Test>::TooLate);
        System::set_block_number(now);
    });
}

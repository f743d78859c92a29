// SPDX-License-Identifier: Apache-2.0
use super::mock::*;
use crate::{Error, Event};
use frame_support::{assert_noop, assert_ok};
use quern_protocol::shard::Phase;

#[test]
fn open_checkpoints_should_start_the_audit_when_the_worker_posts_its_digest() {
    test(|| {
        let case = Case::honest().drawn();
        let digest = case.opened_digest();
        assert_ok!(Verification::open_checkpoints(signed(WORKER), case.id(), digest));
        assert!(matches!(case.shard().phase, Phase::Auditing { .. }));
        assert_eq!(last_event(), Event::CheckpointsOpened { shard: case.id(), worker: account(WORKER), digest });
    });
}

#[test]
fn open_checkpoints_should_cost_nothing_when_it_is_accepted() {
    test(|| {
        let case = Case::honest().drawn();
        let done = Verification::open_checkpoints(signed(WORKER), case.id(), case.opened_digest()).unwrap();
        assert_eq!(done.pays_fee, frame_support::dispatch::Pays::No);
    });
}

#[test]
fn open_checkpoints_should_fail_when_another_account_signs() {
    test(|| {
        let case = Case::honest().drawn();
        let other = case.auditors()[0];
        assert_noop!(Verification::open_checkpoints(signed(other), case.id(), [0; 32]), Error::<Test>::NotYours);
    });
}

#[test]
fn open_checkpoints_should_fail_when_the_deadline_has_passed() {
    test(|| {
        let case = Case::honest().drawn();
        System::set_block_number(System::block_number() + PARAMS.open_blocks + 1);
        assert_noop!(Verification::open_checkpoints(signed(WORKER), case.id(), [0; 32]), Error::<Test>::TooLate);
    });
}

#[test]
fn open_checkpoints_should_fail_when_it_was_done() {
    test(|| {
        let case = Case::honest().opened();
        assert_noop!(Verification::open_checkpoints(signed(WORKER), case.id(), [0; 32]), Error::<Test>::WrongPhase);
    });
}

#[test]
fn open_checkpoints_should_fail_when_the_shard_is_not_drawn() {
    test(|| {
        let case = Case::honest().committed();
        assert_noop!(Verification::open_checkpoints(signed(WORKER), case.id(), [0; 32]), Error::<Test>::WrongPhase);
    });
}

#[test]
fn open_checkpoints_should_fail_when_there_is_no_such_shard() {
    test(|| {
        let id = Case::honest().id();
        assert_noop!(Verification::open_checkpoints(signed(WORKER), id, [0; 32]), Error::<Test>::UnknownShard);
    });
}

#[test]
fn silence_should_lose_the_collateral_when_checkpoints_are_owed() {
    test(|| {
        let case = Case::honest().drawn();
        blocks(PARAMS.open_blocks + 1);
        assert_eq!(case.shard().phase, Phase::Queued);
        assert_eq!(Bonds::of(&raw(WORKER)), (RICH - COLLATERAL, 0));
    });
}

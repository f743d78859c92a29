// SPDX-License-Identifier: Apache-2.0
use super::mock::*;
use crate::{Agenda, Disputes, DisputesOf, Event};
use frame_support::assert_ok;
use quern_primitives::traits::{Collateral, OffenceKind};
use quern_protocol::{dispute::Outcome, shard::Phase};

#[test]
fn silence_should_lose_the_collateral_when_the_worker_owes_the_trace() {
    test(|| {
        let (case, challenger, dispute) = Case::flipped().disputed();
        let position = case.wrong_position();
        blocks(PARAMS.move_blocks);
        assert!(Disputes::<Test>::contains_key(dispute));
        block();
        assert!(events().contains(&case.closed(dispute, challenger, position, Outcome::WorkerSilent)));
        assert_eq!(case.shard().phase, Phase::Queued);
        assert_eq!(Bonds::of(&raw(WORKER)), (RICH - COLLATERAL, 0));
        assert_eq!(Keeper::offences()[0].0, OffenceKind::Withheld as u8);
        assert_eq!(Verification::stats().worker_silent, 1);
    });
}

#[test]
fn silence_should_lose_the_collateral_when_the_worker_owes_its_output() {
    test(|| {
        let (_, challenger, dispute, _) = Case::flipped().named();
        assert_ok!(Verification::demand_output(signed(challenger), dispute, 0));
        blocks(PARAMS.move_blocks + 1);
        assert_eq!(Case::outcome(), Some(Outcome::WorkerSilent));
    });
}

#[test]
fn silence_should_lose_the_bond_when_the_challenger_owes_the_operator() {
    test(|| {
        let (case, challenger, _) = Case::flipped().traced();
        blocks(PARAMS.move_blocks + 1);
        assert_eq!(Case::outcome(), Some(Outcome::ChallengerSilent));
        assert_eq!(Bonds::of(&raw(challenger)), (RICH - BOND, 0));
        assert_eq!(Verification::stats().challenger_silent, 1);
        // The other validator has said nothing either: the worker stands, and new validators are drawn.
        assert!(matches!(case.shard().phase, Phase::Committed { .. }));
        assert_eq!(Bonds::of(&raw(WORKER)), (RICH, COLLATERAL));
    });
}

#[test]
fn silence_should_lose_the_bond_when_the_challenger_owes_the_conviction() {
    test(|| {
        let (_, challenger, _, _) = Case::flipped().named();
        blocks(PARAMS.move_blocks + 1);
        assert_eq!(Case::outcome(), Some(Outcome::ChallengerSilent));
        assert_eq!(Bonds::of(&raw(challenger)), (RICH - BOND, 0));
    });
}

#[test]
fn deadline_should_be_put_off_when_a_party_moves() {
    test(|| {
        let (case, _, dispute) = Case::flipped().disputed();
        blocks(PARAMS.move_blocks);
        case.post_trace(dispute);
        blocks(PARAMS.move_blocks);
        assert!(Disputes::<Test>::contains_key(dispute));
        block();
        assert_eq!(Case::outcome(), Some(Outcome::ChallengerSilent));
    });
}

#[test]
fn deadline_should_be_put_off_by_as_many_blocks_as_deadlines_lag() {
    test(|| {
        let (_, _, dispute) = Case::flipped().disputed();
        LagBlocks::set(5);
        blocks(PARAMS.move_blocks + 5);
        assert!(Disputes::<Test>::contains_key(dispute));
        block();
        assert_eq!(Case::outcome(), Some(Outcome::WorkerSilent));
    });
}

#[test]
fn move_should_be_in_time_when_it_is_late_by_the_height_alone() {
    test(|| {
        let (case, _, dispute) = Case::flipped().disputed();
        LagBlocks::set(5);
        blocks(PARAMS.move_blocks + 5);
        case.post_trace(dispute);
        LagBlocks::set(0);
        blocks(PARAMS.move_blocks);
        assert!(Disputes::<Test>::contains_key(dispute), "the next deadline runs from the height");
        block();
        assert_eq!(Case::outcome(), Some(Outcome::ChallengerSilent));
    });
}

#[test]
fn deadline_should_wait_for_the_next_block_when_a_block_is_full() {
    test(|| {
        // Three challengers at one height, two deadlines a block.
        Plan::set((16, 3));
        let case = Case::flipped().revealed();
        let position = case.wrong_position();
        let disputes: Vec<_> = case.auditors().into_iter().map(|who| case.open(who, position)).collect();
        let at = System::block_number() + PARAMS.move_blocks + 1;
        assert_eq!(Agenda::<Test>::get(at).into_inner(), disputes[..2]);
        assert_eq!(Agenda::<Test>::get(at + 1).into_inner(), disputes[2..]);
    });
}

#[test]
fn deadline_should_end_the_dispute_when_the_keeper_has_lost_the_shard() {
    test(|| {
        let (case, _, dispute) = Case::flipped().disputed();
        Keeper::forget(&case.id());
        blocks(PARAMS.move_blocks + 1);
        assert!(events().contains(&Event::DisputeMoot { dispute, shard: case.id() }));
        [WORKER].iter().chain(&VALIDATORS).for_each(|who| Bonds::release(&raw(*who), Bonds::of(&raw(*who)).1));
    });
}

#[test]
fn dispute_should_stay_and_be_tried_again_when_its_end_fails() {
    test(|| {
        let (case, challenger, dispute) = Case::flipped().disputed();
        Broken::set(true);
        blocks(PARAMS.move_blocks + 1);
        let stuck = Event::DisputeStuck { dispute, shard: case.id() };
        assert_eq!(last_event(), stuck);
        assert!(Disputes::<Test>::contains_key(dispute));
        assert_eq!(Bonds::of(&raw(WORKER)), (RICH, COLLATERAL));
        check();
        blocks(10);
        assert_eq!(events().iter().filter(|event| **event == stuck).count(), 2);
        Broken::set(false);
        let position = case.wrong_position();
        blocks(10);
        assert!(events().contains(&case.closed(dispute, challenger, position, Outcome::WorkerSilent)));
        assert_eq!(Disputes::<Test>::count(), 0);
    });
}

#[test]
fn state_should_be_refused_when_a_shard_waits_for_a_dispute_that_there_is_not() {
    test(|| {
        let (case, _, dispute) = Case::flipped().disputed();
        let stored = Disputes::<Test>::take(dispute).unwrap();
        DisputesOf::<Test>::remove(case.id());
        let refused = Verification::do_try_state().unwrap_err();
        let reason = "a shard waits for a dispute that there is not, or has one too many";
        assert_eq!(refused, sp_runtime::TryRuntimeError::Other(reason));
        Disputes::<Test>::insert(dispute, stored);
        DisputesOf::<Test>::try_append(case.id(), dispute).unwrap();
    });
}

#[test]
fn agenda_should_be_empty_when_all_disputes_are_over() {
    test(|| {
        let (_, challenger, dispute, op) = Case::flipped().named();
        let _ = (challenger, dispute, op);
        blocks(3 * PARAMS.move_blocks);
        assert_eq!(Agenda::<Test>::iter().count(), 0);
        assert_eq!(Disputes::<Test>::count(), 0);
    });
}

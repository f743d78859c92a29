// SPDX-License-Identifier: Apache-2.0
use super::mock::*;
use crate::{Disputes, Error, Event};
use frame_support::{assert_noop, assert_ok, dispatch::DispatchResultWithPostInfo};
use quern_primitives::{BlobId, DisputeId};
use quern_protocol::dispute::{Move, Outline, Posted};

fn outline(case: &Case) -> Outline {
    case.world.outline(&case.worker, case.wrong_position()).unwrap()
}

fn post(who: u8, dispute: DisputeId, outline: Outline) -> DispatchResultWithPostInfo {
    Verification::post_outline(signed(who), dispute, outline)
}

#[test]
fn post_outline_should_oblige_the_challenger_when_the_result_follows() {
    test(|| {
        let (case, challenger, dispute) = Case::long().disputed();
        assert_ok!(post(WORKER, dispute, outline(&case)));
        let stored = Disputes::<Test>::get(dispute).unwrap();
        assert_eq!((stored.turn, stored.trace), (Move::NamePart, Some(Posted::Outline(outline(&case)))));
        let deadline = System::block_number() + PARAMS.move_blocks;
        let (by, owed_by) = (account(WORKER), account(challenger));
        assert_eq!(last_event(), Event::DisputeMoved { dispute, by, owed_by, deadline });
    });
}

#[test]
fn post_outline_should_fail_when_the_result_does_not_follow() {
    test(|| {
        let (case, _, dispute) = Case::long().disputed();
        let honest = case.world.outline(&case.honest, case.wrong_position()).unwrap();
        assert_noop!(post(WORKER, dispute, honest), Error::<Test>::ResultMismatch);
    });
}

#[test]
fn post_outline_should_fail_when_there_is_state_that_the_segment_does_not_start_from() {
    test(|| {
        let (case, _, dispute) = Case::long().disputed();
        let mut other = outline(&case);
        other.state.try_push(BlobId::of(b"another")).unwrap();
        assert_noop!(post(WORKER, dispute, other), Error::<Test>::StateMismatch);
    });
}

#[test]
fn post_outline_should_fail_when_a_part_is_missing() {
    test(|| {
        let (case, _, dispute) = Case::long().disputed();
        let mut shorter = outline(&case);
        shorter.parts.pop();
        assert_noop!(post(WORKER, dispute, shorter), Error::<Test>::TraceLength);
    });
}

#[test]
fn post_outline_should_fail_when_the_trace_is_posted_whole() {
    test(|| {
        let long = Case::long();
        let outline = long.world.outline(&long.worker, 1).unwrap();
        let (_, _, dispute) = Case::flipped().disputed();
        assert_noop!(post(WORKER, dispute, outline), Error::<Test>::TraceForm);
    });
}

#[test]
fn post_outline_should_fail_when_somebody_else_signs() {
    test(|| {
        let (case, challenger, dispute) = Case::long().disputed();
        for other in [challenger, STRANGER] {
            assert_noop!(post(other, dispute, outline(&case)), Error::<Test>::NotYourMove);
        }
    });
}

#[test]
fn post_outline_should_fail_when_it_was_done() {
    test(|| {
        let (case, _, dispute) = Case::outlined();
        assert_noop!(post(WORKER, dispute, outline(&case)), Error::<Test>::WrongMove);
    });
}

#[test]
fn post_outline_should_fail_when_the_deadline_has_passed() {
    test(|| {
        let (case, _, dispute) = Case::long().disputed();
        System::set_block_number(System::block_number() + PARAMS.move_blocks + 1);
        assert_noop!(post(WORKER, dispute, outline(&case)), Error::<Test>::MoveTooLate);
    });
}

#[test]
fn post_outline_should_fail_when_there_is_no_such_dispute() {
    test(|| {
        let (case, _, dispute) = Case::long().disputed();
        assert_noop!(post(WORKER, dispute + 1, outline(&case)), Error::<Test>::UnknownDispute);
    });
}

#[test]
fn challenger_should_lose_when_it_names_no_part_in_time() {
    test(|| {
        let (_, _, _) = Case::outlined();
        blocks(PARAMS.move_blocks + 2);
        assert_eq!(Case::outcome(), Some(quern_protocol::dispute::Outcome::ChallengerSilent));
    });
}

// SPDX-License-Identifier: Apache-2.0
use super::mock::*;
use crate::{Disputes, Error, Event};
use frame_support::{assert_noop, assert_ok};
use quern_primitives::BlobId;
use quern_protocol::dispute::{Move, Posted, Trace};

fn trace(case: &Case) -> Trace {
    case.world.trace(&case.worker, case.wrong_position())
}

#[test]
fn post_trace_should_oblige_the_challenger_when_the_result_follows() {
    test(|| {
        let (case, challenger, dispute) = Case::flipped().disputed();
        assert_ok!(Verification::post_trace(signed(WORKER), dispute, trace(&case)));
        let stored = Disputes::<Test>::get(dispute).unwrap();
        assert_eq!((stored.turn, stored.trace), (Move::Name, Some(Posted::Whole(trace(&case)))));
        let deadline = System::block_number() + PARAMS.move_blocks;
        let (by, owed_by) = (account(WORKER), account(challenger));
        assert_eq!(last_event(), Event::DisputeMoved { dispute, by, owed_by, deadline });
    });
}

#[test]
fn post_trace_should_fail_when_the_result_does_not_follow() {
    test(|| {
        let (case, _, dispute) = Case::flipped().disputed();
        let honest = case.world.trace(&case.honest, case.wrong_position());
        assert_noop!(Verification::post_trace(signed(WORKER), dispute, honest), Error::<Test>::ResultMismatch);
    });
}

#[test]
fn post_trace_should_fail_when_the_state_is_another_one() {
    test(|| {
        let (case, _, dispute) = Case::flipped().disputed();
        let mut other = trace(&case);
        other.state[0] = BlobId::of(b"another");
        assert_noop!(Verification::post_trace(signed(WORKER), dispute, other), Error::<Test>::StateMismatch);
    });
}

#[test]
fn post_trace_should_fail_when_an_operator_is_missing() {
    test(|| {
        let (case, _, dispute) = Case::flipped().disputed();
        let mut shorter = trace(&case);
        shorter.outputs.pop();
        assert_noop!(Verification::post_trace(signed(WORKER), dispute, shorter), Error::<Test>::TraceLength);
    });
}

#[test]
fn post_trace_should_fail_when_somebody_else_signs() {
    test(|| {
        let (case, challenger, dispute) = Case::flipped().disputed();
        for other in [challenger, STRANGER] {
            assert_noop!(Verification::post_trace(signed(other), dispute, trace(&case)), Error::<Test>::NotYourMove);
        }
    });
}

#[test]
fn post_trace_should_fail_when_it_was_done() {
    test(|| {
        let (case, _, dispute) = Case::flipped().traced();
        assert_noop!(Verification::post_trace(signed(WORKER), dispute, trace(&case)), Error::<Test>::WrongMove);
    });
}

#[test]
fn post_trace_should_fail_when_the_deadline_has_passed() {
    test(|| {
        let (case, _, dispute) = Case::flipped().disputed();
        System::set_block_number(System::block_number() + PARAMS.move_blocks + 1);
        assert_noop!(Verification::post_trace(signed(WORKER), dispute, trace(&case)), Error::<Test>::MoveTooLate);
    });
}

#[test]
fn post_trace_should_fail_when_there_is_no_such_dispute() {
    test(|| {
        let (case, _, dispute) = Case::flipped().disputed();
        assert_noop!(
            Verification::post_trace(signed(WORKER), dispute + 1, trace(&case)),
            Error::<Test>::UnknownDispute
        );
    });
}

#[test]
fn post_trace_should_fail_when_the_segment_has_too_many_operators_for_it() {
    test(|| {
        let (_, _, dispute) = Case::long().disputed();
        let trace = Trace { state: Default::default(), outputs: vec![BlobId::default(); 1_024].try_into().unwrap() };
        assert_noop!(Verification::post_trace(signed(WORKER), dispute, trace), Error::<Test>::TraceForm);
    });
}

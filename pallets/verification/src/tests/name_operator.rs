// SPDX-License-Identifier: Apache-2.0
use super::mock::*;
use crate::{Disputes, Error};
use frame_support::{assert_noop, assert_ok};
use quern_protocol::dispute::Move;

#[test]
fn name_operator_should_fix_the_output_in_dispute_when_the_trace_is_posted() {
    test(|| {
        let (case, challenger, dispute) = Case::flipped().traced();
        assert_ok!(Verification::name_operator(signed(challenger), dispute, 1));
        let stored = Disputes::<Test>::get(dispute).unwrap();
        let Move::Convict { op, shown, chunk } = stored.turn else { panic!("a conviction is owed") };
        let root = case.world.trace(&case.worker, case.wrong_position()).outputs[1].0;
        assert_eq!((op, shown.len(), shown[0].chunks, shown[0].value, chunk), (1, 1, 4, root, None));
    });
}

#[test]
fn name_operator_should_fail_when_there_is_no_such_operator() {
    test(|| {
        let (_, challenger, dispute) = Case::flipped().traced();
        assert_noop!(Verification::name_operator(signed(challenger), dispute, 4), Error::<Test>::NoSuchElement);
    });
}

#[test]
fn name_operator_should_fail_when_the_trace_is_not_posted() {
    test(|| {
        let (_, challenger, dispute) = Case::flipped().disputed();
        assert_noop!(Verification::name_operator(signed(challenger), dispute, 1), Error::<Test>::WrongMove);
    });
}

#[test]
fn name_operator_should_fail_when_somebody_else_signs() {
    test(|| {
        let (case, _, dispute) = Case::flipped().traced();
        for other in [WORKER, case.auditors()[1], STRANGER] {
            assert_noop!(Verification::name_operator(signed(other), dispute, 1), Error::<Test>::NotYourMove);
        }
    });
}

#[test]
fn name_operator_should_fail_when_the_deadline_has_passed() {
    test(|| {
        let (_, challenger, dispute) = Case::flipped().traced();
        System::set_block_number(System::block_number() + PARAMS.move_blocks + 1);
        assert_noop!(Verification::name_operator(signed(challenger), dispute, 1), Error::<Test>::MoveTooLate);
    });
}

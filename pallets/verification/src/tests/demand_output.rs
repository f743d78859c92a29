// SPDX-License-Identifier: Apache-2.0
use super::mock::*;
use crate::{Disputes, Error};
use frame_support::{assert_noop, assert_ok};
use quern_protocol::dispute::Move;

#[test]
fn demand_output_should_oblige_the_worker_when_the_challenger_asks() {
    test(|| {
        let (_, challenger, dispute, _) = Case::flipped().named();
        assert_ok!(Verification::demand_output(signed(challenger), dispute, 0));
        let stored = Disputes::<Test>::get(dispute).unwrap();
        assert_eq!(stored.owed_by(), &raw(WORKER));
        assert!(matches!(stored.turn, Move::Output { op: 1, node } if node.chunks == 4));
    });
}

#[test]
fn demand_output_should_fail_when_no_such_node_is_shown() {
    test(|| {
        let (_, challenger, dispute, _) = Case::flipped().named();
        assert_noop!(Verification::demand_output(signed(challenger), dispute, 1), Error::<Test>::NoSuchElement);
    });
}

#[test]
fn demand_output_should_fail_when_no_operator_is_named() {
    test(|| {
        let (_, challenger, dispute) = Case::flipped().traced();
        assert_noop!(Verification::demand_output(signed(challenger), dispute, 0), Error::<Test>::WrongMove);
    });
}

#[test]
fn demand_output_should_fail_when_somebody_else_asks() {
    test(|| {
        let (_, _, dispute, _) = Case::flipped().named();
        for other in [WORKER, STRANGER] {
            assert_noop!(Verification::demand_output(signed(other), dispute, 0), Error::<Test>::NotYourMove);
        }
    });
}

#[test]
fn demand_output_should_fail_when_the_deadline_has_passed() {
    test(|| {
        let (_, challenger, dispute, _) = Case::flipped().named();
        System::set_block_number(System::block_number() + PARAMS.move_blocks + 1);
        assert_noop!(Verification::demand_output(signed(challenger), dispute, 0), Error::<Test>::MoveTooLate);
    });
}

#[test]
fn demand_output_should_fail_when_the_chunk_is_shown() {
    test(|| {
        // The finishing row sums are one chunk.
        let (case, challenger, dispute, op) = Case::lying(0, 3, 0, |bytes| bytes[0] ^= 1).named();
        assert_ok!(Verification::demand_output(signed(challenger), dispute, 0));
        let bytes = case.claimed(op).try_into().unwrap();
        assert_ok!(Verification::open_chunk(signed(WORKER), dispute, bytes));
        assert!(Verification::demand_output(signed(challenger), dispute, 0).is_err());
    });
}

#[test]
fn demand_output_should_ask_for_a_part_when_an_outline_is_posted() {
    test(|| {
        let (_, challenger, dispute) = Case::outlined();
        assert_noop!(Verification::demand_output(signed(challenger), dispute, 35), Error::<Test>::NoSuchElement);
        assert_noop!(Verification::demand_output(signed(challenger), dispute, u32::MAX), Error::<Test>::NoSuchElement);
        assert_noop!(Verification::demand_output(signed(WORKER), dispute, 32), Error::<Test>::NotYourMove);
        assert_ok!(Verification::demand_output(signed(challenger), dispute, 34));
        let stored = Disputes::<Test>::get(dispute).unwrap();
        assert_eq!((stored.turn.clone(), *stored.owed_by()), (Move::Part { part: 34 }, raw(WORKER)));
    });
}

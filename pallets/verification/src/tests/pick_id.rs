// SPDX-License-Identifier: Apache-2.0
use super::mock::*;
use crate::{Disputes, Error};
use frame_support::{assert_noop, assert_ok};
use quern_protocol::dispute::Move;

#[test]
fn pick_id_should_oblige_the_worker_to_prove_the_ends_when_the_segment_is_found() {
    test(|| {
        let (case, _, dispute) = Case::flipped().found();
        let stored = Disputes::<Test>::get(dispute).unwrap();
        assert_eq!((stored.turn.clone(), *stored.owed_by()), (Move::Prove, raw(WORKER)));
        assert_eq!((stored.position, stored.start, stored.end), (5, Some(case.honest.id(4)), case.worker.id(5)));
    });
}

#[test]
fn pick_id_should_find_the_segment_of_the_opened_end_when_nothing_before_it_differs() {
    test(|| {
        let (case, challenger, dispute) = Case::flipped().asked();
        assert_ok!(Verification::pick_id(signed(challenger), dispute, 3));
        let stored = Disputes::<Test>::get(dispute).unwrap();
        assert_eq!((stored.position, stored.start), (7, Some(case.worker.id(6))));
    });
}

#[test]
fn pick_id_should_fail_when_there_is_no_such_id() {
    test(|| {
        let (_, challenger, dispute) = Case::flipped().asked();
        assert_noop!(Verification::pick_id(signed(challenger), dispute, 4), Error::<Test>::NoSuchElement);
    });
}

#[test]
fn pick_id_should_fail_when_another_move_or_account_is_due_or_it_is_too_late() {
    test(|| {
        let (_, challenger, dispute) = Case::flipped().asked();
        assert_noop!(Verification::pick_id(signed(WORKER), dispute, 1), Error::<Test>::NotYourMove);
        assert_noop!(Verification::pick_id(signed(challenger), dispute + 1, 1), Error::<Test>::UnknownDispute);
        System::set_block_number(System::block_number() + PARAMS.move_blocks + 1);
        assert_noop!(Verification::pick_id(signed(challenger), dispute, 1), Error::<Test>::MoveTooLate);
    });
    test(|| {
        let (_, challenger, dispute) = Case::flipped().searched();
        assert_noop!(Verification::pick_id(signed(challenger), dispute, 1), Error::<Test>::WrongMove);
    });
}

// SPDX-License-Identifier: Apache-2.0
use super::mock::*;
use crate::{Disputes, Error};
use frame_support::{assert_noop, assert_ok, dispatch::DispatchResultWithPostInfo};
use quern_primitives::{BlobId, DisputeId};
use quern_protocol::dispute::Move;

fn name(who: u8, dispute: DisputeId, count: usize) -> DispatchResultWithPostInfo {
    Verification::name_ids(signed(who), dispute, vec![BlobId([1; 32]); count].try_into().unwrap())
}

#[test]
fn name_ids_should_oblige_the_challenger_to_pick() {
    test(|| {
        let (case, challenger, dispute) = Case::flipped().asked();
        let stored = Disputes::<Test>::get(dispute).unwrap();
        assert_eq!(stored.owed_by(), &raw(challenger));
        let Move::Pick { ids, .. } = stored.turn else { panic!("a pick is owed") };
        assert_eq!(ids.to_vec(), case.worker.ids(&[4, 5, 6]));
    });
}

#[test]
fn name_ids_should_fail_when_there_are_more_or_fewer() {
    test(|| {
        let (_, _, dispute) = Case::flipped().searched();
        assert_noop!(name(WORKER, dispute, 2), Error::<Test>::WrongIdCount);
        assert_noop!(name(WORKER, dispute, 4), Error::<Test>::WrongIdCount);
        assert_ok!(name(WORKER, dispute, 3));
    });
}

#[test]
fn name_ids_should_fail_when_another_move_or_account_is_due_or_it_is_too_late() {
    test(|| {
        let (_, challenger, dispute) = Case::flipped().searched();
        // What is named is not proven: it is the worker's word alone.
        assert_noop!(name(STRANGER, dispute, 3), Error::<Test>::NotYourMove);
        assert_noop!(name(challenger, dispute, 3), Error::<Test>::NotYourMove);
        assert_noop!(name(WORKER, dispute + 1, 3), Error::<Test>::UnknownDispute);
        System::set_block_number(System::block_number() + PARAMS.move_blocks + 1);
        assert_noop!(name(WORKER, dispute, 3), Error::<Test>::MoveTooLate);
    });
    test(|| {
        let (_, _, dispute) = Case::flipped().asked();
        assert_noop!(name(WORKER, dispute, 3), Error::<Test>::WrongMove);
    });
}

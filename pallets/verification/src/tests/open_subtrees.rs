// SPDX-License-Identifier: Apache-2.0
use super::mock::*;
use crate::{Disputes, Error};
use frame_support::{assert_noop, assert_ok, dispatch::DispatchResultWithPostInfo};
use quern_primitives::{
    slice::{self, Cv, Node},
    DisputeId,
};
use quern_protocol::dispute::Move;

/// The worker owes the subtrees of the flipped operator's output.
fn demanded() -> (Case, u8, DisputeId, Vec<Cv>) {
    let (case, challenger, dispute, op) = Case::flipped().named();
    assert_ok!(Verification::demand_output(signed(challenger), dispute, 0));
    let output = case.claimed(op);
    let values = slice::open_subtrees(&output, Node::root(output.len() as u64)).unwrap();
    (case, challenger, dispute, values)
}

fn open(who: u8, dispute: DisputeId, values: Vec<Cv>) -> DispatchResultWithPostInfo {
    Verification::open_subtrees(signed(who), dispute, values.try_into().unwrap())
}

#[test]
fn open_subtrees_should_show_the_nodes_when_they_hash_to_the_output() {
    test(|| {
        let (_, challenger, dispute, values) = demanded();
        assert_ok!(open(WORKER, dispute, values.clone()));
        let stored = Disputes::<Test>::get(dispute).unwrap();
        assert_eq!(stored.owed_by(), &raw(challenger));
        let Move::Convict { shown, .. } = stored.turn else { panic!("a conviction is owed") };
        assert_eq!(shown.iter().map(|node| node.value).collect::<Vec<_>>(), values);
        assert_eq!(shown.iter().map(|node| node.first_chunk).collect::<Vec<_>>(), [0, 1, 2, 3]);
    });
}

#[test]
fn open_subtrees_should_fail_when_a_value_is_wrong_missing_or_too_many() {
    test(|| {
        let (_, _, dispute, values) = demanded();
        let mut wrong = values.clone();
        wrong[2][0] ^= 1;
        assert_noop!(open(WORKER, dispute, wrong), Error::<Test>::ProofMismatch);
        assert_noop!(open(WORKER, dispute, values[..3].to_vec()), Error::<Test>::SubtreeCount);
        assert_noop!(open(WORKER, dispute, [values, vec![[0; 32]]].concat()), Error::<Test>::SubtreeCount);
    });
}

#[test]
fn open_subtrees_should_fail_when_a_chunk_is_owed() {
    test(|| {
        let (_, challenger, dispute, values) = demanded();
        assert_ok!(open(WORKER, dispute, values.clone()));
        assert_ok!(Verification::demand_output(signed(challenger), dispute, 1));
        assert_noop!(open(WORKER, dispute, values), Error::<Test>::WrongMove);
    });
}

#[test]
fn open_subtrees_should_fail_when_nobody_asked() {
    test(|| {
        let (_, _, dispute, _) = Case::flipped().named();
        assert_noop!(open(WORKER, dispute, vec![]), Error::<Test>::WrongMove);
    });
}

#[test]
fn open_subtrees_should_be_taken_from_anybody_because_their_hash_says_that_they_are_right() {
    test(|| {
        let (_, _, dispute, values) = demanded();
        assert_ok!(open(STRANGER, dispute, values));
    });
}

#[test]
fn open_subtrees_should_fail_when_the_deadline_has_passed() {
    test(|| {
        let (_, _, dispute, values) = demanded();
        System::set_block_number(System::block_number() + PARAMS.move_blocks + 1);
        assert_noop!(open(WORKER, dispute, values), Error::<Test>::MoveTooLate);
    });
}

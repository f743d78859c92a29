// SPDX-License-Identifier: Apache-2.0
use super::mock::*;
use crate::{fixture::LONG_LIE, Disputes, Error};
use frame_support::{assert_noop, assert_ok, dispatch::DispatchResultWithPostInfo, traits::ConstU32, BoundedVec};
use quern_primitives::{BlobId, DisputeId};
use quern_protocol::dispute::{Move, Outcome, Posted, PART_IDS};

type Part = BoundedVec<u8, ConstU32<1024>>;

/// The parts that the wrong operator reads from beside its own, in order.
fn earlier(case: &Case) -> Vec<Part> {
    [9, 99, 499].map(|op| case.part(op / PART_IDS as u16)).to_vec()
}

fn name(who: u8, dispute: DisputeId, op: u16, earlier: Vec<Part>) -> DispatchResultWithPostInfo {
    Verification::name_in_part(signed(who), dispute, op, earlier.try_into().unwrap())
}

#[test]
fn name_in_part_should_keep_what_the_operator_reads_when_it_is_in_the_opened_part() {
    test(|| {
        let (case, challenger, dispute) = Case::part_opened();
        assert_ok!(name(challenger, dispute, LONG_LIE, earlier(&case)));
        let stored = Disputes::<Test>::get(dispute).unwrap();
        let id = |op: u16| (op, BlobId::of(&case.claimed(op)));
        let Some(Posted::Named(named)) = &stored.trace else { panic!("an operator is named") };
        assert_eq!(named.outputs.to_vec(), [LONG_LIE, 9, 99, 499, LONG_LIE - 1].map(id));
        let Move::Convict { op, shown, chunk: None } = stored.turn else { panic!("a conviction is owed") };
        assert_eq!((op, shown.len(), shown[0].value), (LONG_LIE, 1, id(LONG_LIE).1 .0));
    });
}

#[test]
fn name_in_part_should_lead_to_a_conviction_when_the_operator_is_wrong() {
    test(|| {
        let (case, challenger, dispute) = Case::part_opened();
        assert_ok!(name(challenger, dispute, LONG_LIE, earlier(&case)));
        assert_ok!(Case::convict(challenger, dispute, case.conviction(LONG_LIE)));
        assert!(matches!(Case::outcome(), Some(Outcome::WrongElement { op: LONG_LIE, element: 1, .. })));
        assert_eq!(Bonds::of(&raw(WORKER)), (RICH - COLLATERAL, 0));
    });
}

#[test]
fn name_in_part_should_lead_to_a_refutation_when_the_operator_is_right() {
    test(|| {
        let (case, challenger, dispute) = Case::part_opened();
        let op = LONG_LIE - 2;
        assert_ok!(name(challenger, dispute, op, vec![]));
        let reads = case.world.with_evidence(&case.honest, case.wrong_position(), |evidence| {
            evidence.reads(op, 0, |_, part| case.world.blob(part)).unwrap()
        });
        let output = Some(quern_primitives::slice::prove(&case.claimed(op), 0..4));
        assert_ok!(Verification::convict(signed(challenger), dispute, 0, output, reads.try_into().unwrap()));
        assert!(matches!(Case::outcome(), Some(Outcome::Refuted { element: 0, .. })));
    });
}

#[test]
fn name_in_part_should_fail_when_the_operator_is_in_another_part() {
    test(|| {
        let (case, challenger, dispute) = Case::part_opened();
        for op in [0, LONG_LIE - 32, LONG_LIE + 32, u16::MAX] {
            assert_noop!(name(challenger, dispute, op, earlier(&case)), Error::<Test>::NoSuchElement);
        }
    });
}

#[test]
fn name_in_part_should_fail_when_a_part_that_it_reads_from_is_missing_or_another() {
    test(|| {
        let (case, challenger, dispute) = Case::part_opened();
        let right = earlier(&case);
        let refused = |parts: &[Part], error: Error<Test>| {
            assert_noop!(name(challenger, dispute, LONG_LIE, parts.to_vec()), error);
        };
        refused(&right[1..], Error::<Test>::PartCount);
        refused(&[&right[..], &right[..1]].concat(), Error::<Test>::PartCount);
        refused(&[right[1].clone(), right[0].clone(), right[2].clone()], Error::<Test>::ProofMismatch);
        let mut short = right.clone();
        short[0].pop();
        refused(&short, Error::<Test>::ChunkLength);
    });
}

#[test]
fn name_in_part_should_fail_when_no_part_is_opened() {
    test(|| {
        let (case, challenger, dispute) = Case::part_demanded();
        assert_noop!(name(challenger, dispute, LONG_LIE, earlier(&case)), Error::<Test>::WrongMove);
        assert_noop!(Verification::name_operator(signed(challenger), dispute, LONG_LIE), Error::<Test>::WrongMove);
    });
}

#[test]
fn name_in_part_should_fail_when_somebody_else_signs() {
    test(|| {
        let (case, _, dispute) = Case::part_opened();
        for other in [WORKER, case.auditors()[1], STRANGER] {
            assert_noop!(name(other, dispute, LONG_LIE, earlier(&case)), Error::<Test>::NotYourMove);
        }
    });
}

#[test]
fn name_in_part_should_fail_when_the_deadline_has_passed() {
    test(|| {
        let (case, challenger, dispute) = Case::part_opened();
        System::set_block_number(System::block_number() + PARAMS.move_blocks + 1);
        assert_noop!(name(challenger, dispute, LONG_LIE, earlier(&case)), Error::<Test>::MoveTooLate);
    });
}

#[test]
fn name_in_part_should_fail_when_there_is_no_such_dispute() {
    test(|| {
        let (case, challenger, dispute) = Case::part_opened();
        assert_noop!(name(challenger, dispute + 1, LONG_LIE, earlier(&case)), Error::<Test>::UnknownDispute);
    });
}

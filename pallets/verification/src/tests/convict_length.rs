// SPDX-License-Identifier: Apache-2.0
use super::mock::*;
use crate::Error;
use frame_support::{assert_noop, assert_ok};
use quern_primitives::{
    slice::{self, SliceProof},
    DisputeId,
};
use quern_program::MAX_CONVICTION_BYTES;
use quern_protocol::{dispute::Outcome, evidence::Conviction};

/// A worker whose state after the first step has another length.
fn named(len: usize) -> (Case, u8, DisputeId, u16) {
    Case::lying(1, 1, 3, move |bytes| bytes.resize(len, 0)).named()
}

#[test]
fn convict_length_should_convict_the_worker_when_the_output_is_longer_or_shorter() {
    for len in [0, 1, 1_023, 1_024, 4_095, 4_097, 9_000] {
        test(|| {
            let (case, challenger, dispute, op) = named(len);
            let position = case.wrong_position();
            let conviction = case.conviction(op);
            assert!(matches!(conviction, Conviction::Length { .. }));
            assert_ok!(Case::convict(challenger, dispute, conviction));
            let outcome = Outcome::WrongLength { op, len: len as u64, expected: 4_096 };
            assert_eq!(last_event(), case.closed(dispute, challenger, position, outcome));
            assert_eq!(Bonds::of(&raw(WORKER)), (RICH - COLLATERAL, 0));
        });
    }
}

#[test]
fn convict_length_should_fail_when_the_length_is_false() {
    test(|| {
        let (case, challenger, dispute, op) = Case::flipped().named();
        let output = case.claimed(op);
        for len in [0, 4_095, 4_097, 5_120, u64::MAX] {
            let proof = slice::prove_length(&output);
            let call = Verification::convict_length(signed(challenger), dispute, len, proof);
            assert!(call.is_err(), "{len}");
        }
        let proof = slice::prove_length(&output);
        assert_noop!(
            Verification::convict_length(signed(challenger), dispute, 4_095, proof),
            Error::<Test>::ProofMismatch
        );
    });
}

#[test]
fn convict_length_should_fail_when_the_length_is_right() {
    test(|| {
        let (case, challenger, dispute, op) = Case::flipped().named();
        let proof = slice::prove_length(&case.claimed(op));
        assert_noop!(
            Verification::convict_length(signed(challenger), dispute, 4_096, proof),
            Error::<Test>::RightLength
        );
    });
}

#[test]
fn convict_length_should_fail_when_the_proof_is_of_another_blob_truncated_or_too_long() {
    test(|| {
        let (case, challenger, dispute, op) = named(4_097);
        let try_with = |proof| Verification::convict_length(signed(challenger), dispute, 4_097, proof);
        assert_noop!(try_with(slice::prove_length(&[0; 4_097])), Error::<Test>::ProofMismatch);
        let mut proof = slice::prove_length(&case.claimed(op));
        proof.0.pop();
        assert_noop!(try_with(proof), Error::<Test>::ProofTruncated);
        let longer = SliceProof(vec![0; MAX_CONVICTION_BYTES as usize + 1]);
        assert_noop!(try_with(longer), Error::<Test>::ProofsTooLong);
    });
}

#[test]
fn convict_length_should_fail_when_somebody_else_signs_or_too_late() {
    test(|| {
        let (case, challenger, dispute, op) = named(4_097);
        let proof = slice::prove_length(&case.claimed(op));
        let by = |who| Verification::convict_length(signed(who), dispute, 4_097, proof.clone());
        assert_noop!(by(WORKER), Error::<Test>::NotYourMove);
        assert_noop!(by(STRANGER), Error::<Test>::NotYourMove);
        System::set_block_number(System::block_number() + PARAMS.move_blocks + 1);
        assert_noop!(by(challenger), Error::<Test>::MoveTooLate);
    });
}

#[test]
fn convict_length_should_fail_when_a_trace_is_owed() {
    test(|| {
        let (_, challenger, dispute) = Case::flipped().disputed();
        let call = Verification::convict_length(signed(challenger), dispute, 4_097, SliceProof::default());
        assert_noop!(call, Error::<Test>::WrongMove);
    });
}

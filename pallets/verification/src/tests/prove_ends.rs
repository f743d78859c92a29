// SPDX-License-Identifier: Apache-2.0
use super::mock::*;
use crate::{Disputes, Error, MAX_LINK_BYTES};
use frame_support::{assert_noop, assert_ok, dispatch::DispatchResultWithPostInfo};
use quern_primitives::{commitment::LeafProof, slice::SliceProof, BlobId, DisputeId};
use quern_protocol::{
    dispute::{Move, Outcome},
    shard::Phase,
};

fn prove(case: &Case, who: u8, dispute: DisputeId, start: u32, end: u32) -> DispatchResultWithPostInfo {
    Verification::prove_ends(signed(who), dispute, Some(case.worker.leaf(start)), case.worker.leaf(end))
}

#[test]
fn prove_ends_should_oblige_the_worker_to_post_the_trace_whoever_sends_it() {
    for who in [WORKER, STRANGER] {
        test(|| {
            let (case, _, dispute) = Case::flipped().found();
            assert_ok!(prove(&case, who, dispute, 4, 5));
            let stored = Disputes::<Test>::get(dispute).unwrap();
            assert_eq!((stored.turn.clone(), *stored.owed_by()), (Move::Trace, raw(WORKER)));
        });
    }
}

#[test]
fn prove_ends_should_lead_to_the_conviction_of_the_first_lie() {
    test(|| {
        let (case, challenger, dispute) = Case::flipped().found();
        assert_ok!(prove(&case, WORKER, dispute, 4, 5));
        case.post_trace(dispute);
        assert_ok!(Verification::name_operator(signed(challenger), dispute, 1));
        assert_ok!(Case::convict(challenger, dispute, case.conviction(1)));
        assert_eq!(case.shard().phase, Phase::Queued);
        assert_eq!(Verification::stats().convicted, 1);
    });
}

#[test]
fn prove_ends_should_be_impossible_when_the_worker_has_named_other_ids_than_it_committed_to() {
    test(|| {
        let (case, challenger, dispute) = Case::flipped().searched();
        let named = vec![BlobId([1; 32]); 3];
        assert_ok!(Verification::name_ids(signed(WORKER), dispute, named.try_into().unwrap()));
        assert_ok!(Verification::pick_id(signed(challenger), dispute, 0));
        let leaf = case.worker.leaf(4);
        let refused = Verification::prove_ends(signed(WORKER), dispute, None, leaf);
        assert_eq!(refused.unwrap_err().error, Error::<Test>::IdMismatch.into());
        blocks(PARAMS.move_blocks + 1);
        assert_eq!(Case::outcome(), Some(Outcome::WorkerSilent));
    });
}

#[test]
fn prove_ends_should_fail_when_a_leaf_is_missing_of_another_position_or_too_long() {
    test(|| {
        let (case, _, dispute) = Case::flipped().found();
        assert_noop!(prove(&case, WORKER, dispute, 4, 4), Error::<Test>::LeafMismatch);
        assert_noop!(prove(&case, WORKER, dispute, 5, 5), Error::<Test>::LeafMismatch);
        let end = || case.worker.leaf(5);
        assert_noop!(Verification::prove_ends(signed(WORKER), dispute, None, end()), Error::<Test>::WrongStart);
        let long = LeafProof { proof: SliceProof(vec![0; MAX_LINK_BYTES + 1]), ..end() };
        assert_noop!(
            Verification::prove_ends(signed(WORKER), dispute, Some(long), end()),
            Error::<Test>::ProofsTooLong
        );
    });
}

#[test]
fn prove_ends_should_fail_when_another_move_is_due_or_it_is_too_late() {
    test(|| {
        let (case, _, dispute) = Case::flipped().found();
        assert_noop!(prove(&case, WORKER, dispute + 1, 4, 5), Error::<Test>::UnknownDispute);
        System::set_block_number(System::block_number() + PARAMS.move_blocks + 1);
        assert_noop!(prove(&case, WORKER, dispute, 4, 5), Error::<Test>::MoveTooLate);
    });
    test(|| {
        let (case, _, dispute) = Case::flipped().asked();
        assert_noop!(prove(&case, WORKER, dispute, 4, 5), Error::<Test>::WrongMove);
    });
}

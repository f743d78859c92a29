// SPDX-License-Identifier: Apache-2.0
use super::mock::*;
use crate::{Error, Event, MAX_LINK_BYTES};
use frame_support::{
    assert_noop, assert_ok,
    dispatch::{DispatchResultWithPostInfo, Pays},
};
use quern_primitives::{commitment::LeafProof, slice::SliceProof};
use quern_protocol::shard::Phase;

fn demanded() -> Case {
    let case = Case::honest().revealed();
    assert_ok!(Verification::demand_leaf(signed(STRANGER), case.id(), 3, PRICE));
    case
}

fn answer(case: &Case, who: u8, leaf: LeafProof) -> DispatchResultWithPostInfo {
    Verification::answer_leaf(signed(who), case.id(), 3, leaf)
}

#[test]
fn answer_leaf_should_show_the_id_and_keep_the_window_open_for_a_challenge() {
    for who in [WORKER, VALIDATORS[3]] {
        test(|| {
            let case = Case::honest().revealed();
            blocks(PARAMS.window_blocks);
            assert_ok!(Verification::demand_leaf(signed(STRANGER), case.id(), 3, PRICE));
            blocks(PARAMS.reveal_blocks);
            assert_eq!(answer(&case, who, case.worker.leaf(3)).unwrap().pays_fee, Pays::No);
            assert_eq!(last_event(), Event::LeafShown { shard: case.id(), position: 3, id: case.worker.id(3) });
            blocks(PARAMS.move_blocks);
            assert!(case.shard().window().is_some());
            block();
            assert!(matches!(case.shard().phase, Phase::Settled { paid: true, .. }));
            assert_eq!(Bonds::of(&raw(WORKER)), (RICH, 0));
        });
    }
}

#[test]
fn answer_leaf_should_fail_when_the_proof_is_of_another_leaf_or_too_long() {
    test(|| {
        let case = demanded();
        assert_noop!(answer(&case, WORKER, case.worker.leaf(2)), Error::<Test>::LeafMismatch);
        let forged = LeafProof { id: case.worker.id(2), ..case.worker.leaf(3) };
        assert_noop!(answer(&case, WORKER, forged), Error::<Test>::LeafMismatch);
        let long = LeafProof { proof: SliceProof(vec![0; MAX_LINK_BYTES + 1]), ..case.worker.leaf(3) };
        assert_noop!(answer(&case, WORKER, long), Error::<Test>::ProofsTooLong);
    });
}

#[test]
fn answer_leaf_should_fail_when_nobody_asked() {
    test(|| {
        let case = Case::honest().revealed();
        assert_noop!(answer(&case, WORKER, case.worker.leaf(3)), Error::<Test>::NotYours);
    });
    test(|| {
        let case = Case::honest().opened();
        assert_noop!(answer(&case, WORKER, case.worker.leaf(3)), Error::<Test>::WrongPhase);
    });
}

#[test]
fn answer_leaf_should_fail_when_the_deadline_has_passed() {
    test(|| {
        let case = demanded();
        System::set_block_number(System::block_number() + PARAMS.reveal_blocks + 1);
        assert_noop!(answer(&case, WORKER, case.worker.leaf(3)), Error::<Test>::TooLate);
    });
}

// SPDX-License-Identifier: Apache-2.0
use super::mock::*;
use crate::{Error, Event, MAX_LINK_BYTES};
use frame_support::{assert_noop, assert_ok, BoundedVec};
use quern_primitives::commitment::LeafProof;

/// A shard of which three segments are drawn, of which the checkpoints were demanded.
fn demanded(case: Case) -> Case {
    Plan::set((3, 2));
    let case = case.opened();
    assert!(!case.shard().demanded().is_empty());
    assert_ok!(Verification::demand_opening(signed(case.auditors()[0]), case.id()));
    case
}

fn leaves(case: &Case) -> Vec<LeafProof> {
    case.shard().demanded().into_iter().map(|position| case.worker.leaf(position)).collect()
}

fn answer(who: u8, case: &Case, leaves: Vec<LeafProof>) -> frame_support::dispatch::DispatchResultWithPostInfo {
    Verification::answer_opening(signed(who), case.id(), leaves.try_into().unwrap())
}

#[test]
fn answer_opening_should_show_the_checkpoints_when_they_are_demanded() {
    test(|| {
        let case = demanded(Case::honest());
        let ids = case.worker.ids(&case.shard().demanded());
        assert_ok!(answer(WORKER, &case, leaves(&case)));
        let ids = BoundedVec::truncate_from(ids);
        assert_eq!(last_event(), Event::OpeningAnswered { shard: case.id(), ids });
    });
}

#[test]
fn answer_opening_should_show_the_results_when_they_are_demanded() {
    test(|| {
        Plan::set((3, 2));
        let case = Case::honest().shown();
        assert_ok!(Verification::demand_opening(signed(case.auditors()[0]), case.id()));
        assert_eq!(case.shard().demanded(), case.sample());
        assert_ok!(answer(WORKER, &case, leaves(&case)));
    });
}

#[test]
fn answer_opening_should_fail_when_nothing_is_demanded() {
    test(|| {
        Plan::set((3, 2));
        let case = Case::honest().opened();
        assert_noop!(answer(WORKER, &case, leaves(&case)), Error::<Test>::WrongPhase);
    });
}

#[test]
fn answer_opening_should_fail_when_the_shard_is_not_audited() {
    test(|| {
        let case = Case::honest().drawn();
        assert_noop!(answer(WORKER, &case, vec![]), Error::<Test>::WrongPhase);
    });
}

#[test]
fn answer_opening_should_fail_when_it_was_done() {
    test(|| {
        let case = demanded(Case::honest());
        assert_ok!(answer(WORKER, &case, leaves(&case)));
        assert_noop!(answer(WORKER, &case, leaves(&case)), Error::<Test>::Duplicate);
    });
}

#[test]
fn answer_opening_should_be_taken_from_anybody_because_the_proofs_say_that_it_is_right() {
    test(|| {
        let case = demanded(Case::honest());
        assert_ok!(answer(STRANGER, &case, leaves(&case)));
    });
}

#[test]
fn answer_opening_should_fail_when_the_deadline_has_passed() {
    test(|| {
        let case = demanded(Case::honest());
        System::set_block_number(System::block_number() + PARAMS.reveal_blocks + 1);
        assert_noop!(answer(WORKER, &case, leaves(&case)), Error::<Test>::TooLate);
    });
}

#[test]
fn answer_opening_should_fail_when_an_id_is_missing() {
    test(|| {
        let case = demanded(Case::honest());
        let fewer = leaves(&case).split_off(1);
        assert_noop!(answer(WORKER, &case, fewer), Error::<Test>::WrongIdCount);
    });
}

#[test]
fn answer_opening_should_fail_when_ids_are_of_other_positions() {
    test(|| {
        let case = demanded(Case::honest());
        let positions = case.shard().demanded();
        let others = (0..).filter(|position| !positions.contains(position));
        let others = others.take(positions.len()).map(|position| case.worker.leaf(position)).collect();
        assert_noop!(answer(WORKER, &case, others), Error::<Test>::LeafMismatch);
    });
}

#[test]
fn answer_opening_should_fail_when_a_proof_is_forged_truncated_or_too_long() {
    test(|| {
        let case = demanded(Case::honest());
        let with = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut leaves = leaves(&case);
            change(&mut leaves[0].proof.0);
            answer(WORKER, &case, leaves)
        };
        assert_noop!(with(&|proof| proof[0] ^= 1), Error::<Test>::ProofMismatch);
        assert_noop!(with(&|proof| proof.truncate(9)), Error::<Test>::ProofTruncated);
        assert_noop!(with(&|proof| proof.push(0)), Error::<Test>::ProofTrailing);
        assert_noop!(with(&|proof| proof.resize(MAX_LINK_BYTES + 1, 0)), Error::<Test>::ProofsTooLong);
    });
}

#[test]
fn answer_opening_should_fail_when_the_posted_digest_was_another_one() {
    test(|| {
        Plan::set((3, 2));
        let case = Case::honest().drawn();
        assert_ok!(Verification::open_checkpoints(signed(WORKER), case.id(), [0; 32]));
        assert_ok!(Verification::demand_opening(signed(case.auditors()[0]), case.id()));
        assert_noop!(answer(WORKER, &case, leaves(&case)), Error::<Test>::DigestMismatch);
    });
}

// SPDX-License-Identifier: Apache-2.0
use super::mock::*;
use crate::{
    fixture::{LONG, LONG_LIE},
    Disputes, Error,
};
use frame_support::{assert_noop, assert_ok, dispatch::DispatchResultWithPostInfo};
use quern_primitives::{
    slice::{self, Node},
    BlobId, DisputeId,
};
use quern_protocol::{
    dispute::{open_part, Move, Outcome, Outline, PART_IDS},
    evidence::{differing_node, Conviction},
};

/// The worker owes the chunk of the flipped operator's output that differs.
fn demanded() -> (Case, u8, DisputeId, u16, u64) {
    let (case, challenger, dispute, op) = Case::flipped().named();
    let (claimed, truth) = (case.claimed(op), case.truth(op));
    let node = |dispute| {
        let Move::Convict { shown, .. } = Disputes::<Test>::get(dispute).unwrap().turn else { panic!("conviction") };
        differing_node(&truth, &shown).unwrap()
    };
    assert_ok!(Verification::demand_output(signed(challenger), dispute, node(dispute)));
    let values = slice::open_subtrees(&claimed, Node::root(claimed.len() as u64)).unwrap();
    assert_ok!(Verification::open_subtrees(signed(WORKER), dispute, values.try_into().unwrap()));
    let chunk = node(dispute);
    assert_ok!(Verification::demand_output(signed(challenger), dispute, chunk));
    (case, challenger, dispute, op, u64::from(chunk))
}

fn chunk(case: &Case, op: u16, index: u64) -> Vec<u8> {
    case.claimed(op)[index as usize * 1024..][..1024].to_vec()
}

fn open(who: u8, dispute: DisputeId, bytes: Vec<u8>) -> DispatchResultWithPostInfo {
    Verification::open_chunk(signed(who), dispute, bytes.try_into().unwrap())
}

#[test]
fn open_chunk_should_lead_to_a_conviction_without_a_proof_of_the_output_when_it_is_wrong() {
    test(|| {
        let (case, challenger, dispute, op, index) = demanded();
        let position = case.wrong_position();
        let bytes = chunk(&case, op, index);
        assert_ok!(open(WORKER, dispute, bytes.clone()));
        let conviction = case.world.with_evidence(&case.honest, position, |evidence| {
            evidence.convict_chunk(op, index, &bytes, |_, part| case.world.blob(part)).unwrap()
        });
        assert!(matches!(conviction, Conviction::Element { output: None, .. }));
        assert_ok!(Case::convict(challenger, dispute, conviction));
        assert!(matches!(Case::outcome(), Some(Outcome::WrongElement { op: 1, element: 308, .. })));
        assert_eq!(Bonds::of(&raw(WORKER)), (RICH - COLLATERAL, 0));
    });
}

#[test]
fn open_chunk_should_not_show_elements_of_other_chunks() {
    test(|| {
        let (case, challenger, dispute, op, index) = demanded();
        assert_ok!(open(WORKER, dispute, chunk(&case, op, index)));
        for element in [0, 1023] {
            let call = Verification::convict(signed(challenger), dispute, element, None, Default::default());
            assert_eq!(call.unwrap_err().error, Error::<Test>::NotShown.into());
        }
    });
}

#[test]
fn open_chunk_should_fail_when_it_is_changed_or_of_another_length() {
    test(|| {
        let (case, _, dispute, op, index) = demanded();
        let mut changed = chunk(&case, op, index);
        changed[0] ^= 1;
        assert_noop!(open(WORKER, dispute, changed), Error::<Test>::ProofMismatch);
        let shorter = chunk(&case, op, index)[..1023].to_vec();
        assert_noop!(open(WORKER, dispute, shorter), Error::<Test>::ChunkLength);
    });
}

#[test]
fn open_chunk_should_fail_when_subtrees_are_owed() {
    test(|| {
        let (case, challenger, dispute, op) = Case::flipped().named();
        assert_ok!(Verification::demand_output(signed(challenger), dispute, 0));
        assert_noop!(open(WORKER, dispute, chunk(&case, op, 0)), Error::<Test>::WrongMove);
    });
}

#[test]
fn open_chunk_should_be_taken_from_anybody_because_its_hash_says_that_it_is_right() {
    test(|| {
        let (case, _, dispute, op, index) = demanded();
        assert_ok!(open(STRANGER, dispute, chunk(&case, op, index)));
    });
}

#[test]
fn open_chunk_should_fail_when_the_deadline_has_passed() {
    test(|| {
        let (case, _, dispute, op, index) = demanded();
        System::set_block_number(System::block_number() + PARAMS.move_blocks + 1);
        assert_noop!(open(WORKER, dispute, chunk(&case, op, index)), Error::<Test>::MoveTooLate);
    });
}

#[test]
fn open_chunk_should_show_a_part_of_the_trace_when_that_is_asked_for() {
    test(|| {
        let (case, challenger, dispute) = Case::part_demanded();
        let asked = LONG_LIE / PART_IDS as u16;
        assert_noop!(open(WORKER, dispute, case.part(asked - 1).to_vec()), Error::<Test>::ProofMismatch);
        let shorter = case.part(asked)[..992].to_vec();
        assert_noop!(open(WORKER, dispute, shorter), Error::<Test>::ChunkLength);
        assert_ok!(open(STRANGER, dispute, case.part(asked).to_vec()));
        let stored = Disputes::<Test>::get(dispute).unwrap();
        assert!(matches!(stored.turn, Move::NameInPart { part, .. } if part == asked));
        assert_eq!(*stored.owed_by(), raw(challenger));
    });
}

#[test]
fn open_chunk_should_fail_when_the_part_contradicts_the_results() {
    test(|| {
        let (case, challenger, dispute) = Case::long().disputed();
        // The trace of an honest run, and the result of a lie: together they can be posted, but not opened.
        let position = case.wrong_position();
        let lie = case.world.outline(&case.worker, position).unwrap();
        let honest = case.world.outline(&case.honest, position).unwrap();
        let mixed = Outline { results: lie.results, ..honest };
        assert_ok!(Verification::post_outline(signed(WORKER), dispute, mixed));
        let own: Vec<BlobId> =
            case.world.segment_of(&case.honest, position).1.iter().map(|it| BlobId::of(it)).collect();
        let last = LONG / PART_IDS as u16;
        assert_ok!(Verification::demand_output(signed(challenger), dispute, last.into()));
        assert_noop!(open(WORKER, dispute, open_part(&own, last).unwrap()), Error::<Test>::ResultMismatch);
        blocks(PARAMS.move_blocks + 2);
        assert_eq!(Case::outcome(), Some(Outcome::WorkerSilent));
    });
}

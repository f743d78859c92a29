// SPDX-License-Identifier: Apache-2.0
use super::{
    accuse_auditor::{liable, lied_to_one},
    mock::*,
};
use crate::{fixture::World, Disputes, Error, Event, Evidence, MAX_LINK_BYTES};
use frame_support::{assert_noop, assert_ok, dispatch::DispatchResultWithPostInfo};
use quern_primitives::{
    slice::{self, SliceProof},
    traits::OffenceKind,
    DisputeId,
};
use quern_program::{decode_element, DType, MAX_CONVICTION_BYTES};
use quern_protocol::{
    dispute::{Outcome, Play},
    inputs::Link,
    record::{decide_again, evidence_hash},
    referee::ReadProof,
    shard::Phase,
};

/// Adds one to a byte at or after a third of the tensor.
fn add_one(bytes: &mut [u8]) {
    let len = bytes.len();
    let at = (len / 3..len).find(|at| bytes[*at] < 100).unwrap();
    bytes[at] += 1;
}

fn convict(
    who: u8,
    dispute: DisputeId,
    (element, output, reads): (u64, SliceProof, Vec<ReadProof>),
) -> DispatchResultWithPostInfo {
    Verification::convict(signed(who), dispute, element, Some(output), reads.try_into().unwrap())
}

#[test]
fn convict_should_convict_the_worker_when_one_element_of_the_loop_is_wrong() {
    test(|| {
        let (case, challenger, dispute, op) = Case::flipped().named();
        let position = case.wrong_position();
        let element = 1_234 / 4;
        let claimed = decode_element(DType::I32, &case.claimed(op), element) as u32;
        let expected = decode_element(DType::I32, &case.truth(op), element);
        assert_ne!(claimed, expected as u32);
        assert_ok!(convict(challenger, dispute, case.element(op)));
        let outcome = Outcome::WrongElement { op, element, claimed, expected };
        assert_eq!(last_event(), case.closed(dispute, challenger, position, outcome));
        assert_eq!(case.shard().phase, Phase::Queued, "it is run again, whatever its validators agree on");
        assert_eq!(Bonds::of(&raw(WORKER)), (RICH - COLLATERAL, 0));
        assert_eq!(Bonds::of(&raw(challenger)), (RICH, 0));
        let offence = (OffenceKind::WrongResult as u8, raw(WORKER), Some(raw(challenger)));
        assert_eq!(Keeper::offences(), [offence]);
        assert_eq!(Verification::stats().convicted, 1);
        assert!(Verification::disputes(None, 64).is_empty());
    });
}

#[test]
fn convict_should_leave_evidence_by_which_anybody_decides_again() {
    test(|| {
        let (case, challenger, id, op) = Case::flipped().named();
        let dispute = Disputes::<Test>::get(id).unwrap();
        let (element, output, reads) = case.element(op);
        assert_ok!(convict(challenger, id, (element, output.clone(), reads.clone())));
        let play = Play::Convict { by: raw(challenger), element, output: Some(output), reads };
        let (stage, program) = (&case.world.context, &case.world.program);
        assert_eq!(Some(Keeper::evidence()), evidence_hash(id, &dispute, stage, &play));
        let again = decide_again(&dispute, stage, program, play, System::block_number());
        assert_eq!(again, Ok(Case::outcome()));
        assert!(matches!(Case::outcome(), Some(Outcome::WrongElement { .. })));
        assert!(!Evidence::<Test>::exists());
    });
}

#[test]
fn silence_should_leave_no_evidence() {
    test(|| {
        let (_, challenger, _) = Case::flipped().traced();
        blocks(PARAMS.move_blocks + 1);
        assert_eq!(Case::outcome(), Some(Outcome::ChallengerSilent));
        assert!(Keeper::offences().contains(&(OffenceKind::FalseAlarm as u8, raw(challenger), None)));
        assert_eq!(Keeper::evidence(), [0; 32]);
    });
}

#[test]
fn convict_should_convict_the_worker_whichever_operator_is_wrong() {
    // Inputs of every origin, the carried state, constants, the step and random words are read on the way.
    let world = World::looped();
    for segment in 0..world.segments() {
        let kind = world.program.program().segment(segment).unwrap().kind();
        for wrong in 0..world.program.program().block(kind).len() as u16 {
            test(|| {
                let (case, challenger, dispute, op) = Case::lying(1, segment, wrong, |bytes| add_one(bytes)).named();
                assert_eq!(op, wrong);
                assert_ok!(convict(challenger, dispute, case.element(op)));
                let outcome = Case::outcome();
                assert!(
                    matches!(outcome, Some(Outcome::WrongElement { op, .. }) if op == wrong),
                    "segment {segment} operator {op}: {outcome:?}"
                );
            });
        }
    }
}

#[test]
fn convict_should_take_nothing_of_validators_that_confirmed_but_leave_them_to_be_accused() {
    test(|| {
        let (case, honest, friend) = lied_to_one();
        // Nothing shows that the one who confirmed did not compute: a trace can be made to convict a right result.
        assert_eq!(Bonds::of(&raw(friend)), (RICH, BOND));
        assert_eq!(Bonds::of(&raw(honest)), (RICH, 0));
        assert_eq!(liable(&case), [friend]);
        blocks(PARAMS.window_blocks + 1);
        assert_eq!(Bonds::of(&raw(friend)), (RICH, 0));
        assert_eq!(case.shard().phase, Phase::Queued);
    });
}

#[test]
fn convict_should_make_other_disputes_moot_when_the_worker_is_convicted() {
    test(|| {
        let (case, challenger, dispute, op) = Case::flipped().named();
        let other = case.open(case.auditors()[1], case.wrong_position());
        assert_ok!(convict(challenger, dispute, case.element(op)));
        assert!(events().contains(&Event::DisputeMoot { dispute: other, shard: case.id() }));
        assert_eq!(Disputes::<Test>::count(), 0);
        assert_eq!(Verification::stats().moot, 1);
    });
}

#[test]
fn convict_should_refute_the_challenger_when_the_element_is_right() {
    test(|| {
        let (case, challenger, dispute, op) = Case::flipped().named();
        let position = case.wrong_position();
        // The element before the wrong one.
        let element = 1_234 / 4 - 1;
        let claimed = case.claimed(op);
        let reads = case.world.with_evidence(&case.honest, position, |evidence| {
            evidence.reads(op, element, |_, part| case.world.blob(part)).unwrap()
        });
        let output = slice::prove(&claimed, element * 4..element * 4 + 4);
        assert_ok!(convict(challenger, dispute, (element, output, reads)));
        let value = decode_element(DType::I32, &claimed, element);
        let outcome = Outcome::Refuted { op, element, value };
        assert_eq!(last_event(), case.closed(dispute, challenger, position, outcome));
        assert_eq!(Bonds::of(&raw(challenger)), (RICH - BOND, 0));
        assert!(matches!(case.shard().phase, Phase::Disputed { .. }));
        assert_eq!(Verification::stats().refuted, 1);
    });
}

#[test]
fn convict_should_fail_when_inputs_are_swapped() {
    test(|| {
        let (case, challenger, dispute, op) = Case::flipped().named();
        let (element, output, mut reads) = case.element(op);
        assert_eq!(reads.len(), 2);
        let attempt = |reads: &[ReadProof]| convict(challenger, dispute, (element, output.clone(), reads.to_vec()));
        let swap_proofs = |reads: &mut [ReadProof]| {
            let first = reads[0].proof.clone();
            reads[0].proof = core::mem::replace(&mut reads[1].proof, first);
        };
        // The first one's blob is one chunk of 1,024 bytes, the second one's of 512.
        swap_proofs(&mut reads);
        assert_noop!(attempt(&reads), Error::<Test>::ProofTruncated);
        swap_proofs(&mut reads);
        (reads[0].arg, reads[1].arg) = (reads[1].arg, reads[0].arg);
        assert_noop!(attempt(&reads), Error::<Test>::ProofMismatch);
        (reads[0].arg, reads[1].arg) = (reads[1].arg, reads[0].arg);
        // In another order they are as good.
        reads.reverse();
        assert_ok!(attempt(&reads));
    });
}

#[test]
fn convict_should_fail_when_a_read_is_of_another_row() {
    test(|| {
        let (case, challenger, dispute, op) = Case::flipped().named();
        let (element, output, reads) = case.element(op);
        let others = case.world.with_evidence(&case.honest, case.wrong_position(), |evidence| {
            evidence.reads(op, 0, |_, part| case.world.blob(part)).unwrap()
        });
        assert_ne!(reads, others);
        assert_noop!(convict(challenger, dispute, (element, output, others)), Error::<Test>::NotProven);
    });
}

#[test]
fn convict_should_fail_when_a_read_is_missing() {
    test(|| {
        let (case, challenger, dispute, op) = Case::flipped().named();
        let (element, output, reads) = case.element(op);
        for left in 0..reads.len() {
            let fewer = reads[..left].to_vec();
            assert_noop!(convict(challenger, dispute, (element, output.clone(), fewer)), Error::<Test>::NotProven);
        }
    });
}

#[test]
fn convict_should_fail_when_a_read_lies_outside_its_argument() {
    test(|| {
        let (case, challenger, dispute, op) = Case::flipped().named();
        let (element, output, reads) = case.element(op);
        let with = |change: &dyn Fn(&mut ReadProof)| {
            let mut reads = reads.clone();
            change(&mut reads[0]);
            convict(challenger, dispute, (element, output.clone(), reads))
        };
        assert_noop!(with(&|read| read.start = 512), Error::<Test>::ReadOutOfRange);
        assert_noop!(with(&|read| read.len = 513), Error::<Test>::ReadOutOfRange);
        assert_noop!(with(&|read| read.start = u64::MAX), Error::<Test>::ReadOutOfRange);
        assert_noop!(with(&|read| read.arg = 2), Error::<Test>::NoSuchRead);
    });
}

#[test]
fn convict_should_fail_when_a_proof_is_forged_truncated_or_too_long() {
    test(|| {
        let (case, challenger, dispute, op) = Case::flipped().named();
        let (element, output, reads) = case.element(op);
        let with = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut changed = output.clone();
            change(&mut changed.0);
            let of_output = convict(challenger, dispute, (element, changed, reads.clone()));
            let mut changed = reads.clone();
            change(&mut changed[1].proof.0);
            let of_read = convict(challenger, dispute, (element, output.clone(), changed));
            assert_eq!(of_output, of_read);
            of_read
        };
        assert_noop!(with(&|proof| *proof.last_mut().unwrap() ^= 1), Error::<Test>::ProofMismatch);
        assert_noop!(with(&|proof| proof.truncate(proof.len() - 1)), Error::<Test>::ProofTruncated);
        assert_noop!(with(&|proof| proof.clear()), Error::<Test>::ProofTruncated);
        assert_noop!(with(&|proof| proof.push(0)), Error::<Test>::ProofTrailing);
        let longest = MAX_CONVICTION_BYTES as usize;
        assert_noop!(with(&|proof| proof.resize(longest + 1, 0)), Error::<Test>::ProofsTooLong);
    });
}

#[test]
fn convict_should_fail_when_a_link_is_wrong() {
    test(|| {
        // Init: the bias is an entry of a list, the earlier outputs are leaves of an accepted shard.
        let (case, challenger, dispute, op) = Case::lying(0, 0, 1, |bytes| add_one(bytes)).named();
        let (element, output, reads) = case.element(op);
        let listed = reads.iter().position(|read| matches!(read.link, Link::Listed { .. })).unwrap();
        let with = |link: Link| {
            let mut reads = reads.clone();
            reads[listed].link = link;
            convict(challenger, dispute, (element, output.clone(), reads))
        };
        let Link::Listed { id, proof } = reads[listed].link.clone() else { panic!("listed") };
        assert_noop!(with(Link::Known), Error::<Test>::LinkKind);
        assert_noop!(with(Link::Listed { id: case.worker.id(0), proof: proof.clone() }), Error::<Test>::LinkId);
        let forged = SliceProof(vec![0; proof.0.len()]);
        assert_noop!(with(Link::Listed { id, proof: forged }), Error::<Test>::ProofMismatch);
        let longer = SliceProof(vec![0; MAX_LINK_BYTES + 1]);
        assert_noop!(with(Link::Listed { id, proof: longer }), Error::<Test>::ProofsTooLong);
    });
}

#[test]
fn convict_should_fail_when_a_leaf_of_an_input_is_invented() {
    test(|| {
        let (case, challenger, dispute, op) = Case::lying(0, 0, 2, |bytes| add_one(bytes)).named();
        let (element, output, mut reads) = case.element(op);
        assert_eq!(reads.len(), 2);
        let Link::Leaf(leaf) = &mut reads[1].link else { panic!("a leaf") };
        leaf.id = case.worker.id(0);
        assert_noop!(convict(challenger, dispute, (element, output, reads)), Error::<Test>::LeafMismatch);
    });
}

#[test]
fn convict_should_fail_when_there_is_no_such_element() {
    test(|| {
        let (case, challenger, dispute, op) = Case::flipped().named();
        let (_, output, reads) = case.element(op);
        for element in [1_024, u64::MAX] {
            let call = convict(challenger, dispute, (element, output.clone(), reads.clone()));
            assert_eq!(call.unwrap_err().error, Error::<Test>::NoSuchElement.into());
        }
    });
}

#[test]
fn convict_should_fail_when_the_output_is_neither_proven_nor_on_chain() {
    test(|| {
        let (case, challenger, dispute, op) = Case::flipped().named();
        let (element, _, reads) = case.element(op);
        assert_noop!(
            Verification::convict(signed(challenger), dispute, element, None, reads.try_into().unwrap()),
            Error::<Test>::NotShown
        );
    });
}

#[test]
fn convict_should_fail_when_the_operator_is_not_named() {
    test(|| {
        let (case, challenger, dispute) = Case::flipped().traced();
        assert_noop!(convict(challenger, dispute, case.element(1)), Error::<Test>::WrongMove);
    });
}

#[test]
fn convict_should_fail_when_somebody_else_signs() {
    test(|| {
        let (case, _, dispute, op) = Case::flipped().named();
        for other in [WORKER, STRANGER, case.auditors()[1]] {
            assert_noop!(convict(other, dispute, case.element(op)), Error::<Test>::NotYourMove);
        }
    });
}

#[test]
fn convict_should_fail_when_the_deadline_has_passed() {
    test(|| {
        let (case, challenger, dispute, op) = Case::flipped().named();
        System::set_block_number(System::block_number() + PARAMS.move_blocks + 1);
        assert_noop!(convict(challenger, dispute, case.element(op)), Error::<Test>::MoveTooLate);
    });
}

#[test]
fn convict_should_fail_when_the_dispute_is_over() {
    test(|| {
        let (case, challenger, dispute, op) = Case::flipped().named();
        let conviction = case.element(op);
        assert_ok!(convict(challenger, dispute, conviction.clone()));
        assert_noop!(convict(challenger, dispute, conviction), Error::<Test>::UnknownDispute);
    });
}

#[test]
fn convict_should_convict_the_worker_when_a_byte_is_another_encoding_of_the_value() {
    test(|| {
        // The carried weights are i8 and hold a -127 somewhere; a stored -128 reads as -127.
        let (case, challenger, dispute, op) = Case::lying(0, 0, 5, |bytes| {
            let at = bytes.iter().position(|byte| *byte == 0x81).unwrap();
            bytes[at] = 0x80;
        })
        .named();
        assert_ok!(convict(challenger, dispute, case.element(op)));
        assert!(Case::outcome().unwrap().worker_lost());
    });
}

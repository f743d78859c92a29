// SPDX-License-Identifier: Apache-2.0
use super::mock::*;
use crate::{Disputes, Error, Event, MAX_LINK_BYTES};
use frame_support::{assert_noop, assert_ok, dispatch::DispatchResult};
use quern_primitives::{commitment::LeafProof, slice::SliceProof, traits::OffenceKind, Balance, BlobId, DisputeId};
use quern_protocol::{
    dispute::{Defendant, Move, Outcome},
    shard::Phase,
};

/// Convicts the worker.
pub const FRIEND: u8 = STRANGER + 1;
/// Where the worker of [`Case::accepted_lie`] lies, and where the honest one of [`framed`] is convicted.
const POSITION: u32 = 5;

pub fn accuse(case: &Case, who: u8, auditor: u8, position: u32) -> DispatchResult {
    let start = (!position.is_multiple_of(case.world.segments())).then(|| case.worker.leaf(position - 1));
    Verification::accuse_auditor(signed(who), case.id(), account(auditor), position, start, case.worker.leaf(position))
}

fn accused(case: &Case, auditor: u8) -> DisputeId {
    assert_ok!(accuse(case, STRANGER, auditor, POSITION));
    crate::NextDispute::<Test>::get() - 1
}

/// The auditors that answer for the shard.
pub fn liable(case: &Case) -> Vec<u8> {
    case.shard().liable().iter().map(|liable| liable.auditor[0]).collect()
}

/// `by` has an element of operator 1 recomputed, of which the defendant's trace has the worker's bytes with one flipped.
fn convict(case: &Case, by: u8, dispute: DisputeId, claimed: &[u8]) {
    assert_ok!(Verification::name_operator(signed(by), dispute, 1));
    let conviction = case.world.with_evidence(&case.honest, POSITION, |evidence| {
        evidence.convict(1, claimed, |_, part| case.world.blob(part)).unwrap()
    });
    assert_ok!(Case::convict(by, dispute, conviction));
}

/// A lie that the drawn validators have confirmed, and of which the worker was convicted.
pub fn lied() -> Case {
    let case = Case::accepted_lie();
    [STRANGER, FRIEND].into_iter().for_each(|who| Bonds::set(who, RICH));
    let dispute = case.open(FRIEND, POSITION);
    case.post_trace(dispute);
    let claimed = case.world.segment_of(&case.worker, POSITION).1[1].clone();
    convict(&case, FRIEND, dispute, &claimed);
    case
}

/// A right result of which the worker was convicted by a friend, after it had posted a trace with a wrong operator and the right
/// end.
pub fn framed() -> Case {
    let case = Case::honest().revealed();
    frame(case, FRIEND)
}

/// The same before acceptance: the friend is one of the drawn validators, and the other one has confirmed the right result.
pub fn framed_early() -> Case {
    let case = Case::honest().sealed_with(|case, auditor| (auditor == case.auditors()[0]).then_some([0; 32]));
    let [friend, honest] = case.auditors()[..] else { panic!("two validators") };
    let right = case.results_of(&case.honest);
    assert_ok!(Verification::reveal_results(signed(WORKER), case.id(), right));
    assert_ok!(Verification::reveal_audit(signed(honest), case.id(), [honest; 32], right, true));
    assert_ok!(Verification::reveal_audit(signed(friend), case.id(), [friend; 32], [0; 32], true));
    frame(case, friend)
}

fn frame(case: Case, friend: u8) -> Case {
    [STRANGER, FRIEND].into_iter().for_each(|who| Bonds::set(who, RICH));
    let dispute = case.open(friend, POSITION);
    let mut claimed = case.world.segment_of(&case.honest, POSITION).1[1].clone();
    claimed[1_234] ^= 1;
    let mut trace = case.world.trace(&case.honest, POSITION);
    trace.outputs[1] = BlobId::of(&claimed);
    assert_ok!(Verification::post_trace(signed(WORKER), dispute, trace));
    convict(&case, friend, dispute, &claimed);
    case
}

/// What a worker computed that a friend confirms, and what the other drawn validator finds; with these two.
fn confirmed_by_one(case: Case) -> (Case, u8, u8) {
    let case = case.sealed_with(|case, auditor| (auditor != case.auditors()[0]).then(|| case.results_of(&case.worker)));
    let [other, friend] = case.auditors()[..] else { panic!("two validators") };
    let (shown, own) = (case.results_of(&case.worker), case.results_of(&case.honest));
    assert_ok!(Verification::reveal_results(signed(WORKER), case.id(), shown));
    assert_ok!(Verification::reveal_audit(signed(friend), case.id(), [friend; 32], shown, true));
    assert_ok!(Verification::reveal_audit(signed(other), case.id(), [other; 32], own, true));
    (case, other, friend)
}

/// A lie that one drawn validator has confirmed, and that the other one had convicted: the case, who convicted, and who confirmed.
pub fn lied_to_one() -> (Case, u8, u8) {
    let (case, honest, friend) = confirmed_by_one(Case::flipped());
    let dispute = case.open(honest, case.wrong_position());
    case.post_trace(dispute);
    assert_ok!(Verification::name_operator(signed(honest), dispute, 1));
    let (element, output, reads) = case.element(1);
    assert_ok!(Verification::convict(signed(honest), dispute, element, Some(output), reads.try_into().unwrap()));
    (case, honest, friend)
}

fn bond(who: u8) -> (Balance, Balance) {
    Bonds::of(&raw(who))
}

#[test]
fn accuse_auditor_should_open_a_dispute_with_the_auditor_when_the_result_was_overturned() {
    test(|| {
        let case = lied();
        let auditors = liable(&case);
        assert_eq!(auditors.len(), 2);
        assert_eq!(bond(WORKER), (RICH - COLLATERAL, 0));
        // The bonds of the auditors are locked, and nothing is taken of them by the conviction of the worker.
        auditors.iter().for_each(|auditor| assert_eq!(bond(*auditor), (RICH, BOND)));
        let dispute = accused(&case, auditors[0]);
        let stored = Disputes::<Test>::get(dispute).unwrap();
        assert_eq!((stored.owed_by(), stored.turn.clone()), (&raw(auditors[0]), Move::Trace));
        assert_eq!((stored.defendant, stored.challenger), (Defendant::Auditor, raw(STRANGER)));
        assert_eq!(bond(STRANGER), (RICH, BOND));
        let (worker, challenger, shard) = (account(auditors[0]), account(STRANGER), case.id());
        let opened = Event::DisputeOpened { dispute, shard, position: POSITION, worker, challenger };
        assert_eq!(last_event(), opened);
    });
}

#[test]
fn accuse_auditor_should_cost_who_confirmed_its_bond_when_the_worker_was_convicted_before_acceptance() {
    for is_silent in [false, true] {
        test(|| {
            let (case, honest, friend) = lied_to_one();
            let position = case.wrong_position();
            assert_ok!(accuse(&case, honest, friend, position));
            let dispute = crate::NextDispute::<Test>::get() - 1;
            assert_eq!(Disputes::<Test>::get(dispute).unwrap().defendant, Defendant::Auditor);
            if is_silent {
                blocks(PARAMS.move_blocks + 1);
            } else {
                let trace = case.world.trace(&case.worker, position);
                assert_ok!(Verification::post_trace(signed(friend), dispute, trace));
                assert_ok!(Verification::name_operator(signed(honest), dispute, 1));
                let (element, output, reads) = case.element(1);
                let reads = reads.try_into().unwrap();
                assert_ok!(Verification::convict(signed(honest), dispute, element, Some(output), reads));
            }
            assert_eq!((bond(friend), bond(honest)), ((RICH - BOND, 0), (RICH, 0)));
            let offence = (OffenceKind::WrongAudit as u8, raw(friend), Some(raw(honest)));
            assert_eq!(Keeper::offences().last(), Some(&offence));
            // Nobody is left that could be accused: the shard starts again.
            assert_eq!(case.shard().phase, Phase::Queued);
        });
    }
}

#[test]
fn accuse_auditor_should_be_possible_when_the_worker_fell_silent_before_acceptance() {
    test(|| {
        let (case, honest, friend) = confirmed_by_one(Case::flipped());
        case.open(honest, case.wrong_position());
        blocks(PARAMS.move_blocks + 1);
        assert_eq!(Case::outcome(), Some(Outcome::WorkerSilent));
        assert_ok!(accuse(&case, honest, friend, case.wrong_position()));
        blocks(PARAMS.move_blocks + 1);
        assert_eq!(bond(friend), (RICH - BOND, 0));
    });
}

#[test]
fn accuse_auditor_should_be_possible_when_the_worker_fell_silent_to_save_it() {
    test(|| {
        let case = Case::accepted_lie();
        [STRANGER, FRIEND].into_iter().for_each(|who| Bonds::set(who, RICH));
        case.open(FRIEND, POSITION);
        blocks(PARAMS.move_blocks + 1);
        assert_eq!(Case::outcome(), Some(Outcome::WorkerSilent));
        let [silent, other] = liable(&case)[..] else { panic!("two auditors") };
        accused(&case, silent);
        blocks(PARAMS.move_blocks + 1);
        assert_eq!((bond(silent), bond(other)), ((RICH - BOND, 0), (RICH, BOND)));
    });
}

#[test]
fn accuse_auditor_should_cost_the_auditor_its_bond_when_an_element_of_its_own_trace_is_wrong() {
    test(|| {
        let case = lied();
        let [liar, other] = liable(&case)[..] else { panic!("two auditors") };
        let dispute = accused(&case, liar);
        // Another trace does not lead to what it has confirmed.
        let honest = case.world.trace(&case.honest, POSITION);
        let posted = Verification::post_trace(signed(liar), dispute, honest);
        assert_eq!(posted.unwrap_err().error, Error::<Test>::ResultMismatch.into());
        let trace = case.world.trace(&case.worker, POSITION);
        assert_ok!(Verification::post_trace(signed(liar), dispute, trace));
        let claimed = case.world.segment_of(&case.worker, POSITION).1[1].clone();
        convict(&case, STRANGER, dispute, &claimed);
        assert!(matches!(Case::outcome(), Some(Outcome::WrongElement { .. })));
        assert_eq!((bond(liar), bond(STRANGER)), ((RICH - BOND, 0), (RICH, 0)));
        let offence = (OffenceKind::WrongAudit as u8, raw(liar), Some(raw(STRANGER)));
        assert_eq!(Keeper::offences().last(), Some(&offence));
        assert_ne!(Keeper::evidence(), [0; 32]);
        assert_eq!((liable(&case), bond(other)), (vec![other], (RICH, BOND)));
    });
}

#[test]
fn accuse_auditor_should_cost_the_auditor_its_bond_when_it_is_silent() {
    test(|| {
        let case = lied();
        let [liar, other] = liable(&case)[..] else { panic!("two auditors") };
        accused(&case, liar);
        assert_ok!(accuse(&case, FRIEND, other, POSITION));
        // A deadline a block is looked at.
        blocks(PARAMS.move_blocks + 2);
        assert_eq!((bond(liar), bond(other)), ((RICH - BOND, 0), (RICH - BOND, 0)));
        assert_eq!((bond(STRANGER), bond(FRIEND)), ((RICH, 0), (RICH, 0)));
        // Nobody is left that could be accused.
        assert!(matches!(case.shard().phase, Phase::Overturned { .. }));
    });
}

#[test]
fn accuse_auditor_should_cost_the_accuser_when_a_right_result_was_convicted_by_a_friend_of_its_worker() {
    test(|| {
        let case = framed();
        assert_eq!(bond(WORKER), (RICH - COLLATERAL, 0));
        for auditor in liable(&case) {
            let before = bond(FRIEND).0;
            assert_ok!(accuse(&case, FRIEND, auditor, POSITION));
            let dispute = crate::NextDispute::<Test>::get() - 1;
            let trace = case.world.trace(&case.honest, POSITION);
            assert_ok!(Verification::post_trace(signed(auditor), dispute, trace));
            assert_ok!(Verification::name_operator(signed(FRIEND), dispute, 1));
            let own = case.world.segment_of(&case.honest, POSITION).1[1].clone();
            let other: Vec<u8> = own.iter().map(|byte| byte ^ 1).collect();
            let conviction = case.world.with_evidence(&case.honest, POSITION, |evidence| {
                evidence.convict(1, &other, |_, part| case.world.blob(part)).unwrap()
            });
            // The proof of another tensor than the auditor's is refused, and of the auditor's own there is nothing to convict.
            let refused = Case::convict(FRIEND, dispute, conviction).unwrap_err();
            assert_eq!(refused.error, Error::<Test>::ProofMismatch.into());
            blocks(PARAMS.move_blocks + 1);
            assert_eq!(Case::outcome(), Some(Outcome::ChallengerSilent));
            assert_eq!(bond(auditor), (RICH, BOND));
            assert!(bond(FRIEND).0 < before);
        }
        let auditors = liable(&case);
        blocks(PARAMS.window_blocks + 1);
        auditors.into_iter().for_each(|auditor| assert_eq!(bond(auditor), (RICH, 0)));
        assert!(matches!(case.shard().phase, Phase::Overturned { .. }));
    });
}

#[test]
fn accuse_auditor_should_cost_twice_as_much_when_one_was_refuted_or_is_under_way() {
    test(|| {
        let case = framed();
        let [first, second] = liable(&case)[..] else { panic!("two auditors") };
        let dispute = accused(&case, first);
        assert_ok!(accuse(&case, FRIEND, second, POSITION));
        assert_eq!(bond(FRIEND), (RICH, 2 * BOND));
        assert_noop!(accuse(&case, FRIEND, first, POSITION), Error::<Test>::Full);
        for (auditor, dispute) in [(first, dispute), (second, dispute + 1)] {
            let trace = case.world.trace(&case.honest, POSITION);
            assert_ok!(Verification::post_trace(signed(auditor), dispute, trace));
        }
        // A deadline a block is looked at.
        blocks(PARAMS.move_blocks + 2);
        assert_ok!(accuse(&case, FRIEND, first, POSITION));
        assert_eq!(bond(FRIEND), (RICH - 2 * BOND, 4 * BOND));
    });
}

#[test]
fn accuse_auditor_should_fail_when_nobody_was_convicted() {
    test(|| {
        let case = Case::accepted_lie();
        Bonds::set(STRANGER, RICH);
        let auditor = liable(&case)[0];
        assert_noop!(accuse(&case, STRANGER, auditor, POSITION), Error::<Test>::WrongPhase);
    });
}

#[test]
fn accuse_auditor_should_fail_when_the_account_did_not_confirm_the_result_or_accuses_itself() {
    test(|| {
        let case = lied();
        assert_noop!(accuse(&case, STRANGER, WORKER, POSITION), Error::<Test>::NoSuchSegment);
        let [auditor, _] = liable(&case)[..] else { panic!("two auditors") };
        assert_noop!(accuse(&case, auditor, auditor, POSITION), Error::<Test>::NotYours);
    });
}

#[test]
fn accuse_auditor_should_fail_when_a_leaf_is_missing_or_there_is_no_bond() {
    test(|| {
        let case = lied();
        let (auditor, end) = (liable(&case)[0], case.worker.leaf(POSITION));
        let without =
            Verification::accuse_auditor(signed(STRANGER), case.id(), account(auditor), POSITION, None, end.clone());
        assert_noop!(without, Error::<Test>::WrongStart);
        let (id, start) = (case.id(), Some(end.clone()));
        let wrong = Verification::accuse_auditor(signed(STRANGER), id, account(auditor), POSITION, start, end);
        assert_noop!(wrong, Error::<Test>::LeafMismatch);
        assert_noop!(accuse(&case, STRANGER + 2, auditor, POSITION), Error::<Test>::NoBond);
    });
}

#[test]
fn accuse_auditor_should_fail_when_the_segment_was_not_drawn() {
    test(|| {
        Plan::set((3, 2));
        let case = lied();
        let drawn = case.sample();
        let position = (0..case.world.leaves()).find(|at| !drawn.contains(at)).unwrap();
        assert_noop!(accuse(&case, STRANGER, liable(&case)[0], position), Error::<Test>::NotSampled);
    });
}

#[test]
fn accuse_auditor_should_fail_when_a_proof_is_too_long_or_there_are_too_many_disputes() {
    test(|| {
        let case = lied();
        let auditors = liable(&case);
        let (id, auditor, end) = (case.id(), account(auditors[0]), case.worker.leaf(POSITION));
        let long = LeafProof { proof: SliceProof(vec![0; MAX_LINK_BYTES + 1]), ..end.clone() };
        let with = |start, end| {
            let (by, auditor) = (signed(STRANGER), auditor.clone());
            Verification::accuse_auditor(by, id, auditor, POSITION, Some(start), end)
        };
        assert_noop!(with(long.clone(), end), Error::<Test>::ProofsTooLong);
        assert_noop!(with(case.worker.leaf(POSITION - 1), long), Error::<Test>::ProofsTooLong);
        // Half of the places are left to drawn validators.
        DisputeLimit::set(2);
        accused(&case, auditors[0]);
        assert_noop!(accuse(&case, FRIEND, auditors[1], POSITION), Error::<Test>::TooManyDisputes);
    });
}

#[test]
fn accuse_auditor_should_fail_when_its_time_is_over_and_the_shard_is_still_to_be_settled() {
    test(|| {
        let case = lied();
        let Phase::Accused { accused, .. } = case.shard().phase else { panic!("auditors may be accused") };
        System::set_block_number(accused.by + 1);
        assert_noop!(accuse(&case, STRANGER, liable(&case)[0], POSITION), Error::<Test>::TooLate);
    });
}

#[test]
fn accuse_auditor_should_fail_when_its_time_is_over() {
    test(|| {
        let case = lied();
        let auditors = liable(&case);
        blocks(PARAMS.window_blocks + 1);
        assert_noop!(accuse(&case, STRANGER, auditors[0], POSITION), Error::<Test>::WrongPhase);
        auditors.into_iter().for_each(|auditor| assert_eq!(bond(auditor), (RICH, 0)));
    });
}

#[test]
fn settled_shard_should_free_the_bonds_of_its_auditors() {
    test(|| {
        let case = Case::honest().revealed();
        let auditors = liable(&case);
        auditors.iter().for_each(|auditor| assert_eq!(bond(*auditor), (RICH, BOND)));
        blocks(PARAMS.window_blocks + 1);
        assert!(matches!(case.shard().phase, Phase::Settled { .. }));
        auditors.iter().for_each(|auditor| assert_eq!(bond(*auditor), (RICH, 0)));
    });
}

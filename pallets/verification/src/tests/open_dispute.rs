// SPDX-License-Identifier: Apache-2.0
use super::mock::*;
use crate::{disputes::DISPUTES_PER_BOND, Disputes, Error, Event, MAX_LINK_BYTES};
use frame_support::{assert_noop, assert_ok, dispatch::DispatchResultWithPostInfo};
use quern_primitives::commitment::LeafProof;
use quern_protocol::{
    dispute::Move,
    shard::{Phase, MAX_CHALLENGES},
};

fn open(case: &Case, who: u8, position: u32, start: Option<LeafProof>, end: LeafProof) -> DispatchResultWithPostInfo {
    Verification::open_dispute(signed(who), case.id(), position, start, end)
}

fn open_wrong(case: &Case, who: u8) -> DispatchResultWithPostInfo {
    let position = case.wrong_position();
    open(case, who, position, Some(case.worker.leaf(position - 1)), case.worker.leaf(position))
}

#[test]
fn open_dispute_should_oblige_the_worker_when_a_drawn_validator_differs() {
    test(|| {
        let (case, challenger, dispute) = Case::flipped().disputed();
        let position = case.wrong_position();
        // Task 1, first step of the loop.
        assert_eq!(position, case.world.segments() + 1);
        let opened = Event::DisputeOpened {
            dispute,
            shard: case.id(),
            position,
            worker: account(WORKER),
            challenger: account(challenger),
        };
        assert_eq!(last_event(), opened);
        let stored = Disputes::<Test>::get(dispute).unwrap();
        assert_eq!((stored.turn.clone(), stored.owed_by()), (Move::Trace, &raw(WORKER)));
        assert_eq!((stored.start, stored.end), (Some(case.honest.id(position - 1)), case.worker.id(position)));
        assert_eq!(Verification::stats().opened, 1);
    });
}

#[test]
fn open_dispute_should_need_no_start_when_the_segment_starts_from_the_inputs() {
    test(|| {
        let case = Case::lying(0, 0, 0, |bytes| bytes[0] ^= 1).revealed();
        let challenger = case.auditors()[0];
        let (start, end) = (case.worker.leaf(0), case.worker.leaf(0));
        assert_noop!(open(&case, challenger, 0, Some(start), end.clone()), Error::<Test>::WrongStart);
        assert_ok!(open(&case, challenger, 0, None, end));
    });
}

#[test]
fn open_dispute_should_run_in_parallel_when_several_validators_differ() {
    test(|| {
        let case = Case::flipped().revealed();
        for auditor in case.auditors() {
            assert_ok!(open_wrong(&case, auditor));
        }
        assert_eq!(Verification::disputes_of(case.id()).len(), 2);
    });
}

#[test]
fn open_dispute_should_fail_when_the_challenger_has_one() {
    test(|| {
        let (case, challenger, _) = Case::flipped().disputed();
        assert_noop!(open_wrong(&case, challenger), Error::<Test>::Duplicate);
    });
}

#[test]
fn open_dispute_should_fail_when_the_account_has_no_seat() {
    test(|| {
        let case = Case::flipped().revealed();
        assert_noop!(open_wrong(&case, STRANGER), Error::<Test>::NotYours);
    });
}

#[test]
fn open_dispute_should_fail_when_the_validator_confirmed_the_worker() {
    test(|| {
        let case = Case::flipped();
        let liar = std::cell::Cell::new(0);
        let case = case.sealed_with(|case, auditor| {
            liar.set(auditor);
            (auditor != case.auditors()[0]).then(|| case.results_of(&case.worker))
        });
        let digest = case.results_of(&case.worker);
        assert_ok!(Verification::reveal_results(signed(WORKER), case.id(), digest));
        for auditor in case.auditors() {
            let results = if auditor == liar.get() { digest } else { case.results_of(&case.honest) };
            assert_ok!(Verification::reveal_audit(signed(auditor), case.id(), [auditor; 32], results, true));
        }
        assert_noop!(open_wrong(&case, liar.get()), Error::<Test>::NotYours);
        assert_ok!(open_wrong(&case, case.auditors()[0]));
    });
}

#[test]
fn open_dispute_should_fail_when_the_segment_was_not_drawn() {
    test(|| {
        Plan::set((7, 2));
        let case = Case::flipped().falsely_accused();
        let position = (0..case.world.leaves()).find(|position| !case.sample().contains(position)).unwrap();
        let start = (!position.is_multiple_of(case.world.segments())).then(|| case.worker.leaf(position - 1));
        let end = case.worker.leaf(position);
        assert_noop!(open(&case, case.auditors()[0], position, start, end), Error::<Test>::NotSampled);
    });
}

#[test]
fn open_dispute_should_fail_when_there_is_no_such_segment() {
    test(|| {
        let case = Case::flipped().revealed();
        let leaf = case.worker.leaf(1);
        let end = case.world.leaves();
        assert_noop!(open(&case, case.auditors()[0], end, None, leaf), Error::<Test>::NoSuchSegment);
    });
}

#[test]
fn open_dispute_should_fail_when_a_leaf_is_missing_or_of_another_position() {
    test(|| {
        let case = Case::flipped().revealed();
        let (challenger, position) = (case.auditors()[0], case.wrong_position());
        let leaf = |position| case.worker.leaf(position);
        assert_noop!(
            open(&case, challenger, position, Some(leaf(position)), leaf(position)),
            Error::<Test>::LeafMismatch
        );
        assert_noop!(
            open(&case, challenger, position, Some(leaf(position - 1)), leaf(position - 1)),
            Error::<Test>::LeafMismatch
        );
    });
}

#[test]
fn open_dispute_should_search_for_the_first_difference_when_no_start_is_given() {
    test(|| {
        let case = Case::flipped().revealed();
        let (challenger, position) = (case.auditors()[0], case.world.leaves() - 1);
        assert_ok!(open(&case, challenger, position, None, case.worker.leaf(position)));
        let stored = Disputes::<Test>::get(0).unwrap();
        let Move::Ids(search) = stored.turn else { panic!("ids are owed") };
        assert_eq!((search.probes(), *stored.owed_by()), (vec![0, 1, 2], raw(WORKER)));
    });
}

#[test]
fn open_dispute_should_lock_a_bond_when_anybody_challenges_an_accepted_shard() {
    test(|| {
        let case = Case::accepted_lie();
        Bonds::set(STRANGER, RICH);
        blocks(PARAMS.window_blocks);
        let dispute = case.open(STRANGER, 5);
        assert_eq!(Bonds::of(&raw(STRANGER)), (RICH, BOND));
        assert_eq!(case.shard().window().unwrap().challenges[0].challenger, raw(STRANGER));
        assert_eq!(Disputes::<Test>::get(dispute).unwrap().challenger, raw(STRANGER));
        // The window does not close over it.
        blocks(PARAMS.move_blocks);
        assert!(matches!(case.shard().phase, Phase::Accepted { .. }));
    });
}

#[test]
fn open_dispute_should_overturn_an_accepted_lie_when_the_challenger_convicts_it() {
    test(|| {
        let case = Case::accepted_lie();
        Bonds::set(STRANGER, RICH);
        let dispute = case.open(STRANGER, 5);
        case.post_trace(dispute);
        assert_ok!(Verification::name_operator(signed(STRANGER), dispute, 1));
        let (claimed, position) = (case.world.segment_of(&case.worker, 5).1[1].clone(), 5);
        let conviction = case.world.with_evidence(&case.honest, position, |evidence| {
            evidence.convict(1, &claimed, |_, part| case.world.blob(part)).unwrap()
        });
        assert_ok!(Case::convict(STRANGER, dispute, conviction));
        assert!(matches!(case.shard().phase, Phase::Accused { .. }));
        assert!(!case.shard().is_accepted());
        assert_eq!(Bonds::of(&raw(STRANGER)), (RICH, 0));
        assert_eq!(Bonds::of(&raw(WORKER)), (RICH - COLLATERAL, 0));
        assert_eq!(Verification::stats().convicted, 1);
    });
}

#[test]
fn open_dispute_should_cost_the_bond_when_an_accepted_result_is_right() {
    test(|| {
        let case = Case::honest().revealed();
        Bonds::set(STRANGER, RICH);
        blocks(PARAMS.window_blocks);
        let dispute = case.open(STRANGER, 5);
        case.post_trace(dispute);
        blocks(PARAMS.move_blocks + 1);
        assert_eq!(Case::outcome(), Some(quern_protocol::dispute::Outcome::ChallengerSilent));
        assert_eq!(Bonds::of(&raw(STRANGER)), (RICH - BOND, 0));
        let (_, _, reporter) = Keeper::offences().pop().unwrap();
        assert_eq!(reporter, Some(raw(WORKER)));
        // The window was over, but for this.
        block();
        assert!(matches!(case.shard().phase, Phase::Settled { .. }));
        assert_eq!(Bonds::of(&raw(WORKER)), (RICH, 0));
    });
}

#[test]
fn open_dispute_should_fail_when_the_challenger_of_an_accepted_shard_has_no_bond_or_is_its_worker() {
    test(|| {
        let case = Case::accepted_lie();
        let open = |who| open(&case, who, 5, Some(case.worker.leaf(4)), case.worker.leaf(5));
        assert_noop!(open(STRANGER), Error::<Test>::NoBond);
        Bonds::set(WORKER, 2 * RICH);
        assert_noop!(open(WORKER), Error::<Test>::NotYours);
        Bonds::set(STRANGER, RICH);
        assert_ok!(open(STRANGER));
        assert_noop!(open(STRANGER), Error::<Test>::Duplicate);
    });
}

#[test]
fn open_dispute_should_fail_when_an_accepted_shard_is_challenged_as_often_as_can_be() {
    test(|| {
        DisputeLimit::set(4 * MAX_CHALLENGES);
        let case = Case::accepted_lie();
        let challengers = STRANGER..=STRANGER + MAX_CHALLENGES as u8;
        challengers.clone().for_each(|who| Bonds::set(who, RICH * RICH));
        for who in challengers.clone().take(MAX_CHALLENGES as usize) {
            case.open(who, 5);
        }
        let last = open(&case, *challengers.end(), 5, Some(case.worker.leaf(4)), case.worker.leaf(5));
        assert_eq!(last.unwrap_err().error, Error::<Test>::Full.into());
    });
}

#[test]
fn open_dispute_should_fail_when_the_window_has_closed() {
    test(|| {
        let case = Case::accepted_lie();
        Bonds::set(STRANGER, RICH);
        blocks(PARAMS.window_blocks + 1);
        assert!(matches!(case.shard().phase, Phase::Settled { .. }));
        let closed = open(&case, STRANGER, 5, Some(case.worker.leaf(4)), case.worker.leaf(5));
        assert_eq!(closed.unwrap_err().error, Error::<Test>::WrongPhase.into());
    });
}

#[test]
fn open_dispute_should_lock_a_larger_bond_when_many_disputes_are_under_way() {
    test(|| {
        DisputeLimit::set(4 * DISPUTES_PER_BOND);
        let case = Case::accepted_lie();
        for who in [STRANGER, STRANGER + 1] {
            Bonds::set(who, RICH);
        }
        let first = case.open(STRANGER, 5);
        let others = 1_000..1_000 + u64::from(DISPUTES_PER_BOND) - 1;
        let one = Disputes::<Test>::get(first).unwrap();
        others.clone().for_each(|id| Disputes::<Test>::insert(id, one.clone()));
        case.open(STRANGER + 1, 5);
        // Twice for the challenge that the shard has already, and twice that for all those on the chain.
        assert_eq!(Bonds::of(&raw(STRANGER + 1)), (RICH, 2 * 2 * BOND));
        others.for_each(Disputes::<Test>::remove);
    });
}

#[test]
fn open_dispute_should_leave_places_to_drawn_validators_when_anybody_challenges() {
    test(|| {
        DisputeLimit::set(2);
        let case = Case::accepted_lie();
        for who in [STRANGER, STRANGER + 1] {
            Bonds::set(who, RICH);
        }
        case.open(STRANGER, 5);
        let second = open(&case, STRANGER + 1, 5, Some(case.worker.leaf(4)), case.worker.leaf(5));
        assert_eq!(second.unwrap_err().error, Error::<Test>::TooManyDisputes.into());
    });
}

#[test]
fn open_dispute_should_fail_when_a_leaf_is_invented() {
    test(|| {
        let case = Case::honest().falsely_accused();
        let forged = LeafProof { id: Default::default(), ..case.worker.leaf(1) };
        let start = Some(case.worker.leaf(0));
        assert_noop!(open(&case, case.auditors()[0], 1, start, forged), Error::<Test>::LeafMismatch);
    });
}

#[test]
fn open_dispute_should_fail_when_a_proof_is_forged_truncated_or_too_long() {
    test(|| {
        let case = Case::flipped().revealed();
        let position = case.wrong_position();
        let with = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut end = case.worker.leaf(position);
            change(&mut end.proof.0);
            open(&case, case.auditors()[0], position, Some(case.worker.leaf(position - 1)), end)
        };
        assert_noop!(with(&|proof| proof[0] ^= 1), Error::<Test>::ProofMismatch);
        assert_noop!(with(&|proof| proof.truncate(9)), Error::<Test>::ProofTruncated);
        assert_noop!(with(&|proof| proof.push(0)), Error::<Test>::ProofTrailing);
        assert_noop!(with(&|proof| proof.resize(MAX_LINK_BYTES + 1, 0)), Error::<Test>::ProofsTooLong);
    });
}

#[test]
fn open_dispute_should_fail_when_the_deadline_has_passed() {
    test(|| {
        let case = Case::flipped().revealed();
        System::set_block_number(System::block_number() + PARAMS.move_blocks + 1);
        assert_noop!(open_wrong(&case, case.auditors()[0]), Error::<Test>::TooLate);
    });
}

#[test]
fn open_dispute_should_fail_when_the_shard_is_not_in_dispute() {
    test(|| {
        let case = Case::flipped().shown();
        assert_noop!(open_wrong(&case, case.auditors()[0]), Error::<Test>::WrongPhase);
    });
}

#[test]
fn open_dispute_should_fail_when_there_are_too_many() {
    test(|| {
        DisputeLimit::set(1);
        let (case, _, _) = Case::flipped().disputed();
        assert_noop!(open_wrong(&case, case.auditors()[1]), Error::<Test>::TooManyDisputes);
    });
}

#[test]
fn silence_should_fine_the_validator_when_it_differs_and_opens_no_dispute() {
    test(|| {
        let case = Case::flipped().revealed();
        let auditors = case.auditors();
        blocks(PARAMS.move_blocks + 1);
        assert!(matches!(case.shard().phase, Phase::Committed { .. }));
        auditors.iter().for_each(|who| assert_eq!(Bonds::of(&raw(*who)), (RICH - BOND, 0)));
    });
}

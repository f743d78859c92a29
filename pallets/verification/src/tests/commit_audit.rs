// SPDX-License-Identifier: Apache-2.0
use super::mock::*;
use crate::{Error, Event};
use frame_support::{assert_noop, assert_ok};
use quern_protocol::shard::Phase;

#[test]
fn commit_audit_should_wait_for_the_others_when_it_is_not_the_last() {
    test(|| {
        let case = Case::honest().opened();
        let auditor = case.auditors()[0];
        assert_ok!(Verification::commit_audit(signed(auditor), case.id(), [3; 32]));
        assert!(matches!(case.shard().phase, Phase::Auditing { .. }));
        let event = Event::AuditCommitted { shard: case.id(), auditor: account(auditor), seal: [3; 32] };
        assert_eq!(last_event(), event);
    });
}

#[test]
fn commit_audit_should_ask_for_results_when_it_is_the_last() {
    test(|| {
        let case = Case::honest().sealed();
        assert!(matches!(case.shard().phase, Phase::Revealing { .. }));
    });
}

#[test]
fn commit_audit_should_fail_when_it_was_done() {
    test(|| {
        let case = Case::honest().opened();
        let auditor = signed(case.auditors()[0]);
        assert_ok!(Verification::commit_audit(auditor.clone(), case.id(), [3; 32]));
        assert_noop!(Verification::commit_audit(auditor, case.id(), [4; 32]), Error::<Test>::Duplicate);
    });
}

#[test]
fn commit_audit_should_fail_when_the_validator_was_not_drawn() {
    test(|| {
        let case = Case::honest().opened();
        for other in [STRANGER, WORKER] {
            assert_noop!(Verification::commit_audit(signed(other), case.id(), [3; 32]), Error::<Test>::NotYours);
        }
    });
}

#[test]
fn commit_audit_should_fail_when_the_deadline_has_passed() {
    test(|| {
        let case = Case::honest().opened();
        System::set_block_number(System::block_number() + PARAMS.audit_blocks + 1);
        let auditor = signed(case.auditors()[0]);
        assert_noop!(Verification::commit_audit(auditor, case.id(), [3; 32]), Error::<Test>::TooLate);
    });
}

#[test]
fn commit_audit_should_fail_when_checkpoints_are_not_open() {
    test(|| {
        let case = Case::honest().drawn();
        let auditor = signed(case.auditors()[0]);
        assert_noop!(Verification::commit_audit(auditor, case.id(), [3; 32]), Error::<Test>::WrongPhase);
    });
}

#[test]
fn silence_should_fine_the_validator_and_fill_its_seat_alone_when_a_seal_is_owed() {
    test(|| {
        let case = Case::honest().opened();
        let ([present, absent], sample) = (case.auditors()[..].try_into().unwrap(), case.sample());
        assert_ok!(Verification::commit_audit(
            signed(present),
            case.id(),
            case.seal(present, case.results_of(&case.honest))
        ));
        blocks(PARAMS.audit_blocks + 1);
        assert!(matches!(case.shard().phase, Phase::Committed { .. }));
        assert_eq!(Bonds::of(&raw(present)), (RICH, BOND), "its seat and its seal stay");
        assert_eq!(Bonds::of(&raw(absent)), (RICH - BOND, 0));
        check();
        blocks(6);
        assert!(matches!(case.shard().phase, Phase::Auditing { .. }), "the checkpoints are opened already");
        assert_eq!(case.sample(), sample);
        let drawn: Vec<u8> = case.auditors().into_iter().filter(|who| *who != present).collect();
        let [drawn] = drawn[..] else { panic!("one seat was vacant") };
        assert_ne!(drawn, absent, "who has left is not drawn again while there are others");
        let seal = case.seal(drawn, case.results_of(&case.honest));
        assert_ok!(Verification::commit_audit(signed(drawn), case.id(), seal));
        assert!(matches!(case.shard().phase, Phase::Revealing { .. }));
    });
}

#[test]
fn lie_in_the_sample_should_be_convicted_when_a_friend_falls_silent_beside_an_honest_validator() {
    test(|| {
        let case = Case::flipped().opened();
        let [honest, friend] = case.auditors()[..].try_into().unwrap();
        let truth = |case: &Case| case.results_of(&case.honest);
        assert_ok!(Verification::commit_audit(signed(honest), case.id(), case.seal(honest, truth(&case))));
        blocks(PARAMS.audit_blocks + 7);
        let next = case.auditors().into_iter().find(|who| *who != honest).unwrap();
        assert_ne!(next, friend);
        let shown = case.results_of(&case.worker);
        assert_ok!(Verification::commit_audit(signed(next), case.id(), case.seal(next, shown)));
        assert_ok!(Verification::reveal_results(signed(WORKER), case.id(), shown));
        assert_ok!(Verification::reveal_audit(signed(next), case.id(), [next; 32], shown, true));
        assert_ok!(Verification::reveal_audit(signed(honest), case.id(), [honest; 32], truth(&case), true));
        assert!(matches!(case.shard().phase, Phase::Disputed { .. }));
        case.open(honest, case.wrong_position());
    });
}

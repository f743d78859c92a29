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
fn silence_should_fine_the_validator_and_redraw_when_a_seal_is_owed() {
    test(|| {
        let case = Case::honest().opened();
        let [present, absent] = case.auditors()[..] else { panic!("two validators") };
        assert_ok!(Verification::commit_audit(signed(present), case.id(), [3; 32]));
        blocks(PARAMS.audit_blocks + 1);
        assert!(matches!(case.shard().phase, Phase::Committed { .. }));
        assert_eq!(Bonds::of(&raw(present)), (RICH, 0));
        assert_eq!(Bonds::of(&raw(absent)), (RICH - BOND, 0));
        blocks(6);
        assert!(matches!(case.shard().phase, Phase::Opening { .. }));
    });
}

// SPDX-License-Identifier: Apache-2.0
use super::mock::*;
use crate::{Error, Event};
use frame_support::{assert_noop, assert_ok};
use quern_protocol::shard::Phase;

#[test]
fn demand_opening_should_oblige_the_worker_when_a_drawn_validator_asks() {
    test(|| {
        let case = Case::honest().opened();
        let auditor = case.auditors()[0];
        assert_ok!(Verification::demand_opening(signed(auditor), case.id()));
        assert_eq!(last_event(), Event::OpeningDemanded { shard: case.id(), auditor: account(auditor) });
        blocks(PARAMS.reveal_blocks + 1);
        assert_eq!(case.shard().phase, Phase::Queued);
        assert_eq!(Bonds::of(&raw(WORKER)), (RICH - COLLATERAL, 0));
    });
}

#[test]
fn demand_opening_should_fail_when_somebody_else_asks() {
    test(|| {
        let case = Case::honest().opened();
        for other in [STRANGER, WORKER] {
            assert_noop!(Verification::demand_opening(signed(other), case.id()), Error::<Test>::NotYours);
        }
    });
}

#[test]
fn demand_opening_should_fail_when_another_one_asked() {
    test(|| {
        let case = Case::honest().opened();
        let [first, second] = case.auditors()[..] else { panic!("two validators") };
        assert_ok!(Verification::demand_opening(signed(first), case.id()));
        assert_noop!(Verification::demand_opening(signed(second), case.id()), Error::<Test>::Duplicate);
    });
}

#[test]
fn demand_opening_should_fail_when_nothing_was_opened() {
    test(|| {
        let case = Case::honest().drawn();
        let auditor = signed(case.auditors()[0]);
        assert_noop!(Verification::demand_opening(auditor, case.id()), Error::<Test>::WrongPhase);
    });
}

#[test]
fn demand_opening_should_fail_when_the_deadline_has_passed() {
    test(|| {
        let case = Case::honest().opened();
        System::set_block_number(System::block_number() + PARAMS.audit_blocks + 1);
        let auditor = signed(case.auditors()[0]);
        assert_noop!(Verification::demand_opening(auditor, case.id()), Error::<Test>::TooLate);
    });
}

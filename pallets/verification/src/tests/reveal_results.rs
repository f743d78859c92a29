// SPDX-License-Identifier: Apache-2.0
use super::mock::*;
use crate::{Error, Event};
use frame_support::{assert_noop, assert_ok};
use quern_protocol::shard::Phase;

#[test]
fn reveal_results_should_ask_for_the_audits_when_all_are_sealed() {
    test(|| {
        let case = Case::honest().sealed();
        assert_ok!(Verification::reveal_results(signed(WORKER), case.id(), [5; 32]));
        assert!(matches!(case.shard().phase, Phase::Comparing { .. }));
        let event = Event::ResultsRevealed { shard: case.id(), worker: account(WORKER), digest: [5; 32] };
        assert_eq!(last_event(), event);
    });
}

#[test]
fn reveal_results_should_fail_when_a_seal_is_missing() {
    test(|| {
        let case = Case::honest().opened();
        assert_noop!(Verification::reveal_results(signed(WORKER), case.id(), [5; 32]), Error::<Test>::WrongPhase);
    });
}

#[test]
fn reveal_results_should_fail_when_it_was_done() {
    test(|| {
        let case = Case::honest().shown();
        assert_noop!(Verification::reveal_results(signed(WORKER), case.id(), [5; 32]), Error::<Test>::WrongPhase);
    });
}

#[test]
fn reveal_results_should_fail_when_another_account_signs() {
    test(|| {
        let case = Case::honest().sealed();
        let auditor = signed(case.auditors()[0]);
        assert_noop!(Verification::reveal_results(auditor, case.id(), [5; 32]), Error::<Test>::NotYours);
    });
}

#[test]
fn reveal_results_should_fail_when_the_deadline_has_passed() {
    test(|| {
        let case = Case::honest().sealed();
        System::set_block_number(System::block_number() + PARAMS.reveal_blocks + 1);
        assert_noop!(Verification::reveal_results(signed(WORKER), case.id(), [5; 32]), Error::<Test>::TooLate);
    });
}

#[test]
fn silence_should_lose_the_collateral_when_results_are_owed() {
    test(|| {
        let case = Case::honest().sealed();
        let auditors = case.auditors();
        blocks(PARAMS.reveal_blocks + 1);
        assert_eq!(case.shard().phase, Phase::Queued);
        assert_eq!(Bonds::of(&raw(WORKER)), (RICH - COLLATERAL, 0));
        auditors.iter().for_each(|who| assert_eq!(Bonds::of(&raw(*who)), (RICH, 0)));
    });
}

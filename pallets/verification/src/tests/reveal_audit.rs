// SPDX-License-Identifier: Apache-2.0
use super::mock::*;
use crate::{Error, Event, Stats, WeightInfo};
use frame_support::{assert_noop, assert_ok, weights::Weight};
use quern_protocol::shard::{Phase, Verdict};

#[test]
fn reveal_audit_should_accept_the_shard_when_all_validators_agree() {
    test(|| {
        let case = Case::honest().revealed();
        assert!(matches!(case.shard().phase, Phase::Accepted { .. }));
        assert_eq!(Verification::stats(), Stats { drawn: 1, settled: 1, ..Stats::default() });
        // Its collateral stays locked while anybody may challenge it.
        assert_eq!(Bonds::of(&raw(WORKER)), (RICH, COLLATERAL));
        assert!(case.shard().window().unwrap().delivered);
    });
}

#[test]
fn reveal_audit_should_say_what_was_found_when_it_is_accepted() {
    test(|| {
        let case = Case::flipped().shown();
        let auditor = case.auditors()[1];
        let results = case.results_of(&case.honest);
        assert_ok!(Verification::reveal_audit(signed(auditor), case.id(), [auditor; 32], results, true));
        let auditor = account(auditor);
        let event = Event::AuditRevealed { shard: case.id(), auditor, results, matches: false, holds_outputs: true };
        assert_eq!(last_event(), event);
    });
}

#[test]
fn reveal_audit_should_lead_to_a_dispute_when_validators_differ() {
    test(|| {
        let case = Case::flipped().revealed();
        let Phase::Disputed { audit, .. } = case.shard().phase else { panic!("disputed") };
        assert!(audit.seats.iter().all(|seat| seat.verdict == Some(Verdict::Differs)));
        assert_eq!(Verification::stats().settled, 0);
    });
}

/// What is charged in the end for each reveal of an honest shard, in order.
fn charged() -> Vec<Option<Weight>> {
    let case = Case::honest().shown();
    let reveal = |auditor: u8| {
        let results = case.results_of(&case.honest);
        let done = Verification::reveal_audit(signed(auditor), case.id(), [auditor; 32], results, true);
        done.expect("the reveal is accepted").actual_weight
    };
    case.auditors().into_iter().map(reveal).collect()
}

#[test]
fn reveal_audit_should_cost_no_more_than_it_does_when_the_stage_goes_on() {
    type Weights = <Test as crate::Config>::WeightInfo;
    test(|| assert_eq!(charged(), [Some(Weights::commit_audit()), Some(Weights::settle())]));
}

#[test]
fn reveal_audit_should_cost_all_that_was_charged_when_it_completes_the_stage() {
    test(|| {
        StageComplete::set(true);
        assert_eq!(charged().last(), Some(&None));
    });
}

#[test]
fn reveal_audit_should_fail_when_the_answer_is_not_the_sealed_one() {
    test(|| {
        let case = Case::flipped().shown();
        let auditor = case.auditors()[0];
        let copied = case.results_of(&case.worker);
        let truth = case.results_of(&case.honest);
        for (salt, results) in [([auditor; 32], copied), ([0; 32], truth)] {
            assert_noop!(
                Verification::reveal_audit(signed(auditor), case.id(), salt, results, true),
                Error::<Test>::SealMismatch
            );
        }
    });
}

#[test]
fn reveal_audit_should_fail_when_it_was_done() {
    test(|| {
        let case = Case::honest().shown();
        let auditor = case.auditors()[0];
        let reveal = || {
            let results = case.results_of(&case.honest);
            Verification::reveal_audit(signed(auditor), case.id(), [auditor; 32], results, true)
        };
        assert_ok!(reveal());
        assert_noop!(reveal(), Error::<Test>::Duplicate);
    });
}

#[test]
fn reveal_audit_should_fail_when_the_account_has_no_seat() {
    test(|| {
        let case = Case::honest().shown();
        assert_noop!(
            Verification::reveal_audit(signed(STRANGER), case.id(), [0; 32], [0; 32], true),
            Error::<Test>::NotYours
        );
    });
}

#[test]
fn reveal_audit_should_fail_when_the_results_are_not_shown() {
    test(|| {
        let case = Case::honest().sealed();
        let auditor = case.auditors()[0];
        assert_noop!(
            Verification::reveal_audit(signed(auditor), case.id(), [auditor; 32], [0; 32], true),
            Error::<Test>::WrongPhase
        );
    });
}

#[test]
fn reveal_audit_should_fail_when_the_deadline_has_passed() {
    test(|| {
        let case = Case::honest().shown();
        System::set_block_number(System::block_number() + PARAMS.reveal_blocks + 1);
        let auditor = case.auditors()[0];
        let results = case.results_of(&case.honest);
        assert_noop!(
            Verification::reveal_audit(signed(auditor), case.id(), [auditor; 32], results, true),
            Error::<Test>::TooLate
        );
    });
}

#[test]
fn silence_should_fine_the_validator_and_redraw_when_a_reveal_is_owed() {
    test(|| {
        let case = Case::honest().shown();
        let [present, absent] = case.auditors()[..] else { panic!("two validators") };
        let results = case.results_of(&case.honest);
        assert_ok!(Verification::reveal_audit(signed(present), case.id(), [present; 32], results, true));
        blocks(PARAMS.reveal_blocks + 1);
        assert!(matches!(case.shard().phase, Phase::Committed { .. }));
        assert_eq!(Bonds::of(&raw(absent)), (RICH - BOND, 0));
        assert_eq!(Bonds::of(&raw(present)), (RICH, 0));
    });
}

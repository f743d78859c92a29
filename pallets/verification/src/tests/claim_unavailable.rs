// SPDX-License-Identifier: Apache-2.0
use super::mock::*;
use crate::{Error, Event};
use frame_support::{
    assert_noop, assert_ok,
    dispatch::{DispatchResultWithPostInfo, Pays},
};
use quern_protocol::shard::Phase;

fn claim(case: &Case, who: u8, inputs_missing: bool) -> DispatchResultWithPostInfo {
    Verification::claim_unavailable(signed(who), case.id(), inputs_missing)
}

#[test]
fn claim_unavailable_should_have_the_validator_run_the_tasks_from_their_inputs_and_take_no_stake() {
    test(|| {
        let case = Case::honest().opened();
        let auditors = case.auditors();
        assert_eq!(claim(&case, auditors[0], false).unwrap().pays_fee, Pays::No);
        let event = Event::BytesUnavailable { shard: case.id(), auditor: account(auditors[0]), claims: 1 };
        assert_eq!(last_event(), event);
        assert!(matches!(case.shard().phase, Phase::Auditing { .. }));
        assert_eq!(case.auditors(), auditors, "nobody loses its seat");
        assert_eq!(Bonds::of(&raw(WORKER)), (RICH, COLLATERAL));
        auditors.iter().for_each(|who| assert_eq!(Bonds::of(&raw(*who)), (RICH, BOND)));
        assert!(Keeper::offences().is_empty());
        // Nothing more is owed by the worker but its results: whoever agrees with them had to compute them.
        for auditor in case.auditors() {
            let seal = case.seal(auditor, case.results_of(&case.honest));
            assert_ok!(Verification::commit_audit(signed(auditor), case.id(), seal));
        }
        let digest = case.results_of(&case.worker);
        assert_ok!(Verification::reveal_results(signed(WORKER), case.id(), digest));
        for auditor in case.auditors() {
            assert_ok!(Verification::reveal_audit(signed(auditor), case.id(), [auditor; 32], digest, true));
        }
        assert!(case.shard().is_accepted());
    });
}

#[test]
fn claim_unavailable_should_make_room_for_another_validator_when_the_inputs_are_missing_too() {
    test(|| {
        let case = Case::honest().opened();
        let ([leaves, stays], sample) = (case.auditors()[..].try_into().unwrap(), case.sample());
        assert_ok!(Verification::commit_audit(signed(stays), case.id(), [3; 32]));
        assert_ok!(claim(&case, leaves, false));
        assert_ok!(claim(&case, leaves, true));
        assert!(matches!(case.shard().phase, Phase::Committed { .. }));
        assert_eq!((Bonds::of(&raw(leaves)), Bonds::of(&raw(stays))), ((RICH, 0), (RICH, BOND)));
        blocks(6);
        assert!(matches!(case.shard().phase, Phase::Auditing { .. }), "the checkpoints are opened already");
        assert_eq!(case.sample(), sample);
        let auditors = case.auditors();
        assert!(auditors.contains(&stays) && !auditors.contains(&leaves));
        assert!(Keeper::offences().is_empty());
    });
}

#[test]
fn claim_unavailable_should_fail_when_it_was_made_or_the_inputs_were_not_tried() {
    test(|| {
        let case = Case::honest().opened();
        let auditor = case.auditors()[0];
        assert_noop!(claim(&case, auditor, true), Error::<Test>::WrongPhase);
        assert_ok!(claim(&case, auditor, false));
        assert_noop!(claim(&case, auditor, false), Error::<Test>::Duplicate);
    });
}

#[test]
fn claim_unavailable_should_fail_while_the_worker_owes_an_answer() {
    test(|| {
        let case = Case::honest().opened();
        let auditor = case.auditors()[0];
        assert_ok!(Verification::demand_opening(signed(auditor), case.id()));
        assert_noop!(claim(&case, auditor, false), Error::<Test>::WrongPhase);
    });
}

#[test]
fn claim_unavailable_should_fail_when_the_validator_has_sealed_or_has_no_seat() {
    test(|| {
        let case = Case::honest().opened();
        let auditor = case.auditors()[0];
        assert_noop!(claim(&case, WORKER, false), Error::<Test>::NotYours);
        assert_noop!(claim(&case, STRANGER, false), Error::<Test>::NotYours);
        assert_ok!(Verification::commit_audit(signed(auditor), case.id(), [0; 32]));
        assert_noop!(claim(&case, auditor, false), Error::<Test>::Duplicate);
    });
}

#[test]
fn claim_unavailable_should_fail_when_nothing_is_audited_or_it_is_too_late() {
    test(|| {
        let case = Case::honest().drawn();
        let auditor = case.auditors()[0];
        assert_noop!(claim(&case, auditor, false), Error::<Test>::WrongPhase);
        assert_ok!(Verification::open_checkpoints(signed(WORKER), case.id(), case.opened_digest()));
        System::set_block_number(System::block_number() + PARAMS.audit_blocks + 1);
        assert_noop!(claim(&case, auditor, false), Error::<Test>::TooLate);
        let unknown = quern_primitives::ShardId { job: 99, ..case.id() };
        let refused = Verification::claim_unavailable(signed(auditor), unknown, false);
        assert_eq!(refused.unwrap_err().error, Error::<Test>::UnknownShard.into());
    });
}

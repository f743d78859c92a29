// SPDX-License-Identifier: Apache-2.0
use super::mock::*;
use crate::{Error, Event};
use frame_support::{
    assert_noop, assert_ok,
    dispatch::{DispatchResultWithPostInfo, Pays},
};
use quern_protocol::shard::{Phase, CLAIMS_TO_RERUN};

fn claim(case: &Case, who: u8) -> DispatchResultWithPostInfo {
    Verification::claim_unavailable(signed(who), case.id())
}

/// The worker has opened its checkpoints again for others.
fn redrawn(case: &Case) {
    while matches!(case.shard().phase, Phase::Committed { .. }) {
        block();
    }
}

#[test]
fn claim_unavailable_should_have_others_drawn_and_take_no_stake() {
    test(|| {
        let case = Case::honest().opened();
        let auditor = case.auditors()[0];
        assert_eq!(claim(&case, auditor).unwrap().pays_fee, Pays::No);
        assert_eq!(last_event(), Event::BytesUnavailable { shard: case.id(), auditor: account(auditor), claims: 1 });
        assert!(matches!(case.shard().phase, Phase::Committed { .. }));
        assert_eq!(Bonds::of(&raw(WORKER)), (RICH, COLLATERAL));
        VALIDATORS.iter().for_each(|who| assert_eq!(Bonds::of(&raw(*who)), (RICH, 0)));
        assert!(Keeper::offences().is_empty());
        redrawn(&case);
        assert!(matches!(case.shard().phase, Phase::Opening { .. }));
    });
}

#[test]
fn claim_unavailable_should_have_the_tasks_run_from_their_inputs_when_two_draws_come_to_it() {
    test(|| {
        let case = Case::honest().opened();
        for claims in 1..=CLAIMS_TO_RERUN {
            assert_ok!(claim(&case, case.auditors()[0]));
            assert_eq!(case.shard().claims, claims);
            redrawn(&case);
            if claims < CLAIMS_TO_RERUN {
                assert_ok!(Verification::open_checkpoints(signed(WORKER), case.id(), case.opened_digest()));
            }
        }
        // Nothing is owed by the worker but its results: whoever agrees with them had to compute them.
        assert!(case.shard().audit().unwrap().from_inputs);
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
fn claim_unavailable_should_fail_when_the_validator_has_sealed_or_has_no_seat() {
    test(|| {
        let case = Case::honest().opened();
        let auditor = case.auditors()[0];
        assert_noop!(claim(&case, WORKER), Error::<Test>::NotYours);
        assert_noop!(claim(&case, STRANGER), Error::<Test>::NotYours);
        assert_ok!(Verification::commit_audit(signed(auditor), case.id(), [0; 32]));
        assert_noop!(claim(&case, auditor), Error::<Test>::Duplicate);
    });
}

#[test]
fn claim_unavailable_should_fail_when_nothing_is_audited_or_it_is_too_late() {
    test(|| {
        let case = Case::honest().drawn();
        let auditor = case.auditors()[0];
        assert_noop!(claim(&case, auditor), Error::<Test>::WrongPhase);
        assert_ok!(Verification::open_checkpoints(signed(WORKER), case.id(), case.opened_digest()));
        System::set_block_number(System::block_number() + PARAMS.audit_blocks + 1);
        assert_noop!(claim(&case, auditor), Error::<Test>::TooLate);
        let unknown = quern_primitives::ShardId { job: 99, ..case.id() };
        let refused = Verification::claim_unavailable(signed(auditor), unknown);
        assert_eq!(refused.unwrap_err().error, Error::<Test>::UnknownShard.into());
    });
}

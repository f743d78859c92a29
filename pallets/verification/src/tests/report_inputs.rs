// SPDX-License-Identifier: Apache-2.0
//! `report_inputs`, the draw before it, and what a claim costs that it refutes.
use super::mock::*;
use crate::{Error, Event, PendingDrawCount, Resting};
use frame_support::{assert_noop, assert_ok, dispatch::Pays};
use quern_protocol::{
    shard::{Phase, MAX_AUDIT_ROUNDS},
    traits::Shards as _,
};

/// A shard of which one auditor says for the last time that the inputs are missing. Gives who claims, and who sits beside it.
fn doubted() -> (Case, u8, u8) {
    let case = Case::honest().opened();
    let [claims, stays] = case.auditors()[..].try_into().unwrap();
    assert_ok!(Verification::commit_audit(signed(stays), case.id(), case.seal(stays, case.results_of(&case.honest))));
    let mut shard = case.shard();
    shard.rounds = MAX_AUDIT_ROUNDS - 1;
    Keeper::put(&case.world, &shard);
    for inputs_missing in [false, true] {
        assert_ok!(Verification::claim_unavailable(signed(claims), case.id(), inputs_missing));
    }
    assert!(matches!(case.shard().phase, Phase::Doubted { work: Some(_), .. }));
    (case, claims, stays)
}

/// The validators that are asked.
fn asked(case: &Case) -> Vec<u8> {
    case.shard().probe().unwrap().seats.iter().map(|seat| seat.auditor[0]).collect()
}

/// The same, when two others were drawn.
fn probing() -> (Case, u8, u8) {
    let (case, claims, stays) = doubted();
    blocks(6);
    assert!(matches!(case.shard().phase, Phase::Probing { .. }));
    (case, claims, stays)
}

#[test]
fn draw_should_ask_others_than_those_who_claim_or_sit_and_lock_their_bonds() {
    test(|| {
        let (case, claims, stays) = probing();
        let asked = asked(&case);
        assert_eq!(asked.len(), 2);
        assert!(!asked.contains(&claims) && !asked.contains(&stays));
        asked.iter().for_each(|who| assert_eq!(Bonds::of(&raw(*who)), (RICH, BOND)));
        let mut drawn = events().into_iter();
        assert!(drawn.any(|event| matches!(event, Event::ProbeDrawn { bond: BOND, .. })));
        check();
    });
}

#[test]
fn draw_should_wait_when_too_few_others_are_there_and_give_the_work_up_in_the_end() {
    test(|| {
        let (case, claims, stays) = doubted();
        Registered::set([claims, stays].map(raw).to_vec());
        blocks(6);
        assert!(matches!(case.shard().phase, Phase::Doubted { .. }));
        assert_eq!(PendingDrawCount::<Test>::get(), 1);
        check();
        blocks(PARAMS.seat_blocks(case.shard().work_macs()) + 8);
        assert_eq!(case.shard().phase, Phase::Queued);
        assert_eq!(Bonds::of(&raw(WORKER)), (RICH, 0));
        assert!(events().iter().any(|event| matches!(event, Event::DrawGivenUp { .. })));
        check();
    });
}

#[test]
fn report_inputs_should_let_the_audit_go_on_and_refute_nobody_when_somebody_has_them() {
    test(|| {
        let (case, claims, stays) = probing();
        let by = asked(&case)[1];
        assert_eq!(Verification::report_inputs(signed(by), case.id(), true).unwrap().pays_fee, Pays::No);
        assert_eq!(last_event(), Event::InputsReported { shard: case.id(), auditor: account(by), available: true });
        assert!(matches!(case.shard().phase, Phase::Committed { held: Some(_), .. }));
        assert!(Resting::<Test>::get().is_empty(), "one word refutes nobody");
        assert!(Keeper::offences().is_empty(), "a word takes no stake");
        assert_eq!(Bonds::of(&raw(claims)), (RICH, 0));
        blocks(6);
        let auditors = case.auditors();
        assert!(auditors.contains(&stays) && !auditors.contains(&claims), "others are drawn before it");
        check();
    });
}

#[test]
fn claimer_should_rest_for_a_while() {
    test(|| {
        let claims = 3;
        Verification::rest(&raw(claims));
        assert_eq!(Verification::resting(), [raw(claims)]);
        System::set_block_number(System::block_number() + PARAMS.claim_rest_blocks);
        assert!(Verification::resting().is_empty());
    });
}

#[test]
fn claimer_should_rest_when_others_complete_the_audit() {
    test(|| {
        let case = Case::honest().opened();
        let claims = case.auditors()[0];
        for inputs_missing in [false, true] {
            assert_ok!(Verification::claim_unavailable(signed(claims), case.id(), inputs_missing));
        }
        assert!(Resting::<Test>::get().is_empty(), "nobody knows yet");
        blocks(6);
        let results = case.results_of(&case.honest);
        for who in case.auditors() {
            assert_ok!(Verification::commit_audit(signed(who), case.id(), case.seal(who, results)));
        }
        assert_ok!(Verification::reveal_results(signed(WORKER), case.id(), results));
        for who in case.auditors() {
            assert_ok!(Verification::reveal_audit(signed(who), case.id(), [who; 32], results, true));
        }
        assert!(case.shard().is_accepted());
        assert_eq!(Verification::resting(), [raw(claims)]);
        check();
    });
}

#[test]
fn report_inputs_should_free_everybody_when_all_say_that_they_are_missing() {
    test(|| {
        let (case, claims, stays) = probing();
        let asked = asked(&case);
        for who in &asked {
            assert_ok!(Verification::report_inputs(signed(*who), case.id(), false));
        }
        assert_eq!(case.shard().phase, Phase::Queued);
        for who in asked.into_iter().chain([claims, stays, WORKER]) {
            assert_eq!(Bonds::of(&raw(who)), (RICH, 0));
        }
        assert!(Resting::<Test>::get().is_empty() && Keeper::offences().is_empty());
        check();
    });
}

#[test]
fn commitment_should_wait_when_all_say_that_they_are_missing_and_nobody_had_sealed() {
    test(|| {
        let (case, claims, stays) = probing();
        let mut shard = case.shard();
        let Phase::Probing { work: Some(work), .. } = &mut shard.phase else { panic!("{shard:?}") };
        work.audit.seats.iter_mut().for_each(|seat| seat.seal = None);
        Keeper::put(&case.world, &shard);
        for who in asked(&case) {
            assert_ok!(Verification::report_inputs(signed(who), case.id(), false));
        }
        let shard = case.shard();
        assert!(matches!(shard.phase, Phase::Committed { held: Some(_), .. }), "{shard:?}");
        assert_eq!((Bonds::of(&raw(claims)), Bonds::of(&raw(stays))), ((RICH, 0), (RICH, BOND)));
        check();
    });
}

#[test]
fn validator_should_be_fined_when_it_says_nothing() {
    test(|| {
        let (case, ..) = probing();
        let [speaks, silent] = asked(&case)[..].try_into().unwrap();
        assert_ok!(Verification::report_inputs(signed(speaks), case.id(), false));
        let due = case.shard().expires().unwrap();
        System::set_block_number(due);
        assert_ok!(Keeper::apply(&case.id(), quern_protocol::shard::Event::Expire));
        assert_eq!(Keeper::offences().len(), 1);
        assert_eq!((Bonds::of(&raw(silent)), Bonds::of(&raw(speaks))), ((RICH - BOND, 0), (RICH, BOND)));
        assert!(matches!(case.shard().phase, Phase::Doubted { .. }));
        check();
    });
}

#[test]
fn report_inputs_should_fail_when_it_is_not_owed() {
    test(|| {
        let (case, claims, _) = probing();
        let [first, second] = asked(&case)[..].try_into().unwrap();
        let say = |who, available| Verification::report_inputs(signed(who), case.id(), available);
        assert_noop!(say(claims, false), Error::<Test>::NotYours);
        assert_noop!(say(WORKER, true), Error::<Test>::NotYours);
        assert_ok!(say(first, false));
        assert_noop!(say(first, true), Error::<Test>::Duplicate);
        let other = quern_primitives::ShardId { job: 99, ..case.id() };
        assert_noop!(Verification::report_inputs(signed(first), other, true), Error::<Test>::UnknownShard);
        assert_noop!(
            Verification::report_inputs(RuntimeOrigin::none(), case.id(), true),
            sp_runtime::DispatchError::BadOrigin
        );
        System::set_block_number(case.shard().expires().unwrap());
        assert_noop!(say(second, false), Error::<Test>::TooLate);
    });
}

#[test]
fn report_inputs_should_fail_when_nobody_is_asked() {
    test(|| {
        let case = Case::honest().opened();
        let who = case.auditors()[0];
        assert_noop!(Verification::report_inputs(signed(who), case.id(), true), Error::<Test>::WrongPhase);
    });
}

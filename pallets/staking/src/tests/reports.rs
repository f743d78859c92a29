// SPDX-License-Identifier: Apache-2.0
//! Reports of offences against consensus: who is known, how they add up, and when they are forgotten.

use super::mock::*;
use crate::{ForgottenTo, Noted, Reported, Reports, ReportsBySession, VoteOffence, FORGOTTEN_PER_BLOCK};
use proptest::prelude::*;
use quern_primitives::{offence::AnyOffence, traits::OffenceKind};
use sp_runtime::Perbill;
use sp_staking::offence::{OffenceError, ReportOffence};

/// As `k` of four equivocate.
fn severity(offenders: u32) -> Perbill {
    Perbill::from_rational(3 * offenders, 4).square()
}

fn act(moment: u64, who: u8) -> Act {
    Act { moment, session: 0, who, share: severity }
}

fn is_known(moment: u64, who: u8) -> bool {
    <Staking as ReportOffence<_, _, Act>>::is_known_offence(&[(account(who), ())], &moment)
}

#[test]
fn report_should_be_refused_when_it_is_known() {
    run(|| {
        candidate(1, 400);
        assert!(!is_known(7, 1));
        report(act(7, 1), Some(2)).unwrap();
        assert!(is_known(7, 1) && !is_known(7, 2) && !is_known(8, 1));
        assert_eq!(report(act(7, 1), Some(3)), Err(OffenceError::DuplicateReport));
        assert_eq!(waiting().len(), 1);
    });
}

#[test]
fn report_should_make_the_offence_graver_for_all_of_the_moment() {
    run(|| {
        candidate(1, 1_600);
        candidate(2, 1_600);
        report(act(7, 1), None).unwrap();
        report(act(7, 2), None).unwrap();
        let all: Vec<_> = waiting().into_iter().map(|(_, slash)| slash).collect();
        assert_eq!(all.iter().map(|slash| slash.share_ppm).collect::<Vec<_>>(), [1_000_000; 2]);
        for slash in all {
            let AnyOffence::Consensus(offence) = slash.offence else { panic!("an offence against consensus") };
            assert_eq!((offence.offenders, offence.validators, offence.before_ppm), (2, 4, 0));
        }
    });
}

#[test]
fn report_should_round_the_share_up() {
    run(|| {
        candidate(1, 400);
        report(Act { share: |_| Perbill::from_parts(1), ..act(7, 1) }, None).unwrap();
        assert_eq!(waiting()[0].1.share_ppm, 1);
    });
}

#[test]
fn report_should_keep_an_equivocator_from_authoring() {
    run(|| {
        candidate(1, 400);
        report(act(7, 1), None).unwrap();
        assert_eq!(Disabled::get(), [(account(1), severity(1))]);
    });
}

#[test]
fn report_should_not_keep_who_was_idle_from_authoring() {
    run(|| {
        candidate(1, 400);
        Staking::report_offence(Vec::new(), crate::IdleOffence::new(3, 1, vec![account(1)])).unwrap();
        assert!(Disabled::get().is_empty() && !is_listed(1));
        let noted = Reported::<Test>::get(3, (account(1), OffenceKind::Idleness));
        assert_eq!(noted, Some(Noted { share_ppm: 0, offence: 0 }));
    });
}

#[test]
fn report_should_name_the_transaction_that_it_came_in() {
    use codec::Encode;
    run(|| {
        candidate(1, 400);
        let extrinsic = b"two signed headers".to_vec();
        System::set_extrinsic_index(0);
        System::note_extrinsic(extrinsic.encode());
        report(act(7, 1), None).unwrap();
        let (_, slash) = waiting().remove(0);
        assert_eq!(*slash.offence.evidence(), quern_primitives::offence::report_evidence(&extrinsic));
        assert_eq!(slash.extrinsic, Some(0));
    });
}

#[test]
fn reports_should_be_kept_while_their_session_can_be_shown_and_then_be_forgotten() {
    run(|| {
        candidate(1, 400);
        let many = u64::from(3 * FORGOTTEN_PER_BLOCK);
        (0..many).for_each(|moment| report(act(moment, 1), None).unwrap());
        report(Act { session: 1, ..act(many, 1) }, None).unwrap();
        Staking::start_session(EVIDENCE);
        go_to(5);
        assert_eq!(Reports::<Test>::iter().count() as u64, many + 1);
        Staking::start_session(1 + EVIDENCE);
        go_to(10);
        assert!(!is_known(0, 1) && is_known(many, 1));
        assert_eq!((Reports::<Test>::iter().count(), ReportsBySession::<Test>::iter().count()), (1, 1));
        assert_eq!(ForgottenTo::<Test>::get(), 1);
    });
}

/// Two votes in a set of four.
fn votes(set_id: u64, session: u32, who: u8) -> Result<(), OffenceError> {
    Staking::report_offence(Vec::new(), VoteOffence::new(set_id, session, 4, vec![account(who)]))
}

#[test]
fn votes_should_count_together_for_a_set_whichever_session_a_reporter_names() {
    run(|| {
        candidate(1, 1_600);
        candidate(2, 1_600);
        votes(5, 0, 1).unwrap();
        votes(5, 1, 2).unwrap();
        let shares: Vec<_> = waiting().iter().map(|(_, slash)| slash.share_ppm).collect();
        assert_eq!(shares, [1_000_000; 2], "once each, and both for two offenders");
        assert_eq!(votes(5, 1, 1), Err(OffenceError::DuplicateReport));
        assert_eq!(Reports::<Test>::iter().count(), 1);
    });
}

#[test]
fn votes_should_be_known_as_long_as_a_session_of_their_set_can_be_shown_when_the_first_report_named_the_oldest() {
    run(|| {
        candidate(1, 1_600);
        candidate(2, 1_600);
        Staking::start_session(EVIDENCE);
        votes(5, 0, 1).unwrap();
        // Who is reported votes for two sessions more at most.
        for session in EVIDENCE + 1..=2 * EVIDENCE + 2 {
            Staking::start_session(session);
            go_to(System::block_number() + 1);
            assert_eq!(votes(5, session - EVIDENCE, 1), Err(OffenceError::DuplicateReport));
        }
        votes(5, EVIDENCE + 2, 2).unwrap();
        let shares: Vec<_> = waiting().iter().map(|(_, slash)| slash.share_ppm).collect();
        assert_eq!(shares.len(), 2, "who was reported before is not slashed again: {shares:?}");
        Staking::start_session(2 * EVIDENCE + 3);
        go_to(System::block_number() + 10);
        assert_eq!((Reports::<Test>::iter().count(), ReportsBySession::<Test>::iter().count()), (0, 0));
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever is reported of whom, in every session each offender loses the gravest of its shares, once.
    #[test]
    fn offenders_should_lose_the_gravest_share_of_each_session(
        acts in prop::collection::vec((0u64..4, 0u32..3, 10u8..14), 1..40),
    ) {
        new_test_ext().execute_with(|| {
            (10..14).for_each(|who| candidate(who, 1_000));
            let mut model = std::collections::BTreeMap::new();
            let mut moments = std::collections::BTreeMap::<_, std::collections::BTreeSet<u8>>::new();
            for (moment, session, who) in acts {
                // A moment lies in one session.
                let moment = moment + 10 * u64::from(session);
                let offenders = moments.entry(moment).or_default();
                let known = !offenders.insert(who);
                let reported = report(Act { session, ..act(moment, who) }, None);
                assert_eq!(reported.is_err(), known);
                let share = severity(offenders.len() as u32).deconstruct().div_ceil(1_000);
                for who in offenders.iter() {
                    let gravest = model.entry((session, *who)).or_insert(0);
                    *gravest = share.max(*gravest);
                }
            }
            let shares: Vec<u32> = model.values().copied().collect();
            let mut actual: Vec<_> = waiting()
                .into_iter()
                .map(|(_, slash)| {
                    let AnyOffence::Consensus(offence) = slash.offence else { panic!("an offence against consensus") };
                    ((offence.session, offence.offender[0]), slash.share_ppm)
                })
                .collect();
            actual.sort();
            assert_eq!(actual, model.keys().copied().zip(shares).collect::<Vec<_>>());
            Staking::do_try_state().unwrap();
            Slashing::do_try_state().unwrap();
        });
    }
}

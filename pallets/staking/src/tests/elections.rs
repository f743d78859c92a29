// SPDX-License-Identifier: Apache-2.0
//! Elections by era, and who authored what.

use super::mock::*;
use crate::{ElectedEra, ElectionDue, Event, MIN_EXPECTED_BLOCKS};
use frame_support::assert_ok;
use quern_primitives::traits::OffenceKind;
use sp_runtime::{AccountId32, Perbill};
use sp_staking::offence::Offence;

fn accounts(who: impl IntoIterator<Item = u8>) -> Vec<AccountId32> {
    who.into_iter().map(account).collect()
}

/// Five candidates: 14 with the highest score, 10 with the lowest.
fn five() {
    (10..15).for_each(|who| candidate(who, 200 + 10 * u128::from(who)));
}

#[test]
fn election_should_take_the_best_candidates() {
    run(|| {
        five();
        assert_eq!(Staking::plan_session(), Some(accounts([14, 13, 12, 11])));
        System::assert_last_event(Event::Elected { era: 0, validators: 4, lowest_score: 310 }.into());
    });
}

#[test]
fn election_should_count_what_backs_a_candidate() {
    run(|| {
        five();
        assert_ok!(Staking::nominate(signed(1), account(10), 500));
        assert_eq!(Staking::plan_session(), Some(accounts([10, 14, 13, 12])));
    });
}

#[test]
fn election_should_count_backing_only_as_far_as_the_bond_bears_it() {
    run(|| {
        candidate(10, 400);
        candidate(11, 900);
        assert_ok!(Staking::nominate(signed(1), account(10), 1_200));
        assert_ok!(Staking::unbond(signed(10), 300));
        // 100 of its own and three times as much of the 1,200.
        assert_eq!(Staking::best_candidates(), (accounts([11, 10]), 400));
    });
}

#[test]
fn election_should_order_equal_scores_by_account() {
    run(|| {
        [12, 10, 11].into_iter().for_each(|who| candidate(who, 300));
        assert_eq!(Staking::best_candidates().0, accounts([10, 11, 12]));
    });
}

#[test]
fn election_should_pass_over_candidates_without_session_keys() {
    run(|| {
        five();
        Keyless::set(accounts([14, 12]));
        assert_eq!(Staking::plan_session(), Some(accounts([13, 11, 10])));
    });
}

#[test]
fn election_should_take_place_once_an_era() {
    run(|| {
        five();
        assert!(Staking::plan_session().is_some());
        assert_ok!(Staking::chill(signed(14)));
        assert_eq!(Staking::plan_session(), None);
        Era::set(1);
        assert_eq!(Staking::plan_session(), Some(accounts([13, 12, 11, 10])));
        assert_eq!(ElectedEra::<Test>::get(), Some(1));
    });
}

#[test]
fn election_should_not_wait_for_the_era_when_an_offender_was_chilled() {
    run(|| {
        five();
        assert!(Staking::plan_session().is_some());
        offend(14, 10, 0, None);
        assert_eq!(Staking::plan_session(), Some(accounts([13, 12, 11, 10])));
        assert!(!ElectionDue::<Test>::get());
    });
}

#[test]
fn election_should_keep_the_set_when_there_are_too_few_candidates() {
    run(|| {
        candidate(10, 300);
        assert_eq!(Staking::plan_session(), None);
        System::assert_last_event(Event::ElectionFailed { era: 0, candidates: 1, minimum: 2 }.into());
        // It is tried again.
        candidate(11, 300);
        assert_eq!(Staking::plan_session(), Some(accounts([10, 11])));
    });
}

/// Lets each of `authors` author a number of blocks.
fn author(authors: impl IntoIterator<Item = (u8, u32)>) {
    for (who, blocks) in authors {
        (0..blocks).for_each(|_| Staking::note_author(&account(who)));
    }
}

#[test]
fn session_should_tell_who_authored_nothing() {
    run(|| {
        author([(10, 3 * MIN_EXPECTED_BLOCKS), (11, 1)]);
        let offence = Staking::end_session(7, &accounts([10, 11, 12]), &[]).unwrap();
        assert_eq!(offence.offenders(), [(account(12), ())]);
        assert_eq!((offence.session_index(), offence.slot(), offence.validator_set_count()), (7, 7, 3));
        // The counts are gone.
        assert_eq!(Staking::end_session(8, &accounts([10, 11, 12]), &[]), None);
        assert_eq!(crate::Authored::<Test>::iter().count(), 0);
    });
}

#[test]
fn session_should_accuse_nobody_when_idleness_may_be_chance() {
    run(|| {
        author([(10, 2 * MIN_EXPECTED_BLOCKS - 1)]);
        assert_eq!(Staking::end_session(7, &accounts([10, 11]), &[]), None);
    });
}

#[test]
fn session_should_not_accuse_whom_the_chain_kept_from_authoring() {
    run(|| {
        author([(10, 4 * MIN_EXPECTED_BLOCKS)]);
        let offence = Staking::end_session(7, &accounts([10, 11, 12]), &[1]).unwrap();
        assert_eq!(offence.offenders(), [(account(12), ())]);
    });
}

#[test]
fn session_should_accuse_nobody_when_all_authored() {
    run(|| {
        author([(10, 100), (11, 100)]);
        assert_eq!(Staking::end_session(7, &accounts([10, 11]), &[]), None);
        assert_eq!(Staking::end_session(8, &[], &[]), None);
    });
}

#[test]
fn session_should_count_the_author_of_each_block() {
    run(|| {
        Author::set(Some(account(10)));
        go_to(5);
        Author::set(None);
        go_to(7);
        assert_eq!((crate::Authored::<Test>::get(account(10)), crate::SessionBlocks::<Test>::get()), (4, 4));
    });
}

#[test]
fn idleness_should_cost_nothing_while_few_are_idle() {
    let fraction = |idle: u8, validators| {
        crate::IdleOffence::new(0, validators, accounts(10..10 + idle)).slash_fraction(idle.into())
    };
    assert_eq!(fraction(1, 4), Perbill::zero());
    assert_eq!(fraction(1, 1), Perbill::zero());
    assert_eq!(fraction(11, 100), Perbill::zero());
    // One too many of a hundred: 3 of 100 of 7 %.
    assert_eq!(fraction(12, 100), Perbill::from_parts(2_100_000));
    assert_eq!(fraction(4, 4), Perbill::from_percent(7));
}

#[test]
fn start_session_should_forget_what_cannot_be_shown_any_more() {
    run(|| {
        five();
        offend(14, 10, 2, None);
        assert_eq!(Staking::start_session(2 + EVIDENCE), 2);
        assert!(crate::Reported::<Test>::get(2, (account(14), OffenceKind::Equivocation)).is_some());
        assert_eq!(Staking::start_session(3 + EVIDENCE), 3);
        assert!(crate::Reported::<Test>::get(2, (account(14), OffenceKind::Equivocation)).is_none());
    });
}

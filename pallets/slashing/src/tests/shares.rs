// SPDX-License-Identifier: Apache-2.0
//! Shares and the split of a slash.

use super::mock::*;
use crate::{GenesisConfig, Shares, Split, MAX_REPORTER_PPM, ONE_PPM};
use proptest::prelude::*;
use quern_primitives::{
    traits::{Offence, OffenceKind},
    Balance,
};

fn due(offence: &Offence) -> Balance {
    Shares::default().due(offence)
}

fn split(offence: Offence) -> Split {
    Shares::default().split(&offence, due(&offence))
}

#[test]
fn due_should_be_rounded_up_and_the_reward_down() {
    let offence = offence(OffenceKind::FalseAlarm, 13);
    assert_eq!(due(&offence), 7);
    assert_eq!(split(offence), Split { restitution: None, reward: Some((raw(REPORTER), 1)) });
}

#[test]
fn reward_should_be_what_restitution_leaves() {
    let restitution = Some((raw(REQUESTER), 900));
    let split = split(Offence { restitution, ..offence(OffenceKind::WrongResult, 1_000) });
    assert_eq!(split, Split { restitution, reward: Some((raw(REPORTER), 100)) });
}

#[test]
fn restitution_should_be_bounded_by_the_slash() {
    let restitution = Some((raw(REQUESTER), 5_000));
    let split = split(Offence { restitution, ..offence(OffenceKind::FalseAlarm, 1_000) });
    assert_eq!(split, Split { restitution: Some((raw(REQUESTER), 500)), reward: None });
}

#[test]
fn offender_should_get_nothing_when_it_is_reporter_or_requester() {
    let own = Offence {
        reporter: Some(raw(OFFENDER)),
        restitution: Some((raw(OFFENDER), 500)),
        ..offence(OffenceKind::WrongResult, 1_000)
    };
    assert_eq!(split(own), Split::default());
}

#[test]
fn shares_should_be_unsound_when_one_is_too_great() {
    assert!(Shares::default().is_sound());
    assert!(!Shares { late_ppm: ONE_PPM + 1, ..Default::default() }.is_sound());
    assert!(!Shares { reporter_cap_ppm: MAX_REPORTER_PPM + 1, ..Default::default() }.is_sound());
}

#[test]
fn shares_should_be_unsound_when_something_but_lateness_is_free() {
    let sound = Shares::default();
    assert!(!Shares { wrong_result_ppm: 0, ..sound }.is_sound());
    assert!(!Shares { wrong_audit_ppm: 0, ..sound }.is_sound());
    assert!(!Shares { false_alarm_ppm: 0, ..sound }.is_sound());
    assert!(!Shares { audit_no_show_ppm: 0, ..sound }.is_sound());
}

#[test]
fn shares_should_be_unsound_when_silence_is_cheaper_than_a_lie() {
    assert!(!Shares { withheld_ppm: ONE_PPM - 1, ..Default::default() }.is_sound());
}

#[test]
#[should_panic(expected = "unsound genesis parameters")]
fn genesis_should_panic_when_shares_are_unsound() {
    new_test_ext_with(GenesisConfig { wrong_result_ppm: ONE_PPM + 1, ..genesis() });
}

proptest! {
    #[test]
    fn accomplices_should_lose_four_fifths_of_what_was_not_paid_to_them(
        locked in 0 as Balance..1 << 100,
        paid in 0 as Balance..1 << 100,
        kind in prop::sample::select(vec![
            OffenceKind::WrongResult,
            OffenceKind::WrongAudit,
            OffenceKind::Withheld,
            OffenceKind::Late,
            OffenceKind::FalseAlarm,
            OffenceKind::AuditNoShow,
        ]),
    ) {
        let offence = Offence { restitution: Some((raw(REQUESTER), paid)), ..offence(kind, locked) };
        let (due, split) = (due(&offence), split(offence));
        let (restitution, reward) = (split.restitution.map_or(0, |(_, part)| part), split.reward.map_or(0, |(_, part)| part));
        prop_assert!(restitution <= paid && reward <= due / 5);
        prop_assert!(restitution + reward <= due);
        prop_assert_eq!(restitution, paid.min(due));
    }
}

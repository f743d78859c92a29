// SPDX-License-Identifier: Apache-2.0
//! The trait by which other pallets report.

use super::mock::*;
use crate::{Event, GenesisConfig, Shares, MAX_REPORTER_PPM, ONE_PPM};
use quern_primitives::{
    traits::{Collateral as _, Offence, OffenceKind, Offences},
    Balance,
};

fn balance(who: u8) -> Balance {
    Balances::free_balance(account(who))
}

#[test]
fn report_should_take_the_share_of_its_kind_and_release_the_rest() {
    let kinds = [
        (OffenceKind::WrongResult, 1_000),
        (OffenceKind::WrongAudit, 1_000),
        (OffenceKind::Withheld, 1_000),
        (OffenceKind::FalseAlarm, 500),
        (OffenceKind::AuditNoShow, 100),
        (OffenceKind::Late, 0),
    ];
    for (kind, due) in kinds {
        run(|| {
            lock(1_000);
            assert_eq!(Slashing::report(offence(kind, 1_000)), due, "{kind:?}");
            assert_eq!(Collateral::bonded(&raw(OFFENDER)), BOND - due, "{kind:?}");
            assert_eq!(Collateral::free(&raw(OFFENDER)), BOND - due, "{kind:?}");
        });
    }
}

#[test]
fn report_should_leave_other_locks_alone() {
    run(|| {
        lock(1_000);
        lock(700);
        Slashing::report(offence(OffenceKind::FalseAlarm, 1_000));
        assert_eq!(Collateral::free(&raw(OFFENDER)), BOND - 500 - 700);
    });
}

#[test]
fn report_should_pay_restitution_first_then_the_reporter_and_burn_the_rest() {
    run(|| {
        lock(1_000);
        let issuance = Balances::total_issuance();
        let report = Offence { restitution: Some((raw(REQUESTER), 300)), ..offence(OffenceKind::WrongResult, 1_000) };
        assert_eq!(Slashing::report(report), 1_000);
        assert_eq!((balance(REQUESTER), balance(REPORTER)), (RICH + 300, RICH + 200));
        assert_eq!(Balances::total_issuance(), issuance - 500);
        let event = Event::Slashed {
            kind: OffenceKind::WrongResult,
            offender: account(OFFENDER),
            shard: offence(OffenceKind::Late, 0).shard,
            locked: 1_000,
            share_ppm: ONE_PPM,
            due: 1_000,
            amount: 1_000,
            restitution: 300,
            reporter: Some(account(REPORTER)),
            reporter_reward: 200,
            burned: 500,
            evidence: [9; 32],
            dry_run: false,
        };
        System::assert_last_event(event.into());
    });
}

#[test]
fn report_should_give_the_reporter_only_what_restitution_leaves() {
    run(|| {
        lock(1_000);
        let report = Offence { restitution: Some((raw(REQUESTER), 900)), ..offence(OffenceKind::WrongResult, 1_000) };
        Slashing::report(report);
        assert_eq!((balance(REQUESTER), balance(REPORTER)), (RICH + 900, RICH + 100));
    });
}

#[test]
fn report_should_bound_restitution_by_the_slash() {
    run(|| {
        lock(1_000);
        let report = Offence { restitution: Some((raw(REQUESTER), 5_000)), ..offence(OffenceKind::FalseAlarm, 1_000) };
        Slashing::report(report);
        assert_eq!((balance(REQUESTER), balance(REPORTER)), (RICH + 500, RICH));
    });
}

#[test]
fn report_should_reward_nobody_when_the_offender_reports_itself() {
    run(|| {
        lock(1_000);
        let before = balance(OFFENDER);
        Slashing::report(Offence { reporter: Some(raw(OFFENDER)), ..offence(OffenceKind::WrongResult, 1_000) });
        assert_eq!(balance(OFFENDER), before);
    });
}

#[test]
fn report_should_burn_all_when_there_is_no_reporter() {
    run(|| {
        lock(1_000);
        let issuance = Balances::total_issuance();
        Slashing::report(Offence { reporter: None, ..offence(OffenceKind::Withheld, 1_000) });
        assert_eq!(Balances::total_issuance(), issuance - 1_000);
    });
}

#[test]
fn report_should_round_up_against_the_offender_and_down_against_the_reporter() {
    run(|| {
        lock(13);
        assert_eq!(Slashing::report(offence(OffenceKind::FalseAlarm, 13)), 7);
        assert_eq!(balance(REPORTER), RICH + 1);
    });
}

#[test]
fn report_should_take_only_what_is_locked_when_the_caller_claims_more() {
    run(|| {
        lock(400);
        assert_eq!(Slashing::report(offence(OffenceKind::WrongResult, 1_000)), 400);
        assert_eq!(Collateral::free(&raw(OFFENDER)), BOND - 400);
    });
}

#[test]
fn shares_should_be_unsound_when_one_is_too_great() {
    assert!(Shares::default().is_sound());
    assert!(!Shares { late_ppm: ONE_PPM + 1, ..Default::default() }.is_sound());
    assert!(!Shares { reporter_cap_ppm: MAX_REPORTER_PPM + 1, ..Default::default() }.is_sound());
}

#[test]
#[should_panic(expected = "unsound genesis parameters")]
fn genesis_should_panic_when_shares_are_unsound() {
    new_test_ext_with(GenesisConfig { wrong_result_ppm: ONE_PPM + 1, ..Default::default() });
}

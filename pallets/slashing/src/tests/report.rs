// SPDX-License-Identifier: Apache-2.0
//! The trait by which other pallets report, and what comes of a report when nobody intervenes.

use super::mock::*;
use crate::{Deferred, Event, NextOffence, ONE_PPM};
use quern_primitives::{
    offence::{AnyOffence, DeferredSlash, SlashStage},
    traits::{Collateral as _, Offence, OffenceKind, Offences},
};

/// Reports an offence and lets its slash be carried out.
fn carry_out(offence: Offence) {
    report(offence);
    run_to(System::block_number() + DEFER);
}

#[test]
fn report_should_keep_the_lock_and_tell_what_is_due_when() {
    run(|| {
        System::set_extrinsic_index(5);
        lock(1_000);
        let report = offence(OffenceKind::FalseAlarm, 1_000);
        assert_eq!(<Slashing as Offences>::report(report.clone()), 500);
        assert_eq!(bond(), (BOND, BOND - 1_000));
        let slash = DeferredSlash {
            offence: AnyOffence::Work(report.clone()),
            share_ppm: 500_000,
            due: 500,
            reported_at: 1,
            extrinsic: Some(5),
            stage: SlashStage::Deferred,
            due_at: 1 + DEFER,
            result: None,
        };
        assert_eq!(Deferred::<Test>::get(0), Some(slash.clone()));
        assert_eq!(Slashing::deferred(0), Some(slash.clone()));
        assert_eq!(Slashing::all_deferred(None, 9), vec![(0, slash)]);
        let event = Event::Reported {
            offence: 0,
            kind: OffenceKind::FalseAlarm,
            offender: account(OFFENDER),
            shard: report.shard,
            locked: 1_000,
            due: 500,
            reporter: Some(account(REPORTER)),
            evidence: [9; 32],
            extrinsic: Some(5),
            due_at: 1 + DEFER,
        };
        System::assert_last_event(event.into());
    });
}

#[test]
fn report_should_name_no_extrinsic_when_there_is_no_evidence() {
    run(|| {
        System::set_extrinsic_index(5);
        report(Offence { evidence: [0; 32], ..offence(OffenceKind::Withheld, 1_000) });
        assert_eq!(Deferred::<Test>::get(0).unwrap().extrinsic, None);
    });
}

#[test]
fn report_should_number_offences_one_after_the_other() {
    run(|| {
        assert_eq!((wrong_result(), wrong_result()), (0, 1));
        assert_eq!(NextOffence::<Test>::get(), 2);
        let ids: Vec<_> = Slashing::all_deferred(None, 1).into_iter().map(|(id, _)| id).collect();
        let more: Vec<_> = Slashing::all_deferred(Some(ids[0]), 9).into_iter().map(|(id, _)| id).collect();
        assert_eq!(ids.len() + more.len(), 2);
    });
}

#[test]
fn report_should_release_the_lock_at_once_when_the_offence_costs_nothing() {
    run(|| {
        lock(1_000);
        assert_eq!(<Slashing as Offences>::report(offence(OffenceKind::Late, 1_000)), 0);
        assert_eq!((bond(), Deferred::<Test>::count()), ((BOND, BOND), 0));
    });
}

#[test]
fn slash_should_take_the_share_of_its_kind_and_release_the_rest() {
    let kinds = [
        (OffenceKind::WrongResult, 1_000),
        (OffenceKind::WrongAudit, 1_000),
        (OffenceKind::Withheld, 1_000),
        (OffenceKind::FalseAlarm, 500),
        (OffenceKind::AuditNoShow, 100),
    ];
    for (kind, due) in kinds {
        run(|| {
            carry_out(offence(kind, 1_000));
            assert_eq!(bond(), (BOND - due, BOND - due), "{kind:?}");
        });
    }
}

#[test]
fn slash_should_pay_restitution_first_then_the_reporter_whatever_the_kind() {
    let kinds = [
        (OffenceKind::WrongResult, 1_000),
        (OffenceKind::WrongAudit, 1_000),
        (OffenceKind::Withheld, 1_000),
        (OffenceKind::FalseAlarm, 500),
        (OffenceKind::AuditNoShow, 100),
    ];
    for (kind, due) in kinds {
        run(|| {
            let paid = 450;
            let issuance = Balances::total_issuance();
            carry_out(Offence { restitution: Some((raw(REQUESTER), paid)), ..offence(kind, 1_000) });
            let restitution = paid.min(due);
            let reward = (due / 5).min(due - restitution);
            assert_eq!((balance(REQUESTER), balance(REPORTER)), (RICH + restitution, RICH + reward), "{kind:?}");
            assert_eq!(issuance - Balances::total_issuance(), due - restitution - reward, "{kind:?}");
        });
    }
}

#[test]
fn slash_should_leave_other_locks_alone() {
    run(|| {
        lock(700);
        carry_out(offence(OffenceKind::FalseAlarm, 1_000));
        assert_eq!(Collateral::free(&raw(OFFENDER)), BOND - 500 - 700);
    });
}

#[test]
fn slash_should_pay_restitution_first_then_the_reporter_and_burn_the_rest() {
    run(|| {
        let issuance = Balances::total_issuance();
        carry_out(Offence { restitution: Some((raw(REQUESTER), 300)), ..offence(OffenceKind::WrongResult, 1_000) });
        assert_eq!((balance(REQUESTER), balance(REPORTER)), (RICH + 300, RICH + 200));
        assert_eq!(Balances::total_issuance(), issuance - 500);
        let event = Event::Slashed {
            offence: 0,
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
fn slash_should_tell_what_arrived_when_the_requester_is_the_reporter_too() {
    run(|| {
        let report = Offence { restitution: Some((raw(REPORTER), 300)), ..offence(OffenceKind::WrongResult, 1_000) };
        carry_out(report);
        assert_eq!(balance(REPORTER), RICH + 500);
        let told = System::events().into_iter().any(|record| {
            matches!(
                record.event,
                RuntimeEvent::Slashing(Event::Slashed { restitution: 300, reporter_reward: 200, burned: 500, .. })
            )
        });
        assert!(told);
    });
}

#[test]
fn slash_should_burn_the_part_of_who_cannot_receive_it() {
    run(|| {
        // Account 9 does not exist, and 8 are below the existential deposit.
        let issuance = Balances::total_issuance();
        carry_out(Offence { reporter: Some(raw(9)), ..offence(OffenceKind::WrongResult, 40) });
        assert_eq!((balance(9), Balances::total_issuance()), (0, issuance - 40));
        let told = System::events().into_iter().any(|record| {
            matches!(record.event, RuntimeEvent::Slashing(Event::Slashed { reporter_reward: 0, burned: 40, .. }))
        });
        assert!(told);
    });
}

#[test]
fn slash_should_burn_all_when_there_is_no_reporter() {
    run(|| {
        let issuance = Balances::total_issuance();
        carry_out(Offence { reporter: None, ..offence(OffenceKind::Withheld, 1_000) });
        assert_eq!(Balances::total_issuance(), issuance - 1_000);
    });
}

#[test]
fn slash_should_take_only_what_is_locked_when_the_caller_claims_more() {
    run(|| {
        lock(400);
        <Slashing as Offences>::report(offence(OffenceKind::WrongResult, 1_000));
        run_to(1 + DEFER);
        assert_eq!(bond(), (BOND - 400, BOND - 400));
    });
}

// SPDX-License-Identifier: Apache-2.0
//! `set_dry_run`

use super::mock::*;
use crate::{DryRun, Event};
use frame_support::{assert_noop, assert_ok};
use quern_primitives::traits::{Collateral as _, OffenceKind, Offences as _};
use sp_runtime::traits::BadOrigin;

#[test]
fn set_dry_run_should_switch() {
    run(|| {
        assert_ok!(Slashing::set_dry_run(RuntimeOrigin::root(), true));
        assert!(DryRun::<Test>::get());
        System::assert_last_event(Event::DryRunSet { dry_run: true }.into());
        assert_ok!(Slashing::set_dry_run(RuntimeOrigin::root(), false));
        assert!(!DryRun::<Test>::get());
    });
}

#[test]
fn set_dry_run_should_fail_when_the_origin_is_not_governance() {
    run(|| {
        assert_noop!(Slashing::set_dry_run(RuntimeOrigin::signed(account(1)), true), BadOrigin);
        assert_noop!(Slashing::set_dry_run(RuntimeOrigin::none(), true), BadOrigin);
    });
}

#[test]
fn report_should_only_tell_when_in_dry_run() {
    run(|| {
        assert_ok!(Slashing::set_dry_run(RuntimeOrigin::root(), true));
        lock(1_000);
        let issuance = Balances::total_issuance();
        assert_eq!(Slashing::report(offence(OffenceKind::FalseAlarm, 1_000)), 500);
        assert_eq!(Balances::total_issuance(), issuance);
        assert_eq!(Collateral::free(&raw(OFFENDER)), BOND);
        let told = System::events().into_iter().any(|record| {
            matches!(
                record.event,
                RuntimeEvent::Slashing(Event::Slashed { due: 500, amount: 0, burned: 0, dry_run: true, .. })
            )
        });
        assert!(told);
    });
}

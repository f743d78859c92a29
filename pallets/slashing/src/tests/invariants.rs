// SPDX-License-Identifier: Apache-2.0
//! Random offences: nothing stays locked, and no money appears or disappears.

use super::mock::*;
use crate::GenesisConfig;
use frame_support::assert_ok;
use proptest::prelude::*;
use quern_primitives::{
    traits::{Collateral as _, Offence, OffenceKind, Offences},
    Balance,
};

fn kind() -> impl Strategy<Value = OffenceKind> {
    prop_oneof![
        Just(OffenceKind::WrongResult),
        Just(OffenceKind::WrongAudit),
        Just(OffenceKind::Withheld),
        Just(OffenceKind::Late),
        Just(OffenceKind::FalseAlarm),
        Just(OffenceKind::AuditNoShow),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn offences_should_settle_the_whole_lock(
        shares in prop::collection::vec(0u32..=1_000_000, 6),
        reporter_cap_ppm in 0u32..=200_000,
        offences in prop::collection::vec(
            (kind(), 0 as Balance..9_000, prop::option::of(1u8..5), prop::option::of((1u8..4, 0 as Balance..9_000)), any::<bool>()),
            1..20,
        ),
    ) {
        let genesis = GenesisConfig {
            wrong_result_ppm: shares[0],
            wrong_audit_ppm: shares[1],
            withheld_ppm: shares[2],
            late_ppm: shares[3],
            false_alarm_ppm: shares[4],
            audit_no_show_ppm: shares[5],
            reporter_cap_ppm,
            ..Default::default()
        };
        new_test_ext_with(genesis).execute_with(|| {
            for (kind, locked, reporter, restitution, dry_run) in offences {
                assert_ok!(Slashing::set_dry_run(RuntimeOrigin::root(), dry_run));
                let bond = Collateral::bonded(&raw(OFFENDER));
                let locked = locked.min(bond);
                if bond == 0 {
                    break;
                }
                lock(locked);
                let issuance = Balances::total_issuance();
                let free = |who: u8| Balances::free_balance(account(who));
                let before: Vec<_> = (1..=4).map(free).collect();
                let report = Offence {
                    reporter: reporter.map(raw),
                    restitution: restitution.map(|(who, amount)| (raw(who), amount)),
                    ..offence(kind, locked)
                };
                let taken = Slashing::report(report);

                let share = shares[match kind {
                    OffenceKind::WrongResult => 0,
                    OffenceKind::WrongAudit => 1,
                    OffenceKind::Withheld => 2,
                    OffenceKind::Late => 3,
                    OffenceKind::FalseAlarm => 4,
                    OffenceKind::AuditNoShow => 5,
                }];
                let due = (locked * share as Balance).div_ceil(1_000_000);
                assert_eq!(taken, if dry_run { 0 } else { due });
                assert_eq!(Collateral::bonded(&raw(OFFENDER)), bond - taken);
                assert_eq!(Collateral::free(&raw(OFFENDER)), bond - taken, "something stays locked");
                let paid: Balance = (1..=4).map(free).zip(&before).map(|(now, then)| now - then).sum();
                let burned = issuance - Balances::total_issuance();
                assert_eq!(paid + burned, taken);
                let restituted = restitution.map_or(0, |(_, amount)| amount.min(taken));
                assert!(paid <= restituted + taken * reporter_cap_ppm as Balance / 1_000_000);
                Collateral::do_try_state().unwrap();
                Slashing::do_try_state().unwrap();
            }
        });
    }
}

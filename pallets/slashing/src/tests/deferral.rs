// SPDX-License-Identifier: Apache-2.0
//! What happens between a report and its slash.

use super::mock::*;
use crate::{AgendaCursor, Deferred, GenesisConfig, Process};
use frame_support::assert_ok;
use quern_primitives::traits::{Collateral as _, OffenceKind};

#[test]
fn slash_should_be_carried_out_when_it_is_due() {
    run(|| {
        let id = wrong_result();
        run_to(DEFER);
        assert_eq!(bond(), (BOND, BOND - 1_000));
        assert_eq!(balance(REPORTER), RICH);
        assert!(Deferred::<Test>::contains_key(id));
        run_to(1 + DEFER);
        assert_eq!(bond(), (BOND - 1_000, BOND - 1_000));
        assert_eq!(balance(REPORTER), RICH + 200);
        assert!(!Deferred::<Test>::contains_key(id));
    });
}

#[test]
fn lock_should_stay_whole_while_a_slash_is_deferred() {
    run(|| {
        // Half of it is due.
        report(offence(OffenceKind::FalseAlarm, 1_000));
        run_to(DEFER);
        assert_eq!(bond(), (BOND, BOND - 1_000));
        run_to(1 + DEFER);
        assert_eq!(bond(), (BOND - 500, BOND - 500));
    });
}

#[test]
fn offender_should_not_unbond_what_is_at_stake() {
    run(|| {
        wrong_result();
        assert!(Collateral::unbond(signed(OFFENDER), BOND).is_err());
        assert_ok!(Collateral::unbond(signed(OFFENDER), BOND - 1_000));
        run_to(1 + DEFER);
        assert_eq!(Collateral::bonded(&raw(OFFENDER)), 0);
    });
}

#[test]
fn slashes_should_wait_for_the_next_block_when_more_are_due_than_a_block_carries_out() {
    run(|| {
        SlashesPerBlock::set(3);
        for _ in 0..7 {
            wrong_result();
        }
        run_to(1 + DEFER);
        assert_eq!(Deferred::<Test>::count(), 4);
        run_to(2 + DEFER);
        assert_eq!(Deferred::<Test>::count(), 1);
        run_to(3 + DEFER);
        assert_eq!((Deferred::<Test>::count(), bond().0), (0, BOND - 7_000));
    });
}

#[test]
fn slashes_should_be_carried_out_although_they_were_late() {
    run(|| {
        SlashesPerBlock::set(3);
        for _ in 0..5 {
            for _ in 0..4 {
                wrong_result();
            }
            run_to(System::block_number() + 1);
        }
        run_to(5 + DEFER + 10);
        assert_eq!(Deferred::<Test>::count(), 0);
        assert_eq!(AgendaCursor::<Test>::get(), System::block_number() + 1);
    });
}

#[test]
fn slash_should_only_be_told_when_dry_run_was_switched_on_meanwhile() {
    run(|| {
        wrong_result();
        assert_ok!(Slashing::set_dry_run(RuntimeOrigin::root(), true));
        run_to(1 + DEFER);
        assert_eq!(bond(), (BOND, BOND));
    });
}

#[test]
fn times_should_be_unsound_when_somebody_has_none() {
    assert!(Process::default().is_sound());
    assert!(!Process { defer_blocks: 0, ..Default::default() }.is_sound());
    assert!(!Process { delay_blocks: 0, ..Default::default() }.is_sound());
    assert!(!Process { appeal_blocks: 0, ..Default::default() }.is_sound());
    assert!(!Process { appeal_blocks: u32::MAX, ..Default::default() }.is_sound());
}

#[test]
#[should_panic(expected = "unsound genesis parameters")]
fn genesis_should_panic_when_times_are_unsound() {
    new_test_ext_with(GenesisConfig { defer_blocks: 0, ..genesis() });
}

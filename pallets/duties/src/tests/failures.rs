// SPDX-License-Identifier: Apache-2.0
//! Failing for free ends, and is forgiven.

use super::mock::*;
use crate::{Event, Record, Records, FREE_FAILURES};
use frame_support::{assert_ok, dispatch::DispatchClass, traits::Hooks, weights::Weight};
use sp_runtime::transaction_validity::{InvalidTransaction, TransactionValidityError};

/// Fails as often as it is free.
fn use_up(who: u8) {
    for failures in 1..=FREE_FAILURES {
        assert_eq!(send(who, &remark(b"move"), failed()), Ok(failed()));
        System::assert_has_event(Event::DutyFailed { who: account(who), failures }.into());
    }
}

#[test]
fn a_spammer_should_pay_from_the_fourth_failure_on() {
    run(|| {
        owe([1; 32], b"move", 100);
        use_up(1);
        assert_eq!(balance(1), RICH);
        for _ in 0..3 {
            let before = balance(1);
            assert_eq!(send(1, &remark(b"move"), failed()), Ok(failed()));
            assert!(balance(1) < before);
        }
        assert_eq!(Duties::failures(account(1)), FREE_FAILURES);
    });
}

#[test]
fn a_spammer_without_money_should_be_refused_from_the_fourth_failure_on() {
    run(|| {
        owe([2; 32], b"move", 100);
        use_up(2);
        let payment = TransactionValidityError::Invalid(InvalidTransaction::Payment);
        assert_eq!(send(2, &remark(b"move"), failed()), Err(payment));
    });
}

#[test]
fn a_spammer_should_lose_the_operational_share_from_the_fourth_failure_on() {
    run(|| {
        owe([1; 32], b"move", 100);
        for _ in 0..FREE_FAILURES {
            assert_ok!(send_with(1, &remark(b"move"), BLOCK / 100, failed()));
        }
        let taken = weighed(DispatchClass::Operational);
        while send_with(1, &remark(b"move"), BLOCK / 100, failed()).is_ok() {}
        assert_eq!(weighed(DispatchClass::Operational), taken);
        assert!(taken.all_lt(BLOCK / 20));
    });
}

#[test]
fn success_should_cost_nothing_however_often() {
    run(|| {
        owe([1; 32], b"move", 100);
        (0..10).for_each(|_| assert_eq!(send(1, &remark(b"move"), Ok(())), Ok(Ok(()))));
        assert_eq!((balance(1), Duties::failures(account(1))), (RICH, 0));
    });
}

#[test]
fn failures_should_not_count_when_the_call_is_not_owed() {
    run(|| {
        (0..5).for_each(|_| assert_eq!(send(1, &remark(b"move"), failed()), Ok(failed())));
        assert_eq!(Duties::failures(account(1)), 0);
    });
}

#[test]
fn a_failure_should_be_forgiven_after_a_while() {
    run(|| {
        owe([1; 32], b"move", 100);
        use_up(1);
        System::set_block_number(FORGIVE);
        assert_eq!(Duties::failures(account(1)), FREE_FAILURES);
        System::set_block_number(FORGIVE + 1);
        assert_eq!(Duties::failures(account(1)), FREE_FAILURES - 1);
        // One is free again, and then none.
        assert_eq!(send(1, &remark(b"move"), failed()), Ok(failed()));
        assert_eq!((balance(1), Duties::failures(account(1))), (RICH, FREE_FAILURES));
        assert_eq!(send(1, &remark(b"move"), failed()), Ok(failed()));
        assert!(balance(1) < RICH);
    });
}

#[test]
fn on_idle_should_remove_what_is_forgiven_and_keep_the_rest() {
    run(|| {
        for (who, failures) in [(1, 1), (2, 3), (3, 1)] {
            Records::<Test>::insert(account(who), Record { failures, at: 1 });
        }
        System::set_block_number(FORGIVE + 1);
        // A round of three records ends with an empty look.
        (0..4).for_each(|_| {
            Duties::on_idle(FORGIVE + 1, Weight::MAX);
        });
        assert_eq!(Records::<Test>::iter_keys().collect::<Vec<_>>(), [account(2)]);
    });
}

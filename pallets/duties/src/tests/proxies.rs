// SPDX-License-Identifier: Apache-2.0
//! What an account owes its proxy may send for free, in its name.

use super::mock::*;
use crate::{Event, FREE_FAILURES};
use frame_support::assert_ok;
use sp_runtime::transaction_validity::{InvalidTransaction, TransactionPriority, TransactionValidityError};

const OWNER: u8 = 1;
const HOT: u8 = 2;
const PAYMENT: TransactionValidityError = TransactionValidityError::Invalid(InvalidTransaction::Payment);

/// Account 2, which owns nothing, is a proxy of account 1, which owes a move.
fn with_proxy(delay: u32, test: impl FnOnce()) {
    run(|| {
        assert_ok!(Proxy::add_proxy(RuntimeOrigin::signed(account(OWNER)), account(HOT), (), delay));
        owe([OWNER; 32], b"move", 100);
        test();
    });
}

fn made() -> crate::tests::mock::RuntimeCall {
    proxied(account(OWNER), remark(b"move"))
}

#[test]
fn a_proxy_should_send_for_free_and_first_what_its_account_owes() {
    with_proxy(0, || {
        let valid = validate(HOT, &made()).unwrap();
        assert_eq!(valid.priority, TransactionPriority::MAX);
        // One place in the pool, whoever of the two sends it.
        assert_eq!(valid.provides, validate(OWNER, &remark(b"move")).unwrap().provides);
        let before = balance(OWNER);
        assert_ok!(send_proxied(HOT, OWNER, &made(), true));
        assert_eq!((balance(OWNER), balance(HOT)), (before, 0));
        assert_eq!((Duties::failures(account(OWNER)), Duties::failures(account(HOT))), (0, 0));
    });
}

#[test]
fn a_call_that_fails_within_should_count_for_the_account_that_owes_it() {
    with_proxy(0, || {
        for failures in 1..=FREE_FAILURES {
            assert_ok!(send_proxied(HOT, OWNER, &made(), false));
            System::assert_has_event(Event::DutyFailed { who: account(OWNER), failures }.into());
        }
        assert_eq!(Duties::failures(account(HOT)), 0);
        // From then on who signs pays, and who owes too.
        assert_eq!(send_proxied(HOT, OWNER, &made(), false), Err(PAYMENT));
        let before = balance(OWNER);
        assert_ok!(send(OWNER, &remark(b"move"), Ok(())));
        assert!(balance(OWNER) < before);
    });
}

#[test]
fn a_proxy_call_that_fails_itself_should_count_once() {
    with_proxy(0, || {
        assert_eq!(send(HOT, &made(), failed()), Ok(failed()));
        assert_eq!(Duties::failures(account(OWNER)), 1);
    });
}

#[test]
fn a_stranger_should_pay_for_what_it_wraps() {
    run(|| {
        owe([OWNER; 32], b"move", 100);
        assert_eq!(send_proxied(HOT, OWNER, &made(), false), Err(PAYMENT));
        assert_eq!(Duties::failures(account(OWNER)), 0);
    });
}

#[test]
fn a_proxy_should_pay_when_it_has_to_announce() {
    with_proxy(1, || {
        assert_eq!(send_proxied(HOT, OWNER, &made(), false), Err(PAYMENT));
        assert_eq!(Duties::failures(account(OWNER)), 0);
    });
}

#[test]
fn a_proxy_should_pay_when_its_account_does_not_owe_it() {
    with_proxy(0, || {
        let other = proxied(account(OWNER), remark(b"other"));
        assert_eq!(send_proxied(HOT, OWNER, &other, true), Err(PAYMENT));
        // What it owes itself is its own to send, and not by a proxy.
        owe([HOT; 32], b"own", 100);
        assert_eq!(send_proxied(HOT, OWNER, &proxied(account(OWNER), remark(b"own")), true), Err(PAYMENT));
    });
}

#[test]
fn a_proxy_of_a_proxy_should_pay() {
    with_proxy(0, || {
        let nested = proxied(account(OWNER), made());
        assert_eq!(send_proxied(HOT, OWNER, &nested, true), Err(PAYMENT));
        // Nor does a chain of two help, each link of which is one.
        assert_ok!(Proxy::add_proxy(RuntimeOrigin::signed(account(ADMINISTRATOR)), account(HOT), (), 0));
        let chain = proxied(account(ADMINISTRATOR), made());
        assert_eq!(send_proxied(HOT, OWNER, &chain, true), Err(PAYMENT));
    });
}

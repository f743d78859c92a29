// SPDX-License-Identifier: Apache-2.0
//! What the checks of the state must see.

use super::mock::*;
use crate::HoldReason;
use frame_support::{
    assert_ok,
    traits::{fungible::MutateHold, tokens::Precision},
};

#[test]
fn state_should_be_refused_when_something_is_held_whose_reason_is_gone() {
    run(|| {
        for reason in [HoldReason::Bond, HoldReason::Nomination] {
            assert_ok!(Balances::hold(&reason.into(), &account(1), 5));
            assert!(Staking::do_try_state().is_err(), "{reason:?}");
            assert_ok!(Balances::release(&reason.into(), &account(1), 5, Precision::Exact));
            assert_ok!(Staking::do_try_state());
        }
    });
}

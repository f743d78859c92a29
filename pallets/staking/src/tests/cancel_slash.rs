// SPDX-License-Identifier: Apache-2.0
//! `cancel_slash`

use super::mock::*;
use crate::{Error, Event, PendingSlashes};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::traits::BadOrigin;

#[test]
fn cancel_slash_should_leave_the_stake_alone() {
    run(|| {
        candidate(1, 300);
        candidate(2, 300);
        offend(1, 50, 0, None);
        offend(2, 50, 0, None);
        assert_ok!(Staking::cancel_slash(RuntimeOrigin::root(), 0));
        System::assert_last_event(Event::SlashCancelled { id: 0, offender: account(1) }.into());
        go_to(1 + DEFER);
        assert_eq!((held(1), held(2)), (300, 150));
        assert!(PendingSlashes::<Test>::get().is_empty());
    });
}

#[test]
fn cancel_slash_should_fail_when_not_from_the_origin() {
    run(|| {
        candidate(1, 300);
        offend(1, 50, 0, None);
        assert_noop!(Staking::cancel_slash(signed(1), 0), BadOrigin);
    });
}

#[test]
fn cancel_slash_should_fail_when_none_waits() {
    run(|| {
        assert_noop!(Staking::cancel_slash(RuntimeOrigin::root(), 0), Error::<Test>::NoSuchSlash);
        candidate(1, 300);
        offend(1, 50, 0, None);
        go_to(1 + DEFER);
        assert_noop!(Staking::cancel_slash(RuntimeOrigin::root(), 0), Error::<Test>::NoSuchSlash);
    });
}

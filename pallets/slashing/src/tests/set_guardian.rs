// SPDX-License-Identifier: Apache-2.0
//! `set_guardian`

use super::mock::*;
use crate::{Event, Guardian};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::traits::BadOrigin;

#[test]
fn set_guardian_should_name_another_one_or_none() {
    run(|| {
        assert_eq!(Guardian::<Test>::get(), Some(account(GUARDIAN)));
        assert_ok!(Slashing::set_guardian(RuntimeOrigin::root(), Some(account(1))));
        assert_eq!(Guardian::<Test>::get(), Some(account(1)));
        assert_ok!(Slashing::set_guardian(RuntimeOrigin::root(), None));
        assert_eq!(Guardian::<Test>::get(), None);
        System::assert_last_event(Event::GuardianSet { guardian: None }.into());
    });
}

#[test]
fn set_guardian_should_fail_when_the_origin_is_not_governance() {
    run(|| {
        for origin in [signed(GUARDIAN), RuntimeOrigin::none()] {
            assert_noop!(Slashing::set_guardian(origin, Some(account(1))), BadOrigin);
        }
    });
}

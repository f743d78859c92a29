// SPDX-License-Identifier: Apache-2.0
//! `reject_appeal`

use super::mock::*;
use crate::{Deferred, Error, Event};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::traits::BadOrigin;

#[test]
fn reject_appeal_should_burn_the_bond_and_carry_the_slash_out() {
    run(|| {
        let (issuance, before) = (Balances::total_issuance(), balance(OFFENDER));
        let id = wrong_result();
        assert_ok!(Slashing::appeal(signed(OFFENDER), id, [0; 32]));
        assert_ok!(Slashing::reject_appeal(RuntimeOrigin::root(), id));
        assert_eq!(bond(), (BOND - 1_000, BOND - 1_000));
        assert_eq!(balance(OFFENDER), before - APPEAL_BOND);
        // The reporter has 20 % of the slash; the rest and the bond are burned.
        assert_eq!(balance(REPORTER), RICH + 200);
        assert_eq!(Balances::total_issuance(), issuance - 800 - APPEAL_BOND);
        assert!(!Deferred::<Test>::contains_key(id));
        let rejected = Event::AppealRejected { offence: id, offender: account(OFFENDER), bond: APPEAL_BOND };
        System::assert_has_event(rejected.into());
        run_to(2 * APPEAL);
        assert_eq!(bond(), (BOND - 1_000, BOND - 1_000));
    });
}

#[test]
fn reject_appeal_should_fail_when_the_origin_is_not_governance() {
    run(|| {
        let id = wrong_result();
        assert_ok!(Slashing::appeal(signed(OFFENDER), id, [0; 32]));
        for origin in [signed(REPORTER), signed(GUARDIAN), RuntimeOrigin::none()] {
            assert_noop!(Slashing::reject_appeal(origin, id), BadOrigin);
        }
    });
}

#[test]
fn reject_appeal_should_fail_when_there_is_no_such_slash() {
    run(|| {
        assert_noop!(Slashing::reject_appeal(RuntimeOrigin::root(), 0), Error::<Test>::NoSuchSlash);
    });
}

#[test]
fn reject_appeal_should_fail_when_there_is_no_appeal() {
    run(|| {
        let id = wrong_result();
        assert_noop!(Slashing::reject_appeal(RuntimeOrigin::root(), id), Error::<Test>::NotAppealed);
    });
}

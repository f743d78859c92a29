// SPDX-License-Identifier: Apache-2.0
//! `claim_emission_for`

use super::mock::*;
use crate::{Error, Event, GenesisConfig};
use frame_support::{assert_noop, assert_ok};
use quern_primitives::Balance;
use sp_runtime::{traits::BadOrigin, BoundedVec, DispatchResult};

/// An era of ten blocks, and 1,000 for each.
fn genesis() -> GenesisConfig<Test> {
    GenesisConfig { era_blocks: 10, initial_emission: 1_000, history_eras: 2, ..Default::default() }
}

fn claim_for(caller: u8, who: u8, eras: &[u32]) -> DispatchResult {
    Rewards::claim_emission_for(signed(caller), account(who), BoundedVec::truncate_from(eras.to_vec()))
}

fn balance(who: u8) -> Balance {
    Balances::free_balance(account(who))
}

#[test]
fn claim_emission_for_should_pay_the_author_and_those_who_back_it_and_nothing_to_the_caller() {
    run_with(genesis(), || {
        BackersPpm::set(250_000);
        Author::set(Some(raw(3)));
        run_to(10);
        assert_ok!(claim_for(4, 3, &[0]));
        assert_eq!((balance(3), balance(4), balance(BACKERS)), (RICH + 750, RICH, RICH + 250));
        let told =
            Event::EmissionClaimed { who: account(3), era: 0, points: 0, blocks: 8, for_work: 0, for_authoring: 1_000 };
        System::assert_has_event(told.into());
    });
}

#[test]
fn claim_emission_for_should_leave_nothing_to_the_authors_own_claim() {
    run_with(genesis(), || {
        Author::set(Some(raw(3)));
        run_to(10);
        assert_ok!(claim_for(4, 3, &[0]));
        let own = Rewards::claim_emission(signed(3), BoundedVec::truncate_from(vec![0]));
        assert_eq!(own, Err(Error::<Test>::NothingToClaim.into()));
    });
}

#[test]
fn claim_emission_for_should_fail_when_not_signed() {
    run(|| {
        let none = Rewards::claim_emission_for(RuntimeOrigin::root(), account(3), Default::default());
        assert_eq!(none, Err(BadOrigin.into()));
    });
}

#[test]
fn claim_emission_for_should_fail_when_there_is_nothing() {
    run_with(genesis(), || {
        run_to(10);
        assert_noop!(claim_for(4, 3, &[0]), Error::<Test>::NothingToClaim);
    });
}

#[test]
fn claim_emission_for_should_fail_when_the_era_has_not_ended_or_has_expired() {
    run_with(genesis(), || {
        Author::set(Some(raw(3)));
        run_to(35);
        assert_noop!(claim_for(4, 3, &[3]), Error::<Test>::EraNotFinished);
        assert_noop!(claim_for(4, 3, &[0]), Error::<Test>::EraExpired);
    });
}

#[test]
fn claim_emission_for_should_fail_when_a_part_cannot_create_the_account() {
    let genesis = GenesisConfig { initial_emission: ED - 1, ..genesis() };
    run_with(genesis, || {
        Author::set(Some(raw(30)));
        run_to(10);
        assert_noop!(claim_for(4, 30, &[0]), Error::<Test>::NotPayable);
    });
}

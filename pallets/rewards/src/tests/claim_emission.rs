// SPDX-License-Identifier: Apache-2.0
//! `claim_emission`

use super::mock::*;
use crate::{
    AuthoredEras, Claim, Contributions, Eras, Error, Event, GenesisConfig, Promised, TotalEmitted, MAX_ERAS_PER_CLAIM,
};
use frame_support::{assert_noop, assert_ok, BoundedVec};
use quern_primitives::{traits::Unclaimed as _, Balance};
use sp_runtime::{traits::BadOrigin, DispatchResult, TokenError};

/// Eras of ten blocks, of which the last three can be claimed.
fn genesis() -> GenesisConfig<Test> {
    GenesisConfig { initial_emission: 1_000, era_blocks: 10, history_eras: 3, ..Default::default() }
}

fn claim(who: u8, eras: &[u32]) -> DispatchResult {
    Rewards::claim_emission(signed(who), BoundedVec::truncate_from(eras.to_vec()))
}

fn balance(who: u8) -> Balance {
    Balances::free_balance(account(who))
}

fn balance_of_pot() -> Balance {
    Balances::free_balance(Rewards::pot_account())
}

#[test]
fn claim_emission_should_mint_a_unit_for_each_point_when_the_budget_suffices() {
    run_with(genesis(), || {
        settle(&settlement(0, 0, 1_000), &[3, 4]);
        run_to(10);
        let issuance = Balances::total_issuance();
        assert_ok!(claim(WORKER, &[0]));
        assert_ok!(claim(3, &[0]));
        assert_eq!((balance(WORKER), balance(3)), (RICH + 225, RICH + 112));
        assert_eq!(Balances::total_issuance(), issuance + 225 + 112);
        assert_eq!(TotalEmitted::<Test>::get(), 225 + 112);
        assert_eq!((Eras::<Test>::get(0).work, Promised::<Test>::get()), (449, 112));
        let claimed =
            Event::EmissionClaimed { who: account(3), era: 0, points: 112, blocks: 0, for_work: 112, for_authoring: 0 };
        System::assert_has_event(claimed.into());
    });
}

#[test]
fn claim_emission_should_share_the_budget_by_points_when_it_does_not_suffice() {
    run_with(genesis(), || {
        settle(&settlement(0, 0, 9_000), &[3]);
        run_to(10);
        // 5,400 are burned; 2,430 points each, of a budget of 1,000.
        assert_ok!(claim(WORKER, &[0]));
        assert_ok!(claim(3, &[0]));
        assert_eq!((balance(WORKER), balance(3)), (RICH + 500, RICH + 500));
    });
}

#[test]
fn claim_emission_should_pay_authors_what_the_work_leaves() {
    run_with(genesis(), || {
        Author::set(Some(raw(3)));
        run_to(4);
        Author::set(Some(raw(4)));
        run_to(9);
        settle(&settlement(0, 0, 1_000), &[]);
        run_to(10);
        // 800 are burned, so that 360 of 1,000 are for work; the rest is for three and five blocks.
        assert_ok!(claim(3, &[0]));
        assert_ok!(claim(4, &[0]));
        assert_eq!((balance(3), balance(4)), (RICH + 640 * 3 / 8, RICH + 640 * 5 / 8));
    });
}

#[test]
fn claim_emission_should_pay_several_eras_at_once() {
    run_with(genesis(), || {
        settle(&settlement(0, 0, 1_000), &[]);
        run_to(20);
        settle(&settlement(0, 0, 100), &[]);
        run_to(30);
        let claimable = Rewards::claimable(account(WORKER));
        let work = |work| Claim { work, authoring: 0 };
        assert_eq!(claimable, vec![(0, work(360)), (2, work(36))]);
        assert_ok!(claim(WORKER, &[0, 1, 2]));
        assert_eq!(balance(WORKER), RICH + 360 + 36);
        assert_eq!(Contributions::<Test>::iter().count(), 0);
        assert_eq!(Rewards::claimable(account(WORKER)), vec![]);
    });
}

#[test]
fn claim_emission_should_pay_an_era_once_when_it_is_named_twice() {
    run_with(genesis(), || {
        settle(&settlement(0, 0, 1_000), &[]);
        run_to(10);
        assert_ok!(claim(WORKER, &[0, 0]));
        assert_eq!(balance(WORKER), RICH + 360);
        assert_noop!(claim(WORKER, &[0]), Error::<Test>::NothingToClaim);
    });
}

#[test]
fn claim_emission_should_take_as_many_eras_as_its_bound() {
    let genesis = GenesisConfig { era_blocks: 1, history_eras: 2 * MAX_ERAS_PER_CLAIM, ..genesis() };
    run_with(genesis, || {
        Author::set(Some(raw(3)));
        // The hook turns one era a block, and begins with the second block.
        run_to(MAX_ERAS_PER_CLAIM + 2);
        assert_ok!(claim(3, &(1..=MAX_ERAS_PER_CLAIM).collect::<Vec<_>>()));
        assert_eq!(balance(3), RICH + 1_000 * MAX_ERAS_PER_CLAIM as Balance);
    });
}

#[test]
fn claim_emission_should_fail_when_not_signed() {
    run(|| {
        assert_noop!(Rewards::claim_emission(RuntimeOrigin::root(), Default::default()), BadOrigin);
    });
}

#[test]
fn claim_emission_should_fail_when_there_is_nothing() {
    run_with(genesis(), || {
        run_to(10);
        assert_noop!(claim(3, &[]), Error::<Test>::NothingToClaim);
        assert_noop!(claim(3, &[0]), Error::<Test>::NothingToClaim);
    });
}

#[test]
fn claim_emission_should_fail_when_the_era_has_not_ended() {
    run_with(genesis(), || {
        settle(&settlement(0, 0, 1_000), &[]);
        run_to(9);
        assert_noop!(claim(WORKER, &[0]), Error::<Test>::EraNotFinished);
        assert_noop!(claim(WORKER, &[u32::MAX]), Error::<Test>::EraNotFinished);
    });
}

#[test]
fn claim_emission_should_fail_when_the_era_has_expired() {
    run_with(genesis(), || {
        settle(&settlement(0, 0, 1_000), &[]);
        run_to(39);
        assert_eq!(Rewards::claimable(account(WORKER)).len(), 1);
        run_to(40);
        assert_noop!(claim(WORKER, &[0]), Error::<Test>::EraExpired);
    });
}

#[test]
fn claim_emission_should_fail_when_it_cannot_create_the_account() {
    run_with(genesis(), || {
        // Nine points, below the existential deposit.
        settle(&settlement(0, 0, 40), &[9]);
        run_to(10);
        assert_noop!(claim(9, &[0]), TokenError::BelowMinimum);
        assert_eq!(Rewards::claimable(account(9)).len(), 1);
    });
}

#[test]
fn claim_emission_should_share_with_the_backers_what_is_for_blocks_and_nothing_of_the_work() {
    run_with(genesis(), || {
        BackersPpm::set(250_000);
        Author::set(Some(raw(WORKER)));
        run_to(9);
        settle(&settlement(0, 0, 1_000), &[]);
        run_to(20);
        let issuance = Balances::total_issuance();
        // Two eras of blocks, of which the first has 360 for work too.
        assert_ok!(claim(WORKER, &[0, 1]));
        assert_eq!((balance(WORKER), balance(BACKERS)), (RICH + 360 + 1_640 * 3 / 4, RICH + 1_640 / 4));
        assert_eq!((Balances::total_issuance(), TotalEmitted::<Test>::get()), (issuance + 2_000, 2_000));
        assert_eq!(balance_of_pot(), ED);
    });
}

#[test]
fn claim_emission_should_fail_when_what_is_for_blocks_cannot_be_paid() {
    let genesis = GenesisConfig { initial_emission: ED - 1, ..genesis() };
    run_with(genesis, || {
        Author::set(Some(raw(9)));
        run_to(10);
        assert_noop!(claim(9, &[0]), Error::<Test>::NotPayable);
        assert_eq!(Rewards::claimable(account(9)).len(), 1);
    });
}

#[test]
fn author_should_have_unclaimed_eras_until_they_are_claimed_or_removed() {
    run_with(genesis(), || {
        let unclaimed = || Rewards::has_unclaimed(&raw(3));
        Author::set(Some(raw(3)));
        run_to(9);
        assert!(!unclaimed(), "the era under way is not over");
        run_to(20);
        Author::set(None);
        assert!(unclaimed());
        assert_ok!(claim(3, &[0]));
        assert!(unclaimed());
        assert_ok!(claim(3, &[1]));
        assert!(!unclaimed(), "of era 2 it has the first block, and that is not over");
        run_to(30);
        assert!(unclaimed());
        // It expires, and what is left of it goes.
        run_to(62);
        assert!(!unclaimed());
        assert_eq!(AuthoredEras::<Test>::iter().count(), 0);
    });
}

#[test]
fn claim_emission_should_take_an_era_that_is_worth_nothing() {
    run_with(GenesisConfig { initial_emission: 0, ..genesis() }, || {
        Author::set(Some(raw(3)));
        run_to(10);
        Author::set(None);
        assert!(Rewards::has_unclaimed(&raw(3)));
        assert_ok!(claim(3, &[0]));
        assert_eq!((balance(3), Rewards::has_unclaimed(&raw(3))), (RICH, false));
        assert_noop!(claim(3, &[0]), Error::<Test>::NothingToClaim);
    });
}

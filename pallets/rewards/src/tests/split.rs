// SPDX-License-Identifier: Apache-2.0
//! Parameters and arithmetic.

use super::mock::*;
use crate::{split::ONE_PPM, Contribution, Era, GenesisConfig, Parameters, MAX_HISTORY_ERAS};
use proptest::prelude::*;
use quern_primitives::{traits::Rewards as _, Balance};

#[test]
fn parameters_should_be_unsound_when_the_shares_are_not_the_whole() {
    assert!(Parameters::default().is_sound());
    assert!(!Parameters { burned_ppm: 499_999, ..Default::default() }.is_sound());
    assert!(!Parameters { burned_ppm: u32::MAX, ..Default::default() }.is_sound());
}

#[test]
fn parameters_should_be_unsound_when_emission_reaches_what_is_burned() {
    assert!(!Parameters { kappa_ppm: ONE_PPM, ..Default::default() }.is_sound());
}

#[test]
fn parameters_should_be_unsound_when_eras_are_empty() {
    assert!(!Parameters { era_blocks: 0, ..Default::default() }.is_sound());
    assert!(!Parameters { halving_eras: 0, ..Default::default() }.is_sound());
}

#[test]
fn parameters_should_be_unsound_when_no_era_or_too_many_can_be_claimed() {
    assert!(!Parameters { history_eras: 0, ..Default::default() }.is_sound());
    assert!(!Parameters { history_eras: MAX_HISTORY_ERAS + 1, ..Default::default() }.is_sound());
}

#[test]
#[should_panic(expected = "unsound genesis parameters")]
fn genesis_should_panic_when_parameters_are_unsound() {
    new_test_ext_with(GenesisConfig { treasury_ppm: 0, ..Default::default() }, true);
}

#[test]
#[should_panic(expected = "more than the cap")]
fn genesis_should_panic_when_it_issues_more_than_the_cap() {
    new_test_ext_with(GenesisConfig { cap: RICH, ..Default::default() }, true);
}

#[test]
fn era_budget_should_halve_and_end() {
    let parameters = Parameters { initial_emission: 1_000, halving_eras: 10, ..Default::default() };
    assert_eq!(parameters.era_budget(9), 1_000);
    assert_eq!(parameters.era_budget(10), 500);
    assert_eq!(parameters.era_budget(99), 1);
    assert_eq!(parameters.era_budget(100), 0);
    assert_eq!(parameters.era_budget(u32::MAX), 0);
}

#[test]
fn era_budgets_should_stay_below_the_cap_together() {
    let parameters = Parameters::default();
    assert!(parameters.initial_emission * parameters.halving_eras as Balance * 2 < parameters.cap);
}

#[test]
fn audit_fee_should_grow_with_the_work() {
    run(|| {
        assert_eq!(Rewards::protocol_fee_ppm(), 50_000);
        assert_eq!(Rewards::audit_fee_ppm(0), 1_000);
        assert_eq!(Rewards::audit_fee_ppm(1), 1_002);
        assert_eq!(Rewards::audit_fee_ppm(8_000), 11_000);
        assert_eq!(Rewards::audit_fee_ppm(ONE_PPM), 1_251_000);
        assert_eq!(Rewards::audit_fee_ppm(u32::MAX), u32::MAX);
    });
}

proptest! {
    #[test]
    fn split_should_account_for_every_unit(
        burned_ppm in 0u32..=ONE_PPM,
        treasury in 0u32..=ONE_PPM,
        audit_fee in 0 as Balance..1 << 100,
        protocol_fee in 0 as Balance..1 << 100,
        auditors in 0u32..10,
        kappa_ppm in 0..ONE_PPM,
    ) {
        let treasury_ppm = treasury.min(ONE_PPM - burned_ppm);
        let auditors_ppm = ONE_PPM - burned_ppm - treasury_ppm;
        let parameters = Parameters { burned_ppm, treasury_ppm, auditors_ppm, kappa_ppm, ..Default::default() };
        prop_assert!(parameters.is_sound());
        let split = parameters.split(&settlement(0, audit_fee, protocol_fee), auditors);
        let paid = split.treasury + split.each_auditor * auditors as Balance;
        prop_assert_eq!(paid + split.burned, audit_fee + protocol_fee);
        prop_assert!(split.burned >= protocol_fee / ONE_PPM as Balance * burned_ppm as Balance);
        let points = parameters.points(split.burned, auditors).total(auditors);
        prop_assert!(points < split.burned || split.burned == 0);
    }

    #[test]
    fn parts_of_an_era_should_never_exceed_it(
        contributions in prop::collection::vec((0 as Balance..1 << 100, 0u32..1 << 20), 1..20),
        limit in 0 as Balance..1 << 101,
    ) {
        let points = contributions.iter().map(|(points, _)| points).sum();
        let blocks = contributions.iter().map(|(_, blocks)| blocks).sum();
        let era = Era { points, blocks, ..Default::default() }.finish(limit);
        prop_assert!(era.work <= points && era.emission() <= limit);
        let claims: Vec<_> =
            contributions.iter().map(|&(points, blocks)| era.claim(&Contribution { points, blocks })).collect();
        for (claim, (points, _)) in claims.iter().zip(&contributions) {
            prop_assert!(claim.work <= *points, "more than a unit for a point");
        }
        let (work, authoring): (Balance, Balance) =
            (claims.iter().map(|claim| claim.work).sum(), claims.iter().map(|claim| claim.authoring).sum());
        prop_assert!(work <= era.work && authoring <= era.authoring);
        // Rounding loses less than a unit for each payee.
        let payees = contributions.len() as Balance;
        prop_assert!(era.work - work < payees && era.authoring - authoring < payees);
    }
}

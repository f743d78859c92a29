// SPDX-License-Identifier: Apache-2.0
//! What genesis refuses.

use super::mock::*;
use crate::{ElectionParameters, GenesisConfig, MAX_CANDIDATES, MAX_REPORTER_PPM};
use frame_support::traits::BuildGenesisConfig;

fn build(change: impl FnOnce(&mut GenesisConfig<Test>)) {
    let mut config = GenesisConfig::<Test>::default();
    change(&mut config);
    sp_io::TestExternalities::default().execute_with(|| config.build());
}

#[test]
fn genesis_should_take_the_defaults() {
    build(|_| ());
    assert_eq!(ElectionParameters::default().unsound(), None);
}

#[test]
#[should_panic(expected = "min_validators must be at least one")]
fn genesis_should_be_refused_when_a_set_may_be_empty() {
    build(|config| config.min_validators = 0);
}

#[test]
#[should_panic(expected = "min_validators exceeds max_validators")]
fn genesis_should_be_refused_when_the_least_exceeds_the_most() {
    build(|config| (config.min_validators, config.max_validators) = (5, 4));
}

#[test]
#[should_panic(expected = "max_validators exceeds")]
fn genesis_should_be_refused_when_the_order_has_too_few_places() {
    build(|config| config.max_validators = MAX_CANDIDATES + 1);
}

#[test]
#[should_panic(expected = "reporter_ppm exceeds")]
fn genesis_should_be_refused_when_the_reporter_gets_too_much() {
    build(|config| config.reporter_ppm = MAX_REPORTER_PPM + 1);
}

#[test]
#[should_panic(expected = "evidence_sessions must be")]
fn genesis_should_be_refused_when_nothing_could_be_shown() {
    build(|config| config.evidence_sessions = 0);
}

#[test]
#[should_panic(expected = "genesis candidate")]
fn genesis_should_be_refused_when_a_candidate_has_no_bond() {
    build(|config| config.candidates = vec![(account(1), 0)]);
}

// SPDX-License-Identifier: Apache-2.0
//! Genesis.

use super::mock::*;
use crate::{GenesisConfig, ParamsOf};
use frame_support::traits::{BuildGenesisConfig, Get};

#[test]
fn params_should_be_those_of_genesis_when_read() {
    run(|| {
        assert_eq!(Jobs::params(), params());
        assert_eq!(ParamsOf::<Test>::get(), params());
    });
}

#[test]
#[should_panic(expected = "unsound genesis parameters")]
fn genesis_should_panic_when_the_params_are_unsound() {
    new_test_ext().execute_with(|| {
        let params = quern_protocol::Params { samples: 0, ..params() };
        GenesisConfig::<Test> { params, ..Default::default() }.build();
    });
}

// SPDX-License-Identifier: Apache-2.0
//! What genesis decides, and the adaptors that read it.

use super::mock::*;
use crate::{EpochDuration, ExpectedBlockTime, GenesisConfig, MinimumPeriod, Parameters, MAX_MIN_AUTHORS};
use frame_support::traits::Get;
use sp_runtime::BuildStorage;

#[test]
fn adaptors_should_read_genesis() {
    let genesis = GenesisConfig::<Test> { slot_ms: 3_001, epoch_slots: 40, ..Default::default() };
    let storage = RuntimeGenesisConfig { clock: genesis, ..Default::default() }.build_storage().unwrap();
    sp_io::TestExternalities::new(storage).execute_with(|| {
        assert_eq!(ExpectedBlockTime::<Test>::get(), 3_001);
        assert_eq!(EpochDuration::<Test>::get(), 40);
        assert_eq!(MinimumPeriod::<Test>::get(), 1_500);
    });
}

#[test]
fn adaptors_should_give_defaults_when_there_is_no_genesis() {
    sp_io::TestExternalities::default().execute_with(|| {
        assert_eq!(ExpectedBlockTime::<Test>::get(), Parameters::default().slot_ms);
        assert_eq!(EpochDuration::<Test>::get(), Parameters::default().epoch_slots);
    });
}

#[test]
fn parameters_should_be_unsound_when_one_is_out_of_range() {
    let sound = Parameters::default();
    assert!(sound.is_sound());
    assert!(!Parameters { slot_ms: 1, ..sound }.is_sound());
    assert!(!Parameters { epoch_slots: 0, ..sound }.is_sound());
    assert!(!Parameters { draw_period_blocks: 0, ..sound }.is_sound());
    assert!(!Parameters { min_authors: 0, ..sound }.is_sound());
    assert!(!Parameters { min_authors: MAX_MIN_AUTHORS + 1, ..sound }.is_sound());
}

#[test]
#[should_panic(expected = "unsound genesis parameters")]
fn genesis_should_panic_when_parameters_are_unsound() {
    new_test_ext_with(0, 1);
}

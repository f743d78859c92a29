// SPDX-License-Identifier: Apache-2.0
//! A runtime of system and clock only, with a VRF output and an author that tests set.

use crate as clock;
use frame_support::{derive_impl, parameter_types, traits::Hooks};
use quern_primitives::Account;
use sp_runtime::{traits::IdentityLookup, AccountId32, BuildStorage};

frame_support::construct_runtime!(
    pub enum Test {
        System: frame_system,
        Clock: clock,
    }
);

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = frame_system::mocking::MockBlockU32<Test>;
    type AccountId = AccountId32;
    type Lookup = IdentityLookup<AccountId32>;
}

parameter_types! {
    pub static Vrf: Option<[u8; 32]> = Some([7; 32]);
    pub static Author: Option<Account> = Some([1; 32]);
    pub static Full: bool = false;
}

impl clock::Config for Test {
    type BlockRandomness = Vrf;
    type Author = Author;
    type IsFull = Full;
    type WeightInfo = ();
}

/// A chain before its first block.
pub fn new_test_ext_with(draw_period_blocks: u32, min_authors: u32) -> sp_io::TestExternalities {
    RuntimeGenesisConfig {
        clock: clock::GenesisConfig { draw_period_blocks, min_authors, ..Default::default() },
        ..Default::default()
    }
    .build_storage()
    .unwrap()
    .into()
}

/// A chain with periods of two blocks and seeds by one author.
#[cfg(feature = "runtime-benchmarks")]
pub fn new_test_ext() -> sp_io::TestExternalities {
    new_test_ext_with(2, 1)
}

/// Runs the next block.
pub fn block(author: Option<u8>, vrf: Option<u8>) {
    let now = System::block_number() + 1;
    System::set_block_number(now);
    Author::set(author.map(|byte| [byte; 32]));
    Clock::on_initialize(now);
    // BABE writes the output of the current block only when it finalises.
    Vrf::set(vrf.map(|byte| [byte; 32]));
    Clock::on_finalize(now);
}

// SPDX-License-Identifier: Apache-2.0
//! Weights of `quern_pallet_workers`, as measured: `scripts/weights` writes this file, nobody edits it.
//!
//! 2026-11-26, 20 steps, 10 repeats, on AMD EPYC. Times are those of the runtime's WebAssembly; `DbWeight` is added for each
//! storage item read and written.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weight functions of the pallet, each measured by the benchmark of its name.
pub trait WeightInfo {
    /// `register`.
    fn register() -> Weight;
    /// `update`.
    fn update() -> Weight;
    /// `set_ready`.
    fn set_ready() -> Weight;
    /// `enrol`.
    fn enrol() -> Weight;
    /// `authorize_enrol`.
    fn authorize_enrol() -> Weight;
    /// `retire`.
    fn retire() -> Weight;
    /// `evict`.
    fn evict() -> Weight;
    /// `forget_rests`.
    fn forget_rests() -> Weight;
}

/// The measured weights, with the runtime's database weights.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    // Storage: `Workers::Entries` (r:1 w:1)
    // Proof: `Workers::Entries` (`max_values`: None, `max_size`: Some(404), added: 2879, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Ledgers` (r:1 w:0)
    // Proof: `Collateral::Ledgers` (`max_values`: None, `max_size`: Some(437), added: 2912, mode: `MaxEncodedLen`)
    // Storage: `Collateral::MinimumBond` (r:1 w:0)
    // Proof: `Collateral::MinimumBond` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Storage: `Workers::Validators` (r:1 w:1)
    // Proof: `Workers::Validators` (`max_values`: Some(1), `max_size`: Some(4098), added: 4593, mode: `MaxEncodedLen`)
    // Storage: `Workers::ValidatorsSince` (r:1 w:1)
    // Proof: `Workers::ValidatorsSince` (`max_values`: Some(1), `max_size`: Some(514), added: 1009, mode: `MaxEncodedLen`)
    // Storage: `Rewards::Settings` (r:1 w:0)
    // Proof: `Rewards::Settings` (`max_values`: Some(1), `max_size`: Some(72), added: 567, mode: `MaxEncodedLen`)
    // Storage: `Workers::FormerRests` (r:1 w:1)
    // Proof: `Workers::FormerRests` (`max_values`: Some(1), `max_size`: Some(10498), added: 10993, mode: `MaxEncodedLen`)
    // Storage: `Workers::ConvictionsOf` (r:0 w:1)
    // Proof: `Workers::ConvictionsOf` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
    // Shortest time: 58_486 ns.
    fn register() -> Weight {
        Weight::from_parts(62_803_000, 11_983)
            .saturating_add(T::DbWeight::get().reads(7))
            .saturating_add(T::DbWeight::get().writes(5))
    }
    // Storage: `Workers::Entries` (r:1 w:1)
    // Proof: `Workers::Entries` (`max_values`: None, `max_size`: Some(404), added: 2879, mode: `MaxEncodedLen`)
    // Shortest time: 16_855 ns.
    fn update() -> Weight {
        Weight::from_parts(18_648_000, 3_869)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // Storage: `Workers::Entries` (r:1 w:1)
    // Proof: `Workers::Entries` (`max_values`: None, `max_size`: Some(404), added: 2879, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Ledgers` (r:1 w:0)
    // Proof: `Collateral::Ledgers` (`max_values`: None, `max_size`: Some(437), added: 2912, mode: `MaxEncodedLen`)
    // Storage: `Collateral::MinimumBond` (r:1 w:0)
    // Proof: `Collateral::MinimumBond` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Shortest time: 28_643 ns.
    fn set_ready() -> Weight {
        Weight::from_parts(31_127_000, 3_902)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // Storage: `Workers::Enrolments` (r:1 w:1)
    // Proof: `Workers::Enrolments` (`max_values`: Some(1), `max_size`: Some(16400), added: 16895, mode: `MaxEncodedLen`)
    // Storage: `Rewards::Settings` (r:1 w:0)
    // Proof: `Rewards::Settings` (`max_values`: Some(1), `max_size`: Some(72), added: 567, mode: `MaxEncodedLen`)
    // Storage: `Workers::Entries` (r:65 w:2)
    // Proof: `Workers::Entries` (`max_values`: None, `max_size`: Some(404), added: 2879, mode: `MaxEncodedLen`)
    // Storage: `Workers::Apprentices` (r:1 w:1)
    // Proof: `Workers::Apprentices` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
    // Storage: `Workers::FormerRests` (r:1 w:1)
    // Proof: `Workers::FormerRests` (`max_values`: Some(1), `max_size`: Some(10498), added: 10993, mode: `MaxEncodedLen`)
    // Storage: `System::Account` (r:2 w:2)
    // Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    // Storage: `Workers::ConvictionsOf` (r:0 w:2)
    // Proof: `Workers::ConvictionsOf` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
    // Shortest time: 416_958 ns.
    fn enrol() -> Weight {
        Weight::from_parts(447_363_000, 188_125)
            .saturating_add(T::DbWeight::get().reads(71))
            .saturating_add(T::DbWeight::get().writes(9))
    }
    // Storage: `System::BlockHash` (r:1 w:0)
    // Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
    // Storage: `Workers::Enrolments` (r:1 w:0)
    // Proof: `Workers::Enrolments` (`max_values`: Some(1), `max_size`: Some(16400), added: 16895, mode: `MaxEncodedLen`)
    // Storage: `Rewards::Settings` (r:1 w:0)
    // Proof: `Rewards::Settings` (`max_values`: Some(1), `max_size`: Some(72), added: 567, mode: `MaxEncodedLen`)
    // Storage: `Workers::Entries` (r:65 w:0)
    // Proof: `Workers::Entries` (`max_values`: None, `max_size`: Some(404), added: 2879, mode: `MaxEncodedLen`)
    // Storage: `Workers::Apprentices` (r:1 w:0)
    // Proof: `Workers::Apprentices` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
    // Shortest time: 458_080 ns.
    fn authorize_enrol() -> Weight {
        Weight::from_parts(486_202_000, 188_125).saturating_add(T::DbWeight::get().reads(69))
    }
    // Storage: `Workers::Entries` (r:1 w:1)
    // Proof: `Workers::Entries` (`max_values`: None, `max_size`: Some(404), added: 2879, mode: `MaxEncodedLen`)
    // Storage: `Workers::Validators` (r:1 w:1)
    // Proof: `Workers::Validators` (`max_values`: Some(1), `max_size`: Some(4098), added: 4593, mode: `MaxEncodedLen`)
    // Storage: `Workers::ValidatorsSince` (r:1 w:1)
    // Proof: `Workers::ValidatorsSince` (`max_values`: Some(1), `max_size`: Some(514), added: 1009, mode: `MaxEncodedLen`)
    // Storage: `Workers::FormerRests` (r:1 w:1)
    // Proof: `Workers::FormerRests` (`max_values`: Some(1), `max_size`: Some(10498), added: 10993, mode: `MaxEncodedLen`)
    // Storage: `Workers::ConvictionsOf` (r:0 w:1)
    // Proof: `Workers::ConvictionsOf` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
    // Shortest time: 46_449 ns.
    fn retire() -> Weight {
        Weight::from_parts(49_784_000, 11_983)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(5))
    }
    // Storage: `Workers::Entries` (r:1 w:1)
    // Proof: `Workers::Entries` (`max_values`: None, `max_size`: Some(404), added: 2879, mode: `MaxEncodedLen`)
    // Storage: `Workers::Validators` (r:1 w:1)
    // Proof: `Workers::Validators` (`max_values`: Some(1), `max_size`: Some(4098), added: 4593, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Ledgers` (r:1 w:0)
    // Proof: `Collateral::Ledgers` (`max_values`: None, `max_size`: Some(437), added: 2912, mode: `MaxEncodedLen`)
    // Storage: `Collateral::MinimumBond` (r:1 w:0)
    // Proof: `Collateral::MinimumBond` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Storage: `Workers::ValidatorsSince` (r:1 w:1)
    // Proof: `Workers::ValidatorsSince` (`max_values`: Some(1), `max_size`: Some(514), added: 1009, mode: `MaxEncodedLen`)
    // Storage: `Workers::FormerRests` (r:1 w:1)
    // Proof: `Workers::FormerRests` (`max_values`: Some(1), `max_size`: Some(10498), added: 10993, mode: `MaxEncodedLen`)
    // Storage: `System::Account` (r:1 w:1)
    // Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    // Storage: `Workers::ConvictionsOf` (r:0 w:1)
    // Proof: `Workers::ConvictionsOf` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
    // Shortest time: 64_506 ns.
    fn evict() -> Weight {
        Weight::from_parts(69_082_000, 11_983)
            .saturating_add(T::DbWeight::get().reads(7))
            .saturating_add(T::DbWeight::get().writes(6))
    }
    // Storage: `Workers::FormerRests` (r:1 w:1)
    // Proof: `Workers::FormerRests` (`max_values`: Some(1), `max_size`: Some(10498), added: 10993, mode: `MaxEncodedLen`)
    // Shortest time: 13_390 ns.
    fn forget_rests() -> Weight {
        Weight::from_parts(14_492_000, 11_983)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
}

/// No weight, for tests.
impl WeightInfo for () {
    fn register() -> Weight {
        Weight::zero()
    }
    fn update() -> Weight {
        Weight::zero()
    }
    fn set_ready() -> Weight {
        Weight::zero()
    }
    fn enrol() -> Weight {
        Weight::zero()
    }
    fn authorize_enrol() -> Weight {
        Weight::zero()
    }
    fn retire() -> Weight {
        Weight::zero()
    }
    fn evict() -> Weight {
        Weight::zero()
    }
    fn forget_rests() -> Weight {
        Weight::zero()
    }
}

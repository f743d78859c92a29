// SPDX-License-Identifier: Apache-2.0
//! Weights of `quern_pallet_workers`, as measured: `scripts/weights` writes this file, nobody edits it.
//!
//! 2026-11-25, 20 steps, 10 repeats, on AMD EPYC. Times are those of the runtime's WebAssembly; `DbWeight` is added for each
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
    // Proof: `Workers::Entries` (`max_values`: None, `max_size`: Some(263), added: 2738, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Ledgers` (r:1 w:0)
    // Proof: `Collateral::Ledgers` (`max_values`: None, `max_size`: Some(417), added: 2892, mode: `MaxEncodedLen`)
    // Storage: `Collateral::MinimumBond` (r:1 w:0)
    // Proof: `Collateral::MinimumBond` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Storage: `Workers::Workers` (r:1 w:1)
    // Proof: `Workers::Workers` (`max_values`: Some(1), `max_size`: Some(8194), added: 8689, mode: `MaxEncodedLen`)
    // Storage: `Rewards::Settings` (r:1 w:0)
    // Proof: `Rewards::Settings` (`max_values`: Some(1), `max_size`: Some(72), added: 567, mode: `MaxEncodedLen`)
    // Shortest time: 35_553 ns.
    // By hand: `Workers::ValidatorsSince` (r:1 w:1), of a validator; `Workers::FormerRests` (r:1 w:1), of 256 accounts (10,498 bytes).
    fn register() -> Weight {
        Weight::from_parts(55_617_000, 21_679)
            .saturating_add(T::DbWeight::get().reads(7))
            .saturating_add(T::DbWeight::get().writes(4))
    }
    // Storage: `Workers::Entries` (r:1 w:1)
    // Proof: `Workers::Entries` (`max_values`: None, `max_size`: Some(263), added: 2738, mode: `MaxEncodedLen`)
    // Shortest time: 14_571 ns.
    fn update() -> Weight {
        Weight::from_parts(16_215_000, 3_728)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // Storage: `Workers::Entries` (r:1 w:1)
    // Proof: `Workers::Entries` (`max_values`: None, `max_size`: Some(263), added: 2738, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Ledgers` (r:1 w:0)
    // Proof: `Collateral::Ledgers` (`max_values`: None, `max_size`: Some(417), added: 2892, mode: `MaxEncodedLen`)
    // Storage: `Collateral::MinimumBond` (r:1 w:0)
    // Proof: `Collateral::MinimumBond` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Shortest time: 24_657 ns.
    fn set_ready() -> Weight {
        Weight::from_parts(26_639_000, 3_882)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // Storage: `Workers::Enrolments` (r:1 w:1)
    // Proof: `Workers::Enrolments` (`max_values`: Some(1), `max_size`: Some(16400), added: 16895, mode: `MaxEncodedLen`)
    // Storage: `Rewards::Settings` (r:1 w:0)
    // Proof: `Rewards::Settings` (`max_values`: Some(1), `max_size`: Some(72), added: 567, mode: `MaxEncodedLen`)
    // Storage: `Workers::Entries` (r:1 w:1)
    // Proof: `Workers::Entries` (`max_values`: None, `max_size`: Some(263), added: 2738, mode: `MaxEncodedLen`)
    // Storage: `Workers::Apprentices` (r:1 w:1)
    // Proof: `Workers::Apprentices` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
    // Shortest time: 29_013 ns.
    // By hand, until it is measured again: all apprentices are looked at, and one makes room.
    // Storage: `Workers::Entries` (r:64 w:1), `System::Account` (r:1 w:1), `Workers::FormerRests` (r:1 w:1)
    fn enrol() -> Weight {
        Weight::from_parts(361_197_000, 208_878)
            .saturating_add(T::DbWeight::get().reads(70))
            .saturating_add(T::DbWeight::get().writes(6))
    }
    // Storage: `System::BlockHash` (r:1 w:0)
    // Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
    // Storage: `Workers::Enrolments` (r:1 w:0)
    // Proof: `Workers::Enrolments` (`max_values`: Some(1), `max_size`: Some(16400), added: 16895, mode: `MaxEncodedLen`)
    // Storage: `Rewards::Settings` (r:1 w:0)
    // Proof: `Rewards::Settings` (`max_values`: Some(1), `max_size`: Some(72), added: 567, mode: `MaxEncodedLen`)
    // Storage: `Workers::Entries` (r:1 w:0)
    // Proof: `Workers::Entries` (`max_values`: None, `max_size`: Some(263), added: 2738, mode: `MaxEncodedLen`)
    // Storage: `Workers::Apprentices` (r:1 w:0)
    // Proof: `Workers::Apprentices` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
    // Shortest time: 90_184 ns.
    // By hand, until it is measured again: all apprentices are looked at.
    // Storage: `Workers::Entries` (r:64 w:0)
    fn authorize_enrol() -> Weight {
        Weight::from_parts(391_697_000, 197_885).saturating_add(T::DbWeight::get().reads(69))
    }
    // Storage: `Workers::Entries` (r:1 w:1)
    // Proof: `Workers::Entries` (`max_values`: None, `max_size`: Some(263), added: 2738, mode: `MaxEncodedLen`)
    // Storage: `Workers::Workers` (r:1 w:1)
    // Proof: `Workers::Workers` (`max_values`: Some(1), `max_size`: Some(8194), added: 8689, mode: `MaxEncodedLen`)
    // Shortest time: 22_984 ns.
    // By hand: `Workers::ValidatorsSince` (r:1 w:1), of a validator; `Workers::FormerRests` (r:1 w:1), of 256 accounts (10,498 bytes).
    fn retire() -> Weight {
        Weight::from_parts(42_979_000, 21_679)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(4))
    }
    // By hand, until it is measured: as `retire`, and the bond.
    // Storage: `Workers::Entries` (r:1 w:1), `Workers::Workers` (r:1 w:1), `Collateral::Ledgers` (r:1 w:0),
    // `Collateral::MinimumBond` (r:1 w:0), `System::Account` (r:1 w:1), `Workers::ConvictionsOf` (r:1 w:1), `Workers::FormerRests` (r:1 w:1),
    // `Workers::ValidatorsSince` (r:1 w:1), of a validator
    fn evict() -> Weight {
        Weight::from_parts(55_000_000, 26_678)
            .saturating_add(T::DbWeight::get().reads(8))
            .saturating_add(T::DbWeight::get().writes(6))
    }
    // By hand, until it is measured: `Workers::FormerRests` (r:1 w:1), of 256 accounts (10,498 bytes).
    fn forget_rests() -> Weight {
        Weight::from_parts(20_000_000, 11_983)
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

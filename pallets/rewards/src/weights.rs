// SPDX-License-Identifier: Apache-2.0
//! Weights of `quern_pallet_rewards`, as measured: `scripts/weights` writes this file, nobody edits it.
//!
//! 2026-11-26, 20 steps, 10 repeats, on AMD EPYC. Times are those of the runtime's WebAssembly; `DbWeight` is added for each
//! storage item read and written.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weight functions of the pallet, each measured by the benchmark of its name.
pub trait WeightInfo {
    /// `claim`.
    fn claim() -> Weight;
    /// `claim_emission`, `e` from 1 to 16.
    fn claim_emission(e: u32) -> Weight;
    /// `claim_emission_for`, `e` from 1 to 16.
    fn claim_emission_for(e: u32) -> Weight;
    /// `on_block`, `p` from 1 to 15.
    fn on_block(p: u32) -> Weight;
}

/// The measured weights, with the runtime's database weights.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    // Storage: `Rewards::Credits` (r:1 w:1)
    // Proof: `Rewards::Credits` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
    // Storage: `System::Account` (r:1 w:1)
    // Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    // Storage: `Rewards::TotalCredits` (r:1 w:1)
    // Proof: `Rewards::TotalCredits` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Shortest time: 63_965 ns.
    fn claim() -> Weight {
        Weight::from_parts(66_679_000, 3_593)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // Storage: `Rewards::Settings` (r:1 w:0)
    // Proof: `Rewards::Settings` (`max_values`: Some(1), `max_size`: Some(72), added: 567, mode: `MaxEncodedLen`)
    // Storage: `Rewards::CurrentEra` (r:1 w:0)
    // Proof: `Rewards::CurrentEra` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Rewards::Contributions` (r:16 w:16)
    // Proof: `Rewards::Contributions` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
    // Storage: `Rewards::AuthoredEras` (r:1 w:1)
    // Proof: `Rewards::AuthoredEras` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
    // Storage: `Rewards::Eras` (r:16 w:16)
    // Proof: `Rewards::Eras` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
    // Storage: `System::Account` (r:2 w:2)
    // Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Candidates` (r:1 w:1)
    // Proof: `Collateral::Candidates` (`max_values`: None, `max_size`: Some(204), added: 2679, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Ledgers` (r:1 w:0)
    // Proof: `Collateral::Ledgers` (`max_values`: None, `max_size`: Some(437), added: 2912, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(193), added: 2668, mode: `MaxEncodedLen`)
    // Storage: `Collateral::MinimumBond` (r:1 w:0)
    // Proof: `Collateral::MinimumBond` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Elections` (r:1 w:0)
    // Proof: `Collateral::Elections` (`max_values`: Some(1), `max_size`: Some(36), added: 531, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Order` (r:1 w:1)
    // Proof: `Collateral::Order` (`max_values`: Some(1), `max_size`: Some(24578), added: 25073, mode: `MaxEncodedLen`)
    // Storage: `Rewards::Promised` (r:1 w:1)
    // Proof: `Rewards::Promised` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Storage: `Rewards::TotalEmitted` (r:1 w:1)
    // Proof: `Rewards::TotalEmitted` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Shortest time: 231_363 ns.
    fn claim_emission(e: u32) -> Weight {
        Weight::from_parts(79_836_859, 26_063)
            .saturating_add(Weight::from_parts(159_103_844, 0).saturating_mul(e.into()))
            .saturating_add(T::DbWeight::get().reads(13))
            .saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(e.into())))
            .saturating_add(T::DbWeight::get().writes(8))
            .saturating_add(T::DbWeight::get().writes(2_u64.saturating_mul(e.into())))
            .saturating_add(Weight::from_parts(0, 2_555).saturating_mul(e.into()))
    }
    // Storage: `Rewards::Settings` (r:1 w:0)
    // Proof: `Rewards::Settings` (`max_values`: Some(1), `max_size`: Some(72), added: 567, mode: `MaxEncodedLen`)
    // Storage: `Rewards::CurrentEra` (r:1 w:0)
    // Proof: `Rewards::CurrentEra` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Rewards::Contributions` (r:16 w:16)
    // Proof: `Rewards::Contributions` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
    // Storage: `Rewards::AuthoredEras` (r:1 w:1)
    // Proof: `Rewards::AuthoredEras` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
    // Storage: `Rewards::Eras` (r:16 w:16)
    // Proof: `Rewards::Eras` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
    // Storage: `System::Account` (r:3 w:3)
    // Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Candidates` (r:1 w:1)
    // Proof: `Collateral::Candidates` (`max_values`: None, `max_size`: Some(204), added: 2679, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Ledgers` (r:1 w:0)
    // Proof: `Collateral::Ledgers` (`max_values`: None, `max_size`: Some(437), added: 2912, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(193), added: 2668, mode: `MaxEncodedLen`)
    // Storage: `Collateral::MinimumBond` (r:1 w:0)
    // Proof: `Collateral::MinimumBond` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Elections` (r:1 w:0)
    // Proof: `Collateral::Elections` (`max_values`: Some(1), `max_size`: Some(36), added: 531, mode: `MaxEncodedLen`)
    // Storage: `Collateral::Order` (r:1 w:1)
    // Proof: `Collateral::Order` (`max_values`: Some(1), `max_size`: Some(24578), added: 25073, mode: `MaxEncodedLen`)
    // Storage: `Rewards::Promised` (r:1 w:1)
    // Proof: `Rewards::Promised` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Storage: `Rewards::TotalEmitted` (r:1 w:1)
    // Proof: `Rewards::TotalEmitted` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Shortest time: 232_975 ns.
    fn claim_emission_for(e: u32) -> Weight {
        Weight::from_parts(62_363_968, 26_063)
            .saturating_add(Weight::from_parts(175_341_770, 0).saturating_mul(e.into()))
            .saturating_add(T::DbWeight::get().reads(14))
            .saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(e.into())))
            .saturating_add(T::DbWeight::get().writes(9))
            .saturating_add(T::DbWeight::get().writes(2_u64.saturating_mul(e.into())))
            .saturating_add(Weight::from_parts(0, 2_555).saturating_mul(e.into()))
    }
    // Storage: `Rewards::Settings` (r:1 w:0)
    // Proof: `Rewards::Settings` (`max_values`: Some(1), `max_size`: Some(72), added: 567, mode: `MaxEncodedLen`)
    // Storage: `Rewards::CurrentEra` (r:1 w:1)
    // Proof: `Rewards::CurrentEra` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Rewards::Promised` (r:1 w:1)
    // Proof: `Rewards::Promised` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Storage: `Rewards::Eras` (r:3 w:3)
    // Proof: `Rewards::Eras` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
    // Storage: `Rewards::Contributions` (r:17 w:16)
    // Proof: `Rewards::Contributions` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
    // Storage: `Rewards::AuthoredEras` (r:16 w:16)
    // Proof: `Rewards::AuthoredEras` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
    // Storage: `Rewards::PrunedEras` (r:1 w:1)
    // Proof: `Rewards::PrunedEras` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Shortest time: 69_933 ns.
    fn on_block(p: u32) -> Weight {
        Weight::from_parts(59_982_161, 8_655)
            .saturating_add(Weight::from_parts(13_838_170, 0).saturating_mul(p.into()))
            .saturating_add(T::DbWeight::get().reads(10))
            .saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(p.into())))
            .saturating_add(T::DbWeight::get().writes(8))
            .saturating_add(T::DbWeight::get().writes(2_u64.saturating_mul(p.into())))
            .saturating_add(Weight::from_parts(0, 2_555).saturating_mul(p.into()))
    }
}

/// No weight, for tests.
impl WeightInfo for () {
    fn claim() -> Weight {
        Weight::zero()
    }
    fn claim_emission(_: u32) -> Weight {
        Weight::zero()
    }
    fn claim_emission_for(_: u32) -> Weight {
        Weight::zero()
    }
    fn on_block(_: u32) -> Weight {
        Weight::zero()
    }
}

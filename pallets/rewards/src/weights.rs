// SPDX-License-Identifier: Apache-2.0
//! Weights of `quern_pallet_rewards`, as measured: `scripts/weights` writes this file, nobody edits it.
//!
//! 2026-11-25, 20 steps, 10 repeats, on AMD EPYC. Times are those of the runtime's WebAssembly; `DbWeight` is added for each
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
    /// `on_block`, `p` from 1 to 16.
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
    // Shortest time: 57_545 ns.
    fn claim() -> Weight {
        Weight::from_parts(59_909_000, 3_593)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // Storage: `Rewards::Settings` (r:1 w:0)
    // Proof: `Rewards::Settings` (`max_values`: Some(1), `max_size`: Some(72), added: 567, mode: `MaxEncodedLen`)
    // Storage: `Rewards::CurrentEra` (r:1 w:0)
    // Proof: `Rewards::CurrentEra` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Rewards::Contributions` (r:16 w:16)
    // Proof: `Rewards::Contributions` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
    // Storage: `Rewards::Eras` (r:16 w:16)
    // Proof: `Rewards::Eras` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
    // Storage: `Rewards::Promised` (r:1 w:1)
    // Proof: `Rewards::Promised` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Storage: `Rewards::TotalEmitted` (r:1 w:1)
    // Proof: `Rewards::TotalEmitted` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Shortest time: 46_880 ns.
    //
    // Hand-counted, until it is measured again, for an author whom others back: its candidacy, ledger, settings, place in the
    // order, the pot of credits, the pot of backers and its hold, and the payee's account. Each era is shared by itself, at its
    // own commission: two transfers, and a place in an order of 512.
    fn claim_emission(e: u32) -> Weight {
        // And `Rewards::AuthoredEras` (r:1 w:1), by hand until it is measured again.
        Weight::from_parts(64_305_185, 28_539)
            .saturating_add(Weight::from_parts(215_756_457, 0).saturating_mul(e.into()))
            .saturating_add(T::DbWeight::get().reads(14))
            .saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(e.into())))
            .saturating_add(T::DbWeight::get().writes(9))
            .saturating_add(T::DbWeight::get().writes(2_u64.saturating_mul(e.into())))
            .saturating_add(Weight::from_parts(0, 2_555).saturating_mul(e.into()))
    }
    // Hand-counted: as `claim_emission`, and the account of who pays for the call.
    fn claim_emission_for(e: u32) -> Weight {
        Self::claim_emission(e)
            .saturating_add(Weight::from_parts(0, 2_603))
            .saturating_add(T::DbWeight::get().reads_writes(1, 1))
    }
    // Storage: `Rewards::Settings` (r:1 w:0)
    // Proof: `Rewards::Settings` (`max_values`: Some(1), `max_size`: Some(72), added: 567, mode: `MaxEncodedLen`)
    // Storage: `Rewards::CurrentEra` (r:1 w:1)
    // Proof: `Rewards::CurrentEra` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Rewards::Promised` (r:1 w:1)
    // Proof: `Rewards::Promised` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Storage: `Rewards::Eras` (r:2 w:2)
    // Proof: `Rewards::Eras` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
    // Storage: `Rewards::PrunedEras` (r:1 w:0)
    // Proof: `Rewards::PrunedEras` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Rewards::Contributions` (r:17 w:16)
    // Proof: `Rewards::Contributions` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
    // Shortest time: 43_394 ns.
    fn on_block(p: u32) -> Weight {
        // And `Rewards::AuthoredEras`, of the author (r:1 w:1) and of each that is removed (r:1 w:1), by hand until it is measured again.
        Weight::from_parts(46_644_679, 8_639)
            .saturating_add(Weight::from_parts(11_684_630, 0).saturating_mul(p.into()))
            .saturating_add(T::DbWeight::get().reads(8))
            .saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(p.into())))
            .saturating_add(T::DbWeight::get().writes(6))
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

// SPDX-License-Identifier: Apache-2.0
//! Weights of `quern_pallet_clock`, as measured: `scripts/weights` writes this file, nobody edits it.
//!
//! 2026-11-26, 20 steps, 10 repeats, on AMD EPYC. Times are those of the runtime's WebAssembly; `DbWeight` is added for each
//! storage item read and written.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weight functions of the pallet, each measured by the benchmark of its name.
pub trait WeightInfo {
    /// `on_block`.
    fn on_block() -> Weight;
}

/// The measured weights, with the runtime's database weights.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    // Storage: `Babe::AuthorVrfRandomness` (r:1 w:0)
    // Proof: `Babe::AuthorVrfRandomness` (`max_values`: Some(1), `max_size`: Some(33), added: 528, mode: `MaxEncodedLen`)
    // Storage: `Clock::Mix` (r:1 w:1)
    // Proof: `Clock::Mix` (`max_values`: Some(1), `max_size`: Some(32), added: 527, mode: `MaxEncodedLen`)
    // Storage: `Clock::Authors` (r:1 w:1)
    // Proof: `Clock::Authors` (`max_values`: Some(1), `max_size`: Some(1025), added: 1520, mode: `MaxEncodedLen`)
    // Storage: `Clock::Settings` (r:1 w:0)
    // Proof: `Clock::Settings` (`max_values`: Some(1), `max_size`: Some(24), added: 519, mode: `MaxEncodedLen`)
    // Storage: `Clock::Lag` (r:1 w:0)
    // Proof: `Clock::Lag` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Clock::Seeds` (r:0 w:1)
    // Proof: `Clock::Seeds` (`max_values`: None, `max_size`: Some(40), added: 2515, mode: `MaxEncodedLen`)
    // Shortest time: 21_622 ns.
    fn on_block() -> Weight {
        Weight::from_parts(23_034_000, 2_510)
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().writes(3))
    }
}

/// No weight, for tests.
impl WeightInfo for () {
    fn on_block() -> Weight {
        Weight::zero()
    }
}

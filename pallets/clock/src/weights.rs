// SPDX-License-Identifier: Apache-2.0
//! Weights of the clock, counted by hand until they are measured: a fixed time for the computation (one BLAKE3 hash and a
//! handful of codec steps, 10 us) plus `DbWeight` for every storage item read and written in the worst case.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weight functions of the pallet.
pub trait WeightInfo {
    /// Both hooks of one block.
    fn on_block() -> Weight;
}

/// Weights counted by hand, with the runtime's database weights.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    /// Reads: author, VRF output, settings, mix, authors, lag, the block's weight and length. Writes: mix, authors, one seed, lag.
    fn on_block() -> Weight {
        Weight::from_parts(10_000_000, 3_000).saturating_add(T::DbWeight::get().reads_writes(8, 4))
    }
}

/// No weight, for tests.
impl WeightInfo for () {
    fn on_block() -> Weight {
        Weight::zero()
    }
}

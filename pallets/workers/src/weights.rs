// SPDX-License-Identifier: Apache-2.0
//! Weights of the calls, counted by hand until they are measured: 20 us of computation a call (40 us where a list of 256
//! accounts is searched) plus `DbWeight` for every storage item read and written in the worst case. The proof size is the
//! sum of the items' greatest encoded lengths (entry 400 bytes, list of workers 8 KiB).

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weight functions of the pallet.
pub trait WeightInfo {
    /// `register`
    fn register() -> Weight;
    /// `update`
    fn update() -> Weight;
    /// `set_ready`
    fn set_ready() -> Weight;
    /// `retire`
    fn retire() -> Weight;
}

/// Weights counted by hand, with the runtime's database weights.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    /// Reads: entry, ledger, minimum bond, list. Writes: entry, list.
    fn register() -> Weight {
        Weight::from_parts(40_000_000, 13_000).saturating_add(T::DbWeight::get().reads_writes(4, 2))
    }
    /// Reads: entry. Writes: entry.
    fn update() -> Weight {
        Weight::from_parts(20_000_000, 4_000).saturating_add(T::DbWeight::get().reads_writes(1, 1))
    }
    /// Reads: entry, ledger, minimum bond. Writes: entry.
    fn set_ready() -> Weight {
        Weight::from_parts(20_000_000, 5_000).saturating_add(T::DbWeight::get().reads_writes(3, 1))
    }
    /// Reads: entry, list. Writes: entry, list.
    fn retire() -> Weight {
        Weight::from_parts(40_000_000, 12_000).saturating_add(T::DbWeight::get().reads_writes(2, 2))
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
    fn retire() -> Weight {
        Weight::zero()
    }
}

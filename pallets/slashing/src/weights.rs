// SPDX-License-Identifier: Apache-2.0
//! Weights of the call, counted by hand until they are measured: 10 us of computation plus `DbWeight` for every storage item
//! read and written. What a report costs is in the weight of the call that reports.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weight functions of the pallet.
pub trait WeightInfo {
    /// `set_dry_run`
    fn set_dry_run() -> Weight;
}

/// Weights counted by hand, with the runtime's database weights.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    /// Writes: the switch.
    fn set_dry_run() -> Weight {
        Weight::from_parts(10_000_000, 0).saturating_add(T::DbWeight::get().writes(1))
    }
}

/// No weight, for tests.
impl WeightInfo for () {
    fn set_dry_run() -> Weight {
        Weight::zero()
    }
}

// SPDX-License-Identifier: Apache-2.0
//! Weights of the call, counted by hand until they are measured: 40 us of computation (a transfer) plus `DbWeight` for every
//! storage item read and written in the worst case. The proof size is the sum of the items' greatest encoded lengths. What
//! a settlement costs is in the weight of the call that settles.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weight functions of the pallet.
pub trait WeightInfo {
    /// `claim`
    fn claim() -> Weight;
}

/// Weights counted by hand, with the runtime's database weights.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    /// Reads: credit, total, pot, payee. Writes: the same.
    fn claim() -> Weight {
        Weight::from_parts(40_000_000, 8_000).saturating_add(T::DbWeight::get().reads_writes(4, 4))
    }
}

/// No weight, for tests.
impl WeightInfo for () {
    fn claim() -> Weight {
        Weight::zero()
    }
}

// SPDX-License-Identifier: Apache-2.0
//! Weights of the calls, counted by hand until they are measured: 40 us of computation a call (a change of a hold walks the
//! account, its holds and its references) plus `DbWeight` for every storage item read and written in the worst case. The
//! proof size is the sum of the items' greatest encoded lengths.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weight functions of the pallet.
pub trait WeightInfo {
    /// `bond`
    fn bond() -> Weight;
    /// `unbond`
    fn unbond() -> Weight;
    /// `withdraw_unbonded`
    fn withdraw_unbonded() -> Weight;
}

/// Weights counted by hand, with the runtime's database weights.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    /// Reads: ledger, minimum, account, holds. Writes: ledger, account, holds.
    fn bond() -> Weight {
        Weight::from_parts(40_000_000, 8_000).saturating_add(T::DbWeight::get().reads_writes(4, 3))
    }
    /// Reads: ledger, minimum, unbonding blocks. Writes: ledger.
    fn unbond() -> Weight {
        Weight::from_parts(20_000_000, 4_000).saturating_add(T::DbWeight::get().reads_writes(3, 1))
    }
    /// Reads: ledger, account, holds. Writes: ledger, account, holds.
    fn withdraw_unbonded() -> Weight {
        Weight::from_parts(40_000_000, 8_000).saturating_add(T::DbWeight::get().reads_writes(3, 3))
    }
}

/// No weight, for tests.
impl WeightInfo for () {
    fn bond() -> Weight {
        Weight::zero()
    }
    fn unbond() -> Weight {
        Weight::zero()
    }
    fn withdraw_unbonded() -> Weight {
        Weight::zero()
    }
}

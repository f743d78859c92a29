// SPDX-License-Identifier: Apache-2.0
//! Weights of the calls and of the hook, counted by hand until they are measured: 40 us of computation for a transfer, 5 us for
//! an era, plus `DbWeight` for every storage item read and written in the worst case. The proof size is the sum of the items'
//! greatest encoded lengths. What a settlement costs is in the weight of the call that settles.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weight functions of the pallet.
pub trait WeightInfo {
    /// `claim`
    fn claim() -> Weight;
    /// `claim_emission` of so many eras.
    fn claim_emission(eras: u32) -> Weight;
    /// What a block costs in which an era ends, with its author, when it prunes so many contributions.
    fn on_block(pruned: u32) -> Weight;
}

/// Weights counted by hand, with the runtime's database weights.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    /// Reads: credit, total, pot, payee. Writes: the same.
    fn claim() -> Weight {
        Weight::from_parts(40_000_000, 8_000).saturating_add(T::DbWeight::get().reads_writes(4, 4))
    }

    /// Reads: parameters, era under way, promised, total, issuance, payee; for each era the contribution and the era. Writes:
    /// promised, total, issuance, payee; for each era the same.
    fn claim_emission(eras: u32) -> Weight {
        let each = Weight::from_parts(5_000_000, 400).saturating_add(T::DbWeight::get().reads_writes(2, 2));
        Weight::from_parts(40_000_000, 4_000)
            .saturating_add(T::DbWeight::get().reads_writes(6, 4))
            .saturating_add(each.saturating_mul(eras.into()))
    }

    /// Reads: parameters, era under way, author, two eras, contribution, issuance, promised, the expired era, what is pruned, and
    /// each pruned key. Writes: era under way, two eras, contribution, promised, the expired era, what is pruned, and each pruned
    /// item.
    fn on_block(pruned: u32) -> Weight {
        let each = Weight::from_parts(2_000_000, 100).saturating_add(T::DbWeight::get().reads_writes(1, 1));
        Weight::from_parts(50_000_000, 4_000)
            .saturating_add(T::DbWeight::get().reads_writes(11, 7))
            .saturating_add(each.saturating_mul(pruned.into()))
    }
}

/// No weight, for tests.
impl WeightInfo for () {
    fn claim() -> Weight {
        Weight::zero()
    }
    fn claim_emission(_eras: u32) -> Weight {
        Weight::zero()
    }
    fn on_block(_pruned: u32) -> Weight {
        Weight::zero()
    }
}

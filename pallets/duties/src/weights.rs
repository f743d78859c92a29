// SPDX-License-Identifier: Apache-2.0
//! Weights, counted by hand until they are measured: 10 us of computation to judge a move (a shard is decoded, copied and
//! stepped once; a reveal hashes 200 bytes) plus `DbWeight` for every storage item read and written in the worst case. The
//! shards, the dispute and the parameters that a move is judged by are in the weight of the call, which reads them again, from
//! memory. The proof size is the sum of the items' greatest encoded lengths.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weight functions of the pallet.
pub trait WeightInfo {
    /// The extension, for a call of this many moves that may be owed.
    fn judge(moves: u32) -> Weight;
    /// The failure of a free call.
    fn failure() -> Weight;
    /// The extension, for any other call.
    fn pass() -> Weight;
    /// One look of `on_idle`.
    fn forgive() -> Weight;
}

/// Weights counted by hand, with the runtime's database weights.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    /// Reads: record.
    fn judge(moves: u32) -> Weight {
        Weight::from_parts(10_000_000, 0)
            .saturating_mul(moves.into())
            .saturating_add(Weight::from_parts(2_000_000, 100))
            .saturating_add(T::DbWeight::get().reads(1))
    }
    /// Writes: record.
    fn failure() -> Weight {
        Weight::from_parts(2_000_000, 0).saturating_add(T::DbWeight::get().writes(1))
    }
    /// Reads: the administrator, for an operational call.
    fn pass() -> Weight {
        Weight::from_parts(1_000_000, 100).saturating_add(T::DbWeight::get().reads(1))
    }
    /// Reads: cursor, record. Writes: cursor, record.
    fn forgive() -> Weight {
        Weight::from_parts(10_000_000, 200).saturating_add(T::DbWeight::get().reads_writes(2, 2))
    }
}

/// No weight, for tests.
impl WeightInfo for () {
    fn judge(_: u32) -> Weight {
        Weight::zero()
    }
    fn failure() -> Weight {
        Weight::zero()
    }
    fn pass() -> Weight {
        Weight::zero()
    }
    fn forgive() -> Weight {
        Weight::zero()
    }
}

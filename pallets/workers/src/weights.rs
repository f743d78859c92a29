// SPDX-License-Identifier: Apache-2.0
//! Weights of the calls, counted by hand until they are measured: 20 us of computation a call (40 us where a list of 256
//! accounts is searched, 100 us for a signature) plus `DbWeight` for every storage item read and written in the worst case.
//! The proof size is the sum of the items' greatest encoded lengths (entry 400 bytes, list of workers 8 KiB, of apprentices
//! 2 KiB, enrolments 17 KiB).

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
    /// `enrol`
    fn enrol() -> Weight;
    /// What decides whether an enrolment is valid.
    fn authorize_enrol() -> Weight;
}

/// Weights counted by hand, with the runtime's database weights.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    /// Reads: entry, ledger, minimum bond, list, era, account. Writes: entry, list, account.
    fn register() -> Weight {
        Weight::from_parts(40_000_000, 13_000).saturating_add(T::DbWeight::get().reads_writes(6, 3))
    }
    /// Reads: entry. Writes: entry.
    fn update() -> Weight {
        Weight::from_parts(20_000_000, 4_000).saturating_add(T::DbWeight::get().reads_writes(1, 1))
    }
    /// Reads: entry, ledger, minimum bond, lists of workers and apprentices. Writes: entry, both lists.
    fn set_ready() -> Weight {
        Weight::from_parts(60_000_000, 15_000).saturating_add(T::DbWeight::get().reads_writes(5, 3))
    }
    /// Reads: entry, list, account. Writes: entry, list, account.
    fn retire() -> Weight {
        Weight::from_parts(40_000_000, 12_000).saturating_add(T::DbWeight::get().reads_writes(3, 3))
    }
    /// Reads: entry, era, enrolments, list, account. Writes: entry, enrolments, list, account.
    fn enrol() -> Weight {
        Weight::from_parts(60_000_000, 20_000).saturating_add(T::DbWeight::get().reads_writes(5, 4))
    }
    /// Reads: block hash, entry, era, enrolments, list.
    fn authorize_enrol() -> Weight {
        Weight::from_parts(140_000_000, 20_000).saturating_add(T::DbWeight::get().reads(5))
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
    fn enrol() -> Weight {
        Weight::zero()
    }
    fn authorize_enrol() -> Weight {
        Weight::zero()
    }
}

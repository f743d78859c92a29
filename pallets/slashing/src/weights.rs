// SPDX-License-Identifier: Apache-2.0
//! Weights of the calls and of the hook, counted by hand until they are measured: 10 us of computation, or 60 us where a slash is
//! carried out, plus `DbWeight` for every storage item read and written in the worst case. The proof size is the sum of the
//! items' greatest encoded lengths. What a report costs is in the weight of the call that reports.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weight functions of the pallet.
pub trait WeightInfo {
    /// `set_dry_run`
    fn set_dry_run() -> Weight;
    /// `appeal`
    fn appeal() -> Weight;
    /// `cancel`
    fn cancel() -> Weight;
    /// `reject_appeal`
    fn reject_appeal() -> Weight;
    /// `delay`
    fn delay() -> Weight;
    /// `set_guardian`
    fn set_guardian() -> Weight;
    /// A block in which no slash is due.
    fn idle() -> Weight;
    /// One slash that is carried out, after an appeal that lapsed.
    fn carry_out() -> Weight;
}

/// Weights counted by hand, with the runtime's database weights.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    /// Writes: the switch.
    fn set_dry_run() -> Weight {
        Weight::from_parts(10_000_000, 0).saturating_add(T::DbWeight::get().writes(1))
    }

    /// Reads: slash, times, account, holds. Writes: slash, two agenda entries, account, holds.
    fn appeal() -> Weight {
        Weight::from_parts(30_000_000, 4_000).saturating_add(T::DbWeight::get().reads_writes(4, 5))
    }

    /// Reads: slash, counter, account, holds, ledger. Writes: slash, counter, agenda entry, account, holds, ledger.
    fn cancel() -> Weight {
        Weight::from_parts(40_000_000, 5_000).saturating_add(T::DbWeight::get().reads_writes(5, 6))
    }

    /// As a slash that is carried out.
    fn reject_appeal() -> Weight {
        Self::carry_out()
    }

    /// Reads: guardian, slash, times. Writes: slash, two agenda entries.
    fn delay() -> Weight {
        Weight::from_parts(15_000_000, 2_000).saturating_add(T::DbWeight::get().reads_writes(3, 3))
    }

    /// Writes: the guardian.
    fn set_guardian() -> Weight {
        Weight::from_parts(10_000_000, 0).saturating_add(T::DbWeight::get().writes(1))
    }

    /// Reads: cursor, two heights of the agenda. Writes: cursor.
    fn idle() -> Weight {
        Weight::from_parts(10_000_000, 1_000).saturating_add(T::DbWeight::get().reads_writes(3, 1))
    }

    /// Reads: agenda, slash, counter, dry run, shares, ledger, issuance, and account and holds of the offender, accounts of
    /// requester and reporter. Writes: agenda, slash, counter, ledger, issuance, and the same accounts.
    fn carry_out() -> Weight {
        Weight::from_parts(60_000_000, 8_000).saturating_add(T::DbWeight::get().reads_writes(11, 9))
    }
}

/// No weight, for tests.
impl WeightInfo for () {
    fn set_dry_run() -> Weight {
        Weight::zero()
    }
    fn appeal() -> Weight {
        Weight::zero()
    }
    fn cancel() -> Weight {
        Weight::zero()
    }
    fn reject_appeal() -> Weight {
        Weight::zero()
    }
    fn delay() -> Weight {
        Weight::zero()
    }
    fn set_guardian() -> Weight {
        Weight::zero()
    }
    fn idle() -> Weight {
        Weight::zero()
    }
    fn carry_out() -> Weight {
        Weight::zero()
    }
}

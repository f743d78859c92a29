// SPDX-License-Identifier: Apache-2.0
//! Weights of the calls, counted by hand until they are measured: 40 us of computation a call (a change of a hold walks the
//! account, its holds and its references), 60 us for a place in the order (24 KiB are decoded and encoded), plus `DbWeight` for
//! every storage item read and written in the worst case. The proof size is the sum of the items' greatest encoded lengths.

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
    /// `validate`
    fn validate() -> Weight;
    /// `chill`
    fn chill() -> Weight;
    /// `nominate`
    fn nominate() -> Weight;
    /// `unbond_nomination`
    fn unbond_nomination() -> Weight;
    /// `withdraw_nomination`
    fn withdraw_nomination() -> Weight;
    /// `cancel_slash`
    fn cancel_slash() -> Weight;
    /// What every block costs: noting its author, and looking whether a slash is due.
    fn on_block() -> Weight;
    /// Carrying out a slash.
    fn slash_stake() -> Weight;
}

/// Bringing the order up to date. Reads: candidate, ledger, minimum, parameters, order. Writes: candidate, order, whether an
/// election is due.
fn sync<T: frame_system::Config>() -> Weight {
    Weight::from_parts(60_000_000, 26_000).saturating_add(T::DbWeight::get().reads_writes(5, 3))
}

/// Weights counted by hand, with the runtime's database weights.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    /// Reads: ledger, minimum, account, holds. Writes: ledger, account, holds. And the order.
    fn bond() -> Weight {
        Weight::from_parts(40_000_000, 8_000)
            .saturating_add(T::DbWeight::get().reads_writes(4, 3))
            .saturating_add(sync::<T>())
    }
    /// Reads: ledger, minimum, unbonding blocks. Writes: ledger. And the order.
    fn unbond() -> Weight {
        Weight::from_parts(20_000_000, 4_000)
            .saturating_add(T::DbWeight::get().reads_writes(3, 1))
            .saturating_add(sync::<T>())
    }
    /// Reads: ledger, account, holds. Writes: ledger, account, holds.
    fn withdraw_unbonded() -> Weight {
        Weight::from_parts(40_000_000, 8_000).saturating_add(T::DbWeight::get().reads_writes(3, 3))
    }
    /// Reads: keys, ledger, minimum, candidate, parameters, generation, the displaced candidate. Writes: candidate, generation,
    /// the displaced candidate. And the order.
    fn validate() -> Weight {
        Weight::from_parts(30_000_000, 8_000)
            .saturating_add(T::DbWeight::get().reads_writes(7, 3))
            .saturating_add(sync::<T>())
    }
    /// The order.
    fn chill() -> Weight {
        Weight::from_parts(10_000_000, 1_000).saturating_add(sync::<T>())
    }
    /// Reads: candidate, parameters, ledger, nomination, two accounts and the pot's holds. Writes: candidate, nomination, two
    /// accounts, holds. And the order.
    fn nominate() -> Weight {
        Weight::from_parts(60_000_000, 10_000)
            .saturating_add(T::DbWeight::get().reads_writes(7, 5))
            .saturating_add(sync::<T>())
    }
    /// Reads: candidate, nomination, parameters, unbonding blocks. Writes: candidate, nomination. And the order.
    fn unbond_nomination() -> Weight {
        Weight::from_parts(20_000_000, 4_000)
            .saturating_add(T::DbWeight::get().reads_writes(4, 2))
            .saturating_add(sync::<T>())
    }
    /// Reads: candidate, nomination, two accounts and the pot's holds. Writes: the same. And the order.
    fn withdraw_nomination() -> Weight {
        Weight::from_parts(60_000_000, 10_000)
            .saturating_add(T::DbWeight::get().reads_writes(5, 5))
            .saturating_add(sync::<T>())
    }
    /// Reads and writes: the slashes that wait.
    fn cancel_slash() -> Weight {
        Weight::from_parts(20_000_000, 8_000).saturating_add(T::DbWeight::get().reads_writes(1, 1))
    }
    /// Reads: how many slashes wait, and they; author, its blocks, all blocks. Writes: its blocks, all blocks.
    fn on_block() -> Weight {
        Weight::from_parts(20_000_000, 10_000).saturating_add(T::DbWeight::get().reads_writes(5, 2))
    }
    /// Reads: the slashes that wait, ledger, parameters, candidate, generation, account and holds of offender, reporter and pot.
    /// Writes: the same but the parameters. And the order, twice.
    fn slash_stake() -> Weight {
        Weight::from_parts(160_000_000, 20_000)
            .saturating_add(T::DbWeight::get().reads_writes(10, 9))
            .saturating_add(sync::<T>().saturating_mul(2))
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
    fn validate() -> Weight {
        Weight::zero()
    }
    fn chill() -> Weight {
        Weight::zero()
    }
    fn nominate() -> Weight {
        Weight::zero()
    }
    fn unbond_nomination() -> Weight {
        Weight::zero()
    }
    fn withdraw_nomination() -> Weight {
        Weight::zero()
    }
    fn cancel_slash() -> Weight {
        Weight::zero()
    }
    fn on_block() -> Weight {
        Weight::zero()
    }
    fn slash_stake() -> Weight {
        Weight::zero()
    }
}

// SPDX-License-Identifier: Apache-2.0
#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![deny(missing_docs, rustdoc::broken_intra_doc_links)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)
)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod extension;
#[cfg(test)]
mod tests;
pub mod weights;

#[cfg(feature = "runtime-benchmarks")]
pub use benchmarking::BenchmarkHelper;
pub use extension::{PayUnlessOwed, Pre, Standing, Val};
pub use pallet::*;
pub use weights::WeightInfo;

use frame_support::{pallet_prelude::*, traits::Contains};
use frame_system::pallet_prelude::*;
use quern_primitives::{traits::Duties, Height};
use sp_runtime::{traits::UniqueSaturatedInto, AccountId32};

/// Failing calls that an account has for free: an honest one may misjudge a block, twice in a row in a reorganisation.
pub const FREE_FAILURES: u8 = 3;

/// How often an account's free calls failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Record {
    /// Failures that were not forgiven when the last one happened, with that one.
    pub failures: u8,
    /// Height of the last failure.
    pub at: Height,
}

impl Record {
    /// Failures that are not forgiven at a height: one is every `forgive_blocks`.
    pub fn failures_at(&self, now: Height, forgive_blocks: Height) -> u8 {
        let forgiven = now.saturating_sub(self.at).checked_div(forgive_blocks).unwrap_or(0);
        self.failures.saturating_sub(u8::try_from(forgiven).unwrap_or(u8::MAX))
    }
}

/// The pallet.
// What the macros generate for storage and errors expects what it has checked.
#[allow(clippy::expect_used)]
#[frame_support::pallet]
pub mod pallet {
    use super::*;

    /// What the runtime supplies.
    #[pallet::config]
    pub trait Config: frame_system::Config<AccountId = AccountId32> {
        /// What accounts owe.
        type Duties: Duties<Self::RuntimeCall>;
        /// Accounts whose operational calls are operational without being owed: the chain's administrator.
        type Administrators: Contains<AccountId32>;
        /// Blocks after which a failure is forgiven.
        #[pallet::constant]
        type ForgiveBlocks: Get<Height>;
        /// Weights.
        type WeightInfo: WeightInfo;
        /// Calls that are owed, for benchmarks.
        #[cfg(feature = "runtime-benchmarks")]
        type BenchmarkHelper: BenchmarkHelper<Self::RuntimeCall>;
    }

    #[pallet::pallet]
    pub struct Pallet<T>(_);

    /// Accounts whose free calls failed.
    #[pallet::storage]
    pub type Records<T: Config> = StorageMap<_, Blake2_128Concat, AccountId32, Record, OptionQuery>;

    /// The account whose record was looked at last for being forgiven.
    #[pallet::storage]
    pub type Cursor<T: Config> = StorageValue<_, AccountId32, OptionQuery>;

    /// What happened.
    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A free call of an account failed.
        #[codec(index = 0)]
        DutyFailed {
            /// The account.
            who: T::AccountId,
            /// Its failures that are not forgiven. From three on it pays.
            failures: u8,
        },
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn on_idle(now: BlockNumberFor<T>, remaining: Weight) -> Weight {
            let weight = T::WeightInfo::forgive();
            if weight.any_gt(remaining) {
                return Weight::zero();
            }
            Self::forgive_next(now.unique_saturated_into());
            weight
        }

        fn integrity_test() {
            assert!(T::ForgiveBlocks::get() > 0, "duties: failures must be forgiven at some time");
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_now: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::view_functions]
    impl<T: Config> Pallet<T> {
        /// Failures of an account's free calls that are not forgiven. From three on it pays.
        pub fn failures(who: T::AccountId) -> u8 {
            Self::failures_at(&who, Self::now())
        }
    }
}

impl<T: Config> Pallet<T> {
    /// The height of the current block.
    fn now() -> Height {
        frame_system::Pallet::<T>::block_number().unique_saturated_into()
    }

    /// Failures of an account that are not forgiven at a height.
    fn failures_at(who: &AccountId32, now: Height) -> u8 {
        Records::<T>::get(who).map_or(0, |record| record.failures_at(now, T::ForgiveBlocks::get()))
    }

    /// Counts a free call that failed.
    pub(crate) fn note_failure(who: AccountId32) {
        let now = Self::now();
        let failures = Self::failures_at(&who, now).saturating_add(1).min(FREE_FAILURES);
        Records::<T>::insert(&who, Record { failures, at: now });
        Self::deposit_event(Event::DutyFailed { who, failures });
    }

    /// Looks at the record after the cursor, and removes it when nothing of it is left.
    pub(crate) fn forgive_next(now: Height) {
        let mut after = match Cursor::<T>::get() {
            Some(last) => Records::<T>::iter_from(Records::<T>::hashed_key_for(last)),
            None => Records::<T>::iter(),
        };
        let Some((who, record)) = after.next() else {
            // The round is over: the next block begins another one.
            Cursor::<T>::kill();
            return;
        };
        if record.failures_at(now, T::ForgiveBlocks::get()) == 0 {
            Records::<T>::remove(&who);
        }
        Cursor::<T>::put(who);
    }

    /// Checks what must always hold: see the last section of the crate's documentation.
    pub fn do_try_state() -> Result<(), sp_runtime::TryRuntimeError> {
        let now = Self::now();
        for (_, record) in Records::<T>::iter() {
            ensure!((1..=FREE_FAILURES).contains(&record.failures), "duties: a record of no or too many failures");
            ensure!(record.at <= now, "duties: a failure in the future");
        }
        Ok(())
    }
}

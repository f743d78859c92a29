// SPDX-License-Identifier: Apache-2.0
#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![deny(missing_docs, rustdoc::broken_intra_doc_links)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)
)]

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
#[cfg(test)]
mod tests;
pub mod weights;

pub use pallet::*;
pub use weights::WeightInfo;

#[cfg(feature = "runtime-benchmarks")]
extern crate alloc;

use core::marker::PhantomData;
use frame_support::{pallet_prelude::*, traits::Get};
use frame_system::pallet_prelude::BlockNumberFor;
use quern_primitives::{
    tagged, tags,
    traits::{Deadlines, Randomness},
    Account, Height,
};
use sp_runtime::{traits::UniqueSaturatedInto, AccountId32};

/// Seeds kept: a draw follows its commitment by a few periods, so 64 outlast every open draw. 2.3 KiB of state.
pub const SEEDS_KEPT: Height = 64;
/// Most authors that a seed can ask for: bounds the list that every block rewrites (1 KiB).
pub const MAX_MIN_AUTHORS: u32 = 32;

/// Most blocks by which deadlines lag: ten minutes of one-second blocks. Whoever wants to make somebody late by filling blocks
/// has to fill all of them for so long beside the deadline itself, and no author puts anything off for longer.
pub const MAX_LAG_BLOCKS: Height = 600;
/// Blocks with room after which deadlines have caught up with a full one: somebody whose move waits behind others finds two
/// thirds of its time in blocks with room. Whoever wants to keep deadlines back has to fill every third block, and that is
/// beyond the fullness from which on fees rise.
pub const CATCH_UP_BLOCKS: Height = 2;

/// What genesis decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Parameters {
    /// Length of a slot in milliseconds.
    pub slot_ms: u64,
    /// Slots of a BABE epoch.
    pub epoch_slots: u64,
    /// Blocks of a draw period.
    pub draw_period_blocks: Height,
    /// Distinct authors that must have mixed into a seed.
    pub min_authors: u32,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { slot_ms: 1_000, epoch_slots: 600, draw_period_blocks: 2, min_authors: 1 }
    }
}

impl Parameters {
    /// Whether a chain can run with these.
    pub fn is_sound(&self) -> bool {
        self.slot_ms >= 2
            && self.epoch_slots >= 1
            && self.draw_period_blocks >= 1
            && (1..=MAX_MIN_AUTHORS).contains(&self.min_authors)
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
        /// VRF output of the current block, read in `on_finalize`: `pallet_babe::AuthorVrfRandomness`.
        type BlockRandomness: Get<Option<[u8; 32]>>;
        /// Author of the current block, read in `on_initialize`: `pallet_authorship::Pallet::author`.
        type Author: Get<Option<Account>>;
        /// Whether what somebody owes may not have found room in the current block, read in `on_finalize`.
        type IsFull: Get<bool>;
        /// Weights.
        type WeightInfo: WeightInfo;
    }

    #[pallet::pallet]
    pub struct Pallet<T>(_);

    /// What genesis decided.
    #[pallet::storage]
    pub type Settings<T: Config> = StorageValue<_, Parameters, ValueQuery>;

    /// The running mix of VRF outputs.
    #[pallet::storage]
    pub type Mix<T: Config> = StorageValue<_, [u8; 32], ValueQuery>;

    /// Distinct authors since the last seed, at most as many as a seed needs.
    #[pallet::storage]
    pub type Authors<T: Config> = StorageValue<_, BoundedVec<Account, ConstU32<MAX_MIN_AUTHORS>>, ValueQuery>;

    /// Author of the current block; empty between blocks.
    #[pallet::storage]
    #[pallet::whitelist_storage]
    pub type BlockAuthor<T: Config> = StorageValue<_, Account, OptionQuery>;

    /// Ring of seeds: `period % SEEDS_KEPT` to (period, seed).
    #[pallet::storage]
    pub type Seeds<T: Config> = StorageMap<_, Identity, Height, (Height, [u8; 32]), OptionQuery>;

    /// How far deadlines lag, in parts of a block: [`CATCH_UP_BLOCKS`] of them are one.
    #[pallet::storage]
    pub type Lag<T: Config> = StorageValue<_, Height, ValueQuery>;

    /// What genesis decides.
    #[pallet::genesis_config]
    pub struct GenesisConfig<T: Config> {
        /// Length of a slot in milliseconds, at least two.
        pub slot_ms: u64,
        /// Slots of a BABE epoch, at least one.
        pub epoch_slots: u64,
        /// Blocks of a draw period, at least one.
        pub draw_period_blocks: Height,
        /// Distinct authors that must have mixed into a seed: 1 ..= [`MAX_MIN_AUTHORS`].
        pub min_authors: u32,
        /// Nothing.
        #[serde(skip)]
        pub _config: PhantomData<T>,
    }

    impl<T: Config> Default for GenesisConfig<T> {
        fn default() -> Self {
            let Parameters { slot_ms, epoch_slots, draw_period_blocks, min_authors } = Parameters::default();
            Self { slot_ms, epoch_slots, draw_period_blocks, min_authors, _config: PhantomData }
        }
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            let parameters = Parameters {
                slot_ms: self.slot_ms,
                epoch_slots: self.epoch_slots,
                draw_period_blocks: self.draw_period_blocks,
                min_authors: self.min_authors,
            };
            assert!(parameters.is_sound(), "clock: unsound genesis parameters {parameters:?}");
            Settings::<T>::put(parameters);
        }
    }

    /// What happened.
    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A draw period ended with enough authors.
        #[codec(index = 0)]
        SeedReady {
            /// The period.
            period: Height,
            /// Its seed.
            seed: [u8; 32],
        },
        /// A draw period ended with too few authors: it has no seed, and its window goes on in the next.
        #[codec(index = 1)]
        PeriodExtended {
            /// The period.
            period: Height,
            /// Distinct authors so far.
            authors: u32,
        },
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn on_initialize(_now: BlockNumberFor<T>) -> Weight {
            BlockAuthor::<T>::set(T::Author::get());
            T::WeightInfo::on_block()
        }

        fn on_finalize(now: BlockNumberFor<T>) {
            let author = BlockAuthor::<T>::take();
            let settings = Settings::<T>::get();
            if let Some(vrf) = T::BlockRandomness::get() {
                Self::mix(vrf, author, settings.min_authors);
            }
            Self::end_block(now.unique_saturated_into(), settings);
            Self::count(T::IsFull::get());
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_now: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }
}

impl<T: Config> Pallet<T> {
    /// Length of a slot in milliseconds.
    pub fn slot_ms() -> u64 {
        Settings::<T>::get().slot_ms
    }

    /// Slots of a BABE epoch.
    pub fn epoch_slots() -> u64 {
        Settings::<T>::get().epoch_slots
    }

    /// Distinct authors that a seed needs.
    pub fn min_authors() -> u32 {
        Settings::<T>::get().min_authors
    }

    /// Mixes one block's VRF output in and counts its author.
    fn mix(vrf: [u8; 32], author: Option<Account>, min_authors: u32) {
        Mix::<T>::mutate(|mix| *mix = tagged(tags::PERIOD, &(*mix, vrf)));
        let Some(author) = author else { return };
        Authors::<T>::mutate(|authors| {
            if authors.len() < min_authors as usize && !authors.contains(&author) {
                // Full only where `min_authors` exceeds the bound, which genesis refuses.
                let _ = authors.try_push(author);
            }
        });
    }

    /// Deadlines stand still in a full block, and catch up a little in every other one.
    fn count(is_full: bool) {
        let before = Lag::<T>::get();
        let most = MAX_LAG_BLOCKS.saturating_mul(CATCH_UP_BLOCKS);
        let after = if is_full { before.saturating_add(CATCH_UP_BLOCKS).min(most) } else { before.saturating_sub(1) };
        if before != after {
            Lag::<T>::put(after);
        }
    }

    /// Closes the period that ends with block `now`, if one does.
    fn end_block(now: Height, settings: Parameters) {
        let length = settings.draw_period_blocks;
        let next = now.saturating_add(1);
        if next.checked_rem(length) != Some(0) {
            return;
        }
        let period = now.checked_div(length).unwrap_or(now);
        let authors = Authors::<T>::decode_len().unwrap_or(0) as u32;
        if authors >= settings.min_authors {
            let seed = Mix::<T>::get();
            Seeds::<T>::insert(Self::slot_of(period), (period, seed));
            Authors::<T>::kill();
            Self::deposit_event(Event::SeedReady { period, seed });
        } else {
            Seeds::<T>::remove(Self::slot_of(period));
            Self::deposit_event(Event::PeriodExtended { period, authors });
        }
    }

    /// Place of a period in the ring.
    fn slot_of(period: Height) -> Height {
        period.checked_rem(SEEDS_KEPT).unwrap_or(0)
    }

    /// Checks what must always hold: sound parameters, no more authors than a seed needs, and a ring that holds only the
    /// last [`SEEDS_KEPT`] finished periods, each in its place.
    pub fn do_try_state() -> Result<(), sp_runtime::TryRuntimeError> {
        let settings = Settings::<T>::get();
        ensure!(settings.is_sound(), "clock: unsound parameters");
        ensure!(Self::lag_blocks() <= MAX_LAG_BLOCKS, "clock: deadlines lag too far");
        ensure!(Authors::<T>::get().len() <= settings.min_authors as usize, "clock: more authors than a seed needs");
        let now: Height = frame_system::Pallet::<T>::block_number().unique_saturated_into();
        let current = now.checked_div(settings.draw_period_blocks).unwrap_or(now);
        for (slot, (period, _)) in Seeds::<T>::iter() {
            ensure!(Self::slot_of(period) == slot, "clock: seed in the wrong place");
            ensure!(period <= current, "clock: seed of a period that has not ended");
            ensure!(period.saturating_add(SEEDS_KEPT) >= current, "clock: seed older than the ring");
        }
        Ok(())
    }
}

impl<T: Config> Randomness for Pallet<T> {
    fn period_blocks() -> Height {
        Settings::<T>::get().draw_period_blocks
    }

    fn seed(period: Height) -> Option<[u8; 32]> {
        Seeds::<T>::get(Self::slot_of(period)).filter(|(kept, _)| *kept == period).map(|(_, seed)| seed)
    }
}

impl<T: Config> Deadlines for Pallet<T> {
    fn lag_blocks() -> Height {
        Lag::<T>::get().div_ceil(CATCH_UP_BLOCKS)
    }
}

/// Slot length in milliseconds, for `pallet_babe::Config::ExpectedBlockTime`.
pub struct ExpectedBlockTime<T>(PhantomData<T>);
impl<T: Config> Get<u64> for ExpectedBlockTime<T> {
    fn get() -> u64 {
        Pallet::<T>::slot_ms()
    }
}

/// Epoch length in slots, for `pallet_babe::Config::EpochDuration`.
pub struct EpochDuration<T>(PhantomData<T>);
impl<T: Config> Get<u64> for EpochDuration<T> {
    fn get() -> u64 {
        Pallet::<T>::epoch_slots()
    }
}

/// Half a slot in milliseconds, for `pallet_timestamp::Config::MinimumPeriod`.
pub struct MinimumPeriod<T>(PhantomData<T>);
impl<T: Config> Get<u64> for MinimumPeriod<T> {
    fn get() -> u64 {
        Pallet::<T>::slot_ms().checked_div(2).unwrap_or(0)
    }
}

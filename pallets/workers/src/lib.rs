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
#[cfg(test)]
mod tests;
pub mod weights;

#[cfg(feature = "runtime-benchmarks")]
pub use benchmarking::BenchmarkHelper;
pub use pallet::*;
pub use weights::WeightInfo;

use alloc::vec::Vec;
use frame_support::pallet_prelude::*;
use frame_system::pallet_prelude::*;
use quern_primitives::{
    job::Endpoint,
    traits::{Collateral, ReadyWorker, Registry, Role, ShardEnd},
    Account, Balance, Height,
};
use sp_runtime::{traits::UniqueSaturatedInto, AccountId32};

pub use quern_primitives::job::{Profile, MAX_DEVICE_NAME};

/// Most shards that one worker offers to take: more than one machine runs at a time.
pub const MAX_SLOTS: u32 = 64;
/// Reputation of a newcomer.
pub const REPUTATION_START: u32 = 100;
/// Greatest reputation: caps what a long history is worth in a draw at ten times a newcomer.
pub const REPUTATION_MAX: u32 = 1_000;
/// What an accepted shard adds.
pub const REPUTATION_ACCEPTED: u32 = 1;
/// What a late or declined shard takes.
pub const REPUTATION_LATE: u32 = 50;

/// A registered account.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Entry {
    /// What it does.
    pub role: Role,
    /// Where it serves blobs and answers.
    pub endpoint: Endpoint,
    /// What it runs on.
    pub profile: Profile,
    /// Its price per GMAC, in the smallest unit of QRN.
    pub ask: Balance,
    /// Shards that it holds at the same time.
    pub slots: u32,
    /// Height of its last declaration.
    pub ready_at: Height,
    /// Shards assigned to it that have not ended.
    pub open: u32,
    /// Reputation.
    pub reputation: u32,
    /// Was convicted, and has to register anew.
    pub barred: bool,
    /// Leaves when its open shards have ended.
    pub retiring: bool,
}

impl Entry {
    /// Whether it is on the list of its role.
    pub fn is_active(&self) -> bool {
        !self.barred && !self.retiring
    }

    /// Shards that it takes now.
    pub fn room(&self) -> u32 {
        self.slots.saturating_sub(self.open)
    }

    /// Applies the end of a shard: the rule in the crate's documentation.
    fn apply(&mut self, end: ShardEnd) {
        if !matches!(end, ShardEnd::Overturned | ShardEnd::Undelivered) {
            self.open = self.open.saturating_sub(1);
        }
        match end {
            ShardEnd::Accepted if self.barred => {}
            ShardEnd::Unaudited => {}
            ShardEnd::Accepted => {
                let better = self.reputation.saturating_add(REPUTATION_ACCEPTED);
                self.reputation = better.min(REPUTATION_MAX);
            }
            ShardEnd::Undelivered => {
                self.reputation = self.reputation.saturating_sub(REPUTATION_LATE);
            }
            ShardEnd::Late => {
                self.reputation = self.reputation.saturating_sub(REPUTATION_LATE);
                self.slots = 0;
            }
            ShardEnd::Convicted | ShardEnd::Overturned => {
                self.reputation = 0;
                self.slots = 0;
                self.barred = true;
            }
        }
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
        /// Bonds.
        type Collateral: Collateral;
        /// Most active workers: bounds the reads of an assignment.
        #[pallet::constant]
        type MaxWorkers: Get<u32>;
        /// Most active validators: bounds the reads of a draw.
        #[pallet::constant]
        type MaxValidators: Get<u32>;
        /// Weights.
        type WeightInfo: WeightInfo;
        /// Bonds for benchmarks.
        #[cfg(feature = "runtime-benchmarks")]
        type BenchmarkHelper: BenchmarkHelper;
    }

    #[pallet::pallet]
    pub struct Pallet<T>(_);

    /// Registered accounts.
    #[pallet::storage]
    pub type Entries<T: Config> = StorageMap<_, Blake2_128Concat, AccountId32, Entry, OptionQuery>;

    /// Active workers, in order of registration.
    #[pallet::storage]
    pub type Workers<T: Config> = StorageValue<_, BoundedVec<Account, T::MaxWorkers>, ValueQuery>;

    /// Active validators, in order of registration.
    #[pallet::storage]
    pub type Validators<T: Config> = StorageValue<_, BoundedVec<Account, T::MaxValidators>, ValueQuery>;

    /// What happened.
    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// An account registered.
        #[codec(index = 0)]
        Registered {
            /// The account.
            who: T::AccountId,
            /// Its role.
            role: Role,
            /// Its price per GMAC.
            ask: Balance,
        },
        /// An account changed its entry.
        #[codec(index = 1)]
        Updated {
            /// The account.
            who: T::AccountId,
            /// Its price per GMAC.
            ask: Balance,
        },
        /// A worker declared its capacity.
        #[codec(index = 2)]
        Ready {
            /// The worker.
            who: T::AccountId,
            /// Shards that it holds at the same time.
            slots: u32,
        },
        /// An account takes no more work and leaves when its open shards have ended.
        #[codec(index = 3)]
        RetirementStarted {
            /// The account.
            who: T::AccountId,
            /// Its open shards.
            open: u32,
        },
        /// An account left the registry.
        #[codec(index = 4)]
        Retired {
            /// The account.
            who: T::AccountId,
        },
        /// A shard of a worker ended and changed its reputation.
        #[codec(index = 5)]
        ReputationChanged {
            /// The worker.
            who: T::AccountId,
            /// Reputation before.
            before: u32,
            /// Reputation after.
            after: u32,
            /// Shards still open.
            open: u32,
        },
        /// An account was convicted and has to register anew.
        #[codec(index = 6)]
        Barred {
            /// The account.
            who: T::AccountId,
        },
    }

    /// Why a call failed.
    #[pallet::error]
    pub enum Error<T> {
        /// The account is registered already, in this or the other role.
        #[codec(index = 0)]
        AlreadyRegistered,
        /// The account is not registered.
        #[codec(index = 1)]
        NotRegistered,
        /// The bond is smaller than the minimum.
        #[codec(index = 2)]
        BondTooLow,
        /// There is no place for one more of this role.
        #[codec(index = 3)]
        RegistryFull,
        /// Only workers offer capacity.
        #[codec(index = 4)]
        NotAWorker,
        /// More slots than a worker can offer.
        #[codec(index = 5)]
        TooManySlots,
        /// The account was convicted: it has to register anew.
        #[codec(index = 6)]
        Barred,
        /// The account is leaving.
        #[codec(index = 7)]
        Retiring,
        /// A barred account registers anew only when its open shards have ended.
        #[codec(index = 8)]
        OpenShards,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn integrity_test() {
            assert!(T::MaxWorkers::get() > 0 && T::MaxValidators::get() > 0, "workers: a registry without places");
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_now: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Registers the caller as worker or validator, at `ask` per GMAC (smallest unit of QRN; without meaning for a
        /// validator).
        ///
        /// The caller's free bond must reach the minimum; it must not be registered, unless barred and without open
        /// shards. It is not ready yet. Event: `Registered`. Errors: `AlreadyRegistered`, `OpenShards`, `BondTooLow`,
        /// `RegistryFull`.
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::register())]
        pub fn register(
            origin: OriginFor<T>,
            role: Role,
            endpoint: Endpoint,
            profile: Profile,
            #[pallet::compact] ask: Balance,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            if let Some(former) = Entries::<T>::get(&who) {
                ensure!(former.barred, Error::<T>::AlreadyRegistered);
                ensure!(former.open == 0, Error::<T>::OpenShards);
            }
            let account: Account = who.clone().into();
            ensure!(T::Collateral::free(&account) >= T::Collateral::minimum(), Error::<T>::BondTooLow);
            match role {
                Role::Worker => Workers::<T>::try_append(account),
                Role::Validator => Validators::<T>::try_append(account),
            }
            .map_err(|_| Error::<T>::RegistryFull)?;
            let entry = Entry {
                role,
                endpoint,
                profile,
                ask,
                slots: 0,
                ready_at: Self::now(),
                open: 0,
                reputation: REPUTATION_START,
                barred: false,
                retiring: false,
            };
            Entries::<T>::insert(&who, entry);
            Self::deposit_event(Event::Registered { who, role, ask });
            Ok(())
        }

        /// Replaces the caller's endpoint, profile and ask (per GMAC, smallest unit of QRN).
        ///
        /// Counts as a new declaration of readiness. Event: `Updated`. Errors: `NotRegistered`, `Barred`, `Retiring`.
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::update())]
        pub fn update(
            origin: OriginFor<T>,
            endpoint: Endpoint,
            profile: Profile,
            #[pallet::compact] ask: Balance,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            let entry = Self::active(&who)?;
            Entries::<T>::insert(&who, Entry { endpoint, profile, ask, ready_at: Self::now(), ..entry });
            Self::deposit_event(Event::Updated { who, ask });
            Ok(())
        }

        /// Declares how many shards the calling worker holds at the same time; zero is a pause.
        ///
        /// The whole bond must reach the minimum, unless `slots` is zero. Event: `Ready`. Errors: `NotRegistered`,
        /// `NotAWorker`, `Barred`, `Retiring`, `TooManySlots`, `BondTooLow`.
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::set_ready())]
        pub fn set_ready(origin: OriginFor<T>, slots: u32) -> DispatchResult {
            let who = ensure_signed(origin)?;
            let entry = Self::active(&who)?;
            ensure!(entry.role == Role::Worker, Error::<T>::NotAWorker);
            ensure!(slots <= MAX_SLOTS, Error::<T>::TooManySlots);
            ensure!(slots == 0 || Self::is_bonded(&who.clone().into()), Error::<T>::BondTooLow);
            Entries::<T>::insert(&who, Entry { slots, ready_at: Self::now(), ..entry });
            Self::deposit_event(Event::Ready { who, slots });
            Ok(())
        }

        /// Leaves the registry: at once, or when the caller's open shards have ended.
        ///
        /// Events: `Retired`, or `RetirementStarted` while shards are open. Errors: `NotRegistered`, `Retiring`.
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::retire())]
        pub fn retire(origin: OriginFor<T>) -> DispatchResult {
            let who = ensure_signed(origin)?;
            let mut entry = Entries::<T>::get(&who).ok_or(Error::<T>::NotRegistered)?;
            ensure!(!entry.retiring, Error::<T>::Retiring);
            Self::unlist(&who, entry.role);
            if entry.open == 0 {
                Entries::<T>::remove(&who);
                Self::deposit_event(Event::Retired { who });
            } else {
                let open = entry.open;
                entry.slots = 0;
                entry.retiring = true;
                Entries::<T>::insert(&who, entry);
                Self::deposit_event(Event::RetirementStarted { who, open });
            }
            Ok(())
        }
    }
}

impl<T: Config> Pallet<T> {
    /// The height of the current block.
    fn now() -> Height {
        frame_system::Pallet::<T>::block_number().unique_saturated_into()
    }

    /// The entry of an account that is neither barred nor retiring.
    fn active(who: &AccountId32) -> Result<Entry, Error<T>> {
        let entry = Entries::<T>::get(who).ok_or(Error::<T>::NotRegistered)?;
        ensure!(!entry.barred, Error::<T>::Barred);
        ensure!(!entry.retiring, Error::<T>::Retiring);
        Ok(entry)
    }

    /// Whether an account keeps at least the minimum bond.
    fn is_bonded(who: &Account) -> bool {
        T::Collateral::bonded(who) >= T::Collateral::minimum()
    }

    /// Takes an account off the list of its role.
    fn unlist(who: &AccountId32, role: Role) {
        let account: Account = who.clone().into();
        match role {
            Role::Worker => Workers::<T>::mutate(|list| list.retain(|listed| *listed != account)),
            Role::Validator => Validators::<T>::mutate(|list| list.retain(|listed| *listed != account)),
        }
    }

    /// Checks what must always hold: see the last section of the crate's documentation.
    pub fn do_try_state() -> Result<(), sp_runtime::TryRuntimeError> {
        let (workers, validators) = (Workers::<T>::get(), Validators::<T>::get());
        let mut active = (0usize, 0usize);
        for (who, entry) in Entries::<T>::iter() {
            let account: Account = who.into();
            let list: &[Account] = match entry.role {
                Role::Worker => &workers,
                Role::Validator => &validators,
            };
            let listed = list.iter().filter(|listed| **listed == account).count();
            ensure!(listed == usize::from(entry.is_active()), "workers: listed wrongly");
            match entry.role {
                Role::Worker => active.0 = active.0.saturating_add(listed),
                Role::Validator => active.1 = active.1.saturating_add(listed),
            }
            ensure!(entry.slots <= MAX_SLOTS, "workers: too many slots");
            ensure!(entry.slots == 0 || entry.is_active(), "workers: slots of an account that is not active");
            ensure!(entry.slots == 0 || entry.role == Role::Worker, "workers: slots of a validator");
            ensure!(!entry.retiring || entry.open > 0, "workers: retiring without open shards");
            ensure!(entry.reputation <= REPUTATION_MAX, "workers: reputation above the maximum");
            ensure!(!entry.barred || entry.reputation == 0, "workers: barred with reputation");
        }
        ensure!(active == (workers.len(), validators.len()), "workers: listed without an entry");
        Ok(())
    }
}

impl<T: Config> Registry for Pallet<T> {
    fn ready_workers() -> Vec<ReadyWorker> {
        let ready = |account: Account| {
            let entry = Entries::<T>::get(AccountId32::from(account))?;
            (entry.room() > 0 && Self::is_bonded(&account)).then(|| ReadyWorker {
                account,
                ask: entry.ask,
                slots: entry.room(),
                memory_mib: entry.profile.memory_mib,
                ready_at: entry.ready_at,
                weight: entry.reputation.max(1),
            })
        };
        Workers::<T>::get().into_iter().filter_map(ready).collect()
    }

    fn take_slot(who: &Account) {
        Entries::<T>::mutate_extant(AccountId32::from(*who), |entry| {
            entry.open = entry.open.saturating_add(1);
        });
    }

    fn shard_ended(who: &Account, end: ShardEnd) {
        let who = AccountId32::from(*who);
        let Some(former) = Entries::<T>::get(&who) else { return };
        let mut entry = former.clone();
        entry.apply(end);
        if former.is_active() && !entry.is_active() {
            Self::unlist(&who, entry.role);
        }
        let (before, after, open) = (former.reputation, entry.reputation, entry.open);
        let left = entry.retiring && open == 0;
        let barred = entry.barred && !former.barred;
        if left {
            Entries::<T>::remove(&who);
        } else {
            Entries::<T>::insert(&who, entry);
        }
        if before != after {
            Self::deposit_event(Event::ReputationChanged { who: who.clone(), before, after, open });
        }
        if barred {
            Self::deposit_event(Event::Barred { who: who.clone() });
        }
        if left {
            Self::deposit_event(Event::Retired { who });
        }
    }

    fn validators() -> Vec<Account> {
        Validators::<T>::get().into_iter().filter(Self::is_bonded).collect()
    }

    fn endpoint(who: &Account) -> Option<Endpoint> {
        Entries::<T>::get(AccountId32::from(*who)).map(|entry| entry.endpoint)
    }
}

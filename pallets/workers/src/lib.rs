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
mod enrol;
pub mod reputation;
#[cfg(test)]
mod tests;
pub mod weights;

#[cfg(feature = "runtime-benchmarks")]
pub use benchmarking::BenchmarkHelper;
pub use enrol::{Recent, Refusal, MAX_ENROLMENTS};
pub use pallet::*;
pub use reputation::{REPUTATION_ACCEPTED, REPUTATION_FLOOR, REPUTATION_MAX};
pub use weights::WeightInfo;

use alloc::{collections::BTreeSet, vec::Vec};
use frame_support::pallet_prelude::*;
use frame_system::pallet_prelude::*;
use quern_primitives::{
    enrol::Enrolment,
    job::Endpoint,
    traits::{Collateral, Offer, ReadyWorker, Registry, Role, ShardEnd},
    Account, Balance, Height, ShardId,
};
use sp_runtime::{traits::UniqueSaturatedInto, AccountId32, MultiSignature};

pub use quern_primitives::{
    enrol::{ENROLMENT_BLOCKS, FREE_TURN_BLOCKS},
    job::{Profile, Region, MAX_DEVICE_NAME},
};

/// Most shards that one worker offers to take: more than one machine runs at a time.
pub const MAX_SLOTS: u32 = 64;
/// Blocks after which an apprentice of which no shard was accepted makes room for another one that wants its place: enough for some
/// shards, from the draw to acceptance, where there is work at all.
pub const APPRENTICE_PATIENCE_BLOCKS: Height = 7_200;
/// Most of all open shards that apprentices run, in percent: what they get wrong is found, but takes its time.
pub const APPRENTICE_SHARE_PERCENT: u32 = 10;
/// Blocks for which a worker is not drawn after it has not started a shard: two draw periods of a live chain, in which the shard
/// goes to others.
pub const REST_BLOCKS: Height = 16;
/// Most rests of which it is known whose decline began them, the last ones: more in a row are as long as the longest anyway.
pub const MAX_REST_CAUSES: u32 = 8;
/// Blocks for which the rests of an account that has left count when it registers again: whoever stays away so long has rested longer
/// than the longest rest.
pub const FORMER_REST_BLOCKS: Height = 2 * MAX_REST_BLOCKS;
/// Most accounts of which it is known how they rested when they left (below 11 KiB). The first one makes room: whoever wants to be
/// forgotten sooner has so many others leave after it that have not started their shards either, each with a bond of its own.
pub const MAX_FORMER_RESTS: u32 = 256;
/// Longest rest: each further assignment in a row that is not started doubles it up to here. Who never works is then drawn once in
/// a thousand blocks, and who was cut off for a day is back in the next hours.
pub const MAX_REST_BLOCKS: Height = 1_024;

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
    /// Reputation at the end of its last shard; see [`Entry::reputation_at`].
    pub reputation: u32,
    /// Was convicted, and has to register anew.
    pub barred: bool,
    /// Leaves when its open shards have ended and their windows have closed.
    pub retiring: bool,
    /// The era of `reputation`: it fades from there on.
    pub era: u32,
    /// Accepted shards of it whose window is open: it may have to defend them.
    pub standing: u32,
    /// Height at which it registered, or at which a shard of it was accepted since.
    pub proved_at: Height,
    /// First height at which it is drawn again, after it has not started a shard.
    pub rests_until: Height,
    /// Rests since the last accepted shard: each is twice as long as the one before.
    pub rests: u8,
    /// The last rests, in order, by the shard whose decline began them; none where one was not started or not committed in time, then or
    /// during the rest.
    pub rest_causes: BoundedVec<Option<ShardId>, ConstU32<MAX_REST_CAUSES>>,
}

/// How an account rested that has left the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct FormerRest {
    /// The account.
    pub who: Account,
    /// First height at which it would have been drawn again.
    pub rests_until: Height,
    /// Rests since its last accepted shard.
    pub rests: u8,
    /// Last height at which that counts if it registers again.
    pub kept_until: Height,
}

/// Blocks of the `number`-th rest in a row.
fn rest_blocks(number: u8) -> Height {
    let Some(doublings) = number.checked_sub(1) else { return 0 };
    // As many doublings as the longest rest has, and no more: the shift does not overflow.
    let doublings = u32::from(doublings).min(MAX_REST_BLOCKS.ilog2());
    REST_BLOCKS.checked_shl(doublings).unwrap_or(MAX_REST_BLOCKS).min(MAX_REST_BLOCKS)
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

    /// Reputation in an era: what is written, faded since.
    pub fn reputation_at(&self, era: u32) -> u32 {
        if self.barred {
            return 0;
        }
        reputation::faded(self.reputation, era.saturating_sub(self.era))
    }

    /// Whether it has nothing to do or to defend any more.
    pub fn is_free(&self) -> bool {
        self.open == 0 && self.standing == 0
    }

    /// Has it rest from a height on, because it declined a shard or left one (none). Assignments that it held already when a rest
    /// began are part of that one, but what it left then is no less a cause: that rest is not taken back any more.
    fn rest(&mut self, now: Height, declined: Option<ShardId>) {
        if now < self.rests_until {
            if let Some(cause) = self.rest_causes.last_mut().filter(|_| declined.is_none()) {
                *cause = None;
            }
            return;
        }
        if self.rests == 0 {
            // What began before its last accepted shard is over and counts no more.
            self.rest_causes.clear();
        }
        self.rests = self.rests.saturating_add(1);
        self.rests_until = now.saturating_add(rest_blocks(self.rests));
        if self.rest_causes.is_full() {
            self.rest_causes.remove(0);
        }
        // There is room: it was made.
        let _ = self.rest_causes.try_push(declined);
    }

    /// Takes the rests back that its declining of a shard began, and nothing else: a rest under way ends, one that began since is as
    /// long as it would have been.
    fn excuse(&mut self, now: Height, shard: &ShardId) {
        while let Some(place) = self.rest_causes.iter().rposition(|cause| cause.as_ref() == Some(shard)) {
            self.rest_causes.remove(place);
            let fewer = self.rests.saturating_sub(1);
            if place == self.rest_causes.len() {
                self.rests_until = self.rests_until.min(now);
            } else if self.rests > 0 {
                let shorter = rest_blocks(self.rests).saturating_sub(rest_blocks(fewer));
                self.rests_until = self.rests_until.saturating_sub(shorter);
            }
            self.rests = fewer;
        }
    }

    /// Notes that it had no reason to decline a shard: what that began is not taken back any more.
    fn blame(&mut self, shard: &ShardId) {
        self.rest_causes.iter_mut().filter(|cause| cause.as_ref() == Some(shard)).for_each(|cause| *cause = None);
    }

    /// Notes that a shard of it was accepted: rests begin from the start. One under way goes on: who has one shard of its own accepted
    /// has not made up for others' that it left.
    fn prove(&mut self, now: Height) {
        self.rests = 0;
        let ended =
            if now < self.rests_until { self.rest_causes.len().saturating_sub(1) } else { self.rest_causes.len() };
        self.rest_causes.drain(..ended);
    }

    /// Whether it is to be forgotten: it wants to leave, or no stake has paid for its entry, and it is free.
    fn has_left(&self) -> bool {
        self.is_free() && (self.retiring || (self.barred && self.role == Role::Apprentice))
    }

    /// Applies the end of a shard at a height in an era: the rule in the crate's documentation.
    fn apply(&mut self, end: ShardEnd, now: Height, era: u32) {
        if end.frees_slot() {
            self.open = self.open.saturating_sub(1);
        }
        if end == ShardEnd::Accepted {
            self.standing = self.standing.saturating_add(1);
            self.proved_at = now;
            self.prove(now);
        }
        self.reputation = self.reputation_at(era);
        self.era = era;
        match end {
            ShardEnd::Unaudited => {}
            ShardEnd::Declined(shard) => self.rest(now, Some(shard)),
            ShardEnd::DeclineConfirmed(shard) => self.excuse(now, &shard),
            ShardEnd::Accepted | ShardEnd::Undelivered | ShardEnd::DeclineRefuted(_) if self.barred => {}
            ShardEnd::Accepted => self.reputation = reputation::accepted(self.reputation),
            ShardEnd::Undelivered => self.reputation = reputation::late(self.reputation),
            ShardEnd::DeclineRefuted(shard) => {
                self.blame(&shard);
                self.reputation = reputation::late(self.reputation);
            }
            ShardEnd::Late | ShardEnd::Unstarted => {
                if !self.barred {
                    self.reputation = reputation::late(self.reputation);
                }
                self.slots = 0;
                self.rest(now, None);
            }
            ShardEnd::Convicted | ShardEnd::Overturned => {
                self.reputation = 0;
                self.slots = 0;
                self.barred = true;
            }
        }
    }
}

/// Blocks after its first conviction for which a barred account is remembered: longer than a slash takes, until whose end a planted error
/// can be taken back. A day of one-second blocks.
pub const BARRED_BLOCKS: Height = 86_400;

/// What a barred account was before its first conviction, and how many it has: planted errors are taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Convictions {
    /// Convictions and silences that were not taken back.
    pub number: u32,
    /// Height of the first.
    pub since: Height,
    /// Reputation before it.
    pub reputation: u32,
    /// The era of that reputation: it fades from there on.
    pub era: u32,
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
        /// Most active apprentices. Their places are their own: they take no worker's.
        #[pallet::constant]
        type MaxApprentices: Get<u32>;
        /// Most enrolments of an era, at most [`MAX_ENROLMENTS`].
        #[pallet::constant]
        type MaxEnrolments: Get<u32>;
        /// Most enrolments of a block.
        #[pallet::constant]
        type EnrolmentsPerBlock: Get<u32>;
        /// Work of an enrolment: zero bits with which its message begins.
        #[pallet::constant]
        type EnrolmentWork: Get<u32>;
        /// The era, by which enrolments are bounded and reputation fades.
        type Era: Get<u32>;
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

    /// Convictions of barred accounts, until they register anew or leave.
    #[pallet::storage]
    pub type ConvictionsOf<T: Config> = StorageMap<_, Blake2_128Concat, AccountId32, Convictions, OptionQuery>;

    /// Active workers, in order of registration.
    #[pallet::storage]
    pub type Workers<T: Config> = StorageValue<_, BoundedVec<Account, T::MaxWorkers>, ValueQuery>;

    /// Active validators, in order of registration.
    #[pallet::storage]
    pub type Validators<T: Config> = StorageValue<_, BoundedVec<Account, T::MaxValidators>, ValueQuery>;

    /// Heights at which the active validators registered, in the order of [`Validators`].
    #[pallet::storage]
    pub type ValidatorsSince<T: Config> = StorageValue<_, BoundedVec<Height, T::MaxValidators>, ValueQuery>;

    /// Active apprentices, in order of enrolment.
    #[pallet::storage]
    pub type Apprentices<T: Config> = StorageValue<_, BoundedVec<Account, T::MaxApprentices>, ValueQuery>;

    /// Who enrolled lately.
    #[pallet::storage]
    pub type Enrolments<T: Config> = StorageValue<_, Recent, ValueQuery>;

    /// How accounts rested that have left lately, in the order in which they left.
    #[pallet::storage]
    pub type FormerRests<T: Config> = StorageValue<_, BoundedVec<FormerRest, ConstU32<MAX_FORMER_RESTS>>, ValueQuery>;

    /// Open shards: of all registered accounts, and of apprentices among them.
    #[pallet::storage]
    pub type OpenShards<T: Config> = StorageValue<_, (u32, u32), ValueQuery>;

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
        /// An account takes no more work and leaves when its open shards have ended and their windows have closed.
        #[codec(index = 3)]
        RetirementStarted {
            /// The account.
            who: T::AccountId,
            /// Its shards that are open, or accepted with an open window.
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
        /// An apprentice has earned the minimum bond, and is a worker.
        #[codec(index = 7)]
        Graduated {
            /// The account.
            who: T::AccountId,
        },
        /// An account lost its place to whoever needs it, because its bond had fallen below the minimum. It leaves, as if it had retired.
        #[codec(index = 8)]
        Evicted {
            /// The account.
            who: T::AccountId,
        },
        /// All convictions of an account were taken back: what it was convicted of had been planted.
        #[codec(index = 9)]
        Pardoned {
            /// The account.
            who: T::AccountId,
            /// Its reputation now.
            reputation: u32,
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
        /// There is no place for one more of this role: wait, or have one evicted whose bond has fallen below the minimum.
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
        /// Apprentices enrol: they do not register.
        #[codec(index = 9)]
        EnrolInstead,
        /// The account may not enrol any more: it registered, or somebody took the last place.
        #[codec(index = 10)]
        EnrolmentRefused,
        /// The account's bond reaches the minimum: it keeps its place.
        #[codec(index = 11)]
        BondSuffices,
        /// There are places for this role: nobody has to make room.
        #[codec(index = 12)]
        PlacesLeft,
        /// Apprentices need no bond: an enrolment takes the place of one that has waited too long.
        #[codec(index = 13)]
        NoBondNeeded,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn integrity_test() {
            assert!(T::MaxWorkers::get() > 0 && T::MaxValidators::get() > 0, "workers: a registry without places");
            assert!(T::MaxEnrolments::get() <= MAX_ENROLMENTS, "workers: more enrolments than are remembered");
            // The slowest machine that is worth enrolling does 2^32 hashes in an hour.
            assert!(T::EnrolmentWork::get() <= 32, "workers: an enrolment that nobody can do in time");
        }

        fn on_initialize(now: BlockNumberFor<T>) -> Weight {
            let now: Height = now.unique_saturated_into();
            if now.checked_rem(FORMER_REST_BLOCKS) != Some(0) {
                return Weight::zero();
            }
            Self::forget_rests(now);
            T::WeightInfo::forget_rests()
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
        /// shards. It is not ready yet. Event: `Registered`. Errors: `EnrolInstead`, `AlreadyRegistered`, `OpenShards`,
        /// `BondTooLow`, `RegistryFull`.
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
            ensure!(role != Role::Apprentice, Error::<T>::EnrolInstead);
            let former = Entries::<T>::get(&who);
            if let Some(former) = &former {
                ensure!(former.barred, Error::<T>::AlreadyRegistered);
                ensure!(former.open == 0, Error::<T>::OpenShards);
            }
            let account: Account = who.clone().into();
            ensure!(T::Collateral::free(&account) >= T::Collateral::minimum(), Error::<T>::BondTooLow);
            match role {
                Role::Worker => Workers::<T>::try_append(account),
                Role::Validator => {
                    Validators::<T>::try_append(account).and_then(|()| ValidatorsSince::<T>::try_append(Self::now()))
                }
                Role::Apprentice => Apprentices::<T>::try_append(account),
            }
            .map_err(|_| Error::<T>::RegistryFull)?;
            let mut entry = Self::new_entry(role, endpoint, profile, ask);
            if let Some(Entry { standing, rests, rests_until, rest_causes, .. }) = former {
                entry = Entry { standing, rests, rests_until, rest_causes, ..entry };
            }
            Self::add_entry(&who, entry);
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

        /// Declares how many shards the calling worker holds at the same time; zero is a pause. An apprentice holds one.
        ///
        /// A worker's whole bond must reach the minimum, unless `slots` is zero. An apprentice whose bond does is a worker from
        /// here on. Events: `Ready`, `Graduated`. Errors: `NotRegistered`,
        /// `NotAWorker`, `Barred`, `Retiring`, `TooManySlots`, `BondTooLow`.
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::set_ready())]
        pub fn set_ready(origin: OriginFor<T>, slots: u32) -> DispatchResult {
            let who = ensure_signed(origin)?;
            let mut entry = Self::active(&who)?;
            let graduated = Self::graduate(&who, &mut entry);
            match entry.role {
                Role::Worker => {
                    ensure!(slots <= MAX_SLOTS, Error::<T>::TooManySlots);
                    ensure!(slots == 0 || Self::is_bonded(&who.clone().into()), Error::<T>::BondTooLow);
                }
                Role::Apprentice => ensure!(slots <= 1, Error::<T>::TooManySlots),
                Role::Validator => return Err(Error::<T>::NotAWorker.into()),
            }
            Entries::<T>::insert(&who, Entry { slots, ready_at: Self::now(), ..entry });
            if graduated {
                Self::deposit_event(Event::Graduated { who: who.clone() });
            }
            Self::deposit_event(Event::Ready { who, slots });
            Ok(())
        }

        /// Leaves the registry: at once, or when the caller's open shards have ended and their windows have closed. Until then it
        /// is found and can defend them.
        ///
        /// Events: `Retired`, or `RetirementStarted` until then. Errors: `NotRegistered`, `Retiring`.
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::retire())]
        pub fn retire(origin: OriginFor<T>) -> DispatchResult {
            let who = ensure_signed(origin)?;
            let entry = Entries::<T>::get(&who).ok_or(Error::<T>::NotRegistered)?;
            ensure!(!entry.retiring, Error::<T>::Retiring);
            Self::leave(who, entry);
            Ok(())
        }

        /// Enrols an account as an apprentice, ready for its first shard. A general transaction: nobody pays, but `enrolment`
        /// carries work, and `signature` is the account's under [`Enrolment::message`].
        ///
        /// The account must not be registered, nor have enrolled in this era or the last one; there must be a place, and room
        /// in this era and block. Events: `Registered`, `Ready`. Else the transaction is not valid, with a code of [`Refusal`].
        /// Error: `EnrolmentRefused`.
        #[pallet::call_index(4)]
        #[pallet::weight(T::WeightInfo::enrol())]
        #[pallet::authorize(|_source, enrolment, signature| Pallet::<T>::authorize_enrolment(enrolment, signature))]
        #[pallet::weight_of_authorize(T::WeightInfo::authorize_enrol())]
        pub fn enrol(origin: OriginFor<T>, enrolment: Enrolment, signature: MultiSignature) -> DispatchResult {
            ensure_authorized(origin)?;
            // Checked when the transaction was authorized.
            let _ = signature;
            Self::do_enrol(enrolment)
        }

        /// Has a worker or validator make room whose bond has fallen below the minimum, by its exit or by slashes: it leaves as if it
        /// had retired. Only where all places of its role are taken, so that a place that nobody needs is not lost by a fine. A barred
        /// account that has nothing to do or to defend is forgotten after [`BARRED_BLOCKS`].
        ///
        /// Anybody can; free when it succeeds. Events: `Evicted` but for a barred account, then `Retired` or `RetirementStarted`. Errors:
        /// `NotRegistered`, `Barred`, `Retiring`, `NoBondNeeded`, `BondSuffices`, `PlacesLeft`.
        #[pallet::call_index(5)]
        #[pallet::weight(T::WeightInfo::evict())]
        pub fn evict(origin: OriginFor<T>, who: AccountId32) -> DispatchResultWithPostInfo {
            ensure_signed(origin)?;
            if Self::is_forgettable(&who) {
                Self::remove_entry(&who);
                Self::deposit_event(Event::Retired { who });
                return Ok(Pays::No.into());
            }
            let entry = Self::active(&who)?;
            let has_places = match entry.role {
                Role::Worker => Workers::<T>::decode_len().unwrap_or(0) < T::MaxWorkers::get() as usize,
                Role::Validator => Validators::<T>::decode_len().unwrap_or(0) < T::MaxValidators::get() as usize,
                Role::Apprentice => return Err(Error::<T>::NoBondNeeded.into()),
            };
            ensure!(!Self::is_bonded(&who.clone().into()), Error::<T>::BondSuffices);
            ensure!(!has_places, Error::<T>::PlacesLeft);
            Self::deposit_event(Event::Evicted { who: who.clone() });
            Self::leave(who, entry);
            Ok(Pays::No.into())
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

    /// Whether nobody needs the entry of a barred account any more: it has nothing to do or to defend, and what it was convicted of is too
    /// long ago to be taken back.
    fn is_forgettable(who: &AccountId32) -> bool {
        let is_idle = Entries::<T>::get(who).is_some_and(|entry| entry.barred && entry.is_free());
        let is_old = |since: Height| Self::now().saturating_sub(since) > BARRED_BLOCKS;
        is_idle && ConvictionsOf::<T>::get(who).is_none_or(|convictions| is_old(convictions.since))
    }

    /// An entry that is not ready yet.
    fn new_entry(role: Role, endpoint: Endpoint, profile: Profile, ask: Balance) -> Entry {
        Entry {
            role,
            endpoint,
            profile,
            ask,
            slots: 0,
            ready_at: Self::now(),
            open: 0,
            reputation: REPUTATION_FLOOR,
            barred: false,
            retiring: false,
            era: T::Era::get(),
            standing: 0,
            proved_at: Self::now(),
            rests_until: 0,
            rests: 0,
            rest_causes: BoundedVec::new(),
        }
    }

    /// Writes the entry of an account that registers. The entry makes the account exist, so that it can send what it owes
    /// without owning anything.
    ///
    /// Whoever left lately rests on: registering anew neither ends a rest nor makes the next one shorter.
    fn add_entry(who: &AccountId32, mut entry: Entry) {
        let account: Account = who.clone().into();
        let mut former = FormerRests::<T>::get();
        if let Some(place) = former.iter().position(|rest| rest.who == account) {
            let FormerRest { rests_until, rests, kept_until, .. } = former.remove(place);
            if kept_until >= Self::now() {
                (entry.rests_until, entry.rests) = (rests_until, rests);
                entry.rest_causes = BoundedVec::truncate_from(alloc::vec![None]);
            }
            Self::put_former_rests(former);
        }
        if !Entries::<T>::contains_key(who) {
            frame_system::Pallet::<T>::inc_sufficients(who);
        }
        ConvictionsOf::<T>::remove(who);
        Entries::<T>::insert(who, entry);
    }

    /// Forgets an account.
    fn remove_entry(who: &AccountId32) {
        if let Some(entry) = Entries::<T>::take(who) {
            Self::remember_rests(who, &entry);
            frame_system::Pallet::<T>::dec_sufficients(who);
            ConvictionsOf::<T>::remove(who);
        }
    }

    /// Keeps how an account rests that leaves, for a while, and forgets those that left long ago.
    fn remember_rests(who: &AccountId32, entry: &Entry) {
        let now = Self::now();
        if entry.rests == 0 && entry.rests_until <= now {
            return;
        }
        let (who, kept_until) = (who.clone().into(), now.saturating_add(FORMER_REST_BLOCKS));
        let rest = FormerRest { who, rests_until: entry.rests_until, rests: entry.rests, kept_until };
        FormerRests::<T>::mutate(|former| {
            former.retain(|rest| rest.kept_until >= now);
            if former.is_full() {
                former.remove(0);
            }
            // There is room: it was made.
            let _ = former.try_push(rest);
        });
    }

    /// Forgets how accounts rested that left long ago, where nobody else leaves.
    fn forget_rests(now: Height) {
        let mut former = FormerRests::<T>::get();
        former.retain(|rest| rest.kept_until >= now);
        Self::put_former_rests(former);
    }

    fn put_former_rests(former: BoundedVec<FormerRest, ConstU32<MAX_FORMER_RESTS>>) {
        if former.is_empty() {
            FormerRests::<T>::kill();
        } else {
            FormerRests::<T>::put(former);
        }
    }

    /// Has an account leave: at once, or when it has nothing to do or to defend any more.
    fn leave(who: AccountId32, mut entry: Entry) {
        Self::unlist(&who, entry.role);
        if entry.is_free() {
            Self::remove_entry(&who);
            Self::deposit_event(Event::Retired { who });
        } else {
            let open = entry.open.saturating_add(entry.standing);
            entry.slots = 0;
            entry.retiring = true;
            Entries::<T>::insert(&who, entry);
            Self::deposit_event(Event::RetirementStarted { who, open });
        }
    }

    /// Takes an account off the list of its role.
    fn unlist(who: &AccountId32, role: Role) {
        let account: Account = who.clone().into();
        match role {
            Role::Worker => Workers::<T>::mutate(|list| list.retain(|listed| *listed != account)),
            Role::Validator => {
                let place = Validators::<T>::get().iter().position(|listed| *listed == account);
                let Some(place) = place else { return };
                Validators::<T>::mutate(|list| list.remove(place));
                ValidatorsSince::<T>::mutate(|since| {
                    if place < since.len() {
                        since.remove(place);
                    }
                });
            }
            Role::Apprentice => Apprentices::<T>::mutate(|list| list.retain(|listed| *listed != account)),
        }
    }

    /// Checks what must always hold: see the last section of the crate's documentation.
    pub fn do_try_state() -> Result<(), sp_runtime::TryRuntimeError> {
        let (workers, validators, apprentices) = (Workers::<T>::get(), Validators::<T>::get(), Apprentices::<T>::get());
        let (mut active, mut open) = ((0usize, 0usize, 0usize), (0u32, 0u32));
        let left = FormerRests::<T>::get();
        ensure!(left.is_sorted_by_key(|rest| rest.kept_until), "workers: accounts that left are out of order");
        let former: BTreeSet<Account> = left.iter().map(|rest| rest.who).collect();
        ensure!(former.len() == left.len(), "workers: an account is kept twice among those that left");
        for (who, entry) in Entries::<T>::iter() {
            ensure!(frame_system::Pallet::<T>::sufficients(&who) > 0, "workers: an entry without an account");
            let account: Account = who.into();
            let list: &[Account] = match entry.role {
                Role::Worker => &workers,
                Role::Validator => &validators,
                Role::Apprentice => &apprentices,
            };
            let listed = list.iter().filter(|listed| **listed == account).count();
            ensure!(listed == usize::from(entry.is_active()), "workers: listed wrongly");
            match entry.role {
                Role::Worker => active.0 = active.0.saturating_add(listed),
                Role::Validator => active.1 = active.1.saturating_add(listed),
                Role::Apprentice => active.2 = active.2.saturating_add(listed),
            }
            open.0 = open.0.saturating_add(entry.open);
            if entry.role == Role::Apprentice {
                open.1 = open.1.saturating_add(entry.open);
                ensure!(entry.slots <= 1 && entry.open <= 1, "workers: an apprentice with several shards");
                ensure!(!entry.barred || !entry.is_free(), "workers: a barred apprentice is kept");
            }
            ensure!(entry.slots <= MAX_SLOTS, "workers: too many slots");
            ensure!(entry.slots == 0 || entry.is_active(), "workers: slots of an account that is not active");
            ensure!(entry.slots == 0 || entry.role != Role::Validator, "workers: slots of a validator");
            ensure!(!entry.retiring || !entry.is_free(), "workers: retiring with nothing left to do");
            ensure!(entry.era <= T::Era::get(), "workers: reputation of an era to come");
            let bounds = if entry.barred { 0..=0 } else { REPUTATION_FLOOR..=REPUTATION_MAX };
            ensure!(bounds.contains(&entry.reputation), "workers: reputation out of its bounds");
            let most = Self::now().saturating_add(MAX_REST_BLOCKS);
            ensure!(entry.rests_until <= most, "workers: a rest that is longer than the longest");
            // One more: the rest that was under way when a shard was accepted.
            let causes = u32::from(entry.rests).saturating_add(1);
            ensure!(entry.rest_causes.len() as u32 <= causes, "workers: a cause of a rest that was not");
            ensure!(!former.contains(&account), "workers: a registered account is kept among those that left");
        }
        for (who, convictions) in ConvictionsOf::<T>::iter() {
            let is_barred = Entries::<T>::get(&who).is_some_and(|entry| entry.barred);
            ensure!(is_barred && convictions.number > 0, "workers: convictions of an account that is not barred");
        }
        let listed = (workers.len(), validators.len(), apprentices.len());
        ensure!(active == listed, "workers: listed without an entry");
        ensure!(open == OpenShards::<T>::get(), "workers: the number of open shards is wrong");
        let since = ValidatorsSince::<T>::get();
        ensure!(since.len() == validators.len(), "workers: validators without the height at which they came");
        ensure!(
            since.is_sorted() && since.last().is_none_or(|at| *at <= Self::now()),
            "workers: validators out of order"
        );
        let recent = Enrolments::<T>::get();
        ensure!(recent.now.len() as u32 <= T::MaxEnrolments::get(), "workers: too many enrolments of an era");
        Ok(())
    }
}

impl<T: Config> Registry for Pallet<T> {
    fn ready_workers() -> Vec<ReadyWorker> {
        let (era, now) = (T::Era::get(), Self::now());
        let ready = |account: Account| {
            let entry = Entries::<T>::get(AccountId32::from(account))?;
            let apprentice = entry.role == Role::Apprentice;
            let is_here = entry.room() > 0 && entry.rests_until <= now;
            (is_here && (apprentice || Self::is_bonded(&account))).then(|| ReadyWorker {
                account,
                ask: entry.ask,
                slots: entry.room(),
                ready_at: entry.ready_at,
                weight: entry.reputation_at(era).max(1),
                profile: entry.profile,
                apprentice,
            })
        };
        let apprentices = if Self::free_apprentice_places() > 0 { Apprentices::<T>::get() } else { Default::default() };
        Workers::<T>::get().into_iter().chain(apprentices).filter_map(ready).collect()
    }

    fn offers() -> Vec<Offer> {
        let offer = |account: Account| {
            let Entry { ask, slots, profile, .. } = Entries::<T>::get(AccountId32::from(account))?;
            (slots > 0 && Self::is_bonded(&account)).then_some(Offer { account, ask, profile })
        };
        Workers::<T>::get().into_iter().filter_map(offer).collect()
    }

    fn take_slot(who: &Account) {
        Entries::<T>::mutate_extant(AccountId32::from(*who), |entry| {
            entry.open = entry.open.saturating_add(1);
            let apprentice = u32::from(entry.role == Role::Apprentice);
            OpenShards::<T>::mutate(|(all, theirs)| {
                *all = all.saturating_add(1);
                *theirs = theirs.saturating_add(apprentice);
            });
        });
    }

    fn shard_ended(who: &Account, end: ShardEnd) {
        let who = AccountId32::from(*who);
        let Some(former) = Entries::<T>::get(&who) else { return };
        let (mut entry, era) = (former.clone(), T::Era::get());
        entry.apply(end, Self::now(), era);
        let ended = former.open.saturating_sub(entry.open);
        let apprentice = former.role == Role::Apprentice;
        OpenShards::<T>::mutate(|(all, theirs)| {
            *all = all.saturating_sub(ended);
            *theirs = theirs.saturating_sub(if apprentice { ended } else { 0 });
        });
        if former.is_active() && !entry.is_active() {
            Self::unlist(&who, entry.role);
        }
        let graduated = Self::graduate(&who, &mut entry);
        let (before, after, open) = (former.reputation_at(era), entry.reputation, entry.open);
        let left = entry.has_left();
        let barred = entry.barred && !former.barred;
        if matches!(end, ShardEnd::Convicted | ShardEnd::Overturned) {
            ConvictionsOf::<T>::mutate(&who, |convictions| {
                // What the overturned result had added is not given back.
                let reputation = match end {
                    ShardEnd::Overturned => before.saturating_sub(REPUTATION_ACCEPTED).max(REPUTATION_FLOOR),
                    _ => before,
                };
                let new = Convictions { number: 0, since: Self::now(), reputation, era };
                let convictions = convictions.get_or_insert(new);
                convictions.number = convictions.number.saturating_add(1);
            });
        }
        if left {
            Self::remove_entry(&who);
        } else {
            Entries::<T>::insert(&who, entry);
        }
        if graduated {
            Self::deposit_event(Event::Graduated { who: who.clone() });
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

    fn pardon(who: &Account, at: Height) {
        let (account, who) = (*who, AccountId32::from(*who));
        let Some(mut entry) = Entries::<T>::get(&who).filter(|entry| entry.barred) else { return };
        let Some(mut convictions) = ConvictionsOf::<T>::get(&who).filter(|convictions| convictions.since <= at) else {
            return;
        };
        convictions.number = convictions.number.saturating_sub(1);
        if convictions.number > 0 {
            ConvictionsOf::<T>::insert(&who, convictions);
            return;
        }
        let is_listed = entry.retiring
            || match entry.role {
                Role::Worker => Workers::<T>::try_append(account),
                Role::Validator => {
                    Validators::<T>::try_append(account).and_then(|()| ValidatorsSince::<T>::try_append(Self::now()))
                }
                // It is forgotten when it is free.
                Role::Apprentice => return,
            }
            .is_ok();
        // Where there is no place it may register anew, as any that was convicted.
        if !is_listed {
            return;
        }
        ConvictionsOf::<T>::remove(&who);
        let era = T::Era::get();
        entry.barred = false;
        entry.reputation = reputation::faded(convictions.reputation, era.saturating_sub(convictions.era));
        entry.era = era;
        let reputation = entry.reputation;
        Entries::<T>::insert(&who, entry);
        Self::deposit_event(Event::Pardoned { who, reputation });
    }

    fn window_closed(who: &Account) {
        let who = AccountId32::from(*who);
        let Some(mut entry) = Entries::<T>::get(&who) else { return };
        entry.standing = entry.standing.saturating_sub(1);
        if entry.has_left() {
            Self::remove_entry(&who);
            Self::deposit_event(Event::Retired { who });
        } else {
            Entries::<T>::insert(&who, entry);
        }
    }

    fn validators() -> Vec<Account> {
        Validators::<T>::get().into_iter().filter(Self::is_bonded).collect()
    }

    fn validators_before(height: Height) -> Vec<Account> {
        let since = ValidatorsSince::<T>::get().into_iter();
        let came_before = Validators::<T>::get().into_iter().zip(since).filter(|(_, since)| *since < height);
        came_before.map(|(who, _)| who).filter(Self::is_bonded).collect()
    }

    fn endpoint(who: &Account) -> Option<Endpoint> {
        Entries::<T>::get(AccountId32::from(*who)).map(|entry| entry.endpoint)
    }

    fn is_apprentice(who: &Account) -> bool {
        Entries::<T>::get(AccountId32::from(*who)).is_some_and(|entry| entry.role == Role::Apprentice)
    }

    fn bond_grew(who: &Account) {
        let who = AccountId32::from(*who);
        let Some(mut entry) = Entries::<T>::get(&who) else { return };
        if Self::graduate(&who, &mut entry) {
            Entries::<T>::insert(&who, entry);
            Self::deposit_event(Event::Graduated { who });
        }
    }

    fn apprentice_places() -> u32 {
        Self::free_apprentice_places()
    }
}

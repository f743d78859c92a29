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

pub use pallet::*;
pub use weights::WeightInfo;

use alloc::vec::Vec;
use frame_support::pallet_prelude::*;
use frame_system::pallet_prelude::*;
use quern_primitives::{
    traits::{Collateral, Offence, OffenceKind, Offences},
    Balance, ShardId,
};
use sp_runtime::{AccountId32, Permill};

/// One, in parts per million.
pub const ONE_PPM: u32 = 1_000_000;
/// Most that a reporter can get of a slash: self-accusation must not launder stake.
pub const MAX_REPORTER_PPM: u32 = 200_000;

/// What genesis decides: shares in parts per million.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Shares {
    /// Of `locked`, for a wrong result.
    pub wrong_result_ppm: u32,
    /// Of `locked`, for confirming a wrong result.
    pub wrong_audit_ppm: u32,
    /// Of `locked`, for a silence.
    pub withheld_ppm: u32,
    /// Of `locked`, for being late.
    pub late_ppm: u32,
    /// Of `locked`, for a lost dispute or an audit that was never revealed.
    pub false_alarm_ppm: u32,
    /// Of `locked`, for not auditing when drawn.
    pub audit_no_show_ppm: u32,
    /// Most of a slash that the reporter gets.
    pub reporter_cap_ppm: u32,
}

impl Default for Shares {
    fn default() -> Self {
        Self {
            wrong_result_ppm: ONE_PPM,
            wrong_audit_ppm: ONE_PPM,
            withheld_ppm: ONE_PPM,
            late_ppm: 0,
            false_alarm_ppm: 500_000,
            // Whoever was not shown the bytes to be audited can say so without cost: who says nothing was not there.
            audit_no_show_ppm: 100_000,
            reporter_cap_ppm: MAX_REPORTER_PPM,
        }
    }
}

impl Shares {
    /// The share of `locked` that an offence of this kind costs.
    pub fn of(&self, kind: OffenceKind) -> u32 {
        match kind {
            OffenceKind::WrongResult => self.wrong_result_ppm,
            OffenceKind::WrongAudit => self.wrong_audit_ppm,
            OffenceKind::Withheld => self.withheld_ppm,
            OffenceKind::Late => self.late_ppm,
            OffenceKind::FalseAlarm => self.false_alarm_ppm,
            OffenceKind::AuditNoShow => self.audit_no_show_ppm,
        }
    }

    /// Whether no share exceeds the whole, nor the reporter's its cap.
    pub fn is_sound(&self) -> bool {
        let shares = [
            self.wrong_result_ppm,
            self.wrong_audit_ppm,
            self.withheld_ppm,
            self.late_ppm,
            self.false_alarm_ppm,
            self.audit_no_show_ppm,
        ];
        shares.into_iter().all(|ppm| ppm <= ONE_PPM) && self.reporter_cap_ppm <= MAX_REPORTER_PPM
    }

    /// What `offence` costs and who gets it: the formula in the crate's documentation.
    pub fn split(&self, offence: &Offence) -> Split {
        // Up, against the offender.
        let due = Permill::from_parts(self.of(offence.kind)).mul_ceil(offence.locked);
        let restitution = offence.restitution.map_or(0, |(_, paid)| paid.min(due));
        let reporter = offence.reporter.filter(|reporter| *reporter != offence.offender);
        // Down, against the reporter.
        let cap = Permill::from_parts(self.reporter_cap_ppm).mul_floor(due);
        let reward = reporter.map_or(0, |_| cap.min(due.saturating_sub(restitution)));
        Split { due, restitution, reward }
    }
}

/// What an offence costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// All of it.
    pub due: Balance,
    /// What of it goes to the requester.
    pub restitution: Balance,
    /// What of it goes to the reporter; the rest is burned.
    pub reward: Balance,
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
        /// Weights.
        type WeightInfo: WeightInfo;
    }

    #[pallet::pallet]
    pub struct Pallet<T>(_);

    /// What genesis decided.
    #[pallet::storage]
    pub type Settings<T: Config> = StorageValue<_, Shares, ValueQuery>;

    /// Whether offences are only told and nothing is taken.
    #[pallet::storage]
    pub type DryRun<T: Config> = StorageValue<_, bool, ValueQuery>;

    /// What genesis decides: shares in parts per million.
    #[pallet::genesis_config]
    pub struct GenesisConfig<T: Config> {
        /// Of `locked`, for a wrong result.
        pub wrong_result_ppm: u32,
        /// Of `locked`, for confirming a wrong result.
        pub wrong_audit_ppm: u32,
        /// Of `locked`, for a silence.
        pub withheld_ppm: u32,
        /// Of `locked`, for being late.
        pub late_ppm: u32,
        /// Of `locked`, for a lost dispute or an audit that was never revealed.
        pub false_alarm_ppm: u32,
        /// Of `locked`, for not auditing when drawn.
        pub audit_no_show_ppm: u32,
        /// Most of a slash that the reporter gets, at most [`MAX_REPORTER_PPM`].
        pub reporter_cap_ppm: u32,
        /// Whether the chain starts in dry run.
        pub dry_run: bool,
        /// Nothing.
        #[serde(skip)]
        pub _config: core::marker::PhantomData<T>,
    }

    impl<T: Config> Default for GenesisConfig<T> {
        fn default() -> Self {
            let shares = Shares::default();
            Self {
                wrong_result_ppm: shares.wrong_result_ppm,
                wrong_audit_ppm: shares.wrong_audit_ppm,
                withheld_ppm: shares.withheld_ppm,
                late_ppm: shares.late_ppm,
                false_alarm_ppm: shares.false_alarm_ppm,
                audit_no_show_ppm: shares.audit_no_show_ppm,
                reporter_cap_ppm: shares.reporter_cap_ppm,
                dry_run: false,
                _config: core::marker::PhantomData,
            }
        }
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            let shares = Shares {
                wrong_result_ppm: self.wrong_result_ppm,
                wrong_audit_ppm: self.wrong_audit_ppm,
                withheld_ppm: self.withheld_ppm,
                late_ppm: self.late_ppm,
                false_alarm_ppm: self.false_alarm_ppm,
                audit_no_show_ppm: self.audit_no_show_ppm,
                reporter_cap_ppm: self.reporter_cap_ppm,
            };
            assert!(shares.is_sound(), "slashing: unsound genesis parameters {shares:?}");
            Settings::<T>::put(shares);
            DryRun::<T>::put(self.dry_run);
        }
    }

    /// What happened.
    // Events are encoded at once and never kept as values: their size in memory does not matter.
    #[allow(clippy::large_enum_variant)]
    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// An offence was reported and settled: `due = locked x share`, `amount = restitution + reward + burned`.
        #[codec(index = 0)]
        Slashed {
            /// What was done.
            kind: OffenceKind,
            /// Who did it.
            offender: T::AccountId,
            /// On which shard.
            shard: ShardId,
            /// What was locked for the obligation.
            locked: Balance,
            /// The share of it that this kind costs, in parts per million.
            share_ppm: u32,
            /// What the formula gives.
            due: Balance,
            /// What was taken: nothing in a dry run.
            amount: Balance,
            /// What of it went to the requester.
            restitution: Balance,
            /// Who showed it.
            reporter: Option<T::AccountId>,
            /// What of it went to the reporter.
            reporter_reward: Balance,
            /// What of it was burned.
            burned: Balance,
            /// Hash of the evidence, or zero for a silence.
            evidence: [u8; 32],
            /// Whether this was a dry run.
            dry_run: bool,
        },
        /// Dry run was switched on or off.
        #[codec(index = 1)]
        DryRunSet {
            /// Whether it is on.
            dry_run: bool,
        },
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn integrity_test() {
            assert!(Shares::default().is_sound(), "slashing: unsound defaults");
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_now: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Switches dry run on or off: while it is on, offences are told and locks released, and nothing is taken.
        ///
        /// Root only. Event: `DryRunSet`. Error: `BadOrigin`.
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::set_dry_run())]
        pub fn set_dry_run(origin: OriginFor<T>, dry_run: bool) -> DispatchResult {
            ensure_root(origin)?;
            DryRun::<T>::put(dry_run);
            Self::deposit_event(Event::DryRunSet { dry_run });
            Ok(())
        }
    }
}

impl<T: Config> Pallet<T> {
    /// Checks what must always hold: the shares are sound.
    pub fn do_try_state() -> Result<(), sp_runtime::TryRuntimeError> {
        ensure!(Settings::<T>::get().is_sound(), "slashing: unsound shares");
        Ok(())
    }
}

impl<T: Config> Offences for Pallet<T> {
    fn report(offence: Offence) -> Balance {
        let (shares, dry_run) = (Settings::<T>::get(), DryRun::<T>::get());
        let Split { due, restitution, reward } = shares.split(&offence);
        let mut to = Vec::new();
        to.extend(offence.restitution.map(|(requester, _)| (requester, restitution)));
        to.extend(offence.reporter.map(|reporter| (reporter, reward)));
        to.retain(|(_, part)| *part > 0);

        let amount = if dry_run || due == 0 { 0 } else { T::Collateral::slash(&offence.offender, due, &to) };
        let released = if dry_run { offence.locked } else { offence.locked.saturating_sub(due) };
        if released > 0 {
            T::Collateral::release(&offence.offender, released);
        }

        // Less than `due` only where less was locked than the caller said: the parts shrink from the last.
        let restitution = restitution.min(amount);
        let reporter_reward = reward.min(amount.saturating_sub(restitution));
        Self::deposit_event(Event::Slashed {
            kind: offence.kind,
            offender: offence.offender.into(),
            shard: offence.shard,
            locked: offence.locked,
            share_ppm: shares.of(offence.kind),
            due,
            amount,
            restitution,
            reporter: offence.reporter.map(Into::into),
            reporter_reward,
            burned: amount.saturating_sub(restitution).saturating_sub(reporter_reward),
            evidence: offence.evidence,
            dry_run,
        });
        amount
    }
}

// SPDX-License-Identifier: Apache-2.0
//! What storage and events hold besides the protocol's own types.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use quern_primitives::Balance;
use scale_info::TypeInfo;

/// What has happened so far.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Stats {
    /// Audits drawn.
    pub drawn: u64,
    /// Audits in which every drawn validator confirmed the worker.
    pub settled: u64,
    /// Disputes opened.
    pub opened: u64,
    /// Disputes in which the referee or a length convicted the worker.
    pub convicted: u64,
    /// Disputes in which the referee refuted the challenger.
    pub refuted: u64,
    /// Disputes lost by a silent worker.
    pub worker_silent: u64,
    /// Disputes lost by a silent challenger.
    pub challenger_silent: u64,
    /// Disputes that ended because another one decided about the shard.
    pub moot: u64,
}

/// Why a draw had to wait. It is made from the seed of a later period, which nobody knows yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum Postponed {
    /// The period had no seed: too few authors, or it is too long ago.
    #[codec(index = 0)]
    NoSeed,
    /// Fewer validators than needed have a free bond.
    #[codec(index = 1)]
    TooFewValidators {
        /// How many there are.
        available: u32,
        /// How many the shard needs.
        needed: u32,
    },
    /// A bond could not be locked, or the keeper of shards refused the draw.
    #[codec(index = 2)]
    Refused,
    /// Too little of the validators' stake can lock the bond: those who can would be drawn too often.
    #[codec(index = 3)]
    BondsLocked {
        /// Stake of those who can.
        able: Balance,
        /// Stake of all.
        all: Balance,
    },
}

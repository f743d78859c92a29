// SPDX-License-Identifier: Apache-2.0
//! A reported offence on its way to a slash: what the chain keeps, and tells clients, until it is over.

use crate::{traits::Offence, Balance, Height};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// Consecutive number of a reported offence.
pub type OffenceId = u64;

/// Where a slash that is not carried out yet stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum SlashStage {
    /// It waits.
    #[codec(index = 0)]
    Deferred,
    /// The guardian put it off, which it can do once.
    #[codec(index = 1)]
    Delayed,
    /// The offender appealed: governance decides before the height at which the slash is carried out, or the appeal lapses.
    #[codec(index = 2)]
    Appealed {
        /// What the offender holds for the appeal.
        bond: Balance,
        /// BLAKE3 of the offender's statement, which it publishes where it likes.
        statement: [u8; 32],
    },
}

/// A slash that is not carried out yet. All of `offence.locked` stays locked until then.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct DeferredSlash {
    /// What was done, by whom, and what is at stake.
    pub offence: Offence,
    /// The share of `offence.locked` that this kind costs, in parts per million, when it was reported.
    pub share_ppm: u32,
    /// `offence.locked x share_ppm`, rounded up.
    pub due: Balance,
    /// Height at which it was reported.
    pub reported_at: Height,
    /// Index of the extrinsic with the evidence in the block of that height; none where there is no evidence.
    pub extrinsic: Option<u32>,
    /// Where it stands.
    pub stage: SlashStage,
    /// Height at which it is carried out unless somebody intervenes; later when many slashes are due at once.
    pub due_at: Height,
}

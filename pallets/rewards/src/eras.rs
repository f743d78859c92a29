// SPDX-License-Identifier: Apache-2.0
//! The arithmetic of an era's emission, without storage.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use quern_primitives::Balance;
use scale_info::TypeInfo;
use sp_runtime::{helpers_128bit::multiply_by_rational_with_rounding, Rounding};

/// An era, under way or finished.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Era {
    /// Contribution points of everybody together, for work and audits.
    pub points: Balance,
    /// Blocks whose author is known.
    pub blocks: u32,
    /// Emission for all points, once the era is finished: never more than `points`.
    pub work: Balance,
    /// Emission for all blocks, once the era is finished.
    pub authoring: Balance,
    /// What of the two was claimed, and so minted.
    pub minted: Balance,
}

/// What one account did in an era.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Contribution {
    /// Its points, for work and audits.
    pub points: Balance,
    /// Blocks that it authored.
    pub blocks: u32,
}

/// What an account can claim of a finished era.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Claim {
    /// For its points.
    pub work: Balance,
    /// For its blocks.
    pub authoring: Balance,
}

impl Claim {
    /// All of it.
    pub fn total(&self) -> Balance {
        self.work.saturating_add(self.authoring)
    }
}

impl Era {
    /// Ends the era with `limit` to give: the points first, each at most one unit, and the rest to the authors of its
    /// blocks. Without points everything goes to the authors, without authors the rest is never minted.
    pub fn finish(self, limit: Balance) -> Self {
        let work = self.points.min(limit);
        let authoring = if self.blocks == 0 { 0 } else { limit.saturating_sub(work) };
        Self { work, authoring, ..self }
    }

    /// Emission of the finished era.
    pub fn emission(&self) -> Balance {
        self.work.saturating_add(self.authoring)
    }

    /// What of it was not claimed.
    pub fn unclaimed(&self) -> Balance {
        self.emission().saturating_sub(self.minted)
    }

    /// What a contribution is worth.
    pub fn claim(&self, contribution: &Contribution) -> Claim {
        Claim {
            work: part(self.work, contribution.points, self.points),
            authoring: part(self.authoring, contribution.blocks.into(), self.blocks.into()),
        }
    }
}

/// `amount x share / whole`, exact for every input and rounded down, against the payee: the parts of all shares together
/// never exceed `amount`. Nothing of an empty whole.
fn part(amount: Balance, share: Balance, whole: Balance) -> Balance {
    multiply_by_rational_with_rounding(amount, share.min(whole), whole, Rounding::Down).unwrap_or(0)
}

// SPDX-License-Identifier: Apache-2.0
//! The search for the first segment of a task whose end differs.

use super::MAX_IDS;
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use quern_primitives::BlobId;
use scale_info::TypeInfo;

/// What the worker says stands at the end of a segment of the task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Claimed {
    /// The segment, counted in the task.
    pub segment: u32,
    /// The checkpoint or output.
    pub id: BlobId,
}

/// Where the first difference lies: the challenger agrees with the one and differs from the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Search {
    /// The last end that is agreed; none while that is the task's inputs.
    pub agreed: Option<Claimed>,
    /// An end behind it that differs.
    pub differs: Claimed,
}

impl Search {
    /// The segments between the two whose ends the worker names next: all of them if there are at most [`MAX_IDS`], else so
    /// many at even distances. None when the two are neighbours.
    pub fn probes(&self) -> Vec<u32> {
        let first = self.agreed.map_or(0, |agreed| agreed.segment.saturating_add(1));
        let between = self.differs.segment.saturating_sub(first);
        if between <= MAX_IDS {
            return (first..self.differs.segment).collect();
        }
        let parts = u64::from(MAX_IDS).saturating_add(1);
        let at = |part: u64| part.saturating_mul(between.into()).checked_div(parts).unwrap_or(0);
        let probes = (1..parts).filter_map(|part| u32::try_from(at(part)).ok());
        probes.map(|offset| first.saturating_add(offset)).collect()
    }

    /// The search goes on: of the `ids` at [`Self::probes`] the one at `index` is the first that differs, or none does when
    /// it is their number.
    pub(super) fn narrowed(&self, ids: &[BlobId], index: u32) -> Option<Self> {
        let probes = self.probes();
        let at = |index: usize| Some(Claimed { segment: *probes.get(index)?, id: *ids.get(index)? });
        let index = usize::try_from(index).ok().filter(|index| *index <= ids.len())?;
        let before = index.checked_sub(1).and_then(at);
        Some(Self { agreed: before.or(self.agreed), differs: at(index).unwrap_or(self.differs) })
    }
}

// SPDX-License-Identifier: Apache-2.0
//! Openings on chain, and the count of audits that settled.

use crate::{Answers, Config, Error, Pallet, Totals, WeightInfo, MAX_LINK_BYTES};
use alloc::vec::Vec;
use frame_support::{ensure, traits::ConstU32, weights::Weight, BoundedVec};
use quern_primitives::{commitment::LeafProof, BlobId, ShardId};
use quern_protocol::{
    shard::{Phase, MAX_SAMPLES},
    traits::Shards,
};

impl<T: Config> Pallet<T> {
    /// The ids that `leaves` prove at the demanded positions.
    pub(crate) fn demanded_ids(
        id: &ShardId,
        leaves: &[LeafProof],
    ) -> Result<BoundedVec<BlobId, ConstU32<MAX_SAMPLES>>, Error<T>> {
        ensure!(leaves.iter().all(|leaf| leaf.proof.0.len() <= MAX_LINK_BYTES), Error::<T>::ProofsTooLong);
        let shard = Self::shard(id)?;
        let (deal, commitment) = shard.deal().zip(shard.commitment()).ok_or(Error::WrongPhase)?;
        ensure!(matches!(shard.phase, Phase::Auditing { .. } | Phase::Comparing { .. }), Error::<T>::WrongPhase);
        let positions = shard.demanded();
        ensure!(positions.len() == leaves.len(), Error::<T>::WrongIdCount);
        let ids = positions
            .iter()
            .zip(leaves)
            .map(|(position, leaf)| leaf.verify(&commitment.root, shard.leaves(), &deal.worker, id, *position))
            .collect::<Result<Vec<_>, _>>()?;
        ids.try_into().map_err(|_| Error::WrongIdCount)
    }

    /// The id that `leaf` proves at a position of an accepted shard.
    pub(crate) fn proven_leaf(id: &ShardId, position: u32, leaf: &LeafProof) -> Result<BlobId, Error<T>> {
        ensure!(leaf.proof.0.len() <= MAX_LINK_BYTES, Error::<T>::ProofsTooLong);
        let shard = Self::shard(id)?;
        let (deal, commitment) = shard.deal().zip(shard.result()).ok_or(Error::WrongPhase)?;
        Ok(leaf.verify(&commitment.root, shard.leaves(), &deal.worker, id, position)?)
    }

    /// Counts the audit if its last reveal has just accepted the shard. Returns the weight of the reveal, none where it is what
    /// was charged: that of the one that completes a stage.
    pub(crate) fn note_settled(id: &ShardId) -> Option<Weight> {
        // A keeper that drops the shard at once does so because its job has completed with it.
        let settled = T::Shards::shard(id).is_none_or(|shard| shard.is_accepted());
        if !settled {
            return Some(T::WeightInfo::commit_audit());
        }
        Answers::<T>::remove(id);
        Totals::<T>::mutate(|stats| stats.settled = stats.settled.saturating_add(1));
        (!T::Shards::is_stage_complete(id)).then(T::WeightInfo::settle)
    }
}

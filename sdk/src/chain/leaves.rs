// SPDX-License-Identifier: Apache-2.0
//! Ids that workers showed on chain when they were asked for them. The event has the id alone; the proof, which a dispute begins with, is
//! in the call.

use super::{runtime, Chain, ChainError};
use quern_primitives::{commitment::LeafProof, ShardId};
use runtime::{proxy::Call as Proxy, utility::Call as Utility, verification::Call as Verification};

impl Chain {
    /// The leaf that a call in this block shows of a shard at a position (`verification.answer_leaf`), by whomever it was sent. What failed on chain is found
    /// too: check it against the root.
    pub async fn shown_leaf(
        &self,
        block: [u8; 32],
        shard: ShardId,
        position: u32,
    ) -> Result<Option<LeafProof>, ChainError> {
        Ok(self.calls(block).await?.into_iter().find_map(|call| shown(call, shard, position)))
    }
}

fn shown(call: runtime::Call, shard: ShardId, position: u32) -> Option<LeafProof> {
    match call {
        runtime::Call::Verification(Verification::answer_leaf { shard: of, position: at, leaf }) => {
            (of.0 == shard && at == position).then_some(leaf.0)
        }
        runtime::Call::Proxy(Proxy::proxy { call, .. }) => shown(*call, shard, position),
        runtime::Call::Utility(
            Utility::batch { calls } | Utility::batch_all { calls } | Utility::force_batch { calls },
        ) => calls.into_iter().find_map(|call| shown(call, shard, position)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quern_primitives::{slice::SliceProof, BlobId};
    use runtime::Static;

    const SHARD: ShardId = ShardId { job: 1, stage: 2, index: 3 };

    fn leaf() -> LeafProof {
        LeafProof { id: BlobId([4; 32]), secret: [5; 32], proof: SliceProof(vec![6]) }
    }

    fn answer() -> runtime::Call {
        runtime::Call::Verification(Verification::answer_leaf {
            shard: Static(SHARD),
            position: 7,
            leaf: Static(leaf()),
        })
    }

    #[test]
    fn leaf_should_be_found_when_it_is_shown_by_the_worker_or_in_a_batch() {
        assert_eq!(shown(answer(), SHARD, 7), Some(leaf()));
        let batch = runtime::Call::Utility(Utility::batch { calls: vec![answer()] });
        assert_eq!(shown(batch, SHARD, 7), Some(leaf()));
    }

    #[test]
    fn leaf_should_be_found_when_a_hot_key_shows_it() {
        let real = subxt::utils::MultiAddress::Id(runtime::AccountId32([1; 32]));
        let call = Proxy::proxy { real, force_proxy_type: None, call: Box::new(answer()) };
        assert_eq!(shown(runtime::Call::Proxy(call), SHARD, 7), Some(leaf()));
    }

    #[test]
    fn leaf_should_not_be_found_when_another_one_is_shown() {
        assert_eq!(shown(answer(), SHARD, 8), None);
        assert_eq!(shown(answer(), ShardId { index: 4, ..SHARD }, 7), None);
    }
}

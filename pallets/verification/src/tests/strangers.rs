// SPDX-License-Identifier: Apache-2.0
//! What every call refuses: a shard or a dispute that there is not, and an origin that signs nothing.
use super::mock::*;
use crate::{Call, Error};
use frame_support::{assert_noop, traits::UnfilteredDispatchable};
use quern_primitives::{commitment::LeafProof, slice::SliceProof, BlobId, DisputeId, ShardId};
use quern_protocol::dispute::{Outline, Trace};
use sp_runtime::DispatchError;

fn leaf() -> LeafProof {
    LeafProof { id: BlobId::default(), secret: [0; 32], proof: SliceProof::default() }
}

fn calls_about_a_shard(shard: ShardId) -> Vec<Call<Test>> {
    let (digest, seal, salt, results) = ([0; 32], [0; 32], [0; 32], [0; 32]);
    let (position, start, end) = (0, Some(leaf()), leaf());
    vec![
        Call::open_checkpoints { shard, digest },
        Call::demand_opening { shard },
        Call::answer_opening { shard, leaves: Default::default() },
        Call::commit_audit { shard, seal },
        Call::reveal_results { shard, digest },
        Call::reveal_audit { shard, salt, results, holds_outputs: true },
        Call::open_dispute { shard, position, start: start.clone(), end: end.clone() },
        Call::claim_unavailable { shard, inputs_missing: true },
        Call::demand_leaf { shard, position, max_price: PRICE },
        Call::answer_leaf { shard, position, leaf: leaf() },
        Call::report_inputs { shard, available: true },
        Call::accuse_auditor { shard, auditor: account(VALIDATORS[0]), position, start, end },
    ]
}

fn calls_about_a_dispute(dispute: DisputeId) -> Vec<Call<Test>> {
    let trace = Trace { state: Default::default(), outputs: Default::default() };
    let outline = Outline { state: Default::default(), results: Default::default(), parts: Default::default() };
    vec![
        Call::post_trace { dispute, trace },
        Call::name_operator { dispute, op: 0 },
        Call::demand_output { dispute, index: 0 },
        Call::open_subtrees { dispute, values: Default::default() },
        Call::open_chunk { dispute, bytes: Default::default() },
        Call::convict { dispute, element: 0, output: None, reads: Default::default() },
        Call::convict_length { dispute, len: 0, proof: SliceProof::default() },
        Call::name_ids { dispute, ids: Default::default() },
        Call::pick_id { dispute, index: 0 },
        Call::prove_ends { dispute, start: None, end: leaf() },
        Call::post_outline { dispute, outline },
        Call::name_in_part { dispute, op: 0, earlier: Default::default() },
    ]
}

#[test]
fn calls_should_fail_when_there_is_no_such_shard() {
    test(|| {
        let shard = ShardId { job: 99, ..Case::honest().committed().id() };
        for call in calls_about_a_shard(shard) {
            for who in [WORKER, VALIDATORS[0], STRANGER] {
                assert_noop!(call.clone().dispatch_bypass_filter(signed(who)), Error::<Test>::UnknownShard);
            }
        }
    });
}

#[test]
fn calls_should_fail_when_there_is_no_such_dispute() {
    test(|| {
        let (_, challenger, dispute) = Case::flipped().disputed();
        for call in calls_about_a_dispute(dispute + 1) {
            for who in [WORKER, challenger, STRANGER] {
                assert_noop!(call.clone().dispatch_bypass_filter(signed(who)), Error::<Test>::UnknownDispute);
            }
        }
    });
}

#[test]
fn calls_should_fail_when_the_origin_is_not_signed() {
    test(|| {
        let (case, _, dispute) = Case::flipped().disputed();
        let calls: Vec<_> = calls_about_a_shard(case.id()).into_iter().chain(calls_about_a_dispute(dispute)).collect();
        // A call that is added belongs into one of the lists.
        let all = <Call<Test> as frame_support::traits::GetCallName>::get_call_names().len();
        assert_eq!(calls.len(), all);
        for call in calls {
            for origin in [RuntimeOrigin::none(), RuntimeOrigin::root()] {
                assert_noop!(call.clone().dispatch_bypass_filter(origin), DispatchError::BadOrigin);
            }
        }
    });
}

// SPDX-License-Identifier: Apache-2.0
//! The fullest blocks. What the hooks do at their limits must leave the share of a block that is reserved for what the protocol
//! obliges its parties to send, and no block may last longer than the limits say.

use codec::Encode;
use frame_support::{
    dispatch::{DispatchClass, GetDispatchInfo},
    traits::{Get, OnInitialize},
    weights::Weight,
    BoundedVec,
};
use frame_system::limits::BlockWeights;
use quern_pallet_jobs::{
    types::{MAX_COMMITS, MAX_DUE},
    WeightInfo as _,
};
use quern_pallet_verification::WeightInfo as _;
use quern_primitives::{
    commitment::LeafProof,
    job::MAX_SHARDS,
    slice::{SliceProof, CHUNK_LEN},
    BlobId, ShardId,
};
use quern_program::{check::MAX_ARGUMENTS, MAX_CONVICTION_BYTES};
use quern_protocol::{
    dispute::{Outline, Trace, MAX_PARTS, MAX_STATE, MAX_SUBTREES, MAX_TRACE},
    shard::MAX_SAMPLES,
};
use quern_runtime::{AllPalletsWithSystem, Runtime, RuntimeCall, System};
use sp_runtime::{traits::TransactionExtension, DispatchError};

type Jobs = <Runtime as quern_pallet_jobs::Config>::WeightInfo;
type Verification = <Runtime as quern_pallet_verification::Config>::WeightInfo;
type IsFull = <Runtime as quern_pallet_clock::Config>::IsFull;

/// Bytes of a signed transaction beside its call.
const SIGNED_BYTES: usize = 140;

fn limits() -> BlockWeights {
    <Runtime as frame_system::Config>::BlockWeights::get()
}

/// What is kept for operational transactions.
fn reserve() -> Weight {
    limits().get(DispatchClass::Operational).reserved.expect("operational transactions have a reserve")
}

/// The weight of all hooks of a block in which everything that can be due is due.
fn hooks() -> Weight {
    let shards = <Runtime as quern_pallet_jobs::Config>::ShardsPerBlock::get();
    let workers = <Runtime as quern_pallet_workers::Config>::MaxWorkers::get();
    let validators = <Runtime as quern_pallet_workers::Config>::MaxValidators::get();
    let draws: u32 = <Runtime as quern_pallet_verification::Config>::DrawsPerBlock::get();
    let disputes: u32 = <Runtime as quern_pallet_verification::Config>::ExpiriesPerBlock::get();
    // With nothing due the hooks say what an idle block costs: of all pallets, these two included.
    let idle = sp_io::TestExternalities::default().execute_with(|| AllPalletsWithSystem::on_initialize(1));
    let due = [
        Jobs::expire_shards(MAX_DUE),
        Jobs::sweep_shards(shards),
        Jobs::start_jobs(shards),
        // A large stage that is completed by what a fork takes over has a block of its own.
        Jobs::open_shards(shards).max(Jobs::open_shards(1).saturating_add(Jobs::complete_taken_over(MAX_SHARDS))),
        Jobs::assign_shards(shards, workers),
        // What is swept leaves less to prune; the last shard of a job takes the job with it.
        Jobs::remove_shards(2),
        Jobs::end_pauses(shards),
        Verification::draw(validators).saturating_mul(draws.into()),
        Verification::expire().saturating_mul(disputes.into()),
    ];
    due.into_iter().fold(idle.saturating_add(limits().base_block), Weight::saturating_add)
}

/// What parties are obliged to send, each call as large as it gets.
fn obligations() -> Vec<(&'static str, RuntimeCall)> {
    use quern_pallet_jobs::Call as Job;
    use quern_pallet_verification::Call as Move;
    let shard = ShardId { job: 1, stage: 0, index: 0 };
    let digest = [1; 32];
    let leaf = LeafProof { id: BlobId(digest), secret: digest, proof: SliceProof(vec![0; 1_728]) };
    let state = BoundedVec::truncate_from(vec![BlobId(digest); MAX_STATE as usize]);
    let outputs = BoundedVec::truncate_from(vec![BlobId(digest); MAX_TRACE as usize]);
    let parts = BoundedVec::truncate_from(vec![digest; MAX_PARTS as usize]);
    let outline = Outline { state: state.clone(), results: state.clone(), parts };
    let part = BoundedVec::truncate_from(vec![0; CHUNK_LEN as usize]);
    let earlier = BoundedVec::truncate_from(vec![part; MAX_ARGUMENTS]);
    let proof = || SliceProof(vec![0; MAX_CONVICTION_BYTES as usize]);
    let subtrees = BoundedVec::truncate_from(vec![digest; MAX_SUBTREES as usize]);
    let commits = BoundedVec::truncate_from(vec![(shard, BlobId(digest), digest); MAX_COMMITS as usize]);
    vec![
        ("start_shard", Job::start_shard { shard }.into()),
        ("decline_shard", Job::decline_shard { shard }.into()),
        ("commit_shards", Job::commit_shards { commits }.into()),
        ("open_checkpoints", Move::open_checkpoints { shard, digest }.into()),
        ("demand_opening", Move::demand_opening { shard }.into()),
        (
            "answer_opening",
            Move::answer_opening { shard, leaves: BoundedVec::truncate_from(vec![leaf.clone(); MAX_SAMPLES as usize]) }
                .into(),
        ),
        ("commit_audit", Move::commit_audit { shard, seal: digest }.into()),
        ("reveal_results", Move::reveal_results { shard, digest }.into()),
        ("reveal_audit", Move::reveal_audit { shard, salt: digest, results: digest, holds_outputs: true }.into()),
        ("open_dispute", Move::open_dispute { shard, position: 1, start: Some(leaf.clone()), end: leaf }.into()),
        ("post_trace", Move::post_trace { dispute: 1, trace: Trace { state, outputs } }.into()),
        ("post_outline", Move::post_outline { dispute: 1, outline }.into()),
        ("name_in_part", Move::name_in_part { dispute: 1, op: 1, earlier }.into()),
        ("name_operator", Move::name_operator { dispute: 1, op: 1 }.into()),
        ("demand_output", Move::demand_output { dispute: 1, index: 1 }.into()),
        ("open_subtrees", Move::open_subtrees { dispute: 1, values: subtrees }.into()),
        (
            "open_chunk",
            Move::open_chunk { dispute: 1, bytes: BoundedVec::truncate_from(vec![0; CHUNK_LEN as usize]) }.into(),
        ),
        ("convict", Move::convict { dispute: 1, element: 1, output: Some(proof()), reads: BoundedVec::new() }.into()),
        ("report_inputs", Move::report_inputs { shard, available: false }.into()),
        ("convict_length", Move::convict_length { dispute: 1, len: 1, proof: proof() }.into()),
    ]
}

/// Puts as many of these calls as fit into the current block. Returns their number.
fn fill(call: &RuntimeCall) -> u32 {
    let info = call.get_dispatch_info();
    let bytes = call.encoded_size() + SIGNED_BYTES;
    let fits = |_: &u32| frame_system::CheckWeight::<Runtime>::bare_validate_and_prepare(call, &info, bytes).is_ok();
    (0..).take_while(fits).count() as u32
}

#[test]
fn hooks_at_their_limits_should_leave_the_reserve_of_obligations() {
    let most = limits().max_block.saturating_sub(reserve());
    assert!(hooks().all_lte(most), "the hooks may take {}, but their limits allow {}", most, hooks());
}

#[test]
fn block_full_of_obligations_should_stay_within_the_limit_when_the_hooks_are_at_theirs() {
    for (name, call) in obligations() {
        sp_io::TestExternalities::default().execute_with(|| {
            System::register_extra_weight_unchecked(hooks(), DispatchClass::Mandatory);
            assert!(fill(&call) > 0, "{name} does not fit beside the hooks");
            let total = System::block_weight().total();
            assert!(total.all_lte(limits().max_block), "a block full of {name} weighs {total}");
        });
    }
}

#[test]
fn obligations_should_fit_when_ordinary_transactions_fill_their_share() {
    let remark = RuntimeCall::from(frame_system::Call::remark { remark: vec![0; 1_024] });
    for (name, call) in obligations() {
        let normal = call.get_dispatch_info().class == DispatchClass::Normal;
        sp_io::TestExternalities::default().execute_with(|| {
            System::register_extra_weight_unchecked(hooks(), DispatchClass::Mandatory);
            fill(&remark);
            let fitting = fill(&call);
            assert!(fitting > 0 || normal, "{name} does not fit beside ordinary transactions");
            let total = System::block_weight().total();
            let most = limits().max_block.saturating_add(reserve());
            assert!(total.all_lte(most), "ordinary transactions and then {name} weigh {total}");
        });
    }
}

/// Repeats something until it makes the block count as full; the last time is taken back.
fn until_full(mut once: impl FnMut()) {
    let again = || {
        frame_support::storage::with_storage_layer(|| {
            once();
            if IsFull::get() {
                Err(DispatchError::Other("full"))
            } else {
                Ok(())
            }
        })
    };
    std::iter::repeat_with(again).find(Result::is_err);
    assert!(!IsFull::get());
}

#[test]
fn obligations_should_find_room_in_every_block_that_counts_for_deadlines() {
    let remark = RuntimeCall::from(frame_system::Call::remark { remark: vec![0; 1_024] });
    let (info, bytes) = (remark.get_dispatch_info(), remark.encoded_size() + SIGNED_BYTES);
    let long = || {
        let _ = frame_system::CheckWeight::<Runtime>::bare_validate_and_prepare(&remark, &info, bytes);
    };
    let heavy = |class| move || System::register_extra_weight_unchecked(Weight::from_parts(1_000_000_000, 0), class);
    let (ordinary, operational) = (heavy(DispatchClass::Normal), heavy(DispatchClass::Operational));
    let mandatory = heavy(DispatchClass::Mandatory);
    let fillers: [(&str, &dyn Fn()); 4] =
        [("long", &long), ("ordinary", &ordinary), ("operational", &operational), ("mandatory", &mandatory)];
    for (name, call) in obligations() {
        for (kind, filler) in &fillers {
            sp_io::TestExternalities::default().execute_with(|| {
                until_full(filler);
                assert!(fill(&call) > 0, "{name} does not fit beside {kind} transactions");
            });
        }
    }
}

#[test]
fn block_should_count_as_full_when_ordinary_transactions_or_obligations_fill_it() {
    let remark = RuntimeCall::from(frame_system::Call::remark { remark: vec![0; 1_024] });
    for (name, call) in obligations().into_iter().chain([("remark", remark)]) {
        sp_io::TestExternalities::default().execute_with(|| {
            assert!(!IsFull::get());
            fill(&call);
            assert!(IsFull::get(), "a block full of {name} is not full");
        });
    }
}

#[test]
fn hooks_at_their_limits_should_not_make_a_block_full() {
    sp_io::TestExternalities::default().execute_with(|| {
        System::register_extra_weight_unchecked(hooks(), DispatchClass::Mandatory);
        assert!(!IsFull::get());
    });
}

// SPDX-License-Identifier: Apache-2.0
//! The extrinsics, typed. Each is what [`Sender`](super::Sender) takes.

use super::{
    proxy::ProxyKind,
    runtime::{
        runtime_types::{
            bounded_collections::bounded_vec::BoundedVec, quern_runtime::SessionKeys,
            sp_consensus_babe::app::Public as BabeKey, sp_consensus_grandpa::app::Public as GrandpaKey,
        },
        transactions,
    },
};
use quern_primitives::{
    commitment::LeafProof,
    job::{Endpoint, JobSpec, Profile},
    offence::OffenceId,
    plant::PlantedResult,
    slice::{Cv, SliceProof},
    traits::Role,
    Account, Balance, BlobId, DisputeId, Height, JobId, ShardId,
};
use quern_protocol::{
    dispute::{Outline, Trace},
    referee::ReadProof,
};
use subxt::{
    transactions::Payload,
    utils::{AccountId32, MultiAddress, Static},
};

fn list<T>(items: Vec<T>) -> BoundedVec<Static<T>> {
    BoundedVec(items.into_iter().map(Static).collect())
}

/// `collateral.bond`: holds `amount` more as bond.
pub fn bond(amount: Balance) -> impl Payload + Send + Sync {
    transactions().collateral().bond(amount)
}

/// `collateral.unbond`: starts to release `amount` of the free bond.
pub fn unbond(amount: Balance) -> impl Payload + Send + Sync {
    transactions().collateral().unbond(amount)
}

/// `collateral.withdraw_unbonded`: takes out what has finished unbonding.
pub fn withdraw_unbonded() -> impl Payload + Send + Sync {
    transactions().collateral().withdraw_unbonded()
}

/// `collateral.validate`: offers to author blocks, for a part of the rewards.
pub fn validate(commission_ppm: u32) -> impl Payload + Send + Sync {
    transactions().collateral().validate(commission_ppm)
}

/// `collateral.chill`: stands for no further election.
pub fn chill() -> impl Payload + Send + Sync {
    transactions().collateral().chill()
}

/// `collateral.nominate`: backs a candidate with `amount` more.
pub fn nominate(candidate: Account, amount: Balance) -> impl Payload + Send + Sync {
    transactions().collateral().nominate(candidate.into(), amount)
}

/// `collateral.unbond_nomination`: starts to release `amount` of what backs a candidate.
pub fn unbond_nomination(candidate: Account, amount: Balance) -> impl Payload + Send + Sync {
    transactions().collateral().unbond_nomination(candidate.into(), amount)
}

/// `collateral.withdraw_nomination`: takes out what has finished unbonding.
pub fn withdraw_nomination(candidate: Account) -> impl Payload + Send + Sync {
    transactions().collateral().withdraw_nomination(candidate.into())
}

/// `session.set_keys`: registers the keys and the proof that [`rotate_session_keys`](super::Chain::rotate_session_keys) gave.
pub fn set_session_keys(keys: [u8; 64], proof: Vec<u8>) -> impl Payload + Send + Sync {
    let mut halves = [[0; 32]; 2];
    halves.as_flattened_mut().copy_from_slice(&keys);
    let [babe, grandpa] = halves;
    let keys = SessionKeys { babe: BabeKey(babe), grandpa: GrandpaKey(grandpa) };
    transactions().session().set_keys(keys, proof)
}

/// `balances.transfer_keep_alive`: gives `to` an amount of what is free.
pub fn transfer(to: Account, amount: Balance) -> impl Payload + Send + Sync {
    transactions().balances().transfer_keep_alive(MultiAddress::Id(AccountId32(to)), amount)
}

/// `proxy.add_proxy`: lets `delegate` act for the caller. A deposit is reserved.
pub fn add_proxy(delegate: Account, kind: ProxyKind, delay_blocks: Height) -> impl Payload + Send + Sync {
    transactions().proxy().add_proxy(MultiAddress::Id(AccountId32(delegate)), kind.into(), delay_blocks)
}

/// `proxy.remove_proxy`: the proxy that was added with just this. Its deposit comes back.
pub fn remove_proxy(delegate: Account, kind: ProxyKind, delay_blocks: Height) -> impl Payload + Send + Sync {
    transactions().proxy().remove_proxy(MultiAddress::Id(AccountId32(delegate)), kind.into(), delay_blocks)
}

/// `workers.register`
pub fn register(role: Role, endpoint: Endpoint, profile: Profile, ask: Balance) -> impl Payload + Send + Sync {
    transactions().workers().register(Static(role), Static(endpoint), Static(profile), ask)
}

/// `workers.update`
pub fn update(endpoint: Endpoint, profile: Profile, ask: Balance) -> impl Payload + Send + Sync {
    transactions().workers().update(Static(endpoint), Static(profile), ask)
}

/// `workers.set_ready`: offers to hold `slots` shards at the same time.
pub fn set_ready(slots: u32) -> impl Payload + Send + Sync {
    transactions().workers().set_ready(slots)
}

/// `workers.retire`
pub fn retire() -> impl Payload + Send + Sync {
    transactions().workers().retire()
}

/// `workers.evict`: has an account make room whose bond has fallen below the minimum, or one that was barred be
/// forgotten.
pub fn evict(who: Account) -> impl Payload + Send + Sync {
    transactions().workers().evict(AccountId32(who))
}

/// `rewards.claim`: pays out all credits.
pub fn claim() -> impl Payload + Send + Sync {
    transactions().rewards().claim()
}

/// `rewards.claim_emission`: mints the emission of at most 16 finished eras.
pub fn claim_emission(eras: Vec<u32>) -> impl Payload + Send + Sync {
    transactions().rewards().claim_emission(BoundedVec(eras))
}

/// `rewards.claim_emission_for`: the same for another account, which gets it.
pub fn claim_emission_for(who: Account, eras: Vec<u32>) -> impl Payload + Send + Sync {
    transactions().rewards().claim_emission_for(who.into(), BoundedVec(eras))
}

/// `slashing.appeal`: holds the appeal's bond. `statement` is the BLAKE3 of what the offender has to say.
pub fn appeal(offence: OffenceId, statement: [u8; 32]) -> impl Payload + Send + Sync {
    transactions().slashing().appeal(offence, statement)
}

/// `slashing.plant`: posts the hash of a planted error or of a decoy, and holds `deposit` until it is opened.
pub fn plant(hash: [u8; 32], deposit: Balance) -> impl Payload + Send + Sync {
    transactions().slashing().plant(hash, deposit)
}

/// `slashing.open_plant`: the result of which a worker was convicted had been planted.
pub fn open_plant(offence: OffenceId, salt: [u8; 32]) -> impl Payload + Send + Sync {
    transactions().slashing().open_plant(offence, salt)
}

/// `slashing.open_decoy`: what was posted is about nothing.
pub fn open_decoy(salt: [u8; 32]) -> impl Payload + Send + Sync {
    transactions().slashing().open_decoy(salt)
}

/// `slashing.withdraw_plant`: the planted result is never paid.
pub fn withdraw_plant(salt: [u8; 32], planted: PlantedResult) -> impl Payload + Send + Sync {
    transactions().slashing().withdraw_plant(salt, Static(planted))
}

/// `slashing.expire_plant`: nobody has opened it in time.
pub fn expire_plant(hash: [u8; 32]) -> impl Payload + Send + Sync {
    transactions().slashing().expire_plant(hash)
}

/// `jobs.publish_program`
pub fn publish_program(bytes: Vec<u8>) -> impl Payload + Send + Sync {
    transactions().jobs().publish_program(BoundedVec(bytes))
}

/// `jobs.retire_program`: gives up a program that no kept job runs, and its deposit back.
pub fn retire_program(program: BlobId) -> impl Payload + Send + Sync {
    transactions().jobs().retire_program(Static(program))
}

/// `jobs.submit_job`: holds the whole escrow.
pub fn submit_job(spec: JobSpec) -> impl Payload + Send + Sync {
    transactions().jobs().submit_job(Static(spec))
}

/// `jobs.cancel_job`
pub fn cancel_job(job: JobId) -> impl Payload + Send + Sync {
    transactions().jobs().cancel_job(job)
}

/// `jobs.resume_job`: the requester serves the inputs again, at `endpoints` from now on where they are given.
pub fn resume_job(job: JobId, endpoints: Option<Vec<Endpoint>>) -> impl Payload + Send + Sync {
    let endpoints = endpoints.map(|endpoints| BoundedVec(endpoints.into_iter().map(Static).collect()));
    transactions().jobs().resume_job(job, endpoints)
}

/// `jobs.start_shard`
pub fn start_shard(shard: ShardId) -> impl Payload + Send + Sync {
    transactions().jobs().start_shard(Static(shard))
}

/// `jobs.decline_shard`
pub fn decline_shard(shard: ShardId) -> impl Payload + Send + Sync {
    transactions().jobs().decline_shard(Static(shard))
}

/// `jobs.commit_shards`: at most 16 of (shard, root, hash of the shard secret).
pub fn commit_shards(shards: Vec<(ShardId, BlobId, [u8; 32])>) -> impl Payload + Send + Sync {
    let shards = shards.into_iter().map(|(shard, root, hash)| (Static(shard), Static(root), hash));
    transactions().jobs().commit_shards(BoundedVec(shards.collect()))
}

/// `jobs.acknowledge_shards`: at most 16.
pub fn acknowledge_shards(shards: Vec<ShardId>) -> impl Payload + Send + Sync {
    transactions().jobs().acknowledge_shards(list(shards))
}

/// `jobs.fork_job`
pub fn fork_job(job: JobId) -> impl Payload + Send + Sync {
    transactions().jobs().fork_job(job)
}

/// `verification.open_checkpoints`
pub fn open_checkpoints(shard: ShardId, digest: [u8; 32]) -> impl Payload + Send + Sync {
    transactions().verification().open_checkpoints(Static(shard), digest)
}

/// `verification.demand_opening`
pub fn demand_opening(shard: ShardId) -> impl Payload + Send + Sync {
    transactions().verification().demand_opening(Static(shard))
}

/// `verification.answer_opening`
pub fn answer_opening(shard: ShardId, leaves: Vec<LeafProof>) -> impl Payload + Send + Sync {
    transactions().verification().answer_opening(Static(shard), list(leaves))
}

/// `verification.commit_audit`
pub fn commit_audit(shard: ShardId, seal: [u8; 32]) -> impl Payload + Send + Sync {
    transactions().verification().commit_audit(Static(shard), seal)
}

/// `verification.reveal_results`
pub fn reveal_results(shard: ShardId, digest: [u8; 32]) -> impl Payload + Send + Sync {
    transactions().verification().reveal_results(Static(shard), digest)
}

/// `verification.reveal_audit`
pub fn reveal_audit(
    shard: ShardId,
    salt: [u8; 32],
    results: [u8; 32],
    holds_outputs: bool,
) -> impl Payload + Send + Sync {
    transactions().verification().reveal_audit(Static(shard), salt, results, holds_outputs)
}

/// `verification.open_dispute`
pub fn open_dispute(
    shard: ShardId,
    position: u32,
    start: Option<LeafProof>,
    end: LeafProof,
) -> impl Payload + Send + Sync {
    transactions().verification().open_dispute(Static(shard), position, start.map(Static), Static(end))
}

/// `verification.accuse_auditor`
pub fn accuse_auditor(
    shard: ShardId,
    auditor: Account,
    position: u32,
    start: Option<LeafProof>,
    end: LeafProof,
) -> impl Payload + Send + Sync {
    let auditor = AccountId32(auditor);
    transactions().verification().accuse_auditor(Static(shard), auditor, position, start.map(Static), Static(end))
}

/// `verification.post_trace`
pub fn post_trace(dispute: DisputeId, trace: Trace) -> impl Payload + Send + Sync {
    transactions().verification().post_trace(dispute, Static(trace))
}

/// `verification.post_outline`
pub fn post_outline(dispute: DisputeId, outline: Outline) -> impl Payload + Send + Sync {
    transactions().verification().post_outline(dispute, Static(outline))
}

/// `verification.name_in_part`
pub fn name_in_part(dispute: DisputeId, op: u16, earlier: Vec<Vec<u8>>) -> impl Payload + Send + Sync {
    let earlier = earlier.into_iter().map(BoundedVec).collect();
    transactions().verification().name_in_part(dispute, op, BoundedVec(earlier))
}

/// `verification.name_operator`
pub fn name_operator(dispute: DisputeId, op: u16) -> impl Payload + Send + Sync {
    transactions().verification().name_operator(dispute, op)
}

/// `verification.demand_output`
pub fn demand_output(dispute: DisputeId, index: u32) -> impl Payload + Send + Sync {
    transactions().verification().demand_output(dispute, index)
}

/// `verification.open_subtrees`
pub fn open_subtrees(dispute: DisputeId, values: Vec<Cv>) -> impl Payload + Send + Sync {
    transactions().verification().open_subtrees(dispute, BoundedVec(values))
}

/// `verification.open_chunk`
pub fn open_chunk(dispute: DisputeId, bytes: Vec<u8>) -> impl Payload + Send + Sync {
    transactions().verification().open_chunk(dispute, BoundedVec(bytes))
}

/// `verification.claim_unavailable`
pub fn claim_unavailable(shard: ShardId, inputs_missing: bool) -> impl Payload + Send + Sync {
    transactions().verification().claim_unavailable(Static(shard), inputs_missing)
}

/// `verification.report_inputs`
pub fn report_inputs(shard: ShardId, available: bool) -> impl Payload + Send + Sync {
    transactions().verification().report_inputs(Static(shard), available)
}

/// `verification.demand_leaf`
pub fn demand_leaf(shard: ShardId, position: u32, max_price: Balance) -> impl Payload + Send + Sync {
    transactions().verification().demand_leaf(Static(shard), position, max_price)
}

/// `verification.answer_leaf`
pub fn answer_leaf(shard: ShardId, position: u32, leaf: LeafProof) -> impl Payload + Send + Sync {
    transactions().verification().answer_leaf(Static(shard), position, Static(leaf))
}

/// `verification.name_ids`
pub fn name_ids(dispute: DisputeId, ids: Vec<BlobId>) -> impl Payload + Send + Sync {
    transactions().verification().name_ids(dispute, list(ids))
}

/// `verification.pick_id`
pub fn pick_id(dispute: DisputeId, index: u32) -> impl Payload + Send + Sync {
    transactions().verification().pick_id(dispute, index)
}

/// `verification.prove_ends`
pub fn prove_ends(dispute: DisputeId, start: Option<LeafProof>, end: LeafProof) -> impl Payload + Send + Sync {
    transactions().verification().prove_ends(dispute, start.map(Static), Static(end))
}

/// `verification.convict`
pub fn convict(
    dispute: DisputeId,
    element: u64,
    output: Option<SliceProof>,
    reads: Vec<ReadProof>,
) -> impl Payload + Send + Sync {
    transactions().verification().convict(dispute, element, output.map(Static), list(reads))
}

/// `verification.convict_length`
pub fn convict_length(dispute: DisputeId, len: u64, proof: SliceProof) -> impl Payload + Send + Sync {
    transactions().verification().convict_length(dispute, len, Static(proof))
}

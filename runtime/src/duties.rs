// SPDX-License-Identifier: Apache-2.0

//! Which calls an account owes. The state machines of the protocol decide; nothing is decided here.

use crate::{
    Address, Balance, Balances, Clock, Jobs, Rewards, Runtime, RuntimeCall, System, Verification, Workers, MILLI_QRN,
};
use alloc::{collections::BTreeSet, vec, vec::Vec};
use codec::Encode;
use frame_support::traits::{Get, GetCallIndex, InstanceFilter, PalletInfoAccess};
use pallet_proxy::Call as ProxyCall;
use quern_pallet_jobs::Call as JobsCall;
use quern_pallet_rewards::Call as RewardsCall;
use quern_pallet_verification::{Call as VerificationCall, Disputes};
use quern_pallet_workers::Call as WorkersCall;
use quern_primitives::{
    commitment::LeafProof,
    slice::SliceProof,
    traits::{Duties, Duty, Randomness},
    Account, DisputeId, Height, ShardId,
};
use quern_protocol::{
    dispute::{Outline, Play, Trace},
    shard::Event,
    traits::{Audits, Shards},
    ShardError,
};

type MaxDisputes = <Runtime as quern_pallet_verification::Config>::MaxDisputes;

/// Blocks that a transaction of an apprentice's own turn lives in the pool.
const TURN_LIFE: Height = 64;

/// An account that owns less may have its credit paid out for free, where that is at least as much: afterwards it can pay. So a
/// claim is free once, until the account has spent that and earned anew.
const FREE_CLAIM: Balance = MILLI_QRN.saturating_mul(10);

/// What accounts owe in shards and disputes, and what apprentices have for free beside that.
pub struct Owed;

/// A call as moves of the protocol.
enum Move {
    /// In shards: one, or those of a commitment.
    Shards(Vec<(ShardId, Event)>),
    /// In a dispute. Only who moves and how counts for being owed, so what is moved is left out.
    Dispute(DisputeId, Play),
}

impl Duties<RuntimeCall> for Owed {
    fn moves(call: &RuntimeCall) -> u32 {
        match call {
            RuntimeCall::Jobs(JobsCall::commit_shards { commits }) => commits.len() as u32,
            RuntimeCall::Workers(
                WorkersCall::set_ready { .. } | WorkersCall::update { .. } | WorkersCall::retire { .. },
            ) => 1,
            RuntimeCall::Rewards(RewardsCall::claim {}) => 1,
            RuntimeCall::Jobs(JobsCall::start_shard { .. } | JobsCall::decline_shard { .. }) => 1,
            RuntimeCall::Verification(
                VerificationCall::open_checkpoints { .. }
                | VerificationCall::demand_opening { .. }
                | VerificationCall::answer_opening { .. }
                | VerificationCall::commit_audit { .. }
                | VerificationCall::reveal_results { .. }
                | VerificationCall::reveal_audit { .. }
                | VerificationCall::open_dispute { .. }
                | VerificationCall::post_trace { .. }
                | VerificationCall::name_operator { .. }
                | VerificationCall::demand_output { .. }
                | VerificationCall::open_subtrees { .. }
                | VerificationCall::open_chunk { .. }
                | VerificationCall::convict { .. }
                | VerificationCall::convict_length { .. }
                | VerificationCall::claim_unavailable { .. }
                | VerificationCall::report_inputs { .. }
                | VerificationCall::answer_leaf { .. }
                | VerificationCall::name_ids { .. }
                | VerificationCall::pick_id { .. }
                | VerificationCall::prove_ends { .. }
                | VerificationCall::post_outline { .. }
                | VerificationCall::name_in_part { .. },
            ) => 1,
            _ => 0,
        }
    }

    fn proxied(call: &RuntimeCall) -> Option<(Account, &RuntimeCall)> {
        match call {
            RuntimeCall::Proxy(ProxyCall::proxy { real: Address::Id(real), call, .. }) => {
                Some((real.clone().into(), call))
            }
            _ => None,
        }
    }

    fn may_act(signer: &Account, call: &RuntimeCall) -> bool {
        let RuntimeCall::Proxy(ProxyCall::proxy { real: Address::Id(real), force_proxy_type, call }) = call else {
            return false;
        };
        // The proxy that the call would take, as the pallet finds it: with a delay it has to announce what it does.
        pallet_proxy::Pallet::<Runtime>::find_proxy(real, &(*signer).into(), *force_proxy_type)
            .is_ok_and(|proxy| proxy.delay == 0 && proxy.proxy_type.filter(call))
    }

    fn owed(who: &Account, call: &RuntimeCall) -> Option<Duty> {
        let (kind, played) = match call {
            RuntimeCall::Jobs(call) => (kind::<Jobs>(call), in_job(who, call)?),
            RuntimeCall::Verification(call) => (kind::<Verification>(call), in_verification(who, call)?),
            RuntimeCall::Workers(_) if Self::moves(call) > 0 => return own_turn(who),
            RuntimeCall::Rewards(RewardsCall::claim {}) => return free_claim(who),
            _ => return None,
        };
        match played {
            Move::Shards(moves) => {
                let shards: BTreeSet<ShardId> = moves.iter().map(|(id, _)| *id).collect();
                if shards.len() != moves.len() {
                    return None;
                }
                let subjects = moves.iter().map(|(id, event)| subject(kind, id, event)).collect();
                let by = moves.into_iter().map(|(id, event)| in_shard(who, &id, event)).collect::<Option<Vec<_>>>()?;
                Some(Duty { subjects, by: by.into_iter().min()? })
            }
            Move::Dispute(id, play) => {
                let dispute = Disputes::<Runtime>::get(id)?;
                let now = Jobs::moment();
                dispute.admits(&play, now.reached()).ok()?;
                // What a proof authenticates anybody may send, but only one owes it.
                (dispute.owed_by() == who).then_some(())?;
                Some(Duty { subjects: vec![(kind, id).encode()], by: dispute.by.saturating_add(now.lag_blocks) })
            }
        }
    }
}

/// An apprentice may own nothing that could pay for its entry's upkeep, so now and then it has a call of that for free.
fn own_turn(who: &Account) -> Option<Duty> {
    let subjects = vec![b"turn".to_vec()];
    Workers::has_free_turn(&(*who).into())
        .then(|| Duty { subjects, by: System::block_number().saturating_add(TURN_LIFE) })
}

/// What a worker without a balance has earned is all that it could pay a claim with.
fn free_claim(who: &Account) -> Option<Duty> {
    let account = (*who).into();
    let may = Balances::free_balance(&account) < FREE_CLAIM && Rewards::credit_of(&account) >= FREE_CLAIM;
    may.then(|| Duty { subjects: vec![b"claim".to_vec()], by: System::block_number().saturating_add(TURN_LIFE) })
}

/// Names a kind of call.
fn kind<P: PalletInfoAccess>(call: &impl GetCallIndex) -> (u8, u8) {
    (P::index() as u8, call.get_call_index())
}

/// What the move is about, as bytes that no other move of the account has: a worker may owe several leaves of a shard.
fn subject(kind: (u8, u8), id: &ShardId, event: &Event) -> Vec<u8> {
    match event {
        Event::AnswerLeaf(position) => (kind, id, position).encode(),
        _ => (kind, id).encode(),
    }
}

fn in_job(who: &Account, call: &JobsCall<Runtime>) -> Option<Move> {
    let by = *who;
    Some(Move::Shards(match call {
        JobsCall::start_shard { shard } => vec![(*shard, Event::Start(by))],
        JobsCall::decline_shard { shard } => vec![(*shard, Event::Decline(by))],
        JobsCall::commit_shards { commits } if Verification::has_room() => {
            let commit = |(shard, root, secret_hash): &(ShardId, _, _)| {
                (*shard, Event::Commit { by, root: *root, secret_hash: *secret_hash })
            };
            commits.iter().map(commit).collect()
        }
        _ => return None,
    }))
}

fn in_verification(who: &Account, call: &VerificationCall<Runtime>) -> Option<Move> {
    use VerificationCall as Call;
    let by = *who;
    let one = |shard: &ShardId, event| Some(Move::Shards(vec![(*shard, event)]));
    let play = |dispute: &DisputeId, play| Some(Move::Dispute(*dispute, play));
    match call {
        Call::open_checkpoints { shard, digest } => one(shard, Event::Open { by, digest: *digest }),
        Call::demand_opening { shard } => one(shard, Event::Demand(by)),
        Call::answer_opening { shard, .. } => one(shard, Event::Answer(Vec::new())),
        Call::commit_audit { shard, seal } => one(shard, Event::Seal { by, seal: *seal }),
        Call::reveal_results { shard, digest } => one(shard, Event::Results { by, digest: *digest }),
        Call::reveal_audit { shard, salt, results, holds_outputs } => {
            one(shard, Event::Reveal { by, salt: *salt, results: *results, holds_outputs: *holds_outputs })
        }
        // Without a bond: a drawn validator that differs owes its dispute. Whoever challenges an accepted shard owes nothing
        // yet, and the one that has a dispute under way owes its moves there.
        Call::open_dispute { shard, position, .. } if Disputes::<Runtime>::count() < MaxDisputes::get() => {
            one(shard, Event::Challenge { by, position: *position, bond: 0 })
        }
        Call::post_trace { dispute, .. } => {
            let trace = Trace { state: Default::default(), outputs: Default::default() };
            play(dispute, Play::Trace { by, trace })
        }
        Call::post_outline { dispute, .. } => {
            let outline = Outline { state: Default::default(), results: Default::default(), parts: Default::default() };
            play(dispute, Play::Outline { by, outline })
        }
        Call::name_in_part { dispute, op, .. } => play(dispute, Play::NameInPart { by, op: *op, earlier: Vec::new() }),
        Call::name_operator { dispute, op } => play(dispute, Play::Name { by, op: *op }),
        Call::demand_output { dispute, index } => play(dispute, Play::Demand { by, index: *index }),
        Call::open_subtrees { dispute, .. } => play(dispute, Play::Subtrees { values: Vec::new() }),
        Call::open_chunk { dispute, .. } => play(dispute, Play::Chunk { bytes: Vec::new() }),
        Call::convict { dispute, element, .. } => {
            play(dispute, Play::Convict { by, element: *element, output: None, reads: Vec::new() })
        }
        Call::convict_length { dispute, len, .. } => {
            play(dispute, Play::ConvictLength { by, len: *len, proof: SliceProof::default() })
        }
        // Instead of the seal that it owes a drawn validator may say that it is not served what it needs.
        Call::claim_unavailable { shard, inputs_missing } => {
            one(shard, Event::Unavailable { by, inputs_missing: *inputs_missing })
        }
        Call::report_inputs { shard, available } => one(shard, Event::Inputs { by, available: *available }),
        Call::answer_leaf { shard, position, .. } => one(shard, Event::AnswerLeaf(*position)),
        Call::name_ids { dispute, .. } => play(dispute, Play::Ids { by, ids: Vec::new() }),
        Call::pick_id { dispute, index } => play(dispute, Play::Pick { by, index: *index }),
        Call::prove_ends { dispute, .. } => {
            let end = LeafProof { id: Default::default(), secret: Default::default(), proof: SliceProof::default() };
            play(dispute, Play::Prove { start: None, end })
        }
        _ => None,
    }
}

/// The last height for an event in a shard, if `who` owes it now.
fn in_shard(who: &Account, id: &ShardId, event: Event) -> Option<Height> {
    let shard = Jobs::shard(id)?;
    let by = match event {
        Event::Answer(_) | Event::AnswerLeaf(_) if shard.deal()?.worker != *who => return None,
        // An accepted shard is anybody's to challenge, for a bond.
        Event::Challenge { .. } if shard.window().is_some() => return None,
        Event::AnswerLeaf(position) => shard.window()?.demands.iter().find(|demand| demand.position == position)?.by,
        _ => shard.expires()?.checked_sub(1)?,
    };
    let now = Jobs::moment();
    match shard.step_at(event, now, Clock::period_of(now.height), &Jobs::params()) {
        // The ids of an answer are known only when its proofs have been checked, which is not cheap.
        Ok(_) | Err(ShardError::DigestMismatch) => Some(by.saturating_add(now.lag_blocks)),
        Err(_) => None,
    }
}

// SPDX-License-Identifier: Apache-2.0
//! Evidence of offences against consensus: two signed blocks or votes, and who authored what in a session.

use super::Verified;
use crate::output;
use anyhow::Context;
use codec::{Decode, Encode};
use quern_primitives::{
    offence::{idleness_ppm, report_evidence, ConsensusOffence, OffenceId, MIN_EXPECTED_BLOCKS},
    traits::OffenceKind,
    Account, Height,
};
use quern_sdk::chain::{consensus::SessionAuthors, Chain};
use sp_core::{crypto::KeyTypeId, H256};
use sp_runtime::{generic, traits::BlakeTwo256, Perbill};
use sp_session::MembershipProof;
use sp_trie::{LayoutV0, StorageProof, Trie, TrieDBBuilder};

type Header = generic::Header<Height, BlakeTwo256>;
type Blocks = sp_consensus_babe::EquivocationProof<Header>;
type Votes = sp_consensus_grandpa::EquivocationProof<H256, Height>;

/// Two things that one key has signed, and that nobody may sign both.
#[derive(Clone, Debug)]
enum Proof {
    /// Two blocks in one slot.
    Blocks(Box<Blocks>),
    /// Two votes in one round.
    Votes(Box<Votes>),
}

impl Proof {
    /// Whether both are signed by the key that is named, differ, and are for one slot or round.
    fn holds(&self) -> bool {
        match self {
            Self::Blocks(proof) => sp_consensus_babe::check_equivocation_proof((**proof).clone()),
            Self::Votes(proof) => sp_consensus_grandpa::check_equivocation_proof((**proof).clone()),
        }
    }

    /// The kind of the key, and the key.
    fn key(&self) -> (KeyTypeId, Vec<u8>) {
        let bytes = |key: &dyn AsRef<[u8]>| key.as_ref().to_vec();
        match self {
            Self::Blocks(proof) => (sp_consensus_babe::KEY_TYPE, bytes(&proof.offender)),
            Self::Votes(proof) => (sp_consensus_grandpa::KEY_TYPE, bytes(proof.offender())),
        }
    }

    /// What they are, in words.
    fn name(&self) -> String {
        match self {
            Self::Blocks(proof) => format!("two blocks of slot {}", *proof.slot),
            Self::Votes(proof) => format!("two votes of round {} of set {}", proof.round(), proof.set_id()),
        }
    }
}

/// Looks for a proof in a transaction, wherever its call, a batch or a proxy has it: what holds proves itself.
fn find(extrinsic: &[u8]) -> Option<(Proof, MembershipProof)> {
    (0..extrinsic.len()).find_map(|at| {
        let blocks = decode::<Blocks>(extrinsic, at).map(|(proof, owner)| (Proof::Blocks(proof.into()), owner));
        let votes = || decode::<Votes>(extrinsic, at).map(|(proof, owner)| (Proof::Votes(proof.into()), owner));
        blocks.filter(|(proof, _)| proof.holds()).or_else(|| votes().filter(|(proof, _)| proof.holds()))
    })
}

fn decode<T: Decode>(bytes: &[u8], at: usize) -> Option<(T, MembershipProof)> {
    Decode::decode(&mut bytes.get(at..)?).ok()
}

/// Whose key it is, by the trie of a session's validators and their keys.
fn owner(root: [u8; 32], (kind, key): &(KeyTypeId, Vec<u8>), proof: &MembershipProof) -> Option<Account> {
    let nodes = StorageProof::new(proof.trie_nodes.iter().cloned()).into_memory_db::<BlakeTwo256>();
    let root = H256(root);
    let trie = TrieDBBuilder::<LayoutV0<BlakeTwo256>>::new(&nodes, &root).build();
    let index = trie.get(&(kind, key).encode()).ok()??;
    let index = u32::decode(&mut index.as_slice()).ok()?;
    let account = trie.get(&index.encode()).ok()??;
    Account::decode(&mut account.as_slice()).ok()
}

/// What `offenders` of `validators` that equivocate lose each, in parts per million of their stakes: `min((3 k / n)^2, 1)`, rounded as
/// the chain does.
fn equivocation_ppm(offenders: u32, validators: u32) -> u32 {
    Perbill::from_rational(offenders.saturating_mul(3), validators.max(1)).square().deconstruct().div_ceil(1_000)
}

/// Fetches the evidence of an offence against consensus and checks it.
pub async fn check(
    chain: &Chain,
    id: OffenceId,
    offence: &ConsensusOffence,
    share_ppm: u32,
    extrinsic: Option<u32>,
    at: Height,
) -> anyhow::Result<Verified> {
    let before = chain.block_hash(at.saturating_sub(1)).await?;
    let mut verified = Verified {
        offence: id,
        kind: format!("{:?}", offence.kind),
        offender: output::address(&offence.offender),
        shard: None,
        session: Some(offence.session),
        block: at,
        extrinsic,
        evidence: (offence.evidence != [0; 32]).then(|| output::full(&offence.evidence)),
        hash_matches: None,
        outcome: None,
        stands: false,
        reason: String::new(),
    };
    (verified.stands, verified.reason) = if offence.kind == OffenceKind::Idleness {
        let authors = chain.session_authors(before).await.with_context(|| {
            format!(
                "who authored what is in the state of block {}: ask a node that keeps all states",
                at.saturating_sub(1)
            )
        })?;
        idle(&authors, offence, share_ppm)
    } else {
        let index = extrinsic.context("the offence names no extrinsic: it was not reported by a call")?;
        let extrinsics = chain.extrinsics(chain.block_hash(at).await?).await?;
        let bytes = extrinsics.get(index as usize).with_context(|| format!("block {at} has no extrinsic {index}"))?;
        let hash_matches = report_evidence(bytes) == offence.evidence;
        verified.hash_matches = Some(hash_matches);
        let root = chain.session_root(before, offence.session).await?;
        let root = root.with_context(|| {
            format!("the keys of session {} are not in the state before block {at}", offence.session)
        })?;
        if hash_matches {
            equivocation(bytes, root, offence, share_ppm)
        } else {
            (false, format!("extrinsic {index} of block {at} does not have the hash that stands in the offence"))
        }
    };
    Ok(verified)
}

/// Whether a transaction shows that the offender equivocated, and the share is the one for as many offenders as are named; the
/// session's root and number of validators as the chain has them.
fn equivocation(
    extrinsic: &[u8],
    (root, validators): ([u8; 32], u32),
    offence: &ConsensusOffence,
    share_ppm: u32,
) -> (bool, String) {
    let Some((proof, membership)) = find(extrinsic) else {
        return (false, "nothing in the transaction is signed twice by one key for one slot or round".into());
    };
    let (name, key) = (proof.name(), proof.key());
    let shown = format!("{name} are signed by 0x{}", hex::encode(&key.1));
    let due = equivocation_ppm(offence.offenders, validators).saturating_sub(offence.before_ppm);
    match owner(root, &key, &membership) {
        Some(owner) if owner == offence.offender && membership.session == offence.session => {
            if validators != offence.validators || due != share_ppm {
                let (k, n) = (offence.offenders, offence.validators);
                return (
                    false,
                    format!("{shown}, the offender's key; but {k} of {n} make a share of {due} parts per million, not {share_ppm}"),
                );
            }
            let of = format!("{} of {validators}", offence.offenders);
            (true, format!("{shown}, which was the offender's key in session {}. Nobody may sign both. The share is that for {of}", offence.session))
        }
        Some(owner) => (
            false,
            format!("{shown}, which was the key of {} in session {}", output::address(&owner), membership.session),
        ),
        None => (false, format!("{shown}, which nobody of session {} has shown to be its key", offence.session)),
    }
}

/// Whether the state at the end of a session shows that the offender was idle, and the share is the one for as many.
fn idle(authors: &SessionAuthors, offence: &ConsensusOffence, share_ppm: u32) -> (bool, String) {
    let SessionAuthors { session, blocks, validators } = authors;
    let count = validators.len() as u32;
    let mine = validators.iter().find(|author| author.account == offence.offender);
    let idle = validators.iter().filter(|author| author.blocks == 0 && !author.disabled).count() as u32;
    let expected = blocks.checked_div(count).unwrap_or(0);
    let due = idleness_ppm(idle, count);
    let reason = match mine {
        _ if *session != offence.session => {
            format!("the block before ended session {session}, and not {}", offence.session)
        }
        None => format!("the account was no validator of session {session}"),
        Some(author) if author.disabled => "the chain kept it from authoring".into(),
        Some(author) if author.blocks > 0 => format!("it authored {} of the session's {blocks} blocks", author.blocks),
        _ if expected < MIN_EXPECTED_BLOCKS => {
            format!(
                "only {expected} blocks were expected of each validator: less than {MIN_EXPECTED_BLOCKS} may be chance"
            )
        }
        _ if due != share_ppm => {
            format!("the share for {idle} idle of {count} is {due} parts per million and not {share_ppm}")
        }
        Some(_) => {
            let reason = format!(
                "it authored none of the {blocks} blocks of session {session}, of which {expected} were expected of it; {idle} of {count} \
                 were idle"
            );
            return (true, reason);
        }
    };
    (false, reason)
}

#[cfg(test)]
mod tests;

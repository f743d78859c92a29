// SPDX-License-Identifier: Apache-2.0
//! Evidence made with real keys: what shows an equivocation, and what does not.

use super::*;
use quern_sdk::chain::consensus::SessionAuthor;
use sp_consensus_babe::digests::{CompatibleDigestItem, PreDigest, SecondaryPlainPreDigest};
use sp_core::{ed25519, sr25519, Pair};
use sp_runtime::{traits::Header as _, Digest, DigestItem};
use sp_trie::{trie_types::TrieDBMutBuilderV0, MemoryDB, TrieMut};

const BOB: Account = [2; 32];
const EVE: Account = [5; 32];
const SESSION: u32 = 3;
/// What one of four loses: (3 / 4)^2.
const ONE_OF_FOUR: u32 = 562_500;

fn blocks_key() -> sr25519::Pair {
    sr25519::Pair::from_string("//Bob", None).unwrap()
}

fn votes_key() -> ed25519::Pair {
    ed25519::Pair::from_string("//Bob", None).unwrap()
}

/// The root of a session in which Bob has these keys, and the proof of it.
fn keys_of_bob() -> ([u8; 32], MembershipProof) {
    let mut nodes = MemoryDB::<BlakeTwo256>::default();
    let mut root = Default::default();
    {
        let mut trie = TrieDBMutBuilderV0::<BlakeTwo256>::new(&mut nodes, &mut root).build();
        let index = 1u32.encode();
        trie.insert(&(sp_consensus_babe::KEY_TYPE, blocks_key().public().0.to_vec()).encode(), &index).unwrap();
        trie.insert(&(sp_consensus_grandpa::KEY_TYPE, votes_key().public().0.to_vec()).encode(), &index).unwrap();
        trie.insert(&index, &BOB.encode()).unwrap();
    }
    let trie_nodes = nodes.drain().into_values().map(|(node, _)| node).collect();
    (root.0, MembershipProof { session: SESSION, trie_nodes, validator_count: 4 })
}

/// A header of Bob's.
fn header(slot: u64, content: u8) -> Header {
    let digest = PreDigest::SecondaryPlain(SecondaryPlainPreDigest { authority_index: 1, slot: slot.into() });
    let digest = Digest { logs: vec![DigestItem::babe_pre_digest(digest)] };
    let mut header = Header::new(9, H256::repeat_byte(content), H256::zero(), H256::zero(), digest);
    let signature = blocks_key().sign(header.hash().as_bytes());
    header.digest.logs.push(DigestItem::babe_seal(signature.into()));
    header
}

fn blocks(first: Header, second: Header) -> Blocks {
    let offender = blocks_key().public().into();
    Blocks { offender, slot: 7.into(), first_header: first, second_header: second }
}

fn votes(targets: [u8; 2]) -> Votes {
    let vote = |target: u8| {
        let prevote = (H256::repeat_byte(target), 5u32);
        let payload = sp_consensus_grandpa::localized_payload(8, 2, &(0u8, prevote));
        (prevote, votes_key().sign(&payload))
    };
    // The set, the kind of vote, the round, the voter, and both votes.
    let bytes = (2u64, 0u8, 8u64, votes_key().public(), vote(targets[0]), vote(targets[1])).encode();
    Votes::decode(&mut bytes.as_slice()).unwrap()
}

/// A transaction with this proof, in a call of some call.
fn extrinsic(proof: impl Encode) -> Vec<u8> {
    let nested = [4u8, 2, 0, 1, 4, 2, 1];
    [nested.to_vec(), proof.encode(), keys_of_bob().1.encode()].concat()
}

fn offence(kind: OffenceKind) -> ConsensusOffence {
    ConsensusOffence {
        kind,
        offender: BOB,
        session: SESSION,
        offenders: 1,
        validators: 4,
        before_ppm: 0,
        reporter: None,
        evidence: [1; 32],
    }
}

fn stands(extrinsic: &[u8], offence: &ConsensusOffence, share_ppm: u32) -> bool {
    equivocation(extrinsic, (keys_of_bob().0, 4), offence, share_ppm).0
}

#[test]
fn equivocation_should_stand_when_one_key_signed_two_blocks_or_votes() {
    let bob = offence(OffenceKind::Equivocation);
    assert!(stands(&extrinsic(blocks(header(7, 1), header(7, 2))), &bob, ONE_OF_FOUR));
    assert!(stands(&extrinsic(votes([1, 2])), &bob, ONE_OF_FOUR));
    // The rest of a share, after a slash for a part of it.
    let rest = ConsensusOffence { offenders: 2, before_ppm: ONE_OF_FOUR, ..bob };
    assert!(stands(&extrinsic(votes([1, 2])), &rest, 1_000_000 - ONE_OF_FOUR));
}

#[test]
fn equivocation_should_not_stand_when_both_are_one_or_of_two_slots() {
    let bob = offence(OffenceKind::Equivocation);
    let one = header(7, 1);
    assert!(!stands(&extrinsic(blocks(one.clone(), one)), &bob, ONE_OF_FOUR));
    assert!(!stands(&extrinsic(blocks(header(7, 1), header(8, 2))), &bob, ONE_OF_FOUR));
    assert!(!stands(&extrinsic(votes([1, 1])), &bob, ONE_OF_FOUR));
    assert!(!stands(&[], &bob, ONE_OF_FOUR));
}

#[test]
fn equivocation_should_not_stand_when_a_signature_is_another_key_s() {
    let bob = offence(OffenceKind::Equivocation);
    let mut forged = header(7, 2);
    forged.digest.logs.pop();
    let eve = sr25519::Pair::from_string("//Eve", None).unwrap().sign(forged.hash().as_bytes());
    forged.digest.logs.push(DigestItem::babe_seal(eve.into()));
    assert!(!stands(&extrinsic(blocks(header(7, 1), forged)), &bob, ONE_OF_FOUR));
}

#[test]
fn equivocation_should_not_stand_when_the_key_is_not_the_offenders_in_that_session() {
    let extrinsic = extrinsic(votes([1, 2]));
    let bob = offence(OffenceKind::Equivocation);
    assert!(!stands(&extrinsic, &ConsensusOffence { offender: EVE, ..bob.clone() }, ONE_OF_FOUR));
    assert!(!stands(&extrinsic, &ConsensusOffence { session: SESSION + 1, ..bob.clone() }, ONE_OF_FOUR));
    assert!(!equivocation(&extrinsic, ([9; 32], 4), &bob, ONE_OF_FOUR).0);
}

#[test]
fn equivocation_should_not_stand_when_the_share_is_another() {
    let extrinsic = extrinsic(votes([1, 2]));
    let bob = offence(OffenceKind::Equivocation);
    assert!(!stands(&extrinsic, &bob, ONE_OF_FOUR + 1));
    assert!(!equivocation(&extrinsic, (keys_of_bob().0, 5), &bob, ONE_OF_FOUR).0);
}

/// Reports as the runtime of a chain of four makes them for its node (`runtime/tests/validators`): what they are, the transaction, and the
/// root of the session's keys as `historical.HistoricalSessions` has it.
#[test]
fn equivocation_should_stand_when_a_runtime_has_made_the_report() {
    let bob = sr25519::Pair::from_string("//Bob", None).unwrap().public().0;
    let offence = ConsensusOffence { offender: bob, session: 0, ..offence(OffenceKind::Equivocation) };
    let reports: Vec<_> = include_str!("reports.hex").lines().collect();
    assert_eq!(reports.len(), 2);
    for (report, expected) in reports.iter().zip(["two blocks of slot 1008", "two votes of round 7 of set 0"]) {
        let [name, extrinsic, root] = report.split(' ').collect::<Vec<_>>().try_into().unwrap();
        let (extrinsic, root) = (hex::decode(extrinsic).unwrap(), hex::decode(root).unwrap());
        let (stands, reason) = equivocation(&extrinsic, (root.try_into().unwrap(), 4), &offence, ONE_OF_FOUR);
        assert!(stands && reason.starts_with(expected), "{name}: {reason}");
    }
}

/// A session of four: Bob and another authored nothing.
fn authors() -> SessionAuthors {
    let author = |account, blocks| SessionAuthor { account, blocks, disabled: false };
    let validators = vec![author([1; 32], 100), author(BOB, 0), author([3; 32], 0), author([4; 32], 60)];
    SessionAuthors { session: SESSION, blocks: 160, validators }
}

#[test]
fn idleness_should_stand_when_the_state_counts_no_block() {
    let bob = offence(OffenceKind::Idleness);
    // One more than a failed machine: 3 / 4 of 7 %.
    assert!(idle(&authors(), &bob, 52_500).0);
    assert!(!idle(&authors(), &bob, 0).0);
}

#[test]
fn idleness_should_not_stand_when_the_account_authored_or_need_not() {
    let bob = offence(OffenceKind::Idleness);
    let without = |change: fn(&mut SessionAuthors)| {
        let mut authors = authors();
        change(&mut authors);
        idle(&authors, &bob, 52_500).0
    };
    assert!(!without(|authors| authors.validators[1].blocks = 1));
    assert!(!without(|authors| authors.validators[1].disabled = true));
    assert!(!without(|authors| authors.blocks = 4 * MIN_EXPECTED_BLOCKS - 1));
    assert!(!without(|authors| authors.session += 1));
    assert!(!idle(&authors(), &ConsensusOffence { offender: EVE, ..bob.clone() }, 52_500).0);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(32))]

    /// Whatever bytes a node says a block has.
    #[test]
    fn proofs_should_be_looked_for_in_any_bytes(bytes in proptest::collection::vec(0u8..=255, 0..400)) {
        proptest::prop_assert!(find(&bytes).is_none());
    }

    /// A proof of which a byte was changed is none, or the same act.
    #[test]
    fn proofs_should_not_survive_a_change(at in 0usize..1_000, to in 0u8..=255) {
        let mut bytes = extrinsic(votes([1, 2]));
        let at = at % bytes.len();
        bytes[at] = to;
        if let Some((proof, _)) = find(&bytes) {
            proptest::prop_assert_eq!(proof.key().1, votes_key().public().0.to_vec());
            proptest::prop_assert_eq!(proof.name(), "two votes of round 8 of set 2");
        }
    }
}

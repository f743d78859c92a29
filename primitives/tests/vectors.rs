// SPDX-License-Identifier: Apache-2.0
//! The test vectors of `docs/protocol.md`, computed again. The book and the code cannot disagree.

use quern_primitives::{
    commitment::{
        audit_seal, leaf, leaf_list, leaf_secret, opened_digest, results_digest, secret_hash, task_seed, LeafProof,
    },
    draw::{draw_segments, join_runs, race, seed, Draw, SegmentCosts},
    plant::{decoy_hash, PlantedResult},
    slice::{
        chunk_values, max_proof_len, open_subtrees, proof_len, prove, prove_length, verify, verify_length,
        verify_subtrees, Node,
    },
    BlobId, ShardId,
};
use std::collections::BTreeMap;

/// The book's chapter on encodings.
const BOOK: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/protocol.md"));
/// Every vector of this crate has a name that starts with one of these.
const SECTIONS: [&str; 7] = ["blob.", "list.", "tag.", "slice.", "draw.", "commit.", "plant."];

const SHARD_SECRET: [u8; 32] = [0x11; 32];
const WORKER: [u8; 32] = [0x22; 32];
const AUDITOR: [u8; 32] = [0x33; 32];
const SALT: [u8; 32] = [0x44; 32];
const GENESIS: [u8; 32] = [0x55; 32];
const RANDOMNESS: [u8; 32] = [0x66; 32];
const SHARD: ShardId = ShardId { job: 7, stage: 1, index: 3 };

/// Byte `i` is `i mod 251`, as in BLAKE3's own vectors.
fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i % 251) as u8).collect()
}

fn list(values: impl IntoIterator<Item = impl ToString>) -> String {
    values.into_iter().map(|value| value.to_string()).collect::<Vec<_>>().join(" ")
}

fn digest(bytes: &[u8]) -> String {
    format!("{} bytes, BLAKE3 {}", bytes.len(), BlobId::of(bytes))
}

/// The ids of a shard of 4 leaves.
fn ids() -> Vec<BlobId> {
    (0..4u8).map(|i| BlobId::of(&[i])).collect()
}

fn vectors() -> BTreeMap<&'static str, String> {
    let mut vectors = BTreeMap::new();
    let mut pin = |name, value: String| assert!(vectors.insert(name, value).is_none(), "{name} twice");

    pin("blob.empty", BlobId::of(b"").to_string());
    pin("blob.pattern.1025", BlobId::of(&pattern(1_025)).to_string());
    pin("list.ids.4", BlobId::of_list(&ids()).to_string());
    pin("tag.draw", hex::encode(seed(b"audit", &RANDOMNESS, &SHARD)));

    let short = pattern(1_025);
    pin("slice.1025.last", hex::encode(prove(&short, 1_024..1_025).0));
    let long = pattern(10_000);
    let id = BlobId::of(&long);
    for (name, range) in
        [("slice.10000.head", 0..1), ("slice.10000.run", 2_000..5_000), ("slice.10000.whole", 0..10_000)]
    {
        let proof = prove(&long, range.clone());
        verify(&id, 10_000, range.clone(), &proof).expect("honest");
        assert_eq!(proof_len(10_000, range), proof.0.len() as u64);
        pin(name, digest(&proof.0));
    }
    let length = prove_length(&long);
    verify_length(&id, 10_000, &length).expect("honest");
    pin("slice.10000.length", digest(&length.0));
    pin("slice.max.1GiB.11008", max_proof_len(1 << 30, 11_008).to_string());
    let large = pattern(200_000);
    let root = Node::root(200_000);
    let opening = open_subtrees(&large, root).expect("a node");
    let subtrees = verify_subtrees(200_000, root, &BlobId::of(&large).0, &opening).expect("honest");
    pin("slice.200000.opening", format!("{} values, BLAKE3 {}", opening.len(), BlobId::of(&opening.concat())));
    let last = subtrees.last().expect("some");
    pin("slice.200000.last", format!("{} + {} = {}", last.0.first_chunk, last.0.chunks, hex::encode(last.1)));
    let chunks = chunk_values(&pattern(35_168));
    pin("slice.35168.first", hex::encode(chunks[0]));
    pin("slice.35168.last", format!("{} of {}", hex::encode(chunks[chunks.len() - 1]), chunks.len()));

    let mut draw = Draw::new([0; 32]);
    pin("draw.below.1000", list((0..8).map(|_| draw.below(1_000))));
    let mut draw = Draw::new([0; 32]);
    pin("draw.below.3x2^62", list((0..4).map(|_| draw.below(3 << 62))));
    let mut draw = Draw::new([0; 32]);
    pin("draw.below_wide.10^30", list((0..3).map(|_| draw.below_wide(10u128.pow(30)))));
    let weights = [5, 0, 1, 10, 4];
    let mut draw = Draw::new([1; 32]);
    pin("draw.weighted", list((0..10).filter_map(|_| draw.weighted(&weights))));
    pin("draw.weighted_without_replacement", list(Draw::new([1; 32]).weighted_without_replacement(&weights, 5)));
    let entrants: Vec<([u8; 32], u128)> = weights.iter().zip(0u8..).map(|(weight, who)| ([who; 32], *weight)).collect();
    pin("draw.race", list((1u8..4).map(|seed| race(&[seed; 32], &entrants)).collect::<Vec<_>>().concat()));
    let costs = SegmentCosts { init: 100, body: 1_000, steps: 6, finish: 400, has_loop: true };
    let segments = draw_segments(&mut Draw::new([2; 32]), 4, &costs, 10);
    pin("draw.segments", list(&segments));
    pin("draw.runs", list(join_runs(&segments, 8).iter().map(|(start, len)| format!("{start}+{len}"))));
    let plain = SegmentCosts { finish: 400, ..SegmentCosts::default() };
    pin("draw.segments.plain", list(draw_segments(&mut Draw::new([2; 32]), 1_024, &plain, 8)));

    let ids = ids();
    let secret = leaf_secret(&SHARD_SECRET, 2);
    pin("commit.secret_hash", hex::encode(secret_hash(&SHARD_SECRET)));
    pin("commit.leaf_secret", hex::encode(secret));
    pin("commit.leaf", hex::encode(leaf(&secret, &WORKER, &SHARD, 2, &ids[2])));
    let leaves = leaf_list(&SHARD_SECRET, &WORKER, &SHARD, &ids);
    let root = BlobId::of(&leaves);
    LeafProof::new(&leaves, &SHARD_SECRET, 2, ids[2]).verify(&root, 4, &WORKER, &SHARD, 2).expect("honest");
    pin("commit.root", root.to_string());
    let (opened, results) = (opened_digest(&SHARD, &ids[..1]), results_digest(&SHARD, &ids[1..3]));
    pin("commit.opened", hex::encode(opened));
    pin("commit.results", hex::encode(results));
    pin("commit.audit_seal", hex::encode(audit_seal(&SALT, &AUDITOR, &SHARD, &opened, &results)));
    pin("commit.task_seed", hex::encode(task_seed(&GENESIS, 7, 1, 42, &RANDOMNESS)));

    let planted = PlantedResult { shard: SHARD, attempt: 2, worker: WORKER, root };
    pin("plant.hash", hex::encode(planted.hash(&AUDITOR, &SALT)));
    pin("plant.decoy", hex::encode(decoy_hash(&AUDITOR, &SALT)));
    vectors
}

/// The vectors that the book gives: lines of the form `name = value`.
fn book() -> BTreeMap<&'static str, &'static str> {
    BOOK.lines()
        .filter_map(|line| line.split_once(" = "))
        .filter(|(name, _)| SECTIONS.iter().any(|section| name.starts_with(section)))
        .collect()
}

#[test]
fn vectors_should_be_those_of_the_book_when_computed_again() {
    let book = book();
    let mut wrong = String::new();
    for (name, value) in vectors() {
        if book.get(name) != Some(&value.as_str()) {
            wrong += &format!("{name} = {value}\n");
        }
    }
    assert!(wrong.is_empty(), "docs/protocol.md should say:\n{wrong}");
}

#[test]
fn book_should_have_no_vector_that_is_not_computed() {
    let vectors = vectors();
    for name in book().keys() {
        assert!(vectors.contains_key(name), "{name}");
    }
}

// SPDX-License-Identifier: Apache-2.0

use super::{tree::parent, *};
use crate::BlobId;
use alloc::{collections::BTreeSet, vec, vec::Vec};
use core::ops::Range;
use proptest::prelude::*;

/// Bytes without period at any power of two.
fn blob(len: u64) -> Vec<u8> {
    (0..len).map(|i| (i.wrapping_mul(2_654_435_761) >> 7) as u8 ^ (i % 251) as u8).collect()
}

/// Lengths at which the shape of the tree changes, and their neighbours.
fn lengths() -> Vec<u64> {
    let mut lengths: BTreeSet<u64> = BTreeSet::from([0, 1, 2, 63, 64, 65]);
    for chunks in [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 15, 16, 17, 31, 32, 33, 63, 64] {
        let len = chunks * CHUNK_LEN;
        lengths.extend([len - 1, len, len + 1]);
    }
    lengths.into_iter().collect()
}

/// Ranges around every interesting place of a blob.
fn ranges(len: u64) -> Vec<Range<u64>> {
    let mut ends: BTreeSet<u64> = BTreeSet::from([0, 1, len / 2, len.saturating_sub(1), len, len + 1, len + 5_000]);
    for chunk in [1, 2, 3, 7, 8, 31] {
        ends.extend([chunk * CHUNK_LEN - 1, chunk * CHUNK_LEN, chunk * CHUNK_LEN + 1]);
    }
    ends.iter().flat_map(|&start| ends.iter().filter(move |&&end| start <= end).map(move |&end| start..end)).collect()
}

fn check(bytes: &[u8], range: Range<u64>) {
    let len = bytes.len() as u64;
    let proof = prove(bytes, range.clone());
    let slice = verify(&BlobId::of(bytes), len, range.clone(), &proof).expect("honest");
    let proven = slice.range();
    assert_eq!(slice.as_bytes(), &bytes[proven.start as usize..proven.end as usize], "{len} {range:?}");
    let clipped = range.start.min(len)..range.end.min(len);
    assert_eq!(
        slice.bytes(clipped.clone()),
        Some(&bytes[clipped.start as usize..clipped.end as usize]),
        "{len} {range:?}"
    );
    assert_eq!(proof.0.len() as u64, proof_len(len, range.clone()), "{len} {range:?}");
    assert!(
        proof_len(len, range.clone()) <= max_proof_len(len, range.end.saturating_sub(range.start)),
        "{len} {range:?}"
    );
}

#[test]
fn verify_should_accept_when_honest_at_every_boundary() {
    for len in lengths() {
        let bytes = blob(len);
        for range in ranges(len) {
            check(&bytes, range);
        }
    }
}

#[test]
fn root_should_be_the_blake3_hash_when_folded_from_chunks() {
    fn fold(bytes: &[u8], node: Node, is_root: bool) -> Cv {
        match node.children() {
            Some((left, right)) => parent(&fold(bytes, left, false), &fold(bytes, right, false), is_root),
            None => node.value_in(bytes, is_root).unwrap(),
        }
    }
    for len in lengths() {
        let bytes = blob(len);
        assert_eq!(fold(&bytes, Node::root(len), true), *blake3::hash(&bytes).as_bytes(), "{len}");
    }
}

#[test]
fn proof_should_be_the_bytes_themselves_when_the_blob_is_one_chunk() {
    for len in [0, 1, 1_023, 1_024] {
        let bytes = blob(len);
        assert_eq!(prove(&bytes, 0..1).0, bytes);
        assert_eq!(prove_length(&bytes).0, bytes);
    }
}

#[test]
fn empty_range_should_prove_the_chunk_it_starts_in() {
    let bytes = blob(3_000);
    let id = BlobId::of(&bytes);
    for (at, chunk) in [(0, 0), (1_023, 0), (1_024, 1), (2_048, 2), (3_000, 2), (u64::MAX, 2)] {
        let slice = verify(&id, 3_000, at..at, &prove(&bytes, at..at)).unwrap();
        assert_eq!(slice.range().start, chunk * CHUNK_LEN);
        assert_eq!(slice.as_bytes().len() as u64, chunk_len(3_000, chunk));
    }
}

#[test]
fn verify_should_refuse_when_any_byte_is_changed() {
    for (len, range) in [(1, 0..1), (1_024, 5..9), (1_025, 1_024..1_025), (2_049, 0..2_049), (5_000, 2_000..3_100)] {
        let bytes = blob(len);
        let id = BlobId::of(&bytes);
        let mut proof = prove(&bytes, range.clone());
        for at in 0..proof.0.len() {
            for flip in [1, 0x80, 0xff] {
                proof.0[at] ^= flip;
                assert_eq!(verify(&id, len, range.clone(), &proof), Err(SliceError::Mismatch), "{len} {range:?} {at}");
                proof.0[at] ^= flip;
            }
        }
    }
}

#[test]
fn verify_should_refuse_when_truncated_or_extended() {
    for (len, range) in [(1, 0..1), (1_025, 0..1), (5_000, 2_000..3_100)] {
        let bytes = blob(len);
        let id = BlobId::of(&bytes);
        let proof = prove(&bytes, range.clone());
        for count in 0..proof.0.len() {
            let cut = SliceProof(proof.0[..count].to_vec());
            assert_eq!(verify(&id, len, range.clone(), &cut), Err(SliceError::Missing), "{len} {count}");
        }
        let mut longer = proof.clone();
        longer.0.push(0);
        assert_eq!(verify(&id, len, range.clone(), &longer), Err(SliceError::Trailing));
    }
}

#[test]
fn verify_should_refuse_when_the_id_is_another() {
    let bytes = blob(5_000);
    assert_eq!(verify(&BlobId([0; 32]), 5_000, 0..1, &prove(&bytes, 0..1)), Err(SliceError::Mismatch));
}

/// The proof a liar would make of `bytes` for a claimed length: the nodes that the claimed tree wants, from the true tree
/// wherever it has them, else filled from the true bytes.
fn stretched(bytes: &[u8], claimed: u64, range: Range<u64>) -> SliceProof {
    let mut other = bytes.to_vec();
    other.resize(claimed as usize, 0);
    prove(&other, range)
}

#[test]
fn verify_length_should_accept_only_the_true_length() {
    for len in lengths().into_iter().filter(|len| *len <= 17 * CHUNK_LEN + 1) {
        let bytes = blob(len);
        let id = BlobId::of(&bytes);
        let honest = prove_length(&bytes);
        for claimed in lengths().into_iter().filter(|claimed| *claimed <= 33 * CHUNK_LEN) {
            for proof in [honest.clone(), stretched(&bytes, claimed, claimed..claimed)] {
                assert_eq!(
                    verify_length(&id, claimed, &proof).is_ok(),
                    claimed == len && proof == honest,
                    "{len} {claimed}"
                );
            }
        }
        for claimed in [u64::MAX, u64::MAX - 1, 1 << 63, 1 << 40] {
            assert!(verify_length(&id, claimed, &honest).is_err());
        }
    }
}

#[test]
fn verify_should_yield_only_authentic_bytes_when_the_length_is_wrong() {
    let mut passed = 0;
    for len in lengths().into_iter().filter(|len| (1..=17 * CHUNK_LEN + 1).contains(len)) {
        let bytes = blob(len);
        let id = BlobId::of(&bytes);
        for claimed in lengths().into_iter().filter(|claimed| *claimed <= 33 * CHUNK_LEN && *claimed != len) {
            for range in [0..1, 1_024..1_025, 3_000..3_001, len - 1..len, 0..len, claimed..claimed] {
                for proof in [prove(&bytes, range.clone()), stretched(&bytes, claimed, range.clone())] {
                    if let Ok(slice) = verify(&id, claimed, range.clone(), &proof) {
                        let proven = slice.range();
                        assert_eq!(bytes.get(proven.start as usize..proven.end as usize), Some(slice.as_bytes()));
                        passed += 1;
                    }
                }
            }
        }
    }
    assert!(passed > 0, "5 and 6 chunks share their left half");
}

#[test]
fn list_entry_should_verify_only_at_its_position() {
    for entries in [1u64, 31, 32, 33, 100] {
        let ids: Vec<BlobId> = (0..entries).map(|i| BlobId::of(&i.to_le_bytes())).collect();
        let list: Vec<u8> = ids.iter().flat_map(|id| id.0).collect();
        let root = BlobId::of_list(&ids);
        for position in 0..entries {
            let proof = prove_list_entry(&list, position);
            assert_eq!(verify_list_entry(&root, entries, position, &proof), Ok(ids[position as usize]));
        }
        let proof = prove_list_entry(&list, entries);
        for past in [entries, u64::MAX] {
            assert_eq!(verify_list_entry(&root, entries, past, &proof), Err(SliceError::OutOfRange));
        }
        assert_eq!(verify_list_entry(&root, u64::MAX, 0, &proof), Err(SliceError::OutOfRange));
    }
}

#[test]
fn slice_bytes_should_be_none_when_not_proven() {
    let bytes = blob(5_000);
    let slice = verify(&BlobId::of(&bytes), 5_000, 1_500..1_501, &prove(&bytes, 1_500..1_501)).unwrap();
    assert_eq!(slice.range(), 1_024..2_048);
    assert_eq!(slice.offset(), 1_024);
    assert_eq!(slice.bytes(1_024..2_048), Some(&bytes[1_024..2_048]));
    assert_eq!(slice.bytes(1_023..1_030), None);
    assert_eq!(slice.bytes(2_047..2_049), None);
    #[allow(clippy::reversed_empty_ranges)]
    let reversed = 1_030..1_029;
    assert_eq!(slice.bytes(reversed), None);
}

#[test]
fn max_proof_len_should_be_reached_when_a_run_crosses_the_middle() {
    for len in lengths() {
        for run in [0, 1, 2, 31, 32, 1_023, 1_024, 1_025, 1_026, 2_050, 5_000, 11_008] {
            let longest = (0..len.max(1)).map(|start| proof_len(len, start..start + run)).max().unwrap();
            let bound = max_proof_len(len, run);
            assert!(longest <= bound, "{len} {run}: {longest} > {bound}");
            let count = chunk_count(len);
            let half = Node::root(len).children().map_or(0, |(left, _)| left.chunks);
            let beyond = run.saturating_sub(1).div_ceil(CHUNK_LEN);
            // The last chunk may be short, so the run must end before it.
            if half > 0 && half + beyond < count {
                assert_eq!(longest, bound, "{len} {run}");
            }
        }
    }
}

#[test]
fn proof_lengths_should_not_overflow_when_absurd() {
    for len in [u64::MAX, u64::MAX - 1_023, 1 << 63] {
        for range in [0..u64::MAX, 0..1, u64::MAX..u64::MAX, 1 << 62..1 << 63] {
            assert!(proof_len(len, range.clone()) <= max_proof_len(len, range.end - range.start), "{len} {range:?}");
        }
    }
    assert_eq!(max_proof_len(u64::MAX, u64::MAX), u64::MAX);
}

#[test]
fn proof_len_should_fit_the_conviction_when_a_row_is_11008_bytes() {
    // Two rows of one matrix product of K = 11,008 in tensors of 512 MiB, and the output's chunk: DESIGN.md says 29 KiB.
    let len = 512 << 20;
    assert!(2 * max_proof_len(len, 11_008) + max_proof_len(len, 1) <= 32 * 1_024);
}

/// Walks from the root to a chunk as a dispute does.
fn walk(bytes: &[u8], chunk: u64) -> u32 {
    let len = bytes.len() as u64;
    let (mut node, mut value, mut moves) = (Node::root(len), BlobId::of(bytes).0, 0);
    while node.chunks > 1 {
        let opening = open_subtrees(bytes, node).unwrap();
        assert!(opening.len() <= OPENING_WIDTH);
        let subtrees = verify_subtrees(len, node, &value, &opening).unwrap();
        (node, value) = *subtrees.iter().find(|(sub, _)| sub.meets(&(chunk..chunk + 1))).unwrap();
        assert!(node.is_in(len));
        moves += 1;
    }
    assert_eq!(node.first_chunk, chunk);
    verify_chunk(len, chunk, &value, node.of(bytes).unwrap()).unwrap();
    moves
}

#[test]
fn walk_should_reach_every_chunk_when_honest() {
    for len in lengths() {
        let bytes = blob(len);
        for chunk in 0..chunk_count(len) {
            assert!(walk(&bytes, chunk) <= if len > 64 * CHUNK_LEN { 2 } else { 1 });
        }
    }
    let bytes = blob(65 * CHUNK_LEN);
    assert_eq!((walk(&bytes, 0), walk(&bytes, 64)), (2, 1));
    let bytes = blob((64 * 64 + 1) * CHUNK_LEN);
    assert_eq!((walk(&bytes, 77), walk(&bytes, 4_096)), (3, 1));
}

#[test]
fn verify_subtrees_should_refuse_when_anything_differs() {
    let bytes = blob(100 * CHUNK_LEN);
    let len = bytes.len() as u64;
    let id = BlobId::of(&bytes).0;
    let root = Node::root(len);
    let opening = open_subtrees(&bytes, root).unwrap();
    for at in 0..opening.len() {
        for byte in [0, 31] {
            let mut wrong = opening.clone();
            wrong[at][byte] ^= 1;
            assert_eq!(verify_subtrees(len, root, &id, &wrong), Err(SliceError::Mismatch));
        }
    }
    assert_eq!(verify_subtrees(len, root, &id, &opening[1..]), Err(SliceError::WrongCount));
    assert_eq!(verify_subtrees(len, root, &id, &[]), Err(SliceError::WrongCount));
    let longer: Vec<Cv> = opening.iter().copied().chain([[0; 32]]).collect();
    assert_eq!(verify_subtrees(len, root, &id, &longer), Err(SliceError::WrongCount));
    let (left, _) = root.children().unwrap();
    assert_eq!(verify_subtrees(len, left, &id, &open_subtrees(&bytes, left).unwrap()), Err(SliceError::Mismatch));
    assert_eq!(verify_subtrees(len + CHUNK_LEN, root, &id, &opening), Err(SliceError::NotANode));
    let chunk = Node { first_chunk: 3, chunks: 1 };
    assert_eq!(verify_subtrees(len, chunk, &id, &[]), Err(SliceError::SingleChunk));
    assert_eq!(open_subtrees(&bytes, chunk), Err(SliceError::SingleChunk));
    assert_eq!(open_subtrees(&bytes, Node { first_chunk: 1, chunks: 2 }), Err(SliceError::NotANode));
}

#[test]
fn verify_chunk_should_refuse_when_anything_differs() {
    let bytes = blob(2_500);
    let value = Node { first_chunk: 1, chunks: 1 }.value_in(&bytes, false).unwrap();
    let chunk = &bytes[1_024..2_048];
    assert_eq!(verify_chunk(2_500, 1, &value, chunk), Ok(()));
    assert_eq!(verify_chunk(2_500, 0, &value, chunk), Err(SliceError::Mismatch));
    assert_eq!(verify_chunk(2_500, 3, &value, chunk), Err(SliceError::NotANode));
    assert_eq!(verify_chunk(2_500, 1, &value, &chunk[1..]), Err(SliceError::WrongChunkLength));
    assert_eq!(verify_chunk(2_500, 1, &value, &vec![0; 1_024]), Err(SliceError::Mismatch));
    assert_eq!(verify_chunk(0, 0, &BlobId::of(b"").0, b""), Ok(()));
    assert_eq!(verify_chunk(u64::MAX, u64::MAX, &value, chunk), Err(SliceError::NotANode));
}

#[test]
fn chunk_values_should_be_those_that_chunks_are_checked_against() {
    for len in lengths() {
        let bytes = blob(len);
        let values = chunk_values(&bytes);
        assert_eq!(values.len() as u64, chunk_count(len));
        for (index, value) in (0..).zip(&values) {
            let chunk = Node { first_chunk: index, chunks: 1 }.of(&bytes).unwrap();
            assert_eq!(verify_chunk(len, index, value, chunk), Ok(()));
        }
    }
}

#[test]
fn children_should_split_like_blake3_when_there_are_two() {
    for len in lengths().into_iter().filter(|len| *len > CHUNK_LEN) {
        let (left, right) = Node::root(len).children().unwrap();
        assert_eq!(left.bytes(len).end, blake3::hazmat::left_subtree_len(len));
        assert_eq!(right.bytes(len), left.bytes(len).end..len);
    }
    assert_eq!(Node { first_chunk: 0, chunks: 0 }.children(), None);
    assert_eq!(Node { first_chunk: 5, chunks: 1 }.children(), None);
    assert_eq!(Node { first_chunk: u64::MAX, chunks: u64::MAX }.children(), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn verify_should_accept_when_honest(bytes in proptest::collection::vec(any::<u8>(), 0..70_000), a in 0u64..72_000, b in 0u64..72_000) {
        check(&bytes, a.min(b)..a.max(b));
        prop_assert_eq!(verify_length(&BlobId::of(&bytes), bytes.len() as u64, &prove_length(&bytes)), Ok(()));
    }

    #[test]
    fn verify_should_refuse_when_a_random_byte_is_changed(
        len in 1u64..1_000_000, a in any::<u64>(), run in 0u64..3_000, at in any::<prop::sample::Index>(), flip in 1u8..,
    ) {
        let bytes = blob(len);
        let range = a % len..a % len + run;
        let mut proof = prove(&bytes, range.clone());
        let at = at.index(proof.0.len());
        proof.0[at] ^= flip;
        prop_assert_eq!(verify(&BlobId::of(&bytes), len, range, &proof), Err(SliceError::Mismatch));
    }

    #[test]
    fn nothing_should_panic_when_everything_is_made_up(
        id in any::<[u8; 32]>(), len in any::<u64>(), start in any::<u64>(), end in any::<u64>(),
        bytes in proptest::collection::vec(any::<u8>(), 0..3_000),
        node in (any::<u64>(), any::<u64>()), values in proptest::collection::vec(any::<[u8; 32]>(), 0..70),
    ) {
        let proof = SliceProof(bytes.clone());
        let node = Node { first_chunk: node.0, chunks: node.1 };
        prop_assert!(verify(&BlobId(id), len, start..end, &proof).is_err());
        prop_assert!(verify_length(&BlobId(id), len, &proof).is_err());
        prop_assert!(verify_subtrees(len, node, &id, &values).is_err());
        prop_assert!(verify_chunk(len, start, &id, &bytes).is_err());
        prop_assert!(verify_chunk(bytes.len() as u64, start, &id, &bytes).is_err());
        let _ = (open_subtrees(&bytes, node), node.children(), node.bytes(len), node.is_in(len));
        let _ = (proof_len(len, start..end), max_proof_len(len, start), prove(&bytes, start..end));
    }
}

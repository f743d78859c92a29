// SPDX-License-Identifier: Apache-2.0
//! How many bytes slice proofs take: BLAKE3's tree over chunks of 1 KiB, in pre-order, 64 bytes a parent.

/// Bytes of a chunk.
pub const CHUNK_BYTES: u64 = 1024;
/// Bytes of a parent in a proof.
pub const PARENT_BYTES: u64 = 64;
/// Two runs with a smaller gap never touch more chunks together than apart, so they are proven as one.
pub const MERGED_GAP_BYTES: u64 = CHUNK_BYTES;
/// Longest blob of which an input may be a part. Offsets are multiples of the element's size, so no element straddles chunks.
pub const MAX_INPUT_BLOB_BYTES: u64 = 1 << 30;

/// Number of chunks of a blob of `len` bytes; the empty blob has one.
pub fn chunks(len: u64) -> u64 {
    len.div_ceil(CHUNK_BYTES).max(1)
}

/// Most bytes of the proof of a run of `run` bytes of elements of `element` bytes, wherever it lies in a blob of at most
/// `blob` bytes.
pub fn worst_proof_bytes(blob: u64, run: u64, element: u64) -> u64 {
    let all = chunks(blob);
    let touched = chunks_after(run.saturating_sub(element)).min(all);
    let (mut parents, mut width) = (0u64, 1u64);
    while width < all {
        width = width.saturating_mul(2);
        let nodes = all.div_ceil(width).min(touched.saturating_sub(1).div_ceil(width).saturating_add(1));
        parents = parents.saturating_add(nodes);
    }
    touched.saturating_mul(CHUNK_BYTES).saturating_add(parents.saturating_mul(PARENT_BYTES))
}

/// Most chunks of a run whose last element starts `distance` bytes after its first.
fn chunks_after(distance: u64) -> u64 {
    distance.div_ceil(CHUNK_BYTES).saturating_add(1)
}

/// Bytes of the proof of bytes `start..start + len` of a blob of `blob` bytes.
pub fn proof_bytes(blob: u64, start: u64, len: u64) -> u64 {
    let all = chunks(blob);
    let chunk_of = |byte: u64| (byte / CHUNK_BYTES).min(all.saturating_sub(1));
    let first = chunk_of(start);
    let last = chunk_of(start.saturating_add(len.saturating_sub(1)));
    let touched = last.saturating_sub(first).saturating_add(1);
    touched.saturating_mul(CHUNK_BYTES).saturating_add(parents(0, all, first, last).saturating_mul(PARENT_BYTES))
}

/// Parents of the tree over `count` chunks from `offset` that cover any of the chunks `first..=last`.
fn parents(offset: u64, count: u64, first: u64, last: u64) -> u64 {
    let end = offset.saturating_add(count);
    if count < 2 || last < offset || first >= end {
        return 0;
    }
    let left = count.next_power_of_two() / 2;
    parents(offset, left, first, last)
        .saturating_add(parents(offset.saturating_add(left), count.saturating_sub(left), first, last))
        .saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn left_subtree_should_be_the_largest_power_of_two_below_the_count() {
        for (count, parents_of_first) in [(1, 0), (2, 1), (3, 2), (4, 2), (5, 3), (8, 3), (9, 4)] {
            assert_eq!(parents(0, count, 0, 0), parents_of_first, "{count}");
        }
        assert_eq!(parents(0, 9, 8, 8), 1);
        assert_eq!(parents(0, 9, 0, 8), 8);
    }

    #[test]
    fn widest_product_should_fit_when_both_rows_are_of_inputs() {
        let bytes = 2 * worst_proof_bytes(MAX_INPUT_BLOB_BYTES, 11_008, 1) + worst_proof_bytes(64 << 20, 1024, 1024);
        assert!(bytes <= 32 << 10, "{bytes}");
    }

    proptest! {
        #[test]
        fn worst_proof_should_bound_every_proof_when_runs_are_aligned(
            blob in 1u64..200_000, start in 0u64..200_000, run in 1u64..50_000, shift in 0u32..3,
        ) {
            let element = 1 << shift;
            let blob = blob.next_multiple_of(element);
            let start = (start % blob) / element * element;
            let run = run.next_multiple_of(element).min(blob - start);
            prop_assert!(proof_bytes(blob, start, run) <= worst_proof_bytes(blob, run, element));
            prop_assert!(worst_proof_bytes(blob, run, element) <= worst_proof_bytes(MAX_INPUT_BLOB_BYTES, run, element));
        }
    }
}

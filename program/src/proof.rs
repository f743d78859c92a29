// SPDX-License-Identifier: Apache-2.0
//! How many bytes the slice proofs of an operator's inputs take.

use quern_primitives::{
    job::MAX_LEAVES,
    slice::{max_proof_len, CHUNK_LEN, LIST_ENTRY_LEN},
};

/// Two runs with a smaller gap never touch more chunks together than apart, so they are proven as one.
pub const MERGED_GAP_BYTES: u64 = CHUNK_LEN;
/// Longest blob of which an input may be a part. Offsets are multiples of the element's size, so no element straddles chunks.
pub const MAX_INPUT_BLOB_BYTES: u64 = 1 << 30;
/// Bytes beside the slice proof of the entry that show the id of a listed blob or of an earlier output: id, secret, lengths.
const LINK_HEADER_BYTES: u64 = 128;

/// Most bytes of the proof of a run of `run` bytes of elements of `element` bytes, wherever it lies in a blob of at most
/// `blob` bytes.
pub fn worst_proof_bytes(blob: u64, run: u64, element: u64) -> u64 {
    max_proof_len(blob, run.saturating_sub(element).saturating_add(1))
}

/// Most bytes that show the id of a listed blob or of an earlier output.
pub fn link_bytes() -> u64 {
    let list = u64::from(MAX_LEAVES).saturating_mul(LIST_ENTRY_LEN);
    worst_proof_bytes(list, LIST_ENTRY_LEN, LIST_ENTRY_LEN).saturating_add(LINK_HEADER_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use quern_primitives::slice::proof_len;

    #[test]
    fn widest_product_should_fit_when_both_rows_are_of_inputs() {
        let bytes = 2 * worst_proof_bytes(MAX_INPUT_BLOB_BYTES, 11_008, 1) + worst_proof_bytes(64 << 20, 1, 1);
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
            prop_assert!(proof_len(blob, start..start + run) <= worst_proof_bytes(blob, run, element));
            prop_assert!(worst_proof_bytes(blob, run, element) <= worst_proof_bytes(MAX_INPUT_BLOB_BYTES, run, element));
        }
    }
}

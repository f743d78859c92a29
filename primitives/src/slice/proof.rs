// SPDX-License-Identifier: Apache-2.0
//! Slice proofs.

use super::{
    tree::{chunk_count, chunk_len, parent, Cv, Node, CHUNK_LEN},
    SliceError,
};
use crate::BlobId;
use alloc::{vec, vec::Vec};
use codec::{Decode, DecodeWithMemTracking, Encode};
use core::ops::Range;
use scale_info::TypeInfo;

/// Bytes of one entry of a list blob.
pub const LIST_ENTRY_LEN: u64 = 32;
/// Bytes of a parent in a proof.
const PARENT_LEN: usize = 64;

/// The nodes of a blob's tree that meet a byte range, in pre-order: a parent as its two children's chaining values, a
/// chunk as its bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct SliceProof(pub Vec<u8>);

/// Bytes of a blob that a proof has shown: whole chunks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice {
    offset: u64,
    bytes: Vec<u8>,
}

impl Slice {
    /// Where in the blob the proven bytes start.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// All proven bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The proven range of the blob.
    pub fn range(&self) -> Range<u64> {
        self.offset..self.offset.saturating_add(self.bytes.len() as u64)
    }

    /// Bytes `range` of the blob; `None` unless all of them are proven.
    pub fn bytes(&self, range: Range<u64>) -> Option<&[u8]> {
        let start = usize::try_from(range.start.checked_sub(self.offset)?).ok()?;
        let end = usize::try_from(range.end.checked_sub(self.offset)?).ok()?;
        self.bytes.get(start..end)
    }
}

/// The chunks that prove `range`: those it meets, clipped to the blob; for an empty range the one it starts in; past the
/// end the last one.
fn chunks_of(len: u64, range: &Range<u64>) -> Range<u64> {
    let count = chunk_count(len);
    let first = range.start.checked_div(CHUNK_LEN).unwrap_or(0).min(count.saturating_sub(1));
    first..range.end.div_ceil(CHUNK_LEN).clamp(first.saturating_add(1), count)
}

/// Proves bytes `range` of `blob`. The range is clipped to the blob; an empty one proves the chunk it starts in.
pub fn prove(blob: &[u8], range: Range<u64>) -> SliceProof {
    let len = blob.len() as u64;
    let mut out = Vec::with_capacity(usize::try_from(proof_len(len, range.clone())).unwrap_or(0));
    // A node of the tree of the blob's own length always has a value.
    let _ = write(blob, Node::root(len), true, &chunks_of(len, &range), &mut out);
    SliceProof(out)
}

/// Writes the nodes beneath `node` that meet `chunks`, and returns the node's value. Hashes every byte once.
fn write(blob: &[u8], node: Node, is_root: bool, chunks: &Range<u64>, out: &mut Vec<u8>) -> Option<Cv> {
    if !node.meets(chunks) {
        return node.value_in(blob, is_root);
    }
    let Some((left, right)) = node.children() else {
        out.extend_from_slice(node.of(blob)?);
        return node.value_in(blob, is_root);
    };
    let at = out.len();
    out.extend_from_slice(&[0; PARENT_LEN]);
    let left = write(blob, left, false, chunks, out)?;
    let right = write(blob, right, false, chunks, out)?;
    let (a, b) = out.get_mut(at..)?.get_mut(..PARENT_LEN)?.split_at_mut_checked(32)?;
    a.copy_from_slice(&left);
    b.copy_from_slice(&right);
    Some(parent(&left, &right, is_root))
}

/// Checks that `proof` shows bytes `range` of the blob `id`, which is `len` bytes long, and returns those bytes (whole
/// chunks).
///
/// Whatever `len` is claimed, only bytes that really stand at these offsets of the blob can come out; that the blob is
/// `len` bytes long is shown by [`verify_length`] alone.
pub fn verify(id: &BlobId, len: u64, range: Range<u64>, proof: &SliceProof) -> Result<Slice, SliceError> {
    let chunks = chunks_of(len, &range);
    let mut rest = proof.0.as_slice();
    let mut take = |count: usize| -> Result<&[u8], SliceError> {
        let (head, tail) = rest.split_at_checked(count).ok_or(SliceError::Missing)?;
        rest = tail;
        Ok(head)
    };
    let mut bytes = Vec::new();
    let mut open = vec![(Node::root(len), id.0)];
    while let Some((node, value)) = open.pop() {
        let is_root = node.chunks == chunk_count(len);
        let found = match node.children() {
            None => {
                let count = chunk_len(len, node.first_chunk);
                let chunk = take(usize::try_from(count).map_err(|_| SliceError::Missing)?)?;
                bytes.extend_from_slice(chunk);
                node.value(chunk, is_root).ok_or(SliceError::Mismatch)?
            }
            Some((left, right)) => {
                let left_value = to_cv(take(32)?)?;
                let right_value = to_cv(take(32)?)?;
                if right.meets(&chunks) {
                    open.push((right, right_value));
                }
                if left.meets(&chunks) {
                    open.push((left, left_value));
                }
                parent(&left_value, &right_value, is_root)
            }
        };
        if found != value {
            return Err(SliceError::Mismatch);
        }
    }
    if !rest.is_empty() {
        return Err(SliceError::Trailing);
    }
    Ok(Slice { offset: chunks.start.saturating_mul(CHUNK_LEN), bytes })
}

fn to_cv(bytes: &[u8]) -> Result<Cv, SliceError> {
    bytes.try_into().map_err(|_| SliceError::Missing)
}

fn entry_range(position: u64) -> Range<u64> {
    let start = position.saturating_mul(LIST_ENTRY_LEN);
    start..start.saturating_add(LIST_ENTRY_LEN)
}

/// Proves entry `position` of a list blob.
pub fn prove_list_entry(list: &[u8], position: u64) -> SliceProof {
    prove(list, entry_range(position))
}

/// Checks that `proof` shows entry `position` of the list blob `list`, which has `entries` entries, and returns it.
pub fn verify_list_entry(list: &BlobId, entries: u64, position: u64, proof: &SliceProof) -> Result<BlobId, SliceError> {
    let len = entries.checked_mul(LIST_ENTRY_LEN).ok_or(SliceError::OutOfRange)?;
    if position >= entries {
        return Err(SliceError::OutOfRange);
    }
    let slice = verify(list, len, entry_range(position), proof)?;
    to_cv(slice.bytes(entry_range(position)).ok_or(SliceError::Missing)?).map(BlobId)
}

/// Proves how long `blob` is: the proof of its last chunk.
pub fn prove_length(blob: &[u8]) -> SliceProof {
    let len = blob.len() as u64;
    prove(blob, len..len)
}

/// Checks that the blob `id` is `len` bytes long. No proof passes for any other length: a chunk's value depends on its
/// index and its length, and a parent is never a chunk.
pub fn verify_length(id: &BlobId, len: u64, proof: &SliceProof) -> Result<(), SliceError> {
    verify(id, len, len..len, proof).map(|_| ())
}

/// Exact number of bytes of the proof of `range` of a blob of `len` bytes.
pub fn proof_len(len: u64, range: Range<u64>) -> u64 {
    let chunks = chunks_of(len, &range);
    let mut total = 0u64;
    let mut open = vec![Node::root(len)];
    while let Some(node) = open.pop() {
        if !node.meets(&chunks) {
            continue;
        }
        if chunks.start <= node.first_chunk && node.end_chunk() <= chunks.end {
            let bytes = node.bytes(len);
            let parents = node.chunks.saturating_sub(1).saturating_mul(PARENT_LEN as u64);
            total = total.saturating_add(bytes.end.saturating_sub(bytes.start)).saturating_add(parents);
        } else if let Some((left, right)) = node.children() {
            total = total.saturating_add(PARENT_LEN as u64);
            open.push(right);
            open.push(left);
        }
    }
    total
}

/// Most bytes that the proof of `run` contiguous bytes of a blob of `len` bytes can have, wherever the run starts.
///
/// Never less than the longest such proof, and equal to it where a run that starts on the last byte of the left half of
/// the tree does not reach the blob's last chunk.
pub fn max_proof_len(len: u64, run: u64) -> u64 {
    let count = chunk_count(len);
    // A run of r >= 1 bytes that starts on the last byte of a chunk meets ceil((r - 1) / 1024) more.
    let beyond = run.saturating_sub(1).div_ceil(CHUNK_LEN);
    let chunks = beyond.saturating_add(1).min(count);
    let mut total = chunks.saturating_mul(CHUNK_LEN).min(len);
    let mut span = 1u64;
    while span < count {
        let half = span;
        span = span.saturating_mul(2);
        // Parents of this height: the whole blocks of `span` chunks, and the last block if it is more than half full.
        let rest = count.checked_rem(span).unwrap_or(0);
        let parents = count.checked_div(span).unwrap_or(0).saturating_add(u64::from(rest > half));
        let met = chunks.saturating_sub(1).div_ceil(span).saturating_add(1).min(parents);
        total = total.saturating_add(met.saturating_mul(PARENT_LEN as u64));
    }
    total
}

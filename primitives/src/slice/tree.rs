// SPDX-License-Identifier: Apache-2.0
//! The shape of BLAKE3's tree and the values of its nodes.

use blake3::hazmat::{merge_subtrees_non_root, merge_subtrees_root, HasherExt, Mode};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::ops::Range;
use scale_info::TypeInfo;

/// Bytes of a chunk, the leaf of BLAKE3's tree. Only the last chunk of a blob may be shorter.
pub const CHUNK_LEN: u64 = blake3::CHUNK_LEN as u64;

/// The chaining value of a node; of the root node, the blob's id.
pub type Cv = [u8; 32];

/// Number of chunks of a blob of `len` bytes. The empty blob has one, of no bytes.
pub const fn chunk_count(len: u64) -> u64 {
    let chunks = len.div_ceil(CHUNK_LEN);
    if chunks == 0 {
        1
    } else {
        chunks
    }
}

/// Number of bytes of chunk `index` of a blob of `len` bytes; 0 past the end.
pub const fn chunk_len(len: u64, index: u64) -> u64 {
    let rest = len.saturating_sub(index.saturating_mul(CHUNK_LEN));
    if rest < CHUNK_LEN {
        rest
    } else {
        CHUNK_LEN
    }
}

/// A node of the tree of a blob: the subtree over `chunks` chunks from `first_chunk` on.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Node {
    /// Its first chunk.
    pub first_chunk: u64,
    /// How many chunks it covers.
    pub chunks: u64,
}

impl Node {
    /// The root of the tree of a blob of `len` bytes.
    pub const fn root(len: u64) -> Self {
        Self { first_chunk: 0, chunks: chunk_count(len) }
    }

    /// The left and the right child; `None` if the node is a single chunk. The left one covers the largest power of two
    /// of chunks that is smaller than the whole.
    pub fn children(self) -> Option<(Self, Self)> {
        let left = 1u64.checked_shl(self.chunks.checked_sub(1)?.checked_ilog2()?)?;
        Some((
            Self { first_chunk: self.first_chunk, chunks: left },
            Self { first_chunk: self.first_chunk.checked_add(left)?, chunks: self.chunks.checked_sub(left)? },
        ))
    }

    /// Whether this is a node of the tree of a blob of `len` bytes.
    pub fn is_in(self, len: u64) -> bool {
        let mut at = Self::root(len);
        loop {
            if at == self {
                return true;
            }
            let Some((left, right)) = at.children() else {
                return false;
            };
            at = if self.first_chunk < right.first_chunk { left } else { right };
        }
    }

    /// The bytes it covers in a blob of `len` bytes.
    pub fn bytes(self, len: u64) -> Range<u64> {
        let end = self.end_chunk().saturating_mul(CHUNK_LEN).min(len);
        self.first_chunk.saturating_mul(CHUNK_LEN).min(end)..end
    }

    /// The chunk after its last one.
    pub(super) fn end_chunk(self) -> u64 {
        self.first_chunk.saturating_add(self.chunks)
    }

    /// Whether it covers one of `chunks`.
    pub(super) fn meets(self, chunks: &Range<u64>) -> bool {
        self.first_chunk < chunks.end && chunks.start < self.end_chunk()
    }

    /// Its chaining value, or the blob's id if it is the root. `bytes` are those it covers.
    /// The node must be one of the tree of some blob.
    pub(super) fn value(self, bytes: &[u8], is_root: bool) -> Option<Cv> {
        if is_root {
            return Some(*blake3::hash(bytes).as_bytes());
        }
        let offset = self.first_chunk.checked_mul(CHUNK_LEN)?;
        if bytes.is_empty() {
            return None;
        }
        Some(blake3::Hasher::new().set_input_offset(offset).update(bytes).finalize_non_root())
    }

    /// Its chaining value within the whole blob.
    pub(super) fn value_in(self, blob: &[u8], is_root: bool) -> Option<Cv> {
        self.value(self.of(blob)?, is_root)
    }

    /// The bytes it covers in the whole blob.
    pub(super) fn of(self, blob: &[u8]) -> Option<&[u8]> {
        let range = self.bytes(blob.len() as u64);
        blob.get(usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?)
    }
}

/// The value of the parent of two nodes.
pub(super) fn parent(left: &Cv, right: &Cv, is_root: bool) -> Cv {
    if is_root {
        *merge_subtrees_root(left, right, Mode::Hash).as_bytes()
    } else {
        merge_subtrees_non_root(left, right, Mode::Hash)
    }
}

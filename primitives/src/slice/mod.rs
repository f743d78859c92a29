// SPDX-License-Identifier: Apache-2.0
//! BLAKE3 slice proofs: bytes of a blob proven against its id, with the tree inside BLAKE3 itself.
//!
//! * [`prove`] and [`verify`]: some bytes of a blob.
//! * [`prove_list_entry`] and [`verify_list_entry`]: one id of a list blob.
//! * [`prove_length`] and [`verify_length`]: how long a blob is.
//! * [`open_subtrees`], [`verify_subtrees`] and [`verify_chunk`]: the walk of a dispute from a blob's id down to one chunk.
//!
//! The shape of the tree follows from the length alone, and the verifier always knows the length from its context, so
//! no proof carries one. `docs/protocol.md` holds the exact bytes.

mod opening;
mod proof;
#[cfg(test)]
mod tests;
mod tree;

pub use opening::{chunk_values, open_subtrees, verify_chunk, verify_subtrees, OPENING_LEVELS, OPENING_WIDTH};
pub use proof::{
    max_proof_len, proof_len, prove, prove_length, prove_list_entry, verify, verify_length, verify_list_entry, Slice,
    SliceProof, LIST_ENTRY_LEN,
};
pub use tree::{chunk_count, chunk_len, Cv, Node, CHUNK_LEN};

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::fmt;
use scale_info::TypeInfo;

/// Why a proof or an opening is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum SliceError {
    /// The proof ends before the last node it must hold.
    #[codec(index = 0)]
    Missing,
    /// Bytes follow the last node.
    #[codec(index = 1)]
    Trailing,
    /// A node does not hash to the value above it.
    #[codec(index = 2)]
    Mismatch,
    /// The position is past the end of the list or blob.
    #[codec(index = 3)]
    OutOfRange,
    /// The tree of a blob of this length has no such node.
    #[codec(index = 4)]
    NotANode,
    /// The node is a single chunk: there is nothing beneath it.
    #[codec(index = 5)]
    SingleChunk,
    /// An opening has more or fewer chaining values than the node has subtrees.
    #[codec(index = 6)]
    WrongCount,
    /// The chunk is longer or shorter than the blob's length says.
    #[codec(index = 7)]
    WrongChunkLength,
}

impl fmt::Display for SliceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "the proof ends before the last node it must hold",
            Self::Trailing => "bytes follow the last node of the proof",
            Self::Mismatch => "a node of the proof does not hash to the value above it",
            Self::OutOfRange => "the position is past the end",
            Self::NotANode => "the tree of a blob of this length has no such node",
            Self::SingleChunk => "the node is a single chunk, there is nothing beneath it",
            Self::WrongCount => "the opening has more or fewer chaining values than the node has subtrees",
            Self::WrongChunkLength => "the chunk is longer or shorter than the blob's length says",
        })
    }
}

impl core::error::Error for SliceError {}

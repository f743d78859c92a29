// SPDX-License-Identifier: Apache-2.0
//! The walk of a dispute down a blob's tree: six levels a move, then a chunk.

use super::{
    tree::{chunk_len, parent, Cv, Node},
    SliceError,
};
use alloc::vec::Vec;

/// Levels that one move opens.
pub const OPENING_LEVELS: u32 = 6;
/// Most chaining values of one move.
pub const OPENING_WIDTH: usize = 1 << OPENING_LEVELS;

/// Visits the subtrees that one move opens, from left to right, and folds their values into the node's own.
fn fold(
    node: Node,
    is_root: bool,
    levels: u32,
    subtree: &mut impl FnMut(Node) -> Result<Cv, SliceError>,
) -> Result<Cv, SliceError> {
    match (node.children(), levels.checked_sub(1)) {
        (Some((left, right)), Some(levels)) => {
            let left = fold(left, false, levels, subtree)?;
            let right = fold(right, false, levels, subtree)?;
            Ok(parent(&left, &right, is_root))
        }
        _ => subtree(node),
    }
}

/// Refuses a node that the tree of a blob of `len` bytes does not have, and one with nothing beneath it.
fn check(node: Node, len: u64) -> Result<(), SliceError> {
    if !node.is_in(len) {
        Err(SliceError::NotANode)
    } else if node.chunks < 2 {
        Err(SliceError::SingleChunk)
    } else {
        Ok(())
    }
}

/// The chaining values of the subtrees [`OPENING_LEVELS`] levels beneath `node` of `blob`, from left to right; a chunk
/// that is reached earlier stands for itself. At most [`OPENING_WIDTH`].
pub fn open_subtrees(blob: &[u8], node: Node) -> Result<Vec<Cv>, SliceError> {
    check(node, blob.len() as u64)?;
    let mut values = Vec::with_capacity(OPENING_WIDTH);
    fold(node, false, OPENING_LEVELS, &mut |subtree| {
        let value = subtree.value_in(blob, false).ok_or(SliceError::NotANode)?;
        values.push(value);
        Ok(value)
    })?;
    Ok(values)
}

/// Checks that `values` are the subtrees beneath `node`, whose own value is `value` (the blob's id for the root), of a
/// blob of `len` bytes, and returns each with its node.
pub fn verify_subtrees(len: u64, node: Node, value: &Cv, values: &[Cv]) -> Result<Vec<(Node, Cv)>, SliceError> {
    check(node, len)?;
    let mut rest = values.iter();
    let mut subtrees = Vec::with_capacity(OPENING_WIDTH);
    let found = fold(node, node == Node::root(len), OPENING_LEVELS, &mut |subtree| {
        let value = *rest.next().ok_or(SliceError::WrongCount)?;
        subtrees.push((subtree, value));
        Ok(value)
    })?;
    if rest.next().is_some() {
        Err(SliceError::WrongCount)
    } else if found != *value {
        Err(SliceError::Mismatch)
    } else {
        Ok(subtrees)
    }
}

/// The chaining values of all chunks of `blob`, from left to right; the blob's id if it has only one.
pub fn chunk_values(blob: &[u8]) -> Vec<Cv> {
    let root = Node::root(blob.len() as u64);
    let chunks = (0..root.chunks).map(|first_chunk| Node { first_chunk, chunks: 1 });
    chunks.filter_map(|chunk| chunk.value_in(blob, chunk == root)).collect()
}

/// Checks that `bytes` are chunk `index`, whose value is `value` (the blob's id if it is the only one), of a blob of
/// `len` bytes.
pub fn verify_chunk(len: u64, index: u64, value: &Cv, bytes: &[u8]) -> Result<(), SliceError> {
    let node = Node { first_chunk: index, chunks: 1 };
    if !node.is_in(len) {
        return Err(SliceError::NotANode);
    }
    if bytes.len() as u64 != chunk_len(len, index) {
        return Err(SliceError::WrongChunkLength);
    }
    match node.value(bytes, node == Node::root(len)) {
        Some(found) if found == *value => Ok(()),
        _ => Err(SliceError::Mismatch),
    }
}

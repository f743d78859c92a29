// SPDX-License-Identifier: Apache-2.0
//! A blob as a verified stream.
//!
//! The stream is the tree inside BLAKE3, in pre-order: each inner node as the chaining values of its two children (64 bytes),
//! each leaf as its bytes. Leaves are groups of 16 chunks ([`GROUP_BYTES`]), so the tree adds 0.4 %. Whoever knows the id and
//! the length knows the shape of the tree, so the stream carries no other framing, and every item can be checked when it
//! arrives: nothing unverified is ever kept.

use bytes::Bytes;
use quern_primitives::BlobId;

use blake3::hazmat::{left_subtree_len, merge_subtrees_non_root, merge_subtrees_root, ChainingValue, HasherExt, Mode};

/// Most bytes of a leaf.
pub const GROUP_BYTES: u64 = 16 * 1024;
/// Most bytes of a blob that is moved: blobs are held in memory whole.
pub const MAX_BLOB_BYTES: u64 = 1 << 32;

/// The blob's id and the items of its stream.
pub fn encode(bytes: &Bytes) -> (BlobId, Vec<Bytes>) {
    let mut items = Vec::new();
    let id = encode_subtree(bytes, 0, true, &mut items);
    (BlobId(id), items)
}

fn encode_subtree(bytes: &Bytes, offset: u64, is_root: bool, items: &mut Vec<Bytes>) -> ChainingValue {
    let len = bytes.len() as u64;
    let position = items.len();
    items.push(bytes.clone());
    if len <= GROUP_BYTES {
        return hash_leaf(bytes, offset, is_root);
    }
    let left_len = left_subtree_len(len);
    let left = encode_subtree(&bytes.slice(..left_len as usize), offset, false, items);
    let right = encode_subtree(&bytes.slice(left_len as usize..), offset + left_len, false, items);
    items[position] = [left, right].concat().into();
    hash_parent(&left, &right, is_root)
}

fn hash_leaf(bytes: &[u8], offset: u64, is_root: bool) -> ChainingValue {
    let mut hasher = blake3::Hasher::new();
    if is_root {
        return *hasher.update(bytes).finalize().as_bytes();
    }
    hasher.set_input_offset(offset).update(bytes).finalize_non_root()
}

fn hash_parent(left: &ChainingValue, right: &ChainingValue, is_root: bool) -> ChainingValue {
    if is_root {
        return *merge_subtrees_root(left, right, Mode::Hash).as_bytes();
    }
    merge_subtrees_non_root(left, right, Mode::Hash)
}

/// An item does not belong to the blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongItem;

/// Takes the items of a stream and checks each against what came before it.
///
/// ```
/// use quern_sdk::net::stream::{encode, Decoder};
///
/// let bytes = vec![7; 100_000].into();
/// let (id, items) = encode(&bytes);
/// let mut decoder = Decoder::new(id, bytes.len() as u64).unwrap();
/// for item in &items {
///     assert_eq!(decoder.wants(), Some(item.len()));
///     decoder.take(item).unwrap();
/// }
/// assert_eq!(decoder.finish().unwrap(), bytes);
/// ```
#[derive(Debug)]
pub struct Decoder {
    /// The subtrees still to come, the next one last.
    pending: Vec<Subtree>,
    bytes: Vec<u8>,
    taken: u64,
}

#[derive(Clone, Copy, Debug)]
struct Subtree {
    hash: ChainingValue,
    offset: u64,
    len: u64,
    is_root: bool,
}

impl Decoder {
    /// A decoder of the blob with this id and length; none if it exceeds [`MAX_BLOB_BYTES`].
    pub fn new(id: BlobId, len: u64) -> Option<Self> {
        let root = Subtree { hash: id.0, offset: 0, len, is_root: true };
        (len <= MAX_BLOB_BYTES).then(|| Self { pending: vec![root], bytes: Vec::new(), taken: 0 })
    }

    /// The length of the next item, or none when the blob is complete.
    pub fn wants(&self) -> Option<usize> {
        let next = self.pending.last()?;
        Some(if next.len <= GROUP_BYTES { next.len as usize } else { 64 })
    }

    /// How many items it has taken: what a stream that goes on from here leaves out.
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// How many bytes of the blob have come.
    pub fn arrived(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Takes the next item. A wrong one changes nothing: the right one may still come.
    pub fn take(&mut self, item: &[u8]) -> Result<(), WrongItem> {
        if self.wants() != Some(item.len()) {
            return Err(WrongItem);
        }
        let Some(Subtree { hash, offset, len, is_root }) = self.pending.last().copied() else { return Err(WrongItem) };
        if len <= GROUP_BYTES {
            if hash_leaf(item, offset, is_root) != hash {
                return Err(WrongItem);
            }
            self.pending.pop();
            self.taken += 1;
            self.bytes.extend_from_slice(item);
            return Ok(());
        }
        let (Some(left), Some(right)) = (item.first_chunk::<32>(), item.last_chunk::<32>()) else {
            return Err(WrongItem);
        };
        if hash_parent(left, right, is_root) != hash {
            return Err(WrongItem);
        }
        self.pending.pop();
        self.taken += 1;
        let left_len = left_subtree_len(len);
        let child = |hash: &ChainingValue, offset, len| Subtree { hash: *hash, offset, len, is_root: false };
        self.pending.push(child(right, offset + left_len, len - left_len));
        self.pending.push(child(left, offset, left_len));
        Ok(())
    }

    /// The blob, if every item came. It is handed out once.
    pub fn finish(&mut self) -> Option<Bytes> {
        self.pending.is_empty().then(|| std::mem::take(&mut self.bytes).into())
    }
}

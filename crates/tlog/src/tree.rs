//! The Merkle tree: hashes, node coordinates, and the frontier that appends leaves.
//!
//! A node `(level, index)` is the root of the complete subtree over the leaves `index * 2^level` up to
//! `(index + 1) * 2^level`; level 0 holds the leaf hashes. Only complete subtrees are stored, so a stored node
//! never changes: storage is insert-only.
//!
//! Not here: proofs and root hashes from stored nodes ([`crate::proof`]), the storage itself.
//!
//! Source: RFC 9162, section 2.1.1 (definition of the Merkle tree), 2.1.2 (the stack of a growing tree).
//! Invariant: the peak at level `l` of a [`Frontier`] is meaningful exactly when bit `l` of its size is set.

use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher;

use sha2::{Digest, Sha256};

use crate::error::Error;

/// A SHA-256 hash of a leaf, a node or a whole tree.
pub type Hash = [u8; 32];

/// The root hash of the tree without leaves: SHA-256 of no bytes.
pub const EMPTY_ROOT: Hash = [
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27,
    0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
];

/// The largest tree, in leaves: the largest index that fits the signed 64-bit column of a database.
pub const MAX_TREE_SIZE: u64 = i64::MAX as u64;

const LEAF_PREFIX: u8 = 0x00;
const NODE_PREFIX: u8 = 0x01;

/// Hashes the body of an entry to its leaf hash: SHA-256 of the byte 0x00 and the body.
#[must_use]
pub fn leaf_hash(body: &[u8]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update([LEAF_PREFIX]);
    hasher.update(body);
    hasher.finalize().into()
}

/// Hashes two children to their parent: SHA-256 of the byte 0x01, the left and the right hash.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [0_u8; 65];
    bytes[0] = NODE_PREFIX;
    bytes[1..33].copy_from_slice(left);
    bytes[33..].copy_from_slice(right);
    Sha256::digest(bytes).into()
}

/// Reads a hash from bytes of unknown length.
///
/// # Errors
/// [`Error::HashLength`] when the bytes are not 32.
pub fn hash_from(bytes: &[u8]) -> Result<Hash, Error> {
    bytes.try_into().map_err(|_| Error::HashLength { length: bytes.len() })
}

/// The place of a complete subtree. Orders by level, then index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId {
    /// Height above the leaves; leaves have level 0.
    pub level: u8,
    /// Position from the left at that level, from zero.
    pub index: u64,
}

impl NodeId {
    /// Names the node at `level` and `index`.
    #[must_use]
    pub const fn new(level: u8, index: u64) -> Self {
        Self { level, index }
    }
}

impl From<(u8, u64)> for NodeId {
    fn from((level, index): (u8, u64)) -> Self {
        Self { level, index }
    }
}

/// Gives stored nodes. A caller with an asynchronous store asks `needed_for_*` first, fetches those nodes in
/// one query into a map, and passes the map.
pub trait NodeReader {
    /// Gives the hash of the complete subtree at `level` and `index`, or none when it is not stored.
    ///
    /// # Errors
    /// [`Error::Read`] when the storage fails.
    fn node(&self, level: u8, index: u64) -> Result<Option<Hash>, Error>;
}

impl<S: BuildHasher> NodeReader for HashMap<NodeId, Hash, S> {
    fn node(&self, level: u8, index: u64) -> Result<Option<Hash>, Error> {
        Ok(self.get(&NodeId { level, index }).copied())
    }
}

impl NodeReader for BTreeMap<NodeId, Hash> {
    fn node(&self, level: u8, index: u64) -> Result<Option<Hash>, Error> {
        Ok(self.get(&NodeId { level, index }).copied())
    }
}

impl<R: NodeReader + ?Sized> NodeReader for &R {
    fn node(&self, level: u8, index: u64) -> Result<Option<Hash>, Error> {
        (**self).node(level, index)
    }
}

/// Reads a node that must be there.
pub(crate) fn require_node(reader: &impl NodeReader, id: NodeId) -> Result<Hash, Error> {
    reader.node(id.level, id.index)?.ok_or(Error::MissingNode { level: id.level, index: id.index })
}

/// Lists the complete subtrees that cover the leaves `start..end` of an aligned range, largest first.
pub(crate) fn complete_subtrees(start: u64, end: u64) -> Vec<NodeId> {
    let mut at = start;
    let mut nodes = Vec::new();
    while at < end {
        let level = (end - at).ilog2();
        nodes.push(NodeId { level: level as u8, index: at >> level });
        at += 1 << level;
    }
    nodes
}

/// Folds the hashes of complete subtrees, largest first, to the hash over all of them.
pub(crate) fn fold(mut largest_first: impl DoubleEndedIterator<Item = Hash>) -> Hash {
    match largest_first.next_back() {
        None => EMPTY_ROOT,
        Some(last) => largest_first.rev().fold(last, |right, left| node_hash(&left, &right)),
    }
}

/// The right edge of a growing tree: everything needed to append without reading a node.
///
/// It takes about 2 KiB and is cheap to clone: a caller whose transaction may fail appends to a clone and keeps
/// it only after the commit.
#[derive(Clone)]
pub struct Frontier {
    size: u64,
    peaks: [Hash; 64],
}

impl Default for Frontier {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Frontier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Frontier").field("size", &self.size).field("root", &hex::encode(self.root())).finish()
    }
}

impl Frontier {
    /// Starts an empty tree.
    #[must_use]
    pub const fn new() -> Self {
        Self { size: 0, peaks: [[0; 32]; 64] }
    }

    /// Loads the frontier of a stored tree of `size` leaves. It reads the nodes that
    /// [`crate::needed_for_root`] lists, at most 63.
    ///
    /// # Errors
    /// [`Error::TreeTooLarge`], [`Error::MissingNode`], or [`Error::Read`] from the reader.
    pub fn load(size: u64, reader: &impl NodeReader) -> Result<Self, Error> {
        if size > MAX_TREE_SIZE {
            return Err(Error::TreeTooLarge { size });
        }
        let mut frontier = Self { size, ..Self::new() };
        for id in complete_subtrees(0, size) {
            frontier.peaks[usize::from(id.level)] = require_node(reader, id)?;
        }
        Ok(frontier)
    }

    /// Tells how many leaves the tree has.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Computes the root hash of the tree as it stands.
    #[must_use]
    pub fn root(&self) -> Hash {
        fold((0..64).rev().filter(|level| self.size >> level & 1 == 1).map(|level| self.peaks[level]))
    }

    /// Appends one leaf hash and hands each new complete subtree to `store`, leaf first, then upwards. Returns
    /// the index of the leaf.
    ///
    /// # Errors
    /// [`Error::TreeTooLarge`] when the tree is full; nothing is changed then.
    pub fn append_with(&mut self, leaf: Hash, mut store: impl FnMut(NodeId, Hash)) -> Result<u64, Error> {
        if self.size >= MAX_TREE_SIZE {
            return Err(Error::TreeTooLarge { size: self.size });
        }
        let leaf_index = self.size;
        let (mut hash, mut level, mut index) = (leaf, 0_u8, leaf_index);
        store(NodeId { level, index }, hash);
        while index & 1 == 1 {
            hash = node_hash(&self.peaks[usize::from(level)], &hash);
            level += 1;
            index >>= 1;
            store(NodeId { level, index }, hash);
        }
        self.peaks[usize::from(level)] = hash;
        self.size += 1;
        Ok(leaf_index)
    }

    /// Appends one leaf hash without asking for the new nodes, as a verifier does. Returns the leaf's index.
    ///
    /// # Errors
    /// [`Error::TreeTooLarge`] when the tree is full.
    pub fn push(&mut self, leaf: Hash) -> Result<u64, Error> {
        self.append_with(leaf, |_, _| ())
    }

    /// Appends leaf hashes in order and returns the new nodes to insert, leaves included: fewer than two for
    /// each leaf on average.
    ///
    /// # Errors
    /// [`Error::TreeTooLarge`] when the tree is full.
    pub fn append_all(
        &mut self,
        leaves: impl IntoIterator<Item = Hash>,
    ) -> Result<Vec<(NodeId, Hash)>, Error> {
        let leaves = leaves.into_iter();
        let mut nodes = Vec::with_capacity(leaves.size_hint().0.saturating_mul(2).min(1 << 20));
        for leaf in leaves {
            self.append_with(leaf, |id, hash| nodes.push((id, hash)))?;
        }
        Ok(nodes)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
    use super::{EMPTY_ROOT, Error, Frontier, MAX_TREE_SIZE, NodeId, complete_subtrees, leaf_hash};
    use sha2::{Digest, Sha256};
    use std::collections::HashMap;

    #[test]
    fn empty_root_is_the_hash_of_nothing() {
        assert_eq!(EMPTY_ROOT, <[u8; 32]>::from(Sha256::digest([])));
        assert_eq!(Frontier::new().root(), EMPTY_ROOT);
    }

    #[test]
    fn a_range_splits_into_complete_subtrees() {
        let ids = |list: &[(u8, u64)]| list.iter().map(|pair| NodeId::from(*pair)).collect::<Vec<_>>();
        assert_eq!(complete_subtrees(0, 0), []);
        assert_eq!(complete_subtrees(0, 8), ids(&[(3, 0)]));
        assert_eq!(complete_subtrees(0, 13), ids(&[(3, 0), (2, 2), (0, 12)]));
        assert_eq!(complete_subtrees(8, 13), ids(&[(2, 2), (0, 12)]));
    }

    #[test]
    fn append_gives_each_complete_subtree_once() {
        let mut frontier = Frontier::new();
        let nodes = frontier.append_all((0..8_u8).map(|i| leaf_hash(&[i]))).unwrap();
        let ids: Vec<(u8, u64)> = nodes.iter().map(|(id, _)| (id.level, id.index)).collect();
        let expected = [
            (0, 0),
            (0, 1),
            (1, 0),
            (0, 2),
            (0, 3),
            (1, 1),
            (2, 0),
            (0, 4),
            (0, 5),
            (1, 2),
            (0, 6),
            (0, 7),
            (1, 3),
            (2, 1),
            (3, 0),
        ];
        assert_eq!(ids, expected);
        assert_eq!(nodes.last().unwrap().1, frontier.root());
    }

    #[test]
    fn a_full_tree_refuses_a_leaf_and_stays() {
        let nodes: HashMap<NodeId, _> =
            complete_subtrees(0, MAX_TREE_SIZE).into_iter().map(|id| (id, [7; 32])).collect();
        let mut frontier = Frontier::load(MAX_TREE_SIZE, &nodes).unwrap();
        let before = frontier.root();
        assert!(matches!(frontier.push([1; 32]), Err(Error::TreeTooLarge { .. })));
        assert_eq!((frontier.size(), frontier.root()), (MAX_TREE_SIZE, before));
        assert!(matches!(Frontier::load(u64::MAX, &nodes), Err(Error::TreeTooLarge { .. })));
    }

    #[test]
    fn load_names_the_missing_node() {
        let nodes: HashMap<NodeId, _> = [(NodeId::new(2, 0), [1; 32])].into();
        let missing = Frontier::load(5, &nodes).unwrap_err();
        assert!(matches!(missing, Error::MissingNode { level: 0, index: 4 }), "{missing}");
    }
}

//! Verification of inclusion and consistency proofs. It needs no store: hashes, sizes and the proof are enough.
//!
//! Root hashes are taken as bytes, as they come from a checkpoint or a file: they are only ever compared (or
//! refused when a computation needs them and they are not 32 bytes long).
//!
//! Source: RFC 9162, section 2.1.3.2 (inclusion), 2.1.4.2 (consistency);
//! draft-ietf-plants-merkle-tree-certs, sections 4.3.3 and 4.4.3 (subtrees).

use std::ops::Range;

use super::check_subtree;
use crate::error::{Error, RootOf};
use crate::tree::{EMPTY_ROOT, Hash, MAX_TREE_SIZE, hash_from, node_hash};

/// Verifies that the leaf with `leaf_hash` is at `index` in the tree of `size` leaves with this root hash.
///
/// # Errors
/// [`Error::LeafOutOfRange`], [`Error::TreeTooLarge`], [`Error::ProofTooShort`], [`Error::ProofTooLong`], and
/// [`Error::RootMismatch`] when the leaf, the index, the size, the root hash or the proof is another.
pub fn verify_inclusion(
    index: u64,
    size: u64,
    leaf_hash: &Hash,
    proof: &[Hash],
    root: &[u8],
) -> Result<(), Error> {
    verify_subtree_inclusion(index, 0..size, leaf_hash, proof, root)
}

/// Verifies that the leaf at `index` (counted from the start of the log) is in a subtree with this hash.
///
/// # Errors
/// As [`verify_inclusion`], and [`Error::NotASubtree`].
pub fn verify_subtree_inclusion(
    index: u64,
    subtree: Range<u64>,
    leaf_hash: &Hash,
    proof: &[Hash],
    root: &[u8],
) -> Result<(), Error> {
    check_subtree(&subtree)?;
    if !subtree.contains(&index) {
        return Err(Error::LeafOutOfRange { index, start: subtree.start, end: subtree.end });
    }
    // The names of RFC 9162: `at` is fn (the node on the path), `last` is sn (the last node of its level).
    let mut at = index - subtree.start;
    let mut last = subtree.end - subtree.start - 1;
    let mut hash = *leaf_hash;
    for sibling in proof {
        if last == 0 {
            return Err(Error::ProofTooLong { hashes: proof.len() });
        }
        if at & 1 == 1 || at == last {
            hash = node_hash(sibling, &hash);
            // The last node of a level without a sibling moves up unhashed. `at` is not 0 here: it is odd or
            // equal to `last`, which is not 0.
            let unpaired = at.trailing_zeros();
            at >>= unpaired;
            last >>= unpaired;
        } else {
            hash = node_hash(&hash, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(Error::ProofTooShort { hashes: proof.len() });
    }
    same(&hash, root, RootOf::New)
}

/// Verifies that the tree of `old` leaves is the beginning of the tree of `new` leaves.
///
/// # Errors
/// [`Error::EmptyOldTree`], [`Error::SizesSwapped`], [`Error::TreeTooLarge`], [`Error::ProofTooShort`],
/// [`Error::ProofTooLong`], [`Error::HashLength`], and [`Error::RootMismatch`] when one of the trees is not
/// what its root hash says: history was changed.
pub fn verify_consistency(
    old: u64,
    new: u64,
    proof: &[Hash],
    old_root: &[u8],
    new_root: &[u8],
) -> Result<(), Error> {
    super::check_sizes(old, new)?;
    if old == new {
        return if proof.is_empty() {
            same(old_root, new_root, RootOf::New)
        } else {
            Err(Error::ProofTooLong { hashes: proof.len() })
        };
    }
    let short = Error::ProofTooShort { hashes: proof.len() };
    let (seed, rest) = if old.is_power_of_two() {
        if proof.is_empty() {
            return Err(short);
        }
        (hash_from(old_root)?, proof)
    } else {
        let (first, rest) = proof.split_first().ok_or(short)?;
        (*first, rest)
    };
    let mut at = old - 1;
    let mut last = new - 1;
    let complete = at.trailing_ones();
    at >>= complete;
    last >>= complete;
    let (mut old_hash, mut new_hash) = (seed, seed);
    for sibling in rest {
        if last == 0 {
            return Err(Error::ProofTooLong { hashes: proof.len() });
        }
        if at & 1 == 1 || at == last {
            old_hash = node_hash(sibling, &old_hash);
            new_hash = node_hash(sibling, &new_hash);
            let unpaired = at.trailing_zeros();
            at >>= unpaired;
            last >>= unpaired;
        } else {
            new_hash = node_hash(&new_hash, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(Error::ProofTooShort { hashes: proof.len() });
    }
    same(&old_hash, old_root, RootOf::Old)?;
    same(&new_hash, new_root, RootOf::New)
}

/// Verifies that a subtree with `subtree_root` is part of the tree of `size` leaves with `root`.
///
/// An empty subtree is part of every tree: its root must be [`EMPTY_ROOT`] and the proof empty, and nothing is
/// then said about `root`.
///
/// # Errors
/// As [`verify_consistency`], and [`Error::NotASubtree`].
pub fn verify_subtree_consistency(
    subtree: Range<u64>,
    size: u64,
    proof: &[Hash],
    subtree_root: &[u8],
    root: &[u8],
) -> Result<(), Error> {
    check_subtree(&subtree)?;
    if size > MAX_TREE_SIZE {
        return Err(Error::TreeTooLarge { size });
    }
    if subtree.end > size {
        return Err(Error::SizesSwapped { old: subtree.end, new: size });
    }
    let long = Error::ProofTooLong { hashes: proof.len() };
    if subtree.is_empty() {
        return if proof.is_empty() { same(&EMPTY_ROOT, subtree_root, RootOf::Old) } else { Err(long) };
    }
    if subtree == (0..size) {
        return if proof.is_empty() { same(subtree_root, root, RootOf::New) } else { Err(long) };
    }
    let mut path = Path { first: subtree.start, at: subtree.end - 1, last: size - 1 };
    path.climb_to_seed();
    let (seed, rest) = if path.first == path.at {
        (hash_from(subtree_root)?, proof)
    } else {
        let (first, rest) = proof.split_first().ok_or(Error::ProofTooShort { hashes: 0 })?;
        (*first, rest)
    };
    let (mut subtree_hash, mut tree_hash) = (seed, seed);
    for sibling in rest {
        if path.last == 0 {
            return Err(long);
        }
        if path.at & 1 == 1 || path.at == path.last {
            if path.first < path.at {
                subtree_hash = node_hash(sibling, &subtree_hash);
            }
            tree_hash = node_hash(sibling, &tree_hash);
            path.climb(path.at.trailing_zeros());
        } else {
            tree_hash = node_hash(&tree_hash, sibling);
        }
        path.climb(1);
    }
    if path.last != 0 {
        return Err(Error::ProofTooShort { hashes: proof.len() });
    }
    same(&subtree_hash, subtree_root, RootOf::Old)?;
    same(&tree_hash, root, RootOf::New)
}

/// Where a verifier stands in a subtree: the first and the last node of the subtree and the last of the tree,
/// all at one level (fn, sn and tn of the draft).
struct Path {
    first: u64,
    at: u64,
    last: u64,
}

impl Path {
    fn climb(&mut self, levels: u32) {
        self.first >>= levels;
        self.at >>= levels;
        self.last >>= levels;
    }

    /// Climbs to the lowest node for which the proof has a hash.
    fn climb_to_seed(&mut self) {
        let at_right_edge = self.at == self.last;
        while self.first != self.at && (at_right_edge || self.at & 1 == 1) {
            self.climb(1);
        }
    }
}

fn same(computed: &[u8], given: &[u8], which: RootOf) -> Result<(), Error> {
    if computed == given { Ok(()) } else { Err(Error::RootMismatch { which }) }
}

//! Inclusion and consistency proofs from stored nodes, root hashes of any size, and what must be fetched.
//!
//! A proof is a list of hashes, lowest first; each is the hash over one range of leaves, so a proof is planned
//! as a list of ranges, and the same plan tells which stored nodes are needed. Proofs of the subtrees of the
//! Merkle Tree Certificates draft are the general case: a tree is the subtree that starts at leaf 0.
//!
//! Source: RFC 9162, section 2.1.3.1 (inclusion), 2.1.4.1 (consistency);
//! draft-ietf-plants-merkle-tree-certs, sections 4.3 and 4.4 (subtrees). Verification is in [`verify`].

pub mod verify;

use std::ops::Range;

pub use verify::{
    verify_consistency, verify_inclusion, verify_subtree_consistency, verify_subtree_inclusion,
};

use crate::error::Error;
use crate::tree::{Hash, MAX_TREE_SIZE, NodeId, NodeReader, complete_subtrees, fold, require_node};

/// Lists the nodes that [`root`] and [`crate::Frontier::load`] read for a tree of `size` leaves: at most 63,
/// largest first, none for the empty tree.
#[must_use]
pub fn needed_for_root(size: u64) -> Vec<NodeId> {
    complete_subtrees(0, size)
}

/// Lists the nodes that [`inclusion_proof`] reads, in no particular order and each once.
///
/// # Errors
/// [`Error::LeafOutOfRange`], [`Error::TreeTooLarge`].
pub fn needed_for_inclusion(index: u64, size: u64) -> Result<Vec<NodeId>, Error> {
    Ok(nodes_of(&inclusion_ranges(index, 0..size)?))
}

/// Lists the nodes that [`consistency_proof`] reads, in no particular order and each once.
///
/// # Errors
/// [`Error::EmptyOldTree`], [`Error::SizesSwapped`], [`Error::TreeTooLarge`].
pub fn needed_for_consistency(old: u64, new: u64) -> Result<Vec<NodeId>, Error> {
    check_sizes(old, new)?;
    Ok(nodes_of(&consistency_ranges(0..old, new)?))
}

/// Computes the root hash of the tree of the first `size` leaves, of any size up to the stored one.
///
/// # Errors
/// [`Error::TreeTooLarge`], [`Error::MissingNode`], or [`Error::Read`] from the reader.
pub fn root(size: u64, reader: &impl NodeReader) -> Result<Hash, Error> {
    if size > MAX_TREE_SIZE {
        return Err(Error::TreeTooLarge { size });
    }
    range_hash(0..size, reader)
}

/// Makes the proof that the leaf at `index` is in the tree of `size` leaves.
///
/// # Errors
/// [`Error::LeafOutOfRange`], [`Error::TreeTooLarge`], [`Error::MissingNode`], [`Error::Read`].
pub fn inclusion_proof(index: u64, size: u64, reader: &impl NodeReader) -> Result<Vec<Hash>, Error> {
    subtree_inclusion_proof(index, 0..size, reader)
}

/// Makes the proof that the tree of `old` leaves is the beginning of the tree of `new` leaves. It is empty when
/// the two are equal.
///
/// # Errors
/// [`Error::EmptyOldTree`], [`Error::SizesSwapped`], [`Error::TreeTooLarge`], [`Error::MissingNode`],
/// [`Error::Read`].
pub fn consistency_proof(old: u64, new: u64, reader: &impl NodeReader) -> Result<Vec<Hash>, Error> {
    check_sizes(old, new)?;
    subtree_consistency_proof(0..old, new, reader)
}

/// Computes the hash over the leaves of a subtree.
///
/// # Errors
/// [`Error::NotASubtree`], [`Error::TreeTooLarge`], [`Error::MissingNode`], [`Error::Read`].
pub fn subtree_hash(subtree: Range<u64>, reader: &impl NodeReader) -> Result<Hash, Error> {
    check_subtree(&subtree)?;
    range_hash(subtree, reader)
}

/// Makes the proof that the leaf at `index` (counted from the start of the log) is in a subtree.
///
/// # Errors
/// As [`inclusion_proof`], and [`Error::NotASubtree`].
pub fn subtree_inclusion_proof(
    index: u64,
    subtree: Range<u64>,
    reader: &impl NodeReader,
) -> Result<Vec<Hash>, Error> {
    inclusion_ranges(index, subtree)?.into_iter().map(|range| range_hash(range, reader)).collect()
}

/// Makes the proof that a subtree is part of the tree of `size` leaves. It is empty for an empty subtree.
///
/// # Errors
/// As [`consistency_proof`], and [`Error::NotASubtree`].
pub fn subtree_consistency_proof(
    subtree: Range<u64>,
    size: u64,
    reader: &impl NodeReader,
) -> Result<Vec<Hash>, Error> {
    consistency_ranges(subtree, size)?.into_iter().map(|range| range_hash(range, reader)).collect()
}

fn check_sizes(old: u64, new: u64) -> Result<(), Error> {
    if new > MAX_TREE_SIZE {
        return Err(Error::TreeTooLarge { size: new });
    }
    if old > new {
        return Err(Error::SizesSwapped { old, new });
    }
    if old == 0 {
        return Err(Error::EmptyOldTree);
    }
    Ok(())
}

/// Refuses a range that is no subtree. An empty range is one, wherever it starts.
fn check_subtree(subtree: &Range<u64>) -> Result<(), Error> {
    let (start, end) = (subtree.start, subtree.end);
    if end > MAX_TREE_SIZE {
        return Err(Error::TreeTooLarge { size: end });
    }
    let aligned = start <= end && start.is_multiple_of((end - start).max(1).next_power_of_two());
    if aligned { Ok(()) } else { Err(Error::NotASubtree { start, end }) }
}

/// Gives the leaf at which a tree over `range` (two leaves or more) splits: its left child is complete.
fn split(range: &Range<u64>) -> u64 {
    range.start + (1 << (range.end - range.start - 1).ilog2())
}

fn inclusion_ranges(index: u64, subtree: Range<u64>) -> Result<Vec<Range<u64>>, Error> {
    check_subtree(&subtree)?;
    if !subtree.contains(&index) {
        return Err(Error::LeafOutOfRange { index, start: subtree.start, end: subtree.end });
    }
    let mut within = subtree;
    let mut ranges = Vec::new();
    while within.end - within.start > 1 {
        let middle = split(&within);
        if index < middle {
            ranges.push(middle..within.end);
            within.end = middle;
        } else {
            ranges.push(within.start..middle);
            within.start = middle;
        }
    }
    ranges.reverse();
    Ok(ranges)
}

fn consistency_ranges(subtree: Range<u64>, size: u64) -> Result<Vec<Range<u64>>, Error> {
    check_subtree(&subtree)?;
    if subtree.end > size {
        return Err(Error::SizesSwapped { old: subtree.end, new: size });
    }
    if size > MAX_TREE_SIZE {
        return Err(Error::TreeTooLarge { size });
    }
    if subtree.is_empty() {
        return Ok(Vec::new());
    }
    let mut wanted = subtree;
    let mut within = 0..size;
    let mut verifier_knows_it = true;
    let mut ranges = Vec::new();
    while within != wanted {
        let middle = split(&within);
        if wanted.end <= middle {
            ranges.push(middle..within.end);
            within.end = middle;
        } else {
            // A subtree that crosses the middle starts where `within` does: its left part is shown whole, and
            // what remains of it is a node that the verifier cannot know.
            ranges.push(within.start..middle);
            if wanted.start < middle {
                wanted.start = middle;
                verifier_knows_it = false;
            }
            within.start = middle;
        }
    }
    if !verifier_knows_it {
        ranges.push(within);
    }
    ranges.reverse();
    Ok(ranges)
}

fn nodes_of(ranges: &[Range<u64>]) -> Vec<NodeId> {
    ranges.iter().flat_map(|range| complete_subtrees(range.start, range.end)).collect()
}

fn range_hash(range: Range<u64>, reader: &impl NodeReader) -> Result<Hash, Error> {
    let hashes: Vec<Hash> = complete_subtrees(range.start, range.end)
        .into_iter()
        .map(|id| require_node(reader, id))
        .collect::<Result<_, _>>()?;
    Ok(fold(hashes.into_iter()))
}

//! The tamper-evident log: a Merkle tree over log entries, its proofs, and signed checkpoints.
//!
//! Bytes in, bytes out. This crate does not know what an entry says, where nodes are stored, or how a
//! checkpoint travels: the store keeps the nodes, the engine writes the entries. Randomness is given, never
//! taken.
//!
//! - [`tree`]: hashes, node coordinates, the [`Frontier`] that appends, root hashes.
//! - [`proof`]: inclusion and consistency proofs, made and verified.
//! - [`note`]: signed notes and their keys.
//! - [`checkpoint`]: origin, tree size and root hash as the text of a signed note.
//! - [`tile`]: the coordinates and paths of exported tiles.
//!
//! Source: RFC 9162, section 2.1; C2SP signed-note, tlog-checkpoint and tlog-tiles. The format is told for
//! writers of other verifiers in `docs/proof.md`.

pub mod checkpoint;
pub mod error;
pub mod note;
pub mod proof;
pub mod tile;
pub mod tree;

pub use checkpoint::Checkpoint;
pub use error::{Error, RootOf};
pub use note::{Note, Signature, SignerKey, VerifierKey};
pub use proof::{
    consistency_proof, inclusion_proof, needed_for_consistency, needed_for_inclusion, needed_for_root, root,
    verify_consistency, verify_inclusion,
};
pub use tile::Tile;
pub use tree::{
    EMPTY_ROOT, Frontier, Hash, MAX_TREE_SIZE, NodeId, NodeReader, hash_from, leaf_hash, node_hash,
};

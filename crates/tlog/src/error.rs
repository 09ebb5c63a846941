//! The one error of this crate. Every message says what is wrong; where a caller can act, also what to do.

/// Says which of the two root hashes of a proof did not come out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RootOf {
    /// The root hash of the smaller (older) tree, or of the subtree.
    Old,
    /// The root hash of the larger (newer) tree, or the only one.
    New,
}

impl std::fmt::Display for RootOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Old => "older",
            Self::New => "newer",
        })
    }
}

/// What can go wrong when a tree is read, a proof is made or verified, or a note is read or signed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The tree size is beyond [`crate::MAX_TREE_SIZE`].
    #[error("a tree of {size} leaves is larger than a log can be; the stored size is damaged")]
    TreeTooLarge {
        /// The size that was asked for, in leaves.
        size: u64,
    },
    /// A leaf was asked for that is not in the tree (or subtree).
    #[error("leaf {index} is not among the leaves {start} to {end} (the last is excluded)")]
    LeafOutOfRange {
        /// Index of the leaf, from zero.
        index: u64,
        /// First leaf of the tree or subtree.
        start: u64,
        /// First leaf after it.
        end: u64,
    },
    /// A consistency proof was asked for from a larger to a smaller tree.
    #[error("a tree of {old} leaves cannot be the beginning of one of {new} leaves; are the two swapped?")]
    SizesSwapped {
        /// Size of the tree that should come first.
        old: u64,
        /// Size of the tree that should come after it.
        new: u64,
    },
    /// A consistency proof starts from the empty tree: every tree begins with it, so nothing is proved.
    #[error("a consistency proof from the empty tree proves nothing; compare the other checkpoint alone")]
    EmptyOldTree,
    /// The range of leaves is not a subtree of any tree.
    #[error(
        "leaves {start} to {end} are not a subtree: the start must be a multiple of the length, rounded up to a power of two"
    )]
    NotASubtree {
        /// First leaf.
        start: u64,
        /// First leaf after the range.
        end: u64,
    },
    /// A node that the tree must have is not stored.
    #[error(
        "the node at level {level}, index {index} is not stored; the log is damaged or the tree size is wrong"
    )]
    MissingNode {
        /// Height above the leaves, which have level 0.
        level: u8,
        /// Position from the left at that level, from zero.
        index: u64,
    },
    /// The store behind a [`crate::NodeReader`] failed.
    #[error("cannot read the nodes of the log: {0}")]
    Read(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A hash is not 32 bytes long.
    #[error("a hash is {length} bytes long, it must be 32")]
    HashLength {
        /// Length found, in bytes.
        length: usize,
    },
    /// The proof has fewer hashes than the two sizes demand.
    #[error("the proof is too short: it has {hashes} hashes")]
    ProofTooShort {
        /// Hashes in the proof.
        hashes: usize,
    },
    /// The proof has more hashes than the two sizes demand.
    #[error("the proof is too long: it has {hashes} hashes")]
    ProofTooLong {
        /// Hashes in the proof.
        hashes: usize,
    },
    /// The proof leads to another root hash: what it should prove is not so.
    #[error("the proof does not lead to the root hash of the {which} tree")]
    RootMismatch {
        /// The root hash that differs.
        which: RootOf,
    },
    /// Two checkpoints of one size have different root hashes: the log has shown two histories.
    #[error("the log is forked: two different root hashes for {size} leaves")]
    Forked {
        /// The size that both checkpoints state.
        size: u64,
    },
    /// The note is longer than [`crate::note::MAX_NOTE_BYTES`] or has too many signatures.
    #[error("the note is too large: {0}")]
    NoteTooLarge(&'static str),
    /// The bytes are not a signed note.
    #[error("not a signed note: {0}")]
    MalformedNote(&'static str),
    /// The text is not a key of a signed note.
    #[error("not a key: {0}")]
    MalformedKey(&'static str),
    /// No signature of the note is by a key that the caller trusts.
    #[error("the note carries no signature by a trusted key")]
    NoTrustedSignature,
    /// A signature that claims to be by a trusted key is wrong: the text was changed or the signature forged.
    #[error("the signature of {name} does not fit the text; the note was changed after it was signed")]
    BadSignature {
        /// Name of the key.
        name: String,
    },
    /// The text of a note is not a checkpoint.
    #[error("not a checkpoint: {0}")]
    MalformedCheckpoint(&'static str),
    /// The checkpoint is of another log.
    #[error("the checkpoint is of the log {found}, expected was {expected}")]
    WrongOrigin {
        /// Origin that the caller expects.
        expected: String,
        /// Origin in the checkpoint.
        found: String,
    },
    /// The text is not the path of a tile.
    #[error("not the path of a tile: {0}")]
    MalformedTilePath(&'static str),
}

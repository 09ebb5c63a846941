//! What can go wrong in the store, by what the caller does next.

use proofdesk_model::Reference;
use proofdesk_tlog::NodeId;

/// An error of the store.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// Somebody else wrote the record first: load it again and compare.
    #[error(
        "{record_type} {number} was changed in the meantime and is now at version {current}; load it again"
    )]
    Conflict {
        /// Type of the record.
        record_type: String,
        /// Its number.
        number: i64,
        /// The version that is stored now.
        current: i64,
    },
    /// A write of this id is already committed: nothing is to be done.
    #[error("this write is already committed")]
    Duplicate,
    /// The number of a new record is already used (another program writes to the same file): allocate another.
    #[error("the number {number} of {record_type} is already used; allocate another one")]
    NumberTaken {
        /// Type of the record.
        record_type: String,
        /// The number.
        number: i64,
    },
    /// Another record of the type has this external key: load that one and update it.
    #[error("another {record_type} already has the external key `{key}`")]
    KeyTaken {
        /// Type of the record.
        record_type: String,
        /// The key.
        key: String,
    },
    /// There is no such record or row.
    #[error("{0} does not exist")]
    NotFound(String),
    /// The disk, or the limit set for the file, is full: free space and write again. Reads go on.
    #[error("there is no space left to write: {0}; free some space and try again")]
    Full(String),
    /// The database does not answer: try again later.
    #[error("the database cannot be reached: {0}; it is tried again by itself")]
    Unavailable(String),
    /// The tables do not fit the declarations. All findings.
    #[error("the tables do not fit the declarations: {}", .0.join("; "))]
    Schema(Vec<String>),
    /// What was asked for makes no sense: a cursor of another list, an unknown sort field, a value out of range.
    #[error("{0}")]
    Invalid(String),
    /// The bytes of a stored file are not those that came in; its SHA-256 (hexadecimal).
    #[error(
        "the stored bytes of the file with SHA-256 {0} are not those that came in; restore it from a backup"
    )]
    Damaged(String),
    /// The stored log does not hang together at its end: nothing can be appended to it.
    #[error(
        "the log is broken: {0}. Nothing can be written: `proofdesk verify` names what is wrong; then restore a backup"
    )]
    Broken(String),
    /// A fault of the program or of the file. For the log, not for a page.
    #[error("the store failed: {0}")]
    Internal(String),
}

impl Error {
    /// Names a record that does not exist.
    pub(crate) fn no_record(record: &Reference) -> Self {
        Self::NotFound(format!("{} {}", record.record_type, record.number))
    }

    /// Names a node of the tree that is not there, on whose hash all further ones rest.
    pub(crate) fn no_node(id: NodeId) -> Self {
        Self::Broken(match id.level {
            0 => format!("the entry of leaf {} is gone", id.index),
            level => format!("node {} of level {level} of its tree is gone", id.index),
        })
    }

    /// Names a write to a record that is now at another version, or gone.
    pub(crate) fn stale(record: &Reference, current: Option<i64>) -> Self {
        match current {
            Some(current) => {
                Self::Conflict { record_type: record.record_type.clone(), number: record.number, current }
            }
            None => Self::no_record(record),
        }
    }

    /// Whether the same call may succeed later without any change.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Full(_) | Self::Unavailable(_))
    }
}

impl From<proofdesk_tlog::Error> for Error {
    fn from(error: proofdesk_tlog::Error) -> Self {
        Self::Internal(error.to_string())
    }
}

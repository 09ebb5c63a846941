//! What can go wrong, by what the caller does next.

use proofdesk_model::Problems;
use serde::Serialize;

/// A field that somebody else changed meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldChange {
    /// Column.
    pub field: String,
    /// Label for people.
    pub label: String,
    /// Value now, as JSON.
    pub value: serde_json::Value,
    /// Who changed it.
    pub by: String,
    /// When, microseconds UTC.
    pub at: i64,
}

/// A write on a version that is no longer the present one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Conflict {
    /// The record.
    pub reference: String,
    /// The version that the writer saw.
    pub expected: i64,
    /// The present version.
    pub current: i64,
    /// What changed between them, oldest first.
    pub changed: Vec<FieldChange>,
}

/// Errors of the engine.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller may not do this.
    #[error("{0}")]
    Forbidden(Problems),
    /// The input is wrong: all problems at once.
    #[error("{0}")]
    Invalid(Problems),
    /// There is no such record, or the caller may not know of it.
    #[error("There is no {0}.")]
    NotFound(String),
    /// Somebody else wrote first.
    #[error("{} was changed meanwhile: you saw version {}, it is now {}. Look at the changes and try again.", .0.reference, .0.expected, .0.current)]
    Conflict(Box<Conflict>),
    /// Too large; says the limit.
    #[error("{0}")]
    TooLarge(String),
    /// The disk is full: nothing was written.
    #[error(
        "The disk of the database is full: nothing was written. Free space and try again; reading goes on."
    )]
    Full,
    /// The database cannot be reached at present: nothing is known to be written.
    #[error("The database cannot be reached at present. Try again in a moment.")]
    Unavailable,
    /// Another program took the number of a new record; the engine takes the next one by itself.
    #[error("The number of the new record is taken. Try again.")]
    Taken,
    /// The bytes of a file were changed in the database: they are not handed out.
    #[error(
        "The bytes of this file are not those that were stored: they were changed in the database, so they are not shown. Ask an administrator to run `proofdesk verify` and to restore the file from a backup."
    )]
    Damaged,
    /// The operator's list of breached passwords cannot be read; where it lies and why is in the program's log.
    #[error(
        "No password can be set at present: the list of breached passwords cannot be read. Tell your administrator; `proofdesk config check` says what is wrong with it."
    )]
    NoPasswordList,
    /// The scanner that files are shown to gives no answer; why is in the program's log.
    #[error(
        "This file could not be looked at by the virus scanner, so nothing of it was kept. Try again in a moment; if it goes on, tell your administrator: `proofdesk doctor` says what is wrong."
    )]
    NotScanned,
    /// A fault of ours or of the machine; the chain goes to the log once.
    #[error("{0}")]
    Internal(String),
}

impl From<proofdesk_store::Error> for Error {
    fn from(error: proofdesk_store::Error) -> Self {
        use proofdesk_store::Error as Store;
        match error {
            Store::Full(_) => Self::Full,
            Store::Unavailable(_) => Self::Unavailable,
            Store::NumberTaken { .. } => Self::Taken,
            Store::NotFound(what) => Self::NotFound(what),
            Store::Damaged(hash) => {
                tracing::error!(sha256 = hash, "the bytes of a stored file were changed past the log");
                Self::Damaged
            }
            Store::Invalid(message) => Self::invalid("", "format", message),
            Store::KeyTaken { ref key, .. } => {
                Self::invalid("external_key", "taken", format!("Another record already has the key `{key}`."))
            }
            other => Self::Internal(other.to_string()),
        }
    }
}

impl Error {
    /// One problem of one field.
    pub fn invalid(field: &str, code: &str, message: impl Into<String>) -> Self {
        Self::Invalid(Problems(vec![proofdesk_model::Problem::new(field, code, message)]))
    }
}

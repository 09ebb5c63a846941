//! What can go wrong with figures.

/// Errors of reports.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such record type.
    #[error("There is no record type `{0}`.")]
    NoType(String),
    /// Service hours of a what-if that cannot be read.
    #[error("The service hours of `{0}` cannot be read: {1}")]
    Hours(String, String),
    /// An entry of the log that is not what the engine writes; `verify` tells more.
    #[error("Log entry {0} cannot be read; run `proofdesk verify`.")]
    Entry(i64),
    /// Figures that cannot be kept.
    #[error("The figures cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The database.
    #[error(transparent)]
    Store(#[from] proofdesk_store::Error),
}

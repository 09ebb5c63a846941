//! What can go wrong, by what the caller does next.

use proofdesk_model::Problems;

use crate::reader::Mistakes;

/// An error of conformity.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Frameworks or controls cannot be used as written: all mistakes.
    #[error("the declarations of conformity have mistakes:\n{0}")]
    Declarations(#[from] Mistakes),
    /// What was asked for does not exist.
    #[error("{0} does not exist")]
    NotFound(String),
    /// What was given cannot be taken: all problems.
    #[error("{0}")]
    Invalid(Problems),
    /// The caller may not do this.
    #[error("{0}")]
    Forbidden(Problems),
    /// The engine or its database failed.
    #[error(transparent)]
    Engine(#[from] proofdesk_engine::Error),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] proofdesk_store::Error),
}

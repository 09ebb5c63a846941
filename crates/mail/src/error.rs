//! What can go wrong with mail, by what the caller does next. No address is ever in a message.

/// Errors of mail.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Mistakes in the declarations and texts, each with its file.
    #[error("{}", .0.join("\n"))]
    Declared(Vec<String>),
    /// The configuration cannot be used: says what to write.
    #[error("{0}")]
    Settings(String),
    /// The other server cannot be reached or does not answer: tried again by itself.
    #[error("{0}")]
    Away(String),
    /// The other server refused for good.
    #[error("{0}")]
    Refused(String),
    /// The engine refused or failed.
    #[error(transparent)]
    Engine(#[from] proofdesk_engine::Error),
}

impl From<proofdesk_store::Error> for Error {
    fn from(error: proofdesk_store::Error) -> Self {
        Self::Engine(error.into())
    }
}

impl From<Error> for proofdesk_engine::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Engine(error) => error,
            other => Self::Internal(other.to_string()),
        }
    }
}

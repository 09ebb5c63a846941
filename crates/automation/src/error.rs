//! What may go wrong: mistakes in the files, or a fault of the engine.

/// What the caller does next: mend a file, or try again.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Mistakes in the declarations, each with file and line.
    #[error("{}", .0.join("\n"))]
    Declared(Vec<String>),
    /// No automation has this name.
    #[error("there is no automation `{0}`")]
    Unknown(String),
    /// The engine refused or failed.
    #[error(transparent)]
    Engine(#[from] proofdesk_engine::Error),
}

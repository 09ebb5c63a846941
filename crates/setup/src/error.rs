//! What may go wrong: mistakes in the files, answers that cannot be used, a refusal or fault of the engine.

use crate::answer::Wrong;

/// What the caller does next: mend a file, ask again, or tell about the desk.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Mistakes in the files of questions, each with its file.
    #[error("{}", .0.join("\n"))]
    Guide(Vec<String>),
    /// Answers that cannot be used, each with its question.
    #[error("{}", .0.iter().map(|w| format!("{}: {}", w.at, w.says)).collect::<Vec<_>>().join("\n"))]
    Answers(Vec<Wrong>),
    /// A file of answers that cannot be read.
    #[error("{0}")]
    File(String),
    /// The engine refused or failed.
    #[error(transparent)]
    Engine(#[from] proofdesk_engine::Error),
}

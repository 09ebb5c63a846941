//! What can go wrong between a paper and its PDF.

/// Why no PDF was made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Standard input could not be read.
    #[error("standard input cannot be read: {0}")]
    Input(std::io::Error),
    /// There is too much of it.
    #[error("the paper is longer than 32 MiB; print it in parts")]
    TooLong,
    /// The JSON is not that of a paper.
    #[error("standard input is not a paper: {0}")]
    NotAPaper(serde_json::Error),
    /// The paper cannot be printed as it is.
    #[error("{0}")]
    Fault(#[from] proofdesk_paper::Fault),
    /// The day is not a day.
    #[error("`{0}` is not a day; write it as 2026-11-23")]
    Day(String),
    /// The language is not one.
    #[error("`{0}` is not a language; write a tag such as `en` or `de-CH`")]
    Language(String),
    /// The typesetter refused.
    #[error("the paper cannot be laid out: {0}")]
    Layout(String),
    /// A limit could not be set.
    #[error("the limits of this process cannot be set: {0}")]
    Limit(std::io::Error),
    /// Standard output could not be written.
    #[error("standard output cannot be written: {0}")]
    Output(std::io::Error),
}

impl Error {
    /// The code with which the program ends: 2 where the paper is at fault, else 1.
    pub fn exit(&self) -> u8 {
        match self {
            Self::TooLong | Self::NotAPaper(_) | Self::Fault(_) | Self::Day(_) | Self::Language(_) => 2,
            Self::Input(_) | Self::Layout(_) | Self::Limit(_) | Self::Output(_) => 1,
        }
    }
}

//! Why nobody came in by a provider. The words are for the person at the sign-in page.

/// Why a sign-in by a provider failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be reached, or does not answer as a provider does: try again, or tell the operator.
    #[error("{provider} cannot be reached or does not answer as it should. {why}")]
    Unreached {
        /// Name of the provider, for people.
        provider: String,
        /// What went wrong.
        why: String,
    },
    /// It refused: its own words.
    #[error("{provider} refused the sign-in: {why}")]
    Refused {
        /// Name of the provider, for people.
        provider: String,
        /// Its code and what it said.
        why: String,
    },
    /// What came back cannot be believed: begin again.
    #[error("What {provider} sent cannot be accepted: {why} Begin the sign-in again.")]
    Untrusted {
        /// Name of the provider, for people.
        provider: String,
        /// What does not hold.
        why: String,
    },
    /// Who it is cannot come in here.
    #[error("{provider} says who you are, but you cannot come in: {why}")]
    Unfit {
        /// Name of the provider, for people.
        provider: String,
        /// What is missing.
        why: String,
    },
}

//! Why a request did not get an answer.

/// A request without an answer. The messages name the host, never the path or the query: both may hold secrets.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is not one that the client can ask.
    #[error("{0}: only http:// and https:// addresses with a host can be asked")]
    Address(String),
    /// The rule refuses the host.
    #[error(
        "{0} is not a public address; an administrator can allow it by name or network, see `outgoing.allow` in the configuration"
    )]
    Private(String),
    /// No connection, by name, network or TLS.
    #[error("{host} could not be reached: {reason}")]
    Unreachable {
        /// Host that was asked.
        host: String,
        /// Innermost cause, in the words of the system.
        reason: String,
    },
    /// The time given was over before the answer was whole.
    #[error("{0} did not answer in time")]
    Late(String),
    /// The answer is larger than allowed.
    #[error("{host} sent more than {limit} bytes")]
    Large {
        /// Host that was asked.
        host: String,
        /// Limit, bytes.
        limit: usize,
    },
    /// Certificates or the TLS library itself.
    #[error("outgoing connections cannot be set up: {0}")]
    Setup(String),
}

impl Error {
    /// Whether the same request may get an answer later: waiting does not help against a refusal.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Late(_))
    }
}

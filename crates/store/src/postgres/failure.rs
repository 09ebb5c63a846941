//! PostgreSQL's errors as the store's.

use deadpool_postgres::PoolError;
use tokio_postgres::error::{DbError, SqlState};

use crate::error::Error;

/// Why a statement did not succeed.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    /// The connection is gone; what was sent may have been done or not.
    Lost(String),
    /// Another transaction stood in the way; the same one may succeed now.
    Again(String),
    /// A uniqueness is broken: name of the constraint.
    Taken(String),
    /// A statement that had to change a row changed none.
    NoRow,
    /// Anything else.
    Refused(Error),
}

impl Failure {
    /// The error where no statement explains it better.
    pub fn into_error(self) -> Error {
        match self {
            Self::Lost(text) | Self::Again(text) => Error::Unavailable(text),
            Self::Taken(_) => Error::Duplicate,
            Self::NoRow => Error::NotFound("the row".to_owned()),
            Self::Refused(error) => error,
        }
    }
}

/// Names an error by what the caller does next.
pub(crate) fn failed(error: &tokio_postgres::Error) -> Failure {
    let Some(db) = error.as_db_error() else {
        let text = chain(error);
        // Without the server's words only the way to it can have failed, or a value did not fit its type.
        let is_ours = text.contains("serializing parameter") || text.contains("deserializing column");
        return if is_ours { Failure::Refused(Error::Internal(text)) } else { Failure::Lost(text) };
    };
    let code = db.code();
    let text = words(db);
    match code.code() {
        "23505" => Failure::Taken(db.constraint().unwrap_or_default().to_owned()),
        "22012" => Failure::NoRow,
        "40001" | "40P01" | "55P03" | "53200" => Failure::Again(text),
        "53100" | "58030" => Failure::Refused(Error::Full(text)),
        "22021" | "22P05" | "54000" => {
            Failure::Refused(Error::Invalid(format!("a value cannot be stored: {text}")))
        }
        "25006" => Failure::Lost(format!("the server only reads now: {text}")),
        _ if is_shutdown(code) || code.code().starts_with("08") => Failure::Lost(text),
        _ => Failure::Refused(Error::Internal(format!("{} ({text})", code.code()))),
    }
}

fn is_shutdown(code: &SqlState) -> bool {
    let gone = [&SqlState::ADMIN_SHUTDOWN, &SqlState::CRASH_SHUTDOWN, &SqlState::CANNOT_CONNECT_NOW];
    gone.contains(&code) || *code == SqlState::TOO_MANY_CONNECTIONS
}

/// The server's words, without values of a person.
fn words(db: &DbError) -> String {
    db.message().to_owned()
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}

/// Why no connection could be had.
pub(crate) fn pool_text(error: &PoolError) -> String {
    match error {
        PoolError::Backend(error) => match error.as_db_error() {
            Some(db) => words(db),
            None => chain(error),
        },
        PoolError::Timeout(_) => "all connections are busy".to_owned(),
        other => other.to_string(),
    }
}

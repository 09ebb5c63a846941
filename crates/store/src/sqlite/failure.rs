//! SQLite's errors as the store's.

use rusqlite::{ErrorCode, ffi};

use crate::error::Error;

/// The system refuses while a file is written or grown: no space, a quota, a failing disk.
const WRITING: [i32; 5] = [
    ffi::SQLITE_IOERR_WRITE,
    ffi::SQLITE_IOERR_FSYNC,
    ffi::SQLITE_IOERR_TRUNCATE,
    ffi::SQLITE_IOERR_DIR_FSYNC,
    ffi::SQLITE_IOERR_SHMSIZE,
];

/// Names an error by what the caller does next. Broken uniqueness is told apart by [`broken_constraint`] first.
pub(crate) fn failed(error: rusqlite::Error) -> Error {
    let text = error.to_string();
    let extended = error.sqlite_error().map_or(0, |e| e.extended_code);
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => Error::Full(text),
        Some(ErrorCode::SystemIoFailure) if WRITING.contains(&extended) => Error::Full(text),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            Error::Unavailable(format!("another program is writing to the file ({text})"))
        }
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            Error::Unavailable(format!("the file cannot be opened for writing ({text})"))
        }
        Some(ErrorCode::NotADatabase) => Error::Invalid("the file is not a SQLite database".to_owned()),
        Some(ErrorCode::TooBig) => Error::Invalid("a value is too large to be stored".to_owned()),
        _ => Error::Internal(text),
    }
}

/// The columns of a broken uniqueness, as `table.column`; none for other errors.
pub(crate) fn broken_constraint(error: &rusqlite::Error) -> Option<String> {
    const UNIQUE: [i32; 3] =
        [ffi::SQLITE_CONSTRAINT_PRIMARYKEY, ffi::SQLITE_CONSTRAINT_UNIQUE, ffi::SQLITE_CONSTRAINT_ROWID];
    match error {
        rusqlite::Error::SqliteFailure(code, message) if UNIQUE.contains(&code.extended_code) => {
            Some(message.clone().unwrap_or_default())
        }
        _ => None,
    }
}

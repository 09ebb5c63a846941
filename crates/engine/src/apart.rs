//! Work that takes long and waits for nothing, away from the threads that answer requests.

use crate::error::Error;

/// Does work on a thread for such work, and waits for it.
///
/// # Errors
/// `Internal` when the work ended early.
pub async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.map_err(|e| Error::Internal(e.to_string()))
}

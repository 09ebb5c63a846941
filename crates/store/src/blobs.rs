//! Files by the hash of their content, in pieces, so that one database file holds everything.

use uuid::Uuid;

use crate::error::Error;
use crate::store::Store;

/// A file on its way in. Dropped before [`BlobWriter::finish`], it is removed by [`Store::sweep_blobs`].
pub struct BlobWriter {}

/// A file on its way out.
pub struct BlobReader {}

impl Store {
    /// Starts to take in a file. `id` is a fresh UUIDv7, `at` the instant, microseconds UTC.
    ///
    /// # Errors
    /// [`Error::Full`], [`Error::Unavailable`].
    pub async fn put_blob(&self, id: Uuid, at: i64) -> Result<BlobWriter, Error> {
        let _ = (id, at);
        Err(Error::Internal("not in this build".to_owned()))
    }

    /// Opens a file by its SHA-256 (hexadecimal); none when it is not stored.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn read_blob(&self, hash: &str) -> Result<Option<BlobReader>, Error> {
        let _ = hash;
        Err(Error::Internal("not in this build".to_owned()))
    }

    /// Removes what unfinished uploads left behind before an instant.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn sweep_blobs(&self, before: i64) -> Result<(), Error> {
        let _ = before;
        Err(Error::Internal("not in this build".to_owned()))
    }
}

impl BlobWriter {
    /// Takes in further bytes.
    ///
    /// # Errors
    /// [`Error::Full`], [`Error::Unavailable`].
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let _ = bytes;
        Err(Error::Internal("not in this build".to_owned()))
    }

    /// Ends the file and gives its SHA-256 (hexadecimal) and its size in bytes. The same content is kept once.
    ///
    /// # Errors
    /// [`Error::Full`], [`Error::Unavailable`].
    pub async fn finish(self) -> Result<(String, i64), Error> {
        Err(Error::Internal("not in this build".to_owned()))
    }

    /// Removes what was taken in.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn abandon(self) -> Result<(), Error> {
        Err(Error::Internal("not in this build".to_owned()))
    }
}

impl BlobReader {
    /// Size in bytes.
    pub fn size_bytes(&self) -> i64 {
        0
    }

    /// Gives the next piece, at most 256 KiB; none at the end.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        Err(Error::Internal("not in this build".to_owned()))
    }
}

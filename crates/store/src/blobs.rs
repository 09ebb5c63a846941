//! Files by the hash of their content, in pieces, so that one database file holds everything.
//!
//! Pieces come in under a temporary id; the hash is known at the end and only then makes the file readable.
//!
//! Invariant: bytes that do not hash to what was stored are not handed out as a file: the last piece comes only when all of
//! them do.

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::error::Error;
use crate::row::Cell;
use crate::statement::Statement;
use crate::store::Store;

/// Size of a piece in bytes.
const PIECE: usize = 256 * 1024;
/// Pieces that go into one transaction.
const TOGETHER: usize = 4;

/// A file on its way in. Dropped before [`BlobWriter::finish`], it is removed by [`Store::sweep_blobs`].
pub struct BlobWriter {
    store: Store,
    id: Uuid,
    at: i64,
    hasher: Sha256,
    waiting: Vec<u8>,
    seq: i64,
    size_bytes: i64,
}

/// A file on its way out.
pub struct BlobReader {
    store: Store,
    id: Vec<u8>,
    hash: String,
    seq: i64,
    size_bytes: i64,
    read_bytes: i64,
    hasher: Sha256,
}

/// How the bytes of a stored file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlobState {
    /// As they came in.
    Whole,
    /// Not those that came in.
    Changed,
    /// Not there.
    Gone,
}

impl Store {
    /// Starts to take in a file. `id` is a fresh UUIDv7, `at` the instant, microseconds UTC.
    ///
    /// # Errors
    /// [`Error::Full`], [`Error::Unavailable`].
    pub async fn put_blob(&self, id: Uuid, at: i64) -> Result<BlobWriter, Error> {
        let insert = Statement::insert("blob").set("id", id).set("size_bytes", 0_i64).set("at", at);
        self.execute(vec![insert]).await?;
        let (store, hasher) = (self.clone(), Sha256::new());
        Ok(BlobWriter { store, id, at, hasher, waiting: Vec::new(), seq: 0, size_bytes: 0 })
    }

    /// Opens a file by its SHA-256 (hexadecimal); none when it is not stored.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn read_blob(&self, hash: &str) -> Result<Option<BlobReader>, Error> {
        let mut sql = self.sql();
        sql.push("SELECT id, size_bytes FROM blob WHERE hash = ").bind(hash);
        let found = self.known_rows(sql).await?;
        Ok(found.first().map(|row| BlobReader {
            store: self.clone(),
            id: row.bytes(0).to_vec(),
            hash: hash.to_owned(),
            seq: 0,
            size_bytes: row.int(1),
            read_bytes: 0,
            hasher: Sha256::new(),
        }))
    }

    /// Reads the bytes of a file again and compares them with its SHA-256 (hexadecimal).
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn check_blob(&self, hash: &str) -> Result<BlobState, Error> {
        let Some(mut reader) = self.read_blob(hash).await? else { return Ok(BlobState::Gone) };
        loop {
            match reader.next().await {
                Ok(Some(_)) => {}
                Ok(None) => return Ok(BlobState::Whole),
                Err(Error::Damaged(_)) => return Ok(BlobState::Changed),
                Err(other) => return Err(other),
            }
        }
    }

    /// Removes what unfinished uploads, and uploads of refused forms, left behind before an instant.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn sweep_blobs(&self, before: i64) -> Result<(), Error> {
        let mut sql = self.sql();
        sql.push("SELECT id FROM blob WHERE at < ").bind(before);
        sql.push(" AND (hash IS NULL OR NOT EXISTS (SELECT 1 FROM attachment a WHERE a.sha256 = blob.hash))");
        for row in self.known_rows(sql).await? {
            self.execute(remove(row.bytes(0))).await?;
        }
        Ok(())
    }
}

fn remove(id: &[u8]) -> Vec<Statement> {
    vec![Statement::delete("blob_chunk").when("blob", id), Statement::delete("blob").when("id", id)]
}

impl BlobWriter {
    /// Takes in further bytes.
    ///
    /// # Errors
    /// [`Error::Full`], [`Error::Unavailable`].
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.hasher.update(bytes);
        self.size_bytes += i64::try_from(bytes.len()).unwrap_or_default();
        self.waiting.extend_from_slice(bytes);
        while self.waiting.len() >= PIECE * TOGETHER {
            let rest = self.waiting.split_off(PIECE * TOGETHER);
            let full = std::mem::replace(&mut self.waiting, rest);
            self.put(&full).await?;
        }
        Ok(())
    }

    async fn put(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let mut statements = Vec::with_capacity(TOGETHER);
        for piece in bytes.chunks(PIECE) {
            let insert = Statement::insert("blob_chunk").set("blob", self.id);
            statements.push(insert.set("seq", self.seq).set("bytes", piece));
            self.seq += 1;
        }
        self.store.execute(statements).await
    }

    /// Bytes taken in so far.
    pub fn size_bytes(&self) -> i64 {
        self.size_bytes
    }

    /// Ends the file and gives its SHA-256 (hexadecimal) and its size in bytes. The same content is kept once.
    ///
    /// # Errors
    /// [`Error::Full`], [`Error::Unavailable`].
    pub async fn finish(mut self) -> Result<(String, i64), Error> {
        let rest = std::mem::take(&mut self.waiting);
        self.put(&rest).await?;
        let hash = hex::encode(std::mem::take(&mut self.hasher).finalize());
        let size_bytes = self.size_bytes;
        let name = Statement::update("blob").set("hash", hash.as_str()).set("size_bytes", size_bytes);
        match self.store.execute(vec![name.when("id", self.id).must_hit()]).await {
            Ok(()) => {}
            // The same content is there already, and is wanted again.
            Err(Error::Duplicate) => {
                let wanted = Statement::update("blob").set("at", self.at).when("hash", hash.as_str());
                self.store.execute(vec![wanted]).await?;
                self.abandon().await?;
            }
            Err(error) => return Err(error),
        }
        Ok((hash, size_bytes))
    }

    /// Removes what was taken in.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn abandon(self) -> Result<(), Error> {
        self.store.execute(remove(self.id.as_bytes())).await
    }
}

impl BlobReader {
    /// Size in bytes.
    pub fn size_bytes(&self) -> i64 {
        self.size_bytes
    }

    /// Gives the next piece, at most 256 KiB; none at the end. The last one is given when all bytes hash to what came in.
    ///
    /// # Errors
    /// [`Error::Damaged`] when they do not; [`Error::Unavailable`].
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        if self.read_bytes >= self.size_bytes {
            // an empty file has no piece at all, but a hash
            return if self.seq > 0 || self.is_whole() { Ok(None) } else { Err(self.damaged()) };
        }
        let mut sql = self.store.sql();
        sql.push("SELECT bytes FROM blob_chunk WHERE blob = ").bind(self.id.as_slice());
        sql.push(" AND seq = ").bind(self.seq);
        let piece = match self.store.known_rows(sql).await?.first_mut().map(|row| row.take(0)) {
            Some(Cell::Bytes(bytes)) => bytes,
            _ => return Err(self.damaged()),
        };
        self.seq += 1;
        self.read_bytes += i64::try_from(piece.len()).unwrap_or(i64::MAX);
        self.hasher.update(&piece);
        if self.read_bytes >= self.size_bytes && !self.is_whole() {
            return Err(self.damaged());
        }
        Ok(Some(piece))
    }

    fn is_whole(&self) -> bool {
        self.read_bytes == self.size_bytes && hex::encode(self.hasher.clone().finalize()) == self.hash
    }

    fn damaged(&self) -> Error {
        Error::Damaged(self.hash.clone())
    }

    /// Reads the whole file into memory.
    ///
    /// # Errors
    /// As [`BlobReader::next`].
    pub async fn read_all(mut self) -> Result<Vec<u8>, Error> {
        let mut all = Vec::new();
        while let Some(piece) = self.next().await? {
            all.extend_from_slice(&piece);
        }
        Ok(all)
    }
}

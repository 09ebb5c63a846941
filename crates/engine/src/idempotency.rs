//! Requests that happen once: what a key of a caller was used for, and what was answered.
//!
//! The row of a key only keeps the answer. That a write happens once does not depend on it: the id of the write is
//! made from caller, key and request, and the log takes each id once. So a crash between the write and the keeping
//! of its answer leaves a write that [`Engine::written`] finds.
//! Source: IETF draft-ietf-httpapi-idempotency-key-header.

use proofdesk_model::Reference;
use proofdesk_store::{Select, Statement};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::Engine;
use crate::error::Error;

/// An answer is kept this long, microseconds.
pub const KEPT: i64 = 86_400_000_000;
/// A request under way is taken for lost after this long, microseconds.
pub const LEASE: i64 = 60_000_000;

/// An answer that is given again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// HTTP status.
    pub status: u16,
    /// JSON text of its headers: names to values.
    pub headers: String,
    /// Its body.
    pub body: Vec<u8>,
}

/// What is to be done with a request that carries a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// It is the first: write under this id, then finish or forget. `written` is the record where an earlier try was
    /// committed but not answered.
    Fresh {
        /// Id of the write.
        id: Uuid,
        /// What is already done.
        written: Option<Reference>,
    },
    /// It was answered before.
    Done(KeptAnswer),
    /// The same request is under way.
    Busy,
    /// The key was used for another request.
    Other,
}

/// The id of a write made from who asks, the key and the request.
pub fn write_id(scope: &str, key: &str, request: &[u8]) -> Uuid {
    let mut hash = Sha256::new();
    for part in [scope.as_bytes(), key.as_bytes(), request] {
        hash.update(u64::try_from(part.len()).unwrap_or_default().to_be_bytes());
        hash.update(part);
    }
    let digest = hash.finalize();
    let mut bytes = [0_u8; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

impl Engine {
    /// Begins a request under a key. `scope` is whose key it is, `request` a digest of the whole request.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn begin_once(&self, scope: &str, key: &str, request: &[u8]) -> Result<Begun, Error> {
        let now = self.now();
        let old =
            Statement::delete("idempotency").when("scope", scope.to_owned()).when_below("at", now - KEPT);
        let row = Statement::insert("idempotency")
            .set("scope", scope.to_owned())
            .set("key", key.to_owned())
            .set("at", now)
            .set("request_hash", request.to_vec());
        match self.store().execute(vec![old, row]).await {
            Ok(()) => {}
            Err(proofdesk_store::Error::Duplicate) => match self.kept(scope, key, request, now).await? {
                None => {}
                Some(begun) => return Ok(begun),
            },
            Err(other) => return Err(other.into()),
        }
        let id = write_id(scope, key, request);
        Ok(Begun::Fresh { id, written: self.written(id).await? })
    }

    /// What a known key means; none where its request was lost and is now ours.
    async fn kept(&self, scope: &str, key: &str, request: &[u8], now: i64) -> Result<Option<Begun>, Error> {
        let columns = ["at", "request_hash", "status", "headers", "body"];
        let question = Select::from("idempotency", &columns)
            .short()
            .when("scope", scope.to_owned())
            .when("key", key.to_owned())
            .limit(1);
        let rows = self.store().select(question).await?;
        let Some(row) = rows.first() else { return Ok(Some(Begun::Busy)) };
        if row.bytes(1) != request {
            return Ok(Some(Begun::Other));
        }
        if let Some(status) = row.opt_int(2) {
            return Ok(Some(Begun::Done(KeptAnswer {
                status: u16::try_from(status).unwrap_or(200),
                headers: row.text(3).to_owned(),
                body: row.bytes(4).to_vec(),
            })));
        }
        let since = row.int(0);
        if since + LEASE > now {
            return Ok(Some(Begun::Busy));
        }
        let take = Statement::update("idempotency")
            .set("at", now)
            .when("scope", scope.to_owned())
            .when("key", key.to_owned())
            .when("at", since)
            .when_null("status")
            .must_hit();
        match self.store().execute(vec![take]).await {
            Ok(()) => Ok(None),
            Err(proofdesk_store::Error::NotFound(_)) => Ok(Some(Begun::Busy)),
            Err(other) => Err(other.into()),
        }
    }

    /// Keeps the answer of a request, for [`KEPT`].
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn finish_once(&self, scope: &str, key: &str, answer: &KeptAnswer) -> Result<(), Error> {
        let row = Statement::update("idempotency")
            .set("status", i64::from(answer.status))
            .set("headers", answer.headers.clone())
            .set("body", answer.body.clone())
            .when("scope", scope.to_owned())
            .when("key", key.to_owned());
        Ok(self.store().execute(vec![row]).await?)
    }

    /// Forgets a key whose request was refused: it may be sent again, corrected.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn forget_once(&self, scope: &str, key: &str) -> Result<(), Error> {
        let row = Statement::delete("idempotency")
            .when("scope", scope.to_owned())
            .when("key", key.to_owned())
            .when_null("status");
        Ok(self.store().execute(vec![row]).await?)
    }

    /// The record that a write of this id was about; none where there is no such write.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn written(&self, id: Uuid) -> Result<Option<Reference>, Error> {
        Ok(self.store().entries_of_write(id).await?.into_iter().next().map(|e| e.record))
    }
}

#[cfg(test)]
mod tests {
    use super::write_id;

    #[test]
    fn ids_of_writes_tell_who_key_and_request_apart() {
        let id = write_id("account 1", "a", b"x");
        assert_eq!(id, write_id("account 1", "a", b"x"));
        for other in [
            write_id("account 2", "a", b"x"),
            write_id("account 1", "b", b"x"),
            write_id("account 1", "a", b"y"),
            write_id("account 1a", "", b"x"),
        ] {
            assert_ne!(id, other);
        }
    }
}

//! A write with a JSON body that is done once for its `Idempotency-Key`: what all such handlers read, in one extractor.
//!
//! Invariant: the digest covers method, address, precondition and body, so a key never answers for another request.

use axum::extract::{FromRequest, Request};
use axum::response::Response;
use serde_json::{Map, Value as Json};

use crate::api::client::Client;
use crate::api::input::{self, Params};
use crate::api::once::{self, Answer, Write};
use crate::api::problem::ApiError;
use crate::state::AppState;

/// The key, the body and the digest of a write. An empty body is an empty object where `EMPTY`.
pub struct Keyed<const EMPTY: bool = false> {
    key: Option<String>,
    digest: Vec<u8>,
    object: Map<String, Json>,
}

impl<const EMPTY: bool> FromRequest<AppState> for Keyed<EMPTY> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &AppState) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        Params::read(&parts.uri, &[])?;
        let key = once::key(&parts.headers)?;
        let (bytes, object) = input::object(&parts.headers, body, &input::JSON, EMPTY).await?;
        let digest = once::digest(&parts.method, &parts.uri, &parts.headers, &bytes);
        Ok(Self { key, digest, object })
    }
}

impl<const EMPTY: bool> Keyed<EMPTY> {
    /// Does the write once. `work` gets the caller, the body and how the write is to be done; it may be called twice,
    /// the second time with what the first one did.
    ///
    /// # Errors
    /// As [`once::once`].
    pub async fn once<F, W>(self, client: Client, work: F) -> Result<Response, ApiError>
    where
        F: Fn(Client, Map<String, Json>, Write) -> W + Send + Sync + 'static,
        W: Future<Output = Result<Answer, ApiError>> + Send,
    {
        let (caller, object) = (client.clone(), self.object);
        let work = move |write| work(caller.clone(), object.clone(), write);
        once::once(&client, self.key, self.digest, work).await
    }
}

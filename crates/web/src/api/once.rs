//! Answers, and requests that are answered once: `Idempotency-Key`.
//!
//! The work goes on when the caller hangs up, so that his next try finds the answer. See
//! [`proofdesk_engine::idempotency`] for what holds over a crash.

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use proofdesk_engine::{Begun, KeptAnswer, Reference};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use tracing::Instrument as _;
use uuid::Uuid;

use crate::api::client::Client;
use crate::api::problem::ApiError;

/// Name of the header.
pub const KEY: &str = "idempotency-key";

/// What is answered when all went well.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Status.
    pub status: StatusCode,
    /// Headers beside the content type.
    pub headers: Vec<(&'static str, String)>,
    /// Body; none for 204.
    pub body: Option<Json>,
    /// Body to keep for the same request sent again, where it is another one: a secret is not kept.
    pub later: Option<Json>,
}

impl Answer {
    /// 200 with a body.
    pub fn ok(body: Json) -> Self {
        Self { status: StatusCode::OK, headers: Vec::new(), body: Some(body), later: None }
    }

    /// 201 with a body and where it can be had.
    pub fn created(location: String, body: Json) -> Self {
        Self {
            status: StatusCode::CREATED,
            headers: vec![("location", location)],
            body: Some(body),
            later: None,
        }
    }

    /// 204.
    pub fn nothing() -> Self {
        Self { status: StatusCode::NO_CONTENT, headers: Vec::new(), body: None, later: None }
    }

    /// Adds the version of the record as its tag.
    #[must_use]
    pub fn tagged(mut self, version: i64) -> Self {
        self.headers.push(("etag", format!("\"{version}\"")));
        self
    }

    /// Keeps another body than the one that is answered now.
    #[must_use]
    pub fn kept_as(mut self, later: Json) -> Self {
        self.later = Some(later);
        self
    }

    /// The answer as it is kept for the next time.
    fn kept(&self) -> KeptAnswer {
        self.written(self.later.as_ref().or(self.body.as_ref()))
    }

    fn written(&self, body: Option<&Json>) -> KeptAnswer {
        let headers: serde_json::Map<String, Json> =
            self.headers.iter().map(|(n, v)| ((*n).to_owned(), Json::from(v.clone()))).collect();
        KeptAnswer {
            status: self.status.as_u16(),
            headers: Json::Object(headers).to_string(),
            body: body.map(|b| b.to_string().into_bytes()).unwrap_or_default(),
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        again(&self.written(self.body.as_ref()))
    }
}

/// Writes a kept answer.
fn again(kept: &KeptAnswer) -> Response {
    let status = StatusCode::from_u16(kept.status).unwrap_or(StatusCode::OK);
    let mut response = (status, Body::from(kept.body.clone())).into_response();
    response.headers_mut().remove(header::CONTENT_TYPE);
    let headers: serde_json::Map<String, Json> = serde_json::from_str(&kept.headers).unwrap_or_default();
    for (name, value) in &headers {
        let value = value.as_str().and_then(|v| HeaderValue::from_str(v).ok());
        if let (Ok(name), Some(value)) = (HeaderName::from_bytes(name.as_bytes()), value) {
            response.headers_mut().insert(name, value);
        }
    }
    if !kept.body.is_empty() {
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    response
}

/// How a write is to be done: its id, and the record that an earlier try already wrote.
#[derive(Debug, Clone)]
pub struct Write {
    /// Id of the write; it is committed at most once.
    pub id: Uuid,
    /// Already committed: only the answer is missing.
    pub done: Option<Reference>,
}

/// The key of a request.
///
/// # Errors
/// 400 for a key that is none.
pub fn key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(value) = headers.get(KEY) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    let good = (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
    if good {
        return Ok(Some(text.to_owned()));
    }
    let message = "takes 1 to 255 visible characters without blanks, such as a UUID";
    Err(ApiError::parameter("Idempotency-Key", "format", message))
}

/// A digest of everything that makes a request what it is.
pub fn digest(method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Vec<u8> {
    let precondition = headers.get(header::IF_MATCH).map(HeaderValue::as_bytes).unwrap_or_default();
    let mut hash = Sha256::new();
    for part in [method.as_str().as_bytes(), uri.to_string().as_bytes(), precondition, body] {
        hash.update(u64::try_from(part.len()).unwrap_or_default().to_be_bytes());
        hash.update(part);
    }
    hash.finalize().to_vec()
}

/// Does a write once. `work` may be called twice: the second time with what the first one did.
///
/// # Errors
/// What `work` fails with; 409 while the same request is under way, 422 for a key used for another request.
pub async fn once<F, W>(
    client: &Client,
    key: Option<String>,
    request: Vec<u8>,
    work: F,
) -> Result<Response, ApiError>
where
    F: Fn(Write) -> W + Send + Sync + 'static,
    W: Future<Output = Result<Answer, ApiError>> + Send,
{
    let client = client.clone();
    let task = async move {
        match key {
            None => work(Write { id: Uuid::now_v7(), done: None }).await.map(IntoResponse::into_response),
            Some(key) => keyed(&client, &key, &request, work).await,
        }
    };
    tokio::spawn(task.in_current_span()).await.map_err(|e| crate::error::WebError::Fault(e.to_string()))?
}

async fn keyed<F, W>(client: &Client, key: &str, request: &[u8], work: F) -> Result<Response, ApiError>
where
    F: Fn(Write) -> W + Send + Sync,
    W: Future<Output = Result<Answer, ApiError>> + Send,
{
    let engine = client.engine();
    let scope = format!("account {}", client.account.id);
    let (id, done) = match engine.begin_once(&scope, key, request).await? {
        Begun::Fresh { id, written } => (id, written),
        Begun::Done(kept) => {
            let mut response = again(&kept);
            response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
            return Ok(response);
        }
        Begun::Busy => return Err(busy()),
        Begun::Other => return Err(other()),
    };
    let mut outcome = work(Write { id, done: done.clone() }).await;
    if outcome.is_err() && done.is_none() {
        // it may be committed all the same: by a slow earlier try, or before the connection to the database broke
        if let Some(found) = engine.written(id).await? {
            outcome = work(Write { id, done: Some(found) }).await;
        }
    }
    match outcome {
        Ok(answer) => {
            engine.finish_once(&scope, key, &answer.kept()).await?;
            Ok(answer.into_response())
        }
        Err(error) => {
            engine.forget_once(&scope, key).await?;
            Err(error)
        }
    }
}

fn busy() -> ApiError {
    let detail = "A request with this key is under way. Send it again in a moment: it is done once.";
    ApiError::new(StatusCode::CONFLICT, "under_way", "Still at work", detail).with(header::RETRY_AFTER, "1")
}

fn other() -> ApiError {
    let detail = "This key was used for another request. Take a new key for each request.";
    ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "key_used", "This key is used", detail)
}

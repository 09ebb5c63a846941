//! The description of the interface as OpenAPI 3.1, generated from the declarations; always the same bytes for the
//! same declarations. `generated/openapi.json` is this text for the shipped ones.
//!
//! Source: OpenAPI Specification 3.1.1; JSON Schema 2020-12.

mod accounts;
mod assurance;
mod documents;
mod doors;
mod fixed;
mod mail;
mod operation;
mod paths;
mod records;
mod schemas;

use std::io::Write as _;

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use proofdesk_model::Registry;
use serde_json::{Map, Value as Json, json};
use sha2::{Digest as _, Sha256};

use crate::api::client::Client;
use crate::api::input::Params;
use crate::api::problem::ApiError;

/// The description as it is handed out: some megabytes that follow from the declarations alone, so they are made once.
pub struct Paper {
    /// The text.
    pub(crate) text: Bytes,
    /// The text with gzip; none where it could not be packed.
    pub(crate) zipped: Option<Bytes>,
    /// Its mark, an `ETag`.
    pub(crate) tag: String,
    /// What the page `/api` shows of it.
    pub(crate) page: String,
}

impl Paper {
    /// Makes everything: a second of work.
    pub fn of(registry: &Registry) -> Self {
        let document = document(registry);
        let text = written(&document);
        let mut zip = GzEncoder::new(Vec::new(), Compression::default());
        // into memory nothing fails; if it did, the text is handed out as it is
        let zipped = zip.write_all(text.as_bytes()).and_then(|()| zip.finish()).ok().map(Bytes::from);
        let tag = format!("\"{}\"", hex::encode(&Sha256::digest(text.as_bytes())[..16]));
        let page = super::page::content(&document).into_string();
        Self { text: Bytes::from(text), zipped, tag, page }
    }
}

fn written(document: &Json) -> String {
    let mut text = serde_json::to_string_pretty(document).unwrap_or_default();
    text.push('\n');
    text
}

/// The description as text: pretty JSON with a line feed at the end.
pub fn openapi(registry: &Registry) -> String {
    written(&document(registry))
}

/// The description as JSON.
pub fn document(registry: &Registry) -> Json {
    let mut tags: Vec<Json> = paths::TAGS.iter().map(|(n, d)| json!({"name": n, "description": d})).collect();
    let mut paths = Map::new();
    paths::add(registry, &mut paths);
    let mut schemas = fixed::schemas();
    accounts::schemas(&mut schemas);
    mail::schemas(&mut schemas);
    for of in registry.types() {
        tags.push(json!({"name": of.plural, "description": schemas::sentence(&of.doc)}));
        records::add(registry, of, &mut paths);
        schemas::add(registry, of, &mut schemas);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Proofdesk",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Service management that proves itself",
            "description": ABOUT,
            "contact": {"name": "The operator of this desk", "url": "https://github.com/proofdesk/proofdesk"},
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "This desk"}],
        "security": [{"token": []}, {"session": []}],
        "tags": tags,
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token that a person makes on the account page; it acts with his roles.",
                },
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": crate::session::COOKIE,
                    "description": "The session of a signed-in browser; writes must come from our own pages.",
                },
            },
            "parameters": fixed::parameters(),
            "headers": fixed::headers(),
            "responses": fixed::responses(),
            "schemas": schemas,
        },
    })
}

/// `/api/v1/openapi.json`.
///
/// # Errors
/// 400 for a query, 401.
pub async fn serve(client: Client, uri: Uri, headers: HeaderMap) -> Result<Response, ApiError> {
    Params::read(&uri, &[])?;
    let paper = client.state.paper().await;
    let text = |name: header::HeaderName| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let same = text(header::IF_NONE_MATCH)
        .split(',')
        .any(|known| known.trim().trim_start_matches("W/") == paper.tag);
    let zipped = paper.zipped.as_ref().filter(|_| takes_gzip(text(header::ACCEPT_ENCODING)));
    let mut response = match (same, zipped) {
        (true, _) => StatusCode::NOT_MODIFIED.into_response(),
        (false, Some(zipped)) => zipped.clone().into_response(),
        (false, None) => paper.text.clone().into_response(),
    };
    let out = response.headers_mut();
    if !same {
        out.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if zipped.is_some() {
            out.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
    }
    out.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if let Ok(tag) = HeaderValue::from_str(&paper.tag) {
        out.insert(header::ETAG, tag);
    }
    Ok(response)
}

/// Whether a client takes gzip.
fn takes_gzip(accepted: &str) -> bool {
    accepted.split(',').any(|one| {
        let mut parts = one.split(';').map(str::trim);
        let is_gzip = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        let refused = parts.any(|part| part.strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0_f32)));
        is_gzip && !refused
    })
}

const ABOUT: &str = "Everything that the pages do, for programs. The record types and their fields come from the \
declarations of this desk.\n\n\
Forms: references are text (`\"SVC-4\"`), instants RFC 3339, days `YYYY-MM-DD`, durations seconds, decimals \
and amounts text (`\"12.50\"`), choices their names. A member that is not sent is not changed; `null` clears it.\n\n\
Errors are `application/problem+json` (RFC 9457) with all problems at once. `ETag` is the version of a record; \
`If-Match` refuses a change of something that others changed meanwhile. `Idempotency-Key` makes a POST happen once.\n\n\
Lists are filtered by the condition language (`priority in ['p1', 'p2'] && assignee == null`) and go on by cursor.";

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

use axum::body::Bytes;
use axum::http::{HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use proofdesk_model::Registry;
use serde_json::{Map, Value as Json, json};

use crate::api::client::Client;
use crate::api::input::Params;
use crate::api::problem::ApiError;

/// The description as text: pretty JSON with a line feed at the end.
pub fn openapi(registry: &Registry) -> String {
    let mut text = serde_json::to_string_pretty(&document(registry)).unwrap_or_default();
    text.push('\n');
    text
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
pub async fn serve(client: Client, uri: Uri) -> Result<Response, ApiError> {
    Params::read(&uri, &[])?;
    // some megabytes that follow from the declarations alone: written once
    let paper = client.state.paper.get_or_init(|| Bytes::from(openapi(client.registry())));
    let mut response = paper.clone().into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

const ABOUT: &str = "Everything that the pages do, for programs. The record types and their fields come from the \
declarations of this desk.\n\n\
Forms: references are text (`\"SVC-4\"`), instants RFC 3339, days `YYYY-MM-DD`, durations seconds, decimals \
and amounts text (`\"12.50\"`), choices their names. A member that is not sent is not changed; `null` clears it.\n\n\
Errors are `application/problem+json` (RFC 9457) with all problems at once. `ETag` is the version of a record; \
`If-Match` refuses a change of something that others changed meanwhile. `Idempotency-Key` makes a POST happen once.\n\n\
Lists are filtered by the condition language (`priority in ['p1', 'p2'] && assignee == null`) and go on by cursor.";

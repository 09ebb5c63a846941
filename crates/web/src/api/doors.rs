//! Doors: what other programs tell. What a message means is declared ([`proofdesk_doors`]); this reads it, and answers
//! what became of each of its items.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::routing::{get, post};
use proofdesk_doors::{Asker, Done, Door, Outcome, foreign};
use proofdesk_engine::account::is_administrator;
use proofdesk_engine::{CaseEvent, Error};
use proofdesk_model::format::write_instant;
use serde_json::{Value as Json, json};
use tracing::Instrument as _;

use crate::api::client::{Client, short};
use crate::api::input::{self, Params};
use crate::api::once::Answer;
use crate::api::problem::ApiError;
use crate::state::AppState;

/// `/api/v1/doors` and below it.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/api/v1/doors", get(list))
        .route("/api/v1/doors/events", get(events))
        .route("/api/v1/doors/{door}", post(take))
}

async fn list(client: Client, uri: Uri) -> Result<Answer, ApiError> {
    Params::read(&uri, &[])?;
    if client.caller.is_mere_requester() {
        return Err(ApiError::not_found("resource at this address; GET /api/v1 says what there is"));
    }
    let doors = client.state.doors.iter().flat_map(|doors| doors.iter());
    let doors: Vec<Json> = doors.map(|d| json!({"name": d.name, "label": d.label})).collect();
    Ok(Answer::ok(json!({"doors": doors})))
}

fn named<'a>(state: &'a AppState, name: &str) -> Result<&'a Door, ApiError> {
    let found = state.doors.as_ref().and_then(|doors| doors.get(name));
    found.ok_or_else(|| ApiError::not_found(format!("door `{}`; GET /api/v1/doors lists them", short(name))))
}

async fn take(
    client: Client,
    Path(name): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Answer, ApiError> {
    Params::read(&uri, &[])?;
    if client.caller.is_mere_requester() {
        return Err(ApiError::not_found("resource at this address; GET /api/v1 says what there is"));
    }
    named(&client.state, &name)?;
    let message = message(&headers, body).await?;
    let asker = Asker { caller: client.caller.clone(), account: Some(client.account.id) };
    carry_out(client.state, name, asker, message).await
}

/// Reads a message: JSON, XML as inventory agents write it, or a table as CSV.
async fn message(headers: &HeaderMap, body: Body) -> Result<Json, ApiError> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let read: fn(&[u8]) -> Result<Json, foreign::Unreadable> = match kind.as_str() {
        "application/xml" | "text/xml" => foreign::xml,
        "text/csv" => foreign::csv,
        _ => return Ok(Json::Object(input::object(headers, body, &input::JSON, false).await?.1)),
    };
    let bytes = to_bytes(body, input::BODY_MAX).await.map_err(|_| {
        let detail = format!("A message has at most {} MiB.", input::BODY_MAX / 1_048_576);
        ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "This is too large", detail)
    })?;
    read(&bytes).map_err(|e| ApiError::unreadable(e.to_string()))
}

/// Carries out a message, also where its sender hangs up meanwhile.
///
/// # Errors
/// 422 with all problems where a message about one thing was refused; as [`proofdesk_doors::take`].
pub async fn carry_out(
    state: AppState,
    name: String,
    asker: Asker,
    message: Json,
) -> Result<Answer, ApiError> {
    let task = async move {
        let door = named(&state, &name)?;
        let done = proofdesk_doors::take(&state.engine, door, &asker, &message).await?;
        if !door.is_list()
            && let Some(refused) = done.iter().find(|d| d.outcome == Outcome::Refused)
        {
            return Err(Error::Invalid(refused.problems.clone()).into());
        }
        let results: Vec<Json> = done.iter().map(|d| result(&state, d)).collect();
        Ok(Answer::ok(json!({"results": results})))
    };
    tokio::spawn(task.in_current_span()).await.map_err(|e| crate::error::WebError::Fault(e.to_string()))?
}

fn result(state: &AppState, done: &Done) -> Json {
    let record = done.record.as_ref().map(|r| state.engine.registry().write_reference(r));
    json!({"key": done.key, "outcome": done.outcome.as_str(), "record": record, "reason": done.reason})
}

async fn events(client: Client, uri: Uri) -> Result<Answer, ApiError> {
    let params = Params::read(&uri, &["door", "limit"])?;
    if !is_administrator(&client.caller) {
        return Err(ApiError::not_found("resource at this address; GET /api/v1 says what there is"));
    }
    let limit = usize::try_from(params.number("limit", 1, 200, 50)?).unwrap_or(50);
    let events = client.engine().case_events(params.text("door"), limit).await?;
    let events: Vec<Json> = events.iter().map(|e| event(&client.state, e)).collect();
    Ok(Answer::ok(json!({"events": events})))
}

fn event(state: &AppState, event: &CaseEvent) -> Json {
    let message: Json = serde_json::from_str(&event.payload).unwrap_or_default();
    json!({
        "id": event.id,
        "at": write_instant(event.at),
        "door": event.door,
        "key": event.key,
        "account": event.account,
        "outcome": event.outcome,
        "record": event.record.as_ref().map(|r| state.engine.registry().write_reference(r)),
        "reason": event.reason,
        "inputs": message,
    })
}

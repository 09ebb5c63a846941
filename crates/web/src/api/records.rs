//! Records: lists, one record, creating, changing, and taking a transition.

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use proofdesk_engine::{
    Action, Change, Door, Error, ListRequest, Problems, Record, Reference, Stamp, Target,
};
use proofdesk_model::RecordType;
use serde_json::{Map, Value as Json, json};
use tracing::Instrument as _;

use crate::api::client::Client;
use crate::api::input::{self, Params};
use crate::api::json;
use crate::api::keyed::Keyed;
use crate::api::once::{Answer, Write};
use crate::api::problem::ApiError;
use crate::layout::escape_query;
use crate::state::AppState;

/// `/api/v1/{type}` and below it.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/api/v1/{type}", get(list).post(create))
        .route("/api/v1/{type}/{reference}", get(show).patch(update))
        .route("/api/v1/{type}/{reference}/transitions/{transition}", post(step))
}

/// The address of a record.
pub fn address(of: &RecordType, number: i64) -> String {
    format!("/api/v1/{}/{}", of.name, of.reference(number))
}

/// Longest condition in an address, characters.
pub const FILTER_MAX: usize = 2_000;

/// Names of the query of a list.
pub const QUERY: [&str; 7] = ["filter", "sort", "order", "limit", "after", "fields", "q"];

async fn list(
    client: Client,
    Path(name): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if let Some(form) = crate::export::accepted(&headers) {
        return super::export::export(&client, &name, &uri, form).await;
    }
    let of = client.require_type(&name)?;
    let params = Params::read(&uri, &QUERY)?;
    let limit = usize::try_from(params.number("limit", 1, 200, 50)?).unwrap_or(50);
    let descending = params.word("order", &["asc", "desc"])? == "desc";
    let only = params.text("fields").map(|text| fields(&of, text)).transpose()?;
    let engine = client.engine();
    if params.text("filter").is_some_and(|f| f.chars().count() > FILTER_MAX) {
        let message = format!("A condition has at most {FILTER_MAX} characters here.");
        return Err(Error::invalid("filter", "size", message).into());
    }
    let filter = params.text("filter").map(|source| engine.condition(source, &of.name)).transpose()?;
    let (records, next) = match params.text("q") {
        Some(words) => {
            if let Some(other) = ["sort", "order", "after"].iter().find(|n| params.given(n).is_some()) {
                let message =
                    format!("A search is ordered by how well it fits; leave out `{other}`, or `q`.");
                return Err(Error::invalid(other, "together", message).into());
            }
            let hits = match &filter {
                Some(filter) => engine.search_where(&client.caller, words, filter, &of.name, limit).await?,
                None => engine.search(&client.caller, words, Some(&of.name), limit).await?,
            };
            (hits.into_iter().map(|h| h.record).collect(), None)
        }
        None => {
            let request = ListRequest {
                record_type: of.name.clone(),
                filter,
                sort: params.text("sort").unwrap_or_default().to_owned(),
                descending,
                after: params.text("after").map(str::to_owned),
                limit,
            };
            let page = engine.list(&client.caller, &request).await?;
            (page.records, page.next)
        }
    };
    let files = engine.named_files(&client.caller, &records).await?;
    let written: Vec<Json> =
        records.iter().map(|r| json::record(client.registry(), r, only.as_deref(), false, &files)).collect();
    let mut response = Answer::ok(json!({"records": written, "next": next})).into_response();
    if let Some(cursor) = next {
        let rest = |name: &str| params.text(name).map(|v| format!("&{name}={}", escape_query(v)));
        let rest: String =
            ["filter", "sort", "order", "limit", "fields"].into_iter().filter_map(rest).collect();
        let link = format!("</api/v1/{}?after={}{rest}>; rel=\"next\"", of.name, escape_query(&cursor));
        if let Ok(value) = HeaderValue::from_str(&link) {
            response.headers_mut().insert(header::LINK, value);
        }
    }
    Ok(response)
}

/// The members that a list shall show.
fn fields(of: &RecordType, text: &str) -> Result<Vec<String>, ApiError> {
    let known = json::members(of, false);
    let wanted: Vec<String> =
        text.split(',').map(|n| n.trim().to_owned()).filter(|n| !n.is_empty()).collect();
    let problems = wanted.iter().filter(|name| !known.contains(name)).map(|name| {
        let short = crate::api::client::short(name);
        let message = format!("`{short}` is not a member of {} in a list.", of.plural.to_lowercase());
        proofdesk_engine::Problem::new("fields", "unknown", message)
    });
    Problems(problems.collect()).into_result()?;
    Ok(wanted)
}

/// The whole record as an answer.
///
/// # Errors
/// A fault of the database.
pub async fn whole(client: &Client, record: &Record) -> Result<Answer, ApiError> {
    let files = client.engine().named_files(&client.caller, std::slice::from_ref(record)).await?;
    Ok(Answer::ok(json::record(client.registry(), record, None, true, &files)).tagged(record.version))
}

async fn show(
    client: Client,
    Path((name, written)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let (_, reference) = client.require_reference(&name, &written)?;
    Params::read(&uri, &[])?;
    let record = client.engine().require(&client.caller, &reference).await?;
    let tag = format!("\"{}\"", record.version);
    let known = headers.get(header::IF_NONE_MATCH).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if known.split(',').any(|t| t.trim().trim_start_matches("W/") == tag) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
    }
    Ok(whole(&client, &record).await?.into_response())
}

async fn create(client: Client, Path(name): Path<String>, sent: Keyed) -> Result<Response, ApiError> {
    let of = client.require_type(&name)?;
    of.permit(&client.caller, Action::Create, None).map_err(Error::Forbidden)?;
    sent.once(client, move |client, object, write| create_once(client, of.name.clone(), object, write)).await
}

async fn create_once(
    client: Client,
    name: String,
    object: Map<String, Json>,
    write: Write,
) -> Result<Answer, ApiError> {
    let engine = client.engine();
    let of = client.require_type(&name)?;
    let reference = match write.done {
        Some(reference) => reference,
        None => {
            let (change, problems) = json::change(client.registry(), &of, &object, None);
            let target = Target::New(of.name.clone());
            all_at_once(&client, &target, &change, problems).await?;
            let stamp = Stamp::now(engine.now(), Door::Api);
            let applied = engine.apply_at(&client.caller, target, change, stamp, write.id).await?;
            Reference::new(of.name.clone(), applied.record.number)
        }
    };
    let record = engine.require(&client.caller, &reference).await?;
    let files = engine.named_files(&client.caller, std::slice::from_ref(&record)).await?;
    let body = json::record(client.registry(), &record, None, true, &files);
    Ok(Answer::created(address(&record.of, record.number), body).tagged(record.version))
}

/// Where some members cannot be read, says together with them what is wrong with the rest.
async fn all_at_once(
    client: &Client,
    target: &Target,
    change: &Change,
    mut problems: Problems,
) -> Result<(), ApiError> {
    if problems.0.is_empty() {
        return Ok(());
    }
    let rest = client.engine().rehearse(&client.caller, target.clone(), change.clone(), Door::Api).await?;
    for problem in rest.0 {
        if problem.field.is_empty() || !problems.0.iter().any(|p| p.field == problem.field) {
            problems.push(problem);
        }
    }
    Ok(problems.into_result()?)
}

async fn update(
    client: Client,
    Path((name, written)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let (_, reference) = client.require_reference(&name, &written)?;
    Params::read(&uri, &[])?;
    let seen = input::if_match(&headers)?;
    let (_, object) = input::object(&headers, body, &input::PATCH, false).await?;
    let task = async move {
        let id = uuid::Uuid::now_v7();
        change_once(client, reference, object, None, seen, Write { id, done: None }).await
    };
    let done = tokio::spawn(task.in_current_span())
        .await
        .map_err(|e| crate::error::WebError::Fault(e.to_string()))?;
    Ok(done?.into_response())
}

async fn step(
    client: Client,
    Path((name, written, transition)): Path<(String, String, String)>,
    headers: HeaderMap,
    sent: Keyed<true>,
) -> Result<Response, ApiError> {
    let (of, reference) = client.require_reference(&name, &written)?;
    let seen = input::if_match(&headers)?;
    if of.transition(&transition).is_none() {
        let what =
            format!("transition `{}` of {}", super::client::short(&transition), of.plural.to_lowercase());
        return Err(ApiError::not_found(what));
    }
    let work = move |client, object, write| {
        change_once(client, reference.clone(), object, Some(transition.clone()), seen, write)
    };
    sent.once(client, work).await
}

/// Changes a record, and takes a transition where one is named.
async fn change_once(
    client: Client,
    reference: Reference,
    object: Map<String, Json>,
    transition: Option<String>,
    seen: Option<i64>,
    write: Write,
) -> Result<Answer, ApiError> {
    let engine = client.engine();
    let record = engine.require(&client.caller, &reference).await?;
    if write.done.is_some() {
        return whole(&client, &record).await;
    }
    let action = transition.clone().map_or(Action::Update, Action::Transition);
    record.of.permit(&client.caller, action, Some(&record)).map_err(Error::Forbidden)?;
    let (mut change, problems) = json::change(client.registry(), &record.of, &object, Some(&record));
    change.transition = transition;
    if problems.0.is_empty() && change.is_empty() && seen.is_none_or(|v| v == record.version) {
        return whole(&client, &record).await;
    }
    // what is added and taken away was worked out from this version
    let version = if change.links.is_empty() { seen } else { seen.or(Some(record.version)) };
    let target = Target::Existing(reference.clone(), version);
    all_at_once(&client, &target, &change, problems).await?;
    let stamp = Stamp::now(engine.now(), Door::Api);
    let applied = engine.apply_at(&client.caller, target, change, stamp, write.id).await;
    if let Err(error) = applied {
        let error = ApiError::from(error);
        return Err(if seen.is_some() { error.as_failed_precondition() } else { error });
    }
    let record = engine.require(&client.caller, &reference).await?;
    whole(&client, &record).await
}

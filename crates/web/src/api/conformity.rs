//! Conformity and figures: how obligations stand and why, runs, judgements, and what the history counts.
//!
//! Who only asks for services sees none of it, as on the pages.

use axum::Router;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::Response;
use axum::routing::{get, post};
use proofdesk_conformity::{Conformity, NewJudgement, Opinion, Scope};
use proofdesk_engine::{Door, Error, Problem, Problems, Reference};
use proofdesk_model::Registry;
use proofdesk_model::format::write_instant;
use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use crate::api::client::{Client, short};
use crate::api::input::{Form, Params};
use crate::api::keyed::Keyed;
use crate::api::once::{self, Answer, Write};
use crate::api::problem::ApiError;
use crate::error::WebError;
use crate::pages::conformity::MAY_RUN;
use crate::state::AppState;

/// A program waits this long for figures that were never computed.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(6);

/// `/api/v1/conformity` and below it, and `/api/v1/figures`.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/api/v1/conformity", get(overview))
        .route("/api/v1/conformity/obligations/{obligation}", get(obligation))
        .route("/api/v1/conformity/tests/{test}/exceptions", get(exceptions))
        .route("/api/v1/conformity/runs", get(runs).post(run))
        .route("/api/v1/conformity/runs/{run}", get(one_run))
        .route("/api/v1/conformity/judgements", post(judge))
        .route("/api/v1/figures", get(figures))
}

/// Whether the caller sees how the organization stands: everybody but those who only ask for services.
pub fn is_inside(client: &Client) -> bool {
    client.account.roles.iter().any(|role| role != "requester")
}

pub(super) fn require(client: &Client) -> Result<&Conformity, ApiError> {
    let found = client.state.conformity.as_ref().filter(|_| is_inside(client));
    found.ok_or_else(|| ApiError::not_found("resource at this address"))
}

fn framework(conformity: &Conformity, params: &Params) -> Result<String, ApiError> {
    let all = &conformity.declarations().frameworks;
    let found = match params.text("framework") {
        None => all.iter().find(|f| f.id.starts_with("iso-20000")).or(all.first()),
        Some(id) => all.iter().find(|f| f.id == id),
    };
    found.map(|f| f.id.clone()).ok_or_else(|| ApiError::not_found("framework of this name"))
}

/// The instant of which is asked; none for now.
fn as_of(params: &Params) -> Result<Option<i64>, ApiError> {
    let Some(text) = params.given("as_of") else { return Ok(None) };
    let found: Option<jiff::Timestamp> = text.parse().ok();
    let wrong = || {
        ApiError::parameter(
            "as_of",
            "format",
            "takes an instant with its offset, such as 2026-11-22T14:30:00Z",
        )
    };
    found.map(|t| Some(t.as_microsecond())).ok_or_else(wrong)
}

/// Writes plain data by the rules of the interface: instants by RFC 3339, lengths of time in seconds, people by
/// reference.
pub(super) fn written(registry: &Registry, value: &impl Serialize) -> Result<Json, ApiError> {
    let mut json = serde_json::to_value(value).map_err(|e| WebError::Fault(e.to_string()))?;
    rewrite(registry, &mut json);
    Ok(json)
}

fn rewrite(registry: &Registry, json: &mut Json) {
    match json {
        Json::Array(items) => items.iter_mut().for_each(|item| rewrite(registry, item)),
        Json::Object(map) => {
            // the reference is there as text
            if map.contains_key("reference") {
                map.shift_remove("record");
            }
            for (name, value) in map.iter_mut() {
                match (name.as_str(), value.as_i64()) {
                    ("at" | "since" | "as_of", Some(at)) => *value = json!(write_instant(at)),
                    ("every" | "duration", Some(micros)) => *value = json!(micros as f64 / 1_000_000.0),
                    ("person", Some(number)) => {
                        *value = json!(registry.write_reference(&Reference::new("person", number)));
                    }
                    _ => rewrite(registry, value),
                }
            }
        }
        _ => {}
    }
}

async fn overview(client: Client, uri: Uri) -> Result<Answer, ApiError> {
    let conformity = require(&client)?;
    let params = Params::read(&uri, &["framework", "as_of"])?;
    let framework = framework(conformity, &params)?;
    let view = match as_of(&params)? {
        Some(at) => conformity.overview_as_of(&framework, &Scope::all(), at).await,
        None => conformity.overview(&framework, &Scope::all()).await,
    };
    let view = view.map_err(WebError::from)?;
    Ok(Answer::ok(written(client.registry(), &view)?))
}

async fn obligation(client: Client, Path(id): Path<String>, uri: Uri) -> Result<Answer, ApiError> {
    let conformity = require(&client)?;
    let params = Params::read(&uri, &["framework", "as_of"])?;
    let framework = framework(conformity, &params)?;
    let known =
        conformity.declarations().framework(&framework).is_some_and(|f| f.obligations.contains_key(&id));
    if !known {
        return Err(ApiError::not_found(format!("obligation {} of {framework}", short(&id))));
    }
    let found = match as_of(&params)? {
        Some(at) => conformity.obligation_as_of(&framework, &id, &Scope::all(), at).await,
        None => conformity.obligation(&framework, &id, &Scope::all()).await,
    };
    let mut found = found.map_err(WebError::from)?;
    for test in &mut found.tests {
        conformity.conceal(&client.caller, &mut test.exceptions).await.map_err(WebError::from)?;
    }
    Ok(Answer::ok(written(client.registry(), &found)?))
}

async fn exceptions(client: Client, Path(test): Path<String>, uri: Uri) -> Result<Answer, ApiError> {
    let conformity = require(&client)?;
    let params = Params::read(&uri, &["limit", "after"])?;
    if conformity.declarations().test(&test).is_none() {
        return Err(ApiError::not_found(format!("test {}", short(&test))));
    }
    let limit = usize::try_from(params.number("limit", 1, 200, 50)?).unwrap_or(50);
    let after = params.number("after", 0, i64::MAX, -1)?;
    let after = (after >= 0).then_some(after);
    let mut page = conformity.exceptions(&test, &Scope::all(), after, limit).await.map_err(WebError::from)?;
    conformity.conceal(&client.caller, &mut page).await.map_err(WebError::from)?;
    Ok(Answer::ok(written(client.registry(), &page)?))
}

async fn runs(client: Client, uri: Uri) -> Result<Answer, ApiError> {
    let conformity = require(&client)?;
    let params = Params::read(&uri, &["limit"])?;
    let limit = usize::try_from(params.number("limit", 1, 200, 50)?).unwrap_or(50);
    let runs = conformity.runs(&Scope::all(), limit).await.map_err(WebError::from)?;
    Ok(Answer::ok(json!({"runs": written(client.registry(), &runs)?})))
}

async fn one_run(client: Client, Path(run): Path<String>, uri: Uri) -> Result<Answer, ApiError> {
    let conformity = require(&client)?;
    Params::read(&uri, &[])?;
    let missing = || ApiError::not_found(format!("run {}", short(&run)));
    let id: i64 = run.parse().map_err(|_| missing())?;
    let (run, results) = conformity.run_results(id).await.map_err(WebError::from)?;
    let registry = client.registry();
    Ok(Answer::ok(json!({"run": written(registry, &run)?, "results": written(registry, &results)?})))
}

async fn run(client: Client, method: Method, uri: Uri, headers: HeaderMap) -> Result<Response, ApiError> {
    let conformity = require(&client)?.clone();
    Params::read(&uri, &[])?;
    let key = once::key(&headers)?;
    if !MAY_RUN.iter().any(|role| client.caller.has(role)) {
        let who = MAY_RUN.join(", ").replace('_', " ");
        let problem =
            Problem::new("", "permission", format!("You may not ask for a run. This is for: {who}."));
        return Err(Error::Forbidden(Problems(vec![problem])).into());
    }
    let request = once::digest(&method, &uri, &headers, &Bytes::new());
    let caller = client.clone();
    once::once(&client, key, request, move |write| run_once(caller.clone(), conformity.clone(), write)).await
}

async fn run_once(client: Client, conformity: Conformity, write: Write) -> Result<Answer, ApiError> {
    let trigger = format!("asked by {}", client.account.name);
    let summary = match write.done {
        Some(done) => conformity.run_summary(done.number).await,
        None => conformity.run_once(&Scope::all(), &trigger, Door::Api, write.id).await,
    };
    let summary = summary.map_err(WebError::from)?;
    let location = format!("/api/v1/conformity/runs/{}", summary.run.id);
    Ok(Answer::created(location, written(client.registry(), &summary)?))
}

async fn judge(client: Client, sent: Keyed) -> Result<Response, ApiError> {
    let conformity = require(&client)?.clone();
    sent.once(client, move |client, object, write| judge_once(client, conformity.clone(), object, write))
        .await
}

fn judgement(object: &Map<String, Json>) -> Result<NewJudgement, ApiError> {
    let mut form = Form::new(object);
    let framework = form.text("framework", true).unwrap_or_default();
    let obligation = form.text("obligation", true).unwrap_or_default();
    let test = form.perhaps("test");
    let opinion = form.word("opinion", &["adequate", "inadequate"]);
    if opinion.is_none() && !object.contains_key("opinion") {
        form.wrong("opinion", "required", "Say whether it is good enough.");
    }
    let reason = form.text("reason", true).unwrap_or_default();
    let expires_on = form.perhaps("expires_on");
    if expires_on.as_deref().is_some_and(|day| proofdesk_model::format::parse_day(day).is_none()) {
        form.wrong("expires_on", "format", "`expires_on` takes a day, such as \"2027-11-22\".");
    }
    form.finish()?;
    let opinion = if opinion == Some("adequate") { Opinion::Adequate } else { Opinion::Inadequate };
    Ok(NewJudgement { framework, obligation, test, opinion, reason, expires_on })
}

async fn judge_once(
    client: Client,
    conformity: Conformity,
    object: Map<String, Json>,
    write: Write,
) -> Result<Answer, ApiError> {
    let new = judgement(&object)?;
    let made = match write.done {
        Some(done) => {
            let all = conformity.judgements(&new.framework, &new.obligation).await.map_err(WebError::from)?;
            let missing = || ApiError::not_found(format!("judgement {}", done.number));
            all.into_iter().find(|j| j.id == done.number).ok_or_else(missing)?
        }
        None => conformity
            .record_judgement_once(&client.caller, &new, Door::Api, write.id)
            .await
            .map_err(WebError::from)?,
    };
    let location = format!("/api/v1/conformity/obligations/{}", made.obligation);
    Ok(Answer::created(location, written(client.registry(), &made)?))
}

async fn figures(client: Client, uri: Uri) -> Result<Answer, ApiError> {
    let params = Params::read(&uri, &["type"])?;
    if !is_inside(&client) {
        return Err(ApiError::not_found("resource at this address"));
    }
    let name =
        params.text("type").ok_or_else(|| ApiError::parameter("type", "required", "names a record type"))?;
    let of = client.require_type(name)?;
    if of.clocks.is_empty() || !client.caller.reads_notes(&of) {
        return Err(ApiError::not_found(format!("figures of {}", of.plural.to_lowercase())));
    }
    let mut scope = proofdesk_report::Scope::of(&of.name);
    scope.zone = client.state.zone();
    let found = client.state.figures.of(client.engine(), scope, PATIENCE).await?;
    let Some(computed) = found else {
        let body = json!({"record_type": of.name, "state": "computing"});
        return Ok(Answer {
            status: StatusCode::ACCEPTED,
            headers: vec![("retry-after", "5".to_owned())],
            body: Some(body),
            later: None,
        });
    };
    let snapshot = computed.map_err(WebError::Fault)?;
    let figures = serde_json::to_value(&snapshot.figures).map_err(|e| WebError::Fault(e.to_string()))?;
    Ok(Answer::ok(json!({
        "record_type": of.name,
        "state": "computed",
        "at": write_instant(snapshot.at),
        "log_size": snapshot.log_size,
        "figures": figures,
    })))
}

/// What obligations ask of a record, for `…/owes`.
///
/// # Errors
/// A fault of the database.
pub async fn owed(client: &Client, record: &proofdesk_engine::Record) -> Result<Json, ApiError> {
    match client.state.conformity.as_ref().filter(|_| is_inside(client)) {
        Some(conformity) => {
            let owed = conformity.owes(record).await.map_err(WebError::from)?;
            written(client.registry(), &owed)
        }
        None => Ok(json!([])),
    }
}

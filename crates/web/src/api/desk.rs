//! What there is: the root, the declared types, and search over all of them.

use axum::Router;
use axum::extract::Path;
use axum::http::Uri;
use axum::routing::get;
use proofdesk_engine::Action;
use proofdesk_model::{Field, Kind, RecordType, Transition};
use serde_json::{Map, Value as Json, json};

use crate::api::beside::line;
use crate::api::client::Client;
use crate::api::input::Params;
use crate::api::json;
use crate::api::once::Answer;
use crate::api::problem::ApiError;
use crate::state::AppState;

/// `/api/v1`, `/api/v1/types` and `/api/v1/search`.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/api/v1", get(root))
        .route("/api/v1/types", get(types))
        .route("/api/v1/types/{type}", get(declaration))
        .route("/api/v1/search", get(search))
}

async fn root(client: Client, uri: Uri) -> Result<Answer, ApiError> {
    Params::read(&uri, &[])?;
    let readable = client.registry().types().filter(|of| client.caller.may(of, &Action::Read));
    let records: Map<String, Json> =
        readable.map(|of| (of.name.clone(), json!(format!("/api/v1/{}", of.name)))).collect();
    Ok(Answer::ok(json!({
        "name": "Proofdesk",
        "version": env!("CARGO_PKG_VERSION"),
        "organization": client.state.organization(),
        "openapi": "/api/v1/openapi.json",
        "types": "/api/v1/types",
        "search": "/api/v1/search",
        "me": "/api/v1/me",
        "log": "/api/v1/log",
        "records": records,
    })))
}

async fn types(client: Client, uri: Uri) -> Result<Answer, ApiError> {
    Params::read(&uri, &[])?;
    let readable = client.registry().types().filter(|of| client.caller.may(of, &Action::Read));
    let all: Vec<Json> = readable
        .map(|of| {
            json!({
                "name": of.name,
                "label": of.label,
                "plural": of.plural,
                "prefix": of.prefix,
                "family": of.family,
                "clauses": of.clauses,
                "records": format!("/api/v1/{}", of.name),
                "declaration": format!("/api/v1/types/{}", of.name),
            })
        })
        .collect();
    Ok(Answer::ok(json!({"types": all})))
}

async fn declaration(client: Client, Path(name): Path<String>, uri: Uri) -> Result<Answer, ApiError> {
    let of = client.require_type(&name)?;
    Params::read(&uri, &[])?;
    let may = |action: Action| client.caller.may(&of, &action);
    let actions =
        [Action::Read, Action::Create, Action::Update, Action::Comment, Action::Note, Action::Attach];
    let mut allowed: Vec<String> =
        actions.into_iter().filter(|a| may(a.clone())).map(|a| a.word().to_owned()).collect();
    let steps = of.transitions.iter().map(|t| t.name.clone());
    allowed.extend(steps.filter(|name| may(Action::Transition(name.clone()))));
    let states = of
        .states
        .iter()
        .map(|s| json!({"name": s.name, "label": s.label, "kind": s.kind.as_str(), "requires": s.requires}));
    let views = of.views.iter().map(|v| {
        json!({
            "name": v.name,
            "label": v.label,
            "filter": v.condition.as_ref().map(proofdesk_model::Condition::source),
            "sort": v.sort,
            "order": if v.descending { "desc" } else { "asc" },
        })
    });
    let sections = of.sections.iter().map(|s| json!({"label": s.label, "fields": s.fields}));
    let inverses =
        of.inverses.iter().map(|(name, i)| json!({"name": name, "record_type": i.from, "field": i.field}));
    Ok(Answer::ok(json!({
        "name": of.name,
        "label": of.label,
        "plural": of.plural,
        "prefix": of.prefix,
        "family": of.family,
        "description": of.doc,
        "clauses": of.clauses,
        "declaration": of.declaration,
        "sections": sections.collect::<Vec<_>>(),
        "fields": json::shown(&of).map(field).collect::<Vec<_>>(),
        "relations": inverses.collect::<Vec<_>>(),
        "states": states.collect::<Vec<_>>(),
        "transitions": of.transitions.iter().map(|t| transition(&of, t)).collect::<Vec<_>>(),
        "views": views.collect::<Vec<_>>(),
        "allowed": allowed,
    })))
}

/// The word of a kind, as declarations write it.
pub fn kind_word(kind: &Kind) -> &'static str {
    match kind {
        Kind::Text { .. } => "text",
        Kind::Markdown => "markdown",
        Kind::Int { .. } => "int",
        Kind::Decimal => "decimal",
        Kind::Money => "money",
        Kind::Duration => "duration",
        Kind::Instant => "instant",
        Kind::Day => "day",
        Kind::Choice(_) => "choice",
        Kind::Choices(_) => "choices",
        Kind::YesNo => "yesno",
        Kind::Link { .. } => "link",
        Kind::Links { .. } => "links",
        Kind::Person => "person",
        Kind::Team => "team",
        Kind::File => "file",
    }
}

/// Whether a caller may write the field when he records or changes a record.
pub fn is_written(field: &Field) -> bool {
    field.is_entered() || field.retired
}

fn field(field: &Field) -> Json {
    let options = field.options().iter().map(|o| json!({"name": o.name, "label": o.label, "help": o.help}));
    json!({
        "name": field.name,
        "label": field.label,
        "kind": kind_word(&field.kind),
        "help": field.help,
        "required": field.required,
        "computed": !field.is_asked() && !field.retired,
        "written_by": (if field.by_steps { "steps" } else { "people" }),
        "public": field.public,
        "search": field.search,
        "default": field.default,
        "clause": field.clause,
        "record_type": field.target(),
        "options": options.collect::<Vec<_>>(),
    })
}

fn transition(of: &RecordType, step: &Transition) -> Json {
    let roles: Vec<&str> = proofdesk_model::access::ROLES
        .into_iter()
        .filter(|role| of.role_allows(role, &Action::Transition(step.name.clone())))
        .collect();
    let guards = step
        .guards
        .iter()
        .map(|g| json!({"condition": g.condition.source(), "says": g.says, "clause": g.clause}));
    json!({
        "name": step.name,
        "label": step.label,
        "from": step.from,
        "to": step.to,
        "requires": step.requires,
        "offers": step.offers,
        "roles": roles,
        "guards": guards.collect::<Vec<_>>(),
    })
}

async fn search(client: Client, uri: Uri) -> Result<Answer, ApiError> {
    let params = Params::read(&uri, &["q", "type", "limit"])?;
    let limit = usize::try_from(params.number("limit", 1, 200, 20)?).unwrap_or(20);
    let words =
        params.text("q").ok_or_else(|| ApiError::parameter("q", "required", "says what to look for"))?;
    let of = params.text("type").map(|name| client.require_type(name)).transpose()?;
    let engine = client.engine();
    let name = of.as_ref().map(|of| of.name.as_str());
    let hits = engine.search(&client.caller, words, name, limit).await?;
    let jump = engine.jump(&client.caller, words).await?;
    let hits: Vec<Json> = hits
        .iter()
        .map(|hit| {
            let mut line = line(&hit.record);
            line["part"] = json!(hit.part);
            line
        })
        .collect();
    let jump = jump.map(|r| client.registry().write_reference(&r));
    Ok(Answer::ok(json!({"jump": jump, "hits": hits})))
}

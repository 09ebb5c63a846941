//! The caller: who he is, his tokens, his saved views.

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use axum::routing::{delete, get};
use proofdesk_engine::{Action, NewToken, Reference, SavedView, Token};
use proofdesk_model::format::write_instant;
use serde_json::{Map, Value as Json, json};

use crate::api::client::Client;
use crate::api::input::{self, Form, Params};
use crate::api::keyed::Keyed;
use crate::api::once::{Answer, Write};
use crate::api::problem::ApiError;
use crate::session::random;
use crate::state::AppState;

/// `/api/v1/me`, `/api/v1/tokens`, `/api/v1/views`.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/api/v1/me", get(me))
        .route("/api/v1/tokens", get(tokens).post(make_token))
        .route("/api/v1/tokens/{id}", delete(end_token))
        .route("/api/v1/views", get(views).post(keep_view))
        .route("/api/v1/views/{id}", get(one_view).patch(change_view).delete(remove_view))
}

async fn me(client: Client, uri: Uri) -> Result<Answer, ApiError> {
    Params::read(&uri, &[])?;
    let person = client.registry().write_reference(&Reference::new("person", client.account.person));
    Ok(Answer::ok(json!({
        "account": client.account.id,
        "sign_in": client.account.sign_in,
        "name": client.account.name,
        "person": person,
        "roles": client.account.roles,
        "time_zone": client.state.zone().iana_name().unwrap_or("UTC"),
    })))
}

fn token_json(token: &Token) -> Json {
    json!({
        "id": token.id,
        "label": token.label,
        "created_at": write_instant(token.created_at),
        "expires_at": token.expires_at.map(write_instant),
        "used_at": token.used_at.map(write_instant),
        "scope": token.scope.split(' ').filter(|pair| !pair.is_empty()).collect::<Vec<_>>(),
    })
}

async fn tokens(client: Client, uri: Uri) -> Result<Answer, ApiError> {
    Params::read(&uri, &[])?;
    Ok(Answer::ok(tokens_json(&client.engine().tokens(client.account.id).await?)))
}

pub(super) fn tokens_json(all: &[Token]) -> Json {
    json!({"tokens": all.iter().map(token_json).collect::<Vec<_>>()})
}

async fn make_token(client: Client, sent: Keyed) -> Result<Response, ApiError> {
    let account = client.account.id;
    sent.once(client, move |client, object, _| make_token_once(client, account, object)).await
}

/// The secret is in this answer only: the one that is kept for the same request sent again has null instead.
pub(super) async fn make_token_once(
    client: Client,
    account: i64,
    object: Map<String, Json>,
) -> Result<Answer, ApiError> {
    let mut form = Form::new(&object);
    let label = form.text("label", true);
    if label.as_ref().is_some_and(|l| l.chars().any(char::is_control)) {
        form.wrong("label", "format", "`label` is one line of text, without control characters.");
    }
    let expires_at = form.instant("expires_at");
    let scope = form.texts("scope").unwrap_or_default().join(" ");
    let password = form.text("password", false);
    let engine = client.engine();
    if expires_at.is_some_and(|end| end <= engine.now()) {
        form.wrong("expires_at", "range", "`expires_at` lies in the past.");
    }
    form.finish()?;
    let label = label.unwrap_or_default();
    let act = client.act();
    let proof = (password.as_deref(), client.session.as_deref());
    engine.prove_anew(&act, client.account.id, proof.0, proof.1).await?;
    let (new, mut random) = (NewToken { label: label.clone(), expires_at, scope }, random());
    let (id, secret) = engine.create_token(&act, account, &new, &mut random).await?;
    let all = engine.tokens(account).await?;
    let made = all.iter().find(|t| t.id == id);
    let mut body = made.map_or_else(|| json!({"label": label}), token_json);
    body["token"] = Json::Null;
    let later = body.clone();
    body["token"] = json!(secret);
    let location = format!("/api/v1/tokens/{id}");
    Ok(Answer::created(location, body).kept_as(later))
}

async fn end_token(client: Client, Path(id): Path<String>, uri: Uri) -> Result<Answer, ApiError> {
    Params::read(&uri, &[])?;
    let missing = || ApiError::not_found("token of yours with this id");
    let id: i64 = id.parse().map_err(|_| missing())?;
    let all = client.engine().tokens(client.account.id).await?;
    if !all.iter().any(|t| t.id == id) {
        return Err(missing());
    }
    client.engine().revoke_token(&client.act(), client.account.id, id).await?;
    Ok(Answer::nothing())
}

fn view_json(client: &Client, view: &SavedView) -> Json {
    json!({
        "id": view.id,
        "record_type": view.record_type,
        "label": view.label,
        "filter": view.filter,
        "sort": view.sort,
        "order": if view.descending { "desc" } else { "asc" },
        "columns": view.columns,
        "shared": view.shared,
        "person": client.registry().write_reference(&Reference::new("person", view.person)),
    })
}

async fn views(client: Client, uri: Uri) -> Result<Answer, ApiError> {
    let params = Params::read(&uri, &["type"])?;
    let name =
        params.text("type").ok_or_else(|| ApiError::parameter("type", "required", "names a record type"))?;
    let of = client.require_type(name)?;
    let views = client.engine().saved_views(&client.caller, &of.name).await?;
    Ok(Answer::ok(json!({"views": views.iter().map(|v| view_json(&client, v)).collect::<Vec<_>>()})))
}

async fn one_view(client: Client, Path(id): Path<String>, uri: Uri) -> Result<Answer, ApiError> {
    Params::read(&uri, &[])?;
    let view = client.engine().view(&client.caller, &id).await?;
    client.require_type(&view.record_type)?;
    Ok(Answer::ok(view_json(&client, &view)))
}

async fn keep_view(client: Client, sent: Keyed) -> Result<Response, ApiError> {
    sent.once(client, keep_view_once).await
}

async fn keep_view_once(client: Client, object: Map<String, Json>, write: Write) -> Result<Answer, ApiError> {
    let mut form = Form::new(&object);
    let name = form.text("record_type", true).unwrap_or_default();
    if !object.contains_key("label") {
        form.wrong("label", "required", "`label` is needed.");
    }
    let of = client.registry().get(&name).filter(|of| client.caller.may(of, &Action::Read));
    if of.is_none() && object.get("record_type").is_some_and(Json::is_string) {
        let message = format!("`{}` is not a record type.", super::client::short(&name));
        form.wrong("record_type", "unknown", message);
    }
    let blank = SavedView {
        id: String::new(),
        record_type: name,
        label: String::new(),
        filter: String::new(),
        sort: String::new(),
        descending: false,
        columns: Vec::new(),
        person: client.account.person,
        shared: false,
    };
    let view = sent(form, &object, blank)?;
    let kept = client.engine().save_view_once(&client.caller, view, write.id).await?;
    let location = format!("/api/v1/views/{}", kept.id);
    Ok(Answer::created(location, view_json(&client, &kept)))
}

async fn change_view(
    client: Client,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Answer, ApiError> {
    Params::read(&uri, &[])?;
    let held = client.engine().view(&client.caller, &id).await?;
    client.require_type(&held.record_type)?;
    let (_, object) = input::object(&headers, body, &input::PATCH, false).await?;
    let view = sent(Form::new(&object), &object, held)?;
    let kept = client.engine().update_view(&client.caller, view).await?;
    Ok(Answer::ok(view_json(&client, &kept)))
}

/// Lays the members that were sent over a view; what is wrong with their values is said by the engine.
fn sent(mut form: Form<'_>, object: &Map<String, Json>, mut view: SavedView) -> Result<SavedView, ApiError> {
    if let Some(label) = form.text("label", false) {
        view.label = label;
    }
    if let Some(filter) = form.text("filter", false) {
        view.filter = filter;
    }
    if let Some(sort) = form.text("sort", false) {
        view.sort = sort;
    }
    if let Some(order) = form.word("order", &["asc", "desc"]) {
        view.descending = order == "desc";
    }
    if let Some(columns) = form.texts("columns") {
        view.columns = columns;
    }
    let shared = form.yes("shared");
    if object.contains_key("shared") {
        view.shared = shared;
    }
    form.finish()?;
    Ok(view)
}

async fn remove_view(client: Client, Path(id): Path<String>, uri: Uri) -> Result<Answer, ApiError> {
    Params::read(&uri, &[])?;
    client.engine().remove_view(&client.caller, &id).await?;
    Ok(Answer::nothing())
}

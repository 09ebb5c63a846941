//! The caller: who he is, his tokens, his saved views.

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderMap, Uri};
use axum::routing::{delete, get};
use proofdesk_engine::{Reference, SavedView, Token};
use proofdesk_model::format::write_instant;
use serde_json::{Value as Json, json};

use crate::api::client::Client;
use crate::api::input::{self, Form, Params};
use crate::api::once::{Answer, KEY};
use crate::api::problem::ApiError;
use crate::session::random;
use crate::state::AppState;

/// Longest name of a view, characters.
const LABEL_MAX: usize = 60;

/// `/api/v1/me`, `/api/v1/tokens`, `/api/v1/views`.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/api/v1/me", get(me))
        .route("/api/v1/tokens", get(tokens).post(make_token))
        .route("/api/v1/tokens/{id}", delete(end_token))
        .route("/api/v1/views", get(views).post(keep_view))
        .route("/api/v1/views/{id}", delete(remove_view))
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
        "time_zone": client.state.settings.zone.iana_name().unwrap_or("UTC"),
    })))
}

fn token_json(token: &Token) -> Json {
    json!({
        "id": token.id,
        "label": token.label,
        "created_at": write_instant(token.created_at),
        "expires_at": token.expires_at.map(write_instant),
        "used_at": token.used_at.map(write_instant),
    })
}

async fn tokens(client: Client, uri: Uri) -> Result<Answer, ApiError> {
    Params::read(&uri, &[])?;
    let all = client.engine().tokens(client.account.id).await?;
    Ok(Answer::ok(json!({"tokens": all.iter().map(token_json).collect::<Vec<_>>()})))
}

/// Refuses a key where the request is not done once: an answer is not kept here.
fn no_key(headers: &HeaderMap, why: &str) -> Result<(), ApiError> {
    if headers.contains_key(KEY) {
        return Err(ApiError::parameter("Idempotency-Key", "unknown", format!("is not taken here: {why}")));
    }
    Ok(())
}

async fn make_token(client: Client, uri: Uri, headers: HeaderMap, body: Body) -> Result<Answer, ApiError> {
    Params::read(&uri, &[])?;
    no_key(&headers, "the secret is shown once and not kept")?;
    let (_, object) = input::object(&headers, body, &input::JSON, false).await?;
    let mut form = Form::new(&object);
    let label = form.text("label", true);
    if label.as_ref().is_some_and(|l| l.chars().any(char::is_control)) {
        form.wrong("label", "format", "`label` is one line of text, without control characters.");
    }
    let expires_at = form.instant("expires_at");
    let engine = client.engine();
    if expires_at.is_some_and(|end| end <= engine.now()) {
        form.wrong("expires_at", "range", "`expires_at` lies in the past.");
    }
    form.finish()?;
    let label = label.unwrap_or_default();
    let secret = engine.create_token(client.account.id, &label, expires_at, &mut random()).await?;
    let all = engine.tokens(client.account.id).await?;
    let made = all.iter().rev().find(|t| t.label == label.trim());
    let mut body = made.map_or_else(|| json!({"label": label}), token_json);
    body["token"] = json!(secret);
    let location = format!("/api/v1/tokens/{}", made.map_or(0, |t| t.id));
    Ok(Answer::created(location, body))
}

async fn end_token(client: Client, Path(id): Path<String>, uri: Uri) -> Result<Answer, ApiError> {
    Params::read(&uri, &[])?;
    let missing = || ApiError::not_found("token of yours with this id");
    let id: i64 = id.parse().map_err(|_| missing())?;
    let all = client.engine().tokens(client.account.id).await?;
    if !all.iter().any(|t| t.id == id) {
        return Err(missing());
    }
    client.engine().revoke_token(client.account.id, id).await?;
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

async fn keep_view(client: Client, uri: Uri, headers: HeaderMap, body: Body) -> Result<Answer, ApiError> {
    Params::read(&uri, &[])?;
    no_key(&headers, "remove the second view where one was made twice")?;
    let (_, object) = input::object(&headers, body, &input::JSON, false).await?;
    let mut form = Form::new(&object);
    let name = form.text("record_type", true).unwrap_or_default();
    let label = form.text("label", true).unwrap_or_default();
    let filter = form.text("filter", false).unwrap_or_default();
    let sort = form.text("sort", false).unwrap_or_default();
    let descending = form.word("order", &["asc", "desc"]) == Some("desc");
    let shared = form.yes("shared");
    let of = client.registry().get(&name).filter(|of| client.caller.may(of, &proofdesk_engine::Action::Read));
    match of {
        None if object.get("record_type").is_some_and(Json::is_string) => {
            form.wrong(
                "record_type",
                "unknown",
                format!("`{}` is not a record type.", super::client::short(&name)),
            );
        }
        Some(of)
            if !sort.is_empty() && !super::json::members(of, false).contains(&sort) && sort != "number" =>
        {
            form.wrong("sort", "unknown", format!("`{}` is not a column.", super::client::short(&sort)));
        }
        _ => {}
    }
    if label.chars().any(char::is_control) {
        form.wrong("label", "format", "`label` is one line of text, without control characters.");
    }
    if label.chars().count() > LABEL_MAX {
        form.wrong("label", "size", format!("`label` has at most {LABEL_MAX} characters."));
    }
    form.finish()?;
    let (id, person) = (String::new(), client.account.person);
    let view = SavedView { id, record_type: name, label, filter, sort, descending, person, shared };
    let kept = client.engine().save_view(&client.caller, view).await?;
    let location = format!("/api/v1/views/{}", kept.id);
    Ok(Answer::created(location, view_json(&client, &kept)))
}

async fn remove_view(client: Client, Path(id): Path<String>, uri: Uri) -> Result<Answer, ApiError> {
    Params::read(&uri, &[])?;
    client.engine().remove_view(&client.caller, &id).await?;
    Ok(Answer::nothing())
}

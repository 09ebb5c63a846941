//! Sessions of the caller; accounts for administrators: roles, state, links, second factors, sessions and tokens.

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use axum::routing::{delete, get, post};
use proofdesk_engine::{
    Account, Change, Door, Error, Link, NewAccount, Problem, Problems, SessionItem, Target,
};
use proofdesk_model::format::write_instant;
use serde_json::{Map, Value as Json, json};

use crate::api::client::Client;
use crate::api::input::{self, Form, Params};
use crate::api::keyed::Keyed;
use crate::api::me;
use crate::api::once::Answer;
use crate::api::problem::ApiError;
use crate::session::random;
use crate::state::AppState;

/// `/api/v1/sessions` and `/api/v1/accounts`.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/api/v1/sessions", get(own_sessions))
        .route("/api/v1/sessions/{id}", delete(end_own_session))
        .route("/api/v1/accounts", get(list).post(make))
        .route("/api/v1/accounts/{id}", get(one).patch(change))
        .route("/api/v1/accounts/{id}/link", post(make_link))
        .route("/api/v1/accounts/{id}/second-factor", delete(end_factor))
        .route("/api/v1/accounts/{id}/sessions", get(sessions).delete(end_sessions))
        .route("/api/v1/accounts/{id}/tokens", get(tokens).post(make_token))
}

fn session_json(session: &SessionItem) -> Json {
    json!({
        "id": session.id,
        "since": write_instant(session.since),
        "used_at": write_instant(session.used_at),
        "expires_at": write_instant(session.expires_at),
        "address": session.address,
        "agent": session.agent,
        "method": session.method,
        "current": session.current,
    })
}

fn sessions_json(sessions: &[SessionItem]) -> Json {
    json!({"sessions": sessions.iter().map(session_json).collect::<Vec<_>>()})
}

async fn own_sessions(client: Client, uri: Uri) -> Result<Answer, ApiError> {
    Params::read(&uri, &[])?;
    let found = client.engine().sessions(client.account.id, client.session.as_deref()).await?;
    Ok(Answer::ok(sessions_json(&found)))
}

async fn end_own_session(client: Client, Path(id): Path<String>, uri: Uri) -> Result<Answer, ApiError> {
    Params::read(&uri, &[])?;
    let own = client.engine().sessions(client.account.id, client.session.as_deref()).await?;
    let is_other = own.iter().any(|session| session.id == id && !session.current);
    if client.session.is_some() && is_other {
        let message = "End it on the account page, which asks for your password, or by a token.";
        return Err(Error::invalid("session", "sign_in", message).into());
    }
    match client.engine().end_session(&client.act(), client.account.id, &id).await {
        Err(Error::NotFound(_)) => Err(ApiError::not_found("session of yours with this id")),
        other => Ok(other.map(|()| Answer::nothing())?),
    }
}

/// The account that an address names, for administrators only.
async fn named(client: &Client, id: &str) -> Result<Account, ApiError> {
    administrator(client)?;
    let missing = || ApiError::not_found("account with this id");
    let id: i64 = id.parse().map_err(|_| missing())?;
    match client.engine().account(id).await {
        Err(Error::NotFound(_)) => Err(missing()),
        other => Ok(other?),
    }
}

fn administrator(client: &Client) -> Result<(), ApiError> {
    if proofdesk_engine::account::is_administrator(&client.caller) {
        return Ok(());
    }
    let message = "Accounts are for: administrator.";
    Err(Error::Forbidden(Problems(vec![Problem::new("", "permission", message)])).into())
}

fn account_json(client: &Client, account: &Account) -> Json {
    let person = proofdesk_engine::Reference::new("person", account.person);
    json!({
        "id": account.id,
        "sign_in": account.sign_in,
        "name": account.name,
        "person": client.registry().write_reference(&person),
        "roles": account.clone().on(proofdesk_model::format::day_of(client.engine().now())).roles,
        "active": account.active,
        "program": account.program,
        "second_factor": account.second_factor,
    })
}

async fn list(client: Client, uri: Uri) -> Result<Answer, ApiError> {
    Params::read(&uri, &[])?;
    administrator(&client)?;
    let all = client.engine().accounts().await?;
    let all: Vec<Json> = all.iter().map(|account| account_json(&client, account)).collect();
    Ok(Answer::ok(json!({"accounts": all})))
}

async fn one(client: Client, Path(id): Path<String>, uri: Uri) -> Result<Answer, ApiError> {
    Params::read(&uri, &[])?;
    let account = named(&client, &id).await?;
    Ok(Answer::ok(account_json(&client, &account)))
}

async fn make(client: Client, sent: Keyed) -> Result<Response, ApiError> {
    administrator(&client)?;
    sent.once(client, |client, object, _| make_once(client, object)).await
}

async fn make_once(client: Client, object: Map<String, Json>) -> Result<Answer, ApiError> {
    let mut form = Form::new(&object);
    let (sign_in, name) = (form.text("sign_in", true), form.text("name", true));
    let roles = form.texts("roles").unwrap_or_default();
    let program = form.yes("program");
    let written = form.text("person", false);
    let person = written.as_deref().map(|text| client.registry().parse_reference(text));
    if person.as_ref().is_some_and(|found| found.as_ref().is_none_or(|r| r.record_type != "person")) {
        form.wrong("person", "link", "`person` is a reference of a person, such as PER-12.");
    }
    form.finish()?;
    let name = name.unwrap_or_default().trim().to_owned();
    let sign_in = sign_in.unwrap_or_default();
    let mut new = NewAccount { person: 0, sign_in, name, roles, password: None, program };
    let engine = client.engine();
    engine.check_new_account(&new).await?;
    new.person = match person.flatten() {
        Some(reference) => {
            let missing = || Error::invalid("person", "link", "There is no such person.");
            engine.load(&client.caller, &reference).await?.ok_or_else(missing)?.number
        }
        None => {
            let change = Change::default().with_text("name", &new.name);
            let target = Target::New("person".to_owned());
            engine.apply(&client.caller, target, change, Door::Api).await?.record.number
        }
    };
    let made = engine.create_account(&client.act(), new).await?;
    Ok(Answer::created(format!("/api/v1/accounts/{}", made.id), account_json(&client, &made)))
}

async fn change(
    client: Client,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Answer, ApiError> {
    Params::read(&uri, &[])?;
    let mut account = named(&client, &id).await?;
    let (_, object) = input::object(&headers, body, &input::PATCH, false).await?;
    let mut form = Form::new(&object);
    let roles = form.texts("roles");
    let active = form.yes("active");
    form.finish()?;
    let (engine, act) = (client.engine(), client.act());
    if let Some(roles) = roles {
        account = engine.set_roles(&act, account.id, &roles).await?;
    }
    if object.contains_key("active") {
        account = engine.set_active(&act, account.id, active).await?;
    }
    Ok(Answer::ok(account_json(&client, &account)))
}

/// The secret is in this answer only.
async fn make_link(client: Client, Path(id): Path<String>, uri: Uri) -> Result<Answer, ApiError> {
    Params::read(&uri, &[])?;
    let account = named(&client, &id).await?;
    let (act, mut random) = (client.act(), random());
    let letter = match &client.state.mail {
        Some(mail) => mail.link_letter(&account).await.map_err(Error::from)?,
        None => None,
    };
    let by_mail = letter.is_some();
    let rows = |link: &Link, secret: &str| letter.and_then(|l| l.row(link, secret)).into_iter().collect();
    let (link, secret) = client.engine().make_link_with(&act, account.id, &mut random, rows).await?;
    if let Some(mail) = client.state.mail.as_ref().filter(|_| by_mail) {
        mail.wake();
    }
    let purpose = if matches!(link, Link::Invitation(_)) { "invitation" } else { "reset" };
    let address = format!("{}/link/{secret}", client.state.settings.base());
    Ok(Answer::ok(json!({"purpose": purpose, "link": address, "by_mail": by_mail})))
}

async fn end_factor(client: Client, Path(id): Path<String>, uri: Uri) -> Result<Answer, ApiError> {
    let params = Params::read(&uri, &["reason"])?;
    let account = named(&client, &id).await?;
    client
        .engine()
        .reset_factor(&client.act(), account.id, params.text("reason").unwrap_or_default())
        .await?;
    Ok(Answer::nothing())
}

async fn sessions(client: Client, Path(id): Path<String>, uri: Uri) -> Result<Answer, ApiError> {
    Params::read(&uri, &[])?;
    let account = named(&client, &id).await?;
    let found = client.engine().sessions(account.id, client.session.as_deref()).await?;
    Ok(Answer::ok(sessions_json(&found)))
}

async fn end_sessions(client: Client, Path(id): Path<String>, uri: Uri) -> Result<Answer, ApiError> {
    Params::read(&uri, &[])?;
    let account = named(&client, &id).await?;
    client.engine().end_sessions(&client.act(), account.id, None).await?;
    Ok(Answer::nothing())
}

async fn tokens(client: Client, Path(id): Path<String>, uri: Uri) -> Result<Answer, ApiError> {
    Params::read(&uri, &[])?;
    let account = named(&client, &id).await?;
    Ok(Answer::ok(me::tokens_json(&client.engine().tokens(account.id).await?)))
}

async fn make_token(client: Client, Path(id): Path<String>, sent: Keyed) -> Result<Response, ApiError> {
    let account = named(&client, &id).await?.id;
    sent.once(client, move |client, object, _| me::make_token_once(client, account, object)).await
}

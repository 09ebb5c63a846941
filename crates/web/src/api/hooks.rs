//! Signed webhooks: administrators make, list and end them, and send again what was given up; programs that sign their
//! messages tell a door by `POST /api/v1/hooks/{id}`.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::routing::{delete, get, post};
use proofdesk_doors::{Asker, Doors, signature};
use proofdesk_engine::account::is_administrator;
use proofdesk_engine::{Direction, Problem, QueuedJob, Webhook};
use proofdesk_model::format::write_instant;
use proofdesk_reach::Reach;
use serde_json::{Map, Value as Json, json};

use crate::api::client::Client;
use crate::api::doors::carry_out;
use crate::api::input::{self, Form, Params};
use crate::api::keyed::Keyed;
use crate::api::once::Answer;
use crate::api::problem::ApiError;
use crate::session::random;
use crate::state::AppState;

/// `/api/v1/webhooks` and `/api/v1/hooks`.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/api/v1/webhooks", get(list).post(make))
        .route("/api/v1/webhooks/deliveries", get(deliveries))
        .route("/api/v1/webhooks/deliveries/{id}/again", post(again))
        .route("/api/v1/webhooks/{id}", delete(end))
        .route("/api/v1/hooks/{id}", post(come_in))
}

/// These addresses do not exist for others.
fn administrator(client: &Client) -> Result<(), ApiError> {
    if is_administrator(&client.caller) {
        return Ok(());
    }
    Err(ApiError::not_found("resource at this address; GET /api/v1 says what there is"))
}

fn written(hook: &Webhook) -> Json {
    let some = |text: &str| Some(text).filter(|t| !t.is_empty()).map(str::to_owned);
    json!({
        "id": hook.id, "account": hook.account, "direction": hook.direction.as_str(), "label": hook.label,
        "url": some(&hook.url), "door": some(&hook.door), "record_type": some(&hook.record_type),
        "condition": hook.condition, "actions": hook.actions, "created_at": write_instant(hook.created_at),
    })
}

async fn list(client: Client, uri: Uri) -> Result<Answer, ApiError> {
    Params::read(&uri, &[])?;
    administrator(&client)?;
    let hooks = client.engine().webhooks().await?;
    Ok(Answer::ok(json!({"webhooks": hooks.iter().map(written).collect::<Vec<_>>()})))
}

async fn make(client: Client, sent: Keyed) -> Result<axum::response::Response, ApiError> {
    administrator(&client)?;
    sent.once(client, |client, object, _| make_once(client, object)).await
}

async fn make_once(client: Client, object: Map<String, Json>) -> Result<Answer, ApiError> {
    let mut form = Form::new(&object);
    let direction = form.word("direction", &["out", "in"]);
    if direction.is_none() && !object.contains_key("direction") {
        form.wrong("direction", "required", "`direction` is needed: `out` or `in`.");
    }
    let new = Webhook {
        id: 0,
        account: form.whole("account").unwrap_or_default(),
        direction: if direction == Some("in") { Direction::In } else { Direction::Out },
        label: form.text("label", true).unwrap_or_default(),
        url: form.perhaps("url").unwrap_or_default(),
        door: form.perhaps("door").unwrap_or_default(),
        record_type: form.perhaps("record_type").unwrap_or_default(),
        condition: form.text("condition", false).unwrap_or_default(),
        actions: form.text("actions", false).unwrap_or_default(),
        created_at: 0,
        seen: 0,
    };
    let (doors, reach) = (client.state.doors.as_deref(), client.state.reach.as_deref());
    if let Some(problem) = wrong_end(doors, reach, &new) {
        form.wrong(&problem.field, &problem.code, &problem.message);
    }
    form.finish()?;
    let (id, secret) = client.engine().create_webhook(&client.act(), &new, &mut random()).await?;
    let made = client.engine().webhook(id).await?.map(|(hook, _)| written(&hook)).unwrap_or_default();
    let (mut body, mut later) = (made.clone(), made);
    body["secret"] = json!(secret);
    later["secret"] = Json::Null;
    Ok(Answer::created(format!("/api/v1/webhooks/{id}"), body).kept_as(later))
}

/// What is wrong with where messages of a webhook are to go: to a door that is none, or to an address that this desk does
/// not ask. Names are judged when they are asked: what they stand for changes.
pub fn wrong_end(doors: Option<&Doors>, reach: Option<&Reach>, new: &Webhook) -> Option<Problem> {
    match new.direction {
        Direction::In => {
            let is_door = doors.is_some_and(|doors| doors.get(&new.door).is_some());
            let message = "There is no such door; GET /api/v1/doors lists them.";
            (!new.door.is_empty() && !is_door).then(|| Problem::new("door", "option", message))
        }
        Direction::Out => {
            let is_web = new.url.starts_with("https://") || new.url.starts_with("http://");
            let wrong = match (new.url.parse::<Uri>(), reach) {
                (Err(_), _) if is_web => "Nothing can be sent to this address. Write https://, the host, and the path: of a \
                                          host letters of English, digits, dots and hyphens (other scripts as xn--…), of \
                                          the rest no blanks and no backslashes."
                    .to_owned(),
                (Ok(uri), Some(reach)) => reach.judge(&uri).err()?.to_string(),
                // what does not begin as an address of the web is said by the engine
                _ => return None,
            };
            Some(Problem::new("url", "address", wrong))
        }
    }
}

fn number(id: &str, what: &str) -> Result<i64, ApiError> {
    id.parse().map_err(|_| ApiError::not_found(format!("{what} with this id")))
}

async fn end(client: Client, Path(id): Path<String>, uri: Uri) -> Result<Answer, ApiError> {
    Params::read(&uri, &[])?;
    administrator(&client)?;
    client.engine().end_webhook(&client.act(), number(&id, "webhook")?).await?;
    Ok(Answer::nothing())
}

fn delivery(job: &QueuedJob) -> Json {
    json!({
        "id": job.id, "webhook": job.job.payload["webhook"], "message": job.job.payload["message"],
        "attempts": job.attempts, "dead": job.dead, "error": job.error, "next_at": write_instant(job.job.run_at),
    })
}

async fn deliveries(client: Client, uri: Uri) -> Result<Answer, ApiError> {
    let params = Params::read(&uri, &["state"])?;
    administrator(&client)?;
    let dead = params.word("state", &["dead", "waiting"])? == "dead";
    let found = client.engine().deliveries(&client.act(), dead).await?;
    Ok(Answer::ok(json!({"deliveries": found.iter().map(delivery).collect::<Vec<_>>()})))
}

async fn again(client: Client, Path(id): Path<String>, uri: Uri) -> Result<Answer, ApiError> {
    Params::read(&uri, &[])?;
    administrator(&client)?;
    client.engine().send_again(&client.act(), number(&id, "message")?).await?;
    Ok(Answer::nothing())
}

/// One refusal for whatever is wrong with a signature: who guesses learns nothing.
fn not_believed() -> ApiError {
    let detail =
        "The message is not signed with the secret of this webhook, or not within the last five minutes.";
    ApiError::new(StatusCode::UNAUTHORIZED, "signature", "Not believed", detail)
}

async fn come_in(
    State(state): State<AppState>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Answer, ApiError> {
    Params::read(&uri, &[])?;
    let header = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let (message, signatures) = (header("webhook-id").to_owned(), header("webhook-signature").to_owned());
    let seconds: i64 = header("webhook-timestamp").parse().map_err(|_| not_believed())?;
    if message.is_empty() || message.len() > 200 {
        return Err(not_believed());
    }
    let (bytes, object) = match to_bytes(body, input::BODY_MAX).await {
        Ok(bytes) => (bytes.clone(), input::object(&headers, Body::from(bytes), &input::JSON, false).await),
        Err(_) => return Err(not_believed()),
    };
    let hook = match id.parse() {
        Ok(id) => state.engine.webhook(id).await?,
        Err(_) => None,
    };
    let (hook, secret) = hook.filter(|(h, _)| h.direction == Direction::In).ok_or_else(not_believed)?;
    let now = state.engine.now() / 1_000_000;
    signature::verify(&secret, (&message, seconds, &signatures), &bytes, now).map_err(|_| not_believed())?;
    let (_, object) = object?;
    let Some(caller) = state.engine.caller_of_account(hook.account, "").await? else {
        return Err(not_believed());
    };
    if !state.engine.take_webhook_message(hook.id, &message).await? {
        let detail = "A message with this id was taken already. A new message has a new id.";
        return Err(ApiError::new(StatusCode::CONFLICT, "replayed", "Taken already", detail));
    }
    let asker = Asker { caller, account: Some(hook.account) };
    let done = carry_out(state.clone(), hook.door.clone(), asker, Json::Object(object)).await;
    if done.is_err() {
        state.engine.forget_webhook_message(hook.id, &message).await?;
    }
    done
}

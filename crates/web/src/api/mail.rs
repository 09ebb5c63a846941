//! Mail: state of queue and servers for administrators, and what the caller wants by mail.

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderMap, Uri};
use axum::routing::{delete, get, post};
use proofdesk_engine::{Error, Problem, Problems, Reference};
use proofdesk_mail::{Mail, Pace, Preference, Queued, Way};
use proofdesk_model::format::write_instant;
use serde_json::{Value as Json, json};

use crate::api::client::Client;
use crate::api::input::{self, Form, Params};
use crate::api::once::Answer;
use crate::api::problem::ApiError;
use crate::state::AppState;

/// Mails in an answer.
const MOST: usize = 500;
/// States of a mail on its way out.
pub(super) const STATES: [&str; 6] = ["waiting", "digest", "sent", "dead", "bounced", "withdrawn"];

/// `/api/v1/mail` and `/api/v1/mail-preference`.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/api/v1/mail", get(state))
        .route("/api/v1/mail/{id}", delete(withdraw))
        .route("/api/v1/mail/{id}/send-again", post(again))
        .route("/api/v1/mail-preference", get(preference).put(set_preference))
}

fn administrator(client: &Client) -> Result<(), ApiError> {
    if proofdesk_engine::account::is_administrator(&client.caller) {
        return Ok(());
    }
    let message = "The queue of mails is for: administrator.";
    Err(Error::Forbidden(Problems(vec![Problem::new("", "permission", message)])).into())
}

fn mail(client: &Client) -> Result<&Mail, ApiError> {
    client.state.mail.as_ref().ok_or_else(|| ApiError::not_found("mail on this desk: it is not configured"))
}

fn way_json(way: &Way, is_set: bool) -> Json {
    json!({"configured": is_set, "worked_at": way.worked_at.map(write_instant), "error": way.error})
}

fn reference(client: &Client, about: Option<&Reference>) -> Json {
    about.map_or(Json::Null, |r| json!(client.registry().write_reference(r)))
}

fn queued_json(client: &Client, mail: &Queued) -> Json {
    let person = Reference::new("person", mail.person);
    json!({
        "id": mail.id,
        "at": write_instant(mail.at),
        "event": mail.event,
        "person": client.registry().write_reference(&person),
        "record": reference(client, mail.about.as_ref()),
        "state": mail.state,
        "due_at": write_instant(mail.due_at),
        "attempts": mail.attempts,
        "error": mail.error,
        "sent_at": mail.sent_at.map(write_instant),
    })
}

async fn state(client: Client, uri: Uri) -> Result<Answer, ApiError> {
    let params = Params::read(&uri, &["state"])?;
    administrator(&client)?;
    let mail = mail(&client)?;
    let open = ["waiting", "digest", "dead", "bounced"];
    let queue = match params.given("state") {
        Some(_) => mail.queue(&[params.word("state", &STATES)?], MOST).await,
        None => mail.queue(&open, MOST).await,
    };
    let queue = queue.map_err(Error::from)?;
    let (known, settings) = (mail.ways(), mail.settings());
    let arrived = mail.arrived(MOST).await.map_err(Error::from)?;
    let arrived: Vec<Json> = arrived
        .iter()
        .map(|a| {
            let person = a.person.map(|n| Reference::new("person", n));
            json!({
                "at": write_instant(a.at), "door": a.door, "outcome": a.outcome, "says": a.says,
                "record": reference(&client, a.about.as_ref()), "person": reference(&client, person.as_ref()),
                "size_bytes": a.size_bytes,
            })
        })
        .collect();
    Ok(Answer::ok(json!({
        "smtp": way_json(&known.smtp, settings.smtp.is_some()),
        "imap": way_json(&known.imap, settings.imap.is_some()),
        "lmtp": way_json(&known.lmtp, settings.lmtp.is_some()),
        "queue": queue.iter().map(|m| queued_json(&client, m)).collect::<Vec<_>>(),
        "arrived": arrived,
    })))
}

async fn again(client: Client, Path(id): Path<String>, uri: Uri) -> Result<Answer, ApiError> {
    Params::read(&uri, &[])?;
    administrator(&client)?;
    let mail = mail(&client)?;
    mail.send_again(&id).await.map_err(Error::from)?;
    let found = mail.queued(&id).await.map_err(Error::from)?;
    Ok(Answer::ok(queued_json(&client, &found)))
}

async fn withdraw(client: Client, Path(id): Path<String>, uri: Uri) -> Result<Answer, ApiError> {
    Params::read(&uri, &[])?;
    administrator(&client)?;
    mail(&client)?.withdraw(&id).await.map_err(Error::from)?;
    Ok(Answer::nothing())
}

fn preference_json(wanted: &Preference) -> Json {
    let clock = |m: i64| format!("{:02}:{:02}", m / 60, m % 60);
    json!({
        "pace": wanted.pace.as_str(),
        "digest_at": clock(wanted.digest_at),
        "quiet_from": wanted.quiet.map(|(from, _)| clock(from)),
        "quiet_until": wanted.quiet.map(|(_, until)| clock(until)),
    })
}

async fn preference(client: Client, uri: Uri) -> Result<Answer, ApiError> {
    Params::read(&uri, &[])?;
    let wanted = mail(&client)?.preference(client.account.person).await.map_err(Error::from)?;
    Ok(Answer::ok(preference_json(&wanted)))
}

async fn set_preference(
    client: Client,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Answer, ApiError> {
    Params::read(&uri, &[])?;
    let mail = mail(&client)?.clone();
    if !client.caller.reaches("account", "update") {
        let message = "This token does not reach `account:update`.";
        return Err(Error::Forbidden(Problems(vec![Problem::new("scope", "permission", message)])).into());
    }
    let (_, object) = input::object(&headers, body, &["application/json"], false).await?;
    let mut form = Form::new(&object);
    let words: [&'static str; 4] = Pace::ALL.map(Pace::as_str);
    let pace = form.word("pace", &words).and_then(Pace::read).unwrap_or_default();
    let mut time = |name: &'static str| {
        let text = form.perhaps(name)?;
        let read = crate::pages::account::minutes(&text);
        if read.is_none() {
            form.wrong(name, "format", format!("`{name}` is a time of day, such as 20:00."));
        }
        read
    };
    let (digest_at, from, until) = (time("digest_at"), time("quiet_from"), time("quiet_until"));
    if from.is_some() != until.is_some() {
        form.wrong("quiet_until", "required", "`quiet_from` and `quiet_until` belong together.");
    }
    form.finish()?;
    let digest_at = digest_at.unwrap_or_else(|| Preference::default().digest_at);
    let wanted = Preference { pace, digest_at, quiet: from.zip(until) };
    mail.set_preference(client.account.person, &wanted).await.map_err(Error::from)?;
    Ok(Answer::ok(preference_json(&wanted)))
}

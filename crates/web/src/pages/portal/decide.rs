//! To approve from a mail: a signed link opens the question without signing in, and its button decides, as the person to
//! whom the mail was sent, and nothing else.
//!
//! To open it decides nothing: programs that look into mails open links. The link is for one version of the request; one that
//! changed since, or was decided, is not decided by it any more.
//! Not here: what is signed (`proofdesk_mail::decide`). Source: ISO/IEC 20000-1:2018, 8.6.2.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use proofdesk_engine::{Change, Door, Error, Record, Reference, Target};
use proofdesk_model::format::day_of;

use crate::error::WebError;
use crate::form::Typed;
use crate::form::sent::Texts;
use crate::language::{Language, Words};
use crate::layout;
use crate::session::{Guest, Visit};
use crate::state::AppState;

use super::approve::{AGREE, DECLINE, Way, shown};
use super::frame::beside;
use super::names::REQUEST;
use super::{Client, nothing, step};

/// `/decide/{token}` and its two forms.
pub fn router() -> Router<AppState> {
    Router::new().route("/decide/{token}", get(ask)).route("/decide/{token}/{way}", post(decide))
}

/// Whoever holds a link, as far as it reaches: the request that it is about, in the version that it is for.
struct Holder {
    client: Client,
    record: Record,
}

impl Holder {
    /// None where the link stands for nothing, or not any more.
    async fn of(state: &AppState, guest: Guest, words: Words, token: &str) -> Result<Option<Self>, WebError> {
        let decision = state.mail.as_ref().and_then(|mail| mail.decision(token));
        let Some(decision) = decision.filter(|d| d.about.record_type == REQUEST) else { return Ok(None) };
        let (engine, now) = (&state.engine, state.engine.now());
        let accounts = engine.accounts().await?;
        let own = accounts.into_iter().find(|a| a.person == decision.person && a.active && !a.program);
        let Some(account) = own.map(|account| account.on(day_of(now))) else { return Ok(None) };
        let chosen = engine.language_of(account.person).await?.and_then(|tag| Language::of_tag(&tag));
        let visit = Visit {
            state: state.clone(),
            caller: account.caller(),
            account,
            // no session: the link reaches this request and nothing else
            asks_password: false,
            secret: String::new(),
            visitor: guest.0,
            now,
            zone: state.zone(),
            path: String::new(),
            menu: Vec::new(),
        };
        let client = Client { visit, words: chosen.map_or(words, Words) };
        let record = match engine.require(&client.visit.caller, &decision.about).await {
            Ok(record) => record,
            Err(Error::NotFound(_) | Error::Forbidden(_)) => return Ok(None),
            Err(other) => return Err(other.into()),
        };
        let holds = record.version == decision.version && step::can(&client, &record, AGREE.step).await?;
        Ok(holds.then_some(Self { client, record }))
    }

    /// The question with its two answers.
    async fn page(&self, token: &str, note: &str, wrong: &[(String, String)]) -> Result<Markup, WebError> {
        let client = &self.client;
        let to = |way: Way| format!("/decide/{token}/{}", way.step);
        let body = html! {
            section.card { div.body.stack {
                p.small.muted { (client.fill("decide-as", "name", &client.visit.account.name)) }
                h1 { (client.say("approve-title")) }
                (shown(client, &self.record).await?)
                form.form method="post" action=(to(AGREE)) {
                    button.button.primary.large.wide { (client.say("approve-yes")) }
                }
                details open[!wrong.is_empty()] { summary { (client.say("step-decline-why")) }
                    form.form method="post" action=(to(DECLINE)) {
                        div.input {
                            label for="approval_note" { (client.say("step-decline-note")) }
                            textarea.field id="approval_note" name="approval_note" rows="2" maxlength="500" required { (note) }
                            (beside("approval_note", wrong))
                        }
                        button.button.danger.large.wide { (client.say("step-decline")) }
                    }
                }
            } }
        };
        let organization = &client.visit.state.organization();
        Ok(layout::gate_in(client.words, &client.say("approve-title"), organization, &body))
    }
}

/// A page that says how it ended.
fn ended(state: &AppState, words: Words, status: StatusCode, said: (&str, &str)) -> Response {
    let title = words.say(said.0);
    let body = html! {
        section.card { div.body.stack {
            h1 { (title) }
            p role="status" { (words.say(said.1)) }
            a.button href="/portal/approvals" { (words.say("decide-portal")) }
        } }
    };
    (status, layout::gate_in(words, &title, &state.organization(), &body)).into_response()
}

fn gone(state: &AppState, words: Words) -> Response {
    ended(state, words, StatusCode::GONE, ("decide-gone", "decide-gone-why"))
}

async fn ask(
    State(state): State<AppState>,
    guest: Guest,
    words: Words,
    Path(token): Path<String>,
) -> Result<Response, WebError> {
    match Holder::of(&state, guest, words, &token).await? {
        Some(holder) => Ok(holder.page(&token, "", &[]).await?.into_response()),
        None => Ok(gone(&state, words)),
    }
}

async fn decide(
    State(state): State<AppState>,
    guest: Guest,
    words: Words,
    Path((token, way)): Path<(String, String)>,
    Texts(pairs): Texts,
) -> Result<Response, WebError> {
    let way = [AGREE, DECLINE].into_iter().find(|known| known.step == way).ok_or_else(nothing)?;
    let Some(holder) = Holder::of(&state, guest, words, &token).await? else {
        return Ok(gone(&state, words));
    };
    let (client, record) = (&holder.client, &holder.record);
    let note = Typed::new(pairs).text("approval_note").unwrap_or_default().trim().to_owned();
    let mut change = Change::default().take(way.step);
    if !note.is_empty() {
        change = change.with_text("approval_note", &note);
    }
    let target = Target::Existing(Reference::new(REQUEST, record.number), Some(record.version));
    match state.engine.apply(&client.visit.caller, target, change, Door::Link).await {
        Ok(_) => {
            let said = if way.step == AGREE.step { "thanks-agreed" } else { "thanks-declined" };
            Ok(ended(&state, client.words, StatusCode::OK, ("decide-done", said)))
        }
        Err(Error::Conflict(_)) => Ok(gone(&state, client.words)),
        Err(Error::Invalid(problems)) => {
            let wrong = client.wrong(&record.of, &problems.0);
            let page = holder.page(&token, &note, &wrong).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(other) => Err(other.into()),
    }
}

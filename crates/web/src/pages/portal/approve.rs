//! The page on which an approval is given or refused: what is approved, who asks and since when, and then one button.
//!
//! Nothing is decided by opening it. What is decided is what was shown: a request that changed meanwhile is shown anew.
//! Source: ISO/IEC 20000-1:2018, 8.6.2.

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use maud::{Markup, html};
use proofdesk_engine::{Caller, Change, Door, Error, HistoryItem, Record, Reference, Target};

use crate::error::WebError;
use crate::form::Typed;
use crate::form::sent::Texts;
use crate::state::AppState;

use super::asked::rest;
use super::frame::{Sheet, frame, refused};
use super::names::{APPROVAL, REQUEST};
use super::request::{facts, texts};
use super::{Client, nothing, step};

/// Entries of the history in which the question is looked for.
const ENTRIES: usize = 50;

/// `/portal/service-request/{reference}/agree` and `…/decline`.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/portal/{slug}/{reference}/agree", get(ask_agree).post(agree))
        .route("/portal/{slug}/{reference}/decline", get(ask_decline).post(decline))
}

/// One of the two ways to decide.
#[derive(Clone, Copy)]
pub struct Way {
    /// The step of the workflow.
    pub step: &'static str,
    title: &'static str,
    button: &'static str,
    note: &'static str,
    other: &'static str,
    other_words: &'static str,
}

/// To approve.
pub const AGREE: Way = Way {
    step: "agree",
    title: "approve-title",
    button: "approve-yes",
    note: "approve-note",
    other: "decline",
    other_words: "approve-rather-not",
};
/// To decline.
pub const DECLINE: Way = Way {
    step: "decline",
    title: "decline-title",
    button: "step-decline",
    note: "step-decline-note",
    other: "agree",
    other_words: "decline-rather-not",
};

async fn ask_agree(client: Client, at: Path<(String, String)>) -> Result<Response, WebError> {
    ask(client, at, AGREE).await
}

async fn ask_decline(client: Client, at: Path<(String, String)>) -> Result<Response, WebError> {
    ask(client, at, DECLINE).await
}

async fn agree(client: Client, at: Path<(String, String)>, sent: Texts) -> Result<Response, WebError> {
    decide(client, at, sent, AGREE).await
}

async fn decline(client: Client, at: Path<(String, String)>, sent: Texts) -> Result<Response, WebError> {
    decide(client, at, sent, DECLINE).await
}

async fn ask(
    client: Client,
    Path((slug, written)): Path<(String, String)>,
    way: Way,
) -> Result<Response, WebError> {
    let record = client.require(&slug, &written, &[REQUEST]).await?;
    if !step::can(&client, &record, way.step).await? {
        // decided already, or somebody else's: its own page says how it stands
        return Ok(Redirect::to(&client.address(&record)).into_response());
    }
    Ok(page(&client, &record, way, "", &[]).await?.into_response())
}

/// Who asked for an approval, and when.
pub struct Question {
    /// Name.
    pub by: String,
    /// Instant.
    pub at: i64,
}

/// Who asks for an approval, and since when it waits; where nobody is named as who asks, it is who led it there.
pub fn question(record: &Record, history: &[HistoryItem], asker: Option<String>) -> Question {
    let waits = |item: &&HistoryItem| {
        item.changes.iter().any(|c| c.field == "state" && c.new.as_str() == Some(APPROVAL))
    };
    let found = history.iter().find(waits).or_else(|| history.iter().find(|item| item.action == "create"));
    Question {
        by: asker.or_else(|| found.map(|item| item.by.clone())).unwrap_or_default(),
        at: found.map_or(record.created_at, |item| item.occurred_at),
    }
}

/// The question of a request, from its history.
///
/// # Errors
/// A fault of the database.
pub async fn question_of(client: &Client, record: &Record) -> Result<Question, WebError> {
    let reference = Reference::new(REQUEST, record.number);
    let history = client.visit.engine().history_for(&client.visit.caller, &reference, None, ENTRIES).await?;
    Ok(question(record, &history, asker(client, record).await?))
}

/// The name of the person for whom a request was recorded: who is asked learns who asks.
///
/// # Errors
/// A fault of the database.
pub async fn asker(client: &Client, record: &Record) -> Result<Option<String>, WebError> {
    let target = record.of.field("requested_by").and_then(|f| f.target());
    let (Some(to), Some(number)) = (target, record.int("requested_by")) else { return Ok(None) };
    let program = Caller::system("Portal");
    let person = client.visit.engine().require(&program, &Reference::new(to, number)).await;
    Ok(person.ok().map(|person| person.title()))
}

/// What is to be approved, by whom it was asked for and when.
///
/// # Errors
/// A fault of the database.
pub async fn shown(client: &Client, record: &Record) -> Result<Markup, WebError> {
    let engine = client.visit.engine();
    let titles = engine.titles(&client.visit.caller, std::slice::from_ref(record)).await?;
    let question = question_of(client, record).await?;
    Ok(html! {
        h2 { (record.title()) }
        dl.facts {
            dt { (client.say("approve-by")) } dd { (question.by) }
            dt { (client.say("approve-at")) } dd { (client.at(question.at)) }
        }
        (facts(client, record, &titles))
        (rest(client, record).await?)
        (texts(client, record).await?)
    })
}

async fn page(
    client: &Client,
    record: &Record,
    way: Way,
    note: &str,
    wrong: &[(String, String)],
) -> Result<Markup, WebError> {
    let address = client.address(record);
    let must = way.step == DECLINE.step;
    let invalid = wrong.iter().any(|(field, _)| field == "approval_note");
    let title = client.say(way.title);
    let body = html! {
        (refused(client, wrong))
        div.stack.tight { span.key.muted { (record.reference()) } h1 { (title) } }
        section.card { div.body.stack { (shown(client, record).await?) } }
        form.form method="post" action={ (address) "/" (way.step) } {
            input type="hidden" name="version" value=(record.version);
            div.input {
                label for="approval_note" { (client.say(way.note)) }
                textarea.field id="approval_note" name="approval_note" rows="2" maxlength="500" required[must] aria-invalid=[invalid.then_some("true")] { (note) }
            }
            button.button.large.wide.primary[!must].danger[must] { (client.say(way.button)) }
            div.row.between.small {
                a.link href=(address) { (client.say("approve-back")) }
                a.link href={ (address) "/" (way.other) } { (client.say(way.other_words)) }
            }
        }
    };
    frame(client, Sheet { title: &title, events: "", body }).await
}

async fn decide(
    client: Client,
    Path((slug, written)): Path<(String, String)>,
    Texts(pairs): Texts,
    way: Way,
) -> Result<Response, WebError> {
    let record = client.require(&slug, &written, &[REQUEST]).await?;
    let of = record.of.clone();
    of.transition(way.step).ok_or_else(nothing)?;
    let typed = Typed::new(pairs);
    let note = typed.text("approval_note").unwrap_or_default().trim().to_owned();
    let version = typed.text("version").and_then(|v| v.parse::<i64>().ok());
    let mut change = Change::default().take(way.step);
    if !note.is_empty() {
        change = change.with_text("approval_note", &note);
    }
    let visit = &client.visit;
    let reference = Reference::new(REQUEST, record.number);
    // without the version that was shown nothing was shown
    let target = Target::Existing(reference.clone(), Some(version.unwrap_or_default()));
    let (status, wrong) = match visit.engine().apply(&visit.caller, target, change, Door::Page).await {
        Ok(_) => {
            let to = format!("{}?done={}", client.address(&record), way.step);
            return Ok(Redirect::to(&to).into_response());
        }
        Err(Error::Invalid(problems)) => (StatusCode::UNPROCESSABLE_ENTITY, client.wrong(&of, &problems.0)),
        Err(Error::Conflict(_)) => {
            (StatusCode::CONFLICT, vec![(String::new(), client.say("approve-changed"))])
        }
        Err(other) => return Err(other.into()),
    };
    let present = visit.engine().require(&visit.caller, &reference).await?;
    if !step::can(&client, &present, way.step).await? {
        return Ok(Redirect::to(&client.address(&present)).into_response());
    }
    Ok((status, page(&client, &present, way, &note, &wrong).await?).into_response())
}

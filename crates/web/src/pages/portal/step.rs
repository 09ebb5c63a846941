//! What somebody does with what he sent: answer, add files, follow, confirm, reopen, rate. To approve is in `approve.rs`.

use axum::Router;
use axum::extract::{DefaultBodyLimit, Multipart, Path};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use maud::{Markup, html};
use proofdesk_engine::comment::COMMENT_MAX;
use proofdesk_engine::{
    Action, Audience, Change, Door, Error, HistoryItem, Record, Reference, Target, Upload,
};
use proofdesk_model::Value;

use crate::error::WebError;
use crate::form::Typed;
use crate::form::sent::Texts;
use crate::pages::files::drain;
use crate::state::AppState;

use super::approve::{Question, asker, question};
use super::frame::beside;
use super::names::{SENT, SERVICE};
use super::request::Said;
use super::{Client, nothing, request};

/// The small forms of a request's page.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/portal/{slug}/{reference}/comment", post(comment))
        .route("/portal/{slug}/{reference}/watch", post(watch))
        .route("/portal/{slug}/{reference}/file", post(file).layer(DefaultBodyLimit::disable()))
        .route("/portal/{slug}/{reference}/transition/{name}", post(take))
}

/// Steps that can be taken here, whatever else a type declares.
const STEPS: [&str; 3] = ["confirm", "reopen", "rate"];
/// The input that says why something is opened again.
const WHY: &str = "why";
/// Best of all ratings.
const BEST: i64 = 5;

/// The key of the words of a rating.
pub fn rating(number: i64) -> String {
    format!("rating-{}", number.clamp(1, BEST))
}

fn reference(record: &Record) -> Reference {
    Reference::new(record.of.name.clone(), record.number)
}

async fn comment(
    client: Client,
    Path((slug, written)): Path<(String, String)>,
    Texts(pairs): Texts,
) -> Result<Response, WebError> {
    let record = client.require(&slug, &written, &SENT).await?;
    let typed = Typed::new(pairs);
    let outcome = answer(&client, &record, &typed.text("body").unwrap_or_default()).await;
    done(&client, &record, outcome, Said { typed, ..Said::default() }, "").await
}

/// Writes what somebody says.
async fn answer(client: &Client, record: &Record, body: &str) -> Result<(), Error> {
    let (visit, on) = (&client.visit, reference(record));
    visit.engine().comment(&visit.caller, &on, Audience::Customer, body, Door::Page).await.map(|_| ())
}

async fn watch(
    client: Client,
    Path((slug, written)): Path<(String, String)>,
    Texts(pairs): Texts,
) -> Result<Response, WebError> {
    let types: Vec<&str> = SENT.into_iter().chain([SERVICE]).collect();
    let record = client.require(&slug, &written, &types).await?;
    let watching = Typed::new(pairs).text("watching").is_none_or(|w| w != "no");
    let visit = &client.visit;
    visit.engine().watch(&visit.caller, &reference(&record), watching, Door::Page).await?;
    let to = if record.of.name == SERVICE { "/status".to_owned() } else { client.address(&record) };
    Ok(Redirect::to(&to).into_response())
}

async fn file(
    client: Client,
    Path((slug, written)): Path<(String, String)>,
    mut form: Multipart,
) -> Result<Response, WebError> {
    let record = client.require(&slug, &written, &SENT).await?;
    let outcome = receive(&client, &record, &mut form).await;
    drain(&mut form).await;
    match outcome {
        Err(WebError::Engine(error)) => {
            done(&client, &record, Err(error.beside_file()), Said::default(), "").await
        }
        Err(other) => Err(other),
        Ok(()) => done(&client, &record, Ok(()), Said::default(), "").await,
    }
}

async fn receive(client: &Client, record: &Record, form: &mut Multipart) -> Result<(), WebError> {
    let broken = |error: &axum::extract::multipart::MultipartError| WebError::Unreadable(error.body_text());
    let visit = &client.visit;
    let most = visit.state.settings.attachment_max;
    let mut uploads = Vec::new();
    while let Some(mut part) = form.next_field().await.map_err(|e| broken(&e))? {
        let name = part.file_name().unwrap_or_default().to_owned();
        if part.name() != Some("file") || name.is_empty() {
            continue;
        }
        let on = reference(record);
        let upload = visit.engine().attach(&visit.caller, &on, &name, Audience::Customer, most, Door::Page);
        let mut upload = upload.await?;
        while let Some(bytes) = part.chunk().await.map_err(|e| broken(&e))? {
            upload.write(&bytes).await?;
        }
        uploads.push(upload);
    }
    if uploads.is_empty() {
        return Err(Error::invalid("file", "file", String::new()).into());
    }
    Ok(Upload::finish_all(uploads).await?)
}

async fn take(
    client: Client,
    Path((slug, written, name)): Path<(String, String, String)>,
    Texts(pairs): Texts,
) -> Result<Response, WebError> {
    let record = client.require(&slug, &written, &SENT).await?;
    if !STEPS.contains(&name.as_str()) || record.of.transition(&name).is_none() {
        return Err(nothing());
    }
    let typed = Typed::new(pairs);
    let text = |name: &str| typed.text(name).map(|t| t.trim().to_owned()).filter(|t| !t.is_empty());
    let outcome = match (name.as_str(), text(WHY)) {
        // opened again with a reason or not at all
        ("reopen", None) => Err(Error::invalid(WHY, "required", String::new())),
        ("reopen", Some(why)) if why.chars().count() > COMMENT_MAX || why.contains('\0') => {
            Err(Error::invalid(WHY, "size", String::new()))
        }
        ("reopen", Some(why)) => match apply(&client, &record, Change::default().take(&name)).await {
            Ok(()) => answer(&client, &record, &why).await,
            refused => refused,
        },
        _ => apply(&client, &record, rated(&record, &name, text)).await,
    };
    let thanks = if text("satisfaction").is_some() { "rated" } else { name.as_str() };
    done(
        &client,
        &record,
        outcome,
        Said { step: name.clone(), typed: typed.clone(), ..Said::default() },
        thanks,
    )
    .await
}

/// The step with the rating that goes with it.
fn rated(record: &Record, name: &str, text: impl Fn(&str) -> Option<String>) -> Change {
    let step = record.of.transition(name);
    let offered = |field: &str| step.is_some_and(|s| s.requires.iter().chain(&s.offers).any(|f| f == field));
    let mut change = Change::default().take(name);
    let number = text("satisfaction").and_then(|t| t.parse().ok()).filter(|_| offered("satisfaction"));
    if let Some(number) = number {
        change = change.with("satisfaction", Value::Int(number));
    }
    if let Some(note) = text("satisfaction_note").filter(|_| offered("satisfaction_note")) {
        change = change.with_text("satisfaction_note", &note);
    }
    change
}

async fn apply(client: &Client, record: &Record, change: Change) -> Result<(), Error> {
    let (visit, target) = (&client.visit, Target::Existing(reference(record), None));
    visit.engine().apply(&visit.caller, target, change, Door::Page).await.map(|_| ())
}

/// Back to the request's page with thanks, or with what was wrong where it was refused.
async fn done(
    client: &Client,
    record: &Record,
    outcome: Result<(), Error>,
    said: Said,
    thanks: &str,
) -> Result<Response, WebError> {
    let problems = match outcome {
        Ok(()) => {
            let told = if thanks.is_empty() { String::new() } else { format!("?done={thanks}") };
            return Ok(Redirect::to(&format!("{}{told}", client.address(record))).into_response());
        }
        Err(Error::Invalid(problems)) => problems,
        Err(other) => return Err(other.into()),
    };
    let present = client.visit.engine().require(&client.visit.caller, &reference(record)).await?;
    let said = Said { wrong: client.wrong(&record.of, &problems.0), ..said };
    let page = request::page(client, &present, &said).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// Whether a step can be taken now: by the role, from the state, and no guard stands in its way.
///
/// # Errors
/// A fault of the database.
pub async fn can(client: &Client, record: &Record, name: &str) -> Result<bool, WebError> {
    let of = &record.of;
    let starts = of.transition(name).is_some_and(|t| t.from.contains(&record.state));
    if !starts || !client.visit.caller.may(of, &Action::Transition(name.to_owned())) {
        return Ok(false);
    }
    let (engine, target) = (client.visit.engine(), Target::Existing(reference(record), None));
    let change = Change::default().take(name);
    let problems = engine.rehearse(&client.visit.caller, target, change, Door::Page).await?;
    Ok(!problems.0.iter().any(|p| matches!(p.code.as_str(), "guard" | "apart" | "permission")))
}

/// The next thing to do, at the top of the page; nothing where there is nothing to do. What was typed and refused stands
/// where it was typed.
///
/// # Errors
/// A fault of the database.
pub async fn card(
    client: &Client,
    record: &Record,
    history: &[HistoryItem],
    said: &Said,
) -> Result<Markup, WebError> {
    let address = client.address(record);
    let to = |name: &str| format!("{address}/transition/{name}");
    let mut parts = Vec::new();
    if can(client, record, "agree").await? {
        let asker = asker(client, record).await?;
        parts.push(approval(client, &address, &question(record, history, asker)));
    }
    if can(client, record, "confirm").await? {
        parts.push(rate(client, &to("confirm"), "step-confirm-title", "step-confirm", (said, false)));
    } else if record.int("satisfaction").is_none() && can(client, record, "rate").await? {
        parts.push(rate(client, &to("rate"), "step-rate-title", "step-rate", (said, true)));
    }
    if can(client, record, "reopen").await? && request_is_own(client, record) {
        parts.push(reopen(client, &to("reopen"), said));
    }
    Ok(html! { @for part in parts { (part) } })
}

/// Who approved it does not reopen it.
fn request_is_own(client: &Client, record: &Record) -> bool {
    let me = client.visit.caller.person;
    let fields = record.of.own_fields().filter(|field| *field != "approval_by");
    fields.into_iter().any(|field| me.is_some() && record.int(field) == me)
}

fn approval(client: &Client, address: &str, question: &Question) -> Markup {
    html! {
        section.card.next aria-labelledby="approve" { div.body.stack {
            h2 id="approve" { (client.fill("step-approve-title", "by", &question.by)) }
            p.small.muted { (client.fill("approve-since", "at", &client.at(question.at))) }
            div.row {
                a.button.primary.large href={ (address) "/agree" } { (client.say("step-approve")) }
                a.button.large href={ (address) "/decline" } { (client.say("step-decline-why")) }
            }
        } }
    }
}

fn rate(client: &Client, action: &str, title: &str, button: &str, (said, required): (&Said, bool)) -> Markup {
    let text = |name: &str| said.typed.text(name).unwrap_or_default();
    let (chosen, note) = (text("satisfaction"), text("satisfaction_note"));
    let invalid = |name: &str| said.is_wrong(name).then_some("true");
    html! {
        section.card.next aria-labelledby=(button) { div.body.stack {
            h2 id=(button) { (client.say(title)) }
            form.form method="post" action=(action) {
                fieldset id="satisfaction" aria-describedby=[said.is_wrong("satisfaction").then_some("wrong-satisfaction")] {
                    legend { (client.say(if required { "rating-ask" } else { "rating-ask-optional" })) }
                    div.row { @for number in 1..=BEST { label.choice { input type="radio" name="satisfaction" value=(number) required[required] checked[chosen == number.to_string()]; (client.say(&rating(number))) } } }
                    (beside("satisfaction", &said.wrong))
                }
                div.input {
                    label for="satisfaction_note" { (client.say("rating-note")) }
                    input.field id="satisfaction_note" name="satisfaction_note" maxlength="500" value=(note) aria-invalid=[invalid("satisfaction_note")];
                    (beside("satisfaction_note", &said.wrong))
                }
                div { button.button.primary.large { (client.say(button)) } }
            }
        } }
    }
}

fn reopen(client: &Client, action: &str, said: &Said) -> Markup {
    let (refused, here) = (said.is_wrong(WHY), said.step == "reopen");
    let typed = said.typed.text(WHY).unwrap_or_default();
    html! {
        details.card open[here && !said.wrong.is_empty()] { summary.body { (client.say("step-reopen-title")) }
            form.form.body method="post" action=(action) {
                div.input {
                    label for="why" { (client.say("step-reopen-why")) }
                    textarea.field id="why" name="why" rows="3" maxlength="20000" required aria-invalid=[refused.then_some("true")] aria-describedby=[refused.then_some("wrong-why")] { (typed) }
                    (beside(WHY, &said.wrong))
                }
                div { button.button { (client.say("step-reopen")) } }
            }
        }
    }
}

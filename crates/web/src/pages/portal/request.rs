//! The page of what somebody sent: how it stands, what was said, files, and the next thing to do.

use std::collections::HashMap;

use axum::Router;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use maud::{Markup, PreEscaped, html};
use proofdesk_engine::{Attachment, Audience, Comment, Error, HistoryItem, Record, Reference, markdown};
use proofdesk_model::form_text::{Answered, AskedKind, FormText};
use proofdesk_model::format::write_instant;
use serde::Deserialize;

use crate::error::WebError;
use crate::form::Typed;
use crate::menu;
use crate::parts::person::initials;
use crate::state::AppState;

use super::frame::{Sheet, beside, frame, refused};
use super::names::{MODEL, READ, SENT};
use super::{Client, article, step};

/// Texts of a record that are shown as they were written.
const SHOWN: [&str; 3] = ["answers", "description", "resolution"];
/// Entries of the history that are looked at for steps.
const ENTRIES: usize = 200;

/// `/portal/{type}/{reference}`.
pub fn router() -> Router<AppState> {
    Router::new().route("/portal/{slug}/{reference}", get(show))
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    sent: String,
    #[serde(default)]
    done: String,
    #[serde(default)]
    helped: String,
}

/// What the page says beyond how the record stands.
#[derive(Default)]
pub struct Said {
    /// What was wrong: name of the input and sentence.
    pub wrong: Vec<(String, String)>,
    /// What was typed and refused.
    pub typed: Typed,
    /// The step that was refused; empty for an answer.
    pub step: String,
    /// It was just sent.
    pub sent: bool,
    /// What was just done with it, as its address says.
    pub done: String,
}

impl Said {
    /// Whether something is wrong with an input.
    pub fn is_wrong(&self, name: &str) -> bool {
        self.wrong.iter().any(|(field, _)| field == name)
    }

    /// Thanks for what was just done.
    fn thanks(&self) -> Option<&'static str> {
        Some(match self.done.as_str() {
            "agree" => "thanks-agreed",
            "decline" => "thanks-declined",
            "rated" => "thanks-rated",
            "confirm" => "thanks-confirmed",
            "reopen" => "thanks-reopened",
            _ => return None,
        })
    }
}

async fn show(
    client: Client,
    Path((slug, written)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    let types: Vec<&str> = SENT.into_iter().chain(READ).collect();
    let record = client.require(&slug, &written, &types).await?;
    if READ.contains(&record.of.name.as_str()) {
        return Ok(article::page(&client, &record, &asked.helped).await?.into_response());
    }
    let said = Said { sent: asked.sent == "yes", done: asked.done, ..Said::default() };
    Ok(page(&client, &record, &said).await?.into_response())
}

/// How a record stands, as a tag.
pub fn state_tag(client: &Client, record: &Record) -> Markup {
    use proofdesk_model::StateKind;
    let aside = record.of.state(&record.state).is_some_and(|s| s.aside);
    let tone = match record.of.state_kind(&record.state) {
        StateKind::New => "info",
        StateKind::Open => "info",
        StateKind::Waiting => "risk",
        StateKind::Done => "ok",
        StateKind::Closed if aside => "plain",
        StateKind::Closed => "ok",
    };
    html! { span class={ "tag " (tone) } { (client.words.state(&record.of, &record.state)) } }
}

/// The page of a record that somebody sent or is to approve.
///
/// # Errors
/// A fault of the database.
pub async fn page(client: &Client, record: &Record, said: &Said) -> Result<Markup, WebError> {
    let engine = client.visit.engine();
    let reference = Reference::new(record.of.name.clone(), record.number);
    let caller = &client.visit.caller;
    let mut comments = engine.comments(caller, &reference).await?;
    comments.retain(|c| c.audience == Audience::Customer);
    let mut files = engine.attachments(caller, &reference).await?;
    files.retain(|f| f.audience == Audience::Customer);
    let history = engine.history_for(caller, &reference, None, ENTRIES).await?;
    let titles = engine.titles(caller, std::slice::from_ref(record)).await?;
    let watchers = engine.watchers(&reference).await?;
    let follows = caller.person.is_some_and(|me| watchers.contains(&me));
    let name = record.reference();
    let address = client.address(record);
    let steps = step::card(client, record, &history, said).await?;
    let body = html! {
        @if said.sent { p.notice.ok role="status" { b { (client.fill("request-sent", "reference", &name)) } } }
        @if let Some(thanks) = said.thanks() { p.notice.ok role="status" { (client.say(thanks)) } }
        (refused(client, &said.wrong))
        div.stack.tight {
            div.row id="state" data-live="" { span.key.muted { (name) } (state_tag(client, record)) }
            h1 { (record.title()) }
        }
        (steps)
        section.card { div.body.stack { (facts(client, record, &titles)) (texts(client, record).await?) } }
        section.stack aria-labelledby="talk-title" {
            h2 id="talk-title" { (client.say("request-talk")) }
            div id="timeline" data-live="" { (timeline(client, record, &comments, &history)) }
            (answer(client, record, &address, said))
        }
        (file_card(client, record, &files, (&address, said)))
        form method="post" action={ (address) "/watch" } {
            input type="hidden" name="watching" value=(if follows { "no" } else { "yes" });
            button.button.small { (client.say(if follows { "request-unfollow" } else { "request-follow" })) }
        }
    };
    let title = format!("{name} {}", record.title());
    frame(client, Sheet { title: &title, events: &name, body }).await
}

/// What is known of it, in a line each.
pub fn facts(client: &Client, record: &Record, titles: &HashMap<Reference, String>) -> Markup {
    let linked = |field: &str| {
        let to = record.of.field(field)?.target()?;
        name_of(client, titles, &Reference::new(to, record.int(field)?))
    };
    let instant = |field: &str| record.instant(field).map(|at| client.at(at));
    let rows = [
        ("reported_at", instant("reported_at")),
        ("service", linked("service")),
        ("model", linked("model")),
        ("priority", client.words.option(record, "priority")),
        ("hold_reason", client.words.option(record, "hold_reason")),
        ("approved_at", instant("approved_at")),
        ("approval_note", record.text("approval_note").map(str::to_owned)),
        ("satisfaction", record.int("satisfaction").map(|n| client.say(&step::rating(n)))),
    ];
    let open = record.of.state_kind(&record.state).is_open();
    let due = instant("resolution_due_at").filter(|_| open);
    html! {
        dl.facts {
            @for (field, value) in rows { @if let Some(value) = value { dt { (client.words.field(&record.of, field)) } dd { (value) } } }
            @if let Some(due) = due { dt { (client.say("request-due")) } dd { (due) } }
        }
    }
}

/// What a record is called, of those whose titles were asked for; none where the reader may not look it up, since its
/// reference would tell him nothing.
pub fn name_of(
    client: &Client,
    titles: &HashMap<Reference, String>,
    reference: &Reference,
) -> Option<String> {
    let bare = client.visit.registry().write_reference(reference);
    titles.get(reference).filter(|title| **title != bare).cloned()
}

/// What was written of it: the answers to its form, the description, the outcome.
///
/// # Errors
/// A fault of the database.
pub async fn texts(client: &Client, record: &Record) -> Result<Markup, WebError> {
    let answers = answers(client, record).await?;
    let rest = if answers.is_some() { &["description", "resolution"][..] } else { &SHOWN };
    Ok(html! {
        @if let Some(answers) = answers {
            h2 { (client.words.field(&record.of, "answers")) }
            dl.facts { @for (label, text) in answers { dt { (label) } dd.lines { (text) } } }
        }
        @for field in rest { @if let Some(text) = record.text(field) {
            @if *field != "description" { h2 { (client.words.field(&record.of, field)) } }
            div.prose { (PreEscaped(markdown::to_html(text))) }
        } }
    })
}

/// The answers to the form of the model, question and answer in the language of who reads; none where there are none, or
/// where the form is not that of then.
async fn answers(client: &Client, record: &Record) -> Result<Option<Vec<(String, String)>>, WebError> {
    let (Some(kept), Some(number)) = (record.text("answers"), record.int("model")) else { return Ok(None) };
    let visit = &client.visit;
    let model = match visit.engine().require(&visit.caller, &Reference::new(MODEL, number)).await {
        Ok(model) => model,
        // who approves for another customer may not see it
        Err(Error::NotFound(_) | Error::Forbidden(_)) => return Ok(None),
        Err(other) => return Err(other.into()),
    };
    let form = FormText::parse(model.text("form").unwrap_or_default()).unwrap_or_default();
    let Some(found) = form.answered(kept) else { return Ok(None) };
    let said =
        found.iter().map(|a| (a.asked.label.in_language(client.words.code()).to_owned(), shown(client, a)));
    Ok(Some(said.collect()))
}

/// An answer as its reader writes it.
fn shown(client: &Client, answer: &Answered<'_>) -> String {
    let text = &answer.text;
    match answer.asked.kind {
        AskedKind::YesNo => client.say(if text == "yes" { "form-yes" } else { "form-no" }),
        AskedKind::Choice => {
            let chosen = answer.asked.options.iter().find(|option| option.plain() == text);
            chosen.map_or(text.as_str(), |option| option.in_language(client.words.code())).to_owned()
        }
        AskedKind::Day => match proofdesk_model::format::parse_day(text) {
            Some(day) => client.words.day(i64::from(day) * 86_400_000_000, &jiff::tz::TimeZone::UTC),
            None => text.clone(),
        },
        AskedKind::Number => client.words.number(text),
        AskedKind::Text | AskedKind::Lines => text.clone(),
    }
}

/// What was said and which states it went through, the oldest first.
fn timeline(client: &Client, record: &Record, comments: &[Comment], history: &[HistoryItem]) -> Markup {
    let mut items: Vec<(i64, u8, Markup)> = Vec::new();
    for comment in comments {
        items.push((
            comment.at,
            1,
            html! {
                li {
                    span.avatar aria-hidden="true" { (initials(&comment.by)) }
                    span.small { b { (comment.by) } " " span.faint { (time(client, comment.at)) } }
                    div.note { div.prose { (PreEscaped(markdown::to_html(&comment.body))) } }
                }
            },
        ));
    }
    for item in history {
        let state = item.changes.iter().find(|change| change.field == "state").and_then(|c| c.new.as_str());
        let Some(state) = state else { continue };
        let words = if item.action == "create" {
            client.fill("request-created", "by", &item.by)
        } else {
            client.words.state(&record.of, state)
        };
        items.push((item.occurred_at, 0, html! {
            li { span.dot aria-hidden="true" {} span.event { b { (words) } " " span.faint { (time(client, item.occurred_at)) } } }
        }));
    }
    items.sort_by_key(|(at, kind, _)| (*at, *kind));
    html! { ol.timeline aria-label=(client.say("request-talk")) { @for (_, _, item) in &items { (item) } } }
}

fn time(client: &Client, at: i64) -> Markup {
    html! { time datetime=(write_instant(at)) { (client.at(at)) } }
}

fn answer(client: &Client, record: &Record, address: &str, said: &Said) -> Markup {
    let may = client.visit.caller.may(&record.of, &proofdesk_engine::Action::Comment);
    let typed = said.typed.text("body").filter(|_| said.step.is_empty()).unwrap_or_default();
    let refused = said.is_wrong("body");
    html! {
        @if may {
            form.form method="post" action={ (address) "/comment" } {
                div.input {
                    label for="body" { (client.say("request-answer")) }
                    textarea.field id="body" name="body" rows="3" maxlength="20000" required aria-invalid=[refused.then_some("true")] aria-describedby=[refused.then_some("wrong-body")] { (typed) }
                    (beside("body", &said.wrong))
                }
                div { button.button.primary { (client.say("request-answer-send")) } }
            }
        }
    }
}

fn file_card(
    client: &Client,
    record: &Record,
    files: &[Attachment],
    (address, said): (&str, &Said),
) -> Markup {
    let may = client.visit.caller.may(&record.of, &proofdesk_engine::Action::Attach);
    let slug = menu::slug(&record.of);
    html! {
        @if may || !files.is_empty() {
            section.card id="files" aria-labelledby="files-title" {
                header { h2 id="files-title" { (client.say("request-files")) } }
                div.body.stack {
                    @for file in files {
                        a.link href={ "/" (slug) "/" (record.reference()) "/file/" (file.id) } { (file.name) }
                    }
                    @if may {
                        form.row method="post" action={ (address) "/file" } enctype="multipart/form-data" {
                            div.input {
                                label for="file" { (client.say("request-file-choose")) }
                                input.field id="file" type="file" name="file" multiple required;
                            }
                            button.button { (client.say("request-file-add")) }
                        }
                        (beside("file", &said.wrong))
                    }
                }
            }
        }
    }
}

//! The page of what somebody sent: how it stands, what was said, files, and the next thing to do.

use std::collections::HashMap;

use axum::Router;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use maud::{Markup, PreEscaped, html};
use proofdesk_engine::{Attachment, Audience, Comment, HistoryItem, Record, Reference, markdown};
use proofdesk_model::format::write_instant;
use serde::Deserialize;

use crate::error::WebError;
use crate::menu;
use crate::parts::person::initials;
use crate::state::AppState;

use super::frame::{Sheet, frame, refused};
use super::names::{READ, SENT};
use super::{Client, article, step};

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
}

async fn show(
    client: Client,
    Path((slug, written)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    let types: Vec<&str> = SENT.into_iter().chain(READ).collect();
    let record = client.require(&slug, &written, &types).await?;
    if READ.contains(&record.of.name.as_str()) {
        return Ok(article::page(&client, &record).await?.into_response());
    }
    let sent = asked.sent == "yes";
    Ok(page(&client, &record, &[], "", sent).await?.into_response())
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

/// The page; `said` is what was typed into the answer and refused.
///
/// # Errors
/// A fault of the database.
pub async fn page(
    client: &Client,
    record: &Record,
    wrong: &[(String, String)],
    said: &str,
    sent: bool,
) -> Result<Markup, WebError> {
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
    let steps = step::card(client, record, &history).await?;
    let body = html! {
        @if sent { p.notice.ok role="status" { b { (client.fill("request-sent", "reference", &name)) } } }
        (refused(client, wrong))
        div.stack.tight {
            div.row id="state" data-live="" { span.key.muted { (name) } (state_tag(client, record)) }
            h1 { (record.title()) }
        }
        (steps)
        section.card { div.body.stack { (facts(client, record, &titles)) (texts(client, record)) } }
        section.stack aria-labelledby="talk-title" {
            h2 id="talk-title" { (client.say("request-talk")) }
            div id="timeline" data-live="" { (timeline(client, record, &comments, &history)) }
            (answer(client, record, &address, said))
        }
        (file_card(client, record, &files, &address))
        form method="post" action={ (address) "/watch" } {
            input type="hidden" name="watching" value=(if follows { "no" } else { "yes" });
            button.button.small { (client.say(if follows { "request-unfollow" } else { "request-follow" })) }
        }
    };
    let title = format!("{name} {}", record.title());
    frame(client, Sheet { title: &title, events: &name, body }).await
}

fn facts(client: &Client, record: &Record, titles: &HashMap<Reference, String>) -> Markup {
    let linked = |field: &str| {
        let to = record.of.field(field)?.target()?;
        titles.get(&Reference::new(to, record.int(field)?)).cloned()
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

fn texts(client: &Client, record: &Record) -> Markup {
    let shown = ["answers", "description", "resolution"];
    html! {
        @for field in shown { @if let Some(text) = record.text(field) {
            @if field != "description" { h2 { (client.words.field(&record.of, field)) } }
            div.prose { (PreEscaped(markdown::to_html(text))) }
        } }
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

fn answer(client: &Client, record: &Record, address: &str, said: &str) -> Markup {
    let may = client.visit.caller.may(&record.of, &proofdesk_engine::Action::Comment);
    html! {
        @if may {
            form.form method="post" action={ (address) "/comment" } {
                div.input {
                    label for="body" { (client.say("request-answer")) }
                    textarea.field id="body" name="body" rows="3" maxlength="20000" required { (said) }
                }
                div { button.button.primary { (client.say("request-answer-send")) } }
            }
        }
    }
}

fn file_card(client: &Client, record: &Record, files: &[Attachment], address: &str) -> Markup {
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
                            input.field.short type="file" name="file" multiple required aria-label=(client.say("request-file-choose"));
                            button.button { (client.say("request-file-add")) }
                        }
                    }
                }
            }
        }
    }
}

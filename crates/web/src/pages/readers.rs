//! Who has read a version: everybody of its audience with when, who has not yet and since when, and the reminder.
//!
//! For those who answer for it and for auditors; others get the usual refusal. Not here: the button of the reader
//! (`versions`).

use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use proofdesk_engine::{Action, Door, Error, Reader, Record, Standing};
use proofdesk_model::format;

use crate::error::WebError;
use crate::form::Typed;
use crate::form::sent::Texts;
use crate::layout::{self, Page};
use crate::menu::slug;
use crate::pages::{address, family_crumb, require_reference};
use crate::parts::{tag, time};
use crate::session::Visit;
use crate::state::AppState;

const DAY: i64 = 86_400_000_000;

/// `/{type}/{reference}/readers` and its reminder.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/{slug}/{reference}/readers", get(show))
        .route("/{slug}/{reference}/readers/remind", post(remind))
}

async fn show(visit: Visit, Path((name, written)): Path<(String, String)>) -> Result<Markup, WebError> {
    let reference = require_reference(&visit, &name, &written)?;
    let record = visit.engine().require(&visit.caller, &reference).await?;
    let Some(spec) = record.of.readers.clone() else {
        return Err(WebError::NotFound("page at this address".to_owned()));
    };
    let all = visit.engine().readers(&visit.caller, &record).await?;
    let since = record.instant(&spec.since);
    let at = address(&visit, &reference);
    let ask = visit.registry().get(&spec.ask);
    let may = ask.is_some_and(|ask| visit.caller.may(ask, &Action::Create));
    let (read, open): (Vec<&Reader>, Vec<&Reader>) =
        all.iter().partition(|r| matches!(r.standing, Standing::Read(..)));
    let unasked = open.iter().filter(|r| r.standing.is_unasked()).count();
    let body = html! {
        div.stack.tight {
            div.row { a.key.muted href=(at) { (record.reference()) } (tag::state(&record)) }
            h1 { "Who has read " (record.title()) }
            p.muted {
                b.num { (read.len()) } " of " b.num { (all.len()) } " have read it."
                @if let Some(since) = since { " In force since " (time::proven(since, visit.now, visit.zone())) "." }
            }
        }
        @if all.is_empty() { div.notice { p { "Nobody is asked to read this version: it is not in force, needs no acknowledgement, or nobody belongs to its audience." } } }
        @if !open.is_empty() {
            section.card {
                header { h2 { "Not yet" } span.small.muted.num { (open.len()) } }
                (table(&visit, &record, &open, since))
            }
            @if may && unasked > 0 { (reminder(&at, unasked, visit.now)) }
            @if let Some(ask) = ask { p.small { a.link href={ "/" (slug(ask)) "?view=overdue" } { "Reminders that are overdue" } } }
        }
        @if !read.is_empty() {
            section.card {
                header { h2 { "Read" } span.small.muted.num { (read.len()) } }
                (table(&visit, &record, &read, since))
            }
        }
    };
    let list = (record.of.plural.clone(), Some(format!("/{}", slug(&record.of))));
    let crumbs = vec![
        family_crumb(&record.of),
        list,
        (record.reference(), Some(at.clone())),
        ("Readers".to_owned(), None),
    ];
    Ok(layout::frame(&visit, Page::new(&format!("Who has read {}", record.reference()), crumbs, body)))
}

fn table(visit: &Visit, record: &Record, readers: &[&Reader], since: Option<i64>) -> Markup {
    let days = |from: i64| (visit.now - from).max(0) / DAY;
    html! {
        div.scroll { table.list {
            thead { tr { th scope="col" { "Person" } th scope="col" { "Since" } th scope="col" { "State" } } }
            tbody { @for reader in readers { tr {
                td.grow { a href=(address(visit, &reader.person)) { (reader.name) } }
                @match &reader.standing {
                    Standing::Read(ack, at) => {
                        td { a href=(address(visit, ack)) { (time::proven(*at, visit.now, visit.zone())) } }
                        td { (tag::tag("Read", Some("ok"))) }
                    }
                    Standing::ReadOther(ack, at) => {
                        td { a href=(address(visit, ack)) { (time::proven(*at, visit.now, visit.zone())) } }
                        td { (tag::tag("Read another text", Some("risk"))) }
                    }
                    Standing::ToRead(ack, due) => {
                        @let late = due.is_some_and(|due| due < visit.now);
                        td { @match (ack, since) {
                            (Some(ack), _) => a href=(address(visit, ack)) { "asked" @if let Some(due) = due { ", due " (time::proven(*due, visit.now, visit.zone())) } },
                            (None, Some(since)) => span.num { (days(since)) @if days(since) == 1 { " day" } @else { " days" } },
                            (None, None) => span.faint { "not known" },
                        } }
                        td { (tag::tag(if late { "Overdue" } else { "Not yet" }, Some(if late { "bad" } else { "risk" }))) }
                    }
                    Standing::NotAsked => { td {} td { (tag::tag("Not asked", None)) } }
                }
            } } }
        } }
        span.sr { (record.reference()) }
    }
}

fn reminder(at: &str, unasked: usize, now: i64) -> Markup {
    let in_two_weeks = format::write_day(format::day_of(now) + 14);
    html! {
        section.card { div.body {
            form.row method="post" action={ (at) "/readers/remind" } {
                label.small for="due" { "To be read by" }
                input.field.short id="due" name="due" type="date" value=(in_two_weeks) required;
                button.button.primary { "Remind " (unasked) @if unasked == 1 { " person" } @else { " people" } }
            }
            p.small.muted { "Each gets an acknowledgement to give, with this day; it stands on the own page Needs you." }
        } }
    }
}

async fn remind(
    visit: Visit,
    Path((name, written)): Path<(String, String)>,
    Texts(pairs): Texts,
) -> Result<Response, WebError> {
    let reference = require_reference(&visit, &name, &written)?;
    let typed = Typed::new(pairs);
    let day = typed.text("due").and_then(|d| format::parse_day(d.trim()));
    let Some(day) = day.filter(|day| *day >= format::day_of(visit.now)) else {
        return Err(Error::invalid("due", "format", "Say a day from today on, such as 2026-11-30.").into());
    };
    // until the end of that day
    let due = (i64::from(day) + 1) * DAY - 1_000_000;
    visit.engine().remind(&visit.caller, &reference, Some(due), Door::Page).await?;
    Ok(Redirect::to(&format!("{}/readers", address(&visit, &reference))).into_response())
}

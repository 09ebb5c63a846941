//! What goes between the desk and other programs, for administrators: signed webhooks, messages that were given up, and
//! what came in by doors.

mod webhook;

use axum::Router;
use axum::extract::Path;
use axum::response::Redirect;
use axum::routing::{get, post};
use maud::{Markup, html};
use proofdesk_engine::{Account, CaseEvent, Direction, QueuedJob, Webhook};

use crate::error::WebError;
use crate::layout::{self, Page};
use crate::pages::address;
use crate::parts;
use crate::session::Visit;
use crate::state::AppState;

/// Messages shown.
const SHOWN: usize = 100;

/// `/programs` and what is under it.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/programs", get(show))
        .route("/programs/messages/{id}/again", post(again))
        .route("/programs/webhooks/{id}/end", post(end))
        .merge(webhook::router())
}

/// These pages do not exist for others.
fn require_administrator(visit: &Visit) -> Result<(), WebError> {
    if proofdesk_engine::account::is_administrator(&visit.caller) {
        return Ok(());
    }
    Err(WebError::NotFound("page at this address".to_owned()))
}

fn number(id: &str) -> Result<i64, WebError> {
    id.parse().map_err(|_| WebError::NotFound("message with this number".to_owned()))
}

async fn show(visit: Visit) -> Result<Markup, WebError> {
    require_administrator(&visit)?;
    page(&visit, &html! {}).await
}

async fn page(visit: &Visit, message: &Markup) -> Result<Markup, WebError> {
    let engine = visit.engine();
    let hooks = engine.webhooks().await?;
    let accounts = engine.accounts().await?;
    let dead = engine.deliveries(&visit.act(), true).await?;
    let waiting = engine.deliveries(&visit.act(), false).await?;
    let events = engine.case_events(None, SHOWN).await?;
    let body = html! {
        div.row.between { h1 { "Other programs" } a.button.primary href="/programs/webhooks/new" { "New webhook" } }
        (message)
        p.muted { "What a message to a door means is declared in a file; docs/doors.md tells how." }
        (given_up(visit, &dead, waiting.len()))
        (webhooks(&hooks, &accounts))
        (came_in(visit, &events))
    };
    Ok(layout::frame(visit, Page::new("Other programs", vec![("Other programs".to_owned(), None)], body)))
}

fn given_up(visit: &Visit, dead: &[QueuedJob], waiting: usize) -> Markup {
    html! {
        section.card { header { h2 { "Messages that were given up" } } div.body {
            p.small.muted { (waiting) " wait to be sent." }
            @if dead.is_empty() { p { "None." } }
            @else { div.scroll { table.list {
                thead { tr { th scope="col" { "Message" } th scope="col" { "Why" } th.spare scope="col" { "Tries" } th.spare scope="col" { "Last" } th scope="col" aria-label="Act" {} } }
                tbody { @for job in dead { tr {
                    td.small.mono { (job.job.payload["message"].as_str().unwrap_or_default()) }
                    td.small.grow { (job.error.as_deref().unwrap_or_default()) }
                    td.spare { (job.attempts) }
                    td.small.spare { (parts::time::ago(job.job.run_at, visit.now, visit.zone())) }
                    td { form method="post" action={ "/programs/messages/" (job.id) "/again" } { button.button { "Send again" } } }
                } } }
            } } }
        } }
    }
}

fn webhooks(hooks: &[Webhook], accounts: &[Account]) -> Markup {
    let name = |id: i64| {
        accounts.iter().find(|a| a.id == id).map_or_else(|| format!("account {id}"), |a| a.name.clone())
    };
    html! {
        section.card { header { h2 { "Webhooks" } } div.body {
            @if hooks.is_empty() { p { "None." } }
            @else { div.scroll { table.list {
                thead { tr { th scope="col" { "For" } th scope="col" { "Way" } th scope="col" { "About" } th.spare scope="col" { "Account" } th scope="col" aria-label="Act" {} } }
                tbody { @for hook in hooks { tr {
                    td.grow { (hook.label) }
                    td { @if hook.direction == Direction::Out { "out" } @else { "in" } }
                    td.small { @if hook.direction == Direction::Out {
                        (hook.record_type) " " (hook.actions) @if !hook.condition.is_empty() { " " code { (hook.condition) } } " → " (hook.url)
                    } @else { (hook.door) } }
                    td.small.spare { a.link href={ "/accounts/" (hook.account) } { (name(hook.account)) } }
                    td { form method="post" action={ "/programs/webhooks/" (hook.id) "/end" } { button.button.quiet { "End" } } }
                } } }
            } } }
        } }
    }
}

fn came_in(visit: &Visit, events: &[CaseEvent]) -> Markup {
    html! {
        section.card { header { h2 { "What came in" } } div.body {
            @if events.is_empty() { p { "Nothing in ninety days." } }
            @else { div.scroll { table.list {
                thead { tr { th scope="col" { "When" } th scope="col" { "Door" } th scope="col" { "Outcome" } th scope="col" { "Record" } th.spare scope="col" { "Why" } } }
                tbody { @for event in events { tr {
                    td.small { (parts::time::ago(event.at, visit.now, visit.zone())) }
                    td { (event.door) }
                    td { (event.outcome) }
                    td { @if let Some(record) = &event.record { a.link href=(address(visit, record)) { (visit.registry().write_reference(record)) } } }
                    td.small.spare.grow { (event.reason) }
                } } }
            } } }
        } }
    }
}

async fn again(visit: Visit, Path(id): Path<String>) -> Result<Redirect, WebError> {
    require_administrator(&visit)?;
    visit.engine().send_again(&visit.act(), number(&id)?).await?;
    Ok(Redirect::to("/programs"))
}

async fn end(visit: Visit, Path(id): Path<String>) -> Result<Redirect, WebError> {
    require_administrator(&visit)?;
    visit.engine().end_webhook(&visit.act(), number(&id)?).await?;
    Ok(Redirect::to("/programs"))
}

//! Secret addresses of the own calendar.

use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use axum_extra::extract::Form;
use maud::{Markup, html};
use proofdesk_engine::{CalendarLink, Error};
use serde::Deserialize;

use super::{page, refused};
use crate::calendar::address;
use crate::error::WebError;
use crate::form::Wrong;
use crate::parts::empty::{empty, notice};
use crate::parts::time;
use crate::session::{Visit, random};
use crate::state::AppState;

/// Forms under `/account/calendar`.
pub(super) fn router() -> Router<AppState> {
    Router::new().route("/account/calendar", post(make)).route("/account/calendar/{id}/end", post(end))
}

/// The addresses in a card, with a form for another one.
pub(super) fn card(visit: &Visit, links: &[CalendarLink], wrong: &Wrong) -> Markup {
    html! {
        section.card { header { h2 { "Calendar" } } div.body.stack {
            p.small.muted { "Changes, releases, deployments and freezes in your own calendar program, as far as you may see them. Who has the address sees them too; end it here when it is no longer a secret." }
            @if links.is_empty() { (empty("No address yet. By one, a calendar program shows what this desk plans.", &html! {})) } @else {
                div.scroll { table.list {
                    thead { tr { th scope="col" { "For" } th.spare scope="col" { "Made" } th scope="col" { "Last read" } th { span.sr { "End it" } } } }
                    tbody { @for link in links { tr {
                        td.grow { (link.label) }
                        td.small.spare { (time::proven(link.created_at, visit.now, visit.zone())) }
                        td.small { @match link.used_at { Some(at) => (time::ago(at, visit.now, visit.zone())), None => "never" } }
                        td { form.inline method="post" action={ "/account/calendar/" (link.id) "/end" } { button.button.quiet.small aria-label={ "End it: the address for " (link.label) } { "End it" } } }
                    } } }
                } }
            }
            form.form method="post" action="/account/calendar" {
                div.input {
                    label for="calendar" { "Which calendar it is for" }
                    input.field id="calendar" name="calendar" value=[wrong.typed("calendar")] maxlength="100" required placeholder="Such as: my phone";
                }
                div { button.button.primary { "Make an address" } }
            }
            @for sentence in wrong.of("calendar") { p.wrong role="alert" { (sentence) } }
        } }
    }
}

#[derive(Deserialize)]
struct Given {
    #[serde(default)]
    calendar: String,
}

async fn make(visit: Visit, Form(given): Form<Given>) -> Result<Response, WebError> {
    let (act, engine, mut random) = (visit.act(), visit.engine(), random());
    match engine.create_calendar_link(&act, visit.account.id, &given.calendar, &mut random).await {
        Ok((_, secret)) => {
            let base = visit.state.settings.base();
            let said = "The address is made. Give it to your calendar program now; it is not shown again.";
            let made = notice("ok", said, &html! { pre.mono { (base) (address(&secret)) } });
            Ok(page(&visit, &Wrong::default(), &made).await?.into_response())
        }
        Err(error) => refused(&visit, error, &[("calendar", given.calendar.as_str())]).await,
    }
}

async fn end(visit: Visit, Path(id): Path<i64>) -> Result<Redirect, WebError> {
    match visit.engine().end_calendar_link(&visit.act(), visit.account.id, id).await {
        // gone already: what was asked for is so
        Ok(()) | Err(Error::NotFound(_)) => Ok(Redirect::to("/account")),
        Err(other) => Err(other.into()),
    }
}

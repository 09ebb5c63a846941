//! How one's services stand, what is known and planned, what was, and of which services one wants to hear.

use axum::Router;
use axum::routing::get;
use maud::{Markup, html};
use proofdesk_engine::{Record, Reference};

use crate::error::WebError;
use crate::language::Given;
use crate::menu;
use crate::state::AppState;

use super::Client;
use super::article::{tag, times};
use super::frame::{Sheet, frame};
use super::names::{NOTICE, SERVICE};
use super::services::{DAYS, PRESENT, Standing, State, concerned, standings};

/// `/status`.
pub fn router() -> Router<AppState> {
    Router::new().route("/status", get(show))
}

async fn show(client: Client) -> Result<Markup, WebError> {
    let standings = standings(&client).await?;
    let found =
        async |filter: &str| client.all(&client.visit.caller, NOTICE, filter, "begins_at", true).await;
    let present = found(&format!("{PRESENT} && kind != 'information'")).await?;
    let planned = found("state == 'published' && begins_at > now").await?;
    let news = found(&format!("{PRESENT} && kind == 'information'")).await?;
    let past = format!("state == 'ended' && ends_at != null && ends_at > now - days({DAYS})");
    let past = found(&past).await?;
    let worst = standings.iter().map(|s| s.state).max().unwrap_or(State::Working);
    let summary = match worst {
        State::Working => ("ok", "status-all-well"),
        State::Maintenance => ("", "status-some-maintenance"),
        State::Disturbed | State::Away => ("risk", "status-some-disturbed"),
    };
    let title = client.say("status-title");
    let body = html! {
        h1 { (title) }
        div.stack.wide id="standing" data-live="" {
            @if !standings.is_empty() { p class={ "notice " (summary.0) } { b { (client.say(summary.1)) } } }
            (notices(&client, "status-present", &present).await?)
            (notices(&client, "status-planned", &planned).await?)
            (notices(&client, "status-news", &news).await?)
        }
        section.stack aria-labelledby="services" {
            h2 id="services" { (client.say("home-services")) }
            @if standings.is_empty() { p.muted { (client.say("home-no-services")) } }
            @else { p.small.muted { (client.say("services-explained")) } }
            @if !standings.is_empty() && client.visit.state.mail.is_some() { p.small.muted { (client.say("status-follow-help")) } }
            @for standing in &standings { (service(&client, standing).await?) }
        }
        (notices(&client, "status-past", &past).await?)
    };
    frame(&client, Sheet { title: &title, events: NOTICE, body }).await
}

async fn notices(client: &Client, heading: &str, found: &[Record]) -> Result<Markup, WebError> {
    let mut rows = Vec::new();
    for notice in found {
        let names: Vec<String> = concerned(client, notice).await?.iter().map(Record::title).collect();
        rows.push(html! {
            li.stack.tight {
                div.row { (tag(client, notice)) a.link href=(client.address(notice)) { b { (notice.title()) } } }
                span.small.muted { (names.join(", ")) " · " (times(client, notice)) }
            }
        });
    }
    Ok(html! {
        @if !rows.is_empty() {
            section.stack aria-labelledby=(heading) {
                h2 id=(heading) { (client.say(heading)) }
                div.card { ul.body.stack { @for row in &rows { (row) } } }
            }
        }
    })
}

async fn service(client: &Client, standing: &Standing) -> Result<Markup, WebError> {
    let engine = client.visit.engine();
    let reference = Reference::new(SERVICE, standing.service.number);
    let watchers = engine.watchers(&reference).await?;
    let follows = client.visit.caller.person.is_some_and(|me| watchers.contains(&me));
    let action =
        format!("/portal/{}/{}/watch", menu::slug(&standing.service.of), standing.service.reference());
    let days = client.words.with(
        "status-days",
        &[
            ("count", Given::Number(i64::try_from(standing.bad_days()).unwrap_or_default())),
            ("share", Given::Text(&client.words.percent(standing.whole))),
        ],
    );
    let title = standing.service.title();
    let button = client.fill(if follows { "status-unfollow" } else { "status-follow" }, "service", &title);
    Ok(html! {
        div.card { div.body.stack {
            div.row.between { h3.title { (title) } (standing.tag(client)) }
            div.strip role="img" aria-label=(days) { @for tone in &standing.days { i class=[match tone { 2 => Some("bad"), 1 => Some("risk"), _ => None }] {} } }
            div.row.between.small.muted {
                span { (days) }
                form.inline method="post" action=(action) {
                    input type="hidden" name="watching" value=(if follows { "no" } else { "yes" });
                    button.button.small { (button) }
                }
            }
        } }
    })
}

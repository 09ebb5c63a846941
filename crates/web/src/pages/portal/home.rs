//! The first page: one field, what there is to ask for, and how one's services stand.

use axum::Router;
use axum::extract::Query;
use axum::routing::get;
use maud::{Markup, html};
use proofdesk_engine::{Action, Record};
use serde::Deserialize;

use crate::error::WebError;
use crate::language::Given;
use crate::state::AppState;

use super::frame::{Sheet, frame};
use super::names::{COMPLAINT, INCIDENT, MODEL, REQUEST};
use super::offers::{self, slug, terms};
use super::services::{self, Standing};
use super::{Client, mine, offers::find};

/// Longest words on a card.
const WORDS: usize = 110;

/// `/portal`, and what it offers while one types.
pub fn router() -> Router<AppState> {
    Router::new().route("/portal", get(show)).route("/portal/offers", get(offer))
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
}

async fn offer(client: Client, axum::extract::Query(asked): Query<Asked>) -> Result<Markup, WebError> {
    Ok(find(&client, &asked.q).await?.card(&client))
}

async fn show(client: Client, Query(asked): Query<Asked>) -> Result<Markup, WebError> {
    let found = find(&client, &asked.q).await?;
    let models = models(&client).await?;
    let standings = services::standings(&client).await?;
    let text: String = asked.q.chars().take(500).collect();
    let waiting = mine::approval_count(&client).await?;
    let body = html! {
        @if waiting > 0 {
            p.notice { a.link href="/portal/approvals" { b { (client.words.with("home-approvals", &[("count", Given::Number(i64::try_from(waiting).unwrap_or_default()))])) } } }
        }
        section.stack.ask {
            h1 { (client.say("home-title")) }
            form.row.nowrap role="search" action="/portal" aria-label=(client.say("home-describe")) {
                input.field.large name="q" value=(text) maxlength="500" autocomplete="off" aria-label=(client.say("home-describe")) placeholder=(client.say("home-example")) hx-get="/portal/offers" hx-trigger="input changed delay:250ms" hx-target="#offers";
                button.button.primary.large { (client.say("home-look")) }
            }
            div id="offers" aria-live="polite" { (found.card(&client)) }
        }
        section.stack aria-labelledby="ask" {
            h2 id="ask" { (client.say("home-ask")) }
            div.grid-3 {
                @for model in &models { (card(&model.title(), &about(&client, model), &format!("/portal/{}/new?model={}", slug(REQUEST), model.reference()))) }
                @if may_send(&client, INCIDENT) { (card(&client.say("home-broken"), &client.say("home-broken-help"), &format!("/portal/{}/new", slug(INCIDENT)))) }
                @if may_send(&client, REQUEST) { (card(&client.say("home-other"), &client.say("home-other-help"), &format!("/portal/{}/new", slug(REQUEST)))) }
                @if may_send(&client, COMPLAINT) { (card(&client.say("home-complaint"), &client.say("home-complaint-help"), &format!("/portal/{}/new", slug(COMPLAINT)))) }
            }
        }
        (own_services(&client, &standings))
    };
    let title = client.say("home-title");
    frame(&client, Sheet { title: &title, events: "", body }).await
}

fn may_send(client: &Client, of: &str) -> bool {
    let of = client.visit.registry().get(of);
    of.is_some_and(|of| client.visit.caller.may(of, &Action::Create))
}

async fn models(client: &Client) -> Result<Vec<Record>, WebError> {
    if !may_send(client, REQUEST) {
        return Ok(Vec::new());
    }
    let mut models = client.all(&client.visit.caller, MODEL, "state == 'in_use'", "title", false).await?;
    models.retain(offers::is_offered);
    Ok(models)
}

/// What one gets, in a line, and what it takes.
fn about(client: &Client, model: &Record) -> String {
    let text = model.text("description").unwrap_or_default();
    let line = text.lines().next().unwrap_or_default();
    let plain: String = line.chars().filter(|c| !matches!(c, '*' | '#' | '`' | '_')).take(WORDS).collect();
    let parts = [plain.trim().to_owned(), terms(client, model)];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

fn card(title: &str, about: &str, address: &str) -> Markup {
    html! {
        a.card href=(address) { div.body.stack.tight {
            h3.title { (title) }
            @if !about.is_empty() { span.muted.small { (about) } }
        } }
    }
}

fn own_services(client: &Client, standings: &[Standing]) -> Markup {
    html! {
        section.stack aria-labelledby="services" {
            div.row.between { h2 id="services" { (client.say("home-services")) } a.link.small href="/status" { (client.say("home-status")) } }
            div.card {
                @if standings.is_empty() { p.body.muted { (client.say("home-no-services")) } }
                @else {
                    table.list { tbody { @for standing in standings { tr {
                        td.grow { (standing.service.title()) }
                        td.muted.small { (client.fill("services-month", "share", &client.words.percent(standing.month))) }
                        td { (standing.tag(client)) }
                    } } } }
                }
            }
            @if standings.iter().any(|s| s.state == services::State::Disturbed) { p.small.muted { (client.say("services-explained")) } }
        }
    }
}

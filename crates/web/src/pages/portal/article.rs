//! What somebody reads in the portal: a notice, an article, a workaround; and whether it helped.

use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use maud::{Markup, PreEscaped, html};
use proofdesk_engine::{Door, Record, Reference, markdown};

use crate::error::WebError;
use crate::form::Typed;
use crate::form::sent::Texts;
use crate::state::AppState;

use super::Client;
use super::frame::{Sheet, frame};
use super::names::{ARTICLE, INCIDENT, KNOWN_ERROR, NOTICE};
use super::offers::{is_offered, slug};
use super::{nothing, services};

/// Whether an article helped.
pub fn router() -> Router<AppState> {
    Router::new().route("/portal/{slug}/{reference}/helped", post(helped))
}

async fn helped(
    client: Client,
    Path((slug, written)): Path<(String, String)>,
    Texts(pairs): Texts,
) -> Result<Response, WebError> {
    let record = client.require(&slug, &written, &[ARTICLE, KNOWN_ERROR]).await?;
    if !is_offered(&record) {
        return Err(nothing());
    }
    let helped = Typed::new(pairs).text("helped").is_some_and(|said| said == "yes");
    let (visit, on) = (&client.visit, Reference::new(record.of.name.clone(), record.number));
    visit.engine().tell_whether_it_helped(&visit.caller, &on, helped, Door::Page).await?;
    let said = if helped { "yes" } else { "no" };
    Ok(Redirect::to(&format!("{}?helped={said}", client.address(&record))).into_response())
}

/// The texts of a record that are shown, in order, each with the key of its heading; the first has none.
const TEXTS: [(&str, &str); 5] = [
    ("summary", ""),
    ("body", ""),
    ("symptoms", "article-symptoms"),
    ("workaround", "article-workaround"),
    ("advice", "article-advice"),
];

/// The page of such a record.
///
/// `helped` is what its reader has just said of it.
///
/// # Errors
/// `NotFound` for what is not meant for customers at present; a fault of the database.
pub async fn page(client: &Client, record: &Record, helped: &str) -> Result<Markup, WebError> {
    let is_notice = record.of.name == NOTICE;
    let drafted = record.state == record.of.initial_state();
    let withdrawn = record.of.state(&record.state).is_some_and(|s| s.aside);
    if (is_notice && (drafted || withdrawn)) || (!is_notice && !is_offered(record)) {
        return Err(nothing());
    }
    let title = record.title();
    let report = format!("/portal/{}/new", slug(INCIDENT));
    let report = if is_notice { format!("{report}?notice={}", record.reference()) } else { report };
    let body = html! {
        @if is_notice { (head(client, record).await?) } @else { h1 { (title) } }
        section.card { div.body.stack {
            @for (field, heading) in TEXTS { @if let Some(text) = record.text(field) {
                @if !heading.is_empty() { h2 { (client.say(heading)) } }
                div.prose { (PreEscaped(markdown::to_html(text))) }
            } }
        } }
        @if is_notice && services::is_over(record, client.visit.now) {
            p.muted { (client.say("is-over")) " " a.link href={ "/portal/" (slug(INCIDENT)) "/new" } { (client.say("offers-report")) } }
        } @else if is_notice && !services::is_ahead(record, client.visit.now) { div.row { a.button.primary href=(report) { (client.say("offers-me-too")) } } }
        @else if !is_notice { (judged(client, record, helped, &report)) }
    };
    let reference = record.reference();
    frame(client, Sheet { title: &title, events: if is_notice { &reference } else { "" }, body }).await
}

/// Whether it helped, or thanks for having said so and the next step.
fn judged(client: &Client, record: &Record, helped: &str, report: &str) -> Markup {
    let action = format!("{}/helped", client.address(record));
    let thanks = match helped {
        "yes" => Some("article-thanks"),
        "no" => Some("article-sorry"),
        _ => None,
    };
    html! {
        @if let Some(thanks) = thanks {
            p.notice.ok role="status" { (client.say(thanks)) }
            div.row {
                @if helped == "no" { a.button.primary href=(report) { (client.say("article-report")) } }
                a.button href="/portal" { (client.say("portal-home")) }
            }
        } @else {
            section.stack.tight aria-labelledby="helped" {
                h2 id="helped" { (client.say("article-ask")) }
                div.row {
                    @for (said, words) in [("yes", "article-helped"), ("no", "article-helped-not")] {
                        form.inline method="post" action=(action) { input type="hidden" name="helped" value=(said); button.button { (client.say(words)) } }
                    }
                    a.link.small href=(report) { (client.say("article-report")) }
                }
            }
        }
    }
}

async fn head(client: &Client, record: &Record) -> Result<Markup, WebError> {
    let services = services::concerned(client, record).await?;
    let names: Vec<String> = services.iter().map(Record::title).collect();
    Ok(html! {
        div.stack.tight id="head" data-live="" {
            div.row { (tag(client, record)) span.muted.small { (names.join(", ")) } }
            h1 { (record.title()) }
            p.muted.small { (times(client, record)) }
        }
    })
}

/// What kind of notice it is.
pub fn tag(client: &Client, notice: &Record) -> Markup {
    let tone = match notice.text("kind") {
        _ if !notice.of.state_kind(&notice.state).is_open() => "ok",
        Some("disturbance") => "risk",
        Some("maintenance") => "info",
        _ => "plain",
    };
    let over = (tone == "ok").then(|| client.words.state(&notice.of, &notice.state));
    html! { span class={ "tag " (tone) } { (over.or_else(|| client.words.option(notice, "kind")).unwrap_or_default()) } }
}

/// Since when, until when, and when more will be said.
pub fn times(client: &Client, notice: &Record) -> String {
    let filled =
        |key: &str, field: &str| notice.instant(field).map(|at| client.fill(key, "at", &client.at(at)));
    let open = notice.of.state_kind(&notice.state).is_open();
    let parts = [
        filled("notice-from", "begins_at"),
        filled("notice-until", "ends_at"),
        filled("notice-next", "next_update_at").filter(|_| open),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

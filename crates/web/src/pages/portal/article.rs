//! What somebody reads in the portal and cannot answer: a notice, an article, a workaround.

use maud::{Markup, PreEscaped, html};
use proofdesk_engine::{Record, markdown};

use crate::error::WebError;

use super::Client;
use super::frame::{Sheet, frame};
use super::names::{INCIDENT, NOTICE};
use super::offers::{is_offered, slug};
use super::{nothing, services};

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
/// # Errors
/// `NotFound` for what is not meant for customers at present; a fault of the database.
pub async fn page(client: &Client, record: &Record) -> Result<Markup, WebError> {
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
        div.row {
            a.button.primary href="/portal" { (client.say("article-helped")) }
            a.button href=(report) { (client.say(if is_notice { "offers-me-too" } else { "article-report" })) }
        }
    };
    let reference = record.reference();
    frame(client, Sheet { title: &title, events: if is_notice { &reference } else { "" }, body }).await
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

//! Mail for administrators: whether the servers answer, what waits, what was given up or came back, what came in.

use axum::Router;
use axum::extract::Path;
use axum::response::Redirect;
use axum::routing::{get, post};
use maud::{Markup, html};
use proofdesk_engine::{Error, Reference};
use proofdesk_mail::{Arrived, Mail, Queued, Way};

use crate::error::WebError;
use crate::layout::{self, Page};
use crate::parts::empty::notice;
use crate::parts::time;
use crate::session::Visit;
use crate::state::AppState;

/// Mails shown in each list.
const MOST: usize = 100;

/// `/mail` and its forms.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/mail", get(show))
        .route("/mail/{id}/again", post(again))
        .route("/mail/{id}/withdraw", post(withdraw))
}

/// These pages do not exist for others.
fn require_administrator(visit: &Visit) -> Result<(), WebError> {
    if proofdesk_engine::account::is_administrator(&visit.caller) {
        return Ok(());
    }
    Err(WebError::NotFound("page at this address".to_owned()))
}

fn require_mail(visit: &Visit) -> Result<&Mail, WebError> {
    require_administrator(visit)?;
    visit.state.mail.as_ref().ok_or_else(|| WebError::NotFound("page at this address".to_owned()))
}

async fn show(visit: Visit) -> Result<Markup, WebError> {
    require_administrator(&visit)?;
    let crumbs = vec![("Mail".to_owned(), None)];
    let Some(mail) = visit.state.mail.clone() else {
        let how = html! { p { "The section " code { "[mail]" } " of the configuration file says how; docs/mail.md tells what to write." } };
        let body =
            html! { h1 { "Mail" } (notice("info", "This desk neither sends nor takes mail yet.", &how)) };
        return Ok(layout::frame(&visit, Page::new("Mail", crumbs, body)));
    };
    let failed = mail.queue(&["dead", "bounced"], MOST).await.map_err(Error::from)?;
    let waiting = mail.queue(&["waiting", "digest"], MOST).await.map_err(Error::from)?;
    let sent = mail.queue(&["sent"], 20).await.map_err(Error::from)?;
    let arrived = mail.arrived(MOST).await.map_err(Error::from)?;
    let body = html! {
        h1 { "Mail" }
        (ways(&visit, &mail))
        (queue(&visit, "Given up, or came back", "Nothing was given up.", &failed))
        (queue(&visit, "Waiting", "Nothing waits.", &waiting))
        (came_in(&visit, &arrived))
        (queue(&visit, "Sent last", "Nothing was sent yet.", &sent))
    };
    Ok(layout::frame(&visit, Page::new("Mail", crumbs, body)))
}

/// Each way in and out with its state on this node.
fn ways(visit: &Visit, mail: &Mail) -> Markup {
    let (known, settings) = (mail.ways(), mail.settings());
    let all = [
        ("Out by SMTP", settings.smtp.is_some(), &known.smtp),
        ("In by IMAP", settings.imap.is_some(), &known.imap),
        ("In by LMTP", settings.lmtp.is_some(), &known.lmtp),
    ];
    html! { section.card { header { h2 { "Servers" } } div.body { dl.facts {
        @for (name, is_set, way) in all {
            dt { (name) }
            dd { @if is_set { (state_of(visit, way)) } @else { span.muted { "not set up" } } }
        }
    } } } }
}

fn state_of(visit: &Visit, way: &Way) -> Markup {
    html! {
        @if let Some(error) = &way.error { span.tag.bad { "does not work" } " " (error) }
        @else if way.worked_at.is_some() { span.tag.ok { "works" } }
        @else { span.tag { "not tried yet" } }
        @if let Some(at) = way.worked_at { span.small.muted { " last worked " (time::ago(at, visit.now, visit.zone())) } }
    }
}

fn record(visit: &Visit, about: Option<&Reference>) -> Markup {
    let Some(about) = about else { return html! { span.muted { "–" } } };
    html! { a.link href=(super::address(visit, about)) { (visit.registry().write_reference(about)) } }
}

fn person(visit: &Visit, number: i64) -> Markup {
    record(visit, Some(&Reference::new("person", number)))
}

fn state_tag(state: &str) -> Markup {
    let tone = match state {
        "dead" | "bounced" | "refused" => Some("bad"),
        "sent" | "record" | "comment" => Some("ok"),
        _ => None,
    };
    let word = match state {
        "dead" => "given up",
        "bounced" => "came back",
        "digest" => "for a digest",
        "bounce" => "report",
        other => other,
    };
    html! { span.tag.(tone.unwrap_or_default()) { (word) } }
}

fn queue(visit: &Visit, title: &str, nothing: &str, mails: &[Queued]) -> Markup {
    html! { section.card { header { h2 { (title) } } @if mails.is_empty() { div.body { p.muted { (nothing) } } } @else {
        div.scroll { table.list {
            thead { tr { th scope="col" { "About" } th scope="col" { "To" } th scope="col" { "State" } th.spare scope="col" { "Tries" } th scope="col" { "When" } th scope="col" { "What the server said" } th { span.sr { "What to do" } } } }
            tbody { @for mail in mails { tr {
                td { (mail.event.as_str()) " " (record(visit, mail.about.as_ref())) }
                td { (person(visit, mail.person)) }
                td { (state_tag(&mail.state)) }
                td.spare { (mail.attempts) }
                td.small { (time::ago(mail.sent_at.unwrap_or(mail.at), visit.now, visit.zone())) }
                td.small.grow { (mail.error.as_deref().unwrap_or_default()) }
                td { (buttons(mail)) }
            } } }
        } }
    } } }
}

fn buttons(mail: &Queued) -> Markup {
    let to = |what: &str| format!("/mail/{}/{what}", mail.id);
    html! {
        @if ["dead", "bounced"].contains(&mail.state.as_str()) {
            form.inline method="post" action=(to("again")) { button.button.small { "Send again" } }
        }
        @if ["dead", "waiting", "digest"].contains(&mail.state.as_str()) {
            form.inline method="post" action=(to("withdraw")) { button.button.quiet.small { "Withdraw" } }
        }
    }
}

fn came_in(visit: &Visit, mails: &[Arrived]) -> Markup {
    html! { section.card { header { h2 { "Came in" } } @if mails.is_empty() { div.body { p.muted { "Nothing came in yet." } } } @else {
        div.scroll { table.list {
            thead { tr { th scope="col" { "When" } th.spare scope="col" { "By" } th scope="col" { "From" } th scope="col" { "Became" } th scope="col" { "Record" } th scope="col" { "Why" } } }
            tbody { @for mail in mails { tr {
                td.small { (time::ago(mail.at, visit.now, visit.zone())) }
                td.small.spare { (mail.door.to_uppercase()) }
                td { @match mail.person { Some(number) => (person(visit, number)), None => span.muted { "nobody known" } } }
                td { (state_tag(&mail.outcome)) }
                td { (record(visit, mail.about.as_ref())) }
                td.small.grow { (mail.says) }
            } } }
        } }
    } } }
}

async fn again(visit: Visit, Path(id): Path<String>) -> Result<Redirect, WebError> {
    require_mail(&visit)?.send_again(&id).await.map_err(Error::from)?;
    Ok(Redirect::to("/mail"))
}

async fn withdraw(visit: Visit, Path(id): Path<String>) -> Result<Redirect, WebError> {
    require_mail(&visit)?.withdraw(&id).await.map_err(Error::from)?;
    Ok(Redirect::to("/mail"))
}

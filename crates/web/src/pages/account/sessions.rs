//! The own sessions: where one is signed in, and how to end that.

use axum::Router;
use axum::extract::Path;
use axum::response::Redirect;
use axum::routing::post;
use maud::{Markup, html};
use proofdesk_engine::{Error, SessionItem};

use crate::error::WebError;
use crate::parts::time;
use crate::session::Visit;
use crate::state::AppState;

/// Forms under `/account/session`.
pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/account/sessions/end", post(end_others))
        .route("/account/session/{id}/end", post(end))
}

/// The card of the account page.
pub(super) fn card(visit: &Visit, sessions: &[SessionItem]) -> Markup {
    html! {
        section.card { header { h2 { "Sessions" } } div.body.stack {
            p.small.muted { "A session ends 12 hours after its last use, and a week after sign-in at the latest." }
            (list(visit, sessions, "/account/session/"))
            @if sessions.len() > 1 {
                form method="post" action="/account/sessions/end" { button.button { "End all others" } }
            }
        } }
    }
}

/// Sessions in a table, each with a button that ends it.
pub(in crate::pages) fn list(visit: &Visit, sessions: &[SessionItem], address: &str) -> Markup {
    html! {
        div.scroll { table.list {
            thead { tr { th scope="col" { "Browser" } th scope="col" { "Address" } th.spare scope="col" { "Since" } th scope="col" { "Last used" } th { span.sr { "End it" } } } }
            tbody { @for session in sessions { tr {
                td.grow { (browser_words(&session.agent)) @if session.current { " " span.tag { "this one" } } @if session.method != "password" { " " span.small.muted { "by " (session.method) } } }
                td.small.mono { (session.address) }
                td.small.spare { (time::proven(session.since, visit.now, visit.zone())) }
                td.small { (time::ago(session.used_at, visit.now, visit.zone())) }
                td { form.inline method="post" action={ (address) (session.id) "/end" } { button.button.quiet.small aria-label={ "End it: the session of " (browser_words(&session.agent)) " since " (time::exact(session.since, visit.zone())) } { "End it" } } }
            } } }
        } }
    }
}

/// What a browser says of itself, as far as people know it.
fn browser_words(agent: &str) -> String {
    let known = |names: &[(&'static str, &'static str)]| {
        names.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name)
    };
    let browser = known(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = known(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => agent.chars().take(40).collect::<String>(),
    }
}

async fn end(visit: Visit, Path(id): Path<String>) -> Result<Redirect, WebError> {
    match visit.engine().end_session(&visit.act(), visit.account.id, &id).await {
        // gone already: what was asked for is so
        Ok(()) | Err(Error::NotFound(_)) => Ok(Redirect::to("/account")),
        Err(other) => Err(other.into()),
    }
}

async fn end_others(visit: Visit) -> Result<Redirect, WebError> {
    visit.engine().end_sessions(&visit.act(), visit.account.id, Some(&visit.secret)).await?;
    Ok(Redirect::to("/account"))
}

#[cfg(test)]
mod tests {
    use super::browser_words;

    #[test]
    fn browsers_are_named_as_people_know_them() {
        for (agent, words) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36",
                "Chrome on Linux",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1",
                "Safari on iPhone",
            ),
            ("curl/8.0", "curl/8.0"),
        ] {
            assert_eq!(browser_words(agent), words);
        }
    }
}

//! The own sessions: where one is signed in, and how to end that.

use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum_extra::extract::Form;
use maud::{Markup, html};
use proofdesk_engine::{Error, SessionItem};

use super::Own;
use super::prove::{self, Proof, Question};
use crate::error::WebError;
use crate::form::Wrong;
use crate::language::{Given, Words};
use crate::state::AppState;

/// Forms under `/account/session`.
pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/account/sessions/end", get(ask_others).post(end_others))
        .route("/account/session/{id}/end", get(ask).post(end))
}

/// The card of the account page.
pub(super) fn card(own: &Own, sessions: &[SessionItem]) -> Markup {
    let words = own.words;
    html! {
        section.card { header { h2 { (words.say("session-title")) } } div.body.stack {
            p.small.muted { (words.say("session-help")) }
            (list(own, sessions, "/account/session/", true))
            @if sessions.len() > 1 {
                div { a.button href="/account/sessions/end" { (words.say("session-others")) } }
            }
        } }
    }
}

/// Sessions in a table, each with a button that ends it; `asks` where others than the present one are ended only by who
/// proves again who it is.
pub(in crate::pages) fn list(own: &Own, sessions: &[SessionItem], address: &str, asks: bool) -> Markup {
    let words = own.words;
    let end = |session: &SessionItem| {
        let browser = browser_words(words, &session.agent);
        let since = words.instant(session.since, own.visit.zone());
        words.with("session-end-that", &[("browser", Given::Text(&browser)), ("since", Given::Text(&since))])
    };
    html! {
        div.scroll { table.list {
            thead { tr { th scope="col" { (words.say("session-browser")) } th.spare scope="col" { (words.say("session-address")) } th.spare scope="col" { (words.say("session-since")) } th scope="col" { (words.say("session-used")) } th { span.sr { (words.say("session-end")) } } } }
            tbody { @for session in sessions { tr {
                td.grow { (browser_words(words, &session.agent)) @if session.current { " " span.tag { (words.say("session-this")) } } @if session.method != "password" { " " span.small.muted { (words.with("session-by", &[("method", Given::Text(&session.method))])) } } }
                td.small.mono.spare { (session.address) }
                td.small.spare { (own.at(session.since)) }
                td.small { (own.ago(session.used_at)) }
                td { @if asks && !session.current {
                    a.button.quiet.small href={ (address) (session.id) "/end" } aria-label=(end(session)) { (words.say("session-end")) }
                } @else {
                    form.inline method="post" action={ (address) (session.id) "/end" } { button.button.quiet.small aria-label=(end(session)) { (words.say("session-end")) } }
                } }
            } } }
        } }
    }
}

/// What a browser says of itself, as far as people know it.
fn browser_words(words: Words, agent: &str) -> String {
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
        (Some(browser), Some(system)) => {
            words.with("session-on", &[("browser", Given::Text(browser)), ("system", Given::Text(system))])
        }
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => agent.chars().take(40).collect::<String>(),
    }
}

const OTHERS: Question<'static> = Question {
    title: "session-others",
    words: "prove-sessions",
    button: "session-others",
    action: "/account/sessions/end",
};

fn one(action: &str) -> Question<'_> {
    Question { title: "session-end", words: "prove-session", button: "session-end", action }
}

async fn ask_others(own: Own) -> Result<Markup, WebError> {
    prove::page(&own, &OTHERS, &Wrong::default()).await
}

async fn ask(own: Own) -> Result<Markup, WebError> {
    prove::page(&own, &one(&own.visit.path), &Wrong::default()).await
}

async fn end(own: Own, Path(id): Path<String>, Form(proof): Form<Proof>) -> Result<Response, WebError> {
    let visit = &own.visit;
    let all = visit.engine().sessions(visit.account.id, Some(&visit.secret)).await?;
    // to sign out here is nobody else's matter
    if !all.iter().any(|session| session.current && session.id == id)
        && let Some(refusal) = prove::refusal(&own, &one(&visit.path), &proof).await?
    {
        return Ok(refusal);
    }
    match visit.engine().end_session(&visit.act(), visit.account.id, &id).await {
        // gone already: what was asked for is so
        Ok(()) | Err(Error::NotFound(_)) => Ok(Redirect::to(own.home()).into_response()),
        Err(other) => Err(other.into()),
    }
}

async fn end_others(own: Own, Form(proof): Form<Proof>) -> Result<Response, WebError> {
    if let Some(refusal) = prove::refusal(&own, &OTHERS, &proof).await? {
        return Ok(refusal);
    }
    let visit = &own.visit;
    visit.engine().end_sessions(&visit.act(), visit.account.id, Some(&visit.secret)).await?;
    Ok(Redirect::to(own.home()).into_response())
}

#[cfg(test)]
mod tests {
    use super::browser_words;
    use crate::language::{Language, Words};

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
            assert_eq!(browser_words(Words(Language::English), agent), words);
        }
    }
}

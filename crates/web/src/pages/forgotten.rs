//! A forgotten password: a page that asks for a name or an address, and a link that goes to its owner by mail.
//!
//! Invariant: neither answer nor time tells whether there is such an account. What is found is done after the answer is given.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum_extra::extract::Form;
use maud::{Markup, html};
use proofdesk_engine::{Addressed, Engine, Error};
use proofdesk_mail::Mail;
use serde::Deserialize;

use crate::error::WebError;
use crate::language::Words;
use crate::layout;
use crate::pages::portal::said;
use crate::session::{Guest, random};
use crate::state::AppState;

/// Longest name or address.
const NAME_MAX: usize = 320;

/// `/sign-in/forgotten`.
pub fn router() -> Router<AppState> {
    Router::new().route("/sign-in/forgotten", get(ask).post(take))
}

/// Mail, where links go by it; else the page does not exist.
fn mail(state: &AppState) -> Result<&Mail, WebError> {
    let found = state.mail.as_ref().filter(|mail| mail.sends_links());
    found.ok_or_else(|| WebError::NotFound("page at this address".to_owned()))
}

/// The way to this page from the one of sign-in.
pub(super) fn way(state: &AppState, words: Words) -> Markup {
    html! { @if mail(state).is_ok() { p.small { a.link href="/sign-in/forgotten" { (words.say("forgotten-way")) } } } }
}

#[derive(Deserialize)]
struct Given {
    #[serde(default)]
    sign_in: String,
}

async fn ask(State(state): State<AppState>, words: Words) -> Result<Markup, WebError> {
    mail(&state)?;
    Ok(page(&state, words, "", None))
}

async fn take(
    State(state): State<AppState>,
    guest: Guest,
    words: Words,
    Form(given): Form<Given>,
) -> Result<Response, WebError> {
    let mail = mail(&state)?.clone();
    let name = given.sign_in.trim().to_owned();
    if name.is_empty() || name.len() > NAME_MAX {
        let page = page(&state, words, "", Some(&words.say("forgotten-needed")));
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    match state.engine.admit_forgotten(&name, &guest.0).await {
        Ok(()) => {}
        Err(Error::Invalid(problems)) => {
            let message = problems.0.first().map(|p| said(words, None, p));
            let page = page(&state, words, &name, message.as_deref());
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
        Err(other) => return Err(other.into()),
    }
    let engine = state.engine.clone();
    tokio::spawn(async move {
        if let Err(error) = send(&engine, &mail, &name).await {
            tracing::error!(%error, "the link of a forgotten password was not sent");
        }
    });
    let title = words.say("forgotten-title");
    let body = html! {
        section.card { div.body.stack {
            h1 { (title) }
            p { (words.say("forgotten-done")) }
            a.button.primary href="/sign-in" { (words.say("forgotten-back")) }
        } }
    };
    Ok(layout::gate_in(words, &title, &state.organization(), &body).into_response())
}

/// Makes the link and queues its mail, where there is an account with a password and an address.
async fn send(engine: &Engine, mail: &Mail, name: &str) -> Result<(), Error> {
    let person = match engine.person_by_address(name).await? {
        Addressed::One(person) => Some(person.number),
        Addressed::Nobody | Addressed::Several => None,
    };
    let Some(account) = engine.forgotten_account(name, person).await? else { return Ok(()) };
    let Some(letter) = mail.link_letter(&account).await.map_err(Error::from)? else { return Ok(()) };
    let rows =
        |_: &proofdesk_engine::Link, secret: &str| letter.row_of_forgotten(secret).into_iter().collect();
    engine.make_forgotten_link(account, &mut random(), rows).await?;
    mail.wake();
    Ok(())
}

fn page(state: &AppState, words: Words, name: &str, wrong: Option<&str>) -> Markup {
    let title = words.say("forgotten-title");
    let body = html! {
        section.card { div.body.stack {
            h1 { (title) }
            p { (words.say("forgotten-words")) }
            form.form method="post" action="/sign-in/forgotten" {
                div.input {
                    label for="sign_in" { (words.say("forgotten-name")) }
                    input.field id="sign_in" name="sign_in" value=(name) autocomplete="username" autocapitalize="none" maxlength=(NAME_MAX) required autofocus aria-invalid=[wrong.map(|_| "true")] aria-describedby=[wrong.map(|_| "wrong")];
                    @if let Some(wrong) = wrong { p.wrong id="wrong" role="alert" { (wrong) } }
                }
                button.button.primary { (words.say("forgotten-button")) }
            }
            a.button.quiet.small href="/sign-in" { (words.say("forgotten-back")) }
        } }
    };
    layout::gate_in(words, &title, &state.organization(), &body)
}

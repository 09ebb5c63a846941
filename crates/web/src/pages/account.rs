//! A person's own account: password, second factor, sessions and API tokens.

mod calendars;
mod factor;
mod mail;
mod sessions;
pub(super) mod tokens;

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum_extra::extract::Form;
use maud::{Markup, html};
use proofdesk_engine::Error;
use serde::Deserialize;

use crate::error::WebError;
use crate::form::Wrong;
use crate::layout::{self, Page};
use crate::pages::{passkey, setup};
use crate::session::Visit;
use crate::state::AppState;
pub(crate) use mail::minutes;
pub(super) use sessions::list as session_list;

/// `/account` and its forms.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/account", get(show))
        .route("/account/password", post(password))
        .merge(calendars::router())
        .merge(factor::router())
        .merge(mail::router())
        .merge(sessions::router())
        .merge(tokens::router())
}

async fn show(visit: Visit) -> Result<Markup, WebError> {
    page(&visit, &Wrong::default(), &html! {}).await
}

/// The page with what happened, or what was wrong.
async fn page(visit: &Visit, wrong: &Wrong, message: &Markup) -> Result<Markup, WebError> {
    let engine = visit.engine();
    let all = engine.tokens(visit.account.id).await?;
    let sessions = engine.sessions(visit.account.id, Some(&visit.secret)).await?;
    let by_mail = mail::card(visit, wrong).await?;
    let calendars = engine.calendar_links(visit.account.id).await?;
    let left = engine.recovery_codes_left(visit.account.id).await?;
    let passkeys = engine.passkeys(visit.account.id).await?;
    let body = html! {
        (setup::invitation(visit).await)
        h1 { (visit.account.name) }
        (message)
        div.grid-2 {
            @if visit.account.has_password { section.card { header { h2 { "Password" } } div.body {
                form.form method="post" action="/account/password" {
                    input type="hidden" name="username" value=(visit.account.sign_in) autocomplete="username";
                    (password_field("present", "Present password", "current-password", wrong))
                    (password_field("password", "New password, at least 10 characters", "new-password", wrong))
                    div { button.button.primary { "Change the password" } }
                    p.help { "All other sessions of this account end, and this one too: sign in again afterwards." }
                }
            } } }
            section.card { header { h2 { "Account" } } div.body { dl.facts {
                dt { "Sign-in name" } dd.mono { (visit.account.sign_in) }
                dt { "Roles" } dd { (visit.account.roles.join(", ").replace('_', " ")) }
                dt { "Person" } dd { @if let Some(of) = visit.registry().get("person") { a.link href={ "/" (crate::menu::slug(of)) "/" (of.reference(visit.account.person)) } { (of.reference(visit.account.person)) } } }
                dt { "Time zone" } dd { (visit.zone().iana_name().unwrap_or("UTC")) }
            } } }
        }
        (factor::card(visit, left))
        (passkey::card(visit, &passkeys))
        (by_mail)
        (sessions::card(visit, &sessions))
        (calendars::card(visit, &calendars, wrong))
        (tokens::card(visit, &all, wrong, "/account/token"))
    };
    Ok(layout::frame(visit, Page::new("Account", vec![("Account".to_owned(), None)], body)))
}

/// The page again, with what was wrong with a form; other errors go on.
async fn refused(visit: &Visit, error: Error) -> Result<Response, WebError> {
    match error {
        Error::Invalid(problems) => {
            let page = page(visit, &Wrong::new(&problems.0), &html! {}).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        other => Err(other.into()),
    }
}

/// A field for a password, with what was wrong with it.
pub(super) fn password_field(name: &str, label: &str, autocomplete: &str, wrong: &Wrong) -> Markup {
    let sentences = wrong.of(name);
    html! { div.input {
        label for=(name) { (label) }
        input.field id=(name) name=(name) type="password" autocomplete=(autocomplete) maxlength="256" required aria-invalid=[(!sentences.is_empty()).then_some("true")];
        @for sentence in sentences { p.wrong role="alert" { (sentence) } }
    } }
}

#[derive(Deserialize)]
struct Passwords {
    #[serde(default)]
    present: String,
    #[serde(default)]
    password: String,
}

async fn password(visit: Visit, Form(given): Form<Passwords>) -> Result<Response, WebError> {
    let act = visit.act();
    match visit.engine().change_password(&act, visit.account.id, &given.present, &given.password).await {
        Ok(()) => {
            // whoever has an empty desk before him goes on with it
            let next = if setup::is_wanted(&visit).await { "/" } else { "/account" };
            Ok(Redirect::to(&format!("/sign-in?next={next}")).into_response())
        }
        Err(error) => refused(&visit, error).await,
    }
}

//! A person's own account: password, second factor, sessions and API tokens; for customers and users those of its parts
//! that they need, in the portal and in their language.

mod calendars;
mod factor;
mod mail;
pub(super) mod prove;
mod sessions;
pub(super) mod tokens;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum_extra::extract::Form;
use maud::{Markup, html};
use proofdesk_engine::Error;
use serde::Deserialize;

use crate::error::WebError;
use crate::form::Wrong;
use crate::language::{Language, Words};
use crate::layout::{self, Page};
use crate::pages::portal::{self, Client, Sheet};
use crate::pages::{passkey, setup};
use crate::parts::time;
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

/// Somebody at his own account.
pub struct Own {
    /// Who it is.
    pub visit: Visit,
    /// His words: his language in the portal, English at the desk.
    pub words: Words,
    in_portal: bool,
}

impl FromRequestParts<AppState> for Own {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, WebError> {
        Ok(Self::of(&Client::from_request_parts(parts, state).await?))
    }
}

impl Own {
    /// The same person as one who reads the portal.
    pub fn of(client: &Client) -> Self {
        let in_portal = client.visit.is_customer();
        let words = if in_portal { client.words } else { Words(Language::English) };
        Self { visit: client.visit.clone(), words, in_portal }
    }

    /// Somebody of the staff at the desk.
    pub fn at_desk(visit: &Visit) -> Self {
        Self { visit: visit.clone(), words: Words(Language::English), in_portal: false }
    }

    /// Whether his account is in the portal.
    pub fn is_in_portal(&self) -> bool {
        self.in_portal
    }

    /// The address of the page of his account.
    pub fn home(&self) -> &'static str {
        if self.in_portal { "/portal/me" } else { "/account" }
    }

    /// A page below it.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn frame(&self, title: &str, body: Markup) -> Result<Markup, WebError> {
        if self.in_portal {
            let client = Client { visit: self.visit.clone(), words: self.words };
            return portal::frame(&client, Sheet { title, events: "", body }).await;
        }
        let crumbs = vec![("Account".to_owned(), Some("/account".to_owned())), (title.to_owned(), None)];
        Ok(layout::frame(&self.visit, Page::new(title, crumbs, body)))
    }

    /// An instant as it was, in full where one asks for it.
    pub fn at(&self, at: i64) -> Markup {
        match self.words.0 {
            Language::English => time::proven(at, self.visit.now, self.visit.zone()),
            Language::German => html! { (self.words.instant(at, self.visit.zone())) },
        }
    }

    /// An instant in the past.
    pub fn ago(&self, at: i64) -> Markup {
        match self.words.0 {
            Language::English => time::ago(at, self.visit.now, self.visit.zone()),
            Language::German => self.at(at),
        }
    }

    /// What somebody finds in the portal beside language and password.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn cards(&self, wrong: &Wrong) -> Result<Markup, WebError> {
        let (engine, id) = (self.visit.engine(), self.visit.account.id);
        let sessions = engine.sessions(id, Some(&self.visit.secret)).await?;
        let left = engine.recovery_codes_left(id).await?;
        let passkeys = engine.passkeys(id).await?;
        Ok(html! {
            (factor::card(self, left))
            (passkey::card(self, &passkeys))
            (mail::card(self, wrong).await?)
            (sessions::card(self, &sessions))
        })
    }

    /// The page of the account once more, with what was wrong with a form; other errors go on.
    ///
    /// # Errors
    /// Any error that is not about what was typed; a fault of the database.
    pub async fn refused(&self, error: Error) -> Result<Response, WebError> {
        self.refused_keeping(error, &[]).await
    }

    /// As [`Own::refused`], with what was typed, by field.
    ///
    /// # Errors
    /// As there.
    pub async fn refused_keeping(&self, error: Error, typed: &[(&str, &str)]) -> Result<Response, WebError> {
        if !self.in_portal {
            return refused(&self.visit, error, typed).await;
        }
        let Error::Invalid(problems) = error else { return Err(error.into()) };
        let said = |p: &proofdesk_engine::Problem| (p.field.clone(), portal::refusal(self.words, p));
        let wrong: Vec<(String, String)> = problems.0.iter().map(said).collect();
        let client = Client { visit: self.visit.clone(), words: self.words };
        let page = portal::own_page(&client, &wrong, typed).await?;
        Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
    }
}

async fn show(own: Own) -> Result<Response, WebError> {
    if own.in_portal {
        return Ok(Redirect::to(own.home()).into_response());
    }
    Ok(page(&own.visit, &Wrong::default(), &html! {}).await?.into_response())
}

/// The page with what happened, or what was wrong.
async fn page(visit: &Visit, wrong: &Wrong, message: &Markup) -> Result<Markup, WebError> {
    let engine = visit.engine();
    let all = engine.tokens(visit.account.id).await?;
    let own = Own::at_desk(visit);
    let calendars = engine.calendar_links(visit.account.id).await?;
    let cards = own.cards(wrong).await?;
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
                dt { "Roles" } dd { (layout::plain_roles(&visit.account.roles)) }
                dt { "Person" } dd { @if let Some(of) = visit.registry().get("person") { a.link href={ "/" (crate::menu::slug(of)) "/" (of.reference(visit.account.person)) } { (of.reference(visit.account.person)) } } }
                dt { "Times are shown in" } dd { (visit.zone().iana_name().unwrap_or("UTC")) }
            } } }
        }
        (cards)
        (calendars::card(visit, &calendars, wrong))
        (tokens::card(visit, &all, wrong, "/account/token"))
    };
    Ok(layout::frame(visit, Page::new("Account", vec![("Account".to_owned(), None)], body)))
}

/// The page again, with what was wrong with a form and what was typed into it; other errors go on.
async fn refused(visit: &Visit, error: Error, typed: &[(&str, &str)]) -> Result<Response, WebError> {
    match error {
        Error::Invalid(problems) => {
            let page = page(visit, &Wrong::new(&problems.0).keeping(typed), &html! {}).await?;
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
        Err(error) => refused(&visit, error, &[]).await,
    }
}

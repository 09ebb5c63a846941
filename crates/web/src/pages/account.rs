//! A person's own account: password and API tokens.

use axum::Router;
use axum::extract::Path;
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
use crate::parts::empty::{empty, notice};
use crate::parts::time;
use crate::session::{Visit, random};
use crate::state::AppState;

/// Tokens end after this many days where nothing else is chosen.
const DAYS: [i64; 3] = [90, 30, 365];

/// `/account` and its forms.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/account", get(show))
        .route("/account/password", post(password))
        .route("/account/token", post(token))
        .route("/account/token/{id}/end", post(end_token))
}

async fn show(visit: Visit) -> Result<Markup, WebError> {
    page(&visit, &Wrong::default(), &html! {}).await
}

async fn page(visit: &Visit, wrong: &Wrong, message: &Markup) -> Result<Markup, WebError> {
    let tokens = visit.engine().tokens(visit.account.id).await?;
    let body = html! {
        h1 { (visit.account.name) }
        (message)
        div.grid-2 {
            section.card { header { h2 { "Password" } } div.body {
                form.form method="post" action="/account/password" {
                    input type="hidden" name="username" value=(visit.account.sign_in) autocomplete="username";
                    (secret("present", "Present password", "current-password", wrong))
                    (secret("password", "New password, at least 10 characters", "new-password", wrong))
                    div { button.button.primary { "Change the password" } }
                    p.help { "All other sessions of this account end, and this one too: sign in again afterwards." }
                }
            } }
            section.card { header { h2 { "Account" } } div.body { dl.facts {
                dt { "Sign-in name" } dd.mono { (visit.account.sign_in) }
                dt { "Roles" } dd { (visit.account.roles.join(", ").replace('_', " ")) }
                dt { "Person" } dd { @if let Some(of) = visit.registry().get("person") { a.link href={ "/" (crate::menu::slug(of)) "/" (of.reference(visit.account.person)) } { (of.reference(visit.account.person)) } } }
                dt { "Time zone" } dd { (visit.zone().iana_name().unwrap_or("UTC")) }
            } } }
        }
        section.card { header { h2 { "API tokens" } } div.body.stack {
            p.small.muted { "A program that sends a token acts with your roles. The token is shown once; here only its name is kept." }
            @if tokens.is_empty() { (empty("Your tokens would be listed here.", &html! {})) } @else {
                div.scroll { table.list {
                    thead { tr { th scope="col" { "For" } th scope="col" { "Made" } th.spare scope="col" { "Last used" } th scope="col" { "Ends" } th { span.sr { "End it" } } } }
                    tbody { @for token in &tokens { tr {
                        td.grow { (token.label) }
                        td.small { (time::proven(token.created_at, visit.now, visit.zone())) }
                        td.small.spare { @match token.used_at { Some(at) => (time::ago(at, visit.now, visit.zone())), None => "never" } }
                        td.small { @match token.expires_at { Some(at) => (time::proven(at, visit.now, visit.zone())), None => "not by itself" } }
                        td { form.inline method="post" action={ "/account/token/" (token.id) "/end" } { button.button.quiet.small aria-label={ "End the token " (token.label) } { "End it" } } }
                    } } }
                } }
            }
            form.row method="post" action="/account/token" {
                label.sr for="label" { "What the token is for" }
                input.field.short id="label" name="label" maxlength="100" required placeholder="What it is for, such as monitoring";
                label.sr for="days" { "Ends after" }
                select.field.short id="days" name="days" { @for days in DAYS { option value=(days) { "Ends after " (days) " days" } } }
                button.button.primary { "Make a token" }
            }
            @for sentence in wrong.of("label") { p.wrong role="alert" { (sentence) } }
        } }
    };
    Ok(layout::frame(visit, Page::new("Account", vec![("Account".to_owned(), None)], body)))
}

fn secret(name: &str, label: &str, autocomplete: &str, wrong: &Wrong) -> Markup {
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
        Ok(()) => Ok(Redirect::to("/sign-in?next=/account").into_response()),
        Err(Error::Invalid(problems)) => {
            let page = page(&visit, &Wrong::new(&problems.0), &html! {}).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(other) => Err(other.into()),
    }
}

#[derive(Deserialize)]
struct NewToken {
    #[serde(default)]
    label: String,
    #[serde(default)]
    days: i64,
}

async fn token(visit: Visit, Form(given): Form<NewToken>) -> Result<Response, WebError> {
    let days = if DAYS.contains(&given.days) { given.days } else { DAYS[0] };
    let ends = visit.now + days * 86_400_000_000;
    let act = visit.act();
    let (engine, mut random) = (visit.engine(), random());
    match engine.create_token(&act, visit.account.id, &given.label, Some(ends), &mut random).await {
        Ok((_, secret)) => {
            let message = notice(
                "ok",
                "The token is made. Copy it now; it is not shown again.",
                &html! { pre.mono { (secret) } },
            );
            Ok(page(&visit, &Wrong::default(), &message).await?.into_response())
        }
        Err(Error::Invalid(problems)) => {
            let page = page(&visit, &Wrong::new(&problems.0), &html! {}).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(other) => Err(other.into()),
    }
}

async fn end_token(visit: Visit, Path(id): Path<i64>) -> Result<Redirect, WebError> {
    match visit.engine().revoke_token(&visit.act(), visit.account.id, id).await {
        // gone already: what was asked for is so
        Ok(()) | Err(Error::NotFound(_)) => {}
        Err(other) => return Err(other.into()),
    }
    Ok(Redirect::to("/account"))
}

//! The own second factor: set up, renew the recovery codes, take it away.

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum_extra::extract::Form;
use maud::{Markup, html};
use proofdesk_engine::{Door, Error};
use serde::Deserialize;

use crate::error::WebError;
use crate::form::Wrong;
use crate::layout::{self, Page};
use crate::pages::account::password_field;
use crate::pages::step::{code_field, codes_shown, said, set_up};
use crate::session::{Visit, random};
use crate::state::AppState;

/// `/account/factor` and its forms.
pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/account/factor", get(ask).post(confirm))
        .route("/account/factor/codes", get(shown_before).post(new_codes))
        .route("/account/factor/end", get(back).post(end))
}

/// The card of the account page.
pub(super) fn card(visit: &Visit, left: usize) -> Markup {
    html! {
        section.card { header { h2 { "Second factor" } } div.body.row {
            @if visit.account.second_factor {
                p.grow { "A code of your app is asked for after the password. Recovery codes left: " b { (left) } "." }
                a.button href="/account/factor" { "Change it" }
            } @else {
                p.grow { "Only the password is asked for. With a second factor, a password that became known is not enough." }
                a.button href="/account/factor" { "Set up a second factor" }
            }
        } }
    }
}

fn frame(visit: &Visit, body: Markup) -> Markup {
    let crumbs =
        vec![("Account".to_owned(), Some("/account".to_owned())), ("Second factor".to_owned(), None)];
    layout::frame(visit, Page::new("Second factor", crumbs, body))
}

async fn back(_: Visit) -> Redirect {
    Redirect::to("/account/factor")
}

/// What whoever loads the page of his codes again finds: they are shown once.
async fn shown_before(visit: Visit) -> Result<Response, WebError> {
    if !visit.account.second_factor {
        return Ok(back(visit).await.into_response());
    }
    let left = visit.engine().recovery_codes_left(visit.account.id).await?;
    let body = html! {
        h1 { "Your recovery codes" }
        section.card { div.body.stack {
            p { "They were shown once, when they were made, and nobody can show them again. " b { (left) } " of them are left." }
            p { "If you have kept them, there is nothing to do. If not, make new ones: the old ones end with that." }
            (new_codes_form())
            p.small { a.link href="/account" { "Back to the account" } }
        } }
    };
    Ok(frame(&visit, body).into_response())
}

async fn ask(visit: Visit) -> Result<Markup, WebError> {
    page(&visit, None, &Wrong::default()).await
}

async fn page(visit: &Visit, wrong_code: Option<&str>, wrong: &Wrong) -> Result<Markup, WebError> {
    if visit.account.second_factor {
        return Ok(frame(visit, present(wrong)));
    }
    let issuer = &visit.state.settings.organization;
    let factor = visit.engine().begin_factor(&visit.secret, issuer, &mut random()).await?;
    let body = html! {
        h1 { "Set up a second factor" }
        section.card { div.body.stack {
            (set_up(&factor))
            form.form method="post" action="/account/factor" {
                (code_field(wrong_code))
                div { button.button.primary { "Confirm" } }
            }
        } }
    };
    Ok(frame(visit, body))
}

fn present(wrong: &Wrong) -> Markup {
    html! {
        h1 { "Second factor" }
        @for sentence in wrong.of("present") { p.wrong role="alert" { (sentence) } }
        div.grid-2 {
            section.card { header { h2 { "Recovery codes" } } div.body {
                p.small.muted { "Makes ten new codes; the old ones end." }
                (new_codes_form())
            } }
            section.card { header { h2 { "Take it away" } } div.body {
                form.form method="post" action="/account/factor/end" {
                    p.small.muted { "To set it up on another device, take it away and set it up again." }
                    div.input {
                        label for="present-end" { "Present password" }
                        input.field id="present-end" name="present" type="password" autocomplete="current-password" maxlength="256" required;
                    }
                    div { button.button { "Take the second factor away" } }
                }
            } }
        }
    }
}

fn new_codes_form() -> Markup {
    html! {
        form.form method="post" action="/account/factor/codes" {
            (password_field("present", "Present password", "current-password", &Wrong::default()))
            div { button.button.primary { "Make new recovery codes" } }
        }
    }
}

#[derive(Deserialize)]
struct Given {
    #[serde(default)]
    code: String,
    #[serde(default)]
    present: String,
}

fn codes_page(visit: &Visit, codes: &[String]) -> Markup {
    let body = html! {
        h1 { "Your recovery codes" }
        section.card { div.body.stack { (codes_shown(codes)) a.button.primary href="/account" { "I have kept them" } } }
    };
    frame(visit, body)
}

async fn confirm(visit: Visit, Form(given): Form<Given>) -> Result<Response, WebError> {
    if visit.account.second_factor {
        // sent a second time, as a browser does that loads the page of the codes again
        return Ok(Redirect::to("/account/factor/codes").into_response());
    }
    let (engine, mut random) = (visit.engine(), random());
    match engine.confirm_factor(Door::Page, &visit.secret, &given.code, &visit.visitor, &mut random).await {
        Ok((codes, _)) => Ok(codes_page(&visit, &codes).into_response()),
        Err(error) => {
            let page = page(&visit, Some(&said(error)?), &Wrong::default()).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

async fn new_codes(visit: Visit, Form(given): Form<Given>) -> Result<Response, WebError> {
    let (act, mut random) = (visit.act(), random());
    match visit.engine().new_recovery_codes(&act, visit.account.id, &given.present, &mut random).await {
        Ok(codes) => Ok(codes_page(&visit, &codes).into_response()),
        Err(error) => refused(&visit, error).await,
    }
}

async fn end(visit: Visit, Form(given): Form<Given>) -> Result<Response, WebError> {
    match visit.engine().remove_factor(&visit.act(), visit.account.id, &given.present).await {
        Ok(()) => Ok(Redirect::to("/account").into_response()),
        Err(error) => refused(&visit, error).await,
    }
}

async fn refused(visit: &Visit, error: Error) -> Result<Response, WebError> {
    let Error::Invalid(problems) = error else { return Err(error.into()) };
    // attempts that wait are said where the password was typed
    let here: Vec<_> =
        problems.0.into_iter().map(|p| proofdesk_engine::Problem { field: "present".into(), ..p }).collect();
    let page = page(visit, None, &Wrong::new(&here)).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

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
use crate::language::Words;
use crate::pages::account::{Own, password_field, prove};
use crate::pages::portal::refusal;
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
pub(super) fn card(own: &Own, left: usize) -> Markup {
    let words = own.words;
    html! {
        section.card { header { h2 { (words.say("factor-title")) } } div.body.row {
            @if own.visit.account.second_factor {
                p.grow { (words.say("factor-on")) " " (words.say("codes-left")) " " b { (left) } "." }
                a.button href="/account/factor" { (words.say("factor-change")) }
            } @else {
                p.grow { (words.say("factor-off")) }
                a.button href="/account/factor" { (words.say("factor-set-up")) }
            }
        } }
    }
}

async fn back(_: Visit) -> Redirect {
    Redirect::to("/account/factor")
}

/// What whoever loads the page of his codes again finds: they are shown once.
async fn shown_before(own: Own) -> Result<Response, WebError> {
    if !own.visit.account.second_factor {
        return Ok(back(own.visit).await.into_response());
    }
    let (words, title) = (own.words, own.words.say("codes-title"));
    let left = own.visit.engine().recovery_codes_left(own.visit.account.id).await?;
    let body = html! {
        h1 { (title) }
        section.card { div.body.stack {
            p { (words.say("codes-before")) " " b { (left) } " " (words.say("codes-before-left")) }
            p { (words.say("codes-keep")) }
            (new_codes_form(words))
            p.small { a.link href=(own.home()) { (words.say("account-back")) } }
        } }
    };
    Ok(own.frame(&title, body).await?.into_response())
}

async fn ask(own: Own) -> Result<Markup, WebError> {
    page(&own, None, &[], &Wrong::default()).await
}

async fn page(
    own: &Own,
    wrong_code: Option<&str>,
    wrong: &[String],
    unproved: &Wrong,
) -> Result<Markup, WebError> {
    let (visit, words) = (&own.visit, own.words);
    if visit.account.second_factor {
        return own.frame(&words.say("factor-title"), present(words, wrong)).await;
    }
    let issuer = &visit.state.organization();
    let factor = visit.engine().begin_factor(&visit.secret, issuer, &mut random()).await?;
    let title = words.say("factor-set-up");
    let body = html! {
        h1 { (title) }
        section.card { div.body.stack {
            (set_up(words, &factor))
            form.form method="post" action="/account/factor" {
                (code_field(words, wrong_code))
                (prove::field(own, unproved))
                div { button.button.primary { (words.say("factor-confirm")) } }
            }
        } }
    };
    own.frame(&words.say("factor-title"), body).await
}

fn present(words: Words, wrong: &[String]) -> Markup {
    html! {
        h1 { (words.say("factor-title")) }
        @for sentence in wrong { p.wrong role="alert" { (sentence) } }
        div.grid-2 {
            section.card { header { h2 { (words.say("codes-new-title")) } } div.body {
                p.small.muted { (words.say("codes-new-help")) }
                (new_codes_form(words))
            } }
            section.card { header { h2 { (words.say("factor-end-title")) } } div.body {
                form.form method="post" action="/account/factor/end" {
                    p.small.muted { (words.say("factor-end-help")) }
                    div.input {
                        label for="present-end" { (words.say("me-password-present")) }
                        input.field id="present-end" name="present" type="password" autocomplete="current-password" maxlength="256" required;
                    }
                    div { button.button { (words.say("factor-end")) } }
                }
            } }
        }
    }
}

fn new_codes_form(words: Words) -> Markup {
    html! {
        form.form method="post" action="/account/factor/codes" {
            (password_field("present", &words.say("me-password-present"), "current-password", &Wrong::default()))
            div { button.button.primary { (words.say("codes-new")) } }
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

async fn codes_page(own: &Own, codes: &[String]) -> Result<Response, WebError> {
    let (words, title) = (own.words, own.words.say("codes-title"));
    let body = html! {
        h1 { (title) }
        section.card { div.body.stack { (codes_shown(words, codes)) a.button.primary href=(own.home()) { (words.say("codes-kept")) } } }
    };
    Ok(own.frame(&title, body).await?.into_response())
}

async fn confirm(own: Own, Form(given): Form<Given>) -> Result<Response, WebError> {
    let visit = &own.visit;
    if visit.account.second_factor {
        // sent a second time, as a browser does that loads the page of the codes again
        return Ok(Redirect::to("/account/factor/codes").into_response());
    }
    let (engine, mut random) = (visit.engine(), random());
    if let Some(unproved) = prove::wrong(&own, &given.present).await? {
        let page = page(&own, None, &[], &unproved).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    match engine.confirm_factor(Door::Page, &visit.secret, &given.code, &visit.visitor, &mut random).await {
        Ok((codes, _)) => codes_page(&own, &codes).await,
        Err(error) => {
            let page = page(&own, Some(&said(own.words, error)?), &[], &Wrong::default()).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

async fn new_codes(own: Own, Form(given): Form<Given>) -> Result<Response, WebError> {
    let (visit, mut random) = (&own.visit, random());
    let act = visit.act();
    match visit.engine().new_recovery_codes(&act, visit.account.id, &given.present, &mut random).await {
        Ok(codes) => codes_page(&own, &codes).await,
        Err(error) => refused(&own, error).await,
    }
}

async fn end(own: Own, Form(given): Form<Given>) -> Result<Response, WebError> {
    let visit = &own.visit;
    match visit.engine().remove_factor(&visit.act(), visit.account.id, &given.present).await {
        Ok(()) => Ok(Redirect::to(own.home()).into_response()),
        Err(error) => refused(&own, error).await,
    }
}

/// Said where the password was typed, also that attempts have to wait.
async fn refused(own: &Own, error: Error) -> Result<Response, WebError> {
    let Error::Invalid(problems) = error else { return Err(error.into()) };
    let wrong: Vec<String> = problems.0.iter().map(|p| refusal(own.words, p)).collect();
    let page = page(own, None, &wrong, &Wrong::default()).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

//! One account, for administrators: roles, state, link, second factor, sessions and tokens.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::{Path, Query, RawForm};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum_extra::extract::Form;
use maud::{Markup, html};
use proofdesk_engine::{Account, Bound, Error, Link};
use proofdesk_model::format::day_of;
use serde::Deserialize;

use super::{all_of, ending_roles, pairs, require_administrator, roles_of, said, state_tag, wrong_days};
use crate::error::WebError;
use crate::form::Wrong;
use crate::layout::{self, Page};
use crate::pages::account::{Own, session_list, tokens};
use crate::parts::empty::notice;
use crate::session::{Visit, random};
use crate::state::AppState;

/// `/accounts/{id}` and its forms.
pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/accounts/{id}", get(show))
        .route("/accounts/{id}/roles", post(roles))
        .route("/accounts/{id}/state", post(turn))
        .route("/accounts/{id}/link", post(link))
        .route("/accounts/{id}/second-factor/end", post(end_factor))
        .route("/accounts/{id}/identity/end", post(unbind))
        .route("/accounts/{id}/sessions/end", post(end_sessions))
        .route("/accounts/{id}/session/{session}/end", post(end_session))
        .route("/accounts/{id}/token", post(make_token))
        .route("/accounts/{id}/token/{token}/end", post(end_token))
}

fn back(id: i64) -> Response {
    Redirect::to(&format!("/accounts/{id}")).into_response()
}

/// What was just done, as its address says.
#[derive(Deserialize)]
struct Done {
    #[serde(default)]
    kept: String,
}

async fn show(visit: Visit, Path(id): Path<i64>, Query(done): Query<Done>) -> Result<Markup, WebError> {
    let kept = done.kept == "roles";
    let message = if kept {
        notice("ok", "The roles are kept.", &html! {})
    } else {
        html! {}
    };
    page(&visit, id, &Wrong::default(), &message).await
}

async fn page(visit: &Visit, id: i64, wrong: &Wrong, message: &Markup) -> Result<Markup, WebError> {
    page_with(visit, id, wrong, message, None).await
}

/// The page, with the roles that a form said where they were not taken.
async fn page_with(
    visit: &Visit,
    id: i64,
    wrong: &Wrong,
    message: &Markup,
    given: Option<(Vec<String>, BTreeMap<String, String>)>,
) -> Result<Markup, WebError> {
    require_administrator(visit)?;
    let engine = visit.engine();
    let account = engine.account(id).await?;
    let sessions = engine.sessions(id, Some(&visit.secret)).await?;
    let all = engine.tokens(id).await?;
    let ways =
        Ways { passkeys: engine.passkeys(id).await?.len(), bound: engine.outside_identities(id).await? };
    let at = format!("/accounts/{id}");
    let (held, ends) =
        given.unwrap_or_else(|| (account.clone().on(day_of(visit.now)).roles, account.ends.clone()));
    let body = html! {
        div.row { h1 { (account.name) } (state_tag(&account)) }
        (message)
        @for sentence in wrong.of("account") { p.wrong role="alert" { (sentence) } }
        div.grid-2 {
            (facts(visit, &account, &ways, wrong))
            section.card { header { h2 { "Roles" } } div.body {
                form.form method="post" action={ (at) "/roles" } {
                    (ending_roles(&held, &ends))
                    @for sentence in wrong.of("roles") { p.wrong role="alert" { (sentence) } }
                    div { button.button.primary { "Keep the roles" } }
                }
            } }
        }
        @if !account.program {
            section.card { header { h2 { "Sessions" } } div.body.stack {
                @if sessions.is_empty() { p.muted { "Nobody is signed in to this account." } } @else {
                    (session_list(&Own::at_desk(visit), &sessions, &format!("{at}/session/"), false))
                    form method="post" action={ (at) "/sessions/end" } { button.button { "End all sessions" } }
                }
            } }
        }
        (tokens::card(visit, &all, wrong, &format!("{at}/token")))
    };
    let crumbs = vec![("Accounts".to_owned(), Some("/accounts".to_owned())), (account.sign_in.clone(), None)];
    Ok(layout::frame(visit, Page::new(&account.name, crumbs, body)))
}

/// Ways into an account beside its password.
struct Ways {
    passkeys: usize,
    bound: Vec<Bound>,
}

fn facts(visit: &Visit, account: &Account, ways: &Ways, wrong: &Wrong) -> Markup {
    let at = format!("/accounts/{}", account.id);
    html! {
        section.card { header { h2 { "Account" } } div.body.stack {
            dl.facts {
                dt { "Sign-in name" } dd.mono { (account.sign_in) }
                dt { "Person" } dd { @if let Some(of) = visit.registry().get("person") { a.link href={ "/" (crate::menu::slug(of)) "/" (of.reference(account.person)) } { (of.reference(account.person)) } } }
                dt { "In the log" } dd.mono { (account.reference()) }
                @if !account.program {
                    dt { "Password" } dd { @if account.has_password { "yes" } @else { "no" } }
                    dt { "Second factor" } dd { @if account.second_factor { "codes" } @else if ways.passkeys == 0 { "no" } @if ways.passkeys > 0 { " " (ways.passkeys) " passkeys" } }
                }
                @for bound in &ways.bound {
                    dt { "Signs in by" } dd.row { (bound.issuer) " " span.mono.small { (bound.subject) } form.inline method="post" action={ (at) "/identity/end" } { input type="hidden" name="issuer" value=(bound.issuer); button.button.quiet.small { "Unbind" } } }
                }
            }
            div.row {
                @if account.active && !account.program {
                    form.inline method="post" action={ (at) "/link" } { button.button { "Make a one-time link" } }
                }
                form.inline method="post" action={ (at) "/state" } {
                    input type="hidden" name="active" value=(if account.active { "no" } else { "yes" });
                    button.button { @if account.active { "Disable" } @else { "Enable" } }
                }
            }
            @if account.second_factor || ways.passkeys > 0 {
                form.row method="post" action={ (at) "/second-factor/end" } {
                    label.sr for="reason" { "Why the second factor is taken away" }
                    input.field.short id="reason" name="reason" maxlength="500" required placeholder="Why, such as: phone lost, seen in person";
                    button.button { "Take the second factor away" }
                }
                @for sentence in wrong.of("reason") { p.wrong role="alert" { (sentence) } }
            }
            @if account.active && !account.program {
                p.help { "The link lets its owner set the password. It is shown once, works once, and ends after a week for a first password, after a day for another." }
            }
        } }
    }
}

/// The page again with what was wrong; other errors go on.
async fn refused(visit: &Visit, id: i64, error: Error) -> Result<Response, WebError> {
    let Error::Invalid(problems) = error else { return Err(error.into()) };
    let page = page(visit, id, &Wrong::new(&problems.0), &html! {}).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

async fn roles(visit: Visit, Path(id): Path<i64>, RawForm(body): RawForm) -> Result<Response, WebError> {
    require_administrator(&visit)?;
    let pairs = pairs(&body)?;
    let present = visit.engine().account(id).await?.ends;
    let set = match wrong_days(&visit, &pairs, &present) {
        Some(problems) => Err(Error::Invalid(problems)),
        None => visit.engine().set_roles(&visit.act(), id, &roles_of(&pairs)).await,
    };
    match set {
        Ok(_) => Ok(Redirect::to(&format!("/accounts/{id}?kept=roles")).into_response()),
        Err(Error::Invalid(problems)) => {
            let wrong = Wrong::new(&problems.0);
            let page = page_with(&visit, id, &wrong, &html! {}, Some(said(&pairs))).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

async fn turn(visit: Visit, Path(id): Path<i64>, RawForm(body): RawForm) -> Result<Response, WebError> {
    require_administrator(&visit)?;
    let active = all_of(&pairs(&body)?, "active").iter().any(|v| v == "yes");
    match visit.engine().set_active(&visit.act(), id, active).await {
        Ok(_) => Ok(back(id)),
        Err(error) => refused(&visit, id, error).await,
    }
}

async fn link(visit: Visit, Path(id): Path<i64>) -> Result<Response, WebError> {
    require_administrator(&visit)?;
    let mut random = random();
    let letter = match &visit.state.mail {
        Some(mail) => mail.link_letter(&visit.engine().account(id).await?).await.map_err(Error::from)?,
        None => None,
    };
    let by_mail = letter.is_some();
    let rows = |link: &Link, secret: &str| letter.and_then(|l| l.row(link, secret)).into_iter().collect();
    match visit.engine().make_link_with(&visit.act(), id, &mut random, rows).await {
        Ok((_, _)) if by_mail => {
            if let Some(mail) = &visit.state.mail {
                mail.wake();
            }
            let title = "The link is made and goes to its owner by mail.";
            let message = notice(
                "ok",
                title,
                &html! { p { "Nobody else sees it. Whether it was sent is on the page of mail." } },
            );
            Ok(page(&visit, id, &Wrong::default(), &message).await?.into_response())
        }
        Ok((link, secret)) => {
            let title = match link {
                Link::Invitation(_) => "The invitation is made. Hand this link over; it is not shown again.",
                _ => "The link is made. Hand it over; it is not shown again.",
            };
            let address = format!("{}/link/{secret}", visit.state.settings.base());
            let message = notice("ok", title, &html! { pre.mono { (address) } });
            Ok(page(&visit, id, &Wrong::default(), &message).await?.into_response())
        }
        Err(error) => refused(&visit, id, error).await,
    }
}

#[derive(Deserialize)]
struct Reason {
    #[serde(default)]
    reason: String,
}

async fn end_factor(
    visit: Visit,
    Path(id): Path<i64>,
    Form(given): Form<Reason>,
) -> Result<Response, WebError> {
    require_administrator(&visit)?;
    match visit.engine().reset_factor(&visit.act(), id, &given.reason).await {
        Ok(()) => Ok(back(id)),
        Err(error) => refused(&visit, id, error).await,
    }
}

#[derive(Deserialize)]
struct Issuer {
    #[serde(default)]
    issuer: String,
}

async fn unbind(visit: Visit, Path(id): Path<i64>, Form(given): Form<Issuer>) -> Result<Response, WebError> {
    require_administrator(&visit)?;
    visit.engine().unbind_outside(&visit.act(), id, &given.issuer).await?;
    Ok(back(id))
}

async fn end_sessions(visit: Visit, Path(id): Path<i64>) -> Result<Response, WebError> {
    require_administrator(&visit)?;
    visit.engine().end_sessions(&visit.act(), id, None).await?;
    Ok(back(id))
}

async fn end_session(visit: Visit, Path((id, session)): Path<(i64, String)>) -> Result<Response, WebError> {
    require_administrator(&visit)?;
    match visit.engine().end_session(&visit.act(), id, &session).await {
        Ok(()) | Err(Error::NotFound(_)) => Ok(back(id)),
        Err(other) => Err(other.into()),
    }
}

async fn make_token(
    visit: Visit,
    Path(id): Path<i64>,
    Form(given): Form<tokens::Given>,
) -> Result<Response, WebError> {
    require_administrator(&visit)?;
    match tokens::make_for(&visit, id, &given).await {
        Ok(secret) => Ok(page(&visit, id, &Wrong::default(), &tokens::made(&secret)).await?.into_response()),
        Err(error) => {
            let problems = match tokens::at_form(error) {
                Error::Invalid(problems) => problems,
                other => return Err(other.into()),
            };
            let typed = given.typed();
            let typed = typed.each_ref().map(|(name, text)| (*name, text.as_str()));
            let wrong = Wrong::new(&problems.0).keeping(&typed);
            let page = page(&visit, id, &wrong, &html! {}).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

async fn end_token(visit: Visit, Path((id, token)): Path<(i64, i64)>) -> Result<Response, WebError> {
    require_administrator(&visit)?;
    match visit.engine().revoke_token(&visit.act(), id, token).await {
        Ok(()) | Err(Error::NotFound(_)) => Ok(back(id)),
        Err(other) => Err(other.into()),
    }
}

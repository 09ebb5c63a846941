//! The own API tokens, with what each reaches.

use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use axum_extra::extract::Form;
use maud::{Markup, html};
use proofdesk_engine::{Error, NewToken, Token};
use serde::Deserialize;

use super::{page, refused};
use crate::error::WebError;
use crate::form::Wrong;
use crate::parts::empty::{empty, notice};
use crate::parts::time;
use crate::session::{Visit, random};
use crate::state::AppState;

/// Tokens end after this many days where nothing else is chosen.
const DAYS: [i64; 3] = [90, 30, 365];

/// Fields of the form.
const FIELDS: [&str; 4] = ["label", "scope", "present", "password"];
/// What stands before the name of a field where its problem is shown.
const AT: &str = "token-";

/// Forms under `/account/token`.
pub(super) fn router() -> Router<AppState> {
    Router::new().route("/account/token", post(make)).route("/account/token/{id}/end", post(end))
}

/// Tokens in a card, with a form for another one that is sent to `address`.
pub(in crate::pages) fn card(visit: &Visit, tokens: &[Token], wrong: &Wrong, address: &str) -> Markup {
    html! {
        section.card { header { h2 { "API tokens" } } div.body.stack {
            p.small.muted { "A program that sends a token acts with the roles of this account, as far as the token reaches. The token is shown once; here only its name is kept." }
            @if tokens.is_empty() { (empty("No token yet. A program needs one to use this desk.", &html! {})) } @else {
                div.scroll { table.list {
                    thead { tr { th scope="col" { "For" } th scope="col" { "Reaches" } th.spare scope="col" { "Made" } th.spare scope="col" { "Last used" } th scope="col" { "Ends" } th { span.sr { "End it" } } } }
                    tbody { @for token in tokens { tr {
                        td.grow { (token.label) }
                        td.small.mono { @if token.scope.is_empty() { "all" } @else { (token.scope) } }
                        td.small.spare { (time::proven(token.created_at, visit.now, visit.zone())) }
                        td.small.spare { @match token.used_at { Some(at) => (time::ago(at, visit.now, visit.zone())), None => "never" } }
                        td.small { @match token.expires_at { Some(at) => (time::proven(at, visit.now, visit.zone())), None => "not by itself" } }
                        td { form.inline method="post" action={ (address) "/" (token.id) "/end" } { button.button.quiet.small aria-label={ "End it: the token " (token.label) } { "End it" } } }
                    } } }
                } }
            }
            form.form method="post" action=(address) {
                div.input {
                    label for="label" { "What the token is for" }
                    input.field id="label" name="label" value=[wrong.typed("token-label")] maxlength="100" required placeholder="Such as: monitoring";
                }
                div.input {
                    label for="scope" { "What it reaches" }
                    input.field.mono id="scope" name="scope" value=[wrong.typed("token-scope")] maxlength="2000" placeholder="incident:create *:read" autocapitalize="none" aria-describedby="scope-help";
                    p.help id="scope-help" { "Record type, colon, act, with blanks between them. Empty for all that the account may." }
                }
                div.input {
                    label for="days" { "Ends after" }
                    select.field id="days" name="days" { @for days in DAYS { option value=(days) selected[wrong.typed("token-days") == Some(days.to_string().as_str())] { (days) " days" } } }
                }
                (proof_field(visit))
                div { button.button.primary { "Make a token" } }
            }
            @for field in FIELDS { @for sentence in wrong.of(&format!("{AT}{field}")) { p.wrong role="alert" { (sentence) } } }
        } }
    }
}

/// The field for the own password; none where the account has none, whose sign-in must be young then.
pub(in crate::pages) fn proof_field(visit: &Visit) -> Markup {
    html! { @if visit.asks_password {
        div.input {
            label for="token-present" { "Your password" }
            input.field id="token-present" name="present" type="password" autocomplete="current-password" maxlength="256" required;
        }
    } }
}

/// A token on its way in, as the form sends it.
#[derive(Deserialize)]
pub(in crate::pages) struct Given {
    #[serde(default)]
    pub present: String,
    #[serde(default)]
    label: String,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    days: i64,
}

impl Given {
    /// What was typed, named as its problems are; the password is not among it.
    pub(in crate::pages) fn typed(&self) -> [(&'static str, String); 3] {
        let (label, scope) = (self.label.clone(), self.scope.clone());
        [("token-label", label), ("token-scope", scope), ("token-days", self.days.to_string())]
    }

    pub(in crate::pages) fn token(&self, now: i64) -> NewToken {
        let days = if DAYS.contains(&self.days) { self.days } else { DAYS[0] };
        let expires_at = Some(now + days * 86_400_000_000);
        NewToken { label: self.label.clone(), scope: self.scope.clone(), expires_at }
    }
}

/// Says the secret, once.
pub(in crate::pages) fn made(secret: &str) -> Markup {
    notice("ok", "The token is made. Copy it now; it is not shown again.", &html! { pre.mono { (secret) } })
}

/// What is wrong with this form, named so that no other form of the page shows it as its own.
pub(in crate::pages) fn at_form(error: Error) -> Error {
    let Error::Invalid(mut problems) = error else { return error };
    for problem in problems.0.iter_mut().filter(|problem| FIELDS.contains(&&*problem.field)) {
        problem.field = format!("{AT}{}", problem.field);
    }
    Error::Invalid(problems)
}

/// Makes a token for an account, once who asks has proved again who that is; the secret.
pub(in crate::pages) async fn make_for(visit: &Visit, account: i64, given: &Given) -> Result<String, Error> {
    let (act, engine, mut random) = (visit.act(), visit.engine(), random());
    engine.prove_anew(&act, visit.account.id, Some(&given.present), Some(&visit.secret)).await?;
    let (_, secret) = engine.create_token(&act, account, &given.token(visit.now), &mut random).await?;
    Ok(secret)
}

async fn make(visit: Visit, Form(given): Form<Given>) -> Result<Response, WebError> {
    match make_for(&visit, visit.account.id, &given).await {
        Ok(secret) => Ok(page(&visit, &Wrong::default(), &made(&secret)).await?.into_response()),
        Err(error) => {
            let typed = given.typed();
            let typed = typed.each_ref().map(|(name, text)| (*name, text.as_str()));
            refused(&visit, at_form(error), &typed).await
        }
    }
}

async fn end(visit: Visit, Path(id): Path<i64>) -> Result<Redirect, WebError> {
    match visit.engine().revoke_token(&visit.act(), visit.account.id, id).await {
        // gone already: what was asked for is so
        Ok(()) | Err(Error::NotFound(_)) => Ok(Redirect::to("/account")),
        Err(other) => Err(other.into()),
    }
}

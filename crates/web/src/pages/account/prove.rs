//! Who it is, asked again before something that lets others in or shuts somebody out: the password, or a young sign-in where the
//! account has none. Source: OWASP ASVS 5, 7.5.1.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use proofdesk_engine::Error;
use serde::Deserialize;

use super::{Own, password_field};
use crate::error::WebError;
use crate::form::Wrong;
use crate::pages::portal;

/// What a form with the proof sends.
#[derive(Deserialize)]
pub(in crate::pages) struct Proof {
    /// The present password.
    #[serde(default)]
    pub present: String,
}

/// What is asked before something is done: keys of texts, and where the form is sent.
pub(in crate::pages) struct Question<'q> {
    /// What is done, as a heading.
    pub title: &'static str,
    /// What follows from it.
    pub words: &'static str,
    /// What the button says.
    pub button: &'static str,
    /// Where the form is sent.
    pub action: &'q str,
}

/// The page that asks.
pub(in crate::pages) async fn page(
    own: &Own,
    question: &Question<'_>,
    wrong: &Wrong,
) -> Result<Markup, WebError> {
    let (words, title) = (own.words, own.words.say(question.title));
    let body = html! {
        h1 { (title) }
        section.card { div.body.stack {
            p { (words.say(question.words)) }
            form.form method="post" action=(question.action) {
                (field(own, wrong))
                div.row { button.button.primary { (words.say(question.button)) } a.button.quiet href=(own.home()) { (words.say("account-back")) } }
            }
        } }
    };
    own.frame(&title, body).await
}

/// The field for the password; where the account has none, what is wrong with the sign-in, if anything.
pub(in crate::pages) fn field(own: &Own, wrong: &Wrong) -> Markup {
    html! {
        @if own.visit.asks_password {
            (password_field("present", &own.words.say("me-password-present"), "current-password", wrong))
        } @else {
            @for sentence in wrong.of("present") { p.wrong role="alert" { (sentence) } }
        }
    }
}

/// Asks. Gives what is wrong, said at the field, where it is not proved.
pub(in crate::pages) async fn wrong(own: &Own, present: &str) -> Result<Option<Wrong>, WebError> {
    let visit = &own.visit;
    let session = Some(visit.secret.as_str());
    match visit.engine().prove_anew(&visit.act(), visit.account.id, Some(present), session).await {
        Ok(()) => Ok(None),
        Err(Error::Invalid(mut problems)) => {
            for problem in &mut problems.0 {
                problem.message = portal::refusal(own.words, problem);
                problem.field = "present".to_owned();
            }
            Ok(Some(Wrong::new(&problems.0)))
        }
        Err(other) => Err(other.into()),
    }
}

/// Asks. Gives the page that says what is wrong, where it is not proved.
pub(in crate::pages) async fn refusal(
    own: &Own,
    question: &Question<'_>,
    proof: &Proof,
) -> Result<Option<Response>, WebError> {
    let Some(wrong) = wrong(own, &proof.present).await? else { return Ok(None) };
    let page = page(own, question, &wrong).await?;
    Ok(Some((StatusCode::UNPROCESSABLE_ENTITY, page).into_response()))
}

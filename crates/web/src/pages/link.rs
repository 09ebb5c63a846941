//! One-time links: an invitation, a new password, the first administrator of an empty desk.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum_extra::extract::Form;
use maud::{Markup, html};
use proofdesk_engine::{Caller, Change, Door, Error, Link, NewAccount, Target};
use serde::Deserialize;

use crate::error::WebError;
use crate::form::Wrong;
use crate::language::{Language, Words};
use crate::layout;
use crate::pages::account::password_field;
use crate::pages::portal::refusal;
use crate::pages::{forgotten, passkey};
use crate::state::AppState;

/// `/link/…`.
pub fn router() -> Router<AppState> {
    Router::new().route("/link/{secret}", get(ask).post(take))
}

/// Rights of the first administrator.
const FIRST_ROLES: [&str; 3] = ["administrator", "sms_manager", "agent"];

#[derive(Default, Deserialize)]
struct Given {
    #[serde(default)]
    name: String,
    #[serde(default)]
    sign_in: String,
    #[serde(default)]
    password: String,
}

async fn ask(
    State(state): State<AppState>,
    words: Words,
    Path(secret): Path<String>,
) -> Result<Response, WebError> {
    let Some(link) = open(&state, &secret).await? else { return Ok(gone(&state, words)) };
    Ok(page(&state, words, &secret, &link, &Given::default(), &Wrong::default()).into_response())
}

/// The link of a secret; none where it was used, has ended, or never was.
async fn open(state: &AppState, secret: &str) -> Result<Option<Link>, WebError> {
    match state.engine.link(secret).await {
        Ok(link) => Ok(Some(link)),
        Err(Error::NotFound(_)) => Ok(None),
        Err(other) => Err(other.into()),
    }
}

/// Says that a link stands for nothing any more, and whom to ask for another one. Whether there ever was one is not told.
fn gone(state: &AppState, words: Words) -> Response {
    let title = words.say("link-gone");
    let body = html! {
        section.card { div.body.stack {
            h1 { (title) }
            p role="status" { (words.say("link-gone-why")) }
            a.button.primary href="/sign-in" { (words.say("forgotten-back")) }
            (forgotten::way(state, words))
        } }
    };
    (StatusCode::GONE, layout::gate_in(words, &title, &state.organization(), &body)).into_response()
}

async fn take(
    State(state): State<AppState>,
    words: Words,
    Path(secret): Path<String>,
    Form(given): Form<Given>,
) -> Result<Response, WebError> {
    let Some(link) = open(&state, &secret).await? else { return Ok(gone(&state, words)) };
    let done = match &link {
        Link::First => first(&state, &secret, &given).await,
        Link::Invitation(_) | Link::Reset(_) => {
            state.engine.use_link(&secret, &given.password).await.map(|_| ())
        }
    };
    match done {
        Ok(()) => Ok(Redirect::to("/sign-in?said=set").into_response()),
        Err(Error::Invalid(mut problems)) => {
            // who is invited reads his language; the first administrator reads what the engine says
            if !matches!(link, Link::First) {
                for problem in &mut problems.0 {
                    problem.message = refusal(words, problem);
                }
            }
            let page = page(&state, words, &secret, &link, &given, &Wrong::new(&problems.0));
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        // used between two clicks
        Err(Error::NotFound(_)) => Ok(gone(&state, words)),
        Err(other) => Err(other.into()),
    }
}

/// The person and the account of the first administrator.
async fn first(state: &AppState, secret: &str, given: &Given) -> Result<(), Error> {
    let engine = &state.engine;
    engine.check_first_account(secret, &given.sign_in, &given.password).await?;
    let change = Change::default().with_text("name", given.name.trim());
    let caller = Caller::system("First start");
    let person = engine.apply(&caller, Target::New("person".to_owned()), change, Door::Page).await?;
    let new = NewAccount {
        person: person.record.number,
        sign_in: given.sign_in.clone(),
        name: given.name.trim().to_owned(),
        roles: FIRST_ROLES.map(str::to_owned).to_vec(),
        password: Some(given.password.clone()),
        program: false,
    };
    engine.create_first_account(secret, new).await?;
    Ok(())
}

fn page(state: &AppState, words: Words, secret: &str, link: &Link, given: &Given, wrong: &Wrong) -> Markup {
    // the first administrator's page is English, as all of the desk
    let words = if matches!(link, Link::First) { Words(Language::English) } else { words };
    let title = match link {
        Link::First => "The first administrator".to_owned(),
        Link::Invitation(_) => words.say("link-welcome"),
        Link::Reset(_) => words.say("link-reset"),
    };
    let label = html! { div.input {
        label for="passkey-label" { (words.say("link-passkey-name")) }
        input.field id="passkey-label" name="label" maxlength="100" required placeholder=(words.say("link-passkey-example"));
    } };
    let body = html! {
        section.card { div.body.stack {
            h1 { (title) }
            form.form method="post" action={ "/link/" (secret) } {
                @match link {
                    Link::First => {
                        p.small.muted { "This link works once. It makes an account that may do everything." }
                        (text_field("name", "Your name", &given.name, "name", wrong))
                        (text_field("sign_in", "Sign-in name", &given.sign_in, "username", wrong))
                    }
                    Link::Invitation(account) | Link::Reset(account) => {
                        p { (words.say("link-once")) " " b { (account.sign_in) } }
                        input type="hidden" name="username" value=(account.sign_in) autocomplete="username";
                    }
                }
                (password_field("password", &words.say("link-password"), "new-password", wrong))
                button.button.primary { (words.say("link-button")) }
            }
            @if let Link::Invitation(_) = link {
                p.small.muted { (words.say("link-passkey-why")) }
                (passkey::asking((state, words), ("new", &format!("/link/{secret}/passkey")), &label, &words.say("link-passkey")))
            }
        } }
    };
    layout::gate_in(words, &title, &state.organization(), &body)
}

fn text_field(name: &str, label: &str, value: &str, autocomplete: &str, wrong: &Wrong) -> Markup {
    let sentences = wrong.of(name);
    html! { div.input {
        label for=(name) { (label) }
        input.field id=(name) name=(name) value=(value) autocomplete=(autocomplete) autocapitalize="none" maxlength="120" required aria-invalid=[(!sentences.is_empty()).then_some("true")];
        @for sentence in sentences { p.wrong role="alert" { (sentence) } }
    } }
}

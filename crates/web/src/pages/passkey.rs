//! Passkeys: signing in by one, as the second step, in place of the password of an invitation; and the own ones.
//!
//! Each way has two addresses: `…/begin` says what the device is asked (JSON, for `static/passkey.js`), the other takes what it
//! answered, as a form. The step between them is kept by the engine and taken once.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json as JsonAnswer, Router};
use axum_extra::extract::{CookieJar, Form};
use maud::{Markup, html};
use proofdesk_engine::{Account, Error, Link, NewPasskey, Passkey, SignedIn, Stage};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::account::prove::{Proof, Question};
use super::account::{self, Own};
use super::gate::own;
use super::step::{codes_shown, said};
use crate::assets;
use crate::error::WebError;
use crate::form::Wrong;
use crate::language::{Given as Filled, Words};
use crate::layout;
use crate::passkeys::{Owner, Passkeys, Refused};
use crate::session::{Guest, cookie, cookie_name, random};
use crate::state::AppState;

/// All addresses of passkeys.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/sign-in/passkey/begin", post(begin_in))
        .route("/sign-in/passkey", post(finish_in))
        .route("/sign-in/code/passkey/begin", post(begin_code))
        .route("/sign-in/code/passkey", post(finish_code))
        .route("/link/{secret}/passkey/begin", post(begin_link))
        .route("/link/{secret}/passkey", post(finish_link))
        .route("/account/passkey/begin", post(begin_own))
        .route("/account/passkey", post(finish_own))
        .route("/account/passkey/{id}/end", get(ask_end).post(end_own))
}

const NEW: &str = "passkey_new";
const IN: &str = "passkey_in";

#[derive(Deserialize)]
struct Given {
    #[serde(default)]
    step: String,
    #[serde(default)]
    answer: String,
    #[serde(default)]
    label: String,
    #[serde(default)]
    present: String,
    #[serde(default)]
    next: String,
}

fn passkeys(state: &AppState) -> Result<&Passkeys, WebError> {
    state.passkeys.as_deref().ok_or_else(|| WebError::NotFound("page at this address".to_owned()))
}

/// What the script is told: why nothing begins.
fn wrong(message: &str) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, JsonAnswer(json!({"wrong": message}))).into_response()
}

/// A page that says why it did not work, and leads back.
fn failed((state, words): (&AppState, Words), message: &str, back: &str) -> Response {
    let title = words.say("passkey-failed");
    let body = html! {
        section.card { div.body.stack {
            h1 { (title) }
            p.wrong role="alert" { (message) }
            a.button.primary href=(back) { (words.say("passkey-again")) }
        } }
    };
    let page = layout::gate_in(words, &title, &state.organization(), &body);
    (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
}

const LATE: &str = "passkey-late";
const UNKNOWN: &str = "passkey-unknown";
const COPIED: &str = "passkey-copied";
const NO_INVITATION: &str = "passkey-link";

/// What the script is told of a step that was kept, or why none was.
fn begun(words: Words, step: Result<String, Error>, options: &Json) -> Result<Response, WebError> {
    match step {
        Ok(step) => Ok(JsonAnswer(json!({"step": step, "options": options})).into_response()),
        Err(error) => Ok(wrong(&said(words, error)?)),
    }
}

/// Keeps a step and says what the device is asked.
async fn ask(
    (state, words): (&AppState, Words),
    purpose: &'static str,
    account: i64,
    (options, kept): (Json, Json),
) -> Result<Response, WebError> {
    let body = json!({"account": account, "kept": kept}).to_string();
    begun(words, state.engine.keep_step(purpose, &body, &mut random()).await, &options)
}

/// Takes a step for an account (0 for nobody in particular): what was kept for the verifier.
async fn take(
    state: &AppState,
    purpose: &'static str,
    account: i64,
    step: &str,
) -> Result<Option<Json>, WebError> {
    let Some(body) = state.engine.take_step(purpose, step).await? else { return Ok(None) };
    let mut body: Json = serde_json::from_str(&body).unwrap_or_default();
    Ok((body["account"] == json!(account)).then(|| body["kept"].take()))
}

fn fault(error: crate::passkeys::Refused) -> WebError {
    WebError::Fault(format!("passkeys: {error}"))
}

/// What a new passkey of an account is asked for.
async fn ask_new((state, words): (&AppState, Words), account: &Account) -> Result<Response, WebError> {
    let known: Vec<String> =
        state.engine.passkeys(account.id).await?.into_iter().map(|key| key.credential).collect();
    let handle = state.engine.passkey_handle(account.id);
    let owner = Owner { handle, sign_in: &account.sign_in, name: &account.name };
    ask((state, words), NEW, account.id, passkeys(state)?.begin_new(&owner, &known).map_err(fault)?).await
}

/// The new passkey that a device made for an account; none where the answer does not hold.
async fn read_new(
    state: &AppState,
    account: i64,
    given: &Given,
) -> Result<Result<NewPasskey, &'static str>, WebError> {
    let Some(kept) = take(state, NEW, account, &given.step).await? else { return Ok(Err(LATE)) };
    match passkeys(state)?.finish_new(kept, &given.answer) {
        Ok((credential_id, credential)) => {
            Ok(Ok(NewPasskey { label: given.label.clone(), credential_id, credential }))
        }
        Err(error) => {
            tracing::info!(%error, "the answer of a device does not hold");
            Ok(Err("passkey-not-held"))
        }
    }
}

/// A passkey that an answer is by and proves, its account, and what changed of it.
type Proved = (Passkey, Account, Option<String>);

/// The passkey that an answer proves, or the key of the text for who is not let in.
async fn prove(
    state: &AppState,
    kept: Json,
    given: &Given,
) -> Result<Result<Proved, &'static str>, WebError> {
    let Some(id) = Passkeys::named(&given.answer) else { return Ok(Err(UNKNOWN)) };
    let Some((key, account)) = state.engine.passkey_named(&id).await? else { return Ok(Err(UNKNOWN)) };
    match passkeys(state)?.finish_in(kept, &given.answer, &key.credential) {
        Ok(changed) => Ok(Ok((key, account, changed))),
        Err(Refused::WentBack) => {
            tracing::warn!(account = account.id, passkey = key.id, "the counter of a passkey went back");
            state.engine.passkey_went_back(&key).await?;
            Ok(Err(COPIED))
        }
        Err(error) => {
            tracing::info!(%error, account = account.id, "the answer of a passkey does not hold");
            Ok(Err(UNKNOWN))
        }
    }
}

/// Signed in: the cookie, and on to where one wanted to go. Whoever was signed in on this browser is not any more.
async fn enter(state: &AppState, jar: CookieJar, signed: SignedIn, next: &str) -> Result<Response, WebError> {
    if let Some(old) = jar.get(cookie_name(state.settings.secure)) {
        state.engine.sign_out(old.value()).await?;
    }
    let jar = jar.add(cookie(signed.secret, state.settings.secure));
    Ok((jar, Redirect::to(own(next))).into_response())
}

async fn begin_in(State(state): State<AppState>, guest: Guest, words: Words) -> Result<Response, WebError> {
    let (options, kept) = passkeys(&state)?.begin_in(&[]).map_err(fault)?;
    let body = json!({"account": 0, "kept": kept}).to_string();
    begun(words, state.engine.begin_step(IN, &body, &guest.0, &mut random()).await, &options)
}

async fn finish_in(
    State(state): State<AppState>,
    guest: Guest,
    words: Words,
    jar: CookieJar,
    Form(given): Form<Given>,
) -> Result<Response, WebError> {
    let Some(kept) = take(&state, IN, 0, &given.step).await? else {
        return Ok(failed((&state, words), &words.say(LATE), "/sign-in"));
    };
    let (engine, at) = (&state.engine, (&state, words));
    let attempt = match engine.attempt_from(&guest.0).await {
        Ok(attempt) => attempt,
        Err(error) => return Ok(failed(at, &said(words, error)?, "/sign-in")),
    };
    let (key, account, changed) = match prove(&state, kept, &given).await? {
        Ok(proved) => proved,
        Err(why) => return Ok(failed(at, &words.say(why), "/sign-in")),
    };
    let signed = match engine.sign_in_by_passkey((&key, account), changed, &guest.0, &mut random()).await {
        Ok(signed) => signed,
        Err(error) => return Ok(failed(at, &said(words, error)?, "/sign-in")),
    };
    engine.forgive(attempt).await?;
    engine.forget_begun(&guest.0).await?;
    enter(&state, jar, signed, &given.next).await
}

/// The session whose sign-in waits for its second step, with its account.
async fn at_code(state: &AppState, jar: &CookieJar) -> Result<Option<(String, Account)>, WebError> {
    let Some(secret) = jar.get(cookie_name(state.settings.secure)).map(|c| c.value().to_owned()) else {
        return Ok(None);
    };
    let found = state.engine.session_on_its_way(&secret).await?.filter(|s| s.stage == Stage::Code);
    Ok(found.map(|session| (secret, session.account)))
}

async fn begin_code(
    State(state): State<AppState>,
    words: Words,
    jar: CookieJar,
) -> Result<Response, WebError> {
    let Some((_, account)) = at_code(&state, &jar).await? else { return Ok(wrong(&words.say(LATE))) };
    let all = state.engine.passkeys(account.id).await?;
    let only: Vec<String> = all.into_iter().map(|key| key.credential).collect();
    let begun = passkeys(&state)?.begin_in(&only).map_err(fault)?;
    ask((&state, words), IN, account.id, begun).await
}

async fn finish_code(
    State(state): State<AppState>,
    guest: Guest,
    words: Words,
    jar: CookieJar,
    Form(given): Form<Given>,
) -> Result<Response, WebError> {
    let Some((secret, account)) = at_code(&state, &jar).await? else {
        return Ok(Redirect::to("/sign-in").into_response());
    };
    let Some(kept) = take(&state, IN, account.id, &given.step).await? else {
        return Ok(failed((&state, words), &words.say(LATE), "/sign-in/code"));
    };
    let (key, _, changed) = match prove(&state, kept, &given).await? {
        Ok(proved) => proved,
        Err(why) => return Ok(failed((&state, words), &words.say(why), "/sign-in/code")),
    };
    let engine = &state.engine;
    match engine.second_step_by_passkey(&secret, &key, changed, &guest.0, &mut random()).await {
        Ok(signed) => enter(&state, jar, signed, &given.next).await,
        Err(Error::NotFound(_)) => Ok(failed((&state, words), &words.say(UNKNOWN), "/sign-in/code")),
        Err(error) => Ok(failed((&state, words), &said(words, error)?, "/sign-in/code")),
    }
}

async fn begin_link(
    State(state): State<AppState>,
    words: Words,
    Path(secret): Path<String>,
) -> Result<Response, WebError> {
    match state.engine.link(&secret).await? {
        Link::Invitation(account) => ask_new((&state, words), &account).await,
        _ => Ok(wrong(&words.say(NO_INVITATION))),
    }
}

async fn finish_link(
    State(state): State<AppState>,
    Path(secret): Path<String>,
    guest: Guest,
    words: Words,
    jar: CookieJar,
    Form(given): Form<Given>,
) -> Result<Response, WebError> {
    let back = format!("/link/{secret}");
    let Link::Invitation(account) = state.engine.link(&secret).await? else {
        return Ok(failed((&state, words), &words.say(NO_INVITATION), &back));
    };
    let new = match read_new(&state, account.id, &given).await? {
        Ok(new) => new,
        Err(message) => return Ok(failed((&state, words), &words.say(message), &back)),
    };
    match state.engine.use_link_with_passkey(&secret, &new, &guest.0, &mut random()).await {
        Ok(signed) => enter(&state, jar, signed, "/").await,
        Err(error) => Ok(failed((&state, words), &said(words, error)?, &back)),
    }
}

async fn begin_own(own: Own, Form(given): Form<Given>) -> Result<Response, WebError> {
    let visit = &own.visit;
    let (id, present) = (visit.account.id, Some(given.present.as_str()));
    match visit.engine().prove_anew(&visit.act(), id, present, Some(&visit.secret)).await {
        Ok(()) => ask_new((&visit.state, own.words), &visit.account).await,
        Err(error) => Ok(wrong(&said(own.words, error)?)),
    }
}

async fn finish_own(own: Own, Form(given): Form<Given>) -> Result<Response, WebError> {
    let (visit, words) = (&own.visit, own.words);
    let at = (&visit.state, words);
    let new = match read_new(&visit.state, visit.account.id, &given).await? {
        Ok(new) => new,
        Err(message) => return Ok(failed(at, &words.say(message), own.home())),
    };
    match visit.engine().add_passkey(&visit.act(), visit.account.id, &new, &mut random()).await {
        Ok(codes) if codes.is_empty() => Ok(Redirect::to(own.home()).into_response()),
        Ok(codes) => {
            let body = html! {
                h1 { (words.say("codes-title")) }
                p { (words.say("passkey-registered")) }
                section.card { div.body.stack { (codes_shown(words, &codes)) a.button.primary href=(own.home()) { (words.say("codes-kept")) } } }
            };
            Ok(own.frame(&words.say("codes-new-title"), body).await?.into_response())
        }
        Err(error) => Ok(failed(at, &said(words, error)?, own.home())),
    }
}

fn removal(action: &str) -> Question<'_> {
    let title = "passkey-remove-it";
    Question { title, words: "prove-passkey", button: title, action }
}

async fn ask_end(own: Own) -> Result<Markup, WebError> {
    account::prove::page(&own, &removal(&own.visit.path), &Wrong::default()).await
}

async fn end_own(own: Own, Path(id): Path<i64>, Form(proof): Form<Proof>) -> Result<Response, WebError> {
    let visit = &own.visit;
    if let Some(refusal) = account::prove::refusal(&own, &removal(&visit.path), &proof).await? {
        return Ok(refusal);
    }
    match visit.engine().end_passkey(&visit.act(), visit.account.id, id).await {
        // gone already: what was asked for is so
        Ok(()) | Err(Error::NotFound(_)) => Ok(Redirect::to(own.home()).into_response()),
        Err(error) => Ok(failed((&visit.state, own.words), &said(own.words, error)?, own.home())),
    }
}

/// A form that asks the device: shown by the script where the browser can. `fields` come before the button.
pub(super) fn asking(
    (state, words): (&AppState, Words),
    (kind, at): (&str, &str),
    fields: &Markup,
    button: &str,
) -> Markup {
    html! { @if state.passkeys.is_some() {
        form.form method="post" action=(at) data-passkey=(kind) data-failed=(words.say("passkey-none")) hidden {
            input type="hidden" name="step";
            input type="hidden" name="answer";
            (fields)
            p.wrong role="alert" hidden {}
            div { button.button { (button) } }
        }
        @if let Some(address) = assets::address("passkey.js") { script src=(address) defer {} }
    } }
}

/// The card of the account page.
pub(super) fn card(own: &Own, all: &[Passkey]) -> Markup {
    let (visit, words) = (&own.visit, own.words);
    let fields = html! {
        div.input {
            label for="passkey-label" { (words.say("link-passkey-name")) }
            input.field id="passkey-label" name="label" maxlength="100" required placeholder=(words.say("link-passkey-example"));
        }
        @if visit.asks_password { div.input {
            label for="passkey-present" { (words.say("me-password-present")) }
            input.field id="passkey-present" name="present" type="password" autocomplete="current-password" maxlength="256" required;
        } }
    };
    html! { @if visit.state.passkeys.is_some() || !all.is_empty() {
        section.card { header { h2 { (words.say("passkey-title")) } } div.body.stack {
            p.small.muted { (words.say("passkey-why")) }
            @if !all.is_empty() { div.scroll { table.list {
                thead { tr { th scope="col" { (words.say("passkey-name")) } th.spare scope="col" { (words.say("passkey-since")) } th scope="col" { (words.say("session-used")) } th { span.sr { (words.say("passkey-remove-it")) } } } }
                tbody { @for key in all { tr {
                    td.grow { (key.label) }
                    td.small.spare { (own.at(key.created_at)) }
                    td.small { @match key.used_at { Some(at) => (own.ago(at)), None => (words.say("passkey-never")) } }
                    td { a.button.quiet.small href={ "/account/passkey/" (key.id) "/end" } aria-label=(words.with("passkey-remove-that", &[("name", Filled::Text(&key.label))])) { (words.say("passkey-remove")) } }
                } } }
            } } }
            (asking((&visit.state, words), ("new", "/account/passkey"), &fields, &words.say("passkey-register")))
        } }
    } }
}

//! The second step of a sign-in: the code, or setting a second factor up where a role demands one. And the parts that
//! the account page shares with it: the picture of the secret, the codes that are shown once.

use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum_extra::extract::{CookieJar, Form};
use maud::{Markup, html};
use proofdesk_engine::{Door, Error, NewFactor, Stage};
use qrcode::{Color, EcLevel, QrCode};
use serde::Deserialize;

use crate::error::WebError;
use crate::form::Wrong;
use crate::language::Words;
use crate::layout;
use crate::pages::account::password_field;
use crate::pages::gate::{Asked, own, step_address};
use crate::pages::passkey;
use crate::pages::portal::refusal;
use crate::session::{Guest, cookie, cookie_name, random};
use crate::state::AppState;

/// `/sign-in/code` and `/sign-in/factor`.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/sign-in/code", get(ask_code).post(take_code))
        .route("/sign-in/factor", get(ask_factor).post(take_factor))
}

#[derive(Deserialize)]
struct Given {
    #[serde(default)]
    code: String,
    #[serde(default)]
    present: String,
    #[serde(default)]
    next: String,
}

/// The secret of the session whose sign-in waits at this stage; else the way back to its beginning.
async fn waiting(state: &AppState, jar: &CookieJar, stage: Stage) -> Result<Option<String>, WebError> {
    let present = jar.get(cookie_name(state.settings.secure));
    let Some(secret) = present.map(|c| c.value().to_owned()) else { return Ok(None) };
    let found = state.engine.session_on_its_way(&secret).await?;
    Ok(found.filter(|s| s.stage == stage).map(|_| secret))
}

fn again() -> Response {
    Redirect::to("/sign-in").into_response()
}

/// A refusal as a sentence; other errors go on.
pub(super) fn said(words: Words, error: Error) -> Result<String, WebError> {
    match error {
        Error::Invalid(problems) => Ok(problems.0.first().map(|p| refusal(words, p)).unwrap_or_default()),
        other => Err(other.into()),
    }
}

async fn ask_code(
    State(state): State<AppState>,
    words: Words,
    jar: CookieJar,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    let Some(secret) = waiting(&state, &jar, Stage::Code).await? else { return Ok(again()) };
    Ok(code_page((&state, words), &secret, &asked.next, None).await?.into_response())
}

async fn take_code(
    State(state): State<AppState>,
    guest: Guest,
    words: Words,
    jar: CookieJar,
    Form(given): Form<Given>,
) -> Result<Response, WebError> {
    let Some(secret) = waiting(&state, &jar, Stage::Code).await? else { return Ok(again()) };
    let mut random = random();
    match state.engine.second_step(&secret, &given.code, &guest.0, &mut random).await {
        Ok(signed) => {
            let jar = jar.add(cookie(signed.secret, state.settings.secure));
            Ok((jar, Redirect::to(own(&given.next))).into_response())
        }
        Err(Error::NotFound(_)) => Ok(again()),
        Err(error) => {
            let page = code_page((&state, words), &secret, &given.next, Some(&said(words, error)?)).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

async fn code_page(
    (state, words): (&AppState, Words),
    secret: &str,
    next: &str,
    wrong: Option<&str>,
) -> Result<Markup, WebError> {
    let account = state.engine.session_on_its_way(secret).await?.map(|session| session.account);
    let has_passkey = match &account {
        Some(account) => !state.engine.passkeys(account.id).await?.is_empty(),
        None => false,
    };
    let how = match account.is_some_and(|account| account.second_factor) {
        true => "second-app",
        false => "second-passkey",
    };
    let next_field = next_field(next);
    let body = html! {
        section.card { div.body.stack {
            h1 { (words.say("second-title")) }
            p.small.muted { (words.say(how)) }
            @if has_passkey { (passkey::asking((state, words), ("in", "/sign-in/code/passkey"), &next_field, &words.say("second-use-passkey"))) }
            (code_form(words, ("/sign-in/code", &words.say("sign-in-button")), &next_field, wrong))
        } }
    };
    Ok(layout::gate_in(words, &words.say("second-title"), &state.organization(), &body))
}

/// Where the sign-in leads, kept over its steps.
fn next_field(next: &str) -> Markup {
    html! { input type="hidden" name="next" value=(own(next)); }
}

/// The form that takes a code on the way in, and the way back to the beginning.
fn code_form(
    words: Words,
    (action, button): (&str, &str),
    next_field: &Markup,
    wrong: Option<&str>,
) -> Markup {
    html! {
        form.form method="post" action=(action) {
            (next_field)
            (code_field(words, wrong))
            button.button.primary { (button) }
        }
        (again_form(words))
    }
}

fn again_form(words: Words) -> Markup {
    html! { form method="post" action="/sign-out" { button.button.quiet.small { (words.say("second-again")) } } }
}

/// The field for a code, with what was wrong with it.
pub(super) fn code_field(words: Words, wrong: Option<&str>) -> Markup {
    html! { div.input {
        label for="code" { (words.say("code-label")) }
        input.field id="code" name="code" autocomplete="one-time-code" inputmode="text" autocapitalize="characters" maxlength="40" required autofocus
            aria-invalid=[wrong.map(|_| "true")] aria-describedby=[wrong.map(|_| "wrong")];
        @if let Some(wrong) = wrong { p.wrong id="wrong" role="alert" { (wrong) } }
    } }
}

/// Where somebody goes on whose sign-in waits for no factor: to his recovery codes, if he is in and has loaded their
/// page again, else to the beginning.
async fn enrolled(state: &AppState, jar: &CookieJar) -> Result<Response, WebError> {
    let Some(secret) = jar.get(cookie_name(state.settings.secure)) else { return Ok(again()) };
    let session = state.engine.session(secret.value()).await?;
    let has = session.is_some_and(|s| s.account.second_factor);
    Ok(if has { Redirect::to("/account/factor/codes").into_response() } else { again() })
}

async fn ask_factor(
    State(state): State<AppState>,
    words: Words,
    jar: CookieJar,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    let Some(secret) = waiting(&state, &jar, Stage::Enrol).await? else {
        return enrolled(&state, &jar).await;
    };
    let nothing = Wrong::default();
    // nobody who found an open browser is shown the secret
    if !state.engine.is_young(&secret).await? {
        return Ok(prove_page((&state, words), &asked.next, &nothing).into_response());
    }
    let factor = state.engine.begin_factor(&secret, &state.organization(), &mut random()).await?;
    Ok(factor_page((&state, words), &factor, &asked.next, &nothing).into_response())
}

/// The problems of a refusal in the words of who reads; other errors go on.
fn wrong(words: Words, error: Error) -> Result<Wrong, WebError> {
    let Error::Invalid(mut problems) = error else { return Err(error.into()) };
    problems.0.iter_mut().for_each(|problem| problem.message = refusal(words, problem));
    Ok(Wrong::new(&problems.0))
}

/// Takes the password that is asked for where the sign-in is no longer young, and goes on to the secret.
async fn prove(
    (state, words, jar): (&AppState, Words, CookieJar),
    secret: &str,
    (given, guest): (&Given, &Guest),
) -> Result<Response, WebError> {
    match state.engine.prove_enrolling(secret, &given.present, &guest.0, &mut random()).await {
        Ok(signed) => {
            let to = step_address(signed.stage, own(&given.next));
            let jar = jar.add(cookie(signed.secret, state.settings.secure));
            Ok((jar, Redirect::to(&to)).into_response())
        }
        Err(Error::NotFound(_)) => Ok(again()),
        Err(error) => {
            let page = prove_page((state, words), &given.next, &wrong(words, error)?);
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

async fn take_factor(
    State(state): State<AppState>,
    guest: Guest,
    words: Words,
    jar: CookieJar,
    Form(given): Form<Given>,
) -> Result<Response, WebError> {
    let Some(secret) = waiting(&state, &jar, Stage::Enrol).await? else {
        return enrolled(&state, &jar).await;
    };
    let (engine, mut random) = (&state.engine, random());
    if !engine.is_young(&secret).await? {
        return prove((&state, words, jar), &secret, (&given, &guest)).await;
    }
    match engine.confirm_factor(Door::Page, &secret, &given.code, &guest.0, &mut random).await {
        Ok((codes, signed)) => {
            let signed = signed.ok_or_else(|| WebError::Fault("the sign-in is not complete".to_owned()))?;
            let jar = jar.add(cookie(signed.secret, state.settings.secure));
            let body = html! {
                section.card { div.body.stack {
                    h1 { (words.say("codes-title")) }
                    (codes_shown(words, &codes))
                    a.button.primary href=(own(&given.next)) { (words.say("codes-kept-go-on")) }
                } }
            };
            let title = words.say("codes-new-title");
            Ok((jar, layout::gate_in(words, &title, &state.organization(), &body)).into_response())
        }
        Err(Error::NotFound(_)) => Ok(again()),
        Err(error) => {
            let wrong = wrong(words, error)?;
            let factor = engine.begin_factor(&secret, &state.organization(), &mut random).await?;
            let page = factor_page((&state, words), &factor, &given.next, &wrong);
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

/// The page before it, where the sign-in is no longer young: it asks for the password again, and shows no secret yet.
fn prove_page((state, words): (&AppState, Words), next: &str, wrong: &Wrong) -> Markup {
    let title = words.say("factor-set-up");
    let present = words.say("me-password-present");
    let body = html! {
        section.card { div.body.stack {
            h1 { (title) }
            p { (words.say("second-needed")) }
            form.form method="post" action="/sign-in/factor" {
                (next_field(next))
                (password_field("present", &present, "current-password", wrong))
                button.button.primary { (words.say("second-prove")) }
            }
            (again_form(words))
        } }
    };
    layout::gate_in(words, &title, &state.organization(), &body)
}

/// The page that sets a second factor up.
fn factor_page((state, words): (&AppState, Words), factor: &NewFactor, next: &str, wrong: &Wrong) -> Markup {
    let title = words.say("factor-set-up");
    let about_code = ["code", "password"].into_iter().find_map(|field| wrong.of(field).first());
    let body = html! {
        section.card { div.body.stack {
            h1 { (title) }
            p { (words.say("second-needed")) }
            (set_up(words, factor))
            form.form method="post" action="/sign-in/factor" {
                (next_field(next))
                (code_field(words, about_code.map(String::as_str)))
                button.button.primary { (words.say("factor-confirm")) }
            }
            (again_form(words))
        } }
    };
    layout::gate_in(words, &title, &state.organization(), &body)
}

/// How to take the secret over: a picture to scan, and the letters for who cannot.
pub(super) fn set_up(words: Words, factor: &NewFactor) -> Markup {
    let letters: Vec<&str> =
        factor.secret.as_bytes().chunks(4).filter_map(|c| std::str::from_utf8(c).ok()).collect();
    html! {
        p.small { (words.say("secret-scan")) }
        @if let Some(picture) = picture(words, &factor.address) { (picture) }
        p.small { (words.say("secret-type")) " " span.mono { (letters.join(" ")) } }
    }
}

/// Recovery codes, shown once.
pub(super) fn codes_shown(words: Words, codes: &[String]) -> Markup {
    html! {
        p { (words.say("codes-once")) }
        ul.codes.mono aria-label=(words.say("codes-new-title")) { @for code in codes { li { (code) } } }
    }
}

/// A text as a QR code: one path of SVG, black on white also where the page is dark, since scanners want it so.
fn picture(words: Words, text: &str) -> Option<Markup> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let width = code.width();
    let mut path = String::new();
    for (i, color) in code.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            path.push_str(&format!("M{} {}h1v1h-1z", i % width + 4, i / width + 4));
        }
    }
    let size = width + 8;
    Some(html! {
        svg.qr viewBox={ "0 0 " (size) " " (size) } width="220" height="220" role="img" aria-label=(words.say("secret-picture")) shape-rendering="crispEdges" {
            rect width=(size) height=(size) fill="#fff" {}
            path d=(path) fill="#000" {}
        }
    })
}

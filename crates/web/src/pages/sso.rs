//! Single sign-on: the way to a provider and back, accounts of who comes for the first time, and the ways out.
//!
//! Not here: the protocol and what is believed of it (`sso`). What was sent along is kept by the engine under a cookie of
//! this browser and taken once: an answer that comes a second time, or in another browser, opens nothing. A sign-in is begun by
//! a form of ours, as every write is: a link on another site begins none.

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum_extra::extract::cookie::{Cookie, SameSite};
use axum_extra::extract::{CookieJar, Form};
use maud::{Markup, html};
use proofdesk_engine::{Addressed, Change, Engine, Error, Listed, NewAccount, Outside, Target, Together};
use proofdesk_model::Problem;
use proofdesk_sso::{Answer, Directory, Error as SsoError, Kept, Person, Provider};
use serde::{Deserialize, Serialize};

use super::gate::{own, step_address};
use crate::error::WebError;
use crate::language::{Given, Words};
use crate::layout;
use crate::pages::portal::refusal;
use crate::session::{Guest, cookie, cookie_name, random};
use crate::state::AppState;

/// `/sign-in/with/…` leads to a provider, `/sign-in/from/…` is where it sends people back to, and where it says who signed out.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/sign-in/with/{provider}", get(ask).post(begin))
        .route("/sign-in/from/{provider}", get(finish))
        .route("/sign-in/from/{provider}/ended", post(ended))
}

/// Name of the cookie that a sign-in under way is kept by; with TLS one that a browser takes from this host alone.
fn step_name(secure: bool) -> &'static str {
    if secure { "__Host-proofdesk_sign_in" } else { "proofdesk_sign_in" }
}

const PURPOSE: &str = "sso";

/// What is kept while somebody is at a provider.
#[derive(Serialize, Deserialize)]
struct Step {
    kept: Kept,
    next: String,
}

#[derive(Default, Deserialize)]
struct Asked {
    #[serde(default)]
    next: String,
}

fn provider<'s>(state: &'s AppState, name: &str) -> Result<&'s Provider, WebError> {
    let found = state.providers.iter().find(|provider| provider.settings().name == name);
    found.ok_or_else(|| WebError::NotFound("page at this address".to_owned()))
}

/// Where a provider sends people back to: another address for each, so that no provider answers for another.
fn callback(state: &AppState, name: &str) -> String {
    format!("{}/sign-in/from/{name}", state.settings.base())
}

/// The cookie goes along when the provider sends the browser back, which is a way from another site.
fn step_cookie(secret: String, secure: bool) -> Cookie<'static> {
    let mut cookie = Cookie::new(step_name(secure), secret);
    cookie.set_http_only(true);
    cookie.set_same_site(SameSite::Lax);
    cookie.set_secure(secure);
    cookie.set_path("/");
    cookie
}

/// The page that says why nobody came in.
fn failed(state: &AppState, words: Words, message: &str) -> Response {
    let title = words.say("provider-title");
    let body = html! {
        section.card { div.body.stack {
            h1 { (title) }
            p.wrong role="alert" { (message) }
            a.button.primary href="/sign-in" { (words.say("provider-back")) }
        } }
    };
    let page = layout::gate_in(words, &title, &state.organization(), &body);
    (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
}

/// Why nobody came in by a provider, without its own words and addresses: these are in the log.
fn said(words: Words, provider: &Provider, error: &SsoError) -> String {
    let key = match error {
        SsoError::Unreached { .. } => "provider-away",
        SsoError::Refused { .. } => "provider-refused",
        SsoError::Untrusted { .. } => "provider-untrusted",
        SsoError::Unfit { .. } => "provider-unfit",
    };
    words.with(key, &[("provider", Given::Text(provider.settings().shown()))])
}

/// Why an account is not opened to whom a provider or a directory says it is.
pub(super) fn unfit(words: Words, label: &str, problem: &Problem) -> String {
    let key = match (problem.field.as_str(), problem.code.as_str()) {
        ("sign_in", "unbound") => "provider-unbound",
        ("sign_in", "unknown") => "provider-no-account",
        ("sign_in", "format" | "taken") => "provider-name",
        ("sign_in", "roles") => "wrong-no-role",
        _ => return refusal(words, problem),
    };
    words.with(key, &[("provider", Given::Text(label))])
}

/// The button again, for who comes by an address that he kept. Nothing is begun by it.
async fn ask(
    State(state): State<AppState>,
    words: Words,
    Path(name): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Markup, WebError> {
    let provider = provider(&state, &name)?;
    let title = words.say("sign-in-title");
    let body = html! {
        section.card { div.body.stack { h1 { (title) } (way(provider, words, &asked.next)) } }
    };
    Ok(layout::gate_in(words, &title, &state.organization(), &body))
}

/// Leads on by itself, and by a link where a browser does not: a form of ours sends nobody to another site.
fn leading(state: &AppState, words: Words, provider: &Provider, address: &str) -> Response {
    let title = words.say("sign-in-title");
    let at = [("provider", Given::Text(provider.settings().shown()))];
    let body = html! {
        section.card { div.body.stack {
            h1 { (title) }
            a.button.primary href=(address) { (words.with("sign-in-on", &at)) }
        } }
    };
    let page = layout::gate_in(words, &title, &state.organization(), &body);
    let mut response = page.into_response();
    if let Ok(value) = HeaderValue::from_str(&format!("0; url={address}")) {
        response.headers_mut().insert(header::REFRESH, value);
    }
    response
}

async fn begin(
    State(state): State<AppState>,
    guest: Guest,
    words: Words,
    Path(name): Path<String>,
    jar: CookieJar,
    Form(asked): Form<Asked>,
) -> Result<Response, WebError> {
    let provider = provider(&state, &name)?;
    let begun = provider.begin(&callback(&state, &name), state.engine.now(), &mut random()).await;
    let (address, kept) = match begun {
        Ok(begun) => begun,
        Err(error) => {
            tracing::warn!(provider = name, %error, "no sign-in was begun");
            return Ok(failed(&state, words, &said(words, provider, &error)));
        }
    };
    let step = Step { kept, next: own(&asked.next).to_owned() };
    let body = serde_json::to_string(&step).map_err(|e| WebError::Fault(e.to_string()))?;
    let secret = match state.engine.begin_step(PURPOSE, &body, &guest.0, &mut random()).await {
        Err(Error::Invalid(problems)) => {
            let message = problems.0.first().map(|p| refusal(words, p)).unwrap_or_default();
            return Ok(failed(&state, words, &message));
        }
        other => other?,
    };
    let jar = jar.add(step_cookie(secret, state.settings.secure));
    Ok((jar, leading(&state, words, provider, &address)).into_response())
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Message {
    logout_token: String,
}

/// A provider says that somebody signed out there. Source: OpenID Connect Back-Channel Logout 1.0, 2.7 and 2.8.
async fn ended(
    State(state): State<AppState>,
    Path(name): Path<String>,
    Form(message): Form<Message>,
) -> Result<Response, WebError> {
    let provider = provider(&state, &name)?;
    let ended = match provider.ended(&message.logout_token, state.engine.now()).await {
        Ok(ended) => ended,
        Err(error) => {
            tracing::warn!(provider = name, %error, "the message of a sign-out was refused");
            let said =
                serde_json::json!({"error": "invalid_request", "error_description": error.to_string()});
            return Ok((StatusCode::BAD_REQUEST, axum::Json(said)).into_response());
        }
    };
    let who = (ended.subject.as_deref(), ended.sid.as_deref());
    let label = provider.settings().shown();
    let sessions = state.engine.end_outside_sessions(label, &ended.issuer, who).await?;
    tracing::info!(provider = name, sessions, "sessions ended at the word of a provider");
    Ok(StatusCode::OK.into_response())
}

async fn finish(
    State(state): State<AppState>,
    Path(name): Path<String>,
    guest: Guest,
    words: Words,
    jar: CookieJar,
    Query(answer): Query<Answer>,
) -> Result<Response, WebError> {
    let provider = provider(&state, &name)?;
    let kept = match jar.get(step_name(state.settings.secure)) {
        Some(cookie) => state.engine.take_step(PURPOSE, cookie.value()).await?,
        None => None,
    };
    let mut gone = step_cookie(String::new(), state.settings.secure);
    gone.make_removal();
    let jar = jar.add(gone);
    let Some(step) = kept.and_then(|body| serde_json::from_str::<Step>(&body).ok()) else {
        return Ok((jar, failed(&state, words, &words.say("provider-late"))).into_response());
    };
    let now = state.engine.now();
    let person = match provider.finish(&callback(&state, &name), &step.kept, &answer, now).await {
        Ok(person) => person,
        Err(error) => {
            tracing::warn!(provider = name, %error, "nobody came in");
            return Ok((jar, failed(&state, words, &said(words, provider, &error))).into_response());
        }
    };
    let who = outside(provider, &person);
    let signed = match account_of(&state.engine, &terms_of(provider), &who, &coming(&person)).await {
        Ok(account) => state.engine.sign_in_from_outside(&who, account, &guest.0, &mut random()).await,
        Err(error) => Err(error),
    };
    match signed {
        Ok(signed) => {
            if let Some(old) = jar.get(cookie_name(state.settings.secure)) {
                state.engine.sign_out(old.value()).await?;
            }
            state.engine.forget_begun(&guest.0).await?;
            let jar = jar.add(cookie(signed.secret, state.settings.secure));
            Ok((jar, Redirect::to(&step_address(signed.stage, &step.next))).into_response())
        }
        Err(Error::Invalid(problems)) => {
            let message = problems.0.first().map(|p| unfit(words, &who.label, p)).unwrap_or_default();
            Ok((jar, failed(&state, words, &message)).into_response())
        }
        Err(other) => Err(other.into()),
    }
}

fn outside(provider: &Provider, person: &Person) -> Outside {
    Outside {
        provider: person.provider.clone(),
        label: provider.settings().shown().to_owned(),
        issuer: person.issuer.clone(),
        subject: person.subject.clone(),
        roles: person.roles.clone(),
        token: person.token.clone(),
        sid: person.sid.clone(),
        second_factor: person.second_factor,
    }
}

/// How far the word of a provider or a directory goes.
struct Terms<'s> {
    links: bool,
    makes: bool,
    everybody: &'s [String],
}

fn terms_of(provider: &Provider) -> Terms<'_> {
    let of = provider.settings();
    Terms { links: of.link_accounts, makes: of.make_accounts, everybody: &of.everybody }
}

/// What is said of who comes.
struct Coming<'p> {
    sign_in: &'p str,
    name: &'p str,
    mail: Option<&'p str>,
}

fn coming(person: &Person) -> Coming<'_> {
    Coming { sign_in: &person.sign_in, name: &person.name, mail: person.mail.as_deref() }
}

/// The account of somebody whose password a directory took.
pub(super) async fn account_of_listed(state: &AppState, listed: &Listed) -> Result<i64, Error> {
    let found = state.directories.iter().map(Directory::settings).find(|of| of.name == listed.who.provider);
    let gone = || Error::NotFound("directory of this name".to_owned());
    let of = found.ok_or_else(gone)?;
    let terms = Terms { links: of.link_accounts, makes: of.make_accounts, everybody: &of.everybody };
    let person = Coming { sign_in: &listed.sign_in, name: &listed.name, mail: listed.mail.as_deref() };
    account_of(&state.engine, &terms, &listed.who, &person).await
}

/// The account of who came: the bound one, one that is taken over, or a new one, as far as the terms let it.
async fn account_of(
    engine: &Engine,
    terms: &Terms<'_>,
    who: &Outside,
    person: &Coming<'_>,
) -> Result<i64, Error> {
    if let Some(bound) = engine.account_of_outside(who).await? {
        return Ok(bound.id);
    }
    let refused = |code: &str, message: String| Err(Error::invalid("sign_in", code, message));
    match engine.account_named(person.sign_in).await? {
        Some(found) if terms.links => return Ok(engine.bind_outside(who, found.id).await?.id),
        Some(_) => {
            let message = format!(
                "The sign-in name {} belongs to an account here that is not bound to {}. Ask an administrator.",
                person.sign_in, who.label
            );
            return refused("unbound", message);
        }
        None if !terms.makes => {
            return refused(
                "unknown",
                "You have no account here yet. Ask an administrator for one.".to_owned(),
            );
        }
        None => {}
    }
    let roles = who.roles.clone().unwrap_or_else(|| terms.everybody.to_vec());
    if roles.is_empty() {
        return refused("roles", "None of your groups gives you a role here.".to_owned());
    }
    let new = NewAccount {
        person: 0,
        sign_in: person.sign_in.to_owned(),
        name: person.name.to_owned(),
        roles,
        password: None,
        program: false,
    };
    engine.check_new_account(&new).await?;
    let mut together = engine.together(&who.act());
    let number = person_of(&mut together, engine, person.name, person.mail).await?;
    let id = together.create_account(NewAccount { person: number, ..new }, true, Some(who)).await?;
    match together.commit().await {
        // the same person came twice at the same moment
        Err(Error::Taken) => match engine.account_of_outside(who).await? {
            Some(bound) => Ok(bound.id),
            None => {
                refused("taken", "Somebody else took this sign-in name just now. Begin again.".to_owned())
            }
        },
        other => {
            other?;
            Ok(id)
        }
    }
}

/// The record of a person: the one active one with that address and no account, else a new one, which is planned.
pub(crate) async fn person_of(
    together: &mut Together<'_>,
    engine: &Engine,
    name: &str,
    mail: Option<&str>,
) -> Result<i64, Error> {
    if let Some(mail) = mail
        && let Addressed::One(found) = engine.person_by_address(mail).await?
        && engine.accounts().await?.iter().all(|account| account.person != found.number)
    {
        return Ok(found.number);
    }
    let mut change = Change::default().with_text("name", name);
    if let Some(mail) = mail {
        change = change.with_text("mail", mail);
    }
    Ok(together.change(Target::New("person".to_owned()), change).await?.number)
}

/// The ways to other providers on the sign-in page.
pub(super) fn ways(state: &AppState, words: Words, next: &str) -> Markup {
    html! { @if !state.providers.is_empty() { div.stack {
        @for provider in state.providers.iter() {
            (way(provider, words, next))
        }
    } } }
}

fn way(provider: &Provider, words: Words, next: &str) -> Markup {
    let at = [("provider", Given::Text(provider.settings().shown()))];
    html! {
        form method="post" action={ "/sign-in/with/" (provider.settings().name) } {
            input type="hidden" name="next" value=(own(next));
            button.button { (words.with("sign-in-with", &at)) }
        }
    }
}

/// Where who signs out here signs out at the provider, too: its name and the address; none for other sessions.
pub(super) async fn way_out(state: &AppState, session: &str) -> Result<Option<(String, String)>, Error> {
    let Some((issuer, token)) = state.engine.outside_of_session(session).await? else { return Ok(None) };
    let Some(provider) = state.providers.iter().find(|provider| provider.settings().issuer == issuer) else {
        return Ok(None);
    };
    let after = format!("{}/sign-in", state.settings.base());
    let address = provider.end_address(&token, &after, state.engine.now()).await;
    Ok(address.map(|address| (provider.settings().shown().to_owned(), address)))
}

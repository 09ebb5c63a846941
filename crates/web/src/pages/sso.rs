//! Single sign-on: the way to a provider and back, accounts of who comes for the first time, and the way out.
//!
//! Not here: the protocol and what is believed of it (`sso`). What was sent along is kept by the engine under a cookie of
//! this browser and taken once: an answer that comes a second time, or in another browser, opens nothing.

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use maud::{Markup, html};
use proofdesk_engine::{
    Account, Addressed, Caller, Change, Door, Engine, Error, NewAccount, Outside, Target,
};
use proofdesk_model::Problem;
use proofdesk_sso::{Answer, Error as SsoError, Kept, Person, Provider};
use serde::{Deserialize, Serialize};

use super::gate::own;
use crate::error::WebError;
use crate::language::{Given, Words};
use crate::layout;
use crate::pages::portal::refusal;
use crate::session::{Guest, cookie, cookie_name, random};
use crate::state::AppState;

/// `/sign-in/with/…` leads to a provider, `/sign-in/from/…` is where it sends people back to.
pub fn router() -> Router<AppState> {
    Router::new().route("/sign-in/with/{provider}", get(begin)).route("/sign-in/from/{provider}", get(finish))
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
    let page = layout::gate_in(words, &title, &state.settings.organization, &body);
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

/// Why an account is not opened to whom a provider says it is.
fn unfit(words: Words, provider: &Provider, problem: &Problem) -> String {
    let key = match (problem.field.as_str(), problem.code.as_str()) {
        ("sign_in", "unbound") => "provider-unbound",
        ("sign_in", "unknown") => "provider-no-account",
        ("sign_in", "format" | "taken") => "provider-name",
        ("sign_in", "roles") => "wrong-no-role",
        _ => return refusal(words, problem),
    };
    words.with(key, &[("provider", Given::Text(provider.settings().shown()))])
}

async fn begin(
    State(state): State<AppState>,
    words: Words,
    Path(name): Path<String>,
    jar: CookieJar,
    Query(asked): Query<Asked>,
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
    let secret = state.engine.keep_step(PURPOSE, &body, &mut random()).await?;
    let jar = jar.add(step_cookie(secret, state.settings.secure));
    Ok((jar, Redirect::to(&address)).into_response())
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
    let signed = match account_of(&state, provider, &who, &person).await {
        Ok(account) => state.engine.sign_in_from_outside(&who, account.id, &guest.0, &mut random()).await,
        Err(error) => Err(error),
    };
    match signed {
        Ok(signed) => {
            if let Some(old) = jar.get(cookie_name(state.settings.secure)) {
                state.engine.sign_out(old.value()).await?;
            }
            let jar = jar.add(cookie(signed.secret, state.settings.secure));
            Ok((jar, Redirect::to(&step.next)).into_response())
        }
        Err(Error::Invalid(problems)) => {
            let message = problems.0.first().map(|p| unfit(words, provider, p)).unwrap_or_default();
            Ok((jar, failed(&state, words, &message)).into_response())
        }
        Err(other) => Err(other.into()),
    }
}

fn outside(provider: &Provider, person: &Person) -> Outside {
    Outside {
        provider: person.provider.clone(),
        label: provider.settings().shown().to_owned(),
        subject: person.subject.clone(),
        roles: person.roles.clone(),
        token: person.token.clone(),
    }
}

/// The account of who came: the bound one, one that is taken over, or a new one, as far as the provider may.
async fn account_of(
    state: &AppState,
    provider: &Provider,
    who: &Outside,
    person: &Person,
) -> Result<Account, Error> {
    let (engine, settings) = (&state.engine, provider.settings());
    if let Some(bound) = engine.account_of_outside(who).await? {
        return Ok(bound);
    }
    let refused = |code: &str, message: String| Err(Error::invalid("sign_in", code, message));
    match engine.account_named(&person.sign_in).await? {
        Some(found) if settings.link_accounts => return engine.bind_outside(who, found.id).await,
        Some(_) => {
            let message = format!(
                "The sign-in name {} belongs to an account here that is not bound to {}. Ask an administrator.",
                person.sign_in, who.label
            );
            return refused("unbound", message);
        }
        None if !settings.make_accounts => {
            return refused(
                "unknown",
                "You have no account here yet. Ask an administrator for one.".to_owned(),
            );
        }
        None => {}
    }
    let roles = person.roles.clone().unwrap_or_else(|| settings.everybody.clone());
    if roles.is_empty() {
        return refused("roles", "None of your groups gives you a role here.".to_owned());
    }
    let new = NewAccount {
        person: 0,
        sign_in: person.sign_in.clone(),
        name: person.name.clone(),
        roles,
        password: None,
        program: false,
    };
    engine.check_new_account(&new).await?;
    let caller = who.act().caller;
    let by = (&caller, Door::Page);
    let number = person_of(engine, by, &person.name, person.mail.as_deref()).await?;
    engine.create_outside_account(who, NewAccount { person: number, ..new }).await
}

/// The record of a person: the one active one with that address and no account, else a new one.
pub(crate) async fn person_of(
    engine: &Engine,
    (caller, door): (&Caller, Door),
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
    let made = engine.apply(caller, Target::New("person".to_owned()), change, door).await?;
    Ok(made.record.number)
}

/// The ways to other providers on the sign-in page.
pub(super) fn ways(state: &AppState, words: Words, next: &str) -> Markup {
    html! { @if !state.providers.is_empty() { div.stack {
        @for provider in state.providers.iter() {
            a.button href={ "/sign-in/with/" (provider.settings().name) "?next=" (layout::escape_query(own(next))) } { (words.with("sign-in-with", &[("provider", Given::Text(provider.settings().shown()))])) }
        }
    } } }
}

/// Where who signs out here signs out at the provider, too: its name and the address; none for other sessions.
pub(super) async fn way_out(state: &AppState, session: &str) -> Result<Option<(String, String)>, Error> {
    let Some((name, token)) = state.engine.outside_of_session(session).await? else { return Ok(None) };
    let Ok(provider) = provider(state, &name) else { return Ok(None) };
    let after = format!("{}/sign-in", state.settings.base());
    let address = provider.end_address(&token, &after, state.engine.now()).await;
    Ok(address.map(|address| (provider.settings().shown().to_owned(), address)))
}

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
use proofdesk_sso::{Answer, Kept, Person, Provider};
use serde::{Deserialize, Serialize};

use super::gate::own;
use crate::error::WebError;
use crate::language::{Given, Words};
use crate::layout;
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
fn failed(state: &AppState, message: &str) -> Response {
    let body = html! {
        section.card { div.body.stack {
            h1 { "You are not signed in" }
            p.wrong role="alert" { (message) }
            a.button.primary href="/sign-in" { "Back to sign-in" }
        } }
    };
    let page = layout::gate("Sign in", &state.settings.organization, &body);
    (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
}

async fn begin(
    State(state): State<AppState>,
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
            return Ok(failed(&state, &error.to_string()));
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
        let message = "This sign-in was used already, took longer than ten minutes, or was begun in another browser. Begin it again.";
        return Ok((jar, failed(&state, message)).into_response());
    };
    let now = state.engine.now();
    let person = match provider.finish(&callback(&state, &name), &step.kept, &answer, now).await {
        Ok(person) => person,
        Err(error) => {
            tracing::warn!(provider = name, %error, "nobody came in");
            return Ok((jar, failed(&state, &error.to_string())).into_response());
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
            let message = problems.0.first().map(|p| p.message.to_string()).unwrap_or_default();
            Ok((jar, failed(&state, &message)).into_response())
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
    let refused = |message: String| Err(Error::invalid("sign_in", "provider", message));
    match engine.account_named(&person.sign_in).await? {
        Some(found) if settings.link_accounts => return engine.bind_outside(who, found.id).await,
        Some(_) => {
            return refused(format!(
                "The sign-in name {} belongs to an account here that is not bound to {}. Ask an administrator.",
                person.sign_in, who.label
            ));
        }
        None if !settings.make_accounts => {
            return refused("You have no account here yet. Ask an administrator for one.".to_owned());
        }
        None => {}
    }
    let roles = person.roles.clone().unwrap_or_else(|| settings.everybody.clone());
    if roles.is_empty() {
        return refused("None of your groups gives you a role here.".to_owned());
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

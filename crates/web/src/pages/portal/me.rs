//! Language and password of somebody who uses the portal; beside them, for customers and users, the parts of the account
//! that staff has at the desk.

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use maud::{Markup, html};
use proofdesk_engine::{Door, Error, Problem, Problems};

use crate::error::WebError;
use crate::form::sent::Texts;
use crate::form::{Typed, Wrong};
use crate::language::{Language, cookie_name};
use crate::pages::account::Own;
use crate::state::AppState;

use super::frame::{Sheet, beside, frame, refused};
use super::{Client, refusal};

/// `/portal/me` and its forms.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/portal/me", get(show))
        .route("/portal/me/language", post(language))
        .route("/portal/me/password", post(password))
}

async fn show(client: Client) -> Result<Markup, WebError> {
    page(&client, &[], &[]).await
}

/// The page, with what was wrong with one of its forms and what was typed into it.
///
/// # Errors
/// A fault of the database.
pub async fn page(
    client: &Client,
    wrong: &[(String, String)],
    typed: &[(&str, &str)],
) -> Result<Markup, WebError> {
    let chosen = client.visit.engine().language_of(client.visit.account.person).await?;
    let chosen = chosen.and_then(|tag| Language::of_tag(&tag));
    let title = client.say("me-title");
    let own = Own::of(client);
    let cards = if own.is_in_portal() {
        own.cards(&as_wrong(wrong).keeping(typed)).await?
    } else {
        html! {}
    };
    let body = html! {
        h1 { (client.visit.account.name) }
        (refused(client, wrong))
        section.card { header { h2 { (client.say("me-language")) } } div.body {
            form.form method="post" action="/portal/me/language" {
                fieldset {
                    legend { (client.say("me-language-choose")) }
                    label.choice { input type="radio" name="language" value="" checked[chosen.is_none()]; (client.say("me-language-browser")) }
                    @for language in Language::ALL {
                        label.choice lang=(language.code()) { input type="radio" name="language" value=(language.code()) checked[chosen == Some(language)]; (language.name()) }
                    }
                }
                div { button.button.primary { (client.say("me-language-save")) } }
            }
        } }
        @if client.visit.account.has_password {
            section.card { header { h2 { (client.say("me-password")) } } div.body {
                form.form method="post" action="/portal/me/password" {
                    input type="hidden" name="username" value=(client.visit.account.sign_in) autocomplete="username";
                    (secret(client, ("present", "me-password-present", "current-password"), wrong))
                    (secret(client, ("password", "me-password-new", "new-password"), wrong))
                    div { button.button { (client.say("me-password-save")) } }
                    p.help { (client.say("me-password-help")) }
                }
            } }
        }
        (cards)
        @if !own.is_in_portal() { p { a.link href="/account" { (client.say("me-more")) } } }
    };
    frame(client, Sheet { title: &title, events: "", body }).await
}

/// The same sentences as the parts of the account take them.
fn as_wrong(wrong: &[(String, String)]) -> Wrong {
    let problem = |(field, sentence): &(String, String)| Problem::new(field, "", sentence.clone());
    Wrong::new(&wrong.iter().map(problem).collect::<Vec<_>>())
}

fn secret(
    client: &Client,
    (name, label, autocomplete): (&str, &str, &str),
    wrong: &[(String, String)],
) -> Markup {
    let invalid = wrong.iter().any(|(field, _)| field == name);
    html! { div.input {
        label for=(name) { (client.say(label)) }
        input.field id=(name) name=(name) type="password" autocomplete=(autocomplete) maxlength="256" required aria-invalid=[invalid.then_some("true")] aria-describedby=[invalid.then(|| format!("wrong-{name}"))];
        (beside(name, wrong))
    } }
}

async fn language(client: Client, jar: CookieJar, Texts(pairs): Texts) -> Result<Response, WebError> {
    let typed = Typed::new(pairs).text("language").unwrap_or_default();
    let chosen = Language::of_tag(&typed);
    if chosen.is_none() && !typed.is_empty() {
        let message = client.say("language-unknown");
        return Err(Error::Invalid(Problems(vec![Problem::new("language", "option", message)])).into());
    }
    let visit = &client.visit;
    visit.engine().set_language(&visit.caller, chosen.map(Language::code), Door::Page).await?;
    let name = cookie_name(visit.state.settings.secure);
    let mut cookie = Cookie::new(name, chosen.map_or("", Language::code));
    cookie.set_path("/");
    cookie.set_http_only(true);
    cookie.set_same_site(SameSite::Lax);
    cookie.set_secure(visit.state.settings.secure);
    match chosen {
        Some(_) => cookie.make_permanent(),
        None => cookie.make_removal(),
    }
    Ok((jar.add(cookie), Redirect::to("/portal/me")).into_response())
}

async fn password(client: Client, Texts(pairs): Texts) -> Result<Response, WebError> {
    let typed = Typed::new(pairs);
    let text = |name: &str| typed.text(name).unwrap_or_default();
    let (visit, present, new) = (&client.visit, text("present"), text("password"));
    match visit.engine().change_password(&visit.act(), visit.account.id, &present, &new).await {
        Ok(()) => Ok(Redirect::to("/sign-in?next=/portal/me").into_response()),
        Err(Error::Invalid(problems)) => {
            let wrong: Vec<(String, String)> =
                problems.0.iter().map(|p| (p.field.clone(), refusal(client.words, p))).collect();
            let page = page(&client, &wrong, &[]).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(other) => Err(other.into()),
    }
}

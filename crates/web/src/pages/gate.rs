//! The way in: the first-run notice, sign-in and sign-out.

use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum_extra::extract::{CookieJar, Form};
use maud::{Markup, html};
use proofdesk_engine::{Error, Judged, SignedIn, Stage, Typed};
use serde::Deserialize;

use crate::error::WebError;
use crate::language::{self, Words};
use crate::layout;
use crate::menu;
use crate::pages::portal::refusal;
use crate::pages::{forgotten, passkey, setup, sso};
use crate::session::{Guest, Visit, cookie, cookie_name, random};
use crate::state::AppState;

/// `/`, `/sign-in` and `/sign-out`.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/", get(start))
        .route("/sign-in", get(ask).post(sign_in))
        .route("/sign-out", post(sign_out))
}

/// Where a sign-in leads, from its address.
#[derive(Default, Deserialize)]
pub(super) struct Asked {
    /// An address; only those of our own are followed.
    #[serde(default)]
    pub(super) next: String,
    /// What happened before, in a word.
    #[serde(default)]
    said: Option<Said>,
}

/// What happened before somebody came to the sign-in page.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Said {
    /// A form was sent when the session had ended.
    Unsent,
    /// A one-time link set a password.
    Set,
    #[serde(other)]
    Nothing,
}

#[derive(Default, Deserialize)]
struct Given {
    #[serde(default)]
    sign_in: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    directory: String,
    #[serde(default)]
    next: String,
}

/// The first page: the portal for customers and users, set-up where the desk is empty and the visitor may set it up,
/// else where he begins.
async fn start(visit: Visit) -> Redirect {
    if visit.is_customer() {
        return Redirect::to("/portal");
    }
    Redirect::to(if setup::is_wanted(&visit).await {
        "/setup"
    } else {
        menu::home(&visit.state, &visit.caller)
    })
}

async fn ask(
    State(state): State<AppState>,
    words: Words,
    jar: CookieJar,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    if state.engine.accounts().await?.is_empty() {
        return Ok(first_run(&state).into_response());
    }
    // a session that was complete until a second factor was demanded goes on at its second step
    let waiting = match jar.get(cookie_name(state.settings.secure)) {
        Some(cookie) => state.engine.session_on_its_way(cookie.value()).await?,
        None => None,
    };
    if waiting.is_some_and(|session| session.stage == Stage::Enrol) {
        let to = step_address(Stage::Enrol, own(&asked.next));
        return Ok(Redirect::to(&to).into_response());
    }
    let before = before(words, asked.said, own(&asked.next));
    let given = Given { next: asked.next, ..Given::default() };
    Ok(form((&state, words), &before, &given, None).into_response())
}

/// Where a sign-in goes on.
pub(super) fn step_address(stage: Stage, next: &str) -> String {
    match stage {
        Stage::Full => next.to_owned(),
        Stage::Code => format!("/sign-in/code?next={}", layout::escape_query(next)),
        Stage::Enrol => format!("/sign-in/factor?next={}", layout::escape_query(next)),
    }
}

/// Only addresses of our own are followed after sign-in.
pub(super) fn own(next: &str) -> &str {
    // a browser leaves tabs and line breaks out of an address: `/<tab>/` would lead away
    let strange = |c: char| c == '\\' || c.is_control();
    let plain = next.starts_with('/') && !next.starts_with("//") && !next.contains(strange);
    if plain && !next.starts_with("/sign-") { next } else { "/" }
}

async fn sign_in(
    State(state): State<AppState>,
    guest: Guest,
    words: Words,
    jar: CookieJar,
    Form(given): Form<Given>,
) -> Result<Response, WebError> {
    let (engine, mut random) = (&state.engine, random());
    let chosen = Some(given.directory.as_str());
    let typed = Typed { sign_in: &given.sign_in, password: &given.password, directory: chosen };
    let mut label = None;
    let signed = match engine.sign_in_by(&typed, &guest.0, &mut random).await {
        Ok(Judged::Here(signed)) => Ok(signed),
        Ok(Judged::There(listed)) => {
            label = Some(listed.who.label.clone());
            match sso::account_of_listed(&state, &listed).await {
                Ok(id) => engine.sign_in_from_directory(&listed.who, id, &guest.0, &mut random).await,
                Err(error) => Err(error),
            }
        }
        Err(error) => Err(error),
    };
    match signed {
        Ok(SignedIn { secret, stage, .. }) => {
            // whoever was signed in on this browser before is not any more
            if let Some(old) = jar.get(cookie_name(state.settings.secure)) {
                state.engine.sign_out(old.value()).await?;
            }
            let jar = jar.add(cookie(secret, state.settings.secure));
            Ok((jar, Redirect::to(&step_address(stage, own(&given.next)))).into_response())
        }
        Err(Error::Invalid(problems)) => {
            let message = problems.0.first().map(|p| match &label {
                Some(label) => sso::unfit(words, label, p),
                None => refusal(words, p),
            });
            let page = form((&state, words), &html! {}, &given, message.as_deref());
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(other) => Err(other.into()),
    }
}

/// What a browser is told to forget when somebody signs out.
const FORGET: [(&str, &str); 1] = [("clear-site-data", "\"cache\", \"storage\"")];

async fn sign_out(State(state): State<AppState>, words: Words, jar: CookieJar) -> Result<Response, WebError> {
    let mut elsewhere = None;
    if let Some(present) = jar.get(cookie_name(state.settings.secure)) {
        elsewhere = sso::way_out(&state, present.value()).await?;
        state.engine.sign_out(present.value()).await?;
    }
    let mut gone = cookie(String::new(), state.settings.secure);
    gone.make_removal();
    let jar = jar.add(gone);
    Ok(match elsewhere {
        Some((provider, address)) => {
            (jar, FORGET, signed_out(&state, words, &provider, &address)).into_response()
        }
        None => (jar, FORGET, Redirect::to("/sign-in")).into_response(),
    })
}

/// Signed out here; the other place is a link, since a form of ours sends nobody to another site.
fn signed_out(state: &AppState, words: Words, provider: &str, address: &str) -> Markup {
    let at = [("provider", language::Given::Text(provider))];
    let title = words.say("sign-out-title");
    let body = html! {
        section.card { div.body.stack {
            h1 { (title) }
            p { (words.with("sign-out-still", &at)) }
            a.button.primary href=(address) { (words.with("sign-out-there", &at)) }
            a.button.quiet href="/sign-in" { (words.say("sign-out-again")) }
        } }
    };
    layout::gate_in(words, &title, &state.organization(), &body)
}

/// Which directory knows the name: a question only where there are several.
fn choice(state: &AppState, words: Words, chosen: &str) -> Markup {
    html! { @if state.directories.len() > 1 { div.input {
        label for="directory" { (words.say("sign-in-directory")) }
        select.field id="directory" name="directory" {
            @for known in state.directories.iter().map(|directory| directory.settings()) {
                option value=(known.name) selected[known.name == chosen] { (known.shown()) }
            }
        }
    } } }
}

/// Says what happened before. What was typed is still on the page before this one: signing in beside it keeps it.
fn before(words: Words, said: Option<Said>, next: &str) -> Markup {
    match said {
        Some(Said::Unsent) => html! {
            div.notice.risk role="status" {
                b { (words.say("sign-in-unsent")) }
                p.small { (words.say("sign-in-unsent-why")) }
                p.small { a.link href={ "/sign-in?next=" (layout::escape_query(next)) } target="_blank" rel="noopener" { (words.say("sign-in-beside")) } }
            }
        },
        Some(Said::Set) => html! { div.notice.ok role="status" { (words.say("sign-in-set")) } },
        Some(Said::Nothing) | None => html! {},
    }
}

fn form((state, words): (&AppState, Words), before: &Markup, given: &Given, wrong: Option<&str>) -> Markup {
    let (sign_in, next) = (&given.sign_in, given.next.as_str());
    let invalid = wrong.map(|_| "true");
    let body = html! {
        section.card { div.body.stack {
            h1 { (words.say("sign-in-title")) }
            (before)
            form.form method="post" action="/sign-in" {
                input type="hidden" name="next" value=(own(next));
                div.input {
                    label for="sign_in" { (words.say("sign-in-name")) }
                    input.field id="sign_in" name="sign_in" value=(sign_in) autocomplete="username" autocapitalize="none" required autofocus aria-invalid=[invalid];
                }
                div.input {
                    label for="password" { (words.say("sign-in-password")) }
                    input.field id="password" name="password" type="password" autocomplete="current-password" required aria-invalid=[invalid] aria-describedby=[wrong.map(|_| "wrong")];
                    @if let Some(wrong) = wrong { p.wrong id="wrong" role="alert" { (wrong) } }
                }
                (choice(state, words, &given.directory))
                button.button.primary { (words.say("sign-in-button")) }
            }
            (forgotten::way(state, words))
            (passkey::asking((state, words), ("in", "/sign-in/passkey"), &html! { input type="hidden" name="next" value=(own(next)); }, &words.say("sign-in-passkey")))
            (sso::ways(state, words, next))
            @for line in state.settings.sign_in_hint.iter().flat_map(|hint| hint.lines()) { p.small.muted { (line) } }
        } }
    };
    layout::gate_in(words, &words.say("sign-in-title"), &state.organization(), &body)
}

fn first_run(state: &AppState) -> Markup {
    let body = html! {
        section.card { div.body.stack {
            h1 { "Nobody has an account yet" }
            p { "This desk is new and empty. There are two ways to begin, both on the machine that it runs on:" }
            p.small.muted { "Fill it with an example organization that has been running for a year:" }
            pre.mono { "proofdesk demo" }
            p.small.muted { "Or make the first account of your own organization. The program said a link for it when it started, which works once; or at the command line:" }
            pre.mono { "proofdesk account add --admin --sign-in NAME --name \"YOUR NAME\"" }
            p { "Then open this page again." }
            a.button.primary href="/sign-in" { "Look again" }
        } }
    };
    layout::gate("First run", &state.organization(), &body)
}

#[cfg(test)]
mod tests {
    use super::own;

    #[test]
    fn sign_in_leads_nowhere_else() {
        for (next, to) in [
            ("/incident/INC-1?tab=proof", "/incident/INC-1?tab=proof"),
            ("", "/"),
            ("//evil.example", "/"),
            ("https://evil.example", "/"),
            ("/\\evil.example", "/"),
            ("/\t/evil.example", "/"),
            ("/\n/evil.example", "/"),
            ("\t//evil.example", "/"),
            ("/sign-out", "/"),
        ] {
            assert_eq!(own(next), to);
        }
    }
}

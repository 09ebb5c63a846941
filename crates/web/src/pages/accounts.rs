//! Accounts for administrators: who may sign in, with which roles; invitations, accounts of programs, and the roles that
//! need a second factor.

mod one;

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::{Query, RawForm};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use proofdesk_engine::account::ends;
use proofdesk_engine::{Account, Change, Door, Error, NewAccount, Problem, Problems, Target};
use proofdesk_model::access::{ADMINISTRATOR, ROLES};
use proofdesk_model::format::{day_of, parse_day};

use crate::error::WebError;
use crate::form::{Typed, Wrong};
use crate::layout::{self, Page};
use crate::session::Visit;
use crate::state::AppState;

/// `/accounts` and what is under it.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/accounts", get(list).post(make))
        .route("/accounts/new", get(ask))
        .route("/accounts/second-factor", post(second_factor))
        .merge(one::router())
}

/// These pages do not exist for others.
fn require_administrator(visit: &Visit) -> Result<(), WebError> {
    if proofdesk_engine::account::is_administrator(&visit.caller) {
        return Ok(());
    }
    Err(WebError::NotFound("page at this address".to_owned()))
}

/// What a form sent; a name may be there several times.
pub(super) fn pairs(body: &[u8]) -> Result<Vec<(String, String)>, WebError> {
    let unreadable = || WebError::Unreadable("The form cannot be read.".to_owned());
    let text = std::str::from_utf8(body).map_err(|_| unreadable())?;
    // a form is written as a query is
    let uri = format!("/?{text}").parse::<axum::http::Uri>().map_err(|_| unreadable())?;
    axum::extract::Query::try_from_uri(&uri).map(|query| query.0).map_err(|_| unreadable())
}

/// All values of a name.
pub(super) fn all_of(pairs: &[(String, String)], name: &str) -> Vec<String> {
    pairs.iter().filter(|(n, _)| n == name).map(|(_, v)| v.clone()).collect()
}

pub(super) fn state_tag(account: &Account) -> Markup {
    html! {
        @if !account.active { span.tag.bad { "disabled" } }
        @else if account.program { span.tag { "program" } }
        @else { span.tag.ok { "active" } }
    }
}

/// Checkboxes for roles.
fn role_choices(held: &[String]) -> Markup {
    html! { fieldset { legend { "Roles" } @for role in ROLES { (role_choice(role, held)) } } }
}

fn role_choice(role: &str, held: &[String]) -> Markup {
    html! { label.choice {
        input type="checkbox" name="role" value=(role) checked[held.iter().any(|r| r == role)];
        span { (layout::plain_role(role)) }
    } }
}

/// What the field of a role's last day is called.
fn until(role: &str) -> String {
    format!("until_{role}")
}

/// Checkboxes for roles with their last days.
pub(super) fn ending_roles(held: &[String], ends: &BTreeMap<String, String>) -> Markup {
    html! { fieldset { legend { "Roles, and beside each its last day where it ends" }
        @for role in ROLES { div.row.between {
            (role_choice(role, held))
            @if role != ADMINISTRATOR {
                label.sr for=(until(role)) { "Last day as " (role.replace('_', " ")) }
                input.field.short type="date" id=(until(role)) name=(until(role)) value=(ends.get(role).map_or("", String::as_str));
            }
        } }
        p.help { "An auditor's role always has one: without it, 400 days from today, of a certification auditor 120." }
    } }
}

/// The roles of such a form, as [`Engine::set_roles`] takes them.
///
/// [`Engine::set_roles`]: proofdesk_engine::Engine::set_roles
pub(super) fn roles_of(pairs: &[(String, String)]) -> Vec<String> {
    let word = |role: String| match all_of(pairs, &until(&role)).pop().as_deref().map(str::trim) {
        Some("") if !ends::always_ends(&role) => format!("{role}:{}", ends::NEVER),
        None | Some("") => role,
        Some(day) => format!("{role}:{day}"),
    };
    all_of(pairs, "role").into_iter().map(word).collect()
}

/// What is wrong with the days of such a form: one that has passed, and one of a role that is not ticked, where it is not the
/// one that the account has.
pub(super) fn wrong_days(
    visit: &Visit,
    pairs: &[(String, String)],
    present: &BTreeMap<String, String>,
) -> Option<Problems> {
    let ticked = all_of(pairs, "role");
    let today = day_of(visit.now);
    let mut problems = Problems::default();
    for role in ROLES {
        let Some(day) = all_of(pairs, &until(role)).pop().filter(|day| !day.trim().is_empty()) else {
            continue;
        };
        let day = day.trim();
        let said = layout::plain_role(role);
        if !ticked.iter().any(|t| t == role) {
            if present.get(role).map(String::as_str) != Some(day) {
                let message = format!(
                    "{day} is to be the last day as {said}, but the role is not ticked: tick it, or take the day away."
                );
                problems.push(Problem::new("roles", "together", message));
            }
        } else if parse_day(day).is_none_or(|last| last < today) {
            let message = format!(
                "The last day as {said}, {day}, has passed: give today or a later day, or untick the role."
            );
            problems.push(Problem::new("roles", "range", message));
        }
    }
    (!problems.0.is_empty()).then_some(problems)
}

/// What such a form said, to show it again.
pub(super) fn said(pairs: &[(String, String)]) -> (Vec<String>, BTreeMap<String, String>) {
    let day = |role: &str| Some((role.to_owned(), all_of(pairs, &until(role)).pop()?));
    (all_of(pairs, "role"), ROLES.into_iter().filter_map(day).collect())
}

async fn list(visit: Visit) -> Result<Markup, WebError> {
    require_administrator(&visit)?;
    let accounts = visit.engine().accounts().await?;
    let demanded: Vec<String> = visit.engine().second_factor_roles().await?.into_iter().collect();
    let body = html! {
        div.row.between { h1 { "Accounts" } a.button.primary href="/accounts/new" { "New account" } }
        section.card { div.scroll { table.list {
            thead { tr { th scope="col" { "Name" } th scope="col" { "Sign-in name" } th.spare scope="col" { "Roles" } th scope="col" { "State" } th.spare scope="col" { "Second factor" } } }
            tbody { @for account in &accounts { tr {
                td.grow { a.link href={ "/accounts/" (account.id) } { (account.name) } }
                td.small.mono { (account.sign_in) }
                td.small.spare { (layout::plain_role(&account.written_roles().replace(' ', ", ").replace(':', " until "))) }
                td { (state_tag(account)) }
                td.small.spare { @if account.second_factor { "yes" } @else if account.program { "–" } @else { "no" } }
            } } }
        } } }
        section.card { header { h2 { "Second factor by role" } } div.body {
            form.form method="post" action="/accounts/second-factor" {
                p.small.muted { "Who holds one of these roles and signs in with a password sets a second factor up at the next sign-in." }
                (role_choices(&demanded))
                div { button.button { "Keep" } }
            }
        } }
    };
    Ok(layout::frame(&visit, Page::new("Accounts", vec![("Accounts".to_owned(), None)], body)))
}

async fn second_factor(visit: Visit, RawForm(body): RawForm) -> Result<Redirect, WebError> {
    require_administrator(&visit)?;
    let roles = all_of(&pairs(&body)?, "role");
    visit.engine().set_second_factor_roles(&visit.act(), &roles).await?;
    Ok(Redirect::to("/accounts"))
}

async fn ask(visit: Visit, Query(given): Query<Vec<(String, String)>>) -> Result<Markup, WebError> {
    require_administrator(&visit)?;
    let mut pairs = vec![("role".to_owned(), "agent".to_owned())];
    pairs.extend(given.into_iter().filter(|(name, _)| name == "program"));
    Ok(new_page(&visit, &pairs, &Wrong::default()))
}

fn new_page(visit: &Visit, pairs: &[(String, String)], wrong: &Wrong) -> Markup {
    let typed = Typed::new(pairs.to_vec());
    let (roles, ends) = said(pairs);
    let field = |name: &str, label: &str, help: &str, required: bool| {
        let sentences = wrong.of(name);
        html! { div.input {
            label for=(name) { (label) }
            input.field id=(name) name=(name) value=(typed.text(name).unwrap_or_default()) maxlength="120" required[required] autocomplete="off" autocapitalize="none" aria-invalid=[(!sentences.is_empty()).then_some("true")];
            @if !help.is_empty() { p.help { (help) } }
            @for sentence in sentences { p.wrong role="alert" { (sentence) } }
        } }
    };
    let body = html! {
        h1 { "New account" }
        section.card { div.body { form.form method="post" action="/accounts" {
            (field("name", "Name", "", true))
            (field("sign_in", "Sign-in name", "", true))
            (field("person", "Person", "Reference of a person who is there already, such as PER-12; empty makes one.", false))
            (ending_roles(&roles, &ends))
            @for sentence in wrong.of("roles") { p.wrong role="alert" { (sentence) } }
            label.choice { input type="checkbox" name="program" value="yes" checked[typed.has("program")]; span { "It is the account of a program: nobody signs in to it, tokens speak for it" } }
            div.row { button.button.primary { "Make the account" } a.button.quiet href="/accounts" { "Cancel" } }
        } } }
    };
    let crumbs = vec![("Accounts".to_owned(), Some("/accounts".to_owned())), ("New".to_owned(), None)];
    layout::frame(visit, Page::new("New account", crumbs, body))
}

async fn make(visit: Visit, RawForm(body): RawForm) -> Result<Response, WebError> {
    require_administrator(&visit)?;
    let pairs = pairs(&body)?;
    let made = match wrong_days(&visit, &pairs, &BTreeMap::new()) {
        Some(problems) => Err(Error::Invalid(problems)),
        None => make_account(&visit, &Typed::new(pairs.clone()), roles_of(&pairs)).await,
    };
    match made {
        Ok(account) => Ok(Redirect::to(&format!("/accounts/{}", account.id)).into_response()),
        Err(Error::Invalid(problems)) => {
            let page = new_page(&visit, &pairs, &Wrong::new(&problems.0));
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(other) => Err(other.into()),
    }
}

async fn make_account(visit: &Visit, typed: &Typed, roles: Vec<String>) -> Result<Account, Error> {
    let text = |name: &str| typed.text(name).unwrap_or_default().trim().to_owned();
    let engine = visit.engine();
    let mut new = NewAccount {
        person: 0,
        sign_in: text("sign_in"),
        name: text("name"),
        roles,
        password: None,
        program: typed.has("program"),
    };
    engine.check_new_account(&new).await?;
    let written = text("person");
    new.person = if written.is_empty() {
        let change = Change::default().with_text("name", &new.name);
        let made = engine.apply(&visit.caller, Target::New("person".to_owned()), change, Door::Page).await?;
        made.record.number
    } else {
        let found = visit.registry().parse_reference(&written.to_uppercase());
        let found = found.filter(|r| r.record_type == "person");
        let missing = || Error::invalid("person", "link", format!("There is no person {written}."));
        let reference = found.ok_or_else(missing)?;
        engine.load(&visit.caller, &reference).await?.ok_or_else(missing)?;
        reference.number
    };
    engine.create_account(&visit.act(), new).await
}

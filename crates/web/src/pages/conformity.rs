//! Conformity: the clause map, one cell an obligation; chapters; obligations; a test asked again at a word.

pub mod as_of;
pub mod chapter;
pub mod obligation;

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use proofdesk_conformity::view::ObligationView;
use proofdesk_conformity::{Conformity, Overview, Scope, State};
use proofdesk_engine::{Door, Problem, Problems};
use serde::Deserialize;

use crate::error::WebError;
use crate::layout::{self, Page};
use crate::pages::setup;
use crate::parts::empty::{empty, notice};
use crate::parts::number::thousands;
use crate::parts::tabs::{Tab, tabs};
use crate::parts::time;
use crate::session::Visit;
use crate::state::AppState;

/// Who may ask for a full run; others see the scheduled ones.
pub const MAY_RUN: [&str; 6] =
    ["sms_manager", "process_owner", "service_owner", "auditor", "top_management", "administrator"];

/// `/conformity` and what is under it.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/conformity", get(map))
        .route("/conformity/run", post(run))
        .route("/conformity/{id}", get(part))
        .route("/conformity/{id}/judge", post(obligation::judge))
}

/// Which framework an address means; the first where it says none.
#[derive(Deserialize)]
pub struct Asked {
    /// Id of the framework.
    #[serde(default)]
    pub framework: String,
    /// The instant of which is asked; now where it is empty.
    #[serde(default)]
    pub as_of: String,
}

impl Asked {
    /// A framework as it stands now.
    pub fn of(framework: &str) -> Self {
        Self { framework: framework.to_owned(), as_of: String::new() }
    }
}

/// The handle, or that there is none.
pub fn require(visit: &Visit) -> Result<&Conformity, WebError> {
    let reads = ["requester"];
    let only_requester = visit.account.roles.iter().all(|r| reads.contains(&r.as_str()));
    match &visit.state.conformity {
        Some(found) if !only_requester => Ok(found),
        _ => Err(WebError::NotFound("page at this address".to_owned())),
    }
}

/// The id of the framework that an address means.
///
/// # Errors
/// `NotFound` when there is none of this name.
pub(crate) fn framework(conformity: &Conformity, asked: &Asked) -> Result<String, WebError> {
    let all = &conformity.declarations().frameworks;
    let found = match asked.framework.as_str() {
        "" => all.iter().find(|f| f.id.starts_with("iso-20000")).or(all.first()),
        id => all.iter().find(|f| f.id == id),
    };
    found.map(|f| f.id.clone()).ok_or_else(|| WebError::NotFound("framework of this name".to_owned()))
}

/// The address of an obligation, chapter or clause; the standard's own need no framework in it.
pub(crate) fn address(framework: &str, id: &str, as_of: &str) -> String {
    let mut address = format!("/conformity/{id}");
    if !framework.starts_with("iso-20000") {
        address.push_str(&format!("?framework={}", layout::escape_query(framework)));
    }
    let sign = if address.contains('?') { '&' } else { '?' };
    address + &as_of::query(sign, as_of)
}

/// Where another framework is chosen; nothing where there is one only.
fn picker(conformity: &Conformity, framework: &str, as_of: &str) -> Markup {
    let all = &conformity.declarations().frameworks;
    if all.len() < 2 {
        return html! {};
    }
    let tab = |f: &proofdesk_conformity::Framework| Tab {
        label: f.title.clone(),
        count: None,
        address: format!("/conformity?framework={}{}", f.id, as_of::query('&', as_of)),
        current: f.id == framework,
    };
    let shown: Vec<Tab> = all.iter().map(tab).collect();
    tabs("Framework", &shown, &html! {})
}

/// The tone of a state, the sign on its cell, and its tag's tone.
pub fn tone(state: State) -> (&'static str, &'static str) {
    match state {
        State::Conforming => ("ok", ""),
        State::AtRisk => ("risk", "!"),
        State::Nonconforming => ("bad", "×"),
        State::NotTriggered => ("idle", "–"),
        State::NotProven => ("unknown", "?"),
        State::JudgementDue => ("none", "J"),
        State::NoTestYet => ("untested", ""),
    }
}

/// How many conform of those that can hold now.
pub fn so_many(conforming: u64, can_hold: u64) -> String {
    if can_hold == 0 { "not triggered".to_owned() } else { format!("{conforming} of {can_hold}") }
}

/// As [`so_many`], in a sentence of its own.
pub fn so_many_conform(conforming: u64, can_hold: u64) -> String {
    match can_hold {
        0 => "no obligation can hold now".to_owned(),
        _ => format!("{conforming} of {can_hold} obligations that can hold now conform"),
    }
}

/// A state as a tag.
pub fn state_tag(state: State) -> Markup {
    let mut label = state.label().to_owned();
    if let Some(first) = label.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    crate::parts::tag::tag(
        &label,
        match state {
            State::Conforming => Some("ok"),
            State::AtRisk => Some("risk"),
            State::Nonconforming => Some("bad"),
            State::JudgementDue | State::NotProven => Some("info"),
            State::NotTriggered | State::NoTestYet => None,
        },
    )
}

async fn map(visit: Visit, Query(asked): Query<Asked>) -> Result<Markup, WebError> {
    let conformity = require(&visit)?;
    let framework = framework(conformity, &asked)?;
    let at = as_of::read(&visit, &asked.as_of)?;
    let view = match at {
        Some(at) => conformity.overview_as_of(&framework, &Scope::all(), at).await?,
        None => conformity.overview(&framework, &Scope::all()).await?,
    };
    let log = visit.engine().log_state().await?;
    let may_run = MAY_RUN.iter().any(|r| visit.caller.has(r));
    let invitation = setup::invitation(&visit).await;
    let back = match asked.framework.as_str() {
        "" => "/conformity".to_owned(),
        framework => format!("/conformity?framework={}", layout::escape_query(framework)),
    };
    let body = html! {
        (invitation)
        div.row.between {
            div.stack.tight {
                h1 { (view.title) }
                span.muted { "All records · as of " b { (as_of::words(&visit, at)) } " · " a.link href={ "/frameworks/" (view.framework) } { "About this framework" } }
            }
            (as_of::form(&visit, "/conformity", &asked, at))
            @if may_run && at.is_none() { form.inline method="post" action="/conformity/run" { button.button.primary data-key="t" { "Test everything now " kbd { "T" } } } }
        }
        (picker(conformity, &framework, &asked.as_of))
        @if let (Some(at), Some(run)) = (at, &view.run) { (as_of::told(&visit, at, run, view.stale, "/conformity")) }
        @else if view.run.is_none() && view.before.is_none() { (notice("risk", "No test has run yet", &html! { p.small { "Until the first run nothing is proven, and nothing is shown as conforming." } })) }
        @else if view.stale { (notice("risk", "The last run is too old to prove anything", &html! { p.small { "Results count as not proven until the next run." } })) }
        @if let (Some(at), Some(before)) = (at, view.before) { (as_of::nothing(&visit, at, before, &back)) }
        @else { (figures(&visit, &view, at)) }
        div.split {
            @if view.before.is_none() { section.card {
                header { h2 { "Clause map" } span.small.muted { "one cell an obligation" } }
                div.body.clauses {
                    (legend(&view.states))
                    (chapters(&view, &asked.as_of))
                }
            } }
            div.stack.wide {
                @if at.is_none() { (needs_you(&view)) }
                section.card {
                    header { h2 { "Log" } a.small.muted href="/log" { "How to verify" } }
                    div.body { dl.facts {
                        dt { "Entries" } dd.num { (thousands(log.size)) }
                        @if let Some(run) = &view.run { dt { "Run saw" } dd.num { (run.log_size) " entries" } dt { "Results" } dd.mono title=(run.digest) { (run.digest.get(..16).unwrap_or_default()) "…" } }
                        dt { "Checkpoint" } dd { @match &log.checkpoint { Some(c) => { (time::ago(c.at, visit.now, visit.zone())) ", " (c.size) " entries" }, None => "none yet" } }
                    } }
                }
            }
        }
    };
    let crumbs =
        vec![("Assurance".to_owned(), Some("/home/assurance".to_owned())), ("Conformity".to_owned(), None)];
    let page = Page {
        keys: vec![("T".to_owned(), "Test everything now".to_owned())],
        ..Page::new("Conformity", crumbs, body)
    };
    Ok(layout::frame(&visit, page))
}

fn figures(visit: &Visit, view: &Overview, at: Option<i64>) -> Markup {
    let count = |state: State| view.states.get(&state).copied().unwrap_or_default();
    let total: u64 = view.states.values().sum();
    let resting = count(State::NotTriggered);
    let all_states =
        view.states.iter().flat_map(|(s, n)| std::iter::repeat_n(*s, usize::try_from(*n).unwrap_or(0)));
    let (conforming, tested) = State::share(all_states);
    let day_ago = at.unwrap_or(visit.now) - 86_400_000_000;
    let all = || view.chapters.iter().flat_map(|c| &c.clauses).flat_map(|c| &c.obligations);
    let bad = || all().filter(|o| o.state == State::Nonconforming);
    let fresh = bad().filter(|o| o.since.is_some_and(|s| s >= day_ago)).count();
    let oldest = bad().filter_map(|o| o.since).min();
    let share = (conforming * 1_000).checked_div(tested);
    html! {
        div.grid-4 {
            (figure(&share.map_or("none".to_owned(), |s| format!("{}.{} %", s / 10, s % 10)), &format!("of the obligations that can hold now conform, {conforming} of {tested}"), &html! {
                @if resting > 0 { (resting) " are not triggered: nothing has called for them yet. " }
                @if count(State::NoTestYet) > 0 { (count(State::NoTestYet)) " of " (total) " have no test yet." }
            }))
            (figure(&count(State::Nonconforming).to_string(), if at.is_some() { "nonconforming then" } else { "nonconforming now" }, &html! {
                @match oldest { Some(at) => { "Oldest since " (time::proven(at, visit.now, visit.zone())) ". " }, None => "" }
                @if fresh > 0 { (fresh) " began within a day." }
            }))
            (figure(&count(State::AtRisk).to_string(), "at risk", &html! { (count(State::JudgementDue)) " wait for a judgement, " (count(State::NotProven)) " are not proven." }))
            (figure(&thousands(view.records_asked), "answers of records", &html! {
                (view.tests) " tests, each over all records of its population: a record answers in several" @if let Some(run) = &view.run { ", last run " (time::ago(run.at, visit.now, visit.zone())) " in " (seconds(run.duration)) "." }
            }))
        }
    }
}

fn figure(value: &str, label: &str, more: &Markup) -> Markup {
    html! { section.card { div.body.stat { div.value { (value) } div.label { (label) } p.small.muted { (more) } } } }
}

/// A length in seconds with two digits, from microseconds.
pub fn seconds(micros: i64) -> String {
    format!("{}.{:02} s", micros / 1_000_000, micros % 1_000_000 / 10_000)
}

fn legend(states: &BTreeMap<State, u64>) -> Markup {
    html! {
        p.row.small.muted.legend {
            @for state in State::ALL {
                @let (class, sign) = tone(state);
                span.row { span.cells { b class=(class) aria-hidden="true" { (sign) } } (state.label()) " " span.num { (states.get(&state).copied().unwrap_or_default()) } }
            }
        }
    }
}

fn chapters(view: &Overview, as_of: &str) -> Markup {
    let mut group = "";
    html! {
        @for chapter in &view.chapters {
            @if chapter.group != group {
                ({ group = &chapter.group; html! { h3.group { (chapter.group) } } })
            }
            div.clause {
                span.key.muted { (chapter.number) }
                a href={ "/conformity/" (chapter.number) "?framework=" (view.framework) (as_of::query('&', as_of)) } { (chapter.title) }
                span.cells { @for clause in &chapter.clauses { @for obligation in &clause.obligations { (cell(&view.framework, obligation, as_of)) } } }
                span.num.small.muted { (so_many(chapter.conforming, chapter.can_hold)) }
            }
        }
    }
}

fn cell(framework: &str, obligation: &ObligationView, as_of: &str) -> Markup {
    let (class, sign) = tone(obligation.state);
    let says: String = obligation.says.chars().take(90).collect();
    html! { a class=(class) href=(address(framework, &obligation.id, as_of)) title={ (obligation.id) ", " (obligation.state.label()) ": " (says) } { span aria-hidden="true" { (sign) } span.sr { (obligation.id) " " (obligation.state.label()) } } }
}

/// What waits for people: nonconformities by exceptions, then judgements.
fn needs_you(view: &Overview) -> Markup {
    let all = || view.chapters.iter().flat_map(|c| &c.clauses).flat_map(|c| &c.obligations);
    let mut open: Vec<&ObligationView> = all().filter(|o| o.state == State::Nonconforming).collect();
    open.sort_by_key(|o| std::cmp::Reverse(o.exceptions));
    let bad = open.len();
    let risks: Vec<&ObligationView> = all().filter(|o| o.state == State::AtRisk).collect();
    let due: Vec<&ObligationView> = all().filter(|o| o.state == State::JudgementDue).collect();
    let line = |o: &ObligationView, class: &str, mark: &str| {
        html! {
            div class={ "check " (class) } {
                span.mark aria-hidden="true" { (mark) }
                span { a href=(address(&view.framework, &o.id, "")) { b { (o.says) } } @if o.exceptions > 0 { br; span.muted { (thousands(o.exceptions)) @if o.exceptions == 1 { " exception" } @else { " exceptions" } } } }
                span.key.faint { (o.id) }
            }
        }
    };
    html! {
        section.card {
            header { h2 { "Needs you" } span.small.muted.num { (bad + risks.len() + due.len()) } }
            div.body.narrow {
                @if bad + risks.len() + due.len() == 0 { (empty("Obligations that are broken or at risk, and judgements that are due, come here after each run.", &html! {})) }
                @for o in open.iter().take(8) { (line(o, "bad", "!")) }
                @for o in risks.iter().take(4) { (line(o, "wait", "!")) }
                @for o in due.iter().take(6) { (line(o, "wait", "J")) }
                @if due.len() > 6 { p.small.muted { "and " (due.len() - 6) " more judgements" } }
            }
        }
    }
}

async fn part(
    visit: Visit,
    Path(id): Path<String>,
    Query(asked): Query<obligation::Asked>,
) -> Result<Response, WebError> {
    let conformity = require(&visit)?;
    let framework = framework(conformity, &Asked::of(&asked.framework))?;
    let declared = conformity.declarations().framework(&framework);
    if declared.is_some_and(|f| f.obligations.contains_key(&id)) {
        return Ok(obligation::show(&visit, conformity, &framework, &id, &asked).await?.into_response());
    }
    // an obligation of another framework is found by its id alone
    let other = conformity.declarations().frameworks.iter().find(|f| f.obligations.contains_key(&id));
    match other {
        Some(other) if asked.framework.is_empty() => {
            Ok(obligation::show(&visit, conformity, &other.id, &id, &asked).await?.into_response())
        }
        _ => Ok(chapter::show(&visit, conformity, &framework, &id, &asked.as_of).await?.into_response()),
    }
}

async fn run(visit: Visit) -> Result<Redirect, WebError> {
    let conformity = require(&visit)?;
    if !MAY_RUN.iter().any(|r| visit.caller.has(r)) {
        let message =
            format!("You may not ask for a run. This is for: {}.", MAY_RUN.join(", ").replace('_', " "));
        let problem = Problem::new("", "permission", message);
        return Err(proofdesk_engine::Error::Forbidden(Problems(vec![problem])).into());
    }
    conformity.run(&Scope::all(), &format!("asked by {}", visit.account.name), Door::Page).await?;
    Ok(Redirect::to("/conformity"))
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn lengths_are_read_with_two_digits() {
        assert_eq!(seconds(312_345), "0.31 s");
    }
}

//! Making it, and what was made: links to everything, the obligations that turned, and the next ten steps.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use proofdesk_conformity::control::Kind;
use proofdesk_conformity::view::ObligationView;
use proofdesk_conformity::{Conformity, Overview, Scope, State};
use proofdesk_engine::Door;
use proofdesk_setup::{Bearing, Error, NextStep, Plan, Said};

use crate::error::WebError;
use crate::layout::escape_query;
use crate::menu::slug;
use crate::pages::conformity;
use crate::pages::setup::{MADE, So, desk, differ, frame, groups, require, review, so_far};
use crate::parts::empty::{empty, notice};
use crate::session::Visit;

/// Next steps shown.
const STEPS: usize = 10;

/// Makes what is new, runs all tests, and keeps which obligations hold since then.
pub async fn make(visit: Visit) -> Result<Response, WebError> {
    let guide = require(&visit)?;
    let So { answers, known } = so_far(&visit, guide).await?;
    let before = holding(&visit).await?;
    match desk(&visit, guide).make(&answers, &known).await {
        Ok(_) => {}
        Err(Error::Answers(wrong)) => {
            let page = review(&visit, guide, Some(wrong)).await?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
        Err(other) => return Err(other.into()),
    }
    visit.state.hear(Said::load(visit.engine()).await?);
    visit.state.set_begun();
    if let Ok(found) = conformity::require(&visit) {
        found.run(&Scope::all(), &format!("after set-up by {}", visit.account.name), Door::Page).await?;
    }
    let after = holding(&visit).await?;
    let mut turned: BTreeSet<String> = after.difference(&before).cloned().collect();
    turned.extend(proofdesk_setup::turned(visit.engine()).await?.unwrap_or_default());
    turned.retain(|id| after.contains(id));
    let turned: Vec<String> = turned.into_iter().collect();
    proofdesk_setup::keep_turned(visit.engine(), &turned).await?;
    Ok(Redirect::to(&format!("/setup/{MADE}")).into_response())
}

async fn overview(found: &Conformity) -> Result<Overview, WebError> {
    let framework = conformity::framework(found, &conformity::Asked::of(""))?;
    Ok(found.overview(&framework, &Scope::all()).await?)
}

fn obligations(view: &Overview) -> impl Iterator<Item = &ObligationView> {
    view.chapters.iter().flat_map(|c| &c.clauses).flat_map(|c| &c.obligations)
}

/// The obligations that conform; none where conformity is not part of the program.
async fn holding(visit: &Visit) -> Result<BTreeSet<String>, WebError> {
    let Ok(found) = conformity::require(visit) else { return Ok(BTreeSet::new()) };
    let view = overview(found).await?;
    Ok(obligations(&view).filter(|o| o.state == State::Conforming).map(|o| o.id.clone()).collect())
}

/// Which obligations that do not hold ask about records of which type.
fn bearing(found: &Conformity, view: &Overview) -> Bearing {
    let open: BTreeSet<&str> =
        obligations(view).filter(|o| o.state != State::Conforming).map(|o| o.id.as_str()).collect();
    let mut bearing = Bearing::default();
    let asked = found.declarations().controls.tests.values().filter(|t| !matches!(t.kind, Kind::Attest(_)));
    for test in asked {
        let serves = test.serves.iter().filter(|s| s.framework == view.framework);
        for obligation in serves.map(|s| s.obligation.as_str()).filter(|o| open.contains(o)) {
            for population in test.populations() {
                bearing.add(&population.record_type, obligation);
            }
        }
    }
    bearing
}

/// What was made and what comes next.
pub async fn show(visit: Visit) -> Result<Response, WebError> {
    let guide = require(&visit)?;
    let So { answers, known } = so_far(&visit, guide).await?;
    let Some(turned) = proofdesk_setup::turned(visit.engine()).await? else {
        let (done, all) = answers.progress(guide);
        return Ok(frame(&visit, "What was made", nothing_yet(done, all)).into_response());
    };
    let desk = desk(&visit, guide);
    let plan = Plan::of(guide, &answers, &known, visit.registry());
    let summary = desk.summary(&plan).await?;
    let (new, made, present) = summary.counts();
    let (view, steps) = match conformity::require(&visit) {
        Ok(found) => {
            let view = overview(found).await?;
            let steps = desk.next_steps(&bearing(found, &view), STEPS).await?;
            (Some(view), steps)
        }
        Err(_) => (None, Vec::new()),
    };
    let body = html! {
        div.row.between {
            div.stack.tight {
                h1 { "Your desk is set up" }
                p.muted { b.num { (made) } @if made == 1 { " record was made as a draft or plan" } @else { " records were made as drafts and plans" } @if present > 0 { "; " b.num { (present) } @if present == 1 { " was there and is kept" } @else { " were there and are kept" } } "." }
            }
            div.row { a.button href="/setup" { "Change answers" } a.button.primary href="/conformity" { "Open the conformity page" } }
        }
        @if new > 0 { (notice("risk", "Something that follows from your answers is not made yet", &html! { p.small { a href="/setup/summary" { "See what, and make it" } } })) }
        (differ::card(&visit, guide, &summary, &desk.unnamed(&answers, &known)))
        div.setup {
            section.card {
                header { h2 { "The next steps" } span.small.muted { "those first that bear on most obligations" } }
                ol.steps { @for (i, step) in steps.iter().enumerate() { (next(&visit, i, step)) } }
            }
            aside.stack {
                @if let Some(view) = &view { (turned_card(view, &turned)) }
                section.card { header { h2 { "Accounts" } } div.body.prose.small {
                    p { "People who were made cannot sign in yet. An administrator gives them an account, with the roles of their work; each holder of a role then accepts it." }
                    @if visit.caller.has("administrator") { p { a href="/accounts" { "Open the accounts" } } }
                    @else { p.muted { "You are no administrator: ask one of them." } }
                } }
            }
        }
        h2 { "What was made" }
        (groups(&visit, &summary))
    };
    Ok(frame(&visit, "What was made", body).into_response())
}

/// What is to be done before anything can be shown.
fn nothing_yet(done: usize, all: usize) -> Markup {
    html! {
        h1 { "Nothing was made yet" }
        (empty(
            "What set-up made, which obligations turned with it, and the next steps come here once it has run.",
            &html! {
                p { "So far " b.num { (done) } " of " span.num { (all) } " questions are answered. Answer them, look at what will be made, and press the button there: only then something is written." }
                div.row {
                    a.button.primary href="/setup" { @if done == 0 { "Begin with the questions" } @else { "Go on with the questions" } }
                    a.button href="/setup/summary" { "See what will be made" }
                }
            },
        ))
    }
}

fn next(visit: &Visit, at: usize, step: &NextStep) -> Markup {
    let Some(of) = visit.registry().get(&step.of) else { return html! {} };
    let address = match &step.filter {
        Some(filter) => format!("/{}?filter={}", slug(of), escape_query(filter)),
        None => format!("/{}/new", slug(of)),
    };
    html! {
        li {
            span.num.faint { (at + 1) }
            div {
                a href=(address) { b { (step.label) } }
                p.small.muted { (step.says) }
            }
            div.small.muted.end {
                @if step.waiting > 0 { span.num { (step.waiting) } " waiting" br; }
                "bears on " span.num { (step.bears.len()) } @if step.bears.len() == 1 { " obligation" } @else { " obligations" }
            }
        }
    }
}

fn turned_card(view: &Overview, turned: &[String]) -> Markup {
    let (conforming, can_hold) = State::share(obligations(view).map(|o| o.state));
    let holds: Vec<&ObligationView> =
        obligations(view).filter(|o| o.state == State::Conforming && turned.contains(&o.id)).collect();
    html! {
        section.card {
            header { h2 { "Conformity" } a.small.muted href="/conformity" { "Clause map" } }
            div.body.stack {
                div.stat { div.value { (conforming) " of " (can_hold) } div.label { "obligations that can hold now conform" } }
                @if holds.is_empty() { p.small.muted { "Drafts and plans prove little: obligations turn with the first steps that people take." } }
                @else {
                    p.small.muted { (holds.len()) " turned with set-up. All others wait for what only people can do." }
                    ul { @for o in holds.iter().take(8) { li.check.ok { span.mark aria-hidden="true" { "✓" } span { a href={ "/conformity/" (o.id) } { (o.says) } } span.key.faint { (o.id) } } } }
                    @if holds.len() > 8 { details { summary.small.muted { "and " (holds.len() - 8) " more" } ul { @for o in holds.iter().skip(8) { li.check.ok { span.mark aria-hidden="true" { "✓" } span { a href={ "/conformity/" (o.id) } { (o.says) } } span.key.faint { (o.id) } } } } } }
                }
            }
        }
    }
}

//! Guided set-up: pages of questions, what would be made, making it, and what comes next.
//!
//! What is asked and what is made is data of the crate `setup`; nothing here names a record type. Answers are kept
//! with every page that is sent, also while something is wrong with them, so that going back loses nothing.

mod differ;
mod form;
mod made;

use axum::Router;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use maud::{Markup, html};
use proofdesk_engine::{Door, Error, Problem, Problems};
use proofdesk_setup::{Answers, Desk, Guide, Known, Page as Sheet, Plan, Standing, Summary, Wrong};
use serde::Deserialize;

use crate::error::WebError;
use crate::form::Typed;
use crate::form::sent::Texts;
use crate::layout::{self, Page};
use crate::menu::slug;
use crate::pages::address;
use crate::parts::empty::notice;
use crate::parts::tag::tag;
use crate::session::Visit;
use crate::state::AppState;

/// Who may set a desk up.
const MAY: [&str; 2] = ["administrator", "sms_manager"];
/// The page after the questions.
const SUMMARY: &str = "summary";
/// The page after the making.
const MADE: &str = "made";

/// `/setup` and what is under it.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/setup", get(begin))
        .route("/setup/summary", get(summary).post(made::make))
        .route("/setup/made", get(made::show))
        .route("/setup/{page}", get(ask).post(answer))
}

/// Whether the visitor should be led to set-up: he may do it, and the desk has nothing yet.
pub(crate) async fn is_wanted(visit: &Visit) -> bool {
    let Some(guide) = visit.state.setup.as_ref().filter(|_| MAY.iter().any(|r| visit.caller.has(r))) else {
        return false;
    };
    if visit.state.is_begun() {
        return false;
    }
    let is_empty = desk(visit, guide).is_empty().await.unwrap_or(false);
    if !is_empty {
        visit.state.set_begun();
    }
    is_empty
}

/// The way to set-up on the first pages of an empty desk.
pub(crate) async fn invitation(visit: &Visit) -> Markup {
    let Some(guide) = visit.state.setup.as_ref() else { return html! {} };
    if !is_wanted(visit).await {
        return html! {};
    }
    notice(
        "",
        "This desk is empty",
        &html! { div.row.between { p.small { "Guided set-up asks " (guide.questions().count()) " questions and makes services, roles, processes, duties and a scope in draft." } a.button.primary href="/setup" { "Set up this desk" } } },
    )
}

fn desk<'a>(visit: &'a Visit, guide: &'a Guide) -> Desk<'a> {
    let is_zoned = visit.state.settings.is_zoned;
    Desk {
        engine: visit.engine(),
        guide,
        caller: &visit.caller,
        door: Door::Page,
        zone: visit.zone(),
        is_zoned,
    }
}

/// The questions, for who may answer them.
fn require(visit: &Visit) -> Result<&Guide, WebError> {
    let missing = || WebError::NotFound("page at this address".to_owned());
    let guide = visit.state.setup.as_deref().ok_or_else(missing)?;
    if MAY.iter().any(|r| visit.caller.has(r)) {
        return Ok(guide);
    }
    let message = "Guided set-up is for administrators and SMS managers. Ask one of them.";
    Err(Error::Forbidden(Problems(vec![Problem::new("", "permission", message)])).into())
}

/// What is answered so far, and what the desk knows.
struct So {
    answers: Answers,
    known: Known,
}

async fn so_far(visit: &Visit, guide: &Guide) -> Result<So, WebError> {
    let answers = Answers::kept(visit.engine(), guide).await?;
    let known = desk(visit, guide).known().await?;
    Ok(So { answers, known })
}

async fn begin(visit: Visit) -> Result<Response, WebError> {
    let guide = require(&visit)?;
    let So { answers, known } = so_far(&visit, guide).await?;
    let (done, all) = answers.progress(guide);
    let open = guide.pages.iter().find(|p| !is_answered(p, &answers));
    let next = open.map_or(SUMMARY, |p| &p.name);
    let has_made = proofdesk_setup::turned(visit.engine()).await?.is_some();
    let is_other = !has_made && !desk(&visit, guide).is_empty().await?;
    let wrong = answers.wrong(guide, &known);
    let body = html! {
        div.stack.tight {
            h1 { "Set up this desk" }
            p.muted { (all) " questions on " (guide.pages.len()) " short pages: twenty minutes, or as many sittings as you like. Every page that you send is kept." }
        }
        @if has_made { (notice("ok", "This desk was set up", &html! { p.small { a href="/setup/made" { "See what was made and what comes next" } ". You can go through the questions again: what is there is kept as it is, and only what is new is made." } })) }
        @if is_other { (notice("", "This desk is running already, and guided set-up made nothing of it", &html! { p.small { "It was set up another way: it has services, roles or processes of its own. You can go through the questions all the same. What the desk has is kept as it is and stands in the answers where it can; what is missing would be made beside it. " a href="/setup/summary" { "See what that would be" } ", before anything is written." } })) }
        div.setup {
            section.card {
                header { h2 { "Pages" } span.small.muted.num { (done) " of " (all) " answered" } }
                ol.steps {
                    @for (i, page) in guide.pages.iter().enumerate() {
                        @let faults = wrong.iter().filter(|w| page.questions.iter().any(|q| q.name == w.question)).count();
                        li {
                            span.num.faint { (i + 1) }
                            div { a href={ "/setup/" (page.name) } { b { (page.label) } } p.small.muted { (page.says) } }
                            (standing(page, &answers, faults))
                        }
                    }
                    li {
                        span.num.faint { (guide.pages.len() + 1) }
                        div { a href="/setup/summary" { b { "See what will be made" } } p.small.muted { "Everything by name, before anything is written. Nothing is made until you say so." } }
                        span {}
                    }
                }
                div.body { a.button.primary href={ "/setup/" (next) } { @if done == 0 { "Begin" } @else { "Go on" } } }
            }
            aside.stack {
                section.card { header { h2 { "What set-up makes" } } div.body.prose.small {
                    p { "People, roles, customers, suppliers, services, service hours, an agreement with targets, twenty processes with figures, the interval of every duty, a first register of issues, parties and risks, an audit programme, management reviews, a scope, first objectives, the competence that roles need, and a service management plan: all as drafts and plans." }
                    p { "It makes no evidence. What nobody has judged, approved, accepted or done stays open, and the conformity page says so." }
                    p { "What the desk has already is kept as it is." }
                } }
                section.card { header { h2 { "From a file" } } div.body.prose.small {
                    p { "The same questions can be answered in an editor:" }
                    pre.mono { "proofdesk setup --print > answers.toml\nproofdesk setup --answers answers.toml" }
                } }
            }
        }
    };
    Ok(frame(&visit, "Set up", body).into_response())
}

fn is_answered(page: &Sheet, answers: &Answers) -> bool {
    page.questions.iter().all(|q| answers.0.contains_key(&q.name))
}

fn standing(page: &Sheet, answers: &Answers, faults: usize) -> Markup {
    let begun = page.questions.iter().any(|q| answers.0.contains_key(&q.name));
    match (is_answered(page, answers), faults) {
        (true, 0) => tag("Answered", Some("ok")),
        (true, n) => tag(&format!("{n} to mend"), Some("bad")),
        (false, _) if begun => tag("Begun", Some("risk")),
        (false, _) => tag("Open", None),
    }
}

fn frame(visit: &Visit, title: &str, body: Markup) -> Markup {
    let mut crumbs = vec![("Set up".to_owned(), Some("/setup".to_owned()))];
    if title != "Set up" {
        crumbs.push((title.to_owned(), None));
    }
    layout::frame(visit, Page::new(title, crumbs, body))
}

/// The pages as a line, with the present one.
fn line(guide: &Guide, answers: &Answers, present: &str) -> Markup {
    let mut stages: Vec<(&str, &str, bool)> =
        guide.pages.iter().map(|p| (p.name.as_str(), p.label.as_str(), is_answered(p, answers))).collect();
    stages.push((SUMMARY, "Summary", false));
    html! {
        nav aria-label="Pages of set-up" { ol.stages {
            @for (name, label, done) in stages {
                @let now = name == present;
                li class=[if now { Some("now") } else { done.then_some("done") }] { a href={ "/setup/" (name) } aria-current=[now.then_some("step")] { (label) @if done && !now { span.sr { ", answered" } } } }
            }
        } }
    }
}

#[derive(Default, Deserialize)]
struct Asked {
    /// Empty rows to show at this question.
    #[serde(default)]
    more: String,
}

async fn ask(visit: Visit, Path(name): Path<String>, Query(asked): Query<Asked>) -> Result<Markup, WebError> {
    let guide = require(&visit)?;
    let sheet = page_of(guide, &name)?;
    let so = so_far(&visit, guide).await?;
    // what was answered badly is said when one comes back to it, not before it was answered
    let given = |w: &Wrong| so.answers.0.contains_key(&w.question);
    let wrong: Vec<Wrong> = so.answers.wrong(guide, &so.known).into_iter().filter(given).collect();
    let doubts: Vec<Wrong> = so.answers.doubtful(guide, &so.known).into_iter().filter(given).collect();
    Ok(render(&visit, guide, sheet, &so, (&wrong, &doubts), &asked.more))
}

fn page_of<'a>(guide: &'a Guide, name: &str) -> Result<&'a Sheet, WebError> {
    let missing = || WebError::NotFound("page at this address".to_owned());
    guide.pages.iter().find(|p| p.name == name).ok_or_else(missing)
}

/// What is said of the questions of a page.
fn of_page<'a>(sheet: &Sheet, said: &'a [Wrong]) -> Vec<&'a Wrong> {
    said.iter().filter(|w| sheet.questions.iter().any(|q| q.name == w.question)).collect()
}

/// Doubts in a word, for the form that showed them: sent again with them, it goes on.
fn seen(doubts: &[&Wrong]) -> String {
    doubts.iter().map(|d| format!("{} {}", d.at, d.says)).collect::<Vec<_>>().join("; ")
}

/// A page of questions, with what is wrong with its answers and what is doubtful about them.
fn render(
    visit: &Visit,
    guide: &Guide,
    sheet: &Sheet,
    so: &So,
    (wrong, doubts): (&[Wrong], &[Wrong]),
    more: &str,
) -> Markup {
    let (own, doubts) = (of_page(sheet, wrong), of_page(sheet, doubts));
    let at = guide.pages.iter().position(|p| p.name == sheet.name).unwrap_or_default();
    let body = html! {
        div.stack.tight {
            h1 { (sheet.label) }
            p.muted { "Page " (at + 1) " of " (guide.pages.len()) ". " (sheet.says) }
        }
        (line(guide, &so.answers, &sheet.name))
        @if !own.is_empty() {
            div.notice.bad.within role="alert" {
                b { "Your answers are kept. Before anything can be made:" }
                ul { @for w in &own { li { a.link href={ "#q-" (w.at) } { (form::name_of(guide, w)) } ": " (w.says) } } }
            }
        }
        @if !doubts.is_empty() { (doubtful(guide, &doubts, "Your answers are kept. Look at these again; if they are meant so, go on:")) }
        form.form.questions method="post" action={ "/setup/" (sheet.name) } novalidate {
            // the first button is the one that the enter key presses
            button.sr type="submit" name="act" value="next" tabindex="-1" aria-hidden="true" { "Next" }
            @if !doubts.is_empty() { input type="hidden" name="seen" value=(seen(&doubts)); }
            @for question in &sheet.questions { (form::question(guide, so, question, &own, more)) }
            div.row.between {
                @if at > 0 { button.button name="act" value="back" { "Back" } } @else { a.button.quiet href="/setup" { "Overview" } }
                div.row {
                    button.button name="act" value="save" { "Keep and leave" }
                    button.button.primary name="act" value="next" { "Next" }
                }
            }
        }
    };
    frame(visit, &sheet.label, body)
}

/// Answers that can be taken and may not be meant, each with its question.
fn doubtful(guide: &Guide, doubts: &[&Wrong], says: &str) -> Markup {
    html! {
        div.notice.risk.within role="status" {
            b { (says) }
            ul { @for d in doubts { li {
                @let page = guide.page_of(&d.question).map_or("", |page| page.name.as_str());
                a.link href={ "/setup/" (page) "#q-" (d.at) } { (form::name_of(guide, d)) } ": " (d.says)
            } } }
        }
    }
}

async fn answer(visit: Visit, Path(name): Path<String>, Texts(pairs): Texts) -> Result<Response, WebError> {
    let guide = require(&visit)?;
    let sheet = page_of(guide, &name)?;
    let typed = Typed::new(pairs);
    let given = form::read(sheet, &typed);
    given.keep(visit.engine()).await?;
    let so = so_far(&visit, guide).await?;
    if let Some(said) = desk(&visit, guide).hear_again(&so.answers, &so.known).await? {
        visit.state.hear(said);
    }
    let act = typed.text("act").unwrap_or_default();
    let at = guide.pages.iter().position(|p| p.name == sheet.name).unwrap_or_default();
    let to = match act.split_once(' ') {
        Some(("more", question)) => {
            return Ok(Redirect::to(&format!("/setup/{name}?more={question}#q-{question}")).into_response());
        }
        _ if act == "back" => {
            guide.pages.get(at.wrapping_sub(1)).map_or("/setup".to_owned(), |p| format!("/setup/{}", p.name))
        }
        _ if act == "save" => "/setup".to_owned(),
        _ => guide.pages.get(at + 1).map_or(format!("/setup/{SUMMARY}"), |p| format!("/setup/{}", p.name)),
    };
    if act == "next" {
        let (wrong, doubts) = (so.answers.wrong(guide, &so.known), so.answers.doubtful(guide, &so.known));
        let own = of_page(sheet, &doubts);
        let is_new = !own.is_empty() && typed.text("seen").unwrap_or_default() != seen(&own);
        if !of_page(sheet, &wrong).is_empty() {
            let page = render(&visit, guide, sheet, &so, (&wrong, &doubts), "");
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
        if is_new {
            return Ok(render(&visit, guide, sheet, &so, (&wrong, &doubts), "").into_response());
        }
    }
    Ok(Redirect::to(&to).into_response())
}

async fn summary(visit: Visit) -> Result<Markup, WebError> {
    let guide = require(&visit)?;
    review(&visit, guide, None).await
}

/// What would be made, with what stands in the way.
async fn review(visit: &Visit, guide: &Guide, wrong: Option<Vec<Wrong>>) -> Result<Markup, WebError> {
    let So { answers, known } = so_far(visit, guide).await?;
    let desk = desk(visit, guide);
    let wrong = match wrong {
        Some(found) => found,
        None => desk.problems(&answers, &known).await?,
    };
    let plan = Plan::of(guide, &answers, &known, visit.registry());
    let summary = desk.summary(&plan).await?;
    let (new, made, present) = summary.counts();
    let unnamed = desk.unnamed(&answers, &known);
    let doubts = answers.doubtful(guide, &known);
    let body = html! {
        div.row.between {
            div.stack.tight {
                h1 { "What will be made" }
                p.muted {
                    b.num { (new) } @if new == 1 { " record" } @else { " records" } ": drafts, plans, and what your answers decide, such as who holds a role. The word beside each is its state."
                    @if made > 0 { " Made by set-up before: " b.num { (made) } "." }
                    @if present > 0 { " On the desk already, and kept as it is: " b.num { (present) } "." }
                }
            }
            @if wrong.is_empty() && new > 0 { (make_button(new)) }
        }
        (line(guide, &answers, SUMMARY))
        @if !wrong.is_empty() {
            div.notice.bad role="alert" {
                b { "Nothing can be made yet" }
                ul { @for w in &wrong { li {
                    @match guide.page_of(&w.question) {
                        Some(page) => { a.link href={ "/setup/" (page.name) "#q-" (w.at) } { (form::name_of(guide, w)) } ": " (w.says) },
                        None => (w.says),
                    }
                } } }
            }
        }
        @if !doubts.is_empty() { (doubtful(guide, &doubts.iter().collect::<Vec<_>>(), "Look at these again; if they are meant so, nothing is to be done:")) }
        (differ::card(visit, guide, &summary, &unnamed))
        @if new == 0 && wrong.is_empty() { (notice("ok", "Everything that follows from your answers is there", &html! { p.small { a href="/setup/made" { "See what was made and what comes next" } } })) }
        (groups(visit, &summary))
        @if wrong.is_empty() && new > 0 {
            div.row.between {
                p.small.muted { "Set-up cannot be taken back as a whole. Each record can be corrected or retired on its own." }
                (make_button(new))
            }
        }
    };
    Ok(frame(visit, "Summary", body))
}

fn make_button(new: usize) -> Markup {
    html! { form.inline method="post" action="/setup/summary" { button.button.primary { "Make " (new) " records" } } }
}

/// Planned or made records by type: each type a fold, its names inside.
fn groups(visit: &Visit, summary: &Summary) -> Markup {
    html! {
        div.made {
            @for group in &summary.groups {
                @if let Some(of) = visit.registry().get(&group.of) {
                    section.card {
                        header {
                            h2 { a href={ "/" (slug(of)) } { @if group.outcomes.len() == 1 { (of.label) } @else { (of.plural) } } }
                            span.small.muted.num { (group.outcomes.len()) }
                        }
                        ul.body.narrow {
                            @for outcome in group.outcomes.iter().take(SHOWN) { (item(visit, outcome)) }
                            @if group.outcomes.len() > SHOWN {
                                li { details { summary.small.muted { "and " (group.outcomes.len() - SHOWN) " more" } ul { @for outcome in group.outcomes.iter().skip(SHOWN) { (item(visit, outcome)) } } } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Names of a type shown at once.
const SHOWN: usize = 6;

fn item(visit: &Visit, outcome: &proofdesk_setup::Outcome) -> Markup {
    html! {
        li.row.between.nowrap {
            @match &outcome.standing {
                Standing::New | Standing::Spared => { span { (outcome.title) } span.small.faint { (outcome.state) } },
                Standing::Made(reference) => { a href=(address(visit, reference)) { (outcome.title) } span.key.small.faint { (visit.registry().write_reference(reference)) } },
                Standing::Present(reference) => { a href=(address(visit, reference)) { (outcome.title) } span.small.faint { "kept" } },
            }
        }
    }
}

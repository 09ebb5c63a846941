//! What waits for the person who looks, over all kinds of records: steps that only some may take and he may, what is
//! asked of him by name, his own records that are late or soon due, and judgements that he may give.
//!
//! Everything comes from declared views: those with `needs=#true`, and `mine` together with `overdue`, `due` or
//! `attention`. Not here: lists of records (`list`), and how obligations stand (`conformity`).

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use futures_util::future::join_all;
use futures_util::{StreamExt as _, stream};
use maud::{Markup, html};
use proofdesk_conformity::view::ObligationView;
use proofdesk_conformity::{JUDGEMENT_ROLES, Scope, State};
use proofdesk_engine::{Action, ListRequest, Reading, Record};
use proofdesk_model::{Kind, RecordType, Transition, Value, View, format};

use crate::error::WebError;
use crate::layout::{self, Page, escape_query};
use crate::menu::{FAMILIES, count_words, slug};
use crate::pages::{conformity, steps};
use crate::parts::empty::empty;
use crate::parts::{tag, time};
use crate::session::Visit;
use crate::state::AppState;

/// Records shown of one lane; the rest is a list of its own.
const SHOWN: usize = 5;
/// Questions that are asked at the same time: of some eighty short ones at once, most of the time went into taking turns, and
/// each connection had to prepare what another one had prepared already.
const AT_ONCE: usize = 3;
/// Judgements shown.
const JUDGEMENTS: usize = 8;
/// Declared views that say what is late or soon will be.
const LATE: [&str; 3] = ["overdue", "due", "attention"];

/// `/needs`.
pub fn router() -> Router<AppState> {
    Router::new().route("/needs", get(show))
}

/// What is asked of one type: records that wait for the same thing.
struct Lane {
    label: String,
    filter: String,
    sort: String,
    descending: bool,
    /// It asks for a step of the visitor's, so what is missing for that step is said.
    step: bool,
    /// The column sorted by is the day or time by which something is due.
    dated: bool,
}

/// A lane with its first records.
struct Found {
    of: Arc<RecordType>,
    lane: Lane,
    records: Vec<Record>,
    /// What stands in the way of the step that each record waits for.
    missing: Vec<Vec<String>>,
    count: u64,
}

async fn show(visit: Visit) -> Result<Markup, WebError> {
    let types = visit.registry().types().filter(|t| visit.caller.may(t, &Action::Read));
    let asked: Vec<(Arc<RecordType>, Lane)> =
        types.flat_map(|of| lanes(&visit, of).into_iter().map(|lane| (of.clone(), lane))).collect();
    let mut found = Vec::new();
    let questions: Vec<_> = asked.into_iter().map(|(of, lane)| fill(&visit, of, lane)).collect();
    let mut answers = stream::iter(questions).buffered(AT_ONCE);
    while let Some(answer) = answers.next().await {
        found.push(answer?);
    }
    found.retain(|f| f.count > 0);
    let family = |of: &RecordType| FAMILIES.iter().position(|(name, _)| *name == of.family);
    found.sort_by_key(|f| family(&f.of));
    let judgements = judgements(&visit).await?;
    let to_read = visit.engine().to_read(&visit.caller).await?;
    let others = (judgements.len() + to_read.len()) as u64;
    let total: u64 = found.iter().map(|f| f.count).sum::<u64>() + others;
    let body = html! {
        div.stack.tight {
            h1 { "Needs you" }
            p.muted {
                @if total == 0 { "Nothing waits for you." }
                @else { b.num { (count_words(total)) } @if total == 1 { " thing waits" } @else { " things wait" } " for you: steps that you may take, and what is yours and late or soon due." }
            }
        }
        @if total == 0 {
            section.card { (empty("Approvals, documents to read, duties at planned intervals, judgements and your own work come here when they are due.", &html! { div.row { a.button href="/desk" { "Open the desk" } } })) }
        }
        div.needs {
            @if !to_read.is_empty() { (reading_card(&visit, &to_read)) }
            @for group in by_type(&found) { (card(&visit, &group)) }
            @if !judgements.is_empty() { (judgement_card(&judgements)) }
        }
    };
    Ok(layout::frame(&visit, Page::new("Needs you", vec![("Needs you".to_owned(), None)], body)))
}

/// What a type may ask of the visitor.
fn lanes(visit: &Visit, of: &RecordType) -> Vec<Lane> {
    let views: Vec<&View> =
        of.views.iter().filter(|v| visit.engine().is_view_for(&visit.caller, of, v)).collect();
    let view = |name: &str| views.iter().copied().find(|v| v.name == name);
    let source = |v: &View| v.condition.as_ref().map_or("true", |c| c.source()).to_owned();
    let mut found = Vec::new();
    for asking in views.iter().filter(|v| v.needs) {
        let filter = if asking.condition.as_ref().is_some_and(|c| c.uses_me()) {
            Some(source(asking))
        } else {
            may_step(visit, of).map(|states| format!("({}) && state in [{states}]", source(asking)))
        };
        found.extend(filter.map(|filter| lane(of, asking, asking.label.clone(), filter, true)));
    }
    let late: Vec<&View> = LATE.iter().filter_map(|name| view(name)).collect();
    if let (Some(mine), Some(first)) = (view("mine").filter(|v| !v.needs), late.first()) {
        let any: Vec<String> = late.iter().map(|v| format!("({})", source(v))).collect();
        let filter = format!("({}) && ({})", source(mine), any.join(" || "));
        let label =
            if first.name == "attention" { "Yours, in need of attention" } else { "Yours, late or soon due" };
        found.push(lane(of, first, label.to_owned(), filter, false));
    }
    found
}

fn lane(of: &RecordType, view: &View, label: String, filter: String, step: bool) -> Lane {
    let dated = view.sort.ends_with("_on") || view.sort.ends_with("_at") || view.sort.ends_with("_by");
    let dated = dated && of.field(&view.sort).is_some() && LATE.contains(&view.name.as_str());
    Lane { label, filter, sort: view.sort.clone(), descending: view.descending, step, dated }
}

/// The states from which the visitor may take the main step, written for a condition; none when there are none.
fn may_step(visit: &Visit, of: &RecordType) -> Option<String> {
    let may = |t: &&Transition| visit.caller.may(of, &Action::Transition(t.name.clone()));
    let main = |state: &str| {
        let steps: Vec<&Transition> = of.transitions_from(state).collect();
        let primary = steps.iter().filter(|t| t.primary).any(may);
        primary || (!steps.iter().any(|t| t.primary) && steps.iter().filter(|t| !t.roles.is_empty()).any(may))
    };
    let states: Vec<String> =
        of.states.iter().filter(|s| main(&s.name)).map(|s| format!("{:?}", s.name)).collect();
    (!states.is_empty()).then(|| states.join(", "))
}

async fn fill(visit: &Visit, of: Arc<RecordType>, lane: Lane) -> Result<Found, WebError> {
    let engine = visit.engine();
    let condition = engine.condition(&lane.filter, &of.name)?;
    let request = ListRequest {
        record_type: of.name.clone(),
        filter: Some(condition.clone()),
        sort: lane.sort.clone(),
        descending: lane.descending,
        after: None,
        limit: SHOWN,
    };
    let page = engine.list(&visit.caller, &request).await?;
    let count = match page.next {
        None => page.records.len() as u64,
        Some(_) => engine.count(&visit.caller, &of.name, Some(&condition), Some(1_000)).await?,
    };
    let asked = page.records.iter().map(|record| missing(visit, &lane, record));
    let missing = join_all(asked).await.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(Found { of, lane, records: page.records, missing, count })
}

/// Tries the step that a record waits for and says what would refuse it; what the form of the step asks for is no
/// obstacle.
async fn missing(visit: &Visit, lane: &Lane, record: &Record) -> Result<Vec<String>, WebError> {
    let Some(step) = steps::next(visit, record).filter(|_| lane.step) else { return Ok(Vec::new()) };
    let tried = steps::tried(visit, record, step).await?;
    Ok(tried.obstacles.into_iter().map(|problem| problem.message).collect())
}

/// Lanes of one type together.
fn by_type(found: &[Found]) -> Vec<Vec<&Found>> {
    let mut groups: Vec<Vec<&Found>> = Vec::new();
    for one in found {
        match groups.last_mut().filter(|g| g.iter().any(|f| f.of.name == one.of.name)) {
            Some(group) => group.push(one),
            None => groups.push(vec![one]),
        }
    }
    groups
}

fn card(visit: &Visit, lanes: &[&Found]) -> Markup {
    let Some(first) = lanes.first() else { return html! {} };
    let of = &first.of;
    html! {
        section.card {
            header { h2 { a href={ "/" (slug(of)) } { (of.plural) } } span.small.muted.num { (count_words(lanes.iter().map(|f| f.count).sum())) } }
            div.body.narrow {
                @for found in lanes {
                    @let list = format!("/{}?filter={}", slug(of), escape_query(&found.lane.filter));
                    div.row.between.small.lane { a.muted href=(list) { (found.lane.label) } span.faint.num { (count_words(found.count)) } }
                    @for (record, missing) in found.records.iter().zip(&found.missing) { (line(visit, found, record, missing)) }
                    @if found.count > found.records.len() as u64 { p.small { a.link href=(list) { "List all " (count_words(found.count)) span.sr { " " (of.plural) ": " (found.lane.label) } } } }
                }
            }
        }
    }
}

fn line(visit: &Visit, found: &Found, record: &Record, missing: &[String]) -> Markup {
    let due = found.lane.dated.then(|| due(visit, record, &found.lane.sort)).flatten();
    let late = due.as_ref().is_some_and(|(_, late)| *late);
    html! {
        div.check.bad[late].wait[!late] {
            span.mark aria-hidden="true" { @if late { "!" } @else { "→" } }
            span {
                a href={ "/" (slug(&record.of)) "/" (record.reference()) } { span.key.muted { (record.reference()) } " " b { (record.title()) } }
                @if let Some((says, _)) = &due { br; span.muted { (says) } }
                @if !missing.is_empty() { br; span.muted { "Before the step: " (missing.join(" ")) } }
            }
            (tag::state(record))
        }
    }
}

/// What a day or time says: its label and itself, and whether it has passed.
fn due(visit: &Visit, record: &Record, field: &str) -> Option<(Markup, bool)> {
    let declared = record.of.field(field)?;
    match (&declared.kind, record.get(field)) {
        (Kind::Day, Value::Day(day)) => {
            let late = i64::from(day) < visit.now.div_euclid(86_400_000_000);
            Some((html! { (declared.label) " " span.num { (format::write_day(day)) } }, late))
        }
        (Kind::Instant, Value::Instant(at)) => {
            Some((html! { (declared.label) " " (time::proven(at, visit.now, visit.zone())) }, at < visit.now))
        }
        _ => None,
    }
}

/// What is to be read, each with the button that says it was.
fn reading_card(visit: &Visit, to_read: &[Reading]) -> Markup {
    html! {
        section.card {
            header { h2 { "To read" } span.small.muted.num { (to_read.len()) } }
            div.body.narrow {
                div.row.between.small.lane { span.muted { "In force, for you: read it and say so" } }
                @for one in to_read {
                    @let at = format!("/{}/{}", slug(&one.record.of), one.record.reference());
                    div.check.wait {
                        span.mark aria-hidden="true" { "→" }
                        span {
                            a href=(at) { span.key.muted { (one.record.reference()) } " " b { (one.record.title()) } }
                            @if let Some(since) = one.since { br; span.muted { "Since " (time::proven(since, visit.now, visit.zone())) } }
                        }
                        form.inline method="post" action={ (at) "/read" } { button.button.small { "I have read this" span.sr { ": " (one.record.title()) } } }
                    }
                }
            }
        }
    }
}

/// Judgements that are due and that the visitor may give.
async fn judgements(visit: &Visit) -> Result<Vec<ObligationView>, WebError> {
    let Ok(found) = conformity::require(visit) else { return Ok(Vec::new()) };
    if !JUDGEMENT_ROLES.iter().any(|role| visit.caller.has(role)) {
        return Ok(Vec::new());
    }
    let framework = conformity::framework(found, &conformity::Asked::of(""))?;
    let view = found.overview(&framework, &Scope::all()).await?;
    let all = view.chapters.into_iter().flat_map(|c| c.clauses).flat_map(|c| c.obligations);
    Ok(all.filter(|o| o.state == State::JudgementDue).collect())
}

fn judgement_card(due: &[ObligationView]) -> Markup {
    html! {
        section.card {
            header { h2 { a href="/conformity" { "Judgements" } } span.small.muted.num { (due.len()) } }
            div.body.narrow {
                div.row.between.small.lane { span.muted { "Records are there; a person says whether they are good enough" } }
                @for o in due.iter().take(JUDGEMENTS) {
                    div.check.wait {
                        span.mark aria-hidden="true" { "J" }
                        a href={ "/conformity/" (o.id) } { b { (o.says) } }
                        span.key.faint { (o.id) }
                    }
                }
                @if due.len() > JUDGEMENTS { p.small { a.link href="/conformity" { "and " (due.len() - JUDGEMENTS) " more" } } }
            }
        }
    }
}

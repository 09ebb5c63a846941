//! Automations: which are on, what each does, and what it would have done by the history of past records.
//!
//! Not here: how one is carried out (`automation`). They are declared in files; these pages read only.

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use maud::{Markup, html};
use proofdesk_automation::{Automation, Error, Fired, Past};

use crate::error::WebError;
use crate::layout::{self, Page};
use crate::menu::slug;
use crate::parts::{tag, time};
use crate::session::Visit;
use crate::state::AppState;

/// Records that a dry run on the page looks at.
pub const LOOKED_AT: usize = 200;
/// Beginnings that it shows.
const SHOWN: usize = 50;

/// `/automations` and what is under it.
pub fn router() -> Router<AppState> {
    Router::new().route("/automations", get(list)).route("/automations/{name}", get(one))
}

impl From<Error> for WebError {
    fn from(error: Error) -> Self {
        match error {
            Error::Unknown(name) => Self::NotFound(format!("automation `{name}`")),
            Error::Engine(error) => error.into(),
            // only the program's start reads files
            Error::Declared(mistakes) => Self::NotFound(mistakes.join(" ")),
        }
    }
}

/// Who is only a requester learns nothing of how the desk works inside.
pub fn require(caller: &proofdesk_engine::Caller) -> Result<(), WebError> {
    if caller.roles.iter().any(|role| role != "requester") {
        return Ok(());
    }
    let says = "Automations are for those who work at the desk or look after it.";
    let problem = proofdesk_engine::Problem::new("automation", "forbidden", says);
    Err(proofdesk_engine::Error::Forbidden(proofdesk_engine::Problems(vec![problem])).into())
}

fn crumbs(last: Option<&str>) -> Vec<(String, Option<String>)> {
    let mut crumbs = vec![("Assurance".to_owned(), Some("/home/assurance".to_owned()))];
    match last {
        Some(last) => {
            crumbs.push(("Automations".to_owned(), Some("/automations".to_owned())));
            crumbs.push((last.to_owned(), None));
        }
        None => crumbs.push(("Automations".to_owned(), None)),
    }
    crumbs
}

fn type_label(visit: &Visit, name: &str) -> String {
    visit.registry().get(name).map_or_else(|| name.to_owned(), |of| of.label.clone())
}

async fn list(visit: Visit) -> Result<Markup, WebError> {
    require(&visit.caller)?;
    let all: Vec<&Automation> = visit.state.automations.iter().collect();
    let body = html! {
        div.stack.tight {
            h1 { "Automations" }
            p.muted { "What is done by itself when a condition begins to hold for a record. Each writes under its own name, so that the history of a record says what a program did." }
        }
        @if all.is_empty() {
            div.notice { p { "None is on. Name those of the program in the configuration (" code { "automations = [\"major-opens-problem\"]" } "), or put files of your own into " code { "automation/" } " of the site folder; docs/automation.md shows how." } }
        } @else {
            section.card { div.scroll { table.list {
                thead { tr { th scope="col" { "Automation" } th scope="col" { "Looks at" } th.spare scope="col" { "Begins when" } th.spare scope="col" { "Comes from" } } }
                tbody { @for a in &all { tr {
                    td.grow { a href={ "/automations/" (a.name) } { b { (a.name) } } br; span.small.muted { (a.says) } }
                    td { (type_label(&visit, &a.on)) }
                    td.spare { code { (a.when.source()) } }
                    td.spare { @if a.shipped { "the program" } @else { (a.place) } }
                } } }
            } } }
        }
    };
    Ok(layout::frame(&visit, Page::new("Automations", crumbs(None), body)))
}

async fn one(visit: Visit, Path(name): Path<String>) -> Result<Markup, WebError> {
    require(&visit.caller)?;
    let automation = visit.state.automations.get(&name)?;
    let past = visit.state.automations.past(visit.engine(), &visit.caller, &name, LOOKED_AT).await?;
    let body = html! {
        div.stack.tight {
            h1 { (automation.name) }
            p { (automation.says) }
        }
        section.card {
            header { h2 { "What it does" } }
            div.body { dl.facts {
                dt { "Looks at" } dd { (type_label(&visit, &automation.on)) }
                dt { "Begins when" } dd { code { (automation.when.source()) } " begins to hold" }
                @if let Some(also) = &automation.also { dt { "And only if" } dd { code { (also.source()) } } }
                dt { "Then" } dd { ol { @for act in &automation.acts { li { (act.words()) } } } }
                dt { "Declared in" } dd { (automation.place) @if automation.shipped { " of the program" } }
            } }
        }
        (tried(&visit, automation, &past))
    };
    Ok(layout::frame(&visit, Page::new(&automation.name, crumbs(Some(&automation.name)), body)))
}

fn tried(visit: &Visit, automation: &Automation, past: &Past) -> Markup {
    let plural = if past.records == 1 { "record" } else { "records" };
    let left = past.fired.len().saturating_sub(SHOWN);
    html! { section.card {
        header { h2 { "Dry run" } span.small.muted.num { (past.fired.len()) } }
        div.body { p.muted {
            "By the history of " @if past.is_part { "the " } b.num { (past.records) } " " (plural)
            @if past.is_part { " changed last" } ", the condition began to hold as below; where it holds, what would be done now stands under the record. Nothing was written for this."
        } }
        @if past.fired.is_empty() {
            div.body { p { "It never did." } }
        } @else {
            div.scroll { table.list {
                thead { tr { th scope="col" { "Record" } th.spare scope="col" { "Began" } th scope="col" { "Now" } } }
                tbody { @for fired in past.fired.iter().take(SHOWN) { (row(visit, automation, fired)) } }
            } }
            @if left > 0 { div.body { p.small.muted { (left) " older ones are not shown; " code { "proofdesk automations try" } " lists all." } } }
        }
    } }
}

fn row(visit: &Visit, automation: &Automation, fired: &Fired) -> Markup {
    let of = visit.registry().get(&automation.on);
    let address = of.map(|of| format!("/{}/{}", slug(of), fired.reference)).unwrap_or_default();
    html! { tr {
        td.grow {
            a href=(address) { span.key { (fired.reference) } " " (fired.title) }
            @if !fired.would.is_empty() { ul.small.muted { @for would in &fired.would { li { (would) } } } }
            @for refused in &fired.refused { p.small { (tag::tag("Refused", Some("bad"))) " " (refused) } }
        }
        td.spare { (time::proven(fired.at, visit.now, visit.zone())) br; span.small.faint { "by " (fired.by) } }
        td { @if fired.acted { (tag::tag("Acted on", Some("ok"))) } @else if fired.holds { (tag::tag("Holds", Some("info"))) } @else if fired.barred { (tag::tag("Left out", None)) br; span.small.faint { "“And only if” does not hold" } } @else { (tag::tag("Over", None)) } }
    } }
}

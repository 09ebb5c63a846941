//! Figures of a type of work: computed from the records' whole history, as charts with their numbers beside them.

mod charts;

use axum::Router;
use axum::extract::Query;
use axum::routing::get;
use maud::{Markup, html};
use proofdesk_model::RecordType;
use proofdesk_report::{Figures, Scope};
use serde::Deserialize;

use crate::error::WebError;
use crate::layout::{self, Page};
use crate::menu;
use crate::parts::empty::{empty, notice};
use crate::parts::number::thousands;
use crate::parts::tabs::{Tab, tabs};
use crate::parts::time;
use crate::session::Visit;
use crate::state::AppState;

/// A page waits this long for figures that were never computed; then it says that they are on their way.
const PATIENCE: std::time::Duration = std::time::Duration::from_millis(25);

/// `/figures`.
pub fn router() -> Router<AppState> {
    Router::new().route("/figures", get(show))
}

#[derive(Default, Deserialize)]
struct Asked {
    #[serde(default, rename = "type")]
    of: String,
}

async fn show(visit: Visit, Query(asked): Query<Asked>) -> Result<Markup, WebError> {
    let types: Vec<&std::sync::Arc<RecordType>> = visit
        .registry()
        .types()
        .filter(|t| t.family == "work" && !t.clocks.is_empty() && visit.caller.reads_notes(t))
        .collect();
    let missing = || WebError::NotFound("page at this address".to_owned());
    if visit.caller.is_mere_requester() {
        return Err(missing());
    }
    let of = match asked.of.as_str() {
        "" => types.first(),
        name => types.iter().find(|t| t.name == name),
    };
    let of: &RecordType = of.ok_or_else(missing)?;
    let mut scope = Scope::of(&of.name);
    scope.zone = visit.zone().clone();
    let found = visit.state.figures.of(visit.engine(), scope, PATIENCE).await?;
    let found_tabs: Vec<Tab> = types
        .iter()
        .map(|t| Tab {
            label: t.plural.clone(),
            count: None,
            address: format!("/figures?type={}", t.name),
            current: t.name == of.name,
        })
        .collect();
    let body = html! {
        div.stack.tight { h1 { "Figures" } p.muted { "Computed from the history of every record, imported ones included. Nothing is entered by hand." } }
        (tabs("Kinds of work", &found_tabs, &html! {}))
        @match &found {
            None => (notice("", "The figures are being computed", &html! { p.small { "The whole history is read once. " a.link href={ "/figures?type=" (of.name) } { "Look again in a moment." } } })),
            Some(Err(why)) => (notice("bad", "The figures could not be computed", &html! { p.small { (why) } })),
            Some(Ok(snapshot)) => {
                @let figures = &snapshot.figures;
                p.small.muted { "As of " (time::proven(snapshot.at, visit.now, visit.zone())) ", over the first " (thousands(snapshot.log_size)) " entries of the log." }
                @if figures.volume.records == 0 { section.card { (empty(&format!("No {} are recorded yet.", of.plural.to_lowercase()), &html! {})) } }
                @else { (content(&visit, of, figures)) }
            }
        }
    };
    let crumbs =
        vec![("Assurance".to_owned(), Some("/home/assurance".to_owned())), ("Figures".to_owned(), None)];
    Ok(layout::frame(&visit, Page::new("Figures", crumbs, body)))
}

fn content(visit: &Visit, of: &RecordType, f: &Figures) -> Markup {
    let number = |name: &str| f.reopened.get(name).copied().unwrap_or_default();
    let resolution = f.target_met.clocks.get("resolution").and_then(|by| by.get("all"));
    let recorded = f.target_met.recorded.get("all");
    html! {
        div.grid-4 {
            (stat(&thousands(f.volume.records), &format!("{} in {} events", of.plural.to_lowercase(), thousands(f.volume.events))))
            @match (resolution, recorded) {
                (Some(s), _) => (stat(&percent(s.percent), &format!("made their resolution target, {} of {}", thousands(s.met), thousands(s.total)))),
                (None, Some(s)) => (stat(&percent(s.percent), &format!("made their target as the source recorded it, {} of {}", thousands(s.met), thousands(s.total)))),
                _ => (stat("none", "had a target")),
            }
            (stat(&percent(number("percent")), &format!("reopened, {:.0} records", number("records"))))
            (stat(&percent(f.reassigned.share.percent), &format!("given to another team, {} records", thousands(f.reassigned.share.met))))
        }
        section.card { div.body.stack { (charts::backlog(f)) } }
        div.grid-2 {
            section.card { div.body { (charts::by_month(f)) } }
            section.card { div.body { (charts::targets(of, f)) } }
            section.card { div.body { (charts::reassignments(f)) } }
            section.card { div.body { (charts::top(f, "category", "Most frequent categories")) } }
        }
        (hours(of, f))
        div.grid-2 {
            @for (field, label) in [("team", "Teams"), ("closure_code", "How they ended"), ("service", "Services"), ("category", "Categories")] {
                @if let Some(rows) = f.top.get(field).filter(|r| !r.is_empty()) { (top_table(label, rows)) }
            }
        }
        (sets(of, f))
        p.small.muted { "Events by the busiest minute: " (f.events_in_busiest_minute) ". Different ways through the states: " (thousands(f.variants)) ". Time zone of days and months: " (visit.zone().iana_name().unwrap_or("UTC")) "." }
    }
}

fn stat(value: &str, label: &str) -> Markup {
    html! { section.card { div.body.stat { div.value { (value) } div.label { (label) } } } }
}

fn percent(value: f64) -> String {
    format!("{value:.1} %")
}

/// What a figure of hours is called.
fn hours_label(name: &str) -> String {
    match name {
        "to_resolve_recorded" => "To resolve, as recorded".to_owned(),
        "to_resolve_effective" => "To resolve".to_owned(),
        "to_resolve_net_of_waiting" => "To resolve, without waiting for the customer".to_owned(),
        other => {
            let mut words = other.replace('_', " ");
            if let Some(first) = words.get_mut(0..1) {
                first.make_ascii_uppercase();
            }
            words
        }
    }
}

/// Hours as a table: mean, median, nine of ten, by priority.
fn hours(of: &RecordType, f: &Figures) -> Markup {
    html! {
        section.card {
            header { h2 { "Hours" } span.small.muted { "calendar hours" } }
            div.scroll tabindex="0" role="group" aria-label="Table" { table.list {
                thead { tr { th scope="col" { "From the report" } th scope="col" { "Priority" } th.num scope="col" { "Records" } th.num scope="col" { "Mean" } th.num scope="col" { "Median" } th.num scope="col" { "9 of 10 within" } th.num.spare scope="col" { "Longest" } } }
                tbody { @for (name, spreads) in &f.hours { @for (i, (priority, spread)) in spreads.iter().enumerate() { tr {
                    td.grow { @if i == 0 { (hours_label(name)) } }
                    td { (option_label(of, "priority", priority)) }
                    td.num { (thousands(spread.n)) }
                    td.num { (format!("{:.2}", spread.mean)) }
                    td.num { (format!("{:.2}", spread.median)) }
                    td.num { (format!("{:.2}", spread.p90)) }
                    td.num.spare { (format!("{:.2}", spread.max)) }
                } } } }
            } }
        }
    }
}

/// What people read for an option of a field; `all` stays a word.
fn option_label(of: &RecordType, field: &str, name: &str) -> String {
    let found = of.field(field).and_then(|f| f.options().iter().find(|o| o.name == name));
    found.map_or_else(|| name.to_owned(), |o| o.label.clone())
}

fn top_table(label: &str, rows: &[proofdesk_report::figures::Top]) -> Markup {
    html! {
        section.card {
            header { h2 { (label) } }
            div.scroll tabindex="0" role="group" aria-label="Table" { table.list {
                thead { tr { th scope="col" { "Value" } th.num scope="col" { "Records" } th.num scope="col" { "Share" } th.num.spare scope="col" { "Median hours" } } }
                tbody { @for row in rows { tr {
                    td.grow { @match &row.value { Some(value) => (value), None => span.faint { "not given" } } }
                    td.num { (thousands(row.records)) }
                    td.num { (percent(row.percent)) }
                    td.num.spare { @if let Some(hours) = row.median_hours { (format!("{hours:.1}")) } }
                } } }
            } }
        }
    }
}

/// What an auditor would sample, and what is odd in the data, as sets with their digests.
fn sets(of: &RecordType, f: &Figures) -> Markup {
    let rows =
        || f.conformity.iter().map(|r| ("conformity", r)).chain(f.data_quality.iter().map(|r| ("data", r)));
    html! {
        section.card {
            header { h2 { "Sets worth a look" } span.small.muted { "the same records give the same digest" } }
            div.scroll tabindex="0" role="group" aria-label="Table" { table.list {
                thead { tr { th scope="col" { "Set" } th.num scope="col" { "Records" } th.spare scope="col" { "First of them" } th.spare scope="col" { "SHA-256 of the keys" } } }
                tbody { @for (_, (name, set)) in rows().filter(|(_, (_, s))| s.n > 0) { tr {
                    td.grow { (hours_label(name)) }
                    td.num { (thousands(set.n)) }
                    td.spare.small { @for key in set.first.iter().take(3) { a.key href={ "/search?q=" (crate::layout::escape_query(key)) } { (key) } " " } }
                    td.spare.mono title=(set.sha256) { (set.sha256.get(..16).unwrap_or_default()) "…" }
                } } }
            } }
            div.body { a.link.small href={ "/" (menu::slug(of)) } { "All " (of.plural.to_lowercase()) } }
        }
    }
}

//! A service at a glance: how its incidents went against its targets, day by day, and what it is made of. It stands on
//! the service's own record page; everything in it is counted from live records.
//!
//! Not here: availability, satisfaction, cost. No record of today proves them, so nothing is shown for them.

pub mod map;

use jiff::Timestamp;
use maud::{Markup, html};
use proofdesk_engine::{Engine, ListRequest, Record, Reference};
use proofdesk_model::{RecordType, Value};
use proofdesk_report::chart::{Caption, Cell, Strip, Tone};

use crate::error::WebError;
use crate::layout::escape_query;
use crate::menu::slug;
use crate::pages::record::Loaded;
use crate::parts::{tag, time};
use crate::session::Visit;

/// The record type that this page is for.
pub const TYPE: &str = "service";
const DAY: i64 = 86_400_000_000;
/// Days looked back.
const DAYS: i64 = 90;
/// Incidents that are looked at; a service with more says so.
const MOST: usize = 5_000;

/// What a service did in the days looked back.
struct Past {
    incidents: Vec<Record>,
    complete: bool,
}

/// The glance above a service's activity; empty markup when the visitor may not read incidents.
///
/// # Errors
/// A fault of the database.
pub async fn overview(visit: &Visit, loaded: &Loaded) -> Result<Markup, WebError> {
    let Some(incident) = readable(visit, "incident") else { return Ok(html! {}) };
    let name = loaded.record.reference();
    let past = past(visit, &name).await?;
    let engine = visit.engine();
    let open =
        crate::menu::open_condition(engine, incident).map(|c| c.source().to_owned()).unwrap_or_default();
    let open_filter = format!("service == '{name}' && {open}");
    let open_now = count(visit, "incident", &open_filter).await?;
    let changes = format!(
        "services.exists(s, s == '{name}') && state in ['assessment', 'approval', 'approved', 'deployed']"
    );
    let changes_now = count(visit, "change", &changes).await?;
    let (met, judged) = share(&past.incidents, "resolution", None);
    let majors = past.incidents.iter().filter(|i| i.is_yes("major")).count();
    Ok(html! {
        div.grid-4 {
            @match percent(met, judged) {
                Some(percent) => (stat(&format!("{percent} %"), &format!("incidents resolved in target, {met} of {judged} in {DAYS} days"), None)),
                None => (stat("none", &format!("incidents were resolved against a target in {DAYS} days"), None)),
            }
            (stat(&open_now.to_string(), "incidents open now", Some(&format!("/{}?filter={}", slug(incident), escape_query(&open_filter)))))
            (stat(&majors.to_string(), &format!("major incidents in {DAYS} days"), None))
            (stat(&changes_now.to_string(), "changes under way", readable(visit, "change").map(|t| format!("/{}?filter={}", slug(t), escape_query(&changes))).as_deref()))
        }
        (strip(visit, &past))
        div.split {
            section.card { header { h2 { "Made of" } a.small.muted href={ (loaded.address) "?tab=related" } { "All relations" } } div.body { (map::draw(visit, loaded).await?) } }
            div.stack { (agreements(visit, loaded, &past).await?) }
        }
    })
}

fn readable<'a>(visit: &'a Visit, name: &str) -> Option<&'a RecordType> {
    let of = visit.registry().get(name)?;
    visit.caller.may(of, &proofdesk_engine::Action::Read).then_some(of)
}

async fn count(visit: &Visit, of: &str, filter: &str) -> Result<u64, WebError> {
    if readable(visit, of).is_none() {
        return Ok(0);
    }
    let condition = visit.engine().condition(filter, of)?;
    Ok(visit.engine().count(&visit.caller, of, Some(&condition), None).await?)
}

async fn past(visit: &Visit, service: &str) -> Result<Past, WebError> {
    let engine: &Engine = visit.engine();
    let filter = format!("service == '{service}' && reported_at >= now - days({DAYS})");
    let mut request = ListRequest {
        record_type: "incident".to_owned(),
        filter: Some(engine.condition(&filter, "incident")?),
        sort: "reported_at".to_owned(),
        descending: true,
        after: None,
        limit: 500,
    };
    let mut incidents = Vec::new();
    loop {
        let page = engine.list(&visit.caller, &request).await?;
        incidents.extend(page.records);
        request.after = page.next;
        if request.after.is_none() || incidents.len() >= MOST {
            return Ok(Past { incidents, complete: request.after.is_none() });
        }
    }
}

/// How many stopped clocks of this name met their target, and how many stopped with one; of one priority where given.
fn share(incidents: &[Record], clock: &str, priority: Option<&str>) -> (usize, usize) {
    let stopped = incidents.iter().filter(|i| {
        i.text(&format!("{clock}_state")) == Some("stopped")
            && i.int(&format!("{clock}_target")).is_some()
            && (priority.is_none() || i.text("priority") == priority)
    });
    stopped.fold((0, 0), |(met, all), i| {
        let missed = i.instant(&format!("{clock}_breached_at")).is_some();
        (met + usize::from(!missed), all + 1)
    })
}

/// A share in per cent with one digit, rounded down so that it never looks better than it is.
fn percent(part: usize, whole: usize) -> Option<String> {
    let tenths = (part * 1_000).checked_div(whole)?;
    Some(if tenths == 1_000 { "100".to_owned() } else { format!("{}.{}", tenths / 10, tenths % 10) })
}

fn stat(value: &str, label: &str, address: Option<&str>) -> Markup {
    html! { section.card { div.body.stat {
        div.value { @if let Some(address) = address { a href=(address) { (value) } } @else { (value) } }
        div.label { (label) }
    } } }
}

fn strip(visit: &Visit, past: &Past) -> Markup {
    let zone = visit.zone();
    let day_in = |at: i64| {
        let offset = Timestamp::from_microsecond(at).map_or(0, |t| zone.to_offset(t).seconds());
        (at + i64::from(offset) * 1_000_000).div_euclid(DAY)
    };
    let today = day_in(visit.now);
    let cells: Vec<Cell> = (0..DAYS)
        .map(|i| {
            let day = today - DAYS + 1 + i;
            let on_day: Vec<&Record> = past
                .incidents
                .iter()
                .filter(|r| r.instant("reported_at").is_some_and(|at| day_in(at) == day))
                .collect();
            let missed =
                on_day.iter().any(|r| r.is_yes("major") || r.instant("resolution_breached_at").is_some());
            let tone = match (on_day.len(), missed) {
                (0, _) => Tone::Ok,
                (_, true) => Tone::Bad,
                (_, false) => Tone::Risk,
            };
            let label = proofdesk_model::format::write_day(i32::try_from(day).unwrap_or_default());
            let says = match on_day.len() {
                0 => "no incident".to_owned(),
                1 => "1 incident".to_owned(),
                n => format!("{n} incidents"),
            };
            Cell { label, says: if missed { format!("{says}, major or over target") } else { says }, tone }
        })
        .collect();
    let bad = cells.iter().filter(|c| c.tone == Tone::Bad).count();
    let some = cells.iter().filter(|c| c.tone != Tone::Ok).count();
    let title = format!("Incidents by day, {DAYS} days");
    let description = format!(
        "Incidents were reported on {some} of {DAYS} days; on {bad} of them one was major or missed its target."
    );
    let axis = format!("days, {}", zone.iana_name().unwrap_or("UTC"));
    let caption = Caption::new(&title, &description, &axis, "incidents");
    html! {
        section.card { div.body.stack.tight {
            (Strip { caption, cells }.fitting())
            p.small.muted {
                (description) " Green days had none, amber days some, red days a major one or a missed target."
                @if !past.complete { " Only the newest " (MOST) " incidents are counted." }
                " Availability is no matter of incidents: it is measured from outages, in records of its own."
            }
        } }
    }
}

async fn agreements(visit: &Visit, loaded: &Loaded, past: &Past) -> Result<Markup, WebError> {
    if readable(visit, "agreement").is_none() || readable(visit, "target").is_none() {
        return Ok(html! {});
    }
    let engine = visit.engine();
    let found = engine.related(&visit.caller, &loaded.record, "agreements").await?;
    let in_force: Vec<&Record> = found.iter().filter(|a| a.state == "in_force").collect();
    let mut cards = Vec::new();
    for agreement in in_force.iter().take(3) {
        let filter = format!("agreement == '{}' && applies_to == 'incident'", agreement.reference());
        let request = ListRequest {
            record_type: "target".to_owned(),
            filter: Some(engine.condition(&filter, "target")?),
            sort: "number".to_owned(),
            descending: false,
            after: None,
            limit: 20,
        };
        cards.push((agreement, engine.list(&visit.caller, &request).await?.records));
    }
    Ok(html! {
        @if cards.is_empty() {
            section.card { header { h2 { "Agreement" } } div.body.small.muted { "No agreement in force names this service." } }
        }
        @for (agreement, targets) in &cards {
            section.card {
                header { h2 { a href={ "/" (slug(&agreement.of)) "/" (agreement.reference()) } { (agreement.title()) } } (tag::state(agreement)) }
                div.body { (targets_table(targets, past)) @if let Value::Day(until) = agreement.get("valid_until") { p.small.muted { "In force until " (proofdesk_model::format::write_day(until)) } } }
            }
        }
        @if in_force.len() > 3 { p.small.muted { "and " (in_force.len() - 3) " more agreements" } }
    })
}

fn targets_table(targets: &[Record], past: &Past) -> Markup {
    html! {
        @if targets.is_empty() { p.small.muted { "It has no targets for incidents." } } @else {
            table.small.targets {
                thead { tr { th scope="col" { "Target" } th scope="col" { "Within" } th scope="col" { "Met, " (DAYS) " days" } } }
                tbody { @for target in targets {
                    @let (met, all) = share(&past.incidents, target.text("clock").unwrap_or_default(), target.text("priority"));
                    tr {
                        td { a href={ "/" (slug(&target.of)) "/" (target.reference()) } { (target.title()) } }
                        td.num { (target.text("duration").unwrap_or_default()) }
                        td.num { @match percent(met, all) { Some(percent) => (tag::tag(&format!("{percent} % of {all}"), Some(if met == all { "ok" } else { "risk" }))), None => span.faint { "no case" } } }
                    }
                } }
            }
        }
    }
}

/// Who answers for a service, in one line.
pub fn responsible(loaded: &Loaded, visit: &Visit) -> Markup {
    let owner = loaded.record.int("owner").map(|n| Reference::new("person", n));
    let name = owner.and_then(|r| loaded.titles.get(&r).cloned());
    let since = match loaded.record.get("live_since") {
        Value::Day(day) => html! { "Live since " (proofdesk_model::format::write_day(day)) },
        _ => html! { "Recorded " (time::proven(loaded.record.created_at, visit.now, visit.zone())) },
    };
    html! { span.muted { (since) @if let Some(name) = name { " · owner " (name) } @else { " · no owner is named" } } }
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn a_share_never_looks_better_than_it_is() {
        for (part, whole, text) in [
            (0, 0, None),
            (999, 1_000, Some("99.9")),
            (9_999, 10_000, Some("99.9")),
            (3, 3, Some("100")),
            (1, 3, Some("33.3")),
        ] {
            assert_eq!(percent(part, whole).as_deref(), text);
        }
    }
}

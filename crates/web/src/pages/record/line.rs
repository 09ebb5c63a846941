//! A line of time of a record: what is planned and done in its period, with deadlines, what that covers, and what is
//! still open. A drawing with its tables beside it.
//!
//! Everything comes from `timeline` of the declaration; no type is named here.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::Path;
use axum::response::Redirect;
use axum::routing::get;
use jiff::Timestamp;
use jiff::civil::Date;
use maud::{Markup, html};
use proofdesk_engine::{Action, ListRequest, Record, Reference};
use proofdesk_model::record_type::{PERIOD, Timeline as Declared};
use proofdesk_model::{Kind, RecordType, StateKind, Value, format};
use proofdesk_report::chart::{Caption, Lane, Span, Timeline, Tone};

use crate::error::WebError;
use crate::layout::escape_query;
use crate::menu::{open_condition, slug};
use crate::pages::record::Loaded;
use crate::pages::require_type;
use crate::parts::empty::{empty, notice};
use crate::parts::tag;
use crate::parts::value::Eyes;
use crate::session::Visit;
use crate::state::AppState;

/// Most entries of a line.
const MOST: usize = 200;

/// `/{type}/line`: the line of the record whose period is now.
pub fn router() -> Router<AppState> {
    Router::new().route("/{slug}/line", get(present))
}

async fn present(visit: Visit, Path(name): Path<String>) -> Result<Redirect, WebError> {
    let of = require_type(&visit, &name)?;
    if of.timelines.is_empty() {
        return Err(WebError::NotFound("page at this address".to_owned()));
    }
    let [from, to] = PERIOD;
    let now = format!("{from} <= today && {to} >= today");
    let open = open_condition(visit.engine(), &of).map(|c| c.source().to_owned());
    let both = open.map(|open| format!("{now} && {open}"));
    for filter in both.into_iter().chain([now, format!("{from} != null && {to} != null")]) {
        let request = ListRequest {
            record_type: of.name.clone(),
            filter: Some(visit.engine().condition(&filter, &of.name)?),
            sort: to.to_owned(),
            descending: true,
            after: None,
            limit: 1,
        };
        let page = visit.engine().list(&visit.caller, &request).await?;
        if let Some(record) = page.records.first() {
            return Ok(Redirect::to(&format!("/{}/{}?tab=line", slug(&of), record.reference())));
        }
    }
    Ok(Redirect::to(&format!("/{}", slug(&of))))
}

/// One entry of a line.
struct Entry {
    record: Record,
    from: Option<i32>,
    until: Option<i32>,
    tone: Tone,
    due: Vec<(i32, String)>,
    /// Open records of each declared relation.
    open: Vec<u64>,
}

/// Something that the line is to cover, with the entries that do.
struct Covered {
    label: Markup,
    by: Vec<usize>,
}

/// The tab with the lines of a record.
///
/// # Errors
/// A fault of the database.
pub async fn tab(visit: &Visit, loaded: &Loaded, eyes: &Eyes<'_>) -> Result<Markup, WebError> {
    let mut drawn = Vec::new();
    for declared in &loaded.record.of.timelines {
        drawn.push(one(visit, loaded, declared, eyes).await?);
    }
    Ok(html! { @for line in &drawn { (line) } })
}

async fn one(
    visit: &Visit,
    loaded: &Loaded,
    declared: &Declared,
    eyes: &Eyes<'_>,
) -> Result<Markup, WebError> {
    let Some(of) = visit.registry().get(&declared.from).filter(|of| visit.caller.may(of, &Action::Read))
    else {
        return Ok(html! { (empty("You may not read what is planned here.", &html! {})) });
    };
    let (Value::Day(first), Value::Day(last)) = (loaded.record.get(PERIOD[0]), loaded.record.get(PERIOD[1]))
    else {
        let says = html! { "Fill its first and its last day: the line is drawn over them." };
        return Ok(html! { (notice("info", "The period is not set", &says)) });
    };
    let entries = entries(visit, loaded, declared, of).await?;
    let titles = visit.engine().titles(&visit.caller, &records(&entries)).await?;
    let mut all = eyes.titles.clone();
    all.extend(titles);
    let eyes = &Eyes { titles: &all, ..*eyes };
    let mut coverage = Vec::new();
    for field in &declared.cover {
        coverage.push(covered(visit, declared, of, field, &entries, eyes).await?);
    }
    let new = visit.caller.may(of, &Action::Create);
    Ok(html! {
        section.card { div.body.stack {
            @if entries.is_empty() {
                h2 { (declared.label) }
                (empty(&format!("{} of this period would be drawn here.", of.plural), &html! { @if new { a.button href={ "/" (slug(of)) "/new" } { "New " (of.label.to_lowercase()) } } }))
            } @else { (picture(visit, declared, of, &entries, (first, last))) }
        } }
        @if !entries.is_empty() { (table(visit, declared, of, &entries, eyes)) }
        div.grid-2 { @for (label, rows) in &coverage { (coverage_card(label, rows, &entries)) } }
    })
}

fn records(entries: &[Entry]) -> Vec<Record> {
    entries.iter().map(|e| e.record.clone()).collect()
}

async fn entries(
    visit: &Visit,
    loaded: &Loaded,
    declared: &Declared,
    of: &RecordType,
) -> Result<Vec<Entry>, WebError> {
    let engine = visit.engine();
    let filter = declared.through.condition(&loaded.record.reference());
    let request = ListRequest {
        record_type: of.name.clone(),
        filter: Some(engine.condition(&filter, &of.name)?),
        sort: declared.start.clone(),
        descending: false,
        after: None,
        limit: MOST,
    };
    let mut found = engine.list(&visit.caller, &request).await?.records;
    // what was given up covers nothing
    found.retain(|r| r.of.state(&r.state).is_none_or(|s| !s.aside));
    let mut entries = Vec::new();
    for mut record in found {
        for field in &declared.cover {
            if of.field(field).is_some_and(|f| matches!(f.kind, Kind::Links { .. })) {
                let others = engine.related(&visit.caller, &record, field).await?;
                let named = others.iter().map(|r| Reference::new(r.of.name.clone(), r.number)).collect();
                record.links.insert(field.clone(), named);
            }
        }
        let mut open = Vec::new();
        for relation in &declared.open {
            open.push(open_count(visit, &record, relation).await?);
        }
        let from = day(visit, &record, &declared.start);
        let until = declared.end.as_ref().and_then(|end| day(visit, &record, end)).or(from);
        let label = |name: &str| of.field(name).map_or_else(|| name.to_owned(), |f| f.label.clone());
        let due =
            declared.due.iter().filter_map(|name| Some((day(visit, &record, name)?, label(name)))).collect();
        let tone = tone(&record, from, until, format::day_of(visit.now));
        entries.push(Entry { record, from, until, tone, due, open });
    }
    Ok(entries)
}

/// The condition of the open records of a relation, and their type.
fn open_filter(visit: &Visit, record: &Record, relation: &str) -> Option<(String, String)> {
    let inverse = record.of.inverses.get(relation)?;
    let of = visit.registry().get(&inverse.from).filter(|of| visit.caller.may(of, &Action::Read))?;
    let reference = record.reference();
    let belongs = if inverse.many {
        format!("{}.exists(r, r == '{reference}')", inverse.field)
    } else {
        format!("{} == '{reference}'", inverse.field)
    };
    let open = open_condition(visit.engine(), of).map(|c| format!(" && {}", c.source())).unwrap_or_default();
    Some((of.name.clone(), format!("{belongs}{open}")))
}

async fn open_count(visit: &Visit, record: &Record, relation: &str) -> Result<u64, WebError> {
    let Some((of, filter)) = open_filter(visit, record, relation) else { return Ok(0) };
    let condition = visit.engine().condition(&filter, &of)?;
    Ok(visit.engine().count(&visit.caller, &of, Some(&condition), Some(1_000)).await?)
}

/// A day or the local day of an instant.
fn day(visit: &Visit, record: &Record, name: &str) -> Option<i32> {
    match record.get(name) {
        Value::Day(day) => Some(day),
        Value::Instant(at) => {
            let date = Timestamp::from_microsecond(at).ok()?.to_zoned(visit.zone().clone()).date();
            format::parse_day(&date.to_string())
        }
        _ => None,
    }
}

fn tone(record: &Record, from: Option<i32>, until: Option<i32>, today: i32) -> Tone {
    let kind = record.of.state(&record.state).map(|s| s.kind);
    match kind {
        Some(StateKind::Done | StateKind::Closed) => Tone::Ok,
        _ if until.is_some_and(|day| day < today) => Tone::Bad,
        _ if from.is_some_and(|day| day <= today) => Tone::Accent,
        _ => Tone::Info,
    }
}

fn word(tone: Tone) -> (&'static str, &'static str) {
    match tone {
        Tone::Ok => ("done", "ok"),
        Tone::Bad => ("late", "bad"),
        Tone::Accent => ("under way", "info"),
        _ => ("planned", "info"),
    }
}

fn picture(
    visit: &Visit,
    declared: &Declared,
    of: &RecordType,
    entries: &[Entry],
    (first, last): (i32, i32),
) -> Markup {
    let days = entries.iter().flat_map(|e| [e.from, e.until].into_iter().flatten());
    let first = days.clone().fold(first, i32::min);
    let last = days.fold(last, i32::max);
    let options = declared.by.as_ref().and_then(|by| of.field(by)).map(|f| f.options()).unwrap_or_default();
    let mut lanes: Vec<(String, Lane)> = options
        .iter()
        .map(|o| (o.name.clone(), Lane { label: o.label.clone(), spans: Vec::new() }))
        .collect();
    lanes.push((String::new(), Lane { label: of.plural.clone(), spans: Vec::new() }));
    for entry in entries {
        let (Some(from), Some(until)) = (entry.from, entry.until) else { continue };
        let lane = declared.by.as_ref().and_then(|by| entry.record.text(by)).unwrap_or_default();
        let says = format!(
            "{} {}: {} to {}, {}",
            entry.record.reference(),
            entry.record.title(),
            format::write_day(from),
            format::write_day(until),
            word(entry.tone).0
        );
        let due = entry
            .due
            .iter()
            .map(|(day, label)| (*day, format!("{label}: {}", format::write_day(*day))))
            .filter(|(day, _)| (first..=last).contains(day))
            .collect();
        let span = Span { from, until, label: entry.record.title(), says, tone: entry.tone, due };
        if let Some((_, lane)) = lanes.iter_mut().find(|(name, _)| name == lane) {
            lane.spans.push(span);
        }
    }
    let count = |tone: Tone| entries.iter().filter(|e| e.tone == tone).count();
    let says = format!(
        "{} {} from {} to {}: {} done, {} under way, {} planned, {} late.",
        entries.len(),
        of.plural.to_lowercase(),
        format::write_day(first),
        format::write_day(last),
        count(Tone::Ok),
        count(Tone::Accent),
        count(Tone::Info),
        count(Tone::Bad)
    );
    let lanes: Vec<Lane> = lanes.into_iter().map(|(_, lane)| lane).filter(|l| !l.spans.is_empty()).collect();
    let line = Timeline {
        caption: Caption::new(&declared.label, &says, "", ""),
        from: first,
        until: last,
        today: format::day_of(visit.now),
        ticks: ticks(first, last),
        lanes,
    };
    html! {
        (line.fitting())
        p.small.muted {
            (says)
            @if !declared.due.is_empty() { " A ring is a deadline." }
            @if let Some(clause) = &declared.clause { " " span.key.faint { (clause) } }
        }
    }
}

/// The first days of years and quarters between two days.
fn ticks(first: i32, last: i32) -> Vec<(i32, String, bool)> {
    let date = |day: i32| format::write_day(day).parse::<Date>().ok();
    let (Some(from), Some(until)) = (date(first), date(last)) else { return Vec::new() };
    let mut found = Vec::new();
    for year in from.year()..=until.year() {
        for month in [1_i8, 4, 7, 10] {
            let Some(day) = Date::new(year, month, 1).ok().and_then(|d| format::parse_day(&d.to_string()))
            else {
                continue;
            };
            if (first..=last).contains(&day) {
                found.push((day, year.to_string(), month == 1));
            }
        }
    }
    found
}

fn table(visit: &Visit, declared: &Declared, of: &RecordType, entries: &[Entry], eyes: &Eyes<'_>) -> Markup {
    let today = format::day_of(visit.now);
    let shown: Vec<_> = declared.show.iter().filter_map(|name| of.field(name)).collect();
    let relation = |name: &String| name.replace('_', " ");
    html! {
        section.card {
            header { h2 { (of.plural) } a.small.muted href={ "/" (slug(of)) } { "All " (of.plural.to_lowercase()) } }
            div.scroll { table.list {
                thead { tr {
                    th scope="col" { "Key" } th scope="col" { "Title and deadlines" } th scope="col" { "When" }
                    @for field in &shown { th.spare scope="col" { (field.label) } }
                    @for name in &declared.open { th scope="col" { "Open " (relation(name)) } }
                } }
                tbody { @for entry in entries { (row(visit, declared, entry, &shown, today, eyes)) } }
            } }
        }
    }
}

fn row(
    visit: &Visit,
    declared: &Declared,
    entry: &Entry,
    shown: &[&proofdesk_model::Field],
    today: i32,
    eyes: &Eyes<'_>,
) -> Markup {
    let record = &entry.record;
    let address = eyes.address(&Reference::new(record.of.name.clone(), record.number));
    let by = declared.by.as_ref().and_then(|by| record.of.field(by));
    let (said, tone) = word(entry.tone);
    let ended = entry.tone == Tone::Ok && entry.open.iter().all(|n| *n == 0);
    html! {
        tr {
            td { a.key href=(address) { (record.reference()) } }
            td.grow {
                a href=(address) { (record.title()) } br;
                span.small.faint { @if let Some(by) = by { (format::show(by, &record.get(&by.name), eyes.zone)) " · " } (tag::state_label(&record.of, &record.state)) }
                @for (day, label) in &entry.due {
                    div.small { span.muted { (label) } " " span.num.nowrap { (format::write_day(*day)) } @if *day < today && !ended { " " (tag::tag("passed", (entry.tone != Tone::Ok).then_some("bad"))) } }
                }
            }
            td { span.small.num.nowrap { (entry.from.map_or_else(|| "no day yet".to_owned(), format::write_day)) } br; (tag::tag(said, Some(tone))) }
            @for field in shown { td.spare { span.small { (eyes.field(record, field)) } } }
            @for (name, count) in declared.open.iter().zip(&entry.open) {
                td.num { @match open_filter(visit, record, name).filter(|_| *count > 0) {
                    Some((of, filter)) => a href={ "/" (of.replace('_', "-")) "?filter=" (escape_query(&filter)) } { (count) span.sr { " open " (name.replace('_', " ")) " of " (record.reference()) } },
                    None => span.faint { "0" },
                } }
            }
        }
    }
}

/// What a field of the entries is to cover over the whole line.
async fn covered(
    visit: &Visit,
    declared: &Declared,
    of: &RecordType,
    name: &str,
    entries: &[Entry],
    eyes: &Eyes<'_>,
) -> Result<(String, Vec<Covered>), WebError> {
    let Some(field) = of.field(name) else { return Ok((declared.label.clone(), Vec::new())) };
    let mut rows = Vec::new();
    if let Kind::Choices(options) = &field.kind {
        let holds = |entry: &Entry, option: &str| match entry.record.get(name) {
            Value::Choices(names) => names.iter().any(|n| n == option),
            _ => false,
        };
        for option in options {
            let by = (0..entries.len()).filter(|i| holds(&entries[*i], &option.name)).collect();
            rows.push(Covered { label: html! { (option.label) }, by });
        }
    }
    if let Kind::Links { to, .. } = &field.kind
        && let Some(other) = visit.registry().get(to).filter(|of| visit.caller.may(of, &Action::Read))
    {
        let mut by: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
        for (i, entry) in entries.iter().enumerate() {
            for reference in entry.record.links.get(name).into_iter().flatten() {
                by.entry(reference.number).or_default().push(i);
            }
        }
        let request = ListRequest {
            record_type: to.clone(),
            filter: None,
            sort: String::new(),
            descending: false,
            after: None,
            limit: MOST,
        };
        let all = visit.engine().list(&visit.caller, &request).await?.records;
        let living = |r: &Record| r.of.state(&r.state).is_none_or(|s| !s.aside);
        for record in all.iter().filter(|r| living(r) || by.contains_key(&r.number)) {
            let reference = Reference::new(other.name.clone(), record.number);
            let label = html! { a href=(eyes.address(&reference)) { span.key { (record.reference()) } " " (record.title()) } };
            rows.push(Covered { label, by: by.get(&record.number).cloned().unwrap_or_default() });
        }
    }
    Ok((field.label.clone(), rows))
}

fn coverage_card(label: &str, rows: &[Covered], entries: &[Entry]) -> Markup {
    let done = |row: &Covered| row.by.iter().any(|i| entries[*i].tone == Tone::Ok);
    let held = rows.iter().filter(|row| done(row)).count();
    let missing = rows.iter().filter(|row| row.by.is_empty()).count();
    html! {
        section.card {
            header { h2 { "Coverage: " (label.to_lowercase()) } span.small.muted.num { (held) " of " (rows.len()) " done" @if missing > 0 { ", " (missing) " in no plan" } } }
            @if rows.is_empty() { (empty("There is nothing to cover yet.", &html! {})) } @else {
                div.scroll { table.list.small {
                    thead { tr { th scope="col" { (label) } th scope="col" { "Covered by" } th scope="col" { "Stands" } } }
                    tbody { @for row in rows { tr {
                        td.grow { (row.label) }
                        td.wraps { @for i in &row.by { @let record = &entries[*i].record; a.key href={ "/" (slug(&record.of)) "/" (record.reference()) } { (record.reference()) } " " } }
                        td { @if row.by.is_empty() { (tag::tag("in no plan", Some("bad"))) } @else if done(row) { (tag::tag("done", Some("ok"))) } @else { (tag::tag("planned", Some("risk"))) } }
                    } } }
                } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{format, ticks};

    #[test]
    fn years_and_quarters_are_marked() {
        let day = |text: &str| format::parse_day(text).unwrap_or_default();
        let found = ticks(day("2026-02-01"), day("2027-05-01"));
        let days: Vec<(String, bool)> = found.iter().map(|(d, _, s)| (format::write_day(*d), *s)).collect();
        let expected = [
            ("2026-04-01", false),
            ("2026-07-01", false),
            ("2026-10-01", false),
            ("2027-01-01", true),
            ("2027-04-01", false),
        ];
        assert_eq!(days, expected.map(|(d, s)| (d.to_owned(), s)));
    }
}

//! Versions of a document: what its page and theirs say about reading and comparing, the comparison of two, the next
//! version, and the acknowledgement.
//!
//! Which type is the version of which is declared (`version_of`, `readers`); nothing here names a type. Not here: who
//! has read it (`readers`), and templates.

use axum::Router;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use proofdesk_engine::compare::{Compared, DiffLine, Mark};
use proofdesk_engine::{Action, Attachment, Door, ListRequest, Record, Reference, Standing};
use proofdesk_model::{RecordType, template};
use serde::Deserialize;

use crate::error::WebError;
use crate::layout::{self, Page};
use crate::menu::slug;
use crate::pages::record::Loaded;
use crate::pages::{address, family_crumb, require_reference};
use crate::parts::{tag, time};
use crate::session::Visit;
use crate::state::AppState;

/// Lines without a difference that stay in sight before and after one.
const AROUND: usize = 2;
/// Versions of a document that its page names.
const NAMED: usize = 20;

/// `/{type}/{reference}/compare`, `…/next-version`, `…/read`.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/{slug}/{reference}/compare", get(compare))
        .route("/{slug}/{reference}/next-version", post(next))
        .route("/{slug}/{reference}/read", post(read))
}

/// What stands above the activity of a version, or of what has versions; empty for every other record.
///
/// # Errors
/// A fault of the database.
pub async fn band(visit: &Visit, loaded: &Loaded) -> Result<Markup, WebError> {
    let of = &loaded.record.of;
    if of.version_of.is_some() {
        return of_version(visit, &loaded.record).await;
    }
    match template::versions(visit.registry()) {
        Some((version, whole)) if whole.name == of.name => of_whole(visit, loaded, version).await,
        _ => Ok(html! {}),
    }
}

async fn of_version(visit: &Visit, record: &Record) -> Result<Markup, WebError> {
    let open = visit.engine().open_places(record);
    let beside = visit.engine().versions_beside(&visit.caller, record).await?;
    let at = path(visit, record);
    let others: Vec<&Record> = beside.iter().filter(|v| v.number != record.number).collect();
    let before = others.iter().rev().find(|v| v.number < record.number).or(others.first());
    Ok(html! {
        (reading(visit, record).await?)
        @if !open.is_empty() {
            div.notice.risk {
                b { "Open places: " (open.len()) }
                p.small { "Write what belongs there into the text before it is sent to review." }
                ul.small { @for (name, label) in &open { li { code { (template::as_written(name)) } " " (label) } } }
            }
        }
        @if let Some(before) = before {
            div { a.button href={ (at) "/compare?old=" (before.reference()) "&new=" (record.reference()) } { "Compare with " (edition(before)) } }
        }
    })
}

async fn of_whole(visit: &Visit, loaded: &Loaded, version: &RecordType) -> Result<Markup, WebError> {
    let Some(spec) = version.version_of.as_ref().filter(|_| visit.caller.may(version, &Action::Read)) else {
        return Ok(html! {});
    };
    let engine = visit.engine();
    let request = ListRequest {
        record_type: version.name.clone(),
        filter: Some(
            engine.condition(&format!("{} == '{}'", spec.link, loaded.record.reference()), &version.name)?,
        ),
        sort: String::new(),
        descending: true,
        after: None,
        limit: NAMED,
    };
    let all = engine.list(&visit.caller, &request).await?.records;
    let mut asks = Vec::new();
    for record in &all {
        asks.push(reading(visit, record).await?);
    }
    let may = visit.caller.may(version, &Action::Create);
    Ok(html! {
        @for ask in &asks { (ask) }
        section.card {
            header { h2 { (version.plural) } span.small.muted.num { (all.len()) } }
            div.body.stack {
                @if all.is_empty() { p.muted { "There is none yet. Begin the first one, or begin the document from a template." } }
                ol.versions {
                    @for (i, record) in all.iter().enumerate() {
                        li.row.between {
                            a href=(path(visit, record)) { span.key.muted { (record.reference()) } " " b { (edition(record)) } }
                            span.row {
                                @if let Some(before) = all.get(i + 1) { a.link.small href={ (path(visit, record)) "/compare?old=" (before.reference()) "&new=" (record.reference()) } { "Compare with " (edition(before)) } }
                                (tag::state(record))
                            }
                        }
                    }
                }
                @if may { form.inline method="post" action={ (loaded.address) "/next-version" } { button.button { @if all.is_empty() { "Begin the first version" } @else { "Begin the next version" } } } }
            }
        }
    })
}

/// Whether the visitor is asked to read it, or has: with the button that says so.
async fn reading(visit: &Visit, record: &Record) -> Result<Markup, WebError> {
    let Some(found) = visit.engine().reading(&visit.caller, record).await? else { return Ok(html! {}) };
    let sees = visit.engine().may_see_readers(&visit.caller, &record.of);
    let at = path(visit, record);
    let who = html! { @if sees { " " a.link href={ (at) "/readers" } { "Who has read it" } } };
    Ok(match found.standing {
        Standing::Read(_, when) => html! {
            div.notice.ok { p { "You have read " a.link href=(at) { "version " (name_of(record)) } ": " (time::proven(when, visit.now, visit.zone())) "." (who) } }
        },
        Standing::ToRead(..) | Standing::ReadOther(..) => html! {
            @let due = found.standing.due();
            div.notice.risk {
                p {
                    @if let Standing::ReadOther(_, when) = found.standing { "You read another text: " (time::proven(when, visit.now, visit.zone())) ". It was changed since. " }
                    b { "You are asked to read " a.link href=(at) { (record.title()) ", version " (name_of(record)) } "." }
                    @if let Some(since) = found.since { " In force since " (time::proven(since, visit.now, visit.zone())) "." }
                    @if let Some(due) = due { " To be read by " (time::proven(due, visit.now, visit.zone())) "." }
                    (who)
                }
                form.inline method="post" action={ (at) "/read" } { button.button.primary { "I have read this" } }
            }
        },
        Standing::NotAsked => html! {
            p.small.muted { "Version " (name_of(record)) " is for others: you are not in its audience, so there is nothing for you to acknowledge." (who) }
        },
    })
}

fn path(visit: &Visit, record: &Record) -> String {
    address(visit, &Reference::new(record.of.name.clone(), record.number))
}

/// The edition of a version, for a sentence.
fn name_of(record: &Record) -> String {
    let spec = record.of.version_of.as_ref();
    spec.and_then(|v| record.text(&v.edition)).map_or_else(|| record.reference(), str::to_owned)
}

/// The edition of a version, with a word that says so.
fn edition(record: &Record) -> String {
    format!("version {}", name_of(record))
}

async fn next(visit: Visit, Path((slug, written)): Path<(String, String)>) -> Result<Response, WebError> {
    let reference = require_reference(&visit, &slug, &written)?;
    let made = visit.engine().next_version(&visit.caller, &reference, Door::Page).await?;
    Ok(Redirect::to(&format!("{}/edit", path(&visit, &made))).into_response())
}

async fn read(visit: Visit, Path((slug, written)): Path<(String, String)>) -> Result<Response, WebError> {
    let reference = require_reference(&visit, &slug, &written)?;
    visit.engine().acknowledge(&visit.caller, &reference, Door::Page).await?;
    Ok(Redirect::to(&address(&visit, &reference)).into_response())
}

/// Which two are compared.
#[derive(Debug, Default, Deserialize)]
struct Asked {
    #[serde(default)]
    old: String,
    #[serde(default)]
    new: String,
}

async fn compare(
    visit: Visit,
    Path((slug_given, written)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> Result<Markup, WebError> {
    let reference = require_reference(&visit, &slug_given, &written)?;
    let record = visit.engine().require(&visit.caller, &reference).await?;
    if record.of.version_of.is_none() {
        return Err(WebError::NotFound("page at this address".to_owned()));
    }
    let all = visit.engine().versions_beside(&visit.caller, &record).await?;
    let new = chosen(&visit, &asked.new)?.unwrap_or_else(|| reference.clone());
    let before = all.iter().rev().find(|v| v.number < new.number).or(all.first());
    let old = chosen(&visit, &asked.old)?
        .or_else(|| before.map(|v| Reference::new(v.of.name.clone(), v.number)))
        .unwrap_or_else(|| new.clone());
    let found = visit.engine().compare(&visit.caller, &old, &new).await?;
    let title = format!("{}: {} and {}", record.title(), name_of(&found.old), name_of(&found.new));
    let body = html! {
        div.stack.tight {
            h1 { (record.title()) }
            p.muted { "What is different between two versions." }
        }
        (picker(&visit, &all, &found, &path(&visit, &record)))
        (facts(&visit, &found))
        (text(&found))
        (files(&visit, &found))
    };
    let list = (record.of.plural.clone(), Some(format!("/{}", slug(&record.of))));
    let own = (record.reference(), Some(path(&visit, &record)));
    let crumbs = vec![family_crumb(&record.of), list, own, ("Comparison".to_owned(), None)];
    Ok(layout::frame(&visit, Page::new(&title, crumbs, body)))
}

fn chosen(visit: &Visit, written: &str) -> Result<Option<Reference>, WebError> {
    if written.is_empty() {
        return Ok(None);
    }
    let found = visit.registry().parse_reference(written);
    let short: String = written.chars().take(60).collect();
    found.map(Some).ok_or_else(|| WebError::NotFound(format!("record {short}")))
}

fn picker(visit: &Visit, all: &[Record], found: &Compared, at: &str) -> Markup {
    let choice = |name: &'static str, label: &'static str, current: i64| {
        html! {
            label.small for=(name) { (label) }
            select.field.short id=(name) name=(name) {
                @for v in all { option value=(v.reference()) selected[v.number == current] { (edition(v)) ", " (state(v)) } }
            }
        }
    };
    html! {
        form.row.picker method="get" action={ (at) "/compare" } {
            (choice("old", "Old", found.old.number))
            (choice("new", "New", found.new.number))
            button.button { "Compare" }
            a.link.small href={ (at) "/compare?old=" (found.new.reference()) "&new=" (found.old.reference()) } { "Turn round" }
            a.link.small href=(path(visit, &found.new)) { "Open the new one" }
        }
    }
}

fn state(record: &Record) -> &str {
    record.of.state(&record.state).map_or(record.state.as_str(), |s| s.label.as_str())
}

/// What each of the two is.
fn facts(visit: &Visit, found: &Compared) -> Markup {
    let changed = |v: &Record| {
        let field = v.of.version_of.as_ref().and_then(|s| s.changed.clone());
        field.and_then(|f| v.text(&f).map(str::to_owned))
    };
    let since = |v: &Record| v.of.readers.as_ref().and_then(|r| v.instant(&r.since));
    html! {
        div.grid-2 {
            @for (word, v) in [("Old", &found.old), ("New", &found.new)] {
                section.card { div.body.stack.tight {
                    div.row.between { b { (word) ": " (edition(v)) } (tag::state(v)) }
                    p.small { a.link href=(path(visit, v)) { span.key { (v.reference()) } } @if let Some(at) = since(v) { " in force from " (time::proven(at, visit.now, visit.zone())) } }
                    @if let Some(changed) = changed(v) { p.small.muted { (changed) } }
                } }
            }
        }
    }
}

/// A stretch of the comparison: lines in sight, or equal lines folded away.
enum Part<'a> {
    Lines(&'a [DiffLine]),
    Folded(&'a [DiffLine]),
}

fn parts(lines: &[DiffLine]) -> Vec<Part<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let same = lines[at].mark == Mark::Same;
        let end =
            lines[at..].iter().position(|l| (l.mark == Mark::Same) != same).map_or(lines.len(), |n| at + n);
        let run = &lines[at..end];
        let lead = if at == 0 { 0 } else { AROUND };
        let tail = if end == lines.len() { 0 } else { AROUND };
        if same && run.len() > lead + tail + 2 {
            found.push(Part::Lines(&run[..lead]));
            found.push(Part::Folded(&run[lead..run.len() - tail]));
            found.push(Part::Lines(&run[run.len() - tail..]));
        } else {
            found.push(Part::Lines(run));
        }
        at = end;
    }
    found
}

fn text(found: &Compared) -> Markup {
    let (added, removed) = (found.text.added, found.text.removed);
    html! {
        section.card {
            header {
                h2 { "Text" }
                span.small.muted { @if added + removed == 0 { "no difference" } @else { span.num { (removed) } @if removed == 1 { " line" } @else { " lines" } " of the old, " span.num { (added) } " of the new" } }
            }
            @if found.text.lines.is_empty() { div.body.muted { "Neither version has a text." } }
            @else {
                p.small.muted.legend-diff { "− and struck through: only in the old. + and underlined: only in the new." }
                div.diff {
                    @for part in parts(&found.text.lines) {
                        @match part {
                            Part::Lines(lines) => @for line in lines { (diff_line(line)) },
                            Part::Folded(lines) => details { summary { (lines.len()) " lines without a difference" } @for line in lines { (diff_line(line)) } },
                        }
                    }
                }
            }
        }
    }
}

fn diff_line(line: &DiffLine) -> Markup {
    let (class, sign, says) = match line.mark {
        Mark::Same => ("same", "", ""),
        Mark::Added => ("added", "+", "Only in the new: "),
        Mark::Removed => ("removed", "−", "Only in the old: "),
    };
    // a line that changed as a whole is marked as a whole
    let whole = !line.parts.iter().any(|p| p.changed);
    let words = html! {
        @for part in &line.parts {
            @match (part.changed, line.mark) {
                (true, Mark::Added) => ins { (part.text) },
                (true, Mark::Removed) => del { (part.text) },
                _ => (part.text),
            }
        }
    };
    html! {
        div class={ "line " (class) } {
            span.sign aria-hidden="true" { (sign) }
            span.words {
                @if !says.is_empty() { span.sr { (says) } }
                @match (whole && !line.parts.is_empty(), line.mark) {
                    (true, Mark::Added) => ins { (words) },
                    (true, Mark::Removed) => del { (words) },
                    _ => (words),
                }
            }
        }
    }
}

fn files(visit: &Visit, found: &Compared) -> Markup {
    if found.old_file.is_none() && found.new_file.is_none() {
        return html! {};
    }
    let (old, new) = (found.old_file.as_ref(), found.new_file.as_ref());
    let row = |label: &'static str, value: &dyn Fn(&Attachment) -> String| {
        let (a, b) = (old.map(value), new.map(value));
        let same = a == b;
        html! {
            tr {
                th scope="row" { (label) }
                td { @match &a { Some(a) => @if same { (a) } @else { del { (a) } }, None => span.faint { "no file" } } }
                td { @match &b { Some(b) => @if same { (b) } @else { ins { (b) } }, None => span.faint { "no file" } } }
                td { (tag::tag(if same { "same" } else { "differs" }, Some(if same { "ok" } else { "risk" }))) }
            }
        }
    };
    html! {
        section.card {
            header { h2 { "File" } span.small.muted { @if found.files_differ() { "the bytes differ" } @else { "the same bytes" } } }
            div.scroll { table.list.files {
                thead { tr { th scope="col" { "" } th scope="col" { "Old" } th scope="col" { "New" } th scope="col" { "Compared" } } }
                tbody {
                    (row("Name", &|f| f.name.clone()))
                    (row("Size", &|f| format!("{} bytes", f.size_bytes)))
                    (row("SHA-256", &|f| f.sha256.clone()))
                }
            } }
            div.body.row.small {
                @for (word, v, file) in [("old", &found.old, old), ("new", &found.new, new)] {
                    @if let Some(file) = file { a.link href={ (path(visit, v)) "/file/" (file.id) } { "Open the " (word) " file" } }
                }
            }
        }
    }
}

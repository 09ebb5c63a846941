//! A record: state as stages, one timeline for talk and history, targets, what it owes, facts, related records.

pub mod aside;
pub mod clocked;
pub mod drawn;
pub mod duties;
pub mod line;
pub mod preview;
pub mod proof;
pub mod related;
pub mod timeline;
pub mod trend;

use std::collections::HashMap;

use axum::Router;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use maud::{Markup, PreEscaped, html};
use proofdesk_engine::{Attachment, Comment, Error, HistoryItem, Problem, Record, Reference, Seal};
use proofdesk_model::{Kind, RecordType, StateKind, Transition};
use serde::Deserialize;

use crate::error::WebError;
use crate::form::{Typed, Wrong};
use crate::layout::{self, Page};
use crate::menu::slug;
use crate::pages::steps::{self, Tried};
use crate::pages::{family_crumb, owes, paper, portal, require_reference, service, versions};
use crate::parts::tabs::{self, Tab};
use crate::parts::value::{Eyes, prose};
use crate::parts::{tag, time};
use crate::session::Visit;
use crate::state::AppState;

/// Entries of the history that a page shows.
pub const ENTRIES: usize = 200;

/// `/{type}/{reference}` with its preview and the proofs of its entries.
pub fn router() -> Router<AppState> {
    line::router()
        .route("/{slug}/{reference}", get(show))
        .route("/{slug}/{reference}/preview", get(preview::show))
        .route("/{slug}/{reference}/proof/{entry}", get(proof::show))
}

/// What the address of a record's page says.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    /// The tab; empty for the first.
    #[serde(default)]
    tab: String,
    /// Of the tab with the proofs: entries older than this one.
    #[serde(default)]
    pub before: String,
    /// Of the tab with the proofs: the number of an entry or leaf, or a leaf hash, to be looked for.
    #[serde(default)]
    pub entry: String,
}

/// Everything that the page of a record shows.
pub struct Loaded {
    /// The record with its relations.
    pub record: Record,
    /// Its reference.
    pub reference: Reference,
    /// Its address.
    pub address: String,
    /// Titles of linked records.
    pub titles: HashMap<Reference, String>,
    /// Newest entries first.
    pub history: Vec<HistoryItem>,
    /// Oldest comments first.
    pub comments: Vec<Comment>,
    /// Files.
    pub files: Vec<Attachment>,
    /// Numbers of the people who watch.
    pub watchers: Vec<i64>,
    /// The steps that the visitor's roles allow, tried.
    pub tried: Vec<Tried>,
    /// What it owes for its next step.
    pub owed: Vec<owes::Owed>,
    /// The small form that was sent and refused; none where the page was only opened.
    pub refused: Option<Refused>,
}

/// A small form of the page (comment, file, link, watching) that was refused, with what was typed into it.
#[derive(Debug)]
pub struct Refused {
    /// Which one.
    pub form: &'static str,
    /// What was typed.
    pub typed: Typed,
    /// What is wrong with it.
    pub wrong: Wrong,
}

impl Loaded {
    /// What was typed into a small form that was refused, and what is wrong with it.
    pub fn refused(&self, form: &str) -> Option<&Refused> {
        self.refused.as_ref().filter(|r| r.form == form)
    }

    /// The steps that may be taken now, and those that something stands in the way of.
    fn steps(&self) -> (Vec<&Transition>, Vec<(&Transition, &Tried)>) {
        let found = self.tried.iter().filter_map(|t| Some((self.record.of.transition(&t.name)?, t)));
        let (open, barred): (Vec<_>, Vec<_>) = found.partition(|(_, t)| t.obstacles.is_empty());
        (open.into_iter().map(|(step, _)| step).collect(), barred)
    }

    /// The sentences about a small form, under the id that its input is described by.
    pub fn sentences(&self, form: &str) -> Markup {
        html! {
            @if let Some(refused) = self.refused(form) {
                div.wrong id={ (form) "-wrong" } role="alert" { @for sentence in refused.wrong.all() { p { (sentence) } } }
            }
        }
    }
}

async fn load(visit: &Visit, reference: Reference) -> Result<Loaded, WebError> {
    let engine = visit.engine();
    let record = engine.require(&visit.caller, &reference).await?;
    let history = engine.history_for(&visit.caller, &reference, None, ENTRIES).await?;
    let comments = engine.comments(&visit.caller, &reference).await?;
    let files = engine.attachments(&visit.caller, &reference).await?;
    let watchers = engine.watchers_for(&visit.caller, &reference).await?;
    let mut titles = engine.titles(&visit.caller, std::slice::from_ref(&record)).await?;
    timeline::more_titles(visit, &record, &history, &watchers, &mut titles).await?;
    let tried = steps::all(visit, &record).await?;
    let owed = owes::of(visit, &record, &tried).await?;
    let address = format!("/{}/{}", slug(&record.of), record.reference());
    Ok(Loaded {
        record,
        reference,
        address,
        titles,
        history,
        comments,
        files,
        watchers,
        tried,
        owed,
        refused: None,
    })
}

async fn show(
    visit: Visit,
    Path((slug, written)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    if let Some(to) = portal::instead(&visit, &visit.path).await {
        return Ok(Redirect::to(&to).into_response());
    }
    let reference = require_reference(&visit, &slug, &written)?;
    let loaded = load(&visit, reference).await?;
    Ok(page(&visit, &loaded, &asked).await?.into_response())
}

/// The page of a record once more, after one of its small forms was refused: what is wrong stands beside what was
/// typed. Errors that the person cannot mend there are handed on.
///
/// # Errors
/// Any error that is not about what was typed; a fault of the database.
pub async fn again(
    visit: &Visit,
    reference: Reference,
    tab: &str,
    form: &'static str,
    typed: Typed,
    error: WebError,
) -> Result<Response, WebError> {
    let (status, problems) = match error {
        WebError::Engine(Error::Invalid(problems)) => (StatusCode::UNPROCESSABLE_ENTITY, problems.0),
        WebError::Engine(Error::Forbidden(problems)) => (StatusCode::FORBIDDEN, problems.0),
        WebError::Engine(Error::TooLarge(text)) => {
            (StatusCode::PAYLOAD_TOO_LARGE, vec![Problem::new("file", "size", text)])
        }
        WebError::Engine(Error::Conflict(conflict)) => {
            let text = Error::Conflict(conflict).to_string();
            (StatusCode::CONFLICT, vec![Problem::new("", "conflict", text)])
        }
        other => return Err(other),
    };
    let mut loaded = load(visit, reference).await?;
    loaded.refused = Some(Refused { form, typed, wrong: Wrong::new(&problems) });
    let asked = Asked { tab: tab.to_owned(), ..Asked::default() };
    Ok((status, page(visit, &loaded, &asked).await?).into_response())
}

async fn page(visit: &Visit, loaded: &Loaded, asked: &Asked) -> Result<Markup, WebError> {
    let eyes = Eyes {
        registry: visit.registry(),
        titles: &loaded.titles,
        files: &loaded.files,
        zone: visit.zone(),
        now: visit.now,
    };
    let name = loaded.record.reference();
    let content = match asked.tab.as_str() {
        "related" => related::tab(visit, loaded, &eyes).await?,
        "gathered" => paper::gathered_tab(visit, &loaded.record, &eyes).await?,
        "charts" if visit.caller.reads_notes(&loaded.record.of) => drawn::tab(visit, loaded).await?,
        "line" => line::tab(visit, loaded, &eyes).await?,
        "files" => aside::files_tab(visit, loaded, &eyes),
        "proof" => proof::tab(visit, loaded, &eyes, asked).await?,
        _ => html! { (timeline::write(visit, loaded)) (timeline::list(loaded, &eyes)) },
    };
    let is_service = loaded.record.of.name == service::TYPE;
    let glance = if asked.tab.is_empty() && visit.caller.reads_notes(&loaded.record.of) {
        glance(visit, loaded, is_service).await?
    } else {
        html! {}
    };
    let versions = if asked.tab.is_empty() {
        versions::band(visit, loaded).await?
    } else {
        html! {}
    };
    let body = html! {
        div id="head" data-live=(loaded.address) {
            (head(visit, loaded))
            @if is_service { p.small { (service::responsible(loaded, visit)) } }
        }
        (versions)
        (glance)
        div.split.record {
            div.stack.wide id="due" data-live=(loaded.address) { (aside::due(visit, loaded, &eyes)) }
            div.stack.wide id="talk" {
                // texts of many parts would push a drawing or a list far down
                @if asked.tab.is_empty() || long_texts(&loaded.record).is_empty() { (opening(loaded, &eyes)) }
                (tab_bar(visit, loaded, &asked.tab))
                (content)
            }
            div.stack.wide id="side" data-live=(loaded.address) { (aside::all(visit, loaded, &eyes)) }
        }
    };
    let title = format!("{name} {}", loaded.record.title());
    let list = (loaded.record.of.plural.clone(), Some(format!("/{}", slug(&loaded.record.of))));
    let page = Page {
        events: format!("{}:{}", loaded.reference.record_type, loaded.reference.number),
        keys: keys(loaded),
        ..Page::new(&title, vec![family_crumb(&loaded.record.of), list, (name.clone(), None)], body)
    };
    Ok(layout::frame(visit, page))
}

/// What stands above a record's activity: what the records around it say of it.
async fn glance(visit: &Visit, loaded: &Loaded, is_service: bool) -> Result<Markup, WebError> {
    let overview = if is_service {
        service::overview(visit, loaded).await?
    } else {
        html! {}
    };
    let trend = trend::all(visit, loaded).await?;
    let duties = duties::card(visit, &loaded.record).await?;
    let belongs = drawn::belongs(visit, loaded).await?;
    Ok(html! { (overview) (belongs) (trend) (duties) })
}

fn keys(loaded: &Loaded) -> Vec<(String, String)> {
    let (steps, _) = loaded.steps();
    let mut found: Vec<(String, String)> =
        steps.iter().filter_map(|t| t.key.map(|k| (k.to_uppercase().to_string(), t.label.clone()))).collect();
    found.push(("E".to_owned(), "Edit the facts".to_owned()));
    found.push(("C".to_owned(), "Comment".to_owned()));
    found
}

/// Tags of a record's head: choices with a tone that lists show, and flags that are indexed.
pub fn tags(record: &Record) -> Markup {
    let of = &record.of;
    let flags =
        of.fields.values().filter(|f| matches!(f.kind, Kind::YesNo) && f.indexed && record.is_yes(&f.name));
    let choices = of.list.iter().filter_map(|c| of.field(&c.field)).filter_map(|field| match &field.kind {
        Kind::Choice(options) => options.iter().find(|o| Some(o.name.as_str()) == record.text(&field.name)),
        _ => None,
    });
    html! {
        @for flag in flags { (tag::tag(&flag.label, Some("bad"))) }
        @for option in choices { (tag::option_tag(option)) }
        @if !of.states.is_empty() { (tag::state(record)) }
    }
}

const SEAL: &str = r#"<svg viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.5" aria-hidden="true"><circle cx="8" cy="8" r="6.2"/><path d="m5.3 8.2 1.9 1.9 3.6-4"/></svg>"#;

fn head(visit: &Visit, loaded: &Loaded) -> Markup {
    let record = &loaded.record;
    let seal = Seal::of(&loaded.history);
    let more = if loaded.history.len() == ENTRIES { "+" } else { "" };
    html! {
        div.stack {
            div.stack.tight {
                div.row.between {
                    div.row { span.key.muted { (record.reference()) } (tags(record)) }
                    a.seal href={ (loaded.address) "?tab=proof" } {
                        (PreEscaped(SEAL))
                        span {
                            (seal.sealed) (more) @if seal.sealed == 1 { " change sealed" } @else { " changes sealed" }
                            @if let Some(at) = seal.last_at { ", last " (time::absolute(at, visit.now, visit.zone())) }
                            @if seal.pending > 0 { ", " (seal.pending) " waiting for a place in the log" }
                        }
                    }
                }
                h1 { (record.title()) }
            }
            div.row.between { (stages(record)) (buttons(loaded)) }
        }
    }
}

/// The main line of states; a state beside it stands in place where the record is.
fn stages(record: &Record) -> Markup {
    let of: &RecordType = &record.of;
    if of.states.len() < 2 {
        return html! {};
    }
    let line: Vec<_> = of.states.iter().filter(|s| !s.aside || s.name == record.state).collect();
    let present = of.state(&record.state);
    let aside = present.is_some_and(|s| s.aside);
    let ended = present.is_some_and(|s| s.kind == StateKind::Closed);
    let at = line.iter().position(|s| s.name == record.state).unwrap_or_default();
    html! {
        ol.stages aria-label="Stages" {
            @for (i, state) in line.iter().enumerate() {
                @let done = if aside { state.kind == StateKind::New && !ended } else { i < at };
                li class=[if i == at { Some("now") } else { done.then_some("done") }] aria-current=[(i == at).then_some("step")] { (state.label) }
            }
        }
    }
}

/// The steps that may be taken as buttons, and at a word those that may not yet, each with the reason.
fn buttons(loaded: &Loaded) -> Markup {
    let (open, barred) = loaded.steps();
    let primary = open.iter().position(|t| t.primary);
    let first = open.iter().take(7).enumerate().filter(|(i, _)| Some(*i) != primary);
    html! {
        div.row {
            @if !barred.is_empty() { (not_now(&barred, &loaded.address)) }
            @for (_, step) in first { (button(step, &loaded.address, false)) }
            @if let Some(step) = primary.map(|i| open[i]) { (button(step, &loaded.address, true)) }
        }
    }
}

fn not_now(barred: &[(&Transition, &Tried)], address: &str) -> Markup {
    let edit = format!("{address}/edit");
    html! {
        details.not-now {
            summary.small.muted { "Not now: " (barred.len()) @if barred.len() == 1 { " step" } @else { " steps" } }
            ul.card.small {
                @for (step, tried) in barred {
                    li {
                        button.button.small disabled { (step.label) }
                        (owes::checks(&tried.obstacles.iter().cloned().map(owes::Owed::from).collect::<Vec<_>>(), &edit))
                    }
                }
            }
        }
    }
}

/// A transition as a link to its own page, where what it needs is asked for.
pub fn button(step: &Transition, address: &str, primary: bool) -> Markup {
    let key = step.key.map(|k| k.to_lowercase().to_string());
    html! {
        a.button.primary[primary] href={ (address) "/transition/" (step.name) } data-key=[key] {
            (step.label) @if let Some(key) = step.key { " " kbd { (key.to_uppercase()) } }
        }
    }
}

/// The first formatted text of the record, and how it came in.
fn opening(loaded: &Loaded, eyes: &Eyes<'_>) -> Markup {
    let record = &loaded.record;
    let mut texts = record
        .of
        .fields
        .values()
        .filter(|f| matches!(f.kind, Kind::Markdown) && !f.hidden && f.computed.is_none());
    let text = texts.next().and_then(|f| record.text(&f.name));
    let long = long_texts(record);
    let by = record.created_by.map(|n| Reference::new("person", n));
    html! {
        section.card { div.body.stack {
            @if long.is_empty() { @if let Some(text) = text { (prose(text)) } }
            @for field in long { h2.small.muted { (field.label) } @if let Some(text) = record.text(&field.name) { (prose(text)) } }
            div.row.small.muted {
                span {
                    "Recorded" @if let Some(by) = &by { " by " a href=(eyes.address(by)) { (eyes.title(by)) } }
                    " · " (door_words(&record.origin)) " · " (time::proven(record.created_at, eyes.now, eyes.zone))
                    @if let Some(key) = &record.external_key { " · known elsewhere as " span.mono { (key) } }
                    @if !loaded.files.is_empty() { " · " a.link href={ (loaded.address) "?tab=files" } { (loaded.files.len()) @if loaded.files.len() == 1 { " attachment" } @else { " attachments" } } }
                }
            }
        } }
    }
}

/// The filled formatted texts of a record that is mostly text: they stand under their headings, not beside the page.
pub fn long_texts(record: &Record) -> Vec<&proofdesk_model::Field> {
    let fields = record.of.fields.values();
    let texts = fields
        .filter(|f| matches!(f.kind, Kind::Markdown) && !f.hidden && !f.retired && f.computed.is_none());
    let filled: Vec<_> = texts.filter(|f| record.text(&f.name).is_some_and(|t| !t.is_empty())).collect();
    if filled.len() >= MANY_TEXTS { filled } else { Vec::new() }
}

/// From so many formatted texts on a record is mostly text.
const MANY_TEXTS: usize = 5;

/// A door for people.
pub fn door_words(door: &str) -> &str {
    match door {
        "page" => "in the browser",
        "api" => "by the interface",
        "import" => "imported",
        "rule" => "by a rule",
        "mail" => "by e-mail",
        "link" => "by the link of a mail",
        "clock" => "by a clock",
        "cli" => "at the command line",
        "demo" => "example data",
        other => other,
    }
}

fn tab_bar(visit: &Visit, loaded: &Loaded, current: &str) -> Markup {
    let tab = |name: &str, label: &str, count: Option<u64>| Tab {
        label: label.to_owned(),
        count: count.filter(|c| *c > 0),
        address: if name.is_empty() {
            loaded.address.clone()
        } else {
            format!("{}?tab={name}", loaded.address)
        },
        current: current == name,
    };
    let related = related::count(visit, &loaded.record) as u64;
    let mut found = vec![
        tab("", "Activity", None),
        tab("related", "Related", Some(related)),
        tab("files", "Files", Some(loaded.files.len() as u64)),
        tab("proof", "History and proof", None),
    ];
    let gathers = loaded.record.of.collections.len() as u64;
    if gathers > 0 {
        found.insert(1, tab("gathered", "Gathered", Some(gathers)));
    }
    let charts = loaded.record.of.charts.len() as u64;
    if charts > 0 && visit.caller.reads_notes(&loaded.record.of) {
        found.insert(1, tab("charts", "Charts", Some(charts)));
    }
    if let Some(line) = loaded.record.of.timelines.first() {
        found.insert(1, tab("line", &line.label, None));
    }
    let print = html! { a.link.small href={ (loaded.address) "/print" } { "Print" } };
    tabs::tabs("Parts of this record", &found, &print)
}

//! A record on paper: what it gathers, its print form, its PDF, and the PDF filed with it.

use std::collections::HashMap;

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use maud::{Markup, PreEscaped, html};
use proofdesk_engine::{Audience, Change, Door, Gathered, LinkChange, Record, Reference, Target};
use proofdesk_model::record_type::PERIOD;
use proofdesk_model::{Kind, format};
use proofdesk_paper::{Block, Paper, Run};
use proofdesk_report::paper::{Subject, of_record};

use crate::error::WebError;
use crate::layout::{self, Page, escape_query};
use crate::menu::slug;
use crate::pages::{family_crumb, require_reference};
use crate::parts::empty::{empty, notice};
use crate::parts::number::thousands;
use crate::parts::tag;
use crate::parts::value::Eyes;
use crate::session::Visit;
use crate::state::AppState;

/// `/{type}/{reference}/print`, `/paper.pdf`, and `/paper` to file it.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/{slug}/{reference}/print", get(print))
        .route("/{slug}/{reference}/paper.pdf", get(pdf))
        .route("/{slug}/{reference}/paper", post(file))
        .route("/{slug}/{reference}/gather", post(take_in))
}

/// The tab of a record that gathers others: each collection with its count, the count before, and its newest records.
///
/// # Errors
/// A fault of the database.
pub async fn gathered_tab(visit: &Visit, record: &Record, eyes: &Eyes<'_>) -> Result<Markup, WebError> {
    let found = visit.engine().gather(&visit.caller, record).await?;
    let undated = record.of.collections.iter().any(|c| c.on.is_some())
        && !found.iter().any(|one| one.collection.on.is_some());
    let mut titles = eyes.titles.clone();
    titles.extend(titles_of(&found));
    let eyes = &Eyes { titles: &titles, ..*eyes };
    Ok(html! {
        @if undated {
            (notice("info", "The period is not set", &html! { "Fill its first and its last day: what belongs to the period is gathered then." }))
        }
        @let open = to_link(record, &found);
        @if !open.is_empty() && visit.caller.may(&record.of, &proofdesk_engine::Action::Update) {
            div.row.between {
                p.small.muted { "What is linked stays with the record as it was looked at. " b.num { (open.len()) } " of the newest are not linked yet." }
                form.inline method="post" action={ "/" (slug(&record.of)) "/" (record.reference()) "/gather" } { button.button.primary { "Link what is gathered" } }
            }
        }
        @for one in &found { (collection(visit, one, eyes)) }
        @if found.is_empty() && !undated { (empty("Nothing is gathered here that you may read.", &html! {})) }
    })
}

/// The gathered records that are not linked yet, where the record has one field of many links for their type.
fn to_link(record: &Record, found: &[Gathered]) -> Vec<LinkChange> {
    let mut open = Vec::new();
    // who gathers for a period looks at what was then; what leads to a record by itself is linked already
    let has_period = PERIOD.iter().all(|name| record.of.field(name).is_some());
    for one in found.iter().filter(|one| has_period && one.collection.through.is_none()) {
        let fields = record.of.fields.values().filter(|f| !f.retired && f.computed.is_none());
        let mut fields =
            fields.filter(|f| matches!(&f.kind, Kind::Links { to, .. } if *to == one.collection.from));
        let (Some(field), None) = (fields.next(), fields.next()) else { continue };
        let linked = record.links.get(&field.name).map(Vec::as_slice).unwrap_or_default();
        let newest = one.newest.iter().map(|r| Reference::new(r.of.name.clone(), r.number));
        open.extend(newest.filter(|r| !linked.contains(r)).map(|to| LinkChange {
            relation: field.name.clone(),
            to,
            add: true,
        }));
    }
    open
}

/// Links what is gathered and not linked yet.
async fn take_in(visit: Visit, Path((slug, written)): Path<(String, String)>) -> Result<Redirect, WebError> {
    let reference = require_reference(&visit, &slug, &written)?;
    let record = visit.engine().require(&visit.caller, &reference).await?;
    let found = visit.engine().gather(&visit.caller, &record).await?;
    let change = Change { links: to_link(&record, &found), ..Change::default() };
    if !change.links.is_empty() {
        let target = Target::Existing(reference.clone(), Some(record.version));
        visit.engine().apply(&visit.caller, target, change, Door::Page).await?;
    }
    Ok(Redirect::to(&format!("/{slug}/{}?tab=gathered", record.reference())))
}

fn collection(visit: &Visit, one: &Gathered, eyes: &Eyes<'_>) -> Markup {
    let of = visit.registry().get(&one.collection.from);
    let all = of.map(|of| format!("/{}?filter={}", slug(of), escape_query(&one.filter)));
    html! {
        section.card {
            header {
                h2 { (one.collection.label) " " span.num.muted { (thousands(one.total)) } }
                div.row.small {
                    @if let Some(before) = one.before { span.muted { "the period before: " span.num { (before) } } }
                    @if let Some(clause) = &one.collection.clause { span.faint.mono { (clause) } }
                    @if let Some(all) = &all { a.link href=(all) { "List" } }
                }
            }
            div.body.stack.small {
                @if one.newest.is_empty() { span.muted { "None." } }
                @for record in &one.newest {
                    div.row.between {
                        (eyes.link(&Reference::new(record.of.name.clone(), record.number)))
                        (tag::state(record))
                    }
                }
                @if one.total > one.newest.len() as u64 { span.faint { "The newest " (one.newest.len()) " of " (thousands(one.total)) "." } }
            }
        }
    }
}

/// Titles of everything in collections, for links.
fn titles_of(gathered: &[Gathered]) -> impl Iterator<Item = (Reference, String)> + '_ {
    gathered
        .iter()
        .flat_map(|one| &one.newest)
        .map(|record| (Reference::new(record.of.name.clone(), record.number), record.title()))
}

async fn paper_of(visit: &Visit, reference: &Reference) -> Result<(Record, Paper), WebError> {
    let engine = visit.engine();
    let record = engine.require(&visit.caller, reference).await?;
    let mut gathered = engine.led_to(&visit.caller, &record).await?;
    gathered.extend(engine.gather(&visit.caller, &record).await?);
    let mut titles: HashMap<Reference, String> =
        engine.titles(&visit.caller, std::slice::from_ref(&record)).await?;
    titles.extend(titles_of(&gathered));
    let files = engine.attachments(&visit.caller, reference).await?;
    let names: Vec<String> =
        files.into_iter().map(|f| format!("{} (SHA-256 {})", f.name, f.sha256)).collect();
    let log = engine.log_state().await?;
    let seal = format!(
        "From the records of {} as they stood when the log {} had {} entries, root hash {}. The page Log of the desk tells how to check it.",
        visit.state.organization(),
        log.origin,
        log.size,
        log.root
    );
    let of = record.of.clone();
    let shown = |field: &proofdesk_model::Field| visit.caller.sees(&of, &field.name);
    let paper = of_record(&Subject {
        record: &record,
        registry: visit.registry(),
        titles: &titles,
        gathered: &gathered,
        files: &names,
        organization: &visit.state.organization(),
        zone: visit.zone(),
        today: format::day_of(visit.now),
        seal: Some(seal),
        shown: &shown,
    });
    let paper = paper.proofread().map_err(|fault| WebError::Fault(fault.to_string()))?;
    Ok((record, paper))
}

async fn print(visit: Visit, Path((slug, written)): Path<(String, String)>) -> Result<Markup, WebError> {
    let reference = require_reference(&visit, &slug, &written)?;
    let (record, paper) = paper_of(&visit, &reference).await?;
    let address = format!("/{slug}/{}", record.reference());
    let may_file = visit.caller.may(&record.of, &proofdesk_engine::Action::Note);
    let body = html! {
        div.row.between.noprint {
            span.muted { "As it is printed. Use your browser's print command, or:" }
            div.row {
                @if visit.state.printer.is_there() {
                    a.button href={ (address) "/paper.pdf" } { "PDF" }
                    @if may_file {
                        form.inline method="post" action={ (address) "/paper" } { button.button.primary { "File the PDF with the record" } }
                    }
                } @else {
                    span.small { "PDF files need the program proofdesk-render beside this one: " code { "cargo build --profile quick -p proofdesk_render" } }
                }
            }
        }
        article.paper.card { div.body { (sheet(&paper)) } }
    };
    let title = format!("{} on paper", record.reference());
    let list = (record.of.plural.clone(), Some(format!("/{slug}")));
    let crumbs =
        vec![family_crumb(&record.of), list, (record.reference(), Some(address)), ("Print".to_owned(), None)];
    Ok(layout::frame(&visit, Page::new(&title, crumbs, body)))
}

async fn pdf(visit: Visit, Path((slug, written)): Path<(String, String)>) -> Result<Response, WebError> {
    let reference = require_reference(&visit, &slug, &written)?;
    let (record, paper) = paper_of(&visit, &reference).await?;
    let pdf = visit.state.printer.pdf(&paper).await?;
    let mut response = pdf.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/pdf"));
    let name = format!("inline; filename=\"{}-{}.pdf\"", record.reference(), paper.date);
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    Ok(response)
}

async fn file(visit: Visit, Path((slug, written)): Path<(String, String)>) -> Result<Redirect, WebError> {
    let reference = require_reference(&visit, &slug, &written)?;
    let (record, paper) = paper_of(&visit, &reference).await?;
    let pdf = visit.state.printer.pdf(&paper).await?;
    let name = format!("{} {}.pdf", record.reference(), paper.date);
    let most = visit.state.settings.attachment_max;
    let mut upload =
        visit.engine().attach(&visit.caller, &reference, &name, Audience::Staff, most, Door::Page).await?;
    upload.write(&pdf).await?;
    upload.finish().await?;
    Ok(Redirect::to(&format!("/{slug}/{}?tab=files", record.reference())))
}

/// A paper as HTML.
fn sheet(paper: &Paper) -> Markup {
    html! {
        h1 { (paper.title) }
        p.muted {
            @if let Some(subtitle) = &paper.subtitle { (subtitle) " · " }
            (paper.organization) @if let Some(reference) = &paper.reference { " · " (reference) } " · " (paper.date)
        }
        (parts(&paper.blocks))
        @if let Some(seal) = &paper.seal { p.small.faint { (seal) } }
    }
}

fn parts(blocks: &[Block]) -> Markup {
    html! { @for block in blocks { (part(block)) } }
}

fn part(block: &Block) -> Markup {
    html! {
        @match block {
            Block::Heading { level: 1, text } => h2 { (text) },
            Block::Heading { level: 2, text } => h3 { (text) },
            Block::Heading { level: 3, text } => h4 { (text) },
            Block::Heading { text, .. } => h5 { (text) },
            Block::Paragraph { runs } => p { (words(runs)) },
            Block::List { ordered: true, items } => ol { @for item in items { li { (parts(item)) } } },
            Block::List { items, .. } => ul { @for item in items { li { (parts(item)) } } },
            Block::Quote { blocks } => blockquote { (parts(blocks)) },
            Block::Code { text } => pre { (text) },
            Block::Table { caption, columns, rows } => div.scroll { table.plain {
                @if !caption.is_empty() { caption { (caption) } }
                thead { tr { @for column in columns { th.num[column.figures] scope="col" { (column.label) } } } }
                tbody { @for row in rows { tr { @for (cell, column) in row.iter().zip(columns) { td.num[column.figures] { (words(cell)) } } } } }
            } },
            Block::Facts { facts } => dl.facts { @for fact in facts { dt { (fact.name) } dd { (words(&fact.runs)) } } },
            Block::Chart { svg, caption, .. } => figure { (PreEscaped(svg)) figcaption.small.muted { (caption) } },
        }
    }
}

fn words(runs: &[Run]) -> Markup {
    html! { @for run in runs { (word(run)) } }
}

fn word(run: &Run) -> Markup {
    let lines = html! { @for (i, line) in run.text.split('\n').enumerate() { @if i > 0 { br; } (line) } };
    let code = if run.code {
        html! { code { (lines) } }
    } else {
        lines
    };
    let strong = if run.strong {
        html! { strong { (code) } }
    } else {
        code
    };
    let looked = if run.emphasis {
        html! { em { (strong) } }
    } else {
        strong
    };
    match &run.link {
        Some(link) if ["http://", "https://", "mailto:"].iter().any(|start| link.starts_with(start)) => {
            html! { a href=(link) rel="noopener noreferrer nofollow" { (looked) } }
        }
        _ => looked,
    }
}

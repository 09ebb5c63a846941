//! Create and edit forms, generated from the declaration, and the page that settles a conflict.

pub mod conflict;

use std::collections::HashMap;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, Query, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use maud::{Markup, html};
use proofdesk_engine::{Action, Applied, Change, Door, Error, FieldFile, Record, Target};
use proofdesk_model::format::literal;
use proofdesk_model::{Field, Kind, RecordType};

use crate::error::WebError;
use crate::form::editor::Ask;
use crate::form::{self, Typed, Wrong, editor, read, sent};
use crate::layout::{self, Page};
use crate::menu::slug;
use crate::pages::{address, family_crumb, require_reference, require_type};
use crate::parts::value::Eyes;
use crate::session::Visit;
use crate::state::AppState;

/// `/{type}/new` and `/{type}/{reference}/edit`.
pub fn router() -> Router<AppState> {
    // texts and files are counted while they are read
    Router::new()
        .route("/{slug}/new", get(new).post(create).layer(DefaultBodyLimit::disable()))
        .route("/{slug}/{reference}/edit", get(edit).post(update).layer(DefaultBodyLimit::disable()))
}

/// The fields of all sections of a type's form, as [`form::sections`] has them, that the visitor sees and enters; files
/// only for who may attach some.
fn fields<'a>(visit: &Visit, of: &'a RecordType, record: Option<&Record>) -> Vec<&'a Field> {
    let may_attach = visit.caller.may(of, &Action::Attach);
    let all = form::sections(of, record).into_iter().flat_map(|(_, fields)| fields);
    let enters = |f: &Field| record.is_some() || visit.caller.enters(of, &f.name, None);
    let is_shown = |f: &&Field| {
        (may_attach || !matches!(f.kind, Kind::File)) && visit.caller.sees(of, &f.name) && enters(f)
    };
    all.filter(is_shown).collect()
}

/// A form about to be shown.
struct Sheet<'a> {
    visit: &'a Visit,
    of: &'a RecordType,
    record: Option<&'a Record>,
    typed: &'a Typed,
    wrong: &'a Wrong,
}

/// What the fields of a new record say before anybody types.
fn defaults(visit: &Visit, of: &RecordType) -> Vec<(String, String)> {
    let stamp = proofdesk_model::Stamp::now(visit.now, Door::Page);
    let Some(of) = visit.registry().get(&of.name) else { return Vec::new() };
    let blank = Record::empty(of);
    let me = HashMap::from([(
        proofdesk_engine::Reference::new("person", visit.account.person),
        visit.account.name.clone(),
    )]);
    let text = |field: &&Field| {
        let value = literal(field, field.default.as_deref()?, &visit.caller, &stamp)?;
        let mut filled = blank.clone();
        filled.set(&field.name, value);
        let text = form::written(field, &filled, &field.name, visit.registry(), &me, visit.zone());
        Some((field.name.clone(), text))
    };
    fields(visit, of, None).iter().filter_map(text).collect()
}

async fn new(
    visit: Visit,
    Path(name): Path<String>,
    Query(given): Query<Vec<(String, String)>>,
) -> Result<Markup, WebError> {
    let of = require_type(&visit, &name)?;
    of.permit(&visit.caller, Action::Create, None).map_err(Error::Forbidden)?;
    let mut typed = Typed::new(given);
    for (name, text) in defaults(&visit, &of) {
        if !typed.has(&name) {
            typed.set(&name, text);
        }
    }
    sheet(&Sheet { visit: &visit, of: &of, record: None, typed: &typed, wrong: &Wrong::default() }).await
}

async fn create(visit: Visit, Path(name): Path<String>, request: Request) -> Result<Response, WebError> {
    let of = require_type(&visit, &name)?;
    of.permit(&visit.caller, Action::Create, None).map_err(Error::Forbidden)?;
    let fields = fields(&visit, &of, None);
    let sent::Sent { typed, files, refused } = sent::read(&visit, &of, &fields, request).await?;
    let change = read::change(visit.engine(), &visit.caller, visit.zone(), &fields, &typed, None).await;
    let outcome = match sent::judged(refused, change) {
        Ok(change) => apply(&visit, Target::New(of.name.clone()), change, files).await,
        Err(error) => Err(error),
    };
    match outcome {
        Ok(applied) => {
            let reference = proofdesk_engine::Reference::new(of.name.clone(), applied.record.number);
            Ok(Redirect::to(&address(&visit, &reference)).into_response())
        }
        Err(WebError::Engine(Error::Invalid(problems))) => {
            let wrong = Wrong::new(&problems.0);
            let page =
                sheet(&Sheet { visit: &visit, of: &of, record: None, typed: &typed, wrong: &wrong }).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(other) => Err(other),
    }
}

/// Writes a change with its files.
///
/// # Errors
/// As the engine.
pub(crate) async fn apply(
    visit: &Visit,
    target: Target,
    change: Change,
    files: Vec<FieldFile>,
) -> Result<Applied, WebError> {
    let stamp = proofdesk_model::Stamp::now(visit.engine().now(), Door::Page);
    let id = uuid::Uuid::now_v7();
    Ok(visit.engine().apply_with(&visit.caller, target, change, files, stamp, id).await?)
}

async fn edit(visit: Visit, Path((slug, written)): Path<(String, String)>) -> Result<Markup, WebError> {
    let reference = require_reference(&visit, &slug, &written)?;
    let record = visit.engine().require(&visit.caller, &reference).await?;
    record.of.permit(&visit.caller, Action::Update, Some(&record)).map_err(Error::Forbidden)?;
    let typed = present(&visit, &record, &fields(&visit, &record.of, Some(&record))).await?;
    sheet(&Sheet {
        visit: &visit,
        of: &record.of,
        record: Some(&record),
        typed: &typed,
        wrong: &Wrong::default(),
    })
    .await
}

/// The texts of a record's present values, each twice: to be changed, and as what the form was opened with.
///
/// # Errors
/// A fault of the database.
pub(crate) async fn present(visit: &Visit, record: &Record, fields: &[&Field]) -> Result<Typed, WebError> {
    let titles = visit.engine().titles(&visit.caller, std::slice::from_ref(record)).await?;
    let mut typed = Typed::default();
    typed.set("version", record.version.to_string());
    let files = visit.engine().named_files(&visit.caller, std::slice::from_ref(record)).await?;
    for field in fields.iter().filter(|f| matches!(f.kind, Kind::File)) {
        if let Some(file) = record.text(&field.name).and_then(|id| files.get(id)) {
            typed.set(&format!("{}{}", form::FILE, field.name), file.name.clone());
        }
    }
    for field in fields {
        let mut columns = field.columns();
        if columns.is_empty() {
            columns.push(field.name.clone());
        }
        for column in columns {
            let text = form::written(field, record, &column, visit.registry(), &titles, visit.zone());
            typed.set(&format!("{}{column}", read::WAS), text.clone());
            typed.set(&column, text);
        }
    }
    Ok(typed)
}

async fn update(
    visit: Visit,
    Path((slug, written)): Path<(String, String)>,
    request: Request,
) -> Result<Response, WebError> {
    let reference = require_reference(&visit, &slug, &written)?;
    let record = visit.engine().require(&visit.caller, &reference).await?;
    record.of.permit(&visit.caller, Action::Update, Some(&record)).map_err(Error::Forbidden)?;
    let fields = fields(&visit, &record.of, Some(&record));
    let sent::Sent { typed, files, refused } = sent::read(&visit, &record.of, &fields, request).await?;
    let seen = typed.text("version").and_then(|v| v.parse().ok());
    let change =
        read::change(visit.engine(), &visit.caller, visit.zone(), &fields, &typed, Some(&record)).await;
    let outcome = match sent::judged(refused, change) {
        Ok(change) if change.is_empty() && files.is_empty() => {
            return Ok(Redirect::to(&address(&visit, &reference)).into_response());
        }
        Ok(change) => {
            let target = Target::Existing(reference.clone(), seen.or(Some(record.version)));
            apply(&visit, target, change, files).await
        }
        Err(error) => Err(error),
    };
    match outcome {
        Ok(_) => Ok(Redirect::to(&address(&visit, &reference)).into_response()),
        Err(WebError::Engine(Error::Invalid(problems))) => {
            let wrong = Wrong::new(&problems.0);
            let page = sheet(&Sheet {
                visit: &visit,
                of: &record.of,
                record: Some(&record),
                typed: &typed,
                wrong: &wrong,
            })
            .await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(WebError::Engine(Error::Conflict(conflict))) => {
            let page = conflict::page(&visit, &record, &fields, &typed, &conflict).await?;
            Ok((StatusCode::CONFLICT, page).into_response())
        }
        Err(other) => Err(other),
    }
}

async fn sheet(sheet: &Sheet<'_>) -> Result<Markup, WebError> {
    let Sheet { visit, of, record, typed, wrong } = *sheet;
    let titles = HashMap::new();
    let eyes =
        Eyes { registry: visit.registry(), titles: &titles, files: &[], zone: visit.zone(), now: visit.now };
    let all = fields(visit, of, record);
    let is_shown = |f: &&Field| all.iter().any(|a| a.name == f.name);
    let mut sections = form::sections(of, record);
    sections.iter_mut().for_each(|(_, fields)| fields.retain(|f| is_shown(f)));
    sections.retain(|(_, fields)| !fields.is_empty());
    let list = format!("/{}", slug(of));
    let here = record.map_or(format!("{list}/new"), |r| format!("{list}/{}/edit", r.reference()));
    let back = record.map_or(list.clone(), |r| format!("{list}/{}", r.reference()));
    let title =
        record.map_or(format!("New {}", of.label.to_lowercase()), |r| format!("Edit {}", r.reference()));
    let state_needs: &[String] =
        of.state(record.map_or(of.initial_state(), |r| &r.state)).map_or(&[], |s| &s.requires);
    let is_needed = |f: &Field| f.required || state_needs.contains(&f.name);
    // a new record begins with its first section and those that hold what it needs or what a requester tells; what comes
    // with later steps is folded, and opens where something was typed or is wrong
    let begins = |at: usize, fields: &[&Field]| {
        let tells = |f: &&Field| is_needed(f) || of.requesters_enter.contains(&f.name);
        at == 0 || record.is_some() || fields.iter().any(tells)
    };
    let given = if record.is_none() { defaults(visit, of) } else { Vec::new() };
    let is_touched = |fields: &[&Field]| {
        fields.iter().any(|f| {
            let was = given.iter().find(|(name, _)| *name == f.name).map_or("", |(_, text)| text);
            let mut columns = f.columns();
            columns.push(f.name.clone());
            columns.iter().any(|name| !wrong.of(name).is_empty())
                || typed.text(&f.name).is_some_and(|text| !text.is_empty() && text != was)
        })
    };
    let first = form::first(&all, typed, wrong, is_needed);
    let editors = |fields: &[&Field]| {
        let ask = |f: &Field| Ask { required: is_needed(f), focus: first == Some(f.name.as_str()) };
        html! { div.body.stack { @for field in fields { (editor::editor(&eyes, field, typed, wrong, ask(field))) } } }
    };
    let body = html! {
        h1 { (title) }
        @if !wrong.is_empty() { (summary(wrong, &all)) }
        form.form method="post" action=(here) enctype=[form::encoding(&all)] {
            @if let Some(version) = typed.text("version") { input type="hidden" name="version" value=(version); }
            @if record.is_some() { (opened_with(&all, typed)) }
            @for (at, (heading, fields)) in sections.iter().enumerate() {
                @if begins(at, fields) { section.card { header { h2 { (heading) } } (editors(fields)) } }
                @else { details.card.later open[is_touched(fields)] { summary { h2 { (heading) } } (editors(fields)) } }
            }
            div.row { button.button.primary { @if record.is_some() { "Save the changes" } @else { "Record it" } } a.button href=(back) { "Leave without saving" } }
        }
    };
    let mut crumbs = vec![family_crumb(of), (of.plural.clone(), Some(list.clone()))];
    if let Some(record) = record {
        crumbs.push((record.reference(), Some(back)));
    }
    crumbs.push((if record.is_some() { "Edit" } else { "New" }.to_owned(), None));
    Ok(layout::frame(visit, Page::new(&title, crumbs, body)))
}

/// What is wrong, once at the top, with the way to each field.
pub(crate) fn summary(wrong: &Wrong, fields: &[&Field]) -> Markup {
    let at_fields: Vec<(&&Field, usize)> =
        fields.iter().map(|f| (f, wrong.of(&f.name).len())).filter(|(_, n)| *n > 0).collect();
    html! {
        div.notice.bad role="alert" {
            b { "Nothing was written yet" }
            @for sentence in wrong.elsewhere(fields) { p { (sentence) } }
            @if !at_fields.is_empty() { p { "Look at: " @for (i, (field, _)) in at_fields.iter().enumerate() { @if i > 0 { ", " } a.link href={ "#f-" (field.name) } { (field.label) } } "." } }
        }
    }
}

/// The texts that the form was opened with.
pub(crate) fn opened_with(fields: &[&Field], typed: &Typed) -> Markup {
    let files = fields.iter().map(|f| format!("{}{}", form::FILE, f.name));
    html! {
        @for name in files { @if let Some(file) = typed.text(&name) { input type="hidden" name=(name) value=(file); } }
        @for field in fields.iter().filter(|f| !matches!(f.kind, Kind::File)) {
            @for column in field.columns().into_iter().chain(field.columns().is_empty().then(|| field.name.clone())) {
                @let name = format!("{}{column}", read::WAS);
                @if let Some(was) = typed.text(&name).filter(|w| !w.is_empty()) { input type="hidden" name=(name) value=(was); }
                @else { input type="hidden" name=(name) value=""; }
            }
        }
    }
}

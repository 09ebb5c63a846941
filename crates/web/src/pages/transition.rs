//! A transition as a page of its own: what it needs and offers, then the step. And taking a record for oneself.

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use proofdesk_engine::{Action, Change, Conflict, Door, Error, Problem, Record, Target};
use proofdesk_model::{Field, Kind, Transition, Value};

use crate::error::WebError;
use crate::form::editor::Ask;
use crate::form::sent::{self, Texts};
use crate::form::{Typed, Wrong, editor, read};
use crate::layout::{self, Page};
use crate::menu::slug;
use crate::pages::change::{apply, conflict, opened_with, present, summary};
use crate::pages::{address, family_crumb, owes, require_reference, steps};
use crate::parts::tag;
use crate::parts::value::Eyes;
use crate::session::Visit;
use crate::state::AppState;

/// `/{type}/{reference}/transition/{name}` and `/{type}/{reference}/take`.
pub fn router() -> Router<AppState> {
    Router::new()
        .route(
            "/{slug}/{reference}/transition/{name}",
            get(ask).post(step).layer(DefaultBodyLimit::disable()),
        )
        .route("/{slug}/{reference}/take", post(take))
}

fn require_step<'a>(record: &'a Record, name: &str) -> Result<&'a Transition, WebError> {
    record.of.transition(name).ok_or_else(|| WebError::NotFound("step of this name".to_owned()))
}

async fn ask(
    visit: Visit,
    Path((slug, written, name)): Path<(String, String, String)>,
) -> Result<Markup, WebError> {
    let reference = require_reference(&visit, &slug, &written)?;
    let record = visit.engine().require(&visit.caller, &reference).await?;
    let step = require_step(&record, &name)?;
    record
        .of
        .permit(&visit.caller, Action::Transition(name.clone()), Some(&record))
        .map_err(Error::Forbidden)?;
    let fields = steps::asked(&record, step);
    let mut typed = present(&visit, &record, &fields).await?;
    for field in &fields {
        // who takes a step is most often the one who does it
        if matches!(field.kind, Kind::Person)
            && step.requires.contains(&field.name)
            && typed.text(&field.name).is_none_or(|t| t.is_empty())
            && let Some(of) = visit.registry().get("person")
        {
            typed.set(&field.name, format!("{} {}", of.reference(visit.account.person), visit.account.name));
        }
    }
    let obstacles = steps::tried(&visit, &record, step).await?.obstacles;
    let owed: Vec<owes::Owed> = obstacles.into_iter().map(owes::Owed::from).collect();
    let above = Above { owed: &owed, changed: None };
    page(&visit, &record, step, &fields, &typed, &Wrong::default(), &above)
}

async fn step(
    visit: Visit,
    Path((slug, written, name)): Path<(String, String, String)>,
    request: Request,
) -> Result<Response, WebError> {
    let reference = require_reference(&visit, &slug, &written)?;
    let record = visit.engine().require(&visit.caller, &reference).await?;
    let step = require_step(&record, &name)?;
    let action = Action::Transition(name.clone());
    record.of.permit(&visit.caller, action, Some(&record)).map_err(Error::Forbidden)?;
    let fields = steps::asked(&record, step);
    let sent::Sent { typed, files, refused } = sent::read(&visit, &record.of, &fields, request).await?;
    let seen = typed.text("version").and_then(|v| v.parse().ok());
    let change =
        read::change(visit.engine(), &visit.caller, visit.zone(), &fields, &typed, Some(&record)).await;
    let outcome = match sent::judged(refused, change) {
        Ok(change) => {
            let target = Target::Existing(reference.clone(), seen);
            apply(&visit, target, change.take(&name), files).await
        }
        Err(error) => Err(error),
    };
    match outcome {
        Ok(_) => Ok(Redirect::to(&address(&visit, &reference)).into_response()),
        Err(WebError::Engine(Error::Invalid(problems))) => {
            let wrong = Wrong::new(&problems.0);
            let page = page(&visit, &record, step, &fields, &typed, &wrong, &Above::default())?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(WebError::Engine(Error::Conflict(conflict))) => {
            let page = meanwhile(&visit, &record, step, &fields, &typed, &conflict).await?;
            Ok((StatusCode::CONFLICT, page).into_response())
        }
        Err(other) => Err(other),
    }
}

/// The step asked again on what is there now, with what was typed: what others changed is listed, and said beside
/// each field that both changed.
async fn meanwhile(
    visit: &Visit,
    record: &Record,
    step: &Transition,
    fields: &[&Field],
    typed: &Typed,
    conflict: &Conflict,
) -> Result<Markup, WebError> {
    let theirs = present(visit, record, fields).await?;
    let mut fresh = theirs.clone();
    let sentence = format!(
        "{} was changed meanwhile: you saw version {}, it is now {}. Nothing was written; look at what changed, then \
         take the step again or go back.",
        conflict.reference, conflict.expected, conflict.current
    );
    let mut problems = vec![Problem::new("", "conflict", sentence)];
    for field in fields {
        let text = |from: &Typed, name: &str| from.text(name).unwrap_or_default().replace("\r\n", "\n");
        let mine = text(typed, &field.name);
        let was = typed.text(&format!("{}{}", read::WAS, field.name)).unwrap_or_default();
        let now = text(&theirs, &field.name);
        if mine == was.replace("\r\n", "\n") {
            continue; // not mine: what is there now stays
        }
        for column in field.columns().iter().chain([&field.name]) {
            fresh.set(column, typed.text(column).unwrap_or_default());
        }
        if let Some(change) = conflict.changed.iter().rev().find(|c| c.field == field.name && mine != now) {
            let now =
                if now.is_empty() { "it is empty now".to_owned() } else { format!("it is now “{now}”") };
            let message = format!("{} changed this meanwhile: {now}. Yours is kept here.", change.by);
            problems.push(Problem::new(&field.name, "conflict", message));
        }
    }
    let changed = conflict::what_changed(visit, record, conflict).await?;
    let above = Above { owed: &[], changed: Some(changed) };
    page(visit, record, step, fields, &fresh, &Wrong::new(&problems), &above)
}

/// What stands above the form of a step.
#[derive(Default)]
struct Above<'a> {
    /// What stands in its way beyond what is asked for.
    owed: &'a [owes::Owed],
    /// What others changed meanwhile.
    changed: Option<Markup>,
}

fn page(
    visit: &Visit,
    record: &Record,
    step: &Transition,
    fields: &[&Field],
    typed: &Typed,
    wrong: &Wrong,
    above: &Above<'_>,
) -> Result<Markup, WebError> {
    let titles = std::collections::HashMap::new();
    let eyes =
        Eyes { registry: visit.registry(), titles: &titles, files: &[], zone: visit.zone(), now: visit.now };
    let name = record.reference();
    let back = format!("/{}/{name}", slug(&record.of));
    let state = record.of.state(&step.to).map_or(&[][..], |s| &s.requires);
    let is_needed = |f: &Field| step.requires.contains(&f.name) || state.contains(&f.name);
    let first = crate::form::first(fields, typed, wrong, is_needed);
    let body = html! {
        div.stack.tight {
            div.row { a.key.muted href=(back) { (name) } (tag::state(record)) span.muted aria-hidden="true" { "→" } (tag::tag(&tag::state_label(&record.of, &step.to), Some("info"))) }
            h1 { (step.label) }
            p.muted { (record.title()) }
        }
        @if !wrong.is_empty() { (summary(wrong, fields)) }
        @if let Some(changed) = &above.changed { (changed) }
        @if !above.owed.is_empty() { section.card { header { h2 { "This stands in the way" } } div.body.narrow { (owes::checks(above.owed, &format!("{back}/edit"))) } } }
        form.form method="post" enctype=[crate::form::encoding(fields)] {
            @if let Some(version) = typed.text("version") { input type="hidden" name="version" value=(version); }
            (opened_with(fields, typed))
            @if !fields.is_empty() {
                section.card { div.body.stack { @for field in fields { (editor::editor(&eyes, field, typed, wrong, Ask { required: is_needed(field), focus: first == Some(field.name.as_str()) })) } } }
            }
            div.row { button.button.primary disabled[!above.owed.is_empty()] autofocus[fields.is_empty()] { (step.label) } a.button href=(back) { "Go back" } }
        }
    };
    let crumbs = vec![
        family_crumb(&record.of),
        (record.of.plural.clone(), Some(format!("/{}", slug(&record.of)))),
        (name.clone(), Some(back.clone())),
        (step.label.clone(), None),
    ];
    Ok(layout::frame(visit, Page::new(&format!("{} {name}", step.label), crumbs, body)))
}

/// The field that says whose a record is: the first person among its list columns.
fn owner_field(record: &Record) -> Option<&Field> {
    let columns = record.of.list.iter().filter_map(|c| record.of.field(&c.field));
    columns.into_iter().find(|f| matches!(f.kind, Kind::Person) && record.of.is_open_for(record, f))
}

/// What the button to take a record says; none when it is the visitor's already or he may not.
pub fn take_label(visit: &Visit, record: &Record) -> Option<&'static str> {
    let field = owner_field(record)?;
    let me = visit.caller.person?;
    let open = record.of.state_kind(&record.state).is_open();
    let mine = record.get(&field.name) == Value::Link(me);
    (open && !mine && visit.caller.may(&record.of, &Action::Update)).then_some("Assign to me")
}

/// Makes the visitor the owner: by the step that needs nothing but an owner where there is one, else by a change.
async fn take(
    visit: Visit,
    Path((slug, written)): Path<(String, String)>,
    Texts(pairs): Texts,
) -> Result<Redirect, WebError> {
    let reference = require_reference(&visit, &slug, &written)?;
    let record = visit.engine().require(&visit.caller, &reference).await?;
    let me = visit
        .caller
        .person
        .ok_or_else(|| Error::invalid("person", "required", "Only a person can take a record."))?;
    let field = owner_field(&record).ok_or_else(|| WebError::NotFound("owner of such records".to_owned()))?;
    let change = Change::default().with(&field.name, Value::Link(me));
    let fresh = record.of.state_kind(&record.state) == proofdesk_model::StateKind::New;
    let by_step = record.of.transitions_from(&record.state).find(|t| {
        t.requires == [field.name.clone()]
            && visit.caller.may(&record.of, &Action::Transition(t.name.clone()))
    });
    let change = match by_step {
        Some(step) if fresh && step.to != record.state => change.take(&step.name),
        _ => change,
    };
    visit
        .engine()
        .apply(&visit.caller, Target::Existing(reference.clone(), None), change, Door::Page)
        .await?;
    let from_list = pairs.iter().any(|(name, value)| name == "back" && value == "list");
    let desk =
        crate::menu::desk_type(visit.engine(), &visit.caller).is_some_and(|t| t.name == record.of.name);
    Ok(match (from_list, desk) {
        (true, true) => Redirect::to("/desk"),
        (true, false) => Redirect::to(&format!("/{slug}")),
        _ => Redirect::to(&address(&visit, &reference)),
    })
}

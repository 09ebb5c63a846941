//! Starter templates: what there is, how each would look with what the desk knows, and the way to begin a document.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use maud::{Markup, html};
use proofdesk_engine::{Action, Door, Error, Record, Reference};
use proofdesk_model::{RecordType, template};

use crate::error::WebError;
use crate::form::Typed;
use crate::form::sent::Texts;
use crate::layout::{self, Page};
use crate::menu::{self, slug};
use crate::pages::{address, family_crumb};
use crate::parts::tag;
use crate::parts::value::prose;
use crate::session::Visit;
use crate::state::{AppState, Settings};

/// `/templates` and `/templates/{name}`.
pub fn router() -> Router<AppState> {
    Router::new().route("/templates", get(list)).route("/templates/{name}", get(show).post(adopt))
}

/// What the settings say of places that no record holds.
pub fn given(state: &AppState) -> BTreeMap<String, String> {
    let unset = Settings::default().organization;
    let known = Some(state.organization()).filter(|o| *o != unset && o != "Your organization");
    known.map(|o| ("organization".to_owned(), o)).into_iter().collect()
}

/// Whether records of a type can be begun from templates by the visitor.
pub fn are_for(visit: &Visit, of: &RecordType) -> bool {
    let is_whole = template::versions(visit.registry()).is_some_and(|(_, whole)| whole.name == of.name);
    is_whole && visit.caller.may(of, &Action::Create) && !visit.engine().templates().all.is_empty()
}

/// The type of what templates begin, as far as the visitor reads it.
fn whole(visit: &Visit) -> Result<&RecordType, WebError> {
    let found = template::versions(visit.registry()).map(|(_, whole)| whole);
    found
        .filter(|of| visit.caller.may(of, &Action::Read))
        .ok_or_else(|| WebError::NotFound("page at this address".to_owned()))
}

fn crumbs(of: &RecordType, last: Option<&str>) -> Vec<(String, Option<String>)> {
    let mut found = vec![family_crumb(of), (of.plural.clone(), Some(format!("/{}", slug(of))))];
    found.push(("Templates".to_owned(), last.map(|_| "/templates".to_owned())));
    found.extend(last.map(|l| (l.to_owned(), None)));
    found
}

async fn list(visit: Visit) -> Result<Markup, WebError> {
    let of = whole(&visit)?;
    let mut rows = Vec::new();
    for found in visit.engine().templates().all.values() {
        rows.push((found, visit.engine().adopted(&visit.caller, &found.name).await?));
    }
    rows.sort_by_key(|(found, _)| menu::numbers(found.clauses.first().map_or("", |c| c)));
    let begun = rows.iter().filter(|(_, d)| !d.is_empty()).count();
    let body = html! {
        div.stack.tight {
            h1 { "Starter templates" }
            p.muted { "Texts of our own to begin documents with: adopt one, fill its open places, and send it to review. " b.num { (begun) } " of " b.num { (rows.len()) } " have been begun." }
        }
        section.card { div.scroll { table.list {
            thead { tr { th scope="col" { "Template" } th.spare scope="col" { "Clauses" } th.spare scope="col" { "7.5.4" } th scope="col" { "Document" } } }
            tbody { @for (found, documents) in &rows { tr {
                td.grow { a href={ "/templates/" (found.name) } { b { (found.title) } } br; span.small.muted { (found.summary) } }
                td.spare.small.key { (found.clauses.join(" ")) }
                td.spare.small.key { (found.serves.join(" ")) }
                td { (adopted(&visit, documents)) @if documents.is_empty() { span.faint.small { "not begun" } } }
            } } }
        } } }
    };
    Ok(layout::frame(&visit, Page::new("Starter templates", crumbs(of, None), body)))
}

fn adopted(visit: &Visit, documents: &[Record]) -> Markup {
    html! {
        @for (i, record) in documents.iter().enumerate() {
            @if i > 0 { br; }
            a.key href=(address(visit, &Reference::new(record.of.name.clone(), record.number))) { (record.reference()) } " " (tag::state(record))
        }
    }
}

async fn show(visit: Visit, Path(name): Path<String>) -> Result<Markup, WebError> {
    page(&visit, &name, &[]).await
}

async fn page(visit: &Visit, name: &str, wrong: &[String]) -> Result<Markup, WebError> {
    let of = whole(visit)?;
    let (found, filled) = visit.engine().fill_template(&visit.caller, name, &given(&visit.state)).await?;
    let documents = visit.engine().adopted(&visit.caller, name).await?;
    let may = visit.caller.may(of, &Action::Create);
    let body = html! {
        div.row.between {
            div.stack.tight {
                h1 { (found.title) }
                p.muted { (found.summary) }
                p.small.muted { "Serves " span.key { (found.clauses.join(", ")) } " and of 7.5.4 " span.key { (found.serves.join(", ")) } "." }
            }
            @if may && documents.is_empty() {
                form.inline method="post" { button.button.primary { "Begin a document from it" } }
            }
        }
        @for sentence in wrong { div.notice.bad role="alert" { p { (sentence) } } }
        @if !documents.is_empty() {
            div.notice {
                p { "Begun already: " (adopted(visit, &documents)) }
                @if may { form.inline method="post" { input type="hidden" name="again" value="yes"; button.button { "Begin another one" } } }
            }
        }
        div.split {
            section.card { div.body { (prose(&filled.text)) } }
            div.stack {
                section.card {
                    header { h2 { "Open places" } span.small.muted.num { (filled.open.len()) } }
                    div.body.small {
                        @if filled.open.is_empty() { p.muted { "None: the desk knows all that the text asks for." } }
                        ul.stack.tight { @for (name, label) in &filled.open { li { code { (template::as_written(name)) } br; span.muted { (label) } } } }
                    }
                }
                section.card {
                    header { h2 { "Filled from the desk" } span.small.muted.num { (filled.filled.len()) } }
                    dl.facts.body.small { @for (label, value) in &filled.filled { dt { (label) } dd { (value) } } }
                }
            }
        }
    };
    Ok(layout::frame(visit, Page::new(&found.title, crumbs(of, Some("Template")), body)))
}

async fn adopt(visit: Visit, Path(name): Path<String>, Texts(pairs): Texts) -> Result<Response, WebError> {
    let again = Typed::new(pairs).text("again").is_some_and(|a| a == "yes");
    let given = given(&visit.state);
    match visit.engine().adopt_template(&visit.caller, &name, &given, Door::Page, again).await {
        Ok(made) => {
            let reference = Reference::new(made.version.of.name.clone(), made.version.number);
            Ok(Redirect::to(&address(&visit, &reference)).into_response())
        }
        Err(Error::Invalid(problems)) => {
            let wrong: Vec<String> = problems.0.iter().map(|p| p.message.clone()).collect();
            let page = page(&visit, &name, &wrong).await?;
            Ok((axum::http::StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(other) => Err(other.into()),
    }
}

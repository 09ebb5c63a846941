//! Frameworks: which are in force, what a draft changes, importing, publishing, and all of it as files.

mod one;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Multipart, Path, Query};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use proofdesk_conformity::{FRAMEWORK_ROLES, Format, Framework, FrameworkInfo, SheetMapping, Source, Upload};
use proofdesk_engine::{Door, Problem};
use serde::Deserialize;

use crate::api::frameworks::{document_of, refused};
use crate::error::WebError;
use crate::form::Wrong;
use crate::layout::{self, Page};
use crate::pages::conformity::require;
use crate::parts::number::thousands;
use crate::parts::tag;
use crate::session::Visit;
use crate::state::AppState;

/// The largest file that is taken in here, bytes.
const FILE_MAX: usize = 16 * 1_048_576;

/// `/frameworks` and what is under it.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/frameworks", get(list))
        .route("/frameworks/import", post(import).layer(DefaultBodyLimit::max(FILE_MAX)))
        .route("/frameworks/import/mapping", get(mapping))
        .route("/frameworks/{id}", get(one::show))
        .route("/frameworks/{id}/publish", post(publish))
        .route("/frameworks/{id}/export/{document}", get(export))
}

/// Whether the visitor may import and publish.
fn may_keep(visit: &Visit) -> bool {
    FRAMEWORK_ROLES.iter().any(|role| visit.caller.has(role))
}

fn crumbs(last: Option<&str>) -> Vec<(String, Option<String>)> {
    let mut crumbs = vec![("Assurance".to_owned(), Some("/home/assurance".to_owned()))];
    match last {
        Some(last) => {
            crumbs.push(("Frameworks".to_owned(), Some("/frameworks".to_owned())));
            crumbs.push((last.to_owned(), None));
        }
        None => crumbs.push(("Frameworks".to_owned(), None)),
    }
    crumbs
}

async fn list(visit: Visit) -> Result<Markup, WebError> {
    listed(&visit, &Wrong::default()).await
}

async fn listed(visit: &Visit, wrong: &Wrong) -> Result<Markup, WebError> {
    let conformity = require(visit)?;
    let all = conformity.frameworks().await?;
    let left_out = &conformity.declarations().left_out;
    let body = html! {
        div.stack.tight {
            h1 { "Frameworks" }
            p.muted { "What the organization must conform to. One record and one test may serve several of them." }
        }
        section.card {
            div.scroll { table.list {
                thead { tr { th scope="col" { "Framework" } th scope="col" { "In force" } th scope="col" { "Draft" } th.spare scope="col" { "Requirements" } th.spare scope="col" { "With a test" } th.spare scope="col" { "Mappings to it" } } }
                tbody { @for f in &all { (row(f)) } }
            } }
        }
        @if !left_out.is_empty() { section.card { header { h2 { "Not used" } } div.body.stack.small {
            p { "These stored parts cannot be used as they are. Import them again." }
            ul { @for mistake in left_out.iter().take(20) { li { (mistake.to_string()) } } }
        } } }
        @if may_keep(visit) { (form(wrong)) }
    };
    Ok(layout::frame(visit, Page::new("Frameworks", crumbs(None), body)))
}

fn row(f: &FrameworkInfo) -> Markup {
    html! { tr {
        td.grow { a href={ "/frameworks/" (f.id) } { b { (f.title) } } br; span.small.faint { (f.id) @if f.shipped { ", comes with the program" } } }
        td { @match &f.edition { Some(edition) => { (tag::tag(edition, Some("ok"))) }, None => { span.faint { "none" } } } }
        td { @if let Some(draft) = &f.draft { a href={ "/frameworks/" (f.id) } { (tag::tag(draft, Some("info"))) } } }
        td.spare.num { (thousands(f.requirements)) }
        td.spare.num { (thousands(f.tested)) }
        td.spare.num { @if f.mapped > 0 { (thousands(f.mapped)) } }
    } }
}

fn form(wrong: &Wrong) -> Markup {
    html! {
        section.card { header { h2 { "Import" } span.small.muted { "kept as a draft until somebody publishes it" } } div.body {
            form.form method="post" action="/frameworks/import" enctype="multipart/form-data" {
                @for sentence in wrong.elsewhere(&[]) { p.wrong role="alert" { (sentence) } }
                div.input { label for="f-file" { "File: an OSCAL catalog (.json), a declaration (.kdl) or a spreadsheet (.xlsx)" } input.field id="f-file" type="file" name="file" accept=".json,.kdl,.xlsx" required; }
                div.input {
                    label for="f-mapping" { "For a spreadsheet: its mapping (.toml), which says which column is what" }
                    input.field id="f-mapping" type="file" name="mapping" accept=".toml" aria-describedby="f-mapping-help";
                    p.help id="f-mapping-help" { "Without one, the " a.link href="/frameworks/import/mapping" download="framework.toml" { "mapping that comes with the program" } " is used: it asks for a sheet Requirements with the columns Chapter, No., Requirement, How it is shown, Answered by. Copy it and change names and columns for yours." }
                }
                div.input { label for="f-id" { "Id, where the file says none or another is wanted" } input.field id="f-id" name="id" maxlength="80"; }
                div.input { label for="f-origin" { "Where its words come from, and under which terms" } input.field id="f-origin" name="origin" maxlength="400"; }
                div { button.button.primary { "Import" } }
                p.help { "Mind the rights of others: most standards may not be copied. NIST's catalogs are in the public domain." }
            }
        } }
    }
}

/// The file of an import with what stands beside it.
async fn sent(mut form: Multipart) -> Result<Upload, WebError> {
    let broken = |e: axum::extract::multipart::MultipartError| {
        WebError::Unreadable(format!("The form cannot be read: {}.", e.body_text().trim_end_matches('.')))
    };
    let mut sent = Upload::default();
    while let Some(part) = form.next_field().await.map_err(broken)? {
        let name = part.name().unwrap_or_default().to_owned();
        let file = part.file_name().unwrap_or_default().to_owned();
        let bytes = part.bytes().await.map_err(broken)?;
        if name == "file" {
            (sent.name, sent.bytes) = (file, bytes.to_vec());
            continue;
        }
        let text = String::from_utf8(bytes.to_vec());
        let text = text.map_err(|_| WebError::Unreadable(format!("`{name}` is not UTF-8.")))?;
        let given = Some(text.trim().to_owned()).filter(|t| !t.is_empty());
        match name.as_str() {
            // a form sends a field for a file without any, too
            "mapping" if !file.is_empty() || given.is_some() => sent.mapping = Some(Source::new(file, text)),
            "id" => sent.options.id = given,
            "origin" => sent.options.origin = given,
            _ => {}
        }
    }
    Ok(sent)
}

async fn read(sent: Upload) -> Result<Framework, WebError> {
    let format = Format::of(&sent.name);
    sent.read(format).await.map_err(|e| refused("file", e))
}

/// The mapping of spreadsheets that comes with the program.
async fn mapping(_: Visit) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], SheetMapping::SHIPPED)
}

async fn import(visit: Visit, form: Multipart) -> Result<Response, WebError> {
    let conformity = require(&visit)?;
    conformity.may_keep_frameworks(&visit.caller)?;
    let sent = sent(form).await?;
    let origin = format!("file {}", sent.name);
    let kept = match read(sent).await {
        Ok(framework) => {
            let kept = conformity.import_framework(&visit.caller, &framework, &origin, Door::Page).await;
            kept.map(|update| update.framework).map_err(|e| refused("file", e))
        }
        Err(error) => Err(error),
    };
    match kept {
        Ok(id) => Ok(Redirect::to(&format!("/frameworks/{id}")).into_response()),
        Err(WebError::Engine(proofdesk_engine::Error::Invalid(problems))) => {
            // shown above the form: none of its fields is wrong by itself
            let told: Vec<Problem> =
                problems.0.iter().map(|p| Problem::new("", &p.code, p.message.clone())).collect();
            let page = listed(&visit, &Wrong::new(&told)).await?;
            Ok((axum::http::StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(other) => Err(other),
    }
}

async fn publish(visit: Visit, Path(id): Path<String>) -> Result<Redirect, WebError> {
    let conformity = require(&visit)?;
    let update =
        conformity.publish_framework(&visit.caller, &id, Door::Page).await.map_err(|e| refused("", e))?;
    Ok(Redirect::to(&format!("/frameworks/{}", update.framework)))
}

/// Which run a file of results is made of.
#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    run: Option<i64>,
}

async fn export(
    visit: Visit,
    Path((id, document)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    let conformity = require(&visit)?;
    let declared = conformity.declarations();
    let (name, kind, text) = if document == "kdl" {
        let found = declared.framework(&id).or_else(|| declared.draft(&id).map(|(draft, _)| draft));
        let found = found.ok_or_else(|| WebError::NotFound("framework of this name".to_owned()))?;
        (format!("{id}.kdl"), "text/plain; charset=utf-8", found.to_kdl())
    } else {
        let json = document_of(conformity, &visit.state, &id, &document, asked.run).await?;
        let text = serde_json::to_string_pretty(&json).map_err(|e| WebError::Fault(e.to_string()))?;
        (format!("{id}.{document}.json"), "application/json", text)
    };
    let saved = format!("attachment; filename=\"{name}\"");
    let saved = HeaderValue::from_str(&saved).map_err(|e| WebError::Fault(e.to_string()))?;
    let headers =
        [(header::CONTENT_TYPE, HeaderValue::from_static(kind)), (header::CONTENT_DISPOSITION, saved)];
    Ok((headers, text).into_response())
}

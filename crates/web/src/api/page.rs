//! `/api`: the description of the interface as a page of our own, from the same document as OpenAPI.

use axum::Router;
use axum::routing::get;
use maud::{Markup, PreEscaped, html};
use serde_json::{Map, Value as Json};

use super::openapi;
use crate::error::WebError;
use crate::layout::{self, Page};
use crate::session::Visit;
use crate::state::AppState;

/// `/api` for people and `/api/v1/openapi.json` for programs.
pub fn router() -> Router<AppState> {
    Router::new().route("/api", get(show)).route("/api/v1/openapi.json", get(openapi::serve))
}

async fn show(visit: Visit) -> Result<Markup, WebError> {
    let paper = visit.state.paper().await;
    let crumbs = vec![("Interface for programs".to_owned(), None)];
    let body = html! { (PreEscaped(&paper.page)) };
    Ok(layout::frame(&visit, Page::new("Interface for programs", crumbs, body)))
}

/// What the page shows of the description; the same for everybody.
pub(super) fn content(document: &Json) -> Markup {
    let empty = Map::new();
    let paths = document["paths"].as_object().unwrap_or(&empty);
    let tags: Vec<&str> =
        document["tags"].as_array().into_iter().flatten().filter_map(|t| t["name"].as_str()).collect();
    html! {
        div.stack.tight {
            h1 { "Interface for programs" }
            p.muted { "Everything that the pages do, as JSON under " span.mono { "/api/v1" } ". "
                a.link href="/api/v1/openapi.json" { "OpenAPI 3.1" } " · " a.link href="/account" { "Make a token" } }
        }
        section.card { header { h2 { "First steps" } } div.body.stack.small {
            p { "A token acts with your roles. Send it with each request:" }
            pre.mono { (FIRST) }
            p { "Lists are filtered by conditions, as on the pages. A change that others made meanwhile is refused where you send the version that you saw, and a POST with a key of yours happens once:" }
            pre.mono { (THEN) }
        } }
        section.card { header { h2 { "Areas" } } nav.body.row aria-label="Areas" {
            @for tag in &tags { a.tag.plain href={ "#" (anchor(tag)) } { (tag) } }
        } }
        @for tag in &tags {
            section.card id=(anchor(tag)) {
                header { h2 { (tag) } }
                div.body.stack {
                    @for (path, item) in paths { @for method in METHODS {
                        @if let Some(operation) = item.get(method).filter(|o| o["tags"][0] == *tag) { (one(document, method, path, item, operation)) }
                    } }
                }
            }
        }
    }
}

const METHODS: [&str; 5] = ["get", "post", "patch", "put", "delete"];

const FIRST: &str = "curl -H \"Authorization: Bearer $TOKEN\" https://desk.example.org/api/v1";

const THEN: &str = "curl -G -H \"Authorization: Bearer $TOKEN\" https://desk.example.org/api/v1/incident \\
     --data-urlencode \"filter=priority in ['p1', 'p2'] && assignee == null\"

curl -X PATCH -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: application/json' -H 'If-Match: \"3\"' \\
     -d '{\"impact\": \"high\"}' https://desk.example.org/api/v1/incident/INC-1042";

fn anchor(tag: &str) -> String {
    tag.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-")
}

/// A parameter, followed where it is a reference.
fn resolve<'a>(document: &'a Json, value: &'a Json) -> &'a Json {
    match value["$ref"].as_str().and_then(|r| r.strip_prefix('#')) {
        Some(pointer) => document.pointer(pointer).unwrap_or(value),
        None => value,
    }
}

fn one(document: &Json, method: &str, path: &str, item: &Json, operation: &Json) -> Markup {
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let own = operation["parameters"].as_array().into_iter().flatten();
    let shared = item["parameters"].as_array().into_iter().flatten();
    let parameters: Vec<&Json> = shared.chain(own).map(|p| resolve(document, p)).collect();
    let body = operation.pointer("/requestBody/content").and_then(Json::as_object);
    let schema =
        body.and_then(|b| b.values().next()).and_then(|c| c.pointer("/schema/$ref")).and_then(Json::as_str);
    let fields = schema
        .and_then(|r| r.strip_prefix('#'))
        .and_then(|p| document.pointer(p))
        .and_then(|s| s["properties"].as_object());
    html! {
        details id=[operation["operationId"].as_str()] {
            summary.row { span.tag.plain.mono { (method.to_uppercase()) } span.mono { (path) } span.muted.small { (text(&operation["summary"])) } }
            div.stack.small {
                p { (text(&operation["description"])) }
                @if !parameters.is_empty() { dl.facts { @for parameter in &parameters {
                    dt.mono { (text(&parameter["name"])) }
                    dd { (text(&parameter["description"])) @if parameter["required"] == true { " Needed." } }
                } } }
                @if let Some(fields) = fields { details { summary { "Members of the body" } dl.facts { @for (name, field) in fields {
                    dt.mono { (name) }
                    dd { (text(&field["description"])) " " span.faint { (kind(field)) } }
                } } } }
                p.muted { "Answers: " @for (i, status) in operation["responses"].as_object().into_iter().flat_map(Map::keys).filter(|s| *s != "default").enumerate() { @if i > 0 { ", " } (status) } }
            }
        }
    }
}

fn kind(schema: &Json) -> String {
    let one = |t: &Json| t.as_str().unwrap_or_default().to_owned();
    let kind = match &schema["type"] {
        Json::Array(all) => all.iter().map(one).collect::<Vec<_>>().join(" or "),
        other => one(other),
    };
    match schema["enum"].as_array() {
        Some(options) => {
            let names: Vec<&str> = options.iter().filter_map(Json::as_str).collect();
            format!("{kind}: {}", names.join(", "))
        }
        None => kind,
    }
}

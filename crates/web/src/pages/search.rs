//! Search over all records, and the jump to a reference that was typed.

use axum::Router;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Json, Redirect, Response};
use axum::routing::get;
use maud::html;
use serde::Deserialize;

use crate::error::WebError;
use crate::layout::{self, Page, escape_query};
use crate::menu::slug;
use crate::pages::{address, require_type};
use crate::parts::empty::empty;
use crate::parts::{tag, time};
use crate::session::Visit;
use crate::state::AppState;

/// Hits on a page.
const HITS: usize = 50;
/// Offers of a chooser.
const OFFERS: usize = 12;

/// `/search` and the choosers of forms.
pub fn router() -> Router<AppState> {
    Router::new().route("/search", get(search)).route("/{slug}/choose", get(choose))
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default, rename = "type")]
    of: String,
}

async fn search(visit: Visit, Query(asked): Query<Asked>) -> Result<Response, WebError> {
    let text: String = asked.q.trim().chars().take(200).collect();
    if let Some(reference) = visit.engine().jump(&visit.caller, &text).await? {
        return Ok(Redirect::to(&address(&visit, &reference)).into_response());
    }
    let of = Some(asked.of.as_str()).filter(|t| !t.is_empty());
    let hits = visit.engine().search(&visit.caller, &text, of, HITS).await?;
    let readable =
        || visit.registry().types().filter(|t| visit.caller.may(t, &proofdesk_engine::Action::Read));
    let body = html! {
        h1 { @if text.is_empty() { "Search" } @else { "“" (text) "”" } }
        form.row action="/search" role="search" aria-label="Search again" {
            input.field.short name="q" value=(text) aria-label="Words to search for" maxlength="200";
            select.field.short name="type" aria-label="Kind of record" {
                option value="" { "All kinds" }
                @for of in readable() { option value=(of.name) selected[of.name == asked.of] { (of.plural) } }
            }
            button.button.primary { "Search" }
        }
        section.card aria-label="Found" {
            @if text.is_empty() { (empty("Type words of a record or a comment, or a reference such as INC-1042 to open it at once.", &html! {})) }
            @else if hits.is_empty() { (empty("No record has all of these words.", &html! { p.small.muted { "Try fewer words, or another kind of record." } })) }
            @else {
                table.list data-list {
                    thead { tr { th scope="col" { "Key" } th scope="col" { "Record" } th.spare scope="col" { "State" } th.spare scope="col" { "Changed" } } }
                    tbody { @for (i, hit) in hits.iter().enumerate() {
                        @let name = hit.record.reference();
                        @let open = format!("/{}/{name}", slug(&hit.record.of));
                        tr id={ "row-" (name) } data-open=(open) aria-selected=(i == 0) {
                            td { a.key href=(open) { (name) } }
                            td.grow { a href=(open) { (hit.record.title()) } br; span.small.faint { (hit.record.of.label) @if hit.part.starts_with("comment") { " · found in a comment" } } }
                            td.spare { @if !hit.record.of.states.is_empty() { (tag::state(&hit.record)) } }
                            td.spare.small { (time::ago(hit.record.updated_at, visit.now, visit.zone())) }
                        }
                    } }
                }
            }
        }
        @if hits.len() == HITS { p.small.muted { "The best " (HITS) " are shown. More words narrow it down, or " a.link href={ "/search?q=" (escape_query(&text)) } { "choose a kind" } "." } }
    };
    Ok(layout::frame(&visit, Page::new("Search", vec![("Search".to_owned(), None)], body)).into_response())
}

/// What a chooser offers while one types: `SVC-4 Point of sale`.
async fn choose(
    visit: Visit,
    Path(name): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Json<Vec<String>>, WebError> {
    let of = require_type(&visit, &name)?;
    let text: String = asked.q.chars().take(200).collect();
    let mut found = Vec::new();
    if let Some(reference) =
        visit.engine().jump(&visit.caller, &text).await?.filter(|r| r.record_type == of.name)
        && let Some(record) = visit.engine().load(&visit.caller, &reference).await?
    {
        found.push(format!("{} {}", record.reference(), record.title()));
    }
    let hits = visit.engine().search(&visit.caller, &text, Some(&of.name), OFFERS).await?;
    found.extend(hits.iter().map(|h| format!("{} {}", h.record.reference(), h.record.title())));
    found.dedup();
    Ok(Json(found))
}

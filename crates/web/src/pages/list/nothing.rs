//! An empty view: what would be here, and the records of the type that it leaves out, by state; those that are new by
//! name, as a view of what is in force hides the drafts that everything begins with.

use maud::{Markup, html};
use proofdesk_engine::{ListRequest, Reference};
use proofdesk_model::StateKind;

use crate::error::WebError;
use crate::layout::escape_query;
use crate::menu::{count_words, slug};
use crate::pages::list::Settled;
use crate::parts::empty::empty;
use crate::session::Visit;

/// Records that are named.
const NAMED: usize = 5;
/// Counting stops here.
const MOST: usize = 1_000;

/// What stands in place of the rows.
///
/// # Errors
/// A fault of the database.
pub async fn nothing(visit: &Visit, list: &Settled, may_create: bool) -> Result<Markup, WebError> {
    let of = &list.of;
    let elsewhere = if list.source.is_empty() { Vec::new() } else { by_state(visit, list).await? };
    let what = if list.source.is_empty() {
        format!("There are no {} yet.", of.plural.to_lowercase())
    } else {
        format!("No {} meet this view at present.", of.plural.to_lowercase())
    };
    let named = named(visit, list, &elsewhere).await?;
    Ok(empty(
        &what,
        &html! {
            @if !elsewhere.is_empty() {
                p.small { "There are, in another state: "
                    @for (i, found) in elsewhere.iter().enumerate() { @if i > 0 { " · " } a.link href=(found.address) { span.num { (count_words(found.count)) } " " (found.label) } }
                }
            }
            @if !named.is_empty() {
                ul.small { @for (reference, title) in &named { li { a.link href={ "/" (slug(of)) "/" (visit.registry().write_reference(reference)) } { (title) } } } }
            }
            div.row {
                @if may_create { a.button href={ "/" (slug(of)) "/new" } { "New " (of.label.to_lowercase()) } }
                @if !list.source.is_empty() { a.button href={ (list.base) "?filter=" } { "Show all" } }
            }
        },
    ))
}

/// Records in a state.
struct Found {
    condition: String,
    label: String,
    kind: StateKind,
    count: u64,
    address: String,
}

async fn by_state(visit: &Visit, list: &Settled) -> Result<Vec<Found>, WebError> {
    let of = &list.of;
    let mut found = Vec::new();
    for state in &of.states {
        let condition = format!("state == {:?}", state.name);
        let parsed = visit.engine().condition(&condition, &of.name)?;
        // what is open has an index and is counted now; the rest may be a few seconds old
        let count = if state.kind.is_open() {
            visit.engine().count(&visit.caller, &of.name, Some(&parsed), Some(MOST)).await?
        } else {
            let counts = &visit.state.counts;
            counts.take(visit.engine(), &visit.caller, of, Some(&parsed)).await.unwrap_or_default()
        };
        if count > 0 {
            let address = format!("{}?filter={}", list.base, escape_query(&condition));
            let label = state.label.to_lowercase();
            found.push(Found { condition, label, kind: state.kind, count, address });
        }
    }
    Ok(found)
}

/// Titles of the newest records that are new.
async fn named(
    visit: &Visit,
    list: &Settled,
    elsewhere: &[Found],
) -> Result<Vec<(Reference, String)>, WebError> {
    let Some(new) = elsewhere.iter().find(|f| f.kind == StateKind::New) else { return Ok(Vec::new()) };
    let request = ListRequest {
        record_type: list.of.name.clone(),
        filter: Some(visit.engine().condition(&new.condition, &list.of.name)?),
        sort: String::new(),
        descending: true,
        after: None,
        limit: NAMED,
    };
    let page = visit.engine().list(&visit.caller, &request).await?;
    let references: Vec<Reference> =
        page.records.iter().map(|r| Reference::new(list.of.name.clone(), r.number)).collect();
    let mut titles = visit.engine().titles_of(&visit.caller, &references).await?;
    let title = |reference: Reference| {
        let title = titles.remove(&reference).unwrap_or_else(|| visit.registry().write_reference(&reference));
        (reference, title)
    };
    Ok(references.into_iter().map(title).collect())
}

//! The obligations of the clause that a record names: any type with a line of text `clause` says which part of the
//! standard its records serve.

use maud::{Markup, html};
use proofdesk_conformity::view::ObligationView;
use proofdesk_conformity::{Scope, State};
use proofdesk_engine::Record;
use proofdesk_model::Kind;

use crate::error::WebError;
use crate::menu::is_within;
use crate::pages::conformity::{self, state_tag};
use crate::session::Visit;

/// The field that names clauses.
const CLAUSE: &str = "clause";
/// Obligations that are shown; the rest is on the clause's page.
const SHOWN: usize = 24;

/// The clauses that a record names, as written.
fn named(record: &Record) -> Vec<String> {
    let is_text = record.of.field(CLAUSE).is_some_and(|f| matches!(f.kind, Kind::Text { .. }));
    let text = record.text(CLAUSE).filter(|_| is_text).unwrap_or_default();
    let parts = text.split(|c: char| !c.is_ascii_digit() && c != '.').map(|p| p.trim_matches('.'));
    parts.filter(|p| !p.is_empty()).map(str::to_owned).collect()
}

/// The obligations of a record's clauses with their states; empty markup where it names none.
///
/// # Errors
/// A fault of the database.
pub async fn card(visit: &Visit, record: &Record) -> Result<Markup, WebError> {
    let clauses = named(record);
    let Ok(found) = conformity::require(visit) else { return Ok(html! {}) };
    if clauses.is_empty() {
        return Ok(html! {});
    }
    let framework = conformity::framework(found, &conformity::Asked::of(""))?;
    let view = found.overview(&framework, &Scope::all()).await?;
    let inside = view.chapters.iter().flat_map(|c| &c.clauses);
    let inside = inside.filter(|c| clauses.iter().any(|own| is_within(&c.number, own)));
    let duties: Vec<&ObligationView> = inside.flat_map(|c| &c.obligations).collect();
    if duties.is_empty() {
        return Ok(html! {});
    }
    let (conforming, can_hold) = State::share(duties.iter().map(|o| o.state));
    Ok(html! {
        section.card {
            header {
                h2 { "Obligations of " @for (i, clause) in clauses.iter().enumerate() { @if i > 0 { ", " } a href={ "/conformity/" (clause) } { (clause) } } }
                span.small.muted { (conformity::so_many_conform(conforming, can_hold)) }
            }
            div.scroll tabindex="0" role="group" aria-label="Obligations" { table.list { tbody {
                @for o in duties.iter().take(SHOWN) { tr {
                    td { a.key href={ "/conformity/" (o.id) } { (o.id) } }
                    td.grow { a href={ "/conformity/" (o.id) } { (o.says) } }
                    td { (state_tag(o.state)) }
                } }
            } } }
            @if duties.len() > SHOWN { div.body { span.small.muted { "and " (duties.len() - SHOWN) " more" } } }
        }
    })
}

//! A record beside its list: what it is, its clocks, what it owes, and the next steps.

use axum::extract::Path;
use maud::{Markup, html};
use proofdesk_engine::{Action, Record};
use proofdesk_model::{Kind, Transition, Value};

use crate::error::WebError;
use crate::menu::slug;
use crate::pages::record::{button, tags};
use crate::pages::{owes, require_reference, steps, transition};
use crate::parts::value::Eyes;
use crate::parts::{clock, time};
use crate::session::Visit;

/// The preview as a piece of a page.
pub async fn show(visit: Visit, Path((slug, written)): Path<(String, String)>) -> Result<Markup, WebError> {
    let reference = require_reference(&visit, &slug, &written)?;
    let record = visit.engine().require(&visit.caller, &reference).await?;
    pane(&visit, &record).await
}

/// The content of the preview pane.
pub async fn pane(visit: &Visit, record: &Record) -> Result<Markup, WebError> {
    let titles = visit.engine().titles(&visit.caller, std::slice::from_ref(record)).await?;
    let eyes =
        Eyes { registry: visit.registry(), titles: &titles, files: &[], zone: visit.zone(), now: visit.now };
    let next = steps::next(visit, record);
    let tried = match next {
        Some(step) => vec![steps::tried(visit, record, step).await?],
        None => Vec::new(),
    };
    let owed = owes::of(visit, record, &tried).await?;
    let name = record.reference();
    let address = format!("/{}/{name}", slug(&record.of));
    let is_open = |t: &&Transition| tried.iter().any(|one| one.name == t.name && one.obstacles.is_empty());
    let primary = next.filter(|t| t.primary).filter(is_open);
    let may_talk =
        visit.caller.may(&record.of, &Action::Comment) || visit.caller.may(&record.of, &Action::Note);
    Ok(html! {
        header { a.key href=(address) { (name) } span.row { (tags(record)) } }
        div.body.stack {
            h2 { a href=(address) { (record.title()) } }
            p.muted.small { "Recorded " (time::ago(record.created_at, visit.now, visit.zone())) " · changed " (time::ago(record.updated_at, visit.now, visit.zone())) }
            dl.facts {
                @for spec in record.of.clocks.iter().filter(|c| clock::is_shown(record, c)) { dt { (spec.label) } dd { (clock::clock(record, spec, visit.now)) } }
                (facts(record, &eyes))
            }
            div { h3 { "What this record still owes" } (owes::checks(&owed, &format!("{address}/edit"))) }
            div.row {
                @if let Some(step) = primary { (button(step, &address, true)) }
                @if let Some(label) = transition::take_label(visit, record) {
                    form.inline method="post" action={ (address) "/take" } { input type="hidden" name="back" value="list"; button.button data-key="a" { (label) " " kbd { "A" } } }
                }
                @if may_talk { a.button href={ (address) "#comment" } data-key="c" { "Comment " kbd { "C" } } }
                a.button href=(address) { "Open " kbd.needs-js { "Enter" } }
            }
        }
    })
}

/// Short facts: the linked records and choices of the first sections that are filled.
fn facts(record: &Record, eyes: &Eyes<'_>) -> Markup {
    let of = &record.of;
    let short = |kind: &Kind| {
        matches!(kind, Kind::Link { .. } | Kind::Person | Kind::Team | Kind::Choice(_) | Kind::Day)
    };
    let fields = of.fields.values().filter(|f| {
        short(&f.kind)
            && !f.hidden
            && !f.retired
            && !matches!(f.computed, Some(proofdesk_model::Computed::Clock(_)))
    });
    let filled = fields.filter(|f| record.get(&f.name) != Value::Null).take(7);
    html! { @for field in filled { dt { (field.label) } dd { (eyes.field(record, field)) } } }
}

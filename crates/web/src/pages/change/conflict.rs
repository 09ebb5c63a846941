//! Somebody else wrote first: what changed, and for each field that both changed the choice between the two.

use std::collections::BTreeMap;

use maud::{Markup, html};
use proofdesk_engine::{Conflict, Record, Reference};
use proofdesk_model::{Field, Kind};

use crate::error::WebError;
use crate::form::{Typed, read};
use crate::layout::{self, Page};
use crate::menu::slug;
use crate::pages::record::timeline;
use crate::pages::{change::present, family_crumb};
use crate::parts::time;
use crate::parts::value::Eyes;
use crate::session::Visit;

/// The page that settles a conflict; sending it tries again on the present version.
///
/// # Errors
/// A fault of the database.
pub async fn page(
    visit: &Visit,
    record: &Record,
    fields: &[&Field],
    typed: &Typed,
    conflict: &Conflict,
) -> Result<Markup, WebError> {
    let theirs = present(visit, record, fields).await?;
    let who: BTreeMap<&str, (&str, i64)> =
        conflict.changed.iter().map(|c| (c.field.as_str(), (c.by.as_str(), c.at))).collect();
    let is_mine = |f: &&&Field| {
        if matches!(f.kind, Kind::File) {
            return false;
        }
        let text = |name: &str| typed.text(name).unwrap_or_default().replace("\r\n", "\n");
        typed.has(&f.name) && text(&f.name) != text(&format!("{}{}", read::WAS, f.name))
    };
    let mine: Vec<&&Field> = fields.iter().filter(is_mine).collect();
    let (both, only_mine): (Vec<&&Field>, Vec<&&Field>) =
        mine.into_iter().partition(|f| who.contains_key(f.name.as_str()));
    let address = format!("/{}/{}", slug(&record.of), record.reference());
    let text = |typed: &Typed, field: &Field| {
        typed.text(&field.name).filter(|t| !t.is_empty()).unwrap_or_else(|| "empty".to_owned())
    };
    let changed = what_changed(visit, record, conflict).await?;
    let body = html! {
        h1 { (record.reference()) " was changed meanwhile" }
        p.muted { "You began with version " (conflict.expected) ", it is now version " (conflict.current) ". Nothing of yours is written yet." }
        (changed)
        form.form method="post" action={ (address) "/edit" } {
            input type="hidden" name="version" value=(conflict.current);
            @for field in both.iter().chain(&only_mine) {
                @for column in columns(field) {
                    input type="hidden" name=(column) value=(typed.text(&column).unwrap_or_default());
                    input type="hidden" name={ (read::WAS) (column) } value=(theirs.text(&column).unwrap_or_default());
                }
            }
            @for field in &both {
                section.card { div.body {
                    fieldset {
                        legend { (field.label) }
                        label.choice { input type="radio" name={ (read::KEEP) (field.name) } value="theirs" checked; span { "Take theirs: " b { (text(&theirs, field)) } @if let Some((by, _)) = who.get(field.name.as_str()) { span.faint { " by " (by) } } } }
                        label.choice { input type="radio" name={ (read::KEEP) (field.name) } value="mine"; span { "Keep mine: " b { (text(typed, field)) } } }
                    }
                } }
            }
            @if !only_mine.is_empty() {
                section.card { header { h2 { "Yours alone, written as you typed it" } } div.body { dl.facts {
                    @for field in &only_mine { dt { (field.label) } dd { (text(typed, field)) } }
                } } }
            }
            div.row { button.button.primary { "Write it so" } a.button href=(address) { "Leave theirs as it is" } }
        }
    };
    let crumbs = vec![
        family_crumb(&record.of),
        (record.of.plural.clone(), Some(format!("/{}", slug(&record.of)))),
        (record.reference(), Some(address.clone())),
        ("Conflict".to_owned(), None),
    ];
    Ok(layout::frame(visit, Page::new("Changed meanwhile", crumbs, body)))
}

/// What others changed since the version that the writer saw, field by field with the value that it has now.
///
/// # Errors
/// A fault of the database.
pub async fn what_changed(visit: &Visit, record: &Record, conflict: &Conflict) -> Result<Markup, WebError> {
    let linked: Vec<Reference> = conflict
        .changed
        .iter()
        .filter_map(|c| Some(Reference::new(record.of.field(&c.field)?.target()?, c.value.as_i64()?)))
        .collect();
    let titles = visit.engine().titles_of(&visit.caller, &linked).await?;
    let eyes =
        Eyes { registry: visit.registry(), titles: &titles, files: &[], zone: visit.zone(), now: visit.now };
    let is_long = |name: &str| record.of.field(name).is_some_and(|f| matches!(f.kind, Kind::Markdown));
    Ok(html! {
        section.card { header { h2 { "What changed since version " (conflict.expected) } } div.body { ul.stack.tight.small {
            @for change in &conflict.changed { li {
                b { (change.label) }
                @if change.value.is_null() { " is empty now" }
                @else if is_long(&change.field) { " was rewritten" }
                @else { " is now " b { (timeline::words(&record.of, &change.field, &change.value, &eyes)) } }
                ", by " (change.by) ", " (time::proven(change.at, visit.now, visit.zone()))
            } }
            @if conflict.changed.is_empty() { li.muted { "Comments, files or links, no fields." } }
        } } }
    })
}

fn columns(field: &Field) -> Vec<String> {
    let found = field.columns();
    if found.is_empty() { vec![field.name.clone()] } else { found }
}

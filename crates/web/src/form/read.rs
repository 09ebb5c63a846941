//! From what was typed to a change: parses every field, keeps only what differs from what the form was opened with.

use std::collections::HashSet;

use proofdesk_engine::{Caller, Change, Engine, LinkChange, Problem, Problems, Record, Reference};
use proofdesk_model::format::{self, Input};
use proofdesk_model::{Field, Kind, Value};

use crate::error::WebError;
use crate::form::{CLEAR, Typed};

/// Prefix of the inputs that keep the text the form was opened with.
pub const WAS: &str = "was.";
/// Prefix of the choices on the page that settles a conflict.
pub const KEEP: &str = "keep.";

/// Reads these fields of a form into a change, all problems at once. `record` is none for a new record.
///
/// # Errors
/// `Invalid` with every text that cannot be read; a fault of the database while a name is looked up.
pub async fn change(
    engine: &Engine,
    caller: &Caller,
    zone: &jiff::tz::TimeZone,
    fields: &[&Field],
    typed: &Typed,
    record: Option<&Record>,
) -> Result<Change, WebError> {
    let input = Input { zone, registry: engine.registry() };
    let mut change = Change::default();
    let mut problems = Problems::default();
    for field in fields {
        if matches!(field.kind, Kind::File) {
            if typed.text(&format!("{CLEAR}{}", field.name)).is_some_and(|c| c == "yes") {
                change.set.insert(field.name.clone(), Value::Null);
            }
            continue;
        }
        let theirs = typed.text(&format!("{KEEP}{}", field.name)).is_some_and(|k| k == "theirs");
        if theirs || !typed.has(&field.name) {
            continue;
        }
        if let Kind::Links { .. } = field.kind {
            let named = names(engine, caller, field, typed).await?;
            links(field, &named, typed, record, &input, &mut change, &mut problems);
            continue;
        }
        for column in field.columns() {
            let text = typed.text(&column).unwrap_or_default();
            if !is_changed(typed, &column, &text, record.is_some()) {
                continue;
            }
            let value = if column == field.name {
                match named(engine, caller, field, &text).await? {
                    Some(number) => Ok(Value::Link(number)),
                    None => format::parse(field, &text, &input),
                }
            } else {
                let code = text.trim().to_ascii_uppercase();
                Ok(if code.is_empty() { Value::Null } else { Value::Text(code) })
            };
            match value {
                Ok(value) => drop(change.set.insert(column, value)),
                Err(message) => problems.push(Problem::new(&field.name, "format", message)),
            }
        }
    }
    problems.into_result().map_err(proofdesk_engine::Error::Invalid)?;
    Ok(change)
}

/// A new record takes what is filled; an old one what differs from the text that the form was opened with.
fn is_changed(typed: &Typed, column: &str, text: &str, exists: bool) -> bool {
    match typed.text(&format!("{WAS}{column}")) {
        Some(was) => was.replace("\r\n", "\n") != text.replace("\r\n", "\n"),
        None => exists || !text.trim().is_empty(),
    }
}

/// The record that a typed name means, where it is no reference and exactly one record has that title.
async fn named(engine: &Engine, caller: &Caller, field: &Field, text: &str) -> Result<Option<i64>, WebError> {
    let Some(to) = field.target() else { return Ok(None) };
    let text = text.trim();
    let first = text.split_whitespace().next().unwrap_or_default();
    if text.is_empty() || text.parse::<i64>().is_ok() || engine.registry().parse_reference(first).is_some() {
        return Ok(None);
    }
    let hits = engine.search(caller, text, Some(to), 20).await?;
    let mut exact = hits.iter().filter(|h| h.record.title().eq_ignore_ascii_case(text));
    Ok(match (exact.next(), exact.next()) {
        (Some(one), None) => Some(one.record.number),
        _ => None,
    })
}

/// The typed text of a field of many links, each name that means one record replaced by its reference.
async fn names(engine: &Engine, caller: &Caller, field: &Field, typed: &Typed) -> Result<String, WebError> {
    let text = typed.text(&field.name).unwrap_or_default();
    let mut parts = Vec::new();
    for part in text.split([',', '\n']).map(str::trim).filter(|p| !p.is_empty()) {
        parts.push(match named(engine, caller, field, part).await? {
            Some(number) => number.to_string(),
            None => part.to_owned(),
        });
    }
    Ok(parts.join(","))
}

fn links(
    field: &Field,
    text: &str,
    typed: &Typed,
    record: Option<&Record>,
    input: &Input<'_>,
    change: &mut Change,
    problems: &mut Problems,
) {
    let to = field.target().unwrap_or_default();
    let mut wanted = Vec::new();
    for part in text.split(',').filter(|p| !p.is_empty()) {
        match format::parse(field, part, input) {
            Ok(Value::Link(number)) => wanted.push(Reference::new(to, number)),
            Ok(_) => {}
            Err(message) => problems.push(Problem::new(&field.name, "format", message)),
        }
    }
    let present = record.and_then(|r| r.links.get(&field.name)).map(Vec::as_slice).unwrap_or_default();
    let (new, old): (HashSet<&Reference>, HashSet<&Reference>) =
        (wanted.iter().collect(), present.iter().collect());
    let link = |to: &Reference, add| LinkChange { relation: field.name.clone(), to: to.clone(), add };
    change.links.extend(new.difference(&old).map(|r| link(r, true)));
    // only what the form showed may be taken away
    let was = typed.text(&format!("{WAS}{}", field.name)).unwrap_or_default();
    let was: HashSet<&str> = was.split(',').map(str::trim).collect();
    let shown = |r: &Reference| was.contains(input.registry.write_reference(r).as_str());
    change.links.extend(old.difference(&new).filter(|r| shown(r)).map(|r| link(r, false)));
    change.links.sort_by(|a, b| (&a.relation, &a.to).cmp(&(&b.relation, &b.to)));
}

//! Records as JSON and JSON as changes, by the declaration of the type.
//!
//! The written forms: references as text (`"SVC-4"`) both ways, instants as RFC 3339 with an offset, days as
//! `YYYY-MM-DD`, durations as seconds, decimals and amounts as text (`"12.50"`), choices by their names.
//! `docs/api.md` tells the same to people.

use std::collections::{BTreeSet, HashMap};

use jiff::tz::TimeZone;
use proofdesk_engine::{Attachment, Change, Conflict, LinkChange, Problem, Problems, Record, Reference};
use proofdesk_model::format::{self, Input};
use proofdesk_model::record_type::Shape;
use proofdesk_model::{Field, Kind, RecordType, Registry, Value};
use serde_json::{Map, Value as Json, json};

use crate::api::input::kind_of;

/// Members that every record has beside its declared fields.
pub const HEAD: [&str; 9] = [
    "reference",
    "record_type",
    "version",
    "state",
    "created_at",
    "created_by",
    "updated_at",
    "updated_by",
    "origin",
];

/// Largest whole number: what every JSON reader takes without loss (RFC 7493).
pub const INT_MAX: i64 = 9_007_199_254_740_991;
/// Longest duration, seconds.
pub const SECONDS_MAX: i64 = format::INSTANT_MAX / 1_000_000;
/// Most records that a many-link takes at once.
pub const LINKS_MAX: usize = 1_000;

/// The declared fields that the interface shows, in form order.
pub fn shown(of: &RecordType) -> impl Iterator<Item = &Field> {
    of.fields.values().filter(|f| !f.hidden && !f.retired && !HEAD.contains(&f.name.as_str()))
}

/// Names of all members of a record of a type, in order.
pub fn members(of: &RecordType, relations: bool) -> Vec<String> {
    let mut names: Vec<String> = HEAD.iter().map(|n| (*n).to_owned()).collect();
    names.push("external_key".to_owned());
    for field in shown(of) {
        if matches!(field.kind, Kind::Links { .. }) {
            names.extend(relations.then(|| field.name.clone()));
        } else {
            names.extend(field.columns());
        }
    }
    names
}

/// Files that records name, by id.
pub type Files = HashMap<String, Attachment>;

/// Writes a record. `only` restricts it to some members; `relations` says whether many-links were loaded; `files` are
/// those that its fields name, as far as the reader may see them.
pub fn record(
    registry: &Registry,
    record: &Record,
    only: Option<&[String]>,
    relations: bool,
    files: &Files,
) -> Json {
    let of = &record.of;
    let mut map = Map::new();
    let mut put = |name: &str, value: Json| {
        if only.is_none_or(|names| names.iter().any(|n| n == name)) {
            map.insert(name.to_owned(), value);
        }
    };
    let person = |number: Option<i64>| number.map_or(Json::Null, |n| link(registry, "person", n));
    put("reference", json!(record.reference()));
    put("record_type", json!(of.name));
    put("version", json!(record.version));
    put("state", json!(record.state));
    put("created_at", json!(format::write_instant(record.created_at)));
    put("created_by", person(record.created_by));
    put("updated_at", json!(format::write_instant(record.updated_at)));
    put("updated_by", person(record.updated_by));
    put("origin", json!(record.origin));
    put("external_key", json!(record.external_key));
    for field in shown(of) {
        if matches!(field.kind, Kind::Links { .. }) {
            if relations {
                let others = record.links.get(&field.name).map(Vec::as_slice).unwrap_or_default();
                put(&field.name, others.iter().map(|r| registry.write_reference(r)).collect());
            }
            continue;
        }
        for column in field.columns() {
            let value = record.get(&column);
            let json = match (field.target(), &value) {
                (Some(to), Value::Link(number)) => link(registry, to, *number),
                (None, Value::Text(id)) if matches!(field.kind, Kind::File) => {
                    files.get(id).map_or(Json::Null, |f| file(record, f))
                }
                _ => format::to_json(&value),
            };
            put(&column, json);
        }
    }
    Json::Object(map)
}

/// A file that a field names.
fn file(record: &Record, file: &Attachment) -> Json {
    let href = format!("{}/attachments/{}", super::records::address(&record.of, record.number), file.id);
    json!({
        "id": file.id,
        "name": file.name,
        "media_type": file.media_type,
        "size_bytes": file.size_bytes,
        "href": href,
    })
}

fn link(registry: &Registry, to: &str, number: i64) -> Json {
    json!(registry.write_reference(&Reference::new(to, number)))
}

/// A value as an entry of the log keeps it, with links as references.
pub fn entry_value(registry: &Registry, of: &RecordType, column: &str, value: &Json) -> Json {
    match (of.field(column).and_then(Field::target), value.as_i64()) {
        (Some(to), Some(number)) => link(registry, to, number),
        _ => value.clone(),
    }
}

/// What changed meanwhile.
pub fn conflict(registry: &Registry, conflict: &Conflict) -> Json {
    let of = registry.parse_reference(&conflict.reference).and_then(|r| registry.get(&r.record_type));
    let changed = conflict.changed.iter().map(|c| {
        let value = of.map_or_else(|| c.value.clone(), |of| entry_value(registry, of, &c.field, &c.value));
        json!({
            "field": c.field, "label": c.label, "value": value, "by": c.by, "at": format::write_instant(c.at),
        })
    });
    json!({
        "reference": conflict.reference,
        "expected": conflict.expected,
        "current": conflict.current,
        "changed": changed.collect::<Vec<_>>(),
    })
}

/// Reads the members of a body into a change; what cannot be read is named in the problems. `current` is the record
/// with its relations; none for a new one.
pub fn change(
    registry: &Registry,
    of: &RecordType,
    body: &Map<String, Json>,
    current: Option<&Record>,
) -> (Change, Problems) {
    let mut change = Change::default();
    let mut problems = Problems::default();
    for (name, value) in body {
        if name == "external_key" && current.is_none() {
            match key(value) {
                Ok(key) => change.external_key = key,
                Err(message) => problems.push(Problem::new(name, "format", message)),
            }
            continue;
        }
        let field = shown(of).find(|f| f.name == *name || f.columns().contains(name));
        let Some(field) = field else {
            problems.push(unknown(of, name, current.is_none()));
            continue;
        };
        let read = match field.kind {
            Kind::Links { .. } => links(registry, field, value, current).map(|l| change.links.extend(l)),
            _ => column(registry, field, name, value).map(|v| drop(change.set.insert(name.clone(), v))),
        };
        if let Err(message) = read {
            problems.push(Problem::new(name, "format", message));
        }
    }
    (change, problems)
}

fn unknown(of: &RecordType, name: &str, new: bool) -> Problem {
    if name == "state" {
        return Problem::new(
            name,
            "computed",
            "The state changes by a transition: POST …/transitions/{name}.",
        );
    }
    if HEAD.contains(&name) || (name == "external_key" && !new) {
        return Problem::new(name, "computed", format!("`{name}` is not written by a caller."));
    }
    let short: String = name.chars().filter(|c| !c.is_control()).take(60).collect();
    let message = format!("`{short}` is not a field of {}.", of.plural.to_lowercase());
    Problem::new(short, "unknown", message)
}

fn key(value: &Json) -> Result<Option<String>, String> {
    match value {
        Json::Null => Ok(None),
        Json::String(text)
            if (1..=200).contains(&text.chars().count()) && !text.chars().any(char::is_control) =>
        {
            Ok(Some(text.clone()))
        }
        _ => Err("The key in another system is one line of 1 to 200 characters.".to_owned()),
    }
}

/// Reads the value of one column.
fn column(registry: &Registry, field: &Field, name: &str, value: &Json) -> Result<Value, String> {
    let wrong = |what: &str| Err(format!("{} takes {what}, not {}.", field.label, kind_of(value)));
    if value.is_null() {
        return Ok(Value::Null);
    }
    if name != field.name {
        return match value.as_str() {
            Some(code) => Ok(Value::Text(code.to_owned())),
            None => wrong("a currency of three capital letters, such as EUR"),
        };
    }
    let zone = TimeZone::UTC;
    let input = Input { zone: &zone, registry };
    match (&field.kind, value) {
        (Kind::Text { .. } | Kind::Markdown, Json::String(text)) => format::parse(field, text, &input),
        (Kind::Choice(_), Json::String(text)) => Ok(Value::Text(text.clone())),
        (Kind::Choices(_), Json::Array(items)) => {
            let names: Option<Vec<String>> = items.iter().map(|i| i.as_str().map(str::to_owned)).collect();
            let Some(mut names) = names else { return wrong("a list of the names of its options") };
            names.sort_unstable();
            names.dedup();
            Ok(Value::Choices(names))
        }
        (Kind::YesNo, Json::Bool(yes)) => Ok(Value::Bool(*yes)),
        (Kind::File, Json::String(text)) if !text.is_empty() => format::parse(field, text, &input),
        // what was read may be sent back
        (Kind::File, Json::Object(file)) => match file.get("id").and_then(Json::as_str) {
            Some(id) => format::parse(field, id, &input),
            None => wrong(expected(&field.kind)),
        },
        (Kind::Int { .. }, Json::Number(_)) => match whole(value) {
            Some(n) => Ok(Value::Int(n)),
            None => Err(format!("{} takes a whole number of at most 53 bits.", field.label)),
        },
        (Kind::Duration, Json::Number(_)) => match format::from_json(Shape::Duration, value) {
            Some(length) if value.as_f64().is_some_and(|s| (0.0..=SECONDS_MAX as f64).contains(&s)) => {
                Ok(length)
            }
            _ => Err(format!("{} takes a length of time in seconds, not below zero.", field.label)),
        },
        (Kind::Decimal | Kind::Money, Json::String(text)) if is_decimal(text) => {
            format::parse(field, text, &input)
        }
        (Kind::Instant, Json::String(text)) => instant(field, text).map(Value::Instant),
        (Kind::Day, Json::String(text)) => day(field, text).map(Value::Day),
        (Kind::Link { .. } | Kind::Person | Kind::Team, Json::String(text)) => {
            reference(registry, field, text).map(|r| Value::Link(r.number))
        }
        (kind, _) => wrong(expected(kind)),
    }
}

fn expected(kind: &Kind) -> &'static str {
    match kind {
        Kind::Text { .. } | Kind::Markdown => "a text",
        Kind::Choice(_) => "the name of one of its options",
        Kind::Choices(_) => "a list of the names of its options",
        Kind::YesNo => "true or false",
        Kind::Int { .. } => "a whole number",
        Kind::File => "the id of an attachment of the record as text, or an object with its `id`",
        Kind::Duration => "a number of seconds",
        Kind::Decimal | Kind::Money => "a number as text, such as \"12.50\"",
        Kind::Instant => "an instant as text, such as \"2026-11-22T14:30:00Z\"",
        Kind::Day => "a day as text, such as \"2026-11-22\"",
        _ => "a reference as text, such as \"INC-1042\"",
    }
}

/// A whole number, also where it is written `3.0`.
fn whole(value: &Json) -> Option<i64> {
    let number = match value.as_i64() {
        Some(number) => number,
        None => {
            let float = value.as_f64().filter(|f| f.fract() == 0.0 && f.abs() < 9.1e15)?;
            format!("{float:.0}").parse().ok()?
        }
    };
    (-INT_MAX..=INT_MAX).contains(&number).then_some(number)
}

/// Digits, at most twelve before and six after the point.
fn is_decimal(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let (before, after) = text.split_once('.').unwrap_or((text, "0"));
    let digits =
        |part: &str, most| (1..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    digits(before, 12) && digits(after, 6)
}

fn instant(field: &Field, text: &str) -> Result<i64, String> {
    let form = || {
        format!(
            "{} takes an instant with its offset from UTC, such as \"2026-11-22T14:30:00Z\".",
            field.label
        )
    };
    let t: jiff::Timestamp = text.parse().map_err(|_| form())?;
    // only RFC 3339, not all that could be understood: others read it too
    let bytes = text.as_bytes();
    let is_plain = bytes.get(10).is_some_and(|b| matches!(b, b'T' | b't' | b' ')) && !text.contains('[');
    if is_plain { Ok(t.as_microsecond()) } else { Err(form()) }
}

fn day(field: &Field, text: &str) -> Result<i32, String> {
    let form = format!("{} takes a day, such as \"2026-11-22\".", field.label);
    let plain = text.len() == 10
        && text
            .bytes()
            .enumerate()
            .all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() });
    if plain { format::parse_day(text).ok_or(form) } else { Err(form) }
}

/// Reads a reference to a record of the type that a field takes.
fn reference(registry: &Registry, field: &Field, text: &str) -> Result<Reference, String> {
    let to = field.target().unwrap_or_default();
    let found = registry.parse_reference(text).filter(|r| r.record_type == to);
    found.filter(|r| registry.write_reference(r) == text).ok_or_else(|| {
        let example = registry.get(to).map_or("X-1".to_owned(), |t| t.reference(1));
        let short: String = text.chars().filter(|c| !c.is_control()).take(40).collect();
        format!("{} takes a reference such as {example}; `{short}` is not.", field.label)
    })
}

/// Reads the whole of a many-link: what is missing is added, what is not named is taken away.
fn links(
    registry: &Registry,
    field: &Field,
    value: &Json,
    current: Option<&Record>,
) -> Result<Vec<LinkChange>, String> {
    let list = format!("{} takes a list of references, not {}.", field.label, kind_of(value));
    let Json::Array(items) = value else { return Err(list) };
    if items.len() > LINKS_MAX {
        return Err(format!("{} takes at most {LINKS_MAX} references at once.", field.label));
    }
    let mut wanted: BTreeSet<Reference> = BTreeSet::new();
    for item in items {
        let text = item.as_str().ok_or_else(|| list.clone())?;
        wanted.insert(reference(registry, field, text)?);
    }
    let present = current.and_then(|r| r.links.get(&field.name)).map(Vec::as_slice).unwrap_or_default();
    let one = |to: &Reference, add| LinkChange { relation: field.name.clone(), to: to.clone(), add };
    let present: BTreeSet<Reference> = present.iter().cloned().collect();
    let mut changes: Vec<LinkChange> = wanted.difference(&present).map(|r| one(r, true)).collect();
    changes.extend(present.difference(&wanted).map(|r| one(r, false)));
    Ok(changes)
}

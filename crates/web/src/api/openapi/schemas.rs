//! Schemas of the record types: as read, as created, as changed.

use proofdesk_model::format::{self, Input};
use proofdesk_model::record_type::Example;
use proofdesk_model::{Field, Kind, RecordType, Registry, Value};
use serde_json::{Map, Value as Json, json};

use super::operation::schema;
use crate::api::desk::is_written;
use crate::api::json::{self, INT_MAX, LINKS_MAX, SECONDS_MAX};

/// The name of a type in schemas and operations: `configuration_item` is `ConfigurationItem`.
pub fn name(of: &RecordType) -> String {
    let parts = of.name.split('_').map(|part| {
        let mut letters = part.chars();
        letters.next().map(|c| c.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
    });
    let name: String = parts.collect();
    // a type of a site may be called like something that every desk has
    if super::fixed::is_name(&name) { format!("{name}Record") } else { name }
}

/// A text that is never empty, on one line.
pub fn sentence(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() { "Records of this desk.".to_owned() } else { text }
}

/// The pattern of references of a type.
pub fn pattern(prefix: &str) -> String {
    format!("^{prefix}-[1-9][0-9]{{0,17}}$")
}

/// Adds the schemas of a type.
pub fn add(registry: &Registry, of: &RecordType, all: &mut Map<String, Json>) {
    let base = name(of);
    let mut read = head(registry, of);
    let mut written = Map::new();
    let mut needed = Vec::new();
    for field in json::shown(of) {
        for column in columns(field) {
            read.insert(column.clone(), shown(registry, field, &column));
            if is_written(field) {
                written.insert(column.clone(), property(registry, field, &column, !field.required));
            }
        }
        if field.required && field.default.is_none() && is_written(field) {
            needed.push(field.name.clone());
        }
    }
    let members = json::members(of, true);
    all.insert(
        format!("{base}Members"),
        json!({"type": "object", "description": sentence(&of.doc), "properties": read}),
    );
    all.insert(
        base.clone(),
        json!({"allOf": [schema(&format!("{base}Members")), {"type": "object", "required": members}]}),
    );
    let change = json!({
        "type": "object",
        "description": format!("Members that are to be changed; `null` clears one."),
        "additionalProperties": false,
        "properties": written,
    });
    all.insert(format!("{base}Change"), change);
    add_step(registry, of, &written, all);
    let mut new = Map::new();
    new.insert(
        "external_key".to_owned(),
        json!({
            "type": ["string", "null"], "minLength": 1, "maxLength": 200, "pattern": LINE,
            "description": "Key of the record in another system; unique among records of the type.",
        }),
    );
    new.extend(written);
    let mut create = json!({
        "type": "object",
        "description": format!("A new record: {}.", of.label.to_lowercase()),
        "additionalProperties": false,
        "properties": new,
    });
    if !needed.is_empty() {
        create["required"] = json!(needed);
    }
    all.insert(format!("New{base}"), create);
    all.insert(
        format!("{base}Page"),
        json!({
            "type": "object",
            "description": "A page of a list.",
            "required": ["records", "next"],
            "properties": {
                "records": {"type": "array", "items": schema(&format!("{base}Members"))},
                "next": {"type": ["string", "null"], "description": "Cursor of the next page; null at the end."},
            },
        }),
    );
}

/// A member as it is read; one that no caller writes says so.
fn shown(registry: &Registry, field: &Field, column: &str) -> Json {
    let mut shown = match field.kind {
        Kind::File => file_shown(field),
        _ => property(registry, field, column, true),
    };
    if let Some(shown) = shown.as_object_mut().filter(|_| !is_written(field)) {
        shown.insert("readOnly".to_owned(), json!(true));
    }
    shown
}

/// Adds the body of the steps, where they ask for what nobody changes otherwise.
fn add_step(registry: &Registry, of: &RecordType, written: &Map<String, Json>, all: &mut Map<String, Json>) {
    if asked_by_steps(of).next().is_none() {
        return;
    }
    let mut taken = written.clone();
    for field in asked_by_steps(of) {
        for column in columns(field) {
            taken.insert(column.clone(), property(registry, field, &column, true));
        }
    }
    let step = json!({
        "type": "object",
        "description": "Members that are to be changed with the step; `null` clears one.",
        "additionalProperties": false,
        "properties": taken,
    });
    all.insert(format!("{}Step", name(of)), step);
}

/// The name of the schema of a step's body.
pub fn step_body(of: &RecordType) -> String {
    let has_own = asked_by_steps(of).next().is_some();
    format!("{}{}", name(of), if has_own { "Step" } else { "Change" })
}

/// The fields that are written by steps only, and that some step asks for.
fn asked_by_steps(of: &RecordType) -> impl Iterator<Item = &Field> {
    let asked = |f: &&Field| f.by_steps && of.transitions.iter().any(|t| t.asks_for(&f.name));
    json::shown(of).filter(asked)
}

/// An id of an attachment, a UUID.
const ATTACHMENT: &str = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$";
/// One line of text: no control characters.
const LINE: &str = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$";

fn columns(field: &Field) -> Vec<String> {
    if matches!(field.kind, Kind::Links { .. }) { vec![field.name.clone()] } else { field.columns() }
}

fn head(registry: &Registry, of: &RecordType) -> Map<String, Json> {
    let states: Vec<&str> = of.states.iter().map(|s| s.name.as_str()).collect();
    let person = registry.get("person").map_or("PER", |t| t.prefix.as_str());
    let who =
        |what: &str| json!({"type": ["string", "null"], "pattern": pattern(person), "description": what});
    let when = |what: &str| json!({"type": "string", "format": "date-time", "description": what});
    let state =
        if states.is_empty() { json!({"type": "string"}) } else { json!({"type": "string", "enum": states}) };
    let members = [
        (
            "reference",
            json!({"type": "string", "pattern": pattern(&of.prefix), "description": "Names the record."}),
        ),
        ("record_type", json!({"type": "string", "const": of.name})),
        ("version", json!({"type": "integer", "minimum": 1, "description": "Counts the writes; the ETag."})),
        ("state", state),
        ("created_at", when("When it was created.")),
        ("created_by", who("Who created it; null for programs.")),
        ("updated_at", when("When it last changed.")),
        ("updated_by", who("Who last changed it; null for programs.")),
        ("origin", json!({"type": "string", "description": "The door through which it was created."})),
        ("external_key", json!({"type": ["string", "null"], "description": "Key in another system."})),
    ];
    members.into_iter().map(|(n, s)| (n.to_owned(), s)).collect()
}

/// The schema of one member.
fn property(registry: &Registry, field: &Field, column: &str, nullable: bool) -> Json {
    let names: Vec<&str> = field.options().iter().map(|o| o.name.as_str()).collect();
    let link =
        |to: &str| registry.get(to).map_or_else(|| "^[A-Z]+-[0-9]+$".to_owned(), |t| pattern(&t.prefix));
    let mut made = match &field.kind {
        Kind::Money if column != field.name => json!({"type": "string", "pattern": "^[A-Z]{3}$"}),
        Kind::Text { max } => json!({"type": "string", "maxLength": max, "pattern": LINE}),
        Kind::Markdown => {
            json!({"type": "string", "maxLength": format::MARKDOWN_MAX, "pattern": "^[^\\u0000]*$"})
        }
        Kind::Int { min, max } => {
            json!({"type": "integer", "minimum": min.unwrap_or(-INT_MAX), "maximum": max.unwrap_or(INT_MAX)})
        }
        Kind::File => json!({"type": "string", "pattern": ATTACHMENT}),
        Kind::Decimal | Kind::Money => {
            json!({"type": "string", "pattern": "^-?[0-9]{1,12}(\\.[0-9]{1,6})?$"})
        }
        Kind::Duration => json!({"type": "number", "minimum": 0, "maximum": SECONDS_MAX}),
        Kind::Instant => json!({"type": "string", "format": "date-time"}),
        Kind::Day => json!({"type": "string", "format": "date"}),
        Kind::Choice(_) => json!({"type": "string", "enum": names}),
        Kind::Choices(_) => json!({"type": "array", "items": {"type": "string", "enum": names}}),
        Kind::YesNo => json!({"type": "boolean"}),
        Kind::Links { to, .. } => json!({
            "type": "array", "maxItems": LINKS_MAX, "items": {"type": "string", "pattern": link(to)},
        }),
        Kind::Link { .. } | Kind::Person | Kind::Team => {
            json!({"type": "string", "pattern": link(field.target().unwrap_or_default())})
        }
    };
    let is_list = matches!(field.kind, Kind::Links { .. });
    if nullable && !is_list {
        made["type"] = json!([made["type"], "null"]);
        if let Some(options) = made.get_mut("enum").and_then(Json::as_array_mut) {
            options.push(Json::Null);
        }
    }
    if !nullable && matches!(field.kind, Kind::Text { .. } | Kind::Markdown) {
        made["minLength"] = json!(1);
    }
    made["description"] = json!(describe(field));
    made
}

/// A field of kind file as a record shows it.
fn file_shown(field: &Field) -> Json {
    json!({
        "type": ["object", "null"],
        "description": describe(field),
        "required": ["id", "name", "media_type", "size_bytes", "href"],
        "properties": {
            "id": {"type": "string", "pattern": ATTACHMENT, "description": "Id of the attachment."},
            "name": {"type": "string", "description": "Its name."},
            "media_type": {"type": "string", "description": "Media type by its bytes."},
            "size_bytes": {"type": "integer", "minimum": 1, "description": "Its size."},
            "href": {"type": "string", "description": "Where its content is."},
        },
    })
}

fn describe(field: &Field) -> String {
    let mut text = format!("{}.", field.label);
    if let Some(help) = &field.help {
        text.push(' ');
        text.push_str(help);
    }
    if matches!(field.kind, Kind::Duration) {
        text.push_str(" Seconds.");
    }
    if matches!(field.kind, Kind::File) {
        text.push_str(" Written as the id of an attachment of the record.");
    }
    if let Some(clause) = &field.clause {
        text.push_str(&format!(" ISO/IEC 20000-1:2018, {clause}."));
    }
    text
}

/// The examples of a declaration that create a record, as bodies.
pub fn examples(registry: &Registry, of: &RecordType) -> Map<String, Json> {
    let creates = of.examples.iter().filter(|e| {
        e.transition.is_none()
            && e.change.is_empty()
            && e.refused_because.is_none()
            && !e.given.iter().any(|(name, _)| name == "state")
    });
    let mut found = Map::new();
    for (i, example) in creates.enumerate() {
        if let Some(value) = body(registry, of, example) {
            found.insert(format!("example_{}", i + 1), json!({"summary": example.title, "value": value}));
        }
    }
    found
}

fn body(registry: &Registry, of: &RecordType, example: &Example) -> Option<Json> {
    let zone = jiff::tz::TimeZone::UTC;
    let input = Input { zone: &zone, registry };
    let mut map = Map::new();
    for (name, written) in &example.given {
        let field = json::shown(of).find(|f| f.name == *name).filter(|f| is_written(f))?;
        let written = match (written.as_str(), &field.kind) {
            ("now", Kind::Instant) => "2026-11-22T14:30:00Z",
            ("now" | "today", Kind::Day) => "2026-11-22",
            (text, _) => text,
        };
        if let Kind::Links { .. } = field.kind {
            let parts: Vec<&str> = written.split([',', ' ']).filter(|p| !p.is_empty()).collect();
            map.insert(name.clone(), json!(parts));
            continue;
        }
        let value = format::parse(field, written, &input).ok()?;
        let json = match (&value, field.target()) {
            (Value::Link(number), Some(to)) => json!(registry.get(to)?.reference(*number)),
            _ => format::to_json(&value),
        };
        map.insert(name.clone(), json);
    }
    let missing = json::shown(of)
        .any(|f| f.required && f.default.is_none() && is_written(f) && !map.contains_key(&f.name));
    (!missing).then_some(Json::Object(map))
}

//! The description of what documents have beside every record: templates, comparison, readers.

use proofdesk_model::{RecordType, Registry, template};
use serde_json::{Map, Value as Json, json};

use super::fixed::{list, object};
use super::operation::{Operation, schema};
use super::schemas::pattern;

/// Paths of templates.
pub fn add(all: &mut Map<String, Json>) {
    let name = json!({
        "name": "name", "in": "path", "required": true, "description": "Name of the template.",
        "schema": {"type": "string"}, "example": "change-management-policy",
    });
    let every = Operation::read("list_templates", "Templates", "Starter templates")
        .says("What there is, which clauses and kinds of 7.5.4 each serves, and which documents were begun from it.")
        .answer("200", "The templates.", schema("Templates"), &[]);
    all.insert("/api/v1/templates".to_owned(), json!({"get": every.build()}));
    let one = Operation::read("get_template", "Templates", "One template, filled with what the desk knows")
        .with(name.clone())
        .answer("200", "The template.", schema("FilledTemplate"), &[]);
    let adopt = Operation::write("adopt_template", "Templates", "Begin a document from a template")
        .says("Makes the document and its first version, both drafts. Refused where one was begun already, unless `again` is true.")
        .with(name)
        .body(schema("Adoption"), false, Map::new())
        .answer("201", "It is begun.", schema("Adopted"), &["Location"]);
    all.insert("/api/v1/templates/{name}".to_owned(), json!({"get": one.build(), "post": adopt.build()}));
}

/// Paths that a type has by what it declares: the address of a record, then its operations.
pub fn of_type(registry: &Registry, of: &RecordType) -> Vec<(&'static str, Json)> {
    let mut found = Vec::new();
    if of.version_of.is_some() {
        let compare =
            Operation::read(format!("compare_{}", of.name), &of.plural, "Compare with another version")
                .says("The text by lines, changed lines by words; the file by name, size and hash.")
                .query(
                    "old",
                    json!({"type": "string", "pattern": pattern(&of.prefix)}),
                    true,
                    "The version to compare with.",
                )
                .error("422", "Invalid")
                .answer("200", "What is different.", schema("Comparison"), &[]);
        found.push(("compare", json!({"get": compare.build()})));
    }
    if of.readers.is_some() {
        let readers = Operation::read(format!("readers_{}", of.name), &of.plural, "Who has read it")
            .says("Everybody who is asked to acknowledge it, and everybody who did, by name.")
            .error("403", "Forbidden")
            .answer("200", "The readers.", schema("Readers"), &[]);
        found.push(("readers", json!({"get": readers.build()})));
        let remind =
            Operation::write(format!("remind_{}", of.name), &of.plural, "Ask those who have not read it")
                .says("Makes an acknowledgement to give for everybody who has none yet.")
                .body(schema("Reminder"), false, Map::new())
                .answer("200", "How many were asked.", schema("Reminded"), &[]);
        found.push(("reminders", json!({"post": remind.build()})));
        let acknowledge = Operation::write(
            format!("acknowledge_{}", of.name),
            &of.plural,
            "Acknowledge that the caller has read it",
        )
        .says("Once given it stays: the same request again gives it back.")
        .answer("200", "The acknowledgement.", schema("Line"), &[]);
        found.push(("acknowledgement", json!({"post": acknowledge.build()})));
    }
    if template::versions(registry).is_some_and(|(_, whole)| whole.name == of.name) {
        let next =
            Operation::write(format!("next_version_{}", of.name), &of.plural, "Begin the next version")
                .says("A draft of the caller with the text of the version in force, which it follows.")
                .answer("201", "It is begun.", schema("Line"), &["Location"]);
        found.push(("next-version", json!({"post": next.build()})));
    }
    found
}

/// Schemas of all these.
pub fn schemas() -> Json {
    let text = json!({"type": "string"});
    let perhaps = json!({"type": ["string", "null"]});
    let at = json!({"type": ["string", "null"], "format": "date-time"});
    let texts = json!({"type": "array", "items": text});
    let lines = json!({"type": "array", "items": schema("Line")});
    let places = json!({"type": "array", "items": schema("Place"), "description": "Places that a person has to fill."});
    let number = json!({"type": "integer", "minimum": 0});
    let file = json!({"anyOf": [schema("ComparedFile"), {"type": "null"}]});
    let members = json!({
        "name": text, "title": text, "summary": text, "clauses": texts,
        "serves": {"type": "array", "items": text, "description": "Letters of 7.5.4."}, "documents": lines,
    });
    let mut filled = members.clone();
    filled["text"] =
        json!({"type": "string", "description": "Markdown; what nothing fills stays as `{{name}}`."});
    filled["open"] = places.clone();
    json!({
        "Templates": list("The starter templates.", "templates", "Template"),
        "Template": object("A starter template.", members),
        "FilledTemplate": object("A template with what the desk knows written into it.", filled),
        "Place": object("A place to fill.", json!({"name": text, "label": text})),
        "Adoption": {
            "type": "object", "additionalProperties": false,
            "properties": {"again": {"type": "boolean", "description": "Begin another one."}},
        },
        "Adopted": object("A document begun from a template.", json!({
            "document": schema("Line"), "version": schema("Line"), "open": places,
        })),
        "Comparison": object("Two versions compared.", json!({
            "old": schema("Line"), "new": schema("Line"),
            "text": object("The texts.", json!({
                "lines": {"type": "array", "items": object("A line.", json!({
                    "mark": {"type": "string", "enum": ["same", "added", "removed"]},
                    "parts": {"type": "array", "items": object("A stretch of it.", json!({
                        "text": text, "changed": {"type": "boolean"},
                    }))},
                }))},
                "added": number, "removed": number,
            })),
            "old_file": file, "new_file": file, "files_differ": {"type": "boolean"},
        })),
        "ComparedFile": object("A file.", json!({"id": text, "name": text, "size_bytes": number, "sha256": text})),
        "Readers": list("Those who are asked to read it.", "readers", "Reader"),
        "Reader": object("One of them.", json!({
            "person": text, "name": text, "state": {"type": "string", "enum": ["read", "read_other", "to_read", "not_asked"]},
            "acknowledgement": perhaps, "read_at": at, "due_at": at,
        })),
        "Reminder": {
            "type": "object", "additionalProperties": false,
            "properties": {"due_at": {"type": ["string", "null"], "format": "date-time", "description": "By when it is to be read."}},
        },
        "Reminded": object("A reminder.", json!({"asked": number})),
    })
}

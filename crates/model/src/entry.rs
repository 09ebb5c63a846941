//! The body of a log entry: canonical JSON of one write of one record.
//!
//! Shape (members in this order; absent ones are left out):
//! `{"v":1,"type","number","ref","version","at","occurred_at","by":{"person","name"},"door","action",
//! "declaration","key","set":{column:[old,new]},"links":[{"add","relation","to"}],"note":{…}}`.
//! `at` is the instant of the write, `occurred_at` that of the event and only present when it differs (imported
//! history). The bytes are what the leaf hash covers: they are stored and never written again.

use serde_json::{Map, Value as Json, json};

use crate::access::Caller;
use crate::change::Stamp;
use crate::draft::Checked;
use crate::format::{to_json, write_instant};
use crate::record::{Record, Reference};
use crate::registry::Registry;

/// A new entry on its way to the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The record that it is about.
    pub record: Reference,
    /// The record's version after the write; unchanged by notes.
    pub version: i64,
    /// The instant of the write, microseconds UTC.
    pub at: i64,
    /// Canonical JSON, UTF-8.
    pub body: Vec<u8>,
}

/// The entry of a checked write. The record must have its number.
pub fn of_write(checked: &Checked, registry: &Registry) -> Entry {
    let record = checked.after();
    let action = match (checked.before(), checked.transition()) {
        (None, _) => "create",
        (Some(_), Some(transition)) => transition,
        (Some(_), None) => "update",
    };
    let mut body = head(record, checked.caller(), checked.stamp(), action);
    if checked.before().is_none()
        && let Some(key) = &record.external_key
    {
        body.insert("key".to_owned(), Json::from(key.clone()));
    }
    let set: Map<String, Json> = checked
        .differences()
        .into_iter()
        .map(|(name, old, new)| (name.to_owned(), json!([to_json(&old), to_json(&new)])))
        .collect();
    if !set.is_empty() {
        body.insert("set".to_owned(), Json::Object(set));
    }
    if !checked.links().is_empty() {
        let links = checked
            .links()
            .iter()
            .map(|l| json!({"add": l.add, "relation": l.relation, "to": registry.write_reference(&l.to)}));
        body.insert("links".to_owned(), Json::Array(links.collect()));
    }
    if let Some(note) = checked.note() {
        body.insert("note".to_owned(), note.clone());
    }
    finish(record, checked.stamp(), body)
}

/// The entry of something that belongs to a record without changing its columns: a comment, an attachment, a watcher.
pub fn of_note(record: &Record, caller: &Caller, stamp: &Stamp, action: &str, note: Json) -> Entry {
    let mut body = head(record, caller, stamp, action);
    body.insert("note".to_owned(), note);
    finish(record, stamp, body)
}

fn head(record: &Record, caller: &Caller, stamp: &Stamp, action: &str) -> Map<String, Json> {
    let mut body = Map::new();
    body.insert("v".to_owned(), json!(1));
    body.insert("type".to_owned(), json!(record.of.name));
    body.insert("number".to_owned(), json!(record.number));
    body.insert("ref".to_owned(), json!(record.reference()));
    body.insert("version".to_owned(), json!(record.version));
    body.insert("at".to_owned(), json!(write_instant(stamp.at)));
    if stamp.occurred_at != stamp.at {
        body.insert("occurred_at".to_owned(), json!(write_instant(stamp.occurred_at)));
    }
    body.insert("by".to_owned(), json!({"person": caller.person, "name": caller.name}));
    body.insert("door".to_owned(), json!(stamp.door.as_str()));
    body.insert("action".to_owned(), json!(action));
    body.insert("declaration".to_owned(), json!(record.of.declaration.get(..16).unwrap_or_default()));
    body
}

fn finish(record: &Record, stamp: &Stamp, body: Map<String, Json>) -> Entry {
    Entry {
        record: Reference::new(record.of.name.clone(), record.number),
        version: record.version,
        at: stamp.at,
        body: Json::Object(body).to_string().into_bytes(),
    }
}

//! The body of a log entry: canonical JSON of one write of one record.
//!
//! Shape (members in this order; absent ones are left out):
//! `{"v":1,"type","number","ref","version","at","occurred_at","by":{"person","name"},"door","action",
//! "declaration","key","set":{column:[old,new]},"links":[{"add","relation","to"}],"note":{…},"write"}`.
//! `at` is the instant of the write, `occurred_at` that of the event and only present when it differs (imported
//! history). `write` is the id of the write in hexadecimal and the entry's place in it, from 0: `…/0`; entries of earlier
//! versions lack it. The bytes are what the leaf hash covers: they are stored and never written again.
//! Invariant: whatever a column beside the bytes says, the bytes say too, so that `verify` need not believe a column.

use std::io::Write as _;

use proofdesk_condition::Value;
use serde_json::{Map, Value as Json};

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

impl Entry {
    /// Says in the body which write it belongs to, and at which place from 0. It is the last member.
    #[must_use]
    pub fn of_write_id(mut self, id: uuid::Uuid, seq: i64) -> Self {
        if self.body.pop_if(|last| *last == b'}').is_some() {
            let comma = if self.body.last() == Some(&b'{') { "" } else { "," };
            self.body.extend_from_slice(format!("{comma}\"write\":\"{}\"}}", write_name(id, seq)).as_bytes());
        }
        self
    }
}

/// How an entry names its write and its place in it.
pub fn write_name(id: uuid::Uuid, seq: i64) -> String {
    format!("{}/{seq}", id.simple())
}

/// The entry of a checked write. The record must have its number.
pub fn of_write(checked: &Checked, registry: &Registry) -> Entry {
    let record = checked.after();
    let action = match (checked.before(), checked.transition()) {
        (None, _) => "create",
        (Some(_), Some(transition)) => transition,
        (Some(_), None) => "update",
    };
    let mut body = Body::head(record, checked.caller(), checked.stamp(), action);
    if checked.before().is_none()
        && let Some(key) = &record.external_key
    {
        body.name("key").text(key);
    }
    body.set(checked);
    if !checked.links().is_empty() {
        body.name("links").push("[");
        for (i, link) in checked.links().iter().enumerate() {
            body.push(if i > 0 { ",{" } else { "{" });
            body.name("add").push(if link.add { "true" } else { "false" });
            body.name("relation").text(&link.relation);
            body.name("to").text(&registry.write_reference(&link.to)).push("}");
        }
        body.push("]");
    }
    if let Some(note) = checked.note() {
        body.name("note").json(note);
    }
    body.finish(record, checked.stamp())
}

/// The entry of something that belongs to a record without changing its columns: a comment, an attachment, a watcher.
pub fn of_note(record: &Record, caller: &Caller, stamp: &Stamp, action: &str, note: Json) -> Entry {
    let mut body = Body::head(record, caller, stamp, action);
    body.name("note").json(&note);
    body.finish(record, stamp)
}

/// The entry of what is no declared record: an account, a run of the tests, a judgement. `written` is how it is
/// written, such as `RUN-4`; `rest` has the members `set` and `note`, where there are any.
pub fn of_other(
    about: Reference,
    written: &str,
    caller: &Caller,
    stamp: &Stamp,
    action: &str,
    rest: &Map<String, Json>,
) -> Entry {
    let mut body = Body::begin((&about, written, 1), caller, stamp, action);
    for (name, value) in rest {
        body.name(name).json(value);
    }
    body.push("}");
    Entry { record: about, version: 1, at: stamp.at, body: body.0 }
}

/// JSON on its way, written in the order of its members without a tree in between: every event of an import makes one.
struct Body(Vec<u8>);

impl Body {
    fn head(record: &Record, caller: &Caller, stamp: &Stamp, action: &str) -> Self {
        let about = Reference::new(record.of.name.clone(), record.number);
        let mut body = Self::begin((&about, &record.reference(), record.version), caller, stamp, action);
        body.name("declaration").text(record.of.declaration.get(..16).unwrap_or_default());
        body
    }

    /// What every entry begins with. `about` is what it is about, how that is written, and its version.
    fn begin(about: (&Reference, &str, i64), caller: &Caller, stamp: &Stamp, action: &str) -> Self {
        let (of, written, version) = about;
        let mut body = Self(Vec::with_capacity(640));
        body.push("{\"v\":1");
        body.name("type").text(&of.record_type);
        body.name("number").number(of.number);
        body.name("ref").text(written);
        body.name("version").number(version);
        body.name("at").instant(stamp.at);
        if stamp.occurred_at != stamp.at {
            body.name("occurred_at").instant(stamp.occurred_at);
        }
        body.name("by").push("{");
        match caller.person {
            Some(person) => body.name("person").number(person),
            None => body.name("person").push("null"),
        };
        body.name("name").text(&caller.name).push("}");
        body.name("door").text(stamp.door.as_str());
        body.name("action").text(action);
        body
    }

    /// The columns that differ, with the value before and after.
    fn set(&mut self, checked: &Checked) {
        let mut is_open = false;
        let mut open = |body: &mut Self| {
            if !std::mem::replace(&mut is_open, true) {
                body.name("set").push("{");
            }
        };
        if let Some((old, new)) = checked.state_change() {
            open(self);
            self.name("state").push("[");
            match old {
                Some(old) => self.text(old),
                None => self.push("null"),
            };
            self.push(",").text(new).push("]");
        }
        for (name, old, new) in checked.changed_columns() {
            open(self);
            self.name(name).push("[").value(old).push(",").value(new).push("]");
        }
        if is_open {
            self.push("}");
        }
    }

    /// The name of the next member, after a comma where one is before it.
    fn name(&mut self, name: &str) -> &mut Self {
        if self.0.last() != Some(&b'{') {
            self.push(",");
        }
        self.text(name).push(":")
    }

    fn value(&mut self, value: &Value) -> &mut Self {
        match value {
            Value::Null => self.push("null"),
            Value::Text(text) => self.text(text),
            Value::Int(n) | Value::Link(n) => self.number(*n),
            Value::Instant(at) => self.instant(*at),
            other => self.json(&to_json(other)),
        }
    }

    fn text(&mut self, text: &str) -> &mut Self {
        // writing to memory cannot fail, and every text is JSON
        let _ = serde_json::to_writer(&mut self.0, text);
        self
    }

    fn json(&mut self, json: &Json) -> &mut Self {
        let _ = serde_json::to_writer(&mut self.0, json);
        self
    }

    fn instant(&mut self, at: i64) -> &mut Self {
        self.text(&write_instant(at))
    }

    fn number(&mut self, number: i64) -> &mut Self {
        let _ = write!(self.0, "{number}");
        self
    }

    fn push(&mut self, text: &str) -> &mut Self {
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    fn finish(mut self, record: &Record, stamp: &Stamp) -> Entry {
        self.push("}");
        Entry {
            record: Reference::new(record.of.name.clone(), record.number),
            version: record.version,
            at: stamp.at,
            body: self.0,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
    use std::sync::Arc;

    use proofdesk_condition::Value;
    use serde_json::{Value as Json, json};

    use super::{of_note, of_write};
    use crate::access::Caller;
    use crate::change::{Change, Door, Stamp};
    use crate::draft::Draft;
    use crate::load::{SourceFile, load};
    use crate::rule::{Facts, RuleSet};

    const TYPE: &str = "// A thing.\nrecord \"thing\" reference=\"THI\" {\n    title \"title\"\n    section \"All\" {\n        \
        text \"title\"\n        decimal \"share\"\n        duration \"length\"\n        yesno \"good\"\n        \
        instant \"due_at\"\n        links \"others\" to=\"thing\"\n    }\n    permit \"agent\" \"read create update\"\n}\n";

    #[test]
    fn an_entry_is_the_json_that_a_tree_would_give() {
        let registry = load(&[SourceFile::new("thing.kdl", TYPE)], &[]).unwrap_or_else(|m| panic!("{m:?}"));
        let of: Arc<_> = registry.get("thing").unwrap().clone();
        let caller = Caller { person: Some(4), ..Caller::system("a \"b\"\n\u{1}é") };
        let stamp = Stamp { at: 1_772_442_000_000_001, occurred_at: 5_000_000, door: Door::Import };
        let change = Change {
            external_key: Some("k/1".to_owned()),
            note: Some(json!({"line": 3})),
            ..Change::default()
        }
        .with_text("title", "\\ \"q\" / 日本")
        .with("length", Value::Duration(1_500_000))
        .with("good", Value::Bool(false))
        .with("due_at", Value::Instant(0))
        .link("others", crate::record::Reference::new("thing", 9));
        let draft = Draft::new(&of, None, change, &caller, stamp).unwrap();
        let checked = draft.check(&RuleSet::default(), &Facts::default()).unwrap().numbered(7);
        let body = of_write(&checked, &registry).body;
        let read: Json = serde_json::from_slice(&body).unwrap();
        assert_eq!(read.to_string().as_bytes(), body, "canonical: no blanks, the same escapes");
        let members: Vec<&String> = read.as_object().unwrap().keys().collect();
        assert_eq!(
            members,
            [
                "v",
                "type",
                "number",
                "ref",
                "version",
                "at",
                "occurred_at",
                "by",
                "door",
                "action",
                "declaration",
                "key",
                "set",
                "links",
                "note"
            ]
        );
        assert_eq!(read["by"], json!({"person": 4, "name": caller.name}));
        assert_eq!(read["set"]["length"], json!([null, 1.5]));
        assert_eq!(read["set"]["due_at"], json!([null, "1970-01-01T00:00:00Z"]));
        assert_eq!(read["links"], json!([{"add": true, "relation": "others", "to": "THI-9"}]));
        let note = of_note(
            checked.after(),
            &caller,
            &Stamp { occurred_at: stamp.at, ..stamp },
            "comment",
            json!({}),
        );
        let read: Json = serde_json::from_slice(&note.body).unwrap();
        assert_eq!(read.to_string().into_bytes(), note.body);
        assert!(read.get("occurred_at").is_none() && read.get("set").is_none());
        let named = note.of_write_id(uuid::Uuid::from_u128(0xA7), 2).body;
        let mut with: Json = serde_json::from_slice(&named).unwrap();
        assert_eq!(with.to_string().into_bytes(), named, "canonical with it, too");
        let write = with.as_object_mut().unwrap().remove("write");
        assert_eq!(write, Some(json!("000000000000000000000000000000a7/2")));
        assert_eq!(with, read, "nothing else changes");
    }
}

//! What the entries of one record tell of it, replayed in order: its values, who wrote it first and last and when, its
//! comments, files and watchers; the entries that began from a value which no entry had told; and versions out of order.
//!
//! A write tells the old value beside the new one. Where the old one is not what the log told before, the row was
//! changed past the log and an honest write came after it: the row follows from its entries again, and only this tells.

use std::collections::{BTreeMap, HashMap};

use proofdesk_model::{Field, Record, RecordType, Registry, Value, format};
use proofdesk_store::StoredEntry;
use serde_json::Value as Json;

use super::beside::{File, LinkSteps, file_of};

/// A comment as its entry tells of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Comment {
    pub id: String,
    pub audience: String,
    pub body: String,
    pub person: Option<i64>,
    pub author: String,
    pub at: i64,
    pub door: String,
}

/// Who wrote, when and through which door.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Mark {
    /// Person; none for programs.
    pub person: Option<i64>,
    /// Name at that time.
    pub name: String,
    /// When it happened, microseconds UTC: of imported history its own time.
    pub at: i64,
    /// Through which door.
    pub door: String,
}

impl Mark {
    /// The mark of an entry; `at` is the instant in the entry's own column.
    pub(super) fn of(body: &Json, at: i64) -> Self {
        let text = |name: &str| body.get(name).and_then(Json::as_str);
        let written = text("occurred_at").or_else(|| text("at"));
        let by = body.get("by");
        Self {
            person: by.and_then(|by| by.get("person")).and_then(Json::as_i64),
            name: by.and_then(|by| by.get("name")).and_then(Json::as_str).unwrap_or_default().to_owned(),
            at: written.and_then(|at| format::parse_instant(at, &jiff::tz::TimeZone::UTC)).unwrap_or(at),
            door: text("door").unwrap_or_default().to_owned(),
        }
    }
}

/// An entry that began from another value than the log had told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Gap {
    pub field: String,
    pub version: i64,
    pub leaf: Option<u64>,
}

/// What the entries of a record tell.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub version: i64,
    values: HashMap<String, Json>,
    first: Mark,
    last: Mark,
    key: Option<String>,
    pub talk: Vec<Comment>,
    pub files: Vec<File>,
    /// Who watches it, since when.
    pub watchers: BTreeMap<i64, i64>,
    pub gaps: Vec<Gap>,
    /// Writes that do not follow the one before them: leaf, the version before and its own.
    jumps: Vec<(Option<u64>, i64, i64)>,
    /// Writes whose id is below that of an earlier one: the history shows them in another order.
    shuffled: Vec<(Option<u64>, i64)>,
    last_id: i64,
}

impl Told {
    /// Replays entries in the order of the tree.
    pub fn replay(
        registry: &Registry,
        record: &Record,
        entries: &[StoredEntry],
        links: &mut LinkSteps,
    ) -> Self {
        let mut told = Self::default();
        for entry in entries {
            // bytes that are no JSON were found by the walk over the leaves
            let Ok(body) = serde_json::from_slice::<Json>(&entry.body) else { continue };
            told.read(&record.of, entry, &body);
            links.read(registry, record, entry, &body);
        }
        told
    }

    fn read(&mut self, of: &RecordType, entry: &StoredEntry, body: &Json) {
        let mark = Mark::of(body, entry.at);
        self.talk.extend(comment_of(body, &mark));
        self.files.extend(file_of(body, &mark));
        self.watch(body, &mark);
        // a note stands at the version that was there already, a write at one of its own
        if entry.version > self.version {
            if entry.version != self.version + 1 {
                self.jumps.push((entry.leaf, self.version, entry.version));
            }
            if entry.id < self.last_id {
                self.shuffled.push((entry.leaf, entry.version));
            }
            self.last_id = entry.id;
            if self.version == 0 {
                self.key = body.get("key").and_then(Json::as_str).map(str::to_owned);
                self.first = mark.clone();
            }
            self.version = entry.version;
            self.last = mark;
        }
        for (name, pair) in body.get("set").and_then(Json::as_object).into_iter().flatten() {
            let name = present_name(of, name);
            let (old, new) = (pair.get(0).unwrap_or(&Json::Null), pair.get(1).cloned().unwrap_or_default());
            let before = self.values.get(&name).unwrap_or(&Json::Null);
            if !is_same(of, &name, before, old) {
                self.gaps.push(Gap { field: name.clone(), version: entry.version, leaf: entry.leaf });
            }
            self.values.insert(name, new);
        }
    }

    fn watch(&mut self, body: &Json, mark: &Mark) {
        let Some(person) = body.pointer("/note/person").and_then(Json::as_i64) else { return };
        match body.get("action").and_then(Json::as_str) {
            Some("watch") => {
                self.watchers.entry(person).or_insert(mark.at);
            }
            Some("unwatch") => {
                self.watchers.remove(&person);
            }
            _ => {}
        }
    }

    /// What is wrong with the order of the writes: leaf and words.
    pub fn disorder(&self, name: &str) -> Vec<(Option<u64>, String)> {
        let jumps = self.jumps.iter().map(|(leaf, before, version)| {
            let message = format!(
                "The log tells of version {version} of {name} after version {before}: an entry between them is missing, or they were exchanged."
            );
            (*leaf, message)
        });
        let shuffled = self.shuffled.iter().map(|(leaf, version)| {
            let message = format!(
                "The ids of the entries of {name} were exchanged: its history shows version {version} in another place than the log."
            );
            (*leaf, message)
        });
        jumps.chain(shuffled).collect()
    }

    /// The columns in which a row differs from what was told, each with what the log says and what the row has; without
    /// them where not everybody who sees findings may read the record, or where the field is never shown.
    pub fn differing<'a>(&self, record: &'a Record) -> Vec<(&'a str, Option<[String; 2]>)> {
        let of = &record.of;
        let mut differing: Vec<(&str, Option<[String; 2]>)> = Vec::new();
        // entries that tell of no state tell of none that a row may have
        let state = self.values.get("state").and_then(Json::as_str).unwrap_or_default();
        if state != record.state {
            differing.push(("state", Some([state.to_owned(), record.state.clone()])));
        }
        for (column, value) in of.columns().iter().zip(&record.values) {
            let told = read(of, &column.name, self.values.get(&column.name).unwrap_or(&Json::Null));
            if told != *value {
                let field = of.fields.values().find(|f| f.columns().contains(&column.name));
                let is_open = of.narrow.is_none() && field.is_some_and(|f| !f.hidden);
                differing.push((&column.name, is_open.then(|| [shown(&told), shown(value)])));
            }
        }
        let instant = |at: i64| shown(&Value::Instant(at));
        let person = |number: Option<i64>| shown(&number.map_or(Value::Null, Value::Link));
        let key = |key: &Option<String>| shown(&key.clone().map_or(Value::Null, Value::Text));
        let marks = [
            ("version", [self.version.to_string(), record.version.to_string()]),
            ("created_by", [person(self.first.person), person(record.created_by)]),
            ("updated_by", [person(self.last.person), person(record.updated_by)]),
            ("origin", [self.first.door.clone(), record.origin.clone()]),
        ];
        differing
            .extend(marks.into_iter().filter(|(_, [a, b])| a != b).map(|(name, both)| (name, Some(both))));
        // written short, so compared as they are
        let (first, last) = (self.first.at, self.last.at);
        for (name, told, is) in
            [("created_at", first, record.created_at), ("updated_at", last, record.updated_at)]
        {
            if told != is {
                differing.push((name, Some([instant(told), instant(is)])));
            }
        }
        if self.key != record.external_key {
            differing.push(("external_key", Some([key(&self.key), key(&record.external_key)])));
        }
        differing
    }
}

/// Most characters of a value in a finding.
const SHOWN: usize = 60;

/// A value as a finding shows it: one line, short, in UTC.
fn shown(value: &Value) -> String {
    let text = match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(is) => is.to_string(),
        Value::Int(n) | Value::Link(n) => n.to_string(),
        Value::Decimal(d) => d.to_string(),
        Value::Text(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        Value::Instant(at) => format::write_instant(*at),
        Value::Duration(d) => format::write_duration(*d),
        Value::Day(day) => format::write_day(*day),
        Value::Choices(words) => words.join(" "),
    };
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// A told value as its column would hold it; null for one that does not fit it any more.
fn read(of: &RecordType, name: &str, told: &Json) -> Value {
    let column = of.column_index(name).and_then(|at| of.columns().get(at));
    column.and_then(|column| format::from_json(column.shape, told)).unwrap_or(Value::Null)
}

fn is_same(of: &RecordType, name: &str, one: &Json, other: &Json) -> bool {
    one == other || (of.column_index(name).is_some() && read(of, name, one) == read(of, name, other))
}

/// The name that a column has now; entries before it was renamed have the old one.
fn present_name(of: &RecordType, name: &str) -> String {
    if of.column_index(name).is_some() {
        return name.to_owned();
    }
    let is_it = |field: &&Field| field.was.as_deref().is_some_and(|was| name.starts_with(was));
    let renamed = of.fields.values().filter(is_it).find_map(|field| {
        let now = name.replacen(field.was.as_deref()?, &field.name, 1);
        field.columns().contains(&now).then_some(now)
    });
    renamed.unwrap_or_else(|| name.to_owned())
}

fn comment_of(body: &Json, mark: &Mark) -> Option<Comment> {
    let note = body.get("note").filter(|_| body.get("action").and_then(Json::as_str) == Some("comment"))?;
    let text = |name: &str| note.get(name).and_then(Json::as_str).map(str::to_owned);
    Some(Comment {
        id: text("id")?,
        audience: text("audience")?,
        body: text("body")?,
        person: mark.person,
        author: mark.name.clone(),
        at: mark.at,
        door: mark.door.clone(),
    })
}

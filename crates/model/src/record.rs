//! A record in memory and the references that name records.

use std::collections::BTreeMap;
use std::sync::Arc;

use proofdesk_condition::Value;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::record_type::RecordType;

/// Names one record: its type and number. Written with the type's prefix, as in `INC-1042`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Reference {
    /// Name of the record type.
    pub record_type: String,
    /// Number within the type, from 1.
    pub number: i64,
}

impl Reference {
    /// Names a record.
    pub fn new(record_type: impl Into<String>, number: i64) -> Self {
        Self { record_type: record_type.into(), number }
    }
}

/// A record as stored: common columns, declared values, and those relations that were loaded.
#[derive(Debug, Clone)]
pub struct Record {
    /// Its declaration.
    pub of: Arc<RecordType>,
    /// Number within the type.
    pub number: i64,
    /// Counts the writes, from 1; 0 before the first.
    pub version: i64,
    /// Name of the state.
    pub state: String,
    /// When it was created, microseconds UTC.
    pub created_at: i64,
    /// Person who created it, none for programs.
    pub created_by: Option<i64>,
    /// When it last changed, microseconds UTC.
    pub updated_at: i64,
    /// Person who last changed it.
    pub updated_by: Option<i64>,
    /// Door through which it was created.
    pub origin: String,
    /// Key in the system that it was imported from; unique within the type.
    pub external_key: Option<String>,
    /// Values in the order of [`RecordType::columns`].
    pub values: Vec<Value>,
    /// Many-links that were loaded, by relation name as declared on this type (forward or inverse).
    pub links: BTreeMap<String, Vec<Reference>>,
}

impl Record {
    /// SHA-256 over what a version says, hexadecimal: its text, a zero byte, and the id of its file. The file behind an id
    /// never changes. None where the type has no versions, or there is neither.
    pub fn digest(&self) -> Option<String> {
        let spec = self.of.version_of.as_ref()?;
        let content = self.text(&spec.content);
        let file = spec.file.as_ref().and_then(|file| self.text(file));
        if content.is_none() && file.is_none() {
            return None;
        }
        let mut hash = Sha256::new();
        hash.update(content.unwrap_or_default());
        hash.update([0]);
        hash.update(file.unwrap_or_default());
        Some(hash.finalize().iter().map(|b| format!("{b:02x}")).collect())
    }

    /// An empty record in the initial state, not yet numbered.
    pub fn empty(of: &Arc<RecordType>) -> Self {
        Self {
            of: of.clone(),
            number: 0,
            version: 0,
            state: of.initial_state().to_owned(),
            created_at: 0,
            created_by: None,
            updated_at: 0,
            updated_by: None,
            origin: String::new(),
            external_key: None,
            values: vec![Value::Null; of.columns().len()],
            links: BTreeMap::new(),
        }
    }

    /// The value of a declared column or of a common column; null for a name that does not exist.
    pub fn get(&self, name: &str) -> Value {
        if let Some(i) = self.of.column_index(name) {
            return self.values[i].clone();
        }
        let person = |p: Option<i64>| p.map_or(Value::Null, Value::Link);
        match name {
            "number" => Value::Int(self.number),
            "version" => Value::Int(self.version),
            "state" => Value::Text(self.state.clone()),
            "created_at" => Value::Instant(self.created_at),
            "created_by" => person(self.created_by),
            "updated_at" => Value::Instant(self.updated_at),
            "updated_by" => person(self.updated_by),
            "origin" => Value::Text(self.origin.clone()),
            "external_key" => self.external_key.clone().map_or(Value::Null, Value::Text),
            _ => Value::Null,
        }
    }

    /// The declared value by reference, without a copy.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.of.column_index(name).map(|i| &self.values[i])
    }

    /// Sets a declared column. Returns whether the column exists.
    pub fn set(&mut self, name: &str, value: Value) -> bool {
        match self.of.column_index(name) {
            Some(i) => {
                self.values[i] = value;
                true
            }
            None => false,
        }
    }

    /// The text of a text or choice column, none when empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.value(name) {
            Some(Value::Text(t)) => Some(t),
            _ => None,
        }
    }

    /// The instant of a column, microseconds UTC.
    pub fn instant(&self, name: &str) -> Option<i64> {
        match self.get(name) {
            Value::Instant(t) => Some(t),
            _ => None,
        }
    }

    /// The whole number, duration or link number of a column.
    pub fn int(&self, name: &str) -> Option<i64> {
        match self.value(name) {
            Some(Value::Int(n) | Value::Link(n) | Value::Duration(n)) => Some(*n),
            _ => None,
        }
    }

    /// Whether a yes/no column says yes.
    pub fn is_yes(&self, name: &str) -> bool {
        matches!(self.value(name), Some(Value::Bool(true)))
    }

    /// Its name as people write it: prefix and number.
    pub fn reference(&self) -> String {
        self.of.reference(self.number)
    }

    /// What names it in lists: the value of the title field.
    pub fn title(&self) -> String {
        match self.value(self.of.title_field()) {
            Some(Value::Text(t)) => t.clone(),
            _ => self.reference(),
        }
    }
}

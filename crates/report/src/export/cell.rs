//! One cell of a table: a value with its type, before a form writes it.

use proofdesk_engine::Reference;
use proofdesk_model::{Field, Kind, Record, Value, format};

use super::Naming;

/// A value that keeps its type.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Nothing.
    Empty,
    /// Text as it is; never a formula.
    Text(String),
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A decimal, written out; an amount where `true`.
    Decimal(String, bool),
    /// Microseconds UTC.
    Instant(i64),
    /// Days since 1970-01-01.
    Day(i32),
    /// Microseconds.
    Duration(i64),
}

impl Cell {
    /// The cell of a value; options by name or by label.
    pub fn value(value: &Value, field: Option<&Field>, naming: Naming) -> Self {
        let label = |name: &str| {
            let options = field.map(Field::options).unwrap_or_default();
            let found = options.iter().find(|o| o.name == name).filter(|_| naming == Naming::Labels);
            found.map_or_else(|| name.to_owned(), |o| o.label.clone())
        };
        match value {
            Value::Null => Self::Empty,
            Value::Bool(yes) => Self::Bool(*yes),
            Value::Int(n) | Value::Link(n) => Self::Int(*n),
            Value::Decimal(d) => {
                Self::Decimal(d.to_string(), field.is_some_and(|f| matches!(f.kind, Kind::Money)))
            }
            Value::Text(text) => Self::Text(label(text)),
            Value::Instant(at) => Self::Instant(*at),
            Value::Duration(length) => Self::Duration(*length),
            Value::Day(day) => Self::Day(*day),
            Value::Choices(names) => {
                let words: Vec<String> = names.iter().map(|n| label(n)).collect();
                Self::Text(words.join(if naming == Naming::Labels { ", " } else { " " }))
            }
        }
    }

    /// The cell of a state.
    pub fn state(record: &Record, naming: Naming) -> Self {
        let found = record.of.state(&record.state).filter(|_| naming == Naming::Labels);
        Self::Text(found.map_or_else(|| record.state.clone(), |s| s.label.clone()))
    }

    /// What is said of the record that a link leads to.
    pub fn link(value: &Value, to: &str, says: impl Fn(&Reference) -> Option<String>) -> Self {
        match value {
            Value::Link(number) => says(&Reference::new(to, *number)).map_or(Self::Empty, Self::Text),
            _ => Self::Empty,
        }
    }

    /// What is said of the records that a relation to many leads to.
    pub fn links(
        record: &Record,
        relation: &str,
        between: &str,
        says: impl Fn(&Reference) -> Option<String>,
    ) -> Self {
        let others = record.links.get(relation).map(Vec::as_slice).unwrap_or_default();
        let words: Vec<String> = others.iter().filter_map(says).collect();
        if words.is_empty() { Self::Empty } else { Self::Text(words.join(between)) }
    }

    /// The written form that REST uses too: instants by RFC 3339 in UTC, days as `YYYY-MM-DD`, durations in seconds.
    pub fn written(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) => text.clone(),
            Self::Bool(yes) => yes.to_string(),
            Self::Int(n) => n.to_string(),
            Self::Decimal(text, _) => text.clone(),
            Self::Instant(at) => format::write_instant(*at),
            Self::Day(day) => format::write_day(*day),
            Self::Duration(length) => format::to_json(&Value::Duration(*length)).to_string(),
        }
    }
}

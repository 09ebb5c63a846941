//! Forms from declarations: an editor for each kind of field, and the way back from what was typed to a change.
//!
//! What a person typed is kept as typed until it is right: [`Typed`] holds the text, [`Wrong`] the sentences beside
//! each field. A field counts as changed when its text differs from the text that the form was opened with, so that
//! nobody writes back what somebody else changed meanwhile.

pub mod editor;
pub mod read;
pub mod sent;

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use proofdesk_engine::{Problem, Reference};
use proofdesk_model::{Field, Kind, Record, RecordType, Registry, Value, format};

/// What was typed, by name of the input; several values where boxes were ticked.
#[derive(Debug, Clone, Default)]
pub struct Typed(HashMap<String, Vec<String>>);

impl Typed {
    /// Takes the pairs of a sent form.
    pub fn new(pairs: Vec<(String, String)>) -> Self {
        let mut found: HashMap<String, Vec<String>> = HashMap::new();
        for (name, value) in pairs {
            found.entry(name).or_default().push(value);
        }
        Self(found)
    }

    /// The text of an input, ticked boxes joined by commas; none when the form did not have it.
    pub fn text(&self, name: &str) -> Option<String> {
        let found = self.0.get(name)?;
        Some(match found.as_slice() {
            [one] => one.clone(),
            many => many.iter().filter(|v| !v.is_empty()).map(String::as_str).collect::<Vec<_>>().join(", "),
        })
    }

    /// Sets the text of an input.
    pub fn set(&mut self, name: &str, text: String) {
        self.0.insert(name.to_owned(), vec![text]);
    }

    /// Whether the form had the input.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}

/// What is wrong, by field; what concerns the whole record stands under the empty name. And what was typed, where the form is
/// shown again by a page that has no other place for it; never a secret.
#[derive(Debug, Clone, Default)]
pub struct Wrong(HashMap<String, Vec<String>>, HashMap<String, String>);

impl Wrong {
    /// Takes the problems of a refused write.
    pub fn new(problems: &[Problem]) -> Self {
        let mut found: HashMap<String, Vec<String>> = HashMap::new();
        for problem in problems {
            let clause = problem.clause.as_ref().map_or(String::new(), |c| format!(" ({c})"));
            found.entry(problem.field.clone()).or_default().push(format!("{}{clause}", problem.message));
        }
        Self(found, HashMap::new())
    }

    /// Keeps what was typed, by field.
    #[must_use]
    pub fn keeping(mut self, typed: &[(&str, &str)]) -> Self {
        self.1.extend(typed.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())));
        self
    }

    /// What was typed into a field.
    pub fn typed(&self, field: &str) -> Option<&str> {
        self.1.get(field).map(String::as_str)
    }

    /// The sentences about a field.
    pub fn of(&self, field: &str) -> &[String] {
        self.0.get(field).map(Vec::as_slice).unwrap_or_default()
    }

    /// Sentences about anything that is not one of these fields.
    pub fn elsewhere(&self, fields: &[&Field]) -> Vec<&String> {
        let here =
            |name: &str| fields.iter().any(|f| f.name == name || f.columns().iter().any(|c| c == name));
        let mut rest: Vec<&String> =
            self.0.iter().filter(|(name, _)| !here(name)).flat_map(|(_, m)| m).collect();
        rest.sort_unstable();
        rest
    }

    /// All sentences, each once.
    pub fn all(&self) -> Vec<&String> {
        let mut all: Vec<&String> = self.0.values().flatten().collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Whether people enter a field in forms.
pub fn is_entered(field: &Field) -> bool {
    field.is_entered() && !field.hidden
}

/// Prefix of the name of the file that a field has at present.
pub const FILE: &str = "file.";
/// Prefix of the box that takes a file away from its field.
pub const CLEAR: &str = "clear.";

/// The field that a form begins with: the first that is wrong, else the first needed one that is empty, else the first.
pub fn first<'a>(
    fields: &[&'a Field],
    typed: &Typed,
    wrong: &Wrong,
    is_needed: impl Fn(&Field) -> bool,
) -> Option<&'a str> {
    // boxes to tick and files are not typed into
    let fields = || fields.iter().filter(|f| !matches!(f.kind, Kind::Choices(_) | Kind::File));
    let is_empty = |f: &Field| typed.text(&f.name).is_none_or(|text| text.trim().is_empty());
    let found = fields().find(|f| !wrong.of(&f.name).is_empty());
    let found = found.or_else(|| fields().find(|f| is_needed(f) && is_empty(f)));
    found.or_else(|| fields().next()).map(|f| f.name.as_str())
}

/// How a form with these fields is sent: with files where one of them is a file.
pub fn encoding(fields: &[&Field]) -> Option<&'static str> {
    fields.iter().any(|f| matches!(f.kind, Kind::File)).then_some("multipart/form-data")
}

/// The fields of a type's form by section heading, in order: those of a new record, or those of a record that may be
/// altered.
pub fn sections<'a>(of: &'a RecordType, record: Option<&Record>) -> Vec<(&'a str, Vec<&'a Field>)> {
    let is_open = |f: &&Field| is_entered(f) && record.is_none_or(|record| of.is_open_for(record, f));
    let found = of.sections.iter().map(|section| {
        let fields = section.fields.iter().filter_map(|name| of.field(name)).filter(is_open).collect();
        (section.label.as_str(), fields)
    });
    found.filter(|(_, fields): &(&str, Vec<&Field>)| !fields.is_empty()).collect()
}

/// A value as an input shows it, so that reading it again gives the same value.
pub fn written(
    field: &Field,
    record: &Record,
    column: &str,
    registry: &Registry,
    titles: &HashMap<Reference, String>,
    zone: &TimeZone,
) -> String {
    let name = |number: i64| {
        let reference = Reference::new(field.target().unwrap_or_default(), number);
        let written = registry.write_reference(&reference);
        match titles.get(&reference) {
            Some(title) if *title != written => format!("{written} {title}"),
            _ => written,
        }
    };
    if let Kind::Links { .. } = field.kind {
        let found = record.links.get(&field.name).map(Vec::as_slice).unwrap_or_default();
        return found.iter().map(|r| registry.write_reference(r)).collect::<Vec<_>>().join(", ");
    }
    match record.get(column) {
        Value::Null => String::new(),
        Value::Link(number) => name(number),
        Value::Text(text) => text,
        Value::Bool(yes) => if yes { "yes" } else { "no" }.to_owned(),
        Value::Instant(at) => Timestamp::from_microsecond(at).map_or_else(
            |_| at.to_string(),
            |t| t.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M").to_string(),
        ),
        Value::Choices(names) => names.join(", "),
        other => format::show(field, &other, zone),
    }
}

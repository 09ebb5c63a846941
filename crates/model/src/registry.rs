//! All declared types together: look-ups by name and by reference, and the schema of the condition language.

use std::sync::Arc;

use indexmap::IndexMap;
use proofdesk_condition::{LinkInfo, LinkPath, Schema, Type};

use crate::field::Kind;
use crate::record::Reference;
use crate::record_type::{COMMON, Inverse, RecordType, Shape};

/// Names of the engine's own tables and prefixes, which a declaration may not use.
pub const RESERVED: [&str; 17] = [
    "link",
    "job",
    "account",
    "session",
    "api_token",
    "comment",
    "attachment",
    "watcher",
    "setting",
    "idempotency",
    "blob_chunk",
    "saved_view",
    "search",
    "migration",
    "webhook",
    "webhook_seen",
    "calendar_link",
];
/// Prefixes of the engine's own tables.
pub const RESERVED_PREFIXES: [&str; 5] = ["log_", "search_", "conformity_", "import_", "door_"];

/// References of what the log tells of beside records; no record type has one of them.
pub const RESERVED_REFERENCES: [&str; 5] = ["ACCOUNT", "RUN", "FRW", "JUD", "MAI"];

/// Every declared record type. Built by [`crate::load`]; immutable while the program runs.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    types: IndexMap<String, Arc<RecordType>>,
}

impl Registry {
    /// Seals the types: inverse relations and stored columns.
    ///
    /// The loader has already said what is wrong; a link to an unknown type is simply left without inverse here.
    pub fn seal(mut types: IndexMap<String, RecordType>) -> Self {
        let mut inverses: Vec<(String, String, Inverse)> = Vec::new();
        for t in types.values() {
            for field in t.fields.values() {
                let (to, inverse, many) = match &field.kind {
                    Kind::Link { to, inverse: Some(inverse) } => (to, inverse, false),
                    Kind::Links { to, inverse: Some(inverse) } => (to, inverse, true),
                    _ => continue,
                };
                let entry = Inverse { from: t.name.clone(), field: field.name.clone(), many };
                inverses.push((to.clone(), inverse.clone(), entry));
            }
        }
        for (to, name, inverse) in inverses {
            if let Some(t) = types.get_mut(&to) {
                t.inverses.insert(name, inverse);
            }
        }
        for (of, relation) in settled_from_afar(&types) {
            if let Some(t) = types.get_mut(&of) {
                t.settled_afar.insert(relation);
            }
        }
        let types = types.into_iter().map(|(name, mut t)| {
            t.seal();
            (name, Arc::new(t))
        });
        Self { types: types.collect() }
    }

    /// Changes a type while nobody else holds it; used by the loader only.
    pub(crate) fn amend(&mut self, name: &str, change: impl FnOnce(&mut RecordType)) {
        if let Some(of) = self.types.get_mut(name).and_then(Arc::get_mut) {
            change(of);
        }
    }

    /// The type of this name.
    pub fn get(&self, name: &str) -> Option<&Arc<RecordType>> {
        self.types.get(name)
    }

    /// All types in order of declaration.
    pub fn types(&self) -> impl Iterator<Item = &Arc<RecordType>> {
        self.types.values()
    }

    /// Reads a reference such as `INC-1042` or `inc-1042`; none when it is not one of a declared type.
    pub fn parse_reference(&self, text: &str) -> Option<Reference> {
        let (prefix, digits) = text.trim().rsplit_once('-')?;
        if digits.is_empty() || digits.len() > 18 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let number = digits.parse().ok()?;
        let found = self.types.values().find(|t| t.prefix.eq_ignore_ascii_case(prefix))?;
        Some(Reference::new(found.name.clone(), number))
    }

    /// A reference as people write it; `type-number` for a type that is not declared.
    pub fn write_reference(&self, reference: &Reference) -> String {
        match self.get(&reference.record_type) {
            Some(t) => t.reference(reference.number),
            None => format!("{}-{}", reference.record_type, reference.number),
        }
    }
}

/// The relations that another type settles, each as the type on the other side calls it.
fn settled_from_afar(types: &IndexMap<String, RecordType>) -> Vec<(String, String)> {
    let partner = |of: &RecordType, name: &String| match of.field(name).map(|f| &f.kind) {
        Some(Kind::Link { to, inverse: Some(inverse) } | Kind::Links { to, inverse: Some(inverse) }) => {
            Some((to.clone(), inverse.clone()))
        }
        Some(_) => None,
        None => of.inverses.get(name).map(|inverse| (inverse.from.clone(), inverse.field.clone())),
    };
    let fixed = types.values().flat_map(|of| of.fixed.iter().map(move |fixed| (of, fixed)));
    fixed.flat_map(|(of, fixed)| fixed.fields.iter().filter_map(move |name| partner(of, name))).collect()
}

fn common_type(name: &str, t: &RecordType) -> Option<Type> {
    if name == "state" {
        return Some(Type::Choice(t.states.iter().map(|s| s.name.clone()).collect()));
    }
    let (_, shape) = COMMON.iter().find(|(n, _)| *n == name)?;
    Some(match shape {
        Shape::Int => Type::Int,
        Shape::Instant => Type::Instant,
        Shape::Link => Type::Link("person".to_owned()),
        _ => Type::Text,
    })
}

impl Schema for Registry {
    fn field(&self, record_type: &str, name: &str) -> Option<Type> {
        let t = self.get(record_type)?;
        if let Some(field) = t.fields.get(name) {
            let relation = format!("{record_type}.{name}");
            return Some(field.condition_type(|_| LinkPath::Table { relation, reversed: false }));
        }
        if let Some(money) = name.strip_suffix("_currency").and_then(|n| t.fields.get(n))
            && matches!(money.kind, Kind::Money)
        {
            return Some(Type::Text);
        }
        if let Some(inverse) = t.inverses.get(name) {
            let path = if inverse.many {
                LinkPath::Table { relation: format!("{}.{}", inverse.from, inverse.field), reversed: true }
            } else {
                LinkPath::Column { column: inverse.field.clone() }
            };
            return Some(Type::Links(LinkInfo { to: inverse.from.clone(), path }));
        }
        common_type(name, t)
    }

    fn names(&self, record_type: &str) -> Vec<String> {
        let Some(t) = self.get(record_type) else { return Vec::new() };
        let common = COMMON.iter().map(|(n, _)| (*n).to_owned());
        t.fields.keys().cloned().chain(t.inverses.keys().cloned()).chain(common).collect()
    }

    fn prefix(&self, record_type: &str) -> Option<String> {
        self.get(record_type).map(|t| t.prefix.clone())
    }
}

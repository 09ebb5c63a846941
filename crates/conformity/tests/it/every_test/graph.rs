//! Records that a generator makes up, with their links: a small graph in memory, cheap to copy and to change.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proofdesk_condition::{LinkPath, Related};
use proofdesk_model::{Kind, RecordType, Registry, Value};

use super::MORNING;

/// A record's place in its graph; a link holds it as a number.
pub type Id = usize;

const HOUR: i64 = 3_600_000_000;

/// A made-up record. What is fixed was chosen for a reason; the rest is only there.
#[derive(Debug, Clone)]
pub struct Item {
    pub of: Arc<RecordType>,
    pub values: BTreeMap<String, Value>,
    pub fixed: BTreeSet<String>,
}

/// Records with the pairs of their relations (`type.field`, from, to).
#[derive(Clone)]
pub struct Graph {
    pub registry: Arc<Registry>,
    pub items: Vec<Arc<Item>>,
    pub pairs: Vec<(String, Id, Id)>,
}

pub fn link(id: Id) -> Value {
    Value::Link(i64::try_from(id).unwrap())
}

pub fn id_of(value: &Value) -> Option<Id> {
    match value {
        Value::Link(id) => usize::try_from(*id).ok(),
        _ => None,
    }
}

impl Graph {
    pub fn new(registry: &Arc<Registry>) -> Self {
        Self { registry: registry.clone(), items: Vec::new(), pairs: Vec::new() }
    }

    /// Adds a record with nothing but what its type requires.
    pub fn add(&mut self, record_type: &str) -> Id {
        let of = self.registry.get(record_type).unwrap().clone();
        let id = self.items.len();
        let common = [
            ("state", Value::Text(of.initial_state().to_owned())),
            ("version", Value::Int(1)),
            ("created_at", Value::Instant(MORNING - HOUR)),
            ("updated_at", Value::Instant(MORNING - HOUR)),
            ("origin", Value::Text("import".to_owned())),
        ];
        let values = common.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        self.items.push(Arc::new(Item { of: of.clone(), values, fixed: BTreeSet::new() }));
        for field in of.fields.values().filter(|f| f.required && f.computed.is_none()) {
            let value = match &field.kind {
                Kind::Text { max } => Value::Text("words".chars().take(*max).collect()),
                Kind::Markdown => Value::Text("words".to_owned()),
                Kind::Int { min, .. } => Value::Int(min.unwrap_or(1).max(1)),
                Kind::File => Value::Text("01890a5d-ac96-774b-bcce-b302099a8057".to_owned()),
                Kind::Decimal | Kind::Money => {
                    Value::Decimal(proofdesk_condition::Decimal::from_scaled(1_000_000))
                }
                Kind::Duration => Value::Duration(24 * HOUR),
                Kind::Instant => Value::Instant(MORNING - 24 * HOUR),
                Kind::Day => Value::Day(i32::try_from(MORNING / (24 * HOUR)).unwrap()),
                Kind::Choice(options) => Value::Text(options[0].name.clone()),
                Kind::Choices(options) => Value::Choices(vec![options[0].name.clone()]),
                Kind::YesNo => Value::Bool(false),
                Kind::Link { .. } | Kind::Person | Kind::Team => {
                    link(self.any(field.target().unwrap(), Some(id)))
                }
                Kind::Links { to, .. } => {
                    let other = self.any(to, Some(id));
                    self.pairs.push((format!("{record_type}.{}", field.name), id, other));
                    continue;
                }
            };
            if matches!(field.kind, Kind::Money) {
                let currency = Value::Text("EUR".to_owned());
                Arc::make_mut(&mut self.items[id])
                    .values
                    .insert(format!("{}_currency", field.name), currency);
            }
            Arc::make_mut(&mut self.items[id]).values.insert(field.name.clone(), value);
        }
        id
    }

    /// Any record of a type but this one; a new one where there is none.
    fn any(&mut self, record_type: &str, but: Option<Id>) -> Id {
        let found = self.of_type(record_type).into_iter().find(|id| Some(*id) != but);
        // a type that requires a link to its own kind would need records without end
        let itself = but.filter(|id| found.is_none() && self.items[*id].of.name == record_type);
        found.or(itself).unwrap_or_else(|| self.add(record_type))
    }

    pub fn of_type(&self, record_type: &str) -> Vec<Id> {
        (0..self.items.len()).filter(|id| self.items[*id].of.name == record_type).collect()
    }

    pub fn value(&self, id: Id, field: &str) -> Value {
        if field == "number" {
            return Value::Int(i64::try_from(id).unwrap());
        }
        self.items[id].values.get(field).cloned().unwrap_or(Value::Null)
    }

    pub fn is_fixed(&self, id: Id, field: &str) -> bool {
        self.items[id].fixed.contains(field)
    }

    /// Chooses a value for a reason.
    pub fn fix(&mut self, id: Id, field: &str, value: Value) {
        let item = Arc::make_mut(&mut self.items[id]);
        item.fixed.insert(field.to_owned());
        // a second write changes these, and counts
        if matches!(field, "updated_at" | "updated_by") && !item.fixed.contains("version") {
            item.values.insert("version".to_owned(), Value::Int(2));
        }
        let money = item.of.field(field).is_some_and(|f| matches!(f.kind, Kind::Money));
        let currency = format!("{field}_currency");
        if money && !item.fixed.contains(&currency) {
            let given = if value.is_null() { Value::Null } else { Value::Text("EUR".to_owned()) };
            item.values.insert(currency, given);
        }
        item.values.insert(field.to_owned(), value);
    }

    /// The records of a relation, seen from one.
    pub fn related(&self, from: Id, related: &Related) -> Vec<Id> {
        match &related.path {
            LinkPath::Column { column } => {
                let points = |id: &Id| id_of(&self.value(*id, column)) == Some(from);
                self.of_type(&related.to).into_iter().filter(points).collect()
            }
            LinkPath::Table { relation, reversed } => {
                let pairs = self.pairs.iter().filter(|(name, _, _)| name == relation);
                let ends = pairs.map(|(_, a, b)| if *reversed { (*b, *a) } else { (*a, *b) });
                ends.filter(|(own, _)| *own == from).map(|(_, other)| other).collect()
            }
        }
    }

    /// Relates two records; none where the other one is tied elsewhere.
    pub fn relate(&mut self, from: Id, related: &Related, other: Id) -> Option<()> {
        match &related.path {
            LinkPath::Column { column } => {
                if self.is_fixed(other, column) {
                    return None;
                }
                self.fix(other, column, link(from));
            }
            LinkPath::Table { relation, reversed } => {
                let (a, b) = if *reversed { (other, from) } else { (from, other) };
                if self.pairs.contains(&(relation.clone(), a, b)) {
                    return None;
                }
                self.pairs.push((relation.clone(), a, b));
            }
        }
        Some(())
    }
}

//! What is counted over the events of all records.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{Hash as _, Hasher as _};
use std::sync::Arc;

use proofdesk_model::RecordType;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::life::Life;

const MINUTE: i64 = 60_000_000;

/// Counts over events.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Kept value that counts the updates in the source.
    pub counter: Option<String>,
    /// Value whose steps are kept for each record.
    pub path: Option<String>,
    pub events: u64,
    pub states: BTreeMap<String, u64>,
    pub transitions: BTreeMap<String, BTreeMap<String, u64>>,
    pub first: BTreeMap<String, u64>,
    /// Events in which the recorded flag said yes, and those in which it said anything.
    pub flag: (u64, u64),
    pub matrix: BTreeMap<[Option<String>; 3], u64>,
    minutes: HashMap<i64, u64>,
    places: HashMap<String, usize>,
    columns: Vec<Column>,
    names: HashSet<Arc<str>>,
}

#[derive(Debug, Default)]
struct Column {
    name: String,
    /// Hashes of the values, not the values: a column of a million texts would not fit. Two of a million values fall
    /// together once in some thirty million runs.
    seen: HashSet<u64>,
    with: u64,
    with_at_end: u64,
}

/// How a column is filled.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Filled {
    /// Different values over all events.
    pub distinct: u64,
    /// Share of events at which the record had no value, per cent.
    pub missing_percent: f64,
    /// Share of events of records that have no value at the end, per cent.
    pub missing_at_end_percent: f64,
}

impl Tally {
    pub fn new(of: &RecordType) -> Self {
        let mut tally = Self::default();
        let relations = of.fields.values().filter(|f| f.columns().is_empty()).map(|f| &f.name);
        for name in of.columns().iter().map(|c| &c.name).chain(relations) {
            tally.place(name);
        }
        tally
    }

    /// A field's name, the same for all records.
    pub(super) fn name(&mut self, field: &str) -> Arc<str> {
        if let Some(known) = self.names.get(field) {
            return known.clone();
        }
        let name: Arc<str> = field.into();
        self.names.insert(name.clone());
        name
    }

    fn place(&mut self, name: &str) -> usize {
        if let Some(place) = self.places.get(name) {
            return *place;
        }
        let place = self.columns.len();
        self.places.insert(name.to_owned(), place);
        self.columns.push(Column { name: name.to_owned(), ..Column::default() });
        place
    }

    /// A column got a value.
    pub fn value(&mut self, name: &str, value: &Json, present: &mut Vec<bool>) {
        let place = self.place(name);
        if present.len() <= place {
            present.resize(place + 1, false);
        }
        if let Some(slot) = present.get_mut(place) {
            *slot = !value.is_null();
        }
        if !value.is_null()
            && let Some(column) = self.columns.get_mut(place)
        {
            let mut hash = DefaultHasher::new();
            match value.as_str() {
                Some(text) => text.hash(&mut hash),
                None => value.to_string().hash(&mut hash),
            }
            column.seen.insert(hash.finish());
        }
    }

    /// A state was entered or kept.
    pub fn state(&mut self, before: Option<&str>, after: &str) {
        *self.states.entry(after.to_owned()).or_default() += 1;
        match before {
            Some(before) => {
                let to = self.transitions.entry(before.to_owned()).or_default();
                *to.entry(after.to_owned()).or_default() += 1;
            }
            None => *self.first.entry(after.to_owned()).or_default() += 1,
        }
    }

    /// An event happened.
    pub fn event(&mut self, life: &Life, at: i64, present: &[bool]) {
        self.events += 1;
        *self.minutes.entry(at.div_euclid(MINUTE)).or_default() += 1;
        if let Some(met) = life.flag("recorded_target_met") {
            self.flag.0 += u64::from(met);
            self.flag.1 += 1;
        }
        let triple = ["impact", "urgency", "priority"].map(|f| life.text(f).map(str::to_owned));
        *self.matrix.entry(triple).or_default() += 1;
        for (column, present) in self.columns.iter_mut().zip(present) {
            column.with += u64::from(*present);
        }
    }

    /// A record ended.
    pub fn end(&mut self, events: u64, present: &[bool]) {
        for (column, present) in self.columns.iter_mut().zip(present) {
            column.with_at_end += if *present { events } else { 0 };
        }
    }

    /// Most events of one minute.
    pub fn busiest_minute(&self) -> u64 {
        self.minutes.values().copied().max().unwrap_or_default()
    }

    /// How each column is filled.
    pub fn filled(&self) -> BTreeMap<String, Filled> {
        let share = |with: u64| 100.0 - super::spread::percent(with, self.events);
        let filled = |column: &Column| Filled {
            distinct: column.seen.len() as u64,
            missing_percent: share(column.with),
            missing_at_end_percent: share(column.with_at_end),
        };
        self.columns.iter().map(|c| (c.name.clone(), filled(c))).collect()
    }
}

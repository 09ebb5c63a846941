//! What is counted over the events of all records.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use proofdesk_model::RecordType;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::distinct::Distinct;
use super::life::Life;
use super::shapes::Cell;

const MINUTE: i64 = 60_000_000;
/// Minutes that are counted together: a day.
const MINUTES: usize = 24 * 60;

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
    matrix: BTreeMap<[Option<String>; 3], u64>,
    /// Events by day and minute of the day.
    minutes: HashMap<i64, Box<[u32; MINUTES]>>,
    places: HashMap<String, usize>,
    columns: Vec<Column>,
    names: HashSet<Arc<str>>,
}

#[derive(Debug, Default)]
struct Column {
    name: String,
    /// Different values, not the values: a column of a million texts would not fit.
    seen: Distinct,
    with: u64,
    with_at_end: u64,
}

/// How a column is filled.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Filled {
    /// Different values over all events.
    pub distinct: u64,
    /// Whether that is an estimate, within about one per cent: of more than 100,000 different values not all are kept.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub distinct_is_estimated: bool,
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
            match value.as_str() {
                Some(text) => column.seen.insert(text),
                None => column.seen.insert(value.to_string()),
            }
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
        let minute = at.div_euclid(MINUTE);
        let day =
            self.minutes.entry(minute.div_euclid(MINUTES as i64)).or_insert_with(|| Box::new([0; MINUTES]));
        if let Some(count) = day.get_mut(minute.rem_euclid(MINUTES as i64) as usize) {
            *count += 1;
        }
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
        self.minutes.values().flat_map(|day| day.iter()).max().map_or(0, |most| u64::from(*most))
    }

    /// Every combination of impact, urgency and priority, with its events.
    pub fn cells(&self) -> Vec<Cell> {
        let cell = |([impact, urgency, priority], events): (&[Option<String>; 3], &u64)| {
            let [impact, urgency, priority] = [impact, urgency, priority].map(Clone::clone);
            Cell { impact, urgency, priority, events: *events }
        };
        self.matrix.iter().map(cell).collect()
    }

    /// How each column is filled.
    pub fn filled(&self) -> BTreeMap<String, Filled> {
        let share = |with: u64| 100.0 - super::spread::percent(with, self.events);
        let filled = |column: &Column| Filled {
            distinct: column.seen.count(),
            distinct_is_estimated: column.seen.is_estimated(),
            missing_percent: share(column.with),
            missing_at_end_percent: share(column.with_at_end),
        };
        self.columns.iter().map(|c| (c.name.clone(), filled(c))).collect()
    }
}

//! A small desk in memory for the tests of this crate: the shipped types, agreements as facts, writes without a store.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::sync::Arc;

use proofdesk_model::{
    Caller, Change, Checked, Door, Draft, Facts, Job, Lookup, Problems, Record, Reference, Registry, RuleSet,
    Stamp, Value, load, shipped,
};

use crate::names::{
    AGREEMENT, CONTRACT, CONTRACT_TARGET, EXCLUSION, INTERNAL_AGREEMENT, SERVICE_HOURS, SUPPLIER, TARGET,
    TEAM,
};

/// The small types that the engine would keep.
const EVERY: [&str; 9] = [
    AGREEMENT,
    TARGET,
    SERVICE_HOURS,
    CONTRACT,
    INTERNAL_AGREEMENT,
    CONTRACT_TARGET,
    TEAM,
    SUPPLIER,
    EXCLUSION,
];

/// The desk.
pub struct Desk {
    pub registry: Registry,
    pub rules: RuleSet,
    pub facts: BTreeMap<String, Vec<Record>>,
    shared: Facts,
}

/// An instant from RFC 3339.
pub fn at(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>().unwrap().as_microsecond()
}

pub fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

impl Desk {
    pub fn new() -> Self {
        let rules = crate::all();
        let registry = load::load(&shipped::shipped(), &rules.names()).unwrap_or_else(|mistakes| {
            panic!("{}", mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
        });
        Self { registry, rules, facts: BTreeMap::new(), shared: Facts::default() }
    }

    /// Puts a record of a small type in force, with its links, as the engine's cache would give it. The number 0
    /// makes a new one.
    pub fn fact(&mut self, record: Record) -> i64 {
        let name = record.of.name.clone();
        let all = self.facts.entry(name).or_default();
        let mut record = record;
        if record.number == 0 {
            record.number = i64::try_from(all.len()).unwrap() + 1;
        }
        let number = record.number;
        all.retain(|r| r.number != number);
        all.push(record);
        all.sort_by_key(|r| r.number);
        self.shared = Facts::default();
        for name in EVERY {
            let records = self.facts.get(name).cloned().unwrap_or_default();
            self.shared.insert(Lookup::All(name.to_owned()), Arc::new(records));
        }
        number
    }

    /// Service hours.
    pub fn hours(&mut self, zone: &str, week: &str, exceptions: &str) -> i64 {
        let change = Change::default()
            .with_text("name", "Hours")
            .with_text("zone", zone)
            .with_text("week", week)
            .with_text("exceptions", exceptions);
        let record = self.write(SERVICE_HOURS, None, change, "2020-01-01T00:00:00Z").unwrap();
        self.fact(record)
    }

    /// An agreement in force from 2015 on.
    pub fn agreement(&mut self, name: &str, services: &[i64], customer: Option<i64>) -> i64 {
        let of = self.registry.get(AGREEMENT).unwrap().clone();
        let mut record = Record::empty(&of);
        record.version = 1;
        record.state = "in_force".to_owned();
        record.set("name", text(name));
        record.set("agreement_type", text("sla"));
        record.set("valid_from", Value::Day(16_436));
        record.set("customer", customer.map_or(Value::Null, Value::Link));
        let services = services.iter().map(|n| Reference::new("service", *n)).collect();
        record.links.insert("services".to_owned(), services);
        self.fact(record)
    }

    /// A target of an incident clock.
    pub fn target(
        &mut self,
        agreement: i64,
        clock: &str,
        priority: Option<&str>,
        limit: &str,
        hours: Option<i64>,
        more: &[(&str, Value)],
    ) -> i64 {
        let mut change = Change::default()
            .with_text("name", "Target")
            .with("agreement", Value::Link(agreement))
            .with_text("clock", clock)
            .with_text("duration", limit)
            .with("priority", priority.map_or(Value::Null, text))
            .with("service_hours", hours.map_or(Value::Null, Value::Link));
        for (name, value) in more {
            change = change.with(name, value.clone());
        }
        let record = self.write(TARGET, None, change, "2020-01-01T00:00:00Z").unwrap();
        self.fact(record)
    }

    /// A record of a small type as it stands, with its links; gives its number.
    pub fn put(&mut self, of: &str, state: &str, set: &[(&str, Value)], links: &[(&str, &str, i64)]) -> i64 {
        let of = self.registry.get(of).unwrap().clone();
        let mut record = Record::empty(&of);
        record.version = 1;
        record.state = state.to_owned();
        for (name, value) in set {
            record.set(name, value.clone());
        }
        for (relation, to, number) in links {
            record.links.entry((*relation).to_owned()).or_default().push(Reference::new(*to, *number));
        }
        self.fact(record)
    }

    pub fn check(
        &self,
        of: &str,
        current: Option<Record>,
        change: Change,
        stamp: Stamp,
    ) -> Result<Checked, Problems> {
        let of = self.registry.get(of).unwrap();
        let caller = Caller {
            system: matches!(stamp.door, Door::Import | Door::Clock),
            ..Caller::person(7, "Marta", ["agent"])
        };
        let draft = Draft::new(of, current, change, &caller, stamp)?;
        draft.derive(&self.rules, &self.shared).check(&self.rules, &self.shared)
    }

    /// Writes as an import at an instant: states are taken as they are given.
    pub fn write(
        &self,
        of: &str,
        current: Option<Record>,
        change: Change,
        when: &str,
    ) -> Result<Record, Problems> {
        let when = at(when);
        let stamp = Stamp { at: when, occurred_at: when, door: Door::Import };
        self.check(of, current, change, stamp).map(Checked::into_record)
    }

    /// What the timer writes at an instant.
    pub fn timer(&self, record: &Record, when: i64) -> (Record, Vec<Job>) {
        let stamp = Stamp::now(when, Door::Clock);
        let checked =
            self.check(&record.of.name.clone(), Some(record.clone()), Change::default(), stamp).unwrap();
        let jobs = checked.jobs().to_vec();
        (checked.into_record(), jobs)
    }

    /// A new incident.
    pub fn incident(&self, when: &str, set: &[(&str, Value)]) -> Record {
        let mut change = Change::default().with_text("title", "Tills down");
        for (name, value) in set {
            change = change.with(name, value.clone());
        }
        let mut record = self.write("incident", None, change, when).unwrap();
        record.number = 1042;
        record
    }

    /// A later write on a record: values and, under `state`, a state.
    pub fn then(&self, record: Record, when: &str, set: &[(&str, Value)]) -> Record {
        let mut change = Change::default();
        for (name, value) in set {
            match (*name, value) {
                ("state", Value::Text(state)) => change.state = Some(state.clone()),
                _ => change = change.with(name, value.clone()),
            }
        }
        self.write("incident", Some(record), change, when).unwrap()
    }
}

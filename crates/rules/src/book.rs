//! The agreements in force, read once and kept ready: which target a clock has, and which service hours it counts in.
//!
//! Not the clocks themselves: see `clocks.rs`. A [`Book`] is made from the records of three small types and thrown
//! away when they change.
//! Source: ISO/IEC 20000-1:2018, 8.3.3; rules R10, R14 and R17 of `docs/clocks.md`.

mod holders;

use std::collections::HashMap;

use proofdesk_calendar::{HoursSource, ServiceHours, Target};
use proofdesk_model::clock_log::Promise;
use proofdesk_model::{Facts, Record, StateKind, Value};

pub(crate) use holders::Held;

use crate::hours::{day_seconds, hours_of, hours_version, past};
use crate::names::{AGREEMENT, SERVICE_HOURS, TARGET, agreement, hours, target};

/// A union may contain unions, but not without end.
const DEEPEST_UNION: usize = 4;
const SECOND: i64 = 1_000_000;

/// Which promise is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question<'a> {
    /// Record type.
    pub record_type: &'a str,
    /// Clock of that type.
    pub clock: &'a str,
    /// The record's priority.
    pub priority: Option<&'a str>,
    /// The record's service, by number.
    pub service: Option<i64>,
    /// The record's customer, by number.
    pub customer: Option<i64>,
    /// The model by which it was ordered, by number.
    pub model: Option<i64>,
    /// The day on which the agreement must be in force (UTC), days since 1970-01-01.
    pub day: i32,
}

/// The promise that was found.
#[derive(Debug, Clone, Copy)]
pub struct Chosen<'a> {
    /// What it promises.
    pub promise: &'a Promise,
    /// Reference and title of the agreement.
    pub agreement: &'a str,
}

/// Agreements, their targets and service hours, ready to be asked.
#[derive(Debug, Default)]
pub struct Book {
    agreements: Vec<Agreement>,
    hours: HashMap<String, ServiceHours>,
    records: HashMap<i64, HoursRecord>,
    /// References of teams and suppliers.
    parties: HashMap<(&'static str, i64), String>,
    /// What they agreed to.
    accords: Vec<holders::Accord>,
    exclusions: Vec<holders::Exclusion>,
}

#[derive(Debug)]
struct Agreement {
    number: i64,
    reference: String,
    label: String,
    services: Vec<i64>,
    customer: Option<i64>,
    from: i32,
    to: i32,
    targets: Vec<Offer>,
}

#[derive(Debug)]
struct Offer {
    number: i64,
    types: Vec<String>,
    clock: String,
    model: Option<i64>,
    priority: Option<String>,
    promise: Promise,
}

/// The own hours of one record in all their versions, and what it is a union of.
#[derive(Debug)]
struct HoursRecord {
    reference: String,
    versions: Vec<Option<ServiceHours>>,
    day_seconds: Option<i64>,
    union_of: Vec<i64>,
}

impl Book {
    /// Reads the facts. Targets and hours that cannot be read are left out: the rules `target` and `service_hours`
    /// refuse them when they are entered.
    pub fn read(facts: &Facts) -> Self {
        let mut book = Self::default();
        book.hours.insert(String::new(), ServiceHours::always());
        for record in facts.all(SERVICE_HOURS) {
            let mut versions: Vec<_> =
                past(record).iter().map(|text| ServiceHours::parse(text).ok()).collect();
            versions.push(hours_of(record).ok().flatten());
            let union_of = record.links.get(hours::UNION_OF).map_or(&[][..], |l| l.as_slice());
            let union_of = union_of.iter().map(|r| r.number).collect();
            let own = HoursRecord {
                reference: record.reference(),
                versions,
                day_seconds: day_seconds(record),
                union_of,
            };
            book.records.insert(record.number, own);
        }
        for record in facts.all(SERVICE_HOURS) {
            if let Some(key) = book.key_of(record.number, hours_version(record), 0)
                && let Some(hours) = book.resolve(&key)
            {
                book.hours.insert(key, hours);
            }
        }
        let mut agreements: Vec<Agreement> = facts.all(AGREEMENT).iter().filter_map(in_force).collect();
        agreements.sort_by_key(|a| a.number);
        let defaults: HashMap<i64, Option<i64>> =
            facts.all(AGREEMENT).iter().map(|r| (r.number, r.int(agreement::HOURS))).collect();
        for record in facts.all(TARGET) {
            let Some(of) = record.int(target::AGREEMENT) else { continue };
            let Some(agreement) = agreements.iter_mut().find(|a| a.number == of) else { continue };
            let hours = record.int(target::HOURS).or(defaults.get(&of).copied().flatten());
            let key = match hours {
                Some(number) => book.current_key(number),
                None => Some(String::new()),
            };
            if let Some(offer) = key.and_then(|key| offer(record, &agreement.reference, key)) {
                agreement.targets.push(offer);
            }
        }
        for agreement in &mut agreements {
            agreement.targets.sort_by_key(|t| t.number);
        }
        book.agreements = agreements;
        holders::read(&mut book, facts);
        book
    }

    /// Finds the promise: the most specific agreement in force (service and customer, service, customer, general;
    /// the lowest number among equals), and its target for type, clock, model and priority (its own, else the one for any).
    ///
    /// # Errors
    /// Why there is none, a sentence for a person.
    pub fn choose(&self, question: &Question<'_>) -> Result<Chosen<'_>, String> {
        let rank = |a: &Agreement| u8::from(!a.services.is_empty()) * 2 + u8::from(a.customer.is_some());
        let mut best: Option<&Agreement> = None;
        for agreement in &self.agreements {
            let of_service = question.service.is_some_and(|s| agreement.services.contains(&s));
            let covers = (of_service || agreement.services.is_empty())
                && (agreement.customer.is_none() || agreement.customer == question.customer)
                && (agreement.from..=agreement.to).contains(&question.day);
            if covers && best.is_none_or(|b| rank(agreement) > rank(b)) {
                best = Some(agreement);
            }
        }
        let Some(agreement) = best else {
            return Err("No agreement in force covers this record.".to_owned());
        };
        let fits = |offer: &&Offer| {
            (offer.types.is_empty() || offer.types.iter().any(|t| t == question.record_type))
                && offer.clock == question.clock
                && (offer.model.is_none() || offer.model == question.model)
                && (offer.priority.is_none() || offer.priority.as_deref() == question.priority)
        };
        // the most particular one; the first of several
        let mut general: Option<&Offer> = None;
        let rank = |offer: &Offer| (offer.model.is_some(), offer.priority.is_some());
        for offer in agreement.targets.iter().filter(fits) {
            if general.is_none_or(|best| rank(offer) > rank(best)) {
                general = Some(offer);
            }
        }
        let clock = question.clock;
        general.map(|offer| Chosen { promise: &offer.promise, agreement: &agreement.label }).ok_or_else(
            || match question.priority {
                Some(priority) => {
                    format!("{} promises no {clock} for the priority {priority}.", agreement.label)
                }
                None => format!("{} promises no {clock} without a priority.", agreement.label),
            },
        )
    }

    /// The hours of a key, also of a version that is no longer in force; none if they are not known.
    pub fn resolve(&self, key: &str) -> Option<ServiceHours> {
        self.resolve_at(key, 0)
    }

    fn resolve_at(&self, key: &str, depth: usize) -> Option<ServiceHours> {
        if key.is_empty() {
            return Some(ServiceHours::always());
        }
        if let Some(known) = self.hours.get(key) {
            return Some(known.clone());
        }
        let (own, parts) = match key.split_once('(') {
            Some((own, rest)) => (own, Some(rest.strip_suffix(')')?)),
            None => (key, None),
        };
        let (reference, version) = own.split_once('@')?;
        let (_, number) = reference.rsplit_once('-')?;
        let record = self.records.get(&number.parse().ok()?)?;
        let place = version.parse::<usize>().ok()?.checked_sub(1)?;
        let own = record.versions.get(place)?.clone();
        let Some(parts) = parts else { return own };
        if depth >= DEEPEST_UNION {
            return None;
        }
        let mut all: Vec<ServiceHours> = own.into_iter().collect();
        for part in split(parts) {
            all.push(self.resolve_at(part, depth + 1)?);
        }
        let day = record.day_seconds.or_else(|| all.iter().find_map(ServiceHours::day_seconds));
        Some(ServiceHours::union(&all, day))
    }

    /// The hours of a record as they are in force; none if they are not known or cannot be read.
    pub fn current(&self, number: i64) -> Option<ServiceHours> {
        self.hours.get(&self.current_key(number)?).cloned()
    }

    fn current_key(&self, number: i64) -> Option<String> {
        let record = self.records.get(&number)?;
        let key = self.key_of(number, record.versions.len(), 0)?;
        self.hours.contains_key(&key).then_some(key)
    }

    /// The key of a record's hours in a version, with the parts of a union as they are now.
    fn key_of(&self, number: i64, version: usize, depth: usize) -> Option<String> {
        let record = self.records.get(&number)?;
        let own = format!("{}@{version}", record.reference);
        if record.union_of.is_empty() || depth >= DEEPEST_UNION {
            return Some(own);
        }
        let part = |number: &i64| {
            let version = self.records.get(number)?.versions.len();
            self.key_of(*number, version, depth + 1)
        };
        let parts: Option<Vec<String>> = record.union_of.iter().map(part).collect();
        Some(format!("{own}({})", parts?.join(",")))
    }
}

impl HoursSource for Book {
    fn hours(&self, key: &str) -> Option<&ServiceHours> {
        self.hours.get(key)
    }
}

/// Splits at commas outside of parentheses.
fn split(parts: &str) -> Vec<&str> {
    let (mut found, mut depth, mut from) = (Vec::new(), 0_usize, 0);
    for (at, c) in parts.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                found.push(parts.get(from..at).unwrap_or_default());
                from = at + 1;
            }
            _ => {}
        }
    }
    found.push(parts.get(from..).unwrap_or_default());
    found
}

/// An agreement with the days on which it holds: a draft never does, an ended one only until its last day.
fn in_force(record: &Record) -> Option<Agreement> {
    let day = |name: &str| match record.value(name) {
        Some(Value::Day(day)) => Some(*day),
        _ => None,
    };
    if record.text(agreement::KIND).is_some_and(|kind| agreement::NOT_FOR_CUSTOMERS.contains(&kind)) {
        return None;
    }
    let to = match record.of.state_kind(&record.state) {
        StateKind::New => return None,
        StateKind::Open | StateKind::Waiting => day(agreement::VALID_UNTIL).unwrap_or(i32::MAX),
        StateKind::Done | StateKind::Closed => day(agreement::VALID_UNTIL)?,
    };
    let services = record.links.get(agreement::SERVICES).map_or(&[][..], |l| l.as_slice());
    let label: String = format!("{} {}", record.reference(), record.title()).chars().take(500).collect();
    Some(Agreement {
        number: record.number,
        reference: record.reference(),
        label,
        services: services.iter().map(|r| r.number).collect(),
        customer: record.int(agreement::CUSTOMER),
        from: day(agreement::VALID_FROM).unwrap_or(i32::MIN),
        to,
        targets: Vec::new(),
    })
}

fn offer(record: &Record, of: &str, hours: String) -> Option<Offer> {
    if record.of.state_kind(&record.state) == StateKind::Closed {
        return None;
    }
    let limit = match record.value(target::LIMIT)? {
        Value::Text(text) => text.parse::<Target>().ok()?,
        Value::Duration(micros) => Target::seconds(micros / SECOND),
        _ => return None,
    };
    let words = |name: &str| match record.value(name) {
        Some(Value::Text(one)) if !one.is_empty() => vec![one.clone()],
        Some(Value::Choices(many)) => many.clone(),
        _ => Vec::new(),
    };
    let text = |name: &str| record.text(name).filter(|t| !t.is_empty()).map(str::to_owned);
    let reasons = words(target::PAUSE_REASONS);
    Some(Offer {
        number: record.number,
        types: words(target::APPLIES_TO),
        clock: text(target::CLOCK)?,
        model: record.int(target::MODEL),
        priority: text(target::PRIORITY),
        promise: Promise {
            agreement: of.to_owned(),
            target: record.reference(),
            version: record.version,
            limit: limit.to_string(),
            hours,
            reopen: text(target::REOPEN),
            retarget: text(target::RETARGET),
            at_risk_percent: record.int(target::AT_RISK_PERCENT).and_then(|n| u32::try_from(n).ok()),
            pause_reasons: (!reasons.is_empty()).then_some(reasons),
        },
    })
}

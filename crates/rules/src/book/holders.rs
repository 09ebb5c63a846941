//! What teams and suppliers promise, by internal agreements and contracts, and the times that were agreed not to count.
//!
//! Source: ISO/IEC 20000-1:2018, 8.3.3, 8.3.4.1, 8.3.4.2; rules R16 and R19 of `docs/clocks.md`.

use std::collections::HashMap;

use proofdesk_calendar::Target;
use proofdesk_model::clock_log::{Excluded, Promise};
use proofdesk_model::{Facts, Record, StateKind, Value};

use super::{Book, Chosen, Offer, SECOND};
use crate::names::{
    AGREEMENT, CONTRACT, CONTRACT_TARGET, EXCLUSION, INTERNAL_AGREEMENT, SUPPLIER, TEAM, accord, agreement,
    contract_target, exclusion, target,
};

/// Which promise of a holder is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held<'a> {
    /// Reference of the team or supplier.
    pub holder: &'a str,
    /// Record type.
    pub record_type: &'a str,
    /// The record's priority.
    pub priority: Option<&'a str>,
    /// The record's service, by number.
    pub service: Option<i64>,
    /// The day on which the agreement must be in force (UTC), days since 1970-01-01.
    pub day: i32,
}

/// A contract or an internal agreement in force.
#[derive(Debug)]
pub(super) struct Accord {
    reference: String,
    label: String,
    holders: Vec<String>,
    services: Vec<i64>,
    from: i32,
    to: i32,
    targets: Vec<Offer>,
}

/// An approved exclusion.
#[derive(Debug)]
pub(super) struct Exclusion {
    agreements: Vec<String>,
    services: Vec<i64>,
    interval: Excluded,
}

impl Book {
    /// The reference of a team or a supplier.
    pub(crate) fn holder(&self, record_type: &str, number: i64) -> Option<&str> {
        let of = [TEAM, SUPPLIER].into_iter().find(|t| *t == record_type)?;
        self.parties.get(&(of, number)).map(String::as_str)
    }

    /// What a team or a supplier promised for such a record: of its agreements in force the one that names the service,
    /// then one for every service, the lowest number among equals; there the target for the priority, else the one for
    /// any.
    pub(crate) fn choose_held(&self, asked: &Held<'_>) -> Option<Chosen<'_>> {
        let covers = |a: &&Accord| {
            let of_service = asked.service.is_some_and(|s| a.services.contains(&s));
            a.holders.iter().any(|h| h == asked.holder)
                && (of_service || a.services.is_empty())
                && (a.from..=a.to).contains(&asked.day)
        };
        let mut found: Vec<&Accord> = self.accords.iter().filter(covers).collect();
        found.sort_by_key(|a| a.services.is_empty());
        found.into_iter().find_map(|accord| {
            let offers =
                || accord.targets.iter().filter(|t| t.types.iter().any(|of| of == asked.record_type));
            let own = offers().find(|t| t.priority.is_some() && t.priority.as_deref() == asked.priority);
            let offer = own.or_else(|| offers().find(|t| t.priority.is_none()))?;
            Some(Chosen { promise: &offer.promise, agreement: &accord.label })
        })
    }

    /// Reference and name of a contract or internal agreement.
    pub(crate) fn accord_label(&self, reference: &str) -> Option<&str> {
        self.accords.iter().find(|a| a.reference == reference).map(|a| a.label.as_str())
    }

    /// The approved exclusions of an agreement for a service that end after `since` (seconds UTC).
    pub(crate) fn exclusions<'a>(
        &'a self,
        agreement: &'a str,
        service: Option<i64>,
        since: i64,
    ) -> impl Iterator<Item = &'a Excluded> + 'a {
        let holds = move |e: &&Exclusion| {
            e.agreements.iter().any(|a| a == agreement)
                && (e.services.is_empty() || service.is_some_and(|s| e.services.contains(&s)))
                && e.interval.to > since
        };
        self.exclusions.iter().filter(holds).map(|e| &e.interval)
    }
}

/// Reads the facts of holders and exclusions into a book that knows its hours already.
pub(super) fn read(book: &mut Book, facts: &Facts) {
    for of in [TEAM, SUPPLIER] {
        for record in facts.all(of) {
            book.parties.insert((of, record.number), record.reference());
        }
    }
    for (of, link) in
        [(CONTRACT, contract_target::CONTRACT), (INTERNAL_AGREEMENT, contract_target::INTERNAL_AGREEMENT)]
    {
        let mut records: Vec<&Record> = facts.all(of).iter().collect();
        records.sort_by_key(|r| r.number);
        for record in records {
            let Some(mut accord) = in_force(record, book) else { continue };
            let own = |t: &&Record| t.int(link) == Some(record.number);
            let mut targets: Vec<&Record> = facts.all(CONTRACT_TARGET).iter().filter(own).collect();
            targets.sort_by_key(|t| t.number);
            accord.targets = targets.into_iter().filter_map(|t| offer(t, &accord.reference, book)).collect();
            book.accords.push(accord);
        }
    }
    let mut references: HashMap<(&str, i64), String> = HashMap::new();
    for of in [AGREEMENT, CONTRACT, INTERNAL_AGREEMENT] {
        references.extend(facts.all(of).iter().map(|r| ((of, r.number), r.reference())));
    }
    let mut records: Vec<&Record> = facts.all(EXCLUSION).iter().collect();
    records.sort_by_key(|r| r.number);
    book.exclusions = records.into_iter().filter_map(|r| approved(r, &references)).collect();
}

fn day(record: &Record, name: &str) -> Option<i32> {
    match record.value(name) {
        Some(Value::Day(day)) => Some(*day),
        _ => None,
    }
}

fn numbers(record: &Record, relation: &str) -> Vec<i64> {
    record.links.get(relation).map_or(&[][..], |l| l.as_slice()).iter().map(|r| r.number).collect()
}

/// A contract or internal agreement with the days on which it holds: a draft never does, an ended one only until its
/// last day and if it was in force before.
fn in_force(record: &Record, book: &Book) -> Option<Accord> {
    let to = match record.of.state_kind(&record.state) {
        StateKind::New => return None,
        StateKind::Open | StateKind::Waiting => day(record, agreement::VALID_UNTIL).unwrap_or(i32::MAX),
        StateKind::Done | StateKind::Closed => {
            record.instant(accord::APPROVED_AT)?;
            day(record, agreement::VALID_UNTIL)?
        }
    };
    let supplier = record.int(accord::SUPPLIER).and_then(|n| book.holder(SUPPLIER, n)).map(str::to_owned);
    let teams = numbers(record, accord::TEAMS);
    let teams = teams.into_iter().filter_map(|n| book.holder(TEAM, n)).map(str::to_owned);
    Some(Accord {
        reference: record.reference(),
        label: format!("{} {}", record.reference(), record.title()).chars().take(500).collect(),
        holders: teams.chain(supplier).collect(),
        services: numbers(record, agreement::SERVICES),
        from: day(record, agreement::VALID_FROM).unwrap_or(i32::MIN),
        to,
        targets: Vec::new(),
    })
}

/// A target of time that says which records it counts.
fn offer(record: &Record, of: &str, book: &Book) -> Option<Offer> {
    if !record.of.state_kind(&record.state).is_open() {
        return None;
    }
    let Some(Value::Duration(micros)) = record.value(contract_target::WITHIN) else { return None };
    let hours = match record.int(target::HOURS) {
        Some(number) => book.current_key(number)?,
        None => String::new(),
    };
    let text = |name: &str| record.text(name).filter(|t| !t.is_empty()).map(str::to_owned);
    let percent = record.int(target::AT_RISK_PERCENT).and_then(|n| u32::try_from(n).ok());
    Some(Offer {
        model: None,
        number: record.number,
        types: vec![text(target::APPLIES_TO)?],
        clock: String::new(),
        priority: text(target::PRIORITY),
        promise: Promise {
            agreement: of.to_owned(),
            target: record.reference(),
            version: record.version,
            limit: Target::seconds(micros / SECOND).to_string(),
            hours,
            reopen: None,
            retarget: None,
            at_risk_percent: percent,
            pause_reasons: None,
        },
    })
}

fn approved(record: &Record, references: &HashMap<(&str, i64), String>) -> Option<Exclusion> {
    if record.of.state_kind(&record.state) != StateKind::Open {
        return None;
    }
    let second = |name: &str| record.instant(name).map(|at| at.div_euclid(SECOND));
    let (from, to) = (second(exclusion::FROM)?, second(exclusion::UNTIL)?);
    let links = exclusion::AGREEMENTS.iter().filter_map(|relation| record.links.get(*relation)).flatten();
    let agreements = links.filter_map(|r| references.get(&(r.record_type.as_str(), r.number)).cloned());
    Some(Exclusion {
        agreements: agreements.collect(),
        services: numbers(record, exclusion::SERVICES),
        interval: Excluded {
            from,
            to,
            record: record.reference(),
            reason: record.text(exclusion::KIND).unwrap_or_default().to_owned(),
            approved_by: record.int(exclusion::APPROVED_BY),
        },
    })
}

//! Values that fit any declared field, for tests over all types.

use std::collections::BTreeMap;

use proofdesk_engine::{Change, Reference};
use proofdesk_model::format::day_of;
use proofdesk_model::{Computed, Field, Kind, RecordType, Value};
use proofdesk_testkit::{MORNING, TestDesk};

/// One record of every type, to link to.
pub async fn one_of_each(desk: &TestDesk) -> BTreeMap<String, Reference> {
    let mut found = BTreeMap::new();
    let types: Vec<_> = desk.engine.registry().types().cloned().collect();
    // twice: a type whose required link comes later in order succeeds in the second round
    for round in 0..2 {
        for of in &types {
            if found.contains_key(&of.name) {
                continue;
            }
            match desk.create(&of.name, minimal(of, &found)).await {
                Ok(made) => {
                    found.insert(of.name.clone(), Reference::new(of.name.clone(), made.record.number));
                }
                Err(error) if round == 1 => panic!("{error:#}"),
                Err(_) => {}
            }
        }
    }
    found
}

/// The least that a record of a type needs.
pub fn minimal(of: &RecordType, known: &BTreeMap<String, Reference>) -> Change {
    let mut change = Change::default();
    // hours without a week are no hours: its rule says so
    for field in of.fields.values().filter(|f| f.required || f.name == "week") {
        if let Some(value) = value(field, known) {
            change = change.with(&field.name, value);
        }
    }
    change
}

/// A record with every field filled that a person may enter, and every relation.
pub fn full(of: &RecordType, known: &BTreeMap<String, Reference>) -> Change {
    let mut change = Change::default();
    // an instant at which a step is taken by itself belongs to the states before it
    let by_itself = |f: &Field| of.transitions.iter().any(|t| t.at.as_deref() == Some(&f.name));
    for field in of.fields.values().filter(|f| f.computed.is_none() && f.is_entered() && !by_itself(f)) {
        match &field.kind {
            Kind::Links { to, .. } => {
                if let Some(reference) = known.get(to) {
                    change = change.link(&field.name, reference.clone());
                }
            }
            Kind::File => {}
            _ => {
                if let Some(value) = value(field, known) {
                    change = change.with(&field.name, value);
                }
                if matches!(field.kind, Kind::Money) {
                    change = change.with_text(&format!("{}_currency", field.name), "EUR");
                }
            }
        }
    }
    for (name, inverse) in &of.inverses {
        if let Some(reference) = known.get(&inverse.from).filter(|_| inverse.many) {
            change = change.link(name, reference.clone());
        }
    }
    change
}

/// A value that fits a field; none where one cannot be made up.
pub fn value(field: &Field, known: &BTreeMap<String, Reference>) -> Option<Value> {
    if matches!(field.computed, Some(Computed::Rule(_) | Computed::Clock(_))) {
        return None;
    }
    Some(match &field.kind {
        Kind::Text { max } => match field.name.as_str() {
            "duration" => Value::Text("4h".to_owned()),
            "zone" => Value::Text("Europe/Vienna".to_owned()),
            _ => Value::Text(format!("Sample of {}", field.name).chars().take(*max).collect()),
        },
        Kind::Markdown => match field.name.as_str() {
            "week" => Value::Text("mon-fri 08:00-17:00".to_owned()),
            "exceptions" => Value::Text("2026-12-25 closed".to_owned()),
            _ => Value::Text(format!("Longer sample of **{}**\n\nwith two parts.", field.name)),
        },
        Kind::Int { min, .. } => Value::Int(min.unwrap_or(1).max(1)),
        Kind::Decimal | Kind::Money => Value::Decimal("12.5".parse().unwrap()),
        Kind::Duration => Value::Duration(8 * 3_600_000_000),
        Kind::Instant => Value::Instant(MORNING - 3_600_000_000),
        // what is planned lies ahead, what was done lies behind
        Kind::Day if is_ahead(&field.name) => Value::Day(day_of(MORNING) + 200),
        Kind::Day => Value::Day(day_of(MORNING) - 20),
        Kind::Choice(options) => Value::Text(options[0].name.clone()),
        Kind::Choices(options) => Value::Choices(vec![options[0].name.clone()]),
        Kind::YesNo => Value::Bool(false),
        Kind::Link { .. } | Kind::Person | Kind::Team => Value::Link(known.get(field.target()?)?.number),
        Kind::Links { .. } | Kind::File => return None,
    })
}

/// Whether a day is one to come, by the house's names of fields.
fn is_ahead(name: &str) -> bool {
    ["review_on", "next_", "_until", "due_on", "check_on", "_by", "planned_on", "period_to"]
        .iter()
        .any(|part| name.contains(part))
}

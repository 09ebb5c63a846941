//! Tests of the rule `controlled`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::sync::Arc;

use proofdesk_model::{Caller, Change, Door, Draft, Facts, Lookup, Record, Reference, Stamp, Value};

use crate::testing::{Desk, at, text};

const NOON: &str = "2026-11-23T12:00:00Z";

/// An item in the state, with what it is.
fn item(desk: &Desk, state: &str) -> Record {
    let mut record = Record::empty(desk.registry.get("configuration_item").unwrap());
    (record.number, record.version) = (9, 1);
    record.state = state.to_owned();
    for (name, value) in [("name", "Gateway"), ("item_type", "server"), ("description", "Ends sessions")] {
        record.set(name, text(value));
    }
    record.set("under_change_control", Value::Bool(true));
    record
}

/// The change CHG-1, as somebody approved and closed it.
fn facts(desk: &Desk, approved: Option<&str>, closed: Option<&str>) -> Facts {
    let mut record = Record::empty(desk.registry.get("change").unwrap());
    (record.number, record.version) = (1, 1);
    let instant = |when: Option<&str>| when.map_or(Value::Null, |w| Value::Instant(at(w)));
    record.set("approved_at", instant(approved));
    record.set("closed_at", instant(closed));
    let mut facts = Facts::default();
    facts.insert(Lookup::One(Reference::new("change", 1)), Arc::new(vec![record]));
    facts
}

/// When the item counts as altered without a change after the write at noon.
fn unlinked(desk: &Desk, before: Record, change: Change, facts: &Facts, door: Door) -> Option<i64> {
    let caller = Caller::person(7, "Marta", ["process_owner"]);
    let of = desk.registry.get("configuration_item").unwrap();
    let draft = Draft::new(of, Some(before), change, &caller, Stamp::now(at(NOON), door)).unwrap();
    draft.derive(&desk.rules, facts).after().instant("unlinked_at")
}

#[test]
fn an_item_in_use_is_altered_under_an_approved_change_that_is_not_closed() {
    let desk = Desk::new();
    let (early, late) = (Some("2026-11-20T08:00:00Z"), Some("2026-11-24T08:00:00Z"));
    let noon = Some(at(NOON));
    let table = [
        ("approved", early, None, None),
        ("approved, closed later", early, late, None),
        ("not approved", None, None, noon),
        ("approved later", late, None, noon),
        ("closed before", early, early, noon),
    ];
    for (case, approved, closed, expected) in table {
        let change = Change::default().with_text("version_text", "2").with("changed_under", Value::Link(1));
        let found = unlinked(&desk, item(&desk, "live"), change, &facts(&desk, approved, closed), Door::Page);
        assert_eq!(found, expected, "{case}");
    }
}

#[test]
fn only_what_an_item_is_counts_and_only_in_use() {
    let desk = Desk::new();
    let none = Facts::default();
    let noon = Some(at(NOON));
    let version = || Change::default().with_text("version_text", "2");
    let table = [
        ("an attribute", "live", version(), Door::Page, noon),
        ("in maintenance", "maintenance", version(), Door::Api, noon),
        ("not yet in use", "planned", version(), Door::Page, None),
        ("history", "live", version(), Door::Import, None),
        ("verification", "live", Change::default().with("verify_on", Value::Day(20_800)), Door::Page, None),
        ("the same value", "live", Change::default().with_text("name", "Gateway"), Door::Page, None),
    ];
    for (case, state, change, door, expected) in table {
        assert_eq!(unlinked(&desk, item(&desk, state), change, &none, door), expected, "{case}");
    }
}

#[test]
fn a_change_named_afterwards_puts_it_right_when_it_covered_the_instant() {
    let desk = Desk::new();
    let since = "2026-11-22T12:00:00Z";
    let table = [("2026-11-20T08:00:00Z", None), ("2026-11-23T08:00:00Z", Some(at(since)))];
    for (approved, expected) in table {
        let mut before = item(&desk, "live");
        before.set("unlinked_at", Value::Instant(at(since)));
        let change = Change::default().with("changed_under", Value::Link(1));
        let found = unlinked(&desk, before, change, &facts(&desk, Some(approved), None), Door::Page);
        assert_eq!(found, expected, "{approved}");
    }
}

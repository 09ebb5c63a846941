//! Tests of the reader.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests

use crate::load::load;
use crate::rule::RuleSet;

const RULES: [&str; 4] = ["clocks", "lifecycle", "service_hours", "target"];

#[test]
fn everything_shipped_loads_and_its_examples_hold() {
    let registry = load(&crate::shipped(), &RULES)
        .unwrap_or_else(|m| panic!("{}", m.iter().map(|m| format!("{m}\n")).collect::<String>()));
    let failed = crate::examples::run(&registry, &RuleSet::default());
    assert!(failed.is_empty(), "{}", failed.iter().map(|m| format!("{m}\n")).collect::<String>());
    for of in registry.types() {
        assert!(of.examples.len() >= 2, "{} has too few examples", of.name);
        assert!(!of.doc.is_empty() && !of.clauses.is_empty(), "{} cites no clause", of.name);
    }
}

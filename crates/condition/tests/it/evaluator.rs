//! What a condition says about a record, in all three outcomes, and why.

use std::collections::BTreeMap;

use proofdesk_condition::{Context, Outcome, Row, Value};

use crate::checker::checked;
use crate::world::{CONTEXT, Dice, HOUR, NOW, TODAY, World};

/// A record put together by hand.
#[derive(Default)]
pub struct Hand {
    values: BTreeMap<&'static str, Value>,
    linked: BTreeMap<&'static str, Hand>,
    related: BTreeMap<&'static str, Vec<Hand>>,
}

impl Row for Hand {
    fn value(&self, field: &str) -> Value {
        self.values.get(field).cloned().unwrap_or_default()
    }

    fn follow(&self, link: &str) -> Option<&dyn Row> {
        self.linked.get(link).map(|row| row as &dyn Row)
    }

    fn related(&self, links: &str) -> Vec<&dyn Row> {
        self.related.get(links).into_iter().flatten().map(|row| row as &dyn Row).collect()
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn record(values: &[(&'static str, Value)]) -> Hand {
    Hand { values: values.iter().cloned().collect(), ..Hand::default() }
}

pub fn incident() -> Hand {
    let mut hand = record(&[
        ("number", Value::Int(7)),
        ("title", text("Printer on fire")),
        ("priority", text("p1")),
        ("impact", Value::Int(3)),
        ("cost", Value::Decimal("2.5".parse().unwrap())),
        ("major", Value::Bool(true)),
        ("opened_at", Value::Instant(NOW - 30 * HOUR)),
        ("worked", Value::Duration(2 * HOUR)),
        ("reported_on", Value::Day(TODAY - 1)),
        ("tags", Value::Choices(vec!["mail".into(), "vip".into()])),
        ("assigned_to", Value::Link(3)),
        ("service", Value::Link(4)),
    ]);
    hand.linked.insert("service", record(&[("number", Value::Int(4)), ("tier", Value::Int(1))]));
    let change = |number, state, risk: Option<i64>, approved| {
        record(&[
            ("number", Value::Int(number)),
            ("state", text(state)),
            ("risk", risk.map_or(Value::Null, Value::Int)),
            ("approved", Value::Bool(approved)),
        ])
    };
    let changes = vec![change(1, "closed", Some(1), true), change(2, "new", None, false)];
    hand.related.insert("changes", changes);
    hand
}

#[test]
fn outcomes_follow_the_rules_of_null_and_error() {
    use Outcome::{Error, False, True};
    let incident = incident();
    for (source, expected) in [
        ("priority == \"p1\"", True),
        ("impact > 3", False),
        ("impact == 3.0 && cost > impact - 1", True),
        ("closed_at == null", True),
        ("closed_at != null", False),
        ("closed_at == opened_at", False),
        ("closed_at < now", Error),
        ("!(closed_at < now)", Error),
        ("closed_at < now || major", True),
        ("closed_at < now && !major", False),
        ("closed_at < now && major", Error),
        ("breached", Error),
        ("breached == true", False),
        ("breached != true", True),
        ("closed_at - opened_at == hours(1)", Error),
        ("now - opened_at == hours(30)", True),
        ("reported_on == today - days(1)", True),
        ("reopened in [1, null]", True),
        ("reopened in [1, 2]", False),
        ("impact in [1.5, 3]", True),
        ("title.contains(\"on\") && title.startsWith(\"Print\") && title.endsWith(\"fire\")", True),
        ("title.upperAscii() == \"PRINTER ON FIRE\"", True),
        ("notes.contains(\"x\")", Error),
        ("size(notes) == 0", Error),
        ("size(title) == 15", True),
        ("\"vip\" in tags && !(\"network\" in tags) && size(tags) == 2", True),
        ("service.tier == 1", True),
        ("service == \"SVC-4\"", True),
        ("problem.state == \"new\"", Error),
        ("problem.state != \"new\"", Error),
        ("has(problem) && problem.state == \"new\"", False),
        ("assigned_to == me", True),
        ("changes.exists(c, c.state == \"closed\")", True),
        ("changes.exists(c, c.risk > 3)", Error),
        ("changes.exists(c, c.risk >= 1)", True),
        ("changes.all(c, c.risk >= 1)", Error),
        ("changes.all(c, c.approved)", False),
        ("changes.all(c, c.risk > 3)", False),
        ("changes.exists_one(c, c.approved)", True),
        ("changes.exists_one(c, c.risk == 1)", True),
        ("changes.exists_one(c, c.risk > 0)", Error),
        ("size(changes) == 2 && size(changes.filter(c, c.state == \"new\")) == 1", True),
        ("affects.all(s, s.tier > 100)", True),
        ("affects.exists(s, s.tier > 100)", False),
        ("size(problem.incidents) == 0", Error),
    ] {
        assert_eq!(checked(source).evaluate(&incident, &CONTEXT), expected, "{source}");
    }
}

#[test]
fn where_nobody_asks_a_question_about_me_is_an_error() {
    let context = Context { user: None, ..CONTEXT };
    assert_eq!(checked("assigned_to == me").evaluate(&incident(), &context), Outcome::Error);
    assert_eq!(checked("created_by == me").evaluate(&incident(), &context), Outcome::Error);
}

#[test]
fn reasons_name_the_parts_and_what_was_seen() {
    let incident = incident();
    let reasons = |source: &str| -> Vec<String> {
        let reasons = checked(source).explain(&incident, &CONTEXT);
        let seen = |reason: &proofdesk_condition::Reason| {
            reason.seen.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
        };
        reasons.iter().map(|r| format!("{} | {:?} | {}", r.source, r.outcome, seen(r))).collect()
    };
    assert_eq!(reasons("major && impact == 3"), [""; 0]);
    assert_eq!(
        reasons("major && impact < 3 && closed_at <= due_at"),
        ["impact < 3 | False | impact=3", "closed_at <= due_at | Error | closed_at=none due_at=none"]
    );
    assert_eq!(reasons("!(major || impact < 3)"), ["major | True | major=yes"]);
    assert_eq!(
        reasons("changes.all(c, c.approved && c.state == \"closed\")"),
        ["c.approved | False | changes 2 approved=no", "c.state == \"closed\" | False | changes 2 state=new"]
    );
    assert_eq!(
        reasons("changes.exists(c, c.risk == 9)"),
        ["changes.exists(c, c.risk == 9) | False | changes=2"]
    );
    assert_eq!(reasons("problem.state == \"new\""), ["problem.state == \"new\" | Error | problem=none"]);
    assert_eq!(reasons("worked < hours(1)"), ["worked < hours(1) | False | worked=2h"]);
}

#[test]
fn what_is_not_true_has_a_reason_and_what_is_true_has_none() {
    let world = World::generate(5, 40);
    let sources = [
        "major && impact > 1",
        "!(major || !breached)",
        "changes.all(c, c.approved) && !affects.exists(s, s.tier > 2)",
        "!(changes.all(c, c.risk > 0)) || problem.state == \"new\"",
        "size(changes.filter(c, c.risk > 0)) > 1",
    ];
    let mut dice = Dice(1);
    for source in sources {
        let condition = checked(source);
        for _ in 0..40 {
            let row = world.record("incident", dice.between(1, 40)).unwrap();
            let holds = condition.evaluate(row, &CONTEXT) == Outcome::True;
            assert_eq!(condition.explain(row, &CONTEXT).is_empty(), holds, "{source} {}", row.number());
        }
    }
}

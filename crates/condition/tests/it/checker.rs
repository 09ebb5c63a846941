//! What is accepted, what is refused, and in which words.

use proofdesk_condition::{Condition, Mistake, check};

use crate::world::Desk;

/// Checks a condition about incidents.
pub fn checked(source: &str) -> Condition {
    check(source, "incident", &Desk).unwrap_or_else(|mistakes| panic!("{source}: {mistakes:?}"))
}

fn refused(source: &str) -> Vec<Mistake> {
    check(source, "incident", &Desk).expect_err(source)
}

#[test]
fn what_the_language_has_is_accepted() {
    for source in [
        "true",
        "major",
        "!major && !breached",
        "major == true",
        "(impact > 1) == false",
        "priority == \"p1\" || priority in [\"p2\", 'p3']",
        "impact + reopened >= 3 - 1",
        "impact == 2.5",
        "cost + 1 > budget - 0.5",
        "cost in [1, 2.5]",
        "impact in [1, 2.5, null]",
        "closed_at == null",
        "closed_at - opened_at > duration(\"4h\")",
        "now - opened_at > days(30)",
        "opened_at + hours(4) < now",
        "opened_at >= timestamp(\"2026-01-01T00:00:00+01:00\")",
        "reported_on < today - days(30)",
        "review_on == day(\"2026-11-22\")",
        "worked > minutes(90)",
        "-worked < hours(1)",
        "title.contains(\"fire\") && title.lowerAscii().startsWith(\"prin\")",
        "title.endsWith(notes)",
        "size(title) > 3 && title.size() < 100",
        "\"vip\" in tags && size(tags) == 1",
        "has(problem) && !has(closed_at) && has(tags)",
        "problem.state == \"closed\"",
        "service.owner.team == null",
        "problem.service == service",
        "assigned_to == me && created_by != me",
        "service == \"SVC-4\" || service in [\"SVC-1\", \"SVC-2\"]",
        "changes.exists(c, c.state == \"closed\" && c.risk >= impact)",
        "changes.all(c, c.owner.team.members.exists(m, m == c.owner))",
        "changes.exists_one(c, c.approved)",
        "size(changes) > 0 && size(changes.filter(c, c.approved)) == 2",
        "problem.incidents.exists(i, i.created_by == problem.created_by)",
        "size(problem.incidents) > 1",
        "1 == 1 && \"a\" in [\"a\", \"b\"]",
        "1 + 2 * 3 == 7 && 7 / 2 == 3 && -7 % 2 == -1",
        "timestamp(\"2026-01-02T00:00:00Z\") - timestamp(\"2026-01-01T00:00:00Z\") == days(1)",
        "// a comment\n major",
    ] {
        let condition = checked(source);
        assert_eq!((condition.source(), condition.record_type()), (source, "incident"));
    }
}

#[test]
fn mistakes_say_where_and_what_instead() {
    for (source, spot, words) in [
        ("prio == \"p1\"", "prio", "`prio` is not a field of incident; did you mean `priority`?"),
        ("problem.stat == \"new\"", "stat", "`stat` is not a field of problem; did you mean `state`?"),
        ("priority == \"p5\"", "\"p5\"", "\"p5\" is not an option here; did you mean \"p1\"?"),
        ("state in [\"new\", \"close\"]", "\"close\"", "did you mean \"closed\"?"),
        ("\"vips\" in tags", "\"vips\"", "did you mean \"vip\"?"),
        ("priority < \"p3\"", "priority < \"p3\"", "have no order"),
        ("impact == \"2\"", "impact == \"2\"", "a whole number cannot be compared with text"),
        ("opened_at > \"2026-01-01\"", "opened_at > \"2026-01-01\"", "timestamp("),
        ("reported_on > \"2026-01-01\"", "reported_on > \"2026-01-01\"", "day("),
        ("worked > 4", "worked > 4", "hours(4)"),
        ("reported_on < now", "reported_on < now", "compare a day with `today`"),
        ("impact", "impact", "is a whole number and not a condition"),
        ("impact < null", "impact < null", "`null` has no order"),
        ("tags == null", "tags == null", "size(field) == 0"),
        ("changes == null", "changes", "are many records"),
        ("has(changes)", "changes", "size(changes) > 0"),
        ("changes.state == \"new\"", "changes", "changes.exists(x, x.state"),
        ("title.state == \"new\"", "title", "`title` is text and has no fields"),
        ("title.matches(\"x\")", "matches", "databases disagree"),
        ("opened_at.getFullYear() == 2026", "getFullYear", "compare whole instants"),
        ("title.contain(\"x\")", "contain", "did you mean `contains`?"),
        ("priority.contains(\"p\")", "priority", "a choice is compared"),
        ("impact * 2 > 3", "impact * 2", "between written numbers only"),
        ("1 / 0 == 1", "1 / 0", "divides by zero"),
        ("9223372036854775807 + 1 > 0", "9223372036854775807 + 1", "does not fit"),
        ("worked > duration(\"3d\")", "\"3d\"", "write `days(3)`"),
        ("opened_at > timestamp(\"soon\")", "\"soon\"", "not an instant"),
        ("reported_on == day(\"2026-02-30\")", "\"2026-02-30\"", "not a day"),
        ("reported_on - days(1) < today", "reported_on - days(1)", "is not calculated with"),
        ("today - hours(5) < reported_on", "today - hours(5)", "by whole days"),
        ("problem.incidents.exists(i, i == me)", "i == me", "a link to incident cannot be compared"),
        ("opened_at + 3 > now", "opened_at + 3", "add a length of time"),
        ("service == \"INC-4\"", "\"INC-4\"", "write for example \"SVC-1\""),
        ("service == me", "service == me", "a link to service cannot be compared with a link to person"),
        ("problem", "problem", "a link is not a condition"),
        ("(major && breached) == (impact > 1)", "(major && breached) == (impact > 1)", "not compared"),
        ("changes.exists(state, state == null)", "state", "already the name"),
        ("changes.exists(c, d.state == \"new\")", "d", "not a field of incident"),
        ("impact in [1, reopened]", "reopened", "constants only"),
        ("title in tags", "title", "as text"),
        ("\"x\" in changes", "changes", "changes.exists(x, x == …)"),
        ("foo(1) == 1", "foo", "there is no function `foo`"),
        ("cost + 1000000000000000 > 1", "cost + 1000000000000000", "larger than numbers go"),
        ("title == 1 + \"a\"", "1 + \"a\"", "cannot be added"),
    ] {
        let mistakes = refused(source);
        let seen = &mistakes[0];
        assert!(seen.message.contains(words), "{source}: {}", seen.message);
        assert_eq!(&source[seen.start..seen.end], spot, "{source}: {}", seen.message);
    }
}

#[test]
fn all_mistakes_are_found_at_once() {
    let mistakes = refused("prio == 1 && (stat == 2 || impact == \"x\") && changes.all(c, c.rsk > 1)");
    let starts: Vec<_> = mistakes.iter().map(|mistake| mistake.start).collect();
    assert_eq!(starts, [0, 14, 27, 62], "{mistakes:?}");
}

#[test]
fn size_and_nesting_have_limits() {
    let many = vec!["major"; 401].join("&&");
    assert!(refused(&many)[0].message.contains("400 parts"));
    let deep = "changes.exists(c1, c1.caused.exists(i2, i2.changes.exists(c3, c3.caused.exists(i4, \
                i4.major))))";
    assert!(refused(deep)[0].message.contains("nested 3 deep"));
    let long = format!("impact in [{}]", vec!["1"; 401].join(","));
    assert!(refused(&long)[0].message.contains("400 parts"));
    let linked = vec!["problem.risk > 1"; 41].join("||");
    assert!(refused(&linked)[0].message.contains("follow 40 links"));
    let sum = ["cost"; 10].join("+") + " > 1";
    assert!(refused(&sum)[0].message.contains("larger than numbers go"));
}

#[test]
fn a_condition_knows_what_it_reads() {
    let condition = checked("problem.state == \"new\" && changes.exists(c, c.owner == me) && due_at < now");
    let fields: Vec<String> = condition.fields().iter().map(ToString::to_string).collect();
    assert_eq!(fields, ["changes", "due_at", "problem", "changes.owner", "problem.state"]);
    assert!(condition.uses_now() && condition.uses_me());
    assert!(!checked("major").uses_now() && !checked("major").uses_me());
    let parts: Vec<_> = condition.conjuncts().iter().map(|part| part.source().to_owned()).collect();
    assert_eq!(parts, ["problem.state == \"new\"", "changes.exists(c, c.owner == me)", "due_at < now"]);
    assert_eq!(checked("major || breached").conjuncts(), [checked("major || breached")]);
}

//! The evaluator in memory, SQLite, PostgreSQL and the interpreter of `cel` give one answer.

use std::collections::{BTreeMap, BTreeSet};

use proofdesk_condition::{Condition, Context, Outcome, check};
use proofdesk_store::{Sql, predicate};

use crate::databases::Database;
use crate::generator::{self, HOPS};
use crate::oracle::Oracle;
use crate::postgres::Postgres;
use crate::world::{CONTEXT, Desk, Dice, World};

const ROOTS: [&str; 6] = ["incident", "incident", "incident", "problem", "change", "service"];

fn select(database: &Database, condition: &Condition, wanted: bool, context: &Context) -> Sql {
    let mut sql = Sql::new(database.dialect());
    sql.push("SELECT r.\"number\" FROM ").name(condition.record_type()).push(" r WHERE ");
    if wanted {
        predicate::holds(condition, "r", context, &mut sql);
    } else {
        predicate::fails(condition, "r", context, &mut sql);
    }
    sql
}

/// Gives the outcome of a condition for each record by a database.
fn judged(
    database: &Database,
    condition: &Condition,
    numbers: &[i64],
    context: &Context,
) -> BTreeMap<i64, Outcome> {
    let ask = |wanted| -> BTreeSet<i64> {
        let sql = select(database, condition, wanted, context);
        database.numbers(&sql).unwrap_or_else(|e| panic!("{}\n{}\n{e}", condition.source(), sql.text))
    };
    let (holds, fails) = (ask(true), ask(false));
    assert!(holds.is_disjoint(&fails), "true and false at once: {}", condition.source());
    let outcome = |number: &i64| match (holds.contains(number), fails.contains(number)) {
        (true, _) => Outcome::True,
        (_, true) => Outcome::False,
        _ => Outcome::Error,
    };
    numbers.iter().map(|number| (*number, outcome(number))).collect()
}

#[derive(Default)]
struct Tally {
    outcomes: BTreeMap<Outcome, usize>,
    by_cel: usize,
    sources: BTreeSet<String>,
    disagreements: Vec<String>,
}

#[test]
fn four_evaluators_agree_on_generated_conditions() {
    let world = World::generate(2026, 48);
    let server = Postgres::start().unwrap();
    let databases = [Database::sqlite(world), Database::postgres(world, &server.connection("postgres"))];
    let oracle = Oracle::new();
    let contexts: BTreeMap<&str, Vec<_>> = ["incident", "problem", "change", "service"]
        .into_iter()
        .map(|name| (name, world.tables[name].iter().map(|r| oracle.context(world, r, HOPS)).collect()))
        .collect();
    let mut dice = Dice(42);
    let mut tally = Tally::default();
    for round in 0..900 {
        // In every fourth round nobody asks, so that `me` is an error.
        let context = Context { user: CONTEXT.user.filter(|_| round % 4 > 0), ..CONTEXT };
        let record_type = *dice.pick(&ROOTS);
        let generated = generator::condition(&mut dice, record_type);
        let condition = check(&generated.source, record_type, &Desk)
            .unwrap_or_else(|mistakes| panic!("{}: {mistakes:?}", generated.source));
        let records = world.tables[record_type];
        let numbers: Vec<i64> = records.iter().map(crate::world::Record::number).collect();
        let program = generated.cel.map(|source| oracle.compile(&source));
        let judged: Vec<_> =
            databases.iter().map(|database| judged(database, &condition, &numbers, &context)).collect();
        for (i, record) in records.iter().enumerate() {
            let memory = condition.evaluate(record, &context);
            // The interpreter is slow: it judges every other record.
            let cel = program
                .as_ref()
                .filter(|_| i % 2 == 0)
                .map(|program| Oracle::outcome(program, &contexts[record_type][i]));
            *tally.outcomes.entry(memory).or_default() += 1;
            tally.by_cel += usize::from(cel.is_some());
            let (sqlite, postgres) = (judged[0][&numbers[i]], judged[1][&numbers[i]]);
            if sqlite != memory || postgres != memory || cel.is_some_and(|cel| cel != memory) {
                let said =
                    format!("memory {memory:?}, SQLite {sqlite:?}, PostgreSQL {postgres:?}, cel {cel:?}");
                tally.disagreements.push(format!("{} #{}: {said}", condition.source(), numbers[i]));
            }
        }
        tally.sources.insert(generated.source);
    }
    let shown = tally.disagreements.iter().take(25).cloned().collect::<Vec<_>>().join("\n");
    assert!(tally.disagreements.is_empty(), "{} disagreements:\n{shown}", tally.disagreements.len());
    let pairs: usize = tally.outcomes.values().sum();
    println!(
        "{pairs} pairs {:?}, {} by cel, {} conditions",
        tally.outcomes,
        tally.by_cel,
        tally.sources.len()
    );
    assert!(tally.sources.len() > 750, "{} conditions", tally.sources.len());
    assert!(tally.by_cel > 6_000, "{} by cel", tally.by_cel);
    for outcome in [Outcome::True, Outcome::False, Outcome::Error] {
        let count = tally.outcomes.get(&outcome).copied().unwrap_or_default();
        assert!(count * 8 > pairs, "{outcome:?} is only {count} of {pairs}");
    }
    for construct in [
        "exists(",
        "all(",
        "exists_one(",
        "filter(",
        "size(",
        "null",
        "now",
        "today",
        "in [",
        "problem.",
        "tags",
    ] {
        let count = tally.sources.iter().filter(|source| source.contains(construct)).count();
        assert!(count > 15, "{construct} stands in only {count} conditions");
    }
}

#[test]
fn sqlite_answers_by_index() {
    let world = World::generate(7, 8);
    let database = Database::sqlite(world);
    let Database::Sqlite(connection) = &database else { panic!("not SQLite") };
    connection
        .execute_batch("CREATE INDEX by_state ON incident (state); CREATE INDEX by_due ON incident (due_at)")
        .unwrap();
    for (record_type, source, words) in [
        ("incident", "state == \"new\"", "INDEX by_state (state=?)"),
        ("incident", "!(state != \"new\")", "INDEX by_state (state=?)"),
        ("incident", "state in [\"new\", \"closed\"]", "INDEX by_state (state=?)"),
        ("incident", "due_at < now - days(3)", "INDEX by_due (due_at<?)"),
        ("incident", "!(due_at > now)", "INDEX by_due (due_at<?)"),
        ("incident", "number == 4 && major", "USING INTEGER PRIMARY KEY (rowid=?)"),
        (
            "incident",
            "changes.exists(c, c.risk > 3)",
            "(from_type=? AND from_number=? AND relation=? AND to_type=?)",
        ),
        ("change", "caused.all(i, i.major)", "(to_type=? AND to_number=? AND relation=? AND from_type=?)"),
        ("incident", "problem.state == \"new\"", "INTEGER PRIMARY KEY (rowid=?)"),
    ] {
        let condition = check(source, record_type, &Desk).unwrap();
        let mut sql = Sql::new(database.dialect());
        sql.push("EXPLAIN QUERY PLAN SELECT r.number FROM ").name(record_type).push(" r WHERE ");
        predicate::holds(&condition, "r", &CONTEXT, &mut sql);
        let plan = database.texts(&sql, 3).join("\n");
        assert!(plan.contains(words), "{source}:\n{}\n{plan}", sql.text);
    }
}

#[test]
fn conditions_at_their_limits_are_answered_by_both_databases() {
    let world = World::generate(9, 12);
    let server = Postgres::start().unwrap();
    let databases = [Database::sqlite(world), Database::postgres(world, &server.connection("postgres"))];
    let nested = |inner: &str| {
        format!(
            "size(changes.filter(a, reopened != size(a.caused.filter(b, b.impact != size(b.affects.filter(c, {inner})))))) > 0"
        )
    };
    let context = CONTEXT;
    let long_text = "x".repeat(7_000);
    for source in [
        vec!["major"; 400].join(" && "),
        vec!["problem.state == \"new\""; 40].join("||"),
        (1..=20)
            .map(|n| format!("(problem.risk > {n} || !(service.tier > {n}))"))
            .collect::<Vec<_>>()
            .join("&&"),
        vec!["changes.exists(x, x.risk > 1)"; 40].join("||"),
        format!("impact in [{}]", (0..400).map(|n| n.to_string()).collect::<Vec<_>>().join(",")),
        format!("{}major{}", "!(".repeat(19), ")".repeat(19)),
        format!("impact{} > 1", " + 1".repeat(38)),
        nested("c.tier > 1"),
        nested(&(0..190).map(|n| format!("c.tier == {n}")).collect::<Vec<_>>().join("||")),
        nested(&format!("c.tier in [{}]", (0..390).map(|n| n.to_string()).collect::<Vec<_>>().join(","))),
        format!("title == \"{long_text}\" || title.contains(\"{}\")", &long_text[..900]),
    ] {
        let condition =
            check(&source, "incident", &Desk).unwrap_or_else(|m| panic!("{}…: {m:?}", &source[..60]));
        let numbers: Vec<i64> = (1..=12).collect();
        let memory: BTreeMap<i64, Outcome> = numbers
            .iter()
            .map(|n| (*n, condition.evaluate(world.record("incident", *n).unwrap(), &CONTEXT)))
            .collect();
        for database in &databases {
            assert_eq!(
                judged(database, &condition, &numbers, &context),
                memory,
                "{}…",
                &source[..60.min(source.len())]
            );
        }
    }
}

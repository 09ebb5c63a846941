//! Clocks of customers, teams and suppliers, agreed exclusions, and records that go on by themselves.

use proofdesk_engine::{Applied, Caller, Change, Door, Engine, Reference, Target};
use proofdesk_model::{Record, Value};
use proofdesk_testkit::{BOTH, MORNING, TestDesk};

const HOUR: i64 = 3_600_000_000;

async fn apply(desk: &TestDesk, on: &Reference, change: Change) -> Record {
    let target = Target::Existing(on.clone(), None);
    desk.engine.apply(&desk.setup(), target, change, Door::Page).await.unwrap().record
}

async fn made(desk: &TestDesk, of: &str, set: &[(&str, Value)]) -> Reference {
    let change = set.iter().fold(Change::default(), |c, (name, value)| c.with(name, value.clone()));
    let Applied { record, .. } = desk.create(of, change).await.unwrap();
    Reference::new(of, record.number)
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

/// Moves the clock and lets everything run that is due by then.
async fn until(desk: &TestDesk, hours: i64) {
    desk.time.set(MORNING + hours * HOUR);
    while proofdesk_jobs::work(&desk.engine).await.unwrap() > 0 {}
}

async fn read(engine: &Engine, on: &Reference) -> Record {
    engine.require(&Caller::system("Test"), on).await.unwrap()
}

/// Four hours for every incident by an agreement in force, at risk at three.
async fn promised(desk: &TestDesk) -> Reference {
    let agreement = made(desk, "agreement", &[("name", text("Gold")), ("valid_from", Value::Day(0))]).await;
    let set = [
        ("name", text("Resolve")),
        ("agreement", Value::Link(agreement.number)),
        ("duration", text("4h")),
        ("at_risk_percent", Value::Int(75)),
    ];
    made(desk, "target", &set).await;
    let change = Change::default().with_text("workload_limits", "none").with_text("exceptions", "none");
    apply(desk, &agreement, change.take("agree")).await;
    agreement
}

/// A supplier with a contract that promises two hours.
async fn supplier(desk: &TestDesk) -> Reference {
    let supplier = made(desk, "supplier", &[("name", text("Carrier"))]).await;
    let service = made(desk, "service", &[("name", text("Tills"))]).await;
    let set = [
        ("name", text("Lines")),
        ("supplier", Value::Link(supplier.number)),
        ("scope", text("All lines")),
        ("signed_on", Value::Day(20_000)),
        ("signed_by_supplier", text("Ida Holm")),
        ("valid_from", Value::Day(20_000)),
        ("review_on", Value::Day(21_000)),
        ("requirements_reference", text("A")),
        ("responsibilities_reference", text("B")),
        ("duties", text("C")),
    ];
    let contract = made(desk, "contract", &set).await;
    let set = [
        ("name", text("Line back in two hours")),
        ("contract", Value::Link(contract.number)),
        ("applies_to", text("incident")),
        ("within", Value::Duration(2 * HOUR)),
    ];
    made(desk, "contract_target", &set).await;
    // it holds for every service: the one that the signature asks for is taken away again
    apply(desk, &contract, Change::default().link("services", service.clone()).take("sign")).await;
    let away = proofdesk_model::LinkChange { relation: "services".to_owned(), to: service, add: false };
    apply(desk, &contract, Change { links: vec![away], ..Change::default() }).await;
    supplier
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warning_and_a_breach_are_entries_of_their_own_instant() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        promised(&desk).await;
        let on = made(&desk, "incident", &[("title", text("Tills down"))]).await;
        until(&desk, 2).await;
        assert_eq!(read(&desk.engine, &on).await.instant("resolution_at_risk_at"), None);
        until(&desk, 3).await;
        let risk = read(&desk.engine, &on).await;
        assert_eq!(risk.instant("resolution_at_risk_at"), Some(MORNING + 3 * HOUR), "{database:?}");
        until(&desk, 5).await;
        let late = read(&desk.engine, &on).await;
        assert_eq!(late.instant("resolution_breached_at"), Some(MORNING + 4 * HOUR));
        let history = desk.engine.history(&on, 20).await.unwrap();
        let doors: Vec<&str> = history.iter().rev().map(|h| h.door.as_str()).collect();
        assert_eq!(doors, ["cli", "clock", "clock"], "{database:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_ends_by_itself_once_also_after_a_restart() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        promised(&desk).await;
        let person = desk.person("Mara Rehn", &["agent"]).await.unwrap();
        let set = [("title", text("Tills down")), ("assignee", Value::Link(person.person.unwrap()))];
        let on = made(&desk, "incident", &set).await;
        apply(&desk, &on, Change::default().take("start")).await;
        let wait = |at: i64| {
            Change::default()
                .with_text("hold_reason", "customer")
                .with("resume_at", Value::Instant(at))
                .take("wait")
        };
        let past = Target::Existing(on.clone(), None);
        let refused = desk.engine.apply(&person, past, wait(MORNING), Door::Page).await.unwrap_err();
        assert!(format!("{refused:?}").contains("past"), "{refused:?}");
        apply(&desk, &on, wait(MORNING + 6 * HOUR)).await;
        until(&desk, 5).await;
        assert_eq!(read(&desk.engine, &on).await.state, "waiting");
        // the program was down from then on; another one opens the same store two hours late
        let again = Engine::new(
            desk.engine.store().clone(),
            proofdesk_testkit::registry().unwrap(),
            proofdesk_rules::all(),
            desk.time.clone(),
            "desk.test/log",
        );
        desk.time.set(MORNING + 8 * HOUR);
        while proofdesk_jobs::work(&again).await.unwrap() > 0 {}
        let on_it = read(&again, &on).await;
        assert_eq!((on_it.state.as_str(), on_it.text("hold_reason")), ("in_progress", None), "{database:?}");
        assert_eq!(on_it.instant("resume_at"), None);
        // it went on at 15:00, not when the program was back: due four hours later
        assert_eq!(on_it.instant("resolution_due_at"), Some(MORNING + 10 * HOUR));
        let history = again.history(&on, 20).await.unwrap();
        let resumed: Vec<_> = history.iter().filter(|h| h.door == "clock").collect();
        assert_eq!((resumed.len(), resumed[0].by.as_str()), (1, "Clock"));
        assert_eq!(resumed[0].at, MORNING + 8 * HOUR, "the entry is not back-dated");
        assert!(!again.take_due(&on, "resume").await.unwrap(), "it happens once");
        // who resumes by hand leaves no timer behind
        apply(&desk, &on, wait(MORNING + 8 * HOUR + HOUR / 2)).await;
        let by_hand = apply(&desk, &on, Change::default().take("resume")).await;
        assert_eq!(by_hand.instant("resume_at"), None);
        let version = by_hand.version;
        desk.time.set(MORNING + 8 * HOUR + HOUR / 2);
        while proofdesk_jobs::work(&desk.engine).await.unwrap() > 0 {}
        assert_eq!(read(&desk.engine, &on).await.version, version);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supplier_is_measured_by_his_contract_beside_the_customer() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        promised(&desk).await;
        let supplier = supplier(&desk).await;
        let person = desk.person("Mara Rehn", &["agent"]).await.unwrap();
        let set = [("title", text("Line down")), ("assignee", Value::Link(person.person.unwrap()))];
        let on = made(&desk, "incident", &set).await;
        apply(&desk, &on, Change::default().take("start")).await;
        desk.time.set(MORNING + HOUR);
        let wait = Change::default().with_text("hold_reason", "supplier");
        let away = apply(&desk, &on, wait.with("supplier", Value::Link(supplier.number)).take("wait")).await;
        assert_eq!(away.instant("supplier_due_at"), Some(MORNING + 3 * HOUR), "{database:?}");
        assert_eq!(away.instant("resolution_due_at"), Some(MORNING + 4 * HOUR), "the customer does not wait");
        until(&desk, 4).await;
        let late = read(&desk.engine, &on).await;
        assert_eq!(late.instant("supplier_breached_at"), Some(MORNING + 3 * HOUR));
        let late = desk.engine.condition("supplier_breached_at != null", "incident").unwrap();
        let found = desk.engine.count(&desk.setup(), "incident", Some(&late), None).await.unwrap();
        assert_eq!(found, 1, "conditions see it");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exclusion_reaches_clocks_that_run_and_clocks_that_rest() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let agreement = promised(&desk).await;
        let runs = made(&desk, "incident", &[("title", text("Tills down"))]).await;
        let rests = made(&desk, "incident", &[("title", text("Tills slow")), ("category", text("x"))]).await;
        until(&desk, 5).await;
        let person = desk.person("Mara Rehn", &["agent"]).await.unwrap();
        let service = made(&desk, "service", &[("name", text("Tills"))]).await;
        let done = Change::default()
            .with("assignee", Value::Link(person.person.unwrap()))
            .with("service", Value::Link(service.number))
            .with_text("impact", "low")
            .with_text("urgency", "low");
        apply(&desk, &rests, done.take("start")).await;
        let done = Change::default().with_text("resolution", "x").with_text("closure_code", "fixed");
        let missed = apply(&desk, &rests, done.take("resolve")).await;
        assert!(missed.instant("resolution_breached_at").is_some());
        let set = [
            ("title", text("Flood")),
            ("kind", text("force_majeure")),
            ("from_at", Value::Instant(MORNING + HOUR)),
            ("until_at", Value::Instant(MORNING + 4 * HOUR)),
            ("reason", text("The river")),
            ("term", text("Exception 2")),
            ("agreed_with", text("Ida Holm")),
        ];
        let exclusion = made(&desk, "exclusion", &set).await;
        apply(&desk, &exclusion, Change::default().link("agreements", agreement).take("approve")).await;
        desk.time.set(MORNING + 5 * HOUR + 60_000_000);
        while proofdesk_jobs::work(&desk.engine).await.unwrap() > 0 {}
        let running = read(&desk.engine, &runs).await;
        assert_eq!(running.instant("resolution_breached_at"), None, "{database:?}");
        assert_eq!(running.instant("resolution_due_at"), Some(MORNING + 7 * HOUR));
        let rested = read(&desk.engine, &rests).await;
        assert_eq!(rested.instant("resolution_breached_at"), None, "{database:?}");
        let locked = Change::default().with("until_at", Value::Instant(MORNING + 9 * HOUR));
        let target = Target::Existing(exclusion.clone(), None);
        let refused = desk.engine.apply(&desk.setup(), target, locked, Door::Page).await.unwrap_err();
        assert!(format!("{refused:?}").contains("locked"), "{refused:?}");
        let withdraw = Change::default().with_text("withdrawn_because", "It was no flood").take("withdraw");
        apply(&desk, &exclusion, withdraw).await;
        until(&desk, 6).await;
        let again = read(&desk.engine, &runs).await;
        assert_eq!(again.instant("resolution_breached_at"), Some(MORNING + 4 * HOUR), "{database:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_says_when_what_it_rests_on_takes_longer() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        promised(&desk).await;
        let of = desk.engine.registry().get("target").unwrap().clone();
        let on = Reference::new(&of.name, 1);
        let set = [("name", text("Leg")), ("within", Value::Duration(3 * HOUR))];
        for (count, expected) in [(1, false), (2, true)] {
            let leg = made(&desk, "contract_target", &set).await;
            apply(&desk, &leg, Change::default().link("underpins", on.clone())).await;
            while proofdesk_jobs::work(&desk.engine).await.unwrap() > 0 {}
            let target = read(&desk.engine, &on).await;
            assert_eq!(target.int("path_worst"), Some(count * 3 * HOUR), "{database:?}");
            assert_eq!(target.get("path_too_long"), Value::Bool(expected));
        }
    }
}

/// A declaration of the site with a step that a guard may refuse.
const PASS: &str = r#"
// Visitor pass: lent at the gate, called in again by itself.
record "visitor_pass" reference="VPA" {
    text "title" required=#true
    instant "call_in_at"
    state "free" kind="new"
    state "lent" kind="open"
    transition "lend" from="free" to="lent" offers="call_in_at"
    transition "call_in" from="lent" to="free" at="call_in_at" {
        guard "title != 'lost'" says="A lost pass is not called in."
    }
}
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_a_guard_refuses_leaves_a_note_and_nothing_else() {
    let rules = proofdesk_rules::all();
    let mut files = proofdesk_model::shipped();
    files.push(proofdesk_model::load::SourceFile::new("site.kdl", PASS));
    let registry = std::sync::Arc::new(proofdesk_model::load(&files, &rules.names()).unwrap());
    for database in BOTH {
        let options = proofdesk_store::Options::default();
        let desk = TestDesk::open_with(database, registry.clone(), options).await.unwrap();
        let on = made(&desk, "visitor_pass", &[("title", text("lost"))]).await;
        let due = Value::Instant(MORNING + HOUR);
        let lent = apply(&desk, &on, Change::default().with("call_in_at", due).take("lend")).await;
        until(&desk, 2).await;
        let kept = read(&desk.engine, &on).await;
        assert_eq!((kept.state.as_str(), kept.version), ("lent", lent.version), "{database:?}");
        let said = desk.engine.comments(&desk.setup(), &on).await.unwrap();
        assert_eq!(said.len(), 1, "{database:?}");
        assert!(said[0].body.ends_with("was refused: A lost pass is not called in."), "{}", said[0].body);
        assert_eq!(said[0].door, "clock");
        until(&desk, 3).await;
        assert_eq!(desk.engine.comments(&desk.setup(), &on).await.unwrap().len(), 1, "it is tried once");
    }
}

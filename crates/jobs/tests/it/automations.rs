//! Automations through the queue, on both databases: once for each beginning, under their own name, and with an end.

use proofdesk_automation::{Automations, Beginning, Error, Outcome, Source};
use proofdesk_engine::{Audience, Caller, Change, Door, Reference, Target};
use proofdesk_model::{Record, Value};
use proofdesk_testkit::{BOTH, Database, TestDesk, registry};

const RULES: &str = r#"
automation "urgent-to-team" on="incident" {
    says "What hurts everybody goes to operations, with the owner of the service looking on."
    when "impact == 'high' && urgency == 'high'"
    assign "team" where="name == 'Operations'"
    assign "assignee" from="service.owner"
    notify "service.owner"
    comment "staff" "{reference} is urgent: {title}"
}
automation "starts" on="incident" {
    says "Work begins as soon as somebody is named."
    when "assignee != null && state == 'new'"
    take "start"
}
automation "up" on="incident" {
    says "Against the next one."
    when "category == 'ping'"
    set "category" "pong"
}
automation "down" on="incident" {
    says "Against the one before."
    when "category == 'pong'"
    set "category" "ping"
}
automation "impossible" on="incident" {
    says "It asks for a step that is refused."
    when "title.contains('finish')"
    take "resolve"
}
"#;

fn automations(named: &[&str], text: &str) -> Automations {
    let named: Vec<String> = named.iter().map(|n| (*n).to_owned()).collect();
    let site = Source { file: "own.kdl".to_owned(), text: text.to_owned() };
    Automations::load(&named, &[site], &registry().unwrap()).unwrap()
}

async fn desk(database: Database, automations: &Automations) -> TestDesk {
    let desk = TestDesk::open(database).await.unwrap();
    desk.engine.use_follows(automations.follows());
    desk
}

async fn run(desk: &TestDesk, automations: &Automations) {
    while proofdesk_jobs::work_with(&desk.engine, automations).await.unwrap() > 0 {}
}

async fn read(desk: &TestDesk, on: &Reference) -> Record {
    desk.engine.require(&desk.setup(), on).await.unwrap()
}

async fn made(desk: &TestDesk, of: &str, set: &[(&str, Value)]) -> Reference {
    let change = set.iter().fold(Change::default(), |c, (name, value)| c.with(name, value.clone()));
    Reference::new(of, desk.create(of, change).await.unwrap().record.number)
}

async fn change(desk: &TestDesk, on: &Reference, set: &[(&str, &str)]) {
    let change = set.iter().fold(Change::default(), |c, (name, value)| c.with_text(name, value));
    let target = Target::Existing(on.clone(), None);
    desk.engine.apply(&desk.setup(), target, change, Door::Page).await.unwrap();
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

/// How many entries of a record an automation wrote.
async fn written_by(desk: &TestDesk, on: &Reference, name: &str) -> usize {
    let history = desk.engine.history(on, 500).await.unwrap();
    history.iter().filter(|item| item.by == format!("Automation {name}")).count()
}

#[tokio::test]
async fn what_begins_to_hold_is_acted_on_once_under_its_own_name() {
    let automations = automations(&[], RULES);
    for database in BOTH {
        let desk = desk(database, &automations).await;
        let owner = made(&desk, "person", &[("name", text("Priya"))]).await;
        let team = made(&desk, "team", &[("name", text("Operations"))]).await;
        let service = [("name", text("Tills")), ("owner", Value::Link(owner.number))];
        let service = made(&desk, "service", &service).await;
        let set = [
            ("title", text("Tills down")),
            ("service", Value::Link(service.number)),
            ("impact", text("low")),
            ("urgency", text("high")),
        ];
        let incident = made(&desk, "incident", &set).await;
        run(&desk, &automations).await;
        assert_eq!(read(&desk, &incident).await.version, 1, "nothing began");

        change(&desk, &incident, &[("impact", "high")]).await;
        run(&desk, &automations).await;
        let record = read(&desk, &incident).await;
        assert_eq!(record.get("team"), Value::Link(team.number), "{database:?}");
        assert_eq!(record.get("assignee"), Value::Link(owner.number));
        assert_eq!(record.state, "in_progress", "the second automation followed the first");
        assert_eq!(desk.engine.watchers(&incident).await.unwrap(), [owner.number]);
        let said = desk.engine.comments(&desk.setup(), &incident).await.unwrap();
        assert_eq!(said.len(), 1);
        assert_eq!(said[0].body, format!("{} is urgent: Tills down", record.reference()));
        assert_eq!((said[0].audience, said[0].door.as_str()), (Audience::Staff, "rule"));
        let history = desk.engine.history(&incident, 50).await.unwrap();
        let own =
            history.iter().find(|i| i.by == "Automation urgent-to-team" && i.action == "update").unwrap();
        assert_eq!(own.note.as_ref().unwrap()["automation"], "urgent-to-team");

        // still true: no beginning; false and true again: another one
        change(&desk, &incident, &[("title", "Tills still down")]).await;
        run(&desk, &automations).await;
        assert_eq!(desk.engine.comments(&desk.setup(), &incident).await.unwrap().len(), 1);
        change(&desk, &incident, &[("urgency", "low")]).await;
        change(&desk, &incident, &[("urgency", "high")]).await;
        run(&desk, &automations).await;
        assert_eq!(desk.engine.comments(&desk.setup(), &incident).await.unwrap().len(), 2);
        assert!(desk.engine.verify(&[], |_, _| {}).await.unwrap().findings.is_empty());
    }
}

#[tokio::test]
async fn what_was_interrupted_goes_on_and_nothing_is_done_twice() {
    let automations = automations(&["major-opens-problem"], "");
    for database in BOTH {
        let desk = desk(database, &automations).await;
        let service = made(&desk, "service", &[("name", text("Tills"))]).await;
        let set =
            [("title", text("Down")), ("service", Value::Link(service.number)), ("major", Value::Bool(true))];
        let incident = made(&desk, "incident", &set).await;
        let begun = Beginning {
            follow: "major-opens-problem".to_owned(),
            record_type: "incident".to_owned(),
            number: incident.number,
            version: 1,
            depth: 0,
        };
        for _ in 0..3 {
            let outcome = automations.carry_out(&desk.engine, &begun).await.unwrap();
            assert!(matches!(outcome, Outcome::Done | Outcome::Over), "{outcome:?}");
        }
        run(&desk, &automations).await;
        let record = desk.engine.require(&desk.setup(), &incident).await.unwrap();
        let problems = desk.engine.related(&desk.setup(), &record, "problems").await.unwrap();
        assert_eq!(problems.len(), 1, "{database:?}");
        assert_eq!(problems[0].title(), format!("Cause of {}: Down", record.reference()));
        assert_eq!(problems[0].get("service"), Value::Link(service.number));
        assert_eq!(desk.engine.comments(&desk.setup(), &incident).await.unwrap().len(), 1);
    }
}

/// An automation of one name that does so much.
fn as_far_as(acts: &str) -> Automations {
    let head = "automation \"step-by-step\" on=\"incident\" { says \"x\"; when \"major == true\"; also \"size(problems) == 0\"";
    automations(&[], &format!("{head}\n{acts}\n}}"))
}

#[tokio::test]
async fn what_was_interrupted_after_a_record_was_opened_goes_on() {
    const OPEN: &str = "open \"problem\" link=\"incidents\" { set \"title\" \"Cause of {reference}\" }";
    let first = as_far_as(OPEN);
    let whole = as_far_as(&format!("{OPEN}\ncomment \"staff\" \"A problem was opened.\""));
    for database in BOTH {
        let desk = desk(database, &first).await;
        let incident =
            made(&desk, "incident", &[("title", text("Down")), ("major", Value::Bool(true))]).await;
        let begun = Beginning {
            follow: "step-by-step".to_owned(),
            record_type: "incident".to_owned(),
            number: incident.number,
            version: 1,
            depth: 0,
        };
        // ended after its first act; what it asked for besides holds no longer
        assert_eq!(first.carry_out(&desk.engine, &begun).await.unwrap(), Outcome::Done);
        assert_eq!(whole.carry_out(&desk.engine, &begun).await.unwrap(), Outcome::Done);
        let said = desk.engine.comments(&desk.setup(), &incident).await.unwrap();
        assert_eq!(said.iter().map(|c| c.body.as_str()).collect::<Vec<_>>(), ["A problem was opened."]);
        assert_eq!(desk.engine.count(&desk.setup(), "problem", None, None).await.unwrap(), 1, "{database:?}");
    }
}

#[tokio::test]
async fn the_customer_is_not_told_of_what_was_refused() {
    let automations = automations(
        &[],
        "automation \"done\" on=\"incident\" { says \"x\"; when \"title.contains('finish')\"; take \"resolve\"; \
         comment \"customer\" \"It is done.\"; comment \"staff\" \"Look at it.\" }",
    );
    for database in BOTH {
        let desk = desk(database, &automations).await;
        let incident = made(&desk, "incident", &[("title", text("finish me"))]).await;
        run(&desk, &automations).await;
        let said = desk.engine.comments(&desk.setup(), &incident).await.unwrap();
        assert!(said.iter().all(|c| c.audience == Audience::Staff), "{said:?}");
        assert_eq!(said.len(), 2, "{database:?}: what the staff is told, and what was refused");
    }
}

#[tokio::test]
async fn a_chain_of_automations_ends() {
    let automations = automations(&[], RULES);
    for database in BOTH {
        let desk = desk(database, &automations).await;
        let incident = made(&desk, "incident", &[("title", text("Loop"))]).await;
        change(&desk, &incident, &[("category", "ping")]).await;
        run(&desk, &automations).await;
        let (up, down) =
            (written_by(&desk, &incident, "up").await, written_by(&desk, &incident, "down").await);
        assert_eq!((up, down), (3, 2), "{database:?}: five writes and no more");
    }
}

#[tokio::test]
async fn a_refusal_is_said_to_the_staff_and_nothing_else_is_written() {
    let automations = automations(&[], RULES);
    for database in BOTH {
        let desk = desk(database, &automations).await;
        let incident = made(&desk, "incident", &[("title", text("finish me"))]).await;
        run(&desk, &automations).await;
        let record = read(&desk, &incident).await;
        assert_eq!((record.state.as_str(), record.version), ("new", 1));
        let said = desk.engine.comments(&desk.setup(), &incident).await.unwrap();
        assert_eq!(said.len(), 1);
        assert_eq!(said[0].audience, Audience::Staff);
        assert!(said[0].body.contains("impossible") && said[0].body.contains("resolve"), "{}", said[0].body);
    }
}

#[tokio::test]
async fn history_that_comes_in_begins_nothing() {
    let automations = automations(&[], RULES);
    let desk = desk(Database::Sqlite, &automations).await;
    let change = Change::default().with_text("title", "finish the past");
    let target = Target::New("incident".to_owned());
    let made = desk.engine.apply(&desk.setup(), target, change, Door::Import).await.unwrap();
    run(&desk, &automations).await;
    assert_eq!(made.record.version, 1);
    let on = Reference::new("incident", made.record.number);
    assert!(desk.engine.comments(&desk.setup(), &on).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_dry_run_says_what_would_have_been_done_and_writes_nothing() {
    let automations = automations(&[], RULES);
    for database in BOTH {
        // nobody follows here: the past has not been acted on
        let desk = TestDesk::open(database).await.unwrap();
        let set = [("title", text("Tills down")), ("impact", text("high")), ("urgency", text("high"))];
        let holds = made(&desk, "incident", &set).await;
        let over = made(&desk, "incident", &set).await;
        change(&desk, &over, &[("urgency", "low")]).await;
        change(&desk, &over, &[("urgency", "high")]).await;
        change(&desk, &over, &[("urgency", "low")]).await;
        made(&desk, "incident", &[("title", text("Quiet"))]).await;
        let before = desk.engine.log_state().await.unwrap().size;
        let past = automations.past(&desk.engine, &desk.setup(), "urgent-to-team", 100).await.unwrap();
        assert_eq!((past.records, past.is_part, past.fired.len()), (3, false, 3), "{database:?}");
        let of = |on: &Reference| {
            let reference = desk.engine.registry().write_reference(on);
            past.fired.iter().filter(|f| f.reference == reference).cloned().collect::<Vec<_>>()
        };
        assert_eq!(of(&over).len(), 2);
        assert!(of(&over).iter().all(|f| !f.holds && f.would.is_empty() && !f.acted));
        let holding = &of(&holds)[0];
        assert!(holding.holds && !holding.barred);
        let reference = desk.engine.registry().write_reference(&holds);
        let said = format!("say to staff: “{reference} is urgent: Tills down”");
        assert!(holding.would.contains(&said), "{:?}", holding.would);
        assert!(
            holding.refused.iter().any(|r| r.contains("team")),
            "no team is named so: {:?}",
            holding.refused
        );
        assert_eq!(desk.engine.log_state().await.unwrap().size, before);
        let part = automations.past(&desk.engine, &desk.setup(), "urgent-to-team", 1).await.unwrap();
        assert_eq!((part.records, part.is_part), (1, true));
        let customer = Caller::person(99, "Customer", ["requester"]);
        let none = automations.past(&desk.engine, &customer, "urgent-to-team", 100).await.unwrap();
        assert_eq!(none.records, 0, "he sees his own records only");
    }
}

#[test]
fn mistakes_are_said_with_file_and_line() {
    let registry = registry().unwrap();
    for (text, says) in [
        ("automatic \"a\"", "own.kdl:1: `automatic` is no `automation`"),
        ("automation \"A b\" on=\"incident\"", "small letters"),
        ("automation \"a\"", "`on` is missing"),
        ("automation \"a\" on=\"poem\"", "there is no record type `poem`"),
        ("automation \"a\" on=\"incident\" of=\"x\"", "`automation` has no `of`; it has: on"),
        ("automation \"a\" on=\"incident\" { says \"x\"; set \"category\" \"y\" }", "`when` is missing"),
        ("automation \"a\" on=\"incident\" { when \"major\"; set \"category\" \"y\" }", "`says` is missing"),
        ("automation \"a\" on=\"incident\" { says \"x\"; when \"major\" }", "it does nothing"),
        (
            "automation \"a\" on=\"incident\" {\n says \"x\"\n when \"majro\"\n set \"category\" \"y\"\n}",
            "own.kdl:3: ",
        ),
        (
            "automation \"a\" on=\"incident\" { says \"x\"; when \"service.name == 'T'\"; take \"start\" }",
            "belongs to `also`",
        ),
        (
            "automation \"a\" on=\"incident\" { says \"x\"; when \"size(problems) > 0\"; take \"start\" }",
            "belongs to `also`",
        ),
        (
            "automation \"a\" on=\"incident\" { says \"x\"; when \"resolution_due_at < now\"; take \"start\" }",
            "nothing is written when time passes",
        ),
        (
            "automation \"a\" on=\"incident\" { says \"x\"; when \"assignee == me\"; take \"start\" }",
            "`me` is nobody here",
        ),
        (
            "automation \"a\" on=\"incident\" { says \"x\"; when \"major\"; take \"fly\" }",
            "has no step `fly`",
        ),
        (
            "automation \"a\" on=\"incident\" { says \"x\"; when \"major\"; take \"start\"; take \"wait\" }",
            "one `take` only",
        ),
        (
            "automation \"a\" on=\"incident\" { says \"x\"; when \"major\"; set \"priority\" \"p1\" }",
            "no field `priority` that can be set",
        ),
        ("automation \"a\" on=\"incident\" { says \"x\"; when \"major\"; set \"impact\" \"huge\" }", "huge"),
        (
            "automation \"a\" on=\"incident\" { says \"x\"; when \"major\"; set \"impact\" }",
            "`set` takes 2 texts, not 1",
        ),
        (
            "automation \"a\" on=\"incident\" { says \"x\"; when \"major\"; set \"title\" \"{weather}\" }",
            "`{weather}` is neither",
        ),
        (
            "automation \"a\" on=\"incident\" { says \"x\"; when \"major\"; assign \"title\" where=\"name == 'x'\" }",
            "is no link",
        ),
        ("automation \"a\" on=\"incident\" { says \"x\"; when \"major\"; assign \"team\" }", "say `where=`"),
        (
            "automation \"a\" on=\"incident\" { says \"x\"; when \"major\"; assign \"team\" from=\"service.owner\" }",
            "leads to a team",
        ),
        (
            "automation \"a\" on=\"incident\" { says \"x\"; when \"major\"; notify \"team\" }",
            "names a person",
        ),
        (
            "automation \"a\" on=\"incident\" { says \"x\"; when \"major\"; comment \"world\" \"y\" }",
            "none of: staff, customer",
        ),
        (
            "automation \"a\" on=\"incident\" { says \"x\"; when \"major\"; comment \"customer\" \"{team}\" }",
            "`{team}` is for the staff only",
        ),
        (
            "automation \"a\" on=\"change\" { says \"x\"; when \"state == 'approval'\"; set \"approved_at\" \"now\" }",
            "`approved_at` is written by steps (Approve, Repeat a standard change, Approve as emergency); `take` one",
        ),
        (
            "automation \"a\" on=\"incident\" { says \"x\"; when \"major\"; set \"resume_at\" \"today\" }",
            "`today` is no value of `resume_at`",
        ),
        (
            "automation \"a\" on=\"incident\" { says \"x\"; when \"major\"; open \"poem\" link=\"x\" }",
            "there is no record type `poem`",
        ),
        (
            "automation \"a\" on=\"incident\" { says \"x\"; when \"major\"; open \"problem\" link=\"changes\" }",
            "leads to a Incident",
        ),
        (
            "automation \"a\" on=\"incident\" { says \"x\"; when \"major\"; open \"problem\" link=\"incidents\" { copy \"impact_reason\" } }",
            "of the same kind",
        ),
        (
            "automation \"a\" on=\"incident\" { says \"x\"; when \"major\"; shout \"y\" }",
            "`shout` is none of",
        ),
        (
            "automation \"a\" on=\"incident\" { says \"x\"; when \"major\"; take \"start\" }\nautomation \"a\" on=\"incident\" { says \"x\"; when \"major\"; take \"start\" }",
            "own.kdl:2: `a` is declared twice",
        ),
        ("automation \"a", "own.kdl:1: "),
    ] {
        let site = Source { file: "own.kdl".to_owned(), text: text.to_owned() };
        match Automations::load(&[], &[site], &registry) {
            Err(Error::Declared(mistakes)) => {
                assert!(mistakes.iter().any(|m| m.contains(says)), "{text}\n{mistakes:?}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }
    let unknown = Automations::load(&["no-such".to_owned()], &[], &registry).unwrap_err().to_string();
    assert!(unknown.contains("no-such") && unknown.contains("major-opens-problem"), "{unknown}");
}

#[test]
fn what_comes_with_the_program_is_without_mistakes() {
    let registry = registry().unwrap();
    let shipped = Automations::shipped(&registry);
    assert!(!shipped.is_empty());
    assert_eq!(Automations::load(&shipped, &[], &registry).unwrap().iter().count(), shipped.len());
}

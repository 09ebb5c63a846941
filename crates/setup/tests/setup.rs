//! What set-up makes of answers, on both databases; what it refuses, and what it leaves alone.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use proofdesk_conformity::control::Kind as TestKind;
use proofdesk_conformity::{Conformity, Declarations, Scope, State};
use proofdesk_engine::{Caller, Change, Door, ListRequest, Record};
use proofdesk_model::Templates;
use proofdesk_setup::{Answer, Answers, Bearing, Desk, Error, Guide, Kind, Plan, Said, Source, Standing};
use proofdesk_testkit::{BOTH, TestDesk, registry};

const FILE: &str = r#"
organization = "Retail IT"
units = "Service desk and network"
locations = "Wiesbaden"
zone = "Europe/Berlin"
people = [
  { name = "Clara Weiss", job = "Managing director" },
  { name = "Ilse Brandt", mail = "ilse@retail.example" },
  { name = "Otto Reiter" },
]
roles.top_management = "Clara Weiss"
roles.conformity = "Ilse Brandt"
roles.internal_auditor = "Otto Reiter"
roles.change_authority = "Ilse Brandt"
areas.portfolio = "Ilse Brandt"
areas.relationship = "Ilse Brandt"
areas.supply = "Ilse Brandt"
areas.transition = "Ilse Brandt"
areas.resolution = "Ilse Brandt"
areas.assurance = "Clara Weiss"
customers = [{ name = "Retail North", relation = "internal", relationship_manager = "Ilse Brandt" }]
services = [
  { name = "Tills", description = "Tills and receipts", outcomes = "Customers can pay", dependencies = "none", owner = "Ilse Brandt", criticality = "critical", live_since = 2020-01-15 },
  { name = "Shop", description = "Web shop", outcomes = "Orders at any hour", dependencies = "Tills", owner = "Ilse Brandt", criticality = "high" },
]
holidays = "2026-12-25 closed"
targets.p1 = { response = "10m", resolution = "2h" }
issues = ["climate", "people"]
"#;

static UTC: TimeZone = TimeZone::UTC;

fn templates() -> Templates {
    proofdesk_model::template::read(&proofdesk_model::shipped_templates(), &registry().unwrap()).unwrap()
}

fn guide() -> Guide {
    Guide::load(&[], &registry().unwrap(), &templates()).unwrap()
}

async fn all(desk: &TestDesk, of: &str) -> Vec<Record> {
    let request = ListRequest {
        record_type: of.to_owned(),
        filter: None,
        sort: String::new(),
        descending: false,
        after: None,
        limit: 500,
    };
    desk.engine.list(&desk.setup(), &request).await.unwrap().records
}

/// The person who sets up, and what she sets up with.
async fn ilse(desk: &TestDesk) -> Caller {
    desk.person("Ilse Brandt", &["administrator", "sms_manager", "agent"]).await.unwrap()
}

fn setup<'a>(desk: &'a TestDesk, guide: &'a Guide, caller: &'a Caller) -> Desk<'a> {
    Desk { engine: &desk.engine, guide, caller, door: Door::Page, zone: &UTC, is_zoned: false }
}

#[tokio::test]
async fn answers_make_an_organization_in_draft_and_a_second_run_makes_nothing() {
    let guide = guide();
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let caller = ilse(&desk).await;
        let setup = setup(&desk, &guide, &caller);
        assert!(setup.is_empty().await.unwrap());
        let (known, answers) = (setup.known().await.unwrap(), Answers::read(FILE, &guide).unwrap());
        assert_eq!(setup.problems(&answers, &known).await.unwrap(), []);
        let made = setup.make(&answers, &known).await.unwrap();
        assert_eq!(made.left, Vec::<String>::new());
        assert!(made.made > 150, "{}", made.made);
        assert!(!setup.is_empty().await.unwrap());

        assert_eq!(all(&desk, "person").await.len(), 3, "who was there already is one of the three");
        let processes = all(&desk, "process").await;
        assert_eq!(processes.len(), 20);
        assert!(
            processes.iter().all(|p| p.state == "draft" && p.get("owner") != proofdesk_model::Value::Null)
        );
        assert_eq!(all(&desk, "metric").await.iter().filter(|m| m.state == "in_use").count(), 20);
        assert_eq!(all(&desk, "context_issue").await.len(), 2, "only what was chosen");
        assert_eq!(all(&desk, "target").await.len(), 12);
        let services = all(&desk, "service").await;
        let live = |name: &str| services.iter().find(|s| s.text("name") == Some(name)).unwrap();
        assert_eq!((live("Tills").state.as_str(), live("Shop").state.as_str()), ("live", "planned"));
        let since = proofdesk_model::format::parse_day("2020-01-15").unwrap();
        assert_eq!(live("Tills").get("live_since"), proofdesk_model::Value::Day(since));
        let scope = &all(&desk, "scope_statement").await[0];
        let scope = desk
            .engine
            .require(&caller, &proofdesk_engine::Reference::new("scope_statement", scope.number))
            .await
            .unwrap();
        assert_eq!(scope.state, "draft");
        assert_eq!(scope.links["services"].len(), 2);
        let roles = all(&desk, "role_assignment").await;
        let vacant: Vec<&str> =
            roles.iter().filter(|r| r.state == "vacant").filter_map(|r| r.text("kind")).collect();
        assert!(vacant.contains(&"budget_authority") && !vacant.contains(&"top_management"), "{vacant:?}");

        let documents = all(&desk, "document").await;
        assert_eq!(documents.len(), templates().all.len());
        let policy = documents.iter().find(|d| d.text("kind") == Some("policy")).unwrap();
        let versions = all(&desk, "document_version").await;
        let text = versions
            .iter()
            .find(|v| v.get("document") == proofdesk_model::Value::Link(policy.number))
            .unwrap();
        let text = text.text("content").unwrap();
        assert!(
            text.contains("Retail IT") && text.contains("Clara Weiss"),
            "filled from the answers: {text}"
        );

        let again = setup.make(&answers, &known).await.unwrap();
        assert_eq!((again.made, again.left.len()), (0, 0));
        assert_eq!(all(&desk, "process").await.len(), 20);

        // one more row, and only what follows from it
        let mut answers = answers;
        let Some(Answer::Rows(rows)) = answers.0.get_mut("people") else { panic!("rows") };
        rows.push(vec!["Mara Rehn".to_owned(), String::new(), String::new()]);
        assert_eq!(setup.make(&answers, &known).await.unwrap().made, 1);
    }
}

#[tokio::test]
async fn the_desk_has_the_name_and_the_zone_that_it_was_told_and_nobody_is_blamed_for_them() {
    let guide = guide();
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        // she was there before, with the zone that a person has by default
        let caller = ilse(&desk).await;
        let setup = setup(&desk, &guide, &caller);
        let (known, answers) = (setup.known().await.unwrap(), Answers::read(FILE, &guide).unwrap());
        answers.keep(&desk.engine).await.unwrap();
        let before = Said::load(&desk.engine).await.unwrap();
        assert_eq!(before, Said::default(), "{database:?}: answers alone change nothing");
        setup.make(&answers, &known).await.unwrap();
        let said = Said::load(&desk.engine).await.unwrap();
        assert_eq!(said.organization.as_deref(), Some("Retail IT"), "{database:?}");
        assert_eq!(
            said.zone.and_then(|zone| zone.iana_name().map(str::to_owned)).as_deref(),
            Some("Europe/Berlin")
        );
        let plan = Plan::of(&guide, &answers, &known, desk.engine.registry());
        let summary = setup.summary(&plan).await.unwrap();
        let told: Vec<(&str, &str)> = summary
            .differing()
            .flat_map(|o| o.differs.iter().map(|d| (o.title.as_str(), d.field.as_str())))
            .collect();
        assert!(
            told.iter().any(|(title, _)| *title == "Ilse Brandt"),
            "what her own row says is compared: {told:?}"
        );
        assert!(told.iter().all(|(_, field)| *field != "Time zone"), "{database:?}: {told:?}");
    }
}

#[tokio::test]
async fn times_are_meant_in_the_answered_zone_unless_the_operator_chose_one() {
    let guide = guide();
    let york = TimeZone::get("America/New_York").unwrap();
    for (database, is_zoned) in BOTH.into_iter().zip([false, false]).chain([(BOTH[0], true)]) {
        let desk = TestDesk::open(database).await.unwrap();
        let caller = ilse(&desk).await;
        let setup = Desk { is_zoned, ..setup(&desk, &guide, &caller) };
        let known = setup.known().await.unwrap();
        let answers = Answers::read(&FILE.replace("Europe/Berlin", "America/New_York"), &guide).unwrap();
        setup.make(&answers, &known).await.unwrap();
        // the page of what was made asks by the zone that the desk has then
        let zone = if is_zoned { &UTC } else { &york };
        let then = Desk { zone, ..setup };
        let of = desk.engine.require_type("audit").unwrap();
        let audits = all(&desk, "audit").await;
        let planned = audits.iter().flat_map(|audit| {
            of.fields.values().filter_map(|field| audit.instant(&field.name)).collect::<Vec<_>>()
        });
        let times: Vec<String> = planned.map(|at| proofdesk_model::format::show_instant(at, zone)).collect();
        assert!(times.iter().any(|t| t.ends_with(" 09:00")), "{database:?} {is_zoned}: {times:?}");
        let plan = Plan::of(&guide, &answers, &known, desk.engine.registry());
        let summary = then.summary(&plan).await.unwrap();
        let audits = summary.differing().filter(|o| o.of == "audit").count();
        assert_eq!(audits, 0, "{database:?} {is_zoned}: what was just made is as answered");
    }
}

#[tokio::test]
async fn nothing_is_said_to_have_happened() {
    let guide = guide();
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let caller = ilse(&desk).await;
        let setup = setup(&desk, &guide, &caller);
        let (known, answers) = (setup.known().await.unwrap(), Answers::read(FILE, &guide).unwrap());
        setup.make(&answers, &known).await.unwrap();
        for of in [
            "measurement",
            "decision",
            "finding",
            "acknowledgement",
            "meeting",
            "service_report",
            "competence_record",
        ] {
            assert_eq!(all(&desk, of).await.len(), 0, "{of}");
        }
        for (of, state) in [
            ("audit", "planned"),
            ("management_review", "planned"),
            ("audit_programme", "draft"),
            ("scope_statement", "draft"),
            ("agreement", "draft"),
            ("context_issue", "identified"),
            ("interested_party", "identified"),
            ("risk", "identified"),
            ("supplier", "candidate"),
            ("process", "draft"),
            ("communication_plan", "draft"),
            ("document", "draft"),
            ("document_version", "draft"),
            ("objective", "draft"),
            ("management_plan", "draft"),
            ("competence_requirement", "draft"),
        ] {
            assert!(of == "supplier" || !all(&desk, of).await.is_empty(), "no {of}");
            assert!(all(&desk, of).await.iter().all(|r| r.state == state), "{of} is not {state}");
        }
        assert!(all(&desk, "role_assignment").await.iter().all(|r| r.instant("accepted_at").is_none()));
        assert!(
            all(&desk, "cadence").await.iter().all(|r| r.get("last_done_on") == proofdesk_model::Value::Null)
        );
    }
}

#[tokio::test]
async fn every_duty_that_a_test_asks_about_has_its_interval() {
    let guide = guide();
    let desk = TestDesk::open(BOTH[0]).await.unwrap();
    let caller = ilse(&desk).await;
    let setup = setup(&desk, &guide, &caller);
    let (known, answers) = (setup.known().await.unwrap(), Answers::read(FILE, &guide).unwrap());
    setup.make(&answers, &known).await.unwrap();
    let cadences = all(&desk, "cadence").await;
    let active: BTreeSet<&str> =
        cadences.iter().filter(|c| c.state == "active").filter_map(|c| c.text("duty")).collect();
    let declared = desk.engine.require_type("cadence").unwrap();
    let words = declared.field("duty").unwrap().options().iter().map(|o| o.name.as_str());
    let missing: Vec<&str> = words.filter(|w| *w != "other" && !active.contains(w)).collect();
    assert_eq!(missing, Vec::<&str>::new());
    let ready = proofdesk_model::format::day_of(desk.engine.now()) + 180;
    assert!(
        cadences.iter().all(|c| matches!(c.get("next_due_on"), proofdesk_model::Value::Day(d) if d <= ready))
    );
}

#[tokio::test]
async fn obligations_turn_and_steps_follow() {
    let guide = guide();
    let desk = TestDesk::open(BOTH[0]).await.unwrap();
    let caller = ilse(&desk).await;
    let conformity =
        Conformity::new(desk.engine.clone(), Declarations::shipped(desk.engine.registry()).unwrap());
    let framework = conformity.declarations().frameworks[0].id.clone();
    conformity.run(&Scope::all(), "before", Door::Cli).await.unwrap();
    let holding = async || {
        let view = conformity.overview(&framework, &Scope::all()).await.unwrap();
        let all = view.chapters.iter().flat_map(|c| &c.clauses).flat_map(|c| &c.obligations);
        all.filter(|o| o.state == State::Conforming).map(|o| o.id.clone()).collect::<BTreeSet<String>>()
    };
    let before = holding().await;
    let setup = setup(&desk, &guide, &caller);
    let (known, answers) = (setup.known().await.unwrap(), Answers::read(FILE, &guide).unwrap());
    setup.make(&answers, &known).await.unwrap();
    conformity.run(&Scope::all(), "after", Door::Cli).await.unwrap();
    let after = holding().await;
    assert!(after.is_superset(&before));
    let turned: Vec<&String> = after.difference(&before).collect();
    assert!(turned.len() >= 5, "{turned:?}");
    // what people have to judge and to do is not among them
    for id in ["4.1-a", "6.1.2-a", "9.2.1-a", "9.3-a", "5.2.1-a"] {
        assert!(!after.contains(id), "{id} cannot hold yet");
    }

    let mut bearing = Bearing::default();
    for test in conformity.declarations().controls.tests.values() {
        let kind = matches!(test.kind, TestKind::Attest(_));
        for population in test.populations() {
            for serves in test.serves.iter().filter(|s| !after.contains(&s.obligation) && !kind) {
                bearing.add(&population.record_type, &serves.obligation);
            }
        }
    }
    let steps = setup.next_steps(&bearing, 10).await.unwrap();
    assert_eq!(steps.len(), 10);
    assert!(steps.is_sorted_by_key(|s| std::cmp::Reverse(s.bears.len())));
    let approve = steps.iter().find(|s| s.of == "process").expect("processes wait for approval");
    assert_eq!(approve.waiting, 20);
}

#[tokio::test]
async fn bad_answers_are_said_at_their_question_and_nothing_is_written() {
    let guide = guide();
    let desk = TestDesk::open(BOTH[0]).await.unwrap();
    let caller = ilse(&desk).await;
    let setup = setup(&desk, &guide, &caller);
    let known = setup.known().await.unwrap();
    for (replace, with, at) in [
        ("organization = \"Retail IT\"", "", "organization"),
        ("Europe/Berlin", "Europe/Berlim", "zone"),
        ("roles.conformity = \"Ilse Brandt\"", "roles.conformity = \"Ilse Brand\"", "roles.1.person"),
        ("{ name = \"Otto Reiter\" }", "{ name = \"clara weiss\" }", "people.2.name"),
        ("{ name = \"Otto Reiter\" }", "{ job = \"Auditor\" }", "people.2.name"),
        ("criticality = \"critical\"", "criticality = \"vital\"", "services.0.criticality"),
        ("live_since = 2020-01-15", "live_since = \"since ever\"", "services.0.live_since"),
        ("response = \"10m\"", "response = \"ten minutes\"", "targets.0.response"),
        ("issues = [\"climate\", \"people\"]", "issues = [\"weather\"]", "issues"),
        ("2026-12-25 closed", "2026-12-25 shut", "holidays"),
        (
            "holidays = \"2026-12-25 closed\"",
            "holidays = \"2026-12-25 closed\\n2026-12-25 08:00-09:00\"",
            "holidays",
        ),
        ("zone = \"Europe/Berlin\"", "zone = \"Europe/Berlin\"\nhours = \"mon closed\"", "hours"),
        ("response = \"10m\"", "response = \"121m\"", "targets.0.response"),
        ("ilse@retail.example", "ilse at retail.example", "people.1.mail"),
        ("zone = \"Europe/Berlin\"", "zone = \"Europe/Berlin\"\nhours = \"mon-fri 25:00-26:00\"", "hours"),
    ] {
        assert!(FILE.contains(replace), "{replace}");
        let answers = Answers::read(&FILE.replace(replace, with), &guide).unwrap();
        let found = setup.problems(&answers, &known).await.unwrap();
        assert!(found.iter().any(|w| w.at == at), "{at}: {found:?}");
        match setup.make(&answers, &known).await {
            Err(Error::Answers(refused)) => assert_eq!(refused, found),
            other => panic!("{at}: {other:?}"),
        }
    }
    assert!(setup.is_empty().await.unwrap());
    assert_eq!(all(&desk, "person").await.len(), 1);
}

#[tokio::test]
async fn what_was_there_is_kept_as_it_is() {
    let guide = guide();
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let caller = ilse(&desk).await;
        let change =
            Change::default().with_text("name", "How we solve incidents").with_text("clause", "8.6.1");
        let own = desk.create("process", change).await.unwrap();
        let setup = setup(&desk, &guide, &caller);
        assert!(!setup.is_empty().await.unwrap());
        let (known, answers) = (setup.known().await.unwrap(), Answers::read(FILE, &guide).unwrap());
        let plan = Plan::of(&guide, &answers, &known, desk.engine.registry());
        let standings = setup.look(&plan).await.unwrap();
        let present = standings.iter().filter(|s| matches!(s, Standing::Present(_))).count();
        assert_eq!(present, 2, "the person and the process");
        setup.make(&answers, &known).await.unwrap();
        let processes = all(&desk, "process").await;
        assert_eq!(processes.len(), 20);
        let kept = processes.iter().find(|p| p.number == own.record.number).unwrap();
        assert_eq!((kept.version, kept.text("name")), (1, Some("How we solve incidents")));
    }
}

#[tokio::test]
async fn who_may_not_take_a_step_leaves_it_to_others() {
    let guide = guide();
    let desk = TestDesk::open(BOTH[0]).await.unwrap();
    let caller = desk.person("Ben Adler", &["administrator"]).await.unwrap();
    let setup = setup(&desk, &guide, &caller);
    let (known, answers) = (setup.known().await.unwrap(), Answers::read(FILE, &guide).unwrap());
    let made = setup.make(&answers, &known).await.unwrap();
    assert!(!made.left.is_empty());
    assert!(all(&desk, "metric").await.iter().all(|m| m.state == "draft"));
    // an SMS manager goes on where the administrator could not
    let manager = desk.person("Ina Moll", &["sms_manager"]).await.unwrap();
    let setup = Desk { caller: &manager, ..setup };
    let again = setup.make(&answers, &known).await.unwrap();
    assert_eq!((again.made, again.left), (0, Vec::new()));
    assert!(all(&desk, "metric").await.iter().all(|m| m.state == "in_use"));
}

#[tokio::test]
async fn answers_are_kept_as_a_draft_and_as_a_file() {
    let guide = guide();
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let caller = ilse(&desk).await;
        let known = setup(&desk, &guide, &caller).known().await.unwrap();
        let answers = Answers::read(FILE, &guide).unwrap();
        answers.keep(&desk.engine).await.unwrap();
        assert_eq!(Answers::kept(&desk.engine, &guide).await.unwrap(), answers);
        let printed = answers.write(&guide, &known);
        for question in guide.questions() {
            assert!(printed.contains(&question.name), "{}", question.name);
        }
        let read = Answers::read(&printed, &guide).unwrap();
        for question in guide.questions() {
            assert_eq!(read.of(question, &known), answers.of(question, &known), "{}", question.name);
        }
    }
}

#[test]
fn a_file_that_cannot_be_meant_is_refused() {
    let guide = guide();
    for (text, says) in [
        ("organisation = \"x\"", "there is no question `organisation`"),
        ("organization = [1]", "`organization` takes one text"),
        ("people = [{ nam = \"x\" }]", "`people` has no column `nam`"),
        ("roles.king = \"x\"", "`roles` has no row `king`"),
        ("issues = \"climate\"", "`issues` takes a list of words"),
        ("organization = ", "TOML parse error"),
    ] {
        let error = Answers::read(text, &guide).expect_err(text).to_string();
        assert!(error.contains(says), "{text}: {error}");
    }
}

#[test]
fn the_shipped_questions_are_few_and_explained() {
    let guide = guide();
    assert!((4..=6).contains(&guide.pages.len()));
    assert!((20..=28).contains(&guide.questions().count()), "{}", guide.questions().count());
    for question in guide.questions() {
        assert!(question.why.ends_with('.'), "{}", question.name);
        if let Kind::Choices(options) | Kind::Choice(options) = &question.kind {
            assert!(options.len() > 1, "{}", question.name);
        }
    }
}

#[test]
fn a_site_replaces_a_question_and_mistakes_are_said_with_their_place() {
    let registry = registry().unwrap();
    let site = |text: &str| [Source { file: "site/setup/own.kdl".to_owned(), text: text.to_owned() }];
    let own = "page \"organization\" {\n  question \"locations\" kind=\"text\" label=\"In which town?\" default=\"Here\" { why \"We have one.\"; clause \"4.3\" }\n}";
    let guide = Guide::load(&site(own), &registry, &templates()).unwrap();
    assert_eq!(guide.question("locations").unwrap().label, "In which town?");
    assert_eq!(guide.pages[0].label, "Organization and people");
    for (text, says) in [
        ("\nmake \"proces\" key=\"x\" {}", "site/setup/own.kdl:2: there is no record type `proces`"),
        ("make \"process\" key=\"x\" { nam \"x\" }", "process has no field `nam`"),
        ("make \"process\" key=\"x\" { name \"{town}\" }", "there is no answer `{town}`"),
        ("make \"process\" key=\"x\" { take \"begin\" }", "process has no transition `begin`"),
        ("make \"process\" key=\"x\" each=\"towns\" {}", "there is no list and no question `towns`"),
        ("pages \"x\"", "`pages` is none of: page, list, make, adopt, step"),
        ("page \"x\" { question \"y\" kind=\"number\" }", "`number` is no kind"),
        ("page \"x", "own.kdl:1: this is not KDL"),
    ] {
        let error = Guide::load(&site(text), &registry, &templates()).expect_err(text).to_string();
        assert!(error.contains(says), "{text}: {error}");
    }
}

/// What is wrong is said on the page of the question, before anything is rehearsed.
#[tokio::test]
async fn answers_of_one_page_are_checked_there() {
    let guide = guide();
    let desk = TestDesk::open(BOTH[0]).await.unwrap();
    let caller = ilse(&desk).await;
    let known = setup(&desk, &guide, &caller).known().await.unwrap();
    let file = FILE
        .replace("2026-12-25 closed", "2026-12-25 shut")
        .replace("response = \"10m\"", "response = \"1d\"")
        .replace("ilse@retail.example", "ilse")
        .replace("zone = ", "hours = \"mon-fri 18:00-08:00x\"\nzone = ");
    let answers = Answers::read(&file, &guide).unwrap();
    let wrong = answers.wrong(&guide, &known);
    let places: Vec<&str> = wrong.iter().map(|w| w.at.as_str()).collect();
    assert_eq!(places, ["people.1.mail", "hours", "holidays", "targets.0.response"], "{wrong:?}");
    assert!(wrong[1].says.starts_with("Line 1: "), "{wrong:?}");
}

#[tokio::test]
async fn what_makes_little_sense_is_asked_about_and_taken() {
    let guide = guide();
    let desk = TestDesk::open(BOTH[0]).await.unwrap();
    let caller = ilse(&desk).await;
    let setup = setup(&desk, &guide, &caller);
    let known = setup.known().await.unwrap();
    let sound = Answers::read(FILE, &guide).unwrap();
    assert_eq!(sound.doubtful(&guide, &known), []);
    let day = |days: i32| proofdesk_model::format::write_day(known.today + days);
    let file = FILE.replace("areas.assurance = \"Clara Weiss\"", "areas.assurance = \"Otto Reiter\"");
    let file = file.replace("live_since = 2020-01-15", &format!("live_since = {}", day(40)));
    let more = format!("ready_on = {}\nfirst_audit = {}\nfirst_review = {}\n", day(-400), day(90), day(60));
    let answers = Answers::read(&(more + &file), &guide).unwrap();
    assert_eq!(answers.wrong(&guide, &known), [], "all of it can be taken");
    let doubts = answers.doubtful(&guide, &known);
    let places: Vec<&str> = doubts.iter().map(|w| w.at.as_str()).collect();
    assert_eq!(places, ["areas.5.person", "services.0.live_since", "ready_on", "first_review"], "{doubts:?}");
    assert!(doubts[0].says.contains("Otto Reiter is the internal auditor, too"), "{doubts:?}");
    assert!(doubts[3].says.contains(&day(90)), "{doubts:?}");
}

#[tokio::test]
async fn changed_answers_say_what_differs_and_overwrite_nothing() {
    let guide = guide();
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let caller = ilse(&desk).await;
        let setup = setup(&desk, &guide, &caller);
        let (known, answers) = (setup.known().await.unwrap(), Answers::read(FILE, &guide).unwrap());
        setup.make(&answers, &known).await.unwrap();
        let plan = Plan::of(&guide, &answers, &known, desk.engine.registry());
        let same = setup.summary(&plan).await.unwrap();
        let found: Vec<_> = same.differing().map(|o| (o.title.as_str(), o.differs.len())).collect();
        assert_eq!(found, [("Ilse Brandt", 1)], "only who was there before, without mail");

        let file = FILE
            .replace("criticality = \"critical\"", "criticality = \"normal\"")
            .replace("resolution = \"2h\"", "resolution = \"3h\"")
            .replace("roles.change_authority = \"Ilse Brandt\"", "roles.change_authority = \"Clara Weiss\"")
            .replace("name = \"Shop\"", "name = \"Web shop\"");
        let (known, answers) = (setup.known().await.unwrap(), Answers::read(&file, &guide).unwrap());
        let plan = Plan::of(&guide, &answers, &known, desk.engine.registry());
        let summary = setup.summary(&plan).await.unwrap();
        let says = |title: &str| -> String {
            let all = summary.differing().filter(|o| o.title == title).flat_map(|o| &o.differs);
            all.map(|d| format!("{}: {}", d.field, d.says)).collect::<Vec<_>>().join("; ")
        };
        for (title, wanted) in [
            ("Tills", "Critical; by your answers Normal"),
            ("P1: incidents solved", "by your answers 3h"),
            ("Change authority", "Ilse Brandt; by your answers Clara Weiss"),
            ("Service levels", "without Web shop, which your answers name"),
        ] {
            assert!(
                says(title).contains(wanted),
                "{title}: {} in {:?}",
                says(title),
                summary.differing().collect::<Vec<_>>()
            );
        }
        assert_eq!(says("Top management"), "");
        let unnamed = setup.unnamed(&answers, &known);
        assert!(unnamed.iter().any(|u| u.question == "services" && u.title == "Shop"), "{unnamed:?}");
        setup.make(&answers, &known).await.unwrap();
        let services = all(&desk, "service").await;
        let tills = services.iter().find(|s| s.text("name") == Some("Tills")).unwrap();
        assert_eq!(tills.text("criticality"), Some("critical"), "nothing is overwritten");
        assert_eq!(services.len(), 3, "the new name is a new service, and the old one stays");
    }
}

#[tokio::test]
async fn objectives_plan_and_competence_are_begun_where_there_are_none() {
    let guide = guide();
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let caller = ilse(&desk).await;
        let begun = setup(&desk, &guide, &caller);
        let (known, answers) = (begun.known().await.unwrap(), Answers::read(FILE, &guide).unwrap());
        begun.make(&answers, &known).await.unwrap();
        let (objectives, plans) = (all(&desk, "objective").await, all(&desk, "management_plan").await);
        assert_eq!(
            (objectives.len(), plans.len(), all(&desk, "competence_requirement").await.len()),
            (3, 1, 7)
        );
        let require = async |of: &str, number: i64| {
            desk.engine.require(&caller, &proofdesk_engine::Reference::new(of, number)).await.unwrap()
        };
        let plan = require("management_plan", plans[0].number).await;
        let linked = |name: &str| plan.links.get(name).map_or(0, Vec::len);
        assert_eq!((linked("objectives"), linked("services"), linked("metrics")), (3, 2, 20));
        assert!(linked("roles") >= 13 && linked("risks") == 9, "{:?}", plan.links);
        let roles = all(&desk, "role_assignment").await;
        let auditor = roles.iter().find(|r| r.text("kind") == Some("internal_auditor")).unwrap();
        assert_eq!(require("role_assignment", auditor.number).await.links["competences"].len(), 1);

        // a desk with objectives and a plan of its own gets no others
        let desk = TestDesk::open(database).await.unwrap();
        let caller = ilse(&desk).await;
        let titled = |title: &str| Change::default().with_text("title", title);
        desk.create("objective", titled("Ours").with_text("level", "organization")).await.unwrap();
        desk.create("management_plan", titled("The plan that we have")).await.unwrap();
        let running = setup(&desk, &guide, &caller);
        running.make(&answers, &running.known().await.unwrap()).await.unwrap();
        assert_eq!((all(&desk, "objective").await.len(), all(&desk, "management_plan").await.len()), (1, 1));
        assert_eq!(all(&desk, "competence_requirement").await.len(), 7);
        let again = running.make(&answers, &running.known().await.unwrap()).await.unwrap();
        assert_eq!(again.made, 0);
    }
}

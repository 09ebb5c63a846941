//! What nobody alters, on both databases: facts that steps write, and what is settled in a state.

use proofdesk_engine::comment::Audience;
use proofdesk_engine::{Caller, Change, Door, Error, LinkChange, Reference, Standing, Target};
use proofdesk_model::{Field, Kind, Problems, RecordType, StateKind, Value};
use proofdesk_testkit::{BOTH, MORNING, TestDesk};

use crate::samples::{full, one_of_each};

/// Roles that may do whatever people may.
const ALL: [&str; 6] =
    ["agent", "process_owner", "service_owner", "sms_manager", "administrator", "top_management"];
/// Doors through which people write.
const DOORS: [Door; 4] = [Door::Page, Door::Api, Door::Cli, Door::Mail];

async fn write(
    desk: &TestDesk,
    caller: &Caller,
    on: &Reference,
    change: Change,
    door: Door,
) -> Result<(), Problems> {
    match desk.engine.apply(caller, Target::Existing(on.clone(), None), change, door).await {
        Ok(_) => Ok(()),
        Err(Error::Invalid(problems)) => Err(problems),
        Err(other) => panic!("{on:?}: {other:?}"),
    }
}

fn code_of<'a>(refused: &'a Result<(), Problems>, field: &str) -> Option<&'a str> {
    let problems = refused.as_ref().err()?;
    problems.0.iter().find(|p| p.field == field).map(|p| p.code.as_str())
}

/// Another value than the one that the sample has.
fn other(field: &Field) -> Value {
    match &field.kind {
        Kind::Text { .. } | Kind::Markdown => Value::Text("Altered".to_owned()),
        Kind::Choice(options) => Value::Text(options[1].name.clone()),
        _ => Value::Null,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_step_writes_is_typed_through_no_door() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let known = one_of_each(&desk).await;
        let everybody = desk.person("Eva Every", &ALL).await.unwrap();
        let types: Vec<_> = desk.engine.registry().types().cloned().collect();
        let mut tried = 0;
        for of in &types {
            for field in of.fields.values().filter(|f| f.by_steps) {
                let value = match crate::samples::value(field, &known).unwrap() {
                    // not what is there by default
                    Value::Bool(_) => Value::Bool(!matches!(field.default.as_deref(), Some("yes" | "true"))),
                    value => value,
                };
                let change = || Change::default().with(&field.name, value.clone());
                let on = known[&of.name].clone();
                for door in DOORS {
                    let refused = write(&desk, &everybody, &on, change(), door).await;
                    assert_eq!(
                        code_of(&refused, &field.name),
                        Some("step"),
                        "{}.{} {door:?}",
                        of.name,
                        field.name
                    );
                    let says = refused.unwrap_err().to_string();
                    let steps = of.written_by(&field.name);
                    assert!(!steps.is_empty() && steps.iter().all(|s| says.contains(s)), "{says}: {steps:?}");
                }
                let new =
                    desk.engine.apply(&everybody, Target::New(of.name.clone()), change(), Door::Api).await;
                let Err(Error::Invalid(problems)) = new else { panic!("{}.{}", of.name, field.name) };
                assert!(problems.0.iter().any(|p| p.code == "step"), "{problems}");
                tried += 1;
            }
        }
        assert!(tried > 60, "{tried}");
        let version = desk.engine.require(&everybody, &known["document_version"]).await.unwrap();
        assert_eq!(version.get("approved_by"), Value::Null, "nothing was written");
    }
}

/// A record of a type in a state, with everything filled.
async fn in_state(desk: &TestDesk, of: &RecordType, change: Change, state: &str) -> Reference {
    let change = Change { state: Some(state.to_owned()), ..change };
    let made = desk.create(&of.name, change).await;
    Reference::new(
        of.name.clone(),
        made.unwrap_or_else(|e| panic!("{} {state}: {e:#}", of.name)).record.number,
    )
}

/// A change of one field or relation of a record, through a door.
async fn alter(desk: &TestDesk, on: &Reference, field: &Field) -> Option<Change> {
    Some(match &field.kind {
        Kind::File => {
            let upload =
                desk.engine.attach(&desk.setup(), on, "other.txt", Audience::Staff, 1_000, Door::Page).await;
            let mut upload = upload.unwrap();
            upload.write(b"other").await.unwrap();
            Change::default().with_text(&field.name, &upload.finish().await.unwrap().id)
        }
        Kind::Links { .. } => return None,
        _ => Change::default().with(&field.name, other(field)),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_settled_is_altered_by_nobody_and_from_no_side() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let known = one_of_each(&desk).await;
        let everybody = desk.person("Eva Every", &ALL).await.unwrap();
        let types: Vec<_> =
            desk.engine.registry().types().filter(|of| !of.fixed.is_empty()).cloned().collect();
        let (mut fields, mut relations) = (0, 0);
        for of in &types {
            let sample = full(of, &known);
            let fixed = of.fixed.iter().flat_map(|f| f.states.iter().map(move |s| (s, f)));
            for (state, fixed) in fixed {
                let once = fixed.once.iter().map(|name| of.field(name).unwrap());
                let sample =
                    once.fold(sample.clone(), |sample, f| sample.with(&f.name, Value::Instant(MORNING)));
                let on = in_state(&desk, of, sample, state).await;
                for field in fixed.fields.iter().filter_map(|name| of.field(name)) {
                    let changes = match alter(&desk, &on, field).await {
                        Some(change) => vec![(on.clone(), field.name.clone(), change)],
                        None => links(of, &on, field, &known),
                    };
                    for (on, name, change) in changes {
                        for caller in [&everybody, &desk.setup()] {
                            let refused = write(&desk, caller, &on, change.clone(), Door::Page).await;
                            let said = code_of(&refused, &name);
                            assert_eq!(said, Some("locked"), "{}.{name} {state}: {refused:?}", of.name);
                        }
                    }
                    match field.kind {
                        Kind::Links { .. } => relations += 1,
                        _ => fields += 1,
                    }
                }
                let kept = desk.engine.require(&everybody, &on).await.unwrap();
                assert_eq!(kept.version, 1, "{} is as it was", kept.reference());
            }
            begins_open(&desk, &everybody, of, sample).await;
        }
        assert!(types.len() >= 10 && fields > 80 && relations > 8, "{} {fields} {relations}", types.len());
    }
}

/// Takes a record from a relation, and puts another one there, from both sides.
fn links(
    of: &RecordType,
    on: &Reference,
    field: &Field,
    known: &std::collections::BTreeMap<String, Reference>,
) -> Vec<(Reference, String, Change)> {
    let to = known[field.target().unwrap()].clone();
    let change = |relation: &str, to: &Reference, add| Change {
        links: vec![LinkChange { relation: relation.to_owned(), to: to.clone(), add }],
        ..Change::default()
    };
    let mut found = vec![(on.clone(), field.name.clone(), change(&field.name, &to, false))];
    if let Kind::Links { inverse: Some(inverse), .. } = &field.kind {
        assert_ne!(on.record_type, to.record_type, "{}", of.name);
        for add in [true, false] {
            found.push((to.clone(), inverse.clone(), change(inverse, on, add)));
        }
    }
    found
}

/// In the state in which a record begins, nothing is settled.
async fn begins_open(desk: &TestDesk, caller: &Caller, of: &RecordType, sample: Change) {
    let made = desk.create(&of.name, sample).await.unwrap().record;
    let on = Reference::new(of.name.clone(), made.number);
    for name in of.fixed.iter().flat_map(|f| &f.fields) {
        let Some(field) = of.field(name).filter(|f| !matches!(f.kind, Kind::Links { .. } | Kind::File))
        else {
            continue;
        };
        let written = write(desk, caller, &on, Change::default().with(name, other(field)), Door::Page).await;
        assert_ne!(code_of(&written, name), Some("locked"), "{}.{name}: {written:?}", of.name);
    }
}

/// A document that is approved, with the role of its approver, and a version that waits for approval.
async fn to_approve(desk: &TestDesk, author: &Caller, holder: &Caller) -> [Reference; 2] {
    let role = Change { state: Some("active".to_owned()), ..Change::default() }
        .with_text("name", "Top management")
        .with_text("kind", "top_management")
        .with("person", Value::Link(holder.person.unwrap()));
    let role = desk.create("role_assignment", role).await.unwrap().record.number;
    let document = Change::default()
        .with_text("title", "Service management policy")
        .with_text("kind", "policy")
        .with_text("audience", "staff")
        .with_text("classification", "internal")
        .with_text("access", "staff")
        .with_text("retention_rule", "Three years")
        .with("acknowledgement_needed", Value::Bool(true))
        .with("owner", Value::Link(author.person.unwrap()))
        .with("author", Value::Link(author.person.unwrap()))
        .with("approving_role", Value::Link(role));
    let document = Reference::new("document", desk.create("document", document).await.unwrap().record.number);
    let version = Change::default()
        .with_text("title", "Service management policy")
        .with("document", Value::Link(document.number))
        .with("author", Value::Link(author.person.unwrap()))
        .with_text("edition", "1.0")
        .with_text("content", "We keep what we promise.");
    let version = desk.create("document_version", version).await.unwrap().record.number;
    [document, Reference::new("document_version", version)]
}

fn take(step: &str) -> Change {
    Change::default().take(step)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_named_role_approves_the_version_and_a_drafts_version_is_not_put_in_force() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let author = desk.person("Aya Author", &ALL).await.unwrap();
        let holder = desk.person("Vera Holder", &ALL).await.unwrap();
        let other = desk.person("Otto Other", &ALL).await.unwrap();
        let [document, version] = to_approve(&desk, &author, &holder).await;
        let submit = take("submit").with_text("change_description", "First");
        write(&desk, &author, &version, submit, Door::Page).await.unwrap();
        let refused = write(&desk, &other, &version, take("approve"), Door::Page).await.unwrap_err();
        assert!(refused.to_string().contains("Another role approves this document"), "{refused}");
        write(&desk, &holder, &version, take("approve"), Door::Page).await.unwrap();
        let refused = write(&desk, &holder, &version, take("put_in_force"), Door::Page).await.unwrap_err();
        assert!(refused.to_string().contains("Its document is not approved"), "{refused}");
        write(&desk, &author, &document, take("submit"), Door::Page).await.unwrap();
        // who asks for approval does not choose the approver meanwhile
        let another = Change::default().with("approving_role", Value::Null);
        let refused = write(&desk, &author, &document, another, Door::Page).await;
        assert_eq!(code_of(&refused, "approving_role"), Some("locked"));
        let day = Value::Day(proofdesk_model::format::day_of(desk.engine.now()) + 300);
        let approve = take("approve").with("review_on", day);
        write(&desk, &holder, &document, approve, Door::Page).await.unwrap();
        write(&desk, &holder, &version, take("put_in_force"), Door::Page).await.unwrap();
        // while a version is in force, its document does not become a draft
        for step in ["revise", "send_back"] {
            let back = take(step).with_text("review_note", "Again");
            let refused = write(&desk, &holder, &document, back, Door::Page).await.unwrap_err();
            assert!(refused.to_string().contains("A version of it is in force"), "{refused}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_somebody_else_approved_is_not_put_in_force() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let author = desk.person("Aya Author", &ALL).await.unwrap();
        let holder = desk.person("Vera Holder", &ALL).await.unwrap();
        let other = desk.person("Otto Other", &ALL).await.unwrap();
        let [document, version] = to_approve(&desk, &author, &holder).await;
        let role = desk.engine.require(&holder, &document).await.unwrap().get("approving_role");
        // the role is taken out of the draft, the version approved, the role named again
        let none = Change::default().with("approving_role", Value::Null);
        write(&desk, &author, &document, none, Door::Page).await.unwrap();
        let submit = take("submit").with_text("change_description", "First");
        write(&desk, &author, &version, submit, Door::Page).await.unwrap();
        write(&desk, &other, &version, take("approve"), Door::Page).await.unwrap();
        let named = take("submit").with("approving_role", role);
        write(&desk, &author, &document, named, Door::Page).await.unwrap();
        let day = Value::Day(proofdesk_model::format::day_of(desk.engine.now()) + 300);
        write(&desk, &holder, &document, take("approve").with("review_on", day), Door::Page).await.unwrap();
        let refused = write(&desk, &holder, &version, take("put_in_force"), Door::Page).await.unwrap_err();
        assert!(refused.to_string().contains("Somebody else approved it"), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_read_another_text_is_told_so_and_asked_again() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let engine = &desk.engine;
        let author = desk.person("Aya Author", &ALL).await.unwrap();
        let holder = desk.person("Vera Holder", &ALL).await.unwrap();
        let reader = desk.person("Rea Reader", &["agent"]).await.unwrap();
        let [document, version] = to_approve(&desk, &author, &holder).await;
        let ack = Change::default()
            .with_text("title", "Policy")
            .with("document_version", Value::Link(version.number))
            .with("person", Value::Link(reader.person.unwrap()));
        let ack = Reference::new(
            "acknowledgement",
            desk.create("acknowledgement", ack).await.unwrap().record.number,
        );
        write(&desk, &reader, &ack, take("give"), Door::Page).await.unwrap();
        let given = engine.require(&reader, &ack).await.unwrap();
        let draft = engine.require(&author, &version).await.unwrap();
        assert_eq!(given.text("read_edition"), Some("1.0"));
        assert_eq!(given.text("read_digest"), draft.text("digest"));
        assert_eq!(given.text("read_digest").map(str::len), Some(64));
        // what was read is written by the program alone, and stays with its version and person
        let refused =
            write(&desk, &holder, &ack, Change::default().with_text("read_digest", "0"), Door::Api).await;
        assert_eq!(code_of(&refused, "read_digest"), Some("computed"));
        let refused =
            write(&desk, &holder, &ack, Change::default().with("person", Value::Null), Door::Api).await;
        assert_eq!(code_of(&refused, "person"), Some("locked"));
        // the author writes another text, which comes in force
        let text = Change::default().with_text("content", "We promise less.");
        write(&desk, &author, &version, text, Door::Page).await.unwrap();
        let submit = take("submit").with_text("change_description", "First");
        write(&desk, &author, &version, submit, Door::Page).await.unwrap();
        write(&desk, &holder, &version, take("approve"), Door::Page).await.unwrap();
        write(&desk, &author, &document, take("submit"), Door::Page).await.unwrap();
        let day = Value::Day(proofdesk_model::format::day_of(engine.now()) + 300);
        write(&desk, &holder, &document, take("approve").with("review_on", day), Door::Page).await.unwrap();
        write(&desk, &holder, &version, take("put_in_force"), Door::Page).await.unwrap();
        let present = engine.require(&reader, &version).await.unwrap();
        let standing = engine.reading(&reader, &present).await.unwrap().unwrap().standing;
        assert!(matches!(&standing, Standing::ReadOther(on, _) if *on == ack), "{database:?} {standing:?}");
        let open = engine.to_read(&reader).await.unwrap();
        assert_eq!(open.iter().map(|r| &r.standing).collect::<Vec<_>>(), [&standing]);
        let again = engine.acknowledge(&reader, &version, Door::Page).await.unwrap();
        assert_ne!(again.number, ack.number, "what was read before stays as it was");
        assert_eq!(again.text("read_digest"), present.text("digest"));
        assert_ne!(again.text("read_digest"), given.text("read_digest"));
        let standing = engine.reading(&reader, &present).await.unwrap().unwrap().standing;
        assert!(matches!(standing, Standing::Read(on, _) if on.number == again.number));
        assert!(engine.to_read(&reader).await.unwrap().is_empty());
        assert_eq!(again.of.state_kind(&again.state), StateKind::Closed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_with_open_places_is_neither_reviewed_nor_put_in_force() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let author = desk.person("Aya Author", &ALL).await.unwrap();
        let holder = desk.person("Vera Holder", &ALL).await.unwrap();
        let [_, version] = to_approve(&desk, &author, &holder).await;
        let text = Change::default()
            .with_text("content", "# Answers\nWithin ____ days, at {{place}}.\n\nBy ________.");
        write(&desk, &author, &version, text, Door::Page).await.unwrap();
        let record = desk.engine.require(&author, &version).await.unwrap();
        let places = desk.engine.open_places(&record);
        let names: Vec<(&str, bool)> = places.iter().map(|(n, l)| (n.as_str(), l.contains("____"))).collect();
        assert_eq!(names, [("place", false), ("____", true), ("____", true)]);
        let submit = take("submit").with_text("change_description", "First");
        let refused = write(&desk, &author, &version, submit, Door::Page).await.unwrap_err().to_string();
        assert!(refused.contains("{{ and }}") && refused.contains("lines of ____"), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_parts_of_what_is_in_force_neither_come_nor_go_nor_change() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let everybody = desk.person("Eva Every", &ALL).await.unwrap();
        let agreement = async |state: &str| {
            let change = Change { state: Some(state.to_owned()), ..Change::default() };
            desk.create("agreement", change.with_text("name", "Gold")).await.unwrap().record.number
        };
        let (draft, in_force) = (agreement("draft").await, agreement("in_force").await);
        let target = |agreement: i64| {
            let change = Change::default().with_text("name", "P1").with_text("duration", "4h");
            change.with("agreement", Value::Link(agreement))
        };
        let part = desk.create("target", target(in_force)).await.unwrap().record.number;
        let part = Reference::new("target", part);
        let free = desk.create("target", target(draft)).await.unwrap().record.number;
        let free = Reference::new("target", free);
        let locked = |refused: Result<(), Problems>, field: &str| {
            assert_eq!(code_of(&refused, field), Some("locked"), "{database:?} {field}: {refused:?}");
            let says = refused.unwrap_err().to_string();
            assert!(says.contains("SLA-2") && says.contains("End this agreement"), "{says}");
        };
        let longer = || Change::default().with_text("duration", "9h");
        let moved = |to| Change::default().with("agreement", Value::Link(to));
        for caller in [&everybody, &desk.setup()] {
            locked(write(&desk, caller, &part, longer(), Door::Page).await, "duration");
            locked(write(&desk, caller, &part, moved(draft), Door::Api).await, "agreement");
            locked(write(&desk, caller, &free, moved(in_force), Door::Api).await, "agreement");
            locked(write(&desk, caller, &part, take("retire"), Door::Page).await, "state");
        }
        let new = Target::New("target".to_owned());
        let Err(Error::Invalid(new)) = desk.engine.apply(&everybody, new, target(in_force), Door::Page).await
        else {
            panic!("a new target of an agreement in force")
        };
        locked(Err(new), "agreement");
        // a draft's targets are still being written, and a step that only compares goes on
        write(&desk, &everybody, &free, longer(), Door::Page).await.unwrap();
        let supplier =
            desk.create("supplier", Change::default().with_text("name", "Lines plc")).await.unwrap();
        let contract = Change { state: Some("in_force".to_owned()), ..Change::default() };
        let contract = desk
            .create(
                "contract",
                contract.with_text("name", "Lines").with("supplier", Value::Link(supplier.record.number)),
            )
            .await
            .unwrap()
            .record
            .number;
        let under = Change::default().with_text("name", "P1 at the supplier").link("underpins", part.clone());
        let under = under.with("contract", Value::Link(contract));
        let under = desk.create("contract_target", under).await.unwrap().record.number;
        let under = Reference::new("contract_target", under);
        let compare = take("compare").with_text("alignment", "as_strict");
        write(&desk, &everybody, &under, compare, Door::Page).await.unwrap();
        let refused =
            write(&desk, &everybody, &under, Change::default().with_text("unit", "h"), Door::Page).await;
        assert_eq!(code_of(&refused, "unit"), Some("locked"), "{refused:?}");
        let kept = desk.engine.require(&everybody, &part).await.unwrap();
        assert_eq!((kept.version, kept.text("duration")), (1, Some("4h")));
    }
}

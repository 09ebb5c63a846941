//! The permission matrix, cell by cell: what the paper says is what the engine does, on both databases.

use std::collections::BTreeMap;
use std::sync::Arc;

use proofdesk_engine::{Action, Audience, Caller, Change, Door, Error, Reference, Target};
use proofdesk_model::access::ROLES;
use proofdesk_model::matrix::{self, Reach};
use proofdesk_model::{RecordType, Value};
use proofdesk_testkit::{BOTH, TestDesk};

use crate::samples::{minimal, one_of_each};

/// What the engine answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// It would do it; what else was wrong with the request does not matter here.
    Allowed,
    /// The caller may not, whatever the record.
    Refused,
    /// There is no such record for the caller.
    Hidden,
}

fn answer<T>(result: Result<T, Error>) -> Answer {
    match result {
        Err(Error::Forbidden(_)) => Answer::Refused,
        Err(Error::NotFound(_)) => Answer::Hidden,
        Ok(_) | Err(Error::Invalid(_) | Error::Conflict(_)) => Answer::Allowed,
        Err(other) => panic!("{other}"),
    }
}

/// Asks the engine for an action; nothing is changed, as a write is against a version that never was.
async fn ask(desk: &TestDesk, caller: &Caller, on: &Reference, action: &Action, least: &Change) -> Answer {
    let engine = &desk.engine;
    let write = async |change: Change| {
        engine.apply(caller, Target::Existing(on.clone(), Some(0)), change, Door::Api).await
    };
    match action {
        Action::Read => match engine.load(caller, on).await {
            Ok(None) => Answer::Hidden,
            other => answer(other),
        },
        Action::Create => {
            let target = Target::New(on.record_type.clone());
            answer(
                engine
                    .apply(caller, target, least.clone().with("no_such_field", Value::Bool(true)), Door::Api)
                    .await,
            )
        }
        Action::Update => answer(write(Change::default()).await),
        Action::Transition(name) => answer(write(Change::default().take(name)).await),
        Action::Comment => answer(engine.comment(caller, on, Audience::Customer, "", Door::Api).await),
        Action::Note => answer(engine.comment(caller, on, Audience::Staff, "", Door::Api).await),
        Action::Attach => {
            let staff = if caller.has("requester") { Audience::Customer } else { Audience::Staff };
            answer(engine.attach(caller, on, "a.txt", staff, 9, Door::Api).await.map(drop))
        }
    }
}

/// The records of a type against which a cell is tried: one of nobody, one of the caller, one outside a narrowing.
struct Tried {
    open: Reference,
    own: Option<Reference>,
    outside: Option<Reference>,
}

/// Records outside what a narrowing leaves: a document for named people whom nobody named, and what belongs to it; a
/// service of another customer; what is not published yet.
async fn outside(desk: &TestDesk, known: &BTreeMap<String, Reference>) -> BTreeMap<String, Reference> {
    let mut hidden = known.clone();
    let mut found = BTreeMap::new();
    let narrowed: Vec<Arc<RecordType>> =
        desk.engine.registry().types().filter(|of| of.narrow.is_some()).cloned().collect();
    let names = ["document", "document_version", "acknowledgement", "service"];
    for name in names.into_iter().chain(PUBLISHED.map(|(name, _)| name)) {
        let of = narrowed.iter().find(|of| of.name == name).unwrap();
        let mut change = minimal(of, &hidden);
        if name == "document" {
            change = change.with_text("access", "people");
        }
        if name == "service" {
            change = change.link("customers", known["customer"].clone());
        }
        let made = Reference::new(name, desk.create(name, change).await.unwrap().record.number);
        hidden.insert(name.to_owned(), made.clone());
        found.insert(name.to_owned(), made);
    }
    assert_eq!(found.len(), narrowed.len(), "every narrowed type has a record outside");
    found
}

/// Types that customers read once a record is published, and the state in which it is.
const PUBLISHED: [(&str, &str); 4] = [
    ("request_model", "in_use"),
    ("knowledge_article", "published"),
    ("known_error", "published"),
    ("notice", "published"),
];

/// One of each type; of what is published for customers, one that is.
async fn published(desk: &TestDesk) -> BTreeMap<String, Reference> {
    let mut known = one_of_each(desk).await;
    for (name, state) in PUBLISHED {
        let of = desk.engine.require_type(name).unwrap();
        let mut change = minimal(&of, &known);
        if of.field("audience").is_some() {
            change = change.with_text("audience", "customers");
        }
        change = change.link("services", known["service"].clone());
        change.state = Some(state.to_owned());
        let made = desk.create(name, change).await.unwrap().record.number;
        known.insert(name.to_owned(), Reference::new(name, made));
    }
    known
}

async fn cell(
    desk: &TestDesk,
    caller: &Caller,
    tried: &Tried,
    row: &matrix::Row,
    reach: Reach,
    least: &Change,
) -> u32 {
    let of = &tried.open.record_type;
    let asked = |on: &Reference| {
        let on = on.clone();
        async move { ask(desk, caller, &on, &row.action, least).await }
    };
    let says = |what: &str| format!("{:?} {} {of}: {what}", caller.roles, row.action.word());
    let open = asked(&tried.open).await;
    match reach {
        // who may not do it and does not see the record learns nothing of it, not even that he may not
        Reach::None => assert_ne!(open, Answer::Allowed, "{}", says("a record of nobody")),
        Reach::Own => assert_eq!(open, Answer::Hidden, "{}", says("a record of nobody")),
        Reach::Some | Reach::All => assert_eq!(open, Answer::Allowed, "{}", says("a record of nobody")),
    }
    let mut cells = 1;
    if let Some(own) = &tried.own {
        let wanted = if reach == Reach::None { Answer::Refused } else { Answer::Allowed };
        assert_eq!(asked(own).await, wanted, "{}", says("an own record"));
        cells += 1;
    }
    if let Some(outside) = tried.outside.as_ref().filter(|_| row.action != Action::Create) {
        let got = asked(outside).await;
        let right = match reach {
            Reach::None => got != Answer::Allowed,
            Reach::Some => got == Answer::Hidden,
            Reach::Own | Reach::All => got == Answer::Allowed,
        };
        assert!(right, "{} ({got:?})", says("a record outside the narrowing"));
        cells += 1;
    }
    cells
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_cell_of_the_matrix_is_what_the_engine_does() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let known = published(&desk).await;
        let outside = outside(&desk, &known).await;
        let types: Vec<Arc<RecordType>> = desk.engine.registry().types().cloned().collect();
        let mut cells = 0;
        for (at, role) in ROLES.iter().enumerate() {
            let caller = desk.person(&format!("Person {role}"), &[role]).await.unwrap();
            for of in &types {
                let least = minimal(of, &known);
                let own = match caller.reads_own(of) {
                    true => {
                        let me = Value::Link(caller.person.unwrap());
                        let change =
                            of.own_fields().fold(least.clone(), |c, field| c.with(field, me.clone()));
                        Some(Reference::new(
                            of.name.clone(),
                            desk.create(&of.name, change).await.unwrap().record.number,
                        ))
                    }
                    false => None,
                };
                let tried =
                    Tried { open: known[&of.name].clone(), own, outside: outside.get(&of.name).cloned() };
                for row in matrix::rows(of) {
                    cells += cell(&desk, &caller, &tried, &row, row.reach[at], &least).await;
                }
            }
        }
        eprintln!("{database:?}: {cells} cells");
        assert!(cells > 5_000, "{cells}");
    }
}

/// The paper has a line for each row, in the words of the legend.
#[test]
fn the_paper_says_what_the_rows_say() {
    let registry = proofdesk_testkit::registry().unwrap();
    let paper = matrix::write(&registry);
    for of in registry.types() {
        let part = paper.split(&format!("\n{} ", of.name)).nth(1).unwrap();
        let part = part.split("\n\n").next().unwrap();
        for row in matrix::rows(of) {
            let line =
                part.lines().find(|l| l.trim_start().split(' ').next() == Some(row.action.word())).unwrap();
            let cells: Vec<&str> = line.split_whitespace().skip(1).collect();
            assert_eq!(cells, row.reach.map(Reach::word), "{} {}", of.name, row.action.word());
        }
    }
    // an auditor reads everything and writes the records of audits, of nothing else
    let audits = ["acknowledgement", "action", "audit", "audit_programme", "finding", "nonconformity"];
    for (role, writes) in [("auditor", &audits[..]), ("certification_auditor", &["finding"])] {
        let at = ROLES.iter().position(|r| *r == role).unwrap();
        for of in registry.types() {
            for row in matrix::rows(of) {
                let (reach, action) = (row.reach[at], row.action.word());
                if row.action == Action::Read {
                    assert_eq!(reach, Reach::All, "{role} {action} {}", of.name);
                } else if !writes.contains(&of.name.as_str()) {
                    assert_eq!(reach, Reach::None, "{role} {action} {}", of.name);
                }
            }
        }
    }
}

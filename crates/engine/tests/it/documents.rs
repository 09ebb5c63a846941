//! Controlled documents on both databases: who sees them, templates, versions compared, readers.

use std::collections::BTreeMap;

use proofdesk_engine::comment::Audience;
use proofdesk_engine::{
    Action, Caller, Change, Door, Error, FieldFile, LinkChange, ListRequest, Reference, Stamp, Standing,
    Target,
};
use proofdesk_model::Value;
use proofdesk_testkit::{BOTH, TestDesk};

const SECRET: &str = "Zanzibar";

/// Conditions over processes that would tell of documents.
const GUESSES: [&str; 7] = [
    "documents.exists(d, d.title == 'Zanzibar')",
    "documents.exists(d, d.classification == 'restricted')",
    "documents.exists(d, d.kind == 'procedure' && d.state == 'draft')",
    "documents.exists(d, d.owner.name == 'Olga Owner')",
    "documents.exists(d, d.versions.exists(v, v.edition == '1.0'))",
    "documents.exists(d, true)",
    "size(documents) > 0",
];

fn question(record_type: &str) -> ListRequest {
    ListRequest {
        record_type: record_type.to_owned(),
        filter: None,
        sort: String::new(),
        descending: false,
        after: None,
        limit: 50,
    }
}

fn person(caller: &Caller) -> Reference {
    Reference::new("person", caller.person.unwrap())
}

async fn step(desk: &TestDesk, caller: &Caller, on: &Reference, change: Change) -> Result<(), Error> {
    let target = Target::Existing(on.clone(), None);
    desk.engine.apply(caller, target, change, Door::Page).await.map(|_| ())
}

/// A document with a version, a file on it and an acknowledgement, open to some.
async fn secret(desk: &TestDesk, owner: &Caller, access: Change) -> [Reference; 3] {
    let change = Change {
        links: access.links,
        ..Change::default()
            .with_text("title", SECRET)
            .with_text("kind", "procedure")
            .with_text("summary", SECRET)
            .with("owner", Value::Link(owner.person.unwrap()))
            .with("author", Value::Link(owner.person.unwrap()))
    };
    let mut change = change;
    change.set.extend(access.set);
    let document = desk.create("document", change).await.unwrap().record.number;
    let version = Change::default()
        .with_text("title", SECRET)
        .with("document", Value::Link(document))
        .with("author", Value::Link(owner.person.unwrap()))
        .with_text("edition", "1.0")
        .with_text("content", SECRET);
    let version = desk.create("document_version", version).await.unwrap().record.number;
    let ack = Change::default()
        .with_text("title", SECRET)
        .with("document_version", Value::Link(version))
        .with("person", Value::Link(owner.person.unwrap()));
    let ack = desk.create("acknowledgement", ack).await.unwrap().record.number;
    let all = [
        Reference::new("document", document),
        Reference::new("document_version", version),
        Reference::new("acknowledgement", ack),
    ];
    for on in &all {
        desk.engine.comment(&desk.setup(), on, Audience::Staff, SECRET, Door::Page).await.unwrap();
        let upload = desk.engine.attach(&desk.setup(), on, "a.txt", Audience::Staff, 1_000, Door::Page).await;
        let mut upload = upload.unwrap();
        upload.write(SECRET.as_bytes()).await.unwrap();
        upload.finish().await.unwrap();
    }
    all
}

async fn sees(desk: &TestDesk, caller: &Caller, on: &Reference) -> bool {
    desk.engine.load(caller, on).await.unwrap().is_some()
}

/// For the caller nothing of these records exists, by no way.
async fn is_nothing(desk: &TestDesk, caller: &Caller, all: &[Reference; 3], process: &Reference) {
    let engine = &desk.engine;
    for on in all {
        assert!(!sees(desk, caller, on).await, "{on:?}");
        assert!(matches!(engine.require(caller, on).await, Err(Error::NotFound(_))));
        assert!(engine.list(caller, &question(&on.record_type)).await.unwrap().records.is_empty());
        assert_eq!(engine.count(caller, &on.record_type, None, None).await.unwrap(), 0);
        assert!(matches!(engine.comments(caller, on).await, Err(Error::NotFound(_))));
        assert!(matches!(engine.attachments(caller, on).await, Err(Error::NotFound(_))));
        let comment = engine.comment(caller, on, Audience::Staff, "x", Door::Page).await;
        assert!(matches!(comment, Err(Error::NotFound(_))));
        let attach = engine.attach(caller, on, "b.txt", Audience::Staff, 9, Door::Page).await;
        assert!(matches!(attach, Err(Error::NotFound(_) | Error::Forbidden(_))));
        let change = step(desk, caller, on, Change::default().with_text("title", "Mine")).await;
        assert!(matches!(change, Err(Error::NotFound(_))), "{change:?}");
        let gone = Reference::new(on.record_type.clone(), 99_999);
        let known = step(desk, caller, on, Change::default().take("withdraw")).await.unwrap_err().to_string();
        let unknown = step(desk, caller, &gone, Change::default().take("withdraw")).await;
        let same = |text: String| text.replace(|c: char| c.is_ascii_digit(), "");
        assert_eq!(
            same(known),
            same(unknown.unwrap_err().to_string()),
            "a refusal does not tell that it exists"
        );
        let name = engine.registry().write_reference(on);
        assert_eq!(engine.jump(caller, &name).await.unwrap(), None);
        let title = engine.titles_of(caller, std::slice::from_ref(on)).await.unwrap().remove(on);
        assert_eq!(title, Some(name));
        assert!(engine.seen_references(caller, std::slice::from_ref(on)).await.unwrap().is_empty());
    }
    assert!(engine.search(caller, SECRET, None, 50).await.unwrap().is_empty());
    let condition = engine.condition("number > 0", "document").unwrap();
    assert!(engine.search_where(caller, SECRET, &condition, "document", 50).await.unwrap().is_empty());
    let around = engine.require(caller, process).await.unwrap();
    assert!(!around.links.contains_key("documents"), "{:?}", around.links);
    assert!(engine.related(caller, &around, "documents").await.unwrap().is_empty());
    // neither its words, its kind or whether there is one by a condition over what is around it, nor a link to it
    for guess in GUESSES {
        let guess = engine.condition(guess, "process").unwrap();
        let asked = ListRequest { filter: Some(guess.clone()), ..question("process") };
        assert!(matches!(engine.list(caller, &asked).await, Err(Error::Invalid(_))), "{}", guess.source());
        let counted = engine.count(caller, "process", Some(&guess), None).await;
        assert!(matches!(counted, Err(Error::Invalid(_))), "{}", guess.source());
    }
    let version = Change::default()
        .with_text("title", "Guess")
        .with("document", Value::Link(all[0].number))
        .with_text("edition", "9");
    let made = engine.apply(caller, Target::New("document_version".to_owned()), version, Door::Page).await;
    let Err(Error::Invalid(problems)) = made else { panic!("{made:?}") };
    assert!(problems.to_string().contains("There is no"), "{problems}");
    let compared = engine.compare(caller, &all[1], &all[1]).await;
    assert!(matches!(compared, Err(Error::NotFound(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_outside_the_access_of_a_document_finds_nothing_of_it() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let owner = desk.person("Olga Owner", &["agent"]).await.unwrap();
        let named = desk.person("Nina Named", &["agent"]).await.unwrap();
        let other = desk.person("Otto Other", &["agent", "process_owner"]).await.unwrap();
        let boss = desk.person("Bo Sand", &["sms_manager"]).await.unwrap();
        let auditor = desk.person("Ida Voss", &["auditor"]).await.unwrap();
        let access = Change::default()
            .with_text("classification", "restricted")
            .with_text("access", "people")
            .link("access_people", person(&named));
        let all = secret(&desk, &owner, access).await;
        let process = Change::default().with_text("name", "Changes").with_text("clause", "8.5.1");
        let process = process.link("documents", all[0].clone());
        let process = Reference::new("process", desk.create("process", process).await.unwrap().record.number);
        is_nothing(&desk, &other, &all, &process).await;
        for caller in [&owner, &named, &boss, &auditor] {
            for on in &all {
                assert!(sees(&desk, caller, on).await, "{database:?} {} {on:?}", caller.name);
            }
            assert!(!desk.engine.search(caller, SECRET, None, 50).await.unwrap().is_empty());
            let around = desk.engine.require(caller, &process).await.unwrap();
            assert_eq!(around.links["documents"], [all[0].clone()]);
        }
        // what is closed opens by the record itself, and at once
        let open = Change {
            links: vec![LinkChange { relation: "access_people".to_owned(), to: person(&other), add: true }],
            ..Change::default()
        };
        step(&desk, &owner, &all[0], open).await.unwrap();
        assert!(sees(&desk, &other, &all[1]).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_outside_asks_nothing_of_documents_by_conditions_over_what_he_reads() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let owner = desk.person("Olga Owner", &["agent"]).await.unwrap();
        let requester = desk.person("Rita Request", &["requester"]).await.unwrap();
        let agent = desk.person("Otto Other", &["requester", "agent"]).await.unwrap();
        let boss = desk.person("Bo Sand", &["sms_manager"]).await.unwrap();
        let service =
            desk.create("service", Change::default().with_text("name", "Tills")).await.unwrap().record;
        let access = Change::default()
            .with_text("classification", "restricted")
            .with_text("access", "people")
            .link("services", Reference::new("service", service.number));
        secret(&desk, &owner, access).await;
        for guess in GUESSES {
            let guess = desk.engine.condition(guess, "service").unwrap();
            for caller in [&requester, &agent] {
                let asked = ListRequest { filter: Some(guess.clone()), ..question("service") };
                let refused = desk.engine.list(caller, &asked).await;
                assert!(
                    matches!(refused, Err(Error::Invalid(_))),
                    "{database:?} {} {}",
                    caller.name,
                    guess.source()
                );
                let words = desk.engine.search_where(caller, "Tills", &guess, "service", 9).await;
                assert!(matches!(words, Err(Error::Invalid(_))), "{}", guess.source());
            }
            // who sees all documents asks what he likes
            let asked = ListRequest { filter: Some(guess.clone()), ..question("service") };
            assert_eq!(desk.engine.list(&boss, &asked).await.unwrap().records.len(), 1, "{}", guess.source());
        }
        // a single link is a value of its own record, but what lies behind it is closed
        for (guess, may) in [("document != null", true), ("document.kind == 'procedure'", false)] {
            let filter = Some(desk.engine.condition(guess, "document_version").unwrap());
            let asked = ListRequest { filter, ..question("document_version") };
            assert_eq!(desk.engine.list(&agent, &asked).await.is_ok(), may, "{guess}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_and_teams_open_a_document_to_their_holders_and_members() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let owner = desk.person("Olga Owner", &["agent"]).await.unwrap();
        let holder = desk.person("Hans Holder", &["agent"]).await.unwrap();
        let deputy = desk.person("Dora Deputy", &["agent"]).await.unwrap();
        let member = desk.person("Mia Member", &["agent"]).await.unwrap();
        let other = desk.person("Otto Other", &["agent", "administrator"]).await.unwrap();
        let team =
            desk.create("team", Change::default().with_text("name", "Vault")).await.unwrap().record.number;
        step(&desk, &desk.setup(), &person(&member), Change::default().with("team", Value::Link(team)))
            .await
            .unwrap();
        let role = Change::default()
            .with_text("name", "Keeper")
            .with_text("kind", "other")
            .with("person", Value::Link(holder.person.unwrap()))
            .with("deputy", Value::Link(deputy.person.unwrap()));
        let role = desk.create("role_assignment", role).await.unwrap().record.number;
        let access = Change::default()
            .with_text("classification", "confidential")
            .with_text("access", "roles")
            .link("access_roles", Reference::new("role_assignment", role))
            .link("teams", Reference::new("team", team));
        let [document, version, _] = secret(&desk, &owner, access).await;
        for (caller, may) in
            [(&holder, true), (&deputy, true), (&member, true), (&owner, true), (&other, false)]
        {
            assert_eq!(sees(&desk, caller, &document).await, may, "{database:?} {}", caller.name);
            assert_eq!(sees(&desk, caller, &version).await, may, "{database:?} {}", caller.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_shipped_template_begins_a_document() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let author = desk.person("Aya Author", &["agent"]).await.unwrap();
        let role = Change::default()
            .with_text("name", "Authority")
            .with_text("kind", "change_authority")
            .with("person", Value::Link(author.person.unwrap()));
        let role = desk.create("role_assignment", role).await.unwrap().record.number;
        let assign = Change::default()
            .take("assign")
            .with_text("responsibilities", "All")
            .with_text("authority", "All");
        step(&desk, &desk.setup(), &Reference::new("role_assignment", role), assign).await.unwrap();
        let names: Vec<String> = desk.engine.templates().all.keys().cloned().collect();
        assert!(names.len() >= 22, "{names:?}");
        let given = BTreeMap::from([("organization".to_owned(), "Hafen & Co".to_owned())]);
        let mut kinds = std::collections::BTreeSet::new();
        for name in &names {
            let template = desk.engine.templates().get(name).unwrap().clone();
            assert!(template.text.split_whitespace().count() > 150, "{name} says little");
            assert!(!template.clauses.is_empty() && !template.summary.is_empty(), "{name}");
            kinds.extend(template.serves.clone());
            let made = desk.engine.adopt_template(&author, name, &given, Door::Page, false).await.unwrap();
            assert_eq!(
                (made.document.state.as_str(), made.version.state.as_str()),
                ("draft", "draft"),
                "{name}"
            );
            assert_eq!(made.document.text("template"), Some(name.as_str()));
            assert_eq!(made.document.title(), template.title);
            assert!(made.document.text("retention_rule").is_some(), "{name}");
            let text = made.version.text("content").unwrap();
            assert!(!text.contains("{{organization}}") && !text.contains("{{change_authority}}"), "{name}");
            for (place, label) in &made.open {
                let written = proofdesk_model::template::as_written(place);
                assert!(text.contains(&written) && !label.is_empty(), "{name} {place}");
            }
            assert_eq!(desk.engine.open_places(&made.version), made.open);
        }
        let all: std::collections::BTreeSet<String> = "abcdhijkl".chars().map(String::from).collect();
        assert!(kinds.is_superset(&all), "{kinds:?}");
        let policy = desk.engine.fill_template(&author, "change-management-policy", &given).await.unwrap().1;
        assert!(policy.text.contains("Approves changes: Aya Author."), "{}", policy.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_is_adopted_twice_only_on_purpose_and_by_who_may() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let author = desk.person("Aya Author", &["agent"]).await.unwrap();
        let auditor = desk.person("Ida Voss", &["auditor"]).await.unwrap();
        let (name, given) = ("incident-procedure", BTreeMap::new());
        let engine = &desk.engine;
        let refused = engine.adopt_template(&auditor, name, &given, Door::Page, false).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))));
        assert!(engine.list(&author, &question("document")).await.unwrap().records.is_empty());
        let first = engine.adopt_template(&author, name, &given, Door::Page, false).await.unwrap();
        let again = engine.adopt_template(&author, name, &given, Door::Page, false).await;
        let Err(Error::Invalid(problems)) = again else { panic!("{again:?}") };
        assert_eq!(problems.0[0].code, "adopted");
        assert!(problems.0[0].message.contains(&first.document.reference()), "{problems}");
        let second = engine.adopt_template(&author, name, &given, Door::Page, true).await.unwrap();
        assert_ne!(second.document.number, first.document.number);
        let none = engine.adopt_template(&author, "nothing", &given, Door::Page, false).await;
        assert!(matches!(none, Err(Error::NotFound(_))));
        // open places keep a version from its review
        let version = Reference::new("document_version", first.version.number);
        let submit = step(&desk, &author, &version, Change::default().take("submit")).await;
        let Err(Error::Invalid(problems)) = submit else { panic!("{submit:?}") };
        assert!(problems.to_string().contains("Open places"), "{problems}");
        let filled = Change::default().with_text("content", "# Incidents\nEverything is filled.");
        step(&desk, &author, &version, filled).await.unwrap();
        step(&desk, &author, &version, Change::default().take("submit")).await.unwrap();
    }
}

/// Takes a version from draft to in force, and its document to approved where it is a draft.
async fn into_force(desk: &TestDesk, author: &Caller, approver: &Caller, version: &Reference) {
    let Value::Link(document) = desk.engine.require(approver, version).await.unwrap().get("document") else {
        panic!("a version is of a document");
    };
    let document = Reference::new("document", document);
    if desk.engine.require(approver, &document).await.unwrap().state == "draft" {
        let submit = Change::default()
            .take("submit")
            .with("owner", Value::Link(author.person.unwrap()))
            .with_text("retention_rule", "Three years");
        step(desk, author, &document, submit).await.unwrap();
        let day = Value::Day(proofdesk_model::format::day_of(desk.engine.now()) + 300);
        step(desk, approver, &document, Change::default().take("approve").with("review_on", day))
            .await
            .unwrap();
    }
    let submit = Change::default().take("submit").with_text("change_description", "New");
    step(desk, author, version, submit).await.unwrap();
    step(desk, approver, version, Change::default().take("approve")).await.unwrap();
    step(desk, approver, version, Change::default().take("put_in_force")).await.unwrap();
}

async fn policy(desk: &TestDesk, author: &Caller, approver: &Caller, set: Change) -> [Reference; 2] {
    let mut document = Change::default()
        .with_text("title", "Policy")
        .with_text("kind", "other")
        .with_text("classification", "internal")
        .with_text("access", "staff")
        .with("acknowledgement_needed", Value::Bool(true));
    document.set.extend(set.set);
    document.links.extend(set.links);
    let document = desk.create("document", document).await.unwrap().record.number;
    let version = Change::default()
        .with_text("title", "Policy")
        .with("document", Value::Link(document))
        .with("author", Value::Link(author.person.unwrap()))
        .with_text("edition", "1.0")
        .with_text("content", "# Policy\nChanges need two days.\n");
    let version = desk.create("document_version", version).await.unwrap().record.number;
    let version = Reference::new("document_version", version);
    into_force(desk, author, approver, &version).await;
    [Reference::new("document", document), version]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audience_is_asked_acknowledges_once_and_again_for_a_new_version() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let engine = &desk.engine;
        let author = desk.person("Aya Author", &["agent"]).await.unwrap();
        let boss = desk.person("Bo Sand", &["sms_manager"]).await.unwrap();
        let reader = desk.person("Rea Reader", &["agent"]).await.unwrap();
        let [document, version] =
            policy(&desk, &author, &boss, Change::default().with_text("audience", "staff")).await;
        let open = engine.to_read(&reader).await.unwrap();
        assert_eq!(open.len(), 1, "{database:?}");
        assert_eq!(open[0].standing, Standing::ToRead(None, None));
        assert_eq!(open[0].since, Some(engine.now()));
        let given = engine.acknowledge(&reader, &version, Door::Page).await.unwrap();
        assert_eq!(given.state, "given");
        assert_eq!(given.get("person"), Value::Link(reader.person.unwrap()));
        assert_eq!(given.get("document_version"), Value::Link(version.number));
        assert_eq!(given.instant("given_at"), Some(engine.now()));
        assert!(engine.to_read(&reader).await.unwrap().is_empty());
        let twice = engine.acknowledge(&reader, &version, Door::Page).await.unwrap();
        assert_eq!((twice.number, twice.version), (given.number, given.version), "once is enough");
        let record = engine.require(&boss, &version).await.unwrap();
        let names = |all: &[proofdesk_engine::Reader], read: bool| {
            let found = all.iter().filter(|r| matches!(r.standing, Standing::Read(..)) == read);
            found.map(|r| r.name.clone()).collect::<Vec<_>>()
        };
        let all = engine.readers(&boss, &record).await.unwrap();
        assert_eq!(names(&all, true), ["Rea Reader"]);
        assert_eq!(names(&all, false), ["Aya Author", "Bo Sand"]);
        assert!(matches!(engine.readers(&reader, &record).await, Err(Error::Forbidden(_))));
        // a reminder asks each of the others once, with a day
        let due = engine.now() + 86_400_000_000;
        assert_eq!(engine.remind(&boss, &version, Some(due), Door::Page).await.unwrap(), 2);
        assert_eq!(engine.remind(&boss, &version, Some(due), Door::Page).await.unwrap(), 0);
        assert!(
            engine.to_read(&author).await.unwrap().is_empty(),
            "what is asked for stands among his records"
        );
        let late = engine.condition("state == 'asked' && due_at != null", "acknowledgement").unwrap();
        assert_eq!(engine.count(&boss, "acknowledgement", Some(&late), None).await.unwrap(), 2);
        let own = engine.acknowledge(&author, &version, Door::Page).await.unwrap();
        assert_eq!((own.state.as_str(), own.version), ("given", 2), "the one that asked is given");
        // the next version: with the text of this one, and asking again
        let next = engine.next_version(&author, &document, Door::Page).await.unwrap();
        assert_eq!(next.text("edition"), Some("2.0"));
        assert_eq!(next.get("follows"), Value::Link(version.number));
        let next = Reference::new("document_version", next.number);
        step(
            &desk,
            &author,
            &next,
            Change::default().with_text("content", "# Policy\nChanges need five days.\n"),
        )
        .await
        .unwrap();
        assert!(engine.to_read(&reader).await.unwrap().is_empty(), "a draft asks nobody");
        step(&desk, &boss, &version, Change::default().take("supersede")).await.unwrap();
        into_force(&desk, &author, &boss, &next).await;
        let open = engine.to_read(&reader).await.unwrap();
        assert_eq!(open.iter().map(|r| r.record.number).collect::<Vec<_>>(), [next.number]);
        let compared = engine.compare(&reader, &version, &next).await.unwrap();
        assert_eq!((compared.text.removed, compared.text.added), (1, 1));
        assert!(!compared.files_differ());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_in_the_audience_is_told_so() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let engine = &desk.engine;
        let author = desk.person("Aya Author", &["agent"]).await.unwrap();
        let boss = desk.person("Bo Sand", &["sms_manager"]).await.unwrap();
        let inside = desk.person("Ines Inside", &["agent"]).await.unwrap();
        let team =
            desk.create("team", Change::default().with_text("name", "Night")).await.unwrap().record.number;
        step(&desk, &desk.setup(), &person(&inside), Change::default().with("team", Value::Link(team)))
            .await
            .unwrap();
        let audience =
            Change::default().with_text("audience", "team").link("teams", Reference::new("team", team));
        let [document, version] = policy(&desk, &author, &boss, audience).await;
        assert_eq!(engine.to_read(&inside).await.unwrap().len(), 1, "{database:?}");
        assert!(engine.to_read(&author).await.unwrap().is_empty());
        let refused = engine.acknowledge(&author, &version, Door::Page).await;
        let Err(Error::Invalid(problems)) = refused else { panic!("{refused:?}") };
        assert_eq!(problems.0[0].code, "audience");
        assert!(problems.0[0].message.contains("not in its audience"), "{problems}");
        let on_document = engine.acknowledge(&inside, &document, Door::Page).await;
        assert!(matches!(on_document, Err(Error::Invalid(_))), "documents have versions to be read");
        let nobody = engine.acknowledge(&desk.setup(), &version, Door::Page).await;
        assert!(matches!(nobody, Err(Error::Invalid(_))), "a program reads nothing");
        let none = Change::default().with("acknowledgement_needed", Value::Bool(false));
        step(&desk, &boss, &document, none).await.unwrap();
        let asks = engine.acknowledge(&inside, &version, Door::Page).await;
        let Err(Error::Invalid(problems)) = asks else { panic!("{asks:?}") };
        assert!(problems.0[0].message.contains("asks nobody"), "{problems}");
        assert!(inside.may(engine.registry().get("acknowledgement").unwrap(), &Action::Create));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_of_different_documents_are_not_compared() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let author = desk.person("Aya Author", &["agent"]).await.unwrap();
        let boss = desk.person("Bo Sand", &["sms_manager"]).await.unwrap();
        let audience = || Change::default().with_text("audience", "staff");
        let [_, one] = policy(&desk, &author, &boss, audience()).await;
        let [_, two] = policy(&desk, &author, &boss, audience()).await;
        let refused = desk.engine.compare(&author, &one, &two).await;
        let Err(Error::Invalid(problems)) = refused else { panic!("compared") };
        assert!(problems.to_string().contains("not versions of the same"), "{problems}");
    }
}

async fn with_file(desk: &TestDesk, caller: &Caller, on: &Reference, name: &str, bytes: &[u8]) {
    let of = desk.engine.registry().get(&on.record_type).unwrap().clone();
    let mut intake = desk.engine.receive(caller, &of, name, 99).await.unwrap();
    intake.write(bytes).await.unwrap();
    let file = FieldFile { field: "file".to_owned(), file: intake.finish().await.unwrap() };
    let stamp = Stamp::now(desk.engine.now(), Door::Page);
    let target = Target::Existing(on.clone(), None);
    let id = uuid::Uuid::now_v7();
    desk.engine.apply_with(caller, target, Change::default(), vec![file], stamp, id).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_versions_are_compared_by_their_bytes() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let author = desk.person("Aya Author", &["agent"]).await.unwrap();
        let boss = desk.person("Bo Sand", &["sms_manager"]).await.unwrap();
        let [document, _] =
            policy(&desk, &author, &boss, Change::default().with_text("audience", "staff")).await;
        // the one in force is not altered, so two drafts after it are compared
        let next = desk.engine.next_version(&author, &document, Door::Page).await.unwrap();
        let one = Reference::new("document_version", next.number);
        let next = desk.engine.next_version(&author, &document, Door::Page).await.unwrap();
        let two = Reference::new("document_version", next.number);
        with_file(&desk, &author, &one, "plan.txt", b"two days").await;
        let only = desk.engine.compare(&author, &one, &two).await.unwrap();
        assert!(only.files_differ() && only.new_file.is_none(), "{database:?}");
        with_file(&desk, &author, &two, "plan-2.txt", b"two days").await;
        let named = desk.engine.compare(&author, &one, &two).await.unwrap();
        assert!(!named.files_differ(), "another name, the same bytes");
        assert_eq!(named.new_file.unwrap().name, "plan-2.txt");
        with_file(&desk, &author, &two, "plan.txt", b"five days").await;
        let other = desk.engine.compare(&author, &one, &two).await.unwrap();
        assert!(other.files_differ());
        let (old, new) = (other.old_file.unwrap(), other.new_file.unwrap());
        assert_eq!((old.name, old.size_bytes, new.size_bytes), (new.name.clone(), 8, 9));
    }
}

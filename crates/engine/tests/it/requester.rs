//! Who reads only as requester sees what is public of his own records, and nothing else by any way.

use proofdesk_engine::{Action, Caller, Change, Door, Error, ListRequest, Record, Reference, Target};
use proofdesk_model::record_type::COMMON;
use proofdesk_model::{Kind, RecordType, Value};
use proofdesk_testkit::{BOTH, TestDesk};

use crate::samples::{full, one_of_each};

fn question(of: &RecordType) -> ListRequest {
    ListRequest {
        record_type: of.name.clone(),
        filter: None,
        sort: String::new(),
        descending: true,
        after: None,
        limit: 50,
    }
}

/// Nothing that is not public has a value; gives the columns that were hidden.
fn hidden(whole: &Record, seen: &Record) -> Vec<String> {
    let of = &whole.of;
    let mut found = Vec::new();
    for column in of.columns() {
        let (there, shown) = (whole.get(&column.name), seen.get(&column.name));
        if of.is_public(&column.name) {
            assert_eq!(there, shown, "{}.{} is public", of.name, column.name);
        } else {
            assert_eq!(shown, Value::Null, "{}.{} is shown", of.name, column.name);
            if there != Value::Null {
                found.push(column.name.clone());
            }
        }
    }
    for (relation, others) in &seen.links {
        assert!(others.is_empty() || of.is_public(relation), "{}.{relation} is shown", of.name);
    }
    assert_eq!((seen.title(), &seen.state), (whole.title(), &whole.state));
    found
}

/// Neither a filter nor an order tells of a column.
async fn cannot_be_asked(desk: &TestDesk, caller: &Caller, of: &RecordType, column: &str) {
    let many = of.field(column).is_some_and(|f| matches!(f.kind, Kind::Choices(_)));
    let asked = if many { format!("size({column}) == 0") } else { format!("{column} != null") };
    let condition = desk.engine.condition(&asked, &of.name).unwrap();
    let filtered = ListRequest { filter: Some(condition.clone()), ..question(of) };
    let refused = desk.engine.list(caller, &filtered).await;
    let Err(Error::Invalid(problems)) = refused else { panic!("{}.{column} filters", of.name) };
    assert!(problems.0[0].message.contains(&format!("`{column}` is not a field")), "{problems}");
    let counted = desk.engine.count(caller, &of.name, Some(&condition), None).await;
    assert!(matches!(counted, Err(Error::Invalid(_))), "{}.{column} is counted by", of.name);
    let sorted = ListRequest { sort: column.to_owned(), ..question(of) };
    let refused = desk.engine.list(caller, &sorted).await;
    assert!(matches!(refused, Err(Error::Invalid(_))), "{}.{column} sorts", of.name);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_every_type_only_what_is_public_is_seen() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let known = one_of_each(&desk).await;
        let requester = desk.person("Store 118", &["requester"]).await.unwrap();
        let agent = desk.person("Mara Rehn", &["agent"]).await.unwrap();
        // what is for customers is read by somebody of the customer that the samples name
        let person = Target::Existing(Reference::new("person", requester.person.unwrap()), None);
        let customer = Change::default().with("customer", Value::Link(known["customer"].number));
        desk.engine.apply(&desk.setup(), person, customer, Door::Page).await.unwrap();
        let service = Target::Existing(known["service"].clone(), None);
        let customers = Change::default().link("customers", known["customer"].clone());
        desk.engine.apply(&desk.setup(), service, customers, Door::Page).await.unwrap();
        let types: Vec<_> = desk.engine.registry().types().cloned().collect();
        let mut tried = Vec::new();
        for of in &types {
            let mut change = full(of, &known);
            for field in of.own_fields() {
                change = change.with(field, Value::Link(requester.person.unwrap()));
            }
            if requester.may(of, &Action::Read) && requester.narrow(of).is_some() {
                if of.field("audience").is_some() {
                    change = change.with_text("audience", "customers");
                }
                change.state = of.states.iter().find(|s| s.kind.as_str() == "open").map(|s| s.name.clone());
            }
            let made = desk.create(&of.name, change.clone()).await.unwrap().record;
            let on = Reference::new(of.name.clone(), made.number);
            if !requester.may(of, &Action::Read) {
                assert!(matches!(desk.engine.load(&requester, &on).await, Err(Error::Forbidden(_))));
                continue;
            }
            tried.push(of.name.as_str());
            let whole = desk.engine.require(&agent, &on).await.unwrap();
            let seen = desk.engine.require(&requester, &on).await.unwrap();
            let secret = hidden(&whole, &seen);
            assert!(secret.len() > 3, "{}: the sample holds what is not public: {secret:?}", of.name);
            let list = desk.engine.list(&requester, &question(of)).await.unwrap();
            let listed = list.records.iter().find(|r| r.number == made.number).unwrap();
            hidden(&whole, listed);
            for column in &secret {
                cannot_be_asked(&desk, &requester, of, column).await;
            }
            for item in desk.engine.history_for(&requester, &on, None, 50).await.unwrap() {
                assert!(item.changes.iter().all(|c| of.is_public(&c.field)), "{:?}", item.changes);
                assert!(item.links.iter().all(|(relation, _, _)| of.is_public(relation)));
                assert!(!item.is_whole, "the bytes of such an entry are not shown");
            }
            let relations = of.relations();
            for relation in relations.iter().filter(|r| !of.is_public(r)) {
                assert!(desk.engine.related(&requester, &seen, relation).await.unwrap().is_empty());
            }
        }
        assert!(tried.len() >= 4 && tried.contains(&"incident"), "{tried:?}");
        for (name, _) in COMMON {
            let open = ["number", "version", "state", "created_at", "updated_at"].contains(&name);
            let incident = desk.engine.require_type("incident").unwrap();
            assert_eq!(incident.is_public(name), open, "{name}");
        }
    }
}

#[tokio::test]
async fn who_watches_or_was_helped_is_told_to_no_other_customer() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let mine = desk.person("Store 118", &["requester"]).await.unwrap();
        let other = desk.person("Store 7", &["requester"]).await.unwrap();
        let agent = desk.person("Mara Rehn", &["agent"]).await.unwrap();
        let change = proofdesk_engine::Change::default().with_text("name", "Point of sale");
        let number = desk.create("service", change).await.unwrap().record.number;
        let on = Reference::new("service", number);
        for caller in [&other, &mine, &agent] {
            desk.engine.watch(caller, &on, true, Door::Page).await.unwrap();
        }
        assert_eq!(desk.engine.watchers_for(&mine, &on).await.unwrap(), [mine.person.unwrap()]);
        assert_eq!(desk.engine.watchers_for(&agent, &on).await.unwrap().len(), 3);
        let told = desk.engine.history_for(&mine, &on, None, 50).await.unwrap();
        let told: Vec<(&str, Option<i64>)> = told.iter().map(|i| (i.action.as_str(), i.person)).collect();
        assert_eq!(told, [("watch", mine.person), ("create", desk.setup().person)], "{database:?}");
        // also where pages are shorter than what lies between
        let one = desk.engine.history_for(&other, &on, None, 1).await.unwrap();
        let next = desk.engine.history_for(&other, &on, Some(one[0].entry), 1).await.unwrap();
        assert_eq!((one[0].action.as_str(), next[0].action.as_str()), ("watch", "create"));
        let hidden = desk.engine.history_for(&agent, &on, None, 50).await.unwrap();
        let hidden = hidden.iter().find(|i| i.person == other.person).unwrap().entry;
        assert!(desk.engine.entry(&mine, hidden).await.unwrap().is_none());
        assert!(desk.engine.entry(&agent, hidden).await.unwrap().is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_search_nor_a_conflict_nor_other_types_tell() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let requester = desk.person("Store 118", &["requester"]).await.unwrap();
        let agent = desk.person("Mara Rehn", &["agent"]).await.unwrap();
        let change = proofdesk_engine::Change::default()
            .with_text("title", "Tills down")
            .with_text("category", "Zebrafish")
            .with("reported_by", Value::Link(requester.person.unwrap()));
        let on = Reference::new("incident", desk.create("incident", change).await.unwrap().record.number);
        let problem = proofdesk_engine::Change::default().with_text("title", "Gateway zebrafish");
        let problem = Reference::new("problem", desk.create("problem", problem).await.unwrap().record.number);
        let linked = proofdesk_engine::Change::default().link("problems", problem);
        desk.engine.apply(&agent, Target::Existing(on.clone(), None), linked, Door::Page).await.unwrap();
        for text in ["problems.exists(p, p.title == 'x')", "size(problems) > 0", "service.team != null"] {
            let filter = Some(desk.engine.condition(text, "incident").unwrap());
            let of = desk.engine.require_type("incident").unwrap();
            let asked = desk.engine.list(&requester, &ListRequest { filter, ..question(&of) }).await;
            assert!(matches!(asked, Err(Error::Invalid(_))), "{text}");
        }
        assert!(desk.engine.search(&requester, "zebrafish", None, 10).await.unwrap().is_empty());
        assert_eq!(desk.engine.search(&requester, "tills", None, 10).await.unwrap().len(), 1);
        let of = desk.engine.require_type("incident").unwrap();
        let searched = of.fields.values().find(|f| f.search && !of.is_public(&f.name));
        if let Some(field) = searched {
            let change = proofdesk_engine::Change::default().with_text(&field.name, "axolotl");
            desk.engine.apply(&agent, Target::Existing(on.clone(), None), change, Door::Page).await.unwrap();
            assert_eq!(desk.engine.search(&agent, "axolotl", None, 10).await.unwrap().len(), 1);
            assert!(desk.engine.search(&requester, "axolotl", None, 10).await.unwrap().is_empty());
        }
        let stale = proofdesk_engine::Change::default().take("reopen");
        let refused = desk.engine.apply(&requester, Target::Existing(on, Some(0)), stale, Door::Page).await;
        let Err(Error::Conflict(conflict)) = refused else { panic!("{refused:?}") };
        assert!(conflict.changed.iter().all(|c| of.is_public(&c.field)), "{:?}", conflict.changed);
        assert!(conflict.changed.iter().any(|c| c.field == "title"));
    }
}

/// A change with one value of another.
fn only(field: &str, whole: &Change) -> Change {
    let mut one = Change::default();
    if let Some(value) = whole.set.get(field) {
        one.set.insert(field.to_owned(), value.clone());
    }
    one.links = whole.links.iter().filter(|l| l.relation == field).cloned().collect();
    one
}

#[tokio::test(flavor = "multi_thread")]
async fn a_requester_enters_what_the_type_names_and_nothing_else() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let known = one_of_each(&desk).await;
        // another role that reads and writes nothing of these makes no difference
        let requester = desk.person("Store 118", &["requester", "auditor"]).await.unwrap();
        let types: Vec<_> = desk.engine.registry().types().cloned().collect();
        let mut refused = 0;
        let makes =
            |of: &RecordType| of.permissions.get("requester").is_some_and(|may| may.contains("create"));
        for of in types.iter().filter(|of| makes(of)) {
            let whole = full(of, &known);
            let before = desk.engine.count(&desk.setup(), &of.name, None, None).await.unwrap();
            let names: Vec<String> =
                whole.set.keys().chain(whole.links.iter().map(|l| &l.relation)).cloned().collect();
            let foreign: Vec<_> = names.iter().filter(|n| !of.requesters_enter.contains(n)).collect();
            assert!(foreign.len() > 3, "{}: {foreign:?}", of.name);
            for name in foreign {
                for door in [Door::Page, Door::Api] {
                    let change = only(name, &whole).with_text("title", "Slow search");
                    let made =
                        desk.engine.apply(&requester, Target::New(of.name.clone()), change, door).await;
                    let Err(Error::Invalid(problems)) = made else { panic!("{}.{name} was taken", of.name) };
                    assert!(problems.0.iter().any(|p| p.field == *name), "{}.{name}: {problems}", of.name);
                    refused += 1;
                }
            }
            let after = desk.engine.count(&desk.setup(), &of.name, None, None).await.unwrap();
            assert_eq!(before, after, "{}", of.name);
            let own = Change::default()
                .with_text("title", "Slow search")
                .with(of.own_fields().next().unwrap(), Value::Link(requester.person.unwrap()));
            let made = desk.engine.apply(&requester, Target::New(of.name.clone()), own, Door::Api).await;
            let made = made.unwrap().record;
            assert_eq!(made.int(of.own_fields().next().unwrap()), requester.person, "{}", of.name);
        }
        assert!(refused > 40, "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_step_a_requester_enters_what_it_asks_for() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let requester = desk.person("Store 118", &["requester"]).await.unwrap();
        let me = requester.person.unwrap();
        let given = Change::default().with_text("title", "Screen").with("reported_by", Value::Link(me));
        let mut given = given.with_text("closure_code", "fixed");
        given.state = Some("resolved".to_owned());
        let made = desk.create("incident", given).await.unwrap().record;
        let target = || Target::Existing(Reference::new("incident", made.number), None);
        let more = Change::default().take("confirm").with_text("closure_code", "no_fault");
        let refused = desk.engine.apply(&requester, target(), more, Door::Api).await;
        let Err(Error::Invalid(problems)) = refused else { panic!("a code is not a customer's to give") };
        assert_eq!((problems.0[0].field.as_str(), problems.0[0].code.as_str()), ("closure_code", "staff"));
        // nor does somebody else's report become his own on the way
        let mine = Change::default().take("confirm").with("reported_by", Value::Link(me));
        let refused = desk.engine.apply(&requester, target(), mine, Door::Api).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
        let rated = Change::default().take("confirm").with("satisfaction", Value::Int(5));
        let done = desk.engine.apply(&requester, target(), rated, Door::Api).await.unwrap().record;
        assert_eq!((done.state.as_str(), done.text("closure_code")), ("closed", Some("fixed")));
    }
}

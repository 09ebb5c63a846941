//! Writes: values, conflicts, uniqueness, relations, many at once.

use std::collections::HashMap;

use proofdesk_model::{Action, Caller, Change, Decimal, Reference, Value};
use proofdesk_store::{Error, Extra};

use crate::cases::log::check_tree;
use crate::desk::{CONTEXT, Desk, a_box, fresh_id, instant, unlink};

/// Every kind of value comes back as it was written.
pub async fn values_come_back(desk: Desk) {
    let decimal: Decimal = "-12.345678".parse().unwrap();
    let change = Change::default()
        .with_text("title", "Grüße \u{10FFFF} 'quoted' \"twice\" \\ 😀")
        .with_text("body", "two\nlines\tand a tab")
        .with("weight", Value::Int(-5))
        .with("share", Value::Decimal(decimal))
        .with("cost", Value::Decimal("99.5".parse().unwrap()))
        .with_text("cost_currency", "EUR")
        .with("length", Value::Duration(3_600_000_000))
        .with("due_at", instant(-1))
        .with("opened_on", Value::Day(-1))
        .with("major", Value::Bool(false))
        .with_text("priority", "p2")
        .with("tags", Value::Choices(vec!["a".into(), "b".into()]));
    let (number, _) = desk.create("thing", change.clone(), 42).await.unwrap();
    let record = desk.load("thing", number).await;
    for (name, value) in &change.set {
        assert_eq!(record.get(name), *value, "{name}");
    }
    assert_eq!((record.version, record.state.as_str(), record.origin.as_str()), (1, "new", "cli"));
    assert_eq!((record.created_at, record.updated_at, record.created_by), (42, 42, None));
    assert_eq!(record.get("box"), Value::Null);
    let cleared = Change::default().with("share", Value::Null).with("tags", Value::Null);
    desk.change(record, cleared, 43).await.unwrap();
    let record = desk.load("thing", number).await;
    assert_eq!((record.version, record.get("share"), record.get("weight")), (2, Value::Null, Value::Int(-5)));
    let many = desk.store.load_many(&desk.of("thing"), &[9, number, 8, number]).await.unwrap();
    assert_eq!(many.len(), 2, "unknown ones are left out, order is kept");
    assert!(desk.store.load(&desk.of("thing"), 99).await.unwrap().is_none());
}

/// The second of two writers on one version is refused and changes nothing.
pub async fn a_stale_write_is_refused(desk: Desk) {
    let number = desk.thing("one").await;
    let loaded = desk.load("thing", number).await;
    desk.change(loaded.clone(), Change::default().take("start"), 2).await.unwrap();
    let refused = desk.change(loaded.clone(), Change::default().with_text("title", "two"), 3).await;
    assert!(matches!(refused, Err(Error::Conflict { current: 2, .. })), "{refused:?}");
    let now = desk.load("thing", number).await;
    assert_eq!((now.text("title"), now.state.as_str()), (Some("one"), "open"));
    assert_eq!(desk.leaves().await.len(), 2, "the refused write left no entry");
    let mut unknown = loaded;
    unknown.number = 77;
    let missing = desk.change(unknown, Change::default().take("start"), 4).await;
    assert!(matches!(missing, Err(Error::NotFound(_))), "{missing:?}");
}

/// Ids of writes, numbers and external keys are used once.
pub async fn nothing_is_written_twice(desk: Desk) {
    let change = Change { external_key: Some("K1".into()), ..Change::default().with_text("title", "x") };
    let (permit, checked) = desk.checked("thing", None, change, 1);
    let first = desk.store.allocate("thing", 3).await.unwrap();
    let extra = Extra { id: fresh_id(), ..Extra::default() };
    let store = &desk.store;
    store.write(&permit, &checked.clone().numbered(first), &desk.registry, extra.clone()).await.unwrap();
    let next = checked.clone().numbered(first + 1);
    let same_key = store.write(&permit, &next, &desk.registry, Extra { id: fresh_id(), ..Extra::default() });
    assert!(matches!(same_key.await, Err(Error::KeyTaken { key, .. }) if key == "K1"));
    let (permit, other) = desk.checked("thing", None, Change::default().with_text("title", "y"), 1);
    let taken = other.clone().numbered(first);
    let same_number =
        store.write(&permit, &taken, &desk.registry, Extra { id: fresh_id(), ..Extra::default() });
    assert!(matches!(same_number.await, Err(Error::NumberTaken { number, .. }) if number == first));
    let again = store.write(&permit, &other.numbered(first + 2), &desk.registry, extra.clone()).await;
    assert!(matches!(again, Err(Error::Duplicate)), "{again:?}");
    assert_eq!(store.count(&desk.of("thing"), None, &CONTEXT, None).await.unwrap(), 1);
    assert_eq!(store.find_external(&desk.of("thing"), "K1").await.unwrap(), Some(first));
    assert_eq!(store.find_external(&desk.of("thing"), "K2").await.unwrap(), None);
    assert_eq!(store.entries_of_write(extra.id).await.unwrap().len(), 1);
    let box_permit = desk.of("box").permit(&Caller::system("t"), Action::Update, None).unwrap();
    let (_, checked) = desk.checked("thing", None, Change::default().with_text("title", "z"), 1);
    let wrong = store.write(&box_permit, &checked.numbered(9), &desk.registry, extra).await;
    assert!(matches!(wrong, Err(Error::Invalid(_))), "a permit of another type");
}

/// Relations are seen from both sides, added and removed from either.
pub async fn links_go_both_ways(desk: Desk) {
    for title in ["b1", "b2", "b3"] {
        desk.create("box", Change::default().with_text("title", title), 1).await.unwrap();
    }
    let change = Change::default().with_text("title", "t").with("box", Value::Link(2));
    let change = change.link("related", a_box(3)).link("related", a_box(1));
    let (number, _) = desk.create("thing", change, 1).await.unwrap();
    let thing = Reference::new("thing", number);
    let (store, things, boxes) = (&desk.store, desk.of("thing"), desk.of("box"));
    let seen = store.links(&thing, &things, None).await.unwrap();
    assert_eq!(seen["related"], [a_box(1), a_box(3)]);
    let seen = store.links(&a_box(3), &boxes, None).await.unwrap();
    assert_eq!((&seen["relates"], &seen["things"]), (&vec![thing.clone()], &vec![]));
    let seen = store.links(&a_box(2), &boxes, Some("things")).await.unwrap();
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [("things".to_owned(), vec![thing.clone()])]);

    desk.change(desk.load("thing", number).await, unlink("related", a_box(1)), 2).await.unwrap();
    let from_box = Change::default().link("relates", thing.clone());
    desk.change(desk.load("box", 2).await, from_box.clone(), 3).await.unwrap();
    desk.change(desk.load("box", 2).await, from_box, 3).await.unwrap();
    assert_eq!(store.links(&thing, &things, None).await.unwrap()["related"], [a_box(2), a_box(3)]);
    let other_column = Change::default().link("things", thing);
    let refused = desk.change(desk.load("box", 2).await, other_column, 4).await;
    assert!(matches!(refused, Err(Error::Invalid(m)) if m.contains("`box`")));
}

/// Many changes in one transaction: rows once, every entry, all or nothing.
pub async fn many_writes_are_one(desk: Desk) {
    let first = desk.store.allocate("thing", 100).await.unwrap();
    let mut writes = Vec::new();
    for i in 0..100 {
        let change =
            Change { external_key: Some(format!("K{i}")), ..Change::default().with_text("title", "t") };
        let (permit, checked) = desk.checked("thing", None, change.link("related", a_box(1)), i);
        let checked = checked.numbered(first + i);
        let record = checked.after().clone();
        writes.push((
            permit,
            checked,
            Extra { id: fresh_id(), search_text: Some("early".into()), ..Extra::default() },
        ));
        let (permit, checked) = desk.checked(
            "thing",
            Some(record),
            Change::default().with("weight", Value::Int(i)).take("start"),
            i + 1,
        );
        writes.push((
            permit,
            checked,
            Extra { id: fresh_id(), search_text: Some("late".into()), ..Extra::default() },
        ));
    }
    let receipts = desk.store.write_many(writes.clone(), &desk.registry).await.unwrap();
    assert_eq!((receipts.len(), receipts[0].entries.len()), (200, 1));
    let record = desk.load("thing", first + 99).await;
    assert_eq!((record.version, record.state.as_str(), record.get("weight")), (2, "open", Value::Int(99)));
    assert_eq!(desk.leaves().await.len(), 200);
    let ids: Vec<i64> = receipts.iter().flat_map(|r| r.entries.clone()).collect();
    assert_eq!(desk.leaves().await.iter().map(|e| e.id).collect::<Vec<_>>(), ids, "in the order given");
    assert_eq!(desk.store.search("late", &[], 300).await.unwrap().len(), 100);
    assert_eq!(desk.store.search("early", &[], 300).await.unwrap().len(), 0);
    assert_eq!(desk.store.links(&a_box(1), &desk.of("box"), None).await.unwrap()["relates"].len(), 100);
    check_tree(&desk).await;
    let again = desk.store.write_many(writes[..2].to_vec(), &desk.registry).await;
    assert!(matches!(again, Err(Error::NumberTaken { .. } | Error::KeyTaken { .. })), "{again:?}");
    let stale = desk.checked("thing", Some(record.clone()), Change::default().take("finish"), 9);
    let gap = desk.checked("thing", Some(record), Change::default().take("finish"), 9);
    let writes = [stale, gap].map(|(p, c)| (p, c, Extra { id: fresh_id(), ..Extra::default() }));
    let refused = desk.store.write_many(writes.to_vec(), &desk.registry).await;
    assert!(matches!(refused, Err(Error::Conflict { .. })), "{refused:?}");
    assert_eq!(desk.leaves().await.len(), 200, "all or nothing");
}

/// Sixty-four clients at once: every acknowledged write is there.
pub async fn many_clients_write_at_once(desk: Desk) {
    let mut tasks = Vec::new();
    for client in 0..64_i64 {
        let desk = desk.clone();
        tasks.push(tokio::spawn(async move {
            let (number, _) =
                desk.create("thing", Change::default().with_text("title", "t"), client).await.unwrap();
            for at in 0..3 {
                let record = desk.load("thing", number).await;
                let change = Change::default().with("weight", Value::Int(at));
                desk.change(record, change, at).await.unwrap();
            }
            number
        }));
    }
    let mut versions = HashMap::new();
    for task in tasks {
        let number = task.await.unwrap();
        versions.insert(number, desk.load("thing", number).await.version);
    }
    assert_eq!(versions.len(), 64);
    assert!(versions.values().all(|v| *v == 4));
    check_tree(&desk).await;
}

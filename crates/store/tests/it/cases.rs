//! What the store does, the same on both databases.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use proofdesk_model::entry::Entry;
use proofdesk_model::{Action, Caller, Change, Decimal, Job, Reference, Value};
use proofdesk_store::{Error, Extra, Options, Question, Select, Statement, Store, StoredCheckpoint, Verdict};
use proofdesk_tlog::{Frontier, NodeId, leaf_hash, needed_for_root, root};
use uuid::Uuid;

use crate::desk::{CONTEXT, Desk, RECORDS, a_box, fresh_id, instant, registry, unlink};

/// Declarations are carried out once, extended, renamed; what is not declared is refused.
pub async fn tables_follow_the_declarations(desk: Desk) {
    assert!(desk.store.plan(&desk.registry).await.unwrap().steps.is_empty(), "nothing is left to do");
    desk.create("thing", Change::default().with_text("title", "kept").with("weight", Value::Int(7)), 1)
        .await
        .unwrap();

    let more = RECORDS.replace("int      \"weight\"", "int \"weight\"\n        text \"colour\" index=#true");
    let plan = desk.store.migrate(&registry(&more)).await.unwrap();
    let what: Vec<&str> = plan.steps.iter().map(|s| s.what.as_str()).collect();
    assert_eq!(what, ["add `colour` to thing", "index things: records by colour"]);

    let renamed = more
        .replace("int \"weight\"", "int \"mass\" was=\"weight\"")
        .replace("sort=\"weight\"", "sort=\"mass\"");
    let plan = desk.store.migrate(&registry(&renamed)).await.unwrap();
    assert_eq!(plan.steps[0].what, "rename `weight` of thing to `mass`");
    let registry_now = registry(&renamed);
    let loaded = desk.store.load(registry_now.get("thing").unwrap(), 1).await.unwrap().unwrap();
    assert_eq!(loaded.get("mass"), Value::Int(7), "the value moved with the column");
    assert!(desk.store.plan(&registry_now).await.unwrap().steps.is_empty());

    let gone =
        renamed.replace("text \"colour\" index=#true", "").replace("decimal  \"share\"", "text \"share\"");
    let Err(Error::Schema(findings)) = desk.store.plan(&registry(&gone)).await else { panic!("refused") };
    assert_eq!(findings.len(), 2, "{findings:?}");
    assert!(findings.iter().any(|f| f.contains("`colour`") && f.contains("not declared")), "{findings:?}");
    assert!(findings.iter().any(|f| f.contains("`share`") && f.contains("needs TEXT")), "{findings:?}");
    let own = "record \"counter\" reference=\"CNT\" label=\"C\" plural=\"Cs\" {\n title \"a\"\n section \"A\" { text \"a\"; }\n state \"active\" kind=\"open\"\n}";
    assert!(matches!(desk.store.plan(&registry(own)).await, Err(Error::Schema(_))), "the engine's own name");
}

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

/// Pages are complete and without doubles: ties, nulls, both directions, new records in between.
pub async fn lists_page_by_key(desk: Desk) {
    for i in 0..23_i64 {
        let mut change = Change::default().with_text("title", &format!("t{}", i % 4));
        if i % 3 != 0 {
            change = change.with("due_at", instant(i % 5));
        }
        if i % 2 == 0 {
            change = change.with("major", Value::Bool(i % 4 == 0)).with("opened_on", Value::Day(i as i32));
        }
        desk.create("thing", change, i).await.unwrap();
    }
    for sort in ["due_at", "title", "number", "major", "opened_on", "updated_at", "state", "weight"] {
        for descending in [false, true] {
            let mut query = desk.query(Some("state in ['new', 'open']"), sort, descending, 5);
            let mut seen = Vec::new();
            loop {
                let page = desk.store.list(&query).await.unwrap();
                seen.extend(page.records);
                if seen.len() == 5 {
                    desk.thing("zz new").await;
                }
                let Some(next) = page.next else { break };
                query.after = Some(next.to_string().parse().unwrap());
            }
            let numbers: Vec<i64> = seen.iter().map(|r| r.number).collect();
            let unique: BTreeSet<i64> = numbers.iter().copied().collect();
            assert_eq!(unique.len(), numbers.len(), "no doubles by {sort}");
            assert!((1..=23).all(|n| unique.contains(&n)), "complete by {sort} {descending}");
            let nulls: Vec<bool> = seen.iter().map(|r| r.get(sort).is_null()).collect();
            assert!(nulls.is_sorted(), "nulls last by {sort} {descending}: {nulls:?}");
            if sort == "due_at" {
                let due: Vec<(i64, i64)> =
                    seen.iter().filter_map(|r| Some((r.instant("due_at")?, r.number))).collect();
                let sorted = if descending { due.iter().rev().is_sorted() } else { due.is_sorted() };
                assert!(sorted, "{due:?}");
            }
        }
    }
    let mut query = desk.query(None, "title", false, 3);
    let next = desk.store.list(&query).await.unwrap().next;
    query.descending = true;
    query.after = next;
    assert!(matches!(desk.store.list(&query).await, Err(Error::Invalid(_))), "a cursor of another list");
    let unknown = desk.store.list(&desk.query(None, "nope", false, 3)).await;
    assert!(matches!(unknown, Err(Error::Invalid(_))));
}

/// A list by a declared view reads an index in its order, nothing else.
pub async fn views_have_an_index(desk: Desk) {
    let Some(path) = desk.store.path().map(ToOwned::to_owned) else { return };
    let connection = rusqlite::Connection::open(path).unwrap();
    let words = "\"state\" IN ('new', 'open')";
    let sql = format!(
        "EXPLAIN QUERY PLAN SELECT * FROM thing t WHERE {words} AND (coalesce(\"due_at\", 9223372036854775807), t.\"number\") > (?1, ?2) ORDER BY coalesce(\"due_at\", 9223372036854775807), t.\"number\" LIMIT 51"
    );
    let mut statement = connection.prepare(&sql).unwrap();
    let plan: Vec<String> =
        statement.query_map((5, 6), |row| row.get(3)).unwrap().map(Result::unwrap).collect();
    assert!(plan.len() == 1 && plan[0].contains("USING INDEX ix_thing_"), "{plan:?}");
}

/// Counts and verdicts agree with the records.
pub async fn verdicts_are_counted(desk: Desk) {
    for i in 0..10_i64 {
        let mut change = Change::default().with_text("title", "t").with("weight", Value::Int(i));
        if i >= 4 {
            change = change.with("due_at", instant(i));
        }
        if i == 9 {
            change = change.with("major", Value::Bool(true));
        }
        desk.create("thing", change, 5).await.unwrap();
    }
    let (store, of) = (&desk.store, desk.of("thing"));
    let heavy = desk.condition("thing", "weight >= 2");
    assert_eq!(store.count(&of, Some(&heavy), &CONTEXT, None).await.unwrap(), 8);
    assert_eq!(store.count(&of, Some(&heavy), &CONTEXT, Some(3)).await.unwrap(), 3);
    let late = desk.condition("thing", "due_at <= created_at");
    let question =
        Question { of: &of, population: Some(&heavy), must: &late, only: None, exceptions_limit: 4 };
    let found = store.verdicts(question, &CONTEXT).await.unwrap();
    assert_eq!((found.holds, found.fails, found.errors, found.unknown), (2, 4, 2, 0));
    let expected = [(3, Verdict::Error), (4, Verdict::Error), (7, Verdict::Fails), (8, Verdict::Fails)];
    assert_eq!(found.exceptions, expected);
    for (number, verdict) in [(3, Verdict::Error), (7, Verdict::Fails)] {
        let one = store.verdicts(Question { only: Some(number), ..question }, &CONTEXT).await.unwrap();
        assert_eq!((one.population(), one.exceptions), (1, vec![(number, verdict)]));
    }
    let one = store.verdicts(Question { only: Some(6), ..question }, &CONTEXT).await.unwrap();
    assert_eq!((one.holds, one.exceptions.len()), (1, 0));
    let outside = store.verdicts(Question { only: Some(1), ..question }, &CONTEXT).await.unwrap();
    assert_eq!(outside.population(), 0);
    let not_major = desk.condition("thing", "major != true");
    let unsure = Question { population: Some(&late), must: &not_major, ..question };
    let found = store.verdicts(unsure, &CONTEXT).await.unwrap();
    assert_eq!(
        (found.holds, found.fails, found.errors, found.unknown),
        (2, 0, 0, 4),
        "empty due times are not dropped"
    );
}

/// Words are found in records and comments; any text is a safe question.
pub async fn search_finds_words(desk: Desk) {
    let made = |title: &str, body: &str| Change::default().with_text("title", title).with_text("body", body);
    let (a, _) = desk.create("thing", made("Printer in Köln", "out of PAPER"), 1).await.unwrap();
    let (b, _) = desk.create("thing", made("Paper jam", "the printers"), 2).await.unwrap();
    desk.create("box", Change::default().with_text("title", "printer box"), 3).await.unwrap();
    let find = async |text: &str, types: &[String]| {
        let hits = desk.store.search(text, types, 10).await.unwrap();
        hits.into_iter().map(|h| (h.record.record_type, h.record.number)).collect::<Vec<_>>()
    };
    let thing = |number: i64| ("thing".to_owned(), number);
    assert_eq!(find("koln", &[]).await, [thing(a)]);
    assert_eq!(find("paper", &[]).await, [thing(b), thing(a)], "the title counts more, then the newest");
    assert_eq!(find("print pap", &[]).await, [], "only the last word may be a beginning");
    assert_eq!(find("paper print", &[]).await, [thing(b), thing(a)]);
    assert_eq!(find("printer", &["box".to_owned()]).await, [("box".to_owned(), 1)]);
    for odd in [
        "",
        "  ",
        "\"",
        "' OR 1=1 --",
        "AND",
        "NEAR(",
        "*",
        "p*",
        "😀",
        "-x",
        "{title}:",
        "a:b",
        "\u{0}",
        "&|!",
        "()",
    ] {
        find(odd, &[]).await;
    }
    let on = Reference::new("thing", a);
    let permit = desk.of("thing").permit(&Caller::system("t"), Action::Note, None).unwrap();
    let entry = Entry { record: on.clone(), version: 1, at: 9, body: b"{}".to_vec() };
    let comment = Statement::search_text(&on, "comment/1", 9, "smells of toner");
    desk.store.note(&permit, vec![entry], vec![comment], fresh_id()).await.unwrap();
    let hits = desk.store.search("toner", &[], 10).await.unwrap();
    assert_eq!((hits.len(), hits[0].part.as_str()), (1, "comment/1"));
    let gone = Statement::search_text(&on, "comment/1", 9, "");
    desk.store.execute(vec![gone]).await.unwrap();
    assert_eq!(find("toner", &[]).await, []);
    let (permit, checked) = desk.checked("thing", Some(desk.load("thing", a).await), made("Scanner", "x"), 4);
    let extra = Extra { id: fresh_id(), search_text: Some("x".into()), ..Extra::default() };
    desk.store.write(&permit, &checked, &desk.registry, extra).await.unwrap();
    assert_eq!(find("koln", &[]).await, []);
    assert_eq!(find("scann", &[]).await, [thing(a)]);
}

/// The stored tree is the tree of the entries, without gap or double, whatever writes at once.
pub async fn the_log_has_no_gaps(desk: Desk) {
    let other = desk.second().await;
    let mut tasks = Vec::new();
    for client in 0..32_i64 {
        let desk = if client % 2 == 0 { desk.clone() } else { other.clone() };
        tasks.push(tokio::spawn(async move {
            for i in 0..6 {
                let mut tries = 0;
                while let Err(error) =
                    desk.create("thing", Change::default().with_text("title", "t"), i).await
                {
                    tries += 1;
                    assert!(matches!(error, Error::NumberTaken { .. }) && tries < 50, "{error}");
                }
                if i % 3 == 0 {
                    desk.store.sequence_once().await.unwrap();
                }
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let (one, two) = tokio::join!(desk.leaves(), other.leaves());
    assert_eq!(one.len(), 32 * 6);
    assert_eq!(one, two);
    check_tree(&desk).await;
    let health = desk.store.health().await.unwrap();
    assert_eq!((health.log_size, health.pending), (32 * 6, 0));
}

/// Compares the stored tree with one made of the entries.
pub async fn check_tree(desk: &Desk) {
    let entries = desk.leaves().await;
    let mut frontier = Frontier::new();
    let mut ids = BTreeSet::new();
    for (at, entry) in entries.iter().enumerate() {
        assert_eq!(entry.leaf, Some(at as u64));
        assert_eq!(entry.leaf_hash, leaf_hash(&entry.body));
        assert!(ids.insert(entry.id), "an entry is a leaf once");
        frontier.push(leaf_hash(&entry.body)).unwrap();
    }
    let size = desk.store.log_size().await.unwrap();
    assert_eq!(size, frontier.size());
    let nodes = desk.store.nodes(&needed_for_root(size)).await.unwrap();
    assert_eq!(root(size, &nodes).unwrap(), frontier.root());
    let level: Vec<NodeId> =
        desk.store.node_range(1, 0, 1000).await.unwrap().into_iter().map(|n| n.0).collect();
    assert_eq!(level.len() as u64, size / 2);
}

/// History is read newest first, page by page; notes belong to it.
pub async fn history_is_paged(desk: Desk) {
    let number = desk.thing("h").await;
    desk.thing("other").await;
    desk.change(desk.load("thing", number).await, Change::default().take("start"), 2_000).await.unwrap();
    let record = Reference::new("thing", number);
    let permit = desk.of("thing").permit(&Caller::system("t"), Action::Comment, None).unwrap();
    let entry =
        |body: &str| Entry { record: record.clone(), version: 2, at: 3_000, body: body.as_bytes().to_vec() };
    let id = fresh_id();
    let receipt =
        desk.store.note(&permit, vec![entry("{\"a\":1}"), entry("{\"b\":2}")], vec![], id).await.unwrap();
    assert_eq!(receipt.entries.len(), 2);
    let twice = desk.store.note(&permit, vec![entry("{}")], vec![], id).await;
    assert!(matches!(twice, Err(Error::Duplicate)));
    desk.leaves().await;
    let newest = desk.store.entries(&record, None, 2).await.unwrap();
    assert_eq!(newest.iter().map(|e| e.body.as_slice()).collect::<Vec<_>>(), [b"{\"b\":2}", b"{\"a\":1}"]);
    let older = desk.store.entries(&record, Some(newest[1].id), 9).await.unwrap();
    assert_eq!(older.iter().map(|e| (e.version, e.at)).collect::<Vec<_>>(), [(2, 2_000), (1, 1_000)]);
    assert_eq!(desk.store.leaf_of_entry(older[1].id).await.unwrap(), Some(0));
    assert_eq!(desk.store.entry(older[0].id).await.unwrap().as_ref(), Some(&older[0]));
    assert!(desk.store.entry(9_999).await.unwrap().is_none());
    for size in [1, 4] {
        let checkpoint = StoredCheckpoint { size, at: 7, note: format!("note {size}") };
        desk.store.put_checkpoint(&checkpoint).await.unwrap();
        desk.store.put_checkpoint(&StoredCheckpoint { note: "forged".into(), ..checkpoint }).await.unwrap();
    }
    assert_eq!(desk.store.latest_checkpoint().await.unwrap().unwrap().note, "note 4");
    assert_eq!(desk.store.checkpoint_at(1).await.unwrap().unwrap().note, "note 1");
    assert!(desk.store.checkpoint_at(2).await.unwrap().is_none());
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

fn job(kind: &str, key: &str, run_at: i64) -> Job {
    Job { kind: kind.into(), key: key.into(), run_at, payload: serde_json::json!({"at": run_at}) }
}

/// Jobs replace each other by key, are claimed once, come back when a lease ends.
pub async fn jobs_are_leased(desk: Desk) {
    let store = &desk.store;
    let enqueue = async |job: Job| store.execute(vec![Statement::enqueue(&job)]).await.unwrap();
    enqueue(job("mail", "a", 10)).await;
    enqueue(job("mail", "a", 20)).await;
    enqueue(job("clock", "b", 5)).await;
    assert_eq!(store.next_run_at().await.unwrap(), Some(5));
    assert_eq!(store.claim(&[], 4, 100, 9).await.unwrap(), []);
    assert_eq!(store.claim(&["mail"], 19, 100, 9).await.unwrap(), []);
    let claimed = store.claim(&[], 20, 100, 9).await.unwrap();
    assert_eq!(
        claimed.iter().map(|c| c.job.clone()).collect::<Vec<_>>(),
        [job("clock", "b", 5), job("mail", "a", 20)]
    );
    assert_eq!(store.claim(&[], 119, 100, 9).await.unwrap(), [], "leased");
    assert_eq!(store.next_run_at().await.unwrap(), Some(120));
    store.finish(&claimed[0]).await.unwrap();
    let again = store.claim(&[], 120, 100, 9).await.unwrap();
    assert_eq!((again.len(), again[0].attempts), (1, 2), "the lease ended");
    enqueue(job("mail", "a", 130)).await;
    store.finish(&again[0]).await.unwrap();
    let newer = store.claim(&[], 130, 100, 9).await.unwrap();
    assert_eq!((newer.len(), newer[0].attempts), (1, 1), "enqueued while it ran: it runs again");
    store.retry_later(&newer[0], Some(500), "no route").await.unwrap();
    let waiting = store.jobs(false, 9).await.unwrap();
    assert_eq!(
        (waiting.len(), waiting[0].error.as_deref(), waiting[0].job.run_at),
        (1, Some("no route"), 500)
    );
    let last = store.claim(&[], 500, 100, 9).await.unwrap();
    store.retry_later(&last[0], None, "gone").await.unwrap();
    assert_eq!(store.claim(&[], 9_999, 100, 9).await.unwrap(), []);
    assert_eq!(store.next_run_at().await.unwrap(), None);
    let dead = store.jobs(true, 9).await.unwrap();
    assert!(dead[0].dead);
    store.revive(dead[0].id, 600).await.unwrap();
    assert_eq!(store.claim(&["mail"], 600, 1, 9).await.unwrap().len(), 1);
    assert!(matches!(store.revive(999, 1).await, Err(Error::NotFound(_))));
    for i in 0..40 {
        enqueue(job("many", &i.to_string(), 1)).await;
    }
    let claims = (0..8).map(|_| store.claim(&["many"], 9, 1_000, 10));
    let claims = futures_util::future::join_all(claims).await;
    let ids: Vec<i64> = claims.into_iter().flat_map(|c| c.unwrap()).map(|c| c.id).collect();
    assert_eq!((ids.len(), ids.iter().collect::<BTreeSet<_>>().len()), (40, 40), "each is claimed once");
}

/// Files go in and out in pieces; the same content is kept once.
pub async fn files_are_kept_by_content(desk: Desk) {
    let store = &desk.store;
    let bytes: Vec<u8> = (0..20_000_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let mut hashes = Vec::new();
    for size in [7_777, 1 << 20, bytes.len()] {
        let mut writer = store.put_blob(fresh_id(), 5).await.unwrap();
        for piece in bytes.chunks(size) {
            writer.write(piece).await.unwrap();
        }
        hashes.push(writer.finish().await.unwrap());
    }
    assert!(hashes.iter().all(|h| *h == hashes[0] && h.1 == 20_000_000));
    let reader = store.read_blob(&hashes[0].0).await.unwrap().unwrap();
    assert_eq!(reader.size_bytes(), 20_000_000);
    assert!(reader.read_all().await.unwrap() == bytes);
    let mut unfinished = store.put_blob(fresh_id(), 6).await.unwrap();
    unfinished.write(&bytes[..3_000_000]).await.unwrap();
    drop(unfinished);
    store.sweep_blobs(7).await.unwrap();
    let rows = store.select(Select::from("blob", &["size_bytes"])).await.unwrap();
    assert_eq!(rows.len(), 1, "one content, nothing unfinished");
    let empty = store.put_blob(fresh_id(), 8).await.unwrap().finish().await.unwrap();
    let read = store.read_blob(&empty.0).await.unwrap().unwrap().read_all().await.unwrap();
    assert!(read.is_empty());
    assert!(store.read_blob("00").await.unwrap().is_none());
}

/// Rows of engine tables: insert, upsert, update, delete, all or nothing.
pub async fn engine_rows_are_changed_together(desk: Desk) {
    let store = &desk.store;
    let set = |value: &str| {
        Statement::upsert("setting").key("name", "x").set("value", value).set("updated_at", 1_i64)
    };
    store.execute(vec![set("1"), set("2")]).await.unwrap();
    let values = async || {
        let rows = store.select(Select::from("setting", &["value"]).order("name")).await.unwrap();
        rows.iter().map(|r| r.text(0).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(values().await, ["2"]);
    let missing = Statement::update("setting").set("value", "9").when("name", "y").must_hit();
    let failed = store.execute(vec![set("3"), missing]).await;
    assert!(matches!(failed, Err(Error::NotFound(_))), "{failed:?}");
    assert_eq!(values().await, ["2"], "nothing is changed");
    let row = |value: &str| {
        Statement::insert("setting").set("name", "z").set("value", value).set("updated_at", 1_i64)
    };
    store.execute(vec![row("a")]).await.unwrap();
    assert!(matches!(store.execute(vec![row("b")]).await, Err(Error::Duplicate)));
    store.execute(vec![Statement::delete("setting").when_below("name", "y")]).await.unwrap();
    assert_eq!(values().await, ["a"]);
    let nul = store.execute(vec![set("a\u{0}b")]).await;
    assert!(matches!(nul, Err(Error::Invalid(_))));
}

/// What is committed is told, with what a page needs to know.
pub async fn changes_are_told(desk: Desk) {
    let mut changes = desk.store.subscribe();
    let other = desk.second().await;
    let mut heard_elsewhere = other.store.subscribe();
    let (number, receipt) =
        desk.create("thing", Change::default().with_text("title", "t"), 77).await.unwrap();
    let change = changes.recv().await.unwrap();
    assert_eq!((change.record.number, change.version, change.at), (number, 1, 77));
    assert_eq!(change.entry, receipt.entries[0]);
    if !desk.is_sqlite() {
        let heard = tokio::time::timeout(std::time::Duration::from_secs(10), heard_elsewhere.recv());
        assert_eq!(heard.await.unwrap().unwrap(), change);
        assert!(changes.try_recv().is_err(), "own changes are told once");
    }
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

/// A store that is opened again goes on where it was.
pub async fn it_goes_on_after_a_restart(desk: Desk) {
    let number = desk.thing("before").await;
    desk.leaves().await;
    desk.store.close().await.unwrap();
    let store = Store::open(&desk.place.url, Options::default()).await.unwrap();
    let desk = Desk { store, registry: Arc::clone(&desk.registry), place: desk.place.clone() };
    assert!(desk.store.plan(&desk.registry).await.unwrap().steps.is_empty());
    assert_eq!(desk.load("thing", number).await.text("title"), Some("before"));
    assert!(desk.thing("after").await > number);
    check_tree(&desk).await;
    assert_ne!(fresh_id(), Uuid::nil());
}

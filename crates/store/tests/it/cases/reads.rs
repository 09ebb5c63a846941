//! Lists, verdicts and search.

use std::collections::BTreeSet;

use proofdesk_model::entry::Entry;
use proofdesk_model::{Action, Caller, Change, Reference, Value};
use proofdesk_store::{Error, Extra, Question, Shown, Statement, Verdict};

use crate::desk::{CONTEXT, Desk, fresh_id, instant};

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

/// A list reads what it shows, and the titles of what that links to, in the same order and pages as the whole.
pub async fn a_list_reads_what_it_shows(desk: Desk) {
    let mut boxes = Vec::new();
    for name in ["red", "blue"] {
        let made = desk.create("box", Change::default().with_text("title", name), 0).await.unwrap();
        boxes.push(made.0);
    }
    for i in 0..9_i64 {
        let mut change = Change::default().with_text("title", &format!("t{i}")).with("weight", Value::Int(i));
        if i % 3 != 0 {
            change = change.with("box", Value::Link(boxes[usize::try_from(i % 3 - 1).unwrap()]));
        }
        desk.create("thing", change.with("due_at", instant(i)), i).await.unwrap();
    }
    let to = desk.registry.get("box").unwrap().clone();
    let shown = Shown {
        columns: vec!["title".to_owned(), "nope".to_owned()],
        titles: vec![("box".to_owned(), to.clone()), ("related".to_owned(), to)],
    };
    for sort in ["due_at", "title", "number", "updated_at", "state"] {
        let mut query = desk.query(Some("state in ['new', 'open']"), sort, true, 4);
        let mut seen = 0;
        loop {
            let whole = desk.store.list(&query).await.unwrap();
            let (part, titles) = desk.store.list_shown(&query, &shown).await.unwrap();
            assert_eq!(part.next, whole.next, "by {sort}");
            for (part, whole) in part.records.iter().zip(&whole.records) {
                for name in ["number", "version", "state", "updated_at", "title", "box"] {
                    assert_eq!(part.get(name), whole.get(name), "{name} by {sort}");
                }
                assert!(part.get("weight").is_null() && !whole.get("weight").is_null(), "only what is shown");
                let Some(number) = whole.int("box") else { continue };
                let title = if number == boxes[0] { "red" } else { "blue" };
                assert!(titles.contains(&(Reference::new("box", number), title.to_owned())), "{titles:?}");
            }
            seen += whole.records.len();
            let Some(next) = whole.next else { break };
            query.after = Some(next);
        }
        assert_eq!(seen, 9, "by {sort}");
    }
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

/// The largest value is found with its record: of equals the newest, none without a value, only among those asked for.
pub async fn the_largest_is_found(desk: Desk) {
    for (i, due) in [Some(3), None, Some(900), Some(7), Some(7), Some(1)].into_iter().enumerate() {
        let mut change = Change::default().with_text("title", "t").with("weight", Value::Int(i as i64));
        if let Some(due) = due {
            change = change.with("due_at", instant(due)).with("opened_on", Value::Day(due as i32));
        }
        desk.create("thing", change, 1).await.unwrap();
    }
    let (store, of) = (&desk.store, desk.of("thing"));
    let past = desk.condition("thing", "due_at != null && due_at <= now && weight != 2");
    let found = store.largest(&of, "due_at", Some(&past), &CONTEXT).await.unwrap();
    assert_eq!(found, Some((5, instant(7))));
    let found = store.largest(&of, "opened_on", None, &CONTEXT).await.unwrap();
    assert_eq!(found, Some((3, Value::Day(900))));
    let none = desk.condition("thing", "weight == 1");
    assert_eq!(store.largest(&of, "due_at", Some(&none), &CONTEXT).await.unwrap(), None);
    let unknown = store.largest(&of, "nothing", None, &CONTEXT).await;
    assert!(matches!(unknown, Err(Error::Invalid(m)) if m.contains("`nothing`")));
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

//! What the write path promises: stale writes, staff-only talk, files, history, damage found.

use std::sync::Arc;

use proofdesk_engine::comment::Audience;
use proofdesk_engine::verify::FindingKind;
use proofdesk_engine::{Change, Door, Error, ListRequest, Reference, Target};
use proofdesk_model::Value;
use proofdesk_testkit::{BOTH, Database, TestDesk};
use proofdesk_tlog::SignerKey;

async fn incident(desk: &TestDesk, title: &str) -> Reference {
    let made = desk.create("incident", Change::default().with_text("title", title)).await.unwrap();
    Reference::new("incident", made.record.number)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_write_is_refused_with_what_changed() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let agent = desk.person("Mara Rehn", &["agent"]).await.unwrap();
        let on = incident(&desk, "Tills down").await;
        let first = Change::default().with_text("impact", "high");
        desk.engine.apply(&agent, Target::Existing(on.clone(), Some(1)), first, Door::Page).await.unwrap();
        let second = Change::default().with_text("urgency", "low");
        let refused =
            desk.engine.apply(&agent, Target::Existing(on.clone(), Some(1)), second, Door::Page).await;
        let Err(Error::Conflict(conflict)) = refused else { panic!("{refused:?}") };
        assert_eq!((conflict.expected, conflict.current), (1, 2));
        let changed = conflict.changed.iter().find(|c| c.field == "impact").unwrap();
        assert_eq!((changed.value.as_str(), changed.by.as_str()), (Some("high"), "Mara Rehn"));
        let kept = desk.engine.require(&agent, &on).await.unwrap();
        assert_eq!(kept.text("urgency"), None, "nothing of the refused write is there");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_writers_on_one_version_exactly_one_wins() {
    for database in BOTH {
        let desk = Arc::new(TestDesk::open(database).await.unwrap());
        let on = incident(&desk, "Tills down").await;
        let mut writers = tokio::task::JoinSet::new();
        for i in 0..16 {
            let (desk, on) = (desk.clone(), on.clone());
            writers.spawn(async move {
                let change = Change::default().with_text("category", &format!("c{i}"));
                desk.engine.apply(&desk.setup(), Target::Existing(on, Some(1)), change, Door::Api).await
            });
        }
        let mut won = 0;
        while let Some(done) = writers.join_next().await {
            match done.unwrap() {
                Ok(_) => won += 1,
                Err(Error::Conflict(_)) => {}
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!(won, 1, "{database:?}");
        assert_eq!(desk.engine.history(&on, 50).await.unwrap().len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_to_nothing_is_refused() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let change = Change::default().with_text("title", "x").with("service", Value::Link(99));
        let refused = desk.create("incident", change).await.unwrap_err();
        assert!(format!("{refused:#}").contains("There is no SVC-99"), "{refused:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_notes_are_not_for_requesters() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let agent = desk.person("Mara Rehn", &["agent"]).await.unwrap();
        let requester = desk.person("Store 118", &["requester"]).await.unwrap();
        let on = incident(&desk, "Tills down").await;
        let reported = Change::default().with("reported_by", Value::Link(requester.person.unwrap()));
        desk.engine.apply(&agent, Target::Existing(on.clone(), None), reported, Door::Page).await.unwrap();
        desk.engine.comment(&agent, &on, Audience::Customer, "We are on it.", Door::Page).await.unwrap();
        desk.engine.comment(&agent, &on, Audience::Staff, "Gateway again.", Door::Page).await.unwrap();
        let all = desk.engine.comments(&agent, &on).await.unwrap();
        let seen = desk.engine.comments(&requester, &on).await.unwrap();
        assert_eq!(all.len(), 2);
        assert_eq!(seen.iter().map(|c| c.body.as_str()).collect::<Vec<_>>(), ["We are on it."]);
        let refused = desk.engine.comment(&requester, &on, Audience::Staff, "x", Door::Page).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_streamed_limited_and_typed_by_their_bytes() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let agent = desk.person("Mara Rehn", &["agent"]).await.unwrap();
        let on = incident(&desk, "Tills down").await;
        let mut upload = desk
            .engine
            .attach(&agent, &on, "../page.png", Audience::Staff, 3_000_000, Door::Page)
            .await
            .unwrap();
        for _ in 0..20 {
            upload.write(&b"<html>".repeat(16_000)).await.unwrap();
        }
        let kept = upload.finish().await.unwrap();
        assert_eq!(
            (kept.name.as_str(), kept.media_type.as_str(), kept.size_bytes),
            ("page.png.txt", "text/plain", 1_920_000),
            "the name says behind it what the bytes are"
        );
        let (_, mut reader) = desk.engine.open_attachment(&agent, &on, &kept.id).await.unwrap();
        let mut size = 0;
        while let Some(bytes) = reader.next().await.unwrap() {
            size += bytes.len();
        }
        assert_eq!(size, 1_920_000);
        let mut large =
            desk.engine.attach(&agent, &on, "a", Audience::Staff, 1_000, Door::Page).await.unwrap();
        assert!(matches!(large.write(&[0; 2_000]).await, Err(Error::TooLarge(_))));
        assert_eq!(desk.engine.attachments(&agent, &on).await.unwrap().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_names_the_record_of_a_changed_byte() {
    let desk = TestDesk::open(Database::Sqlite).await.unwrap();
    for i in 0..40 {
        incident(&desk, &format!("Incident {i}")).await;
    }
    let signer = SignerKey::from_seed("desk.test/log", &[7; 32]).unwrap();
    desk.engine.publish_checkpoint(&signer).await.unwrap().unwrap();
    let keys = [signer.verifier().clone()];
    let good = desk.engine.verify(&keys, |_, _| {}).await.unwrap();
    assert!(good.is_good(), "{:?}", good.findings);
    assert_eq!((good.checkpoints, good.signatures), (1, 1));
    let damage = |sql: &str| {
        let file = rusqlite::Connection::open(&desk.url).unwrap();
        file.execute_batch(sql).unwrap();
    };
    let kinds = |report: &proofdesk_engine::verify::Report| {
        report.findings.iter().map(|f| f.kind).collect::<Vec<_>>()
    };

    damage("UPDATE incident SET title = 'Nothing happened' WHERE number = 7");
    let found = desk.engine.verify(&keys, |_, _| {}).await.unwrap();
    assert_eq!(kinds(&found), [FindingKind::ChangedRow]);
    assert_eq!(found.findings[0].record.as_deref(), Some("INC-7"));
    damage("UPDATE incident SET title = 'Incident 6' WHERE number = 7");

    damage(
        "UPDATE log_entry SET body = CAST(replace(CAST(body AS TEXT), 'Incident 12', 'Incident 99') AS BLOB) WHERE number = 13 AND record_type = 'incident'",
    );
    let found = desk.engine.verify(&keys, |_, _| {}).await.unwrap();
    assert!(kinds(&found).contains(&FindingKind::ChangedEntry), "{found:?}");
    assert!(kinds(&found).contains(&FindingKind::ForkedCheckpoint), "{found:?}");
    assert!(found.findings.iter().any(|f| f.record.as_deref() == Some("INC-13")), "{found:?}");
    damage(
        "UPDATE log_entry SET body = CAST(replace(CAST(body AS TEXT), 'Incident 99', 'Incident 12') AS BLOB) WHERE number = 13 AND record_type = 'incident'",
    );
    assert!(desk.engine.verify(&keys, |_, _| {}).await.unwrap().is_good());

    damage("DELETE FROM incident WHERE number = 20");
    let found = desk.engine.verify(&keys, |_, _| {}).await.unwrap();
    assert_eq!(kinds(&found), [FindingKind::MissingRow]);
    assert_eq!(found.findings[0].record.as_deref(), Some("INC-20"));
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_finds_missing_exchanged_and_forked() {
    let open = async || {
        let desk = TestDesk::open(Database::Sqlite).await.unwrap();
        for i in 0..12 {
            incident(&desk, &format!("Incident {i}")).await;
        }
        desk
    };
    let damage = |desk: &TestDesk, sql: &str| {
        let file = rusqlite::Connection::open(&desk.url).unwrap();
        file.execute_batch(&format!("PRAGMA foreign_keys=OFF; {sql}")).unwrap();
    };
    let desk = open().await;
    damage(&desk, "DELETE FROM log_entry WHERE id = (SELECT entry_id FROM log_leaf WHERE leaf_index = 5)");
    let found = desk.engine.verify(&[], |_, _| {}).await.unwrap();
    assert!(
        found.findings.iter().any(|f| f.kind == FindingKind::MissingEntry && f.leaf == Some(5)),
        "{found:?}"
    );

    let exchange = |a: u64, b: u64| {
        format!(
            "CREATE TEMP TABLE pair AS SELECT (SELECT entry_id FROM log_leaf WHERE leaf_index = {a}) AS a,
                 (SELECT entry_id FROM log_leaf WHERE leaf_index = {b}) AS b;
             UPDATE log_leaf SET entry_id = -1 WHERE leaf_index = {a};
             UPDATE log_leaf SET entry_id = (SELECT a FROM pair) WHERE leaf_index = {b};
             UPDATE log_leaf SET entry_id = (SELECT b FROM pair) WHERE leaf_index = {a};"
        )
    };
    for (a, b) in [(2, 3), (3, 4), (1, 8)] {
        let desk = open().await;
        damage(&desk, &exchange(a, b));
        let found = desk.engine.verify(&[], |_, _| {}).await.unwrap();
        let named = found
            .findings
            .iter()
            .any(|f| f.kind == FindingKind::Reordered && (f.leaf == Some(a) || f.leaf == Some(b)));
        assert!(named, "{a} and {b}: {found:?}");
    }

    // a thorough forger also sets the hash beside the entry: the node above tells, and names the pair
    let desk = open().await;
    let body = br#"{"v":1,"forged":true}"#;
    let forge = format!(
        "UPDATE log_entry SET body = x'{}', leaf_hash = x'{}' WHERE number = 7",
        hex::encode(body),
        hex::encode(proofdesk_tlog::leaf_hash(body))
    );
    damage(&desk, &forge);
    let found = desk.engine.verify(&[], |_, _| {}).await.unwrap();
    let named = found.findings.iter().any(|f| {
        f.kind == FindingKind::ChangedEntry && f.record.as_deref().is_some_and(|r| r.contains("INC-7"))
    });
    assert!(named, "{found:?}");

    let desk = open().await;
    let signer = SignerKey::from_seed("desk.test/log", &[7; 32]).unwrap();
    let forged =
        proofdesk_tlog::Checkpoint::new("desk.test/log", 12, [9; 32]).unwrap().sign(&[&signer]).unwrap();
    let stored = proofdesk_store::StoredCheckpoint { size: 12, at: 1, note: forged.to_string() };
    desk.engine.store().put_checkpoint(&stored).await.unwrap();
    let found = desk.engine.verify(&[signer.verifier().clone()], |_, _| {}).await.unwrap();
    assert_eq!(found.findings.iter().map(|f| f.kind).collect::<Vec<_>>(), [FindingKind::ForkedCheckpoint]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exported_log_is_verified_without_the_database() {
    let desk = TestDesk::open(Database::Sqlite).await.unwrap();
    for i in 0..9 {
        incident(&desk, &format!("Incident {i}")).await;
    }
    let signer = SignerKey::from_seed("desk.test/log", &[7; 32]).unwrap();
    desk.engine.publish_checkpoint(&signer).await.unwrap();
    let mut file = Vec::new();
    desk.engine.export_log(&mut file).await.unwrap();
    let keys = [signer.verifier().clone()];
    let good = proofdesk_engine::verify::verify_export(file.as_slice(), &keys).unwrap();
    assert!(good.is_good() && good.signatures == 1 && good.leaves == 9, "{good:?}");
    // every tenth byte of the entries, flipped, must be noticed
    let text = String::from_utf8(file.clone()).unwrap();
    let (begin, end) = (text.find('\n').unwrap() + 1, text.find("{\"checkpoint\"").unwrap());
    for at in (begin..end).step_by(10) {
        let mut changed = file.clone();
        changed[at] ^= 1;
        let noticed = match proofdesk_engine::verify::verify_export(changed.as_slice(), &keys) {
            Ok(report) => !report.is_good(),
            Err(_) => true,
        };
        assert!(noticed, "byte {at}: {:?}", &text[at.saturating_sub(20)..(at + 20).min(end)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_programs_on_one_database_take_different_numbers() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let other =
            proofdesk_store::Store::open(&desk.url, proofdesk_store::Options::default()).await.unwrap();
        let other = proofdesk_engine::Engine::new(
            other,
            proofdesk_testkit::registry().unwrap(),
            proofdesk_rules::all(),
            desk.time.clone(),
            "desk.test/log",
        );
        let mut numbers = std::collections::BTreeSet::new();
        for i in 0..12 {
            let engine = if i % 3 == 0 { &other } else { &desk.engine };
            let change = Change::default().with_text("title", "Two at once");
            let target = Target::New("incident".to_owned());
            let made = engine.apply(&desk.setup(), target, change, Door::Cli).await.unwrap();
            assert!(numbers.insert(made.record.number), "{database:?}: {} twice", made.record.number);
        }
        while desk.engine.sequence().await.unwrap() > 0 {}
        let report = desk.engine.verify(&[], |_, _| {}).await.unwrap();
        assert!(report.is_good(), "{database:?}: {:?}", report.findings);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_requester_finds_his_own_work_and_nothing_that_is_for_staff() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let agent = desk.person("Mara Rehn", &["agent"]).await.unwrap();
        let rita = desk.person("Rita Lind", &["requester"]).await.unwrap();
        let theirs = incident(&desk, "Tills down").await;
        let own = Change::default()
            .with_text("title", "Scanner dead")
            .with("reported_by", Value::Link(rita.person.unwrap()));
        let made = desk.create("incident", own).await.unwrap();
        let own = Reference::new("incident", made.record.number);
        for on in [&theirs, &own] {
            let (engine, door) = (&desk.engine, Door::Page);
            engine.comment(&agent, on, Audience::Staff, "zebra crossing", door).await.unwrap();
            engine.comment(&agent, on, Audience::Customer, "giraffe", door).await.unwrap();
        }
        let found = async |who, text: &str| {
            let hits = desk.engine.search(who, text, None, 10).await.unwrap();
            hits.iter().map(|h| h.record.number).collect::<Vec<_>>()
        };
        assert_eq!(found(&agent, "zebra").await.len(), 2, "{database:?}");
        assert_eq!(found(&rita, "zebra").await, Vec::<i64>::new(), "{database:?}");
        assert_eq!(found(&rita, "giraffe").await, [own.number], "{database:?}");
        assert_eq!(found(&rita, "tills").await, Vec::<i64>::new());
        assert_eq!(desk.engine.jump(&rita, "INC-1").await.unwrap(), None);
        assert!(matches!(desk.engine.require(&rita, &theirs).await, Err(Error::NotFound(_))));
        assert!(matches!(desk.engine.comments(&rita, &theirs).await, Err(Error::NotFound(_))));
        assert!(matches!(desk.engine.attachments(&rita, &theirs).await, Err(Error::NotFound(_))));
        let write = desk.engine.comment(&rita, &theirs, Audience::Customer, "x", Door::Page).await;
        assert!(matches!(write, Err(Error::NotFound(_))));
        assert_eq!(desk.engine.comments(&rita, &own).await.unwrap().len(), 1);
        // whatever filter is asked for, also one that would end the condition it is put into
        let all = desk.engine.condition("title != '' || true // all", "incident").unwrap();
        for filter in [None, Some(all)] {
            assert_eq!(desk.engine.count(&rita, "incident", filter.as_ref(), None).await.unwrap(), 1);
            let request = ListRequest {
                record_type: "incident".to_owned(),
                filter,
                sort: String::new(),
                descending: false,
                after: None,
                limit: 50,
            };
            let page = desk.engine.list(&rita, &request).await.unwrap();
            assert_eq!(page.records.iter().map(|r| r.number).collect::<Vec<_>>(), [own.number]);
            assert_eq!(desk.engine.list(&agent, &request).await.unwrap().records.len(), 2);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn talk_that_was_changed_past_the_log_is_found() {
    let desk = TestDesk::open(Database::Sqlite).await.unwrap();
    let agent = desk.person("Mara Rehn", &["agent"]).await.unwrap();
    let on = incident(&desk, "Tills down").await;
    for text in ["We look into it.", "It works again."] {
        desk.engine.comment(&agent, &on, Audience::Customer, text, Door::Page).await.unwrap();
    }
    while desk.engine.sequence().await.unwrap() > 0 {}
    assert!(desk.engine.verify(&[], |_, _| {}).await.unwrap().is_good());
    let file = rusqlite::Connection::open(&desk.url).unwrap();
    for damage in [
        "UPDATE comment SET body = 'It never worked.' WHERE body LIKE 'It%'",
        "UPDATE comment SET audience = 'staff' WHERE body LIKE 'We%'",
        "DELETE FROM comment WHERE body LIKE 'We%'",
    ] {
        assert_eq!(file.execute(damage, []).unwrap(), 1);
        let report = desk.engine.verify(&[], |_, _| {}).await.unwrap();
        let found = report.findings.iter().find(|f| f.message.contains("comment")).unwrap();
        assert_eq!(
            (found.kind, found.record.as_deref()),
            (FindingKind::ChangedRow, Some("INC-1")),
            "{damage}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_keeps_its_name() {
    let desk = TestDesk::open(Database::Sqlite).await.unwrap();
    incident(&desk, "Tills down").await;
    while desk.engine.sequence().await.unwrap() > 0 {}
    let stored =
        proofdesk_store::StoredCheckpoint { size: 1, at: 1, note: "other.example/log\n1\n".to_owned() };
    desk.engine.store().put_checkpoint(&stored).await.unwrap();
    incident(&desk, "Scanner dead").await;
    while desk.engine.sequence().await.unwrap() > 0 {}
    let signer = SignerKey::from_seed(desk.engine.origin(), &[7; 32]).unwrap();
    let refused = desk.engine.publish_checkpoint(&signer).await.unwrap_err().to_string();
    assert!(refused.contains("other.example/log"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_linked_to_itself() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let on = incident(&desk, "Tills down").await;
        let other = incident(&desk, "Tills down again").await;
        let duplicate = |of: i64| Change::default().with("duplicate_of", Value::Link(of));
        let of_itself = Target::Existing(on.clone(), None);
        let refused =
            desk.engine.apply(&desk.setup(), of_itself.clone(), duplicate(on.number), Door::Api).await;
        let Err(Error::Invalid(problems)) = refused else { panic!("{refused:?}") };
        assert_eq!((problems.0[0].field.as_str(), problems.0[0].code.as_str()), ("duplicate_of", "link"));
        desk.engine.apply(&desk.setup(), of_itself, duplicate(other.number), Door::Api).await.unwrap();
        let item = Change::default().with_text("name", "Till").with_text("item_type", "service");
        let item = desk.create("configuration_item", item).await.unwrap().record;
        let own = item.of.fields.values().find(|f| f.target() == Some("configuration_item")).unwrap();
        let item = Reference::new("configuration_item", item.number);
        let change = Change::default().link(&own.name, item.clone());
        let refused = desk.engine.apply(&desk.setup(), Target::Existing(item, None), change, Door::Api).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn five_thousand_links_are_written_at_once() {
    for database in BOTH {
        let desk = Arc::new(TestDesk::open(database).await.unwrap());
        let made = 5_000;
        let mut items = tokio::task::JoinSet::new();
        for i in 0..made {
            let desk = desk.clone();
            items.spawn(async move {
                let name = Change::default().with_text("name", &format!("Till {i}"));
                desk.create("configuration_item", name.with_text("item_type", "service")).await
            });
        }
        let mut numbers = Vec::new();
        while let Some(item) = items.join_next().await {
            numbers.push(item.unwrap().unwrap().record.number);
        }
        let on = incident(&desk, "Everything is down").await;
        let mut change = Change::default();
        for number in &numbers {
            change = change.link("affects", Reference::new("configuration_item", *number));
        }
        let began = std::time::Instant::now();
        desk.engine
            .apply(&desk.setup(), Target::Existing(on.clone(), None), change, Door::Api)
            .await
            .unwrap();
        let took = began.elapsed();
        let kept = desk.engine.require(&desk.setup(), &on).await.unwrap();
        assert_eq!(kept.links["affects"].len(), made);
        assert!(took.as_millis() < 3_000, "{database:?}: {took:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_that_waits_for_its_place_accuses_nobody() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        desk.create("incident", Change::default().with_text("title", "Just now")).await.unwrap();
        let found = desk.engine.verify(&[], |_, _| {}).await.unwrap();
        assert!(found.findings.is_empty(), "{database:?}: {found:?}");
        while desk.engine.sequence().await.unwrap() > 0 {}
        let found = desk.engine.verify(&[], |_, _| {}).await.unwrap();
        assert!(found.findings.is_empty() && found.pending == 0, "{database:?}: {found:?}");
    }
}

//! What somebody does who has the database and a plain SQL shell: `verify` names it, on both databases.

use proofdesk_engine::comment::Audience;
use proofdesk_engine::verify::coverage::{COVERED, NOT_COVERED};
use proofdesk_engine::verify::{Expected, Finding, FindingKind, Kept};
use proofdesk_engine::{Act, Caller, Change, Door, Engine, Error, Reference, Target};
use proofdesk_model::Value;
use proofdesk_store::sql::{Arg, ArgType};
use proofdesk_store::{Dialect, Options, Select, Statement, Store};
use proofdesk_testkit::{BOTH, TestDesk, registry};
use proofdesk_tlog::SignerKey;
use rand::SeedableRng as _;

const HOUR: i64 = 3_600_000_000;

fn signer() -> SignerKey {
    SignerKey::from_seed("desk.test/log", &[7; 32]).unwrap()
}

async fn seal(desk: &TestDesk) {
    while desk.engine.sequence().await.unwrap() > 0 {}
}

async fn findings(desk: &TestDesk) -> Vec<Finding> {
    seal(desk).await;
    let is_signed = desk.engine.latest_checkpoint().await.unwrap().is_some();
    let key = is_signed.then(|| signer().verifier().clone());
    desk.engine.verify(&Vec::from_iter(key), |_, _| {}).await.unwrap().findings
}

/// Does by the database what no act may do.
async fn past_the_log(desk: &TestDesk, statements: Vec<Statement>) {
    desk.engine.store().execute(statements).await.unwrap();
}

async fn incident(desk: &TestDesk, title: &str) -> Reference {
    let made = desk.create("incident", Change::default().with_text("title", title)).await.unwrap();
    Reference::new("incident", made.record.number)
}

async fn retitle(desk: &TestDesk, on: &Reference, title: &str) {
    desk.time.advance(1_000_000);
    let change = Change::default().with_text("title", title);
    let target = Target::Existing(on.clone(), None);
    desk.engine.apply(&desk.setup(), target, change, Door::Api).await.unwrap();
}

fn has(found: &[Finding], kind: FindingKind, record: &str) -> bool {
    found.iter().any(|f| f.kind == kind && f.record.as_deref() == Some(record))
}

/// Ids of the entries about a record, in the order in which they were given.
async fn ids(desk: &TestDesk, on: &Reference) -> Vec<i64> {
    let mut ids: Vec<i64> =
        desk.engine.store().entries(on, None, 100).await.unwrap().iter().map(|e| e.id).collect();
    ids.reverse();
    ids
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn columns_beside_an_entry_are_compared_with_its_bytes() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let (on, other) = (incident(&desk, "Tills down").await, incident(&desk, "Scanner dead").await);
        retitle(&desk, &on, "Tills down in store 118").await;
        assert_eq!(findings(&desk).await, [], "{database:?}");
        let entries = desk.engine.store().entries(&on, None, 10).await.unwrap();
        let last = &entries[0];
        let entry = || Statement::update("log_entry").when("id", last.id);
        for (column, damage, mend) in [
            ("number", entry().set("number", other.number), entry().set("number", on.number)),
            ("record_type", entry().set("record_type", "problem"), entry().set("record_type", "incident")),
            ("version", entry().set("version", 7_i64), entry().set("version", last.version)),
            ("at", entry().set("at", 1_i64), entry().set("at", last.at)),
            ("write_id", entry().set("write_id", vec![1_u8; 16]), entry().set("write_id", last.write_id)),
            ("write_id", entry().set("seq", 4_i64), entry().set("seq", last.seq)),
        ] {
            past_the_log(&desk, vec![damage]).await;
            let found = findings(&desk).await;
            let named = found.iter().find(|f| f.kind == FindingKind::ChangedAddress).unwrap();
            assert_eq!(named.record.as_deref(), Some("INC-1"), "{database:?} {column}: {found:?}");
            assert_eq!(named.leaf, last.leaf, "{found:?}");
            assert!(named.message.contains(column), "{column}: {found:?}");
            past_the_log(&desk, vec![mend]).await;
        }
        assert_eq!(findings(&desk).await, [], "{database:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn entries_of_earlier_versions_need_not_name_their_write() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let on = incident(&desk, "Tills down").await;
        seal(&desk).await;
        let entry = desk.engine.store().entries(&on, None, 1).await.unwrap().remove(0);
        let text = String::from_utf8(entry.body).unwrap();
        let older = format!("{}}}", &text[..text.rfind(",\"write\":").unwrap()]);
        let row = Statement::update("log_entry")
            .set("body", older.as_bytes())
            .set("leaf_hash", proofdesk_tlog::leaf_hash(older.as_bytes()).to_vec())
            .when("id", entry.id);
        past_the_log(&desk, vec![row]).await;
        assert_eq!(findings(&desk).await, [], "{database:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exchanged_ids_that_shuffle_a_history_are_found() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let on = incident(&desk, "Tills down").await;
        retitle(&desk, &on, "One").await;
        retitle(&desk, &on, "Two").await;
        seal(&desk).await;
        let ids = ids(&desk, &on).await;
        // the tree keeps its leaves: only the order in which the history is shown changes
        let mut swap = Vec::new();
        for (from, to) in [(ids[1], -1), (ids[2], ids[1]), (-1, ids[2])] {
            swap.push(Statement::update("log_entry").set("id", to).when("id", from));
            swap.push(Statement::update("log_leaf").set("entry_id", to).when("entry_id", from));
        }
        past_the_log(&desk, swap).await;
        let found = findings(&desk).await;
        assert!(has(&found, FindingKind::Reordered, "INC-1"), "{database:?} {found:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_without_a_leaf_is_not_believed() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let on = incident(&desk, "Tills down").await;
        seal(&desk).await;
        let made = desk.engine.store().entries(&on, None, 1).await.unwrap().remove(0);
        // a second version that never came through the write path, with its row made to fit
        let body = String::from_utf8(made.body.clone()).unwrap();
        let forged = body
            .replace("\"version\":1", "\"version\":2")
            .replace("\"action\":\"create\"", "\"action\":\"update\"")
            .replace(&made.write_id.simple().to_string(), &"0".repeat(32));
        let set = &forged[forged.find("\"set\":").unwrap()..forged.find(",\"write\"").unwrap()];
        let forged = forged.replace(set, "\"set\":{\"title\":[\"Tills down\",\"All is well\"]}");
        let entry = Statement::insert("log_entry")
            .set("id", made.id + 1)
            .set("write_id", vec![0_u8; 16])
            .set("seq", 0_i64)
            .set("record_type", "incident")
            .set("number", on.number)
            .set("version", 2_i64)
            .set("at", made.at)
            .set("leaf_hash", proofdesk_tlog::leaf_hash(forged.as_bytes()).to_vec())
            .set("body", forged.as_bytes());
        let row = Statement::update("incident").set("title", "All is well").set("version", 2_i64);
        past_the_log(&desk, vec![entry, row]).await;
        let found = findings(&desk).await;
        assert!(has(&found, FindingKind::UnsealedEntry, "INC-1"), "{database:?} {found:?}");
        assert!(has(&found, FindingKind::ChangedRow, "INC-1"), "and it explains nothing: {found:?}");
        let report = desk.engine.verify(&[], |_, _| {}).await.unwrap();
        assert_eq!(report.pending, 0, "{database:?}: it does not wait");
        let health = desk.engine.store().health().await.unwrap();
        let told = if desk.engine.store().dialect() == Dialect::Sqlite { 1 } else { 0 };
        assert_eq!(health.pending, told, "{database:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leaf_taken_away_leaves_a_gap_and_a_loose_entry() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        for i in 0..5 {
            incident(&desk, &format!("Incident {i}")).await;
        }
        seal(&desk).await;
        past_the_log(&desk, vec![Statement::delete("log_leaf").when("leaf_index", 2_i64)]).await;
        let found = findings(&desk).await;
        assert!(found.iter().any(|f| f.kind == FindingKind::MissingEntry && f.leaf == Some(2)), "{found:?}");
        assert!(has(&found, FindingKind::UnsealedEntry, "INC-3"), "{database:?} {found:?}");
        let far = Statement::insert("log_leaf").set("leaf_index", 1_i64 << 50).set("entry_id", 999_i64);
        past_the_log(&desk, vec![far]).await;
        let far = (1_u64 << 50, FindingKind::MissingEntry);
        let found = findings(&desk).await;
        assert!(found.iter().any(|f| (f.leaf, f.kind) == (Some(far.0), far.1)), "and is not walked to");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_that_waits_for_its_leaf_is_no_finding_unless_it_waits_too_long() {
    let desk = TestDesk::open(proofdesk_testkit::Database::Postgres).await.unwrap();
    let on = incident(&desk, "Tills down").await;
    seal(&desk).await;
    let made = desk.engine.store().entries(&on, None, 1).await.unwrap().remove(0);
    let stray = Statement::insert("log_pending").set("entry_id", made.id);
    past_the_log(&desk, vec![stray]).await;
    let found = desk.engine.verify(&[], |_, _| {}).await;
    // the sequencer cannot give it a second leaf: either it refuses, or the queue is named
    let named = found.is_err()
        || found.is_ok_and(|report| report.findings.iter().any(|f| f.kind == FindingKind::UnsealedEntry));
    assert!(named);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changed_bytes_of_a_file_are_named_and_not_handed_out() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let agent = desk.person("Mara Rehn", &["agent"]).await.unwrap();
        let on = incident(&desk, "Tills down").await;
        let mut kept = Vec::new();
        for (name, size) in [("trace.txt", 40_usize), ("large.txt", 700_000)] {
            let upload = desk.engine.attach(&agent, &on, name, Audience::Staff, 1_000_000, Door::Page).await;
            let mut upload = upload.unwrap();
            upload.write(&vec![b'a'; size]).await.unwrap();
            kept.push(upload.finish().await.unwrap());
        }
        let report = desk.engine.verify(&[], |_, _| {}).await.unwrap();
        assert!(report.is_good() && report.files == 2, "{database:?} {report:?}");
        let read = async |id: &str| {
            let (_, mut reader) = desk.engine.open_attachment(&agent, &on, id).await.unwrap();
            let mut pieces = 0;
            loop {
                match reader.next().await.map_err(Error::from) {
                    Ok(Some(_)) => pieces += 1,
                    Ok(None) => return (pieces, None),
                    Err(error) => return (pieces, Some(error)),
                }
            }
        };
        for (file, pieces) in kept.iter().zip([1, 3]) {
            assert!(matches!(read(&file.id).await, (n, None) if n == pieces));
            let blob = Select::from("blob", &["id", "size_bytes"]).when("hash", file.sha256.clone());
            let row = desk.engine.store().select(blob).await.unwrap().remove(0);
            let chunk = || Statement::update("blob_chunk").when("blob", row.bytes(0));
            let whole = vec![b'a'; usize::try_from(file.size_bytes).unwrap().min(262_144)];
            let mut bad = whole.clone();
            bad[7] ^= 1;
            let damage = chunk().when("seq", 0_i64).set("bytes", bad);
            let mend = chunk().when("seq", 0_i64).set("bytes", whole);
            past_the_log(&desk, vec![damage]).await;
            let found = findings(&desk).await;
            assert!(has(&found, FindingKind::ChangedFile, "INC-1"), "{database:?} {found:?}");
            assert!(found.len() == 1 && found[0].message.contains(&file.name), "{found:?}");
            let (given, error) = read(&file.id).await;
            assert!(
                given == pieces - 1 && matches!(error, Some(Error::Damaged)),
                "the last piece is kept back"
            );
            past_the_log(&desk, vec![mend]).await;
            assert_eq!(findings(&desk).await, []);
            let short = Statement::update("blob").set("size_bytes", 5_i64).when("hash", file.sha256.clone());
            past_the_log(&desk, vec![short]).await;
            assert!(matches!(read(&file.id).await.1, Some(Error::Damaged)), "a shorter file is none");
            let gone = Statement::delete("blob").when("hash", file.sha256.clone());
            past_the_log(&desk, vec![gone]).await;
            let found = findings(&desk).await;
            assert!(found.iter().any(|f| f.message.contains("are gone")), "{found:?}");
            let back = Statement::insert("blob").set("id", row.bytes(0)).set("size_bytes", row.int(1));
            let back = back.set("hash", file.sha256.clone()).set("at", 1_i64);
            past_the_log(&desk, vec![back]).await;
        }
    }
}

/// A desk with three checkpoints, one after each incident; gives their notes.
async fn with_checkpoints(desk: &TestDesk) -> Vec<String> {
    let mut notes = Vec::new();
    for i in 0..3 {
        incident(desk, &format!("Incident {i}")).await;
        desk.time.advance(HOUR);
        seal(desk).await;
        notes.push(desk.engine.publish_checkpoint(&signer()).await.unwrap().unwrap().note);
    }
    notes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removed_checkpoint_is_missed_by_the_next_one() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let notes = with_checkpoints(&desk).await;
        assert!(notes[1].contains("\nprevious 1 ") && notes[1].contains("\nat 2026-03-02T11:00:00Z\n"));
        assert_eq!(findings(&desk).await, [], "{database:?}");
        let at = Statement::update("log_checkpoint").set("at", 5_i64).when("size", 3_i64);
        past_the_log(&desk, vec![at]).await;
        let found = findings(&desk).await;
        assert!(found.len() == 1 && found[0].kind == FindingKind::ChangedRow, "{found:?}");
        let gone = Statement::delete("log_checkpoint").when("size", 2_i64);
        past_the_log(&desk, vec![gone]).await;
        let found = findings(&desk).await;
        assert!(found.iter().any(|f| f.kind == FindingKind::MissingCheckpoint), "{database:?} {found:?}");
        past_the_log(&desk, vec![Statement::delete("log_checkpoint")]).await;
        let all = desk.engine.verify(&[signer().verifier().clone()], |_, _| {}).await.unwrap().findings;
        assert!(all.len() == 1 && all[0].kind == FindingKind::MissingCheckpoint, "and all of them: {all:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn removed_newest_checkpoints_are_missed_when_days_are_uncovered() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        with_checkpoints(&desk).await;
        for _ in 0..4 {
            desk.time.advance(24 * HOUR);
            incident(&desk, "Another day").await;
        }
        seal(&desk).await;
        desk.engine.publish_checkpoint(&signer()).await.unwrap().unwrap();
        assert_eq!(findings(&desk).await, [], "{database:?}");
        past_the_log(&desk, vec![Statement::delete("log_checkpoint").when_above("size", 3_i64)]).await;
        let found = findings(&desk).await;
        let missed = found.len() == 1 && found[0].kind == FindingKind::MissingCheckpoint;
        assert!(missed && found[0].message.contains("newest 4 entries"), "{database:?} {found:?}");
    }
}

/// Cuts the end of the log off, with rows, leaves, nodes and checkpoints, as if it had never been.
async fn roll_back(desk: &TestDesk, size: i64) {
    let entries = desk.engine.store().entry_range(u64::try_from(size).unwrap(), 100).await.unwrap();
    let mut statements = vec![
        Statement::delete("log_leaf").when_above("leaf_index", size - 1),
        Statement::delete("log_checkpoint").when_above("size", size),
    ];
    for entry in entries {
        statements.push(Statement::delete("log_entry").when("id", entry.id));
        statements.push(Statement::delete("incident").when("number", entry.record.number));
    }
    for level in 1..20 {
        let beyond = Statement::delete("log_node").when("level", level);
        statements.push(beyond.when_above("idx", (size >> level) - 1));
    }
    past_the_log(desk, statements).await;
    if desk.engine.store().dialect() == Dialect::Sqlite {
        // by another program, so that the writing thread reads the tree anew
        rusqlite::Connection::open(&desk.url).unwrap().execute_batch("PRAGMA user_version = 1").unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_rolled_back_to_an_older_checkpoint_is_shown_by_a_newer_one_that_was_kept() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let notes = with_checkpoints(&desk).await;
        roll_back(&desk, 2).await;
        // nothing in the database tells of it any more: docs/proof.md says so
        assert_eq!(findings(&desk).await, [], "{database:?}");
        assert!(!desk.engine.continues(&notes[2]).await.unwrap());
        assert!(desk.engine.continues(&notes[1]).await.unwrap());
        let against = async |note: &str| {
            let kept = Kept { name: "kept.txt".to_owned(), note: note.to_owned() };
            let expected = Expected { keys: vec![signer().verifier().clone()], kept: vec![kept] };
            desk.engine.verify_against(&expected, |_, _| {}).await.unwrap()
        };
        assert!(against(&notes[1]).await.is_good());
        // as a mail program brings it
        let found = against(&notes[2].replace('\n', "\r\n")).await.findings;
        let named = found.len() == 1 && found[0].kind == FindingKind::MissingEntry;
        assert!(named && found[0].message.contains("kept.txt"), "{database:?} {found:?}");
        // and written anew to the same size it is another history
        incident(&desk, "Something else").await;
        seal(&desk).await;
        let found = against(&notes[2]).await.findings;
        assert!(found.iter().any(|f| f.kind == FindingKind::ForkedCheckpoint), "{database:?} {found:?}");
        assert!(!desk.engine.continues(&notes[2]).await.unwrap());
        let forged = notes[2].replace("\n3\n", "\n2\n");
        let found = against(&forged).await.findings;
        assert!(
            found.iter().any(|f| f.kind == FindingKind::BadCheckpoint),
            "its signature counts: {found:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_trusted_key_signed_says_nothing_of_the_log() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let notes = with_checkpoints(&desk).await;
        let stranger = SignerKey::from_seed("desk.test/log", &[8; 32]).unwrap();
        let body = notes[2].split_once("\n\n").unwrap().0.replace("\n3\n", "\n99999\n");
        let foreign = proofdesk_tlog::Note::sign(format!("{body}\n"), &[&stranger]).unwrap();
        for note in ["hello", &notes[2].replace("\n3\n", "\n99999\n"), &foreign.to_string()] {
            let kept = Kept { name: "cpe.txt".to_owned(), note: note.to_owned() };
            let expected = Expected { keys: vec![signer().verifier().clone()], kept: vec![kept] };
            let report = desk.engine.verify_against(&expected, |_, _| {}).await.unwrap();
            let [found] = &report.findings[..] else { panic!("{database:?} {report:?}") };
            assert_eq!((found.kind, report.kept), (FindingKind::BadCheckpoint, 0), "{database:?} {note}");
            assert!(found.message.starts_with("cpe.txt is not signed by a trusted key"), "{found:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cell_that_no_write_leaves_is_found_although_it_reads_as_the_same_value() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let change = Change::default()
            .with_text("title", "Post read by a stranger")
            .with("escalation_needed", Value::Bool(true))
            .with("harms", Value::Choices(vec!["availability".to_owned(), "confidentiality".to_owned()]));
        let made = desk.create("security_incident", change).await.unwrap().record;
        assert_eq!(findings(&desk).await, [], "{database:?}");
        let row = || Statement::update("security_incident").when("number", made.number);
        // 2 reads as yes, what is no day reads as none, and a space in a list changes nothing of it
        let cases = [
            (
                "reviewed_on",
                row().set("reviewed_on", "9"),
                row().set("reviewed_on", Arg::Null(ArgType::Text)),
            ),
            (
                "harms",
                row().set("harms", r#"["availability", "confidentiality"]"#),
                row().set("harms", r#"["availability","confidentiality"]"#),
            ),
        ];
        for (column, damage, mend) in cases {
            past_the_log(&desk, vec![damage]).await;
            let found = findings(&desk).await;
            assert!(has(&found, FindingKind::ChangedRow, "SIN-1"), "{database:?} {column}: {found:?}");
            assert!(found.len() == 1 && found[0].message.contains(column), "{found:?}");
            past_the_log(&desk, vec![mend]).await;
            assert_eq!(findings(&desk).await, [], "{database:?} {column}");
        }
        if desk.engine.store().dialect() == Dialect::Sqlite {
            let sql =
                "PRAGMA ignore_check_constraints = ON; UPDATE security_incident SET escalation_needed = 2";
            rusqlite::Connection::open(&desk.url).unwrap().execute_batch(sql).unwrap();
            let found = findings(&desk).await;
            assert!(has(&found, FindingKind::ChangedRow, "SIN-1"), "{found:?}");
            assert!(found.len() == 1 && found[0].message.contains("escalation_needed"), "{found:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_carelessly_cut_end_of_the_log_is_found_without_anything_kept() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let notes = with_checkpoints(&desk).await;
        assert_eq!(notes.len(), 3);
        let nodes = |level: i64| Statement::insert("log_node").set("level", level).set("idx", 7_i64);
        past_the_log(&desk, vec![nodes(1).set("hash", vec![0_u8; 32])]).await;
        let found = findings(&desk).await;
        assert!(found.len() == 1 && found[0].kind == FindingKind::ChangedNode, "{database:?} {found:?}");
        past_the_log(&desk, vec![Statement::delete("log_node").when("idx", 7_i64)]).await;
        past_the_log(&desk, vec![Statement::delete("log_leaf").when("leaf_index", 2_i64)]).await;
        let found = findings(&desk).await;
        assert!(found.iter().any(|f| f.kind == FindingKind::MissingEntry), "{database:?} {found:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn watchers_and_both_ends_of_links_are_compared() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let mara = desk.person("Mara Rehn", &["agent"]).await.unwrap();
        let uwe = desk.person("Uwe Lang", &["agent"]).await.unwrap();
        let on = incident(&desk, "Tills down").await;
        for watching in [true, false, true] {
            desk.engine.watch(&mara, &on, watching, Door::Page).await.unwrap();
            desk.time.advance(1_000_000);
        }
        let problem = Change::default().with_text("title", "Gateway drops sessions");
        let problem = Reference::new("problem", desk.create("problem", problem).await.unwrap().record.number);
        let add = Change::default().link("problems", problem);
        desk.engine.apply(&mara, Target::Existing(on.clone(), None), add, Door::Page).await.unwrap();
        assert_eq!(findings(&desk).await, [], "{database:?}");
        let other = Statement::insert("watcher")
            .set("record_type", "incident")
            .set("number", on.number)
            .set("person", uwe.person)
            .set("since", desk.engine.now());
        let late = Statement::update("watcher").set("since", 3_i64);
        let end = Statement::update("link").set("to_type", "change");
        let back = Statement::update("link").set("to_type", "problem");
        let theirs = Statement::delete("watcher").when("person", uwe.person.unwrap());
        for (damage, mend) in
            [(other, Some(theirs)), (end, Some(back)), (late, None), (Statement::delete("watcher"), None)]
        {
            past_the_log(&desk, vec![damage]).await;
            let found = findings(&desk).await;
            assert!(
                found.len() == 1 && has(&found, FindingKind::ChangedRow, "INC-1"),
                "{database:?} {found:?}"
            );
            past_the_log(&desk, mend.into_iter().collect()).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ways_in_that_no_entry_made_are_found() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let mara = desk.person("Mara Rehn", &["agent"]).await.unwrap();
        let account = desk.account(&mara, "mara", "correct horse battery").await.unwrap();
        let act = Act::new(&desk.setup(), Door::Cli);
        let mut random = rand::rngs::StdRng::seed_from_u64(4);
        desk.engine.create_calendar_link(&act, account.id, "Phone", &mut random).await.unwrap();
        desk.engine.make_link(&act, account.id, &mut random).await.unwrap();
        let said = proofdesk_engine::account::provision::Provisioned {
            external_id: Some("x-1".into()),
            removed: false,
        };
        let id = account.id.to_string();
        let mut together = desk.engine.together(&act);
        together.keep_provisioned("user", &id, &said).await.unwrap();
        together.keep_provisioned("group", "team-3", &said).await.unwrap();
        together.commit().await.unwrap();
        assert_eq!(findings(&desk).await, [], "{database:?}");
        let forged = Statement::insert("one_time_link")
            .set("token_hash", vec![9_u8; 32])
            .set("account", account.id)
            .set("purpose", "reset")
            .set("created_at", 1_i64)
            .set("expires_at", desk.engine.now() + HOUR);
        let later = |at: i64| Statement::update("calendar_link").set("created_at", at);
        let removed = |is: bool| Statement::update("provisioned").set("removed", is).when("kind", "user");
        let group = |is: &str| Statement::update("provisioned").set("external_id", is).when("kind", "group");
        let longer = |at: i64| Statement::update("one_time_link").set("expires_at", at);
        let ends = desk.engine.store().select(Select::from("one_time_link", &["expires_at"])).await.unwrap();
        for (what, damage, mend) in [
            ("one-time link", forged, Statement::delete("one_time_link").when("created_at", 1_i64)),
            ("one-time link", longer(i64::MAX >> 8), longer(ends[0].int(0))),
            ("calendar", later(1), later(desk.engine.now())),
            ("provisioned", removed(true), removed(false)),
            ("provisioned", group("y-2"), group("x-1")),
        ] {
            past_the_log(&desk, vec![damage]).await;
            let found = findings(&desk).await;
            assert!(found.len() == 1 && found[0].message.contains(what), "{database:?} {what}: {found:?}");
            past_the_log(&desk, vec![mend]).await;
        }
        assert_eq!(findings(&desk).await, [], "{database:?}");
        past_the_log(&desk, vec![Statement::delete("provisioned")]).await;
        assert_eq!(findings(&desk).await.len(), 2, "{database:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_table_is_compared_with_the_log_or_listed_as_not_compared() {
    let paper = include_str!("../../../../docs/proof.md");
    for (table, why) in NOT_COVERED {
        assert!(
            paper.contains(&format!("| `{table}` | {why} |")),
            "docs/proof.md lists `{table}` with: {why}"
        );
        assert!(!COVERED.contains(&table), "{table} is on both lists");
    }
    let mut met = std::collections::BTreeSet::new();
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let store = desk.engine.store();
        let mut sql = store.sql();
        sql.push(match store.dialect() {
            Dialect::Sqlite => {
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
            }
            Dialect::Postgres => {
                "SELECT table_name::text FROM information_schema.tables WHERE table_schema = current_schema()"
            }
        });
        let tables: Vec<String> =
            store.rows(sql).await.unwrap().iter().map(|row| row.text(0).to_owned()).collect();
        assert!(tables.len() > 60, "{database:?}: {tables:?}");
        for table in tables {
            let is_record = desk.engine.registry().get(&table).is_some();
            let part_of_search = table.starts_with("search_index_");
            let listed = COVERED.contains(&table.as_str()) || NOT_COVERED.iter().any(|(t, _)| *t == table);
            assert!(
                is_record || part_of_search || listed,
                "{database:?}: nobody says whether verify reads `{table}`"
            );
            met.insert(table);
        }
    }
    for table in COVERED.into_iter().chain(NOT_COVERED.map(|(table, _)| table)) {
        assert!(met.contains(table), "there is no table `{table}`");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_beyond_the_end_of_the_log_tells_of_a_cut() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let person = Caller { ..desk.person("Monitoring", &["agent"]).await.unwrap() };
        let program = proofdesk_engine::NewAccount {
            person: person.person.unwrap(),
            sign_in: "monitoring".to_owned(),
            name: "Monitoring".to_owned(),
            roles: vec!["agent".to_owned()],
            password: None,
            program: true,
        };
        let act = Act::new(&desk.setup(), Door::Cli);
        let account = desk.engine.create_account(&act, program).await.unwrap();
        let hook = Statement::insert("webhook")
            .set("id", 1_i64)
            .set("account", account.id)
            .set("direction", "out")
            .set("label", "x")
            .set("secret", "y")
            .set("created_at", 1_i64)
            .set("seen", 500_i64);
        past_the_log(&desk, vec![hook]).await;
        let found = findings(&desk).await;
        assert!(found.iter().any(|f| f.message.contains("webhook 1 has read 500")), "{database:?} {found:?}");
        assert!(found.iter().any(|f| f.kind == FindingKind::MissingRow), "and no entry made it: {found:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_says_neither_yes_nor_no_is_found() {
    // PostgreSQL has a type for yes and no
    let desk = TestDesk::open(proofdesk_testkit::Database::Sqlite).await.unwrap();
    let mara = desk.person("Mara Rehn", &["agent"]).await.unwrap();
    let account = desk.account(&mara, "mara", "correct horse battery").await.unwrap();
    assert_eq!(findings(&desk).await, []);
    let set = |column, value: i64| Statement::update("account").set(column, value).when("id", account.id);
    for (column, odd, right) in [("active", 2, 1), ("active", -7, 1), ("program", 2, 0)] {
        past_the_log(&desk, vec![set(column, odd)]).await;
        let found = findings(&desk).await;
        assert!(has(&found, FindingKind::ChangedRow, &account.reference()), "{column} {odd}: {found:?}");
        let says = format!("The `{column}` of {} was changed past the log", account.reference());
        assert!(found.iter().any(|f| f.message.starts_with(&says)), "{found:?}");
        past_the_log(&desk, vec![set(column, right)]).await;
        assert_eq!(findings(&desk).await, []);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_last_entry_that_is_gone_is_named_by_who_opens_the_database_anew_and_nothing_is_written() {
    for (database, is_deleted) in BOTH.into_iter().flat_map(|database| [(database, true), (database, false)])
    {
        let desk = TestDesk::open(database).await.unwrap();
        let on = incident(&desk, "Tills down").await;
        retitle(&desk, &on, "Tills down in store 118").await;
        retitle(&desk, &on, "Tills down in store 119").await;
        seal(&desk).await;
        let last = ids(&desk, &on).await.pop().unwrap();
        let leaf = desk.engine.store().leaf_of_entry(last).await.unwrap().unwrap();
        let (damage, named) = if is_deleted {
            (Statement::delete("log_entry").when("id", last), last)
        } else {
            let row = Statement::update("log_leaf").set("entry_id", 9_999_i64);
            (row.when("entry_id", last), 9_999)
        };
        desk.engine.store().check_log().await.unwrap();
        past_the_log(&desk, vec![damage]).await;
        let store = Store::open(&desk.url, Options::default()).await.unwrap();
        let rules = proofdesk_rules::all();
        let engine = Engine::new(store, registry().unwrap(), rules, desk.time.clone(), "desk.test/log");
        let found = engine.verify(&[], |_, _| {}).await.unwrap().findings;
        let says = format!("Entry {named} of leaf {leaf} is gone.");
        assert!(found.iter().any(|f| f.message == says && f.leaf == Some(leaf)), "{database:?} {found:?}");
        let refused = engine.store().check_log().await.unwrap_err().to_string();
        assert!(refused.contains("proofdesk verify") && refused.contains("backup"), "{refused}");
        let change = Change::default().with_text("title", "Scanner dead");
        let target = Target::New("incident".to_owned());
        let written = engine.apply(&desk.setup(), target, change, Door::Api).await;
        // on PostgreSQL entries wait for their leaves
        assert_eq!(written.is_ok(), engine.store().dialect() == Dialect::Postgres, "{written:?}");
        let again = engine.verify(&[], |_, _| {}).await.unwrap().findings;
        assert!(again.iter().any(|f| f.message == says), "{database:?} {again:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_changed_row_both_values_are_said_unless_not_everybody_may_read_them() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        incident(&desk, "Tills down").await;
        seal(&desk).await;
        let row = Statement::update("incident").when("number", 1_i64);
        past_the_log(&desk, vec![row.set("title", "All is well").set("waiting_since", 7_i64)]).await;
        let found = findings(&desk).await;
        assert_eq!(found.len(), 1, "{database:?} {found:?}");
        let says = "title (the log says `Tills down`, the row has `All is well`)";
        assert!(found[0].message.contains(says), "{found:?}");
        assert!(
            found[0].message.contains("waiting_since") && !found[0].message.contains("1970"),
            "{found:?}"
        );
    }
}

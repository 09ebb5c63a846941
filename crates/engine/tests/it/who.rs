//! Who wrote what and when is sealed as well as the values; and a value forged past the log stays found after the next
//! honest write.

use proofdesk_engine::comment::Audience;
use proofdesk_engine::verify::{Finding, FindingKind};
use proofdesk_engine::{Act, Caller, Change, Door, Reference, Target};
use proofdesk_store::Statement;
use proofdesk_testkit::{BOTH, TestDesk};

async fn findings(desk: &TestDesk) -> Vec<Finding> {
    while desk.engine.sequence().await.unwrap() > 0 {}
    desk.engine.verify(&[], |_, _| {}).await.unwrap().findings
}

/// Does by the database what no act may do.
async fn past_the_log(desk: &TestDesk, statement: Statement) {
    desk.engine.store().execute(vec![statement]).await.unwrap();
}

async fn incident(desk: &TestDesk, by: &Caller) -> Reference {
    let change = Change::default().with_text("title", "Tills down");
    let made = desk.engine.apply(by, Target::New("incident".to_owned()), change, Door::Page).await.unwrap();
    Reference::new("incident", made.record.number)
}

async fn retitle(desk: &TestDesk, by: &Caller, on: &Reference, title: &str) {
    desk.time.advance(1_000_000);
    let change = Change::default().with_text("title", title);
    desk.engine.apply(by, Target::Existing(on.clone(), None), change, Door::Api).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_and_when_are_compared_with_the_entries() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let mara = desk.person("Mara Rehn", &["agent"]).await.unwrap();
        let uwe = desk.person("Uwe Lang", &["agent"]).await.unwrap();
        let on = incident(&desk, &mara).await;
        retitle(&desk, &uwe, &on, "Tills down again").await;
        desk.time.advance(1_000_000);
        desk.engine.comment(&mara, &on, Audience::Staff, "Seen.", Door::Page).await.unwrap();
        let mut upload =
            desk.engine.attach(&uwe, &on, "trace.txt", Audience::Staff, 1_000, Door::Page).await.unwrap();
        upload.write(b"gateway refuses").await.unwrap();
        upload.finish().await.unwrap();
        assert_eq!(findings(&desk).await, []);
        let record = desk.engine.require(&mara, &on).await.unwrap();
        assert_eq!((record.created_by, record.updated_by), (mara.person, uwe.person));
        let comment = desk.engine.comments(&mara, &on).await.unwrap().remove(0);
        let file = desk.engine.attachments(&mara, &on).await.unwrap().remove(0);
        let row = |column: &'static str, is: Option<i64>| Statement::update("incident").set(column, is);
        let word = |column: &'static str, is: &str| Statement::update("incident").set(column, is);
        let said = |column: &'static str, is: i64| Statement::update("comment").set(column, is);
        let name = |is: &str| Statement::update("comment").set("author", is);
        let sent = |column: &'static str, is: i64| Statement::update("attachment").set(column, is);
        for (what, damage, mend) in [
            ("created_by", row("created_by", uwe.person), row("created_by", mara.person)),
            ("created_at", row("created_at", Some(1)), row("created_at", Some(record.created_at))),
            ("updated_by", row("updated_by", None), row("updated_by", uwe.person)),
            ("updated_at", row("updated_at", Some(1)), row("updated_at", Some(record.updated_at))),
            ("origin", word("origin", "api"), word("origin", "page")),
            (
                "external_key",
                word("external_key", "X-1"),
                Statement::update("incident").set("external_key", None::<String>),
            ),
            ("1 comments", name("Uwe Lang"), name("Mara Rehn")),
            ("1 comments", said("person", 99), said("person", comment.person.unwrap())),
            ("1 comments", said("at", 1), said("at", comment.at)),
            ("1 files", sent("person", 99), sent("person", file.person.unwrap())),
            ("1 files", sent("at", 1), sent("at", file.at)),
        ] {
            past_the_log(&desk, damage).await;
            let found = findings(&desk).await;
            assert_eq!(found.len(), 1, "{database:?} {what}: {found:?}");
            assert_eq!((found[0].kind, found[0].record.as_deref()), (FindingKind::ChangedRow, Some("INC-1")));
            assert!(found[0].message.contains(what), "{what}: {found:?}");
            past_the_log(&desk, mend).await;
        }
        assert_eq!(findings(&desk).await, []);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forged_value_stays_found_after_an_honest_write() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let mara = desk.person("Mara Rehn", &["agent"]).await.unwrap();
        let on = incident(&desk, &mara).await;
        retitle(&desk, &mara, &on, "Tills down in store 118").await;
        let forged = Statement::update("incident").set("title", "All is well").when("number", on.number);
        past_the_log(&desk, forged).await;
        retitle(&desk, &mara, &on, "Tills are up again").await;
        let found = findings(&desk).await;
        assert_eq!(found.len(), 1, "{database:?} {found:?}");
        assert_eq!((found[0].kind, found[0].record.as_deref()), (FindingKind::ChangedRow, Some("INC-1")));
        for part in ["version 3", "INC-1", "title"] {
            assert!(found[0].message.contains(part), "{part}: {found:?}");
        }
        assert!(found[0].leaf.is_some(), "and the entry: {found:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forged_role_stays_found_after_an_honest_act() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let mara = desk.person("Mara Rehn", &["agent"]).await.unwrap();
        let account = desk.account(&mara, "mara", "correct horse battery").await.unwrap();
        let forged = Statement::update("account").set("roles", "agent administrator").when("id", account.id);
        past_the_log(&desk, forged).await;
        let act = Act::new(&desk.setup(), Door::Cli);
        let boss = desk.person("Bo Sand", &["administrator"]).await.unwrap();
        let boss = desk.account(&boss, "boss", "correct horse battery").await.unwrap();
        desk.engine.set_roles(&act, account.id, &["agent".to_owned()]).await.unwrap();
        let late =
            Statement::insert("recovery_code").set("account", boss.id).set("code_hash", vec![7_u8; 32]);
        past_the_log(&desk, late).await;
        let found = findings(&desk).await;
        let of = |reference: String| found.iter().filter(move |f| f.record.as_ref() == Some(&reference));
        let roles: Vec<&Finding> = of(account.reference()).collect();
        assert!(roles.len() == 1 && roles[0].message.contains("roles"), "{database:?} {found:?}");
        assert_eq!(of(boss.reference()).count(), 1, "{found:?}");
    }
}

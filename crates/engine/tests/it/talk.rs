//! Talk: who reads notes, and the first answer to the customer.

use proofdesk_engine::comment::Audience;
use proofdesk_engine::{Caller, Change, Door, Error, Reference, Target};
use proofdesk_model::Value;
use proofdesk_testkit::{BOTH, TestDesk};

const MINUTE: i64 = 60_000_000;

async fn incident(desk: &TestDesk, by: &Caller) -> Reference {
    let change = Change::default().with_text("title", "Tills down");
    let target = Target::New("incident".to_owned());
    let made = desk.engine.apply(by, target, change, Door::Page).await.unwrap();
    Reference::new("incident", made.record.number)
}

async fn upload(desk: &TestDesk, by: &Caller, on: &Reference, audience: Audience) -> String {
    let begun = desk.engine.attach(by, on, "trace.txt", audience, 1_000, Door::Page).await;
    let mut upload = begun.unwrap();
    upload.write(b"gateway 10.0.0.7 refuses").await.unwrap();
    upload.finish().await.unwrap().id
}

#[tokio::test(flavor = "multi_thread")]
async fn auditors_read_what_only_staff_sees_and_write_nothing() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let agent = desk.person("Mara Rehn", &["agent"]).await.unwrap();
        let requester = desk.person("Store 118", &["requester"]).await.unwrap();
        let on = incident(&desk, &requester).await;
        desk.engine
            .comment(&agent, &on, Audience::Staff, "Gateway zebrafish again.", Door::Page)
            .await
            .unwrap();
        let file = upload(&desk, &agent, &on, Audience::Staff).await;
        for role in ["auditor", "certification_auditor", "top_management"] {
            let reader = desk.person("Ilse Brandt", &[role]).await.unwrap();
            let notes = desk.engine.comments(&reader, &on).await.unwrap();
            assert_eq!(notes.len(), 1, "{role} reads notes");
            assert_eq!(desk.engine.attachments(&reader, &on).await.unwrap().len(), 1, "{role} reads files");
            assert!(desk.engine.open_attachment(&reader, &on, &file).await.is_ok());
            let found = desk.engine.search(&reader, "zebrafish", None, 10).await.unwrap();
            assert_eq!(found.len(), 1, "{role} finds by notes");
            for audience in [Audience::Staff, Audience::Customer] {
                let refused = desk.engine.comment(&reader, &on, audience, "x", Door::Page).await;
                assert!(matches!(refused, Err(Error::Forbidden(_))), "{role} writes nothing");
            }
            let refused = desk.engine.attach(&reader, &on, "a", Audience::Staff, 9, Door::Page).await;
            assert!(matches!(refused, Err(Error::Forbidden(_))));
        }
        assert!(desk.engine.comments(&requester, &on).await.unwrap().is_empty());
        assert!(desk.engine.open_attachment(&requester, &on, &file).await.is_err());
        assert!(desk.engine.search(&requester, "zebrafish", None, 10).await.unwrap().is_empty());
        let refused = desk.engine.attach(&requester, &on, "a", Audience::Staff, 9, Door::Page).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "who cannot read it cannot file it");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_answer_to_the_customer_stops_the_response_clock() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let agreement = Change::default().with_text("name", "Gold").with("valid_from", Value::Day(20_000));
        let agreement = desk.create("agreement", agreement).await.unwrap().record.number;
        let target = Change::default()
            .with_text("name", "Response")
            .with("agreement", Value::Link(agreement))
            .with_text("clock", "response")
            .with_text("duration", "30m");
        desk.create("target", target).await.unwrap();
        let agree = Change::default()
            .take("agree")
            .with_text("workload_limits", "none")
            .with_text("exceptions", "none");
        let of = Target::Existing(Reference::new("agreement", agreement), None);
        desk.engine.apply(&desk.setup(), of, agree, Door::Cli).await.unwrap();
        let agent = desk.person("Mara Rehn", &["agent"]).await.unwrap();
        let requester = desk.person("Store 118", &["requester"]).await.unwrap();
        let on = incident(&desk, &requester).await;
        let begun = desk.engine.now();
        let unanswered = async || {
            let record = desk.engine.require(&agent, &on).await.unwrap();
            assert_eq!(record.text("response_state"), Some("running"));
            assert_eq!(record.instant("first_response_at"), None);
        };
        desk.time.advance(MINUTE);
        desk.engine.comment(&requester, &on, Audience::Customer, "Hurry!", Door::Page).await.unwrap();
        unanswered().await;
        desk.engine.comment(&agent, &on, Audience::Staff, "Gateway again.", Door::Page).await.unwrap();
        unanswered().await;
        desk.time.advance(4 * MINUTE);
        desk.engine.comment(&agent, &on, Audience::Customer, "We are on it.", Door::Page).await.unwrap();
        let record = desk.engine.require(&agent, &on).await.unwrap();
        assert_eq!(record.instant("first_response_at"), Some(begun + 5 * MINUTE));
        assert_eq!(record.text("response_state"), Some("stopped"), "{database:?}");
        assert_eq!(record.int("response_elapsed"), Some(5 * MINUTE));
        assert_eq!(record.state, "new", "an answer is no other state");
        desk.time.advance(MINUTE);
        desk.engine.comment(&agent, &on, Audience::Customer, "It is the gateway.", Door::Page).await.unwrap();
        let start = Change::default().take("start").with("assignee", Value::Link(agent.person.unwrap()));
        desk.engine.apply(&agent, Target::Existing(on.clone(), None), start, Door::Page).await.unwrap();
        let later = desk.engine.require(&agent, &on).await.unwrap();
        assert_eq!(later.instant("first_response_at"), Some(begun + 5 * MINUTE), "the first one counts");
        assert_eq!(later.instant("response_stopped_at"), Some(begun + 5 * MINUTE));
        assert_eq!(desk.engine.comments(&requester, &on).await.unwrap().len(), 3);
        while desk.engine.sequence().await.unwrap() > 0 {}
        let report = desk.engine.verify(&[], |_, _| {}).await.unwrap();
        assert!(report.is_good(), "{:?}", report.findings);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_and_links_that_were_changed_past_the_log_are_found() {
    use proofdesk_store::Statement;
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let agent = desk.person("Mara Rehn", &["agent"]).await.unwrap();
        let on = incident(&desk, &agent).await;
        let other = incident(&desk, &agent).await;
        upload(&desk, &agent, &on, Audience::Customer).await;
        let problem = Change::default().with_text("title", "Gateway drops sessions");
        let problem = Reference::new("problem", desk.create("problem", problem).await.unwrap().record.number);
        let mut add = Change::default().link("problems", problem.clone());
        desk.engine.apply(&agent, Target::Existing(on.clone(), None), add.clone(), Door::Page).await.unwrap();
        desk.engine
            .apply(&agent, Target::Existing(other.clone(), None), add.clone(), Door::Page)
            .await
            .unwrap();
        add.links[0].relation = "incidents".to_owned();
        add.links[0].to = other.clone();
        add.links[0].add = false;
        desk.engine.apply(&agent, Target::Existing(problem.clone(), None), add, Door::Page).await.unwrap();
        while desk.engine.sequence().await.unwrap() > 0 {}
        let verify = async || desk.engine.verify(&[], |_, _| {}).await.unwrap();
        assert!(verify().await.is_good(), "taken away from the other side: {:?}", verify().await.findings);
        let link = |number: i64| {
            Statement::insert("link")
                .set("relation", "incident.problems")
                .set("from_type", "incident")
                .set("from_number", number)
                .set("to_type", "problem")
                .set("to_number", problem.number)
        };
        let gone = |number: i64| {
            Statement::delete("link").when("relation", "incident.problems").when("from_number", number)
        };
        let name = |text: &str| Statement::update("attachment").set("name", text);
        let seen = |text: &str| Statement::update("attachment").set("audience", text);
        for (damage, mend, record) in [
            (link(other.number), gone(other.number), "INC-2"),
            (gone(on.number), link(on.number), "INC-1"),
            (name("other.txt"), name("trace.txt"), "INC-1"),
            (seen("staff"), seen("customer"), "INC-1"),
        ] {
            let store = desk.engine.store();
            store.execute(vec![damage]).await.unwrap();
            let found = verify().await.findings;
            assert_eq!(found.len(), 1, "{database:?} {found:?}");
            let is = (found[0].kind, found[0].record.as_deref());
            assert_eq!(is, (proofdesk_engine::verify::FindingKind::ChangedRow, Some(record)), "{found:?}");
            store.execute(vec![mend]).await.unwrap();
        }
        desk.engine.store().execute(vec![Statement::delete("attachment")]).await.unwrap();
        assert!(verify().await.findings[0].message.contains("1 files"), "{:?}", verify().await.findings);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_byte_of_an_exported_log_names_its_record() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let agent = desk.person("Mara Rehn", &["agent"]).await.unwrap();
        for _ in 0..9 {
            incident(&desk, &agent).await;
        }
        while desk.engine.sequence().await.unwrap() > 0 {}
        let mut file = Vec::new();
        desk.engine.export_log(&mut file).await.unwrap();
        let verify = |file: &[u8]| proofdesk_engine::verify::verify_export(file, &[]).unwrap();
        assert!(verify(&file).is_good());
        let text = String::from_utf8(file).unwrap();
        for (whole, changed) in [("Tills down", "Tills Down"), ("\\\"by\\\":{", "\\\"by\\\":[")] {
            let at = text.find("INC-7").map(|at| at + text[at..].find(whole).unwrap()).unwrap();
            let flipped = format!("{}{changed}{}", &text[..at], &text[at + whole.len()..]);
            let found = verify(flipped.as_bytes()).findings;
            let named: Vec<_> = found.iter().filter_map(|f| f.record.as_deref()).collect();
            assert_eq!(named, ["INC-7"], "{found:?}");
        }
    }
}

#[test]
fn a_log_that_tells_of_more_entries_than_it_holds_is_refused_at_once() {
    for size in [20_000_u64, u64::MAX] {
        let file = format!("{{\"format\":\"proofdesk-log/1\",\"origin\":\"x\",\"size\":{size}}}\n");
        let refused = proofdesk_engine::verify::verify_export(file.as_bytes(), &[]).unwrap_err();
        assert!(refused.to_string().contains("but only 0 follow"), "{refused}");
    }
}

//! Documents in REST: templates, comparison, readers, and nothing for who is outside their access.

use axum::http::StatusCode;
use proofdesk_engine::{Audience, Caller, Change, Door, Reference, Target};
use proofdesk_model::Value;
use serde_json::{Value as Json, json};

use super::rest::Rest;

async fn step(rest: &Rest, by: &Caller, on: &Reference, change: Change) {
    rest.engine().apply(by, Target::Existing(on.clone(), None), change, Door::Cli).await.unwrap();
}

#[tokio::test]
async fn a_template_becomes_a_document_whose_versions_are_compared_and_read() {
    for rest in Rest::both().await {
        let listed = rest.get("/api/v1/templates").await;
        assert_eq!(listed.status, StatusCode::OK, "{}", listed.text);
        assert!(listed.json["templates"].as_array().unwrap().len() >= 22);
        let one = rest.get("/api/v1/templates/problem-procedure").await;
        assert!(one.json["text"].as_str().unwrap().contains("{{problem_owner}}"), "{}", one.text);
        assert_eq!(one.json["open"][0]["name"], "problem_owner");
        let path = "/api/v1/templates/problem-procedure";
        let made = rest.ask("POST", path, &[], &Json::Null).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
        assert_eq!(made.json["document"]["reference"], "DOC-1");
        let again = rest.ask("POST", path, &[], &json!({})).await;
        assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(again.problems()[0].1, "adopted");
        let more = rest.ask("POST", path, &[], &json!({"again": true})).await;
        assert_eq!(more.json["document"]["reference"], "DOC-2");
        let text = json!({"content": "# Problems\nTwo weeks.\n"});
        let patched = rest.ask("PATCH", "/api/v1/document_version/DVR-1", &[], &text).await;
        assert_eq!(patched.status, StatusCode::OK, "{}", patched.text);
        let version = Reference::new("document_version", 1);
        let boss = rest.desk.person("Bo Sand", &["sms_manager"]).await.unwrap();
        let approved = Change { state: Some("approved".to_owned()), ..Change::default() };
        step(&rest, &rest.desk.setup(), &Reference::new("document", 1), approved).await;
        for change in [
            Change::default().take("submit"),
            Change::default().take("approve"),
            Change::default().take("put_in_force"),
        ] {
            step(&rest, &boss, &version, change).await;
        }
        let asks = Change::default().with("acknowledgement_needed", Value::Bool(true));
        step(&rest, &boss, &Reference::new("document", 1), asks).await;
        let next = rest.ask("POST", "/api/v1/document/DOC-1/next-version", &[], &Json::Null).await;
        assert_eq!(next.status, StatusCode::CREATED, "{}", next.text);
        assert_eq!(next.json["reference"], "DVR-3");
        rest.ask(
            "PATCH",
            "/api/v1/document_version/DVR-3",
            &[],
            &json!({"content": "# Problems\nOne week.\n"}),
        )
        .await;
        let compared = rest.get("/api/v1/document_version/DVR-3/compare?old=DVR-1").await;
        assert_eq!(
            (&compared.json["text"]["added"], &compared.json["text"]["removed"]),
            (&json!(1), &json!(1))
        );
        assert_eq!(
            rest.get("/api/v1/document_version/DVR-3/compare?old=DVR-2").await.status,
            StatusCode::UNPROCESSABLE_ENTITY
        );
        let read = rest.ask("POST", "/api/v1/document_version/DVR-1/acknowledgement", &[], &Json::Null).await;
        assert_eq!(
            (read.status, read.json["state"].as_str()),
            (StatusCode::OK, Some("given")),
            "{}",
            read.text
        );
        let twice =
            rest.ask("POST", "/api/v1/document_version/DVR-1/acknowledgement", &[], &Json::Null).await;
        assert_eq!(twice.json, read.json);
        let draft =
            rest.ask("POST", "/api/v1/document_version/DVR-3/acknowledgement", &[], &Json::Null).await;
        assert_eq!(
            (draft.status, draft.problems()[0].1.as_str()),
            (StatusCode::UNPROCESSABLE_ENTITY, "audience")
        );
        assert_eq!(rest.get("/api/v1/document_version/DVR-1/readers").await.status, StatusCode::FORBIDDEN);
        let readers = rest
            .ask_as(&rest.auditor, "GET", "/api/v1/document_version/DVR-1/readers", &[], &Json::Null)
            .await;
        let states: Vec<&str> =
            readers.json["readers"].as_array().unwrap().iter().filter_map(|r| r["state"].as_str()).collect();
        assert!(states.contains(&"read") && states.contains(&"to_read"), "{}", readers.text);
        assert_eq!(rest.get("/api/v1/incident/INC-1/readers").await.status, StatusCode::NOT_FOUND);
        let whole =
            rest.ask_as(&rest.auditor, "GET", "/api/v1/document/DOC-1/readers", &[], &Json::Null).await;
        assert_eq!(whole.status, StatusCode::NOT_FOUND);
        assert!(
            whole.text.contains("no list of readers for documents, only for document versions"),
            "{}",
            whole.text
        );
    }
}

#[tokio::test]
async fn outside_its_access_a_document_answers_404_and_stands_in_no_list() {
    for rest in Rest::both().await {
        let document = Change::default()
            .with_text("title", "Vault codes")
            .with_text("kind", "procedure")
            .with_text("classification", "restricted")
            .with_text("access", "people");
        rest.desk.create("document", document).await.unwrap();
        let version = Change::default()
            .with_text("title", "Vault codes")
            .with("document", Value::Link(1))
            .with_text("edition", "1")
            .with_text("content", "Vault codes");
        rest.desk.create("document_version", version).await.unwrap();
        let on = Reference::new("document_version", 1);
        let upload =
            rest.engine().attach(&rest.desk.setup(), &on, "a.txt", Audience::Staff, 99, Door::Cli).await;
        let mut upload = upload.unwrap();
        upload.write(b"Vault codes").await.unwrap();
        let file = upload.finish().await.unwrap().id;
        while rest.engine().sequence().await.unwrap() > 0 {}
        let entry = rest.engine().history(&on, 1).await.unwrap()[0].entry;
        let hidden = [
            "/api/v1/document/DOC-1".to_owned(),
            "/api/v1/document/DOC-1/history".to_owned(),
            "/api/v1/document/DOC-1/owes".to_owned(),
            "/api/v1/document/DOC-1/links/versions".to_owned(),
            "/api/v1/document_version/DVR-1".to_owned(),
            "/api/v1/document_version/DVR-1/comments".to_owned(),
            "/api/v1/document_version/DVR-1/attachments".to_owned(),
            format!("/api/v1/document_version/DVR-1/attachments/{file}"),
            "/api/v1/document_version/DVR-1/compare?old=DVR-1".to_owned(),
            "/api/v1/document_version/DVR-1/watch".to_owned(),
            format!("/api/v1/log/entries/{entry}/proof"),
        ];
        for path in &hidden {
            let reply = rest.get(path).await;
            assert_eq!(reply.status, StatusCode::NOT_FOUND, "{path}: {}", reply.text);
            let auditor = rest.ask_as(&rest.auditor, "GET", path, &[], &Json::Null).await;
            assert_eq!(auditor.status, StatusCode::OK, "{path}: {}", auditor.text);
        }
        for path in [
            "/api/v1/document",
            "/api/v1/document_version",
            "/api/v1/search?q=vault",
            "/api/v1/document?q=vault",
        ] {
            let reply = rest.get(path).await;
            assert_eq!(reply.status, StatusCode::OK, "{path}: {}", reply.text);
            assert!(!reply.text.contains("Vault"), "{path}: {}", reply.text);
        }
        let guess = "/api/v1/process?filter=documents.exists(d,%20d.title%20%3D%3D%20'Vault%20codes')";
        assert_eq!(rest.get(guess).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        let change = rest.ask("PATCH", "/api/v1/document/DOC-1", &[], &json!({"title": "Mine"})).await;
        assert_eq!(change.status, StatusCode::NOT_FOUND, "{}", change.text);
    }
}

#[tokio::test]
async fn what_steps_write_and_what_is_approved_is_written_by_no_caller() {
    for rest in Rest::both().await {
        let document = Change { state: Some("approved".to_owned()), ..Change::default() }
            .with_text("title", "Release policy")
            .with_text("kind", "release_policy");
        rest.desk.create("document", document).await.unwrap();
        let version = Change { state: Some("in_force".to_owned()), ..Change::default() }
            .with_text("title", "Release policy")
            .with("document", Value::Link(1))
            .with_text("edition", "1.0")
            .with_text("content", "Two days before.");
        rest.desk.create("document_version", version).await.unwrap();
        let path = "/api/v1/document_version/DVR-1";
        let before = rest.get(path).await.json;
        for (field, value, code, says) in [
            ("approved_by", "PER-1", "step", "Approved by is written by the step Approve"),
            ("approved_at", "2026-01-01T08:00:00Z", "step", "Approved at is written by the step Approve"),
            ("in_force_at", "2026-01-01T08:00:00Z", "step", "written by the step Put in force"),
            ("content", "One day before.", "locked", "begin the next version"),
            ("edition", "2.0", "locked", "begin the next version"),
            ("digest", "00", "computed", "computed"),
        ] {
            let refused = rest.ask("PATCH", path, &[], &json!({field: value})).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{field}: {}", refused.text);
            assert_eq!(refused.problems(), [(field.to_owned(), code.to_owned())], "{}", refused.text);
            assert!(refused.text.contains(says), "{}", refused.text);
        }
        assert_eq!(rest.get(path).await.json, before);
        let made = json!({"title": "Other", "document": "DOC-1", "edition": "2.0", "approved_by": "PER-1"});
        let refused = rest.post("/api/v1/document_version", &made).await;
        assert_eq!(refused.problems(), [("approved_by".to_owned(), "step".to_owned())], "{}", refused.text);
        let schemas = rest.get("/api/v1/openapi.json").await.json["components"]["schemas"].clone();
        let shown = &schemas["DocumentVersionMembers"]["properties"];
        for (field, closed) in [("approved_by", true), ("digest", true), ("content", false)] {
            assert_eq!(shown[field]["readOnly"], if closed { json!(true) } else { Json::Null }, "{field}");
            let written = &schemas["DocumentVersionChange"]["properties"][field];
            assert_eq!(written.is_null(), closed, "{field}");
        }
    }
}

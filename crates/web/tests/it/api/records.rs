//! One record: create, read, change, transitions, and what belongs to it.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use proofdesk_engine::Scanner;
use proofdesk_testkit::clamd::{Clamd, HARM};
use serde_json::{Value as Json, json};

use super::rest::Rest;

#[tokio::test]
async fn a_record_is_created_read_changed_and_resolved() {
    for rest in Rest::both().await {
        let body =
            json!({"title": "Badge printer offline", "impact": "low", "urgency": "low", "service": "SVC-1"});
        let made = rest.post("/api/v1/incident", &body).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
        assert_eq!(made.header("location"), "/api/v1/incident/INC-2");
        assert_eq!(made.header("etag"), "\"1\"");
        assert_eq!(made.json["priority"], "p4");
        assert_eq!(made.json["service"], "SVC-1");
        assert_eq!(made.json["origin"], "api");
        let read = rest.get("/api/v1/incident/INC-2").await;
        assert_eq!(read.json, made.json);
        let same =
            rest.ask("GET", "/api/v1/incident/INC-2", &[("if-none-match", "\"1\"")], &Json::Null).await;
        assert_eq!((same.status, same.text.as_str()), (StatusCode::NOT_MODIFIED, ""));
        let change = json!({"impact": "high", "location": "Till 3"});
        let changed = rest.ask("PATCH", "/api/v1/incident/INC-2", &[("if-match", "\"1\"")], &change).await;
        assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
        assert_eq!((changed.json["priority"].as_str(), changed.header("etag")), (Some("p3"), "\"2\""));
        let cleared = rest.ask("PATCH", "/api/v1/incident/INC-2", &[], &json!({"location": null})).await;
        assert_eq!(cleared.json["location"], Json::Null);
        let refused = rest.post("/api/v1/incident/INC-2/transitions/resolve", &json!({})).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(
            refused.problems().contains(&("resolution".into(), "required".into()))
                || !refused.problems().is_empty()
        );
        let started =
            rest.post("/api/v1/incident/INC-2/transitions/start", &json!({"assignee": "PER-1"})).await;
        assert_eq!(started.status, StatusCode::OK, "{}", started.text);
        assert_eq!(
            (started.json["state"].as_str(), started.json["assignee"].as_str()),
            (Some("in_progress"), Some("PER-1"))
        );
        let refused = rest.post("/api/v1/incident/INC-2/transitions/resolve", &json!({})).await;
        let fields: Vec<String> = refused.problems().into_iter().map(|(f, _)| f).collect();
        for field in ["resolution", "closure_code", "category"] {
            assert!(fields.contains(&field.to_owned()), "{}", refused.text);
        }
        let values = json!({"resolution": "New ribbon", "closure_code": "fixed", "category": "Hardware"});
        let resolved = rest.post("/api/v1/incident/INC-2/transitions/resolve", &values).await;
        assert_eq!(resolved.json["state"], "resolved", "{}", resolved.text);
    }
}

#[tokio::test]
async fn a_stale_change_is_refused_with_what_changed() {
    for rest in Rest::both().await {
        let path = "/api/v1/incident/INC-1";
        let first = rest.ask("PATCH", path, &[("if-match", "\"1\"")], &json!({"assignee": "PER-2"})).await;
        assert_eq!(first.status, StatusCode::OK, "{}", first.text);
        let stale = rest.ask("PATCH", path, &[("if-match", "\"1\"")], &json!({"category": "Network"})).await;
        assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED, "{}", stale.text);
        assert_eq!(stale.header("content-type"), "application/problem+json");
        let conflict = &stale.json["conflict"];
        assert_eq!((conflict["expected"].as_i64(), conflict["current"].as_i64()), (Some(1), Some(2)));
        let changed = conflict["changed"].as_array().unwrap();
        let owner = changed.iter().find(|c| c["field"] == "assignee").unwrap();
        assert_eq!((owner["value"].as_str(), owner["by"].as_str()), (Some("PER-2"), Some("Mara")));
        assert_eq!(rest.get(path).await.json["category"], Json::Null);
        let any = rest.ask("PATCH", path, &[("if-match", "*")], &json!({"category": "Network"})).await;
        assert_eq!(any.status, StatusCode::OK, "{}", any.text);
    }
}

#[tokio::test]
async fn all_problems_are_said_at_once() {
    for rest in Rest::both().await {
        let body = json!({
            "impact": "huge", "reported_at": "yesterday", "service": "SVC-999", "colour": "red",
            "major": "yes", "state": "closed", "resolved_at": "2026-01-01T00:00:00Z", "affects": ["CI-1", 7],
        });
        let answer = rest.post("/api/v1/incident", &body).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.text);
        let problems = answer.problems();
        for (field, code) in [
            ("reported_at", "format"),
            ("colour", "unknown"),
            ("major", "format"),
            ("state", "computed"),
            ("affects", "format"),
            ("impact", "option"),
            ("resolved_at", "computed"),
        ] {
            assert!(problems.contains(&(field.into(), code.into())), "{field}: {}", answer.text);
        }
        let missing = rest.post("/api/v1/incident", &json!({})).await;
        assert_eq!(missing.problems(), [("title".to_owned(), "required".to_owned())]);
        assert_eq!(missing.json["problems"][0]["clause"], "8.6.1");
        let nowhere = rest.post("/api/v1/incident", &json!({"title": "x", "service": "SVC-999"})).await;
        assert_eq!(nowhere.problems(), [("service".to_owned(), "link".to_owned())]);
    }
}

#[tokio::test]
async fn talk_links_and_watching() {
    for rest in Rest::both().await {
        let base = "/api/v1/incident/INC-1";
        let note = json!({"body": "Supplier is slow", "audience": "staff"});
        let made = rest.post(&format!("{base}/comments"), &note).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
        rest.post(&format!("{base}/comments"), &json!({"body": "We are on it"})).await;
        let staff = rest.get(&format!("{base}/comments")).await;
        assert_eq!(staff.json["comments"].as_array().unwrap().len(), 2);
        let customer =
            rest.ask_as(&rest.requester, "GET", &format!("{base}/comments"), &[], &Json::Null).await;
        assert_eq!(customer.json["comments"].as_array().unwrap().len(), 1, "{}", customer.text);
        let history = rest.ask_as(&rest.requester, "GET", &format!("{base}/history"), &[], &Json::Null).await;
        assert!(!history.text.contains("Supplier is slow"), "{}", history.text);

        let problem = rest.post("/api/v1/problem", &json!({"title": "Gateway drops"})).await;
        assert_eq!(problem.status, StatusCode::CREATED, "{}", problem.text);
        let linked = rest.post(&format!("{base}/links/problems"), &json!({"reference": "PRB-1"})).await;
        assert_eq!(linked.json["problems"], json!(["PRB-1"]), "{}", linked.text);
        let back = rest.get("/api/v1/problem/PRB-1/links/incidents").await;
        assert_eq!(back.json["records"][0]["reference"], "INC-1", "{}", back.text);
        let service = rest.get("/api/v1/service/SVC-1/links/incidents").await;
        assert_eq!(service.json["records"][0]["reference"], "INC-1", "{}", service.text);
        let other = rest.post(&format!("{base}/links/problems"), &json!({"reference": "SVC-1"})).await;
        assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", other.text);
        let gone = rest.ask("DELETE", &format!("{base}/links/problems/PRB-1"), &[], &Json::Null).await;
        assert_eq!(gone.status, StatusCode::NO_CONTENT, "{}", gone.text);
        let again = rest.ask("DELETE", &format!("{base}/links/problems/PRB-1"), &[], &Json::Null).await;
        assert_eq!(again.status, StatusCode::NOT_FOUND);
        let off = rest.ask("DELETE", "/api/v1/service/SVC-1/links/incidents/INC-1", &[], &Json::Null).await;
        assert_eq!(off.status, StatusCode::NO_CONTENT, "{}", off.text);
        assert_eq!(rest.get(base).await.json["service"], Json::Null);
        let on = rest.post("/api/v1/service/SVC-1/links/incidents", &json!({"reference": "INC-1"})).await;
        assert_eq!(on.status, StatusCode::OK, "{}", on.text);
        assert_eq!(rest.get(base).await.json["service"], "SVC-1");
        let whole = rest.ask("PATCH", base, &[], &json!({"problems": ["PRB-1"]})).await;
        assert_eq!(whole.json["problems"], json!(["PRB-1"]), "{}", whole.text);
        let none = rest.ask("PATCH", base, &[], &json!({"problems": []})).await;
        assert_eq!(none.json["problems"], json!([]));

        for _ in 0..2 {
            let put = rest.ask("PUT", &format!("{base}/watch"), &[], &Json::Null).await;
            assert_eq!(put.status, StatusCode::NO_CONTENT);
        }
        let watch = rest.get(&format!("{base}/watch")).await;
        assert_eq!(watch.json, json!({"watching": true, "watchers": ["PER-1"]}));
        rest.ask("DELETE", &format!("{base}/watch"), &[], &Json::Null).await;
        assert_eq!(rest.get(&format!("{base}/watch")).await.json["watching"], false);
        let owes = rest.get(&format!("{base}/owes")).await;
        assert_eq!(owes.json["steps"][0]["transition"], "assign", "{}", owes.text);
    }
}

#[tokio::test]
async fn files_are_streamed_in_and_out() {
    for rest in Rest::both().await {
        let path = "/api/v1/incident/INC-1/attachments";
        let form = |name: &str, content: &str| {
            let body = format!(
                "--X\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"log.txt\"\r\n\r\n{content}\r\n--X--\r\n"
            );
            Request::post(path)
                .header("authorization", format!("Bearer {}", rest.agent))
                .header("content-type", "multipart/form-data; boundary=X")
                .body(Body::from(body))
                .unwrap()
        };
        let made = rest.send(form("file", "till 3: declined")).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
        assert_eq!(
            (made.json["media_type"].as_str(), made.json["size_bytes"].as_u64()),
            (Some("text/plain"), Some(16))
        );
        let file = rest.get(made.header("location")).await;
        assert_eq!(file.text, "till 3: declined");
        assert_eq!(rest.get(path).await.json["attachments"][0]["id"], made.json["id"]);
        assert_eq!(rest.send(form("other", "x")).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(rest.send(form("file", "")).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        let wrong = rest.post(path, &json!({"file": "x"})).await;
        assert_eq!(wrong.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
        let huge = rest.send(form("file", &"x".repeat(26 * 1_048_576))).await;
        assert_eq!(huge.status, StatusCode::PAYLOAD_TOO_LARGE, "{}", huge.text);
        // once a scanner looks at files, what is harmful is refused, and without its answer all is
        let mut clamd = Clamd::start().unwrap();
        rest.engine().scan_files(Scanner::Socket(clamd.socket()));
        let harmful = rest.send(form("file", HARM)).await;
        assert_eq!(harmful.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", harmful.text);
        assert!(harmful.text.contains("\"code\":\"harmful\""), "{}", harmful.text);
        clamd.stop();
        let waits = rest.send(form("file", "till 3: declined")).await;
        assert_eq!(waits.status, StatusCode::SERVICE_UNAVAILABLE, "{}", waits.text);
        assert!(waits.text.contains("not_scanned"), "{}", waits.text);
        assert_eq!(rest.get(path).await.json["attachments"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn history_leads_to_a_proof_that_verifies() {
    for rest in Rest::both().await {
        rest.ask("PATCH", "/api/v1/incident/INC-1", &[], &json!({"category": "Network"})).await;
        while rest.engine().log_state().await.unwrap().pending > 0 {
            rest.engine().sequence().await.unwrap();
        }
        let history = rest.get("/api/v1/incident/INC-1/history?limit=1").await;
        let entry = &history.json["entries"][0];
        assert_eq!(
            entry["changes"][0],
            json!({"field": "category", "old": null, "new": "Network"}),
            "{}",
            history.text
        );
        let next = history.json["next"].as_i64().unwrap();
        let older = rest.get(&format!("/api/v1/incident/INC-1/history?before={next}")).await;
        assert_eq!(older.json["entries"][0]["action"], "create");
        let id = entry["entry"].as_i64().unwrap();
        let proof = rest.get(&format!("/api/v1/log/entries/{id}/proof")).await;
        assert_eq!(proof.json["leaf_hash"], entry["leaf_hash"], "{}", proof.text);
        assert!(proof.json["body"].as_str().unwrap().contains("Network"));
        let log = rest.get("/api/v1/log").await;
        assert_eq!(log.json["root"], proof.json["root"]);
        let size = log.json["size"].as_u64().unwrap();
        let grown = rest.get(&format!("/api/v1/log/consistency?old=1&new={size}")).await;
        assert_eq!(grown.json["new_root"], log.json["root"], "{}", grown.text);
        assert_eq!(rest.get("/api/v1/log/checkpoint").await.status, StatusCode::NOT_FOUND);
        let beyond = rest.get(&format!("/api/v1/log/consistency?old=1&new={}", size + 1)).await;
        assert_eq!(beyond.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}

#[tokio::test]
async fn a_note_for_staff_has_no_proof_for_others() {
    let rest = Rest::open(proofdesk_testkit::Database::Sqlite).await;
    let note = json!({"body": "Supplier is slow", "audience": "staff"});
    rest.post("/api/v1/incident/INC-1/comments", &note).await;
    let history = rest.get("/api/v1/incident/INC-1/history").await;
    let path = format!("/api/v1/log/entries/{}/proof", history.json["entries"][0]["entry"]);
    assert_eq!(rest.get(&path).await.status, StatusCode::OK);
    let other = rest.ask_as(&rest.requester, "GET", &path, &[], &Json::Null).await;
    assert_eq!(other.status, StatusCode::NOT_FOUND, "{}", other.text);
}

#[tokio::test]
async fn each_role_may_do_what_the_declaration_says() {
    let rest = Rest::open(proofdesk_testkit::Database::Sqlite).await;
    let title = json!({"title": "x"});
    let cases = [
        ("POST", "/api/v1/incident", &title, 201, 403, 201),
        ("PATCH", "/api/v1/incident/INC-1", &title, 200, 403, 403),
        ("POST", "/api/v1/incident/INC-1/comments", &json!({"body": "x"}), 201, 403, 201),
        (
            "POST",
            "/api/v1/incident/INC-1/comments",
            &json!({"body": "x", "audience": "staff"}),
            201,
            403,
            403,
        ),
        ("GET", "/api/v1/incident/INC-1", &Json::Null, 200, 200, 200),
    ];
    for (method, path, body, agent, auditor, requester) in cases {
        for (token, status) in [(&rest.agent, agent), (&rest.auditor, auditor), (&rest.requester, requester)]
        {
            let answer = rest.ask_as(token, method, path, &[], body).await;
            assert_eq!(answer.status.as_u16(), status, "{method} {path}: {}", answer.text);
            if status == 403 {
                assert_eq!(answer.problems()[0].1, "permission", "{}", answer.text);
            }
        }
    }
}

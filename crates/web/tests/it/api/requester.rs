//! What a requester gets of his own incident: on pages, in REST, as history and proof.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use proofdesk_engine::{Audience, Change, Door, Reference, Target};
use serde_json::Value as Json;

use super::rest::Rest;

const SECRET: &str = "axolotl";

/// Fills every text of the incident that is not public with a word of its own.
async fn fill(rest: &Rest) {
    let of = rest.engine().require_type("incident").unwrap();
    let mut change = Change::default();
    for field in of.fields.values().filter(|f| f.computed.is_none() && !f.public) {
        if matches!(field.kind, proofdesk_model::Kind::Text { .. } | proofdesk_model::Kind::Markdown) {
            change = change.with_text(&field.name, SECRET);
        }
    }
    assert!(change.set.len() > 5);
    let on = Reference::new("incident", 1);
    let setup = rest.desk.setup();
    rest.engine().apply(&setup, Target::Existing(on.clone(), None), change, Door::Cli).await.unwrap();
    rest.engine().comment(&setup, &on, Audience::Staff, SECRET, Door::Cli).await.unwrap();
    while rest.engine().sequence().await.unwrap() > 0 {}
}

#[tokio::test]
async fn a_requester_gets_no_value_that_is_not_public() {
    for rest in Rest::both().await {
        fill(&rest).await;
        let ask = async |path: &str| rest.ask_as(&rest.requester, "GET", path, &[], &Json::Null).await;
        let agent = rest.get("/api/v1/incident/INC-1").await;
        assert!(agent.text.contains(SECRET));
        let own = ask("/api/v1/incident/INC-1").await;
        assert_eq!(own.status, StatusCode::OK, "{}", own.text);
        assert_eq!(own.json["title"], "Card payments declined");
        for path in [
            "/api/v1/incident/INC-1",
            "/api/v1/incident",
            "/api/v1/incident?fields=category,symptom,title",
            "/api/v1/incident/INC-1/history",
            "/api/v1/incident/INC-1/comments",
            "/api/v1/incident/INC-1/owes",
            "/api/v1/search?q=card",
        ] {
            let reply = ask(path).await;
            assert_eq!(reply.status, StatusCode::OK, "{path}: {}", reply.text);
            assert!(!reply.text.contains(SECRET), "{path}: {}", reply.text);
        }
        for (path, status) in [
            ("/api/v1/incident?filter=category%20!%3D%20null", StatusCode::UNPROCESSABLE_ENTITY),
            ("/api/v1/incident?sort=category", StatusCode::UNPROCESSABLE_ENTITY),
            ("/api/v1/incident/INC-1/links/problems", StatusCode::NOT_FOUND),
            ("/api/v1/figures?type=incident", StatusCode::NOT_FOUND),
        ] {
            let reply = ask(path).await;
            assert_eq!(reply.status, status, "{path}: {}", reply.text);
        }
        hidden_columns(&rest).await;
        let history = ask("/api/v1/incident/INC-1/history").await;
        for entry in history.json["entries"].as_array().unwrap() {
            let reply = ask(&format!("/api/v1/log/entries/{}/proof", entry["entry"])).await;
            assert!(!reply.text.contains(SECRET), "{}", reply.text);
        }
        pages(&rest).await;
    }
}

/// Every column that he does not see is none for him, whoever asks for it how: by filter, sort or as a view of his own.
async fn hidden_columns(rest: &Rest) {
    let of = rest.engine().require_type("incident").unwrap();
    let account = rest.engine().account_named("uwe").await.unwrap().unwrap();
    let caller = account.caller();
    let hidden: Vec<&str> =
        of.columns().iter().map(|c| c.name.as_str()).filter(|name| !caller.sees(&of, name)).collect();
    assert!(hidden.len() > 30 && hidden.contains(&"resolution_breached_at"), "{hidden:?}");
    for name in hidden {
        let sort = format!("/api/v1/incident?sort={name}");
        let filter = format!("/api/v1/incident?filter={name}%20!%3D%20null");
        for (path, says) in [(sort, "is not a column of incidents"), (filter, "is not a field of incident")] {
            let reply = rest.ask_as(&rest.requester, "GET", &path, &[], &Json::Null).await;
            assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}: {}", reply.text);
            assert!(reply.text.contains(says) && !reply.text.contains("no target"), "{path}: {}", reply.text);
        }
    }
    for set in [("sort", "category"), ("filter", "category != null"), ("columns", "category")] {
        let mut body =
            serde_json::json!({"record_type": "incident", "label": "Mine", "filter": "", "sort": ""});
        body[set.0] = if set.0 == "columns" { serde_json::json!([set.1]) } else { serde_json::json!(set.1) };
        let reply = rest.ask_as(&rest.requester, "POST", "/api/v1/views", &[], &body).await;
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{set:?}: {}", reply.text);
        assert!(reply.text.contains("category"), "{}", reply.text);
    }
}

async fn pages(rest: &Rest) {
    let form = Request::post("/sign-in")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .body(Body::from("sign_in=uwe&password=correct+horse+battery"))
        .unwrap();
    let cookie = rest.send(form).await.header("set-cookie").split(';').next().unwrap().to_owned();
    for page in [
        "/desk",
        "/incident",
        "/incident?view=mine",
        "/incident?filter=title%20!%3D%20null",
        "/incident?filter=category%20%3D%3D%20%22axolot%22",
        "/incident/INC-1/preview",
        "/portal/incident/INC-1",
        "/incident/new",
        "/search?q=card",
    ] {
        let request = Request::get(page).header("cookie", &cookie).body(Body::empty()).unwrap();
        let reply = rest.send(request).await;
        assert_eq!(reply.status, StatusCode::OK, "{page}: {}", reply.text);
        assert!(!reply.text.contains(SECRET), "{page}");
        if page == "/portal/incident/INC-1" {
            assert!(reply.text.contains("Card payments declined") && reply.text.contains("Point of sale"));
        }
        if page == "/incident/new" {
            assert!(!reply.text.contains("name=\"assignee\""), "only what is public is asked for");
        }
    }
    for (page, to) in [
        ("/incident/INC-1", "/portal/incident/INC-1"),
        ("/incident/INC-1?tab=proof", "/portal/incident/INC-1"),
        ("/incident/INC-1/edit", "/portal/incident/INC-1"),
        ("/service/SVC-1", "/status"),
    ] {
        let request = Request::get(page).header("cookie", &cookie).body(Body::empty()).unwrap();
        let reply = rest.send(request).await;
        assert_eq!(
            (reply.status, reply.header("location")),
            (StatusCode::SEE_OTHER, to),
            "{page}: {}",
            reply.text
        );
    }
}

#[tokio::test]
async fn a_requester_says_no_key_of_another_program() {
    for rest in Rest::both().await {
        let key = |key: &str| serde_json::json!({"title": "Till", "service": "SVC-1", "external_key": key});
        let taken = rest.ask("POST", "/api/v1/incident", &[], &key("OTHER-1")).await;
        assert_eq!(taken.status, StatusCode::CREATED, "{}", taken.text);
        let mut told = Vec::new();
        for name in ["OTHER-1", "OTHER-2"] {
            let refused = rest.ask_as(&rest.requester, "POST", "/api/v1/incident", &[], &key(name)).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
            assert!(refused.problems().contains(&("external_key".to_owned(), "staff".to_owned())));
            told.push(refused.json["problems"].clone());
        }
        assert_eq!(told[0], told[1], "whether a key is taken is not told");
        let answers = serde_json::json!({"title": "Laptop", "answers": "- **Approved by:** the boss"});
        let refused = rest.ask_as(&rest.requester, "POST", "/api/v1/service_request", &[], &answers).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
        assert!(refused.text.contains("no form to answer"), "{}", refused.text);
    }
}

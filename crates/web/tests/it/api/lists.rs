//! Lists, search, types, tokens and views.

use axum::http::StatusCode;
use proofdesk_engine::Change;
use serde_json::{Value as Json, json};

use super::rest::Rest;

#[tokio::test]
async fn pages_follow_one_another_without_gap_or_repeat() {
    for rest in Rest::both().await {
        for i in 0..24 {
            let made = Change::default()
                .with_text("title", &format!("Case {i}"))
                .with_text("category", ["a", "b", "c"][i % 3]);
            rest.desk.create("incident", made).await.unwrap();
        }
        for order in ["asc", "desc"] {
            let mut path =
                format!("/api/v1/incident?sort=category&order={order}&limit=7&fields=reference,category");
            let mut seen: Vec<String> = Vec::new();
            loop {
                let page = rest.get(&path).await;
                assert_eq!(page.status, StatusCode::OK, "{}", page.text);
                for record in page.json["records"].as_array().unwrap() {
                    assert_eq!(record.as_object().unwrap().len(), 2, "{record}");
                    seen.push(record["reference"].as_str().unwrap().to_owned());
                }
                // what is written meanwhile moves nothing
                rest.desk.create("service", Change::default().with_text("name", "Other")).await.unwrap();
                let Some(link) = page.header("link").split_once('>') else { break };
                path = link.0.trim_start_matches('<').to_owned();
                assert!(page.json["next"].is_string());
            }
            let mut once = seen.clone();
            once.sort();
            once.dedup();
            assert_eq!((seen.len(), once.len()), (25, 25), "{order}: {seen:?}");
        }
    }
}

#[tokio::test]
async fn filters_select_and_mistakes_are_said_with_their_place() {
    for rest in Rest::both().await {
        let found = rest
            .get("/api/v1/incident?filter=priority%20%3D%3D%20'p1'%20%26%26%20service%20%3D%3D%20'SVC-1'")
            .await;
        assert_eq!(found.json["records"][0]["reference"], "INC-1", "{}", found.text);
        let none = rest.get("/api/v1/incident?filter=priority%20%3D%3D%20'p4'").await;
        assert_eq!(none.json, json!({"records": [], "next": null}));
        let wrong = rest.get("/api/v1/incident?filter=colour%20%3D%3D%20'red'").await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        let message = wrong.json["problems"][0]["message"].as_str().unwrap();
        assert!(message.contains("character 1") && wrong.problems()[0].0 == "filter", "{}", wrong.text);
        for query in ["sort=colour", "after=nonsense", "fields=colour", "q=card&sort=title"] {
            let answer = rest.get(&format!("/api/v1/incident?{query}")).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{query}: {}", answer.text);
        }
        for query in
            ["limit=0", "limit=201", "limit=x", "order=down", "colour=red", "limit=1&limit=2", "filter=%00"]
        {
            let answer = rest.get(&format!("/api/v1/incident?{query}")).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}: {}", answer.text);
            assert_eq!(answer.header("content-type"), "application/problem+json");
        }
        let words = rest.get("/api/v1/incident?q=declined").await;
        assert_eq!(words.json["records"][0]["reference"], "INC-1", "{}", words.text);
        let all = rest.get("/api/v1/search?q=INC-1").await;
        assert_eq!(all.json["jump"], "INC-1", "{}", all.text);
    }
}

#[tokio::test]
async fn a_forged_cursor_is_no_fault() {
    use base64::Engine as _;
    for rest in Rest::both().await {
        rest.desk.create("incident", Change::default().with_text("title", "Second")).await.unwrap();
        for sort in ["title", "reported_at", "number", "major", "version", "priority"] {
            let page = rest.get(&format!("/api/v1/incident?sort={sort}&limit=1")).await;
            let cursor = page.json["next"].as_str().unwrap().to_owned();
            let plain = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(&cursor).unwrap();
            let parts: Json = serde_json::from_slice(&plain).unwrap();
            for key in [json!(7), json!("x"), json!(-1), json!("9223372036854775808"), json!("")] {
                let forged = json!([parts[0], key, parts[2]]).to_string();
                let forged = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(forged);
                let answer = rest.get(&format!("/api/v1/incident?sort={sort}&limit=1&after={forged}")).await;
                assert!(!answer.status.is_server_error(), "{sort} {key}: {}", answer.text);
            }
        }
    }
}

#[tokio::test]
async fn types_say_what_is_declared_and_allowed() {
    let rest = Rest::open(proofdesk_testkit::Database::Sqlite).await;
    let root = rest.get("/api/v1").await;
    assert_eq!(root.json["records"]["incident"], "/api/v1/incident");
    let types = rest.get("/api/v1/types").await;
    assert!(types.json["types"].as_array().unwrap().iter().any(|t| t["name"] == "incident"));
    let mine = rest.get("/api/v1/types/incident").await;
    assert!(mine.json["allowed"].as_array().unwrap().contains(&json!("resolve")), "{}", mine.text);
    let theirs = rest.ask_as(&rest.auditor, "GET", "/api/v1/types/incident", &[], &Json::Null).await;
    assert_eq!(theirs.json["allowed"], json!(["read"]));
    assert_eq!(rest.get("/api/v1/types/unicorn").await.status, StatusCode::NOT_FOUND);
    let me = rest.get("/api/v1/me").await;
    assert_eq!((me.json["person"].as_str(), &me.json["roles"]), (Some("PER-1"), &json!(["agent"])));
}

#[tokio::test]
async fn tokens_are_made_used_and_ended() {
    for rest in Rest::both().await {
        let made = rest.post("/api/v1/tokens", &json!({"label": "monitoring"})).await;
        assert_eq!(made.problems(), [("password".to_owned(), "required".to_owned())], "it is asked for");
        let wanted = json!({"label": "monitoring", "password": "correct horse battery"});
        let made = rest.post("/api/v1/tokens", &wanted).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
        let secret = made.json["token"].as_str().unwrap().to_owned();
        assert_eq!(rest.ask_as(&secret, "GET", "/api/v1/me", &[], &Json::Null).await.status, StatusCode::OK);
        let all = rest.get("/api/v1/tokens").await;
        assert!(!all.text.contains(&secret) && all.json["tokens"].as_array().unwrap().len() == 2);
        let path = made.header("location").to_owned();
        let other = rest.ask_as(&rest.auditor, "DELETE", &path, &[], &Json::Null).await;
        assert_eq!(other.status, StatusCode::NOT_FOUND);
        assert_eq!(rest.ask("DELETE", &path, &[], &Json::Null).await.status, StatusCode::NO_CONTENT);
        let ended = rest.ask_as(&secret, "GET", "/api/v1/me", &[], &Json::Null).await;
        assert_eq!(ended.status, StatusCode::UNAUTHORIZED);
        let past = json!({"label": "x", "expires_at": "2020-01-01T00:00:00Z"});
        assert_eq!(rest.post("/api/v1/tokens", &past).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}

#[tokio::test]
async fn views_are_kept_and_removed() {
    for rest in Rest::both().await {
        let view = json!({"record_type": "incident", "label": "New", "filter": "state == 'new'"});
        let made = rest.post("/api/v1/views", &view).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
        assert_eq!(rest.get("/api/v1/views?type=incident").await.json["views"][0]["label"], "New");
        let wrong = json!({"record_type": "incident", "label": "x", "filter": "colour == 1"});
        assert_eq!(rest.post("/api/v1/views", &wrong).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        let nothing = json!({"record_type": "", "label": "x"});
        assert_eq!(
            rest.post("/api/v1/views", &nothing).await.problems(),
            [("record_type".into(), "unknown".into())]
        );
        let long = json!({"record_type": "incident", "label": "x".repeat(121)});
        assert_eq!(rest.post("/api/v1/views", &long).await.problems(), [("label".into(), "size".into())]);
        let path = made.header("location").to_owned();
        let change = json!({"label": "Fresh", "columns": ["location", "created_at"], "shared": true});
        let theirs = rest.ask_as(&rest.auditor, "PATCH", &path, &[], &change).await;
        assert_eq!(theirs.status, StatusCode::NOT_FOUND, "{}", theirs.text);
        let changed = rest.ask("PATCH", &path, &[], &change).await;
        assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
        assert_eq!(changed.json["columns"], json!(["location", "created_at"]));
        let read = rest.ask_as(&rest.auditor, "GET", &path, &[], &Json::Null).await;
        assert_eq!((&read.json["label"], &read.json["filter"]), (&json!("Fresh"), &json!("state == 'new'")));
        let theirs = rest.ask_as(&rest.auditor, "PATCH", &path, &[], &json!({"label": "x"})).await;
        assert_eq!(theirs.status, StatusCode::NOT_FOUND, "shared is read, not written: {}", theirs.text);
        let wrong = json!({"columns": ["colour"], "sort": "colour", "label": "", "filter": "colour"});
        let fields: Vec<String> =
            rest.ask("PATCH", &path, &[], &wrong).await.problems().into_iter().map(|p| p.0).collect();
        assert_eq!(fields, ["label", "sort", "columns", "filter"]);
        assert_eq!(rest.ask("DELETE", &path, &[], &Json::Null).await.status, StatusCode::NO_CONTENT);
        assert_eq!(rest.ask("DELETE", &path, &[], &Json::Null).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn words_and_a_condition_are_asked_together() {
    for rest in Rest::both().await {
        for (title, category) in [("Cards fail in Graz", "network"), ("Cards fail in Linz", "till")] {
            let made = Change::default().with_text("title", title).with_text("category", category);
            rest.desk.create("incident", made).await.unwrap();
        }
        let both = rest.get("/api/v1/incident?q=cards&filter=category%20%3D%3D%20'till'").await;
        let found: Vec<&str> =
            both.json["records"].as_array().unwrap().iter().filter_map(|r| r["title"].as_str()).collect();
        assert_eq!(found, ["Cards fail in Linz"], "{}", both.text);
        let none = rest.get("/api/v1/incident?q=graz&filter=category%20%3D%3D%20'till'").await;
        assert_eq!(none.json, json!({"records": [], "next": null}));
        let wrong = rest.get("/api/v1/incident?q=graz&filter=colour%20%3D%3D%201").await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", wrong.text);
    }
}

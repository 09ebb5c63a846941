//! The description: complete, the same each time, and readable as a page.

use std::collections::BTreeSet;
use std::io::Read as _;

use axum::http::StatusCode;
use serde_json::{Value as Json, json};
use tower::ServiceExt as _;

use super::rest::Rest;

fn references(json: &Json, found: &mut BTreeSet<String>) {
    match json {
        Json::Object(map) => {
            if let Some(Json::String(to)) = map.get("$ref") {
                found.insert(to.clone());
            }
            map.values().for_each(|v| references(v, found));
        }
        Json::Array(items) => items.iter().for_each(|v| references(v, found)),
        _ => {}
    }
}

#[test]
fn the_description_is_whole_and_stable() {
    let registry = proofdesk_testkit::desk::registry().unwrap();
    let text = proofdesk_web::api::openapi(&registry);
    assert_eq!(text, proofdesk_web::api::openapi(&registry));
    let document: Json = serde_json::from_str(&text).unwrap();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    for to in &found {
        assert!(document.pointer(to.trim_start_matches('#')).is_some(), "{to} leads nowhere");
    }
    for group in ["parameters", "responses", "schemas", "headers"] {
        for name in document["components"][group].as_object().unwrap().keys() {
            assert!(found.contains(&format!("#/components/{group}/{name}")), "{group}/{name} is not used");
        }
    }
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap().iter().filter(|(m, _)| *m != "parameters") {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id.to_owned()), "{method} {path}: {id} is there twice");
        }
    }
    for of in registry.types() {
        assert!(ids.contains(&format!("create_{}", of.name)), "{}", of.name);
    }
}

#[tokio::test]
async fn every_path_of_the_description_is_served() {
    let rest = Rest::open(proofdesk_testkit::Database::Sqlite).await;
    let document = rest.get("/api/v1/openapi.json").await.json;
    for (path, item) in document["paths"].as_object().unwrap() {
        let known: BTreeSet<String> = item.as_object().unwrap().keys().map(|m| m.to_uppercase()).collect();
        let path = path.replace("{reference}", "INC-1").replace(['{', '}'], "");
        let answer = rest.ask("OPTIONS", &path, &[], &Json::Null).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{path}: {}", answer.text);
        let allowed: BTreeSet<String> =
            answer.header("allow").split(',').map(|m| m.trim().to_owned()).filter(|m| m != "HEAD").collect();
        let known: BTreeSet<String> = known.into_iter().filter(|m| m != "PARAMETERS").collect();
        assert_eq!(allowed, known, "{path}");
    }
}

#[tokio::test]
async fn the_description_is_made_once_and_sent_again_only_where_it_changed() {
    let rest = Rest::open(proofdesk_testkit::Database::Sqlite).await;
    let ask =
        async |headers: &[(&str, &str)]| rest.ask("GET", "/api/v1/openapi.json", headers, &Json::Null).await;
    let plain = ask(&[]).await;
    let tag = plain.header("etag").to_owned();
    assert!(tag.len() > 20 && plain.header("content-encoding").is_empty(), "{tag}");
    let request = axum::http::Request::get("/api/v1/openapi.json")
        .header("authorization", format!("Bearer {}", rest.agent))
        .header("accept-encoding", "br, gzip;q=0.8");
    let zipped = rest.router.clone().oneshot(request.body(axum::body::Body::empty()).unwrap()).await.unwrap();
    assert_eq!(zipped.headers()["content-encoding"], "gzip");
    assert_eq!(zipped.headers()["etag"], tag.as_str());
    let zipped = axum::body::to_bytes(zipped.into_body(), 64 * 1_048_576).await.unwrap();
    assert!(zipped.len() * 5 < plain.text.len(), "{} of {}", zipped.len(), plain.text.len());
    let mut text = String::new();
    flate2::read::GzDecoder::new(&zipped[..]).read_to_string(&mut text).unwrap();
    assert!(text == plain.text, "the same text");
    let refused = ask(&[("accept-encoding", "gzip;q=0")]).await;
    assert!(refused.header("content-encoding").is_empty() && refused.text == plain.text);
    let known = ask(&[("if-none-match", &tag)]).await;
    assert_eq!((known.status, known.text.len()), (StatusCode::NOT_MODIFIED, 0));
    assert_eq!(ask(&[("if-none-match", "\"another\"")]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_page_tells_the_same_to_people() {
    let desk = crate::client::Desk::open().await;
    let page = desk.signed_in("mara").await.get("/api").await;
    assert_eq!(page.status, StatusCode::OK);
    for words in
        ["Interface for programs", "/api/v1/incident/{reference}", "Bearer $TOKEN", "id=\"create_incident\""]
    {
        assert!(page.body.contains(words), "{words}");
    }
    assert!(!page.body.contains("<script>"));
}

#[tokio::test]
async fn examples_of_the_description_are_accepted() {
    let rest = Rest::open(proofdesk_testkit::Database::Sqlite).await;
    let document = rest.get("/api/v1/openapi.json").await.json;
    let examples = document
        .pointer("/paths/~1api~1v1~1incident/post/requestBody/content/application~1json/examples")
        .unwrap();
    let mut tried = 0;
    for example in examples.as_object().unwrap().values() {
        let answer = rest.post("/api/v1/incident", &example["value"]).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}: {}", example["summary"], answer.text);
        tried += 1;
    }
    assert!(tried >= 2, "{examples}");
    assert_eq!(json!(tried), examples.as_object().unwrap().len());
}

//! Hostile and broken input: always an answer that says what is wrong, never a fault.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value as Json, json};

use super::rest::{Reply, Rest};

async fn raw(rest: &Rest, kind: &str, body: Vec<u8>) -> Reply {
    let request = Request::post("/api/v1/incident")
        .header("authorization", format!("Bearer {}", rest.agent))
        .header("content-type", kind)
        .body(Body::from(body))
        .unwrap();
    rest.send(request).await
}

#[tokio::test]
async fn broken_bodies_are_refused_with_their_reason() {
    for rest in Rest::both().await {
        let deep = format!("{{\"title\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        let cases: Vec<(&str, Vec<u8>, u16)> = vec![
            ("application/json", b"".to_vec(), 400),
            ("application/json", b"{".to_vec(), 400),
            ("application/json", b"[]".to_vec(), 400),
            ("application/json", b"null".to_vec(), 400),
            ("application/json", b"\"x\"".to_vec(), 400),
            ("application/json", b"{\"title\": \"\xff\xfe\"}".to_vec(), 400),
            ("application/json", b"{\"title\": 1e999}".to_vec(), 400),
            ("application/json", b"{\"title\": \"a\\u0000b\"}".to_vec(), 422),
            ("application/json", b"{\"title\": \"\\ud800\"}".to_vec(), 400),
            ("application/json", deep.into_bytes(), 400),
            ("application/json", vec![b' '; 3_000_000], 413),
            ("text/plain", b"{\"title\": \"x\"}".to_vec(), 415),
            ("application/x-www-form-urlencoded", b"title=x".to_vec(), 415),
            ("", b"{\"title\": \"x\"}".to_vec(), 415),
            ("application/json; charset=utf-8", b"{\"title\": \"x\"}".to_vec(), 201),
        ];
        for (kind, body, status) in cases {
            let start = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
            let answer = raw(&rest, kind, body).await;
            assert_eq!(answer.status.as_u16(), status, "{kind} {start}: {}", answer.text);
            if status >= 400 {
                assert_eq!(answer.header("content-type"), "application/problem+json", "{start}");
                assert!(answer.json["detail"].as_str().is_some_and(|d| d.len() > 10), "{}", answer.text);
            }
        }
    }
}

#[tokio::test]
async fn absurd_values_are_refused_by_name() {
    for rest in Rest::both().await {
        let cases = [
            ("title", json!("x".repeat(501))),
            ("title", json!("two\nlines")),
            ("title", json!("   ")),
            ("title", json!(["x"])),
            ("title", json!({"x": 1})),
            ("description", json!("y".repeat(100_001))),
            ("reported_at", json!("99999-01-01T00:00:00Z")),
            ("reported_at", json!("2026-02-30T00:00:00Z")),
            ("reported_at", json!("2026-01-01")),
            ("reported_at", json!("2026-01-01T00:00:00")),
            ("reported_at", json!(1_700_000_000)),
            ("reported_at", json!("0000-01-01T00:00:00Z")),
            ("reported_at", json!("-0001-01-01T00:00:00Z")),
            ("service", json!("INC-1")),
            ("service", json!("svc-1")),
            ("service", json!("SVC-01")),
            ("service", json!(1)),
            ("service", json!("SVC-99999999999999999999")),
            ("service", json!("SVC-1'; DROP TABLE incident; --")),
            ("impact", json!("High")),
            ("impact", json!("")),
            ("major", json!(1)),
            ("affects", json!("CI-1")),
            ("affects", json!([null])),
            ("affects", Json::from(vec!["CI-1"; 1_001])),
            ("picture", json!(1e300)),
            ("picture", json!(9_007_199_254_740_992_i64)),
            ("picture", json!(1.5)),
            ("external_key", json!("")),
            ("external_key", json!("a\u{7}")),
            ("resolution_due_at", json!("2026-01-01T00:00:00Z")),
            ("__proto__", json!({})),
            ("title; DROP", json!("x")),
        ];
        for (field, value) in cases {
            let mut body = json!({"title": "Good", "reported_at": "2026-01-01T00:00:00Z"});
            body[field] = value.clone();
            let answer = rest.post("/api/v1/incident", &body).await;
            assert_eq!(
                answer.status,
                StatusCode::UNPROCESSABLE_ENTITY,
                "{field} {value:.60}: {}",
                answer.text
            );
            assert!(answer.problems().iter().any(|(f, _)| f == field), "{field}: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn strange_addresses_and_methods_are_answered() {
    for rest in Rest::both().await {
        for (method, path, status) in [
            ("GET", "/api/v1/unicorn", 404),
            ("GET", "/api/v1/incident/INC-999", 404),
            ("GET", "/api/v1/incident/inc-1", 404),
            ("GET", "/api/v1/incident/INC-01", 404),
            ("GET", "/api/v1/incident/SVC-1", 404),
            ("GET", "/api/v1/incident/%00", 404),
            ("GET", "/api/v1/incident/%ff", 400),
            ("GET", "/api/v1/incident/INC-9223372036854775808", 404),
            ("GET", "/api/v1/incident/..%2f..%2fetc", 404),
            ("GET", "/api/v1/incident/INC-1/unicorn", 404),
            ("GET", "/api/v1/incident/INC-1/links/unicorn", 404),
            ("GET", "/api/v1/incident/INC-1/attachments/x", 404),
            ("GET", "/api/v1/log/entries/x/proof", 404),
            ("GET", "/api/v1/log/entries/9223372036854775807/proof", 404),
            ("GET", "/api/v1/log/consistency", 400),
            ("GET", "/api/v1/log/consistency?old=2&new=1", 422),
            ("GET", "/api/v1/log/consistency?old=-1&new=1", 400),
            ("GET", "/api/v1/search", 400),
            ("GET", "/api/v1/me?x=1", 400),
            ("GET", "/api/v2", 404),
            ("GET", "/api/v1/incident/INC-1/a/b/c/d", 404),
            ("POST", "/api/v1/incident/INC-1/transitions/fly", 404),
            ("DELETE", "/api/v1/incident/INC-1", 405),
            ("PUT", "/api/v1/incident", 405),
            ("POST", "/api/v1/me", 405),
            ("TRACE", "/api/v1/incident/INC-1", 405),
        ] {
            let answer = rest.ask(method, path, &[], &Json::Null).await;
            assert_eq!(answer.status.as_u16(), status, "{method} {path}: {}", answer.text);
            assert_eq!(answer.header("content-type"), "application/problem+json", "{method} {path}");
            assert_eq!(answer.json["status"], status, "{method} {path}: {}", answer.text);
            if status == 405 {
                assert!(!answer.header("allow").is_empty(), "{method} {path}");
            }
        }
        let picture = rest.ask("GET", "/api/v1/incident", &[("accept", "image/png")], &Json::Null).await;
        assert_eq!(picture.status, StatusCode::NOT_ACCEPTABLE);
        for tag in ["\"3", "W/\"1\"", "\"x\"", ""] {
            let answer = rest
                .ask("PATCH", "/api/v1/incident/INC-1", &[("if-match", tag)], &json!({"title": "x"}))
                .await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{tag}: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn conditions_cannot_hurt() {
    for rest in Rest::both().await {
        let nested = format!("{}true{}", "(".repeat(900), ")".repeat(900));
        let long = vec!["title == 'x'"; 120].join(" || ");
        for filter in [
            "title == '\\u0000'",
            "title == 'a' ; DROP TABLE incident",
            "version > 9223372036854775807",
            "version > 99999999999999999999",
            "version * 9223372036854775807 > 1",
            "reported_at > timestamp('99999-01-01T00:00:00Z')",
            "now - duration('99999999h') > reported_at",
            "title.matches('(a+)+$')",
            "title.contains('%_\\\\')",
            "problems.exists(p, p.incidents.exists(i, i.problems.exists(q, q.incidents.exists(j, true))))",
            "é == 'ü'",
            nested.as_str(),
            long.as_str(),
        ] {
            let escaped = proofdesk_web::layout::escape_query(filter);
            let answer = rest.get(&format!("/api/v1/incident?filter={escaped}")).await;
            assert!(
                answer.status == StatusCode::OK || answer.status == StatusCode::UNPROCESSABLE_ENTITY,
                "{filter:.80}: {} {}",
                answer.status,
                answer.text
            );
        }
    }
}

#[tokio::test]
async fn who_does_not_say_who_he_is_gets_nothing() {
    let rest = Rest::open(proofdesk_testkit::Database::Sqlite).await;
    let ask = |authorization: Option<&'static str>, cookie: Option<&'static str>| {
        let mut request = Request::get("/api/v1/incident");
        if let Some(value) = authorization {
            request = request.header("authorization", value);
        }
        if let Some(value) = cookie {
            request = request.header("cookie", value);
        }
        rest.send(request.body(Body::empty()).unwrap())
    };
    for (authorization, cookie) in [
        (None, None),
        (Some("Bearer nonsense"), None),
        (Some("Bearer "), None),
        (Some("Bearer"), None),
        (Some("Basic bWFyYTp4"), None),
        (None, Some("proofdesk_session=nonsense")),
    ] {
        let answer = ask(authorization, cookie).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{authorization:?} {cookie:?}: {}", answer.text);
        assert!(answer.header("www-authenticate").starts_with("Bearer "), "{authorization:?}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
}

#[tokio::test]
async fn a_session_may_write_from_our_own_pages_only() {
    let desk = crate::client::Desk::open().await;
    let mara = desk.signed_in("mara").await;
    for (site, status) in [("same-origin", 201), ("cross-site", 403), ("same-site", 403)] {
        let request = Request::post("/api/v1/incident")
            .header("content-type", "application/json")
            .header("sec-fetch-site", site)
            .body(Body::from("{\"title\": \"x\"}"))
            .unwrap();
        let answer = mara.send(request).await;
        assert_eq!(answer.status.as_u16(), status, "{site}: {}", answer.body);
    }
}

//! Hostile text is only text, other sites write nothing, and what is not yours is refused or not there.

use axum::http::StatusCode;
use proofdesk_engine::{Change, Door, Target};
use proofdesk_model::Value;
use proofdesk_web::{AppState, Settings};

use crate::client::{Browser, Desk, PASSWORD};

const HOSTILE: &str = "<script>alert(1)</script>\"><img src=x onerror=alert(2)>";

#[tokio::test]
async fn hostile_text_stays_text_on_every_page() {
    let desk = Desk::open().await;
    let change = Change::default()
        .with_text("title", HOSTILE)
        .with_text("description", &format!("{HOSTILE}\n\n[x](javascript:alert(3))"))
        .with_text("category", HOSTILE);
    desk.desk.create("incident", change).await.unwrap();
    let mara = desk.signed_in("mara").await;
    mara.post("/incident/INC-2/comment", &[("body", HOSTILE), ("audience", "staff")]).await;
    let query = "/search?q=%3Cscript%3Ealert(1)%3C%2Fscript%3E";
    let filter = "/incident?filter=%3Cscript%3Ealert(1)%3C%2Fscript%3E";
    for page in [
        "/desk?view=open",
        "/incident/INC-2",
        "/incident/INC-2?tab=proof",
        "/incident/INC-2/edit",
        query,
        filter,
    ] {
        let body = mara.get(page).await.body;
        for piece in ["<script>alert", "<img src=x", "href=\"javascript:"] {
            assert!(!body.contains(piece), "{page} lets {piece} through");
        }
    }
}

#[tokio::test]
async fn other_sites_write_nothing() {
    let desk = Desk::open().await;
    let mara = desk.signed_in("mara").await;
    for site in ["cross-site", "same-site"] {
        let answer = mara.post_from(site, "/incident/INC-1/comment", &[("body", "forged")]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
    }
    assert!(!mara.get("/incident/INC-1").await.body.contains("forged"));
}

#[tokio::test]
async fn what_is_not_there_is_404_and_what_is_not_allowed_is_403() {
    let desk = Desk::open().await;
    let (mara, ida) = (desk.signed_in("mara").await, desk.signed_in("ida").await);
    for page in [
        "/incident/INC-99",
        "/incident/SVC-1",
        "/nothing",
        "/nothing/INC-1",
        "/incident/INC-1/transition/fly",
        "/home/none",
    ] {
        assert_eq!(mara.get(page).await.status, StatusCode::NOT_FOUND, "{page}");
    }
    for page in ["/incident/new", "/incident/INC-1/edit", "/incident/INC-1/transition/assign"] {
        let answer = ida.get(page).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{page}");
        assert!(answer.body.contains("You may not") && answer.body.contains("Request "), "{}", answer.body);
    }
    let refused = ida.post("/incident/INC-1/comment", &[("body", "x")]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn every_answer_carries_the_policy() {
    let desk = Desk::open().await;
    let mara = desk.signed_in("mara").await;
    let asset = proofdesk_web::assets::address("icon.svg").unwrap();
    for page in ["/sign-in", "/desk", "/nothing", "/api/v1/me", "/api/v1/nothing", "/assets/none", &asset] {
        let answer = mara.get(page).await;
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe"), "{page}: {policy}");
        for part in ["object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'"] {
            assert!(policy.contains(part), "{page}: {policy}");
        }
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
        assert_eq!(answer.headers["referrer-policy"], "same-origin");
        assert!(answer.headers.contains_key("x-request-id"));
        assert!(!answer.headers.contains_key("access-control-allow-origin"));
        assert!(!answer.headers.contains_key("strict-transport-security"), "without TLS");
        let cached = answer.headers.get("cache-control").map(|v| v.to_str().unwrap());
        assert!(cached == Some("no-store") || page == asset, "{page}: {cached:?}");
    }
}

#[tokio::test]
async fn with_tls_the_cookie_is_of_this_host_and_browsers_come_by_tls() {
    let desk = Desk::open().await;
    let settings = Settings { secure: true, ..Settings::default() };
    let router = proofdesk_web::router(AppState::new(desk.desk.engine.clone(), settings));
    let mut browser = Browser::of(&router);
    let answer = browser.post("/sign-in", &[("sign_in", "mara"), ("password", PASSWORD)]).await;
    let set = answer.headers["set-cookie"].to_str().unwrap().to_owned();
    assert!(set.starts_with("__Host-proofdesk_session="), "{set}");
    for part in ["HttpOnly", "SameSite=Lax", "Secure", "Path=/"] {
        assert!(set.contains(part), "{set}");
    }
    assert!(!set.contains("Domain"), "{set}");
    assert_eq!(answer.headers["strict-transport-security"], "max-age=31536000; includeSubDomains");
    let secret = set.split(';').next().unwrap().split_once('=').unwrap().1;
    // a host beside ours can plant the plain name, and it opens nothing
    browser.keep(&format!("proofdesk_session={secret}"));
    assert_eq!(browser.get("/desk").await.status, StatusCode::SEE_OTHER);
    assert_eq!(browser.get("/api/v1/me").await.status, StatusCode::UNAUTHORIZED);
    browser.keep(&format!("__Host-proofdesk_session={secret}"));
    assert_eq!(browser.get("/desk").await.status, StatusCode::OK);
    assert_eq!(browser.get("/api/v1/me").await.status, StatusCode::OK);
    let language = browser.post("/portal/me/language", &[("language", "de")]).await;
    let set = language.headers["set-cookie"].to_str().unwrap();
    assert!(set.starts_with("__Host-proofdesk_language=de") && !set.contains("Domain"), "{set}");
    for part in ["HttpOnly", "SameSite=Lax", "Secure", "Path=/"] {
        assert!(set.contains(part), "{set}");
    }
    let out = browser.post("/sign-out", &[]).await;
    assert_eq!(out.headers["clear-site-data"], "\"cache\", \"storage\"");
    assert!(out.headers["set-cookie"].to_str().unwrap().contains("Secure"), "a browser removes it only so");
    assert_eq!(browser.get("/desk").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn methods_that_nobody_needs_are_refused() {
    let desk = Desk::open().await;
    let mara = desk.signed_in("mara").await;
    for method in ["TRACE", "CONNECT", "PROPFIND", "DELETE"] {
        let request = axum::http::Request::builder().method(method).uri("/desk");
        let request =
            request.header("sec-fetch-site", "same-origin").body(axum::body::Body::empty()).unwrap();
        assert_eq!(mara.send(request).await.status, StatusCode::METHOD_NOT_ALLOWED, "{method}");
    }
}

#[tokio::test]
async fn a_huge_form_is_refused_as_a_page() {
    let desk = Desk::open().await;
    let mara = desk.signed_in("mara").await;
    let answer = mara.post("/incident/new", &[("title", "x"), ("description", &"y".repeat(3_000_000))]).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(answer.body.contains("This is too large"), "{}", answer.body);
}

#[tokio::test]
async fn programs_get_problem_documents() {
    let desk = Desk::open().await;
    let request = axum::http::Request::get("/nothing/at/all/is/here")
        .header("accept", "application/json")
        .body(axum::body::Body::empty())
        .unwrap();
    let answer = desk.browser().send(request).await;
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    assert!(answer.body.contains("\"status\":404"), "{}", answer.body);
}

#[tokio::test]
async fn the_proof_of_a_staff_note_is_for_those_who_may_read_it() {
    let desk = Desk::open().await;
    let (mara, ida) = (desk.signed_in("mara").await, desk.signed_in("ida").await);
    mara.post("/incident/INC-1/comment", &[("body", "zebra"), ("audience", "staff")]).await;
    desk.desk.engine.sequence().await.unwrap();
    let on = proofdesk_engine::Reference::new("incident", 1);
    let note = desk.desk.engine.history(&on, 1).await.unwrap().remove(0);
    let address = format!("/incident/INC-1/proof/{}.json", note.entry);
    assert!(mara.get(&address).await.body.contains("zebra"));
    assert!(ida.get(&address).await.body.contains("zebra"), "an auditor reads everything");
    let rita = desk.desk.person("Rita Own", &["requester"]).await.unwrap();
    let person = rita.person.unwrap();
    let own = Change::default().with("reported_by", Value::Link(person));
    let own = desk.desk.engine.apply(&desk.mara, Target::Existing(on, None), own, Door::Page).await.unwrap();
    assert_eq!(own.record.get("reported_by"), Value::Link(person));
    desk.desk.account(&rita, "rita", PASSWORD).await.unwrap();
    let rita = desk.signed_in("rita").await;
    assert_eq!(rita.get("/incident/INC-1").await.location(), "/portal/incident/INC-1", "it is hers");
    assert_eq!(rita.get("/portal/incident/INC-1").await.status, StatusCode::OK);
    let refused = rita.get(&address).await;
    assert_eq!(refused.location(), "/portal/incident/INC-1", "not the proof");
    assert!(!refused.body.contains("zebra"));
}

//! The way in and out.

use axum::http::StatusCode;
use proofdesk_testkit::{Database, TestDesk};
use proofdesk_web::{AppState, Settings};
use tower::ServiceExt;

use crate::client::{Desk, PASSWORD};

#[tokio::test]
async fn an_empty_desk_says_how_to_begin() {
    let desk = TestDesk::open(Database::Sqlite).await.unwrap();
    let router = proofdesk_web::router(AppState::new(desk.engine.clone(), Settings::default()));
    let request = axum::http::Request::get("/sign-in").body(axum::body::Body::empty()).unwrap();
    let response = router.oneshot(request).await.unwrap();
    let body = axum::body::to_bytes(response.into_body(), 100_000).await.unwrap();
    assert!(String::from_utf8_lossy(&body).contains("proofdesk demo"));
}

#[tokio::test]
async fn a_wrong_password_keeps_the_name_and_says_no_more() {
    let desk = Desk::open().await;
    let nobody = desk.browser();
    let mut answers = Vec::new();
    for name in ["mara", "stranger"] {
        let answer = nobody.post("/sign-in", &[("sign_in", name), ("password", "wrong horse")]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body.contains(&format!("value=\"{name}\"")));
        answers.push(answer.body.replace(name, ""));
    }
    assert_eq!(answers[0], answers[1], "whether a name exists is not told");
}

#[tokio::test]
async fn a_session_leads_back_and_ends() {
    let desk = Desk::open().await;
    let form = [("sign_in", "mara"), ("password", PASSWORD), ("next", "/incident/INC-1")];
    assert_eq!(desk.browser().post("/sign-in", &form).await.location(), "/incident/INC-1");
    let away = [("sign_in", "mara"), ("password", PASSWORD), ("next", "//evil.example")];
    assert_eq!(desk.browser().post("/sign-in", &away).await.location(), "/");
    let mara = desk.signed_in("mara").await;
    mara.post("/sign-out", &[]).await;
    assert_eq!(mara.get("/desk").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn the_cookie_is_kept_from_scripts_and_other_sites() {
    let desk = Desk::open().await;
    let answer = desk.browser().post("/sign-in", &[("sign_in", "mara"), ("password", PASSWORD)]).await;
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && cookie.contains("Path=/"),
        "{cookie}"
    );
}

#[tokio::test]
async fn a_person_changes_the_own_password_and_makes_a_token() {
    let desk = Desk::open().await;
    let mara = desk.signed_in("mara").await;
    let made =
        mara.post("/account/token", &[("label", "monitoring"), ("days", "30"), ("present", PASSWORD)]).await;
    assert!(made.body.contains("pd_"), "{}", made.body);
    assert!(!mara.get("/account").await.body.contains("pd_"), "the token is shown once");
    let wrong =
        mara.post("/account/password", &[("present", "no"), ("password", "another horse battery")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let right =
        mara.post("/account/password", &[("present", PASSWORD), ("password", "another horse battery")]).await;
    assert_eq!(right.status, StatusCode::SEE_OTHER);
    assert_eq!(mara.get("/desk").await.status, StatusCode::SEE_OTHER, "all sessions ended");
}

#[tokio::test]
async fn what_is_sent_after_the_session_ended_is_said_to_be_lost_and_leads_back_to_its_form() {
    let desk = Desk::open().await;
    let nobody = desk.browser();
    for (path, form) in [
        ("/incident/INC-1/comment", "/incident/INC-1?tab=talk"),
        ("/incident/new", "/incident/new"),
        ("/portal/incident/new", "/portal/incident/new?service=SVC-1"),
    ] {
        let request = axum::http::Request::post(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .header("accept-language", "de")
            .header("referer", format!("https://desk.example{form}"))
            .body(axum::body::Body::from("body=Long%20words"))
            .unwrap();
        let answer = nobody.send(request).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        let to = answer.location().to_owned();
        assert!(to.starts_with("/sign-in?next=/") && to.ends_with("&said=unsent"), "{path}: {to}");
        let page = nobody.get(&to).await.body;
        assert!(page.contains("What you sent was not taken") && page.contains("target=\"_blank\""), "{page}");
        assert!(page.contains(&format!("name=\"next\" value=\"{form}\"")), "{path}: {page}");
    }
    let none = nobody.post("/incident/INC-1/comment", &[("body", "Words")]).await;
    assert_eq!(
        none.location(),
        "/sign-in?next=/&said=unsent",
        "without a word of the browser, the first page"
    );
    let read = nobody.get("/incident/INC-1").await;
    assert_eq!(read.location(), "/sign-in?next=/incident/INC-1", "who only reads has lost nothing");
}

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

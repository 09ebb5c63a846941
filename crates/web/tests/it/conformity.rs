//! The clause map and an obligation: nothing is green before a run, exceptions have names, judgements are kept.

use axum::http::StatusCode;
use proofdesk_engine::Change;

use crate::client::Desk;

#[tokio::test]
async fn nothing_is_proven_before_the_first_run_and_exceptions_have_names_after_it() {
    let desk = Desk::open().await;
    desk.desk
        .create("incident", Change::default().with_text("title", "Nothing is said of it"))
        .await
        .unwrap();
    let boss = desk.signed_in("boss").await;
    let before = boss.get("/conformity").await;
    assert_eq!(before.status, StatusCode::OK, "{}", before.body);
    assert!(before.body.contains("No test has run yet"));
    assert_eq!(before.body.matches("<a class=\"ok\"").count(), 0);
    assert_eq!(boss.post("/conformity/run", &[]).await.location(), "/conformity");
    let map = boss.get("/conformity").await.body;
    assert!(map.contains("records tested") && !map.contains("No test has run yet"));
    assert!(map.contains("href=\"/conformity/8.6.1-a\""));
    let obligation = boss.get("/conformity/8.6.1-a").await.body;
    for text in
        ["Population", "Each must", "Nonconforming", "INC-2", "No service is named", "cannot be evaluated"]
    {
        assert!(obligation.contains(text), "{text} is missing");
    }
    assert_eq!(boss.get("/conformity/8.6").await.status, StatusCode::OK);
    assert_eq!(boss.get("/conformity/8.6.1").await.status, StatusCode::OK);
    assert_eq!(boss.get("/conformity/99.9").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_judgement_needs_a_reason_and_a_role() {
    let desk = Desk::open().await;
    let (boss, mara) = (desk.signed_in("boss").await, desk.signed_in("mara").await);
    let address = "/conformity/8.6.1-a/judge";
    let refused = boss.post(address, &[("opinion", "adequate"), ("reason", " ")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("a judgement without a reason"), "{}", refused.body);
    let given = [("opinion", "adequate"), ("reason", "Sampled forty, all real")];
    assert_eq!(mara.post(address, &given).await.status, StatusCode::FORBIDDEN);
    assert_eq!(boss.post(address, &given).await.status, StatusCode::SEE_OTHER);
    assert!(boss.get("/conformity/8.6.1-a").await.body.contains("Sampled forty, all real"));
    assert_eq!(mara.post("/conformity/run", &[]).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_record_says_what_obligations_still_ask_of_it() {
    let desk = Desk::open().await;
    desk.desk
        .create("incident", Change::default().with_text("title", "Nothing is said of it"))
        .await
        .unwrap();
    let page = desk.signed_in("mara").await.get("/incident/INC-2").await.body;
    assert!(page.contains("Nothing describes what happened"), "{page}");
    assert!(page.contains("href=\"/conformity/8.6.1"), "the obligation is linked");
}

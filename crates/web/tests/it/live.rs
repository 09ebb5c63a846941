//! Server-sent events: a change is told, by name only.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use futures_util::StreamExt;
use proofdesk_engine::Change;
use tower::ServiceExt;

use crate::client::Desk;

#[tokio::test]
async fn a_change_is_told_to_who_listens() {
    let desk = Desk::open().await;
    let mara = desk.signed_in("mara").await;
    let request = Request::get("/events").header("cookie", mara.cookie()).body(Body::empty()).unwrap();
    let response = desk.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut pieces = response.into_body().into_data_stream();
    desk.desk.create("incident", Change::default().with_text("title", "Secret words")).await.unwrap();
    let piece = tokio::time::timeout(Duration::from_secs(10), pieces.next())
        .await
        .expect("an event")
        .unwrap()
        .unwrap();
    let text = String::from_utf8_lossy(&piece).into_owned();
    assert!(text.contains("event: changed") && text.contains("\"reference\":\"incident:2\""), "{text}");
    assert!(text.contains("id: ") && !text.contains("Secret words"), "{text}");
}

#[tokio::test]
async fn nothing_is_told_when_the_session_has_ended() {
    let desk = Desk::open().await;
    let mara = desk.signed_in("mara").await;
    let request = Request::get("/events").header("cookie", mara.cookie()).body(Body::empty()).unwrap();
    let mut pieces = desk.router.clone().oneshot(request).await.unwrap().into_body().into_data_stream();
    let title = |text: &str| Change::default().with_text("title", text);
    desk.desk.create("incident", title("Before")).await.unwrap();
    assert!(pieces.next().await.unwrap().is_ok());
    mara.post("/sign-out", &[]).await;
    desk.desk.time.advance(1_000_000);
    desk.desk.create("incident", title("After")).await.unwrap();
    let end = tokio::time::timeout(Duration::from_secs(10), pieces.next()).await.expect("an end");
    assert!(end.is_none(), "{end:?}");
}

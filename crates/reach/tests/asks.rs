//! The client beside a real server on loopback: what it asks, what it refuses, and when it gives up.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Redirect;
use axum::routing::{get, post};
use proofdesk_reach::{Error, Limits, Reach, Request, Rule};

async fn server() -> (u16, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let counted = axum::middleware::map_request(move |request: axum::extract::Request| {
        count.fetch_add(1, Ordering::SeqCst);
        async { request }
    });
    let app = Router::new()
        .route(
            "/echo",
            post(|headers: HeaderMap, body: String| async move {
                let kind = headers["content-type"].to_str().unwrap().to_owned();
                (StatusCode::IM_A_TEAPOT, [("x-kind", kind)], body)
            }),
        )
        .route("/away", get(|| async { Redirect::to("/large") }))
        .route("/large", get(|| async { "x".repeat(3000) }))
        .route(
            "/stream",
            get(|| async {
                let parts = (0..30).map(|_| Ok::<_, std::io::Error>("x".repeat(100)));
                axum::body::Body::from_stream(futures_util::stream::iter(parts))
            }),
        )
        .route("/slow", get(|| async { tokio::time::sleep(Duration::from_secs(20)).await }))
        .layer(counted);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, app).await });
    (port, asked)
}

fn reach(allowed: &[&str]) -> Reach {
    let limits = Limits { time: Duration::from_millis(700), body: 2000 };
    Reach::new(Rule::parse(allowed).unwrap(), limits, None).unwrap()
}

fn ask(address: &str) -> Request {
    http::Request::get(address).body(Vec::new()).unwrap()
}

#[tokio::test]
async fn a_request_goes_out_and_its_answer_comes_back() {
    let (port, _) = server().await;
    let request = http::Request::post(format!("http://127.0.0.1:{port}/echo"))
        .header("content-type", "text/x-word")
        .body(b"word".to_vec())
        .unwrap();
    let answer = reach(&["127.0.0.1"]).send(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::IM_A_TEAPOT);
    assert_eq!(answer.headers()["x-kind"], "text/x-word");
    assert_eq!(answer.body(), b"word");
}

#[tokio::test]
async fn private_addresses_are_refused_however_they_are_written() {
    let (port, asked) = server().await;
    let closed = reach(&[]);
    for host in [
        "127.0.0.1",
        "127.1",
        "0x7f000001",
        "2130706433",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "localhost",
        "LOCALHOST",
    ] {
        let error = closed.send(ask(&format!("http://{host}:{port}/large"))).await.unwrap_err();
        assert!(matches!(error, Error::Private(_)), "{host}: {error}");
        assert!(!error.is_passing());
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0, "a refused request was sent");
    let by_name = reach(&["localhost"]);
    by_name.send(ask(&format!("http://localhost:{port}/away"))).await.unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let (port, asked) = server().await;
    let answer = reach(&["127.0.0.1"]).send(ask(&format!("http://127.0.0.1:{port}/away"))).await.unwrap();
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn large_and_late_answers_end() {
    let (port, _) = server().await;
    let open = reach(&["127.0.0.1"]);
    for path in ["large", "stream"] {
        let error = open.send(ask(&format!("http://127.0.0.1:{port}/{path}"))).await.unwrap_err();
        assert!(matches!(error, Error::Large { limit: 2000, .. }), "{path}: {error}");
    }
    let error = open.send(ask(&format!("http://127.0.0.1:{port}/slow?secret=1"))).await.unwrap_err();
    assert!(matches!(error, Error::Late(_)) && error.is_passing(), "{error}");
    assert!(!error.to_string().contains("secret"));
}

#[tokio::test]
async fn what_is_not_there_can_be_tried_again() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error =
        reach(&["127.0.0.1"]).send(ask(&format!("http://127.0.0.1:{free}/a?secret=1"))).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }) && error.is_passing(), "{error}");
    assert!(!error.to_string().contains("secret"));
    for address in ["ftp://127.0.0.1/", "/path"] {
        let error = reach(&["127.0.0.1"]).send(ask(address)).await.unwrap_err();
        assert!(matches!(error, Error::Address(_)), "{address}: {error}");
    }
}

#[tokio::test]
async fn a_file_without_certificates_is_said() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = Reach::new(Rule::default(), Limits::default(), Some(file.path())).unwrap_err();
    assert!(error.to_string().contains("no certificate"), "{error}");
}

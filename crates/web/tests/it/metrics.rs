//! `/metrics`: who sees it, what it tells, that it names nobody, and that Prometheus' own linter finds nothing.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use proofdesk_engine::Change;
use proofdesk_model::Job;
use proofdesk_store::Statement;
use proofdesk_testkit::{BOTH, MORNING, TestDesk};
use proofdesk_web::metrics::Meter;
use proofdesk_web::{AppState, Settings};
use tower::ServiceExt;

const TOKEN: &str = "a token for the tests";

/// The one meter of this process.
fn meter() -> Arc<Meter> {
    static METER: OnceLock<Arc<Meter>> = OnceLock::new();
    METER.get_or_init(|| Arc::new(Meter::install(Some(TOKEN)).unwrap())).clone()
}

async fn get(router: &Router, path: &str, token: Option<&str>) -> (StatusCode, String) {
    let mut request = Request::get(path);
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    let answer = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let status = answer.status();
    let bytes = to_bytes(answer.into_body(), 16 * 1_048_576).await.unwrap();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}

/// What `promtool check metrics` finds in a text.
fn promtool(text: &str) -> String {
    let mut child = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool of Debian's package prometheus; .ci/install installs it");
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let done = child.wait_with_output().unwrap();
    let said = [done.stdout, done.stderr].concat();
    format!("{}{}", String::from_utf8_lossy(&said), if done.status.success() { "" } else { "failed" })
}

fn value(text: &str, name: &str) -> f64 {
    let line = text.lines().find(|l| l.strip_prefix(name).is_some_and(|rest| rest.starts_with(' ')));
    line.unwrap_or_else(|| panic!("no {name} in {text}")).rsplit(' ').next().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_tell_of_requests_queue_log_and_database_and_name_nobody() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let mara = desk.person("Zwetana Quirrel", &["agent"]).await.unwrap();
        desk.account(&mara, "zwetana", "correct horse battery").await.unwrap();
        desk.create("incident", Change::default().with_text("title", "Quodlibet stopped")).await.unwrap();
        let state = AppState::new(desk.engine.clone(), Settings::default()).with_meter(meter());
        let router = proofdesk_web::router(state);
        for token in [None, Some("another token of theirs"), Some("")] {
            assert_eq!(get(&router, "/metrics", token).await.0, StatusCode::UNAUTHORIZED, "{token:?}");
        }
        for path in ["/sign-in", "/incident/INC-1", "/zwetana/quirrel", "/api/v1/incident/INC-1?q=zwetana"] {
            get(&router, path, None).await;
        }
        let job = |kind: &str, key: &str, run_at: i64| Job {
            kind: kind.to_owned(),
            key: key.to_owned(),
            run_at,
            payload: serde_json::json!({"type": "incident", "number": 1}),
        };
        let jobs =
            [job("clock", "zwetana", MORNING - 60_000_000), job("clock", "later", MORNING + 60_000_000)];
        desk.engine.store().execute(jobs.iter().map(Statement::enqueue).collect()).await.unwrap();
        let (status, text) = get(&router, "/metrics", Some(TOKEN)).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(promtool(&text), "", "{text}");
        assert_eq!(value(&text, "proofdesk_clocks_due"), 1.0, "{database:?}");
        assert_eq!(value(&text, "proofdesk_clocks_due_within_hour"), 2.0);
        assert_eq!(value(&text, "proofdesk_job_lag_seconds"), 60.0);
        assert_eq!(value(&text, "proofdesk_database_up"), 1.0);
        assert!(value(&text, "proofdesk_database_size_bytes") > 10_000.0);
        let log = value(&text, "proofdesk_log_entries") + value(&text, "proofdesk_log_pending_entries");
        assert!(log >= 3.0, "person, account, incident: {log}");
        let route = "method=\"GET\",route=\"/{slug}/{reference}\"";
        assert!(text.contains(&format!("proofdesk_http_requests_total{{{route}")), "{text}");
        assert!(text.contains(&format!("proofdesk_http_request_duration_seconds_bucket{{{route}")), "{text}");
        for mark in ["wetana", "uirrel", "uodlibet", "INC-1"] {
            assert!(!text.contains(mark), "{mark} is told");
        }
        // work that is done, and a checkpoint
        while proofdesk_jobs::work(&desk.engine).await.unwrap() > 0 {}
        desk.engine.sequence().await.unwrap();
        let key = proofdesk_tlog::SignerKey::from_seed("desk.test/log", &[7; 32]).unwrap();
        desk.engine.publish_checkpoint(&key).await.unwrap().unwrap();
        desk.time.set(MORNING + 30_000_000);
        let (_, text) = get(&router, "/metrics", Some(TOKEN)).await;
        assert_eq!(value(&text, "proofdesk_clocks_due"), 0.0, "{database:?}");
        assert_eq!(value(&text, "proofdesk_checkpoint_age_seconds"), 30.0);
        assert_eq!(value(&text, "proofdesk_checkpoint_entries"), value(&text, "proofdesk_log_entries"));
        assert!(text.contains("proofdesk_job_runs_total{kind=\"clock\",outcome=\"done\"}"), "{text}");
        assert_eq!(promtool(&text), "", "{text}");
    }
}

#[tokio::test]
async fn metrics_are_not_there_unless_asked_for() {
    let desk = TestDesk::open(proofdesk_testkit::Database::Sqlite).await.unwrap();
    let router = proofdesk_web::router(AppState::new(desk.engine.clone(), Settings::default()));
    // as any page that is not there: who is not signed in is sent to sign in
    let (status, text) = get(&router, "/metrics", Some(TOKEN)).await;
    assert_eq!((status, text.contains("proofdesk_")), (StatusCode::SEE_OTHER, false), "{text}");
}

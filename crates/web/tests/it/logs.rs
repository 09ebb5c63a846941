//! The log names nobody: whatever is asked, refused or fails, no name, text or value of a record is written to it.

use std::io::Write;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{Request, header};
use proofdesk_engine::{Act, Change, Door, NewToken};
use proofdesk_model::{Job, Value};
use proofdesk_store::Statement;
use proofdesk_testkit::{BOTH, MORNING, TestDesk};
use proofdesk_web::{AppState, Settings};
use rand::SeedableRng;
use tower::ServiceExt;
use tracing_subscriber::layer::SubscriberExt;

/// What was logged.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

const MARK: &str = "Quirrelwyn";

#[tokio::test]
async fn the_log_names_nobody() {
    let kept = Kept::default();
    let writer = kept.clone();
    let lines = tracing_subscriber::fmt::layer().json().with_writer(move || writer.clone());
    // as the program's own filter: everything of ours, and no values from the driver of PostgreSQL
    let filter = tracing_subscriber::EnvFilter::new("trace,tokio_postgres=warn");
    let subscriber = tracing_subscriber::registry().with(filter).with(lines);
    let _guard = tracing::subscriber::set_default(subscriber);
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let mara = desk.person(MARK, &["agent"]).await.unwrap();
        let account = desk.account(&mara, "quirrelwyn", "correct horse battery").await.unwrap();
        let set = Change::default().with_text("title", MARK).with_text("description", MARK);
        let incident = desk.create("incident", set.with("reported_by", Value::Link(1))).await.unwrap();
        let act = Act::new(&mara, Door::Cli);
        let new = NewToken { label: MARK.to_owned(), ..NewToken::default() };
        let mut random = rand::rngs::StdRng::from_seed([7; 32]);
        let (_, token) = desk.engine.create_token(&act, account.id, &new, &mut random).await.unwrap();
        let router = proofdesk_web::router(AppState::new(desk.engine.clone(), Settings::default()));
        let send = async |method: &str, path: &str, kind: &str, body: &str| {
            let request = Request::builder()
                .method(method)
                .uri(path)
                .header(header::AUTHORIZATION, format!("Bearer {token}"))
                .header(header::CONTENT_TYPE, kind)
                .header("user-agent", MARK)
                .header("x-forwarded-for", "203.0.113.77");
            let request = request.body(Body::from(body.to_owned())).unwrap();
            router.clone().oneshot(request).await.unwrap().status().as_u16()
        };
        let json = "application/json";
        let at = format!("/api/v1/incident/{}", incident.record.reference());
        let step = format!("{at}/transitions/resolve");
        let mut seen = vec![
            send("GET", &at, json, "").await,
            send("GET", &format!("/api/v1/incident?filter=title=='{MARK}'"), json, "").await,
            send("GET", &format!("/api/v1/incident?filter={MARK}"), json, "").await,
            send("POST", "/api/v1/incident", json, &format!("{{\"title\": \"{MARK}\"}}")).await,
            send("POST", "/api/v1/incident", json, &format!("{{\"impact\": \"{MARK}\"}}")).await,
            send("POST", "/api/v1/incident", json, &format!("{{\"{MARK}\": ")).await,
            send("POST", &step, json, &format!("{{\"resolution\": \"{MARK}\"}}")).await,
            send("POST", &format!("{at}/comments"), json, &format!("{{\"body\": \"{MARK}\"}}")).await,
            send("GET", &format!("/api/v1/{MARK}"), json, "").await,
        ];
        let form = format!("sign_in={MARK}&password={MARK}");
        seen.push(send("POST", "/sign-in", "application/x-www-form-urlencoded", &form).await);
        assert!(seen.contains(&200) && seen.contains(&201) && seen.contains(&422), "{seen:?}");
        let job = Job {
            kind: "timed".to_owned(),
            key: "1".to_owned(),
            run_at: MORNING,
            payload: serde_json::json!({"type": MARK, "number": 1, "transition": MARK}),
        };
        desk.engine.store().execute(vec![Statement::enqueue(&job)]).await.unwrap();
        assert_eq!(proofdesk_jobs::work(&desk.engine).await.unwrap(), 1);
        let waits = desk.engine.store().jobs(false, 10).await.unwrap();
        assert!(waits[0].error.as_deref().unwrap().contains(MARK), "kept with the job: {waits:?}");
    }
    let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("a job failed"), "something is logged: {text}");
    let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let refused: Vec<_> = lines.filter(|line| line["fields"]["message"] == "values were refused").collect();
    for (status, route, code) in [
        (422, "/api/v1/{type}", "option"),
        (422, "/api/v1/{type}", "condition"),
        (400, "/api/v1/{type}", ""),
        (422, "/sign-in", ""),
    ] {
        let says = |line: &serde_json::Value| {
            let codes = line["fields"]["codes"].as_str().unwrap();
            line["fields"]["status"] == status && line["fields"]["route"] == route && codes.contains(code)
        };
        assert!(refused.iter().any(says), "no refusal of {status} {route} {code}: {refused:?}");
    }
    for mark in [MARK, "quirrelwyn", "203.0.113.77", "pd_", "correct horse"] {
        assert!(!text.contains(mark), "{mark} is in the log: {text}");
    }
}

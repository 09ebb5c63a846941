//! The calendar of a person, read by a calendar program (ical.js) as it comes from its secret address.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::Arc;

use axum::http::{StatusCode, header};
use proofdesk_doors::Doors;
use proofdesk_engine::{Change, Reference};
use proofdesk_model::Value;
use proofdesk_testkit::{BOTH, MORNING, TestDesk};
use proofdesk_web::{AppState, Settings};
use serde_json::{Value as Json, json};

use crate::client::{Browser, PASSWORD};

const HOUR: i64 = 3_600_000_000;

/// What a calendar program reads of a feed.
fn read(feed: &str) -> Json {
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/../../e2e/support/calendar.mjs");
    let mut child = Command::new("node")
        .arg(program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Node.js; .ci/install installs it with the packages of e2e");
    child.stdin.take().unwrap().write_all(feed.as_bytes()).unwrap();
    let done = child.wait_with_output().unwrap();
    assert!(done.status.success(), "the feed cannot be read: {feed}");
    serde_json::from_slice(&done.stdout).unwrap()
}

/// The secret address on the account page.
fn address(page: &str) -> String {
    let at = page.find("/calendar/").unwrap();
    page[at..].chars().take_while(|c| !matches!(c, '<' | '"')).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_reads_changes_and_freezes_by_a_secret_address_until_it_is_ended() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        for (name, role) in [("mara", "agent"), ("rita", "requester")] {
            let person = desk.person(name, &[role]).await.unwrap();
            desk.account(&person, name, PASSWORD).await.unwrap();
        }
        let title =
            "Tills, new software; Größe 7\\2 and a title that is long enough to be folded twice at least 🎄";
        let change = Change::default()
            .with_text("title", title)
            .with("planned_start_at", Value::Instant(MORNING + HOUR))
            .with("planned_end_at", Value::Instant(MORNING + 3 * HOUR));
        desk.create("change", change).await.unwrap();
        desk.create("change", Change::default().with_text("title", "Without a time")).await.unwrap();
        let freeze = Change::default()
            .with_text("title", "Spring sale")
            .with("from_at", Value::Instant(MORNING + 24 * HOUR))
            .with("until_at", Value::Instant(MORNING + 48 * HOUR));
        desk.create("change_freeze", freeze).await.unwrap();
        let doors = Arc::new(Doors::load(&[], desk.engine.registry()).unwrap());
        let settings =
            Settings { public_url: Some("https://desk.example.com".to_owned()), ..Settings::default() };
        let router = proofdesk_web::router(AppState::new(desk.engine.clone(), settings).with_doors(doors));
        let mut addresses = Vec::new();
        for name in ["mara", "rita"] {
            let mut browser = Browser::of(&router);
            let answer = browser.post("/sign-in", &[("sign_in", name), ("password", PASSWORD)]).await;
            let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
            browser.keep(cookie.split(';').next().unwrap());
            let refused = browser.post("/account/calendar", &[("calendar", " ")]).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
            let made = browser.post("/account/calendar", &[("calendar", "Phone")]).await;
            assert_eq!(made.status, StatusCode::OK, "{}", made.body);
            addresses.push((browser, address(&made.body)));
        }
        let stranger = Browser::of(&router);
        let feed = stranger.get(&addresses[0].1).await;
        assert_eq!(feed.status, StatusCode::OK);
        assert_eq!(feed.headers[header::CONTENT_TYPE], "text/calendar; charset=utf-8");
        assert!(feed.body.split("\r\n").all(|line| line.len() <= 75), "{}", feed.body);
        for once in ["PRODID:", "VERSION:", "CALSCALE:", "METHOD:"] {
            let count = feed.body.split("\r\n").filter(|line| line.starts_with(once)).count();
            assert_eq!(count, 1, "{once} {}", feed.body);
        }
        let calendar = read(&feed.body);
        let events = calendar["events"].as_array().unwrap();
        assert_eq!(events.len(), 2, "{database:?}: {calendar}");
        let expected = json!({
            "uid": "CHG-1@desk.test/log", "summary": format!("CHG-1 {title} (Draft)"), "status": "TENTATIVE",
            "start": "2026-03-02T10:00:00.000Z", "end": "2026-03-02T12:00:00.000Z", "transparent": false,
            "url": "https://desk.example.com/change/CHG-1",
        });
        assert_eq!(events[0], expected, "{database:?}");
        assert_eq!(events[1]["summary"], json!("FRZ-1 Spring sale (Planned)"));
        assert_eq!(events[1]["transparent"], json!(true));
        // who may see no change has an empty calendar
        let hers = read(&stranger.get(&addresses[1].1).await.body);
        assert_eq!(hers["events"], json!([]), "{database:?}");
        // a role that is taken away is taken from the calendar too
        let all = desk.engine.accounts().await.unwrap();
        let mara = all.iter().find(|a| a.sign_in == "mara").unwrap();
        let act = proofdesk_engine::Act::new(&desk.setup(), proofdesk_engine::Door::Cli);
        desk.engine.set_roles(&act, mara.id, &["requester".to_owned()]).await.unwrap();
        assert_eq!(read(&stranger.get(&addresses[0].1).await.body)["events"], json!([]));
        desk.engine.set_roles(&act, mara.id, &["agent".to_owned()]).await.unwrap();
        // nobody guesses it, and once it is ended it is nothing
        assert_eq!(stranger.get("/calendar/guess.ics").await.status, StatusCode::NOT_FOUND);
        let links = desk.engine.calendar_links(mara.id).await.unwrap();
        let end = format!("/account/calendar/{}/end", links[0].id);
        assert_eq!(addresses[1].0.post(&end, &[]).await.status, StatusCode::SEE_OTHER);
        assert_eq!(stranger.get(&addresses[0].1).await.status, StatusCode::OK, "another's is not ended");
        assert_eq!(addresses[0].0.post(&end, &[]).await.status, StatusCode::SEE_OTHER);
        assert_eq!(stranger.get(&addresses[0].1).await.status, StatusCode::NOT_FOUND, "{database:?}");
        desk.engine.sequence().await.unwrap();
        let report = desk.engine.verify(&[], |_, _| {}).await.unwrap();
        assert!(report.findings.is_empty(), "{database:?}: {:?}", report.findings);
        assert!(desk.engine.load(&desk.setup(), &Reference::new("change", 1)).await.unwrap().is_some());
    }
}

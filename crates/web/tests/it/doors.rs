//! Doors: alerts become incidents on the item that they name; once, quiet while a change is under way, over when they
//! are. With messages as Alertmanager sends them, and with Alertmanager and Prometheus themselves.

mod inventory;
mod pipeline;
mod real;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use proofdesk_doors::Doors;
use proofdesk_engine::{Act, Change, Door, ListRequest, NewAccount, NewToken, Record, Reference, Target};
use proofdesk_model::Value;
use proofdesk_testkit::{BOTH, Database, MORNING, TestDesk};
use proofdesk_web::{AppState, Settings};
use rand::SeedableRng;
use serde_json::{Value as Json, json};
use tower::ServiceExt;

const MINUTE: i64 = 60_000_000;
const REACH: &str = "incident:read incident:create incident:update incident:note incident:start incident:resolve \
                     configuration_item:read service:read change:read change:note";

/// A desk with an item, a service made of it, and the token of a program that watches.
struct Watched {
    desk: TestDesk,
    doors: Arc<Doors>,
    router: Router,
    token: String,
    program: i64,
}

impl Watched {
    async fn open(database: Database) -> Self {
        let desk = TestDesk::open(database).await.unwrap();
        let item = Change::default().with_text("name", "db1.example.com").with_text("description", "Orders");
        let item = desk.create("configuration_item", item.with_text("item_type", "server")).await.unwrap();
        let item = Reference::new("configuration_item", item.record.number);
        let service = Change::default().with_text("name", "Point of sale").link("made_of", item);
        desk.create("service", service).await.unwrap();
        let program = desk.person("Monitoring", &["agent"]).await.unwrap();
        let act = Act::new(&desk.setup(), Door::Cli);
        let account = NewAccount {
            person: program.person.unwrap(),
            sign_in: "monitoring".to_owned(),
            name: "Monitoring".to_owned(),
            roles: vec!["agent".to_owned()],
            password: None,
            program: true,
        };
        let account = desk.engine.create_account(&act, account).await.unwrap();
        let new = NewToken { label: "Alerts".to_owned(), scope: REACH.to_owned(), ..NewToken::default() };
        let mut random = rand::rngs::StdRng::from_seed([3; 32]);
        let (_, token) = desk.engine.create_token(&act, account.id, &new, &mut random).await.unwrap();
        let doors = Arc::new(Doors::load(&[], desk.engine.registry()).unwrap());
        let state = AppState::new(desk.engine.clone(), Settings::default()).with_doors(doors.clone());
        Self { router: proofdesk_web::router(state), doors, desk, token, program: program.person.unwrap() }
    }

    async fn send(&self, path: &str, token: &str, body: &Json) -> (StatusCode, Json) {
        let request = Request::post(path)
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status();
        let bytes = to_bytes(answer.into_body(), 16 * 1_048_576).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    /// Sends alerts and gives what became of the first: outcome, record, reason.
    async fn tell(&self, alerts: &[Json]) -> (String, String, String) {
        let (status, body) = self.send("/api/v1/doors/alertmanager", &self.token, &message(alerts)).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        let text = |name: &str| body["results"][0][name].as_str().unwrap_or_default().to_owned();
        (text("outcome"), text("record"), text("reason"))
    }

    async fn incident(&self, number: i64) -> Record {
        let reference = Reference::new("incident", number);
        self.desk.engine.require(&self.desk.setup(), &reference).await.unwrap()
    }

    /// The number of the only incident.
    async fn only(&self) -> i64 {
        let all = ListRequest {
            record_type: "incident".to_owned(),
            filter: None,
            sort: String::new(),
            descending: false,
            after: None,
            limit: 10,
        };
        let page = self.desk.engine.list(&self.desk.setup(), &all).await.unwrap();
        let [only] = page.records.as_slice() else { panic!("{} incidents", page.records.len()) };
        only.number
    }

    async fn count(&self) -> u64 {
        self.desk.engine.count(&self.desk.setup(), "incident", None, None).await.unwrap()
    }

    async fn notes(&self, number: i64) -> Vec<String> {
        let reference = Reference::new("incident", number);
        let said = self.desk.engine.comments(&self.desk.setup(), &reference).await.unwrap();
        said.into_iter().map(|c| format!("{}: {}", c.by, c.body)).collect()
    }
}

/// A message in Alertmanager's form.
fn message(alerts: &[Json]) -> Json {
    json!({
        "version": "4", "groupKey": "{}:{alertname=\"DiskFull\"}", "status": "firing", "receiver": "desk",
        "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {}, "externalURL": "http://am", "alerts": alerts,
    })
}

fn alert(fingerprint: &str, starts: &str, severity: &str) -> Json {
    json!({
        "status": "firing", "fingerprint": fingerprint, "startsAt": starts, "endsAt": "0001-01-01T00:00:00Z",
        "labels": {"alertname": "DiskFull", "instance": "db1.example.com:9100", "severity": severity},
        "annotations": {"summary": "Disk of db1 is full", "description": "Nothing more can be written."},
        "generatorURL": "http://prometheus/graph",
    })
}

fn resolved(mut alert: Json) -> Json {
    alert["status"] = json!("resolved");
    alert["endsAt"] = json!("2026-03-02T09:30:00Z");
    alert
}

const STARTS: &str = "2026-03-02T09:00:00Z";

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_is_one_incident_on_its_item_from_beginning_to_end() {
    for database in BOTH {
        let desk = Watched::open(database).await;
        let first = alert("a1", STARTS, "warning");
        assert_eq!(
            desk.tell(std::slice::from_ref(&first)).await,
            ("opened".into(), "INC-1".into(), String::new())
        );
        let incident = desk.incident(1).await;
        assert_eq!(incident.text("title"), Some("Disk of db1 is full"));
        assert_eq!(incident.text("channel"), Some("monitoring"));
        assert_eq!(incident.text("priority"), Some("p3"));
        assert_eq!(incident.links["affects"], [Reference::new("configuration_item", 1)], "{database:?}");
        assert_eq!(incident.value("service"), Some(&Value::Link(1)), "the service that is made of the item");
        assert_eq!(incident.created_by, Some(desk.program), "its author is the program");
        // the same again is nothing new; another severity is told, and followed
        assert_eq!(desk.tell(&[first]).await.0, "unchanged");
        assert_eq!(desk.tell(&[alert("a1", STARTS, "critical")]).await.0, "updated");
        assert_eq!(desk.incident(1).await.text("priority"), Some("p1"), "{database:?}");
        let notes = desk.notes(1).await;
        assert_eq!(notes.len(), 1, "{notes:?}");
        assert!(notes[0].starts_with("Monitoring: ") && notes[0].contains("warning → critical"), "{notes:?}");
        // over: told, begun and resolved; twice is once
        let over = resolved(alert("a1", STARTS, "critical"));
        assert_eq!(
            desk.tell(std::slice::from_ref(&over)).await,
            ("over".into(), "INC-1".into(), String::new())
        );
        assert_eq!(desk.incident(1).await.state, "resolved", "{database:?}");
        assert_eq!(desk.tell(&[over]).await.0, "unchanged");
        assert_eq!(desk.notes(1).await.len(), 2);
        // what was resolved stays so; another time is another incident
        assert_eq!(desk.tell(&[alert("a1", STARTS, "critical")]).await.0, "unchanged");
        let later = alert("a1", "2026-03-02T12:00:00Z", "critical");
        assert_eq!(desk.tell(&[later]).await, ("opened".into(), "INC-2".into(), String::new()));
        assert_eq!(desk.count().await, 2);
        let kept = desk.desk.engine.case_events(None, 10).await.unwrap();
        let kept: Vec<&str> = kept.iter().rev().map(|e| e.outcome.as_str()).collect();
        assert_eq!(kept, ["opened", "updated", "over", "opened"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_the_same_instant_open_one_incident() {
    for database in BOTH {
        let desk = Arc::new(Watched::open(database).await);
        for round in 0..3 {
            let key = format!("k{round}");
            let all: Vec<_> = (0..12)
                .map(|i| {
                    let desk = desk.clone();
                    // two nodes of Alertmanager, and episodes that differ
                    let starts = format!("2026-03-02T09:00:0{}Z", i % 3);
                    let told = alert(&key, &starts, "warning");
                    tokio::spawn(async move { desk.tell(&[told]).await })
                })
                .collect();
            let mut opened = 0;
            let mut records = std::collections::BTreeSet::new();
            for one in all {
                let (outcome, record, _) = one.await.unwrap();
                opened += usize::from(outcome == "opened");
                records.insert(record);
            }
            assert_eq!((opened, records.len()), (1, 1), "{database:?}: {records:?}");
        }
        assert_eq!(desk.count().await, 3, "{database:?}");
        let over: Vec<_> = (0..8)
            .map(|_| {
                let desk = desk.clone();
                let told = resolved(alert("k0", "2026-03-02T09:00:00Z", "warning"));
                tokio::spawn(async move { desk.tell(&[told]).await })
            })
            .collect();
        for one in over {
            one.await.unwrap();
        }
        let case = desk.desk.engine.case("alertmanager", "k0").await.unwrap().unwrap();
        assert_eq!(desk.incident(case.record.number).await.state, "resolved", "{database:?}");
        let notes = desk.notes(case.record.number).await;
        let said = notes.iter().filter(|n| n.contains("is over since")).count();
        assert_eq!(said, 1, "{database:?}: {notes:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approved_change_of_the_item_keeps_an_alert_quiet_until_its_end() {
    for database in BOTH {
        let desk = Watched::open(database).await;
        let change = Change::default()
            .with_text("title", "New disks")
            .with_text("category", "standard")
            .with("model", Value::Link(desk.standard_model().await))
            .with("planned_start_at", Value::Instant(MORNING - MINUTE))
            .with("planned_end_at", Value::Instant(MORNING + 60 * MINUTE))
            .link("affects", Reference::new("configuration_item", 1));
        desk.desk.create("change", change).await.unwrap();
        // planned is not approved
        assert_eq!(desk.tell(&[alert("before", STARTS, "warning")]).await.0, "opened", "{database:?}");
        let on = Target::Existing(Reference::new("change", 1), None);
        let approve = Change::default().take("use_standard");
        desk.desk.engine.apply(&desk.desk.setup(), on, approve, Door::Page).await.unwrap();
        let (outcome, record, reason) = desk.tell(&[alert("q1", STARTS, "warning")]).await;
        assert_eq!((outcome.as_str(), record.as_str()), ("quiet", "CHG-1"), "{database:?}");
        assert!(reason.contains("until 2026-03-02T10:00:00Z because of CHG-1"), "{reason}");
        assert_eq!(desk.tell(&[alert("q2", STARTS, "warning")]).await.0, "quiet");
        let said = desk.desk.engine.comments(&desk.desk.setup(), &Reference::new("change", 1)).await.unwrap();
        assert_eq!(said.len(), 2, "the change tells of both: {said:?}");
        // one is over before the change is: nothing of it remains
        assert_eq!(desk.tell(&[resolved(alert("q2", STARTS, "warning"))]).await.0, "ignored");
        assert_eq!(proofdesk_jobs::work_doors(&desk.desk.engine, &desk.doors).await.unwrap(), 0);
        assert_eq!(desk.count().await, 1);
        // the other still fires when the change is over, and nobody tells it again
        desk.desk.time.set(MORNING + 61 * MINUTE);
        assert_eq!(
            proofdesk_jobs::work_doors(&desk.desk.engine, &desk.doors).await.unwrap(),
            1,
            "{database:?}"
        );
        assert_eq!(desk.count().await, 2, "{database:?}");
        assert_eq!(desk.incident(2).await.created_by, Some(desk.program));
        let kept = desk.desk.engine.case_events(None, 10).await.unwrap();
        let kept: Vec<&str> = kept.iter().rev().map(|e| e.outcome.as_str()).collect();
        assert_eq!(kept, ["opened", "quiet", "quiet", "opened"], "recorded, not lost");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_placed_is_not_lost() {
    for database in BOTH {
        let desk = Watched::open(database).await;
        let mut unknown = alert("u1", STARTS, "warning");
        unknown["labels"]["instance"] = json!("nowhere:9100");
        let (outcome, record, reason) = desk.tell(&[unknown.clone()]).await;
        assert_eq!((outcome.as_str(), record.as_str()), ("opened", "INC-1"), "{database:?}");
        assert!(reason.contains("item `nowhere`"), "{reason}");
        // without a service the desk's rules do not let it be resolved: that is said, and a person goes on
        let (outcome, _, reason) = desk.tell(&[resolved(unknown)]).await;
        assert_eq!(outcome, "over");
        assert!(reason.contains("Service"), "{reason}");
        assert_ne!(desk.incident(1).await.state, "resolved");
        assert!(desk.notes(1).await.iter().any(|n| n.contains("was refused")), "{database:?}");
        // no key, and hostile text
        let mut nameless = alert("", STARTS, "warning");
        assert_eq!(desk.tell(&[nameless.clone()]).await.0, "refused");
        nameless["fingerprint"] = json!("h\" || true || \"1");
        nameless["labels"]["instance"] = json!("x\" || name != \"");
        nameless["annotations"]["summary"] = json!("<script>alert(1)</script>\nsecond line");
        assert_eq!(desk.tell(&[nameless]).await.0, "opened", "{database:?}");
        let incident = desk.incident(2).await;
        assert_eq!(incident.text("title"), Some("<script>alert(1)</script>"));
        let affects = incident.links.get("affects");
        assert!(affects.is_none_or(Vec::is_empty), "{database:?}: a text is no condition: {affects:?}");
        for body in [json!({}), json!({"alerts": 7})] {
            let (status, _) = desk.send("/api/v1/doors/alertmanager", &desk.token, &body).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        }
        assert_eq!(
            desk.send("/api/v1/doors/nothing", &desk.token, &json!({})).await.0,
            StatusCode::NOT_FOUND
        );
        assert_eq!(
            desk.send("/api/v1/doors/alertmanager", "pd_no", &json!({})).await.0,
            StatusCode::UNAUTHORIZED
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_reaches_less_opens_nothing_and_it_is_kept() {
    let desk = Watched::open(Database::Sqlite).await;
    let act = Act::new(&desk.desk.setup(), Door::Cli);
    let new =
        NewToken { label: "Reads".to_owned(), scope: "incident:read".to_owned(), ..NewToken::default() };
    let mut random = rand::rngs::StdRng::from_seed([4; 32]);
    let (_, token) = desk.desk.engine.create_token(&act, 1, &new, &mut random).await.unwrap();
    let body = message(&[alert("a1", STARTS, "warning")]);
    let (status, answer) = desk.send("/api/v1/doors/alertmanager", &token, &body).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "{answer}");
    assert_eq!(desk.count().await, 0);
    let kept = desk.desk.engine.case_events(Some("alertmanager"), 10).await.unwrap();
    assert_eq!(kept[0].outcome, "refused");
    assert!(kept[0].reason.contains("does not reach"), "{}", kept[0].reason);
}

#[test]
fn mistakes_in_a_door_are_said_with_their_line() {
    let registry = proofdesk_testkit::registry().unwrap();
    let text = "door \"x\" each=\"alerts\" {\n    input \"now\"\n    key \"{nothing}\"\n    find \"item\" type=\"server\"\n    open \"incident\" when=\"state == 'x'\" {\n        set \"colour\" \"red\"\n    }\n    over when=\"true\" {\n        step \"explode\"\n    }\n}\n";
    let own = [proofdesk_doors::Source { file: "x.kdl".to_owned(), text: text.to_owned() }];
    let said = Doors::load(&own, &registry).unwrap_err().to_string();
    for part in
        ["x.kdl:2: `now`", "x.kdl:3: there is no input", "x.kdl:4: there is no record type", "x.kdl:5: "]
    {
        assert!(said.contains(part), "{part} is missing: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn customers_are_not_told_which_doors_there_are() {
    let watched = Watched::open(Database::Sqlite).await;
    let ask = async |token: &str| {
        let request = Request::get("/api/v1/doors").header(header::AUTHORIZATION, format!("Bearer {token}"));
        watched.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status()
    };
    assert_eq!(ask(&watched.token).await, StatusCode::OK);
    let customer = watched.desk.person("Elif Aydin", &["requester"]).await.unwrap();
    let account = watched.desk.account(&customer, "elif", "apple-sand-tower-1").await.unwrap();
    let act = Act::new(&watched.desk.setup(), Door::Cli);
    let new = NewToken { label: "Own".to_owned(), ..NewToken::default() };
    let mut random = rand::rngs::StdRng::from_seed([4; 32]);
    let (_, token) = watched.desk.engine.create_token(&act, account.id, &new, &mut random).await.unwrap();
    assert_eq!(ask(&token).await, StatusCode::NOT_FOUND);
    // nor does he learn of a case, or end it
    assert_eq!(watched.tell(&[alert("k1", STARTS, "warning")]).await.0, "opened");
    let over = json!({"alerts": [resolved(alert("k1", STARTS, "warning"))]}).to_string();
    let request = Request::post("/api/v1/doors/alertmanager")
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(over))
        .unwrap();
    assert_eq!(watched.router.clone().oneshot(request).await.unwrap().status(), StatusCode::NOT_FOUND);
    let asker = proofdesk_doors::Asker { caller: customer, account: Some(account.id) };
    let door = watched.doors.get("alertmanager").unwrap();
    let message = json!({"alerts": [resolved(alert("k1", STARTS, "warning"))]});
    let refused = proofdesk_doors::take(&watched.desk.engine, door, &asker, &message).await;
    assert!(matches!(refused, Err(proofdesk_engine::Error::Forbidden(_))), "{refused:?}");
    assert_eq!(watched.tell(&[resolved(alert("k1", STARTS, "warning"))]).await.0, "over");
}

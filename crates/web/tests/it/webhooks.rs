//! Signed webhooks: out as far as their account sees, with patience and dead letters; in only what is signed, once.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use axum::routing::post;
use proofdesk_doors::{Doors, signature};
use proofdesk_engine::{Act, Change, Direction, Door, Error, NewAccount, NewToken, Target, Webhook};
use proofdesk_model::Value;
use proofdesk_reach::{Limits, Reach, Rule};
use proofdesk_store::Statement;
use proofdesk_testkit::{BOTH, Database, MORNING, TestDesk};
use proofdesk_web::{AppState, Settings};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Value as Json, json};
use tower::ServiceExt;

/// Another program that takes messages, or does not.
#[derive(Clone)]
struct Other {
    status: Arc<AtomicU16>,
    took: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
    address: SocketAddr,
}

impl Other {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let other = Self { status: Arc::new(AtomicU16::new(204)), took: Arc::default(), address };
        let me = other.clone();
        let take = post(move |headers: HeaderMap, body: Bytes| async move {
            me.took.lock().unwrap().push((headers, body));
            StatusCode::from_u16(me.status.load(Ordering::SeqCst)).unwrap()
        });
        tokio::spawn(async move { axum::serve(listener, Router::new().route("/take", take)).await.unwrap() });
        other
    }

    fn answers(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    fn took(&self) -> Vec<(HeaderMap, Bytes)> {
        std::mem::take(&mut *self.took.lock().unwrap())
    }
}

fn reach(allow: &[&str]) -> Arc<Reach> {
    Arc::new(Reach::new(Rule::parse(allow).unwrap(), Limits::default(), None).unwrap())
}

async fn program(desk: &TestDesk, name: &str, role: &str) -> i64 {
    let person = desk.person(name, &[role]).await.unwrap();
    let account = NewAccount {
        person: person.person.unwrap(),
        sign_in: name.to_lowercase(),
        name: name.to_owned(),
        roles: vec![role.to_owned()],
        password: None,
        program: true,
    };
    desk.engine.create_account(&Act::new(&desk.setup(), Door::Cli), account).await.unwrap().id
}

fn hook(account: i64, other: &Other) -> Webhook {
    Webhook {
        id: 0,
        account,
        direction: Direction::Out,
        label: "To the wall".to_owned(),
        url: format!("http://{}/take", other.address),
        door: String::new(),
        record_type: "incident".to_owned(),
        condition: "priority == 'p1'".to_owned(),
        actions: "create resolve".to_owned(),
        created_at: 0,
        seen: 0,
    }
}

async fn run(desk: &TestDesk, reach: &Arc<Reach>) {
    desk.engine.sequence().await.unwrap();
    while proofdesk_jobs::work_webhooks(&desk.engine, reach).await.unwrap() > 0 {}
}

async fn incident(desk: &TestDesk, title: &str, impact: &str) {
    let change = Change::default().with_text("title", title).with_text("category", "Secret of the staff");
    let change = change.with_text("impact", impact).with_text("urgency", "high");
    desk.create("incident", change).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_account_sees_is_told_once_signed_and_with_patience() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let other = Other::start().await;
        let near = reach(&["127.0.0.1"]);
        incident(&desk, "Before the webhook", "high").await;
        desk.engine.sequence().await.unwrap();
        let act = Act::new(&desk.setup(), Door::Cli);
        let staff = program(&desk, "Wall", "agent").await;
        let stranger = program(&desk, "Stranger", "requester").await;
        let mut random = StdRng::from_seed([5; 32]);
        let (_, secret) = desk.engine.create_webhook(&act, &hook(staff, &other), &mut random).await.unwrap();
        // a requester may not even ask by a field that he does not see
        let all = Webhook { condition: String::new(), ..hook(stranger, &other) };
        let asks = Webhook { condition: "category == 'x'".to_owned(), ..all.clone() };
        let refused = desk.engine.create_webhook(&act, &asks, &mut random).await.unwrap_err();
        assert!(matches!(refused, Error::Invalid(_)), "{refused:?}");
        desk.engine.create_webhook(&act, &all, &mut random).await.unwrap();
        incident(&desk, "Tills down", "high").await;
        incident(&desk, "Slow printer", "low").await;
        run(&desk, &near).await;
        let took = other.took();
        assert_eq!(took.len(), 1, "{database:?}: one meets the condition, and a stranger is told nothing");
        let (headers, body) = &took[0];
        let text = |name: &str| headers[name].to_str().unwrap().to_owned();
        let told: Json = serde_json::from_slice(body).unwrap();
        assert_eq!(
            (told["type"].as_str(), told["data"]["reference"].as_str()),
            (Some("incident.create"), Some("INC-2"))
        );
        assert_eq!(told["data"]["values"]["category"], json!("Secret of the staff"));
        let (id, seconds) = (text("webhook-id"), text("webhook-timestamp").parse::<i64>().unwrap());
        assert_eq!(seconds, MORNING / 1_000_000);
        signature::verify(&secret, (&id, seconds, &text("webhook-signature")), body, seconds).unwrap();
        // refused, then taken: the same message, signed anew, when its time has come
        other.answers(500);
        incident(&desk, "Core down", "high").await;
        run(&desk, &near).await;
        let first = other.took();
        assert_eq!(first.len(), 1);
        run(&desk, &near).await;
        assert_eq!(other.took().len(), 0, "{database:?}: not before its time");
        other.answers(200);
        desk.time.set(MORNING + 6_000_000);
        run(&desk, &near).await;
        let second = other.took();
        assert_eq!(second.len(), 1, "{database:?}");
        assert_eq!((&first[0].0["webhook-id"], &first[0].1), (&second[0].0["webhook-id"], &second[0].1));
        assert_ne!(first[0].0["webhook-timestamp"], second[0].0["webhook-timestamp"]);
        // what is written about accounts and webhooks holds against the log
        desk.engine.sequence().await.unwrap();
        let report = desk.engine.verify(&[], |_, _| {}).await.unwrap();
        assert!(report.findings.is_empty(), "{database:?}: {:?}", report.findings);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_cannot_be_signed_stops_no_other() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let other = Other::start().await;
        let act = Act::new(&desk.setup(), Door::Cli);
        let staff = program(&desk, "Wall", "agent").await;
        let mut random = StdRng::from_seed([5; 32]);
        let (broken, _) = desk.engine.create_webhook(&act, &hook(staff, &other), &mut random).await.unwrap();
        let (_, secret) = desk.engine.create_webhook(&act, &hook(staff, &other), &mut random).await.unwrap();
        let torn = Statement::update("webhook").set("secret", "no secret").when("id", broken);
        desk.engine.store().execute(vec![torn]).await.unwrap();
        incident(&desk, "Tills down", "high").await;
        run(&desk, &reach(&["127.0.0.1"])).await;
        let took = other.took();
        assert_eq!(took.len(), 1, "{database:?}");
        let (headers, body) = &took[0];
        let text = |name: &str| headers[name].to_str().unwrap().to_owned();
        let (id, seconds) = (text("webhook-id"), text("webhook-timestamp").parse::<i64>().unwrap());
        signature::verify(&secret, (&id, seconds, &text("webhook-signature")), body, seconds).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_up_waits_for_an_administrator() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let other = Other::start().await;
        let near = reach(&["127.0.0.1"]);
        let act = Act::new(&desk.setup(), Door::Cli);
        let staff = program(&desk, "Wall", "agent").await;
        let mut random = StdRng::from_seed([5; 32]);
        desk.engine.create_webhook(&act, &hook(staff, &other), &mut random).await.unwrap();
        incident(&desk, "Tills down", "high").await;
        // a private address is refused by the desk itself: no request leaves, and waiting does not help
        run(&desk, &reach(&[])).await;
        assert_eq!(other.took().len(), 0, "{database:?}");
        let dead = desk.engine.deliveries(&act, true).await.unwrap();
        assert_eq!(dead.len(), 1);
        assert!(dead[0].error.as_deref().unwrap().contains("not a public address"), "{dead:?}");
        let mara = desk.person("Mara Rehn", &["agent"]).await.unwrap();
        let hers = Act::new(&mara, Door::Page);
        assert!(matches!(desk.engine.send_again(&hers, dead[0].id).await, Err(Error::Forbidden(_))));
        // sent again, refused for two days, given up again
        other.answers(503);
        desk.engine.send_again(&act, dead[0].id).await.unwrap();
        let mut now = MORNING;
        for _ in 0..12 {
            run(&desk, &near).await;
            now += 86_400_000_000;
            desk.time.set(now);
        }
        assert_eq!(other.took().len(), 10, "{database:?}: nine tries after the first");
        let dead = desk.engine.deliveries(&act, true).await.unwrap();
        assert_eq!(dead[0].error.as_deref(), Some("It answered 503."));
        // on the page of an administrator, with a button
        let ida = desk.person("Ida Voss", &["administrator"]).await.unwrap();
        desk.account(&ida, "ida", "correct horse battery").await.unwrap();
        let router = proofdesk_web::router(AppState::new(desk.engine.clone(), Settings::default()));
        let mut browser = crate::client::Browser::of(&router);
        let answer =
            browser.post("/sign-in", &[("sign_in", "ida"), ("password", "correct horse battery")]).await;
        let cookie = answer.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        browser.keep(&cookie);
        let page = browser.get("/programs").await.body;
        assert!(page.contains("It answered 503.") && page.contains("Send again"), "{page}");
        other.answers(200);
        let again = format!("/programs/messages/{}/again", dead[0].id);
        assert_eq!(browser.post(&again, &[]).await.status, StatusCode::SEE_OTHER);
        run(&desk, &near).await;
        assert_eq!(other.took().len(), 1, "{database:?}");
        assert!(desk.engine.deliveries(&act, true).await.unwrap().is_empty());
        // an account that is disabled tells nothing more
        desk.engine.set_active(&act, staff, false).await.unwrap();
        incident(&desk, "Core down", "high").await;
        run(&desk, &near).await;
        assert_eq!(other.took().len(), 0, "{database:?}");
    }
}

#[tokio::test]
async fn an_administrator_makes_a_webhook_by_a_form() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let ida = desk.person("Ida Voss", &["administrator"]).await.unwrap();
        let password = "correct horse battery";
        desk.account(&ida, "ida", password).await.unwrap();
        let doors = Arc::new(Doors::load(&[], desk.engine.registry()).unwrap());
        let state =
            AppState::new(desk.engine.clone(), Settings::default()).with_doors(doors).with_reach(reach(&[]));
        let router = proofdesk_web::router(state);
        let mut browser = crate::client::Browser::of(&router);
        let answer = browser.post("/sign-in", &[("sign_in", "ida"), ("password", password)]).await;
        browser.keep(answer.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap());
        let asked = browser.get("/programs/webhooks/new").await.body;
        let way = "/accounts/new?program=yes";
        assert!(asked.contains(way), "without a program's account it says how to begin");
        let ticked = "name=\"program\" value=\"yes\" checked";
        assert!(browser.get(way).await.body.contains(ticked), "it begins as a program's account");

        let watcher = program(&desk, "Watcher", "agent").await.to_string();
        let form = |changes: &[(&'static str, &'static str)]| {
            let mut all = vec![
                ("label", "Wall"),
                ("account", watcher.as_str()),
                ("direction", "out"),
                ("url", "https://wall.example.com/hook"),
                ("record_type", "incident"),
                ("condition", "priority == 'p1'"),
                ("actions", "create"),
                ("door", ""),
                ("present", password),
            ];
            for (name, value) in changes {
                all.iter_mut().filter(|(n, _)| n == name).for_each(|field| field.1 = value);
            }
            all
        };
        for (changes, says) in [
            (&[("url", "wall")][..], "beginning with https://"),
            (&[("url", "https://10.0.0.1/hook")], "10.0.0.1 is not a public address"),
            (&[("url", "http://1.1.1.1\\@127.0.0.1")], "Nothing can be sent to this address"),
            (&[("url", "http://①②⑦.0.0.1")], "Nothing can be sent to this address"),
            (&[("condition", "priority = 'p1'")], "condition"),
            (&[("actions", "melt")], "have no act"),
            (&[("record_type", "")], "Choose what it tells of."),
            (&[("direction", "in")], "Name the door"),
            (&[("direction", "in"), ("door", "window")], "There is no such door"),
            (&[("present", "wrong horse battery")], "password"),
        ] {
            let refused = browser.post("/programs/webhooks", &form(changes)).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{changes:?}");
            assert!(refused.body.contains(says), "{changes:?}: {}", refused.body);
            assert!(
                refused.body.contains("value=\"Wall\"") && !refused.body.contains("horse"),
                "{changes:?}"
            );
        }
        assert!(desk.engine.webhooks().await.unwrap().is_empty(), "{database:?}");
        let made = browser.post("/programs/webhooks", &form(&[])).await;
        assert!(made.status == StatusCode::OK && made.body.contains("whsec_"), "{}", made.body);
        let coming = form(&[("direction", "in"), ("door", "alertmanager")]);
        let made = browser.post("/programs/webhooks", &coming).await.body;
        let hooks = desk.engine.webhooks().await.unwrap();
        assert_eq!((hooks[0].direction, hooks[0].condition.as_str()), (Direction::Out, "priority == 'p1'"));
        assert_eq!((hooks[1].direction, hooks[1].door.as_str()), (Direction::In, "alertmanager"));
        assert!(hooks[1].url.is_empty() && hooks[1].condition.is_empty(), "{hooks:?}");
        assert!(made.contains(&format!("/api/v1/hooks/{}", hooks[1].id)), "{made}");
        assert!(!browser.get("/programs").await.body.contains("whsec_"), "the secret is shown once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_signed_messages_come_in_and_each_once() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let staff = program(&desk, "Watcher", "agent").await;
        let act = Act::new(&desk.setup(), Door::Cli);
        let other = Other::start().await;
        let new =
            Webhook { direction: Direction::In, door: "alertmanager".to_owned(), ..hook(staff, &other) };
        let mut random = StdRng::from_seed([6; 32]);
        let (id, secret) = desk.engine.create_webhook(&act, &new, &mut random).await.unwrap();
        let (out, out_secret) =
            desk.engine.create_webhook(&act, &hook(staff, &other), &mut random).await.unwrap();
        let doors = Arc::new(Doors::load(&[], desk.engine.registry()).unwrap());
        let state = AppState::new(desk.engine.clone(), Settings::default()).with_doors(doors);
        let router = proofdesk_web::router(state);
        let body = json!({"alerts": [{"status": "firing", "fingerprint": "f", "startsAt": "x",
            "labels": {"alertname": "Disk full"}, "annotations": {}}]})
        .to_string();
        let now = MORNING / 1_000_000;
        let send = async |hook: i64, message: &str, seconds: i64, signed: &str, body: &str| {
            let request = Request::post(format!("/api/v1/hooks/{hook}"))
                .header("content-type", "application/json")
                .header("webhook-id", message)
                .header("webhook-timestamp", seconds)
                .header("webhook-signature", signed)
                .body(Body::from(body.to_owned()))
                .unwrap();
            let answer = router.clone().oneshot(request).await.unwrap();
            let status = answer.status().as_u16();
            let text = to_bytes(answer.into_body(), 1_048_576).await.unwrap();
            (status, String::from_utf8_lossy(&text).into_owned())
        };
        let sign = |message: &str, seconds: i64| {
            signature::sign(&secret, message, seconds, body.as_bytes()).unwrap()
        };
        let good = sign("m1", now);
        let wrong = signature::sign(&out_secret, "m1", now, body.as_bytes()).unwrap();
        let tampered = body.replace("Disk full", "Disk fine");
        for (hook, message, seconds, signed, body) in [
            (id, "m2", now, good.as_str(), body.as_str()),
            (id, "m1", now + 1, &good, &body),
            (id, "m1", now, &good, &tampered),
            (id, "m1", now, &wrong, &body),
            (id, "m1", now, "", &body),
            (id, "m1", now - 301, &sign("m1", now - 301), &body),
            (out, "m1", now, &wrong, &body),
            (id + 77, "m1", now, &good, &body),
        ] {
            let (status, _) = send(hook, message, seconds, signed, body).await;
            assert_eq!(status, 401, "{database:?}: {message} {seconds}");
        }
        assert_eq!(desk.engine.count(&desk.setup(), "incident", None, None).await.unwrap(), 0);
        let (status, text) = send(id, "m1", now, &good, &body).await;
        assert_eq!(status, 200, "{text}");
        assert!(text.contains("\"opened\""), "{text}");
        assert_eq!(send(id, "m1", now, &good, &body).await.0, 409, "{database:?}: a replay");
        let (status, text) = send(id, "m3", now, &sign("m3", now), &body).await;
        assert!(status == 200 && text.contains("\"unchanged\""), "{text}");
        assert_eq!(desk.engine.count(&desk.setup(), "incident", None, None).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn webhooks_are_for_administrators() {
    let desk = TestDesk::open(Database::Sqlite).await.unwrap();
    let other = Other::start().await;
    let staff = program(&desk, "Wall", "agent").await;
    let mara = desk.person("Mara Rehn", &["agent", "sms_manager"]).await.unwrap();
    let hers = Act::new(&mara, Door::Api);
    let mut random = StdRng::from_seed([5; 32]);
    let refused = desk.engine.create_webhook(&hers, &hook(staff, &other), &mut random).await.unwrap_err();
    assert!(matches!(refused, Error::Forbidden(_)), "{refused:?}");
    let target = Target::New("incident".to_owned());
    let change =
        Change::default().with("reported_by", Value::Link(mara.person.unwrap())).with_text("title", "x");
    desk.engine.apply(&mara, target, change, Door::Page).await.unwrap();
    let wrong = Webhook {
        label: String::new(),
        url: "ftp://x".to_owned(),
        actions: "explode".to_owned(),
        ..hook(99, &other)
    };
    let act = Act::new(&desk.setup(), Door::Cli);
    let Err(Error::Invalid(problems)) = desk.engine.create_webhook(&act, &wrong, &mut random).await else {
        panic!()
    };
    let fields: Vec<&str> = problems.0.iter().map(|p| p.field.as_str()).collect();
    assert_eq!(fields, ["label", "account", "url", "record_type"], "all at once");
}

#[tokio::test]
async fn addresses_with_a_password_or_of_private_networks_are_refused_when_they_are_written() {
    let desk = TestDesk::open(Database::Sqlite).await.unwrap();
    let account = program(&desk, "Wall", "agent").await;
    let ada = desk.person("Ada Lang", &["administrator"]).await.unwrap();
    let hers = desk.account(&ada, "ada", "correct horse battery").await.unwrap();
    let mut random = StdRng::from_seed([6; 32]);
    let new = NewToken { label: "tests".to_owned(), ..NewToken::default() };
    let act = Act::new(&desk.setup(), Door::Cli);
    let (_, token) = desk.engine.create_token(&act, hers.id, &new, &mut random).await.unwrap();
    let rule = Rule::parse(["10.7.0.0/16"]).unwrap();
    let reach = Arc::new(Reach::new(rule, Limits::default(), None).unwrap());
    let state = AppState::new(desk.engine.clone(), Settings::default()).with_reach(reach);
    let router = proofdesk_web::router(state);
    let make = async |url: &str| {
        let body = serde_json::json!({
            "direction": "out", "account": account, "label": "Wall", "url": url, "record_type": "incident",
        });
        let request = Request::post("/api/v1/webhooks")
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        let answer = router.clone().oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let text = to_bytes(answer.into_body(), 1_048_576).await.unwrap();
        (status, String::from_utf8_lossy(&text).into_owned())
    };
    for (url, says) in [
        ("https://10.0.0.1/", "not a public address"),
        ("http://[::1]:9000/take", "not a public address"),
        ("https://127.1/take", "not a public address"),
        ("https://user:secret@example.com/take", "Leave name and password out"),
        ("https://user@example.com", "Leave name and password out"),
        ("ftp://example.com/", "only http:// and https:// addresses"),
        ("http://①②⑦.0.0.1/take", "Nothing can be sent to this address"),
        ("http://1.1.1.1\\@127.0.0.1/take", "Nothing can be sent to this address"),
        ("http://127.0.0.1%2f/take", "Nothing can be sent to this address"),
        ("https://exa mple.com/take", "Nothing can be sent to this address"),
        ("https:///take", "address"),
        ("https://example.com:99999/take", "only http:// and https:// addresses"),
    ] {
        let (status, text) = make(url).await;
        assert_eq!(status, 422, "{url}: {text}");
        assert!(text.contains(says) && !text.contains("secret"), "{url}: {text}");
    }
    for url in ["https://example.com/a@b?c=d@e", "http://10.7.1.1/take"] {
        let (status, text) = make(url).await;
        assert_eq!(status, 201, "{url}: {text}");
    }
}

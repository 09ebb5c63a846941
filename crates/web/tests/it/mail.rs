//! The page of mail, what people want by mail, and links that go by mail.

use axum::http::StatusCode;
use proofdesk_engine::{Change, Reference, Target};
use proofdesk_mail::{Mail, Pace};
use proofdesk_model::{Door, Value};
use proofdesk_store::Select;
use proofdesk_testkit::{Database, TestDesk};
use proofdesk_web::{AppState, Settings};
use rand::SeedableRng as _;

use crate::client::{Browser, Desk, PASSWORD};

/// A desk that sends mail by a server that is away: an administrator `ada`, an agent `mara` with an address.
async fn desk() -> (TestDesk, Mail, axum::Router) {
    let desk = TestDesk::open(Database::Sqlite).await.unwrap();
    let ada = desk.person("Ada Byron", &["administrator"]).await.unwrap();
    let mara = desk.person("Mara Rehn", &["agent"]).await.unwrap();
    for (caller, name) in [(&ada, "ada"), (&mara, "mara")] {
        desk.account(caller, name, PASSWORD).await.unwrap();
    }
    let target = Target::Existing(Reference::new("person", mara.person.unwrap()), None);
    let address = Change::default().with_text("mail", "mara@desk.example");
    desk.engine.apply(&desk.setup(), target, address, Door::Cli).await.unwrap();
    let (mail, router) = sending(&desk, 1).await;
    (desk, mail, router)
}

/// The mail of a desk, sent by the server at a port of this machine, and its pages.
pub async fn sending(desk: &TestDesk, port: u16) -> (Mail, axum::Router) {
    let settings = serde_json::json!({
        "address": "desk@desk.example", "smtp": {"host": "127.0.0.1", "port": port, "tls": "none"},
    });
    let said = ("Example Ltd".to_owned(), Some("https://desk.example".to_owned()));
    let mut random = rand::rngs::StdRng::seed_from_u64(3);
    let settings = serde_json::from_value(settings).unwrap();
    let mail = Mail::open(desk.engine.clone(), settings, Vec::new(), said, &mut random).await.unwrap();
    let mut state = AppState::new(desk.engine.clone(), Settings::default());
    state.mail = Some(mail.clone());
    (mail, proofdesk_web::router(state))
}

async fn sign_in<'a>(router: &'a axum::Router, name: &str) -> Browser<'a> {
    let mut browser = Browser::of(router);
    let answer = browser.post("/sign-in", &[("sign_in", name), ("password", PASSWORD)]).await;
    let cookie = answer.headers.get(axum::http::header::SET_COOKIE).unwrap().to_str().unwrap().to_owned();
    browser.keep(cookie.split(';').next().unwrap());
    browser
}

#[tokio::test]
async fn a_link_goes_by_mail_and_is_shown_to_nobody_else() {
    let (desk, mail, router) = desk().await;
    let ada = sign_in(&router, "ada").await;
    let page = ada.post("/accounts/2/link", &[]).await;
    assert!(
        page.body.contains("goes to its owner by mail") && !page.body.contains("/link/0"),
        "{}",
        page.body
    );
    let rows = desk.engine.store().select(Select::from("mail_out", &["event", "body"])).await.unwrap();
    assert_eq!((rows.len(), rows[0].text(0)), (1, "reset"));
    let body = rows[0].text(1);
    let secret = body.split("https://desk.example/link/").nth(1).unwrap().split_whitespace().next().unwrap();
    assert!(!page.body.contains(secret), "who made it does not see it");
    assert_eq!(Browser::of(&router).get(&format!("/link/{secret}")).await.status, StatusCode::OK);
    // the server is away: the page says so, and the mail waits
    assert!(mail.send_due().await.is_err());
    let page = ada.get("/mail").await.body;
    assert!(page.contains("does not work") && page.contains("reset") && !page.contains(secret), "{page}");
    // after a day the link is gone, and so is its mail
    desk.time.advance(2 * 86_400_000_000);
    let _ = mail.send_due().await;
    let ada = sign_in(&router, "ada").await;
    let page = ada.get("/mail").await.body;
    assert!(page.contains("given up"), "{page}");
    let rows = desk.engine.store().select(Select::from("mail_out", &["state", "body"])).await.unwrap();
    assert_eq!((rows[0].text(0), rows[0].text(1)), ("dead", ""));
}

#[tokio::test]
async fn the_queue_is_for_administrators_by_page_and_by_rest() {
    let (_desk, _, router) = desk().await;
    let mara = sign_in(&router, "mara").await;
    assert_eq!(mara.get("/mail").await.status, StatusCode::NOT_FOUND);
    assert_eq!(mara.get("/api/v1/mail").await.status, StatusCode::FORBIDDEN);
    let ada = sign_in(&router, "ada").await;
    let answer = ada.get("/api/v1/mail").await;
    let json: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!((&json["smtp"]["configured"], &json["imap"]["configured"]), (&true.into(), &false.into()));
    assert_eq!(ada.post("/mail/nothing/again", &[]).await.status, StatusCode::NOT_FOUND);
    // a desk without mail says how to set it up
    let without = Desk::open().await;
    let boss = without.desk.person("Cleo", &["administrator"]).await.unwrap();
    without.desk.account(&boss, "cleo", PASSWORD).await.unwrap();
    let cleo = without.signed_in("cleo").await;
    assert!(cleo.get("/mail").await.body.contains("neither sends nor takes mail"));
    assert_eq!(cleo.get("/api/v1/mail").await.status, StatusCode::NOT_FOUND);
    assert!(!cleo.get("/account").await.body.contains("How often"));
}

#[tokio::test]
async fn people_say_what_they_want_by_mail() {
    let (_desk, mail, router) = desk().await;
    let mara = sign_in(&router, "mara").await;
    let form = [("pace", "daily"), ("digest_at", "07:30"), ("quiet_from", "20:00"), ("quiet_until", "06:00")];
    assert_eq!(mara.post("/account/mail", &form).await.status, StatusCode::SEE_OTHER);
    let kept = mail.preference(2).await.unwrap();
    assert_eq!((kept.pace, kept.digest_at, kept.quiet), (Pace::Daily, 450, Some((1_200, 360))));
    let page = mara.get("/account").await.body;
    assert!(page.contains("value=\"07:30\"") && page.contains("value=\"20:00\""), "{page}");
    let half = mara.post("/account/mail", &[("pace", "each"), ("quiet_from", "20:00")]).await;
    assert_eq!(half.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(half.body.contains("Say both times"));
    // what was typed stays, though another thing is kept
    assert!(half.body.contains("value=\"each\" selected"), "{}", half.body);
    assert!(half.body.contains("name=\"quiet_until\" type=\"time\" value=\"\""), "{}", half.body);
    assert_eq!(mail.preference(2).await.unwrap(), kept, "nothing was kept");
}

/// A request that waits for Nora's approval, and the path of the link in the mail to her.
async fn asked(desk: &TestDesk, mail: &Mail, nora: i64, title: &str) -> (Reference, String) {
    asked_with(desk, mail, nora, Change::default().with_text("title", title)).await
}

/// As [`asked`], with more than a title.
async fn asked_with(desk: &TestDesk, mail: &Mail, nora: i64, asked: Change) -> (Reference, String) {
    let Some(Value::Text(title)) = asked.set.get("title").cloned() else { panic!("it has a title") };
    let title = title.as_str();
    let mut model = Change::default()
        .with_text("title", title)
        .with("approval_needed", Value::Bool(true))
        .with("approver_person", Value::Link(nora));
    model.state = Some("in_use".to_owned());
    let model = desk.create("request_model", model).await.unwrap().record.number;
    let asker = desk.create("person", Change::default().with_text("name", "Elif Aydin")).await.unwrap();
    let change =
        asked.with("model", Value::Link(model)).with("requested_by", Value::Link(asker.record.number));
    let target = Target::New("service_request".to_owned());
    let made = desk.engine.apply(&desk.setup(), target, change, Door::Page).await.unwrap();
    while desk.engine.sequence().await.unwrap() > 0 {}
    mail.follow().await.unwrap();
    let rows =
        desk.engine.store().select(Select::from("mail_out", &["event", "body", "subject"])).await.unwrap();
    let own = rows.iter().find(|r| r.text(0) == "approval" && r.text(2).contains(title)).unwrap();
    let path = own.text(1).split("https://desk.example").find(|p| p.starts_with("/decide/")).unwrap();
    let path = path.split_whitespace().next().unwrap().to_owned();
    (Reference::new("service_request", made.record.number), path)
}

#[tokio::test]
async fn an_approval_is_given_by_the_link_of_its_mail_once_and_for_what_was_shown() {
    let (desk, mail, router) = desk().await;
    let change = Change::default().with_text("name", "Nora Falk").with_text("mail", "nora@desk.example");
    let nora = desk.create("person", change).await.unwrap().record.number;
    let caller = proofdesk_engine::Caller::person(nora, "Nora Falk", ["requester"]);
    desk.account(&caller, "nora", PASSWORD).await.unwrap();
    mail.follow().await.unwrap();
    let guest = Browser::of(&router);
    let state = async |of: &Reference| desk.engine.require(&desk.setup(), of).await.unwrap();
    let (first, path) = asked(&desk, &mail, nora, "A badge").await;
    // programs that look into mails open links: nothing is decided by that
    for _ in 0..2 {
        let page = guest.get(&path).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        for part in ["Approve this request?", "A badge", "Asked by", "Nora Falk", "Yes, I approve it"] {
            assert!(page.body.contains(part), "{part}: {}", page.body);
        }
        assert_eq!(state(&first).await.state, "approval");
    }
    // not another person, record, version or time than what was signed
    let token = path.strip_prefix("/decide/").unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    assert_eq!(parts.len(), 5);
    for (at, other) in [(0, "1"), (1, "REQ-9"), (2, "2"), (3, "99999999999"), (4, &"0".repeat(64))] {
        let mut forged = parts.clone();
        forged[at] = other;
        let forged = format!("/decide/{}", forged.join("."));
        assert_eq!(guest.get(&forged).await.status, StatusCode::GONE, "{forged}");
        assert_eq!(guest.post(&format!("{forged}/agree"), &[]).await.status, StatusCode::GONE, "{forged}");
    }
    assert_eq!(
        guest.post(&format!("{path}/reject"), &[]).await.status,
        StatusCode::NOT_FOUND,
        "no other step"
    );
    let silent = guest.post(&format!("{path}/decline"), &[]).await;
    assert_eq!(silent.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        silent.body.contains("Please fill in") && silent.body.contains("<details open"),
        "{}",
        silent.body
    );
    let done = guest.post(&format!("{path}/agree"), &[]).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.body);
    assert!(done.body.contains("Thank you. The request is approved"), "{}", done.body);
    let approved = state(&first).await;
    assert_ne!(approved.state, "approval");
    assert_eq!(approved.int("approved_by"), Some(nora));
    let history = desk.engine.history(&first, 5).await.unwrap();
    let entry = history.iter().find(|item| item.action == "agree").unwrap();
    assert_eq!((entry.by.as_str(), entry.door.as_str(), entry.person), ("Nora Falk", "link", Some(nora)));
    let again = guest.post(&format!("{path}/agree"), &[]).await;
    assert_eq!(again.status, StatusCode::GONE, "once: {}", again.body);
    // one that changed since
    let (second, path) = asked(&desk, &mail, nora, "A desk").await;
    let dearer = Change::default().with_text("location", "Made of oak");
    let target = Target::Existing(second.clone(), None);
    desk.engine.apply(&desk.setup(), target, dearer, Door::Page).await.unwrap();
    for answer in [guest.get(&path).await, guest.post(&format!("{path}/agree"), &[]).await] {
        assert_eq!(answer.status, StatusCode::GONE);
        assert!(!answer.body.contains("oak") && !answer.body.contains("A desk"), "{}", answer.body);
    }
    assert_eq!(state(&second).await.state, "approval");
    // declined with a reason; too late; and not by who has no account any more
    let (third, path) = asked(&desk, &mail, nora, "A car").await;
    let no = guest.post(&format!("{path}/decline"), &[("approval_note", "Take the train")]).await;
    assert_eq!(no.status, StatusCode::OK, "{}", no.body);
    assert_eq!(state(&third).await.text("approval_note"), Some("Take the train"));
    let (_, path) = asked(&desk, &mail, nora, "A boat").await;
    desk.time.advance(8 * 86_400_000_000);
    assert_eq!(guest.get(&path).await.status, StatusCode::GONE);
    let (_, path) = asked(&desk, &mail, nora, "A plane").await;
    let own = desk.engine.account_named("nora").await.unwrap().unwrap();
    let act = proofdesk_engine::Act::new(&desk.setup(), Door::Cli);
    desk.engine.set_active(&act, own.id, false).await.unwrap();
    assert_eq!(guest.get(&path).await.status, StatusCode::GONE);
    assert_eq!(guest.post(&format!("{path}/agree"), &[]).await.status, StatusCode::GONE);
}

#[tokio::test]
async fn who_approves_by_a_link_reads_all_that_the_form_has_and_nothing_for_staff() {
    let (desk, mail, router) = desk().await;
    let change = Change::default().with_text("name", "Nora Falk").with_text("mail", "nora@desk.example");
    let nora = desk.create("person", change).await.unwrap().record.number;
    let caller = proofdesk_engine::Caller::person(nora, "Nora Falk", ["requester"]);
    desk.account(&caller, "nora", PASSWORD).await.unwrap();
    let jonas = desk.create("person", Change::default().with_text("name", "Jonas Weil")).await.unwrap();
    let stores = desk.create("customer", Change::default().with_text("name", "Stores")).await.unwrap();
    mail.follow().await.unwrap();
    let guest = Browser::of(&router);
    let wish = Change::default()
        .with_text("title", "A badge")
        .with("customer", Value::Link(stores.record.number))
        .with_text("location", "Building 7, third floor <east>")
        .with_text("request_type", "access")
        .with_text("category", "Known troublemaker")
        .with("requested_for", Value::Link(jonas.record.number));
    let (_, path) = asked_with(&desk, &mail, nora, wish).await;
    let page = guest.get(&path).await.body;
    for part in
        ["Location", "Building 7, third floor &lt;east&gt;", "Requested for", "Jonas Weil", "Type", "Access"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("troublemaker") && !page.contains("Category"), "for staff alone: {page}");
    assert!(
        !page.contains("Customer</dt>") && !page.contains("CUS-"),
        "she may not read whose it is: {page}"
    );
    assert!(!page.contains("Picture or file</dt>"), "what is not filled has no line: {page}");
    // in the language of who reads, and on the page of the portal
    let target = Target::Existing(Reference::new("person", nora), None);
    let german = Change::default().with_text("language", "de");
    desk.engine.apply(&desk.setup(), target, german, Door::Cli).await.unwrap();
    let page = guest.get(&path).await.body;
    assert!(page.contains("Ort</dt>") && page.contains("Zugang"), "{page}");
    let browser = sign_in(&router, "nora").await;
    let page = browser.get("/portal/service-request/REQ-1/agree").await.body;
    assert!(page.contains("third floor") && !page.contains("troublemaker"), "{page}");
}

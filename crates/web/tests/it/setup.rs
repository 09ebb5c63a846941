//! Guided set-up on its pages: what is wrong or doubtful is said on the page of the question, a desk that runs already is
//! told from an empty one, and nothing leads where the visitor may not go.

use axum::Router;
use axum::http::StatusCode;
use proofdesk_engine::Change;
use proofdesk_setup::Guide;
use proofdesk_testkit::{Database, TestDesk};
use proofdesk_web::{AppState, Settings};

use crate::client::{Browser, Desk, PASSWORD};

/// The shipped questions.
fn guide(desk: &TestDesk) -> Guide {
    let registry = desk.engine.registry();
    let templates = proofdesk_model::template::read(&proofdesk_model::shipped_templates(), registry).unwrap();
    Guide::load(&[], registry, &templates).unwrap()
}

/// The web of a desk, with the questions of set-up.
fn web(desk: &TestDesk) -> Router {
    let registry = desk.engine.registry();
    let guide = guide(desk);
    let declarations = proofdesk_conformity::Declarations::shipped(registry).unwrap();
    let conformity = proofdesk_conformity::Conformity::new(desk.engine.clone(), declarations);
    let state = AppState::new(desk.engine.clone(), Settings::default());
    proofdesk_web::router(state.with_conformity(conformity).with_setup(guide))
}

/// An empty desk with an administrator `ada` and an SMS manager `ilse`.
async fn empty() -> (TestDesk, Router) {
    let desk = TestDesk::open(Database::Sqlite).await.unwrap();
    for (name, sign_in, role) in
        [("Ada Lang", "ada", "administrator"), ("Ilse Brandt", "ilse", "sms_manager")]
    {
        let caller = desk.person(name, &[role]).await.unwrap();
        desk.account(&caller, sign_in, PASSWORD).await.unwrap();
    }
    let router = web(&desk);
    (desk, router)
}

async fn signed_in<'a>(router: &'a Router, name: &str) -> Browser<'a> {
    let mut browser = Browser::of(router);
    let answer = browser.post("/sign-in", &[("sign_in", name), ("password", PASSWORD)]).await;
    assert_eq!(answer.location(), "/", "{}", answer.body);
    let cookie = answer.headers.get("set-cookie").unwrap().to_str().unwrap().to_owned();
    browser.keep(cookie.split(';').next().unwrap());
    browser
}

#[tokio::test]
async fn hours_and_targets_are_checked_on_their_own_page() {
    let (_desk, router) = empty().await;
    let ilse = signed_in(&router, "ilse").await;
    let sent = [
        ("hours", "mon-fri 08:00"),
        ("holidays", "2026-12-25 shut"),
        ("targets.0.response", "5h"),
        ("targets.0.resolution", "4h"),
        ("act", "next"),
    ];
    let page = ilse.post("/setup/promises", &sent).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    for at in ["#q-hours", "#q-holidays", "#q-targets.0.response"] {
        assert!(page.body.contains(&format!("href=\"{at}\"")), "{at} is not named: {}", page.body);
    }
    let good = [("hours", "mon-fri 08:00-17:00"), ("holidays", ""), ("act", "next")];
    let right = [("targets.0.response", "1h"), ("targets.0.resolution", "4h")];
    let sent: Vec<_> = good.into_iter().chain(right).collect();
    assert_eq!(ilse.post("/setup/promises", &sent).await.location(), "/setup/context");
}

#[tokio::test]
async fn a_doubtful_answer_is_asked_about_once() {
    let (_desk, router) = empty().await;
    let ilse = signed_in(&router, "ilse").await;
    let mut sent = vec![
        ("every_system", "365"),
        ("every_party", "182"),
        ("every_operation", "91"),
        ("every_assurance", "365"),
        ("every_measure", "30"),
        ("every_review", "365"),
        ("ready_on", "2001-01-01"),
        ("first_audit", "2001-02-01"),
        ("first_review", "2001-01-15"),
        ("act", "next"),
    ];
    let page = ilse.post("/setup/rhythm", &sent).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    assert!(
        page.body.contains("2001-01-01 lies before") && page.body.contains("first internal audit"),
        "{}",
        page.body
    );
    let (_, rest) = page.body.split_once("name=\"seen\" value=\"").unwrap();
    let seen = rest.split_once('"').unwrap().0.replace("&quot;", "\"").replace("&amp;", "&");
    sent.push(("seen", &seen));
    assert_eq!(ilse.post("/setup/rhythm", &sent).await.location(), "/setup/summary");
    assert!(
        ilse.get("/setup/summary").await.body.contains("2001-01-01 lies before"),
        "and once more before it is made"
    );
    // another answer is asked about again
    sent[6].1 = "2002-01-01";
    assert!(ilse.post("/setup/rhythm", &sent).await.body.contains("2002-01-01 lies before"));
}

#[tokio::test]
async fn a_desk_that_runs_is_told_from_an_empty_one() {
    let (desk, router) = empty().await;
    let ilse = signed_in(&router, "ilse").await;
    assert_eq!(ilse.get("/").await.location(), "/setup");
    assert!(ilse.get("/account").await.body.contains("This desk is empty"));
    assert!(!ilse.get("/setup").await.body.contains("running already"));
    let made = ilse.get("/setup/made").await;
    assert_eq!(made.status, StatusCode::OK);
    assert!(
        made.body.contains("Nothing was made yet") && made.body.contains("href=\"/setup/summary\""),
        "{}",
        made.body
    );
    // the first password of one's own leads on
    let sent = [("present", PASSWORD), ("password", "another horse battery")];
    assert_eq!(ilse.post("/account/password", &sent).await.location(), "/sign-in?next=/");
    desk.create("service", Change::default().with_text("name", "Point of sale")).await.unwrap();
    let ada = signed_in(&router, "ada").await;
    let page = ada.get("/setup").await.body;
    assert!(page.contains("running already, and guided set-up made nothing of it"), "{page}");
    assert_eq!(ada.get("/").await.location(), "/desk");
    let sent = [("present", PASSWORD), ("password", "another horse battery")];
    assert_eq!(ada.post("/account/password", &sent).await.location(), "/sign-in?next=/account");
}

#[tokio::test]
async fn accounts_are_offered_to_administrators_alone() {
    let (desk, router) = empty().await;
    proofdesk_setup::keep_turned(&desk.engine, &[]).await.unwrap();
    let link = "href=\"/accounts\">Open the accounts";
    let ilse = signed_in(&router, "ilse").await.get("/setup/made").await.body;
    assert!(ilse.contains("Your desk is set up") && !ilse.contains(link), "{ilse}");
    assert!(signed_in(&router, "ada").await.get("/setup/made").await.body.contains(link));
}

#[tokio::test]
async fn an_empty_view_names_what_it_leaves_out() {
    let desk = Desk::open().await;
    let boss = desk.signed_in("boss").await;
    let none = boss.get("/document?view=in_force").await.body;
    assert!(none.contains("No documents meet this view at present"), "{none}");
    assert!(!none.contains("in another state"));
    desk.desk
        .create(
            "document",
            Change::default().with_text("title", "Change policy").with_text("kind", "change_policy"),
        )
        .await
        .unwrap();
    let page = boss.get("/document?view=in_force").await.body;
    assert!(page.contains("in another state") && page.contains("filter=state"), "{page}");
    assert!(page.contains("href=\"/document/DOC-1\"") && page.contains("Change policy"), "{page}");
    let mara = desk.signed_in("mara").await.get("/document?view=in_force").await;
    assert_eq!(mara.status, StatusCode::OK, "{}", mara.body);
}

/// What must be answered before anything is made.
const ANSWERS: &str = r#"
organization = "Nordlicht IT"
units = "Service desk"
locations = "Kiel"
zone = "Europe/Berlin"
people = [{ name = "Ada Lang" }, { name = "Ilse Brandt" }]
roles.top_management = "Ada Lang"
roles.conformity = "Ilse Brandt"
roles.internal_auditor = "Ada Lang"
roles.change_authority = "Ilse Brandt"
areas.portfolio = "Ilse Brandt"
areas.relationship = "Ilse Brandt"
areas.supply = "Ilse Brandt"
areas.transition = "Ilse Brandt"
areas.resolution = "Ilse Brandt"
areas.assurance = "Ada Lang"
customers = [{ name = "Retail North", relation = "internal", relationship_manager = "Ilse Brandt" }]
services = [{ name = "Tills", description = "Tills", outcomes = "Customers can pay", dependencies = "none", owner = "Ilse Brandt", criticality = "critical" }]
"#;

#[tokio::test]
async fn the_name_and_the_zone_that_set_up_was_told_take_effect_at_once_unless_the_operator_chose() {
    let (desk, router) = empty().await;
    let guide = guide(&desk);
    proofdesk_setup::Answers::read(ANSWERS, &guide).unwrap().keep(&desk.engine).await.unwrap();
    let ilse = signed_in(&router, "ilse").await;
    assert!(!ilse.get("/sign-in").await.body.contains("Nordlicht IT"));
    let made = ilse.post("/setup/summary", &[]).await;
    assert_eq!(made.location(), "/setup/made", "{}", made.body);
    assert!(Browser::of(&router).get("/sign-in").await.body.contains("Nordlicht IT"));
    assert!(ilse.get("/api/v1/me").await.body.contains("Europe/Berlin"));
    // the operator's word goes before
    let settings = Settings { organization: "Retail IT".to_owned(), is_named: true, ..Settings::default() };
    let state = AppState::new(desk.engine.clone(), settings);
    state.hear(proofdesk_setup::Said::load(&desk.engine).await.unwrap());
    assert_eq!(state.organization(), "Retail IT");
    assert_eq!(state.zone().iana_name(), Some("Europe/Berlin"), "and where it says nothing, set-up counts");
}

#[tokio::test]
async fn a_name_and_a_zone_that_are_changed_after_set_up_take_effect_by_the_page() {
    let (desk, router) = empty().await;
    proofdesk_setup::Answers::read(ANSWERS, &guide(&desk)).unwrap().keep(&desk.engine).await.unwrap();
    let ilse = signed_in(&router, "ilse").await;
    let send = async |name: &str, zone: &str| {
        let rest = [("units", "Service desk"), ("locations", "Kiel"), ("act", "save")];
        let sent: Vec<_> = [("organization", name), ("zone", zone)].into_iter().chain(rest).collect();
        assert_eq!(ilse.post("/setup/organization", &sent).await.location(), "/setup");
        let gate = Browser::of(&router).get("/sign-in").await.body;
        (gate.contains("Nordlicht IT"), gate.contains("Suedlicht IT"), ilse.get("/api/v1/me").await.body)
    };
    assert_eq!(ilse.post("/setup/summary", &[]).await.location(), "/setup/made");
    let (old, new, me) = send("Suedlicht IT", "Asia/Tokyo").await;
    assert!(!old && new && me.contains("Asia/Tokyo"), "{me}");
    // what is wrong does not count
    let (_, new, me) = send("", "Asia/Tokio").await;
    assert!(new && me.contains("Asia/Tokyo"), "{me}");
    let said = proofdesk_setup::Said::load(&desk.engine).await.unwrap();
    assert_eq!(said.organization.as_deref(), Some("Suedlicht IT"), "and after the next start");
}

#[tokio::test]
async fn what_a_row_needs_is_marked_before_it_is_missed() {
    let (_desk, router) = empty().await;
    let page = signed_in(&router, "ilse").await.get("/setup/services").await.body;
    for label in ["Who they are", "What it depends on", "Owner", "How critical"] {
        assert!(page.contains(&format!("{label}<span class=\"faint\"> (needed)</span>")), "{label}: {page}");
    }
    assert!(!page.contains("Who keeps the relationship<span"), "what is not needed is not marked");
    assert_eq!(page.matches("aria-label=\"Row ").count(), 5, "no wall of empty rows");
    let more = signed_in(&router, "ilse").await.get("/setup/services?more=services").await.body;
    assert_eq!(more.matches("aria-label=\"Row ").count(), 12);
}

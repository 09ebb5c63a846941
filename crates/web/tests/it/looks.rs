//! What a page puts where: what cannot be done now and why, what presses first, what is folded, whose frame it is.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use proofdesk_engine::{Change, Reference, Target};
use proofdesk_model::{Door, Value};
use proofdesk_setup::Guide;
use proofdesk_testkit::TestDesk;
use proofdesk_web::{AppState, Settings, WebError};

use crate::client::{Answer, Browser, Desk};
use crate::held::gold;

/// The part of a page between two marks.
fn part<'a>(page: &'a str, from: &str, to: &str) -> &'a str {
    let rest = page.split_once(from).unwrap_or_else(|| panic!("no {from} in {page}")).1;
    rest.split_once(to).unwrap_or_else(|| panic!("no {to} after {from}")).0
}

async fn change(desk: &TestDesk, caller: &proofdesk_engine::Caller, number: i64, change: Change) {
    let target = Target::Existing(Reference::new("incident", number), None);
    desk.engine.apply(caller, target, change, Door::Page).await.unwrap();
}

#[tokio::test]
async fn a_step_that_a_guard_refuses_is_shown_disabled_with_reason_and_clause() {
    let desk = Desk::open().await;
    let mara = desk.signed_in("mara").await;
    let start = Change::default().with("assignee", Value::Link(1)).take("start");
    change(&desk.desk, &desk.mara, 1, start).await;
    let page = mara.get("/incident/INC-1").await.body;
    assert!(page.contains("/incident/INC-1/transition/declare_major\""), "it is open: {page}");
    assert!(!page.contains("Not now"), "nothing stands in the way of any step: {page}");

    let major = Change::default().with("major_manager", Value::Link(1)).take("declare_major");
    change(&desk.desk, &desk.mara, 1, major).await;
    let page = mara.get("/incident/INC-1").await.body;
    let barred = part(&page, "<details class=\"not-now\">", "</details>");
    assert!(barred.contains("<button class=\"button small\" disabled>Declare major</button>"), "{barred}");
    assert!(barred.contains("It is a major incident already.") && barred.contains("8.6.1"), "{barred}");
    assert!(!page.contains("/transition/declare_major"), "no button leads to a refusal: {page}");
    assert!(page.contains("/incident/INC-1/transition/assign\""), "others stay open");

    let form = mara.get("/incident/INC-1/transition/declare_major").await.body;
    assert!(form.contains("This stands in the way"), "{form}");
    assert!(form.contains("<button class=\"button primary\" disabled>Declare major</button>"), "{form}");
    let open = mara.get("/incident/INC-1/transition/assign").await.body;
    assert!(!open.contains("disabled"), "{open}");
}

#[tokio::test]
async fn what_a_form_asks_for_bars_no_step() {
    let desk = Desk::open().await;
    let mara = desk.signed_in("mara").await;
    // resolution and closure code are missing, but the form of the step asks for them
    let start =
        Change::default().with("assignee", Value::Link(1)).with_text("category", "failure").take("start");
    change(&desk.desk, &desk.mara, 1, start).await;
    let page = mara.get("/incident/INC-1").await.body;
    assert!(page.contains("/incident/INC-1/transition/resolve\""), "{page}");
    assert!(page.contains("Resolution is needed for the step “Resolve”."), "it is owed all the same: {page}");
}

#[tokio::test]
async fn what_presses_comes_before_the_talk() {
    let desk = Desk::open().await;
    let page = desk.signed_in("mara").await.get("/incident/INC-1").await.body;
    let (due, talk) = (page.find("id=\"due\"").unwrap(), page.find("id=\"talk\"").unwrap());
    assert!(due < talk, "clocks come before activity where they stand below each other");
    let due = part(&page, "id=\"due\"", "id=\"talk\"");
    assert!(due.contains("What this record still owes"), "{due}");
}

#[tokio::test]
async fn what_is_missing_is_said_once() {
    let desk = Desk::open().await;
    let change =
        Change::default().with_text("title", "The provider fails").with_text("category", "other_party");
    desk.desk.create("risk", change).await.unwrap();
    let rita = desk.desk.person("Rita Voss", &["process_owner"]).await.unwrap();
    desk.desk.account(&rita, "rita", crate::client::PASSWORD).await.unwrap();
    let page = desk.signed_in("rita").await.get("/risk/RSK-1").await.body;
    let owed = part(&page, "What this record still owes", "id=\"talk\"");
    assert!(owed.contains("Next review is needed for the step “Assess”."), "{owed}");
    assert!(
        !owed.contains("The next review lies ahead."),
        "a guard that reads what is missing adds nothing: {owed}"
    );
}

#[tokio::test]
async fn what_clocks_did_is_said_in_words_with_the_figures_behind() {
    let desk = Desk::open().await;
    gold(&desk.desk).await;
    let mara = desk.signed_in("mara").await;
    let incident = Change::default().with_text("title", "Till is slow");
    desk.desk.create("incident", incident).await.unwrap();
    let start = Change::default().with("assignee", Value::Link(1)).take("start");
    change(&desk.desk, &desk.mara, 2, start).await;
    desk.desk.time.advance(3_600_000_000);
    let wait = Change::default().with_text("hold_reason", "customer").take("wait");
    change(&desk.desk, &desk.mara, 2, wait).await;
    let page = mara.get("/incident/INC-2").await.body;
    let talk = part(&page, "<ol class=\"timeline\"", "</ol>");
    assert!(talk.contains("Resolution clock held, after 1 h"), "{talk}");
    let figures = part(talk, "<details class=\"figures\">", "</details>");
    assert!(figures.contains("Resolution elapsed"), "{figures}");
    assert!(!talk.replace(figures, "").contains("Resolution elapsed"), "not twice: {talk}");
}

/// Whether a page stands in the frame of who is signed in.
fn is_framed(answer: &Answer, name: &str) -> bool {
    let body = &answer.body;
    body.contains("<aside class=\"rail\"")
        && body.contains(name)
        && body.contains("Request <span class=\"mono\">")
}

#[tokio::test]
async fn errors_stand_in_the_frame_of_who_is_signed_in() {
    let desk = Desk::open().await;
    let (mara, ida) = (desk.signed_in("mara").await, desk.signed_in("ida").await);
    for path in ["/nothing/at/all", "/incident/INC-99"] {
        let answer = mara.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        assert!(is_framed(&answer, "Mara Rehn"), "{path}: {}", answer.body);
    }
    let refused = ida.get("/incident/new").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(is_framed(&refused, "Ida Voss"), "{}", refused.body);
    let nobody = desk.browser().get("/nothing/at/all").await;
    assert!(nobody.body.contains("class=\"gate\"") && !nobody.body.contains("rail"), "{}", nobody.body);
}

#[tokio::test]
async fn a_fault_of_ours_stands_in_the_frame_too() {
    let desk = Desk::open().await;
    let mara = desk.signed_in("mara").await;
    let state = AppState::new(desk.desk.engine.clone(), Settings::default());
    let fault = || async { WebError::Fault("a secret of the inside".to_owned()) };
    let router = proofdesk_web::security::around(Router::new().route("/fault", get(fault)), &state);
    let router = router.with_state(state);
    let mut browser = Browser::of(&router);
    browser.keep(mara.cookie());
    let answer = browser.get("/fault").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{}", answer.body);
    assert!(is_framed(&answer, "Mara Rehn") && answer.body.contains("The fault is ours"), "{}", answer.body);
    assert!(!answer.body.contains("a secret of the inside"));
}

#[tokio::test]
async fn the_map_of_a_service_is_a_list_too() {
    let desk = Desk::open().await;
    let item = |name: &str| Change::default().with_text("name", name);
    desk.desk.create("configuration_item", item("Till database")).await.unwrap();
    let till = item("Till software").link("depends_on", Reference::new("configuration_item", 1));
    desk.desk.create("configuration_item", till).await.unwrap();
    let service = Reference::new("service", 1);
    let made_of = Change::default().link("made_of", Reference::new("configuration_item", 2));
    desk.desk
        .engine
        .apply(&desk.desk.setup(), Target::Existing(service, None), made_of, Door::Cli)
        .await
        .unwrap();
    let affected = Change::default().link("affects", Reference::new("configuration_item", 1));
    change(&desk.desk, &desk.mara, 1, affected).await;
    let page = desk.signed_in("mara").await.get("/service/SVC-1").await.body;
    let tree = part(&page, "<ul class=\"tree chart-narrow\">", "</section>");
    let (above, below) = (tree.find("Till software").unwrap(), tree.find("Till database").unwrap());
    assert!(above < below && tree[above..below].contains("<ul>"), "what it stands on is below it: {tree}");
    assert!(tree[below..].contains("open incident"), "the fault has a word: {tree}");
    assert!(page.contains("<div class=\"chart-wide\"><svg class=\"map\""), "{page}");
}

#[tokio::test]
async fn a_conformity_of_the_past_shows_its_instant_in_the_field() {
    let desk = Desk::open().await;
    let boss = desk.signed_in("boss").await;
    let run = boss.post("/conformity/run", &[]).await;
    assert_eq!(run.status, StatusCode::SEE_OTHER, "{}", run.body);
    desk.desk.time.advance(2 * 24 * 3_600_000_000);
    let page = desk.signed_in("boss").await.get("/conformity?as_of=2026-03-03").await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    assert!(page.body.contains("value=\"2026-03-03T23:59\""), "{}", page.body);
    assert!(
        page.body.contains("nonconforming then") && !page.body.contains("nonconforming now"),
        "{}",
        page.body
    );
}

#[tokio::test]
async fn a_cell_of_a_matrix_leads_to_its_records_with_the_filter_open() {
    let desk = Desk::open().await;
    let mara = desk.signed_in("mara").await;
    let list = mara.get("/incident?view=open").await.body;
    let above = part(&list, "<div class=\"row above-list\">", "<div class=\"split preview\">");
    assert!(above.contains("<details class=\"filter\">") && above.contains("Show as a matrix"), "{above}");
    let matrix = mara.get("/incident?view=open&matrix=yes").await.body;
    assert!(!matrix.contains("Show as a matrix"));
    let cell = part(&matrix, "<td class=\"bad\"><a href=\"", "\"").replace("&amp;", "&");
    let found = mara.get(&cell).await.body;
    assert!(found.contains("<details class=\"filter\" open>") && found.contains("INC-1"), "{found}");
}

#[tokio::test]
async fn many_services_of_the_set_up_are_folded() {
    let desk = Desk::open().await;
    let engine = &desk.desk.engine;
    let guide = Guide::load(&[], engine.registry(), engine.templates()).unwrap();
    let state = AppState::new(engine.clone(), Settings::default()).with_setup(guide);
    let router = proofdesk_web::router(state);
    let mut boss = Browser::of(&router);
    boss.keep(desk.signed_in("boss").await.cookie());
    let services = async || {
        let page = boss.get("/setup/services").await.body;
        part(&page, "Which services do you deliver?", "More rows").to_owned()
    };
    assert!(!services().await.contains("<details class=\"fold\">"), "one stays open");
    for name in ["Payroll", "E-mail", "Web shop"] {
        desk.desk.create("service", Change::default().with_text("name", name)).await.unwrap();
    }
    let page = services().await;
    assert_eq!(page.matches("<details class=\"fold\"><summary><b>").count(), 4, "{page}");
    let last = page.rsplit("</details>").next().unwrap();
    assert!(last.contains("fieldset") && !last.contains("value=\"Payroll\""), "empty rows stay open: {last}");
    assert!(page.contains("value=\"Payroll\""), "what is folded is sent all the same");
}

//! Clocks beside the customer's, times that do not count and steps to come, as pages show them.

use jiff::tz::TimeZone;
use proofdesk_engine::{Change, Reference};
use proofdesk_model::Value;
use proofdesk_testkit::{MORNING, TestDesk};
use proofdesk_web::Settings;
use proofdesk_web::parts::time::absolute;

use crate::client::Desk;

const HOUR: i64 = 3_600_000_000;

fn named(name: &str) -> Change {
    Change::default().with_text("name", name)
}

fn in_state(change: Change, state: &str) -> Change {
    Change { state: Some(state.to_owned()), ..change }
}

/// An agreement in force that promises a resolution within four hours.
pub(crate) async fn gold(desk: &TestDesk) -> i64 {
    let agreement = in_state(named("Gold").with("valid_from", Value::Day(0)), "in_force");
    let agreement = desk.create("agreement", agreement).await.unwrap().record.number;
    let target = named("Resolve").with("agreement", Value::Link(agreement)).with_text("duration", "4h");
    desk.create("target", target).await.unwrap();
    agreement
}

/// An agreement of four hours with an exclusion, a contract of three, an incident that waits for the supplier.
async fn waiting(desk: &Desk) {
    let desk = &desk.desk;
    let agreement = gold(desk).await;
    let window = Change::default()
        .with_text("title", "Patch")
        .with("from_at", Value::Instant(MORNING + HOUR))
        .with("until_at", Value::Instant(MORNING + 2 * HOUR))
        .with("approved_by", Value::Link(1))
        .link("agreements", Reference::new("agreement", agreement));
    desk.create("exclusion", in_state(window, "approved")).await.unwrap();
    let supplier = desk.create("supplier", named("Carrier")).await.unwrap().record.number;
    let contract = named("Lines").with("supplier", Value::Link(supplier)).with("valid_from", Value::Day(0));
    let contract = desk.create("contract", in_state(contract, "in_force")).await.unwrap().record.number;
    let leg = named("Line back").with("contract", Value::Link(contract)).with_text("applies_to", "incident");
    desk.create("contract_target", leg.with("within", Value::Duration(3 * HOUR))).await.unwrap();
    let incident = Change::default()
        .with_text("title", "Line down")
        .with_text("hold_reason", "supplier")
        .with("supplier", Value::Link(supplier))
        .with("resume_at", Value::Instant(MORNING + 5 * HOUR));
    desk.create("incident", in_state(incident, "waiting")).await.unwrap();
}

#[tokio::test]
async fn a_record_shows_every_clock_and_how_it_came_to_it() {
    let desk = Desk::open().await;
    waiting(&desk).await;
    let mara = desk.signed_in("mara").await;
    let page = mara.get("/incident/INC-2").await.body;
    let wanted = [
        "With the supplier",
        "SUP-1, CON-1 Lines",
        "3 h left",
        "5 h left",
        "How the clocks came to this",
        "SUP-1 has the record.",
        "does not count (planned maintenance; XCL-1",
        "Resume by itself",
    ];
    for text in wanted {
        assert!(page.contains(text), "{text} is missing: {page}");
    }
    assert!(!page.contains("With the team"), "nothing was promised for a team");
}

#[tokio::test]
async fn clocks_are_explained_in_local_time_with_the_names_of_people() {
    let zone = TimeZone::get("Europe/Vienna").unwrap();
    let desk = Desk::with(Settings { zone: zone.clone(), ..Settings::default() }).await;
    waiting(&desk).await;
    let page = desk.signed_in("mara").await.get("/incident/INC-2").await.body;
    let local = |at| absolute(at, desk.desk.engine.now(), &zone);
    let wanted = format!(
        "{} to {} does not count (planned maintenance; XCL-1, approved by Mara Rehn).",
        local(MORNING + HOUR),
        local(MORNING + 2 * HOUR)
    );
    assert_ne!(local(MORNING), absolute(MORNING, desk.desk.engine.now(), &TimeZone::UTC));
    assert!(page.contains(&wanted), "{wanted} is missing: {page}");
}

#[tokio::test]
async fn the_desk_shows_the_suppliers_clock_under_the_customers() {
    let desk = Desk::open().await;
    waiting(&desk).await;
    let mara = desk.signed_in("mara").await;
    let page = mara.get("/incident?view=supplier").await.body;
    assert!(page.contains("INC-2") && page.contains("SUP-1: 3 h left"), "{page}");
    assert!(!page.contains("INC-1<"), "only what waits for a supplier");
}

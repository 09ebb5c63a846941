//! Figures are kept: the first page after a start shows them without reading the history again.

use proofdesk_report::{Scope, Snapshot};
use proofdesk_testkit::{BOTH, TestDesk};
use proofdesk_web::{AppState, Settings};

use crate::client::Desk;

#[tokio::test]
async fn a_page_after_a_start_shows_the_figures_that_are_kept() {
    let desk = Desk::open().await;
    let engine = desk.desk.engine.clone();
    let scope = Scope::of("incident");
    assert!(Snapshot::load(&engine, &scope).await.unwrap().is_none());
    Snapshot::renew(&engine, &scope).await.unwrap();
    // a program that was just started knows nothing yet
    let fresh = Desk { router: proofdesk_web::router(AppState::new(engine, Settings::default())), ..desk };
    let page = fresh.signed_in("mara").await.get("/figures").await.body;
    assert!(page.contains("incidents in") && !page.contains("are being computed"), "{page}");
    assert!(page.contains("chart-narrow"), "charts fit a telephone");
}

#[tokio::test]
async fn a_snapshot_is_read_as_it_was_computed_and_not_for_another_zone() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let change = proofdesk_engine::Change::default().with_text("title", "Slow");
        desk.create("incident", change).await.unwrap();
        let scope = Scope::of("incident");
        let made = Snapshot::renew(&desk.engine, &scope).await.unwrap();
        let read = Snapshot::load(&desk.engine, &scope).await.unwrap().expect("it is kept");
        let as_json = |s: &Snapshot| serde_json::to_value(&s.figures).unwrap();
        assert_eq!(as_json(&made), as_json(&read));
        assert_eq!((made.log_size, made.at), (read.log_size, read.at));
        let zone = jiff::tz::TimeZone::get("Europe/Vienna").unwrap();
        let elsewhere = Scope { zone, ..scope };
        assert!(Snapshot::load(&desk.engine, &elsewhere).await.unwrap().is_none());
    }
}

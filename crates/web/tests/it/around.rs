//! What stands around records: matrices above lists, obligations and measured values on a record's page.

use proofdesk_engine::Change;
use proofdesk_model::{Decimal, Value};

use crate::client::Desk;

async fn risk(desk: &Desk, title: &str, likelihood: &str, consequence: &str) {
    let change = Change::default().with_text("title", title).with_text("category", "other_party");
    let rated = change.with_text("likelihood", likelihood).with_text("consequence", consequence);
    desk.desk.create("risk", rated).await.unwrap();
}

#[tokio::test]
async fn a_value_table_is_a_matrix_whose_cells_lead_to_their_records() {
    let desk = Desk::open().await;
    risk(&desk, "Till provider fails", "likely", "major").await;
    risk(&desk, "Card network fails", "likely", "major").await;
    let unrated = Change::default().with_text("title", "Not looked at").with_text("category", "other");
    desk.desk.create("risk", unrated).await.unwrap();
    let boss = desk.signed_in("boss").await;
    let page = boss.get("/risk").await.body;
    let matrix = page.split("<table class=\"matrix\">").nth(1).unwrap().split("</table>").next().unwrap();
    for text in ["Almost certain", "Severe", "<b class=\"num\">2</b><span>High</span>", "Medium"] {
        assert!(matrix.contains(text), "{text} is missing: {matrix}");
    }
    assert!(page.contains("1 not rated yet"));
    let cell = matrix.split("<b class=\"num\">2</b>").next().unwrap().rsplit("href=\"").next().unwrap();
    let list = boss.get(&cell.split('"').next().unwrap().replace("&amp;", "&")).await.body;
    assert!(list.contains("Till provider fails") && list.contains("Card network fails"));
    assert!(!list.contains("Not looked at"), "the list of a cell holds its records only");
}

#[tokio::test]
async fn a_long_list_shows_its_matrix_at_a_word() {
    let desk = Desk::open().await;
    let mara = desk.signed_in("mara").await;
    let page = mara.get("/incident").await.body;
    assert!(!page.contains("class=\"matrix\"") && page.contains("matrix=yes"));
    let page = mara.get("/incident?view=open&matrix=yes").await.body;
    assert!(page.contains("class=\"matrix\"") && page.contains("<b class=\"num\">1</b>"), "{page}");
}

#[tokio::test]
async fn a_process_shows_its_obligations_and_what_was_measured_of_it() {
    let desk = Desk::open().await;
    let process = Change::default().with_text("name", "Incident management").with_text("clause", "8.6.1");
    desk.desk.create("process", process).await.unwrap();
    let boss = desk.signed_in("boss").await;
    let page = boss.get("/process/PRC-1").await.body;
    assert!(page.contains("Obligations of ") && page.contains("href=\"/conformity/8.6.1-a\""), "{page}");
    assert!(
        !page.contains("8.6.2-a") && !page.contains("role=\"img\""),
        "nothing is shown that is not there"
    );
    let day = i32::try_from(desk.desk.engine.now() / 86_400_000_000).unwrap();
    for (back, value) in [(60, 88_000_000), (30, 93_500_000)] {
        let one = Change::default()
            .with_text("name", "Incidents resolved in target")
            .with_text("unit", "%")
            .with("process", Value::Link(1))
            .with("period_from", Value::Day(day - back - 30))
            .with("period_to", Value::Day(day - back))
            .with("value", Value::Decimal(Decimal::from_scaled(value)))
            .with("target_value", Value::Decimal(Decimal::from_scaled(90_000_000)));
        desk.desk.create("measurement", one).await.unwrap();
    }
    let page = boss.get("/process/PRC-1").await.body;
    for text in ["role=\"img\"", "target 90", "Last value 93.5 %", "href=\"/measurement/MSR-1\""] {
        assert!(page.contains(text), "{text} is missing: {page}");
    }
    let related = boss.get("/process/PRC-1?tab=related").await.body;
    assert!(related.contains("<h2>Assurance</h2>") && related.contains("MSR-2"), "{related}");
}

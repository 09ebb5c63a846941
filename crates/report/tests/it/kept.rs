//! Figures that are kept and were changed past the program are found, on both databases, and never believed for long.

use proofdesk_engine::Change;
use proofdesk_engine::verify::Report;
use proofdesk_report::{Scope, Snapshot, verify};
use proofdesk_store::{Select, Statement};
use proofdesk_testkit::{BOTH, TestDesk};
use serde_json::{Value as Json, json};

const NAME: &str = "figures.incident";

async fn found(desk: &TestDesk) -> Vec<String> {
    let mut report = Report::default();
    verify(&desk.engine, &mut report).await.unwrap();
    report.findings.into_iter().map(|finding| finding.message).collect()
}

async fn row(desk: &TestDesk) -> Json {
    let question = Select::from("setting", &["value"]).when("name", NAME).limit(1);
    serde_json::from_str(desk.engine.store().select(question).await.unwrap()[0].text(0)).unwrap()
}

async fn forge(desk: &TestDesk, value: &Json) {
    let row = Statement::update("setting").set("value", value.to_string()).when("name", NAME);
    desk.engine.store().execute(vec![row]).await.unwrap();
}

async fn incident(desk: &TestDesk, title: &str) {
    desk.create("incident", Change::default().with_text("title", title)).await.unwrap();
    while desk.engine.sequence().await.unwrap() > 0 {}
}

#[tokio::test]
async fn kept_figures_that_the_log_does_not_give_are_named_with_both_values() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let scope = Scope::of("incident");
        incident(&desk, "Slow").await;
        assert_eq!(found(&desk).await, Vec::<String>::new(), "none are kept");
        let made = Snapshot::renew(&desk.engine, &scope).await.unwrap();
        assert_eq!(found(&desk).await, Vec::<String>::new());
        let mut forged = row(&desk).await;
        forged["figures"]["volume"]["records"] = json!(7);
        forge(&desk, &forged).await;
        let said = found(&desk).await;
        assert!(said.len() == 1 && said[0].contains(NAME), "{said:?}");
        assert!(said[0].contains("volume.records is 7 in the row and 1 by the log"), "{said:?}");
        // once the log has grown it is no witness of today: what it says is replaced
        incident(&desk, "Slower").await;
        assert_eq!(found(&desk).await, Vec::<String>::new());
        let kept = Snapshot::load(&desk.engine, &scope).await.unwrap().unwrap();
        assert_eq!(kept.figures.volume.records, 2, "computed anew");
        assert!(kept.log_size > made.log_size);
        // one that claims more of the log than there is, or a time to come, would be fresh for good
        for (member, value) in
            [("log_size", json!(kept.log_size + 1_000)), ("at", json!(kept.at + 365 * 86_400_000_000_i64))]
        {
            let mut forged = row(&desk).await;
            let good = forged.clone();
            forged[member] = value;
            forged["figures"]["volume"]["records"] = json!(9);
            forge(&desk, &forged).await;
            assert!(
                Snapshot::load(&desk.engine, &scope).await.unwrap().is_none(),
                "{member} is not believed"
            );
            let said = found(&desk).await;
            assert!(said.len() == 1 && said[0].contains(NAME), "{said:?}");
            forge(&desk, &good).await;
        }
    }
}

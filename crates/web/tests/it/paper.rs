//! Records on paper, and what they gather.

use axum::http::StatusCode;
use proofdesk_engine::Change;
use proofdesk_model::{Value, format};

use crate::client::Desk;

#[tokio::test]
async fn a_review_gathers_what_happened_in_its_period_and_goes_to_paper() {
    let desk = Desk::open().await;
    let today = format::day_of(desk.desk.engine.now());
    let review = |from: i32, to: i32| {
        Change::default()
            .with_text("title", "Second half")
            .with_text("feedback", "Customers are **pleased**. <script>alert(1)</script>")
            .with("period_from", Value::Day(from))
            .with("period_to", Value::Day(to))
    };
    desk.desk.create("management_review", review(today - 30, today)).await.unwrap();
    desk.desk.create("management_review", review(today - 400, today - 300)).await.unwrap();
    let complaint = Change::default()
        .with_text("title", "Nobody answers")
        .with_text("description", "Since Monday")
        .with("reported_at", Value::Instant(desk.desk.engine.now() - 3_600_000_000));
    desk.desk.create("complaint", complaint).await.unwrap();
    let boss = desk.signed_in("boss").await;

    let page = boss.get("/management-review/MRV-1?tab=gathered").await.body;
    assert!(page.contains("Nobody answers") && page.contains("the period before:"), "{page}");
    let page = boss.get("/management-review/MRV-2?tab=gathered").await.body;
    assert!(!page.contains("Nobody answers"), "a complaint of another period is gathered");

    let print = boss.get("/management-review/MRV-1/print").await;
    assert_eq!(print.status, StatusCode::OK);
    for text in [
        "Gathered from live records",
        "Nobody answers",
        "<strong>pleased</strong>",
        "proofdesk-render",
        "root hash",
    ] {
        assert!(print.body.contains(text), "{text} is missing: {}", print.body);
    }
    assert!(!print.body.contains("<script>alert"));
    let pdf = boss.get("/management-review/MRV-1/paper.pdf").await;
    assert_eq!(pdf.status, StatusCode::NOT_FOUND);
    assert!(pdf.body.contains("proofdesk-render is not installed"), "{}", pdf.body);
}

#[tokio::test]
async fn every_type_has_a_print_form() {
    let desk = Desk::open().await;
    let mara = desk.signed_in("mara").await;
    for page in ["/incident/INC-1/print", "/service/SVC-1/print"] {
        let answer = mara.get(page).await;
        assert_eq!(answer.status, StatusCode::OK, "{page}");
        assert!(!answer.body.contains(" style="), "{page} has inline styles");
    }
    assert_eq!(desk.browser().get("/incident/INC-1/print").await.status, StatusCode::SEE_OTHER);
}

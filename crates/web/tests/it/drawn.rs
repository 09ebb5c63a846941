//! What is drawn and gathered on the page of a record out of the records that belong to it: charts, counts, lines of time.

use axum::http::StatusCode;
use proofdesk_engine::{Change, Reference};
use proofdesk_model::Value;

use crate::client::Desk;

const DAY: i64 = 86_400_000_000;
/// 2 March 2026, in days.
const TODAY: i32 = 20_514;

fn links(change: Change, field: &str, to: &str, numbers: &[i64]) -> Change {
    numbers.iter().fold(change, |change, n| change.link(field, Reference::new(to, *n)))
}

#[tokio::test]
async fn a_service_shows_what_belongs_to_it_and_its_charts() {
    let desk = Desk::open().await;
    desk.desk.create("service", Change::default().with_text("name", "Payroll")).await.unwrap();
    for (title, services) in [("Gateway fails", &[1_i64, 2][..]), ("Payroll is late", &[2])] {
        let risk = Change::default()
            .with_text("title", title)
            .with_text("category", "availability")
            .with_text("description", title);
        desk.desk.create("risk", links(risk, "services", "service", services)).await.unwrap();
    }
    for (title, amount, day) in
        [("People", "1000", 20_510), ("Licences", "500.5", 20_511), ("Old", "9", 20_514 - 500)]
    {
        let cost = Change::default()
            .with_text("title", title)
            .with("amount", Value::Decimal(amount.parse().unwrap()))
            .with_text("amount_currency", "EUR")
            .with("period_from", Value::Day(day - 30))
            .with("period_to", Value::Day(day));
        desk.desk.create("cost", links(cost, "services", "service", &[1])).await.unwrap();
    }
    let browser = desk.signed_in("boss").await;
    let page = browser.get("/service/SVC-1").await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    assert!(page.body.contains("What belongs to it") && page.body.contains("Open problems"), "{}", page.body);
    // one risk of its own, not that of the other service; the count leads to the list of them
    assert!(page.body.contains("1<span class=\"sr\"> Risks</span>"), "{}", page.body);
    let list = page.body.split("/risk?filter=").nth(1).unwrap().split('"').next().unwrap();
    let risks = browser.get(&format!("/risk?filter={list}")).await;
    assert!(
        risks.body.contains("Gateway fails") && !risks.body.contains("Payroll is late"),
        "{}",
        risks.body
    );

    let charts = browser.get("/service/SVC-1?tab=charts").await;
    assert_eq!(charts.status, StatusCode::OK, "{}", charts.body);
    assert!(charts.body.contains("Incidents by month and priority"), "{}", charts.body);
    assert!(charts.body.contains("1 incidents in the last 12 months."), "{}", charts.body);
    assert!(charts.body.contains("1500.50 EUR in 12 months, out of 2 costs."), "{}", charts.body);
    assert!(charts.body.contains("No outages in the last 12 months."), "{}", charts.body);
    assert!(!charts.body.contains("style="), "no inline style");
    let gathered = browser.get("/service/SVC-1?tab=gathered").await;
    assert!(
        gathered.body.contains("Gateway fails") && !gathered.body.contains("Payroll is late"),
        "{}",
        gathered.body
    );
}

#[tokio::test]
async fn a_requester_sees_no_charts_and_no_error() {
    let desk = Desk::open().await;
    let uwe = desk.desk.person("Uwe Kern", &["requester"]).await.unwrap();
    desk.desk.account(&uwe, "uwe", crate::client::PASSWORD).await.unwrap();
    let browser = desk.signed_in("uwe").await;
    for tab in ["", "charts", "gathered", "related"] {
        let led = browser.get(&format!("/service/SVC-1?tab={tab}")).await;
        assert_eq!(led.location(), "/status", "{tab}: {}", led.body);
        let page = browser.get(led.location()).await;
        assert_eq!(page.status, StatusCode::OK, "{tab}: {}", page.body);
        assert!(
            !page.body.contains("till 3 and 4") && !page.body.contains("by month"),
            "{tab}: {}",
            page.body
        );
    }
    assert!(browser.get("/desk").await.body.contains("href=\"/needs\""), "his own duties wait for him too");
    assert_eq!(browser.get("/needs").await.status, StatusCode::OK);
}

async fn programme(desk: &Desk) {
    let create = async |of: &str, change: Change| desk.desk.create(of, change).await.unwrap();
    for (name, clause) in [("Change management", "8.5.1"), ("Incident management", "8.6.1")] {
        create("process", Change::default().with_text("name", name).with_text("clause", clause)).await;
    }
    let cycle = Change::default()
        .with_text("name", "Cycle 2026 to 2028")
        .with("period_from", Value::Day(TODAY - 60))
        .with("period_to", Value::Day(TODAY + 1_000));
    create("audit_programme", cycle).await;
    let now = i64::from(TODAY) * DAY;
    for (title, kind, start, clauses, state) in [
        ("Change audit", "internal", -30, &["c8_5"][..], "closed"),
        ("Stage 2 in Berlin", "stage_2", 90, &["c4", "c8_5"], "planned"),
        ("Forgotten audit", "internal", -10, &["c9"], "planned"),
        ("Given up", "special", 20, &["c10"], "cancelled"),
    ] {
        let mut audit = Change::default()
            .with_text("title", title)
            .with("programme", Value::Link(1))
            .with_text("kind", kind)
            .with("planned_start_at", Value::Instant(now + start * DAY))
            .with("planned_end_at", Value::Instant(now + (start + 2) * DAY))
            .with("clauses", Value::Choices(clauses.iter().map(|c| (*c).to_owned()).collect()))
            .with_text("certification_body", "Certifiers Ltd")
            .with("major_due_on", Value::Day(TODAY + 30));
        audit.state = Some(state.to_owned());
        create("audit", links(audit, "processes", "process", &[1])).await;
    }
    let finding = Change::default().with_text("title", "No back-out plan").with("audit", Value::Link(1));
    create("finding", finding).await;
}

#[tokio::test]
async fn audits_of_a_cycle_are_one_line_with_coverage_and_deadlines() {
    let desk = Desk::open().await;
    programme(&desk).await;
    let browser = desk.signed_in("ida").await;
    let home = browser.get("/home/assurance").await;
    assert!(home.body.contains("href=\"/audit-programme/line\""), "{}", home.body);
    let way = browser.get("/audit-programme/line").await;
    assert_eq!(way.location(), "/audit-programme/APR-1?tab=line");
    let page = browser.get(way.location()).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    let body = &page.body;
    assert!(body.contains("1 done, 0 under way, 1 planned, 1 late"), "{body}");
    assert!(
        body.contains("role=\"img\"") && body.contains("Internal audit") && body.contains("today"),
        "{body}"
    );
    assert!(!body.contains("Given up"), "a cancelled audit covers nothing: {body}");
    assert!(body.contains("Certifiers Ltd") && body.contains("Majors answered by"), "{body}");
    assert!(body.contains("1<span class=\"sr\"> open findings of AUD-1</span>"), "{body}");
    // 8.5 was audited, 4 is planned, 9 is planned late, the other ten are in no plan
    assert!(body.contains("1 of 13 done, 10 in no plan"), "{body}");
    assert!(
        body.contains("1 of 2 done, 1 in no plan"),
        "one process was audited, the other is in no plan: {body}"
    );
}

#[tokio::test]
async fn needs_says_what_stands_in_the_way_of_a_step() {
    let desk = Desk::open().await;
    let boss =
        desk.desk.engine.accounts().await.unwrap().iter().find(|a| a.sign_in == "boss").unwrap().person;
    for (title, by) in [("Own change", boss), ("Change of somebody else", desk.mara.person.unwrap())] {
        let mut change = Change::default().with_text("title", title).with("requested_by", Value::Link(by));
        change.state = Some("approval".to_owned());
        desk.desk.create("change", change).await.unwrap();
    }
    let page = desk.signed_in("boss").await.get("/needs").await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    let part = |title: &str| {
        page.body.split(title).nth(1).unwrap().split("class=\"check").next().unwrap().to_owned()
    };
    assert!(
        part("Own change").contains("Before the step: Somebody else than the requester"),
        "{}",
        page.body
    );
    assert!(!part("Change of somebody else").contains("Before the step"), "{}", page.body);
}

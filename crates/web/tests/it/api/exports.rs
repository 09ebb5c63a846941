//! Lists as files: read back, on both databases, with nothing in them that the caller may not see.

use std::io::Cursor;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use calamine::{Data, Reader, Xlsx, open_workbook_from_rs};
use proofdesk_engine::{Change, Reference};
use proofdesk_model::Value;
use serde_json::Value as Json;
use tower::ServiceExt;

use super::rest::Rest;

async fn bytes(rest: &Rest, token: &str, path: &str) -> Vec<u8> {
    let request = Request::get(path).header("authorization", format!("Bearer {token}"));
    let response = rest.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK, "{path}");
    to_bytes(response.into_body(), 64 * 1_048_576).await.unwrap().to_vec()
}

/// The rows of the first sheet, and the text of the second.
fn read(bytes: Vec<u8>) -> (Vec<Vec<Data>>, String) {
    let mut book: Xlsx<_> = open_workbook_from_rs(Cursor::new(bytes)).unwrap();
    let names = book.sheet_names();
    let rows = book.worksheet_range(&names[0]).unwrap().rows().map(<[Data]>::to_vec).collect();
    let about = book.worksheet_range("About").unwrap();
    let about = about.rows().map(|r| format!("{}={}\n", r[0], r[1])).collect();
    (rows, about)
}

fn cell<'a>(rows: &'a [Vec<Data>], name: &str, row: usize) -> &'a Data {
    let column = rows[0].iter().position(|h| h == &Data::String(name.to_owned()));
    &rows[row][column.unwrap_or_else(|| panic!("no column {name}"))]
}

async fn costs(rest: &Rest) {
    let cost = Change::default()
        .with_text("title", "=HYPERLINK(\"http://x.test\")")
        .with("amount", Value::Decimal("-1234.5".parse().unwrap()))
        .with_text("amount_currency", "EUR")
        .with("period_from", Value::Day(20_514))
        .with("period_to", Value::Day(20_544))
        .with_text("cost_type", "people")
        .with_text("source", "Größe, \"quoted\"");
    rest.desk.create("cost", cost).await.unwrap();
    let need = Change::default()
        .with_text("name", "Till")
        .with("service", Value::Link(1))
        .with("recovery_time", Value::Duration(30 * 3_600_000_000));
    rest.desk.create("continuity_requirement", need).await.unwrap();
}

#[tokio::test]
async fn a_spreadsheet_keeps_the_types() {
    for rest in Rest::both().await {
        costs(&rest).await;
        let (rows, about) = read(bytes(&rest, &rest.agent, "/api/v1/cost/export.xlsx").await);
        assert_eq!(rows.len(), 2);
        assert_eq!(cell(&rows, "reference", 1), &Data::String("CST-1".to_owned()));
        assert_eq!(cell(&rows, "title", 1), &Data::String("=HYPERLINK(\"http://x.test\")".to_owned()));
        assert_eq!(cell(&rows, "amount", 1), &Data::Float(-1234.5));
        assert_eq!(cell(&rows, "amount_currency", 1), &Data::String("EUR".to_owned()));
        assert_eq!(cell(&rows, "direct", 1), &Data::Bool(true));
        let Data::DateTime(from) = cell(&rows, "period_from", 1) else { panic!("{rows:?}") };
        assert_eq!(from.to_ymd_hms_milli(), (2026, 3, 2, 0, 0, 0, 0));
        let Data::DateTime(made) = cell(&rows, "created_at", 1) else { panic!("{rows:?}") };
        assert_eq!(made.to_ymd_hms_milli(), (2026, 3, 2, 9, 0, 0, 0));
        assert!(about.contains("Records=Costs") && about.contains("Rows=1"), "{about}");
        assert!(about.contains("Taken by=Mara") && about.contains("Time zone of times=UTC"), "{about}");

        let (rows, _) = read(bytes(&rest, &rest.agent, "/api/v1/continuity_requirement/export.xlsx").await);
        let Data::DateTime(length) = cell(&rows, "recovery_time", 1) else { panic!("{rows:?}") };
        assert!(length.is_duration() && (length.as_f64() - 1.25).abs() < 1e-9, "{length:?}");
        assert_eq!(cell(&rows, "service", 1), &Data::String("SVC-1".to_owned()));
        assert_eq!(cell(&rows, "service_title", 1), &Data::String("Point of sale".to_owned()));
    }
}

#[tokio::test]
async fn csv_is_whole_in_order_and_harmless() {
    for rest in Rest::both().await {
        costs(&rest).await;
        let path = "/api/v1/cost/export.csv?fields=reference,title,amount,period_to,source";
        let text = String::from_utf8(bytes(&rest, &rest.agent, path).await).unwrap();
        let expected = "reference,title,amount,amount_currency,period_to,source\r\n\
            CST-1,\"'=HYPERLINK(\"\"http://x.test\"\")\",-1234.5,EUR,2026-04-01,\"Größe, \"\"quoted\"\"\"\r\n";
        assert_eq!(text, expected);

        for n in 0..623 {
            rest.desk
                .create("team", Change::default().with_text("name", &format!("Team {n:04}")))
                .await
                .unwrap();
        }
        let ask = "fields=name&sort=name&order=desc&filter=name%20!%3D%20'Team%200007'";
        let text =
            String::from_utf8(bytes(&rest, &rest.agent, &format!("/api/v1/team/export.csv?{ask}")).await)
                .unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!((lines.len(), lines[0], lines[1]), (623, "name", "Team 0622"));
        assert!(lines[1..].windows(2).all(|pair| pair[0] > pair[1]) && !lines.contains(&"Team 0007"));
        let (rows, _) = read(bytes(&rest, &rest.agent, &format!("/api/v1/team/export.xlsx?{ask}")).await);
        let names: Vec<String> = rows.iter().map(|r| r[0].to_string()).collect();
        assert_eq!(names, lines);
    }
}

#[tokio::test]
async fn a_list_answers_in_the_form_that_is_accepted() {
    let rest = Rest::open(proofdesk_testkit::Database::Sqlite).await;
    let list = async |accept: &str, query: &str| {
        rest.ask("GET", &format!("/api/v1/incident{query}"), &[("accept", accept)], &Json::Null).await
    };
    let csv = list("text/csv, application/json;q=0.5", "?fields=reference,title,state").await;
    assert_eq!(csv.status, StatusCode::OK, "{}", csv.text);
    assert!(csv.header("content-type").starts_with("text/csv; charset=utf-8"));
    assert!(csv.header("content-disposition").contains("incident-2026-03-02.csv"));
    assert_eq!(csv.text, "reference,title,state\r\nINC-1,Card payments declined,new\r\n");
    assert_eq!(list("application/json", "").await.json["records"][0]["reference"], "INC-1");
    let paged = list("text/csv", "?limit=5").await;
    assert_eq!(paged.status, StatusCode::BAD_REQUEST);
    assert!(paged.header("content-type").starts_with("application/problem+json"), "{}", paged.text);
    for (path, status) in [
        ("/api/v1/incident/export.csv?fields=nothing", StatusCode::UNPROCESSABLE_ENTITY),
        ("/api/v1/incident/export.csv?fields=,", StatusCode::UNPROCESSABLE_ENTITY),
        ("/api/v1/incident/export.xlsx?filter=nothing", StatusCode::UNPROCESSABLE_ENTITY),
        ("/api/v1/incident/export.csv?sort=nothing", StatusCode::UNPROCESSABLE_ENTITY),
        ("/api/v1/nothing/export.csv", StatusCode::NOT_FOUND),
        ("/api/v1/incident/export.pdf", StatusCode::NOT_FOUND),
    ] {
        assert_eq!(rest.get(path).await.status, status, "{path}");
    }
}

#[tokio::test]
async fn nobody_exports_what_he_may_not_see() {
    for rest in Rest::both().await {
        let hidden =
            Change::default().with_text("title", "axolotl of somebody else").with("service", Value::Link(1));
        rest.desk.create("incident", hidden).await.unwrap();
        let text =
            String::from_utf8(bytes(&rest, &rest.requester, "/api/v1/incident/export.csv").await).unwrap();
        assert!(text.contains("INC-1") && !text.contains("axolotl"), "{text}");
        let (head, rows) = text.split_once("\r\n").unwrap();
        assert!(head.split(',').any(|h| h == "title") && !head.split(',').any(|h| h == "category"), "{head}");
        assert_eq!(rows.lines().count(), 1);
        let (rows, _) = read(bytes(&rest, &rest.requester, "/api/v1/incident/export.xlsx").await);
        assert_eq!(rows.len(), 2);
        for path in
            ["/api/v1/incident/export.csv?fields=category", "/api/v1/incident/export.csv?sort=category"]
        {
            let refused = rest.ask_as(&rest.requester, "GET", path, &[], &Json::Null).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}: {}", refused.text);
        }
        let other = rest.ask_as(&rest.requester, "GET", "/api/v1/risk/export.csv", &[], &Json::Null).await;
        assert_eq!(other.status, StatusCode::NOT_FOUND, "{}", other.text);
    }
}

#[tokio::test]
async fn a_relation_to_many_is_one_cell_of_references_and_one_of_titles() {
    for rest in Rest::both().await {
        let item = |name: &str| Change::default().with_text("name", name);
        for name in ["Till 3", "Till 4; spare"] {
            rest.desk.create("configuration_item", item(name)).await.unwrap();
        }
        let affected = [1, 2].map(|number| Reference::new("configuration_item", number));
        let incident = Change::default().with_text("title", "Two tills").with("service", Value::Link(1));
        let incident = affected.into_iter().fold(incident, |c, to| c.link("affects", to));
        rest.desk.create("incident", incident).await.unwrap();

        let path = "/api/v1/incident/export.csv?fields=reference,affects";
        let text = String::from_utf8(bytes(&rest, &rest.agent, path).await).unwrap();
        let expected =
            "reference,affects,affects_titles\r\nINC-1,,\r\nINC-2,CI-1 CI-2,Till 3; Till 4; spare\r\n";
        assert_eq!(text, expected);
        let (rows, _) = read(bytes(&rest, &rest.agent, "/api/v1/incident/export.xlsx").await);
        assert_eq!(cell(&rows, "affects", 2), &Data::String("CI-1 CI-2".to_owned()));
        assert_eq!(cell(&rows, "affects", 1), &Data::Empty);
        // what a requester does not see of the record is no column of his
        let (rows, _) = read(bytes(&rest, &rest.requester, "/api/v1/incident/export.xlsx").await);
        assert!(rows[0].iter().all(|h| !h.to_string().starts_with("affects")), "{:?}", rows[0]);
        let asked = rest.ask_as(&rest.requester, "GET", path, &[], &Json::Null).await;
        assert_eq!(asked.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", asked.text);
    }
}

#[tokio::test]
async fn every_type_can_be_exported_whole() {
    let rest = Rest::open(proofdesk_testkit::Database::Sqlite).await;
    costs(&rest).await;
    for of in rest.desk.engine.registry().types() {
        let wanted = proofdesk_report::export::Wanted {
            of: of.clone(),
            filter: None,
            sort: String::new(),
            descending: false,
            fields: None,
            naming: proofdesk_report::export::Naming::Labels,
            zone: jiff::tz::TimeZone::UTC,
        };
        let table = proofdesk_report::export::Table::new(&rest.desk.engine, &rest.desk.setup(), wanted);
        let mut table = table.unwrap();
        let mut headings = table.headings();
        let all = headings.len();
        headings.sort_unstable();
        headings.dedup();
        assert!(all > 4 && headings.len() == all, "{}: two columns have one heading: {headings:?}", of.name);
        while let Some(rows) = table.next().await.unwrap() {
            assert!(rows.iter().all(|row| row.len() == all));
        }
    }
}

#[tokio::test]
async fn the_list_page_offers_its_file() {
    let desk = crate::client::Desk::open().await;
    let browser = desk.signed_in("mara").await;
    let page = browser.get("/incident?filter=state%20%3D%3D%20'new'").await;
    assert!(
        page.body.contains("action=\"/incident/export\"") && page.body.contains("Download"),
        "{}",
        page.body
    );
    let file = browser.get("/incident/export?filter=state%20%3D%3D%20'new'&fields=listed&form=csv").await;
    assert_eq!(file.status, StatusCode::OK, "{}", file.body);
    // for people: with the mark by which a spreadsheet knows UTF-8, and with labels
    assert!(file.body.starts_with("\u{feff}Key,"), "{}", file.body);
    assert!(file.body.contains("INC-1,Card payments declined at till 3 and 4,New"), "{}", file.body);
    let none = browser.get("/incident/export?filter=state%20%3D%3D%20'closed'&fields=all&form=csv").await;
    assert_eq!(none.body.lines().count(), 1, "{}", none.body);
    let wrong = browser.get("/incident/export?form=pdf").await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
}

//! The clause map and an obligation: nothing is green before a run, exceptions have names, judgements are kept.

use axum::http::StatusCode;
use proofdesk_engine::Change;

use crate::book::{book, sheet_of};
use crate::client::Desk;

#[tokio::test]
async fn nothing_is_proven_before_the_first_run_and_exceptions_have_names_after_it() {
    let desk = Desk::open().await;
    desk.desk
        .create("incident", Change::default().with_text("title", "Nothing is said of it"))
        .await
        .unwrap();
    let boss = desk.signed_in("boss").await;
    let before = boss.get("/conformity").await;
    assert_eq!(before.status, StatusCode::OK, "{}", before.body);
    assert!(before.body.contains("No test has run yet"));
    assert_eq!(before.body.matches("<a class=\"ok\"").count(), 0);
    assert_eq!(boss.post("/conformity/run", &[]).await.location(), "/conformity");
    let map = boss.get("/conformity").await.body;
    assert!(map.contains("answers of records") && map.contains("obligations that can hold now"));
    assert!(map.contains(" are not triggered: nothing has called for them yet. "), "{map}");
    // the share has those alone that hold or fail
    let states = map.matches("not triggered").count();
    assert!(states > 1 && !map.contains("No test has run yet"));
    assert!(map.contains("href=\"/conformity/8.6.1-a\""));
    let obligation = boss.get("/conformity/8.6.1-a").await.body;
    for text in
        ["Population", "Each must", "Nonconforming", "INC-2", "No service is named", "cannot be evaluated"]
    {
        assert!(obligation.contains(text), "{text} is missing");
    }
    assert_eq!(boss.get("/conformity/8.6").await.status, StatusCode::OK);
    assert_eq!(boss.get("/conformity/8.6.1").await.status, StatusCode::OK);
    assert_eq!(boss.get("/conformity/99.9").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_judgement_needs_a_reason_and_a_role() {
    let desk = Desk::open().await;
    let (boss, mara) = (desk.signed_in("boss").await, desk.signed_in("mara").await);
    let address = "/conformity/8.6.1-a/judge";
    let refused = boss.post(address, &[("opinion", "adequate"), ("reason", " ")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("a judgement without a reason"), "{}", refused.body);
    let given = [("opinion", "adequate"), ("reason", "Sampled forty, all real")];
    assert_eq!(mara.post(address, &given).await.status, StatusCode::FORBIDDEN);
    assert_eq!(boss.post(address, &given).await.status, StatusCode::SEE_OTHER);
    assert!(boss.get("/conformity/8.6.1-a").await.body.contains("Sampled forty, all real"));
    assert_eq!(mara.post("/conformity/run", &[]).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_record_says_what_obligations_still_ask_of_it() {
    let desk = Desk::open().await;
    desk.desk
        .create("incident", Change::default().with_text("title", "Nothing is said of it"))
        .await
        .unwrap();
    let page = desk.signed_in("mara").await.get("/incident/INC-2").await.body;
    assert!(page.contains("Nothing describes what happened"), "{page}");
    assert!(page.contains("href=\"/conformity/8.6.1"), "the obligation is linked");
}

/// A form with a file, as a browser sends it.
async fn import(browser: &crate::client::Browser<'_>, name: &str, text: &str) -> crate::client::Answer {
    import_with(browser, name, text.as_bytes(), ("", "")).await
}

/// The same with the mapping of a spreadsheet: its name and text.
async fn import_with(
    browser: &crate::client::Browser<'_>,
    name: &str,
    bytes: &[u8],
    (mapping, text): (&str, &str),
) -> crate::client::Answer {
    let head = format!("--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n");
    let tail = format!(
        "\r\n--x\r\ncontent-disposition: form-data; name=\"mapping\"; filename=\"{mapping}\"\r\n\r\n{text}\r\n--x\r\n\
         content-disposition: form-data; name=\"id\"\r\n\r\n\r\n--x--\r\n"
    );
    let body = [head.as_bytes(), bytes, tail.as_bytes()].concat();
    let request = axum::http::Request::post("/frameworks/import")
        .header("content-type", "multipart/form-data; boundary=x")
        .header("sec-fetch-site", "same-origin")
        .body(axum::body::Body::from(body))
        .unwrap();
    browser.send(request).await
}

#[tokio::test]
async fn a_framework_is_imported_published_and_chosen() {
    let desk = Desk::open().await;
    let (boss, mara) = (desk.signed_in("boss").await, desk.signed_in("mara").await);
    let house = r#"framework "house" title="House rules" edition="1" { origin "Our book"; }
chapter "A" title="Desk" group="Work"
clause "A" title="Desk" chapter="A" { obligation "A-1" kind="record" judgement="machine" { says "Incidents are <b>prioritized</b>."; }; }"#;
    assert_eq!(import(&mara, "house.kdl", house).await.status, StatusCode::FORBIDDEN);
    let wrong = import(&boss, "house.kdl", "framework \"house\"").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains("house.kdl:1:"), "{}", wrong.body);
    assert_eq!(import(&boss, "house.kdl", house).await.location(), "/frameworks/house");
    let draft = boss.get("/frameworks/house").await.body;
    assert!(draft.contains("Publish edition 1") && draft.contains("Added"), "{draft}");
    assert!(!draft.contains("<b>prioritized"), "words of a file are never markup");
    assert!(!mara.get("/frameworks/house").await.body.contains("Publish edition"));
    assert_eq!(mara.post("/frameworks/house/publish", &[]).await.status, StatusCode::FORBIDDEN);
    assert!(!boss.get("/conformity").await.body.contains("framework=house"), "a draft is not in force");
    assert_eq!(boss.post("/frameworks/house/publish", &[]).await.location(), "/frameworks/house");
    let map = boss.get("/conformity?framework=house").await.body;
    assert!(map.contains("/conformity/A-1?framework=house") && map.contains("No test has run yet"), "{map}");
    assert!(
        boss.get("/conformity").await.body.contains("/conformity?framework=house"),
        "the picker offers it"
    );
    let one = boss.get("/conformity/A-1?framework=house").await;
    assert!(one.body.contains("No test proves this obligation yet"), "{}", one.body);
    assert_eq!(boss.get("/conformity/A?framework=house").await.status, StatusCode::OK);
    assert!(boss.get("/frameworks").await.body.contains("House rules"));
    let catalog = boss.get("/frameworks/house/export/catalog").await;
    assert!(catalog.body.contains("\"oscal-version\""), "{}", catalog.body);
    assert!(boss.get("/frameworks/house/export/kdl").await.body.starts_with("framework \"house\""));
    let frozen = import(&boss, "house.kdl", &house.replace("prioritized", "sorted")).await;
    assert!(frozen.body.contains("published and frozen"), "{}", frozen.body);
}

#[tokio::test]
async fn a_spreadsheet_is_imported_with_its_mapping() {
    let desk = Desk::open().await;
    let boss = desk.signed_in("boss").await;
    let page = boss.get("/frameworks").await.body;
    assert!(page.contains(".xlsx") && page.contains("name=\"mapping\""), "{page}");
    let shipped = boss.get("/frameworks/import/mapping").await.body;
    assert!(shipped.contains("framework = \"house-rules\""), "{shipped}");
    let headings = ["Chapter", "No.", "Requirement", "How it is shown", "Answered by", "Comment"];
    let rows: [&[&str]; 2] = [&headings, &["Desk", "1.1", "Calls are answered.", "", "", ""]];
    let sheet = book("Requirements", &rows);
    let kept = import_with(&boss, "rules.xlsx", &sheet, ("", "")).await;
    assert_eq!(kept.location(), "/frameworks/house-rules", "{}", kept.body);
    assert!(boss.get("/frameworks/house-rules").await.body.contains("Calls are answered."));
    let own = shipped.replace("house-rules", "cellar").replace("\"No.\"", "\"Number\"");
    let wrong = import_with(&boss, "rules.xlsx", &sheet, ("own.toml", &own)).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains("the column `No.` is neither mapped nor ignored"), "{}", wrong.body);
    let own = shipped.replace("house-rules", "cellar");
    let kept = import_with(&boss, "rules.xlsx", &sheet, ("own.toml", &own)).await;
    assert_eq!(kept.location(), "/frameworks/cellar", "{}", kept.body);
    let far = "<row r=\"1048576\"><c r=\"XFD1048576\" t=\"inlineStr\"><is><t>x</t></is></c></row>";
    let far = import_with(&boss, "far.xlsx", &sheet_of("Requirements", far), ("", "")).await;
    assert!(far.body.contains("at most 20000 rows are read"), "{}", far.body);
    let deep = import(&boss, "deep.kdl", &"a {".repeat(12_000)).await;
    assert_eq!(deep.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(deep.body.contains("braces are nested deeper than 32"), "{}", deep.body);
}

#[tokio::test]
async fn a_time_before_the_first_run_has_a_page_that_says_so() {
    let desk = Desk::open().await;
    let boss = desk.signed_in("boss").await;
    for address in ["/conformity", "/conformity/8.6", "/conformity/8.6.1-a"] {
        let page = boss.get(&format!("{address}?as_of=2020-01-01")).await;
        assert_eq!(page.status, StatusCode::OK, "{address}: {}", page.body);
        for text in ["Nothing was tested by", "No run was made since then", "Show how it stands now"] {
            assert!(page.body.contains(text), "{address}: {text} is missing");
        }
        assert!(
            !page.body.contains("class=\"unknown\"") && !page.body.contains("<tbody>"),
            "{address}: no empty table"
        );
    }
    boss.post("/conformity/run", &[]).await;
    let page = boss.get("/conformity?as_of=2020-01-01").await.body;
    assert!(
        page.contains("The first run that asked its tests was made") && page.contains("Show what it found"),
        "{page}"
    );
}

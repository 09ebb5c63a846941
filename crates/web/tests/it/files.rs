//! Files in forms: taken in with the record that they belong to, replaced, taken away; texts are UTF-8.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use proofdesk_engine::{Audience, Change, Record, Reference, Scanner};
use proofdesk_testkit::clamd::{Clamd, HARM};

use crate::client::{Answer, Browser, Desk};

const BOUNDARY: &str = "x-boundary";

/// Sends a form with texts and a file.
async fn send(
    browser: &Browser<'_>,
    path: &str,
    texts: &[(&str, &[u8])],
    file: (&str, &str, &[u8]),
) -> Answer {
    let mut body = Vec::new();
    for (name, value) in texts {
        let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
        body.extend([head.as_bytes(), *value, b"\r\n"].concat());
    }
    let (field, name, content) = file;
    let head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\n\r\n"
    );
    body.extend([head.as_bytes(), content, b"\r\n", format!("--{BOUNDARY}--\r\n").as_bytes()].concat());
    let request = Request::post(path)
        .header("content-type", format!("multipart/form-data; boundary={BOUNDARY}"))
        .header("sec-fetch-site", "same-origin")
        .body(Body::from(body))
        .unwrap();
    browser.send(request).await
}

async fn record(desk: &Desk, record_type: &str, number: i64) -> Record {
    desk.desk.engine.require(&desk.mara, &Reference::new(record_type, number)).await.unwrap()
}

#[tokio::test]
async fn a_form_takes_a_file_replaces_it_and_takes_it_away() {
    let desk = Desk::open().await;
    let mara = desk.signed_in("mara").await;
    let form = mara.get("/incident/new").await.body;
    assert!(
        form.contains("enctype=\"multipart/form-data\"") && form.contains("name=\"picture\" type=\"file\"")
    );
    let title: (&str, &[u8]) = ("title", "Till 3 \u{201e}kaputt\u{201c}".as_bytes());
    let made = send(&mara, "/incident/new", &[title], ("picture", "till.txt", b"first picture")).await;
    assert_eq!(made.location(), "/incident/INC-2", "{}", made.body);
    let first = record(&desk, "incident", 2).await;
    assert_eq!(first.text("title"), Some("Till 3 \u{201e}kaputt\u{201c}"));
    let id = first.text("picture").unwrap().to_owned();
    assert_eq!(mara.get(&format!("/incident/INC-2/file/{id}")).await.body, "first picture");
    let page = mara.get("/incident/INC-2").await.body;
    assert!(page.contains(&format!("<a href=\"/incident/INC-2/file/{id}\">till.txt</a>")), "{page}");
    let edit = mara.get("/incident/INC-2/edit").await.body;
    assert!(edit.contains("At present: till.txt"));
    let version = ("version", &b"1"[..]);
    let same = send(&mara, "/incident/INC-2/edit", &[version], ("picture", "", b"")).await;
    assert_eq!(same.location(), "/incident/INC-2", "{}", same.body);
    assert_eq!(record(&desk, "incident", 2).await.version, 1, "no file chosen changes nothing");
    let other = send(&mara, "/incident/INC-2/edit", &[version], ("picture", "other.txt", b"second")).await;
    assert_eq!(other.location(), "/incident/INC-2", "{}", other.body);
    let second = record(&desk, "incident", 2).await;
    assert_ne!(second.text("picture"), Some(id.as_str()));
    let on = Reference::new("incident", 2);
    let files = desk.desk.engine.attachments(&desk.mara, &on).await.unwrap();
    assert_eq!(files.len(), 2, "the first one stays a file of the record");
    assert!(files.iter().all(|f| f.audience == Audience::Customer), "the field is public");
    let form = [("version", "2"), ("clear.picture", "yes")];
    mara.post("/incident/INC-2/edit", &form).await;
    assert_eq!(record(&desk, "incident", 2).await.text("picture"), None);
    while desk.desk.engine.sequence().await.unwrap() > 0 {}
    let report = desk.desk.engine.verify(&[], |_, _| {}).await.unwrap();
    assert!(report.is_good(), "{:?}", report.findings);
}

#[tokio::test]
async fn a_refused_form_keeps_no_file_and_a_step_takes_one() {
    let desk = Desk::open().await;
    let mara = desk.signed_in("mara").await;
    let refused = send(&mara, "/incident/new", &[("title", b"")], ("picture", "a.txt", b"a")).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let all = proofdesk_store::Select::from("attachment", &["id"]);
    assert!(desk.desk.engine.store().select(all).await.unwrap().is_empty());
    let empty = send(&mara, "/incident/new", &[("title", b"x")], ("picture", "a.txt", b"")).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY, "an empty file is none");
    let item = Change::default().with_text("name", "Till 3").with_text("item_type", "service");
    let item = desk.desk.create("configuration_item", item).await.unwrap().record.reference();
    mara.post("/baseline/new", &[("title", "Before the move"), ("items", item.as_str())]).await;
    let page = mara.get("/baseline/BSL-1/transition/take").await.body;
    assert!(page.contains("enctype=\"multipart/form-data\"") && page.contains("name=\"papers\""), "{page}");
    let texts = [("purpose", &b"periodic"[..]), ("content", b"All versions."), ("version", b"1")];
    let taken =
        send(&mara, "/baseline/BSL-1/transition/take", &texts, ("papers", "list.txt", b"till 3: 4.1")).await;
    assert_eq!(taken.location(), "/baseline/BSL-1", "{}", taken.body);
    let baseline = record(&desk, "baseline", 1).await;
    assert_eq!(baseline.state, "taken");
    let on = Reference::new("baseline", 1);
    let files = desk.desk.engine.attachments(&desk.mara, &on).await.unwrap();
    assert_eq!(files[0].id, baseline.text("papers").unwrap());
    assert_eq!(files[0].audience, Audience::Staff, "the field is not public");
    let ida = desk.signed_in("ida").await;
    let refused = send(&ida, "/incident/INC-1/edit", &[], ("picture", "a.txt", b"a")).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "auditors write nothing");
}

#[tokio::test]
async fn a_harmful_file_is_refused_on_the_page_and_none_is_taken_without_the_scanner() {
    let mut clamd = Clamd::start().unwrap();
    let desk = Desk::open().await;
    desk.desk.engine.scan_files(Scanner::Socket(clamd.socket()));
    let mara = desk.signed_in("mara").await;
    let title: (&str, &[u8]) = ("title", b"Till 3");
    for path in ["/incident/new", "/incident/INC-1/file"] {
        let refused = send(&mara, path, &[title], (field(path), "a.txt", HARM.as_bytes())).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
        assert!(refused.body.contains("harmful content"), "{}", refused.body);
        let is_kept = refused.body.contains("value=\"Till 3\"");
        assert_eq!(is_kept, path.ends_with("/new"), "what was typed is there: {}", refused.body);
        let taken = send(&mara, path, &[title], (field(path), "a.txt", b"paper jam")).await;
        assert_eq!(taken.status, StatusCode::SEE_OTHER, "{path}: {}", taken.body);
    }
    clamd.stop();
    for path in ["/incident/new", "/incident/INC-1/file"] {
        let waits = send(&mara, path, &[title], (field(path), "a.txt", b"paper jam")).await;
        assert_eq!(waits.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
        assert!(waits.body.contains("virus scanner"), "{}", waits.body);
    }
    let all = proofdesk_store::Select::from("attachment", &["id"]);
    assert_eq!(desk.desk.engine.store().select(all).await.unwrap().len(), 2);
}

fn field(path: &str) -> &'static str {
    if path.ends_with("/new") { "picture" } else { "file" }
}

#[tokio::test]
async fn texts_that_are_not_utf_8_are_refused() {
    let desk = Desk::open().await;
    let mara = desk.signed_in("mara").await;
    let request = |path: &str, body: &'static [u8]| {
        Request::post(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .body(Body::from(body))
            .unwrap()
    };
    for body in [&b"audience=customer&body=till%FF"[..], b"audience=customer&body=till\xff"] {
        let answer = mara.send(request("/incident/INC-1/comment", body)).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.body);
        assert!(answer.body.contains("not UTF-8"));
    }
    let answer = mara.send(request("/incident/new", b"title=%C0%AF")).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    let answer = send(&mara, "/incident/new", &[("title", b"a\xff")], ("picture", "", b"")).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    let on = Reference::new("incident", 1);
    assert!(desk.desk.engine.comments(&desk.mara, &on).await.unwrap().is_empty());
    let written =
        mara.send(request("/incident/INC-1/comment", b"audience=customer&body=%EF%BF%BD+seen")).await;
    assert_eq!(written.status, StatusCode::SEE_OTHER, "the character itself may be written");
}

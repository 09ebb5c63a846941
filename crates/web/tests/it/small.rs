//! The small forms of a record's page: refused, the page comes again with what was typed and what is wrong with it.

use axum::body::Body;
use axum::http::{Request, StatusCode};

use crate::client::{Answer, Browser, Desk};

/// Sends a form with parts of these names, file names and contents, in this order.
async fn upload(browser: &Browser<'_>, parts: &[(&str, Option<&str>, &str)]) -> Answer {
    let mut body = String::new();
    for (name, file, content) in parts {
        let file = file.map_or(String::new(), |f| format!("; filename=\"{f}\""));
        body.push_str(&format!(
            "--edge\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{content}\r\n"
        ));
    }
    body.push_str("--edge--\r\n");
    let request = Request::post("/incident/INC-1/file")
        .header("content-type", "multipart/form-data; boundary=edge")
        .header("sec-fetch-site", "same-origin")
        .body(Body::from(body))
        .unwrap();
    browser.send(request).await
}

fn same_page(answer: &Answer, status: StatusCode, texts: &[&str]) {
    assert_eq!(answer.status, status, "{}", answer.body);
    for text in ["Card payments declined", "role=\"alert\""].iter().chain(texts) {
        assert!(answer.body.contains(text), "{text} is missing: {}", answer.body);
    }
}

#[tokio::test]
async fn staff_only_counts_also_after_the_file() {
    let desk = Desk::open().await;
    let mara = desk.signed_in("mara").await;
    let sent = upload(&mara, &[("file", Some("dump.txt"), "secret"), ("staff", None, "yes")]).await;
    assert_eq!(sent.location(), "/incident/INC-1?tab=files", "{}", sent.body);
    assert!(mara.get("/incident/INC-1?tab=files").await.body.contains("staff only"));
    let open = upload(&mara, &[("file", Some("open.txt"), "for all")]).await;
    assert_eq!(open.status, StatusCode::SEE_OTHER);
    let tab = mara.get("/incident/INC-1?tab=files").await.body;
    assert_eq!(tab.matches("staff only").count(), 1);
}

#[tokio::test]
async fn files_go_out_under_a_policy_in_which_nothing_runs() {
    let desk = Desk::open().await;
    let mara = desk.signed_in("mara").await;
    let page = "<!DOCTYPE html><html><script>alert(document.cookie)</script></html>";
    let picture = "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
    for (name, content) in
        [("../../etc/Ärger; x=y.html", page), ("picture.svg", picture), ("data.csv", "=1+1")]
    {
        let sent = upload(&mara, &[("file", Some(name), content)]).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
    }
    let tab = mara.get("/incident/INC-1?tab=files").await.body;
    let places: Vec<&str> =
        tab.split("href=\"").filter_map(|p| p.split('"').next()).filter(|p| p.contains("/file/")).collect();
    assert!(places.len() >= 3, "{tab}");
    for place in places {
        let answer = mara.get(place).await;
        let header = |name: &str| answer.headers[name].to_str().unwrap();
        for part in ["default-src 'none'", "sandbox", "base-uri 'none'", "frame-ancestors 'none'"] {
            assert!(header("content-security-policy").contains(part), "{place}");
        }
        assert_eq!((header("x-content-type-options"), header("cache-control")), ("nosniff", "no-store"));
        let kind = header("content-type");
        assert!(
            !kind.contains("html") && !kind.contains("svg")
                || header("content-disposition").starts_with("attachment")
        );
        let name = header("content-disposition");
        assert!(
            name.contains("filename*=UTF-8''") && !name.contains("../") && name.matches(';').count() == 1,
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_refused_file_is_said_on_the_page_and_nothing_is_kept() {
    let desk = Desk::open().await;
    let mara = desk.signed_in("mara").await;
    let none = upload(&mara, &[("staff", None, "yes"), ("file", Some(""), "")]).await;
    same_page(&none, StatusCode::UNPROCESSABLE_ENTITY, &["Choose a file first.", "value=\"yes\" checked"]);
    let empty = upload(&mara, &[("file", Some("a.txt"), "")]).await;
    same_page(&empty, StatusCode::UNPROCESSABLE_ENTITY, &["The file is empty."]);
    let large = "x".repeat(3 * 1_048_576);
    let large = upload(&mara, &[("file", Some("big.bin"), &large), ("staff", None, "yes")]).await;
    same_page(&large, StatusCode::PAYLOAD_TOO_LARGE, &["larger than 2 MiB", "value=\"yes\" checked"]);
    assert!(!mara.get("/incident/INC-1?tab=files").await.body.contains("big.bin"));
}

#[tokio::test]
async fn a_refused_comment_or_link_keeps_what_was_typed() {
    let desk = Desk::open().await;
    let mara = desk.signed_in("mara").await;
    let long = format!("{} the end", "word ".repeat(11_000));
    let comment = mara.post("/incident/INC-1/comment", &[("body", &long), ("audience", "staff")]).await;
    same_page(&comment, StatusCode::UNPROCESSABLE_ENTITY, &["the end</textarea>", "id=\"comment-wrong\""]);
    assert!(comment.body.contains("value=\"staff\" checked"), "who sees it is kept");
    let link = mara.post("/incident/INC-1/link", &[("relation", "problems"), ("to", "PRB-99")]).await;
    let texts = ["There is no PRB-99 to link to.", "value=\"PRB-99\"", "value=\"problems\" selected"];
    same_page(&link, StatusCode::UNPROCESSABLE_ENTITY, &texts);
    let link = mara.post("/incident/INC-1/link", &[("relation", "problems"), ("to", "that one")]).await;
    same_page(&link, StatusCode::UNPROCESSABLE_ENTITY, &["by its reference", "value=\"that one\""]);
    let ida = desk.signed_in("ida").await;
    let refused = ida.post("/incident/INC-1/comment", &[("body", "From the auditor")]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.body);
    assert!(refused.body.contains("Card payments declined"), "the record's page, not a bare one");
}

#[tokio::test]
async fn a_step_on_a_record_that_changed_says_what_changed_field_by_field() {
    let desk = Desk::open().await;
    let (mara, boss) = (desk.signed_in("mara").await, desk.signed_in("boss").await);
    mara.post("/incident/INC-1/take", &[]).await;
    let asked = mara.get("/incident/INC-1/transition/resolve").await.body;
    let version =
        asked.split("name=\"version\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let edit = [
        ("version", version.as_str()),
        ("was.category", ""),
        ("category", "Payments"),
        ("was.location", ""),
        ("location", "Store 118"),
    ];
    assert_eq!(boss.post("/incident/INC-1/edit", &edit).await.status, StatusCode::SEE_OTHER);
    let given = [
        ("version", version.as_str()),
        ("was.category", ""),
        ("category", "Network"),
        ("was.resolution", ""),
        ("resolution", "Second gateway"),
        ("was.closure_code", ""),
        ("closure_code", "fixed"),
    ];
    let answer = mara.post("/incident/INC-1/transition/resolve", &given).await;
    assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.body);
    for text in [
        "What changed since version",
        "Location</b> is now <b>Store 118",
        "Bo Sand changed this meanwhile: it is now “Payments”. Yours is kept here.",
        "value=\"Network\"",
        "Second gateway",
    ] {
        assert!(answer.body.contains(text), "{text} is missing: {}", answer.body);
    }
}

#[tokio::test]
async fn any_entry_of_a_record_is_found_and_proved() {
    let desk = Desk::open().await;
    let mara = desk.signed_in("mara").await;
    for i in 0..205 {
        mara.post("/incident/INC-1/watch", &[("watching", if i % 2 == 0 { "yes" } else { "no" })]).await;
    }
    let tab = mara.get("/incident/INC-1?tab=proof").await.body;
    assert!(tab.contains("Older entries") && !tab.contains("<b>Recorded</b>"));
    let found = mara.get("/incident/INC-1?tab=proof&entry=v1").await.body;
    assert!(found.contains("<b>Recorded</b>"), "{found}");
    let first = found.split("<b>Recorded</b>").nth(1).unwrap();
    let hash = first.split("leaf hash <span class=\"mono\">").nth(1).unwrap().split('<').next().unwrap();
    let proof = first.split("href=\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(mara.get(proof).await.status, StatusCode::OK, "{proof}");
    let by_hash = mara.get(&format!("/incident/INC-1?tab=proof&entry={}", &hash[..12])).await.body;
    assert!(by_hash.contains(hash) && by_hash.matches("leaf hash <").count() == 1);
    assert!(
        mara.get("/incident/INC-1?tab=proof&entry=999999").await.body.contains("No entry of this record")
    );
    let older = tab.split("&amp;before=").nth(1).unwrap().split('"').next().unwrap();
    let page = mara.get(&format!("/incident/INC-1?tab=proof&before={older}")).await.body;
    assert!(page.contains("leaf hash"), "{page}");
}

//! Saved views on pages: kept, changed, shared, removed; what is wrong is said beside what was typed.

use axum::http::StatusCode;

use crate::client::{Answer, Browser, Desk};

async fn kept(browser: &Browser<'_>, label: &str) -> String {
    let form = [("label", label), ("filter", "state == 'new'"), ("sort", "title"), ("order", "down")];
    let answer = browser.post("/incident/view", &form).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    answer.location().split("saved=").nth(1).unwrap().to_owned()
}

fn refused(answer: &Answer, texts: &[&str]) {
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.body);
    for text in texts {
        assert!(answer.body.contains(text), "{text} is missing: {}", answer.body);
    }
}

#[tokio::test]
async fn a_view_is_renamed_given_columns_shared_and_removed() {
    let desk = Desk::open().await;
    let (mara, ida) = (desk.signed_in("mara").await, desk.signed_in("ida").await);
    let id = kept(&mara, "Fresh ones").await;
    let (list, page) = (format!("/incident?saved={id}"), format!("/incident/view/{id}"));
    assert!(mara.get(&list).await.body.contains(&format!("href=\"{page}\"")));
    assert!(!ida.get("/incident").await.body.contains("Fresh ones"), "nobody else sees it");
    assert_eq!(ida.get(&page).await.status, StatusCode::NOT_FOUND);
    let form = mara.get(&page).await.body;
    for text in ["value=\"Fresh ones\"", "value=\"state == &#39;new&#39;\"", "Remove this view"] {
        assert!(
            form.contains(text) || form.contains(&text.replace("&#39;", "'")),
            "{text} is missing: {form}"
        );
    }
    let typed = [
        ("label", "Sent in"),
        ("filter", "version >= 1"),
        ("sort", "created_at"),
        ("order", "up"),
        ("columns", ""),
        ("columns", "location"),
        ("columns", "created_at"),
        ("shared", "yes"),
    ];
    assert_eq!(mara.post(&page, &typed).await.location(), list);
    let shown = mara.get(&list).await.body;
    for text in ["Sent in", "Location", "Created at", "INC-1"] {
        assert!(shown.contains(text), "{text} is missing: {shown}");
    }
    assert!(!shown.contains("Fresh ones") && !shown.contains("sort=priority"), "only the chosen columns");
    let theirs = ida.get(&list).await.body;
    assert!(theirs.contains("Sent in") && !theirs.contains(&format!("href=\"{page}\"")));
    assert_eq!(ida.post(&page, &typed).await.status, StatusCode::NOT_FOUND);
    assert_eq!(ida.post(&format!("{page}/remove"), &[]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(mara.post(&format!("{page}/remove"), &[]).await.location(), "/incident");
    assert!(!mara.get("/incident").await.body.contains("Sent in"));
}

#[tokio::test]
async fn a_view_that_is_wrong_says_why_and_keeps_what_was_typed() {
    let desk = Desk::open().await;
    let mara = desk.signed_in("mara").await;
    let long = "x".repeat(121);
    let form = [("label", long.as_str()), ("filter", "state == 'new'"), ("sort", "number"), ("order", "up")];
    let answer = mara.post("/incident/view", &form).await;
    refused(&answer, &["The name has 121 characters; 120 is the most.", &long, "state =="]);
    let id = kept(&mara, &"y".repeat(120)).await;
    let page = format!("/incident/view/{id}");
    let wrong = [
        ("label", " "),
        ("filter", "stat == 'new'"),
        ("sort", "nothing"),
        ("columns", "description"),
        ("columns", "location"),
    ];
    let answer = mara.post(&page, &wrong).await;
    let texts =
        ["Give the view a name.", "value=\"stat ==", "`nothing` is not a column.", "no column `description`"];
    refused(&answer, &texts);
    assert!(answer.body.contains("id=\"f-label-wrong\"") && answer.body.contains("id=\"f-filter-wrong\""));
}

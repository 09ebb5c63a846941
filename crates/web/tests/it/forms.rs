//! Forms write what was typed, say everything that is wrong at once, and keep what was typed.

use axum::http::StatusCode;
use proofdesk_engine::Reference;

use crate::client::Desk;

#[tokio::test]
async fn a_record_is_made_from_a_form() {
    let desk = Desk::open().await;
    let mara = desk.signed_in("mara").await;
    let form = [
        ("title", "Slow search"),
        ("impact", "low"),
        ("urgency", "low"),
        ("service", "SVC-1 Point of sale"),
        ("reported_at", "2026-03-02T08:30"),
    ];
    let answer = mara.post("/incident/new", &form).await;
    assert_eq!(
        (answer.status, answer.location()),
        (StatusCode::SEE_OTHER, "/incident/INC-2"),
        "{}",
        answer.body
    );
    let made = desk.desk.engine.require(&desk.mara, &Reference::new("incident", 2)).await.unwrap();
    assert_eq!(made.text("priority"), Some("p4"));
    assert_eq!(made.int("service"), Some(1));
    assert_eq!(made.instant("reported_at"), Some(1_772_440_200_000_000));
    assert_eq!(made.created_by, desk.mara.person);
}

#[tokio::test]
async fn a_linked_record_may_be_named_by_its_title() {
    let desk = Desk::open().await;
    let mara = desk.signed_in("mara").await;
    let answer = mara.post("/incident/new", &[("title", "Slow"), ("service", "point of sale")]).await;
    assert_eq!(answer.location(), "/incident/INC-2", "{}", answer.body);
    let offers = mara.get("/service/choose?q=point").await.body;
    assert_eq!(offers, "[\"SVC-1 Point of sale\"]");
}

#[tokio::test]
async fn what_is_wrong_is_said_beside_the_field_and_what_was_typed_stays() {
    let desk = Desk::open().await;
    let mara = desk.signed_in("mara").await;
    let form = [
        ("title", ""),
        ("category", "Failure \"quoted\""),
        ("reported_at", "yesterday"),
        ("service", "SVC-99"),
    ];
    let answer = mara.post("/incident/new", &form).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("Nothing was written yet"));
    assert!(answer.body.contains("value=\"Failure &quot;quoted&quot;\""), "the input is kept");
    assert!(answer.body.contains("`yesterday` is not"), "{}", answer.body);
    let without_time = [("title", ""), ("service", "SVC-99")];
    let answer = mara.post("/incident/new", &without_time).await;
    assert!(answer.body.contains("There is no SVC-99 to link to."), "{}", answer.body);
}

#[tokio::test]
async fn a_step_asks_for_what_it_needs_and_is_then_taken() {
    let desk = Desk::open().await;
    let mara = desk.signed_in("mara").await;
    let taken = mara.post("/incident/INC-1/take", &[("back", "list")]).await;
    assert_eq!(taken.location(), "/desk", "{}", taken.body);
    let refused = mara.post("/incident/INC-1/transition/resolve", &[("closure_code", "fixed")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    for text in ["Resolution is needed for the step “Resolve”.", "value=\"fixed\""] {
        assert!(refused.body.contains(text), "{text} is missing");
    }
    let given = [("closure_code", "fixed"), ("resolution", "Second gateway"), ("category", "Failure")];
    let done = mara.post("/incident/INC-1/transition/resolve", &given).await;
    assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, "/incident/INC-1"), "{}", done.body);
    let page = mara.get("/incident/INC-1").await.body;
    assert!(page.contains("Resolved") && page.contains("Second gateway"));
}

#[tokio::test]
async fn only_what_was_changed_is_written_and_a_conflict_is_settled() {
    let desk = Desk::open().await;
    let mara = desk.signed_in("mara").await;
    let opened =
        [("version", "1"), ("was.title", "Card payments declined at till 3 and 4"), ("was.location", "")];
    // both begin on version 1: the first changes the place, the second the place and the summary
    let first: Vec<_> = opened
        .iter()
        .copied()
        .chain([("title", "Card payments declined at till 3 and 4"), ("location", "Store 118")])
        .collect();
    assert_eq!(mara.post("/incident/INC-1/edit", &first).await.status, StatusCode::SEE_OTHER);
    let second: Vec<_> =
        opened.iter().copied().chain([("title", "Tills 3 and 4 down"), ("location", "Store 119")]).collect();
    let conflict = mara.post("/incident/INC-1/edit", &second).await;
    assert_eq!(conflict.status, StatusCode::CONFLICT);
    for text in ["Take theirs: <b>Store 118</b>", "Keep mine: <b>Store 119</b>", "Tills 3 and 4 down"] {
        assert!(conflict.body.contains(text), "{text} is missing: {}", conflict.body);
    }
    let settled = [
        ("version", "2"),
        ("title", "Tills 3 and 4 down"),
        ("was.title", "Card payments declined at till 3 and 4"),
        ("location", "Store 119"),
        ("was.location", "Store 118"),
        ("keep.location", "theirs"),
    ];
    assert_eq!(mara.post("/incident/INC-1/edit", &settled).await.status, StatusCode::SEE_OTHER);
    let record = desk.desk.engine.require(&desk.mara, &Reference::new("incident", 1)).await.unwrap();
    assert_eq!(
        (record.text("location"), record.text("title")),
        (Some("Store 118"), Some("Tills 3 and 4 down"))
    );
}

#[tokio::test]
async fn talk_files_watching_and_links() {
    let desk = Desk::open().await;
    let mara = desk.signed_in("mara").await;
    mara.post("/incident/INC-1/comment", &[("body", "We are on it"), ("audience", "customer")]).await;
    mara.post("/incident/INC-1/comment", &[("body", "Gateway A again"), ("audience", "staff")]).await;
    mara.post("/incident/INC-1/watch", &[("watching", "yes")]).await;
    mara.post("/problem/new", &[("title", "Gateway A drops sessions")]).await;
    let linked = mara.post("/incident/INC-1/link", &[("relation", "problems"), ("to", "PRB-1")]).await;
    assert_eq!(linked.status, StatusCode::SEE_OTHER, "{}", linked.body);
    let page = mara.get("/incident/INC-1").await.body;
    for text in ["We are on it", "seen by staff only", "Stop watching", "Gateway A drops sessions"] {
        assert!(page.contains(text), "{text} is missing");
    }
    let other = mara.get("/problem/PRB-1?tab=related").await.body;
    assert!(other.contains("INC-1"), "the relation is seen from the other side");
    mara.post("/incident/INC-1/unlink", &[("relation", "problems"), ("to", "PRB-1")]).await;
    assert!(!mara.get("/incident/INC-1?tab=related").await.body.contains("Unlink PRB-1"));
    let boundary = "x-boundary";
    let body = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"evil.html\"\r\n\r\n<script>alert(1)</script>\r\n--{boundary}--\r\n"
    );
    let request = axum::http::Request::post("/incident/INC-1/file")
        .header("content-type", format!("multipart/form-data; boundary={boundary}"))
        .header("sec-fetch-site", "same-origin")
        .body(axum::body::Body::from(body))
        .unwrap();
    let sent = mara.send(request).await;
    assert_eq!(sent.location(), "/incident/INC-1?tab=files", "{}", sent.body);
    let tab = mara.get("/incident/INC-1?tab=files").await.body;
    let id =
        tab.split("/file/").nth(1).and_then(|t| t.split('"').next()).expect("the file is linked").to_owned();
    let file = mara.get(&format!("/incident/INC-1/file/{id}")).await;
    assert!(file.headers["content-type"].to_str().unwrap().starts_with("text/plain"), "{:?}", file.headers);
    assert!(file.headers["content-security-policy"].to_str().unwrap().contains("sandbox"));
    assert_eq!(file.body, "<script>alert(1)</script>");
}

#[tokio::test]
async fn a_new_record_begins_with_what_it_needs_and_folds_what_comes_later() {
    let desk = Desk::open().await;
    let mara = desk.signed_in("mara").await;
    let page = mara.get("/incident/new").await.body;
    for begins in ["Report", "Assessment"] {
        assert!(page.contains(&format!("<section class=\"card\"><header><h2>{begins}</h2>")), "{begins}");
    }
    for later in ["Work", "Outcome", "Related"] {
        let folded = format!("<details class=\"card later\"><summary><h2>{later}</h2>");
        assert!(page.contains(&folded), "{later} is folded: {page}");
    }
    // one types at once, and what is wrong later opens its fold and is gone to
    let form = page.split("<dialog").next().unwrap();
    assert_eq!(form.matches(" autofocus").count(), 1, "{form}");
    let focused = page.split(" autofocus").next().unwrap().rsplit('<').next().unwrap();
    assert!(focused.contains("name=\"title\""), "{focused}");
    let wrong = mara.post("/incident/new", &[("title", "Slow"), ("satisfaction", "9")]).await.body;
    assert!(wrong.contains("<details class=\"card later\" open><summary><h2>Outcome</h2>"), "{wrong}");
    assert!(wrong.contains("<details class=\"card later\"><summary><h2>Related</h2>"), "{wrong}");
    let focused = wrong.split(" autofocus").next().unwrap().rsplit('<').next().unwrap();
    assert!(focused.contains("name=\"satisfaction\""), "{focused}");
    // nobody of the staff came by the portal without saying so
    let made = mara.post("/incident/new", &[("title", "Slow")]).await;
    assert_eq!(made.location(), "/incident/INC-2");
    let made = desk.desk.engine.require(&desk.mara, &Reference::new("incident", 2)).await.unwrap();
    assert_eq!(made.text("channel"), None);
}

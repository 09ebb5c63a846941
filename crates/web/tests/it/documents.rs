//! Documents on pages: templates, open places, reading, comparison, and nothing for who is outside their access.

use axum::http::StatusCode;
use proofdesk_engine::{Audience, Caller, Change, Door, Reference, Target};
use proofdesk_model::Value;

use crate::client::Desk;

/// A document in force with one version, for all staff; another version is a draft.
async fn policy(desk: &Desk) {
    let boss = Caller::person(3, "Bo Sand", ["sms_manager"]);
    let document = Change { state: Some("approved".to_owned()), ..Change::default() }
        .with_text("title", "Release policy")
        .with_text("kind", "release_policy")
        .with_text("audience", "staff")
        .with_text("classification", "internal")
        .with_text("access", "staff")
        .with("acknowledgement_needed", Value::Bool(true));
    desk.desk.create("document", document).await.unwrap();
    for (edition, text) in [("1.0", "Announced two days before.\n"), ("2.0", "Announced five days before.\n")]
    {
        let version = Change::default()
            .with_text("title", "Release policy")
            .with("document", Value::Link(1))
            .with_text("edition", edition)
            .with_text("content", text);
        desk.desk.create("document_version", version).await.unwrap();
    }
    let first = || Target::Existing(Reference::new("document_version", 1), None);
    for change in [
        Change::default().take("submit").with_text("change_description", "First"),
        Change::default().take("approve"),
        Change::default().take("put_in_force"),
    ] {
        desk.desk.engine.apply(&boss, first(), change, Door::Cli).await.unwrap();
    }
}

#[tokio::test]
async fn who_is_outside_the_access_gets_no_page_of_a_document() {
    let desk = Desk::open().await;
    policy(&desk).await;
    let setup = desk.desk.setup();
    let close = Change::default().with_text("classification", "restricted").with_text("access", "people");
    let on = Reference::new("document", 1);
    let version = Reference::new("document_version", 1);
    desk.desk.engine.apply(&setup, Target::Existing(on.clone(), None), close, Door::Cli).await.unwrap();
    let upload = desk.desk.engine.attach(&setup, &version, "a.txt", Audience::Staff, 99, Door::Cli).await;
    let mut upload = upload.unwrap();
    upload.write(b"secret").await.unwrap();
    let file = upload.finish().await.unwrap().id;
    let (mara, boss) = (desk.signed_in("mara").await, desk.signed_in("boss").await);
    let pages = [
        "/document/DOC-1".to_owned(),
        "/document/DOC-1/edit".to_owned(),
        "/document/DOC-1/preview".to_owned(),
        "/document/DOC-1/print".to_owned(),
        "/document/DOC-1/transition/submit".to_owned(),
        "/document-version/DVR-1".to_owned(),
        "/document-version/DVR-1/compare".to_owned(),
        "/document-version/DVR-1/readers".to_owned(),
        format!("/document-version/DVR-1/file/{file}"),
    ];
    for page in &pages {
        assert_eq!(mara.get(page).await.status, StatusCode::NOT_FOUND, "{page}");
        assert_eq!(boss.get(page).await.status, StatusCode::OK, "{page}");
    }
    for page in ["/document/DOC-1/next-version", "/document-version/DVR-1/read"] {
        assert_eq!(mara.post(page, &[]).await.status, StatusCode::NOT_FOUND, "{page}");
    }
    for list in ["/document?filter=", "/document-version?filter=", "/search?q=release", "/needs"] {
        let page = mara.get(list).await;
        assert_eq!(page.status, StatusCode::OK, "{list}");
        assert!(!page.body.contains("Release policy"), "{list}: {}", page.body);
    }
    assert!(boss.get("/document?filter=").await.body.contains("Release policy"));
}

#[tokio::test]
async fn a_template_is_shown_adopted_once_and_said_to_be() {
    let desk = Desk::open().await;
    let (mara, ida) = (desk.signed_in("mara").await, desk.signed_in("ida").await);
    assert!(mara.get("/document").await.body.contains("New from template"));
    assert!(
        !ida.get("/document").await.body.contains("New from template"),
        "who may not begin one is not asked to"
    );
    let list = mara.get("/templates").await.body;
    assert!(list.contains("Incident procedure") && list.contains("not begun"), "{list}");
    let shown = mara.get("/templates/incident-procedure").await.body;
    assert!(shown.contains("{{contact}}") && shown.contains("Begin a document from it"), "{shown}");
    let refused = ida.post("/templates/incident-procedure", &[]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let made = mara.post("/templates/incident-procedure", &[]).await;
    assert_eq!(made.location(), "/document-version/DVR-1", "{}", made.body);
    let version = mara.get("/document-version/DVR-1").await.body;
    assert!(
        version.contains("Open places") && version.contains("How people reach the service desk"),
        "{version}"
    );
    let again = mara.post("/templates/incident-procedure", &[]).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(again.body.contains("DOC-1 was begun from this template already"), "{}", again.body);
    let another = mara.post("/templates/incident-procedure", &[("again", "yes")]).await;
    assert_eq!(another.location(), "/document-version/DVR-2", "{}", another.body);
    assert_eq!(mara.get("/templates/none").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_version_in_force_is_read_with_one_click_and_who_has_is_shown_to_those_who_may() {
    let desk = Desk::open().await;
    policy(&desk).await;
    let (mara, boss) = (desk.signed_in("mara").await, desk.signed_in("boss").await);
    for page in ["/needs", "/document/DOC-1", "/document-version/DVR-1"] {
        assert!(mara.get(page).await.body.contains("I have read this"), "{page}");
    }
    assert!(
        !mara.get("/document-version/DVR-2").await.body.contains("I have read this"),
        "a draft asks nobody"
    );
    assert_eq!(mara.get("/document-version/DVR-1/readers").await.status, StatusCode::FORBIDDEN);
    let before = boss.get("/document-version/DVR-1/readers").await.body;
    assert!(before.contains("Mara Rehn") && before.contains("Remind 3 people"), "{before}");
    assert_eq!(mara.post("/document-version/DVR-1/read", &[]).await.location(), "/document-version/DVR-1");
    assert!(mara.get("/document-version/DVR-1").await.body.contains("You have read <a"));
    assert!(!mara.get("/needs").await.body.contains("I have read this"));
    let due = [("due", "2020-01-01")];
    let past = boss.post("/document-version/DVR-1/readers/remind", &due).await;
    assert_eq!(past.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", past.body);
    let due = [("due", "2026-03-20")];
    let reminded = boss.post("/document-version/DVR-1/readers/remind", &due).await;
    assert_eq!(reminded.location(), "/document-version/DVR-1/readers");
    let after = boss.get("/document-version/DVR-1/readers").await.body;
    assert!(after.contains("1</b> of <b") && !after.contains("Remind "), "{after}");
}

#[tokio::test]
async fn two_versions_are_compared_by_words_without_scripts() {
    let desk = Desk::open().await;
    policy(&desk).await;
    let mara = desk.signed_in("mara").await;
    let page = mara.get("/document-version/DVR-2/compare").await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    assert!(page.body.contains("<del>two</del>") && page.body.contains("<ins>five</ins>"), "{}", page.body);
    let turned = mara.get("/document-version/DVR-2/compare?old=DVR-2&new=DVR-1").await.body;
    assert!(turned.contains("<del>five</del>") && turned.contains("<ins>two</ins>"), "{turned}");
    let other = mara.get("/document-version/DVR-2/compare?old=INC-1&new=DVR-1").await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", other.body);
    assert_eq!(mara.get("/incident/INC-1/compare").await.status, StatusCode::NOT_FOUND);
    let next = mara.post("/document/DOC-1/next-version", &[]).await;
    assert_eq!(next.location(), "/document-version/DVR-3/edit", "{}", next.body);
    assert!(
        mara.get("/document-version/DVR-3").await.body.contains("Announced two days before"),
        "the text in force"
    );
}

#[tokio::test]
async fn forms_have_no_input_for_what_steps_write_or_what_is_approved() {
    let desk = Desk::open().await;
    policy(&desk).await;
    let boss = desk.signed_in("boss").await;
    let new = boss.get("/document-version/new").await.body;
    let draft = boss.get("/document-version/DVR-2/edit").await.body;
    let in_force = boss.get("/document-version/DVR-1/edit").await.body;
    for (page, text) in [(&new, true), (&draft, true), (&in_force, false)] {
        for step in ["approved_by", "approved_at", "in_force_at", "ended_at", "digest"] {
            assert!(!page.contains(&format!("name=\"{step}\"")), "{step}: {page}");
        }
        assert!(page.contains("name=\"material\""), "{page}");
        for field in ["content", "edition", "document"] {
            assert_eq!(page.contains(&format!("name=\"{field}\"")), text, "{field}: {page}");
        }
    }
    // what is sent all the same is not written
    let form = [("version", "4"), ("content", "One day."), ("approved_by", "PER-1"), ("material", "no")];
    boss.post("/document-version/DVR-1/edit", &form).await;
    let on = Reference::new("document_version", 1);
    let kept = desk.desk.engine.require(&desk.desk.setup(), &on).await.unwrap();
    assert_eq!(kept.text("content"), Some("Announced two days before.\n"));
    assert_eq!(kept.get("approved_by"), Value::Link(3));
}

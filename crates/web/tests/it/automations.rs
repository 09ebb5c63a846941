//! The pages and the interface of automations: what is on, a dry run, and who may see them.

use axum::http::StatusCode;
use proofdesk_engine::{Change, Door, Reference, Target};
use proofdesk_model::Value;

use crate::client::Desk;

#[tokio::test]
async fn the_staff_sees_what_is_on_and_what_it_would_have_done() {
    let desk = Desk::open().await;
    let mara = desk.signed_in("mara").await;
    let list = mara.get("/automations").await;
    assert_eq!(list.status, StatusCode::OK, "{}", list.body);
    assert!(
        list.body.contains("major-opens-problem") && list.body.contains("major == true"),
        "{}",
        list.body
    );
    assert!(mara.get("/desk").await.body.contains("href=\"/automations\""), "the menu leads there");
    let quiet = mara.get("/automations/major-opens-problem").await.body;
    assert!(quiet.contains("It never did.") && quiet.contains("open a problem"), "{quiet}");

    let on = Target::Existing(Reference::new("incident", 1), None);
    let change = Change::default().with("major", Value::Bool(true));
    desk.desk.engine.apply(&desk.desk.setup(), on, change, Door::Page).await.unwrap();
    let tried = mara.get("/automations/major-opens-problem").await.body;
    for text in ["INC-1", "Card payments declined", "Holds", "leads here by incidents"] {
        assert!(tried.contains(text), "{text} is missing: {tried}");
    }
    assert_eq!(mara.get("/automations/no-such").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_requester_learns_nothing_of_them() {
    let desk = Desk::open().await;
    let customer = desk.desk.person("Cora", &["requester"]).await.unwrap();
    desk.desk.account(&customer, "cora", crate::client::PASSWORD).await.unwrap();
    let cora = desk.signed_in("cora").await;
    assert!(!cora.get("/desk").await.body.contains("href=\"/automations\""));
    for path in ["/automations", "/automations/major-opens-problem", "/automations/no-such"] {
        let refused = cora.get(path).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}");
        assert!(!refused.body.contains("major == true"), "{path}");
    }
}

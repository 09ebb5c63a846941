//! A role of the database that owns nothing and may only read and write rows serves a desk that its owner has brought up to date.

use proofdesk_model::{Change, Registry};
use proofdesk_store::{Options, Statement, Store};

use crate::both::database;
use crate::desk::{Desk, RECORDS, registry};
use crate::postgres::Postgres;

/// What docs/operating.md says, word for word but for the names and the password.
const ROLES: &str = "
CREATE ROLE proofdesk_owner LOGIN;
CREATE ROLE proofdesk LOGIN;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT CREATE, USAGE ON SCHEMA public TO proofdesk_owner;
ALTER DEFAULT PRIVILEGES FOR ROLE proofdesk_owner IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO proofdesk;
ALTER DEFAULT PRIVILEGES FOR ROLE proofdesk_owner IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO proofdesk;
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_that_owns_nothing_serves_a_desk_that_is_up_to_date() {
    let cluster = Postgres::start().unwrap();
    let place = database(&cluster, "rights").await;
    let (client, driver) = tokio_postgres::connect(&place.url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(driver);
    client.batch_execute(ROLES).await.unwrap();
    let as_role = |role: &str| place.url.replace("user=postgres", &format!("user={role}"));
    let early = Store::open(&as_role("proofdesk"), Options::default()).await;
    assert!(early.is_err(), "it makes no tables");
    let owner = Desk::open(&crate::desk::Place { url: as_role("proofdesk_owner"), ..place.clone() }).await;
    owner.create("thing", Change::default().with_text("title", "By the owner"), 1).await.unwrap();
    owner.store.close().await.unwrap();

    let desk = Desk::open(&crate::desk::Place { url: as_role("proofdesk"), ..place.clone() }).await;
    let (number, _) =
        desk.create("thing", Change::default().with_text("title", "By the program"), 2).await.unwrap();
    assert!(number > 1, "another block of numbers");
    desk.store
        .execute(vec![
            Statement::upsert("setting").key("name", "x").set("value", "y").set("updated_at", 1_i64),
        ])
        .await
        .unwrap();
    desk.store.sequence_once().await.unwrap();
    assert_eq!(desk.store.log_size().await.unwrap(), 2);
    let more: Registry = registry(&RECORDS.replace("int      \"weight\"", "int \"weight\"\n int \"height\""));
    assert!(desk.store.migrate(&more).await.is_err(), "it adds no column");
    for forbidden in
        ["DROP TABLE thing", "ALTER TABLE log_entry DISABLE TRIGGER ALL", "CREATE TABLE x (y INT)"]
    {
        let (own, driver) =
            tokio_postgres::connect(&as_role("proofdesk"), tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(driver);
        assert!(own.batch_execute(forbidden).await.is_err(), "{forbidden}");
    }
    desk.store.close().await.unwrap();
}

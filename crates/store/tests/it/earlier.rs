//! Databases that an earlier program made are brought up to date.

use crate::both::{database, file};
use crate::cases::log::check_tree;
use crate::desk::{Desk, Place};
use crate::postgres::Postgres;

/// What a program carried out that had frameworks as its eighth migration, with nothing between it and the fourth.
const CARRIED_OUT: &str = "
    CREATE TABLE migration (number BIGINT PRIMARY KEY, name TEXT NOT NULL);
    INSERT INTO migration VALUES (1, 'engine'), (2, 'conformity'), (3, 'view_columns'), (4, 'identity'), (8, 'framework');
";

macro_rules! made_by {
    ($dialect:literal) => {
        [
            include_str!(concat!("../../../../migrations/", $dialect, "/0001_engine.sql")),
            include_str!(concat!("../../../../migrations/", $dialect, "/0002_conformity.sql")),
            include_str!(concat!("../../../../migrations/", $dialect, "/0003_view_columns.sql")),
            include_str!(concat!("../../../../migrations/", $dialect, "/0004_identity.sql")),
            include_str!(concat!("../../../../migrations/", $dialect, "/0005_framework.sql")),
        ]
    };
}

async fn works(place: &Place) {
    for title in ["first start", "second start"] {
        let desk = Desk::open(place).await;
        desk.thing(title).await;
        check_tree(&desk).await;
        desk.store.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_that_had_another_number_is_not_carried_out_again() {
    let place = file();
    let connection = rusqlite::Connection::open(&place.url).unwrap();
    for sql in made_by!("sqlite").into_iter().chain([CARRIED_OUT]) {
        connection.execute_batch(sql).unwrap();
    }
    drop(connection);
    works(&place).await;

    let cluster = Postgres::start().unwrap();
    let place = database(&cluster, "earlier").await;
    let (client, driver) = tokio_postgres::connect(&place.url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(driver);
    for sql in made_by!("postgres").into_iter().chain([CARRIED_OUT]) {
        client.batch_execute(sql).await.unwrap();
    }
    works(&place).await;
}

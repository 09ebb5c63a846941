//! Every case on SQLite, each a test of its own; all of them on PostgreSQL in one test that shares a cluster.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::cases;
use crate::desk::{Desk, Place};
use crate::postgres::Postgres;

type Case = fn(Desk) -> Pin<Box<dyn Future<Output = ()> + Send>>;

macro_rules! cases {
    ($($group:ident: $($name:ident),*;)*) => {
        const CASES: &[(&str, Case)] =
            &[$($((stringify!($name), |desk| Box::pin(cases::$group::$name(desk)))),*),*];
        mod sqlite {
            $($(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let desk = super::Desk::open(&super::file()).await;
                super::cases::$group::$name(desk).await;
            })*)*
        }
    };
}

cases! {
    tables: tables_follow_the_declarations, jobs_are_leased, files_are_kept_by_content, engine_rows_are_changed_together, numbers_of_files_become_texts;
    writes: values_come_back, a_stale_write_is_refused, nothing_is_written_twice, links_go_both_ways, many_writes_are_one, many_clients_write_at_once;
    reads: lists_page_by_key, a_list_reads_what_it_shows, views_have_an_index, the_largest_is_found, verdicts_are_counted, search_finds_words;
    log: the_log_has_no_gaps, history_is_paged, changes_are_told, it_goes_on_after_a_restart;
}

/// A place for a file.
pub fn file() -> Place {
    let folder = tempfile::tempdir().unwrap();
    Place { url: folder.path().join("desk.db").display().to_string(), folder: Arc::new(folder) }
}

/// A place for a new database of a cluster.
pub async fn database(cluster: &Postgres, name: &str) -> Place {
    let admin = cluster.connection("postgres");
    let (client, driver) = tokio_postgres::connect(&admin, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(driver);
    client.batch_execute(&format!("CREATE DATABASE \"{name}\"")).await.unwrap();
    Place { url: cluster.connection(name), folder: Arc::new(tempfile::tempdir().unwrap()) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_does_the_same() {
    let cluster = Postgres::start().unwrap();
    let mut failed = Vec::new();
    for (name, case) in CASES {
        let begun = std::time::Instant::now();
        let place = database(&cluster, name).await;
        let run = tokio::spawn(async move {
            let desk = Desk::open(&place).await;
            case(desk.clone()).await;
            desk.store.close().await.unwrap();
        });
        if let Err(error) = run.await {
            eprintln!("{name}: {error}");
            failed.push(*name);
        }
        eprintln!("{name}: {:?}", begun.elapsed());
    }
    assert_eq!(failed, Vec::<&str>::new());
}

//! Faults: a full disk, a backup while writing, a server that dies and comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use proofdesk_model::Change;
use proofdesk_store::{Error, Options, Store};

use crate::both::{database, file};
use crate::cases::log::check_tree;
use crate::desk::{CONTEXT, Desk, Place};
use crate::postgres::Postgres;

fn large() -> Change {
    Change::default().with_text("title", "t").with_text("body", &"word ".repeat(4_000))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_writes_and_keeps_the_rest() {
    let desk = Desk::open(&file()).await;
    let pages = desk.store.health().await.unwrap().size_bytes / 4096 + 100;
    desk.store.limit_pages(Some(pages)).await.unwrap();
    let mut kept = 0;
    let mut refused = 0;
    for _ in 0..60 {
        let clients = (0..4).map(|_| desk.create("thing", large(), 1));
        for result in futures_util::future::join_all(clients).await {
            match result {
                Ok(_) => kept += 1,
                Err(Error::Full(_)) => refused += 1,
                Err(other) => panic!("{other}"),
            }
        }
    }
    assert!(kept > 0 && refused > 0, "{kept} {refused}");
    let of = desk.of("thing");
    assert_eq!(desk.store.count(&of, None, &CONTEXT, None).await.unwrap(), kept, "reads go on");
    desk.store.limit_pages(None).await.unwrap();
    desk.create("thing", large(), 2).await.unwrap();
    assert_eq!(desk.store.count(&of, None, &CONTEXT, None).await.unwrap(), kept + 1);
    check_tree(&desk).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_made_while_writing_is_whole() {
    let desk = Desk::open(&file()).await;
    let writing = {
        let desk = desk.clone();
        tokio::spawn(async move {
            for _ in 0..150 {
                desk.thing("t").await;
            }
        })
    };
    tokio::task::yield_now().await;
    desk.thing("first").await;
    let to = desk.place.folder.path().join("copy.db");
    desk.store.backup(&to).await.unwrap();
    assert!(matches!(desk.store.backup(&to).await, Err(Error::Invalid(_))), "no file is overwritten");
    writing.await.unwrap();
    let place = Place { url: to.display().to_string(), folder: Arc::clone(&desk.place.folder) };
    let copy = Desk::open(&place).await;
    let entries = copy.leaves().await;
    let rows = copy.store.count(&copy.of("thing"), None, &CONTEXT, None).await.unwrap();
    assert!(rows > 0);
    assert_eq!(rows, entries.len() as u64);
    check_tree(&copy).await;
    copy.thing("goes on").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_of_a_newer_program_is_refused() {
    let desk = Desk::open(&file()).await;
    desk.store.close().await.unwrap();
    let connection = rusqlite::Connection::open(&desk.place.url).unwrap();
    connection.execute("INSERT INTO migration (number, name) VALUES (999, 'later')", []).unwrap();
    drop(connection);
    let refused = Store::open(&desk.place.url, Options::default()).await.err().unwrap();
    assert!(matches!(&refused, Error::Schema(findings) if findings[0].contains("999")), "{refused}");
    let no_database = desk.place.folder.path().join("text.db");
    std::fs::write(&no_database, "this is a text, not a database, and it is long enough".repeat(100))
        .unwrap();
    let refused = Store::open(&no_database.display().to_string(), Options::default()).await.err().unwrap();
    assert!(matches!(refused, Error::Invalid(_)), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_dies_and_comes_back_loses_nothing() {
    let mut cluster = Postgres::start_durable().unwrap();
    let desk = Desk::open(&database(&cluster, "desk").await).await;
    desk.thing("before").await;
    // a writer may cross the crash without noticing it: a write whose commit was cut off is asked for by its id
    let back = Arc::new(AtomicBool::new(false));
    let mut tasks = Vec::new();
    for _ in 0..8 {
        let (desk, back) = (desk.clone(), back.clone());
        tasks.push(tokio::spawn(async move {
            let (mut kept, mut failed, mut after) = (Vec::new(), 0, 0);
            while after < 20 {
                match desk.create("thing", Change::default().with_text("title", "t"), 1).await {
                    Ok((number, _)) => {
                        kept.push(number);
                        after += usize::from(back.load(Ordering::SeqCst));
                    }
                    Err(Error::Unavailable(_)) => {
                        failed += 1;
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                    Err(other) => panic!("{other}"),
                }
                assert!(failed < 2_000);
            }
            kept
        }));
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    cluster.crash().unwrap();
    let down = desk.store.load(&desk.of("thing"), 1).await;
    assert!(matches!(down, Err(Error::Unavailable(_))), "{down:?}");
    cluster.restart(&["synchronous_commit=on"]).unwrap();
    back.store(true, Ordering::SeqCst);
    let mut kept = Vec::new();
    for task in tasks {
        kept.extend(task.await.unwrap());
    }
    let found = desk.store.load_many(&desk.of("thing"), &kept).await.unwrap();
    assert_eq!(found.len(), kept.len(), "every acknowledged write is there");
    let rows = desk.store.count(&desk.of("thing"), None, &CONTEXT, None).await.unwrap();
    assert_eq!(desk.leaves().await.len() as u64, rows, "no row without entry, no entry without row");
    check_tree(&desk).await;
}

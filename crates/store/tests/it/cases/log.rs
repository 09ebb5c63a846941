//! The log: order, tree, history, changes, restart.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use proofdesk_model::entry::Entry;
use proofdesk_model::{Action, Caller, Change, Reference};
use proofdesk_store::{Error, Options, Store, StoredCheckpoint};
use proofdesk_tlog::{Frontier, NodeId, leaf_hash, needed_for_root, root};
use uuid::Uuid;

use crate::desk::{Desk, fresh_id};

/// The stored tree is the tree of the entries, without gap or double, whatever writes at once.
pub async fn the_log_has_no_gaps(desk: Desk) {
    let other = desk.second().await;
    let mut tasks = Vec::new();
    for client in 0..32_i64 {
        let desk = if client % 2 == 0 { desk.clone() } else { other.clone() };
        tasks.push(tokio::spawn(async move {
            for i in 0..6 {
                let mut tries = 0;
                while let Err(error) =
                    desk.create("thing", Change::default().with_text("title", "t"), i).await
                {
                    tries += 1;
                    assert!(matches!(error, Error::NumberTaken { .. }) && tries < 50, "{error}");
                }
                if i % 3 == 0 {
                    desk.store.sequence_once().await.unwrap();
                }
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let (one, two) = tokio::join!(desk.leaves(), other.leaves());
    assert_eq!(one.len(), 32 * 6);
    assert_eq!(one, two);
    check_tree(&desk).await;
    let health = desk.store.health().await.unwrap();
    assert_eq!((health.log_size, health.pending), (32 * 6, 0));
}

/// Compares the stored tree with one made of the entries.
pub async fn check_tree(desk: &Desk) {
    let entries = desk.leaves().await;
    let mut frontier = Frontier::new();
    let mut ids = BTreeSet::new();
    for (at, entry) in entries.iter().enumerate() {
        assert_eq!(entry.leaf, Some(at as u64));
        assert_eq!(entry.leaf_hash, leaf_hash(&entry.body));
        assert!(ids.insert(entry.id), "an entry is a leaf once");
        frontier.push(leaf_hash(&entry.body)).unwrap();
    }
    let size = desk.store.log_size().await.unwrap();
    assert_eq!(size, frontier.size());
    let nodes = desk.store.nodes(&needed_for_root(size)).await.unwrap();
    assert_eq!(root(size, &nodes).unwrap(), frontier.root());
    let level: Vec<NodeId> =
        desk.store.node_range(1, 0, 1000).await.unwrap().into_iter().map(|n| n.0).collect();
    assert_eq!(level.len() as u64, size / 2);
}

/// History is read newest first, page by page; notes belong to it.
pub async fn history_is_paged(desk: Desk) {
    let number = desk.thing("h").await;
    desk.thing("other").await;
    desk.change(desk.load("thing", number).await, Change::default().take("start"), 2_000).await.unwrap();
    let record = Reference::new("thing", number);
    let permit = desk.of("thing").permit(&Caller::system("t"), Action::Comment, None).unwrap();
    let entry =
        |body: &str| Entry { record: record.clone(), version: 2, at: 3_000, body: body.as_bytes().to_vec() };
    let id = fresh_id();
    let receipt =
        desk.store.note(&permit, vec![entry("{\"a\":1}"), entry("{\"b\":2}")], vec![], id).await.unwrap();
    assert_eq!(receipt.entries.len(), 2);
    let twice = desk.store.note(&permit, vec![entry("{}")], vec![], id).await;
    assert!(matches!(twice, Err(Error::Duplicate)));
    desk.leaves().await;
    let newest = desk.store.entries(&record, None, 2).await.unwrap();
    // a body ends with the id of its write and its place in it
    let write = id.simple();
    let bodies: Vec<_> = newest.iter().map(|e| String::from_utf8(e.body.clone()).unwrap()).collect();
    let expected =
        [format!("{{\"b\":2,\"write\":\"{write}/1\"}}"), format!("{{\"a\":1,\"write\":\"{write}/0\"}}")];
    assert_eq!(bodies, expected);
    let older = desk.store.entries(&record, Some(newest[1].id), 9).await.unwrap();
    assert_eq!(older.iter().map(|e| (e.version, e.at)).collect::<Vec<_>>(), [(2, 2_000), (1, 1_000)]);
    assert_eq!(desk.store.leaf_of_entry(older[1].id).await.unwrap(), Some(0));
    assert_eq!(desk.store.entry(older[0].id).await.unwrap().as_ref(), Some(&older[0]));
    assert!(desk.store.entry(9_999).await.unwrap().is_none());
    for size in [1, 4] {
        let checkpoint = StoredCheckpoint { size, at: 7, note: format!("note {size}") };
        desk.store.put_checkpoint(&checkpoint).await.unwrap();
        desk.store.put_checkpoint(&StoredCheckpoint { note: "forged".into(), ..checkpoint }).await.unwrap();
    }
    assert_eq!(desk.store.latest_checkpoint().await.unwrap().unwrap().note, "note 4");
    assert_eq!(desk.store.checkpoint_at(1).await.unwrap().unwrap().note, "note 1");
    assert!(desk.store.checkpoint_at(2).await.unwrap().is_none());
}

/// What is committed is told, with what a page needs to know.
pub async fn changes_are_told(desk: Desk) {
    let mut changes = desk.store.subscribe();
    let other = desk.second().await;
    let mut heard_elsewhere = other.store.subscribe();
    let (number, receipt) =
        desk.create("thing", Change::default().with_text("title", "t"), 77).await.unwrap();
    let change = changes.recv().await.unwrap();
    assert_eq!((change.record.number, change.version, change.at), (number, 1, 77));
    assert_eq!(change.entry, receipt.entries[0]);
    if !desk.is_sqlite() {
        let heard = tokio::time::timeout(Duration::from_secs(10), heard_elsewhere.recv());
        assert_eq!(heard.await.unwrap().unwrap(), change);
        assert!(changes.try_recv().is_err(), "own changes are told once");
    }
}

/// A store that is opened again goes on where it was.
pub async fn it_goes_on_after_a_restart(desk: Desk) {
    let number = desk.thing("before").await;
    desk.leaves().await;
    desk.store.close().await.unwrap();
    let store = Store::open(&desk.place.url, Options::default()).await.unwrap();
    let desk = Desk { store, registry: Arc::clone(&desk.registry), place: desk.place.clone() };
    assert!(desk.store.plan(&desk.registry).await.unwrap().steps.is_empty());
    assert_eq!(desk.load("thing", number).await.text("title"), Some("before"));
    assert!(desk.thing("after").await > number);
    check_tree(&desk).await;
    assert_ne!(fresh_id(), Uuid::nil());
}

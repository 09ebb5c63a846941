//! Tables: declared ones, engine rows, the queue, files.

use std::collections::BTreeSet;

use proofdesk_model::{Change, Job, Value};
use proofdesk_store::{Error, Select, Statement};

use crate::desk::{Desk, RECORDS, fresh_id, registry};

/// Declarations are carried out once, extended, renamed; what is not declared is refused.
pub async fn tables_follow_the_declarations(desk: Desk) {
    assert!(desk.store.plan(&desk.registry).await.unwrap().steps.is_empty(), "nothing is left to do");
    desk.create("thing", Change::default().with_text("title", "kept").with("weight", Value::Int(7)), 1)
        .await
        .unwrap();

    let more = RECORDS.replace("int      \"weight\"", "int \"weight\"\n        text \"colour\" index=#true");
    let plan = desk.store.migrate(&registry(&more)).await.unwrap();
    let what: Vec<&str> = plan.steps.iter().map(|s| s.what.as_str()).collect();
    assert_eq!(what, ["add `colour` to thing", "index things: records by colour"]);

    let renamed = more
        .replace("int \"weight\"", "int \"mass\" was=\"weight\"")
        .replace("sort=\"weight\"", "sort=\"mass\"");
    let plan = desk.store.migrate(&registry(&renamed)).await.unwrap();
    assert_eq!(plan.steps[0].what, "rename `weight` of thing to `mass`");
    let registry_now = registry(&renamed);
    let loaded = desk.store.load(registry_now.get("thing").unwrap(), 1).await.unwrap().unwrap();
    assert_eq!(loaded.get("mass"), Value::Int(7), "the value moved with the column");
    assert!(desk.store.plan(&registry_now).await.unwrap().steps.is_empty());

    let gone =
        renamed.replace("text \"colour\" index=#true", "").replace("decimal  \"share\"", "text \"share\"");
    let Err(Error::Schema(findings)) = desk.store.plan(&registry(&gone)).await else { panic!("refused") };
    assert_eq!(findings.len(), 2, "{findings:?}");
    assert!(findings.iter().any(|f| f.contains("`colour`") && f.contains("not declared")), "{findings:?}");
    assert!(findings.iter().any(|f| f.contains("`share`") && f.contains("needs TEXT")), "{findings:?}");
    let own = "record \"counter\" reference=\"CNT\" label=\"C\" plural=\"Cs\" {\n title \"a\"\n section \"A\" { text \"a\"; }\n state \"active\" kind=\"open\"\n}";
    assert!(matches!(desk.store.plan(&registry(own)).await, Err(Error::Schema(_))), "the engine's own name");
}

fn job(kind: &str, key: &str, run_at: i64) -> Job {
    Job { kind: kind.into(), key: key.into(), run_at, payload: serde_json::json!({"at": run_at}) }
}

/// Jobs replace each other by key, are claimed once, come back when a lease ends.
pub async fn jobs_are_leased(desk: Desk) {
    let store = &desk.store;
    let enqueue = async |job: Job| store.execute(vec![Statement::enqueue(&job)]).await.unwrap();
    enqueue(job("mail", "a", 10)).await;
    enqueue(job("mail", "a", 20)).await;
    enqueue(job("clock", "b", 5)).await;
    enqueue(job("clock", "c", 5)).await;
    enqueue(job("clock", "c", Job::NEVER)).await;
    assert_eq!(store.next_run_at().await.unwrap(), Some(5));
    assert_eq!(store.claim(&[], 4, 100, 9).await.unwrap(), []);
    assert_eq!(store.claim(&["mail"], 19, 100, 9).await.unwrap(), []);
    let claimed = store.claim(&[], 20, 100, 9).await.unwrap();
    assert_eq!(
        claimed.iter().map(|c| c.job.clone()).collect::<Vec<_>>(),
        [job("clock", "b", 5), job("mail", "a", 20)]
    );
    assert_eq!(store.claim(&[], 119, 100, 9).await.unwrap(), [], "leased");
    assert_eq!(store.next_run_at().await.unwrap(), Some(120));
    store.finish(&claimed[0]).await.unwrap();
    let again = store.claim(&[], 120, 100, 9).await.unwrap();
    assert_eq!((again.len(), again[0].attempts), (1, 2), "the lease ended");
    enqueue(job("mail", "a", 130)).await;
    store.finish(&again[0]).await.unwrap();
    let newer = store.claim(&[], 130, 100, 9).await.unwrap();
    assert_eq!((newer.len(), newer[0].attempts), (1, 1), "enqueued while it ran: it runs again");
    store.retry_later(&newer[0], Some(500), "no route").await.unwrap();
    let waiting = store.jobs(false, 9).await.unwrap();
    assert_eq!(
        (waiting.len(), waiting[0].error.as_deref(), waiting[0].job.run_at),
        (1, Some("no route"), 500)
    );
    let last = store.claim(&[], 500, 100, 9).await.unwrap();
    store.retry_later(&last[0], None, "gone").await.unwrap();
    assert_eq!(store.claim(&[], 9_999, 100, 9).await.unwrap(), []);
    assert_eq!(store.next_run_at().await.unwrap(), None);
    let dead = store.jobs(true, 9).await.unwrap();
    assert!(dead[0].dead);
    store.revive(dead[0].id, 600).await.unwrap();
    assert_eq!(store.claim(&["mail"], 600, 1, 9).await.unwrap().len(), 1);
    assert!(matches!(store.revive(999, 1).await, Err(Error::NotFound(_))));
    for i in 0..40 {
        enqueue(job("many", &i.to_string(), 1)).await;
    }
    let claims = (0..8).map(|_| store.claim(&["many"], 9, 1_000, 10));
    let claims = futures_util::future::join_all(claims).await;
    let ids: Vec<i64> = claims.into_iter().flat_map(|c| c.unwrap()).map(|c| c.id).collect();
    assert_eq!((ids.len(), ids.iter().collect::<BTreeSet<_>>().len()), (40, 40), "each is claimed once");
}

/// Files go in and out in pieces; the same content is kept once.
pub async fn files_are_kept_by_content(desk: Desk) {
    let store = &desk.store;
    let bytes: Vec<u8> = (0..20_000_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let mut hashes = Vec::new();
    for size in [7_777, 1 << 20, bytes.len()] {
        let mut writer = store.put_blob(fresh_id(), 5).await.unwrap();
        for piece in bytes.chunks(size) {
            writer.write(piece).await.unwrap();
        }
        hashes.push(writer.finish().await.unwrap());
    }
    assert!(hashes.iter().all(|h| *h == hashes[0] && h.1 == 20_000_000));
    let reader = store.read_blob(&hashes[0].0).await.unwrap().unwrap();
    assert_eq!(reader.size_bytes(), 20_000_000);
    assert!(reader.read_all().await.unwrap() == bytes);
    let mut unfinished = store.put_blob(fresh_id(), 6).await.unwrap();
    unfinished.write(&bytes[..3_000_000]).await.unwrap();
    drop(unfinished);
    let of_record =
        Statement::insert("attachment").set("id", "x").set("record_type", "thing").set("number", 1_i64);
    let of_record =
        of_record.set("at", 5_i64).set("audience", "staff").set("name", "a").set("media_type", "a/b");
    let of_record = of_record.set("size_bytes", 20_000_000_i64).set("sha256", hashes[0].0.as_str());
    store.execute(vec![of_record]).await.unwrap();
    let mut unused = store.put_blob(fresh_id(), 6).await.unwrap();
    unused.write(b"of a refused form").await.unwrap();
    unused.finish().await.unwrap();
    store.sweep_blobs(7).await.unwrap();
    let rows = store.select(Select::from("blob", &["size_bytes"])).await.unwrap();
    assert_eq!(rows.len(), 1, "one content, nothing unfinished, nothing that no record has");
    let empty = store.put_blob(fresh_id(), 8).await.unwrap().finish().await.unwrap();
    let read = store.read_blob(&empty.0).await.unwrap().unwrap().read_all().await.unwrap();
    assert!(read.is_empty());
    assert!(store.read_blob("00").await.unwrap().is_none());
}

/// Rows of engine tables: insert, upsert, update, delete, all or nothing.
pub async fn engine_rows_are_changed_together(desk: Desk) {
    let store = &desk.store;
    let set = |value: &str| {
        Statement::upsert("setting").key("name", "x").set("value", value).set("updated_at", 1_i64)
    };
    store.execute(vec![set("1"), set("2")]).await.unwrap();
    let values = async || {
        let rows = store.select(Select::from("setting", &["value"]).order("name")).await.unwrap();
        rows.iter().map(|r| r.text(0).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(values().await, ["2"]);
    let missing = Statement::update("setting").set("value", "9").when("name", "y").must_hit();
    let failed = store.execute(vec![set("3"), missing]).await;
    assert!(matches!(failed, Err(Error::NotFound(_))), "{failed:?}");
    assert_eq!(values().await, ["2"], "nothing is changed");
    let row = |value: &str| {
        Statement::insert("setting").set("name", "z").set("value", value).set("updated_at", 1_i64)
    };
    store.execute(vec![row("a")]).await.unwrap();
    assert!(matches!(store.execute(vec![row("b")]).await, Err(Error::Duplicate)));
    store.execute(vec![Statement::delete("setting").when_below("name", "y")]).await.unwrap();
    assert_eq!(values().await, ["a"]);
    let nul = store.execute(vec![set("a\u{0}b")]).await;
    assert!(matches!(nul, Err(Error::Invalid(_))));
}

/// A field of kind file held whole numbers once; its column becomes a text, with what it holds.
pub async fn numbers_of_files_become_texts(desk: Desk) {
    let declared = |kind: &str| {
        let field = format!("int      \"weight\"\n        {kind} \"paper\"");
        registry(&RECORDS.replacen("int      \"weight\"", &field, 1))
    };
    let mut before = desk.clone();
    before.registry = std::sync::Arc::new(declared("int"));
    before.store.migrate(&before.registry).await.unwrap();
    let change = Change::default().with_text("title", "old").with("paper", Value::Int(7));
    let (old, _) = before.create("thing", change, 5).await.unwrap();
    let (none, _) = before.create("thing", Change::default().with_text("title", "none"), 5).await.unwrap();
    let mut after = desk.clone();
    after.registry = std::sync::Arc::new(declared("file"));
    let plan = after.store.migrate(&after.registry).await.unwrap();
    assert!(plan.steps.iter().all(|step| step.what.contains("`paper` of thing a text")), "{plan:?}");
    assert_eq!(after.load("thing", old).await.text("paper"), Some("7"));
    assert_eq!(after.load("thing", none).await.get("paper"), Value::Null);
    let id = "01890a5d-ac96-774b-bcce-b302099a8057";
    let named = Change::default().with_text("paper", id);
    after.change(after.load("thing", none).await, named, 6).await.unwrap();
    assert_eq!(after.load("thing", none).await.text("paper"), Some(id));
    assert_eq!(after.store.plan(&after.registry).await.unwrap().steps, [], "nothing is left to do");
}

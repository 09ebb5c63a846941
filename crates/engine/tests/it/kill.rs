//! kill -9 in the middle of a load of writes: what was acknowledged is there, nothing is half there, `verify` passes.
//!
//! The test program starts itself again as the writer, told by its environment.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use proofdesk_engine::comment::Audience;
use proofdesk_engine::{Change, Door, Engine, FixedTime, Reference, Target};
use proofdesk_store::{Options, Store};
use proofdesk_testkit::postgres::Postgres;
use proofdesk_testkit::{MORNING, registry};

const WRITERS: usize = 16;
const KILLS: u64 = 50;

async fn open(url: &str) -> Engine {
    let registry = registry().unwrap();
    let store = Store::open(url, Options::default()).await.unwrap();
    store.migrate(&registry).await.unwrap();
    Engine::new(store, registry, proofdesk_rules::all(), Arc::new(FixedTime::at(MORNING)), "desk.test/log")
}

/// Not a test of its own: the writer that is killed. It prints `number version` after every acknowledged write.
#[tokio::test(flavor = "multi_thread")]
async fn writer_that_is_killed() {
    let Ok(url) = std::env::var("PROOFDESK_KILL_URL") else { return };
    let engine = open(&url).await;
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let engine = engine.clone();
        writers.spawn(async move {
            let caller = proofdesk_engine::Caller::system("Load");
            for i in 0.. {
                let change = Change::default().with_text("title", &format!("w{writer} {i}"));
                let made =
                    engine.apply(&caller, Target::New("incident".into()), change, Door::Api).await.unwrap();
                let on = Reference::new("incident", made.record.number);
                say(on.number, 1);
                let change = Change::default().with_text("impact", "high").with_text("urgency", "low");
                engine
                    .apply(&caller, Target::Existing(on.clone(), Some(1)), change, Door::Api)
                    .await
                    .unwrap();
                say(on.number, 2);
                engine.comment(&caller, &on, Audience::Staff, "noted", Door::Api).await.unwrap();
            }
        });
    }
    while writers.join_next().await.is_some() {}
}

fn say(number: i64, version: i64) {
    let mut out = std::io::stdout().lock();
    // a cut line after the kill is no acknowledgement; anything else must be on its way before the next write
    if writeln!(out, "acknowledged {number} {version}").and_then(|()| out.flush()).is_err() {
        std::process::exit(0);
    }
}

/// Starts the writer, kills it some milliseconds after its first acknowledgement, and returns all of them.
fn kill_one(url: &str, after: Duration) -> BTreeMap<i64, i64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["kill::writer_that_is_killed", "--exact", "--nocapture", "--test-threads=1"])
        .env("PROOFDESK_KILL_URL", url)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let (began, begun) = std::sync::mpsc::channel();
    let reader = std::thread::spawn(move || {
        let mut acknowledged = BTreeMap::new();
        for line in output.lines().map_while(Result::ok) {
            let mut words = line.split_whitespace().skip_while(|w| *w != "acknowledged").skip(1);
            if let (Some(Ok(number)), Some(Ok(version))) =
                (words.next().map(str::parse), words.next().map(str::parse))
                && acknowledged.insert(number, version).is_none()
                && acknowledged.len() == 1
            {
                began.send(()).unwrap_or_default();
            }
        }
        acknowledged
    });
    begun.recv_timeout(Duration::from_secs(60)).expect("the writer begins");
    std::thread::sleep(after);
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap()
}

async fn survives(url: &str) {
    let mut acknowledged: BTreeMap<i64, i64> = BTreeMap::new();
    for round in 0..KILLS {
        // from the first moments to well under way
        let after = Duration::from_millis(1 + round * 37 % 160);
        let url = url.to_owned();
        let found = tokio::task::spawn_blocking(move || kill_one(&url, after)).await.unwrap();
        for (number, version) in found {
            let known = acknowledged.entry(number).or_default();
            *known = (*known).max(version);
        }
    }
    assert!(acknowledged.len() > 100, "the load was real: {} records", acknowledged.len());
    let engine = open(url).await;
    while engine.sequence().await.unwrap() > 0 {}
    let caller = proofdesk_engine::Caller::system("Reader");
    for (number, version) in &acknowledged {
        let record = engine.require(&caller, &Reference::new("incident", *number)).await.unwrap();
        assert!(record.version >= *version, "INC-{number}: {} < {version}", record.version);
    }
    let report = engine.verify(&[], |_, _| {}).await.unwrap();
    assert!(report.is_good(), "{:?}", report.findings);
    assert!(report.leaves >= acknowledged.values().map(|v| u64::try_from(*v).unwrap()).sum::<u64>());
    assert_eq!(report.pending, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_what_it_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    survives(&folder.path().join("desk.db").display().to_string()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_keeps_what_it_acknowledged() {
    let cluster = tokio::task::spawn_blocking(Postgres::start_durable).await.unwrap().unwrap();
    cluster.create_database("desk").unwrap();
    survives(&cluster.connection("desk")).await;
}

//! Records that were tested again since the last full run, against what the log told of each: pages and programs count by
//! these rows.
//!
//! Not here: rows that belong to an earlier run than the last one of their scope. Nobody counts them, and the next run
//! removes them. Runs of earlier versions say nothing of `retests`; what was tested again after such a one stays unproven
//! until the next run.

use std::collections::{BTreeMap, HashMap, HashSet};

use proofdesk_engine::Engine;
use proofdesk_engine::verify::{Finding, FindingKind, Report};
use proofdesk_model::Reference;
use proofdesk_model::format::parse_instant;
use proofdesk_store::{Row, Select, StoredEntry};
use serde_json::Value as Json;

use super::text;
use crate::error::Error;
use crate::retest::{AGAIN, TURN, mark};

/// How often rows that differ are read again: people work while a desk is verified.
const TRIES: usize = 3;
/// Two programs on one database may test a record at the same instant, and the log orders them otherwise than the rows:
/// so far before the last telling of a row an earlier one is taken as well, microseconds.
const TOGETHER: i64 = 60_000_000;

/// A row: scope, test, side and number of the record.
type Key = (String, String, i64, i64);

/// What a row says of a record, and what an entry told.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Said {
    run: i64,
    record_type: String,
    version: i64,
    was: String,
    standing: String,
    mark: String,
    at: i64,
}

/// The newest run of a scope.
struct Newest {
    run: i64,
    /// The one before it, if there is one.
    before: i64,
    /// What is tested again after it is told to the log.
    is_told: bool,
}

/// Compares what was tested again since the last run of each scope with the log.
pub(super) async fn verify(engine: &Engine, report: &mut Report) -> Result<(), Error> {
    let mut found = differing(engine).await?;
    for _ in 1..TRIES {
        if found.is_empty() {
            break;
        }
        found = differing(engine).await?;
    }
    found.into_iter().for_each(|finding| report.push(finding));
    Ok(())
}

async fn differing(engine: &Engine) -> Result<Vec<Finding>, Error> {
    let columns = [
        "scope",
        "test",
        "side",
        "number",
        "run_id",
        "record_type",
        "version",
        "was",
        "standing",
        "why",
        "at",
    ];
    let question = Select::from("conformity_retest", &columns).order("scope").order("test").order("number");
    let rows = engine.store().select(question).await?;
    let newest = newest(engine).await?;
    let told = told(engine, &newest).await?;
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    for (key, said) in rows.iter().map(read) {
        let last = newest.get(&key.0);
        if last.is_some_and(|last| said.run < last.run || (said.run == last.run && !last.is_told)) {
            continue;
        }
        let tellings = told.get(&key).map_or(&[][..], Vec::as_slice);
        let (what, record_type) = if recent(tellings).any(|telling| *telling == said) {
            seen.insert(key);
            continue;
        } else if tellings.iter().any(|telling| telling.run == said.run) {
            ("is not as the log told it", said.record_type)
        } else {
            ("is in no entry of the log", said.record_type)
        };
        found.push(finding(engine, FindingKind::ChangedRow, (&key, &record_type, said.run), what));
        seen.insert(key);
    }
    for (key, tellings) in &told {
        let Some(last) = newest.get(&key.0).filter(|last| last.is_told && !seen.contains(key)) else {
            continue;
        };
        // a run that came between put it aside, where another program had begun before it
        if recent(tellings).all(|telling| telling.run == last.run) {
            let record_type = tellings.last().map_or("", |telling| telling.record_type.as_str());
            let about = (key, record_type, last.run);
            found.push(finding(engine, FindingKind::MissingRow, about, "is in the log, but its row is gone"));
        }
    }
    Ok(found)
}

fn finding(engine: &Engine, kind: FindingKind, (key, of, run): (&Key, &str, i64), what: &str) -> Finding {
    let name = engine.registry().write_reference(&Reference::new(of, key.3));
    let message = format!("What {name} is to the test {} since RUN-{run} {what}.", key.1);
    Finding { kind, leaf: None, record: Some(name), message }
}

fn read(row: &Row) -> (Key, Said) {
    let word = |at: usize| row.text(at).to_owned();
    let said = Said {
        run: row.int(4),
        record_type: word(5),
        version: row.int(6),
        was: word(7),
        standing: word(8),
        mark: mark(row.text(9)),
        at: row.int(10),
    };
    ((word(0), word(1), row.int(2), row.int(3)), said)
}

/// The last telling, and those just before it.
fn recent(tellings: &[Said]) -> impl Iterator<Item = &Said> {
    let last = tellings.last().map_or(0, |telling| telling.at);
    tellings.iter().filter(move |telling| telling.at + TOGETHER >= last)
}

async fn newest(engine: &Engine) -> Result<BTreeMap<String, Newest>, Error> {
    let mut newest: BTreeMap<String, Newest> = BTreeMap::new();
    let mut entries = engine.believed_about("conformity_run").await?;
    entries.sort_by_key(|entry| entry.record.number);
    for entry in entries {
        let Ok(body) = serde_json::from_slice::<Json>(&entry.body) else { continue };
        let (run, note) = (entry.record.number, &body["note"]);
        let scope = text(note, "scope").to_owned();
        let before = newest.get(&scope).map_or(run, |earlier| earlier.run);
        newest.insert(scope, Newest { run, before, is_told: text(note, "retests") == "told" });
    }
    Ok(newest)
}

/// What entries told of each row since the runs that count, in the order of the tree.
async fn told(engine: &Engine, newest: &BTreeMap<String, Newest>) -> Result<HashMap<Key, Vec<Said>>, Error> {
    let mut told: HashMap<Key, Vec<Said>> = HashMap::new();
    let Some(first) = newest.values().map(|last| last.before).min() else { return Ok(told) };
    let mut entries = engine.store().entries_between(AGAIN, first, i64::MAX).await?;
    entries.extend(engine.store().entries_between(TURN, first, i64::MAX).await?);
    for entry in engine.believed(entries).await? {
        for (key, said) in tellings(&entry) {
            told.entry(key).or_default().push(said);
        }
    }
    Ok(told)
}

/// What one entry tells. One of an earlier version tells of turned obligations alone; what is in another form tells of no
/// row, and the row that it was about is a finding then.
fn tellings(entry: &StoredEntry) -> Vec<(Key, Said)> {
    let Ok(body) = serde_json::from_slice::<Json>(&entry.body) else { return Vec::new() };
    let at = parse_instant(text(&body, "at"), &jiff::tz::TimeZone::UTC).unwrap_or(entry.at);
    let note = &body["note"];
    let record = &note["record"];
    let one = |test: &Json| {
        let word = |at: usize| test[at].as_str().map(str::to_owned);
        let said = Said {
            run: entry.record.number,
            record_type: record[0].as_str()?.to_owned(),
            version: record[2].as_i64()?,
            was: word(2)?,
            standing: word(3)?,
            mark: word(4)?,
            at,
        };
        Some(((text(note, "scope").to_owned(), word(0)?, test[1].as_i64()?, record[1].as_i64()?), said))
    };
    note["tests"].as_array().into_iter().flatten().filter_map(one).collect()
}

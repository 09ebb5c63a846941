//! Stored conformity against the log: every run with its results and exceptions, every judgement and every change of
//! an obligation's state must be what an entry sealed. `proofdesk verify` calls it after the walk over the entries.
//!
//! Not here: whether a result was right when it was found; that is asked again by a new run.
//! Entries of runs before the log told of states (no `turned`) leave the states of their time unproven; they are the
//! oldest rows, and none may come after a proven one.

mod again;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use proofdesk_engine::Engine;
use proofdesk_engine::verify::{FindingKind, Report};
use proofdesk_model::format::{parse_instant, write_instant};
use proofdesk_store::{Select, StoredEntry};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::retest::TURN;
use crate::run::{LISTS_KEPT, digest_of_results, exception_line, marks_of};
use crate::tables::{self, ResultRow};

/// Runs of earlier versions took the clock twice, for the row and for the entry: so far these may lie apart,
/// microseconds.
const CLOCK_TWICE: u64 = 1_000_000;

/// A state as told and as stored: framework, scope, obligation, state, since, cause.
type Turned = (String, String, String, String, i64, String);

/// A stored run, in the columns that its entry tells of.
struct Run {
    id: i64,
    scope: String,
    at: i64,
    digest: String,
}

/// What the entries about conformity tell.
#[derive(Default)]
struct Told {
    runs: BTreeMap<i64, Json>,
    judgements: BTreeMap<i64, Json>,
    turned: Vec<Turned>,
    /// The first run was sealed before entries told of states.
    is_older: bool,
}

fn text<'a>(json: &'a Json, name: &str) -> &'a str {
    json.get(name).and_then(Json::as_str).unwrap_or_default()
}

impl Told {
    async fn read(engine: &Engine) -> Result<Self, Error> {
        let mut told = Self::default();
        for kind in ["conformity_run", "conformity_judgement", TURN] {
            let entries = engine.believed_about(kind).await?;
            entries.iter().for_each(|entry| told.take(kind, entry));
        }
        Ok(told)
    }

    fn take(&mut self, kind: &str, entry: &StoredEntry) {
        // bytes that are no JSON were found by the walk over the leaves
        let Ok(mut body) = serde_json::from_slice::<Json>(&entry.body) else { return };
        let number = entry.record.number;
        let at = parse_instant(text(&body, "at"), &jiff::tz::TimeZone::UTC).unwrap_or(entry.at);
        let by = body["by"].take();
        let mut note = body["note"].take();
        let (scope, since, cause) = match kind {
            "conformity_run" => {
                let as_of = parse_instant(text(&note, "as_of"), &jiff::tz::TimeZone::UTC).unwrap_or(at);
                (text(&note, "scope").to_owned(), as_of, format!("run {number}"))
            }
            TURN => (text(&note, "scope").to_owned(), at, text(&note, "cause").to_owned()),
            _ => (crate::Scope::all().id, at, format!("judgement {number}")),
        };
        let turned = note.get("turned").and_then(Json::as_array).into_iter().flatten();
        for one in turned {
            let part = |i: usize| one.get(i).and_then(Json::as_str).unwrap_or_default().to_owned();
            self.turned.push((part(0), scope.clone(), part(1), part(2), since, cause.clone()));
        }
        match kind {
            "conformity_run" => {
                self.is_older |= self.runs.is_empty() && note.get("turned").is_none();
                note["at"] = Json::from(at);
                self.runs.insert(number, note);
            }
            "conformity_judgement" => {
                note["by"] = by;
                note["at"] = Json::from(at);
                self.judgements.insert(number, note);
            }
            _ => {}
        }
    }
}

/// Compares runs, results, exceptions, records tested again, judgements, states and frameworks with the log, and adds what
/// differs to the report.
///
/// # Errors
/// Only a fault of the database; damage is in the report.
pub async fn verify(engine: &Engine, report: &mut Report) -> Result<(), Error> {
    let told = Told::read(engine).await?;
    verify_runs(engine, &told, report).await?;
    verify_judgements(engine, &told, report).await?;
    verify_states(engine, told, report).await?;
    again::verify(engine, report).await?;
    crate::stored::proof::verify(engine, report).await
}

fn changed(report: &mut Report, name: &str, message: String) {
    report.add(FindingKind::ChangedRow, None, Some(name.to_owned()), message);
}

fn missing(report: &mut Report, name: &str, message: String) {
    report.add(FindingKind::MissingRow, None, Some(name.to_owned()), message);
}

async fn verify_runs(engine: &Engine, told: &Told, report: &mut Report) -> Result<(), Error> {
    let columns = &["id", "scope", "now_at", "digest", "log_size", "trigger", "at"];
    let rows = engine.store().select(Select::from("conformity_run", columns).order("id")).await?;
    let mut gone: BTreeSet<i64> = told.runs.keys().copied().collect();
    let mut kept: HashMap<String, Vec<Vec<ResultRow>>> = HashMap::new();
    for row in &rows {
        report.runs += 1;
        let (id, scope) = (row.int(0), row.text(1).to_owned());
        let run = Run { id, scope, at: row.int(2), digest: row.text(3).to_owned() };
        let name = format!("RUN-{}", run.id);
        let Some(note) = told.runs.get(&run.id) else {
            missing(report, &name, format!("The run {name} is there, but no entry of the log seals it."));
            continue;
        };
        gone.remove(&run.id);
        let same = text(note, "scope") == run.scope
            && text(note, "as_of") == write_instant(run.at)
            && text(note, "digest") == run.digest
            && note.get("log_size").and_then(Json::as_i64) == Some(row.int(4))
            && text(note, "trigger") == row.text(5)
            && note["at"].as_i64().is_some_and(|at| at.abs_diff(row.int(6)) <= CLOCK_TWICE);
        if !same {
            changed(report, &name, format!("The row of {name} is not as the log sealed it."));
        }
        let results = tables::results(engine, run.id).await?;
        verify_results(engine, &run, note, &results, report).await?;
        let newest = kept.entry(run.scope).or_default();
        newest.push(results);
        if newest.len() > LISTS_KEPT {
            newest.remove(0);
        }
    }
    for id in gone {
        let name = format!("RUN-{id}");
        missing(report, &name, format!("The log knows the run {name}, but its row is gone."));
    }
    verify_strays(engine, &told.runs, report).await?;
    let newest: Vec<ResultRow> = kept.into_values().flatten().flatten().collect();
    verify_lists(engine, &newest, report).await
}

/// The results of a run: the digest proves them all, the marks name which was changed.
async fn verify_results(
    engine: &Engine,
    run: &Run,
    note: &Json,
    results: &[ResultRow],
    report: &mut Report,
) -> Result<(), Error> {
    let name = format!("RUN-{}", run.id);
    let select = Select::from("conformity_result", &["test", "population", "scope", "at"]);
    let beside = engine.store().select(select.when("run_id", run.id).order("test")).await?;
    for (row, result) in beside.iter().zip(results) {
        let counted = i64::try_from(result.counts.total()) == Ok(row.int(1));
        if !counted || row.text(2) != run.scope || row.int(3) != run.at {
            let message =
                format!("The result of the test {} in {name} was changed past the log.", result.test);
            changed(report, &name, message);
        }
    }
    if digest_of_results(results) == text(note, "digest") {
        return Ok(());
    }
    let (said, are) = (text(note, "marks"), marks_of(results));
    let same_tests = said.len() == are.len();
    // four bytes are sixteen characters for three results: compare what they stand for
    let differing: Vec<&str> = results
        .iter()
        .enumerate()
        .filter(|(i, _)| same_tests && mark(said, *i) != mark(&are, *i))
        .map(|(_, r)| r.test.as_str())
        .collect();
    let message = match (said.is_empty(), same_tests, differing.is_empty()) {
        (false, true, false) => {
            let now: Vec<String> = results
                .iter()
                .filter(|r| differing.contains(&r.test.as_str()))
                .map(|r| format!("{} (now `{}`)", r.test, r.state.as_str()))
                .collect();
            format!("Results of {name} were changed past the log: {}.", now.join(", "))
        }
        (false, false, _) => format!("Results of {name} were added or removed past the log."),
        _ => format!("Results of {name} were changed past the log: they do not give the sealed digest."),
    };
    changed(report, &name, message);
    Ok(())
}

/// The mark of the result at a place.
fn mark(marks: &str, at: usize) -> Option<Vec<u8>> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD_NO_PAD.decode(marks).ok()?;
    bytes.get(at * 4..at * 4 + 4).map(<[u8]>::to_vec)
}

/// Results of runs that never were.
async fn verify_strays(
    engine: &Engine,
    runs: &BTreeMap<i64, Json>,
    report: &mut Report,
) -> Result<(), Error> {
    let mut last = i64::MIN;
    loop {
        let next = Select::from("conformity_result", &["run_id"]).when_above("run_id", last);
        let rows = engine.store().select(next.order("run_id").limit(1)).await?;
        let Some(row) = rows.first() else { return Ok(()) };
        last = row.int(0);
        if !runs.contains_key(&last) {
            let name = format!("RUN-{last}");
            missing(report, &name, format!("There are results of {name}, which no entry of the log seals."));
        }
    }
}

/// The lists of exceptions that the newest runs mean; older ones are forgotten on purpose, their digests stay.
async fn verify_lists(engine: &Engine, results: &[ResultRow], report: &mut Report) -> Result<(), Error> {
    let mut seen = BTreeSet::new();
    for result in results.iter().filter(|r| seen.insert((r.exceptions_run, r.test.as_str()))) {
        let select =
            Select::from("conformity_exception", &["record_type", "number", "verdict", "why"]).order("seq");
        let select = select.when("run_id", result.exceptions_run).when("test", result.test.as_str());
        let rows = engine.store().select(select).await?;
        let mut hash = Sha256::new();
        for row in &rows {
            hash.update(exception_line(row.text(0), row.int(1), row.text(2), row.text(3)).as_bytes());
        }
        if hex::encode(hash.finalize()) != result.exceptions_digest {
            let name = format!("RUN-{}", result.exceptions_run);
            let message =
                format!("The exceptions of the test {} in {name} were changed past the log.", result.test);
            changed(report, &name, message);
        }
    }
    Ok(())
}

async fn verify_judgements(engine: &Engine, told: &Told, report: &mut Report) -> Result<(), Error> {
    let columns = &[
        "id",
        "framework",
        "obligation",
        "test",
        "at",
        "person",
        "author",
        "verdict",
        "reason",
        "expires_on",
    ];
    let rows = engine.store().select(Select::from("conformity_judgement", columns).order("id")).await?;
    let mut gone: BTreeSet<i64> = told.judgements.keys().copied().collect();
    for row in &rows {
        let id = row.int(0);
        let name = format!("JUD-{id}");
        let Some(note) = told.judgements.get(&id) else {
            missing(
                report,
                &name,
                format!("The judgement {name} is there, but no entry of the log made it."),
            );
            continue;
        };
        gone.remove(&id);
        let opt = |name: &str| note.get(name).and_then(Json::as_str);
        let same = text(note, "framework") == row.text(1)
            && text(note, "obligation") == row.text(2)
            && opt("test") == row.opt_text(3)
            && note["at"].as_i64() == Some(row.int(4))
            && note["by"]["person"].as_i64() == row.opt_int(5)
            && text(&note["by"], "name") == row.text(6)
            && text(note, "opinion") == row.text(7)
            && text(note, "reason") == row.text(8)
            && opt("expires_on") == row.opt_text(9);
        if !same {
            changed(report, &name, format!("The judgement {name} was changed past the log."));
        }
    }
    for id in gone {
        let name = format!("JUD-{id}");
        missing(report, &name, format!("The log knows the judgement {name}, but its row is gone."));
    }
    Ok(())
}

async fn verify_states(engine: &Engine, told: Told, report: &mut Report) -> Result<(), Error> {
    let columns = &["framework", "scope", "obligation", "state", "since", "cause"];
    let rows = engine.store().select(Select::from("conformity_state", columns).order("id")).await?;
    let mut open: HashMap<Turned, u64> = HashMap::new();
    for turned in told.turned {
        *open.entry(turned).or_default() += 1;
    }
    let mut is_older = told.is_older;
    for row in &rows {
        let word = |at: usize| row.text(at).to_owned();
        let shown: Turned = (word(0), word(1), word(2), word(3), row.int(4), word(5));
        match open.get_mut(&shown).filter(|n| **n > 0) {
            Some(n) => {
                *n -= 1;
                is_older = false;
            }
            None if is_older => {}
            None => {
                let (_, _, obligation, state, since, cause) = &shown;
                let message = format!(
                    "That obligation {obligation} was `{state}` since {} ({cause}) is in no entry of the log.",
                    write_instant(*since)
                );
                changed(report, obligation, message);
            }
        }
    }
    let mut gone: Vec<Turned> = open.into_iter().filter(|(_, n)| *n > 0).map(|(turned, _)| turned).collect();
    gone.sort();
    for (_, _, obligation, state, since, cause) in gone {
        let message = format!(
            "The log says that obligation {obligation} was `{state}` since {} ({cause}), but that row is gone or changed.",
            write_instant(since)
        );
        missing(report, &obligation, message);
    }
    Ok(())
}

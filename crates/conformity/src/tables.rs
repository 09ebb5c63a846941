//! Rows of the tables `conformity_*`: what is read from them and what is written to them, by name.
//!
//! Invariant: runs, results, states and judgements are only ever added; `conformity_retest` alone is rewritten.

mod write;

use proofdesk_engine::Engine;
use proofdesk_store::{Row, Select};

use crate::error::Error;
use crate::state::{Counts, Opinion, State};
use crate::stored::{PUBLISHED, REQUIREMENTS};
use crate::why::{Standing, Why};
pub(crate) use write::{
    add_exception, add_judgement, add_result, add_run, add_state, add_stored, forget_retests, put_retest,
};

/// A run as stored.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct RunRow {
    /// Its number.
    pub id: i64,
    /// When it was made, microseconds UTC.
    pub at: i64,
    /// Leaves of the log that it saw.
    pub log_size: i64,
    /// Why it was made.
    pub trigger: String,
    /// How long it took, microseconds.
    pub duration: i64,
    /// How many tests it asked.
    pub tests: i64,
    /// Its scope.
    pub scope: String,
    /// SHA-256 over all its results, hexadecimal, as sealed in the log.
    pub digest: String,
}

/// A result as stored.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct ResultRow {
    /// Number of its run.
    pub run: i64,
    /// When, microseconds UTC.
    pub at: i64,
    /// The test.
    pub test: String,
    /// How it stood.
    pub state: State,
    /// What it counted.
    pub counts: Counts,
    /// Version of the test's declaration.
    pub declaration: String,
    /// What went wrong or was seen, where a word is needed.
    pub detail: Option<String>,
    /// How long the question took, microseconds; shared by all tests of a pass.
    pub duration: i64,
    /// The run whose exceptions are those of this one, too.
    pub exceptions_run: i64,
    /// Digest of the exceptions.
    pub exceptions_digest: String,
}

/// An exception as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExceptionRow {
    pub seq: i64,
    pub record_type: String,
    pub number: i64,
    pub standing: Standing,
    pub why: Vec<Why>,
}

/// A change of state as stored.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct StateRow {
    /// The obligation.
    pub obligation: String,
    /// Since when, microseconds UTC.
    pub since: i64,
    /// How it stands since then.
    pub state: State,
    /// The run that found it; none when a change of a record or a judgement did.
    pub run: Option<i64>,
    /// What brought it: `run 12`, `INC-7`, `judgement 3`.
    pub cause: String,
}

/// A judgement as stored.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct JudgementRow {
    /// Its number.
    pub id: i64,
    /// The framework.
    #[serde(skip)]
    pub framework: String,
    /// The obligation that it is about.
    pub obligation: String,
    /// The test of kind `attest` that it answers, where it does.
    pub test: Option<String>,
    /// When, microseconds UTC.
    pub at: i64,
    /// Number of the person, where the author has one.
    pub person: Option<i64>,
    /// Who judged.
    pub author: String,
    /// What was judged.
    pub opinion: Opinion,
    /// Why.
    pub reason: String,
    /// Last day on which it holds, `YYYY-MM-DD`.
    pub expires_on: Option<String>,
}

/// A record that was tested again since the last full run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RetestRow {
    pub test: String,
    pub side: i64,
    pub record_type: String,
    pub number: i64,
    pub was: Standing,
    pub standing: Standing,
    pub why: Vec<Why>,
    pub at: i64,
    pub version: i64,
    pub run: i64,
}

/// An edition of a framework, or what joins it to tests, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredRow {
    pub id: i64,
    pub framework: String,
    pub part: String,
    pub state: String,
    pub edition: String,
    pub digest: String,
    pub source: String,
    pub origin: String,
    pub at: i64,
    pub person: Option<i64>,
    pub author: String,
}

const RUN: &[&str] = &["id", "now_at", "log_size", "trigger", "duration_us", "tests", "scope", "digest"];
const RESULT: &[&str] = &[
    "run_id",
    "at",
    "test",
    "state",
    "holds",
    "fails",
    "errors",
    "declaration",
    "detail",
    "duration_us",
    "exceptions_run",
    "exceptions_digest",
];

fn count(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

fn read_run(row: &Row) -> RunRow {
    RunRow {
        id: row.int(0),
        at: row.int(1),
        log_size: row.int(2),
        trigger: row.text(3).to_owned(),
        duration: row.int(4),
        tests: row.int(5),
        scope: row.text(6).to_owned(),
        digest: row.text(7).to_owned(),
    }
}

fn read_result(row: &Row) -> ResultRow {
    ResultRow {
        run: row.int(0),
        at: row.int(1),
        test: row.text(2).to_owned(),
        state: State::parse(row.text(3)),
        counts: Counts { holds: count(row.int(4)), fails: count(row.int(5)), errors: count(row.int(6)) },
        declaration: row.text(7).to_owned(),
        detail: row.opt_text(8).map(str::to_owned),
        duration: row.int(9),
        exceptions_run: row.opt_int(10).unwrap_or(row.int(0)),
        exceptions_digest: row.text(11).to_owned(),
    }
}

/// The newest runs of a scope, newest first.
pub(crate) async fn runs(engine: &Engine, scope: &str, limit: usize) -> Result<Vec<RunRow>, Error> {
    let select = Select::from("conformity_run", RUN).when("scope", scope).order_descending("id").limit(limit);
    Ok(engine.store().select(select).await?.iter().map(read_run).collect())
}

/// The newest run of a scope that was made not after an instant.
pub(crate) async fn run_not_after(engine: &Engine, scope: &str, at: i64) -> Result<Option<RunRow>, Error> {
    let select = Select::from("conformity_run", RUN).when("scope", scope).when_up_to("now_at", at);
    Ok(engine.store().select(select.order_descending("id").limit(1)).await?.first().map(read_run))
}

/// The first run of a scope at or after an instant.
pub(crate) async fn first_run_since(engine: &Engine, scope: &str, at: i64) -> Result<Option<RunRow>, Error> {
    let select = Select::from("conformity_run", RUN).when("scope", scope);
    let select = select.when_above("now_at", at.saturating_sub(1));
    Ok(engine.store().select(select.order("id").limit(1)).await?.first().map(read_run))
}

/// Since when a framework that did not come with the program is in force; none for any other.
pub(crate) async fn published_since(engine: &Engine, framework: &str) -> Result<Option<i64>, Error> {
    let select = Select::from("conformity_framework", &["at"]).when("framework", framework);
    let select = select.when("part", REQUIREMENTS).when("state", PUBLISHED);
    Ok(engine.store().select(select.order("id").limit(1)).await?.first().map(|row| row.int(0)))
}

/// A run by number.
pub(crate) async fn run(engine: &Engine, id: i64) -> Result<Option<RunRow>, Error> {
    let select = Select::from("conformity_run", RUN).when("id", id).limit(1);
    Ok(engine.store().select(select).await?.first().map(read_run))
}

/// All results of a run, by test.
pub(crate) async fn results(engine: &Engine, run: i64) -> Result<Vec<ResultRow>, Error> {
    let select = Select::from("conformity_result", RESULT).when("run_id", run).order("test");
    Ok(engine.store().select(select).await?.iter().map(read_result).collect())
}

/// The newest results of a test, newest first.
pub(crate) async fn trend(
    engine: &Engine,
    scope: &str,
    test: &str,
    limit: usize,
) -> Result<Vec<ResultRow>, Error> {
    let select = Select::from("conformity_result", RESULT).when("scope", scope).when("test", test);
    let select = select.order_descending("run_id").limit(limit);
    Ok(engine.store().select(select).await?.iter().map(read_result).collect())
}

/// Exceptions of a test in a run, in order, after a place.
pub(crate) async fn exceptions(
    engine: &Engine,
    run: i64,
    test: &str,
    after: i64,
    limit: usize,
) -> Result<Vec<ExceptionRow>, Error> {
    let columns = &["seq", "record_type", "number", "verdict", "why"];
    let select = Select::from("conformity_exception", columns).when("run_id", run).when("test", test);
    let select = select.when_above("seq", after).order("seq").limit(limit);
    let read = |row: &Row| ExceptionRow {
        seq: row.int(0),
        record_type: row.text(1).to_owned(),
        number: row.int(2),
        standing: Standing::parse(row.text(3)),
        why: serde_json::from_str(row.text(4)).unwrap_or_default(),
    };
    Ok(engine.store().select(select).await?.iter().map(read).collect())
}

/// The stored exceptions of one record: run, test and standing.
pub(crate) async fn exceptions_of(
    engine: &Engine,
    record_type: &str,
    number: i64,
) -> Result<Vec<(i64, String, Standing)>, Error> {
    let select = Select::from("conformity_exception", &["run_id", "test", "verdict"])
        .when("record_type", record_type)
        .when("number", number);
    let read = |row: &Row| (row.int(0), row.text(1).to_owned(), Standing::parse(row.text(2)));
    Ok(engine.store().select(select).await?.iter().map(read).collect())
}

/// All changes of state of a framework in a scope, or of one obligation; oldest first.
pub(crate) async fn states(
    engine: &Engine,
    framework: &str,
    scope: &str,
    obligation: Option<&str>,
) -> Result<Vec<StateRow>, Error> {
    let columns = &["obligation", "since", "state", "run_id", "cause"];
    let mut select =
        Select::from("conformity_state", columns).when("framework", framework).when("scope", scope);
    if let Some(obligation) = obligation {
        select = select.when("obligation", obligation);
    }
    Ok(engine.store().select(select.order("id")).await?.iter().map(state_row).collect())
}

/// The newest state of each obligation of a framework in a scope.
pub(crate) async fn newest_states(
    engine: &Engine,
    framework: &str,
    scope: &str,
) -> Result<Vec<StateRow>, Error> {
    Ok(engine.store().newest_states(framework, scope).await?.iter().map(state_row).collect())
}

fn state_row(row: &Row) -> StateRow {
    StateRow {
        obligation: row.text(0).to_owned(),
        since: row.int(1),
        state: State::parse(row.text(2)),
        run: row.opt_int(3),
        cause: row.text(4).to_owned(),
    }
}

/// Judgements of a framework, or of one obligation; oldest first.
pub(crate) async fn judgements(
    engine: &Engine,
    framework: &str,
    obligation: Option<&str>,
) -> Result<Vec<JudgementRow>, Error> {
    let columns = &["id", "obligation", "test", "at", "person", "author", "verdict", "reason", "expires_on"];
    let mut select = Select::from("conformity_judgement", columns).when("framework", framework);
    if let Some(obligation) = obligation {
        select = select.when("obligation", obligation);
    }
    let read = |row: &Row| {
        Some(JudgementRow {
            id: row.int(0),
            framework: framework.to_owned(),
            obligation: row.text(1).to_owned(),
            test: row.opt_text(2).map(str::to_owned),
            at: row.int(3),
            person: row.opt_int(4),
            author: row.text(5).to_owned(),
            opinion: Opinion::parse(row.text(6))?,
            reason: row.text(7).to_owned(),
            expires_on: row.opt_text(8).map(str::to_owned),
        })
    };
    Ok(engine.store().select(select.order("id")).await?.iter().filter_map(read).collect())
}

const STORED: &[&str] =
    &["id", "framework", "part", "state", "edition", "digest", "source", "origin", "at", "person", "author"];

/// The number of the newest stored edition; 0 where there is none.
pub(crate) async fn newest_stored(engine: &Engine) -> Result<i64, Error> {
    let select = Select::from("conformity_framework", &["id"]).order_descending("id").limit(1);
    Ok(engine.store().select(select).await?.first().map_or(0, |row| row.int(0)))
}

/// All stored editions and links, oldest first.
pub(crate) async fn stored(engine: &Engine) -> Result<Vec<StoredRow>, Error> {
    let read = |row: &Row| StoredRow {
        id: row.int(0),
        framework: row.text(1).to_owned(),
        part: row.text(2).to_owned(),
        state: row.text(3).to_owned(),
        edition: row.text(4).to_owned(),
        digest: row.text(5).to_owned(),
        source: row.text(6).to_owned(),
        origin: row.text(7).to_owned(),
        at: row.int(8),
        person: row.opt_int(9),
        author: row.text(10).to_owned(),
    };
    let select = Select::from("conformity_framework", STORED).order("id");
    Ok(engine.store().select(select).await?.iter().map(read).collect())
}

const RETEST: &[&str] =
    &["test", "side", "record_type", "number", "was", "standing", "why", "at", "version", "run_id"];

/// What one record is to the tests that asked about it again since the last full run.
pub(crate) async fn retests(
    engine: &Engine,
    scope: &str,
    run: i64,
    record_type: &str,
    number: i64,
) -> Result<Vec<RetestRow>, Error> {
    let select = Select::from("conformity_retest", RETEST).when("record_type", record_type);
    read_retests(engine, select.when("number", number).when("scope", scope).when("run_id", run)).await
}

/// What records are to one test that asked about them again; at most 1,000.
pub(crate) async fn retests_of(
    engine: &Engine,
    scope: &str,
    run: i64,
    test: &str,
) -> Result<Vec<RetestRow>, Error> {
    let select =
        Select::from("conformity_retest", RETEST).when("scope", scope).when("run_id", run).when("test", test);
    read_retests(engine, select.limit(1_000)).await
}

async fn read_retests(engine: &Engine, select: Select) -> Result<Vec<RetestRow>, Error> {
    let read = |row: &Row| RetestRow {
        test: row.text(0).to_owned(),
        side: row.int(1),
        record_type: row.text(2).to_owned(),
        number: row.int(3),
        was: Standing::parse(row.text(4)),
        standing: Standing::parse(row.text(5)),
        why: serde_json::from_str(row.text(6)).unwrap_or_default(),
        at: row.int(7),
        version: row.int(8),
        run: row.int(9),
    };
    Ok(engine.store().select(select.order("test").order("number")).await?.iter().map(read).collect())
}

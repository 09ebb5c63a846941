//! Statements that add rows to the tables `conformity_*`.

use proofdesk_store::{Arg, ArgType, Statement};

use super::{ExceptionRow, JudgementRow, ResultRow, RetestRow, RunRow, StateRow, StoredRow};
use crate::why::stored;

fn int(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn opt_text(text: Option<&str>) -> Arg {
    text.map_or(Arg::Null(ArgType::Text), Arg::from)
}

/// Keeps a run.
pub(crate) fn add_run(run: &RunRow, made_at: i64, write_id: &uuid::Uuid) -> Statement {
    Statement::insert("conformity_run")
        .set("id", run.id)
        .set("at", made_at)
        .set("now_at", run.at)
        .set("log_size", run.log_size)
        .set("trigger", run.trigger.as_str())
        .set("duration_us", run.duration)
        .set("tests", run.tests)
        .set("scope", run.scope.as_str())
        .set("digest", run.digest.as_str())
        .set("write_id", write_id.as_bytes().to_vec())
}

/// Keeps a result. `started` is the time from the start of the run to the question, microseconds.
pub(crate) fn add_result(result: &ResultRow, scope: &str, started: i64) -> Statement {
    Statement::insert("conformity_result")
        .set("run_id", result.run)
        .set("test", result.test.as_str())
        .set("state", result.state.as_str())
        .set("population", int(result.counts.total()))
        .set("holds", int(result.counts.holds))
        .set("fails", int(result.counts.fails))
        .set("errors", int(result.counts.errors))
        .set("started_us", started)
        .set("duration_us", result.duration)
        .set("detail", opt_text(result.detail.as_deref()))
        .set("scope", scope)
        .set("at", result.at)
        .set("declaration", result.declaration.as_str())
        .set("exceptions_run", result.exceptions_run)
        .set("exceptions_digest", result.exceptions_digest.as_str())
}

/// Keeps an exception.
pub(crate) fn add_exception(run: i64, test: &str, exception: &ExceptionRow) -> Statement {
    Statement::insert("conformity_exception")
        .set("run_id", run)
        .set("test", test)
        .set("seq", exception.seq)
        .set("record_type", exception.record_type.as_str())
        .set("number", exception.number)
        .set("verdict", exception.standing.as_str())
        .set("why", stored(&exception.why))
}

/// Keeps a change of state.
pub(crate) fn add_state(framework: &str, scope: &str, state: &StateRow) -> Statement {
    Statement::insert("conformity_state")
        .set("framework", framework)
        .set("scope", scope)
        .set("obligation", state.obligation.as_str())
        .set("since", state.since)
        .set("state", state.state.as_str())
        .set("run_id", state.run.map_or(Arg::Null(ArgType::Int), Arg::Int))
        .set("cause", state.cause.as_str())
}

/// Keeps a judgement.
pub(crate) fn add_judgement(framework: &str, judgement: &JudgementRow, write_id: &uuid::Uuid) -> Statement {
    Statement::insert("conformity_judgement")
        .set("id", judgement.id)
        .set("framework", framework)
        .set("obligation", judgement.obligation.as_str())
        .set("test", opt_text(judgement.test.as_deref()))
        .set("at", judgement.at)
        .set("person", judgement.person.map_or(Arg::Null(ArgType::Int), Arg::Int))
        .set("author", judgement.author.as_str())
        .set("verdict", judgement.opinion.as_str())
        .set("reason", judgement.reason.as_str())
        .set("expires_on", opt_text(judgement.expires_on.as_deref()))
        .set("write_id", write_id.as_bytes().to_vec())
}

/// Keeps or rewrites what a record is to a test since the last full run.
pub(crate) fn put_retest(scope: &str, retest: &RetestRow) -> Statement {
    Statement::upsert("conformity_retest")
        .key("scope", scope)
        .key("test", retest.test.as_str())
        .key("side", retest.side)
        .key("number", retest.number)
        .set("record_type", retest.record_type.as_str())
        .set("was", retest.was.as_str())
        .set("standing", retest.standing.as_str())
        .set("why", stored(&retest.why))
        .set("at", retest.at)
        .set("version", retest.version)
        .set("run_id", retest.run)
}

/// Forgets what was tested again since earlier runs: a full run has counted it.
pub(crate) fn forget_retests(scope: &str, run: i64) -> Statement {
    Statement::delete("conformity_retest").when("scope", scope).when_below("run_id", run)
}

/// Keeps an edition of a framework, or what joins it to tests.
pub(crate) fn add_stored(row: &StoredRow, write_id: &uuid::Uuid) -> Statement {
    Statement::insert("conformity_framework")
        .set("id", row.id)
        .set("framework", row.framework.as_str())
        .set("part", row.part.as_str())
        .set("state", row.state.as_str())
        .set("edition", row.edition.as_str())
        .set("digest", row.digest.as_str())
        .set("source", row.source.as_str())
        .set("origin", row.origin.as_str())
        .set("at", row.at)
        .set("person", row.person.map_or(Arg::Null(ArgType::Int), Arg::Int))
        .set("author", row.author.as_str())
        .set("write_id", write_id.as_bytes().to_vec())
}

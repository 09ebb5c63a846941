//! Sets of records by what is odd in them, and by what an auditor would sample.
//!
//! A set is told by its size and by the SHA-256 of its keys, sorted as text and joined with line feeds, so that two
//! lists can be compared without being printed.

use std::collections::BTreeMap;

use proofdesk_model::{RecordType, StateKind};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::life::Life;

const DAY_HOURS: f64 = 24.0;

/// A set of records.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct IdSet {
    /// How many.
    pub n: u64,
    /// Of the keys, sorted and joined with line feeds; hexadecimal.
    pub sha256: String,
    /// The first ten keys.
    pub first: Vec<String>,
}

fn set<'a>(lives: impl Iterator<Item = &'a Life>) -> IdSet {
    let mut keys: Vec<&str> = lives.map(|l| l.key.as_str()).collect();
    keys.sort_unstable();
    IdSet {
        n: keys.len() as u64,
        sha256: hex::encode(Sha256::digest(keys.join("\n").as_bytes())),
        first: keys.iter().take(10).map(|k| (*k).to_owned()).collect(),
    }
}

type Test<'a> = (&'static str, &'a dyn Fn(&Life) -> bool);

fn sets(lives: &[Life], tests: &[Test<'_>]) -> BTreeMap<&'static str, IdSet> {
    tests.iter().map(|(name, test)| (*name, set(lives.iter().filter(|l| test(l))))).collect()
}

pub(super) fn data_quality(lives: &[Life]) -> BTreeMap<&'static str, IdSet> {
    sets(
        lives,
        &[
            ("events_before_reported", &|l| l.before_reported),
            ("counter_not_increasing", &|l| l.counter.1),
            ("time_goes_back", &|l| l.time_goes_back),
            ("closed_more_than_once", &|l| l.closed_events > 1),
            ("reporter_changes", &|l| l.reporter_changes),
            ("team_changes_differ_from_count", &|l| {
                l.int("reassignment_count").is_some_and(|n| n != l.team_changes)
            }),
        ],
    )
}

pub(super) fn conformity(lives: &[Life], of: &RecordType) -> BTreeMap<&'static str, IdSet> {
    let closed = |l: &Life| of.state_kind(l.state()) == StateKind::Closed;
    let none = |l: &Life, field: &str| l.last.get(field).is_none_or(serde_json::Value::is_null);
    let unrelated =
        |l: &Life, field: &str| l.relations.get(field).is_none_or(std::collections::BTreeSet::is_empty);
    let hours = |l: &Life, end: Option<i64>| Some(Life::hours(l.instant("reported_at")?, end?));
    let urgent = |l: &Life| matches!(l.text("priority"), Some("p1" | "p2"));
    let flag = |l: &Life| l.flag("recorded_target_met");
    sets(
        lives,
        &[
            ("closed_without_any_resolved_state", &|l| closed(l) && l.first_resolution.is_none()),
            ("closed_without_recorded_resolution", &|l| closed(l) && none(l, "resolved_at")),
            ("closed_without_resolver", &|l| closed(l) && none(l, "resolved_by")),
            ("closed_without_closure_code", &|l| closed(l) && none(l, "closure_code")),
            ("closed_without_team", &|l| closed(l) && none(l, "team")),
            ("closed_without_owner", &|l| closed(l) && none(l, "assignee")),
            ("closed_without_category", &|l| closed(l) && none(l, "category")),
            ("closed_without_affected_item", &|l| closed(l) && unrelated(l, "affects")),
            ("p1_without_problem", &|l| l.text("priority") == Some("p1") && unrelated(l, "problems")),
            ("p1_or_p2_not_confirmed", &|l| urgent(l) && l.flag("priority_confirmed") != Some(true)),
            ("reopened_after_closed", &|l| l.reopened_after_closed),
            ("target_missed_although_resolved_within_a_day", &|l| {
                flag(l) == Some(false) && hours(l, l.effective).is_some_and(|h| h < DAY_HOURS)
            }),
            ("target_met_although_open_more_than_ten_days", &|l| {
                flag(l) == Some(true)
                    && hours(l, l.instant("closed_at")).is_some_and(|h| h > 10.0 * DAY_HOURS)
            }),
            ("reassigned_five_times_or_more", &|l| l.int("reassignment_count").is_some_and(|n| n >= 5)),
            ("resolved_within_a_minute", &|l| hours(l, l.effective).is_some_and(|h| h <= 1.0 / 60.0)),
            ("waited_for_a_problem_that_is_not_linked", &|l| {
                l.waited_for_problem && !l.ever.contains("problems")
            }),
        ],
    )
}

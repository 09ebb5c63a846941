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

type Test = (&'static str, fn(&Life, &RecordType) -> bool);

/// What is odd in the data.
const DATA_QUALITY: [Test; 6] = [
    ("events_before_reported", |l, _| l.before_reported),
    ("counter_not_increasing", |l, _| l.counter.1),
    ("time_goes_back", |l, _| l.time_goes_back),
    ("closed_more_than_once", |l, _| l.closed_events > 1),
    ("reporter_changes", |l, _| l.reporter_changes),
    ("team_changes_differ_from_count", |l, _| {
        l.int("reassignment_count").is_some_and(|n| n != l.team_changes)
    }),
];

/// What an auditor would sample.
const CONFORMITY: [Test; 16] = [
    ("closed_without_any_resolved_state", |l, of| closed(l, of) && l.first_resolution.is_none()),
    ("closed_without_recorded_resolution", |l, of| closed(l, of) && none(l, "resolved_at")),
    ("closed_without_resolver", |l, of| closed(l, of) && none(l, "resolved_by")),
    ("closed_without_closure_code", |l, of| closed(l, of) && none(l, "closure_code")),
    ("closed_without_team", |l, of| closed(l, of) && none(l, "team")),
    ("closed_without_owner", |l, of| closed(l, of) && none(l, "assignee")),
    ("closed_without_category", |l, of| closed(l, of) && none(l, "category")),
    ("closed_without_affected_item", |l, of| closed(l, of) && unrelated(l, "affects")),
    ("p1_without_problem", |l, _| l.text("priority") == Some("p1") && unrelated(l, "problems")),
    ("p1_or_p2_not_confirmed", |l, _| {
        matches!(l.text("priority"), Some("p1" | "p2")) && l.flag("priority_confirmed") != Some(true)
    }),
    ("reopened_after_closed", |l, _| l.reopened_after_closed),
    ("target_missed_although_resolved_within_a_day", |l, _| {
        l.flag("recorded_target_met") == Some(false) && hours(l, l.effective).is_some_and(|h| h < DAY_HOURS)
    }),
    ("target_met_although_open_more_than_ten_days", |l, _| {
        l.flag("recorded_target_met") == Some(true)
            && hours(l, l.instant("closed_at")).is_some_and(|h| h > 10.0 * DAY_HOURS)
    }),
    ("reassigned_five_times_or_more", |l, _| l.int("reassignment_count").is_some_and(|n| n >= 5)),
    ("resolved_within_a_minute", |l, _| hours(l, l.effective).is_some_and(|h| h <= 1.0 / 60.0)),
    ("waited_for_a_problem_that_is_not_linked", |l, _| l.waited_for_problem && !l.ever.contains("problems")),
];

fn closed(life: &Life, of: &RecordType) -> bool {
    of.state_kind(life.state()) == StateKind::Closed
}

fn none(life: &Life, field: &str) -> bool {
    life.last.get(field).is_none_or(serde_json::Value::is_null)
}

fn unrelated(life: &Life, field: &str) -> bool {
    life.relations.get(field).is_none_or(std::collections::BTreeSet::is_empty)
}

fn hours(life: &Life, end: Option<i64>) -> Option<f64> {
    Some(Life::hours(life.instant("reported_at")?, end?))
}

/// The keys of the records that are in some set, one after another, each with a bit for each set.
#[derive(Debug, Default)]
pub(super) struct Sets {
    keys: String,
    /// Where a key ends, and its sets.
    marks: Vec<(usize, u32)>,
}

impl Sets {
    /// Takes a record.
    pub fn take(&mut self, life: &Life, of: &RecordType) {
        let tests = DATA_QUALITY.iter().chain(&CONFORMITY).enumerate();
        let bits = tests.fold(0, |bits, (at, (_, test))| bits | (u32::from(test(life, of)) << at));
        if bits != 0 {
            self.keys.push_str(&life.key);
            self.marks.push((self.keys.len(), bits));
        }
    }

    /// What is odd in the data, and what an auditor would sample.
    pub fn finish(self) -> [BTreeMap<String, IdSet>; 2] {
        let Self { keys, marks } = self;
        let mut from = 0;
        let mut found: Vec<(&str, u32)> = Vec::with_capacity(marks.len());
        for (until, bits) in marks {
            found.push((keys.get(from..until).unwrap_or_default(), bits));
            from = until;
        }
        found.sort_unstable();
        let set = |at: usize| {
            let mut set = IdSet::default();
            let mut hash = Sha256::new();
            for (key, _) in found.iter().filter(|(_, bits)| bits >> at & 1 == 1) {
                if set.n > 0 {
                    hash.update(b"\n");
                }
                hash.update(key.as_bytes());
                set.n += 1;
                if set.first.len() < 10 {
                    set.first.push((*key).to_owned());
                }
            }
            set.sha256 = hex::encode(hash.finalize());
            set
        };
        let named = |tests: &[Test], from: usize| {
            tests.iter().enumerate().map(|(at, (name, _))| ((*name).to_owned(), set(from + at))).collect()
        };
        [named(&DATA_QUALITY, 0), named(&CONFORMITY, DATA_QUALITY.len())]
    }
}

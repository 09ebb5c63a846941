//! The life of one record, replayed from its entries: what the figures count.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use proofdesk_model::{RecordType, StateKind};
use serde_json::Value as Json;

use super::Tally;
use super::body::Body;

/// Longest text, in bytes, that is kept of a value: figures count by names and choices, not by what people wrote.
const LONGEST: usize = 120;
/// Stands for a longer one.
const LONG: &str = "…";

/// One record as the figures see it. Instants in microseconds UTC.
#[derive(Debug, Clone, Default)]
pub struct Life {
    /// Number within the type.
    pub number: i64,
    /// Key in the source it came from, else its reference.
    pub key: String,
    /// Entries that are events: all but notes.
    pub events: u64,
    /// First and last instant of its events.
    pub span: (i64, i64),
    /// Values after the last event; links as numbers. Of a long text only that there is one ([`LONGEST`]). Names are
    /// shared by all records.
    pub last: HashMap<Arc<str>, Json>,
    /// When it was resolved: as recorded, else its last event in a state of the kind `done`.
    pub effective: Option<i64>,
    /// Its first event in a state of the kind `done`.
    pub first_resolution: Option<i64>,
    /// Its first event in a state beyond `new`.
    pub first_response: Option<i64>,
    /// Spans in which it waited for the customer.
    pub waits: Vec<(i64, i64)>,
    /// Every priority it had, in order of first appearance.
    pub priorities: Vec<String>,
    /// Highest count of reopenings that its events told.
    pub reopen_count: i64,
    /// Steps from done or closed back to work.
    pub reopenings: u64,
    /// Steps from closed back to work.
    pub reopened_after_closed: bool,
    /// Changes of the team from one event to the next, to nobody included.
    pub team_changes: i64,
    /// Events in a state of the kind `closed`.
    pub closed_events: u64,
    /// Whether some event lies before it was reported.
    pub before_reported: bool,
    /// Whether some event lies before the one before it.
    pub time_goes_back: bool,
    /// Whether who reported it changed.
    pub reporter_changes: bool,
    /// Whether it ever waited for a problem to be solved.
    pub waited_for_problem: bool,
    /// Relations that it ever had.
    pub ever: BTreeSet<String>,
    /// Relations after the last event: field to numbers.
    pub relations: BTreeMap<String, BTreeSet<i64>>,
    /// Name of who made the last event.
    pub last_by: String,
    /// Counter of updates in the source: gaps, and whether it ever did not grow.
    pub counter: (u64, bool),
    /// The kept values after the last event.
    pub kept: HashMap<String, Json>,
    /// The value asked for by [`super::Scope::path`] at each event, with its instant.
    pub path: Vec<(String, i64)>,
    /// Which columns have a value, by the places of the tally.
    present: Vec<bool>,
    state: String,
    label: String,
    seen_counter: Option<i64>,
    waiting_since: Option<i64>,
}

impl Life {
    /// A record before its first entry.
    pub fn new(number: i64, reference: String) -> Self {
        Self { number, key: reference, ..Self::default() }
    }

    /// A text of the last event; none when it is missing.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.last.get(field).or_else(|| self.kept.get(field)).and_then(Json::as_str)
    }

    /// A number, or the number of a linked record.
    pub fn int(&self, field: &str) -> Option<i64> {
        self.last.get(field).and_then(Json::as_i64)
    }

    /// Yes or no; none when it is missing.
    pub fn flag(&self, field: &str) -> Option<bool> {
        self.last.get(field).and_then(Json::as_bool)
    }

    /// An instant, microseconds UTC.
    pub fn instant(&self, field: &str) -> Option<i64> {
        instant(self.text(field)?)
    }

    /// The state after the last event.
    pub fn state(&self) -> &str {
        &self.state
    }

    /// Time between two instants in hours.
    pub fn hours(from: i64, to: i64) -> f64 {
        (to - from) as f64 / super::spread::HOUR
    }

    /// Time that it waited for the customer before an instant, microseconds.
    pub fn waited_before(&self, end: i64) -> i64 {
        self.waits.iter().map(|(from, to)| ((*to).min(end) - *from).max(0)).sum()
    }

    /// Takes its next entry.
    pub(super) fn take(&mut self, body: &Body<'_>, of: &RecordType, tally: &mut Tally) {
        if let Some(key) = &body.key {
            self.key = key.to_string();
        }
        let team = self.last.get("team").cloned();
        let reporter = self.last.get("reported_by").cloned();
        for (field, (_, new)) in &body.set {
            self.last.insert(tally.name(field), brief(new));
            tally.value(field, new, &mut self.present);
        }
        for link in &body.links {
            let Some(number) = link.number() else { continue };
            let numbers = self.relations.entry(link.relation.to_string()).or_default();
            if link.add {
                numbers.insert(number);
                self.ever.insert(link.relation.to_string());
                tally.value(&link.relation, &Json::from(number), &mut self.present);
            } else {
                numbers.remove(&number);
                if numbers.is_empty() {
                    tally.value(&link.relation, &Json::Null, &mut self.present);
                }
            }
        }
        for (name, value) in body.kept() {
            self.kept.insert(name.clone(), value.clone());
            tally.value(name, value, &mut self.present);
        }
        let at = body.occurred();
        let first = self.events == 0;
        self.times(at, first);
        if !first {
            self.team_changes += i64::from(self.last.get("team") != team.as_ref());
            self.reporter_changes |= self.last.get("reported_by") != reporter.as_ref();
        }
        self.step(at, first, of, tally);
        self.count(at, tally);
        self.last_by = body.by.name.to_string();
        tally.value("by", &Json::from(&*body.by.name), &mut self.present);
        tally.event(self, at, &self.present);
        self.events += 1;
    }

    fn times(&mut self, at: i64, first: bool) {
        if first {
            self.span = (at, at);
        }
        self.time_goes_back |= at < self.span.1 && !first;
        self.span = (self.span.0.min(at), if first { at } else { self.span.1.max(at) });
    }

    /// What the state says.
    fn step(&mut self, at: i64, first: bool, of: &RecordType, tally: &mut Tally) {
        let before = (!first).then(|| (of.state_kind(&self.state), std::mem::take(&mut self.label)));
        self.state = self.text("state").map_or_else(|| of.initial_state().to_owned(), str::to_owned);
        let kind = of.state_kind(&self.state);
        let reason = self.text("hold_reason").map(str::to_owned);
        self.label = match &reason {
            Some(reason) if kind == StateKind::Waiting => format!("{}: {reason}", self.state),
            _ => self.state.clone(),
        };
        tally.state(before.as_ref().map(|(_, label)| label.as_str()), &self.label);
        if let Some(since) = self.waiting_since.take() {
            self.waits.push((since, at.max(since)));
        }
        if kind == StateKind::Waiting {
            match reason.as_deref() {
                Some("customer") => self.waiting_since = Some(at),
                Some("problem") => self.waited_for_problem = true,
                _ => {}
            }
        }
        if kind == StateKind::Done {
            self.effective = Some(at);
            self.first_resolution = Some(self.first_resolution.map_or(at, |t| t.min(at)));
        }
        self.closed_events += u64::from(kind == StateKind::Closed);
        if kind != StateKind::New {
            self.first_response = Some(self.first_response.map_or(at, |t| t.min(at)));
        }
        if let Some((old, _)) = before
            && matches!(old, StateKind::Done | StateKind::Closed)
            && kind.is_open()
        {
            self.reopenings += 1;
            self.reopened_after_closed |= old == StateKind::Closed;
        }
    }

    /// What counts and comparisons say.
    fn count(&mut self, at: i64, tally: &Tally) {
        self.before_reported |= self.instant("reported_at").is_some_and(|t| at < t);
        self.reopen_count = self.reopen_count.max(self.int("reopen_count").unwrap_or_default());
        if let Some(priority) = self.text("priority").map(str::to_owned)
            && !self.priorities.contains(&priority)
        {
            self.priorities.push(priority);
        }
        let counter =
            tally.counter.as_deref().and_then(|name| self.kept.get(name)?.as_str()?.parse::<i64>().ok());
        if let Some(counter) = counter {
            if let Some(before) = self.seen_counter {
                self.counter.0 += u64::from(counter - before > 1);
                self.counter.1 |= counter <= before;
            }
            self.seen_counter = Some(counter);
        }
        if let Some(step) = tally.path.as_deref().and_then(|name| self.text(name)).map(str::to_owned) {
            self.path.push((step, at));
        }
    }

    /// After the last entry: a recorded resolution wins over the last event that resolved.
    pub(super) fn finish(&mut self, tally: &mut Tally) {
        tally.end(self.events, &self.present);
        self.last.retain(|_, value| !value.is_null());
        self.last.shrink_to_fit();
        self.present = Vec::new();
        if let Some(recorded) = self.instant("resolved_at") {
            self.effective = Some(recorded);
        }
    }
}

/// A value without a long text.
fn brief(value: &Json) -> Json {
    match value {
        Json::String(text) if text.len() > LONGEST => Json::from(LONG),
        other => other.clone(),
    }
}

/// Reads an instant as entries write it.
pub(super) fn instant(text: &str) -> Option<i64> {
    text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_microsecond)
}

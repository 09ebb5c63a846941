//! The figures of a record type: computed from its records' history, never from an imported file.
//!
//! Every entry of the type is read once, record by record, and replayed. Fields are read by the names that the
//! shipped types use (`reported_at`, `priority`, `team`, …); a type that lacks one lacks its figures.
//! `docs/import.md` defines each figure. Not here: pictures (`chart`), pages (`web`), SQL (`store`).

mod backlog;
mod body;
mod distinct;
mod life;
mod outcome;
mod rows;
mod sets;
mod shapes;
mod spread;
mod tally;
mod what_if;

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use proofdesk_engine::Engine;
use proofdesk_model::RecordType;
use serde::{Deserialize, Serialize};

pub use backlog::{Backlog, Day};
pub use life::Life;
pub use sets::IdSet;
pub use shapes::{
    Cell, Closures, Knowledge, PriorityChanges, Reassigned, Relation, Share, TargetMet, Top, Volume,
};
pub use spread::{Spread, quantile};
pub use tally::Filled;
pub use what_if::{Agreement, WhatIf, WhatIfResult};

use crate::Error;
use backlog::Days;
use outcome::Outcome;
use sets::Sets;
use tally::Tally;
use what_if::Trial;

/// Entries read at once: some of them tell of long texts.
const PAGE: usize = 500;

/// Which figures are asked for.
#[derive(Debug, Clone)]
pub struct Scope {
    /// The record type.
    pub of: String,
    /// Zone in which days and months are cut.
    pub zone: TimeZone,
    /// Kept value of an import that counts the updates of a record in its source.
    pub counter: Option<String>,
    /// Value whose steps are counted as variants: a kept value or a field.
    pub path: Option<String>,
    /// Rows of each list of the most frequent values.
    pub top: usize,
    /// Promises to be tried on the records.
    pub what_if: Vec<WhatIf>,
}

impl Scope {
    /// All figures of a type, days in UTC.
    pub fn of(record_type: &str) -> Self {
        Self {
            of: record_type.to_owned(),
            zone: TimeZone::UTC,
            counter: None,
            path: None,
            top: 10,
            what_if: Vec::new(),
        }
    }
}

/// A spread over all records and over those of each priority.
pub type Spreads = BTreeMap<String, Spread>;

/// The figures. Hours have fractions; shares are per cent. Maps by priority have `all` as well.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Figures {
    /// The record type.
    pub of: String,
    /// How much there is.
    pub volume: Volume,
    /// Events by state; a waiting state with its reason.
    pub events_by_state: BTreeMap<String, u64>,
    /// From the state of an event to that of the next one of the same record.
    pub state_transitions: BTreeMap<String, BTreeMap<String, u64>>,
    /// State of the first event.
    pub first_state: BTreeMap<String, u64>,
    /// State after the last event.
    pub final_state: BTreeMap<String, u64>,
    /// Priority after the last event.
    pub priority_final: BTreeMap<String, u64>,
    /// Whether records made their target: as the source recorded it, and by each clock of the desk.
    pub target_met: TargetMet,
    /// Records that were reopened.
    pub reopened: BTreeMap<String, f64>,
    /// Records that were given from team to team.
    pub reassigned: Reassigned,
    /// Hours: `to_resolve_recorded`, `to_resolve_effective`, `to_first_resolution`, `to_close`, `resolved_to_closed`,
    /// `to_first_response`, `waiting_for_customer`, `to_resolve_net_of_waiting`, `first_to_last_event`.
    pub hours: BTreeMap<String, Spreads>,
    /// Share of closures between 119 and 121.5 hours after the resolution: closed by a program after five days.
    pub closed_after_five_days_percent: f64,
    /// Total hours of waiting for the customer.
    pub waiting_for_customer_hours: f64,
    /// Relations and links.
    pub relations: BTreeMap<String, Relation>,
    /// Records solved with an article: how many, and median hours to resolve with and without.
    pub knowledge_used: Knowledge,
    /// Records whose priority somebody checked.
    pub priority_confirmed: u64,
    /// Records that were neither reassigned nor reopened.
    pub neither_reassigned_nor_reopened: Share,
    /// Most frequent values after the last event, by field.
    pub top: BTreeMap<String, Vec<Top>>,
    /// Work that lay open, day by day.
    pub backlog: Backlog,
    /// Closures by day, busiest first, and by who closed.
    pub closures: Closures,
    /// Records whose priority changed.
    pub priority_changes: PriorityChanges,
    /// Every combination of impact, urgency and priority, with its events.
    pub priority_matrix: Vec<Cell>,
    /// How each column is filled.
    pub filled: BTreeMap<String, Filled>,
    /// Most events in one minute.
    pub events_in_busiest_minute: u64,
    /// Events before which the counter of the source skipped a value.
    pub counter_gaps: u64,
    /// Different ways through the steps asked for.
    pub variants: u64,
    /// What is odd in the data: sets of records.
    pub data_quality: BTreeMap<String, IdSet>,
    /// What an auditor would sample: sets of records.
    pub conformity: BTreeMap<String, IdSet>,
    /// Promises tried on the records.
    pub what_if: Vec<WhatIfResult>,
}

/// Computes the figures.
///
/// # Errors
/// [`Error::NoType`], [`Error::Hours`], or that the database is away.
pub async fn figures(engine: &Engine, scope: &Scope) -> Result<Figures, Error> {
    let of = engine.registry().get(&scope.of).ok_or_else(|| Error::NoType(scope.of.clone()))?;
    let names = names(engine, of).await?;
    let (mut outcome, mut days, mut sets) =
        (Outcome::new(scope, of, &names), Days::default(), Sets::default());
    let mut trials = scope.what_if.iter().map(Trial::of).collect::<Result<Vec<_>, _>>()?;
    let tally = each_life(engine, scope, |life| {
        outcome.take(&life);
        days.take(&life, &scope.zone);
        sets.take(&life, of);
        trials.iter_mut().for_each(|trial| trial.take(&life));
    })
    .await?;
    let mut figures = outcome.finish(&tally);
    figures.backlog = days.finish();
    [figures.data_quality, figures.conformity] = sets.finish();
    figures.what_if = trials.into_iter().map(Trial::finish).collect();
    Ok(figures)
}

/// The records behind the figures, each with its history in numbers: all of them at once, for a closer look at few.
///
/// # Errors
/// As [`figures`].
pub async fn lives(engine: &Engine, scope: &Scope) -> Result<Vec<Life>, Error> {
    let mut lives = Vec::new();
    each_life(engine, scope, |life| lives.push(life)).await?;
    Ok(lives)
}

/// Replays one record after another, and gives what was counted over their events.
async fn each_life(engine: &Engine, scope: &Scope, mut then: impl FnMut(Life)) -> Result<Tally, Error> {
    let of = engine.registry().get(&scope.of).ok_or_else(|| Error::NoType(scope.of.clone()))?;
    let mut tally = Tally::new(of);
    tally.counter.clone_from(&scope.counter);
    tally.path.clone_from(&scope.path);
    let mut life: Option<Life> = None;
    let mut end = |life: Option<Life>, tally: &mut Tally| {
        if let Some(mut life) = life {
            life.finish(tally);
            then(life);
        }
    };
    let mut after = (0, 0);
    loop {
        let entries = engine.store().histories(&of.name, after, PAGE).await?;
        let is_last = entries.len() < PAGE;
        for entry in entries {
            after = (entry.number, entry.id);
            let body: body::Body<'_> =
                serde_json::from_slice(&entry.body).map_err(|_| Error::Entry(entry.id))?;
            if !body.is_event() {
                continue;
            }
            if life.as_ref().is_none_or(|life| life.number != entry.number) {
                end(life.take(), &mut tally);
            }
            life.get_or_insert_with(|| Life::new(entry.number, of.reference(entry.number)))
                .take(&body, of, &mut tally);
        }
        if is_last {
            break;
        }
    }
    end(life, &mut tally);
    Ok(tally)
}

/// Names of linked records: field to number to title.
type Names = BTreeMap<String, std::collections::HashMap<i64, String>>;

async fn names(engine: &Engine, of: &RecordType) -> Result<Names, Error> {
    let mut names = Names::new();
    for field in outcome::TOP {
        let target =
            of.field(field).and_then(proofdesk_model::Field::target).and_then(|t| engine.registry().get(t));
        if let Some(target) = target {
            names.insert(field.to_owned(), engine.store().titles(target).await?);
        }
    }
    Ok(names)
}

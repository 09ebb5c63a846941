//! The intervals that the organization set for its duties, read once a run, and the days that runs keep in them:
//! when a duty was done last and when it is due again, so that it can stand on its owner's page before it is late.

use std::collections::BTreeMap;

use proofdesk_engine::Target;
use proofdesk_model::format::day_of;
use proofdesk_model::{Caller, Change, Context, Door, Record, Reference, Value};
use proofdesk_store::{Cursor, ListQuery};

use crate::conformity::Conformity;
use crate::control::{Fresh, Interval, Kind};
use crate::error::Error;
use crate::run::ask::Answer;

/// Most cadence records in force that a run looks at.
const MOST: usize = 1_000;

/// The cadence records in force, by duty.
#[derive(Debug, Clone)]
pub(crate) struct Cadenced(Result<BTreeMap<String, Vec<Record>>, String>);

impl Cadenced {
    /// Reads them; a fault is kept for those who ask.
    pub async fn read(conformity: &Conformity, context: Context) -> Self {
        Self(load(conformity, context).await.map_err(|error| error.to_string()))
    }

    /// None, for questions that need none.
    pub fn unread() -> Self {
        Self(Ok(BTreeMap::new()))
    }

    /// The interval of a duty, microseconds: the shortest where there are several; none where none is set.
    pub fn every(&self, conformity: &Conformity, duty: &str) -> Result<Option<i64>, String> {
        let Some(declared) = &conformity.declarations().controls.cadences else { return Ok(None) };
        let records = self.0.as_ref().map_err(Clone::clone)?.get(duty).into_iter().flatten();
        let every = |record: &Record| match record.get(&declared.every) {
            Value::Duration(micros) if micros > 0 => Some(micros),
            _ => None,
        };
        Ok(records.filter_map(every).min())
    }

    /// The records of a duty.
    pub fn records(&self, duty: &str) -> &[Record] {
        self.0.as_ref().ok().and_then(|all| all.get(duty)).map_or(&[], Vec::as_slice)
    }
}

async fn load(conformity: &Conformity, context: Context) -> Result<BTreeMap<String, Vec<Record>>, Error> {
    let mut found: BTreeMap<String, Vec<Record>> = BTreeMap::new();
    let Some(declared) = &conformity.declarations().controls.cadences else { return Ok(found) };
    let query = ListQuery {
        of: conformity.engine().require_type(&declared.record_type)?,
        filter: declared.active.clone(),
        context,
        sort: "number".to_owned(),
        descending: false,
        after: None::<Cursor>,
        limit: MOST,
    };
    for record in conformity.engine().store().list(&query).await?.records {
        if let Value::Text(duty) = record.get(&declared.duty) {
            found.entry(duty).or_default().push(record);
        }
    }
    Ok(found)
}

/// A cadence record whose duty a run saw done, with the days that it should show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DutyDone {
    /// The record.
    pub record: Reference,
    /// The version that the run saw.
    pub version: i64,
    /// The day on which the duty was done last: the earliest of its tests, as it is done when all of it is.
    pub done_on: i32,
    /// The day by which it is due again.
    pub due_on: i32,
}

impl Conformity {
    /// What the cadence records should say after these answers, where they say something else. A duty of which some
    /// test saw nothing yet keeps the days that its owner gave.
    pub(super) fn duties_done(
        &self,
        answers: &BTreeMap<String, Answer>,
        cadenced: &Cadenced,
    ) -> Vec<DutyDone> {
        let Some(declared) = &self.declarations().controls.cadences else { return Vec::new() };
        let mut seen: BTreeMap<&str, Option<i64>> = BTreeMap::new();
        for (id, answer) in answers {
            let kind = self.declarations().test(id).map(|test| &test.kind);
            let Some(Kind::Fresh(Fresh { every: Interval::Cadence { duty, .. }, .. })) = kind else {
                continue;
            };
            let newest = seen.entry(duty).or_insert(answer.newest);
            *newest = newest.zip(answer.newest).map(|(one, other)| one.min(other));
        }
        let mut done = Vec::new();
        for (duty, at) in seen {
            let Some(at) = at else { continue };
            for record in cadenced.records(duty) {
                let Value::Duration(every) = record.get(&declared.every) else { continue };
                let (done_on, due_on) = (day_of(at), day_of(at.saturating_add(every)));
                let told = (record.get(&declared.done), record.get(&declared.due));
                if told != (Value::Day(done_on), Value::Day(due_on)) {
                    let reference = Reference::new(declared.record_type.clone(), record.number);
                    done.push(DutyDone { record: reference, version: record.version, done_on, due_on });
                }
            }
        }
        done
    }

    /// Writes the days that a run saw into the cadence records, through the one write path. Gives those that were
    /// written. A record that changed since the run waits for the next one, and so does one that cannot be written: the
    /// run itself is stored and sealed already.
    pub(super) async fn keep_cadences(&self, duties: Vec<DutyDone>) -> Vec<DutyDone> {
        let Some(declared) = &self.declarations().controls.cadences else { return Vec::new() };
        let caller = Caller::system("Clock");
        let mut written = Vec::new();
        for duty in duties {
            let change = Change::default()
                .with(&declared.done, Value::Day(duty.done_on))
                .with(&declared.due, Value::Day(duty.due_on));
            let target = Target::Existing(duty.record.clone(), Some(duty.version));
            match self.engine().apply(&caller, target, change, Door::Clock).await {
                Ok(_) => written.push(duty),
                Err(proofdesk_engine::Error::Conflict(_)) => {}
                Err(error) => {
                    let record = &duty.record;
                    tracing::warn!(%error, ?record, "the days of a cadence could not be kept; the next run tries again");
                }
            }
        }
        written
    }
}
